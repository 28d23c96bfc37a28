"""The harmonizer: a network that finds the chords of a melody, and a Transformer that writes what is played to them."""

from __future__ import annotations

from dataclasses import dataclass

from models.chord_network import ChordNetwork, ChordNetworkConfig
from models.seq2seq import Seq2Seq, Seq2SeqConfig


@dataclass(frozen=True)
class HarmonizerConfig(Seq2SeqConfig):
    """Sizes of a harmonizer: those of its Transformer, and of its chord network with ``chord_`` before their names."""

    chord_features: int = 0
    chord_places: tuple[int, ...] = ()
    chord_prefix_size: int = 0
    chord_layers: int = 4
    chord_width: int = 192
    chord_heads: int = 4
    chord_hidden: int = 576
    chord_rank: int = 64
    chord_dropout: float = 0.2


class Harmonizer(Seq2Seq):
    """A sequence-to-sequence Transformer with a chord network, ``chords``, that shares nothing with it."""

    config: HarmonizerConfig

    def __init__(self, config: HarmonizerConfig):
        super().__init__(config)
        own = {name.removeprefix("chord_"): value for name, value in vars(config).items() if name.startswith("chord_")}
        self.chords = ChordNetwork(ChordNetworkConfig(**own))
