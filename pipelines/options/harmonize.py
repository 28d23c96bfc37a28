"""The options of Harmonize."""

from __future__ import annotations

from dataclasses import dataclass

from music.arranging.idioms import IDIOMS, Idiom, idiom_of
from music.chords import ChordNames
from music.errors import StudioError
from music.instruments import DRUMS, parse_instrument
from music.theory import parse_key
from music.tokens.accompaniment import COMPLEXITIES, HARMONIES
from pipelines.options.checks import (
    Check,
    check_bar,
    check_chords,
    check_note,
    choice_check,
    groove_check,
    sampling_checks,
    settle,
)

MAX_PLAYERS = 8


@dataclass(frozen=True)
class HarmonizeOptions:
    """What accompanies a melody, and how freely.

    Attributes:
        style: one of HARMONIES: block chords, a bass line, a piano part, a whole band, or alto, tenor and bass.
        melody: the melody's track, counted from 0; None lets ``music.analysis.melody.find_melody`` choose.
        chords: a progression, the names of each bar's chords, which share it evenly: (("Am",), ("F", "G")). It begins with the
            first bar that is written and is repeated to the end; empty: the model chooses.
        key: such as "D minor"; None for the key that the score writes, else the one it sounds in.
        bars: which bars, counted from 0, of a piece that was harmonized before to do again; empty for all.
        lock_notes: notes of the input, ``(track, note)`` counted from 0, that stay as they are, on whichever track they are.
        complexity: one of COMPLEXITIES: triads; sevenths too; secondary dominants and extended chords too.
        idiom: how chords are used, a key of ``music.arranging.idioms.IDIOMS``, such as "jazz"; None: as the groove uses them.
        groove: a style of ``music.arranging.grooves``, such as "bossa nova", whose patterns bass, piano or band play over the
            chords; None: the model writes what they play.
        instruments: who accompanies, by name: one for chords, bass and piano, one or three for a chorale, up to
            MAX_PLAYERS for a band; empty for the style's own.
        temperature: how adventurous in all; 1 is as the music it learned from, 0 always takes the likeliest.
        temperature_notes: factor on temperature for pitches.
        temperature_rhythm: factor on temperature for onsets and durations.
        top_p: keep the likeliest choices that together have this probability.
        top_k: keep at most this many choices; 0 for no limit.
        seed: the same seed, options, input and checkpoint give the same notes.
        variants: how many versions to write at once.
        checkpoint: name of the model in the checkpoint registry.
    """

    style: str = "chords"
    melody: int | None = None
    chords: ChordNames = ()
    key: str | None = None
    bars: tuple[int, ...] = ()
    lock_notes: tuple[tuple[int, int], ...] = ()
    complexity: str = "medium"
    idiom: str | None = None
    groove: str | None = None
    instruments: tuple[str, ...] = ()
    temperature: float = 0.9
    temperature_notes: float = 1.0
    temperature_rhythm: float = 1.0
    top_p: float = 0.9
    top_k: int = 0
    seed: int = 0
    variants: int = 1
    checkpoint: str = "harmonize-small"

    @property
    def usage(self) -> Idiom:
        """How chords are used."""
        return IDIOMS[self.idiom or idiom_of(self.groove) or "plain"]

    def __post_init__(self) -> None:
        player = parse_instrument if self.style == "band" else _pitched
        texts = {"chords": check_chords, "key": parse_key, "bars": check_bar, "lock_notes": check_note}
        settle(self, _harmonize_checks, **texts, instruments=player)


def _harmonize_checks(o: HarmonizeOptions) -> list[Check]:
    """Returns what may be wrong with options of Harmonize."""
    players = len(o.instruments)
    return [
        choice_check("style", o.style, HARMONIES),
        (o.melody is not None and o.melody < 0, "Tracks are counted from 0. Choose a melody track that the piece has."),
        choice_check("complexity", o.complexity, COMPLEXITIES),
        choice_check("idiom", o.idiom, tuple(IDIOMS)),
        groove_check(o),
        (
            o.groove is not None and o.style in ("chords", "chorale"),
            f"A groove needs players, and {o.style} has none who play one. Choose the style band, piano or bass.",
        ),
        (
            o.style in ("chords", "bass", "piano") and players > 1,
            f"{players} instruments are too many for {o.style}. Choose one, or the style band.",
        ),
        (
            o.style == "chorale" and players not in (0, 1, 3),
            f"{players} instruments do not fit alto, tenor and bass. Choose one for all three, or three.",
        ),
        (
            o.style == "band" and players > MAX_PLAYERS,
            f"{players} instruments are too many for a band. Choose up to {MAX_PLAYERS}.",
        ),
        *sampling_checks(o, "notes", "rhythm"),
    ]


def _pitched(text: str) -> int:
    """Returns the program of an instrument that is not the drums."""
    program = parse_instrument(text)
    if program == DRUMS:
        raise StudioError("Drums play only in a band. Choose the style band, or an instrument with pitches.")
    return program
