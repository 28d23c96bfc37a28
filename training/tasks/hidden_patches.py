"""The task of the audio network: hidden notes on a beat grid, and one sound made like another. Needs torch and numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from models.bigru import BiGRU, BiGRUConfig, Conditions, level, standard_mel
from training.data.clip_batches import PAST, Batch, ClipBatches, Clips, Told

VALIDATION_BATCHES, VALIDATION_WINDOWS = 4, 64
NOTE_WEIGHT, SOUND_WEIGHT = 1.0, 0.15  # of nats a note's fields, and of decibels, beside nats a patch; not tuned
AUDIBLE_DB = -72.0  # a band that is softer in both sounds says nothing


class Task:
    """In-filling of notes, with their fields, and coloring of sound (see training/train.py)."""

    unit = "patch"
    load = Clips.load

    def __init__(self, recipe: dict[str, Any], clips: Clips, device: torch.device):
        self.recipe, self.clips, self.device = recipe, clips, device

    def build(self) -> BiGRU:
        """Returns a new model with the recipe's sizes, which knows how the features of clips are spread."""
        model = BiGRU(BiGRUConfig(**self.recipe["model"]))
        features = self.clips.train.clips[::7].astype(np.float32)
        features[..., 0] -= features[..., 0].mean(1, keepdims=True)
        model.clip_mean.copy_(torch.from_numpy(features.mean((0, 1))))
        model.clip_scale.copy_(torch.from_numpy(1 / features.std((0, 1))))
        return model

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        self._stage = stage
        self._batches = ClipBatches(self.clips.train, np.random.default_rng(seed))

    def loss(self, model: BiGRU) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Returns the summed nats of the next batch, its hidden patches, and its notes.

        To the nats of hidden cells those of the fields of notes, and how far sounds are apart, are added by weights.
        """
        batch = self._batches.notes(self._stage["batch"])
        cells, patches, fields = note_losses(model, batch, self.device)
        told, plain, wanted = self._batches.sounds(self._stage["sounds"])
        distance = sound_loss(model, told, plain, wanted, self.device)
        per_patch = cells / patches + NOTE_WEIGHT * fields + SOUND_WEIGHT * distance
        return per_patch * patches, patches, len(batch.notes)

    def validate(self, model: BiGRU, stage: dict[str, Any]) -> float | None:
        """Returns nats a patch on fixed windows that follow a clip, all of the past known and all of the future hidden."""
        batches = ClipBatches(self.clips.valid, np.random.default_rng(0), is_plain=True)
        nats = count = 0.0
        fields, sounds = [], []
        for _ in range(VALIDATION_BATCHES):
            cells, patches, field = note_losses(model, batches.notes(VALIDATION_WINDOWS), self.device)
            nats, count = nats + cells.item(), count + patches.item()
            fields.append(field.item())
            sounds.append(sound_loss(model, *batches.sounds(8), self.device).item())
        print(f"  fields {np.mean(fields):.3f} nats a note, sound {np.mean(sounds):.2f} dB", flush=True)
        return nats / count


def conditions(model: BiGRU, told: Told, device: torch.device | str) -> Conditions:
    """Returns what a batch is told, as the model reads it."""
    return model.conditions(
        *(part.to(device) for part in (told.clip, told.has_clip, told.text, told.wishes, told.prior))
    )


def note_losses(
    model: BiGRU, batch: Batch, device: torch.device | str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns the summed nats of hidden cells, how many patches these make, and the mean nats of a note's fields."""
    told = conditions(model, batch.told, device)
    seen, held, past, place, target, hidden, notes = (
        part.to(device)
        for part in (batch.seen, batch.held, batch.past, batch.place, batch.target, batch.hidden, batch.notes)
    )
    logits, states = model(seen, held, past, place, told)
    cells = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * hidden).sum()
    patches = hidden.sum().clamp(min=1) / model.config.cells
    notes = notes[notes[:, 1] >= PAST]
    outputs = model.notes(states[notes[:, 0], notes[:, 1]], notes[:, 2])
    fields = sum(F.cross_entropy(out, notes[:, 3 + n]) for n, out in enumerate(outputs[:2]))
    players = (notes[:, 2] < model.config.keys) & (notes[:, 5] >= 0)  # drums have none, and of recordings none is known
    if players.any():
        fields = fields + F.cross_entropy(outputs[2][players], notes[players, 5])
    return cells, patches, fields


def sound_loss(
    model: BiGRU, told: Told, plain: torch.Tensor, wanted: torch.Tensor, device: torch.device | str
) -> torch.Tensor:
    """Returns how far the colored sounds are from the wanted ones, in decibels a band, level apart."""
    plain, wanted = plain.to(device), wanted.to(device)
    audible = (torch.maximum(plain, wanted) > AUDIBLE_DB).float()
    gains = model.gains(standard_mel(plain), conditions(model, told, device))
    gains = gains - ((gains * audible).sum((1, 2)) / audible.sum((1, 2)).clamp(min=1))[:, None, None]
    apart = (wanted - level(wanted) - plain + level(plain)).clamp(-40, 40)
    apart = apart - ((apart * audible).sum((1, 2)) / audible.sum((1, 2)).clamp(min=1))[:, None, None]
    return ((gains - apart).abs() * audible).sum() / audible.sum().clamp(min=1)
