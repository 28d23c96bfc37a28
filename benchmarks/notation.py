"""Faults of a score: our engraving beside music21's, which quantizes a MIDI file and writes MusicXML by itself."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from benchmarks.songs import played, song, two_hands
from music.files.midi import read_midi, write_midi
from music.notation.engrave import musicxml
from music.piece import Piece

EXAMPLE = Path(__file__).parents[1] / "studio" / "examples" / "greensleeves.mid"
NEAR = 1 / 8 + 1e-6  # of a quarter note: a 32nd
COUNTS = ("onsets", "lengths", "bars", "ties", "rests", "voices")


def main(arguments: list[str]) -> None:
    """Prints a table for each exporter, a line a piece."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks notation", description=__doc__)
    parser.add_argument("--bars", type=int, default=32, help="length of the pieces made here (default: 32)")
    options = parser.parse_args(arguments)
    print("onsets, lengths: % of pitched notes written more than a 32nd from what was meant;")
    print("bars: % that do not add up; ties, rests, voices: per bar of a staff; staves: of the whole score")
    import music21  # noqa: F401  # its import is not to be timed

    heading = "".join(f"{name:>8}" for name in ("seconds", *COUNTS, "staves"))
    for exporter, write in {"ours": musicxml, "music21": by_music21}.items():
        print(f"\n{exporter:<22}{heading}")
        for name, given, meant in cases(options.bars):
            began = time.process_time()  # which other programs disturb less
            document = write(given)
            seconds = time.process_time() - began
            found, staves = faults(document, notes_of(meant))
            numbers = "".join(f"{found[each]:8.2f}" for each in COUNTS)
            print(f"{name:<22}{seconds:8.2f}{numbers}{staves:8}")


def cases(bars: int) -> list[tuple[str, Piece, Piece]]:
    """Returns name, piece to write, and the piece that is meant by it: the same before someone played it.

    What the example means is not known but for its onsets: its keys are all held for 94 % of a note.
    """
    example, band, piano = read_midi(EXAMPLE), song(bars, held=1.0), two_hands(bars)
    return [
        ("Greensleeves", example, example),
        ("band, staccato", song(bars), band),
        ("piano, as written", piano, piano),
        ("piano, as played", played(piano, 1), piano),
        ("band, as played", played(band, 2), band),
    ]


def notes_of(piece: Piece) -> list[tuple[float, float, int]]:
    """Returns onset and length in quarter notes and pitch of each pitched note."""
    quarter, tracks = piece.score.ticks_per_quarter, [track for track in piece.score.tracks if not track.is_drum]
    return [(n.time / quarter, n.duration / quarter, n.pitch) for track in tracks for n in track.notes]


def by_music21(piece: Piece) -> bytes:
    """Returns what music21 makes of the piece's MIDI file, with its own defaults."""
    from music21 import converter

    with tempfile.TemporaryDirectory() as folder:
        write_midi(piece, midi := Path(folder) / "piece.mid")
        return Path(converter.parse(midi, forceSource=True).write("musicxml", midi.with_suffix(".xml"))).read_bytes()


class Symbol(NamedTuple):
    """A note or rest on paper: its bar, its place in quarter notes from the first, its pitch (None: a rest or a drum)."""

    bar: int
    start: float
    length: float
    pitch: int | None
    voice: tuple[str | None, str | None]
    element: ElementTree.Element


def symbols_of(part: ElementTree.Element) -> tuple[list[Symbol], int]:
    """Returns what is written in a part, and how many of its bars do not add up; pickups are not asked."""
    symbols: list[Symbol] = []
    divisions, full, bar_start, wrong = 1, 4.0, 0.0, 0
    for number, measure in enumerate(part.iter("measure")):
        at = end = last = 0.0
        for element in measure:
            divisions = int(element.findtext("divisions") or divisions)
            if beats := element.findtext("time/beats"):
                full = 4 * int(beats) / int(element.findtext("time/beat-type") or 4)
            length = float(element.findtext("duration") or 0) / divisions
            if element.tag == "note":
                last = last if element.find("chord") is not None else at
                voice = element.findtext("staff"), element.findtext("voice")
                symbols.append(Symbol(number, bar_start + last, length, pitch_of(element), voice, element))
                at = last + length
            elif element.tag in ("backup", "forward"):
                at += length if element.tag == "forward" else -length
            end = max(end, at)
        partial = number == 0 or measure.get("implicit") == "yes"
        wrong += not partial and abs(end - full) > 0.01
        bar_start += end if partial else full
    return symbols, wrong


def pitch_of(note: ElementTree.Element) -> int | None:
    """Returns the MIDI pitch of a written note; None for rests and drums."""
    if note.find("pitch") is None:
        return None
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[note.findtext("pitch/step") or "C"]
    return 12 + 12 * int(note.findtext("pitch/octave") or 4) + step + round(float(note.findtext("pitch/alter") or 0))


def faults(document: bytes, meant: list[tuple[float, float, int]]) -> tuple[dict[str, float], int]:
    """Returns each of COUNTS for a MusicXML document, and how many staves it has."""
    found: Counter[str] = Counter()
    written: dict[int, list[tuple[float, float]]] = defaultdict(list)
    staves = bars = 0
    for part in ElementTree.fromstring(document).iter("part"):
        symbols, wrong = symbols_of(part)
        own = max((int(element.text or 1) for element in part.iter("staves")), default=1)
        staves, bars = staves + own, bars + own * len(part.findall("measure"))
        found["bars"] += own * wrong  # both staves share the bar
        shown = [s for s in symbols if s.element.get("print-object") != "no"]
        found["rests"] += sum(s.element.find("rest") is not None for s in shown)
        found["voices"] += len({(s.bar, s.voice) for s in shown})
        tied: dict[int, float] = {}
        for symbol in sorted(symbols, key=lambda s: s.start):
            ties = {tie.get("type") for tie in symbol.element.findall("tie")}
            if symbol.pitch is None:
                continue
            begin = tied.pop(symbol.pitch, symbol.start) if "stop" in ties else symbol.start
            if "start" in ties:
                tied[symbol.pitch] = begin
                found["ties"] += 1
            else:
                written[symbol.pitch].append((begin, symbol.start + symbol.length))
    for onset, length, pitch in meant:
        near = min(written[pitch], key=lambda n: (abs(n[0] - onset), abs(n[1] - onset - length)), default=(1e9, 1e9))
        found["onsets"] += abs(near[0] - onset) > NEAR
        found["lengths"] += abs(near[1] - near[0] - length) > NEAR
        if near in written[pitch]:
            written[pitch].remove(near)
    shares = {"onsets": len(meant) / 100, "lengths": len(meant) / 100, "bars": bars / 100}
    return {name: found[name] / shares.get(name, bars) for name in COUNTS}, staves
