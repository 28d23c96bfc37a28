"""A piece made by hand and its sound made with numpy, so that the player is tested without a synthesizer or a model."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import symusic

from music.audio.encoding import Audio, encode
from music.audio.picture import picture_of
from music.piece import Piece
from pipelines.recipes import last_recipe
from pipelines.worker.pool import Worker
from pipelines.worker.verbs import Head, Sound, Verb
from studio import jobs, media
from tests.waiting import until

RATE_HZ = 22_050
BAR_S = 4.0  # 4/4 at 60 beats a minute
BARS = 8
HEAD_BARS = 7  # so long that it is not over before a slow machine has the rest
AMPLITUDE = 0.1
TONES_HZ = (220.0, 660.0, 1760.0)  # what each track sounds: easy to tell apart in a spectrum


def piece(title: str = "By hand", semitones: int = 0, bars: int = BARS) -> Piece:
    """Returns a piano that sings "Counting one", a line a bar, a bass and drums, eight notes a bar."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 60.0))
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    for name, program, drums in (("Piano", 0, False), ("Bass <b>line</b>", 33, False), ("Drums", 0, True)):
        track = symusic.Track(name, program, drums)
        for step in range(bars * 8):
            at = step * 240
            if drums:
                track.notes.append(symusic.Note(at, 120, 42, 80))
                track.notes.append(symusic.Note(at, 120, (36, 42, 38, 42)[step % 4], 100))
            elif program:
                track.notes.append(symusic.Note(at, 200, 36 + (0, 7, 12, 7)[step % 4] + semitones, 90))
            else:
                for pitch in (60, 64, 67):
                    track.notes.append(symusic.Note(at, 220, pitch + (step * 5) % 12 + semitones, 50 + step % 8 * 9))
        score.tracks.append(track)
    for bar in range(bars):
        for beat, text in enumerate(("\rCount-", "ing ", f"{bar + 1} ")):
            score.tracks[0].lyrics.append(symusic.TextMeta(bar * 1920 + beat * 480, text))
    return Piece(score, title)


def _render(tell, piece: Piece, synthesis: str = "played") -> Sound:
    seconds = BARS * BAR_S + 0.5
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    waves = [
        AMPLITUDE * np.sin(2 * np.pi * hertz * time).astype(np.float32) for hertz in TONES_HZ[: len(piece.score.tracks)]
    ]
    ogg = [encode(Audio(np.stack([wave, wave], axis=1), RATE_HZ), "ogg") for wave in [sum(waves), *waves]]
    if Path(piece.title).is_absolute():  # a gate: until it is open, there is only the beginning, half as loud again
        beginning = 1.5 * np.stack([sum(waves)] * 2, axis=1)[: round(HEAD_BARS * BAR_S * RATE_HZ)]
        tell(Head(encode(Audio(beginning, RATE_HZ), "ogg")))
        until(Path(piece.title).exists, "the gate")
    picture = picture_of(sum(waves)) if last_recipe(piece, "audio") else None
    mix = Sound(ogg[0], (), seconds, False, picture, 1.5 if Path(piece.title).is_absolute() else 1.0)
    tell(mix)
    if synthesis != "played":
        return mix
    stems = tuple((track.name, index, data) for index, (track, data) in enumerate(zip(piece.score.tracks, ogg[1:])))
    return replace(mix, stems=stems, reverbs=((1, 0.3),))  # as if the bass had been in a room


def _encode(tell, piece: Piece, form: str, synthesis: str = "played") -> bytes:
    """Returns what stands for a file of this kind."""
    tell(0.5)
    return f"{piece.note_count} notes as {form}".encode()


VERBS = {"render": Verb("media", _render), "encode": Verb("media", _encode)}


@functools.cache
def cache() -> media.SoundCache:
    """Returns the cache of sounds that the worker makes with the verb above."""
    registry = jobs.Registry(Worker("tests.browser.apps.handmade", workers=1))
    return media.SoundCache(lambda: registry)
