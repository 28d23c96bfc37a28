"""Engraved pages as PDF: lines and shapes become its operators here, words go through Cairo, which finds fonts for them.

Verovio draws little but straight lines, curves, and a few dozen glyphs over and over. A library for all of SVG takes some ten
times as long for them, and makes files several times as large. What is not known here is left to that library, as words are.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, fromstring, tostring

if TYPE_CHECKING:
    from pypdf import PdfWriter
    from pypdf.generic import IndirectObject, StreamObject

A4_MM = (210, 297)
_WIDTH, _HEIGHT = (mm / 25.4 * 72 for mm in A4_MM)  # in points
_SVG, _HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_ROUND = 0.5523  # of a radius: how far from its ends the control points of a quarter of a circle lie

_TRANSFORM = re.compile(r"(\w+)\(([^)]*)\)")
_PLACED = re.compile(r"translate\((\S+), (\S+)\) scale\((\S+), (\S+)\)")

_DESCRIPTION = {"id", "class", "{http://www.w3.org/XML/1998/namespace}lang"}  # attributes that change nothing
_PEN = {"stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "fill-opacity", "transform"}
_SHAPES = {
    "path": {"d"},
    "polygon": {"points"},
    "polyline": {"points"},
    "ellipse": {"cx", "cy", "rx", "ry"},
    "rect": {"x", "y", "width", "height"},
}
_CAPS, _JOINS = {"butt": 0, "round": 1, "square": 2}, {"miter": 0, "round": 1, "bevel": 2}

Points = list[tuple[float, float]]


def pdf_document(pages: Iterable[str], title: str) -> bytes:
    """Returns pages that verovio drew as SVG as one PDF of A4 pages.

    Args:
        pages: whose words stand in fonts that this machine has.
        title: of the document.
    """
    from pypdf import PdfWriter

    writer, glyphs = PdfWriter(), dict[str, "IndirectObject"]()
    for page in pages:
        _add_page(writer, fromstring(page), glyphs)
    writer.add_metadata({"/Title": title})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _add_page(writer: PdfWriter, page: Element, glyphs: dict[str, IndirectObject]) -> None:
    """Adds a page: first what Cairo draws of it, over it lines and shapes, whose glyphs all pages share."""
    import cairosvg
    from pypdf import PdfReader
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject

    drawing = _Drawing(page)
    width, height = (mm / 25.4 * 96 for mm in A4_MM)
    cairo = cairosvg.svg2pdf(bytestring=tostring(drawing.rest), output_width=width, output_height=height)
    writer.append(PdfReader(io.BytesIO(cairo)))
    added = writer.pages[-1]
    before = writer._add_object(_stream("q\n"))
    after = writer._add_object(_stream("Q\n" + "\n".join(drawing.operators)))
    contents = added.raw_get("/Contents")
    parts = contents if isinstance(contents, ArrayObject) else [contents]
    added[NameObject("/Contents")] = ArrayObject([before, *parts, after])
    for outline in drawing.used:
        if outline not in glyphs:
            glyphs[outline] = writer._add_object(_glyph(outline))
    forms = {NameObject(f"/{name}"): glyphs[outline] for outline, name in drawing.used.items()}
    resources = added.setdefault(NameObject("/Resources"), DictionaryObject()).get_object()
    resources.setdefault(NameObject("/XObject"), DictionaryObject()).get_object().update(forms)


def _stream(operators: str) -> StreamObject:
    from pypdf.generic import StreamObject

    stream = StreamObject()
    stream.set_data(operators.encode())
    return stream.flate_encode()


def _glyph(outline: str) -> StreamObject:
    """Returns a glyph, y upwards, as a drawing that pages use."""
    from pypdf.generic import ArrayObject, FloatObject, NameObject

    operators, points = _path(outline)
    xs, ys = zip(*points, strict=True)
    form = _stream(f"1 w {operators} B")
    form[NameObject("/Type")], form[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
    box = (min(xs) - 1, min(ys) - 1, max(xs) + 1, max(ys) + 1)
    form[NameObject("/BBox")] = ArrayObject(map(FloatObject, box))
    return form


class _Drawing:
    """Lines and shapes of a page.

    Attributes:
        operators: of PDF, that draw them.
        used: names of the glyphs that they use, by outlines.
        rest: of the page, to be drawn first.
    """

    def __init__(self, page: Element):
        self._outlines = {
            f"#{group.get('id')}": group[0].get("d", "")
            for group in page.iterfind(f"{_SVG}defs/{_SVG}g")
            if len(group) == 1
            and group[0].attrib.keys() == {"transform", "d"}
            and group[0].get("transform") == "scale(1,-1)"
        }
        self.used: dict[str, str] = {}
        scale, x, y = _fit(page, _WIDTH, _HEIGHT)
        self.operators = [f"0 G 0 g 4 M {_matrix(scale, 0, 0, -scale, x, _HEIGHT - y)}"]
        self.rest = _copy(page, self._take_all(page))

    def _take_all(self, parent: Element) -> list[Element]:
        """Returns what is left of the children of an element."""
        return [rest for child in parent if (rest := self._take(child, parent)) is not None]

    def _take(self, element: Element, parent: Element) -> Element | None:
        """Returns what is left of an element, None where all of it is among the operators."""
        tag = element.tag.removeprefix(_SVG)
        if tag == "g":
            return self._take_group(element)
        if tag == "svg" and element.attrib.keys() <= {"class", "color", "font-family", "viewBox"}:
            _, _, *area = (float(side) for side in parent.get("viewBox", "").split())
            scale, x, y = _fit(element, *area)
            group = Element(f"{_SVG}g", element.attrib | {"transform": f"translate({x}, {y}) scale({scale})"})
            group.extend(element)  # whose fit that library would reckon otherwise, by up to a third of a millimeter
            return self._within(group, _matrix(scale, 0, 0, scale, x, y))
        if tag == "use" and (drawn := self._use(element)):
            self.operators.append(drawn)
            return None
        if tag in _SHAPES and (drawn := _shape(tag, element)):
            self.operators.append(drawn)
            return None
        return element

    def _take_group(self, group: Element) -> Element | None:
        if "placeholder" in group.get("class", "").split():  # hidden
            return None
        if not group.attrib.keys() - _DESCRIPTION:
            rest = self._take_all(group)
            return _copy(group, rest) if rest else None
        matrix = _transform(group.get("transform", ""))
        if matrix is None or group.attrib.keys() - _DESCRIPTION - {"transform"}:
            return group
        return self._within(group, matrix)

    def _within(self, group: Element, matrix: str) -> Element | None:
        """Returns what is left of a group whose shapes are transformed."""
        self.operators.append(f"q {matrix}")
        rest = self._take_all(group)
        self.operators.append("Q")
        return _copy(group, rest) if rest else None

    def _use(self, use: Element) -> str | None:
        """Returns the operators that draw a glyph, None where it is used in an unusual way."""
        outline = self._outlines.get(use.get(_HREF, ""))
        placed = _PLACED.fullmatch(use.get("transform", ""))
        if not outline or not placed or use.attrib.keys() - _DESCRIPTION - {_HREF, "transform"}:
            return None
        name = self.used.setdefault(outline, f"G{len(self.used)}")
        x, y, wide, high = map(float, placed.groups())
        return f"q {_matrix(wide, 0, 0, -high, x, y)} /{name} Do Q"


def _copy(element: Element, children: list[Element]) -> Element:
    """Returns an element with these children instead of its own."""
    copy = Element(element.tag, element.attrib)
    copy.text = element.text
    copy.extend(children)
    return copy


def _fit(svg: Element, width: float, height: float) -> tuple[float, float, float]:
    """Returns the scale at which a drawing fits into an area, and where in it its left upper corner then lies."""
    wide, high = (float(side) for side in svg.get("viewBox", "").split()[2:])
    scale = min(width / wide, height / high)
    return scale, (width - wide * scale) / 2, (height - high * scale) / 2


def _matrix(*numbers: float) -> str:
    """Returns the operator that transforms what follows: (x, y) goes to (a x + c y + e, b x + d y + f)."""
    return " ".join([*map(_number, numbers), "cm"])


def _transform(text: str) -> str | None:
    """Returns the operators of an SVG transform that moves and scales, None for others."""
    matrices = []
    for name, values in _TRANSFORM.findall(text):
        x, *more = (float(value) for value in values.replace(",", " ").split())
        if name == "translate":
            matrices.append(_matrix(1, 0, 0, 1, x, *(more or [0])))
        elif name == "scale":
            matrices.append(_matrix(x, 0, 0, *(more or [x]), 0, 0))
        else:
            return None
    return " ".join(matrices)


def _shape(tag: str, shape: Element) -> str | None:
    """Returns the operators that draw a shape, None where it is an unusual one."""
    if shape.attrib.keys() - _DESCRIPTION - _PEN - _SHAPES[tag]:
        return None
    if shape.get("fill-opacity", "0") != "0":
        return None
    outline = _outline(tag, shape)
    matrix = _transform(shape.get("transform", ""))
    if not outline or matrix is None:
        return None
    path, points = outline
    cap, join = _CAPS.get(shape.get("stroke-linecap", "butt")), _JOINS.get(shape.get("stroke-linejoin", "miter"))
    if cap is None or join is None:
        return None
    hollow = "fill-opacity" in shape.attrib or len(points) < 3
    drawn = f"{_number(float(shape.get('stroke-width', '1')))} w {path} {'S' if hollow else 'B'}"
    if cap or join:
        drawn = f"{cap} J {join} j {drawn} 0 J 0 j"
    if "stroke-dasharray" in shape.attrib:
        drawn = f"[{shape.get('stroke-dasharray', '').replace(',', ' ')}] 0 d {drawn} [] 0 d"
    return f"q {matrix} {drawn} Q" if matrix else drawn


def _outline(tag: str, shape: Element) -> tuple[str, Points] | None:
    """Returns the operators of a shape's outline with its points, None where it is an unusual one."""
    if tag == "path":
        return _path(shape.get("d", ""))
    if tag.startswith("poly"):
        return _path(f"M{shape.get('points', '')}{'Z' if tag == 'polygon' else ''}")
    try:
        x, y, wide, high = (float(shape.get(name, "0")) for name in ("x", "y", "width", "height"))
        if tag == "rect":
            return _path(f"M{x} {y}h{wide}v{high}h{-wide}z") if wide and high else ("", [])
        x, y, wide, high = (float(shape.get(name, "0")) for name in ("cx", "cy", "rx", "ry"))
    except ValueError:  # such as shares of the page
        return None
    across, along = wide * (1 - _ROUND), high * (1 - _ROUND)
    return _path(
        f"M{x - wide} {y}"
        f"c0 {along - high} {across} {-high} {wide} {-high}c{wide - across} 0 {wide} {high - along} {wide} {high}"
        f"c0 {high - along} {across - wide} {high} {-wide} {high}c{across - wide} 0 {-wide} {along - high} {-wide} {-high}z"
    )


@lru_cache(maxsize=4096)
def _path(outline: str) -> tuple[str, Points]:
    """Returns an SVG path as PDF operators, and all its points."""
    from fontTools.svgLib.path import parse_path

    pen = _Pen()
    parse_path(outline, pen)
    return " ".join(pen.operators), pen.points


class _Pen:
    """Writes an outline as PDF operators.

    Attributes:
        operators: so far.
        points: all that were named.
    """

    def __init__(self) -> None:
        self.operators: list[str] = []
        self.points: Points = []

    def _write(self, operator: str, *points: tuple[float, float]) -> None:
        self.points += points
        self.operators += [*(_number(value) for point in points for value in point), operator]

    def moveTo(self, point: tuple[float, float]) -> None:
        """Begins a line."""
        self._write("m", point)

    def lineTo(self, point: tuple[float, float]) -> None:
        """Goes on straight."""
        self._write("l", point)

    def curveTo(self, *points: tuple[float, float]) -> None:
        """Goes on by a cubic curve."""
        self._write("c", *points)

    def qCurveTo(self, control: tuple[float, float], end: tuple[float, float]) -> None:
        """Goes on by a quadratic curve: one third of the way from the control point are those of the same cubic curve."""
        (x, y), (begin_x, begin_y), (end_x, end_y) = control, self.points[-1], end
        first = begin_x + (x - begin_x) * 2 / 3, begin_y + (y - begin_y) * 2 / 3
        self.curveTo(first, (end_x + (x - end_x) * 2 / 3, end_y + (y - end_y) * 2 / 3), end)

    def closePath(self) -> None:
        """Ends a line where it began."""
        self.operators.append("h")

    def endPath(self) -> None:
        """Ends a line where it is."""


def _number(value: float) -> str:
    """Returns a number as PDF writes it, as exactly as paper shows."""
    return f"{value:.5f}".rstrip("0").rstrip(".")
