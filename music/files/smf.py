"""The wire format of Standard MIDI files: bytes to events, with everything that files in the wild get wrong.

symusic's own reader is fast but not honest: it drops notes that have no end, forgets an instrument that
was chosen in another track, reads format 2 as if its patterns sounded together, refuses film time and
truncated files, and overflows on absurd times. So the bytes are read here, and only the score is symusic's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from music.errors import StudioError
from music.files.drum_channels import LONGEST_ORDER, Order, read_order

MAX_BYTES = 16 * 2**20
MAX_NOTES = 400_000
MAX_EVENTS = 2_000_000
MAX_TRACKS = 1_024
MAX_TICK = 2**31 - 2
TEXT, TRACK_NAME, INSTRUMENT, LYRIC, MARKER, PREFIX, PORT, END, TEMPO, TIME, KEY = (
    1,
    3,
    4,
    5,
    6,
    0x20,
    0x21,
    0x2F,
    0x51,
    0x58,
    0x59,
)
_KEPT_META = frozenset((TEXT, TRACK_NAME, INSTRUMENT, LYRIC, MARKER, TEMPO, TIME, KEY))
_ENDS_NOTES = frozenset((120, 123, 124, 125, 126, 127))


def _by_channel() -> dict[int, list]:
    return defaultdict(list)


@dataclass
class TrackEvents:
    """The events of one track chunk, by kind and channel; channels count on over ports: ``port * 16 + channel``.

    Attributes:
        notes: ``(tick, velocity)`` by ``channel * 128 + pitch``; velocity 0 ends a note.
        programs: ``(tick, program)``.
        controls: ``(tick, place in the file, number, value)``.
        bends: ``(tick, -8192 to 8191)``.
        silences: ticks of "all notes off".
        orders: ``(tick, order)`` of the system exclusive messages that say which channels are drum kits.
        meta: ``(tick, kind, body)``.
        names: of channels, where a file of one track gives each its own.
        end: the last tick.
    """

    notes: dict[int, list[tuple[int, int]]] = field(default_factory=_by_channel)
    programs: dict[int, list[tuple[int, int]]] = field(default_factory=_by_channel)
    controls: dict[int, list[tuple[int, int, int, int]]] = field(default_factory=_by_channel)
    bends: dict[int, list[tuple[int, int]]] = field(default_factory=_by_channel)
    silences: dict[int, list[int]] = field(default_factory=_by_channel)
    orders: list[tuple[int, Order]] = field(default_factory=list)
    meta: list[tuple[int, int, bytes]] = field(default_factory=list)
    names: dict[int, bytes] = field(default_factory=dict)
    end: int = 0


@dataclass
class SmfFile:
    """One file: its format, its ticks a quarter, its tracks, and what had to be mended, each with a count.

    ``frames_qpm`` is the tempo of a file that counts in film frames, which has no other; else 0.
    """

    format: int
    ticks_per_quarter: int
    frames_qpm: float
    tracks: list[TrackEvents] = field(default_factory=list)
    mended: Counter[str] = field(default_factory=Counter)
    event_count: int = 0
    note_count: int = 0


class _Damage(Exception):
    """The bytes of a track stop making sense."""


def read_events(data: bytes) -> SmfFile:
    """Returns the events in the bytes of a MIDI file of format 0, 1 or 2, also inside a RIFF (.rmi) file.

    A truncated or damaged track is read up to the damage, and ``mended`` says so.

    Raises:
        StudioError: these bytes are no MIDI file, or exceed a limit.
    """
    if len(data) > MAX_BYTES:
        raise StudioError(f"The file is larger than {MAX_BYTES // 2**20} MB. Split it and try again.")
    data = _unwrap(data)
    file = SmfFile(data[9], *_timing(int.from_bytes(data[12:14], "big")))
    if file.frames_qpm:
        file.mended["The file counts in film frames, not in beats; its speed is kept"] += 1
    place, offset = 8 + int.from_bytes(data[4:8], "big"), 0
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], "big")
        if not data[place : place + 4].isalnum():  # the chunk before lied about its size
            file.mended["Damaged tracks, read up to the damage: #"] += 1
            place = data.find(b"MTrk", place)
            if place < 0:
                break
            continue
        if data[place : place + 4] == b"MTrk":  # chunks of other kinds are skipped, as the standard asks
            if len(file.tracks) == MAX_TRACKS:
                raise StudioError(f"The file has more than {MAX_TRACKS} tracks. Split it and try again.")
            if place + 8 + size > len(data):
                file.mended["The file ends too early; what it holds was read"] += 1
            track = TrackEvents()
            # Patterns of a format 2 file stand alone: each follows the one before, with channels of its own.
            first_channel = len(file.tracks) * 4096 if file.format == 2 else 0
            try:
                _read_track(file, data[place + 8 : place + 8 + size], track, offset, first_channel)
            except (_Damage, IndexError):
                file.mended["Damaged tracks, read up to the damage: #"] += 1
            file.tracks.append(track)
            if file.format == 2:
                offset = track.end
        place += 8 + size
    if file.format == 2 and len(file.tracks) > 1:
        file.mended["Separate patterns, played one after another: #"] += len(file.tracks)
    return file


def _read_track(file: SmfFile, data: bytes, track: TrackEvents, tick: int, channel_base: int) -> None:
    """Sorts the events of one chunk into ``track``, until its end or, with _Damage, the first byte without sense."""
    place, end, status = 0, len(data), 0
    port, packets = channel_base, b""
    notes, mended, count = track.notes, file.mended, file.event_count
    prefix, prefixed_at = (
        0,
        -1,
    )  # the channel that meta events are about, and the event up to which they follow each other
    while place < end:
        delta = byte = data[place]
        place += 1
        if byte > 127:
            delta = byte & 127
            for _ in range(3):
                byte = data[place]
                place += 1
                delta = delta << 7 | byte & 127
                if byte < 128:
                    break
            else:
                raise _Damage
        track.end = tick = tick + delta
        file.event_count = count = count + 1
        if tick > MAX_TICK or count > MAX_EVENTS:
            raise StudioError("The file is too long. Split it and try again.")
        byte = data[place]
        if byte >= 0x80:
            place += 1
            if byte < 0xF0:
                status = byte
            elif byte == 0xFF:
                what = data[place]
                size, place = _length(data, place + 1)
                body = data[place : place + size]
                place += size
                if what == END:
                    break
                if len(body) < size:
                    raise _Damage
                if what == PORT and size:
                    port = channel_base + (body[0] << 4)
                elif what == PREFIX and size and file.format == 0:
                    prefix, prefixed_at = port + (body[0] & 15), count
                elif what in (TRACK_NAME, INSTRUMENT) and prefixed_at == count - 1:
                    track.names.setdefault(prefix, body)
                    prefixed_at = count
                elif what in _KEPT_META:
                    track.meta.append((tick, what, body))
                continue
            elif byte in (0xF0, 0xF7):
                size, place = _length(data, place)
                message = (packets if byte == 0xF7 else b"") + data[place : place + size]
                place += size
                if place > end:
                    raise _Damage
                order = read_order(message, port)
                if order is not None:
                    track.orders.append((tick, order))
                if order is None or not (order.resets or order.is_kit is not None):
                    mended["System exclusive messages, left out: #"] += byte == 0xF0 or not packets
                packets = message if order is None and message[-1:] != b"\xf7" and len(message) < LONGEST_ORDER else b""
                continue
            else:  # system messages have no business in a file, but their length is known
                place += {0xF1: 1, 0xF2: 2, 0xF3: 1}.get(byte, 0)
                continue
        elif not status:
            raise _Damage
        # A status that outlives a meta event breaks the standard, but files rely on it.
        first = data[place]
        act = status & 0xF0
        channel = port + (status & 15)
        if act == 0xC0:
            place += 1
            if first < 128:
                track.programs[channel].append((tick, first))
            continue
        if act == 0xD0:
            place += 1
            mended["Aftertouch messages, left out: #"] += 1
            continue
        second = data[place + 1]
        place += 2
        if first > 127 or second > 127:
            mended["Messages with impossible values, left out: #"] += 1
        elif act == 0x90 and second:
            notes[channel << 7 | first].append((tick, second))
            file.note_count += 1
            if file.note_count > MAX_NOTES:
                raise StudioError(f"The file has more than {MAX_NOTES:,} notes. Split it and try again.")
        elif act in (0x80, 0x90):
            notes[channel << 7 | first].append((tick, 0))
        elif act == 0xB0:
            if first in _ENDS_NOTES:  # these end notes; kept, they would cut later edits
                track.silences[channel].append(tick)
            else:
                track.controls[channel].append((tick, count, first, second))
        elif act == 0xE0:
            track.bends[channel].append((tick, (second << 7 | first) - 8192))
        else:
            mended["Aftertouch messages, left out: #"] += 1


def _unwrap(data: bytes) -> bytes:
    """Returns the bytes from the MIDI header on; before it a RIFF or MacBinary header may stand."""
    start = data.find(b"MThd", 0, 4096)
    header = data[start : start + 14]
    if start < 0 or len(header) < 14 or int.from_bytes(header[4:8], "big") < 6 or header[8] or header[9] > 2:
        raise StudioError("This is not a MIDI file. Choose a .mid, .midi, .kar, .rmi, .musicxml or .mxl file.")
    return data[start:]


def _timing(division: int) -> tuple[int, float]:
    """Returns ticks a quarter and, for a file that counts in film frames, the tempo that keeps its speed, else 0."""
    if division & 0x8000:
        frames, parts = 256 - (division >> 8), division & 0xFF
        if frames in (24, 25, 29, 30) and parts:
            ticks_per_second = (30_000 / 1_001 if frames == 29 else frames) * parts
            ticks_per_quarter = max(1, round(ticks_per_second / 2))
            return ticks_per_quarter, 60 * ticks_per_second / ticks_per_quarter
    elif division:
        return division, 0.0
    raise StudioError("The MIDI file does not say how long a beat is. Export it again, or try another copy.")


def _length(data: bytes, place: int) -> tuple[int, int]:
    """Returns a variable-length number and the place after it."""
    value = 0
    for _ in range(4):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return value, place
    raise _Damage


def encode_length(value: int) -> bytes:
    """Returns a number of up to 28 bits as MIDI's variable-length quantity."""
    out = bytearray([value & 127])
    while value := value >> 7:
        out.insert(0, value & 127 | 128)
    return bytes(out)


def encode_meta(kind: int, body: bytes) -> bytes:
    """Returns a meta event without its delta time."""
    return b"\xff" + bytes([kind]) + encode_length(len(body)) + body


def encode_track(events: list[tuple[int, int, bytes]]) -> bytes:
    """Returns a track chunk of ``(tick, order within the tick, message)``; equal orders stay as given."""
    out, now = bytearray(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        out += encode_length(tick - now) + message
        now = tick
    out += b"\x00" + encode_meta(END, b"")
    return b"MTrk" + len(out).to_bytes(4, "big") + bytes(out)


def encode_file(ticks_per_quarter: int, tracks: list[bytes]) -> bytes:
    """Returns a format 1 file of these track chunks."""
    head = (6).to_bytes(4, "big") + b"\0\1" + len(tracks).to_bytes(2, "big") + ticks_per_quarter.to_bytes(2, "big")
    return b"MThd" + head + b"".join(tracks)
