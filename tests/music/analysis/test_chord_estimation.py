from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.analysis.chord_estimation import chords_at, estimate_chords
from music.chords import NO_CHORD, QUALITIES, Chord, ChordSpan, parse_chord, parse_progression

Q = 480
PROGRESSION = "C Am7 Dm7 G7 Em F Bdim E7 Am Fmaj7 Bm7b5 Abaug"


def score_of(*tracks: list[tuple[float, float, int]], time=(4, 4), drums: int | None = None) -> symusic.Score:
    """Returns a score of tracks of (onset, length, pitch) in quarters."""
    score = symusic.Score(Q)
    score.time_signatures.append(symusic.TimeSignature(0, *time))
    for number, notes in enumerate(tracks):
        track = symusic.Track("", 0, number == drums)
        for onset, length, pitch in notes:
            track.notes.append(symusic.Note(round(onset * Q), round(length * Q), pitch, 80))
        score.tracks.append(track)
    return score


def pitches(chord: Chord, low: int = 48) -> list[int]:
    """Returns the chord in close position above its bass, the bass at or above ``low``."""
    bass = low + (chord.bass - low) % 12
    return [bass, *sorted(bass + 1 + (tone - bass - 1) % 12 for tone in chord.tones if tone != chord.bass)]


def block(chords, length: float = 4) -> list[tuple[float, float, int]]:
    return [(length * n, length, pitch) for n, chord in enumerate(chords) for pitch in pitches(chord)]


def arpeggio(chords) -> list[tuple[float, float, int]]:
    notes = []
    for bar, chord in enumerate(chords):
        tones = pitches(chord)
        notes += [(4 * bar + n / 2, 0.5, tones[n % len(tones)]) for n in range(8)]
    return notes


def heard(score: symusic.Score, tracks=None) -> list[tuple[float, str]]:
    return [(span.start / Q, span.chord.name()) for span in estimate_chords(score, tracks)]


def bars(text: str) -> list[Chord]:
    return [chord for (chord,) in parse_progression(text)]


@pytest.mark.parametrize("shift", [0, 1, 6])
def test_block_chords_are_heard(shift):
    chords = [chord.transposed(shift) for chord in bars(PROGRESSION)]
    found = estimate_chords(score_of(block(chords)))
    assert found == [ChordSpan(4 * Q * n, 4 * Q * (n + 1), chord) for n, chord in enumerate(chords)]


def test_arpeggios_over_a_bass_are_heard():
    chords = bars(PROGRESSION)
    bass = [(4 * n, 4, 36 + chord.root) for n, chord in enumerate(chords)]
    found = heard(score_of(arpeggio(chords), bass))
    assert found == [(4 * n, chord.name()) for n, chord in enumerate(chords)]


def test_the_root_and_kind_of_bare_triads_in_arpeggios_are_heard():
    """Which note is lowest goes from beat to beat; the chord does not."""
    chords = bars("C Am Dm G Em F Bdim E")
    found = estimate_chords(score_of(arpeggio(chords)))
    starts = np.arange(4 * len(chords)) * Q
    kinds = [(chord.root, chord.quality) for chord in chords_at(found, starts)]
    assert kinds == [(chord.root, chord.quality) for chord in chords for _ in range(4)]


@given(st.integers(0, 11), st.sampled_from(["", "m", "7", "maj7", "m7", "aug"]), st.integers(0, 3))
def test_an_inversion_has_its_own_bass(root, quality, place):
    tones = QUALITIES[quality]
    chord = Chord(root, quality, (root + tones[place % len(tones)]) % 12)
    (found,) = estimate_chords(score_of(block([chord])))
    assert (found.start, found.end) == (0, 4 * Q)
    assert set(found.chord.tones) == set(chord.tones)
    assert found.chord.bass == chord.bass
    assert quality == "aug" or found.chord == chord  # C+ and E+ are the same notes


def test_a_passing_note_is_no_new_chord():
    chords = block(bars("C F"))
    melody = [(0, 1, 76), (1, 0.5, 74), (1.5, 0.5, 72), (2, 2, 79), (4, 1, 81), (5, 0.5, 79), (5.5, 2.5, 77)]
    assert heard(score_of(melody, chords)) == [(0, "C"), (4, "F")]


def test_two_chords_in_a_bar():
    assert heard(score_of(block(bars("C G Am F"), 2))) == [(0, "C"), (2, "G"), (4, "Am"), (6, "F")]


def test_bars_of_six_eighths_have_two_beats():
    notes = block(bars("Am E7 F C"), 1.5)
    assert heard(score_of(notes, time=(6, 8))) == [(0, "Am"), (1.5, "E7"), (3, "F"), (4.5, "C")]


def test_silence_has_no_chord():
    notes = [*((n, 4, pitch) for n in (0, 12) for pitch in (48, 52, 55))]
    found = estimate_chords(score_of(notes))
    assert found == [ChordSpan(0, 4 * Q, parse_chord("C")), ChordSpan(12 * Q, 16 * Q, parse_chord("C"))]


@pytest.mark.parametrize("score", [symusic.Score(Q), score_of([]), score_of([(0, 4, 36), (2, 4, 43)], drums=0)])
def test_nothing_that_is_pitched_is_heard_as_nothing(score):
    assert estimate_chords(score) == []


def test_drums_and_tracks_left_out_are_not_heard():
    chords, noise = block(bars("C F G C")), [(n / 2, 0.5, 37 + n % 7) for n in range(32)]
    clean = heard(score_of(chords))
    assert heard(score_of(noise, chords, drums=0)) == clean
    assert heard(score_of(noise, chords), [1]) == clean
    assert heard(score_of(noise, chords)) != clean


def test_chords_at_ticks():
    spans = [
        ChordSpan(0, 10, parse_chord("C")),
        ChordSpan(10, 20, parse_chord("F")),
        ChordSpan(30, 40, parse_chord("G")),
    ]
    found = chords_at(spans, np.array([0, 9, 10, 19, 20, 29, 30, 39, 40, 1000]))
    assert [chord.name() for chord in found] == ["C", "C", "F", "F", *["N.C."] * 2, "G", "G", *["N.C."] * 2]
    assert chords_at(spans[1:], np.array([5])) == [NO_CHORD]
    assert chords_at([], np.array([0, 5])) == [NO_CHORD] * 2


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(0, 127)), min_size=1, max_size=30),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8)]),
)
def test_spans_are_in_order_and_within_the_piece(notes, time):
    score = score_of([(onset / 4, length / 4, pitch) for onset, length, pitch in notes], time=time)
    spans = estimate_chords(score)
    end = max(note.end for note in score.tracks[0].notes)
    assert spans, "something sounds"
    assert all(span.start < span.end for span in spans)
    assert all(one.end <= other.start for one, other in zip(spans, spans[1:], strict=False))
    assert all(one.chord != other.chord or one.end < other.start for one, other in zip(spans, spans[1:], strict=False))
    assert spans[-1].end < end + Q  # the beat in which it ends
    assert NO_CHORD not in [span.chord for span in spans]
