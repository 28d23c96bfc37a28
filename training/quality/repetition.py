"""How often the bars of real music repeat: what keeps a sampler from loops that no one writes.

    python -m training repetition --data DATA --out pipelines/decoding/repetition.toml

Counts in whole training pieces, read as tokens. Sets weigh the same (by bars), but for small ones, which weigh by their
size. Synthetic sets are shown, but do not count: machines that repeat are no example.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from music.analysis.repetition import NEAR, Counts, bar_contents, count
from music.errors import StudioError
from music.files.midi import read_midi
from music.tokens import octuple as tokens
from music.tokens.columns import Octuple
from music.tokens.conditions import GENRES
from training.data.prepare import Source
from training.quality.report import SETS, read_sets

PIECES = 150
# A set with fewer bars weighs less than others; a genre with fewer is not written. By eye, not measured.
SMALL_SET, FEWEST_BARS = 1000, 1000
PRIOR_BARS = 40
"""A genre's rates are drawn toward the overall ones as if so many more bars had been counted there. By eye, not measured."""
KINDS = {"equal": "same", "repeat": "repeated", "near": "repeated_near"}
"""The rates, and the share of all bars that goes with each."""

_PLAYERS = {"one": (1, 1), "2 or 3": (2, 3), "4 and more": (4, 129)}


class Counted(NamedTuple):
    """What was counted in a piece.

    Attributes:
        set, genre: of the piece.
        players: how many programs it has.
        counts: of its bars.
    """

    set: str
    genre: str | None
    players: int
    counts: Counts


def main(argv: list[str]) -> None:
    """Runs ``python -m training repetition``."""
    parser = argparse.ArgumentParser(prog="python -m training repetition", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--sets", type=Path, default=SETS, help="the TOML file that describes the data sets")
    parser.add_argument("--pieces", type=int, default=PIECES, help="at most so many pieces of each set")
    parser.add_argument("--seed", type=int, default=0, help="which pieces those are")
    parser.add_argument("--out", type=Path, help="write the rates to this TOML file")
    args = parser.parse_args(argv)
    sets = read_sets(args.sets, args.data, melodies=True)
    found = list(counted({name: sources for name, (_, sources) in sets.items()}, args.pieces, args.seed))
    synthetic = {name for name, (made, _) in sets.items() if made}
    real = [piece for piece in found if piece.set not in synthetic]
    if not any(piece.counts.bars for piece in real):
        raise StudioError("There is no real music to count in. Name data sets with training pieces.")
    print(as_text(found, synthetic))
    if args.out:
        command = f"python -m training repetition --pieces {args.pieces} --seed {args.seed}"
        args.out.write_text(as_toml(real, command), encoding="utf-8")


def counted(sets: Mapping[str, Sequence[Source]], pieces: int, seed: int) -> Iterator[Counted]:
    """Yields what is counted in up to so many training pieces of each set, drawn by a seed."""
    for name, sources in sets.items():
        rng = np.random.default_rng(seed)
        training = [source for source in sources if source.split == "train"]
        drawn = [training[place] for place in rng.permutation(len(training))[:pieces]]
        for source in tqdm(drawn, desc=name, unit="piece", disable=None):
            try:
                rows = tokens.encode(source.score or read_midi(source.path).score).rows
            except StudioError:
                continue
            players = len(np.unique(rows[:, Octuple.PROGRAM]))
            yield Counted(name, source.genre, players, count(bar_contents(rows)))


# Rates


def rates(found: Sequence[Counted]) -> dict[str, Any]:
    """Returns the rates of pieces, sets weighing the same, and how many bars each is of.

    NaN where there are none. "equal" and "repeat" as in ``Counts``; "repeated" and "same" are the shares of all bars that
    repeat an earlier one, and the last one.
    """
    by_set: dict[str, Counts] = defaultdict(Counts)
    for piece in found:
        by_set[piece.set] += piece.counts
    weights = {name: 1 / max(counts.bars, SMALL_SET) for name, counts in by_set.items()}
    result: dict[str, Any] = {"pieces": len(found), "bars": sum(counts.bars for counts in by_set.values())}
    for kind, share in KINDS.items():
        weighted = sum((getattr(by_set[name], kind) * weight for name, weight in weights.items()), np.zeros(2))
        trials = sum((getattr(counts, kind).sum(axis=1) for counts in by_set.values()), np.zeros(1))
        with np.errstate(invalid="ignore", divide="ignore"):
            result[kind] = weighted[:, 1] / weighted.sum(axis=1)
        bars = sum(by_set[name].bars * weight for name, weight in weights.items())
        result[share] = float(weighted[:, 1].sum() / bars)
        result[f"{kind}_bars"] = trials
    return result


def shipped(found: Sequence[Counted]) -> dict[str, dict[str, Any]]:
    """Returns the rates of all pieces as "overall" and those of each genre with enough bars.

    Where nothing was counted, among all pieces, stands the rate of the run one shorter; rates of genres are drawn toward
    the overall ones by PRIOR_BARS.
    """
    result = {"overall": rates(found)}
    for kind in KINDS:
        overall = result["overall"][kind]
        for run in range(1, len(overall)):
            overall[run] = overall[run - 1] if np.isnan(overall[run]) else overall[run]
    for genre in GENRES:
        pieces = [piece for piece in found if piece.genre == genre]
        if sum(piece.counts.bars for piece in pieces) >= FEWEST_BARS:
            result[genre] = rates(pieces)
            for kind in KINDS:
                bars, prior = result[genre][f"{kind}_bars"], PRIOR_BARS * result["overall"][kind]
                result[genre][kind] = (np.nan_to_num(result[genre][kind]) * bars + prior) / (bars + PRIOR_BARS)
    return result


def as_toml(found: Sequence[Counted], command: str) -> str:
    """Returns the TOML file that ships: the rates of all pieces and of genres, how many bars each is of beside them."""
    lines = [
        "# How often the bars of real music repeat. Made, and never edited, by",
        f"#     {command} --data DATA --out FILE",
        "# from training pieces. Bars are equal when the same positions, programs and pitches are played by all together.",
        "#     equal   the next bar equals the last one, which is the 1st, 2nd, 3rd, 4th (or later) of equal bars in a row",
        "#     repeat  the next bar equals any earlier one, after 0, 1, 2, 3, 4, 5 (or more) bars in a row that did so",
        f"#     near    the same, any of the {NEAR} bars before",
        "#     ..._bars       how many bars the rates are of",
        "#     same, repeated, repeated_near  shares of all bars that equal the last one, any earlier one, one of those",
        f"# A genre with fewer than {FEWEST_BARS} bars is missing: it takes the overall rates. The rates of the others are drawn",
        f"# toward the overall ones as if {PRIOR_BARS} more bars had been counted there.",
    ]
    for name, row in shipped(found).items():
        lines += ["", "[overall]" if name == "overall" else f"[genre.{name}]"]
        lines += [f"pieces = {row['pieces']}", f"bars = {row['bars']}"]
        lines += [f"{share} = {row[share]:.4f}" for share in KINDS.values()]
        for kind in KINDS:
            lines.append(f"{kind} = [{', '.join(f'{rate:.4f}' for rate in row[kind])}]")
            lines.append(f"{kind}_bars = [{', '.join(str(int(bars)) for bars in row[f'{kind}_bars'])}]")
    return "\n".join(lines) + "\n"


def as_text(found: Sequence[Counted], synthetic: set[str]) -> str:
    """Returns a table of the rates for people: overall, by genre, by how many play, and by set."""
    real = [piece for piece in found if piece.set not in synthetic]
    groups = {"overall": real}
    groups |= {genre: [piece for piece in real if piece.genre == genre] for genre in GENRES}
    groups |= {
        f"players: {name}": [piece for piece in real if first <= piece.players <= last]
        for name, (first, last) in _PLAYERS.items()
    }
    for name in dict.fromkeys(piece.set for piece in found):
        groups[f"{name} (synthetic)" if name in synthetic else name] = [piece for piece in found if piece.set == name]
    lines = [
        "Shares of bars that equal the last one or any earlier one; the next bar equals the last one after n equal bars "
        "in a row; repeats any after m repeated ones",
        f"  {'':28}{'pieces':>7}{'bars':>8}{'same':>7}{'repeat':>7} |"
        + "".join(f"{f'n={run}':>6}" for run in (1, 2, 3, "4+"))
        + " |"
        + "".join(f"{f'm={run}':>6}" for run in (0, 1, 2, 3, 4, "5+")),
    ]
    for name, pieces in groups.items():
        if pieces:
            row = rates(pieces)
            lines.append(
                f"  {name:28}{row['pieces']:7}{row['bars']:8}{row['same']:7.3f}{row['repeated']:7.3f} |"
                + "".join(f"{rate:6.3f}" for rate in row["equal"])
                + " |"
                + "".join(f"{rate:6.3f}" for rate in row["repeat"])
            )
    return "\n".join(lines)
