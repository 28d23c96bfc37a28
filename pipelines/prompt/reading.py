"""A prompt read word by word: what each asks for, rules out, or leaves unsaid. Nothing is passed over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from pipelines.prompt import function_words as grammar
from pipelines.prompt.course import course
from pipelines.prompt.entries import entry
from pipelines.prompt.keys_and_forms import Said, form, key
from pipelines.prompt.languages import LANGUAGES, language_of, translated
from pipelines.prompt.lyrics import asked_words, without
from pipelines.prompt.numbers import NUMBERS, said_in_numbers
from pipelines.prompt.tokenize import MOST_WORDS, Token, corrected, known_words, tokens
from pipelines.prompt.vocabulary import Meaning, split, vocabulary

MOST_CHARACTERS = 10_000
SAID, MEANT, HINTED = 3, 2, 1
"""How plainly something is asked for: "120 bpm" or "3/4"; "fast" or "waltz"; what "bossa nova" suggests."""


class Found(NamedTuple):
    """Words of a prompt that were understood.

    Attributes:
        start: where they begin in the text.
        end: where they end.
        words: as they are written.
        field: the field of the Brief that they set or take part in.
        value: what they ask for; a tuple of names where the field holds several.
    """

    start: int
    end: int
    words: str
    field: str
    value: Any


class _Item(NamedTuple):
    """Some words that belong together: what they mean, or kind "not", "turn", "filler", "unknown", "comma" or "stop"."""

    kind: str
    first: int
    last: int
    meaning: Meaning = Meaning()
    rank: int = MEANT


@dataclass
class Claim:
    """One thing that words ask for, or rule out.

    Attributes:
        span: where the words stand in the text.
        words: as they are written.
        plain: as they are listed in the vocabulary.
        field: of the Brief; or "tonic", a key without a mode, "beat", a tempo in words, "bars", a length.
        value: what is asked for.
        rank: how plainly: SAID, MEANT or HINTED.
        negated: whether it is ruled out.
    """

    span: tuple[int, int]
    words: str
    plain: str
    field: str
    value: Any
    rank: int
    negated: bool = False


@dataclass
class Reading:
    """What is gathered while a prompt is read."""

    text: str
    claims: list[Claim] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sizes: list[tuple[int, str, int]] = field(default_factory=list)

    def keep(self, claim: Claim, name: str, value: Any) -> None:
        """Returns nothing; counts a claim's words as understood."""
        self.found.append(Found(*claim.span, self.text[slice(*claim.span)], name, value))

    def note(self, sentence: str) -> None:
        """Returns nothing; tells the user something once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


def read(text: str) -> Reading:
    """Returns what each word of a text asks for, rules out or leaves unsaid."""
    reading = Reading(text[:MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8"))
    sung = asked_words(reading.text, _claimed)
    written = tokens(without(reading.text, sung))
    if len(text) > MOST_CHARACTERS or len(written) >= MOST_WORDS:
        reading.note(f"Only the first {len(written)} words were read. Say it in fewer words.")
    _claim(reading, written)
    if sung is not None:
        raw = reading.text[slice(*sung.span)]
        name, value = ("lyrics", sung.lyrics) if sung.lyrics else ("words", sung.about)
        reading.claims.append(Claim(sung.span, raw, raw, name, value, SAID))
    return reading


def _claimed(text: str) -> list[tuple[int, int]]:
    """Returns where a text asks for something, in order."""
    reading = Reading(text)
    _claim(reading, tokens(text))
    return sorted(claim.span for claim in reading.claims)


@cache
def _phrases() -> dict[tuple[str, ...], tuple[str, Meaning]]:
    """Returns what each phrase is: its kind, and its meaning where it has one."""
    kinds = (
        ("filler", grammar.FILLERS),
        ("turn", grammar.TURNS),
        ("filler", grammar.NOT_NEGATIONS),
        ("not", grammar.NEGATIONS),
    )
    table = {
        tuple(phrase.split()): (kind, Meaning()) for kind, text in kinds for phrase in split(text.replace("'", ""))
    }
    return table | {phrase: ("say", meaning) for phrase, meaning in vocabulary().items()}


@cache
def _plurals() -> frozenset[str]:
    return frozenset(phrase[-1] for phrase, meaning in vocabulary().items() if "instruments" in meaning.facts)


_LONGEST, _LONGEST_LIST = 7, 32  # words of a phrase; items of a list
_FOREIGN = 3  # words that are not understood, from which half of a prompt may be of a language that is not known
_AMBIGUOUS, _OWNERS, _ERA, _LISTS, _FILLERS, _NOT_WITHOUT = (
    frozenset(split(text))
    for text in (
        grammar.AMBIGUOUS,
        grammar.OWNERS,
        grammar.ERA_WORDS,
        grammar.LIST_NEGATIONS,
        grammar.FILLERS,
        grammar.NOT_WITHOUT,
    )
)


def _items(written: Sequence[Token], read: Sequence[str]) -> list[_Item]:
    """Returns the words of a prompt in groups that belong together, all of them, in order.

    Args:
        written: the words as they stand.
        read: how each is read, slips corrected.
    """
    plain, place = " ".join(read), 0
    starts: list[int] = []
    for word in read:
        starts.append(place)
        place += len(word) + 1
    items: list[_Item] = []
    at = 0
    seen = [token._replace(plain=word) for token, word in zip(written, read)]
    while at < len(read):
        item = _item(seen, plain, starts[at], at)
        before = items[-1] if items else item
        joined = at > 0 and seen[at - 1].end == seen[at].start and "number" in (seen[at - 1].kind, seen[at].kind)
        if joined and {before.kind, item.kind} in ({"unknown"}, {"unknown", "filler"}):  # "7up" is one word
            items[-1] = _Item("unknown", before.first, item.last)
        else:
            items.append(item)
        at = item.last
    return items


def _item(seen: Sequence[Token], plain: str, start: int, at: int) -> _Item:
    """Returns the longest group of words that begins at a word and means something."""
    here = seen[at]
    if here.plain == ",":
        return _Item("comma" if here.raw == "," else "stop", at, at + 1)
    if here.kind == "number" and _is_era(seen, at):
        return _Item("unknown", at, at + 2)
    best = _phrase(seen, at)
    readings = [
        course(plain, start),
        *said_in_numbers(plain, start),
        key(seen, at),
        form(seen, at),
        entry(plain, start),
    ]
    for said in filter(None, readings):
        if said.words > best.last - at or (said.words == best.last - at and best.kind != "say"):
            best = _Item(
                "say",
                at,
                at + said.words,
                Meaning(_facts(said), note=said.note),
                SAID,
            )
    return best


def _facts(said: Said) -> dict[str, Any]:
    """Returns what is said, by field; who enters later plays, too."""
    if said.field == "entries":
        return {"entries": said.value, "instruments": tuple(name for name, _ in said.value)}
    return {said.field: said.value} if said.field else {}


def _phrase(seen: Sequence[Token], at: int) -> _Item:
    """Returns the longest phrase of the vocabulary that begins with a word, or the word as unknown."""
    for count in range(min(_LONGEST, len(seen) - at), 0, -1):
        window = seen[at : at + count]
        if window[-1].raw == "(" or window[-1].raw == ")" and not any(token.raw == "(" for token in window):
            continue
        phrase = tuple(token.plain for token in window if token.raw not in ("(", ")"))
        if phrase not in _phrases() and phrase[-1].endswith("s") and phrase[-1][:-1] in _plurals():
            phrase = (*phrase[:-1], phrase[-1][:-1])
        if phrase in _phrases() and not _is_other(seen, at, count):
            return _Item(_phrases()[phrase][0], at, at + count, _phrases()[phrase][1])
    filler = seen[at].kind == "sign" or seen[at].plain in _FILLERS
    return _Item("filler" if filler else "unknown", at, at + 1)


def _is_era(seen: Sequence[Token], at: int) -> bool:
    """Returns whether "80s" stands here and means years."""
    if at + 1 >= len(seen) or seen[at + 1].plain != "s" or seen[at + 1].start - seen[at].end > 1:
        return False
    behind = seen[at + 2].plain if at + 2 < len(seen) else ""
    before = seen[at - 1].plain if at else ""
    number = seen[at].plain
    if before in ("the", "early", "late", "mid") or len(number) == 4 or number in ("50", "70", "80"):
        return behind != "long"
    genre = _phrases().get((behind,), ("", Meaning()))[1].facts.get("genre")
    return number in ("60", "90") and (genre is not None or behind in _ERA)


def _is_other(seen: Sequence[Token], at: int, count: int) -> bool:
    """Returns whether a word of music means something else here, as in "my house" or "long notes"."""
    word, before = seen[at].plain, [token.plain for token in seen[max(0, at - 2) : at]]
    if count == 1 and word in _AMBIGUOUS:
        led = len(before) == 2 and before[0] in ("about", "in", "at", "from", "to", "into")
        return bool(before) and (before[-1] in _OWNERS or led and before[-1] in ("the", "a", "an"))
    behind = seen[at + count].plain if at + count < len(seen) else ""
    if seen[at + count - 1].plain in ("long", "short"):
        return behind in ("note", "notes", "phrase", "phrases", "melody", "melodies", "line", "lines", "chord")
    if word == "vibes":
        return bool(before) and before[-1] not in ("with", "and", "on", "plus", "no", "without", ",", "&", "for")
    return False


def _claim(reading: Reading, written: Sequence[Token]) -> None:
    """Returns nothing; puts what each word asks for, rules out or leaves unsaid into the reading."""
    language = language_of([token.plain for token in written], known_words())
    if language:
        read = translated(written, language)
        reading.note(f"Read as {language}.")
    else:
        read = [corrected(token.plain) or token.plain if token.kind == "word" else token.plain for token in written]
    items = _items(written, read)
    negated: str | None = None  # "": whatever comes next; a field: more of it after "and"; None: nothing
    joint, whole = "", False
    for number, item in enumerate(items):
        first, last = written[item.first], written[item.last - 1]
        raw = reading.text[first.start : last.end]
        if item.kind not in ("unknown", "stop", "comma"):
            for token, word in zip(written[item.first : item.last], read[item.first : item.last]):
                if word != token.plain and token.kind == "word" and not language and corrected(token.plain):
                    reading.note(f"Read '{token.raw}' as '{word}'.")
        plain = " ".join(read[item.first : item.last])
        if item.kind == "stop":
            negated, joint = None, ""
        elif item.kind == "comma":
            if negated is None or not _goes_on(items, read, number, negated, whole):
                negated, joint = None, ""
            else:
                joint = "or"
        elif item.kind == "not":
            negated, joint, whole = "", "", plain in _LISTS
        elif item.kind == "turn":  # "do not use drums" goes on
            negated = None if negated or plain in ("but", "just", "only") else negated
        elif item.kind == "filler" and negated == "" and plain in _NOT_WITHOUT:
            reading.unknown.append((first.start, raw))
        elif item.kind == "filler":
            joint = plain if plain in ("and", "or", "&", "+") else joint
        elif item.kind == "unknown":
            _not_understood(reading, items, number, read, first, raw)
        else:
            fields = set(item.meaning.facts)
            free = item.last < len(read) and read[item.last] in ("free", "less") and "instruments" in fields
            if negated is not None and negated != "":
                goes_on = joint in ("or", "nor") or joint in ("and", "&", "+") and negated in fields
                negated = "" if goes_on else None
            _say(reading, item, first.start, raw, plain, negated == "" or free)
            negated = (next(iter(item.meaning.facts), "") or None) if negated == "" else None
            joint = ""
    spoken = sum(token.kind == "word" for token in written)
    english = any(token.plain in _FILLERS for token in written)
    if not (language or english) and len(reading.unknown) >= _FOREIGN and 2 * len(reading.unknown) >= spoken:
        reading.note(f"Much of this is not understood. Write in English, {', '.join(LANGUAGES)}.")


def _goes_on(items: Sequence[_Item], read: Sequence[str], number: int, name: str, whole: bool) -> bool:
    """Returns whether a list that is ruled out goes on behind a comma: "no drums, bass or guitar".

    Args:
        items: all of the prompt.
        read: the words of the prompt.
        number: of the comma's item.
        name: the field that was ruled out last, "" for none yet.
        whole: whether "and" closes the list as well as "or" does.
    """
    if not name and not whole:
        return False
    for item in items[number + 1 : number + _LONGEST_LIST]:
        plain = " ".join(read[item.first : item.last])
        if plain in ("or", "nor") or whole and plain in ("and", "&"):
            return True
        name = name or next(iter(item.meaning.facts), "")
        if item.kind not in ("filler", "comma", "say") or item.kind == "say" and name not in item.meaning.facts:
            return False
    return False


def _not_understood(
    reading: Reading, items: Sequence[_Item], number: int, read: Sequence[str], first: Token, raw: str
) -> None:
    """Returns nothing; keeps a word as unknown, unless it counts players or turns the word before around."""
    item = items[number]
    plain = read[item.first]
    behind = items[number + 1] if number + 1 < len(items) else None
    stem = plain.removesuffix("less")
    fewer = (
        next((phrase for phrase in ((stem,), (f"{stem}s",)) if phrase in vocabulary()), None) if stem != plain else None
    )
    counts = re.fullmatch(r"\d+(?:st|nd|rd|th)?", raw) or plain in NUMBERS
    if counts and behind and "instruments" in behind.meaning.facts:
        whole = f"{raw} {' '.join(read[behind.first : behind.last])}"
        reading.note(f"Each instrument plays one part: '{whole}' is one part.")
    elif plain in grammar.SIZES:
        reading.sizes.append((first.start, raw, grammar.SIZES[plain]))
    elif fewer and "instruments" in vocabulary()[fewer].facts:
        _say(reading, item._replace(meaning=vocabulary()[fewer]), first.start, raw, " ".join(fewer), True)
    else:
        reading.unknown.append((first.start, raw))


def _say(reading: Reading, item: _Item, start: int, raw: str, plain: str, negated: bool) -> None:
    """Returns nothing; turns the meaning of words into claims and notes."""
    meaning, span = item.meaning, (start, start + len(raw))
    for name, value in meaning.facts.items():
        reading.claims.append(Claim(span, raw, plain, name, value, item.rank, negated))
    if negated:
        if not meaning.facts:
            reading.note(f"Not '{raw}': it is not asked for.")
        return
    for name, value in meaning.hints.items():
        reading.claims.append(Claim(span, raw, plain, name, value, HINTED))
    if meaning.note:
        if meaning.note[0].isupper():
            reading.note(f"'{raw}': {meaning.note}")
        else:
            reading.note(f"'{raw}' {meaning.note}.")
