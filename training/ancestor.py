"""The ancestor of the audio network: features of sound regressed by least squares, to measure what that costs.

    python -m training ancestor --shards runs/clips --out runs/ancestor.pt --minutes 20

The system that the studio grew out of had a bidirectional GRU predict the MFCC of the next four seconds from those of the
last four, and turned them back into sound. This is that network, with the audio network's width and number of layers: 174
known frames of 20 MFCC, 174 to come, the mean squared error. The best guess in the sense of least squares is an average of
all that might follow, and averages of music are hiss; ``python -m training quality audio-small --ancestor FILE`` measures it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from music.audio.features import CLIP_FRAMES, MFCCS
from music.audio.inverse_mfcc import mfcc_of
from music.errors import StudioError
from training.data.clip_batches import Clips

PATCH = 4  # frames read together
LEARNING_RATE = 1e-3


class Ancestor(nn.Module):
    """Predicts 172 frames of MFCC from the 172 before."""

    def __init__(self, width: int = 256):
        super().__init__()
        self.read = nn.Linear(PATCH * MFCCS + 1, width)
        self.gru = nn.GRU(width, width, num_layers=2, batch_first=True, bidirectional=True)
        self.write = nn.Linear(2 * width, PATCH * MFCCS)
        self.register_buffer("mean", torch.zeros(MFCCS))
        self.register_buffer("scale", torch.ones(MFCCS))

    def forward(self, past: Tensor) -> Tensor:
        """Returns the frames that follow, ``[batch, frames, 20]``, as many as are given."""
        batch, frames, _ = past.shape
        known = ((past - self.mean) * self.scale).reshape(batch, -1, PATCH * MFCCS)
        x = torch.cat([known, torch.zeros_like(known)], 1)
        flag = torch.cat([torch.ones_like(known[..., :1]), torch.zeros_like(known[..., :1])], 1)
        read, _ = self.gru(torch.relu(self.read(torch.cat([x, flag], -1))))
        return self.write(read[:, known.shape[1] :]).reshape(batch, frames, MFCCS) / self.scale + self.mean


def go_on(model: Ancestor, mfcc: np.ndarray, frames: int) -> np.ndarray:
    """Returns so many frames of MFCC that follow ``[frames, 20]``, predicted four seconds at a time."""
    length = CLIP_FRAMES // PATCH * PATCH
    past, made = torch.from_numpy(mfcc[-length:])[None], []
    with torch.inference_mode():
        while sum(len(part) for part in made) < frames:
            past = model(past)
            made.append(past[0].numpy())
    return np.concatenate(made)[:frames]


def main(argv: list[str]) -> None:
    """Runs ``python -m training ancestor``."""
    parser = argparse.ArgumentParser(prog="python -m training ancestor", description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=Path, required=True, help="what `python -m training clips` wrote")
    parser.add_argument("--out", type=Path, required=True, help="where its weights go")
    parser.add_argument("--minutes", type=float, default=20.0, help="of processor time")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    try:
        clips = Clips.load(args.shards)
    except FileNotFoundError as error:
        raise StudioError(f"'{args.shards}' holds no clips. Run `python -m training clips` first.") from error
    sounds = {name: _mfcc(split.sounds[:, 1]) for name, split in (("train", clips.train), ("valid", clips.valid))}
    model = Ancestor()
    model.mean.copy_(sounds["train"].mean((0, 1)))
    model.scale.copy_(1 / sounds["train"].std((0, 1)))
    optimizer, rng = torch.optim.AdamW(model.parameters(), LEARNING_RATE), np.random.default_rng(0)
    length, step, begun = CLIP_FRAMES // PATCH * PATCH, 0, time.process_time()
    while time.process_time() - begun < 60 * args.minutes:
        share = (time.process_time() - begun) / (60 * args.minutes)
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - 0.98 * share)
        batch = sounds["train"][rng.integers(len(sounds["train"]), size=48)]
        _error(model, batch, length).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        if step % 100 == 0:
            with torch.no_grad():
                print(
                    f"step {step}: {_error(model, sounds['valid'], length).item():.4f} squared deviations", flush=True
                )
    torch.save(model.state_dict(), args.out)


def _error(model: Ancestor, sounds: Tensor, length: int) -> Tensor:
    """Returns the mean squared error of what follows, in squared standard deviations of each coefficient."""
    made = model(sounds[:, :length])
    return F.mse_loss(made * model.scale, sounds[:, length : 2 * length] * model.scale)


def _mfcc(log_mel: np.ndarray) -> Tensor:
    length = 2 * (CLIP_FRAMES // PATCH * PATCH)
    return torch.from_numpy(np.stack([mfcc_of(each[:length].astype(np.float32)) for each in log_mel]))
