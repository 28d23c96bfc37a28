"""Text from outside, such as a file's name or a typed word, as Streamlit is to show it: letter by letter."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

_LONGEST_NAME = 60  # letters: three bytes each at most, and a file system takes 255 with what follows
_MEANS_MORE = re.compile(r"[\\`*_{}\[\]<>$~|]|:(?=\S)|(?m:(?<=www)\.|^[ \t]*[-+=#]|(?<=^\d)[.)]|(?<=^\d\d)[.)])")


def plain(text: str) -> str:
    """Returns a text as Markdown that shows just this text."""
    return _MEANS_MORE.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", text)


def show_error(text: str) -> None:
    """Shows a sentence that says what went wrong; what it quotes is shown letter by letter."""
    st.error(plain(text))


def first_few(names: Sequence[str], most: int = 3) -> str:
    """Returns the first so many names, and how many more there are: "a, b, c and 2 more"."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def slug(text: str) -> str:
    """Returns a text as the name of a file without its ending: small letters, digits and hyphens, not too many."""
    return re.sub(r"\W+", "-", text).lower().strip("-")[:_LONGEST_NAME].strip("-") or "song"


def about(seconds: float) -> str:
    """Returns a time that is not known well, in words."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {10 * round(seconds / 10)} seconds"
    return f"about {round(seconds / 60)} minutes"
