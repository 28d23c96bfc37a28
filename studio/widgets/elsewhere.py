"""What stands on every page while another window has the song open: its music, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from music.errors import StudioError
from studio import session, visitors
from studio.projects.song import Song
from studio.widgets.player.player import NamedPiece, player
from studio.widgets.start import summary
from studio.wording import plain, show_error

_WHERE = {
    "window": "This song is open in another window. You can hear it here, and that window goes on with it.",
    "studio": "This song is open in another studio on this machine. You can hear it here as it was kept last.",
}


def shown_elsewhere() -> bool:
    """Shows that the visitor's song is open elsewhere, and who may go on with it; returns whether it is."""
    found = session.open_elsewhere()
    if found is None:
        return False
    song_id, holder = found
    try:
        project = visitors.project_of(song_id)
    except StudioError as error:
        show_error(str(error))
        _button("New song", "add", "another song", "Begins an empty one.", lambda: session.enter(Song()))
        return True
    st.markdown(f"#### {plain(project.name)}")
    st.info(_WHERE[holder], icon=":material/tab_duplicate:")
    with st.container(horizontal=True, key="elsewhere"):
        if holder == "window":
            text = "The other window lets it go; nothing is lost."
            _button("Open it here", "open_in_browser", "take over", text, lambda: session.take_over(song_id))
        text = "A second song with all takes, to go another way with."
        _button("Make a copy", "content_copy", "copy", text, lambda: session.enter(visitors.copy_of(song_id)))
        _button("New song", "add", "another song", "Leaves this one where it is.", lambda: session.enter(Song()))
    if project.piece is not None and project.piece.note_count:
        st.caption(plain(summary(project.piece)))
        player([NamedPiece(project.name, project.piece)], key="player")
    return True


def _button(label: str, icon: str, key: str, text: str, act: Callable[[], object]) -> None:
    st.button(label, icon=f":material/{icon}:", key=key, help=text, on_click=act)
