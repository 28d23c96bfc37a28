"""The task of the hinted MusicBERT: one field is asked as a remix would, windows do not disturb each other, and it learns."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
import torch

from music.tokens.columns import Octuple
from tests.training.conftest import FILLING_RECIPE
from training.data.lanes import tables_of
from training.data.masking import hide
from training.likelihood.masked_fields import ASKED, PREDICTORS, measured
from training.tasks.hinted_masked_fields import FILLED_IN, hidden_and_asked, losses, read
from training.tasks.masked_fields import window
from training.train import new_optimizer, task_of

RECIPE = tomllib.loads(FILLING_RECIPE) | {"architecture": "hinted_musicbert"}
CPU = torch.device("cpu")


def test_the_field_that_a_remix_fills_in_next_is_asked(shards):
    task, rng = task_of(RECIPE, shards, CPU), np.random.default_rng(0)
    rows, found = window(shards, 0, task.blocks, 94, None), set()
    for _ in range(60):
        hidden, column = hidden_and_asked(rows, rng)
        assert hidden.hidden[:, column].any()
        found.add(column)
    assert found >= {*FILLED_IN}


def test_windows_read_together_cost_what_they_cost_alone(shards):
    torch.manual_seed(0)
    task, rng = task_of(RECIPE, shards, CPU), np.random.default_rng(1)
    model, tables = task.build().eval(), tables_of(shards.index)
    asked = [hidden_and_asked(window(shards, number, task.blocks, 60, None), rng) for number in range(6)]
    with torch.no_grad():
        nats, counts = losses(model, read(asked, task.blocks, tables), task.blocks)
        apart = [losses(model, read([one], task.blocks, tables), task.blocks) for one in asked]
    assert counts.tolist() == sum(count for _, count in apart).tolist()
    assert nats.tolist() == pytest.approx(sum(nat for nat, _ in apart).tolist(), rel=1e-3)


def test_what_notes_lend_is_learned_beside_an_encoder_that_stays_as_it_is(shards):
    torch.manual_seed(0)
    task = task_of(RECIPE | {"frozen_encoder": True}, shards, CPU)
    model = task.build()
    encoder = {name: tensor.clone() for name, tensor in model.plain.state_dict().items()}
    optimizer, rng, tables = new_optimizer(model, RECIPE), np.random.default_rng(1), tables_of(shards.index)
    windows = [window(shards, number, task.blocks, 94, None) for number in range(12)]

    def pitches_found() -> float:
        return measured(model.eval(), task.blocks, windows, 0.15)[
            PREDICTORS.index("model"), ASKED.index(Octuple.PITCH), 0
        ]

    before = pitches_found()
    for _ in range(25):
        asked = [(hide(rows, rng, "notes"), int(Octuple.PITCH)) for rows in windows[:4]]
        nats, count = losses(model.train(), read(asked, task.blocks, tables), task.blocks)
        (nats.sum() / count.sum()).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert pitches_found() > before + 0.2
    for name, tensor in model.plain.state_dict().items():
        assert torch.equal(tensor, encoder[name]), name
