"""FluidSynth as the studio's synthesizer: every track on its own channel, mixed or as stems, in one pass."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import io
import itertools
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from music.audio.mastering import SILENCE
from music.audio.performance import BLOCK_FRAMES, CHORUS_SEND, Channel, Kind, Performance
from music.errors import StudioError

CHUNK_FRAMES = 64 * BLOCK_FRAMES
"""Frames that are handed over at a time, about 0.1 s: how often one can stop."""

TRACKS_PER_SYNTH = 128
"""FluidSynth's limit for separate outputs; more tracks are played by a second synthesizer in step with the first."""

DRUM_BANK = 128


@functools.cache
def library() -> Any:
    """Returns pyfluidsynth with its library loaded and quiet, or None where libfluidsynth is missing."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints where it found the library when CI is set
            import fluidsynth
    except (ImportError, OSError, AttributeError):
        return None
    native = fluidsynth._fl
    if not hasattr(native, "fluid_synth_process"):  # older than FluidSynth 2
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    native.fluid_synth_process.argtypes = [pointer, number, number, pointer, number, pointer]
    native.fluid_synth_get_active_voice_count.argtypes = [pointer]
    native.fluid_set_log_function.argtypes = [number, pointer, pointer]
    for level in range(5):
        native.fluid_set_log_function(level, None, None)
    return fluidsynth


def play(performance: Performance, soundfonts: list[Path], stems: bool, skips: bool = False) -> Generator[np.ndarray]:
    """Yields the sound, chunk after chunk, without end: after the last event what still rings, then silence.

    Args:
        performance: what to play.
        soundfonts: sound banks, the preferred one first; the others stand in for instruments that it lacks.
        stems: give one stereo sound a channel, which add up to the mix, instead of the mix.
        skips: give nothing but zeros, and fast, from where all has rung out to the next event; the echo's slow sway, which
            nobody hears then, stands still meanwhile.

    Yields:
        float32 ``[channels or 1, frames, 2]``, a new array each time.

    Raises:
        StudioError: a sound bank cannot be loaded.
    """
    channels = performance.channels
    starts = range(0, len(channels), TRACKS_PER_SYNTH)
    # chorus takes as long as all else, and few files ask for it
    chorus = any(
        event.kind == Kind.CONTROL and event.first == CHORUS_SEND and event.second for event in performance.events
    )
    synths: list[_Synth] = []
    try:
        for start in starts:
            part = channels[start : start + TRACKS_PER_SYNTH]
            synths.append(_Synth(part, soundfonts, performance.rate_hz, stems, chorus))
        events = iter(performance.events)
        event = next(events, None)
        outputs, is_still = len(channels) if stems else 1, False
        for chunk_start in itertools.count(0, CHUNK_FRAMES):
            if is_still and (event is None or event.frame >= chunk_start + CHUNK_FRAMES):
                yield np.zeros((outputs, CHUNK_FRAMES, 2), np.float32)
                continue
            at = 0
            while event is not None and event.frame < chunk_start + CHUNK_FRAMES:
                if event.frame - chunk_start > at:
                    for synth in synths:
                        synth.compute(at, event.frame - chunk_start)
                    at = event.frame - chunk_start
                synths[event.channel // TRACKS_PER_SYNTH].send(event.kind, event.channel % TRACKS_PER_SYNTH, *event[3:])
                event = next(events, None)
            for synth in synths:
                synth.compute(at, CHUNK_FRAMES)
            parts = [synth.take() for synth in synths]
            is_still = skips and not any(synth.voices for synth in synths) and max(map(_peak, parts)) < SILENCE
            yield np.concatenate(parts) if stems else sum(parts[1:], parts[0])
    finally:
        for synth in synths:
            synth.close()


def _peak(samples: np.ndarray) -> float:
    return float(max(samples.max(initial=0), -samples.min(initial=0)))


class _Synth:
    """One FluidSynth with up to 128 channels and a buffer of one chunk. Not for two threads at once."""

    def __init__(
        self, channels: tuple[Channel, ...], soundfonts: list[Path], rate_hz: int, stems: bool, chorus: bool
    ) -> None:
        """Loads the banks and gives each channel its instrument; frees all again where that fails."""
        module = library()
        outputs = len(channels) if stems else 1
        self._native = module._fl
        self._synth = module.Synth(
            gain=0.5,
            samplerate=rate_hz,
            channels=-(-len(channels) // 16) * 16,
            **{
                "synth.polyphony": 512,
                "synth.audio-channels": outputs,
                "synth.audio-groups": outputs,
                # a reverb and a chorus for each output, so that stems with their echoes add up to the mix
                "synth.effects-groups": outputs,
                "synth.reverb.active": 1,
                "synth.chorus.active": int(chorus),
                "synth.dynamic-sample-loading": 1,
            },
        )
        self._buffer = np.zeros((outputs, 2, CHUNK_FRAMES), np.float32)
        output = self._buffer.ctypes.data + np.arange(2 * outputs, dtype=np.uint64) * (4 * CHUNK_FRAMES)
        # FluidSynth adds to what it is given: dry sound, reverb and chorus of an output all go into the same buffer
        effects = np.repeat(output.reshape(outputs, 1, 2), 2, axis=1).ravel()
        self._pointers = np.concatenate([output, effects])
        self._outputs = outputs
        try:
            banks = [self._synth.sfload(str(path)) for path in soundfonts]
            if -1 in banks:
                name = soundfonts[banks.index(-1)].name
                raise StudioError(f"The sound bank {name} could not be loaded. Choose another .sf2 or .sf3 file.")
            for number, channel in enumerate(channels):
                self._choose(number, channel, banks)
        except BaseException:
            self.close()
            raise

    def _choose(self, number: int, channel: Channel, banks: list[int]) -> None:
        """Gives a channel its instrument, or the nearest one that a bank has: the standard kit, the family's first."""
        if channel.is_drum:
            wanted = [(DRUM_BANK, channel.program), (DRUM_BANK, 0)]
        else:
            wanted = [(0, channel.program), (0, channel.program // 8 * 8), (0, 0)]
        for bank, program in wanted:
            for loaded in banks:
                if self._synth.program_select(number, loaded, bank, program) == 0:
                    return
        self._synth.program_unset(number)

    def send(self, kind: int, channel: int, first: int, second: int) -> None:
        """Hands over one event."""
        if kind == Kind.NOTE_ON:
            self._synth.noteon(channel, first, second)
        elif kind == Kind.NOTE_OFF:
            self._synth.noteoff(channel, first)
        elif kind == Kind.CONTROL:
            self._synth.cc(channel, first, second)
        else:
            self._synth.pitch_bend(channel, first)

    def compute(self, start: int, stop: int) -> None:
        """Adds the sound of frames ``[start, stop)`` to the chunk."""
        if stop <= start:
            return
        pointers = self._pointers + np.uint64(4 * start)
        dry = 2 * self._outputs
        self._native.fluid_synth_process(
            self._synth.synth, stop - start, 2 * dry, pointers.ctypes.data + 8 * dry, dry, pointers.ctypes.data
        )

    @property
    def voices(self) -> int:
        """How many notes sound, or are about to."""
        return int(self._native.fluid_synth_get_active_voice_count(self._synth.synth))

    def take(self) -> np.ndarray:
        """Returns the chunk ``[outputs, frames, 2]`` and begins the next."""
        chunk = self._buffer.transpose(0, 2, 1).copy()
        self._buffer.fill(0)
        return chunk

    def close(self) -> None:
        """Frees the synthesizer."""
        self._synth.delete()
