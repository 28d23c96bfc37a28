"""What the player's script is told of a piece."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import symusic

from music.piece import Piece
from music.roll.picture import picture
from studio.widgets.player import player as player_file


@pytest.fixture
def piece() -> Piece:
    """Two bars of 4/4 at 120 BPM, then one of 3/4 at 60: piano, an empty track, drums."""
    score = symusic.Score(480)
    score.tempos.extend([symusic.Tempo(0, 120.0), symusic.Tempo(3840, 60.0)])
    score.time_signatures.extend([symusic.TimeSignature(0, 4, 4), symusic.TimeSignature(3840, 3, 4)])
    piano, empty, drums = (
        symusic.Track("", 0, False),
        symusic.Track("Nothing", 40, False),
        symusic.Track("Kit", 0, True),
    )
    piano.notes.extend([symusic.Note(0, 480, 60, 90), symusic.Note(3840, 480, 72, 100)])
    drums.notes.extend(
        [
            symusic.Note(0, 60, 36, 90),
            symusic.Note(480, 60, 46, 80),
            symusic.Note(960, 60, 42, 80),
            symusic.Note(0, 60, 75, 70),
        ]
    )
    score.tracks.extend([piano, empty, drums])
    return Piece(score)


def test_times_follow_tempo_and_signature(piece):
    seen = picture(piece)
    assert seen["bars"] == [0, 2, 4, 7]
    assert seen["seconds"] == 7
    assert seen["tracks"][0]["notes"] == [0, 0.5, 60, 90, 4, 1, 72, 100]


def test_tracks_keep_their_place_in_the_score(piece):
    piano, drums = picture(piece)["tracks"]
    assert (piano["track"], piano["name"], piano["drums"]) == (0, "Acoustic Grand Piano", False)
    assert (drums["track"], drums["name"], drums["drums"]) == (2, "Kit", True)


def test_drums_have_rows_by_name(piece):
    seen = picture(piece)
    assert seen["drum_rows"] == ["Kick", "Hi-hat", "Perc."]
    rows = seen["tracks"][1]["notes"][2::4]
    assert sorted(rows) == [0, 1, 1, 2]  # open and closed hi-hat share a row


def test_all_pitches_can_be_seen(piece):
    seen = picture(piece)
    assert seen["low"] < 60 and seen["high"] > 72
    low, high = (picture(Piece(_single(pitch)))[side] for pitch, side in ((0, "low"), (127, "high")))
    assert (low, high) == (0, 127)


def test_piece_without_notes():
    seen = picture(Piece.empty())
    assert (seen["tracks"], seen["end"]) == ([], 0)
    assert seen["seconds"] > 0 and len(seen["bars"]) >= 2


def test_plain_values_only(piece):
    assert json.loads(json.dumps(picture(piece))) == picture(piece)


def _single(pitch: int) -> symusic.Score:
    score = symusic.Score(480)
    track = symusic.Track("One", 0, False)
    track.notes.append(symusic.Note(0, 480, pitch, 90))
    score.tracks.append(track)
    return score


# ---- the files of a script share one scope

TOP_LEVEL = re.compile(r"^(?:async )?(?:const|let|var|class|function\*?) +([\w$]+|[\[{][^=]*)", re.MULTILINE)
PLAYER = Path(player_file.__file__).parent


def names_in(script: str) -> list[str]:
    """Returns the names that a script declares at its top level: where nothing is indented."""
    return [name for found in TOP_LEVEL.findall(script) for name in re.findall(r"[\w$]+", found)]


@pytest.mark.parametrize("component", player_file.SCRIPTS)
def test_no_two_files_of_a_script_declare_one_name(component):
    files = player_file.script_files(component)
    names = [(name, path.name) for path in files for name in names_in(path.read_text())]
    homes: dict[str, list[str]] = {}
    for name, file in names:
        homes.setdefault(name, []).append(file)
    assert not {name: files for name, files in homes.items() if len(files) > 1}
    assert len(homes) > 10  # they were found


def test_every_script_belongs_to_a_component():
    assert {path.name for folder in (PLAYER, player_file.DRAWING) for path in folder.glob("*.js")} == {
        file for files in player_file.SCRIPTS.values() for file in files
    }


def test_how_names_at_the_top_level_are_found():
    script = "const clamp = 1;\nlet { a, b } = c;\nfunction clamp(x) {\n  const inner = 2;\n}\nasync function d() {}\nclass E {}\n"
    assert names_in(script) == ["clamp", "a", "b", "clamp", "d", "E"]
