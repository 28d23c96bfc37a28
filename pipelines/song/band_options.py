"""Options of the stages of a song that are about its band: harmony and mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from music.arranging.course import COURSES
from music.arranging.idioms import IDIOMS
from music.arranging.swing import FEELS
from music.chords import ChordNames
from music.errors import StudioError
from music.instruments import parse_instrument
from music.tokens.accompaniment import COMPLEXITIES, HARMONIES
from pipelines.options.checks import (
    Check,
    check_chords,
    choice_check,
    groove_check,
    seed_check,
    settle,
    temperature_check,
)
from pipelines.options.harmonize import MAX_PLAYERS


@dataclass(frozen=True)
class HarmonyOptions:
    """The accompaniment of the whole song, by Harmonize.

    Attributes:
        style: one of HARMONIES.
        instruments: who accompanies, by name, as HarmonizeOptions takes them; empty for the style's own.
        chords: a progression for every theme, as HarmonizeOptions takes it; empty: the model chooses.
        complexity: one of COMPLEXITIES.
        idiom: how chords are used, as HarmonizeOptions takes it.
        groove: what the players play, as HarmonizeOptions takes it.
        temperature: how adventurous.
        seed: the same seed gives the same notes.
        checkpoint: of the pipeline Harmonize.
    """

    style: str = "band"
    instruments: tuple[str, ...] = ()
    chords: ChordNames = ()
    complexity: str = "medium"
    idiom: str | None = None
    groove: str | None = None
    temperature: float = 0.9
    seed: int = 0
    checkpoint: str = "harmonize-small"

    def __post_init__(self) -> None:
        settle(self, _harmony_checks, chords=check_chords, instruments=parse_instrument)


def _harmony_checks(o: HarmonyOptions) -> list[Check]:
    """Returns what may be wrong with options of the stage harmony."""
    return [
        choice_check("style", o.style, HARMONIES),
        choice_check("complexity", o.complexity, COMPLEXITIES),
        choice_check("idiom", o.idiom, tuple(IDIOMS)),
        groove_check(o),
        (
            len(o.instruments) > MAX_PLAYERS,
            f"{len(o.instruments)} instruments are too many. Choose up to {MAX_PLAYERS}.",
        ),
        temperature_check(o),
        seed_check(o),
    ]


@dataclass(frozen=True)
class MixOptions:
    """How the sections of a song follow each other, and who is how loud; no model, only rules.

    Attributes:
        dynamics: how much the sections differ in loudness, in percent; 0 leaves all as it was written.
        layers: whether players join one after the other, instead of all playing all the time.
        groove: whether drums and bass keep to the section's own pattern instead of changing it in each bar.
        swing: whether all play swung eighths where the drums do.
        feel: one of FEELS: whether all eighths are to swing, if ``swing`` lets them, or none are, whoever plays; None: as the drums do.
        course: some of COURSES, how the song changes from its beginning to its end.
        pickup: quarter notes of an upbeat before the first section; an intro of one bar is then silent but for it. 0 for none.
        drop: the bar, from 1, that a break leads to and with which all come in; 0 for none.
        fade: bars of the end over which all fade out; 0 for none.
        clear: whether chords that would cover the melody move below it.
        fills: whether drums and bass lead over each seam.
        ritardando: whether the last bar slows down.
        entries: who joins later, as Brief.entries.
        seed: which of the possible fills.
    """

    dynamics: float = 60.0
    layers: bool = True
    groove: bool = True
    swing: bool = True
    feel: str | None = None
    course: tuple[str, ...] = ()
    pickup: float = 0.0
    drop: int = 0
    fade: int = 0
    clear: bool = True
    fills: bool = True
    ritardando: bool = False
    entries: tuple[tuple[str, int], ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        settle(
            self,
            lambda o: [
                (not 0 <= o.dynamics <= 100, f"Dynamics of {o.dynamics} % are out of range. Choose 0 to 100 %."),
                choice_check("feel", o.feel, FEELS),
                *(choice_check("course", course, COURSES) for course in o.course),
                (not 0 <= o.pickup <= 4, f"An upbeat of {o.pickup} quarter notes cannot be written. Choose 0 to 4."),
                (o.drop < 0, f"There is no bar {o.drop}. Bars of a drop are counted from 1."),
                (o.fade < 0, f"A fade of {o.fade} bars cannot be. Choose 0 or more."),
                seed_check(o),
            ],
            entries=check_entry,
        )


def check_entry(pair: Any) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str) or type(pair[1]) is not int:
        raise StudioError(f"{pair!r} names no player and bar. Give a pair such as ('drums', 5).")
    parse_instrument(pair[0])
    if pair[1] < 1:
        raise StudioError(f"There is no bar {pair[1]}. Bars of entries are counted from 1.")
