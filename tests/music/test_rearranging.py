"""Another order of bars: what stays together stays as it was, bit for bit; words and lyrics go where their sections go."""

from __future__ import annotations

import pytest
import symusic

from music.bars import bar_grid
from music.chord_symbols.bars import bar_texts
from music.chords import ChordSpan, parse_chord, with_chords
from music.errors import StudioError
from music.form import sections, with_sections
from music.rearranging import FormPart, form_parts, lyrics_after, rearranged

BAR = 1920
LYRICS = ("[Verse 1]", "Red sky", "[Chorus]", "La la", "[Verse 2]", "Blue sea")


@pytest.fixture
def score() -> symusic.Score:
    """Verse, Chorus, Verse of two bars each, with a tempo that falls in the last, a pad that rings over each seam, and words."""
    score = symusic.Score(480)
    score.tempos = [symusic.Tempo(0, 100.0), symusic.Tempo(5 * BAR, 80.0)]
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    score.tracks.extend([symusic.Track("Melody", 73, False), symusic.Track("Pad", 89, False)])
    for bar in range(6):
        score.tracks[0].notes.append(symusic.Note(bar * BAR, 480, 60 + bar, 80))
    for section, words in enumerate((("Red ", "sky "), ("La ", "la "), ("Blue ", "sea "))):
        at = 2 * section * BAR
        score.tracks[0].lyrics.extend([symusic.TextMeta(at, "\r" + words[0]), symusic.TextMeta(at + BAR, words[1])])
        score.tracks[1].notes.append(symusic.Note(at + BAR, BAR + 240 * (section < 2), 50 + section, 60))
    score.tracks[1].controls.append(symusic.ControlChange(0, 7, 90))
    spans = [
        ChordSpan(n * BAR, (n + 1) * BAR, parse_chord(name)) for n, name in enumerate(("C", "G", "F", "G", "C", "G"))
    ]
    return with_sections(with_chords(score, spans), [(0, "Verse"), (2 * BAR, "Chorus"), (4 * BAR, "Verse")])


def order(score: symusic.Score, *numbers: int) -> symusic.Score:
    parts = form_parts(score)
    return rearranged(score, [parts[number] for number in numbers])


def test_a_piece_without_sections_has_none(score):
    assert form_parts(with_sections(score, [])) == []
    assert form_parts(with_sections(score, [(BAR, "Verse")])) == [FormPart("", 0, 1), FormPart("Verse", 1, 6)]


def test_the_same_order_is_the_same_score(score):
    again = order(score, 0, 1, 2)
    assert [list(track.notes) for track in again.tracks] == [list(track.notes) for track in score.tracks]
    assert [(m.time, m.text) for m in again.markers] == [(m.time, m.text) for m in score.markers]
    assert list(again.tempos) == list(score.tempos)
    assert list(again.tracks[1].controls) == list(score.tracks[1].controls)


def test_sections_go_with_their_notes_chords_tempi_and_words(score):
    moved = order(score, 2, 0, 1)
    assert [(section.name, section.start // BAR) for section in sections(moved, 6 * BAR)] == [
        ("Verse", 0),
        ("Verse", 2),
        ("Chorus", 4),
    ]
    assert [note.pitch for note in moved.tracks[0].notes] == [64, 65, 60, 61, 62, 63]
    assert [text.strip() for text in (event.text for event in moved.tracks[0].lyrics)][:2] == ["Blue", "sea"]
    assert bar_texts(moved) == ["C", "G", "C", "G", "F", "G"]
    assert [(tempo.time // BAR, round(tempo.qpm)) for tempo in moved.tempos] == [(0, 100), (1, 80), (2, 100)]
    ends = [note.end for note in moved.tracks[1].notes]
    assert ends == [2 * BAR, 4 * BAR + 240, 6 * BAR]  # Verse and Chorus stood together before, and still do


def test_a_phrase_may_come_twice_and_a_section_may_go(score):
    longer = rearranged(score, [FormPart("Verse", 0, 1), FormPart("", 0, 2), FormPart("Chorus", 2, 4)])
    assert len(bar_grid(longer)) == 5 and [note.pitch for note in longer.tracks[0].notes] == [60, 60, 61, 62, 63]
    assert [section.name for section in sections(longer)] == ["Verse", "Chorus"]


def test_lyrics_lose_only_what_is_not_sung_any_more(score):
    assert lyrics_after(LYRICS, score, order(score, 1, 0)) == ("[Verse 1]", "Red sky", "", "[Chorus]", "La la")
    assert lyrics_after(LYRICS, score, order(score, 0, 0, 1, 2)) == tuple(
        line for n, line in enumerate(LYRICS) for line in ([""] if n in (2, 4) else []) + [line]
    )
    assert lyrics_after(LYRICS, score, order(score, 0, 1, 2)) == LYRICS


@pytest.mark.parametrize("parts", [[], [FormPart("A", 0, 99)], [FormPart("A", 3, 3)], [FormPart("A", 0, 6)] * 300])
def test_what_is_no_order_is_refused(score, parts):
    with pytest.raises(StudioError):
        rearranged(score, parts)


@pytest.mark.parametrize("limit", ["MAX_NOTES", "MAX_EVENTS", "MAX_SECONDS", "MAX_TICK"])
def test_what_could_not_be_read_again_is_refused(score, monkeypatch, limit):
    most = {"MAX_NOTES": 17, "MAX_EVENTS": 50, "MAX_SECONDS": 20, "MAX_TICK": 11 * BAR}[limit]
    monkeypatch.setattr(f"music.rearranging.{limit}", most)
    order(score, 0, 1, 2)
    with pytest.raises(StudioError, match="too long"):
        order(score, 0, 1, 2, 0, 1, 2)


def test_a_score_that_marks_no_sections_has_no_parts(score):
    assert form_parts(with_sections(score, [])) == []
