"""The verb of the command line that writes down a recording."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from music.audio.reading import read_sound
from music.errors import StudioError
from music.files.midi import midi_bytes
from pipelines.commands.flags import Verbs, number_in
from pipelines.commands.running import Show
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.transcribe import GRIDS, HEARINGS, MAX_TITLE, TranscribeOptions
from pipelines.recipes import read_recipe, recipe_beside, same_again, with_checkpoint_here


def add_transcribe(verbs: Verbs) -> None:
    """Adds the verb that writes down a recording."""
    usual = TranscribeOptions()
    parser = verbs.add_parser(
        "transcribe",
        help="write down the notes of a recording",
        description="Writes down what is hummed, sung or played in a sound file (WAV, FLAC, OGG, MP3) as MIDI with tempo, bars "
        "and key.",
        epilog="Example: python -m pipelines transcribe hum.wav --out tune.mid --key 'D minor'",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("source", metavar="IN.wav", type=Path, help="the recording")
    parser.add_argument("--out", metavar="OUT.mid", type=Path, required=True, help="where the notes go")
    what = parser.add_argument_group("what is heard")
    what.add_argument(
        "--mode",
        metavar="|".join(HEARINGS),
        help=f"hum: one voice or instrument; many: several notes at a time ({usual.mode} unless said)",
    )
    bars = parser.add_argument_group("how it is written")
    bars.add_argument(
        "--tempo", dest="tempo_bpm", metavar="BPM", type=number_in, help="quarter notes a minute, else found"
    )
    bars.add_argument("--time-signature", metavar="3/4", help="else found")
    bars.add_argument("--key", metavar="KEY", help="such as 'D minor', F# or Bb, else found")
    bars.add_argument(
        "--grid",
        metavar="|".join(GRIDS),
        help=f"where notes begin and end; none leaves them as played ({usual.grid} unless said)",
    )
    bars.add_argument("--title", metavar="TEXT", help="of the piece; the file's name unless said")
    run = parser.add_argument_group("this run")
    run.add_argument("--checkpoint", metavar="NAME", help="the model that hears several notes at a time")
    run.add_argument("--recipe", metavar="FILE", type=Path, help="do again what an OUT.recipe.json says")
    parser.set_defaults(run=_transcribe, endings=(".mid", ".midi"))


def _transcribe(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the MIDI file of a recording, and its recipe beside it."""
    pipeline = PIPELINES["transcribe"]
    names = [field.name for field in dataclasses.fields(TranscribeOptions)]
    given = {name: getattr(asked, name) for name in names if hasattr(asked, name)}
    recipe = with_checkpoint_here(read_recipe(asked.recipe, pipeline.name)) if hasattr(asked, "recipe") else None
    if recipe is not None and given:
        raise StudioError("A recipe and other settings cannot go together. Leave one of them out.")
    sound = read_sound(asked.source)
    if recipe is not None and recipe["input"] != sound.fingerprint:
        raise StudioError("The recipe was made from another recording. Give the file that it was made from.")
    options = pipeline.from_mapping(recipe["options"] if recipe else {"title": asked.source.stem[:MAX_TITLE], **given})
    for step in pipeline.load()(sound, options):
        show(step.done, step.total, step.unit)
    for remark in step.remarks:
        show.say(remark)
    (piece,) = (
        step.pieces if recipe is None else same_again({**recipe, "options": pipeline.to_mapping(options)}, step.pieces)
    )
    return {asked.out: midi_bytes(piece)} | recipe_beside(asked.out, piece)
