"""Bars of rest as one sign with their number, in the engraver's own format: of MusicXML it would lose sections and tempi over them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

_SPACE = "http://www.music-encoding.org/ns/mei"
_MEI = f"{{{_SPACE}}}"
ElementTree.register_namespace("", _SPACE)  # the engraver reads no other prefix


def count_rests(document: str, rests: Mapping[int, int]) -> str:
    """Returns MEI of one player's part in which each of these stretches is one measure with one rest.

    Args:
        document: MEI, a measure for each bar.
        rests: first bar, counted from 0, and number of bars.
    """
    root = ElementTree.fromstring(document)
    parents = {child: parent for parent in root.iter() for child in parent}
    measures = list(root.iter(f"{_MEI}measure"))
    for first, count in rests.items():
        for layer in measures[first].iter(f"{_MEI}layer"):
            for child in list(layer):
                layer.remove(child)
            ElementTree.SubElement(layer, f"{_MEI}multiRest", num=str(count))
        last = measures[first + count - 1]
        if "right" in last.attrib:
            measures[first].set("right", last.attrib["right"])
        for measure in measures[first + 1 : first + count]:
            parents[measure].remove(measure)
    return ElementTree.tostring(root, encoding="unicode")
