"""Kept: a section that was locked comes back as it was, note for note, after the stages before it were written anew."""

from __future__ import annotations

from collections.abc import Iterator

import symusic

from music.bars import bar_grid
from music.chord_symbols.bars import replace_chords
from music.chords import ChordSpan, parse_chord
from music.edit import NewNote, add_track, graft
from music.piece import Piece
from music.theory import written_key
from pipelines.contract import Step
from pipelines.rearrange import Form
from pipelines.recipes import recipe_of
from pipelines.song.kept_options import KeptOptions

VERSION = "2"


def keep_section(piece: Piece, options: KeptOptions) -> Iterator[Step]:
    """Yields Steps; the last one has the piece with the section put back.

    Where the song has no such section any more, or one of another length, it stays as it is, and a remark says so.

    Raises:
        StudioError: a chord of the section is none.
    """
    yield Step((piece,), 0.0, 1.0, "sections")
    sections, bars = Form(piece.score).sections, bar_grid(piece.score)
    recipe = recipe_of("kept", VERSION, options, piece)
    if options.section < len(sections):
        name, first, last = sections[options.section]
        start, stop = bars[first].start, bars[last - 1].end
        if (name, stop - start, piece.score.ticks_per_quarter) == (options.name, options.length, options.quarter):
            score = _with_section(piece.score, options, start, stop, bars[-1].end)
            yield Step((piece.with_step(score, recipe),), 1.0, 1.0, "sections")
            return
    remark = f"The locked section {options.name} has no place of its length in this song now. It was written anew."
    yield Step((piece.with_step(piece.score.copy(), recipe),), 1.0, 1.0, "sections", (remark,))


def _with_section(score: symusic.Score, options: KeptOptions, start: int, stop: int, end: int) -> symusic.Score:
    """Returns a score with what a section holds in its place.

    What rings into it on the same key ends where it begins, and what rings out of it where that key is struck again.
    """
    out, of = _with_players(score, options)
    new: list[NewNote] = [
        (of[track], start + time, length, pitch, velocity) for track, time, length, pitch, velocity in options.notes
    ]
    struck = {(track, pitch) for track, _, _, pitch, _ in new}
    gone = set()
    for number, track in enumerate(out.tracks):
        for place, note in enumerate(track.notes):
            rings = note.time < start < note.end and (number, note.pitch) in struck
            if start <= note.time < stop or rings:
                gone.add((number, place))
            if rings:
                new.append((number, note.time, start - note.time, note.pitch, note.velocity))
    out = graft(out, [_until_struck(note, out.tracks[note[0]], stop) for note in new], gone)
    ends = [*(time for time, _ in options.chords[1:]), options.length]
    spans = [
        ChordSpan(start + time, start + stop_, parse_chord(name)) for (time, name), stop_ in zip(options.chords, ends)
    ]
    out = replace_chords(out, [(start, stop)], spans, written_key(score), end)
    for number, track in enumerate(out.tracks):
        own = [symusic.TextMeta(start + time, text) for place, time, text in options.lyrics if of[place] == number]
        others = [event for event in track.lyrics if not start <= event.time < stop]
        if own or len(others) < len(track.lyrics):
            track.lyrics = sorted([*others, *own], key=lambda event: event.time)
    return out


def _until_struck(note: NewNote, track: symusic.Track, since: int) -> NewNote:
    """Returns a note that ends where a track strikes its key again, at this tick or later."""
    number, time, duration, pitch, velocity = note
    strikes = (each.time for each in track.notes if each.pitch == pitch and since <= each.time < time + duration)
    return (
        (number, time, min(strikes, default=time + duration) - time, pitch, velocity)
        if since < time + duration
        else note
    )


def _with_players(score: symusic.Score, options: KeptOptions) -> tuple[symusic.Score, list[int]]:
    """Returns a score in which all play that the section needs, and the track of each."""
    out, of = score.copy(), list[int]()
    for name, program, is_drum in options.tracks:
        same = [
            n
            for n, track in enumerate(out.tracks)
            if n not in of and track.is_drum == is_drum and (is_drum or track.program == program)
        ]
        named = [n for n in same if out.tracks[n].name == name]
        if not same:
            same = [len(out.tracks)]
            out = add_track(out, program, is_drum, name)
        of.append((named or same)[0])
    return out, of
