"""Recordings written down, measured: made-up hums of folk tunes, and pieces rendered with a synthesizer.

A note is right whose pitch is, and whose beginning is within 50 ms (mir_eval; F1 with ends wants these within 50 ms or a fifth of
the note too). Beside each other: what is heard as one voice, what the network hears, what is chosen by itself, and the rule by which
features were once turned into notes here: the first MFCC as pitch. Validation pieces only; what is tuned was tuned on training
pieces, and on rendered ones with another sound bank if --bank names one.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from checkpoints.loading import load
from models.basic_pitch import RATE_HZ
from music.audio.features import HOP as FEATURE_HOP
from music.audio.features import magnitudes, mfcc
from music.audio.reading import mono
from music.bars import bar_grid, tempo_map, ticks_to_seconds
from music.errors import StudioError
from music.hearing.heard_note import HeardNote
from music.hearing.hummed_notes import hummed_notes
from music.hearing.pitch_track import track_pitch
from music.hearing.voices import voices
from pipelines.options.transcribe import TranscribeOptions
from pipelines.transcribe import hear_several, transcribe
from training.quality.measures.pieces import mean
from training.quality.recordings import RENDERED, Recording, hummed, note_scores, rendered
from training.quality.report import read_sets

HUMMED = "folk_pd"
COLUMNS = ("precision", "recall", "F1", "F1 with ends")
WAYS = ("one voice", "network", "by itself", "first MFCC")
GOAL = 0.85
"""Of F1 on hums at 20 dB as one voice."""

BARRED = ("piano", "band")
"""Kinds whose pieces have bar lines where the music has them: the folk tunes begin their first bar with their pickup."""

TEMPO_WITHIN = 0.04
BAR_S = 0.08


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns scores by kind of recording and way of hearing, and how well tempo and bars are found.

    Raises:
        StudioError: there is no data set.
    """
    if args.data is None:
        raise StudioError("There is nothing to transcribe. Say with --data where the data sets are.")
    scores: dict[str, dict[str, list[tuple[float, ...]]]] = {}
    beats: dict[str, list[tuple[float, ...]]] = {}
    for recording in recordings(args, "valid"):
        found = scores.setdefault(recording.kind, {})
        for way, (notes, seconds) in _heard(recording, args.checkpoint).items():
            row = (*note_scores(recording.notes, notes), seconds / recording.sound.seconds)
            found.setdefault(way, []).append(row)
        beats.setdefault(recording.kind, []).append(_bars_found(recording))
    return {
        "notes": {kind: {way: _means(rows) for way, rows in ways.items()} for kind, ways in scores.items()},
        "bars": {kind: _means(rows) for kind, rows in beats.items()},
        "recordings": {kind: len(ways[WAYS[0]]) for kind, ways in scores.items()},
    }


def recordings(args: argparse.Namespace, split: str) -> Iterator[Recording]:
    """Yields ``args.pieces`` hums, each in several noises, and a third as many pieces of each kind of RENDERED."""
    sets = read_sets(args.sets, args.data)

    def sources(name: str) -> list[Any]:
        return [source for source in sets.get(name, (False, []))[1] if source.split == split]

    yield from hummed(sources(HUMMED), args.pieces, np.random.default_rng(args.seed))
    for kind, name in RENDERED.items():
        rng = np.random.default_rng(args.seed)
        yield from rendered(kind, sources(name), max(1, args.pieces // 3), rng, args.bank[0] if args.bank else None)


def as_text(found: dict[str, Any]) -> str:
    """Returns the figures as tables."""
    lines = [f"{'':20} {'':11}" + "".join(f"{name:>14}" for name in (*COLUMNS, "CPU s/s"))]
    for kind, ways in found["notes"].items():
        title = f"{kind} ({found['recordings'][kind]})"
        for way, row in ways.items():
            goal = f"  goal {GOAL}" if kind.endswith("20 dB") and way == WAYS[0] else ""
            lines.append(f"{title:20} {way:11}" + "".join(f"{value:14.3f}" for value in row) + goal)
            title = ""
    lines += ["", f"{'':20} {'tempo':>9} {'or 1/2, 2':>10} {'bar lines':>10}"]
    lines += [
        f"{kind:20} {tempo:9.2f} {octave:10.2f} {'-' if math.isnan(bars) else f'{bars:.2f}':>10}"
        for kind, (tempo, octave, bars) in found["bars"].items()
    ]
    lines += ["", f"Tempo within {TEMPO_WITHIN:.0%}; bar lines found within {BAR_S * 1000:.0f} ms, of those written."]
    return "\n".join(lines)


def _heard(recording: Recording, checkpoint: str) -> dict[str, tuple[list[HeardNote], float]]:
    """Returns by way of hearing the notes, and the CPU seconds that it took."""
    samples, model = mono(recording.sound, RATE_HZ), load(checkpoint).model
    found: dict[str, tuple[list[HeardNote], float]] = {}
    began = time.process_time()
    track = track_pitch(samples)
    found[WAYS[0]] = hummed_notes(track), time.process_time() - began
    began = time.process_time()
    notes = hear_several(model, samples)
    found[WAYS[1]] = notes, time.process_time() - began
    found[WAYS[2]] = found[WAYS[0] if voices(track) == "voice" else WAYS[1]]
    began = time.process_time()
    found[WAYS[3]] = by_first_mfcc(samples), time.process_time() - began
    return found


def by_first_mfcc(samples: np.ndarray) -> list[HeardNote]:
    """Returns notes by the rule of the studio's ancestor: the first MFCC of each frame, spread over four octaves, is the pitch."""
    first = mfcc(magnitudes(samples))[:, 0]
    pitches = np.round(48 + 36 * (first - first.min()) / max(float(np.ptp(first)), 1e-6)).astype(int)
    edges = np.flatnonzero(np.diff(pitches)) + 1
    starts, ends = np.append(0, edges), np.append(edges, len(pitches))
    frame_s = FEATURE_HOP / RATE_HZ
    return [
        HeardNote(start * frame_s, end * frame_s, int(pitches[start]), 1.0)
        for start, end in zip(starts, ends, strict=True)
    ]


def _bars_found(recording: Recording) -> tuple[float, float, float]:
    """Returns whether the tempo is found, whether it or half or twice of it is, and which part of the bar lines."""
    (*_, step) = transcribe(recording.sound, TranscribeOptions())
    written = step.piece.score
    ratio = np.log2(tempo_map(written)[2][0] / recording.tempo_bpm)
    near = np.abs(ratio - np.array([0, -1, 1])) < np.log2(1 + TEMPO_WITHIN)
    if recording.piece is None or recording.kind not in BARRED:
        return float(near[0]), float(near.any()), float("nan")
    lines = _bar_lines(recording.piece.score)
    lines = lines[lines < recording.sound.seconds - 1]
    found = _bar_lines(written) + step.piece.history[-1]["begins_s"]
    hit = np.abs(lines[:, None] - found).min(axis=1) < BAR_S
    return float(near[0]), float(near.any()), float(hit.mean())


def _bar_lines(score: Any) -> np.ndarray:
    return ticks_to_seconds(score, np.array([bar.start for bar in bar_grid(score)]))


def _means(rows: Sequence[tuple[float, ...]]) -> list[float]:
    return [mean(column) for column in zip(*rows, strict=True)]
