"""The controls that pages share: how adventurous, how many versions, fine tuning of the choices, the seed, the model.

Each shows itself on a page's panel, and returns its value as the pipelines' options take it.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Collection
from typing import Any

import streamlit as st

from checkpoints.architectures import ARCHITECTURES, Architecture
from checkpoints.store import entries
from pipelines.options.checks import MAX_VARIANTS
from studio.controls import set_controls, show_control
from studio.widgets.options_panel import OptionsPanel

MAX_SEED = 10**6
"""Of a seed that is drawn: short enough to be read out and typed again."""
_MOST_ADVENTUROUS = 2.0  # options take up to 4; half of that can be set finely, and all that holds together is in it
_MOST_CHOICES = 200  # options set no limit, but a field wants one: few values of a note are ever likely


def temperature_slider(panel: OptionsPanel) -> float:
    """Returns the temperature of all choices."""
    return panel.show("temperature", st.slider, 0.0, _MOST_ADVENTUROUS, step=0.05)


def variants_slider(panel: OptionsPanel) -> int:
    """Returns how many versions to write."""
    return panel.show("variants", st.slider, 1, MAX_VARIANTS)


def sampling_sliders(panel: OptionsPanel, without: Collection[str] = ()) -> dict[str, Any]:
    """Returns the temperature of each field that has one of its own, top-p and top-k; those ``without`` have no control."""
    names = [field.name for field in dataclasses.fields(panel.options) if field.name not in without]
    values: dict[str, Any] = {}
    for name in (name for name in names if name.startswith("temperature_")):
        text = f"{panel.words[name][1]} Multiplies 'How adventurous'."
        values[name] = panel.show(name, st.slider, 0.0, _MOST_ADVENTUROUS, step=0.05, format="× %.2f", help=text)
    values["top_p"] = panel.show("top_p", st.slider, 0.05, 1.0, step=0.01)
    values["top_k"] = panel.show("top_k", st.number_input, 0, _MOST_CHOICES)
    return values


def seed_input(panel: OptionsPanel) -> int | None:
    """Returns the seed, or None for a new one each time."""
    number, dice = st.columns([4, 3], vertical_alignment="bottom")
    value = panel.show("seed", number.number_input, 0, 2**31 - 1, None, placeholder="New each time")
    dice.button(
        "Throw the dice",
        icon=":material/casino:",
        on_click=lambda: set_controls({f"{panel.prefix}seed": drawn_seed()}),
        help="Choose a seed by chance and keep it.",
        width="stretch",
    )
    return value


def model_choice(panel: OptionsPanel, task: str, text: str) -> str:
    """Returns the name of the checkpoint to use; there is a choice once there are several.

    Args:
        panel: has the option ``checkpoint``.
        task: what it must have been trained for.
        text: the control's help.
    """
    usual, models = chosen_model(panel, task), _models(task)
    if len(models) < 2:
        return usual
    return show_control(f"{panel.prefix}checkpoint", usual, st.selectbox, "Model", models, help=text)


def chosen_model(panel: OptionsPanel, task: str) -> str:
    """Returns the name of the checkpoint that is chosen, before ``model_choice`` shows it; the usual one if it is gone."""
    models, usual = _models(task), panel.default("checkpoint")
    if len(models) < 2:
        return usual
    if panel.value("checkpoint") not in models:
        set_controls({f"{panel.prefix}checkpoint": usual})
    return panel.value("checkpoint")


def knows_styles(checkpoint: str) -> bool:
    """Returns whether a checkpoint knows styles and can be held to new ideas."""
    architecture = _architecture(checkpoint)
    return architecture is not None and architecture.styles


def follows_wishes(checkpoint: str) -> bool:
    """Returns whether a checkpoint follows wishes for a genre, a key, players and a density; others play the piano."""
    architecture = _architecture(checkpoint)
    return architecture is None or architecture.wishes


def _architecture(checkpoint: str) -> Architecture | None:
    found = entries().get(checkpoint)
    return ARCHITECTURES.get(found.architecture) if found else None


def _models(task: str) -> list[str]:
    return [name for name, entry in entries().items() if entry.task == task]


def drawn_seed() -> int:
    """Returns a seed by chance."""
    return random.randrange(MAX_SEED)
