"""Where a visitor types the words that are to be sung."""

from __future__ import annotations

from typing import Any

import streamlit as st

from music.words.verses import MAX_CHARACTERS

HELP = (
    "A line of text for each phrase, an empty line between stanzas. Headings such as [Verse 1], [Chorus] and [Bridge] say "
    "where they are sung; without any, the second stanza is the chorus, or one that comes twice."
)


def lyrics_field(value: str | None, key: str, label: str = "Lyrics", **how: Any) -> str:
    """Shows a field for lyrics; returns its text."""
    told = {"value": value} if value is not None else {}
    return (
        st.text_area(
            label,
            key=key,
            height=200,
            max_chars=MAX_CHARACTERS,
            placeholder="The last train home is leaving now ...",
            help=HELP,
            **told,
            **how,
        )
        or ""
    )
