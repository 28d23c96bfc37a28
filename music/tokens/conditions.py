"""What a piece is asked to be: genre, key, tempo, time signature, density, instruments, as prefix tokens.

Each is optional. In training the same conditions are measured on the music itself (`measure`), and forgotten
at random, so that a model has met every combination of known and unknown ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from music.theory import Key, key_from_histogram
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from music.tokens.octuple import POSITIONS_PER_QUARTER, vocabulary

GENRES = ("pop", "rock", "jazz", "folk", "electronic", "latin", "classical")
DENSITIES = ("low", "medium", "high")
DENSITY_LIMITS = (2.0, 4.1)  # notes a quarter note and instrument: thirds of the sets' training music
MAX_PROGRAMS = 16

# Models read and write all music in C major or A minor; pipelines transpose what goes in and comes out. So a key that
# is asked for is met by arithmetic, and training need not show every phrase in twelve keys.
_CANONICAL_MAJOR, _CANONICAL_MINOR = 0, 12 + 9

# One vocabulary of prefix ids, in blocks.
PREFIX_PAD, PREFIX_START = 0, 1
_GENRE = 2
_KEY = _GENRE + len(GENRES)
_TEMPO = _KEY + 24
_SIGNATURE = _TEMPO + 48
_DENSITY = _SIGNATURE + 27
_PROGRAM = _DENSITY + len(DENSITIES)
PREFIX_SIZE = _PROGRAM + 129
PREFIX_LENGTH = 6 + MAX_PROGRAMS


@dataclass(frozen=True)
class Conditions:
    """What is asked of the music; None where nothing is.

    Attributes:
        genre: index into GENRES.
        key: 0-11 for C to B major, 12-23 for C to B minor.
        tempo: tempo id, less FIRST.
        signature: signature id, less FIRST.
        density: index into DENSITIES.
        programs: instruments as program ids less FIRST (128 for drums), sorted; at most MAX_PROGRAMS.
    """

    genre: int | None = None
    key: int | None = None
    tempo: int | None = None
    signature: int | None = None
    density: int | None = None
    programs: tuple[int, ...] | None = None

    def prefix(self) -> np.ndarray:
        """Returns the prefix ids, int64 [PREFIX_LENGTH], padded with PREFIX_PAD."""
        ids = [PREFIX_START]
        blocks = (
            (_GENRE, self.genre),
            (_KEY, self.key),
            (_TEMPO, self.tempo),
            (_SIGNATURE, self.signature),
            (_DENSITY, self.density),
        )
        ids += [block + value for block, value in blocks if value is not None]
        ids += [_PROGRAM + program for program in (self.programs or ())[:MAX_PROGRAMS]]
        return np.array(ids + [PREFIX_PAD] * (PREFIX_LENGTH - len(ids)), dtype=np.int64)

    def without_preferences(self) -> Conditions:
        """Returns these conditions without those that only incline the music: genre, key and density."""
        return replace(self, genre=None, key=None, density=None)


def measure(rows: np.ndarray, genre: int | None = None) -> Conditions:
    """Returns the conditions that octuples [notes, 8] meet; the genre cannot be measured and is passed through."""
    if not len(rows):
        return Conditions(genre=genre)
    programs = np.unique(rows[:, Octuple.PROGRAM]) - FIRST
    return Conditions(
        genre=genre,
        key=measure_key(rows),
        tempo=int(np.bincount(rows[:, Octuple.TEMPO]).argmax()) - FIRST,
        signature=int(np.bincount(rows[:, Octuple.SIGNATURE]).argmax()) - FIRST,
        density=measure_density(rows),
        programs=tuple(programs.tolist()) if len(programs) <= MAX_PROGRAMS else None,
    )


def measure_key(rows: np.ndarray) -> int | None:
    """Returns the key index of octuples, None without pitched notes."""
    pitched = rows[rows[:, Octuple.PROGRAM] != DRUM_PROGRAM]
    if not len(pitched):
        return None
    weights = vocabulary().durations[pitched[:, Octuple.DURATION] - FIRST]
    histogram = np.bincount((pitched[:, Octuple.PITCH] - FIRST) % 12, weights=np.minimum(weights, 48), minlength=12)
    key, _ = key_from_histogram(histogram)
    return key_index(key)


def measure_density(rows: np.ndarray) -> int:
    """Returns the index into DENSITIES: notes a quarter note and instrument, against DENSITY_LIMITS."""
    return int(np.searchsorted(DENSITY_LIMITS, notes_per_quarter(rows) / len(np.unique(rows[:, Octuple.PROGRAM]))))


def notes_per_quarter(rows: np.ndarray) -> float:
    """Returns the number of notes a quarter note over the bars from the first note to the last."""
    bars, first = np.unique(rows[:, Octuple.BAR], return_index=True)
    lengths = vocabulary().signature_positions()[rows[first, Octuple.SIGNATURE] - FIRST] / POSITIONS_PER_QUARTER
    return len(rows) / (lengths.mean() * (bars[-1] - bars[0] + 1))


def key_index(key: Key) -> int:
    """Returns the key index of a key; that of the plain one for a church mode, which models do not know."""
    return key.tonic + (12 if key.is_minor else 0)


def canonical_key(key: int) -> int:
    """Returns the key index that a model reads a key as: C major for the major ones, A minor for the minor ones."""
    return _CANONICAL_MINOR if key >= 12 else _CANONICAL_MAJOR


def shift_to_canonical(key: int) -> int:
    """Returns by how many semitones, -6 to 5, music in a key moves to be read."""
    return (canonical_key(key) - key + 6) % 12 - 6


def prefix_blocks() -> dict[str, tuple[int, int]]:
    """Returns the first id and the id after the last of each condition's block."""
    starts = {
        "genre": _GENRE,
        "key": _KEY,
        "tempo": _TEMPO,
        "signature": _SIGNATURE,
        "density": _DENSITY,
        "program": _PROGRAM,
    }
    ends = [*list(starts.values())[1:], PREFIX_SIZE]
    return {name: (start, end) for (name, start), end in zip(starts.items(), ends, strict=True)}
