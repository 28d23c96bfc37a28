"""Compose: a chain of stages makes a song, each stage a pipeline that takes the piece the one before it made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from music.errors import StudioError
from music.piece import Piece
from pipelines.contract import SongStep, Step
from pipelines.descriptors.stages import STAGES
from pipelines.song.plan import Plan

RUN: dict[str, Callable[[Piece, Any], Iterator[Step]]] = {name: stage.load() for name, stage in STAGES.items()}
"""What runs each stage of a plan."""


def compose(piece: Piece, plan: Plan, done: Sequence[Piece] = ()) -> Iterator[SongStep]:
    """Yields Steps in which a song grows, stage by stage; ``done`` and ``total`` count stages.

    The song's history gets one recipe a stage. To run a stage again with other options, give the results of the
    stages before it: those after it follow.

    Args:
        piece: a sketch to start from, or the empty piece.
        plan: the stages and their options.
        done: results of the plan's first stages, which are not run again.

    Raises:
        StudioError: a checkpoint cannot be used, or the plan does not fit the piece.
    """
    if len(done) >= len(plan.stages):
        raise StudioError("All stages of this plan are done already. Run one of them again, or change the plan.")
    stages, total = tuple(done), float(len(plan.stages))
    remarks: tuple[str, ...] = ()
    for number in range(len(done), len(plan.stages)):
        stage = plan.stages[number]
        piece = stages[-1] if stages else piece
        for step in RUN[stage.pipeline](piece, stage.options):
            now = (*stages, step.piece)
            if step.done < step.total:
                yield SongStep((step.piece,), number + step.done / step.total, total, "stages", remarks, stages=now)
        stages, remarks = now, (*remarks, *step.remarks)
        yield SongStep((stages[-1],), number + 1.0, total, "stages", remarks, stages=stages)
