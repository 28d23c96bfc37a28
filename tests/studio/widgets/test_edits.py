"""What comes of edits on the roll: a take like any other, with undo, history and replay; the browser is played by a button."""

from __future__ import annotations

import pytest
import streamlit as st
import symusic

from music.piece import Piece
from pipelines.locks import locked_notes
from pipelines.options.edit import EditOptions
from studio.projects.history import history
from studio.projects.project import project_bytes, read_project
from studio.widgets.player import player as player_file
from studio.widgets.start import summary
from tests.studio.visitor import control, press, small_midi, song_of, until_written

PAGES = ["generate", "remix", "harmonize", "compose", "audio", "songs"]


class Browser:
    """What the script of the player would show and send."""

    def __init__(self) -> None:
        self.data = None
        self.message = None

    def component(self, *, key, data, on_edit_change, **_):
        self.data = data
        st.button("Keep", key=f"keep in {key}", on_click=on_edit_change)

    def keep(self, page, **edits):
        """Sends edits of the piece that is shown; returns the page then."""
        edit = self.data["edit"]
        self.message = {"piece": edit["id"], "serial": edit["answered"] + 1, "edits": edits}
        return press(page, "Keep")


@pytest.fixture
def browser(monkeypatch) -> Browser:
    made = Browser()
    monkeypatch.setattr(player_file, "_component", lambda: made.component)
    monkeypatch.setattr(player_file, "component_value", lambda key, name: made.message if name == "edit" else None)
    return made


@pytest.fixture
def waltz(page, browser):
    """The Remix page with six quarters for the flute."""
    page.switch_page("studio/pages/remix.py").run()
    page.file_uploader[0].upload("waltz.mid", small_midi(), "audio/midi").run()
    return page


def pitches(piece):
    return [note.pitch for note in piece.score.tracks[0].notes]


KEYED = {"pipeline": "harmonize", "key": "A minor", "options": {}}
UP = {"changed": [[0, 1, 480, 480, 65, 80]]}


def test_edits_are_a_take_that_undo_takes_back_like_a_model_s(waltz, browser):
    song = song_of(browser.keep(waltz, **UP))
    assert pitches(song.piece) == [60, 65, 67, 72, 67, 64]
    assert (song.take.label, song.take.detail) == ("Take 2", "transposed 1 note up 1 in bar 1")
    assert song.other == ("Before", song.takes[0].pieces[0])
    control(waltz, "remix seed").set_value(1)
    control(waltz, "selected bars").set_value("2")
    until_written(press(waltz.run(), "Remix"))
    assert song.take.before is song.takes[1].pieces[0]
    browser.keep(waltz, removed=[[0, 0]])
    assert song.take.detail == "removed 1 note in bar 1"
    for expected in (4, 3, 2, 1):
        assert song.take.number == expected
        press(waltz, "Undo")
    press(waltz, "Redo")
    press(waltz, "Redo")
    assert pitches(song.piece)[1] == 65


def test_only_what_was_edited_is_marked_as_changed(waltz, browser):
    browser.keep(waltz, **UP)
    (*_, shown) = browser.data["pieces"]
    assert shown["tracks"][0]["changed"] == [0, 1, 0, 0, 0, 0]
    assert browser.data["edit"]["tracks"][0]["notes"][4:8] == [480, 480, 65, 80]


def test_locked_notes_are_part_of_the_take_and_told_to_the_models(waltz, browser):
    song = song_of(browser.keep(waltz, locked=[[0, 0, 480, 60, 80], [0, 960, 480, 67, 80]]))
    assert song.take.detail == "locked 2 notes in bar 1" and browser.data["edit"]["locked"] == [[0, 0], [0, 2]]
    assert browser.data["edit"]["key"] != browser.data["edit"]["id"] == song.takes[0].pieces[0].fingerprint
    assert browser.data["pieces"][-1]["tracks"][0]["changed"] is None
    assert any("2 locked notes stay" in caption.value for caption in waltz.caption)
    browser.keep(waltz, removed=[[0, 0]])
    assert "Unlock it first" in waltz.error[0].value and song.take.number == 2
    control(waltz, "remix seed").set_value(1)
    until_written(press(waltz.run(), "Remix"))
    assert song.take.options.lock_notes == ((0, 0), (0, 2))
    again = read_project(project_bytes(song.project))
    assert locked_notes(again.takes[1].pieces[0]) == ((0, 0), (0, 2))
    press(waltz, "Undo")
    waltz.switch_page("studio/pages/generate.py").run()
    control(waltz, "start").set_value("song")
    until_written(press(waltz.run(), "Generate"))
    assert song.take.options.lock_notes == ((0, 0), (0, 2))
    press(press(waltz, "Undo"), "Undo")
    assert song.take.number == 1 and browser.data["edit"]["locked"] == []


def test_it_stands_in_the_history_and_can_be_done_again(waltz, browser):
    song = song_of(browser.keep(waltz, **UP))
    (event,) = history(song.takes)[1].events
    assert event.words == song.take.detail and event.start is song.takes[0].pieces[0]
    again = read_project(project_bytes(song.project))
    assert again.takes[1].options == song.take.options and isinstance(song.take.options, EditOptions)
    assert again.piece.fingerprint == song.piece.fingerprint and again.piece.history == song.piece.history


def test_it_is_replayed_from_its_recipe(waltz, browser):
    song = song_of(browser.keep(waltz, **UP))
    waltz.switch_page("studio/pages/songs.py").run()
    replay = [button for button in waltz.button if button.label == "Replay"]
    assert len(replay) == 1  # what was opened needs none
    replay[0].click().run()
    until_written(waltz)
    assert song.take.number == 3 and song.piece.fingerprint == song.takes[1].pieces[0].fingerprint
    assert "the same notes" in history(song.takes)[2].events[0].verdict


def test_the_whole_song_is_changed_and_what_stands_over_it_follows(waltz, browser):
    song = song_of(browser.keep(waltz, **UP))
    assert browser.data["edit"]["song"]["beat"] == "♩"
    browser.keep(waltz, semitones=3, tempo=100, mix=[[0, 10, 0]])
    assert song.take.detail == "up 3 semitones, tempo 100, Lead 100 % left"
    assert any("100 BPM" in caption.value for caption in waltz.caption)
    (*_, shown) = browser.data["pieces"]
    assert shown["tracks"][0]["changed"] is None  # all of it moved: nothing is to be marked
    assert shown["tracks"][0]["mix"] == {"level": 100, "pan": 0, "reverb": 40}
    press(waltz, "Undo")
    assert pitches(song.piece) == [60, 65, 67, 72, 67, 64]


def test_a_key_that_was_asked_for_is_transposed_along():
    piece = Piece(
        symusic.Score(480), history=(KEYED, *({"pipeline": "edit", "options": {"semitones": n}} for n in (3, -1)))
    )
    piece.score.tracks.append(symusic.Track("Flute", 73, False))
    piece.score.tracks[0].notes.append(symusic.Note(0, 480, 72, 80))
    piece.score.time_signatures.append(symusic.TimeSignature(0, 6, 8))
    assert summary(piece).startswith("B minor · ♩. = 80 BPM · 6/8")


@pytest.mark.parametrize("name", PAGES)
def test_it_is_offered_wherever_the_song_in_progress_is_shown(waltz, browser, name):
    song = song_of(waltz)
    waltz.switch_page(f"studio/pages/{name}.py").run()
    browser.keep(waltz, **UP)
    assert song.take.number == 2 and browser.data["edit"]["id"] == song.piece.fingerprint


@pytest.mark.parametrize(
    "edits",
    [
        {"changed": [[0, 0, float("nan"), 480, 60, 90]]},
        {"added": [[0, -480, 480, 60, 90]]},
        {"added": [[0, 0, 480, 60, 90]] * 1_000_000},
        {"added": [[5, 0, 480, 60, 90]]},
        {"removed": [[0, n] for n in range(6)]},
        {"unknown": []},
        {},
    ],
)
def test_what_is_no_edit_is_refused_with_two_sentences_and_nothing_happens(waltz, browser, edits):
    song = song_of(browser.keep(waltz, **edits))
    assert len(song.takes) == 1
    (shown,) = [error.value for error in waltz.error]
    assert shown.count(".") >= 2 and browser.data["edit"]["answered"] == 1
    browser.keep(waltz, **UP)
    assert len(song.takes) == 2 and not waltz.error


@pytest.mark.parametrize("message", [{"piece": "another", "edits": UP, "serial": 3}, {"serial": []}, {}, [], "keep", 7])
def test_edits_of_another_piece_are_refused(waltz, browser, message):
    browser.message = message
    press(waltz, "Keep")
    assert "Another piece is shown" in waltz.error[0].value and len(song_of(waltz).takes) == 1
