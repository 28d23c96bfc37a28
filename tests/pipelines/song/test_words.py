"""Words on a song: the melody gets a syllable a note, all else stays, and what does not fit is said."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
import symusic
from pypdf import PdfReader

from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.form import sections
from music.notation.engrave import musicxml, pdf, svg_pages
from music.piece import Piece
from music.words.events import lines_of, plain_text, read_words
from pipelines.compose import compose
from pipelines.song.brief import Brief
from pipelines.song.optional_stages import WordsOptions
from pipelines.song.plan import Plan, Stage, ThemeOptions
from pipelines.song.planning import plan_song
from pipelines.song.theme import write_theme
from pipelines.song.words import write_words
from tests.pipelines.song.song_checks import tunes, two_sentences
from tests.pipelines.song.toy_stages import plan_of, sung
from tests.pipelines.songs import band

LYRICS = """[Verse 1]
The last train home is leaving now
and I am on my way

[Chorus]
Remember me, oh glory be
sing with me tonight"""

SONG = sung(plan_of(Brief()))


def worded(song: Piece = SONG, text: str = LYRICS, **options):
    *_, step = write_words(song, WordsOptions(text=text, **options))
    return step


def said(piece: Piece, section: str, verse: int = 1) -> str:
    """Returns the lines that are sung in a section, with a stroke between."""
    here = next(each for each in sections(piece.score) if each.name == section)
    words = [each for each in read_words(piece.score.tracks[0].lyrics) if here.start <= each.time < here.end]
    return " / ".join(plain_text(line) for line in lines_of(words, verse))


def sounding(score: symusic.Score, track: int) -> set[tuple[int, int]]:
    return {(tick, note.pitch) for note in score.tracks[track].notes for tick in range(note.time, note.end)}


def test_verses_are_sung_in_verses_and_the_chorus_in_choruses():
    song = worded().piece
    assert said(song, "A") == "The last train home is leaving now / and I am on my way"
    assert said(song, "B") == "Remember me, oh glory be / sing with me tonight"
    assert said(song, "Ending") == ""
    assert "\n".join(song.lyrics) == LYRICS


def test_all_but_the_melody_s_rhythm_stays():
    song = worded().piece
    assert sounding(song.score, 0) == sounding(SONG.score, 0)
    for now, before in zip(song.score.tracks[1:], SONG.score.tracks[1:], strict=True):
        assert list(now.notes) == list(before.notes) and not len(now.lyrics)
    assert song.history[:-1] == SONG.history and song.history[-1]["pipeline"] == "words"


def test_other_words_on_the_same_song_leave_the_music_as_it_was():
    first, other = worded().piece, worded(text=LYRICS.replace("train", "bus")).piece
    assert said(other, "A").startswith("The last bus")
    assert sounding(first.score, 0) == sounding(other.score, 0)


def test_without_bending_no_note_is_touched():
    step = worded(bend=False)
    assert list(step.piece.score.tracks[0].notes) == list(SONG.score.tracks[0].notes)
    assert "Verse 1" in step.remarks[0] and two_sentences(step.remarks[0])


def test_a_verse_too_many_stands_below_the_first():
    step = worded(text=f"{LYRICS}\n\n[Verse 2]\nThe night is long")
    assert said(step.piece, "A", 2) == "The night is long" and said(step.piece, "A").startswith("The last train")
    assert "Verse 2 stands below" in step.remarks[0] and two_sentences(step.remarks[0])
    numbers = {(each.findtext("text"), each.get("number")) for each in _lyrics(step.piece)}
    assert {("last", "1"), ("long", "2")} <= numbers


def test_the_sheet_has_the_words_as_score_lead_sheet_and_pdf():
    song = worded().piece
    for view in ("score", "lead sheet"):
        page = "".join(svg_pages(song, view))
        assert all(f">{word}<" in page for word in ("leav", "ing", "glo", "way"))
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf(song, "lead sheet"))).pages)
    assert all(word in text for word in ("leav", "train", "night"))


def test_words_are_in_midi_and_musicxml():
    song = worded().piece
    assert read_midi(midi_bytes(song)).fingerprint == song.fingerprint
    assert said(read_midi(musicxml(song)), "B") == "Remember me, oh glory be / sing with me tonight"
    assert {(each.findtext("syllabic"), each.findtext("text")) for each in _lyrics(song)} >= {
        ("single", "train"), ("begin", "leav"), ("end", "ing"), ("middle", "mem"),
    }  # fmt: skip


def _lyrics(piece: Piece):
    return list(ElementTree.fromstring(musicxml(piece)).iter("lyric"))


def test_a_piece_without_sections_sings_from_its_beginning():
    song = worded(band(8), "Over the water, over the sea\n\nOver the ocean to thee").piece
    words = read_words(song.score.tracks[1].lyrics)
    assert plain_text(words).startswith("Over the water") and not any(each.text.startswith("la") for each in words)


@pytest.mark.parametrize(
    "text, heard",
    [
        ("שלום עולם\nאני כאן", "שלום עולם"),  # from right to left
        ("brrr hmm\npfff", "brrr hmm"),
        ("Sing 🎶 with me 🎉", "Sing with me"),
        ("こんにちは 世界", "こんにちは 世界"),
        ("la", "la"),
    ],
)
def test_strange_words_are_sung_as_well_as_they_can_be(text, heard):
    song = worded(text=text).piece
    assert said(song, "A").startswith(heard)
    assert read_midi(midi_bytes(song)).fingerprint == song.fingerprint and svg_pages(song)


@pytest.mark.parametrize("text", ["🎉🎉🎉\n😀", "!!! ---", "la la la\n" * 10_000, "x" * 100_000])
def test_what_cannot_be_sung_is_refused_in_two_sentences(text):
    with pytest.raises(StudioError) as error:
        WordsOptions(text=text)
    assert two_sentences(str(error.value))


@pytest.mark.parametrize("piece, text", [(Piece.empty(), LYRICS), (SONG, ""), (SONG, "[Verse 1]")])
def test_words_need_a_melody_and_a_melody_needs_words(piece, text):
    with pytest.raises(StudioError) as error:
        worded(piece, text)
    assert two_sentences(str(error.value))


def test_more_syllables_than_there_is_room_for_are_said():
    step = worded(text=" ".join(["remember"] * 120))
    assert "more syllables" in step.remarks[0] and two_sentences(step.remarks[0])


# ---- in a plan


def test_a_plan_with_lyrics_has_themes_for_their_lines_and_ends_with_the_words():
    plan = plan_song(Brief(lyrics=LYRICS, seconds=60.0))
    theme, words = plan.stages[0].options, plan.stages[-1]
    assert theme.lines[:2] == ("01110101/000001", "01001100/10001") and len(theme.lines) == len(theme.sections)
    assert words.pipeline == "words" and words.options.text == LYRICS
    assert all(stage.pipeline != "words" for stage in plan_song(Brief()).stages)


def test_words_that_are_to_be_written_have_lines_as_long_as_the_melody_is_planned_for():
    plan = plan_song(Brief(words="the last train home", moods=("sad",), seconds=90.0))
    theme, words = plan.stages[0].options, plan.stages[-1].options
    assert (words.text, words.about, words.mood) == ("", "the last train home", "sad")
    lines = theme.lines[0].split("/")
    assert len(lines) == words.lines and {len(line) for line in lines} == {words.syllables}


def test_a_song_of_verses_alone_has_as_many_sections():
    text = (
        "[Verse]\nall the night\nin the light\n\n[Verse]\nall the day\non my way\n\n[Verse]\nfar from here\nnever fear"
    )
    assert plan_song(Brief(lyrics=text, seconds=45.0)).stages[1].options.form[:3] == ("A", "A", "A")


@pytest.mark.usefixtures("random_models")
def test_a_theme_has_a_note_for_each_syllable_of_its_lines():
    options = ThemeOptions(sections=("A",), bars=4, lines=("01010101/010101",), drafts=2, checkpoint="random-generate")
    *_, step = write_theme(Piece.empty(), options)
    theme = step.piece.score.tracks[0].notes
    sung = worded(step.piece, "away away away away\naway away away", bend=False)
    assert len(theme) >= 14 and not sung.remarks


def test_lines_that_do_not_go_with_the_sections_are_refused():
    for lines in (("01",), ("01", "2x")):
        with pytest.raises(StudioError) as error:
            ThemeOptions(sections=("A", "B"), lines=lines)
        assert two_sentences(str(error.value))


def test_words_can_be_changed_while_all_before_them_stays():
    plan = Plan(Brief(), (Stage("words", WordsOptions(text=LYRICS)),))
    *_, first = compose(tunes(), plan)
    *_, second = compose(tunes(), plan.with_options(0, text="[Verse]\nOther words are here"))
    assert said(second.piece, "A") == "Other words are here"
    assert sounding(first.piece.score, 0) == sounding(second.piece.score, 0)
