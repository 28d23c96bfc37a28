"""Edits that need no model. Each takes a score and returns a new one; none changes what it was given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
import symusic

from music.bars import bar_grid
from music.theory import Key, with_key, written_key

NewNote = tuple[int, int, int, int, int]
"""``(track index, time, duration, pitch, velocity)``, times in ticks of the score that it joins."""

_PEDAL = 64


def transpose(score: symusic.Score, semitones: int) -> symusic.Score:
    """Returns the score that many semitones higher, key signatures included; drums stay.

    Notes that would leave the range of MIDI move by octaves until they are back in it.
    """
    out = score.copy()
    for track in out.tracks:
        if not track.is_drum and len(track.notes):
            notes = track.notes.numpy()
            pitch = notes["pitch"].astype(np.int64) + semitones
            pitch += 12 * np.maximum(0, -(pitch // 12))  # below 0: up by whole octaves
            pitch -= 12 * np.maximum(0, -((127 - pitch) // 12))
            track.notes = note_list(notes["time"], notes["duration"], pitch, notes["velocity"])
    named = written_key(score)
    for sign in out.key_signatures:
        key = Key((sign.key * 7 + (9 if sign.tonality else 0) + semitones) % 12, "minor" if sign.tonality else "major")
        sign.key = sign.key if semitones % 12 == 0 else key.fifths
    if named and named.is_church_mode:
        return with_key(out, Key((named.tonic + semitones) % 12, named.mode), out.key_signatures[0].time)
    return out


def slice_bars(score: symusic.Score, first: int, last: int) -> symusic.Score:
    """Returns the bars ``first`` up to but not including ``last``, counted from 0, moved to the start.

    Notes are cut at both edges. Tempo, signatures, controls, bends and markers such as "chord: Am" that were in force
    come along.
    """
    bars = bar_grid(score)
    end = bars[min(last, len(bars)) - 1].end if last > 0 else 0
    start = bars[first].start if first < len(bars) else end
    end = max(start, end)
    out = score.copy()
    for track in out.tracks:
        notes = track.notes.numpy()
        begin = np.maximum(notes["time"], start)
        stop = np.minimum(notes["time"].astype(np.int64) + notes["duration"], end)
        kept = (stop > begin) & (notes["time"] < end)
        track.notes = note_list(
            (begin - start)[kept], (stop - begin)[kept], notes["pitch"][kept], notes["velocity"][kept]
        )
        track.controls = _window(track.controls, start, end, lambda c: c.number)
        track.pitch_bends = _window(track.pitch_bends, start, end)
        pedals = [(max(p.time, start), min(p.time + p.duration, end)) for p in track.pedals]
        track.pedals = [symusic.Pedal(down - start, up - down) for down, up in pedals if up > down]
        track.lyrics = [_shift(event, -start) for event in track.lyrics if start <= event.time < end]
    out.tempos = _window(out.tempos, start, end)
    out.time_signatures = _window(out.time_signatures, start, end)
    out.key_signatures = _window(out.key_signatures, start, end)
    lasting = _window([m for m in out.markers if ": " in m.text], start, end, lambda m: m.text.partition(": ")[0])
    passing = [_shift(m, -start) for m in out.markers if ": " not in m.text and start <= m.time < end]
    out.markers = sorted([*lasting, *passing], key=lambda marker: marker.time)
    return out


def merge(a: symusic.Score, b: symusic.Score) -> symusic.Score:
    """Returns both scores at once: the tracks of ``a``, then those of ``b``; the beat is that of ``a``."""
    out = a.copy()
    b = b.copy() if a.ticks_per_quarter == b.ticks_per_quarter else b.resample(a.ticks_per_quarter, min_dur=1)
    out.tracks.extend(b.tracks)
    out.markers = sorted([*out.markers, *b.markers], key=lambda marker: marker.time)
    for name in ("tempos", "time_signatures", "key_signatures"):
        if not len(getattr(out, name)):
            setattr(out, name, getattr(b, name))
    return out


def quantize(score: symusic.Score, per_quarter: int = 12) -> symusic.Score:
    """Returns the score with each note's start and end on a grid, at least one step long; the rest stays.

    Args:
        per_quarter: grid steps in a quarter note; 12 holds sixteenths and triplet eighths alike.
    """
    out = score.copy()
    ticks = score.ticks_per_quarter
    for track in out.tracks:
        if not len(track.notes):
            continue
        notes = track.notes.numpy()
        time = notes["time"].astype(np.int64)
        first = (2 * time * per_quarter + ticks) // (2 * ticks)  # nearest step, halves up
        last = (2 * (time + notes["duration"]) * per_quarter + ticks) // (2 * ticks)
        last = np.maximum(last, first + 1)
        start, stop = (np.round(step * ticks / per_quarter).astype(np.int64) for step in (first, last))
        track.notes = note_list(start, np.maximum(stop - start, 1), notes["pitch"], notes["velocity"])
    return out


def trim_overlaps(score: symusic.Score) -> symusic.Score:
    """Returns the score with each note ended when its pitch starts again on its track.

    Of several notes on one pitch that start together the longest stays, as loud as the loudest.
    """
    out = score.copy()
    for track in out.tracks:
        if len(track.notes) < 2:
            continue
        notes = track.notes.numpy()
        order = np.lexsort((-notes["duration"], notes["time"], notes["pitch"]))
        time, duration, pitch, velocity = (notes[name][order] for name in ("time", "duration", "pitch", "velocity"))
        leads = np.concatenate([[True], (np.diff(pitch) != 0) | (np.diff(time) != 0)])
        velocity = np.maximum.reduceat(velocity, np.flatnonzero(leads))
        time, duration, pitch = time[leads], duration[leads], pitch[leads]
        again = np.where(np.diff(pitch) == 0, np.diff(time), np.iinfo(np.int32).max)
        duration[:-1] = np.minimum(duration[:-1], again)
        track.notes = note_list(time, duration, pitch, velocity)
    return out


def cut_after(score: symusic.Score, tick: int) -> symusic.Score:
    """Returns the score up to a tick: nothing starts there or later, and nothing rings on, pedals included."""
    out = score.copy()
    for track in out.tracks:
        notes = track.notes.numpy()
        kept = notes["time"] < tick
        duration = np.minimum(notes["duration"], tick - notes["time"])[kept]
        track.notes = note_list(notes["time"][kept], duration, notes["pitch"][kept], notes["velocity"][kept])
        before = [event for event in track.controls if event.time < tick]
        pressed = next((c.value for c in reversed(before) if c.number == _PEDAL), 0) >= 64
        track.controls = [*before, *([symusic.ControlChange(tick, _PEDAL, 0)] if pressed else [])]
        track.pitch_bends = [event for event in track.pitch_bends if event.time < tick]
        track.lyrics = [event for event in track.lyrics if event.time < tick]
        track.pedals = [symusic.Pedal(p.time, min(p.duration, tick - p.time)) for p in track.pedals if p.time < tick]
    for name in ("tempos", "time_signatures", "key_signatures", "markers"):
        setattr(out, name, [event for event in getattr(out, name) if event.time < tick])
    return out


def graft(
    base: symusic.Score, new_notes: Iterable[NewNote], remove: Collection[tuple[int, int]] = frozenset()
) -> symusic.Score:
    """Returns the score with notes taken out and others put in, and all the rest as it was, bit for bit.

    Args:
        base: the score to work on.
        new_notes: ``(track index, time, duration, pitch, velocity)`` in ticks of ``base``.
        remove: ``(track index, index of the note in that track)`` of what goes.
    """
    joining: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    leaving: dict[int, list[int]] = defaultdict(list)
    for index, *note in new_notes:
        time, duration, pitch, velocity = note
        joining[index].append((time, duration, pitch, velocity))
    for index, place in remove:
        leaving[index].append(place)
    out = base.copy()
    for index in {*joining, *leaving}:
        track = out.tracks[index]
        notes = track.notes.numpy()
        kept = np.ones(len(track.notes), dtype=bool)
        kept[leaving[index]] = False
        new = np.array(joining[index], dtype=np.int64).reshape(-1, 4)
        columns = [
            np.concatenate([notes[name][kept], new[:, place]])
            for place, name in enumerate(("time", "duration", "pitch", "velocity"))
        ]
        track.notes = note_list(*columns)
    return out


def without_collisions(base: symusic.Score, new: Sequence[NewNote]) -> list[NewNote]:
    """Returns new notes, ended, begun later or left out where another one sounds on their pitch and track."""
    fresh = base.copy()
    for track in fresh.tracks:
        track.notes = []
    found = []
    for number, track in enumerate(trim_overlaps(graft(fresh, new)).tracks):
        if not len(track.notes):
            continue
        held: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for note in base.tracks[number].notes:
            held[note.pitch].append((note.time, note.end))
        for note in track.notes:
            start, end = note.time, note.end
            for begins, ends in sorted(held[note.pitch]):
                if begins <= start < ends:
                    start = ends
                elif start < begins < end:
                    end = begins
            if start < end:
                found.append((number, start, end - start, note.pitch, note.velocity))
    return found


def add_track(score: symusic.Score, program: int, is_drum: bool, name: str = "") -> symusic.Score:
    """Returns the score with one more track, empty and last."""
    out = score.copy()
    out.tracks.append(symusic.Track(name, program, is_drum))
    return out


def note_list(
    time: np.ndarray, duration: np.ndarray, pitch: np.ndarray, velocity: np.ndarray
) -> Iterable[symusic.Note]:
    """Returns a note list of these columns, in the order of symusic's own sort."""
    order = np.lexsort((velocity, pitch, duration, time))
    return symusic.Note.from_numpy(
        np.ascontiguousarray(time[order], np.int32),
        np.ascontiguousarray(duration[order], np.int32),
        np.ascontiguousarray(pitch[order], np.int8),
        np.ascontiguousarray(velocity[order], np.int8),
    )


def _window(events: Iterable, start: int, end: int, kind: Callable = lambda event: None) -> list:
    """Returns the events of ``[start, end)``, moved to 0, and before them the last of each kind that came earlier."""
    events = sorted(events, key=lambda event: event.time)
    in_force: dict[Any, Any] = {}
    for event in events:
        if event.time < start:
            in_force.pop(kind(event), None)  # so that they stay in the order in which they were last sent
            in_force[kind(event)] = event
    inside = [event for event in events if start <= event.time < end]
    at_start = {kind(event) for event in inside if event.time == start}
    carried = [_shift(event, -event.time) for key, event in in_force.items() if key not in at_start]
    return carried + [_shift(event, -start) for event in inside]


def _shift(event: Any, ticks: int) -> Any:
    """Returns a copy of an event, this many ticks later."""
    out = event.copy()
    out.time += ticks
    return out
