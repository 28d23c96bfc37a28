"""The values of a page's controls. Streamlit forgets its widgets' when a page is left, so they are kept with the song.

    bars = show_control("bars", 16, st.number_input, "Length", 1, 256)

shows a widget that has the song's value, and keeps what the visitor sets. ``studio.widgets.options_panel`` does so for the
options of a pipeline, whose defaults it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from studio import session, visitors
from studio.projects.plain_values import alike
from studio.projects.song import Song
from studio.session import WIDGET

_TOLD = "told controls"


def show_control(name: str, default: Any, widget: Callable[..., Any], label: str, *arguments: Any, **look: Any) -> Any:
    """Shows a widget that has the song's value of this control; returns what it says, which is kept with the song.

    Args:
        name: of the control.
        default: what it says in a song that has no value for it.
        widget: of Streamlit, such as ``st.slider``; or that of a column.
        label: what stands over it.
        arguments: the widget's next ones.
        look: its others.
    """
    return keep(name, widget(label, *arguments, key=bound(name, default), **look))


def bound(name: str, default: Any) -> str:
    """Returns the key for the widget of this control, which will show the song's value of it."""
    key = WIDGET + name
    if key not in st.session_state:
        value = song_controls().get(name, default)
        st.session_state[key] = value if alike(value, default) else default  # a song's file may say anything
    return key


def showing(name: str, value: Any) -> str:
    """Returns the key for the widget of this control, which will show this value.

    It is another key than before where the value was not set in the widget: the browser keeps what a control in a
    closed popover said last, and would send it back.
    """
    told = st.session_state.setdefault(_TOLD, {})
    count, last = told.get(name, (0, value))
    if st.session_state.get(f"{WIDGET}{name} {count}", last) != value:
        count += 1
    told[name], key = (count, value), f"{WIDGET}{name} {count}"
    st.session_state[key] = value  # in each run: the browser may first show it in any of them
    return key


def keep(name: str, value: Any) -> Any:
    """Returns the value, once it is noted as the song's value of this control."""
    mine = _mine()
    if name not in mine.controls or mine.controls[name] != value:
        mine.controls[name] = value
        visitors.note_change(mine)
    return value


def set_controls(values: Mapping[str, Any]) -> None:
    """Sets controls to these values; for callbacks, which run before the widgets do."""
    for name, value in values.items():
        keep(name, value)
        st.session_state[WIDGET + name] = value


def song_controls() -> dict[str, Any]:
    """Returns the values of this visitor's controls by name."""
    return _mine().controls


def begin_with(key: str, value: Any) -> None:
    """Has the widget of this key, which is no control, show this value the first time."""
    if key not in st.session_state:
        st.session_state[key] = value


def set_widget(key: str, value: Any) -> None:
    """Has the widget of this key, which is no control, show this value; before it is shown."""
    st.session_state[key] = value


def widget_value(key: str) -> Any:
    """Returns what the widget of this key says, for its callback or before it is shown; None for one that is unknown."""
    return st.session_state.get(key)


def component_value(key: str, name: str) -> Any:
    """Returns what the component of this key sent last under this name, for its callback; None for nothing."""
    return st.session_state[key].get(name)


def _mine() -> Song:
    return session.current() or session.song()
