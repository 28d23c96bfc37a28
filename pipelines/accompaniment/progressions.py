"""The chords of a melody by a chord network: what most progressions agree on, changing as often as they do.

The network gives one distribution over all progressions. A sample of it sounds as real ones do, but takes a turn of its own
on every beat; what is likeliest on each beat hardly ever moves. So of many drafts a consensus is made: the roots that are
likeliest, changing where drafts do and as often as they do, and then chords on these roots. That is minimum Bayes risk decoding
(Kumar & Byrne 2004) under a harmonic rhythm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np
import torch

from checkpoints.loading import Checkpoint
from models.chord_sampling import Progressions
from models.sampling import Randomness
from music.chords import CHORD_NUMBERS, MODEL_QUALITIES, NO_CHORD, Chord
from music.theory import Key
from music.tokens import accompaniment
from music.tokens.chord_grid import chord_grid
from music.tokens.conditions import GENRES
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.chords import CHORD_STAGE, chord_candidates, chords_of, melody_fit
from pipelines.accompaniment.request import AccompanimentRequest
from pipelines.accompaniment.tonal_pull import TonalWeights, phrase_places
from pipelines.options.harmonize import HarmonizeOptions

# Chosen on training lead sheets by root and quality found and by the measures of `python -m training quality`.
DRAFTS = 32  # of each variant
OWN_SHARE = 0.5  # how much a variant's own drafts count for its roots; the rest is what the network finds likely
CHANGES = {"low": 1.1, "medium": 1.1, "high": 1.3}  # how often chords change, beside drafts
CALM = {"low": 0.5, "medium": 0.5, "high": 0.9}  # factor on the temperature of chords on known roots
PLACED, READIEST = 1.5, 3.0  # how much it counts where drafts change, and the most that is given for a change, in nats
NAILED = 1e-4  # the share of changes on beats that are to have none
RARE = 0.01  # added to the share of each root, and the least share of changes
WINDOW = 128  # beats that the network reads at once: as many as in training
ROUNDS, STRIDE, SLOWER = (
    9,
    2.0,
    1.6,
)  # of the search for a rhythm: how many, how far at first, and how much less each time
TRIES, NEARER = 6, 1.5  # while the tonic is not ahead of its rivals: how often, and how much likelier it becomes
ROOTS = np.append(np.repeat(np.arange(12), MODEL_QUALITIES), 12)  # of each chord number; none of no chord


def find_progressions(
    checkpoint: Checkpoint, request: AccompanimentRequest, options: HarmonizeOptions
) -> Iterator[tuple[list[tuple[Chord | None, ...]], float]]:
    """Yields the chords of each beat of each variant, as they sound, and that all beats are done.

    Required chords are taken as they are, and the others go with them.
    """
    required = request.required_chords
    if None not in required:
        yield [required] * options.variants, 1.0
        return
    home = Key((request.key.tonic + request.shift) % 12, request.key.mode)
    (fit, stay, turn), states = weigh(checkpoint, request, options)
    candidates, _ = chord_candidates(home, options.complexity)
    if options.usage.in_key:
        candidates = candidates & chords_of(home)
    allowed = np.repeat(candidates[None], len(fit), axis=0)
    for beat, chord in enumerate(required):
        if chord is not None:
            number = chord.number if chord == NO_CHORD else chord.transposed(request.shift).number
            allowed[beat] = np.arange(CHORD_NUMBERS) == number
    weights = TonalWeights(home, phrase_places(request, home, melody_fit(request)))
    temperature = options.temperature * options.temperature_notes
    pulled, marginals = weights.pulled(fit, stay, turn, allowed, temperature)
    randomness = Randomness(options.seed + (CHORD_STAGE << 40), options.variants, DRAFTS + 1, block=64)
    uniform = np.stack([randomness.step() for _ in range(len(fit))])  # [beats, drafts + 1, variants]
    likely = roots_of(marginals)
    steady = request.grid.beat_numbers > 0 if options.usage.by_bar else None
    step = 1 if options.style == "chorale" else 2  # hymns change with the beat, songs with the half bar
    chosen: list[tuple[Chord | None, ...]] = []
    for variant in range(options.variants):
        if temperature > 0:
            drafts = pulled.sample(uniform[:, :DRAFTS, variant], options.top_p, options.top_k)
        else:
            drafts = pulled.likeliest()[None]
        own = (ROOTS[drafts][..., None] == np.arange(13)).mean(axis=0)
        share = OWN_SHARE * own + (1 - OWN_SHARE) * likely
        for _ in range(TRIES):
            roots = consensus(share, ROOTS[drafts], pulled.allowed, CHANGES[options.complexity], step, steady)
            inside = pulled.allowed & (ROOTS == roots[:, None])
            on_roots = pulled.within(inside, temperature * CALM[options.complexity])
            if temperature > 0:
                numbers = on_roots.sample(uniform[:, DRAFTS:, variant], options.top_p, options.top_k)[0]
            else:
                numbers = on_roots.likeliest()
            if weights.lead(numbers[None])[0] > 0:
                break
            share[:, home.tonic] *= NEARER
        chords = with_basses(checkpoint, states, numbers)
        sounding = (chord if chord == NO_CHORD else chord.transposed(-request.shift) for chord in chords)
        chosen.append(tuple(free if given is None else given for given, free in zip(required, sounding, strict=True)))
    yield chosen, 1.0


@torch.inference_mode()
def weigh(
    checkpoint: Checkpoint, request: AccompanimentRequest, options: HarmonizeOptions
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], torch.Tensor]:
    """Returns fit, stay and turn of all beats (see ``Progressions``), and the network's states [beats, width].

    What is longer than the network has ever read is read in windows that overlap, and each beat is taken from the one in
    whose middle it stands.
    """
    melody = accompaniment.move(request.lead, request.shift)
    read = chord_grid(melody, request.grid.beat_rows, vocabulary().durations)
    style = "chorale" if options.style == "chorale" else "chords"
    if options.usage.genre is not None and style == "chords":
        request = replace(request, conditions=replace(request.conditions, genre=GENRES.index(options.usage.genre)))
    # That all chords may be there is no wish for as many as in the richest songs, which is what "high" says of a song.
    wished = options.complexity if style == "chords" and options.complexity != "high" else None
    prefix = accompaniment.chord_condition_ids(request.prefix(style, wished), request.key.mode)
    count = len(read.features)
    size = min(WINDOW, count)
    starts = np.append(np.arange(0, count - size, WINDOW // 2), count - size)
    inside = starts[:, None] + np.arange(size)
    features, places = torch.from_numpy(read.features[inside]), torch.from_numpy(read.places[inside])
    real = torch.ones(inside.shape, dtype=torch.bool)
    scores = checkpoint.model.chords(features, places, torch.from_numpy(prefix).expand(len(starts), -1), real)
    beats = np.arange(count)
    window = np.abs(starts + size / 2 - beats[:, None]).argmin(axis=1)
    place = torch.from_numpy(window), torch.from_numpy(beats - starts[window])
    fit, stay, turn = (part.double().numpy() for part in (scores.fit[place], scores.stay[place], scores.turn))
    return (fit, stay, turn), scores.states[place]


def roots_of(chords: np.ndarray) -> np.ndarray:
    """Returns how likely each root is, and none, [beats, 13], for chords [beats, chord numbers]."""
    return np.concatenate([chords[:, :-1].reshape(len(chords), 12, -1).sum(axis=2), chords[:, -1:]], axis=1)


def consensus(
    share: np.ndarray,
    drafts: np.ndarray,
    allowed: np.ndarray,
    often: float,
    step: int,
    steady: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the roots, int64 [beats], that are likeliest under the harmonic rhythm of drafts.

    Args:
        share: of each root on each beat, and of none, [beats, 13].
        drafts: the roots of some progressions [drafts, beats].
        allowed: bool [beats, chord numbers].
        often: how often they change, beside the drafts.
        step: changes are counted between beats that lie so far apart.
        steady: bool [beats], on which they do not change unless they have to; None: they may on all.
    """
    moving = np.append(0.5, (np.diff(drafts, axis=1) != 0).mean(axis=0)).clip(3 * RARE, 1 - 3 * RARE)
    if steady is not None:  # on fewer beats, for which they must be readier
        moving = np.where(steady, NAILED, moving)
    possible = roots_of(allowed.astype(float)) > 0
    wanted, readiness, stride = often * _changes(drafts, step), 0.0, STRIDE
    found, least = np.zeros(0, dtype=np.int64), np.inf
    for _ in range(ROUNDS):
        stay = PLACED * np.log((1 - moving) / moving) - min(readiness, READIEST if steady is None else 2 * READIEST)
        roots = Progressions(np.log(share + RARE), stay, np.zeros((13, 13)), possible, 1.0).likeliest()
        missing = wanted - _changes(roots[None], step)
        if abs(missing) < least:
            found, least = roots, abs(missing)
        readiness += stride if missing > 0 else -stride
        stride /= SLOWER
    return found


def _changes(roots: np.ndarray, step: int) -> float:
    """Returns the share of changes in progressions of roots [progressions, beats]."""
    return float(np.mean(np.diff(roots[:, ::step], axis=1) != 0)) if roots.shape[1] > step else 0.0


@torch.inference_mode()
def with_basses(checkpoint: Checkpoint, states: torch.Tensor, numbers: np.ndarray) -> list[Chord]:
    """Returns the chords of numbers [beats], each with the likeliest of its tones as its bass for as long as it lasts."""
    likely = checkpoint.model.chords.bass_scores(states, torch.from_numpy(numbers)).log_softmax(-1).numpy()
    found: list[Chord] = []
    for number, run in groupby(numbers.tolist()):
        first, count = len(found), len(list(run))
        chord = Chord.numbered(number)
        over = likely[first : first + count].sum(axis=0)
        bass = max(((tone - chord.root) % 12 for tone in chord.tones), key=lambda step: over[step], default=0)
        found += [Chord.numbered(number, bass)] * count
    return found
