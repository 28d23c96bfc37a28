"""Nats a note of what accompanies real melodies, their chords being known: a bass, a piano or a band.

Models with a network for players are asked with it, others with their Transformer; both read the same bars of the same pieces,
from the top. What drummers and pianists of accompaniment programs play is measured too, for it says how well a style is known
that is told; it is no real music, and is in no mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from models.hinted.band import KINDS, Band
from models.seq2seq import Seq2Seq
from music.tokens.columns import STEP_FIELDS
from training.data.band_shards import passage, stretch, tables_of
from training.data.lanes import Lanes
from training.data.pair_shards import Pairs, example
from training.likelihood.accompaniment import row_nats
from training.tasks.hinted_next_note import losses

BARS, NOTES = 16, 320
LANE = {"batch": 1, "segment": 128, "memory": 128}


class _FromTheTop:
    """Draws the first of everything."""

    def integers(self, low: int, high: int) -> int:
        return low

    def random(self) -> float:
        return 0.0


def nats_of_bands(model: Any, pairs: Pairs, count: int) -> dict[tuple[str, str], np.ndarray]:
    """Returns nats a note by field [fields] for each kind and set that has validation pieces.

    Args:
        model: of a checkpoint that harmonizes.
        pairs: what `python -m training bands` wrote.
        count: pieces of each.
    """
    band = getattr(model, "band", None)
    found = {}
    for place, name in enumerate(pairs.index["sets"]):
        for kind in KINDS:
            mine = [
                number
                for number, piece in enumerate(pairs.index["pieces"])
                if piece["set"] == place and piece["split"] == "valid" and kind in piece["styles"]
            ]
            if band is None and pairs.index["sets"][name].get("synthetic"):
                continue  # it was taught other instruments for them
            rows = [
                nats
                for number in mine[:: max(1, len(mine) // count)][:count]
                if (
                    nats := _of_network(band, pairs, number, kind)
                    if band
                    else _of_transformer(model, pairs, number, kind)
                )
                is not None
            ]
            if rows:
                found[kind, name] = np.concatenate(rows).mean(axis=0)
    return found


@torch.inference_mode()
def _of_network(model: Band, pairs: Pairs, number: int, kind: str) -> np.ndarray | None:
    """Returns nats [notes, fields] of the beginning of a piece."""
    found = stretch(pairs, number, kind, NOTES, most_bars=BARS)
    if found is None:
        return None
    lanes = Lanes(LANE["batch"], LANE["segment"], iter([passage(found, tables_of(pairs.index), pairs.index)]))
    memory, parts = model.new_memory(LANE["batch"]), []
    while (segment := lanes.segment()) is not None:
        nats, memory = losses(model, segment, memory, LANE["memory"])
        parts.append(nats.t()[segment.tag.flatten() >= 0])
    return torch.cat(parts)[: len(found.rows)].double().numpy()


def _of_transformer(model: Seq2Seq, pairs: Pairs, number: int, kind: str) -> np.ndarray | None:
    limits = {"bars": BARS, "window": NOTES, "given": 768}
    rng: Any = _FromTheTop()
    found = example(pairs, number, kind, rng, limits, varied=False)
    return None if found is None else row_nats(model, found)[0][: len(found.notes) - 1]


def band_lines(model: Any, pairs: Pairs, count: int) -> list[str]:
    """Returns the table of ``nats_of_bands``."""
    found = nats_of_bands(model, pairs, count)
    lines = [
        f"Nats a note of players, up to {BARS} bars and {NOTES} notes from the top of {count} pieces of each set; synthetic ones *"
    ]
    lines.append(f"  {'':22}{'all':>9}" + "".join(f"{field:>10}" for field in STEP_FIELDS))
    for (kind, name), nats in found.items():
        mark = "*" if pairs.index["sets"][name].get("synthetic") else ""
        label = f"{kind} {name}{mark}"
        lines.append(f"  {label:22}{nats.sum():9.3f}" + "".join(f"{value:10.3f}" for value in nats))
    return lines
