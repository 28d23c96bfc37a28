"""Counts of what part-writing rules forbid: notes out of range, crossed voices, parallel fifths and octaves.

The check is our own, on sonorities: a new one begins wherever a voice starts or stops. Bach breaks each of these rules
now and then, so the counts are read beside his.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np
import symusic

from music.tokens.accompaniment import VOICE_RANGES
from training.quality.measures.harmony import Line, line

REST = -1


def count_part_writing(
    tracks: Sequence[symusic.Track],
    written: Collection[int] = range(len(VOICE_RANGES)),
    ranges: Sequence = VOICE_RANGES,
) -> Counter[str]:
    """Returns counts that can be added up over pieces and read by ``rates``.

    - notes, out of range: of the voices ``written``, and those outside of their range.
    - time, crossed: ticks in which two voices sound, and in which a lower voice sounds above a higher one.
    - changes: sonorities that differ from the one before.
    - fifths, octaves: pairs of voices that both move, in the same direction, from a perfect fifth (or octave or
      unison) to another, compound ones included, from one sonority to the next.
    - overlaps: neighbouring voices of which one moves past where the other was just before.

    Args:
        tracks: the voices from the highest down, each with one note at a time.
        written: the voices whose ranges are asked; a soprano that was given says nothing about who wrote the others.
        ranges: lowest and highest pitch of each voice.
    """
    voices = [line(track) for track in tracks]
    found: Counter[str] = Counter()
    for number in written:
        pitch = voices[number].pitch
        low, high = ranges[number]
        found["notes"] += len(pitch)
        found["out of range"] += int(((pitch < low) | (pitch > high)).sum())
    edges, pitches = sonorities(voices)
    lengths, sounding = np.diff(edges), pitches != REST
    crossed = np.zeros(len(pitches), dtype=bool)
    before, after = pitches[:-1], pitches[1:]
    held = sounding[:-1] & sounding[1:]
    for upper, lower in combinations(range(len(voices)), 2):
        crossed |= sounding[:, upper] & sounding[:, lower] & (pitches[:, lower] > pitches[:, upper])
        both = held[:, upper] & held[:, lower]
        steps = [np.sign(after[:, voice] - before[:, voice]) for voice in (upper, lower)]
        both_move = both & (steps[0] == steps[1]) & (steps[0] != 0)
        intervals = [np.abs(side[:, upper] - side[:, lower]) % 12 for side in (before, after)]
        found["fifths"] += int((both_move & (intervals[0] == 7) & (intervals[1] == 7)).sum())
        found["octaves"] += int((both_move & (intervals[0] == 0) & (intervals[1] == 0)).sum())
        if lower == upper + 1:
            past = (after[:, upper] < before[:, lower]) | (after[:, lower] > before[:, upper])
            found["overlaps"] += int((both & past).sum())
    found["time"] = int(lengths[sounding.sum(axis=1) > 1].sum())
    found["crossed"] = int(lengths[crossed].sum())
    found["changes"] = int((before != after).any(axis=1).sum())
    return found


def sonorities(voices: Sequence[Line]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the ticks at which voices start or stop [sonorities + 1] and what sounds between them [sonorities, voices].

    A voice that is silent has REST; of overlapping notes of one voice the later one sounds.
    """
    edges = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(np.concatenate(v[:2]) for v in voices)]))
    pitches = np.full((max(0, len(edges) - 1), len(voices)), REST, dtype=np.int64)
    for number, voice in enumerate(voices):
        if len(voice.start):
            note = np.searchsorted(voice.start, edges[:-1], side="right") - 1
            sounds = (note >= 0) & (voice.end[note] > edges[:-1])
            pitches[sounds, number] = voice.pitch[note[sounds]]
    return edges, pitches


def rates(counts: Counter[str]) -> dict[str, float]:
    """Returns the share of notes out of range and of time with crossed voices, and the rest per 100 chord changes."""

    def share(part: str, whole: str, times: float = 1) -> float:
        return times * counts[part] / counts[whole] if counts[whole] else float("nan")

    return {
        "out of range": share("out of range", "notes"),
        "crossed": share("crossed", "time"),
        **{name: share(name, "changes", 100) for name in ("fifths", "octaves", "overlaps")},
    }
