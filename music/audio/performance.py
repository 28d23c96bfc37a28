"""A score as a synthesizer wants it: one channel a track, every event with its moment in samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import symusic

from music.bars import ticks_to_seconds
from music.mixing import PLAIN_MIX, REVERB

BLOCK_FRAMES = 64
"""Synthesizers compute sound in blocks of this many frames, so events are moved to the nearest block (1.5 ms)."""

TAIL_SECONDS = 8.0
"""The longest that sound may ring on after the last note."""

SUSTAIN = 64
CHORUS_SEND = 93

IGNORED_CONTROLS = (0, 32, 124, 125, 126, 127)
"""Bank selects (a track's program is already known) and modes that would change other channels."""


class Kind(IntEnum):
    """What an event does. At the same moment lower kinds come first, so a note that is struck again is heard."""

    NOTE_OFF = 0
    CONTROL = 1
    BEND = 2
    NOTE_ON = 3


class Event(NamedTuple):
    """One event: its moment in frames, its kind, its channel and up to two values.

    The values are pitch and velocity of a note, number and value of a control, or the bend (-8192 to 8191).
    """

    frame: int
    kind: int
    channel: int
    first: int
    second: int


@dataclass(frozen=True)
class Channel:
    """One track that sounds: its place in the score, its General MIDI program, and whether it is a drum kit."""

    track_index: int
    program: int
    is_drum: bool


@dataclass(frozen=True)
class Performance:
    """Everything that a synthesizer plays.

    Attributes:
        channels: one a track with notes, in the order of the score.
        events: in the order to send them.
        rate_hz: frames a second.
        end_frame: the frame at which the last note ends; what rings on comes after it.
    """

    channels: tuple[Channel, ...]
    events: list[Event]
    rate_hz: int
    end_frame: int


def perform(score: symusic.Score, rate_hz: int, pedal_in_notes: bool = False) -> Performance:
    """Returns the score as timed events that honor tempo map, controls, pedals and bends.

    A note ends when its pitch is struck again on its track. A pedal that is never released is
    released after the last note. Controls later than the longest tail are left out.

    Args:
        score: a score in ticks.
        rate_hz: frames a second.
        pedal_in_notes: make notes as long as the sustain pedal holds them, for a synthesizer that has no pedal.
    """
    tracks = [(index, track) for index, track in enumerate(score.tracks) if len(track.notes)]
    rows: list[np.ndarray] = []

    def frames(ticks: np.ndarray) -> np.ndarray:
        seconds = ticks_to_seconds(score, np.maximum(ticks, 0))
        return np.round(seconds * rate_hz / BLOCK_FRAMES).astype(np.int64) * BLOCK_FRAMES

    end = 0
    still_down: list[tuple[int, int]] = []
    for channel, (_, track) in enumerate(tracks):
        controls = _controls(track)
        notes = track.notes.numpy()
        notes = {name: values[notes["velocity"] > 0].astype(np.int64) for name, values in notes.items()}
        stops = notes["time"] + notes["duration"]
        end = max(end, int(frames(stops).max(initial=0)))
        if pedal_in_notes:
            stops = _extend_by_pedal(stops, controls)
        starts, stops, pitch, velocity = _cut_at_restrike(notes["time"], stops, notes["pitch"], notes["velocity"])
        on, off = frames(starts), frames(stops)
        rows += [
            _rows(on, Kind.NOTE_ON, channel, pitch, velocity),
            _rows(np.maximum(off, on + BLOCK_FRAMES), Kind.NOTE_OFF, channel, pitch, 0),
            _rows(frames(controls[:, 0]), Kind.CONTROL, channel, controls[:, 1], controls[:, 2]),
        ]
        bends = track.pitch_bends.numpy()
        rows.append(_rows(frames(bends["time"]), Kind.BEND, channel, bends["value"], 0))
        pedal = controls[controls[:, 1] == SUSTAIN]
        if len(pedal) and pedal[-1, 2] >= 64:
            still_down.append((channel, int(frames(pedal[-1, 0]))))
        if not (controls[:, 1] == REVERB).any():
            rows.append(_rows(np.zeros(1, np.int64), Kind.CONTROL, channel, REVERB, PLAIN_MIX[REVERB]))
    rows += [_rows(np.maximum([end], at), Kind.CONTROL, channel, SUSTAIN, 0) for channel, at in still_down]
    table = np.concatenate(rows) if rows else np.zeros((0, 5), np.int64)
    table = table[table[:, 0] <= end + TAIL_SECONDS * rate_hz]
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return Performance(
        channels=tuple(Channel(index, track.program, track.is_drum) for index, track in tracks),
        events=[Event(*row) for row in table.tolist()],
        rate_hz=rate_hz,
        end_frame=end,
    )


def without_reverb(performance: Performance) -> Performance:
    """Returns the same with every channel's reverb at nothing, whatever its controls say."""
    silent = [Event(0, Kind.CONTROL, number, REVERB, 0) for number in range(len(performance.channels))]
    others = (event for event in performance.events if (event.kind, event.first) != (Kind.CONTROL, REVERB))
    return replace(performance, events=[*silent, *others])


def _rows(
    frames: np.ndarray, kind: Kind, channel: int, first: np.ndarray | int, second: np.ndarray | int
) -> np.ndarray:
    table = np.empty((len(frames), 5), np.int64)
    for column, values in enumerate((frames, kind, channel, first, second)):
        table[:, column] = values
    return table


def _controls(track: symusic.Track) -> np.ndarray:
    """Returns control changes as rows ``tick, number, value``; pedals too, where no control change says the same."""
    controls = track.controls.numpy()
    table = np.stack([controls[name].astype(np.int64) for name in ("time", "number", "value")], axis=1)
    table = table[~np.isin(table[:, 1], IGNORED_CONTROLS)]
    if len(track.pedals) and not (table[:, 1] == SUSTAIN).any():
        pedals = track.pedals.numpy()
        down, up = pedals["time"].astype(np.int64), pedals["time"].astype(np.int64) + pedals["duration"]
        moves = [
            np.stack([at, np.full_like(at, SUSTAIN), np.full_like(at, value)], 1)
            for at, value in ((up, 0), (down, 127))
        ]
        table = np.concatenate([table, *moves])
    return table[np.argsort(table[:, 0], kind="stable")]


def _cut_at_restrike(
    starts: np.ndarray, stops: np.ndarray, pitch: np.ndarray, velocity: np.ndarray
) -> list[np.ndarray]:
    """Returns the same notes, each ending no later than the next note of its pitch begins.

    A synthesizer's note-off stops every note of a pitch, so without this a long note would cut the next one short.
    Of notes that begin together only the longest is kept.
    """
    order = np.lexsort((stops, starts, pitch))
    starts, stops, pitch, velocity = starts[order], stops[order], pitch[order], velocity[order]
    same = pitch[:-1] == pitch[1:]
    stops[:-1] = np.where(same, np.minimum(stops[:-1], starts[1:]), stops[:-1])
    kept = np.ones(len(starts), bool)
    kept[:-1] = ~(same & (starts[:-1] == starts[1:]))
    return [values[kept] for values in (starts, stops, pitch, velocity)]


def _extend_by_pedal(stops: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """Returns the ticks at which notes stop when those that end under a pressed pedal last until it is released."""
    moves = controls[controls[:, 1] == SUSTAIN]
    if not len(moves) or not len(stops):
        return stops
    down = moves[:, 2] >= 64
    last = np.searchsorted(moves[:, 0], stops, side="right") - 1
    held = (last >= 0) & down[last]
    up = np.append(moves[~down, 0], max(int(stops.max()), int(moves[-1, 0])))
    return np.where(held, up[np.searchsorted(up[:-1], stops, side="right")], stops)
