"""The verb ``generate``: new music, or a continuation."""

from __future__ import annotations

import argparse
from functools import partial

from music.styles import STYLES
from music.tokens.conditions import DENSITIES, GENRES
from pipelines.commands.flags import Verbs, add_freedom, add_locks, add_out, add_run, names_in, number_in
from pipelines.commands.running import write
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.generate import MAX_BARS, MAX_MEMORY, MAX_SECONDS, GenerateOptions


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
    add_locks(what)
    free = parser.add_argument_group("how adventurous")
    add_freedom(free, notes="pitches", durations="rhythm", instruments="the choice of instrument")
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
    add_run(parser)
    parser.set_defaults(run=partial(write, PIPELINES["generate"], {"tempo_bpm": "tempo"}))
