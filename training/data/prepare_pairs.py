"""Data sets -> melody and accompaniment pairs: what the harmonizer learns from.

    python -m training pairs --sets training/recipes/pairs.toml --data DATA --out runs/pairs

Of each piece it keeps the notes of every part and one chord a beat (written in a lead sheet, heard in the notes
otherwise); which part leads and what is written to it is drawn anew whenever a piece is read (training/data/pair_shards.py).

    rows.npy    int16 [notes, 9]  octuples in order, and the part that plays
    beats.npy   int16 [beats, 8]  one row a beat (music/tokens/accompaniment.py)
    index.json  vocabulary sizes, tokenizer digest, sets with their sources; for each piece its name, set, split,
                extent in both arrays, key, genre, the styles it teaches, its lead part and its bass parts
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from music.analysis.chord_estimation import chords_at, estimate_chords
from music.analysis.melody import find_melody
from music.bars import score_end
from music.chords import chord_spans
from music.errors import StudioError
from music.files.midi import read_midi
from music.instruments import BASSES
from music.theory import key_from_histogram, written_key
from music.tokens import accompaniment, conditions
from music.tokens import octuple as tokens
from music.tokens.columns import STEP_COLUMNS
from training.data.prepare import manifest_sources
from training.data.songbooks import chorales, lead_sheets

MIN_NOTES = 24
MAX_PARTS = 24


@dataclass(frozen=True)
class Piece:
    """A piece as it is prepared.

    Attributes:
        name, split: as in the data set.
        score: its notes; a lead sheet also carries chord symbols.
        styles: which of HARMONIES it teaches.
        lead: its leading part, a track of the score.
        bass: the tracks that play the bass.
        genre: of conditions.GENRES, or None.
    """

    name: str
    split: str
    score: symusic.Score
    styles: tuple[str, ...]
    lead: int
    bass: tuple[int, ...]
    genre: str | None


def main(argv: list[str]) -> None:
    """Runs ``python -m training pairs``."""
    parser = argparse.ArgumentParser(prog="python -m training pairs", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, required=True, help="a TOML file that describes data sets")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--out", type=Path, required=True, help="where to write the pairs")
    args = parser.parse_args(argv)
    sets = tomllib.loads(args.sets.read_text())
    described = tomllib.loads((args.sets.parent / "sets.toml").read_text()) if "same" in sets else {}
    sets |= {name: described[name] for name in sets.pop("same", [])}
    print(prepare(sets, args.data, args.out))


def pieces(name: str, entry: dict[str, Any], data: Path) -> Iterator[Piece]:
    """Yields the pieces of one data set that teach some style.

    Raises:
        StudioError: its files are missing.
    """
    if name.startswith("leadsheets_"):
        for song in lead_sheets(data / "leadsheets", (name.removeprefix("leadsheets_"),)):
            yield Piece(song.name, song.split, song.score, ("chords",), 0, (), entry.get("genre"))
        return
    if name == "chorales":
        for song in chorales(data / "chorales"):
            yield Piece(song.name, song.split, song.score, ("chorale",), 0, (), "classical")
        return
    for source in manifest_sources(data / entry.get("folder", name), name, entry):
        try:
            score = read_midi(source.path).score
        except StudioError:
            continue
        if found := parts_of(name, score):
            yield Piece(source.name, source.split, score, *found, source.genre)


def parts_of(name: str, score: symusic.Score) -> tuple[tuple[str, ...], int, tuple[int, ...]] | None:
    """Returns (styles, lead, basses) of a MIDI file of a data set; None where nobody leads or nobody follows."""
    playing = [track for track in range(len(score.tracks)) if len(score.tracks[track].notes)]
    pitched = [track for track in playing if not score.tracks[track].is_drum]
    if not 2 <= len(pitched) or len(playing) > MAX_PARTS:
        return None
    lead = find_melody(score)
    if lead is None:
        return None
    others = [track for track in pitched if track != lead]
    if name == "pop909":
        return ("piano",), lead, ()
    keyboard = [track for track in others if score.tracks[track].program in range(8)]
    if keyboard == others and name in ("openscore", "polish_multitrack"):
        return ("piano", "chords"), lead, ()
    if name == "polish_multitrack" and are_four_voices(score, pitched):
        return ("chorale",), pitched[0], ()
    bass = tuple(
        track
        for track in others
        if score.tracks[track].program in BASSES or score.tracks[track].name in ("Bass", "Walk")
    )
    return ("band", "bass") if bass else ("band",), lead, bass


def are_four_voices(score: symusic.Score, pitched: list[int]) -> bool:
    """Returns whether four tracks sing one note at a time, each lower than the one before."""
    if len(pitched) != 4 or any(score.tracks[track].program not in (52, 53) for track in pitched):
        return False
    heights = []
    for track in pitched:
        notes = score.tracks[track].notes.numpy()
        order = np.argsort(notes["time"], kind="stable")
        if (np.diff(notes["time"][order]) < notes["duration"][order][:-1] * 0.9).mean() > 0.02:
            return False
        heights.append(notes["pitch"].mean())
    return all(high > low + 1 for high, low in zip(heights, heights[1:], strict=False))


def prepare(sets: dict[str, dict[str, Any]], data: Path, out: Path) -> str:
    """Writes the pairs of these sets and returns a table of what they hold."""
    table = write_pairs(sets, {name: pieces(name, entry, data) for name, entry in sets.items()}, out)
    lines = [f"{'set':28}{'train':>8}{'valid':>8}{'notes':>12}"]
    return "\n".join(lines + [f"{name:28}{c['train']:8}{c['valid']:8}{c['notes']:12}" for name, c in table.items()])


def write_pairs(
    sets: dict[str, dict[str, Any]], pieces_of: dict[str, Iterable[Piece]], out: Path
) -> dict[str, dict[str, int]]:
    """Writes the pairs of these pieces and returns, by set, how many of them train and validate, and their notes.

    Args:
        sets: what the index says of each set.
        pieces_of: the pieces of each set.
        out: the folder.

    Raises:
        StudioError: there is none.
    """
    all_rows, all_beats, index, table = [], [], [], {}
    notes = beats = 0
    for name in sets:
        counts = table.setdefault(name, {"train": 0, "valid": 0, "notes": 0})
        for piece in tqdm(pieces_of[name], desc=name, unit="piece", disable=None):
            try:
                rows, row_of_beat = encode(piece.score)
            except StudioError:
                continue
            if len(rows) < MIN_NOTES:
                continue
            key = key_of(piece, rows)
            index.append(
                {
                    "name": piece.name,
                    "set": list(sets).index(name),
                    "split": piece.split,
                    "rows": [notes, notes + len(rows)],
                    "beats": [beats, beats + len(row_of_beat)],
                    "key": key,
                    "genre": None if piece.genre is None else conditions.GENRES.index(piece.genre),
                    "styles": piece.styles,
                    "lead": piece.lead,
                    "bass": piece.bass,
                }
            )
            notes, beats = notes + len(rows), beats + len(row_of_beat)
            all_rows.append(rows)
            all_beats.append(row_of_beat)
            counts[piece.split] += 1
            counts["notes"] += len(rows)
    if not index:
        raise StudioError("None of the files could be used. They are unreadable, or nobody accompanies a melody.")
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "rows.npy", np.concatenate(all_rows))
    np.save(out / "beats.npy", np.concatenate(all_beats))
    (out / "index.json").write_text(
        json.dumps(
            {
                "tokenizer": tokens.digest(),
                "step_columns": STEP_COLUMNS,
                "step_sizes": accompaniment.sizes(),
                "prefix_size": accompaniment.CONDITION_IDS_SIZE,
                **accompaniment.facts(),
                "sets": {name: {**entry, **table[name]} for name, entry in sets.items()},
                "pieces": index,
            }
        )
    )
    return table


def key_of(piece: Piece, rows: np.ndarray) -> int:
    """Returns the key index of a piece: as written in a lead sheet, else as its notes and chords sound."""
    if piece.styles != ("chords",):
        return conditions.measure_key(rows) or 0
    key = written_key(piece.score)
    if key is None:
        notes, per_quarter = piece.score.tracks[piece.lead].notes.numpy(), piece.score.ticks_per_quarter
        weights = np.bincount(notes["pitch"] % 12, weights=notes["duration"] / per_quarter, minlength=12)
        for span in chord_spans(piece.score):
            tones = list(span.chord.tones)
            weights[tones] += (span.end - span.start) / per_quarter / 3
            weights[tones[0]] += (span.end - span.start) / per_quarter / 6
        key, _ = key_from_histogram(weights)
    return key.tonic + 12 * (key.mode == "minor")


def encode(score: symusic.Score) -> tuple[np.ndarray, np.ndarray]:
    """Returns the octuples of a score with the track of each, int16 [notes, 9], and its beats with their chords, int16 [beats, 8].

    Raises:
        StudioError: the score is too long.
    """
    encoded = tokens.encode(score, keep_doubles=True)
    rows = np.concatenate([encoded.rows, encoded.origin[:, :1].astype(np.int16)], axis=1)
    grid, ticks = accompaniment.beat_rows(score, score_end(score) + 1)
    spans = chord_spans(score, score_end(score)) or estimate_chords(score)
    return rows, accompaniment.with_known(grid, chords_at(spans, ticks))
