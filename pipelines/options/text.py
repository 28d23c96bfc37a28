"""Options as text: how a command line and a page write bars, chords and instruments, and how recipes did before.

Options themselves hold typed values. Recipes and songs of earlier versions hold text in their place: ``typed_values`` reads
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from music.chord_symbols.bars import names_in_text
from music.chords import ChordNames, parse_chord_names
from music.clock import clock
from music.errors import StudioError
from music.instruments import parse_instrument

FEW_BARS = 4


def parse_bars(text: str) -> tuple[int, ...]:
    """Returns the bars, counted from 0, that a text such as "1, 3, 9-12" names, in order; none where it is empty.

    Raises:
        StudioError: the text names no bars, or bar 0, or runs backwards.
    """
    chosen: set[int] = set()
    for part in text.replace(";", ",").split(","):
        if not part.strip():
            continue
        first, dash, last = (piece.strip() for piece in part.replace("\u2013", "-").partition("-"))
        last = last if dash else first
        if (
            not (first.isdecimal() and last.isdecimal() and len(first + last) <= 12)
            or not 1 <= int(first) <= int(last) <= 100_000
        ):
            raise StudioError(f"'{part.strip()}' names no bars. Write bars as 5, or 5-8, counted from 1.")
        chosen.update(range(int(first) - 1, int(last)))
    if not chosen and text.strip():
        raise StudioError(f"'{text}' names no bars. Write bars as 5, or 5-8, counted from 1.")
    return tuple(sorted(chosen))


def bars_as_text(bars: Iterable[int]) -> str:
    """Returns bars, counted from 0, as one types them: "1, 3, 9-12"; undoes ``parse_bars``."""
    runs = [[bar for _, bar in run] for _, run in groupby(enumerate(sorted(set(bars))), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0] + 1}-{run[-1] + 1}" if len(run) > 1 else f"{run[0] + 1}" for run in runs)


def chords_as_text(chords: ChordNames) -> str:
    """Returns a progression as one types it: "| Am | F G |"; empty without chords."""
    return f"| {' | '.join(map(names_in_text, chords))} |" if chords else ""


def first_chords(chords: ChordNames) -> str:
    """Returns the first bars of a progression in a few words: "Am | F | C | G \u2026"."""
    return " | ".join(map(names_in_text, chords[:FEW_BARS])) + " \u2026" * (len(chords) > FEW_BARS)


def parse_track_instrument(text: str) -> tuple[int, str]:
    """Returns the track, counted from 0, and the instrument of a wish such as "0=violin".

    Raises:
        StudioError: it is not of this form, or there is no such instrument.
    """
    track, equals, name = text.partition("=")
    if not equals or not track.strip().isdecimal() or len(track) > 12:
        raise StudioError(f"'{text}' names no track and instrument. Write it as 0=violin.")
    parse_instrument(name.strip())
    return int(track), name.strip()


def parse_locked(text: str) -> tuple[int, tuple[int, ...]]:
    """Returns the track and the bars, both counted from 0, of a wish such as "0:5-8", whose bars are counted from 1.

    Raises:
        StudioError: it is not of this form.
    """
    track, colon, bars = text.partition(":")
    if not colon or not track.strip().isdecimal() or len(track) > 12 or not bars.strip():
        raise StudioError(f"'{text}' names no notes to lock. Write a track and its bars, such as 0:5-8.")
    return int(track), parse_bars(bars)


def parse_drop(text: str) -> tuple[float | None, int | None]:
    """Returns the second or the bar, counted from 1, of a drop such as "0:45", "45" or "bar 17"; None for the other.

    Raises:
        StudioError: it is not of this form.
    """
    plain = " ".join(text.lower().split())
    if (found := re.fullmatch(r"bar ([1-9]\d{0,8})", plain)) is not None:
        return None, int(found[1])
    if (found := re.fullmatch(r"(?:(\d{1,6}):)?(\d{1,6}(?:\.\d{1,6})?)(?: ?s(?:ec(?:onds?)?)?)?", plain)) is not None:
        return 60.0 * int(found[1] or 0) + float(found[2]), None
    raise StudioError(f"'{text}' names no moment for a drop. Write 0:45, or bar 17.")


def drop_as_text(seconds: float | None, bar: int | None) -> str | None:
    """Returns when a drop comes as one types it; None where there is none. Undoes ``parse_drop``."""
    if seconds is not None:
        return clock(seconds) if seconds == round(seconds) else f"{seconds:g} s"
    return None if bar is None else f"bar {bar}"


def parse_entries(text: str) -> tuple[tuple[str, int], ...]:
    """Returns who joins in which bar, counted from 1, of a wish such as "drums 5, bass 9"; none where it is empty.

    Raises:
        StudioError: it is not of this form, or there is no such instrument.
    """
    entries = []
    for part in text.split(","):
        if not part.strip():
            continue
        found = re.fullmatch(r"(.+?)\s*(?:=|\s(?:at |from )?(?:bar )?)\s*([1-9]\d{0,3})", part.strip())
        if found is None:
            raise StudioError(
                f"'{part.strip()}' names no player and bar. Write who joins in which bar, such as drums 5."
            )
        parse_instrument(found[1])
        entries.append((found[1], int(found[2])))
    return tuple(entries)


def entries_as_text(entries: Iterable[tuple[str, int]]) -> str:
    """Returns who joins in which bar as one types it; undoes ``parse_entries``."""
    return ", ".join(f"{name} {bar}" for name, bar in entries)


def typed_values(values: Mapping[str, Any], beats_per_bar: int = 4) -> dict[str, Any]:
    """Returns the values of options, those that earlier versions wrote as text read.

    Args:
        values: as they stand in a recipe.
        beats_per_bar: what slashes in a progression without bar lines fill.

    Raises:
        StudioError: a text cannot be read.
    """
    found = dict(values)
    if isinstance(bars := found.get("bars"), str):
        found["bars"] = list(parse_bars(bars))
    if isinstance(chords := found.get("chords"), str):
        found["chords"] = [list(bar) for bar in parse_chord_names(chords, beats_per_bar)]
    names: Any = found.get("instruments")
    if _are_texts(names) and any("=" in name for name in names):
        found["instruments"] = [list(parse_track_instrument(name)) for name in names]
    return found


def _are_texts(values: Any) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, str) and all(isinstance(v, str) for v in values)
