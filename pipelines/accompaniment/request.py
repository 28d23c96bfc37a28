"""What an accompaniment has to follow: melody, beats, chords, bars and players, from a score and options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import symusic

from music.analysis.chord_estimation import chords_at, estimate_chords
from music.analysis.melody import find_melody
from music.analysis.melody_key import key_of
from music.bars import score_end
from music.chords import Chord, chord_spans, progression_of
from music.errors import StudioError
from music.instruments import BASSES, DRUMS, instrument_name, parse_instrument, program_of
from music.piece import Piece
from music.theory import Key, parse_key
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.accompaniment import ALTO, BASS, HARMONIES, LEAD, TENOR
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from music.tokens.conditions import GENRES, Conditions, canonical_key, key_index, shift_to_canonical
from pipelines.accompaniment.beat_grid import BeatGrid, beat_grid
from pipelines.locks import NotePlace, notes_at
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.recipes import harmonized

BAND = ("piano", "bass", "drums", "strings")
CHOIR = 52  # these four are General MIDI programs, from 0
FINGERED_BASS = 33
QUARTETS: dict[int, tuple[int, int, int]] = {
    **dict.fromkeys(range(40, 44), (40, 41, 42)),
    **{program: (program,) * 3 for program in (44, 48, 49, 52, 53, 54)},
    **dict.fromkeys(range(64, 68), (65, 66, 67)),
}
"""Who plays alto, tenor and bass of a chorale under a melody's instrument: its family, which has players for all heights, as
strings, voices and saxophones have; a choir under others, such as a flute, which has no bass."""
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


@dataclass(frozen=True, eq=False)
class AccompanimentRequest:
    """What is to be written.

    Attributes:
        score: the input.
        melody: the melody's track.
        key: in which it is read.
        shift: semitones from how the music sounds to C major or A minor, where the model reads and writes.
        grid: bars and beats, up to the end of the melody or of the accompaniment that is there.
        lead: int16 [notes, 8] the melody as it sounds, played by LEAD.
        required_chords: for each beat the chord that must be there; None where the model chooses.
        chords_are_typed: whether the user gave any of them, typed or in the file.
        bar_ranges: the bars to write, as ranges [first, last).
        tick_ranges: the ticks that were asked for, as ranges [start, stop): those of the bars to write, or fewer in a
            signature that the model does not know.
        locked: ``(track, note)`` of the score that stay.
        staying: the tracks of the score that what is written joins: all for some bars, else the melody's, then those with locked
            notes.
        players: who accompanies; none for block chords, which are voiced by rule.
        conditions: key, tempo, signature, instruments.
    """

    score: symusic.Score
    melody: int
    key: Key
    shift: int
    grid: BeatGrid
    lead: np.ndarray
    required_chords: tuple[Chord | None, ...]
    chords_are_typed: bool
    bar_ranges: tuple[tuple[int, int], ...]
    tick_ranges: tuple[tuple[int, int], ...]
    locked: frozenset[NotePlace]
    staying: tuple[int, ...]
    players: tuple[Player, ...]
    conditions: Conditions

    @property
    def bar_count(self) -> int:
        """How many bars are to be written."""
        return sum(last - first for first, last in self.bar_ranges)

    def writes(self, bar: int) -> bool:
        """Returns whether a bar is to be written."""
        return any(first <= bar < last for first, last in self.bar_ranges)

    def prefix(self, style: str, complexity: str | None = None) -> np.ndarray:
        """Returns the prefix ids of the conditions for a style."""
        number = None if complexity is None else accompaniment.COMPLEXITIES.index(complexity)
        return accompaniment.condition_ids(self.conditions, HARMONIES.index(style), number)

    def existing_rows(self) -> np.ndarray:
        """Returns the accompaniment that is there, int16 [notes, 8] as it sounds, played by the players' roles."""
        encoded = tokens.encode(self.score, keep_doubles=True)
        role_of = {
            track: player.role
            for player, track in zip(self.players, self.player_tracks(), strict=True)
            if track is not None
        }
        tracks = encoded.origin[:, 0]
        kept = np.isin(tracks, list(role_of))
        rows = encoded.rows[kept].copy()
        rows[:, Octuple.PROGRAM] = [role_of[track] for track in tracks[kept].tolist()]
        return rows[accompaniment.in_order(rows)]

    def player_tracks(self) -> list[int | None]:
        """Returns the track of the score that each player has already and goes on with, None for those who have none."""
        free = [track for track in self.staying if track != self.melody]
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


def accompaniment_request(piece: Piece, options: HarmonizeOptions) -> AccompanimentRequest:
    """Returns what options ask to be written for a piece.

    Raises:
        StudioError: there is no melody to follow, or the options do not fit the piece.
    """
    score = piece.score
    melody = _melody(piece, options)
    notes_at(piece, options.lock_notes)  # says so where one is not there
    alone = score.copy()
    alone.tracks = [score.tracks[melody]]
    lead = tokens.encode(alone).rows
    lead[:, Octuple.PROGRAM] = LEAD
    grid = beat_grid(score, max(score_end(alone), score_end(score) if options.bars else 0))
    bar_ranges, tick_ranges = _ranges(options, grid)
    chords, are_typed = _required_chords(piece, options, grid, bar_ranges)
    key = _key(piece, options, melody, [chord for chord in chords if chord] if are_typed else [])
    index = key_index(key)
    players = tuple(_players(score, options, melody))
    programs = tuple(sorted({player.role - FIRST for player in players if player.role <= DRUM_PROGRAM}))
    return AccompanimentRequest(
        score=score,
        melody=melody,
        key=key,
        shift=shift_to_canonical(index),
        grid=grid,
        lead=lead,
        required_chords=chords,
        chords_are_typed=are_typed,
        bar_ranges=bar_ranges,
        tick_ranges=tick_ranges,
        locked=frozenset(options.lock_notes),
        staying=tuple(range(len(score.tracks)))
        if options.bars
        else (melody, *sorted({track for track, _ in options.lock_notes} - {melody})),
        players=players,
        conditions=Conditions(
            genre=_genre(options, DRUM_PROGRAM - FIRST in programs),
            key=canonical_key(index),
            tempo=int(np.bincount(grid.beat_rows[:, Octuple.TEMPO]).argmax()) - FIRST,
            signature=int(np.bincount(grid.beat_rows[:, Octuple.SIGNATURE]).argmax()) - FIRST,
            programs=programs or None,
        ),
    )


def _genre(options: HarmonizeOptions, drums: bool) -> int | None:
    """Returns the genre of the music from which the model learned a style: hymns, and bands with drums."""
    return GENRES.index("classical") if options.style == "chorale" else GENRES.index("pop") if drums else None


def _melody(piece: Piece, options: HarmonizeOptions) -> int:
    """Returns the melody's track: the one that is asked for, else the one that is found.

    Raises:
        StudioError: there is none, or no melody is on it.
    """
    score, melody = piece.score, options.melody
    if melody is None:  # what was harmonized before has its melody first
        melody = 0 if harmonized(piece) and len(score.tracks) else find_melody(score)
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


def _ranges(
    options: HarmonizeOptions, grid: BeatGrid
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Returns the ranges of the model's bars that are to be written, and of the ticks that were asked for.

    Raises:
        StudioError: the piece lacks some of the bars.
    """
    chosen, count = set(options.bars), len(grid.written_bars)
    if chosen and max(chosen) >= count:
        raise StudioError(
            f"The piece has {count} bars, so bar {max(chosen) + 1} cannot be harmonized. Choose bars 1 to {count}."
        )
    ticks = _merged([(bar.start, bar.end) for n, bar in enumerate(grid.written_bars) if not chosen or n in chosen])
    bars = [n for n, bar in enumerate(grid.bars) if any(start < bar.end and stop > bar.start for start, stop in ticks)]
    return _merged([(bar, bar + 1) for bar in bars]), ticks


def _merged(ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Returns ranges in order, those made one that touch."""
    found: list[tuple[int, int]] = []
    for start, stop in ranges:
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, stop))
    return tuple(found)


def _required_chords(
    piece: Piece, options: HarmonizeOptions, grid: BeatGrid, bar_ranges: Sequence[tuple[int, int]]
) -> tuple[tuple[Chord | None, ...], bool]:
    """Returns the chord that each beat must have, None where the model chooses, and whether the user gave any.

    Typed chords count before those that stand in the user's own file, which are followed from the first of them on.
    """
    score, bars = piece.score, grid.beat_bars
    inside = np.array([any(first <= bar < last for first, last in bar_ranges) for bar in bars.tolist()])
    required: list[Chord | None] = [None] * len(bars)
    if options.bars:
        kept = chords_at(chord_spans(score) or estimate_chords(score), grid.beat_ticks)
        required = [None if new else chord for new, chord in zip(inside.tolist(), kept, strict=True)]
    progression = progression_of(options.chords)
    if not progression:
        given = [] if options.bars or _has_chords_of_ours(piece) else chord_spans(score)
        if not given:
            return tuple(required), False
        begins = grid.beat_ticks >= given[0].start
        return tuple(
            chord if begun else None
            for begun, chord in zip(begins.tolist(), chords_at(given, grid.beat_ticks), strict=True)
        ), True
    first = bar_ranges[0][0] if options.bars else 0
    for beat in np.flatnonzero(inside).tolist():
        chords = progression[(bars[beat] - first) % len(progression)]
        required[beat] = chords[int(grid.beat_numbers[beat] * len(chords) // grid.beats_per_bar[bars[beat]])]
    return tuple(required), True


def _has_chords_of_ours(piece: Piece) -> bool:
    """Whether the chord symbols of a piece come from an accompaniment that we wrote, which shall not bind the next one."""
    return any(step.get("pipeline") in ("harmonize", "compose") for step in piece.history)


def _key(piece: Piece, options: HarmonizeOptions, melody: int, chords: Sequence[Chord]) -> Key:
    """Returns the key that is asked for, else the piece's own; some bars are done again in the key of the whole."""
    if options.key:
        return parse_key(options.key)
    if options.bars and isinstance(before := (harmonized(piece) or {}).get("key"), str):
        return parse_key(before)
    return key_of(piece.score, melody, chords)


def _players(score: symusic.Score, options: HarmonizeOptions, melody: int) -> list[Player]:
    """Returns who accompanies: who is asked for, else who plays already in bars that are done again, else the usual ones."""
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
        usual = QUARTETS.get(score.tracks[melody].program, (CHOIR,) * 3)
        programs = (wanted * 3)[:3] or [before(*each) for each in zip(VOICE_NAMES, usual, strict=True)]
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
