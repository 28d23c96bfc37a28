"""The task of MusicBERT: find the hidden fields of a window of notes. Needs torch, numpy and safetensors only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.musicbert import MusicBERT, MusicBERTConfig
from music.tokens.columns import FIRST, SLOTS, Octuple
from training.data.masking import Hidden, change_loudness_and_tempo, hide, whole_bars
from training.data.shards import Shards, WindowPicker, drop_instruments, transpose_to_canonical, validation_windows

START, PADDING, END = 0, 1, 2
EMBEDDING_STD = 0.3
START_NOISE = 0.005
LOOKING_LAYERS = 2
LIKENESS = ((2, 1), (0, 1), (2, 0), (2, 3))
"""What a head of the first layers looks for: notes that agree in these two of SLOTS."""
PERIODS = {Octuple.BAR: (2, 4, 8, 16), Octuple.POSITION: (3, 6, 12, 24, 48), Octuple.PITCH: (12, 12, 7)}
"""Lengths after which values of a field sound alike."""
VALIDATION_WINDOWS = 16  # of each set


@dataclass(frozen=True)
class Masked:
    """What one training step reads.

    Attributes:
        tokens: int64 [batch, notes, 8], framed by <s> and </s>, hidden fields <mask>, padded with <pad>.
        target: int64 [batch, notes, 8], the hidden values, counted from 0 in each field; -1 where nothing is hidden.
    """

    tokens: Tensor
    target: Tensor


class Blocks:
    """Where each field's values lie in the shared vocabulary (the studio's dialect of music/tokens/dialects.py).

    Args:
        index: of the shards.
        bars: how many bars a window may have.
    """

    def __init__(self, index: dict[str, Any], bars: int):
        self.sizes = [bars, *(index["sizes"][column] - FIRST for column in SLOTS[1:])]
        self.starts = (4 + np.cumsum([0, *self.sizes[:-1]])).tolist()
        self.mask = 4 + sum(self.sizes)

    def slices(self) -> list[slice]:
        """Returns the block of each field as a slice of the vocabulary."""
        return [slice(start, start + size) for start, size in zip(self.starts, self.sizes, strict=True)]

    def read(self, examples: list[Hidden]) -> Masked:
        """Returns windows with hidden fields as one batch."""
        longest = -(-(max(len(one.rows) for one in examples) + 2) // 32) * 32  # attention is faster in whole blocks
        found = np.full((len(examples), longest, 8), PADDING, dtype=np.int64)
        target = np.full((len(examples), longest, 8), -1, dtype=np.int64)
        for row, one in enumerate(examples):
            values, hidden = one.rows[:, SLOTS] - FIRST, one.hidden[:, SLOTS]
            end = len(values) + 1
            found[row, 0], found[row, end] = START, END
            found[row, 1:end] = np.where(hidden, self.mask, values + np.array(self.starts))
            target[row, 1:end] = np.where(hidden, values, -1)
        return Masked(torch.from_numpy(found), torch.from_numpy(target))


class Task:
    """Masked notes: find the hidden fields of windows (see training/train.py)."""

    unit = "hidden field"
    load = Shards.load

    def __init__(self, recipe: dict[str, Any], shards: Shards, device: torch.device):
        self.recipe, self.shards, self.device = recipe, shards, device
        self.blocks = Blocks(shards.index, recipe["dialect"]["bars"])

    def build(self) -> MusicBERT:
        """Returns a new model with the recipe's sizes and the shards' vocabularies."""
        model = MusicBERT(MusicBERTConfig(vocabulary=self.blocks.mask + 1, **self.recipe["model"]))
        start_by_likeness(model, self.blocks)
        return model

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        self._stream = self._batches(stage, np.random.default_rng(seed))

    def loss(self, model: MusicBERT) -> tuple[Tensor, Tensor, int]:
        """Returns the summed nats of the next batch, its number of hidden fields, and the notes read, frames included."""
        batch = next(self._stream)
        nats, counts = self._losses(model, batch)
        return nats.sum(), counts.sum(), int((batch.tokens[:, :, 0] != PADDING).sum())

    def validate(self, model: MusicBERT, stage: dict[str, Any]) -> float | None:
        """Returns nats a hidden field on fixed validation windows, the real sets weighing the same; None without any."""
        means = []
        for picked in validation_windows(self.shards, VALIDATION_WINDOWS):
            rng = np.random.default_rng(0)
            windows = [window(self.shards, int(w), self.blocks, stage["window"], None) for w in picked]
            nats, counts = self._losses(model, self.blocks.read([hide(rows, rng) for rows in windows]))
            means.append(float(nats.sum() / counts.sum()))
        return sum(means) / len(means) if means else None

    def _losses(self, model: MusicBERT, batch: Masked) -> tuple[Tensor, Tensor]:
        there = Masked(batch.tokens.to(self.device), batch.target.to(self.device))
        return losses(model, there, self.blocks.slices())

    def _batches(self, stage: dict[str, Any], rng: np.random.Generator) -> Iterator[Masked]:
        """Yields batches of about ``stage["notes"]`` notes, windows of like length together, without end."""
        picker = WindowPicker(self.shards, self.recipe["weights"], rng)
        waiting: dict[int, list[Hidden]] = {}
        while True:
            rows = window(self.shards, picker.pick(), self.blocks, stage["window"], rng)
            change_loudness_and_tempo(rows, self.shards.index, rng)
            group = waiting.setdefault(-(-len(rows) // 64), [])
            group.append(hide(rows, rng))
            if sum(len(one.rows) for one in group) >= stage["notes"]:
                yield self.blocks.read(group)
                group.clear()


def start_by_likeness(model: MusicBERT, blocks: Blocks) -> None:
    """Sets the weights so that an untrained model already guesses a hidden field from the notes most like its own.

    From random weights this encoder learns for a long time no more than how frequent each value is. So each field gets
    an eighth of a note's vector to itself; the first layers look for notes that agree in two fields (the same part at
    the same place of other bars, other notes of the chord, the same part in the same bar) and bring over what they have;
    the head compares that with the embeddings. Queries equal keys and values are brought back in place, as in mimetic
    initialization (Trockman & Kolter 2023, "Mimetic Initialization of Self-Attention Layers"). All is learned further.
    """
    width, heads = model.config.width, model.config.heads
    part, head_width = width // 8, width // heads
    encoder, head = model.encoder["sentence_encoder"], model.encoder["lm_head"]

    def noise(*shape: int) -> Tensor:
        return START_NOISE * torch.randn(*shape)

    with torch.no_grad():
        for tensor in (encoder.embed_positions.weight, encoder.embed_tokens.weight):
            nn.init.normal_(tensor, std=0.02)
        for slot, (start, size) in enumerate(zip(blocks.starts, blocks.sizes, strict=True)):
            mine = slice(slot * part, (slot + 1) * part)
            encoder.embed_tokens.weight[start : start + size, mine] = EMBEDDING_STD * _values(slot, size, part)
        encoder.embed_tokens.weight[PADDING] = 0
        down, up = encoder.downsampling[0], encoder.upsampling[0]
        down.weight.copy_(noise(width, 8 * width) / 2)
        up.weight.copy_(noise(8 * width, width))
        for slot in range(8):
            for place in range(slot * part, (slot + 1) * part):
                down.weight[place, slot * width + place] += 1
                up.weight[slot * width + place, place] += 1
        for layer_number, layer in enumerate(encoder.layers):
            looking = layer_number < LOOKING_LAYERS
            carried = torch.linalg.qr(torch.randn(width, width))[0]
            for number in range(heads):
                rows = slice(number * head_width, (number + 1) * head_width)
                if looking:
                    sought = torch.zeros(head_width, width)
                    for place in range(head_width):
                        slot = LIKENESS[number % len(LIKENESS)][2 * place // head_width]
                        sought[place, slot * part + place % part] = 1
                else:
                    sought = 0.5 * torch.linalg.qr(torch.randn(width, width))[0][:head_width]
                for name in ("q_proj", "k_proj"):
                    layer.self_attn[name].weight[rows] = sought + noise(head_width, width)
                layer.self_attn["v_proj"].weight[rows] = carried[rows] + noise(head_width, width)
                brought = carried[rows].T * (1.0 if looking else 0.1)
                layer.self_attn["out_proj"].weight[:, rows] = brought + noise(width, head_width)
            layer.fc2.weight *= 0.3
        for module in (down, up, *(m for layer in encoder.layers for m in (*layer.self_attn.values(), layer.fc2))):
            nn.init.zeros_(module.bias)
        head.dense.weight.copy_(torch.eye(width) + noise(width, width))
        nn.init.constant_(head.dense.bias, 2.0)  # where GELU is nearly a straight line
        head.weight.copy_(encoder.embed_tokens.weight / 3)
        head.weight[:4] = 0


def _values(slot: int, size: int, width: int) -> Tensor:
    """Returns embeddings [values, width] of one field: near values near each other, where they are numbers.

    In waves, "one bar before" is the same turn everywhere, so attention need not learn it bar by bar.
    """
    if SLOTS[slot] in (Octuple.PROGRAM, Octuple.SIGNATURE):
        return torch.randn(size, width)
    lengths = [*PERIODS.get(SLOTS[slot], ()), *(2.5 * (4 * size) ** (wave / 11) for wave in range(12))]
    angles = 2 * math.pi * torch.arange(size)[:, None] / torch.tensor(lengths)
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    smooth = waves @ torch.randn(waves.shape[1], width) / math.sqrt(waves.shape[1] / 2)
    return 0.9 * smooth + 0.45 * torch.randn(size, width)


def window(shards: Shards, number: int, blocks: Blocks, max_notes: int, rng: np.random.Generator | None) -> np.ndarray:
    """Returns a stretch of a window of the shards, int64 [notes, 8], in C major or A minor.

    Args:
        rng: chooses the stretch and sometimes drops instruments; None takes the first stretch, with all of them.
    """
    _, _, _, first, last, _ = shards.windows[number]
    rows = np.asarray(shards.rows[first:last], dtype=np.int64)
    prefix = np.array(shards.prefixes[number], dtype=np.int64)
    if rng is not None and rng.random() < 0.5:
        rows = drop_instruments(rows, prefix.copy(), shards.index, rng)
    rows = whole_bars(rows, max_notes, blocks.sizes[0], rng)
    transpose_to_canonical(rows, prefix, shards.index, Octuple.PITCH)
    return rows


def losses(model: MusicBERT, batch: Masked, slices: list[slice]) -> tuple[Tensor, Tensor]:
    """Returns the summed nats of each field's hidden values and their number, [fields] each, in the order of SLOTS."""
    slot, place = (batch.target.flatten(0, 1).T >= 0).nonzero(as_tuple=True)
    features = model.features(batch.tokens).flatten(0, 2).index_select(0, place * len(slices) + slot)
    wanted = batch.target.flatten(0, 1)[place, slot]
    counts = torch.bincount(slot, minlength=len(slices))
    nats = []
    for block, mine, values in zip(slices, features.split(counts.tolist()), wanted.split(counts.tolist()), strict=True):
        nats.append(F.cross_entropy(model.head(mine, block).float(), values, reduction="sum"))
    return torch.stack(nats), counts
