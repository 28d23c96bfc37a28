"""Writes notes with a Transformer-XL: one of every variant at a time, within the limits of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np
import symusic
import torch
from torch import Tensor

from checkpoints.loading import Checkpoint
from models.decoding import Decoder, FieldDecoder
from models.sampling import Randomness, choose
from music import tokens
from music.conditions import Conditions
from music.theory import Key
from music.tokens import FIRST
from pipelines.grammar import (
    DURATION,
    END,
    PITCH,
    POSITION,
    PROGRAM,
    SIGNATURE,
    STEP,
    VELOCITY,
    Limits,
    Writing,
    span,
)
from pipelines.options import GenerateOptions

COMMON_SIGNATURES = ((4, 4), (3, 4), (2, 4), (6, 8), (2, 2), (9, 8), (12, 8))
PROMPT_NOTES = 64  # the least that is read of the kept music
NOTES_A_STEP = 12  # how often a Step is yielded, in notes of each variant
SECONDS_A_STEP = 0.25  # long pieces take long to build: then up to this much time is given to writing first
GUIDED = (POSITION, PITCH, DURATION)  # fields that guidance acts on
ATTEMPTS = 12  # proposals for a note until the bar counts as full
# To the logit of an instrument that was asked for, times the square of the quarter notes for which it is silent.
BRING_IN = 0.25


@dataclass(frozen=True)
class Plan:
    """What a call is to write, once options and input are brought together.

    Attributes:
        base: the score that is kept, cut after the last kept bar.
        start_tick: where the new part begins.
        first_bar: the number of that bar.
        signature: (numerator, denominator) of the new part; None for the model to choose.
        tempo_bpm: of the new part; None for the model to choose.
        conditions: the prefix that the model gets.
        asked: program ids that were asked for: they alone may play, and all of them shall.
        present: program ids of the kept music, which alone may play if none were asked for; empty for any.
        key: of the new part, if it is asked for or must be kept.
        shift: semitones from how the music sounds to C major or A minor, where the model reads and writes.
        rows: octuples of the kept music, moved by that.
    """

    base: symusic.Score
    start_tick: int
    first_bar: int
    signature: tuple[int, int] | None
    tempo_bpm: float | None
    conditions: Conditions
    asked: frozenset[int]
    present: frozenset[int]
    key: Key | None
    shift: int
    rows: np.ndarray


class Writer:
    """Writes all variants side by side, a note of each at a time. Iterating yields now and then, for a look.

    Args:
        checkpoint: the model.
        plan: what to write.
        options: how to choose.
    """

    # Inference mode is entered for each note, not around the loop: a generator would leak it to whoever reads it.
    @torch.inference_mode()
    def __init__(self, checkpoint: Checkpoint, plan: Plan, options: GenerateOptions):
        self.options, self.plan, self.head = options, plan, FieldDecoder(checkpoint.model.head)
        wished, plain = plan.conditions, plan.conditions.without_wishes()
        self.guided = options.guidance > 0 and wished != plain
        prefix = torch.from_numpy(np.stack([wished.prefix(), plain.prefix()][: 1 + self.guided]))
        self.decoder = Decoder(checkpoint.model, prefix, options.memory)
        self.most_left = checkpoint.model.config.extra_sizes[0] - 1  # as many bars left as the model can be told
        self.randomness = Randomness(options.seed, options.variants, ATTEMPTS * len(tokens.STEP_FIELDS))
        overall = options.temperature
        notes, rhythm = overall * options.temperature_notes, overall * options.temperature_durations
        self.temperatures = (
            rhythm, overall, overall, rhythm, overall * options.temperature_instruments, notes, rhythm, overall
        )  # fmt: skip
        self._read_prompt()
        self._settle()
        self._go_on_with([0] * options.variants)
        self.variants = [Writing(self.limits) for _ in range(options.variants)]

    def __iter__(self) -> Iterator[None]:
        written, next_at = 0, 0.0
        while not all(writing.finished for writing in self.variants):
            self._write_note()
            written += 1
            if written >= NOTES_A_STEP and (began := monotonic()) >= next_at:
                yield
                now = monotonic()
                written, next_at = 0, now + min(4 * (now - began), SECONDS_A_STEP)

    def _read_prompt(self) -> None:
        """Reads the kept music, as much of it as can reach the notes to be written."""
        plan = self.plan
        rows = plan.rows[-max(PROMPT_NOTES, 2 * self.options.memory) :]
        last_bar = int(rows[-1, tokens.BAR]) - FIRST if len(rows) else 0
        self.first_step = min(plan.first_bar - last_bar, tokens.MAX_STEP) if len(rows) else 0
        prompt = np.zeros((len(rows) + 1, len(tokens.STEP_FIELDS) + 1), dtype=np.int64)
        prompt[0] = tokens.BOS
        prompt[1:, :-1] = tokens.to_steps(rows, first_bar=int(rows[0, tokens.BAR]) - FIRST if len(rows) else 0)
        bars = length(self.options, plan.signature, plan.tempo_bpm)
        if bars is None:
            prompt[:, -1] = 0
        else:
            to_end = plan.first_bar + bars[0] - (rows[:, tokens.BAR] - FIRST)
            prompt[1:, -1] = np.minimum(to_end, self.most_left)
            prompt[0, -1] = prompt[1, -1] if len(rows) else min(bars[0], self.most_left)
        notes = torch.from_numpy(prompt).repeat(1 + self.guided, 1, 1)
        self.output, self.last = self.decoder.read(notes), notes[:, -1]

    def _settle(self) -> None:
        """Sets the limits; the model chooses signature and tempo where neither options nor input say."""
        plan, vocab, numbers = self.plan, tokens.vocabulary(), self.randomness.step()
        state = self.head.start(self.output, self.last)
        known = (
            FIRST + self.first_step,
            plan.signature and signature_id(plan.signature),
            plan.tempo_bpm and tempo_id(plan.tempo_bpm),
        )
        chosen = []
        for field, value in enumerate(known):
            if not value:  # the first variant chooses for all: they are versions of one piece
                logits = self.head.logits(state, field).numpy()[:1]
                real = np.arange(logits.shape[1])[None] >= FIRST
                if field == SIGNATURE:  # what is rare may be asked for, but is no good surprise
                    real = np.isin(np.arange(logits.shape[1]), [signature_id(s) for s in COMMON_SIGNATURES])[None]
                value = int(self._choose(field, logits, numbers[field, :1], real)[0])
            chosen.append(value)
            self.head.write(state, field, torch.full((len(state),), value))
        signature = vocab.signatures[chosen[1] - FIRST]
        tempo = plan.tempo_bpm or float(vocab.tempos[chosen[2] - FIRST])
        self.plan = replace(plan, signature=signature, tempo_bpm=tempo)
        bars, last, whole = length(self.options, signature, tempo)
        scale = plan.key.scale if plan.key and self.options.stay_in_key else frozenset()
        self.limits = Limits(
            bars=bars,
            last_positions=last,
            bar_positions=whole,
            signature=chosen[1],
            tempo=chosen[2],
            first_step=self.first_step,
            programs=plan.asked or plan.present,
            asked=plan.asked,
            scale=scale,
            shift=plan.shift,
        )

    def _go_on_with(self, places: list[int]) -> None:
        """Keeps these of the variants that are being written, or begins them as copies of one."""
        places = self._lanes(places, len(self.output) // (1 + self.guided))
        self.decoder.select(places)
        self.output, self.last = self.output[places], self.last[places]

    @torch.inference_mode()
    def _write_note(self) -> None:
        """Writes one more note of every variant that is not finished."""
        live = [number for number, writing in enumerate(self.variants) if not writing.finished]
        writings, numbers = [self.variants[number] for number in live], self.randomness.step()[:, live]
        rows, state = self._propose(writings, numbers)
        going = [place for place, row in enumerate(rows) if row[STEP] != END]
        for place, writing in enumerate(writings):
            if place not in going:
                writing.write([END])
        if not going:
            return
        if len(going) < len(live):
            state = state[self._lanes(going, len(live))]
            self._go_on_with(going)
            writings, rows, numbers = [writings[p] for p in going], [rows[p] for p in going], numbers[:, going]
        for field in (DURATION, VELOCITY):
            ids = self._write_field(field, state, numbers[field], writings, rows)
            for row, value in zip(rows, ids.tolist(), strict=True):
                row.append(value)
            if field < VELOCITY:
                self.head.write(state, field, torch.from_numpy(np.tile(ids, 1 + self.guided)))
        for writing, row in zip(writings, rows, strict=True):
            writing.write(row)
        left = [min(writing.bars_left, self.most_left) for writing in writings]
        self.last = torch.from_numpy(np.tile(np.column_stack([rows, left]), (1 + self.guided, 1)))
        self.output = self.decoder.read(self.last[:, None])

    def _propose(self, writings: list[Writing], numbers: np.ndarray) -> tuple[list[list[int]], Tensor]:
        """Returns rows up to the pitch that stand after the note before, or that begin with END; and the head's state.

        A proposal that does not is drawn anew, which samples from the model's own distribution over what may follow.
        (Hiding, field by field, what would be out of order does not: a note that belongs into the next bar would be
        squeezed in at the end of this one.) If none fits, the last decides: one that stands at once with the note
        before, in the wrong order, goes to a later position; one that stands before it leaves the bar.
        """
        start = self.head.start(self.output, self.last)
        states, rows = torch.empty_like(start), [[] for _ in writings]
        pending = list(range(len(writings)))
        for attempt in range(ATTEMPTS):
            asked, drawn = [writings[p] for p in pending], numbers[attempt * (VELOCITY + 1) :][: VELOCITY + 1, pending]
            state, found = start[self._lanes(pending, len(writings))], [[] for _ in pending]
            stuck = (
                [writing.move_on(rows[p]) for p, writing in zip(pending, asked)] if attempt + 1 == ATTEMPTS else None
            )
            for field in range(PITCH + 1):
                if stuck and field == STEP:
                    ids = np.array([step for step, _ in stuck])
                elif stuck and field == POSITION:
                    ids = self._write_field(field, state, drawn[field], asked, found, [first for _, first in stuck])
                else:
                    ids = self._write_field(field, state, drawn[field], asked, found)
                for row, value in zip(found, ids.tolist(), strict=True):
                    row.append(value)
                if field == STEP and (ids == END).all():
                    break
                self.head.write(state, field, torch.from_numpy(np.tile(ids, 1 + self.guided)))
            fitting = [
                k for k, (w, row) in enumerate(zip(asked, found, strict=True)) if row[STEP] == END or w.in_order(row)
            ]
            places = [pending[k] for k in fitting]
            states[self._lanes(places, len(writings))] = state[self._lanes(fitting, len(pending))]
            for place, row in zip(pending, found, strict=True):
                rows[place] = row
            pending = [place for place in pending if place not in places]
            if not pending:
                break
        return rows, states

    def _lanes(self, places: list[int], count: int) -> list[int]:
        """Returns the batch indices of some of ``count`` variants: with guidance each is read a second time."""
        return [*places, *(place + count for place in places)] if self.guided else places

    def _write_field(
        self,
        field: int,
        state: Tensor,
        numbers: np.ndarray,
        writings: list[Writing],
        rows: list[list[int]],
        lowest: list[int] | None = None,
    ) -> np.ndarray:
        """Returns the ids [variants] of one field, the rows so far given; a row that has ended gets any.

        Args:
            lowest: ids below which none may be chosen.
        """
        ended = span(field, FIRST, FIRST + 1)
        allowed = np.array(
            [
                ended if row[:1] == [END] else writing.allowed(field, row)
                for writing, row in zip(writings, rows, strict=True)
            ]
        )
        if lowest:
            allowed &= np.arange(allowed.shape[1]) >= np.array(lowest)[:, None]
        if np.count_nonzero(allowed) == len(rows):  # there is no choice
            return allowed.argmax(axis=1)
        logits = self._guide(field, self.head.logits(state, field).numpy())
        for writing, row, scores in zip(writings, rows, logits, strict=True):
            if field == STEP:
                writing.fold(scores)
            if field == PROGRAM:
                for program, quarters in writing.waiting(row).items():
                    scores[program] += BRING_IN * quarters**2
        return self._choose(field, logits, numbers, allowed)

    def _guide(self, field: int, logits: np.ndarray) -> np.ndarray:
        """Returns logits [variants, ids] moved away from what the model would write without the wishes.

        Classifier-free guidance (Ho & Salimans 2022): with and without are read side by side.
        """
        if not self.guided:
            return logits
        wished, plain = np.split(logits, 2)
        return wished + self.options.guidance * (wished - plain) if field in GUIDED else wished.copy()

    def _choose(self, field: int, logits: np.ndarray, numbers: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        return choose(logits, numbers, allowed, self.temperatures[field], self.options.top_p, self.options.top_k)


def length(
    options: GenerateOptions, signature: tuple[int, int] | None, tempo_bpm: float | None
) -> tuple[int, int, int] | None:
    """Returns bars, usable positions of the last bar and positions of a whole bar; None while it depends on a choice."""
    if signature is None:
        return (options.bars, 0, 0) if options.bars else None
    whole = tokens.POSITIONS_PER_QUARTER * 4 * signature[0] // signature[1]
    if options.bars:
        return options.bars, whole, whole
    if tempo_bpm is None:
        return None
    positions = max(1, round(options.seconds * tempo_bpm / 60 * tokens.POSITIONS_PER_QUARTER))
    return -(-positions // whole), (positions - 1) % whole + 1, whole


def tempo_id(tempo_bpm: float) -> int:
    """Returns the id of the nearest tempo."""
    return FIRST + int(np.abs(np.log(tokens.vocabulary().tempos / tempo_bpm)).argmin())


def signature_id(signature: tuple[int, int]) -> int:
    """Returns the id of a signature, of one of the same length, or of 4/4."""
    known = tokens.vocabulary().signatures
    if signature in known:
        return FIRST + known.index(signature)
    same = [number for number, (n, d) in enumerate(known) if n * signature[1] == signature[0] * d]
    return FIRST + (same[0] if same else known.index((4, 4)))
