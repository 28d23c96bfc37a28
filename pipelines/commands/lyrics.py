"""The verb of the command line that writes lyrics."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from music.errors import StudioError
from music.piece import Piece
from pipelines.commands.flags import Verbs, number_in
from pipelines.commands.running import Show
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.lyrics import MOODS, RHYMES, LyricsOptions
from pipelines.recipes import read_recipe, recipe_beside, same_again, with_checkpoint_here

OPEN = "any"


def add_lyrics(verbs: Verbs) -> None:
    """Adds the verb that writes lyrics."""
    usual = LyricsOptions()
    parser = verbs.add_parser(
        "lyrics",
        help="write verses and a chorus on a theme",
        description="Writes lyrics in English that keep to a rhyme scheme and to a number of syllables, as plain text.",
        epilog='Example: python -m pipelines lyrics --text "the last train home" --rhyme AABB --out lyrics.txt',
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--text", metavar="TEXT", help="what they are about, in a few words")
    parser.add_argument("--out", metavar="OUT.txt", type=Path, required=True, help="where the lyrics go")
    form = parser.add_argument_group("form")
    form.add_argument("--verses", metavar="N", type=int, help=f"how many verses ({usual.verses} unless said)")
    form.add_argument("--lines", metavar="N", type=int, help=f"lines of a verse ({usual.lines} unless said)")
    form.add_argument("--rhyme", metavar="|".join(RHYMES), help=f"which lines rhyme ({usual.rhyme} unless said)")
    form.add_argument(
        "--syllables",
        metavar=f"N|{OPEN}",
        type=_syllables,
        help=f"of each line ({usual.syllables} unless said); {OPEN} leaves it to the model",
    )
    form.add_argument("--no-chorus", dest="chorus", action="store_false", help="verses alone")
    words = parser.add_argument_group("words")
    words.add_argument("--mood", metavar="MOOD", help=f"one of {', '.join(MOODS)}")
    words.add_argument(
        "--temperature", metavar="N", type=number_in, help=f"how adventurous ({usual.temperature:g} unless said)"
    )
    words.add_argument(
        "--top-p", metavar="N", type=number_in, help=f"share of the likeliest words ({usual.top_p:g} unless said)"
    )
    run = parser.add_argument_group("this run")
    run.add_argument("--seed", metavar="N", type=int, help="the same seed writes the same lyrics (0 unless said)")
    run.add_argument("--checkpoint", metavar="NAME", help="the language model: lyrics-small, distilgpt2, or auto")
    run.add_argument("--recipe", metavar="FILE", type=Path, help="do again what an OUT.recipe.json says")
    parser.set_defaults(run=_lyrics, endings=(".txt", ".text"))


def _lyrics(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the text file, and its recipe beside it."""
    pipeline = PIPELINES["lyrics"]
    names = [field.name for field in dataclasses.fields(LyricsOptions)]
    given = {name: getattr(asked, name) for name in names if hasattr(asked, name)}
    recipe = with_checkpoint_here(read_recipe(asked.recipe, pipeline.name)) if hasattr(asked, "recipe") else None
    if recipe is not None and given:
        raise StudioError("A recipe and other settings cannot go together. Leave one of them out.")
    options = pipeline.from_mapping(recipe["options"] if recipe else given)
    for step in pipeline.load()(Piece.empty(), options):
        show(step.done, step.total, step.unit)
    for remark in step.remarks:
        show.say(remark)
    (piece,) = (
        step.pieces if recipe is None else same_again({**recipe, "options": pipeline.to_mapping(options)}, step.pieces)
    )
    return {asked.out: ("\n".join(piece.lyrics) + "\n").encode()} | recipe_beside(asked.out, piece)


def _syllables(text: str) -> int | None:
    """Returns a number of syllables, None for any."""
    if text.lower() == OPEN:
        return None
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no number of syllables such as 8, nor '{OPEN}'")
    return int(text)
