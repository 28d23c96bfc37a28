"""Our encoder beside fairseq's own, on the same weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from fairseq.models.roberta.model import RobertaLMHead
from fairseq.modules import TransformerSentenceEncoder

from checkpoints.fairseq_reader import ENCODER, HEAD, read
from models.musicbert import FIELDS, PADDING, MusicBERT, MusicBERTConfig

GENUINE = Path(__file__).parents[1] / "data" / "musicbert" / "checkpoint_last_musicbert_tiny.pt"
TOLERANCE = 1e-4


def genuine() -> MusicBERT:
    """Returns the authors' tiny checkpoint."""
    config, weights = read(GENUINE)
    model = MusicBERT(config)
    model.load_state_dict(weights)
    return model


def random() -> MusicBERT:
    """Returns a model of other sizes, every weight away from zero."""
    torch.manual_seed(0)
    model = MusicBERT(MusicBERTConfig(vocabulary=300, layers=3, width=48, hidden=80, heads=6, max_notes=40))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def theirs(ours: MusicBERT) -> tuple[TransformerSentenceEncoder, RobertaLMHead]:
    """Returns fairseq's encoder and head with our weights."""
    config = ours.config
    encoder = TransformerSentenceEncoder(
        padding_idx=PADDING,
        vocab_size=config.vocabulary,
        num_encoder_layers=config.layers,
        embedding_dim=config.width,
        ffn_embedding_dim=config.hidden,
        num_attention_heads=config.heads,
        max_seq_len=config.max_notes,
        num_segments=0,
        encoder_normalize_before=True,
        apply_bert_init=True,
        activation_fn="gelu",
    )
    state = ours.state_dict()
    own = {key.removeprefix(ENCODER): value for key, value in state.items() if key.startswith(ENCODER)}
    lost = encoder.load_state_dict(own, strict=False)
    assert not lost.missing_keys
    assert all("sampling" in key for key in lost.unexpected_keys), "all but MusicBERT's own two matrices is fairseq's"
    head = RobertaLMHead(config.width, config.vocabulary, "gelu")
    head.load_state_dict({key.removeprefix(HEAD): value for key, value in state.items() if key.startswith(HEAD)})
    return encoder.eval(), head.eval()


@pytest.mark.parametrize("make", [genuine, random])
def test_our_encoder_gives_what_fairseq_gives(make):
    ours = make().eval()
    config = ours.config
    encoder, head = theirs(ours)
    torch.manual_seed(1)
    tokens = torch.randint(4, config.vocabulary, (3, 21, FIELDS))
    tokens[1, 15:] = PADDING
    tokens[2, 2:] = PADDING
    present = tokens[:, :, 0] != PADDING
    with torch.no_grad():
        parts = ours.encoder["sentence_encoder"]
        notes = parts.downsampling[0](encoder.embed_tokens(tokens).flatten(2))
        states, _ = encoder(tokens[:, :, 0], last_state_only=True, token_embeddings=notes)
        features = parts.upsampling[0](states[-1].transpose(0, 1)).view(*tokens.shape, -1)
        differences = {
            "features": (ours.features(tokens) - features)[present].abs().max().item(),
            "logits": (ours(tokens) - head(features))[present].abs().max().item(),
        }
    print(f"{make.__name__}: largest difference {differences}")  # noqa: T201 - the figure that this is run for
    assert max(differences.values()) < TOLERANCE
