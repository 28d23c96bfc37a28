from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from music.files.midi import read_midi
from music.tokens.dialects import official
from music.tokens.official_octuple import SIGNATURES, decode, encode, from_tuples, signature_value, to_tuples
from tests.examples import examples
from tests.music.files import midi_builder as midi

DATA = Path(__file__).parents[2] / "data" / "musicbert"
quick = settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def original() -> dict:
    """What the authors' own code makes of the MIDI file beside it."""
    return json.loads((DATA / "octuple_public.json").read_text())


# The rules once more, from their description alone, one position after another.

PAIRS = [(j, 2**i) for i in range(7) for j in range(1, 2 * 2**i + 1)]
LENGTH_BINS = [16 * i + j for i in range(8) for j in range(16) for _ in range(2**i)]
LOWER_EDGES = [LENGTH_BINS.index(value) for value in range(128)]


def reduced(num: int, den: int) -> int:
    while den > 64 and den % 2 == num % 2 == 0:
        num, den = num // 2, den // 2
    while num > 2 * den:
        divisor = 2
        while num % divisor:
            divisor += 1
        num //= divisor
    return PAIRS.index((num, den))


def naive_tuples(score: symusic.Score) -> list[tuple[int, ...]]:
    def pos(tick: int) -> int:
        return round(16 * tick / score.ticks_per_quarter)

    notes = [(n, t) for t in score.tracks for n in t.notes if pos(n.time) < 65536]
    if not notes:
        return []
    last = max(pos(n.time) for n, _ in notes)
    signature_at, tempo_at = [9] * (last + 1), [35] * (last + 1)
    for sig in sorted(score.time_signatures, key=lambda s: s.time):
        for p in range(pos(sig.time), last + 1):
            signature_at[p] = reduced(sig.numerator, sig.denominator)
    for tempo in sorted(score.tempos, key=lambda t: t.time):
        for p in range(pos(tempo.time), last + 1):
            tempo_at[p] = round(12 * math.log2(min(max(tempo.qpm, 16), 256) / 16))
    places, bar, inside, room = [], 0, 0, 0
    for p in range(last + 1):
        if inside == 0:
            num, den = PAIRS[signature_at[p]]
            room = 64 * num // den
        places.append((bar, inside))
        inside += 1
        if inside == room:
            bar, inside = bar + 1, 0
    found = []
    for n, t in notes:
        p, length = pos(n.time), pos(n.time + n.duration) - pos(n.time)
        program, pitch = (128, n.pitch + 128) if t.is_drum else (t.program, n.pitch)
        width = LENGTH_BINS[length] if length < 4080 else 127
        found.append((*places[p], program, pitch, width, n.velocity // 4, signature_at[p], tempo_at[p]))
    return sorted(found)


def naive_decoded(notes: list[tuple[int, ...]]) -> dict[str, list]:
    starts, signatures = [0], []
    for bar in range(max(note[0] for note in notes) + 1):
        here = [note[6] for note in notes if note[0] == bar]
        if here:
            most = max(here.count(value) for value in here)
            signatures.append(next(value for value in set(here) if here.count(value) == most))
        else:
            signatures.append(signatures[-1] if signatures else 9)
        num, den = PAIRS[signatures[-1]]
        starts.append(starts[-1] + 64 * num // den)
    played, tempi = [], {}
    for bar, position, program, pitch, width, velocity, _, tempo in notes:
        at = starts[bar] + position
        tempi.setdefault(at, []).append(tempo)
        length = max(1, 30 * LOWER_EDGES[width])
        played.append([program, 30 * at, 30 * at + length, pitch % 128 if program == 128 else pitch, 4 * velocity + 2])
    tempo_changes, now = [], None
    for at in range(max(tempi) + 1):
        tempo = round(sum(tempi[at]) / len(tempi[at])) if at in tempi else now if at else 35
        if tempo != now:
            tempo_changes.append([30 * at, 16 * 2 ** (tempo / 12)])
        now = tempo
    changes = [
        [30 * starts[bar], *PAIRS[value]]
        for bar, value in enumerate(signatures)
        if bar == 0 or value != signatures[bar - 1]
    ]
    return {"notes": sorted(played), "tempi": tempo_changes, "signatures": changes}


def described(score: symusic.Score) -> dict[str, list]:
    """Returns a score in the form of ``naive_decoded``."""
    notes = [
        [128 if t.is_drum else t.program, n.start, n.end, n.pitch, n.velocity] for t in score.tracks for n in t.notes
    ]
    return {
        "notes": sorted(notes),
        "tempi": [[t.time, pytest.approx(t.qpm, abs=1e-3)] for t in score.tempos],
        "signatures": [[s.time, s.numerator, s.denominator] for s in score.time_signatures],
    }


@st.composite
def scores(draw):
    """Scores that nobody would write: odd resolutions, changes anywhere and twice, doubles, overlaps, no length."""
    score = symusic.Score(draw(st.sampled_from([1, 3, 24, 96, 100, 120, 333, 480, 1000])))
    ticks = st.one_of(
        st.integers(0, 30 * score.ticks_per_quarter),
        st.integers(0, 60).map(lambda half: half * score.ticks_per_quarter // 32),  # where rounding is a tie
    )
    pairs = st.one_of(
        st.tuples(st.integers(1, 40), st.sampled_from([1, 2, 4, 8, 16, 32, 64])),
        st.tuples(st.integers(1, 60).map(lambda half: 2 * half), st.just(128)),
    )
    for time, (num, den) in draw(st.lists(st.tuples(ticks, pairs), max_size=5)):
        score.time_signatures.append(symusic.TimeSignature(time, num, den))
    for time, qpm in draw(st.lists(st.tuples(ticks, st.floats(5, 500)), max_size=5)):
        score.tempos.append(symusic.Tempo(time, qpm))
    for _ in range(draw(st.integers(0, 3))):
        track = symusic.Track("", draw(st.integers(0, 127)), draw(st.booleans()))
        lengths = st.one_of(st.just(0), ticks, st.integers(0, 300 * score.ticks_per_quarter))
        note = st.tuples(ticks, lengths, st.integers(60, 62), st.integers(1, 127))
        for time, duration, pitch, velocity in draw(st.lists(note, max_size=8)):
            track.notes.append(symusic.Note(time, duration, pitch, velocity))
        if len(track.notes) and draw(st.booleans()):
            track.notes.append(track.notes[0].copy())
        score.tracks.append(track)
    return score


@st.composite
def tuples(draw):
    """Notes as a model may write them: any signature anywhere, positions beyond the bar."""
    signatures = draw(st.lists(st.integers(0, 253), min_size=1, max_size=4))
    note = st.tuples(
        st.integers(0, 6), st.integers(0, 127), st.sampled_from([0, 7, 128]), st.integers(0, 127), st.integers(0, 127),
        st.integers(0, 31), st.sampled_from(signatures), st.integers(0, 48),
    )  # fmt: skip
    notes = draw(st.lists(note, min_size=1, max_size=12))
    return [(*note[:3], note[3] + 128 * (note[2] == 128), *note[4:]) for note in notes]


def one_track(*notes: tuple[int, int], ticks_per_quarter: int = 480) -> symusic.Score:
    """Returns a score of (time, duration) with pitches 0, 1, 2, ... in 4/4 at 120."""
    score = symusic.Score(ticks_per_quarter)
    track = symusic.Track("", 0, False)
    for pitch, (time, duration) in enumerate(notes):
        track.notes.append(symusic.Note(time, duration, pitch, 64))
    score.tracks.append(track)
    return score


def places(score: symusic.Score) -> list[tuple[int, int]]:
    return [note[:2] for note in to_tuples(encode(score).rows)]


def test_a_midi_file_gives_the_tuples_of_the_original(original):
    encoded = encode(read_midi(DATA / "octuple_public.mid").score)
    assert to_tuples(encoded.rows) == [tuple(note) for note in original["encoding"]]
    assert encoded.rows.dtype == np.int16
    assert official().token_ids(encoded.rows).ravel().tolist() == original["token_ids"]


def test_tuples_give_the_music_of_the_original(original):
    assert original["decoded"]["ticks_per_beat"] == 480
    assert described(decode(from_tuples(original["encoding"]))) == {
        "notes": sorted(original["decoded"]["notes_program_start_end_pitch_velocity"]),
        "tempi": original["decoded"]["tempo_changes_time_bpm"],
        "signatures": original["decoded"]["time_signature_changes_time_num_den"],
    }


@quick
@given(scores())
def test_any_score_is_encoded_by_the_rules(score):
    before = score.copy()
    encoded = encode(score)
    assert to_tuples(encoded.rows) == naive_tuples(score)
    assert score == before


@quick
@given(scores())
def test_each_row_names_its_note_and_equal_rows_keep_their_order(score):
    encoded = encode(score)
    everyone = {(t, n) for t, track in enumerate(score.tracks) for n in range(len(track.notes))}
    assert {tuple(origin) for origin in encoded.origin.tolist()} == everyone
    seen: dict[tuple[int, ...], list[int]] = {}
    for row, (number, index) in zip(to_tuples(encoded.rows), encoded.origin.tolist()):
        track = score.tracks[number]
        note = track.notes[index]
        assert row[2:4] == ((128, note.pitch + 128) if track.is_drum else (track.program, note.pitch))
        assert row[5] == note.velocity // 4
        assert seen.get(row, [-1, -1]) < [number, index]
        seen[row] = [number, index]


@quick
@given(tuples())
def test_any_tuples_are_decoded_by_the_rules(notes):
    assert described(decode(from_tuples(notes))) == naive_decoded(notes)


@quick
@given(tuples(), st.integers(0, 253))
def test_music_on_the_grid_in_one_signature_comes_back(notes, signature):
    num, den = SIGNATURES[signature]
    room = 64 * num // den
    tempo_at = {(note[0], note[1] % room): note[7] for note in notes}
    notes = sorted({(n[0], n[1] % room, *n[2:6], signature, tempo_at[n[0], n[1] % room]) for n in notes})
    first = [note for note in notes if note[0] == min(n[0] for n in notes)]
    notes = [(n[0] - first[0][0], *n[1:]) for n in notes]  # empty bars at the start would be read as 4/4
    assert to_tuples(encode(decode(from_tuples(notes))).rows) == notes


def test_times_half_way_between_two_positions_go_to_the_even_one():
    assert places(one_track((15, 1), (45, 1), (75, 1), (16, 1))) == [(0, 0), (0, 1), (0, 2), (0, 2)]
    lengths = [note[4] for note in to_tuples(encode(one_track((15, 30), (45, 30))).rows)]
    assert lengths == [2, 0]


def test_a_new_signature_counts_at_once_but_the_bar_is_finished_first():
    score = one_track((0, 480), (960, 480), (1440, 480), (1920, 480), (3359, 480), (3360, 480))
    score.time_signatures.append(symusic.TimeSignature(960, 3, 4))
    notes = to_tuples(encode(score).rows)
    assert [(bar, position) for bar, position, *_ in notes] == [(0, 0), (0, 32), (0, 48), (1, 0), (2, 0), (2, 0)]
    assert [SIGNATURES[note[6]] for note in notes] == [(4, 4), *[(3, 4)] * 5]


def test_of_two_changes_at_one_position_the_later_counts():
    score = one_track((480, 240))
    for tick, num, qpm in ((471, 3, 60), (489, 2, 100)):  # both round to the beat of the note
        score.time_signatures.append(symusic.TimeSignature(tick, num, 4))
        score.tempos.append(symusic.Tempo(tick, qpm))
    (note,) = to_tuples(encode(score).rows)
    assert SIGNATURES[note[6]] == (2, 4)
    assert note[7] == round(12 * math.log2(100 / 16))


@pytest.mark.parametrize(
    ("signature", "read_as"),
    [
        ((9, 4), (3, 4)), ((17, 8), (1, 8)), ((12, 4), (6, 4)), ((6, 128), (3, 64)), ((32, 128), (16, 64)),
        ((5, 2), (1, 2)), ((4, 256), (1, 64)), ((128, 64), (128, 64)), ((129, 64), (43, 64)), ((3, 1), (1, 1)),
    ],
)  # fmt: skip
def test_signatures_that_have_no_value_are_reduced(signature, read_as):
    assert SIGNATURES[signature_value(*signature)] == read_as


@pytest.mark.parametrize("signature", [(3, 128), (4, 3), (7, 5), (1, 1000), (255, 3)])
def test_signatures_that_the_original_refuses_are_read_somehow(signature):
    numerator, denominator = SIGNATURES[signature_value(*signature)]
    assert 1 <= numerator <= 2 * denominator


def test_notes_after_position_65535_are_left_out_and_many_bars_find_room():
    late = 65535 * 30
    score = one_track((0, 10), (late, 10), (late + 16, 10), (late + 10**8, 10))
    score.time_signatures.append(symusic.TimeSignature(0, 1, 64))
    encoded = encode(score)
    assert to_tuples(encoded.rows) == naive_tuples(score)
    assert places(score) == [(0, 0), (65535, 0)]
    assert encoded.origin.tolist() == [[0, 0], [0, 1]]
    assert encoded.rows.dtype == np.int32
    assert [note.start for note in decode(encoded.rows).tracks[0].notes] == [0, late]


def test_a_score_without_notes_has_no_rows():
    for score in (symusic.Score(480), one_track((10**9, 10))):
        encoded = encode(score)
        assert encoded.rows.shape == (0, 8)
        assert encoded.origin.shape == (0, 2)
        assert decode(encoded.rows).note_num() == 0


def test_a_tie_between_signatures_goes_as_in_the_original_and_bars_follow_it():
    four, three, six = (SIGNATURES.index(pair) for pair in ((4, 4), (3, 4), (6, 8)))

    def note(bar: int, position: int, signature: int) -> tuple[int, ...]:
        return bar, position, 0, 60, 1, 16, signature, 35

    # In Python's set 3/4 (8) comes before 4/4 (9), and that before 6/8 (19).
    tied = decode(from_tuples([note(0, 0, four), note(0, 63, three), note(1, 0, three)]))
    assert described(tied)["signatures"] == [[0, 3, 4]]
    assert [n.start for n in tied.tracks[0].notes] == [0, 63 * 30, 48 * 30]
    assert described(decode(from_tuples([note(0, 0, six), note(0, 0, four)])))["signatures"] == [[0, 4, 4]]


def test_wild_midi_is_read_by_the_same_rules():
    tempo = [midi.meta(0x51, int(60e6 / bpm).to_bytes(3, "big")) for bpm in (120, 90, 200, 999)]
    signs = midi.chunk(
        (0, midi.meta(0x58, bytes([5, 3, 24, 8]))), (0, tempo[0]), (0, tempo[1]), (333, tempo[2]),
        (7, midi.meta(0x58, bytes([19, 3, 24, 8]))), (0, midi.meta(0x58, bytes([9, 3, 24, 8]))), (100, tempo[3]),
    )  # fmt: skip
    band = midi.chunk(
        (0, [0xC0, 40]), (0, midi.on(60, 127)), (5, midi.on(60, 3)), (50, midi.off(60)), (1, midi.on(64, 1, 9)),
        (2, midi.off(64, 9)), (300, midi.off(60)), (200, midi.on(61)), (0, midi.on(61)), (7, midi.off(61)),
        (0, midi.off(61)), (0, [0xC0, 41]), (1, midi.on(62, 50)), (10**6, midi.off(62)),
    )  # fmt: skip
    score = read_midi(midi.file(signs, band, division=100)).score
    found = to_tuples(encode(score).rows)
    assert found == naive_tuples(score)
    # Bars of 5/8 have 40 positions; 9/8 arrives in the second and sets the length of the third; 19/8 is overruled.
    assert found == [
        (0, 0, 40, 60, 9, 31, PAIRS.index((5, 8)), 30),
        (0, 1, 40, 60, LENGTH_BINS[56], 0, PAIRS.index((5, 8)), 30),
        (0, 9, 128, 192, 0, 0, PAIRS.index((5, 8)), 30),
        (2, 9, 40, 61, 1, 22, PAIRS.index((9, 8)), 48),
        (2, 9, 40, 61, 1, 22, PAIRS.index((9, 8)), 48),
        (2, 11, 41, 62, 127, 12, PAIRS.index((9, 8)), 48),
    ]
