"""The words of a piece as the player shows them."""

from __future__ import annotations

import symusic

from music.piece import Piece
from music.roll.karaoke import LONGEST, karaoke


def sung(*texts: str) -> Piece:
    """Returns a tune of a note a second with these events under it."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 60.0))
    score.tracks.append(symusic.Track("Voice", 52, False))
    for number, text in enumerate(texts):
        score.tracks[0].notes.append(symusic.Note(number * 480, 480, 60, 80))
        score.tracks[0].lyrics.append(symusic.TextMeta(number * 480, text))
    return Piece(score)


def test_each_line_has_its_syllables_and_when_they_are_sung():
    assert karaoke(sung("\nTwin-", "kle ", "_", "\rlit-", "@2 no ", "tle ")) == [
        {"from": 0.0, "syllables": [0.0, "Twin", False, 1.0, "kle", True]},
        {"from": 3.0, "syllables": [3.0, "lit", False, 5.0, "tle", True]},
    ]


def test_a_long_line_goes_on_in_the_next():
    lines = karaoke(sung(*["remember "] * 20))
    assert len(lines) == 3
    assert all(sum(len(text) + 1 for text in line["syllables"][1::3]) <= LONGEST + 10 for line in lines)


def test_a_piece_without_words_has_none():
    assert karaoke(Piece.empty()) == karaoke(sung()) == karaoke(sung("_", "@2 a ")) == []
