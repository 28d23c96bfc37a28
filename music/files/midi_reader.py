"""From the events of a MIDI file to a score: which notes belong together, and which instrument plays them."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import symusic

from music.errors import StudioError
from music.files.drum_channels import BANK_SELECT, DRUM_CHANNEL, Order, is_kit_by_name, kit_changes
from music.files.smf import (
    INSTRUMENT,
    KEY,
    LYRIC,
    MARKER,
    MAX_EVENTS,
    MAX_TICK,
    MAX_TRACKS,
    TEMPO,
    TEXT,
    TIME,
    TRACK_NAME,
    SmfFile,
    TrackEvents,
    read_events,
)
from music.files.text_encodings import Decoder, decoder
from music.words.events import is_hidden

STUDIO_MARK = b"DeepMusic Studio "
"""How the text event begins that carries what MIDI has no place for, as JSON."""


@dataclass(frozen=True)
class Parsed:
    """What stands in a file: the score, its title, the JSON that this studio wrote, and what had to be mended."""

    score: symusic.Score
    title: str
    studio: dict[str, Any]
    repairs: tuple[str, ...]


def parse(data: bytes, karaoke: bool = False) -> Parsed:
    """Returns what stands in the bytes of a MIDI file.

    Args:
        data: the whole file.
        karaoke: take plain text events for lyrics, as .kar files have them.

    Raises:
        StudioError: these bytes are no MIDI file, are damaged beyond use, or exceed a limit.
    """
    file = read_events(data)
    tracks, mended = file.tracks, file.mended
    texts = [(what, body) for track in tracks for _, what, body in track.meta if what not in (TEMPO, TIME, KEY)]
    texts += [(TRACK_NAME, body) for track in tracks for body in track.names.values()]
    decode = decoder([body for _, body in texts])
    score = symusic.Score(file.ticks_per_quarter)
    _add_signposts(score, file, decode)
    title = _name(tracks[0], decode) if tracks and (file.format == 0 or not tracks[0].notes) else ""
    studio = next((_studio_json(body) for what, body in texts if what == TEXT and body.startswith(STUDIO_MARK)), {})
    karaoke = karaoke or any(what == TEXT and body.startswith(b"@K") for what, body in texts)
    if karaoke:
        title = next((decode(body[2:]).strip() for what, body in texts if what == TEXT and body[:2] == b"@T"), title)
    _add_tracks(score, file, decode, karaoke, keep_silent=bool(studio))
    if not any(len(track.notes) for track in score.tracks) and any("amaged" in text for text in mended):
        raise StudioError(
            "This MIDI file is damaged and holds no readable notes. Export it again, or try another copy."
        )
    return Parsed(score, title, studio, tuple(text.replace("#", str(count)) for text, count in mended.items()))


def _add_signposts(score: symusic.Score, file: SmfFile, decode: Decoder) -> None:
    """Fills the tempi, signatures and markers of the score; of two at one tick the later in the file counts."""
    tempos, times, keys, markers = {}, {}, {}, []
    for track in file.tracks:
        for tick, what, body in track.meta:
            if what == TEMPO:
                if len(body) == 3 and any(body):
                    tempos[tick] = int.from_bytes(body, "big")
                else:
                    file.mended["Impossible tempo changes, left out: #"] += 1
            elif what == TIME:
                if len(body) >= 2 and body[0] and body[1] <= 7:
                    times[tick] = (body[0], 1 << body[1])
                else:
                    file.mended["Impossible time signatures, left out: #"] += 1
            elif what == KEY:
                sharps = int.from_bytes(body[:1], "big", signed=True)
                if len(body) == 2 and -7 <= sharps <= 7 and body[1] <= 1:
                    keys[tick] = (sharps, body[1])
                else:
                    file.mended["Impossible key signatures, left out: #"] += 1
            elif what == MARKER:
                markers.append((tick, decode(body)))
    if file.frames_qpm:
        tempos = {0: round(60e6 / file.frames_qpm)}
    score.tempos = symusic.Tempo.from_numpy(*_columns(sorted(tempos.items()), np.int32, np.int32))
    score.time_signatures = [symusic.TimeSignature(tick, *value) for tick, value in sorted(times.items())]
    score.key_signatures = [symusic.KeySignature(tick, *value) for tick, value in sorted(keys.items())]
    score.markers = [symusic.TextMeta(tick, text) for tick, text in sorted(markers, key=lambda marker: marker[0])]


def _add_tracks(score: symusic.Score, file: SmfFile, decode: Decoder, karaoke: bool, keep_silent: bool) -> None:
    """Adds a track to the score for every chunk, channel and instrument that plays or sings."""
    speakers: dict[int, list[TrackEvents]] = defaultdict(list)
    for chunk in file.tracks:
        for channel in {*chunk.programs, *chunk.controls, *chunk.bends}:
            speakers[channel].append(chunk)
    orders: dict[int, list[tuple[int, Order]]] = defaultdict(list)
    for tick, order in sorted((order for chunk in file.tracks for order in chunk.orders), key=lambda pair: pair[0]):
        orders[order.channel].append((tick, order))
    kit_is_clear = any(key >> 7 & 15 == DRUM_CHANNEL for chunk in file.tracks for key in chunk.notes)
    copied = scanned = 0
    for chunk in file.tracks:
        name = "" if file.format == 0 else _name(chunk, decode)
        names = {channel: decode(body).strip() for channel, body in chunk.names.items()}
        lyrics = _lyrics(chunk, decode, karaoke)
        channels: dict[int, dict[int, list]] = defaultdict(dict)
        for key, events in chunk.notes.items():
            channels[key >> 7][key & 127] = events
        made: list[tuple[int, symusic.Track]] = []
        for channel, keys in sorted(channels.items()):
            others = [other for other in speakers[channel] if other is not chunk]
            programs = _in_force(chunk.programs.get(channel, []), [o.programs.get(channel, []) for o in others])
            controls = _controls(chunk, others, channel)
            banks = [(tick, value) for tick, number, value in controls if number == BANK_SELECT]
            told = sorted(orders[-1] + orders[channel], key=lambda pair: pair[0]) if orders else []
            kits = kit_changes(channel, told, banks, programs)
            chosen = told or banks or any(program for _, program in chunk.programs.get(channel, ()))
            named = not (chosen or kit_is_clear) and is_kit_by_name(
                name, {key: len(events) for key, events in keys.items()}
            )
            if named:
                kits, programs = [(0, True)], []
            parts = _parts(keys, programs, kits, chunk.end, chunk.silences.get(channel, []), file.mended)
            bends = _in_force(chunk.bends.get(channel, []), [o.bends.get(channel, []) for o in others])
            copied += len(parts) * (len(controls) + len(bends))
            scanned += len(told) + sum(
                len(kind.get(channel, ())) for o in others for kind in (o.programs, o.controls, o.bends)
            )
            if copied > MAX_EVENTS or scanned > 10 * MAX_EVENTS:
                raise StudioError("The file has too many control changes. Thin them out and try again.")
            for (program, is_kit), notes in parts.items():
                made.append((notes[0][0], _track(names.get(channel, name), program, is_kit, notes, controls, bends)))
                if named:
                    file.mended[
                        "Drum kits by their names, on channels of instruments; saved, they move to channel 10: #"
                    ] += 1
                elif is_kit and channel & 15 != DRUM_CHANNEL:
                    file.mended["Drum kits on channels other than 10, as the file asks; saved, they move to 10: #"] += 1
                elif not is_kit and channel & 15 == DRUM_CHANNEL:
                    file.mended["Instruments on channel 10, as the file asks; saved, they move to another: #"] += 1
        if not made and (lyrics or (keep_silent and chunk.programs)):
            channel, changes = min(chunk.programs.items(), default=(0, [(0, 0)]))
            controls, bends = _controls(chunk, [], channel), chunk.bends.get(channel, [])
            made = [(0, _track(name, changes[0][1], channel & 15 == DRUM_CHANNEL, [], controls, bends))]
        made.sort(key=lambda pair: pair[0])
        if made:
            made[0][1].lyrics = lyrics
        score.tracks.extend(track for _, track in made)
    declared = {channel for chunk in file.tracks for channel in chunk.programs}
    silent = len(declared - {key >> 7 for chunk in file.tracks for key in chunk.notes})
    if silent and not keep_silent:
        file.mended["Instruments that never play, left out: #"] += silent
    if len(score.tracks) > MAX_TRACKS:
        raise StudioError(f"The file has more than {MAX_TRACKS} instruments. Split it and try again.")


def _parts(
    keys: dict[int, list],
    programs: list[tuple[int, int]],
    kits: list[tuple[int, bool]],
    end: int,
    silences: list[int],
    mended: Counter[str],
) -> dict[tuple[int, bool], list[tuple[int, int, int, int]]]:
    """Returns ``(time, duration, pitch, velocity)`` of the notes on one channel, by program and whether it is a kit."""
    changes, kit_ticks = [tick for tick, _ in programs], [tick for tick, _ in kits]
    parts = defaultdict(list)
    for pitch, events in keys.items():
        for start, stop, velocity in _pairs(events, end, silences, mended):
            if stop <= start:
                mended["Notes without length, made one tick long: #"] += 1
                stop = start + 1
            at = bisect_right(changes, start)
            is_kit = kits[bisect_right(kit_ticks, start) - 1][1]
            parts[programs[at - 1][1] if at else 0, is_kit].append((start, stop - start, pitch, velocity))
    for notes in parts.values():
        notes.sort()  # by time, duration, pitch, velocity: the order of symusic's own sort
    return parts


def _pairs(
    events: list[tuple[int, int]], end: int, silences: list[int], mended: Counter[str]
) -> list[tuple[int, int, int]]:
    """Returns ``(start, stop, velocity)`` of one key's notes: the note that began first ends first."""
    waiting: deque[tuple[int, int]] = deque()
    paired: list[tuple[int, int, int]] = []
    for tick, velocity in events:
        if velocity:
            waiting.append((tick, velocity))
        elif waiting:
            start, struck = waiting.popleft()
            paired.append((start, tick, struck))
    if not waiting:
        return paired
    # Some end is missing, so the ends cannot be told apart: each note lasts until anything happens on its key.
    mended["Notes without an end, closed: #"] += len(waiting)
    paired, stop, later = [], end, None
    for tick, velocity in reversed(events):
        if later is not None and tick < later:
            stop = later
        later = tick
        if velocity:
            at = bisect_left(silences, tick)
            paired.append((tick, min(stop, silences[at]) if at < len(silences) else stop, velocity))
    return paired


def _in_force(own: list[tuple], others: Iterable[list[tuple]]) -> list[tuple]:
    """Returns what a track obeys on its channel: until it speaks for itself, the other tracks there do."""
    until = own[0][0] if own else MAX_TICK + 1
    foreign = [event for events in others for event in events if event[0] < until]
    return sorted(foreign, key=lambda event: event[0]) + own if foreign else own


def _controls(chunk: TrackEvents, others: list[TrackEvents], channel: int) -> list[tuple[int, int, int]]:
    """Returns ``(time, number, value)`` of every control change that a track obeys on a channel."""
    own = chunk.controls.get(channel, [])
    first: dict[int, int] = {}
    for tick, _, number, _ in own:
        first.setdefault(number, tick)
    foreign = [
        event for o in others for event in o.controls.get(channel, ()) if event[0] < first.get(event[2], MAX_TICK + 1)
    ]
    return [(tick, number, value) for tick, _, number, value in (sorted(own + foreign) if foreign else own)]


def _track(
    name: str, program: int, is_kit: bool, notes: list[tuple], controls: list[tuple], bends: list[tuple]
) -> symusic.Track:
    track = symusic.Track(name, program, is_kit)
    track.notes = symusic.Note.from_numpy(*_columns(notes, np.int32, np.int32, np.int8, np.int8))
    track.controls = symusic.ControlChange.from_numpy(*_columns(controls, np.int32, np.uint8, np.uint8))
    track.pitch_bends = symusic.PitchBend.from_numpy(*_columns(bends, np.int32, np.int32))
    return track


def _columns(rows: list[tuple], *types: type) -> list[np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(len(rows), len(types))
    return [np.ascontiguousarray(table[:, i], dtype=kind) for i, kind in enumerate(types)]


def _lyrics(chunk: TrackEvents, decode: Decoder, karaoke: bool) -> list[symusic.TextMeta]:
    return [
        symusic.TextMeta(tick, decode(body))
        for tick, what, body in chunk.meta
        if what == LYRIC
        or (what == TEXT and is_hidden(decode(body)))
        or (karaoke and what == TEXT and body[:1] != b"@" and not body.startswith(STUDIO_MARK))
    ]


def _name(chunk: TrackEvents, decode: Decoder) -> str:
    names = {what: body for _, what, body in reversed(chunk.meta) if what in (TRACK_NAME, INSTRUMENT)}
    return decode(names.get(TRACK_NAME) or names.get(INSTRUMENT) or b"").strip()


def _studio_json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body[len(STUDIO_MARK) :])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
