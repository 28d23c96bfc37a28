"""Whole songs, from a brief or a sketch to the mix, with the checkpoints that ship."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from music.bars import score_end
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.form import ENDING
from music.instruments import DRUMS, parse_instrument
from music.piece import Piece
from music.theory import parse_key
from pipelines.compose import SongStep, compose
from pipelines.options.values import to_mapping
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan
from pipelines.song.planning import plan_song
from tests.pipelines.song.song_checks import (
    asked_for,
    marked,
    notes_of,
    one_at_a_time,
    players,
    playing,
    scale_up,
    sketch,
    tunes,
    two_sentences,
)

NOTHING = Piece.empty()
SKETCH = sketch(scale_up(2), tempo=120.0)
SHORT = Brief(seconds=11.0, form="AB", tempo_bpm=120.0, style="bass", instruments=("flute", "bass"), seed=4)


def plan_of(brief: Brief, piece: Piece = NOTHING) -> Plan:
    """Returns the plan of a brief, with few drafts."""
    return plan_song(brief, piece).with_options(0, drafts=1)


@cache
def short_song(piece: Piece = NOTHING) -> tuple[SongStep, ...]:
    """Returns all Steps of a short song; it is made once."""
    return tuple(compose(piece, plan_of(SHORT, piece)))


def check_end(piece: Piece, colors: frozenset[int] = frozenset()) -> None:
    """Asserts that all who sound at the end of a song have tones of its tonic chord or colors of it, the lowest the tonic."""
    score, end = piece.score, score_end(piece.score)
    sign = score.key_signatures[0]
    tonic, third = (sign.key * 7 + (9 if sign.tonality else 0)) % 12, 3 if sign.tonality else 4
    last = sorted(
        note.pitch
        for track in score.tracks
        if not track.is_drum
        for note in track.notes
        if note.time + note.duration == end
    )
    assert last[0] % 12 == tonic
    assert {(pitch - tonic) % 12 for pitch in last} <= {0, third, 7, *colors}
    assert marked(piece)[-1].name == ENDING


BRIEFS = {
    "a minor waltz for violin and piano": Brief(
        seconds=14.0, tempo_bpm=140.0, time_signature="3/4", key="D minor", instruments=("violin", "piano"), seed=1
    ),
    "jazz in chords": Brief(seconds=15.0, form="AB", genre="jazz", key="Bb major", style="chords", seed=2),
    "flute and bass in 6/8": Brief(
        seconds=13.0, time_signature="6/8", mode="minor", instruments=("flute", "bass"), moods=("calm",), seed=3
    ),
    "a band": Brief(
        seconds=12.0,
        form="AB",
        key="E major",
        tempo_bpm=150.0,
        instruments=("alto sax", "piano", "bass", "drums"),
        seed=4,
    ),
    "three strings": Brief(seconds=18.0, form="ABA", tempo_bpm=96.0, instruments=("violin", "viola", "cello"), seed=5),
    "electronic, no drums": Brief(
        seconds=12.0, form="loop", genre="electronic", tempo_bpm=130.0, without=("drums",), seed=6
    ),
}


@pytest.mark.parametrize("name", BRIEFS)
def test_a_song_is_what_was_asked_for(name):
    brief = BRIEFS[name]
    plan = plan_of(brief)
    *_, step = compose(Piece.empty(), plan)
    piece, score, theme = step.piece, step.piece.score, plan.stages[0].options
    assert abs(piece.seconds / brief.seconds - 1) <= 0.05
    assert score.tempos[0].time == 0
    assert score.tempos[0].qpm == pytest.approx(brief.tempo_bpm or theme.tempo_bpm, abs=0.01)
    signs = [(sign.time, f"{sign.numerator}/{sign.denominator}") for sign in score.time_signatures]
    assert signs == [(0, brief.time_signature or "4/4")]
    key = parse_key(brief.key or theme.key)
    assert brief.mode in (None, key.mode)
    assert [(sign.time, sign.key, sign.tonality) for sign in score.key_signatures] == [
        (0, key.fifths, int(key.mode == "minor"))
    ]
    assert playing(score) == (asked_for(brief) or set(players(plan)))
    assert not playing(score) & set(map(parse_instrument, brief.without))
    assert (DRUMS in playing(score)) == ("drums" in brief.instruments)
    assert one_at_a_time(score.tracks[0]) and score.tracks[0].name == "Melody"
    assert all(note.pitch % 12 in key.scale for note in score.tracks[0].notes)
    form = plan.stages[1].options
    assert tuple(section.name for section in marked(piece))[-len(form.form) - 1 : -1] == form.form
    check_end(
        piece, frozenset({9, 11}) if brief.genre == "jazz" else frozenset()
    )  # jazz rests on a sixth or a major seventh
    assert read_midi(midi_bytes(piece)).fingerprint == piece.fingerprint


# Stages


def test_a_song_grows_stage_by_stage():
    steps = short_song()
    assert [step.done for step in steps] == sorted(step.done for step in steps) and steps[0].done > 0
    assert {step.total for step in steps} == {4.0} and {step.unit for step in steps} == {"stages"}
    assert [step.done == step.total for step in steps] == [False] * (len(steps) - 1) + [True]
    for step in steps:
        assert step.piece is step.stages[-1] and step.pieces == (step.piece,)
        whole = int(step.done)
        assert len(step.stages) == (whole if step.done == whole else whole + 1)
    for one, after in itertools.pairwise(steps):
        finished = one.stages[: int(one.done)]
        assert all(was is now for was, now in zip(finished, after.stages, strict=False))
    assert [len(piece.history) for piece in steps[-1].stages] == [1, 2, 3, 4]


@pytest.mark.parametrize("piece", [NOTHING, SKETCH], ids=["from nothing", "from a sketch"])
def test_the_history_is_the_sketchs_and_one_recipe_a_stage(piece):
    before = piece.replace().fingerprint
    song, plan = short_song(piece)[-1].piece, plan_of(SHORT, piece)
    assert piece.replace().fingerprint == before
    assert song.history[: len(piece.history)] == piece.history
    recipes = song.history[len(piece.history) :]
    assert [recipe["pipeline"] for recipe in recipes] == ["theme", "sections", "harmony", "mix"]
    stages = short_song(piece)[-1].stages
    for recipe, stage, came in zip(recipes, plan.stages, (piece, *stages), strict=False):
        assert recipe["options"] == to_mapping(stage.options) and recipe["input"] == came.fingerprint
    assert plan_of(SHORT, piece) == plan


def test_a_sketch_is_heard_in_the_song():
    song = short_song(SKETCH)[-1].piece
    first = next(section for section in marked(song) if section.name == "A")
    tune = [note[:3] for note in notes_of(SKETCH.score.tracks[0])]
    assert [note[:3] for note in notes_of(song.score.tracks[0], first.start, first.end)][: len(tune)] == tune
    check_end(song)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_done_is_not_done_again_and_the_rest_is_the_same(count):
    stages = short_song()[-1].stages
    prints = [piece.replace().fingerprint for piece in stages]
    steps = list(compose(NOTHING, plan_of(SHORT), stages[:count]))
    assert steps[0].done > count and steps[-1].done == steps[-1].total == 4.0
    assert [piece.fingerprint for piece in steps[-1].stages] == [piece.fingerprint for piece in stages]
    assert steps[-1].piece.history == stages[-1].history
    for step in steps:
        assert all(was is now for was, now in zip(stages[:count], step.stages, strict=False))
    assert [piece.replace().fingerprint for piece in stages] == prints


@pytest.mark.parametrize("number", range(4))
def test_another_seed_for_a_stage_leaves_those_before_it(number):
    stages = short_song()[-1].stages
    plan = plan_of(SHORT).with_options(number, seed=99)
    *_, step = compose(NOTHING, plan, stages[:number])
    assert all(was is now for was, now in zip(stages[:number], step.stages, strict=False))
    assert len(step.stages) == 4
    assert step.piece.history[number]["options"]["seed"] == 99
    if number in (0, 2):  # nothing is varied in this song, so chance has no part in its sections; fills are few
        assert step.stages[number].fingerprint != stages[number].fingerprint
    check_end(step.piece)


def test_a_song_that_is_stopped_can_be_saved_and_read():
    steps = short_song()
    for step in steps:
        for piece in step.stages:
            back = read_midi(midi_bytes(piece))
            assert back.note_count == piece.note_count > 0 and marked(back) == marked(piece)
    running = compose(NOTHING, plan_of(SHORT))
    kept = next(running)
    print_of_kept = kept.piece.replace().fingerprint
    running.close()
    assert list(running) == [] and kept.piece.replace().fingerprint == print_of_kept


def test_a_song_that_is_done_has_nothing_left_to_do():
    stages = short_song()[-1].stages
    for done in (stages, (*stages, stages[0])):
        with pytest.raises(StudioError) as refused:
            list(compose(NOTHING, plan_of(SHORT), done))
        assert two_sentences(str(refused.value))


def test_a_plan_that_does_not_fit_what_is_done_is_refused():
    theme = short_song()[-1].stages[:1]
    with pytest.raises(StudioError) as refused:
        list(compose(NOTHING, plan_of(SHORT).with_options(1, form=("A", "Z")), theme))
    assert two_sentences(str(refused.value))


@pytest.mark.parametrize("style", ["chords", "bass", "piano", "band", "chorale"])
@pytest.mark.parametrize("key", ["A minor", "Eb major"])
def test_with_any_model_all_play_and_the_song_comes_home(random_models, style, key):
    brief = Brief(seconds=24.0, form="ABA", key=key, time_signature="3/4", style=style, without=("flute",), seed=7)
    plan = plan_of(brief).with_options(1, form=("A", "A'", "B", "A'"), intro_bars=1, ending_bars=2, checkpoint="random")
    plan = plan.with_options(2, checkpoint="random-harmonize", temperature=2.0)
    themes = tunes("A B", 2, "3/4", key)
    *_, step = compose(NOTHING, plan, (themes,))
    assert step.stages[0] is themes
    assert playing(step.piece.score) == {73, *players(plan)[1:]}
    names = [section.name for section in marked(step.piece)]
    assert names == ["Intro", "A", "A'", "B", "A'", ENDING]
    assert score_end(step.piece.score) <= 11 * 3 * 480
    check_end(step.piece)
