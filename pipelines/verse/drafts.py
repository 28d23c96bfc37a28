"""One line of a lyric: drafts of it written side by side, in which only what keeps to length and rhyme is ever sampled.

All drafts take a token at a time. A token is only drawn that can stand there: inside a word its letters, behind a word a mark or
the next word, and the word that ends the line exactly where as many syllables are left as it has. A draft whose
word turns out to be none, or too long, goes, and one of those that live takes its place (sequential Monte Carlo, Lew et al.
2023, "Sequential Monte Carlo steering of large language models"). Of the drafts that reach the end the best one is taken; nothing is
changed in it afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import torch

from music.words.pronunciation import UNSTRESSED, line_syllables
from pipelines.verse.language import Language, repeated
from pipelines.verse.lexicon import EndWord, begins_word, is_word, syllables_of

DRAFTS = 16
ROUNDS = 6
"""Drafts of a line, and how often all of them are begun anew if none reaches the end."""

TRIES = 8
"""Tokens that are drawn for a draft before it is given up."""

LIKELIEST = 200
"""Tokens that are drawn from at most, which is faster than sorting all of them."""

THEME_BONUS, DUE_BONUS = 0.4, 2.0
"""Nats that words near the theme count more while a line is written, and those of the theme that were not said yet. By ear, as
the weights below."""

SAID = 1.5
"""Nats that a weighty word counts less which was said before."""

CLASH, SAME_WORD, SAME_START, NEW_THEME = 0.12, 0.6, 0.3, 0.35
"""Of a draft's likelihood a token: what two stresses or three unstressed syllables in a row, a word said before, and a line before
that began with the same word cost, and what a word of the theme is worth that was not said yet."""

LONGEST_SAME = 2
"""Words in a row that may come again; a third is not written."""

MOST_SAID = 2
"""How often a weighty word is said at most, its plural counting as the same; a song that turns on one word turns in circles."""

_MARKS_INSIDE, _MARKS_AT_END, _MARKS_LAST = ",;!?", ",;:!?.", ".!?"


@dataclass(frozen=True)
class Wanted:
    """What a line must be.

    Attributes:
        syllables: how many it has.
        ends: the words that may end it.
        is_last: whether it is the last of its stanza.
        said: words that stand in the lines before, a tuple a line.
        nearness: of words to the theme, 0 to 1.
        due: words of the theme that were not said yet.
        temperature, top_p: of the sampling.
    """

    syllables: int
    ends: tuple[EndWord, ...]
    is_last: bool
    said: tuple[tuple[str, ...], ...]
    nearness: dict[str, float]
    due: frozenset[str]
    temperature: float
    top_p: float

    @property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """What of so many words in a row stands in the lines before that none may come again."""
        size = LONGEST_SAME + 1
        return frozenset(
            line[at : at + size] for line in self.said for at in range(len(line) - size + 1) if len(line) >= size
        )

    @property
    def worn(self) -> frozenset[str]:
        """The roots of weighty words that were said as often as may be."""
        counts = Counter(root(word) for line in self.said for word in set(line) - set(UNSTRESSED.split()))
        return frozenset(word for word, count in counts.items() if count >= MOST_SAID)


def root(word: str) -> str:
    """Returns a word without its plural's ending, so that both count as one."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True)
class Draft:
    """A line so far.

    Attributes:
        ids: its tokens.
        words: that are whole.
        syllables: of these.
        open: letters of the word in the making.
        chain: tokens of the last word that are still to come; None before it has begun.
        text: as it is written.
        nats: log-likelihood of its tokens by the model.
        is_done: whether it has reached its end.
    """

    ids: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    syllables: int = 0
    open: str = ""
    chain: tuple[int, ...] | None = None
    text: str = ""
    nats: float = 0.0
    is_done: bool = False


@dataclass(frozen=True)
class Line:
    """A finished line: its text, its tokens, its words in small letters, and how good it was found."""

    text: str
    ids: tuple[int, ...]
    words: tuple[str, ...]
    score: float


class LineWriter:
    """Writes lines with a language model.

    Args:
        language: the model.
        rng: draws the tokens.
        drafts: of a line.
    """

    def __init__(self, language: Language, rng: np.random.Generator, drafts: int = DRAFTS):
        self._language, self._rng, self._drafts = language, rng, drafts

    def write(self, context: Sequence[int], wanted: Wanted) -> Line | None:
        """Returns the best line that may follow a context, None if no draft reaches an end.

        Args:
            context: tokens before the line.
            wanted: what it must be.
        """
        first, past = self._language.read(torch.tensor([list(context)]))
        rules = _Rules(self._language, wanted)
        for _ in range(ROUNDS):
            done = self._round(first, repeated(past, self._drafts), rules)
            if done:
                lines = [rules.line(draft) for draft in done]
                return max(lines, key=lambda line: line.score)
        return None

    def _round(self, first: torch.Tensor, past: object, rules: _Rules) -> list[Draft]:
        """Returns the drafts that reached their end, of one set that was begun together."""
        living, done = [Draft()] * self._drafts, list[Draft]()
        logs = first.expand(self._drafts, -1)
        for _ in range(most_tokens(rules.wanted.syllables)):
            stepped = [self._step(draft, row, rules) for draft, row in zip(living, logs.numpy(), strict=True)]
            kept = [(at, draft) for at, draft in enumerate(stepped) if draft is not None]
            done += [draft for _, draft in kept if draft.is_done]
            kept = [(at, draft) for at, draft in kept if not draft.is_done]
            if not kept or len(done) >= self._drafts:
                break
            room = self._drafts - len(done)
            copied = self._rng.integers(0, len(kept), max(0, room - len(kept))).tolist()
            chosen = [*range(len(kept))][:room] + copied
            places, living = [kept[number][0] for number in chosen], [kept[number][1] for number in chosen]
            past.batch_select_indices(torch.tensor(places))  # type: ignore[attr-defined]
            logs, past = self._language.read(torch.tensor([[draft.ids[-1]] for draft in living]), past)
        return done

    def _step(self, draft: Draft, logs: np.ndarray, rules: _Rules) -> Draft | None:
        """Returns a draft with one more token, None if it cannot go on."""
        allowed = rules.allowed(draft)
        for _ in range(min(TRIES, len(allowed))):
            token = self._drawn(logs[allowed] + rules.bias[allowed], allowed, rules.wanted)
            if (grown := rules.taken(draft, token, float(logs[token]))) is not None:
                return grown
            allowed = allowed[allowed != token]
        return None

    def _drawn(self, logs: np.ndarray, allowed: np.ndarray, wanted: Wanted) -> int:
        """Returns one of the allowed tokens, drawn by temperature and top-p."""
        if wanted.temperature < 0.01 or len(allowed) == 1:
            return int(allowed[logs.argmax()])
        if len(allowed) > LIKELIEST:
            top = np.argpartition(-logs, LIKELIEST)[:LIKELIEST]
            logs, allowed = logs[top], allowed[top]
        scaled = logs.astype(np.float64) / wanted.temperature
        shares = np.exp(scaled - scaled.max())
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")
        kept = order[: int(np.searchsorted(np.cumsum(shares[order]), wanted.top_p)) + 1]
        return int(allowed[self._rng.choice(kept, p=shares[kept] / shares[kept].sum())])


@dataclass(frozen=True)
class _Rules:
    """Which tokens may stand where in a line that is wanted."""

    language: Language
    wanted: Wanted
    runs: frozenset[tuple[str, ...]] = field(init=False)
    worn: frozenset[str] = field(init=False)
    starts: np.ndarray = field(init=False)
    bias: np.ndarray = field(init=False)
    chains: dict[int, dict[int, tuple[int, ...]]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", self.wanted.runs)
        object.__setattr__(self, "worn", self.wanted.worn)
        bias = np.zeros(len(self.language.pieces), np.float32)
        for word, near in self.wanted.nearness.items():
            ids = _ids(self.language, word)
            if len(ids) == 1:
                bias[ids[0]] = DUE_BONUS if word in self.wanted.due else THEME_BONUS * near
        starts = self.language.starts
        for word in {word for line in self.wanted.said for word in line} - set(UNSTRESSED.split()):
            ids = _ids(self.language, word)
            bias[ids[0]] -= SAID if len(ids) == 1 else 0.0
        if len(self.wanted.ends) == 1:  # said before the end, it could not be said there
            ids = _ids(self.language, self.wanted.ends[0].text)
            starts = starts[starts != ids[0]] if len(ids) == 1 else starts
        object.__setattr__(self, "starts", starts)
        object.__setattr__(self, "bias", bias)
        chains: dict[int, dict[int, tuple[int, ...]]] = {}
        for end in self.wanted.ends:
            ids = _ids(self.language, end.text)
            chains.setdefault(end.syllables, {}).setdefault(ids[0], ids)
        object.__setattr__(self, "chains", chains)

    @property
    def shortest_end(self) -> int:
        """Syllables of the shortest word that may end the line."""
        return min(self.chains)

    def allowed(self, draft: Draft) -> np.ndarray:
        """Returns the tokens that may come next."""
        marks = self.language.marks
        if draft.chain:
            return np.array(draft.chain[:1])
        if draft.chain is not None:
            ends = _MARKS_LAST if self.wanted.is_last else _MARKS_AT_END
            found = [marks[sign] for sign in ends if sign in marks]
            return np.array(found if self.wanted.is_last and found else [self.language.line_end, *found])
        closed = self._closed(draft)
        after: list[np.ndarray] = []
        if closed is not None:
            after.append(self._starts(closed))
            if draft.open and self.wanted.syllables - closed.syllables > self.shortest_end:
                after.append(np.array([marks[sign] for sign in _MARKS_INSIDE if sign in marks], np.int64))
        if draft.open:
            after.append(self.language.inner)
        return np.concatenate(after).astype(np.int64) if after else np.zeros(0, np.int64)

    def taken(self, draft: Draft, token: int, nats: float) -> Draft | None:
        """Returns a draft with a token that may come next; None if its words are then none, or too long."""
        piece = self.language.pieces[token]
        grown = replace(draft, ids=(*draft.ids, token), nats=draft.nats + nats)
        if draft.chain is not None and not draft.chain:
            text = draft.text if token == self.language.line_end else draft.text + piece
            return replace(grown, text=text, is_done=True)
        if draft.chain:
            return self._ended(
                replace(grown, text=draft.text + piece, open=draft.open + piece.strip(), chain=draft.chain[1:])
            )
        if self.language.is_inner[token]:
            longer = draft.open + piece
            return replace(grown, open=longer, text=draft.text + piece) if begins_word(longer) else None
        closed = self._closed(draft)
        if closed is None:
            return None
        grown = replace(grown, words=closed.words, syllables=closed.syllables, open="", text=draft.text + piece)
        if piece in self.language.marks:
            return grown
        chain = self.chains.get(self.wanted.syllables - closed.syllables, {}).get(token)
        if chain is None and not begins_word(piece.strip()):
            return None
        return self._ended(replace(grown, open=piece.strip(), chain=None if chain is None else chain[1:]))

    def _ended(self, draft: Draft) -> Draft | None:
        """Returns a draft whose last word is whole as such, None if its words are a run that was said before."""
        if draft.chain is None or draft.chain:
            return draft
        last = draft.open.lower()
        words = (*draft.words, last)
        if words[-LONGEST_SAME - 1 :] in self.runs or last in draft.words:
            return None
        return replace(draft, words=words, open="")

    def _closed(self, draft: Draft) -> Draft | None:
        """Returns a draft with the word in the making as a whole one; None if it is no word, or leaves no room for the last."""
        if not draft.open:
            return draft
        word = draft.open.lower()
        if not is_word(draft.open):
            return None
        count = draft.syllables + syllables_of(word)
        if count + self.shortest_end > self.wanted.syllables:
            return None
        words = (*draft.words, word)
        if words[-LONGEST_SAME - 1 :] in self.runs or self._is_again(draft, word):
            return None
        return replace(draft, words=words, syllables=count, open="")

    def _is_again(self, draft: Draft, word: str) -> bool:
        """Returns whether a word that is more than grammar comes again in a line or once too often, or a small one twice in a row."""
        if draft.words[-1:] == (word,):
            return True
        return word not in UNSTRESSED.split() and (word in draft.words or root(word) in self.worn)

    def _starts(self, draft: Draft) -> np.ndarray:
        """Returns the tokens that may begin the next word."""
        left = self.wanted.syllables - draft.syllables
        last = np.array(list(self.chains.get(left, {})), np.int64)
        if left <= self.shortest_end:
            return last
        return np.concatenate([self.starts, last[~np.isin(last, self.starts)]])

    def line(self, draft: Draft) -> Line:
        """Returns a draft that is done as a line."""
        words = draft.words
        said = {word for line in self.wanted.said[-4:] for word in line}
        weighty = [word for word in words if word not in UNSTRESSED.split()]
        again = len(weighty) - len(set(weighty)) + sum(word in said for word in weighty[:-1])
        score = draft.nats / len(draft.ids)
        score -= SAME_WORD * again / len(words) + CLASH * clashes(draft.text)
        score -= SAME_START * sum(line[:1] == words[:1] for line in self.wanted.said[-4:])
        score += NEW_THEME * len(self.wanted.due & set(words))
        return Line(draft.text.strip(), draft.ids, words, score)


def most_tokens(syllables: int) -> int:
    """Returns the tokens after which a draft of a line is given up."""
    return 3 * syllables + 8


def clashes(line: str) -> int:
    """Returns how often a line stumbles: two strong syllables in a row, or three weak ones."""
    marks = [each.stress == 1 for word in line_syllables(line) for each in word]
    strong = sum(a and b for a, b in zip(marks, marks[1:]))
    return strong + sum(not (a or b or c) for a, b, c in zip(marks, marks[1:], marks[2:]))


@lru_cache(65536)
def _ids_of(encode: object, word: str) -> tuple[int, ...]:
    return tuple(encode(word))  # type: ignore[operator]


def _ids(language: Language, word: str) -> tuple[int, ...]:
    """Returns the tokens of a word."""
    return _ids_of(language.encode, word)
