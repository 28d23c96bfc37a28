"""Nats a note of an LSTM on piano music, in all and by field, beside two floors; of a model of chords, nats a chord.

What is foretold are the windows of the sets that only pianos play. *Unigram* and *first order* are those of
training/likelihood/next_note.py, over the same rows. A row of a model of chords is a note or a chord: its nats do not compare with
those of a note, as the lengths and velocities of single notes are not in it; the share of onsets that the vocabulary has
as they are is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import torch
from safetensors import safe_open

from checkpoints.loading import Checkpoint
from music.tokens.columns import STEP_FIELDS, StepField
from music.tokens.piano import ChordVocabulary, onset_chords
from training.data.shards import Shards, example
from training.likelihood.next_note import Floors
from training.likelihood.report import pick, real_windows
from training.tasks.piano import FIELDS, PianoView, piano_windows, window_losses

SEGMENT = 128
FITTED_TO = 10  # training windows of a set for each validation window


def report(checkpoint: Checkpoint, shards: Shards, windows: int) -> str:
    """Returns the table of nats a row on this many validation windows of each set that the checkpoint learned from."""
    model, name = checkpoint.model, checkpoint.entry.name
    with safe_open(checkpoint.entry.path, "pt") as file:
        weights = json.loads(file.metadata()["recipe"])["weights"]
    shards, view = piano_windows(shards, weights), PianoView.of(model)
    chosen = real_windows(shards, windows)

    def sequences(picked: np.ndarray) -> list[np.ndarray]:
        return [view.read(example(shards, int(window), None)[0])[:, :FIELDS] for window in picked]

    fitted = [sequences(pick(shards, set_name, 0, FITTED_TO * len(picked))) for set_name, picked in chosen.items()]
    floors = Floors.fit(fitted, model.config.sizes)
    table: dict[str, list[np.ndarray]] = {"unigram": [], "first order": [], name: []}
    total = 0
    for picked in chosen.values():
        unigram, first_order, _ = floors.losses(sequences(picked))
        with torch.inference_mode():
            losses, rows = window_losses(model, view, shards, picked, SEGMENT)
        total += rows
        for row, found in zip(table.values(), (unigram, first_order, losses / rows), strict=True):
            row.append(found)
    unit = "note" if view.vocabulary is None else "note or chord"
    lines = [
        f"{name}: nats a {unit} on {total:,} of them, validation music of {len(chosen)} sets of piano music, which weigh the same.",
        "",
        f"{'':16}{'all':>9}" + "".join(f"{field:>10}" for field in STEP_FIELDS),
    ]
    for row, by_set in table.items():
        mean = np.mean(by_set, axis=0)
        lines.append(f"{row:16}{mean.sum():9.3f}" + "".join(f"{value:10.3f}" for value in mean))
    lines += ["", f"{'set':24}" + "".join(f"{row:>16}" for row in table)]
    for number, set_name in enumerate(chosen):
        lines.append(f"{set_name:24}" + "".join(f"{by_set[number].sum():16.3f}" for by_set in table.values()))
    if view.vocabulary is not None:
        share = _known(view.vocabulary, [example(shards, int(w), None)[0] for group in chosen.values() for w in group])
        lines += [
            "",
            f"In the row '{STEP_FIELDS[StepField.PITCH]}' are notes and chords. The vocabulary has {len(view.vocabulary.chords)}, and of "
            f"all onsets {share:.1%} as they are; the others are read without some inner notes.",
        ]
    return "\n".join(lines)


def _known(vocabulary: ChordVocabulary, sequences: Sequence[np.ndarray]) -> float:
    """Returns the share of onsets whose pitches the vocabulary has as they are."""
    known = set(vocabulary.chords)
    return float(np.mean([chord in known for one in sequences for chord in onset_chords(one[1:-1])]))
