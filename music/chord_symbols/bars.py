"""The chord symbols of a score bar by bar, as one would type them: what ``chords.parse_progression`` reads."""

from __future__ import annotations

from collections.abc import Sequence

import symusic

from music.bars import Bar, bar_grid, score_end
from music.chords import NO_CHORD, Chord, ChordSpan, beat_ticks, chord_at, chord_spans, with_chords
from music.theory import Key


def bar_texts(score: symusic.Score, key: Key | None = None) -> list[str]:
    """Returns the chord symbols of each bar, "Am", "F G" or "C / / G"; empty texts where the score carries none at all.

    A beat has the chord that fills most of it, of equals the first; bars without a chord are "N.C.".

    Args:
        score: any score.
        key: in which symbols are spelled; C major by default.
    """
    bars = bar_grid(score)
    spans = chord_spans(score, max(score_end(score), bars[-1].end))
    if not spans:
        return [""] * len(bars)
    texts, first = [], 0
    for bar in bars:
        beats = [*beat_ticks(bar, score.ticks_per_quarter), bar.end]
        chords = []
        for start, end in zip(beats, beats[1:]):
            while first < len(spans) and spans[first].end <= start:
                first += 1
            held, at = {NO_CHORD: end - start}, first
            while at < len(spans) and spans[at].start < end:
                span = spans[at]
                shared = min(span.end, end) - max(span.start, start)
                held[span.chord] = held.get(span.chord, 0) + shared
                held[NO_CHORD] -= shared
                at += 1
            chords.append(max(held, key=lambda chord: (held[chord], chord != NO_CHORD)))
        texts.append(in_text(chords, key))
    return texts


def spread(bar: Bar, chords: Sequence[Chord], ticks_per_quarter: int) -> list[ChordSpan]:
    """Returns chords that share a bar as spans that begin on its beats; where there are more chords than beats some have none."""
    beats = beat_ticks(bar, ticks_per_quarter)
    ends = [*beats[1:], bar.end]
    spans: list[ChordSpan] = []
    for number, (start, end) in enumerate(zip(beats, ends, strict=True)):
        chord = chords[number * len(chords) // len(beats)]
        if spans and spans[-1].chord == chord:
            spans[-1] = spans[-1]._replace(end=end)
        else:
            spans.append(ChordSpan(start, end, chord))
    return spans


def replace_chords(
    score: symusic.Score, ranges: Sequence[tuple[int, int]], spans: Sequence[ChordSpan], key: Key | None, end: int
) -> symusic.Score:
    """Returns the score with other chord symbols in some stretches; those outside stay, and what held after one goes on.

    Args:
        score: any score.
        ranges: the stretches, ``(first tick, tick after the last)``.
        spans: what holds there; what lies outside is not heeded.
        key: in which symbols are spelled; C major by default.
        end: the tick after the last bar.
    """
    before, plain = chord_spans(score, end), with_chords(score, ())
    others = {(marker.time, marker.text) for marker in plain.markers}
    old = [marker for marker in score.markers if (marker.time, marker.text) not in others]
    kept = [marker for marker in old if not any(start <= marker.time < stop for start, stop in ranges)]
    for start, stop in ranges:
        cut = [s._replace(start=max(s.start, start), end=min(s.end, stop)) for s in spans]
        cut = [span for span in cut if span.start < span.end]
        if stop < end and not any(marker.time == stop for marker in kept):
            cut.append(ChordSpan(stop, stop + 1, chord_at(before, stop)))
        kept += with_chords(symusic.Score(score.ticks_per_quarter), cut, key).markers
    plain.markers = sorted([*plain.markers, *kept], key=lambda marker: marker.time)
    return plain


def in_text(chords: Sequence[Chord], key: Key | None = None) -> str:
    """Returns the chords that share a bar as one would type them: "Am", "F G", or "C / / G" where one holds for longer.

    Args:
        chords: one a beat, at least one.
        key: in which symbols are spelled; C major by default.
    """
    return names_in_text([chord.name(key) for chord in chords])


def names_in_text(names: Sequence[str]) -> str:
    """Returns the chord names that share a bar as one would type them, as ``in_text`` does with chords."""
    shares = next(count for count in range(1, len(names) + 1) if _fits(names, count))
    few = names[:: len(names) // shares]
    return " ".join("/" if n and name == few[n - 1] else name for n, name in enumerate(few))


def beats_per_bar(score: symusic.Score) -> int:
    """Returns how many beats most bars of a score have: what slashes in a progression without bar lines fill."""
    counts = [len(beat_ticks(bar, score.ticks_per_quarter)) for bar in bar_grid(score)]
    return max(sorted(set(counts)), key=counts.count)


def _fits(names: Sequence[str], shares: int) -> bool:
    """Whether a bar can be told in so many equal shares."""
    size, rest = divmod(len(names), shares)
    return not rest and all(name == names[n // size * size] for n, name in enumerate(names))
