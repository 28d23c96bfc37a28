"""Curves of learning: of trainings, and of the checkpoints that ship."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from checkpoints.store import cards_folder, known
from pipelines.training_run import curve_rows
from studio.controls import show_control

LEARNED, CHECKED = "In training", "On what was kept back"
COLORS = ("#4f8ff0", "#f0883e")


def curve_chart(rows: Sequence[Mapping[str, float]], key: str) -> None:
    """Shows how the losses fell: in training, which jumps from piece to piece, and on what was kept back."""
    learned = [(row["seconds"] / 60, row["train"]) for row in rows if "train" in row]
    checked = [(row["seconds"] / 60, row["valid"]) for row in rows if "valid" in row]
    if len(learned) + len(checked) < 2:
        return
    points = [
        {"Minutes": minutes, "Nats": nats, "Loss": name}
        for name, found in ((LEARNED, learned), (CHECKED, checked))
        for minutes, nats in found
    ]
    low, high = min(point["Nats"] for point in points), max(point["Nats"] for point in points)
    margin = 0.05 * (high - low) or 0.1
    with st.container(key=f"curve {key}"):
        st.vega_lite_chart(
            points,
            {
                "mark": {"type": "line", "point": {"size": 18}},
                "height": 260,
                "encoding": {
                    "x": {
                        "field": "Minutes",
                        "type": "quantitative",
                        "axis": {"title": "minutes of training", "tickCount": 8, "format": "~g"},
                    },
                    "y": {
                        "field": "Nats",
                        "type": "quantitative",
                        "scale": {"domain": [low - margin, high + margin], "clamp": True},
                        "axis": {"title": "nats, fewer are better", "tickCount": 6},
                    },
                    "color": {
                        "field": "Loss",
                        "type": "nominal",
                        "scale": {"domain": [LEARNED, CHECKED], "range": list(COLORS)},
                        "legend": {"title": None, "orient": "top"},
                    },
                },
            },
        )


def shipped_curves() -> None:
    """Shows how a checkpoint of the studio learned, as its card tells."""
    curves = {
        found.name: path
        for found in known().values()
        if found.ships and (path := cards_folder(found) / f"{found.name}.csv").is_file()
    }
    with st.expander("How the models that ship learned", icon=":material/show_chart:"):
        if not curves:
            st.caption("Their cards are not here.")
            return
        name = show_control("train curve", next(iter(curves)), st.selectbox, "Model", list(curves))
        curve_chart(curve_rows(curves[name]), "shipped")
        found = known()[name]
        st.caption(
            f"{found.details['notes_seen'] / 1e6:.1f} M notes read in {found.details['training_minutes'] / 60:.1f} hours of "
            "one core. Its card is on the Checkpoints page."
        )
