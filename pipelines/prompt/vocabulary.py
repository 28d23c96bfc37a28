"""The vocabulary of prompts: what each phrase means, and the page of the manual that lists it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from music import instruments
from music.arranging.grooves import grooves
from music.instruments import instrument_name
from music.tokens.conditions import GENRES
from pipelines.prompt import course_words, languages, words
from pipelines.prompt.groove_words import GROOVE_GENRES, GROOVE_TEMPOS, GROOVE_WORDS, GROUP_GENRES


@dataclass(frozen=True)
class Meaning:
    """What words mean.

    Attributes:
        facts: what they say, by field of a Brief.
        hints: what they suggest where nothing else is said.
        note: a sentence for the user, such as that something near is taken instead.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    hints: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def split(text: str) -> list[str]:
    """Returns the synonyms of an entry."""
    return [word.strip() for word in text.split(",") if word.strip()]


@cache
def vocabulary() -> dict[tuple[str, ...], Meaning]:
    """Returns every phrase with a meaning, as a tuple of words."""
    found: dict[tuple[str, ...], Meaning] = {}

    def say(text: str, meaning: Meaning) -> None:
        for phrase in split(text):  # a prompt's digits stand apart too
            found[tuple(re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])", " ", phrase).split())] = meaning

    hidden = split(words.NOT_INSTRUMENTS)
    for word, program in instruments.NAMES.items():
        if word not in hidden:
            say(word, Meaning({"instruments": (instrument_name(program),)}))
    for name, text in words.INSTRUMENT_WORDS.items():
        say(text, Meaning({"instruments": (name,)}))
    for name, text in words.NEAR_INSTRUMENTS.items():
        say(text, Meaning({"instruments": (name,)}, note=f"is played by {name}"))
    for text, names in words.GROUPS.items():
        genre = next((genre for genre in GENRES if text.startswith(genre)), GROUP_GENRES.get(text))
        say(text, Meaning({"instruments": names} | ({"genre": genre} if genre else {})))
    tables = (
        ("moods", words.MOOD_WORDS),
        ("genre", words.GENRE_WORDS),
        ("style", words.STYLE_WORDS),
        ("texture", words.TEXTURE_WORDS),
        ("form", words.FORM_WORDS),
    )
    for name, table in (*tables, ("mode", words.MODE_WORDS), ("time_signature", words.SIGNATURES)):
        for value, text in table.items():
            say(text, Meaning({name: (value,) if name == "moods" else value}))
    for genre, text in words.NEAR_GENRES.items():
        say(text, Meaning({"genre": genre}, note=f"comes nearest to {genre}"))
    for mode, text in words.NEAR_MODES.items():
        say(text, Meaning({"mode": mode}, note=f"comes nearest to {mode}"))
    for name, numbers in (("beat", words.TEMPOS), ("seconds", words.LENGTHS)):
        for number, text in numbers.items():
            say(text, Meaning({name: float(number)}))
    for text, facts, hints, note in words.KINDS:
        say(text, Meaning(facts, hints, note))
    courses: tuple[tuple[str, dict[Any, str]], ...] = (
        ("course", course_words.COURSE_WORDS),
        ("ending", course_words.ENDING_WORDS),
        ("swing", course_words.SWING_WORDS),
    )
    for name, of_course in courses:
        for meant, text in of_course.items():
            say(text, Meaning({name: meant}))
    say(course_words.PICKUP_WORDS, Meaning({"pickup": True}))
    for groove, text in GROOVE_WORDS.items():
        for phrase in split(text):
            known = found.get(tuple(phrase.split()), Meaning())
            say(phrase, _with_groove(known, groove, phrase))
    for foreign, english in languages.phrases().items():
        found[foreign] = found[tuple(english.split())]
    return found


def _with_groove(known: Meaning, groove: str, phrase: str) -> Meaning:
    """Returns what a word means that is also the name of a style; what came nearest to it is no longer worth a note."""
    facts, hints = {"groove": groove} | known.facts, dict(known.hints)
    if groove in GROOVE_GENRES and "genre" not in facts:
        facts["genre"] = GROOVE_GENRES[groove]
    if groove in GROOVE_TEMPOS and "beat" not in facts:
        hints.setdefault("beat", GROOVE_TEMPOS[groove])
    if groove in ("blues", "slow blues", "shuffle"):
        (facts if "bar" in phrase.split() else hints)["form"] = "blues"
    if grooves()[groove]["quarters"] == 3 and "time_signature" not in facts:
        facts["time_signature"] = "3/4"
    return Meaning(facts, hints, "" if known.note.startswith("comes nearest") else known.note)


def vocabulary_page() -> str:
    """Returns the vocabulary as a page of Markdown, docs/prompts.md."""
    parts = [_INTRODUCTION]
    for title, sentence, rows in _chapters():
        table = "\n".join(f"| {value} | {text} |" for value, text in rows)
        parts.append(f"## {title}\n\n{sentence}\n\n| Means | Words |\n|---|---|\n{table}\n")
    return "\n".join(parts)


_Rows = list[tuple[str, str]]


def _chapters() -> list[tuple[str, str, _Rows]]:
    """Returns title, opening sentence and rows of each chapter of the page."""
    named: dict[str, list[str]] = {}
    hidden = split(words.NOT_INSTRUMENTS)
    for word, program in instruments.NAMES.items():
        named.setdefault(instrument_name(program), []).extend([word] if word not in hidden else [])
    for table in (words.INSTRUMENT_WORDS, words.NEAR_INSTRUMENTS):
        for name, text in table.items():
            named[name] += [word for word in split(text) if word not in named[name]]
    near = [(f"{genre} (nearest)", text) for genre, text in words.NEAR_GENRES.items()]
    near_modes = [(f"{mode} (nearest)", text) for mode, text in words.NEAR_MODES.items()]
    left_out = [
        (", ".join(map(instrument_name, programs)), f"no {text.replace(', ', ', no ')}")
        for text, programs in words.FAMILY_WORDS.items()
    ]
    opposites = "; ".join(" and ".join(pair) for pair in words.OPPOSITE_MOODS)
    return [
        ("Tempo", _TEMPO, [(f"{bpm:g}", text) for bpm, text in words.TEMPOS.items()]),
        ("Key and mode", _KEY, [*words.MODE_WORDS.items(), *near_modes]),
        ("Time signature", _SIGNATURE, list(words.SIGNATURES.items())),
        ("Length", _LENGTH, [(f"{seconds:g} seconds", text) for seconds, text in words.LENGTHS.items()]),
        ("Form", _FORM, list(words.FORM_WORDS.items())),
        ("Genre", _GENRE, [*words.GENRE_WORDS.items(), *near]),
        ("Styles that a band plays", _GROOVES, list(GROOVE_WORDS.items())),
        ("How a song goes", _COURSE, _course_rows()),
        ("Mood", f"Of two that contradict each other the later counts: {opposites}.", list(words.MOOD_WORDS.items())),
        ("Accompaniment", _STYLE, list(words.STYLE_WORDS.items())),
        ("Texture", _TEXTURE, list(words.TEXTURE_WORDS.items())),
        ("Words to sing", _WORDS, _WORDS_ROWS),
        ("Dances, styles and kinds of music", _KINDS, [(_several(*kind[1:]), kind[0]) for kind in words.KINDS]),
        ("Groups of players", _GROUPS, [(", ".join(names), text) for text, names in words.GROUPS.items()]),
        ("Instruments", _INSTRUMENTS, [(name, ", ".join(texts)) for name, texts in named.items()]),
        ("Leaving out", _WITHOUT, left_out),
        *(
            (
                f"Words in {name}",
                _LANGUAGE,
                [*table.items(), *((english, text) for english, text in languages.PHRASES[name].items())],
            )
            for name, table in languages.LANGUAGES.items()
        ),
        ("Emoji", "They stand for a word.", [(word, sign) for sign, word in words.EMOJI.items()]),
    ]


def _course_rows() -> _Rows:
    swing = {True: "all eighths swing", False: "no eighths swing"}
    rows = [(" and ".join(value), text) for value, text in course_words.COURSE_WORDS.items()]
    rows += list(course_words.ENDING_WORDS.items())
    return [
        *rows,
        *((swing[value], text) for value, text in course_words.SWING_WORDS.items()),
        ("an upbeat", course_words.PICKUP_WORDS),
    ]


def _several(facts: dict[str, Any], hints: dict[str, Any], note: str) -> str:
    """Returns what an entry of KINDS says and suggests."""

    def show(values: dict[str, Any]) -> str:
        texts = {
            name: ", ".join(value) if isinstance(value, tuple) else f"{value:g} BPM" if name == "beat" else str(value)
            for name, value in values.items()
        }
        return "; ".join(texts.values())

    suggests = f"suggests {show(hints)}" if hints else ""
    return "; ".join(filter(None, (show(facts), suggests, note.rstrip("."))))


_INTRODUCTION = """# What a prompt may say

Compose reads the words below, in any order and any case; hyphens, accents and kinds of quotes do not matter. Plurals of
instruments are read without being listed. Made from `pipelines/prompt/words.py`.

- **Nothing is silently ignored.** A word is understood, or it is one that asks for nothing ("please make me a song"), or
  it is named as not understood.
- **Slips** are read as what they were meant to be, and named: "paino" is read as "piano". From 5 letters one slip is
  allowed, from 9 letters two; English words are never changed.
- **Contradictions**: what is said more plainly counts, "4/4" before "waltz" and "90 BPM" before "fast"; otherwise the later.
- **What is only suggested**, such as the tempo of a tango, counts where nothing else is said. It is named too.
- **Negation** reaches to the next comma, full stop or "but", through "or" and, among instruments, through "and":
  "no drums or bass, with piano". After "without" it takes in a whole list: "without drums, bass and piano". A mood, genre,
  form or dance that is negated is simply not asked for; "not fast" and "not slow" are moderate; "not minor" is major.
- After "my", "her" or "about the" words such as "house" or "country" are no music.
"""
_TEMPO = (
    'Numbers: "120 bpm", "at 96", "tempo 90", "quarter = 100", "♩=80", "dotted quarter = 60", "100-120 bpm" (the middle). '
    "Words mean beats a minute; in 6/8, 9/8 and 12/8 the beat is a dotted quarter note."
)
_KEY = (
    '"D minor", "F# major", "e flat minor", "in Bb", "in the key of G", "F#m", "in fa minor"; a key without a mode is major, '
    'unless "minor" or "dorian" is said elsewhere. "in a minor key" asks for the mode only.'
)
_SIGNATURE = '"3/4", "in 6/8", "in three", or words; dances are listed below.'
_LENGTH = (
    '"90 seconds", "30s", "two minutes", "1:30", "1 min 20 s", "a minute and a half", "half a minute", "2½ minutes", '
    '"60-90 seconds" (the middle), "for 32 bars" (at the tempo and in the time signature asked for, else at 100 BPM in 4/4). '
    "A number of bars is that of the sections; the bar in which the song comes to rest follows. "
    'A moment ("at 0:45", "from bar 5") and the length of a part ("4 bars of 7/8") are no length of the song; a note says so.'
)
_FORM = '"AABA", "A-B-A", "form ABAC": up to 12 letters A to F; or words.'
_GENRE = "Where the studio has no genre of that name, the nearest is taken and named."
_GROOVES = "Drums, bass and chords play the pattern of the style. Most say a genre, and a tempo that counts where nothing else is said."
_COURSE = (
    '"gets louder", "grows gradually fuller and louder", "gets quieter towards the end"; "a 4 bar intro", "intro of 8 bars", "a long '
    'intro" (8 bars; short: 2), "no intro", and so for outro, coda and ending (1 to 8 bars); "drop at 0:45", "drop at bar 17": the form '
    "and the tempo, where that is open, are chosen so that a section begins as near as can be, and the bar before it is a break."
)
_LANGUAGE = (
    "A prompt is read in this language where most of its telling words are of it; each stands for the English word."
)
_STYLE = "How the melody is accompanied."
_TEXTURE = "A track of long notes that lies under the whole song; there is none unless it is asked for."
_WORDS = (
    "There are none unless they are asked for. What they are about goes on to the next comma or full stop, or to where a key, a "
    "player or another wish begins; it is read as nothing else."
)
_WORDS_ROWS = [
    ("words about this", "with lyrics about ..., with words about ..., lyrics on ..., lyrics: ..."),
    ("words about what no list knows, else about the mood", "with lyrics, with words, has words, with verses"),
    ("these lines", "lyrics: one line / another line"),
]
_KINDS = "What stands first is asked for; what is suggested counts where nothing else is said."
_GROUPS = "Each instrument plays one part."
_INSTRUMENTS = 'At most 8 play, in the order of the text. "Two violins" are one part.'
_WITHOUT = 'Where a family is excluded, all of it is, except what is asked for by name: "a violin but no strings".'
