"""Other chords for some bars of a piece: the options, and how those for a piece follow from what wrote its accompaniment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from music.analysis.melody import find_melody
from music.analysis.melody_key import key_of
from music.bars import bar_grid
from music.chords import ChordNames, chord_spans
from music.errors import StudioError
from music.piece import Piece
from music.theory import Key, parse_key, written_key
from music.tokens.accompaniment import COMPLEXITIES, HARMONIES
from pipelines.locks import NotePlace, locked_notes
from pipelines.options.checks import (
    Check,
    check_bar,
    check_chords,
    check_note,
    choice_check,
    groove_check,
    seed_check,
    settle,
    temperature_check,
)
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.values import from_mapping
from pipelines.song.band_options import HarmonyOptions, MixOptions

AS_MIXED = ("groove", "swing", "clear")
"""Rules of a mix that concern single bars: a steady bass, swing, room for the melody."""

_LEAVE_NOTES = ("reharmonize", "chords", "texture", "words", "lyrics")
"""Steps after which an accompaniment is still as its pipeline wrote it, but for bars that were changed in the same way."""


@dataclass(frozen=True)
class ReharmonizeOptions:
    """Which bars get which chords, and who writes their accompaniment.

    Attributes:
        bars: which bars, counted from 0, in order.
        chords: the names of each bar's chords, which share it evenly.
        key: in which chords are spelled, and whose notes may pass between chord tones.
        melody: the track that stays as it is; None for the one that is found.
        lock_notes: notes that do too, ``(track, note)`` counted from 0.
        style: one of HARMONIES: Harmonize writes these bars in it; None: the notes that are there move by rule.
        complexity, groove, instruments: as HarmonizeOptions has them.
        mixed: those of AS_MIXED to which a bar that Harmonize wrote is to keep.
        temperature: how adventurous.
        seed: the same seed gives the same notes.
        checkpoint: of the pipeline Harmonize.
    """

    bars: tuple[int, ...] = (0,)
    chords: ChordNames = (("C",),)
    key: str | None = None
    melody: int | None = None
    lock_notes: tuple[tuple[int, int], ...] = ()
    style: str | None = None
    complexity: str = "medium"
    groove: str | None = None
    instruments: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    temperature: float = 0.9
    seed: int = 0
    checkpoint: str = "harmonize-small"

    def __post_init__(self) -> None:
        settle(self, _checks, chords=check_chords, key=parse_key, bars=check_bar, lock_notes=check_note)
        if self.style:
            self.accompaniment()  # says what does not fit

    def accompaniment(self) -> HarmonizeOptions:
        """Returns what Harmonize is asked for."""
        return HarmonizeOptions(
            style=self.style or "chords",
            melody=self.melody,
            chords=self.chords,
            key=self.key,
            bars=self.bars,
            complexity=self.complexity,
            groove=self.groove,
            instruments=self.instruments,
            temperature=self.temperature,
            seed=self.seed,
            checkpoint=self.checkpoint,
        )


def _checks(o: ReharmonizeOptions) -> list[Check]:
    """Returns what may be wrong with other chords, whatever the piece."""
    count = len(o.bars)
    return [
        (not o.bars, "There is no bar to change. Choose at least one."),
        (
            o.bars != tuple(range(o.bars[0], o.bars[0] + count)) if o.bars else False,
            "The bars are not in a row. Change one stretch after the other.",
        ),
        (
            len(o.chords) != count,
            f"There are {count} bars, and chords for {len(o.chords)}. Give the chords of each bar.",
        ),
        choice_check("style", o.style, HARMONIES),
        choice_check("complexity", o.complexity, COMPLEXITIES),
        groove_check(o),
        (not set(o.mixed) <= set(AS_MIXED), f"A bar is mixed by {', '.join(AS_MIXED)}. Choose some of these, or none."),
        temperature_check(o),
        seed_check(o),
    ]


def reharmonized(piece: Piece, bars: Sequence[int], chords: ChordNames, seed: int) -> ReharmonizeOptions:
    """Returns options by which some bars of a piece get other chords, written by what wrote its accompaniment if that can.

    Args:
        piece: as it is.
        bars: in a row, counted from 0.
        chords: of each of them.
        seed: of what is written anew.

    Raises:
        StudioError: as ReharmonizeOptions.
    """
    key = chord_key(piece)
    found = _accompanied_by(piece)
    if found is None:
        melody = 0 if _is_accompanied(piece) else None
        return ReharmonizeOptions(tuple(bars), chords, key.name, melody, _locked(piece, bars), seed=seed)
    asked, mixed = found
    return ReharmonizeOptions(
        bars=tuple(bars),
        chords=chords,
        key=key.name,
        melody=0,
        lock_notes=_locked(piece, bars),
        style=asked.style,
        complexity=asked.complexity,
        groove=asked.groove if asked.style in ("bass", "piano", "band") else None,
        instruments=asked.instruments,
        mixed=mixed,
        temperature=asked.temperature,
        seed=seed,
        checkpoint=asked.checkpoint,
    )


def chord_key(piece: Piece) -> Key:
    """Returns the key in which the chords of a piece are spelled: as it is written, as Harmonize took it, or as it sounds."""
    if written := written_key(piece.score):
        return written
    up = 0  # semitones by which the piece was transposed since
    for recipe in reversed(piece.history):
        options = recipe.get("options")
        if recipe.get("pipeline") == "edit" and isinstance(options, Mapping):
            up += options["semitones"] if isinstance(options.get("semitones"), int) else 0
        if isinstance(name := recipe.get("key"), str):
            with suppress(StudioError):
                key = parse_key(name)
                return Key((key.tonic + up) % 12, key.mode)
    if not piece.note_count:
        return Key(0, "major")
    return key_of(piece.score, find_melody(piece.score) or 0, [span.chord for span in chord_spans(piece.score)])


def _locked(piece: Piece, bars: Sequence[int]) -> tuple[NotePlace, ...]:
    """Returns which notes of these bars are locked, or of what rings into them."""
    locked, grid = locked_notes(piece), bar_grid(piece.score)
    if not locked or not bars or bars[-1] >= len(grid):
        return ()
    start, stop = grid[bars[0]].start, grid[bars[-1]].end
    tracks = piece.score.tracks
    return tuple(
        (track, note)
        for track, note in locked
        if tracks[track].notes[note].end > start and tracks[track].notes[note].time < stop
    )


def _accompanied_by(piece: Piece) -> tuple[HarmonizeOptions | HarmonyOptions, tuple[str, ...]] | None:
    """Returns what wrote the accompaniment of a piece, and the rules by which it was mixed; None where that is not known.

    Nobody else has touched the notes since.
    """
    mixed: tuple[str, ...] = ()
    for recipe in reversed(piece.history):
        name, options = recipe.get("pipeline"), recipe.get("options")
        if name in _LEAVE_NOTES:
            continue
        if not isinstance(options, Mapping):
            return None
        try:
            if name == "mix":
                mix: Any = from_mapping(MixOptions, options)
                mixed = tuple(each for each in AS_MIXED if getattr(mix, each))
                continue
            if name == "harmonize":
                return from_mapping(HarmonizeOptions, options), mixed
            if name == "harmony":
                return from_mapping(HarmonyOptions, options), mixed
        except StudioError:  # of another version
            return None
        return None
    return None


def _is_accompanied(piece: Piece) -> bool:
    """Whether the melody of a piece was put on its first track."""
    names = [recipe.get("pipeline") for recipe in piece.history]
    return (
        bool({"harmonize", "harmony"} & set(names))
        and bool(len(piece.score.tracks))
        and len(piece.score.tracks[0].notes) > 0
    )
