"""MIDI bytes by hand, right and wrong alike."""

from __future__ import annotations


def variable(value: int) -> bytes:
    out = [value & 127]
    while value := value >> 7:
        out.insert(0, value & 127 | 128)
    return bytes(out)


def chunk(*events: tuple[int, object], end: bool = True) -> bytes:
    """Returns a track of ``(delta, bytes or list of numbers)``."""
    body = b"".join(variable(delta) + bytes(message) for delta, message in events) + (b"\0\xff\x2f\0" if end else b"")
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def file(*chunks: bytes, kind: int = 1, division: int = 480, tracks: int | None = None) -> bytes:
    head = [6, kind, len(chunks) if tracks is None else tracks, division & 0xFFFF]
    sizes = (4, 2, 2, 2)
    return b"MThd" + b"".join(n.to_bytes(size, "big") for n, size in zip(head, sizes)) + b"".join(chunks)


def meta(kind: int, body: bytes) -> bytes:
    return b"\xff" + bytes([kind]) + variable(len(body)) + body


def on(pitch: int = 60, velocity: int = 90, channel: int = 0) -> list[int]:
    return [0x90 | channel, pitch, velocity]


def off(pitch: int = 60, channel: int = 0) -> list[int]:
    return [0x80 | channel, pitch, 0]


def note(pitch: int = 60, ticks: int = 480, channel: int = 0) -> list[tuple[int, list[int]]]:
    return [(0, on(pitch, 90, channel)), (ticks, off(pitch, channel))]
