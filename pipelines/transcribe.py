"""Transcribe: the notes of a recording, as a Piece with tempo, bars and key. The one pipeline that begins with sound.

One voice is heard by its pitch (``music.hearing.hummed_notes``), several notes at a time by the network of the checkpoint
(``models.basic_pitch``). What comes is a Piece as any other; its recipe names the sound by its fingerprint, tells how it was
heard and, as ``begins_s``, when the first bar begins in the recording, so that notes can be laid over its waveform.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import symusic
import torch

from checkpoints.loading import load
from models.basic_pitch import FRAMES, HOP, KEYS, RATE_HZ, WINDOW, BasicPitch
from music.analysis.melody_key import key_of
from music.audio.encoding import Audio
from music.audio.reading import check_heard, mono
from music.bars import parse_signature
from music.errors import StudioError
from music.hearing.frame_notes import frame_notes
from music.hearing.heard_note import HeardNote
from music.hearing.hummed_notes import hummed_notes
from music.hearing.pitch_track import NOTHING, pitch_parts
from music.hearing.voices import SOUNDS_LIKE, several, voices
from music.hearing.writing_down import WrittenDown, write_down
from music.piece import Piece
from music.theory import estimate_key, parse_key, with_key
from pipelines.contract import Step, paced
from pipelines.options.transcribe import GRIDS, TranscribeOptions
from pipelines.recipes import recipe_of

VERSION = "1"

EDGE = 15
"""Frames of a window on either side that are left to its neighbors, which hear them in the middle."""

BATCH = 4
"""Windows that are heard at once: six seconds of sound."""

TRACKING = 0.15
"""The part of the work that finding the pitch of one voice is, where several notes are heard after it."""

CLIPPED = 0.001
"""The part of the samples at full scale from which on a recording counts as overdriven."""


def transcribe(sound: Audio, options: TranscribeOptions) -> Iterator[Step]:
    """Yields Steps whose piece has the notes that were heard so far; they count seconds of sound.

    Raises:
        StudioError: nothing is heard, no notes are found, or the checkpoint cannot be used.
    """
    samples = mono(sound, RATE_HZ)
    check_heard(samples)
    silent = Piece.empty().replace(title=options.title)
    yield Step((silent,), 0.0, sound.seconds, "seconds")
    track, share = NOTHING, 1.0 if options.mode == "hum" else TRACKING
    for part in pitch_parts(samples):
        track = track + part
        done = share * min(len(track) / (len(samples) / HOP), 0.99)
        yield Step((silent,), done * sound.seconds, sound.seconds, "seconds")
    heard_as = voices(track)
    mode = options.mode if options.mode != "auto" else "hum" if heard_as == "voice" else "many"
    model = load(options.checkpoint, task="transcribe") if mode == "many" else None
    notes: Sequence[HeardNote] = []
    if model is None:
        notes = hummed_notes(track)
    else:
        frames = len(samples) // HOP + 1
        for heard in paced(listen(model.model, samples)):
            notes, done = frame_notes(*heard, HOP / RATE_HZ), len(heard[0]) / frames
            if done < 1:
                piece = silent.replace(score=_written(notes, mode, options).score) if notes else silent
                yield Step((piece,), (share + (1 - share) * done) * sound.seconds, sound.seconds, "seconds")
    if not notes:
        raise StudioError("No notes are heard in this sound. Choose another one, or record it again with less noise.")
    if heard_as == "line" and mode == "many" and several(notes):
        heard_as = "few"
    written = _written(notes, mode, options)
    recipe = recipe_of("transcribe", VERSION, options, sound, model.entry if model else None)
    recipe |= {"heard_as": mode, "begins_s": round(float(written.begins_s), 3)}
    piece = silent.with_step(written.score, recipe)
    yield Step((piece,), sound.seconds, sound.seconds, "seconds", _remarks(sound, mode, heard_as))


def hear_several(model: BasicPitch, samples: np.ndarray) -> list[HeardNote]:
    """Returns the notes that the network hears in samples at RATE_HZ."""
    *_, heard = listen(model, samples)
    return frame_notes(*heard, HOP / RATE_HZ)


def listen(model: BasicPitch, samples: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields how likely each key sounds, and begins, in each frame so far, float32 [frames, 88]; the last time in all.

    Windows overlap, and begin whole frames apart, so that frame ``n`` of the whole is at ``n * HOP / RATE_HZ`` exactly: the
    authors' windows do not, and their frames drift by 8.5 ms a window.
    """
    inner = FRAMES - 2 * EDGE
    total = len(samples) // HOP + 1
    padded = np.concatenate([np.zeros(EDGE * HOP, np.float32), samples, np.zeros(WINDOW, np.float32)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[:: inner * HOP][: -(-total // inner)]
    heard = np.zeros((2, total, KEYS), np.float32)
    for first in range(0, len(windows), BATCH):
        with torch.inference_mode():
            found = model(torch.from_numpy(windows[first : first + BATCH].copy()))
        both = np.stack([part[:, EDGE:-EDGE].flatten(0, 1).numpy() for part in (found.notes, found.onsets)])
        until = min(total, first * inner + both.shape[1])
        heard[:, first * inner : until] = both[:, : until - first * inner]
        yield heard[0, :until], heard[1, :until]


def _written(notes: Sequence[HeardNote], mode: str, options: TranscribeOptions) -> WrittenDown:
    """Returns notes as a score with tempo, time signature and key signature."""
    track = symusic.Track("Melody" if mode == "hum" else "Notes", 0, False)
    signature = parse_signature(options.time_signature) if options.time_signature else None
    written = write_down(notes, track, options.tempo_bpm, signature, GRIDS[options.grid])
    score = written.score
    if options.key:
        key = parse_key(options.key)
    else:
        key = key_of(score, 0) if mode == "hum" else estimate_key(score)[0]
    return replace(written, score=with_key(written.score, key))


def _remarks(sound: Audio, mode: str, heard_as: str) -> tuple[str, ...]:
    """Returns what the user should know of how sure the notes are."""
    remarks = [SOUNDS_LIKE[heard_as]]
    if mode == "hum" and heard_as not in ("voice", "line"):
        remarks = [
            "This does not sound like one voice, so many notes will be missing. Try it as several notes at a time."
        ]
    if (np.abs(sound.samples) >= 0.999).mean() > CLIPPED:
        remarks.append(
            "The recording is overdriven, which hides notes. Record it again at a lower level if many are wrong."
        )
    return tuple(remarks)
