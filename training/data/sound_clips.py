"""A folder of sounds -> clips for the audio network: what is heard in them, the notes that are, and their color.

    python -m training sounds FOLDER --out runs/mine
    python -m training sounds --kaggle OWNER/DATASET --out runs/mine      needs `pip install kagglehub` and a network

Notes are those that ``pipelines.transcribe`` hears. So the network learns the music of the sounds, and to color a
synthesizer's sound of these notes as they are. A tenth of the files, by the hash of their bytes, is kept for validation. The
folder that is written can be the one that `python -m training clips` writes to: both are then learned together.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from music.audio import features
from music.audio.mastering import loudness
from music.audio.reading import check_heard, mono, read_sound
from music.audio.soundfonts import find_soundfont
from music.errors import StudioError
from music.tokens.patches import Cell
from pipelines.options.transcribe import TranscribeOptions
from pipelines.transcribe import transcribe
from training.data.clip_batches import UNKNOWN_FAMILIES
from training.data.clips import CLIP_SECONDS, SOUND_FRAMES, Player
from training.data.clips import Piece as Sounding

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")
SET = "sounds"
FURTHER_SECONDS = SOUND_FRAMES * features.HOP / features.RATE_HZ
SOFT_LUFS, LOUD_LUFS = -24.0, -14.0
DARK_HZ, BRIGHT_HZ = 900.0, 2200.0
"""Below and above these a sound counts as soft or loud, dark or bright (its spectral centroid). By ear, not measured."""

MOST_CLIPS = 8  # of a file, so that a long one does not drown the others
_MOST_NAMED = 50


@dataclass(frozen=True)
class HeardClip:
    """A clip of a sound: what ``training.data.clips`` writes of one.

    Attributes:
        clip: MFCC and chroma ``[174, 32]``.
        pair: log-mel of the synthesizer's and of the sound itself ``[2, 344, 80]``.
        notes: ``[notes, 5]``.
        row: of passages.npy.
    """

    clip: np.ndarray
    pair: np.ndarray
    notes: np.ndarray
    row: list[float]


def main(argv: list[str]) -> None:
    """Runs ``python -m training sounds``."""
    parser = argparse.ArgumentParser(prog="python -m training sounds", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a folder of WAV, FLAC, OGG, MP3 or AIFF files")
    parser.add_argument("--kaggle", metavar="OWNER/DATASET", help="a data set to fetch with kagglehub instead")
    parser.add_argument(
        "--bank", type=Path, help="the sound bank that plays their notes; by default the best that is found"
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    if (args.folder is None) == (args.kaggle is None):
        raise StudioError("There is no folder of sounds. Name one, or a data set with --kaggle.")
    folder = fetched(args.kaggle) if args.kaggle else args.folder
    print(prepare(folder, args.bank or find_soundfont(), args.out, args.kaggle or folder.resolve().name))


def fetched(name: str) -> Path:
    """Returns the folder of a Kaggle data set, which kagglehub fetches unless it is here already.

    Raises:
        StudioError: kagglehub is not installed, or could not fetch it.
    """
    try:
        import kagglehub
    except ImportError as error:
        raise StudioError("Data sets of Kaggle come by kagglehub. Type: pip install kagglehub") from error
    try:
        return Path(kagglehub.dataset_download(name))
    except Exception as error:  # of many kinds: no network, no such data set, no permission
        raise StudioError(f"Kaggle did not give '{name}': {error}. Check the name and the network.") from error


def prepare(folder: Path, bank: Path, out: Path, source: str) -> str:
    """Writes the clips of all sounds under a folder and returns what was used, and why others were not.

    Raises:
        StudioError: there are no sounds that can be used.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise StudioError(f"There are no sounds in '{folder}'. Name a folder of WAV, FLAC, OGG, MP3 or AIFF files.")
    player, left_out = Player(bank), []
    found: dict[str, list[tuple[str, HeardClip]]] = {"train": [], "valid": []}
    for path in tqdm(files, desc="sounds", unit="file", disable=None):
        split = "valid" if int(hashlib.sha1(path.read_bytes()).hexdigest(), 16) % 10 == 1 else "train"
        name = f"{SET}/{path.relative_to(folder)}"
        try:
            found[split] += [(name, clip) for clip in heard_clips(path, player)]
        except StudioError as error:
            left_out.append(f"  {path.relative_to(folder)}: {str(error).partition('. ')[0]}")
    if not found["train"] and not found["valid"]:
        raise StudioError("\n".join(["None of the sounds could be used.", *left_out[:_MOST_NAMED]]))
    for mine, other in (("train", "valid"), ("valid", "train")):
        if not found[mine]:  # one file gives up its place, all its clips together
            moved = found[other][0][0]
            found[mine] = [each for each in found[other] if each[0] == moved]
            found[other] = [each for each in found[other] if each[0] != moved]
    if not all(found.values()):
        raise StudioError(
            "There is only one sound that can be used, and training needs others to check itself on. Add more."
        )
    entry = {SET: {"source": source, "licence": "the user's own", "tier": ""}}
    for split, clips in found.items():
        part = out / f"{split}-{SET}"
        part.mkdir(parents=True, exist_ok=True)
        np.save(part / "clips.npy", np.stack([clip.clip for _, clip in clips]).astype(np.float16))
        np.save(part / "sounds.npy", np.stack([clip.pair for _, clip in clips]).astype(np.float16))
        np.save(part / "notes.npy", np.concatenate([clip.notes for _, clip in clips]).astype(np.int16))
        np.save(part / "passages.npy", np.array([clip.row for _, clip in clips], np.float32))
        index = {"pieces": [name for name, _ in clips], "sets": entry, "count": len(clips), "sounds": len(clips)}
        (part / "index.json").write_text(json.dumps(index))
    used = {split: len({name for name, _ in clips}) for split, clips in found.items()}
    counts = ", ".join(f"{used[split]} sounds for {split} ({len(found[split])} clips)" for split in found)
    return "\n".join([f"{counts}; {len(left_out)} left out{':' if left_out else '.'}", *left_out[:_MOST_NAMED]])


def heard_clips(path: Path, player: Player) -> Iterator[HeardClip]:
    """Yields clips of a sound file, one after another, with the notes that are heard in them.

    Raises:
        StudioError: it cannot be read, nothing is heard, or no notes are.
    """
    sound = read_sound(path, path.name)
    samples = mono(sound)
    check_heard(samples)
    *_, step = transcribe(sound, TranscribeOptions())
    music = Sounding(step.piece.score)
    begins = float(step.piece.history[-1]["begins_s"])
    seconds = len(samples) / features.RATE_HZ
    whole = CLIP_SECONDS + FURTHER_SECONDS
    starts = np.arange(0, max(seconds - whole, 0) + 0.01, whole)[:MOST_CLIPS]
    for start in starts.tolist():
        passage = music.heard(start - begins)
        if passage is None:
            continue
        part = samples[round(start * features.RATE_HZ) :]
        border = round(CLIP_SECONDS * features.RATE_HZ)
        clip = features.clip_of(part[:border])
        after = CLIP_SECONDS if seconds - start > CLIP_SECONDS + 2 else 0.0  # of a short sound the clip itself
        plain = player.play(passage.events, whole + 0.05)
        first = round(after * features.RATE_HZ)
        pair = np.stack([_mel(plain[first:]), _mel(part[first:])])
        notes = passage.patches.copy()
        notes[:, Cell.FAMILY] = -1  # who plays is not known, and not learned
        row = [0, 0, passage.bpm, passage.bar_patches, passage.bar_phase, passage.key]
        row += [*_loudness_and_brightness(part[:border]), UNKNOWN_FAMILIES, 0, len(passage.patches)]
        yield HeardClip(clip.frames, pair, notes, row)


def _mel(samples: np.ndarray) -> np.ndarray:
    """Returns log-mel ``[344, 80]``, silence behind it where the sound is shorter."""
    mel = features.log_mel(features.magnitudes(samples[: SOUND_FRAMES * features.HOP]))[:SOUND_FRAMES]
    return np.pad(mel, ((0, SOUND_FRAMES - len(mel)), (0, 0)), constant_values=features.FLOOR_DB)


def centroid_hz(samples: np.ndarray) -> float:
    """Returns the mean spectral centroid of sound in Hz, each frame as loud as it is."""
    power = np.square(features.magnitudes(samples)).sum(0)
    hz = np.fft.rfftfreq(features.FFT, 1 / features.RATE_HZ)
    return float(power @ hz / max(power.sum(), 1e-12))


def _loudness_and_brightness(samples: np.ndarray) -> tuple[int, int]:
    level = loudness(samples[:, None], features.RATE_HZ)
    centroid = centroid_hz(samples)
    return int(level >= SOFT_LUFS) + int(level > LOUD_LUFS), int(centroid >= DARK_HZ) + int(centroid > BRIGHT_HZ)
