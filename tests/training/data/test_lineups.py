from __future__ import annotations

from music.instruments import DRUMS
from training.__main__ import main
from training.data.lineups import players_by_kind


def test_players_of_training_pieces_are_counted_once_a_piece(shards):
    pieces = players_by_kind(shards)["jazz", None]
    assert len(pieces) == shards.index["sets"]["songs"]["train"]
    assert set(pieces) == {frozenset({73, 33}), frozenset({73, 33, DRUMS})}


def test_the_report_sets_them_beside_the_line_ups(shards, shards_folder, capsys):
    assert main(["lineups", str(shards_folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    pieces = players_by_kind(shards)["jazz", None]
    drums = sum(DRUMS in players for players in pieces)
    at = lines.index(f"genre (jazz): {len(pieces)} pieces")
    assert lines[at + 1].endswith(
        f"all of the line-up in 0, they alone in 0: tenor sax 0, piano 0, upright bass 0, drums {drums}"
    )
    assert lines[at + 2] == f"  commonest: Electric Bass (finger) {len(pieces)}, Flute {len(pieces)}, Drums {drums}"
    assert lines[lines.index("samba: 0 pieces") + 2] == "  commonest: "
