"""The list of parts of a MusicXML file: names, brackets and sounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from music.instruments import GM_NAMES
from music.notation.layout import SheetPart

_ABBREVIATIONS = {
    "Acoustic Grand Piano": "Pno.", "Piano": "Pno.", "Electric Piano": "E. Pno.", "Harpsichord": "Hpsd.",
    "Organ": "Org.", "Guitar": "Gtr.", "Electric Guitar": "E. Gtr.", "Bass": "B.", "Electric Bass": "E. B.",
    "Violin": "Vln.", "Viola": "Vla.", "Cello": "Vc.", "Contrabass": "Cb.", "Harp": "Hp.", "Strings": "Str.", "String Ensemble": "Str.",
    "Choir": "Ch.", "Voice": "Vo.", "Trumpet": "Tpt.", "Trombone": "Tbn.", "Tuba": "Tba.", "Horn": "Hn.",
    "Sax": "Sax.", "Oboe": "Ob.", "Bassoon": "Bsn.", "Clarinet": "Cl.", "Flute": "Fl.", "Piccolo": "Picc.",
    "Alto Sax": "A. Sax.", "Tenor Sax": "T. Sax.", "Drums": "Dr.", "Soprano": "S.", "Alto": "A.", "Tenor": "T.", "Melody": "Mel.",
}  # fmt: skip


def add(parent: ElementTree.Element, tag: str, text: object = None, /, **attributes: object) -> ElementTree.Element:
    """Returns a new child of an element, with this text and these attributes, whose underscores are hyphens."""
    child = ElementTree.SubElement(parent, tag, {k.replace("_", "-"): str(v) for k, v in attributes.items()})
    if text is not None:
        child.text = str(text)
    return child


def printable(text: str) -> str:
    """Returns a text on one line, without signs that no file may hold."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def write_part_list(root: ElementTree.Element, parts: Sequence[SheetPart]) -> None:
    """Writes names, sounds and brackets: neighbors of one family share a bracket and their barlines."""
    listing = add(root, "part-list")
    families = [-1 if part.is_drum else part.program // 8 for part in parts]
    families = [6 if f == 5 else f for f in families]  # strings and string ensembles sit together
    families = [f if len(part.staves) == 1 else -2 - i for i, (f, part) in enumerate(zip(families, parts, strict=True))]
    channels = [c for c in range(1, 17) if c != 10]
    short = [_abbreviation(printable(part.name)) for part in parts]
    for index, part in enumerate(parts):
        family, single = families[index], len(part.staves) == 1
        if single and families[index - 1 : index] != [family] and families[index + 1 : index + 2] == [family]:
            group = add(listing, "part-group", type="start", number=1)
            add(group, "group-symbol", "bracket")
            add(group, "group-barline", "yes" if family != 6 or part.program < 52 else "no")
            opened = True
        elif index == 0:
            opened = False
        entry = add(listing, "score-part", id=f"P{index + 1}")
        add(entry, "part-name", printable(part.name))
        if len(parts) > 1:
            twin = short.count(short[index]) > 1
            number = f" {short[: index + 1].count(short[index])}" if twin else ""
            add(entry, "part-abbreviation", short[index].rstrip("0123456789 ") + number if twin else short[index])
        sounds = _drum_sounds(part) if part.is_drum else [None]
        for sound in sounds:
            add(add(entry, "score-instrument", id=sound_id(index, sound)), "instrument-name", printable(part.name))
        for sound in sounds:
            midi = add(entry, "midi-instrument", id=sound_id(index, sound))
            add(midi, "midi-channel", 10 if part.is_drum else channels[index % len(channels)])
            add(midi, "midi-program", part.program + 1)
            if sound is not None:
                add(midi, "midi-unpitched", sound + 1)
        if opened and families[index + 1 : index + 2] != [family]:
            add(listing, "part-group", type="stop", number=1)
            opened = False


def sound_id(part: int, sound: int | None) -> str:
    """Returns the name of a sound of a part: of a drum by its key, else its only one."""
    return f"P{part + 1}-I{1 if sound is None else sound + 1}"


def _drum_sounds(part: SheetPart) -> list[int]:
    return sorted({p for staff in part.staves for bar in staff.bars for v in bar for s in v.symbols for p in s.pitches})


def _abbreviation(name: str) -> str:
    if ", " in name:
        return " ".join(_abbreviation(each) for each in name.split(", "))
    bare = name.rstrip("0123456789 ")
    number = (
        "" if name in GM_NAMES else next(iter(re.findall(r"\d+", name)), "")
    )  # "String Ensemble 1" counts no players
    for known in sorted(_ABBREVIATIONS, key=len, reverse=True):
        if known.lower() in bare.lower():
            return f"{_ABBREVIATIONS[known]} {number}".strip()
    return f"{bare if len(bare) < 7 else bare[:4].strip() + '.'} {number}".strip()
