"""Harmonize: a sequence-to-sequence Transformer accompanies a melody, which stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from checkpoints.loading import Checkpoint, load
from music.chords import NO_CHORD, Chord
from music.instruments import BASSES, DRUMS
from music.piece import Piece
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, MAX_STEP, Octuple, StepField
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.assemble import assemble
from pipelines.accompaniment.band import BandConstraints, BandSampler, backbeats
from pipelines.accompaniment.chords import choose_chords, in_style
from pipelines.accompaniment.constraints import ChordConstraints, HarmonicGrid, limits_of
from pipelines.accompaniment.notes import AccompanimentNote
from pipelines.accompaniment.part_writing import write_voices
from pipelines.accompaniment.progressions import find_progressions
from pipelines.accompaniment.request import AccompanimentRequest, accompaniment_request
from pipelines.accompaniment.sampler import AccompanimentSampler, EncoderInput, decoder_context, stage_randomness
from pipelines.accompaniment.styled import write_styled
from pipelines.contract import Step, paced
from pipelines.decoding.sampler import NoteSampler
from pipelines.locks import locked_notes, notes_at, with_locked
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.recipes import recipe_of

VERSION = "6"
NOTE_STAGE = 3  # which random numbers
ALMOST = 0.999  # the most of the bars being written that counts as done: only the last Step may say that all is


class Draft(NamedTuple):
    """One variant as far as it is written: the chord of each beat, None where it is still open, and the new notes."""

    chords: Sequence[Chord | None]
    notes: Sequence[AccompanimentNote] = ()


def harmonize(piece: Piece, options: HarmonizeOptions) -> Iterator[Step]:
    """Yields Steps whose pieces are the melody with an accompaniment; one piece a variant.

    The melody's track comes first and stays bit for bit; other tracks give way to the accompaniment, but for notes that are
    locked. With ``options.bars`` all that starts outside those bars stays too. The chords stand in the score as symbols.

    Raises:
        StudioError: the checkpoint cannot be used, there is no melody, or the options do not fit the piece.
    """
    # Scores take long to build: ``paced`` leaves out drafts on the way, but never the last.
    for _, step in paced(looks(piece, options)):
        yield step()


def looks(piece: Piece, options: HarmonizeOptions) -> Iterator[tuple[float, Callable[[], Step]]]:
    """Yields the share that is done, and what builds the Step of ``harmonize`` at that moment; whoever has no time need not.

    Raises:
        StudioError: see ``harmonize``.
    """
    checkpoint = load(options.checkpoint, task="harmonize")
    request = accompaniment_request(piece, options)
    total = float(request.bar_count * (1 if options.style == "chords" else 2))
    recipe = recipe_of("harmonize", VERSION, options, piece, checkpoint.entry) | {
        "melody": request.melody,
        "key": request.key.name,
    }

    def built(drafts: Sequence[Draft], done: float) -> Step:
        scores = [assemble(request, options, draft.notes, draft.chords) for draft in drafts]
        if done < total:
            return Step(tuple(piece.replace(score=score) for score in scores), done, total, "bars")
        steps = (piece.with_step(score, {**recipe, "variant": number}) for number, score in enumerate(scores))
        return Step(tuple(_with_locks(piece, made, request.staying) for made in steps), total, total, "bars")

    drafts: Sequence[Draft] = ()
    for drafts, done in _drafts(checkpoint, request, options):
        if done < total or options.style == "chords":  # whose network gives them all at once
            done = min(done, ALMOST * total)
            yield done / total, partial(built, drafts, done)
    yield 1.0, partial(built, drafts, total)


def _with_locks(piece: Piece, made: Piece, staying: Sequence[int]) -> Piece:
    """Returns what was made of a piece with its locks; these tracks of the piece are the first ones now."""
    locked = [note for note in notes_at(piece, locked_notes(piece)) if note[0] in staying]
    return with_locked(piece, made, [(staying.index(note[0]), *note[1:]) for note in locked]) if locked else made


def _drafts(
    checkpoint: Checkpoint, request: AccompanimentRequest, options: HarmonizeOptions
) -> Iterator[tuple[list[Draft], float]]:
    """Yields all variants as far as they are written, and how many bars are: first for the chords, then for the notes."""
    chords: list[tuple[Chord | None, ...]] = []
    find = find_progressions if hasattr(checkpoint.model, "chords") else choose_chords  # older ones write beat by beat
    for found, share in find(checkpoint, request, options):
        chords = [in_style(one, request, options.usage) for one in found]
        yield [Draft(one) for one in chords], request.bar_count * share
    if options.style == "chorale":
        yield from _write_chorale(checkpoint, request, options, chords)
    elif options.groove:
        notes = (write_styled(request, options.groove, of_variant, options.seed) for of_variant in chords)
        yield [Draft(one, tuple(played)) for one, played in zip(chords, notes, strict=True)], 2.0 * request.bar_count
    elif options.style != "chords":
        yield from _write_notes(checkpoint, request, options, chords)


def _write_chorale(
    checkpoint: Checkpoint,
    request: AccompanimentRequest,
    options: HarmonizeOptions,
    chords: Sequence[Sequence[Chord | None]],
) -> Iterator[tuple[list[Draft], float]]:
    """Yields all variants and how many bars are done, as three voices are written under chords."""
    drafts, count = [], request.bar_count
    for voices in write_voices(checkpoint, request, options, chords, _existing_rows(request, options)):
        reached = min((max((note.position for note in notes), default=0) for notes in voices), default=0)
        drafts = [Draft(of_variant, notes) for of_variant, notes in zip(chords, voices, strict=True)]
        yield drafts, count + min(_bars_before(request, reached), count * ALMOST)
    yield drafts, 2.0 * count


def _write_notes(
    checkpoint: Checkpoint,
    request: AccompanimentRequest,
    options: HarmonizeOptions,
    chords: Sequence[Sequence[Chord | None]],
) -> Iterator[tuple[list[Draft], float]]:
    """Yields all variants and how many bars are done, as a bass, a piano or a band is written under chords."""
    randomness, done = stage_randomness(options, NOTE_STAGE), float(request.bar_count)
    inputs = [EncoderInput(request, of_variant) for of_variant in chords]
    band = getattr(checkpoint.model, "band", None)  # older ones write with the Transformer
    existing = _existing_rows(request, options)
    inside = np.array([request.writes(bar) for bar in (existing[:, Octuple.BAR] - FIRST).tolist()], dtype=bool)
    rows_before = [existing[~inside]] * options.variants
    drafts = [Draft(of_variant) for of_variant in chords]
    programs = frozenset(player.role for player in request.players)
    modal = request.key.is_church_mode and not request.chords_are_typed
    scale = request.key.scale if modal else frozenset()
    for first, last in request.bar_ranges:
        variants: list[ChordConstraints] = []
        for of_variant, rows in zip(chords, rows_before, strict=True):
            grid = _harmonic_grid(request, of_variant, first, last)
            step = min(first - decoder_context(request, rows, first)[2], MAX_STEP)
            limits = limits_of(grid, programs, request.shift, step, scale)
            if band is None:
                variants.append(ChordConstraints(limits, grid=grid))
            else:
                variants.append(BandConstraints(limits, grid=grid, backbeats=backbeats(request, options, grid)))
        finished = drafts
        given = (rows_before, variants, first, options, randomness)
        sampler: NoteSampler
        if band is not None:
            sampler = BandSampler(band, request, chords, *given)
        else:
            sampler = AccompanimentSampler(checkpoint, request, inputs, *given)
        for _ in sampler:
            yield (
                _with_notes(finished, request, variants, first),
                done + min(one.bars_done for one in variants) * ALMOST,
            )
        drafts = _with_notes(finished, request, variants, first)
        new_rows = [
            tokens.from_steps(np.array(one.rows, dtype=np.int64).reshape(-1, 8), first - one.limits.first_step)
            for one in variants
        ]
        rows_before = [
            rows[accompaniment.in_order(rows)]
            for rows in (np.concatenate(both) for both in zip(rows_before, new_rows, strict=True))
        ]
        done += last - first
    yield drafts, 2.0 * request.bar_count


def _existing_rows(request: AccompanimentRequest, options: HarmonizeOptions) -> np.ndarray:
    """Returns the accompaniment that some bars are added to, as the model writes it; none where all is new."""
    if not options.bars:
        return np.zeros((0, 8), np.int16)
    return accompaniment.move(request.existing_rows(), request.shift)


def _harmonic_grid(
    request: AccompanimentRequest, chords: Sequence[Chord | None], first: int, last: int
) -> HarmonicGrid:
    """Returns what the bars ``first`` up to ``last`` must keep to, as the model writes."""
    grid = request.grid
    here = np.flatnonzero((grid.beat_bars >= first) & (grid.beat_bars < last))
    origin = int(grid.bar_starts[first])
    onsets = grid.beat_positions[here] - origin
    downbeats = here[np.searchsorted(grid.beat_bars[here], np.arange(first, last))]
    moved = [
        chord if chord in (None, NO_CHORD) else chord.transposed(request.shift)
        for chord in (chords[beat] for beat in here.tolist())
    ]
    return HarmonicGrid(
        bar_starts=tuple((grid.bar_starts[first : last + 1] - origin).tolist()),
        signatures=tuple(grid.beat_rows[downbeats, Octuple.SIGNATURE].tolist()),
        tempos=tuple(grid.beat_rows[downbeats, Octuple.TEMPO].tolist()),
        beat_starts=(*onsets.tolist(), int(grid.bar_starts[last]) - origin),
        chords=tuple(moved),
        chords_are_typed=request.chords_are_typed,
        bass_roles=frozenset(p.role for p in request.players if p.program in BASSES or p.name == "Bass"),
        sounding_programs={p.role: FIRST + p.program for p in request.players if p.program != DRUMS},
    )


def _with_notes(
    drafts: Sequence[Draft], request: AccompanimentRequest, variants: Sequence[ChordConstraints], first: int
) -> list[Draft]:
    """Returns drafts with what was written to each from the bar ``first`` on."""
    return [
        draft._replace(notes=(*draft.notes, *_written_notes(request, one, first)))
        for draft, one in zip(drafts, variants, strict=True)
    ]


def _written_notes(request: AccompanimentRequest, variant: ChordConstraints, first: int) -> list[AccompanimentNote]:
    """Returns the notes of a variant that begins with the bar ``first``."""
    found, bar, durations = [], first, vocabulary().durations
    for number, row in enumerate(variant.rows):
        bar += row[StepField.STEP] - FIRST if number else 0
        pitch = row[StepField.PITCH] - FIRST
        found.append(
            AccompanimentNote(
                role=row[StepField.PROGRAM],
                position=int(request.grid.bar_starts[bar]) + row[StepField.POSITION] - FIRST,
                duration=int(durations[row[StepField.DURATION] - FIRST]),
                pitch=pitch - 128 if pitch >= 128 else pitch - request.shift,  # drums have pitches of their own
                velocity_id=row[StepField.VELOCITY],
            )
        )
    return found


def _bars_before(request: AccompanimentRequest, position: int) -> float:
    """Returns how many of the bars to be written lie before a position."""
    bar = request.grid.bar_at(position)
    return float(sum(max(0, min(bar, last) - first) for first, last in request.bar_ranges))
