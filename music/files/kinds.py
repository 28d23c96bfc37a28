"""What a file is that is not music as it stands: unpacked or mended where nothing is lost, else called by its name."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from music.errors import StudioError
from music.files.smf import MAX_BYTES

MUSIC = (".mid", ".midi", ".kar", ".rmi", ".musicxml", ".mxl")
"""Endings of files that can be read."""

_TOO_LARGE = f"The unpacked file is larger than {MAX_BYTES // 2**20} MB. Split it and try again."
_MOST_WRAPPINGS = 4
_TRACK_END = b"\xff\x2f\0"
_CHOOSE = f"Choose a {', '.join(MUSIC[:-1])} or {MUSIC[-1]} file."
_EXPORT = "Open it in the program that made it, and export it as MIDI or MusicXML."
_UNPACK = "Unpack it, and choose the file inside."
_SOUND = "Notes cannot be read from sound; choose a MIDI or MusicXML file."
_PAPER = "Notes cannot be read from pages; choose a MIDI or MusicXML file."
_DOWNLOAD = "The download led to a page; log in or follow it there, and download the file itself."
_FETCH = "Fetch the file itself with 'git lfs pull'."

# Where a sign stands, the sign, what such a file is, and what to do.
_SIGNS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"version https://git-lfs", "a pointer of Git LFS that stands for the file", _FETCH),
    (0, b"SMF2CLIP", "a MIDI 2.0 clip file", "Export it as a Standard MIDI file (.mid)."),
    (0, b"\x00\x05\x16\x07", "what macOS keeps beside a file ('._...')", "Choose the file without '._' before its name."),
    (0, b"%PDF", "a PDF", _PAPER),
    (0, b"\x89PNG", "a picture", _PAPER),
    (0, b"\xff\xd8\xff", "a picture", _PAPER),
    (0, b"GIF8", "a picture", _PAPER),
    (0, b"II*\0", "a picture", _PAPER),
    (0, b"MM\0*", "a picture", _PAPER),
    (8, b"WAVE", "a sound recording (WAV)", _SOUND),
    (8, b"WEBP", "a picture", _PAPER),
    (8, b"sfbk", "a sound bank", "Take it in on the Checkpoints page, and choose a MIDI or MusicXML file here."),
    (8, b"DLS ", "a sound bank", "Choose a MIDI or MusicXML file."),
    (0, b"ID3", "a sound recording (MP3)", _SOUND),
    (0, b"\xff\xfb", "a sound recording (MP3)", _SOUND),
    (0, b"\xff\xf3", "a sound recording (MP3)", _SOUND),
    (0, b"OggS", "a sound recording (OGG)", _SOUND),
    (0, b"fLaC", "a sound recording (FLAC)", _SOUND),
    (0, b"FORM", "a sound recording (AIFF)", _SOUND),
    (4, b"ftyp", "a recording (MP4)", _SOUND),
    (0, b"\x1aE\xdf\xa3", "a recording (Matroska)", _SOUND),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (0, b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a packed file (zstd)", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"XMF_", "a mobile phone's music (XMF)", "Convert it to a Standard MIDI file (.mid)."),
    (0, b"MMMD", "a mobile phone's music (SMAF)", "Convert it to a Standard MIDI file (.mid)."),
    (0, b"ENIGMA BINARY FILE", "a Finale file", _EXPORT),
    (1, b"SIBELIUS", "a Sibelius file", _EXPORT),
    (1, b"FICHIER GUITAR PRO", "a Guitar Pro file", _EXPORT),
    (0, b"BCF", "a Guitar Pro file", _EXPORT),
    (0, b"ptab", "a Power Tab file", _EXPORT),
    (0, b"SCOW", "an Encore file", _EXPORT),
    (0, b"[NoteWorthy", "a NoteWorthy file", _EXPORT),
    (0, b"!NoteWorthy", "a NoteWorthy file", _EXPORT),
    (0, b"FLhd", "an FL Studio file", _EXPORT),
    (0, b"CAKEWALK", "a Cakewalk file", _EXPORT),
    (0, b"\xd0\xcf\x11\xe0", "an Office document", _EXPORT),
)  # fmt: skip
_ROOTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("html", "head", "body", "script"), ("a web page", _DOWNLOAD)),
    "svg": ("a picture", _PAPER),
    "musescore": ("a MuseScore file", _EXPORT),
    "ableton": ("an Ableton Live file", _EXPORT),
    "gpif": ("a Guitar Pro file", _EXPORT),
    "mei": ("an MEI file", "Convert it to MusicXML."),
}
# What a file in an archive is called or ends in, what the archive is, and what to do.
_ARCHIVES: tuple[tuple[str, str, str], ...] = (
    (".mscx", "a MuseScore file", _EXPORT),
    (".gpif", "a Guitar Pro file", _EXPORT),
    ("score.dat", "a Finale file", _EXPORT),
    ("project.json", "a project of the studio", "Open it on the Songs page."),
    ("[Content_Types].xml", "an Office document", _EXPORT),
    (
        "data.pkl",
        "a checkpoint of PyTorch",
        "Take it in on the Checkpoints page, and choose a MIDI or MusicXML file here.",
    ),
)
_Unpacker = Callable[[], Any]
_PACKINGS: tuple[tuple[bytes, str, _Unpacker], ...] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(31)),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\0", "xz", lzma.LZMADecompressor),
)


def name_of(head: bytes) -> tuple[str, str] | None:
    """Returns what a file is that begins so, "a web page", and what to do; None where its bytes do not say."""
    for place, sign, kind, advice in _SIGNS:
        if head.startswith(sign, place) and (place != 8 or head[:4] == b"RIFF"):
            return kind, advice
    text = re.sub(rb"\0|^\xef\xbb\xbf", b"", head[:2000]).decode("latin-1").lower()
    found = re.match(r"\W*(?:<[?!].*?>\s*|<!--.*?-->\s*)*<(?:!doctype\s+)?(\w+)", text, re.DOTALL)
    doctype = re.search(r"<!doctype\s+(html|svg)\b", text)
    return _ROOTS.get(doctype[1] if doctype else found[1] if found else "")


def stand_in(head: bytes) -> tuple[str, str] | None:
    """Returns what stands where a file should be that was fetched, and what to do: a web page, a pointer of Git LFS; else None."""
    named = name_of(head)
    return named if named and named[1] in (_FETCH, _DOWNLOAD) else None


def music_in(data: bytes) -> tuple[bytes, list[str]]:
    """Returns the bytes of the music in a file, and what was done to come to them, a sentence each.

    A zip of MusicXML stays as it is; it has a reader of its own.

    Raises:
        StudioError: the file is something else, which the sentence calls by its name.
    """
    done: list[str] = []
    for _ in range(_MOST_WRAPPINGS):
        inside = _unpacked(data, done) or _unzipped(data, done)
        if inside is None:
            break
        data = inside
    named = name_of(data[:4096])
    if named:
        raise StudioError(f"This is {named[0]}, not MIDI or MusicXML. {named[1]}")
    if data and not data.strip(b"\0"):
        raise StudioError("The file holds nothing but zeros. Choose another copy of it.")
    begins_xml = data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    if b"MThd" not in data[:4096] and not begins_xml and is_text(data[:4096]):
        tune = re.match(rb"\s*(%abc|X:\s*\d)", data)
        kind = "a tune in ABC notation" if tune else "a text file"
        raise StudioError(f"This is {kind}, not MIDI or MusicXML. {'Convert it to MIDI.' if tune else _CHOOSE}")
    return _undone(data, done), done


def is_text(head: bytes) -> bool:
    """Returns whether the first bytes of a file are letters, signs and line ends in UTF-8."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a letter is cut in two
            return False
        text = head[: error.start].decode("utf-8-sig")
    return all(letter.isprintable() or letter in "\t\r\n\f" for letter in text)


def _unpacked(data: bytes, done: list[str]) -> bytes | None:
    """Returns what a packed file holds; None where it is not packed."""
    for sign, kind, unpacker in _PACKINGS:
        if data.startswith(sign):
            try:
                inside = unpacker().decompress(data, MAX_BYTES + 1)
            except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
                raise StudioError(f"This packed file ({kind}) is damaged. Choose another copy of it.") from error
            if len(inside) > MAX_BYTES:
                raise StudioError(_TOO_LARGE)
            done.append(f"The file was packed ({kind}); what is inside was taken")
            return bytes(inside)
    return None


def _unzipped(data: bytes, done: list[str]) -> bytes | None:
    """Returns the one MIDI file in a zip; None where it is no zip, or one of MusicXML."""
    if data[:4] != b"PK\3\4":
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [
                name
                for name in archive.namelist()
                if not name.endswith("/") and "__MACOSX" not in name and not PurePosixPath(name).name.startswith(".")
            ]
            for ending, kind, advice in _ARCHIVES:
                if any(name.endswith(ending) for name in names):
                    raise StudioError(f"This is {kind}, not MIDI or MusicXML. {advice}")
            songs = [name for name in names if name.lower().endswith(MUSIC)]
            sheets = [name for name in names if name.lower().endswith((".musicxml", ".mxl", ".xml"))]
            if sheets and not set(songs) - set(sheets):
                return None
            if len(songs) != 1:
                what = f"with {len(songs)} files of music" if songs else "without a score or a MIDI file"
                raise StudioError(f"This is a zip file {what}. Unpack it, and choose one.")
            entry = archive.getinfo(songs[0])
            if entry.flag_bits & 1:
                raise StudioError(f"This zip file is locked with a password. {_UNPACK}")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # no limit holds for others
                raise StudioError(f"This zip file is packed in a way that is not read here. {_UNPACK}")
            if entry.file_size > MAX_BYTES:
                raise StudioError(_TOO_LARGE)
            with archive.open(entry) as file:
                inside = file.read(MAX_BYTES + 1)
    except StudioError:
        raise
    except Exception as error:  # zip files fail in as many ways as bytes can be wrong
        raise StudioError("This zip file is damaged. Choose another copy of it, or unpack it.") from error
    if len(inside) > MAX_BYTES:
        raise StudioError(_TOO_LARGE)
    done.append(f"The file was zipped; '{PurePosixPath(songs[0]).name}' inside was taken")
    return inside


def _undone(data: bytes, done: list[str]) -> bytes:
    """Returns the bytes of a MIDI file as they were before a program took them for text.

    Raises:
        StudioError: that cannot be undone.
    """
    if not data.startswith(b"MThd"):
        return data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    is_whole = _is_whole(data)
    destroyed = "\ufffd" in text or data.isascii() and b"MTrk" in data  # no note is written without a byte over 127
    if is_whole and not destroyed:
        return data
    if destroyed or (b"\r\n" not in data and _lost_bytes(data)):
        raise StudioError(
            "This MIDI file was sent or saved as if it were text, which has destroyed it. Get it anew, as a binary file."
        )
    tries = [
        (data.replace(b"\r\n", b"\n"), "Line ends that a program put in, taking the file for text, were taken out")
    ]
    if text:
        for encoding in ("latin-1", "cp1252"):
            tries.append((text.encode(encoding, "replace"), "The file was saved as if it were text; that was undone"))
    for mended, sentence in tries:
        if mended != data and _is_whole(mended):
            done.append(sentence)
            return mended
    return data


def _lost_bytes(data: bytes) -> bool:
    """Returns whether a track ends as it should and yet is shorter than it says: bytes are missing inside."""
    place = data.find(b"MTrk")
    while 0 <= place <= len(data) - 8:
        told = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
        found = data.find(b"MTrk", place + 8)
        if data[: found if found >= 0 else len(data)].endswith(_TRACK_END) and told > (
            found if found >= 0 else len(data)
        ):
            return True
        place = found
    return False


def _is_whole(data: bytes) -> bool:
    """Returns whether the chunks of a MIDI file have the lengths that they say."""
    place, tracks = 0, 0
    while place + 8 <= len(data) and data[place : place + 4].isalnum():
        tracks += data[place : place + 4] == b"MTrk"
        place += 8 + int.from_bytes(data[place + 4 : place + 8], "big")
    return tracks > 0 and place == len(data)
