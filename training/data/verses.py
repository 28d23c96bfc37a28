"""Poems and songs -> token shards for the language model of lyrics.

    python -m training verses DATA/lyrics --out runs/verses

Reads ``*.jsonl`` with a text a row (``text``, ``title``, ``kind``, ``lang``, ``split``) and keeps what is English. A line's first
word loses its capital unless it mostly has one elsewhere, quotation marks go, and so do headings; songs, whose lines were
taken from scores, are cut before capitals, and a line that comes twice in a row is kept once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from music.errors import StudioError
from music.words.pronunciation import UNSTRESSED, syllables
from music.words.slurs import has_slur
from pipelines.prompt.function_words import FILLERS
from pipelines.verse.vocabulary import LINE, WRITE, Vocabulary, length_sign, trained

VOCABULARY_SIZE = 4096
OLD_WORDS = "thee thou thy thine ye hath doth art wilt shalt hast dost o'er e'er ne'er 'tis 'twas 'twixt"
OLD_SHARE = 1 / 80
"""Of a text's words, from which on it counts as old."""

FEWEST, MOST_SHARE = 5, 0.004
"""How often a word occurs to be a word of a theme: in so many lines at least, and in this share of all at most."""

_GRAMMAR = frozenset(UNSTRESSED.split()) | set(FILLERS.replace(",", " ").split())
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*'?|'[^\W\d_]+")
_ELISIONS = "'tis 'twas 'twere 'twill 'twould 'neath 'mid 'midst 'gainst 'twixt 'mong 'em 'til 'round 'cause"
_SPLIT_AFTER, _SPLIT_RATIO = 3, 10


@dataclass(frozen=True)
class Text:
    """A poem or a song.

    Attributes:
        kind: "poem" or "song".
        split: "train" or "valid".
        title: its title.
        stanzas: of cleaned lines.
    """

    kind: str
    split: str
    title: str
    stanzas: list[list[str]] = field(hash=False)

    @property
    def is_old(self) -> bool:
        """Whether its words are of another time."""
        found = [word.lower() for stanza in self.stanzas for line in stanza for word in words(line)]
        return sum(word in OLD_WORDS.split() for word in found) > OLD_SHARE * len(found)


def main(argv: list[str]) -> None:
    """Runs ``python -m training verses``."""
    parser = argparse.ArgumentParser(prog="python -m training verses", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder of poems.jsonl and songs.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="where the shards go")
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY_SIZE, help="tokens of the vocabulary")
    parser.add_argument("--sets", type=Path, default=Path(__file__).parents[1] / "recipes" / "verses.toml")
    args = parser.parse_args(argv)
    index = write_shards(texts_in(args.folder), args.sets, args.out, args.vocabulary)
    print(json.dumps(index["sets"], indent=1))


def words(line: str) -> list[str]:
    """Returns the words of a line, with apostrophes and hyphens inside, as they are written."""
    return _WORD.findall(line)


def texts_in(folder: Path) -> list[Text]:
    """Returns the cleaned English texts of a folder.

    Raises:
        StudioError: there are none.
    """
    rows = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open(encoding="utf-8")]
    rows = [row for row in rows if row.get("lang", "en") == "en" and row["split"] in ("train", "valid")]
    if not rows:
        raise StudioError(f"There are no English texts in '{folder}'. Name the folder of poems.jsonl and songs.jsonl.")
    cleaned = [[_clean(line, row["kind"] == "song") for line in row["text"].splitlines()] for row in rows]
    small, capital = Counter[str](), Counter[str]()
    for row, lines in zip(rows, cleaned):
        if row["kind"] == "poem" and row["split"] == "train":
            for line in lines:
                for word in words(line)[1:]:
                    (capital if word[0].isupper() else small)[word.lower()] += 1
    texts = []
    for row, lines in zip(rows, cleaned):
        if row["kind"] == "song":
            lines = [part for line in lines for part in _split_song(line, small, capital)]
            lines = [line for at, line in enumerate(lines) if not line or at == 0 or line != lines[at - 1]]
        stanzas = _stanzas([_first_small(line, small, capital) for line in lines])
        if sum(map(len, stanzas)) >= 4:
            texts.append(Text(row["kind"], row["split"], row.get("title", ""), stanzas))
    return texts


def _clean(line: str, is_song: bool) -> str:
    """Returns a line without quotation marks, numbers before it and signs that are no text; "" for a heading."""
    line = re.sub(
        r"(?<=\w) ?- ?(?=\w)" if is_song else r"(?<=\w)- (?=\w)", lambda found: "" if " " in found[0] else "-", line
    )
    line = line.replace(" - ", " — ")
    line = line.translate({ord(sign): "'" for sign in "’‘ʼ`´"})
    line = re.sub(r'["“”„«»_*|<>{}\[\]]|\(|\)', " ", line)
    line = re.sub(r"\s*(?:--+|—+|–+)\s*", " — ", line)
    line = re.sub(r"^\s*(?:\d+|[IVXLC]+)[.)]?\s+(?=\S)|^\s*(?:\d+|[IVXLC]+)[.)]?\s*$", "", line)
    kept = []
    for word in line.split():
        bare = word.strip(".,;:!?")
        if bare.startswith("'") and bare.lower() not in _ELISIONS.split():
            word = word.replace("'", "", 1)
        if bare.endswith("'") and not bare.endswith(("s'", "n'", "h'", "o'")):
            word = "".join(word.rsplit("'", 1))
        kept.append(word)
    line = re.sub(r"\s+", " ", " ".join(kept)).strip(" —")
    letters = [sign for sign in line if sign.isalpha()]
    if (
        not letters
        or (len(letters) > 3 and sum(map(str.isupper, letters)) > 0.6 * len(letters))
        or re.search(r"\d", line)
    ):
        return ""
    return "" if has_slur(line) else line


def _first_small(line: str, small: Counter[str], capital: Counter[str]) -> str:
    """Returns a line whose first word begins with a small letter, unless within lines it mostly has a capital."""
    found = _WORD.search(line)
    if found is None or found.group() in ("I", "O"):
        return line
    word = found.group().lower()
    at = found.start() + (line[found.start()] == "'")
    return line[:at] + line[at].lower() + line[at + 1 :] if small[word] >= capital[word] else line


def _split_song(line: str, small: Counter[str], capital: Counter[str]) -> Iterator[str]:
    """Yields the lines that a line of a song seems to be made of: a word with a capital that has none elsewhere begins one."""
    start, count = 0, 0
    for found in _WORD.finditer(line):
        word = found.group()
        usual = small[word.lower()] > _SPLIT_RATIO * (capital[word.lower()] + 1)
        if word[0].isupper() and usual and count >= _SPLIT_AFTER:
            yield line[start : found.start()].strip()
            start, count = found.start(), 0
        count += 1
    yield line[start:].strip()


def _stanzas(lines: Iterable[str]) -> list[list[str]]:
    """Returns lines as stanzas, which an empty line parts."""
    stanzas: list[list[str]] = [[]]
    for line in lines:
        if line and words(line):
            stanzas[-1].append(line)
        elif stanzas[-1]:
            stanzas.append([])
    return [stanza for stanza in stanzas if stanza]


def write_shards(texts: list[Text], sets: Path, out: Path, size: int) -> dict[str, Any]:
    """Writes texts as tokens into a folder and returns what its index says.

    Args:
        texts: of both splits.
        sets: the TOML file that says where they came from.
        out: the folder.
        size: of the vocabulary, which is fitted to the training texts.
    """
    train = [text for text in texts if text.split == "train"]
    vocabulary = trained((line for text in train for stanza in text.stanzas for line in stanza), size)
    lines_of = Counter(
        word.lower() for text in train for stanza in text.stanzas for line in stanza for word in set(words(line))
    )
    most = MOST_SHARE * sum(len(stanza) for text in train for stanza in text.stanzas)
    themes = sorted(
        w for w, n in lines_of.items() if FEWEST <= n <= max(most, FEWEST) and w not in _GRAMMAR and len(w) > 2
    )
    out.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(texts, vocabulary, {word: number for number, word in enumerate(themes)})
    arrays["words"], arrays["word_ends"] = _flat(vocabulary.encode_all(themes))
    np.savez(out / "verses.npz", **arrays)
    description = vocabulary.tokenizer.to_str()
    (out / "vocabulary.json").write_text(description, encoding="utf-8")
    facts = tomllib.loads(sets.read_text(encoding="utf-8"))
    for fact in facts.values():
        mine = [text for text in texts if text.kind == fact["kind"]]
        fact |= {split: sum(text.split == split for text in mine) for split in ("train", "valid")}
        fact["notes"] = sum(
            len(words(line)) for text in mine if text.split == "train" for s in text.stanzas for line in s
        )
    index = {"tokenizer": hashlib.sha256(description.encode()).hexdigest(), "sets": facts}
    (out / "index.json").write_text(json.dumps(index, indent=1))
    return index


def _arrays(texts: list[Text], vocabulary: Vocabulary, themes: dict[str, int]) -> dict[str, np.ndarray]:
    """Returns lines as tokens with their signs, and which words of a theme each has."""
    sign, counts = vocabulary.sign, dict[str, int]()
    lines: list[list[int]] = []
    line_words: list[list[int]] = []
    begins: list[bool] = []
    facts: list[tuple[int, int, int, int]] = []
    for text in texts:
        first = len(lines)
        for stanza in text.stanzas:
            found = [words(line) for line in stanza]
            ends = vocabulary.encode_all([each[-1] for each in found])
            for at, (line, ids) in enumerate(zip(stanza, vocabulary.encode_all(stanza))):
                for word in line.split():
                    if word not in counts:
                        counts[word] = len(syllables(word))
                length = sign[length_sign(sum(counts[word] for word in line.split()))]
                lines.append([length, *ends[at], sign[WRITE], *ids, sign[LINE]])
                line_words.append([themes[w.lower()] for w in dict.fromkeys(found[at]) if w.lower() in themes])
                begins.append(at == 0)
        facts.append((int(text.kind == "song"), int(text.is_old), int(text.split == "valid"), first))
    tokens, ends_at = _flat(lines)
    theme_words, theme_ends = _flat(line_words)
    return {
        "tokens": tokens,
        "line_ends": ends_at,
        "theme_words": theme_words,
        "theme_ends": theme_ends,
        "begins_stanza": np.array(begins),
        "texts": np.array(facts, np.int32),
    }


def _flat(rows: Iterable[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Returns rows one after another, uint16, and where each ends."""
    rows = list(rows)
    return (
        np.fromiter((value for row in rows for value in row), np.uint16),
        np.cumsum([len(row) for row in rows], dtype=np.int64),
    )
