"""Words set to a melody: which note each syllable is sung on, and which notes are split or joined where they do not fit.

One syllable a note, held over further notes where there are more of these; stressed syllables on strong beats and long
notes; lines end where the melody breathes. The best of all ways is found (``music.words.lattice``).

Where a line has more syllables than its phrase has notes, long notes are split into notes of one pitch, on beats first, then
half way between. Where it has fewer, notes that repeat a pitch are joined into one, and others are sung on one syllable. Singers do
the same from verse to verse. Rhythm is bent, pitches are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from music.arranging.phrases import MelodyNote
from music.bars import Bar
from music.words.accents import weight
from music.words.events import Sung
from music.words.lattice import BENT, FREE, KEPT, Lattice, Place, Text, hold_cost, silence_cost
from music.words.pronunciation import Syllable

Line = Sequence[Sequence[Syllable]]
"""A line of text: the syllables of each of its words, as ``pronunciation.line_syllables`` gives them."""


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


def set_words(
    notes: Sequence[MelodyNote],
    lines: Sequence[Line],
    bars: Sequence[Bar],
    ticks_per_quarter: int,
    *,
    rhythm: str = BENT,
    spread: tuple[int, int] | None = None,
    verse: int = 1,
) -> Setting:
    """Returns lines of text set to a melody, in order.

    Args:
        notes: one at a time, in order.
        lines: of syllables.
        bars: that the notes stand in.
        ticks_per_quarter: of all times.
        rhythm: what may happen to the notes where the words need it: KEPT, BENT or FREE.
        spread: first and last tick of the section over which the lines are spread evenly; None: wherever the melody breathes.
        verse: the number that the syllables get.
    """
    sung, text = _read(lines, verse)
    if not notes or not sung:
        return Setting(tuple(notes), (), len(sung))
    lattice = Lattice(notes, bars, ticks_per_quarter, rhythm, len(sung))
    fit = _that_fit(text, len(lattice.places))
    text = Text(*(column[:fit] for column in text))
    _, chosen = lattice.best(text, spread)
    made = _sing(notes, [lattice.places[place] for place in chosen], sung[:fit], rhythm)
    return Setting(tuple(made[0]), tuple(made[1]), len(sung) - fit)


def cost_of(
    notes: Sequence[MelodyNote], lines: Sequence[str], bars: Sequence[Bar], ticks_per_quarter: int, until: int
) -> float:
    """Returns how badly a melody that is being written takes lines, in nats a syllable; lower is better.

    Args:
        notes: at least one; and bars, ticks_per_quarter: as for ``set_words``.
        lines: their stresses such as "0101", see ``accents.stresses``; at least one.
        until: the tick at which the next line begins.
    """
    sung, text = _read(lines_of_stresses(lines), 1)
    lattice = Lattice(notes, bars, ticks_per_quarter, FREE, len(sung))
    fit = _that_fit(text, len(lattice.places))
    cost, _ = lattice.best(Text(*(column[:fit] for column in text)), None, until)
    return (cost + float(silence_cost(np.array(len(sung) - fit)))) / len(sung)


def lines_of_stresses(lines: Sequence[str]) -> list[Line]:
    """Returns lines of which only the stresses are known, such as "0101", as lines of words of one syllable."""
    return [[(Syllable("la", int(mark)),) for mark in line] for line in lines if line]


def _read(lines: Sequence[Line], verse: int) -> tuple[list[Sung], Text]:
    """Returns the syllables of lines, those that have any."""
    sung, weights, numbers = [], [], []
    for number, line in enumerate(line for line in lines if any(line)):
        breaks = 1 if number else 2
        for word in line:
            begins = True
            for place, syllable in enumerate(word):
                said = syllable.text.strip()
                ends = place + 1 == len(word) or said.endswith("-")  # "sea-shore" is two words to sing
                sung.append(Sung(0, said, begins, ends, breaks, verse))
                weights.append(weight(syllable, len(word) == 1))
                numbers.append(number)
                begins, breaks = ends, 0
    opens = [each.breaks > 0 for each in sung]
    return sung, Text(np.array(weights), np.array(opens), np.array(numbers))


def _that_fit(text: Text, room: int) -> int:
    """Returns how many syllables are sung where there is room for so many: whole lines, of one line what fits."""
    if len(text.weights) <= room:
        return len(text.weights)
    starts = [place for place in np.flatnonzero(text.opens).tolist() if place <= room]
    return starts[-1] or room


def _sing(
    notes: Sequence[MelodyNote], chosen: Sequence[Place], syllables: Sequence[Sung], rhythm: str
) -> tuple[list[MelodyNote], list[Sung]]:
    """Returns the notes as they are sung, and what they carry."""
    begins = {place.time: row for row, place in enumerate(chosen)}
    cuts: dict[int, list[int]] = {}
    for place in chosen:
        if place.cost:
            cuts.setdefault(place.note, []).append(place.time)
    out: list[MelodyNote] = []
    sung: list[Sung] = []
    holding = holds = False
    for number, note in enumerate(notes):
        edges = [note.start, *cuts.get(number, ()), note.end]
        for start, end in zip(edges, edges[1:]):
            row = begins.get(start)
            holding = row is not None or (holding and (rhythm == FREE or out[-1].end >= start - 1))
            if row is not None:
                sung.append(syllables[row]._replace(time=start))
                holds = rhythm == FREE or _holds(notes, chosen, syllables, row)
            elif holding and holds and (rhythm == FREE or (rhythm != KEPT and out[-1].pitch == note.pitch)):
                out[-1] = out[-1]._replace(end=end)
                continue
            elif holding and holds:
                sung.append(Sung(start, "", verse=syllables[0].verse))
            out.append(note._replace(start=start, end=end))
    return out, sung


def _holds(notes: Sequence[MelodyNote], chosen: Sequence[Place], syllables: Sequence[Sung], row: int) -> bool:
    """Returns whether a syllable is held over the notes up to the next one: inside a line, and over few behind it."""
    is_last = row + 1 == len(chosen)
    if not is_last and not syllables[row + 1].breaks:
        return True
    until = len(notes) if is_last else chosen[row + 1].note + (chosen[row + 1].cost > 0)
    between = np.array(until - 1 - chosen[row].note)
    return bool(hold_cost(between) <= silence_cost(between))
