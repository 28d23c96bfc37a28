"""The Train page: a model learns somebody's own music, with its curve and samples beside it, and is there to write with."""

from __future__ import annotations

import streamlit as st

from pipelines.train import switched_off
from pipelines.training_run import training_runs
from studio import session
from studio.jobs import registry
from studio.songs import are_listed
from studio.widgets.train.curves import shipped_curves
from studio.widgets.train.form import training_form
from studio.widgets.train.results import training_at_work, training_result
from studio.wording import plain

registry().warm_up()
song = session.song()
if taken := session.take_note("sample taken"):
    st.toast(f"{plain(taken)} is a take of this song now.", icon=":material/playlist_add_check:")
st.markdown("#### Train")
runs = training_runs()
at_work = next((run for run in runs if run.is_at_work), None)
mine = [run for run in runs if are_listed() or run.request.get("asker") in session.visited()]
left, right = st.columns([4, 7], gap="large")
with left:
    if switched_off():
        st.info("Training is switched off in this studio. Whoever runs it can switch it on.")
    elif at_work is None:
        training_form(song)
    elif at_work in mine:
        st.info(
            f"{plain(at_work.name)} learns in the background. You can go on with other pages, and close this one; it ends "
            "when the studio does, and can then go on where it was."
        )
    else:
        st.info(
            "Somebody else trains a model here, and one at a time is what a machine can do well. Look in again later."
        )
    shipped_curves()
with right:
    if at_work in mine:
        training_at_work(song, at_work)
    elif not mine:
        with st.container(border=True, key="welcome"):
            st.markdown("### Teach a model your music")
            st.markdown(
                "Drop a folder or a zip of MIDI or MusicXML files on the left, and press **Learn**. In ten minutes a model "
                "that knows music in general takes on how yours goes. You see how well it foretells pieces of yours that "
                "it has never seen, hear samples beside those of the model that it began as, and find the result in every "
                "list of models."
            )
    for number, run in enumerate(run for run in mine if run != at_work):
        training_result(song, run, opened=number == 0 and at_work is None)
