"""A run -> a checkpoint: half-precision safetensors, an entry in the registry, and a card.

python -m training export runs/generate-small                  into the cache folder, for this user
python -m training export runs/generate-small --embed          into the repository, to ship with the studio
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from checkpoints.architectures import ARCHITECTURES
from checkpoints.self_test import recorded
from checkpoints.store import EMBEDDED, EMBEDDED_SOURCE, REGISTRY, check_name, file_sha256, register, user_registry
from music.cache import cache_folder
from music.errors import StudioError
from training.card import CARDS, read_by, write_card
from training.train import task_class


def main(argv: list[str]) -> None:
    """Runs ``python -m training export``."""
    parser = argparse.ArgumentParser(prog="python -m training export", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument(
        "--embed", action="store_true", help="ship it with the studio instead of keeping it in the cache folder"
    )
    parser.add_argument("--name", help="of the checkpoint; by default the recipe's")
    parser.add_argument(
        "--average", action="store_true", help="the running average of the weights, of a run whose rate has not fallen"
    )
    args = parser.parse_args(argv)
    registry, folder, cards = (
        (REGISTRY, EMBEDDED, CARDS) if args.embed else (user_registry(), cache_folder(), cache_folder())
    )
    print(export(args.run, registry, folder, cards, args.name, args.average))


def export(
    run: Path, registry: Path, folder: Path, cards: Path, name: str | None = None, average: bool = False
) -> Path:
    """Writes the checkpoint of a run, registers it under a name (by default the recipe's) and returns its path.

    Args:
        run: its folder.
        registry, folder, cards: where the checkpoint is registered, its file and its card go.
        name: of the checkpoint.
        average: take the running average of the weights instead of the last ones.

    Raises:
        StudioError: the folder holds no run, or one that keeps no average, or the name cannot be one.
    """
    if not (run / "state.pt").exists():
        raise StudioError(f"There is no run in '{run}'. Train one first with `python -m training train`.")
    best = run / "best.pt"  # of a recipe that keeps the weights of the best validation
    state = torch.load(best if best.exists() else run / "state.pt", map_location="cpu", weights_only=True)
    config = json.loads((run / "config.json").read_text())
    name = name or config["recipe"]["name"]
    check_name(name)
    if average and "average" not in state:
        raise StudioError(f"The run in '{run}' keeps no average of its weights. Export it without `--average`.")
    taken = state["average" if average else "model"]
    if "joins" in config["recipe"]:
        config, taken = joined(config, taken)
    return write_checkpoint(name, taken, config, state, run / "curve.csv", registry, folder, cards)


def joined(
    config: Mapping[str, Any], weights: Mapping[str, torch.Tensor]
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Returns config and weights of the harmonizer that a recipe joins, with a network for players in it.

    Its recipe is that harmonizer's, by which it can learn on, but for the name, the remarks and the sets.

    Args:
        config: of the network's run.
        weights: of the network.
    """
    from checkpoints.loading import load

    recipe, other = config["recipe"], load(config["recipe"]["joins"])
    with safe_open(other.entry.path, "pt") as file:
        before = json.loads(file.metadata()["recipe"])
    kept = {name: tensor for name, tensor in other.model.state_dict().items() if not name.startswith("band.")}
    sizes = {**dataclasses.asdict(other.model.config), "band": config["model"]}
    own = {
        "name": recipe["name"],
        "remarks": recipe["remarks"],
        "weights": before["weights"] | recipe["weights"],
        "begins_with": [recipe["joins"], *([recipe["begins_with"]] if "begins_with" in recipe else [])],
    }
    taken = kept | {f"band.{name}": tensor for name, tensor in weights.items()}
    return {**config, "recipe": before | own, "model": sizes}, taken


def write_checkpoint(
    name: str,
    taken: Mapping[str, torch.Tensor],
    config: Mapping[str, Any],
    state: Mapping[str, Any],
    curve: Path,
    registry: Path,
    folder: Path,
    cards: Path,
    seeds: int | None = None,
    **more: Any,
) -> Path:
    """Writes weights as a checkpoint, registers it with its card and curve, and returns its path.

    Args:
        name: of the checkpoint.
        taken: its weights by name.
        config: ``recipe``, ``model`` (the values of its config) and ``index`` (tokenizer and sets) of its run.
        state: ``step``, ``notes`` read and ``seconds`` spent so far.
        curve: its curve.csv.
        registry, folder, cards: where the checkpoint is registered, its file and its card go.
        seeds: how many the self-test chooses from.
        more: what the registry says beside, or instead.
    """
    recipe, index = config["recipe"], config["index"]
    weights = {key: tensor.half().contiguous() for key, tensor in taken.items()}
    header = {
        "config": json.dumps(config["model"]),
        "architecture": recipe["architecture"],
        "tokenizer": index["tokenizer"],
        "recipe": json.dumps(recipe),
        "steps": str(state["step"]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    cards.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    apart = f"{ARCHITECTURES[recipe['architecture']].apart}."
    beside = {key: tensor for key, tensor in weights.items() if key.startswith(apart)}
    companions = []
    if beside:
        other = folder / f"{name}.{apart}safetensors"
        _save(beside, other)
        companions = [[other.name, other.stat().st_size, file_sha256(other)]]
        header["companion"] = companions[0][2]  # so that the sum of the one stands for both
    _save({key: tensor for key, tensor in weights.items() if key not in beside}, path, header)
    named = {set_name: entry for set_name, entry in index["sets"].items() if recipe["weights"].get(set_name)}
    used = named or index["sets"]
    earlier = recipe.get("begins_with", [])
    for begins_with in [earlier] if isinstance(earlier, str) else earlier:  # weights that learned from their sets
        used = json.loads((CARDS / f"{begins_with}.sets.json").read_text()) | used
    unit = loss_unit(recipe)
    values = {
        "kind": "checkpoint",
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
        "sources": [EMBEDDED_SOURCE] if registry == REGISTRY else [],
        "task": recipe["task"],
        "architecture": recipe["architecture"],
        "tokenizer": index["tokenizer"],
        "licence": "MIT",
        "parameters": sum(tensor.numel() for tensor in weights.values()),
        "steps": state["step"],
        "notes_seen": state["notes"],
        "training_minutes": round(state["seconds"] / 60),
        "data": sorted(used),
        "metrics": metrics(curve, unit),
        "remarks": recipe.get("remarks", ""),
    } | more
    if companions:
        values["companions"] = companions
    register(registry, name, recorded(name, path, values, seeds))
    shutil.copy(curve, cards / f"{name}.csv")
    draw_curve(curve, cards / f"{name}.png", unit, read_by(recipe["architecture"]))
    (cards / f"{name}.sets.json").write_text(json.dumps(used, indent=1))
    write_card(name, registry, cards)
    return path


def _save(weights: dict[str, torch.Tensor], path: Path, header: dict[str, str] | None = None) -> None:
    save_file(weights, f"{path}.part", metadata=header)
    os.replace(f"{path}.part", path)


def loss_unit(recipe: dict[str, Any]) -> str:
    """Returns what the loss of a recipe is counted in, such as "nats a note"."""
    return f"nats a {task_class(recipe['architecture']).unit}"


def metrics(curve: Path, unit: str) -> list[str]:
    """Returns what the last validation of a run found, in words; nothing if there was none."""
    with curve.open() as file:
        found = [row["valid"] for row in csv.DictReader(file) if row["valid"]]
    return [f"{float(found[-1]):.2f} {unit} at the last validation in training"] if found else []


def draw_curve(curve: Path, picture: Path, unit: str, read: str = "notes") -> None:
    """Draws the loss curve of a run as PNG, over how much of what it reads was read."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with curve.open() as file:
        rows = list(csv.DictReader(file))
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=110)
    learned, valid = ([row for row in rows if row[name]] for name in ("train", "valid"))
    for name, style, label, found in (
        ("train", "-", "training, all sets", learned),
        ("valid", "o-", "validation, real sets", valid),
    ):
        axes.plot(
            *([float(r[key]) / scale for r in found] for key, scale in (("notes", 1e6), (name, 1))),
            style,
            label=label,
            linewidth=1,
        )
    losses = [float(r["train"]) for r in learned]
    low, high = min(losses), max(losses)
    axes.set(xlabel=f"{read} read (millions)", ylabel=unit, ylim=(low - 0.5, min(high, low + 8.5) + 0.5))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(picture)
    pyplot.close(figure)
