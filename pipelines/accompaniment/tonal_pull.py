"""What keeps chords in the key and the mode that were asked for: chords are weighed by where a phrase stands and by what has
sounded so far.

A model that reads all music in C major or A minor drifts between the two, for they have the same notes. So three places of
a phrase are given to the tonic: its first beat at the beginning of a section, its close where the melody rests on the tonic
(reached by a chord that leads home in that mode), and the last bar. And at every beat it is counted for how long the tonic chord
and those of its rivals have sounded: while the tonic is not ahead, it becomes likelier and they less likely.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.chord_sampling import Progressions
from music.chords import CHORD_NUMBERS, Chord
from music.form import sections
from music.modes import cadence_chords, is_tonic, tonic_chord
from music.theory import Key
from pipelines.accompaniment.request import AccompanimentRequest

# In nats on the logits of chords; set by `python -m training quality modes` and by reading the chords, not one by one.
AT_REST, OPENING, LEAVING, LEADING, LED_BY_OTHERS = 5.0, 2.5, -2.5, 4.0, 0.7
AWAY_FROM_HOME = frozenset(
    ("B", "D", "Bridge")
)  # sections that begin on another chord than the tonic: that is what they are for
AWAY = 1.5  # off the tonic of a rival behind its dominant
AT_THE_END = 2.0  # by which factor the close of a section, and of all, asks for a chord that leads home
AGREES = 0.2  # the share of the melody of the first bar that the tonic chord must hold to open a song
IN_TUNE = 0.35  # the share of the melody that such a chord must hold to last for half a bar; else it lasts a beat
AHEAD, A_BEAT, MOST = 0.12, 0.35, 3.0
"""By which share of the beats the tonic shall be ahead of its rivals, how much a missing beat pulls, and all of them at most."""
ENOUGH, TOO_MUCH = 0.45, 8.0
"""From which share of the beats on the tonic chord has sounded enough, and how much less likely each share beyond makes it."""
OWN_COLOR, RESTLESS, COLORED = 1.5, 0.5, 0.25
"""In a church mode: to chords that hold its own step; off a chord for each beat that it has lasted beyond a bar, for of the few
chords that the scale allows a model is slow to choose another; and the share of beats that shall have the own step."""
PHRASE_BARS, A_BAR = 4, 4
ROUNDS, STRIDE = 10, 4.0
SOFTER, WELL_AHEAD = 0.5, 0.25
"""How often the pull of a chord network is measured, how far it goes for a missing share, and the share of the weights above that
such a network, which knows the places of a phrase, needs: chosen on training lead sheets. By which share of the beats the tonic
of a church mode shall be ahead: by `quality modes`."""


class TonalPull:
    """Follows the chords of one draft.

    Args:
        home: the key as the model reads it: on C or A.
        places: of ``phrase_places``.
    """

    def __init__(self, home: Key, places: np.ndarray):
        self._home, self._places = home, places
        self._lasted = np.zeros(1 + len(home.rivals))
        self._last, self._since, self._colored = -1, 0, 0.0

    def bias(self, beat: int) -> np.ndarray:
        """Returns what is to be added to the logits of the chords of a beat, [chord numbers]."""
        tonics, leading, color = _kinds(self._home)
        missing = self._lasted[1:].max() + AHEAD * (beat + 1) - self._lasted[0]
        pull = float(np.clip(A_BEAT * missing, 0.0, MOST))
        place = self._places[beat]
        enough = pull - TOO_MUCH * max(0.0, self._lasted[0] / (beat + 1) - ENOUGH)
        found = tonics[0] * (enough + place[0]) + leading * place[1]
        found -= np.where(tonics[0] > 0, 0.0, tonics[1:].max(axis=0) * (pull + place[0] / 2))
        for number, rival in enumerate(self._home.rivals, start=1):  # no cadence in another key
            if self._last in _dominants(rival) and self._last not in _dominants(self._home):
                found -= AWAY * np.where(tonics[0] > 0, 0.0, tonics[number])
        if self._home.is_church_mode and place[0] < AT_REST:
            missing = COLORED * (beat + 1) - self._colored
            found += color * (OWN_COLOR + float(np.clip(2 * A_BEAT * missing, 0.0, MOST)))
            found[self._last] -= RESTLESS * max(0, self._since - A_BAR)
        return found

    def allowed(self, beat: int, candidates: np.ndarray) -> np.ndarray:
        """Returns which candidates may be chosen, bool [chord numbers]: at the close of a section only those that lead
        home, and the tonic at the beginning of a song whose melody agrees with it."""
        return _allowed(self._home, self._places, beat, candidates)

    def add(self, number: int) -> None:
        """Takes the chord of a beat."""
        self._lasted += _kinds(self._home)[0][:, number] > 0
        self._colored += _kinds(self._home)[2][number]
        self._since = self._since + 1 if number == self._last else 1
        self._last = number

    @property
    def lead(self) -> float:
        """By how many beats the tonic chord has sounded longer than that of its strongest rival."""
        return float(self._lasted[0] - self._lasted[1:].max())


class TonalWeights:
    """The same on all progressions at once.

    Args:
        home: the key as the model reads it: on C or A.
        places: of ``phrase_places``.
    """

    def __init__(self, home: Key, places: np.ndarray):
        self._home, self._places = home, places
        self._tonics, self._leading, self._color = _kinds(home)
        self._others = np.where(self._tonics[0] > 0, 0.0, self._tonics[1:].max(axis=0))

    def pulled(
        self, fit: np.ndarray, stay: np.ndarray, turn: np.ndarray, allowed: np.ndarray, temperature: float
    ) -> tuple[Progressions, np.ndarray]:
        """Returns the progressions that keep to the key, and how likely each chord is on each beat, [beats, chords]."""
        softer, ahead = (
            (1.0, WELL_AHEAD) if self._home.is_church_mode else (SOFTER, AHEAD)
        )  # it has read few of those modes
        tonics, at_rest, leads = self._tonics, softer * self._places[:, :1], softer * self._places[:, 1:]
        fit = fit + at_rest * (tonics[0] - self._others / 2) + leads * self._leading
        for beat in range(len(fit)):
            allowed[beat] = self.allowed(beat, allowed[beat])
        turn = turn.copy()
        for number, rival in enumerate(self._home.rivals, start=1):  # no cadence in another key
            away = list(_dominants(rival) - _dominants(self._home))
            turn[np.ix_(away, (tonics[number] > 0) & (tonics[0] == 0))] -= AWAY
        pull, color = 0.0, OWN_COLOR if self._home.is_church_mode else 0.0
        for _ in range(ROUNDS):
            bias = pull * (tonics[0] - self._others) + color * self._color
            found = Progressions(fit + bias, stay, turn, allowed, temperature)
            marginals = found.marginals()
            share = (marginals @ (tonics > 0).T).mean(axis=0)
            missing = ahead - (share[0] - share[1:].max())
            uncolored = COLORED - (marginals @ self._color).mean() if self._home.is_church_mode else 0.0
            if missing <= 0 and uncolored <= 0:
                break
            pull, color = (
                min(MOST, pull + STRIDE * max(missing, 0.0)),
                min(OWN_COLOR + MOST, color + STRIDE * max(uncolored, 0.0)),
            )
        return found, marginals

    def allowed(self, beat: int, candidates: np.ndarray) -> np.ndarray:
        """Returns which candidates may be chosen, as ``TonalPull.allowed``; and the last one is the tonic."""
        if beat == len(self._places) - 1 and (candidates & (self._tonics[0] > 0)).any():
            return candidates & (self._tonics[0] > 0)
        return _allowed(self._home, self._places, beat, candidates)

    def lead(self, drafts: np.ndarray) -> np.ndarray:
        """Returns by how many beats the tonic chord sounds longer in each draft [drafts, beats] than its strongest rival."""
        lasted = (self._tonics > 0)[:, drafts].sum(axis=2)
        return lasted[0] - lasted[1:].max(axis=0)


def phrase_places(request: AccompanimentRequest, home: Key, fits: np.ndarray) -> np.ndarray:
    """Returns for each beat how much it asks for the tonic, and for a chord that leads to it, [beats, 2].

    Args:
        request: the request.
        home: the key as the model reads it.
        fits: the share of the melody that each chord holds, [beats, chord numbers].
    """
    grid, key = request.grid, request.key
    tune = request.score.tracks[request.melody].notes.numpy()
    time, pitch = tune["time"].astype(np.int64), tune["pitch"].astype(np.int64)
    end = time + tune["duration"]
    bars = grid.beat_bars
    found = np.zeros((len(bars), 2))
    last, half = int(bars[-1]), max(1, int(grid.beats_per_bar.max()) // 2)
    leads = fits[:, [chord.number for chord in cadence_chords(home)]].max(axis=1)
    starts = section_bars(request)
    names = {section.start: section.theme for section in sections(request.score)}
    for number, first in enumerate(starts):
        stop = starts[number + 1] if number + 1 < len(starts) else last + 1
        opening = OPENING if number == 0 or names.get(grid.bars[first].start) not in AWAY_FROM_HOME else LEAVING
        if number == 0 and fits[bars == first, tonic_chord(home).number].mean() >= AGREES:
            opening = AT_REST
        found[bars == first, 0] = np.where(grid.beat_numbers[bars == first] == 0, opening, OPENING / 2)
        for close in {*range(first + PHRASE_BARS - 1, stop, PHRASE_BARS), stop - 1}:
            here = np.flatnonzero(bars == close)
            begins, ends = int(grid.beat_ticks[here[0]]), grid.bars[close].end
            inside = np.flatnonzero((time < ends) & (end > begins))
            rest = inside[np.argmax(time[inside])] if len(inside) else None
            if rest is None or pitch[rest] % 12 != key.tonic:
                continue
            at_rest = here[grid.beat_ticks[here] >= min(time[rest], grid.beat_ticks[here[-1]])]
            found[at_rest, 0] = AT_REST
            _lead_to(found, int(at_rest[0]), half, leads, LEADING * (AT_THE_END if close == stop - 1 else 1))
    final = np.flatnonzero(bars == last)
    found[final, 0] = AT_REST
    if not found[final[0] - 1, 0] >= AT_REST:  # it may have been reached before
        _lead_to(found, int(final[0]), half, leads, LEADING * AT_THE_END)
    return found


def _allowed(home: Key, places: np.ndarray, beat: int, candidates: np.ndarray) -> np.ndarray:
    tonics, leading, _ = _kinds(home)
    if beat == 0 and places[0, 0] >= AT_REST:
        wanted = candidates & (tonics[0] > 0)
    elif places[beat, 1] > LEADING:
        wanted = candidates & (leading > 0)
    else:
        return candidates
    return wanted if wanted.any() else candidates


def _lead_to(found: np.ndarray, beat: int, half: int, leads: np.ndarray, how: float) -> None:
    """Asks for a chord that leads home before a beat: in half a bar, where the melody agrees, else in a beat."""
    start = max(0, beat - half)
    if start < beat and leads[start:beat].mean() < IN_TUNE:
        start = beat - 1
    found[start:beat] = 0.0, how


def section_bars(request: AccompanimentRequest) -> list[int]:
    """Returns the bars in which sections begin; the first with a note of the melody where none are marked."""
    begins = np.array([bar.start for bar in request.grid.bars])
    notes = request.score.tracks[request.melody].notes.numpy()["time"]
    marks = [section.start for section in sections(request.score)] or [int(notes.min())]
    return sorted({int(np.searchsorted(begins, mark, side="right")) - 1 for mark in marks if mark < request.grid.end})


@lru_cache(maxsize=32)
def _dominants(key: Key) -> frozenset[int]:
    """Returns the numbers of the major triad and the seventh chord on the fifth step of a key."""
    return frozenset(Chord((key.tonic + 7) % 12, quality).number for quality in ("", "7"))


@lru_cache(maxsize=8)
def _kinds(home: Key) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns which chords are tonics, of a key and of its rivals [1 + rivals, chord numbers], how readily each leads home, and
    which hold a church mode's own step."""
    chords = [Chord.numbered(number) for number in range(CHORD_NUMBERS - 1)]
    tonics = np.array([[is_tonic(chord, key) for chord in chords] for key in (home, *home.rivals)], dtype=float)
    plain = np.array([chord.quality in ("", "m") for chord in chords])
    tonics[0] *= np.where(plain, 1.0, 0.8)  # the triad before its sevenths, by ear
    leading = np.zeros(len(chords))
    usual = cadence_chords(home)
    for chord in usual:
        leading[chord.number] = 1.0 if chord in usual[: 1 if home.is_church_mode else 2] else LED_BY_OTHERS
    own = home.own_step
    color = np.array([float(own is not None and own[0] in chord.tones) for chord in chords])
    return np.pad(tonics, ((0, 0), (0, 1))), np.append(leading, 0.0), np.append(color, 0.0)
