from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from checkpoints import loading, store
from models.bigru import BiGRU, BiGRUConfig
from models.harmonizer import Harmonizer, HarmonizerConfig
from models.lstm import NoteLSTM, NoteLSTMConfig
from models.musicbert import MusicBERT, MusicBERTConfig
from models.seq2seq import Seq2Seq, Seq2SeqConfig
from models.transformer_xl import TransformerXL, TransformerXLConfig
from music.tokens.accompaniment import CHORD_CONDITION_IDS_SIZE, CONDITION_IDS_SIZE, sizes
from music.tokens.chord_grid import FEATURES, PLACES
from music.tokens.columns import FIRST, StepField
from music.tokens.conditions import PREFIX_SIZE
from music.tokens.dialects import Dialect, official, studio
from music.tokens.octuple import step_sizes
from music.tokens.patches import digest as patches_digest
from music.tokens.piano import ChordVocabulary
from tests.loaded import forget
from tests.models.hinted.tiny_band import tiny_band
from training.data.shards import MAX_BARS_LEFT


def remixer(dialect: Dialect, notes: int) -> tuple[str, str, Dialect, nn.Module]:
    """Returns task, architecture, dialect and a MusicBERT with a window of so many notes."""
    config = MusicBERTConfig(dialect.vocabulary, layers=1, width=16, hidden=16, heads=2, max_notes=notes + 2)
    model = MusicBERT(config)
    _random(model)
    return "remix", "musicbert", dialect, model


def _random(model: nn.Module, std: float = 1.0) -> None:
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter.requires_grad_(False), std=std)


def harmonizer(std: float = 1.0, busy: float = 0.0, **memory: int) -> tuple[str, str, Dialect, nn.Module]:
    """Returns task, architecture, dialect and a sequence-to-sequence Transformer that sees so far.

    The lower the deviation of its weights, the less sure it is; the busier it is, the more notes it writes into a bar.
    """
    config = Seq2SeqConfig(
        sizes(),
        CONDITION_IDS_SIZE,
        encoder_layers=1,
        decoder_layers=1,
        width=16,
        heads=2,
        hidden=16,
        head_hidden=16,
        **memory,
    )
    model = Seq2Seq(config)
    _random(model, std)
    model.head.outer[0].bias[FIRST] += busy
    return "harmonize", "seq2seq", studio(), model


def second_harmonizer() -> tuple[str, str, Dialect, nn.Module]:
    """Returns a harmonizer whose chords and players have networks of their own."""
    config = HarmonizerConfig(
        sizes(), CONDITION_IDS_SIZE, encoder_layers=1, decoder_layers=1, width=16, heads=2, hidden=16, head_hidden=16,
        chord_features=FEATURES, chord_places=PLACES, chord_prefix_size=CHORD_CONDITION_IDS_SIZE, chord_layers=1,
        chord_width=16, chord_heads=2, chord_hidden=16, chord_rank=8, band=asdict(tiny_band().config),
    )  # fmt: skip
    model = Harmonizer(config)
    _random(model, 0.5)
    return "harmonize", "harmonizer", studio(), model


def generator() -> tuple[str, str, Dialect, nn.Module]:
    """Returns a Transformer-XL of the first generation, which knows no styles."""
    config = TransformerXLConfig(
        step_sizes(), (MAX_BARS_LEFT + 2,), PREFIX_SIZE, layers=1, width=16, heads=2, hidden=16, head_hidden=16
    )
    model = TransformerXL(config)
    _random(model, 0.2)
    return "generate", "transformer_xl", studio(), model


TONIC_CHORDS = (
    *((bass, bass + third, bass + 7) for bass in range(48, 60) for third in (3, 4)), (45, 57, 60, 64), (48, 55, 64)
)  # fmt: skip
"""Chords that an LSTM knows beside single notes: triads of all keys, and two wide ones."""


def pianist(chords: bool) -> tuple[str, str, Dialect, nn.Module]:
    """Returns an LSTM of notes, or of notes and chords."""
    sizes = list(step_sizes())
    known = ChordVocabulary((*((pitch,) for pitch in range(21, 109)), *TONIC_CHORDS))
    if chords:
        sizes[StepField.PITCH] = FIRST + len(known.chords)
    config = NoteLSTMConfig(
        tuple(sizes),
        2 if chords else 1,
        16,
        0 if chords else 16,
        len(known.chords) if chords else 0,
        4 if chords else 0,
    )
    model = NoteLSTM(config)
    _random(model, 0.3)
    model.head.outer[0].bias[FIRST] += 3.0  # it stays in a bar for some notes
    if chords:
        model.chord_pitches.copy_(torch.from_numpy(known.table(4)))
    return "generate", "lstm", studio(), model


def audio_network() -> tuple[str, str, SimpleNamespace, nn.Module]:
    """Returns an audio network, with the digest of what it reads."""
    model = BiGRU(BiGRUConfig(width=8, clip_width=8, sound_width=8))
    _random(model)
    return "audio", "bigru", SimpleNamespace(digest=patches_digest()), model


MODELS: dict[str, Callable[[], tuple[str, str, Dialect | SimpleNamespace, nn.Module]]] = {
    "random": lambda: remixer(studio(), 510),
    "random-official": lambda: remixer(official(), 1000),
    "random-short": lambda: remixer(studio(), 7),
    "random-generate": generator,
    "random-lstm-notes": lambda: pianist(False),
    "random-lstm-chords": lambda: pianist(True),
    "random-harmonize": harmonizer,
    "random-harmonizer": second_harmonizer,
    "random-audio": audio_network,
    "random-harmonize-short": lambda: harmonizer(std=0.2, busy=6.0, reach=24, memory=5),
}
"""The checkpoints that ``random_models`` makes."""


def register_random(folder: Path, name: str) -> None:
    """Registers a model that has learnt nothing but is sure of what it says: a worse one cannot be trained."""
    torch.manual_seed(1)
    task, architecture, dialect, model = MODELS[name]()
    path = folder / f"{name}.safetensors"
    save_file(model.state_dict(), path, metadata={"config": json.dumps(dataclasses.asdict(model.config))})
    values = {
        "file": path.name, "bytes": path.stat().st_size, "sha256": store.file_sha256(path), "task": task,
        "architecture": architecture, "tokenizer": dialect.digest, "licence": "MIT",
    }  # fmt: skip
    store.register(folder / "registry.toml", name, values)


@pytest.fixture(scope="session")
def random_models(tmp_path_factory) -> Iterator[None]:
    """Makes the checkpoints of MODELS loadable."""
    folder = tmp_path_factory.mktemp("random")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPMUSIC_CACHE", str(folder))
        for name in MODELS:
            register_random(folder, name)
            loading.load(name)  # from now on it is in memory, wherever the cache folder is
    yield
    for name in MODELS:
        forget(name)
