"""Music -> octuples, windows and their conditions, some hundred pieces at a time (``parts``), for ``prepare`` to join."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tqdm import tqdm

from music.errors import StudioError
from music.files.midi import midi_bytes, read_with_repairs
from music.piece import Piece
from music.theory import ALL_KEYS, Key
from music.tokens import conditions
from music.tokens import octuple as tokens
from music.tokens.columns import FIELDS, FIRST, Octuple
from training.data.parts import parts, within

if TYPE_CHECKING:
    from training.data.prepare import Source

WINDOW_NOTES = 1024
STRIDE_NOTES = 512
MIN_NOTES = 24
MIDDLE, EDGE = 0, 1  # weight classes: windows at the start or end of a piece are drawn more often
_MOST_NAMED = 100  # files that are listed one by one, each with why it was left out


def usable_rows(source: Source) -> tuple[np.ndarray, bool]:
    """Returns the octuples of some music, leading silence cut, and whether its file had to be mended.

    Raises:
        StudioError: it cannot be read, or is too short.
    """
    reading = None if source.score else read_with_repairs(source.path)
    rows = tokens.encode(source.score if reading is None else reading.piece.score).rows
    if len(rows) < MIN_NOTES:
        raise StudioError(f"It is too short: {len(rows)} of at least {MIN_NOTES} notes. Choose longer music.")
    rows[:, Octuple.BAR] -= rows[0, Octuple.BAR] - FIRST  # leading silence says nothing
    return rows, reading is not None and len(reading.repairs) > 0


def windows_of(rows: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yields (first, last + 1, weight class) of the windows of a piece; each begins with a bar."""
    count = len(rows)
    if count <= WINDOW_NOTES:
        yield 0, count, EDGE
        return
    heads = np.flatnonzero(np.diff(rows[:, Octuple.BAR], prepend=-1))  # first note of each bar
    starts = heads[np.unique(np.searchsorted(heads, np.arange(0, count - WINDOW_NOTES, STRIDE_NOTES)))]
    final = heads[np.searchsorted(heads, count - WINDOW_NOTES)] if heads[-1] >= count - WINDOW_NOTES else heads[-1]
    for start in sorted({*starts.tolist(), int(final)}):
        last = min(count, start + WINDOW_NOTES)
        yield start, last, EDGE if start == 0 or last == count else MIDDLE


def prefixes_of(
    rows: np.ndarray, windows: list[tuple[int, int, int]], genre: str | None = None, key: Key | None = None
) -> list[np.ndarray]:
    """Returns the conditions that each window of a piece meets, int16 [prefix]."""
    number = None if genre is None else conditions.GENRES.index(genre)
    measured = [conditions.measure(rows[first:last], number) for first, last, _ in windows]
    if key is not None:
        measured = [replace(each, key=ALL_KEYS.index(key)) for each in measured]
    return [each.prefix().astype(np.int16) for each in measured]


def make_part(sources: list[Source]) -> dict[str, np.ndarray]:
    """Returns what is kept of some music: ``rows`` int16 [notes, 8], ``windows`` int64 [windows, 3] within their pieces,
    ``prefixes`` int16 [windows, prefix], and ``pieces`` with each piece's name, counts and hash, or why it was left out."""
    rows, windows, prefixes, told = [], [], [], []
    for source in sources:
        try:
            with within():
                found, was_mended = usable_rows(source)
        except StudioError as error:
            why = str(error).partition(". ")[0].removeprefix(f"'{source.path}' ")
            told.append({"name": source.name, "why": f"{why[:1].lower()}{why[1:]}"})
            continue
        except TimeoutError:
            told.append({"name": source.name, "why": "takes too long to read"})
            continue
        own = list(windows_of(found))
        prefixes += prefixes_of(found, own, source.genre, source.key)
        rows.append(found)
        windows += own
        digest = hashlib.sha1(found.tobytes()).hexdigest()
        piece = {"name": source.name, "split": source.split, "style": source.style, "hash": digest}
        told.append({**piece, "notes": len(found), "windows": len(own), "mended": was_mended})
    return {
        "rows": np.concatenate(rows) if rows else np.zeros((0, len(FIELDS)), np.int16),
        "windows": np.array(windows, np.int64).reshape(-1, 3),
        "prefixes": np.stack(prefixes) if prefixes else np.zeros((0, conditions.PREFIX_LENGTH), np.int16),
        "pieces": _as_bytes(told),
    }


def lost_part(sources: list[Source]) -> dict[str, np.ndarray]:
    """Returns the part of music whose reader went down with its process."""
    part = make_part([])
    return {
        **part,
        "pieces": _as_bytes([{"name": source.name, "why": "the reader crashed on it"} for source in sources]),
    }


def _as_bytes(told: list[dict[str, Any]]) -> np.ndarray:
    """Returns one line of JSON for each piece, uint8."""
    return np.frombuffer("".join(f"{json.dumps(each)}\n" for each in told).encode(), np.uint8)


def _key(source: Source) -> str:
    """Returns what changes when the octuples of some music would."""
    notes = midi_bytes(Piece(source.score)) if source.score else b""
    stamp = source.path.stat() if source.score is None and source.path.exists() else None
    file = (stamp.st_size, stamp.st_mtime_ns) if stamp else hashlib.sha1(notes).hexdigest()
    own = (source.name, str(source.path), source.split, source.genre, source.style, str(source.key))
    return repr((tokens.digest(), conditions.PREFIX_SIZE, WINDOW_NOTES, STRIDE_NOTES, MIN_NOTES, file, *own))


class Tally(NamedTuple):
    """What the parts of a run hold: their files with the number of their set, and of each piece what ``make_part`` told."""

    files: list[tuple[int, Path]]
    pieces: list[list[dict[str, Any]]]
    left_out: list[str]
    count_left_out: int


def read_all(sets: dict[str, tuple[dict[str, Any], list[Source]]], folder: Path, jobs: int | str) -> Tally:
    """Returns the parts of all sets; makes those that are not there."""
    files, pieces, left_out, count = [], [], [], 0
    for number, (name, (_, sources)) in enumerate(sets.items()):
        with tqdm(total=len(sources), desc=name, unit="file", disable=None) as bar:
            for path, read in parts(sources, make_part, lost_part, _key, folder, jobs):
                with np.load(path) as part:
                    told = [json.loads(line) for line in part["pieces"].tobytes().decode().splitlines()]
                lost = [f"  {each['name']}: {each['why']}" for each in told if "why" in each]
                left_out += lost[: _MOST_NAMED - len(left_out)]
                count += len(lost)
                files.append((number, path))
                pieces.append([each for each in told if "why" not in each])
                bar.update(read)
    if count > len(left_out):
        left_out.append(f"  and {count - len(left_out)} more")
    return Tally(files, pieces, left_out, count)
