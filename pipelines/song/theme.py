"""Theme: a Transformer-XL writes one melody for each section, in phrases that answer each other and close.

The first half of a theme asks, the second begins like it and answers: a period (Caplin, Classical Form, 1998, chapter 4).
The model writes each new phrase in several drafts, of which the one that sings best is taken; the last note of each half
is brought to a tone on which such a phrase may rest. Where the song will have words, drafts that take them well are
preferred, and notes are split and joined until each syllable of the first verse has one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import symusic

from checkpoints.loading import load
from music.analysis.melody import find_melody
from music.analysis.melody_key import key_of
from music.arranging.phrases import (
    FULL,
    HALF,
    MelodyNote,
    close,
    extract_melody,
    fit_to_range,
    shift_notes,
    singability,
)
from music.bars import Bar, bar_grid, bar_ticks, parse_signature
from music.form import with_sections
from music.instruments import instrument_name, parse_instrument, playable_range
from music.piece import TICKS_PER_QUARTER, Piece
from music.theory import Key, parse_key, profile_fit, with_key
from music.words.lattice import FREE
from music.words.setting import cost_of, lines_of_stresses, set_words
from pipelines.contract import Step
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from pipelines.recipes import recipe_of
from pipelines.song.plan import ThemeOptions

VERSION = "3"
MELODY = "Melody"
OPEN_THEMES = ("B", "Bridge")
"""Themes that lead back to another: they close openly."""

_FITTING = 1.5  # what a nat a syllable is worth by which a draft takes the words better; of 0.5 and 1.5 the one that breathes more
_CONTRAST = 0.06  # a semitone, up to HIGHER, that a later theme lies above the first is worth so much
_HIGHER = 6
_LIKE, _OTHER_DENSITY, _MOST_OTHER = (
    2.0,
    0.5,
    0.7,
)  # what likeness to the first theme costs, and an octave of its density is worth
_WHOLE_RANGE, _BEYOND = (
    17,
    0.15,
)  # semitones that all themes together span, and what each further one costs; all three by ear
_CLARITY, _CLEAR = 3.0, 0.15  # a correlation of so much more with its key's profile is clear; by ear, not measured
_DURABLE = 4  # bars of the longest phrase that is written in one go


def write_theme(piece: Piece, options: ThemeOptions) -> Iterator[Step]:
    """Yields Steps whose piece has one track, the melody, and one section a theme.

    A sketch gives the first themes as far as its melody goes; the model writes on from there.

    Raises:
        StudioError: the checkpoint cannot be used, or is not one of Generate.
    """
    checkpoint = load(options.checkpoint, task="generate")
    writer, total = _Writer(piece, options), float(len(options.sections) * options.bars)
    for _ in writer.write():
        if writer.bars < total:
            yield Step((piece.replace(score=writer.score()),), float(writer.bars), total, "bars")
    recipe = recipe_of("theme", VERSION, options, piece, checkpoint.entry)
    yield Step((piece.with_step(writer.score(), recipe),), total, total, "bars")


class _Writer:
    """The melody as it grows.

    Attributes:
        lines: the stresses of the lines of text that the theme in work is for.
        notes: of the melody so far, in order.
        bars: how many bars are written.
    """

    def __init__(self, piece: Piece, options: ThemeOptions) -> None:
        self.options, self.key = options, parse_key(options.key)
        self.signature = parse_signature(options.time_signature)
        self.bar = bar_ticks(*self.signature, TICKS_PER_QUARTER)
        self.beat = 4 * TICKS_PER_QUARTER // self.signature[1]
        if self.signature[1] == 8 and self.signature[0] % 3 == 0:
            self.beat *= 3
        self.program = parse_instrument(options.lead)
        self.sketch = sketched(piece, self.key)
        self.lines: list[str] = []
        self.notes: list[MelodyNote] = []
        self.bars = self._calls = 0

    def write(self) -> Iterator[None]:
        """Writes all themes; yields after each phrase."""
        for number, name in enumerate(self.options.sections):
            first = self.bars
            self.lines = self.options.lines[number].split("/") if self.options.lines else []
            yield from self._theme(self.options.bars, HALF if name in OPEN_THEMES else FULL, first)
            self._fit_to_lines(first)
        self.notes = fit_to_range(self.notes, *playable_range(self.program)) if not self.sketch else self.notes

    def score(self) -> symusic.Score:
        """Returns the melody so far, with a mark where each theme begins."""
        score = self._blank()
        notes = self.notes if self.sketch else fit_to_range(self.notes, *playable_range(self.program))
        score.tracks[0].notes.extend([symusic.Note(n.start, n.end - n.start, n.pitch, n.velocity) for n in notes])
        marks = [(n * self.options.bars * self.bar, name) for n, name in enumerate(self.options.sections)]
        return with_sections(score, [mark for mark in marks if mark[0] < max(1, self.bars * self.bar)])

    def _blank(self) -> symusic.Score:
        score = symusic.Score(TICKS_PER_QUARTER)
        score.tempos.append(symusic.Tempo(0, self.options.tempo_bpm))
        score.time_signatures.append(symusic.TimeSignature(0, *self.signature))
        score.tracks.append(symusic.Track(MELODY, self.program, False))
        return with_key(score, self.key)

    def _theme(self, bars: int, how: str, theme: int) -> Iterator[None]:
        """Writes a theme that closes in a way, as a period if it is long enough; ``theme`` is the bar it began at."""
        start, end = self.bars * self.bar, (self.bars + bars) * self.bar
        sung = [note._replace(end=min(note.end, end)) for note in self.sketch if start <= note.start < end]
        if sung:  # what rests after its last note is still to be written
            given = -(-(sung[-1].end - start) // self.bar)
            self.notes += sung
            self.bars += given
            yield
            if given < bars:
                yield from self._phrase(bars - given, how, theme)
        elif bars < 4 or bars % 2:
            yield from self._phrase(bars, how, theme)
        else:
            first, half = self.bars, bars // 2
            if half > _DURABLE:
                yield from self._theme(half, HALF, theme)
            else:
                yield from self._phrase(half, HALF, theme)
            again = half // 2
            start, end = first * self.bar, (first + again) * self.bar
            question = [note._replace(end=min(note.end, end)) for note in self.notes if start <= note.start < end]
            self.notes += shift_notes(question, half * self.bar)
            self.bars += again
            yield from self._phrase(half - again, how, theme)

    def _phrase(self, bars: int, how: str, theme: int) -> Iterator[None]:
        """Writes so many bars after what there is, the best of several drafts."""
        stop = self.bars + bars
        for length in [_DURABLE] * (bars // _DURABLE) + [bars % _DURABLE] * (bars % _DURABLE > 0):
            start, end = self.bars * self.bar, (self.bars + length) * self.bar
            drafts = [[note for note in draft if start <= note.start < end] for draft in self._drafts(length)]
            if self.bars + length == stop:
                drafts = [close(draft, how, self.key, (end - self.bar, end), self.beat) for draft in drafts]
            before = [note for note in self.notes if note.start >= theme * self.bar]
            sung = self._lines_of(self.bars - theme, length)
            self.notes += max(drafts, key=lambda draft: self._worth(list(draft), before, sung, length))
            self.bars += length
            yield

    def _drafts(self, bars: int) -> list[list[MelodyNote]]:
        """Returns the melody with so many new bars, in several ways."""
        options = self.options
        score = self._blank()
        score.tracks[0].notes.extend([symusic.Note(n.start, n.end - n.start, n.pitch, n.velocity) for n in self.notes])
        wished = GenerateOptions(
            bars=bars,
            keep_bars=self.bars,
            tempo_bpm=options.tempo_bpm,
            time_signature=options.time_signature,
            key=options.key,
            stay_in_key=True,
            genre=options.genre,
            instruments=(instrument_name(self.program),),
            density="medium" if options.density in ("medium", "high") else "low",  # of a melody, "high" is unheard of
            monophonic=True,
            temperature=options.temperature,
            seed=(options.seed + 1000003 * self._calls) % 2**63,
            variants=options.drafts,
            checkpoint=options.checkpoint,
        )
        self._calls += 1
        *_, step = generate(Piece(score) if self.notes else Piece.empty(), wished)
        return [extract_melody(piece.score.tracks[0]) for piece in step.pieces]

    def _lines_of(self, first: int, bars: int) -> list[str]:
        """Returns the lines that are sung in so many bars of a theme, counted from 0: those that begin and end there."""
        count, whole = len(self.lines), self.options.bars
        return [
            line
            for number, line in enumerate(self.lines)
            if first * count <= number * whole and (number + 1) * whole <= (first + bars) * count
        ]

    def _fit_to_lines(self, first: int) -> None:
        """Splits and joins notes of the theme that began at a bar, so that each syllable has one; a sketch stays as it is."""
        start, end = first * self.bar, self.bars * self.bar
        theme = [note for note in self.notes if note.start >= start]
        if any(self.lines) and not any(start <= note.start < end for note in self.sketch):
            spread = start, end
            made = set_words(
                theme, lines_of_stresses(self.lines), self._grid(), TICKS_PER_QUARTER, rhythm=FREE, spread=spread
            )
            self.notes[len(self.notes) - len(theme) :] = made.notes

    def _grid(self) -> list[Bar]:
        return [Bar(n * self.bar, (n + 1) * self.bar, *self.signature) for n in range(self.bars + _DURABLE)]

    def _worth(self, draft: list[MelodyNote], before: list[MelodyNote], lines: list[str], bars: int) -> float:
        """Returns how good a draft is after what its theme has so far, and for the lines that are sung to it."""
        worth = singability(draft, before, self.key, self.bar, TICKS_PER_QUARTER, self.options.density)
        first = [note.pitch for note in self.notes if note.start < self.options.bars * self.bar]
        if first and draft and self.bars >= self.options.bars:  # a later theme lies higher, and is another one
            worth += self._otherness(draft, bars)
            worth += _CONTRAST * float(np.clip(np.mean([n.pitch for n in draft]) - np.mean(first), -_HIGHER, _HIGHER))
        if lines and draft:
            until = (self.bars + bars) * self.bar
            worth -= _FITTING * cost_of(draft, lines, self._grid(), TICKS_PER_QUARTER, until)
        pitches = [note.pitch for note in (*self.notes, *draft)]
        worth -= _BEYOND * max(0, max(pitches, default=0) - min(pitches, default=0) - _WHOLE_RANGE)
        return worth + self._clarity([*self.notes, *draft])

    def _otherness(self, draft: list[MelodyNote], bars: int) -> float:
        """Returns how unlike a draft of so many bars of a later theme is to the same bars of the first one; 0 is alike."""
        start = self.bars % self.options.bars * self.bar
        theirs = [note for note in self.notes if start <= note.start < start + bars * self.bar]
        if not theirs:
            return 0.0
        at = {(note.start - start, note.pitch % 12) for note in theirs}
        alike = np.mean([(note.start - self.bars * self.bar, note.pitch % 12) in at for note in draft])
        denser = abs(float(np.log2(len(draft) / len(theirs))))
        return _OTHER_DENSITY * min(_MOST_OTHER, denser) - _LIKE * float(alike)

    def _clarity(self, notes: list[MelodyNote]) -> float:
        """Returns how clearly a melody is in its key and in none of those it is most easily taken for; 0 is very clearly."""
        times = np.bincount([n.pitch % 12 for n in notes], [n.end - n.start for n in notes], minlength=12)
        if not np.ptp(times):
            return 0.0
        others = {*self.key.rivals, self.key.plain} - {self.key}
        ahead = profile_fit(times, self.key) - max(profile_fit(times, other) for other in others)
        return _CLARITY * min(0.0, ahead - _CLEAR)


def sketched(piece: Piece, key: Key) -> list[MelodyNote]:
    """Returns the melody of a sketch from its first bar on, in ticks of TICKS_PER_QUARTER and moved to a key; [] without one."""
    track = find_melody(piece.score) if piece.note_count else None
    if track is None:
        return []
    score = piece.score.resample(TICKS_PER_QUARTER, min_dur=1)
    notes = extract_melody(score.tracks[track])
    first = next(bar.start for bar in reversed(bar_grid(score)) if bar.start <= notes[0].start)
    up = (key.tonic - key_of(piece.score, track).tonic) % 12
    return shift_notes(notes, -first, up - 12 if up > 6 else up)
