"""A bidirectional GRU that fills in notes on a beat grid, given a clip of sound, words and wishes; and one that colors sound.

The grid has one patch a sixteenth, and cells in it: 88 keys and some drums. What is known of past and future is shown, the
rest is hidden, and the network says how likely a note begins in each hidden cell (a GRU in the place of the convolutions of
Coconet: Huang et al. 2017, "Counterpoint by Convolution"). So it reads both ways and is still iterated to any length: the past
is what it wrote before, the future is revealed in a few rounds. Notes are sampled, never averaged: a regression of sound
features, as in its ancestor, ends in hiss (`training evaluate audio-small` shows both).

The clip enters four ways: a bidirectional GRU over its MFCC and chroma, whose states each patch attends to; their mean; a
prior for pitch classes that is added to the logits of keys; and through whoever computed the wishes from it.

The sound head reads log-mel frames of a synthesizer's rendering of the notes, and says by how many decibels each band
should differ, to sound as the clip and the words do. Nothing learned is no change.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class BiGRUConfig:
    """Sizes of the audio network.

    Attributes:
        keys, drums: cells of a patch.
        registers: first cells of the groups whose cells are known or hidden together, and the end of the last.
        durations, velocities, families: classes of each note.
        bar_patches: longest bar, in patches.
        meters: how many lengths of bars it knows.
        past_bars: how many bars ago the notes stand that it is shown beside each patch, such as (1, 2, 4).
        features: of a frame of the clip: MFCC and chroma.
        clip_frames: frames of the clip that are read together.
        text: size of the vector of words.
        wishes: size of the vector of wishes.
        width: of the GRUs over patches, each way.
        clip_width, sound_width: of those over the clip and over sound.
        mel_bands: of the sound head.
        dropout: of what goes in and out of the GRUs over patches, in training.
    """

    keys: int = 88
    drums: int = 5
    registers: tuple[int, ...] = (0, 24, 36, 48, 88, 93)
    durations: int = 12
    velocities: int = 8
    families: int = 9
    bar_patches: int = 24
    meters: int = 4
    past_bars: tuple[int, ...] = (1, 2, 4)
    features: int = 32
    clip_frames: int = 4
    text: int = 128
    wishes: int = 32
    width: int = 256
    clip_width: int = 128
    sound_width: int = 96
    mel_bands: int = 80
    dropout: float = 0.1

    @property
    def cells(self) -> int:
        """Cells of a patch."""
        return self.keys + self.drums

    @property
    def groups(self) -> int:
        """Groups of cells."""
        return len(self.registers) - 1


@dataclass(frozen=True)
class Conditions:
    """What is asked for, read once.

    Attributes:
        memory: of the clip ``[batch, clip patches, 2 clip_width]``; zeros where there is none.
        notes, sound: what is added to each patch of either network ``[batch, width]``.
        prior: of pitch classes ``[batch, keys]``.
    """

    memory: Tensor
    notes: Tensor
    sound: Tensor
    prior: Tensor

    def select(self, rows: Tensor) -> Conditions:
        """Returns those of some of the batch."""
        return Conditions(self.memory[rows], self.notes[rows], self.sound[rows], self.prior[rows])


def level(mel: Tensor) -> Tensor:
    """Returns the mean power of log-mel ``[batch, frames, bands]`` in decibels ``[batch, 1, 1]``."""
    return 10 * torch.log10((10 ** (mel / 10)).mean((1, 2), keepdim=True).clamp(min=1e-8))


def standard_mel(mel: Tensor) -> Tensor:
    """Returns log-mel ``[batch, frames, bands]``, its level taken away, as the sound head reads it."""
    return ((mel - level(mel) + 30) / 20).clamp(-3, 3)


class BiGRU(nn.Module):
    """The audio network."""

    clip_mean: Tensor
    clip_scale: Tensor
    group_of_cell: Tensor

    def __init__(self, config: BiGRUConfig):
        super().__init__()
        self.config = c = config
        self.clip_in = nn.Linear(c.features * c.clip_frames, c.clip_width)
        self.clip_gru = nn.GRU(c.clip_width, c.clip_width, batch_first=True, bidirectional=True)
        self.text_in = nn.Linear(c.text, 64)
        told = 2 * c.clip_width + 64 + c.wishes + 12
        self.to_notes = nn.Linear(told, c.width)
        self.to_sound = nn.Linear(told + c.features, c.sound_width)
        seen = c.cells + c.groups
        self.patch_in = nn.Linear(seen + c.keys + seen * len(c.past_bars) + c.bar_patches + c.meters + 1, c.width)
        self.first = nn.GRU(c.width, c.width, batch_first=True, bidirectional=True)
        self.query = nn.Linear(2 * c.width, 2 * c.clip_width)
        self.key = nn.Linear(2 * c.clip_width, 2 * c.clip_width)
        self.middle = nn.Linear(2 * c.width + 2 * c.clip_width, c.width)
        self.second = nn.GRU(c.width, c.width, batch_first=True, bidirectional=True)
        self.onsets = nn.Linear(2 * c.width, c.cells)
        self.prior_weight = nn.Parameter(torch.full((c.groups - 1,), 0.3))
        self.cell_in = nn.Embedding(c.cells, 64)
        self.note_hidden = nn.Linear(2 * c.width + 64, 128)
        self.note_out = nn.Linear(128, c.durations + c.velocities + c.families)
        self.frame_in = nn.Linear(c.mel_bands * c.clip_frames, c.sound_width)
        self.mean_in = nn.Linear(c.mel_bands, c.sound_width)
        self.sound_gru = nn.GRU(c.sound_width, c.sound_width, batch_first=True, bidirectional=True)
        self.gain_hidden = nn.Linear(3 * c.sound_width, 2 * c.sound_width)
        self.gain_out = nn.Linear(2 * c.sound_width, c.mel_bands)
        nn.init.constant_(self.onsets.bias, -4.0)  # notes are rare
        nn.init.zeros_(self.gain_out.weight)
        nn.init.zeros_(self.gain_out.bias)
        self.register_buffer("clip_mean", torch.zeros(c.features))
        self.register_buffer("clip_scale", torch.ones(c.features))
        groups = [n for n in range(c.groups) for _ in range(c.registers[n], c.registers[n + 1])]
        self.register_buffer("group_of_cell", torch.tensor(groups), persistent=False)

    def conditions(self, clip: Tensor, has_clip: Tensor, text: Tensor, wishes: Tensor, prior: Tensor) -> Conditions:
        """Returns what is asked for.

        Args:
            clip: ``[batch, frames, features]``, MFCC and chroma.
            has_clip: ``[batch]``, 0 where there is none.
            text: ``[batch, text]``; zeros for no words.
            wishes: ``[batch, wishes]``.
            prior: ``[batch, 12]`` how well each pitch class from C fits, mean 0, deviation 1; zeros for none.
        """
        c = self.config
        batch, frames, _ = clip.shape
        frames -= frames % c.clip_frames
        clip = (clip - self.clip_mean) * self.clip_scale * has_clip[:, None, None]
        read, _ = self.clip_gru(
            torch.relu(self.clip_in(clip[:, :frames].reshape(batch, -1, c.features * c.clip_frames)))
        )
        memory = read * has_clip[:, None, None]
        told = torch.cat([memory.mean(1), torch.tanh(self.text_in(text)), wishes, prior], -1)
        lowest = 21  # A0, the first key
        classes = (torch.arange(c.keys, device=clip.device) + lowest) % 12
        sound = self.to_sound(torch.cat([told, clip.mean(1)], -1))
        return Conditions(memory, self.to_notes(told), sound, prior[:, classes])

    def forward(
        self, seen: Tensor, held: Tensor, past: Tensor, place: Tensor, conditions: Conditions
    ) -> tuple[Tensor, Tensor]:
        """Returns the logits of notes that begin in each cell ``[batch, patches, cells]``, and states for ``notes``.

        Args:
            seen: notes that begin, then which groups are known, ``[batch, patches, cells + groups]``; 0 where hidden.
            held: keys of known notes that sound ``[batch, patches, keys]``.
            past: what was seen one, two and four bars before, ``[batch, patches, len(past_bars) (cells + groups)]``.
            place: int64 ``[batch, patches, 2]``, place in the bar, and which length of bars.
            conditions: of ``conditions``.
        """
        c = self.config
        where = F.one_hot(place[..., 0], c.bar_patches).to(seen.dtype)
        meter = F.one_hot(place[..., 1], c.meters).to(seen.dtype)
        on_beat = (place[..., :1] % 4 == 0).to(seen.dtype)
        x = self.patch_in(torch.cat([seen, held, past, where, meter, on_beat], -1)) + conditions.notes[:, None]
        x = F.dropout(x, c.dropout, self.training)
        first, _ = self.first(x)
        heard = F.scaled_dot_product_attention(
            self.query(first)[:, None], self.key(conditions.memory)[:, None], conditions.memory[:, None]
        )[:, 0]
        middle = torch.relu(self.middle(torch.cat([first, heard], -1))) + x
        second, _ = self.second(F.dropout(middle, c.dropout, self.training))
        states = F.dropout(second, c.dropout, self.training)
        logits = self.onsets(states)
        weight = self.prior_weight[self.group_of_cell[: c.keys]]
        keys = logits[..., : c.keys] + weight * conditions.prior[:, None]
        return torch.cat([keys, logits[..., c.keys :]], -1), states

    def notes(self, states: Tensor, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the logits of durations, velocities and families of notes ``[notes, classes]``.

        Args:
            states: of the patches in which they begin ``[notes, 2 width]``.
            cells: int64 ``[notes]``.
        """
        c = self.config
        hidden = torch.relu(self.note_hidden(torch.cat([states, self.cell_in(cells)], -1)))
        durations, velocities, families = self.note_out(hidden).split([c.durations, c.velocities, c.families], -1)
        return durations, velocities, families

    def gains(self, mel: Tensor, conditions: Conditions) -> Tensor:
        """Returns by how many decibels each band should differ ``[batch, frames, mel_bands]``, within 30 either way.

        Args:
            mel: of the synthesizer, as ``standard_mel`` gives it ``[batch, frames, mel_bands]``.
            conditions: of ``conditions``.
        """
        c = self.config
        batch, frames, _ = mel.shape
        padded = F.pad(mel, (0, 0, 0, -frames % c.clip_frames))
        x = self.frame_in(padded.reshape(batch, -1, c.mel_bands * c.clip_frames))
        x = x + (self.mean_in(mel.mean(1)) + conditions.sound)[:, None]
        read, _ = self.sound_gru(torch.relu(x))
        hidden = torch.relu(self.gain_hidden(torch.cat([read, x], -1)))
        gain = 30 * torch.tanh(self.gain_out(hidden) / 3)
        smooth = F.interpolate(gain.transpose(1, 2), size=padded.shape[1], mode="linear").transpose(1, 2)
        return smooth[:, :frames]
