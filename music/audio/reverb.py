"""How much reverb the synthesizer gives each track, so that a player can do the same while the music plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import symusic

from music.audio.render import Audio, raw_stems
from music.mixing import REVERB
from music.piece import Piece

_PROBE_HZ = 44_100  # the player's: at others FluidSynth gives more or less
_QUARTER = 480  # ticks, half a second
_NOTES = 3


def reverb_strengths(piece: Piece, soundfont: str | Path | None = None) -> dict[int, float]:
    """Returns how strong the reverb of each track with notes is when CC91 asks for all of it.

    It is heard of some notes of each, for sound banks differ, and within them instruments.

    Args:
        piece: what is played.
        soundfont: as ``render`` takes it.

    Returns:
        By track the level of one side of the reverb, as a share of that of the mean of both sides of what is dry.
    """
    dry, wet = (_samples(_probe(piece, send), soundfont) for send in (0, 127))
    places = [number for number, track in enumerate(piece.score.tracks) if len(track.notes)]
    return {number: _strength(*both) for number, *both in zip(places, dry, wet, strict=True)}


def _samples(piece: Piece, soundfont: str | Path | None) -> list[np.ndarray]:
    stems = raw_stems(piece, soundfont, _PROBE_HZ)
    return [stem.audio.samples for stem in stems if isinstance(stem.audio, Audio)]  # as all are that are so short


def _strength(dry: np.ndarray, wet: np.ndarray) -> float:
    frames = min(len(dry), len(wet))
    reverb = wet[:frames] - dry[:frames]
    direct = float((dry.mean(1) ** 2).sum())
    return float(np.sqrt((reverb**2).sum() / 2 / direct)) if direct else 0.0


def _probe(piece: Piece, send: int) -> Piece:
    """Returns short notes of each track that has some, at pitches of its middle, with so much reverb."""
    score = symusic.Score(_QUARTER)
    for track in piece.score.tracks:
        if not len(track.notes):
            continue
        pitches = np.sort(track.notes.numpy()["pitch"])
        probe = symusic.Track(track.name, track.program, track.is_drum)
        for place in range(_NOTES):  # one alone may meet its own echo
            pitch = pitches[len(pitches) * (place + 1) // (_NOTES + 1)]
            probe.notes.append(symusic.Note(place * _QUARTER // 2, _QUARTER // 2, int(pitch), 100))
        probe.controls.append(symusic.ControlChange(0, REVERB, send))
        score.tracks.append(probe)
    return Piece(score)
