"""Data sets -> bands under melodies: what the network that writes bass, piano and band learns from.

    python -m training bands --sets training/recipes/bands.toml --data DATA --out runs/bands

The files are those of ``training pairs``; the data set `grooves` gives its chords. In the index each piece also has:

    style   its number in ``music.styles.STYLE_NAMES``, or None
    roles   what each part does: "lead", "bass", "drums", "chords" (struck), "held", "others"
    eights  whether sections have eight bars, as those of accompaniment programs do
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import symusic

from music.analysis.melody import find_melody
from music.chords import Chord, ChordSpan, parse_chord, with_chords
from music.errors import StudioError
from music.files.midi import read_midi
from music.instruments import BASS_PLAYERS, DRUMS, HELD, STRUCK, program_of
from music.styles import STYLE_NAMES
from training.data.prepare import manifest_sources
from training.data.prepare_pairs import MAX_PARTS, Piece, write_pairs

GROOVES = "grooves"
BASS_NAMES, CHORD_NAMES, OTHER_NAMES = ("Bass", "Walk"), ("Chord", "Arpeggio", "Plectrum"), ("Scale", "Solo", "Aria")


def main(argv: list[str]) -> None:
    """Runs ``python -m training bands``."""
    parser = argparse.ArgumentParser(prog="python -m training bands", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, required=True, help="a TOML file that describes data sets")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--out", type=Path, required=True, help="where to write them")
    args = parser.parse_args(argv)
    sets = tomllib.loads(args.sets.read_text())
    described = tomllib.loads((args.sets.parent / "sets.toml").read_text())
    sets |= {name: described[name] for name in sets.pop("same", [])}
    more: dict[str, dict[str, Any]] = {}
    table = write_pairs(sets, {name: pieces(name, entry, args.data, more) for name, entry in sets.items()}, args.out)
    path = args.out / "index.json"
    index = json.loads(path.read_text())
    index["pieces"] = [piece | more[piece["name"]] for piece in index["pieces"]]
    path.write_text(json.dumps(index | {"style_count": len(STYLE_NAMES)}))
    for name, counts in table.items():
        print(f"{name:20}{counts['train']:8}{counts['valid']:8}{counts['notes']:12}")


def pieces(name: str, entry: dict[str, Any], data: Path, more: dict[str, dict[str, Any]]) -> Iterator[Piece]:
    """Yields the pieces of one data set in which somebody accompanies.

    Args:
        name: of the set.
        entry: what its recipe says of it.
        data: the folder of the data sets.
        more: takes by the name of a piece what the index says of it beside.

    Raises:
        StudioError: its files are missing.
    """
    folder = data / entry.get("folder", name)
    given = _chords_of(folder) if name == GROOVES else {}
    for source in manifest_sources(folder, name, entry):
        try:
            score = read_midi(source.path).score
        except StudioError:
            continue
        label = source.name if name != "synth_band" else f"{source.name}/{source.path.parent.name}"
        playing = [number for number, track in enumerate(score.tracks) if len(track.notes)]
        if len(playing) > MAX_PARTS:
            continue
        synthetic = bool(entry.get("synthetic"))
        roles = _roles(score, synthetic)
        lead = next((number for number, role in roles.items() if role == "lead"), -1)
        if not synthetic and lead < 0:
            continue
        if source.path.stem in given:
            score = with_chords(score, _spans(given[source.path.stem], score.ticks_per_quarter))
        bass = tuple(number for number, role in roles.items() if role == "bass")
        style = None if source.style is None else STYLE_NAMES.index(source.style)
        more[label] = {"style": style, "roles": roles, "eights": synthetic}
        if name == "pop909":
            teaches: tuple[str, ...] = ("piano",)
        else:
            teaches = ("band", *(["bass"] if bass else []), *(["piano"] if synthetic and bass else []))
        yield Piece(label, source.split, score, teaches, lead, bass, source.genre)


def _roles(score: symusic.Score, synthetic: bool) -> dict[int, str]:
    """Returns what each track with notes does; by its name where an accompaniment program wrote it."""
    lead = None if synthetic else find_melody(score)
    found = {}
    for number, track in enumerate(score.tracks):
        program = program_of(track)
        if not len(track.notes):
            continue
        if number == lead or synthetic and track.name == "Melody":
            found[number] = "lead"
        elif program == DRUMS:
            found[number] = "drums"
        elif synthetic:
            held = track.name.endswith("Sus")
            found[number] = (
                "held"
                if held
                else "bass"
                if track.name.startswith(BASS_NAMES) and "Chord" not in track.name
                else "chords"
                if track.name.startswith((*CHORD_NAMES, "Bass-Chord"))
                else "others"
            )
        elif program in BASS_PLAYERS:
            found[number] = "bass"
        else:
            found[number] = "held" if program in HELD else "chords" if program in STRUCK else "others"
    return found


def _chords_of(folder: Path) -> dict[str, list[tuple[float, float, str]]]:
    """Returns onset, duration and symbol of the chords of each file of the data set `grooves`, in beats."""
    lines = map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
    return {Path(item["file"]).stem: [tuple(chord[:3]) for chord in item["chords"]] for item in lines}


def _spans(chords: list[tuple[float, float, str]], quarter: int) -> list[ChordSpan]:
    found = []
    for onset, duration, symbol in chords:
        try:
            chord = parse_chord(symbol)
        except StudioError:  # a symbol of notes, such as "C:maj(1,3,5,b7,9,11)"
            chord = Chord(parse_chord(symbol.partition(":")[0]).root)
        found.append(ChordSpan(round(onset * quarter), round((onset + duration) * quarter), chord))
    return found
