"""What keeps music in the key that was asked for: pitches are weighed by how the key is heard so far.

A model that was told a key leaves it for a near one, most of all minor for its relative major, which has the same notes.
So when a bar begins it is looked which key the music so far would be taken for (Krumhansl 1990). Where that is another
than the one asked for, or nearly so, the pitches that speak for the asked key against its rival become likelier and those
that speak for the rival less likely; in the last bar the tonic and its chord do.
"""

from __future__ import annotations

import numpy as np

from music.theory import ALL_KEYS, Key, key_profile, profile_fits
from music.tokens.columns import DRUM_PITCH, FIRST

# By how much the asked key shall fit better than any other: a correlation. How much it pulls at once and at most, and towards
# tonic, third and fifth at the end: in nats. By ear, and by the share of sampled pieces that are in their key.
MARGIN, LEAST, MOST, AT_THE_END = 0.1, 0.3, 1.2, np.array([2.0, 1.0, 1.0])
HEARD_NOTES = 96.0  # of quarter notes; what was played longer ago counts less and less. A guess, not measured.


class TonalPull:
    """Follows the pitch classes of one piece as it is written.

    Args:
        key: that was asked for; None to look for the tonic at the end alone.
        shift: semitones from how a pitch sounds to how the model writes it.
        size: number of pitch ids.
    """

    def __init__(self, key: Key | None, shift: int, size: int):
        self._key = key
        classes = (np.arange(DRUM_PITCH) - FIRST - shift) % 12  # of the pitch ids, as they sound
        self._classes, self._size = classes, size
        self._heard = np.zeros(12)
        self.bias = self._bias(last=False)

    def add(self, pitch: int, quarters: float) -> None:
        """Takes a pitched note of an id and a length in quarter notes."""
        self._heard *= 1 - min(1.0, quarters / HEARD_NOTES)
        self._heard[self._classes[pitch]] += min(quarters, 4.0)

    def begin_bar(self, last: bool) -> None:
        """Weighs the pitches anew: ``bias`` is what is to be added to their logits, float64 [pitch ids]."""
        self.bias = self._bias(last)

    def _bias(self, last: bool) -> np.ndarray:
        fits: dict[Key, float] = {}
        if np.ptp(self._heard):
            keys = (*ALL_KEYS, *([self._key] if self._key else []))
            fits = dict(zip(keys, profile_fits(self._heard, keys), strict=True))
        pull, key = np.zeros(12), self._key
        if key is not None:
            rival, short = key.relative, MARGIN
            if fits:
                rival = max((other for other in fits if other != key), key=fits.__getitem__)
                short = MARGIN - (fits[key] - fits[rival])
            if short > 0:
                pull = (key_profile(key) - key_profile(rival)) * min(MOST, LEAST * (1 + short / MARGIN))
        if last and (home := key or max(fits, key=fits.__getitem__, default=None)):
            pull[list(home.triad)] += AT_THE_END
        bias = np.zeros(self._size)
        bias[: len(self._classes)] = pull[self._classes]
        bias[:FIRST] = 0
        return bias
