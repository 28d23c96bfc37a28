"""What is being done with checkpoints for this visitor, a job for each name, and what the last one found."""

from __future__ import annotations

import streamlit as st

from checkpoints.downloading import DownloadProgress
from checkpoints.pulling import in_words
from music.errors import StudioError
from studio.jobs import Job, registry
from studio.projects.song import Song
from studio.wording import plain

POLL_S = 0.4  # a bar that moves twice a second seems to move
_JOBS, _FOUND = "checkpoint jobs", "checkpoint findings"
_WORDS = {"verify": "Writing 8 notes to compare …", "pull": "Asking for it …"}


def start(song: Song, verb: str, name: str) -> None:
    """Starts to verify or pull a checkpoint; what hinders that is noted as its finding."""
    song.controls.setdefault(_FOUND, {}).pop(name, None)
    try:
        job = registry().submit(verb, name, owner=song.id)
        song.controls.setdefault(_JOBS, {})[name] = job.id
    except StudioError as error:
        note(song, name, str(error), good=False)


def note(song: Song, name: str, text: str, good: bool) -> None:
    """Keeps what was found out about a checkpoint until something else is."""
    song.controls.setdefault(_FOUND, {})[name] = [good, text]


def finding(song: Song, name: str) -> None:
    """Shows what the last job on a checkpoint found."""
    good, text = song.controls.get(_FOUND, {}).get(name, (True, ""))
    if text:
        (st.success if good else st.error)(plain(text), icon=":material/check_circle:" if good else ":material/error:")


def is_busy(song: Song, name: str) -> bool:
    """Returns whether a job on this checkpoint is under way or has just ended."""
    return name in song.controls.get(_JOBS, {})


@st.fragment(run_every=POLL_S)
def progress(song: Song, name: str) -> None:
    """Shows how far the job on a checkpoint is, with Stop, and takes its finding over once it has ended."""
    job = registry().poll(song.controls.get(_JOBS, {}).get(name), song.id)
    if job is None or not job.live:
        _finish(song, name, job)
        st.rerun()
    ahead, update = registry().position(job), job.update
    with st.container(horizontal=True, vertical_alignment="center"):
        if isinstance(update, DownloadProgress):
            st.progress(min(1.0, update.received / max(1, update.total)), in_words(update))
        else:
            st.progress(0.0, f"Waits for its turn: {ahead} before it." if ahead else _WORDS[job.verb])
        if st.button("Stop", icon=":material/stop_circle:", key=f"stop {name}", disabled=job.stop.is_set()):
            registry().stop(job.id, song.id)


def _finish(song: Song, name: str, job: Job | None) -> None:
    """Forgets a job that has ended, and notes what it found."""
    song.controls.get(_JOBS, {}).pop(name, None)
    if job is None:
        return
    registry().forget(job.id, song.id)
    if job.error:
        note(song, name, job.error, good=False)
    elif job.state == "stopped":
        kept = " What has come is kept, and Pull goes on from there." if job.verb == "pull" else ""
        note(song, name, f"Stopped.{kept}", good=True)
    elif job.verb == "verify":
        note(song, name, f"{job.result[:1].upper()}{job.result[1:]}.", good=True)
    else:
        note(song, name, "It is here now, and whole.", good=True)
