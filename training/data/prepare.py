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
from music.files.collection import ENDINGS
from music.files.midi import read_with_repairs
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
_MOST_NAMED = 100  # files that are listed one by one, each with why it was left out
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
    """Music to read: a file, or the melody of a lead sheet with the key of its chords.

    ``split`` is "train" or "valid"; empty where the music itself decides.
    """

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
        "folders",
        nargs="*",
        type=Path,
        help="folders of MIDI and MusicXML files; a tenth of the music becomes validation data, copies of a piece together",
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
        name, number = folder.resolve().name, 2
        while name in sets:
            name, number = f"{folder.resolve().name} {number}", number + 1
        sets[name] = ({"source": name, "licence": "the user's own"}, list(folder_sources(folder, args.genre)))
    if not any(sources for _, sources in sets.values()):
        raise StudioError("There are no MIDI files to prepare. Name a folder that holds .mid or .musicxml files.")
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
    """Yields the files of music under a folder; what is in them decides their split. Links to folders are not followed."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and not path.is_dir())
    for path in sorted(found):
        yield Source(path, f"{folder.resolve().name}/{path.relative_to(folder)}", "", genre)


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


def with_splits(found: list[tuple[Source, np.ndarray]]) -> list[str]:
    """Returns the split of each piece: its source's own, else by the hash of its notes, so that copies share one.

    Where the hashes leave nothing to train on, or nothing to validate with, one of the pieces changes sides.

    Raises:
        StudioError: there is only one piece.
    """
    hashes = [int(hashlib.sha1(rows.tobytes()).hexdigest(), 16) for _, rows in found]
    splits = [
        source.split or ("valid" if number % 10 == 1 else "train")
        for (source, _), number in zip(found, hashes, strict=True)
    ]
    for missing in {"train", "valid"} - set(splits):
        free = sorted({number for (source, _), number in zip(found, hashes, strict=True) if not source.split})
        if not free:  # the data sets want it so
            continue
        if len(set(hashes)) < 2:
            raise StudioError(
                "There is only one piece that can be used, and training needs others to check itself on. Add more music."
            )
        chosen = free[0] if missing == "valid" else free[-1]
        splits = [missing if number == chosen else split for number, split in zip(hashes, splits, strict=True)]
    return splits


def prepare(sets: dict[str, tuple[dict[str, Any], list[Source]]], out: Path) -> str:
    """Writes the shards of these sets and returns a table of what they hold, and why files were left out."""
    found: list[tuple[Source, np.ndarray]] = []
    set_of: list[int] = []
    left_out: list[str] = []
    mended = 0
    for number, (name, (_, sources)) in enumerate(sets.items()):
        for source in tqdm(sources, desc=name, unit="file", disable=None):
            try:
                rows, was_mended = usable_rows(source)
            except StudioError as error:
                why = str(error).partition(". ")[0].removeprefix(f"'{source.path}' ")
                left_out.append(f"  {source.name}: {why[:1].lower()}{why[1:]}")
                continue
            mended += was_mended
            found.append((source, rows))
            set_of.append(number)
    reasons = left_out[:_MOST_NAMED]
    if len(left_out) > _MOST_NAMED:
        reasons.append(f"  and {len(left_out) - _MOST_NAMED} more")
    try:
        if not found:
            raise StudioError("None of the files could be used. Add music that can be read, of 24 notes or more.")
        splits = with_splits(found)
    except StudioError as error:
        raise StudioError("\n".join([str(error), *(["Left out:"] if reasons else []), *reasons])) from None
    table = write_shards({name: entry for name, (entry, _) in sets.items()}, found, set_of, splits, out)
    lines = [f"{'set':24}{'train':>8}{'valid':>8}{'notes':>12}"]
    lines += [f"{name:24}{c['train']:8}{c['valid']:8}{c['notes']:12}" for name, c in table.items()]
    if mended:
        lines.append(f"{mended} files were mended while reading; 'python -m pipelines inspect FILE' tells what.")
    lines.append(f"{len(left_out)} files were unreadable or too short{':' if left_out else '.'}")
    return "\n".join([*lines, *reasons])


def write_shards(
    sets: dict[str, dict[str, Any]],
    found: list[tuple[Source, np.ndarray]],
    set_of: list[int],
    splits: list[str],
    out: Path,
) -> dict[str, dict[str, int]]:
    """Writes the shards of what was read and returns, by set, how many pieces train and validate, and their notes.

    Args:
        sets: what the index says of each set.
        found: the music, each with its octuples.
        set_of: the number of each one's set.
        splits: "train" or "valid" for each.
        out: the folder.
    """
    all_rows, windows, prefixes, pieces, styles = [], [], [], [], []
    table: dict[str, dict[str, int]] = {name: {"train": 0, "valid": 0, "notes": 0} for name in sets}
    total = 0
    for number, split, (source, rows) in zip(set_of, splits, found, strict=True):
        counts = table[list(sets)[number]]
        genre = None if source.genre is None else conditions.GENRES.index(source.genre)
        for first, last, weight_class in windows_of(rows):
            windows.append((number, int(split == "valid"), len(pieces), total + first, total + last, weight_class))
            measured = conditions.measure(rows[first:last], genre)
            if source.key is not None:
                measured = replace(measured, key=ALL_KEYS.index(source.key))
            prefixes.append(measured.prefix().astype(np.int16))
        pieces.append((source.name, total, total + len(rows)))
        styles.append(None if source.style is None else STYLE_NAMES.index(source.style))
        all_rows.append(rows)
        total += len(rows)
        counts[split] += 1
        counts["notes"] += len(rows)
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
        "sets": {name: {**entry, **table[name]} for name, entry in sets.items()},
        "pieces": pieces,
        "styles": STYLE_NAMES,
        "piece_styles": styles,
    }
    (out / "index.json").write_text(json.dumps(index))
    return table


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
