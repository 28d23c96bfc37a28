"""The top of a page: its title, and what the music starts from: nothing, a file of the visitor's, or the song in progress."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

import streamlit as st

from music.bars import bar_grid, tempo_map
from music.clock import clock
from music.edit_song import beat_tempo
from music.errors import StudioError
from music.instruments import instrument_name, program_of
from music.piece import Piece
from music.theory import ALL_KEYS, Key, estimate_key, written_key
from pipelines.descriptors.pipelines import STEPS
from studio.controls import set_controls, show_control
from studio.jobs import registry
from studio.limits import upload_mb
from studio.projects.project import Take, Upload
from studio.projects.song import Song
from studio.wording import first_few, plain, show_error

_MAX_UPLOAD_MB = 20  # more than ``music.files`` takes: its refusal says what to do, the uploader's does not
SOUND_TYPES = ["wav", "flac", "ogg", "opus", "mp3", "aif", "aiff"]
"""Endings of sounds that pages take."""
MAX_SOUND_MB = 200  # ten minutes as WAV at 96,000 Hz
FILE_TYPES = ["mid", "midi", "kar", "rmi", "musicxml", "mxl", "xml"]
STARTS = {"nothing": "Nothing", "file": "A file", "song": "This song"}
EXAMPLE = Path(__file__).parents[1] / "examples" / "greensleeves.mid"
"""A tune to try worked examples on."""
_IN_THE_SAME_KEY = [name for name, step in STEPS.items() if step.keeps_key]
"""Pipelines that leave a piece in the key that it is in."""


def heading(title: str, examples: Iterable[str], use: Callable[[str], None]) -> None:
    """Shows a page's title, and behind a button the names of its worked examples; a press calls ``use`` with one."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="heading"):
        st.markdown(f"#### {title}")
        with st.popover("Examples", icon=":material/lightbulb:", type="tertiary", help="Settings to begin with."):
            example_buttons(examples, "example", use)


def example_buttons(names: Iterable[str], where: str, use: Callable[[str], None]) -> None:
    """Shows a button for each worked example, in the place of the page with this name; a press calls ``use`` with its own."""
    for name in names:
        st.button(name, key=f"{where} {name}", on_click=use, args=(name,))


def has_music(song: Song) -> bool:
    """Whether the song in progress has notes."""
    return song.piece is not None and song.piece.note_count > 0


def music_control(song: Song, wanted: str) -> bool:
    """Shows the uploader, folded up once there is music; returns whether there is. ``wanted`` says what file to give."""
    if not has_music(song):
        st.caption(wanted)
        upload(song)
        return False
    with st.expander("Another file", icon=":material/upload_file:"):
        upload(song)
    repairs_note(song.upload, song.take)
    return True


def start_control(song: Song) -> tuple[Piece, int | None]:
    """Shows what the music starts from; returns that piece, and the bar to continue after (None for its end)."""
    if song.piece is None and song.controls.get("start") == "song":  # undone
        set_controls({"start": "nothing"})
    starts = [name for name in STARTS if name != "song" or song.piece is not None]
    start = show_control(
        "start",
        "nothing",
        st.segmented_control,
        "Start from",
        starts,
        format_func=STARTS.get,
        required=True,
        width="stretch",
        help="Write from nothing, continue a file of yours, or continue what you hear on the right.",
    )
    if start == "file":
        upload(song)
        piece = song.upload.take.pieces[0] if song.upload and song.upload.take else None
        repairs_note(song.upload, song.upload.take if song.upload else None)
    else:
        piece = song.piece if start == "song" else None
    if piece is None:
        return Piece.empty(), None
    st.caption(summary(piece))
    bars = len(bar_grid(piece.score))
    if bars < 2:
        return piece, None
    text = "The music up to here stays as it is, note for note. What comes after it is written anew."
    name = f"keep bars {piece.fingerprint[:8]}"
    after = show_control(name, bars, st.slider, "Continue after bar", 1, bars, help=text)
    return piece, None if after == bars else after


def upload(
    song: Song, on_read: Callable[[Take], None] | None = None, on_sound: Callable[[Any], None] | None = None
) -> None:
    """Shows the uploader; a file becomes a take, and its health report or what is wrong with it is shown.

    Args:
        song: gets the take.
        on_read: is called with the take; then the page itself shows what became of the file, but for what is wrong.
        on_sound: takes what the uploader gives of a sound file, in each run; None for a place that takes no sounds.
    """
    label, kinds, most_mb = "A MIDI or MusicXML file", FILE_TYPES, _MAX_UPLOAD_MB
    if on_sound is not None:
        label, kinds, most_mb = "A MIDI, MusicXML or sound file", FILE_TYPES + SOUND_TYPES, MAX_SOUND_MB
    file = st.file_uploader(label, kinds, max_upload_size=upload_mb(most_mb), label_visibility="collapsed")
    if file is not None and on_sound is not None and file.name.lower().endswith(tuple(SOUND_TYPES)):
        on_sound(file)
        return
    if file is not None and (song.upload is None or song.upload.file_id != file.file_id):
        try:
            with st.spinner("Reading the file …"):
                piece, report = registry().ask("inspect", file.getvalue(), file.name, owner=song.id)
            take = song.add((piece,), label=file.name, detail=summary(piece))
            song.upload = Upload(file.file_id, take, report.to_text(), repairs=report.repairs)
            if on_read:
                on_read(take)
        except StudioError as error:
            song.upload = Upload(file.file_id, problem=str(error))
        st.rerun()
    if song.upload is not None and song.upload.take is None:
        show_error(song.upload.problem)
    elif song.upload is not None and on_read is None:
        if file is None:  # the page was reloaded: the song still has it, the uploader does not
            st.markdown(f"**{plain(song.upload.take.label)}**")
        with st.expander("Health report"):
            st.code(song.upload.report, language=None, wrap_lines=True)


def repairs_note(upload: Upload | None, take: Take | None) -> None:
    """Shows what reading the last file had to mend or leave out, if it became this take."""
    if upload is not None and take is not None and upload.take is take and upload.repairs:
        lines = "".join(f"\n- {plain(repair)}" for repair in upload.repairs)
        st.warning(f"To know about {plain(take.label)}:\n{lines}", icon=":material/healing:")


@functools.lru_cache(maxsize=256)  # asked in each run of a page, for each take in its list
def summary(piece: Piece, pitched_like: Piece | None = None) -> str:
    """Returns a piece in one line: key, tempo, meter, length and instruments.

    Args:
        piece: what is told of.
        pitched_like: a piece of the same pitches, whose key it is in; None for none.
    """
    if piece.note_count == 0:
        return "No notes"
    bars, tempi = bar_grid(piece.score), tempo_map(piece.score)[2]
    tracks = [track for track in piece.score.tracks if len(track.notes)]
    names = list(dict.fromkeys(instrument_name(program_of(track)) for track in tracks))
    return " · ".join(
        [
            *([_key(pitched_like or piece)] if any(not track.is_drum for track in tracks) else []),
            f"{_tempo(piece)}{', changing' if len(tempi) > 1 else ''}",
            f"{bars[0].numerator}/{bars[0].denominator}" + (", changing" if len({bar[2:] for bar in bars}) > 1 else ""),
            f"{len(bars)} bar{'s' * (len(bars) > 1)}",
            clock(piece.seconds),
            first_few(names, 4),
        ]
    )


def _tempo(piece: Piece) -> str:
    """Returns the tempo at the beginning, with the note that it counts where that is no quarter."""
    tempo = beat_tempo(piece.score)
    return f"{tempo.bpm:.0f} BPM" if tempo.quarters == 1 else f"{tempo.sign} = {tempo.bpm:.0f} BPM"


def _key(piece: Piece) -> str:
    """Returns the key it was composed or harmonized in, else the written one where that is heard, else "about" what is heard."""
    since = list(takewhile(lambda each: each.get("pipeline") in _IN_THE_SAME_KEY, reversed(piece.history)))
    recipe = piece.history[-len(since) - 1] if len(since) < len(piece.history) else {}
    source = recipe.get("options") if recipe.get("pipeline") == "theme" else recipe
    meant = source.get("key") if isinstance(source, dict) else None  # a file's recipe may say anything
    if named := next((key for key in ALL_KEYS if key.name == meant), None):
        return Key((named.tonic + _transposed_by(since)) % 12, named.mode).name
    heard, written = estimate_key(piece.score)[0], written_key(piece.score)
    return written.name if written in (heard, heard.relative) else f"about {heard.name}"


def _transposed_by(recipes: Iterable[Any]) -> int:
    """Returns by how many semitones these steps of a history transposed a piece."""
    options = (each.get("options") for each in recipes if each.get("pipeline") == "edit")
    steps = (each.get("semitones") for each in options if isinstance(each, dict))
    return sum(each for each in steps if type(each) is int)
