"""A training as the page shows it: how far it is, its curves, what it wrote beside its base, and what came of it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from checkpoints.store import known
from music.clock import clock
from music.errors import StudioError
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.train import go_on, options_of
from pipelines.training_run import KEEP, STOP, Sample, TrainingRun
from studio import session
from studio.controls import bound, keep, set_controls
from studio.projects.song import Song
from studio.widgets.generate import controls as generate_controls
from studio.widgets.harmonize import controls as harmonize_controls
from studio.widgets.player.player import NamedPiece, player
from studio.widgets.remix import controls as remix_controls
from studio.widgets.start import summary
from studio.widgets.train.curves import curve_chart
from studio.wording import first_few, plain, show_error

POLL_S = 2.0
"""How often a page looks at what is being trained: its curve has a new point every quarter of a minute at most."""

_PROBLEM = "training run problem"
_USES = {
    "generate": ("Write with it", f"{generate_controls.PANEL.prefix}checkpoint"),
    "remix": ("Remix with it", f"{remix_controls.PANEL.prefix}checkpoint"),
    "harmonize": ("Harmonize with it", f"{harmonize_controls.PANEL.prefix}checkpoint"),
}
"""For each task what the button says that leads to its page, and which control there chooses the model."""

_PHASES = {
    "starting": "It starts …",
    "reading": "It reads the files …",
    "training": "It learns …",
    "judging": "It writes samples, and judges what it made …",
}


@st.fragment(run_every=POLL_S)
def training_at_work(song: Song, run: TrainingRun) -> None:
    """Shows a training that is under way; its end brings the whole page up to date."""
    status = run.status
    if not status.is_working:
        st.rerun()
    st.markdown(f"##### {plain(run.name)}")
    words = _PHASES[status.phase]
    if status.phase == "reading":
        words = f"It reads the files: {status.done:.0f} of {status.total:.0f}"
    elif status.phase == "training":
        words = f"It learns: {status.done:.1f} of {status.total:.0f} {status.unit}"
    if status.seconds_left is not None:
        words += f" · about {clock(status.seconds_left)} left"
    if status.notes_per_second:
        words += f" · {status.notes_per_second:,.0f} notes a second"
    st.progress(min(1.0, max(0.0, status.done) / max(status.total, 1e-9)), words)
    asked = run.asked()
    with st.container(horizontal=True):
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            key="stop training",
            disabled=bool(asked) or status.phase == "judging",
            on_click=_ask,
            args=(run, STOP),
            help="What it has learned stays. It can go on later.",
        )
        st.button(
            "Stop and keep",
            icon=":material/done_all:",
            key="keep training",
            disabled=bool(asked) or status.phase != "training",
            on_click=_ask,
            args=(run, KEEP),
            help="Learns no more, writes samples, and puts what it has learned so far in the list of models.",
        )
    if problem := session.take_note(f"{_PROBLEM} {run.name}"):
        show_error(problem)
    if asked and status.phase != "judging":
        st.caption("It ends after this step …")
    _found(run)
    curve_chart(run.curve(), f"at work {run.name}")
    _samples(song, run)


def training_result(song: Song, run: TrainingRun, opened: bool) -> None:
    """Shows a training that is not under way, folded up unless it is ``opened`` or the visitor unfolds it."""
    name, verdict = f"training {run.name}", run.verdict
    words = f"{run.name} · " + (f"{verdict.minutes:.1f} minutes" if verdict else run.status.phase)
    shown = st.expander(plain(words), icon=":material/school:", on_change="rerun", key=bound(name, opened))
    if keep(name, shown.open):
        with shown:
            _result(song, run)


def _result(song: Song, run: TrainingRun) -> None:
    """Shows the verdict of a training or why it stands, and what can be done with it."""
    status, verdict = run.status, run.verdict
    try:
        options = options_of(run)
    except StudioError as error:  # its folder was damaged, or comes from elsewhere
        show_error(session.take_note(f"{_PROBLEM} {run.name}") or str(error))
        _removal(run)
        return
    if verdict is None:
        st.caption(f"From {plain(options.base)}, {options.minutes:.0f} minutes asked for.")
        (st.error if status.phase == "failed" else st.info)(plain(status.message or _standing(run)))
    else:
        st.caption(f"From {plain(options.base)}, {verdict.steps:,} steps.")
        with st.container(horizontal=True):
            st.metric(
                f"Nats a {verdict.unit}, kept-back pieces",
                f"{verdict.after:.2f}",
                f"{verdict.after - verdict.before:+.2f} against {options.base}",
                delta_color="inverse",
            )
            st.metric("12-note windows of its samples known from your files", f"{verdict.copied:.0%}")
        st.markdown("  \n".join(plain(sentence) for sentence in verdict.sentences))
    if problem := session.take_note(f"{_PROBLEM} {run.name}"):
        show_error(problem)
    _buttons(run, verdict is not None)
    _found(run)
    curve_chart(run.curve(), f"result {run.name}")
    _samples(song, run)


def _standing(run: TrainingRun) -> str:
    """Returns in a sentence where a stopped training stands."""
    curve = run.curve()
    if not curve or not run.is_saved:
        return "It was stopped before anything that it learned was saved."
    return f"It was stopped at step {curve[-1]['step']:.0f}. It can go on from there, or you keep what it has learned."


def _buttons(run: TrainingRun, done: bool) -> None:
    """Shows what can be done with a training that is not under way."""
    task = known()[run.name].task if run.name in known() else ""
    with st.container(horizontal=True):
        if task in _USES:
            words, control = _USES[task]
            if st.button(words, type="primary", icon=f":material/{PIPELINES[task].icon}:", key=f"use {run.name}"):
                set_controls({control: run.name})
                st.switch_page(f"studio/pages/{task}.py")
        if not done:
            st.button(
                "Go on",
                icon=":material/play_arrow:",
                key=f"go on {run.name}",
                on_click=partial(_go_on, run),
                help="From where it was saved last.",
            )
            if run.is_saved:
                st.button(
                    "Keep what it learned",
                    icon=":material/done_all:",
                    key=f"keep {run.name}",
                    on_click=partial(_go_on, run, keep=True),
                )
        _removal(run)


def _removal(run: TrainingRun) -> None:
    """Shows how to remove a training."""
    with st.popover("Remove", icon=":material/delete:", type="tertiary", key=f"removal of {run.name}"):
        st.write(
            "Deletes its curve, its samples and what was read of your files. The model stays with the checkpoints."
        )
        st.button(f"Remove {run.name}", type="primary", key=f"remove {run.name}", on_click=partial(_remove, run))


def _ask(run: TrainingRun, what: str) -> None:
    try:
        run.ask(what)
    except StudioError as error:
        session.leave_note(f"{_PROBLEM} {run.name}", str(error))


def _go_on(run: TrainingRun, keep: bool = False) -> None:
    try:
        go_on(run, keep)
    except StudioError as error:
        session.leave_note(f"{_PROBLEM} {run.name}", str(error))


def _remove(run: TrainingRun) -> None:
    try:
        run.remove()
    except StudioError as error:
        session.leave_note(f"{_PROBLEM} {run.name}", str(error))


def _found(run: TrainingRun) -> None:
    """Shows what was found in the files."""
    found = run.found
    if found is None:
        return
    kept_back = [each["name"] for each in found.used if each["split"] != "learned"]
    learned = len(found.used) - len(kept_back)
    skipped = f" · {len(found.skipped)} skipped" if found.skipped else ""
    label = f"Files: {learned} learned from · {len(kept_back)} kept back{skipped}"
    with st.expander(label, icon=":material/folder_open:"):
        st.markdown(f"Kept back to check on: {plain(first_few(kept_back, 40))}")
        for names in found.copies[:20]:
            st.markdown(f"The same music, so on one side: {plain(first_few(names, 8))}")
        if found.skipped:
            lines = [f"- {plain(each['name'])}: {plain(each['why'])}" for each in found.skipped[:100]]
            more = len(found.skipped) - 100
            st.markdown("Skipped:\n" + "\n".join(lines) + (f"\n- and {more} more" if more > 0 else ""))
        remarks = [f"- {plain(each['name'])}: {plain(each['remark'])}" for each in found.used if each["remark"]]
        if remarks:
            more = f"\n- and {len(remarks) - 100} more" if len(remarks) > 100 else ""
            st.markdown("To know about others:\n" + "\n".join(remarks[:100]) + more)


def _samples(song: Song, run: TrainingRun) -> None:
    """Shows a sample, beside what the base made of the same beginning and seed, to be heard and taken."""
    samples = run.samples
    if not samples:
        return
    newest = samples[-1].minute
    choices = list(range(len(samples)))
    first_of_newest = next(number for number, each in enumerate(samples) if each.minute == newest)
    st.markdown("###### Samples")
    chosen = st.segmented_control(
        "Sample",
        choices,
        default=first_of_newest,
        format_func=lambda number: _named(samples[number], run),
        required=True,
        label_visibility="collapsed",
        key=f"sample of {run.name} {len(samples)}",
    )
    sample = samples[first_of_newest if chosen is None else chosen]
    try:
        base, own, of_base = run.piece(sample.base), run.piece(sample.own), options_of(run).base
    except StudioError:  # it is being removed
        return
    st.caption(plain(summary(own)))
    player([NamedPiece(of_base, base), NamedPiece(run.name, own)], key=f"player of {run.name}")
    if st.button("Take it into this song", icon=":material/playlist_add:", key=f"take sample of {run.name}"):
        label = f"Sample of {run.name}"
        song.add((own,), label=label, detail=_named(sample, run))
        session.leave_note("sample taken", label)
        st.rerun()


def _named(sample: Sample, run: TrainingRun) -> str:
    verdict = run.verdict
    if verdict is not None and round(sample.minute, 1) == verdict.minutes:
        return f"At the end, {sample.number + 1}"
    return f"After {clock(sample.minute * 60)}"
