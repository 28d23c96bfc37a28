"""Training pieces, rendered -> the thresholds by which music/hearing/frame_notes.py takes notes from what the network hears.

    python -m training hearing --data DATA
    python -m training hearing --data DATA --soundfont BANK.sf2

Prints mean F1 on piano, solo and band for a grid of thresholds, the best first, and by how much onsets are late.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np

from checkpoints.loading import load
from models.basic_pitch import HOP, RATE_HZ
from music.audio.reading import mono
from music.hearing.frame_notes import Thresholds, frame_notes
from pipelines.transcribe import listen
from training.quality.recordings import ONSET_S, RENDERED, note_scores
from training.quality.report import SETS
from training.quality.transcribe import recordings

ONSETS, FRAMES, SHORTEST = (0.5, 0.6, 0.65, 0.7), (0.35, 0.4, 0.45), (4, 6)


def main(argv: list[str]) -> None:
    """Runs ``python -m training hearing``."""
    parser = argparse.ArgumentParser(prog="python -m training hearing", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--sets", type=Path, default=SETS, help="the TOML file that describes the data sets")
    parser.add_argument("--pieces", type=int, default=30, help="three times the pieces of each kind")
    parser.add_argument("--soundfont", type=Path, help="the sound bank that plays them")
    parser.add_argument("--seed", type=int, default=0)
    print(report(parser.parse_args(argv)))


def report(args: argparse.Namespace) -> str:
    """Returns the table of thresholds."""
    model = load("basic-pitch").model
    heard = []
    for recording in recordings(args, "train"):
        if recording.kind in RENDERED:
            *_, (notes, onsets) = listen(model, mono(recording.sound, RATE_HZ))
            heard.append((recording, notes, onsets))
    rows, frame_s = [], HOP / RATE_HZ
    for values in itertools.product(ONSETS, FRAMES, SHORTEST):
        found: dict[str, list[float]] = {}
        for recording, notes, onsets in heard:
            scores = note_scores(recording.notes, frame_notes(notes, onsets, frame_s, Thresholds(*values)))
            found.setdefault(recording.kind, []).append(scores[2])
        kinds = {kind: float(np.mean(each)) for kind, each in found.items()}
        rows.append((float(np.mean(list(kinds.values()))), values, kinds))
    rows.sort(key=lambda row: -row[0])
    best = Thresholds(*rows[0][1])
    late = [
        min((note.start_s - real.start_s for real in recording.notes if real.pitch == note.pitch), key=abs, default=1.0)
        for recording, notes, onsets in heard
        for note in frame_notes(notes, onsets, frame_s, best, late_s=0.0)
    ]
    lines = [f"{'onset':>6} {'frame':>6} {'shortest':>9} {'mean F1':>8}" + "".join(f"{kind:>8}" for kind in rows[0][2])]
    for mean, (onset, frame, shortest), kinds in rows:
        each = "".join(f"{value:8.3f}" for value in kinds.values())
        lines.append(f"{onset:6.2f} {frame:6.2f} {shortest:9d} {mean:8.4f}{each}")
    median = float(np.median([each for each in late if abs(each) < ONSET_S]))
    return "\n".join([*lines, "", f"Onsets are heard {median * 1000:.1f} ms late (median)."])
