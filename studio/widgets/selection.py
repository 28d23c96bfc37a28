"""What of a piece is selected: bars, tracks and locks, as fields to type in and as the player's roll shows it.

Both are kept with the song, so that they say the same whichever was used last.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, TypedDict

import streamlit as st

from music.bars import bar_grid
from music.errors import StudioError
from music.instruments import track_label
from music.piece import Piece
from pipelines.options.text import parse_bars
from pipelines.options.values import fits
from studio.controls import keep, set_controls, show_control, song_controls
from studio.widgets.compose.locked_sections import show_held
from studio.wording import show_error

_SERIAL, _OF = "selection serial", "selection of"
BARS, TRACKS, LOCKED = "selected bars", "selected tracks", "locked tracks"
SWAP = "swap "
"""What the name of a control begins with that gives a track another instrument; the track's number follows."""
NOTHING: dict[str, Any] = {BARS: "", TRACKS: [], LOCKED: []}
"""The controls when all of a piece is selected and nothing is locked."""


def track_names(piece: Piece) -> dict[int, str]:
    """Returns what each track that has notes is called, by its place in the score; no two alike."""
    names: dict[int, str] = {}
    for index, track in enumerate(piece.score.tracks):
        if not len(track.notes):
            continue
        name = track_label(track)
        names[index] = name if name not in names.values() else f"{name} ({index + 1})"
    return names


def selection_fields(piece: Piece) -> dict[str, Any]:
    """Shows the fields; returns them as the values ``bars``, ``tracks`` and ``lock`` of RemixOptions, unchecked."""
    names = track_names(piece)
    _fit(names)
    left, right = st.columns([2, 3])
    text = "Such as 5-8, or 1, 3, 9-12. Or drag over the piano roll; with Shift you add more. Empty is all."
    bars = show_control(BARS, "", left.text_input, "Bars", placeholder="All", help=text)
    look: dict[str, Any] = {"format_func": names.get, "placeholder": "All tracks"}
    look["help"] = "Or click the track's name under the piano roll. Empty is all."
    tracks = show_control(TRACKS, [], right.multiselect, "Tracks", list(names), **look)
    show_problem(bars, piece)
    look = {"format_func": names.get, "placeholder": "No track is locked"}
    look["help"] = "These tracks stay as they are, whatever is selected. The rest is written to fit them."
    locked = show_control(LOCKED, [], st.multiselect, "Locked", list(names), **look)
    show_held(piece)
    return {"bars": bars, "tracks": tuple(tracks), "lock": tuple(locked)}


def on_the_roll(piece: Piece) -> dict[str, Any]:
    """Returns what the player shows as selected, and what of the piece can be."""
    controls = {**NOTHING, **song_controls()}
    names, known = track_names(piece), are_there(controls[BARS], piece)
    return {
        "names": {str(index): name for index, name in names.items()},
        "count": len(bar_grid(piece.score)),
        "none": not known,
        "bars": _ranges(parse_bars(controls[BARS]) or ()) if known else [],
        "tracks": [index for index in controls[TRACKS] if index in names],
        "locked": [index for index in controls[LOCKED] if index in names],
        "serial": controls.get(_SERIAL, 0),
    }


class _Chosen(TypedDict):
    bars: list[tuple[int, int]]
    tracks: list[int]
    locked: list[int]
    serial: int


def take_over(chosen: Any) -> None:
    """Sets the fields to what was selected on the roll; for the player's callback. A browser may say anything."""
    if not fits(_Chosen, chosen):
        return
    spans = [f"{first + 1}-{end}" if end - first > 1 else f"{end}" for first, end in chosen["bars"]]
    keep(_SERIAL, chosen["serial"])
    set_controls({BARS: ", ".join(spans), TRACKS: list(chosen["tracks"]), LOCKED: list(chosen["locked"])})


def _fit(names: Mapping[int, str]) -> None:
    """Forgets what was selected of another song's tracks; a song that gained or lost its last tracks stays the same."""
    known = song_controls().get(_OF, {})
    if any(known.get(index, name) != name for index, name in names.items()):
        set_controls(NOTHING | {name: None for name in song_controls() if name.startswith(SWAP)})
    for name in (TRACKS, LOCKED):
        chosen = song_controls().get(name, [])
        if any(index not in names for index in chosen):
            set_controls({name: [index for index in chosen if index in names]})
    keep(_OF, dict(names))


def check_bars(bars: str, piece: Piece) -> None:
    """Returns nothing where a piece has all of these bars.

    Raises:
        StudioError: it does not, or the text names none.
    """
    chosen, count = parse_bars(bars), len(bar_grid(piece.score))
    if chosen and max(chosen) >= count:
        raise StudioError(f"The piece has {count} bar{'s' * (count > 1)}. Choose bars from 1 to {count}.")


def are_there(bars: str, piece: Piece) -> bool:
    """Whether a piece has all of the bars that were typed, and they are bars."""
    try:
        check_bars(bars, piece)
    except StudioError:
        return False
    return True


def show_problem(bars: str, piece: Piece) -> None:
    """Shows what is wrong with the bars that were typed, if anything is."""
    try:
        check_bars(bars, piece)
    except StudioError as error:
        show_error(str(error))


def _ranges(bars: Any) -> list[list[int]]:
    """Returns the first bar, and the bar after the last, of each run of bars."""
    runs = [[bar for _, bar in run] for _, run in groupby(enumerate(sorted(bars)), lambda pair: pair[1] - pair[0])]
    return [[run[0], run[-1] + 1] for run in runs]
