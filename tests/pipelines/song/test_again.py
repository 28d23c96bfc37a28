"""One section of a song written again, or kept as it was: nothing else changes, and words stay sung."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from functools import cache

import pytest
import symusic

from music.bars import bar_grid
from music.chord_symbols.bars import bar_texts
from music.errors import StudioError
from music.piece import Piece
from music.words.events import read_words
from pipelines.edit import edit
from pipelines.locks import notes_at
from pipelines.options.edit import EditOptions
from pipelines.options.values import to_mapping
from pipelines.rearrange import Form
from pipelines.song.again import write_again
from pipelines.song.again_options import AgainOptions, check_unlocked
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import Brief
from pipelines.song.harmony import write_harmony
from pipelines.song.kept import keep_section
from pipelines.song.kept_options import kept_section
from pipelines.song.mix import mix
from pipelines.song.optional_stages import WordsOptions
from pipelines.song.plan import Plan, SectionsOptions, Stage, ThemeOptions
from pipelines.song.replanning import with_changes_by_hand
from pipelines.song.words import write_words
from tests.pipelines.song.song_checks import notes_of, tunes

SECTION = 1
LYRICS = "[Verse 1]\nOh my love remember me\n\n[Chorus]\nSing with me the song of rain\n\n[Verse 2]\nAll the way I think of you"


@cache
def song() -> Piece:
    """A, B, A of four bars with a bass, mixed and sung."""
    theme = ThemeOptions(sections=("A", "B"), bars=4, drafts=2, lines=())
    piece = tunes("A B A").replace(history=({"pipeline": "theme", "options": to_mapping(theme)},))
    for stage, options in (
        (write_harmony, HarmonyOptions(style="bass", seed=3)),
        (mix, MixOptions(seed=4)),
        (write_words, WordsOptions(text=LYRICS)),
    ):
        (*_, step) = stage(piece, options)
        piece = step.piece
    return piece


@cache
def again(seed: int = 5) -> Piece:
    (*_, step) = write_again(song(), AgainOptions(SECTION, "wrote B again", seed))
    return step.piece


def edges(piece: Piece, number: int = SECTION) -> tuple[int, int]:
    part, bars = Form(piece.score).sections[number], bar_grid(piece.score)
    return bars[part.first].start, bars[part.last - 1].end


def outside(track, start: int, end: int) -> list[tuple[int, ...]]:
    return [*notes_of(track, 0, start), *notes_of(track, end)]


def sung(piece: Piece) -> str:
    return " ".join(each.text for each in read_words(piece.score.tracks[0].lyrics) if not each.is_held)


def test_a_section_gets_another_melody_and_all_else_stays():
    before, after = song(), again()
    start, end = edges(before)
    for was, now in zip(before.score.tracks, after.score.tracks, strict=True):
        assert outside(was, start, end) == outside(now, start, end) and list(was.controls) == list(now.controls)
        assert notes_of(was, start, end) != notes_of(now, start, end)
    assert [note.pitch for note in after.score.tracks[0].notes] != [note.pitch for note in before.score.tracks[0].notes]
    assert after.history[-1]["options"]["words"] == "wrote B again"


def test_its_words_are_set_to_the_new_melody():
    before, after = song(), again()
    assert sung(after) == sung(before) and after.lyrics == before.lyrics
    starts = {note.time for note in after.score.tracks[0].notes}
    assert all(event.time in starts for event in after.score.tracks[0].lyrics)


def test_what_is_not_composed_or_has_no_melody_is_refused():
    with pytest.raises(StudioError, match="how it was composed"):
        list(write_again(tunes(), AgainOptions(0)))
    with pytest.raises(StudioError, match="no melody"):
        list(write_again(song(), AgainOptions(9)))


def test_a_section_with_locked_notes_is_not_written_again():
    start, end = edges(song())
    inside = next(n for n, note in enumerate(song().score.tracks[0].notes) if start <= note.time < end)
    for place, refused in (((0, inside), True), ((0, 0), False)):
        (*_, step) = edit(song(), EditOptions(locked=notes_at(song(), [place])))
        with pytest.raises(StudioError, match="locked notes") if refused else nullcontext():
            check_unlocked(step.piece, SECTION)
        if refused:
            with pytest.raises(StudioError, match="locked notes"):
                next(write_again(step.piece, AgainOptions(SECTION)))


def test_a_locked_section_comes_back_note_for_note():
    before, other = song(), again()
    kept = kept_section(before, SECTION)
    assert kept.words == "kept B"
    (*_, step) = keep_section(other, kept)
    assert not step.remarks
    assert [list(track.notes) for track in step.piece.score.tracks] == [
        list(track.notes) for track in before.score.tracks
    ]
    assert [(event.time, event.text) for event in step.piece.score.tracks[0].lyrics] == [
        (event.time, event.text) for event in before.score.tracks[0].lyrics
    ]
    assert kept_section(step.piece, SECTION) == kept


def test_a_kept_note_that_rings_on_ends_where_its_key_is_struck_again():
    piece, (start, end) = tunes("A B A"), edges(tunes("A B A"))
    kept = dataclasses.replace(
        kept_section(piece, SECTION), notes=((0, 0, end - start + 960, 60, 80), (0, 0, end - start + 960, 61, 80))
    )
    other = piece.score.copy()
    other.tracks[0].notes = [symusic.Note(end + 480, 480, 60, 70), symusic.Note(end, 240, 62, 70)]
    (*_, step) = keep_section(piece.replace(score=other), kept)
    ends = {note.pitch: note.end for note in step.piece.score.tracks[0].notes if note.time == start}
    assert ends == {60: end + 480, 61: end + 960} and len(step.piece.score.tracks[0].notes) == 4


def test_a_trio_that_is_written_again_keeps_its_chords_in_its_key():
    theme = ThemeOptions(sections=("A", "Trio"), bars=4, drafts=1, lines=())
    piece = tunes("A Trio A").replace(history=({"pipeline": "theme", "options": to_mapping(theme)},))
    (*_, step) = write_harmony(piece, HarmonyOptions(style="bass", chords=(("C",), ("N.C.", "G7")), seed=3))
    (*_, later) = write_again(step.piece, AgainOptions(SECTION))
    assert set(bar_texts(step.piece.score)[4:8]) == {"F", "N.C. C7"}
    assert bar_texts(later.piece.score) == bar_texts(step.piece.score)


def test_a_locked_section_that_has_no_place_any_more_is_told_of():
    (*_, step) = keep_section(tunes("A C"), kept_section(song(), SECTION))
    assert "no place" in step.remarks[0] and step.piece.score.tracks[0].notes == tunes("A C").score.tracks[0].notes


def test_changes_by_hand_follow_a_re_roll_unless_bars_stand_elsewhere():
    locked = kept_section(song(), SECTION)
    hand = [Stage("again", AgainOptions(1)), Stage("kept", kept_section(song(), 0)), Stage("again", AgainOptions(2))]
    was = Plan(Brief(), (Stage("theme", ThemeOptions()), Stage("sections", SectionsOptions()), *hand))
    plan, whole = with_changes_by_hand(was.with_options(0, seed=9), was, 0, [locked])
    assert whole and [stage.pipeline for stage in plan.stages[2:]] == ["again", "again", "kept"]
    assert plan.stages[-1].options == locked  # the lock of an earlier re-roll is gone
    plan, whole = with_changes_by_hand(was.with_options(1, intro_bars=4), was, 1)
    assert not whole and len(plan.stages) == 2
