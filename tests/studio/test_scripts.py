"""Scripts of components that browsers load once, from addresses that change with what is in them."""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.testclient import TestClient

from studio.scripts import ROUTES, loader
from studio.widgets.player.player import SCRIPTS, script

SERVER = TestClient(Starlette(routes=ROUTES))


def address(line: str) -> str:
    return re.search(r"'(scripts/[\w.-]+)'", line).group(1)


def test_a_line_is_sent_and_the_script_is_loaded_from_where_it_says():
    for component in SCRIPTS:
        line = loader(component, script(component))
        answer = SERVER.get(address(line))
        assert len(line) < 200 and answer.text == script(component)
        assert (
            answer.headers["content-type"].startswith("text/javascript")
            and "immutable" in answer.headers["cache-control"]
        )


def test_another_script_has_another_address():
    assert address(loader("a", "1")) != address(loader("a", "2"))
    assert SERVER.get("scripts/studio_player-0.js").status_code == 404
