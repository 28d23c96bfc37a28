"""Pairs as they are prepared. What examples are made of them: tests/training/data/test_pair_shards.py."""

from __future__ import annotations

import json

import numpy as np
import pytest
import symusic

from music.analysis.chord_estimation import chords_at, estimate_chords
from music.chords import chord_spans
from music.files.midi import read_midi
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.accompaniment import CHORD, chord_of
from music.tokens.columns import DRUM_PITCH, FIRST, MASK, Octuple
from tests.training.conftest import score_of
from tests.training.data.pair_songs import BARS, OTHER_SETS, SETS, band, chorale, lead_sheet, write_data, write_lines
from training.__main__ import main
from training.data import pair_shards as pair_data
from training.data.prepare_pairs import are_four_voices, encode, parts_of
from training.data.songbooks import chorales, lead_sheets


def pieces_of(pairs, set_name: str) -> list[dict]:
    number = list(pairs.index["sets"]).index(set_name)
    return [piece for piece in pairs.index["pieces"] if piece["set"] == number]


def test_each_set_teaches_its_styles(pairs):
    found = {name: {tuple(piece["styles"]) for piece in pieces_of(pairs, name)} for name in pairs.index["sets"]}
    assert found == {
        "leadsheets_cmd": {("chords",)}, "chorales": {("chorale",)},
        "bands": {("band", "bass")}, "machines": {("band", "bass")},
    }  # fmt: skip
    assert list(found)[:2] == ["leadsheets_cmd", "chorales"], "those that are named as the same come last"
    assert pairs.index["sets"]["machines"]["synthetic"] is True


def test_files_that_cannot_be_used_are_left_out(pairs):
    """Broken ones, a melody that is alone, a piece of a few notes."""
    assert [piece["name"] for piece in pieces_of(pairs, "bands")] == [f"bands/band{number}" for number in range(8)]


def test_the_index_says_what_a_piece_is(pairs):
    for number, piece in enumerate(pieces_of(pairs, "bands")):
        assert piece["split"] == ("valid" if number % 4 == 1 else "train")
        assert (piece["lead"], piece["bass"]) == (1, [2])
    for number, piece in enumerate(pieces_of(pairs, "leadsheets_cmd")):
        assert piece["key"] == (number - 6) % 12, "the written key, whatever the notes say"
        assert (piece["lead"], piece["bass"]) == (0, [])
        assert piece["genre"] == 2  # jazz, as its set says
    assert {piece["genre"] for piece in pieces_of(pairs, "bands")} == {None}
    assert {piece["genre"] for piece in pieces_of(pairs, "chorales")} == {6}


def test_rows_and_beats_are_those_of_the_pieces(pairs, pairs_data):
    pieces = pairs.index["pieces"]
    for name, array in (("rows", pairs.rows), ("beats", pairs.beats)):
        assert [piece[name][0] for piece in pieces] == [0, *(piece[name][1] for piece in pieces[:-1])]
        assert pieces[-1][name][1] == len(array)
    (piece, *_) = pieces_of(pairs, "bands")
    score = read_midi(pairs_data / "bands" / "band0.mid").score
    rows = pairs.rows[slice(*piece["rows"])]
    assert len(rows) == sum(len(track.notes) for track in score.tracks)
    for part, track in enumerate(score.tracks):
        pitches = sorted(rows[rows[:, 8] == part, Octuple.PITCH] - (DRUM_PITCH if track.is_drum else FIRST))
        assert pitches == sorted(note.pitch for note in track.notes)
    assert len(pairs.beats[slice(*piece["beats"])]) >= 3 * BARS


def test_chords_are_the_written_ones_else_those_that_sound(tmp_path):
    write_lines(tmp_path / "cmd.jsonl", [lead_sheet(0)])
    (sheet,) = lead_sheets(tmp_path, ("cmd",))
    player = band(0)
    assert chord_spans(sheet.score) and not chord_spans(player)
    for score, spans in ((sheet.score, chord_spans(sheet.score)), (player, estimate_chords(player))):
        _, beats = encode(score)
        _, ticks = accompaniment.beat_rows(score)
        known = beats[: len(ticks)]
        assert (known[:, Octuple.PROGRAM] == CHORD).all() and (known[:, Octuple.PITCH] != MASK).all()
        wanted = chords_at(spans, ticks)
        assert [chord_of(row).number for row in known] == [chord.number for chord in wanted]
        assert len({chord.number for chord in wanted}) >= 3


def test_every_note_has_a_beat_row_before_it(pairs):
    for piece in pairs.index["pieces"]:
        rows, beats = (pairs.__dict__[name][slice(*piece[name])] for name in ("rows", "beats"))
        assert rows[:, Octuple.BAR].max() <= beats[-1, Octuple.BAR]
        assert np.array_equal(np.unique(beats[:, Octuple.BAR]), np.arange(FIRST, beats[-1, Octuple.BAR] + 1))


def test_ids_fit_the_sizes(pairs):
    sizes = dict(zip(pairs.index["step_columns"], pairs.index["step_sizes"], strict=True))
    for column, size in sizes.items():
        if column != Octuple.BAR:
            assert max(pairs.rows[:, column].max(), pairs.beats[:, column].max()) < size
    assert pairs.index["tokenizer"] == tokens.digest()


def test_the_table_counts_pieces(pairs_data, tmp_path, capsys):
    sets = tmp_path / "pairs.toml"
    sets.write_text(SETS.replace('same = ["bands"]', ""))
    assert main(["pairs", "--sets", str(sets), "--data", str(pairs_data), "--out", str(tmp_path / "out")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines] == [
        ["set", "train", "valid"], ["leadsheets_cmd", "6", "2"], ["chorales", "4", "4"], ["machines", "6", "2"],
    ]  # fmt: skip
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert index["sets"]["chorales"]["train"] == 4 and index["sets"]["chorales"]["licence"] == "CC0 1.0"


@pytest.mark.parametrize("kept", ["leadsheets_nothing", "chorales", "bands"])
def test_data_that_is_missing_is_named(tmp_path, kept, capsys):
    (tmp_path / "pairs.toml").write_text(f'[{kept}]\nsource = "made up"\n')
    arguments = ["--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]
    assert main(["pairs", "--sets", str(tmp_path / "pairs.toml"), *arguments]) == 2
    assert ".jsonl' is not in" in capsys.readouterr().err


def test_data_of_which_nothing_can_be_used_is_refused(tmp_path, capsys):
    write_data(tmp_path / "data", 0)
    (tmp_path / "pairs.toml").write_text(OTHER_SETS.split("[unused]")[0])
    arguments = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main(["pairs", "--sets", str(tmp_path / "pairs.toml"), *arguments]) == 2
    assert "None of the files could be used" in capsys.readouterr().err


TUNE, CHORDS = [(n, 1, 72 + n % 5) for n in range(16)], [(n, 2, p) for n in range(0, 16, 2) for p in (48, 52, 55)]
LOW = [(n, 1, 36 + n % 3) for n in range(16)]


@pytest.mark.parametrize(
    ("name", "tracks", "found"),
    [
        ("game", [(73, TUNE), (0, CHORDS), (33, LOW)], (("band", "bass"), 0, (2,))),
        ("game", [(-1, LOW), (0, CHORDS), (73, TUNE)], (("band",), 2, ())),
        ("pop909", [(0, TUNE), (0, CHORDS)], (("piano",), 0, ())),
        ("openscore", [(52, TUNE), (0, CHORDS)], (("piano", "chords"), 0, ())),
        ("openscore", [(52, TUNE), (0, CHORDS), (42, LOW)], (("band",), 0, ())),
        ("game", [(73, TUNE)], None),
        ("game", [(73, TUNE), (-1, LOW)], None),
        ("game", [(-1, TUNE), (-1, LOW)], None),
    ],
)
def test_who_leads_and_what_is_taught(name, tracks, found):
    assert parts_of(name, score_of(*tracks)) == found


def voices(*lines) -> symusic.Score:
    return score_of(*((52, line) for line in lines))


def test_four_voices_sing_one_note_each_in_their_order(tmp_path):
    def line(low: int, length: float = 1) -> list:
        return [(n, length, low + n % 3) for n in range(16)]

    four = voices(line(72), line(65), line(57), line(45))
    assert are_four_voices(four, [0, 1, 2, 3])
    assert parts_of("polish_multitrack", four) == (("chorale",), 0, ())
    assert not are_four_voices(voices(line(72), line(57), line(65), line(45)), [0, 1, 2, 3])
    assert not are_four_voices(voices(line(72), line(65), line(57, 1.6), line(45)), [0, 1, 2, 3])
    assert not are_four_voices(four, [0, 1, 2])
    assert not are_four_voices(score_of(*((40, line(low)) for low in (72, 65, 57, 45))), [0, 1, 2, 3])
    write_lines(tmp_path / "music21_chorales.jsonl", [chorale(0)])
    (song,) = chorales(tmp_path)
    assert are_four_voices(song.score, [0, 1, 2, 3])


def test_there_are_shares_for_every_style():
    assert set(pair_data.KNOWN) == set(accompaniment.HARMONIES)
