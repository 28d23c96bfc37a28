"""Folders of MIDI files -> token shards: octuples once, windows with measured conditions, and an index.

What is written holds all that a training loop needs, so that the loop itself imports no music library:

    rows.npy       int16 [notes, 8]   octuples of all pieces, one after another
    windows.npy    int64 [windows, 6] set, split (0 train, 1 valid), piece, first note, last note + 1, weight class
    prefixes.npy   int16 [windows, prefix] all conditions that the window meets
    parts/         what was read so far of a run that was ended; the same command goes on from there
    index.json     vocabulary sizes, tokenizer digest, prefix blocks, sets with their sources, pieces, their styles
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from music.analysis.melody_key import key_of
from music.chords import chord_spans
from music.errors import StudioError
from music.files.collection import ENDINGS
from music.styles import STYLE_NAMES, STYLES
from music.theory import Key
from music.tokens import conditions
from music.tokens import octuple as tokens
from music.tokens.columns import FIELDS, STEP_COLUMNS
from pipelines.worker.settings import is_cluster
from training.data.read_parts import Tally, read_all
from training.data.songbooks import lead_sheets
from training.data.style_labels import style_of

LEADS = (0, 4, 25, 40, 48, 52, 56, 65, 71, 73, 80)  # who plays the melodies of lead sheets, by chance
LEAD_SHEET_SET = "leadsheets_"  # sets of this name lie in FOLDER/leadsheets, as JSON Lines

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
    parser.add_argument(
        "--jobs",
        type=_jobs,
        default=1,
        help="how many processes read files (default: 1), or a Ray cluster: ray://HOST:10001",
    )
    args = parser.parse_args(argv)
    sets: dict[str, tuple[dict[str, Any], list[Source]]] = {}
    if args.sets:
        if args.data is None:
            raise StudioError("The data sets have no folder. Say where they are with --data.")
        for name, entry in tomllib.loads(args.sets.read_text()).items():
            read = melody_sources if name.startswith(LEAD_SHEET_SET) else manifest_sources
            sets[name] = (entry, list(read(args.data.resolve() / name, name, entry)))
    for folder in map(Path.resolve, args.folders):  # whoever reads may stand elsewhere
        name, number = folder.name, 2
        while name in sets:
            name, number = f"{folder.name} {number}", number + 1
        sets[name] = ({"source": name, "licence": "the user's own"}, list(folder_sources(folder, args.genre)))
    if not any(sources for _, sources in sets.values()):
        raise StudioError("There are no MIDI files to prepare. Name a folder that holds .mid or .musicxml files.")
    print(prepare(sets, args.out, args.jobs))


def _jobs(text: str) -> int | str:
    """Returns a number of processes, at least one, or the address of a cluster.

    Raises:
        ValueError: it is neither.
    """
    return text if is_cluster(text) else max(1, int(text))


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
        yield Source(path, f"{folder.name}/{path.relative_to(folder)}", "", genre)


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


def with_splits(own: list[str], hashes: list[int]) -> list[str]:
    """Returns the split of each piece: its source's own, else by the hash of its notes, so that copies share one.

    Where the hashes leave nothing to train on, or nothing to validate with, one of the pieces changes sides.

    Args:
        own: the split of each piece's source; empty where its notes decide.
        hashes: of each piece's notes.

    Raises:
        StudioError: there is only one piece.
    """
    splits = [split or ("valid" if number % 10 == 1 else "train") for split, number in zip(own, hashes, strict=True)]
    for missing in {"train", "valid"} - set(splits):
        free = sorted({number for split, number in zip(own, hashes, strict=True) if not split})
        if not free:  # the data sets want it so
            continue
        if len(set(hashes)) < 2:
            raise StudioError(
                "There is only one piece that can be used, and training needs others to check itself on. Add more music."
            )
        chosen = free[0] if missing == "valid" else free[-1]
        splits = [missing if number == chosen else split for number, split in zip(hashes, splits, strict=True)]
    return splits


def prepare(sets: dict[str, tuple[dict[str, Any], list[Source]]], out: Path, jobs: int | str = 1) -> str:
    """Writes the shards of these sets and returns a table of what they hold, and why files were left out.

    What was read lies in ``out/parts`` until all is written: a run that is ended goes on from there.

    Args:
        sets: an entry and sources by name.
        out: a folder.
        jobs: how many processes read, or the address of a Ray cluster.
    """
    tally = read_all(sets, out / "parts", jobs)
    flat = [piece for of_part in tally.pieces for piece in of_part]
    try:
        if not flat:
            raise StudioError("None of the files could be used. Add music that can be read, of 24 notes or more.")
        splits = with_splits([piece["split"] for piece in flat], [int(piece["hash"], 16) for piece in flat])
    except StudioError as error:
        shutil.rmtree(out / "parts")
        if not any(out.iterdir()):
            out.rmdir()
        raise StudioError(
            "\n".join([str(error), *(["Left out:"] if tally.left_out else []), *tally.left_out])
        ) from None
    table: dict[str, dict[str, int]] = {name: {"train": 0, "valid": 0, "notes": 0} for name in sets}
    pieces, styles = _join(list(sets), tally, iter(splits), table, out)
    write_index(out, {name: entry for name, (entry, _) in sets.items()}, table, pieces, styles)
    shutil.rmtree(out / "parts")
    lines = [f"{'set':24}{'train':>8}{'valid':>8}{'notes':>12}"]
    lines += [f"{name:24}{c['train']:8}{c['valid']:8}{c['notes']:12}" for name, c in table.items()]
    if mended := sum(piece["mended"] for piece in flat):
        lines.append(f"{mended} files were mended while reading; 'python -m pipelines inspect FILE' tells what.")
    lines.append(f"{tally.count_left_out} files were unreadable or too short{':' if tally.left_out else '.'}")
    return "\n".join([*lines, *tally.left_out])


def write_index(
    out: Path,
    sets: dict[str, dict[str, Any]],
    table: dict[str, dict[str, int]],
    pieces: list[tuple[str, int, int]],
    styles: list[int | None],
) -> None:
    """Writes the index of shards.

    Args:
        out: their folder.
        sets: what there is to know of each set.
        table: how many pieces of each set train and validate, and their notes.
        pieces: of each its name, and its first and last note + 1.
        styles: of each its number among STYLE_NAMES, or None.
    """
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


def _join(
    names: list[str], tally: Tally, splits: Iterator[str], table: dict[str, dict[str, int]], out: Path
) -> tuple[list[tuple[str, int, int]], list[int | None]]:
    """Writes the parts as one, a part at a time, and counts them; returns where each piece lies, and its style."""
    flat = [piece for of_part in tally.pieces for piece in of_part]
    notes, count = sum(piece["notes"] for piece in flat), sum(piece["windows"] for piece in flat)
    new = np.lib.format.open_memmap
    all_rows = new(out / "rows.npy", "w+", np.int16, (notes, len(FIELDS)))
    windows = new(out / "windows.npy", "w+", np.int64, (count, 6))
    prefixes = new(out / "prefixes.npy", "w+", np.int16, (count, conditions.PREFIX_LENGTH))
    total = window = 0
    pieces: list[tuple[str, int, int]] = []
    styles: list[int | None] = []
    for (number, path), of_part in zip(tally.files, tally.pieces):
        with np.load(path) as part:
            all_rows[total : total + len(part["rows"])] = part["rows"]
            prefixes[window : window + len(part["prefixes"])] = part["prefixes"]
            own = iter(part["windows"])
        for piece, split in zip(of_part, splits):
            for first, last, weight_class in itertools.islice(own, piece["windows"]):
                windows[window] = number, split == "valid", len(pieces), total + first, total + last, weight_class
                window += 1
            pieces.append((piece["name"], total, total + piece["notes"]))
            styles.append(None if piece["style"] is None else STYLE_NAMES.index(piece["style"]))
            total += piece["notes"]
            table[names[number]][split] += 1
            table[names[number]]["notes"] += piece["notes"]
    return pieces, styles
