"""Drum kits on channels other than 10, and instruments on channel 10, as files of GS, XG and General MIDI 2 have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from music.files.midi import midi_bytes, read_midi, read_with_repairs
from music.piece import Piece
from tests.music.files.midi_builder import chunk, file, meta, note, variable

REPORTS = Path(__file__).parents[2] / "data" / "reports"
XG_ON = bytes.fromhex("4310 4c00 007e 00f7")
GS_RESET = bytes.fromhex("4110 4212 4000 7f00 41f7")
GM2_ON = bytes.fromhex("7e7f 0903 f7")


def sysex(body: bytes) -> bytes:
    return b"\xf0" + variable(len(body)) + body


def gs_part(part: int, mode: int) -> bytes:
    body = bytes((0x40, 0x10 | part, 0x15, mode))
    return b"\x41\x10\x42\x12" + body + bytes((-sum(body) & 127, 0xF7))


def kits(*events: tuple[int, object], channel: int = 2) -> list[bool]:
    """Returns whether each track of a file is drums, that plays a note on a channel after these events."""
    return [track.is_drum for track in read_midi(file(chunk(*events, *note(40, channel=channel)))).score.tracks]


def bank(value: int, channel: int = 2, program: int = 0) -> list[tuple[int, object]]:
    return [(0, [0xB0 | channel, 0, value]), (0, [0xB0 | channel, 32, 0]), (0, [0xC0 | channel, program])]


def channels(data: bytes) -> list[set[int]]:
    """Returns the channels on which each track of a written file strikes notes, read by another program."""
    mido = pytest.importorskip("mido")
    import io

    tracks = mido.MidiFile(file=io.BytesIO(data)).tracks
    found = [{message.channel for message in track if message.type == "note_on"} for track in tracks]
    return [each for each in found if each]


def test_gs_makes_a_kit_of_channel_11_and_an_instrument_of_channel_10():
    reading = read_with_repairs(REPORTS / "m1-gs-rhythm-part-on-channel-11.mid")
    tracks = [(track.name, track.is_drum, track.program) for track in reading.piece.score.tracks]
    assert tracks == [("Kit", True, 0), ("Flute on 10", False, 73), ("Piano", False, 0)]
    assert len(reading.repairs) == 2 and "Drum kits" in reading.repairs[0] and "channel 10" in reading.repairs[1]
    kit, flute, piano = channels(midi_bytes(reading.piece))
    assert kit == {9} and 9 not in flute | piano, "other players hear a kit, and a flute"


def test_xg_makes_a_kit_of_channel_3_by_its_bank():
    reading = read_with_repairs(REPORTS / "m1-xg-bank-127-on-channel-3.mid")
    assert [(track.name, track.is_drum) for track in reading.piece.score.tracks] == [("Kit", True), ("Piano", False)]
    assert channels(midi_bytes(reading.piece))[0] == {9}


@pytest.mark.parametrize(
    ("events", "channel", "kit"),
    [
        (bank(127), 2, True), (bank(126), 2, True), (bank(120), 2, True), (bank(121), 2, False), (bank(8), 2, False),
        ([(0, sysex(GM2_ON)), *bank(120)], 2, True), ([(0, sysex(GM2_ON)), *bank(121, 9)], 9, False),
        ([(0, sysex(XG_ON)), *bank(0, 9, 73)], 9, False), ([(0, sysex(XG_ON)), *bank(127, 9)], 9, True),
        ([(0, sysex(XG_ON)), (0, sysex(bytes.fromhex("43104c08020702f7")))], 2, True),
        ([(0, sysex(XG_ON)), (0, sysex(bytes.fromhex("43104c08090700f7")))], 9, False),
        ([(0, sysex(XG_ON)), (0, sysex(bytes.fromhex("43104c08020702f7"))), *bank(0)], 2, True),
        ([(0, sysex(GS_RESET)), *bank(127)], 2, False),  # in GS that bank has the sounds of an older synthesizer
        ([(0, sysex(gs_part(3, 2)))], 2, True), ([(0, sysex(gs_part(3, 1))), (9, sysex(GS_RESET))], 2, False),
        (bank(0, 9), 9, True),  # a sequencer's empty bank
    ],
)  # fmt: skip
def test_who_is_a_kit(events, channel, kit):
    assert kits(*events, channel=channel) == [kit]


def test_a_message_in_packets_counts():
    body = gs_part(3, 1)
    parts = [(0, b"\xf0" + variable(5) + body[:5]), (0, b"\xf7" + variable(len(body) - 5) + body[5:])]
    assert kits(*parts) == [True]


def test_a_message_in_another_track_counts():
    setup = chunk((0, meta(3, b"setup")), (0, sysex(gs_part(5, 1))))
    [track] = read_midi(file(setup, chunk(*note(38, channel=4)))).score.tracks
    assert track.is_drum


def test_a_channel_that_becomes_a_kit_makes_two_tracks():
    piece = read_midi(
        file(chunk(*note(60, channel=2), *bank(127), *note(38, channel=2), *bank(0), *note(62, channel=2)))
    )
    assert [(track.is_drum, [n.pitch for n in track.notes]) for track in piece.score.tracks] == [
        (False, [60, 62]),
        (True, [38]),
    ]


@pytest.mark.parametrize(
    "events",
    [
        [(0, sysex(GS_RESET)), *bank(127)],
        [(0, sysex(GS_RESET)), *bank(120, 9)],
        bank(127),
        [(0, sysex(GM2_ON)), *bank(121, 9, 73)],
        [(0, sysex(gs_part(0, 0))), *bank(127, 9)],
    ],
)
def test_what_is_saved_is_read_the_same_by_all(events):
    channel = max((event[1][0] & 15 for event in events if isinstance(event[1], list)), default=0)
    piece = read_midi(file(chunk(*events, *note(40, channel=channel))))
    again = read_with_repairs(midi_bytes(piece))
    assert again.piece.fingerprint == piece.fingerprint and again.repairs == ()
    assert [each == {9} for each in channels(midi_bytes(piece))] == [track.is_drum for track in piece.score.tracks]


def test_kits_of_two_channels_keep_their_programs():
    piece = read_midi(
        file(chunk(*bank(127, 2, 0), *note(36, channel=2)), chunk(*bank(127, 3, 25), *note(38, channel=3)))
    )
    again: Piece = read_midi(midi_bytes(piece))
    assert [(track.is_drum, track.program) for track in again.score.tracks] == [(True, 0), (True, 25)]


def named(
    name: str, *events: tuple[int, object], pitches: tuple[int, ...] = (36, 42, 38, 42), channel: int = 0
) -> bool:
    notes = [event for pitch in pitches for event in note(pitch, channel=channel)]
    return read_midi(file(chunk((0, meta(3, name.encode())), *events, *notes))).score.tracks[0].is_drum


@pytest.mark.parametrize("name", ["Drums", "EZdrummer", "Drum Kit", "Perc", "Schlagzeug", "1-Drums", "Studio Kit"])
def test_a_track_named_after_drums_that_chooses_no_instrument_is_a_kit(name):
    assert named(name) and named(name, (0, [0xC3, 0]), channel=3)


def test_it_is_said_and_written_so_that_other_players_hear_a_kit():
    drums = chunk((0, meta(3, b"Drums")), *note(36), *note(38))
    reading = read_with_repairs(file(drums, chunk((0, meta(3, b"Bass")), (0, [0xC0, 33]), *note(38))))
    assert [(track.is_drum, track.program) for track in reading.piece.score.tracks] == [(True, 0), (False, 33)]
    assert reading.repairs == (
        "Drum kits by their names, on channels of instruments; saved, they move to channel 10: 1",
    )
    assert channels(midi_bytes(reading.piece))[0] == {9}


def test_names_do_not_outweigh_what_the_file_says():
    assert not named("Drums", (0, [0xC0, 47])), "an instrument is chosen"
    assert not named("Drums", pitches=(60, 64, 67, 72)), "no kit plays these"
    assert not named("Drums", pitches=(36, 38, 96))
    assert not any(
        named(name) for name in ("Steel Drums", "Taiko Drum", "Drum and Bass", "Kitty", "Drumsticks", "Piano")
    )
    tracks = read_midi(file(chunk(*note(36, channel=9)), chunk((0, meta(3, b"Drums")), *note(38)))).score.tracks
    assert [track.is_drum for track in tracks] == [True, False], "the drums are on channel 10"
