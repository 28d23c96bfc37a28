"""Somebody's files of music -> what a model learns from: each file looked into, copies found, some kept back to check on.

A file that is kept back is never learned from, nor is any other that is, for the most part, the same music: which those
are is told by their notes, so that neither a name, a key, a tempo nor an instrument hides a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from music.analysis.melody import find_melody
from music.bars import bar_grid
from music.chords import chord_spans
from music.edit import slice_bars
from music.errors import StudioError
from music.files.collection import Collection
from music.files.midi import read_with_repairs, write_midi
from music.piece import Piece
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, Octuple
from music.tokens.piano import PIANOS
from training.data import prepare_pairs
from training.data.pair_shards import Pairs
from training.data.prepare import write_index
from training.data.prepare_pairs import are_four_voices, write_pairs
from training.data.read_parts import MIN_NOTES, prefixes_of, windows_of
from training.quality.measures.pieces import copied, window_hashes, window_index
from training.tasks.accompaniment import plain_examples

SET = "your files"
"""What the files are called as a data set."""

HELD_OUT = 0.15
"""Share of the pieces that are kept back; by choice: of twenty files three."""

MOST_HELD_OUT = 40
SAME_MUSIC = 0.5
"""Share of its 12-note windows from which on a file counts as a copy of another. By choice; takes of one piece have more."""

FEWEST_MOVES = 5
"""Windows with fewer different moves are scales and repeated notes, which nobody copies (``window_hashes``)."""

MOST_WINDOWS = 2_000_000
"""So many are compared to find copies, some 200 MB; of more, an even share."""

OPENING_BARS = 16
ACCOMPANY = ("accompaniment", "harmonizing")


@dataclass
class _Usable:
    """A file that can be learned from."""

    name: str
    score: symusic.Score
    rows: np.ndarray
    hashes: np.ndarray
    remark: str = ""


def prepare_files(
    path: Path, learns: str, out: Path, told: Callable[[int, int], None], is_stopped: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Writes what a model learns from, and returns what was found in the files.

    Args:
        path: a folder or a zip.
        learns: the task of the model's architecture (``Architecture.learns``).
        out: where to write: shards (or pairs), the index of 12-note windows, and openings of the pieces that are kept back.
        told: is told how many files were read, of how many.
        is_stopped: asked after each file.

    Returns:
        ``used``: of each file its name, notes, whether it is "learned" or "kept back", and a remark; ``skipped``: names and
        why; ``copies``: names of files that are the same music; ``shared``: share of the 12-note windows of what is kept
        back that stand in what is learned from. Nothing where it was stopped.

    Raises:
        StudioError: nothing can be learned from them.
    """
    usable: list[_Usable] = []
    skipped: list[dict[str, str]] = []
    files = Collection(path)
    for number, member in enumerate(files):
        told(number, len(files.names))
        if is_stopped():
            return {}
        try:
            if member.problem:
                raise StudioError(f"{member.problem[:1].upper()}{member.problem[1:]}.")
            usable.append(_read(member.data, member.name, learns))
        except StudioError as error:
            skipped.append({"name": member.name, "why": str(error)})
    told(len(files.names), len(files.names))
    groups = _groups([each.hashes for each in usable])
    _check_enough(len(set(groups)), skipped)
    checks = _kept_back(groups, usable)
    splits = ["valid" if group in checks else "train" for group in groups]
    out.mkdir(parents=True, exist_ok=True)
    if learns in ACCOMPANY:
        write_pairs({SET: _entry(path)}, {SET: [_pair(each, s) for each, s in zip(usable, splits)]}, out)
        usable, groups, splits = _accompanied(out, usable, groups, splits, skipped)
    else:
        _write_shards(path, usable, splits, out)
    learned = [each for each, split in zip(usable, splits) if split == "train"]
    known = window_index(each.hashes for each in learned)
    np.save(out / "known.npy", known)
    kept_back = [each for each, split in zip(usable, splits) if split == "valid"]
    _write_openings(kept_back, out)
    return {
        "used": [
            {
                "name": each.name,
                "notes": len(each.rows),
                "split": "kept back" if split == "valid" else "learned",
                "remark": each.remark,
            }
            for each, split in zip(usable, splits)
        ],
        "skipped": skipped,
        "copies": [
            [each.name for each, other in zip(usable, groups) if other == group]
            for group in sorted({group for group in groups if groups.count(group) > 1})
        ],
        "shared": share_known([each.score for each in kept_back], known),
    }


def _write_shards(path: Path, usable: Sequence[_Usable], splits: Sequence[str], out: Path) -> None:
    """Writes files as shards (training/data/prepare.py)."""
    windows, prefixes, pieces, total = [], [], [], 0
    for number, (each, split) in enumerate(zip(usable, splits)):
        own = list(windows_of(each.rows))
        windows += [(0, int(split == "valid"), number, total + first, total + last, edge) for first, last, edge in own]
        prefixes += prefixes_of(each.rows, own)
        pieces.append((each.name, total, total + len(each.rows)))
        total += len(each.rows)
    np.save(out / "rows.npy", np.concatenate([each.rows for each in usable]))
    np.save(out / "windows.npy", np.array(windows, dtype=np.int64))
    np.save(out / "prefixes.npy", np.stack(prefixes))
    counts = {"train": splits.count("train"), "valid": splits.count("valid"), "notes": total}
    write_index(out, {SET: _entry(path)}, {SET: counts}, pieces, [None] * len(usable))


def hashes_of(score: symusic.Score) -> np.ndarray:
    """Returns the hashes by which copies of a score are known: of its pitched parts, or of its drums where it has no others.

    Parts of one instrument count as one, since models write them so; beside each stands its top line, for a tune may be
    copied over another accompaniment.
    """
    parts = symusic.Score(score.ticks_per_quarter)
    for program in sorted({track.program for track in score.tracks if not track.is_drum}):
        notes = [n for track in score.tracks if not track.is_drum and track.program == program for n in track.notes]
        highest: dict[int, symusic.Note] = {}
        for note in notes:
            if note.time not in highest or note.pitch > highest[note.time].pitch:
                highest[note.time] = note
        for line in (notes, list(highest.values())) if len(highest) < len(notes) else (notes,):
            parts.tracks.append(symusic.Track("", program, False))
            parts.tracks[-1].notes.extend(line)
    found = window_hashes(parts, fewest_moves=FEWEST_MOVES)
    return found if len(found) else window_hashes(score, drums=True)


def _entry(path: Path) -> dict[str, str]:
    return {"source": path.name, "licence": "your own files: see to it that you may use them"}


def _read(data: bytes, name: str, learns: str) -> _Usable:
    """Returns a file as a model reads it.

    Raises:
        StudioError: it cannot be read, or the model cannot learn from it.
    """
    reading = read_with_repairs(data, name)
    score, remark = reading.piece.score, ""
    rows = tokens.encode(score).rows
    if learns == "piano":
        by_pianos = np.isin(rows[:, Octuple.PROGRAM], PIANOS)
        if not by_pianos.all():
            rows, remark = rows[by_pianos], "Its piano alone is used."
            score = score.copy()
            score.tracks = [t for t in score.tracks if not t.is_drum and FIRST + t.program in PIANOS]
        if not len(rows):
            raise StudioError("It has no piano, and this model learns piano music alone.")
    if len(rows) < MIN_NOTES:
        raise StudioError(f"It is too short: {len(rows)} of at least {MIN_NOTES} notes.")
    rows[:, Octuple.BAR] -= rows[0, Octuple.BAR] - FIRST  # leading silence says nothing
    if learns in ACCOMPANY and _parts(score) is None:
        raise StudioError("Nobody in it accompanies a melody, and this model learns accompaniment alone.")
    if reading.repairs and not remark:
        remark = f"Mended while it was read: {reading.repairs[0]}"
    return _Usable(name, score, rows, hashes_of(score), remark)


def _parts(score: symusic.Score) -> tuple[tuple[str, ...], int, tuple[int, ...]] | None:
    """Returns (styles, lead, basses) of a score: what of it teaches accompaniment; None where nothing does."""
    pitched = [n for n, track in enumerate(score.tracks) if len(track.notes) and not track.is_drum]
    lead = find_melody(score)
    if lead is not None and pitched == [lead] and chord_spans(score):
        return ("chords",), lead, ()
    if are_four_voices(score, pitched):
        return ("chorale",), pitched[0], ()
    found = prepare_pairs.parts_of(SET, score)
    if found is None:
        return None
    others = [track for track in pitched if track != found[1]]
    if all(score.tracks[track].program in range(8) for track in others):
        return ("piano", "chords"), found[1], ()
    return found


def _pair(each: _Usable, split: str) -> prepare_pairs.Piece:
    parts = _parts(each.score)
    assert parts is not None  # else it was skipped when it was read
    return prepare_pairs.Piece(each.name, split, each.score, *parts, None)


def _accompanied(
    out: Path, usable: list[_Usable], groups: list[int], splits: list[str], skipped: list[dict[str, str]]
) -> tuple[list[_Usable], list[int], list[str]]:
    """Returns what of the files there are examples of; the others are skipped after all.

    Raises:
        StudioError: nothing is left to learn from, or to check on.
    """
    pairs = Pairs.load(out)
    named = {piece["name"] for piece in pairs.index["pieces"]}
    for each in usable:
        if each.name not in named:
            skipped.append({"name": each.name, "why": "It is too long, or has nothing to write."})
    kept = [number for number, each in enumerate(usable) if each.name in named]
    limits = {"bars": 16, "window": 320, "given": 384}
    for split in ("train", "valid"):
        if not plain_examples(pairs, split, limits, 1):
            _check_enough(1, skipped)
    return [usable[n] for n in kept], [groups[n] for n in kept], [splits[n] for n in kept]


def _groups(hashes: Sequence[np.ndarray]) -> list[int]:
    """Returns for each file the number of the first that is the same music; its own where there is none."""
    groups: list[int] = []
    every = np.uint64(max(1, sum(map(len, hashes)) // MOST_WINDOWS))
    known = [np.unique(each[each % every == 0]) for each in hashes]
    firsts: dict[int, list[int]] = {}  # of each window, the groups that have it
    for number, mine in enumerate(known):
        votes: dict[int, int] = {}
        for window in mine.tolist():
            for group in firsts.get(window, ()):
                votes[group] = votes.get(group, 0) + 1
        best = max(votes, key=lambda group: votes[group], default=number)
        same = len(mine) and votes.get(best, 0) >= SAME_MUSIC * min(len(mine), len(known[best]))
        group = best if same else number
        groups.append(group)
        for window in mine.tolist():
            having = firsts.setdefault(window, [])
            if group not in having:
                having.append(group)
    return groups


def _check_enough(pieces: int, skipped: Sequence[dict[str, str]]) -> None:
    """Makes sure that there is something to learn from and something else to check on.

    Raises:
        StudioError: there is not.
    """
    if pieces >= 2:
        return
    found = "Only one different piece" if pieces else "None of the files"
    why = f" ({skipped[0]['name']}: {skipped[0]['why'].rstrip('.')})" if skipped else ""
    raise StudioError(
        f"{found} can be used{why}. Add more music: at least two pieces, so that one can be kept back to check on."
    )


def _kept_back(groups: Sequence[int], usable: Sequence[_Usable]) -> set[int]:
    """Returns the groups that are kept back: a share of them, whose order their notes decide, and so no name does."""
    order = sorted(set(groups), key=lambda group: (int(usable[group].rows.astype(np.int64).sum()) * 2654435761) % 2**32)
    return set(order[: max(1, min(MOST_HELD_OUT, round(HELD_OUT * len(order))))])


def _write_openings(kept_back: Sequence[_Usable], out: Path) -> None:
    """Writes the first bars of some pieces that are kept back, from which samples begin."""
    (out / "openings").mkdir(exist_ok=True)
    for number, each in enumerate(kept_back[:3]):
        bars = len(bar_grid(each.score))
        opening = slice_bars(each.score, 0, min(bars, OPENING_BARS))
        write_midi(Piece(opening, Path(each.name).stem), out / "openings" / f"{number}.mid")


def share_known(scores: Sequence[symusic.Score], known: np.ndarray) -> float:
    """Returns the share of the 12-note windows of scores that stand in an index; 0 where they have none."""
    found = np.concatenate([np.zeros(0, dtype=np.uint64), *(hashes_of(score) for score in scores)])
    return float(copied(found, known).mean()) if len(found) else 0.0
