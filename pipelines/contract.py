"""What all pipelines share: a pipeline is a generator of Steps.

    for step in generate(piece, options):
        show(step.piece, step.done / step.total)

The last Step holds the finished result. A consumer that has heard enough closes the generator (or just
leaves the loop) and keeps the last Step's pieces: each is complete and valid music up to that point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol, TypeVar

from music.piece import Piece

# Long pieces take long to build: after a look, nine times what it took is given to writing, but no more than this, so that
# a page still moves four times a second. By eye, not measured.
WORK_PER_LOOK = 9
SECONDS_PER_STEP = 0.25


@dataclass(frozen=True)
class Step:
    """A pipeline's result so far.

    Attributes:
        pieces: one piece a variant; never empty. Partial pieces carry no recipe for the step yet.
        done: how much is done, in ``unit``; never falls from one Step to the next.
        total: how much there is to do; ``done == total`` on the last Step and on no other.
        unit: what is counted, for example "bars".
        remarks: sentences for the user about what could not be done as one might expect.
    """

    pieces: tuple[Piece, ...]
    done: float
    total: float
    unit: str
    remarks: tuple[str, ...] = ()

    @property
    def piece(self) -> Piece:
        """The first variant."""
        return self.pieces[0]


@dataclass(frozen=True)
class SongStep(Step):
    """How far a song is, which is made in stages; here, so that a page can receive it without the models.

    Attributes:
        stages: what each stage has made, in the plan's order, as far as the song has come; the last may be in the making.
    """

    stages: tuple[Piece, ...] = ()


class Pipeline(Protocol):
    """Takes a Piece and frozen options, yields Steps. Leaves its input as it is.

    One pipeline, ``transcribe``, takes ``music.audio.encoding.Audio`` in place of a Piece.
    """

    def __call__(self, piece: Piece, options: Any) -> Iterator[Step]: ...


Item = TypeVar("Item")


def paced(items: Iterator[Item]) -> Iterator[Item]:
    """Yields some of the items, the last one always, and draws all, so that looks cost a tenth of the time, or four are taken a second.

    The first item comes at once. The last comes exactly once: as it is drawn, or, if there was no time for it then, when
    the items have ended. Whoever makes items that point at one thing that grows should expect a late look at it.
    """
    next_at, skipped = 0.0, list[Item]()
    for item in items:
        if (began := monotonic()) >= next_at:
            skipped = []
            yield item
            now = monotonic()
            next_at = now + min(WORK_PER_LOOK * (now - began), SECONDS_PER_STEP)
        else:
            skipped = [item]
    yield from skipped
