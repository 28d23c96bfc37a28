from __future__ import annotations

import threading
from functools import cache
from itertools import count

import numpy as np
import pytest
import symusic

from music.bars import bar_grid, score_end, tempo_map, ticks_to_seconds
from music.edit import cut_after
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.instruments import parse_instrument, playable_range
from music.piece import Piece
from music.theory import parse_key
from pipelines import contract
from pipelines.contract import Step
from pipelines.decoding.sampler import NOTES_PER_STEP
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from tests.pipelines.songs import band
from tests.waiting import join

NOTHING, BAND = Piece.empty(), band()
SPARSE = {"seed": 1, "density": "low", "time_signature": "2/4", "tempo_bpm": 100.0}


@cache
def steps_of(piece: Piece, **options) -> tuple[Step, ...]:
    """Returns all Steps of a run; each run is done once in this file."""
    return tuple(generate(piece, GenerateOptions(**options)))


def written(piece: Piece, **options) -> Piece:
    return steps_of(piece, **options)[-1].piece


def notes_of(piece: Piece, start: int = 0) -> list[tuple]:
    """Returns (program or -1, time, pitch, duration, velocity) of the notes from a tick on, sorted."""
    return sorted(
        (-1 if track.is_drum else track.program, note.time, note.pitch, note.duration, note.velocity)
        for track in piece.score.tracks
        for note in track.notes
        if note.time >= start
    )


def check_part(piece: Piece, start: int, bars: int, signature: tuple[int, int]) -> None:
    """Asserts that from this tick on a piece has so many bars of music, none of them empty, and ends there."""
    length = 4 * piece.score.ticks_per_quarter * signature[0] // signature[1]
    end = start + bars * length
    grid = [bar for bar in bar_grid(piece.score, end) if bar.start >= start]
    assert [tuple(bar) for bar in grid] == [
        (start + i * length, start + (i + 1) * length, *signature) for i in range(bars)
    ]
    assert end - length < score_end(piece.score) <= end
    onsets = [note[1] for note in notes_of(piece, start)]
    assert {(onset - start) // length for onset in onsets} == set(range(bars))


def no_pitch_sounds_twice(piece: Piece, start: int = 0) -> bool:
    for track in piece.score.tracks:
        ends: dict[int, int] = {}
        for note in sorted(track.notes, key=lambda note: note.time):
            if note.time >= start and note.time < ends.get(note.pitch, 0):
                return False
            ends[note.pitch] = note.time + note.duration
    return True


# Length


@pytest.mark.parametrize(
    ("bars", "signature"), [(1, "4/4"), (2, "3/4"), (7, "6/8"), (16, "4/4"), (2, "5/4"), (2, "12/8"), (3, "3/2")]
)
def test_as_many_bars_as_asked_are_written(bars, signature):
    piece = written(NOTHING, bars=bars, time_signature=signature, instruments=("flute", "cello"), seed=bars)
    check_part(piece, 0, bars, tuple(map(int, signature.split("/"))))
    assert no_pitch_sounds_twice(piece)


def test_bars_are_counted_in_whatever_signature_the_model_chooses():
    for seed in range(3):
        piece = written(NOTHING, bars=2, seed=seed, instruments=("flute",))
        signs = [(sign.numerator, sign.denominator) for sign in piece.score.time_signatures]
        assert len(signs) == 1
        check_part(piece, 0, 2, signs[0])
        assert len(piece.score.tempos) == 1


@pytest.mark.parametrize(("seconds", "tempo"), [(1.0, 60.0), (7.3, 140.0)])
def test_as_many_seconds_as_asked_are_written(seconds, tempo):
    piece = written(NOTHING, bars=None, seconds=seconds, tempo_bpm=tempo, time_signature="4/4", seed=3)
    grid_line = 60 / tempo / 12
    assert seconds - 4 * 60 / tempo < piece.seconds <= seconds + grid_line / 2
    bar_of_end = int((seconds - 1e-9) / (4 * 60 / tempo))
    assert len(bar_grid(piece.score)) == bar_of_end + 1


def test_seconds_count_from_the_end_of_what_is_kept():
    piece = written(BAND, bars=None, seconds=4.0, keep_bars=2, seed=4)
    start = bar_grid(BAND.score)[1].end
    kept = float(ticks_to_seconds(BAND.score, start))
    beat = 60 / 97.5
    assert kept + 4.0 - 3 * beat < piece.seconds <= kept + 4.0 + beat / 24


# Continuing


def test_a_continuation_leaves_the_piece_bit_identical():
    piece = written(BAND, bars=2, seed=8)
    start = bar_grid(BAND.score)[-1].end
    check_part(piece, start, 2, (3, 4))
    assert piece.title == BAND.title
    assert piece.lyrics == BAND.lyrics
    assert piece.score.tempos == BAND.score.tempos
    assert piece.score.time_signatures == BAND.score.time_signatures
    assert piece.score.key_signatures == BAND.score.key_signatures
    assert piece.score.markers == BAND.score.markers
    for was, now in zip(BAND.score.tracks, piece.score.tracks, strict=False):
        assert (was.name, was.program, was.is_drum) == (now.name, now.program, now.is_drum)
        assert [note for note in now.notes if note.time < start] == list(was.notes)
        for events in ("controls", "pitch_bends", "pedals", "lyrics"):
            assert getattr(now, events) == getattr(was, events)
    for track in piece.score.tracks[len(BAND.score.tracks) :]:
        assert all(note.time >= start for note in track.notes)


@pytest.mark.parametrize("keep", [1, 3])
def test_a_continuation_after_a_bar_keeps_what_came_before_it(keep):
    piece = written(BAND, bars=1, keep_bars=keep, seed=9)
    start = bar_grid(BAND.score)[keep - 1].end
    kept = cut_after(BAND.score, start)
    check_part(piece, start, 1, (3, 4))
    assert cut_after(piece.score, start).tempos == kept.tempos
    for was, now in zip(kept.tracks, piece.score.tracks, strict=False):
        assert [note for note in now.notes if note.time < start] == list(was.notes)
        assert now.controls == was.controls
        assert now.pitch_bends == was.pitch_bends
    assert not any(note.time + note.duration > start > note.time for t in piece.score.tracks for note in t.notes)


def test_keeping_nothing_starts_anew_but_keeps_the_name():
    piece = written(BAND, bars=1, keep_bars=0, time_signature="4/4", seed=10)
    check_part(piece, 0, 1, (4, 4))
    assert piece.title == "Waltz"


def test_the_music_that_is_kept_is_heard_by_the_model():
    other = BAND.replace(score=BAND.score.copy().shift_pitch(3))
    start = bar_grid(BAND.score)[-1].end
    assert notes_of(written(BAND, bars=2, seed=8), start) != notes_of(written(other, bars=2, seed=8), start)


def test_new_notes_of_an_instrument_that_plays_join_its_track():
    piece = written(BAND, bars=2, seed=8, instruments=("flute", "drums"))
    assert [track.name for track in piece.score.tracks] == [track.name for track in BAND.score.tracks]


def test_a_continuation_may_change_tempo_signature_and_key():
    piece = written(BAND, bars=2, tempo_bpm=140.0, time_signature="4/4", key="E minor", stay_in_key=True, seed=11)
    start = bar_grid(BAND.score)[-1].end
    check_part(piece, start, 2, (4, 4))
    at, _, qpm = tempo_map(piece.score)
    assert (at[-1], qpm[-1]) == (start, pytest.approx(140, abs=0.01))
    sign = piece.score.key_signatures[-1]
    assert (sign.key, sign.tonality) == (1, 1)


@pytest.mark.parametrize("ticks", [4, 10, 100, 960])
def test_any_resolution_can_be_continued(ticks):
    song = band(2, ticks)
    piece = written(song, bars=2, seed=12, density="high")
    start = bar_grid(song.score)[-1].end
    check_part(piece, start, 2, (3, 4))
    assert all(note[3] > 0 for note in notes_of(piece))
    assert no_pitch_sounds_twice(piece, start)
    assert len({note[:3] for note in notes_of(piece, start)}) == len(notes_of(piece, start))


def test_a_bar_that_does_not_exist_cannot_be_kept():
    with pytest.raises(StudioError, match="has 4 bars, so bar 5 cannot be kept"):
        next(generate(BAND, GenerateOptions(keep_bars=5)))
    with pytest.raises(StudioError, match="has 0 bars"):
        next(generate(NOTHING, GenerateOptions(keep_bars=1)))


# What was asked


def test_tempo_signature_and_key_are_written_as_asked():
    piece = written(NOTHING, bars=1, tempo_bpm=96.5, time_signature="3/4", key="F# minor", seed=1)
    assert [(t.time, round(t.qpm, 2)) for t in piece.score.tempos] == [(0, 96.5)]
    assert [(s.time, s.numerator, s.denominator) for s in piece.score.time_signatures] == [(0, 3, 4)]
    assert [(k.time, k.key, k.tonality) for k in piece.score.key_signatures] == [(0, 3, 1)]
    back = read_midi(midi_bytes(piece))
    assert notes_of(back) == notes_of(piece)
    assert back.score.tempos[0].qpm == pytest.approx(96.5, abs=0.01)


@pytest.mark.parametrize("instruments", [("piano", "bass", "drums"), ("violin", "gunshot", "ocarina", "drums")])
def test_the_instruments_asked_for_all_play_and_no_others(instruments):
    wanted = {parse_instrument(name) for name in instruments}
    for piece in steps_of(NOTHING, bars=8, instruments=instruments, variants=2, **SPARSE)[-1].pieces:
        assert {note[0] for note in notes_of(piece)} == wanted
        for program, _, pitch, _, _ in notes_of(piece):
            assert program < 0 or playable_range(program)[0] <= pitch <= playable_range(program)[1]


def test_instruments_bind_new_notes_only():
    piece = written(BAND, bars=2, instruments=("cello",), seed=2)
    start = bar_grid(BAND.score)[-1].end
    assert {note[0] for note in notes_of(piece, start)} == {42}
    assert notes_of(cut_piece(piece, start)) == notes_of(BAND)


def cut_piece(piece: Piece, tick: int) -> Piece:
    return piece.replace(score=cut_after(piece.score, tick))


@pytest.mark.parametrize("key", ["D minor", "B major"])
def test_staying_in_key_leaves_no_note_outside_the_scale(key):
    for piece in steps_of(NOTHING, bars=2, key=key, stay_in_key=True, variants=2, seed=3)[-1].pieces:
        pitched = [note for note in notes_of(piece) if note[0] >= 0]
        assert {note[2] % 12 for note in pitched} <= parse_key(key).scale


def test_staying_in_key_takes_the_key_of_the_input():
    piece = written(BAND, bars=3, stay_in_key=True, instruments=("piano",), seed=4)
    start = bar_grid(BAND.score)[-1].end
    assert {note[2] % 12 for note in notes_of(piece, start)} <= parse_key("G major").scale
    with pytest.raises(StudioError, match="no key to stay in"):
        next(generate(NOTHING, GenerateOptions(stay_in_key=True)))


USUAL = {"bars": 1, "seed": 21, "time_signature": "4/4", "tempo_bpm": 110.0}
TURNED = {
    "bars": {"bars": 2},
    "seconds": {"bars": None, "seconds": 3.0},
    "tempo_bpm": {"tempo_bpm": 60.0},
    "time_signature": {"time_signature": "2/2"},
    "key": {"key": "E major"},
    "genre": {"genre": "classical"},
    "instruments": {"instruments": ("piano", "flute")},
    "density": {"density": "high"},
    "temperature": {"temperature": 0.5},
    "temperature_notes": {"temperature_notes": 2.0},
    "temperature_durations": {"temperature_durations": 2.0},
    "temperature_instruments": {"temperature_instruments": 2.5},
    "top_p": {"top_p": 0.3},
    "top_k": {"top_k": 2},
    "memory": {"memory": 2},
    "seed": {"seed": 22},
}


@pytest.mark.parametrize("control", TURNED)
def test_every_control_reaches_the_model(control):
    """The random numbers are the same, so other notes can only come from another distribution."""

    def changes(seed: int) -> bool:
        asked = USUAL | {"seed": seed}
        return notes_of(written(NOTHING, **asked)) != notes_of(written(NOTHING, **asked | TURNED[control]))

    assert any(changes(seed) for seed in (21, 23, 24))


def test_guidance_stresses_what_is_wished_for():
    wish = USUAL | {"genre": "classical", "density": "high"}
    assert notes_of(written(NOTHING, **wish, guidance=0.0)) != notes_of(written(NOTHING, **wish, guidance=3.0))


def test_staying_in_key_keep_bars_and_variants_reach_the_model_too():
    asked = USUAL | {"key": "E major", "temperature_notes": 1.8, "bars": 2}
    assert notes_of(written(NOTHING, **asked)) != notes_of(written(NOTHING, **asked, stay_in_key=True))
    new = [
        [(n[0], n[1] - start, *n[2:]) for n in notes_of(written(BAND, bars=1, keep_bars=keep, seed=9), start)]
        for keep, start in ((1, 1440), (3, 3 * 1440))
    ]
    assert new[0] != new[1]


@pytest.mark.parametrize("choices", [("pop", "rock", "jazz", "folk", "electronic", "latin", "classical")])
def test_every_genre_is_known_to_the_model(choices):
    found = {tuple(notes_of(written(NOTHING, **USUAL | {"genre": genre}))) for genre in choices}
    assert len(found) == len(choices)


@pytest.mark.parametrize(
    ("control", "same"),
    [("temperature_notes", slice(0, 2)), ("temperature_instruments", slice(1, 2))],
)
def test_a_temperature_acts_on_its_own_fields(control, same):
    """Up to the field that it governs, the first note is chosen with the same odds and so is the same."""
    usual, turned = (
        min(written(NOTHING, **USUAL | {control: value}).score.tracks, key=lambda t: t.notes[0].time)
        for value in (1.0, 4.0)
    )
    assert usual.notes[0].time == turned.notes[0].time
    if same.start == 0:
        assert (usual.program, usual.is_drum) == (turned.program, turned.is_drum)


def test_at_temperature_zero_chance_has_no_say():
    greedy = {"bars": 1, "temperature": 0.0, "time_signature": "2/4", "tempo_bpm": 110.0, "key": "C major"}
    assert notes_of(written(NOTHING, **greedy, seed=1)) == notes_of(written(NOTHING, **greedy, seed=2))


@pytest.mark.parametrize("extreme", [{"temperature": 4.0, "top_p": 1.0}, {"temperature": 0.0}, {"memory": 0}])
def test_extremes_still_give_whole_bars(extreme):
    piece = written(NOTHING, bars=2, time_signature="2/4", tempo_bpm=110.0, seed=1, **extreme)
    check_part(piece, 0, 2, (2, 4))
    assert no_pitch_sounds_twice(piece)


# Variants, seeds, threads


def test_variants_differ_and_do_not_depend_on_each_other():
    three = steps_of(NOTHING, **USUAL | {"variants": 3})[-1].pieces
    assert len({tuple(notes_of(piece)) for piece in three}) == 3
    assert notes_of(three[0]) == notes_of(written(NOTHING, **USUAL))
    for piece in three:
        check_part(piece, 0, 1, (4, 4))


def test_two_threads_write_what_each_writes_alone():
    asked = [USUAL, USUAL | {"seed": 22}]
    alone = [notes_of(written(NOTHING, **options)) for options in asked]
    found: list = [None, None]

    def write(number: int) -> None:
        found[number] = notes_of(list(generate(NOTHING, GenerateOptions(**asked[number])))[-1].piece)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    join(threads)
    assert found == alone


# While it writes


def test_what_is_written_so_far_is_the_beginning_of_the_end():
    for piece, options in ((NOTHING, USUAL), (BAND, {"bars": 2, "seed": 8})):
        steps = steps_of(piece, **options)
        whole = {note[:3] for note in notes_of(steps[-1].piece)}
        before: set = set()
        for step in steps:
            now = {note[:3] for note in notes_of(step.piece)}
            assert before <= now <= whole
            assert no_pitch_sounds_twice(step.piece, bar_grid(piece.score)[-1].end if piece is BAND else 0)
            assert score_end(step.piece.score) <= bar_grid(steps[-1].piece.score)[-1].end
            assert [t.qpm for t in step.piece.score.tempos] == [t.qpm for t in steps[-1].piece.score.tempos]
            before = now


def test_steps_come_often_enough_to_watch(monkeypatch):
    monkeypatch.setattr(contract, "monotonic", count(0, 1000).__next__)  # each look comes long after the one before
    seen = list(generate(NOTHING, GenerateOptions(bars=4, time_signature="4/4", density="low", seed=16)))
    assert len(seen) >= 2
    assert np.diff([step.piece.note_count for step in seen]).max() <= NOTES_PER_STEP
    assert 0 < seen[0].piece.note_count <= 16
    assert {step.unit for step in seen} == {"bars"}
    assert seen[-1].total == 4


def test_an_unknown_checkpoint_is_refused_in_two_sentences():
    with pytest.raises(StudioError, match=r"no checkpoint 'nobody'\. Available: .*generate-small"):
        next(generate(NOTHING, GenerateOptions(checkpoint="nobody")))


def test_the_recipe_names_the_checkpoint_by_its_sha256():
    recipe = written(NOTHING, **USUAL).history[-1]
    assert recipe["pipeline"] == "generate"
    assert len(recipe["checkpoint"]["sha256"]) == 64


def test_tracks_have_names_and_no_track_is_empty():
    piece = written(NOTHING, bars=8, instruments=("piano", "bass", "drums"), variants=2, **SPARSE)
    assert all(track.name and len(track.notes) for track in piece.score.tracks)
    assert len({(track.program, track.is_drum) for track in piece.score.tracks}) == len(piece.score.tracks)
    assert isinstance(piece.score, symusic.core.ScoreTick)
