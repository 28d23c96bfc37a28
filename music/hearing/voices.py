"""What a recording sounds like: a voice, an instrument with one note at a time, a few notes at a time, or a band.

A voice is periodic and never still: between notes it glides, within them it wavers. Instruments leap and hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from music.hearing.heard_note import HeardNote
from music.hearing.pitch_track import PitchTrack

LOUD = 0.15
"""Part of the level of the loudest moments from which on a frame is looked at."""

ONE_BELOW, FEW_BELOW = 0.14, 0.35
"""Median aperiodicity of loud frames. Of training recordings, made-up hums had 0.12 at most, even with noise 10 dB below them, solo
instruments 0.12, 18 of 20 pieces for piano 0.16 to 0.44, and bands with drums 0.37 to 0.76."""

WAVERS_FROM, LEAPS_BELOW = 0.05, 0.03
"""Semitones a frame by which the 80th percentile of pitches moves, and the share of frames whose pitch leaps. Hums had at least 0.07
and at most 0.025; 2 of 20 solo instruments were on their side of both."""

AFTER_S, AT_ONCE = 0.06, 2.05
"""Notes that sound just after one begins, on average, from which on several are played at a time: 19 of 20 pieces for piano had more,
solo instruments 2.02 at most, for they ring on."""

LEAP = 1.5
"""Semitones from frame to frame that no voice glides."""

SOUNDS_LIKE = {
    "voice": "I hear one voice.",
    "line": "I hear one instrument that plays a note at a time.",
    "few": "I hear several notes at a time: most of them will be right, some will be missing or too many.",
    "band": "I hear several instruments, or very many notes at once: the notes will be rough.",
}


def several(notes: Sequence[HeardNote]) -> bool:
    """Returns whether notes that the network heard are played several at a time, not one after another."""
    starts, ends = (np.array([note[place] for note in notes]) for place in (0, 1))
    moments = np.sort(starts + AFTER_S)
    begun = np.searchsorted(np.sort(starts), moments, side="left")
    over = np.searchsorted(np.sort(ends), moments, side="right")
    return bool(np.mean(begun - over) > AT_ONCE)


def voices(track: PitchTrack) -> str:
    """Returns what a recording sounds like, one of SOUNDS_LIKE."""
    loud = track.level > LOUD * np.percentile(track.level, 95)
    if not loud.any():
        return "band"
    noise = float(np.median(track.aperiodicity[loud]))
    if noise >= ONE_BELOW:
        return "few" if noise < FEW_BELOW else "band"
    clear = loud & (track.aperiodicity < ONE_BELOW)
    moves = np.abs(np.diff(track.pitch))[clear[1:] & clear[:-1]]
    glides = moves[moves < LEAP]
    wavers = len(glides) > 0 and np.percentile(glides, 80) >= WAVERS_FROM
    return "voice" if wavers and (moves >= LEAP).mean() < LEAPS_BELOW else "line"
