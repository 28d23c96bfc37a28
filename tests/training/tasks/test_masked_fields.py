"""The task of MusicBERT: what it reads is what the studio's dialect says, and what it is trained on makes it better."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from music.tokens.columns import FIELDS, FIRST, SLOTS, Octuple
from music.tokens.conditions import canonical_key, measure_key
from music.tokens.dialects import studio
from tests.training.conftest import FILLING_RECIPE
from training import train
from training.__main__ import main
from training.data.masking import Hidden, hide
from training.data.shards import Shards
from training.likelihood.masked_fields import ASKED, PREDICTORS, measured
from training.tasks import masked_fields as filling
from training.tasks.masked_fields import PADDING, Blocks, Masked, losses, window
from training.train import read_curve, task_of

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def blocks(shards) -> Blocks:
    return Blocks(shards.index, studio().sizes[0])


def recipe_of() -> dict:
    return tomllib.loads(FILLING_RECIPE)


def shown(rows: np.ndarray) -> Hidden:
    return Hidden(rows, np.zeros(rows.shape, bool))


def test_the_vocabulary_is_that_of_the_studio(blocks):
    dialect = studio()
    assert tuple(blocks.sizes) == dialect.sizes
    assert tuple(blocks.starts) == dialect.blocks
    assert blocks.mask == dialect.mask
    assert [(part.start, part.stop - part.start) for part in blocks.slices()] == list(
        zip(dialect.blocks, dialect.sizes)
    )


def test_what_is_shown_is_read_token_for_token_as_by_the_studio(shards, blocks):
    windows = [window(shards, number, blocks, 94, None) for number in range(8)]
    batch = blocks.read([shown(rows) for rows in windows])
    assert batch.tokens.shape[1] % 32 == 0
    assert (batch.target == -1).all()
    for row, rows in enumerate(windows):
        wanted = studio().token_ids(rows)
        assert np.array_equal(batch.tokens[row, : len(wanted)], wanted)
        assert (batch.tokens[row, len(wanted) :] == PADDING).all()


def test_what_is_hidden_is_masked_and_asked_for(shards, blocks):
    for number in range(8):
        one = hide(window(shards, number, blocks, 94, None), np.random.default_rng(number))
        batch, end = blocks.read([one]), len(one.rows) + 1
        read, target, hidden = batch.tokens[0, 1:end].numpy(), batch.target[0, 1:end].numpy(), one.hidden[:, SLOTS]
        whole = studio().to_tokens(one.rows)
        assert np.array_equal(read, np.where(hidden, studio().mask, whole))
        assert np.array_equal(target + np.array(blocks.starts), np.where(hidden, whole, np.array(blocks.starts) - 1))
        assert (batch.target[0, [0, *range(end, batch.target.shape[1])]] == -1).all()  # frame and padding


def test_windows_are_stretches_in_c_major_or_a_minor(shards, blocks):
    rng = np.random.default_rng(0)
    for number, (_, _, _, first, last, _) in enumerate(shards.windows.tolist()):
        whole = window(shards, number, blocks, 10_000, None)
        key = measure_key(whole)
        assert key == canonical_key(key)
        rows = np.array(shards.rows[first:last])
        others = [column for column in range(8) if column not in (Octuple.PITCH, Octuple.BAR)]
        assert np.array_equal(whole[:, others], rows[:, others])
        for _ in range(5):
            part = window(shards, number, blocks, 40, rng)
            assert len(part) <= 40
            assert part[0, Octuple.BAR] == FIRST
            assert set(map(tuple, part[:, [Octuple.PITCH, *others]])) <= set(
                map(tuple, whole[:, [Octuple.PITCH, *others]])
            )


def test_losses_are_those_of_the_hidden_values_in_their_field(shards, blocks):
    torch.manual_seed(0)
    task = task_of(recipe_of(), shards, CPU)
    model = task.build()
    rng = np.random.default_rng(0)
    hidden = [hide(window(shards, number, blocks, 94, None), rng) for number in (0, 1, 5)]
    batch = blocks.read(hidden)
    with torch.no_grad():
        nats, counts = losses(model, batch, blocks.slices())
        logits = model(batch.tokens)
    assert counts.tolist() == sum(one.hidden[:, SLOTS].sum(axis=0) for one in hidden).tolist()
    for slot, part in enumerate(blocks.slices()):
        asked = batch.target[:, :, slot] >= 0
        wanted = F.cross_entropy(logits[:, :, slot][asked][:, part], batch.target[:, :, slot][asked], reduction="sum")
        assert nats[slot].item() == pytest.approx(wanted.item(), rel=1e-4, abs=1e-4)


def test_a_batch_does_not_change_what_is_read_of_each_window(shards, blocks):
    """Windows of other lengths beside it are padding to a window, and padding counts for nothing."""
    torch.manual_seed(0)
    model = task_of(recipe_of(), shards, CPU).build().eval()
    rng = np.random.default_rng(1)
    hidden = [hide(window(shards, number, blocks, notes, None), rng) for number, notes in ((0, 94), (1, 20), (2, 60))]
    with torch.no_grad():
        together, _ = losses(model, blocks.read(hidden), blocks.slices())
        apart = sum(losses(model, blocks.read([one]), blocks.slices())[0] for one in hidden)
    assert together.tolist() == pytest.approx(apart.tolist(), rel=1e-4)


def test_near_values_have_near_embeddings(shards, blocks):
    torch.manual_seed(0)
    table = task_of(recipe_of() | {"model": recipe_of()["model"] | {"width": 256}}, shards, CPU).build()
    table = F.normalize(table.encoder["sentence_encoder"].embed_tokens.weight.detach(), dim=1)
    for name in ("bar", "velocity", "duration", "tempo"):
        part = table[blocks.slices()[SLOTS.index(FIELDS.index(name))]]
        assert (part[1:] * part[:-1]).sum(1).mean() > (part[20:] * part[:-20]).sum(1).mean() + 0.1


def test_a_model_guesses_by_likeness_before_it_has_learned_anything(shards, blocks):
    """What stands at the same place of the other bars is guessed far more often than by chance."""
    torch.manual_seed(0)
    sizes = {"layers": 4, "width": 256, "hidden": 256, "heads": 4, "max_notes": 512, "dropout": 0.0}
    model = task_of(recipe_of() | {"model": sizes}, shards, CPU).build().eval()
    found = measured(model, blocks, [window(shards, number, blocks, 94, None) for number in range(16)], 0.15)
    right = dict(zip(ASKED, found[PREDICTORS.index("model"), :, 0]))
    assert (
        min(right[column] for column in (Octuple.PITCH, Octuple.POSITION)) > 0.1
    )  # by chance, fewer than one in a hundred
    assert min(right[column] for column in (Octuple.DURATION, Octuple.PROGRAM, Octuple.TEMPO, Octuple.SIGNATURE)) > 0.3


def test_the_loss_falls(filling_run, shards):
    rows = list(read_curve(filling_run / "curve.csv"))
    trained = [row["train"] for row in rows]
    assert trained == sorted(trained, reverse=True)
    torch.manual_seed(0)
    recipe = recipe_of()
    task = task_of(recipe, shards, CPU)
    model = task.build()
    with torch.no_grad():
        fresh = task.validate(model, recipe["stages"][-1])
        model.load_state_dict(torch.load(filling_run / "state.pt", weights_only=True)["model"])
        found = task.validate(model, recipe["stages"][-1])
    assert found == pytest.approx(rows[-1]["valid"], abs=0.01)
    assert found < fresh - 1  # nats a hidden field


def test_validation_asks_the_same_whatever_was_read_before(shards):
    recipe = recipe_of()
    torch.manual_seed(0)
    task = task_of(recipe, shards, CPU)
    model, stage = task.build(), recipe["stages"][0]
    with torch.no_grad():
        before = task.validate(model, stage)
        task.begin(stage, seed=3)
        for _ in range(3):
            task.loss(model)
        assert task.validate(model, stage) == before
        assert task_of(recipe, shards, CPU).validate(model, stage) == before


def test_validation_works_without_validation_music(shards):
    windows = shards.windows.copy()
    windows[:, 1] = 0
    task = task_of(recipe_of(), Shards(shards.rows, windows, shards.prefixes, shards.index), CPU)
    assert task.validate(task.build(), recipe_of()["stages"][0]) is None


def test_a_run_that_was_stopped_goes_on_where_it_had_saved(filling_recipe, shards_folder, tmp_path, monkeypatch):
    save, saved = train._save, []

    def save_and_stop(*given):
        save(*given)
        saved.append(given[4])
        raise KeyboardInterrupt

    arguments = ["train", str(filling_recipe), "--shards", str(shards_folder), "--run", str(tmp_path), "--steps", "60"]
    with monkeypatch.context() as stopping:
        stopping.setattr(train, "_save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            main([*arguments, "--save-every", "52"])
    assert saved == [52]
    assert main(arguments) == 0
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["step"] == 60
    rows = list(read_curve(tmp_path / "curve.csv"))
    assert [row["step"] for row in rows] == [50, 60]
    assert rows[0]["notes"] < rows[1]["notes"] == state["notes"]


@pytest.mark.parametrize("stage", recipe_of()["stages"])
def test_batches_hold_about_as_many_notes_as_the_recipe_says(shards, stage):
    task = filling.Task(recipe_of(), shards, CPU)
    stream = task._batches(stage, np.random.default_rng(0))
    for _ in range(10):
        batch: Masked = next(stream)
        notes = (batch.tokens[:, :, 0] != PADDING).sum(dim=1) - 2
        assert notes.max() <= stage["window"]
        assert stage["notes"] <= notes.sum() < stage["notes"] + stage["window"]
        assert ((batch.target >= 0).sum(dim=(1, 2)) > 0).all()
