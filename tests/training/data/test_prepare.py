from __future__ import annotations

import numpy as np
import pytest
import symusic

from music.files.midi import midi_bytes, read_midi, write_midi
from music.notation.engrave import musicxml
from music.piece import Piece
from music.tokens import octuple as tokens
from music.tokens.columns import DRUM_PROGRAM, EOS, FIRST, PAD, Octuple
from music.tokens.conditions import GENRES, canonical_key, measure, measure_key, prefix_blocks, shift_to_canonical
from training.__main__ import main
from training.data.read_parts import WINDOW_NOTES, windows_of
from training.data.shards import Batches, Shards, example, segments

BLOCKS = prefix_blocks()


def value(prefix: np.ndarray, name: str) -> int | None:
    """Returns the value of a condition in a prefix, None if it was forgotten."""
    low, high = BLOCKS[name]
    found = prefix[(prefix >= low) & (prefix < high)]
    return int(found[0]) - low if len(found) else None


def test_every_song_that_can_be_used_is_in_the_shards_as_it_was(shards, songs):
    assert len(shards.index["pieces"]) == 16
    for name, first, last in shards.index["pieces"]:
        path = songs.parent / name
        assert np.array_equal(shards.rows[first:last], tokens.encode(read_midi(path).score).rows)
    facts = shards.index["sets"]["songs"]
    assert facts["train"] + facts["valid"] == 16
    assert facts["notes"] == len(shards.rows)
    assert shards.index["tokenizer"] == tokens.digest()


def test_a_table_says_what_was_used_and_how_much_was_not(songs, tmp_path, capsys):
    assert main(["prepare", str(songs), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "songs" in said
    assert "2 files were unreadable or too short" in said


def test_some_songs_are_for_validation_and_stay_so(shards):
    split = {piece: kind for _, kind, piece, *_ in shards.windows.tolist()}
    assert 0 < sum(split.values()) < 8
    names = [name for name, _, _ in shards.index["pieces"]]
    assert names == sorted(names)


def test_conditions_are_those_of_the_music(shards):
    for window, (_, _, _, first, last, _) in enumerate(shards.windows.tolist()):
        wanted = measure(np.asarray(shards.rows[first:last]), GENRES.index("jazz"))
        assert np.array_equal(shards.prefixes[window], wanted.prefix())
        assert value(shards.prefixes[window], "genre") == GENRES.index("jazz")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "x"], "no MIDI files"),
        (["NOWHERE", "--out", "x"], "no MIDI files"),
        (["--sets", "x", "--out", "x"], "no folder"),
    ],
)
def test_without_music_there_is_nothing_to_prepare(arguments, said, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    arguments = [str(tmp_path / "empty") if word == "NOWHERE" else word for word in arguments]
    assert main(["prepare", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_files_that_hold_no_music_are_refused_and_leave_nothing(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mid").write_bytes(b"x")
    assert main(["prepare", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 2
    assert "None of the files could be used" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def tune(number: int, notes: int = 30) -> Piece:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("tune", 0, False))
    score.tracks[0].notes = [symusic.Note(n * 240, 240, 60 + (n * number) % 12, 90) for n in range(notes)]
    return Piece(score, f"tune {number}")


def test_a_dirty_folder_gives_its_music_and_a_reason_for_each_file_left_out(tmp_path, capsys):
    folder = tmp_path / "in"
    (folder / "deep" / "deeper").mkdir(parents=True)
    for number in range(1, 9):
        write_midi(tune(number), folder / f"{number}.mid")
    for copy in ("deep/a copy.MID", "deep/deeper/копия.midi"):
        write_midi(tune(3).replace(title="another title"), folder / copy)
    (folder / "song.musicxml").write_bytes(musicxml(tune(11)))
    (folder / "page.mid").write_bytes(b"<!DOCTYPE html><html></html>")
    (folder / "empty.mid").touch()
    write_midi(tune(1, 3), folder / "short.mid")
    (folder / "notes.txt").write_text("not music")
    (folder / "loop").symlink_to(folder)
    (folder / "dead.mid").symlink_to(folder / "gone.mid")
    assert main(["prepare", str(folder), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "4 files were unreadable or too short:" in said
    for line in (
        "page.mid: this is a web page",
        "empty.mid: the file is empty",
        "short.mid: it is too short: 3 of",
        "dead.mid: ",
    ):
        assert f"  in/{line}" in said
    shards = Shards.load(tmp_path / "out")
    names = [name for name, _, _ in shards.index["pieces"]]
    assert len(names) == 11 and "in/song.musicxml" in names
    sides = {names[piece]: split for _, split, piece, *_ in shards.windows.tolist()}
    assert sides["in/3.mid"] == sides["in/deep/a copy.MID"] == sides["in/deep/deeper/копия.midi"]
    assert set(sides.values()) == {0, 1}, "something to train on, something to validate with"


def test_one_file_is_not_enough_and_that_is_said(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for name in ("a.mid", "copy.mid"):
        write_midi(tune(1), tmp_path / "in" / name)
    assert main(["prepare", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 2
    assert "only one piece" in capsys.readouterr().err and not (tmp_path / "out").exists()
    write_midi(tune(2), tmp_path / "in" / "b.mid")
    assert main(["prepare", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0


def test_folders_of_one_name_are_both_used(tmp_path, capsys):
    for number, place in enumerate(("a/songs", "b/songs"), 1):
        (tmp_path / place).mkdir(parents=True)
        write_midi(tune(number), tmp_path / place / "x.mid")
    assert main(["prepare", str(tmp_path / "a/songs"), str(tmp_path / "b/songs"), "--out", str(tmp_path / "out")]) == 0
    assert "songs 2" in capsys.readouterr().out


@pytest.mark.parametrize("count", [30, WINDOW_NOTES, WINDOW_NOTES + 1, 3000])
def test_windows_begin_with_a_bar_and_cover_the_piece(count):
    rows = np.full((count, 8), FIRST, np.int16)
    rows[:, Octuple.BAR] += (np.arange(count) // 7).astype(np.int16)
    found = list(windows_of(rows))
    covered = np.zeros(count, bool)
    for first, last, _ in found:
        assert last - first <= WINDOW_NOTES
        assert first % 7 == 0
        covered[first:last] = True
    assert covered.all()
    assert found[0][0] == 0
    assert found[-1][1] == count


def at_home(rows: np.ndarray) -> np.ndarray:
    """Returns octuples as a model reads them: in C major or A minor."""
    out = np.array(rows)
    out[out[:, Octuple.PROGRAM] != DRUM_PROGRAM, Octuple.PITCH] += shift_to_canonical(measure_key(rows))
    return out


def test_an_example_without_chance_is_the_music_in_its_home_key(shards):
    for window, (_, _, piece, first, last, _) in enumerate(shards.windows.tolist()):
        sequence, prefix = example(shards, window, None)
        rows = at_home(shards.rows[first:last])
        assert np.array_equal(tokens.from_steps(sequence[1:-1, :8], int(rows[0, Octuple.BAR]) - FIRST), rows)
        assert value(prefix, "key") == measure_key(rows) == canonical_key(measure_key(rows))
        others = ("genre", "tempo", "signature", "density", "program")
        assert all(value(prefix, name) == value(shards.prefixes[window], name) for name in others)
        ends = last == shards.index["pieces"][piece][2]
        assert sequence[-1, 0] == (EOS if ends else PAD)
        left = sequence[1:-1, 8]
        assert left[-1] == 1  # the last note stands in the last bar
        assert left[0] == rows[-1, Octuple.BAR] - rows[0, Octuple.BAR] + 1


def test_changed_music_still_meets_its_conditions(shards):
    """Slower, louder, fewer players: the prefix says what the notes have become, and every id is a real one."""
    rng, sizes, tempi, seen, thinned = np.random.default_rng(1), np.array(tokens.step_sizes()), set(), 0, 0
    for _ in range(12):
        for window in range(len(shards.windows)):
            sequence, prefix = example(shards, window, rng)
            notes = sequence[1:-1, :8]
            assert (notes >= FIRST).all()
            assert (notes < sizes).all()
            rows = tokens.from_steps(notes)
            was = at_home(shards.rows[shards.windows[window, 3] : shards.windows[window, 4]])
            whole = len(rows) == len(was)
            thinned += not whole
            was = was[np.isin(was[:, Octuple.PROGRAM], rows[:, Octuple.PROGRAM])]  # all notes of those who still play
            rows[:, Octuple.BAR] += was[0, Octuple.BAR] - rows[0, Octuple.BAR]
            same = [Octuple.PITCH, Octuple.POSITION, Octuple.BAR, Octuple.DURATION, Octuple.PROGRAM, Octuple.SIGNATURE]
            assert np.array_equal(rows[:, same], was[:, same])
            tempi.add(int(rows[0, Octuple.TEMPO] - was[0, Octuple.TEMPO]))
            found = measure(rows)
            for name in ("key", "tempo", "signature", "density") if whole else ("tempo", "signature"):
                if value(prefix, name) is not None:
                    assert value(prefix, name) == getattr(found, name)
                    seen += 1
            low, high = BLOCKS["program"]
            programs = prefix[(prefix >= low) & (prefix < high)] - low
            assert not len(programs) or tuple(programs) == found.programs
    assert seen > 100
    assert thinned > 5
    assert tempi == set(range(-3, 4))


def test_each_condition_is_sometimes_forgotten_and_sometimes_kept(shards):
    rng = np.random.default_rng(2)
    prefixes = [example(shards, 0, rng)[1] for _ in range(200)]
    for name in BLOCKS:
        kept = np.mean([value(prefix, name) is not None for prefix in prefixes])
        assert 0.2 < kept < 0.85
    assert all(prefix[0] == 1 for prefix in prefixes)


def test_segments_read_every_note_once_and_foretell_the_next(shards):
    examples = [example(shards, window, None) for window in range(4)]
    parts = list(segments(examples, 16))
    assert [part.first for part in parts] == [True] + [False] * (len(parts) - 1)
    notes = np.concatenate([part.notes.numpy() for part in parts], axis=1)
    target = np.concatenate([part.target.numpy() for part in parts], axis=1)
    for row, (sequence, prefix) in enumerate(examples):
        assert np.array_equal(notes[row, : len(sequence) - 1], sequence[:-1])
        assert np.array_equal(target[row, : len(sequence) - 1], sequence[1:, :8])
        assert not target[row, len(sequence) - 1 :].any()
        assert np.array_equal(parts[0].prefix[row], prefix)


def test_batches_never_show_what_is_kept_for_validation(shards):
    stage = {"batch": 2, "segment": 16, "window": 64}
    batches = Batches(shards, {"songs": 1.0, "unknown": 5.0}, stage, seed=3)
    windows, _ = batches.picker.pools[0]
    assert len(batches.picker.pools) == 1
    assert (shards.windows[windows, 1] == 0).all()
    stream, again = iter(batches), iter(Batches(shards, {"songs": 1.0}, stage, seed=3))
    for _ in range(10):
        one, other = next(stream), next(again)
        assert (one.notes == other.notes).all()
        assert one.notes.shape[1] <= 16 + 2


def test_a_second_folder_is_a_second_set(songs, tmp_path):
    other = tmp_path / "others"
    other.mkdir()
    (other / "a.kar").write_bytes(midi_bytes(read_midi(songs / "song0.mid")))
    assert main(["prepare", str(songs), str(other), "--out", str(tmp_path / "out")]) == 0
    shards = Shards.load(tmp_path / "out")
    assert list(shards.index["sets"]) == ["songs", "others"]
    assert value(shards.prefixes[0], "genre") is None
