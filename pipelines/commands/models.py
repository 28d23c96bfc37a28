"""The verbs of the command line that a model works for: generate, remix and harmonize.

A flag that is not given stays out of what argparse returns, so that each default stands in one place, the options.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from music.arranging.grooves import grooves
from music.bars import bar_grid
from music.chord_bars import beats_per_bar
from music.chords import read_chord_text
from music.errors import StudioError
from music.files.midi import midi_bytes
from music.instruments import track_label
from music.piece import Piece
from music.styles import STYLES
from music.theory import estimate_key, parse_key, written_key
from music.tokens.accompaniment import COMPLEXITIES, HARMONIES
from pipelines.commands.source import read_source
from pipelines.descriptors import PIPELINES, PipelineDescriptor
from pipelines.harmonize_options import HarmonizeOptions
from pipelines.locks import NotePlace, locked_notes
from pipelines.option_text import bars_as_text, parse_bars, parse_locked, parse_track_instrument
from pipelines.options import (
    CHANGES,
    DENSITIES,
    GENRES,
    MAX_BARS,
    MAX_MEMORY,
    MAX_PASSES,
    MAX_PLAYERS,
    MAX_SECONDS,
    MAX_VARIANTS,
    GenerateOptions,
    RemixOptions,
)
from pipelines.recipes import (
    check_input,
    read_recipe,
    recipe_beside,
    same_again,
    with_checkpoint_here,
    with_typed_options,
)

Verbs = Any  # the object that argparse's add_subparsers returns, whose class is private


class Show(Protocol):
    """Shows how far a verb has come."""

    def __call__(self, done: float, total: float, unit: str, what: str = "") -> None:
        """Shows how much is done, of how much, in what unit, and what is being done."""

    def say(self, text: str) -> None:
        """Says something beside that."""


def add_generate(verbs: Verbs) -> None:
    """Adds the verb that writes new music."""
    parser = verbs.add_parser(
        "generate",
        help="write new music, or continue a MIDI file",
        description="Writes new music with a model: from nothing, or as the continuation of a MIDI or MusicXML file.",
        epilog="Example: python -m pipelines generate --out night.mid --bars 16 --key 'D minor' --tempo 96 "
        "--instruments piano,bass,drums --genre jazz --variants 4",
        argument_default=argparse.SUPPRESS,  # what is not given stays out, so the defaults stand in one place only
    )
    parser.add_argument(
        "source", metavar="IN.mid", nargs="?", help="the music to continue; without it the model starts from nothing"
    )
    add_out(parser)
    length = parser.add_argument_group("how long")
    length.add_argument(
        "--bars", metavar="N", type=int, help=f"new bars to write, 1 to {MAX_BARS} ({GenerateOptions.bars} unless said)"
    )
    length.add_argument(
        "--seconds", metavar="S", type=number_in, help=f"or seconds of new music, up to {MAX_SECONDS:.0f}"
    )
    length.add_argument(
        "--keep-bars", metavar="K", type=int, help="continue after bar K of IN.mid instead of after its end"
    )
    what = parser.add_argument_group("what music (each is free unless said; a continuation follows IN.mid)")
    what.add_argument("--tempo", dest="tempo_bpm", metavar="BPM", type=number_in, help="quarter notes a minute")
    what.add_argument("--time-signature", metavar="4/4", help="such as 4/4, 3/4 or 6/8")
    what.add_argument("--key", metavar="KEY", help="such as 'D minor', F# or Bb")
    what.add_argument("--stay-in-key", action="store_true", help="allow no note outside the key; drums are free")
    what.add_argument("--genre", metavar="GENRE", type=str.lower, help=", ".join(GENRES))
    what.add_argument("--style", metavar="STYLE", type=str.lower, help=", ".join(STYLES))
    what.add_argument(
        "--instruments", metavar="A,B,C", type=names_in, help="the only instruments allowed, such as piano,bass,drums"
    )
    what.add_argument("--density", metavar="|".join(DENSITIES), help="how many notes a bar has")
    what.add_argument("--monophonic", action="store_true", help="one note at a time, as a melody")
    _add_locks(what)
    free = parser.add_argument_group("how adventurous")
    _add_freedom(free, notes="pitches", durations="rhythm", instruments="the choice of instrument")
    free.add_argument(
        "--novelty",
        metavar="N",
        type=number_in,
        help="0 sticks to its ideas, 1 is always new; "
        f"{GenerateOptions.novelty} repeats as often as real music of the genre does, and is taken unless said",
    )
    free.add_argument(
        "--guidance", metavar="G", type=number_in, help="how much to stress genre, key and density; 0 for none"
    )
    free.add_argument(
        "--memory", metavar="N", type=int, help=f"how many past notes the model remembers, up to {MAX_MEMORY}"
    )
    _add_run(parser)
    parser.set_defaults(run=partial(_write, PIPELINES["generate"], {"tempo_bpm": "tempo"}))


def add_remix(verbs: Verbs) -> None:
    """Adds the verb that writes a part of a piece anew."""
    parser = verbs.add_parser(
        "remix",
        help="write a part of a MIDI file anew, and leave the rest as it is",
        description="Writes what you select of a MIDI or MusicXML file anew with a model. The rest stays as it is, bit for bit.",
        epilog="Example: python -m pipelines remix night.mid --out other.mid --change notes --amount 60 --bars 5-8 "
        "--tracks 0,2 --stay-in-key --variants 4",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("source", metavar="IN.mid", help="the music to remix")
    add_out(parser)
    usual = RemixOptions()
    what = parser.add_argument_group("what changes")
    what.add_argument("--change", metavar="|".join(CHANGES), help=f"what may change ({usual.change} unless said)")
    what.add_argument(
        "--amount",
        metavar="PERCENT",
        type=number_in,
        help=f"how much of the selection changes ({usual.amount:.0f} unless said)",
    )
    what.add_argument(
        "--instrument",
        dest="instruments",
        metavar="TRACK=NAME",
        action="append",
        type=parse_track_instrument,
        help="let another instrument play a track in the selected bars, such as 0=violin; may be given again",
    )
    what.add_argument("--stay-in-key", action="store_true", help="write no note outside the key; drums are free")
    where = parser.add_argument_group("where (everywhere unless said)")
    where.add_argument(
        "--bars", metavar="5-8", type=parse_bars, help="which bars, counted from 1, such as 5-8 or 1,3,9-12"
    )
    where.add_argument("--tracks", metavar="0,2", type=_numbers, help="which tracks, counted from 0")
    where.add_argument("--lock", metavar="1", type=_numbers, help="tracks that stay as they are, whatever is selected")
    _add_locks(where)
    where.add_argument("--keep-a-bar", action="store_true", help="leave at least one of the selected bars as it is")
    free = parser.add_argument_group("how adventurous, how thorough")
    free.add_argument(
        "--passes", metavar="N", type=int, help=f"1 (fast) to {MAX_PASSES} (thorough); {usual.passes} unless said"
    )
    meanings = {"rhythm": "onsets and durations", "velocity": "loudness", "instruments": "the choice of instrument"}
    _add_freedom(free, notes="pitches", **meanings)
    _add_run(parser)
    parser.set_defaults(run=partial(_write, PIPELINES["remix"], {"instruments": "instrument"}))


def add_harmonize(verbs: Verbs) -> None:
    """Adds the verb that accompanies a melody."""
    parser = verbs.add_parser(
        "harmonize",
        help="accompany the melody of a MIDI file",
        description="Accompanies the melody of a MIDI or MusicXML file with a model, and writes chord symbols over it. The "
        "melody stays as it is, bit for bit; other tracks make way for the accompaniment.",
        epilog="Example: python -m pipelines harmonize tune.mid --out song.mid --style piano --chords 'Am | F | C G | C' "
        "--variants 4",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("source", metavar="IN.mid", help="the music whose melody is accompanied")
    add_out(parser)
    usual = HarmonizeOptions()
    what = parser.add_argument_group("what accompaniment")
    what.add_argument(
        "--style",
        metavar="|".join(HARMONIES),
        help=f"block chords, a bass line, a piano part, a whole band, or alto, tenor and bass ({usual.style} unless said)",
    )
    what.add_argument(
        "--melody", metavar="TRACK", help="the melody's track, counted from 0, or its name; found by itself unless said"
    )
    what.add_argument(
        "--chords",
        metavar="'Am | F | C G | C'",
        help="chords to follow, one a bar or between bar lines, repeated to the end; else those of the file, or the model's own",
    )
    what.add_argument("--key", metavar="KEY", help="such as 'D minor', F# or Bb; that of IN.mid unless said")
    what.add_argument(
        "--complexity",
        metavar="|".join(COMPLEXITIES),
        help=f"triads; sevenths too; secondary dominants and richer chords too ({usual.complexity} unless said)",
    )
    what.add_argument(
        "--instruments",
        metavar="A,B,C",
        type=names_in,
        help=f"who accompanies: one name, up to {MAX_PLAYERS} for a band, one or three for a chorale",
    )
    what.add_argument(
        "--groove",
        metavar="STYLE",
        type=str.lower,
        help=f"a style whose patterns bass, piano or band play over the chords: {', '.join(grooves())}",
    )
    what.add_argument(
        "--bars",
        metavar="5-8",
        type=parse_bars,
        help="which bars of a piece harmonized before to do again; counted from 1, all unless said",
    )
    _add_locks(what)
    _add_freedom(parser.add_argument_group("how adventurous"), notes="pitches", rhythm="onsets and durations")
    _add_run(parser)
    parser.set_defaults(run=partial(_write, PIPELINES["harmonize"], {}))


def _add_locks(group: Any) -> None:
    group.add_argument(
        "--lock-notes",
        metavar="TRACK:BARS",
        action="append",
        type=parse_locked,
        help="notes that stay as they are, such as 0:5-8 for those of track 0 that begin in bars 5 to 8; may be given "
        "again. Those that were locked in the studio stay too",
    )


def add_out(parser: argparse.ArgumentParser) -> None:
    """Adds the flag that says where the result goes."""
    parser.add_argument(
        "--out",
        metavar="OUT.mid",
        type=Path,
        required=True,
        help="where the result goes; several variants become OUT-1.mid, OUT-2.mid, ...",
    )


def _add_freedom(group: Any, **fields: str) -> None:
    group.add_argument(
        "--temperature",
        metavar="T",
        type=number_in,
        help="0 always takes the likeliest, 1 is as the music it learned from",
    )
    for name, meaning in fields.items():
        group.add_argument(f"--temperature-{name}", metavar="T", type=number_in, help=f"factor on that for {meaning}")
    group.add_argument(
        "--top-p", metavar="P", type=number_in, help="keep the likeliest choices that together have this probability"
    )
    group.add_argument("--top-k", metavar="K", type=int, help="keep at most this many choices; 0 for no limit")


def _add_run(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that say how a verb is run: seed, variants, checkpoint, recipe."""
    run = parser.add_argument_group("this run")
    run.add_argument("--seed", metavar="N", type=int, help="the same seed and settings give the same notes")
    run.add_argument("--variants", metavar="N", type=int, help=f"how many versions to write, 1 to {MAX_VARIANTS}")
    run.add_argument("--checkpoint", metavar="NAME", help="the model to use")
    run.add_argument("--model", dest="checkpoint", metavar="NAME", help="the same")
    run.add_argument(
        "--recipe",
        metavar="FILE",
        type=Path,
        help="do again what an OUT.recipe.json says, with the checkpoint of that time; takes IN.mid and --out beside it",
    )
    parser.set_defaults(endings=(".mid", ".midi"))


def _write(
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


def names_in(text: str) -> tuple[str, ...]:
    """Returns the names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def number_in(text: str) -> float:
    """Returns the number that a text is, a finite one."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"'{text}' is no number such as 0.5")
    return number


def _numbers(text: str) -> tuple[int, ...]:
    """Returns the numbers in a list with commas."""
    try:
        return tuple(int(number) for number in names_in(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of numbers such as 0,2") from None


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
