"""The controls of the Remix page: every option of the pipeline in words that a musician uses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from music.files.midi import read_midi
from music.instruments import GM_NAMES, instrument_name
from music.piece import Piece
from pipelines.options.remix import RemixOptions
from pipelines.options.text import bars_as_text, parse_bars
from studio.controls import set_controls, show_control, song_controls
from studio.projects.song import Song
from studio.widgets import sampling
from studio.widgets.generate.controls import INSTRUMENTS
from studio.widgets.options_panel import OptionsPanel
from studio.widgets.selection import BARS, NOTHING, SWAP, TRACKS, selection_fields, track_names
from studio.widgets.start import EXAMPLE, has_music, summary

CHANGES: dict[str, tuple[str, str]] = {
    "notes": ("Notes", "Other pitches. Each note keeps its place, length and loudness."),
    "rhythm": ("Rhythm", "Other starts and lengths. The same pitches follow each other."),
    "velocity": ("Loudness", "Other accents and dynamics. The same notes are played."),
    "instruments": ("Instruments", "Other players. They play the same notes."),
    "everything": ("Everything", "The bars are written anew. Each track keeps its instrument."),
}
"""What may change: its name on the page, and what that means in one line."""

PASSES = (1, 2, 4, 8, 16, 32)
_SPEED = {PASSES[0]: "fast", 8: "balanced", PASSES[-1]: "thorough"}
PANEL = OptionsPanel(
    RemixOptions,
    {
        "change": ("What may change", ""),
        "amount": ("How much", "How many of the selected notes may change, in each bar."),
        "keep_a_bar": (
            "Keep one bar",
            "At least one of the selected bars stays as it is, so that something familiar remains.",
        ),
        "stay_in_key": ("Stay in key", "New notes come from the key's scale only. Drums are free."),
        "passes": (
            "Passes",
            "In how many goes the new notes are filled in. More fit together better and take longer.",
        ),
        "temperature_notes": ("Adventure in the notes", "Which pitches come."),
        "temperature_rhythm": ("Adventure in the rhythm", "Where notes begin and how long they are."),
        "temperature_velocity": ("Adventure in the loudness", "How loud the notes are."),
        "temperature_instruments": ("Adventure in the instruments", "Who plays."),
    },
    "remix ",
    begins={"amount": round(RemixOptions.amount)},  # the same, but the slider has whole numbers
)
PRESETS: dict[str, dict[str, Any]] = {
    "A new tune": {"change": "notes", "amount": 80, "stay_in_key": True, TRACKS: [0]},
    "Another rhythm": {"change": "rhythm", "amount": 60, "keep_a_bar": True},
    "Four new bars": {"change": "everything", "amount": 100, BARS: "9-12"},
    "Other players": {"change": "instruments", "amount": 100, "variants": 4},
    "Livelier accents": {"change": "velocity", "amount": 100, "temperature": 1.2},
}
"""Worked examples; what one does not name goes back to its default."""


def use_example(song: Song, name: str) -> None:
    """Sets the controls to a worked example; a song without music gets the example tune."""
    values = dict(PRESETS[name])
    selected = {key: values.pop(key) for key in (BARS, TRACKS) if key in values}
    if not has_music(song):
        tune = read_midi(EXAMPLE)
        song.add((tune,), label=tune.title, detail=summary(tune))
        selected = NOTHING | selected
    elif selected:  # made for the example tune: of another song the visitor selects
        selected = {}
    PANEL.use(values)
    set_controls(selected)


def remix_controls(piece: Piece) -> dict[str, Any]:
    """Shows the controls of what to rewrite and how; returns them as values of RemixOptions, unchecked."""
    values = selection_fields(piece)
    values["change"] = PANEL.show(
        "change", st.pills, list(CHANGES), format_func=lambda change: CHANGES[change][0], required=True, wrap=True
    )
    st.caption(CHANGES[values["change"]][1])
    look: dict[str, Any] = {"step": 5, "format": "%d %%"}
    if values["change"] == "instruments":
        look["help"] = "How many of the selected tracks get another instrument."
    values["amount"] = float(PANEL.show("amount", st.slider, 0, 100, **look))
    left, right = st.columns(2)
    values["keep_a_bar"] = PANEL.show("keep_a_bar", left.toggle)
    values["stay_in_key"] = PANEL.show("stay_in_key", right.toggle)
    values["temperature"] = sampling.temperature_slider(PANEL)
    values["variants"] = sampling.variants_slider(PANEL)
    values["instruments"] = _swaps(piece, set(values["tracks"] or track_names(piece)) - set(values["lock"]))
    with st.expander("Fine tuning"):
        values |= _fine_tuning()
    return values


def _swaps(piece: Piece, selected: Collection[int]) -> tuple[tuple[int, str], ...]:
    """Shows an instrument to swap for each selected track with pitches; returns the wishes of RemixOptions."""
    tracks = piece.score.tracks
    names = {i: name for i, name in track_names(piece).items() if i in selected and not tracks[i].is_drum}
    controls = song_controls()
    wished = [i for i in names if controls.get(f"{SWAP}{i}") is not None]
    label = "Swap instruments" + (f" ({len(wished)})" if wished else "")
    wishes = []
    with st.expander(label, key="swap instruments"):
        for index, name in names.items():
            program = tracks[index].program
            others = [other for other in INSTRUMENTS if 0 <= other < len(GM_NAMES) and other != program]
            look = {"format_func": instrument_name, "placeholder": f"Stays: {instrument_name(program)}"}
            chosen = show_control(f"{SWAP}{index}", None, st.selectbox, name, others, None, **look)
            if chosen is not None:
                wishes.append((index, instrument_name(chosen)))
        st.caption(
            "The selected bars of a selected track go to another instrument. For that alone, set 'How much' to 0 %."
        )
    return tuple(wishes)


def _fine_tuning() -> dict[str, Any]:
    values = sampling.sampling_sliders(PANEL)
    values["passes"] = PANEL.show(
        "passes", st.select_slider, PASSES, format_func=lambda n: f"{n} ({_SPEED[n]})" if n in _SPEED else f"{n}"
    )
    values["seed"] = sampling.seed_input(PANEL)
    which = "Which trained model rewrites: those that came with the studio, and those that you imported."
    values["checkpoint"] = sampling.model_choice(PANEL, "remix", which)
    return values


def checked(values: Mapping[str, Any]) -> RemixOptions:
    """Returns the options that the controls show; an empty seed is drawn here.

    Raises:
        StudioError: the values do not go together.
    """
    seed = sampling.drawn_seed() if values["seed"] is None else values["seed"]
    return RemixOptions(**{**values, "bars": parse_bars(values.get("bars", "")), "seed": seed})


def describe_request(options: RemixOptions, piece: Piece) -> str:
    """Returns what was asked for in a few words, such as "Notes 60 % · bars 5-8 · Violin"."""
    names = track_names(piece)
    tracks = ", ".join(names[index] for index in options.tracks if index in names)
    swaps = ", ".join(f"{names.get(track, track)} as {name}" for track, name in options.instruments)
    parts = [
        f"{CHANGES[options.change][0]} {options.amount:.0f} %" if options.amount else "",
        f"bars {bars_as_text(options.bars)}" if options.bars else "all bars",
        tracks,
        swaps,
    ]
    return " · ".join(filter(None, parts))
