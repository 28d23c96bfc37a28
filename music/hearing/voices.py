"""Whether a recording has one voice, a few notes at a time, or a band: by how periodic its loud moments are."""

from __future__ import annotations

import numpy as np

from music.hearing.pitch_track import PitchTrack

LOUD = 0.15
"""Part of the level of the loudest moments from which on a frame is looked at."""

ONE_BELOW, FEW_BELOW = 0.14, 0.35
"""Median aperiodicity of loud frames. Among training recordings made-up hums had 0.12 at most, even with noise 10 dB below them,
solo instruments 0.12, 18 of 20 pieces for piano 0.16 to 0.44, and bands with drums 0.37 to 0.76."""

LIKELY_VOICES = {
    "one": "I hear one voice.",
    "few": "I hear several notes at a time: most of them will be right, some will be missing or too many.",
    "band": "I hear several instruments: the notes will be rough.",
}


def voices(track: PitchTrack) -> str:
    """Returns what a recording sounds like, one of LIKELY_VOICES."""
    loud = track.level > LOUD * np.percentile(track.level, 95)
    if not loud.any():
        return "band"
    noise = float(np.median(track.aperiodicity[loud]))
    return "one" if noise < ONE_BELOW else "few" if noise < FEW_BELOW else "band"
