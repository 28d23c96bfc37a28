"""A piece as sound: the mix, or one stem a track; mastered to an even loudness, with nothing cut off."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from music.audio import fluidsynth as fluid
from music.audio import tinysoundfont as basic_synth
from music.audio.encoding import FORMATS, MIME_TYPES, Audio, encode, write_audio
from music.audio.mastering import MAX_LIMITING_DB, SILENCE, master
from music.audio.performance import TAIL_SECONDS, Performance, perform
from music.audio.soundfonts import bundled_soundfont, find_soundfont
from music.errors import StudioError
from music.instruments import track_label
from music.piece import Piece

__all__ = [
    "FORMATS",
    "MIME_TYPES",
    "Audio",
    "Engine",
    "Stem",
    "Stopped",
    "encode",
    "engine",
    "mix_stems",
    "render",
    "render_stems",
    "write_audio",
]

RATES_HZ = (8_000, 96_000)
"""The lowest and highest sample rate."""

MAX_BYTES = 4 * 2**30
"""The mix, or all stems together, are held in memory; more than this is refused."""

TAIL_LEVEL = 10 ** (-(60 + MAX_LIMITING_DB) / 20)
"""The sound has rung out when it is 60 dB under the loudest moment, after the limiter has made that softer."""

FADE_SECONDS = 0.05

INSTALL = {
    "apt-get": "sudo apt-get install libfluidsynth3",
    "dnf": "sudo dnf install fluidsynth-libs",
    "brew": "brew install fluid-synth",
}
"""The command that installs FluidSynth, by package manager."""

Progress = Callable[[float], object]
Stop = Callable[[], bool]


class Stopped(StudioError):
    """Rendering ended because the caller's ``stop`` said so."""


@dataclass(frozen=True)
class Engine:
    """What plays.

    Attributes:
        name: of the synthesizer.
        is_basic: whether it is the stand-in, whose sound is plain.
        soundfont: the sound bank that it would use.
        advice: what to do for better sound, "" where nothing is missing.
    """

    name: str
    is_basic: bool
    soundfont: Path
    advice: str


@dataclass(frozen=True)
class Stem:
    """The sound of one track.

    Attributes:
        name: of the track, or of its instrument.
        track_index: its place in the piece's score.
        audio: as long as the mix, with the same gain and limiter as the mix: all stems add up to it.
    """

    name: str
    track_index: int
    audio: Audio


def engine() -> Engine:
    """Returns the synthesizer and the sound bank that will play.

    Raises:
        StudioError: there is no synthesizer or no sound bank at all.
    """
    if fluid.library():
        return Engine("FluidSynth", False, find_soundfont(), "")
    command = next((text for tool, text in INSTALL.items() if shutil.which(tool)), None)
    way = f"For full sound type: {command}" if command else "For full sound install FluidSynth 2 on this system."
    if basic_synth.library():
        return Engine("TinySoundFont", True, bundled_soundfont(), f"The sound is basic: FluidSynth is missing. {way}")
    raise StudioError(f"There is no synthesizer on this machine. {way}")


def render(
    piece: Piece,
    soundfont: str | Path | None = None,
    rate: int = 44_100,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Audio:
    """Returns the piece as mastered stereo sound: -14 LUFS, no clipping, tick 0 at the first frame, tails complete.

    Example:
        write_audio(render(read_midi("song.mid")), "song.mp3")

    Args:
        piece: what to play.
        soundfont: the user's own ``.sf2`` or ``.sf3``; by default the best that is found.
        rate: frames a second, 8,000 to 96,000.
        progress: called with the share that is done, rising to 1.
        stop: asked some ten times a second of music; rendering ends when it returns True.

    Raises:
        StudioError: the sound bank or the rate is of no use, or there is no synthesizer.
        Stopped: ``stop`` returned True.
    """
    samples = _sound(piece, soundfont, rate, False, progress, stop)[1][0]
    master(samples, rate)
    _report(progress, 1.0)
    return Audio(samples, rate)


def render_stems(
    piece: Piece,
    soundfont: str | Path | None = None,
    rate: int = 44_100,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> list[Stem]:
    """Returns one stem for each track with notes, made in one pass; ``mix_stems`` of them is what ``render`` gives.

    Each stem has the gain and the limiter of the mix, not its own, so faders at 0 dB give the mix back.

    Args and errors are those of ``render``.

    Raises:
        StudioError: also when the stems would need more memory than MAX_BYTES.
    """
    performance, stems = _sound(piece, soundfont, rate, True, progress, stop)
    mix = np.zeros_like(stems[0])
    for samples in stems:
        mix += samples
    gain = master(mix, rate)
    result = []
    for channel, samples in zip(performance.channels, stems):
        samples *= gain
        track = piece.score.tracks[channel.track_index]
        name = " ".join(track_label(track).split())
        result.append(Stem(name, channel.track_index, Audio(samples, rate)))
    _report(progress, 1.0)
    return result


def mix_stems(stems: Sequence[Stem]) -> Audio:
    """Returns the sum of stems: the mix."""
    if not stems:
        raise StudioError("There are no stems to mix. Give at least one.")
    return Audio(np.sum([stem.audio.samples for stem in stems], axis=0), stems[0].audio.rate_hz)


def _sound(
    piece: Piece, own: str | Path | None, rate: int, stems: bool, progress: Progress | None, stop: Stop | None
) -> tuple[Performance, list[np.ndarray]]:
    """Returns what was played and its raw sound ``[frames, 2]``: one array a channel, or the mix alone."""
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        raise StudioError(f"A rate of {rate} Hz cannot be rendered. Choose {RATES_HZ[0]} to {RATES_HZ[1]} Hz.")
    basic = engine().is_basic
    performance = perform(piece.score, rate, pedal_in_notes=basic)
    longest = performance.end_frame + round(TAIL_SECONDS * rate)
    outputs = len(performance.channels) if stems else 1
    if outputs * longest * 8 > MAX_BYTES:
        what = "so many stems" if stems else "one sound file"
        raise StudioError(f"The piece is too long for {what}. Choose fewer bars{' or the mix' if stems else ''}.")
    if not performance.channels:
        return performance, [np.zeros((rate // 2, 2), np.float32)]
    if basic:
        chunks = basic_synth.play(performance, [find_soundfont(own) if own else bundled_soundfont()], stems)
    else:
        banks = [find_soundfont(own), find_soundfont()] if own else [find_soundfont()]
        chunks = fluid.play(performance, banks, stems)
    sound = [np.zeros((longest, 2), np.float32) for _ in range(outputs)]
    try:
        frames = _fill(sound, chunks, performance.end_frame, progress, stop)
    finally:
        chunks.close()
    fade = min(frames, round(FADE_SECONDS * rate))
    for samples in sound:
        samples[frames - fade : frames] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return performance, [samples[:frames] for samples in sound]


def _fill(
    sound: list[np.ndarray], chunks: Iterator[np.ndarray], end: int, progress: Progress | None, stop: Stop | None
) -> int:
    """Fills the arrays until the last note has rung out and returns how many frames that took."""
    longest = len(sound[0])
    frame, loudest = 0, 0.0
    for chunk in chunks:
        if stop and stop():
            raise Stopped("The sound was stopped. Start again to hear all of it.")
        size = min(chunk.shape[1], longest - frame)
        for samples, part in zip(sound, chunk):
            samples[frame : frame + size] = part[:size]
        level = float(np.abs(chunk.sum(0)).max())  # of the mix, so that stems are as long as it
        loudest = max(loudest, level)
        frame += size
        _report(progress, 0.95 * min(1.0, frame / max(end, 1)))
        if frame >= longest or (frame > end and level <= max(TAIL_LEVEL * loudest, SILENCE)):
            return frame
    return frame


def _report(progress: Progress | None, share: float) -> None:
    if progress:
        progress(share)
