"""A stretch of a song that is accompanied anew: what is written for it, fitted into all that stays.

Who rests there goes on resting, everybody is as loud as before, drums are not touched, and what was mixed is mixed as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import symusic

from music.arranging.beats import Beats
from music.arranging.groove import steady
from music.arranging.melody_clearance import keep_below_melody
from music.arranging.parts import (
    BASS,
    Arrangement,
    NoteColumn,
    Part,
    in_order,
    read_arrangement,
    read_parts,
    settle,
    with_parts,
    within,
)
from music.arranging.rechording import move_to_chords
from music.arranging.swing import play_feel, swing_with_drums, swings
from music.bars import bar_grid
from music.chord_symbols.bars import replace_chords
from music.chords import ChordSpan, chord_at, chord_spans
from music.edit import NewNote, graft, without_collisions
from music.instruments import program_of
from music.theory import Key

_BEGUN = 0.5  # beats: what rings so far into a stretch is heard with its chord; by ear, not measured


@dataclass(frozen=True)
class Stretch:
    """Bars of a song whose accompaniment becomes another.

    Attributes:
        score: of the song, as it is, with chord symbols.
        start, stop: the stretch in ticks.
        chords: that hold there from now on.
        key: in which they are spelled, and whose notes may pass between their tones; None for C major and no such notes.
        melody: its track; None where there is none.
        mixed: rules of a mix that are to hold: some of ``reharmonize_options.AS_MIXED``.
        locked: notes that stay.
        new_melody: whether the melody of the stretch is new, so that it is to be mixed too.
    """

    score: symusic.Score
    start: int
    stop: int
    chords: Sequence[ChordSpan]
    key: Key | None
    melody: int | None
    mixed: Sequence[str] = ()
    locked: frozenset[NewNote] = frozenset()
    new_melody: bool = False

    @cached_property
    def _before(self) -> list[ChordSpan]:
        return chord_spans(self.score, self._end)

    @cached_property
    def _end(self) -> int:
        return bar_grid(self.score)[-1].end

    @property
    def _quarter(self) -> int:
        return self.score.ticks_per_quarter

    @property
    def is_accompanied(self) -> bool:
        """Whether anybody accompanies in it."""
        parts = read_parts(self.score)
        return any(self._accompanying(self.score, parts, track).any() for track in range(len(parts)))

    def accompanied(self, written: symusic.Score | None) -> symusic.Score:
        """Returns the score with the stretch accompanied anew.

        Args:
            written: the same score with an accompaniment of the stretch; None: the notes that are there move to the chords.
        """
        score = replace_chords(self.score, [(self.start, self.stop)], self.chords, self.key, self._end)
        parts = read_parts(score)
        model = None if written is None else read_parts(written)
        mine = {track: self._accompanying(score, parts, track) for track in range(len(parts))}
        new = {track: self._new(score, parts[track][here], track, model) for track, here in mine.items() if here.any()}
        if self.new_melody and self.melody is not None:
            mine[self.melody] = within(parts[self.melody], self.start, self.stop)
            new[self.melody] = parts[self.melody][mine[self.melody]]
        if written is not None and self.mixed:
            new = self._mixed(score, parts, mine, new)
        return self._joined(score, parts, mine, new)

    def _accompanying(self, score: symusic.Score, parts: Sequence[Part], track: int) -> np.ndarray:
        """Returns which notes of a track begin in the stretch and accompany, bool ``[notes]``.

        Of a single track, such as a piano's, all do that sound below another note.
        """
        part = parts[track]
        here = within(part, self.start, self.stop) & ~self._are_locked(track, part)
        if score.tracks[track].is_drum:
            return np.zeros(len(part), dtype=bool)
        if track != self.melody:
            return here
        if sum(len(each.notes) > 0 and not each.is_drum for each in score.tracks) > 1:
            return np.zeros(len(part), dtype=bool)
        stops = part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]
        for note in np.flatnonzero(here):
            time, _, pitch, _ = part[note]
            sounding = (part[:, NoteColumn.TIME] <= time) & (stops > time)
            here[note] = bool((part[sounding, NoteColumn.PITCH] > pitch).any())
        return here

    def _are_locked(self, track: int, part: Part) -> np.ndarray:
        """Returns which notes of a track stay as they are, bool ``[notes]``."""
        return np.array([(track, *note) in self.locked for note in part.tolist()], dtype=bool)

    def _new(self, score: symusic.Score, old: Part, track: int, model: Sequence[Part] | None) -> Part:
        """Returns what a player plays in the stretch, given what it was."""
        if model is not None and track < len(model):
            new = model[track][within(model[track], self.start, self.stop)].copy()
            if len(new):
                louder = old[:, NoteColumn.VELOCITY].mean() / new[:, NoteColumn.VELOCITY].mean()
                new[:, NoteColumn.VELOCITY] = np.clip(np.rint(new[:, NoteColumn.VELOCITY] * louder), 1, 127)
                return new
        return self._moved(score, old, track)

    def _moved(self, score: symusic.Score, part: Part, track: int) -> Part:
        scale = self.key.scale if self.key else frozenset()
        is_bass = track in read_arrangement(score).tracks(BASS)
        program = program_of(score.tracks[track])
        moved = move_to_chords(part, self._before, self.chords, scale, program, self._quarter, is_bass)
        over = moved[:, NoteColumn.TIME] + moved[:, NoteColumn.DURATION] > self.stop
        following = chord_at(self._before, self.stop)
        foreign = ~np.isin(moved[:, NoteColumn.PITCH] % 12, following.tones) & over
        moved[foreign, NoteColumn.DURATION] = self.stop - moved[foreign, NoteColumn.TIME]
        return moved

    def _mixed(
        self, score: symusic.Score, parts: Sequence[Part], mine: dict[int, np.ndarray], new: dict[int, Part]
    ) -> dict[int, Part]:
        """Returns new notes as the rules of a mix leave them that the song was mixed by."""
        came = [
            in_order(np.concatenate([part[~mine[track]], new[track]])) if track in new else part
            for track, part in enumerate(parts)
        ]
        song = read_arrangement(with_parts(score, came))
        whole = swings(Beats(song.bars, song.quarter), [part[:, NoteColumn.TIME] for part in parts])  # whoever plays
        rules: dict[str, Callable[[Arrangement, list[Part]], list[Part]]] = {
            "groove": steady,
            "swing": partial(play_feel, feel="swing") if whole else swing_with_drums,
            "clear": keep_below_melody,
        }
        now = list(came)
        for name, rule in rules.items():
            if name in self.mixed:
                now = settle(song, came, rule(song, now))
        return {track: now[track][within(now[track], self.start, self.stop)] for track in new}

    def _joined(
        self, score: symusic.Score, parts: Sequence[Part], mine: dict[int, np.ndarray], new: dict[int, Part]
    ) -> symusic.Score:
        """Returns the score with the new notes in place of the old; what rings in and does not fit ends where they begin."""
        gone, cut = set(), []
        for track, part in enumerate(parts):
            where = _places(score.tracks[track])
            gone |= {(track, where[tuple(note)].pop()) for note in part[mine[track]].tolist()}
            if track == self.melody or score.tracks[track].is_drum:
                continue
            for note in part[self._rings_in(part) & ~self._are_locked(track, part)].tolist():
                gone.add((track, where[tuple(note)].pop()))
                time, duration, pitch, velocity = note
                cut.append((track, time, self.start - time, pitch, velocity))
                if track not in new:  # a pad that holds on
                    rest = np.array([[self.start, min(time + duration, self.stop) - self.start, pitch, velocity]])
                    new = {**new, track: self._moved(score, rest, track)}
        base = graft(score, cut, gone)
        fresh: list[NewNote] = [
            (track, time, duration, pitch, velocity)
            for track, part in new.items()
            for time, duration, pitch, velocity in part.tolist()
        ]
        return graft(base, without_collisions(base, fresh))

    def _rings_in(self, part: Part) -> np.ndarray:
        """Returns which notes ring into the stretch from before and belong to no chord there, bool ``[notes]``."""
        begins = chord_at(self.chords, self.start)
        if begins == chord_at(self._before, self.start) or not begins.tones:
            return np.zeros(len(part), dtype=bool)
        stops = part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]
        rings = (part[:, NoteColumn.TIME] < self.start) & (stops > self.start + _BEGUN * self._quarter)
        return rings & ~np.isin(part[:, NoteColumn.PITCH] % 12, begins.tones)


def _places(track: symusic.Track) -> dict[tuple[int, ...], list[int]]:
    """Returns where each note of a track stands in it, by what it is; notes that are alike stand together."""
    found: dict[tuple[int, ...], list[int]] = {}
    notes = track.notes.numpy()
    table = np.stack([notes[name].astype(np.int64) for name in ("time", "duration", "pitch", "velocity")], axis=1)
    for place, note in enumerate(table.tolist()):
        found.setdefault(tuple(note), []).append(place)
    return found
