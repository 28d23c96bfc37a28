"""Where bars and notes stand on engraved pages and when they sound, so that a cursor can follow the sound, and a click find its bar."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import symusic

from music.bars import ticks_to_seconds
from music.notation.layout import Sheet
from music.notation.rhythm import UNITS, SheetBar

CURSOR = Path(__file__).parent / "cursor.js"
"""The script that finds the cursor's place on the pages."""
_SVG = "{http://www.w3.org/2000/svg}"
_NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Engraving:
    """Engraved pages, and where on them what sounds when.

    Attributes:
        pages: each one SVG, A4.
        bars: of each measure on paper, in order: its page from 0; left, top, width and height as shares of the page; its first
            second and the second after its last.
        moments: of each onset, in order: its second, its measure from 0, and how far from the left of the page it stands.
    """

    pages: tuple[str, ...]
    bars: tuple[tuple[float, ...], ...]
    moments: tuple[tuple[float, ...], ...]

    def plain(self) -> dict[str, Any]:
        """Returns what `cursor.js` takes: bars and moments as lists."""
        return {"bars": [list(bar) for bar in self.bars], "moments": [list(moment) for moment in self.moments]}


def places(
    pages: Sequence[str], timemap: Sequence[Mapping[str, Any]], sheet: Sheet, score: symusic.Score
) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[float, ...], ...]]:
    """Returns the bars and moments of an `Engraving`.

    Args:
        pages: as verovio drew them.
        timemap: its list of what begins when, with measures.
        sheet: what was drawn.
        score: what it was laid out from, in the same ticks.
    """
    boxes: list[tuple[float, ...]] = []
    measures: list[str] = []
    lefts: dict[str, float] = {}
    for number, page in enumerate(pages):
        for name, box, notes in _measures(page):
            measures.append(name)
            boxes.append((number, *(round(share, 4) for share in box)))
            lefts |= notes
    bars = [bar for bar, _ in _counted(sheet)]
    begins = ticks_to_seconds(score, np.array([bar.start_tick for bar in bars]))
    ends = ticks_to_seconds(score, np.array([end for _, end in _counted(sheet)]))
    at = {name: place for place, name in enumerate(measures[: len(bars)])}
    moments: dict[tuple[int, float], float] = {}
    place, base = 0, 0.0
    for event in timemap:
        if event.get("measureOn") in at:
            place, base = at[event["measureOn"]], float(event["qstamp"])
        known = [lefts[name] for name in event.get("on", ()) if name in lefts]
        if known and place < len(bars):
            quarters = float(event["qstamp"]) - base
            if sheet.swung and quarters % 1 == 1 / 2:  # written on the half, played on the last third
                quarters += 1 / 6
            share = min(quarters * UNITS / bars[place].length, 1.0)
            moments.setdefault((place, share), min(known))
    timed = sorted(
        (round(float(begins[bar] + share * (ends[bar] - begins[bar])), 3), bar, round(left, 4))
        for (bar, share), left in moments.items()
    )
    spans = zip(boxes[: len(bars)], begins.tolist(), ends.tolist(), strict=False)
    return tuple((*box, round(begin, 3), round(end, 3)) for box, begin, end in spans), tuple(timed)


def _counted(sheet: Sheet) -> list[tuple[SheetBar, int]]:
    """Returns what stands as one measure on paper: its first bar, and the tick after its last, of several where a rest counts them."""
    rests = dict(sheet.parts[0].rests)
    found, skipped = [], 0
    for place, bar in enumerate(sheet.bars):
        if skipped:
            skipped -= 1
            continue
        skipped = rests.get(place, 1) - 1
        found.append((bar, sheet.bars[place + skipped].end_tick))
    return found


def _measures(page: str) -> Iterator[tuple[str, tuple[float, float, float, float], dict[str, float]]]:
    """Yields name, box and notes (name and left) of each measure of a page, all as shares of the page."""
    root = ElementTree.fromstring(page)
    inner = next(each for each in root.iter(f"{_SVG}svg") if each.get("class") == "definition-scale")
    _, _, width, height = map(float, _NUMBERS.findall(inner.attrib["viewBox"]))
    margin = next(each for each in inner.iter(f"{_SVG}g") if each.get("class") == "page-margin")
    x0, y0 = map(float, _NUMBERS.findall(margin.attrib["transform"])[:2])
    for measure in margin.iter(f"{_SVG}g"):
        if measure.get("class") != "measure":
            continue
        lines = [
            [float(number) for number in _NUMBERS.findall(line.attrib["d"])[:4]]
            for staff in measure.findall(f"{_SVG}g")
            if staff.get("class") == "staff"
            for line in staff.findall(f"{_SVG}path")
        ]
        if not lines:
            continue
        left, right = min(line[0] for line in lines), max(line[2] for line in lines)
        top, bottom = min(line[1] for line in lines), max(line[3] for line in lines)
        notes = {}
        for note in measure.iter(f"{_SVG}g"):
            head = next(note.iter(f"{_SVG}use"), None) if note.get("class") == "note" else None
            if head is not None:
                notes[note.attrib["id"]] = (x0 + float(_NUMBERS.findall(head.attrib["transform"])[0])) / width
        box = ((x0 + left) / width, (y0 + top) / height, (right - left) / width, (bottom - top) / height)
        yield measure.attrib["id"], box, notes
