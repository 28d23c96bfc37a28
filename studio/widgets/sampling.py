"""The controls that the pages share: how adventurous, how many versions, fine tuning of the choices, the seed, the model.

Each shows itself, keeps its value with the song under ``prefix + name``, and returns it as the pipelines' options take it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import streamlit as st

from checkpoints.store import entries
from pipelines import options as limits
from studio.controls import bound, keep, set_controls

MAX_SEED = 10**6


def adventure(prefix: str = "") -> float:
    """Returns the temperature of all choices."""
    return keep(
        f"{prefix}temperature",
        st.slider(
            "How adventurous",
            0.0,
            2.0,
            step=0.05,
            key=bound(f"{prefix}temperature", 1.0),
            help="Low is safe and repeats itself; 1 is like the music it learned from; high surprises, and stumbles more.",
        ),
    )


def versions(prefix: str = "") -> int:
    """Returns how many versions to write."""
    return keep(
        f"{prefix}variants",
        st.slider(
            "Versions",
            1,
            limits.MAX_VARIANTS,
            key=bound(f"{prefix}variants", 2),
            help="How many versions to write at once, to choose from. More take longer.",
        ),
    )


def choices(fields: Iterable[tuple[str, str, str]], top_p: float, prefix: str = "") -> dict[str, Any]:
    """Returns the temperature of each field, top-p and top-k.

    Args:
        fields: ``(name, label, help)`` of each field that has a temperature of its own.
        top_p: where that control stands at first.
        prefix: of the names under which the values are kept.
    """
    values: dict[str, Any] = {}
    for name, label, text in fields:
        field = f"temperature_{name}"
        values[field] = keep(
            prefix + field,
            st.slider(
                label,
                0.0,
                2.0,
                step=0.05,
                key=bound(prefix + field, 1.0),
                format="× %.2f",
                help=f"{text} Multiplies 'How adventurous'.",
            ),
        )
    values["top_p"] = keep(
        f"{prefix}top_p",
        st.slider(
            "Ignore unlikely choices (top-p)",
            0.05,
            1.0,
            step=0.01,
            key=bound(f"{prefix}top_p", top_p),
            help="Keeps the likeliest choices that together have this probability; 1 keeps all.",
        ),
    )
    values["top_k"] = keep(
        f"{prefix}top_k",
        st.number_input(
            "At most so many choices (top-k)",
            0,
            200,
            key=bound(f"{prefix}top_k", 0),
            help="How many of the likeliest choices may be taken at each turn; 0 is no limit.",
        ),
    )
    return values


def seed(prefix: str = "") -> int | None:
    """Returns the seed, or None for a new one each time."""
    number, dice = st.columns([3, 1], vertical_alignment="bottom")
    name = f"{prefix}seed"
    value = keep(
        name,
        number.number_input(
            "Seed",
            0,
            2**31 - 1,
            value=None,
            key=bound(name, None),
            placeholder="New each time",
            help="The same seed with the same settings writes the same notes again. Clear it for something new each time.",
        ),
    )
    dice.button(
        "Throw the dice",
        icon=":material/casino:",
        on_click=lambda: set_controls({name: drawn_seed()}),
        help="Choose a seed by chance and keep it.",
        width="stretch",
    )
    return value


def model(task: str, usual: str, text: str, prefix: str = "") -> str:
    """Returns the name of the checkpoint to use; there is a choice once there are several.

    Args:
        task: what it must have been trained for.
        usual: where the control stands at first.
        text: the control's help.
        prefix: of the name under which the value is kept.
    """
    models = [name for name, entry in entries().items() if entry.task == task]
    if len(models) < 2:
        return usual
    name = f"{prefix}checkpoint"
    return keep(name, st.selectbox("Model", models, key=bound(name, usual), help=text))


def drawn_seed() -> int:
    """Returns a seed by chance."""
    return random.randrange(MAX_SEED)
