"""What verbs of the command line have in common when they run: progress, and a pipeline to MIDI files with recipes."""

from __future__ import annotations

import argparse
import dataclasses
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from music.bars import bar_grid
from music.chord_symbols.bars import beats_per_bar
from music.chords import read_chord_text
from music.errors import StudioError
from music.files.midi import midi_bytes
from music.instruments import track_label
from music.piece import Piece
from music.theory import estimate_key, parse_key, written_key
from pipelines.commands.source import read_source
from pipelines.descriptors.kinds import PipelineDescriptor
from pipelines.locks import NotePlace, locked_notes
from pipelines.options.text import bars_as_text
from pipelines.recipes import (
    check_input,
    read_recipe,
    recipe_beside,
    same_again,
    with_checkpoint_here,
    with_typed_options,
)


class Show(Protocol):
    """Shows how far a verb has come."""

    def __call__(self, done: float, total: float, unit: str, what: str = "") -> None:
        """Shows how much is done, of how much, in what unit, and what is being done."""

    def say(self, text: str) -> None:
        """Says something beside that."""


def write(
    pipeline: PipelineDescriptor, flags: Mapping[str, str], asked: argparse.Namespace, show: Show
) -> dict[Path, bytes]:
    """Returns the files that a pipeline writes: a MIDI file a variant, and its recipe beside it.

    Args:
        pipeline: what is run.
        flags: names of flags that are not called as their option is.
        asked: the command line.
        show: gets the progress.
    """
    given = {
        field.name: getattr(asked, field.name)
        for field in dataclasses.fields(pipeline.options)
        if hasattr(asked, field.name)
    }
    recipe = read_recipe(asked.recipe, pipeline.name) if hasattr(asked, "recipe") else None
    if recipe is not None and given:
        flag = next(iter(given))
        raise StudioError(
            f"--recipe and --{flags.get(flag, flag).replace('_', '-')} cannot go together. Leave one of them out."
        )
    if "seconds" in given:
        given.setdefault("bars", None)
    piece = read_source(asked.source, show.say) if hasattr(asked, "source") else Piece.empty()
    if "melody" in given:
        given["melody"] = _track(piece, given["melody"])
    if recipe is None and any(field.name == "lock_notes" for field in dataclasses.fields(pipeline.options)):
        if locked := _locked(piece, given.pop("lock_notes", ())):
            show.say(f"locked: {len(locked)} note{'s' * (len(locked) > 1)} of the input will stay")
            given["lock_notes"] = locked
    if "chords" in given:
        key = parse_key(given["key"]) if "key" in given else written_key(piece.score) or estimate_key(piece.score)[0]
        read = read_chord_text(given["chords"], beats_per_bar(piece.score), key)
        for note in read.notes:
            show.say(f"chords: {note}")
        given["chords"] = read.names
    if recipe is not None:
        recipe = with_checkpoint_here(with_typed_options(recipe, beats_per_bar(piece.score)))
    options = pipeline.from_mapping(given if recipe is None else recipe["options"])
    if recipe is not None:
        recipe = {**recipe, "options": pipeline.to_mapping(options)}  # with those that are newer than the recipe
        check_input(recipe, piece)
    return results(pipeline, piece, options, recipe, asked.out, show)


def results(
    pipeline: PipelineDescriptor, piece: Piece, options: Any, recipe: Mapping[str, Any] | None, out: Path, show: Show
) -> dict[Path, bytes]:
    """Returns the files of what a pipeline makes of a piece: a MIDI file a variant, and its recipe beside it.

    Args:
        pipeline: what is run.
        piece: what it begins with.
        options: that it is given.
        recipe: what is done again; None for something new.
        out: where the result goes.
        show: gets the progress.
    """
    for step in pipeline.load()(piece, options):  # brings torch: not before it is needed
        show(step.done, step.total, step.unit)
    for remark in step.remarks:
        show.say(remark)
    pieces = step.pieces if recipe is None else same_again(recipe, step.pieces)
    files: dict[Path, bytes] = {}
    for number, result in enumerate(pieces, 1):
        path = out if len(pieces) == 1 else out.with_stem(f"{out.stem}-{number}")
        files |= {path: midi_bytes(result)} | recipe_beside(path, result)
    return files


def _locked(piece: Piece, spans: Sequence[tuple[int, tuple[int, ...]]]) -> tuple[NotePlace, ...]:
    """Returns the notes of a piece that were locked in the studio, or begin in these bars of these tracks.

    Raises:
        StudioError: there is no such track, or nothing begins there.
    """
    found, starts = set(locked_notes(piece)), [bar.start for bar in bar_grid(piece.score)]
    for track, bars in spans:
        notes = piece.score.tracks[track].notes if track < len(piece.score.tracks) else ()
        mine = {(track, n) for n, note in enumerate(notes) if bisect_right(starts, note.time) - 1 in bars}
        if not mine:
            raise StudioError(
                f"There are no notes on track {track} in bars {bars_as_text(bars)} to lock. Lock notes that are there."
            )
        found |= mine
    return tuple(sorted(found))


def _track(piece: Piece, text: str) -> int:
    """Returns the track, counted from 0, that a number or a name means; a track without a name has its instrument's.

    Raises:
        StudioError: there is none, or several are called so.
    """
    names = [track_label(track) for track in piece.score.tracks]
    text = text.strip()
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    found = [number for number, name in enumerate(names) if name.casefold() == text.casefold()]
    if len(found) > 1:
        numbers = f"{', '.join(map(str, found[:-1]))} or {found[-1]}"
        raise StudioError(f"Several tracks are called '{text}'. Give a number instead: {numbers}.")
    if not found:
        known = ", ".join(f"{number} ({name})" for number, name in enumerate(names)) or "none"
        raise StudioError(f"There is no track '{text}'. The tracks are: {known}.")
    return found[0]
