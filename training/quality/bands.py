"""Do bands play together? Who plays in how many bars, whether bass and kick meet, whether bass and chords agree.

Measured the same way in pieces that were asked for with drums, a bass and an instrument that plays chords, and in excerpts of
bands: of musicians (gm_free_games), and of an accompaniment program (synth_band and grooves).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import symusic

from music.instruments import BASS_PLAYERS, CHORDAL, DRUMS, KICKS, PADS, program_of
from training.data.prepare import Source
from training.quality.measures.pieces import bar_edges, grid_notes
from training.quality.repeats import summary
from training.quality.report import EXCERPT_BARS, excerpts

ROLES = ("drums", "bass", "chords", "others")
NEEDED = frozenset(("drums", "bass", "chords"))
"""Without one of these it is no band."""
KICK, AGREE = "bass notes on a kick", "bass time in the chords"
MEASURES = (*(f"{role} play" for role in ROLES), KICK, AGREE)
REAL = {"musicians": ("gm_free_games",), "accompaniment program": ("synth_band", "grooves")}
"""The data sets with bands, by who played them."""
GOAL = 0.8
"""Those who were asked to play do so in at least this share of the bars in which real players of their role do."""

_VERDICTS = {True: "met", False: "not met", None: "-"}
_NEAR = 1  # grid steps, of twelve a quarter note, between a bass note and a kick that sound together


def role_of(program: int) -> str:
    """Returns what a program, DRUMS for drums, does in a band."""
    if program == DRUMS:
        return "drums"
    return "bass" if program in BASS_PLAYERS else "chords" if program in CHORDAL | PADS else "others"


def is_band(programs: Iterable[int]) -> bool:
    """Returns whether drums, a bass, and someone who plays chords are among these programs."""
    return NEEDED <= {role_of(program) for program in programs}


def players(score: symusic.Score) -> set[int]:
    """Returns the programs that have notes, DRUMS for drums."""
    return {program_of(track) for track in score.tracks if len(track.notes)}


def band(score: symusic.Score, programs: Iterable[int], bars: int) -> dict[str, float]:
    """Returns the measures of a piece by name; NaN where there is nothing to measure.

    - "drums play" and so on: the share of bars in which a player of that role sounds, averaged over the players of the role.
    - "bass notes on a kick": the share of onsets of the bass that are at most a twelfth of a quarter note from a kick, in bars
      in which both play.
    - "bass time in the chords": the share of the time of bass notes, half bar by half bar, whose pitch class sounds in a
      chord instrument in that half bar; half bars without any are left out.

    Args:
        programs: who was to play.
        bars: how many bars there were to play in, from the first on.
    """
    edges = bar_edges(score)
    edges = np.append(edges, edges[-1] + np.arange(1, bars - len(edges) + 2) * (edges[-1] - edges[-2]))[: bars + 1]
    shares: dict[str, list[float]] = {}
    for program in programs:
        start, end, _, _ = grid_notes(_only(score, {program}))
        shares.setdefault(role_of(program), []).append(float(_sounding(start, end, edges).any(axis=0).mean()))
    values = {f"{role} play": float(np.mean(found)) for role, found in shares.items()}
    basses, chords = ({p for p in programs if role_of(p) == role} for role in ("bass", "chords"))
    values |= {KICK: _on_kick(score, basses, edges), AGREE: _in_chords(score, basses, chords, edges)}
    return {name: values.get(name, float("nan")) for name in MEASURES}


def _only(score: symusic.Score, programs: set[int]) -> symusic.Score:
    """Returns the tracks of these programs in a score of their own."""
    found = symusic.Score(score.ticks_per_quarter)
    found.tracks.extend(track for track in score.tracks if program_of(track) in programs)
    return found


def _sounding(start: np.ndarray, end: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Returns which notes sound between which edges, bool [notes, edges - 1]."""
    return (start[:, None] < edges[1:]) & (end[:, None] > edges[:-1])


def _on_kick(score: symusic.Score, basses: set[int], edges: np.ndarray) -> float:
    bass = np.unique(grid_notes(_only(score, basses))[0])
    onset, _, pitch, _ = grid_notes(_only(score, {DRUMS}))
    kick = np.unique(onset[np.isin(pitch, KICKS)])
    bar_of_bass, bar_of_kick = (np.searchsorted(edges, at, side="right") - 1 for at in (bass, kick))
    bass = bass[np.isin(bar_of_bass, bar_of_kick) & (bar_of_bass < len(edges) - 1)]
    if not len(bass):
        return float("nan")
    return float((np.abs(bass[:, None] - kick).min(axis=1) <= _NEAR).mean())


def _in_chords(score: symusic.Score, basses: set[int], chords: set[int], edges: np.ndarray) -> float:
    halves = np.sort(np.concatenate([edges, (edges[:-1] + edges[1:]) // 2]))
    start, end, pitch, _ = grid_notes(_only(score, chords))
    present = np.zeros((12, len(halves) - 1), dtype=bool)
    np.logical_or.at(present, pitch % 12, _sounding(start, end, halves))
    start, end, pitch, _ = grid_notes(_only(score, basses))
    time = np.clip(np.minimum(end[:, None], halves[1:]) - np.maximum(start[:, None], halves[:-1]), 0, None)
    time = time * present.any(axis=0)
    return float((time * present[pitch % 12]).sum() / time.sum()) if time.sum() else float("nan")


# Sets of pieces


def real_bands(
    sets: dict[str, tuple[bool, list[Source]]], count: int, rng: np.random.Generator
) -> dict[str, list[symusic.Score]]:
    """Returns up to so many validation excerpts of 16 bars of the bands of each data set, by who played them."""
    return {
        who: [score for name in names if name in sets for score in islice(_bands_of(sets[name][1], rng), count)]
        for who, names in REAL.items()
    }


def _bands_of(sources: list[Source], rng: np.random.Generator) -> Iterator[symusic.Score]:
    valid = [source for source in sources if source.split == "valid"]
    return (score for score in excerpts(valid, len(valid), rng) if is_band(players(score)))


def bands(
    written: Sequence[tuple[symusic.Score, Sequence[int], int]], real: dict[str, list[symusic.Score]]
) -> dict[str, Any]:
    """Returns how the measures of bands that were written are spread, and those of each sort of real ones.

    Args:
        written: score, programs that were asked for, and bars that were asked for; those without the roles of a band are left out.
        real: by who played them; who plays in an excerpt counts as asked for.
    """
    rows = {
        "written": [band(*asked) for asked in written if is_band(asked[1])],
        **{who: [band(score, players(score), EXCERPT_BARS) for score in scores] for who, scores in real.items()},
    }
    result: dict[str, Any] = {"pieces": {who: len(found) for who, found in rows.items()}}
    for name in MEASURES:
        result[name] = {
            who: summary(np.array([row[name] for row in found if np.isfinite(row[name])]))
            for who, found in rows.items()
        }
    musicians = next(iter(REAL))  # "met" is None where there is nothing to compare
    for role in ROLES:
        found = result[f"{role} play"]
        mean, found["goal"] = found["written"]["mean"], GOAL * found[musicians]["mean"]
        found["met"] = bool(mean >= found["goal"]) if np.isfinite(mean + found["goal"]) else None
    return result


def as_text(figures: dict[str, Any]) -> list[str]:
    """Returns the lines of a table of what ``bands`` found."""
    counts = figures["pieces"]
    lines = [
        "Bands: mean, its standard error, and the middle 80 % of "
        + ", ".join(
            f"{count} {'pieces' if who == 'written' else f'excerpts ({who})'}" for who, count in counts.items()
        ),
        f"  {'':26}" + "".join(f"{who:>30}" for who in counts) + f"{'goal':>10}",
    ]
    for name in MEASURES:
        row = figures[name]
        text = "".join(
            f"{cell['mean']:12.3f} ±{cell['error']:.3f}{cell['p10']:6.2f}-{cell['p90']:.2f}"
            for cell in (row[who] for who in counts)
        )
        goal = f"{row['goal']:10.3f}  {_VERDICTS[row['met']]}" if "goal" in row else ""
        lines.append(f"  {name:26}{text}{goal}")
    return lines
