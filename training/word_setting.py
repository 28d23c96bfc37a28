"""Lead sheets with words -> how songs set them, for the tables of music/words/lattice.py.

python -m training word_setting --data DATA
"""

from __future__ import annotations

import argparse
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from music.chords import beat_ticks
from music.piece import TICKS_PER_QUARTER
from music.words.accents import DOWNBEAT, HEAVY_WORD, SECOND, strength, weight
from music.words.lattice import GAPS, REST, TIMES
from training.data.sung_songs import SungSong, sung_songs

_MOST_HELD = 2


class Habit(NamedTuple):
    """How one syllable of a song is set.

    Attributes:
        weight: LIGHT_WORD to SECOND.
        strength: of its place, WEAK to DOWNBEAT.
        beats: to the next syllable.
        held: over how many notes after its first.
        ends: whether a line ends with it.
        gap: beats from its last note to the next syllable.
        rest: beats of these that are silent.
    """

    weight: int
    strength: int
    beats: float
    held: int
    ends: bool
    gap: float
    rest: float


def main(argv: list[str]) -> None:
    """Runs ``python -m training word_setting``."""
    parser = argparse.ArgumentParser(prog="python -m training word_setting", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    args = parser.parse_args(argv)
    songs = sung_songs(args.data, "train")
    print(f"{len(songs)} songs")
    print(report([habit for song in songs for habit in habits(song)]))


def habits(song: SungSong) -> Iterator[Habit]:
    """Yields how each syllable of a song but the last is set."""
    number_of = {note.start: number for number, note in enumerate(song.notes)}
    starts = [bar.start for bar in song.bars]
    flat = [
        (weight(syllable, len(word) == 1), place + 1 == len(line) and part + 1 == len(word))
        for line in song.lines
        for place, word in enumerate(line)
        for part, syllable in enumerate(word)
    ]
    for (kind, ends), here, after in zip(flat, song.places, song.places[1:]):
        if after <= here:
            continue
        bar = song.bars[max(0, bisect_right(starts, here) - 1)]
        beats = beat_ticks(bar, TICKS_PER_QUARTER)
        beat = (beats[1] if len(beats) > 1 else bar.end) - bar.start
        last = number_of[here]
        while last + 1 < number_of[after] and song.notes[last + 1].start - song.notes[last].end <= 1:
            last += 1
        yield Habit(
            kind, strength(bar, here, TICKS_PER_QUARTER), (after - here) / beat, last - number_of[here], ends,
            (after - song.notes[last].start) / beat, (after - song.notes[last].end) / beat,
        )  # fmt: skip


def report(found: list[Habit]) -> str:
    """Returns the tables as text."""
    inside = [each for each in found if not each.ends]
    heavy = [each for each in inside if each.weight >= HEAVY_WORD]
    light = [each for each in inside if each.weight < HEAVY_WORD]
    rows = {
        f"places, weight {kind}": _shares((each.strength for each in found if each.weight == kind), DOWNBEAT + 1)
        for kind in range(SECOND + 1)
    }
    rows["places, all"] = _shares((each.strength for each in found), DOWNBEAT + 1)
    for name, those in (("light", light), ("heavy", heavy), ("all", inside)):
        rows[f"lengths, {name}"] = _shares((bisect_right(TIMES, each.beats) for each in those), len(TIMES) + 1)
    rows["held"] = _shares((min(each.held, _MOST_HELD) for each in inside), _MOST_HELD + 1)
    for name, those in (("before a line", [each for each in found if each.ends]), ("before others", inside)):
        kinds = len(GAPS) + 1
        shares = _shares((bisect_right(GAPS, each.gap) + kinds * (each.rest >= REST) for each in those), 2 * kinds)
        rows[f"{name}, no rest"], rows[f"{name}, a rest"] = shares[:kinds], shares[kinds:]
    lines = [f"{name:24}{'  '.join(f'{share:.3f}' for share in shares)}" for name, shares in rows.items()]
    return "\n".join([f"{len(found)} syllables, {sum(each.ends for each in found)} at ends of lines", *lines])


def _shares(values: Iterable[int], kinds: int) -> np.ndarray:
    counted = Counter(values)
    return np.array([counted[kind] for kind in range(kinds)]) / max(1, counted.total())
