"""Edit: what someone did to a piece by hand, note by note or as a whole, as a step of its history like any other."""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sized
from typing import Any, NamedTuple

import symusic

from music.bars import bar_grid, score_end, ticks_to_seconds
from music.edit_notes import MAX_EDITED, Edits, apply
from music.edit_song import change_song, song_in_words
from music.errors import StudioError
from music.files.midi import MAX_SECONDS
from music.instruments import instrument_name
from music.piece import Piece
from pipelines.contract import Step
from pipelines.descriptors.descriptions import listed
from pipelines.locks import locked_notes, moved_along, notes_at, places_of, with_locked
from pipelines.options.edit import MAX_WORDS, EditOptions
from pipelines.options.text import bars_as_text
from pipelines.options.values import from_mapping
from pipelines.recipes import recipe_of

VERSION = "1"

FEW_RUNS = 3
"""So many runs of bars are named; more are counted. By eye, not measured."""


class _Note(NamedTuple):
    """A note: its track, then as in a score."""

    track: int
    time: int
    duration: int
    pitch: int
    velocity: int

    @property
    def end(self) -> int:
        return self.time + self.duration


def edit(piece: Piece, options: EditOptions) -> Iterator[Step]:
    """Yields Steps; the last one has the piece with the edits done, all else bit for bit as it was.

    Raises:
        StudioError: the edits do not fit the piece, or would change a locked note.
    """
    yield Step((piece,), 0.0, 1.0, "edits")
    score = _applied(piece, options)
    made = piece.with_step(score, recipe_of("edit", VERSION, options, piece))
    yield Step((_with_locks(piece, made, options),), 1.0, 1.0, "edits")


def edited(score: symusic.Score, options: EditOptions) -> symusic.Score:
    """Returns the score with the notes edited, and then the whole song changed.

    Raises:
        StudioError: the edits do not fit the score, or there are none.
    """
    out = score if options.is_empty and options.changes_song else apply(score, options)
    out = change_song(out, options)
    if options.tempo and ticks_to_seconds(out, score_end(out)) > MAX_SECONDS:
        raise StudioError(f"The music would last longer than {MAX_SECONDS / 3600:.0f} hours. Choose a faster tempo.")
    return out


def options_of(piece: Piece, values: Any) -> EditOptions:
    """Returns the options for edits that came from a page as plain values, with the sentence that tells of them.

    Args:
        piece: that is edited.
        values: those of EditOptions by name; a page may say anything.

    Raises:
        StudioError: they are no edits, or do not fit the piece.
    """
    if not isinstance(values, Mapping):
        raise StudioError("These are no edits. Reload the page and edit the piece again.")
    if any(
        isinstance(value, Sized) and len(value) > MAX_EDITED for value in values.values()
    ):  # before each is looked at
        raise StudioError(f"More than {MAX_EDITED:,} notes were touched. Keep your changes in smaller steps.")
    options = from_mapping(EditOptions, {**values, "words": ""})
    if len(places_of(piece, options.unlocked)) < len(set(options.unlocked)):
        raise StudioError("A note that is to be unlocked is not there. Reload the page and edit the piece again.")
    _applied(piece, options)
    return dataclasses.replace(options, words=in_words(piece.score, options))


def _applied(piece: Piece, options: EditOptions) -> symusic.Score:
    """Returns the score of a piece with edits done that leave its locked notes alone.

    Raises:
        StudioError: they do not, or do not fit.
    """
    score = edited(piece.score, options)
    locked = set(locked_notes(piece)) - set(places_of(piece, options.unlocked))
    if not locked.isdisjoint([*((track, note) for track, note, *_ in options.changed), *options.removed]):
        raise StudioError("A locked note would change. Unlock it first, with L on the piano roll.")
    return score


def _with_locks(piece: Piece, made: Piece, options: EditOptions) -> Piece:
    """Returns an edited piece whose locked notes are those that they have become, where the whole song moved."""
    if not (options.semitones or options.feel):
        return made
    plain = dataclasses.replace(options, semitones=0, feel="", tempo=0.0, mix=())
    before = piece if plain.is_empty else piece.with_step(apply(piece.score, plain), {**made.history[-1]})
    locked = notes_at(before, locked_notes(before))
    if not locked:
        return made
    moved = moved_along(before.score, made.score, locked, options.semitones)
    return with_locked(piece, made, moved)


def in_words(score: symusic.Score, edits: EditOptions) -> str:
    """Returns what edits do to a score, such as "moved 3 notes and drew 2 notes in bars 5-6", or "up 2 semitones".

    Args:
        score: that they fit.
        edits: at least one.
    """
    notes = [track.notes.numpy() for track in score.tracks]

    def at(track: int, note: int) -> _Note:
        return _Note(track, *(int(notes[track][name][note]) for name in ("time", "duration", "pitch", "velocity")))

    changed = [(at(track, note), _Note(track, *values)) for track, note, *values in edits.changed]
    added, removed = [_Note(*values) for values in edits.added], [at(*place) for place in edits.removed]
    tally = _Tally(Counter(added), _by_pitch(removed))
    for old, new in changed:
        tally.note(old, new)
    tally.counts["drew"], tally.counts["removed"] = tally.added.total(), sum(map(len, tally.removed.values()))
    locks = {"locked": edits.locked, "unlocked": edits.unlocked}
    tally.counts.update({kind: len(notes) for kind, notes in locks.items()})
    at_locks = [_Note(*note) for notes in locks.values() for note in notes]
    where = _where(score, [note.time for note in [*added, *removed, *(new for _, new in changed), *at_locks]])
    told = tally.told()
    song = song_in_words(score, edits)
    return ", ".join(filter(None, [f"{listed(told)}{where}" if told else "", *_players(edits), *song]))[:MAX_WORDS]


class _Tally:
    """How often each thing was done; what a split or a join explains is not counted as drawn or removed too."""

    def __init__(self, added: Counter[_Note], removed: dict[tuple[int, int], list[_Note]]) -> None:
        self.added, self.removed = added, removed
        self.counts: Counter[str] = Counter()
        self.steps: set[int] = set()
        self.joining = 0

    def note(self, old: _Note, new: _Note) -> None:
        """Counts what became of a note."""
        if (new.time, new.duration, new.pitch) == (old.time, old.duration, old.pitch):
            kind = "loudness"
        elif new.pitch != old.pitch:
            kind = "transposed" if (new.time, new.duration) == (old.time, old.duration) else "moved"
            self.steps |= {new.pitch - old.pitch} if kind == "transposed" else set()
        elif new.time == old.time:
            kind = self._longer_or_shorter(old, new)
        else:
            kind = "resized" if new.end == old.end else "moved"
        self.counts[kind] += 1

    def _longer_or_shorter(self, old: _Note, new: _Note) -> str:
        rest = _Note(old.track, new.end, old.end - new.end, old.pitch, old.velocity)
        if self.added[rest]:
            self.added[rest] -= 1
            return "split"
        others = self.removed.get((old.track, old.pitch), [])
        first = last = bisect_left(others, old.time, key=lambda note: note.time)
        while last < len(others) and others[last].end <= new.end:
            last += 1
        if last > first and others[last - 1].end == new.end:
            self.joining += last - first + 1
            del others[first:last]
            return "joined"
        return "resized"

    def told(self) -> list[str]:
        """Returns what was done, a few words each."""
        if len(self.steps) > 1:
            self.counts["moved"] += self.counts.pop("transposed")
        return [self._told(kind, count) for kind, count in self.counts.items() if count]

    def _told(self, kind: str, count: int) -> str:
        notes = f"{count} note{'s' * (count != 1)}"
        if kind == "transposed":
            (step,) = self.steps
            return f"transposed {notes} {'up' if step > 0 else 'down'} {abs(step)}"
        if kind == "joined":
            return f"joined {self.joining} notes into {count}"
        return f"changed the loudness of {notes}" if kind == "loudness" else f"{kind} {notes}"


def _by_pitch(notes: list[_Note]) -> dict[tuple[int, int], list[_Note]]:
    """Returns the notes of each track and pitch, in the order in which they begin."""
    found: dict[tuple[int, int], list[_Note]] = defaultdict(list)
    for note in sorted(notes, key=lambda note: note.time):
        found[note.track, note.pitch].append(note)
    return found


def _where(score: symusic.Score, ticks: list[int]) -> str:
    """Returns in which bars these ticks are: " in bar 5"; nothing for none."""
    if not ticks:
        return ""
    starts = [bar.start for bar in bar_grid(score, max(ticks) + 1)]
    bars = sorted({bisect_right(starts, tick) - 1 for tick in ticks})
    text = bars_as_text(bars)
    if text.count(",") >= FEW_RUNS:
        return f" in {len(bars)} bars"
    return f" in bar{'s' * (len(bars) > 1)} {text}"


def _players(edits: Edits) -> list[str]:
    """Returns which tracks are new, and who plays others now."""
    new = [
        f"added a track for {'drums' if is_drum else instrument_name(program)}" for _, program, is_drum in edits.tracks
    ]
    return new + [f"gave track {track + 1} to {instrument_name(program)}" for track, program in edits.programs]
