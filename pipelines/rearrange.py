"""Rearrange: the sections of a song in another order, repeated, removed, longer or shorter by a phrase; by rules alone.

What belongs together stays together: the notes of a section, its chords and words go where it goes, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import symusic

from music.errors import StudioError
from music.form import ENDING, INTRO, theme_of
from music.piece import Piece
from music.rearranging import FormPart, form_parts, lyrics_after, notes_after, rearranged
from pipelines.contract import Step
from pipelines.locks import locked_notes, notes_at, with_locked
from pipelines.options.rearrange import RearrangeOptions
from pipelines.recipes import recipe_of

VERSION = "1"
PHRASE_BARS = 4
"""Of a usual phrase; a section that is shorter than two of them has two halves."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def rearrange(piece: Piece, options: RearrangeOptions) -> Iterator[Step]:
    """Yields Steps; the last one has the piece with its bars in another order.

    Raises:
        StudioError: the piece does not have these bars.
    """
    yield from _steps(piece, options, "rearrange")


def change_form(piece: Piece, options: RearrangeOptions) -> Iterator[Step]:
    """Yields Steps as ``rearrange`` does, as a stage of a song."""
    yield from _steps(piece, options, "arrangement")


def _steps(piece: Piece, options: RearrangeOptions, name: str) -> Iterator[Step]:
    yield Step((piece,), 0.0, 1.0, "sections")
    parts = [FormPart(*part) for part in options.parts]
    score = rearranged(piece.score, parts)
    worded = piece.replace(lyrics=lyrics_after(piece.lyrics, piece.score, score))
    made = worded.with_step(score, recipe_of(name, VERSION, options, piece))
    if locked := notes_at(piece, locked_notes(piece)):
        made = with_locked(piece, made, notes_after(piece.score, parts, locked))
    yield Step((made,), 1.0, 1.0, "sections")


class Form:
    """The sections of a song, and what can be done with each; a section is told by its number, counted from 0.

    Args:
        score: of the song.
    """

    def __init__(self, score: symusic.Score) -> None:
        found = form_parts(score)
        self._lead = found[:1] if found and not found[0].name else []
        self.sections = found[len(self._lead) :]

    @property
    def body(self) -> list[int]:
        """The sections between intro and ending, which can be moved, repeated and removed."""
        return [number for number, part in enumerate(self.sections) if part.name not in (INTRO, ENDING)]

    def name(self, number: int) -> str:
        """Returns what a section is called in a sentence: "the second Chorus", "the Bridge", or "B"."""
        names = [part.name for part in self.sections]
        name, same = names[number], [n for n, each in enumerate(names) if each == names[number]]
        place = same.index(number)
        if len(same) > 1:
            return f"the {_ORDINALS[place]} {name}" if place < len(_ORDINALS) else f"{name} {place + 1}"
        return name if len(theme_of(name)) == 1 else f"the {name}"

    def phrase(self, number: int) -> int:
        """Returns by how many bars a section can be longer or shorter; 0 where it has no halves."""
        bars = self.sections[number].last - self.sections[number].first
        if bars >= 2 * PHRASE_BARS and bars % PHRASE_BARS == 0:
            return PHRASE_BARS
        return bars // 2 if bars % 2 == 0 else 0

    def moved(self, number: int, to: int) -> RearrangeOptions:
        """Returns the options by which a section comes to stand at another place among the sections.

        Raises:
            StudioError: one of the two is no section that can be moved.
        """
        self._check(number)
        self._check(to)
        if number == to:
            raise StudioError("The section stands there already. Drag it to another place.")
        others = [n for n in range(len(self.sections)) if n != number]
        order = [*others[:to], number, *others[to:]]
        beside = f"before {self.name(to)}" if to < number else f"after {self.name(to)}"
        return self._options([self.sections[n] for n in order], f"moved {self.name(number)} {beside}")

    def repeated(self, number: int) -> RearrangeOptions:
        """Returns the options by which a section comes twice in a row.

        Raises:
            StudioError: it is the intro or the ending, or there is none.
        """
        self._check(number)
        order = [*self.sections[: number + 1], *self.sections[number:]]
        return self._options(order, f"repeated {self.name(number)}")

    def removed(self, number: int) -> RearrangeOptions:
        """Returns the options by which a section goes.

        Raises:
            StudioError: it is the ending or the last one, or there is none.
        """
        if not 0 <= number < len(self.sections) or self.sections[number].name == ENDING or self.body == [number]:
            raise StudioError("This section cannot be removed. Choose another one.")
        order = [part for n, part in enumerate(self.sections) if n != number]
        return self._options(order, f"removed {self.name(number)}")

    def longer(self, number: int) -> RearrangeOptions:
        """Returns the options by which the first phrase of a section comes twice.

        Raises:
            StudioError: it has no phrases.
        """
        name, first, last = self._phrased(number)
        phrase = self.phrase(number)
        new = [FormPart(name, first, first + phrase), FormPart("", first, last)]
        return self._options(self._with(number, new), f"made {self.name(number)} {_bars(phrase)} longer")

    def shorter(self, number: int) -> RearrangeOptions:
        """Returns the options by which a section goes without its first phrase: it keeps its close.

        Raises:
            StudioError: it has no phrases.
        """
        name, first, last = self._phrased(number)
        phrase = self.phrase(number)
        told = f"made {self.name(number)} {_bars(phrase)} shorter"
        return self._options(self._with(number, [FormPart(name, first + phrase, last)]), told)

    def _phrased(self, number: int) -> FormPart:
        self._check(number)
        if not self.phrase(number):
            raise StudioError("This section has no two phrases. Choose another one.")
        return self.sections[number]

    def _with(self, number: int, parts: Sequence[FormPart]) -> list[FormPart]:
        return [*self.sections[:number], *parts, *self.sections[number + 1 :]]

    def _check(self, number: int) -> None:
        if number not in self.body:
            raise StudioError("The intro and the ending stay where they are. Choose a section between them.")

    def _options(self, parts: Sequence[FormPart], words: str) -> RearrangeOptions:
        return RearrangeOptions(tuple((part.name, part.first, part.last) for part in (*self._lead, *parts)), words)


def _bars(count: int) -> str:
    return f"{count} bar{'s' * (count > 1)}"
