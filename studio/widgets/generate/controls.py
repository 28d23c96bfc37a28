"""The controls of the Generate page: every option of the pipeline in words that a musician uses."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from music.instruments import DRUMS, GM_NAMES, instrument_name
from music.theory import ALL_KEYS
from pipelines import options as limits
from pipelines.options import GenerateOptions
from studio.controls import bound, keep, set_controls
from studio.widgets import sampling

POPULAR = (0, 33, DRUMS, 25, 27, 48, 40, 42, 65, 56, 73, 4, 16, 52, 32, 24, 71, 57, 81, 89)
INSTRUMENTS = (*POPULAR, *(p for p in range(len(GM_NAMES)) if p not in POPULAR))

_FIELDS = (
    ("notes", "Adventure in the notes", "Which pitches come next."),
    ("durations", "Adventure in the rhythm", "Where notes begin and how long they are."),
    ("instruments", "Adventure in the instruments", "Who plays next."),
)

_PLAIN = {
    field.name: field.default
    for field in dataclasses.fields(GenerateOptions)
    if field.name not in ("seconds", "keep_bars", "checkpoint")
}
_PLAIN |= {"instruments": [], "seed": None, "variants": 2}
PRESETS: dict[str, dict[str, Any]] = {
    "Jazz trio": {
        "genre": "jazz",
        "key": "D minor",
        "tempo_bpm": 96,
        "instruments": [0, 32, DRUMS],
        "time_signature": "4/4",
    },
    "Folk tune": {
        "genre": "folk",
        "key": "G major",
        "tempo_bpm": 110,
        "instruments": [40],
        "time_signature": "6/8",
        "stay_in_key": True,
    },
    "String trio": {
        "genre": "classical",
        "key": "A minor",
        "tempo_bpm": 76,
        "instruments": [40, 41, 42],
        "time_signature": "3/4",
        "density": "medium",
    },
    "Rock band": {
        "genre": "rock",
        "key": "E minor",
        "tempo_bpm": 132,
        "instruments": [30, 27, 33, DRUMS],
        "density": "high",
    },
    "Pop piano": {"genre": "pop", "key": "C major", "tempo_bpm": 84, "instruments": [0], "stay_in_key": True},
}
"""Worked examples; what one does not name goes back to its default."""


def use_example(name: str) -> None:
    """Sets the controls to a worked example."""
    set_controls({"start": "nothing", "unit": "Bars"} | _PLAIN | PRESETS[name])


def generate_controls(has_input: bool) -> dict[str, Any]:
    """Shows the controls of what to write; returns them as values of GenerateOptions, unchecked."""
    values: dict[str, Any] = {}
    amount, unit = st.columns([1, 1], vertical_alignment="bottom")
    in_bars = (
        keep(
            "unit",
            unit.segmented_control(
                "Unit",
                ["Bars", "Seconds"],
                key=bound("unit", "Bars"),
                required=True,
                label_visibility="collapsed",
                width="stretch",
            ),
        )
        == "Bars"
    )
    if in_bars:
        values["bars"] = keep(
            "bars",
            amount.number_input(
                "Length",
                1,
                limits.MAX_BARS,
                key=bound("bars", 16),
                help="How much new music to write: exactly this much.",
            ),
        )
    else:
        values["bars"] = None
        values["seconds"] = float(
            keep(
                "seconds",
                amount.number_input(
                    "Length",
                    1,
                    int(limits.MAX_SECONDS),
                    key=bound("seconds", 30),
                    help="How much new music to write: exactly this much.",
                ),
            )
        )

    values["genre"] = keep(
        "genre",
        st.pills(
            "Genre",
            limits.GENRES,
            key=bound("genre", None),
            format_func=str.capitalize,
            help="The style to write in. Choose none and the model is free.",
        ),
    )
    chosen = keep(
        "instruments",
        st.multiselect(
            "Instruments",
            INSTRUMENTS,
            key=bound("instruments", []),
            format_func=instrument_name,
            placeholder="As the input" if has_input else "Any instruments",
            help="New notes use these instruments and no others. Leave it empty and the model chooses; a continuation "
            "then stays with those of the input.",
        ),
    )
    values["instruments"] = tuple(instrument_name(program) for program in chosen)

    auto = "As the input" if has_input else "Auto"
    left, right = st.columns(2)
    values["key"] = keep(
        "key",
        left.selectbox(
            "Key",
            [key.name for key in ALL_KEYS],
            None,
            key=bound("key", None),
            placeholder=auto,
            help="The key to write in.",
        ),
    )
    values["time_signature"] = keep(
        "time_signature",
        right.selectbox(
            "Time signature",
            limits.TIME_SIGNATURES,
            None,
            key=bound("time_signature", None),
            placeholder=auto,
            help="Beats in a bar, and which note is one beat.",
        ),
    )
    low, high = (int(limit) for limit in limits.TEMPO_RANGE_BPM)
    values["tempo_bpm"] = keep(
        "tempo_bpm",
        left.number_input(
            "Tempo (BPM)",
            low,
            high,
            value=None,
            key=bound("tempo_bpm", None),
            placeholder=auto,
            help="Quarter notes a minute. Clear it and the tempo follows the input, or the model chooses.",
        ),
    )
    with right.container(height="stretch", vertical_alignment="bottom"):
        values["stay_in_key"] = keep(
            "stay_in_key",
            st.toggle(
                "Stay in key",
                key=bound("stay_in_key", False),
                help="Only notes of the key's scale, no accidentals. Drums are free.",
            ),
        )
        values["monophonic"] = keep(
            "monophonic",
            st.toggle(
                "Melody only",
                key=bound("monophonic", False),
                help="One note at a time, as a singer or a flute has it. Choose one instrument, or none.",
            ),
        )

    density = st.segmented_control(
        "Density",
        limits.DENSITIES,
        key=bound("density", None),
        format_func={"low": "Sparse", "medium": "Medium", "high": "Busy"}.get,
        width="stretch",
        help="How many notes there are in a bar. Choose none and the model is free.",
    )
    values["density"] = keep("density", density)
    values["temperature"] = sampling.adventure()
    values["variants"] = sampling.versions()
    with st.expander("Fine tuning"):
        values |= _fine_tuning()
    return values


def _fine_tuning() -> dict[str, Any]:
    values = sampling.choices(_FIELDS, top_p=0.9)
    values["guidance"] = keep(
        "guidance",
        st.slider(
            "Stress what I asked for (guidance)",
            0.0,
            2.0,
            step=0.1,
            key=bound("guidance", 0.5),
            help="How strongly genre, key and density shape the notes; 0 is no more than the model does by itself.",
        ),
    )
    values["memory"] = keep(
        "memory",
        st.slider(
            "Memory (notes)",
            0,
            limits.MAX_MEMORY,
            step=32,
            key=bound("memory", 512),
            help="How many past notes the model remembers while it writes. Long memory keeps themes together.",
        ),
    )
    values["seed"] = sampling.seed()
    return values


def checked(values: dict[str, Any], keep_bars: int | None) -> GenerateOptions:
    """Returns the options that the controls show; an empty seed is drawn here.

    Raises:
        StudioError: the values do not go together.
    """
    seed = sampling.drawn_seed() if values["seed"] is None else values["seed"]
    return GenerateOptions(**(values | {"seed": seed, "keep_bars": keep_bars}))
