"""Patterns of accompaniment by style, for music/arranging/grooves.json.

    python -m training grooves --data DATA

Read from the training pieces of the data set `grooves` (bars that are labelled with a groove of the library of MMA, Musical
MIDI Accompaniment, GPL-2+), and from those written by ear in training/recipes/grooves.toml. A pattern is what most bars of
a groove have in common: the strokes of the drums that at least half of them have, the commonest rhythm of each chord
player and of the bass, whose notes are kept as steps of the chord that sounds.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import symusic

from music.errors import StudioError
from music.instruments import DRUMS, playable_range

RECIPE = Path(__file__).parent / "recipes" / "grooves.toml"
TABLE = Path(__file__).parents[1] / "music" / "arranging" / "grooves.json"
GRID = 12  # places in a quarter note
CYCLE = 4  # bars: no groove of the library repeats later
VARIANTS = 2  # of each style, for its verse and its chorus
CHORD_PLAYERS = 3
_SUFFIX = re.compile(r"(Sus|Plus|Walk)+$")
_STEPS = {
    0: 1,
    2: 2,
    3: 3,
    4: 3,
    5: 4,
    6: 5,
    7: 5,
    8: 5,
    9: 6,
    10: 7,
    11: 7,
}  # semitones above the root; others stay out
_KIT = {"kick": 36, "snare": 38, "rim": 37, "clap": 39, "closed": 42, "open": 46, "ride": 51, "crash": 59}
_PLAIN, _ACCENTED = 80, 104  # velocities of written strokes, by ear
_SHARE, _OFTEN = 0.5, 0.3  # of the bars of a groove: who strikes a drum there, and who plays at all


class _Note(NamedTuple):
    place: int
    length: int
    pitch: int
    velocity: int


class _Bar(NamedTuple):
    """One bar of a piece: its groove, its number in a cycle, its chord if it has but one, and the notes of each player."""

    groove: str
    number: int
    root: int | None
    players: dict[tuple[str, int, bool], list[_Note]]


def main(argv: list[str]) -> None:
    """Runs ``python -m training grooves``."""
    parser = argparse.ArgumentParser(prog="python -m training grooves", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets, grooves unpacked")
    parser.add_argument("--out", type=Path, default=TABLE)
    args = parser.parse_args(argv)
    recipe = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    rows = manifest(args.data / "grooves", "train")
    table: dict[str, Any] = {}
    for name, source in recipe["learned"].items():
        mine = [row for row in rows if row["style"] == source]
        if not mine:
            raise StudioError(
                f"The data have no style '{source}'. Correct {RECIPE.name}, or unpack the whole data set."
            )
        found = (b for row in mine for b in bars(args.data / "grooves", row))
        table[name] = learned(found, name in recipe["walking"], recipe.get("chosen", {}).get(name, ()))
    table |= {entry["name"]: written(entry) for entry in recipe["written"]}
    for entry in recipe.get("chorus", ()):  # which the data lack: who has nothing written in it plays as in the verse
        mine, other = table[entry["name"]]["variants"], written(entry)["variants"][0]
        table[entry["name"]]["variants"] = [
            mine[0],
            {**other, "drums": other["drums"] if any(other["drums"]) else mine[0]["drums"]},
        ]
    text = ",\n".join(f"{json.dumps(name)}:{json.dumps(style, separators=(',', ':'))}" for name, style in table.items())
    args.out.write_text("{\n" + text + "\n}\n", encoding="utf-8")
    print(f"{len(table)} styles, {args.out.stat().st_size / 1000:.0f} kB: {', '.join(table)}")


def is_struck(track: str) -> bool:
    """Returns whether a track of the library strikes chords: neither holds them nor runs over them."""
    return track.startswith(("Chord", "Plectrum", "Bass-Chord")) and "Sus" not in track


def manifest(folder: Path, split: str) -> list[dict[str, Any]]:
    """Returns the lines of the manifest that are of a split.

    Raises:
        StudioError: there is no such data set.
    """
    if not (folder / "manifest.jsonl").exists():
        raise StudioError(f"There is no data set in {folder}. Unpack grooves.tar.xz there.")
    rows = map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["split"] == split]


def bars(folder: Path, row: dict[str, Any]) -> Iterator[_Bar]:
    """Yields the main bars of a piece, quantized: no intro, fill or ending; its melody is left out."""
    score, quarters = symusic.Score(str(folder / row["file"])), row["beats_per_bar"]
    per_bar, unit = quarters * GRID, score.ticks_per_quarter / GRID
    found: list[dict[tuple[str, int, bool], list[_Note]]] = [defaultdict(list) for _ in range(row["bars"])]
    for track in score.tracks:
        if track.name == "Melody":
            continue
        for note in track.notes:
            place = round(note.time / unit)
            if place // per_bar < len(found):
                mine = found[place // per_bar][(track.name, track.program, track.is_drum)]
                mine.append(_Note(place % per_bar, max(1, round(note.duration / unit)), note.pitch, note.velocity))
    for number, ((groove, of), players) in enumerate(zip(row["bar_grooves"], found, strict=False)):
        if of == "main":
            chords = [
                chord
                for chord in row["chords"]
                if chord[0] < (number + 1) * quarters - 0.2 and chord[0] + chord[1] > number * quarters + 0.2
            ]
            alone = chords[0] if len(chords) == 1 else None
            whole = alone is not None and alone[3] is not None and alone[3] == alone[4]
            yield _Bar(groove, number % CYCLE, alone[3] if whole and alone else None, dict(players))


def learned(all_bars: Iterable[_Bar], walks: bool, chosen: Sequence[str] = ()) -> dict[str, Any]:
    """Returns the patterns of a style from its bars.

    Args:
        all_bars: labelled with grooves of the library.
        walks: whether the bass walks.
        chosen: the grooves for verse and chorus; empty for the two that have most bars.
    """
    by_groove: dict[str, list[_Bar]] = defaultdict(list)
    for bar in all_bars:
        by_groove[name_of(bar)].append(bar)
    variants: list[dict[str, Any]] = []
    for name, mine in sorted(by_groove.items(), key=lambda item: (-len(item[1]), item[0])):
        if chosen and name not in chosen:
            continue
        found = {"of": name, **_variant(mine, walks)}
        if (found["bass"] or found["chords"] or any(found["drums"])) and all(
            {**found, "of": other["of"]} != other for other in variants
        ):
            variants.append(found)
    variants = variants[:VARIANTS] if any(any(v["bass"]) for v in variants[:VARIANTS]) else variants
    quarters = (
        1 + max(n.place for mine in by_groove.values() for b in mine for p in b.players.values() for n in p) // GRID
    )
    with_bass = next((variant["bass"] for variant in variants if any(variant["bass"])), [])
    if not with_bass and quarters == 3 and not walks:  # a waltz without a bass in the data: the oom of its oom-pah-pah
        with_bass = [[[0, GRID - 1, _PLAIN, step]] for step in (1, 5)]
    for variant in variants[:VARIANTS]:
        if not any(variant["bass"]):
            variant["bass"], variant["walks"] = with_bass, variant["walks"] or not with_bass
    programs = [key[1] for mine in by_groove.values() for bar in mine for key in bar.players if key[0] == "Bass"]
    return {
        "quarters": quarters,
        "bass": Counter(programs).most_common(1)[0][0] if programs else 32,
        "variants": variants[:VARIANTS],
    }


def name_of(bar: _Bar) -> str:
    """Returns the groove of a bar without what the library adds to or takes from it, such as held strings."""
    return _SUFFIX.sub("", bar.groove)


def _variant(mine: Sequence[_Bar], walks: bool) -> dict[str, Any]:
    """Returns what the players do in the bars of a groove, a list of bars each."""
    cycles = [[bar for bar in mine if bar.number == number] for number in range(CYCLE)]
    counts = Counter(key for bar in mine for key in bar.players)
    struck = [key for key, _ in counts.most_common() if is_struck(key[0])]
    chords = []
    for name, program, _ in struck:
        pattern = _shortest([_chords(cycle, (name, program, False)) for cycle in cycles])
        if any(pattern) and all(pattern != other["bars"] for other in chords):
            chords.append({"program": program, "bars": pattern})
    return {
        "drums": _shortest([_drums(cycle) for cycle in cycles]),
        "bass": _shortest([_bass(cycle) for cycle in cycles]),
        "walks": walks,
        "chords": chords[:CHORD_PLAYERS],
    }


def _shortest(cycle: list[list[list[int]]]) -> list[list[list[int]]]:
    """Returns the bars of a cycle without their repetition."""
    for length in (1, 2):
        if cycle == cycle[:length] * (CYCLE // length):
            return cycle[:length]
    return cycle


def _drums(cycle: Sequence[_Bar]) -> list[list[int]]:
    """Returns ``[place, drum key, velocity]`` of the strokes that most bars have."""
    low, high = playable_range(DRUMS)
    played = [[n for key, notes in b.players.items() if key[2] for n in notes if low <= n.pitch <= high] for b in cycle]
    played = [notes for notes in played if notes]
    loud: dict[tuple[int, int], list[int]] = defaultdict(list)
    for notes in played:
        for place, pitch in {(n.place, n.pitch) for n in notes}:
            loud[place, pitch].append(max(n.velocity for n in notes if (n.place, n.pitch) == (place, pitch)))
    kept = {where: found for where, found in loud.items() if len(found) >= _SHARE * len(played)}
    return [[place, pitch, round(median(found))] for (place, pitch), found in sorted(kept.items())]


def _chords(cycle: Sequence[_Bar], player: tuple[str, int, bool]) -> list[list[int]]:
    """Returns ``[place, length, velocity]`` of the chords of a player, in the rhythm that is commonest."""
    bars_of_player = [bar.players.get(player, []) for bar in cycle]
    found = [strums(notes) for notes in bars_of_player if notes]
    if not found or len(found) < _OFTEN * len(cycle):
        return []
    rows = _commonest(found)
    ends = [*(row[0] for row in rows[1:]), CYCLE * GRID]  # strings that ring are struck again
    return [[place, min(length, end - place), loud] for (place, length, loud), end in zip(rows, ends, strict=True)]


def strums(notes: Sequence[_Note]) -> dict[int, tuple[int, int]]:
    """Returns length and velocity at each place, notes of a strum being one."""
    found: dict[int, tuple[int, int]] = {}
    at, last = -2, -2
    for note in sorted(notes):
        at, last = at if note.place - last <= 1 else note.place, note.place
        length, loud = found.get(at, (0, 0))
        found[at] = max(length, note.length), max(loud, note.velocity)
    return found


def _commonest(found: Sequence[dict[int, tuple[int, ...]]]) -> list[list[int]]:
    """Returns the rows of the rhythm that most have, with the medians of what else they say."""
    if not found:
        return []
    rhythm = Counter(tuple(sorted(one)) for one in found).most_common(1)[0][0]
    same = [one for one in found if tuple(sorted(one)) == rhythm]
    return [
        [place, *(round(median(one[place][n] for one in same)) for n in range(len(same[0][place])))] for place in rhythm
    ]


def _bass(cycle: Sequence[_Bar]) -> list[list[int]]:
    """Returns ``[place, length, velocity, step]`` of the bass in the commonest rhythm; the step above the root, 8 an octave."""
    found = []
    for bar in cycle:
        notes = sorted(n for key, mine in bar.players.items() if key[0] == "Bass" for n in mine)
        if notes and bar.root is not None:
            lowest = next((n.pitch for n in notes if n.pitch % 12 == bar.root), notes[0].pitch)
            found.append({n.place: (n.length, n.velocity, _step(n.pitch, bar.root, lowest)) for n in notes})
    return _commonest(found)


def _step(pitch: int, root: int, lowest: int) -> int:
    step = _STEPS.get((pitch - root) % 12, 1)
    return 8 if step == 1 and pitch >= lowest + 12 else step


def written(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns the patterns of a style that a person wrote."""
    quarters = entry.get("quarters", 4)
    unit = quarters * GRID // entry["places"]
    kit = {name: entry.get(name, "").split("|") for name in _KIT}
    drums = [
        sorted(
            [n * unit, _KIT[name], _ACCENTED if sign == "X" else _PLAIN]
            for name, lines in kit.items()
            for n, sign in enumerate(lines[bar % len(lines)])
            if sign != "-"
        )
        for bar in range(max(map(len, kit.values())))
    ]
    short = unit if not entry.get("short") else max(1, unit * 2 // 3)
    return {
        "quarters": quarters,
        "bass": 33,
        "power": bool(entry.get("power")),
        "variants": [
            {
                "drums": drums,
                "bass": [_written_bass(line, unit, quarters * GRID) for line in entry["bass"].split("|")],
                "walks": False,
                "chords": [
                    {"program": 27, "bars": [_written_chords(line, unit, short) for line in entry["chords"].split("|")]}
                ],
            }
        ],
    }


def _written_bass(line: str, unit: int, whole: int) -> list[list[int]]:
    found = [[n * unit, unit, _PLAIN, int(sign)] for n, sign in enumerate(line) if sign.isdigit()]
    ends = [*(row[0] for row in found[1:]), whole]
    return [
        [place, max(unit, (end - place) * 5 // 6), loud, step]
        for (place, _, loud, step), end in zip(found, ends, strict=True)
    ]


def _written_chords(line: str, unit: int, short: int) -> list[list[int]]:
    """Returns ``[place, length, velocity]`` of each chord, and for a digit that too."""
    found: list[list[int]] = []
    for n, sign in enumerate(line):
        if sign == "~":
            found[-1][1] += unit
        elif sign != "-":
            loud = _ACCENTED if sign == "X" else _PLAIN
            found.append([n * unit, short, loud, *([int(sign)] if sign.isdigit() else [])])
    return found
