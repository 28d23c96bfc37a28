"""The classic recurrent writers of piano music: an LSTM over notes, or over notes and chords, then dense layers.

Two configurations share all that is the same. *Notes*: one LSTM layer and two dense layers, which read and write notes
with their velocities. *Notes and chords*: two LSTM layers and one dense layer, over a vocabulary of single notes and of
chords, sets of pitches struck together; the set takes the place of the pitch. Both read rows of eight fields
(``music.tokens.columns.StepField``) and give, of each field, a distribution. A regression of the next pitch, as such
systems began with, ends on the mean of what might follow: one note again and again.

Source: Hochreiter & Schmidhuber 1997, "Long Short-Term Memory".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.octuple import DenseHead, NoteEmbedding, NoteHead

State = tuple[Tensor, Tensor]
"""What an LSTM remembers: [layers, batch, width] twice, its output and its cells."""


@dataclass(frozen=True)
class NoteLSTMConfig:
    """Sizes of a model.

    Attributes:
        sizes: number of ids of each field; of one that knows chords, those of the pitch stand for chords.
        layers: LSTM layers.
        width: of the embedding and of the LSTM.
        hidden: of the first of two dense layers of each field; 0 for a single dense layer.
        chords: size of the vocabulary of chords; 0 for a model of single notes.
        chord_notes: the most pitches that a chord has.
        dropout: between layers and before the head, in training.
    """

    sizes: tuple[int, ...]
    layers: int
    width: int
    hidden: int
    chords: int = 0
    chord_notes: int = 0
    dropout: float = 0.0

    @property
    def extra_sizes(self) -> tuple[int, ...]:
        """It reads no more than the fields that it writes."""
        return ()


class NoteLSTM(nn.Module):
    """Reads rows of ids one after another; its head gives the distribution of the row that follows.

    Attributes:
        chord_pitches: int64 [chords, chord_notes], the pitches (MIDI, as the model writes them) of each chord, rising;
            -1 where it has fewer. Part of the weights, so that a checkpoint holds its vocabulary.
    """

    chord_pitches: Tensor
    head: NoteHead | DenseHead

    def __init__(self, config: NoteLSTMConfig):
        super().__init__()
        self.config = config
        self.embedding = NoteEmbedding(config.sizes, config.width)
        between = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(config.width, config.width, config.layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout)
        if config.hidden:
            self.head = NoteHead(config.sizes, config.width, config.hidden)
        else:
            self.head = DenseHead(config.sizes, config.width)
        if config.chords:
            empty = torch.full((config.chords, config.chord_notes), -1, dtype=torch.int64)
            self.register_buffer("chord_pitches", empty)

    def new_state(self, batch: int) -> State:
        """Returns the state before anything is read."""
        zeros = torch.zeros(self.config.layers, batch, self.config.width, device=self.embedding.table.weight.device)
        return zeros, zeros.clone()

    def forward(self, notes: Tensor, state: State) -> tuple[Tensor, State]:
        """Returns the outputs [batch, notes, width] after each row, and the state after the last.

        Args:
            notes: int64 [batch, notes, fields or more].
            state: from ``new_state`` or an earlier call.
        """
        read = self.embedding(notes[..., : len(self.config.sizes)])
        output, state = self.lstm(self.dropout(read), state)
        return self.dropout(output), state


class LSTMDecoder:
    """One call's reading of rows, several pieces side by side, as a ``HeadWriter`` wants it.

    Args:
        model: in eval mode.
        batch: how many pieces are read from the first row on.
    """

    def __init__(self, model: NoteLSTM, batch: int = 1):
        self._model, self._state = model, model.new_state(batch)

    def read(self, notes: Tensor) -> Tensor:
        """Returns the output [batch, width] after rows [batch, notes, fields], one of each piece or many."""
        output, self._state = self._model(notes, self._state)
        return output[:, -1]

    def select(self, rows: Sequence[int]) -> None:
        """Goes on with these rows of the batch; one that is named several times is copied."""
        hidden, cells = self._state
        self._state = hidden[:, list(rows)], cells[:, list(rows)]
