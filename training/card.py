"""The card of a checkpoint: what it is, what it learned from, how well, in one page."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checkpoints.architectures import ARCHITECTURES
from checkpoints.store import CARDS, REGISTRY
from pipelines.descriptors.pipelines import PIPELINES

REPORTS = (("evaluate", "Likelihood"), ("quality", "What it writes"))


def keep_report(name: str, report: str, text: str) -> None:
    """Writes what a verb printed of an embedded checkpoint beside its card, and the card anew."""
    (CARDS / f"{name}.{report}.txt").write_text(text + "\n", encoding="utf-8")
    write_card(name, REGISTRY, CARDS)


def write_card(name: str, registry: Path, cards: Path) -> Path:
    """Writes the card of a registered checkpoint from its registry entry and its reports, and returns its path.

    Of one that was trained elsewhere, which has no ``steps``, it tells what the registry says.

    The reports are what ``python -m training evaluate NAME --card`` and ``quality NAME --card`` printed.
    """
    entry = tomllib.loads(registry.read_text(encoding="utf-8"))[name]
    module = ARCHITECTURES[entry["architecture"]].module
    beside = entry.get("companions", [])
    size = entry["bytes"] + sum(each[1] for each in beside)
    lines = [
        f"# {name}",
        "",
        _purpose(entry["task"]),
        "",
        f"- Architecture: `{module.replace('.', '/')}.py`, {entry['parameters'] / 1e6:.2f} M parameters, "
        f"{'half' if 'steps' in entry else 'single'} precision, {size / 1e6:.1f} MB",
        *(_training(name, entry) if "steps" in entry else [f"- Learned from: {', '.join(entry['data'])}"]),
        f"- Weights: {entry['licence']}; sha256 `{entry['sha256']}`",
        *(f"- Of them in `{file}`: {each / 1e6:.1f} MB; sha256 `{sha256}`" for file, each, sha256 in beside),
        *(["", entry["remarks"]] if entry.get("remarks") else []),
        *(_data(name, entry, cards) if "steps" in entry else []),
    ]
    for report, title in REPORTS:
        path = cards / f"{name}.{report}.txt"
        if path.exists():
            lines += [
                "",
                f"## {title}",
                "",
                f"`python -m training {report} {name}`",
                "",
                "```",
                path.read_text().rstrip(),
                "```",
            ]
    card = cards / f"{name}.md"
    card.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return card


def _training(name: str, entry: Mapping[str, Any]) -> list[str]:
    """Returns how long a checkpoint was trained, of one that was trained here."""
    if base := entry.get("base"):
        return [
            f"- Training: tuned from `{base}` on somebody's own files (`python -m pipelines train`), {entry['steps']} steps, "
            f"{entry['notes_seen'] / 1e6:.2f} M notes read, {entry['training_minutes']} minutes"
        ]
    return [
        f"- Training: {entry['steps']} steps, {entry['notes_seen'] / 1e6:.2f} M {read_by(entry['architecture'])} read, "
        f"{entry['training_minutes']} minutes; "
        f"recipe `training/recipes/{name}.toml`"
    ]


def read_by(architecture: str) -> str:
    """Returns what an architecture reads one after another."""
    return "tokens" if ARCHITECTURES[architecture].reads == "words" else "notes"


def _data(name: str, entry: Mapping[str, Any], cards: Path) -> list[str]:
    """Returns the loss curve of a checkpoint and the data sets that it learned from, as lines of a card."""
    lines = [
        "",
        f"![loss curve]({name}.png)",
        "",
        "## Data",
        "",
        f"| set | train | valid | {'words' if entry['task'] == 'lyrics' else 'notes'} | source | licence | attribution |",
        "| --- | ---: | ---: | ---: | --- | --- | --- |",
    ]
    for set_name, facts in json.loads((cards / f"{name}.sets.json").read_text()).items():
        lines.append(
            f"| {set_name} | {facts['train']} | {facts['valid']} | {facts['notes']:,} | {facts['source']} | {facts['licence']} | "
            f"{facts.get('attribution', '')} |"
        )
    if "base" in entry:
        return [*lines, "", f"What `{entry['base']}` itself learned from stands in its own card."]
    return [
        *lines,
        "",
        "Synthetic sets serve for training only and are in no figure below. A further tenth of each set was never seen.",
    ]


def _purpose(task: str) -> str:
    """Returns what pipelines of a task do, and where they stand; empty for a task that none has."""
    return " ".join(
        f"{p.about[:-1]} (`{p.run.split(':')[0].replace('.', '/')}.py`)." for p in PIPELINES.values() if p.task == task
    )
