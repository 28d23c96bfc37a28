"""What was understood of the sentence, as chips: each shows one wish and opens to change it.

A wish that was set by hand stays as it is, whatever the sentence says, until it is given back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from music.arranging.grooves import grooves
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
from pipelines.prompt.understand import Understanding, understand
from pipelines.song.brief import FORMS, MOODS, SONG_SECONDS, TEXTURES, Brief
from studio.controls import keep, showing, song_controls, widget_value
from studio.widgets import sampling
from studio.widgets.compose.lyrics_field import HELP, lyrics_field
from studio.widgets.generate.controls import INSTRUMENTS
from studio.widgets.harmonize.controls import STYLES
from studio.widgets.options_panel import OptionsPanel
from studio.wording import first_few, plain

BY_HAND = "compose by hand"
"""The control that holds the wishes that were set by hand, by name."""

_PRE = "wish "
_PLAYERS = ("instruments", "without")
_SPOKEN = (
    "entries", "swing", "bars", "intro_bars", "outro_bars", "drop_seconds", "drop_bar", "pickup", "course", "ending",
)  # fmt: skip
"""Wishes that only words say: they have no chip."""
_SEED = OptionsPanel(Brief, {}, "compose ")
NAMES = [instrument_name(program) for program in INSTRUMENTS]


@dataclass(frozen=True)
class _Wish:
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


def _say_players(names: Sequence[str]) -> str:
    return first_few([player_name(parse_instrument(name)) for name in names])


def _say_lyrics(text: str) -> str:
    beginning = "\n".join(text.splitlines()[:8])  # of a text that may be refused
    first = next((line for stanza in read_stanzas(beginning[:MAX_CHARACTERS]) for line in stanza.lines), "")
    return f"Lyrics {quoted(first)}"


WISHES: dict[str, _Wish] = {
    "seconds": _Wish(
        "Length", "timer", clock, _number(*SONG_SECONDS, 5, "Seconds"), "From the first note to the end of the last."
    ),
    "tempo_bpm": _Wish(
        "Tempo", "speed", "{:.0f} BPM".format, _number(*TEMPO_RANGE_BPM, 1, "Beats a minute"), "Quarter notes a minute."
    ),
    "key": _Wish(
        "Key",
        "music_note",
        str,
        _one([*MODES, *(key.name for key in NAMED_KEYS)], lambda name: f"Any {name} key" if name in MODES else name),
        "The key, or only its mode.",
    ),
    "time_signature": _Wish("Meter", "straighten", str, _pills(TIME_SIGNATURES, str), "Beats in a bar."),
    "form": _Wish(
        "Form",
        "view_week",
        _say_form,
        _one(FORMS, _say_form, accept_new_options=True),
        "The order of the sections: one of these, or letters of your own such as ABAC.",
    ),
    "genre": _Wish("Genre", "genres", str.capitalize, _pills(GENRES, str.capitalize), "The style of the music."),
    "moods": _Wish(
        "Mood",
        "mood",
        lambda moods: first_few([mood.capitalize() for mood in moods]),
        _pills(MOODS, str.capitalize, "multi"),
        "How it feels: one or more.",
    ),
    "instruments": _Wish(
        "Instruments",
        "piano",
        _say_players,
        _players(MAX_PLAYERS),
        "All of them play, and nobody else. A bass or drums alone get a band, which plays the melody.",
    ),
    "without": _Wish(
        "Without",
        "block",
        lambda names: f"No {_say_players(names)}",
        _players(None),
        "Instruments that must not play.",
    ),
    "style": _Wish(
        "Accompaniment",
        "queue_music",
        lambda style: STYLES[style][0],
        _pills(HARMONIES, lambda style: STYLES[style][0]),
        "How the melody is accompanied.",
    ),
    "groove": _Wish(
        "Style",
        "album",
        str.capitalize,
        _one(tuple(grooves()), str.capitalize),
        "What bass, drums and chords play, such as a bossa nova. Left open, the genre's own, or what the model writes.",
    ),
    "texture": _Wish(
        "Texture",
        "blur_on",
        lambda texture: f"{texture.capitalize()} texture",
        _pills(tuple(TEXTURES), str.capitalize),
        "Long notes that lie under the whole song. Left open, there are none.",
    ),
    "words": _Wish(
        "Words",
        "lyrics",
        lambda about: f"Words about {about}",
        lambda value, **how: st.text_input("About", max_chars=MOST_TEXT, placeholder="the last train home", **how),
        "What the words are about that the studio writes for the song. Left open, nobody sings.",
    ),
    "lyrics": _Wish(
        "Own lyrics",
        "edit_note",
        _say_lyrics,
        lambda value, **how: lyrics_field(None, **how),
        f"Words to sing to the melody. {HELP}",
    ),
}
"""The chips in order, by the field of Brief that they set; that of the key sets ``mode`` too."""


def wishes(understood: Understanding) -> dict[str, Any]:
    """Shows the chips; returns the wishes as values of Brief by name, unchecked, without the text and the seed."""
    said = plain_wishes(understood.brief)
    values = _settled(said, song_controls().get(BY_HAND, {}))
    with st.container(horizontal=True, gap="xsmall", key="wishes"):
        for name in WISHES:
            spoken = list(dict.fromkeys(found.words for found in understood.found if found.field == name))
            _chip(name, values[name], said[name], spoken)
        _seed_chip()
        if song_controls().get(BY_HAND):
            st.button(
                "Reset",
                icon=":material/restart_alt:",
                key="reset wishes",
                type="tertiary",
                on_click=keep,
                args=(BY_HAND, {}),
                help="Gives up what you set by hand: the words decide again.",
            )
    spoken_only = {name: getattr(understood.brief, name) for name in _SPOKEN}
    return {**values, **_key_and_mode(values["key"]), **spoken_only}


def by_hand_of(brief: Brief) -> dict[str, Any]:
    """Returns the wishes of a brief that its words alone would not have, by chip: those that were set by hand."""
    said, values = plain_wishes(understand(brief.text).brief), plain_wishes(brief)
    return {name: value for name, value in values.items() if value != said[name]}


def plain_wishes(brief: Brief) -> dict[str, Any]:
    """Returns the wishes of a brief as plain values by chip."""
    values = {name: getattr(brief, name) for name in WISHES}
    players = {name: [instrument_name(parse_instrument(each)) for each in values[name]] for name in _PLAYERS}
    return values | players | {"moods": list(brief.moods), "key": brief.key or brief.mode}


def _settled(said: Mapping[str, Any], by_hand: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the wishes of both; who was set by hand to play, or not to, is taken out of the other list of the words."""
    values = dict(said)
    for here, there in (_PLAYERS, _PLAYERS[::-1]):
        if here in by_hand and there not in by_hand:
            values[there] = [name for name in said[there] if name not in by_hand[here]]
    return values | dict(by_hand)


def _key_and_mode(key: str | None) -> dict[str, str | None]:
    return {"key": None, "mode": key} if key in MODES else {"key": key, "mode": None}


def _chip(name: str, value: Any, said: Any, spoken: Sequence[str]) -> None:
    """Shows one wish: its value or, where it is open, its name; it opens to the control that sets it."""
    wish, by_hand = WISHES[name], name in song_controls().get(BY_HAND, {})
    is_empty = value is None or value == []
    is_open = is_empty or (name == "seconds" and not spoken and not by_hand)
    words = plain(wish.title if is_empty else wish.say(value))
    if name == "without" and spoken and value == said:  # "bass" stands for nine instruments
        words = plain(f"No {first_few(spoken)}")
    shown = f":gray[{words}]" if is_open else words
    with st.popover(
        f"{shown} :material/keep:" if by_hand else shown,
        icon=f":material/{wish.icon}:",
        type="tertiary" if is_open else "primary" if by_hand else "secondary",
        help=f"{wish.title}: "
        + ("set by hand." if by_hand else "open, so the studio decides." if is_open else "from your words."),
        key=f"{_PRE}{name}",
    ):
        st.markdown(f"**{wish.title}**")
        key = showing(f"compose {name}", round(value) if isinstance(value, float) else value)
        wish.control(value, key=key, on_change=_set_by_hand, args=(name, key), label_visibility="collapsed")
        st.caption(wish.help)
        with st.container(horizontal=True, gap="xsmall"):
            if not is_empty and name != "seconds":
                _button("Leave open", "backspace", f"open {name}", name, [] if isinstance(value, list) else None)
            if by_hand and value != said:
                st.button(
                    "As in the words",
                    icon=":material/undo:",
                    key=f"give back {name}",
                    on_click=give_back,
                    args=(name,),
                )


def _button(label: str, icon: str, key: str, name: str, value: Any) -> None:
    st.button(label, icon=f":material/{icon}:", key=key, on_click=set_by_hand, args=(name, value))


def _seed_chip() -> None:
    number = song_controls().get("compose seed")
    with st.popover(
        ":gray[Seed]" if number is None else f"Seed {number}",
        icon=":material/casino:",
        type="tertiary" if number is None else "primary",
        help="Seed: " + ("new each time." if number is None else "set by hand."),
        key=f"{_PRE}seed",
    ):
        sampling.seed_input(_SEED)


def notes(understood: Understanding) -> None:
    """Names the words that were not understood, and says what was corrected or given up."""
    if understood.unknown:
        words = ", ".join(f"\u201c{plain(word)}\u201d" for word in understood.unknown)
        with st.container(key="not understood"):
            st.markdown(f":orange[:material/help:] Not understood: {words}")
    if understood.notes:
        st.caption(plain(" ".join(understood.notes)))


def _set_by_hand(name: str, key: str) -> None:
    value = widget_value(key)
    if name == "form" and value is not None and value not in FORMS:
        value = "".join(value.split()).upper()
    if name in ("words", "lyrics") and not (value or "").strip():
        value = None
    if name == "seconds" and value is None:
        give_back(name)
    else:
        set_by_hand(name, value)


def set_by_hand(name: str, value: Any) -> None:
    """Sets a wish, whatever the words say; for callbacks."""
    keep(BY_HAND, {**song_controls().get(BY_HAND, {}), name: value})


def give_back(name: str) -> None:
    """Lets the words decide this wish again; for callbacks."""
    keep(BY_HAND, {other: value for other, value in song_controls().get(BY_HAND, {}).items() if other != name})


def brief_of(text: str, values: Mapping[str, Any], seed: int) -> Brief:
    """Returns the brief that the chips show.

    Raises:
        StudioError: the wishes do not go together.
    """
    known = {field.name for field in dataclasses.fields(Brief)}
    return Brief(**{name: value for name, value in values.items() if name in known} | {"text": text, "seed": seed})
