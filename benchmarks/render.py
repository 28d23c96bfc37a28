"""Seconds of music per second: our renderer beside the fluidsynth command line, same song, same sound bank."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.songs import song
from music.audio.render import encode, engine, render, render_stems
from music.audio.soundfonts import find_soundfont
from music.files.midi import read_midi, write_midi
from music.piece import Piece

RATE_HZ = 44_100


def main(arguments: list[str]) -> None:
    """Prints a table of speeds; the ratio is to the command line where that is installed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks render", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="a MIDI file to play; by default a song made here")
    parser.add_argument(
        "--bars", type=int, default=90, help="length of the song made here (default: 90, three minutes)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed; the best counts (default: 3)")
    parser.add_argument("--soundfont", type=Path, help="an .sf2 or .sf3 file (default: the best that is found)")
    options = parser.parse_args(arguments)
    piece = read_midi(options.file) if options.file else song(options.bars)
    for line in measure(piece, find_soundfont(options.soundfont), options.repeats):
        print(line)


def measure(piece: Piece, soundfont: Path, repeats: int) -> list[str]:
    """Returns the table: a line on what is played, then a line a contender."""
    playing = engine()
    lines = [
        f"{piece.seconds:.1f} s of music, {piece.note_count} notes, {len(piece.score.tracks)} tracks; "
        f"{playing.name}, {soundfont.name}, {RATE_HZ} Hz stereo; best of {repeats}"
    ]
    seconds = {
        "our mix (reverb, mastered to -14 LUFS)": best(repeats, lambda: render(piece, soundfont, RATE_HZ)),
        "our stems (all tracks, one pass)": best(repeats, lambda: render_stems(piece, soundfont, RATE_HZ)),
    }
    mix = render(piece, soundfont, RATE_HZ)
    seconds["MP3 of the mix"] = best(1, lambda: encode(mix, "mp3"))
    peer = command_line(piece, soundfont, repeats)
    if peer:
        seconds["fluidsynth command line (reverb, to a WAV file)"] = peer
    width = max(map(len, seconds))
    for name, taken in seconds.items():
        ratio = f"   {peer.cpu / taken.cpu:.2f} x the command line" if peer and "our" in name else ""
        lines.append(
            f"{name:<{width}}   {piece.seconds / taken.wall:6.1f} s of music a second, "
            f"{piece.seconds / taken.cpu:6.1f} a processor second{ratio}"
        )
    if not peer:
        lines.append("The fluidsynth command line is not installed, so there is no ratio.")
    return lines


class Timing(NamedTuple):
    """Seconds on the clock, and seconds of processor time, which other programs disturb less."""

    wall: float
    cpu: float


def best(repeats: int, work: Callable[[], object]) -> Timing:
    """Returns the shortest times that the work took, programs that it started included."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), sum(os.times()[:4])
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(sum(os.times()[:4]) - cpu)
    return Timing(min(walls), max(min(cpus), 0.001))


def command_line(piece: Piece, soundfont: Path, repeats: int) -> Timing | None:
    """Returns the time that the fluidsynth program takes for the same piece; None where it is not installed."""
    program = shutil.which("fluidsynth")
    if not program:
        return None
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "song.mid", Path(folder) / "song.wav"
        write_midi(piece, midi)
        command = [program, "-ni", "-q", "-g", "0.5", "-r", str(RATE_HZ), "-F", str(wav)]
        settings = ["synth.reverb.active=1", "synth.chorus.active=0", "synth.dynamic-sample-loading=1"]
        command += [part for setting in settings for part in ("-o", setting)]
        return best(
            repeats, lambda: subprocess.run([*command, str(soundfont), str(midi)], check=True, capture_output=True)
        )
