"""Chords as people type and paste them: sheets with words, tables, numbered lines, and other systems of names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from music.chords import read_chord_text
from music.errors import StudioError
from music.theory import parse_key

REPORTS = Path(__file__).parents[2] / "data" / "reports"


def bars(text: str, key: str | None = None) -> str:
    """Returns the chords of a text with lines between the bars."""
    return " | ".join(" ".join(bar) for bar in read_chord_text(text, 4, parse_key(key) if key else None).names)


def notes(text: str, key: str | None = None) -> str:
    return "; ".join(read_chord_text(text, 4, parse_key(key) if key else None).notes)


def refusal(text: str, key: str | None = None) -> str:
    with pytest.raises(StudioError) as refused:
        read_chord_text(text, 4, parse_key(key) if key else None)
    return str(refused.value)


def test_chords_over_words_give_their_chords_and_say_what_was_left_out():
    text = (REPORTS / "c2-ultimate-guitar.txt").read_text()
    twice = "D | A | Bm | G"
    assert bars(text) == f"{twice} | {twice} | D | A | Bm | G | {twice} | D | A | G | D | D"
    assert "Walking down the river" in notes(text)


def test_chordpro_gives_its_chords():
    assert bars((REPORTS / "c2-chordpro.txt").read_text()) == "D | A | Bm7 | G/B | D | A | Bm | G"
    grid = "{start_of_grid}\n| C . . . | G . Am . |\n{end_of_grid}\n[F]la [*softly]la [C G]la\n[Am] | [F] x2"
    assert bars(grid) == "C C C C | G G Am Am | F | C | G | Am | F | Am | F"
    assert refusal("[C]Twin[Fq7]kle").startswith("'Fq7'")


@pytest.mark.parametrize(
    ("text", "chords"),
    [
        ("| Bar | Chord |\n|---|---|\n| 1 | C |\n| 2 | Am7 |", "C | Am7"),
        ("Verse | C | Am |\nChorus | F | G |", "C | Am | F | G"),
        ("1. C Am\n2. F G", "C | Am | F | G"), ("1 C\n2 Am", "C | Am"), ("Bar 1: C\nBars 2-3: Am F", "C | Am | F"),
        ("Intro: C G (x2)\nAm", "C | G | C | G | Am"), ("[Intro] Am F C G", "Am | F | C | G"), ("C (let ring) G", "C | G"),
        ("e|--0--2--3--|\nB|--1--3--0--|\nC  G\nhello", "C | G"), ("- C\n- Am", "C | Am"), ("C G\r\n\r\nAm\r\n", "C | G | Am"),
        ("C* G* Am 2x", "C | G | Am | C | G | Am"), ("C; Am → F | G |]", "C Am F | G"),
        ("C#m7 B A\nIch weiss es nicht\nE B", "C#m7 | B | A | E | B"),
    ],
)  # fmt: skip
def test_lines_give_their_chords(text, chords):
    assert bars(text) == chords


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("C Am\nF Gx7", "Line 2: 'Gx7'"), ("[Verse]\nC  Am Hello", "Line 2: 'Hello'"), ("1: C\n2: Am\n3: Gx7", "Line 3: 'Gx7'"),
        ("[A]\nC G\n[Intro]\nD A", "Line 1: '[A]'"), ("C | Am | Fq\nG", "Line 1: 'Fq'"),
    ],
)  # fmt: skip
def test_the_line_that_is_none_is_named(text, named):
    assert refusal(text).startswith(named)


@pytest.mark.parametrize(
    ("text", "chords"),
    [
        ("G7 b9 | C", "G7(b9) | C"), ("Am, F, C7(#9,#5), G", "Am | F | C7#5#9 | G"), ("C7(#9, #5) F", "C7#5#9 | F"),
        ("C major 7 F", "Cmaj7 | F"),
        ("Em7 add9", "Em7(add9)"), ("Co omit5 G", "Co(omit5) | G"), ("N.C. C tacet", "N.C. | C | N.C."), ("C\\E Am*", "C/E | Am"),
        ("b7 e", "b7 | e"),
    ],
)  # fmt: skip
def test_what_belongs_to_a_chord_is_no_chord_of_its_own(text, chords):
    assert bars(text) == chords


def test_a_small_b_after_a_small_chord_may_be_either():
    assert "one meaning" in refusal("e b9") and "one meaning" in refusal("| am b5 |")


@pytest.mark.parametrize(
    ("text", "chords"),
    [
        ("B F C Hm", "Bb | F | C | Bm"), ("Hm Em H7", "Bm | Em | B7"), ("As-Dur Es7 B", "Ab | Eb7 | Bb"),
        ("fis-moll D-Dur G/H", "F#m | D | G/B"),
        ("Do Sol7 Lam Fa#m7", "C | G7 | Am | F#m7"), ("Dom7 Sol7 Do", "Cm7 | G7 | C"),
        ("Fa Sol\nLa mia casa e bella\nDo Sol", "F | G | C | G"),
    ],
)  # fmt: skip
def test_other_names_are_read_where_they_are_certain_and_that_is_said(text, chords):
    assert bars(text) == chords and "names are read by letters" in notes(text)


def test_b_is_b_without_any_german_chord():
    assert bars("B F# E") == "B | F# | E" and not notes("B F# E")


def test_a_lone_h_may_be_mistyped():
    assert refusal("Am H C") == "'H' is not a chord symbol. Write B for the German H, and Bb for a German B."


@pytest.mark.parametrize(
    ("text", "key", "chords"),
    [
        ("ii7 V7 Imaj7", "C", "Dm7 | G7 | Cmaj7"), ("ii7 V7 Imaj7", "Bb", "Cm7 | F7 | Bbmaj7"), ("I bVII IV I", "D", "D | C | G | D"),
        ("i iv V7 VI", "A minor", "Am | Dm | E7 | F"), ("i bVI bIII bVII", "C minor", "Cm | Ab | Eb | Bb"),
        ("V7/V V7 I", "C", "D7 | G7 | C"),
        ("iiø7 vii°7", "C", "Dm7b5 | Bdim7"), ("1 5 6- 4", "G", "G | D | Em | C"), ("1 4/6 5 1", "C", "C | F/A | G | C"),
        ("1 b7 4 1", "E", "E | D | A | E"), ("Key: A\nI IV V", None, "A | D | E"),
    ],
)  # fmt: skip
def test_steps_of_the_scale_are_read_in_the_key(text, key, chords):
    assert bars(text, key) == chords and "are read in" in notes(text, key)


@pytest.mark.parametrize(
    ("text", "key", "advice"),
    [
        ("ii7 V7", None, "Say the key"), ("1 5 6- 4", None, "say the key"), ("1 5 6 4", "G", "6-"), ("1- 4-", "A minor", "letters"),
        ("I6 V", "C", "C/E"), ("I V64", "C", "C/E"), ("I/E", "C", "letters"),
    ],
)  # fmt: skip
def test_steps_that_are_not_certain_are_refused_with_how_to_write_them(text, key, advice):
    assert advice in refusal(text, key)


def test_a_capo_is_not_heeded_and_that_is_said():
    for capo in ("Capo: 2", "Capo 3rd fret", "{capo: 1}"):
        assert capo in notes(f"{capo}\nC G")
    assert not notes("Capo: none\nC G")


@given(st.text("ABCDEFGHabgmnsu7|:/%x3 -\n()[]{}#.9ioVI♭△", max_size=30))
def test_any_text_is_chords_or_refused(text):
    try:
        found = read_chord_text(text, 4, parse_key("C"))
    except StudioError as refused:
        assert str(refused)
        return
    assert all(found.names)
    for bar in found.names:
        for name in bar:
            assert read_chord_text(f"| {name} |").names == ((name,),), "kept so that it reads alone"


@pytest.mark.parametrize(
    ("text", "chords"),
    [
        ("C /B Am /G", "C | C/B | Am | Am/G"), ("C -/B Am -/G", "C | C/B | Am | Am/G"), ("| C . /B . | Am |", "C C C/B C/B | Am"),
        ("Am/C /B", "Am/C | Am/B"), ("C6/9 /E", "C6/9 | C6/9/E"), ("C | /Bb | Am", "C | C/Bb | Am"),
        ("[C]La la [/B]la [Am]la", "C | C/B | Am"), ("C /B Am /G\nLa la la la\nF", "C | C/B | Am | Am/G | F"),
    ],
)  # fmt: skip
def test_a_bass_by_itself_stands_under_the_chord_before(text, chords):
    assert bars(text) == chords


def test_a_bass_without_a_chord_is_refused():
    assert refusal("/B C").startswith("'/B' is a bass for the chord before it, and there is none.")
    assert refusal("N.C. /B").startswith("'/B' is a bass")
