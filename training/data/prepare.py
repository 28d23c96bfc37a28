"""Folders of MIDI files -> token shards: octuples once, windows with measured conditions, and an index.

What is written holds all that a training loop needs, so that the loop itself imports no music library:

    rows.npy       int16 [notes, 8]   octuples of all pieces, one after another
    windows.npy    int64 [windows, 6] set, split (0 train, 1 valid), piece, first note, last note + 1, weight class
    prefixes.npy   int16 [windows, prefix] all conditions that the window meets
    index.json     vocabulary sizes, tokenizer digest, prefix blocks, sets with their sources, pieces, their styles
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from music.analysis.melody_key import key_of
from music.chords import chord_spans
from music.errors import StudioError
from music.files.midi import read_midi
from music.styles import STYLE_NAMES, STYLES
from music.theory import ALL_KEYS, Key
from music.tokens import conditions
from music.tokens import octuple as tokens
from music.tokens.columns import FIELDS, FIRST, STEP_COLUMNS, Octuple
from training.data.songbooks import lead_sheets
from training.data.style_labels import style_of

WINDOW_NOTES = 1024
STRIDE_NOTES = 512
MIN_NOTES = 24
SUFFIXES = {".mid", ".midi", ".kar"}
LEADS = (0, 4, 25, 40, 48, 52, 56, 65, 71, 73, 80)  # who plays the melodies of lead sheets, by chance
LEAD_SHEET_SET = "leadsheets_"  # sets of this name lie in FOLDER/leadsheets, as JSON Lines
MIDDLE, EDGE = 0, 1  # weight classes: windows at the start or end of a piece are drawn more often

# Genre of a groove by the first of these words in its name.
GROOVE_GENRES = {
    "latin": "beguine rhumba chacha bossa samba bolero mambo merengue salsa son tango cuban calypso latin",
    "jazz": "jazz swing lfusion evansish bigband dixie strut charleston ragtime foxtrot softshoe",
    "rock": "rock twist 8beat punk",
    "electronic": "trance boneym dance",
    "folk": "folk country bluegrass polka",
    "pop": "ballad pop",
}


@dataclass(frozen=True)
class Source:
    """Music to read: a MIDI file, or the melody of a lead sheet with the key of its chords."""

    path: Path
    name: str
    split: str
    genre: str | None
    score: symusic.Score | None = None
    key: Key | None = None
    style: str | None = None


def main(argv: list[str]) -> None:
    """Runs ``python -m training prepare``."""
    parser = argparse.ArgumentParser(prog="python -m training prepare", description=__doc__.splitlines()[0])
    parser.add_argument(
        "folders", nargs="*", type=Path, help="folders of MIDI files; a tenth of the files becomes validation data"
    )
    parser.add_argument(
        "--sets", type=Path, help="a TOML file that describes data sets (see training/recipes/sets.toml)"
    )
    parser.add_argument("--data", type=Path, help="the folder that holds the data sets of --sets")
    parser.add_argument("--genre", choices=conditions.GENRES, help="the genre of the music in the folders")
    parser.add_argument("--out", type=Path, required=True, help="where to write the shards")
    args = parser.parse_args(argv)
    sets: dict[str, tuple[dict[str, Any], list[Source]]] = {}
    if args.sets:
        if args.data is None:
            raise StudioError("The data sets have no folder. Say where they are with --data.")
        for name, entry in tomllib.loads(args.sets.read_text()).items():
            read = melody_sources if name.startswith(LEAD_SHEET_SET) else manifest_sources
            sets[name] = (entry, list(read(args.data / name, name, entry)))
    for folder in args.folders:
        sets[folder.name] = (
            {"source": str(folder.name), "licence": "the user's own"},
            list(folder_sources(folder, args.genre)),
        )
    if not any(sources for _, sources in sets.values()):
        raise StudioError("There are no MIDI files to prepare. Name a folder that holds .mid files.")
    print(prepare(sets, args.out))


def manifest_sources(folder: Path, name: str, entry: dict[str, Any]) -> Iterator[Source]:
    """Yields the files of a data set that its entry allows, with their split and genre.

    Raises:
        StudioError: the folder holds no such set.
    """
    manifest = folder / "manifest.jsonl"
    if not manifest.exists():
        raise StudioError(f"'{manifest.name}' is not in {folder}. Say with --data where the data sets are.")
    with manifest.open() as lines:
        for line in lines:
            item = json.loads(line)
            label = f"{item['file']} {item.get('name', '')}"
            if any(word in label for word in entry.get("exclude", [])):
                continue
            if "licences" in entry and item.get("meta", {}).get("licence") not in entry["licences"]:
                continue
            style = style_of(name, item, folder)
            genre = genre_of(name, item) or STYLES.get(style)
            label = f"{name}/{Path(item['file']).stem}"
            yield Source(folder / item["file"], label, item["split"], genre, style=style)


def melody_sources(folder: Path, name: str, entry: dict[str, Any]) -> Iterator[Source]:
    """Yields the melodies of the lead sheets "leadsheets_NAME", each played by one of LEADS.

    Raises:
        StudioError: there is no such file.
    """
    for song in lead_sheets(folder.parent / "leadsheets", (name.removeprefix(LEAD_SHEET_SET),)):
        melody = song.score.copy()
        melody.markers = []
        melody.tracks[0].program = LEADS[int(hashlib.sha1(song.name.encode()).hexdigest(), 16) % len(LEADS)]
        key = key_of(song.score, 0, [span.chord for span in chord_spans(song.score)])
        yield Source(folder, song.name, song.split, entry.get("genre"), melody, key)


def folder_sources(folder: Path, genre: str | None) -> Iterator[Source]:
    """Yields the MIDI files under a folder; the hash of a file's name decides its split."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        name = str(path.relative_to(folder))
        valid = int(hashlib.sha1(name.encode()).hexdigest(), 16) % 10 == 1
        yield Source(path, f"{folder.name}/{name}", "valid" if valid else "train", genre)


def genre_of(name: str, item: dict[str, Any]) -> str | None:
    """Returns the genre of one manifest line: from the set, its style names or its grooves."""
    fixed = dict.fromkeys(("polish_multitrack", "openscore", "piano_polish_chopin"), "classical")
    fixed |= {"pop909": "pop", "folk_pd": "folk"}
    if name in fixed:
        return fixed[name]
    if name == "mutopia":
        return {"Folk": "folk", "Jazz": "jazz"}.get(item.get("meta", {}).get("style"), "classical")
    if name == "gm_free_games":
        return "rock" if -1 in item["programs"] and {29, 30} & set(item["programs"]) else None
    style = (
        item["grooves"][0]
        if name == "synth_band"
        else item["style"]
        if name == "grooves"
        else item["name"].split("__")[-1].split("_")[1]
        if name == "groove_drums"
        else ""
    )
    return next(
        (genre for genre, words in GROOVE_GENRES.items() if any(word in style.lower() for word in words.split())), None
    )


def prepare(sets: dict[str, tuple[dict[str, Any], list[Source]]], out: Path) -> str:
    """Writes the shards of these sets and returns a table of what they hold."""
    all_rows, windows, prefixes, pieces, styles, skipped = [], [], [], [], [], 0
    table: dict[str, dict[str, int]] = {}
    total = 0
    for number, (name, (_, sources)) in enumerate(sets.items()):
        counts = table.setdefault(name, {"train": 0, "valid": 0, "notes": 0})
        for source in tqdm(sources, desc=name, unit="file", disable=None):
            try:
                rows = tokens.encode(source.score or read_midi(source.path).score).rows
            except StudioError:
                skipped += 1
                continue
            if len(rows) < MIN_NOTES:
                skipped += 1
                continue
            rows[:, Octuple.BAR] -= rows[0, Octuple.BAR] - FIRST  # leading silence says nothing
            genre = None if source.genre is None else conditions.GENRES.index(source.genre)
            for first, last, weight_class in windows_of(rows):
                split = int(source.split == "valid")
                windows.append((number, split, len(pieces), total + first, total + last, weight_class))
                found = conditions.measure(rows[first:last], genre)
                if source.key is not None:
                    found = replace(found, key=ALL_KEYS.index(source.key))
                prefixes.append(found.prefix().astype(np.int16))
            pieces.append((source.name, total, total + len(rows)))
            styles.append(None if source.style is None else STYLE_NAMES.index(source.style))
            all_rows.append(rows)
            total += len(rows)
            counts[source.split] += 1
            counts["notes"] += len(rows)
    if not pieces:
        raise StudioError("None of the files could be used. They are unreadable or shorter than 24 notes.")
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "rows.npy", np.concatenate(all_rows))
    np.save(out / "windows.npy", np.array(windows, dtype=np.int64))
    np.save(out / "prefixes.npy", np.stack(prefixes))
    vocab = tokens.vocabulary()
    index = {
        "tokenizer": tokens.digest(),
        "fields": FIELDS,
        "sizes": vocab.sizes,
        "step_columns": STEP_COLUMNS,
        "step_sizes": tokens.step_sizes(),
        "durations": vocab.durations.tolist(),
        "bar_lengths": vocab.signature_positions().tolist(),
        "prefix_size": conditions.PREFIX_SIZE,
        "prefix_blocks": conditions.prefix_blocks(),
        "home_shifts": [conditions.shift_to_canonical(key) for key in range(24)],
        "home_keys": [conditions.canonical_key(key) for key in range(24)],
        "sets": {name: {**entry, **table[name]} for name, (entry, _) in sets.items()},
        "pieces": pieces,
        "styles": STYLE_NAMES,
        "piece_styles": styles,
    }
    (out / "index.json").write_text(json.dumps(index))
    lines = [f"{'set':24}{'train':>8}{'valid':>8}{'notes':>12}"]
    lines += [f"{name:24}{c['train']:8}{c['valid']:8}{c['notes']:12}" for name, c in table.items()]
    return "\n".join([*lines, f"{skipped} files were unreadable or too short."])


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
