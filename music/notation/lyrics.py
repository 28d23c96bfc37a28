"""Words below the notes of a sheet: whose they are, which note carries which syllable, and their MusicXML."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import symusic

from music.notation.quantize import SheetNote
from music.notation.staves import Performer
from music.words.events import Sung, read_words


class SheetSyllable(NamedTuple):
    """A syllable below a note.

    Attributes:
        start: of the note, in units of the sheet.
        text: "" where the one before is held.
        syllabic: how MusicXML calls its place in its word: single, begin, middle or end.
        verse: from 1.
        extend: "start" where a line goes on from it, "continue" and "stop" at the notes over which it is drawn, else "".
        ends: "end-line" or "end-paragraph" where a line or a stanza of the text ends with it, else "".
    """

    start: int
    text: str
    syllabic: str
    verse: int
    extend: str
    ends: str


def find_singers(score: symusic.Score, playing: Sequence[Performer]) -> dict[int, int]:
    """Returns which part sings the words of which track.

    Karaoke files keep words in a track without notes; they belong to the part whose onsets they meet.
    """
    singers: dict[int, int] = {}
    for place, track in enumerate(score.tracks):
        if len(track.lyrics) < 2:
            continue
        times = np.array([lyric.time for lyric in track.lyrics])
        own = [i for i, p in enumerate(playing) if place in p.tracks]
        met = [np.isin(times, p.hands[0].time).mean() * (not p.is_drum) for p in playing]
        singer = own[0] if own else int(np.argmax(met))
        if own or met[singer] > 0.5:
            singers.setdefault(singer, place)
    return singers


def syllables(lyrics: Iterable[symusic.TextMeta], notes: Sequence[SheetNote]) -> tuple[SheetSyllable, ...]:
    """Returns the syllables that notes carry, by time, the first verse first; each stands below the nearest note."""
    ticks = sorted({note.tick for note in notes})
    start_of = {note.tick: note.start for note in notes}
    placed: dict[tuple[int, int], Sung] = {}
    for each in read_words(lyrics) if ticks else ():
        near = min(ticks[max(0, bisect.bisect(ticks, each.time) - 1) :][:2], key=lambda tick: abs(tick - each.time))
        placed.setdefault((each.verse, start_of[near]), each)
    found = [
        each
        for verse in sorted({verse for verse, _ in placed})
        for each in _verse([(start, each) for (number, start), each in sorted(placed.items()) if number == verse])
    ]
    return tuple(sorted(found, key=lambda each: (each.start, each.verse)))


def _verse(sung: Sequence[tuple[int, Sung]]) -> Iterator[SheetSyllable]:
    """Yields the syllables of one verse, of ``(start of the note, what it carries)``."""
    ends, is_drawn = "", False
    after: list[tuple[bool, str]] = []  # of each: whether a hold comes next, and how its line ends
    for _, each in reversed(sung):
        after.append((is_drawn, "" if each.is_held else ends))
        is_drawn = each.is_held
        if not each.is_held:
            ends = ("", "end-line", "end-paragraph")[each.breaks]
    drawn = False
    for (start, each), (goes_on, ends) in zip(sung, reversed(after), strict=True):
        if each.is_held and drawn:
            yield SheetSyllable(start, "", "", each.verse, "continue" if goes_on else "stop", "")
        elif not each.is_held:
            joined, is_open = not each.begins, not each.ends
            syllabic = ("middle" if is_open else "end") if joined else ("begin" if is_open else "single")
            drawn = goes_on and each.ends  # inside a word its hyphens say the same
            yield SheetSyllable(start, each.text, syllabic, each.verse, "start" if drawn else "", ends)


def lyric_elements(carried: Sequence[SheetSyllable]) -> Iterator[ElementTree.Element]:
    """Yields the MusicXML of the syllables that one note carries."""
    for each in carried:
        lyric = ElementTree.Element("lyric", number=str(each.verse))
        if each.text:
            ElementTree.SubElement(lyric, "syllabic").text = each.syllabic
            ElementTree.SubElement(lyric, "text").text = each.text
        if each.extend:
            ElementTree.SubElement(lyric, "extend", type=each.extend)
        if each.ends:
            ElementTree.SubElement(lyric, each.ends)
        yield lyric
