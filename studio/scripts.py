"""The scripts of large components, served under addresses that change with what is in them: a browser loads each once.

Streamlit sends the script of a component along with its data, each time that the data change: many times a minute while music is
written. What is sent in its place is one line that loads it from here. Where it has an address of its own, a browser keeps it
compiled, too.
"""

from __future__ import annotations

import functools
import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_LOADER = (
    "const {{ default: show }} = await import(new URL('scripts/{name}', document.baseURI).href);\nexport default show;"
)
_kept: dict[str, str] = {}


@functools.cache
def loader(component: str, text: str) -> str:
    """Returns the line that loads a script, which is served from now on.

    Args:
        component: its name.
        text: an ES module.
    """
    name = f"{component}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.js"
    _kept[name] = text
    return _LOADER.format(name=name)


async def _script(request: Request) -> Response:
    text = _kept.get(request.path_params["name"])
    if text is None:
        return Response(status_code=404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(text, headers=headers, media_type="text/javascript")


ROUTES = [Route("/scripts/{name}", _script)]
"""For the studio's server."""
