"""How well words are understood: training wordings, wordings that were held out, and lines that say nothing of music.

python -m training evaluate words-small [--texts DATA/lyrics]
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from checkpoints.word_vectors import word_vectors
from music.errors import StudioError
from pipelines.wording.captions import ATTRIBUTES, made_up, spoken, wordings
from pipelines.wording.encoder import words_of
from pipelines.wording.evidence import likeliest
from pipelines.wording.reading import Words, read_words
from training.word_attributes import regression

CAPTIONS, LINES = 300, 500
BUCKETS = 1024
_PENALTY = 1e-4  # of the n-grams' regression: by ear, not measured


def report(texts: Path | None) -> str:
    """Returns the figures as tables.

    Args:
        texts: a folder of .jsonl files with poems, whose validation lines are read; None to leave them out.

    Raises:
        StudioError: the folder holds none.
    """
    lines = [
        "Share of wordings, each by itself, that are read as the class they mean",
        f"  {'':12}{'training':>30}{'held out':>44}",
        f"  {'':12}{'count':>8}{'read':>7}{'n-grams':>9}{'count':>14}{'read':>7}{'guessed':>9}{'likeliest':>11}{'n-grams':>9}",
    ]
    for name in ATTRIBUTES:
        lines.append(f"  {name:12}{_row(name)}")
    lines += [
        "",
        "  read: as a user meets it; guessed: without the vocabularies that obey known words; likeliest: the likeliest class,",
        "  given that one of this attribute is meant; n-grams: the same of a regression on hashed words and letters.",
        "",
        f"Share of {CAPTIONS} captions in which an attribute is read right, or rightly not at all where none is said",
        f"  {'':12}{'training':>9}{'held out':>10}",
    ]
    lines += [f"  {name:12}{a:9.0%}{b:10.0%}" for name, (a, b) in _captions().items()]
    if texts is not None:
        lines += ["", *_silent(list(_poem_lines(texts)))]
    return "\n".join(lines)


def _row(name: str) -> str:
    """Returns the figures of an attribute's single wordings as columns."""
    columns = ""
    for held_out in (False, True):
        told = [(value, phrase) for value, phrases in wordings(held_out)[name].items() for phrase in phrases]
        read = [(said.value if (said := read_words(phrase).attributes[name]) else None) for _, phrase in told]
        columns += f"{len(told):14}" if held_out else f"{len(told):8}"
        columns += f"{_share(read, told):7.0%}"
        if held_out:
            table = word_vectors()
            best = [likeliest(table, name, words_of(phrase, table.rows)) for _, phrase in told]
            columns += f"{_share([value if chance > 0.5 else None for value, chance in best], told):9.0%}"
            columns += f"{_share([value for value, _ in best], told):11.0%}"
        columns += f"{_share(_by_ngrams(name, [phrase for _, phrase in told]), told):9.0%}"
    return columns


def _share(found: Sequence[str | None], told: Sequence[tuple[str, str]]) -> float:
    return sum(value == meant for value, (meant, _) in zip(found, told)) / len(told)


def _by_ngrams(name: str, phrases: Sequence[str]) -> list[str]:
    """Returns the classes that a regression on hashed words and letters takes phrases for, fitted on the training wordings."""
    classes = ATTRIBUTES[name]
    told = [(classes.index(value), phrase) for value, known in wordings()[name].items() for phrase in known]
    inputs = np.stack([_ngrams(phrase) for _, phrase in told])
    targets = np.array([number for number, _ in told])
    counts = np.bincount(targets, minlength=len(classes))
    weights, bias = regression(inputs, targets, len(told) / len(classes) / counts, _PENALTY)
    return [classes[int((weights @ _ngrams(phrase) + bias).argmax())] for phrase in phrases]


def _ngrams(phrase: str) -> np.ndarray:
    """Returns how often words, pairs of words and groups of three letters fall into each bucket, of length 1."""
    words = phrase.split()
    letters = f" {phrase} "
    parts = [*words, *map(" ".join, zip(words, words[1:])), *(letters[at : at + 3] for at in range(len(letters) - 2))]
    counts = np.zeros(BUCKETS)
    for part in parts:
        counts[zlib.crc32(part.encode()) % BUCKETS] += 1
    return counts / np.linalg.norm(counts)


def _captions() -> dict[str, tuple[float, float]]:
    """Returns by attribute how often captions of training and of held-out wordings are read right."""
    shares = []
    for held_out in (False, True):
        rng = np.random.default_rng(0)
        made = [spoken(made_up(rng), rng, held_out) for _ in range(CAPTIONS)]
        read = [read_words(text).attributes for text, _ in made]
        shares.append(
            [
                np.mean(
                    [
                        (found[name].value if found[name] else None) == said.get(name)
                        for found, (_, said) in zip(read, made)
                    ]
                )
                for name in ATTRIBUTES
            ]
        )
    return {name: (float(a), float(b)) for name, a, b in zip(ATTRIBUTES, *shares)}


def _poem_lines(folder: Path) -> Iterator[str]:
    """Yields lines of validation poems, one of each.

    Raises:
        StudioError: there are none.
    """
    files = sorted(folder.glob("*.jsonl"))
    found = 0
    for file in files:
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            if row.get("kind") == "poem" and row.get("split") == "valid" and found < LINES:
                written = [line for line in row["text"].splitlines() if len(line.split()) >= 4]
                if written:
                    found += 1
                    yield written[len(written) // 2]
    if not found:
        raise StudioError(f"There are no validation poems in '{folder}'. Name the folder of the lyrics data.")


def _silent(lines: Sequence[str]) -> list[str]:
    """Returns how often lines of poems are taken for what they are not."""

    def share(read: Sequence[Words], guesses: bool) -> float:
        return float(
            np.mean([any(said and not (guesses and said.sure) for said in each.attributes.values()) for each in read])
        )

    as_text, as_lyrics = [read_words(line) for line in lines], [read_words("", line) for line in lines]
    instruments = np.mean([bool(each.instruments) or each.attributes["family"] is not None for each in as_lyrics])
    return [
        f"Share of {len(lines)} lines of poems, none of which describes music, that get a chip",
        f"  typed as a description: {share(as_text, False):.1%}, of which by a guess {share(as_text, True):.1%}",
        f"  as lyrics: {share(as_lyrics, False):.1%}; an instrument: {instruments:.1%}",
    ]
