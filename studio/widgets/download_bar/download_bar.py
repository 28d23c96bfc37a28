"""A row of buttons, each for a file: it is made when its button is pressed, says how far it is, and then comes by itself."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

_HERE = Path(__file__).parent


class Offer(NamedTuple):
    """A file that is offered.

    Attributes:
        label: on its button.
        help: what it is, in a sentence.
        name: of the file.
        address: where it is asked for, see ``studio.files``.
        is_first: whether it is the one that most want.
        ahead: whether it is begun as soon as a pointer is near its button: what takes seconds, and cannot tell how far it is.
        is_fresh: whether each press has it made anew, see ``studio.files.File``.
    """

    label: str
    help: str
    name: str
    address: str
    is_first: bool = False
    ahead: bool = False
    is_fresh: bool = False


def download_bar(offers: Sequence[Offer], key: str) -> None:
    """Shows the buttons; what is being made goes on through reruns of the page."""
    _component()(key=key, data={"offers": [offer._asdict() for offer in offers]})


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_download_bar",
        html='<div class="downloads"><div class="row" role="group" aria-label="Downloads"></div><p role="status"></p></div>',
        css=(_HERE / "download_bar.css").read_text("utf-8"),
        js=(_HERE / "download_bar.js").read_text("utf-8"),
    )
