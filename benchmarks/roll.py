"""Frames a second of the piano roll in a real browser while a long piece is edited: scrolled, zoomed, and all its notes dragged.

The player's own script runs in a page without Streamlit. The browser draws with the processor, as one without a graphics card
does; with one it is faster.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from typing import Any

from benchmarks.songs import song
from music.errors import StudioError
from music.piece import Piece
from studio.widgets.player import player as player_file
from studio.widgets.player.editing import editable
from studio.widgets.player.player import NamedPiece, drawn, script

PAGE = """<!doctype html><style>{css} body {{ margin: 16px; --st-text-color: #31333f; --st-background-color: #fff; }}</style>
<div id="page">{html}</div><script type="module">{script}
const frames = (window.frames_ms = []);
let last = performance.now();
const count = (now) => {{ frames.push(now - last); last = now; requestAnimationFrame(count); }};
requestAnimationFrame(count);
window.aNote = (x, y) => {{ // the middle of the note that is nearest to a place
  const player = players.get('player');
  const box = player.parts.over.getBoundingClientRect();
  let found = null;
  for (const track of player.piece.tracks) {{
    eachNote(track, player.layout, (left, top, width, height) => {{
      const at = [box.left + left + width / 2, box.top + top + height / 2];
      const far = Math.hypot(at[0] - x, at[1] - y);
      if (!found || far < found.far) found = {{ far, at }};
    }});
  }}
  return found.at;
}};
show({{ data: {data}, key: 'player', parentElement: document.querySelector('#page'), setTriggerValue() {{}} }});
</script>"""


def main(arguments: list[str]) -> None:
    """Prints a table of frames a second."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks roll", description=__doc__)
    parser.add_argument("--notes", type=int, default=5000, help="at least so many notes (default: 5000)")
    asked = parser.parse_args(arguments)
    piece = _long(asked.notes)
    print(f"{piece.note_count} notes, {piece.seconds:.0f} s      frames a second: middle   slowest of twenty")
    for what, frames in measure(piece).items():
        print(
            f"{what:<48}{1000 / statistics.median(frames):6.0f}   {1000 / statistics.quantiles(frames, n=20)[-1]:6.0f}"
        )


def _long(notes: int) -> Piece:
    bars = 16
    while (piece := song(bars)).note_count < notes:
        bars *= 2
    return piece


def page_of(piece: Piece) -> str:
    """Returns a page with the player of a piece that can be edited, without sound."""
    here = player_file._HERE
    named = drawn(NamedPiece("Song", piece)) | {"melody": None, "is_before": False, "new_from": None}
    data = {"pieces": [named], "live": False, "grows": False, "selection": None, "edit": editable(piece)}
    return PAGE.format(
        css="".join((here / name).read_text("utf-8") for name in player_file.STYLES),
        html=(here / "player.html").read_text("utf-8"),
        script=script("studio_player").replace("export default function", "const show = function"),
        data=json.dumps(data),
    )


def measure(piece: Piece) -> dict[str, list[float]]:
    """Returns the milliseconds of each frame while something is done.

    Raises:
        StudioError: there is no browser.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium(), args=("--no-sandbox", "--disable-gpu"))
        page = browser.new_page(viewport={"width": 1400, "height": 950})
        page.set_content(page_of(piece))
        page.get_by_role("button", name="Edit", exact=True).click()
        box = page.locator(".over").bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + 150
        found = {"all notes are dragged, the whole piece in view": _during(page, lambda: _drag_all(page, middle))}
        for _ in range(5):
            page.get_by_role("button", name="Zoom in").click()
        found["all notes are dragged, a part in view"] = _during(page, lambda: _drag_all(page, middle))
        found["the view is scrolled"] = _during(page, lambda: _scroll(page, middle))
        browser.close()
    return found


def chromium() -> str:
    """Returns the path of the browser.

    Raises:
        StudioError: there is none.
    """
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise StudioError("This needs a browser. Install chromium.")
    return path


def _during(page: Any, work: Any) -> list[float]:
    page.evaluate("frames_ms.length = 0")
    work()
    return page.evaluate("frames_ms.slice(1)")


def _drag_all(page: Any, middle: tuple[float, float]) -> None:
    """Drags all notes to and fro: the first one that the pointer meets, with all others."""
    page.locator(".over").focus()
    page.keyboard.press("Control+a")
    x, y = page.evaluate("([x, y]) => aNote(x, y)", list(middle))
    page.mouse.move(x, y)
    page.mouse.down()
    for turn in range(60):
        page.mouse.move(x + 8 * (turn % 10), y + 3 * (turn % 7))
    page.mouse.up()
    page.keyboard.press("Control+z")


def _scroll(page: Any, middle: tuple[float, float]) -> None:
    page.mouse.move(*middle)
    for turn in range(60):
        page.mouse.wheel(0, 40 if turn % 20 < 10 else -40)
        page.keyboard.down("Shift")
        page.mouse.wheel(0, 60)
        page.keyboard.up("Shift")
