"""A piece as a piano roll draws it: plain values in seconds; the drawing itself stands beside, in `roll.js` and `karaoke.js`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from music.bars import bar_grid, ticks_to_seconds
from music.chords import beat_ticks
from music.form import sections
from music.instruments import instrument_name, program_of
from music.mixing import LEVEL, PAN, REVERB, track_mix
from music.piece import Piece
from music.roll.drums import DRUM_ROWS, OTHER_DRUMS, drum_row
from music.roll.karaoke import karaoke

COLORS = (
    "#4f8ff0", "#f0883e", "#3fb27f", "#b77be8", "#e2b93b", "#e8647c", "#2fb5c7", "#a9805b", "#8f9cf5", "#94bd4a", "#e58cc0", "#5fa8a0",
)  # fmt: skip
DRUM_COLOR = "#8b95a9"

SCRIPTS = Path(__file__).parent
"""Where the drawing's scripts lie."""

MIX_CONTROLS = {"level": LEVEL, "pan": PAN, "reverb": REVERB}
_FEWEST_SEMITONES = 25  # two octaves: a tune of three notes would have rows as thick as bars


class Colors:
    """A color for each instrument, the same in all pieces that are shown together."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def of(self, track: Mapping[str, Any]) -> str:
        """Returns the color of a track, as `picture` describes it."""
        if track["drums"]:
            return DRUM_COLOR
        return self._given.setdefault(track["key"], COLORS[len(self._given) % len(COLORS)])


def picture(piece: Piece) -> dict[str, Any]:
    """Returns a piece as plain values in seconds, as the player's script takes it.

    ``tracks`` have flat ``notes`` of four numbers each: start, duration, pitch (for drums the row from below, and ``keys`` are
    those of the drum map), velocity.
    ``bars`` are the times of the bar lines, the last one the end of the last bar, ``beats`` those of all beats; ``sections`` are
    those that it marks, ``words`` the lines that are sung.
    """
    score = piece.score
    grid = bar_grid(score)
    bars = ticks_to_seconds(score, np.array([grid[0].start, *(bar.end for bar in grid)]))
    beats = [tick for bar in grid for tick in beat_ticks(bar, score.ticks_per_quarter)]
    tracks: list[dict[str, Any]] = []
    pitches: list[int] = []
    drums_used: set[str] = set()
    seen: dict[tuple[str, str], int] = {}
    for index, track in enumerate(score.tracks):
        if not len(track.notes):
            continue
        notes = track.notes.numpy()
        start = ticks_to_seconds(score, notes["time"])
        duration = ticks_to_seconds(score, notes["time"] + notes["duration"]) - start
        instrument = instrument_name(program_of(track))
        identity = (track.name, instrument)
        seen[identity] = seen.get(identity, 0) + 1
        if track.is_drum:
            drums_used.update(map(drum_row, np.unique(notes["pitch"]).tolist()))
        else:
            pitches += [int(notes["pitch"].min()), int(notes["pitch"].max())]
        tracks.append(
            {
                "track": index,
                "key": f"{track.name}|{instrument}|{seen[identity]}",
                "name": track.name.strip() or instrument,
                "instrument": instrument,
                "program": track.program,
                "drums": track.is_drum,
                "mix": {name: track_mix(track)[control] for name, control in MIX_CONTROLS.items()},
                "notes": (start, duration, notes["pitch"], notes["velocity"]),
            }
        )
    rows = [name for name in (*DRUM_ROWS, OTHER_DRUMS) if name in drums_used]
    for known in tracks:
        start, duration, pitch, velocity = known["notes"]
        if known["drums"]:
            pitch = [rows.index(drum_row(p)) for p in pitch.tolist()]
        flat = np.stack([np.round(start, 3), np.round(duration, 3), pitch, velocity], axis=1).ravel()
        known["notes"] = [int(x) if x.is_integer() else x for x in flat.tolist()]
    low, high = _visible(pitches)
    return {
        "id": piece.fingerprint,
        "seconds": round(max(float(bars[-1]), piece.seconds, 1.0), 3),
        "end": round(piece.seconds, 3),
        "bars": np.round(bars, 3).tolist(),
        "beats": np.round(ticks_to_seconds(score, np.array(beats)), 3).tolist(),
        "low": low,
        "high": high,
        "has_pitches": bool(pitches) or not rows,
        "drum_rows": rows,
        "sections": _sections(piece, grid[-1].end),
        "words": karaoke(piece),
        "tracks": tracks,
    }


def _sections(piece: Piece, end: int) -> list[dict[str, Any]]:
    """Returns the sections that the piece marks: name, the section it returns to, first second and the second after its last."""
    found = sections(piece.score, end)
    at = ticks_to_seconds(piece.score, np.array([tick for each in found for tick in each[1:]], dtype=int))
    times = np.round(at, 3).reshape(-1, 2).tolist()
    return [
        {"name": each.name, "theme": each.theme, "from": start, "to": stop}
        for each, (start, stop) in zip(found, times, strict=True)
    ]


def _visible(pitches: list[int]) -> tuple[int, int]:
    low, high = (min(pitches), max(pitches)) if pitches else (48, 72)
    low, high = low - 2, high + 2
    missing = max(0, _FEWEST_SEMITONES - (high - low + 1))
    low = max(0, low - missing // 2)
    return low, min(127, max(high, low + _FEWEST_SEMITONES - 1))
