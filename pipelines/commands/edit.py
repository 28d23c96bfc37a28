"""The verb of the command line that does edits by hand again."""

from __future__ import annotations

import argparse
from pathlib import Path

from music.files.midi import midi_bytes
from pipelines.commands.models import Show, Verbs
from pipelines.commands.source import read_source
from pipelines.descriptors import PIPELINES
from pipelines.recipes import check_input, read_recipe, recipe_beside, same_again


def add_edit(verbs: Verbs) -> None:
    """Adds the verb that does edits by hand again."""
    parser = verbs.add_parser(
        "edit",
        help="do edits again that were made by hand in the studio",
        description="Moves, draws and takes out the notes that a recipe of the studio's piano roll names. The rest stays as it "
        "is, bit for bit.",
        epilog="Example: python -m pipelines edit tune.mid --recipe mended.recipe.json --out mended.mid",
    )
    parser.add_argument("source", metavar="IN.mid", help="the music that was edited")
    parser.add_argument("--recipe", metavar="OUT.recipe.json", type=Path, required=True, help="what was done to it")
    parser.add_argument("--out", metavar="OUT.mid", type=Path, required=True, help="where the music goes")
    parser.set_defaults(run=_edit, endings=(".mid", ".midi"))


def _edit(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the MIDI file and its recipe."""
    pipeline = PIPELINES["edit"]
    recipe = read_recipe(asked.recipe, pipeline.name)
    piece = read_source(asked.source, show.say)
    check_input(recipe, piece)
    for step in pipeline.load()(piece, pipeline.from_mapping(recipe["options"])):
        show(step.done, step.total, step.unit)
    (edited,) = same_again(recipe, step.pieces)
    return {asked.out: midi_bytes(edited)} | recipe_beside(asked.out, edited)
