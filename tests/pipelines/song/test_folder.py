"""A song folder holds one song in many forms, whole or not at all."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pypdf import PdfReader

from checkpoints import store
from music.audio.render import Stopped
from music.errors import StudioError
from music.files.midi import read_midi
from music.piece import Piece
from pipelines.song.brief import Brief
from pipelines.song.folder import file_name, song_files, write_song_folder
from pipelines.worker.verbs import VERBS
from tests.pipelines.commands.command_line import song as tune
from tests.pipelines.song.toy_stages import STAGES, plan_of, sung

soundfile = pytest.importorskip("soundfile")

PLAN = plan_of(Brief(text="a bright tune, for piano & drums: 10 s.", seconds=10, seed=3))
ALL = {
    "README.txt", "lead-sheet.pdf", "recipe.json", "score.musicxml", "score.pdf", "song.mid", "song.mp3", "song.wav",
    "stems/01-Melody.flac", "stems/02-Piano.flac", "stems/03-Drums.flac",
}  # fmt: skip


@pytest.fixture(scope="module")
def song() -> Piece:
    return sung(PLAN)


@pytest.fixture(scope="module")
def shares() -> list[float]:
    """What the progress said while the files were made."""
    return []


@pytest.fixture(scope="module")
def files(song, shares) -> dict[str, bytes]:
    return song_files(song, PLAN, progress=shares.append)


def sound(data: bytes) -> np.ndarray:
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float64", always_2d=True)
    assert rate_hz == 44_100 and samples.shape[1] == 2
    return samples


def put(files: dict[str, bytes], folder: Path) -> None:
    write_song_folder({folder / name: data for name, data in files.items()})


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_all_files_are_there_and_the_same_each_time(song, files):
    assert set(files) == ALL
    assert song_files(song, PLAN) == files


def test_the_notes_are_those_of_the_song(song, files):
    back = read_midi(files["song.mid"])
    assert back.fingerprint == song.fingerprint
    assert back.history == song.history


def test_stems_add_up_to_the_mix_and_all_sound_is_as_long_as_the_music(song, files):
    mix = sound(files["song.wav"])
    stems = [sound(data) for name, data in files.items() if name.startswith("stems/")]
    assert np.abs(sum(stems) - mix).max() < 1e-3
    assert all(np.abs(stem).max() > 0.01 for stem in stems)
    assert song.seconds < len(mix) / 44_100 < song.seconds + 10
    mp3 = sound(files["song.mp3"])
    assert abs(len(mp3) - len(mix)) < 4410
    assert np.corrcoef(mp3[: 2**18, 0], mix[: 2**18, 0])[0, 1] > 0.95


def test_sheets_can_be_opened_and_show_the_song(files):
    lead, score = (PdfReader(io.BytesIO(files[name])) for name in ("lead-sheet.pdf", "score.pdf"))
    assert len(lead.pages) == 1 and len(score.pages) >= 1
    assert lead.metadata.title == "A bright tune, for piano & drums: 10 s"
    parts = ElementTree.fromstring(files["score.musicxml"])
    assert [name.text for name in parts.iter("part-name")] == ["Melody", "Piano", "Drums"]
    assert len(list(parts.iter("harmony"))) == 5


def test_the_readme_says_what_made_it_and_whose_work_that_rests_on(files):
    text = files["README.txt"].decode()
    words = " ".join(text.split())
    assert '"a bright tune, for piano & drums: 10 s."' in text and "It began from nothing." in text
    assert "A 0:00, B 0:05, Ending 0:10" in text
    assert all(f"{number}. {name}" in text for number, name in enumerate(("theme", "sections", "harmony", "mix"), 1))
    for name in ("generate-small", "remix-small", "harmonize-small"):
        paragraph = text.partition(f"{name}\n")[2].partition("\n\n")[0]
        assert store.entry(name).sha256 in paragraph
        assert "license of the weights: MIT" in paragraph
        sets = json.loads((store.CARDS / f"{name}.sets.json").read_text())
        assert all(f"- {of}: " in text for of in sets) and "pop909" in paragraph
        assert all(facts["licence"] in words and facts["attribution"] in words for facts in sets.values())
    assert "sound bank" in text and ".sf" in text.partition("sound bank")[2][:60]
    assert all(name.partition("/")[0] in text for name in files if name != "README.txt")


def test_a_song_from_a_sketch_takes_the_sketch_along():
    sketch = tune(5)
    song = sung(PLAN, sketch)
    files = song_files(song, PLAN, sketch)
    assert read_midi(files["sketch.mid"]).fingerprint == sketch.fingerprint
    assert "It began from a sketch, sketch.mid." in files["README.txt"].decode()
    assert json.loads(files["recipe.json"])["input"] == sketch.fingerprint


@pytest.mark.parametrize("stages", [1, 2])
def test_a_song_that_was_stopped_has_a_folder_of_what_there_is(stages):
    files = song_files(sung(PLAN, stages=stages), PLAN)
    assert set(files) == ALL - {"lead-sheet.pdf", "stems/02-Piano.flac", "stems/03-Drums.flac"}
    text = files["README.txt"].decode()
    assert "stopped before it was whole" in text and "harmonize-small" not in text
    assert len(json.loads(files["recipe.json"])["stages"]) == stages


def test_without_notes_there_is_no_folder():
    with pytest.raises(StudioError, match="no notes yet"):
        song_files(Piece.empty(), PLAN)


def test_progress_rises_to_one_and_stop_ends_the_work(song, files, shares):
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 10
    heard: list[float] = []
    with pytest.raises(Stopped):
        song_files(song, PLAN, progress=heard.append, stop=lambda: len(heard) > len(shares) // 2)
    assert heard[-1] < 1.0


def test_the_zip_has_one_folder_named_after_the_song(song, files):
    data = VERBS["song_zip"].run(lambda update: False, song, PLAN)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        inside = {name: archive.read(name) for name in archive.namelist()}
    assert inside == {f"A bright tune for piano drums 10 s/{name}": data for name, data in files.items()}


def test_the_worker_composes_and_stops_when_told(song, monkeypatch):
    monkeypatch.setattr("pipelines.compose.RUN", dict(STAGES))
    told: list[Any] = []
    compose, zipped = VERBS["compose"], VERBS["song_zip"]
    assert (compose.lane, zipped.lane) == ("model", "media")
    step = compose.run(lambda update: bool(told.append(update)), Piece.empty(), PLAN)
    assert step.piece.fingerprint == song.fingerprint
    assert [len(update.stages) for update in told] == [stage for stage in (1, 2, 3, 4) for _ in range(2)]
    again = compose.run(lambda update: False, Piece.empty(), PLAN, step.stages[:2])
    assert again.piece.fingerprint == song.fingerprint
    stopped = compose.run(lambda update: update.done > 1, Piece.empty(), PLAN)
    assert (stopped.done, len(stopped.stages)) == (1.5, 2) and stopped.done < stopped.total
    with pytest.raises(Stopped):
        zipped.run(lambda update: True, song, PLAN)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../etc", "etc"),
        ("a/b\\c:d", "a b c d"),
        ("Größe 東京", "Größe 東京"),
        ("...", "song"),
        ("x" * 99, "x" * 60),
        ("Aux", "Aux_"),
        ("com1", "com1_"),
        ("Auxiliary", "Auxiliary"),
    ],
)
def test_names_are_safe_on_any_system(text, name):
    assert file_name(text, "song") == name


def test_the_folder_is_written_anew_over_an_earlier_song_but_other_files_stay(files, tmp_path):
    folder = tmp_path / "night"
    put(files, folder)
    assert listing(folder) == ALL and os.listdir(tmp_path) == ["night"]
    (folder / "notes.txt").write_text("mine")
    (folder / "stems" / "bounce.wav").write_text("mine")
    shorter = {name: data for name, data in files.items() if "Drums" not in name} | {"song.mp3": b"new"}
    put(shorter, folder)
    assert listing(folder) == (ALL - {"stems/03-Drums.flac"}) | {"notes.txt", "stems/bounce.wav"}
    assert (folder / "song.mp3").read_bytes() == b"new"
    empty = tmp_path / "empty"
    empty.mkdir()
    put(files, empty)
    assert listing(empty) == ALL


def test_a_folder_of_other_things_a_file_and_no_place_are_refused(files, tmp_path):
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_text("cat")
    (tmp_path / "file").write_text("text")
    for place, says in ((other, "other things"), (tmp_path / "file", "is a file"), (tmp_path / "no" / "way", "exist")):
        with pytest.raises(StudioError, match=says):
            put(files, place)
    assert sorted(os.listdir(tmp_path)) == ["file", "photos"] and os.listdir(other) == ["cat.jpg"]


def test_a_disk_that_fills_up_leaves_nothing_behind(files, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(StudioError, match="no space left"):
            put(files, tmp_path / "night")
    assert os.listdir(tmp_path) == []
    put(files, tmp_path / "night")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(StudioError, match="no space left"):
            put({"README.txt": b"new", **files}, tmp_path / "night")
    assert listing(tmp_path / "night") == ALL
    assert (tmp_path / "night" / "README.txt").read_bytes() == files["README.txt"]
