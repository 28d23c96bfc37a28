"""Pictures of sounds under one another: outlines and mel bands, on one scale of time and decibels where they are compared."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from music.audio.features import FLOOR_DB, RATE_HZ
from music.audio.picture import STEP_DB, Picture
from music.roll.picture import SCRIPTS as DRAWING

_HERE = Path(__file__).parent
_DRAWING = DRAWING / "roll.js"  # how a canvas is begun, and the colors of the theme


class Row(NamedTuple):
    """One sound of the pictures.

    Attributes:
        label: what stands over it.
        alt: what is seen, in words.
        picture: the sound; None for one whose picture comes from ``address``.
        address: where the sound is made, see ``studio.media``; its picture comes with it.
        window: seconds of its outline that are marked: from, to.
    """

    label: str
    alt: str
    picture: Picture | None = None
    address: str = ""
    window: tuple[float, float] | None = None


def pictures(rows: Sequence[Row], key: str, *, shared: bool = False) -> None:
    """Shows sounds under one another.

    Args:
        rows: the sounds, from above.
        key: the same for the same place on the page.
        shared: whether all have as many seconds a pixel.
    """
    data = {"rows": [_plain(row) for row in rows], "shared": shared}
    data |= {"step_db": STEP_DB, "floor_db": FLOOR_DB, "top_hz": RATE_HZ / 2}
    _component()(key=key, data=data)


def _plain(row: Row) -> Mapping[str, Any]:
    return row._asdict() | {"window": None if row.window is None else list(row.window)}


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_sound_pictures",
        html='<div class="pictures"></div>',
        css=(_HERE / "picture.css").read_text("utf-8"),
        js=_DRAWING.read_text("utf-8") + (_HERE / "picture.js").read_text("utf-8"),
    )
