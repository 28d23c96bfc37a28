"""Data sets -> what the audio network learns from: rendered clips, the notes around them, and pairs of renderings.

    python -m training clips --sets training/recipes/sets.toml --data DATA --bank A.sf2 --bank B.sf3 --held-out C.sf3 --out runs/clips

Each clip is 4.04 seconds of a piece as one of several banks plays it, at a tempo, loudness and brightness of its own,
with the players of the piece or another instrument. Its notes are those of the piece before, in and after it, on the
grid of music/tokens/patches.py. Some also have eight seconds of sound after the clip, as that bank plays them and as the
reference bank does: from these the network learns to make one sound like the other. Pieces keep the split of their set, and
the held-out bank plays for validation alone.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.lib.format import open_memmap
from scipy.signal import lfilter
from tqdm import tqdm

from music.audio import features
from music.audio.fluidsynth import library
from music.bars import bar_grid, bar_ticks, tempo_map, ticks_to_seconds
from music.errors import StudioError
from music.files.midi import read_midi
from music.theory import ALL_KEYS, key_from_histogram
from music.tokens.patches import DURATIONS, FAMILIES, KEYS, PATCHES_PER_QUARTER, VELOCITIES, Cell, family_of, to_patches
from pipelines.patches.canvas import BAR_PATCHES
from training.data.clip_batches import AFTER, BEFORE
from training.data.prepare import manifest_sources

CLIP_SECONDS = features.CLIP_FRAMES * features.HOP / features.RATE_HZ
SOUND_FRAMES = 344  # of a pair of renderings: eight seconds
TEMPO_SCALES = (0.65, 0.8, 1.0, 1.0, 1.25, 1.5)
VELOCITY_SCALES, GAINS = (0.5, 0.85, 1.15), (0.35, 0.8, 1.6)  # of soft, medium and loud
FAMILY_CHOICES: tuple[tuple[int, ...], ...] = (
    (0, 1, 2, 4, 5), (24, 25, 26, 27, 28), (32, 33, 34, 38), (40, 42, 44, 48, 49), (56, 57, 60, 61), (65, 68, 71, 73, 74),
    (16, 17, 19, 20), (80, 81, 88, 90, 62), (9, 10, 11, 12, 14),
)  # fmt: skip
"""Programs that play for each family where a passage is given to one."""

# Share of the clips that each set gives; sets of one melody have few, as they hold little harmony.
WEIGHTS = {
    "pop909": 0.26,
    "gm_free_games": 0.2,
    "polish_multitrack": 0.1,
    "openscore": 0.1,
    "piano_polish_chopin": 0.08,
    "mutopia": 0.07,
    "folk_pd": 0.05,
    "grooves": 0.14,
}


@dataclass(frozen=True)
class Passage:
    """Some seconds of a piece, as they are to be played.

    Attributes:
        events: ``[notes, 6]`` start and length in seconds from the start of the clip, pitch, velocity, program, is drum.
        patches: ``[notes, 5]`` notes on the grid, from BEFORE patches before the clip's end on.
        bpm: quarter notes a minute during the clip.
        bar_patches: the length of a bar.
        bar_phase: the place in its bar of the first patch after the clip.
        key: index of ALL_KEYS.
        loudness, brightness: 0, 1 or 2.
        families: those that play, as a bit for each, the drums last.
        one_family: whether the passage was given to one family.
    """

    events: np.ndarray
    patches: np.ndarray
    bpm: float
    bar_patches: int
    bar_phase: int
    key: int
    loudness: int
    brightness: int
    families: int
    one_family: bool


class Piece:
    """A piece as seconds and patches; several passages are taken of it."""

    def __init__(self, score: symusic.Score) -> None:
        self.score = score
        ticks, seconds, qpm = tempo_map(score)
        self._ticks, self._seconds, self._qpm = ticks, seconds, qpm
        rows = []
        for track in score.tracks:
            if len(track.notes):
                notes = track.notes.numpy()
                stop = ticks_to_seconds(score, notes["time"] + notes["duration"])
                start = ticks_to_seconds(score, notes["time"])
                program = np.full(len(start), track.program)
                rows.append(
                    np.column_stack(
                        [start, stop - start, notes["pitch"], notes["velocity"], program, program * 0 + track.is_drum]
                    )
                )
        self.events = np.concatenate(rows) if rows else np.zeros((0, 6))
        self.patches = to_patches(score)
        self.bars = bar_grid(score)
        self.end = float(self.events[:, 0].max(initial=0))

    def _tick(self, seconds: float) -> float:
        index = max(int(np.searchsorted(self._seconds, seconds, side="right")) - 1, 0)
        passed = seconds - self._seconds[index]
        return float(self._ticks[index] + passed * self._qpm[index] / 60 * self.score.ticks_per_quarter)

    def passage(self, rng: np.random.Generator) -> Passage | None:
        """Returns a passage by chance; None where the place that was drawn has too few notes or odd bars."""
        scale = float(rng.choice(TEMPO_SCALES))
        length = CLIP_SECONDS * scale
        if self.end < length + 4:
            return None
        start = float(rng.uniform(0, self.end - length - 3))
        place = self._place(start, scale)
        if place is None:
            return None
        events, patches, bpm, bar_patches, phase = place
        pitched = events[(events[:, 5] == 0) & (events[:, 0] < CLIP_SECONDS)]
        if len(pitched) < 6 or (patches[:, Cell.PATCH] >= BEFORE).sum() < 16:
            return None
        one_family = bool(rng.random() < 0.5)
        if one_family:
            family = int(rng.integers(len(FAMILIES)))
            events[:, 4] = rng.choice(FAMILY_CHOICES[family])
            patches[:, Cell.FAMILY] = family
            if rng.random() < 0.7:
                events, patches = events[events[:, 5] == 0], patches[patches[:, Cell.CELL] < KEYS]
        shift = int(rng.integers(-5, 7))
        tuned = events[:, 5] == 0
        events[tuned, 2] = np.clip(events[tuned, 2] + shift, 21, 108)
        is_key = patches[:, Cell.CELL] < KEYS
        moved = patches[is_key, Cell.CELL] + shift
        patches[is_key, Cell.CELL] = moved + 12 * ((moved < 0).astype(int) - (moved >= KEYS))
        loudness, brightness = int(rng.integers(3)), int(rng.choice([0, 1, 1, 2]))
        louder = VELOCITY_SCALES[loudness] * 85 / max(1.0, float(events[:, 3].mean()))
        events[:, 3] = np.clip(events[:, 3] * louder, 12, 127)
        velocity = np.array(VELOCITIES) * louder
        edges = np.array([32, 46, 58, 70, 82, 94, 108])
        patches[:, Cell.VELOCITY] = np.searchsorted(edges, velocity[patches[:, Cell.VELOCITY]])
        key = _key(patches)
        playing = {family_of(int(p)) for p in np.unique(events[events[:, 5] == 0, 4])} if not one_family else {family}
        bits = sum(1 << number for number in playing) | (int((events[:, 5] > 0).any()) << len(FAMILIES))
        return Passage(events, patches, bpm, bar_patches, phase, key, loudness, brightness, bits, one_family)

    def heard(self, start: float) -> Passage | None:
        """Returns the passage whose clip begins at a second, as it is; None where there are too few notes or odd bars."""
        place = self._place(start, 1.0)
        if place is None:
            return None
        events, patches, bpm, bar_patches, phase = place
        if not len(patches):
            return None
        return Passage(events, patches, bpm, bar_patches, phase, _key(patches), 1, 1, 0, False)

    def _place(self, start: float, scale: float) -> tuple[np.ndarray, np.ndarray, float, int, int] | None:
        """Returns events, patches, tempo, length of the bar and place in it at a second, played so many times as fast."""
        length = CLIP_SECONDS * scale
        unit = self.score.ticks_per_quarter / PATCHES_PER_QUARTER
        first_tick, last_tick = self._tick(start), self._tick(start + length)
        bpm = (last_tick - first_tick) / self.score.ticks_per_quarter / CLIP_SECONDS * 60
        if not 40 <= bpm <= 240:
            return None
        end = int(np.ceil(last_tick / unit))
        bar = next((bar for bar in reversed(self.bars) if bar.start <= last_tick), self.bars[0])
        signature = bar[2:]
        bar_patches = round(bar_ticks(*signature, self.score.ticks_per_quarter) / unit)
        low, high = (end - BEFORE) * unit, (end + AFTER) * unit
        if bar_patches not in BAR_PATCHES or any(
            each[2:] != signature for each in self.bars if each.end > low and each.start < high
        ):
            return None
        patches = self.patches[(self.patches[:, 0] >= end - BEFORE) & (self.patches[:, 0] < end + AFTER)].copy()
        patches[:, Cell.PATCH] -= end - BEFORE
        events = self.events[
            (self.events[:, 0] >= start - 0.01) & (self.events[:, 0] < start + (CLIP_SECONDS + 9) * scale)
        ]
        events = events * np.array([1 / scale, 1 / scale, 1, 1, 1, 1])
        events[:, 0] -= start / scale
        phase = round((end * unit - bar.start) / unit) % bar_patches
        return events, patches, bpm, bar_patches, phase


def _key(patches: np.ndarray) -> int:
    """Returns the key of notes, an index of ALL_KEYS."""
    weights = np.zeros(12)
    keys = patches[patches[:, Cell.CELL] < KEYS]
    np.add.at(weights, (keys[:, Cell.CELL] + 9) % 12, np.minimum(np.array(DURATIONS)[keys[:, Cell.DURATION]], 8))
    return ALL_KEYS.index(key_from_histogram(weights)[0])


class Player:
    """A sound bank that plays many short passages, one after another, mono at 22,050 Hz."""

    def __init__(self, bank: Path) -> None:
        module = library()
        if module is None:
            raise StudioError("FluidSynth is missing, and clips are made with it. Install FluidSynth 2.")
        settings = {
            "synth.polyphony": 256,
            "synth.reverb.active": 1,
            "synth.chorus.active": 0,
            "synth.dynamic-sample-loading": 1,
        }
        self._synth = module.Synth(gain=0.5, samplerate=features.RATE_HZ, channels=16, **settings)
        self._bank = self._synth.sfload(str(bank))
        if self._bank == -1:
            raise StudioError(f"The sound bank {bank.name} could not be loaded. Choose another .sf2 or .sf3 file.")

    def play(self, events: np.ndarray, seconds: float) -> np.ndarray:
        """Returns float32 samples of events as in Passage; programs that the bank lacks are a piano."""
        synth, channels = self._synth, dict[tuple[int, bool], int]()
        synth.system_reset()
        timed = []
        for start, length, pitch, velocity, program, is_drum in events.tolist():
            if start >= seconds:
                continue
            who = (0 if is_drum else int(program), bool(is_drum))
            if who not in channels:
                free = [number for number in range(16) if number != 9 and number not in channels.values()]
                if not is_drum and not free:
                    continue
                channels[who] = number = 9 if is_drum else free[0]
                if synth.program_select(number, self._bank, 128 if is_drum else 0, who[0]):
                    synth.program_select(number, self._bank, 0, 0)
                synth.cc(number, 91, 40)
            number, begin = channels[who], max(0, round(start * features.RATE_HZ))
            timed.append((begin, 1, number, int(pitch), int(velocity)))
            timed.append((max(begin + 64, round((start + length) * features.RATE_HZ)), 0, number, int(pitch), 0))
        frames, parts, at = round(seconds * features.RATE_HZ), [], 0
        for frame, is_on, number, pitch, velocity in sorted(timed):
            if frame >= frames:
                break
            if frame > at:
                parts.append(synth.get_samples(frame - at))
                at = frame
            synth.noteon(number, pitch, velocity) if is_on else synth.noteoff(number, pitch)
        parts.append(synth.get_samples(frames - at))
        return np.concatenate(parts).reshape(-1, 2).mean(1).astype(np.float32) / 32768


def colored(samples: np.ndarray, loudness: int, brightness: int) -> np.ndarray:
    """Returns sound with one of three loudnesses and one of three brightnesses (a one-pole filter), peaks below 1."""
    if brightness != 1:
        corner = np.exp(-2 * np.pi * (1400 if brightness == 0 else 2500) / features.RATE_HZ)
        low = lfilter([1 - corner], [1, -corner], samples)
        samples = low if brightness == 0 else low + 2.2 * (samples - low)
    samples = samples * GAINS[loudness]
    return (samples / max(1.0, float(np.abs(samples).max()) / 0.99)).astype(np.float32)


def main(argv: list[str]) -> None:
    """Runs ``python -m training clips``."""
    parser = argparse.ArgumentParser(prog="python -m training clips", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--bank", type=Path, action="append", required=True, help="a sound bank; the first is the reference"
    )
    parser.add_argument("--held-out", type=Path, required=True, help="the bank that plays for validation alone")
    parser.add_argument("--clips", type=int, default=8000, help="for training; an eighth more for validation")
    parser.add_argument("--sounds", type=int, default=1500, help="how many of them have a pair of renderings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--part", default="1/1", help="such as 2/4: the second of four parts, that may be made side by side"
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    part, parts = map(int, args.part.split("/"))
    sets = tomllib.loads(args.sets.read_text())
    used = {name: entry for name, entry in sets.items() if name in WEIGHTS}
    players = [Player(bank) for bank in [*args.bank, args.held_out]]
    for split in ("train", "valid"):
        share = (1.0 if split == "train" else 0.125) / parts
        sources = {
            name: [s for s in manifest_sources(args.data / name, name, entry) if s.split == split]
            for name, entry in used.items()
        }
        rng = np.random.default_rng([args.seed, part, split == "valid"])
        banks = list(range(len(args.bank))) if split == "train" else list(range(len(players)))
        folder = args.out / f"{split}-{part}"
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, sources, used, players, banks, round(args.clips * share), round(args.sounds * share), rng)


def _write(
    folder: Path, sources: Any, sets: Any, players: list[Player], banks: list[int], count: int, sounds: int, rng: Any
) -> None:
    """Writes clips of one split into a folder."""
    frames = features.CLIP_FRAMES
    shape = (count, frames, features.MFCCS + features.CHROMAS)
    clips = open_memmap(folder / "clips.npy", "w+", np.float16, shape)
    pairs = open_memmap(folder / "sounds.npy", "w+", np.float16, (sounds, 2, SOUND_FRAMES, features.MEL_BANDS))
    notes, rows, names = [np.zeros((0, 5), np.int16)], [], []
    pools = {name: [] for name in sources}
    weights = np.array([WEIGHTS[name] * bool(sources[name]) for name in sources])
    bar = tqdm(total=count, desc=folder.name, disable=None)
    while len(rows) < count:
        name = list(sources)[int(rng.choice(len(weights), p=weights / weights.sum()))]
        pools[name] = pools[name] or list(rng.permutation(len(sources[name])))
        source = sources[name][pools[name].pop()]
        try:
            piece = Piece(read_midi(source.path).score)
        except StudioError:
            continue
        for _ in range(4):
            passage = piece.passage(rng) if len(rows) < count else None
            if passage is None:
                continue
            bank = int(rng.choice(banks))
            number = len(rows)
            has_pair = number < sounds
            seconds = CLIP_SECONDS + (SOUND_FRAMES * features.HOP / features.RATE_HZ if has_pair else 0) + 0.05
            played = players[bank].play(passage.events, seconds)
            if np.abs(played[: round(CLIP_SECONDS * features.RATE_HZ)]).max() < 0.005:
                continue
            sound = colored(played, passage.loudness, passage.brightness)
            magnitudes = features.magnitudes(sound[: round(CLIP_SECONDS * features.RATE_HZ)])
            clips[number, :, : features.MFCCS] = features.fit_clip(features.mfcc(magnitudes, top_db=None))
            clips[number, :, features.MFCCS :] = features.fit_clip(features.chroma(magnitudes))
            if has_pair:
                plain = players[0].play(passage.events, seconds)
                for place, samples in enumerate((plain, sound)):
                    mel = features.log_mel(features.magnitudes(samples))
                    pairs[number, place] = mel[frames : frames + SOUND_FRAMES]
            notes.append(passage.patches.astype(np.int16))
            rows.append(
                [
                    list(sources).index(name), bank, passage.bpm, passage.bar_patches, passage.bar_phase, passage.key,
                    passage.loudness, passage.brightness, passage.families, passage.one_family, len(passage.patches),
                ]
            )  # fmt: skip
            names.append(source.name)
            bar.update()
    bar.close()
    np.save(folder / "notes.npy", np.concatenate(notes))
    np.save(folder / "passages.npy", np.array(rows, np.float32))
    (folder / "index.json").write_text(json.dumps({"pieces": names, "sets": sets, "count": count, "sounds": sounds}))
