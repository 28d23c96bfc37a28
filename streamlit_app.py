"""The router of DeepMusic Studio: page settings, the list of pages, navigation. Run it with ``streamlit run``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from studio import files, listening, media, operation, scripts
from studio.problems import show_problem
from studio.widgets.elsewhere import shown_elsewhere

STUDIO = Path(__file__).parent / "studio"

if __name__ == "__main__":  # a visitor's page
    st.set_page_config(page_title="DeepMusic Studio", page_icon=str(STUDIO / "icon.svg"), layout="wide")
    st.logo(STUDIO / "logo.svg", size="large")
    st.html(STUDIO / "studio.css")
    pages = [
        st.Page("studio/pages/compose.py", title="Compose", icon=":material/auto_awesome:", default=True),
        st.Page("studio/pages/generate.py", title="Generate", icon=":material/music_note:"),
        st.Page("studio/pages/remix.py", title="Remix", icon=":material/auto_fix_high:"),
        st.Page("studio/pages/harmonize.py", title="Harmonize", icon=":material/piano:"),
        st.Page("studio/pages/audio.py", title="Audio", icon=":material/graphic_eq:"),
        st.Page("studio/pages/train.py", title="Train", icon=":material/school:"),
        st.Page("studio/pages/songs.py", title="Songs", icon=":material/library_music:"),
        st.Page("studio/pages/checkpoints.py", title="Checkpoints", icon=":material/inventory_2:"),
    ]
    page = st.navigation(pages, position="top")
    if not shown_elsewhere():
        page.run()
else:  # the server, once: beside the pages it carries the addresses of sound, health and figures
    app = st.App(
        __file__,
        routes=operation.with_base(
            [*media.ROUTES, *files.ROUTES, *scripts.ROUTES, *listening.ROUTES, *operation.ROUTES]
        ),
        lifespan=operation.lifespan,
        on_script_error=show_problem,
    )
