"""How a song goes from its beginning to its end: thicker or thinner, an upbeat before it, a drop inside, a fade after it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import symusic

from music.arranging.parts import BASS, CHORDS, COLOR, PAD, RHYTHM, Arrangement, NoteColumn, Part, add_notes, within
from music.bars import Bar
from music.chords import beat_ticks, chord_spans, with_chords
from music.form import ENDING, INTRO
from music.instruments import CRASH, HATS, KICK, KICKS, SNARE, playable_range

COURSES = ("louder", "quieter", "denser", "sparser")
"""How a song may change from its beginning to its end."""

EXPRESSION = 11
# All by ear, not measured; the tests hold only what each is for.
_ORDER = (
    CHORDS,
    BASS,
    PAD,
    COLOR,
    RHYTHM,
)  # in which players join a song that grows: what carries it first, drums last
_PHRASE = 4  # bars, with which they join
_THIRDS = (
    0.3,
    0.6,
)  # of a song: up to here one player alone keeps to the first beat of each bar, then to every other beat
_SOFTEST = 0.35  # of its velocity has the last note of a fade
_LEAST_EXPRESSION = 3
_ROLL = (0.55, 1.0)  # of the mean velocity of the drums: from the beginning of a roll to its end
_HIT = 1.15


def thicken(song: Arrangement, parts: list[Part], course: str) -> list[Part]:
    """Returns the parts with players who join one after another ("denser"), or leave so ("sparser").

    The last of them plays with the whole band for a fifth of the song at least. One who accompanies alone plays more and more
    of the beats instead.
    """
    players = sorted(
        (track for role in _ORDER for track in song.tracks(role) if len(parts[track])),
        key=lambda track: _ORDER.index(song.roles[track]),
    )
    if not players:
        return parts
    out = list(parts)
    if len(players) == 1:
        out[players[0]] = _beats_of_thirds(song, parts[players[0]], course)
        return out
    starts = [bar.start for bar in song.bars]
    stop = song.end if song.ending is None or course == "sparser" else song.ending.start
    for number, track in enumerate(players[1:], 1):
        share = 0.8 * number / (len(players) - 1)
        share = share if course == "denser" else 1 - share
        near = min(
            range(0, len(starts), _PHRASE if len(starts) >= 2 * _PHRASE else 1),
            key=lambda n: abs(starts[n] - share * stop),
        )
        begins = parts[track][:, NoteColumn.TIME]
        kept = parts[track][begins >= starts[near] if course == "denser" else begins < starts[near]]
        out[track] = kept if len(kept) else parts[track]
    return out


def _beats_of_thirds(song: Arrangement, part: Part, course: str) -> Part:
    """Returns a part of which the first third of the song has what begins with a bar, the next what begins on every other beat."""
    whole = {bar.start for bar in song.bars}
    every_other = whole | {tick for bar in song.bars for tick in beat_ticks(bar, song.quarter)[::2]}
    kept = []
    for note in part.tolist():
        share = note[NoteColumn.TIME] / max(1, song.end)
        share = share if course == "denser" else 1 - share
        allowed = whole if share < _THIRDS[0] else every_other if share < _THIRDS[1] else None
        kept.append(allowed is None or note[NoteColumn.TIME] in allowed)
    if all(kept):  # whoever holds chords cannot strike fewer: they are silent for the first third, or the last
        shares = part[:, NoteColumn.TIME] / max(1, song.end)
        kept = ((shares if course == "denser" else 1 - shares) >= _THIRDS[0]).tolist()
    return part[np.array(kept, dtype=bool)] if any(kept) else part


def add_pickup(song: Arrangement, parts: list[Part], quarters: float) -> list[Part]:
    """Returns the parts with an upbeat that steps up into the first note of the melody, in the bar before its section.

    Where that bar is the whole intro, nobody else plays in it: the song begins with its upbeat.
    """
    first = next((section for section in song.sections if section.name not in (INTRO, ENDING)), None)
    if first is None or song.melody is None or first.start <= 0:
        return parts
    tune, program = parts[song.melody], song.programs[song.melody]
    after = tune[tune[:, NoteColumn.TIME] >= first.start]
    bar = song.bar_at(first.start - 1)
    length = min(round(quarters * song.quarter), bar.end - bar.start - 1)
    start = first.start - length
    if not len(after) or length < 2 or within(tune, start, first.start).any():
        return parts
    goal, loud = int(after[0, NoteColumn.PITCH]), int(after[0, NoteColumn.VELOCITY])
    count = max(1, round(length * 2 / song.quarter)) if length >= song.quarter else 1
    low, high = playable_range(program)
    below = [pitch for pitch in range(goal - 1, goal - 12, -1) if pitch % 12 in song.key.scale and pitch >= low]
    above = [pitch for pitch in range(goal + 1, goal + 12) if pitch % 12 in song.key.scale and pitch <= high]
    way = (below if len(below) >= count else above)[:count][::-1]
    if not way:
        return parts
    edges = np.linspace(start, first.start, len(way) + 1).round().astype(int).tolist()
    out = list(parts)
    notes = [(a, b - a, pitch, max(1, round(0.9 * loud))) for a, b, pitch in zip(edges, edges[1:], way, strict=False)]
    out[song.melody] = add_notes(tune, notes)
    if is_upbeat_bar(song):
        for track, part in enumerate(out):
            if track != song.melody:
                out[track] = part[part[:, NoteColumn.TIME] >= first.start]
    return out


def is_upbeat_bar(song: Arrangement) -> bool:
    """Whether the intro of a song is one bar, which an upbeat takes to itself."""
    intro = song.sections[0] if song.sections and song.sections[0].name == INTRO else None
    return intro is not None and len([bar for bar in song.bars if intro.start <= bar.start < intro.end]) == 1


def without_first_symbols(song: Arrangement, score: symusic.Score) -> symusic.Score:
    """Returns the score without the chord symbols of an upbeat's bar, in which no chord sounds; the first stands behind it."""
    seam = song.sections[0].end
    if any(span.start < seam for span in song.chords):
        spans = [span._replace(start=max(span.start, seam)) for span in chord_spans(score, song.end) if span.end > seam]
        return with_chords(score, spans, song.key)
    return score


def add_drop(song: Arrangement, parts: list[Part], bar: int) -> list[Part]:
    """Returns the parts with a break in the bar before a drop: no bass, no kick, a roll of the snare; then all come in.

    Args:
        song: to which the parts belong.
        parts: of all tracks.
        bar: the number of the bar with which it drops, from 0.
    """
    if not 0 < bar < len(song.bars):
        return parts
    before, seam = song.bars[bar - 1], song.bars[bar].start
    out = list(parts)
    for track in song.tracks(BASS):
        part = out[track]
        over = (part[:, NoteColumn.TIME] < before.start) & (
            part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION] > before.start
        )
        part = part[~within(part, before.start, seam)].copy()
        over = over[~within(out[track], before.start, seam)]
        part[over, NoteColumn.DURATION] = before.start - part[over, NoteColumn.TIME]
        out[track] = part
    for track in song.tracks(RHYTHM):
        if len(out[track]):
            out[track] = _rolled(song, out[track], before, seam)
    return out


def _rolled(song: Arrangement, part: Part, before: Bar, seam: int) -> Part:
    """Returns a drum part with a roll in place of a bar, and a crash with the kick behind it."""
    loud = float(part[:, NoteColumn.VELOCITY].mean())
    step = max(song.shortest, song.quarter // 4)
    ticks = np.arange(before.start, seam, step)
    rising = np.linspace(*_ROLL, num=len(ticks)) * loud
    hits = [(int(tick), step, SNARE, int(np.clip(v, 1, 120))) for tick, v in zip(ticks, rising, strict=True)]
    hit = int(np.clip(_HIT * loud, 1, 124))
    kept = part[~within(part, before.start, seam)]
    at = kept[:, NoteColumn.TIME] == seam
    kept = kept[~(at & np.isin(kept[:, NoteColumn.PITCH], (*HATS, *KICKS, CRASH)))]
    return add_notes(kept, [*hits, (seam, song.quarter, CRASH, hit), (seam, song.quarter // 2, KICK, hit)])


def fade_out(song: Arrangement, score: symusic.Score, bars: int) -> symusic.Score:
    """Returns the score fading to silence over its last bars: softer strokes, and the expression of every player down to nothing.

    Args:
        song: of this score.
        score: with its notes as they are.
        bars: how many.
    """
    starts = [bar.start for bar in song.bars]
    begins = starts[max(0, len(starts) - bars)]
    out = score.copy()
    steps = np.arange(begins, song.end, max(1, song.quarter // 2))
    shares = np.linspace(1.0, 0.0, len(steps) + 1)[1:]
    values = np.maximum(_LEAST_EXPRESSION, np.rint(127 * shares)).astype(int)
    for track in out.tracks:
        if not len(track.notes):
            continue
        for note in track.notes:
            if note.time >= begins:
                gone = (note.time - begins) / max(1, song.end - begins)
                note.velocity = max(1, round(note.velocity * (1 - (1 - _SOFTEST) * gone)))
        kept = [control for control in track.controls if control.number != EXPRESSION]
        fade = [
            symusic.ControlChange(int(tick), EXPRESSION, int(value)) for tick, value in zip(steps, values, strict=True)
        ]
        track.controls = [*kept, symusic.ControlChange(0, EXPRESSION, 127), *fade]
    return out


def drop_levels(song: Arrangement, levels: Sequence[float], bar: int) -> list[float]:
    """Returns how loud each section is to be where one is a drop: soft before it, the loudest with it."""
    seam = song.bars[bar].start if 0 < bar < len(song.bars) else None
    if seam is None:
        return list(levels)
    found = []
    for section, level in zip(song.sections, levels, strict=True):
        here = section.start <= seam < section.end
        found.append(1.0 if here else min(level, -0.3) if section.end <= seam else level)
    return found
