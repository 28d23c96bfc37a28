from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from checkpoints.fairseq_reader import read
from models.musicbert import FIELDS, PADDING, MusicBERT, MusicBERTConfig

DATA = Path(__file__).parents[1] / "data" / "musicbert"
TOLERANCE = 1e-4  # another GELU or epsilon alone makes 1e-3


@pytest.fixture(scope="module")
def official() -> MusicBERT:
    """The authors' tiny checkpoint."""
    config, weights = read(DATA / "checkpoint_last_musicbert_tiny.pt")
    model = MusicBERT(config)
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    """Tokens and what the original makes of them."""
    with np.load(DATA / "model_io.npz") as file:
        found = dict(file)
    found["tokens"] = torch.from_numpy(found["tokens"].astype(np.int64))
    return found


def without_padding(values: torch.Tensor, notes: np.ndarray) -> np.ndarray:
    """Returns the values of all tokens [tokens, ...] but those of padding, of [batch, notes, 8, ...]."""
    return np.concatenate([row[:count].flatten(0, 1).numpy() for row, count in zip(values, notes)])


def test_features_and_logits_are_those_of_the_original(official, expected):
    features = without_padding(official.features(expected["tokens"]), expected["notes"])
    logits = without_padding(official(expected["tokens"]), expected["notes"])[::5]
    np.testing.assert_allclose(features, expected["features"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(logits, expected["every_fifth_logits"], rtol=0, atol=TOLERANCE)
    assert np.abs(logits).max() > 5, "a tolerance means something only where numbers are large"


def test_padding_changes_nothing_whatever_stands_in_it(official, expected):
    short, notes = expected["tokens"][1:], expected["notes"][1]
    assert (short[0, notes:, 0] == PADDING).all()
    padded, alone = official(short)[:, :notes], official(short[:, :notes])
    torch.testing.assert_close(padded, alone, rtol=0, atol=TOLERANCE)
    scribbled = short.clone()
    scribbled[:, notes:, 1:] = 700
    torch.testing.assert_close(official(scribbled)[:, :notes], alone, rtol=0, atol=TOLERANCE)


def test_every_note_is_read_in_both_directions(official, expected):
    whole = expected["tokens"][:1]
    before = official(whole)
    for note in (0, 21):
        changed = whole.clone()
        changed[0, note, 3] = 600
        difference = (official(changed) - before).abs().amax(dim=(0, 2, 3))
        assert (difference > 0.01).all()


def test_a_block_of_tokens_has_the_logits_that_it_has_among_all(official, expected):
    features = official.features(expected["tokens"])
    torch.testing.assert_close(
        official.head(features, slice(517, 773)), official.head(features)[..., 517:773], rtol=0, atol=1e-5
    )


def test_a_piece_longer_than_the_model_is_refused():
    model = MusicBERT(MusicBERTConfig(vocabulary=40, layers=1, width=8, hidden=8, heads=2, max_notes=5))
    tokens = torch.full((1, 6, FIELDS), 7)
    assert model(tokens[:, :5]).shape == (1, 5, FIELDS, 40)
    with pytest.raises(ValueError, match="6 notes do not fit a model of 5"):
        model(tokens)


def test_it_can_learn_and_forgets_at_random_only_while_it_learns():
    torch.manual_seed(0)
    config = MusicBERTConfig(vocabulary=40, layers=2, width=16, hidden=16, heads=2, max_notes=9, dropout=0.3)
    model, tokens = MusicBERT(config), torch.randint(4, 40, (2, 9, FIELDS))
    assert not torch.equal(model(tokens), model(tokens))
    model.eval()
    assert torch.equal(model(tokens), model(tokens))
    optimizer, losses = torch.optim.Adam(model.parameters(), 1e-2), []
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(model(tokens).flatten(0, 2), tokens.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 1
    unused = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert not unused
