"""Songs in styles that are known by their chords, asked for in words: has jazz its sevenths and ii-V, a march its V7?"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import symusic
from tqdm import tqdm

from music.bars import bar_grid, score_end
from music.chords import NO_CHORD, chord_spans
from music.files.midi import write_midi
from music.piece import Piece
from pipelines.prompt.understand import understand
from pipelines.song.planning import plan_song
from training.quality.measures.pieces import mean

PROMPTS = {
    "jazz": (
        "a swing trio in B flat major",
        "a jazz ballad in E flat major",
        "big band in F major",
        "jazz waltz in G major",
    ),
    "bossa nova": ("a bossa nova in F major", "a bossa nova in D minor"),
    "dance": ("a march in B flat major", "a waltz in G minor", "a tango in A minor", "a polka in C major"),
    "calm": ("a reggae song in G major", "house in A minor", "metal in E minor", "a country song in G major"),
}
SECONDS = 40
MEASURES = ("sevenths", "ii-V", "V7", "chords a bar", "off bar lines")


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the measures of a song of each prompt, by kind."""
    from pipelines.compose import compose

    texts = [(kind, text) for kind, of_kind in PROMPTS.items() for text in of_kind][: args.pieces]
    rows: dict[str, list[dict[str, float]]] = {}
    for number, (kind, text) in enumerate(tqdm(texts, unit="song", disable=None)):
        brief = understand(f"{text}, {SECONDS} seconds").brief
        *_, step = compose(Piece.empty(), plan_song(replace(brief, seed=args.seed)))
        rows.setdefault(kind, []).append(measured(step.piece.score))
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            write_midi(step.piece, args.out / f"{number:02}.mid")
    return {"songs": len(texts), "seed": args.seed, "rows": rows}


def measured(score: symusic.Score) -> dict[str, float]:
    """Returns how a song uses chords; NaN where there is nothing to measure.

    - sevenths: the share of the time in which the chord has more than three tones.
    - ii-V: of the major chords that go down a fifth, the share that the chord a fifth above them leads to.
    - V7: the share of the same that have a seventh.
    - chords a bar: how many begin in a bar.
    - off bar lines: the share of them that begin elsewhere than a bar.
    """
    spans = [span for span in chord_spans(score, score_end(score)) if span.chord != NO_CHORD]
    bars = [bar for bar in bar_grid(score) if bar.start < score_end(score)]
    times = [span.end - span.start for span in spans]
    leading = [
        (before.chord, here.chord)
        for before, here, after in zip(spans, spans[1:], spans[2:])
        if (here.chord.root - after.chord.root) % 12 == 7 and (here.chord.root + 4) % 12 in here.chord.tones
    ]
    starts = {bar.start for bar in bars}
    return {
        "sevenths": sum(t for t, span in zip(times, spans) if len(span.chord.tones) > 3) / max(1, sum(times)),
        "ii-V": mean([(before.root - here.root) % 12 == 7 for before, here in leading]) if leading else float("nan"),
        "V7": mean([len(here.tones) > 3 for _, here in leading]) if leading else float("nan"),
        "chords a bar": len(spans) / max(1, len(bars)),
        "off bar lines": mean([span.start not in starts for span in spans]),
    }


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as a table for people."""
    lines = [
        f"idioms: {figures['songs']} songs of {SECONDS} s, one a prompt, seed {figures['seed']}",
        "",
        f"  {'':12}{'songs':>7}" + "".join(f"{name:>15}" for name in MEASURES),
    ]
    for kind, rows in figures["rows"].items():
        cells = []
        for name in MEASURES:
            values = [row[name] for row in rows if row[name] == row[name]]
            cells.append(
                "-" if not values else f"{mean(values):.2f}" if name == "chords a bar" else f"{mean(values):.0%}"
            )
        lines.append(f"  {kind:12}{len(rows):7}" + "".join(f"{cell:>15}" for cell in cells))
    return "\n".join(lines)
