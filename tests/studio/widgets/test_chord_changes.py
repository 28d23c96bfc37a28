"""Chords changed on the lane: a take like any other, on every page; the browser is played by a button."""

from __future__ import annotations

import pytest
import streamlit as st

from music.chord_symbols.bars import bar_texts
from music.files.midi import midi_bytes
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.song.plan import Plan
from studio.projects.history import history
from studio.projects.project import project_bytes, read_project
from studio.widgets import chord_changes
from studio.widgets.compose.prompt_field import TEXT
from studio.widgets.player import player as player_file
from tests.browser.apps import handmade
from tests.studio.visitor import press, song_of, until_written

PAGES = ["generate", "remix", "harmonize", "compose", "audio", "songs"]


class Browser:
    """What the script of the player would show and send."""

    def __init__(self) -> None:
        self.data = None
        self.message = None

    def component(self, *, key, data, on_chord_change, **_):
        if key == "player":
            self.data = data
            st.button("Apply the chord", key=f"apply in {key}", on_click=on_chord_change)

    @property
    def chords(self):
        """What the lane is told."""
        return self.data["chords"]

    def send(self, page, **message):
        """Sends a message about the piece that is shown; returns the page then."""
        self.message = {"piece": self.chords["id"], "serial": self.chords["answered"] + 1, **message}
        return press(page, "Apply the chord")


@pytest.fixture
def browser(monkeypatch) -> Browser:
    made = Browser()
    monkeypatch.setattr(player_file, "_component", lambda: made.component)
    monkeypatch.setattr(player_file, "component_value", lambda key, name: made.message if name == "chord" else None)
    return made


@pytest.fixture
def tune(page, browser):
    """The Remix page with eight bars for piano, bass and drums, without chord symbols."""
    page.switch_page("studio/pages/remix.py").run()
    page.file_uploader[0].upload("mine.mid", midi_bytes(handmade.piece()), "audio/midi").run()
    return page


def test_chords_are_heard_where_there_are_none_and_the_change_is_a_take(tune, browser):
    song = song_of(tune)
    before = song.piece
    assert browser.chords["heard"] is None and not browser.data["pieces"][-1]["chords"]
    browser.send(tune, show=True)
    assert len(browser.chords["heard"]) >= 8 and all(browser.chords["texts"])
    assert (
        read_project(project_bytes(song.project)).controls[chord_changes._SHOWN] is True
    )  # when it is opened again too
    browser.send(tune, bar=4, text="Am7")
    assert (song.take.label, song.take.detail, song.take.before) == ("Take 2", "changed bar 5 to Am7", before)
    assert bar_texts(song.piece.score)[4] == "Am7" and browser.chords["problem"] == ""
    assert any(bar == 4 and name == "Am7" for _, _, bar, _, name, _ in browser.data["pieces"][-1]["chords"])
    changed = browser.data["pieces"][-1]["tracks"][0]["changed"]
    assert 0 < sum(changed) <= 24
    press(tune, "Undo")
    assert song.piece is before


def test_what_is_no_chord_is_said_in_the_card_in_the_words_of_harmonize(tune, browser):
    song = song_of(tune)
    for text, words in (("H7", "'H7' is not a chord symbol"), ("", "There is no chord"), ("C | G", "room for one bar")):
        browser.send(tune, bar=0, text=text)
        assert words in browser.chords["problem"] and song.take.number == 1
    browser.send(tune, bar=0, text="C D E F G")
    assert "4 beats" in browser.chords["problem"]
    for message in ({"bar": 99, "text": "C"}, {"bar": "0", "text": "C"}, {"bar": 0, "text": 7}, {}):
        browser.send(tune, **message)
        assert "no such bar" in browser.chords["problem"]
    browser.send(tune, bar=1, text="Am / / F")
    assert bar_texts(song.piece.score)[1] == "Am / / F" and browser.chords["problem"] == ""


def test_harmonize_writes_the_bar_again_and_its_page_goes_on(tune, browser):
    tune.switch_page("studio/pages/harmonize.py").run()
    until_written(press(tune, "Harmonize"))
    song = song_of(tune)
    browser.send(tune, bar=2, text="Dm")
    until_written(tune)
    assert isinstance(song.take.options, ReharmonizeOptions) and song.take.options.style == "chords"
    assert bar_texts(song.piece.score)[2] == "Dm"
    assert any(field.label == "Only these bars" for field in tune.text_input)  # it is still a harmonization
    event = history(song.takes)[-1].events[-1]
    assert event.words.startswith("changed bar 3 to Dm")
    again = read_project(project_bytes(song.project))
    assert again.takes[-1].options == song.take.options and again.piece.history == song.piece.history


@pytest.mark.parametrize("name", PAGES)
def test_it_is_offered_wherever_the_song_in_progress_is_shown(tune, browser, name):
    song = song_of(tune)
    tune.switch_page(f"studio/pages/{name}.py").run()
    browser.send(tune, bar=0, text="F")
    assert song.take.number == 2 and browser.chords["id"] == song.piece.fingerprint


def test_another_piece_is_told(tune, browser):
    browser.send(tune, piece="another", bar=0, text="F")
    assert "Another piece" in browser.chords["problem"] and song_of(tune).take.number == 1


def test_a_composed_song_keeps_its_stages_and_gets_one_more(page, browser):
    page.switch_page("studio/pages/compose.py").run()
    song = song_of(page)
    song.controls[TEXT] = "a slow waltz for strings and piano, AABA, 15 seconds"
    until_written(press(page.run(), "Compose"))
    first = song.take
    browser.send(page, bar=2, text="Fmaj7")
    until_written(page)
    assert isinstance(song.take.options, Plan) and song.take.detail == "changed bar 3 to Fmaj7"
    assert [stage.pipeline for stage in song.take.options.stages][-2:] == ["mix", "chords"]
    assert song.take.stages[:4] == first.stages and bar_texts(song.piece.score)[2] == "Fmaj7"
    assert song.piece.score.tracks[0].notes == first.pieces[0].score.tracks[0].notes
    assert any("Changed bar 3 to Fmaj7" in caption.value for caption in page.caption)
    browser.send(page, bar=0, text="Am")
    until_written(page)
    assert bar_texts(song.piece.score)[:3:2] == ["Am", "Fmaj7"]
    song.controls["compose seed"] = 2
    next(button for button in page.button if button.key == f"re-roll {song.take.number} 3").click().run()
    until_written(page)
    assert bar_texts(song.piece.score)[:3:2] == ["Am", "Fmaj7"]  # what was set by hand follows a re-roll
