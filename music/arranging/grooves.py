"""Styles that a band can play by pattern: bossa nova, tango, walking swing, reggae ... over any chords.

A pattern says when a player strikes, for how long and how loud, and for a bass which step of the chord; the notes come
from the chords of the song, voiced as all block chords are. The patterns in grooves.json were learned and written by
`python -m training grooves`; those learned come from arrangements that MMA (Musical MIDI Accompaniment, GPL-2+) made
with its library of grooves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from music.arranging.voicing import LEAST_RANGE, voice_chords
from music.chords import NO_CHORD, Chord, ChordSpan
from music.instruments import BASS_PLAYERS, BASSES, CRASH, DRUMS, HELD, KICK, STRUCK, playable_range
from music.theory import Key

GRID = 12
"""Places in a quarter note."""

# By ear, not measured: where chords lie, and how loud a part is beside the library's, which leaves no room for a melody.
_CHORD_RANGE, _BASS_RANGE, _HAND = (50, 76), 16, 16
_LOUD = {"drums": 0.85, "bass": 0.8, "chords": 0.72, "held": 0.55}
_LOW_PLAYERS = 76  # who cannot reach this pitch plays the bass, where nobody else does
_POWER_PLAYERS = frozenset((29, 30))
_BANJO = 105
_ORGANS = frozenset((16, 17, 18))
_HIGHER = 7  # semitones by which the second of two players of one rhythm lies above the first
_SCALE_STEPS = {2: (2, 1), 3: (3, 4), 4: (5, 6), 5: (7, 6)}
_STEP_TONES = {3: (3, 4), 5: (7, 6, 8), 7: (10, 11, 9), 6: (9, 8), 2: (2, 1), 4: (5, 6)}


class Hit(NamedTuple):
    """A note on the grid: its place from the start of the song, length, pitch and velocity."""

    place: int
    length: int
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Chart:
    """What a band reads.

    Attributes:
        bars: ``(first place, place after the last)`` each.
        beats: the places at which beats begin.
        chords: over these bars, in places.
        variants: of each bar: 0 for a verse, 1 for a chorus.
        key: of the song.
        ceilings: of each chord the pitch to stay below, such as the lowest of the tune there, or None.
        ends: whether the last bar is the end of the song.
    """

    bars: tuple[tuple[int, int], ...]
    beats: tuple[int, ...]
    chords: tuple[ChordSpan, ...]
    variants: tuple[int, ...]
    key: Key
    ceilings: tuple[int | None, ...]
    ends: bool

    def chord_at(self, place: int) -> ChordSpan | None:
        """Returns the chord that holds at a place, None where none does."""
        return next((span for span in self.chords if span.start <= place < span.end and span.chord != NO_CHORD), None)


@lru_cache(maxsize=1)
def grooves() -> dict[str, dict[str, Any]]:
    """Returns the patterns of every style, by name."""
    return json.loads(Path(__file__).with_name("grooves.json").read_text(encoding="utf-8"))


def play(name: str, programs: Sequence[int], chart: Chart, seed: int = 0) -> dict[int, list[Hit]]:
    """Returns what each player does in a style; one alone who can plays bass and chords with two hands.

    Args:
        name: of the style, a key of ``grooves``.
        programs: of the players, DRUMS for drums.
        chart: what they read.
        seed: of the ways of a walking bass.
    """
    groove, found = grooves()[name], dict[int, list[Hit]]()
    bassist = bass_player(programs)
    chordal = [program for program in programs if program not in (DRUMS, bassist)]
    for program in programs:
        if program == DRUMS:
            found[program] = _drums(groove, chart)
        elif program == bassist:
            found[program] = _bass(groove, chart, program, seed)
    hands = bassist is None and len(chordal) == 1
    of_chords = [program for program in chordal if program in STRUCK | HELD]
    organist = next((p for p in of_chords if p in _ORGANS), None)
    if not STRUCK & set(of_chords) and organist is not None:  # nobody else strikes the chords, as in a skank
        groove = {**groove, "strikes": organist}
    models: list[int] = []
    for number, program in enumerate(of_chords or chordal):
        model = _model(groove, program, number)
        # Where nobody has chords, those with one voice make them together; where the chords come behind the beat, as in a waltz or
        # a skank, all have them there.
        first = not of_chords or model not in models
        found[program] = _accompany(
            groove, chart, program, model if first or _is_behind(groove, model) else None, number, hands, not first
        )
        models.append(model)
    for number, program in enumerate(program for program in chordal if program not in found):
        found[program] = _accompany(groove, chart, program, None, number, hands)
    for program in of_chords if hands else ():
        found[program] = sorted([*found[program], *_bass(groove, chart, program, seed, 36)])
    return found


def bass_player(programs: Sequence[int]) -> int | None:
    """Returns who of some players plays the bass: a bass, else the lowest who cannot reach above the staff; None for nobody."""
    low = [p for p in programs if p != DRUMS and playable_range(p)[1] < _LOW_PLAYERS]
    of_trade = (program for group in (BASSES, BASS_PLAYERS) for program in programs if program in group)
    return next(of_trade, min(low, key=lambda p: playable_range(p)[0], default=None))


def _model(groove: dict[str, Any], program: int, number: int) -> int:
    """Returns which chord player of a style a player takes after: one of its own family, else each the next."""
    players: list[dict[str, Any]] = next((variant["chords"] for variant in groove["variants"] if variant["chords"]), [])
    own = (place for place, other in enumerate(players) if other["program"] // 8 == program // 8)
    return next(own, number % max(1, len(players)))


def _is_behind(groove: dict[str, Any], model: int) -> bool:
    """Whether a chord player of a style never strikes with the first beat of a bar."""
    bars = [
        bar
        for variant in groove["variants"]
        for player in variant["chords"][model : model + 1]
        for bar in player["bars"]
    ]
    return bool(bars) and all(row[0] > 0 for bar in bars for row in bar)


def _patterns(groove: dict[str, Any], chart: Chart, number: int, part: str, player: int = 0) -> list[list[int]]:
    """Returns the pattern of a part in a bar of the chart, made to fit its length."""
    variants = groove["variants"]
    first = min(chart.variants[number], len(variants) - 1)
    rows: list[list[int]] = []
    for variant in (variants[first], *variants):  # what a player does not do in a chorus, they do as in a verse
        if part == "chords":
            players = variant["chords"]
            turn = [*players[player % len(players) :], *players] if players else []
            rows = next((bar for other in turn if (bar := other["bars"][number % len(other["bars"])])), [])
        elif variant[part]:
            rows = variant[part][number % len(variant[part])]
        if rows:
            break
    length = groove["quarters"] * GRID
    start, end = chart.bars[number]
    found = [row for row in rows if row[0] < end - start]
    for again in range(1, -(-(end - start) // length)):  # a longer bar goes on as the pattern does from its middle
        half = length // 2 // GRID * GRID
        later = [[row[0] - half + again * length, *row[1:]] for row in rows if row[0] >= half]
        found += [row for row in later if row[0] < end - start]
    return found


def _is_last(chart: Chart, number: int) -> bool:
    return chart.ends and number == len(chart.bars) - 1


def _loud(velocity: int, part: str) -> int:
    return int(np.clip(round(velocity * _LOUD[part]), 20, 112))


def _drums(groove: dict[str, Any], chart: Chart) -> list[Hit]:
    found = []
    for number, (start, _) in enumerate(chart.bars):
        rows = _patterns(groove, chart, number, "drums")
        if _is_last(chart, number):
            rows = [[0, KICK, 100], [0, CRASH, 90]] if rows else []
        found += [Hit(start + place, 2, pitch, _loud(loud, "drums")) for place, pitch, loud in rows]
    return sorted(set(found))


def _bass(groove: dict[str, Any], chart: Chart, program: int, seed: int, lowest: int | None = None) -> list[Hit]:
    """Returns a bass line: the pattern's steps over the chords, the root wherever a chord begins; or a walking one."""
    low = max(playable_range(program)[0], 28 if lowest is None else lowest)
    high = low + _BASS_RANGE
    chance = np.random.default_rng(seed)
    found: list[Hit] = []
    last, heard = low + 6, None
    for number, (start, end) in enumerate(chart.bars):
        variant = groove["variants"][min(chart.variants[number], len(groove["variants"]) - 1)]
        if _is_last(chart, number):
            rows = [[0, end - start, 90, 1]]
        elif variant["walks"]:
            rows = [[beat - start, GRID * 5 // 6, 92, 0] for beat in chart.beats if start <= beat < end]
        else:
            rows = _patterns(groove, chart, number, "bass") or [[0, end - start, 90, 1]]
        begins = {span.start - start for span in chart.chords if start <= span.start < end and span.chord != NO_CHORD}
        for at in sorted(begins):  # a chord that begins between two notes has its root
            if not any(at <= row[0] <= at + GRID for row in rows):
                rows.append([at, GRID, rows[0][2], 1])
        rows.sort()
        for row, after in zip(rows, [*(row[0] for row in rows[1:]), end - start], strict=True):
            span = chart.chord_at(start + row[0])
            if span is None:
                continue
            place, fresh = start + row[0], span is not heard
            heard = span
            if row[3] == 0 and not fresh:
                last = _walk(chart, span, place, last, (low, high), chance)
            elif fresh or row[3] == 1:
                last = _near(span.chord.bass if fresh else span.chord.root, last, low, high)
            else:
                last = _step(span.chord, row[3], last, low, high)
            length = min(row[1], after - row[0], max(1, span.end - place) if row[1] < end - start else row[1])
            found.append(Hit(place, max(1, length), last, _loud(row[2], "bass")))
    return found


def _near(tone: int, last: int, low: int, high: int) -> int:
    """Returns the pitch of a pitch class within a range that is nearest to the one before; of equals the lower."""
    return min((p for p in range(low, high + 1) if p % 12 == tone), key=lambda p: (abs(p - last), p))


def _step(chord: Chord, step: int, last: int, low: int, high: int) -> int:
    """Returns the pitch of a step above the root: an octave, or the chord's third, fifth ..., near the one before."""
    if step == 8:
        tops = [p for p in range(low, high + 1) if p % 12 == chord.root]
        return max(tops)
    tones = {(tone - chord.root) % 12 for tone in chord.tones}
    above = next((s for s in _STEP_TONES[step] if s in tones), None)
    if above is None:  # a step that the chord does not have: its fifth, or its root
        above = next((s for s in (7, 6, 8) if s in tones), 0)
    return _near((chord.root + above) % 12, last, low, high)


def _walk(
    chart: Chart, span: ChordSpan, place: int, last: int, reach: tuple[int, int], chance: np.random.Generator
) -> int:
    """Returns the next pitch of a walking bass: a chord tone on the way, or a neighbor of the root that comes next."""
    low, high = reach
    after = next((beat for beat in chart.beats if beat > place), span.end)
    following = chart.chord_at(after)
    if following is not None and after == following.start:
        goal = _near(following.chord.bass, last, low, high)
        ways = [p for p in (goal - 1, goal + 1, goal - 2, goal + 2) if low <= p <= high and p != last]
        in_key = [p for p in ways if p % 12 in chart.key.scale or abs(p - goal) == 1]
        return min(in_key or ways, key=lambda p: (abs(p - last) > 7, abs(p - last) + 2 * chance.random()))
    tones = [p for p in range(low, high + 1) if p % 12 in span.chord.tones and p != last and abs(p - last) <= 7]
    steps = [p for p in range(low, high + 1) if p % 12 in chart.key.scale and 0 < abs(p - last) <= 2]
    middle = (low + high) / 2
    return min(
        tones + steps,
        key=lambda p: abs(p - last) + abs(p - middle) / 3 + 3 * chance.random() - (p % 12 in span.chord.tones),
        default=last,
    )


def _accompany(
    groove: dict[str, Any], chart: Chart, program: int, model: int | None, voice: int, hands: bool, again: bool = False
) -> list[Hit]:
    """Returns the chords of a player: struck in the pattern, held by who holds chords, one voice of them by who has but one.

    Args:
        groove: the style.
        chart: what is read.
        program: of the player.
        model: which chord player of the style to take after; None to strike each chord once, as where another one does.
        voice: which voice of the chord a player with but one has, so that several make a chord.
        hands: whether one player has the bass too.
        again: whether another player has this rhythm already: three notes, higher, or for a banjo its roll.
    """
    low, high = playable_range(program)
    reach = max(_CHORD_RANGE[0], low), min(_CHORD_RANGE[1], high)
    again = again and (model is not None or program == _BANJO)
    if again and high >= _CHORD_RANGE[1] + _HIGHER:
        reach = reach[0] + _HIGHER, reach[1] + _HIGHER
    chordal = program in STRUCK | HELD and reach[1] - reach[0] >= LEAST_RANGE
    power = bool(groove.get("power")) and program in _POWER_PLAYERS
    voices = (
        _power(chart, low)
        if power
        else _voiced(chart, *reach, hands or again)
        if chordal
        else _line(chart, low, high, voice)
    )
    held = program in HELD - {groove.get("strikes")} or (program not in STRUCK and model is None)
    found: list[Hit] = []
    for bar, (start, end) in enumerate(chart.bars):
        if held or model is None or _is_last(chart, bar):
            inside = [span for span in voices if span.start < end and span.end > start]
            rows = [[max(0, span.start - start), end - start, 84] for span in inside]
        else:
            rows = _patterns(groove, chart, bar, "chords", model)
        if again and program == _BANJO and not _is_last(chart, bar):
            found += _roll(voices, start, end)
            continue
        for place, length, loud, *of_chord in rows:
            span = next((span for span in voices if span.start <= start + place < span.end), None)
            if span is not None:
                lasts = max(1, min(length, span.end - start - place, end - start - place))
                velocity = _loud(loud, "held" if held else "chords")
                pitches = _some(voices[span], of_chord[0], power, span.chord, chart.key) if of_chord else voices[span]
                found += [Hit(start + place, lasts, pitch, velocity) for pitch in pitches]
    return _joined(found) if held else found


def _roll(voices: dict[ChordSpan, list[int]], start: int, end: int) -> list[Hit]:
    """Returns a bar of a banjo's roll: eighths on one string after the other, forward, three and three and two."""
    found = []
    for number, place in enumerate(range(start, end, GRID // 2)):
        span = next((span for span in voices if span.start <= place < span.end), None)
        if span is not None and voices[span]:
            string = (number % 8 % 3) % len(voices[span])
            found.append(
                Hit(place, GRID // 2, voices[span][string], _loud(88 if number % 8 % 3 == 0 else 78, "chords"))
            )
    return found


def _some(pitches: list[int], which: int, power: bool, chord: Chord, key: Key) -> list[int]:
    """Returns a note of a broken chord, counted from 1 and from below; of a power chord its root alone (1), or the power chord on
    another step of the scale above it."""
    if not power or not pitches:
        return [pitches[(which - 1) % len(pitches)]] if pitches else []
    if which == 1:
        return pitches[:1]
    above = next((up for up in _SCALE_STEPS[which] if (chord.root + up) % 12 in key.scale), _SCALE_STEPS[which][0])
    return [pitch + above for pitch in pitches]


def _joined(hits: Sequence[Hit]) -> list[Hit]:
    """Returns held notes, those that go on in the next bar being one."""
    found: list[Hit] = []
    open_at: dict[int, int] = {}
    for hit in sorted(hits):
        before = open_at.get(hit.pitch)
        if before is not None and found[before].place + found[before].length == hit.place:
            found[before] = found[before]._replace(length=found[before].length + hit.length)
        else:
            open_at[hit.pitch] = len(found)
            found.append(hit)
    return found


def _voiced(chart: Chart, low: int, high: int, hands: bool) -> dict[ChordSpan, list[int]]:
    """Returns the pitches of each chord for one hand, with smooth voice leading."""
    sounding = [(span, top) for span, top in zip(chart.chords, chart.ceilings, strict=True) if span.chord.tones]
    spans = [
        span._replace(chord=Chord(span.chord.root, span.chord.quality)) for span, _ in sounding
    ]  # the bass has the bass
    blocks = voice_chords(spans, low, high, [top for _, top in sounding], 3 if hands else 4, _HAND)
    by_start: dict[int, list[int]] = {}
    for note in blocks:
        by_start.setdefault(note.start, []).append(note.pitch)
    return {span: by_start.get(span.start, []) for span, _ in sounding}


def _power(chart: Chart, low: int) -> dict[ChordSpan, list[int]]:
    """Returns root, fifth and octave of each chord in the low register of a guitar."""
    roots = {span: _near(span.chord.root, low + 6, low, low + 11) for span in chart.chords if span.chord.tones}
    return {span: [root, root + 7, root + 12] for span, root in roots.items()}


def _line(chart: Chart, low: int, high: int, voice: int) -> dict[ChordSpan, list[int]]:
    """Returns one tone of each chord, the nearest to the one before, below the tune where there is room.

    Voices lie a third apart and have tones of their own: the first the third of the chord, the next the fifth, then the root.
    """
    last, found = int(np.clip(int(np.clip((low + high) // 2, 55, 67)) - 4 * voice, low, high)), {}
    for span, ceiling in zip(chart.chords, chart.ceilings, strict=True):
        top = high if ceiling is None else max(min(high, ceiling - 1), min(high, low + 12))
        tones = span.chord.tones
        tone = tones[(voice + 1) % len(tones)] if tones else None
        near = [p for p in range(low, top + 1) if p % 12 == tone]
        if near:
            last = min(near, key=lambda p: (abs(p - last), p))
            found[span] = [last]
    return found
