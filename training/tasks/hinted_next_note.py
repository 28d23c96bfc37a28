"""Trains the hinted Transformer-XL on packed lanes: bfloat16 weights with masters, Muon and AdamW, resumable.

`python -m training train` comes here for recipes of that architecture. The run folder holds ``state.pt`` (written to a
new name and renamed), ``curve.csv``, ``validation.jsonl`` (each field and set) and ``config.json``.

The rate of learning warms up, stays, and falls linearly to 0 over the last share of the steps (warmup-stable-decay: Hu
et al. 2024, "MiniCPM"). So a run can go on for as long as there is time: no step before the fall depends on the number
of steps. To end one early, or to ship what an unfinished one has learned, copy its folder and resume the copy with
`--steps` such that the fall begins where it stands.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.hinted.transformer_xl import HintedTransformerXL, HintedTransformerXLConfig, LaneMemory
from music.tokens.columns import PAD
from training.data.lanes import (
    Lanes,
    LaneSegment,
    Passage,
    streamed_passages,
    styled_prefix_size,
    tables_of,
    training_passages,
    validation_passages,
)
from training.data.shards import BARS_LEFT_SIZE, PHRASE_SIZE, Shards
from training.masters import Masters, Optimizers
from training.train import cut_curve, log_row

VALIDATION_WINDOWS, VALIDATION_NOTES = 8, 512  # of each set, and of each window
LOG_EVERY = 50
FOLLOW_EVERY = 10  # steps between two moves of the running average
SAVE_SECONDS = 240.0
# One core spends a tenth of its time on page faults of activations unless freed memory is kept and pages are huge.
# A threshold above 32 MiB is silently ignored.
GLIBC_TUNABLES = (
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:"
    "glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"
)


class Task:
    """Next-note prediction with hints; a new model is trained by ``train`` below, one that is tuned further as training/train.py says."""

    unit = "note"
    load = Shards.load

    def __init__(self, recipe: dict[str, Any], shards: Shards, device: torch.device):
        self.recipe, self.shards, self.device = recipe, shards, device

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read lanes as a stage says, all with dropout: music of one's own is read many times."""
        passages = training_passages(self.shards, self.recipe["weights"], (), stage["window"], seed)
        self._stage = stage
        self._lanes = Lanes(stage["batch"], stage["segment"], (replace(each, dropped=True) for each in passages))
        self._memory: LaneMemory | None = None

    def loss(self, model: HintedTransformerXL) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Returns the summed nats of the next segment, its number of notes, and the same as a plain number."""
        if self._memory is None:
            self._memory = model.new_memory(self._stage["batch"], self._stage["memory"])
        segment = self._lanes.segment().to(self.device)
        nats, self._memory = losses(model, segment, self._memory, self._stage["memory"])
        count = (segment.target[..., 0] != PAD).sum()
        return nats.sum(), count, int(count)

    def validate(self, model: HintedTransformerXL, stage: dict[str, Any]) -> float | None:
        """Returns nats a note on fixed validation windows, the real sets weighing the same; None without any."""
        fields, _ = validate(model, stage, self.device, *Reading().validation(self.recipe, self.shards))
        return sum(fields) if fields else None


def keep_freed_memory() -> None:
    """Starts this program again with the allocator's settings, unless it has some or is not on Linux."""
    if sys.platform == "linux" and "GLIBC_TUNABLES" not in os.environ:
        os.execve(
            sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "GLIBC_TUNABLES": GLIBC_TUNABLES}
        )


def build(recipe: dict[str, Any], index: dict[str, Any]) -> HintedTransformerXL:
    """Returns a new model with the recipe's sizes and the vocabularies of the shards with this index."""
    tables = tables_of(index)
    given = (
        tables.sizes,
        (BARS_LEFT_SIZE, PHRASE_SIZE),
        styled_prefix_size(index),
        tables.durations,
        tables.bar_lengths,
    )
    return HintedTransformerXL(HintedTransformerXLConfig(*given, **recipe["model"]))


def losses(
    model: HintedTransformerXL, segment: LaneSegment, memory: LaneMemory, limit: int
) -> tuple[torch.Tensor, LaneMemory]:
    """Returns nats [fields, lanes * notes], 0 where there is no note, and the memory after the segment.

    Notes are read with dropout only while the model trains.
    """
    dropped = segment.dropped if model.training else None
    output, memory = model(segment.notes, segment.prefix, segment.reach, memory, limit, dropped)
    parts = (output, segment.notes[..., :8], segment.target, segment.hints, segment.dense)
    return model.head(*(part.flatten(0, 1) for part in parts)), memory


@torch.no_grad()
def validate(
    model: HintedTransformerXL,
    lanes: dict[str, int],
    device: torch.device,
    names: Sequence[str],
    passages: Iterator[Passage],
) -> tuple[list[float], dict[str, float]]:
    """Returns nats a note by field, the sets weighing the same, and in all by set; both empty without any.

    Args:
        model: which is judged.
        lanes: how it reads.
        device: where it is.
        names: of the sets.
        passages: what it reads, tagged with the places of their sets.
    """
    model.eval()
    packed = Lanes(lanes["batch"], lanes["segment"], passages)
    memory = model.new_memory(lanes["batch"], lanes["memory"])
    total, counts = torch.zeros(len(names), 8, dtype=torch.double), torch.zeros(len(names))
    while (segment := packed.segment()) is not None:
        segment = segment.to(device)
        nats, memory = losses(model, segment, memory, lanes["memory"])
        tags = segment.tag.flatten().cpu()
        real = tags >= 0
        total.index_add_(0, tags[real], nats.cpu()[:, real].double().t())
        counts.index_add_(0, tags[real], torch.ones(int(real.sum())))
    model.train()
    means = total / counts[:, None].clamp(min=1)
    return means.mean(0).tolist() if names else [], dict(zip(names, means.sum(1).tolist(), strict=True))


def learning_share(step: int, wanted: dict[str, Any]) -> float:
    """Returns the share of the learning rates at a step."""
    left = (wanted["steps"] - step) / max(1.0, wanted["steps"] * wanted["decay"])
    return max(0.0, min(1.0, (step + 1) / wanted["warmup_steps"], left))


class Reading:
    """What is read in training, and by which model; another kind of music has another one."""

    def build(self, recipe: dict[str, Any], index: dict[str, Any]) -> HintedTransformerXL:
        """Returns a new model."""
        return build(recipe, index)

    def passages(self, recipe: dict[str, Any], shards: Any, seed: int) -> Iterator[Passage]:
        """Yields what is read, without end."""
        lanes = recipe["lanes"]
        wanted = (recipe["weights"], recipe.get("small", ()), lanes["window"], seed)
        if workers := lanes.get("workers", 0):
            return streamed_passages(workers, Path(shards.rows.filename).parent, *wanted)
        return training_passages(shards, *wanted)

    def validation(self, recipe: dict[str, Any], shards: Any) -> tuple[list[str], Iterator[Passage]]:
        """Returns the names of the sets that are validated, and their passages, tagged with the places of these."""
        names = [
            name
            for number, (name, entry) in enumerate(shards.index["sets"].items())
            if not entry.get("synthetic") and ((shards.windows[:, 0] == number) & (shards.windows[:, 1] == 1)).any()
        ]
        return names, validation_passages(shards, VALIDATION_WINDOWS, VALIDATION_NOTES)


def train(
    recipe: dict[str, Any], shards: Any, run: Path, valid_every: int = 1000, reading: Reading | None = None
) -> None:
    """Trains until the recipe's last step, from where the run stands.

    A request to end (SIGTERM, Ctrl-C) ends it after the step, with everything kept.
    """
    reading = reading or Reading()
    wanted, lanes = recipe["optimizer"], recipe["lanes"]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(recipe["seed"])
    torch.set_flush_denormal(True)
    model = reading.build(recipe, shards.index).to(device)
    masters = Masters(model, recipe.get("bfloat16", False) or device.type == "cuda", wanted["average"])
    optimizers = Optimizers(model, masters, wanted)
    run.mkdir(parents=True, exist_ok=True)
    done, notes, seconds = _resume(run, masters, optimizers, device)
    torch.manual_seed(recipe["seed"] + done)
    index = {key: value for key, value in shards.index.items() if key not in ("pieces", "piece_styles")}
    config = {"recipe": recipe, "model": dataclasses.asdict(model.config), "index": index}
    ended = _Ended()
    (run / "config.json").write_text(json.dumps(config))
    size = sum(weight.numel() for weight in masters.named.values()) / 1e6
    print(f"{size:.2f} M parameters, step {done} of {wanted['steps']}, {device}", flush=True)
    seed = recipe["seed"] + 7919 * done  # a run that goes on reads other windows
    passages = reading.passages(recipe, shards, seed)
    packed, memory = (
        Lanes(lanes["batch"], lanes["segment"], passages),
        model.new_memory(lanes["batch"], lanes["memory"]),
    )
    running: list[torch.Tensor] = []
    started, saved = time.monotonic() - seconds, time.monotonic()
    model.train()
    for step in range(done, wanted["steps"]):
        segment = packed.segment().to(device)
        nats, memory = losses(model, segment, memory, lanes["memory"])
        count = int((segment.target[..., 0] != 0).sum())
        loss = nats.sum() / count
        loss.backward()
        masters.take_gradients()
        nn.utils.clip_grad_norm_(masters.named.values(), wanted["clip"], foreach=True)
        share = learning_share(step, wanted)
        optimizers.step(share)
        masters.give_weights()
        if (step + 1) % FOLLOW_EVERY == 0:
            masters.follow(step // FOLLOW_EVERY)
        running.append(loss.detach())
        notes += count
        last = step + 1 == wanted["steps"] or bool(ended)
        if (step + 1) % LOG_EVERY == 0 or last:
            rate = f"{wanted['learning_rate'] * share:.2e}"
            train_loss = f"{torch.stack(running).mean().item():.4f}"
            spent = round(time.monotonic() - started)
            row = {"step": step + 1, "notes": notes, "seconds": spent, "learning_rate": rate, "train": train_loss}
            running.clear()
            if (step + 1) % valid_every == 0 or step + 1 == wanted["steps"]:
                row["valid"] = _validated(
                    run, step + 1, notes, model, masters, lanes, device, lambda: reading.validation(recipe, shards)
                )
            log_row(run / "curve.csv", row)
        if last or time.monotonic() - saved > SAVE_SECONDS:
            state = {"step": step + 1, "notes": notes, "seconds": time.monotonic() - started}
            torch.save({**masters.state(), **optimizers.state(), **state}, run / "state.pt.part")
            os.replace(run / "state.pt.part", run / "state.pt")
            saved = time.monotonic()
        if last:
            break


class _Ended:
    """Whether the program was asked to end; asked twice, it ends at once."""

    def __init__(self):
        self._asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: Any) -> None:
        self._asked = True
        signal.signal(number, signal.SIG_DFL)

    def __bool__(self) -> bool:
        return self._asked


def _validated(
    run: Path,
    step: int,
    notes: int,
    model: HintedTransformerXL,
    masters: Masters,
    lanes: dict[str, int],
    device: torch.device,
    validation: Callable[[], tuple[list[str], Iterator[Passage]]],
) -> str:
    """Keeps the figures of the weights and of their average, and returns the better one's nats a note."""
    row: dict[str, Any] = {"step": step, "notes": notes}
    found = {"weights": validate(model, lanes, device, *validation())}
    with masters.averaged():
        found["average"] = validate(model, lanes, device, *validation())
    for name, (fields, sets) in found.items():
        row[name] = {"nats": round(sum(fields), 4), "fields": [round(value, 4) for value in fields]}
        row[name]["sets"] = {key: round(value, 4) for key, value in sets.items()}
    with (run / "validation.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)
    return f"{min(sum(fields) for fields, _ in found.values()):.4f}" if found["weights"][0] else ""


def _resume(run: Path, masters: Masters, optimizers: Optimizers, device: torch.device) -> tuple[int, int, float]:
    """Returns (steps, notes, seconds) already done, after loading them; zeros for a new run."""
    path = run / "state.pt"
    if not path.exists():
        return 0, 0, 0.0
    state = torch.load(path, map_location=device, weights_only=True)
    masters.resume(state)
    optimizers.resume(state)
    cut_curve(run / "curve.csv", state["step"])
    return state["step"], state["notes"], state["seconds"]
