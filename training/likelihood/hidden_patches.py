"""Nats a patch of the audio network on windows that follow a clip, beside floors and with what it is told taken away.

The past is known and the future hidden, as where music is continued. *Unigram* knows how often each cell is struck in the
training music of that place in the bar; *bar before* foretells what was struck a bar ago, as surely as that is right in
training. The other rows are the network: told all, with another's clip, without any clip, and as it writes music: half of
what is to come known too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from checkpoints.loading import Checkpoint
from music.errors import StudioError
from music.tokens.patches import CELLS
from training.data.clip_batches import PAST, Batch, ClipBatches, Clips, Split, Told
from training.tasks.hidden_patches import note_losses, sound_loss

BATCH = 48
FITTED_BATCHES = 12
SMOOTHING = 0.5


def report(checkpoint: Checkpoint, clips: Clips, windows: int) -> str:
    """Returns the tables; ``windows`` times sixteen windows are read.

    Raises:
        StudioError: there are no validation clips.
    """
    if not len(clips.valid.passages):
        raise StudioError("There are no validation clips. Make some with `python -m training clips`.")
    model = checkpoint.model
    fitted = ClipBatches(clips.train, np.random.default_rng(0), is_plain=True)
    floors = Floors([fitted.notes(BATCH) for _ in range(FITTED_BATCHES)])
    count = max(1, windows * 16 // BATCH)
    lines = [
        f"{checkpoint.entry.name}: nats a patch (a sixteenth) on {count * BATCH} validation windows of {CELLS} cells."
    ]
    groups = {
        "banks of training": _of_banks(clips.valid, clips, False),
        "held-out bank": _of_banks(clips.valid, clips, True),
    }
    header = ("unigram", "bar before", "network", "other clip", "no clip", "half known")
    lines += ["", f"{'':22}" + "".join(f"{name:>12}" for name in header) + f"{'fields':>10}"]
    sounds = []
    for name, split in groups.items():
        if not len(split.passages):
            continue
        batches = ClipBatches(split, np.random.default_rng(1), is_plain=True)
        rows, fields = [], []
        for _ in range(count):
            batch = batches.notes(BATCH)
            told = batch.told
            other = replace(told, clip=told.clip.roll(1, 0), prior=told.prior.roll(1, 0))
            changed = [
                batch,
                replace(batch, told=other),
                replace(batch, told=_without_clip(told)),
                _half_known(batch),
            ]
            row = list(floors.nats(batch))
            with torch.inference_mode():
                for number, each in enumerate(changed):
                    cells, patches, field = note_losses(model, each, "cpu")
                    row.append(float(cells / patches))
                    if number == 0:
                        fields.append(float(field))
            rows.append(row)
        lines.append(
            f"  {name:20}" + "".join(f"{value:12.3f}" for value in np.mean(rows, 0)) + f"{np.mean(fields):10.3f}"
        )
        if len(split.sounds):
            sounds.append((name, *_sounds(model, split)))
    lines += [
        "",
        "Decibels between the sound that is wanted and the reference bank's, level apart, before and after coloring:",
    ]
    lines += [f"  {name:20}{before:12.2f}{after:12.2f}" for name, before, after in sounds]
    return "\n".join(lines)


class Floors:
    """What needs no network.

    Args:
        batches: of training music.
    """

    def __init__(self, batches: list[Batch]) -> None:
        counts, seen = np.zeros((24, CELLS)), np.zeros((24, 1))
        again = np.zeros((2, 2))  # struck a bar before or not, struck now or not
        for batch in batches:
            place = batch.place[:, PAST:, 0].numpy().ravel()
            target = batch.target[:, PAST:].numpy().reshape(-1, CELLS)
            np.add.at(counts, place, target)
            np.add.at(seen, place, 1)
            before = _bar_before(batch).reshape(-1, CELLS)
            for was in (0, 1):
                here = target[before == was]
                again[was] += [len(here) - here.sum(), here.sum()]
        self._unigram = (counts + SMOOTHING * counts.sum(0) / seen.sum()) / (seen + SMOOTHING)
        self._again = again[:, 1] / again.sum(1)

    def nats(self, batch: Batch) -> tuple[float, float]:
        """Returns nats a patch of both floors."""
        target = batch.target[:, PAST:].numpy()
        unigram = self._unigram[batch.place[:, PAST:, 0].numpy()]
        before = np.where(_bar_before(batch) > 0, self._again[1], self._again[0])
        return _cross_entropy(unigram, target), _cross_entropy(before, target)


def _bar_before(batch: Batch) -> np.ndarray:
    """Returns what was struck a bar before each patch to come."""
    bars = np.array([8, 12, 16, 24])[batch.place[:, 0, 1].numpy()]
    patches = np.arange(PAST, batch.target.shape[1])
    whole = batch.target.numpy()
    return np.stack([row[patches - bar] for row, bar in zip(whole, bars)])


def _cross_entropy(chance: np.ndarray, target: np.ndarray) -> float:
    chance = np.clip(chance, 1e-6, 1 - 1e-6)
    return float(-(target * np.log(chance) + (1 - target) * np.log(1 - chance)).sum(-1).mean())


def _without_clip(told: Told) -> Told:
    wishes = told.wishes.clone()
    wishes[:, [1, 25]] = 0  # that there is a clip, and that the music follows it
    return replace(told, has_clip=torch.zeros_like(told.has_clip), wishes=wishes, prior=torch.zeros_like(told.prior))


def _half_known(batch: Batch) -> Batch:
    """Returns a batch with every other patch to come known."""
    seen, hidden = batch.seen.clone(), batch.hidden.clone()
    seen[:, PAST::2, :CELLS] = batch.target[:, PAST::2]
    seen[:, PAST::2, CELLS:] = 1
    hidden[:, PAST::2] = 0
    return replace(batch, seen=seen, hidden=hidden)


def _of_banks(split: Split, clips: Clips, held_out: bool) -> Split:
    """Returns the clips that the held-out bank plays, or the others."""
    last = clips.train.passages[:, 1].max()
    chosen = (split.passages[:, 1] > last) == held_out
    kept = np.flatnonzero(chosen)
    lengths = np.diff(split.offsets)
    notes = split.notes[np.repeat(chosen, lengths)]
    renumbered = np.cumsum(chosen) - 1
    with_sound = chosen[split.sound_clips]
    return Split(
        split.clips[kept],
        split.sounds[with_sound],
        renumbered[split.sound_clips[with_sound]],
        notes,
        np.concatenate([[0], np.cumsum(lengths[kept])]),
        split.passages[kept],
        [split.pieces[number] for number in kept],
    )


def _sounds(model: torch.nn.Module, split: Split) -> tuple[float, float]:
    """Returns decibels between wanted and given sounds, before and after coloring."""
    batches = ClipBatches(split, np.random.default_rng(2), is_plain=True)
    before, after = [], []
    with torch.inference_mode():
        for _ in range(8):
            told, plain, wanted = batches.sounds(8)
            after.append(float(sound_loss(model, told, plain, wanted, "cpu")))
            before.append(float(sound_loss(_Silent(), told, plain, wanted, "cpu")))
    return float(np.mean(before)), float(np.mean(after))


class _Silent:
    """A network that colors nothing."""

    def conditions(self, *told: torch.Tensor) -> None:
        """Hears nothing."""

    def gains(self, mel: torch.Tensor, told: None) -> torch.Tensor:
        """Returns no change."""
        return torch.zeros_like(mel)
