"""The controls of the Generate page: every option of the pipeline in words that a musician uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from music.instruments import DRUMS, GM_NAMES, instrument_name
from music.lineups import lineup
from music.styles import STYLES
from music.theory import NAMED_KEYS
from music.tokens.conditions import DENSITIES, GENRES
from pipelines.options.checks import TEMPO_RANGE_BPM, TIME_SIGNATURES
from pipelines.options.generate import MAX_BARS, MAX_MEMORY, MAX_SECONDS, GenerateOptions
from studio.controls import set_controls, show_control
from studio.widgets import sampling
from studio.widgets.options_panel import OptionsPanel

POPULAR = (0, 33, DRUMS, 25, 27, 48, 40, 42, 65, 56, 73, 4, 16, 52, 32, 24, 71, 57, 81, 89)
INSTRUMENTS = (*POPULAR, *(p for p in range(len(GM_NAMES)) if p not in POPULAR))

ANY = "any"
"""The chip of genres and of styles that chooses none."""
GUESTS: dict[str, tuple[str, ...]] = {
    ANY: tuple(style for style, genre in STYLES.items() if genre is None),
    "pop": ("gospel",),
    "rock": ("waltz",),
    "jazz": ("show tune", "march"),
    "folk": ("blues", "waltz"),
    "latin": ("waltz",),
    "classical": ("waltz", "march"),
}
"""Styles that are at home in several genres, under those in which twenty or more training pieces are in them, as
``python -m training lineups SHARDS`` counts."""

_DENSITY = {"low": "Sparse", "medium": "Medium", "high": "Busy"}
_LENGTH = ("Length", "How much new music to write: exactly this much.")
PANEL = OptionsPanel(
    GenerateOptions,
    {
        "bars": _LENGTH,
        "seconds": _LENGTH,
        "genre": ("Genre", "What kind of music to write. Choose any and the model is free."),
        "style": (
            "Style",
            "What a band leader would call out. Each genre has its own; those of any genre fit several.",
        ),
        "instruments": (
            "Instruments",
            "New notes use these instruments and no others. Leave it empty for the players that the genre or style usually "
            "has, or the model's own choice; a continuation then stays with those of the input.",
        ),
        "key": ("Key", "The key to write in."),
        "time_signature": ("Time signature", "Beats in a bar, and which note is one beat."),
        "tempo_bpm": (
            "Tempo (BPM)",
            "Quarter notes a minute. Clear it and the tempo follows the input, or the model chooses.",
        ),
        "stay_in_key": ("Stay in key", "Only notes of the key's scale, no accidentals. Drums are free."),
        "monophonic": (
            "Melody only",
            "One note at a time, as a singer or a flute has it. Choose one instrument, or none.",
        ),
        "density": ("Density", "How many notes there are in a bar. Choose none and the model is free."),
        "temperature_notes": ("Adventure in the notes", "Which pitches come next."),
        "temperature_durations": ("Adventure in the rhythm", "Where notes begin and how long they are."),
        "temperature_instruments": ("Adventure in the instruments", "Who plays next."),
        "novelty": (
            "How new each bar is",
            "Left repeats its bars again and again; the middle does so as often as real music of the genre; right never does.",
        ),
        "guidance": (
            "Stress what I asked for (guidance)",
            "How strongly genre, key and density shape the notes; 0 is no more than the model does by itself.",
        ),
        "memory": (
            "Memory (notes)",
            "How many past notes the model remembers while it writes. Long memory keeps themes together.",
        ),
    },
    begins={
        "seconds": 30,  # once the visitor counts in seconds; the options count in bars
        "genre": ANY,  # a chip of its own for the options' None
        "style": ANY,
    },
)
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
    set_controls({"start": "nothing", "unit": "Bars"})
    if not sampling.follows_wishes(sampling.chosen_model(PANEL, "generate")):
        set_controls({"checkpoint": PANEL.default("checkpoint")})
    PANEL.use(PRESETS[name])


def generate_controls(has_input: bool) -> dict[str, Any]:
    """Shows the controls of what to write; returns them as values of GenerateOptions, unchecked."""
    values = _length()
    values["checkpoint"] = sampling.model_choice(PANEL, "generate", "Which trained model writes.")
    wishes = sampling.follows_wishes(values["checkpoint"])
    if wishes:
        values |= _players(values["checkpoint"], has_input)
    values |= _beat(has_input, wishes)
    values["temperature"] = sampling.temperature_slider(PANEL)
    if sampling.knows_styles(values["checkpoint"]):
        values["novelty"] = PANEL.between("novelty", "Sticks to its ideas", "Always new")
    values["variants"] = sampling.variants_slider(PANEL)
    with st.expander("Fine tuning"):
        values |= sampling.sampling_sliders(PANEL, without=() if wishes else ("temperature_instruments",))
        if wishes:
            values["guidance"] = PANEL.show("guidance", st.slider, 0.0, 2.0, step=0.1)
            values["memory"] = PANEL.show("memory", st.slider, 0, MAX_MEMORY, step=32)
        values["seed"] = sampling.seed_input(PANEL)
    return values


def _players(checkpoint: str, has_input: bool) -> dict[str, Any]:
    """Shows the genre, the style of a model that knows some, and who plays; returns these values."""
    values: dict[str, Any] = {}
    styled = sampling.knows_styles(checkpoint)
    genre = _chip("genre", GENRES)
    values["genre"] = None if genre == ANY else genre
    if styled:
        style = _style(genre)
        values["style"] = None if style == ANY else style
    usual = lineup(values["genre"], values.get("style")) if styled and not has_input else ()
    anybody = "As the input" if has_input else "The usual players" if usual else "Any instruments"
    with st.container(gap="xsmall"):
        look = {"format_func": instrument_name, "placeholder": anybody}
        chosen = PANEL.show("instruments", st.multiselect, INSTRUMENTS, **look)
        if usual and not chosen:
            players = usual[:1] if PANEL.value("monophonic") else usual
            st.caption(f"Without a choice: {', '.join(players)}")
    values["instruments"] = tuple(instrument_name(program) for program in chosen)
    return values


def _beat(has_input: bool, wishes: bool) -> dict[str, Any]:
    """Shows time signature and tempo and, of a model that follows wishes, key, limits and density; returns these values."""
    values: dict[str, Any] = {}
    auto = "As the input" if has_input else "Auto"
    left, right = st.columns(2)
    if wishes:
        values["key"] = PANEL.show("key", left.selectbox, [key.name for key in NAMED_KEYS], None, placeholder=auto)
    values["time_signature"] = PANEL.show("time_signature", right.selectbox, TIME_SIGNATURES, None, placeholder=auto)
    low, high = (int(limit) for limit in TEMPO_RANGE_BPM)
    values["tempo_bpm"] = PANEL.show("tempo_bpm", left.number_input, low, high, None, placeholder=auto)
    if wishes:
        with right.container(height="stretch", vertical_alignment="bottom"):
            values["stay_in_key"] = PANEL.show("stay_in_key", st.toggle)
            values["monophonic"] = PANEL.show("monophonic", st.toggle)
        values["density"] = PANEL.show(
            "density", st.segmented_control, DENSITIES, format_func=_DENSITY.get, width="stretch"
        )
    return values


def styles_of(genre: str) -> tuple[str, ...]:
    """Returns the styles that the page offers of a genre; of ANY those that are at home in several."""
    return (*(style for style, own in STYLES.items() if own == genre), *GUESTS.get(genre, ()))


def _chip(name: str, choices: Sequence[str]) -> str:
    """Shows an option's choices as chips, ANY before them; returns the chosen one."""
    return PANEL.show(name, st.pills, [ANY, *choices], format_func=str.capitalize, required=True, wrap=True) or ANY


def _style(genre: str) -> str:
    """Shows the styles of a genre, if it has any; returns the chosen one, ANY once it is not among them."""
    styles = styles_of(genre)
    if PANEL.value("style") not in (ANY, *styles):
        set_controls({"style": ANY})
    return _chip("style", styles)


def _length() -> dict[str, Any]:
    """Shows how much to write and the unit of that; returns the values ``bars`` and, for seconds, ``seconds``."""
    amount, unit = st.columns([1, 1], vertical_alignment="bottom")
    look = {"required": True, "label_visibility": "collapsed", "width": "stretch"}
    if show_control("unit", "Bars", unit.segmented_control, "Unit", ["Bars", "Seconds"], **look) == "Bars":
        return {"bars": PANEL.show("bars", amount.number_input, 1, MAX_BARS)}
    return {"bars": None, "seconds": float(PANEL.show("seconds", amount.number_input, 1, int(MAX_SECONDS)))}


def checked(values: dict[str, Any], keep_bars: int | None) -> GenerateOptions:
    """Returns the options that the controls show; an empty seed is drawn here.

    Raises:
        StudioError: the values do not go together.
    """
    seed = sampling.drawn_seed() if values["seed"] is None else values["seed"]
    return GenerateOptions(**(values | {"seed": seed, "keep_bars": keep_bars}))
