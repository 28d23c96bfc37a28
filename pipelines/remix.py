"""Remix: MusicBERT writes anew what was selected, and leaves the rest as it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import symusic

from checkpoints.loading import Checkpoint, load
from music.edit import graft
from music.errors import StudioError
from music.instruments import DRUMS, parse_instrument, track_label
from music.piece import Piece
from music.tokens.columns import FIRST, Octuple
from pipelines.contract import Step
from pipelines.infilling.canvas import FILLING, Canvas, Original, prepare, read
from pipelines.infilling.instruments import choose_players, give_to
from pipelines.infilling.mask_predict import MaskPredictor
from pipelines.locks import notes_at
from pipelines.options.remix import RemixOptions
from pipelines.recipes import recipe_of

VERSION = "2"


def remix(piece: Piece, options: RemixOptions) -> Iterator[Step]:
    """Yields Steps whose pieces are the input with the selection written anew; one piece a variant.

    Locked notes, those outside the selection, and everything that is not a note, stay bit for bit; of selected notes only what
    ``options.change`` names is another. What is new comes from the model's grid; what is kept keeps its ticks.

    Raises:
        StudioError: the checkpoint cannot be used, or the options do not fit the input.
    """
    checkpoint = load(options.checkpoint, task="remix")
    original = read(piece.score, checkpoint.dialect, options)
    swaps = _swaps(original, options)
    canvases, touched = zip(*(prepare(original, options, number) for number in range(options.variants)), strict=True)
    total = 1.0
    if options.change in FILLING:
        for progress in MaskPredictor(checkpoint, options).fill(canvases):
            total = float(progress.total)
            if progress.done < progress.total:
                pieces = tuple(piece.replace(score=written(canvas)) for canvas in canvases)
                yield Step(pieces, progress.done, progress.total, "changes")
        players = [swaps] * len(canvases)
    else:
        players = [swaps | chosen for chosen in _choose(checkpoint, canvases, options, frozenset(swaps))]
    recipe, held = recipe_of("remix", VERSION, options, piece, checkpoint.entry), notes_at(piece, options.lock_notes)
    remixed = []
    for number, (canvas, bars, given) in enumerate(zip(canvases, touched, players, strict=True)):
        score = give_to(written(canvas), original.bar_starts, bars, given, held)
        remixed.append(piece.with_step(score, {**recipe, "variant": number}))
    yield Step(tuple(remixed), total, total, "changes")


def written(canvas: Canvas) -> symusic.Score:
    """Returns the score of a variant as far as it is written; what is still open stands as in the input."""
    original = canvas.original
    unfinished = canvas.open.any(axis=1) & (canvas.track >= 0)
    done = canvas.chosen & ~unfinished & (canvas.track >= 0)
    gone = canvas.gone
    if unfinished.any():
        pending = _waiting_bars(canvas, done, unfinished)
        done &= ~np.isin(canvas.bar, pending)
        gone = gone[~np.isin(original.bar[gone], pending)]
    velocities = np.clip(original.dialect.velocities, 1, 127)
    new, remove = [], [tuple(place) for place in original.origin[gone].tolist()]
    for note in np.flatnonzero(done).tolist():
        row, source = canvas.rows[note], int(canvas.source[note])
        pitch, velocity = int(row[Octuple.PITCH]) - FIRST, int(velocities[row[Octuple.VELOCITY] - FIRST])
        pitch = pitch - 128 if pitch >= 128 else pitch - original.shift
        if source >= 0:
            track, index = original.origin[source].tolist()
            was = original.score.tracks[track].notes[index]
            if row[Octuple.PITCH] == original.rows[source, Octuple.PITCH]:
                pitch = was.pitch
            if row[Octuple.VELOCITY] == original.rows[source, Octuple.VELOCITY]:
                velocity = was.velocity
            remove.append((track, index))
        new.append((int(canvas.track[note]), int(canvas.start[note]), int(canvas.length[note]), pitch, velocity))
    return graft(original.score, new, remove)


def _waiting_bars(canvas: Canvas, done: np.ndarray, unfinished: np.ndarray) -> np.ndarray:
    """Returns the bars that are not shown yet: those of which not all is written, and those whose new notes would sound
    at once with a note of their pitch that still stands in such a bar as in the input."""
    original, pending = canvas.original, np.unique(canvas.bar[unfinished])
    ends = canvas.start + canvas.length
    while True:
        shown = np.flatnonzero(done & ~np.isin(canvas.bar, pending))
        sources = canvas.source[canvas.chosen & (canvas.source >= 0) & np.isin(canvas.bar, pending)]
        old = np.concatenate([sources, canvas.gone[np.isin(original.bar[canvas.gone], pending)]])
        meet = (canvas.start[shown, None] < (original.start + original.length)[old]) & (
            ends[shown, None] > original.start[old]
        )
        meet &= canvas.track[shown, None] == original.origin[old, 0]
        meet &= canvas.rows[shown, Octuple.PITCH, None] == original.rows[old, Octuple.PITCH]
        if not meet.any():
            return pending
        pending = np.union1d(pending, canvas.bar[shown[meet.any(axis=1)]])


def _swaps(original: Original, options: RemixOptions) -> dict[int, int]:
    """Returns the program that each track is asked to change to."""
    found = {track: parse_instrument(name) for track, name in options.instruments}
    for track, program in found.items():
        if track >= len(original.score.tracks):
            raise StudioError(
                f"There is no track {track} to change the instrument of. Choose 0 to {len(original.score.tracks) - 1}."
            )
        if track not in original.tracks:
            raise StudioError(
                f"Track {track} ({_name(original, track)}) is locked or not selected, so it keeps its instrument. "
                "Select and unlock it, or leave its instrument as it is."
            )
        if (program == DRUMS) != original.score.tracks[track].is_drum or program == DRUMS:
            raise StudioError(
                f"Track {track} ({_name(original, track)}) cannot change between drums and pitches. Choose another instrument or track."
            )
    return found


def _name(original: Original, track: int) -> str:
    return track_label(original.score.tracks[track])


def _choose(
    checkpoint: Checkpoint, canvases: tuple[Canvas, ...], options: RemixOptions, given: frozenset[int]
) -> list[dict[int, int]]:
    """Returns for each variant a new program for some tracks, as many as the amount asks for; none of those given.

    Raises:
        StudioError: no track with pitches is selected.
    """
    original = canvases[0].original
    playing = set(original.origin[original.selected(original.bars), 0].tolist())
    pitched = [track for track in sorted(playing) if not original.score.tracks[track].is_drum]
    if not pitched:
        raise StudioError("Only drums are selected, and drums stay drums. Select a track with pitches.")
    free = [track for track in pitched if track not in given]
    wanted = int(np.floor(options.amount / 100 * len(pitched) + 0.5)) if options.amount else 0
    wanted = min(len(free), max(wanted, 1 if options.amount and not given else 0))
    predictor = MaskPredictor(checkpoint, options)
    return [choose_players(predictor, canvas, free, wanted, options) for canvas in canvases]
