"""The controls of the Audio page: every option of the pipeline in words that a musician uses."""

from __future__ import annotations

from typing import Any

import streamlit as st

from music.errors import StudioError
from music.theory import ALL_KEYS
from pipelines.options.audio import MAX_SECONDS, MIN_SECONDS, SIGNATURES, AudioOptions
from pipelines.options.checks import TEMPO_RANGE_BPM
from studio.controls import set_controls
from studio.widgets import sampling
from studio.widgets.audio.sound import Kept
from studio.widgets.audio.words import IGNORED, words_control
from studio.widgets.options_panel import OptionsPanel

PANEL = OptionsPanel(
    AudioOptions,
    {
        "text": ("In words", "What the music should be like: mood, tempo, instruments, key. What was understood is shown below."),
        "lyrics": ("Lyrics", "Words of a song. Their mood counts as that of the words above does."),
        "pace": ("Tempo", ""),
        "loudness": ("Loudness", ""),
        "brightness": ("Sound", ""),
        "density": ("Notes", ""),
        "mode": ("Mode", ""),
        "instruments": ("Instruments", "Who plays. Without a choice those of your words, else those that fit the sound."),
        "follow": (
            "How near to the sound",
            "Left pays no heed to the sound but for its tempo and loudness; the middle goes on as music like it does; right "
            "stays very near.",
        ),
        "seconds": ("Length (seconds)", "How much music to write."),
        "tempo_bpm": ("Tempo (BPM)", "Quarter notes a minute. Clear it, and words or sound decide."),
        "key": ("Key", "The key to write in. Clear it, and words or sound decide."),
        "time_signature": ("Time signature", "Beats in a bar, and which note is one beat."),
    },
    "audio ",
)  # fmt: skip
PRESETS: dict[str, dict[str, Any]] = {
    "Calm piano": {"text": "calm piano melody, slow, dark"},
    "Music box": {"text": "a sweet music box, soft and bright, in 3/4"},
    "Night drive": {"text": "driving synth and bass with drums, 110 bpm, minor"},
    "Fanfare": {"text": "a loud brass fanfare in B flat major, fast"},
    "Still strings": {"text": "still, sparse strings", "seconds": 30.0},
}
"""Worked examples; what one does not name goes back to its default."""


def use_example(name: str) -> None:
    """Sets the controls to a worked example; a sound that is there stays."""
    set_controls({IGNORED: []})
    PANEL.use(PRESETS[name])


def audio_controls(sound: Kept | None) -> dict[str, Any]:
    """Shows the controls of what to write; returns them as values of AudioOptions, unchecked.

    Args:
        sound: that is followed; None for words only.
    """
    values = words_control(PANEL)
    if sound is not None:
        values["follow"] = PANEL.between("follow", "Surprise me", "Follow the sound")
    heard = f"{sound['options']['sound_tempo_bpm']:.0f}, as heard" if _has_pulse(sound) else "Auto"
    left, right = st.columns(2)
    values["seconds"] = PANEL.show("seconds", left.number_input, MIN_SECONDS, MAX_SECONDS, step=1.0, format="%.0f")
    low, high = TEMPO_RANGE_BPM
    values["tempo_bpm"] = PANEL.show("tempo_bpm", right.number_input, int(low), int(high), None, placeholder=heard)
    values["key"] = PANEL.show("key", left.selectbox, [key.name for key in ALL_KEYS], None, placeholder="Auto")
    values["time_signature"] = PANEL.show("time_signature", right.selectbox, SIGNATURES, None, placeholder="Auto")
    values["temperature"] = sampling.temperature_slider(PANEL)
    values["variants"] = sampling.variants_slider(PANEL)
    with st.expander("Fine tuning"):
        values["seed"] = sampling.seed_input(PANEL)
        values["checkpoint"] = sampling.model_choice(PANEL, "audio", "Which trained model writes and colors the sound.")
    return values | (sound["options"] if sound else {})


def checked(values: dict[str, Any]) -> AudioOptions:
    """Returns the options that the controls show; an empty seed is drawn here.

    Raises:
        StudioError: the values do not go together, or nothing is asked for.
    """
    said = ("text", "lyrics", "sound", "pace", "loudness", "brightness", "density", "mode", "instruments", "drums")
    if not any(values.get(name) for name in said):
        raise StudioError("There are neither words nor a sound. Type or tap some words, or give a sound.")
    seed = sampling.drawn_seed() if values["seed"] is None else values["seed"]
    return AudioOptions(**(values | {"seed": seed}))


def _has_pulse(sound: Kept | None) -> bool:
    return sound is not None and bool(sound["options"].get("sound_tempo_bpm"))
