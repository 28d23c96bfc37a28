"""The rules of a mixing engineer: who plays when, how loud each section is, and where in the room each player sits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import symusic

from music.arranging.course import drop_levels
from music.arranging.parts import (
    BASS,
    CHORDS,
    COLOR,
    MELODY,
    PAD,
    RHYTHM,
    Arrangement,
    NoteColumn,
    Part,
    in_order,
    within,
)
from music.form import ENDING, INTRO, TRIO, Section
from music.mixing import LEVEL, PAN, REVERB

# All numbers of this file are by ear, not measured; the tests hold only what they are for: the last chorus loudest, the melody
# above everyone, no velocity cut off. Pan and reverb are as usual in mixes: bass and melody in the middle, pads wide and wet.
_ENOUGH = 0.5  # of a section must the one player fill who is left with the melody
_CALM = 0.4  # songs of less energy than this begin without drums

_LOUDEST_TO_SOFTEST = 1.5  # the gain of the loudest section at full dynamics; that of the softest is nearly its inverse
_HARDEST = 120  # the velocity that the loudest note gets at most
_MELODY_VOLUME, _LEAST_MELODY_VOLUME, _MOST = 112, 64, 120
_SHARE = {RHYTHM: 0.8, BASS: 0.85, CHORDS: 0.72, COLOR: 0.7, PAD: 0.62}  # of the melody's loudness
_ALWAYS_BELOW = 0.94  # of the melody's loudness in any section
_REVERB = {MELODY: 46, RHYTHM: 24, BASS: 12, CHORDS: 40, COLOR: 50, PAD: 62}
_WIDTH_ALONE = 10
_WIDTH = {PAD: 44, CHORDS: 26, COLOR: 32}  # how far from the middle (64)


# Layers


def layer_entries(song: Arrangement, parts: list[Part]) -> list[Part]:
    """Returns the parts with players who join one after the other, until all are there in the last section.

    The player of the fullest part is there from the start, so no section is left with the melody alone. What sounds
    over into the section in which a player joins stays, as their entry.
    """
    if len(song.sections) < 3 or not song.body:
        return parts
    out = list(parts)
    players = [track for track in song.tracks(CHORDS, PAD, COLOR, BASS) if len(parts[track])]
    if not players:
        return parts
    whole = Section("", 0, song.end)
    ground = max(
        players,
        key=lambda track: (_hold(song, parts[track], whole) * (2 if song.roles[track] == CHORDS else 1), -track),
    )
    for track, until in _entries(song, parts, players, ground):
        rests = [s for s in song.sections if s.start < until and _hold(song, parts[ground], s) >= _ENOUGH]
        gone = np.zeros(len(parts[track]), dtype=bool)
        for section in rests:
            stop = min(section.end, until)
            here = within(parts[track], section.start, stop)
            after = parts[track][:, NoteColumn.TIME] + parts[track][:, NoteColumn.DURATION]
            gone |= here & (after <= (song.end - 1 if song.roles[track] == RHYTHM else stop))
        if not gone.all():
            out[track] = parts[track][~gone]
    return out


def _entries(song: Arrangement, parts: list[Part], players: list[int], ground: int) -> list[tuple[int, int]]:
    """Returns the players who wait, each with the tick at which they join."""
    sections, body = song.sections, song.body
    calm = song.energy < _CALM
    first, last = body[0], body[-1]
    # Nobody waits longer than to the last section in which all are to play.
    second = sections[min(first + 1, last)].start
    third = sections[min(first + 2, last)].start
    intro = sections[0] if sections[0].name == INTRO else None
    half = _middle(song, intro) if intro else 0
    pads = [track for track in song.tracks(PAD) if track != ground]
    colors = [track for track in song.tracks(COLOR) if track != ground]
    waiting = [(track, second if calm else half) for track in song.tracks(RHYTHM)]
    if not any(_plays_chords(parts[track]) for track in players):  # single voices need each other
        return [(track, until) for track, until in waiting if until > 0 and len(parts[track])]
    waiting += [(track, half) for track in song.tracks(BASS) if track != ground]
    waiting += [(track, second) for track in pads]
    waiting += [(track, second if number == 0 and not pads else third) for number, track in enumerate(colors)]
    return [(track, until) for track, until in waiting if until > 0 and len(parts[track])]


def _middle(song: Arrangement, section: Section) -> int:
    """Returns the tick of the bar that begins a section's second half; its end where it has one bar."""
    starts = [bar.start for bar in song.bars if section.start <= bar.start < section.end]
    return starts[len(starts) // 2] if len(starts) > 1 else section.end


def _hold(song: Arrangement, part: Part, section: Section) -> float:
    """Returns the share of a section's quarter notes in which a player sounds."""
    first, last = section.start // song.quarter, max(section.start, section.end - 1) // song.quarter
    begins = part[:, NoteColumn.TIME] // song.quarter
    ends = (part[:, NoteColumn.TIME] + np.maximum(part[:, NoteColumn.DURATION], 1) - 1) // song.quarter
    change = np.zeros(last - first + 2, dtype=int)
    heard = (begins <= last) & (ends >= first)
    np.add.at(change, np.maximum(begins[heard], first) - first, 1)
    np.add.at(change, np.minimum(ends[heard], last) - first + 1, -1)
    return float((np.cumsum(change)[:-1] > 0).mean())


def _plays_chords(part: Part) -> bool:
    """Whether several notes often begin at once."""
    _, counts = np.unique(part[:, NoteColumn.TIME], return_counts=True)
    return float((counts > 1).mean()) > 0.2


# Loudness


def section_levels(song: Arrangement) -> list[float]:
    """Returns how loud each section is to be, -1 (soft) to 1: the last return of the main section has 1.

    The main section is the chorus; where there is none, the theme that comes most often. Each return is a little
    louder than the time before, a trio is soft, and a bridge is what its neighbors are not.
    """
    body = song.body
    themes = [song.sections[number].theme for number in body]
    counts = Counter(themes)
    main = "Chorus" if "Chorus" in counts else max(counts, key=counts.__getitem__, default="")
    returns = [number for number in body if song.sections[number].theme == main]
    peak = returns[-1] if main == "Chorus" or len(returns) > 1 else max(body, default=-1)
    others = iter((0.3, -0.3) * 16)
    base: dict[str, float] = {"Verse": -0.35, "Chorus": 0.45}
    heard: Counter[str] = Counter()
    levels: list[float] = []
    for number, section in enumerate(song.sections):
        theme = section.theme
        if number == peak:
            level = 1.0
        elif theme == INTRO:
            level = -0.45
        elif theme == ENDING:
            level = min(0.0, levels[-1] if levels else 0.0)
        elif theme == TRIO:
            level = -0.5
        elif theme == "Bridge":
            level = -0.25 if levels and levels[-1] > 0 else 0.35
        else:
            if theme not in base:
                base[theme] = -0.2 if theme == main else next(others)
            level = min(base[theme] + 0.1 * heard[theme], base[theme] + 0.25)
        heard[theme] += 1
        levels.append(level)
    return levels


def shape_dynamics(
    song: Arrangement, parts: list[Part], percent: float, course: Sequence[str] = (), drop: int = 0
) -> list[Part]:
    """Returns the parts with velocities that follow the sections: steady in each, rising into a louder one.

    Velocities are scaled, all by one factor at any moment, so that none is cut off at the loud end.

    Args:
        percent: 0 leaves them as they are.
        course: with "louder" or "quieter" the whole song goes from one to the other, whatever its sections are.
        drop: the bar, from 0, whose section is the loudest; 0 for none.
    """
    steady = not {"louder", "quieter"} & set(course)
    if percent <= 0 or steady and len(song.sections) < 2:
        return parts
    ticks, levels = (
        _curve(song, drop) if steady else ([0, song.end], [-1.0, 1.0] if "louder" in course else [1.0, -1.0])
    )
    loudest = np.log(_LOUDEST_TO_SOFTEST) * percent / 100
    gains = [
        np.exp(loudest * np.interp(part[:, NoteColumn.TIME], ticks, levels))
        * _evening_gain(song, part, min(1.0, percent / 50))
        for part in parts
    ]
    most = max(
        (
            float((part[:, NoteColumn.VELOCITY] * gain).max())
            for part, gain in zip(parts, gains, strict=True)
            if len(part)
        ),
        default=0,
    )
    room = min(1.0, _HARDEST / most) if most else 1.0
    out = []
    for part, gain in zip(parts, gains, strict=True):
        part = part.copy()
        part[:, NoteColumn.VELOCITY] = np.clip(np.rint(part[:, NoteColumn.VELOCITY] * gain * room), 1, 127)
        out.append(in_order(part))
    return out


def _evening_gain(song: Arrangement, part: Part, share: float) -> np.ndarray:
    """Returns the gain of each note that brings a player's sections to one mean velocity, by this share of the way."""
    gain = np.ones(len(part))
    for section in song.sections:
        here = within(part, section.start, section.end)
        if here.any():
            # What is whispered or shouted on purpose stays a little so.
            ratio = np.clip(
                part[:, NoteColumn.VELOCITY].mean() / max(1.0, part[here, NoteColumn.VELOCITY].mean()), 0.5, 2.0
            )
            gain[here] = ratio**share
    return gain


def _curve(song: Arrangement, drop: int) -> tuple[list[int], list[float]]:
    """Returns the loudness of the song as ticks and levels with straight lines between."""
    levels = drop_levels(song, section_levels(song), drop)
    ticks, curve = [], []
    for section, level, following in zip(song.sections, levels, [*levels[1:], levels[-1]], strict=True):
        length = section.end - section.start
        bars = song.bars_in(section)
        rise = min(length // 2, 2 * (bars[0].end - bars[0].start) if bars else length)
        if section.name == ENDING:
            turns = [(section.start, level), (section.end - 1, -1.0)]
        else:
            goal = level + 0.35 * max(0.0, following - level)
            turns = [(section.start, level), (section.end - rise, level), (section.end - 1, goal)]
        ticks += [tick for tick, _ in turns]
        curve += [height for _, height in turns]
    return ticks, curve


# Balance


def set_mix_levels(song: Arrangement, score: symusic.Score, parts: list[Part]) -> symusic.Score:
    """Returns the score with volume, pan and reverb of every player by their role, in place of those it had.

    The volumes follow from the velocities: in no section is a player as loud (mean velocity times volume) as the melody.
    """
    out = score.copy()
    sides = {PAD: -1, CHORDS: 1, COLOR: -1}
    shares = {track: _share(song, parts, track) for track in range(len(parts)) if len(parts[track])}
    # Where a player is too soft for that, the melody steps back.
    most = max(shares.values(), default=1.0)
    # One player alone stays near the middle; several share the room.
    beside = [track for track in shares if song.roles[track] in _WIDTH]
    lead = float(np.clip(_MOST / most, _LEAST_MELODY_VOLUME, _MELODY_VOLUME))
    for track, share in shares.items():
        role, pan = song.roles[track], 64
        if role in _WIDTH:
            pan += sides[role] * (_WIDTH[role] if len(beside) > 1 else _WIDTH_ALONE)
            sides[role] = -sides[role]
        volume = int(np.clip(lead * share, 1, _MOST))
        values = {LEVEL: volume, PAN: pan, REVERB: _REVERB[role]}
        new = [symusic.ControlChange(0, number, value) for number, value in values.items()]
        kept = [control for control in out.tracks[track].controls if control.number not in values]
        out.tracks[track].controls = [*new, *kept]
    return out


def _share(song: Arrangement, parts: list[Part], track: int) -> float:
    """Returns the volume of a player as a share of the melody's."""
    role = song.roles[track]
    if role == MELODY:
        return 1.0
    if song.melody is None:
        return _SHARE[role]
    lead, part = parts[song.melody], parts[track]
    spans = [(0, song.end), *((section.start, section.end) for section in song.sections)]
    ratios = [
        float(part[mine, NoteColumn.VELOCITY].mean()) / max(1.0, float(lead[its, NoteColumn.VELOCITY].mean()))
        for mine, its in ((within(part, *span), within(lead, *span)) for span in spans)
        if mine.any() and its.any()
    ]
    whole = max(0.01, ratios[0]) if ratios else 1.0
    return min(_SHARE[role] / whole, _ALWAYS_BELOW / max([0.01, *ratios]))
