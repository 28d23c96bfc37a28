from __future__ import annotations

import numpy as np
import symusic

from music.arranging.parts import read_arrangement, read_parts
from music.arranging.swing import play_feel, swing_with_drums

Q = 480


def song(
    melody: list[tuple[int, int]], hats: list[int], signature: tuple[int, int] = (4, 4), bars: int = 4
) -> symusic.Score:
    """Returns bars of the same melody (tick, duration) over hats at the same ticks of each quarter."""
    score = symusic.Score(Q)
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    length = 4 * Q * signature[0] // signature[1]
    lead, drums = symusic.Track("Lead", 65, False), symusic.Track("Drums", 0, True)
    for bar in range(bars):
        lead.notes.extend(symusic.Note(bar * length + at, last, 60, 80) for at, last in melody)
        drums.notes.extend(
            symusic.Note(bar * length + beat + at, 40, 42, 80) for beat in range(0, length, Q) for at in hats
        )
    score.tracks.extend([lead, drums])
    return score


def swung(score: symusic.Score) -> list[list[int]]:
    """Returns time and duration of the first four notes of the melody; the drums stay."""
    lead, drums = swing_with_drums(read_arrangement(score), read_parts(score))
    assert np.array_equal(drums, read_parts(score)[1])
    return lead[:4, :2].tolist()


EIGHTHS = [(0, 240), (240, 240), (480, 480), (1200, 720)]


def test_off_beats_swing_with_the_drums_and_what_ends_there_ends_with_them():
    assert swung(song(EIGHTHS, [0, 320])) == [[0, 320], [320, 160], [480, 480], [1280, 640]]


def test_where_the_drums_are_straight_nothing_moves():
    assert swung(song(EIGHTHS, [0, 240])) == [list(note) for note in EIGHTHS]
    assert swung(song(EIGHTHS, [0, 240, 320])) == [list(note) for note in EIGHTHS]


def test_sixteenths_and_triplets_stay():
    busy = [(0, 120), (120, 120), (240, 120), (480, 160)]
    assert swung(song([*busy, (640, 160), (800, 160)], [0, 320])) == [list(note) for note in busy]


def test_bars_that_are_counted_in_threes_stay():
    assert swung(song(EIGHTHS[:3], [0, 320], (6, 8)))[:3] == [list(note) for note in EIGHTHS[:3]]


def test_a_song_swings_whoever_plays_or_is_straight_with_no_triplets():
    plain = song(EIGHTHS, [])
    swung_all = play_feel(read_arrangement(plain), read_parts(plain), "swing")[0]
    assert swung_all[:4, :2].tolist() == [[0, 320], [320, 160], [480, 480], [1280, 640]]
    dotted = song([(0, 480)], [0, 360])
    assert set((play_feel(read_arrangement(dotted), read_parts(dotted), "swing")[1][:, 0] % Q).tolist()) == {0, 320}
    late = song([(0, 320), (320, 160), (480, 160), (640, 160), (800, 160)], [])
    even = play_feel(read_arrangement(late), read_parts(late), "straight")[0]
    assert even[:5, :2].tolist() == [[0, 240], [240, 240], [480, 240], [720, 120], [840, 120]]
