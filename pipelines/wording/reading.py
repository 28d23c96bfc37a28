"""Free words and lyrics to what they say of the music: a vector, and attributes with the words that said so.

What the documented vocabulary of prompts knows is obeyed (``pipelines.prompt``), then what stands in wordings.toml. For
other words the attribute heads guess, each word and each pair of neighbors by itself, so that the page can tell why.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from checkpoints.word_vectors import WordVectors, word_vectors
from music.instruments import DRUMS, instrument_name, parse_instrument
from music.theory import parse_key
from pipelines.prompt import function_words as grammar
from pipelines.prompt.reading import HINTED, MOST_CHARACTERS, read
from pipelines.prompt.tokenize import Token, known_words, tokens
from pipelines.prompt.understand import Understanding, understand
from pipelines.prompt.vocabulary import split, vocabulary
from pipelines.wording.captions import ATTRIBUTES, wordings
from pipelines.wording.encoder import LEFT_OUT, average, content, encode

SLOW_BPM, FAST_BPM = 84.0, 120.0
"""Below the one is slow, from the other on fast, in quarter notes a minute: as the vocabulary has andante and brisk."""

MOOD_LIKE = ("mode", "brightness", "loudness")
"""What lyrics may say: who is sad in a poem has not asked for an instrument."""

LYRICS_WORDS = 2
LYRICS_SURE = 0.8
"""How many different words of lyrics must agree, and how sure a guess must be there: by ear, not measured."""

TEXT_SHARE = 2.0  # of the words beside the lyrics in the vector: by ear, not measured
_NAMED_SURE = 0.1  # beside a word such as "volume" a guess is taken from this probability on
_LONGEST = 6  # words of a wording
_MOST_LYRICS = 20_000  # characters


@dataclass(frozen=True)
class Said:
    """What a text says of one attribute.

    Attributes:
        value: one of its classes; for drums also "none".
        words: that said so, as they are written.
        sure: whether they are known words; a guess otherwise.
        lyrics: whether they stand in the lyrics.
    """

    value: str
    words: tuple[str, ...]
    sure: bool = True
    lyrics: bool = False


@dataclass(frozen=True, eq=False)
class Words:
    """What a text and lyrics say.

    Attributes:
        vector: float32 [WIDTH], what is ruled out left out; zeros where nothing is said.
        attributes: by name what is said of each of ATTRIBUTES, None where nothing is.
        tempo_bpm: quarter notes a minute; None where the text names no tempo that the vocabulary knows.
        key: such as "D minor".
        time_signature: such as "3/4".
        instruments: by name, in the order of the text; programs: their numbers, -1 for drums.
        without: instruments that must not play, by name.
        notes: sentences on what was read into the words.
    """

    vector: np.ndarray
    attributes: Mapping[str, Said | None] = field(default_factory=lambda: MappingProxyType(dict.fromkeys(ATTRIBUTES)))
    tempo_bpm: float | None = None
    key: str | None = None
    time_signature: str | None = None
    instruments: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def value(self, name: str) -> str | None:
        """Returns what is said of one of ATTRIBUTES, None where nothing is."""
        said = self.attributes.get(name)
        return None if said is None else said.value

    @property
    def programs(self) -> tuple[int, ...]:
        """The General MIDI programs of the instruments, DRUMS for drums."""
        return tuple(parse_instrument(name) for name in self.instruments)


class _Evidence(NamedTuple):
    """A class that words speak for: where they stand, how likely, and whether they are known."""

    attribute: str
    value: str
    first: int
    last: int
    chance: float
    sure: bool


def read_words(text: str, lyrics: str = "", encoder: str = "auto") -> Words:
    """Returns what words and lyrics say of the music; any text will do.

    Args:
        text: a description, such as "calm piano, not too fast, in D minor".
        lyrics: of the song; only a mood-like attribute counts, and only where the text does not say it.
        encoder: what makes the vector, see ``pipelines.wording.encoder.encode``.

    Raises:
        StudioError: the table of word vectors, or the encoder that was asked for, is missing or damaged.
    """
    text, table = text[:MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8"), word_vectors()
    written = tokens(text)
    negated = _ruled_out(written)
    found = _known(written, negated)
    understood = understand(_without_sounds(text, written, found))
    found += _obeyed(understood, written, found)
    found += _guessed(table, written, negated, found)
    attributes: dict[str, Said | None] = dict.fromkeys(ATTRIBUTES)
    attributes |= {name: _settled(text, written, found, name) for name in ATTRIBUTES}
    attributes |= _of_brief(understood, written, attributes)
    of_lyrics = _read_lyrics(table, lyrics[:_MOST_LYRICS])
    attributes |= {name: said for name, said in of_lyrics.items() if attributes[name] is None}
    brief = understood.brief
    return Words(
        _vector(_spoken(text, written, negated), lyrics[:_MOST_LYRICS], encoder),
        MappingProxyType(attributes),
        brief.tempo_bpm,
        brief.key,
        brief.time_signature,
        brief.instruments,
        brief.without,
        understood.notes,
    )


def tempo_class(bpm: float) -> str:
    """Returns "slow", "medium" or "fast" for quarter notes a minute."""
    return "slow" if bpm < SLOW_BPM else "fast" if bpm >= FAST_BPM else "medium"


def family_of(program: int) -> str | None:
    """Returns the family that a General MIDI program belongs to; None for drums, voices and effects."""
    for family, ranges in _FAMILY_PROGRAMS.items():
        if any(program in each for each in ranges):
            return family
    return None


_FAMILY_PROGRAMS: dict[str, tuple[range, ...]] = {
    "piano": (range(8),),
    "bells": (range(8, 15), range(108, 109), range(112, 115)),
    "organ": (range(16, 24),),
    "guitar": (range(15, 16), range(24, 32), range(104, 108)),
    "bass": (range(32, 40),),
    "strings": (range(40, 47), range(48, 52), range(110, 111)),
    "brass": (range(56, 64),),
    "wind": (range(64, 80), range(109, 110), range(111, 112)),
    "synth": (range(80, 104),),
}


@cache
def _tables() -> dict[str, Any]:
    """Returns wordings.toml as it is written."""
    return tomllib.loads((Path(__file__).parent / "wordings.toml").read_text(encoding="utf-8"))


@cache
def _phrases() -> dict[tuple[str, ...], tuple[str, str]]:
    """Returns attribute and class of each training wording, as a tuple of words."""
    return {
        tuple(token.plain for token in tokens(phrase)): (name, value)
        for name, classes in wordings().items()
        for value, told in classes.items()
        for phrase in told
    }


@cache
def _named_by() -> dict[str, str]:
    return {word: name for name, told in _tables()["named_by"].items() for word in told}


@cache
def _signs(*texts: str) -> tuple[tuple[str, ...], ...]:
    """Returns phrases as tuples of words, the longest first."""
    found = {tuple(phrase.replace("'", "").split()) for text in texts for phrase in split(text)}
    return tuple(sorted(found, key=len, reverse=True))


def _starts(plain: Sequence[str], at: int, phrases: Iterable[tuple[str, ...]]) -> int:
    """Returns how many words from a place on are the longest of some phrases, 0 if none is."""
    return next((len(phrase) for phrase in phrases if tuple(plain[at : at + len(phrase)]) == phrase), 0)


def _ruled_out(written: Sequence[Token]) -> list[bool]:
    """Returns for each word whether it stands behind "no", "not", "without" ... in the same clause.

    A list goes on as it does in prompts: "no drums or bass, but piano", "without drums, bass and piano".
    """
    plain = [token.plain for token in written]
    turns = [
        phrase for phrase in _signs(grammar.TURNS) if phrase not in {("in",), ("at",), ("for",), ("use",), ("using",)}
    ]
    out, state, whole, at = [False] * len(plain), False, False, 0
    while at < len(plain):
        harmless = _starts(plain, at, _signs(grammar.NOT_NEGATIONS))
        length = _longest_wording(plain, at)
        if harmless or length > 1:  # "not only"; "neither slow nor fast" is a wording
            out[at : at + max(harmless, length)] = [state] * max(harmless, length)
            at += max(harmless, length)
            continue
        if length := _starts(plain, at, _signs(grammar.NEGATIONS)):
            state, whole = True, bool(_starts(plain, at, _signs(grammar.LIST_NEGATIONS)))
            at += length
            continue
        goes_on = written[at].raw == "," and (whole or "or" in plain[at : at + 6])
        ends = plain[at] == "," and not goes_on or plain[at] in ("and", "&", "+", "with") and not whole
        if ends or _starts(plain, at, turns):
            state = False
        out[at] = state
        at += 1
    return out


def _longest_wording(plain: Sequence[str], at: int) -> int:
    """Returns how many words from a place on are a wording, 0 if none is."""
    most = min(_LONGEST, len(plain) - at)
    return next((n for n in range(most, 0, -1) if tuple(plain[at : at + n]) in _phrases()), 0)


def _known(written: Sequence[Token], negated: Sequence[bool]) -> list[_Evidence]:
    """Returns what the wordings say that stand in a text and are not ruled out."""
    plain, found, at = [token.plain for token in written], [], 0
    while at < len(plain):
        length = _longest_wording(plain, at)
        if length:
            name, value = _phrases()[tuple(plain[at : at + length])]
            if not negated[at]:
                found.append(_Evidence(name, value, at, at + length, 1.0, True))
        at += length or 1
    return found


def _without_sounds(text: str, written: Sequence[Token], known: Sequence[_Evidence]) -> str:
    """Returns a text without wordings of several words about the sound: "medium volume" is about no tempo."""
    for each in known:
        if each.last - each.first > 1 and each.attribute in ("loudness", "brightness", "density"):
            start, end = written[each.first].start, written[each.last - 1].end
            text = f"{text[:start]}{LEFT_OUT * (end - start)}{text[end:]}"
    return text


def _obeyed(understood: Understanding, written: Sequence[Token], known: Sequence[_Evidence]) -> list[_Evidence]:
    """Returns what the moods say that the vocabulary of prompts finds, in words that are no wording."""
    found, taken = list[_Evidence](), {number for each in known for number in range(each.first, each.last)}
    for said in understood.found:
        if said.field == "moods":
            place = [number for number, token in enumerate(written) if said.start <= token.start < said.end]
            for mood in said.value if place and not taken & set(place) else ():
                for name, value in _tables()["moods"].get(mood, {}).items():
                    found.append(_Evidence(name, value, place[0], place[-1] + 1, 0.9, True))
    return found


def _guessed(
    table: WordVectors, written: Sequence[Token], negated: Sequence[bool], known: Sequence[_Evidence]
) -> list[_Evidence]:
    """Returns what words say that no vocabulary knows, alone and with the next word of their clause."""
    taken = {number for each in known for number in range(each.first, each.last)}
    if _is_foreign([token.plain for token in written]):
        return []
    found, named = list[_Evidence](), _named_by()
    for number, token in enumerate(written):
        new = token.kind == "word" and token.plain in table.rows and token.plain not in _understood_words()
        if not new or negated[number] or number in taken or token.plain in named:
            continue
        tried = [_guess(table, table.heads, (token.plain,), number, number + 1)]
        for other in _neighbors(written, number):
            first, last = min(number, other), max(number, other) + 1
            pair = (written[first].plain, written[last - 1].plain)
            if about := named.get(written[other].plain):  # "at an ordinary speed" is about the tempo
                tried = [_guess(table, (about,), pair, first, last, _NAMED_SURE)]
                break
            if other > number and other not in taken and not negated[other] and written[other].plain in table.rows:
                tried.append(_guess(table, table.heads, pair, first, last))
        found += [max(filter(None, tried), key=lambda each: each.chance)] if any(tried) else []
    return found


@cache
def _understood_words() -> frozenset[str]:
    """Returns the words that the vocabulary of prompts has, with a meaning or as grammar."""
    listed = {word for phrase in split(grammar.ORDINARY) for word in phrase.split()}
    in_phrases = {word for phrase in vocabulary() if len(phrase) > 1 for word in phrase if (word,) not in vocabulary()}
    return frozenset(known_words() - listed - in_phrases | set(_grammar_words()))


@cache
def _grammar_words() -> frozenset[str]:
    texts = (grammar.FILLERS, grammar.NEGATIONS, grammar.TURNS)
    return frozenset(word for text in texts for phrase in split(text) for word in phrase.replace("'", "").split())


def _neighbors(written: Sequence[Token], number: int) -> Iterator[int]:
    """Yields the nearest words before and behind a word, in its clause, that are more than grammar."""
    for step in (-1, 1):
        other = number + step
        while 0 <= other < len(written) and abs(other - number) <= 3 and written[other].kind == "word":
            if written[other].plain in _named_by() or written[other].plain not in _grammar_words():
                yield other
                break
            other += step


def likeliest(table: WordVectors, attribute: str, words: Iterable[str]) -> tuple[str, float]:
    """Returns the class of an attribute that words speak for, and how likely it is that they say one at all."""
    head, vector = table.heads[attribute], average(table, content(words))
    if vector is None:
        return head.classes[0], 0.0
    logits = head.weights @ vector + head.bias
    likely = np.exp(logits - logits.max())
    return head.classes[int(likely[1:].argmax())], float(1 - likely[0] / likely.sum())


def _guess(
    table: WordVectors, attributes: Iterable[str], words: Sequence[str], first: int, last: int, sure: float = 0.5
) -> _Evidence | None:
    """Returns the likeliest thing that words may say of some attributes, None if that is less likely than ``sure``."""
    best: _Evidence | None = None
    for name in attributes:
        value, chance = likeliest(table, name, words)
        if chance > max(sure, best.chance if best else 0.0):
            best = _Evidence(name, value, first, last, chance, False)
    return best


def _settled(text: str, written: Sequence[Token], found: Sequence[_Evidence], name: str) -> Said | None:
    """Returns what the evidence says of an attribute: known words before guesses, the later of two that contradict."""
    mine = [each for each in found if each.attribute == name]
    if not mine:
        return None
    if any(each.sure for each in mine):
        mine = [each for each in mine if each.sure]
        best = max(mine, key=lambda each: (each.chance, each.last))
    else:
        best = max(mine, key=lambda each: each.chance)
    spans = sorted({(each.first, each.last) for each in mine if each.value == best.value})
    said = [text[written[first].start : written[last - 1].end] for first, last in spans]
    if not best.sure:
        said = [text[written[best.first].start : written[best.last - 1].end]]
    return Said(best.value, tuple(dict.fromkeys(said)), best.sure)


def _of_brief(
    understood: Understanding, written: Sequence[Token], before: Mapping[str, Said | None]
) -> dict[str, Said | None]:
    """Returns what numbers, keys and instruments say, which counts more than other words."""
    brief, made = understood.brief, dict[str, Said | None]()

    def words(*fields: str, of: Iterable[str] = ()) -> tuple[str, ...]:
        names = set(of)
        said = (said for said in understood.found if said.field in fields and (not names or names & set(said.value)))
        return tuple(dict.fromkeys(each.words for each in said))

    if brief.tempo_bpm is not None and (before.get("tempo") is None or _names_tempo(understood.brief.text)):
        made["tempo"] = Said(tempo_class(brief.tempo_bpm), words("tempo_bpm"))
    if brief.key is not None or brief.mode is not None:
        mode = parse_key(brief.key or f"C {brief.mode}").plain.mode
        made["mode"] = Said(mode, words("key", "mode"))
    families: dict[str, list[str]] = {}
    for name in brief.instruments:
        families.setdefault(family_of(parse_instrument(name)) or "", []).append(name)
    families.pop("", None)
    for family, names in list(families.items())[:1]:
        made["family"] = Said(family, words("instruments", of=names))
    programs = {parse_instrument(name) for name in brief.instruments}
    banned = {parse_instrument(name) for name in brief.without}
    if DRUMS in programs:
        made["drums"] = Said("drums", words("instruments", of=[instrument_name(DRUMS)]))
    elif DRUMS in banned:
        made["drums"] = Said("none", words("without", of=[instrument_name(DRUMS)]))
    guess = before.get("family")
    if "family" not in made and guess is not None and any(family_of(program) == guess.value for program in banned):
        made["family"] = None
    return made


def _names_tempo(text: str) -> bool:
    """Returns whether a text names a tempo that the vocabulary knows, which a dance or a style only suggests."""
    return any(claim.field in ("beat", "tempo_bpm") and claim.rank > HINTED for claim in read(text).claims)


def _is_foreign(plain: Sequence[str]) -> bool:
    """Returns whether a text is of another language, as far as its small words tell."""
    foreign = sum(word in _tables()["foreign"]["words"] for word in plain)
    return foreign >= 2 and foreign > sum(word in _grammar_words() for word in plain)


def _read_lyrics(table: WordVectors, lyrics: str) -> dict[str, Said]:
    """Returns the moods of lyrics: what several different words agree on, against those that say the opposite."""
    made: dict[str, Said] = {}
    words: dict[str, str] = {}
    for line in lyrics.splitlines():
        written = tokens(line)
        if _is_foreign([token.plain for token in written]):
            continue
        for token, out in zip(written, _ruled_out(written)):
            if token.kind == "word" and not out and token.plain not in _grammar_words():
                words.setdefault(token.plain, token.raw)
    for name in MOOD_LIKE:
        votes: dict[str, list[str]] = {}
        for plain, raw in words.items():
            if value := _of_lyric(table, name, plain):
                votes.setdefault(value, []).append(raw)
        ranked = sorted(votes.items(), key=lambda vote: len(vote[1]), reverse=True)
        second = len(ranked[1][1]) if len(ranked) > 1 else 0
        if ranked and len(ranked[0][1]) >= max(LYRICS_WORDS, 2 * second):
            value, raws = ranked[0]
            made[name] = Said(value, tuple(raws[:4]), sure=False, lyrics=True)
    return made


def _of_lyric(table: WordVectors, name: str, word: str) -> str | None:
    """Returns the class that a word of lyrics speaks for."""
    if (word,) in _phrases():
        attribute, value = _phrases()[(word,)]
        return value if attribute == name else None
    if word not in table.rows:
        return None
    value, chance = likeliest(table, name, (word,))
    return value if chance > LYRICS_SURE else None


def _spoken(text: str, written: Sequence[Token], negated: Sequence[bool]) -> str:
    """Returns a text without what it rules out."""
    for token, out in reversed(list(zip(written, negated))):
        if out or (token.plain,) in _signs(grammar.NEGATIONS):
            text = f"{text[: token.start]}{LEFT_OUT * (token.end - token.start)}{text[token.end :]}"
    return text


def _vector(text: str, lyrics: str, encoder: str) -> np.ndarray:
    """Returns the vector of words and lyrics, float32 [WIDTH]."""
    of_text, of_lyrics = encode([text, lyrics], encoder)
    if not of_text.any() or not of_lyrics.any():
        return of_text + of_lyrics
    return ((TEXT_SHARE * of_text + of_lyrics) / np.hypot(TEXT_SHARE, 1.0)).astype(np.float32)
