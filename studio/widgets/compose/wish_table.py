"""What can be wished of a song, chip by chip: what each is called, how it says a value, and the control that sets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from music.arranging.course import COURSES
from music.arranging.grooves import grooves
from music.arranging.swing import FEELS
from music.clock import clock
from music.instruments import instrument_name, parse_instrument
from music.theory import MODES, NAMED_KEYS
from music.tokens.accompaniment import HARMONIES
from music.tokens.conditions import GENRES
from music.words.verses import MAX_CHARACTERS, read_stanzas
from pipelines.descriptors.descriptions import quoted
from pipelines.options.checks import TEMPO_RANGE_BPM, TIME_SIGNATURES
from pipelines.options.harmonize import MAX_PLAYERS
from pipelines.options.lyrics import MOST_TEXT
from pipelines.song.brief import ENDINGS, FORMS, INTRO_BARS, MOODS, OUTRO_BARS, SONG_SECONDS, TEXTURES
from studio.widgets.compose.lyrics_field import HELP, lyrics_field
from studio.widgets.generate.controls import INSTRUMENTS
from studio.widgets.harmonize.controls import STYLES
from studio.wording import first_few

NAMES = [instrument_name(program) for program in INSTRUMENTS]


@dataclass(frozen=True)
class Wish:
    """One chip: what it is called, how it says a value, and the control that it opens."""

    title: str
    icon: str
    say: Callable[[Any], str]
    control: Callable[..., Any]
    help: str


def _number(low: float, high: float, step: int, label: str) -> Callable[..., Any]:
    return lambda value, **how: st.number_input(
        label, int(low), int(high), value=None, step=step, placeholder="Open", **how
    )


def _one(options: Sequence[str], name: Callable[[str], str] = str, **more: Any) -> Callable[..., Any]:
    def control(value: str | None, **how: Any) -> Any:
        own = [value] if value is not None and value not in options else []
        return st.selectbox("Choose", [*options, *own], None, format_func=name, placeholder="Open", **more, **how)

    return control


def _pills(options: Any, name: Callable[[str], str], mode: str = "single") -> Callable[..., Any]:
    return lambda value, **how: st.pills("Choose", options, selection_mode=mode, format_func=name, wrap=True, **how)


def _players(most: int | None) -> Callable[..., Any]:
    return lambda value, **how: st.multiselect("Choose", NAMES, placeholder="Open", max_selections=most, **how)


def _say_form(form: str) -> str:
    return form if form.isupper() else form.capitalize()


COMMON = {
    0: "Piano", 4: "Electric piano", 16: "Organ", 24: "Nylon guitar", 25: "Guitar", 26: "Jazz guitar", 27: "Electric guitar",
    29: "Rock guitar", 30: "Distorted guitar", 32: "Upright bass", 33: "Bass", 34: "Picked bass", 43: "Double bass", 46: "Harp",
    48: "Strings", 52: "Choir", 61: "Brass", 80: "Synth lead", 81: "Synth", 89: "Pad", 38: "Synth bass",
}  # fmt: skip
"""What musicians call the programs whose General MIDI name is long."""


def player_name(program: int) -> str:
    """Returns what musicians call a program."""
    return COMMON.get(program) or instrument_name(program)


def _say_frame(part: str, bars: int) -> str:
    return f"{bars}-bar {part}" if bars else f"No {part}"


def _say_players(names: Sequence[str]) -> str:
    return first_few([player_name(parse_instrument(name)) for name in names])


def _say_lyrics(text: str) -> str:
    beginning = "\n".join(text.splitlines()[:8])  # of a text that may be refused
    first = next((line for stanza in read_stanzas(beginning[:MAX_CHARACTERS]) for line in stanza.lines), "")
    return f"Lyrics {quoted(first)}"


COURSE: dict[str, Wish] = {
    "swing": Wish(
        "Feel",
        "swap_vert",
        lambda feel: f"{feel.capitalize()} eighths",
        _pills(FEELS, str.capitalize),
        "Whether all eighths swing, or none do. Left open, the style says it.",
    ),
    "bars": Wish(
        "Bars",
        "grid_on",
        lambda bars: f"{bars} bars",
        _number(1, 300, 4, "Bars"),
        "How many bars the sections have together, without intro and ending.",
    ),
    "intro_bars": Wish(
        "Intro",
        "start",
        partial(_say_frame, "intro"),
        _number(*INTRO_BARS, 1, "Bars"),
        "Bars before the melody begins.",
    ),
    "outro_bars": Wish(
        "Outro",
        "last_page",
        partial(_say_frame, "outro"),
        _number(*OUTRO_BARS, 1, "Bars"),
        "Bars after the last section.",
    ),
    "drop": Wish(
        "Drop",
        "bolt",
        lambda drop: f"Drop at {drop}",
        lambda value, **how: st.text_input("At", placeholder="0:45 or bar 17", **how),
        "A section begins there, or as near as can be, with all players after a break.",
    ),
    "pickup": Wish(
        "Pickup",
        "first_page",
        lambda _: "Pickup",
        _pills((True,), lambda _: "Pickup"),
        "The melody begins with an upbeat.",
    ),
    "course": Wish(
        "Course",
        "trending_up",
        lambda courses: first_few([course.capitalize() for course in courses]),
        _pills(COURSES, str.capitalize, "multi"),
        "How the song changes from its beginning to its end.",
    ),
    "ending": Wish("Ending", "stop_circle", str.capitalize, _pills(ENDINGS, str.capitalize), "How the song ends."),
    "entries": Wish(
        "Entries",
        "group_add",
        lambda entries: f"Later: {entries}",
        lambda value, **how: st.text_input("Who joins later", placeholder="drums 5, bass 9", **how),
        "Who joins later, in which bar counted from 1.",
    ),
}
"""The chips of how a song goes, by the field of Brief that they set; those that are open stand together in one."""


WISHES: dict[str, Wish] = {
    "seconds": Wish(
        "Length", "timer", clock, _number(*SONG_SECONDS, 5, "Seconds"), "From the first note to the end of the last."
    ),
    "tempo_bpm": Wish(
        "Tempo", "speed", "{:.0f} BPM".format, _number(*TEMPO_RANGE_BPM, 1, "Beats a minute"), "Quarter notes a minute."
    ),
    "key": Wish(
        "Key",
        "music_note",
        str,
        _one([*MODES, *(key.name for key in NAMED_KEYS)], lambda name: f"Any {name} key" if name in MODES else name),
        "The key, or only its mode.",
    ),
    "time_signature": Wish("Meter", "straighten", str, _pills(TIME_SIGNATURES, str), "Beats in a bar."),
    "form": Wish(
        "Form",
        "view_week",
        _say_form,
        _one(FORMS, _say_form, accept_new_options=True),
        "The order of the sections: one of these, or letters of your own such as ABAC.",
    ),
    "genre": Wish("Genre", "genres", str.capitalize, _pills(GENRES, str.capitalize), "The style of the music."),
    "moods": Wish(
        "Mood",
        "mood",
        lambda moods: first_few([mood.capitalize() for mood in moods]),
        _pills(MOODS, str.capitalize, "multi"),
        "How it feels: one or more.",
    ),
    "instruments": Wish(
        "Instruments",
        "piano",
        _say_players,
        _players(MAX_PLAYERS),
        "All of them play, and nobody else. A bass or drums alone get a band, which plays the melody.",
    ),
    "without": Wish(
        "Without",
        "block",
        lambda names: f"No {_say_players(names)}",
        _players(None),
        "Instruments that must not play.",
    ),
    "style": Wish(
        "Accompaniment",
        "queue_music",
        lambda style: STYLES[style][0],
        _pills(HARMONIES, lambda style: STYLES[style][0]),
        "How the melody is accompanied.",
    ),
    "groove": Wish(
        "Style",
        "album",
        str.capitalize,
        _one(tuple(grooves()), str.capitalize),
        "What bass, drums and chords play, such as a bossa nova. Left open, the genre's own, or what the model writes.",
    ),
    "texture": Wish(
        "Texture",
        "blur_on",
        lambda texture: f"{texture.capitalize()} texture",
        _pills(tuple(TEXTURES), str.capitalize),
        "Long notes that lie under the whole song. Left open, there are none.",
    ),
    "words": Wish(
        "Words",
        "lyrics",
        lambda about: f"Words about {about}",
        lambda value, **how: st.text_input("About", max_chars=MOST_TEXT, placeholder="the last train home", **how),
        "What the words are about that the studio writes for the song. Left open, nobody sings.",
    ),
    "lyrics": Wish(
        "Own lyrics",
        "edit_note",
        _say_lyrics,
        lambda value, **how: lyrics_field(None, **how),
        f"Words to sing to the melody. {HELP}",
    ),
}
"""The chips in order, by the field of Brief that they set; that of the key sets ``mode`` too."""

CHIP_OF = {"drop_seconds": "drop", "drop_bar": "drop", "mode": "key"}
"""Fields of Brief that the chip of another name sets."""


def title_of(field: str) -> str:
    """Returns what the chip is called that sets a field of Brief."""
    return (WISHES | COURSE)[CHIP_OF.get(field, field)].title
