"""The two octuple dialects as MusicBERT reads them: the studio's own, and the official one of its authors.

A dialect says what the ids of an octuple row mean (music/tokens/octuple.py: int16 [notes, 8], columns as in FIELDS, a value
``v`` as ``FIRST + v``) and how rows become the tokens of one shared vocabulary, in which each field has a block of
its own: <s> 0, <pad> 1, </s> 2, <unk> 3, the blocks, and <mask> last (Zeng et al. 2021, "MusicBERT").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import symusic

from music.errors import StudioError
from music.tokens import octuple as tokens
from music.tokens import official_octuple
from music.tokens.columns import FIRST, SLOTS, Octuple
from music.tokens.octuple import Encoded

START, PADDING, END, UNKNOWN = range(4)


@dataclass(frozen=True)
class Grid:
    """The bars of a score as a dialect counts them.

    Attributes:
        starts: ticks at which the bars begin [bars].
        positions: lengths of the bars in positions [bars].
        signatures: signature ids of the bars [bars].
    """

    starts: np.ndarray
    positions: np.ndarray
    signatures: np.ndarray


@dataclass(frozen=True)
class Dialect:
    """What ids mean, and where each field's block lies in the shared vocabulary.

    Attributes:
        name: "studio" or "official".
        sizes: number of values of each field, in the order of SLOTS.
        positions_per_quarter: how fine the time grid is.
        durations: length in positions of each duration value.
        velocities: MIDI velocity of each velocity value.
        max_notes: how many notes one window may have.
        digest: SHA-256 (hex) of all that; a checkpoint carries that of the dialect it was trained with.
        encode: gives the rows of a score with their origin, every note one row.
        grid: gives the bars of a score up to a tick.
    """

    name: str
    sizes: tuple[int, ...]
    positions_per_quarter: int
    durations: np.ndarray
    velocities: np.ndarray
    max_notes: int
    digest: str
    encode: Callable[[symusic.Score], Encoded]
    grid: Callable[[symusic.Score, int], Grid]

    @property
    def slots(self) -> tuple[int, ...]:
        """SLOTS, of which both dialects have the same."""
        return SLOTS

    @property
    def blocks(self) -> tuple[int, ...]:
        """First token of each field's block, in the order of SLOTS."""
        return tuple((4 + np.cumsum((0, *self.sizes[:-1]))).tolist())

    @property
    def mask(self) -> int:
        """The token <mask>."""
        return 4 + sum(self.sizes)

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.mask + 1

    def to_tokens(self, rows: np.ndarray) -> np.ndarray:
        """Returns int64 [notes, 8] tokens, columns as in SLOTS, for octuples [notes, 8]; bars must fit the block."""
        return rows[:, SLOTS].astype(np.int64) - FIRST + np.array(self.blocks)

    def token_ids(self, rows: np.ndarray) -> np.ndarray:
        """Returns int64 [notes + 2, 8], a piece as a model reads it: a note of <s>, the notes, and a note of </s>.

        Of the first ``max_notes`` notes those whose bar has a token are read; the others are left out.
        """
        rows = rows[: self.max_notes]
        rows = rows[rows[:, Octuple.BAR] < FIRST + self.sizes[0]]
        return np.concatenate([np.full((1, 8), START), self.to_tokens(rows), np.full((1, 8), END)])


STUDIO_BARS = 128


@lru_cache(maxsize=1)
def studio() -> Dialect:
    """Returns the studio's dialect: the vocabularies of music/tokens/octuple.py, 12 positions a quarter, 128 bars a window."""
    vocab = tokens.vocabulary()
    sizes = [vocab.sizes[column] - FIRST for column in SLOTS]
    sizes[0] = STUDIO_BARS
    return Dialect(
        name="studio",
        sizes=tuple(sizes),
        positions_per_quarter=tokens.POSITIONS_PER_QUARTER,
        durations=vocab.durations,
        velocities=vocab.velocities,
        max_notes=510,
        digest=tokens.digest(),
        encode=lambda score: tokens.encode(score, keep_doubles=True),
        grid=_studio_grid,
    )


def _studio_grid(score: symusic.Score, until_tick: int) -> Grid:
    bars, signatures = tokens.model_grid(score, until_tick)
    lengths = tokens.vocabulary().signature_positions()[signatures - FIRST]
    return Grid(np.array([bar.start for bar in bars]), lengths, signatures)


@lru_cache(maxsize=1)
def official() -> Dialect:
    """Returns the dialect of the authors' checkpoints: 1237 tokens, 16 positions a quarter, 1000 notes a window."""
    meaning = [
        official_octuple.SIZES,
        official_octuple.POSITIONS_PER_QUARTER,
        official_octuple.SIGNATURES,
        official_octuple.DURATIONS.tolist(),
        official_octuple.VELOCITIES.tolist(),
        "16 * 2 ** (tempo / 12)",
    ]
    return Dialect(
        name="official",
        sizes=official_octuple.SIZES,
        positions_per_quarter=official_octuple.POSITIONS_PER_QUARTER,
        durations=official_octuple.DURATIONS,
        velocities=official_octuple.VELOCITIES,
        max_notes=1000,
        digest=hashlib.sha256(json.dumps(meaning).encode()).hexdigest(),
        encode=official_octuple.encode,
        grid=lambda score, until_tick: Grid(*official_octuple.bars(score, until_tick)),
    )


DIALECTS = {"official": official, "studio": studio}


def dialect(name: str) -> Dialect:
    """Returns a dialect by name.

    Raises:
        StudioError: there is none of this name.
    """
    if name not in DIALECTS:
        raise StudioError(f"There is no dialect '{name}'. Available: {', '.join(DIALECTS)}.")
    return DIALECTS[name]()


def dialect_of(digest: str) -> Dialect | None:
    """Returns the dialect that has a digest; None if none of this version has."""
    return next((made for made in map(dialect, DIALECTS) if made.digest == digest), None)
