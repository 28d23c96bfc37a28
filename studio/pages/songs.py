"""The Songs page: all songs on the left; on the right the song in progress with its title, its music and its history."""

from __future__ import annotations

import streamlit as st

from studio import session
from studio.jobs import registry
from studio.projects.song import Song, name_of
from studio.widgets import chord_changes, edits, section_changes
from studio.widgets.job_progress import progress
from studio.widgets.player.player import NamedPiece, player
from studio.widgets.sharing import share
from studio.widgets.songs.history import song_history
from studio.widgets.songs.list import project_button, songs_list, title_field
from studio.widgets.start import summary
from studio.wording import plain, show_error


def current(song: Song) -> None:
    """Shows the song in progress."""
    if song.notice:
        show_error(song.notice)
    if song.writing is not None:
        progress(song)
    if not song.takes:
        if song.writing is None:
            with st.container(border=True, horizontal_alignment="center", key="welcome"):
                st.markdown("### A new song", text_alignment="center")
                st.markdown(
                    "Write its first take on another page, or open one of your songs here.", text_alignment="center"
                )
        return
    _title(song)
    if song.writing is None and song.piece is not None:
        st.caption(f"{plain(name_of(song.take, song.place.variant))} · {summary(song.piece)}")
        shown = NamedPiece(name_of(song.take, song.place.variant), song.piece)
        player(
            [shown],
            key="player",
            edit=edits.on_the_roll(song.piece),
            on_edit=edits.keep_edits,
            chords=chord_changes.on_the_lane(song.piece),
            on_chord=chord_changes.take_over,
            sections=section_changes.on_the_bar(song),
            on_section=section_changes.take_over,
        )
    song_history(song)


def _title(song: Song) -> None:
    """Shows the song's title, which can be typed over, and the button that downloads its project."""
    key = f"current title {song.id} {song.title}"  # a new one when it was renamed in the list
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title_field(song.title, key, song.rename, "current title", placeholder=song.name, width="stretch")
        with st.container(width=200):
            project_button(song.id, song.name, key="download project")
        if song.writing is None and song.piece is not None:
            share(song)


registry().warm_up()
song = session.song()
left, right = st.columns([4, 7], gap="large")
with left:
    songs_list(song)
with right:
    current(song)
