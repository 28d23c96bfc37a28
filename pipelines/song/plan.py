"""What a song is to be, and the plan that makes it: a list of stages, each a pipeline and its options.

A Brief says what is wanted in a musician's terms; ``pipelines.song.planning.plan_song`` makes a plan of it. Imports no model,
so pages may use it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from music.errors import StudioError
from music.instruments import PADS, parse_instrument
from music.theory import MODES, parse_key
from music.tokens.accompaniment import HARMONIES
from music.tokens.conditions import DENSITIES
from pipelines.option_values import fits, from_mapping, to_mapping
from pipelines.options import (
    MAX_PLAYERS,
    Check,
    beat_checks,
    choice_check,
    groove_check,
    seed_check,
    settle,
    temperature_check,
)
from pipelines.song.band_options import HarmonyOptions, MixOptions, check_entry

SONG_SECONDS = (10.0, 300.0)
"""The shortest and the longest song."""

FORMS = (
    "AABA", "verse-chorus", "verse-chorus-bridge", "verse-pre-chorus-chorus", "blues", "through-composed", "loop",
)  # fmt: skip
"""Forms by name; any pattern of 1 to 12 letters A to F, such as "ABAC", is one too."""

MOODS = ("happy", "sad", "dark", "calm", "energetic", "dreamy", "epic", "tense", "romantic", "playful")
TEXTURES = {"pad": "Pad 2 (warm)", "strings": "String Ensemble 2", "choir": "Choir Aahs", "organ": "Church Organ"}
"""What a texture may be of, and who plays it."""

TEXTURE_DENSITIES = ("sparse", "medium", "dense")


@dataclass(frozen=True)
class Brief:
    """What a song is to be; None and empty leave the choice to the studio, or to the sketch that it starts from.

    Attributes:
        text: the words that this was understood from, for the record.
        seconds: how long, from the first note to the end of the last; within 5 %.
        form: one of FORMS, or letters.
        tempo_bpm: quarter notes a minute.
        time_signature: such as "3/4".
        key: such as "D minor".
        mode: one of MODES, where only that is asked for.
        genre: one of GENRES.
        moods: some of MOODS.
        instruments: who plays, by name; all of them do, and nobody else, unless they are a bass or drums alone, to whom the
            usual band is added. The first that can carries the melody.
        without: who must not play, by name.
        entries: who joins later: pairs of an instrument and the bar, from 1, in which it enters.
        style: one of HARMONIES: how the melody is accompanied.
        groove: the style that the band plays, as HarmonizeOptions takes it; None: the model writes what it plays.
        texture: one of TEXTURES that lies under the song; None for none.
        seed: the same brief, sketch and checkpoints give the same notes.
    """

    text: str = ""
    seconds: float = 60.0
    form: str | None = None
    tempo_bpm: float | None = None
    time_signature: str | None = None
    key: str | None = None
    mode: str | None = None
    genre: str | None = None
    moods: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    entries: tuple[tuple[str, int], ...] = ()
    style: str | None = None
    groove: str | None = None
    texture: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        settle(
            self,
            _brief_checks,
            key=parse_key,
            instruments=parse_instrument,
            without=parse_instrument,
            entries=check_entry,
        )


def _brief_checks(o: Brief) -> list[Check]:
    """Returns what may be wrong with a brief."""
    shortest, longest = SONG_SECONDS
    both = {parse_instrument(n) for n in o.instruments if _is_known(n)} & {
        parse_instrument(n) for n in o.without if _is_known(n)
    }
    return [
        (
            not shortest <= o.seconds <= longest,
            f"A song of {o.seconds:g} seconds cannot be written. Ask for {shortest:.0f} to {longest:.0f} seconds.",
        ),
        (
            o.form is not None and not is_form(o.form),
            f"The form '{o.form}' is unknown. Choose one of {', '.join(FORMS)}, or letters such as ABAC.",
        ),
        *beat_checks(o),
        choice_check("mode", o.mode, MODES),
        (
            o.mode is not None and o.key is not None and not o.key.endswith(o.mode),
            f"The key {o.key} is not {o.mode}. Give the key alone.",
        ),
        (
            not set(o.moods) <= set(MOODS),
            f"The mood '{', '.join(set(o.moods) - set(MOODS))}' is unknown. Choose from {', '.join(MOODS)}.",
        ),
        (
            len(o.instruments) > MAX_PLAYERS,
            f"{len(o.instruments)} instruments are too many. Choose up to {MAX_PLAYERS}.",
        ),
        (bool(both), f"{_names(o, both)} is both asked for and excluded. Remove it from one of the two."),
        choice_check("style", o.style, HARMONIES),
        groove_check(o),
        choice_check("texture", o.texture, tuple(TEXTURES)),
        seed_check(o),
    ]


def _names(o: Brief, programs: set[int]) -> str:
    return ", ".join(name for name in o.instruments if _is_known(name) and parse_instrument(name) in programs)


def _is_known(name: str) -> bool:
    try:
        parse_instrument(name)
    except StudioError:
        return False
    return True


def is_form(text: str) -> bool:
    """Returns whether a text names a form."""
    return text in FORMS or re.fullmatch(r"[A-F]{1,12}", text) is not None


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


@dataclass(frozen=True)
class TextureOptions:
    """A pad under the finished song, by the audio network; only where it is asked for.

    Attributes:
        text: words that say what the song is like.
        instrument: who holds it, by name: a synthesizer pad, strings, a choir or an organ.
        density: one of TEXTURE_DENSITIES: struck with the chords and bars, with every other beat too, or with every beat.
        follow: how much the network heeds the sound of the song: 0 not at all, 0.5 as it learned to, 1 twice as much.
        temperature: how adventurous.
        seed: the same seed gives the same notes.
        checkpoint: of the pipeline Audio.
    """

    text: str = ""
    instrument: str = "Pad 2 (warm)"
    density: str = "sparse"
    follow: float = 0.5
    temperature: float = 0.8
    seed: int = 0
    checkpoint: str = "audio-small"

    def __post_init__(self) -> None:
        settle(self, _texture_checks, instrument=parse_instrument)


def _texture_checks(o: TextureOptions) -> list[Check]:
    """Returns what may be wrong with options of the stage texture."""
    return [
        (
            _is_known(o.instrument) and parse_instrument(o.instrument) not in PADS,
            f"'{o.instrument}' cannot hold a texture. Choose a pad, strings, a choir or an organ.",
        ),
        choice_check("density", o.density, TEXTURE_DENSITIES),
        (not 0 <= o.follow <= 1, f"Following by {o.follow} is out of range. Choose 0 (surprise) to 1 (stay near)."),
        temperature_check(o),
        seed_check(o),
    ]


STAGES: dict[str, type] = {
    "theme": ThemeOptions,
    "sections": SectionsOptions,
    "harmony": HarmonyOptions,
    "mix": MixOptions,
    "texture": TextureOptions,
}
"""What kind of options each stage takes; ``pipelines.compose`` knows how to run them."""

MAX_STAGES = 16
"""Of a plan that is read: three times those that the studio plans."""


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
        stages: what is done for it, in order.
    """

    brief: Brief
    stages: tuple[Stage, ...]

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
