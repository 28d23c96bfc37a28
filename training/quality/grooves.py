"""Styles that a band was asked to play: would they be taken for what they are, and does each player keep to the rules of it?

A bar is heard as the style whose bars it is most like: a histogram of onsets (kick and low drums, snare, hats and
cymbals, other percussion, bass, chords, by twelfths of a quarter note; a strum is one chord) against the mean of each style over pieces
of the data set `grooves` that no pattern was learned from. What those pieces do not have, the other groove of a style or what was
written by ear, cannot be told by them and is left out.
"""

from __future__ import annotations

import argparse
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from music.arranging.grooves import GRID, Chart, Hit, bass_player, grooves, play
from music.chords import ChordSpan, parse_chord
from music.errors import StudioError
from music.instruments import DRUMS, STRUCK
from music.theory import Key
from training.grooves import RECIPE, bars, is_struck, manifest, name_of, strums
from training.quality.measures.pieces import mean

BAND = (0, 26, 32, DRUMS)  # piano, guitar, bass, drums
PROGRESSION = "C C7 F F G7 C Am7 Dm7 G7 C F G7 Em A7 D7 G7"
BARS = 4 * GRID
KINDS = ("low drums", "snare", "cymbals", "percussion", "bass", "chords")
GOALS = {"nearest": 0.8, "roots": 0.95, "walking": 0.85, "swing": 0.05}
_LOW, _SNARES = {35, 36, 41, 43, 45}, {37, 38, 39, 40}
_CYMBALS = {42, 44, 46, 49, 51, 52, 53, 55, 57, 59}


class Onset(NamedTuple):
    """A note that begins at a place of its bar, by one of KINDS."""

    kind: int
    place: int


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the figures of each style; needs the folder of the data sets."""
    if args.data is None:
        raise StudioError("There is nothing to compare with. Name the folder of the data sets with --data.")
    learned = tomllib.loads(RECIPE.read_text(encoding="utf-8"))["learned"]
    folder = args.data / "grooves"
    rows = manifest(folder, "valid")
    real: dict[str, list[np.ndarray]] = {}
    of: dict[str, set[str]] = {}
    for name, source in learned.items():
        mine = [bar for row in rows if row["style"] == source for bar in bars(folder, row)]
        if mine:
            real[name] = [histogram(_onsets(bar.players)) for bar in mine]
            of[name] = {name_of(bar) for bar in mine}
    centers = {name: np.mean(found, axis=0) for name, found in real.items()}
    styles = {}
    for name in grooves():
        played = _played(name, args.seed)
        styles[name] = {"nearest": None, **rules(name, played)}
        variants = [variant.get("of") in of.get(name, ()) for variant in grooves()[name]["variants"]]
        told = [
            onsets
            for onsets, variant in zip(played["bars"], played["chart"].variants)
            if variants[min(variant, len(variants) - 1)]
        ]
        if told:
            own = [nearest(histogram(onsets), centers) for onsets in told]
            styles[name] |= {"nearest": mean([found == name for found in own]), "taken for": _most(own, name)}
            styles[name]["told"] = len(told) / len(played["bars"])
    ceiling = {name: mean([nearest(bar, centers) == name for bar in found]) for name, found in real.items()}
    return {"styles": styles, "real": ceiling, "compared": len(centers)}


def histogram(onsets: Iterable[Onset]) -> np.ndarray:
    """Returns how often each kind begins at each place of a bar of at most four quarter notes, float64 ``[kinds * places]``.

    Each kind is as long as one, so that many strokes of the drums do not hide one bass note; half of a stroke is heard on
    the places beside it, for two who play together are not in step to a hundredth of a second.
    """
    found = np.zeros((len(KINDS), BARS))
    for kind, place in set(onsets):
        if place < BARS:
            for near, share in ((place, 1.0), (place - 1, 0.5), (place + 1, 0.5)):
                if 0 <= near < BARS:
                    found[kind, near] += share
    return (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)).ravel()


def nearest(bar: np.ndarray, centers: Mapping[str, np.ndarray]) -> str:
    """Returns the style whose center is nearest to a bar."""
    return min(centers, key=lambda name: float(np.linalg.norm(bar - centers[name])))


def _onsets(players: Mapping[tuple[str, int, bool], Sequence[Any]]) -> list[Onset]:
    """Returns the onsets of a bar of the data set; held chords and what runs over them do not count."""
    found = []
    for (name, _, is_drum), notes in players.items():
        if is_drum:
            found += [Onset(_drum_kind(note.pitch), note.place) for note in notes]
        elif name in ("Bass", "Walk"):
            found += [Onset(4, note.place) for note in notes]
        elif is_struck(name):
            found += [Onset(5, place) for place in strums(notes)]
    return found


def _drum_kind(pitch: int) -> int:
    return 0 if pitch in _LOW else 1 if pitch in _SNARES else 2 if pitch in _CYMBALS else 3


def _played(name: str, seed: int) -> dict[str, Any]:
    """Returns the chart that a band reads, what each player does, and the onsets of each bar but the last."""
    length = grooves()[name]["quarters"] * GRID
    chords = [parse_chord(symbol) for symbol in PROGRESSION.split()]
    edges = [(number * length, (number + 1) * length) for number in range(len(chords))]
    chart = Chart(
        bars=tuple(edges),
        beats=tuple(range(0, edges[-1][1], GRID)),
        chords=tuple(ChordSpan(start, end, chord) for (start, end), chord in zip(edges, chords, strict=True)),
        variants=tuple(number // 8 % 2 for number in range(len(chords))),
        key=Key(0, "major"),
        ceilings=(None,) * len(chords),
        ends=True,
    )
    parts = play(name, BAND, chart, seed)
    found: dict[int, list[Onset]] = defaultdict(list)
    for program, hits in parts.items():
        for hit in hits:
            kind = _drum_kind(hit.pitch) if program == DRUMS else 5 if program in STRUCK else 4
            found[hit.place // length].append(Onset(kind, hit.place % length))
    return {"chart": chart, "parts": parts, "bars": [found[number] for number in range(len(chords) - 1)]}


def rules(name: str, played: Mapping[str, Any]) -> dict[str, float | None]:
    """Returns how well the players of a style keep to its rules.

    - roots: of the chords that begin, the share whose first bass note within a quarter note is the chord's bass.
    - walking: of the beats of a walking bass, the share with a note that is a tone of the chord, or a step away from the note
      before or after; None where it does not walk.
    - swing: the largest difference between two players' mean places of their late off-beats, as shares of a quarter; None
      where fewer than two play any.
    """
    chart, parts = played["chart"], played["parts"]
    bass = parts[bass_player(BAND)]
    roots = [
        next((hit.pitch % 12 for hit in bass if span.start <= hit.place <= span.start + GRID), None) == span.chord.bass
        for span in chart.chords
    ]
    walks = any(variant["walks"] for variant in grooves()[name]["variants"])
    late = [np.mean(found) for hits in parts.values() if len(found := _late(hits)) >= 4]
    return {
        "roots": mean(roots),
        "walking": _walking(chart, bass) if walks else None,
        "swing": float(np.ptp(late)) if len(late) > 1 else None,
    }


def _walking(chart: Chart, bass: Sequence[Hit]) -> float:
    kept = []
    for beat in chart.beats[: -len(chart.beats) // len(chart.bars) - 1]:
        here = [number for number, hit in enumerate(bass) if hit.place == beat]
        span = chart.chord_at(beat)
        if not here or span is None:
            kept.append(False)
            continue
        number = here[0]
        around = [bass[n].pitch for n in (number - 1, number + 1) if 0 <= n < len(bass)]
        pitch = bass[number].pitch
        kept.append(pitch % 12 in span.chord.tones or any(0 < abs(pitch - other) <= 2 for other in around))
    return mean(kept)


def _late(hits: Sequence[Hit]) -> list[float]:
    """Returns where in its quarter each off-beat is that swings, between 0.55 and 0.72."""
    phases = [hit.place % GRID / GRID for hit in hits]
    return [phase for phase in phases if 0.55 < phase < 0.72]


def _most(found: Sequence[str], name: str) -> str:
    others = [other for other in found if other != name]
    return max(set(others), key=others.count) if others else ""


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as a table for people."""
    styles = figures["styles"]
    lines = [
        f"grooves: {len(styles)} styles over 16 bars of changing chords; a bar is the nearest of {figures['compared']} styles of "
        "held-out pieces, by those of its grooves that they have",
        "",
        f"  {'':20}{'nearest':>10}{'real bars':>10}{'roots':>8}{'walking':>9}{'swing':>8}   most often taken for",
    ]
    for name, row in styles.items():
        lines.append(
            f"  {name:20}{_share(row['nearest']):>10}{_share(figures['real'].get(name)):>10}{_share(row['roots']):>8}"
            f"{_share(row['walking']):>9}{'-' if row['swing'] is None else format(row['swing'], '.3f'):>8}   {row.get('taken for', '')}"
        )
    means = {
        name: mean([row[name] for row in styles.values() if row[name] is not None])
        for name in ("nearest", "roots", "walking")
    }
    widest = max((row["swing"] for row in styles.values() if row["swing"] is not None), default=0.0)
    lines += ["", *(f"  {name}: {share:.1%}, goal {GOALS[name]:.0%}" for name, share in means.items())]
    lines += [f"  real bars nearest to their own style: {mean(list(figures['real'].values())):.1%}"]
    lines += [f"  swing: at most {widest:.3f} between two players, goal {GOALS['swing']:.2f}"]
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
