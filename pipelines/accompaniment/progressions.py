"""The chords of a melody by a chord network: of all progressions, one that has much in common with the likely ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import torch

from checkpoints.loading import Checkpoint
from music.chords import CHORD_NUMBERS, MODEL_QUALITIES, NO_CHORD, Chord
from music.theory import Key
from music.tokens import accompaniment
from music.tokens.chord_grid import chord_grid
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.chords import CHORD_STAGE, chord_candidates, melody_fit
from pipelines.accompaniment.request import AccompanimentRequest
from pipelines.accompaniment.sampler import stage_randomness
from pipelines.accompaniment.tonal_pull import TonalWeights, phrase_places
from pipelines.harmonize_options import HarmonizeOptions

DRAFTS = 24
ROUNDS = 8


def find_progressions(
    checkpoint: Checkpoint, request: AccompanimentRequest, options: HarmonizeOptions
) -> Iterator[tuple[list[tuple[Chord | None, ...]], float]]:
    required = request.required_chords
    if None not in required:
        yield [required] * options.variants, 1.0
        return
    home = Key((request.key.tonic + request.shift) % 12, request.key.mode)
    scores, states = weigh(checkpoint, request, options)
    fit, stay, turn = scores
    candidates, _ = chord_candidates(home, options.complexity)
    allowed = np.repeat(candidates[None], len(fit), axis=0)
    for beat, chord in enumerate(required):
        if chord is not None:
            number = chord.number if chord == NO_CHORD else chord.transposed(request.shift).number
            allowed[beat] = np.arange(CHORD_NUMBERS) == number
    weights = TonalWeights(home, phrase_places(request, home, melody_fit(request)))
    temperature = options.temperature * options.temperature_notes
    pulled, marginals = weights.pulled(fit, stay, turn, allowed, temperature)
    gain = (
        marginals
        + marginals[:, :-1]
        .reshape(len(fit), 12, MODEL_QUALITIES)
        .sum(axis=2)[:, np.minimum(np.arange(CHORD_NUMBERS) // MODEL_QUALITIES, 11)]
    )
    randomness = stage_randomness(options, CHORD_STAGE, DRAFTS)
    numbers = np.stack([randomness.step()[0] for _ in range(len(fit))])
    if temperature > 0:
        drafts = pulled.sample(numbers, options.top_p, options.top_k).reshape(options.variants, DRAFTS, len(fit))
    else:
        drafts = np.tile(pulled.likeliest(), (options.variants, 1, 1))
    chosen: list[tuple[Chord | None, ...]] = []
    for of_variant in drafts:
        lead = weights.lead(of_variant)
        kept = of_variant[lead > 0] if (lead > 0).any() else of_variant[[int(lead.argmax())]]
        best = kept[int(np.take_along_axis(gain[None], kept[..., None], axis=2)[..., 0].sum(axis=1).argmax())]
        chords = with_basses(checkpoint, states, best)
        sounding = (chord if chord == NO_CHORD else chord.transposed(-request.shift) for chord in chords)
        chosen.append(tuple(free if given is None else given for given, free in zip(required, sounding, strict=True)))
    yield chosen, 1.0


@torch.inference_mode()
def weigh(
    checkpoint: Checkpoint, request: AccompanimentRequest, options: HarmonizeOptions
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], torch.Tensor]:
    melody = accompaniment.move(request.lead, request.shift)
    read = chord_grid(melody, request.grid.beat_rows, vocabulary().durations)
    style = "chorale" if options.style == "chorale" else "chords"
    prefix = accompaniment.chord_condition_ids(
        request.prefix(style, options.complexity if style == "chords" else None), request.key.mode
    )
    features, places = torch.from_numpy(read.features)[None], torch.from_numpy(read.places)[None]
    real = torch.ones(features.shape[:2], dtype=torch.bool)
    scores = checkpoint.model.chords(features, places, torch.from_numpy(prefix)[None], real)
    found = scores.fit[0], scores.stay[0], scores.turn
    return tuple(part.double().numpy() for part in found), scores.states[0]


@torch.inference_mode()
def with_basses(checkpoint: Checkpoint, states: torch.Tensor, numbers: np.ndarray) -> list[Chord]:
    likely = checkpoint.model.chords.bass_scores(states, torch.from_numpy(numbers)).log_softmax(-1).numpy()
    found, beat = [], 0
    for number, run in groupby(numbers.tolist()):
        count = len(list(run))
        chord = Chord.numbered(number)
        steps = [(tone - chord.root) % 12 for tone in chord.tones]
        over = likely[beat : beat + count].sum(axis=0)
        bass = max(steps, key=lambda step: over[step]) if steps else 0
        found += [Chord.numbered(number, bass)] * count
        beat += count
    return found
