"""Edits by hand as a step of a piece's history: told in a sentence, refused where they are not music, done again."""

from __future__ import annotations

import json

import pytest
import symusic

from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from pipelines.__main__ import main
from pipelines.edit import edit, options_of
from pipelines.options.edit import EditOptions
from pipelines.options.values import to_mapping
from pipelines.story import describe_recipe

QUARTERS = [(n * 480, 480, 60, 80) for n in range(32)]


@pytest.fixture
def piece() -> Piece:
    """Eight bars of a C repeated, and a drum track."""
    score = symusic.Score(480)
    score.tracks.extend([symusic.Track("One", 0, False), symusic.Track("Kit", 0, True)])
    score.tracks[0].notes.extend(symusic.Note(*note) for note in QUARTERS)
    score.tracks[1].notes.append(symusic.Note(0, 60, 36, 100))
    return Piece(score, "Tune")


def change(note: int, time: int = 0, length: int = 0, pitch: int = 0, velocity: int = 0) -> list[int]:
    """Returns a changed note of the first track, so much later, longer, higher and louder."""
    at, duration, key, loud = QUARTERS[note]
    return [0, note, at + time, duration + length, key + pitch, loud + velocity]


SENTENCES = {
    "moved 3 notes in bar 5": {"changed": [change(16, 120), change(17, 120, pitch=2), change(18, 120)]},
    "transposed 2 notes up 12 in bar 1": {"changed": [change(0, pitch=12), change(1, pitch=12)]},
    "transposed 1 note down 1 in bar 2": {"changed": [change(4, pitch=-1)]},
    "moved 2 notes in bar 1": {"changed": [change(0, pitch=1), change(1, pitch=2)]},
    "resized 1 note in bar 1": {"changed": [change(0, length=-60)]},
    "changed the loudness of 1 note in bar 8": {"changed": [change(31, velocity=9)]},
    "drew 1 note in bar 10": {"added": [[0, 9 * 1920, 480, 60, 90]]},
    "removed 2 notes in bars 1, 8": {"removed": [[0, 0], [0, 31]]},
    "split 1 note in bar 1": {"changed": [change(0, length=-240)], "added": [[0, 240, 240, 60, 80]]},
    "joined 3 notes into 1 in bar 1": {"changed": [change(0, length=960)], "removed": [[0, 1], [0, 2]]},
    "resized 1 note and drew 1 note in bars 1-2": {
        "changed": [change(0, length=-60)],
        "added": [[1, 1920, 60, 38, 90]],
    },
    "removed 4 notes in 4 bars": {"removed": [[0, 0], [0, 8], [0, 16], [0, 24]]},
    "drew 1 note in bar 1, added a track for Violin, gave track 1 to Flute": {
        "tracks": [["", 40, False]],
        "added": [[2, 0, 480, 60, 90]],
        "programs": [[0, 73]],
    },
    "up 2 semitones, tempo 96": {"semitones": 2, "tempo": 96},
    "removed 1 note in bar 1, down 1 semitone, Kit level 90 and 50 % left": {
        "removed": [[0, 0]],
        "semitones": -1,
        "mix": [[1, 7, 90], [1, 10, 32]],
    },
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_it_is_told_in_a_short_sentence(piece, sentence):
    options = options_of(piece, SENTENCES[sentence])
    assert options.words == sentence
    (*_, step) = edit(piece, options)
    assert describe_recipe(step.piece.history[-1]) == sentence


HOSTILE = [
    {"changed": [[0, 0, float("nan"), 480, 60, 90]]},
    {"changed": [[0, 0, 0.5, 480, 60, 90]]},
    {"changed": [[0, 0, True, 480, 60, 90]]},
    {"changed": [[0, 0, "0", 480, 60, 90]]},
    {"changed": [[0, 0, -480, 480, 60, 90]]},
    {"changed": [[0, 0, 480]]},
    {"changed": 7},
    {"changed": {"0": 1}},
    {"added": [[99, 0, 480, 60, 90]]},
    {"added": [[0, 0, 480, 60, 90]] * 1_000_000},
    {"added": [[0, 2**80, 480, 60, 90]]},
    {"removed": [[0, 99]]},
    {"tracks": [[None, 0, False]]},
    {"programs": [[0, 1, 2]]},
    {"delete everything": True},
    {"semitones": 1.5},
    {"semitones": 10**9},
    {"tempo": float("nan")},
    {"tempo": 1e308},
    {"feel": 7},
    {"feel": "swung"},
    {"mix": [[0, 7]]},
    {"mix": [[10**9, 7, 1]]},
    {"mix": [[0, 7, 90]] * 40_000},
    {"unlocked": [[0, 10**13, 1, 60, 80]]},
    {},
    [],
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_messages_end_in_two_sentences(piece, number):
    with pytest.raises(StudioError):
        options_of(piece, HOSTILE[number])


def test_a_name_that_is_no_text_is_written_as_far_as_it_is(piece):
    options = options_of(piece, {"tracks": [["\ud800 Lead", 0, False]]})
    (*_, step) = edit(piece, options)
    assert step.piece.score.tracks[-1].name == "? Lead"


def test_words_of_a_page_are_not_believed(piece):
    options = options_of(piece, {"removed": [[0, 0]], "words": "wrote a symphony"})
    assert options.words == "removed 1 note in bar 1"
    with pytest.raises(StudioError, match="letters"):
        EditOptions(words="x" * 1000)


def test_the_command_line_does_it_again(piece, tmp_path, capsys):
    source, recipe = tmp_path / "in.mid", tmp_path / "mended.recipe.json"
    source.write_bytes(midi_bytes(piece))
    piece = read_midi(source)
    (*_, step) = edit(piece, options_of(piece, {"changed": [change(3, 60, pitch=5)]}))
    recipe.write_text(json.dumps(step.piece.history[-1]))
    out = tmp_path / "out.mid"
    assert main(["edit", str(source), "--recipe", str(recipe), "--out", str(out)]) == 0
    again = read_midi(out)
    assert again.score.tracks[0].notes == step.piece.score.tracks[0].notes
    assert again.history[-1]["options"] == to_mapping(options_of(piece, {"changed": [change(3, 60, pitch=5)]}))
    assert main(["edit", str(out), "--recipe", str(recipe), "--out", str(tmp_path / "x.mid")]) == 2
    assert "another input" in capsys.readouterr().err


def test_the_command_line_changes_the_whole_song_by_flags(piece, tmp_path, capsys):
    source, out = tmp_path / "in.mid", tmp_path / "out.mid"
    source.write_bytes(midi_bytes(piece))
    flags = ["--transpose", "2", "--tempo", "90", "--instrument", "0=violin", "--level", "1=70", "--pan", "0=20"]
    assert main(["edit", str(source), *flags, "--out", str(out)]) == 0
    made = read_midi(out)
    told = "gave track 1 to Violin, up 2 semitones, tempo 90, One 69 % left, Kit level 70"
    assert describe_recipe(made.history[-1]) == told
    assert made.score.tracks[0].program == 40 and {note.pitch for note in made.score.tracks[0].notes} == {62}
    again = tmp_path / "again.mid"
    recipe = tmp_path / "out.recipe.json"
    assert main(["edit", str(source), "--recipe", str(recipe), "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    old = json.loads(recipe.read_text())  # as it was written before songs could be changed as a whole
    old["options"] = {"removed": [[0, 0]], "words": "removed 1 note in bar 1"}
    recipe.write_text(json.dumps(old))
    assert main(["edit", str(source), "--recipe", str(recipe), "--out", str(again)]) == 0
    for wrong in (
        [],
        ["--pan", "0"],
        ["--feel", "waltz"],
        ["--instrument", "0=drums"],
        ["--level", "7=1"],
        ["--tempo", "x"],
    ):
        capsys.readouterr()
        assert main(["edit", str(source), *wrong, "--out", str(out)]) == 2
        assert capsys.readouterr().err.count(".") >= 2
