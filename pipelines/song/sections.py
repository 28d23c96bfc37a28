"""Sections: the themes of a song in the order of its form, their returns varied by Remix, and a close on the tonic."""

from __future__ import annotations

from collections.abc import Iterator

import symusic

from checkpoints.loading import load
from music.bars import Bar, bar_grid
from music.edit import slice_bars
from music.errors import StudioError
from music.form import ENDING, INTRO, Section, bars_of, join, sections, theme_of
from music.piece import Piece
from music.theory import Key, written_key
from pipelines.contract import Step
from pipelines.options.remix import RemixOptions
from pipelines.recipes import recipe_of
from pipelines.remix import remix
from pipelines.song.plan import SectionsOptions

VERSION = "2"
_LAST_NOTE_VELOCITY = 90  # percent of the velocity before it; by ear, not measured


def lay_out(piece: Piece, options: SectionsOptions) -> Iterator[Step]:
    """Yields Steps whose piece is the melody of the whole song: intro (no melody yet), sections, ending.

    Sections of one name are the same notes. Where the model varies a return, its first and last bar stay.

    Raises:
        StudioError: the piece has no themes, or lacks one that the form names; or the checkpoint cannot be used.
    """
    checkpoint = load(options.checkpoint, task="remix")
    themes = themes_of(piece)
    missing = sorted({theme_of(name) for name in options.form} - set(themes))
    if missing:
        raise StudioError(
            f"There is no theme {', '.join(missing)} for this form. Choose from {', '.join(themes) or 'none'}, or write it first."
        )
    varied = [name for name in dict.fromkeys(options.form) if name not in themes]
    written = {name: score for name, (_, score) in themes.items()}
    total = 1.0 + len(varied)
    for number, name in enumerate(varied):
        for share, score in _vary(piece, themes[theme_of(name)][0], number, options):
            written[name] = score
            if share < 1:
                yield Step((piece.replace(score=_song(piece, options, written)),), number + share, total, "sections")
    recipe = recipe_of("sections", VERSION, options, piece, checkpoint.entry)
    yield Step((piece.with_step(_song(piece, options, written), recipe),), total, total, "sections")


def themes_of(piece: Piece) -> dict[str, tuple[Section, symusic.Score]]:
    """Returns each theme of a piece by name: where it is, and its score from tick 0 on."""
    score = piece.score
    found: dict[str, tuple[Section, symusic.Score]] = {}
    bars = bar_grid(score)
    for section in sections(score, bars[-1].end):
        if section.name not in (INTRO, ENDING):
            inside = bars_of(section, bars)
            found.setdefault(section.name, (section, slice_bars(score, inside[0], inside[-1] + 1)))
    return found


def _vary(piece: Piece, theme: Section, number: int, options: SectionsOptions) -> Iterator[tuple[float, symusic.Score]]:
    """Yields how far a variation of a theme is, and it; the first bar and the last stay, so that it is known again."""
    inside = bars_of(theme, bar_grid(piece.score))
    free = inside[1:-1] if len(inside) > 2 else inside[:1]
    wished = RemixOptions(
        change="notes",
        amount=options.amount,
        bars=tuple(free),
        stay_in_key=True,
        temperature=options.temperature,
        seed=(options.seed + 1000003 * number)
        % 2**63,  # a large prime: seeds of songs that follow each other stay apart
        checkpoint=options.checkpoint,
    )
    for step in remix(piece, wished):
        yield step.done / step.total, slice_bars(step.piece.score, inside[0], inside[-1] + 1)


def _song(piece: Piece, options: SectionsOptions, written: dict[str, symusic.Score]) -> symusic.Score:
    """Returns the melody of the song; a variation that is not written yet is its theme for the time being."""
    score, bar = piece.score, bar_grid(piece.score)[0]
    length = bar.end - bar.start
    bars = {
        name: (written[name if name in written else theme_of(name)], _bars(piece, name) * length)
        for name in options.form
    }
    parts = [(INTRO, symusic.Score(score.ticks_per_quarter), options.intro_bars * length)] if options.intro_bars else []
    parts += [(name, *bars[name]) for name in options.form]
    last = options.form[-1]
    parts.append((ENDING, _ending(*bars[last], bar, options, _key(score)), options.ending_bars * length))
    return join(parts, score)


def _bars(piece: Piece, name: str) -> int:
    """Returns how many bars the theme of a section has."""
    bars = bar_grid(piece.score)
    theme = next(section for section in sections(piece.score, bars[-1].end) if section.name == theme_of(name))
    return len(bars_of(theme, bars))


def _key(score: symusic.Score) -> Key:
    return written_key(score) or Key(0, "major")


def _ending(last: symusic.Score, length: int, bar: Bar, options: SectionsOptions, key: Key) -> symusic.Score:
    """Returns the closing bars: the end of the last section once more, as far as there is room, and then the tonic."""
    whole, final = bar.end - bar.start, (options.ending_bars - 1) * (bar.end - bar.start)
    out = slice_bars(last, 0, 0)
    notes = sorted(last.tracks[0].notes, key=lambda note: note.start)
    # The last bar of a section rests; what leads there, at most two bars of it, is heard once more. Two by ear, not measured.
    tag_bars = min(options.ending_bars - 1, 2, length // whole - 1)
    since, until = length - (tag_bars + 1) * whole, length - whole
    at = final - (until - since)
    tag = [note for note in notes if since <= note.start < until]
    track = out.tracks[0]
    for note in tag:
        track.notes.append(
            symusic.Note(note.start - since + at, min(note.duration, until - note.start), note.pitch, note.velocity)
        )
    before = tag[-1] if tag else notes[-1] if notes else symusic.Note(0, 1, 72, 80)
    pitch = min(
        (p for p in range(max(0, before.pitch - 11), min(128, before.pitch + 12)) if p % 12 == key.tonic),
        key=lambda p: (abs(p - before.pitch), p),
    )
    beats = options.final_beats
    lasts = whole if beats is None else min(whole, max(1, round(beats * last.ticks_per_quarter)))
    track.notes.append(symusic.Note(final, lasts, pitch, max(1, before.velocity * _LAST_NOTE_VELOCITY // 100)))
    return out
