from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music import edit
from music.bars import bar_grid, score_end


def score_of(*tracks: list[tuple[int, int, int, int]], drums: bool = False) -> symusic.Score:
    score = symusic.Score(480)
    for notes in tracks:
        track = symusic.Track("", 0, drums)
        track.notes = [symusic.Note(*note) for note in notes]
        score.tracks.append(track)
    return score


def notes_of(score: symusic.Score, track: int = 0) -> list[tuple[int, int, int, int]]:
    return [(n.time, n.duration, n.pitch, n.velocity) for n in score.tracks[track].notes]


NOTES = st.lists(
    st.tuples(st.integers(0, 8000), st.integers(1, 2000), st.integers(0, 127), st.integers(1, 127)), max_size=40
)


def test_transpose_moves_notes_and_key_signature_but_no_drums():
    score = score_of([(0, 480, 60, 90)])
    score.tracks.append(score_of([(0, 480, 36, 90)], drums=True).tracks[0])
    score.key_signatures = [symusic.KeySignature(0, 0, 1)]  # A minor
    higher = edit.transpose(score, 3)
    assert notes_of(higher) == [(0, 480, 63, 90)]
    assert notes_of(higher, 1) == [(0, 480, 36, 90)]
    assert (higher.key_signatures[0].key, higher.key_signatures[0].tonality) == (-3, 1)  # C minor
    assert notes_of(score) == [(0, 480, 60, 90)], "the input stays as it is"


@given(NOTES, st.integers(-130, 130))
def test_transposed_notes_keep_their_step_and_stay_in_range(notes, semitones):
    before = np.sort([(p + semitones) % 12 for _, _, p, _ in notes])
    after = [p for _, _, p, _ in notes_of(edit.transpose(score_of(notes), semitones))]
    assert all(0 <= p <= 127 for p in after)
    assert np.array_equal(before, np.sort([p % 12 for p in after]))


def test_slice_cuts_notes_and_carries_what_is_in_force():
    score = score_of([(0, 4000, 60, 90), (1920, 480, 62, 80), (3800, 400, 64, 70)])
    track = score.tracks[0]
    track.controls = [
        symusic.ControlChange(0, 7, 99),
        symusic.ControlChange(100, 7, 50),
        symusic.ControlChange(2000, 10, 1),
    ]
    track.pitch_bends = [symusic.PitchBend(10, 1000)]
    track.lyrics = [symusic.TextMeta(0, "no"), symusic.TextMeta(1920, "yes")]
    score.tempos = [symusic.Tempo(0, 90), symusic.Tempo(1000, 100), symusic.Tempo(5000, 10)]
    score.time_signatures = [symusic.TimeSignature(0, 4, 4)]
    second = edit.slice_bars(score, 1, 2)
    assert notes_of(second) == [(0, 480, 62, 80), (0, 1920, 60, 90), (1880, 40, 64, 70)]
    assert [(c.time, c.number, c.value) for c in second.tracks[0].controls] == [(0, 7, 50), (80, 10, 1)]
    assert [(b.time, b.value) for b in second.tracks[0].pitch_bends] == [(0, 1000)]
    assert [(x.time, x.text) for x in second.tracks[0].lyrics] == [(0, "yes")]
    assert [(t.time, round(t.qpm)) for t in second.tempos] == [(0, 100)]
    assert [(t.time, t.numerator) for t in second.time_signatures] == [(0, 4)]
    assert track.controls[1].time == 100 and score.tempos[1].time == 1000, "the input stays as it is"


@given(NOTES, st.integers(0, 6), st.integers(0, 6))
def test_slices_are_never_longer_than_their_bars(notes, first, length):
    part = edit.slice_bars(score_of(notes), first, first + length)
    assert score_end(part) <= length * 1920
    assert all(n[0] >= 0 and n[1] >= 1 for n in notes_of(part))


@given(NOTES, st.integers(1, 4))
def test_two_slices_hold_all_the_sound(notes, cut):
    score = score_of(notes)
    bars = len(bar_grid(score))
    parts = [edit.slice_bars(score, 0, cut), edit.slice_bars(score, cut, bars + 1)]
    assert sum(n[1] for n in notes) == sum(n[1] for part in parts for n in notes_of(part))


def test_merge_brings_the_other_score_to_the_same_grid():
    a, b = score_of([(0, 480, 60, 90)]), symusic.Score(960)
    b.tracks.append(symusic.Track("flute", 73, False))
    b.tracks[0].notes = [symusic.Note(960, 960, 72, 80)]
    b.tempos = [symusic.Tempo(0, 77)]
    both = edit.merge(a, b)
    assert notes_of(both, 1) == [(480, 480, 72, 80)]
    assert [t.name for t in both.tracks] == ["", "flute"]
    assert round(both.tempos[0].qpm) == 77 and len(a.tracks) == 1


@pytest.mark.parametrize("per_quarter", [4, 12, 7])
@given(notes=NOTES)
def test_quantized_notes_lie_on_the_grid_and_stay_there(per_quarter, notes):
    once = edit.quantize(score_of(notes), per_quarter)
    grid = {round(step * 480 / per_quarter) for step in range(25 * per_quarter)}
    for time, duration, _, _ in notes_of(once):
        assert time in grid and time + duration in grid and duration > 0
    assert notes_of(edit.quantize(once, per_quarter)) == notes_of(once)
    assert len(notes_of(once)) == len(notes)


@given(NOTES)
def test_after_trimming_no_pitch_overlaps_itself(notes):
    trimmed = notes_of(edit.trim_overlaps(score_of(notes)))
    assert {(t, p) for t, _, p, _ in trimmed} == {(t, p) for t, _, p, _ in notes}
    for pitch in {p for _, _, p, _ in trimmed}:
        own = sorted(n for n in trimmed if n[2] == pitch)
        assert all(a[0] + a[1] <= b[0] for a, b in zip(own, own[1:], strict=False))


@given(NOTES, st.integers(0, 9000))
def test_nothing_rings_on_after_a_cut(notes, tick):
    score = score_of(notes)
    score.tracks[0].controls = [symusic.ControlChange(0, 64, 127)]
    cut = edit.cut_after(score, tick)
    assert score_end(cut) <= tick
    assert len(notes_of(cut)) == sum(n[0] < tick for n in notes)
    if tick:
        assert cut.tracks[0].controls[-1].value == 0, "the pedal is up"


@given(NOTES, NOTES, st.sets(st.integers(0, 39)))
def test_graft_leaves_every_other_note_as_it_was(notes, new, remove):
    base = score_of(notes, notes)
    base.tracks[0].controls = [symusic.ControlChange(3, 7, 99)]
    base.tempos = [symusic.Tempo(5, 99.5)]
    remove = {(0, i) for i in remove if i < len(notes)}
    out = edit.graft(base, [(0, *note) for note in new], remove)
    kept = [n for i, n in enumerate(notes_of(base)) if (0, i) not in remove]
    assert sorted(notes_of(out)) == sorted(kept + new)
    assert notes_of(out, 1) == notes_of(base, 1) == notes, "an untouched track keeps even its order"
    assert out.tracks[0].controls == base.tracks[0].controls and out.tempos == base.tempos


def test_graft_onto_a_new_track():
    base = score_of([(0, 480, 60, 90)])
    wider = edit.add_track(base, 33, False, "bass")
    out = edit.graft(wider, [(1, 0, 240, 40, 100)])
    assert (out.tracks[1].name, out.tracks[1].program) == ("bass", 33)
    assert notes_of(out, 1) == [(0, 240, 40, 100)] and len(base.tracks) == 1


def test_bars_that_are_taken_out_keep_the_chord_they_are_in():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("Melody", 0))
    score.tracks[0].notes.extend([symusic.Note(1920 * bar, 1920, 60, 80) for bar in range(4)])
    score.markers.extend([symusic.TextMeta(t, m) for t, m in ((0, "chord: Am"), (960, "solo"), (3 * 1920, "chord: F"))])
    assert [(m.time, m.text) for m in edit.slice_bars(score, 1, 4).markers] == [
        (0, "chord: Am"),
        (2 * 1920, "chord: F"),
    ]
    assert [m.text for m in edit.slice_bars(score, 3, 4).markers] == ["chord: F"]
