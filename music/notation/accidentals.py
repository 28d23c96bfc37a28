"""Sharps and flats in the chord symbols of an engraved page, drawn as shapes.

Verovio sets them in a music font that it would embed in each page (60 kB), and that nothing but a browser can show.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

_SYMBOL = re.compile(r'(<g id="[^"]*" class="harm">)\s*<text x="(-?\d+)" y="(-?\d+)"(.*?)</text>\s*</g>', re.DOTALL)
_RUN = re.compile(r'<tspan( font-family="[^"]*")? font-size="(\d+)px">([^<]+)</tspan>')
_SHAPE = re.compile(r' d="([^"]*)"')
_SIZE = 0.72  # of the music font: a flat is then a little taller than the letter before it
_AIR = 12
_WIDER = 1.2  # the widths are those of Times, and most machines draw a wider font (DejaVu Serif: up to 1.25 times)


def draw_accidentals(page: str) -> str:
    """Returns a page that verovio drew, as SVG, with the sharps and flats of its chord symbols drawn as shapes."""
    return _SYMBOL.sub(_draw, page)


def _draw(symbol: re.Match[str]) -> str:
    """Returns one chord symbol of a page with shapes for its sharps and flats, its letters set beside them."""
    opening, left, baseline, runs = symbol.groups()
    x, pieces, widths = float(left), [opening], _letter_widths()
    for music_font, size, text in _RUN.findall(runs):
        if not music_font:
            pieces.append(f'<text x="{x:.0f}" y="{baseline}" font-size="{size}px">{text}</text>')
            x += sum(widths.get(letter, 0.5) for letter in text) * int(size) * _WIDER
            continue
        for code in text:
            shape, lowest, width = glyph(f"{ord(code):04X}")
            place = f"translate({x + _AIR:.0f}, {int(baseline) + lowest * _SIZE + _AIR:.0f}) scale({_SIZE}, -{_SIZE})"
            pieces.append(f'<path transform="{place}" d="{shape}" />')
            x += width * _SIZE + 2 * _AIR
    return "".join([*pieces, "</g>"])


def _data() -> Path:
    import verovio

    return Path(verovio.__file__).parent / "data"


@lru_cache(maxsize=1)
def _letter_widths() -> dict[str, float]:
    """Returns the width of each letter as a share of the font's size."""
    letters = ElementTree.parse(_data() / "text" / "Times.xml").getroot()
    em = float(letters.attrib["units-per-em"])
    return {chr(int(g.attrib["c"], 16)): float(g.get("h-a-x") or g.attrib["w"]) / em for g in letters.iter("g")}


@lru_cache(maxsize=8)
def glyph(code: str) -> tuple[str, float, float]:
    """Returns the outline of a glyph of the music font (y upwards), its lowest place and its width, in its own units."""
    drawing = (_data() / "Leipzig" / f"{code}.xml").read_text()
    outline = next(shape[1] for shape in _SHAPE.finditer(drawing))
    boxes = ElementTree.parse(_data() / "Leipzig.xml").getroot()
    box = next(box for box in boxes.iter("g") if box.get("c") == code)
    return outline, float(box.attrib["y"]), float(box.attrib["h-a-x"])
