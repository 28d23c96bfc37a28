"""The whole studio as it is."""

from pathlib import Path

import streamlit as st

from studio import files, media, scripts

app = st.App(Path(__file__).parents[3] / "streamlit_app.py", routes=[*media.ROUTES, *files.ROUTES, *scripts.ROUTES])
