"""What tests of the command line share: a song, a pipeline that needs no model, and how to run a line or have it refused."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator

import symusic

from checkpoints.store import known
from music.piece import Piece
from pipelines.__main__ import main
from pipelines.contract import Step
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.values import to_mapping


def song(notes: int = 4) -> Piece:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("tune", 73, False))
    score.tracks[0].notes = [symusic.Note(i * 480, 480, 60 + i, 90) for i in range(notes)]
    return Piece(score, "Song")


class Writer:
    """Stands where the model would: writes a scale a seed and a variant, and remembers what it was asked.

    Attributes:
        checkpoint: the sum of the checkpoint that it pretends to be; the registered one where it is empty.
        calls: how often it was asked.
    """

    checkpoint = ""

    def __init__(self, pipeline: str) -> None:
        self.pipeline, self.calls = pipeline, 0

    def __call__(self, piece: Piece, options: GenerateOptions | RemixOptions | HarmonizeOptions) -> Iterator[Step]:
        self.piece, self.options = piece, options
        self.calls += 1
        listed = known().get(options.checkpoint)
        results = []
        for variant in range(options.variants):
            score = piece.score.copy()
            track = symusic.Track("new", 0, False)
            track.notes = [symusic.Note(i * 480, 480, 40 + (options.seed * 7 + variant + i) % 60, 90) for i in range(8)]
            score.tracks.append(track)
            recipe = {
                "pipeline": self.pipeline,
                "options": to_mapping(options),
                "input": piece.fingerprint,
                "checkpoint": {
                    "name": options.checkpoint,
                    "sha256": self.checkpoint or (listed.sha256 if listed else "a" * 64),
                },
                "version": "1",
                "variant": variant,
            }
            results.append(piece.with_step(score, recipe))
        yield Step((piece,) * options.variants, 0, 2, "bars")
        yield Step(tuple(results), 2, 2, "bars")


def stand_in(monkeypatch, pipeline: str) -> Writer:
    room = types.ModuleType(f"pipelines.{pipeline}")
    monkeypatch.setitem(sys.modules, room.__name__, room)
    setattr(room, pipeline, Writer(pipeline))
    return getattr(room, pipeline)


def run(*arguments: str) -> int:
    return main(list(arguments))


def refused(capsys, *arguments: str) -> str:
    """Returns what stands on stderr after a command that must fail and leave nothing behind."""
    before = sorted(os.listdir())
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and sorted(os.listdir()) == before
    assert said.err.count("\n") == 1 and 2 <= said.err.count(". ") + 1 <= 4 and said.err.strip()[-1] in ".?", said.err
    return said.err
