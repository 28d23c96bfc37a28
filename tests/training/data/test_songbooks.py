from __future__ import annotations

import pytest

from music.bars import bar_grid
from music.chords import NO_CHORD, QUALITIES, Chord, chord_spans, parse_chord
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from music.theory import parse_key, written_key
from tests.training.data.pair_songs import chorale, lead_sheet, write_lines
from training.data.songbooks import LEAD_SHEETS, VOICES, chorales, lead_sheets, named

Q = 480


@pytest.fixture
def book(tmp_path):
    """Returns what reads lead sheets that are written as these lines."""

    def read(*items):
        write_lines(tmp_path / "cmd.jsonl", list(items))
        return list(lead_sheets(tmp_path, ("cmd",)))

    return read


def symbols(score) -> list[tuple[float, float, str]]:
    return [(span.start / Q, span.end / Q, span.chord.name(written_key(score))) for span in chord_spans(score)]


def test_a_lead_sheet_is_a_melody_with_chord_symbols(book):
    (song,) = book(
        lead_sheet(
            1, split="valid", tempo=84.0, time_sigs=[[0, 3, 4], [6, 4, 4]], keys=[[0, -3, 1]],
            melody=[[1, 0.5, 60], [1.5, 1 / 3, 63], [6, 4, 67]],
            chords=[[0, 3, "", 0, 0, [0, 3, 7]], [3, 3, "", 8, 0, [8, 0, 3]], [6, 4, "", 7, 7, [7, 11, 2, 5]]],
        )
    )  # fmt: skip
    assert (song.name, song.set, song.split) == ("cmd/song1", "cmd", "valid")
    score = song.score
    assert [(n.time, n.duration, n.pitch) for n in score.tracks[0].notes] == [
        (480, 240, 60), (720, 160, 63), (2880, 1920, 67),
    ]  # fmt: skip
    assert symbols(score) == [(0, 3, "Cm"), (3, 6, "Ab/C"), (6, 10, "G7")]
    assert [(bar.start, bar.numerator) for bar in bar_grid(score)] == [(0, 3), (3 * Q, 3), (6 * Q, 4)]
    assert score.tempos[0].qpm == pytest.approx(84, abs=0.01)
    assert written_key(score) == parse_key("C minor")


def test_symbols_are_in_the_file_that_a_lead_sheet_becomes(book):
    (song,) = book(lead_sheet(0, 2))
    assert symbols(read_midi(midi_bytes(Piece(song.score))).score) == symbols(song.score)


def test_songs_without_melody_or_chords_are_left_out(book):
    assert [song.name for song in book(lead_sheet(0, melody=[]), lead_sheet(1, chords=[]), lead_sheet(2))] == [
        "cmd/song2"
    ]


def test_chords_that_are_a_little_late_begin_on_the_eighth(book):
    (song,) = book(
        lead_sheet(
            0, keys=[], chords=[[0.025, 1.975, "", 0, 0, [0, 4, 7]], [2, 2.03, "", 5, 5, [5, 9, 0]],
                                [4.01, 0.05, "", 2, 2, [2, 6, 9]], [4.02, 48, "", 7, 7, [7, 11, 2]]],
        )
    )  # fmt: skip
    assert symbols(song.score)[:3] == [(0, 2, "C"), (2, 4, "F"), (4, 48, "G")]


def test_no_chord_is_a_gap(book):
    (song,) = book(
        lead_sheet(
            0, keys=[], chords=[[0, 4, "", 0, 0, [0, 4, 7]], [4, 4, "N", None, None, []], [8, 4, "", 5, 5, [5, 9, 0]]]
        )
    )
    assert symbols(song.score)[:2] == [(0, 4, "C"), (8, 48, "F")]


@pytest.mark.parametrize(
    ("described", "key"),
    [
        ({"keys": [[0, 2, 0]]}, "D major"), ({"keys": [[0, -6, 1]]}, "Eb minor"), ({"keys": [[0, 6, 0]]}, "F# major"),
        ({"keys": [], "keys_text": ["Gb:maj"]}, "F# major"), ({"keys": [], "keys_text": [[0, "A:min"]]}, "A minor"),
        ({"keys": [[0, 0, 0], [16, 1, 0]]}, None), ({"keys": [], "keys_text": [[0, "G"]]}, None),
        ({"keys": [], "keys_text": ["D:dor"]}, None), ({"keys": None}, None),
    ],
)  # fmt: skip
def test_the_key_is_the_one_that_is_named(book, described, key):
    (song,) = book(lead_sheet(0, **described))
    assert written_key(song.score) == (parse_key(key) if key else None)


@pytest.mark.parametrize(
    ("symbol", "tones"),
    [
        ("C", (0, 4, 7)), ("Cm7", (0, 3, 7, 10)), ("F#dim7", (6, 9, 0, 3)), ("Bb/D", (10, 2, 5)), ("G9", (7, 11, 2, 5, 9)),
        ("C", (0, 4)), ("Dm7b5", (2, 5, 8, 0)), ("E5", (4, 11)), ("G7", (7, 11, 5)),
    ],
)  # fmt: skip
def test_tones_are_named(symbol, tones):
    chord = parse_chord(symbol)
    assert named(chord.root, chord.bass, tones) == chord


def test_every_quality_is_named_as_itself():
    for quality in QUALITIES:
        chord = Chord(3, quality)
        found = named(3, None, chord.tones)
        assert set(found.tones) == set(chord.tones) and found.bass == 3


def test_no_tones_are_no_chord():
    assert named(0, 0, []) == NO_CHORD


def test_a_chorale_has_four_voices(tmp_path):
    write_lines(tmp_path / "music21_chorales.jsonl", [chorale(number, number) for number in range(4)])
    songs = list(chorales(tmp_path))
    assert [(song.name, song.split) for song in songs] == [
        ("chorales/bwv0", "train"), ("chorales/bwv1", "valid"), ("chorales/bwv2", "valid"), ("chorales/bwv3", "train"),
    ]  # fmt: skip
    score = songs[1].score
    assert tuple(track.name for track in score.tracks) == VOICES
    assert [[n.pitch for n in track.notes] for track in score.tracks] == [
        [note[2] for note in chorale(1, 1)[voice]] for voice in "SATB"
    ]
    assert written_key(score) == parse_key("C# major")
    assert chord_spans(score) == []


@pytest.mark.parametrize("read", [lambda folder: lead_sheets(folder), lambda folder: chorales(folder)])
def test_a_missing_file_is_named(read, tmp_path):
    with pytest.raises(StudioError, match=f"'({LEAD_SHEETS[0]}|music21_chorales).jsonl' is not in .* --data"):
        list(read(tmp_path))
