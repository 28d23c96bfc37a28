"""A take that is being written: its start, its progress with Stop and the roll that fills, and its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from music.compare import changed_notes
from music.piece import Piece
from pipelines.descriptors.pipelines import descriptor_of
from pipelines.options.transcribe import TranscribeOptions
from studio.jobs import Job, registry
from studio.projects.song import Song, Writing
from studio.widgets import takes
from studio.widgets.player.player import NamedPiece, player
from studio.widgets.start import summary
from studio.wording import about

POLL_S = 0.4  # each time the whole roll is sent: oftener would cost more than it shows
WAITING_POLL_S = 1.5  # while others are written: the server has all visitors' pages to run, and a place changes seldom


def write(
    song: Song, verb: str, piece: Piece, options: Any, detail: str = "", stages: Sequence[Piece] | None = None
) -> None:
    """Starts to write a take as ``begin`` does, and runs the page again so that it shows how that goes."""
    begin(song, verb, piece, options, detail, stages)
    st.rerun()


def begin(
    song: Song, verb: str, piece: Piece, options: Any, detail: str = "", stages: Sequence[Piece] | None = None
) -> None:
    """Starts to write a take; for callbacks, after which the page runs anyway.

    Args:
        song: gets the take.
        verb: the worker's name for the pipeline.
        piece: what the pipeline takes.
        options: what was asked for.
        detail: the same in a few words; by default the result in one line.
        stages: of a composed song, the results of the stages that are kept; None for a pipeline without stages.

    Raises:
        StudioError: the studio is too busy.
    """
    kept = () if stages is None else (tuple(stages),)
    _start(song, verb, (piece, options, *kept), piece if piece.note_count else None, options, detail, *kept)


def write_down(song: Song, source: bytes, name: str, options: TranscribeOptions, detail: str) -> None:
    """Starts to write down a sound, as ``write`` does.

    Args:
        song: gets the take.
        source: the bytes of a sound file.
        name: of the file.
        options: what was asked for.
        detail: the same in a few words.

    Raises:
        StudioError: the studio is too busy.
    """
    _start(song, "transcribe", (source, name, options), None, options, detail)
    st.rerun()


def _start(song: Song, verb: str, arguments: tuple[Any, ...], *remembered: Any) -> None:
    """Has the worker do this for a take that will remember that much, see ``Writing``."""
    song.writing = Writing(registry().submit(verb, *arguments, owner=song.id).id, *remembered)
    song.notice, song.remarks = None, ()


def progress(song: Song, show: Callable[[Song, Job], None] | None = None) -> None:
    """Shows the take that is being written, and takes it over once it is finished.

    Args:
        song: gets the take.
        show: shows what there is so far, below how it goes; by default a roll that fills.
    """
    job = registry().poll(song.writing.job_id, song.id) if song.writing else None
    waits = job is not None and registry().position(job) > 0
    st.fragment(_progress, run_every=WAITING_POLL_S if waits else POLL_S)(song, show, waits)


def _progress(song: Song, show: Callable[[Song, Job], None] | None, waited: bool) -> None:
    finish(song)
    if song.writing is None:
        st.rerun()
    job = registry().poll(song.writing.job_id, song.id)
    ahead, step = registry().position(job), job.update
    if waited and not ahead:  # from now on there is something to see, and oftener
        st.rerun()
    options, before = song.writing.options, song.writing.before
    grows, rewrites = takes.grows(options), takes.rewrites(options)
    kept = song.writing.stages  # of a composed song that is written again from one of its stages on
    share = step.done / step.total if step else len(kept) / len(options.stages) if kept else 0.0
    if ahead:
        text = waiting_in_words(ahead, registry().wait_s(job))
    elif step is None:
        text = "Warming up …"
    else:
        text = descriptor_of(options).progress(options, step.done, step.total)
    with st.container(horizontal=True, vertical_alignment="center", key="writing"):
        st.progress(min(1.0, share), text)
        label = "Stop and keep" if step else "Cancel"
        if st.button(
            label,
            icon=":material/stop_circle:",
            key="stop",
            disabled=job.stop.is_set(),
            help="Ends the writing; what is there so far is kept.",
        ):
            registry().stop(job.id, song.id)
    if show is not None:
        show(song, job)
    elif any(piece.note_count for piece in step.pieces) if step else before is not None and not grows:
        pieces = (before,) if step is None else step.pieces
        marks = changed_notes(before.score, pieces[0].score) if rewrites and step else None
        player([NamedPiece("Now", pieces[0], marks)], key="live", live=True, grows=grows)
        takes.small_rolls(pieces)


def waiting_in_words(place: int, wait_s: float | None) -> str:
    """Returns what a visitor reads whose work waits.

    Args:
        place: among all that wait, 1 for the next.
        wait_s: seconds until it starts; None where nobody can say.
    """
    before = "You are next." if place == 1 else f"{place - 1} before you."
    return f"{before} " + ("Others are writing at the moment." if wait_s is None else f"It starts in {about(wait_s)}.")


def finish(song: Song) -> None:
    """Takes over what is being written if it has ended; also where no page looks."""
    job = registry().poll(song.writing.job_id, song.id) if song.writing else None
    if song.writing and (job is None or not job.live):
        _take_over(song, job)


def _take_over(song: Song, job: Job | None) -> None:
    """Makes a take of what a finished job wrote, or notes what went wrong."""
    done, song.writing = song.writing, None
    if job is None:
        song.notice = "The studio has lost track of this job. Start it again."
        return
    registry().forget(job.id, song.id)
    if job.error:
        song.notice = job.error
    elif job.result is None:
        return
    elif not any(piece.note_count for piece in job.result.pieces):
        if job.state == "done":  # else it was stopped before the first note
            song.notice = "No notes came of this. Try again, or ask for other music."
    else:
        detail = done.detail or summary(job.result.piece)
        stages = (*done.stages, *getattr(job.result, "stages", ())[len(done.stages) :])
        song.remarks = job.result.remarks
        song.add(job.result.pieces, detail=detail, before=done.before, options=done.options, stages=stages)
