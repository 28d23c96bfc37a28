"""Remix: MusicBERT writes anew what was selected, and leaves the rest as it is."""

from __future__ import annotations

from collections.abc import Iterator

from music.piece import Piece
from pipelines.contract import Step
from pipelines.options import RemixOptions


def remix(piece: Piece, options: RemixOptions) -> Iterator[Step]:
    """Yields Steps whose pieces are the input with the selection written anew; one piece a variant."""
    raise NotImplementedError
