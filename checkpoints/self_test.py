"""Whether a checkpoint still makes the notes that it made when it was registered: eight notes with a fixed seed.

A damaged file is caught by its hash, and a wrong description when it is loaded. What is left is code that computes
something else than it did: that is caught here. The noise is added to the logits before the likeliest id is taken
(Gumbel-max), so a decision hangs on nothing but the gap between the best two. Of many seeds, the one is kept whose
smallest gap is the widest: rounding differs from processor to processor, by a thousandth of that. As notes so sure hide
a small mistake, how likely the model found them is compared too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
import torch
from torch import Tensor

from checkpoints.architectures import ARCHITECTURES
from checkpoints.loading import Checkpoint, read
from checkpoints.store import REGISTRY, RegistryEntry, entry, read_registry, register, user_registry, values_of, verify
from models.field_decoding import FieldDecoder
from models.hinted_decoding import HintedDecoder
from models.seq2seq_decoding import Seq2SeqDecoder
from models.transformer_xl_decoding import Decoder
from music.audio.soundfonts import check_soundfont
from music.errors import StudioError
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, FIRST, Octuple, StepField
from music.tokens.octuple import POSITIONS_PER_QUARTER

NOTES = 8
SEEDS, LARGE = 48, 20_000_000
"""How many seeds are tried when a checkpoint is registered, and from how many parameters on only a quarter of them.

More of them find a clearer one and take longer; how many are worth it was not measured.
"""

TOLERANCE_NATS = 0.01
"""How much the likelihood of the notes may differ; rounding makes less than a hundredth of that."""

BAR = 4 * POSITIONS_PER_QUARTER
MEMORY, REPEATS = 24, 10
"""How many notes a Transformer-XL remembers, and how often it reads the tune before it writes.

Together more notes than fit its buffers beside the memory, so that forgetting is tested too.
"""

LENGTH = 4 * REPEATS + 8
"""Bars of the whole, of which it is told how many are left."""

TUNE = (60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72, 71, 67, 64, 60)


@dataclass(frozen=True)
class Fingerprint:
    """What a checkpoint makes with one seed.

    Attributes:
        seed: of the noise.
        notes: digest (hex) of the eight notes.
        likelihood: of these notes, in nats.
        margin: by how much the closest of all decisions was decided; logits count from 0 to some 10.
    """

    seed: int
    notes: str
    likelihood: float
    margin: float

    def to_values(self) -> dict[str, Any]:
        """Returns the values by which a registry remembers it."""
        return {
            "self_test_seed": self.seed,
            "self_test_notes": self.notes,
            "self_test_likelihood": round(self.likelihood, 4),
            "self_test_margin": round(self.margin, 4),
        }


def check(wanted: RegistryEntry) -> str:
    """Returns in a few words what was found in order; for a checkpoint its size, its sum, and the notes that it makes.

    Raises:
        StudioError: the file is missing or another one, cannot be loaded, or makes other notes than it did.
    """
    if wanted.kind == "soundfont":
        verify(wanted)
        check_soundfont(wanted.path)
        return "whole"
    checkpoint = read(wanted)
    seed, notes, likelihood = (wanted.details.get(f"self_test_{name}") for name in ("seed", "notes", "likelihood"))
    if seed is None or notes is None or likelihood is None or not 0 <= seed < 2**32:
        fingerprint(checkpoint, 0)
        return f"whole, and makes {NOTES} notes; which they should be was never recorded"
    found = fingerprint(checkpoint, seed)
    if found.notes != notes or not abs(found.likelihood - likelihood) < TOLERANCE_NATS:
        raise StudioError(
            f"The file of '{wanted.name}' is whole, but this version of the studio makes other notes with it. "
            "Update the studio, or go back to the version that the checkpoint was made with."
        )
    return f"whole, and makes the {NOTES} notes that it should"


def record(checkpoint: Checkpoint, seeds: int | None = None) -> Fingerprint:
    """Returns the fingerprint whose closest decision is the clearest, of the seeds 0, 1 ... ``seeds`` - 1."""
    if seeds is None:
        seeds = SEEDS if sum(part.numel() for part in checkpoint.model.parameters()) < LARGE else SEEDS // 4
    return max(_fingerprints(checkpoint, range(seeds)), key=lambda found: found.margin)


def recorded(name: str, path: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a registry says of a checkpoint, with what its self-test must find.

    Raises:
        StudioError: it cannot be loaded.
    """
    plain = {key: values[key] for key in ("bytes", "sha256", "task", "architecture", "tokenizer")}
    return {**values, **record(read(RegistryEntry(name=name, path=path, **plain))).to_values()}


def record_again(name: str) -> Fingerprint:
    """Returns what the self-test of a checkpoint must find from now on, noted in its registry.

    This is for those who change the code so that it makes other notes on purpose.

    Raises:
        StudioError: there is none of this name here, or it cannot be loaded.
    """
    wanted = entry(name)
    found = record(read(wanted))
    registry = REGISTRY if name in read_registry(REGISTRY) else user_registry()
    register(registry, name, values_of(wanted) | found.to_values())
    return found


def fingerprint(checkpoint: Checkpoint, seed: int) -> Fingerprint:
    """Returns what a checkpoint makes with this seed."""
    return _fingerprints(checkpoint, [seed])[0]


@torch.inference_mode()
def _fingerprints(checkpoint: Checkpoint, seeds: Sequence[int]) -> list[Fingerprint]:
    choice = _Choice(seeds)
    made = ARCHITECTURES[checkpoint.entry.architecture].load_self_test()(checkpoint, choice).astype("<i4")
    notes = [hashlib.sha256(rows.tobytes()).hexdigest()[:16] for rows in made]
    return [Fingerprint(*each) for each in zip(seeds, notes, choice.likelihoods.tolist(), choice.margins.tolist())]


class _Choice:
    """Chooses ids for several seeds side by side.

    Args:
        seeds: of the noise; what one draws does not depend on the others.

    Attributes:
        margins: by how much the closest decision of each seed was decided [seeds].
        likelihoods: of all that each chose, in nats [seeds].
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        # RandomState and no Generator: its numbers are promised to stay the same in all versions of numpy.
        self._noise = [np.random.RandomState(seed) for seed in seeds]
        self.batch = len(seeds)
        self.margins, self.likelihoods = np.full(self.batch, np.inf), np.zeros(self.batch)

    def __call__(self, logits: Tensor, first: int = 0, end: int | None = None) -> np.ndarray:
        """Returns one id per seed, int64 [seeds], of logits [seeds, ids]; none before ``first``, none from ``end`` on."""
        likely = torch.log_softmax(logits[:, first:end].double(), dim=1).numpy()
        scores = likely + np.stack([noise.gumbel(size=likely.shape[1]) for noise in self._noise])
        if scores.shape[1] > 1:
            second, best = np.sort(scores, axis=1)[:, -2:].T
            self.margins = np.minimum(self.margins, best - second)
        chosen = scores.argmax(axis=1)
        self.likelihoods += likely[np.arange(self.batch), chosen]
        return chosen + first


def _continue(
    choice: _Choice,
    head: FieldDecoder,
    read: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    notes: Tensor,
    times: Tensor,
) -> np.ndarray:
    """Returns notes [seeds, NOTES, 8], written one after another, field by field; none steps on by more than a bar.

    Args:
        choice: chooses.
        head: writes the fields of a note.
        read: reads notes [seeds, notes, 8] and their onsets [seeds, notes]; returns the backbone's output
            [seeds, width] after them and the last of them as the head takes it.
        notes, times: what is read before the first is written; once for all seeds, or for each.
    """
    ends: dict[int, int] = {StepField.STEP: FIRST + 2, StepField.POSITION: FIRST + BAR}
    made, bars = [], times[:, -1] // BAR  # one, or one per seed
    for _ in range(NOTES):
        output, last = read(notes, times)
        rows: list[list[int]] = [[] for _ in range(choice.batch)]
        head.sample_fields(
            range(len(StepField)),
            head.start(output, last),
            rows,
            lambda field, _, logits: choice(logits(), FIRST, ends.get(field)),
        )
        notes = torch.tensor(rows)[:, None]
        bars = bars + notes[:, 0, StepField.STEP] - FIRST
        times = (bars * BAR + notes[:, 0, StepField.POSITION] - FIRST)[:, None]
        made.append(notes)
    return torch.cat(made, dim=1).numpy()


def _prefix(model: Any, batch: int) -> Tensor:
    """Returns the same four conditions for each of a batch, [batch, 4]."""
    return (torch.arange(1, 5) % model.config.prefix_size).repeat(batch, 1)


def continue_tune(checkpoint: Checkpoint, choice: _Choice) -> np.ndarray:
    """Returns notes that follow a tune played often enough to be forgotten on the way, under a few conditions."""
    model, (tune, times) = checkpoint.model, _tune_steps()
    most_left = model.config.extra_sizes[0] - 1
    decoder = Decoder(model, _prefix(model, 1), memory=MEMORY)

    def read(notes: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        left = (LENGTH - times // BAR).clamp(0, most_left)
        given = torch.cat([notes, left[..., None]], dim=-1)
        output, last = decoder.read(given), given[:, -1]
        if len(output) < choice.batch:  # the tune was read once for all
            decoder.select([0] * choice.batch)
            output, last = output[[0] * choice.batch], last[[0] * choice.batch]
        return output, last

    steps = torch.cat([torch.full((1, len(StepField)), BOS), tune.repeat(REPEATS, 1)])[None]
    onsets = (torch.arange(REPEATS)[:, None] * 4 * BAR + times).flatten()
    times = torch.cat([torch.zeros(1, dtype=torch.int64), onsets])[None]
    return _continue(choice, FieldDecoder(model.head), read, steps, times)


def continue_tune_with_hints(checkpoint: Checkpoint, choice: _Choice) -> np.ndarray:
    """Returns notes that follow a tune, likewise; the players asked for are its piano and a bass."""
    model, (tune, times) = checkpoint.model, _tune_steps()
    onsets = (torch.arange(REPEATS)[:, None] * 4 * BAR + times).flatten()
    given = torch.cat([torch.full((1, len(StepField)), BOS), tune.repeat(REPEATS, 1)])
    given = _with_extras(model, given[None], torch.cat([torch.zeros(1, dtype=torch.int64), onsets])[None])
    decoder = HintedDecoder(model, _prefix(model, 1), [(FIRST, FIRST + 32)], MEMORY)
    decoder.read(given)
    decoder.select([0] * choice.batch)
    made, bars = [], torch.full((choice.batch,), int(onsets[-1]) // BAR)
    for _ in range(NOTES):
        row = torch.zeros(choice.batch, len(StepField), dtype=torch.int64)
        for field in range(len(StepField)):
            end = {int(StepField.STEP): FIRST + 2, int(StepField.POSITION): FIRST + BAR}.get(field)
            row[:, field] = torch.from_numpy(choice(decoder.logits(field, row), FIRST, end))
        bars = bars + row[:, 0] - FIRST
        decoder.read(_with_extras(model, row[:, None], (bars * BAR + row[:, StepField.POSITION] - FIRST)[:, None]))
        made.append(row)
    return torch.stack(made, dim=1).numpy()


def _with_extras(model: Any, notes: Tensor, times: Tensor) -> Tensor:
    """Returns notes [batch, notes, 8] at onsets [batch, notes] with the bars left and the place in the phrase."""
    left, phrase = (size - 1 for size in model.config.extra_sizes)
    bars = times // BAR
    return torch.cat([notes, (LENGTH - bars).clamp(0, left)[..., None], (1 + bars % phrase)[..., None]], dim=-1)


def accompany_tune(checkpoint: Checkpoint, choice: _Choice) -> np.ndarray:
    """Returns notes that join a tune, under a few conditions."""
    model, (steps, times) = checkpoint.model, _tune_steps()
    given = steps.repeat(choice.batch, 1, 1), times.repeat(choice.batch, 1)
    decoder = Seq2SeqDecoder(model, *given, _prefix(model, choice.batch))

    def read(notes: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        return decoder.read(notes, times), notes[:, -1]

    start = torch.full((choice.batch, 1, len(StepField)), BOS), torch.zeros(choice.batch, 1, dtype=torch.int64)
    return _continue(choice, FieldDecoder(model.head), read, *start)


def fill_hidden_notes(checkpoint: Checkpoint, choice: _Choice) -> np.ndarray:
    """Returns the last notes of a tune, all their fields but the bar hidden, found one note after another."""
    model, dialect = checkpoint.model, checkpoint.dialect
    rows = dialect.encode(_tune_score()).rows[: model.config.max_notes - 2]  # a model may have room for few
    read = torch.from_numpy(dialect.token_ids(rows)).repeat(choice.batch, 1, 1)
    hidden = range(max(1, len(rows) + 1 - NOTES), len(rows) + 1)
    read[:, hidden.start : hidden.stop, 1:] = dialect.mask
    for note in hidden:
        features = model.features(read)[:, note]
        for slot in range(1, len(Octuple)):
            block = slice(dialect.blocks[slot], dialect.blocks[slot] + dialect.sizes[slot])
            read[:, note, slot] = torch.from_numpy(choice(model.head(features[:, slot], block)) + block.start)
    return read[:, hidden.start : hidden.stop].numpy()


def _tune_score() -> symusic.Score:
    """Returns four bars of quarter notes for a piano."""
    score, quarter = symusic.Score(480), 480
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    score.tempos.append(symusic.Tempo(0, 120.0))
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes.extend(
        symusic.Note(number * quarter, quarter, pitch, 80) for number, pitch in enumerate(TUNE)
    )
    return score


def _tune_steps() -> tuple[Tensor, Tensor]:
    """Returns that tune as a note model reads it, [16, 8] ids and [16] onsets."""
    rows = tokens.encode(_tune_score()).rows
    onsets = (rows[:, Octuple.BAR].astype(np.int64) - FIRST) * BAR + rows[:, Octuple.POSITION] - FIRST
    return torch.from_numpy(tokens.to_steps(rows).astype(np.int64)), torch.from_numpy(onsets)
