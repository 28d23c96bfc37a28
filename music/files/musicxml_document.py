"""From the bytes of a MusicXML file, plain or zipped, to its elements: nothing that a hostile file could blow up is built."""

from __future__ import annotations

import codecs
import io
import posixpath
import re
import zipfile
import zlib
from collections import Counter
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.parsers import expat

from music.errors import StudioError
from music.files.smf import MAX_BYTES

MAX_DEPTH = 64  # a lyric inside a note inside a part is 6 deep, the deepest element of MusicXML 4.0 about 12
MAX_ELEMENTS = (
    1_000_000  # 16 MB as notation programs write them hold some 600,000; each takes about 200 bytes of memory
)
MAX_NESTED_ZIPS = 2  # a .mxl that someone zipped again
MAX_FILES = 1_000  # in a zip: a score with pictures and previews has some ten

_SCORES = ("score-partwise", "score-timewise")
_FOREIGN = {
    "opus": "This is a MusicXML opus, a list of scores without music of its own. Open the scores that it names, one by one.",
    "museScore": "This is a MuseScore file. Export it from MuseScore as MusicXML or MIDI.",
    "mei": "This is an MEI score. Export it as MusicXML or MIDI.",
    "html": "This is a web page, not a score. Download the file itself, and open that.",
    "svg": "This is a picture of music, not the music. Choose a .musicxml, .mxl or .mid file.",
}
_NO_SCORE = "This XML file holds no score. Choose a .musicxml or .mxl file."
_DAMAGED_ZIP = "This compressed score is damaged. Export it again, or try another copy."
# Encodings that scores come in; Python knows others under whose names a file could ask for costly work.
_ENCODINGS = re.compile(
    r"ascii|utf-(16|32)(-[bl]e)?|iso8859-\d+|cp(125\d|437|850|866|932|936|949|950)|shift_jis|euc_(jp|kr)|iso2022_jp|"
    r"gb2312|gbk|gb18030|big5|koi8-[ru]|mac-roman"
)
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*?\?>")
_NAMED_ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # characters that XML may not hold


def read_document(data: bytes, mended: Counter[str]) -> ElementTree.Element:
    """Returns the root of a score: a ``score-partwise`` element, also where the file goes bar by bar (timewise).

    Names of elements are without prefixes. ``mended`` gets what had to be mended, with a count each.

    Args:
        data: the file: XML in any encoding, or a zip that holds one.
        mended: what is said to the user.

    Raises:
        StudioError: the file holds no score, is damaged, or exceeds a limit.
    """
    root = _parse(_unpacked(data, MAX_NESTED_ZIPS, mended) if data[:2] == b"PK" else data, mended)
    return _partwise(root) if root.tag == "score-timewise" else root


# Zips


def _unpacked(data: bytes, depth: int, mended: Counter[str]) -> bytes:
    """Returns the score inside a zip: the one its container names, else the first that is there."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MAX_FILES:
                raise StudioError(f"This zip file holds more than {MAX_FILES:,} files. Unpack it, and open the score.")
            if any(entry.flag_bits & 1 for entry in entries):
                raise StudioError("This zip file is locked with a password. Unpack it, and open the score inside.")
            names = _scores_inside(archive, [entry.filename for entry in entries], mended)
            inside = _unpack(archive, names[0])
    except StudioError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, LookupError, RuntimeError) as error:
        raise StudioError(_DAMAGED_ZIP) from error
    except Exception as error:  # damaged bytes, and methods of compression that this Python lacks
        raise StudioError(_DAMAGED_ZIP) from error
    if inside[:2] != b"PK":
        return inside
    if depth <= 1:
        raise StudioError("This zip file holds a zip file that holds another. Unpack it, and open the score inside.")
    return _unpacked(inside, depth - 1, mended)


def _scores_inside(archive: zipfile.ZipFile, names: list[str], mended: Counter[str]) -> list[str]:
    """Returns the names of the scores in a zip, the one to read first."""
    # The Finder of macOS puts files of its own beside those that it zips.
    own = [name for name in names if "__MACOSX" not in name and not posixpath.basename(name).startswith("._")]
    for container in sorted((name for name in own if name.lower().endswith("meta-inf/container.xml")), key=len):
        try:
            root = _parse(_unpack(archive, container), Counter(), any_root=True)
        except StudioError:
            continue
        folder = posixpath.dirname(posixpath.dirname(container))
        for file in root.iter("rootfile"):
            path = unquote(file.get("full-path", "")).replace("\\", "/").lstrip("/")
            wanted = posixpath.normpath(posixpath.join(folder, path)).lower()
            found = [name for name in own if wanted == posixpath.normpath(unquote(name).replace("\\", "/")).lower()]
            if found and file.get("media-type", "xml").endswith("xml"):
                return found
    candidates = [name for name in own if "meta-inf/" not in name.lower()]
    for endings in ((".musicxml",), (".xml",), (".mxl",)):
        found = sorted(
            (name for name in candidates if name.lower().endswith(endings)), key=lambda name: name.count("/")
        )
        if found:
            if len(found) > 1:
                mended["Other scores in the same zip file, left out: #"] += len(found) - 1
            return found
    midi = next((name for name in candidates if name.lower().endswith((".mid", ".midi", ".kar", ".rmi"))), None)
    if midi is not None:
        raise StudioError(
            f"This is a zip file with '{posixpath.basename(midi)[:60]}' inside. Unpack it, and open what it holds."
        )
    raise StudioError("This is a zip file without a score inside. Choose a .mid, .kar, .musicxml or .mxl file.")


def _unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):  # no limit holds for others
        raise StudioError(
            "This zip file is packed in a way that is not read here. Unpack it, and open the score inside."
        )
    with archive.open(name) as file:
        data = file.read(MAX_BYTES + 1)  # what the zip says of its size may not be true
    if len(data) > MAX_BYTES:
        raise StudioError(f"The unpacked file is larger than {MAX_BYTES // 2**20} MB. Split it and try again.")
    return data


# Letters


def _text(data: bytes, mended: Counter[str]) -> str:
    """Returns the letters of a file, whatever it says that its encoding is."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            data = data.removeprefix(mark) if encoding == "utf-8" else data
            text = _decoded(data, encoding)
            if text is not None:
                return text
    if data[:2] in (b"<\0", b"\0<"):
        text = _decoded(data, "utf-16-le" if data[:1] == b"<" else "utf-16-be")
        if text is not None:
            return text
    named = _NAMED_ENCODING.search(data[:200])
    declared = _known_encoding(named[1].decode("ascii")) if named else "utf-8"
    if declared == "iso2022_jp":  # looks like ASCII to every other encoding
        text = _decoded(data, declared)
        if text is not None:
            return text
    text = _decoded(data, "utf-8")
    if text is not None:
        if declared not in ("utf-8", "ascii") and not data.isascii():
            mended["Letters, read as UTF-8 and not as the file says"] += 1
        return text
    if declared not in ("utf-8", "ascii", "iso8859-1"):
        text = _decoded(data, declared)
        if text is not None:
            return text
    # Latin-1 as programs of Windows write it; Japanese where kana appear.
    kana = any("\u3041" <= letter <= "\u30fe" for letter in data.decode("cp932", "ignore"))
    if declared != "iso8859-1":
        mended["Letters, read as those of Windows and not as the file says"] += 1
    found = (_decoded(data, encoding) for encoding in (("cp932",) if kana else ()) + ("cp1252",))
    return next((text for text in found if text is not None), data.decode("latin-1"))


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _known_encoding(name: str) -> str:
    """Returns Python's name of an encoding that a file names; "utf-8" for those that no score is in."""
    try:
        known = codecs.lookup(name.lower().removeprefix("x-")).name
    except LookupError:
        return "utf-8"
    return known if _ENCODINGS.fullmatch(known) and not known.startswith(("utf-16", "utf-32")) else "utf-8"


# Elements


class _Hostile(Exception):
    """The file nests or declares what no score needs."""


def _parse(data: bytes, mended: Counter[str], any_root: bool = False) -> ElementTree.Element:
    """Returns the root element of an XML file.

    Raises:
        StudioError: this is no XML, no score (unless ``any_root``), or it exceeds a limit.
    """
    if len(data) > MAX_BYTES:
        raise StudioError(f"The file is larger than {MAX_BYTES // 2**20} MB. Split it and try again.")
    text = _text(data, mended)
    if re.search(r"<!doctype\s+html|<html[\s>]", text[:2000], re.IGNORECASE):
        raise StudioError(_FOREIGN["html"])
    text = _DECLARATION.sub("", text.lstrip("\ufeff"), count=1).lstrip()
    clean = _FORBIDDEN.sub("", text)
    if len(clean) < len(text):
        mended["Characters that XML does not allow, left out: #"] += len(text) - len(clean)
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate("utf-8")
    depth = count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH:
            raise _Hostile
        if count > MAX_ELEMENTS:
            raise StudioError(f"The score has more than {MAX_ELEMENTS:,} elements. Split it and try again.")
        tag = tag.rpartition(":")[2]
        if count == 1 and not any_root and tag not in _SCORES:
            raise StudioError(_FOREIGN.get(tag, _NO_SCORE))
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition(":")[2])

    def declaration(*_: object) -> None:
        raise _Hostile

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    # Entities and default attributes can make a few bytes unfold to any size; no score declares its own.
    parser.EntityDeclHandler = parser.AttlistDeclHandler = declaration
    parser.buffer_text = True
    try:
        parser.Parse(clean.encode("utf-8", "replace"), True)
        return builder.close()
    except _Hostile:
        raise StudioError(
            "This XML file is built to do harm, or is no score: it nests or unfolds without end. "
            "Export the score again from your notation program."
        ) from None
    except (expat.ExpatError, AssertionError) as error:
        if count == 0:
            raise StudioError(
                "This is neither MIDI nor MusicXML. Choose a .mid, .kar, .musicxml or .mxl file."
            ) from error
        place = f" at line {error.lineno}" if isinstance(error, expat.ExpatError) else ""
        raise StudioError(
            f"This MusicXML file breaks off or is damaged{place}. Export it again, or try another copy."
        ) from error


def _partwise(root: ElementTree.Element) -> ElementTree.Element:
    """Returns a score that goes bar by bar as one that goes part by part, as all others do."""
    turned = ElementTree.Element("score-partwise", root.attrib)
    turned.extend(child for child in root if child.tag != "measure")
    parts: dict[str, list[ElementTree.Element]] = {}
    measures = root.findall("measure")
    names = {part.get("id", "") for measure in measures for part in measure.findall("part")}
    if len(names) * len(measures) > MAX_ELEMENTS:
        raise StudioError(f"The score has more than {MAX_ELEMENTS:,} bars in its parts. Split it and try again.")
    for place, measure in enumerate(measures):
        for part in measure.findall("part"):
            bars = parts.setdefault(part.get("id", ""), [])
            while len(bars) <= place:
                bars.append(ElementTree.Element("measure", measures[len(bars)].attrib))
            bars[place].extend(part)
    for name, bars in parts.items():
        ElementTree.SubElement(turned, "part", id=name).extend(bars)
    return turned
