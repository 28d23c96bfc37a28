"""Options of the stage that puts a locked section back: all that it holds, so that a re-roll of the others leaves it as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import symusic

from music.bars import bar_grid
from music.chords import NO_CHORD, ChordSpan, chord_at, chord_spans
from music.edit_notes import MAX_EDITED
from music.errors import StudioError
from music.piece import Piece
from pipelines.options.checks import Check, settle
from pipelines.options.edit import MAX_WORDS
from pipelines.rearrange import Form

_MAX_NAME = 80  # letters of a section's or a track's name


@dataclass(frozen=True)
class KeptOptions:
    """A section of a song with all that is played in it. Times are ticks from its beginning.

    Attributes:
        section: its number, counted from 0, intro and ending included.
        name: of it.
        length: in ticks.
        quarter: ticks of a quarter note.
        tracks: ``(name, program, is_drum)`` of those who play in it.
        notes: ``(track, time, duration, pitch, velocity)``, tracks counted from 0 among these.
        chords: ``(time, name)`` of its chord symbols.
        lyrics: ``(track, time, text)`` of its words.
        words: what was kept in a few words, such as "kept the second Chorus".
    """

    section: int = 0
    name: str = "A"
    length: int = 1920
    quarter: int = 480
    tracks: tuple[tuple[str, int, bool], ...] = ()
    notes: tuple[tuple[int, int, int, int, int], ...] = ()
    chords: tuple[tuple[int, str], ...] = ()
    lyrics: tuple[tuple[int, int, str], ...] = ()
    words: str = ""

    def __post_init__(self) -> None:
        settle(self, _checks, notes=_check_note, chords=_check_event, tracks=_check_track, lyrics=_check_lyric)


def _checks(o: KeptOptions) -> list[Check]:
    """Returns what may be wrong with a section that is kept, whatever the song."""
    players = range(len(o.tracks))
    return [
        (
            o.section < 0 or o.length < 1 or o.quarter < 1,
            "A section has a number and a length. Choose one of the song.",
        ),
        (len(o.name) > _MAX_NAME or len(o.words) > MAX_WORDS, "The names are too long. Use shorter ones."),
        (len(o.notes) > MAX_EDITED, f"More than {MAX_EDITED:,} notes cannot be kept. Lock a shorter section."),
        (
            any(note[0] not in players for note in o.notes) or any(each[0] not in players for each in o.lyrics),
            "A note that is kept has no player. Take a recipe that was not edited.",
        ),
    ]


def kept_section(piece: Piece, number: int) -> KeptOptions:
    """Returns a section of a song, counted from 0, with all that is played in it."""
    form, score = Form(piece.score), piece.score
    name, first, last = form.sections[number]
    bars = bar_grid(score)
    start, stop = bars[first].start, bars[last - 1].end
    playing = [n for n, track in enumerate(score.tracks) if any(start <= note.time < stop for note in track.notes)]
    notes = [
        (place, note.time - start, note.duration, note.pitch, note.velocity)
        for place, n in enumerate(playing)
        for note in score.tracks[n].notes
        if start <= note.time < stop
    ]
    return KeptOptions(
        section=number,
        name=name,
        length=stop - start,
        quarter=score.ticks_per_quarter,
        tracks=tuple((score.tracks[n].name, score.tracks[n].program, score.tracks[n].is_drum) for n in playing),
        notes=tuple(notes),
        chords=tuple(_chords(score, start, stop, bars[-1].end)),
        lyrics=tuple(
            (place, event.time - start, event.text)
            for place, n in enumerate(playing)
            for event in score.tracks[n].lyrics
            if start <= event.time < stop
        ),
        words=f"kept {form.name(number)}",
    )


def _chords(score: symusic.Score, start: int, stop: int, end: int) -> list[tuple[int, str]]:
    spans: list[ChordSpan] = chord_spans(score, end)
    found = [(span.start - start, span.chord.name()) for span in spans if start < span.start < stop]
    begins = chord_at(spans, start)
    return [(0, begins.name()), *found] if begins != NO_CHORD else found


def _check_track(track: Any) -> None:
    if (
        not isinstance(track, tuple)
        or len(track) != 3
        or not isinstance(track[0], str)
        or len(track[0]) > _MAX_NAME
        or type(track[1]) is not int
        or not 0 <= track[1] <= 127
        or not isinstance(track[2], bool)
    ):
        raise StudioError(f"{track!r} is no player. Take a recipe that was not edited.")


def _check_note(note: Any) -> None:
    if (
        not isinstance(note, tuple)
        or len(note) != 5
        or any(type(value) is not int or value < 0 for value in note)
        or not (note[2] >= 1 and note[3] <= 127 and 1 <= note[4] <= 127)
    ):
        raise StudioError(f"{note!r} is no note. Take a recipe that was not edited.")


def _check_event(event: Any) -> None:
    if not isinstance(event, tuple) or len(event) != 2 or type(event[0]) is not int or not isinstance(event[1], str):
        raise StudioError(f"{event!r} is no chord at a time. Take a recipe that was not edited.")


def _check_lyric(event: Any) -> None:
    if not isinstance(event, tuple) or len(event) != 3 or type(event[0]) is not int:
        raise StudioError(f"{event!r} is no syllable at a time. Take a recipe that was not edited.")
    _check_event(event[1:])
