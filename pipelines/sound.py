"""How a piece sounds, wherever it is heard: pages, downloads and the command line ask here.

A piece whose last step but for edits was the audio pipeline is colored as the sound and the words say that it was written
after; any other is played as it is. Imports no model before it is needed: pages read SYNTHESES here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints import store
from music.errors import StudioError
from music.piece import Piece
from pipelines.options.audio import AudioOptions
from pipelines.options.values import from_mapping
from pipelines.recipes import coloring_recipe

if TYPE_CHECKING:
    from music.audio.encoding import Audio, AudioStream
    from music.audio.render import Stem

SYNTHESES = ("played", "pure", "original")
"""The ways to make sound of notes: by FluidSynth, of sine waves and noise, and of 20 MFCC as the system's ancestor did."""

Progress = Callable[[float], object]
Stop = Callable[[], bool]


def coloring_options(piece: Piece) -> AudioOptions | None:
    """Returns the options by which the sound of a piece is colored; None for one that sounds as it is played.

    The checkpoint is the one that wrote it, else what is here under its name. Where there is none, or where a file's recipe
    is damaged, the piece sounds as it is played: notes are heard rather than refused.
    """
    recipe = coloring_recipe(piece)
    if recipe is None:
        return None
    try:
        options = from_mapping(AudioOptions, recipe["options"])
        found = _checkpoint_here(options.checkpoint, recipe.get("checkpoint"))
    except StudioError:
        return None
    return None if found is None else replace(options, checkpoint=found.name)


def _checkpoint_here(name: str, told: Any) -> store.RegistryEntry | None:
    """Returns the checkpoint of this machine that a recipe means, which names it and its sum; None where there is none."""
    sha256 = told.get("sha256") if isinstance(told, dict) else None
    same = store.with_sum(sha256, name) if isinstance(sha256, str) else None
    candidates = (same, store.known().get(name))
    return next((each for each in candidates if each and each.is_here and each.task == "audio"), None)


def piece_sound(
    piece: Piece,
    synthesis: str = "played",
    soundfont: str | Path | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Audio | AudioStream:
    """Returns a piece as mastered stereo sound.

    Args:
        piece: what to play.
        synthesis: one of SYNTHESES.
        soundfont, progress, stop: as ``music.audio.render.render`` takes them.

    Raises:
        StudioError: as ``render``; or there is no such synthesis.
    """
    check_synthesis(synthesis)
    if synthesis == "played" and coloring_options(piece) is None:
        from music.audio.render import render

        return render(piece, soundfont, progress=progress, stop=stop)
    from pipelines.audio_sound import sound_of

    return sound_of(piece, synthesis, soundfont, progress=progress, stop=stop)


def piece_stems(
    piece: Piece,
    soundfont: str | Path | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    dry: bool = False,
) -> list[Stem]:
    """Returns one stem for each track with notes; they add up to the played sound of the piece.

    Args:
        piece, soundfont, progress, stop: as ``piece_sound`` takes them.
        dry: without the reverb of the mix, for who adds it; a piece of which ``has_reverb`` says no has none either way.

    Raises:
        StudioError: as ``piece_sound``.
    """
    if coloring_options(piece) is None:
        from music.audio.render import render_stems

        return render_stems(piece, soundfont, progress=progress, stop=stop, dry=dry)
    from pipelines.audio_sound import stems_of

    return stems_of(piece, soundfont, progress=progress, stop=stop)


def has_reverb(piece: Piece) -> bool:
    """Whether what plays a piece gives each track the reverb that its mix says."""
    from music.audio.render import engine

    return coloring_options(piece) is None and not engine().is_basic


def check_synthesis(synthesis: str) -> None:
    """Checks that there is such a way to make sound.

    Raises:
        StudioError: there is not.
    """
    if synthesis not in SYNTHESES:
        raise StudioError(f"There is no way '{synthesis}' to make sound. Choose one of {', '.join(SYNTHESES)}.")
