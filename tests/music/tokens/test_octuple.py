from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from music.bars import bar_grid, score_end, tempo_map
from music.errors import StudioError
from music.tokens import octuple as tokens
from music.tokens.columns import DRUM_PITCH, DRUM_PROGRAM, FIELDS, FIRST, MAX_STEP, Octuple
from music.tokens.octuple import decode, encode, from_steps, losses, to_steps, vocabulary
from tests.examples import examples

quick = settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def valid_rows(draw, signatures=None):
    """Octuples as a model may write them: in order, one signature a bar, one tempo a place, no two rows alike."""
    vocab = vocabulary()
    known = range(len(vocab.signatures)) if signatures is None else [vocab.signatures.index(s) for s in signatures]
    bars = sorted(draw(st.sets(st.integers(0, 30), min_size=1, max_size=5)))
    rows = []
    for bar in bars:
        signature = draw(st.sampled_from(list(known)))
        room = int(vocab.signature_positions()[signature])
        for position in draw(st.sets(st.integers(0, room - 1), min_size=1, max_size=3)):
            tempo = draw(st.integers(0, len(vocab.tempos) - 1))
            places = st.tuples(st.integers(0, 128), st.integers(0, 127))
            for program, pitch in draw(st.sets(places, min_size=1, max_size=3)):
                velocity = draw(st.integers(0, len(vocab.velocities) - 1))
                duration = draw(st.integers(0, len(vocab.durations) - 1))
                key = pitch + (128 if program == 128 else 0)
                rows.append([key, position, bar, velocity, duration, program, tempo, signature])
    rows.sort(key=lambda row: (row[Octuple.BAR], row[Octuple.POSITION], row[Octuple.PROGRAM], row[Octuple.PITCH]))
    return np.array(rows, dtype=np.int16) + np.int16(FIRST)


@st.composite
def scores(draw):
    """Scores as the world writes them: any resolution, notes anywhere, signatures and tempi that come and go."""
    score = symusic.Score(draw(st.sampled_from([24, 96, 100, 120, 480, 960])))
    far = score.ticks_per_quarter * 40
    for time, n, d in draw(
        st.lists(st.tuples(st.integers(0, far), st.integers(1, 15), st.sampled_from([1, 2, 4, 8, 16, 32])), max_size=4)
    ):
        score.time_signatures.append(symusic.TimeSignature(time, n, d))
    for time, qpm in draw(st.lists(st.tuples(st.integers(0, far), st.floats(10, 400)), max_size=4)):
        score.tempos.append(symusic.Tempo(time, qpm))
    for _ in range(draw(st.integers(0, 3))):
        track = symusic.Track("", draw(st.integers(0, 127)), draw(st.booleans()))
        for time, duration, pitch, velocity in draw(
            st.lists(
                st.tuples(st.integers(0, far), st.integers(0, far), st.integers(0, 127), st.integers(1, 127)),
                max_size=6,
            )
        ):
            track.notes.append(symusic.Note(time, duration, pitch, velocity))
        score.tracks.append(track)
    return score


@st.composite
def scores_on_the_grid(draw):
    """Scores that hold nothing an octuple could not: one track an instrument, all on the grid, signatures at bar lines."""
    vocab, unit = vocabulary(), 40
    score, starts, now = symusic.Score(480), [], 0
    for _ in range(draw(st.integers(1, 5))):
        numerator, denominator = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (2, 2), (5, 4)]))
        score.time_signatures.append(symusic.TimeSignature(now, numerator, denominator))
        starts.append((now, 48 * numerator // denominator))
        now += 1920 * numerator // denominator
    for time, tempo in zip(
        (0, starts[-1][0]), draw(st.tuples(st.sampled_from(vocab.tempos), st.sampled_from(vocab.tempos)))
    ):
        score.tempos.append(symusic.Tempo(time, float(tempo)))
    for program in draw(st.sets(st.integers(-1, 127), min_size=1, max_size=3)):
        track = symusic.Track("", max(program, 0), program < 0)
        places = draw(st.sets(st.tuples(st.sampled_from(starts), st.integers(0, 100), st.integers(0, 127)), max_size=6))
        for start, position, pitch in {(s, p % room, key) for (s, room), p, key in places}:
            duration = int(draw(st.sampled_from(vocab.durations))) * unit
            velocity = int(draw(st.sampled_from(vocab.velocities)))
            track.notes.append(symusic.Note(start + position * unit, duration, pitch, velocity))
        score.tracks.append(track)
    for start, _ in starts:  # something in each bar, so that each signature has a note that carries it
        score.tracks[0].notes.append(symusic.Note(start, 40 * 7, 1 if draw(st.booleans()) else 2, 3))
    seen = {}
    for note in score.tracks[0].notes:
        seen[note.time, note.pitch] = note
    score.tracks[0].notes = list(seen.values())
    return score


def notes_of(score: symusic.Score) -> list[tuple]:
    return sorted(
        (-1 if track.is_drum else track.program, note.time, note.pitch, note.duration, note.velocity)
        for track in score.tracks
        for note in track.notes
    )


@quick
@given(valid_rows())
def test_what_a_model_writes_is_read_back_as_the_same_tokens(rows):
    assert np.array_equal(encode(decode(rows)).rows, rows)


@quick
@given(scores())
def test_tokens_of_decoded_tokens_are_the_same_tokens(score):
    rows = encode(score).rows
    assert np.array_equal(encode(decode(rows)).rows, rows)


@quick
@given(scores())
def test_every_id_of_any_score_is_a_real_one(score):
    rows = encode(score).rows
    vocab = vocabulary()
    assert (rows >= FIRST).all()
    assert (rows < np.array(vocab.sizes)).all()
    room = vocab.signature_positions()[rows[:, Octuple.SIGNATURE] - FIRST]
    assert (rows[:, Octuple.POSITION] - FIRST < room).all()
    assert ((rows[:, Octuple.PITCH] >= DRUM_PITCH) == (rows[:, Octuple.PROGRAM] == DRUM_PROGRAM)).all()


@quick
@given(scores())
def test_reading_leaves_the_score_alone_and_says_where_each_row_came_from(score):
    before = score.copy()
    encoded = encode(score)
    assert score == before
    for row, (track_index, note_index) in zip(encoded.rows, encoded.origin, strict=True):
        track = score.tracks[track_index]
        note = track.notes[note_index]
        assert (row[Octuple.PITCH] - FIRST) % 128 == note.pitch
        assert row[Octuple.PROGRAM] == (DRUM_PROGRAM if track.is_drum else FIRST + track.program)
        nearest = np.abs(vocabulary().velocities - note.velocity).min()
        assert abs(vocabulary().velocities[row[Octuple.VELOCITY] - FIRST] - note.velocity) == nearest
    assert len({tuple(place) for place in encoded.origin.tolist()}) == len(encoded.origin)


@quick
@given(scores_on_the_grid())
def test_a_piece_on_the_grid_survives_note_for_note(score):
    back = decode(encode(score).rows, score.ticks_per_quarter)
    assert notes_of(back) == notes_of(score)
    bars = len(bar_grid(back))
    assert bar_grid(back) == bar_grid(score)[:bars]
    last = max(note[1] for note in notes_of(score))
    for tick in (0, last):
        was, now = (qpm[np.searchsorted(at, tick, side="right") - 1] for at, _, qpm in map(tempo_map, (score, back)))
        assert now == pytest.approx(was, abs=1e-3)


def test_drums_stay_drums_and_pitches_stay_pitches():
    score = symusic.Score(480)
    kit, piano = symusic.Track("kit", 0, True), symusic.Track("piano", 0, False)
    kit.notes = [symusic.Note(0, 120, key, 100) for key in (36, 60)]
    piano.notes = [symusic.Note(0, 120, pitch, 100) for pitch in (36, 60)]
    score.tracks.extend([kit, piano])
    encoded = encode(score)
    assert sorted(encoded.rows[:, Octuple.PITCH] - FIRST) == [36, 60, 164, 188]
    back = decode(encoded.rows)
    assert {track.is_drum: [note.pitch for note in track.notes] for track in back.tracks} == {
        True: [36, 60],
        False: [36, 60],
    }


def test_two_tracks_of_one_instrument_keep_their_origin_and_doubled_notes_are_read_once():
    score = symusic.Score(480)
    for name, pitches in (("left", (48, 60)), ("right", (60, 72))):
        track = symusic.Track(name, 0, False)
        track.notes = [symusic.Note(0, 480 if name == "left" else 960, pitch, 90) for pitch in pitches]
        score.tracks.append(track)
    encoded = encode(score)
    assert (encoded.rows[:, Octuple.PITCH] - FIRST).tolist() == [48, 60, 72]
    assert encoded.origin.tolist() == [[0, 0], [1, 0], [1, 1]]  # of the doubled 60 the longer one
    assert any("1 of 4 notes double another note" in said for said in losses(score))


def test_a_note_just_before_the_bar_line_is_read_in_the_next_bar():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes = [symusic.Note(1915, 480, 60, 90), symusic.Note(4000, 480, 62, 90)]
    row = encode(score).rows[0]
    assert (row[Octuple.BAR] - FIRST, row[Octuple.POSITION] - FIRST) == (1, 0)


def test_six_eight_has_the_grid_of_three_four():
    for signature in ((6, 8), (3, 4)):
        score = symusic.Score(480)
        score.time_signatures.append(symusic.TimeSignature(0, *signature))
        score.tracks.append(symusic.Track("", 0, False))
        score.tracks[0].notes = [symusic.Note(tick, 240, 60, 90) for tick in (0, 240, 720, 1440)]
        rows = encode(score).rows
        assert (rows[:, Octuple.POSITION] - FIRST).tolist() == [0, 6, 18, 0]
        assert (rows[:, Octuple.BAR] - FIRST).tolist() == [0, 0, 0, 1]


def test_an_unknown_signature_is_seen_as_one_of_the_same_length():
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 16))
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes = [symusic.Note(tick, 120, 60, 90) for tick in range(0, 1920, 240)]
    rows = encode(score).rows
    seen = vocabulary().signatures[rows[0, Octuple.SIGNATURE] - FIRST]
    assert seen[0] / seen[1] == 0.25
    assert (rows[:, Octuple.BAR] - FIRST).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert any("4/16" in said for said in losses(score))


def test_a_signature_that_changes_in_empty_bars_keeps_later_notes_in_place():
    score = symusic.Score(480)
    for time, n in ((0, 4), (1920, 3), (1920 + 2 * 1440, 4)):
        score.time_signatures.append(symusic.TimeSignature(time, n, 4))
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes = [symusic.Note(0, 480, 60, 90), symusic.Note(1920 + 2 * 1440, 480, 62, 90)]
    rows = encode(score).rows
    assert (rows[:, Octuple.BAR] - FIRST).tolist() == [0, 3]
    assert (rows[:, Octuple.POSITION] - FIRST).tolist() == [0, 0]


def test_a_piece_with_more_bars_than_the_vocabulary_is_refused():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes = [symusic.Note(1920 * tokens.MAX_BARS, 480, 60, 90)]
    with pytest.raises(StudioError, match=r"4097 bars\. Cut it"):
        encode(score)


def test_nothing_gives_nothing():
    assert encode(symusic.Score(480)).rows.shape == (0, 8)
    assert not len(decode(np.zeros((0, 8), np.int16)).tracks)
    assert losses(symusic.Score(480)) == ["There are no notes for a model to read."]


quarters = [(4, 4), (3, 4), (5, 4), (2, 4), (7, 4)]


@settings(quick, max_examples=examples(25))
@given(valid_rows(signatures=quarters))
def test_miditok_decodes_our_rows_to_the_same_notes(rows):
    rows[:, Octuple.SIGNATURE] = rows[0, Octuple.SIGNATURE]  # miditok writes the signature of a bar with its notes only
    room = int(vocabulary().signature_positions()[rows[0, Octuple.SIGNATURE] - FIRST])
    rows = rows[rows[:, Octuple.POSITION] - FIRST < room]
    theirs = tokens.tokenizer().decode(rows.tolist())
    ours = decode(rows, theirs.ticks_per_quarter)
    assert notes_of(theirs) == notes_of(ours)


@settings(quick, max_examples=examples(25))
@given(scores_on_the_grid())
def test_miditok_encodes_music_in_quarters_to_the_same_ids(score):
    score.time_signatures = [symusic.TimeSignature(0, 3, 4)]
    score.tempos = [symusic.Tempo(0, float(vocabulary().tempos[20]))]
    theirs = tokens.tokenizer().encode(score)
    assert sorted(theirs.ids if hasattr(theirs, "ids") else theirs[0].ids) == sorted(encode(score).rows.tolist())


@quick
@given(valid_rows(), st.integers(0, 40))
def test_steps_hold_all_that_octuples_do(rows, first_bar):
    rows = rows[np.diff(rows[:, Octuple.BAR], prepend=rows[0, Octuple.BAR]).cumsum() <= MAX_STEP]
    rows[:, Octuple.BAR] += np.int16(first_bar) - (rows[0, Octuple.BAR] - FIRST)
    steps = to_steps(rows, first_bar)
    assert steps.dtype == np.int16
    assert (steps < np.array(tokens.step_sizes())).all()
    assert np.array_equal(from_steps(steps, first_bar), rows)


@quick
@given(valid_rows(), st.integers(1, 1000))
def test_steps_read_the_same_wherever_a_phrase_stands(rows, later):
    moved = rows.copy()
    moved[:, Octuple.BAR] += np.int16(later)
    start = int(rows[0, Octuple.BAR]) - FIRST
    assert np.array_equal(to_steps(rows, start), to_steps(moved, start + later))


def test_a_long_silence_is_read_as_the_longest_step():
    rows = np.full((2, 8), FIRST, np.int16)
    rows[1, Octuple.BAR] += 100
    assert (to_steps(rows)[:, 0] - FIRST).tolist() == [0, MAX_STEP]


def test_losses_say_in_sentences_what_a_model_does_not_see():
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 300.0))
    score.time_signatures.append(symusic.TimeSignature(0, 13, 8))
    track = symusic.Track("", 0, False)
    track.notes = [symusic.Note(0, 480 * 33, 60, 90), symusic.Note(487, 480, 62, 90)]
    track.controls.append(symusic.ControlChange(0, 7, 100))
    score.tracks.append(track)
    said = losses(score)
    for words in ("1 of 2 notes lie between", "longer than 32 beats", "13/8", "Tempi outside", "1 pedal, controller"):
        assert any(words in sentence for sentence in said), words
    assert all(sentence.endswith(".") for sentence in said)


def test_losses_are_none_for_a_piece_on_the_grid():
    rows = np.full((1, 8), FIRST, np.int16)
    rows[0, [Octuple.VELOCITY, Octuple.DURATION, Octuple.TEMPO]] += np.int16(10)
    rows[0, Octuple.SIGNATURE] = FIRST + vocabulary().signatures.index((4, 4))
    assert losses(decode(rows)) == []


def test_the_digest_is_that_of_the_vocabularies_and_stays():
    assert tokens.digest() == tokens.digest()
    assert len(tokens.digest()) == 64
    sizes = vocabulary().sizes
    assert sizes == tuple(len(field) for field in tokens.tokenizer().vocab)
    assert len(FIELDS) == len(sizes) == 8


def test_the_end_of_a_piece_is_where_its_last_note_ends():
    rows = np.full((1, 8), FIRST, np.int16)
    rows[0, Octuple.DURATION] += np.int16(11)
    rows[0, Octuple.SIGNATURE] = FIRST + vocabulary().signatures.index((4, 4))
    assert score_end(decode(rows, 120)) == 120
