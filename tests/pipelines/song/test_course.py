"""What a mix makes of a song that is to grow, thin out, swing, drop, begin with an upbeat or fade: heard in its notes and its sound."""

from __future__ import annotations

import numpy as np
import pytest

from music.audio.render import render
from music.bars import bar_grid, score_end
from music.chords import ChordSpan, parse_chord, with_chords
from music.form import with_sections
from music.notation.engrave import musicxml
from music.piece import Piece
from pipelines.song.band_options import MixOptions
from tests.music.arranging.band_scores import band_song
from tests.pipelines.song.test_mix import mixed, rows

PLAIN = MixOptions(layers=False, fills=False)


def thirds(piece: Piece, what) -> list[float]:
    """Returns something of the accompaniment's notes in each third of a song."""
    end = score_end(piece.score)
    notes = [note for track in piece.score.tracks[1:] for note in track.notes]
    return [what([n for n in notes if end * k / 3 <= n.time < end * (k + 1) / 3]) for k in range(3)]


def loudness(notes) -> float:
    return float(np.mean([note.velocity for note in notes]))


@pytest.mark.parametrize(("course", "sign"), [("louder", 1), ("quieter", -1)])
def test_a_song_gets_louder_or_quieter_from_third_to_third(course, sign):
    out = mixed(band_song(), MixOptions(layers=False, fills=False, dynamics=100.0, course=(course,)))
    assert np.all(sign * np.diff(thirds(out, loudness)) > 0)
    assert max(thirds(out, loudness)) / min(thirds(out, loudness)) > 1.3


@pytest.mark.parametrize(("course", "sign"), [("denser", 1), ("sparser", -1)])
def test_players_join_or_leave_one_after_another(course, sign):
    song = band_song()
    out = mixed(song, MixOptions(layers=False, fills=False, course=(course,)))
    assert np.all(sign * np.diff(thirds(out, len)) > 0)
    assert all(len(track.notes) for track in out.score.tracks)
    for number in (1, 4):  # drums, and strings that hold
        alone = Piece(song.score.copy())
        alone.score.tracks = [alone.score.tracks[0], alone.score.tracks[number]]
        first, _, last = thirds(mixed(alone, MixOptions(layers=False, fills=False, course=(course,))), len)
        assert sign * (last - first) > 0


def test_all_players_swing_or_none_does():
    song = band_song(wander=0.0)
    late, straight = (mixed(song, MixOptions(layers=False, fills=False, feel=feel)) for feel in ("swing", "straight"))
    phases = [{note.time % 480 for track in out.score.tracks for note in track.notes} for out in (late, straight)]
    assert 240 not in phases[0] and 320 in phases[0] and 320 not in phases[1]
    assert b"<swing>" in musicxml(late) and b"<swing>" not in musicxml(straight)


def test_a_break_leads_to_the_drop_with_which_all_come_in():
    song = band_song(form=("A", "B", "A", "B"))
    bar = bar_grid(song.score)[next(s for s in _starts(song) if s > 8)]
    number = _starts(song).index(bar.start // (bar.end - bar.start))
    out = mixed(song, MixOptions(layers=False, fills=False, drop=_starts(song)[number] + 1))
    drums = next(track for track in out.score.tracks if track.is_drum)
    bass = next(track for track in out.score.tracks if track.program in range(32, 40) and not track.is_drum)
    before = bar.start - (bar.end - bar.start)
    assert not [n for n in bass.notes if before <= n.time < bar.start]
    assert {n.pitch for n in drums.notes if before <= n.time < bar.start} == {38}
    assert {36, 49} <= {n.pitch for n in drums.notes if n.time == bar.start}


def _starts(piece: Piece) -> list[int]:
    """Returns the numbers of the bars with which sections begin."""
    length = bar_grid(piece.score)[0].end
    return [marker.time // length for marker in piece.score.markers if marker.text.startswith("section: ")]


def test_a_song_begins_with_its_upbeat_alone_and_is_written_so():
    song = band_song(form=("A", "B", "A", "Ending"))
    bar = bar_grid(song.score)[0].end
    score = song.score.copy().shift_time(bar)
    score.time_signatures = song.score.time_signatures
    score.tempos = song.score.tempos
    marks = [(m.time, m.text.removeprefix("section: ")) for m in score.markers if m.text.startswith("section: ")]
    score = with_sections(score, [(0, "Intro"), *marks])
    score = with_chords(score, [ChordSpan(0, score_end(score), parse_chord("C"))])
    out = mixed(Piece(score), MixOptions(layers=False, fills=False, pickup=1.0))
    begins = min(time for track in out.score.tracks for time, *_ in rows(track))
    lead = [row for row in rows(out.score.tracks[0]) if row[0] < bar]
    assert begins == bar - 480 and lead and all(rows(track)[0][0] >= bar for track in out.score.tracks[1:])
    assert b'<measure number="0" implicit="yes">' in musicxml(out)


def test_a_fade_is_heard_in_the_sound_and_kept_by_a_second_mix():
    song = band_song()
    plain, faded = mixed(song, PLAIN), mixed(song, MixOptions(layers=False, fills=False, fade=4))
    seconds = song.seconds
    levels = []
    for piece in (plain, faded):
        samples = render(piece, rate=22_050).samples
        last = samples[int((seconds - 1.5) * 22_050) : int(seconds * 22_050)]
        middle = samples[int(seconds / 3 * 22_050) : int(seconds / 2 * 22_050)]
        levels.append(float(np.sqrt((last**2).mean()) / np.sqrt((middle**2).mean())))
    assert levels[1] < 0.2 * levels[0]
    again = mixed(faded, MixOptions(layers=False, fills=False, fade=4))
    for once, twice in zip(faded.score.tracks, again.score.tracks, strict=True):
        assert [(c.time, c.number, c.value) for c in twice.controls if c.number == 11] == [
            (c.time, c.number, c.value) for c in once.controls if c.number == 11
        ]
