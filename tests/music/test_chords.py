from __future__ import annotations

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.bars import bar_grid
from music.chords import (
    CHORD_NUMBERS,
    MAX_BARS,
    MODEL_QUALITIES,
    NO_CHORD,
    QUALITIES,
    Chord,
    ChordSpan,
    beat_ticks,
    chord_spans,
    parse_chord,
    parse_progression,
    with_chords,
)
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from music.theory import ALL_KEYS, parse_key

PITCH_CLASSES = st.integers(0, 11)
CHORDS = st.builds(Chord, PITCH_CLASSES, st.sampled_from(list(QUALITIES)), PITCH_CLASSES)
MODEL_NAMES = list(QUALITIES)[:MODEL_QUALITIES]


@pytest.mark.parametrize(
    ("symbol", "root", "tones", "bass"),
    [
        ("C", 0, {0, 4, 7}, 0), ("Am", 9, {9, 0, 4}, 9), ("F#dim", 6, {6, 9, 0}, 6), ("Bb7", 10, {10, 2, 5, 8}, 10),
        ("Ebmaj7", 3, {3, 7, 10, 2}, 3), ("G7sus4", 7, {7, 0, 2, 5}, 7), ("Dm7b5", 2, {2, 5, 8, 0}, 2),
        ("C/E", 0, {0, 4, 7}, 4), ("Bb/D", 10, {10, 2, 5}, 2), ("Am/F#", 9, {9, 0, 4, 6}, 6), ("E5", 4, {4, 11}, 4),
        ("C6/9", 0, {0, 4, 7, 9, 2}, 0), ("C6/9/E", 0, {0, 4, 7, 9, 2}, 4), ("Cb", 11, {11, 3, 6}, 11),
        ("B#", 0, {0, 4, 7}, 0), ("Fbb", 3, {3, 7, 10}, 3),
    ],
)  # fmt: skip
def test_symbols_name_notes(symbol, root, tones, bass):
    chord = parse_chord(symbol)
    assert (chord.root, chord.bass) == (root, bass)
    assert set(chord.tones) == tones
    assert chord.tones[0] == root


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("am", "Am"), ("Amin", "Am"), ("A-", "Am"), ("A minor", "Am"), ("A:min", "Am"), ("b", "B"), ("bb", "Bb"),
        ("CΔ", "Cmaj7"), ("CΔ7", "Cmaj7"), ("CM7", "Cmaj7"), ("Cj7", "Cmaj7"), ("C major 7", "Cmaj7"),
        ("Cø", "Cm7b5"), ("Cø7", "Cm7b5"), ("Cm7(b5)", "Cm7b5"), ("C-7b5", "Cm7b5"),
        ("C°", "Cdim"), ("Co7", "Cdim7"), ("C°7", "Cdim7"), ("C+", "Caug"), ("Csus", "Csus4"), ("C7sus", "C7sus4"),
        ("C2", "Cadd9"), ("C69", "C6/9"), ("Cm(maj7)", "CmMaj7"), ("C7(b9)", "C7b9"), ("C7+9", "C7#9"), ("C7#5", "Caug7"),
        ("B♭", "Bb"), ("F♯m7", "F#m7"), (" C ", "C"), ("(C)", "C"), ("N.C.", "N.C."), ("nc", "N.C."), ("N", "N.C."),
    ],
)  # fmt: skip
def test_other_ways_to_write_a_chord(written, meant):
    assert parse_chord(written) == parse_chord(meant)


@pytest.mark.parametrize("symbol", ["H", "C7alt", "Xm", "C//E", "C/H", "Cmm", "7", "#", "", "C E"])
def test_what_is_no_chord_is_named(symbol):
    with pytest.raises(StudioError, match="is not a chord symbol") as refused:
        parse_chord(symbol)
    assert str(refused.value).startswith(f"'{symbol}' ")


@given(st.text(max_size=10))
def test_any_text_is_a_chord_or_refused_by_name(text):
    try:
        parse_chord(text)
    except StudioError as refused:
        assert f"'{text.strip()}'" in str(refused)


@given(CHORDS, st.sampled_from(ALL_KEYS))
def test_a_name_reads_as_the_chord_it_names_in_every_key(chord, key):
    assert parse_chord(chord.name(key)) == chord


def test_names_are_spelled_as_in_the_key():
    chord = Chord(1, "m7", 8)
    assert [chord.name(parse_key(key)) for key in ("Ab", "A")] == ["Dbm7/Ab", "C#m7/G#"]
    assert NO_CHORD.name() == "N.C." and parse_chord("N.C.") == NO_CHORD


@given(CHORDS, st.integers(-24, 24))
def test_a_chord_moves_with_all_its_notes(chord, semitones):
    moved = chord.transposed(semitones)
    assert moved.tones == tuple((tone + semitones) % 12 for tone in chord.tones)
    assert moved.transposed(-semitones) == chord


@given(st.integers(0, CHORD_NUMBERS - 2), PITCH_CLASSES)
def test_a_number_is_that_of_its_chord(number, bass):
    chord = Chord.numbered(number, bass)
    assert chord.number == number
    assert (chord.bass - chord.root) % 12 == bass


@given(PITCH_CLASSES, st.sampled_from(MODEL_NAMES), PITCH_CLASSES)
def test_models_tell_the_first_qualities_apart(root, quality, bass):
    chord = Chord(root, quality, bass)
    assert Chord.numbered(chord.number, (bass - root) % 12) == chord


def test_no_chord_has_the_last_number():
    assert NO_CHORD.number == CHORD_NUMBERS - 1
    assert Chord.numbered(CHORD_NUMBERS - 1) == NO_CHORD
    assert NO_CHORD.tones == ()


@pytest.mark.parametrize("quality", list(QUALITIES)[MODEL_QUALITIES:])
def test_other_qualities_are_read_as_a_plainer_one(quality):
    """What models see has the same root, third (or fourth) and no note that the chord lacks, altered fifths aside."""
    chord = Chord(7, quality)
    seen = Chord.numbered(chord.number)
    assert seen.root == 7 and seen.quality in MODEL_NAMES
    own = {(tone - 7) % 12 for tone in chord.tones}
    assert own & {3, 4, 5} >= {(tone - 7) % 12 for tone in seen.tones} & {3, 4, 5} != set()
    assert {(tone - 7) % 12 for tone in seen.tones} - own <= {7}


def names(text: str, beats_per_bar: int = 4) -> list[str]:
    return [" ".join(chord.name() for chord in bar) for bar in parse_progression(text, beats_per_bar)]


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("Am F C G", ["Am", "F", "C", "G"]),
        ("Am, F, C, G", ["Am", "F", "C", "G"]),
        ("Am - F – C", ["Am", "F", "C"]),
        ("Am | F G | C", ["Am", "F G", "C"]),
        ("| Am | F G | C ||", ["Am", "F G", "C"]),
        ("Am|F G|C", ["Am", "F G", "C"]),
        ("Am | F G\nC | Dm", ["Am", "F G", "C", "Dm"]),
        ("C/E Am/G", ["C/E", "Am/G"]),
        ("Am / / G", ["Am Am Am G"]),
        ("Am / / G C / F", ["Am Am Am G", "C C F"]),
        ("C . G . | F", ["C C G G", "F"]),
        ("Am | / | C /", ["Am", "Am", "C C"]),
        ("Am F | % | C", ["Am F", "Am F", "C"]),
        ("Am % % C", ["Am", "Am", "Am", "C"]),
        ("C N.C. F", ["C", "N.C.", "F"]),
        ("Am F x2", ["Am", "F", "Am", "F"]),
        ("Am | F | x2", ["Am", "F", "Am", "F"]),
        ("C |: Am | F :| G", ["C", "Am", "F", "Am", "F", "G"]),
        ("|: Am | F :| x3 | G", ["Am", "F", "Am", "F", "Am", "F", "G"]),
        ("Am | F :| G", ["Am", "F", "Am", "F", "G"]),
        ("|: C :| |: F :|", ["C", "C", "F", "F"]),
        ("", []),
        ("| |", []),
    ],
)
def test_progressions_as_musicians_type_them(text, bars):
    assert names(text) == bars


def test_slashes_without_bar_lines_fill_bars_of_the_signature():
    assert names("Am / / G / C", 3) == ["Am Am Am", "G G C"]


@pytest.mark.parametrize(
    ("text", "named"),
    [("Am H C", "'H'"), ("Am | F Gx | C", "'Gx'"), ("%", "'%'"), ("/ Am", "'/'"), ("| % | C", "'%'"), ("C | q :|", "'q'")],
)  # fmt: skip
def test_a_progression_that_cannot_be_read_gets_a_sentence_that_names_the_symbol(text, named):
    with pytest.raises(StudioError) as refused:
        parse_progression(text)
    assert str(refused.value).startswith(named)


@pytest.mark.parametrize("text", ["C x99999", "|: C | F :| x99999", "C | F | x4000"])
def test_a_progression_has_a_limit(text):
    try:
        assert len(parse_progression(text)) <= MAX_BARS
    except StudioError as refused:
        assert f"longer than {MAX_BARS} bars" in str(refused)


@given(st.text("ABCDEFGabm7|:/%x3 -\n()#.sud9×", max_size=24))
def test_any_text_is_a_progression_or_refused(text):
    try:
        bars = parse_progression(text)
    except StudioError:
        return
    assert all(bars), "no bar without a chord"


@given(st.lists(st.lists(CHORDS, min_size=1, max_size=4), min_size=1, max_size=6), st.sampled_from(ALL_KEYS))
def test_what_is_written_with_bar_lines_is_read_as_it_was(bars, key):
    text = "| " + " | ".join(" ".join(chord.name(key) for chord in bar) for bar in bars) + " |"
    assert parse_progression(text) == tuple(tuple(bar) for bar in bars)


@pytest.mark.parametrize(
    ("signature", "beats"),
    [((4, 4), 4), ((3, 4), 3), ((2, 2), 4), ((6, 8), 2), ((9, 8), 3), ((3, 8), 1), ((5, 8), 5), ((7, 8), 7), ((1, 4), 1)],
)  # fmt: skip
def test_beats_of_a_bar(signature, beats):
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    for bar in bar_grid(score, 480 * 30)[:3]:
        ticks = beat_ticks(bar, 480)
        assert len(ticks) == beats and ticks[0] == bar.start and ticks[-1] < bar.end


def tune(bars: int) -> symusic.Score:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("tune", 0, False))
    score.tracks[0].notes.append(symusic.Note(0, 1920 * bars, 72, 80))
    return score


def test_symbols_live_through_a_midi_file():
    spans = [
        ChordSpan(0, 960, parse_chord("Am7/G")),
        ChordSpan(960, 1920, parse_chord("F#m7b5")),
        ChordSpan(2880, 3840, parse_chord("Bb6/9")),
    ]
    score = with_chords(tune(2), spans, parse_key("C# minor"))
    score.markers.insert(0, symusic.TextMeta(0, "Verse"))
    read = read_midi(midi_bytes(Piece(score))).score
    assert chord_spans(read) == spans
    assert [marker.text for marker in read.markers] == [
        "Verse", "chord: Am7/G", "chord: F#m7b5", "chord: N.C.", "chord: A#6/9",
    ]  # fmt: skip


def test_new_symbols_take_the_place_of_the_old_ones_and_of_nothing_else():
    score = tune(2)
    score.markers = [symusic.TextMeta(0, "Verse"), symusic.TextMeta(5, "chord: C"), symusic.TextMeta(9, "chord: me?")]
    out = with_chords(score, [ChordSpan(0, 3840, parse_chord("G"))])
    assert [marker.text for marker in out.markers] == ["Verse", "chord: G"]
    assert [marker.text for marker in score.markers][1] == "chord: C", "the score that was given stays"


def test_markers_of_other_programs_are_no_chords():
    score = tune(2)
    score.markers = [
        symusic.TextMeta(0, "Am7"), symusic.TextMeta(480, "chord: what?"), symusic.TextMeta(960, "chord: F"),
    ]  # fmt: skip
    assert chord_spans(score) == [ChordSpan(960, 3840, parse_chord("F"))]
    assert chord_spans(score, 1000) == [ChordSpan(960, 1000, parse_chord("F"))]
    assert chord_spans(score, 960) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), CHORDS), max_size=6))
def test_spans_read_as_they_were_written(steps):
    """Gaps stay gaps; the same chord twice in a row is one."""
    spans, at = [], 0
    for gap, length, chord in steps:
        start, at = at + 480 * gap, at + 480 * (gap + length)
        if spans and spans[-1].end == start and spans[-1].chord == chord:
            spans[-1] = spans[-1]._replace(end=at)
        else:
            spans.append(ChordSpan(start, at, chord))
    assert chord_spans(with_chords(tune(1), spans), at) == spans
