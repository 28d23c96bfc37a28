"""Words set to a melody: which note each syllable is sung on, and which notes are split or joined where they do not fit.

One syllable a note, held over further notes where there are more of these; stressed syllables on strong beats and long
notes; lines end where the melody breathes. The best of all ways to do this is found (Viterbi), the costs being minus the
logarithms of how songs do it beside how they do anything, in nats. Those measured come from ``python -m training word_setting``:
the 93 English public-domain lead sheets of OpenEWLD that are training data, 7,727 syllables.

Where a line has more syllables than its phrase has notes, long notes are split into notes of one pitch, on beats first, then
half way between. Where it has fewer, notes that repeat a pitch are joined into one, and others are sung on one syllable. Singers do
the same from verse to verse. Rhythm is bent, pitches are not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from music.arranging.phrases import MelodyNote
from music.bars import Bar
from music.chords import beat_ticks
from music.words.accents import strength, weight
from music.words.events import Sung
from music.words.pronunciation import Syllable

Line = Sequence[Sequence[Syllable]]
"""A line of text: the syllables of each of its words, as ``pronunciation.line_syllables`` gives them."""

# Shares of places in a bar (WEAK to DOWNBEAT) by what a syllable is (LIGHT_WORD to SECOND); measured.
_PLACES = np.array(
    [
        [0.058, 0.284, 0.386, 0.111, 0.160],
        [0.076, 0.376, 0.409, 0.071, 0.068],
        [0.006, 0.086, 0.326, 0.181, 0.402],
        [0.003, 0.078, 0.230, 0.179, 0.511],
        [0.043, 0.261, 0.359, 0.109, 0.228],
    ]
)
_ALL_PLACES = np.array([0.036, 0.204, 0.346, 0.138, 0.276])  # of all syllables
# Shares of times to the next syllable of a line, by beats (_TIMES), of light and of heavy syllables; measured.
_TIMES = (0.45, 0.9, 1.4, 2.4)
_LENGTHS = np.array([[0.094, 0.398, 0.412, 0.075, 0.020], [0.018, 0.276, 0.419, 0.201, 0.086]])
_ALL_LENGTHS = np.array([0.058, 0.341, 0.415, 0.135, 0.051])
# Shares of syllables that are held over so many notes after their first; measured, and for more than two each costs as much.
_HELD = np.array([0.969, 0.028, 0.003])
_HELD_MORE = 2.0  # nats a note
# What comes before the first syllable of a line, and before any other: the time from the note before it, by beats, and
# whether there is a rest. Measured on lines that were told by their punctuation and capitals.
_GAPS = (0.75, 1.5, 2.5)
_REST = 0.4  # beats
_BEFORE_LINE = np.array([[0.137, 0.245, 0.217, 0.231], [0.002, 0.014, 0.029, 0.127]])
_BEFORE_OTHERS = np.array([[0.409, 0.418, 0.124, 0.040], [0.001, 0.001, 0.003, 0.005]])
# For notes between two lines that carry no word, and for each of them; of four pairs the one with which, on the same sheets, most
# syllables fall on the note where they are printed: 82 %.
_SILENT, _UNSUNG = 8.0, 1.5
# Not measured, for songs have few of these, or no way to tell: by ear on melodies of Compose.
_JOINED = 1.5  # nats for a note that is joined to the one before, of the same pitch
_REST_IN_HOLD = 6.0  # nats for a syllable that is held over a rest
_SPLIT, _FINE_SPLIT = 2.0, 4.0  # nats a note that is split at a beat or half of one, at a quarter of one
_OFF_PLACE = 1.5  # nats a bar that a line begins off the place that the section has for it
_HALVES, _QUARTERS = 2, 4  # of a beat, at which notes are split; in compound time thirds and sixths
_NEVER = 1e9
_REACH = 32  # places to begin a syllable at, from one to the next within a line


class Setting(NamedTuple):
    """Words on a melody.

    Attributes:
        notes: of the melody, as they are sung.
        sung: what each of them carries; notes that carry nothing have none.
        left_out: how many syllables found no note.
    """

    notes: tuple[MelodyNote, ...]
    sung: tuple[Sung, ...]
    left_out: int


class _Text(NamedTuple):
    """Syllables in a row: what is sung, what each weighs, and whether a line begins with it."""

    sung: list[Sung]
    weights: np.ndarray
    opens: np.ndarray
    line: np.ndarray


class _Place(NamedTuple):
    """Where a syllable may begin: the number of the note, the tick, and what it costs to split the note there."""

    note: int
    time: int
    cost: float


def set_words(
    notes: Sequence[MelodyNote],
    lines: Sequence[Line],
    bars: Sequence[Bar],
    ticks_per_quarter: int,
    *,
    bend: bool = True,
    spread: tuple[int, int] | None = None,
    verse: int = 1,
) -> Setting:
    """Returns lines of text set to a melody, in order.

    Args:
        notes: one at a time, in order.
        lines: of syllables.
        bars: that the notes stand in.
        ticks_per_quarter: of all times.
        bend: split and join notes where the words need it; else only as many syllables are set as there are notes.
        spread: first and last tick of the section over which the lines are spread evenly; None: wherever the melody breathes.
        verse: the number that the syllables get.
    """
    kept = [line for line in lines if any(line)]
    wanted = sum(len(word) for line in kept for word in line)
    if not notes or not wanted:
        return Setting(tuple(notes), (), wanted)
    for finest in (_HALVES, _QUARTERS) if bend else (0,):
        places = _places(notes, bars, ticks_per_quarter, finest)
        if wanted <= len(places):
            break
    text = _text(kept, verse)
    if wanted > len(places):
        count = _that_fit(text, len(places))
        text = _Text(text.sung[:count], *(column[:count] for column in text[1:]))
    chosen = _best(notes, places, text, bars, ticks_per_quarter, spread, bend)
    sung_notes, sung = _sing(notes, [places[place] for place in chosen], text, bend)
    return Setting(tuple(sung_notes), tuple(sung), wanted - len(text.sung))


def cost_of(
    notes: Sequence[MelodyNote],
    lines: Sequence[str],
    bars: Sequence[Bar],
    ticks_per_quarter: int,
) -> float:
    """Returns how badly a melody takes lines of which only the stresses are known, in nats a syllable; lower is better.

    Args:
        notes, bars, ticks_per_quarter: as for ``set_words``.
        lines: stresses such as "0101", see ``accents.stresses``.
    """
    text = lines_of_stresses(lines)
    count = sum(map(len, text))
    if not count or not notes:
        return 0.0 if not count else _NEVER
    places = _places(notes, bars, ticks_per_quarter, _HALVES)
    if count > len(places):
        return 3.0 * _FINE_SPLIT
    rows = _text(text, 1)
    spread = (notes[0].start, notes[-1].end) if len(text) > 1 else None
    return _table(notes, places, rows, bars, ticks_per_quarter, spread)[0].min() / count


def lines_of_stresses(lines: Sequence[str]) -> list[Line]:
    """Returns lines of which only the stresses are known, such as "0101", as lines of words of one syllable."""
    return [[(Syllable("la", int(mark)),) for mark in line] for line in lines if line]


def _text(lines: Sequence[Line], verse: int) -> _Text:
    sung, weights, opens, numbers = [], [], [], []
    for number, line in enumerate(lines):
        first = True
        for word in line:
            begins = True
            for place, syllable in enumerate(word):
                said = syllable.text.strip()
                ends = place + 1 == len(word) or said.endswith("-")  # "sea-shore" is two words to sing
                sung.append(Sung(0, said, begins, ends, (1 if number else 2) if first else 0, verse))
                weights.append(weight(syllable, len(word) == 1))
                opens.append(first)
                numbers.append(number)
                first, begins = False, ends
    return _Text(sung, np.array(weights), np.array(opens), np.array(numbers))


def _that_fit(text: _Text, room: int) -> int:
    """Returns how many syllables are sung where there is room for so many: whole lines, of one line what fits."""
    starts = [place for place in np.flatnonzero(text.opens).tolist() if place <= room]
    return starts[-1] if starts[-1] else room


def _places(notes: Sequence[MelodyNote], bars: Sequence[Bar], quarter: int, finest: int) -> list[_Place]:
    """Returns where syllables may begin: at notes, and inside long ones at so many places a beat; 0 for none."""
    found = []
    starts = [bar.start for bar in bars]
    for number, note in enumerate(notes):
        found.append(_Place(number, note.start, 0.0))
        if not finest:
            continue
        bar = bars[max(0, bisect_right(starts, note.start) - 1)]
        beat = _beat(bar, quarter)
        coarse = beat // (3 if bar.denominator >= 8 and bar.numerator % 3 == 0 else 2)
        step = coarse if finest == _HALVES else coarse // 2
        if step < 1:
            continue
        first = bar.start + -(-(note.start + step - bar.start) // step) * step
        for tick in range(first, note.end - step + 1, step):
            found.append(_Place(number, tick, _FINE_SPLIT if (tick - bar.start) % coarse else _SPLIT))
    return found


def _table(
    notes: Sequence[MelodyNote],
    places: Sequence[_Place],
    text: _Text,
    bars: Sequence[Bar],
    quarter: int,
    spread: tuple[int, int] | None,
    bend: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the cost of the best way that ends with the last syllable at each place, and where each syllable came from.

    Float ``[places]`` and int ``[syllables, places]``.
    """
    count = len(places)
    time = np.array([place.time for place in places])
    real = np.array([place.cost == 0 for place in places])
    starts = [bar.start for bar in bars]
    inside = [bars[max(0, bisect_right(starts, tick) - 1)] for tick in time.tolist()]
    level = np.array([strength(bar, tick, quarter) for bar, tick in zip(inside, time.tolist(), strict=True)])
    beat = np.array([_beat(bar, quarter) for bar in inside], float)
    accent = -np.log(_PLACES / _ALL_PLACES)[:, level] + np.array([place.cost for place in places])
    length = -np.log(_LENGTHS / _ALL_LENGTHS)
    number = np.array([place.note for place in places])
    rests = np.array([0.0, *(b.start - a.end for a, b in zip(notes, notes[1:]))]) / beat[real]
    apart = np.cumsum(rests >= _REST)[number]  # stretches without a rest, by number
    opening = _line_costs(notes, rests, beat[real], number, real)
    passed = np.cumsum(real)  # notes that have begun
    same = [bend and a.pitch == b.pitch and b.start - a.end <= 1 for a, b in zip(notes, notes[1:])]
    joined = np.cumsum(
        np.where(real, np.array([False, *same])[number], False)
    )  # those that may be joined to the one before
    rest = passed[-1] - passed
    after = np.where(apart[-1] > apart, _silence(rest), np.minimum(_hold_cost(rest), _silence(rest)))

    lines = int(text.line[-1]) + 1
    came = np.zeros((len(text.sung), count), np.int32)
    cost = np.zeros(0)
    for row in range(len(text.sung)):
        own = accent[text.weights[row]]
        if text.opens[row] and spread is not None:
            goal = spread[0] + text.line[row] * (spread[1] - spread[0]) / lines
            bar_length = inside[0].end - inside[0].start
            own = own + _OFF_PLACE * np.abs(time - goal) / bar_length
        if row == 0:
            cost = own + _silence(passed - real)
            continue
        heavy = int(text.weights[row - 1] >= 2)
        best, origin = np.full(count, _NEVER), np.zeros(count, np.int32)
        for step in range(1, min(_REACH, count - 1) + 1):
            between = passed[step:] - real[step:] - passed[:-step]  # notes that begin between the two
            alike = joined[np.arange(step, count) - 1] - joined[:-step]
            held = _hold_cost(between - alike) + _JOINED * alike
            crosses = apart[np.arange(step, count) - 1] > apart[:-step]
            beats = (time[step:] - time[:-step]) / beat[:-step]
            if text.opens[row]:
                lasting = np.zeros_like(beats)
                held = np.where(crosses, _silence(between), np.minimum(held, _silence(between)))
            else:
                lasting = length[heavy, np.searchsorted(_TIMES, beats, side="right")]
                held = held + _REST_IN_HOLD * crosses * (between > 0)
            new = cost[:-step] + held + lasting
            better = new < best[step:]
            best[step:][better] = new[better]
            origin[step:][better] = np.arange(count - step)[better]
        if text.opens[row]:  # any number of notes may go by without a word
            free = np.minimum.accumulate(cost - _UNSUNG * passed)[:-1]
            place_of = _argmin_so_far(cost - _UNSUNG * passed)[:-1]
            new = free + _UNSUNG * (passed[1:] - real[1:]) + _SILENT
            better = new < best[1:]
            best[1:][better] = new[better]
            origin[1:][better] = place_of[better]
            own = own + opening
        cost = best + own
        came[row] = origin
    return cost + after, came


def _best(
    notes: Sequence[MelodyNote],
    places: Sequence[_Place],
    text: _Text,
    bars: Sequence[Bar],
    quarter: int,
    spread: tuple[int, int] | None,
    bend: bool,
) -> list[int]:
    """Returns the place of each syllable."""
    cost, came = _table(notes, places, text, bars, quarter, spread, bend)
    place = int(cost.argmin())
    found = [place]
    for row in range(len(text.sung) - 1, 0, -1):
        place = int(came[row, place])
        found.append(place)
    return found[::-1]


def _beat(bar: Bar, quarter: int) -> int:
    beats = beat_ticks(bar, quarter)
    return (beats[1] if len(beats) > 1 else bar.end) - bar.start


def _hold_cost(notes: np.ndarray) -> np.ndarray:
    table = -np.log(_HELD / _HELD[0])
    last = len(table) - 1
    return table[np.minimum(notes, last)] + _HELD_MORE * np.maximum(0, notes - last)


def _silence(notes: np.ndarray) -> np.ndarray:
    return np.where(notes > 0, _SILENT + _UNSUNG * notes, 0.0)


def _line_costs(
    notes: Sequence[MelodyNote], rests: np.ndarray, beat: np.ndarray, number: np.ndarray, real: np.ndarray
) -> np.ndarray:
    """Returns for each place what it costs to begin a line there, by what comes before it; float ``[places]``."""
    onsets = np.array([note.start for note in notes])
    times = np.concatenate([[8.0], np.diff(onsets) / beat[1:]])
    table = -np.log(_BEFORE_LINE / _BEFORE_OTHERS)
    by_note = table[(rests >= _REST).astype(int), np.searchsorted(_GAPS, times, side="right")]
    worst = float(table.max())
    return np.where(real, by_note[number], worst + 1.0)  # nobody breathes inside a note


def _argmin_so_far(values: np.ndarray) -> np.ndarray:
    low = np.minimum.accumulate(values)
    fresh = np.concatenate([[True], values[1:] < low[:-1]])
    return np.maximum.accumulate(np.where(fresh, np.arange(len(values)), 0))


def _sing(
    notes: Sequence[MelodyNote], chosen: Sequence[_Place], text: _Text, bend: bool
) -> tuple[list[MelodyNote], list[Sung]]:
    """Returns the notes as they are sung, and what they carry."""
    begins = {place.time: row for row, place in enumerate(chosen)}
    cuts: dict[int, list[int]] = {}
    for place in chosen:
        if place.cost:
            cuts.setdefault(place.note, []).append(place.time)
    out: list[MelodyNote] = []
    sung: list[Sung] = []
    holding = False
    for number, note in enumerate(notes):
        edges = [note.start, *cuts.get(number, ()), note.end]
        for start, end in zip(edges, edges[1:]):
            row = begins.get(start)
            holding = row is not None or (holding and out[-1].end >= start - 1)
            if row is not None:
                sung.append(text.sung[row]._replace(time=start))
                holds = _holds(notes, chosen, text, row)
            elif holding and holds and bend and out[-1].pitch == note.pitch:
                out[-1] = out[-1]._replace(end=end)
                continue
            elif holding and holds:
                sung.append(Sung(start, "", verse=text.sung[0].verse))
            out.append(note._replace(start=start, end=end))
    return out, sung


def _holds(notes: Sequence[MelodyNote], chosen: Sequence[_Place], text: _Text, row: int) -> bool:
    """Returns whether a syllable is held over the notes up to the next one: inside a line, and over few behind it."""
    is_last = row + 1 == len(chosen)
    if not is_last and not text.opens[row + 1]:
        return True
    until = len(notes) if is_last else chosen[row + 1].note + (chosen[row + 1].cost > 0)
    between = np.array(until - 1 - chosen[row].note)
    return bool(_hold_cost(between) <= _silence(between))
