"""What an accompaniment has to follow: melody, beats, chords, bars and players, from a score and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import symusic

from music.analysis.chord_estimation import chords_at, estimate_chords
from music.analysis.melody import find_melody
from music.analysis.melody_key import key_of
from music.bars import Bar, bar_grid, score_end
from music.chords import Chord, chord_spans, parse_progression
from music.errors import StudioError
from music.instruments import BASSES, DRUMS, instrument_name, parse_instrument, program_of
from music.piece import Piece
from music.theory import Key, parse_key
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.accompaniment import ALTO, BASS, HARMONIES, LEAD, TENOR
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from music.tokens.conditions import GENRES, Conditions, canonical_key, shift_to_canonical
from pipelines.options import HarmonizeOptions, parse_bars

BAND = ("piano", "bass", "drums", "strings")
CHOIR = 52
FINGERED_BASS = 33
VOICE_NAMES = ("Alto", "Tenor", "Bass")


@dataclass(frozen=True)
class Player:
    """Who plays a part of the accompaniment.

    Attributes:
        role: the program id that the model writes.
        program: the MIDI program that sounds; DRUMS for drums.
        name: of the track.
    """

    role: int
    program: int
    name: str


@dataclass(frozen=True)
class Commission:
    """What is to be written.

    Attributes:
        score: the input.
        melody: the melody's track.
        key: in which it is read.
        shift: semitones from how the music sounds to C major or A minor, where the model reads and writes.
        grid: the bars of the piece, up to the end of the melody or of the accompaniment that is there.
        starts: int64 [bars + 1] the position at which each bar begins, and where the last ends.
        beats: int16 [beats, 8] one row a beat, its chord unknown.
        beat_ticks: int64 [beats] where each begins.
        lead: int16 [notes, 8] the melody as it sounds, played by LEAD.
        asked: for each beat the chord that must be there; None where the model chooses.
        typed: whether chords were typed.
        stretches: the bars to write, as ranges [first, last).
        inside: the ticks that were asked for, as ranges [start, stop): those of the stretches, or fewer in a signature
            that the model does not know.
        players: who accompanies; none for block chords, which are voiced by rule.
        conditions: key, tempo, signature, instruments.
    """

    score: symusic.Score
    melody: int
    key: Key
    shift: int
    grid: tuple[Bar, ...]
    starts: np.ndarray
    beats: np.ndarray
    beat_ticks: np.ndarray
    lead: np.ndarray
    asked: tuple[Chord | None, ...]
    typed: bool
    stretches: tuple[tuple[int, int], ...]
    inside: tuple[tuple[int, int], ...]
    players: tuple[Player, ...]
    conditions: Conditions

    @cached_property
    def beat_positions(self) -> np.ndarray:
        """The position at which each beat begins, int64 [beats]."""
        return accompaniment.onsets(self.beats, self.starts)

    @property
    def bars(self) -> int:
        """How many bars are to be written."""
        return sum(last - first for first, last in self.stretches)

    def writes(self, bar: int) -> bool:
        """Returns whether a bar is to be written."""
        return any(first <= bar < last for first, last in self.stretches)

    def tick(self, position: int) -> int:
        """Returns the tick of a position since the beginning."""
        bar = min(int(np.searchsorted(self.starts, position, side="right")) - 1, len(self.grid) - 1)
        within = (position - int(self.starts[bar])) * self.score.ticks_per_quarter // tokens.POSITIONS_PER_QUARTER
        return min(self.grid[bar].start + within, self.grid[bar].end)

    def wishes(self, style: str, complexity: str | None = None) -> np.ndarray:
        """Returns the prefix ids of the conditions for a style."""
        number = None if complexity is None else accompaniment.COMPLEXITIES.index(complexity)
        return accompaniment.condition_ids(self.conditions, HARMONIES.index(style), number)

    def kept_rows(self) -> np.ndarray:
        """Returns the accompaniment that is there, int16 [notes, 8] as it sounds, played by the players' roles."""
        encoded = tokens.encode(self.score, keep_doubles=True)
        role_of = {
            track: player.role for player, track in zip(self.players, self.tracks(), strict=True) if track is not None
        }
        tracks = encoded.origin[:, 0]
        kept = np.isin(tracks, list(role_of))
        rows = encoded.rows[kept].copy()
        rows[:, Octuple.PROGRAM] = [role_of[track] for track in tracks[kept].tolist()]
        return rows[accompaniment.in_order(rows)]

    def tracks(self) -> list[int | None]:
        """Returns the track of the score that each player has already, None for those who have none."""
        free = [track for track in range(len(self.score.tracks)) if track != self.melody]
        found: list[int | None] = []
        for player in self.players:
            same = [t for t in free if program_of(self.score.tracks[t]) == player.program]
            named = [t for t in same if self.score.tracks[t].name == player.name]
            others = {other.name for other in self.players}  # the tenor's track is no alto's
            track = next(iter(named or [t for t in same if self.score.tracks[t].name not in others]), None)
            if track is not None:
                free.remove(track)
            found.append(track)
        return found


def commission(piece: Piece, options: HarmonizeOptions) -> Commission:
    """Returns what options ask to be written for a piece.

    Raises:
        StudioError: there is no melody to follow, or the options do not fit the piece.
    """
    score = piece.score
    melody = _melody(piece, options)
    tune = score.copy()
    tune.tracks = [score.tracks[melody]]
    lead = tokens.encode(tune).rows
    lead[:, Octuple.PROGRAM] = LEAD
    end = max(score_end(tune), score_end(score) if options.bars else 0)
    grid, _ = tokens.model_grid(score, end)
    beats, ticks = accompaniment.beat_rows(score, end)
    starts = accompaniment.bar_starts(beats)
    bars = bar_grid(score, end)
    if (written_end := bars[-1].end) < grid[-1].end:  # in a signature that the model does not know
        before, within = ticks < written_end, (written_end - grid[-1].start) * tokens.POSITIONS_PER_QUARTER
        beats, ticks = beats[before], ticks[before]
        starts[-1] = starts[-2] + max(1, within // score.ticks_per_quarter)
        grid[-1] = grid[-1]._replace(end=written_end)
    stretches, inside = _stretches(options, bars, grid)
    asked, typed = _asked(score, options, beats, ticks, stretches)
    key = _key(piece, options, melody, [chord for chord in asked if chord] if typed else [])
    index = key.tonic + (12 if key.mode == "minor" else 0)
    players = tuple(_players(score, options, melody))
    programs = tuple(sorted({player.role - FIRST for player in players if player.role <= DRUM_PROGRAM}))
    return Commission(
        score=score,
        melody=melody,
        key=key,
        shift=shift_to_canonical(index),
        grid=tuple(grid),
        starts=starts,
        beats=beats,
        beat_ticks=ticks,
        lead=lead,
        asked=asked,
        typed=typed,
        stretches=stretches,
        inside=inside,
        players=players,
        conditions=Conditions(
            genre=_genre(options, DRUM_PROGRAM - FIRST in programs),
            key=canonical_key(index),
            tempo=int(np.bincount(beats[:, Octuple.TEMPO]).argmax()) - FIRST,
            signature=int(np.bincount(beats[:, Octuple.SIGNATURE]).argmax()) - FIRST,
            programs=programs or None,
        ),
    )


def _genre(options: HarmonizeOptions, drums: bool) -> int | None:
    """Returns the genre of the music from which the model learned a style: hymns, and bands with drums."""
    return GENRES.index("classical") if options.style == "chorale" else GENRES.index("pop") if drums else None


def harmonised(piece: Piece) -> Mapping[str, Any] | None:
    """Returns the recipe of the step that made a piece, if it harmonised; None otherwise."""
    return next((step for step in piece.history[-1:] if step.get("pipeline") == "harmonize"), None)


def _melody(piece: Piece, options: HarmonizeOptions) -> int:
    score, melody = piece.score, options.melody
    if melody is None:  # what was harmonised before has its melody first
        melody = 0 if harmonised(piece) and len(score.tracks) else find_melody(score)
    if melody is None or not score.tracks:
        raise StudioError(
            "There is no melody to accompany. Open a file with a tune in it, or write one on the Generate page."
        )
    if melody >= len(score.tracks) > 0:
        raise StudioError(f"There is no track {melody}. Choose a melody track from 0 to {len(score.tracks) - 1}.")
    if score.tracks[melody].is_drum or not len(score.tracks[melody].notes):
        raise StudioError(
            f"Track {melody} has no melody, only {'drums' if score.tracks[melody].is_drum else 'silence'}. Choose another track."
        )
    return melody


def _stretches(
    options: HarmonizeOptions, bars: Sequence[Bar], grid: Sequence[Bar]
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Returns the ranges of the model's bars that are to be written, and of the ticks that were asked for."""
    chosen = parse_bars(options.bars)
    if chosen is not None and max(chosen) >= len(bars):
        raise StudioError(
            f"The piece has {len(bars)} bars, so bar {max(chosen) + 1} cannot be harmonized. Choose bars 1 to {len(bars)}."
        )
    inside = _in_one([(bar.start, bar.end) for number, bar in enumerate(bars) if chosen is None or number in chosen])
    written = [
        number for number, bar in enumerate(grid) if any(start < bar.end and stop > bar.start for start, stop in inside)
    ]
    return _in_one([(number, number + 1) for number in written]), inside


def _in_one(ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Returns ranges in order, those made one that touch."""
    found: list[tuple[int, int]] = []
    for start, stop in ranges:
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, stop))
    return tuple(found)


def _asked(
    score: symusic.Score,
    options: HarmonizeOptions,
    beats: np.ndarray,
    ticks: np.ndarray,
    stretches: Sequence[tuple[int, int]],
) -> tuple[tuple[Chord | None, ...], bool]:
    """Returns the chord of each beat that is given, None where the model chooses, and whether any were typed."""
    bars = beats[:, Octuple.BAR].astype(np.int64) - FIRST
    inside = np.array([any(first <= bar < last for first, last in stretches) for bar in bars.tolist()])
    asked: list[Chord | None] = [None] * len(beats)
    if options.bars:
        spans = chord_spans(score) or estimate_chords(score)
        kept = chords_at(spans, ticks)
        asked = [None if new else chord for new, chord in zip(inside.tolist(), kept, strict=True)]
    counts = np.bincount(bars)
    progression = parse_progression(options.chords, int(np.bincount(counts).argmax())) if options.chords.strip() else ()
    if not progression:
        return tuple(asked), False
    numbers = np.arange(len(bars)) - (counts.cumsum() - counts)[bars]  # of each beat in its bar
    first = stretches[0][0] if options.bars else 0
    for beat in np.flatnonzero(inside).tolist():
        chords = progression[(bars[beat] - first) % len(progression)]
        asked[beat] = chords[int(numbers[beat] * len(chords) // counts[bars[beat]])]
    return tuple(asked), True


def _key(piece: Piece, options: HarmonizeOptions, melody: int, chords: Sequence[Chord]) -> Key:
    """Returns the key that is asked for, else the piece's own; some bars are done again in the key of the whole."""
    if options.key:
        return parse_key(options.key)
    if options.bars and (before := harmonised(piece)):
        return parse_key(before["key"])
    return key_of(piece.score, melody, chords)


def _players(score: symusic.Score, options: HarmonizeOptions, melody: int) -> list[Player]:
    wanted = [parse_instrument(name) for name in options.instruments]

    def before(name: str, otherwise: int) -> int:
        """Returns the program of the track of this name that some bars of are to be done again."""
        others = [track for number, track in enumerate(score.tracks) if number != melody and not track.is_drum]
        return next((track.program for track in others if options.bars and track.name == name), otherwise)

    if options.style == "chords":
        return []
    if options.style == "bass":
        program = wanted[0] if wanted else before("Bass", FINGERED_BASS)
        return [Player(FIRST + (program if program in BASSES else FINGERED_BASS), program, "Bass")]
    if options.style == "piano":
        program = wanted[0] if wanted else before("Piano", 0)
        return [Player(FIRST, program, "Piano" if program < 8 else instrument_name(program))]
    if options.style == "chorale":
        sings = score.tracks[melody].program
        singer = sings if sings in (*range(40, 45), *range(52, 55), *range(64, 80)) else CHOIR
        programs = (wanted * 3)[:3] or [before(name, singer) for name in VOICE_NAMES]
        return [
            Player(role, program, name)
            for role, program, name in zip((ALTO, TENOR, BASS), programs, VOICE_NAMES, strict=True)
        ]
    if not wanted and options.bars:  # the band that plays already
        wanted = [
            program_of(track) for number, track in enumerate(score.tracks) if number != melody and len(track.notes)
        ]
    wanted = wanted or [parse_instrument(name) for name in BAND]
    return [
        Player(
            DRUM_PROGRAM if program == DRUMS else FIRST + program,
            program,
            "Drums" if program == DRUMS else instrument_name(program),
        )
        for program in sorted(set(wanted))
    ]
