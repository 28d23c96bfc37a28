"""Harmonized melodies, measured beside the chords and voices that people wrote under them, and beside two baselines.

Lead sheets of validation songs lose their chords, and get new ones by the model, by a tonic-triad floor and by a rule;
one code measures all of them (training/quality/measures/harmony.py). Chorales lose all but their soprano, and the voices
written below it are asked for breaches of the rules, as Bach's are (training/quality/measures/part_writing.py). With the written chords
as the asked ones, bass, piano and band must keep to them.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from music.analysis.chord_estimation import estimate_chords, spans_of
from music.analysis.melody_key import key_of
from music.bars import Bar, bar_grid
from music.chords import Chord, ChordNames, ChordSpan, beat_ticks, chord_spans, with_chords
from music.edit import slice_bars
from music.errors import StudioError
from music.files.midi import write_midi
from music.piece import Piece
from music.theory import Key
from training.data.songbooks import Song, chorales, lead_sheets
from training.quality.measures.harmony import (
    AGREEMENT,
    ALONE,
    FIT,
    agreement,
    alone,
    beats,
    chords_between,
    fit,
    half_bars,
    line,
    rule_chords,
    tonic_chords,
)
from training.quality.measures.part_writing import count_part_writing, rates
from training.quality.measures.pieces import mean
from training.quality.parts import Clock, as_lines, judged, means, real

BARS = 32  # of a lead sheet, from the bar in which its melody begins
TYPED_STYLES = ("bass", "piano", "band")
TYPED_SHARE = 4  # one lead sheet of so many is also accompanied in these styles: that takes long
IN_CHORD_GOAL = 0.95
TRUTH, MODEL, RULE, FLOOR = "ground truth", "model", "rule", "tonic triad"
MEDIUM = "at medium"

BACH = "Bach"
MOST_TIMES_BACH = {"out of range": 2, "crossed": 2, "fifths": 3, "octaves": 3}
_VOICES_BELOW = (1, 2, 3)

Ask = Callable[..., symusic.Score]
"""What harmonizes: takes a melody, a style and the chords asked for (none for free ones), gives the whole score."""


@dataclass(frozen=True)
class Sheet:
    """An excerpt of a lead sheet: the melody alone on its track, and what was written over it."""

    set: str
    melody: symusic.Score
    chords: list[ChordSpan]
    bars: list[Bar]
    key: Key

    @property
    def ticks(self) -> int:
        """Ticks of a quarter note."""
        return self.melody.ticks_per_quarter


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures of a checkpoint that harmonizes.

    Raises:
        StudioError: no data sets were named, or they hold no validation music.
    """
    if args.data is None:
        raise StudioError("There are no melodies to harmonize. Say where the data sets are with --data.")
    sheets, songs = validation_music(args.data, args.pieces, args.seed)
    from training.likelihood.accompaniment import chorale_nats

    ask = asking(args.checkpoint, args.seed, args.out)
    typed = sheets[: max(1, len(sheets) // TYPED_SHARE)]
    return {
        "checkpoint": args.checkpoint,
        "sheets": dict(Counter(sheet.set for sheet in sheets)),
        "lead sheets": sheet_figures(sheets, ask),
        "chorales": len(songs),
        "voices": chorale_figures([song.score for song in songs], ask),
        "nats": chorale_nats(args.checkpoint, songs),
        "typed": len(typed),
        "styles": {style: typed_figures(typed, style, ask) for style in TYPED_STYLES},
        "real parts": {style: means(real(args.data, style, len(typed), args.seed)) for style in TYPED_STYLES},
    }


def asking(checkpoint: str, seed: int, out: Path | None) -> Ask:
    """Returns what asks the pipeline, each time with the next seed, and keeps the pieces in a folder if one is given."""
    from pipelines.harmonize import harmonize
    from pipelines.options.harmonize import HarmonizeOptions

    numbers = itertools.count()
    if out:
        out.mkdir(parents=True, exist_ok=True)

    def ask(melody: symusic.Score, style: str, chords: ChordNames, complexity: str = "medium") -> symusic.Score:
        number = next(numbers)
        options = HarmonizeOptions(
            style=style, melody=0, chords=chords, complexity=complexity, seed=seed + number, checkpoint=checkpoint
        )
        *_, step = harmonize(Piece(melody), options)
        if out:
            write_midi(step.piece, out / f"{number:04}-{style}.mid")
        return step.piece.score

    return ask


def validation_music(data: Path, pieces: int, seed: int) -> tuple[list[Sheet], list[Song]]:
    """Returns excerpts of lead sheets, dealt from the sets by turns, and as many chorales, fewer where there are no more.

    Raises:
        StudioError: a file is missing, or holds no validation music.
    """
    rng = np.random.default_rng(seed)
    sets: dict[str, list[Song]] = {}
    for song in lead_sheets(data / "leadsheets"):
        if song.split == "valid":
            sets.setdefault(song.set, []).append(song)
    songs = [song for song in chorales(data / "chorales") if song.split == "valid"]
    if not sets or not songs:
        raise StudioError("The data sets hold no validation lead sheets or no chorales. Name another folder.")
    share = math.ceil(pieces / len(sets))
    dealt = [[sheet_of(of_set[place]) for place in rng.permutation(len(of_set))[:share]] for of_set in sets.values()]
    turns = [sheet for turn in itertools.zip_longest(*dealt) for sheet in turn if sheet is not None]
    return turns[:pieces], [songs[place] for place in rng.permutation(len(songs))[:pieces]]


def sheet_of(song: Song) -> Sheet:
    """Returns the excerpt of a lead sheet that is harmonized; its key is the written one, else that of the melody."""
    bars = bar_grid(song.score)
    first = next(n for n, bar in enumerate(bars) if bar.end > int(line(song.score.tracks[0]).start[0]))
    last = min(first + BARS, len(bars))
    start, end = bars[first].start, bars[last - 1].end
    spans = [
        ChordSpan(max(span.start, start) - start, min(span.end, end) - start, span.chord)
        for span in chord_spans(song.score, end)
        if span.start < end and span.end > start
    ]
    melody = with_chords(slice_bars(song.score, first, last), [])
    return Sheet(song.set, melody, spans, bar_grid(melody), key_of(melody, 0))


# Chords


def sheet_figures(sheets: Sequence[Sheet], ask: Ask) -> dict[str, dict[str, float]]:
    """Returns each measure of each row, as the mean over sets of the mean over the excerpts of a set."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (TRUTH, MODEL, MEDIUM, RULE, FLOOR)}
    for sheet in tqdm(sheets, unit="song", desc="chords", disable=None):
        halves = half_bars(sheet.bars, sheet.ticks)
        rows = {
            TRUTH: sheet.chords,
            MODEL: chord_spans(ask(sheet.melody, "chords", (), "high"), sheet.bars[-1].end),
            MEDIUM: chord_spans(ask(sheet.melody, "chords", (), "medium"), sheet.bars[-1].end),
            RULE: rule_chords(line(sheet.melody.tracks[0]), halves, sheet.key),
            FLOOR: tonic_chords(halves, sheet.key),
        }
        for name, spans in rows.items():
            found[name].append(measured(sheet, spans))
    return {name: mean_over_sets([sheet.set for sheet in sheets], rows) for name, rows in found.items()}


def measured(sheet: Sheet, spans: Sequence[ChordSpan]) -> dict[str, float]:
    """Returns all measures of chords over the melody of a lead sheet, beside the written ones; rows differ in spans only."""
    edges = beats(sheet.bars, sheet.ticks)
    truth = chords_between(sheet.chords, edges)
    return (
        fit(line(sheet.melody.tracks[0]), spans, sheet.ticks)
        | alone(chords_between(spans, half_bars(sheet.bars, sheet.ticks)))
        | agreement(chords_between(spans, edges), truth)
    )


def mean_over_sets(sets: Sequence[str], rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Returns the mean of each figure, all sets weighing the same; rows where it is NaN are left out."""
    found = {}
    for name in rows[0]:
        by_set: dict[str, list[float]] = {}
        for of_set, row in zip(sets, rows, strict=True):
            if np.isfinite(row[name]):
                by_set.setdefault(of_set, []).append(row[name])
        found[name] = mean([mean(values) for values in by_set.values()])
    return found


def between(row: dict[str, dict[str, float]], name: str) -> tuple[bool, bool]:
    """Returns whether the model's figure lies between those of the rule and of the ground truth, and nearer to the latter."""
    truth, model, rule = (row[of][name] for of in (TRUTH, MODEL, RULE))
    return min(truth, rule) <= model <= max(truth, rule), abs(model - truth) < abs(model - rule)


# Voices


def chorale_figures(scores: Sequence[symusic.Score], ask: Ask) -> dict[str, dict[str, float]]:
    """Returns the breaches of part-writing rules, of Bach and of the model, and how far their chords agree.

    Chords are heard alike in both, and compared by the beat; the range is asked of the three lower voices only.
    """
    counts: dict[str, Counter[str]] = {BACH: Counter(), MODEL: Counter()}
    agreed: dict[str, list[dict[str, float]]] = {BACH: [], MODEL: []}
    for score in tqdm(scores, unit="chorale", desc="voices", disable=None):
        soprano = with_chords(score, [])
        soprano.tracks = soprano.tracks[:1]
        edges = beats(bar_grid(score), score.ticks_per_quarter)
        truth = chords_between(estimate_chords(score), edges)
        for name, voices in ((BACH, score), (MODEL, ask(soprano, "chorale", ()))):
            counts[name] += count_part_writing(voices.tracks[:4], _VOICES_BELOW)
            agreed[name].append(agreement(chords_between(estimate_chords(voices), edges), truth))
    return {
        name: rates(counts[name]) | {of: mean([row[of] for row in agreed[name]]) for of in AGREEMENT} for name in counts
    }


# Chords that were asked for


def typed_figures(sheets: Sequence[Sheet], style: str, ask: Ask) -> dict[str, Any]:
    """Returns how well a style keeps to the written chords when they are typed, as means over the excerpts; the measures of its
    parts, and the CPU seconds that a minute of music takes."""
    rows, parts, clock = [], [], Clock()
    for sheet in tqdm(sheets, unit="song", desc=style, disable=None):
        edges = beats(sheet.bars, sheet.ticks)
        asked = chords_between(sheet.chords, edges)
        with clock:
            after = ask(sheet.melody, style, as_typed(asked, sheet.bars, sheet.ticks, sheet.key))
        clock.add(float(after.to("second").end()))
        parts.append(judged(after, spans_of(asked, edges), sheet.bars, 0))
        rows.append(kept_to(after, spans_of(asked, edges), sheet.bars))
        rows[-1]["melody changed"] = float(notes_changed(sheet.melody, after))
    found = {name: mean([row[name] for row in rows if np.isfinite(row[name])]) for name in rows[0]}
    changed = float(sum(row["melody changed"] for row in rows))
    return found | {"melody changed": changed, "parts": means(parts), "seconds": clock.a_minute}


def as_typed(chords: Sequence[Chord], bars: Sequence[Bar], ticks_per_quarter: int, key: Key) -> ChordNames:
    """Returns the chords of the beats as options take them: their names, bar by bar."""
    beat = iter(chords)
    return tuple(
        tuple(chord.name(key) for chord in itertools.islice(beat, len(beat_ticks(bar, ticks_per_quarter))))
        for bar in bars
    )


def kept_to(score: symusic.Score, asked: Sequence[ChordSpan], bars: Sequence[Bar]) -> dict[str, float]:
    """Returns how the accompaniment, all pitched tracks but the first, keeps to chords.

    - in chord, all in chord: the share of its sounding time in tones of the chord that is asked for, of notes of a beat
      or longer and of all notes; time without a chord does not count. NaN without such notes.
    - bars: the share of the bars in which it sounds.
    """
    lines = [line(track) for track in score.tracks[1:] if not track.is_drum and len(track.notes)]
    starts = np.array([bar.start for bar in bars])
    lengths = np.array([[*beat_ticks(bar, score.ticks_per_quarter), bar.end][1] - bar.start for bar in bars])
    good, total = np.zeros(2), np.zeros(2)
    sounding = np.zeros(len(bars), dtype=bool)
    for notes in lines:
        for number, bar in enumerate(bars):
            sounding[number] |= bool(((notes.start < bar.end) & (notes.end > bar.start)).any())
        bar_of = np.maximum(np.searchsorted(starts, notes.start, side="right") - 1, 0)
        long = notes.end - notes.start >= lengths[bar_of]
        for span in asked:
            time = np.maximum(np.minimum(notes.end, span.end) - np.maximum(notes.start, span.start), 0)
            own = np.isin(notes.pitch % 12, span.chord.tones)
            good += (time[own & long].sum(), time[own].sum())
            total += (time[long].sum(), time.sum())
    shares = [float(a / b) if b else float("nan") for a, b in zip(good, total)]
    return {"in chord": shares[0], "all in chord": shares[1], "bars": float(sounding.mean())}


def notes_changed(before: symusic.Score, after: symusic.Score) -> int:
    """Returns how many notes of the first track are gone or new, counting one that is different in anything as both."""
    sides = []
    for score in (before, after):
        notes = score.tracks[0].notes.numpy()
        sides.append(Counter(zip(*(notes[name].tolist() for name in ("time", "duration", "pitch", "velocity")))))
    return ((sides[0] - sides[1]) + (sides[1] - sides[0])).total()


# The report


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as tables for people."""
    sheets, rows = figures["sheets"], figures["lead sheets"]
    of_sets = ", ".join(f"{count} of {name}" for name, count in sheets.items())
    lines = [
        f"{figures['checkpoint']}: chords to the melodies of {sum(sheets.values())} validation lead sheets, up to {BARS} bars each",
        f"({of_sets}; sets weigh the same). The model may use all chords, as the ground truth does (complexity high);",
        "beside it at medium, the default. Between: from the rule's figure to the ground truth's. Nearer: to the latter.",
        "",
        f"  {'':16}" + "".join(f"{name:>14}" for name in rows) + f"{'between':>10}{'nearer':>10}",
    ]
    for name in (*FIT, *ALONE, *AGREEMENT):
        cells = [_cell(row[name], name in AGREEMENT) for row in rows.values()]
        goals = [_yes(met) for met in between(rows, name)]
        lines.append(f"  {name:16}" + "".join(f"{cell:>14}" for cell in cells) + "".join(f"{g:>10}" for g in goals))
    voices = figures["voices"]
    lines += [
        "",
        f"Three voices below the sopranos of {figures['chorales']} validation chorales; parallels and overlaps per 100 chord changes",
        f"  {'':16}" + "".join(f"{name:>14}" for name in voices) + f"{'at most':>14}{'met':>10}",
    ]
    for name in voices[BACH]:
        cells = [_cell(row[name], name in ("out of range", "crossed", *AGREEMENT)) for row in voices.values()]
        goal = ""
        if times := MOST_TIMES_BACH.get(name):
            met = voices[MODEL][name] <= times * voices[BACH][name]
            goal = f"{f'{times} x Bach':>14}{_yes(met):>10}"
        lines.append(f"  {name:16}" + "".join(f"{cell:>14}" for cell in cells) + goal)
    lines += ["", "Nats a sixteenth note, given the soprano"]
    lines += [f"  {name:16}{nats:14.3f}" for name, nats in figures["nats"].items()]
    lines += [
        "",
        f"The written chords typed, over {figures['typed']} of the lead sheets: time in tones of the asked chord, of notes of a beat",
        "or longer and of all notes; bars in which the accompaniment sounds; notes of the melody that changed",
        f"  {'':16}{'long notes':>14}{'all notes':>14}{'bars':>14}{'melody':>14}{f'{IN_CHORD_GOAL:.0%}, melody kept':>20}",
    ]
    for style, row in figures["styles"].items():
        shares = "".join(f"{row[name]:14.1%}" for name in ("in chord", "all in chord", "bars"))
        met = row["in chord"] >= IN_CHORD_GOAL and not row["melody changed"]
        lines.append(f"  {style:16}{shares}{row['melody changed']:14.0f}{_yes(met):>20}")
    both = {
        style: {"real": figures["real parts"][style], MODEL: row["parts"]} for style, row in figures["styles"].items()
    }
    lines += ["", "What each player does in these, beside validation music of real players (training/quality/parts.py)"]
    lines += as_lines(both)[1:]
    lines += ["", "CPU seconds of a minute of music, of the machine that measured"]
    lines += [f"  {style:16}{row['seconds']:14.1f}" for style, row in figures["styles"].items()]
    return "\n".join(lines)


def _cell(value: float, share: bool) -> str:
    return f"{value:.1%}" if share else f"{value:.3f}"


def _yes(met: bool) -> str:
    return "yes" if met else "no"
