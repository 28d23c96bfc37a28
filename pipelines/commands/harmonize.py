"""The verb ``harmonize``: an accompaniment for a melody."""

from __future__ import annotations

import argparse
from functools import partial

from music.arranging.grooves import grooves
from music.arranging.idioms import IDIOMS
from music.tokens.accompaniment import COMPLEXITIES, HARMONIES
from pipelines.commands.flags import Verbs, add_freedom, add_locks, add_out, add_run, names_in
from pipelines.commands.running import write
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.harmonize import MAX_PLAYERS, HarmonizeOptions
from pipelines.options.text import parse_bars


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
        "--idiom",
        metavar="|".join(IDIOMS),
        type=str.lower,
        help="how chords are used: sevenths and ii-V in jazz, V7 in dances, a chord a bar in reggae; as in the groove unless said",
    )
    what.add_argument(
        "--bars",
        metavar="5-8",
        type=parse_bars,
        help="which bars of a piece harmonized before to do again; counted from 1, all unless said",
    )
    add_locks(what)
    add_freedom(parser.add_argument_group("how adventurous"), notes="pitches", rhythm="onsets and durations")
    add_run(parser)
    parser.set_defaults(run=partial(write, PIPELINES["harmonize"], {}))
