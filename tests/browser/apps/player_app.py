"""A page with nothing but the player, a button that reruns it, and what was sent when edits were kept."""

import json

import streamlit as st

from studio import media, scripts
from studio.widgets.player.editing import editable
from studio.widgets.player.player import NamedPiece, player, small_roll
from tests.browser.apps import handmade


def page() -> None:
    st.set_page_config(page_title="Player", layout="wide")
    pieces = [NamedPiece("Input", handmade.piece("Input")), NamedPiece("Result", handmade.piece("Result", 3))]
    if gate := st.query_params.get("gate"):
        pieces = [NamedPiece("Late", handmade.piece(gate))]
    audio = {piece.fingerprint: handmade.cache().address(piece) for _, piece, _ in pieces}
    edit = editable(pieces[-1].piece, st.session_state.get("kept", {}).get("serial", 0))
    player(pieces, "player", audio=audio, highlight_after_seconds=4 * handmade.BAR_S, edit=edit, on_edit=_keep)
    st.code(json.dumps(st.session_state.get("kept", {}).get("edits", {})), language=None)
    with st.container(key="again"):
        if st.button("Run again"):
            st.session_state.runs = st.session_state.get("runs", 0) + 1
    st.markdown(f"runs-{st.session_state.get('runs', 0)}-")
    st.text_input("A name", key="name")
    for column, named in zip(st.columns(2), pieces):
        with column:
            small_roll(named, f"small {named.label}")


def _keep(message) -> None:
    st.session_state.kept = message


if __name__ == "__main__":  # a visitor's run of the page; the server imports this file for what follows
    page()
else:
    app = st.App(__file__, routes=[*media.routes(handmade.cache), *scripts.ROUTES])
