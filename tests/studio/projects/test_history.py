from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.store import entry, register
from music.errors import StudioError
from music.piece import Piece
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.values import to_mapping
from pipelines.recipes import CheckpointAway
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import Brief
from pipelines.song.optional_stages import TextureOptions
from pipelines.song.plan import Plan, SectionsOptions, Stage, ThemeOptions
from pipelines.story import describe_recipe
from studio.projects.history import Event, again, history, with_checkpoints_here
from studio.projects.project import Take
from tests.examples import examples
from tests.studio.projects.test_project import tune

EMPTY = Piece.empty()
GENERATE, REMIX = (
    GenerateOptions(bars=16, key="D minor", tempo_bpm=96.0, seed=3),
    RemixOptions(bars=(4, 5, 6, 7), seed=7),
)


def recipe(pipeline: str, options, start: Piece, model: str = "a") -> dict:
    return {
        "pipeline": pipeline,
        "options": to_mapping(options),
        "input": start.fingerprint,
        "checkpoint": {"sha256": model},
    }


def after(piece: Piece, pipeline: str, options, pitch: int, model: str = "a") -> Piece:
    """Returns what this pipeline would make of a piece: one note of this pitch."""
    return piece.with_step(tune(pitch).score, recipe(pipeline, options, piece, model))


@pytest.mark.parametrize(
    ("pipeline", "options", "words"),
    [
        ("remix", REMIX, "remixed bars 5-8, notes 60 %, seed 7"),
        ("generate", GENERATE, "wrote 16 bars, D minor, 96 BPM, seed 3"),
        ("generate", GenerateOptions(bars=1, keep_bars=8), "wrote 1 bar after bar 8, seed 0"),
        (
            "generate",
            GenerateOptions(bars=None, seconds=30, genre="jazz", instruments=("Piano", "Flute"), time_signature="3/4"),
            "wrote 30 seconds, 3/4, jazz, Piano and Flute, seed 0",
        ),
        ("generate", GenerateOptions(bars=4, genre="latin", style="samba"), "wrote 4 bars, samba, seed 0"),
        ("generate", GenerateOptions(bars=4, genre="folk", style="waltz"), "wrote 4 bars, folk, waltz, seed 0"),
        (
            "remix",
            RemixOptions(change="rhythm", amount=0, tracks=(0, 2), instruments=((0, "violin"),)),
            "remixed all bars, tracks 1 and 3, track 1 as violin, seed 0",
        ),
        ("harmonize", HarmonizeOptions(style="band", bars=(4,), key="C major"), "harmonized bar 5 with a band, C major, seed 0"),
        ("harmonize", HarmonizeOptions(style="chorale", chords=(("Am",), ("F",))), "harmonized for four voices, chords Am | F, seed 0"),
        (
            "theme",
            ThemeOptions(seed=1),
            "wrote 2 themes (A, B) of 8 bars, Flute, C major, 100 BPM, 4/4, seed 1",
        ),
        ("sections", SectionsOptions(), "laid out A A' B A', intro of 2 bars, ending of 2 bars, returns varied 30 %, seed 0"),
        ("harmony", HarmonyOptions(style="band", instruments=("Piano",)), "accompanied it with a band, Piano, seed 0"),
        ("texture", TextureOptions(seed=2), "laid a texture under it, Pad 2 (warm), sparse, seed 2"),
        ("mix", MixOptions(layers=False, groove=False), "mixed it, loudness by section 60 %, room for the melody, fills, seed 0"),
    ],
)  # fmt: skip
def test_a_recipe_in_words(pipeline, options, words):
    assert describe_recipe(recipe(pipeline, options, EMPTY)) == words


def test_one_of_several_versions_says_which():
    made = {**recipe("generate", GenerateOptions(bars=4, variants=3, seed=1), EMPTY), "variant": 1}
    assert describe_recipe(made) == "wrote 4 bars, seed 1, version 2 of 3"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
names = st.sampled_from(["generate", "remix", "harmonize", "theme", "sections", "harmony", "mix", "texture", "dance"])
options_of_some_kind = st.dictionaries(
    st.sampled_from(["bars", "seed", "variants", "style", "instruments", "form", "sections", "amount", "chords"]),
    values,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "pipeline": names | values,
            "options": options_of_some_kind | values,
            "variant": values,
            "input": values,
        },
    )
)
@settings(max_examples=examples(200), deadline=None)
def test_whatever_a_file_says_there_are_words_and_a_history(made):
    assert describe_recipe(made)
    take = Take(1, "odd.mid", "", (tune(history=(made, made)),))
    for event in history([take])[0].events:
        try:
            again(event, take)
        except StudioError as error:
            assert str(error)


def test_each_take_tells_what_is_new_in_it():
    first = after(EMPTY, "generate", GENERATE, 60)
    second = after(first, "remix", REMIX, 62)
    takes = [Take(1, "Take 1", "", (first,), options=GENERATE), Take(2, "Take 2", "", (second,), first, REMIX)]
    one, two = history(takes)
    assert [event.words for event in one.events] == ["wrote 16 bars, D minor, 96 BPM, seed 3"]
    assert [event.words for event in two.events] == ["remixed bars 5-8, notes 60 %, seed 7"]
    order = again(two.events[0], takes[1])
    assert (order.verb, order.piece, order.options, order.stages) == ("remix", first, REMIX, None)
    assert again(one.events[0], takes[0]).piece.note_count == 0


def test_a_take_with_all_its_versions_is_told_as_one_step():
    options = GenerateOptions(bars=4, variants=2, seed=1)
    made = [tune(60 + n, history=({**recipe("generate", options, EMPTY), "variant": n},)) for n in range(2)]
    assert history([Take(1, "Take 1", "", tuple(made), options=options)])[0].events[0].words == "wrote 4 bars, seed 1"
    branch = history([Take(1, "Take 1", "", (made[1],), options=options)])[0]
    assert branch.events[0].words == "wrote 4 bars, seed 1, version 2 of 2"


def test_a_file_brings_its_history_along():
    first = after(EMPTY, "generate", GENERATE, 60)
    second = after(first, "remix", REMIX, 62)
    take = Take(1, "mine.mid", "", (second,))
    chapter = history([take])[0]
    assert chapter.origin == "opened mine.mid"
    wrote, remixed = chapter.events
    assert not wrote.pieces and remixed.pieces == (second,)  # the file holds only the end
    assert again(wrote, take).options == GENERATE
    with pytest.raises(StudioError, match="not in this song"):
        again(remixed, take)


def test_the_same_step_again_is_compared_note_for_note():
    first, same = after(EMPTY, "generate", GENERATE, 60), after(EMPTY, "generate", GENERATE, 60)
    other, model = after(EMPTY, "generate", GENERATE, 61), after(EMPTY, "generate", GENERATE, 61, "b")
    takes = [
        Take(n + 1, f"Take {n + 1}", "", (piece,), options=GENERATE)
        for n, piece in enumerate((first, same, other, model))
    ]
    verdicts = [chapter.events[0].verdict for chapter in history(takes)]
    assert verdicts[:2] == ["", "the same notes as Take 1, note for note"]
    assert verdicts[2].startswith("other notes than Take 1: written by another version")
    assert verdicts[3] == "other notes than Take 1: another checkpoint wrote them"


STAGES = (
    Stage("theme", ThemeOptions(seed=1)),
    Stage("sections", SectionsOptions(seed=2)),
    Stage("harmony", HarmonyOptions(seed=3)),
    Stage("mix", MixOptions(seed=4)),
)
PLAN = Plan(Brief(text="a waltz"), STAGES)


def composed(plan: Plan, pitch: int, kept: tuple[Piece, ...] = (), start: Piece = EMPTY) -> tuple[Piece, ...]:
    stages = list(kept)
    for number, stage in list(enumerate(plan.stages))[len(kept) :]:
        stages.append(after(stages[-1] if stages else start, stage.pipeline, stage.options, pitch + number))
    return tuple(stages)


def test_a_composed_song_is_told_stage_by_stage_and_each_can_be_done_again():
    stages = composed(PLAN, 60)
    take = Take(1, "Take 1", "", stages[-1:], options=PLAN, stages=stages)
    events = history([take])[0].events
    assert [event.words.split()[0] for event in events] == ["wrote", "laid", "accompanied", "mixed"]
    assert [event.pieces for event in events] == [(stage,) for stage in stages]
    for number, event in enumerate(events):
        order = again(event, take)
        assert order.verb == "compose" and order.piece.note_count == 0
        assert order.options == Plan(PLAN.brief, STAGES[: number + 1]) and order.stages == stages[:number]


def test_a_song_from_a_sketch_begins_again_with_the_sketch():
    sketch = tune(50)
    stages = composed(PLAN, 60, start=sketch)
    take = Take(2, "Take 2", "", stages[-1:], sketch, PLAN, stages)
    events = history([Take(1, "sketch.mid", "", (sketch,)), take])[1].events
    assert again(events[0], take).piece.fingerprint == sketch.fingerprint


def test_stages_that_were_kept_are_not_told_twice():
    stages = composed(PLAN, 60)
    plan = PLAN.with_options(2, seed=9)
    others = composed(plan, 70, stages[:2])
    takes = [
        Take(1, "Take 1", "", stages[-1:], options=PLAN, stages=stages),
        Take(2, "Take 2", "", others[-1:], options=plan, stages=others),
        Take(3, "Harmony of Take 1", "", (stages[2],)),
    ]
    _, again_written, branch = history(takes)
    assert [event.recipe["pipeline"] for event in again_written.events] == ["harmony", "mix"]
    assert again(again_written.events[0], takes[1]).stages == stages[:2]
    assert branch.events == () and branch.origin == "went back to an earlier step"


def test_a_composed_song_from_a_midi_file_is_done_again_from_its_beginning():
    song = composed(PLAN, 60)[-1]
    take = Take(1, "song.mid", "", (song,))
    event = history([take])[0].events[-1]
    order = again(event, take)
    assert order.stages == () and [stage.pipeline for stage in order.options.stages] == [
        "theme",
        "sections",
        "harmony",
        "mix",
    ]


def test_a_step_of_an_earlier_version_is_told_done_again_and_compared():
    """Its recipe holds bars, chords and instruments as text."""
    old = {
        "remix": {**to_mapping(REMIX), "bars": "5-8", "instruments": ["0=violin"]},
        "harmonize": {**to_mapping(HarmonizeOptions()), "bars": "5", "chords": "| Am | F |"},
        "harmony": {**to_mapping(HarmonyOptions()), "chords": "Am F C G E"},
    }
    words = {
        "remix": "remixed bars 5-8, notes 60 %, track 1 as violin, seed 7",
        "harmonize": "harmonized bar 5 with chords, chords Am | F, seed 0",
        "harmony": "accompanied it with a band, chords Am | F | C | G …, seed 0",
    }
    for pipeline, options in old.items():
        made = {"pipeline": pipeline, "options": options, "input": EMPTY.fingerprint, "checkpoint": {"sha256": "a"}}
        assert describe_recipe(made) == words[pipeline]
    first, second = after(EMPTY, "generate", GENERATE, 60), after(EMPTY, "generate", GENERATE, 60)
    for name in ("style", "novelty"):  # which Generate did not have
        del first.history[0]["options"][name]
    takes = [
        Take(1, "Take 1", "", (first,), options=GENERATE),
        Take(2, "Take 2", "", (second,), options=GENERATE),
    ]
    assert history(takes)[1].events[0].verdict == "the same notes as Take 1, note for note"
    made = {"pipeline": "remix", "options": old["remix"], "input": EMPTY.fingerprint, "checkpoint": {"sha256": "a"}}
    first = tune(60, history=(made,))
    options = RemixOptions(bars=(4, 5, 6, 7), instruments=((0, "violin"),), seed=7)
    second = after(EMPTY, "remix", options, 60)
    takes = [Take(1, "Take 1", "", (first,)), Take(2, "Take 2", "", (second,), options=options)]
    one, two = history(takes)
    assert again(one.events[0], takes[0]).options == options
    assert two.events[0].verdict == "the same notes as Take 1, note for note"


# ---- checkpoints that had another name then


OLD = "01d" * 21 + "0"


@pytest.fixture
def old(tmp_path, monkeypatch) -> Path:
    """The file of a checkpoint that is called "first" here and was called generate-small."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    values = {"file": "first.safetensors", "bytes": 3, "sha256": OLD, "sources": ["https://example.org/first"]}
    register(tmp_path / "registry.toml", "first", values)
    entry("first").path.write_bytes(b"old")
    return entry("first").path


def by(name: str, made: dict) -> dict:
    """Returns a recipe of the old checkpoint under this name."""
    return {**made, "options": {**made["options"], "checkpoint": name}, "checkpoint": {"name": name, "sha256": OLD}}


def test_a_step_is_done_again_with_the_checkpoint_of_that_time(old):
    take = Take(1, "Take 1", "", (tune(60, history=(by("generate-small", recipe("generate", GENERATE, EMPTY)),)),))
    event = history([take])[0].events[0]
    assert again(with_checkpoints_here(event), take).options == replace(GENERATE, checkpoint="first")
    old.unlink()
    with pytest.raises(CheckpointAway, match=r"^This recipe was made with an earlier generate-small\. Get it with "):
        with_checkpoints_here(event)


def test_of_a_song_only_what_is_written_again_needs_its_checkpoint(old):
    old.unlink()
    theme = tune(60, history=(by("generate-small", recipe("theme", STAGES[0].options, EMPTY)),))
    stages = composed(PLAN, 61, (theme,))
    take = Take(1, "Take 1", "", stages[-1:], options=PLAN, stages=stages)
    wrote, *others = history([take])[0].events
    for event in others:
        assert again(with_checkpoints_here(event), take) == again(event, take)
    with pytest.raises(CheckpointAway):
        with_checkpoints_here(wrote)
    alone = history([Take(1, "song.mid", "", stages[-1:])])[0].events[-1]  # a file, which lacks what its stages made
    with pytest.raises(CheckpointAway):
        with_checkpoints_here(alone)


def test_the_same_checkpoint_under_another_name_is_no_other_and_another_one_is_told_of(old):
    made = recipe("generate", GENERATE, EMPTY)
    first, same, other = (
        tune(pitch, history=(by(name, made),)) for name, pitch in (("generate-small", 60), ("first", 60), ("first", 61))
    )
    later = after(EMPTY, "generate", GENERATE, 62, "b")
    takes = [
        Take(n + 1, f"Take {n + 1}", "", (piece,), options=GENERATE)
        for n, piece in enumerate((first, same, other, later))
    ]
    verdicts = [chapter.events[0].verdict for chapter in history(takes)]
    assert verdicts[1] == "the same notes as Take 1, note for note"
    assert verdicts[2].startswith("other notes than Take 1: written by another version")
    assert verdicts[3] == "other notes than Take 1: another checkpoint wrote them"


@pytest.mark.parametrize("odd", [None, 5, "small", {}, {"name": 1, "sha256": OLD}, {"name": "generate-small"}])
def test_a_recipe_that_says_nothing_of_a_checkpoint_is_done_again_as_it_stands(odd):
    made = {**recipe("generate", GENERATE, EMPTY), "checkpoint": odd}
    event = Event("", made, (), (made,), (), EMPTY, True)
    assert again(with_checkpoints_here(event), Take(1, "Take 1", "", (tune(60),))).options == GENERATE
