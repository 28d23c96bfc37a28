"""From a score to the bytes of a MIDI file that every player reads alike."""

from __future__ import annotations

import json
from typing import Any

import symusic

from music.files.drum_channels import BANK_SELECT, DRUM_CHANNEL, GS_RESET, kit_changes
from music.files.midi_reader import STUDIO_MARK
from music.files.smf import (
    KEY,
    LYRIC,
    MARKER,
    PORT,
    TEMPO,
    TEXT,
    TIME,
    TRACK_NAME,
    encode_file,
    encode_length,
    encode_meta,
    encode_track,
)
from music.words.events import is_hidden

_MELODIC = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
_PEDAL = 64
# Within one tick: names and signatures, ends of earlier notes, instrument, controls, bends, words, new notes.
_META, _OFF, _PROGRAM, _CONTROL, _BEND, _LYRIC, _ON = range(7)


def to_bytes(score: symusic.Score, title: str, studio: dict[str, Any]) -> bytes:
    """Returns a format 1 file: a track with title, tempi and signatures, then one for each track of the score.

    Args:
        score: a score in ticks.
        title: the name of the song.
        studio: what MIDI has no place for, as JSON values; read back by ``smf_score.parse``. Empty for nothing.
    """
    if score.ticks_per_quarter > 0x7FFF:
        score = score.resample(0x7FFF, min_dur=1)
    tracks = [_conductor(score, title, studio)]
    for track, (port, channel) in zip(score.tracks, assign_channels(score), strict=True):
        tracks.append(_track(track, port, channel))
    return encode_file(score.ticks_per_quarter, tracks)


def assign_channels(score: symusic.Score) -> list[tuple[int, int]]:
    """Returns the ``(port, channel)`` of each track, so that no two instruments ever share both.

    Up to 15 pitched tracks have a channel each. Beyond that tracks that sound alike share one. Where even
    that is not enough, further ports come in, on which a program keeps its channel if it can: a player
    that knows no ports still plays up to 15 instruments right.
    """
    crowded = sum(not track.is_drum for track in score.tracks) > len(_MELODIC)
    homes: dict[Any, tuple[int, int]] = {}
    channel_of_program: dict[int, int] = {}
    taken: set[tuple[int, int]] = set()
    assigned = []
    for index, track in enumerate(score.tracks):
        sound = (track.is_drum, track.program, _controls(track), [(b.time, b.value) for b in track.pitch_bends])
        key = repr(sound) if crowded or track.is_drum else index
        if key not in homes:
            if track.is_drum:
                channel = DRUM_CHANNEL
            elif crowded:
                channel = channel_of_program.setdefault(
                    track.program, _MELODIC[len(channel_of_program) % len(_MELODIC)]
                )
            else:
                channel = _MELODIC[len(homes) - sum(c == DRUM_CHANNEL for _, c in homes.values())]
            port = next(port for port in range(len(score.tracks)) if (port, channel) not in taken)
            taken.add((port, channel))
            homes[key] = (port, channel)
        assigned.append(homes[key])
    return assigned


def _conductor(score: symusic.Score, title: str, studio: dict[str, Any]) -> bytes:
    """Returns the first chunk: title, what only this studio reads, tempi, signatures and markers."""
    events = [(0, _META, encode_meta(TRACK_NAME, _text(title)))] if title else []
    if any(_bank_says_otherwise(track) for track in score.tracks):
        events.append((0, _META, b"\xf0" + encode_length(len(GS_RESET)) + GS_RESET))
    if studio:
        events.append((0, _META, encode_meta(TEXT, STUDIO_MARK + json.dumps(studio).encode())))
    for tempo in score.tempos:
        microseconds = min(max(tempo.mspq, 1), 0xFFFFFF)
        events.append((max(tempo.time, 0), _META, encode_meta(TEMPO, microseconds.to_bytes(3, "big"))))
    for sig in score.time_signatures:
        if 1 <= sig.numerator <= 255 and sig.denominator in (1, 2, 4, 8, 16, 32, 64, 128):
            body = bytes([sig.numerator, sig.denominator.bit_length() - 1, 24, 8])
            events.append((max(sig.time, 0), _META, encode_meta(TIME, body)))
    for key in score.key_signatures:
        events.append((max(key.time, 0), _META, encode_meta(KEY, bytes([key.key & 0xFF, key.tonality]))))
    events += [(max(m.time, 0), _META, encode_meta(MARKER, _text(m.text))) for m in score.markers]
    return encode_track(events)


def _bank_says_otherwise(track: symusic.Track) -> bool:
    """Returns whether players would take a track for drums by its bank, or drums for an instrument; in GS none does."""
    banks = [(max(time, 0), value & 127) for time, number, value in _controls(track) if number == BANK_SELECT]
    channel = DRUM_CHANNEL if track.is_drum else 0
    return len(banks) > 0 and len(kit_changes(channel, [], banks, [(0, track.program)])) > 1


def _track(track: symusic.Track, port: int, channel: int) -> bytes:
    """Returns the chunk of one track, all of it on one channel."""
    events = [(0, _META, encode_meta(TRACK_NAME, _text(track.name)))] if track.name else []
    if port:
        events.append((0, _META, encode_meta(PORT, bytes([port & 0xFF]))))
    events.append((0, _PROGRAM, bytes([0xC0 | channel, min(max(track.program, 0), 127)])))
    events += [(max(t, 0), _CONTROL, bytes([0xB0 | channel, n & 127, v & 127])) for t, n, v in _controls(track)]
    for bend in track.pitch_bends:
        value = min(max(bend.value, -8192), 8191) + 8192
        events.append((max(bend.time, 0), _BEND, bytes([0xE0 | channel, value & 127, value >> 7])))
    for lyric in track.lyrics:
        kind = TEXT if is_hidden(lyric.text) else LYRIC
        events.append((max(lyric.time, 0), _LYRIC, encode_meta(kind, _text(lyric.text))))
    notes = track.notes.numpy()
    for time, duration, pitch, velocity in zip(
        *(notes[name].tolist() for name in ("time", "duration", "pitch", "velocity")), strict=True
    ):
        if pitch >= 0:
            start = max(time, 0)
            stop = max(time + duration, start + 1)  # an end in the tick of its start would come before it
            events.append((start, _ON, bytes([0x90 | channel, pitch, min(max(velocity, 1), 127)])))
            events.append((stop, _OFF, bytes([0x80 | channel, pitch, 64])))
    return encode_track(events)


def _controls(track: symusic.Track) -> list[tuple[int, int, int]]:
    """Returns ``(time, number, value)`` of the control changes, with pedals that stand only as spans of time."""
    controls = [(c.time, c.number, c.value) for c in track.controls]
    if not any(number == _PEDAL for _, number, _ in controls):
        for pedal in track.pedals:
            controls += [(pedal.time, _PEDAL, 127), (pedal.time + pedal.duration, _PEDAL, 0)]
    return controls


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")
