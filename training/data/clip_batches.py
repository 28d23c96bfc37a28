"""What ``python -m training clips`` wrote -> batches for the audio network. Needs numpy and torch only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from music.theory import ALL_KEYS
from music.tokens.patches import FAMILIES, GROUPS, KEYS, Cell, digest
from pipelines.patches import canvas
from pipelines.patches.canvas import FUTURE, PAST
from pipelines.patches.wishes import LEVELS, Wishes, density_of, prior_of_chroma, prior_of_key, without_level
from pipelines.wording.captions import caption
from pipelines.wording.encoder import encode

WINDOW = PAST + FUTURE

BEFORE, AFTER = 128, 160
"""Patches before and after the end of a clip whose notes are kept."""

COLUMNS = (
    "set", "bank", "bpm", "bar_patches", "bar_phase", "key", "loudness", "brightness", "families", "one_family", "notes",
)  # fmt: skip
"""Of passages.npy."""

UNKNOWN_FAMILIES = -1
"""Stands for the players of a sound that nobody named."""

_AT = {name: place for place, name in enumerate(COLUMNS)}


@dataclass(frozen=True)
class Split:
    """Clips of one split.

    Attributes:
        clips: float16 ``[clips, 174, 32]``.
        sounds: float16 ``[some, 2, 344, 80]`` log-mel of the reference bank and of the clip's own, of ``sound_clips``.
        sound_clips: which clips these go on from.
        notes: int16 ``[notes, 5]`` of all, one after another.
        offsets: first note of each clip, and the end.
        passages: float32 ``[clips, columns]``, see training/data/clips.py.
        pieces: name of each clip's piece.
    """

    clips: np.ndarray
    sounds: np.ndarray
    sound_clips: np.ndarray
    notes: np.ndarray
    offsets: np.ndarray
    passages: np.ndarray
    pieces: list[str]


@dataclass(frozen=True)
class Clips:
    """Both splits."""

    train: Split
    valid: Split
    index: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Clips:
        """Returns what is in a folder."""
        folders = {split: sorted(folder.glob(f"{split}-*")) for split in ("train", "valid")}
        entries: dict[str, Any] = {}
        for part in (*folders["train"], *folders["valid"]):
            entries |= json.loads((part / "index.json").read_text())["sets"]
        splits = {split: _load(parts, list(entries)) for split, parts in folders.items()}
        sets = {}
        for number, (name, entry) in enumerate(entries.items()):
            counts = {}
            for split, part in splits.items():
                mine = np.flatnonzero(part.passages[:, _AT["set"]] == number)
                counts[split] = len({part.pieces[clip] for clip in mine})
                counts["notes"] = counts.get("notes", 0) + int(part.passages[mine, _AT["notes"]].sum())
            sets[name] = {**entry, **counts}
        return cls(splits["train"], splits["valid"], {"tokenizer": digest(), "sets": sets})


def _load(folders: list[Path], sets: list[str]) -> Split:
    """Returns the parts of a split as one, their sets numbered as they are listed."""
    if not folders:
        raise FileNotFoundError("no clips")
    parts = [{name: np.load(f / f"{name}.npy") for name in ("clips", "sounds", "notes", "passages")} for f in folders]
    indexes = [json.loads((f / "index.json").read_text()) for f in folders]
    pieces = [name for index in indexes for name in index["pieces"]]
    for part, index in zip(parts, indexes):
        numbers = np.array([sets.index(name) for name in index["sets"]])
        part["passages"][:, _AT["set"]] = numbers[part["passages"][:, _AT["set"]].astype(int)]
    starts = np.cumsum([0, *(len(part["clips"]) for part in parts)])
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    offsets = np.concatenate([[0], np.cumsum(joined["passages"][:, _AT["notes"]])]).astype(np.int64)
    sound_clips = np.concatenate([start + np.arange(len(part["sounds"])) for start, part in zip(starts, parts)])
    return Split(joined["clips"], joined["sounds"], sound_clips, joined["notes"], offsets, joined["passages"], pieces)


@dataclass(frozen=True)
class Told:
    """What a batch is told: the arguments of ``BiGRU.conditions``."""

    clip: torch.Tensor
    has_clip: torch.Tensor
    text: torch.Tensor
    wishes: torch.Tensor
    prior: torch.Tensor


@dataclass(frozen=True)
class Batch:
    """Windows to fill: the arguments of ``BiGRU.forward``, the notes, and which cells are hidden.

    Attributes:
        target: ``[batch, patches, 93]``.
        hidden: ``[batch, patches, 93]``.
        notes: int64 ``[notes, 6]``: row of the batch, patch of the window, cell, duration, velocity, family.
    """

    told: Told
    seen: torch.Tensor
    held: torch.Tensor
    past: torch.Tensor
    place: torch.Tensor
    target: torch.Tensor
    hidden: torch.Tensor
    notes: torch.Tensor


class ClipBatches:
    """Draws batches of a split.

    Args:
        split: where from.
        rng: draws all.
        is_plain: no transposition, nothing forgotten, all of the past known and all of the future hidden.
    """

    def __init__(self, split: Split, rng: np.random.Generator, is_plain: bool = False) -> None:
        self._split, self._rng, self._plain = split, rng, is_plain

    def told(
        self, number: int, shift: int, follows: bool, density: int | None, sound: bool = False
    ) -> list[np.ndarray]:
        """Returns what one clip tells: clip, whether there is one, text, wishes, prior."""
        rng, row, keep = self._rng, self._split.passages[number], 0.0 if self._plain else 0.5
        clip = without_level(self._split.clips[number])
        clip[:, 20:] = np.roll(clip[:, 20:], shift, axis=1)
        key = int(row[_AT["key"]])
        key = key // 12 * 12 + (key + shift) % 12
        bits = int(row[_AT["families"]])
        values: dict[str, int | None] = {
            "loudness": int(row[_AT["loudness"]]),
            "brightness": int(row[_AT["brightness"]]),
            "density": density,
            "mode": int(ALL_KEYS[key].mode == "minor"),
        }
        is_known = bits != UNKNOWN_FAMILIES
        families = tuple(n for n in range(len(FAMILIES)) if bits >> n & 1) if is_known else ()
        drums = bool(bits >> len(FAMILIES) & 1) if is_known else None
        bpm = float(row[_AT["bpm"]])
        text = np.zeros(128, np.float32)
        if rng.random() < 0.5 and not self._plain:
            said: dict[str, Any] = {name: LEVELS[name][v] for name, v in values.items() if v is not None}
            said["tempo"] = "slow" if bpm < 85 else "fast" if bpm > 125 else "medium"
            if len(families) == 1:
                said["family"] = FAMILIES[families[0]]
            if drums:
                said["drums"] = "drums"
            text = encode([caption(said, rng)])[0]
        has_clip = self._plain or rng.random() < (0.7 if sound else 0.85)
        hidden = {name: None if rng.random() < keep else value for name, value in values.items()}
        wishes = Wishes(
            bpm,
            **hidden,
            families=families if rng.random() >= keep else (),
            drums=drums if rng.random() >= keep else None,
            has_clip=has_clip,
            follows=follows and has_clip,
        )
        prior = np.zeros(12, np.float32)
        if has_clip:
            if rng.random() < 0.9 or self._plain:
                prior = prior_of_chroma(self._split.clips[number, :, 20:].astype(np.float32))
                prior = np.roll(prior, shift)
            if rng.random() < 0.35 and not self._plain:  # words say what the sound is like
                clip[:, :20] = 0
        elif rng.random() < 0.6:
            prior = prior_of_key(key)
        return [clip, np.float32(has_clip), text, wishes.vector(), prior]

    def notes(self, count: int) -> Batch:
        """Returns a batch of windows."""
        rng, told, parts, listed = self._rng, [], [], []
        total = BEFORE + AFTER
        for place in range(count):
            number = int(rng.integers(len(self._split.passages)))
            row = self._split.passages[number]
            notes = self._split.notes[self._split.offsets[number] : self._split.offsets[number + 1]].astype(np.int64)
            shift = 0 if self._plain else int(rng.integers(-5, 7))
            keys = notes[:, Cell.CELL] < KEYS
            moved = notes[:, Cell.CELL] + shift
            keep = ~keys | ((moved >= 0) & (moved < KEYS))
            notes = np.where((keys & keep)[:, None] & (np.arange(5) == Cell.CELL), moved[:, None], notes)[keep]
            start = BEFORE if self._plain or rng.random() < 0.5 else int(rng.integers(BEFORE - 20, BEFORE + 96))
            cells = canvas.canvas(notes, total)
            known, shown_cells = self._known(cells, start)
            future = (notes[:, Cell.PATCH] >= start) & (notes[:, Cell.PATCH] < start + FUTURE)
            density = density_of(int(future.sum()), FUTURE / 4)
            told.append(self.told(number, shift, start == BEFORE, density))
            past_notes = notes[notes[:, Cell.PATCH] < start]
            sounding = known[
                np.clip(past_notes[:, Cell.PATCH], 0, total - 1), canvas.GROUP_OF_CELL[past_notes[:, Cell.CELL]]
            ]
            first = start - PAST
            held = canvas.held(past_notes[sounding > 0], total)[first : first + WINDOW]
            bar_patches = int(row[_AT["bar_patches"]])
            phase = (int(row[_AT["bar_phase"]]) - BEFORE) % bar_patches
            seen, past, where = canvas.window(canvas.shown(shown_cells, known), first, WINDOW, bar_patches, phase)
            hidden = 1 - known[first : first + WINDOW, canvas.GROUP_OF_CELL]
            parts.append((seen, held, past, where, cells[first : first + WINDOW], hidden))
            inside = notes[(notes[:, Cell.PATCH] >= first) & (notes[:, Cell.PATCH] < first + WINDOW)]
            rows = np.column_stack([np.full(len(inside), place), inside])
            rows[:, 1] -= first
            listed.append(rows)
        arrays = [torch.from_numpy(np.stack(each)) for each in zip(*parts)]
        return Batch(_told(told), *arrays, torch.from_numpy(np.concatenate(listed)))

    def sounds(self, count: int) -> tuple[Told, torch.Tensor, torch.Tensor]:
        """Returns what is told, log-mel of the reference bank and of the clip's ``[batch, 344, 80]``."""
        picked = self._rng.integers(len(self._split.sounds), size=count)
        told = [self.told(int(self._split.sound_clips[number]), 0, True, None, sound=True) for number in picked]
        pair = torch.from_numpy(self._split.sounds[picked].astype(np.float32))
        return _told(told), pair[:, 0], pair[:, 1]

    def _known(self, cells: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns which groups are known where ``[patches, 5]``, and the cells as they are shown there."""
        rng, known = self._rng, np.zeros((len(cells), GROUPS), np.float32)
        if self._plain:
            known[:start] = 1
            return known, cells
        chance = rng.random()
        span = start if chance < 0.65 else int(rng.integers(1, 64)) if chance < 0.8 else 0
        known[start - span : start] = 1
        if rng.random() < 0.1:
            known[:, rng.integers(GROUPS)] = 0
        chance = rng.random()
        if chance < 0.55:
            known[start : start + FUTURE] = rng.random((FUTURE, GROUPS)) < rng.random()
        elif chance < 0.75:
            known[start : start + FUTURE] = rng.random(GROUPS) < 0.5
        elif chance < 0.85:
            known[start : start + FUTURE] = 1
            known[start : start + FUTURE] *= rng.random((FUTURE, GROUPS)) < 0.9
        if rng.random() < 0.25:  # what was heard, or written, is not always right
            cells = cells * (rng.random(cells.shape) > 0.15)
            wrong = rng.random(cells.shape) < 0.15 * cells.mean()
            cells = np.maximum(cells, wrong).astype(np.float32)
        return known, cells


def _told(rows: list[list[np.ndarray]]) -> Told:
    return Told(*(torch.from_numpy(np.stack(each)) for each in zip(*rows)))
