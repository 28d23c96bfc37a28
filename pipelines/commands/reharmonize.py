"""The verb of the command line that gives some bars of a piece other chords."""

from __future__ import annotations

import argparse
from pathlib import Path

from music.chord_symbols.bars import beats_per_bar
from music.chords import parse_chord_names
from music.errors import StudioError
from pipelines.commands.flags import Verbs, add_out
from pipelines.commands.running import Show, results
from pipelines.commands.source import read_source
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.reharmonize import chord_key, reharmonized
from pipelines.options.text import parse_bars
from pipelines.recipes import check_input, read_recipe, with_checkpoint_here


def add_reharmonize(verbs: Verbs) -> None:
    """Adds the verb that gives some bars of a piece other chords."""
    parser = verbs.add_parser(
        "reharmonize",
        help="give some bars of a MIDI file other chords, and an accompaniment there that fits them",
        description="Changes the chord symbols of some bars, and the accompaniment there: written anew where Harmonize or "
        "Compose wrote it, else moved to the nearest tones. Melody, drums and all other bars stay as they are, bit for bit, "
        "but for notes that ring into these bars and do not fit: they end where the bars begin.",
        epilog="Example: python -m pipelines reharmonize song.mid --bars 5-6 --chords 'Am7 | D7' --out other.mid",
    )
    parser.add_argument("source", metavar="IN.mid", help="the music whose chords are changed")
    add_out(parser)
    parser.add_argument("--bars", metavar="5-6", type=parse_bars, help="which bars, in a row and counted from 1")
    parser.add_argument("--chords", metavar="'Am7 | D7'", help="their chords, repeated to the last of these bars")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="the same seed gives the same notes")
    parser.add_argument("--recipe", metavar="FILE", type=Path, help="do again what an OUT.recipe.json says")
    parser.set_defaults(run=_reharmonize, endings=(".mid", ".midi"))


def _reharmonize(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the MIDI file and its recipe."""
    pipeline, piece = PIPELINES["reharmonize"], read_source(asked.source, show.say)
    if asked.recipe:
        recipe = with_checkpoint_here(read_recipe(asked.recipe, pipeline.name))
        check_input(recipe, piece)
        return results(pipeline, piece, pipeline.from_mapping(recipe["options"]), recipe, asked.out, show)
    if not asked.bars or not asked.chords:
        raise StudioError("There is nothing to change. Say --bars 5 and --chords Am7, for example.")
    names = parse_chord_names(asked.chords, beats_per_bar(piece.score), chord_key(piece))
    chords = tuple(names[number % len(names)] for number in range(len(asked.bars)))
    return results(pipeline, piece, reharmonized(piece, asked.bars, chords, asked.seed), None, asked.out, show)
