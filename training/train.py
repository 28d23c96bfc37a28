"""The training loop: shards and a recipe in, a resumable run folder out. Needs torch, numpy and safetensors only.

    python -m training train training/recipes/generate-small.toml --shards runs/shards --run runs/generate-small
    torchrun --nproc-per-node 4 -m -- training train ...         the same on several GPUs

The run folder holds ``state.pt`` (weights, optimizer, step; written to a new name and renamed, so that a kill at
any moment loses at most --save-every steps), ``curve.csv`` and ``config.json``; where the recipe says ``keep_best``,
also ``best.pt``, as it stood at the lowest validation loss. Starting it again resumes it.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import importlib
import json
import math
import os
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import nn

from checkpoints.architectures import ARCHITECTURES
from music.errors import StudioError
from training.muon import Muon, MuonAndAdamW

CURVE_FIELDS = ("step", "notes", "seconds", "learning_rate", "train", "valid")


def main(argv: list[str]) -> None:
    """Runs ``python -m training train``."""
    parser = argparse.ArgumentParser(prog="python -m training train", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument(
        "--shards", type=Path, required=True, help="what `python -m training prepare` (or `pairs`) wrote"
    )
    parser.add_argument("--run", type=Path, required=True, help="the run's folder; an unfinished run there goes on")
    parser.add_argument("--steps", type=int, help="instead of the recipe's number of steps")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="instead of the recipe's, such as lanes.batch=256",
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="CPU threads; two that share a busy core are slower than one"
    )
    parser.add_argument("--valid-every", type=int, default=500)
    parser.add_argument("--save-every", type=int, default=500)
    args = parser.parse_args(argv)
    recipe = changed(tomllib.loads(args.recipe.read_text()), args.set)
    if args.steps:
        recipe["optimizer"]["steps"] = args.steps
    torch.set_num_threads(args.threads)
    # A recipe of one part of a model says what that learns.
    part = recipe.get("learns")
    task = importlib.import_module(f"training.tasks.{part}") if part else task_module(recipe["architecture"])
    if hasattr(task, "train"):  # it has lanes and optimizers of its own
        task.keep_freed_memory()
        task.train(recipe, task.Task.load(args.shards), args.run, args.valid_every)
    else:
        train(recipe, task.Task.load(args.shards), args.run, args.valid_every, args.save_every)


def changed(recipe: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Returns the recipe with other values, each given as "table.key=value" with a value as in TOML.

    Raises:
        StudioError: the recipe has no such key, or the value is none.
    """
    for setting in settings:
        path, _, value = setting.partition("=")
        *tables, key = path.strip().split(".")
        table: Any = recipe
        for name in tables:
            table = table.get(name) if isinstance(table, dict) else None
        try:
            found = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise StudioError(f"'{value}' is no value. Write numbers plainly and words in quotes.") from error
        if not isinstance(table, dict) or key not in table:
            raise StudioError(f"The recipe has no '{path}'. Write it as in the recipe, such as lanes.batch=256.")
        table[key] = found
    return recipe


class Task(Protocol):
    """What one architecture learns: the class ``Task`` of its module in ``training/tasks``.

    Made of (recipe, shards, device); it holds what a stage reads from, the loop holds everything else.
    """

    unit: str
    """What the loss is counted in, such as "note"."""

    load: Callable[[Path], Any]
    """Returns the training data of a folder."""

    def build(self) -> nn.Module:
        """Returns a new model with the recipe's sizes and the shards' vocabularies."""

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""

    def loss(self, model: nn.Module) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Returns the summed nats of the next batch, the number of units they stand for, and the notes read."""

    def validate(self, model: nn.Module, stage: dict[str, Any]) -> float | None:
        """Returns nats a unit on fixed validation windows, the real sets weighing the same; None without any."""


def task_module(architecture: str) -> Any:
    """Returns the module of what an architecture learns."""
    return importlib.import_module(f"training.tasks.{ARCHITECTURES[architecture].learns}")


def task_class(architecture: str) -> Any:
    """Returns the class of what an architecture learns."""
    return task_module(architecture).Task


def task_of(recipe: dict[str, Any], shards: Any, device: torch.device) -> Task:
    """Returns what the recipe's architecture learns."""
    return task_class(recipe["architecture"])(recipe, shards, device)


def stage_at(recipe: dict[str, Any], step: int) -> dict[str, Any]:
    """Returns the recipe's stage at a step: each lasts until the share of all steps that it names."""
    share = step / recipe["optimizer"]["steps"]
    return next((stage for stage in recipe["stages"] if share < stage["until"]), recipe["stages"][-1])


def new_optimizer(model: nn.Module, recipe: dict[str, Any]) -> torch.optim.AdamW | MuonAndAdamW:
    """Returns AdamW; embeddings, of which each step touches few rows, learn at a speed of their own and do not decay.

    Where the recipe names a ``matrix_rate``, Muon moves all other matrices.
    """
    tables = [p for module in model.modules() if isinstance(module, nn.Embedding) for p in module.parameters()]
    chosen = {id(p) for p in tables}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    wanted = recipe["optimizer"]
    matrices = [p for p in rest if p.dim() == 2] if "matrix_rate" in wanted else []
    rest = [p for p in rest if p.dim() != 2 or not matrices]
    groups = [
        {"params": rest, "weight_decay": wanted["weight_decay"], "speed": 1.0},
        {"params": tables, "weight_decay": 0.0, "speed": wanted["embedding_speed"]},
    ]
    adam = torch.optim.AdamW(groups, lr=wanted["learning_rate"], betas=(0.9, 0.95))
    if not matrices:
        return adam
    muon = Muon(matrices, wanted["matrix_rate"], weight_decay=wanted["weight_decay"])
    muon.param_groups[0]["speed"] = wanted["matrix_rate"] / wanted["learning_rate"]
    return MuonAndAdamW(muon, adam)


def train(recipe: dict[str, Any], shards: Any, run: Path, valid_every: int, save_every: int) -> None:
    """Trains until the recipe's last step, from where the run stands."""
    rank, ranks, device = _join()
    wanted, seed = recipe["optimizer"], recipe["seed"]
    torch.manual_seed(seed)
    task = task_of(recipe, shards, device)
    model = task.build().to(device)
    optimizer = new_optimizer(model, recipe)
    run.mkdir(parents=True, exist_ok=True)
    done, notes, seconds = _resume(run, model, optimizer, device, rank)
    if rank == 0:
        config = {
            "recipe": recipe,
            "model": dataclasses.asdict(model.config),
            "index": {k: v for k, v in shards.index.items() if k != "pieces"},
        }
        (run / "config.json").write_text(json.dumps(config))
        print(
            f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, step {done} of {wanted['steps']}, {ranks} x {device}",
            flush=True,
        )
    stage, running, started = None, [], time.monotonic()
    for step in range(done, wanted["steps"]):
        if (now := stage_at(recipe, step)) is not stage:
            stage = now
            task.begin(stage, seed + 1000 * rank + 7919 * step)
        fall = (1 - step / wanted["steps"]) / wanted.get("decay", 1.0)  # over the last share of the steps, or all
        rate = wanted["learning_rate"] * min(1.0, (step + 1) / wanted["warmup_steps"]) * min(1.0, fall)
        model.train()
        with autocast(device, recipe):
            nats, count, read = task.loss(model)
        loss = nats / count.clamp(min=1)
        loss.backward()
        _average_gradients(model, ranks)
        nn.utils.clip_grad_norm_(model.parameters(), wanted["clip"])
        for group in optimizer.param_groups:
            group["lr"] = rate * group["speed"]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        running.append(loss.item())
        notes += read * ranks
        last = step + 1 == wanted["steps"]
        if rank == 0 and ((step + 1) % 50 == 0 or last):
            spent = seconds + time.monotonic() - started
            row = {
                "step": step + 1,
                "notes": notes,
                "seconds": round(spent),
                "learning_rate": f"{rate:.2e}",
                "train": f"{sum(running) / len(running):.4f}",
            }
            if (step + 1) % valid_every == 0 or last:
                model.eval()
                with torch.no_grad(), autocast(device, recipe):
                    nats = task.validate(model, stage)
                row["valid"] = "" if nats is None else f"{nats:.4f}"
                if recipe.get("keep_best") and nats is not None and nats <= _best(run):
                    _save(run, "best.pt", model, optimizer, step + 1, notes, spent)
            log_row(run / "curve.csv", row)
            running.clear()
        if rank == 0 and ((step + 1) % save_every == 0 or last):
            _save(run, "state.pt", model, optimizer, step + 1, notes, seconds + time.monotonic() - started)
    if ranks > 1:
        dist.destroy_process_group()


def _join() -> tuple[int, int, torch.device]:
    """Returns rank, number of ranks and device; joins the process group that torchrun started, if any."""
    ranks, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if ranks > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    return rank, ranks, device


def autocast(device: torch.device, recipe: dict[str, Any]) -> contextlib.AbstractContextManager:
    """Returns bfloat16 arithmetic where the device is fast at it: GPUs, and processors with matrix units if asked."""
    wanted = device.type == "cuda" or recipe.get("bfloat16", False)
    return torch.autocast(device.type, dtype=torch.bfloat16) if wanted else contextlib.nullcontext()


def _average_gradients(model: nn.Module, ranks: int) -> None:
    """Averages gradients over ranks: one message of all of them, as the model is small."""
    if ranks == 1:
        return
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in model.parameters()]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= ranks
    for parameter, part in zip(model.parameters(), flat.split([p.numel() for p in model.parameters()]), strict=True):
        parameter.grad = part.view_as(parameter)


def _resume(
    run: Path, model: nn.Module, optimizer: torch.optim.AdamW | MuonAndAdamW, device: torch.device, rank: int
) -> tuple[int, int, float]:
    """Returns (steps, notes, seconds) already done, after loading them; zeros for a new run."""
    path = run / "state.pt"
    if not path.exists():
        return 0, 0, 0.0
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if rank == 0:
        cut_curve(run / "curve.csv", state["step"])
    return state["step"], state["notes"], state["seconds"]


def _best(run: Path) -> float:
    """Returns the lowest validation loss of a run so far, infinity for none."""
    curve = run / "curve.csv"
    return (
        min((row["valid"] for row in read_curve(curve) if "valid" in row), default=math.inf)
        if curve.exists()
        else math.inf
    )


def _save(
    run: Path,
    name: str,
    model: nn.Module,
    optimizer: torch.optim.AdamW | MuonAndAdamW,
    step: int,
    notes: int,
    seconds: float,
) -> None:
    """Writes the state of a run under a name, whole or not at all, so that it can go on from here."""
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "notes": notes,
        "seconds": seconds,
    }
    temporary = run / f"{name}.part"
    torch.save(state, temporary)
    os.replace(temporary, run / name)


def log_row(path: Path, row: dict[str, Any]) -> None:
    """Adds a row to a curve, which begins with the names of CURVE_FIELDS."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, CURVE_FIELDS)
        if new:
            writer.writeheader()
        writer.writerow(row)


def cut_curve(path: Path, step: int) -> None:
    """Takes the rows after a step out of a curve, if there is one: a run that goes on from there writes them again."""
    if path.exists():
        rows = [row for row in csv.DictReader(path.open()) if int(row["step"]) <= step]
        path.unlink()
        for row in rows:
            log_row(path, row)


def read_curve(path: Path) -> Iterator[dict[str, float]]:
    """Yields the rows of a run's curve; a value that was not measured is absent."""
    with path.open() as file:
        for row in csv.DictReader(file):
            yield {name: float(value) for name, value in row.items() if value}
