"""A piece as sound: the mix, or one stem a track; mastered to an even loudness, with nothing cut off.

Songs are held in memory. What is longer is played twice, once to measure it and again while it is read, so that its length
costs time but no memory.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from music.audio import fluidsynth as fluid
from music.audio import tinysoundfont as basic_synth
from music.audio.encoding import CHUNK_FRAMES, FORMATS, MIME_TYPES, Audio, AudioStream, encode, write_audio
from music.audio.mastering import MAX_LIMITING_DB, SILENCE, Gauge, gain_between, master
from music.audio.performance import TAIL_SECONDS, Performance, perform, without_reverb
from music.audio.soundfonts import bundled_soundfont, find_soundfont
from music.errors import StudioError
from music.instruments import track_label
from music.piece import Piece

__all__ = [
    "FORMATS",
    "MIME_TYPES",
    "Audio",
    "AudioStream",
    "Engine",
    "Stem",
    "Stopped",
    "encode",
    "engine",
    "mix_stems",
    "raw_mix",
    "raw_stems",
    "render",
    "render_stems",
    "write_audio",
]

RATES_HZ = (8_000, 96_000)
"""The lowest and highest sample rate."""

MAX_FRAMES = 2**29
"""Of one sound: more than three hours at 44,100 Hz, the longest music that is read."""

MAX_MIX_BYTES = 2**28
"""A mix of more raw sound, some twelve minutes at 44,100 Hz, is streamed; mastering takes about five times that."""

MAX_STEMS_BYTES = 2**31
"""Stems of more raw sound together are streamed."""

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
    audio: Audio | AudioStream


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
) -> Audio | AudioStream:
    """Returns the piece as mastered stereo sound: -14 LUFS, no clipping, tick 0 at the first frame, tails complete.

    Example:
        write_audio(render(read_midi("song.mid")), "song.mp3")

    Args:
        piece: what to play.
        soundfont: the user's own ``.sf2`` or ``.sf3``; by default the best that is found.
        rate: frames a second, 8,000 to 96,000.
        progress: called with the share that is done, rising to 1.
        stop: asked some ten times a second of music; rendering, or reading a stream, ends when it returns True.

    Returns:
        Samples; a stream where they would take more than MAX_MIX_BYTES.

    Raises:
        StudioError: the sound bank or the rate is of no use, there is no synthesizer, or the piece is too long.
        Stopped: ``stop`` returned True.
    """
    playing = _playing(piece, soundfont, rate)
    if playing.is_long:
        frames, gain = _measured(playing, progress, stop)
        sound: Audio | AudioStream = playing.stream(frames, lambda start, end: gain_between(gain, start, end), stop)
    else:
        samples = playing.samples(False, progress, stop)[0]
        master(samples, rate)
        sound = Audio(samples, rate)
    _report(progress, 1.0)
    return sound


def render_stems(
    piece: Piece,
    soundfont: str | Path | None = None,
    rate: int = 44_100,
    progress: Progress | None = None,
    stop: Stop | None = None,
    dry: bool = False,
) -> list[Stem]:
    """Returns one stem for each track with notes; ``mix_stems`` of them is what ``render`` gives.

    Each stem has the gain and the limiter of the mix, not its own, so faders at 0 dB give the mix back. Dry stems are without
    the reverb that the mix of the piece asks for (CC91), for who adds it: what their sound bank adds of its own they have.

    Args and errors are those of ``render``.

    Returns:
        Stems of samples, made in one pass; of streams where these would take more than MAX_STEMS_BYTES, or the mix is one.
        Streams are played one by one, where FluidSynth starts a note up to a sample or two earlier or later than in the
        mix, so they add up to it by ear and not sample by sample.
    """
    playing = _playing(piece, soundfont, rate)
    if dry:
        playing = replace(playing, performance=without_reverb(playing.performance))
    channels = playing.performance.channels
    sounds: list[Audio | AudioStream]
    if playing.is_long:
        frames, hop_gain = _measured(playing, progress, stop)
        parts = [playing.only(number) for number in range(len(channels))]
        sounds = [part.stream(frames, lambda start, end: gain_between(hop_gain, start, end), stop) for part in parts]
    elif len(channels) * playing.longest * 8 > MAX_STEMS_BYTES:
        mix = playing.samples(False, progress, stop)[0]
        gain = master(mix, rate)
        parts = [playing.only(number) for number in range(len(channels))]
        sounds = [part.stream(len(mix), lambda start, end: gain[start:end], stop) for part in parts]
    else:
        stems = playing.samples(True, progress, stop)
        mix = np.zeros_like(stems[0])
        for samples in stems:
            mix += samples
        gain = master(mix, rate)
        for samples in stems:
            samples *= gain
        sounds = [Audio(samples, rate) for samples in stems]
    _report(progress, 1.0)
    return _stems(piece, playing.performance, sounds)


def raw_mix(piece: Piece, soundfont: str | Path | None = None, rate: int = 44_100, stop: Stop | None = None) -> Audio:
    """Returns the piece as the synthesizer plays it, before mastering: softer or louder, and peaks may pass full scale.

    Args and errors are those of ``render``; besides, what is too long to be held in memory is refused.
    """
    playing = _playing(piece, soundfont, rate)
    _check_held(playing.longest * 8, MAX_MIX_BYTES)
    return Audio(playing.samples(False, None, stop)[0], rate)


def raw_stems(
    piece: Piece, soundfont: str | Path | None = None, rate: int = 44_100, stop: Stop | None = None
) -> list[Stem]:
    """Returns one stem of samples for each track with notes, before mastering; they add up to what ``raw_mix`` gives.

    Args and errors are those of ``raw_mix``.
    """
    playing = _playing(piece, soundfont, rate)
    _check_held(playing.longest * 8, MAX_MIX_BYTES)
    _check_held(playing.longest * 8 * len(playing.performance.channels), MAX_STEMS_BYTES)
    return _stems(piece, playing.performance, [Audio(samples, rate) for samples in playing.samples(True, None, stop)])


def mix_stems(stems: Sequence[Stem]) -> Audio | AudioStream:
    """Returns the sum of stems: the mix."""
    if not stems:
        raise StudioError("There are no stems to mix. Give at least one.")
    sounds = [stem.audio for stem in stems]
    held = [sound.samples for sound in sounds if isinstance(sound, Audio)]
    if len(held) == len(sounds):
        return Audio(np.sum(held, axis=0), sounds[0].rate_hz)
    return AudioStream(
        sounds[0].frames,
        sounds[0].rate_hz,
        lambda: (functools.reduce(np.add, chunks) for chunks in zip(*(s.chunks() for s in sounds))),
    )


@dataclass(frozen=True)
class _Playing:
    """A performance and who plays it.

    Attributes:
        performance: what is played.
        banks: the sound banks, the preferred one first.
        is_basic: whether the stand-in plays.
    """

    performance: Performance
    banks: list[Path]
    is_basic: bool

    @property
    def longest(self) -> int:
        """Frames that the sound has at most."""
        return self.performance.end_frame + round(TAIL_SECONDS * self.performance.rate_hz)

    @property
    def is_long(self) -> bool:
        """Whether the mix is too long to be held in memory."""
        return self.longest * 8 > MAX_MIX_BYTES

    def only(self, number: int) -> _Playing:
        """Returns the playing of one channel alone."""
        chosen = self.performance.channels[number]
        events = [event._replace(channel=0) for event in self.performance.events if event.channel == number]
        return replace(self, performance=replace(self.performance, channels=(chosen,), events=events))

    def chunks(
        self, stems: bool, progress: Progress | None, stop: Stop | None, skips: bool = False
    ) -> Generator[np.ndarray]:
        """Yields the raw sound ``[channels or 1, frames, 2]`` until the last note has rung out."""
        if self.is_basic:
            chunks = basic_synth.play(self.performance, self.banks, stems)
        else:
            chunks = fluid.play(self.performance, self.banks, stems, skips)
        end, frame, loudest = self.performance.end_frame, 0, 0.0
        try:
            for chunk in chunks:
                if stop and stop():
                    raise Stopped("The sound was stopped. Start again to hear all of it.")
                chunk = chunk[:, : self.longest - frame]
                frame += chunk.shape[1]
                level = float(np.abs(chunk.sum(0)).max())  # of the mix, so that stems are as long as it
                loudest = max(loudest, level)
                _report(progress, 0.95 * min(1.0, frame / max(end, 1)))
                yield chunk
                if frame >= self.longest or (frame > end and level <= max(TAIL_LEVEL * loudest, SILENCE)):
                    return
        finally:
            chunks.close()

    def samples(self, stems: bool, progress: Progress | None, stop: Stop | None) -> list[np.ndarray]:
        """Returns the raw sound ``[frames, 2]``: one array a channel, or the mix alone."""
        channels, rate = self.performance.channels, self.performance.rate_hz
        if not channels:
            return [np.zeros((rate // 2, 2), np.float32)]
        sound = [np.zeros((self.longest, 2), np.float32) for _ in range(len(channels) if stems else 1)]
        frames = 0
        for chunk in self.chunks(stems, progress, stop):
            for samples, part in zip(sound, chunk):
                samples[frames : frames + len(part)] = part
            frames += chunk.shape[1]
        first = max(0, frames - round(FADE_SECONDS * rate))
        for samples in sound:
            samples[first:frames] *= _fade(first, frames, frames, rate)
        return [samples[:frames] for samples in sound]

    def stream(self, frames: int, gain: Callable[[int, int], np.ndarray], stop: Stop | None) -> AudioStream:
        """Returns the sound as a stream of so many frames, each with the gain that is given for ``[start, end)``."""
        rate = self.performance.rate_hz

        def make() -> Iterator[np.ndarray]:
            start = 0
            with contextlib.closing(self._endless(stop)) as chunks:
                while start < frames:
                    part = next(chunks)[: frames - start]
                    end = start + len(part)
                    yield part * (gain(start, end) * _fade(start, end, frames, rate))
                    start = end

        return AudioStream(frames, rate, make)

    def _endless(self, stop: Stop | None) -> Generator[np.ndarray]:
        """Yields the raw mix, then silence: of a track that is over before the others too."""
        yield from (chunk[0] for chunk in self.chunks(False, None, stop, skips=True))
        yield from itertools.repeat(np.zeros((CHUNK_FRAMES, 2), np.float32))


def _playing(piece: Piece, own: str | Path | None, rate: int) -> _Playing:
    """Returns how a piece is played."""
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        raise StudioError(f"A rate of {rate} Hz cannot be rendered. Choose {RATES_HZ[0]} to {RATES_HZ[1]} Hz.")
    is_basic = engine().is_basic
    if is_basic:
        banks = [find_soundfont(own) if own else bundled_soundfont()]
    else:
        banks = [find_soundfont(own), find_soundfont()] if own else [find_soundfont()]
    playing = _Playing(perform(piece.score, rate, pedal_in_notes=is_basic), banks, is_basic)
    if playing.longest > MAX_FRAMES:
        raise StudioError("The piece is too long for one sound file. Choose fewer bars.")
    return playing


def _check_held(raw_bytes: int, most: int) -> None:
    if raw_bytes > most:
        raise StudioError("The music is too long for its sound to be worked on. Choose fewer bars.")


def _stems(piece: Piece, performance: Performance, sounds: Sequence[Audio | AudioStream]) -> list[Stem]:
    """Returns the sounds of the channels under the names of their tracks."""
    tracks = [channel.track_index for channel in performance.channels]
    names = [" ".join(track_label(piece.score.tracks[index]).split()) for index in tracks]
    return [Stem(name, index, sound) for name, index, sound in zip(names, tracks, sounds)]


def _measured(playing: _Playing, progress: Progress | None, stop: Stop | None) -> tuple[int, np.ndarray]:
    """Returns how many frames a mix has, and the gain of each 64 of them."""
    gauge, frames = Gauge(playing.longest, playing.performance.rate_hz), 0
    for chunk in playing.chunks(False, progress, stop, skips=True):
        gauge.add(chunk[0])
        frames += chunk.shape[1]
    return frames, gauge.gains()


def _fade(start: int, end: int, frames: int, rate: int) -> np.ndarray:
    """Returns the gain ``[end - start, 1]`` of frames ``[start, end)`` of so many: 1, down to 0 over the last moment."""
    length = min(frames, round(FADE_SECONDS * rate))
    gain = np.ones((end - start, 1), np.float32)
    first = frames - length
    if end > first:
        ramp = np.linspace(1, 0, length, dtype=np.float32)[:, None]
        gain[max(0, first - start) :] = ramp[max(0, start - first) : end - first]
    return gain


def _report(progress: Progress | None, share: float) -> None:
    if progress:
        progress(share)
