"""The Checkpoints page: the models and sound banks of the studio, those of others, and whether they are whole."""

from __future__ import annotations

import streamlit as st

from checkpoints.sources import offline
from checkpoints.store import known
from studio import session
from studio.jobs import registry
from studio.songs import are_listed
from studio.widgets.checkpoints.cards import checkpoint_card
from studio.widgets.checkpoints.forms import import_form, registries_form

registry().warm_up()
song = session.song()
st.markdown("#### Checkpoints")
st.caption("The trained models that the pages work with, and the sound banks that play. Nothing is downloaded unasked.")
if switch := offline():
    st.info(f"{switch} keeps the studio offline: nothing can be downloaded or added.", icon=":material/wifi_off:")
found = sorted(known().values(), key=lambda entry: (not entry.ships, not entry.is_here, entry.name))
for start in range(0, len(found), 2):
    for side, entry in zip(st.columns(2, gap="medium"), found[start : start + 2]):
        with side:
            checkpoint_card(song, entry)
st.divider()
if are_listed():
    left, right = st.columns(2, gap="large")
    with left:
        import_form(song)
    with right:
        registries_form(song)
else:
    st.caption(
        "This studio serves several people: its owner takes checkpoints in and removes them, with `python -m checkpoints`."
    )
