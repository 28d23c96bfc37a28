from __future__ import annotations

import os
import zipfile

import pytest

from music.errors import StudioError
from music.files import collection
from music.files.collection import Collection

MIDI = b"MThd rest"


def zip_of(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_folder_gives_its_music_by_name_and_nothing_else(tmp_path):
    for name in ("b.mid", "deep/er/a.MusicXML", "notes.txt", ".hidden/c.mid", ".d.mid"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = list(Collection(tmp_path))
    assert [(member.name, member.data) for member in found] == [
        ("b.mid", b"b.mid"),
        ("deep/er/a.MusicXML", b"deep/er/a.MusicXML"),
    ]


def test_a_zip_gives_its_music_and_what_the_finder_adds_is_left_out(tmp_path):
    path = zip_of(
        tmp_path / "x.zip", {"songs/a.mid": MIDI, "__MACOSX/songs/._a.mid": b"x", "readme.txt": b"x", "songs/": b""}
    )
    assert [(member.name, member.data) for member in Collection(path)] == [("songs/a.mid", MIDI)]


def test_a_path_that_climbs_out_is_no_path_but_a_name_with_a_problem(tmp_path):
    names = ["../../evil.mid", "/etc/evil.mid", "a\\..\\evil.mid", "good.mid"]
    found = {member.name: member for member in Collection(zip_of(tmp_path / "x.zip", dict.fromkeys(names, MIDI)))}
    assert found.pop("good.mid").data == MIDI
    assert len(found) >= 2
    assert all("leads out" in member.problem and not member.data for member in found.values())
    assert [path.name for path in tmp_path.rglob("*")] == ["x.zip"]


def test_a_zip_bomb_is_refused_by_what_it_says_and_by_what_it_does(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_UNPACKED", 100_000)
    honest = zip_of(tmp_path / "honest.zip", {f"{n}.mid": bytes(60_000) for n in range(2)})
    with pytest.raises(StudioError, match="unpacks to more than"):
        Collection(honest)
    data = bytearray(honest.read_bytes())
    for sign, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # both lists say that each holds ten bytes
        place = data.find(sign)
        while place >= 0:
            data[place + at : place + at + 4] = (10).to_bytes(4, "little")
            place = data.find(sign, place + 4)
    (tmp_path / "liar.zip").write_bytes(data)
    found = list(Collection(tmp_path / "liar.zip"))
    assert all(member.problem or len(member.data) <= 10 for member in found)


def test_a_file_that_is_too_large_is_named_and_the_others_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_BYTES", 1000)
    files = {"big.mid": bytes(5000), "small.mid": MIDI}
    for place in (zip_of(tmp_path / "x.zip", files), tmp_path / "folder"):
        if place.suffix != ".zip":
            place.mkdir()
            for name, data in files.items():
                (place / name).write_bytes(data)
        big, small = Collection(place)
        assert (small.data, bool(big.problem), big.data) == (MIDI, True, b"")


@pytest.mark.parametrize("how", ["locked", "damaged", "cut"])
def test_a_broken_entry_or_archive_is_a_sentence(tmp_path, how):
    path = zip_of(tmp_path / "x.zip", {"a.mid": bytes(range(256)) * 40})
    data = bytearray(path.read_bytes())
    if how == "locked":
        for sign, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
            data[data.find(sign) + at] |= 1
    elif how == "damaged":
        data[60:90] = bytes(30)
    else:
        data = data[: len(data) // 2]
    path.write_bytes(data)
    if how == "cut":
        with pytest.raises(StudioError, match="damaged zip"):
            Collection(path)
    else:
        (member,) = Collection(path)
        assert member.problem and not member.data


def test_nothing_or_too_much_is_a_sentence(tmp_path, monkeypatch):
    for make in (lambda: tmp_path / "gone", lambda: _written(tmp_path / "tune.mid"), lambda: _made(tmp_path / "empty")):
        with pytest.raises(StudioError):
            Collection(make())
    monkeypatch.setattr(collection, "MAX_FILES", 3)
    with pytest.raises(StudioError, match="4 files of music"):
        Collection(zip_of(tmp_path / "many.zip", {f"{n}.mid": MIDI for n in range(4)}))


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_bit_by_bit_is_not_unpacked(tmp_path, packing, monkeypatch):
    """A few bytes of bzip2 are gigabytes at once, whatever was asked of it."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w", packing) as archive:
        archive.writestr("bomb.mid", bytes(2**20))
    monkeypatch.setattr(zipfile, "_get_decompressor", None)
    (member,) = Collection(tmp_path / "x.zip")
    assert "plain zip" in member.problem and not member.data


def test_names_are_told_in_one_line_of_whole_letters(tmp_path):
    names = ["a\nb\x1b[31m.mid", "n\u202eevil.mid", "L" * 4000 + ".mid"]
    told = [member.name for member in Collection(zip_of(tmp_path / "x.zip", dict.fromkeys(names, MIDI)))]
    assert sorted(told) == sorted(["a?b?[31m.mid", "n?evil.mid", "…" + "L" * 115 + ".mid"])
    folder = _made(tmp_path / "folder")
    with open(os.fsencode(folder) + b"/\xff.mid", "wb") as file:
        file.write(MIDI)
    (member,) = Collection(folder)
    assert (member.name, member.data) == ("?.mid", MIDI)


def test_a_list_of_too_many_files_is_not_even_read(tmp_path, monkeypatch):
    path = zip_of(tmp_path / "x.zip", {f"{n}.txt": b"" for n in range(100)})
    monkeypatch.setattr(collection, "MAX_LISTED", 1000)
    with pytest.raises(StudioError, match="far too many files"):
        Collection(path)


def test_what_is_neither_file_nor_folder_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(StudioError, match="neither a folder nor a file"):
        Collection(tmp_path / "pipe.zip")


def _written(path):
    path.write_bytes(MIDI)
    return path


def _made(path):
    path.mkdir()
    return path
