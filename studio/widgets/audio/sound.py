"""The sound that new music follows: recorded or dropped, with what is heard in it, and which four seconds of it count.

What is heard is kept with the song; the sound itself is the visit's, for it may be large.
"""

from __future__ import annotations

import math
from typing import Any, TypedDict

import streamlit as st

from music.audio.features import CLIP_FRAMES, HOP, RATE_HZ
from music.audio.picture import Picture
from music.errors import StudioError
from pipelines.options.audio import AudioOptions
from pipelines.options.values import fits, from_mapping
from pipelines.worker.verbs import HeardSound
from studio import session
from studio.controls import keep, set_controls, show_control, song_controls, widget_value
from studio.jobs import registry
from studio.limits import upload_mb
from studio.projects.song import Song
from studio.widgets.audio.picture import Row, pictures
from studio.widgets.start import MAX_SOUND_MB, SOUND_TYPES
from studio.wording import plain, show_error

STARTS = {
    "record": ("Record", "mic"),
    "drop": ("Drop a sound", "upload_file"),
    "words": ("Only words", "edit_note"),
}
"""The ways to begin: what each is called, and its icon."""

CLIP_SECONDS = CLIP_FRAMES * HOP / RATE_HZ
RECORDING_HZ = 22_050
"""As the networks hear it, so that a recording is no larger than it need be."""
_START = "audio start"


class Kept(TypedDict):
    """What is kept of a sound with the song.

    Attributes:
        file_id: of what was given, so that it is heard once.
        name: of the file.
        options: those of AudioOptions that the sound gives.
        start: second from which four are heard.
        key: that was heard; may be empty.
        outline: the whole sound.
        clip: the four seconds.
    """

    file_id: str
    name: str
    options: dict[str, Any]
    start: float
    key: str
    outline: Picture
    clip: Picture


def sound_control(song: Song) -> Kept | None:
    """Shows the three ways to begin, and the sound if there is one; returns that."""
    start = show_control(
        _START,
        "words",
        st.segmented_control,
        "Begin with",
        list(STARTS),
        format_func=lambda name: f":material/{STARTS[name][1]}: {STARTS[name][0]}",
        required=True,
        width="stretch",
        label_visibility="collapsed",
    )
    if start == "words":
        return None
    given = _input(start)
    kept = kept_sound(start)
    if given is not None and (kept is None or kept["file_id"] != given.file_id):
        kept = _hear_new(song, start, given)
    if kept is None:
        problem = session.read_note(_problem(song, start))
        if problem and given is not None:
            show_error(problem)
        return None
    return _card(song, start, kept, given is None)


def kept_sound(start: str | None = None) -> Kept | None:
    """Returns what is kept of the sound of a way to begin, by default the chosen one; None for none."""
    kept = song_controls().get(_name(start or song_controls().get(_START, "words")))
    if not fits(Kept, kept):  # a song's file may say anything
        return None
    try:
        from_mapping(AudioOptions, kept["options"])
    except StudioError:
        return None
    return kept


def _input(start: str) -> Any:
    """Shows the recorder or the uploader; returns what was given."""
    key = f"audio {start}"
    look: dict[str, Any] = {"key": key, "on_change": _changed, "args": (start, key), "label_visibility": "collapsed"}
    if start == "record":
        return st.audio_input("Record a sound", sample_rate=RECORDING_HZ, **look)
    return st.file_uploader("A sound to follow", SOUND_TYPES, max_upload_size=upload_mb(MAX_SOUND_MB), **look)


def _changed(start: str, key: str) -> None:
    if widget_value(key) is None:  # it was taken away
        keep(_name(start), None)


def _hear_new(song: Song, start: str, given: Any) -> Kept | None:
    """Returns what is kept of a sound that was just given; None if nothing can be heard in it."""
    noted = session.read_note(_problem(song, start) + " of")
    if noted == given.file_id:
        return None
    name = "Recording.wav" if start == "record" else given.name
    try:
        with st.spinner("Listening …"):
            heard = registry().ask("hear", given.getvalue(), name, owner=song.id)
    except StudioError as error:
        keep(_name(start), None)
        session.leave_note(_problem(song, start), str(error))
        session.leave_note(_problem(song, start) + " of", given.file_id)
        return None
    session.leave_note(_bytes(song, start), heard.kept)
    set_controls({_from(start): round(heard.start, 1)})
    return _keep(start, given.file_id, name, heard)


def _keep(start: str, file_id: str, name: str, heard: HeardSound) -> Kept:
    kept: Kept = {
        "file_id": file_id,
        "name": name,
        "options": heard.options,
        "start": heard.start,
        "key": heard.key,
        "outline": heard.outline,
        "clip": heard.clip,
    }
    return keep(_name(start), kept)


def _card(song: Song, start: str, kept: Kept, removable: bool) -> Kept:
    """Shows what is heard in the sound, and lets the visitor choose which four seconds; returns it."""
    sound = session.read_note(_bytes(song, start))
    seconds = kept["outline"]["seconds"]
    last = math.floor(10 * (seconds - CLIP_SECONDS)) / 10
    with st.container(border=True, gap="small", key="audio sound"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f":material/graphic_eq: **{plain(kept['name'])}**", width="content")
            if removable:  # else the recorder or the uploader takes it away
                icon = ":material/close:"
                st.button(
                    "Remove", icon=icon, type="tertiary", key="no sound", on_click=keep, args=(_name(start), None)
                )
        if sound is not None and last > 0:
            text = "Which four seconds of the sound are heard. The loudest are chosen at first."
            look = {"format": "%.1f s", "help": text}
            first = show_control(_from(start), 0.0, st.slider, "Heard from second", 0.0, last, step=0.1, **look)
            if abs(first - round(min(kept["start"], last), 1)) > 0.05:
                kept = _hear_again(song, start, kept, sound, first)
        pictures(_rows(kept), key="sound pictures")
        st.markdown(facts(kept))
        if sound is not None:
            until = min(seconds, kept["start"] + CLIP_SECONDS)
            st.audio(sound, "audio/flac", kept["start"], end_time=until, alt="The four seconds that are heard")
    return kept


def _hear_again(song: Song, start: str, kept: Kept, sound: bytes, first: float) -> Kept:
    try:
        heard = registry().ask("hear", sound, kept["name"], first, owner=song.id)
    except StudioError as error:
        show_error(str(error))
        return kept
    return _keep(start, kept["file_id"], kept["name"], heard)


def _rows(kept: Kept) -> list[Row]:
    seconds, first = kept["outline"]["seconds"], kept["start"]
    last = min(seconds, first + CLIP_SECONDS)
    heard = Row(
        f"What is heard: second {first:.1f} to {last:.1f}",
        f"Outline and mel bands of the {last - first:.1f} seconds that are heard.",
        kept["clip"],
    )
    if seconds <= CLIP_SECONDS + 0.1:
        return [heard]
    alt = f"Outline of the whole sound, {seconds:.1f} seconds; second {first:.1f} to {last:.1f} is marked."
    return [Row("The whole sound", alt, kept["outline"], window=(first, last)), heard]


def facts(kept: Kept) -> str:
    """Returns tempo, key and loudness of a sound in words."""
    tempo, level = kept["options"].get("sound_tempo_bpm"), kept["options"].get("sound_lufs")
    return " · ".join(
        [
            f"**{tempo:.0f} BPM**" if tempo else "no clear pulse",
            f"**{plain(kept['key'])}**" if kept["key"] else "no clear key",
            *([f"**{level:.0f} LUFS**".replace("-", "−")] if level is not None else []),
        ]
    )


def _name(start: str) -> str:
    return f"audio sound {start}"


def _from(start: str) -> str:
    return f"audio from {start}"


def _bytes(song: Song, start: str) -> str:
    return f"sound {song.id} {start}"


def _problem(song: Song, start: str) -> str:
    return f"sound problem {song.id} {start}"
