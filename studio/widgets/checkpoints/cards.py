"""What the Checkpoints page says of each checkpoint and sound bank, and what can be done with it there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from checkpoints.sources import offline
from checkpoints.store import KIND_NAMES, RegistryEntry, cards_folder, remove
from music.errors import StudioError
from pipelines.descriptors.pipelines import PIPELINES
from studio.controls import bound, keep
from studio.projects.song import Song
from studio.songs import are_listed
from studio.widgets.checkpoints import jobs
from studio.wording import plain

CSS = Path(__file__).with_suffix(".css")
PURPOSES = {each.task: each.title for each in PIPELINES.values() if each.task}
"""What an entry's task is called on the page."""

STATES: Mapping[str, tuple[str, str]] = {
    "ships": ("Ships with the studio", "green"),
    "here": ("Here", "green"),
    "away": ("Can be pulled", "blue"),
    "lost": ("Its file is missing", "red"),
}
"""Where an entry's file is: the words for it, and their color."""


def state(found: RegistryEntry) -> str:
    """Returns where an entry's file is, one of STATES."""
    if not found.is_here:
        return "away" if found.sources else "lost"
    return "ships" if found.ships else "here"


def checkpoint_card(song: Song, found: RegistryEntry) -> None:
    """Shows one checkpoint or sound bank: what it is, where it is, its card, and the buttons for it."""
    name, details = found.name, found.details
    words, color = STATES[state(found)]
    with st.container(border=True, key=f"checkpoint {name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(name)}**", width="content")
            kind = KIND_NAMES[found.kind].removeprefix("a ").capitalize()
            st.badge(PURPOSES.get(found.task, found.task or kind), color="violet")
            st.badge(words, color=color)
        st.markdown(" · ".join(plain(fact) for fact in facts(found)))
        lines = (*details.get("metrics", ()), data_line(found), origin_line(found))
        st.caption("  \n".join(plain(line) for line in lines if line))
        if jobs.is_busy(song, name):
            jobs.progress(song, name)
        else:
            _buttons(song, found)
            jobs.finding(song, name)
        _card(found)


def facts(found: RegistryEntry) -> list[str]:
    """Returns parameters, size and license in words."""
    weights = found.details.get("parameters")
    return [
        *([f"{weights / 1e6:.2f} M parameters"] if weights else []),
        f"{found.whole_bytes / 1e6:.1f} MB",
        f"License: {found.details.get('licence') or 'not known'}",
    ]


def data_line(found: RegistryEntry) -> str:
    """Returns what it learned from, in one line; empty if that is not known."""
    data = found.details.get("data")
    return f"Learned from {', '.join(data)}" if data else ""


def origin_line(found: RegistryEntry) -> str:
    """Returns where it is from, in one line; empty for what was made or shipped here."""
    if found.origin:
        return f"Listed by {found.origin}"
    if found.shipped_before:
        return "Shipped with earlier versions; the history of the repository has it"
    return f"Imported from {found.details['source']}" if found.details.get("source") else ""


def _buttons(song: Song, found: RegistryEntry) -> None:
    """Shows what can be done with an entry: verify, pull, remove."""
    name, where = found.name, state(found)
    with st.container(horizontal=True):
        if where != "away":
            text = "Compares the file with its size and SHA-256 sum"
            text += ", and lets the model write 8 notes to compare with those that it should write."
            if found.kind != "checkpoint":
                text = "Compares the file with its size and SHA-256 sum."
            st.button(
                "Verify",
                icon=":material/verified:",
                key=f"verify {name}",
                help=text,
                on_click=jobs.start,
                args=(song, "verify", name),
            )
        if found.sources and are_listed():  # what is pulled is everybody's
            switch = None if found.shipped_before else offline()
            st.button(
                "Pull" if where == "away" else "Pull again",
                icon=":material/download:",
                key=f"pull {name}",
                type="primary" if where == "away" else "tertiary",
                disabled=switch is not None,
                help=f"{switch} keeps the studio offline." if switch else "Gets it, or mends what is damaged.",
                on_click=jobs.start,
                args=(song, "pull", name),
            )
        if where in ("here", "lost") and are_listed():
            with st.popover("Remove", icon=":material/delete:", type="tertiary", key=f"removal {name}"):
                again = "It can be pulled again." if found.sources else "It cannot be pulled again from here."
                st.write(f"Deletes {plain(name)} from this machine ({found.whole_bytes / 1e6:.1f} MB). {again}")
                st.button(
                    f"Remove {name}", key=f"remove {name}", type="primary", on_click=partial(_remove, song, found)
                )


def _remove(song: Song, found: RegistryEntry) -> None:
    try:
        remove(found.name)
    except StudioError as error:
        jobs.note(song, found.name, str(error), good=False)


def _card(found: RegistryEntry) -> None:
    """Shows an entry's card behind its name, with the picture beside it."""
    page = cards_folder(found) / f"{found.name}.md"
    if not page.is_file():
        return
    name = f"card {found.name}"
    shown = st.expander("Card", icon=":material/description:", on_change="rerun", key=bound(name, False))
    if keep(name, shown.open):
        with shown:
            picture = page.with_suffix(".png")
            if picture.is_file():
                st.image(picture.read_bytes(), "How the loss fell while it learned")
            st.html(CSS)
            with st.container(key=f"card text {found.name}"):
                st.markdown(card_text(page.read_text(encoding="utf-8", errors="replace")))


def card_text(text: str) -> str:
    """Returns a card as the page shows it: headings small, and no pictures, which a stranger's card would have fetched."""
    lines = [line for line in text.splitlines() if not line.startswith(("# ", "![loss curve]"))]
    smaller = [f"####{line}" if line.startswith("## ") else line for line in lines]
    return "\n".join(smaller).replace("![", "[")
