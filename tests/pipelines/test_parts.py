"""The parts of a score as files, from the command line and for a download."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import pytest

from music.files.midi import midi_bytes
from music.piece import Piece
from tests.music.notation.test_parts import band
from tests.pipelines.commands.command_line import refused, run


@pytest.fixture
def file(tmp_path, monkeypatch) -> str:
    """A file with a clarinet and a trumpet, both resting at times, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    score = band(bars=16).score.copy()
    score.tracks = score.tracks[:2]
    (tmp_path / "duo.mid").write_bytes(midi_bytes(Piece(score, "Duo")))
    return "duo.mid"


def test_a_zip_has_the_score_and_every_part(file, tmp_path):
    assert run("sheet", file, "duo.zip") == 0
    with zipfile.ZipFile(io.BytesIO((tmp_path / "duo.zip").read_bytes())) as archive:
        stems = ("00 Score", "01 Clarinet", "02 Trumpet")
        assert archive.namelist() == [f"{stem}.{kind}" for stem in stems for kind in ("pdf", "musicxml")]
        assert all(archive.read(f"{stem}.pdf")[:5] == b"%PDF-" for stem in stems)
        written = ElementTree.fromstring(archive.read("01 Clarinet.musicxml"))
        assert written.findtext(".//transpose/chromatic") == "-2" and len(list(written.iter("score-part"))) == 1


def test_a_part_is_asked_for_by_name_or_number_as_it_is_read_or_as_it_sounds(file, tmp_path):
    assert run("sheet", file, "one.musicxml", "--part", "trumpet") == 0
    assert run("sheet", file, "two.musicxml", "--part", "2") == 0
    assert (tmp_path / "one.musicxml").read_bytes() == (tmp_path / "two.musicxml").read_bytes()
    assert b"<transpose>" in (tmp_path / "one.musicxml").read_bytes()
    assert run("sheet", file, "three.musicxml", "--part", "2", "--concert") == 0
    assert b"<transpose>" not in (tmp_path / "three.musicxml").read_bytes()
    assert run("sheet", file, "score.musicxml", "--transposed") == 0
    assert (tmp_path / "score.musicxml").read_bytes().count(b"<transpose>") == 2


def test_what_cannot_be_written_is_refused_in_words(file, capsys):
    assert "no part 'tuba'" in refused(capsys, "sheet", file, "tuba.pdf", "--part", "tuba")
    assert "Leave out --part" in refused(capsys, "sheet", file, "tuba.zip", "--part", "1")
