"""Reharmonize: some bars of a piece get other chords, and an accompaniment that fits them; all else stays.

Where Harmonize wrote the accompaniment it writes these bars too, and what was mixed since is mixed as it was: who rests there
goes on resting, everybody is as loud as before, drums are not touched. Else the notes that are there move to the new chords.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import symusic

from music.analysis.chord_estimation import estimate_chords
from music.analysis.melody import find_melody
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
from music.chord_bars import replace_chords, spread
from music.chords import beat_ticks, chord_at, chord_spans, progression_of, with_chords
from music.edit import NewNote, graft, without_collisions
from music.errors import StudioError
from music.instruments import program_of
from music.piece import Piece
from music.theory import parse_key
from pipelines.contract import Step
from pipelines.locks import notes_at
from pipelines.option_text import bars_as_text
from pipelines.recipes import recipe_of
from pipelines.reharmonize_options import ReharmonizeOptions

VERSION = "1"
_ALMOST = 0.999  # only the last Step may say that all is done
_BEGUN = 0.5  # beats: what rings so far into a bar is heard with its chord; by ear, not measured


def reharmonize(piece: Piece, options: ReharmonizeOptions) -> Iterator[Step]:
    """Yields Steps; the last one has the piece with other chords in some bars.

    The melody, the drums and all that lies outside of these bars stay bit for bit, but for notes that ring into them and
    do not fit: these end where the bar begins. A piece without chord symbols gets those that are heard in it.

    Raises:
        StudioError: the piece lacks the bars, or the checkpoint cannot be used.
    """
    yield from _steps(piece, options, "reharmonize")


def change_chords(piece: Piece, options: ReharmonizeOptions) -> Iterator[Step]:
    """Yields Steps as ``reharmonize`` does, as a stage of a song."""
    yield from _steps(piece, options, "chords")


def check_fits(piece: Piece, options: ReharmonizeOptions) -> None:
    """Makes sure that a piece has the bars, and these have room for their chords.

    Raises:
        StudioError: they have not.
    """
    _Change(piece, options)


def _steps(piece: Piece, options: ReharmonizeOptions, name: str) -> Iterator[Step]:
    change = _Change(piece, options)
    yield Step((piece,), 0.0, 1.0, "bars")
    written, model = None, dict[str, str]()
    if options.style:
        from pipelines.harmonize import harmonize  # heavy: only where a model writes

        for step in harmonize(piece, options.accompaniment()):
            written = step.piece.score
            yield Step((piece.replace(score=written),), _ALMOST * step.done / step.total, 1.0, "bars")
        model = step.piece.history[-1]["checkpoint"]
    score = change.score(written)
    recipe = recipe_of(name, VERSION, options, piece) | {"checkpoint": model}
    yield Step((piece.with_step(score, recipe),), 1.0, 1.0, "bars", change.remarks(score))


class _Change:
    """The bars that change.

    Args:
        piece: as it is.
        options: what is asked for.
    """

    def __init__(self, piece: Piece, options: ReharmonizeOptions) -> None:
        score = piece.score
        self._locked = set(notes_at(piece, options.lock_notes))
        self._options, self._quarter = options, score.ticks_per_quarter
        bars = bar_grid(score)
        if options.bars[-1] >= len(bars):
            raise StudioError(
                f"The piece has {len(bars)} bar{'s' * (len(bars) > 1)}, and there is no bar {options.bars[-1] + 1}. "
                f"Choose bars 1 to {len(bars)}."
            )
        chosen = [bars[bar] for bar in options.bars]
        self._key = parse_key(options.key) if options.key else None
        self._after = []
        for number, bar, chords in zip(options.bars, chosen, progression_of(options.chords), strict=True):
            beats = len(beat_ticks(bar, self._quarter))
            if len(chords) > beats:
                raise StudioError(
                    f"Bar {number + 1} has {beats} beat{'s' * (beats > 1)}, too few for {len(chords)} chords. Write fewer."
                )
            self._after += spread(bar, chords, self._quarter)
        self._start, self._stop, self._end = chosen[0].start, chosen[-1].end, bars[-1].end
        if not chord_spans(score, self._end):
            score = with_chords(score, estimate_chords(score), self._key)
        self._score, self._before = score, chord_spans(score, self._end)
        self._melody = find_melody(score) if options.melody is None else options.melody

    def score(self, written: symusic.Score | None) -> symusic.Score:
        """Returns the score with its new chords.

        Args:
            written: what Harmonize made of it; None where nobody has.
        """
        score = replace_chords(self._score, [(self._start, self._stop)], self._after, self._key, self._end)
        parts = read_parts(score)
        model = None if written is None else read_parts(written)
        mine = {track: self._accompanying(score, parts, track) for track in range(len(parts))}
        new = {track: self._new(score, parts[track][here], track, model) for track, here in mine.items() if here.any()}
        if written is not None and self._options.mixed:
            new = self._mixed(score, parts, mine, new)
        return self._joined(score, parts, mine, new)

    def remarks(self, score: symusic.Score) -> tuple[str, ...]:
        """Returns what is to be said where no note could follow."""
        if any(
            here.any() for here in (self._accompanying(score, read_parts(score), t) for t in range(len(score.tracks)))
        ):
            return ()
        bars = f"bar{'s' * (len(self._options.bars) > 1)} {bars_as_text(self._options.bars)}"
        return (f"Nobody accompanies the melody in {bars}. Only the chord symbol has changed.",)

    def _accompanying(self, score: symusic.Score, parts: Sequence[Part], track: int) -> np.ndarray:
        """Returns which notes of a track begin in these bars and accompany, bool ``[notes]``.

        Of a single track, such as a piano's, all do that sound below another note.
        """
        part = parts[track]
        here = within(part, self._start, self._stop) & ~self._are_locked(track, part)
        if score.tracks[track].is_drum:
            return np.zeros(len(part), dtype=bool)
        if track != self._melody:
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
        return np.array([(track, *note) in self._locked for note in part.tolist()], dtype=bool)

    def _new(self, score: symusic.Score, old: Part, track: int, model: Sequence[Part] | None) -> Part:
        """Returns what a player plays in these bars, given what it was."""
        if model is not None and track < len(model):
            new = model[track][within(model[track], self._start, self._stop)].copy()
            if len(new):
                louder = old[:, NoteColumn.VELOCITY].mean() / new[:, NoteColumn.VELOCITY].mean()
                new[:, NoteColumn.VELOCITY] = np.clip(np.rint(new[:, NoteColumn.VELOCITY] * louder), 1, 127)
                return new
        return self._moved(score, old, track)

    def _moved(self, score: symusic.Score, part: Part, track: int) -> Part:
        scale = self._key.scale if self._key else frozenset()
        is_bass = track in read_arrangement(score).tracks(BASS)
        program = program_of(score.tracks[track])
        moved = move_to_chords(part, self._before, self._after, scale, program, self._quarter, is_bass)
        over = moved[:, NoteColumn.TIME] + moved[:, NoteColumn.DURATION] > self._stop
        following = chord_at(self._before, self._stop)
        foreign = ~np.isin(moved[:, NoteColumn.PITCH] % 12, following.tones) & over
        moved[foreign, NoteColumn.DURATION] = self._stop - moved[foreign, NoteColumn.TIME]
        return moved

    def _mixed(
        self, score: symusic.Score, parts: Sequence[Part], mine: dict[int, np.ndarray], new: dict[int, Part]
    ) -> dict[int, Part]:
        """Returns new bars as the rules of a mix leave them that the song was mixed by."""
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
            if name in self._options.mixed:
                now = settle(song, came, rule(song, now))
        return {track: now[track][within(now[track], self._start, self._stop)] for track in new}

    def _joined(
        self, score: symusic.Score, parts: Sequence[Part], mine: dict[int, np.ndarray], new: dict[int, Part]
    ) -> symusic.Score:
        """Returns the score with the new notes in place of the old; what rings in and does not fit ends where they begin."""
        gone, cut = set(), []
        for track, part in enumerate(parts):
            where = _places(score.tracks[track])
            gone |= {(track, where[tuple(note)].pop()) for note in part[mine[track]].tolist()}
            if track == self._melody or score.tracks[track].is_drum:
                continue
            for note in part[self._rings_in(part) & ~self._are_locked(track, part)].tolist():
                gone.add((track, where[tuple(note)].pop()))
                time, duration, pitch, velocity = note
                cut.append((track, time, self._start - time, pitch, velocity))
                if track not in new:  # a pad that holds on
                    rest = np.array([[self._start, min(time + duration, self._stop) - self._start, pitch, velocity]])
                    new = {**new, track: self._moved(score, rest, track)}
        base = graft(score, cut, gone)
        fresh: list[NewNote] = [
            (track, time, duration, pitch, velocity)
            for track, part in new.items()
            for time, duration, pitch, velocity in part.tolist()
        ]
        return graft(base, without_collisions(base, fresh))

    def _rings_in(self, part: Part) -> np.ndarray:
        """Returns which notes ring into these bars from before and belong to no chord there, bool ``[notes]``."""
        begins = self._after[0].chord
        if begins == chord_at(self._before, self._start) or not begins.tones:
            return np.zeros(len(part), dtype=bool)
        stops = part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]
        rings = (part[:, NoteColumn.TIME] < self._start) & (stops > self._start + _BEGUN * self._quarter)
        return rings & ~np.isin(part[:, NoteColumn.PITCH] % 12, begins.tones)


def _places(track: symusic.Track) -> dict[tuple[int, ...], list[int]]:
    """Returns where each note of a track stands in it, by what it is; notes that are alike stand together."""
    found: dict[tuple[int, ...], list[int]] = {}
    notes = track.notes.numpy()
    table = np.stack([notes[name].astype(np.int64) for name in ("time", "duration", "pitch", "velocity")], axis=1)
    for place, note in enumerate(table.tolist()):
        found.setdefault(tuple(note), []).append(place)
    return found
