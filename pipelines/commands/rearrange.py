"""The verb of the command line that changes the form of a song."""

from __future__ import annotations

import argparse
from pathlib import Path

from music.errors import StudioError
from pipelines.commands.flags import Verbs, add_out
from pipelines.commands.running import Show, results
from pipelines.commands.source import read_source
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.rearrange import RearrangeOptions
from pipelines.rearrange import Form
from pipelines.recipes import check_input, read_recipe

_ACTIONS = {
    "repeat": "a section that comes twice in a row",
    "remove": "a section that goes",
    "longer": "a section whose first phrase comes twice",
    "shorter": "a section that goes without its first phrase",
}


def add_rearrange(verbs: Verbs) -> None:
    """Adds the verb that changes the form of a song."""
    parser = verbs.add_parser(
        "rearrange",
        help="move, repeat, remove, lengthen or shorten a section of a song",
        description="Puts the sections of a song that marks them in another order. Each stays as it is, with its chords and "
        "words. Sections are counted from 1, intro and ending included.",
        epilog="Example: python -m pipelines rearrange song.mid --move 4=2 --out other.mid",
    )
    parser.add_argument("source", metavar="IN.mid", help="the song, with sections as Compose marks them")
    add_out(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--move", metavar="N=PLACE", help="a section, and the place where it is to stand")
    for name, text in _ACTIONS.items():
        what.add_argument(f"--{name}", metavar="N", type=int, help=text)
    what.add_argument("--recipe", metavar="FILE", type=Path, help="do again what an OUT.recipe.json says")
    parser.set_defaults(run=_rearrange, endings=(".mid", ".midi"))


def _rearrange(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the MIDI file and its recipe."""
    pipeline, piece = PIPELINES["rearrange"], read_source(asked.source, show.say)
    if asked.recipe:
        recipe = read_recipe(asked.recipe, pipeline.name)
        check_input(recipe, piece)
        return results(pipeline, piece, pipeline.from_mapping(recipe["options"]), recipe, asked.out, show)
    return results(pipeline, piece, _asked(Form(piece.score), asked), None, asked.out, show)


def _asked(form: Form, asked: argparse.Namespace) -> RearrangeOptions:
    if asked.move is not None:
        number, _, place = (part.strip() for part in asked.move.partition("="))
        if not (number.isdecimal() and place.isdecimal() and len(number + place) < 8):
            raise StudioError(f"'{asked.move}' names no section and place. Write it as 4=2.")
        return form.moved(int(number) - 1, int(place) - 1)
    name = next(name for name in _ACTIONS if getattr(asked, name) is not None)
    act = {"repeat": form.repeated, "remove": form.removed, "longer": form.longer, "shorter": form.shorter}[name]
    return act(getattr(asked, name) - 1)
