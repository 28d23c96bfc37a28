"""The task of the LSTMs: the next note of piano music, or the next note or chord. Needs torch, numpy and safetensors only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from models.lstm import NoteLSTM, NoteLSTMConfig
from models.octuple import field_losses
from music.tokens.columns import FIRST, StepField
from music.tokens.piano import PIANO, PIANOS, ChordVocabulary
from training.data.shards import Batches, Segment, Shards, example, segments, validation_windows

VALIDATION_WINDOWS = 16  # of each set
FIELDS = len(StepField)


def piano_windows(shards: Shards, sets: dict[str, float]) -> Shards:
    """Returns the shards with those windows alone that pianos play, of these sets; of all sets where they have none of them."""
    column = shards.index["step_columns"][StepField.PROGRAM]
    names = list(shards.index["sets"])
    wanted = [number for number, name in enumerate(names) if name in sets] or range(len(names))
    kept = [
        number
        for number, (of_set, _, _, first, last, _) in enumerate(shards.windows)
        if of_set in wanted and np.isin(shards.rows[first:last, column], PIANOS).all()
    ]
    return replace(shards, windows=shards.windows[kept], prefixes=shards.prefixes[kept])


class PianoView:
    """How a model reads sequences of step rows.

    Args:
        vocabulary: of a model of chords; None for one of notes.
    """

    def __init__(self, vocabulary: ChordVocabulary | None):
        self.vocabulary = vocabulary

    @classmethod
    def of(cls, model: NoteLSTM) -> PianoView:
        """Returns how a model reads."""
        return cls(ChordVocabulary.from_table(model.chord_pitches.cpu().numpy()) if model.config.chords else None)

    def read(self, sequence: np.ndarray) -> np.ndarray:
        """Returns int64 [rows + 2, 9] for a sequence as ``example`` makes it: marks of beginning and end around notes."""
        sequence = sequence.copy()
        sequence[1:-1, StepField.PROGRAM] = PIANO
        if self.vocabulary is None:
            return sequence
        rows = self.vocabulary.read(sequence[1:-1, :FIELDS])
        found = np.zeros((len(rows) + 2, sequence.shape[1]), dtype=np.int64)
        found[0], found[-1], found[1:-1, :FIELDS] = sequence[0], sequence[-1], rows
        return found


class PianoBatches(Batches):
    """Training segments as a model of piano music reads them."""

    def __init__(self, view: PianoView, *of_batches: Any):
        super().__init__(*of_batches)
        self._view = view

    def example(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the next window that is drawn."""
        sequence, prefix = super().example()
        return self._view.read(sequence), prefix


class Task:
    """Next-row prediction over segments in a row, with the LSTM's state (see training/train.py)."""

    unit = "note or chord"
    load = Shards.load

    def __init__(self, recipe: dict[str, Any], shards: Shards, device: torch.device):
        self.recipe, self.shards, self.device = recipe, piano_windows(shards, recipe["weights"]), device
        self._vocabulary: ChordVocabulary | None = None

    def build(self) -> NoteLSTM:
        """Returns a new model with the recipe's sizes and the shards' vocabularies; chords are those of the training windows."""
        sizes, wanted = list(self.shards.index["step_sizes"]), dict(self.recipe["model"])
        if wanted.get("chords"):
            train = np.flatnonzero(self.shards.windows[:, 1] == 0)
            pieces = (example(self.shards, int(window), None)[0][1:-1, :FIELDS] for window in train)
            self._vocabulary = ChordVocabulary.of(pieces, wanted["chords"], wanted["chord_notes"])
            wanted["chords"] = len(self._vocabulary.chords)
            sizes[StepField.PITCH] = FIRST + wanted["chords"]
        model = NoteLSTM(NoteLSTMConfig(tuple(sizes), **wanted))
        if self._vocabulary is not None:
            model.chord_pitches.copy_(torch.from_numpy(self._vocabulary.table(model.config.chord_notes)))
        return model

    def take(self, model: NoteLSTM) -> None:
        """Reads from now on as this model does, which was trained before."""
        self._vocabulary = PianoView.of(model).vocabulary

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        view = PianoView(self._vocabulary)
        self._stream = iter(PianoBatches(view, self.shards, self.recipe["weights"], stage, seed))
        self._state: Any = None

    def loss(self, model: NoteLSTM) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Returns the summed nats of the next segment, its number of rows, and the same as a plain number."""
        segment = next(self._stream)
        while self._state is None and not segment.first:
            segment = next(self._stream)
        if segment.first:
            self._state = model.new_state(len(segment.notes))
        losses, count, self._state = read_segment(model, segment, self._state)
        return losses.sum(), count, int(count)

    def validate(self, model: NoteLSTM, stage: dict[str, Any]) -> float | None:
        """Returns nats a row on a few fixed validation windows, the real sets weighing the same; None without any."""
        view, means = PianoView(self._vocabulary), []
        for picked in validation_windows(self.shards, VALIDATION_WINDOWS):
            losses, count = window_losses(model, view, self.shards, picked, stage["segment"])
            means.append(float(losses.sum()) / count)
        return sum(means) / len(means) if means else None


def read_segment(model: NoteLSTM, segment: Segment, state: Any) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """Returns the summed losses by field [fields] of a segment, its number of rows, and the state after it."""
    device = model.embedding.table.weight.device
    notes, target = segment.notes[..., :FIELDS].to(device), segment.target.to(device)
    output, state = model(notes, state)
    losses, count = field_losses(model.head(output, notes, target), target)
    return losses, count, tuple(part.detach() for part in state)


def window_losses(
    model: NoteLSTM, view: PianoView, shards: Shards, windows: np.ndarray, size: int
) -> tuple[np.ndarray, int]:
    """Returns the summed losses by field [fields] of whole windows, read side by side in segments, and their rows."""
    examples = [(view.read(sequence), prefix) for sequence, prefix in (example(shards, int(w), None) for w in windows)]
    total, rows, state = np.zeros(FIELDS), 0, model.new_state(len(examples))
    for segment in segments(examples, size):
        losses, count, state = read_segment(model, segment, state)
        total += losses.detach().double().cpu().numpy()
        rows += int(count)
    return total, rows
