"""The stanzas of a song that nobody typed: how many there are, and the language model that writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from music.piece import Piece
from music.words.verses import BRIDGE, CHORUS, PRE_CHORUS, VERSE, Stanza, read_stanzas, roles_of
from pipelines.options.lyrics import LyricsOptions
from pipelines.song.optional_stages import WordsOptions

MOST_VERSES = 3
"""That are written; a song with more verse sections sings them again."""


def stanzas_for(options: WordsOptions, sections: Sequence[str]) -> tuple[Stanza, ...]:
    """Returns the stanzas of a song, without lines where they are still to be written.

    Args:
        options: with lyrics, or with what they are about.
        sections: names in order.
    """
    if options.text.strip():
        return read_stanzas(options.text)
    roles = roles_of(sections)
    verses = min(MOST_VERSES, max(1, roles.count(VERSE)))
    named = [(VERSE, f"{VERSE} {number}") for number in range(1, verses + 1)]
    chorus = [(CHORUS, CHORUS)] if {CHORUS, BRIDGE} & set(roles) else []
    led = [(PRE_CHORUS, PRE_CHORUS)] if PRE_CHORUS in roles and chorus else []
    return tuple(Stanza(kind, name, ()) for kind, name in (*named[:1], *led, *chorus, *named[1:]))


class Written(NamedTuple):
    """Stanzas while those that nobody typed are written.

    Attributes:
        share: how much of the work is done.
        stanzas: as they are now.
        model: the checkpoint that writes, as a recipe names it; {} until it is done.
        remarks: what the user should know.
    """

    share: float
    stanzas: tuple[Stanza, ...]
    model: Mapping[str, Any] = {}
    remarks: tuple[str, ...] = ()


def write_stanzas(stanzas: Sequence[Stanza], options: WordsOptions) -> Iterator[Written]:
    """Yields the stanzas of a song as they are written; at once where all of them are typed.

    Raises:
        StudioError: what they are about is of no known word, or the checkpoint cannot be used.
    """
    missing = [stanza for stanza in stanzas if not stanza.lines]
    if not missing:
        yield Written(1.0, tuple(stanzas))
        return
    from pipelines.lyrics import write_lyrics  # heavy: only where words are written

    asked = lyrics_options(missing, options)
    for step in write_lyrics(Piece.empty(), asked):
        done, now = step.done >= step.total, _filled(stanzas, step.piece.lyrics, asked.chorus)
        yield Written(step.done / step.total, now, step.piece.history[-1]["checkpoint"] if done else {}, step.remarks)


def lyrics_options(missing: Sequence[Stanza], options: WordsOptions) -> LyricsOptions:
    """Returns what is asked of the pipeline Lyrics for so many stanzas."""
    others = [stanza for stanza in missing if stanza.kind not in (VERSE, PRE_CHORUS)]
    return LyricsOptions(
        text=options.about,
        verses=max(1, len(missing) - bool(others)),
        chorus=bool(others),
        lines=options.lines,
        rhyme=options.rhyme,
        syllables=options.syllables,
        mood=options.mood,
        seed=options.seed,
        checkpoint=options.checkpoint,
    )


def _filled(stanzas: Sequence[Stanza], lyrics: Sequence[str], has_chorus: bool) -> tuple[Stanza, ...]:
    """Returns stanzas with the lines that are written so far, verses in order; a chorus stands behind the first verse."""
    written = [tuple(block.split("\n")) for block in "\n".join(lyrics).split("\n\n") if block]
    chorus = written[1:2] if has_chorus else []
    verses = [block for block in written if block not in chorus]
    filled = []
    for stanza in stanzas:
        source = verses if stanza.kind in (VERSE, PRE_CHORUS) or not chorus else chorus
        lines = stanza.lines or (source.pop(0) if source else ())
        filled.append(stanza._replace(lines=lines))
    return tuple(filled)
