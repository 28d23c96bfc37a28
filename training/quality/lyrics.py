"""Lyrics as they are written, measured beside real verse: rhymes, syllables, loops, copies, and words of the theme."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from music.errors import StudioError
from music.piece import Piece
from music.words.pronunciation import rhymes, syllable_count
from pipelines.lyrics import write_lyrics
from pipelines.options.lyrics import LyricsOptions
from pipelines.verse.theme import theme_of
from training.data.verses import texts_in, words
from training.quality.measures.pieces import mean

THEMES = (
    "the last train home", "summer rain on the window", "my grandmother's garden", "a lighthouse in the storm",
    "dancing all night in the city", "the river in winter", "first love", "a letter from the war", "stars over the desert",
    "coffee on a Monday morning", "the old dog by the fire", "leaving home", "snow falling on the mountains",
    "a child asleep", "the sea and the sailor", "broken heart", "an empty house", "spring flowers", "the road to freedom",
    "moonlight on the lake",
)  # fmt: skip
"""What the lyrics are about, in turn: written for this before any were read."""

FORMS = (("ABAB", 8), ("AABB", 7), ("ABCB", 6), ("ABBA", 10), ("AABB", 9))
"""Rhyme schemes and syllables a line, in turn."""

LOOP, COPY = 4, 6
"""Words in a row that make a loop where they come again, and a copy where a training text has them."""

REAL_LINES = 12
"""Lines of a real text that are looked at, as many as two verses and a chorus have."""


@dataclass(frozen=True)
class Written:
    """Lyrics with the options that they were written for, the chorus once, and the seconds that they took."""

    options: LyricsOptions
    stanzas: tuple[tuple[str, ...], ...]
    seconds: float

    @property
    def lines(self) -> list[str]:
        """All lines."""
        return [line for stanza in self.stanzas for line in stanza]


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the measures of ``args.pieces`` lyrics, and those of real verse that apply to it.

    Raises:
        StudioError: there are no texts to compare with.
    """
    if args.data is None:
        raise StudioError("There is no verse to compare with. Say with --data where poems.jsonl and songs.jsonl are.")
    texts = texts_in(args.data / "lyrics" if (args.data / "lyrics").is_dir() else args.data)
    train = [[line for stanza in text.stanzas for line in stanza] for text in texts if text.split == "train"]
    real = [[line for s in text.stanzas for line in s][:REAL_LINES] for text in texts if text.split == "valid"]
    made = [written(number, args.checkpoint, args.seed) for number in range(args.pieces)]
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(made, 1):
            text = "\n\n".join("\n".join(stanza) for stanza in each.stanzas)
            (args.out / f"lyrics-{number:03}.txt").write_text(f"{each.options.text}\n\n{text}\n", encoding="utf-8")
    known = {run for lines in train for run in runs(lines, COPY)}
    return {
        "name": args.checkpoint,
        "lyrics": len(made),
        "texts": len(real),
        "rhymes kept": [mean([kept_rhymes(each) for each in made]), None],
        "lines with their syllables": [mean([kept_syllables(each) for each in made]), None],
        "lines that come again": [mean([again(each.lines) for each in made]), mean([again(each) for each in real])],
        "4-grams that come again": [mean([looped(each.lines) for each in made]), mean([looped(each) for each in real])],
        "6-grams of training texts": [copied([each.lines for each in made], known), copied(real, known)],
        "words of the theme said": [mean([said(each) for each in made]), None],
        "lyrics with a word of it": [mean([float(said(each) > 0) for each in made]), None],
        "different words, of a hundred": [
            mean([variety(each.lines) for each in made]),
            mean([variety(each) for each in real]),
        ],
        "seconds a line": [sum(each.seconds for each in made) / sum(len(each.lines) for each in made), None],
    }


def written(number: int, checkpoint: str, seed: int) -> Written:
    """Returns lyrics: theme and form by their number."""
    rhyme, syllables = FORMS[number % len(FORMS)]
    options = LyricsOptions(
        text=THEMES[number % len(THEMES)],
        rhyme=rhyme,
        syllables=syllables,
        seed=seed + number,
        checkpoint=checkpoint,
    )
    began = time.process_time()
    (*_, step) = write_lyrics(Piece.empty(), options)
    seconds = time.process_time() - began
    stanzas = tuple(tuple(text.split("\n")) for text in "\n".join(step.piece.lyrics).split("\n\n"))
    return Written(options, tuple(dict.fromkeys(stanzas)), seconds)


def as_text(found: dict[str, Any]) -> str:
    """Returns the figures as a table."""
    lines = [
        f"{found['lyrics']} lyrics of two verses and a chorus, beside the first {REAL_LINES} lines of {found['texts']:,} validation texts.",
        "",
        f"{'':32}{found['name']:>16}{'real verse':>14}",
    ]
    for name, value in found.items():
        if isinstance(value, list):
            ours, real = (("-" if each is None else f"{each:.3f}") for each in value)
            lines.append(f"{name:32}{ours:>16}{real:>14}")
    return "\n".join(lines)


def kept_rhymes(each: Written) -> float:
    """Returns the share of lines that must rhyme with an earlier one of their stanza, and do."""
    scheme, found = each.options.rhyme, list[bool]()
    for stanza in each.stanzas:
        for at, line in enumerate(stanza):
            earlier = [
                stanza[n]
                for n in range(at - at % len(scheme), at)
                if scheme[n % len(scheme)] == scheme[at % len(scheme)]
            ]
            found += [rhymes(earlier[0], line)] if earlier else []
    return mean([float(each) for each in found])


def kept_syllables(each: Written) -> float:
    """Returns the share of lines that have as many syllables as were asked for."""
    return mean([float(syllable_count(line) == each.options.syllables) for line in each.lines])


def runs(lines: Iterable[str], size: int) -> list[tuple[str, ...]]:
    """Returns what of so many words in a row stands in lines, over their ends too, in small letters."""
    flat = [word.lower() for line in lines for word in words(line)]
    return [tuple(flat[at : at + size]) for at in range(len(flat) - size + 1)]


def again(lines: Sequence[str]) -> float:
    """Returns the share of lines that stood before."""
    plain = [" ".join(words(line)).lower() for line in lines]
    return 1 - len(set(plain)) / len(plain) if plain else 0.0


def looped(lines: Iterable[str]) -> float:
    """Returns the share of 4-grams that stood before."""
    found = runs(lines, LOOP)
    return 1 - len(set(found)) / len(found) if found else 0.0


def copied(texts: Iterable[Sequence[str]], known: set[tuple[str, ...]]) -> float:
    """Returns the share of 6-grams that training texts have."""
    return mean([float(run in known) for lines in texts for run in runs(lines, COPY)])


def said(each: Written) -> float:
    """Returns the share of the theme's words that are said."""
    own = theme_of(each.options.text, each.options.mood).own
    found = {word.lower() for line in each.lines for word in words(line)}
    return mean([float(word in found) for word in own])


def variety(lines: Iterable[str]) -> float:
    """Returns how many different words there are among a text's first hundred, or its share where it has fewer."""
    flat = [word.lower() for line in lines for word in words(line)][:100]
    return 100 * len(set(flat)) / len(flat) if len(flat) else float(np.nan)
