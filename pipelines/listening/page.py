"""The listening page: a song as one HTML file with its sound, its roll, its sheet, its words and how it was made.

    page = listening_page(piece)

The file plays in any browser, from a disk too: nothing in it is asked for elsewhere, and its own policy forbids it. Text of the
song is text: whatever a title says, it cannot run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from music.bars import ticks_to_seconds
from music.chords import chord_changes
from music.clock import clock
from music.errors import StudioError
from music.files.midi import midi_bytes
from music.notation import engrave
from music.notation.places import CURSOR
from music.piece import Piece
from music.roll import picture as drawing
from music.theory import estimate_key, written_key
from pipelines.listening.paper import slim_pages
from pipelines.sound import piece_sound
from pipelines.story import describe_recipe

_HERE = Path(__file__).parent
_SCRIPTS = (
    drawing.SCRIPTS / "roll.js",
    drawing.SCRIPTS / "karaoke.js",
    CURSOR,
    _HERE / "page.js",
)
_PLACE = re.compile(r"\{\{(\w+)\}\}")
UNTITLED = "Untitled"

Progress = Callable[[float], object]
Stop = Callable[[], bool]


def listening_page(
    piece: Piece,
    synthesis: str = "played",
    soundfont: Path | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> bytes:
    """Returns a piece as one HTML file to listen to.

    Args:
        piece: its title, if any, heads the page.
        synthesis, soundfont: how it sounds, as for ``piece_sound``.
        progress: called with the share that is done, rising to 1.
        stop: asked every now and then; the work ends when it returns True.

    Raises:
        StudioError: the piece has no notes, or cannot be played.
        Stopped: ``stop`` returned True.
    """
    from music.audio.render import encode

    if not piece.note_count:
        raise StudioError("There are no notes to listen to. Generate or open some music first.")
    tell = progress or (lambda share: None)
    audio = piece_sound(piece, synthesis, soundfont, progress=lambda share: tell(0.6 * share), stop=stop)
    sound = encode(audio, "mp3")
    tell(0.8)
    engraving = engrave.engraving(piece)
    tell(0.95)
    colors = drawing.Colors()
    drawn = drawing.picture(piece)
    tracks = [{**track, "color": colors.of(track), "changed": None} for track in drawn["tracks"]]
    title = " ".join(piece.title.split()) or UNTITLED
    data = {
        "piece": {**drawn, "tracks": tracks, "new_from": None},
        "chords": _chords(piece),
        "sheet": engraving.plain(),
        "midi": base64.b64encode(midi_bytes(piece)).decode(),
        "file": re.sub(r"\W+", "-", title).lower().strip("-")[:60] or "song",
    }
    style = (_HERE / "page.css").read_text("utf-8")
    script = "\n".join(path.read_text("utf-8") for path in _SCRIPTS)
    filled = {
        "policy": policy(script, style),
        "title": html.escape(title),
        "style": style,
        "script": script,
        "by": html.escape(_by(piece)),
        "facts": html.escape(_facts(piece)),
        "length": clock(piece.seconds),
        "sound": base64.b64encode(sound).decode(),
        "players": "".join(map(_player, tracks)),
        "sheet": _sheet(slim_pages(engraving.pages)),
        "words": _words(piece),
        "story": _story(piece),
        "data": _inert(data),
    }
    template = (_HERE / "page.html").read_text("utf-8")
    page = _PLACE.sub(lambda place: filled[place[1]], template).encode(
        "utf-8", "replace"
    )  # a recipe may hold halves of signs
    tell(1.0)
    return page


def policy(script: str, style: str) -> str:
    """Returns the page's policy: this script and this style may run, sound and pictures stand in the file, and nothing else."""
    script_sum, style_sum = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script_sum}'; style-src 'sha256-{style_sum}'; media-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _inert(data: Mapping[str, Any]) -> str:
    """Returns plain values as JSON that ends no script and begins no comment of HTML."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _by(piece: Piece) -> str:
    """Returns who made it: the models that its history names."""
    models = [recipe.get("checkpoint") for recipe in piece.history if isinstance(recipe, Mapping)]
    names = dict.fromkeys(str(each["name"]) for each in models if isinstance(each, Mapping) and each.get("name"))
    if not piece.history:
        return "Played by DeepMusic Studio"
    return f"Made with DeepMusic Studio{' by ' + ', '.join(names) if names else ''}"


def _facts(piece: Piece) -> str:
    score = piece.score
    key, signature, tempo = written_key(score), next(iter(score.time_signatures), None), next(iter(score.tempos), None)
    facts = [clock(piece.seconds), key.name if key else f"about {estimate_key(score)[0].name}"]
    facts += [f"{signature.numerator}/{signature.denominator}"] if signature else []
    facts += [f"{tempo.qpm:.0f} quarter notes a minute"] if tempo else []
    return " · ".join(facts)


def _chords(piece: Piece) -> list[list[Any]]:
    """Returns second and name of each chord symbol; where chords pause, N.C. stands."""
    key = written_key(piece.score)
    return [
        [round(float(ticks_to_seconds(piece.score, tick)), 3), chord.name(key)]
        for tick, chord in chord_changes(piece.score)
    ]


def _player(track: Mapping[str, Any]) -> str:
    name, instrument = track["name"], track["instrument"]
    text = name if name == instrument else f"{name} ({instrument})"
    dot = f'<svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="3" fill="{track["color"]}"/></svg>'
    return f"<li>{dot}{html.escape(text)}</li>"


def _sheet(pages: list[str]) -> str:
    shown = "".join(
        f'<div class="page" role="img" aria-label="Sheet music, page {number} of {len(pages)}">{page}'
        '<i class="frame" hidden></i><i class="line" hidden></i></div>\n'
        for number, page in enumerate(pages, 1)
    )
    return f'<section class="sheet" aria-label="Sheet music">\n<h2>Sheet music</h2>\n{shown}</section>'


def _words(piece: Piece) -> str:
    if not any(line.strip() for line in piece.lyrics):
        return ""
    text = html.escape("\n".join(piece.lyrics))
    return f'<section class="words" aria-label="Words">\n<h2>Words</h2>\n<p class="stanzas">{text}</p>\n</section>'


def _story(piece: Piece) -> str:
    """Returns each step in a sentence, and the recipes as JSON."""
    if not piece.history:
        return "<p>It was opened from a file, which does not say how it was made.</p>"
    steps = "".join(f"<li>{html.escape(_sentence(recipe))}</li>" for recipe in piece.history)
    recipe = html.escape(json.dumps(list(piece.history), indent=2, ensure_ascii=False, default=str))
    return (
        f"<ol>{steps}</ol>\n<p>The same recipe, with the same models, makes the same notes in DeepMusic Studio.</p>\n"
        f'<details><summary>The recipe</summary><pre tabindex="0" role="region" aria-label="Recipe as JSON">{recipe}</pre></details>'
    )


def _sentence(recipe: Mapping[str, Any]) -> str:
    words = describe_recipe(recipe)
    model = recipe.get("checkpoint")
    by = f" ({model['name']})" if isinstance(model, Mapping) and model.get("name") else ""
    return f"{words[:1].upper()}{words[1:]}{by}"
