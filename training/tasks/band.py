"""Trains the network that writes bass, piano and band to a chart, as training/tasks/hinted_next_note.py trains its like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.hinted.band import KINDS, Band, BandConfig
from training.data.band_shards import Bands, passage, plain, prefix_size, tables_of
from training.data.lanes import Passage
from training.data.pair_shards import Pairs
from training.data.shards import BARS_LEFT_SIZE, PHRASE_SIZE
from training.tasks import hinted_next_note
from training.tasks.hinted_next_note import keep_freed_memory

__all__ = ["Task", "keep_freed_memory", "train"]

VALIDATION_PIECES, VALIDATION_NOTES = 10, 384  # of each set and kind, and of each piece


class Task:
    """Next-note prediction of accompaniments; see ``train``."""

    unit = "note"
    load = Pairs.load


class Reading(hinted_next_note.Reading):
    """Stretches of bands, of basses alone and of pianos, with their charts."""

    def build(self, recipe: dict[str, Any], index: dict[str, Any]) -> Band:
        """Returns a new model; where the recipe says so it begins with what another has learned."""
        tables = tables_of(index)
        given = (tables.sizes, (BARS_LEFT_SIZE, PHRASE_SIZE), prefix_size(index))
        model = Band(
            BandConfig(*given, tables.durations, tables.bar_lengths, qualities=tables.qualities, **recipe["model"])
        )
        if name := recipe.get("begins_with"):
            from checkpoints.loading import load

            model.begin_with(load(name).model.state_dict(), tables.sizes)
        return model

    def passages(self, recipe: dict[str, Any], shards: Pairs, seed: int) -> Iterator[Passage]:
        """Yields stretches without end."""
        shares, window = recipe["kinds"], recipe["lanes"]["window"]
        return iter(Bands(shards, shares, recipe["weights_of"], window, seed))

    def validation(self, recipe: dict[str, Any], shards: Pairs) -> tuple[list[str], Iterator[Passage]]:
        """Returns the names of kinds and real sets, and stretches of their validation pieces."""
        real = {name for name, entry in shards.index["sets"].items() if not entry.get("synthetic")}
        names = [
            f"{kind} {name}"
            for name in shards.index["sets"]
            for kind in KINDS
            if name in real
            and any(
                kind in piece["styles"] and piece["split"] == "valid"
                for piece in shards.index["pieces"]
                if list(shards.index["sets"])[piece["set"]] == name
            )
        ]
        tables = tables_of(shards.index)
        found = plain(shards, "valid", VALIDATION_NOTES, VALIDATION_PIECES)
        return names, (
            passage(one, tables, shards.index, tag=names.index(f"{kind} {name}"))
            for kind, name, one in found
            if name in real
        )


def train(recipe: dict[str, Any], shards: Pairs, run: Path, valid_every: int = 1000) -> None:
    """Trains until the recipe's last step, from where the run stands."""
    hinted_next_note.train(recipe, shards, run, valid_every, Reading())
