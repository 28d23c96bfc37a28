"""Swung or straight: all players of a score change over at once, and what sounded together still does.

Within each quarter time is bent: its first half takes two thirds of it when it swings. So sixteenths and every unevenness of
a player come along with the eighths.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import symusic

from music.arranging.beats import Beats, near
from music.arranging.swing import off_beats
from music.bars import bar_grid
from music.edit import note_list
from music.errors import StudioError

FEELS = ("straight", "swung")
_MIDDLES = 1 / 2, 2 / 3  # of a quarter: where the off-beat is, straight and swung


def feel_of(score: symusic.Score) -> str:
    """Returns which of FEELS most off-beat eighths have; "" where there are none in quarters."""
    late, straight = off_beats(_beats(score), _onsets(score))
    return "" if not late + straight else "swung" if late > straight else "straight"


def with_feel(score: symusic.Score, feel: str) -> symusic.Score:
    """Returns the score with swung or straight eighths; tempo, bars and all that lies on a beat stay.

    Quarters in which a player has triplets, or has it as it is wished already, stay for this player, as do bars that are not
    counted in quarters.

    Args:
        score: any score.
        feel: one of FEELS.

    Raises:
        StudioError: no note would begin at another time.
    """
    beats, quarter, out = _beats(score), score.ticks_per_quarter, score.copy()
    everybody = np.concatenate([*_onsets(score), np.zeros(0, np.int64)])
    shared, moved = _Quarters(beats, everybody, feel).staying, False
    for track in out.tracks:
        notes = {name: values.astype(np.int64) for name, values in track.notes.numpy().items()}
        own = _Quarters(beats, notes["time"], feel)
        staying = np.union1d(own.staying, np.setdiff1d(shared, own.told))

        def bend(ticks: np.ndarray, staying: np.ndarray = staying) -> np.ndarray:
            return _bent(beats, quarter, ticks, staying, feel)

        if len(track.notes):
            start = bend(notes["time"])
            stop = np.maximum(bend(notes["time"] + notes["duration"]), start + 1)
            moved |= bool((start != notes["time"]).any())
            track.notes = note_list(start, stop - start, notes["pitch"], notes["velocity"])
        groups: tuple[Any, ...] = (track.controls, track.pitch_bends, track.lyrics)
        for events in groups:
            for event, time in zip(events, bend(_times(events)).tolist(), strict=True):
                event.time = time
        ups = bend(_times(track.pedals) + np.array([pedal.duration for pedal in track.pedals], dtype=np.int64))
        for pedal, down, up in zip(track.pedals, bend(_times(track.pedals)).tolist(), ups.tolist(), strict=True):
            pedal.time, pedal.duration = down, max(1, up - down)
    for marker, time in zip(out.markers, _bent(beats, quarter, _times(out.markers), shared, feel).tolist()):
        marker.time = time
    if not moved:
        raise StudioError(f"There are no quarters with eighths that are not {feel} already. Leave the feel as it is.")
    return out


def _beats(score: symusic.Score) -> Beats:
    return Beats(bar_grid(score), score.ticks_per_quarter)


def _times(events: Iterable[Any]) -> np.ndarray:
    """Returns the ticks of events, int64."""
    return np.array([event.time for event in events], dtype=np.int64)


def _onsets(score: symusic.Score) -> list[np.ndarray]:
    """Returns the ticks at which the notes of each track begin."""
    return [track.notes.numpy()["time"].astype(np.int64) for track in score.tracks if len(track.notes)]


class _Quarters:
    """What the notes of a player say of the quarters that they begin in.

    Attributes:
        told: the first ticks of the quarters in which a note begins off the beat.
        staying: of these the ones with triplets, or played as is wished already.
    """

    def __init__(self, beats: Beats, onsets: np.ndarray, feel: str) -> None:
        phase, begin = beats.phase(onsets), beats.begin(onsets)
        self.told = np.unique(begin[(phase > 0) & ~near(phase, 0) & ~near(phase, 1)])
        has = {place: np.unique(begin[near(phase, place)]) for place in (1 / 3, 1 / 2, 2 / 3)}
        self.staying = np.union1d(has[1 / 3], has[2 / 3] if feel == "swung" else np.setdiff1d(has[1 / 2], has[2 / 3]))


def _bent(beats: Beats, quarter: int, ticks: np.ndarray, staying: np.ndarray, feel: str) -> np.ndarray:
    """Returns ticks with the halves of their quarters made longer and shorter, but for the quarters that stay."""
    begin, phase = beats.begin(ticks), beats.phase(ticks)
    was, now = _MIDDLES if feel == "swung" else _MIDDLES[::-1]
    bent = np.where(phase < was, phase / was * now, now + (phase - was) / (1 - was) * (1 - now))
    moves = (phase > 0) & ~np.isin(begin, staying)
    return np.where(moves, begin + np.round(bent * quarter).astype(np.int64), ticks)
