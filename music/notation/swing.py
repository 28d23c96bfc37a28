"""Swung eighths on paper: written straight under the word "Swing", as players read them, instead of as triplets."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import symusic

from music.arranging.beats import Beats, near
from music.bars import bar_grid
from music.notation.accidentals import glyph

# By eye, not measured: off-beats between these shares of a quarter note are late; a piece swings that has so many of them,
# no more straight ones than a fifth of them, and more beats with them than beats of triplets.
_LATE = (0.58, 0.72)
_FEWEST, _STRAIGHT_SHARE = 8, 0.2
_ENDS = 0.75  # of a beat: what ends up to there ends on the half on paper


def swings(score: symusic.Score) -> bool:
    """Whether the off-beat eighths of a score are late, as swung ones are, rather than parts of triplets."""
    beats = Beats(bar_grid(score), score.ticks_per_quarter)
    late = straight = other = 0
    for track in score.tracks:
        if len(track.notes):
            found = _OffBeats(beats, track.notes.numpy()["time"].astype(np.int64))
            late += len(found.late)
            straight += len(found.straight)
            other += len(found.busy)
    return late >= _FEWEST and straight <= _STRAIGHT_SHARE * late and late > other


def straightened(score: symusic.Score) -> symusic.Score:
    """Returns a score that swings with its late off-beats on the half of their beats, and lengths of eighths there.

    Beats in which a player has triplets or sixteenths stay. Words and chord symbols move with the notes.
    """
    out, quarter = score.copy(), score.ticks_per_quarter
    beats, half = Beats(bar_grid(score), quarter), quarter // 2
    for track in out.tracks:
        if not len(track.notes):
            continue
        notes = track.notes.numpy()
        time, end = notes["time"].astype(np.int64), (notes["time"] + notes["duration"]).astype(np.int64)
        busy = _OffBeats(beats, time).busy
        starts = _straight(beats, time, busy, half)
        first, phase = beats.begin(end), beats.phase(end)
        free = (phase > 0) & ~near(phase, 0) & ~near(phase, 1) & ~np.isin(first, busy)
        ends = np.where(free, first + np.where(phase <= _ENDS, half, quarter), end)
        ends = np.where(ends > starts, ends, starts + half)
        for note, start, stop in zip(track.notes, starts.tolist(), ends.tolist(), strict=True):
            note.time, note.duration = start, stop - start
        lyrics = np.array([event.time for event in track.lyrics], dtype=np.int64)
        for event, moved in zip(track.lyrics, _straight(beats, lyrics, busy, half).tolist(), strict=True):
            event.time = moved
    markers = np.array([marker.time for marker in out.markers], dtype=np.int64)
    for marker, moved in zip(out.markers, _straight(beats, markers, np.zeros(0), half).tolist(), strict=True):
        marker.time = moved
    return out


class _OffBeats:
    """Ticks of the beats of one player: with a late off-beat alone, with a straight one alone, and with anything else."""

    def __init__(self, beats: Beats, onsets: np.ndarray) -> None:
        first, phase = beats.begin(onsets), beats.phase(onsets)
        late, straight = _is_late(phase), near(phase, 1 / 2)
        other = (phase > 0) & ~near(phase, 0) & ~near(phase, 1) & ~late & ~straight
        self.busy = np.union1d(first[other], np.intersect1d(first[late], first[straight]))
        self.late = np.setdiff1d(first[late], self.busy)
        self.straight = np.setdiff1d(first[straight], self.busy)


def _is_late(phase: np.ndarray) -> np.ndarray:
    return (phase >= _LATE[0]) & (phase <= _LATE[1])


def _straight(beats: Beats, ticks: np.ndarray, busy: np.ndarray, half: int) -> np.ndarray:
    """Returns ticks with those on late off-beats of beats that are not busy on the half of them."""
    first = beats.begin(ticks)
    return np.where(_is_late(beats.phase(ticks)) & ~np.isin(first, busy), first + half, ticks)


_MARK = """<direction placement="above"><direction-type><words font-weight="bold">Swing</words></direction-type>
<direction-type><metronome parentheses="yes">
<metronome-note><metronome-type>eighth</metronome-type><metronome-beam number="1">begin</metronome-beam></metronome-note>
<metronome-note><metronome-type>eighth</metronome-type><metronome-beam number="1">end</metronome-beam></metronome-note>
<metronome-relation>equals</metronome-relation>
<metronome-note><metronome-type>quarter</metronome-type><metronome-tuplet type="start" bracket="yes" show-number="actual">
<actual-notes>3</actual-notes><normal-notes>2</normal-notes><normal-type>eighth</normal-type></metronome-tuplet></metronome-note>
<metronome-note><metronome-type>eighth</metronome-type><metronome-tuplet type="stop">
<actual-notes>3</actual-notes><normal-notes>2</normal-notes><normal-type>eighth</normal-type></metronome-tuplet></metronome-note>
</metronome></direction-type>
<sound><swing><first>2</first><second>1</second><swing-type>eighth</swing-type></swing></sound></direction>"""


def swing_direction() -> ElementTree.Element:
    """Returns the MusicXML that says so: the word, two eighths = triplet quarter and eighth, and for programs the shares."""
    return ElementTree.fromstring(_MARK.replace("\n", ""))


# Verovio leaves the sign empty, "()": its shapes are drawn here, in units of the page, of which a staff has 720.
_WORD = re.compile(
    r'(<g id="[^"]*" class="tempo"[^>]*>\s*<text x="(-?\d+)" y="(-?\d+)"(?:(?!</g>).)*?>Swing</tspan>(?:(?!</g>).)*?)'
    r'<tspan id="[^"]*" class="text">\s*<tspan font-size="\d+px">\(</tspan>\s*</tspan>\s*'
    r'<tspan id="[^"]*" class="text">\s*<tspan font-size="\d+px">\)</tspan>\s*</tspan>\s*</text>',
    re.DOTALL,
)
_QUARTER, _EIGHTH = "ECA5", "ECA7"  # of a metronome mark, in the music font
_SIZE, _WORD_WIDTH, _STEM, _BEAM = 0.36, 1560, 12, 44
_PLACES = (0, 190, 560, 790)  # of the four notes; the widths are by eye


def draw_swing(page: str) -> str:
    """Returns a page that verovio drew, as SVG, with the sign behind "Swing": two beamed eighths = a triplet of quarter and eighth."""
    return _WORD.sub(lambda found: f"{found[1]}</text>{_sign(int(found[2]) + _WORD_WIDTH, int(found[3]))}", page)


def _sign(left: int, baseline: int) -> str:
    top = baseline - 20 - round(_SIZE * 668)  # where stems end
    notes = [_note(code, left + at, baseline) for code, at in zip((_QUARTER,) * 3 + (_EIGHTH,), _PLACES, strict=True)]
    stem = round(_SIZE * 302)
    beam = _bar(left + stem - _STEM, top, _PLACES[1] + _STEM, _BEAM)
    equals = "".join(_bar(left + 385, baseline - high, 110, 20) for high in (120, 70))
    start, end, above = left + _PLACES[2], left + _PLACES[3] + stem, top - 50
    bracket = "".join(
        _bar(x, y, wide, high)
        for x, y, wide, high in (
            (start, above, 110, 10), (end - 110, above, 110, 10), (start, above, 10, 35), (end - 10, above, 10, 35),
        )
    )  # fmt: skip
    three = f'<text x="{(start + end) // 2}" y="{above + 50}" text-anchor="middle" font-style="italic" font-size="170px">3</text>'
    return "".join([*notes, beam, equals, bracket, three])


def _note(code: str, left: int, baseline: int) -> str:
    shape, _, _ = glyph(code)
    return f'<path transform="translate({left}, {baseline - 20}) scale({_SIZE}, -{_SIZE})" d="{shape}" />'


def _bar(left: int, top: int, width: int, height: int) -> str:
    return f'<rect x="{left}" y="{top}" width="{width}" height="{height}" stroke="none" />'
