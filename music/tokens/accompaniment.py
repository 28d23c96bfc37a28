"""What a harmonizer reads and writes: octuples whose players may also be roles, and chords as notes of a chord player.

The melody is played by LEAD, whatever its instrument. Each beat has one row of the player CHORD: its pitch id is the
chord's number, its velocity id the bass above the root, both MASK where the chord is not known. The lower voices of
four-part writing are ALTO, TENOR and BASS. All other rows are octuples as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import symusic

from music.bars import score_end, tempo_map
from music.chord_symbols.grammar import steps_of
from music.chord_symbols.qualities import MODEL_QUALITIES
from music.chords import CHORD_NUMBERS, Chord, beat_ticks
from music.theory import MODES, Key, Mode
from music.tokens import octuple as tokens
from music.tokens.columns import DRUM_PROGRAM, FIRST, MASK, STEP_COLUMNS, Octuple
from music.tokens.conditions import (
    DENSITY_LIMITS,
    PREFIX_LENGTH,
    PREFIX_SIZE,
    Conditions,
    canonical_key,
    prefix_blocks,
    shift_to_canonical,
)
from music.tokens.octuple import POSITIONS_PER_QUARTER

HARMONIES = ("chords", "bass", "piano", "band", "chorale")
COMPLEXITIES = ("low", "medium", "high")
LEAD, CHORD, ALTO, TENOR, BASS = range(DRUM_PROGRAM + 1, DRUM_PROGRAM + 6)
VOICES = (ALTO, TENOR, BASS)
# Lowest and highest pitch of soprano, alto, tenor and bass: C4-A5, G3-D5, C3-A4, E2-D4. Harmony textbooks differ by a
# step or two at either end; these are the wider ranges of theirs.
VOICE_RANGES = ((60, 81), (55, 74), (48, 69), (40, 62))
CONDITION_IDS_SIZE = PREFIX_SIZE + len(HARMONIES) + len(COMPLEXITIES)
CHORD_CONDITION_IDS_SIZE = CONDITION_IDS_SIZE + len(MODES)  # chord networks know modes too


def sizes() -> tuple[int, ...]:
    """Returns the number of ids of each of ``tokens.STEP_FIELDS``, the roles being programs."""
    found = list(tokens.step_sizes())
    found[STEP_COLUMNS.index(Octuple.PROGRAM)] += 5
    return tuple(found)


def condition_ids(conditions: Conditions, style: int, complexity: int | None) -> np.ndarray:
    """Returns the prefix ids of conditions, a style and a complexity (indices into HARMONIES and COMPLEXITIES)."""
    measured = conditions.prefix()[1:]  # without the start: these ids are a bag
    asked = [PREFIX_SIZE + style, 0 if complexity is None else PREFIX_SIZE + len(HARMONIES) + complexity]
    return np.concatenate([measured, asked]).astype(np.int64)


def chord_condition_ids(ids: np.ndarray, mode: Mode) -> np.ndarray:
    """Returns the prefix ids of a chord network: those of ``condition_ids``, and the mode."""
    return np.append(ids, CONDITION_IDS_SIZE + MODES.index(mode))


def facts() -> dict[str, Any]:
    """Returns what a training loop must know of this language, as plain values."""
    vocab, homes = tokens.vocabulary(), (Key(0, "major").scale, Key(9, "minor").scale)
    chords = [Chord.numbered(number) for number in range(CHORD_NUMBERS)]
    first = PREFIX_SIZE + len(HARMONIES)
    return {
        "roles": {"lead": LEAD, "chord": CHORD, "alto": ALTO, "tenor": TENOR, "bass": BASS},
        "drums": DRUM_PROGRAM,
        "styles": {style: PREFIX_SIZE + number for number, style in enumerate(HARMONIES)},
        "complexities": [first + number for number in range(len(COMPLEXITIES))],
        "complexity_block": [first, CONDITION_IDS_SIZE],
        "prefix_blocks": prefix_blocks(),
        "prefix_length": PREFIX_LENGTH + 2,
        # The two keys of this table keep the names under which prepared shards have them.
        "home_shifts": [shift_to_canonical(key) for key in range(24)],
        "home_keys": [canonical_key(key) for key in range(24)],
        "durations": vocab.durations.tolist(),
        "signature_positions": vocab.signature_positions().tolist(),
        "density_limits": DENSITY_LIMITS,
        "rich_chords": [is_rich(chord) for chord in chords],
        "mode_block": [CONDITION_IDS_SIZE, CHORD_CONDITION_IDS_SIZE],
        "chord_tones": [[int(tone in chord.tones) for tone in range(12)] for chord in chords],
        "foreign_chords": [[not home.issuperset(chord.tones) for chord in chords] for home in homes],
    }


def is_rich(chord: Chord) -> bool:
    """Returns whether a chord is more than a triad."""
    return len(steps_of(chord.quality)) > 3


def beat_rows(score: symusic.Score, until_tick: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns one CHORD row of unknown chord for each beat, int16 [beats, 8], and the tick at which each begins.

    Args:
        score: gives bars, beats and tempi.
        until_tick: where to stop; by default the end of the last note.
    """
    vocab, quarter = tokens.vocabulary(), score.ticks_per_quarter
    grid, signatures = tokens.model_grid(score, score_end(score) if until_tick is None else until_tick)
    at, _, qpm = tempo_map(score)
    rows, ticks = [], []
    for number, (bar, signature) in enumerate(zip(grid, signatures.tolist(), strict=True)):
        starts = beat_ticks(bar, quarter)
        for tick, end in zip(starts, [*starts[1:], bar.end], strict=True):
            row = np.full(8, MASK)
            row[[Octuple.POSITION, Octuple.BAR, Octuple.PROGRAM, Octuple.SIGNATURE]] = (
                FIRST + (tick - bar.start) * POSITIONS_PER_QUARTER // quarter, FIRST + number, CHORD, signature,
            )  # fmt: skip
            row[Octuple.DURATION] = (
                FIRST + np.abs(vocab.durations - (end - tick) * POSITIONS_PER_QUARTER / quarter).argmin()
            )
            tempo = qpm[np.searchsorted(at, tick, side="right") - 1]
            row[Octuple.TEMPO] = FIRST + np.abs(np.log(vocab.tempos) - np.log(tempo)).argmin()
            rows.append(row)
            ticks.append(tick)
    return np.array(rows, dtype=np.int16).reshape(-1, 8), np.array(ticks, dtype=np.int64)


def with_known(rows: np.ndarray, chords: Sequence[Chord | None]) -> np.ndarray:
    """Returns beat rows with these chords; None leaves a beat unknown."""
    out = rows.copy()
    for row, chord in zip(out, chords, strict=True):
        if chord is not None:
            row[Octuple.PITCH], row[Octuple.VELOCITY] = FIRST + chord.number, FIRST + (chord.bass - chord.root) % 12
    return out


def chord_of(row: np.ndarray) -> Chord:
    """Returns the chord that a CHORD row [8] stands for, its chord being known."""
    return Chord.numbered(int(row[Octuple.PITCH]) - FIRST, (int(row[Octuple.VELOCITY]) - FIRST) % 12)


def onsets(rows: np.ndarray, bar_starts: np.ndarray) -> np.ndarray:
    """Returns the onset of octuples [notes, 8] in positions, given the position at which each bar begins."""
    return bar_starts[rows[:, Octuple.BAR].astype(np.int64) - FIRST] + rows[:, Octuple.POSITION] - FIRST


def bar_starts(rows: np.ndarray) -> np.ndarray:
    """Returns the position at which each bar begins, and where the last ends, int64 [bars + 1], for beat rows.

    Raises:
        IndexError: there are no rows.
    """
    lengths = tokens.vocabulary().durations
    bars = rows[:, Octuple.BAR].astype(np.int64) - FIRST
    ends = rows[:, Octuple.POSITION].astype(np.int64) - FIRST + lengths[rows[:, Octuple.DURATION] - FIRST]
    whole = np.zeros(bars[-1] + 1, dtype=np.int64)
    np.maximum.at(whole, bars, ends)
    return np.concatenate([[0], whole.cumsum()])


def in_order(rows: np.ndarray) -> np.ndarray:
    """Returns the order of octuples: by bar, position, player and pitch."""
    return np.lexsort(
        (rows[:, Octuple.PITCH], rows[:, Octuple.PROGRAM], rows[:, Octuple.POSITION], rows[:, Octuple.BAR])
    )


def move(rows: np.ndarray, semitones: int) -> np.ndarray:
    """Returns rows of any players moved by semitones, chords too; drums and unknown chords stay.

    A pitch that would leave the MIDI range stops at its end.
    """
    out = rows.copy()
    number = rows[:, Octuple.PITCH].astype(np.int64) - FIRST
    chords = (rows[:, Octuple.PROGRAM] == CHORD) & (number >= 0) & (number < CHORD_NUMBERS - 1)
    notes = (rows[:, Octuple.PROGRAM] != CHORD) & (rows[:, Octuple.PROGRAM] != DRUM_PROGRAM)
    out[notes, Octuple.PITCH] = FIRST + np.clip(number[notes] + semitones, 0, 127)
    root, quality = np.divmod(number[chords], MODEL_QUALITIES)
    out[chords, Octuple.PITCH] = FIRST + (root + semitones) % 12 * MODEL_QUALITIES + quality
    return out
