"""The button that makes a link to a song's listening page, and takes it back."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from music.errors import StudioError
from studio import session, songs, visitors
from studio.jobs import registry
from studio.projects.song import Song
from studio.widgets.downloads import titled
from studio.wording import show_error

POLL_S = 0.5  # a page takes as long as its sound
_JOB, _PROBLEM = "page being made", "page problem"


def share(song: Song, synthesis: str = "played") -> None:
    """Shows the button behind which the current take gets a link, or its link is seen and withdrawn.

    Args:
        song: has a current take.
        synthesis: how its sound is made.
    """
    if not song.piece.note_count:
        return
    with st.popover("Share", icon=":material/share:", key="share", help="A link to a page where others can listen."):
        if problem := session.take_note(_PROBLEM):
            show_error(problem)
        if _job(song) is not None:
            st.fragment(_wait, run_every=POLL_S)(song)
        else:
            _link(song, synthesis)


def _link(song: Song, synthesis: str) -> None:
    """Shows the song's link and what can be done with it, or what makes one."""
    shared = visitors.shares().of(song.id)
    if shared is None:
        st.markdown(
            "Whoever has the link hears this take on a page of its own, with piano roll, sheet, words and how it was made, "
            "and can take it home as MP3 and MIDI. They change nothing, and reach none of your other songs."
        )
        _make_button("Make a link", song, synthesis, ":material/link:")
        return
    address = link_to(shared.token)
    st.code(address, language=None, wrap_lines=True)
    if songs.is_local(None, {"Host": urlsplit(address).netloc}):
        st.caption(
            "Only browsers on this machine reach this address. For others start the studio where they reach it, or send them "
            "the file *Listening page*."
        )
    st.link_button("Open the page", address, icon=":material/open_in_new:", width="stretch")
    if not shared.plays(titled(song).fingerprint):
        st.caption("The page plays the song as it was when you shared it.")
        _make_button("Share it as it is now", song, synthesis, ":material/sync:")
    st.button(
        "Withdraw the link",
        key="withdraw",
        icon=":material/link_off:",
        on_click=visitors.shares().withdraw,
        args=(song.id,),
        width="stretch",
        help="The link leads nowhere from then on.",
    )


def _make_button(label: str, song: Song, synthesis: str, icon: str) -> None:
    st.button(
        label,
        key="make link",
        icon=icon,
        on_click=_begin,
        args=(song, synthesis),
        width="stretch",
    )


def link_to(token: str) -> str:
    """Returns the address of a page as the visitor's browser names this studio."""
    here = urlsplit(st.context.url or "")
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    path = "/".join(filter(None, (base, "listen", token)))
    return f"{here.scheme}://{here.netloc}/{path}" if here.netloc else f"/{path}"


def _begin(song: Song, synthesis: str) -> None:
    """Has the worker make the page of the current take."""
    piece = titled(song)
    try:
        job = registry().submit("page", piece, synthesis, owner=song.id)
    except StudioError as error:  # the queue is full
        session.leave_note(_PROBLEM, str(error))
        return
    session.leave_note(_JOB, (song.id, job.id, piece.fingerprint))


def _job(song: Song) -> tuple[str, str] | None:
    """Returns the job that makes a page of this song, and the fingerprint of what it plays; None where there is none."""
    note = session.read_note(_JOB)
    return note[1:] if note and note[0] == song.id else None


def _wait(song: Song) -> None:
    """Shows how far the page is; once it is made, it is kept and the link is shown."""
    note = _job(song)
    if note is None:
        return
    job_id, fingerprint = note
    job = registry().poll(job_id, song.id)
    if job is not None and job.live:
        share = job.update if isinstance(job.update, float) else 0.0
        st.progress(min(share, 1.0), f"Making the page… {share:.0%}")
        return
    session.take_note(_JOB)
    try:
        if job is None or job.state == "stopped":
            raise StudioError("The page was not made to its end. Make the link again.")
        if job.error:
            raise StudioError(job.error)
        visitors.shares().put(song.id, fingerprint, job.result)
    except StudioError as error:
        session.leave_note(_PROBLEM, str(error))
    finally:
        registry().forget(job_id, song.id)
    st.rerun()
