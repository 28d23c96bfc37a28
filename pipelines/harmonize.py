"""Harmonize: a sequence-to-sequence Transformer accompanies a melody, which stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import symusic

from checkpoints.loading import Checkpoint, load
from music.chords import NO_CHORD, Chord
from music.instruments import DRUMS
from music.piece import Piece
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, MAX_STEP, Octuple, StepField
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.assemble import join
from pipelines.accompaniment.chords import choose_chords
from pipelines.accompaniment.constraints import Following, Frame, limits_of
from pipelines.accompaniment.part_writing import write_voices
from pipelines.accompaniment.request import BASSES, Commission, commission
from pipelines.accompaniment.sampler import Accompanist, Score, before, draws
from pipelines.contract import Step, paced
from pipelines.options import HarmonizeOptions
from pipelines.recipes import recipe_of

VERSION = "1"
NOTE_STAGE = 3  # which random numbers


def harmonize(piece: Piece, options: HarmonizeOptions) -> Iterator[Step]:
    """Yields Steps whose pieces are the melody with an accompaniment; one piece a variant.

    The melody's track comes first and stays bit for bit; other tracks give way to the accompaniment. With
    ``options.bars`` all that starts outside those bars stays too. The chords stand in the score as symbols.

    Raises:
        StudioError: the checkpoint cannot be used, there is no melody, or the options do not fit the piece.
    """
    checkpoint = load(options.checkpoint, task="harmonize")
    asked = commission(piece, options)
    total = float(asked.bars * (1 if options.style == "chords" else 2))
    recipe = recipe_of("harmonize", VERSION, options, piece, checkpoint.entry) | {
        "melody": asked.melody,
        "key": asked.key.name,
    }
    scores: Sequence[symusic.Score] = ()
    for scores, done in _stages(checkpoint, asked, options):
        if done < total:
            yield Step(tuple(piece.replace(score=score) for score in scores), done, total, "bars")
    pieces = tuple(piece.with_step(score, {**recipe, "variant": number}) for number, score in enumerate(scores))
    yield Step(pieces, total, total, "bars")


def _stages(
    checkpoint: Checkpoint, asked: Commission, options: HarmonizeOptions
) -> Iterator[tuple[list[symusic.Score], float]]:
    """Yields the scores of all variants as far as they are written, and how many bars are."""
    for found, share in paced(choose_chords(checkpoint, asked, options)):
        if share < 1:
            yield [join(asked, options, [], chords) for chords in found], asked.bars * share
    if options.style == "chords":
        yield [join(asked, options, [], chords) for chords in found], float(asked.bars)
        return
    yield from (_voices if options.style == "chorale" else _notes)(checkpoint, asked, options, found)


def _voices(
    checkpoint: Checkpoint, asked: Commission, options: HarmonizeOptions, chords: list[list[Chord | None]]
) -> Iterator[tuple[list[symusic.Score], float]]:
    """Yields scores and bars as three voices are written under chords."""
    kept = accompaniment.move(asked.kept_rows(), asked.shift) if options.bars else np.zeros((0, 8), np.int16)
    voices: list[list[tuple[int, int, int, int, int]]] = []  # filled on, however many looks are taken
    for voices in paced(write_voices(checkpoint, asked, options, chords, kept)):
        reached = min((max((note[1] for note in notes), default=0) for notes in voices), default=0)
        scores = [join(asked, options, notes, one) for notes, one in zip(voices, chords, strict=True)]
        yield scores, asked.bars + min(_bars_before(asked, reached), asked.bars - 0.01)
    yield [join(asked, options, notes, one) for notes, one in zip(voices, chords, strict=True)], 2.0 * asked.bars


def _notes(
    checkpoint: Checkpoint, asked: Commission, options: HarmonizeOptions, chords: list[list[Chord | None]]
) -> Iterator[tuple[list[symusic.Score], float]]:
    """Yields scores and bars as a bass, a piano or a band is written under chords."""
    randomness, done = draws(options, NOTE_STAGE), float(asked.bars)
    reads = [Score(asked, one) for one in chords]
    existing = accompaniment.move(asked.kept_rows(), asked.shift) if options.bars else np.zeros((0, 8), np.int16)
    inside = np.array([asked.writes(bar) for bar in (existing[:, Octuple.BAR] - FIRST).tolist()], dtype=bool)
    kept = [existing[~inside]] * options.variants
    written: list[list[tuple[int, int, int, int, int]]] = [[] for _ in chords]
    programs = frozenset(player.role for player in asked.players)
    for first, last in asked.stretches:
        variants = []
        for one, rows in zip(chords, kept, strict=True):
            frame = _frame(asked, one, first, last)
            step = min(first - before(asked, rows, first)[2], MAX_STEP)
            variants.append(Following(limits_of(frame, programs, asked.shift, step), frame=frame))
        writer = Accompanist(checkpoint, asked, reads, kept, variants, first, options, randomness)
        for _ in writer:
            now = [old + _sounding(asked, one, first) for old, one in zip(written, variants, strict=True)]
            scores = [join(asked, options, notes, one) for notes, one in zip(now, chords, strict=True)]
            yield scores, done + min(one.bars_done for one in variants) * 0.999
        written = [old + _sounding(asked, one, first) for old, one in zip(written, variants, strict=True)]
        new_rows = [
            tokens.from_steps(np.array(one.rows, dtype=np.int64).reshape(-1, 8), first - one.limits.first_step)
            for one in variants
        ]
        kept = [
            rows[accompaniment.in_order(rows)] for rows in (np.concatenate(p) for p in zip(kept, new_rows, strict=True))
        ]
        done += last - first
    yield [join(asked, options, notes, one) for notes, one in zip(written, chords, strict=True)], 2.0 * asked.bars


def _frame(asked: Commission, chords: Sequence[Chord | None], first: int, last: int) -> Frame:
    """Returns what the bars ``first`` up to ``last`` must follow, as the model writes."""
    bars = asked.beats[:, Octuple.BAR].astype(np.int64) - FIRST
    here = np.flatnonzero((bars >= first) & (bars < last))
    origin = int(asked.starts[first])
    onsets = asked.beat_positions[here] - origin
    heads = here[np.searchsorted(bars[here], np.arange(first, last))]
    moved = [
        chord if chord in (None, NO_CHORD) else chord.transposed(asked.shift) for chord in (chords[b] for b in here)
    ]
    return Frame(
        starts=tuple((asked.starts[first : last + 1] - origin).tolist()),
        signatures=tuple(asked.beats[heads, Octuple.SIGNATURE].tolist()),
        tempos=tuple(asked.beats[heads, Octuple.TEMPO].tolist()),
        beats=(*onsets.tolist(), int(asked.starts[last]) - origin),
        chords=tuple(moved),
        typed=asked.typed,
        bass_line=frozenset(p.role for p in asked.players if p.program in BASSES or p.name == "Bass"),
        players={p.role: FIRST + p.program for p in asked.players if p.program != DRUMS},
    )


def _sounding(asked: Commission, writing: Following, first: int) -> list[tuple[int, int, int, int, int]]:
    """Returns the notes of a writing as (role, position, length in positions, pitch as it sounds, velocity id)."""
    found, bar = [], 0
    lengths = vocabulary().durations
    for number, row in enumerate(writing.rows):
        bar += row[StepField.STEP] - FIRST if number else 0
        position = int(asked.starts[first + bar]) + row[StepField.POSITION] - FIRST
        pitch = row[StepField.PITCH] - FIRST
        pitch = pitch - 128 if pitch >= 128 else pitch - asked.shift
        found.append(
            (
                row[StepField.PROGRAM],
                position,
                int(lengths[row[StepField.DURATION] - FIRST]),
                pitch,
                row[StepField.VELOCITY],
            )
        )
    return found


def _bars_before(asked: Commission, position: int) -> float:
    """Returns how many of the bars to be written lie before a position."""
    bar = int(np.searchsorted(asked.starts, position, side="right")) - 1
    return float(sum(max(0, min(bar, last) - first) for first, last in asked.stretches))
