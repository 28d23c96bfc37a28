"""Every way to write one chord: alterations, additions, omissions, signs, and the names of other countries and programs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from music.chord_symbols.grammar import in_degrees, read_suffix, steps_of
from music.chord_symbols.qualities import MODEL_QUALITIES, QUALITIES
from music.chords import NO_CHORD, Chord, ChordSpan, chord_spans, parse_chord, with_chords
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.notation.chord_symbols import KINDS, Degree, read_symbol
from music.notation.engrave import musicxml
from music.piece import Piece
from music.theory import ALL_KEYS
from tests.music.test_chords import tune

NOTES = {
    "C": 0,
    "Db": 1,
    "D": 2,
    "Eb": 3,
    "E": 4,
    "F": 5,
    "Gb": 6,
    "G": 7,
    "G#": 8,
    "A": 9,
    "Bb": 10,
    "B": 11,
    "F#": 6,
    "C#": 1,
}


def spelled(tones: str) -> set[int]:
    return {NOTES[name] for name in tones.split()}


@pytest.mark.parametrize(
    ("symbol", "tones"),
    [
        ("C7(#9,#5)", "C E G# Bb Eb"), ("C7#9#5", "C E G# Bb Eb"), ("C7 #9 #5", "C E G# Bb Eb"), ("C7+9+5", "C E G# Bb Eb"),
        ("A7+5", "A C# F G"), ("A7(+5)", "A C# F G"), ("Co omit5", "C Eb"), ("Cdim.", "C Eb Gb"), ("C13#11", "C E G Bb D F# A"),
        ("C7b9#11", "C E G Bb Db F#"), ("C7(b9/#11)", "C E G Bb Db F#"), ("C+maj7", "C E G# B"), ("C7sus4(b9)", "C F G Bb Db"),
        ("Cadd11", "C E G F"), ("Cadd4", "C E F G"), ("C(add9)", "C E G D"), ("C add 9", "C E G D"), ("Cmaj7/9", "C E G B D"),
        ("Cm/maj7", "C Eb G B"), ("Cm9b5", "C Eb Gb Bb D"), ("C-5", "C E Gb"), ("C(b5)", "C E Gb"), ("C(#5)", "C E G#"),
        ("C7(no3)", "C G Bb"), ("C7no5", "C E Bb"), ("C13b9", "C E G Bb Db A"), ("C6/9#11", "C E G A D F#"), ("Cm11b5", "C Eb Gb Bb D F"),
        ("C7M", "C E G B"), ("Cm7/11", "C Eb G Bb F"), ("C7(13)", "C E G Bb A"), ("Csus2sus4", "C D F G"),
        # signs that look alike
        ("C△9", "C E G B D"), ("C∆9", "C E G B D"), ("Cᵐᵃʲ⁷", "C E G B"), ("Cº7", "C Eb Gb A"), ("C⁰7", "C Eb Gb A"), ("C−7", "C Eb G Bb"),
        ("CØ7", "C Eb Gb Bb"), ("C♮7", "C E G Bb"), ("Ｃ７", "C E G Bb"), ("C7♯9", "C E G Bb Eb"), ("C7♭5♭9", "C E Gb Bb Db"),
        # iReal Pro and Harte
        ("C%7", "C Eb Gb Bb"), ("Ch7", "C Eb Gb Bb"), ("C^7", "C E G B"), ("C-^9", "C Eb G B D"), ("C^7#11", "C E G B F#"),
        ("C-b6", "C Eb G G#"), ("C7susadd3", "C F E G Bb"), ("C:min7", "C Eb G Bb"), ("C:hdim7", "C Eb Gb Bb"), ("C:minmaj7", "C Eb G B"),
        ("C:maj6(9)", "C E G A D"), ("C:sus4(b7,9)", "C F G Bb D"), ("C:maj7(*5)", "C E B"), ("C:(1,b3,5,b7)", "C Eb G Bb"),
        # other marks
        ("Am*", "A C E"), ("Am7..", "A C E G"), ("(C)", "C E G"), ("[C7]", "C E G Bb"), ("C flat", "B Eb Gb"), ("A sharp minor", "Bb Db F"),
        ("SOL7", "G B D F"), ("La-7", "A C E G"), ("Sib/Re", "Bb D F"), ("Do/Mi", "C E G"),
    ],
)  # fmt: skip
def test_one_symbol_is_one_chord(symbol, tones):
    assert set(parse_chord(symbol).tones) == spelled(tones)


@pytest.mark.parametrize(
    ("symbol", "bass"),
    [("Em7b5/Bb", 10), ("Am/G", 7), ("C\\E", 4), ("C6/9/E", 4), ("C:maj/3", 4), ("C:min7/b3", 3), ("C/5", 7), ("B♭△7/D", 2), ("(C)/E", 4)],
)  # fmt: skip
def test_the_bass_is_a_letter_or_a_degree(symbol, bass):
    assert parse_chord(symbol).bass == bass


@pytest.mark.parametrize("text", ["N.C.", "NC", "nc", "N", "tacet", "no chord"])
def test_no_chord(text):
    assert parse_chord(text) == NO_CHORD


@pytest.mark.parametrize(
    ("symbol", "advice"),
    [
        ("C4", "Csus4 or Cadd4"), ("Cmj7", "Cmaj7 or CmMaj7"),
        ("C7/4", "Csus4"), ("C+9", "C9#5 or Cadd9"), ("C(b9)", "C7b9"), ("C7alt", "C7#5#9"), ("C/7", "C7"),
        ("Hm", "Bm"), ("H7/D#", "B7/D#"), ("C/H", "C/B"), ("As-Dur", "Ab"), ("Es7", "Eb7"), ("fis-moll", "F#m"), ("B-Dur", "Bb"),
        ("Dom7", "Cm7"), ("Do7", "C7"), ("bVII", "key"), ("V7", "key"), ("4", "key"), ("6-", "key"), ("X", "Am"), ("C79", "Am"),
    ],
)  # fmt: skip
def test_what_has_several_meanings_is_refused_with_how_to_write_it(symbol, advice):
    with pytest.raises(StudioError, match="is not a chord symbol") as refused:
        parse_chord(symbol)
    assert str(refused.value).startswith(f"'{symbol}'") and advice in str(refused.value)


SUFFIXES = st.lists(
    st.sampled_from(
        ["", "m", "maj7", "7", "9", "13", "6", "dim", "ø", "sus4", "sus2", "+", "b5", "#5", "b9", "#9", "#11", "b13", "add9", "add11",
         "add13", "addb9",
          "no3", "no5", "-", "o7", "11", "(", ")", ",", "Δ", "6/9", "/9"]
    ),
    max_size=5,
).map("".join)  # fmt: skip


@given(SUFFIXES, st.integers(0, 11), st.integers(0, 11), st.sampled_from(ALL_KEYS))
def test_whatever_can_be_read_is_named_so_that_it_reads_the_same(suffix, root, bass, key):
    try:
        quality = parse_chord(f"C({suffix})").quality
    except StudioError:
        return
    chord = Chord(root, quality, bass)
    assert set(parse_chord(chord.name(key)).tones) == set(chord.tones) and parse_chord(chord.name(key)) == chord
    assert read_suffix(quality) == quality and steps_of(quality)[0] == 0


@given(SUFFIXES)
def test_models_see_the_nearest_plainer_chord(suffix):
    try:
        quality = parse_chord(f"C({suffix})").quality
    except StudioError:
        return
    seen, own = set(Chord.numbered(Chord(0, quality).number).tones), set(steps_of(quality))
    assert 0 in seen
    if 4 in own or 3 in own:
        assert (4 in seen) == (4 in own) and seen & {3, 4} <= own


@given(SUFFIXES)
def test_on_paper_a_chord_keeps_all_its_notes(suffix):
    try:
        quality = parse_chord(f"C({suffix})").quality
    except StudioError:
        return
    kind, degrees = KINDS[quality]
    read, exact = read_symbol(0, 0, kind, degrees, quality)
    assert exact and set(read.tones) == set(steps_of(quality))
    base, changes = in_degrees(quality)
    assert base in QUALITIES and all(isinstance(Degree(*change).value, int) for change in changes)


def test_rich_chords_live_through_files_and_paper():
    spans = [
        ChordSpan(0, 960, parse_chord("C7(#9,#5)")), ChordSpan(960, 1920, parse_chord("F(b5)/A")),
        ChordSpan(1920, 3840, parse_chord("Gm9b5")),
    ]  # fmt: skip
    piece = Piece(with_chords(tune(2), spans))
    assert chord_spans(read_midi(midi_bytes(piece)).score) == spans
    printed = musicxml(piece).decode()
    assert re.findall(r"<kind[^>]*text=\"([^\"]*)\"", printed) == ["7#5#9", "(b5)", "m9b5"]
    assert [span.chord for span in chord_spans(read_midi(printed.encode()).score)] == [span.chord for span in spans]


def test_the_first_qualities_are_those_of_the_models():
    assert list(QUALITIES)[:MODEL_QUALITIES] == [Chord.numbered(number).quality for number in range(MODEL_QUALITIES)]
