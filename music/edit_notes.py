"""Edits by hand: notes of a score moved, drawn and taken out one by one, as plain values that can be kept and done again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import symusic

from music.bars import bar_grid, score_end, ticks_to_seconds
from music.edit import NewNote, add_track, graft
from music.errors import StudioError
from music.files.midi import MAX_SECONDS
from music.files.smf import MAX_NOTES, MAX_TRACKS

MAX_EDITED = 50_000
"""Notes that may be touched at once: ten times a long song's. A recipe keeps each of them, some 30 bytes long."""

MAX_BARS_AFTER = 256
"""Bars after the end of a score in which notes may be drawn: as many as Generate writes at most."""

MAX_NAME = 80
"""Letters in the name of a new track: more than a strip of the mixer has room for."""

_DAMAGED = "These edits do not fit this piece. Reload the page and edit it again."


@dataclass(frozen=True)
class Edits:
    """What is to be done with the notes of a score. Times are in its ticks; notes and tracks are counted from 0 in it.

    Attributes:
        changed: ``(track, note, time, duration, pitch, velocity)``: what becomes of a note that is there.
        added: ``(track, time, duration, pitch, velocity)`` of new notes; new tracks are counted after those there are.
        removed: ``(track, note)`` of what goes.
        tracks: ``(name, program, is_drum)`` of new tracks.
        programs: ``(track, program)``: which instrument of General MIDI plays a track from now on.
        locked: ``(track, time, duration, pitch, velocity)`` of notes that are to stay from now on, as they are then.
        unlocked: the same of notes that may change again.
    """

    changed: tuple[tuple[int, int, int, int, int, int], ...] = ()
    added: tuple[tuple[int, int, int, int, int], ...] = ()
    removed: tuple[tuple[int, int], ...] = ()
    tracks: tuple[tuple[str, int, bool], ...] = ()
    programs: tuple[tuple[int, int], ...] = ()
    locked: tuple[NewNote, ...] = ()
    unlocked: tuple[NewNote, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.touches or self.tracks or self.programs)

    @property
    def touches(self) -> int:
        """How many notes it names."""
        return sum(map(len, (self.changed, self.added, self.removed, self.locked, self.unlocked)))


def apply(score: symusic.Score, edits: Edits) -> symusic.Score:
    """Returns the score with the edits done, and all the rest as it was, bit for bit.

    Raises:
        StudioError: a track or a note is not there, a note is outside of what MIDI can say, or it would be too much.
    """
    if edits.is_empty:
        raise StudioError("Nothing was changed. Move, draw or remove a note first.")
    if edits.touches > MAX_EDITED:
        raise StudioError(f"More than {MAX_EDITED:,} notes were touched. Keep your changes in smaller steps.")
    if score_notes(score) + len(edits.added) > MAX_NOTES:
        raise StudioError(f"There would be more than {MAX_NOTES:,} notes. Draw fewer of them.")
    out = _with_tracks(score, edits)
    touched = [(track, note) for track, note, *_ in edits.changed] + list(edits.removed)
    if len(set(touched)) < len(touched):
        _refuse()
    lengths = [len(track.notes) for track in score.tracks]
    for track, note in touched:
        if not (0 <= track < len(lengths) and 0 <= note < lengths[track]):
            _refuse()
    new = [(track, time, duration, pitch, velocity) for track, _, time, duration, pitch, velocity in edits.changed]
    new += edits.added
    _check(new, out)
    out = graft(out, new, set(touched))
    _check_there(edits.locked, out)
    if score_notes(out) == 0:
        raise StudioError("There would be no note left. Leave at least one, or begin a new song.")
    if ticks_to_seconds(out, score_end(out)) > MAX_SECONDS:
        raise StudioError(f"The music would last longer than {MAX_SECONDS / 3600:.0f} hours. Draw the notes earlier.")
    return out


def hold(score: symusic.Score, held: Iterable[NewNote], since: int) -> symusic.Score:
    """Returns the score with these notes in it just as they are; others of their track and pitch make way.

    Args:
        score: may lack them, or have them cut short.
        held: the notes, in its ticks.
        since: what begins before this tick makes no way.
    """
    for track, time, duration, pitch, velocity in held:
        stays, end, new, gone = False, time + duration, [], set()
        for place, note in enumerate(score.tracks[track].notes):
            if note.pitch != pitch or not note.time < end or not note.time + note.duration > time:
                continue
            if (note.time, note.duration, note.velocity) == (time, duration, velocity):
                stays = True
            elif note.time == time:
                gone.add((track, place))
            elif note.time >= since:
                gone.add((track, place))
                if note.time < time:
                    new.append((track, note.time, time - note.time, pitch, note.velocity))
        if stays and not new and not gone:
            continue
        score = graft(score, new if stays else [*new, (track, time, duration, pitch, velocity)], gone)
    return score


def score_notes(score: symusic.Score) -> int:
    """Returns the number of notes in all tracks."""
    return sum(len(track.notes) for track in score.tracks)


def _with_tracks(score: symusic.Score, edits: Edits) -> symusic.Score:
    """Returns the score with the new tracks, and each track played by whom it is to be."""
    out = score.copy()
    if len(out.tracks) + len(edits.tracks) > MAX_TRACKS:
        raise StudioError(f"There would be more than {MAX_TRACKS:,} tracks. Use those that there are.")
    for name, program, is_drum in edits.tracks:
        if not 0 <= program <= 127 or len(name) > MAX_NAME:
            _refuse()
        out = add_track(out, program, is_drum, " ".join(name.split()).encode("utf-8", "replace").decode())
    for track, program in edits.programs:
        if not (0 <= track < len(score.tracks) and 0 <= program <= 127) or out.tracks[track].is_drum:
            _refuse()
        out.tracks[track].program = program
    return out


def _check(notes: Iterable[NewNote], score: symusic.Score) -> None:
    """Makes sure that each note can be in the score."""
    last = bar_grid(score)[-1]
    end = last.end + MAX_BARS_AFTER * (last.end - last.start)
    for track, time, duration, pitch, velocity in notes:
        if not (0 <= track < len(score.tracks) and 0 <= pitch <= 127 and 1 <= velocity <= 127):
            _refuse()
        if time < 0 or duration < 1:
            raise StudioError("A note would begin before the piece or have no length. Move it to the right.")
        if time + duration > end:
            raise StudioError(f"A note would end over {MAX_BARS_AFTER} bars after the piece. Draw it earlier.")


def _check_there(notes: Iterable[NewNote], score: symusic.Score) -> None:
    """Makes sure that the score has each of these notes."""
    there: dict[int, set[tuple[int, ...]]] = {}
    for track, *note in notes:
        if not 0 <= track < len(score.tracks):
            _refuse()
        if track not in there:
            there[track] = {(n.time, n.duration, n.pitch, n.velocity) for n in score.tracks[track].notes}
        if tuple(note) not in there[track]:
            _refuse()


def _refuse() -> NoReturn:
    raise StudioError(_DAMAGED)
