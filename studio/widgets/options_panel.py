"""A page's controls for the options of a pipeline: defaults are those of the options' class, words those of a musician.

PANEL = OptionsPanel(RemixOptions, {"passes": ("Passes", "In how many goes the new notes are filled in.")}, "remix ")
passes = PANEL.show("passes", st.select_slider, (1, 2, 4, 8))
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from studio.controls import bound, set_controls, show_control, widget_value

ON_PAGES: dict[str, Any] = {"seed": None, "variants": 2}
"""Where all pages begin elsewhere than the options: a new seed each time, and two versions, to choose from."""

WORDS: dict[str, tuple[str, str]] = {
    "temperature": (
        "How adventurous",
        "Low is safe and repeats itself; 1 is like the music it learned from; high surprises, and stumbles more.",
    ),
    "variants": ("Versions", "How many versions to write at once, to choose from. More take longer."),
    "top_p": (
        "Ignore unlikely choices (top-p)",
        "Keeps the likeliest choices that together have this probability; 1 keeps all.",
    ),
    "top_k": (
        "At most so many choices (top-k)",
        "How many of the likeliest choices may be taken at each turn; 0 is no limit.",
    ),
    "seed": (
        "Seed",
        "The same seed with the same settings writes the same notes again. Clear it for something new each time.",
    ),
}
"""What pages call the options that several pipelines have, and what they say of each."""


@dataclass(frozen=True)
class OptionsPanel:
    """The controls for options of one class.

    Attributes:
        options: the class, whose defaults are those of the controls.
        words: what the page calls an option, and what it says of it (may be empty); those of WORDS need none.
        prefix: what the names of the controls begin with; the option's name follows.
        begins: where this page begins elsewhere than the options and ON_PAGES, by option.
    """

    options: type
    words: Mapping[str, tuple[str, str]]
    prefix: str = ""
    begins: Mapping[str, Any] = field(default_factory=dict)

    def default(self, name: str) -> Any:
        """Returns where the control of this option stands at first; of several values a list, as widgets have it."""
        own = next(each.default for each in dataclasses.fields(self.options) if each.name == name)
        value = {name: own, **ON_PAGES, **self.begins}[name]
        return list(value) if isinstance(value, tuple) else value

    def show(self, name: str, widget: Callable[..., Any], *arguments: Any, **look: Any) -> Any:
        """Shows the control of this option; returns what it says. For ``arguments`` and ``look`` see ``show_control``."""
        label, text = self.words.get(name) or WORDS[name]
        look = {"help": text or None} | look
        return show_control(self.prefix + name, self.default(name), widget, label, *arguments, **look)

    def between(self, name: str, low: str, high: str) -> float:
        """Shows a slider from 0 to 1 with words at its ends; returns what it says."""
        with st.container(gap=None, key=name):
            value = self.show(name, st.slider, 0.0, 1.0, step=0.05)
            with st.container(horizontal=True, horizontal_alignment="distribute"):
                for text in (low, high):
                    st.caption(text, width="content")
        return value

    def value(self, name: str) -> Any:
        """Returns what the control of this option says, before it is shown."""
        return widget_value(bound(self.prefix + name, self.default(name)))

    def use(self, example: Mapping[str, Any]) -> None:
        """Sets the controls to a worked example; an option that has words and that it does not name gets its default."""
        own = {each.name for each in dataclasses.fields(self.options)}
        values = {name: self.default(name) for name in (*WORDS, *self.words) if name in own}
        set_controls({self.prefix + name: value for name, value in (values | dict(example)).items()})
