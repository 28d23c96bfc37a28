"""The stand-in synthesizer that comes with pip alone: plain sound, until FluidSynth is installed.

TinySoundFont plays programs, drums, tempo, volume, pan and bends. What it gets wrong is put right here before it
plays: notes are made as long as the pedal holds them, and velocity and volume are bent to the curves of General MIDI.
It has no reverb and no filter modulation.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from music.audio.performance import BLOCK_FRAMES, Channel, Kind, Performance
from music.errors import StudioError

CHUNK_FRAMES = 64 * BLOCK_FRAMES
CHANNELS_PER_SYNTH = 16
VOLUMES = (7, 11)


@functools.cache
def library() -> Any:
    """Returns the tinysoundfont package, or None where it is missing."""
    try:
        import tinysoundfont
    except ImportError:
        return None
    return tinysoundfont


def play(performance: Performance, soundfonts: list[Path], stems: bool) -> Generator[np.ndarray]:
    """Yields the sound, chunk after chunk, without end, as ``music.audio.fluidsynth.play`` does.

    Args:
        performance: what to play; its notes already last as long as the pedal holds them.
        soundfonts: sound banks; only the first is used.
        stems: give one stereo sound a channel instead of the mix.

    Yields:
        float32 ``[channels or 1, frames, 2]``.

    Raises:
        StudioError: the sound bank cannot be loaded.
    """
    size = 1 if stems else CHANNELS_PER_SYNTH
    channels = performance.channels
    synths = [
        _load(channels[start : start + size], soundfonts[0], performance.rate_hz)
        for start in range(0, len(channels), size)
    ]
    events = iter(performance.events)
    event = next(events, None)
    for chunk_start in itertools.count(0, CHUNK_FRAMES):
        chunk = np.zeros((len(synths), CHUNK_FRAMES, 2), np.float32)
        at = 0
        while event is not None and event.frame < chunk_start + CHUNK_FRAMES:
            if event.frame - chunk_start > at:
                _compute(synths, chunk, at, event.frame - chunk_start)
                at = event.frame - chunk_start
            _send(synths[event.channel // size], event.kind, event.channel % size, *event[3:])
            event = next(events, None)
        _compute(synths, chunk, at, CHUNK_FRAMES)
        yield chunk if stems else chunk.sum(0, keepdims=True)


def _load(channels: tuple[Channel, ...], soundfont: Path, rate_hz: int) -> Any:
    """Returns a synthesizer with an instrument for each of up to 16 channels."""
    module = library()
    synth = module.Synth(gain=-6, samplerate=rate_hz)
    try:
        bank = synth.sfload(str(soundfont))
    except Exception as error:  # the extension raises plain exceptions of several kinds
        raise StudioError(f"The sound bank {soundfont.name} could not be loaded. Choose another file.") from error
    for number, channel in enumerate(channels):
        programs = [channel.program, 0] if channel.is_drum else [channel.program, channel.program // 8 * 8, 0]
        for program in programs:
            try:
                synth.program_select(number, bank, 0, program, channel.is_drum)
                break
            except RuntimeError:  # not in this bank
                continue
    return synth


def _compute(synths: list, chunk: np.ndarray, start: int, stop: int) -> None:
    if stop > start:
        for number, synth in enumerate(synths):
            chunk[number, start:stop] = np.frombuffer(synth.generate(stop - start), np.float32).reshape(-1, 2)


def _send(synth: Any, kind: int, channel: int, first: int, second: int) -> None:
    """Hands over one event, bent to the curves of General MIDI."""
    if kind == Kind.NOTE_ON:
        # its loudness follows velocity, General MIDI's the square of it
        synth.noteon(channel, first, max(1, round(second * second / 127)))
    elif kind == Kind.NOTE_OFF:
        synth.noteoff(channel, first)
    elif kind == Kind.CONTROL:
        if first in VOLUMES:  # its loudness follows the cube of volume, General MIDI's the square
            second = round(127 * (second / 127) ** (2 / 3))
        synth.control_change(channel, first, second)
    else:
        synth.pitchbend(channel, max(0, min(16_383, first + 8_192)))
