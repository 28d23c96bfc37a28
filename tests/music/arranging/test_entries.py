"""Players who were asked to join later."""

from __future__ import annotations

from music.arranging.entries import enter_later
from music.arranging.parts import NoteColumn, read_arrangement, read_parts
from music.instruments import DRUMS
from tests.pipelines.songs import band


def test_drums_come_in_at_their_bar_and_the_others_play_on():
    song = band(8)
    arrangement, parts = read_arrangement(song.score), read_parts(song.score)
    drums = arrangement.programs.index(DRUMS)
    found = enter_later(arrangement, parts, {DRUMS: 4})
    assert found[drums][:, NoteColumn.TIME].min() == arrangement.bars[4].start
    assert all((a == b).all() for number, (a, b) in enumerate(zip(parts, found, strict=True)) if number != drums)


def test_who_enters_after_the_end_does_not_play_and_who_does_not_play_changes_nothing():
    song = band(4)
    arrangement, parts = read_arrangement(song.score), read_parts(song.score)
    assert not len(enter_later(arrangement, parts, {DRUMS: 99})[arrangement.programs.index(DRUMS)])
    assert all((a == b).all() for a, b in zip(parts, enter_later(arrangement, parts, {40: 2}), strict=True))
