"""The harmonizer: networks that find the chords of a melody and write what players play to them, and a Transformer.

The Transformer writes the voices of chorales and, where there is no network for players, all that is played to the chords.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.chord_network import ChordNetwork, ChordNetworkConfig
from models.hinted.band import Band, BandConfig
from models.seq2seq import Seq2Seq, Seq2SeqConfig


@dataclass(frozen=True)
class HarmonizerConfig(Seq2SeqConfig):
    """Sizes of a harmonizer: those of its Transformer, and of its chord network with ``chord_`` before their names.

    Attributes:
        band: those of the network that writes what players play; empty where there is none.
    """

    chord_features: int = 0
    chord_places: tuple[int, ...] = ()
    chord_prefix_size: int = 0
    chord_layers: int = 4
    chord_width: int = 192
    chord_heads: int = 4
    chord_hidden: int = 576
    chord_rank: int = 64
    chord_dropout: float = 0.2
    band: Mapping[str, Any] | None = None


class Harmonizer(Seq2Seq):
    """A sequence-to-sequence Transformer with a chord network, ``chords``, and a network for players, ``band``, or None.

    They share nothing.
    """

    config: HarmonizerConfig

    def __init__(self, config: HarmonizerConfig):
        super().__init__(config)
        own = {name.removeprefix("chord_"): value for name, value in vars(config).items() if name.startswith("chord_")}
        self.chords = ChordNetwork(ChordNetworkConfig(**own))
        self.band = None if config.band is None else Band(BandConfig(**config.band))
