"""Another order of a score's bars: its sections moved, repeated, left out, made longer or shorter; what stays together stays as it was."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import symusic

from music.bars import bar_grid, score_end, ticks_to_seconds
from music.edit import NewNote, graft, slice_bars
from music.errors import StudioError
from music.files.midi import MAX_SECONDS
from music.files.smf import MAX_EVENTS, MAX_NOTES, MAX_TICK
from music.form import join, sections, with_sections
from music.words.events import read_words
from music.words.verses import lyrics_text, read_stanzas

MAX_PARTS = 256
"""Far more than a song has sections."""
MAX_BARS = 4096
_SECTION = "section: "
_TOO_LONG = "The song would become too long. Remove a section first."


class FormPart(NamedTuple):
    """Bars of a score, from the first up to but not including the last, counted from 0, and the section that begins with them.

    The name is empty where the section before goes on.
    """

    name: str
    first: int
    last: int


def form_parts(score: symusic.Score) -> list[FormPart]:
    """Returns the sections of a score as its parts, after the bars before the first one, if there are any; none if none is marked."""
    bars = bar_grid(score)
    marked = [section for section in sections(score, bars[-1].end) if section.end > section.start]
    firsts = [next((n for n, bar in enumerate(bars) if bar.start >= section.start), len(bars)) for section in marked]
    edges = itertools.pairwise([*firsts, len(bars)])
    found = [FormPart(section.name, *pair) for section, pair in zip(marked, edges, strict=True)]
    if firsts and firsts[0] > 0:
        found.insert(0, FormPart("", 0, firsts[0]))
    return [part for part in found if part.first < part.last]


def rearranged(score: symusic.Score, parts: Sequence[FormPart]) -> symusic.Score:
    """Returns a score of these bars of another one, in this order, with its tempi, signatures, controls and symbols.

    Notes that sound on over a seam that is new end there.

    Raises:
        StudioError: there are no parts, too many, or bars that the score does not have; or what comes of them could not be read again.
    """
    bars = bar_grid(score)
    if not parts or any(not 0 <= part.first < part.last <= len(bars) for part in parts):
        raise StudioError("These are not the bars of this piece. Reload the page and try again.")
    if len(parts) > MAX_PARTS or sum(part.last - part.first for part in parts) > MAX_BARS:
        raise StudioError(_TOO_LONG)
    runs = _runs(parts)
    lengths = [bars[last - 1].end - bars[first].start for first, last in runs]
    _check_size(score, [(bars[first].start, bars[last - 1].end) for first, last in runs])
    pieces = [slice_bars(_beginning_at(score, bars[first].start), first, last) for first, last in runs]
    out = join([("", piece, length) for piece, length in zip(pieces, lengths, strict=True)], score)
    for kind, of in (("tempos", _tempo), ("time_signatures", _signature), ("key_signatures", _key)):
        setattr(out, kind, _in_a_row([getattr(piece, kind) for piece in pieces], lengths, lambda event: "", of))
    out.markers = _in_a_row(
        [[marker for marker in piece.markers if not marker.text.startswith(_SECTION)] for piece in pieces],
        lengths,
        lambda marker: marker.text.partition(": ")[0] if ": " in marker.text else None,
        lambda marker: marker.text,
    )
    for number, track in enumerate(out.tracks):
        track.controls = _in_a_row(
            [piece.tracks[number].controls for piece in pieces], lengths, lambda c: c.number, lambda c: c.value
        )
    marks, at = [], 0
    for part in parts:
        marks += [(at, part.name)] if part.name else []
        at += bars[part.last - 1].end - bars[part.first].start
    if ticks_to_seconds(out, score_end(out)) > MAX_SECONDS:
        raise StudioError(_TOO_LONG)
    return with_sections(out, marks)


def notes_after(score: symusic.Score, parts: Sequence[FormPart], notes: Iterable[NewNote]) -> list[NewNote]:
    """Returns what becomes of notes of a score when its bars come in another order: each as often as its bar does."""
    bars, found, at, wanted = bar_grid(score), [], 0, list(notes)
    for first, last in _runs(parts):
        start, stop = bars[first].start, bars[last - 1].end
        found += [
            (track, at + time - start, min(duration, stop - time), pitch, velocity)
            for track, time, duration, pitch, velocity in wanted
            if start <= time < stop
        ]
        at += stop - start
    return found


def _runs(parts: Iterable[FormPart]) -> list[list[int]]:
    """Returns the bars that stay in a row: the first, and the one after the last."""
    runs: list[list[int]] = []
    for part in parts:
        if runs and runs[-1][1] == part.first:
            runs[-1][1] = part.last
        else:
            runs.append([part.first, part.last])
    return runs


def _check_size(score: symusic.Score, spans: Sequence[tuple[int, int]]) -> None:
    """Makes sure, before anything is built, that a score of these stretches of another one, in ticks, can be kept and read again."""
    notes = [track.notes for track in score.tracks]
    others = [getattr(score, kind) for kind in ("tempos", "time_signatures", "key_signatures", "markers")]
    others += [
        getattr(track, kind) for track in score.tracks for kind in ("controls", "pitch_bends", "pedals", "lyrics")
    ]
    begin, end = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    count = _within(notes, begin, end)
    if count > MAX_NOTES or count + _within(others, begin, end) > MAX_EVENTS or int((end - begin).sum()) > MAX_TICK:
        raise StudioError(_TOO_LONG)


def _within(kinds: Iterable[Iterable[Any]], begin: np.ndarray, end: np.ndarray) -> int:
    """Returns how many events begin in stretches, int ``[stretches]``, in all."""
    times = np.sort(np.array([event.time for events in kinds for event in events], dtype=np.int64))
    return int((np.searchsorted(times, end) - np.searchsorted(times, begin)).sum())


def _beginning_at(score: symusic.Score, tick: int) -> symusic.Score:
    """Returns the score without notes that ring over a tick: what comes before it there will be something else."""
    gone = {
        (number, place)
        for number, track in enumerate(score.tracks)
        for place, note in enumerate(track.notes)
        if note.time < tick < note.end
    }
    return graft(score, (), gone) if gone else score


def _in_a_row(
    events: Sequence[Iterable[Any]], lengths: Sequence[int], kind: Callable[[Any], Any], of: Callable[[Any], Any]
) -> list[Any]:
    """Returns events of pieces that follow each other; what one begins with is left out where it is so already."""
    found, last, at = [], dict[Any, Any](), 0
    for row, length in zip(events, lengths, strict=True):
        for event in sorted(row, key=lambda event: event.time):
            which = kind(event)
            if event.time < length and (event.time > 0 or which is None or last.get(which) != of(event)):
                moved = event.copy()
                moved.time += at
                found.append(moved)
                last[which] = of(event)
        at += length
    return found


def _tempo(event: symusic.Tempo) -> Any:
    return event.mspq


def _signature(event: symusic.TimeSignature) -> Any:
    return event.numerator, event.denominator


def _key(event: symusic.KeySignature) -> Any:
    return event.key, event.tonality


def lyrics_after(lyrics: Sequence[str], before: symusic.Score, after: symusic.Score) -> tuple[str, ...]:
    """Returns the lines of a song without those that were sung and are not any more, as sections went."""
    was, now = _sung(before), _sung(after)
    if not was or was == now:
        return tuple(lyrics)
    kept = []
    for stanza in read_stanzas("\n".join(lyrics)):
        lines = tuple(line for line in stanza.lines if not (_in(line, was) and not _in(line, now)))
        if lines:
            kept.append(stanza._replace(lines=lines))
    return tuple(lyrics_text(kept).split("\n")) if kept else ()


def _sung(score: symusic.Score) -> list[str]:
    """Returns the letters of each verse of each track that is sung."""
    found: dict[tuple[int, int], str] = {}
    for number, track in enumerate(score.tracks):
        for each in read_words(track.lyrics):
            found[number, each.verse] = found.get((number, each.verse), "") + _letters(each.text)
    return list(found.values())


def _in(line: str, sung: Sequence[str]) -> bool:
    return bool(_letters(line)) and any(_letters(line) in verse for verse in sung)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()
