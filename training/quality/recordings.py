"""Recordings of which it is known what is played in them: hums that are made up, and pieces that are rendered.

``note_scores`` tells how well notes were heard; a note is right whose pitch is, and whose beginning is within 50 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import symusic

from music.audio.encoding import Audio
from music.audio.render import render
from music.bars import bar_grid, tempo_map, ticks_to_seconds
from music.edit import slice_bars
from music.hearing.heard_note import HeardNote
from music.piece import Piece
from training.data.prepare import Source
from training.quality import hums
from training.quality.report import excerpts

RATE_HZ = 22_050
SECONDS = 20.0
HUM_SECONDS = 12.0
FEWEST_NOTES = 10

RENDERED = {"piano": "piano_polish_chopin", "solo": "folk_pd", "band": "gm_free_games"}
"""Kinds of rendered recordings, and the data set that each is from; a solo is played by one of SOLOISTS, a band has drums."""

SOLOISTS = (0, 24, 40, 42, 52, 56, 60, 65, 68, 71, 73, 79)
NOISES_DB = (20.0, 10.0)
SLOWER = (1.2, 2.0)
"""Hums take so many times as long as the fiddle tunes that they are of."""

ONSET_S = 0.05


@dataclass(frozen=True, eq=False)
class Recording:
    """Sound, and what is heard in it.

    Attributes:
        kind: such as "piano" or "hum, low, 20 dB".
        sound: at RATE_HZ.
        notes: of all but the drums.
        tempo_bpm: quarter notes a minute at its beginning.
        piece: that was rendered; None for a hum.
    """

    kind: str
    sound: Audio
    notes: list[HeardNote]
    tempo_bpm: float
    piece: Piece | None = None


def notes_of(score: symusic.Score, seconds: float) -> list[HeardNote]:
    """Returns the notes of a score that begin in its first seconds, those of drums left out, in order."""
    found = []
    for track in score.tracks:
        if track.is_drum or not len(track.notes):
            continue
        notes = track.notes.numpy()
        starts = ticks_to_seconds(score, notes["time"])
        ends = ticks_to_seconds(score, notes["time"] + notes["duration"])
        for start, end, pitch, velocity in zip(starts, ends, notes["pitch"], notes["velocity"], strict=True):
            if start < seconds:
                found.append(HeardNote(float(start), float(min(end, seconds)), int(pitch), float(velocity) / 127))
    return sorted(found)


def hummed(sources: Sequence[Source], count: int, rng: np.random.Generator) -> Iterator[Recording]:
    """Yields so many tunes, each as a low and a high voice hum it in turn, once for each noise of NOISES_DB."""
    for number, score in enumerate(excerpts(sources, count, rng)):
        voice = list(hums.VOICES)[number % len(hums.VOICES)]
        slower = float(rng.uniform(*SLOWER))
        sung = hums.tune(notes_of(score, HUM_SECONDS), hums.VOICES[voice], HUM_SECONDS, slower, rng)
        if len(sung) < FEWEST_NOTES:
            continue
        seed = int(rng.integers(2**31))
        for noise_db in NOISES_DB:
            samples = hums.hum(sung, hums.VOICES[voice], HUM_SECONDS, noise_db, np.random.default_rng(seed))
            yield Recording(f"hum, {voice}, {noise_db:.0f} dB", stereo(samples), sung, _tempo(score) / slower)


def rendered(
    kind: str, sources: Sequence[Source], count: int, rng: np.random.Generator, soundfont: Path | None = None
) -> Iterator[Recording]:
    """Yields so many pieces of a kind of RENDERED, played by a synthesizer.

    Args:
        kind: one of RENDERED.
        sources: of its data set.
        count: how many are wanted.
        rng: chooses them.
        soundfont: that plays them; by default the best that is found.
    """
    for score in excerpts(sources, 4 * count, rng):
        with_drums = any(track.is_drum and len(track.notes) for track in score.tracks)
        notes = notes_of(score, SECONDS)
        if len(notes) < FEWEST_NOTES or (kind == "band") != with_drums:
            continue
        if kind == "solo":
            program = int(rng.choice(SOLOISTS))
            for track in score.tracks:
                track.program = program
        audio = render(Piece(first_seconds(score)), soundfont, RATE_HZ)
        if not isinstance(audio, Audio):
            continue
        sound = Audio(audio.samples[: int(SECONDS * RATE_HZ)], RATE_HZ)
        yield Recording(kind, sound, notes, _tempo(score), Piece(score))
        count -= 1
        if not count:
            return


def _tempo(score: symusic.Score) -> float:
    return float(tempo_map(score)[2][0])


def first_seconds(score: symusic.Score) -> symusic.Score:
    """Returns the bars of a score that begin in its first SECONDS, so that no more is rendered."""
    starts = ticks_to_seconds(score, np.array([bar.start for bar in bar_grid(score)]))
    return slice_bars(score, 0, int((starts < SECONDS).sum()))


def stereo(samples: np.ndarray) -> Audio:
    """Returns mono samples at RATE_HZ as sound."""
    return Audio(np.repeat(np.asarray(samples, np.float32)[:, None], 2, axis=1), RATE_HZ)


def note_scores(reference: Sequence[HeardNote], heard: Sequence[HeardNote]) -> tuple[float, float, float, float]:
    """Returns precision, recall, F1 by beginnings, and F1 where ends count too (within 50 ms or a fifth of the note)."""
    from mir_eval.transcription import precision_recall_f1_overlap

    if not reference or not heard:
        return 0.0, 0.0, 0.0, 0.0
    real, found = _arrays(reference), _arrays(heard)
    precision, recall, f1, _ = precision_recall_f1_overlap(*real, *found, onset_tolerance=ONSET_S, offset_ratio=None)
    whole = precision_recall_f1_overlap(*real, *found, onset_tolerance=ONSET_S)[2]
    return precision, recall, f1, whole


def _arrays(notes: Sequence[HeardNote]) -> tuple[np.ndarray, np.ndarray]:
    """Returns begin and end [notes, 2], and frequencies [notes], as mir_eval takes them."""
    times = np.array([(note.start_s, max(note.end_s, note.start_s + 0.01)) for note in notes])
    return times, 440 * 2 ** ((np.array([note.pitch for note in notes], float) - 69) / 12)
