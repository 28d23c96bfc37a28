"""What a checkpoint makes, measured beside real music.

    python -m training quality generate-small --pieces 100 --data DATA
    python -m training quality remix-small --pieces 100 --data DATA
    python -m training quality harmonize-small --pieces 100 --data DATA
    python -m training quality audio-small --pieces 24 --data DATA --bank A.sf3 --bank B.sf2
    python -m training quality basic-pitch --pieces 60 --data DATA
    python -m training quality compose --pieces 20
    python -m training quality modes --pieces 72
    python -m training quality players --pieces 20
    python -m training quality grooves --data DATA
    python -m training quality generators --pieces 24 --shards runs/shards
    python -m training quality my-style --pieces 24 --music FOLDER
    python -m training quality words-on-melody --pieces 16 --data DATA

Pieces that were written are asked whether they obey their controls, are in the key, play as bands do, repeat and are
spread like real music, and copied any of it (training/quality/generate.py); pieces that were changed, how near they
stay to what they were and whether what was taken away comes back (training/quality/remix.py); melodies that were
harmonized, how their chords and voices compare with the written ones (training/quality/harmonize.py); recordings that
were written down, which of their notes were heard (training/quality/transcribe.py); what follows a sound is measured as
sound (training/quality/audio.py). Whole songs, which no checkpoint makes alone, are asked whether they are what was asked for,
come back to their themes, and end
(training/quality/compose.py). Generators at the piano, and one that plays nothing else, are compared by the same code
(training/quality/piano.py), and one that learned somebody's own music with its base (training/quality/tuned.py).
Words on melodies stand beside how people set them (training/quality/words_on_melody.py).
"""

from __future__ import annotations

import argparse
import importlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import symusic

from checkpoints import store
from checkpoints.architectures import ARCHITECTURES
from music.bars import bar_grid
from music.edit import slice_bars
from music.errors import StudioError
from music.files.midi import read_midi
from pipelines.descriptors.pipelines import PIPELINES
from training.card import keep_report
from training.data.prepare import LEAD_SHEET_SET, Source, manifest_sources, melody_sources

EXCERPT_BARS = 16
REPORTS = {name: f"training.quality.{name}" for name in PIPELINES}
"""The module that reports on what each pipeline makes."""
GROOVES = "grooves"
"""Likewise: the styles that a band plays by pattern."""
IDIOMS = "idioms"
"""Likewise: the chain again, asked for styles that are known by their chords."""
MODES = "modes"
"""Likewise: the chain again, asked for songs in every mode."""
PLAYERS = "players"
"""Likewise: the chain again, asked whether every player is audible and playable."""
CHAIN = "compose"
"""Stands where a checkpoint's name would: the chain of all of them."""
GENERATORS = "generators"
"""Likewise: all that write music from nothing, side by side."""
WORDS = "words-on-melody"
"""Likewise: lyrics set to melodies."""
PIANO = "training.quality.piano"
TUNED = "training.quality.tuned"

SETS = Path(__file__).parents[1] / "recipes" / "sets.toml"
_FEWEST_NOTES = 16  # an excerpt with fewer notes says nothing


def main(argv: list[str]) -> None:
    """Runs ``python -m training quality``."""
    parser = argparse.ArgumentParser(prog="python -m training quality", description=__doc__.splitlines()[0])
    parser.add_argument(
        "checkpoint",
        help=f"its name, {CHAIN} for whole songs, {MODES} for songs in every mode, {PLAYERS} for who plays in them, {IDIOMS} for "
        f"their chords by style, {GROOVES} for styles, or {GENERATORS} for all generators at the piano",
    )
    parser.add_argument(
        "--pieces",
        type=int,
        help="pieces to write or to change, each in several ways (default: 100; for songs and players 20, for modes 72, one a prompt)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="the folder of the data sets, to compare with real music")
    parser.add_argument("--music", type=Path, help="the folder or zip that a tuned generator learned from")
    parser.add_argument("--shards", type=Path, help="what `python -m training prepare` wrote (generators at the piano)")
    parser.add_argument("--sets", type=Path, default=SETS, help="the TOML file that describes the data sets")
    parser.add_argument("--excerpts", type=int, default=40, help="excerpts of each real set to compare with")
    parser.add_argument(
        "--repetition-pieces",
        type=int,
        default=24,
        help="pieces to write at each of five temperatures, to see how bars repeat (generate, with --data; 0 for none)",
    )
    parser.add_argument("--index", type=Path, help="keep the index of training windows in this .npz file (generate)")
    parser.add_argument(
        "--bank",
        type=Path,
        action="append",
        help="a sound bank that plays the pieces (audio, and again for others; transcribe)",
    )
    parser.add_argument(
        "--ancestor", type=Path, help="what `python -m training ancestor` wrote, to compare with (audio)"
    )
    parser.add_argument("--out", type=Path, help="keep the pieces as MIDI files in this folder")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--card", action="store_true", help="keep the figures in the card of this embedded checkpoint")
    args = parser.parse_args(argv)
    if args.pieces is None:
        args.pieces = {CHAIN: 20, MODES: 72, PLAYERS: 20}.get(args.checkpoint, 100)
    if args.card and args.checkpoint in (CHAIN, MODES, PLAYERS, GROOVES, IDIOMS, GENERATORS, WORDS):
        raise StudioError("Whole songs and comparisons have no card. Leave --card out, or name a checkpoint.")
    if args.pieces < 1:
        raise StudioError("There is nothing to sample. Ask for at least one piece.")
    import torch

    torch.set_num_threads(1)
    kind = importlib.import_module(TUNED if args.music else _module(args.checkpoint))
    figures = kind.figures(args)
    report = kind.as_text(figures)
    print(report)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if args.card:
        keep_report(args.checkpoint, "quality", report)


def _module(name: str) -> str:
    """Returns the module that reports on a checkpoint, or on what stands where its name would."""
    if name == GENERATORS:
        return PIANO
    if name == WORDS:
        return "training.quality.words_on_melody"
    if name in (MODES, PLAYERS, GROOVES, IDIOMS):
        return f"training.quality.{name}"
    if name == CHAIN:
        return REPORTS[CHAIN]
    found = store.entry(name)
    architecture = ARCHITECTURES.get(found.architecture)
    return PIANO if architecture is not None and not architecture.wishes else REPORTS[found.task]


def read_sets(sets: Path, data: Path, melodies: bool = False) -> dict[str, tuple[bool, list[Source]]]:
    """Returns for each data set that is there whether it is synthetic, and its files.

    Args:
        melodies: with the melodies of lead sheets, too.

    Raises:
        StudioError: none of the sets is in the folder.
    """
    found = {}
    for name, entry in tomllib.loads(sets.read_text(encoding="utf-8")).items():
        if (data / name / "manifest.jsonl").exists():
            sources = list(manifest_sources(data / name, name, entry))
            found[name] = (bool(entry.get("synthetic")), [source for source in sources if source.path.exists()])
        elif melodies and (data / "leadsheets" / f"{name.removeprefix(LEAD_SHEET_SET)}.jsonl").exists():
            found[name] = (False, list(melody_sources(data / name, name, entry)))
    if not any(sources for _, sources in found.values()):
        raise StudioError(f"No data set was found in {data}. Name the folder that holds one folder for each set.")
    return found


def excerpts(
    sources: Iterable[Source], count: int, rng: np.random.Generator, bars: int = EXCERPT_BARS
) -> Iterator[symusic.Score]:
    """Yields up to so many excerpts of so many bars, one a piece, from random places; none without pitched notes."""
    sources = list(sources)
    for place in rng.permutation(len(sources)):
        if count == 0:
            return
        try:
            score = read_midi(sources[place].path).score
        except StudioError:
            continue
        spare = len(bar_grid(score)) - bars
        first = int(rng.integers(0, spare + 1)) if spare > 0 else 0
        score = slice_bars(score, first, first + bars)
        if spare >= 0 and sum(len(t.notes) for t in score.tracks if not t.is_drum) >= _FEWEST_NOTES:
            count -= 1
            yield score
