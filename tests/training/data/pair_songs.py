"""A made-up data folder for the harmonizer: lead sheets, chorales and bands, and a recipe that trains in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import symusic

from music.files.midi import midi_bytes
from music.piece import Piece

SETS = """
same = ["bands"]

[leadsheets_cmd]
source = "made up"
licence = "CC0 1.0"
genre = "jazz"

[chorales]
source = "made up"
licence = "CC0 1.0"

[machines]
source = "made up"
licence = "CC0 1.0"
folder = "bands"
synthetic = true
"""

OTHER_SETS = """
[bands]
source = "made up"
licence = "CC0 1.0"

[unused]
source = "made up"
licence = "CC0 1.0"
"""

RECIPE = """
name = "tiny-harmonize"
task = "harmonize"
architecture = "seq2seq"
seed = 1

[model]
encoder_layers = 1
decoder_layers = 1
width = 32
heads = 2
hidden = 48
head_hidden = 24
reach = 384
memory = 64
dropout = 0.0

[[stages]]
until = 0.5
notes = 128
bars = 4
window = 32
given = 64

[[stages]]
until = 1.0
notes = 256
bars = 8
window = 64
given = 128

[styles]
chords = 0.4
bass = 0.2
band = 0.2
chorale = 0.2

[weights]
leadsheets_cmd = 1.0
chorales = 1.0
bands = 1.0

[optimizer]
learning_rate = 1e-2
embedding_speed = 1.0
weight_decay = 0.0
warmup_steps = 5
steps = 60
clip = 1.0
"""

BARS = 12
STEPS = (0, 5, 7, 9)  # the roots of C, F, G and Am, one a bar
KINDS = {0: (0, 4, 7), 5: (0, 4, 7), 7: (0, 4, 7, 10), 9: (0, 3, 7)}


def root_at(bar: int, number: int) -> int:
    """Returns the root of a bar of a song, in semitones above its tonic."""
    return STEPS[(bar * (1 + number % 3) + number) % 4]


def tune(number: int, shift: int, beats_per_bar: int = 4, bars: int = BARS) -> list[tuple[float, float, int]]:
    """Returns a melody in chord tones, (onset, length, pitch) in quarters: two notes on the first beat, one on the others."""
    notes = []
    for bar in range(bars):
        root = root_at(bar, number)
        tones = [72 + shift + (root + step) % 12 for step in KINDS[root]]
        start = bar * beats_per_bar
        notes += [(start, 0.5, tones[0]), (start + 0.5, 0.5, tones[1])]
        notes += [(start + beat, 1, tones[(beat + number) % 3]) for beat in range(1, beats_per_bar)]
    return notes


def lead_sheet(number: int, shift: int = 0, **changes: Any) -> dict[str, Any]:
    """Returns a lead sheet in a major key, ``shift`` semitones above C, as a line of its JSON file."""
    chords = []
    for bar in range(BARS):
        root = root_at(bar, number)
        tones = sorted((root + step + shift) % 12 for step in KINDS[root])
        chords.append([4 * bar, 4, "", (root + shift) % 12, (root + shift) % 12, tones])
    return {
        "id": f"song{number}",
        "split": "valid" if number % 4 == 1 else "train",
        "tempo": 100.0 + number,
        "time_sigs": [[0, 4, 4]],
        "keys": [[0, (7 * shift + 6) % 12 - 6, 0]],
        "melody": [list(note) for note in tune(number, shift)],
        "chords": chords,
    } | changes


def chorale(number: int, shift: int = 0) -> dict[str, Any]:
    """Returns a chorale in block chords, as a line of its JSON file."""
    voices: dict[str, list[list[float]]] = {voice: [] for voice in "SATB"}
    for bar in range(BARS):
        root = root_at(bar, number)
        tones = sorted((root + step) % 12 for step in KINDS[root][:3])
        for beat in range(0, 4, 2):
            for voice, low, tone in zip(
                "SATB", (72, 65, 55, 43), (tones[bar % 3], tones[0], tones[1], root), strict=True
            ):
                voices[voice].append([4 * bar + beat, 2, low + (tone - low) % 12 + shift])
    return {
        "id": f"bwv{number}",
        "time_sigs": [[0, 4, 4]],
        "keys": [[0, (7 * shift + 6) % 12 - 6, 0]],
        "similar_to_jsb_valid": number % 4 == 1,
        "jsb_twin": ["valid", 3, 0.9] if number % 4 == 2 else None,
        **voices,
    }


def band(number: int, beats_per_bar: int = 4, bars: int = BARS) -> symusic.Score:
    """Returns a melody with piano chords, bass and drums."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, beats_per_bar, 4))
    score.tempos.append(symusic.Tempo(0, 90.0 + number))
    shift = number % 12 - 6
    parts = {"Piano": (0, False), "Melody": (73, False), "Bass": (33, False), "Drums": (0, True)}
    notes: dict[str, list[tuple[float, float, int]]] = {name: [] for name in parts}
    notes["Melody"] = tune(number, shift, beats_per_bar, bars)
    for bar in range(bars):
        root, start = root_at(bar, number), bar * beats_per_bar
        for beat in range(beats_per_bar):
            notes["Piano"] += [(start + beat, 1, 54 + shift + (root + step) % 12) for step in KINDS[root]]
            notes["Bass"].append((start + beat, 1, 36 + shift + root % 7 + (0, 7)[beat % 2]))
            notes["Drums"].append((start + beat, 0.25, (36, 38)[beat % 2]))
    for name, (program, drums) in parts.items():
        track = symusic.Track(name, program, drums)
        for onset, length, pitch in notes[name]:
            track.notes.append(symusic.Note(round(480 * onset), round(480 * length), pitch, 60 + number % 40))
        score.tracks.append(track)
    return score


def write_lines(path: Path, items: list[dict[str, Any]]) -> None:
    """Writes a file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(item) + "\n" for item in items))


def write_data(folder: Path, songs: int = 8) -> None:
    """Writes the data sets of SETS; a quarter of the songs is for validation. Among the bands are files of no use."""
    write_lines(folder / "leadsheets" / "cmd.jsonl", [lead_sheet(n, n % 12 - 6) for n in range(songs)])
    write_lines(folder / "chorales" / "music21_chorales.jsonl", [chorale(n, n % 12 - 6) for n in range(songs)])
    lines = []
    (folder / "bands").mkdir(parents=True, exist_ok=True)
    for number in range(songs):
        path = folder / "bands" / f"band{number}.mid"
        path.write_bytes(midi_bytes(Piece(band(number, 3 + number % 2))))
        lines.append({"file": path.name, "split": "valid" if number % 4 == 1 else "train"})
    alone = band(0)
    alone.tracks = alone.tracks[1:2]
    (folder / "bands" / "alone.mid").write_bytes(midi_bytes(Piece(alone)))
    (folder / "bands" / "short.mid").write_bytes(midi_bytes(Piece(band(0, 2, 1))))
    (folder / "bands" / "broken.mid").write_bytes(b"MThd rest is lost")
    lines += [{"file": f"{name}.mid", "split": "train"} for name in ("alone", "short", "broken")]
    write_lines(folder / "bands" / "manifest.jsonl", lines)
