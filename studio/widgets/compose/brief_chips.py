"""What was understood of the sentence, as chips: each shows one wish and opens to change it.

A wish that was set by hand stays as it is, whatever the sentence says, until it is given back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from music.arranging.swing import FEELS
from music.instruments import instrument_name, parse_instrument
from music.theory import MODES
from pipelines.options.text import drop_as_text, entries_as_text, parse_drop, parse_entries
from pipelines.prompt.understand import Understanding, understand
from pipelines.song.brief import FORMS, Brief, seconds_of_bars
from studio.controls import keep, showing, song_controls, widget_value
from studio.widgets import sampling
from studio.widgets.compose.wish_table import CHIP_OF, COURSE, WISHES, Wish
from studio.widgets.options_panel import OptionsPanel
from studio.wording import first_few, plain

BY_HAND = "compose by hand"
"""The control that holds the wishes that were set by hand, by name."""

_PRE = "wish "
_PLAYERS = ("instruments", "without")
_OF_LENGTH = ("bars", "tempo_bpm", "time_signature", "intro_bars", "outro_bars")  # what a length in bars depends on
_SEED = OptionsPanel(Brief, {}, "compose ")


def wishes(understood: Understanding) -> dict[str, Any]:
    """Shows the chips; returns the wishes as values of Brief by name, unchecked, without the text and the seed."""
    said, by_hand = plain_wishes(understood.brief), song_controls().get(BY_HAND, {})
    values = _settled(said, by_hand)
    unsaid = [name for name in COURSE if _is_empty(values[name]) and _is_empty(said[name])]
    with st.container(horizontal=True, gap="xsmall", key="wishes"):
        for name in (*WISHES, *COURSE):
            fields = (name, *(field for field, chip in CHIP_OF.items() if chip == name))
            spoken = list(dict.fromkeys(found.words for found in understood.found if found.field in fields))
            if name == "seconds" and by_hand.get("bars"):  # which count more
                spoken = []
            if name not in unsaid:
                _chip(name, values[name], said[name], spoken)
        _course_chip({name: values[name] for name in unsaid})
        _seed_chip()
        if by_hand:
            st.button(
                "Reset",
                icon=":material/restart_alt:",
                key="reset wishes",
                type="tertiary",
                on_click=keep,
                args=(BY_HAND, {}),
                help="Gives up what you set by hand: the words decide again.",
            )
    return {**values, **_key_and_mode(values["key"])}


def by_hand_of(brief: Brief) -> dict[str, Any]:
    """Returns the wishes of a brief that its words alone would not have, by chip: those that were set by hand."""
    said, values = plain_wishes(understand(brief.text).brief), plain_wishes(brief)
    by_hand = {name: value for name, value in values.items() if value != said[name]}
    for name in ("seconds", "bars"):  # of which one says the other
        others = {other: value for other, value in by_hand.items() if other != name}
        if _settled(said, others)[name] == values[name]:
            by_hand = others
    return by_hand


def plain_wishes(brief: Brief) -> dict[str, Any]:
    """Returns the wishes of a brief as plain values by chip."""
    values = {name: getattr(brief, name) for name in (*WISHES, *COURSE) if name != "drop"}
    players = {name: [instrument_name(parse_instrument(each)) for each in values[name]] for name in _PLAYERS}
    return {
        **values,
        **players,
        "moods": list(brief.moods),
        "key": brief.key or brief.mode,
        "swing": None if brief.swing is None else FEELS[not brief.swing],
        "drop": drop_as_text(brief.drop_seconds, brief.drop_bar),
        "pickup": brief.pickup or None,
        "course": list(brief.course),
        "entries": entries_as_text(brief.entries) or None,
    }


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of the chips that say how a song goes as Brief has them."""
    drop_seconds, drop_bar = parse_drop(values["drop"]) if values["drop"] else (None, None)
    return {
        "swing": None if values["swing"] is None else values["swing"] == FEELS[0],
        "drop_seconds": drop_seconds,
        "drop_bar": drop_bar,
        "pickup": bool(values["pickup"]),
        "entries": parse_entries(values["entries"] or ""),
    }


def _is_empty(value: Any) -> bool:
    return value is None or value == []


def _settled(said: Mapping[str, Any], by_hand: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the wishes of both.

    Who was set by hand to play, or not to, is taken out of the other list of the words. A number of bars says how long it is; a
    length that was set by hand counts more than the bars of the words.
    """
    values = dict(said)
    for here, there in (_PLAYERS, _PLAYERS[::-1]):
        if here in by_hand and there not in by_hand:
            values[there] = [name for name in said[there] if name not in by_hand[here]]
    values |= by_hand
    if "seconds" in by_hand and "bars" not in by_hand:
        values["bars"] = None
    if values["bars"] and "seconds" not in by_hand and any(values[name] != said[name] for name in _OF_LENGTH):
        frame = (values["intro_bars"] or 0) + (values["outro_bars"] or 0)
        values["seconds"] = seconds_of_bars(values["bars"], values["tempo_bpm"], values["time_signature"], frame)
    return values


def _key_and_mode(key: str | None) -> dict[str, str | None]:
    return {"key": None, "mode": key} if key in MODES else {"key": key, "mode": None}


def _chip(name: str, value: Any, said: Any, spoken: Sequence[str]) -> None:
    """Shows one wish: its value or, where it is open, its name; it opens to the control that sets it."""
    wish, by_hand = (WISHES | COURSE)[name], name in song_controls().get(BY_HAND, {})
    is_empty = _is_empty(value)
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
        _control(name, wish, value)
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


def _control(name: str, wish: Wish, value: Any) -> None:
    """Shows what sets a wish."""
    st.markdown(f"**{wish.title}**")
    key = showing(f"compose {name}", round(value) if isinstance(value, float) else value)
    wish.control(value, key=key, on_change=_set_by_hand, args=(name, key), label_visibility="collapsed")
    st.caption(wish.help)


def _course_chip(values: Mapping[str, Any]) -> None:
    """Shows in one chip what sets the wishes of how a song goes that are open."""
    if values:
        with st.popover(
            ":gray[How it goes]",
            icon=":material/timeline:",
            type="tertiary",
            help="Intro and outro, a drop, swing, louder or denser, who joins later: open, so the studio decides.",
            key=f"{_PRE}course of the song",
        ):
            for name, value in values.items():
                _control(name, COURSE[name], value)


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
    if name in ("words", "lyrics", "drop", "entries") and not (value or "").strip():
        value = None
    if name == "seconds" and value is None:
        give_back(name)
    else:
        set_by_hand(name, value)


def set_by_hand(name: str, value: Any) -> None:
    """Sets a wish, whatever the words say; for callbacks."""
    if value is not None and name in ("seconds", "bars"):  # one of which says the other
        give_back("bars" if name == "seconds" else "seconds")
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
    typed = {**values, **_typed(values)}
    return Brief(**{name: value for name, value in typed.items() if name in known} | {"text": text, "seed": seed})
