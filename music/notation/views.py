"""The ways to look at a piece on paper, and who stands on the page in each."""

from __future__ import annotations

import numpy as np
import symusic

from music.chords import chord_spans
from music.instruments import instrument_name
from music.notation.staves import Performer, TrackNotes, gather_notes, part_name, performers, seats
from music.notation.transposition import transposition
from music.piece import Piece

VIEWS = ("score", "lead sheet", "closed score")
"""Everything that plays; the melody alone under its chord symbols; four voices on two staves, as hymnals print them."""

_ROLES = ("melody", "lead", "theme", "tune")
"""Names of tracks that say nothing on a page that has but the melody."""

# Of the notes of a track, how many may begin while another sounds: none where four voices share two staves, for no stem
# could tell them apart; a tenth in a melody, which may have a grace note or a last chord and is still no piano music.
_CHOIR_CHORDS, _MELODY_CHORDS = 0.0, 0.1


def views(piece: Piece) -> tuple[str, ...]:
    """Returns the views that make sense for a piece, "score" first.

    A "lead sheet" needs chord symbols and a melody; a "closed score" exactly four parts, each one line without drums.
    """
    score = piece.score
    found = ["score"]
    if melody_track(score) is not None and chord_spans(score):
        found.append("lead sheet")
    sounding = [index for index, track in enumerate(score.tracks) if len(track.notes)]
    if len(sounding) == 4 and all(
        not score.tracks[index].is_drum
        and _is_line(gather_notes(score, [index]), score.ticks_per_quarter, _CHOIR_CHORDS)
        for index in sounding
    ):
        found.append("closed score")
    return tuple(found)


def parts(piece: Piece) -> tuple[str, ...]:
    """Returns the names of the players who can have a part of their own, as the score names them; none for a single player."""
    names = tuple(seat.name for seat in seats(piece.score))
    return names if len(names) > 1 else ()


def reads_otherwise(piece: Piece, part: str = "") -> bool:
    """Whether the player of a part, or any player of the score, reads other notes than sound."""
    return any(
        transposition(seat.program, seat.name, ()) is not None
        for seat in seats(piece.score)
        if part in ("", seat.name) and not seat.is_drum
    )


def melody_track(score: symusic.Score) -> int | None:
    """Returns the track over which chord symbols stand: the first one with pitched notes, None without any."""
    return next((i for i, track in enumerate(score.tracks) if len(track.notes) and not track.is_drum), None)


def is_tune(score: symusic.Score, track: int) -> bool:
    """Whether a track is one line, as a melody is; it may have a grace note or a last chord."""
    return _is_line(gather_notes(score, [track]), score.ticks_per_quarter, _MELODY_CHORDS)


def view_performers(score: symusic.Score, view: str) -> list[Performer]:
    """Returns the parts that a view shows of a score for which it makes sense, from top to bottom."""
    if view == "lead sheet":
        return [_lead_sheet(score)]
    return _closed_score(score) if view == "closed score" else performers(score)


def _lead_sheet(score: symusic.Score) -> Performer:
    """Returns the melody on one staff: the whole track, or the right hand where the track is piano music."""
    place = melody_track(score)
    if place is None:
        raise ValueError("a lead sheet needs a track with pitched notes")
    track, notes = score.tracks[place], gather_notes(score, [place])
    if not is_tune(score, place):
        performer = next(performer for performer in performers(score) if place in performer.tracks)
        notes = max(performer.hands, key=lambda hand: hand.pitch.mean() if len(hand.pitch) else 0.0)
    name = part_name(track)
    if name.lower() in _ROLES:
        name = instrument_name(track.program)
    return Performer(name, track.program, False, (notes,), (place,), leads=True)


def _closed_score(score: symusic.Score) -> list[Performer]:
    """Returns four voices as two pairs, the higher two and the lower two."""
    sounding = [index for index, track in enumerate(score.tracks) if len(track.notes)]
    heights = {index: -float(score.tracks[index].notes.numpy()["pitch"].mean()) for index in sounding}
    order = sorted(sounding, key=heights.__getitem__)
    found = []
    for pair in (order[:2], order[2:]):
        tracks = [score.tracks[index] for index in pair]
        name = ", ".join(dict.fromkeys(part_name(track) for track in tracks))
        hands = tuple(gather_notes(score, [index]) for index in pair)
        found.append(Performer(name, tracks[0].program, False, hands, tuple(pair), shares=True))
    return found


def _is_line(notes: TrackNotes, ticks_per_quarter: int, share: float) -> bool:
    """Whether no more than this share of the notes begins while another sounds; a player may hold on for a sixteenth."""
    before = np.maximum.accumulate(notes.time + notes.duration)[:-1]
    allowed = np.minimum(ticks_per_quarter // 4, (notes.duration[:-1] - 1) // 2)
    overlaps = (before - notes.time[1:] > allowed) | (np.diff(notes.time) == 0)
    return int(overlaps.sum()) <= share * len(notes.time)
