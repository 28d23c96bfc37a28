"""Whether a checkpoint still makes the notes that it made when it was registered: eight notes with a fixed seed.

A damaged file is caught by its hash, and a wrong description when it is loaded. What is left is code that computes
something else than it did: that is caught here. The noise is added to the logits before the likeliest id is taken
(Gumbel-max), so a decision hangs on nothing but the gap between the best two. Of many seeds, the one is kept whose
smallest gap is the widest: rounding differs from processor to processor, by a thousandth of that. As notes so sure hide
a small mistake, how likely the model found them is compared too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from checkpoints.architectures import ARCHITECTURES
from checkpoints.loading import Checkpoint, read
from checkpoints.self_test_notes import NOTES, Choice
from checkpoints.store import REGISTRY, RegistryEntry, entry, read_registry, register, user_registry, values_of, verify
from checkpoints.word_vectors import read_word_vectors
from music.audio.soundfonts import check_soundfont
from music.errors import StudioError

SEEDS, LARGE = 48, 20_000_000
"""How many seeds are tried when a checkpoint is registered, and from how many parameters on only a quarter of them.

More of them find a clearer one and take longer; how many are worth it was not measured.
"""

TOLERANCE_NATS = 0.01
"""How much the likelihood of the notes may differ; rounding makes less than a hundredth of that."""


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
    if wanted.kind == "word-vectors":
        return f"whole, with {len(read_word_vectors(wanted).rows)} words"
    if wanted.kind == "transformers":
        verify(wanted)
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


def recorded(name: str, path: Path, values: Mapping[str, Any], seeds: int | None = None) -> dict[str, Any]:
    """Returns what a registry says of a checkpoint, with what its self-test must find (``seeds`` as in ``record``).

    Raises:
        StudioError: it cannot be loaded.
    """
    plain = {key: values[key] for key in ("bytes", "sha256", "task", "architecture", "tokenizer")}
    beside = {"companions": values["companions"]} if "companions" in values else {}
    made = RegistryEntry(name=name, path=path, details=beside, **plain)
    return {**values, **record(read(made), seeds).to_values()}


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
    choice = Choice(seeds)
    made = ARCHITECTURES[checkpoint.entry.architecture].load_self_test()(checkpoint, choice).astype("<i4")
    notes = [hashlib.sha256(rows.tobytes()).hexdigest()[:16] for rows in made]
    return [Fingerprint(*each) for each in zip(seeds, notes, choice.likelihoods.tolist(), choice.margins.tolist())]
