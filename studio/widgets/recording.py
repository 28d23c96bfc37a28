"""A tune that is hummed, played or dropped as a sound: it is written down at once, and again in another way where that is wished.

The sound itself is the visit's, for it may be large; its outline is kept with the song.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple, TypedDict

import streamlit as st

from music.audio.picture import Picture
from music.errors import StudioError
from music.piece import Piece
from music.theory import ALL_KEYS
from pipelines.options import transcribe as limits
from pipelines.options.checks import TEMPO_RANGE_BPM, TIME_SIGNATURES
from pipelines.options.transcribe import TranscribeOptions
from pipelines.options.values import fits
from studio import session
from studio.controls import keep, set_controls, song_controls
from studio.jobs import registry
from studio.projects.project import Take
from studio.projects.song import Song
from studio.widgets.job_progress import write_down
from studio.widgets.options_panel import OptionsPanel
from studio.widgets.recorder.recorder import forget, recorder
from studio.widgets.start import has_music, repairs_note, upload
from studio.wording import plain, show_error

HEARD_AS = {"auto": "Auto", "hum": "One voice", "many": "Several notes"}
"""What the page calls each way to hear."""
GRIDS = {name: "As played" if name == "none" else name for name in limits.GRIDS}
PANEL = OptionsPanel(
    TranscribeOptions,
    {
        "mode": (
            "What is heard",
            "One voice hums, sings, whistles or plays a note at a time. Several notes at a time take a network, which misses "
            "some and adds some.",
        ),
        "tempo_bpm": ("Tempo (BPM)", "Quarter notes a minute, if you kept to a beat. Clear it, and the beats are found."),
        "time_signature": ("Time signature", "Beats in a bar, and which note is one beat. Clear it, and it is found."),
        "key": ("Key", "The key that is written. Clear it, and it is found."),
        "grid": ("Grid", "On which notes begin and end: 1/12 and 1/24 are triplets. As played moves none."),
    },
    "transcribe ",
)  # fmt: skip
_SHOWN = "transcribe sound"
_HEARD = "sounds that were heard"
_RECORDER = "tune recording"


class Shown(TypedDict):
    """What is kept with the song of the sound that was written down last.

    Attributes:
        input: its fingerprint, as in recipes.
        name: of the file.
        outline: the whole sound.
    """

    input: str
    name: str
    outline: Picture


class Wave(TypedDict):
    """The outline of a sound behind the notes that were heard in it.

    Attributes:
        name: of the file.
        outline: the whole sound.
        begins_s: when the first bar begins in it, in seconds.
    """

    name: str
    outline: Picture
    begins_s: float


class _Sound(NamedTuple):
    """The sound that was given last: fingerprint, name of the file, bytes."""

    input: str
    name: str
    source: bytes


def tune_control(song: Song, wanted: str) -> bool:
    """Shows uploader and recorder, folded up once there is music; returns whether there is. ``wanted`` says what to give."""
    just_written_down(song)  # here it is the current take and no more
    if not has_music(song):
        st.caption(wanted)
        tune_input(song, "Record or hum a tune")
        written_again(song, None)
        return False
    with st.expander("Another file or recording", icon=":material/mic:"):
        tune_input(song, "Record or hum a tune")
    written_again(song, song.piece)
    repairs_note(song.upload, song.take)
    return True


def tune_input(song: Song, label: str, on_read: Callable[[Take], None] | None = None) -> None:
    """Shows an uploader that takes sounds too, and under it a recorder; a sound is written down as it comes.

    Args:
        song: gets the take.
        label: of the recorder.
        on_read: is called with the take of a file of notes; that of a sound is to be asked for by ``just_written_down``.
    """
    upload(song, on_read, on_sound=lambda file: _listen(song, file, file.name))
    recorded = recorder(label, _RECORDER, song.id)
    if recorded is None:
        return
    if recorded.tempo_bpm is not None and recorded.file_id not in (session.read_note(_HEARD) or {}):
        set_controls({PANEL.prefix + "tempo_bpm": round(recorded.tempo_bpm)})  # that it was hummed to
    if _listen(song, recorded, "Recording.wav"):
        forget(_RECORDER, song.id)


def just_written_down(song: Song) -> Take | None:
    """Returns the take of a sound that has been written down since this was asked last; None for none."""
    waiting = session.read_note(_waiting(song))
    if waiting is None or song.writing is not None:
        return None
    session.take_note(_waiting(song))
    newest = song.takes[-1] if song.takes else None
    new = newest is not None and newest.number > waiting and isinstance(newest.options, TranscribeOptions)
    return newest if new else None


def written_again(song: Song, piece: Piece | None) -> None:
    """Shows how the last sound is written down, and does it again when asked to, while this piece comes of it or nothing does.

    Args:
        song: gets the take.
        piece: what the page is about, if there is any.
    """
    sound = session.read_note(_sound(song))
    if sound is None:
        return
    failed = song.writing is None and not any(_comes_of(take.pieces[0], sound) for take in song.takes)
    if not failed and (piece is None or not _comes_of(piece, sound)):
        return
    with st.expander(f"How {plain(sound.name)} is written down", icon=":material/tune:"):
        _options()
        icon, busy = ":material/refresh:", song.writing is not None
        if st.button("Write it down again", key="write down again", icon=icon, width="stretch", disabled=busy):
            try:
                _write_down(song, sound)
            except StudioError as error:
                show_error(str(error))


def heard_waves(pieces: Iterable[Piece]) -> dict[str, Wave]:
    """Returns the outlines of the sounds that pieces were written down from, by the pieces' fingerprints, where they are kept."""
    kept = song_controls().get(_SHOWN)
    found = {piece.fingerprint: heard_wave(piece, kept) for piece in pieces}
    return {fingerprint: wave for fingerprint, wave in found.items() if wave is not None}


def heard_wave(piece: Piece, kept: Any) -> Wave | None:
    """Returns the outline of the sound that a piece was written down from; None for a piece that does not come of it.

    Notes that were mended by hand since still stand over it.

    Args:
        piece: any.
        kept: what a song keeps of the sound, see ``Shown``; a song's file may say anything.
    """
    recipe = _heard(piece)
    begins_s = recipe.get("begins_s")
    if not fits(Shown, kept) or not fits(float, begins_s) or recipe.get("input") != kept["input"]:
        return None
    return {"name": kept["name"], "outline": kept["outline"], "begins_s": begins_s}


def mending_hint(waves: Mapping[str, Wave]) -> None:
    """Says what the outline behind the notes is, and how wrong notes are mended."""
    for wave in waves.values():
        st.caption(
            f"Behind the notes is the sound of {plain(wave['name'])}. Wrong ones? Press **Edit**, then move, split, "
            "delete or draw notes, and **Keep changes** before you go on."
        )
        return


def _heard(piece: Piece) -> Mapping[str, Any]:
    """Returns the recipe by which a piece was written down, if all that was done to it since is edits by hand; else nothing."""
    for recipe in reversed(piece.history):
        name = recipe.get("pipeline") if isinstance(recipe, Mapping) else None  # a file may say anything
        if name != "edit":
            return recipe if name == "transcribe" else {}
    return {}


def _listen(song: Song, given: Any, name: str) -> bool:
    """Has a sound written down that was just given; shows what is wrong with it as long as it stands there.

    Returns:
        whether it was written down in an earlier run of the page.
    """
    heard: dict[str, str] = session.read_note(_HEARD) or {}  # by file: what is wrong with it
    if given.file_id not in heard:
        if song.writing is not None:
            st.caption("It is written down as soon as what is being written now is finished.")
            return False
        session.leave_note(_HEARD, heard | {given.file_id: ""})
        try:
            _begin(song, given.getvalue(), name)
        except StudioError as error:
            heard = heard | {given.file_id: str(error)}
            session.leave_note(_HEARD, heard)
    if problem := heard.get(given.file_id):
        show_error(problem)
    return not problem


def _begin(song: Song, source: bytes, name: str) -> None:
    """Starts to write a new sound down.

    Raises:
        StudioError: it cannot be read, nothing is heard in it, or the studio is too busy.
    """
    with st.spinner("Reading the sound …"):
        fingerprint, outline = registry().ask("outline", source, name, owner=song.id)
    shown: Shown = {"input": fingerprint, "name": name, "outline": outline}
    keep(_SHOWN, shown)
    sound = _Sound(fingerprint, name, source)
    session.leave_note(_sound(song), sound)
    _write_down(song, sound)


def _write_down(song: Song, sound: _Sound) -> None:
    """Starts to write a sound down as the controls say."""
    values = {name: PANEL.value(name) for name in PANEL.words}
    title = PurePath(sound.name).stem[: limits.MAX_TITLE]
    options = TranscribeOptions(**values, title=title)
    session.leave_note(_waiting(song), song.takes[-1].number if song.takes else 0)
    write_down(song, sound.source, sound.name, options, describe_request(options))


def describe_request(options: TranscribeOptions) -> str:
    """Returns what was asked for in a few words, such as "tune · one voice · 90 BPM"."""
    asked = [
        options.title,
        HEARD_AS[options.mode].lower() if options.mode != "auto" else "",
        f"{options.tempo_bpm:.0f} BPM" if options.tempo_bpm else "",
        options.time_signature or "",
        options.key or "",
        GRIDS[options.grid].lower() if options.grid != TranscribeOptions.grid else "",
    ]
    return " · ".join(filter(None, asked))


def _options() -> None:
    """Shows how a sound is written down."""
    look: dict[str, Any] = {"required": True, "width": "stretch"}
    PANEL.show("mode", st.segmented_control, list(HEARD_AS), format_func=HEARD_AS.get, **look)
    left, right = st.columns(2)
    low, high = TEMPO_RANGE_BPM
    PANEL.show("tempo_bpm", left.number_input, int(low), int(high), None, placeholder="Auto")
    PANEL.show("grid", right.selectbox, list(GRIDS), format_func=GRIDS.get)
    PANEL.show("key", left.selectbox, [key.name for key in ALL_KEYS], None, placeholder="Auto")
    PANEL.show("time_signature", right.selectbox, TIME_SIGNATURES, None, placeholder="Auto")


def _comes_of(piece: Piece, sound: _Sound) -> bool:
    return any(
        recipe.get("pipeline") == "transcribe" and recipe.get("input") == sound.input for recipe in piece.history
    )


def _sound(song: Song) -> str:
    return f"sound to write down {song.id}"


def _waiting(song: Song) -> str:
    return f"sound is written down {song.id}"
