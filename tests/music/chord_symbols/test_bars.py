from __future__ import annotations

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.chord_symbols.bars import bar_texts, in_text
from music.chords import NO_CHORD, QUALITIES, Chord, ChordSpan, parse_chord, parse_progression, with_chords
from music.theory import parse_key

Q = 480


def score(bars: int, signature: tuple[int, int] = (4, 4)) -> symusic.Score:
    """Returns a score of one note that fills so many bars."""
    made = symusic.Score(Q)
    made.time_signatures.append(symusic.TimeSignature(0, *signature))
    made.tracks.append(symusic.Track("tune", 0, False))
    made.tracks[0].notes.append(symusic.Note(0, bars * Q * 4 * signature[0] // signature[1], 60, 80))
    return made


def span(start: float, end: float, name: str) -> ChordSpan:
    return ChordSpan(round(start * Q), round(end * Q), parse_chord(name))


@pytest.mark.parametrize(
    ("signature", "spans", "texts"),
    [
        ((4, 4), [span(0, 4, "Am"), span(4, 8, "F")], ["Am", "F"]),
        ((4, 4), [span(0, 6, "C"), span(6, 8, "G7")], ["C", "C G7"]),
        ((4, 4), [span(0, 3, "C"), span(3, 8, "G")], ["C / / G", "G"]),
        ((4, 4), [span(0, 3.5, "C"), span(3.5, 8, "G")], ["C", "G"]),  # a push of an eighth
        ((4, 4), [span(0.25, 4, "C"), span(4, 8, "C")], ["C", "C"]),  # a late symbol
        ((4, 4), [span(4, 8, "C/E")], ["N.C.", "C/E"]),
        ((4, 4), [span(0, 2, "C"), span(6, 8, "G")], ["C N.C.", "N.C. G"]),
        ((3, 4), [span(0, 2, "C"), span(2, 6, "G")], ["C / G", "G"]),
        ((6, 8), [span(0, 1.5, "Dm"), span(1.5, 6, "A7")], ["Dm A7", "A7"]),
        ((4, 4), [], ["", ""]),
    ],
)
def test_bars_read_as_one_would_type_them(signature, spans, texts):
    assert bar_texts(with_chords(score(2, signature), spans)) == texts


def test_the_key_spells_the_symbols():
    symbols = with_chords(score(1), [span(0, 4, "Bb")])
    assert bar_texts(symbols, parse_key("F")) == ["Bb"] and bar_texts(symbols, parse_key("B")) == ["A#"]


chords = st.one_of(
    st.just(NO_CHORD), st.builds(Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.integers(0, 11))
)


@given(st.lists(chords, min_size=1, max_size=12))
def test_a_bar_as_text_is_read_back_as_the_same_chords(beats):
    [shared] = parse_progression(f"| {in_text(beats)} |")
    assert len(beats) % len(shared) == 0
    assert [shared[n * len(shared) // len(beats)] for n in range(len(beats))] == beats
