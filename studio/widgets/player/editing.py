"""What the player's script needs to edit a piece by hand: its notes in ticks, its tempi and bars."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import symusic

from music.arranging.feel import feel_of
from music.bars import bar_grid, tempo_map
from music.edit_song import beat_tempo
from music.instruments import GM_NAMES, instrument_name, program_of
from music.piece import Piece
from music.roll.drums import DRUM_ROWS, NEW_DRUM, OTHER_DRUMS
from pipelines.locks import locked_notes

_MOST_HELD = 16  # pieces that visitors look at now: each some 100 kB and 10 ms for 5,000 notes


def editable(piece: Piece, answered: int = 0) -> dict[str, Any]:
    """Returns a piece as plain values in ticks, as the script takes it that edits it.

    ``tracks`` have flat ``notes`` of four numbers each: time, duration, pitch, velocity, in the order of the score; ``bars``
    are the ticks of the bar lines, the last one the end of the last bar; ``tempo`` is tick, second and seconds a tick of
    each tempo; ``locked`` are track and note, counted in the score, of those that are locked. ``key`` tells pieces apart that
    differ in their locks alone, as ``id``, the fingerprint, does not.

    Args:
        piece: its notes.
        answered: number of the last edit that was sent and has been dealt with.
    """
    return {**_editable(piece), "answered": answered}


@functools.lru_cache(maxsize=_MOST_HELD)
def _editable(piece: Piece) -> dict[str, Any]:
    score = piece.score
    grid = bar_grid(score)
    ticks, seconds, qpm = tempo_map(score)
    tracks = []
    for index, track in enumerate(score.tracks):
        notes = track.notes.numpy()
        flat = np.stack([notes[name] for name in ("time", "duration", "pitch", "velocity")], axis=1).ravel()
        program = program_of(track)
        tracks.append(
            {
                "track": index,
                "name": track.name.strip() or instrument_name(program),
                "program": track.program,
                "drums": track.is_drum,
                "notes": flat.tolist(),
            }
        )
    each = 60.0 / qpm / score.ticks_per_quarter
    locked = locked_notes(piece)
    return {
        "id": piece.fingerprint,
        "key": f"{piece.fingerprint} {hash(locked):x}" if locked else piece.fingerprint,
        "locked": [list(place) for place in locked],
        "quarter": score.ticks_per_quarter,
        "bars": [grid[0].start, *(bar.end for bar in grid)],
        "tempo": [list(change) for change in zip(ticks.tolist(), seconds.tolist(), each.tolist(), strict=True)],
        "drum_rows": [{"name": name, "keys": keys, "key": NEW_DRUM[name]} for name, keys in _rows().items()],
        "instruments": list(GM_NAMES),
        "tracks": tracks,
        "song": _song(score),
    }


def _song(score: symusic.Score) -> dict[str, Any]:
    """Returns what can be changed of a song as a whole, as it is: tempo and the note that it counts, and how eighths are played."""
    tempo = beat_tempo(score)
    return {"tempo": round(tempo.bpm, 2), "beat": tempo.sign, "feel": feel_of(score)}


def _rows() -> dict[str, list[int]]:
    return {name: list(keys) for name, keys in DRUM_ROWS.items()} | {OTHER_DRUMS: []}
