"""Token shards -> who plays each genre and style in the training pieces, beside the line-ups of music/lineups.py.

python -m training lineups runs/shards
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from music.instruments import DRUMS, instrument_name, parse_instrument
from music.lineups import lineup
from music.styles import STYLES
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from music.tokens.conditions import GENRES
from training.data.shards import Shards

COMMONEST = 8

Players = frozenset[int]
"""Programs, DRUMS for drums."""


def main(argv: list[str]) -> None:
    """Runs ``python -m training lineups``."""
    parser = argparse.ArgumentParser(prog="python -m training lineups", description=__doc__.splitlines()[0])
    parser.add_argument("shards", type=Path, help="the folder that `python -m training prepare` wrote")
    for line in report(players_by_kind(Shards.load(parser.parse_args(argv).shards))):
        print(line)


def players_by_kind(shards: Shards) -> dict[tuple[str | None, str | None], list[Players]]:
    """Returns who plays in each training piece, by genre and style; None stands for any or none of them."""
    found, seen = defaultdict(list), set()
    first, end = shards.index["prefix_blocks"]["genre"]
    for window, (_, is_validation, piece, *_) in enumerate(shards.windows.tolist()):
        if is_validation or piece in seen:
            continue
        seen.add(piece)
        prefix = shards.prefixes[window]
        genre = next((GENRES[number - first] for number in prefix.tolist() if first <= number < end), None)
        number = shards.index["piece_styles"][piece]
        style = None if number is None else shards.index["styles"][number]
        _, start, stop = shards.index["pieces"][piece]
        ids = np.unique(shards.rows[start:stop, Octuple.PROGRAM]).tolist()
        players = frozenset(DRUMS if number == DRUM_PROGRAM else number - FIRST for number in ids)
        for kind in {(genre, style), (genre, None), (None, style)}:
            found[kind].append(players)
    return found


def report(found: dict[tuple[str | None, str | None], list[Players]]) -> Iterable[str]:
    """Yields for each genre and style how often its line-up and each player of it are heard, and who is heard most."""
    guests = sorted((genre, style) for genre, style in found if genre and style and STYLES[style] is None)
    for genre, style in (*((genre, None) for genre in GENRES), *((None, style) for style in STYLES), *guests):
        pieces, band = found.get((genre, style), []), lineup(genre, style)
        programs = frozenset(map(parse_instrument, band))
        heard = Counter(program for players in pieces for program in players)
        together = sum(programs <= players for players in pieces)
        exactly = sum(programs == players for players in pieces)
        yield f"{style or 'genre'}{f' ({genre})' if genre else ''}: {len(pieces)} pieces"
        yield f"  all of the line-up in {together}, they alone in {exactly}: " + ", ".join(
            f"{name} {heard[parse_instrument(name)]}" for name in band
        )
        most = sorted(heard.items(), key=lambda pair: (-pair[1], pair[0]))
        commonest = [f"{instrument_name(program)} {count}" for program, count in most[:COMMONEST]]
        yield f"  commonest: {', '.join(commonest)}"
