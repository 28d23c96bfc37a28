"""MusicXML by hand, right and wrong alike, and what was read of it."""

from __future__ import annotations

from pathlib import Path

from music.files.midi import Reading, read_with_repairs
from music.piece import Piece

REPORTS = Path(__file__).parents[2] / "data" / "reports"
QUARTER = 480


def report(name: str) -> Reading:
    return read_with_repairs(REPORTS / name)


def said(reading: Reading) -> str:
    return "; ".join(reading.repairs)


def heard(piece: Piece, track: int = 0) -> list[tuple[float, float, int]]:
    """Returns (onset, length, pitch) in quarters."""
    return [(n.time / QUARTER, n.duration / QUARTER, n.pitch) for n in piece.score.tracks[track].notes]


def pitches(piece: Piece, track: int = 0) -> list[int]:
    return [note.pitch for note in piece.score.tracks[track].notes]


def note(pitch: str, duration: float | None = 1, kind: str = "", more: str = "", head: str = "") -> str:
    """Returns a note such as "C5" or "F#4"; "r" is a rest, "=C5" stands on a staff without a pitch."""
    if pitch == "r":
        what = "<rest/>"
    elif pitch[0] == "=":
        what = (
            f"<unpitched><display-step>{pitch[1]}</display-step><display-octave>{pitch[2]}</display-octave></unpitched>"
        )
    else:
        alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(pitch[1], "")
        what = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    length = "" if duration is None else f"<duration>{duration}</duration>"
    kind = f"<type>{kind}</type>" if kind else ""
    head = f"<notehead>{head}</notehead>" if head else ""
    before, _, after = more.partition("|")
    return f"<note>{before}{what}{length}{kind}{head}{after}</note>"


TIME = "<time><beats>4</beats><beat-type>4</beat-type></time>"
ATTRIBUTES = f"<attributes><divisions>1</divisions>{TIME}</attributes>"


def bar(*content: str, number: int | str = "", left: str = "", right: str = "", implicit: bool = False) -> str:
    attribute = ' implicit="yes"' if implicit else ""
    ends = [
        f'<barline location="{side}">{what}</barline>' if what else ""
        for side, what in (("left", left), ("right", right))
    ]
    return f'<measure number="{number}"{attribute}>{ends[0]}{"".join(content)}{ends[1]}</measure>'


def score(*parts: list[str] | str, listing: str | None = None, names: tuple[str, ...] = ()) -> bytes:
    """Returns a score; each part is its bars, of which the first gets attributes if it has none."""
    written = []
    for number, bars in enumerate(parts, 1):
        text = bars if isinstance(bars, str) else "".join(bars)
        if "<attributes>" not in text:
            text = text.replace(">", f">{ATTRIBUTES}", 1)
        written.append(f'<part id="P{number}">{text}</part>')
    if listing is None:
        names = names or ("Flute",) * len(parts)
        listing = "".join(
            f'<score-part id="P{n}"><part-name>{name}</part-name></score-part>' for n, name in enumerate(names, 1)
        )
    return f"<score-partwise><part-list>{listing}</part-list>{''.join(written)}</score-partwise>".encode()


def whole(*names: str) -> list[str]:
    return [bar(note(name, 4), number=n) for n, name in enumerate(names, 1)]
