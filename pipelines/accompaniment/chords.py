"""The first stage of most accompaniments: a chord for each beat of the melody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from checkpoints.loading import Checkpoint
from music.analysis.chord_estimation import beat_tones
from music.arranging.idioms import IDIOMS, Beats, Idiom, in_idiom
from music.chords import CHORD_NUMBERS, MODEL_QUALITIES, NO_CHORD, Chord
from music.theory import Key
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, FIRST, StepField
from pipelines.accompaniment.request import AccompanimentRequest
from pipelines.accompaniment.sampler import FIELDS, EncoderInput, ScheduledRow, ScheduledSampler, stage_randomness
from pipelines.accompaniment.tonal_pull import TonalPull, phrase_places, section_bars
from pipelines.options.harmonize import HarmonizeOptions

CHORD_STAGE = 1  # which random numbers
BEATS_PER_STEP = 4  # how often progress is told

# Biases on the logits of chords. The numbers were set by reading what comes out, and some were softened later (the borrowed
# chords from 1.0, the fit from 2.0, the drafts from 8); no run that compared them was kept. What they reach together is
# measured: the chord figures on the card of harmonize-small lie between those of a rule and of the written chords.
RICH_BIAS = 1.5  # to chords of more than three tones of the key, at high complexity
BORROWED_PENALTY = 0.5  # off a chord that is not of the key, at medium complexity
CHORALE_CHANGE_BIAS = 2.0  # to a change in a chorale, whose harmony moves with the beat, unlike that of a song
MELODY_FIT_BIAS = 1.25  # to a chord that holds all of the melody there
DRAFTS = 4


class ChordRow(ScheduledRow):
    """The chord of one beat of one variant.

    Whether the chord changes is drawn from the model's own probability, and only which one comes then is drawn at a
    temperature. A temperature on both would favor the likeliest choice of each beat, which is to stay.

    Args:
        row: the beat's row of step fields, its chord known or not.
        candidates: bool [chord numbers], the chords that may be chosen.
        bias: [chord numbers], added to their logits.
        before: the number of the chord before, None at the beginning.
        change_draw: a random number in [0, 1) that decides whether the chord changes.
        change_bias: added to the logit of a change.
    """

    def __init__(
        self,
        row: np.ndarray,
        candidates: np.ndarray,
        bias: np.ndarray,
        before: int | None,
        change_draw: float,
        change_bias: float,
    ):
        self.row, self.candidates, self.bias, self.before = row, candidates, bias, before
        self.change_draw, self.change_bias = change_draw, change_bias

    def known(self, field: int, row: list[int]) -> int | None:
        """Returns the id of a field, None for a chord that is to be chosen."""
        value = int(self.row[field])
        if value >= FIRST or field not in (StepField.PITCH, StepField.VELOCITY):
            return value
        if field == StepField.VELOCITY and row[StepField.PITCH] - FIRST == CHORD_NUMBERS - 1:
            return FIRST
        return None

    def allowed(self, field: int, row: list[int], scores: np.ndarray) -> np.ndarray:
        """Returns the chords that may be chosen, or the likeliest tone for its bass."""
        mask = np.zeros(len(scores), dtype=bool)
        if field == StepField.PITCH:
            chords = slice(FIRST, FIRST + CHORD_NUMBERS)
            scores[chords] += self.bias
            mask[chords] = self.candidates & ~self._ruled_out(scores[chords])
        else:
            chord = Chord.numbered(row[StepField.PITCH] - FIRST)
            steps = [FIRST + (tone - chord.root) % 12 for tone in chord.tones]
            mask[max(steps, key=lambda step: scores[step])] = True  # a lead sheet names another bass for a reason
        return mask

    def _ruled_out(self, scores: np.ndarray) -> np.ndarray:
        """Returns which chords the draw rules out, bool [chord numbers]: all but the one before, or that one alone."""
        ruled_out = np.zeros(CHORD_NUMBERS, dtype=bool)
        if self.before is None or not self.candidates[self.before]:
            return ruled_out
        others = self.candidates & (np.arange(CHORD_NUMBERS) != self.before)
        change = np.logaddexp.reduce(scores[others]) - scores[self.before] + self.change_bias
        stay = np.exp(-np.logaddexp(0.0, change))
        ruled_out[self.before] = True
        return ~ruled_out if self.change_draw < stay else ruled_out


def choose_chords(
    checkpoint: Checkpoint, request: AccompanimentRequest, options: HarmonizeOptions
) -> Iterator[tuple[list[tuple[Chord | None, ...]], float]]:
    """Yields the chords of each beat of each variant, as they sound, and the share of beats that is done.

    Required chords are taken as they are; the model reads them, those that follow included. Of DRAFTS drafts a variant
    takes the one that is most like the others, of those in whose chords the tonic is ahead of its rivals: a single one may
    wander off. Until that is known, only the required chords are there.
    """
    required, grid = request.required_chords, request.grid
    if None not in required:
        yield [required] * options.variants, 1.0
        return
    rows = accompaniment.move(accompaniment.with_known(grid.beat_rows, required), request.shift)
    steps, times = tokens.to_steps(rows).astype(np.int64), grid.beat_positions
    start = (np.full((1, FIELDS), BOS), times[:1])
    count = options.variants * DRAFTS
    temperature = options.temperature * options.temperature_notes
    randomness = stage_randomness(options, CHORD_STAGE, DRAFTS)
    inputs = [EncoderInput(request, required)] * count
    sampler = ScheduledSampler(checkpoint, request, "chords", inputs, [start] * count, temperature, options, randomness)
    home = Key((request.key.tonic + request.shift) % 12, request.key.mode)
    candidates, bias = chord_candidates(home, options.complexity)
    fits = MELODY_FIT_BIAS * melody_fit(request)
    change_bias = CHORALE_CHANGE_BIAS if options.style == "chorale" else 0.0
    places = phrase_places(request, home, fits / MELODY_FIT_BIAS)
    pulls = [TonalPull(home, places) for _ in range(count)]
    before: list[int | None] = [None] * count
    drafts: list[list[tuple[int, int]]] = []
    for beat, (row, time) in enumerate(zip(steps, times.tolist(), strict=True)):
        numbers = randomness.step()
        scheduled = [
            ChordRow(row, pull.allowed(beat, candidates), bias + fits[beat] + pull.bias(beat), last, draw, change_bias)
            for last, draw, pull in zip(before, numbers[0].tolist(), pulls, strict=True)
        ]
        written = sampler.write(scheduled, [time] * count, numbers)
        chosen_here = [one[StepField.PITCH] - FIRST for one in written]
        for pull, number in zip(pulls, chosen_here, strict=True):
            pull.add(number)
        before = [*chosen_here]
        drafts.append([(one[StepField.PITCH] - FIRST, one[StepField.VELOCITY] - FIRST) for one in written])
        if beat % BEATS_PER_STEP == BEATS_PER_STEP - 1 and beat + 1 < len(steps):
            yield [required] * options.variants, (beat + 1) / len(steps)
    numbers_of_drafts = np.array(drafts).reshape(len(steps), options.variants, DRAFTS, 2)
    chosen: list[tuple[Chord | None, ...]] = []
    for variant in range(options.variants):
        ahead = [pull.lead for pull in pulls[variant * DRAFTS : (variant + 1) * DRAFTS]]
        kept = [number for number, lead in enumerate(ahead) if lead > 0] or [int(np.argmax(ahead))]
        drafts_here = numbers_of_drafts[:, variant, kept]
        draft = drafts_here[:, medoid(drafts_here[:, :, 0])]
        chords = (Chord.numbered(number, bass % 12) for number, bass in draft.tolist())
        sounding = (chord if chord == NO_CHORD else chord.transposed(-request.shift) for chord in chords)
        chosen.append(tuple(free if given is None else given for given, free in zip(required, sounding, strict=True)))
    yield chosen, 1.0


def in_style(chords: Sequence[Chord | None], request: AccompanimentRequest, idiom: Idiom) -> tuple[Chord | None, ...]:
    """Returns the chord of each beat, those that were free as music of an idiom has them."""
    if idiom == IDIOMS["plain"] or None in chords:
        return tuple(chords)
    grid = request.grid
    beats = Beats(
        bars=grid.beat_bars,
        melody=melody_tones(request),
        free=np.array([given is None for given in request.required_chords]),
        begins=frozenset(int(np.flatnonzero(grid.beat_bars == bar)[0]) for bar in section_bars(request)),
    )
    return tuple(in_idiom([chord or NO_CHORD for chord in chords], beats, request.key, idiom))


def melody_tones(request: AccompanimentRequest) -> np.ndarray:
    """Returns for how much of each beat each pitch class sounds in the melody, [beats, 12]."""
    tune, grid = request.score.tracks[request.melody].notes.numpy(), request.grid
    time = tune["time"].astype(np.int64)
    pitch = tune["pitch"].astype(np.int64)
    return beat_tones(time, time + tune["duration"], pitch, grid.beat_ticks, grid.end)[0]


def melody_fit(request: AccompanimentRequest) -> np.ndarray:
    """Returns the share of the melody of each beat and the next that each chord holds, [beats, chord numbers], as the model reads it."""
    sounding = np.roll(melody_tones(request), request.shift, axis=1)
    # The melody of the next beat counts half: a choice by ear, not measured.
    sounding += 0.5 * np.append(sounding[1:], np.zeros((1, 12)), axis=0)
    share = sounding / np.maximum(sounding.sum(axis=1, keepdims=True), 1e-9)
    holds = np.zeros((12, CHORD_NUMBERS))
    for number in range(CHORD_NUMBERS - 1):
        holds[list(Chord.numbered(number).tones), number] = 1
    return share @ holds


def medoid(drafts: np.ndarray) -> int:
    """Returns which of several drafts, chord numbers [beats, drafts], has most chords and roots in common with the others.

    That is the draft of minimum Bayes risk (Kumar & Byrne 2004), the drafts standing for the model's distribution.
    """
    roots = drafts // MODEL_QUALITIES
    same = (drafts[:, :, None] == drafts[:, None]).mean(axis=0) + (roots[:, :, None] == roots[:, None]).mean(axis=0)
    return int(same.sum(axis=1).argmax())


@lru_cache(maxsize=8)
def chords_of(home: Key) -> np.ndarray:
    """Returns which chords are of a key, bool [chord numbers]."""
    own = [home.scale.issuperset(Chord.numbered(number).tones) for number in range(CHORD_NUMBERS - 1)]
    return np.array([*own, False])


@lru_cache(maxsize=8)
def chord_candidates(home: Key, complexity: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns which chords a complexity allows in a key, bool [chord numbers], and what is added to their logits.

    Low allows the triads of the key, medium its sevenths, suspensions and triads of other keys too, high all. In a church
    mode all keep to its scale, without which it would be none.
    """
    chords = [Chord.numbered(number) for number in range(CHORD_NUMBERS - 1)]
    borrowed = ~chords_of(home)[:-1]
    rich = np.array([accompaniment.is_rich(chord) for chord in chords])
    plain = np.array([chord.quality in ("", "m", "dim") for chord in chords])
    candidates = {"low": plain & ~borrowed, "medium": ~(borrowed & rich), "high": np.ones(len(chords), dtype=bool)}[
        complexity
    ]
    if home.is_church_mode:
        candidates = candidates & ~borrowed
    bias = np.zeros(len(chords))
    if complexity == "medium":
        bias = np.where(borrowed, -BORROWED_PENALTY, 0.0)
    elif complexity == "high":
        bias = np.where(rich & ~borrowed, RICH_BIAS, 0.0)
    return np.append(candidates, False), np.append(bias, 0.0)  # a melody is never left without a chord
