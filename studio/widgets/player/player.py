"""The player: a piano roll that fills while music is written, a transport, and a mixer with a strip a track."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from music.piece import Piece
from music.roll.picture import SCRIPTS as DRAWING
from music.roll.picture import Colors, picture
from pipelines.descriptors.pipelines import STEPS
from pipelines.options.reharmonize import chord_key
from studio import media
from studio.controls import component_value
from studio.scripts import loader
from studio.widgets.player.chord_symbols import chord_symbols

SCRIPTS: dict[str, tuple[str, ...]] = {
    "studio_player": (
        "exchange.js", "sound.js", "effects.js", "transport.js", "roll.js", "view.js", "mix.js", "mixer.js", "select.js",
        "changes.js", "section_bar.js", "chord_lane.js", "karaoke.js", "pointer.js", "wave.js", "audition.js", "ticks.js",
        "edit_draft.js", "edit_commands.js", "edit_bar.js", "edit_pointer.js", "edit_roll.js", "edit_state.js", "lock_signs.js",
        "midi_notes.js", "midi_record.js", "midi_out.js", "midi_bar.js", "song.js", "practice.js", "keys.js", "follow.js",
        "player.js",
    ),
    "studio_small_roll": ("roll.js", "small_roll.js"),
}  # fmt: skip
"""The files of each component, which make one script: what one of them names, all others see."""

STYLES = (
    "player.css",
    "editing.css",
    "midi.css",
    "song.css",
    "mix.css",
    "practice.css",
    "chord_lane.css",
    "section_bar.css",
)

_ACCOMPANY = [name for name, step in STEPS.items() if step.accompanies]
_MAX_PICTURES = 32  # of the takes that visitors look at now: each some 100 kB and 10 ms for 5,000 notes
_HERE = Path(__file__).parent


class NamedPiece(NamedTuple):
    """A piece as the player shows it.

    Attributes:
        label: what the A/B switch calls it.
        piece: its notes.
        changed: for each track which of its notes the other piece does not have, bool ``[notes]``; the others are
            shown paler.
    """

    label: str
    piece: Piece
    changed: Sequence[np.ndarray] | None = None


def player(
    named: Sequence[NamedPiece],
    key: str,
    *,
    live: bool = False,
    grows: bool = True,
    audio: Mapping[str, str] | None = None,
    highlight_after_seconds: float | None = None,
    selection: Mapping[str, Any] | None = None,
    on_select: Callable[[Mapping[str, Any]], None] | None = None,
    edit: Mapping[str, Any] | None = None,
    on_edit: Callable[[Any], None] | None = None,
    waves: Mapping[str, Any] | None = None,
    chords: Mapping[str, Any] | None = None,
    on_chord: Callable[[Any], None] | None = None,
    sections: Mapping[str, Any] | None = None,
    on_section: Callable[[Any], None] | None = None,
) -> None:
    """Shows one piece, or several with a switch between them; the last one is shown first.

    Position, loop, zoom and mixer belong to the browser: a rerun changes none of them and does not interrupt the sound.

    Args:
        named: at least one piece, each with a label of its own.
        key: the same for the same place on the page, so that the player goes on through reruns.
        live: the last piece is being written: there is no sound yet.
        grows: while it is written it becomes longer, so the view follows its end.
        audio: where the sound of each piece comes from, by fingerprint; by default ``studio.media`` makes it. The
            address must answer as ``media.ROUTES`` do.
        highlight_after_seconds: from here on the last piece's notes are new, and those before are shown paler.
        selection: lets the visitor select bars and tracks; what ``studio.widgets.selection`` says is selected now.
        on_select: is called with what was selected, before the page runs again.
        edit: lets the visitor edit one of the pieces by hand; what ``studio.widgets.edits`` says of it.
        on_edit: is called with what was edited when it is to be kept, before the page runs again.
        waves: sounds that are drawn behind the notes, by the piece's fingerprint; see ``studio.widgets.recording.Wave``.
        chords: lets the visitor change the chords of one of the pieces; what ``studio.widgets.chord_changes`` says of it.
        on_chord: is called with the bar that is to have other chords, before the page runs again.
        sections: lets the visitor change the form of one of the pieces; what ``studio.widgets.section_changes`` says of it.
        on_section: is called with what is to be done with a section, before the page runs again.
    """
    if audio is None:
        audio = {} if live else {piece.fingerprint: media.address(piece) for _, piece, _ in named if piece.note_count}
    colors, result = Colors(), named[-1]
    pieces = [
        {
            **drawn(each, colors, keep=not live),
            "melody": _melody(each.piece, result.piece),
            "is_before": each is not result,
            "new_from": highlight_after_seconds if each is result else None,
            "sound": audio.get(each.piece.fingerprint),
            "wave": (waves or {}).get(each.piece.fingerprint),
        }
        for each in reversed(named)  # the result has the first colors, as in its small roll
    ][::-1]

    def told(name: str, listener: Callable[[Any], None] | None) -> Callable[[], None]:
        """Returns what hands on to a listener what the script sent under this name."""

        def hand_on() -> None:
            if listener is not None and (message := component_value(key, name)) is not None:
                listener(message)

        return hand_on

    _component()(
        key=key,
        data={
            "pieces": pieces,
            "live": live,
            "grows": grows,
            "selection": selection,
            "edit": edit,
            "chords": chords,
            "sections": sections,
        },
        on_selection_change=told("selection", on_select),
        on_edit_change=told("edit", on_edit),
        on_chord_change=told("chord", on_chord),
        on_section_change=told("section", on_section),
    )


def _melody(piece: Piece, result: Piece) -> int | None:
    """Returns the track that the others accompany, of a harmonization or of what the result was made of; else None."""
    recipe = next((each for each in reversed(result.history) if each.get("pipeline") in _ACCOMPANY), None)
    if recipe and recipe.get("input") == piece.fingerprint:
        return recipe.get("melody")
    return 0 if any(each.get("pipeline") in _ACCOMPANY for each in piece.history) else None


def small_roll(named: NamedPiece, key: str, height: int = 96) -> None:
    """Shows a small still piano roll, so many pixels high, for variants side by side."""
    _small_component()(key=key, data={"piece": {**drawn(named), "new_from": None}, "height": height})


def drawn(named: NamedPiece, colors: Colors | None = None, keep: bool = True) -> dict[str, Any]:
    """Returns what the script draws of a piece, in colors and with its changes marked."""
    known, colors = _picture(named.piece, keep), colors or Colors()
    tracks = []
    for track in known["tracks"]:
        changed = None if named.changed is None else named.changed[track["track"]].astype(int).tolist()
        tracks.append({**track, "color": colors.of(track), "changed": changed})
    return {**known, "tracks": tracks, "label": named.label}


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_player",
        html=(_HERE / "player.html").read_text("utf-8"),
        css="\n".join((_HERE / name).read_text("utf-8") for name in STYLES),
        js=loader("studio_player", script("studio_player")),
    )


@functools.cache
def _small_component() -> Any:
    return st.components.v2.component(
        "studio_small_roll",
        html='<div class="small-roll" role="img"><canvas></canvas></div>',
        css=(_HERE / "player.css").read_text("utf-8"),
        js=loader("studio_small_roll", script("studio_small_roll")),
    )


def script(component: str) -> str:
    """Returns the script of a component of SCRIPTS."""
    # One text, so that a page waits for one file instead of forty, one after another.
    return "\n".join(path.read_text("utf-8") for path in script_files(component))


def script_files(component: str) -> list[Path]:
    """Returns the files of a component of SCRIPTS; how a roll is drawn other pages know too, so that lies where they find it."""
    own = ((_HERE / name, DRAWING / name) for name in SCRIPTS[component])
    return [here if here.exists() else shared for here, shared in own]


_pictures: OrderedDict[str, dict[str, Any]] = OrderedDict()


def _picture(piece: Piece, keep: bool = True) -> dict[str, Any]:
    """Returns what the script draws, kept for the next rerun unless the piece is still growing."""
    known = _pictures.get(piece.fingerprint)
    if known is None:
        known = picture(piece) | {"chords": chord_symbols(piece.score, chord_key(piece))}
        if keep:
            _pictures[piece.fingerprint] = known
            while len(_pictures) > _MAX_PICTURES:
                _pictures.popitem(last=False)
    return known
