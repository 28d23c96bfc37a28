"""The form of a song changed on the bar of its sections: takes with their stages, and locks; the browser is played by a button."""

from __future__ import annotations

import pytest
import streamlit as st

from music.bars import bar_grid
from music.form import sections
from pipelines.rearrange import Form
from pipelines.song.plan import Plan
from studio.projects.history import history
from studio.projects.project import project_bytes, read_project
from studio.widgets import sampling
from studio.widgets.compose.prompt_field import TEXT
from studio.widgets.player import player as player_file
from tests.studio.visitor import press, song_of, until_written


class Browser:
    """What the script of the player would show and send."""

    def __init__(self) -> None:
        self.data = None
        self.message, self.kind = None, "section"

    def component(self, *, key, data, on_section_change, on_chord_change, **_):
        if key == "player":
            self.data = data
            st.button("Do it", key=f"do in {key}", on_click=on_section_change)
            st.button("Change the chord", key=f"chord in {key}", on_click=on_chord_change)

    @property
    def bar(self):
        """What the bar of sections is told."""
        return self.data["sections"]

    def actions(self, number):
        return [action for action, *_ in self.bar["sections"][number]["actions"]]

    def send(self, page, **message):
        """Sends a message about the piece that is shown; returns the page once its take is there."""
        self.message = {"piece": self.bar["id"], "serial": self.bar["answered"] + 1, **message}
        self.kind = "section"
        return until_written(press(page, "Do it"))

    def change_chord(self, page, **message):
        """Sends what the lane of chords would; returns the page once its take is there."""
        self.message = {"piece": self.bar["id"], "serial": self.data["chords"]["answered"] + 1, **message}
        self.kind = "chord"
        return until_written(press(page, "Change the chord"))


@pytest.fixture
def browser(monkeypatch) -> Browser:
    made = Browser()
    monkeypatch.setattr(player_file, "_component", lambda: made.component)
    monkeypatch.setattr(player_file, "component_value", lambda key, name: made.message if name == made.kind else None)
    return made


@pytest.fixture
def composed(page, browser):
    """The Compose page with a song whose form is ABCA, of four bars each or so."""
    page.switch_page("studio/pages/compose.py").run()
    song_of(page).controls[TEXT] = "a song for strings and piano, ABCA, 40 seconds"
    song_of(page).controls["compose seed"] = 3
    return until_written(press(page.run(), "Compose"))


def locks(browser):
    return [number for number, each in enumerate(browser.bar["sections"]) if each["locked"]]


def names(song):
    return [section.name for section in sections(song.piece.score)]


def section(piece, number):
    part, bars = Form(piece.score).sections[number], bar_grid(piece.score)
    start, end = bars[part.first].start, bars[part.last - 1].end
    return [
        [(n.time - start, n.duration, n.pitch, n.velocity) for n in track.notes if start <= n.time < end]
        for track in piece.score.tracks
    ]


def test_sections_are_moved_repeated_and_removed_as_takes_with_stages(composed, browser):
    song = song_of(composed)
    assert names(song) == ["A", "B", "C", "A"]
    third = section(song.piece, 2)
    browser.send(composed, action="move", section=2, to=0)
    assert names(song) == ["C", "A", "B", "A"] and section(song.piece, 0) == third
    assert song.take.detail == "moved C before the first A" and isinstance(song.take.options, Plan)
    browser.send(composed, action="repeat", section=0)
    browser.send(composed, action="remove", section=3)
    assert names(song) == ["C", "C", "A", "A"]
    assert [stage.pipeline for stage in song.take.options.stages][-3:] == ["arrangement"] * 3
    assert history(song.takes)[-1].events[-1].words == "removed B"
    again = read_project(project_bytes(song.project))
    assert again.takes[-1].options == song.take.options
    press(composed, "Undo")
    assert names(song) == ["C", "C", "A", "B", "A"]
    browser.send(composed, action="remove", section=99)
    assert "no such section" in browser.bar["problem"]
    for action in ("burn", ["remove"], {}, None):
        browser.send(composed, action=action, section=0)
        assert "cannot be done" in browser.bar["problem"]


def test_one_section_is_written_again_and_its_returns_are_not(composed, browser):
    song = song_of(composed)
    before = song.piece
    assert "Only this one" in {a: text for a, _, text in browser.bar["sections"][0]["actions"]}["again"]
    browser.send(composed, action="again", section=3)
    assert song.take.detail == "wrote the second A again"
    assert [section(song.piece, n) == section(before, n) for n in range(4)] == [True, True, True, False]


def test_a_locked_section_survives_re_rolls_note_for_note(composed, browser, monkeypatch):
    song = song_of(composed)
    another = song.take.options.brief.seed + 1  # any other would do, but toys sound alike at every twelfth
    monkeypatch.setattr(sampling, "drawn_seed", lambda: another)
    browser.send(composed, action="lock", section=1)
    assert song.take.number == 1 and browser.bar["sections"][1]["locked"]
    assert "again" not in browser.actions(1) and "unlock" in browser.actions(1)
    kept = section(song.piece, 1)
    for stage in (0, 2):
        next(button for button in composed.button if button.key == f"re-roll {song.take.number} {stage}").click().run()
        until_written(composed)
        assert section(song.piece, 1) == kept and "kept B" in song.take.detail
    assert [stage.pipeline for stage in song.take.options.stages].count("kept") == 1
    for action in ("remove", "longer", "shorter", "again"):  # a browser may say anything
        browser.send(composed, action=action, section=1)
        assert "is locked" in browser.bar["problem"]
    browser.send(composed, action="move", section=1, to=2)
    assert locks(browser) == [2]
    press(composed, "Undo")
    assert locks(browser) == [1]
    press(composed, "Redo")
    assert locks(browser) == [2]
    reopened = read_project(project_bytes(song.project))
    assert reopened.controls["locked sections"] == song.controls["locked sections"]
    browser.send(composed, action="unlock", section=2)
    next(button for button in composed.button if button.key == f"re-roll {song.take.number} 0").click().run()
    until_written(composed)
    assert section(song.piece, 2) != kept


def re_roll(page, song, stage):
    next(button for button in page.button if button.key == f"re-roll {song.take.number} {stage}").click().run()
    return until_written(page)


def test_an_unlocked_section_stays_so_in_what_is_made_of_it(composed, browser, monkeypatch):
    monkeypatch.setattr(sampling, "drawn_seed", iter(range(1, 99)).__next__)
    song = song_of(composed)
    browser.send(composed, action="lock", section=1)
    re_roll(composed, song, 2)
    browser.send(composed, action="again", section=2)
    assert locks(browser) == [1]
    browser.send(composed, action="unlock", section=1)
    again = len(song.take.options.stages) - 1
    re_roll(composed, song, again)  # after the stage that put the section back
    assert song.take.options.stages[again - 1].pipeline == "kept" and locks(browser) == []
    browser.send(composed, action="again", section=0)
    assert locks(browser) == []
    reopened = read_project(project_bytes(song.project))
    assert reopened.controls["locked sections"] == song.controls["locked sections"]
    assert repr(reopened.takes[-1].options) == repr(song.take.options)  # which is how it finds its locks


def test_other_pages_leave_a_locked_section_as_it_is(composed, browser):
    song = song_of(composed)
    browser.send(composed, action="lock", section=1)
    first = Form(song.piece.score).sections[1].first
    browser.change_chord(composed, bar=first, text="F")
    assert "is locked" in browser.data["chords"]["problem"] and song.take.number == 1
    browser.change_chord(composed, bar=first - 1, text="F")
    assert song.take.number == 2 and locks(browser) == [1]
    composed.switch_page("studio/pages/remix.py").run()
    assert any("B stays as it is" in caption.value for caption in composed.caption)
    until_written(press(composed, "Remix"))
    played = section(song.takes[1].pieces[0], 1)  # the toy model moves all, whatever it is told
    assert song.take.number == 3 and len(song.take.options.lock_notes) == sum(map(len, played)) > 0
    locked = Form(song.takes[1].pieces[0].score).sections[1]
    written = set(song.take.options.bars)  # no notes are added in its bars either
    assert written and written.isdisjoint(range(locked.first, locked.last))
