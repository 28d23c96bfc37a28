"""Audio: a conditional bidirectional GRU writes music after four seconds of sound and some words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import symusic

from checkpoints.loading import load
from music.bars import bar_grid
from music.edit import add_track, graft
from music.instruments import instrument_name
from music.piece import Piece
from music.tokens.patches import (
    DRUM_KEYS,
    DURATIONS,
    FAMILY_PROGRAMS,
    KEYS,
    LOWEST,
    PATCHES_PER_QUARTER,
    VELOCITIES,
    Cell,
    family_of,
)
from pipelines.contract import Step
from pipelines.options.audio import AudioOptions
from pipelines.patches.asking import Asked, settle_asked
from pipelines.patches.writer import PatchWriter
from pipelines.recipes import recipe_of
from pipelines.wording import distilgpt2

VERSION = "1"


def audio(piece: Piece, options: AudioOptions) -> Iterator[Step]:
    """Yields Steps whose pieces are the input followed by new music; one piece a variant.

    Raises:
        StudioError: the checkpoint cannot be used.
    """
    checkpoint = load(options.checkpoint, task="audio")
    options = _with_encoder(options)
    asked = settle_asked(piece, options)
    writers = [PatchWriter(checkpoint.model, asked.request(options, variant)) for variant in range(options.variants)]
    pieces = [build(piece, asked, writer.notes) for writer in writers]
    total = options.seconds
    for places in zip(*writers):
        pieces = [build(piece, asked, writer.notes) for writer in writers]
        done = min(places[0] / asked.patches, 0.999) * total
        yield Step(tuple(pieces), done, total, "seconds")
    recipe = recipe_of("audio", VERSION, options, piece, checkpoint.entry)
    finished = tuple(made.with_step(made.score, {**recipe, "variant": number}) for number, made in enumerate(pieces))
    yield Step(finished, total, total, "seconds")


def keep(piece: Piece, options: AudioOptions, step: Step) -> Step:
    """Returns a Step at which the writing was stopped, its pieces with a recipe that says so: their sound is colored by it."""
    entry, options = load(options.checkpoint, task="audio").entry, _with_encoder(options)
    recipe = recipe_of("audio", VERSION, options, piece, entry) | {"stopped": step.done}
    kept = (made.with_step(made.score, {**recipe, "variant": number}) for number, made in enumerate(step.pieces))
    return replace(step, pieces=tuple(kept))


def _with_encoder(options: AudioOptions) -> AudioOptions:
    """Returns options that say which encoder there is, so that the recipe gives the same when another has come."""
    if options.encoder != "auto":
        return options
    return replace(options, encoder="distilgpt2" if distilgpt2.is_here() else "words-small")


def build(piece: Piece, asked: Asked, notes: np.ndarray) -> Piece:
    """Returns what was there before with these notes after it, int64 ``[notes, 5]`` with columns Cell."""
    score, unit = _prepared(asked), asked.base.ticks_per_quarter // PATCHES_PER_QUARTER
    first = round(asked.start_tick / unit)
    end = first + asked.patches
    fresh = notes[(notes[:, Cell.PATCH] >= first) & (notes[:, Cell.PATCH] < end)]
    stop = np.minimum(fresh[:, Cell.PATCH] + np.array(DURATIONS)[fresh[:, Cell.DURATION]], end)
    if len(fresh):  # the last chord rings to the end
        stop = np.where(fresh[:, Cell.PATCH] == fresh[-1, Cell.PATCH], end, stop)
    order = np.lexsort((fresh[:, Cell.PATCH], fresh[:, Cell.CELL]))
    again = np.flatnonzero(fresh[order[1:], Cell.CELL] == fresh[order[:-1], Cell.CELL])
    stop[order[again]] = np.minimum(stop[order[again]], fresh[order[again + 1], Cell.PATCH])
    rows = []
    for family in np.unique(np.where(fresh[:, Cell.CELL] < KEYS, fresh[:, Cell.FAMILY], -1)).tolist():
        mine = (
            fresh[:, Cell.CELL] >= KEYS
            if family < 0
            else (fresh[:, Cell.CELL] < KEYS) & (fresh[:, Cell.FAMILY] == family)
        )
        score, track = _player(score, asked, family)
        part = fresh[mine]
        drums = np.array(DRUM_KEYS)[np.maximum(part[:, Cell.CELL] - KEYS, 0)]
        pitch = drums if family < 0 else part[:, Cell.CELL] + LOWEST
        velocity = np.array(VELOCITIES)[part[:, Cell.VELOCITY]]
        time = (part[:, Cell.PATCH] - first) * unit
        length = np.minimum(stop[mine] - first, asked.ticks / unit) * unit - time
        time = time + asked.start_tick
        table = np.column_stack([np.full(len(part), track), time, length, pitch, velocity]).astype(np.int64)
        rows.append(table[table[:, 2] > 0])
    grafted = graft(score, map(tuple, np.concatenate(rows).tolist())) if rows else score
    title = piece.title if piece.note_count else asked.title
    return piece.replace(score=grafted, title=title)


def _player(score: symusic.Score, asked: Asked, family: int) -> tuple[symusic.Score, int]:
    """Returns the score with a track for a family, the drums below 0, and its number: one that was there, else a new one."""
    is_drum = family < 0
    wanted = 0 if is_drum else asked.programs.get(family)
    for number, track in enumerate(score.tracks):
        fits = (
            track.program == wanted
            if wanted is not None and not is_drum
            else is_drum or family_of(track.program) == family
        )
        if track.is_drum == is_drum and fits:
            return score, number
    program = 0 if is_drum else FAMILY_PROGRAMS[family] if wanted is None else wanted
    return add_track(score, program, is_drum, instrument_name(-1 if is_drum else program)), len(score.tracks)


def _prepared(asked: Asked) -> symusic.Score:
    """Returns a copy of what was there before, with tempo, signature and key of the new music."""
    score, at = asked.base.copy(), asked.start_tick
    if not at or bar_grid(score)[-1][2:] != asked.signature:
        score.time_signatures.append(symusic.TimeSignature(at, *asked.signature))
    if not at or not len(score.tempos) or abs(score.tempos[-1].qpm - asked.tempo_bpm) > 0.01:
        score.tempos.append(symusic.Tempo(at, asked.tempo_bpm))
    if not at:
        score.key_signatures.append(symusic.KeySignature(at, asked.home.fifths, int(asked.home.mode == "minor")))
    return score
