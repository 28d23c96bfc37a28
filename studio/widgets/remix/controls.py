"""The controls of the Remix page: every option of the pipeline in words that a musician uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from music.files.midi import read_midi
from music.instruments import GM_NAMES, instrument_name
from music.piece import Piece
from pipelines.options import RemixOptions
from studio.controls import bound, keep, set_controls, song_controls
from studio.projects.song import Song
from studio.widgets import sampling
from studio.widgets.generate.controls import INSTRUMENTS
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
_FIELDS = (
    ("notes", "Adventure in the notes", "Which pitches come."),
    ("rhythm", "Adventure in the rhythm", "Where notes begin and how long they are."),
    ("velocity", "Adventure in the loudness", "How loud the notes are."),
    ("instruments", "Adventure in the instruments", "Who plays."),
)
_PRE = "remix "

_USUAL = {field.name: field.default for field in dataclasses.fields(RemixOptions)} | {"variants": 2}
PRESETS: dict[str, dict[str, Any]] = {
    "A new tune": {"change": "notes", "amount": 80, "stay_in_key": True, TRACKS: [0]},
    "Another rhythm": {"change": "rhythm", "amount": 60, "keep_a_bar": True},
    "Four new bars": {"change": "everything", "amount": 100, BARS: "9-12"},
    "Other players": {"change": "instruments", "amount": 100, "variants": 4},
    "Livelier accents": {"change": "velocity", "amount": 100, "temperature": 1.2},
}
"""Worked examples; what one does not name goes back to its default."""

_SET_BY_PRESET = (
    "change", "amount", "keep_a_bar", "stay_in_key", "passes", "temperature", "temperature_notes", "temperature_rhythm",
    "temperature_velocity", "temperature_instruments", "top_p", "top_k", "variants",
)  # fmt: skip


def use_example(song: Song, name: str) -> None:
    """Sets the controls to a worked example; a song without music gets the example tune."""
    values = {key: _USUAL[key] for key in _SET_BY_PRESET} | PRESETS[name]
    selected = {key: values.pop(key) for key in (BARS, TRACKS) if key in values}
    if not has_music(song):
        tune = read_midi(EXAMPLE)
        song.add((tune,), label=tune.title, detail=summary(tune))
        selected = NOTHING | selected
    elif selected:  # made for the example tune: of another song the visitor selects
        selected = {}
    set_controls({_PRE + key: value for key, value in values.items()} | {_PRE + "seed": None} | selected)


def remix_controls(piece: Piece) -> dict[str, Any]:
    """Shows the controls of what to rewrite and how; returns them as values of RemixOptions, unchecked."""
    values = selection_fields(piece)
    values["change"] = keep(
        _PRE + "change",
        st.pills(
            "What may change",
            list(CHANGES),
            key=bound(_PRE + "change", "notes"),
            format_func=lambda change: CHANGES[change][0],
            required=True,
            wrap=True,
        ),
    )
    st.caption(CHANGES[values["change"]][1])
    of_tracks = values["change"] == "instruments"
    values["amount"] = float(
        keep(
            _PRE + "amount",
            st.slider(
                "How much",
                0,
                100,
                step=5,
                key=bound(_PRE + "amount", 60),
                format="%d %%",
                help="How many of the selected tracks get another instrument."
                if of_tracks
                else "How many of the selected notes may change, in each bar.",
            ),
        )
    )
    left, right = st.columns(2)
    values["keep_a_bar"] = keep(
        _PRE + "keep_a_bar",
        left.toggle(
            "Keep one bar",
            key=bound(_PRE + "keep_a_bar", False),
            help="At least one of the selected bars stays as it is, so that something familiar remains.",
        ),
    )
    values["stay_in_key"] = keep(
        _PRE + "stay_in_key",
        right.toggle(
            "Stay in key",
            key=bound(_PRE + "stay_in_key", False),
            help="New notes come from the key's scale only. Drums are free.",
        ),
    )
    values["temperature"] = sampling.adventure(_PRE)
    values["variants"] = sampling.versions(_PRE)
    values["instruments"] = _swaps(piece, set(values["tracks"] or track_names(piece)) - set(values["lock"]))
    with st.expander("Fine tuning"):
        values |= _fine_tuning()
    return values


def _swaps(piece: Piece, selected: Collection[int]) -> tuple[str, ...]:
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
            chosen = keep(
                f"{SWAP}{index}",
                st.selectbox(
                    name,
                    [other for other in INSTRUMENTS if 0 <= other < len(GM_NAMES) and other != program],
                    None,
                    key=bound(f"{SWAP}{index}", None),
                    format_func=instrument_name,
                    placeholder=f"Stays: {instrument_name(program)}",
                ),
            )
            if chosen is not None:
                wishes.append(f"{index}={instrument_name(chosen)}")
        st.caption(
            "The selected bars of a selected track go to another instrument. For that alone, set 'How much' to 0 %."
        )
    return tuple(wishes)


def _fine_tuning() -> dict[str, Any]:
    values = sampling.choices(_FIELDS, top_p=_USUAL["top_p"], prefix=_PRE)
    values["passes"] = keep(
        _PRE + "passes",
        st.select_slider(
            "Passes",
            PASSES,
            key=bound(_PRE + "passes", _USUAL["passes"]),
            format_func=lambda n: f"{n} ({_SPEED[n]})" if n in _SPEED else f"{n}",
            help="In how many goes the new notes are filled in. More fit together better and take longer.",
        ),
    )
    values["seed"] = sampling.seed(_PRE)
    which = "Which trained model rewrites: those that came with the studio, and those that you imported."
    values["checkpoint"] = sampling.model("remix", _USUAL["checkpoint"], which, _PRE)
    return values


def checked(values: Mapping[str, Any]) -> RemixOptions:
    """Returns the options that the controls show; an empty seed is drawn here.

    Raises:
        StudioError: the values do not go together.
    """
    seed = sampling.drawn_seed() if values["seed"] is None else values["seed"]
    return RemixOptions(**{**values, "seed": seed})


def in_words(options: RemixOptions, piece: Piece) -> str:
    """Returns what was asked for in a few words, such as "Notes 60 % · bars 5-8 · Violin"."""
    names = track_names(piece)
    tracks = ", ".join(names[index] for index in options.tracks if index in names)
    swaps = ", ".join(
        f"{names.get(int(track), track)} as {name}"
        for track, _, name in (wish.partition("=") for wish in options.instruments)
    )
    parts = [
        f"{CHANGES[options.change][0]} {options.amount:.0f} %" if options.amount else "",
        f"bars {options.bars}" if options.bars else "all bars",
        tracks,
        swaps,
    ]
    return " · ".join(filter(None, parts))
