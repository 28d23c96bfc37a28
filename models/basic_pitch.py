"""Basic Pitch: which notes sound in a recording, and which begin (Bittner et al. 2022, "A Lightweight Instrument-Agnostic
Model for Polyphonic Note Transcription and Multipitch Estimation").

A constant-Q spectrogram of three bins a semitone, scaled to 0..1 over its window, is laid beside itself shifted to each
of eight harmonics, so that small convolutions see a note and its overtones at one place. Three outputs: the contour (bins
of a third of a semitone), the notes, and their onsets (88 keys from A0). The arithmetic is that of the authors' network,
whose weights load name by name after ``training/basic_pitch.py`` has read them; their batch norms are folded into its convolutions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RATE_HZ = 22_050
HOP = 256
WINDOW = 2 * RATE_HZ - HOP
"""Samples that are read at a time."""

FRAMES = WINDOW // HOP + 1
"""Of a window: 172."""

LOWEST_PITCH = 21
KEYS = 88
BINS_PER_SEMITONE = 3
OCTAVE = 12 * BINS_PER_SEMITONE
OCTAVES = 9
BINS = 309
"""Of the spectrogram: 103 semitones from A0 up, as many as the sample rate allows."""

KERNEL = 256
"""Samples of the filters of the highest octave; lower ones are read from sound of half the rate, and half again."""

HARMONICS = (0.5, 1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class BasicPitchConfig:
    """Sizes of a Basic Pitch.

    Attributes:
        filters: of the layers of notes and of onsets.
        contour_filters: of the layer of the contour.
    """

    filters: int = 32
    contour_filters: int = 8


class Heard(NamedTuple):
    """How likely something sounds, 0 to 1.

    Attributes:
        notes: [batch, frames, 88].
        onsets: [batch, frames, 88].
        contour: [batch, frames, 264].
    """

    notes: Tensor
    onsets: Tensor
    contour: Tensor


class ConstantQ(nn.Module):
    """Magnitudes of a constant-Q transform by one octave of filters on sound of ever lower rate (Schörkhuber & Klapuri 2010)."""

    real: Tensor
    imaginary: Tensor
    lowpass: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("real", torch.zeros(OCTAVE, 1, KERNEL))
        self.register_buffer("imaginary", torch.zeros(OCTAVE, 1, KERNEL))
        self.register_buffer("lowpass", torch.zeros(1, 1, KERNEL))
        self.register_buffer("scale", torch.zeros(BINS))

    def forward(self, samples: Tensor) -> Tensor:
        """Returns magnitudes [batch, frames, BINS], lowest first, of samples [batch, WINDOW]."""
        sound, octaves = samples[:, None], []
        kernels = torch.cat([self.real, self.imaginary])
        for octave in range(OCTAVES):
            around = F.pad(sound, (KERNEL // 2, KERNEL // 2), mode="reflect")
            parts = F.conv1d(around, kernels, stride=HOP >> octave)
            octaves.append((parts[:, :OCTAVE].square() + parts[:, OCTAVE:].square()).sqrt())
            sound = F.conv1d(F.pad(sound, (KERNEL // 2 - 1, KERNEL // 2 - 1)), self.lowpass, stride=2)
        found = torch.cat(octaves[::-1], dim=1)[:, -BINS:]
        return (found * self.scale[:, None]).transpose(1, 2)


class BasicPitch(nn.Module):
    """The network; ``forward`` hears one window of sound."""

    level: Tensor

    def __init__(self, config: BasicPitchConfig) -> None:
        super().__init__()
        self.config = config
        channels, wide, narrow = len(HARMONICS), config.filters, config.contour_filters
        self.spectrogram = ConstantQ()
        self.register_buffer("level", torch.zeros(2))
        self.contour = nn.Conv2d(channels, narrow, (3, 39), padding=(1, 19))
        self.contour_out = nn.Conv2d(narrow, 1, 5, padding=2)
        self.notes = nn.Conv2d(1, wide, 7, stride=(1, 3), padding=(3, 2))
        self.notes_out = nn.Conv2d(wide, 1, (7, 3), padding=(3, 1))
        self.onsets = nn.Conv2d(channels, wide, 5, stride=(1, 3), padding=(2, 1))
        self.onsets_out = nn.Conv2d(wide + 1, 1, 3, padding=1)

    def forward(self, samples: Tensor) -> Heard:
        """Returns what is heard in samples [batch, WINDOW] at RATE_HZ, frame by frame."""
        stacked = self._harmonics(_scaled(self.spectrogram(samples)) * self.level[0] + self.level[1])
        contour = torch.sigmoid(self.contour_out(F.relu(self.contour(stacked))))
        notes = torch.sigmoid(self.notes_out(F.relu(self.notes(contour))))
        onsets = torch.sigmoid(self.onsets_out(torch.cat([notes, F.relu(self.onsets(stacked))], dim=1)))
        return Heard(notes[:, 0], onsets[:, 0], contour[:, 0])

    def _harmonics(self, spectrogram: Tensor) -> Tensor:
        """Returns [batch, harmonics, frames, 264]: at each bin what sounds at its harmonics; 0 where the spectrogram ends."""
        size, shifted = KEYS * BINS_PER_SEMITONE, []
        for harmonic in HARMONICS:
            shift = round(OCTAVE * math.log2(harmonic))
            moved = F.pad(spectrogram, (-shift, max(0, shift + size - BINS)))
            shifted.append(moved[..., :size])
        return torch.stack(shifted, dim=1)


def _scaled(magnitudes: Tensor) -> Tensor:
    """Returns the decibels of magnitudes [batch, frames, bins], 0 for the faintest of a window and 1 for the loudest."""
    decibels = 10 * torch.log10(magnitudes.square() + 1e-10)
    above = decibels - decibels.amin(dim=(1, 2), keepdim=True)
    most = above.amax(dim=(1, 2), keepdim=True)
    return torch.where(most == 0, torch.zeros_like(above), above / most)
