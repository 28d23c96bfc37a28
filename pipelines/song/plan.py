"""What a song is to be, and the plan that makes it: a list of stages, each a pipeline and its options.

A ``brief.Brief`` says what is wanted in a musician's terms; ``planning.plan_song`` makes a plan of it. Imports no model, so
pages may use it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from music.errors import StudioError
from music.instruments import parse_instrument
from music.theory import parse_key
from music.tokens.conditions import DENSITIES
from pipelines.options.checks import Check, beat_checks, choice_check, seed_check, settle, temperature_check
from pipelines.options.rearrange import RearrangeOptions
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.options.values import fits, from_mapping, to_mapping
from pipelines.song.again_options import AgainOptions
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import Brief
from pipelines.song.kept_options import KeptOptions
from pipelines.song.optional_stages import TextureOptions, WordsOptions


@dataclass(frozen=True)
class ThemeOptions:
    """The themes of a song: one melody a section that is not a return of another, one after the other.

    Attributes:
        sections: their names, such as ("A", "B") or ("Verse", "Chorus").
        bars: how many bars each has.
        lead: who plays the melody, by name.
        key: such as "D minor".
        tempo_bpm: quarter notes a minute.
        time_signature: such as "3/4".
        genre: one of GENRES, or None.
        density: one of DENSITIES, or None.
        lines: for each section the stresses of the lines of text that are sung to it first, such as "01010101/010101"; none
            where there are no words.
        drafts: how many openings are written to choose from.
        temperature: how adventurous.
        seed: the same seed gives the same notes.
        checkpoint: of the pipeline Generate.
    """

    sections: tuple[str, ...] = ("A", "B")
    bars: int = 8
    lead: str = "Flute"
    key: str = "C major"
    tempo_bpm: float = 100.0
    time_signature: str = "4/4"
    genre: str | None = None
    density: str | None = None
    lines: tuple[str, ...] = ()
    drafts: int = 8
    temperature: float = 0.85
    seed: int = 0
    checkpoint: str = "generate-small"

    def __post_init__(self) -> None:
        settle(self, _theme_checks, key=parse_key, lead=parse_instrument)


def _theme_checks(o: ThemeOptions) -> list[Check]:
    """Returns what may be wrong with options of the stage theme."""
    return [
        (not 1 <= len(o.sections) <= 12, f"{len(o.sections)} themes cannot be written. Choose 1 to 12."),
        (len(set(o.sections)) != len(o.sections), "Two themes have the same name. Name each section once."),
        (not 1 <= o.bars <= 32, f"Themes of {o.bars} bars cannot be written. Choose 1 to 32 bars."),
        *beat_checks(o),
        choice_check("density", o.density, DENSITIES),
        (
            len(o.lines) not in (0, len(o.sections)) or not all(re.fullmatch("[01/]*", each) for each in o.lines),
            "The lines of the themes do not go with their sections. Give one text such as 0101/010 for each section.",
        ),
        (not 1 <= o.drafts <= 16, f"{o.drafts} drafts cannot be written. Choose 1 to 16."),
        temperature_check(o),
        seed_check(o),
    ]


@dataclass(frozen=True)
class SectionsOptions:
    """The melody of the whole song: its themes in the order of the form, returns varied by Remix.

    Attributes:
        form: names of sections in order; one that ends in "'" is a varied return.
        intro_bars: bars before the melody begins.
        ending_bars: bars after the last section, in which the song closes on the tonic.
        final_beats: for how many quarter notes the last note sounds; None for the whole last bar.
        amount: how much of a varied return is other than its theme, in percent of its notes.
        temperature: how adventurous the variations are.
        seed: the same seed gives the same notes.
        checkpoint: of the pipeline Remix.
    """

    form: tuple[str, ...] = ("A", "A'", "B", "A'")
    intro_bars: int = 2
    ending_bars: int = 2
    final_beats: float | None = None
    amount: float = 30.0
    temperature: float = 0.9
    seed: int = 0
    checkpoint: str = "remix-small"

    def __post_init__(self) -> None:
        settle(self, _sections_checks)


def _sections_checks(o: SectionsOptions) -> list[Check]:
    """Returns what may be wrong with options of the stage sections."""
    return [
        (not 1 <= len(o.form) <= 64, f"A form of {len(o.form)} sections cannot be written. Choose 1 to 64."),
        (not 0 <= o.intro_bars <= 16, f"An intro of {o.intro_bars} bars cannot be written. Choose 0 to 16."),
        (not 1 <= o.ending_bars <= 8, f"An ending of {o.ending_bars} bars cannot be written. Choose 1 to 8."),
        (
            o.final_beats is not None and o.final_beats <= 0,
            f"A last note of {o.final_beats} beats cannot be written. Give a length above 0.",
        ),
        (not 0 <= o.amount <= 100, f"An amount of {o.amount} % is out of range. Choose 0 to 100 %."),
        temperature_check(o),
        seed_check(o),
    ]


STAGES: dict[str, type] = {
    "theme": ThemeOptions,
    "sections": SectionsOptions,
    "harmony": HarmonyOptions,
    "mix": MixOptions,
    "texture": TextureOptions,
    "words": WordsOptions,
    "chords": ReharmonizeOptions,
    "again": AgainOptions,
    "kept": KeptOptions,
    "arrangement": RearrangeOptions,
}
"""What kind of options each stage takes; ``pipelines.compose`` knows how to run them."""

BY_HAND = ("chords", "again", "kept", "arrangement")
"""Stages that a song has only because somebody changed it by hand when it was finished."""

MAX_STAGES = 128
"""Of a plan: those that the studio plans, and as many changes by hand as nobody will make."""


@dataclass(frozen=True)
class Stage:
    """One step of a plan: which pipeline, a key of STAGES, and its options."""

    pipeline: str
    options: Any


@dataclass(frozen=True)
class Plan:
    """A song to be made.

    Attributes:
        brief: what was wanted.
        stages: what is done for it, in order; at most MAX_STAGES.
    """

    brief: Brief
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        if len(self.stages) > MAX_STAGES:  # else it could be written and not be read again
            raise StudioError(
                f"A song holds {MAX_STAGES} stages and changes by hand, and there is no room for another one. "
                "Download it as MIDI and go on from that."
            )

    @property
    def beats_per_bar(self) -> int:
        """Into how many shares a bar falls where chords are typed without bar lines: the upper number of its signature."""
        themes = (stage.options.time_signature for stage in self.stages if stage.pipeline == "theme")
        return _upper_number(next(themes, None))

    def with_options(self, number: int, **changes: Any) -> Plan:
        """Returns the plan with some options of one stage changed, such as its seed.

        Raises:
            StudioError: the values do not go together.
        """
        stages = list(self.stages)
        stages[number] = Stage(stages[number].pipeline, dataclasses.replace(stages[number].options, **changes))
        return dataclasses.replace(self, stages=tuple(stages))


class _StageValues(TypedDict):
    pipeline: str
    options: dict[str, Any]


class _PlanValues(TypedDict):
    brief: dict[str, Any]
    stages: list[_StageValues]


def plan_to_mapping(plan: Plan) -> dict[str, Any]:
    """Returns a plan as plain values for a recipe."""
    stages = [{"pipeline": stage.pipeline, "options": to_mapping(stage.options)} for stage in plan.stages]
    return {"brief": to_mapping(plan.brief), "stages": stages}


def plan_from_mapping(values: Mapping[str, Any]) -> Plan:
    """Returns a plan from plain values, as they stand in a recipe.

    Raises:
        StudioError: they are no plan, or hold a stage or an option that this version does not know.
    """
    if not fits(_PlanValues, values):
        raise StudioError("The recipe holds no plan of a song. Choose a recipe.json of a song folder.")
    if len(values["stages"]) > MAX_STAGES:
        raise StudioError(f"The recipe has more than {MAX_STAGES} stages. Choose a recipe.json of a song folder.")
    stages = [(stage["pipeline"], stage["options"]) for stage in values["stages"]]
    unknown = sorted({name for name, _ in stages if name not in STAGES})
    if unknown:
        raise StudioError(
            f"The recipe has stages that this version does not know: {', '.join(unknown)}. Update the studio."
        )
    beats = _upper_number(next((options.get("time_signature") for name, options in stages if name == "theme"), None))
    return Plan(
        from_mapping(Brief, values["brief"]),
        tuple(Stage(name, from_mapping(STAGES[name], options, beats)) for name, options in stages),
    )


def _upper_number(time_signature: Any) -> int:
    """Returns the upper number of a time signature such as "3/4"; 4 where it is no such text."""
    upper = time_signature.partition("/")[0] if isinstance(time_signature, str) else ""
    return int(upper) if re.fullmatch(r"[1-9][0-9]?", upper) else 4
