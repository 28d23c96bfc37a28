"""The tokenization layer that all models share: Score <-> octuples, int16 [notes, 8].

One row is one note (OctupleMIDI, Zeng et al. 2021), its columns as in FIELDS. Vocabularies and ids are
those of miditok's Octuple under one configuration (TOKENIZER_SETTINGS). Placing notes on the grid is done
here rather than by ``miditok.encode``, for three reasons: each row must say which note of which track it
came from, so that pipelines can leave the others alone; a position is 1/12 of a quarter note in every time
signature (miditok counts 1/12 of the signature's own beat, so 6/8 would get twice the grid of 3/4); and bars
follow the score's bar grid where the signature changes over empty bars, which miditok's Octuple cannot.
In signatures of quarters, both agree id for id.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import symusic

from music.bars import Bar, bar_grid, bar_ticks, parse_signature, score_end, tempo_map
from music.errors import StudioError
from music.instruments import program_of
from music.tokens.columns import DRUM_PROGRAM, FIELDS, FIRST, MAX_STEP, STEP_COLUMNS, Octuple

POSITIONS_PER_QUARTER = 12
MAX_BARS = 4096

TOKENIZER_SETTINGS: dict[str, Any] = {
    "pitch_range": (0, 127),
    "drums_pitch_range": (0, 127),
    "use_pitchdrum_tokens": True,
    "beat_res": {(0, 4): POSITIONS_PER_QUARTER, (4, 8): 4, (8, 16): 2, (16, 32): 1},
    "num_velocities": 32,
    "special_tokens": ["PAD", "BOS", "EOS", "MASK"],
    "use_programs": True,
    "one_token_stream_for_programs": True,
    "use_tempos": True,
    "num_tempos": 48,
    "tempo_range": (30, 240),
    "log_tempos": True,
    "use_time_signatures": True,
    "time_signature_range": {2: [2, 3, 4], 4: list(range(1, 13)), 8: list(range(1, 13))},
    "max_bar_embedding": MAX_BARS,
}


@dataclass(frozen=True)
class Vocabulary:
    """What the ids of each field mean; value ``v`` has id ``FIRST + index of v``.

    Attributes:
        sizes: number of ids of each field, in the order of FIELDS.
        velocities: MIDI velocities.
        durations: lengths in positions (1/12 of a quarter note).
        tempos: quarter notes a minute.
        signatures: (numerator, denominator) pairs.
    """

    sizes: tuple[int, ...]
    velocities: np.ndarray
    durations: np.ndarray
    tempos: np.ndarray
    signatures: tuple[tuple[int, int], ...]

    def signature_positions(self) -> np.ndarray:
        """Returns the length of one bar in positions for each signature."""
        return np.array([POSITIONS_PER_QUARTER * 4 * n // d for n, d in self.signatures])


@dataclass(frozen=True)
class Encoded:
    """Octuples with their source.

    Attributes:
        rows: int16 [notes, 8], ids, sorted by bar, position, program and pitch.
        origin: int32 [notes, 2], the track and the note within it that each row stands for.
    """

    rows: np.ndarray
    origin: np.ndarray


@lru_cache(maxsize=1)
def tokenizer() -> Any:
    """Returns the ``miditok.Octuple`` whose vocabularies and ids are ours."""
    from miditok import Octuple, TokenizerConfig

    return Octuple(TokenizerConfig(**TOKENIZER_SETTINGS))


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Returns the vocabulary, read from the tokenizer."""
    tok = tokenizer()

    def values(field: int) -> list[str]:
        ordered = sorted(tok.vocab[field].items(), key=lambda item: item[1])
        return [name.split("_", 1)[1] for name, _ in ordered[FIRST:]]

    def positions(text: str) -> int:
        beats, part, resolution = map(int, text.split("."))
        return (beats * resolution + part) * POSITIONS_PER_QUARTER // resolution

    return Vocabulary(
        sizes=tuple(len(tok.vocab[field]) for field in range(len(FIELDS))),
        velocities=np.array([int(v) for v in values(Octuple.VELOCITY)]),
        durations=np.array([positions(v) for v in values(Octuple.DURATION)]),
        tempos=np.array([float(v) for v in values(Octuple.TEMPO)]),
        signatures=tuple(map(parse_signature, values(Octuple.SIGNATURE))),
    )


@lru_cache(maxsize=1)
def digest() -> str:
    """Returns the SHA-256 (hex) of the vocabularies. Stored in every checkpoint; models refuse another one."""
    return hashlib.sha256(json.dumps([sorted(v.items()) for v in tokenizer().vocab]).encode()).hexdigest()


def model_grid(score: symusic.Score, until_tick: int | None = None) -> tuple[list[Bar], np.ndarray]:
    """Returns the bars of a score as models see them, and the signature id of each bar.

    A bar whose signature has no id is seen in a signature of the same length if there is one (4/16 as 2/8);
    otherwise the stretch in that signature is seen in bars of 4/4.
    """
    signatures = vocabulary().signatures
    ids = {sig: FIRST + i for i, sig in enumerate(signatures)}
    lengths: dict[float, tuple[int, int]] = {}
    for n, d in signatures:
        lengths.setdefault(n / d, (n, d))
    if all((s.numerator, s.denominator) in ids for s in score.time_signatures):
        grid = bar_grid(score, until_tick)
    else:
        seen = score.copy()
        for sig in seen.time_signatures:
            if (sig.numerator, sig.denominator) not in ids:
                ratio = sig.numerator / max(1, sig.denominator)
                sig.numerator, sig.denominator = lengths.get(ratio, (4, 4))
        grid = bar_grid(seen, until_tick)
    return grid, np.array([ids.get(bar[2:], ids[4, 4]) for bar in grid])


def encode(score: symusic.Score, keep_doubles: bool = False) -> Encoded:
    """Returns the octuples of a score. Leaves the score as it is.

    Of several notes with the same onset, pitch and program one row remains, for the longest.

    Args:
        keep_doubles: keep a row for each of them.

    Raises:
        StudioError: the score has more than MAX_BARS bars.
    """
    columns = note_columns(score)
    if not len(columns):
        return Encoded(np.zeros((0, 8), np.int16), np.zeros((0, 2), np.int32))
    track, index, time, duration, pitch, velocity, program = columns.T
    vocab, per_quarter = vocabulary(), score.ticks_per_quarter
    grid, signature_of_bar = model_grid(score, score_end(score) + 1)
    if len(grid) > MAX_BARS:
        raise StudioError(f"The piece has {len(grid)} bars. Cut it to at most {MAX_BARS} bars.")
    starts = np.array([bar.start for bar in grid])
    bar = np.searchsorted(starts, time, side="right") - 1
    position = _round_half_up((time - starts[bar]) * POSITIONS_PER_QUARTER, per_quarter)
    room = vocab.signature_positions()[signature_of_bar - FIRST]
    late = (position >= room[bar]) & (bar + 1 < len(grid))  # rounded into the next bar
    bar, position = bar + late, np.where(late, 0, np.minimum(position, room[bar] - 1))
    length = np.maximum(1, _round_half_up(duration * POSITIONS_PER_QUARTER, per_quarter))
    at, _, qpm = tempo_map(score)
    placed = starts[bar] + position * per_quarter // POSITIONS_PER_QUARTER  # notes that meet on the grid share a tempo
    rows = np.stack(
        [
            FIRST + pitch + np.where(program < 0, 128, 0),
            FIRST + position,
            FIRST + bar,
            FIRST + _nearest(vocab.velocities, velocity),
            FIRST + _nearest(vocab.durations, length),
            np.where(program < 0, DRUM_PROGRAM, FIRST + program),
            FIRST + _nearest(np.log(vocab.tempos), np.log(qpm[np.searchsorted(at, placed, side="right") - 1])),
            signature_of_bar[bar],
        ],
        axis=1,
    ).astype(np.int16)
    order = np.lexsort(
        (-duration, rows[:, Octuple.PITCH], rows[:, Octuple.PROGRAM], rows[:, Octuple.POSITION], rows[:, Octuple.BAR])
    )
    rows, origin = rows[order], np.stack([track, index], axis=1)[order].astype(np.int32)
    if keep_doubles:
        return Encoded(rows, origin)
    same = (
        rows[1:, [Octuple.PITCH, Octuple.POSITION, Octuple.BAR, Octuple.PROGRAM]]
        == rows[:-1, [Octuple.PITCH, Octuple.POSITION, Octuple.BAR, Octuple.PROGRAM]]
    ).all(axis=1)
    keep = np.concatenate([[True], ~same])
    return Encoded(rows[keep], origin[keep])


def decode(rows: np.ndarray, ticks_per_quarter: int = 480) -> symusic.Score:
    """Returns the score that octuples stand for, one track a program.

    A bar without notes has the length of the bar before it.

    Args:
        rows: [notes, 8] ids, sorted by bar; no special ids; one signature a bar.
        ticks_per_quarter: a multiple of 12.
    """
    vocab = vocabulary()
    score = symusic.Score(ticks_per_quarter)
    rows = np.asarray(rows, dtype=np.int64)
    if not len(rows):
        return score
    tick = ticks_per_quarter // POSITIONS_PER_QUARTER
    bars = rows[:, Octuple.BAR] - FIRST
    starts = np.zeros(bars.max() + 1, dtype=np.int64)
    signature_of_bar = dict(zip(bars.tolist()[::-1], rows[::-1, Octuple.SIGNATURE].tolist(), strict=True))
    now = 0
    signature: int | None = None
    for bar in range(bars.max() + 1):
        # Leading empty bars take the first signature that is known.
        found = signature_of_bar[bars.min()] if signature is None else signature_of_bar.get(bar, signature)
        numerator, denominator = vocab.signatures[found - FIRST]
        if found != signature:
            score.time_signatures.append(symusic.TimeSignature(now, numerator, denominator))
        signature, starts[bar] = found, now
        now += bar_ticks(numerator, denominator, ticks_per_quarter)
    times = starts[bars] + (rows[:, Octuple.POSITION] - FIRST) * tick
    tempo_changes = np.flatnonzero(np.diff(rows[:, Octuple.TEMPO], prepend=-1))
    for change in tempo_changes:
        at = 0 if change == 0 else int(times[change])
        score.tempos.append(symusic.Tempo(at, float(vocab.tempos[rows[change, Octuple.TEMPO] - FIRST])))
    for program_id in np.unique(rows[:, Octuple.PROGRAM]):
        mine = rows[:, Octuple.PROGRAM] == program_id
        drums = bool(program_id == DRUM_PROGRAM)
        track = symusic.Track(program=0 if drums else int(program_id) - FIRST, is_drum=drums)
        track.notes = symusic.Note.from_numpy(
            time=times[mine].astype(np.int32),
            duration=(vocab.durations[rows[mine, Octuple.DURATION] - FIRST] * tick).astype(np.int32),
            pitch=((rows[mine, Octuple.PITCH] - FIRST) % 128).astype(np.int8),
            velocity=vocab.velocities[rows[mine, Octuple.VELOCITY] - FIRST].astype(np.int8),
        )
        score.tracks.append(track)
    return score


def transpose(rows: np.ndarray, semitones: int) -> np.ndarray:
    """Returns octuples moved by semitones, drums as they are; a pitch that would leave the MIDI range stops at its end."""
    moved = rows.copy()
    pitched = rows[:, Octuple.PROGRAM] != DRUM_PROGRAM
    moved[pitched, Octuple.PITCH] = FIRST + np.clip(rows[pitched, Octuple.PITCH] - FIRST + semitones, 0, 127)
    return moved


def losses(score: symusic.Score) -> list[str]:
    """Returns sentences saying what a model would not see, or would see changed, of this score."""
    columns = note_columns(score)
    said: list[str] = []
    if not len(columns):
        return ["There are no notes for a model to read."]
    encoded, vocab = encode(score), vocabulary()
    _, _, time, duration, _, _, _ = columns.T
    total = len(columns)
    hidden = total - len(encoded.rows)
    if hidden:
        said.append(f"{hidden} of {total} notes double another note of the same instrument and are read once.")
    unit = score.ticks_per_quarter / POSITIONS_PER_QUARTER
    moved = int((np.abs(time / unit - np.round(time / unit)) > 1e-6).sum())
    if moved:
        said.append(
            f"{moved} of {total} notes lie between grid lines (1/{POSITIONS_PER_QUARTER} beat) and are read at the nearest one."
        )
    long = int((duration / unit > vocab.durations.max()).sum())
    if long:
        said.append(f"{long} notes are longer than 32 beats and are read as 32 beats.")
    odd = sorted(
        {f"{s.numerator}/{s.denominator}" for s in score.time_signatures} - {f"{n}/{d}" for n, d in vocab.signatures}
    )
    if odd:
        said.append(f"The time signature {', '.join(odd)} is read as another of the same length, or as 4/4.")
    qpm = tempo_map(score)[2]
    if qpm.min() < vocab.tempos.min() or qpm.max() > vocab.tempos.max():
        said.append(
            f"Tempi outside {vocab.tempos.min():.0f} to {vocab.tempos.max():.0f} BPM are read as the nearest of these."
        )
    controls = sum(len(t.controls) + len(t.pitch_bends) + len(t.pedals) for t in score.tracks)
    if controls:
        said.append(
            f"{controls} pedal, controller and pitch-bend events are not read; they stay in the piece as they are."
        )
    return said


def note_columns(score: symusic.Score) -> np.ndarray:
    """Returns int64 [notes, 7]: track, note, time, duration, pitch, velocity, program (DRUMS for drums)."""
    parts = []
    for number, track in enumerate(score.tracks):
        if not len(track.notes):
            continue
        notes = track.notes.numpy()
        count = len(notes["time"])
        parts.append(
            np.stack(
                [
                    np.full(count, number),
                    np.arange(count),
                    notes["time"],
                    notes["duration"],
                    notes["pitch"],
                    notes["velocity"],
                    np.full(count, program_of(track)),
                ],
                axis=1,
            ).astype(np.int64)
        )
    return np.concatenate(parts) if parts else np.zeros((0, 7), np.int64)


def _nearest(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Returns the index of the nearest of the rising values, the lower one of two equally near."""
    return np.searchsorted((values[1:] + values[:-1]) / 2, wanted, side="left")


def _round_half_up(numerator: np.ndarray, denominator: int) -> np.ndarray:
    return (2 * numerator + denominator) // (2 * denominator)


def step_sizes() -> tuple[int, ...]:
    """Returns the number of ids of each of STEP_FIELDS."""
    sizes = vocabulary().sizes
    return (FIRST + MAX_STEP + 1, *(sizes[column] for column in STEP_COLUMNS[1:]))


def to_steps(rows: np.ndarray, first_bar: int = 0) -> np.ndarray:
    """Returns octuples as an autoregressive model reads them: bars counted from the note before.

    So a piece has no length limit, and the same phrase reads the same wherever it stands.

    Args:
        rows: [notes, 8] octuples in order.
        first_bar: the bar (from 0) that the first note's step is counted from.

    Returns:
        int16 [notes, 8], columns as in STEP_FIELDS; a step of k bars has id ``FIRST + k``.
    """
    steps = rows[:, STEP_COLUMNS].astype(np.int16)
    if len(steps):
        steps[:, 0] = FIRST + np.clip(np.diff(rows[:, Octuple.BAR], prepend=FIRST + first_bar), 0, MAX_STEP)
    return steps


def from_steps(steps: np.ndarray, first_bar: int = 0) -> np.ndarray:
    """Returns octuples int16 [notes, 8] for rows of STEP_FIELDS; undoes ``to_steps``."""
    rows = np.zeros((len(steps), 8), dtype=np.int16)
    rows[:, STEP_COLUMNS] = steps
    rows[:, Octuple.BAR] = FIRST + first_bar + np.cumsum(steps[:, 0] - FIRST)
    return rows
