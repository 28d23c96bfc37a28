"""Files that are not music as they stand: unpacked, mended, or called by their names."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from music.errors import StudioError
from music.files import midi
from music.files.midi import read_midi, read_with_repairs
from tests.music.files.midi_builder import chunk, file, meta, note

REPORTS = Path(__file__).parents[2] / "data" / "reports"
TUNE = file(
    chunk((0, meta(1, b"one\ntwo\nthree")), (0, meta(1, b"\x0d\x0a")), *note(60), *note(62, 10), (10, meta(1, b"x")))
)
UNIX = file(
    chunk((0, meta(1, b"one\ntwo\nthree")), *note(60), *note(62, 10), (13, meta(1, b"x"))), chunk(*note(64, 10))
)


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def refusal(data: bytes, name: str = "") -> str:
    with pytest.raises(StudioError) as refused:
        read_midi(data, name)
    assert str(refused.value).count(". ") >= 1
    return str(refused.value)


@pytest.mark.parametrize("name", ["m8-zipped.mid", "m8-gzipped.mid"])
def test_a_packed_file_is_unpacked_and_that_is_said(name):
    reading = read_with_repairs(REPORTS / name)
    assert reading.piece.title == "Plain tune" and reading.piece.note_count == 16
    assert len(reading.repairs) == 1 and "taken" in reading.repairs[0]


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: zipped({"a.mid": gzip.compress(data)})]
)
def test_packings(pack):
    reading = read_with_repairs(pack(TUNE))
    assert reading.piece.fingerprint == read_midi(TUNE).fingerprint and reading.repairs


def test_a_zip_is_unpacked_where_it_holds_one_file_of_music():
    junk = {"readme.txt": b"hello", "folder/._a.mid": b"\0\5\x16\7", "__MACOSX/folder/a.mid": b"x"}
    assert read_with_repairs(zipped({"folder/a.mid": TUNE} | junk)).piece.note_count == 2
    assert "2 files of music" in refusal(zipped({"a.mid": TUNE, "b.kar": TUNE}))
    assert "without a score or a MIDI file" in refusal(zipped({"a.txt": b"x"}))
    assert "MuseScore" in refusal(zipped({"a.mscx": b"<museScore/>", "META-INF/container.xml": b"<container/>"}))
    assert "damaged" in refusal(zipped({"a.mid": TUNE})[:60])


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: zipped({"a.mid": data})])
def test_packed_files_have_a_limit(pack):
    assert "MB" in refusal(pack(bytes(midi.MAX_BYTES + 1)))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE html><html><body>Please sign in</body></html>", "web page"),
        (b'\xef\xbb\xbf \n<?xml version="1.0"?>\n<!-- x -->\n<html xmlns="x">', "web page"), (b"<HTML>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"), (b"SMF2CLIP\0\0\0\0", "MIDI 2.0"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        ", "macOS"), (b"%PDF-1.7", "PDF"), (b"RIFF\0\0\0\0WAVEfmt ", "WAV"), (b"ID3\4", "MP3"),
        (b"RIFF\0\0\0\0sfbkLIST", "sound bank"), (b"\0\0\0\x18ftypM4A ", "MP4"), (b"Rar!\x1a\7", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x18FICHIER GUITAR PRO v5.00", "Guitar Pro"), (b"\x0fSIBELIUS\0", "Sibelius"),
        (b'<?xml version="1.0"?><museScore>', "MuseScore"),
        (b"dear diary\n", "text file"), (b'{"error": "not found"}', "text file"), (b"X:1\nT:Tune\nK:D\nDEF|", "ABC"),
        (bytes(100), "zeros"),
    ],
)  # fmt: skip
def test_what_is_no_music_is_called_by_its_name(data, kind):
    assert kind in refusal(data)


def test_a_file_that_went_through_a_text_program_is_mended_or_said_to_be_lost():
    for damaged in (UNIX.replace(b"\n", b"\r\n"), UNIX.decode("latin-1").encode("utf-8")):
        assert damaged != UNIX
        reading = read_with_repairs(damaged)
        assert reading.piece.fingerprint == read_midi(UNIX).fingerprint and "text" in "".join(reading.repairs) != ""
    assert "as if it were text" in refusal((REPORTS / "m8-replacement-characters.mid").read_bytes())
    assert "as if it were text" in refusal(UNIX.decode("ascii", "replace").replace("\ufffd", "?").encode())
    assert "as if it were text" in refusal(bytes(byte & 127 for byte in UNIX))
    assert "as if it were text" in refusal(TUNE.replace(b"\r\n", b"\n"))


def test_a_whole_file_with_line_ends_in_it_stays_as_it_is():
    for data in (TUNE, UNIX):
        assert read_with_repairs(data).repairs == ()


def test_a_riff_file_is_read():
    reading = read_with_repairs(REPORTS / "m8-riff-with-info.rmi")
    assert reading.piece.note_count == 16 and reading.repairs == ()
