"""A piece as a few bytes, and back without a loss. MIDI would not do: notes that overlap on one key end otherwise in it.

The bytes are compressed: the length of a JSON header (four bytes), the header with all texts and counts, then the
events, column by column, as symusic has them in memory (little-endian). Nothing in it can run.
"""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple, TypedDict
from weakref import WeakKeyDictionary

import numpy as np
import symusic

from music.bars import bar_ticks, score_end
from music.files.midi import MAX_EVENTS, MAX_NOTES, MAX_SECONDS, MAX_TRACKS
from music.files.smf import MAX_TICK
from music.piece import Piece
from pipelines.options.values import fits

MAX_UNPACKED = 64 * 2**20
"""Bytes of one piece: more than MAX_EVENTS take."""
MAX_JSON_MEMORY = 64 * 2**20
"""Bytes that the values of one JSON text may take: those of a piece with 100,000 sung syllables take some 30 MB."""
_MAX_BARS = 300_000  # a piece of a few bytes could say that it has billions, and all that draws bars would hang

_DENOMINATORS = (
    0,
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
)  # those that MIDI can say; 0 stands in some files, and counts for nothing
_ANY = (-(2**31), 2**31 - 1)
_TICK = ("<i4", 0, MAX_TICK)
_SCORE = {
    "tempos": (symusic.Tempo, {"time": _TICK, "mspq": ("<i4", 1, _ANY[1])}),
    "time_signatures": (symusic.TimeSignature, {"time": _TICK, "numerator": ("u1", 0, 255), "denominator": ("u1", 0, 255)}),
    "key_signatures": (symusic.KeySignature, {"time": _TICK, "key": ("i1", -128, 127), "tonality": ("u1", 0, 255)}),
}  # fmt: skip
_TRACK = {
    "notes": (symusic.Note, {"time": _TICK, "duration": _TICK, "pitch": ("i1", 0, 127), "velocity": ("i1", 0, 127)}),
    "controls": (symusic.ControlChange, {"time": _TICK, "number": ("u1", 0, 255), "value": ("u1", 0, 255)}),
    "pitch_bends": (symusic.PitchBend, {"time": _TICK, "value": ("<i4", *_ANY)}),
    "pedals": (symusic.Pedal, {"time": _TICK, "duration": _TICK}),
}
"""The events of a score and of a track: who makes them, and of each column the type and what it may hold."""


class _TrackHeader(TypedDict):
    name: str
    program: int
    is_drum: bool
    lyrics: list[tuple[int, str]]
    counts: list[int]


class _Header(TypedDict):
    ticks_per_quarter: int
    title: str
    lyrics: list[str]
    history: list[dict[str, Any]]
    markers: list[tuple[int, str]]
    counts: list[int]
    tracks: list[_TrackHeader]


def pack(piece: Piece) -> bytes:
    """Returns the piece as bytes: score, title, lyrics and history."""
    return zlib.compress(laid_out(piece))


def laid_out(piece: Piece) -> bytes:
    """Returns the piece as ``unpack`` takes it, before it is compressed."""
    score, columns = piece.score, []

    def counts(owner: Any, kinds: Mapping[str, Any]) -> list[int]:
        for name, (_, fields) in kinds.items():
            arrays = getattr(owner, name).numpy()
            columns.extend(arrays[field].astype(kind).tobytes() for field, (kind, *_) in fields.items())
        return [len(getattr(owner, name)) for name in kinds]

    header = {
        "ticks_per_quarter": score.ticks_per_quarter,
        "title": piece.title,
        "lyrics": list(piece.lyrics),
        "history": [dict(recipe) for recipe in piece.history],
        "markers": [[marker.time, marker.text] for marker in score.markers],
        "counts": counts(score, _SCORE),
        "tracks": [
            {
                "name": track.name,
                "program": track.program,
                "is_drum": track.is_drum,
                "lyrics": [[lyric.time, lyric.text] for lyric in track.lyrics],
                "counts": counts(track, _TRACK),
            }
            for track in score.tracks
        ],
    }
    top = json.dumps(header, separators=(",", ":")).encode()
    return b"".join([len(top).to_bytes(4, "little"), top, *columns])


class Packed(NamedTuple):
    """A piece as a project's file holds it.

    Attributes:
        name: of its own; pieces that are alike have the same.
        data: what ``pack`` returns.
        size: bytes of that when it is inflated.
        header_memory: bytes that its header takes in memory at most.
    """

    name: str
    data: bytes
    size: int
    header_memory: int


_packs: WeakKeyDictionary[Piece, Packed] = WeakKeyDictionary()
_packing = threading.Lock()


def packed(piece: Piece) -> Packed:
    """Returns a piece as a project's file holds it, which is made once."""
    with _packing:
        known = _packs.get(piece)
    if known is None:
        plain = laid_out(piece)
        data = zlib.compress(plain)
        known = Packed(hashlib.sha256(data).hexdigest()[:32], data, len(plain), header_memory(plain))
        with _packing:
            _packs[piece] = known
    return known


def inflated(data: bytes, room: int = MAX_UNPACKED) -> bytes:
    """Returns what ``unpack`` takes, of the bytes that ``pack`` returned; never more than ``room`` bytes.

    Raises:
        ValueError: there are more. So does zlib.error where the bytes are damaged.
    """
    inflate = zlib.decompressobj()
    plain = inflate.decompress(data, max(1, room))
    _require(inflate.eof)
    return plain


def json_memory(data: bytes) -> int:
    """Returns how many bytes the values in a JSON text take at most, told from its signs before anything is made of them.

    A mapping of one key takes 232 bytes, a list of one value 88, a number or a short text of its own up to 76 and its
    place 8 (CPython 3.11, ``sys.getsizeof``); each letter of a longer text up to 4.
    """
    lists, mappings, values = (data.count(sign) for sign in (b"[", b"{", b","))
    return 240 * mappings + 88 * lists + 84 * (values + data.count(b":")) + 4 * len(data)


def header_memory(plain: bytes) -> int:
    """Returns how many bytes the header of a packed piece takes in memory at most."""
    return json_memory(plain[4 : 4 + int.from_bytes(plain[:4], "little")])


def unpack(plain: bytes) -> Piece:
    """Returns the piece that was packed.

    Args:
        plain: what ``inflated`` returned.

    Raises:
        ValueError: the bytes are damaged, or hold what no piece may hold. So do KeyError and TypeError.
    """
    _require(len(plain) >= 4 and header_memory(plain) <= MAX_JSON_MEMORY)
    size = 4 + int.from_bytes(plain[:4], "little")
    header = strict_json(plain[4:size])
    _require(fits(_Header, header))
    place, events = size, 0

    def fill(owner: Any, kinds: Mapping[str, Any], counts: list[int]) -> None:
        nonlocal place, events
        _require(len(counts) == len(kinds))
        for (name, (factory, fields)), count in zip(kinds.items(), counts):
            _require(count >= 0)
            events += count
            _require(events <= MAX_EVENTS and (name != "notes" or count <= MAX_NOTES))
            arrays = {}
            for field, (kind, low, high) in fields.items():
                column = np.frombuffer(plain, kind, count, place)
                _require(not count or low <= int(column.min()) <= int(column.max()) <= high)
                arrays[field] = column.astype(column.dtype.newbyteorder("="))
                place += column.nbytes
            if "duration" in arrays and count:
                _require(int((arrays["time"].astype(np.int64) + arrays["duration"]).max()) <= MAX_TICK)
            setattr(owner, name, factory.from_numpy(**arrays))

    _require(1 <= header["ticks_per_quarter"] <= 32767 and len(header["tracks"]) <= MAX_TRACKS)
    score = symusic.Score(header["ticks_per_quarter"])
    score.markers = _texts(header["markers"])
    fill(score, _SCORE, header["counts"])
    for values in header["tracks"]:
        _require(0 <= values["program"] <= 127)
        track = symusic.Track(values["name"], values["program"], values["is_drum"])
        track.lyrics = _texts(values["lyrics"])
        fill(track, _TRACK, values["counts"])
        score.tracks.append(track)
    _require(place == len(plain))
    piece = Piece(score, header["title"], tuple(header["lyrics"]), tuple(header["history"]))
    _require(piece.note_count <= MAX_NOTES and piece.seconds <= 2 * MAX_SECONDS)
    _require(all(sign.denominator in _DENOMINATORS for sign in score.time_signatures))
    shortest = min(
        (bar_ticks(s.numerator, max(1, s.denominator), score.ticks_per_quarter) for s in score.time_signatures),
        default=1,
    )
    _require(score_end(score) / shortest <= _MAX_BARS or not len(score.time_signatures))
    return piece


def strict_json(data: bytes) -> Any:
    """Returns the values in JSON.

    Raises:
        ValueError: it is none, is nested too deeply, would take more than MAX_JSON_MEMORY, or holds a number or a text that
            cannot be written again.
    """

    def refuse(name: str) -> None:
        raise ValueError(name)

    _require(json_memory(data) <= MAX_JSON_MEMORY)
    try:
        values = json.loads(data, parse_constant=refuse)
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()  # half a character is no text, 1e999 no number
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return values


def _require(fine: bool) -> None:
    if not fine:
        raise ValueError("This holds no piece.")


def _texts(values: list[tuple[int, str]]) -> list[symusic.TextMeta]:
    _require(len(values) <= MAX_EVENTS)
    _require(all(0 <= time <= MAX_TICK for time, _ in values))
    return [symusic.TextMeta(time, words) for time, words in values]
