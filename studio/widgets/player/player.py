"""The player: a piano roll that fills while music is written, a transport, and a mixer with a strip a track."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from music.bars import bar_grid, ticks_to_seconds
from music.form import sections
from music.instruments import instrument_name, program_of
from music.piece import Piece
from pipelines.descriptors import STEPS
from studio import media
from studio.controls import component_value
from studio.scripts import loader
from studio.widgets.player.drums import DRUM_ROWS, OTHER_DRUMS, drum_row
from studio.widgets.player.karaoke import karaoke

COLORS = (
    "#4f8ff0", "#f0883e", "#3fb27f", "#b77be8", "#e2b93b", "#e8647c", "#2fb5c7", "#a9805b", "#8f9cf5", "#94bd4a", "#e58cc0", "#5fa8a0",
)  # fmt: skip
DRUM_COLOR = "#8b95a9"

SCRIPTS: dict[str, tuple[str, ...]] = {
    "studio_player": (
        "sound.js", "roll.js", "view.js", "mixer.js", "select.js", "changes.js", "form.js", "karaoke.js", "pointer.js", "wave.js",
        "audition.js", "ticks.js", "edit_draft.js", "edit_commands.js", "edit_bar.js", "edit_pointer.js", "edit_roll.js", "edit_state.js",
        "lock_signs.js", "midi_notes.js", "midi_record.js", "midi_out.js", "midi_bar.js", "keys.js",
        "player.js",
    ),
    "studio_small_roll": ("roll.js", "small_roll.js"),
}  # fmt: skip
"""The files of each component, which make one script: what one of them names, all others see."""

STYLES = ("player.css", "editing.css", "midi.css")

_ACCOMPANY = [name for name, step in STEPS.items() if step.accompanies]
_FEWEST_SEMITONES = 25  # two octaves: a tune of three notes would have rows as thick as bars
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
    """
    if audio is None:
        audio = {} if live else {piece.fingerprint: media.address(piece) for _, piece, _ in named if piece.note_count}
    colors, result = _Colors(), named[-1]
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

    def selected() -> None:
        chosen = component_value(key, "selection")
        if chosen is not None:
            on_select(chosen)

    def edited() -> None:
        kept = component_value(key, "edit")
        if kept is not None:
            on_edit(kept)

    _component()(
        key=key,
        data={"pieces": pieces, "live": live, "grows": grows, "selection": selection, "edit": edit},
        on_selection_change=selected if on_select else lambda: None,
        on_edit_change=edited if on_edit else lambda: None,
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


def drawn(named: NamedPiece, colors: _Colors | None = None, keep: bool = True) -> dict[str, Any]:
    """Returns what the script draws of a piece, in colors and with its changes marked."""
    known, colors = _picture(named.piece, keep), colors or _Colors()
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
    # One text, so that a page waits for one file instead of thirty, one after another.
    return "\n".join((_HERE / name).read_text("utf-8") for name in SCRIPTS[component])


class _Colors:
    """A color for each instrument, the same in all pieces that are shown together."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def of(self, track: Mapping[str, Any]) -> str:
        if track["drums"]:
            return DRUM_COLOR
        return self._given.setdefault(track["key"], COLORS[len(self._given) % len(COLORS)])


_pictures: OrderedDict[str, dict[str, Any]] = OrderedDict()


def _picture(piece: Piece, keep: bool = True) -> dict[str, Any]:
    """Returns what the script draws, kept for the next rerun unless the piece is still growing."""
    known = _pictures.get(piece.fingerprint)
    if known is None:
        known = picture(piece)
        if keep:
            _pictures[piece.fingerprint] = known
            while len(_pictures) > _MAX_PICTURES:
                _pictures.popitem(last=False)
    return known


def picture(piece: Piece) -> dict[str, Any]:
    """Returns a piece as plain values in seconds, as the player's script takes it.

    ``tracks`` have flat ``notes`` of four numbers each: start, duration, pitch (for drums the row from below, and ``keys`` are
    those of the drum map), velocity.
    ``bars`` are the times of the bar lines, the last one the end of the last bar; ``sections`` are those that it marks, ``words``
    the lines that are sung.
    """
    score = piece.score
    grid = bar_grid(score)
    bars = ticks_to_seconds(score, np.array([grid[0].start, *(bar.end for bar in grid)]))
    tracks, pitches, drums_used, seen = [], [], set(), {}
    for index, track in enumerate(score.tracks):
        if not len(track.notes):
            continue
        notes = track.notes.numpy()
        start = ticks_to_seconds(score, notes["time"])
        duration = ticks_to_seconds(score, notes["time"] + notes["duration"]) - start
        instrument = instrument_name(program_of(track))
        identity = (track.name, instrument)
        seen[identity] = seen.get(identity, 0) + 1
        if track.is_drum:
            drums_used.update(map(drum_row, np.unique(notes["pitch"]).tolist()))
        else:
            pitches += [int(notes["pitch"].min()), int(notes["pitch"].max())]
        tracks.append(
            {
                "track": index,
                "key": f"{track.name}|{instrument}|{seen[identity]}",
                "name": track.name.strip() or instrument,
                "instrument": instrument,
                "program": track.program,
                "drums": track.is_drum,
                "notes": (start, duration, notes["pitch"], notes["velocity"]),
            }
        )
    rows = [name for name in (*DRUM_ROWS, OTHER_DRUMS) if name in drums_used]
    for track in tracks:
        start, duration, pitch, velocity = track["notes"]
        if track["drums"]:
            track["keys"] = pitch.tolist()
            pitch = [rows.index(drum_row(p)) for p in pitch.tolist()]
        flat = np.stack([np.round(start, 3), np.round(duration, 3), pitch, velocity], axis=1).ravel()
        track["notes"] = [int(x) if x.is_integer() else x for x in flat.tolist()]
    low, high = _visible(pitches)
    return {
        "id": piece.fingerprint,
        "seconds": round(max(float(bars[-1]), piece.seconds, 1.0), 3),
        "end": round(piece.seconds, 3),
        "bars": np.round(bars, 3).tolist(),
        "low": low,
        "high": high,
        "has_pitches": bool(pitches) or not rows,
        "drum_rows": rows,
        "sections": _sections(piece, grid[-1].end),
        "words": karaoke(piece),
        "tracks": tracks,
    }


def _sections(piece: Piece, end: int) -> list[dict[str, Any]]:
    """Returns the sections that the piece marks: name, the section it returns to, first second and the second after its last."""
    found = sections(piece.score, end)
    at = ticks_to_seconds(piece.score, np.array([tick for each in found for tick in each[1:]], dtype=int))
    times = np.round(at, 3).reshape(-1, 2).tolist()
    return [
        {"name": each.name, "theme": each.theme, "from": start, "to": stop}
        for each, (start, stop) in zip(found, times, strict=True)
    ]


def _visible(pitches: list[int]) -> tuple[int, int]:
    low, high = (min(pitches), max(pitches)) if pitches else (48, 72)
    low, high = low - 2, high + 2
    missing = max(0, _FEWEST_SEMITONES - (high - low + 1))
    low = max(0, low - missing // 2)
    return low, min(127, max(high, low + _FEWEST_SEMITONES - 1))
