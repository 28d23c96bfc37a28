from __future__ import annotations

import numpy as np
import pytest
import symusic

from music.edit import transpose
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from tests.training.finetuning.tiny import put_accompanied, put_songs, walk, zipped
from training.data.shards import Shards
from training.finetuning.preparation import SET, prepare_files, share_known


def prepare(path, out, learns="hinted_next_note"):
    told = []
    return prepare_files(path, learns, out, lambda *counts: told.append(counts)), told


def test_every_file_is_accounted_for_by_name(tmp_path):
    songs = put_songs(tmp_path / "songs")
    (songs / "broken.mid").write_bytes(b"MThd rest is lost")
    (songs / "tiny.mid").write_bytes(midi_bytes(Piece(walk(1, notes=5))))
    found, told = prepare(songs, tmp_path / "out")
    names = {each["name"] for each in (*found["used"], *found["skipped"])}
    assert names == {path.name for path in songs.iterdir()}
    skipped = {each["name"]: each["why"] for each in found["skipped"]}
    assert set(skipped) == {"broken.mid", "tiny.mid"}
    assert "5 of at least 24 notes" in skipped["tiny.mid"]
    assert told[0] == (0, 8) and told[-1] == (8, 8)
    splits = [each["split"] for each in found["used"]]
    assert splits.count("kept back") == 1 and splits.count("learned") == 5
    index = Shards.load(tmp_path / "out").index
    assert index["sets"][SET]["train"] == 5 and index["sets"][SET]["valid"] == 1


def test_a_folder_and_a_zip_of_it_teach_the_same(tmp_path):
    songs = put_songs(tmp_path / "songs")
    prepare(songs, tmp_path / "a")
    prepare(zipped(songs, tmp_path / "songs.zip"), tmp_path / "b")
    for name in ("rows", "windows", "known"):
        assert np.array_equal(np.load(tmp_path / "a" / f"{name}.npy"), np.load(tmp_path / "b" / f"{name}.npy"))


def test_copies_stay_on_one_side_whatever_hides_them(tmp_path):
    """In another key, at another tempo, by another player, under another name, twice in a row."""
    folder = tmp_path / "songs"
    folder.mkdir()
    for seed in range(7):
        score = walk(seed)
        (folder / f"{seed}-original.mid").write_bytes(midi_bytes(Piece(score)))
        other = transpose(score, 5)
        other.tracks[0].program = 40
        other.tempos = [symusic.Tempo(0, 200.0)]
        (folder / f"x{6 - seed}-copy.mid").write_bytes(midi_bytes(Piece(other)))
    found, _ = prepare(folder, tmp_path / "out")
    assert len(found["copies"]) == 7 and all(len(names) == 2 for names in found["copies"])
    side = {each["name"]: each["split"] for each in found["used"]}
    assert all(side[first] == side[second] for first, second in found["copies"])
    assert list(side.values()).count("kept back") == 2


def test_what_is_kept_back_is_known_nowhere_and_what_was_learned_is(tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    for seed in range(6):
        (folder / f"{seed}.mid").write_bytes(midi_bytes(Piece(walk(seed))))
    found, _ = prepare(folder, tmp_path / "out")
    known = np.load(tmp_path / "out" / "known.npy")
    for each in found["used"]:
        share = share_known([read_midi(folder / each["name"]).score], known)
        assert share == (1.0 if each["split"] == "learned" else 0.0), each
    assert share_known([], known) == 0.0


def test_one_piece_is_not_enough_be_it_there_twice(tmp_path):
    folder = put_songs(tmp_path / "songs", range(1))
    with pytest.raises(StudioError, match="Only one different piece"):
        prepare(folder, tmp_path / "out")
    (folder / "again.mid").write_bytes((folder / "song0.mid").read_bytes())
    with pytest.raises(StudioError, match="Only one different piece"):
        prepare(folder, tmp_path / "out")
    for path in folder.iterdir():
        path.write_bytes(b"MThd")
    with pytest.raises(StudioError, match="None of the files can be used"):
        prepare(folder, tmp_path / "out")


def test_a_model_of_the_piano_takes_the_piano_alone_and_says_so(tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    for seed in range(4):
        both = walk(seed)
        both.tracks.extend(walk(seed + 50, program=40).tracks)
        (folder / f"{seed}.mid").write_bytes(midi_bytes(Piece(both)))
    (folder / "violin.mid").write_bytes(midi_bytes(Piece(walk(99, program=40))))
    found, _ = prepare(folder, tmp_path / "out", "piano")
    assert [each["remark"] for each in found["used"]] == ["Its piano alone is used."] * 4
    assert [each["name"] for each in found["skipped"]] == ["violin.mid"]
    assert Shards.load(tmp_path / "out").index["sets"][SET]["notes"] == 4 * 200


def test_a_model_that_accompanies_skips_what_has_no_accompaniment(tmp_path):
    folder = put_accompanied(tmp_path / "songs")
    (folder / "alone.mid").write_bytes(midi_bytes(Piece(walk(9))))
    found, _ = prepare(folder, tmp_path / "out", "accompaniment")
    assert [each["name"] for each in found["skipped"]] == ["alone.mid"]
    assert len(found["used"]) == 4


def test_it_can_be_stopped_while_it_reads(tmp_path):
    assert prepare_files(put_songs(tmp_path / "songs"), "piano", tmp_path / "out", lambda *_: None, lambda: True) == {}
    assert not (tmp_path / "out").exists()
