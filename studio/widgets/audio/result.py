"""What came of words and a sound: the player with a choice of how notes become sound, and pictures of both sounds."""

from __future__ import annotations

import streamlit as st

from pipelines.options.audio import AudioOptions
from pipelines.recipes import coloring_recipe
from pipelines.sound import SYNTHESES
from studio import media
from studio.controls import show_control
from studio.projects.song import Song
from studio.widgets.audio.picture import Row, pictures
from studio.widgets.audio.sound import STARTS, Kept, kept_sound

NAMES = {"played": "Played", "pure": "Pure", "original": "Original method"}
ABOUT = {
    "played": "FluidSynth plays the notes, and a filter that changes with time gives them the color that the network foretells.",
    "pure": "Sine waves and noise with the color that the network foretells: clean as an organ, the same on every machine.",
    "original": "20 MFCC of the same sound, turned back into sound: how this was done before. They keep the color and lose the notes.",
}
"""What each synthesis does."""


def is_audio(song: Song) -> bool:
    """Whether the current take is as the audio pipeline wrote it."""
    return coloring_recipe(song.piece) is not None


def synthesis_control() -> str:
    """Shows how notes can become sound; returns which is chosen."""
    look = {
        "format_func": NAMES.get,
        "required": True,
        "help": "\n".join(f"- **{NAMES[n]}**: {ABOUT[n]}" for n in NAMES),
    }
    return show_control("audio synthesis", "played", st.segmented_control, "Sound", list(SYNTHESES), **look)


def compared(song: Song, synthesis: str) -> None:
    """Shows the sound that was followed and the new one under one another."""
    sound = followed(song)
    made = Row("What was written", f"Outline and mel bands of the new music, {song.piece.seconds:.0f} seconds.")
    rows = [made._replace(address=media.address(song.piece, synthesis))]
    if sound is not None:
        alt = "Outline and mel bands of the four seconds of sound that the music follows, on the same scales."
        rows.insert(0, Row(f"What was heard of {sound['name']}", alt, sound["clip"]))
    pictures(rows, key="compared", shared=True)


def followed(song: Song) -> Kept | None:
    """Returns the sound that the current take follows, if it is still kept."""
    options = song.take.options
    if not isinstance(options, AudioOptions) or not options.sound or not options.follow:
        return None
    kept = [sound for start in STARTS if (sound := kept_sound(start))]
    return next((sound for sound in kept if sound["options"].get("sound") == options.sound), None)
