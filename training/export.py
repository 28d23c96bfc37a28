"""A run -> a checkpoint: half-precision safetensors, an entry in the registry, and a card.

python -m training export runs/generate-small                  into the cache folder, for this user
python -m training export runs/generate-small --embed          into the repository, to ship with the studio
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from checkpoints.store import EMBEDDED, REGISTRY, file_sha256, register
from music.cache import cache_folder
from music.errors import StudioError
from training.card import CARDS, write_card
from training.train import TASKS


def main(argv: list[str]) -> None:
    """Runs ``python -m training export``."""
    parser = argparse.ArgumentParser(prog="python -m training export", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument(
        "--embed", action="store_true", help="ship it with the studio instead of keeping it in the cache folder"
    )
    parser.add_argument("--name", help="of the checkpoint; by default the recipe's")
    args = parser.parse_args(argv)
    registry, folder, cards = (
        (REGISTRY, EMBEDDED, CARDS)
        if args.embed
        else (cache_folder() / "registry.toml", cache_folder(), cache_folder())
    )
    print(export(args.run, registry, folder, cards, args.name))


def export(run: Path, registry: Path, folder: Path, cards: Path, name: str | None = None) -> Path:
    """Writes the checkpoint of a run, registers it under a name (by default the recipe's) and returns its path.

    Raises:
        StudioError: the folder holds no run.
    """
    if not (run / "state.pt").exists():
        raise StudioError(f"There is no run in '{run}'. Train one first with `python -m training train`.")
    state = torch.load(run / "state.pt", map_location="cpu", weights_only=True)
    config = json.loads((run / "config.json").read_text())
    recipe, index = config["recipe"], config["index"]
    name = name or recipe["name"]
    weights = {name: tensor.half().contiguous() for name, tensor in state["model"].items()}
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
    save_file(weights, f"{path}.part", metadata=header)
    os.replace(f"{path}.part", path)
    named = {set_name: entry for set_name, entry in index["sets"].items() if recipe["weights"].get(set_name)}
    used = named or index["sets"]
    register(
        registry,
        name,
        {
            "file": path.name,
            "bytes": path.stat().st_size,
            "sha256": file_sha256(path),
            "task": recipe["task"],
            "architecture": recipe["architecture"],
            "tokenizer": index["tokenizer"],
            "licence": "MIT",
            "parameters": sum(tensor.numel() for tensor in weights.values()),
            "steps": state["step"],
            "notes_seen": state["notes"],
            "training_minutes": round(state["seconds"] / 60),
            "data": sorted(used),
            "remarks": recipe.get("remarks", ""),
        },
    )
    shutil.copy(run / "curve.csv", cards / f"{name}.csv")
    draw_curve(run / "curve.csv", cards / f"{name}.png", loss_unit(recipe))
    (cards / f"{name}.sets.json").write_text(json.dumps(used, indent=1))
    write_card(name, registry, cards)
    return path


def loss_unit(recipe: dict[str, Any]) -> str:
    """Returns what the loss of a recipe is counted in, such as "nats a note"."""
    return f"nats a {importlib.import_module(TASKS[recipe['architecture']]).Task.unit}"


def draw_curve(curve: Path, picture: Path, unit: str) -> None:
    """Draws the loss curve of a run as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with curve.open() as file:
        rows = list(csv.DictReader(file))
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=110)
    axes.plot(
        [int(r["notes"]) / 1e6 for r in rows],
        [float(r["train"]) for r in rows],
        label="training, all sets",
        linewidth=1,
    )
    valid = [r for r in rows if r["valid"]]
    axes.plot(
        [int(r["notes"]) / 1e6 for r in valid], [float(r["valid"]) for r in valid], "o-", label="validation, real sets"
    )
    losses = [float(r["train"]) for r in rows]
    low, high = min(losses), max(losses)
    axes.set(xlabel="notes read (millions)", ylabel=unit, ylim=(low - 0.5, min(high, low + 8.5) + 0.5))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(picture)
    pyplot.close(figure)
