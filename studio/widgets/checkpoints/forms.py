"""Where the Checkpoints page takes something in: a file of the visitor's, and the registries that others published."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from checkpoints.registries import add, added, forget
from checkpoints.sources import offline
from music.errors import StudioError
from studio import session
from studio.controls import set_widget
from studio.jobs import registry
from studio.limits import upload_mb
from studio.projects.song import Song
from studio.wording import plain

FILE_TYPES = ["pt", "sf2", "sf3", "safetensors"]
MAX_UPLOAD_MB = 500  # an upload lies in the server's memory; larger files come in by the command line
_SAID = "checkpoint forms said"
_ADDED = "registry added"


def import_form(song: Song) -> None:
    """Shows the uploader for checkpoints and sound banks."""
    st.markdown("##### Import")
    file = st.file_uploader(
        "A MusicBERT checkpoint of fairseq (.pt), a sound bank (.sf2, .sf3) or a listed checkpoint (.safetensors)",
        FILE_TYPES,
        max_upload_size=upload_mb(MAX_UPLOAD_MB),
        key="import file",
    )
    st.caption("Larger files: `python -m checkpoints import FILE`. A sound bank plays from then on.")
    if file is not None and st.button("Import", icon=":material/upload_file:", key="import", type="primary"):
        with st.spinner("Taking it in …"), tempfile.TemporaryDirectory(prefix="deepmusic-import-") as folder:
            path = Path(folder, Path(file.name).name)
            path.write_bytes(file.getbuffer())
            try:
                name = registry().ask("import", path, owner=song.id)
                _say(song, "import", True, f"{name} is here now.")
            except StudioError as error:
                _say(song, "import", False, str(error))
        st.rerun()
    _answer(song, "import")


def registries_form(song: Song) -> None:
    """Shows the published registries that are read, with a field for another one."""
    st.markdown("##### Published by others")
    switch = offline()
    if session.take_note(_ADDED):  # an address that was refused stays, to be mended
        set_widget("registry address", "")
    with st.form("add registry", border=False):
        address = st.text_input(
            "Address of a registry",
            key="registry address",
            placeholder="https://… or hf://owner/name@COMMIT",
            help="The folder or the registry.toml that somebody made with `python -m checkpoints publish`.",
        )
        asked = st.form_submit_button(
            "Add",
            icon=":material/add_link:",
            disabled=switch is not None,
            help=f"{switch} keeps the studio offline." if switch else None,
        )
    if asked and address.strip():
        try:
            with st.spinner("Reading what it lists …"):
                found = add(address)
            left = f" Left out, as the names stand for others here: {', '.join(found.taken)}." if found.taken else ""
            session.leave_note(_ADDED, True)
            _say(song, "add", True, f"Can be pulled now: {', '.join(found.names)}.{left}")
        except StudioError as error:
            _say(song, "add", False, str(error))
        st.rerun()
    _answer(song, "add")
    for place in added():
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(plain(place), width="content")
            st.button(
                "Forget",
                key=f"forget {place}",
                type="tertiary",
                icon=":material/link_off:",
                help="Its list is no longer shown. What was pulled from it stays.",
                on_click=_forget,
                args=(song, place),
            )


def _forget(song: Song, place: str) -> None:
    try:
        forget(place)
    except StudioError as error:
        _say(song, "add", False, str(error))


def _say(song: Song, form: str, good: bool, text: str) -> None:
    song.controls.setdefault(_SAID, {})[form] = [good, text]


def _answer(song: Song, form: str) -> None:
    """Shows, once, what became of the last thing that was taken in."""
    good, text = song.controls.get(_SAID, {}).pop(form, (True, ""))
    if text:
        (st.success if good else st.error)(plain(text))
