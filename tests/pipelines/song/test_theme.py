from __future__ import annotations

import dataclasses
import json
from functools import cache

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from checkpoints import loading, store
from models.hinted.transformer_xl import HintedTransformerXL
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.instruments import parse_instrument, playable_range
from music.piece import Piece
from music.theory import parse_key
from music.tokens.dialects import studio
from pipelines.contract import Step
from pipelines.options.values import from_mapping
from pipelines.song.plan import ThemeOptions
from pipelines.song.theme import OPEN_THEMES, write_theme
from tests.examples import examples
from tests.loaded import forget
from tests.pipelines.song.song_checks import marked, notes_of, one_at_a_time, scale_up, sketch, two_sentences

QUICK = {"bars": 4, "drafts": 2, "lead": "violin", "seed": 3}


@cache
def steps_of(piece: Piece, **options) -> tuple[Step, ...]:
    """Returns all Steps of a run; each run is done once in this file."""
    return tuple(write_theme(piece, ThemeOptions(**{**QUICK, **options})))


NOTHING = Piece.empty()


def written(piece: Piece = NOTHING, **options) -> Piece:
    return steps_of(piece, **options)[-1].piece


def bar_of(options: ThemeOptions) -> int:
    numerator, denominator = map(int, options.time_signature.split("/"))
    return 4 * 480 * numerator // denominator


def check_themes(steps: tuple[Step, ...], options: ThemeOptions, given: int = 0) -> None:
    """Asserts what is promised of every theme; the first ``given`` bars are a sketch's, which may be anything."""
    piece, bar = steps[-1].piece, bar_of(options)
    score, key = piece.score, parse_key(options.key)
    assert [step.done for step in steps] == sorted(step.done for step in steps) and steps[0].done > 0
    assert {step.total for step in steps} == {float(len(options.sections) * options.bars)}
    assert [step.done == step.total for step in steps] == [False] * (len(steps) - 1) + [True]
    assert [(track.name, track.program, track.is_drum) for track in score.tracks] == [
        ("Melody", parse_instrument(options.lead), False)
    ]
    melody = score.tracks[0]
    assert one_at_a_time(melody)
    assert [(tempo.time, tempo.qpm) for tempo in score.tempos] == [(0, pytest.approx(options.tempo_bpm, abs=0.01))]
    signs = [(sign.time, f"{sign.numerator}/{sign.denominator}") for sign in score.time_signatures]
    assert signs == [(0, options.time_signature)]
    assert [(sign.time, sign.key, sign.tonality) for sign in score.key_signatures] == [
        (0, key.fifths, int(key.mode == "minor"))
    ]
    assert [tuple(section) for section in marked(piece)] == [
        (name, n * options.bars * bar, (n + 1) * options.bars * bar) for n, name in enumerate(options.sections)
    ]
    low, high = playable_range(parse_instrument(options.lead))
    free = [note for note in melody.notes if note.time >= given * bar]
    assert all(note.pitch % 12 in key.scale for note in free)
    assert given or all(low <= note.pitch <= high for note in melody.notes)
    for section in marked(piece):
        if section.end <= given * bar:
            continue
        mine = notes_of(melody, section.start, section.end)
        start, length, pitch, _ = mine[-1]
        tones = (7, 2) if section.name in OPEN_THEMES else (0,)
        assert (pitch - key.tonic) % 12 in tones
        assert section.start + start + length == section.end and 2 * length >= bar - 479 * (bar > 480)
        assert mine[0][0] < bar


def check_answers(piece: Piece, options: ThemeOptions) -> None:
    """Asserts that the second half of each theme begins as the first does."""
    bar, melody = bar_of(options), piece.score.tracks[0]
    if options.bars < 4 or options.bars % 2:
        return
    half, same = options.bars // 2 * bar, options.bars // 4 * bar
    for section in marked(piece):
        question, answer = (
            [
                (onset, min(length, same - onset), pitch % 12)
                for onset, length, pitch, _ in notes_of(melody, start, start + same)
            ]
            for start in (section.start, section.start + half)
        )
        assert question == answer


# From nothing


@pytest.mark.parametrize(
    "options",
    [
        {}, {"bars": 1, "sections": ("Verse",), "lead": "piano", "key": "F# minor"}, {"bars": 2, "time_signature": "3/4"},
        {"bars": 3, "sections": ("Bridge", "A"), "time_signature": "6/8", "lead": "alto sax", "key": "Eb major"},
        {"bars": 8, "sections": ("A",), "time_signature": "5/4", "tempo_bpm": 180.0, "genre": "jazz", "lead": "tuba"},
        {"bars": 6, "sections": ("B",), "time_signature": "7/8", "density": "high", "lead": "glockenspiel", "drafts": 1},
        {"bars": 5, "sections": ("A",), "density": "low", "lead": "bass", "key": "Bb minor", "temperature": 4.0},
        {"bars": 2, "sections": tuple("ABCDEFGHIJKL"), "drafts": 1, "time_signature": "2/4", "temperature": 0.0},
    ],
)  # fmt: skip
def test_themes_are_melodies_in_key_that_come_to_a_close(options):
    asked = ThemeOptions(**{**QUICK, **options})
    check_themes(steps_of(NOTHING, **options), asked)
    check_answers(written(**options), asked)


@pytest.mark.parametrize("bars", [9, 12, 16, 32])
def test_long_themes_come_to_a_close_too(bars):
    asked = ThemeOptions(sections=("A",), bars=bars, drafts=1, time_signature="2/4", lead="flute")
    steps = tuple(write_theme(Piece.empty(), asked))
    check_themes(steps, asked)
    check_answers(steps[-1].piece, asked)


def test_the_same_seed_gives_the_same_notes_and_another_seed_others():
    again = [*write_theme(Piece.empty(), ThemeOptions(**QUICK))][-1].piece
    assert (again.fingerprint, again.history) == (written().fingerprint, written().history)
    assert len({written(seed=seed, bars=2).fingerprint for seed in (3, 4, 5)}) == 3


def test_the_recipe_is_complete_and_the_input_stays():
    tune = sketch(scale_up(2))
    before = tune.fingerprint
    piece = written(tune, bars=2)
    assert tune.replace().fingerprint == before
    assert piece.history[:-1] == tune.history
    recipe = piece.history[-1]
    assert json.loads(json.dumps(recipe)) == recipe
    assert recipe["pipeline"] == "theme" and recipe["input"] == before and recipe["version"]
    assert recipe["checkpoint"] == {
        "name": "generate-small",
        "sha256": loading.load("generate-small").entry.sha256,
    }
    assert from_mapping(ThemeOptions, recipe["options"]) == ThemeOptions(**{**QUICK, "bars": 2})
    assert all(step.piece.history == tune.history for step in steps_of(tune, bars=2)[:-1])


def test_every_step_is_music_that_can_be_saved():
    steps = steps_of(NOTHING)
    assert len(steps) >= 4
    for step in steps:
        back = read_midi(midi_bytes(step.piece))
        assert back.note_count == step.piece.note_count > 0
        assert one_at_a_time(step.piece.score.tracks[0])
        names = [section.name for section in marked(step.piece)]
        assert names == ["A", "B"][: len(names)] and names
    steps = write_theme(Piece.empty(), ThemeOptions(**QUICK))
    kept = next(steps)
    print_of_kept = kept.piece.replace().fingerprint
    steps.close()
    assert list(steps) == [] and kept.piece.replace().fingerprint == print_of_kept


def test_a_checkpoint_that_writes_no_melodies_is_refused():
    for name in ("remix-small", "nobody"):
        with pytest.raises(StudioError) as refused:
            list(write_theme(Piece.empty(), ThemeOptions(checkpoint=name)))
        assert two_sentences(str(refused.value)), refused.value


# From a sketch


def begins_with(piece: Piece, tune: Piece, ticks: int, semitones: int = 0, until: int = 10**9) -> None:
    """Asserts that a song begins with the notes of a sketch, that many ticks earlier and semitones higher."""
    rate = 480 / tune.score.ticks_per_quarter
    was = [
        (round(note.time * rate) - ticks, round(note.duration * rate), note.pitch + semitones, note.velocity)
        for note in tune.score.tracks[0].notes
    ]
    was = [note for note in was if note[0] < until]
    assert notes_of(piece.score.tracks[0])[: len(was)] == was


@pytest.mark.parametrize("per_quarter", [96, 480, 1024])
@pytest.mark.parametrize(("key", "semitones"), [("C major", 0), ("Eb major", 3), ("A major", -3), ("F# major", 6)])
def test_a_sketch_is_the_first_theme_note_for_note(per_quarter, key, semitones):
    tune = sketch(scale_up(4), per_quarter=per_quarter)
    options = {"sections": ("A",), "bars": 4, "key": key}
    piece = written(tune, **options)
    begins_with(piece, tune, 0, semitones)
    check_themes(steps_of(tune, **options), ThemeOptions(**{**QUICK, **options}), given=4)
    assert piece.note_count == tune.note_count


@pytest.mark.parametrize("theme_bars", [4, 6, 8, 16])
def test_the_model_writes_on_where_the_sketch_ends(theme_bars):
    tune = sketch(scale_up(4))
    options = {"bars": theme_bars, "sections": ("A", "B"), "drafts": 1}
    begins_with(written(tune, **options), tune, 0)
    check_themes(steps_of(tune, **options), ThemeOptions(**{**QUICK, **options}), given=4)


def test_a_pickup_and_rests_before_it_move_by_whole_bars():
    tune = sketch([(8 + 3.0, 0.5, 67), (8 + 3.5, 0.5, 69), (12.0, 4.0, 72)])
    piece = written(tune, sections=("A",), bars=2)
    begins_with(piece, tune, 2 * 1920)
    assert notes_of(piece.score.tracks[0])[0][0] == 3 * 480


def test_the_tune_of_a_band_is_taken_and_the_others_are_not():
    band = sketch(scale_up(2)).score.copy()
    low = sketch([(0, 4, 36), (4, 4, 43)], program=33).score.tracks[0]
    kit = sketch([(n, 0.5, 38) for n in range(8)]).score.tracks[0]
    low.name, kit.name, kit.is_drum = "Bass", "Kit", True
    band.tracks = [kit, low, band.tracks[0]]
    piece = written(Piece(band), sections=("A",), bars=2)
    assert notes_of(piece.score.tracks[0]) == notes_of(sketch(scale_up(2)).score.tracks[0])


def test_several_tempi_and_signatures_of_a_sketch_are_no_trouble():
    import symusic

    score = sketch(scale_up(4)).score.copy()
    score.tempos = [symusic.Tempo(0, 100.0), symusic.Tempo(1000, 55.0)]
    score.time_signatures = [symusic.TimeSignature(0, 4, 4), symusic.TimeSignature(1920, 3, 4)]
    score.key_signatures = [symusic.KeySignature(0, 0, 0), symusic.KeySignature(1920, 3, 0)]
    options = {"sections": ("A",), "bars": 4}
    check_themes(steps_of(Piece(score), **options), ThemeOptions(**{**QUICK, **options}), given=4)


def test_drums_alone_are_no_melody_and_one_is_written():
    score = sketch(scale_up(2)).score.copy()
    score.tracks[0].is_drum = True
    options = {"bars": 2}
    check_themes(steps_of(Piece(score), **options), ThemeOptions(**{**QUICK, **options}))


def test_a_very_long_sketch_fills_all_themes_and_the_rest_is_left_out():
    tune = sketch(scale_up(100))
    piece = written(tune, bars=8)
    begins_with(piece, tune, 0, until=16 * 1920)
    assert piece.note_count == 64 and len(steps_of(tune, bars=8)) == 2


# Any model, any sketch


@pytest.fixture(scope="module")
def wild(tmp_path_factory) -> str:
    """Returns the name of a model that has learnt nothing but is sure of what it says."""
    config = dataclasses.replace(
        loading.load("generate-small").model.config, layers=1, width=16, heads=2, hidden=16, head_hidden=16
    )
    torch.manual_seed(2)
    model = HintedTransformerXL(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter.requires_grad_(False), std=1.0)
    folder, name = tmp_path_factory.mktemp("wild"), "random-hinted"
    path = folder / f"{name}.safetensors"
    save_file(model.state_dict(), path, metadata={"config": json.dumps(dataclasses.asdict(config))})
    values = {
        "file": path.name, "bytes": path.stat().st_size, "sha256": store.file_sha256(path), "task": "generate",
        "architecture": "hinted_transformer_xl", "tokenizer": studio().digest, "licence": "MIT",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPMUSIC_CACHE", str(folder))
        store.register(folder / "registry.toml", name, values)
        loading.load(name)  # from now on it is in memory
    yield name
    forget(name)


quick = settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ANY = st.fixed_dictionaries(
    {
        "sections": st.sampled_from([("A",), ("A", "B"), ("Verse", "Chorus", "Bridge")]),
        "bars": st.integers(1, 9),
        "lead": st.sampled_from(["piano", "flute", "contrabass", "112", "tubular bells", "bass"]),
        "key": st.sampled_from(["C major", "F# minor", "Bb major", "B minor"]),
        "time_signature": st.sampled_from(["4/4", "3/4", "6/8", "5/4", "7/8", "3/8", "12/8", "2/2"]),
        "density": st.sampled_from([None, "low", "high"]),
        "drafts": st.sampled_from([1, 3]),
        "temperature": st.sampled_from([0.0, 1.0, 4.0]),
        "seed": st.sampled_from([0, 7, 2**63 - 1]),
    }
)


@quick
@given(ANY)
def test_any_model_keeps_the_promises(wild, values):
    options = ThemeOptions(**values, checkpoint=wild)
    steps = tuple(write_theme(Piece.empty(), options))
    check_themes(steps, options)
    check_answers(steps[-1].piece, options)


@quick
@given(
    ANY,
    st.lists(st.tuples(st.floats(0, 40), st.floats(0.01, 20), st.integers(0, 127)), min_size=1, max_size=8),
    st.sampled_from([96, 480, 1024, 7]),
    st.sampled_from([None, (0, 0), (6, 0), (-5, 1)]),
)
def test_any_sketch_is_followed(wild, values, notes, per_quarter, key):
    tune = sketch(sorted(notes), per_quarter=per_quarter, key=key)
    options = ThemeOptions(**values, checkpoint=wild)
    steps = tuple(write_theme(tune, options))
    everything = len(options.sections) * options.bars
    check_themes(steps, options, given=everything)
    for step in steps:
        assert all(0 <= note.pitch <= 127 and note.duration > 0 for note in step.piece.score.tracks[0].notes)
        assert read_midi(midi_bytes(step.piece)).note_count == step.piece.note_count
    bars = bar_of(options)
    heads = {note.time // bars for note in steps[-1].piece.score.tracks[0].notes}
    assert {bar // options.bars for bar in heads} == set(range(len(options.sections)))  # no theme is silent
