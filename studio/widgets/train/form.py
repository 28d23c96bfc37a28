"""What a model is to learn from, which model, and for how long."""

from __future__ import annotations

import streamlit as st

from checkpoints.store import known
from music.errors import StudioError
from music.files.collection import ENDINGS
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.train import TrainOptions, bases, start
from pipelines.training_run import TrainingRun, training_runs
from studio import session
from studio.controls import show_control, widget_value
from studio.projects.song import Song
from studio.session import WIDGET
from studio.wording import show_error

MAX_UPLOAD_MB = 500  # as ``.streamlit/config.toml`` has it: of a zip; what it unpacks to is limited for itself
MINUTES = (2, 5, 10, 20, 30, 60, 120, 240)
USUAL_NAME = "my-style"
_PROBLEM = "training problem"
_ENDINGS = sorted(ending.lstrip(".") for ending in ENDINGS)
_WAYS = {"files": "A zip, or files", "folder": "A folder"}
_VERBS = {each.task: each.title for each in PIPELINES.values() if each.task}


def training_form(song: Song) -> None:
    """Shows what can be chosen, and starts a training when asked to."""
    st.caption(
        "Give some twenty pieces or more of one kind: your own, one composer's, one style's. Most of them are learned from; "
        "some are kept back, to see what was really learned."
    )
    way = show_control(
        "train from", "files", st.segmented_control, "Music", list(_WAYS), format_func=_WAYS.get, required=True
    )
    given = st.file_uploader(
        "MIDI or MusicXML files, or a zip of them" if way == "files" else "A folder of MIDI or MusicXML files",
        [*_ENDINGS, "zip"] if way == "files" else _ENDINGS,
        accept_multiple_files=True if way == "files" else "directory",
        max_upload_size=MAX_UPLOAD_MB,
        key=f"training {way}",
    )
    names = [each.name for each in bases()]
    show_control(
        "train base",
        TrainOptions.base,
        st.selectbox,
        "Model that learns on",
        names,
        format_func=_base_in_words,
        help="It knows music already, and takes on yours. The LSTMs take the piano of your files alone; the one that "
        "harmonizes, melodies with an accompaniment: what it then writes for players comes from what learned of your files, "
        "its Transformer, no longer from the network that the model came with.",
    )
    show_control(
        _name_control(),
        _free_name(),
        st.text_input,
        "Name of the result",
        max_chars=60,
        help="Under this name it stands in the list of models. Letters, digits, '-' and '_'.",
    )
    show_control(
        "train minutes",
        TrainOptions.minutes,
        st.select_slider,
        "How long",
        [float(minutes) for minutes in MINUTES],
        format_func=lambda minutes: f"{minutes:.0f} minutes" if minutes < 60 else f"{minutes / 60:.0f} h",
        help="Reading the files and the verdict come on top, a minute or so. It works in the background at low priority, "
        "and ends early where nothing is gained any more.",
    )
    st.button(
        "Learn",
        type="primary",
        icon=":material/school:",
        width="stretch",
        key="start training",
        disabled=not given,
        on_click=_start,
        args=(song, f"training {way}"),
    )
    if problem := session.take_note(_PROBLEM):
        show_error(problem)
    st.caption(
        "Your files stay on this machine. The result is as much theirs as the model's: before you give it away, make sure "
        "that you may."
    )


def _start(song: Song, uploader: str) -> None:
    """Starts what the form says at the press; what hinders that is left for the page to show."""
    name, base, minutes = (widget_value(WIDGET + each) for each in (_name_control(), "train base", "train minutes"))
    try:
        options = TrainOptions(name.strip(), base, minutes)
        start(options, [(file.name, file.getvalue()) for file in widget_value(uploader)], asker=song.id)
    except StudioError as error:
        session.leave_note(_PROBLEM, str(error))


def _name_control() -> str:
    """Returns the control of the name: another one for each training, so that it begins with a name that is free."""
    return f"train name {len(training_runs())}"


def _free_name() -> str:
    """Returns a name that nothing has yet."""
    taken, number = set(known()), 1
    while (name := USUAL_NAME if number == 1 else f"{USUAL_NAME}-{number}") in taken or TrainingRun(name).exists:
        number += 1
    return name


def _base_in_words(name: str) -> str:
    found = next((each for each in bases() if each.name == name), None)
    return f"{name} ({_VERBS.get(found.task, found.task)})" if found else name
