"""How near each kind of synthesis comes to sound whose true features it is given, and what it costs.

    python -m benchmarks sound FOLDER --other-bank another.sf2

Some bars of each MIDI file are played with one sound bank; the features of that sound are all that the syntheses get, besides
the notes where they take any. Columns: ``frame r``, the mean correlation of the twelve chroma values frame by frame; ``clip r``,
that of their mean over the clip; ``mel dB``, the mean difference of 80 mel bands with the difference in level taken out, down to
60 dB under the loudest band; and processor seconds for a second of sound.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from music.audio.encoding import Audio, write_audio
from music.audio.features import HOP, RATE_HZ, chroma, log_mel, magnitudes, mfcc
from music.audio.inverse_mfcc import griffin_lim, sound_of
from music.audio.pure import pure
from music.audio.reading import mono
from music.audio.render import raw_mix
from music.audio.soundfonts import check_soundfont, find_soundfont
from music.audio.spectrum import match_bands
from music.bars import bar_grid, score_end
from music.edit import slice_bars
from music.errors import StudioError
from music.files.midi import read_midi
from music.piece import Piece

RANGE_DB = 60.0
PEAK = 0.3
FIRST_BAR = 4


class Source(NamedTuple):
    """What is to be made again.

    Attributes:
        name: of the file.
        piece: the notes.
        other: the sound of the notes with another bank, at 44,100 Hz.
        other_cpu: processor seconds that it took.
        spectra: magnitudes of the true sound, ``[frames, 1025]``.
    """

    name: str
    piece: Piece
    other: Audio
    other_cpu: float
    spectra: np.ndarray

    @property
    def mel(self) -> np.ndarray:
        """True log-mel, ``[frames, 80]``."""
        return log_mel(self.spectra)


def played(source: Source) -> Audio:
    """Returns the notes in another bank, filtered to the true mel bands."""
    return Audio(match_bands(source.other.samples, source.mel, source.other.rate_hz), source.other.rate_hz)


SYNTHESES: dict[str, Callable[[Source], Audio]] = {
    "Original: inverse MFCC (20) + Griffin-Lim": lambda source: _held(sound_of(mfcc(source.spectra))),
    "other bank, not filtered": lambda source: source.other,
    "Pure: sines and noise, mel 80": lambda source: pure(source.piece, source.mel),
    "Played: other bank filtered to mel 80": played,
    "floor: true magnitudes + Griffin-Lim": lambda source: _held(griffin_lim(source.spectra)),
}


def main(arguments: list[str]) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks sound", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of MIDI files, with those in folders within it")
    parser.add_argument("--other-bank", type=Path, required=True, help="an .sf2 or .sf3 file that plays the notes anew")
    parser.add_argument("--bank", type=Path, help="an .sf2 or .sf3 file of the true sound (default: the best found)")
    parser.add_argument("--clips", type=int, default=10, help="files taken, evenly by chance (default: 10)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="other files for each (default: 0)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="gets the sound as WAV files")
    asked = parser.parse_args(arguments)
    sources = list(_sources(asked))
    print(
        f"{len(sources)} clips of {asked.seconds:g} s; true sound: {find_soundfont(asked.bank).name}, "
        f"other bank: {asked.other_bank.name}"
    )
    width = max(map(len, SYNTHESES))
    print(f"{'':<{width}}{'frame r':>10}{'clip r':>10}{'mel dB':>10}{'cpu s/s':>10}")
    for name, synthesis in SYNTHESES.items():
        rows = []
        for number, source in enumerate(sources):
            began = time.process_time()
            audio = synthesis(source)
            cpu = time.process_time() - began
            if audio.samples is source.other.samples or synthesis is played:
                cpu += source.other_cpu
            rows.append([*compare(source.spectra, magnitudes(mono(audio))), cpu / asked.seconds])
            if asked.keep:
                asked.keep.mkdir(parents=True, exist_ok=True)
                write_audio(audio, asked.keep / f"{number}-{name.split(':')[0].split(',')[0].replace(' ', '-')}.wav")
        print(f"{name:<{width}}" + "".join(f"{value:>10.3f}" for value in np.mean(rows, axis=0)), flush=True)


def compare(true: np.ndarray, made: np.ndarray) -> tuple[float, float, float]:
    """Returns frame chroma r, clip chroma r and mel error in dB of sound, from magnitudes ``[frames, 1025]`` each."""
    frames = min(len(true), len(made))
    true, made = true[:frames], made[:frames]
    true_mel, made_mel = log_mel(true), log_mel(made)
    true_mel, made_mel = (np.maximum(mel, mel.max() - RANGE_DB) for mel in (true_mel, made_mel))
    heard = true_mel.max(1) > true_mel.max() - RANGE_DB
    difference = (made_mel - true_mel)[heard]
    notes, made_notes = chroma(true)[heard], chroma(made)[heard]
    by_frame = [np.corrcoef(a, b)[0, 1] for a, b in zip(notes, made_notes) if a.std() > 0 and b.std() > 0]
    by_clip = np.corrcoef(notes.mean(0), made_notes.mean(0))[0, 1]
    return float(np.mean(by_frame)), float(by_clip), float(np.abs(difference - difference.mean()).mean())


def _held(samples: np.ndarray) -> Audio:
    return Audio(np.repeat(samples[:, None], 2, axis=1), RATE_HZ)


def _sources(asked: argparse.Namespace) -> Iterator[Source]:
    """Yields clips of files in the folder that are long enough and can be read."""
    check_soundfont(asked.other_bank)
    files = sorted(path for path in asked.folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    random.Random(asked.seed).shuffle(files)
    taken = 0
    for path in files:
        if taken == asked.clips:
            return
        try:
            piece = _excerpt(read_midi(path), asked.seconds)
        except StudioError:
            continue
        if piece is not None:
            taken += 1
            yield _source(path.stem, piece, asked)
    if not taken:
        raise StudioError(f"There is no MIDI file of {asked.seconds:g} s in {asked.folder}. Choose another folder.")


def _excerpt(piece: Piece, seconds: float) -> Piece | None:
    """Returns enough bars from the fifth on; None where the piece is too short."""
    last = len(bar_grid(piece.score, score_end(piece.score)))
    for bars in range(1, last - FIRST_BAR):
        excerpt = Piece(slice_bars(piece.score, FIRST_BAR, FIRST_BAR + bars))
        if excerpt.seconds > seconds:
            return excerpt
    return None


def _source(name: str, piece: Piece, asked: argparse.Namespace) -> Source:
    true = raw_mix(piece, asked.bank)
    frames = round(asked.seconds * RATE_HZ / HOP)
    sound = mono(true)[: frames * HOP]
    scale = PEAK / max(float(np.abs(sound).max()), 1e-6)
    began = time.process_time()
    other = raw_mix(piece, asked.other_bank)
    cpu = (time.process_time() - began) * asked.seconds / other.seconds
    samples = other.samples[: frames * HOP * other.rate_hz // RATE_HZ]
    level = np.sqrt(np.square(sound * scale).mean() / max(np.square(samples).mean(), 1e-12))
    return Source(name, piece, Audio(samples * level, other.rate_hz), cpu, magnitudes(sound * scale))
