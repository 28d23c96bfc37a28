"""Free words and lyrics to what they say of the music: a vector, and attributes with the words that said so.

What the documented vocabulary of prompts knows is obeyed (``pipelines.prompt``), then what stands in wordings.toml. For
other words the attribute heads guess, each word and each pair of neighbors by itself, so that the page can tell why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from checkpoints.word_vectors import WordVectors, word_vectors
from music.instruments import DRUMS, instrument_name, parse_instrument
from music.theory import parse_key
from pipelines.prompt import function_words as grammar
from pipelines.prompt.reading import HINTED, MOST_CHARACTERS, read
from pipelines.prompt.tokenize import Token, tokens
from pipelines.prompt.understand import Understanding, understand
from pipelines.wording.captions import ATTRIBUTES
from pipelines.wording.encoder import LEFT_OUT, encode
from pipelines.wording.evidence import (
    Evidence,
    grammar_words,
    guessed,
    is_foreign,
    known,
    likeliest,
    obeyed,
    phrases,
    ruled_out,
    signs,
    without_sounds,
)

SLOW_BPM, FAST_BPM = 84.0, 120.0
"""Below the one is slow, from the other on fast, in quarter notes a minute: as the vocabulary has andante and brisk."""

MOOD_LIKE = ("mode", "brightness", "loudness")
"""What lyrics may say: who is sad in a poem has not asked for an instrument."""

LYRICS_WORDS = 2
LYRICS_SURE = 0.8
"""How many different words of lyrics must agree, and how sure a guess must be there: by ear, not measured."""

TEXT_SHARE = 2.0  # of the words beside the lyrics in the vector: by ear, not measured
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
    negated = ruled_out(written)
    found = known(written, negated)
    understood = understand(without_sounds(text, written, found))
    found += obeyed(understood, written, found)
    found += guessed(table, written, negated, found)
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


def _settled(text: str, written: Sequence[Token], found: Sequence[Evidence], name: str) -> Said | None:
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


def _read_lyrics(table: WordVectors, lyrics: str) -> dict[str, Said]:
    """Returns the moods of lyrics: what several different words agree on, against those that say the opposite."""
    made: dict[str, Said] = {}
    words: dict[str, str] = {}
    for line in lyrics.splitlines():
        written = tokens(line)
        if is_foreign([token.plain for token in written]):
            continue
        for token, out in zip(written, ruled_out(written)):
            if token.kind == "word" and not out and token.plain not in grammar_words():
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
    if (word,) in phrases():
        attribute, value = phrases()[(word,)]
        return value if attribute == name else None
    if word not in table.rows:
        return None
    value, chance = likeliest(table, name, (word,))
    return value if chance > LYRICS_SURE else None


def _spoken(text: str, written: Sequence[Token], negated: Sequence[bool]) -> str:
    """Returns a text without what it rules out."""
    for token, out in reversed(list(zip(written, negated))):
        if out or (token.plain,) in signs(grammar.NEGATIONS):
            text = f"{text[: token.start]}{LEFT_OUT * (token.end - token.start)}{text[token.end :]}"
    return text


def _vector(text: str, lyrics: str, encoder: str) -> np.ndarray:
    """Returns the vector of words and lyrics, float32 [WIDTH]."""
    of_text, of_lyrics = encode([text, lyrics], encoder)
    if not of_text.any() or not of_lyrics.any():
        return of_text + of_lyrics
    return ((TEXT_SHARE * of_text + of_lyrics) / np.hypot(TEXT_SHARE, 1.0)).astype(np.float32)
