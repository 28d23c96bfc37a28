"""The verb ``remix``: a part of a piece, written anew."""

from __future__ import annotations

import argparse
from functools import partial

from pipelines.commands.flags import Verbs, add_freedom, add_locks, add_out, add_run, number_in, numbers_in
from pipelines.commands.running import write
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.remix import CHANGES, MAX_PASSES, RemixOptions
from pipelines.options.text import parse_bars, parse_track_instrument


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
    where.add_argument("--tracks", metavar="0,2", type=numbers_in, help="which tracks, counted from 0")
    where.add_argument(
        "--lock", metavar="1", type=numbers_in, help="tracks that stay as they are, whatever is selected"
    )
    add_locks(where)
    where.add_argument("--keep-a-bar", action="store_true", help="leave at least one of the selected bars as it is")
    free = parser.add_argument_group("how adventurous, how thorough")
    free.add_argument(
        "--passes", metavar="N", type=int, help=f"1 (fast) to {MAX_PASSES} (thorough); {usual.passes} unless said"
    )
    meanings = {"rhythm": "onsets and durations", "velocity": "loudness", "instruments": "the choice of instrument"}
    add_freedom(free, notes="pitches", **meanings)
    add_run(parser)
    parser.set_defaults(run=partial(write, PIPELINES["remix"], {"instruments": "instrument"}))
