"""What `python -m training evaluate` says of small checkpoints, and the floors on bars whose answers are known by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

from checkpoints import loading
from music.errors import StudioError
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, Octuple
from music.tokens.dialects import studio
from tests.loaded import nothing_loaded
from training.__main__ import main
from training.data.masking import Hidden
from training.data.shards import Shards
from training.export import export
from training.likelihood.masked_fields import ASKED, PREDICTORS, Floors, by_model, mask, measured
from training.likelihood.report import evaluate
from training.tasks.masked_fields import SLOTS, Blocks, losses, window

TUNE = ((0, 60), (12, 62), (24, 64), (36, 65))


@pytest.fixture(scope="module")
def cache(filling_run, recipe, shards_folder, tmp_path_factory):
    """A cache folder with a tiny checkpoint of each kind."""
    folder = tmp_path_factory.mktemp("evaluate")
    run = folder / "run"
    assert main(["train", str(recipe), "--shards", str(shards_folder), "--run", str(run), "--steps", "20"]) == 0
    for one in (filling_run, run):
        export(one, folder / "registry.toml", folder, folder)
    return folder


@pytest.fixture(autouse=True)
def checkpoints(cache, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(cache))
    nothing_loaded(monkeypatch)


def bars_of(*bars, program: int = 0) -> np.ndarray:
    """Returns octuples of bars of (position, pitch) notes."""
    rows = np.full((sum(map(len, bars)), 8), FIRST + 7, dtype=np.int64)
    rows[:, Octuple.PROGRAM] = FIRST + program
    place = 0
    for number, bar in enumerate(bars):
        for position, pitch in bar:
            rows[place, [Octuple.BAR, Octuple.POSITION, Octuple.PITCH]] = (
                FIRST + number,
                FIRST + position,
                FIRST + pitch,
            )
            place += 1
    return rows


def floors_of(rows: np.ndarray, bar: int, column: int = Octuple.PITCH, track: np.ndarray | None = None) -> Floors:
    asked = rows[:, Octuple.BAR] == FIRST + bar
    track = np.ones(len(rows), bool) if track is None else track
    return Floors(rows, asked & track, track, column, tokens.vocabulary().sizes[column] - FIRST)


def test_a_bar_that_comes_again_is_copied():
    floors = floors_of(bars_of(TUNE, TUNE), 1)
    ranks, nats = floors.bar_before()
    assert ranks.tolist() == [0, 0, 0, 0]
    assert np.isnan(nats).all()
    assert sorted(floors.most_frequent()[0].tolist()) == [0, 1, 2, 3]  # each value is as frequent as the others


def test_copies_come_from_the_same_place_in_the_last_bar_that_is_seen():
    empty_between = bars_of(TUNE, (), ((24, 64), (30, 70)))
    assert floors_of(empty_between, 2).copied().tolist() == [
        64,
        62,
    ]  # a note at its position; else the second takes the second
    short_before = bars_of(((0, 60), (12, 67), (12, 67)), ((6, 61),), ((0, 1), (5, 2), (7, 3)))
    assert floors_of(short_before, 2).copied().tolist() == [61, 67, 67]  # no second note there: the most frequent one
    chord = bars_of(((0, 60), (0, 64), (0, 67)), ((0, 60), (0, 64), (0, 67), (0, 72)))
    assert floors_of(chord, 1).copied().tolist() == [60, 64, 67, 67]
    assert floors_of(bars_of(((0, 60), (6, 60), (12, 62)), TUNE), 0).copied().tolist() == [60, 60, 60]  # nothing before


def test_hidden_positions_are_copied_from_the_same_pitch():
    rows = bars_of(((0, 60), (12, 62), (30, 64)), ((3, 64), (9, 60), (20, 70)))
    assert floors_of(rows, 1, Octuple.POSITION).copied().tolist() == [30, 0, 30]


def test_frequent_values_are_those_of_the_track_and_of_the_others_where_nothing_of_it_is_seen():
    low, high = bars_of(((0, 40), (12, 40), (24, 43)), ((0, 40),), program=33), bars_of(TUNE, TUNE)
    rows = np.concatenate([low, high])
    track = rows[:, Octuple.PROGRAM] == FIRST + 33
    ranks, nats = floors_of(rows, 1, track=track).most_frequent()
    assert ranks.tolist() == [0]
    assert nats[0] == pytest.approx(-math.log((2 + 0.02) / (3 + 256 * 0.02)), abs=1e-6)
    whole = Floors(rows, track, track, Octuple.PITCH, 256)
    assert whole.commonest in (60, 62, 64, 65)
    assert (whole.most_frequent()[0] == 256).all()  # never seen, never found


def test_a_mask_hides_one_field_of_one_instrument_in_whole_bars(shards):
    blocks = Blocks(shards.index, studio().sizes[0])
    rows = window(shards, 1, blocks, 94, None)
    for seed in range(20):
        for column, share in ((Octuple.PITCH, 0.15), (Octuple.PROGRAM, 0.5), (Octuple.TEMPO, 1.0)):
            one = mask(rows, column, share, np.random.default_rng(seed))
            assert sorted(one.rows.tolist()) == sorted(rows.tolist())
            assert set(np.flatnonzero(one.hidden.any(axis=0))) == {column}
            asked = one.hidden[:, column]
            programs, bars = np.unique(one.rows[asked, Octuple.PROGRAM]), np.unique(one.rows[asked, Octuple.BAR])
            assert len(programs) == 1
            of_part = one.rows[:, Octuple.PROGRAM] == programs[0]
            assert np.array_equal(asked, of_part & np.isin(one.rows[:, Octuple.BAR], bars))
            played = len(np.unique(one.rows[of_part, Octuple.BAR]))
            assert len(bars) == (played if share == 1 else max(1, round(share * played)))
    assert mask(bars_of(TUNE), Octuple.PITCH, 0.15, np.random.default_rng(0)) is None  # nothing of it would be seen
    assert mask(bars_of(TUNE), Octuple.PITCH, 1.0, np.random.default_rng(0)).hidden[:, Octuple.PITCH].all()


def test_the_model_is_asked_as_in_training(shards):
    """The nats are those of the training loss, and the likeliest value has rank 0."""
    model, blocks = loading.load("tiny-remix").model, Blocks(shards.index, studio().sizes[0])
    one = mask(window(shards, 1, blocks, 94, None), Octuple.VELOCITY, 0.5, np.random.default_rng(0))
    ranks, nats = by_model(model, blocks, one, Octuple.VELOCITY)
    summed, counts = losses(model, blocks.read([one]), blocks.slices())
    assert nats.sum() == pytest.approx(summed.sum().item(), rel=1e-5)
    assert len(nats) == counts.sum()
    slot = SLOTS.index(Octuple.VELOCITY)
    logits = model(blocks.read([one]).tokens)[0, 1 : len(one.rows) + 1, slot, blocks.slices()[slot]]
    likeliest = logits.argmax(-1).numpy()[one.hidden[:, Octuple.VELOCITY]]
    assert np.array_equal(ranks == 0, likeliest == one.rows[one.hidden[:, Octuple.VELOCITY], Octuple.VELOCITY] - FIRST)


def test_a_model_that_knows_the_answer_finds_everything(shards, monkeypatch):
    blocks = Blocks(shards.index, studio().sizes[0])
    windows = [window(shards, number, blocks, 94, None) for number in range(3)]
    truth: list[Hidden] = []
    read = Blocks.read
    monkeypatch.setattr(Blocks, "read", lambda self, hidden: truth.append(hidden[0]) or read(self, hidden))

    class Knowing(torch.nn.Module):
        def features(self, found):
            values = torch.from_numpy(truth[-1].rows[:, SLOTS] - FIRST)
            return torch.nn.functional.pad(values, (0, 0, 1, found.shape[1] - len(values) - 1))[None]

        def head(self, features, block):
            return 50.0 * torch.nn.functional.one_hot(features, block.stop - block.start).float()

    table = measured(Knowing(), blocks, windows, 0.15)
    assert np.allclose(table[PREDICTORS.index("model")], [1, 1, 0], atol=1e-6)
    floor = table[PREDICTORS.index("bar before"), :, 0]
    assert (
        floor[[ASKED.index(column) for column in (Octuple.TEMPO, Octuple.SIGNATURE, Octuple.DURATION)]] == 1
    ).all()  # as in each of these songs
    assert (table[PREDICTORS.index("most frequent"), ASKED.index(Octuple.PITCH), 0] < 1).all()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tiny", ("unigram", "with memory", "Memory saves")),
        ("tiny-remix", ("Bar masks", "Track masks", "top-1  model", "nats   most frequent", "velocity")),
    ],
)
def test_a_checkpoint_is_asked_what_it_learned(name, words, shards_folder, capsys):
    assert main(["evaluate", name, "--shards", str(shards_folder), "--windows", "3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{name}: ")
    assert all(word in said for word in words), said
    assert "nan" not in said
    shares = [float(share) for share in re.findall(r"([\d.]+)%", said)]
    assert all(0 <= share <= 100 for share in shares)
    again = main(["evaluate", name, "--shards", str(shards_folder), "--windows", "3"])
    assert again == 0 and capsys.readouterr().out == said


def test_what_is_no_match_is_refused(shards, capsys, shards_folder):
    other = Shards(shards.rows, shards.windows, shards.prefixes, shards.index | {"tokenizer": "0" * 64})
    with pytest.raises(StudioError, match="hold other vocabularies than the checkpoint 'tiny-remix' reads"):
        evaluate("tiny-remix", other, 2)
    windows = shards.windows.copy()
    windows[:, 1] = 0
    with pytest.raises(StudioError, match="no validation music"):
        evaluate("tiny-remix", Shards(shards.rows, windows, shards.prefixes, shards.index), 2)
    assert main(["evaluate", "nowhere", "--shards", str(shards_folder)]) == 2
    assert "There is no checkpoint 'nowhere'" in capsys.readouterr().err
