"""Words: lyrics set to the melody of a finished song, stanza by stanza, section by section.

Lyrics that the user typed are set by rules alone; those that are asked for by what they are about are written by the pipeline
Lyrics first, as many stanzas as the form has room for, in lines as long as the melody was written for.

It comes last, so words can be written anew and lines edited while the music stays. Of the notes only the melody's are
touched, and only where a verse has more or fewer syllables than notes (``music.words.setting``): a note may be split, or
notes of one pitch joined. So that this is rare, the stage Theme knows how many syllables it writes for (``ThemeOptions.lines``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import symusic

from music.arranging.parts import read_arrangement
from music.arranging.phrases import MelodyNote, extract_melody
from music.bars import bar_grid
from music.edit import NewNote, graft
from music.errors import StudioError
from music.form import Section, sections
from music.piece import Piece
from music.words.events import Sung, events_of
from music.words.lattice import BENT, KEPT
from music.words.setting import Setting, set_words
from music.words.verses import Stanza, lyrics_text, stanzas_of_sections, syllables_of
from pipelines.contract import Step
from pipelines.recipes import recipe_of
from pipelines.song.optional_stages import WordsOptions
from pipelines.song.written_words import stanzas_for, write_stanzas

VERSION = "2"
_NAMED = 3  # stanzas that a remark names
_WRITING = 9.0  # how long writing the words takes beside setting them


class _Passage(NamedTuple):
    """A section with what it sings, and the verses that stand below it because no section has them."""

    section: Section
    stanza: Stanza
    below: tuple[Stanza, ...]


def write_words(piece: Piece, options: WordsOptions) -> Iterator[Step]:
    """Yields Steps in which section after section of a song gets its words; all but the melody stays as it is.

    Raises:
        StudioError: there are no words, the song has no melody, or the checkpoint that writes words cannot be used.
    """
    track = _vocal_line(piece)
    if track is None:
        raise StudioError("There is no melody yet that words could be sung to. Compose a song first.")
    stanzas = stanzas_for(options, [each.name for each in _sections(piece.score)])
    if not options.text.strip() and not options.about.strip():
        raise StudioError("There are no words to sing. Type some lyrics, or say what they are about.")
    for written in write_stanzas(stanzas, options):
        worded = piece.replace(lyrics=tuple(lyrics_text(written.stanzas).split("\n")))
        if written.share < 1:
            yield Step((worded,), written.share * _WRITING, _WRITING + 1.0, "sections")
    passages = _passages(piece.score, written.stanzas)
    writer = _Writer(piece.score, track, options)
    begin = _WRITING if written.model else 0.0
    total = begin + 1.0
    for number, passage in enumerate(passages):
        done = begin + number / len(passages)
        yield Step((worded.replace(score=writer.score()),), done, total, "sections")
        writer.sing(passage)
    recipe = recipe_of("words", VERSION, options, piece) | {"checkpoint": dict(written.model)}
    remarks = (*written.remarks, *_unsung(written.stanzas, passages), *writer.remarks())
    yield Step((worded.with_step(writer.score(), recipe),), total, total, "sections", remarks)


def _vocal_line(piece: Piece) -> int | None:
    """Returns the track that sings: one that has words already, else the melody; None without one."""
    worded = [
        (len(track.lyrics), -at)
        for at, track in enumerate(piece.score.tracks)
        if len(track.lyrics) and len(track.notes)
    ]
    if worded:
        return -max(worded)[1]
    return read_arrangement(piece.score).melody if piece.note_count else None


def _passages(score: symusic.Score, stanzas: Sequence[Stanza]) -> list[_Passage]:
    """Returns the sections of a song that sing; all of it where it marks none."""
    marked = _sections(score)
    sung, left = stanzas_of_sections(stanzas, [each.name for each in marked])
    found = []
    for section, stanza in zip(marked, sung, strict=True):
        if stanza is not None and stanza.lines:
            same = [other for other in left if other.kind == stanza.kind and other.lines]
            found.append(_Passage(section, stanza, tuple(same)))
            left = [other for other in left if other not in same]
    return found


def _sections(score: symusic.Score) -> list[Section]:
    return [each for each in sections(score) if each.end > each.start] or [Section("", 0, 1 << 40)]


def _unsung(stanzas: Sequence[Stanza], passages: Sequence[_Passage]) -> tuple[str, ...]:
    """Returns a remark on stanzas that no section sings."""
    heard = {stanza for passage in passages for stanza in (passage.stanza, *passage.below)}
    below = [stanza.name for passage in passages for stanza in passage.below]
    lost = [stanza.name for stanza in stanzas if stanza.lines and stanza not in heard]
    remarks = []
    if below:
        remarks.append(
            f"{_listed(below)} stands below another verse, for the song has no section more. Ask for a longer one."
        )
    if lost:
        remarks.append(
            f"{_listed(lost)} has no section in this form. Choose a form with a chorus, or ask for a longer song."
        )
    return tuple(remarks)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


class _Writer:
    """The melody as it gets its words."""

    def __init__(self, score: symusic.Score, track: int, options: WordsOptions) -> None:
        self._score, self._track, self._options = score, track, options
        self._notes = extract_melody(score.tracks[track])
        self._bars = bar_grid(score)
        self._made: list[Setting] = []
        self._before: list[MelodyNote] = []
        self._short: list[str] = []

    def sing(self, passage: _Passage) -> None:
        """Sets the words of a section, and those that stand below them."""
        section, options = passage.section, self._options
        notes = [note for note in self._notes if section.start <= note.start < section.end]
        if not notes:
            return
        verses = [syllables_of(stanza, options.language) for stanza in (passage.stanza, *passage.below)]
        fullest = max(range(len(verses)), key=lambda place: sum(len(word) for line in verses[place] for word in line))
        end = min(section.end, self._bars[-1].end)
        sung: tuple[Sung, ...] = ()
        order = [fullest, *(place for place in range(len(verses)) if place != fullest)]
        now = notes
        for place in order:
            made = set_words(
                now, verses[place], self._bars, self._score.ticks_per_quarter,
                rhythm=BENT if options.bend and place == fullest else KEPT, spread=(section.start, end), verse=place + 1,
            )  # fmt: skip
            now, sung = list(made.notes), (*sung, *made.sung)
            if made.left_out:
                self._short.append((passage.stanza, *passage.below)[place].name)
        self._before += notes
        self._made.append(Setting(tuple(now), sung, 0))

    def score(self) -> symusic.Score:
        """Returns the song with the words that there are so far."""
        now = {note for made in self._made for note in made.notes}
        before = set(self._before)
        gone = {(note.start, note.pitch) for note in before - now}
        track = self._score.tracks[self._track]
        remove = {(self._track, at) for at, note in enumerate(track.notes) if (note.time, note.pitch) in gone}
        new: Iterable[NewNote] = [
            (self._track, note.start, note.end - note.start, note.pitch, note.velocity) for note in sorted(now - before)
        ]
        score = graft(self._score, new, remove)
        score.tracks[self._track].lyrics = events_of(each for made in self._made for each in made.sung)
        return score

    def remarks(self) -> tuple[str, ...]:
        """Returns what did not fit."""
        if not self._short:
            return ()
        names = _listed(list(dict.fromkeys(self._short)))
        return (
            f"{names} has more syllables than its section has room for. Shorten the lines, or ask for a longer song.",
        )
