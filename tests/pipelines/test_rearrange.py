"""The form of a song changed: told in words that a musician uses, refused where it makes no sense, done again by its recipe."""

from __future__ import annotations

import pytest

from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.form import sections, with_sections
from pipelines.__main__ import main
from pipelines.edit import edit
from pipelines.locks import locked_notes, notes_at
from pipelines.options.edit import EditOptions
from pipelines.rearrange import Form, rearrange
from studio.projects.history import describe_recipe
from tests.pipelines.song.song_checks import tunes

NAMES = ["Intro", "Verse", "Chorus", "Verse", "Chorus", "Bridge", "Ending"]


@pytest.fixture(scope="module")
def song():
    """Sections of eight bars, but for an intro and an ending of two and a bridge of three."""
    piece = tunes("A B C D E", bars=8)
    starts = [0, 2, 10, 18, 26, 34, 38]
    return piece.replace(score=with_sections(piece.score, [(bar * 1920, name) for bar, name in zip(starts, NAMES)]))


def form_of(piece):
    return [section.name for section in sections(piece.score)]


@pytest.mark.parametrize(
    ("act", "words", "form"),
    [
        (lambda f: f.moved(4, 1), "moved the second Chorus before the first Verse", "Intro Chorus Verse Chorus Verse Bridge Ending"),
        (lambda f: f.moved(1, 2), "moved the first Verse after the first Chorus", "Intro Chorus Verse Verse Chorus Bridge Ending"),
        (lambda f: f.repeated(2), "repeated the first Chorus", "Intro Verse Chorus Chorus Verse Chorus Bridge Ending"),
        (lambda f: f.removed(5), "removed the Bridge", "Intro Verse Chorus Verse Chorus Ending"),
        (lambda f: f.removed(0), "removed the Intro", "Verse Chorus Verse Chorus Bridge Ending"),
        (lambda f: f.longer(1), "made the first Verse 4 bars longer", " ".join(NAMES)),
        (lambda f: f.shorter(1), "made the first Verse 4 bars shorter", " ".join(NAMES)),
    ],
)  # fmt: skip
def test_what_is_done_is_told(song, act, words, form):
    options = act(Form(song.score))
    (*_, step) = rearrange(song, options)
    assert options.words == words == describe_recipe(step.piece.history[-1])
    assert form_of(step.piece) == form.split()


def test_a_shorter_section_keeps_its_close_and_a_longer_one_begins_twice(song):
    form = Form(song.score)
    melody = [(note.time // 1920, note.pitch) for note in song.score.tracks[0].notes]
    (*_, shorter), (*_, longer) = (rearrange(song, options) for options in (form.shorter(1), form.longer(1)))
    now = [(note.time // 1920, note.pitch) for note in shorter.piece.score.tracks[0].notes]
    assert now == [(bar if bar < 2 else bar - 4, pitch) for bar, pitch in melody if not 2 <= bar < 6]
    now = [(note.time // 1920, note.pitch) for note in longer.piece.score.tracks[0].notes]
    assert [pitch for bar, pitch in now if 2 <= bar < 6] == [pitch for bar, pitch in now if 6 <= bar < 10]


@pytest.mark.parametrize(
    "act",
    [
        lambda f: f.moved(0, 1), lambda f: f.moved(1, 6), lambda f: f.moved(1, 1), lambda f: f.moved(1, 99),
        lambda f: f.repeated(6), lambda f: f.removed(6), lambda f: f.longer(99), lambda f: f.removed(-1),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(song, act):
    with pytest.raises(StudioError):
        act(Form(song.score))


def test_the_command_line_moves_a_section_and_does_it_again(song, tmp_path):
    source, out, again = (tmp_path / name for name in ("in.mid", "out.mid", "again.mid"))
    source.write_bytes(midi_bytes(song))
    assert main(["rearrange", str(source), "--move", "6=2", "--out", str(out)]) == 0
    assert form_of(read_midi(out))[:3] == ["Intro", "Bridge", "Verse"]
    recipe = str(tmp_path / "out.recipe.json")
    assert main(["rearrange", str(source), "--recipe", recipe, "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    assert main(["rearrange", str(source), "--remove", "7", "--out", str(again)]) == 2


def test_locked_notes_go_where_their_section_goes(song):
    places = tuple((0, n) for n, note in enumerate(song.score.tracks[0].notes) if 10 <= note.time // 1920 < 18)
    (*_, step) = edit(song, EditOptions(locked=notes_at(song, places)))
    form = Form(step.piece.score)
    pitches = [note.pitch for note in notes_of(song, places)]
    for act, times in ((form.moved(2, 1), 1), (form.repeated(2), 2), (form.removed(2), 0)):
        (*_, moved) = rearrange(step.piece, act)
        assert [note.pitch for note in notes_of(moved.piece, locked_notes(moved.piece))] == times * pitches


def notes_of(piece, places):
    return [piece.score.tracks[track].notes[note] for track, note in places]
