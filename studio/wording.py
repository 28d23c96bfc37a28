"""Text from outside, such as a file's name or a typed word, as Streamlit is to show it: letter by letter."""

from __future__ import annotations

import re

import streamlit as st

_MEANS_MORE = re.compile(r"[\\`*_{}\[\]<>$~|]|:(?=\S)|(?m:(?<=www)\.|^[ \t]*[-+=#]|(?<=^\d)[.)]|(?<=^\d\d)[.)])")


def plain(text: str) -> str:
    """Returns a text as Markdown that shows just this text."""
    return _MEANS_MORE.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", text)


def show_error(text: str) -> None:
    """Shows a sentence that says what went wrong; what it quotes is shown letter by letter."""
    st.error(plain(text))


def slug(text: str) -> str:
    """Returns a text as the name of a file without its ending: small letters, digits and hyphens."""
    return re.sub(r"\W+", "-", text).strip("-").lower() or "song"
