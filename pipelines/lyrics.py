"""Lyrics: verses and a chorus on a theme, line by line, that keep to a rhyme scheme and to a number of syllables.

The result is the piece it was given with ``lyrics`` set: lines, an empty one between stanzas; no note is touched. Its recipe
also says of each stanza whether it is a verse or the chorus. How a line comes to be is told in ``pipelines/verse/drafts.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from checkpoints.store import known
from music.errors import StudioError
from music.piece import Piece
from pipelines.contract import Step
from pipelines.options.lyrics import LyricsOptions
from pipelines.recipes import recipe_of
from pipelines.verse.drafts import Line, LineWriter, Wanted, most_tokens
from pipelines.verse.language import PULLED, Language, language
from pipelines.verse.lexicon import EndWord, end_words, has_partners, partners
from pipelines.verse.theme import Theme, theme_of
from pipelines.verse.vocabulary import LINE, LINES, SONG, STANZA, WRITE, length_sign

VERSION = "1"
SHIPS = "lyrics-small"

CHORUS = 1
"""Its place in the order of writing: after the first verse."""

TOLD_WORDS = 6
"""Words of the theme that the model is told before the lines, as many as it learned with at most."""

TRIED_ENDS, WRITTEN_ENDS = 48, 3
"""Last words of a line that are weighed by the model, and of these those toward which drafts are written."""

LONGEST_END = 6
"""Tokens of the longest last word that a model is told."""

END_BONUS, DUE_END_BONUS = 2.0, 5.0
"""Nats that a last word near the theme counts more, and one of the theme that was not said yet. By ear."""

FREE_SYLLABLES = (5, 11)
"""Of lines whose length is left open: the model chooses within."""

OPEN_ENDS = 400
"""Last words that a model which is told none may end a line with that needs no rhyme yet."""


def write_lyrics(piece: Piece, options: LyricsOptions) -> Iterator[Step]:
    """Yields Steps whose piece has the lines so far; they count lines.

    Raises:
        StudioError: the theme is empty or unknown, or the checkpoint cannot be used.
    """
    theme = theme_of(options.text, options.mood)
    chosen = checkpoint_of(options)
    writer = _Writer(language(chosen), theme, options)
    total = len(set(stanzas_of(options))) * options.lines
    yield Step((piece.replace(lyrics=()),), 0, total, "lines")
    for done in range(1, total):
        writer.write_line()
        yield Step((piece.replace(lyrics=writer.lyrics),), done, total, "lines")
    writer.write_line()
    recipe = recipe_of("lyrics", VERSION, replace(options, checkpoint=chosen), piece, writer.language.entry)
    recipe |= {"stanzas": ["chorus" if each == CHORUS and options.chorus else "verse" for each in stanzas_of(options)]}
    yield Step(
        (piece.replace(lyrics=writer.lyrics).with_step(piece.score, recipe),), total, total, "lines", writer.remarks
    )


def checkpoint_of(options: LyricsOptions) -> str:
    """Returns the name of the language model that options ask for."""
    if options.checkpoint != "auto":
        return options.checkpoint
    pulled = known().get(PULLED)
    return PULLED if pulled is not None and pulled.is_here else SHIPS


def stanzas_of(options: LyricsOptions) -> tuple[int, ...]:
    """Returns which stanza stands where, each by its number in the order of writing: of two verses with a chorus 0 1 2 1."""
    if not options.chorus:
        return tuple(range(options.verses))
    return tuple(number for verse in range(options.verses) for number in (verse + (verse > 0), CHORUS))


@dataclass(frozen=True)
class _Written:
    """A line with the word that ends it, its syllables, and the tokens that stand for it in what the model reads."""

    line: Line
    end: EndWord
    syllables: int
    tokens: tuple[int, ...]


@dataclass
class _Writer:
    """What has been written of a lyric, and what writes the next line.

    Attributes:
        language: the model.
        theme: what it is about.
        options: of the whole.
        stanzas: of lines, in the order of writing.
    """

    language: Language
    theme: Theme
    options: LyricsOptions
    stanzas: list[list[_Written]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.options.seed)
        self._writer = LineWriter(self.language, self._rng)

    @property
    def lyrics(self) -> tuple[str, ...]:
        """The lines so far, in the order of the song, an empty one between stanzas."""
        found: list[str] = []
        for number in stanzas_of(self.options):
            if number < len(self.stanzas):
                found += [""] * bool(found) + [written.line.text for written in self.stanzas[number]]
        return tuple(found)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know."""
        left = [word for word in self.theme.own if word in self._due()]
        return (f"Of the theme, no line says {' or '.join(left)}. Another seed may.",) if left else ()

    def write_line(self) -> None:
        """Writes the next line.

        Raises:
            StudioError: none can be.
        """
        if not self.stanzas or len(self.stanzas[-1]) == self.options.lines:
            self.stanzas.append([])
        place = len(self.stanzas[-1])
        count = self._length(place)
        wanted = Wanted(
            count,
            self._ends(place, count),
            place == self.options.lines - 1,
            tuple(written.line.words for stanza in self.stanzas for written in stanza),
            self.theme.nearness,
            self._due(),
            self.options.temperature,
            self.options.top_p,
        )
        written = None
        for ends in [wanted.ends] if place else [self._of_theme(wanted.ends), wanted.ends]:
            write = self._guided if self.language.signs else self._plain
            written = written or write(replace(wanted, ends=ends))
        if written is None:
            raise StudioError(
                f"No line of {count} syllables was found. Ask for another number, a lower temperature, or another seed."
            )
        self.stanzas[-1].append(written)

    def _due(self) -> frozenset[str]:
        """Returns the words of the theme that no line has yet."""
        said = {word for stanza in self.stanzas for written in stanza for word in written.line.words}
        return frozenset(self.theme.own) - said

    def _length(self, place: int) -> int:
        """Returns how many syllables the next line has; verses have the same where the model may choose."""
        if self.options.syllables is not None:
            return self.options.syllables
        now = len(self.stanzas) - 1
        if self.stanzas and now and not (self.options.chorus and now == CHORUS):
            return self.stanzas[0][place].syllables
        few, many = FREE_SYLLABLES
        signs = self.language.signs
        if signs is None:
            return int(self._rng.integers(few, many + 1))
        logs, _ = self.language.read(torch.tensor([self._context(0)]))
        chances = (
            logs[0, [signs.sign[length_sign(count)] for count in range(few, many + 1)]].exp().numpy().astype(np.float64)
        )
        return few + int(self._rng.choice(many - few + 1, p=chances / chances.sum()))

    def _ends(self, place: int, count: int) -> tuple[EndWord, ...]:
        """Returns the words that may end the next line, the commonest first."""
        scheme = self.options.rhyme if self.options.rhyme != "free" else ""
        stanza = self.stanzas[-1]
        size = max(1, len(scheme))
        letters = [(at // size, scheme[at % size]) if scheme else (at, "") for at in range(self.options.lines)]
        before = [stanza[at].end for at in range(place) if letters[at] == letters[place]]
        used = {written.end.text for each in self.stanzas for written in each}
        fits = [word for word in (partners(before[0]) if before else end_words().values()) if word.syllables < count]
        if letters[place] in letters[place + 1 :] and not before:
            fits = [word for word in fits if has_partners(word, count)]
        in_stanza = {written.end.text for written in stanza}
        new = [word for word in fits if word.text not in used] or [word for word in fits if word.text not in in_stanza]
        return tuple(new)

    def _of_theme(self, words: tuple[EndWord, ...]) -> tuple[EndWord, ...]:
        """Returns the words of the theme that were not said yet, else those near it, else all: so each stanza begins."""
        due = tuple(word for word in words if word.text in self._due())
        return due or tuple(word for word in words if word.text in self.theme.nearness) or words

    def _guided(self, wanted: Wanted) -> _Written | None:
        """Returns the best line toward one of a few last words, which the model has weighed."""
        signs = self.language.signs
        assert signs is not None
        head = [*self._context(wanted.syllables), signs.sign[length_sign(wanted.syllables)]]
        found: list[tuple[float, _Written]] = []
        ranked = self._weighed(head, wanted)
        for at, end in enumerate(ranked):
            ids = (*signs.encode(end.text), signs.sign[WRITE])
            line = self._writer.write([*head, *ids], replace(wanted, ends=(end,)))
            if line is not None:
                tokens = (*head[-1:], *ids, *_without(line.ids, self.language.line_end), signs.sign[LINE])
                found.append((line.score, _Written(_with_capital(line), end, wanted.syllables, tokens)))
            if found and at + 1 >= WRITTEN_ENDS:
                break
        return max(found, key=lambda each: each[0])[1] if found else None

    def _weighed(self, head: Sequence[int], wanted: Wanted) -> list[EndWord]:
        """Returns last words in the order of a draw by the model and by how near they are to the theme."""
        signs = self.language.signs
        assert signs is not None
        ends = [word for word in wanted.ends if len(signs.encode(word.text)) <= LONGEST_END]
        ids = [(*signs.encode(word.text), signs.sign[WRITE]) for word in ends]
        bonus = np.array([self._bonus(word.text, wanted) for word in ends])
        noise = self._rng.gumbel(size=len(ids)) * wanted.temperature
        first, _ = self.language.read(torch.tensor([list(head)]))
        rough = first[0].numpy()[[each[0] for each in ids]] + bonus + noise
        tried = np.argsort(-rough, kind="stable")[:TRIED_ENDS]
        sure = self.language.likelihoods(head, [ids[at] for at in tried]) + bonus[tried] + noise[tried]
        return [ends[tried[at]] for at in np.argsort(-sure, kind="stable")]

    def _bonus(self, word: str, wanted: Wanted) -> float:
        return DUE_END_BONUS if word in wanted.due else END_BONUS * wanted.nearness.get(word, 0.0)

    def _plain(self, wanted: Wanted) -> _Written | None:
        """Returns the best line of a model that is told nothing: any of the last words may end it."""
        order = sorted(wanted.ends, key=lambda word: -self._bonus(word.text, wanted))[:OPEN_ENDS]
        line = self._writer.write(self._context(wanted.syllables), replace(wanted, ends=tuple(order)))
        if line is None:
            return None
        end = next(word for word in order if word.text == line.words[-1])
        tokens = (*_without(line.ids, self.language.line_end), self.language.line_end)
        return _Written(_with_capital(line), end, wanted.syllables, tokens)

    def _context(self, syllables: int) -> list[int]:
        """Returns what the model reads before the next line: the theme, and as many of the last lines as there is room for."""
        signs = self.language.signs
        parts: list[tuple[int, ...]] = []
        for number, stanza in enumerate(self.stanzas):
            gap = signs.sign[STANZA] if signs else self.language.line_end
            parts += [(gap,)] * bool(number) + [written.tokens for written in stanza]
        head = self._head()
        room = self.language.positions - len(head) - most_tokens(syllables or FREE_SYLLABLES[1]) - LONGEST_END - 2
        while parts and sum(map(len, parts)) > room:
            parts.pop(0)
        return [*head, *(number for part in parts for number in part)]

    def _head(self) -> list[int]:
        """Returns what tells the model the theme; each stanza is told other related words."""
        near = [word for word in self.theme.nearness if word not in self.theme.own][: 4 * TOLD_WORDS]
        rng = np.random.default_rng([self.options.seed, len(self.stanzas)])
        more = [near[at] for at in rng.permutation(len(near))]
        told = [*self.theme.own, *more][:TOLD_WORDS]
        signs = self.language.signs
        if signs is None:
            theme = " ".join(self.options.text.split())[:200]
            told = self.language.encode(f"Lyrics of a song about {theme}:")[: self.language.positions // 3]
            return [*told, self.language.line_end]
        return [signs.sign[SONG], *(number for word in told for number in signs.encode(word)), signs.sign[LINES]]


def _without(ids: Sequence[int], last: int) -> tuple[int, ...]:
    return tuple(ids[:-1] if ids[-1] == last else ids)


def _with_capital(line: Line) -> Line:
    at = 1 if line.text.startswith("'") else 0
    return replace(line, text=line.text[:at] + line.text[at : at + 1].upper() + line.text[at + 1 :])
