"""Engraved pages made small enough to stand in a page of HTML: without names, and with each glyph once for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_STYLED = frozenset(("page-margin", "ending", "fing", "reh", "tempo", "dir", "dynam", "mNum", "label"))
"""Classes that page.css gives a look, as the engraver's own style does."""
_BLANK = " \n\t\r"  # not the space that does not break, which the engraver means
_GLYPH = re.compile(r"#?([0-9A-F]{4,5})-\w+")


def slim_pages(pages: Sequence[str]) -> list[str]:
    """Returns the same pages for one document of HTML, a third as large; their style stands in page.css.

    Args:
        pages: as ``music.notation.engrave.svg_pages`` gives them.
    """
    known: set[str] = set()
    return [_slim(ElementTree.fromstring(page), known) for page in pages]


def _slim(page: ElementTree.Element, known: set[str]) -> str:
    for child in list(page):
        if child.tag in (f"{_SVG}desc", f"{_SVG}style", f"{_SVG}rect"):  # the paper is white by page.css
            page.remove(child)
    for defined in page.iter(f"{_SVG}defs"):
        for glyph in list(defined):
            name = _short(glyph.get("id", ""))
            if name in known:
                defined.remove(glyph)
            else:
                known.add(name)
                glyph.set("id", name)
                glyph.set("class", "glyph")  # so that it stays a group of its own
    _tidy(page)
    for defined in page.iter("defs"):
        for glyph in defined:
            del glyph.attrib["class"]
    return ElementTree.tostring(page, encoding="unicode")


def _short(name: str) -> str:
    """Returns what a glyph is called in all pages alike."""
    found = _GLYPH.fullmatch(name)
    return f"g{found[1]}" if found else name


def _tidy(element: ElementTree.Element) -> None:
    """Takes away what only a program would read: names, empty groups, groups of nothing but their children, white space."""
    element.tag = element.tag.removeprefix(_SVG)
    classes = element.attrib.pop("class", "").split()
    if "glyph" not in classes:
        element.attrib.pop("id", None)
    kept = " ".join(each for each in classes if each in _STYLED or each == "glyph")
    if kept:
        element.set("class", kept)
    if link := element.attrib.pop(_LINK, None):
        element.set("href", "#" + _short(link.removeprefix("#")))
    if not (element.text or "").strip(_BLANK):
        element.text = None
    children: list[ElementTree.Element] = []
    for child in list(element):
        if "placeholder" in child.get("class", ""):  # the engraver hides it
            continue
        _tidy(child)
        if not (child.tail or "").strip(_BLANK):
            child.tail = None
        if child.tag == "g" and not child.attrib:
            children += list(child)
        elif child.tag != "g" or len(child):
            children.append(child)
    element[:] = children
