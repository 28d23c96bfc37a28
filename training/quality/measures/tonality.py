"""Is a song in the key and the mode that were asked for? The relative key, which has the same notes, does not count."""

from __future__ import annotations

import numpy as np
import symusic

from music.bars import bar_grid, score_end
from music.chords import ChordSpan, chord_spans
from music.form import INTRO, sections
from music.modes import is_tonic, leads_home
from music.theory import Key, written_key

IN_SCALE = 0.85
"""The share of sounding time in tones of the key from which a song counts as keeping its scale."""

PHRASE_BARS = 4


def in_key(score: symusic.Score, key: Key) -> dict[str, bool]:
    """Returns what of a key a song keeps to.

    - written: the score names it.
    - scale: most of the sounding time is in its scale, and a church mode's own step sounds longer than the one it stands for.
    - tonic: the chord on the tonic sounds longer than those on the tonics of the major and the minor key with the same notes.
    - opening: the first phrase begins on the tonic chord, or has it for longer than any other.
    - close: the last chord is that of the tonic, as is the one sounding longest in the last phrase, or no rival does.
    - cadence: the chord before the last one leads home, and as many tonic chords are reached in this way as a rival is
      reached from its own dominant.
    """
    chords = [span for span in chord_spans(score, score_end(score)) if span.chord.tones]
    times = _times(score)
    own = key.own_step
    found = {
        "written": written_key(score) == key,
        "scale": bool(times.any())
        and times[list(key.scale)].sum() >= IN_SCALE * times.sum()
        and (own is None or times[own[0]] > times[own[1]]),
    }
    if not chords:
        return found | dict.fromkeys(("tonic", "opening", "close", "cadence"), False)
    bars = bar_grid(score)
    begins = next((s.start for s in sections(score) if s.name != INTRO), 0)
    first = [bar for bar in bars if bar.start >= begins][:PHRASE_BARS]
    opening = _within(chords, first[0].start, first[-1].end) if first else []
    last = _within(chords, bars[-PHRASE_BARS:][0].start, bars[-1].end)
    lasts = {key: _lasts(chords, key), **{rival: _lasts(chords, rival) for rival in key.rivals}}
    steps = [(a, b) for a, b in zip(chords, chords[1:]) if not (is_tonic(a.chord, key) and is_tonic(b.chord, key))]
    home = sum(is_tonic(b.chord, key) and leads_home(a.chord, key) for a, b in steps)
    others = [
        (a, b) for a, b in steps if not is_tonic(a.chord, key)
    ]  # I-IV is no cadence, though mixolydian I is a dominant
    away = max(sum(is_tonic(b.chord, rival) and _is_dominant(a, rival) for a, b in others) for rival in key.rivals)
    closing = [a for a, b in steps if is_tonic(b.chord, key)]
    found |= {
        "tonic": all(lasts[key] > lasts[rival] for rival in key.rivals),
        "opening": bool(opening)
        and (is_tonic(opening[0].chord, key) or 2 * _lasts(opening, key) > sum(s.end - s.start for s in opening)),
        "close": is_tonic(chords[-1].chord, key)
        and all(_lasts(last, key) >= _lasts(last, rival) for rival in key.rivals),
        "cadence": bool(closing) and leads_home(closing[-1].chord, key) and home >= away,
    }
    return {name: bool(kept) for name, kept in found.items()}


def _is_dominant(span: ChordSpan, key: Key) -> bool:
    return span.chord.root == (key.tonic + 7) % 12 and (key.tonic + 11) % 12 in span.chord.tones


def _lasts(chords: list[ChordSpan], key: Key) -> int:
    """Returns for how many ticks the tonic chord of a key holds."""
    return sum(span.end - span.start for span in chords if is_tonic(span.chord, key))


def _within(chords: list[ChordSpan], start: int, end: int) -> list[ChordSpan]:
    cut = [span._replace(start=max(span.start, start), end=min(span.end, end)) for span in chords]
    return [span for span in cut if span.start < span.end]


def _times(score: symusic.Score) -> np.ndarray:
    """Returns for how many ticks each pitch class sounds, float64 [12]; drums do not count."""
    found = np.zeros(12)
    for track in score.tracks:
        if len(track.notes) and not track.is_drum:
            notes = track.notes.numpy()
            np.add.at(found, notes["pitch"].astype(np.int64) % 12, notes["duration"])
    return found
