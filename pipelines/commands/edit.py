"""The verb of the command line that edits: what a recipe of the studio's roll says again, or the whole song by flags."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from music.arranging.feel import FEELS
from music.errors import StudioError
from music.files.midi import midi_bytes
from music.instruments import DRUMS, parse_instrument
from music.mixing import LEVEL, PAN, REVERB
from pipelines.commands.flags import Verbs
from pipelines.commands.running import Show
from pipelines.commands.source import read_source
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.edit import options_of
from pipelines.options.text import parse_track_instrument
from pipelines.recipes import check_input, read_recipe, recipe_beside, same_again

_CONTROLS = {"level": LEVEL, "pan": PAN, "reverb": REVERB}


def add_edit(verbs: Verbs) -> None:
    """Adds the verb that edits."""
    parser = verbs.add_parser(
        "edit",
        help="transpose, change tempo, swing, instruments and mix; or do edits of the studio again",
        description="Changes the whole song as the flags say, or does what a recipe of the studio's piano roll says. The rest "
        "stays as it is, bit for bit.",
        epilog="Example: python -m pipelines edit tune.mid --transpose 2 --tempo 96 --feel swung --pan 1=40 --out lively.mid",
    )
    parser.add_argument("source", metavar="IN.mid", help="the music to edit")
    parser.add_argument("--out", metavar="OUT.mid", type=Path, required=True, help="where the music goes")
    parser.add_argument("--recipe", metavar="OUT.recipe.json", type=Path, help="what was done to it; instead of flags")
    parser.add_argument(
        "--transpose", metavar="SEMITONES", type=int, default=0, help="higher, or lower if negative; drums stay"
    )
    parser.add_argument("--tempo", metavar="BPM", type=float, default=0.0, help="beats a minute, of the meter's beat")
    parser.add_argument("--feel", metavar="|".join(FEELS), default="", help="how eighths are played")
    parser.add_argument(
        "--instrument", metavar="TRACK=NAME", action="append", default=[], help="who plays a track, counted from 0"
    )
    for name, text in (
        ("level", "how loud a track is, 0 to 127"),
        ("pan", "where it stands, 0 (left) to 127 (right)"),
        ("reverb", "how much echo it has, 0 to 127"),
    ):
        parser.add_argument(f"--{name}", metavar="TRACK=VALUE", action="append", default=[], help=text)
    parser.set_defaults(run=_edit, endings=(".mid", ".midi"))


def _edit(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the MIDI file and its recipe."""
    pipeline, flags = PIPELINES["edit"], _flags(asked)
    if (asked.recipe is None) == (not flags):
        raise StudioError("Say what to change, or give a recipe: one of them. Try --transpose 2, or see --help.")
    recipe = read_recipe(asked.recipe, pipeline.name) if asked.recipe else None
    piece = read_source(asked.source, show.say)
    options = options_of(piece, flags) if recipe is None else pipeline.from_mapping(recipe["options"])
    if recipe is not None:
        check_input(recipe, piece)
    for step in pipeline.load()(piece, options):
        show(step.done, step.total, step.unit)
    if recipe is not None:  # of this version or an earlier one
        same_again({**recipe, "options": pipeline.to_mapping(options)}, step.pieces)
    return {asked.out: midi_bytes(step.piece)} | recipe_beside(asked.out, step.piece)


def _flags(asked: argparse.Namespace) -> dict[str, Any]:
    """Returns the edits that flags say, as plain values."""
    said = {"semitones": asked.transpose, "tempo": asked.tempo, "feel": asked.feel}
    programs = [(track, parse_instrument(name)) for track, name in map(parse_track_instrument, asked.instrument)]
    if any(program == DRUMS for _, program in programs):
        raise StudioError("A track of notes cannot be given to the drums. Name an instrument.")
    mix = [(*_track_value(text), control) for name, control in _CONTROLS.items() for text in getattr(asked, name)]
    said |= {"programs": programs, "mix": [(track, control, value) for track, value, control in mix]}
    return {name: value for name, value in said.items() if value}


def _track_value(text: str) -> tuple[int, int]:
    """Returns the track, counted from 0, and the value of a setting such as "1=40".

    Raises:
        StudioError: it is not of this form.
    """
    track, _, value = (part.strip() for part in text.partition("="))
    if not (track.isdecimal() and value.isdecimal() and len(track) < 6 and len(value) < 6):
        raise StudioError(f"'{text}' names no track and value. Write it as 1=40.")
    return int(track), int(value)
