"""The whole studio with the toy worker."""

from pathlib import Path

import streamlit as st

from pipelines.worker.pool import Worker
from studio import files, jobs, listening, media, operation, scripts

jobs.Worker = lambda: Worker("tests.browser.apps.toy_worker", workers=1)
app = st.App(
    Path(__file__).parents[3] / "streamlit_app.py",
    routes=operation.with_base([*media.ROUTES, *files.ROUTES, *scripts.ROUTES, *listening.ROUTES, *operation.ROUTES]),
    lifespan=operation.lifespan,
)
