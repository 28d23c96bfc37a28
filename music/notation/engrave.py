"""Piece to sheet music: MusicXML that notation programs read, and engraved pages as SVG and PDF."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from music.errors import StudioError
from music.notation.accidentals import draw_accidentals
from music.notation.layout import Sheet, layout, paper_score
from music.notation.long_rests import count_rests
from music.notation.musicxml_writer import musicxml_tree, write_musicxml
from music.notation.pdf_pages import A4_MM, pdf_document
from music.notation.places import Engraving, places
from music.notation.swing import draw_swing
from music.notation.views import VIEWS, parts, views
from music.notation.words import draw_words, fit_words, name_player, short_title
from music.piece import Piece

if TYPE_CHECKING:
    import verovio

_PIXELS_PER_MM = 4


def musicxml(piece: Piece, view: str = "score", part: str = "", concert: bool | None = None) -> bytes:
    """Returns the piece as MusicXML 4.0, its chord symbols over the melody (`melody_track`).

    Args:
        piece: what to write down.
        view: one of music.notation.views.VIEWS that ``views(piece)`` offers: "score" is everything that plays, "lead sheet"
            the melody alone with its chord symbols, "closed score" four voices on two staves.
        part: one of ``music.notation.views.parts(piece)``: the part of one player of the score; "" for all players.
        concert: whether all stands there as it sounds, rather than as each instrument reads it; by default so but for parts.

    Raises:
        StudioError: the piece has no notes, or no such view or part.
    """
    return write_musicxml(_sheet(piece, view, part, concert))


def svg_pages(piece: Piece, view: str = "score", part: str = "", concert: bool | None = None) -> list[str]:
    """Returns the piece as engraved A4 pages, each one SVG on white.

    Args:
        piece, view, part, concert: as for `musicxml`.

    Raises:
        StudioError: the piece has no notes, or no such view or part.
    """
    sheet = _sheet(piece, view, part, concert)
    return _finished(_drawn(sheet)[0], sheet)


def engraving(piece: Piece, view: str = "score", part: str = "", concert: bool | None = None) -> Engraving:
    """Returns the pages of `svg_pages` with where on them what sounds when.

    Args:
        piece, view, part, concert: as for `musicxml`.

    Raises:
        StudioError: the piece has no notes, or no such view or part.
    """
    sheet = _sheet(piece, view, part, concert)
    pages, toolkit = _drawn(sheet)
    timemap = toolkit.renderToTimemap({"includeMeasures": True})
    return Engraving(tuple(_finished(pages, sheet)), *places(pages, timemap, sheet, paper_score(piece)))


def _drawn(sheet: Sheet) -> tuple[list[str], verovio.toolkit]:
    """Returns the pages of a sheet as verovio draws them, and verovio with the sheet in it."""
    import verovio

    staves = sum(len(part.staves) for part in sheet.parts)
    # A small band fits a page at the usual staff height of 7 mm; for an orchestra the staves shrink.
    smaller = 1.0 if staves <= 2 else 1.15 if staves <= 5 else max(1.25, staves * 0.07)
    verovio.enableLog(verovio.LOG_OFF)
    # It knows its fonts only in the thread that imported it first.
    verovio.setDefaultResourcePath(str(Path(verovio.__file__).parent / "data"))
    toolkit = verovio.toolkit()
    width, height = (round(mm * 10 * smaller) for mm in A4_MM)
    margin = round(120 * smaller)
    toolkit.setOptions(
        {
            "pageWidth": width,
            "pageHeight": height,
            "scale": max(1, round(100 * A4_MM[0] * _PIXELS_PER_MM / width)),
            "svgViewBox": True,
            "pageMarginTop": margin,
            "pageMarginBottom": margin,
            "pageMarginLeft": margin,
            "pageMarginRight": margin,
            "header": "auto",
            "footer": "none",
            "breaks": "auto",
            "condense": "auto" if staves > 6 else "none",
            "systemDivider": "none",
            "spacingStaff": 12 if staves <= 2 else 8,
            "spacingSystem": 8,
            "smuflTextFont": "none",
            "lyricWordSpace": 3.0,  # it knows the widths of Times alone, and most machines draw a wider font
            "bottomMarginHeader": 6 if any(part.chords for part in sheet.parts) else 2,
        }
    )
    if not toolkit.loadData(_drawable(sheet)):
        raise RuntimeError("verovio refused the MusicXML that was written for it")
    rests = dict(sheet.parts[0].rests)
    if rests and not toolkit.loadData(count_rests(toolkit.getMEI(), rests)):
        raise RuntimeError("verovio refused its own MEI with long rests in it")
    return [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)], toolkit


def _finished(pages: Sequence[str], sheet: Sheet) -> list[str]:
    """Returns the pages of a sheet, white, with what verovio leaves out."""
    return [_on_white(name_player(fit_words(draw_swing(draw_accidentals(page))), sheet.player)) for page in pages]


def pdf(piece: Piece, view: str = "score", part: str = "", concert: bool | None = None) -> bytes:
    """Returns the piece as an A4 PDF, one page for each of `svg_pages`.

    Words whose letters no font of this machine has are left out, and a line below says so.

    Args:
        piece, view, part, concert: as for `musicxml`.

    Raises:
        StudioError: the piece has no notes, or no such view or part.
    """
    pages = (draw_words(page) for page in svg_pages(piece, view, part, concert))
    return pdf_document(pages, piece.title or "Untitled")


_MISSING = {
    "lead sheet": "A lead sheet needs a melody with chord symbols, and this piece has none. Harmonize it first.",
    "closed score": "A closed score needs exactly four parts of one voice each. Look at the score instead.",
}


@lru_cache(maxsize=1)  # of a score both MusicXML and PDF are wanted
def _sheet(piece: Piece, view: str, part: str, concert: bool | None) -> Sheet:
    if not piece.note_count:
        raise StudioError("There are no notes to write down. Generate or open some music first.")
    if view not in views(piece):
        raise StudioError(_MISSING.get(view, f"There is no sheet view '{view}'. Choose {', '.join(VIEWS)}."))
    if part and (view != "score" or part not in parts(piece)):
        names = ", ".join(parts(piece)) or "the score, for one player has it all"
        raise StudioError(f"There is no part '{part}'. Choose one of the score's: {names}.")
    return layout(piece, view, part, not part if concert is None else concert)


def _drawable(sheet: Sheet) -> str:
    """Returns MusicXML as verovio draws it right: it would print degrees that the text has, and a root before "N.C."."""
    root = musicxml_tree(dataclasses.replace(sheet, title=short_title(sheet.title)))
    if sheet.player:
        for name in root.iter("part-name"):
            name.text = ""  # it heads the page
        for attributes in root.iter("attributes"):
            for style in attributes.findall(
                "measure-style"
            ):  # it would lose what stands over the rest, see count_rests
                attributes.remove(style)
    for harmony in root.iter("harmony"):
        kind = next(harmony.iter("kind"))
        kind.set("text", re.sub(r"b(?=\d)", "♭", kind.attrib["text"]).replace("#", "♯"))
        for child in harmony.findall("degree") + (harmony.findall("root") if kind.text == "none" else []):
            harmony.remove(child)
    return ElementTree.tostring(root, encoding="unicode")


def _on_white(svg: str) -> str:
    opening = svg.index(">", svg.index("<svg")) + 1
    return f'{svg[:opening]}<rect width="100%" height="100%" fill="white"/>{svg[opening:]}'
