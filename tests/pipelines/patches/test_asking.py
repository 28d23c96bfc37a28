"""What is asked for, settled: by the options, else by the words, the sound and what was there before."""

from __future__ import annotations

import pytest
import symusic

from music.piece import Piece
from music.tokens.patches import GROUPS
from pipelines.options.audio import AudioOptions
from pipelines.patches.asking import Asked, settle_asked


def settled(piece: Piece | None = None, **options) -> Asked:
    return settle_asked(piece or Piece.empty(), AudioOptions(encoder="words-small", **options))


def in_bars_of(numerator: int, denominator: int) -> Piece:
    """Returns a piece of some four quarters in these bars."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, numerator, denominator))
    track = symusic.Track("Piano", 0, False)
    track.notes.extend(symusic.Note(tick, 480, 60, 80) for tick in range(0, 1920, 480))
    score.tracks.append(track)
    return Piece(score)


@pytest.mark.parametrize(
    ("before", "goes_on"),
    [((3, 4), (3, 4)), ((6, 8), (6, 8)), ((9, 8), (6, 8)), ((7, 8), (4, 4)), ((5, 4), (4, 4))],
)
def test_music_goes_on_in_the_bars_that_were_there_or_in_some_that_the_network_knows(before, goes_on):
    piece = in_bars_of(*before)
    asked = settled(piece, text="in 2/4")
    assert asked.signature == goes_on
    request = asked.request(AudioOptions(encoder="words-small"), 0)
    assert (request.past_patches + request.bar_phase) % request.bar_patches == 0  # it begins at a bar line


def test_drums_that_are_chosen_alone_play_alone():
    request = settled(instruments=("drums",)).request(AudioOptions(encoder="words-small"), 0)
    assert request.groups == (GROUPS - 1,) and request.drums
    for band in (settled(instruments=("drums", "piano")), settled(text="with drums"), settled()):
        assert not band.alone


def test_a_key_decides_over_another_mode():
    assert settled(key="D minor", mode="major").levels["mode"] == "minor"
    assert settled(key="D minor").levels["mode"] is None
    assert settled(mode="major").key == settled(mode="major").home
