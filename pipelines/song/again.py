"""Again: one section of a finished song gets another melody, other chords and another accompaniment, and its words set anew.

Only this one: other sections of its name stay as they are, as all else does, and so do the drums. The stages Theme and Harmony
say how it is written, from their recipes in the history of the song.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import symusic

from music.bars import bar_grid
from music.chords import chord_spans, progression_of
from music.edit import NewNote, graft, without_collisions
from music.errors import StudioError
from music.form import ENDING, FOURTH, INTRO, TRIO, theme_of
from music.instruments import playable_range
from music.piece import Piece
from music.theory import Key, parse_key, written_key
from pipelines.accompaniment.stretch import Stretch
from pipelines.contract import Step
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.reharmonize import AS_MIXED
from pipelines.options.values import from_mapping
from pipelines.rearrange import Form
from pipelines.recipes import recipe_of
from pipelines.song.again_options import AgainOptions, check_unlocked
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.optional_stages import WordsOptions
from pipelines.song.plan import ThemeOptions
from pipelines.song.theme import write_theme
from pipelines.song.words import write_words

VERSION = "2"
_MELODY = 0  # the track on which stages put it
_THEME_SHARE = 0.6  # of the time, beside the harmony; a guess, for the progress alone
_ALMOST = 0.999


def write_again(piece: Piece, options: AgainOptions) -> Iterator[Step]:
    """Yields Steps whose piece is the song with one section written again.

    Raises:
        StudioError: the song does not say how it was composed, there is no such section, it has locked notes, or a checkpoint cannot be
            used.
    """
    again = _Again(piece, options)
    yield Step((piece,), 0.0, 1.0, "bars")
    for step in write_theme(Piece.empty(), again.theme):
        yield Step((piece,), _THEME_SHARE * step.done / step.total, 1.0, "bars")
    themed = again.with_melody(step.piece.score.tracks[0])
    models = step.piece.history[-1]["checkpoint"]
    for step in harmonize(Piece(themed), again.accompaniment):
        yield Step((piece,), _ALMOST * (_THEME_SHARE + (1 - _THEME_SHARE) * step.done / step.total), 1.0, "bars")
    score, remarks = again.with_words(again.accompanied(themed, step.piece.score))
    recipe = recipe_of("again", VERSION, options, piece) | {"checkpoint": models}
    yield Step((piece.with_step(score, recipe),), 1.0, 1.0, "bars", remarks)


class _Again:
    """The section in work.

    Attributes:
        theme: what is asked of the stage Theme for its melody.
        accompaniment: what is asked of Harmonize.
    """

    def __init__(self, piece: Piece, options: AgainOptions) -> None:
        self._piece, self._score = piece, piece.score
        theme: ThemeOptions | None = _last(piece, "theme", ThemeOptions)
        harmony: HarmonyOptions | None = _last(piece, "harmony", HarmonyOptions)
        if theme is None or harmony is None:
            raise StudioError("This song does not say how it was composed. Use the Remix page for this section.")
        sections = Form(piece.score).sections
        if not 0 <= options.section < len(sections) or sections[options.section].name in (INTRO, ENDING):
            raise StudioError("This section has no melody of its own. Choose one between the intro and the ending.")
        check_unlocked(piece, options.section)
        name, first, last = sections[options.section]
        bars = bar_grid(piece.score)
        self._start, self._stop = bars[first].start, bars[last - 1].end
        self._key, key, chords = written_key(piece.score), theme.key, harmony.chords
        if theme_of(name) == TRIO:  # all of it has moved
            home = parse_key(theme.key)
            self._key = Key((home.tonic + FOURTH) % 12, home.mode)
            key = self._key.name
            moved = ([chord.transposed(FOURTH) for chord in bar] for bar in progression_of(chords))
            chords = tuple(tuple(chord.name(self._key) for chord in bar) for bar in moved)
        place = theme.sections.index(theme_of(name)) if theme_of(name) in theme.sections else 0
        self.theme = dataclasses.replace(
            theme,
            key=key,
            sections=(theme_of(name),),
            bars=last - first,
            lines=theme.lines[place : place + 1],
            seed=options.seed,
        )
        style = harmony.style
        self.accompaniment = HarmonizeOptions(
            style=style,
            melody=_MELODY,
            chords=chords,
            key=key,
            bars=tuple(range(first, last)),
            complexity=harmony.complexity,
            idiom=harmony.idiom or "plain",
            groove=harmony.groove if style in ("bass", "piano", "band") else None,
            instruments=harmony.instruments,
            temperature=harmony.temperature,
            seed=options.seed,
            checkpoint=harmony.checkpoint,
        )
        mix: MixOptions | None = _last(piece, "mix", MixOptions)
        self._mixed = tuple(each for each in AS_MIXED if mix is not None and getattr(mix, each))

    def with_melody(self, melody: symusic.Track) -> symusic.Score:
        """Returns the song with another melody in the section: as loud as the one before, and as high as it can be near it."""
        track = self._score.tracks[_MELODY]
        gone = {(_MELODY, n) for n, note in enumerate(track.notes) if self._start <= note.time < self._stop}
        old = [note for note in track.notes if self._start <= note.time < self._stop]
        new = [note for note in melody.notes if note.time < self._stop - self._start]
        octaves, louder = 0, 1.0
        if old and new:
            apart = np.mean([note.pitch for note in old]) - np.mean([note.pitch for note in new])
            octaves = 12 * round(float(apart) / 12)
            low, high = playable_range(track.program)
            if not all(low <= note.pitch + octaves <= high for note in new):
                octaves = 0
            louder = float(np.mean([note.velocity for note in old]) / np.mean([note.velocity for note in new]))
        fresh: list[NewNote] = [
            (
                _MELODY,
                self._start + note.time,
                min(note.duration, self._stop - self._start - note.time),
                note.pitch + octaves,
                int(np.clip(round(note.velocity * louder), 1, 127)),
            )
            for note in new
        ]
        base = graft(self._score, [], gone)
        out = graft(base, without_collisions(base, fresh))
        out.tracks[_MELODY].lyrics = [
            event for event in out.tracks[_MELODY].lyrics if not self._start <= event.time < self._stop
        ]
        return out

    def accompanied(self, themed: symusic.Score, written: symusic.Score) -> symusic.Score:
        """Returns the song with the section accompanied, and mixed as the song is.

        Args:
            themed: the song with the new melody.
            written: the same, with what Harmonize wrote to it.
        """
        chords = [
            span._replace(start=max(span.start, self._start), end=min(span.end, self._stop))
            for span in chord_spans(written, bar_grid(written)[-1].end)
            if span.start < self._stop and span.end > self._start
        ]
        stretch = Stretch(themed, self._start, self._stop, chords, self._key, _MELODY, self._mixed, new_melody=True)
        return stretch.accompanied(written)

    def with_words(self, score: symusic.Score) -> tuple[symusic.Score, tuple[str, ...]]:
        """Returns the song with its words set to the new melody, and what is to be said of that; as it is where it has none."""
        sung: WordsOptions | None = _last(self._piece, "words", WordsOptions)
        before = [event.time for event in self._score.tracks[_MELODY].lyrics]
        if sung is None or not self._piece.lyrics or not any(self._start <= time < self._stop for time in before):
            return score, ()
        text = "\n".join(self._piece.lyrics)
        (*_, step) = write_words(self._piece.replace(score=score), dataclasses.replace(sung, text=text))
        set_anew = step.piece.score.tracks[_MELODY]
        gone = {(_MELODY, n) for n, note in enumerate(score.tracks[_MELODY].notes) if self._is_here(note)}
        new = [
            (_MELODY, note.time, note.duration, note.pitch, note.velocity)
            for note in set_anew.notes
            if self._is_here(note)
        ]
        out = graft(score, new, gone)
        events = [*out.tracks[_MELODY].lyrics, *(event for event in set_anew.lyrics if self._is_here(event))]
        out.tracks[_MELODY].lyrics = sorted(events, key=lambda event: event.time)
        return out, step.remarks

    def _is_here(self, event: Any) -> bool:
        return bool(self._start <= event.time < self._stop)


def _last(piece: Piece, name: str, kind: type) -> Any:
    """Returns the options of the last step of this name in the history of a piece; None where there is none."""
    recipe = next((each for each in reversed(piece.history) if each.get("pipeline") == name), None)
    return None if recipe is None else from_mapping(kind, recipe["options"])
