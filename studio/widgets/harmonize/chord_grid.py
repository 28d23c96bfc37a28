"""The chords of a piece bar by bar: typed or pasted by the visitor, in gray what the current take has."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import streamlit as st

from music.bars import bar_grid
from music.chord_symbols.bars import bar_texts, in_text
from music.chords import ChordNames, beat_ticks, parse_chord_names, parse_progression, progression_of, read_chord_text
from music.errors import StudioError
from music.piece import Piece
from music.theory import Key
from pipelines.options.values import fits
from studio.controls import bound, component_value, keep, set_controls, song_controls, widget_value
from studio.wording import plain, show_error

CELLS = "harmonize cells"
"""The control that holds what was typed, a text a bar."""
PROGRESSION = "harmonize progression"
_SERIAL = "harmonize cells serial"
_HERE = Path(__file__).parent


class Cells(NamedTuple):
    """The grid.

    Attributes:
        typed: for each bar what the visitor typed, or nothing.
        heard: for each bar the symbols of the current take, or nothing.
    """

    typed: list[str]
    heard: list[str]


def laid_out(text: str, count: int, beats_per_bar: int, key: Key | None = None) -> list[str]:
    """Returns a typed progression as a text a bar, repeated to the end of ``count`` bars; empty texts for an empty one.

    Raises:
        StudioError: a symbol is no chord.
    """
    bars = [in_text(chords, key) for chords in parse_progression(text, beats_per_bar, key) if chords]
    return [bars[n % len(bars)] if bars else "" for n in range(count)]


def pasted(text: str, beats_per_bar: int, key: Key | None = None) -> tuple[list[str], tuple[str, ...]]:
    """Returns what a text of several bars says for each of them, at least one, and notes of what was left out.

    Each line is a bar where all of them hold chords; else it is a sheet with words. What cannot be read stays as it is.
    """
    in_lines = re.sub(r"\s*[\n\t]+\s*", " | ", text)
    for way in (in_lines, text):
        try:
            read = read_chord_text(way, beats_per_bar, key)
        except StudioError:
            continue
        return [in_text(chords, key) for chords in progression_of(read.names)] or [""], read.notes
    return [in_lines], ()


def in_force(cells: Cells) -> list[str]:
    """Returns what each bar has: what was typed, else what the take has, else the chord before it goes on.

    Bars before the first chord have that one. Where nothing was typed or heard all texts are empty.
    """
    texts = [mine or theirs for mine, theirs in zip(*cells, strict=True)]
    last = next((text.split()[0] for text in texts if text.split()), "")
    for n, text in enumerate(texts):
        texts[n] = text or last
        last = next((word for word in reversed(texts[n].split()) if word not in ("/", ".")), last)
    return texts


def progression(cells: Cells, bars: Collection[int] | None = None, key: Key | None = None) -> ChordNames:
    """Returns the chords for these bars, counted from 0: the shortest progression that repeats from the first to the last.

    It is empty, and the model chooses, where nothing was typed in any of them.

    Raises:
        StudioError: a symbol is no chord.
    """
    chosen = sorted(bars) if bars else range(len(cells.typed))
    if not any(cells.typed[n] for n in chosen):
        return ()
    texts = in_force(cells)[chosen[0] : chosen[-1] + 1]
    period = next(n for n in range(1, len(texts) + 1) if all(t == texts[m % n] for m, t in enumerate(texts)))
    return parse_chord_names(f"| {' | '.join(texts[:period])} |", key=key, is_whole=False)


def problems(typed: Sequence[str], key: Key | None = None) -> dict[int, str]:
    """Returns what is wrong with the texts that do not parse, in two sentences, by bar from 0."""
    wrong = {}
    for n, text in enumerate(typed):
        try:
            parse_progression(
                f"| C | {text} |" if n else f"| {text} |", key=key, is_whole=False
            )  # a bar before, for % and /
        except StudioError as error:
            wrong[n] = str(error)
    return wrong


def edited(cells: Cells, key: Key | None = None) -> list[int]:
    """Returns the bars, counted from 0, for which other chords were typed than the take has."""
    wrong = problems(cells.typed, key)
    return [
        n
        for n, (text, heard) in enumerate(zip(*cells, strict=True))
        if text and n not in wrong and laid_out(f"| C | {text} |", 2, 4, key)[1] != heard
    ]


def chord_grid(piece: Piece, now: Piece, key: Key | None, selected: Sequence[Sequence[int]] = ()) -> Cells:
    """Shows a field for a whole progression and a cell a bar; returns the cells.

    Args:
        piece: what is harmonized.
        now: the current take, whose symbols are shown in gray.
        key: in which the symbols are spelled.
        selected: the first bar, and the bar after the last, of each run of selected bars.
    """
    first, *_ = bars = bar_grid(piece.score)
    beats = len(beat_ticks(first, piece.score.ticks_per_quarter))
    cells = Cells(_fitted(len(bars)), [*bar_texts(now.score, key), *[""] * len(bars)][: len(bars)])
    shown, wrong = in_force(cells), problems(cells.typed, key)
    field = bound(PROGRESSION, "")

    def fill() -> None:
        try:
            keep(CELLS, laid_out(widget_value(field), len(bars), beats, key))
        except StudioError:
            return  # the text stays, with what is wrong with it
        for note in read_chord_text(widget_value(field), beats, key).notes:
            st.toast(plain(note), icon=":material/info:", duration="long")
        set_controls({PROGRESSION: ""})

    with st.container(gap="xsmall"):
        text = keep(
            PROGRESSION,
            st.text_input(
                "Chords",
                key=field,
                on_change=fill,
                placeholder="Type or paste: Am F C G" if any(shown) else "The model chooses. Or type: Am F C G",
                help="A whole progression: one chord a bar, or bars between lines such as | Am | F G | C |. It is "
                "repeated to the end of the piece. Or type into the bars below; two chords in a bar share it, and a sheet "
                "with words can be pasted into the bar where it begins. Gray chords are those of the take: once you type "
                "one, the others are kept with it.",
            ),
        )
        _component()(
            key="chord grid",
            data={
                "cells": cells.typed,
                "ghosts": shown,
                "wrong": {str(n): sentences for n, sentences in wrong.items()},
                "selected": [list(run) for run in selected],
                "serial": song_controls().get(_SERIAL, 0),
            },
            on_cells_change=lambda: _take_over(component_value("chord grid", "cells"), cells.heard, beats, key),
        )
    if text:
        try:
            parse_progression(text, beats, key)
        except StudioError as error:
            show_error(str(error))
    for n, sentences in list(wrong.items())[:3]:
        show_error(f"Bar {n + 1}: {sentences}")
    _buttons(cells.typed, shown)
    return cells


def _buttons(typed: Sequence[str], shown: Sequence[str]) -> None:
    """Shows what can be done with all chords at once: keep those that are shown, or clear what was typed."""
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Keep these chords",
            icon=":material/keep:",
            key="keep chords",
            type="tertiary",
            on_click=keep,
            args=(CELLS, list(shown)),
            disabled=not any(shown) or all(typed),
            help="Fixes the gray chords too: the next accompaniment follows them, in whatever style.",
        )
        st.button(
            "Clear",
            icon=":material/backspace:",
            key="clear chords",
            type="tertiary",
            on_click=keep,
            args=(CELLS, [""] * len(typed)),
            disabled=not any(typed),
            help="The model chooses all chords again.",
        )


def _fitted(count: int) -> list[str]:
    """Returns what was typed, for so many bars: chords that filled all bars go on in bars that came since."""
    typed = song_controls().get(CELLS) or [""]
    return [typed[n % len(typed)] if n < len(typed) or all(typed) else "" for n in range(count)]


class _Sent(TypedDict):
    cells: list[str]
    serial: int


def _take_over(sent: Any, heard: Sequence[str], beats: int, key: Key | None) -> None:
    """Keeps what was typed in the grid; a text with bar lines fills the bars from its own on. A browser may say anything."""
    if not fits(_Sent, sent):
        return
    typed = [text.strip() for text in sent["cells"]]
    for n, text in enumerate(typed):
        before = in_force(Cells(typed, list(heard)))[n - 1] if n else ""
        if text and not text.strip("%") and before:  # the bar before again, spelled out: the bar may be written alone
            typed[n] = before
        elif text[:1] in ("/", ".") and before:
            typed[n] = laid_out(f"| {before} | {text} |", 2, beats, key)[1]
        elif re.search(r"[|\n\t]", text):
            bars, notes = pasted(text, beats, key)
            typed[n : n + len(bars)] = bars[: len(typed) - n]
            for note in notes:
                st.toast(plain(note), icon=":material/info:", duration="long")
    keep(CELLS, typed)
    keep(_SERIAL, sent["serial"])


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_chord_grid",
        html='<div class="chart" role="group" aria-label="Chords, bar by bar"></div>',
        css=(_HERE / "chord_grid.css").read_text("utf-8"),
        js=(_HERE / "chord_grid.js").read_text("utf-8"),
    )
