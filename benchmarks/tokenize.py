"""Notes per second from a MIDI file to octuples: ours beside pretty_midi and plain Python, on the same files."""

from __future__ import annotations

import argparse
import bisect
import tempfile
from pathlib import Path

from benchmarks.render import best
from benchmarks.songs import song
from music.files.midi import read_midi, write_midi
from music.tokens.columns import FIRST
from music.tokens.octuple import POSITIONS_PER_QUARTER, encode, vocabulary


def main(arguments: list[str]) -> None:
    """Prints a table of speeds and the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tokenize", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="a folder of MIDI files; by default songs made here")
    parser.add_argument("--songs", type=int, default=20, help="how many songs to make (default: 20)")
    parser.add_argument("--bars", type=int, default=64, help="length of each song made here (default: 64)")
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed; the best counts (default: 3)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        if options.folder:
            paths = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
        else:
            paths = [Path(made) / f"{seed}.mid" for seed in range(options.songs)]
            for seed, path in enumerate(paths):
                write_midi(song(options.bars, seed), path)
        for line in measure(paths, options.repeats):
            print(line)


def measure(paths: list[Path], repeats: int) -> list[str]:
    """Returns the table: a line on the files, then a line a contender, with the ratio to the peer."""
    vocabulary()  # loads miditok once; that is the price of the first file only
    pieces = [read_midi(path) for path in paths]
    notes = sum(len(encode(piece.score).rows) for piece in pieces)
    plain_notes = sum(len(plain_octuples(path)) for path in paths)
    seconds = {
        "ours, file to octuples": best(repeats, lambda: [encode(read_midi(path).score) for path in paths]),
        "ours, score to octuples": best(repeats, lambda: [encode(piece.score) for piece in pieces]),
        "pretty_midi and plain Python, file to octuples": best(
            repeats, lambda: [plain_octuples(path) for path in paths]
        ),
    }
    peer = seconds["pretty_midi and plain Python, file to octuples"]
    width = max(map(len, seconds))
    lines = [f"{len(paths)} files, {notes} octuples (plain Python: {plain_notes}); best of {repeats}"]
    for name, taken in seconds.items():
        ratio = f"   {peer.cpu / taken.cpu:.1f} x plain Python" if taken is not peer else ""
        lines.append(
            f"{name:<{width}}   {notes / taken.wall:11,.0f} notes/s, {notes / taken.cpu:11,.0f} a processor second{ratio}"
        )
    return lines


def plain_octuples(path: Path) -> list[tuple[int, ...]]:
    """Returns the octuples of a file as one would write it with pretty_midi: a loop over notes, ids as ours.

    Keeps to 4/4-like bars of each time signature, the same grid, velocities, durations and tempi as ``music.tokens.octuple``.
    """
    import pretty_midi

    vocab = vocabulary()
    velocities, durations, tempos = vocab.velocities.tolist(), vocab.durations.tolist(), vocab.tempos.tolist()
    signature_ids = {signature: FIRST + index for index, signature in enumerate(vocab.signatures)}
    midi = pretty_midi.PrettyMIDI(str(path))
    unit = midi.resolution / POSITIONS_PER_QUARTER
    changes = [(0, 4, 4)] + [
        (midi.time_to_tick(s.time), s.numerator, s.denominator) for s in midi.time_signature_changes
    ]
    bars: list[tuple[int, int]] = []
    end = max((midi.time_to_tick(note.end) for part in midi.instruments for note in part.notes), default=0)
    for index, (start, numerator, denominator) in enumerate(changes):
        stop = changes[index + 1][0] if index + 1 < len(changes) else end + 1
        length = midi.resolution * 4 * numerator // denominator
        for tick in range(start, stop, length):
            bars.append((tick, signature_ids.get((numerator, denominator), signature_ids[4, 4])))
    bar_starts = [start for start, _ in bars]
    tempo_times, tempo_values = (values.tolist() for values in midi.get_tempo_changes())
    rows = set()
    for part in midi.instruments:
        for note in part.notes:
            start, stop = midi.time_to_tick(note.start), midi.time_to_tick(note.end)
            bar = bisect.bisect_right(bar_starts, start) - 1
            position = int((start - bar_starts[bar]) / unit + 0.5)
            tempo = tempo_values[max(0, bisect.bisect_right(tempo_times, note.start + 1e-6) - 1)]
            rows.add(
                (
                    FIRST + bar,
                    FIRST + position,
                    FIRST + (128 if part.is_drum else part.program),
                    FIRST + note.pitch + (128 if part.is_drum else 0),
                    FIRST + nearest(velocities, note.velocity),
                    FIRST + nearest(durations, max(1, int((stop - start) / unit + 0.5))),
                    FIRST + nearest(tempos, tempo),
                    bars[bar][1],
                )
            )
    return sorted(rows)


def nearest(values: list[float], wanted: float) -> int:
    """Returns the index of the nearest value."""
    return min(range(len(values)), key=lambda index: abs(values[index] - wanted))
