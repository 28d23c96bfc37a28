"""Key signatures and tempo marks: which of those in a score are worth printing, and what a score does not say."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import symusic

from music.analysis.melody_key import melody_key
from music.bars import tempo_map
from music.chords import chord_spans
from music.notation.rhythm import UNITS, SheetBar
from music.notation.views import is_tune
from music.theory import Key, estimate_key


class KeyChange(NamedTuple):
    """A key signature: sharps (flats are negative) and whether the key is minor."""

    bar: int
    fifths: int
    minor: bool


class PrintedTempo(NamedTuple):
    """A tempo: its bar, the units from there, and quarters a minute."""

    bar: int
    offset: int
    qpm: float


_C_MAJOR = Key(0, "major")
_FASTEST = 400.0  # quarters a minute, by eye: bebop goes to some 350


def printed_keys(score: symusic.Score, bars: Sequence[SheetBar]) -> list[KeyChange]:
    """Returns the key signatures: those of the file, or the key that the notes sound in.

    Many programs write C major into every file. A lone signature without accidentals is believed only if the
    notes do not speak against it.
    """
    heard = _heard_key(score)
    estimate = KeyChange(0, heard.fifths, heard.mode == "minor")
    starts = [bar.start_tick for bar in bars]
    changes: dict[int, KeyChange] = {}
    for signature in sorted(score.key_signatures, key=lambda s: s.time):
        if -7 <= signature.key <= 7:
            bar = max(0, bisect.bisect_right(starts, signature.time + score.ticks_per_quarter // 4) - 1)
            changes[bar] = KeyChange(bar, signature.key, signature.tonality == 1)
    if not changes:
        return [estimate]
    if 0 not in changes:
        changes[0] = estimate
    if {(c.fifths, c.minor) for c in changes.values()} == {(0, False)} and abs(heard.fifths) > 1:
        pitches = np.concatenate(
            [t.notes.numpy()["pitch"] % 12 for t in score.tracks if len(t.notes) and not t.is_drum]
        )
        white = np.isin(pitches, (0, 2, 4, 5, 7, 9, 11)).mean()
        if np.isin(pitches, sorted(heard.scale)).mean() - white > 0.15:
            return [estimate]
    ordered = [changes[bar] for bar in sorted(changes)]
    return [c for i, c in enumerate(ordered) if i == 0 or c[1:] != ordered[i - 1][1:]]


# By eye: below the one a tune's key is a guess, and the profiles of whole pieces guess as well; below the other a signature of
# which no sharp or flat ever sounds is not worth printing.
_LIKELY_KEY, _SURE_KEY = 0.5, 0.9


def _heard_key(score: symusic.Score) -> Key:
    """Returns the key that the notes sound in; a tune that stands alone is judged as a tune.

    A tune on the white keys alone is in C major, unless it is clear that it is not.
    """
    pitched = [index for index, track in enumerate(score.tracks) if len(track.notes) and not track.is_drum]
    if len(pitched) != 1 or not is_tune(score, pitched[0]):
        return estimate_key(score)[0]
    key, likely = melody_key(score, pitched[0], [span.chord for span in chord_spans(score)])
    white = np.isin(score.tracks[pitched[0]].notes.numpy()["pitch"] % 12, sorted(_C_MAJOR.scale)).all()
    if white and likely < _SURE_KEY and key.fifths:
        return _C_MAJOR
    return key if likely >= _LIKELY_KEY else estimate_key(score)[0]


def printed_tempi(score: symusic.Score, bars: Sequence[SheetBar]) -> list[PrintedTempo]:
    """Returns the tempi worth printing: the first, and changes by more than a tenth that last two bars.

    A tempo changes at a bar line, or inside a bar where it changes once and is steady before and after. What is faster
    than anyone plays is printed as the fastest that is.
    """
    ticks, _, qpm = tempo_map(score)
    qpm = np.minimum(qpm, _FASTEST)
    result: list[PrintedTempo] = []

    def add(index: int, offset: int, now: float) -> None:
        if not result or abs(now / result[-1].qpm - 1) > 0.1:
            result.append(PrintedTempo(index, offset, now))

    for index, bar in enumerate(bars):
        ahead = bars[min(index + 1, len(bars) - 1)].end_tick
        first = int(np.searchsorted(ticks, bar.start_tick, side="right")) - 1
        last = max(first, int(np.searchsorted(ticks, ahead, side="left")) - 1)
        inside = int(np.searchsorted(ticks, bar.end_tick, side="left")) - 1 - first
        if inside == 1 and last == first + 1:
            offset = round((int(ticks[first + 1]) - bar.start_tick) * UNITS / score.ticks_per_quarter)
            if index == 0:
                add(index, 0, float(qpm[first]))
            add(index, offset, float(qpm[first + 1]))
            continue
        last = first if index == 0 and inside == 0 else last
        now = float(np.median(qpm[first : last + 1]))
        if not result or np.ptp(qpm[first : last + 1]) < 0.1 * now:
            add(index, 0, now)
    return result
