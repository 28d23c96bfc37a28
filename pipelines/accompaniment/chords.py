"""The first stage of most accompaniments: a chord for each beat of the melody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from checkpoints.loading import Checkpoint
from music.analysis.chord_estimation import beat_tones
from music.chords import CHORD_NUMBERS, MODEL_QUALITIES, NO_CHORD, Chord
from music.theory import Key
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, FIRST, Octuple, StepField
from pipelines.accompaniment.request import Commission
from pipelines.accompaniment.sampler import FIELDS, Entry, Score, Timetable, draws
from pipelines.options import HarmonizeOptions

CHORD_STAGE = 1  # which random numbers
BORROWED = 0.5  # off the logit of a chord foreign to the key, at medium complexity
TO_TONIC = 2.0  # to the logit of the tonic in the last bar
RESTLESS = 2.0  # to the logit of a change in a chorale, whose harmony moves with the beat, unlike that of a song
BEATS_A_STEP = 4
DRAFTS = 4
FIT = 1.25  # to the logit of a chord that holds all of the melody there


class Beat(Entry):
    """The chord of one beat of one variant.

    Whether the chord changes is drawn from the model's own probability, and only which one comes then is drawn at a
    temperature. A temperature on both would favour the likeliest choice of each beat, which is to stay.

    Args:
        row: the beat's row of step fields, its chord known or not.
        may: bool [chord numbers], the chords that may be chosen.
        lean: [chord numbers], added to their logits.
        before: the number of the chord before, None at the beginning.
        coin: a random number in [0, 1).
        restless: added to the logit of a change.
    """

    def __init__(
        self, row: np.ndarray, may: np.ndarray, lean: np.ndarray, before: int | None, coin: float, restless: float
    ):
        self.row, self.may, self.lean, self.before, self.coin, self.restless = row, may, lean, before, coin, restless

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
            scores[chords] += self.lean
            mask[chords] = self.may & ~self._left(scores[chords])
        else:
            chord = Chord.numbered(row[StepField.PITCH] - FIRST)
            steps = [FIRST + (tone - chord.root) % 12 for tone in chord.tones]
            mask[max(steps, key=lambda step: scores[step])] = True  # a lead sheet names another bass for a reason
        return mask

    def _left(self, scores: np.ndarray) -> np.ndarray:
        """Returns the chords that the coin rules out, bool [chord numbers]: all but the one before, or that one."""
        ruled_out = np.zeros(CHORD_NUMBERS, dtype=bool)
        if self.before is None or not self.may[self.before]:
            return ruled_out
        others = self.may & (np.arange(CHORD_NUMBERS) != self.before)
        change = np.logaddexp.reduce(scores[others]) - scores[self.before] + self.restless
        stay = np.exp(-np.logaddexp(0.0, change))
        ruled_out[self.before] = True
        return ~ruled_out if self.coin < stay else ruled_out


def choose_chords(
    checkpoint: Checkpoint, asked: Commission, options: HarmonizeOptions
) -> Iterator[tuple[list[list[Chord | None]], float]]:
    """Yields the chords of each beat of each variant, as they sound, and the share of beats that is done.

    Chords that were asked for are taken as they are; the model reads them, those that follow included. Of DRAFTS drafts
    a variant takes the one that is most like the others (minimum Bayes risk, Kumar & Byrne 2004): a single
    one may wander off. Until that is known, only the chords that were asked for are there.
    """
    found: list[list[Chord | None]] = [list(asked.asked) for _ in range(options.variants)]
    if None not in asked.asked:
        yield found, 1.0
        return
    rows = accompaniment.move(accompaniment.with_known(asked.beats, asked.asked), asked.shift)
    steps, times = tokens.to_steps(rows).astype(np.int64), asked.beat_positions
    score = Score(asked, asked.asked)
    start = (np.full((1, FIELDS), BOS), times[:1])
    count = options.variants * DRAFTS
    temperature = options.temperature * options.temperature_notes
    randomness = draws(options, CHORD_STAGE, DRAFTS)
    table = Timetable(checkpoint, asked, "chords", [score] * count, [start] * count, temperature, options, randomness)
    home = Key(0, "major") if asked.key.mode == "major" else Key(9, "minor")
    may, lean = choices(home, options.complexity)
    fits, restless = FIT * melody_fit(asked), RESTLESS if options.style == "chorale" else 0.0
    last_bar, before, drafts = rows[-1, Octuple.BAR], [None] * count, []
    for beat, (row, time) in enumerate(zip(steps, times.tolist(), strict=True)):
        leaning = lean + fits[beat] + (TO_TONIC * is_tonic(home) if rows[beat, Octuple.BAR] == last_bar else 0.0)
        numbers = randomness.step()
        coins = numbers[0].tolist()
        entries = [Beat(row, may, leaning, last, coin, restless) for last, coin in zip(before, coins, strict=True)]
        written = table.write(entries, [time] * count, numbers)
        before = [one[StepField.PITCH] - FIRST for one in written]
        drafts.append([(one[StepField.PITCH] - FIRST, one[StepField.VELOCITY] - FIRST) for one in written])
        if beat % BEATS_A_STEP == BEATS_A_STEP - 1 and beat + 1 < len(steps):
            yield found, (beat + 1) / len(steps)
    chosen = np.array(drafts).reshape(len(steps), options.variants, DRAFTS, 2)
    for variant, chords in enumerate(found):
        draft = chosen[:, variant, most_alike(chosen[:, variant, :, 0])]
        for beat, (number, bass) in enumerate(draft.tolist()):
            if chords[beat] is None:
                chord = Chord.numbered(number, bass % 12)
                chords[beat] = chord if chord == NO_CHORD else chord.transposed(-asked.shift)
    yield found, 1.0


def melody_fit(asked: Commission) -> np.ndarray:
    """Returns the share of the melody of each beat and the next that each chord holds, [beats, chord numbers], as the model reads it."""
    tune, ticks = asked.score.tracks[asked.melody].notes.numpy(), asked.beat_ticks
    time = tune["time"].astype(np.int64)
    sounding, _ = beat_tones(time, time + tune["duration"], tune["pitch"].astype(np.int64), ticks, asked.grid[-1].end)
    sounding = np.roll(sounding, asked.shift, axis=1)
    sounding += 0.5 * np.append(sounding[1:], np.zeros((1, 12)), axis=0)
    share = sounding / np.maximum(sounding.sum(axis=1, keepdims=True), 1e-9)
    holds = np.zeros((12, CHORD_NUMBERS))
    for number in range(CHORD_NUMBERS - 1):
        holds[list(Chord.numbered(number).tones), number] = 1
    return share @ holds


def most_alike(drafts: np.ndarray) -> int:
    """Returns which of several drafts, chord numbers [beats, drafts], has most chords and roots in common with the others."""
    roots = drafts // MODEL_QUALITIES
    same = (drafts[:, :, None] == drafts[:, None]).mean(axis=0) + (roots[:, :, None] == roots[:, None]).mean(axis=0)
    return int(same.sum(axis=1).argmax())


@lru_cache(maxsize=8)
def choices(home: Key, complexity: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns which chords a complexity allows in a key, bool [chord numbers], and what is added to their logits.

    Low allows the triads of the key, medium its sevenths, suspensions and triads of other keys too, high all.
    """
    chords = [Chord.numbered(number) for number in range(CHORD_NUMBERS - 1)]
    foreign = np.array([not home.scale.issuperset(chord.tones) for chord in chords])
    rich = np.array([accompaniment.is_rich(chord) for chord in chords])
    plain = np.array([chord.quality in ("", "m", "dim") for chord in chords])
    may = {"low": plain & ~foreign, "medium": ~(foreign & rich), "high": np.ones(len(chords), dtype=bool)}[complexity]
    lean = np.where(foreign, -BORROWED, 0.0) if complexity == "medium" else np.zeros(len(chords))
    return np.append(may, False), np.append(lean, 0.0)  # a melody is never left without a chord


def is_tonic(home: Key) -> np.ndarray:
    """Returns 1 for the triad on the tonic, 0 for the other chords, [chord numbers]."""
    found = np.zeros(CHORD_NUMBERS)
    found[home.tonic * MODEL_QUALITIES + (1 if home.mode == "minor" else 0)] = 1
    return found
