from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkpoints.loading import load
from music.bars import bar_grid, score_end
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.form import ENDING, INTRO, with_sections
from music.piece import Piece
from music.theory import parse_key
from pipelines.contract import Step
from pipelines.options.values import from_mapping
from pipelines.song.plan import SectionsOptions
from pipelines.song.sections import lay_out
from tests.examples import examples
from tests.pipelines.song.song_checks import marked, notes_of, one_at_a_time, tunes, two_sentences

TUNES = tunes()


@cache
def steps_of(piece: Piece = TUNES, **options) -> tuple[Step, ...]:
    """Returns all Steps of a run; each run is done once in this file."""
    return tuple(lay_out(piece, SectionsOptions(**options)))


def check_song(before: Piece, steps: tuple[Step, ...], options: SectionsOptions) -> None:
    """Asserts what is promised of every layout of themes of the same length."""
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert [step.done == step.total for step in steps] == [False] * (len(steps) - 1) + [True]
    bar = bar_grid(before.score)[0].end
    themes = {section.name: section for section in marked(before)}
    bars = {name: (section.end - section.start) // bar for name, section in themes.items()}
    expected, at = [], 0
    for name in ([INTRO] if options.intro_bars else []) + [*options.form, ENDING]:
        length = {INTRO: options.intro_bars, ENDING: options.ending_bars}.get(name) or bars[name.rstrip("'")]
        expected.append((name, at, at + length * bar))
        at += length * bar
    final = round((options.final_beats or 1000) * before.score.ticks_per_quarter)
    end = at - bar + max(1, min(bar, final))
    for step in steps:
        score = step.piece.score
        assert [tuple(section) for section in marked(step.piece)] == expected
        assert score_end(score) == end
        assert len(score.tracks) == 1 and one_at_a_time(score.tracks[0])
        assert not any(note.time < options.intro_bars * bar for note in score.tracks[0].notes)
        assert (score.tempos, score.key_signatures) == (before.score.tempos, before.score.key_signatures)
        for section in marked(step.piece):
            if section.name in themes:
                theme = themes[section.name]
                assert notes_of(score.tracks[0], section.start, section.end) == notes_of(
                    before.score.tracks[0], theme.start, theme.end
                )
    song = steps[-1].piece
    heard: dict[str, list] = {}
    for section in marked(song):
        notes = notes_of(song.score.tracks[0], section.start, section.end)
        assert heard.setdefault(section.name, notes) == notes
    last = max(song.score.tracks[0].notes, key=lambda note: note.time)
    sign = before.score.key_signatures[0]
    tonic = (sign.key * 7 + (9 if sign.tonality else 0)) % 12
    assert last.pitch % 12 == tonic and (last.time, last.time + last.duration) == (at - bar, end)


def test_a_song_has_its_sections_in_order_and_ends_on_the_tonic():
    options = SectionsOptions(form=("A", "A", "B", "A"), intro_bars=2, ending_bars=2)
    before = TUNES.fingerprint
    steps = tuple(lay_out(TUNES, options))
    check_song(TUNES, steps, options)
    assert TUNES.replace().fingerprint == before
    assert len(steps) == 1  # nothing to vary, nothing to wait for


FORMS = {
    "4/4": ("A", "A'", "B", "A'", "A''"), "3/4": ("A'", "B", "A'"), "6/8": ("B'", "A'", "B'", "A"), "7/8": ("A", "A'", "A"),
}  # fmt: skip


@pytest.mark.parametrize("signature", FORMS)
@pytest.mark.parametrize("key", ["C major", "F# minor"])
def test_varied_returns_are_alike_and_stay_in_key(signature, key):
    themes, form = tunes(signature=signature, key=key), FORMS[signature]
    options = SectionsOptions(form=form, amount=40, intro_bars=1, ending_bars=3, final_beats=1.0, seed=5)
    steps = steps_of(themes, form=form, amount=40, intro_bars=1, ending_bars=3, final_beats=1.0, seed=5)
    check_song(themes, steps, options)
    track = steps[-1].piece.score.tracks[0]
    assert all(note.pitch % 12 in parse_key(key).scale for note in track.notes)


@pytest.mark.parametrize("amount", [0, 30, 60, 100])
def test_a_variation_is_as_far_from_its_theme_as_asked(amount):
    themes = tunes("A", bars=8)
    song = steps_of(themes, form=("A", "A'"), amount=amount, intro_bars=0, seed=1)[-1].piece
    theme, varied = (
        notes_of(song.score.tracks[0], section.start, section.end) for section in marked(song) if section.name != ENDING
    )
    bar = 1920

    def inside(notes, first, last):
        return [note for note in notes if first * bar <= note[0] < last * bar]

    assert inside(theme, 0, 1) == inside(varied, 0, 1) and inside(theme, 7, 8) == inside(varied, 7, 8)
    free = inside(theme, 1, 7)
    gone = len(set(free) - set(inside(varied, 1, 7)))
    assert gone <= round(amount / 100 * len(free)) + 1
    assert gone >= 0.25 * amount / 100 * len(free)  # some notes may come back as they were
    assert (amount > 0) == (theme != varied)


def test_two_variations_of_a_theme_differ():
    song = steps_of(tunes("A", bars=8), form=("A", "A'", "A''"), amount=60, intro_bars=0)[-1].piece
    versions = [
        notes_of(song.score.tracks[0], section.start, section.end) for section in marked(song) if section.name != ENDING
    ]
    assert versions[0] != versions[1] != versions[2] != versions[0]


@pytest.mark.parametrize("bars", [1, 2, 3])
@pytest.mark.parametrize("ending_bars", [1, 2, 8])
def test_short_themes_make_songs_too(bars, ending_bars):
    options = {"form": ("A", "B", "A'"), "intro_bars": 16, "ending_bars": ending_bars, "final_beats": 0.001}
    themes = tunes(bars=bars)
    check_song(themes, steps_of(themes, **options), SectionsOptions(**options))


def test_a_form_of_64_sections_is_laid_out():
    form = ("A", "B", "A'", "B") * 16
    themes = tunes(bars=1)
    check_song(themes, steps_of(themes, form=form), SectionsOptions(form=form))


@pytest.mark.parametrize("per_quarter", [96, 1024])
def test_other_resolutions_stay(per_quarter):
    themes = tunes(per_quarter=per_quarter, signature="6/8")
    options = {"form": ("A", "A'", "B"), "final_beats": 2.5}
    check_song(themes, steps_of(themes, **options), SectionsOptions(**options))
    assert steps_of(themes, **options)[-1].piece.score.ticks_per_quarter == per_quarter


def test_themes_without_a_return_may_be_left_out_and_any_order_is_fine():
    options = {"form": ("B",), "intro_bars": 0, "ending_bars": 1}
    check_song(TUNES, steps_of(**options), SectionsOptions(**options))


def test_a_form_of_themes_that_are_not_there_is_refused():
    for piece, form in (
        (TUNES, ("A", "C")), (TUNES, ("C'",)), (TUNES, (INTRO,)), (Piece.empty(), ("A",)),
        (Piece(with_sections(TUNES.score, [])), ("A",)),
    ):  # fmt: skip
        with pytest.raises(StudioError) as refused:
            list(lay_out(piece, SectionsOptions(form=form)))
        assert two_sentences(str(refused.value)), refused.value
    for name in ("generate-small", "nobody"):
        with pytest.raises(StudioError) as refused:
            list(lay_out(TUNES, SectionsOptions(form=("A", "A'"), checkpoint=name)))
        assert two_sentences(str(refused.value)), refused.value


def test_seeds_recipes_and_steps_are_as_those_of_any_pipeline():
    options = {"form": ("A", "A'"), "amount": 80.0, "seed": 1}
    steps = steps_of(**options)
    assert len(steps) > 1
    song = steps[-1].piece
    *_, again = lay_out(TUNES, SectionsOptions(**options))
    assert (again.piece.fingerprint, again.piece.history) == (song.fingerprint, song.history)
    assert len({steps_of(**{**options, "seed": seed})[-1].piece.fingerprint for seed in (1, 2, 3)}) == 3
    assert song.history[:-1] == TUNES.history and song.title == TUNES.title and song.lyrics == TUNES.lyrics
    recipe = song.history[-1]
    assert json.loads(json.dumps(recipe)) == recipe
    assert (recipe["pipeline"], recipe["input"]) == ("sections", TUNES.fingerprint)
    assert recipe["checkpoint"] == {"name": "remix-small", "sha256": load("remix-small").entry.sha256}
    assert from_mapping(SectionsOptions, recipe["options"]) == SectionsOptions(**options)
    for step in steps[:-1]:
        assert step.piece.history == TUNES.history
        assert read_midi(midi_bytes(step.piece)).note_count == step.piece.note_count


@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(["4/4", "3/4", "7/8"]),
    st.integers(1, 5),
    st.lists(st.sampled_from(["A", "A'", "B", "B'", "A''"]), min_size=1, max_size=7).map(tuple),
    st.integers(0, 5),
    st.integers(1, 5),
    st.one_of(st.none(), st.floats(0.01, 6)),
    st.sampled_from([0.0, 50.0, 100.0]),
    st.sampled_from(["random", "random-short", "random-official"]),
)
def test_any_model_keeps_the_promises(random_models, signature, bars, form, intro, ending, final, amount, name):
    options = SectionsOptions(
        form=form,
        intro_bars=intro,
        ending_bars=ending,
        final_beats=final,
        amount=amount,
        temperature=4.0,
        checkpoint=name,
    )
    themes = tunes(bars=bars, signature=signature, key="D minor")
    steps = tuple(lay_out(themes, options))
    check_song(themes, steps, options)
    assert all(note.pitch % 12 in parse_key("D minor").scale for note in steps[-1].piece.score.tracks[0].notes)
