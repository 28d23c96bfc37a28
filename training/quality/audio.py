"""What the audio network makes of a sound and of words, measured on the sound that comes out.

Four seconds of a validation piece, played by a sound bank that training never heard and by one that it did, are followed
by eight seconds that the network writes. They are compared with the clip, with a clip of another piece, and with how the
piece went on; beside them stand a network of the ancestor's kind (training/ancestor.py) and what the network writes where
the clip, or the words, are another's. Then words are said in pairs, such as dark and bright, in wordings that it learned and
in others that it did not, and the difference is measured.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from tqdm import tqdm

from music.analysis.tempo import pulse
from music.audio import features
from music.audio.encoding import encode
from music.audio.inverse_mfcc import mfcc_of
from music.audio.inverse_mfcc import sound_of as sound_of_mfcc
from music.audio.mastering import loudness
from music.audio.soundfonts import find_soundfont
from music.errors import StudioError
from music.files.midi import midi_bytes
from music.piece import Piece
from pipelines.audio import audio
from pipelines.audio_sound import SOUND_LUFS_RANGE, sound_of
from pipelines.options.audio import AudioOptions
from pipelines.wording.captions import wordings
from training.data.clips import CLIP_SECONDS, WEIGHTS, Passage, Player, colored
from training.data.clips import Piece as Sounding
from training.data.sound_clips import centroid_hz
from training.quality.measures.pieces import mean
from training.quality.report import read_sets

SECONDS = 8.0  # written after each clip
PAIRS = (
    ("brightness", "dark", "bright"),
    ("loudness", "soft", "loud"),
    ("tempo", "slow", "fast"),
    ("density", "sparse", "dense"),
)
WORDINGS = 5  # of each class, in each pair
RATE = features.RATE_HZ
TRUE, OURS, SHUFFLED, WORDS, ANCESTOR = "how it went on", "network", "another's clip", "words only", "ancestor"
MEASURES = (
    "to the clip",
    "to another",
    "to the truth",
    "pulse",
    "attacks/s",
    "deviation",
    "change",
    "LUFS",
    "LUFS, loud",
)


@dataclass(frozen=True)
class Case:
    """A clip and how the music went on.

    Attributes:
        clip, future: samples at RATE.
        options: what the audio pipeline is told of the clip.
    """

    clip: np.ndarray
    future: np.ndarray
    options: dict[str, Any]


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures of the checkpoint.

    Raises:
        StudioError: no data sets were named, or no sound bank.
    """
    if args.data is None:
        raise StudioError("There is no music to follow. Say where the data sets are with --data.")
    banks = args.bank or [find_soundfont()]
    found: dict[str, Any] = {"banks": {}, "pieces": args.pieces, "checkpoint": args.checkpoint}
    ancestor = _ancestor(args.ancestor) if args.ancestor else None
    cases: list[Case] = []
    for bank in banks:
        cases = held_out(args, bank)
        found["banks"][bank.stem] = _following(args, cases, ancestor, bank.stem)
    found["words"] = _words(args, cases)
    found["speed"] = _speed(args, cases[0])
    return found


def held_out(args: argparse.Namespace, bank: Path) -> list[Case]:
    """Returns clips of validation pieces, one a piece, as a bank plays them, with what followed."""
    rng, player, cases = np.random.default_rng(args.seed), Player(bank), []
    sets = {
        name: [source for source in sources if source.split == "valid"]
        for name, (synthetic, sources) in read_sets(args.sets, args.data).items()
        if name in WEIGHTS and not synthetic
    }
    turns = [iter(rng.permutation(np.array(sources, dtype=object))) for sources in sets.values() if sources]
    for source in itertools.chain.from_iterable(zip(*turns)):
        if len(cases) >= args.pieces:
            break
        passage = _passage(source.path, rng)
        if passage is None:
            continue
        sound = colored(player.play(passage.events, CLIP_SECONDS + SECONDS), passage.loudness, passage.brightness)
        border = round(CLIP_SECONDS * RATE)
        clip, future = sound[:border], sound[border:]
        if min(np.abs(clip).max(), np.abs(future).max()) < 0.005:
            continue
        cases.append(Case(clip, future, _told(clip)))
    if not cases:
        raise StudioError("The data sets hold no validation music that can be followed. Name other sets.")
    return cases


def _passage(path: Path, rng: np.random.Generator) -> Passage | None:
    from music.files.midi import read_midi

    try:
        piece = Sounding(read_midi(path).score)
    except StudioError:
        return None
    return next((found for found in (piece.passage(rng) for _ in range(6)) if found is not None), None)


def _told(clip: np.ndarray) -> dict[str, Any]:
    """Returns what the audio pipeline is told of a clip, through the door that a user's file takes."""
    from music.audio.encoding import Audio
    from pipelines.patches.hearing import hear

    stereo = Audio(np.repeat(clip[:, None], 2, axis=1), RATE)
    return hear(encode(stereo, "wav"), "clip.wav", 0.0).options


def _write(args: argparse.Namespace, number: int, options: dict[str, Any]) -> np.ndarray:
    """Returns what the network writes, as mono samples at RATE."""
    wanted = AudioOptions(**{"seconds": SECONDS, "seed": args.seed + number, "checkpoint": args.checkpoint, **options})
    *_, step = audio(Piece.empty(), wanted)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        label = "-".join([f"{number:03}", *(["clip"] if wanted.sound else []), *wanted.text.split()[:4]])
        (args.out / f"{label}.mid").write_bytes(midi_bytes(step.piece))
    sound = sound_of(step.piece, rate=2 * RATE)
    return soxr.resample(sound.samples.mean(1), 2 * RATE, RATE)[: round(SECONDS * RATE)]


def _following(args: argparse.Namespace, cases: list[Case], ancestor: Any, label: str) -> dict[str, dict[str, float]]:
    """Returns the measures of each row, over all cases of a bank."""
    rows: dict[str, list[dict[str, float]]] = {}
    for number, case in enumerate(tqdm(cases, desc=label, unit="clip", disable=None)):
        other = cases[(number + 1) % len(cases)]
        plain = {key: case.options[key] for key in ("sound_tempo_bpm", "sound_lufs")}
        made = {
            TRUE: case.future,
            OURS: _write(args, number, case.options),
            SHUFFLED: _write(args, number, other.options),
            WORDS: _write(args, number, {"text": "music", **plain}),
        }
        if ancestor is not None:
            made[ANCESTOR] = ancestor(case.clip)
        for name, samples in made.items():
            rows.setdefault(name, []).append(_measures(samples, case, other))
    return {
        name: {each: mean([row[each] for row in found if math.isfinite(row[each])]) for each in MEASURES}
        for name, found in rows.items()
    }


def _measures(samples: np.ndarray, case: Case, other: Case) -> dict[str, float]:
    """Returns how a sound compares with the clip, with another clip, and with how the piece went on."""
    magnitudes = {name: features.magnitudes(each) for name, each in (("it", samples), ("true", case.future))}
    mel = {name: features.log_mel(each) for name, each in magnitudes.items()}
    chroma = {
        name: features.chroma(features.magnitudes(each)).mean(0)
        for name, each in (("clip", case.clip), ("other", other.clip))
    }
    chroma |= {name: features.chroma(each).mean(0) for name, each in magnitudes.items()}
    changes = {name: np.abs(np.diff(each, axis=0)).mean() for name, each in mel.items()}
    level = loudness(case.future[:, None], RATE)
    louder = loudness(samples[:, None], RATE) - level
    return {
        "to the clip": _correlation(chroma["it"], chroma["clip"]),
        "to another": _correlation(chroma["it"], chroma["other"]),
        "to the truth": _correlation(chroma["it"], chroma["true"]),
        "pulse": pulse(magnitudes["it"]),
        "attacks/s": _attacks(magnitudes["it"]) / SECONDS,
        "deviation": float(mel["it"].std(0).mean() / max(mel["true"].std(0).mean(), 1e-6)),
        "change": float(changes["it"] / max(changes["true"], 1e-6)),
        "LUFS": louder,
        "LUFS, loud": louder if SOUND_LUFS_RANGE[0] <= level <= SOUND_LUFS_RANGE[1] else math.nan,
    }


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def _attacks(magnitudes: np.ndarray) -> int:
    """Returns how many attacks are heard: local peaks of the onset strength, well above what is around them."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    mel = features.log_mel(magnitudes)
    strength = np.maximum(np.diff(np.maximum(mel, mel.max() - 60), axis=0), 0).mean(1)
    if not len(strength) or strength.max() <= 0:
        return 0
    strength = strength / strength.max()
    peaks = strength == maximum_filter1d(strength, 5)
    return int((peaks & (strength > uniform_filter1d(strength, 43) + 0.05)).sum())


def _words(args: argparse.Namespace, cases: list[Case]) -> dict[str, dict[str, dict[str, float]]]:
    """Returns for each pair of words, learned and held out, how often the sound differs the right way, and by how much."""
    tell: dict[str, Callable[[np.ndarray], float]] = {
        "brightness": centroid_hz,
        "loudness": lambda samples: loudness(samples[:, None], RATE),
        "tempo": lambda samples: _attacks(features.magnitudes(samples)) / SECONDS,
        "density": lambda samples: _attacks(features.magnitudes(samples)) / SECONDS,
    }
    found: dict[str, dict[str, dict[str, float]]] = {}
    for held_out_too in (False, True):
        known = wordings(held_out_too)
        for attribute, low, high in PAIRS:
            apart = []
            for number in range(WORDINGS):
                case = cases[number % len(cases)]
                values = []
                for level in (low, high):
                    words = known[attribute][level]
                    told = {**case.options, "sound_tempo_bpm": None} if attribute == "tempo" else case.options
                    text = f"{words[number % len(words)]} music"
                    values.append(tell[attribute](_write(args, 900 + number, {**told, "text": text})))
                apart.append(values)
            table = np.array(apart)
            difference = table[:, 1] - table[:, 0]
            entry = {"right": float((difference > 0).mean()), "apart": float(difference.mean())}
            if attribute in ("tempo", "density"):
                entry["apart"] = float(table[:, 1].mean() / max(table[:, 0].mean(), 1e-6) - 1)
            found.setdefault(f"{low}, {high}", {})["held out" if held_out_too else "learned"] = entry
    return found


def _speed(args: argparse.Namespace, case: Case) -> float:
    """Returns the seconds of processor time that 20 seconds of sound take, models loaded."""
    begun = time.process_time()
    *_, step = audio(Piece.empty(), AudioOptions(**{**case.options, "seconds": 20.0, "checkpoint": args.checkpoint}))
    sound_of(step.piece)
    return time.process_time() - begun


def _ancestor(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the ancestor: a clip to the sound that it has follow."""
    import torch

    from training.ancestor import Ancestor, go_on

    model = Ancestor()
    model.load_state_dict(torch.load(path, weights_only=True))
    model.eval()
    frames = round(SECONDS * RATE / features.HOP) + 1

    def follow(clip: np.ndarray) -> np.ndarray:
        known = mfcc_of(features.fit_clip(features.log_mel(features.magnitudes(clip))))
        return sound_of_mfcc(go_on(model, known, frames))[: round(SECONDS * RATE)]

    return follow


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as tables."""
    return "\n".join(_lines(figures))


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    yield f"{figures['checkpoint']}: {SECONDS:.0f} seconds after {CLIP_SECONDS:.2f} of {figures['pieces']} validation pieces,"
    yield "measured on the sound."
    yield "Correlations are those of mean chroma. Deviation and change of log-mel are shares of those of how the piece went on,"
    yield "LUFS the difference to it: of all, and of music that is no softer or louder than what is followed as it is."
    yield "Goals: to the clip 0.60, and at most 0.10 where another's clip is followed; to the truth 0.50, pulse 0.35,"
    yield "attacks within 15 %, deviation 0.7, change 0.6, LUFS within 3."
    for bank, rows in figures["banks"].items():
        yield ""
        yield f"{bank:26.26}" + "".join(f"{name:>14}" for name in MEASURES)
        for name, row in rows.items():
            yield f"  {name:24}" + "".join(f"{row[each]:14.2f}" for each in MEASURES)
    yield ""
    yield f"{'words in a pair':26}{'learned':>10}{'apart by':>12}{'held out':>12}{'apart by':>12}"
    units = {"dark, bright": "Hz", "soft, loud": "dB"}
    for pair, found in figures["words"].items():
        cells = []
        for kind in ("learned", "held out"):
            unit = units.get(pair)
            size = f"{found[kind]['apart']:.0f} {unit}" if unit else f"{found[kind]['apart']:.0%}"
            cells.append((found[kind]["right"], size))
        (learned, size), (other, other_size) = cells
        yield f"  {pair:24}{learned:10.0%}{size:>12}{other:12.0%}{other_size:>12}"
    yield ""
    yield f"20 seconds of notes and sound take {figures['speed']:.1f} seconds of one core."
