"""A network for players small enough for tests, of the vocabulary of the studio."""

from __future__ import annotations

import torch

from models.hinted.band import Band, BandConfig
from music.chord_symbols.qualities import MODEL_QUALITIES, QUALITIES
from music.styles import STYLES
from music.tokens import octuple as tokens
from music.tokens.conditions import PREFIX_SIZE


def tiny_band() -> Band:
    """Returns one that was not trained; its head copies, as hints have it."""
    vocab = tokens.vocabulary()
    torch.manual_seed(5)
    qualities = tuple(tuple(steps) for steps in list(QUALITIES.values())[:MODEL_QUALITIES])
    given = (tokens.step_sizes(), (34, 17), PREFIX_SIZE + len(STYLES) + 3, tuple(vocab.durations.tolist()))
    lengths = tuple(vocab.signature_positions().tolist())
    sizes = {"layers": 1, "width": 32, "heads": 2, "hidden": 48, "head_hidden": 24, "rank": 8}
    return Band(BandConfig(*given, lengths, qualities=qualities, **sizes)).eval()
