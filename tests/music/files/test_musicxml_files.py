"""Files of MusicXML as people, programs and attackers pack them: what can be read, and what is refused in words."""

from __future__ import annotations

import io
import zipfile

import pytest

from music.errors import StudioError
from music.files.midi import read_midi, read_with_repairs
from tests.music.files.musicxml_builder import ATTRIBUTES, bar, heard, note, pitches, report, said, score, whole

# ---- hostile files


def nested(depth: int) -> bytes:
    return b"<score-partwise>" + b"<a>" * depth + b"</a>" * depth + b"</score-partwise>"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><score-partwise><part-list>&j;</part-list></score-partwise>"
).encode()


@pytest.mark.parametrize(
    "data",
    [
        nested(50_000), nested(2_000_000), b"<score-partwise>" + b"<a>" * 100_000, BOMB,
        b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><score-partwise><part-list>&x;</part-list></score-partwise>',
        b'<!DOCTYPE s [<!ATTLIST note x CDATA "' + b"x" * 1000 + b'">]><score-partwise/>',
        score([bar(note("C5", 999_999_999))]), score([bar(note("C5", 4), right='<repeat direction="backward" times="999999999"/>')] * 999),
        score(whole("C5")) + b"<score-partwise/>", b"<score-partwise><part id='P1'><measure></part></score-partwise>",
        score([bar(note("H5", 4))]), b"<html><body>Log in</body></html>",
        b"<!DOCTYPE html>\n<html><p>404<br></html>", b"<museScore/>", b"<a/>", b"<",
    ],
    ids=range(16),
)  # fmt: skip
def test_what_cannot_be_a_score_is_refused_in_two_sentences(data):
    with pytest.raises(StudioError) as refusal:
        read_midi(data)
    assert str(refusal.value).count(". ") == 1 and str(refusal.value).endswith("."), str(refusal.value)


def test_more_elements_than_a_score_needs_are_refused(monkeypatch):
    monkeypatch.setattr("music.files.musicxml_document.MAX_ELEMENTS", 50)
    assert len(pitches(read_midi(score(whole("C5"))))) == 1
    with pytest.raises(StudioError, match="more than 50 elements"):
        read_midi(score(whole(*["C5"] * 20)))


# ---- packed, turned, or in other letters


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def container(path: str) -> bytes:
    files = f'<c:rootfiles><c:rootfile full-path="{path}"/></c:rootfiles>'
    return f'<?xml version="1.0"?><c:container xmlns:c="x">{files}</c:container>'.encode()


SONG = score(whole("C5", "D5"))


@pytest.mark.parametrize(
    "files",
    [
        {"song.musicxml": SONG},
        {"META-INF/container.xml": container("elsewhere.xml"), "song.xml": SONG},
        {"META-INF/container.xml": b"<broken", "sub/song.xml": SONG, "notes.txt": b"hello"},
        {"META-INF/container.xml": container("my%20song.xml"), "my song.xml": SONG, "another.musicxml": score(whole("E5"))},
        {"Song/META-INF/container.xml": container("score.xml"), "Song/score.xml": SONG, "__MACOSX/Song/._score.xml": b"\0\5\x16\7"},
        {"folder/song.mxl": packed({"META-INF/container.xml": container("s.xml"), "s.xml": SONG}), "__MACOSX/._song.mxl": b"\0"},
        {"META-INF/container.xml": container("\\Scores\\song.xml"), "Scores/song.xml": SONG},
    ],
    ids=["no container", "container lies", "container broken", "name escaped", "Finder", "zipped twice", "backslashes"],
)  # fmt: skip
def test_compressed_scores_however_they_were_packed(files):
    assert pitches(read_midi(packed(files))) == [72, 74]


def test_the_score_that_the_finder_zipped_again():
    assert pitches(report("x1-zipped-again-by-finder.mxl").piece) == [72, 74, 76, 72]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"song.mid": b"MThd"}, "song.mid"), ({"readme.txt": b"hi"}, "without a score"), ({"a.musicxml": b"<opus/>"}, "opus"),
        ({"a.mxl": packed({"b.mxl": packed({"c.musicxml": SONG})})}, "Unpack"), ({"song.musicxml": bytes(17 * 2**20)}, "16 MB"),
    ],
)  # fmt: skip
def test_zips_that_hold_no_score_say_what_they_hold(files, words):
    with pytest.raises(StudioError, match=words):
        read_midi(packed(files))


def test_scores_bar_by_bar_are_read():
    assert pitches(report("x7-timewise.musicxml").piece) == [72, 74]
    late = (
        '<score-timewise><part-list><score-part id="a"><part-name>Flute</part-name></score-part><score-part id="b">'
        f'<part-name>Oboe</part-name></score-part></part-list><measure number="1"><part id="a">{ATTRIBUTES}{note("C5", 4)}</part></measure>'
        f'<measure number="2"><part id="b">{ATTRIBUTES}{note("E5", 4)}</part><part id="a">{note("D5", 4)}</part></measure></score-timewise>'
    )
    piece = read_midi(late.encode())
    assert heard(piece) == [(0, 4, 72), (4, 4, 74)] and heard(piece, 1) == [(4, 4, 76)]


def test_an_opus_is_refused_as_what_it_is():
    with pytest.raises(StudioError, match="opus"):
        report("x1-opus.musicxml")


@pytest.mark.parametrize(
    ("declared", "encoding", "told"),
    [
        ("UTF-8", "utf-8", False), ("UTF-8", "cp1252", True), ("UTF-8", "utf-16", False), ("ISO-8859-1", "utf-8", True),
        ("ISO-8859-1", "latin-1", False), ("UTF-16", "utf-8", False), ("windows-1252", "cp1252", False),
        ("UTF-16", "utf-16-le", False),
        ("bogus", "utf-8", False), ("zip", "utf-8", False), ("", "utf-8-sig", False), ("US-ASCII", "cp1252", True),
        ("x-mac-roman", "mac-roman", False),
    ],
)  # fmt: skip
def test_letters_are_read_whatever_the_file_says(declared, encoding, told):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    reading = read_with_repairs((head + score(whole("C5"), names=("Flöte",)).decode()).encode(encoding))
    assert reading.piece.score.tracks[0].name == "Flöte"
    assert bool(reading.repairs) == told


def test_letters_of_windows_and_of_japan():
    reading = report("x1-says-utf8-is-cp1252.musicxml")
    assert reading.piece.title == "Übung für Flöte" and "Letters" in said(reading)
    japanese = score(whole("C5"), names=("フルート",)).decode()
    assert read_midi(japanese.encode("cp932")).score.tracks[0].name == "フルート"
    declared = '<?xml version="1.0" encoding="ISO-2022-JP"?>' + japanese
    assert read_midi(declared.encode("iso2022_jp")).score.tracks[0].name == "フルート"
