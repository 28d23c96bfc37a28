"""The rows in which the player shows drums."""

from __future__ import annotations

from music.instruments import HATS, KICKS

DRUM_ROWS: dict[str, tuple[int, ...]] = {
    "Kick": KICKS,
    "Snare": (37, 38, 39, 40),
    "Toms": (41, 43, 45, 47, 48, 50),
    "Hi-hat": HATS,
    "Ride": (51, 53, 59),
    "Crash": (49, 52, 55, 57),
}
"""What a drummer calls the keys of the General MIDI drum map, lowest row first; the rest is percussion."""
OTHER_DRUMS = "Perc."

NEW_DRUM = {"Kick": 36, "Snare": 38, "Toms": 45, "Hi-hat": 42, "Ride": 51, "Crash": 49, OTHER_DRUMS: 54}
"""The key of the drum map that is drawn in a row; of the rest the tambourine."""


def drum_row(pitch: int) -> str:
    """Returns the name of the row in which this key of the drum kit is drawn."""
    return next((name for name, keys in DRUM_ROWS.items() if pitch in keys), OTHER_DRUMS)
