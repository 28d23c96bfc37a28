"""Lead sheets with words, as people set them: OpenEWLD's songs with a syllable under each note."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import symusic

from music.arranging.phrases import MelodyNote
from music.bars import Bar, bar_grid
from music.errors import StudioError
from music.piece import TICKS_PER_QUARTER
from music.words.pronunciation import Syllable, syllables

FILE = Path("leadsheets") / "openewld_pd.jsonl"
LANGUAGE = "English"
_BREATH = re.compile(r"[.,;:!?]['\")\]]*$")
_OFTEN = 2  # times that a word is written small, somewhere: then its capital begins a line and names nobody


class SungSong(NamedTuple):
    """A song as it is printed.

    Attributes:
        title: of the song.
        notes: of the melody, one at a time.
        bars: that it stands in.
        lines: of the first verse, told by punctuation and capitals; syllables of each word, as they are parted in print.
        places: the first tick of the note under which each syllable stands, as many as the lines have.
    """

    title: str
    notes: tuple[MelodyNote, ...]
    bars: tuple[Bar, ...]
    lines: tuple[tuple[tuple[Syllable, ...], ...], ...]
    places: tuple[int, ...]


def sung_songs(data: Path, split: str) -> list[SungSong]:
    """Returns the English songs of a split, "train" or "valid", that have words.

    Raises:
        StudioError: the data set is not there.
    """
    if not (data / FILE).is_file():
        raise StudioError(f"There is no {FILE} in {data}. Name the folder that holds one folder for each set.")
    rows = [json.loads(line) for line in (data / FILE).read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["split"] == split and row.get("language") == LANGUAGE and row.get("syllables")]
    small = Counter(
        word for row in rows for verse in row["lyrics"].values() for word in re.findall(r"\b[a-z']+\b", verse)
    )
    return [song for row in rows if (song := _song(row, small)).places]


def _song(row: Mapping[str, Any], small: Mapping[str, int]) -> SungSong:
    quarter = TICKS_PER_QUARTER
    score = symusic.Score(quarter)
    for beat, *signature in row["time_sigs"]:
        score.time_signatures.append(symusic.TimeSignature(round(beat * quarter), *signature))
    melody = sorted((round(on * quarter), round((on + length) * quarter), pitch) for on, length, pitch in row["melody"])
    stops = [*(start for start, _, _ in melody[1:]), melody[-1][1]]
    notes = tuple(
        MelodyNote(start, min(end, stop), pitch, 80)
        for (start, end, pitch), stop in zip(melody, stops, strict=True)
        if stop > start
    )
    onsets = {note.start for note in notes}
    printed: list[list[tuple[int, str]]] = []
    for beat, verse, text, syllabic in row["syllables"]:
        if verse == "1" and round(beat * quarter) in onsets:
            if syllabic in ("single", "begin") or not printed:
                printed.append([])
            printed[-1].append((round(beat * quarter), text))
    lines = list(_lines(printed, small))
    places = tuple(tick for word in printed for tick, _ in word)
    return SungSong(row["title"], notes, tuple(bar_grid(score, notes[-1].end)), tuple(lines), places)


def _lines(
    printed: Sequence[Sequence[tuple[int, str]]], small: Mapping[str, int]
) -> Iterator[tuple[tuple[Syllable, ...], ...]]:
    """Yields the lines of a text without line ends: they end with punctuation, or before a capital of no name."""
    line: list[tuple[Syllable, ...]] = []
    for number, word in enumerate(printed):
        text = "".join(part for _, part in word)
        stress = [syllable.stress for syllable in syllables(text)]
        if len(stress) != len(word):  # parted in another way than the dictionary does
            stress = [int(place == 0) for place in range(len(word))]
        line.append(tuple(Syllable(part, mark) for (_, part), mark in zip(word, stress, strict=True)))
        after = "".join(part for _, part in printed[number + 1]) if number + 1 < len(printed) else ""
        plain = re.sub(r"[^a-z']", "", after.lower())
        opens = after[:1].isupper() and not re.match(r"I\b", after) and small.get(plain, 0) > _OFTEN
        if not after or opens or _BREATH.search(text):
            yield tuple(line)
            line = []
