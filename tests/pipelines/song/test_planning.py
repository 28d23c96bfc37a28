from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.instruments import parse_instrument
from music.piece import Piece
from music.theory import parse_key
from pipelines.options.checks import TIME_SIGNATURES
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.song.brief import FORMS, Brief
from pipelines.song.plan import plan_from_mapping, plan_to_mapping
from pipelines.song.planning import plan_song
from tests.counting import calls
from tests.examples import examples
from tests.pipelines.song.song_checks import asked_for, players, scale_up, seconds_of, sketch, two_sentences, wanted

TUNE = sketch(scale_up(8), tempo=92.0, program=40)


def check(brief: Brief) -> None:
    """Asserts that the plan of a brief is what was asked for, or that a sentence says why there is none."""
    try:
        plan = plan_song(brief)
    except StudioError as error:
        assert two_sentences(str(error)), error
        return
    theme, form, harmony, *_ = (stage.options for stage in plan.stages)
    last = ["texture"] if brief.texture else []
    assert [stage.pipeline for stage in plan.stages] == ["theme", "sections", "harmony", "mix", *last]
    if last:
        assert parse_instrument(plan.stages[-1].options.instrument) not in map(parse_instrument, brief.without)
    assert plan.brief == brief
    assert abs(seconds_of(plan) / brief.seconds - 1) <= 0.05
    assert brief.tempo_bpm in (None, theme.tempo_bpm)
    assert brief.time_signature in (None, theme.time_signature)
    assert brief.key is None or parse_key(theme.key) == parse_key(brief.key)
    assert brief.mode is None or parse_key(theme.key).mode == brief.mode
    assert theme.genre == brief.genre
    assert brief.style in (None, harmony.style)
    assert all(stage.options.seed == brief.seed for stage in plan.stages)
    playing = set(players(plan))
    assert not playing & set(map(parse_instrument, brief.without))
    if any(0 <= program and program not in range(32, 40) for program in asked_for(brief)):
        assert playing == asked_for(brief)
    else:  # drums and basses alone are part of a band
        assert playing > asked_for(brief)
    assert harmony.instruments  # else Harmonize would choose who accompanies
    HarmonizeOptions(style=harmony.style, instruments=harmony.instruments)
    assert set(theme.sections) == {name.rstrip("'") for name in form.form}
    check_form(brief.form, form.form)
    assert plan_from_mapping(json.loads(json.dumps(plan_to_mapping(plan)))) == plan
    assert plan_song(brief) == plan


def check_form(asked: str | None, names: tuple[str, ...]) -> None:
    plain = [name.rstrip("'") for name in names]
    if asked == "AABA":
        assert plain[:4] == list("AABA") and set(plain) == {"A", "B"}
    elif asked == "verse-chorus":
        assert (
            plain[:2] == ["Verse", "Chorus"] and plain[-1] == "Chorus" and set(plain) <= {"Verse", "Chorus", "Bridge"}
        )
    elif asked == "verse-chorus-bridge":
        assert plain[0] == "Verse" and plain[-1] == "Chorus" and set(plain) == {"Verse", "Chorus", "Bridge"}
    elif asked == "verse-pre-chorus-chorus":
        assert plain[:3] == ["Verse", "Pre-chorus", "Chorus"] and plain[-1] == "Chorus"
    elif asked == "blues":
        assert set(plain) == {"A"}
    elif asked == "march":
        assert plain[0] == plain[-1] == "A" and "Trio" in plain
    elif asked == "through-composed":
        assert len(set(names)) == len(names) > 1
    elif asked == "loop":
        assert set(names) == {"A"} and len(names) > 1
    elif asked is not None:
        assert "".join(names) == asked * (len(names) // len(asked))


@settings(max_examples=examples(120), deadline=None)
@given(wanted())
def test_any_brief_gets_the_plan_that_it_asks_for_or_sentences(values):
    try:
        brief = Brief(**values)
    except StudioError:
        return
    check(brief)


@pytest.mark.parametrize("style", [None, "chords", "bass", "piano", "band", "chorale"])
@pytest.mark.parametrize(
    "names",
    [
        "piano", "violin", "bass", "drums", "flute, piano", "violin, cello", "piano, bass", "flute, bass", "flute, drums",
        "piano, drums", "bass, drums", "violin, viola, cello", "violin, violin", "piano, bass, drums",
        "violin, viola, cello, contrabass", "flute, piano, strings, bass, drums", "choir", "timpani, flute", "pad, drums, organ",
    ],
)  # fmt: skip
def test_all_who_are_asked_for_play_and_nobody_else(style, names):
    check(Brief(instruments=tuple(names.split(", ")), style=style))


@pytest.mark.parametrize("style", [None, "chords", "bass", "piano", "band", "chorale"])
@pytest.mark.parametrize("genre", [None, "pop", "rock", "jazz", "folk", "electronic", "latin", "classical"])
def test_nobody_who_is_excluded_plays_in_a_band_of_the_genre(genre, style):
    usual = plan_song(Brief(genre=genre, style=style))
    for gone in {*players(usual)}:
        check(Brief(genre=genre, style=style, without=(str(gone),) if gone >= 0 else ("drums",)))
    everybody = tuple("drums" if program < 0 else str(program) for program in players(usual))
    check(Brief(genre=genre, style=style, without=everybody))


@pytest.mark.parametrize("form", [*FORMS, "ABAC", "A", "ABCDEF"])
@pytest.mark.parametrize("seconds", [10.0, 47.0, 60.0, 181.0, 300.0])
def test_every_length_and_form_has_a_plan_where_the_tempo_is_free(form, seconds):
    for signature in TIME_SIGNATURES:
        brief = Brief(seconds=seconds, form=form, time_signature=signature)
        if seconds == 10.0 and form == "ABCDEF":
            continue  # a bar of 4/2 each would be too fast
        plan = plan_song(brief)  # never refused
        assert abs(seconds_of(plan) / seconds - 1) <= 0.05
        check_form(form, plan.stages[1].options.form)


def test_usual_lengths_are_possible_at_usual_tempi_in_usual_signatures():
    for seconds in (20.0, 60.0, 180.0):
        for tempo in (60.0, 90.0, 133.0):
            for signature in ("4/4", "3/4", "6/8"):
                plan = plan_song(Brief(seconds=seconds, tempo_bpm=tempo, time_signature=signature))
                assert abs(seconds_of(plan) / seconds - 1) <= 0.05


@pytest.mark.parametrize(("form", "tempo"), [("loop", 120.0), ("AABA", 90.0), ("verse-chorus", None), (None, 64.5)])
def test_a_plan_is_little_work(form, tempo):
    """A page asks for one whenever a wish changes; ``python -m benchmarks interface`` tells the seconds."""
    assert calls(plan_song, Brief(seconds=74.0, form=form, tempo_bpm=tempo)) < 600_000


def test_moods_change_the_song():
    calm, wild = plan_song(Brief(moods=("calm",))), plan_song(Brief(moods=("energetic",)))
    assert calm.stages[0].options.tempo_bpm < wild.stages[0].options.tempo_bpm
    assert parse_key(plan_song(Brief(moods=("sad",))).stages[0].options.key).mode == "minor"
    assert parse_key(plan_song(Brief(moods=("happy",))).stages[0].options.key).mode == "major"
    keys = {plan_song(Brief(seed=seed)).stages[0].options.key for seed in range(12)}
    assert len(keys) > 2


# Sketches


def test_a_song_follows_its_sketch_where_nothing_else_is_asked_for():
    waltz = sketch(scale_up(8, beats=3), signature=(3, 4), tempo=140.0, key=(-1, 1), program=68)
    theme = plan_song(Brief(seconds=30.0), waltz).stages[0].options
    assert (theme.time_signature, theme.tempo_bpm, theme.key) == ("3/4", 140.0, "D minor")
    assert parse_instrument(theme.lead) == 68
    plan = plan_song(Brief(seconds=30.0), waltz)
    assert abs(seconds_of(plan) / 30.0 - 1) <= 0.05


def test_what_is_asked_for_comes_before_the_sketch():
    brief = Brief(tempo_bpm=120.0, time_signature="3/4", key="Eb major", instruments=("flute", "piano"))
    plan = plan_song(brief, TUNE)
    theme = plan.stages[0].options
    assert (theme.tempo_bpm, theme.time_signature, theme.key) == (120.0, "3/4", "Eb major")
    assert set(players(plan)) == asked_for(brief)
    minor = plan_song(Brief(mode="minor"), TUNE).stages[0].options
    assert minor.key == "C minor"  # its tonic stays


def test_the_sketchs_player_leads_where_they_are_among_those_asked_for():
    theme = plan_song(Brief(instruments=("flute", "violin", "piano")), TUNE).stages[0].options
    assert parse_instrument(theme.lead) == 40
    assert parse_instrument(plan_song(Brief(without=("violin",)), TUNE).stages[0].options.lead) != 40


def test_no_sketch_and_a_sketch_without_notes_are_alike():
    assert plan_song(Brief(seed=3)) == plan_song(Brief(seed=3), Piece.empty())


def test_drums_alone_are_no_sketch():
    score = TUNE.score.copy()
    score.tracks[0].is_drum = True
    with pytest.raises(StudioError) as refused:
        plan_song(Brief(), Piece(score))
    assert two_sentences(str(refused.value))


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 60), st.one_of(st.floats(0.01, 30), st.just(1.0)), st.integers(0, 127)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([96, 480, 1024, 7]),
    st.sampled_from([(4, 4), (3, 4), (7, 16), (6, 8), (1, 4), (12, 8), (11, 8)]),
    st.sampled_from([5.0, 20.0, 96.0, 120.5, 400.0]),
    st.sampled_from([None, (0, 0), (-6, 1)]),
    st.integers(0, 127),
    wanted(),
)
def test_any_melody_gives_a_plan_or_sentences(notes, per_quarter, signature, tempo, key, program, values):
    piece = sketch(sorted(notes), signature=signature, tempo=tempo, key=key, program=program, per_quarter=per_quarter)
    piece = read_midi(midi_bytes(piece))
    fingerprint = piece.replace().fingerprint
    try:
        brief = Brief(**{**values, "tempo_bpm": None})
        plan = plan_song(brief, piece)
    except StudioError as error:
        assert two_sentences(str(error)), error
    else:
        assert abs(seconds_of(plan) / brief.seconds - 1) <= 0.05
        assert set(players(plan)) >= asked_for(brief)
        assert not set(players(plan)) & set(map(parse_instrument, brief.without))
        assert brief.key is None or parse_key(plan.stages[0].options.key) == parse_key(brief.key)
    assert piece.replace().fingerprint == fingerprint


def test_a_very_long_sketch_and_a_very_short_one_have_plans():
    for piece in (sketch(scale_up(100)), sketch([(0, 1, 72)])):
        plan = plan_song(Brief(seconds=60.0), piece)
        assert abs(seconds_of(plan) / 60.0 - 1) <= 0.05
