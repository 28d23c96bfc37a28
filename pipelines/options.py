"""Options of the pipelines: frozen, plain values, checked in one place. Imports no model, so pages may use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from music.arranging.grooves import grooves
from music.chords import parse_chord
from music.errors import StudioError
from music.instruments import parse_instrument
from music.styles import STYLES
from music.theory import parse_key
from music.tokens.conditions import DENSITIES, GENRES

MAX_BARS = 256
MAX_SECONDS = 600.0
MAX_VARIANTS = 8
MAX_MEMORY = 1024
TEMPO_RANGE_BPM = (20.0, 300.0)
TIME_SIGNATURES = (
    "4/4", "3/4", "2/4", "6/8", "2/2", "5/4", "6/4", "3/8", "9/8", "12/8", "5/8", "7/8", "7/4", "3/2", "4/2",
)  # fmt: skip

Check = tuple[bool, str]
"""Whether something is wrong with options, and the sentences to say then."""


@dataclass(frozen=True)
class GenerateOptions:
    """What to write, and how freely.

    Attributes:
        bars: how many new bars to write. Exactly one of bars and seconds is set.
        seconds: how many seconds of new music to write, at least 1.
        keep_bars: continue after this bar of the input; None keeps all of it.
        tempo_bpm: quarter notes a minute; None follows the input, or lets the model choose.
        time_signature: such as "3/4"; None follows the input, or lets the model choose.
        key: such as "D minor"; None follows the input, or lets the model choose.
        stay_in_key: allow only notes of the key's scale (drums are free).
        genre: one of GENRES, or None for any.
        style: one of STYLES, of this genre where both are given, or None for any.
        instruments: the only instruments that new notes may use, by name; empty for those of the input, or any.
        density: one of DENSITIES, or None for any.
        monophonic: write one note at a time, as a melody; then at most one instrument may be asked for.
        temperature: how adventurous in all; 1 is as the music it learned from, 0 always takes the likeliest.
        temperature_notes: factor on temperature for pitches.
        temperature_durations: factor on temperature for rhythm: bar steps, positions and durations.
        temperature_instruments: factor on temperature for the choice of instrument.
        top_p: keep the likeliest choices that together have this probability.
        top_k: keep at most this many choices; 0 for no limit.
        novelty: how much is new: 0 sticks to its ideas, 1 is always new, 0.5 repeats as often as real music of the genre does.
        guidance: how much to stress genre, key and density; 0 for no more than the model does by itself.
        memory: how many past notes the model remembers.
        seed: the same seed, options, input and checkpoint give the same notes.
        variants: how many versions to write at once.
        lock_notes: notes of the input, ``(track, note)`` counted from 0, that stay as they are, in what is written anew too.
        checkpoint: name of the model in the checkpoint registry.
    """

    bars: int | None = 16
    seconds: float | None = None
    keep_bars: int | None = None
    tempo_bpm: float | None = None
    time_signature: str | None = None
    key: str | None = None
    stay_in_key: bool = False
    genre: str | None = None
    style: str | None = None
    instruments: tuple[str, ...] = ()
    density: str | None = None
    monophonic: bool = False
    temperature: float = 1.0
    temperature_notes: float = 1.0
    temperature_durations: float = 1.0
    temperature_instruments: float = 1.0
    top_p: float = 0.95
    top_k: int = 0
    novelty: float = 0.5
    guidance: float = 0.0
    memory: int = 128
    seed: int = 0
    variants: int = 1
    lock_notes: tuple[tuple[int, int], ...] = ()
    checkpoint: str = "generate-small"

    def __post_init__(self) -> None:
        settle(self, _generate_checks, key=parse_key, instruments=parse_instrument, lock_notes=check_note)


def _generate_checks(o: GenerateOptions) -> list[Check]:
    """Returns what may be wrong with options of Generate."""
    return [
        ((o.bars is None) == (o.seconds is None), "The length must be given once. Set either bars or seconds."),
        (
            o.bars is not None and not 1 <= o.bars <= MAX_BARS,
            f"{o.bars} bars cannot be written. Ask for 1 to {MAX_BARS} bars.",
        ),
        (
            o.seconds is not None and not 1 <= o.seconds <= MAX_SECONDS,
            f"{o.seconds} seconds cannot be written. Ask for 1 to {MAX_SECONDS:.0f} seconds.",
        ),
        (
            o.keep_bars is not None and o.keep_bars < 0,
            f"{o.keep_bars} bars cannot be kept. Give the number of bars of the input to keep, from 0.",
        ),
        *beat_checks(o),
        choice_check("style", o.style, tuple(STYLES)),
        (
            o.genre in GENRES and STYLES.get(o.style or "", o.genre) not in (None, o.genre),
            f"The style '{o.style}' is not of the genre '{o.genre}'. Choose a style of that genre, or leave the genre out.",
        ),
        choice_check("density", o.density, DENSITIES),
        (
            o.monophonic and len(o.instruments) > 1,
            f"{len(o.instruments)} instruments cannot play one melody. Choose one, or allow several notes at a time.",
        ),
        *sampling_checks(o, "notes", "durations", "instruments"),
        (not 0 <= o.memory <= MAX_MEMORY, f"A memory of {o.memory} notes is out of range. Choose 0 to {MAX_MEMORY}."),
        (
            not 0 <= o.novelty <= 1,
            f"A novelty of {o.novelty} is out of range. Choose 0 (sticks to its ideas) to 1 (always new).",
        ),
        (not 0 <= o.guidance <= 4, f"A guidance of {o.guidance} is out of range. Choose 0 to 4."),
        (
            o.stay_in_key and o.key is None and o.keep_bars == 0,
            "There is no key to stay in. Choose a key, or switch 'stay in key' off.",
        ),
    ]


CHANGES = ("notes", "rhythm", "velocity", "instruments", "everything")
MAX_PASSES = 32


@dataclass(frozen=True)
class RemixOptions:
    """What of a piece to write anew, and how freely.

    Attributes:
        change: one of CHANGES: pitches; onsets and durations; loudness; who plays; or all of a part but its instrument.
        amount: how much of the selection changes, in percent: of the notes of each bar, or (instruments) of the tracks.
        bars: which bars, counted from 0 as tracks are; empty for all.
        tracks: which tracks, counted from 0; empty for all.
        lock: tracks that stay as they are, whatever is selected.
        lock_notes: notes that do, ``(track, note)`` counted from 0.
        keep_a_bar: leave at least one of the selected bars as it is.
        instruments: tracks that another instrument is to play in the selected bars: (track, instrument's name).
        stay_in_key: write only notes of the key's scale (drums are free).
        passes: in how many goes a model fills in what it rewrites: more fit together better and take longer.
        temperature: how adventurous in all; 1 is as the music it learned from, 0 always takes the likeliest.
        temperature_notes: factor on temperature for pitches.
        temperature_rhythm: factor on temperature for onsets and durations.
        temperature_velocity: factor on temperature for loudness.
        temperature_instruments: factor on temperature for the choice of instrument.
        top_p: keep the likeliest choices that together have this probability.
        top_k: keep at most this many choices; 0 for no limit.
        seed: the same seed, options, input and checkpoint give the same notes.
        variants: how many versions to write at once.
        checkpoint: name of the model in the checkpoint registry.
    """

    change: str = "notes"
    amount: float = 60.0
    bars: tuple[int, ...] = ()
    tracks: tuple[int, ...] = ()
    lock: tuple[int, ...] = ()
    lock_notes: tuple[tuple[int, int], ...] = ()
    keep_a_bar: bool = False
    instruments: tuple[tuple[int, str], ...] = ()
    stay_in_key: bool = False
    passes: int = 8
    temperature: float = 0.9
    temperature_notes: float = 1.0
    temperature_rhythm: float = 1.0
    temperature_velocity: float = 1.0
    temperature_instruments: float = 1.0
    top_p: float = 0.9
    top_k: int = 0
    seed: int = 0
    variants: int = 1
    checkpoint: str = "remix-small"

    def __post_init__(self) -> None:
        settle(self, _remix_checks, bars=check_bar, instruments=_check_track_instrument, lock_notes=check_note)


def _remix_checks(o: RemixOptions) -> list[Check]:
    """Returns what may be wrong with options of Remix."""
    return [
        (o.change not in CHANGES, f"'{o.change}' cannot be changed. Choose one of {', '.join(CHANGES)}."),
        (not 0 <= o.amount <= 100, f"An amount of {o.amount} % is out of range. Choose 0 to 100 %."),
        (
            any(type(track) is not int or track < 0 for track in o.tracks + o.lock),
            "Tracks are counted from 0. Choose tracks that the piece has.",
        ),
        (
            not 1 <= o.passes <= MAX_PASSES,
            f"{o.passes} passes are out of range. Choose 1 (fast) to {MAX_PASSES} (thorough).",
        ),
        *sampling_checks(o, "notes", "rhythm", "velocity", "instruments"),
    ]


MAX_PLAYERS = 8


HEARINGS = ("auto", "hum", "many")
GRIDS = {"1/4": 1, "1/8": 2, "1/12": 3, "1/16": 4, "1/24": 6, "1/32": 8, "none": None}
"""Names of grids, and the parts into which each cuts a quarter note; "none" leaves notes as they were played."""

MAX_TITLE = 200


@dataclass(frozen=True)
class TranscribeOptions:
    """How sound is written down.

    Attributes:
        mode: one of HEARINGS: one voice that hums, sings, whistles or plays; several notes at a time; or what is heard of the two.
        tempo_bpm: quarter notes a minute, of even beats; None finds the beats, which may waver.
        time_signature: such as "3/4"; None finds it.
        key: such as "D minor", to be written; None finds it.
        grid: one of GRIDS, on which notes begin and end.
        title: of the piece, as a rule the file's name.
        checkpoint: name of the model that hears several notes at a time, in the checkpoint registry.
    """

    mode: str = "auto"
    tempo_bpm: float | None = None
    time_signature: str | None = None
    key: str | None = None
    grid: str = "1/16"
    title: str = ""
    checkpoint: str = "basic-pitch"

    def __post_init__(self) -> None:
        settle(self, _transcribe_checks, key=parse_key)


def _transcribe_checks(o: TranscribeOptions) -> list[Check]:
    """Returns what may be wrong with options of Transcribe."""
    return [
        choice_check("mode", o.mode, HEARINGS),
        *bar_checks(o),
        choice_check("grid", o.grid, tuple(GRIDS)),
        (len(o.title) > MAX_TITLE, f"The title is longer than {MAX_TITLE} letters. Choose a shorter one."),
    ]


def check_bar(bar: Any) -> None:
    if not isinstance(bar, int) or isinstance(bar, bool) or bar < 0:
        raise StudioError(f"There is no bar {bar!r}. Give bars as numbers, counted from 0.")


def check_chords(names: Any) -> None:
    """Makes sure that names are the chords of one bar.

    Raises:
        StudioError: they are not.
    """
    if (
        not isinstance(names, tuple)
        or not names
        or not all(isinstance(name, str) and name.isprintable() for name in names)
    ):
        raise StudioError(f"{names!r} is no bar of chords. Give the names of its chords, such as ('Am', 'F').")
    for name in names:
        parse_chord(name)


def check_note(place: Any) -> None:
    if not isinstance(place, tuple) or len(place) != 2 or any(type(each) is not int or each < 0 for each in place):
        raise StudioError(f"{place!r} names no note. Give its track and its number there, both counted from 0.")


def _check_track_instrument(pair: Any) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2 or type(pair[0]) is not int or not isinstance(pair[1], str):
        raise StudioError(f"{pair!r} names no track and instrument. Give a pair such as (0, 'violin').")
    if pair[0] < 0:
        raise StudioError(f"There is no track {pair[0]}. Tracks are counted from 0.")
    parse_instrument(pair[1])


def settle(options: Any, checks: Callable[[Any], list[Check]], **readers: Callable[[str], Any]) -> None:
    """Makes tuples of the options' lists and whole letters of their texts, and makes sure that all is well.

    Args:
        options: fresh from its caller.
        checks: gives its checks.
        readers: for an option, or for each value of one that holds several, what must be able to read it.

    Raises:
        StudioError: all that is wrong.
    """
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if isinstance(value, str):  # halves of letters, as a file's name may have, cannot be written down
            object.__setattr__(options, field.name, value.encode("utf-8", "replace").decode())
        if isinstance(field.default, tuple):
            if isinstance(value, str):
                raise StudioError(f"The option {field.name} is not a text such as '{value}'. Give a list of values.")
            object.__setattr__(options, field.name, _as_tuple(value))
    problems = [text for bad, text in checks(options) if bad]
    for name, parse in readers.items():
        value = getattr(options, name)
        for text in value if isinstance(value, tuple) else [value] if value else []:
            try:
                parse(text)
            except StudioError as error:
                problems.append(str(error))
    if problems:
        raise StudioError(" ".join(dict.fromkeys(problems)))


def _as_tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_as_tuple(value) if isinstance(value, (list, tuple)) else value for value in values)


def sampling_checks(o: Any, *fields: str) -> list[Check]:
    """Returns what may be wrong with options of sampling, with a temperature for each of these fields."""
    return [
        *(temperature_check(o, name) for name in ("temperature", *(f"temperature_{field}" for field in fields))),
        (not 0 < o.top_p <= 1, f"A top-p of {o.top_p} is out of range. Choose a value above 0, up to 1."),
        (o.top_k < 0, f"A top-k of {o.top_k} is out of range. Choose 0 for no limit, or a positive number."),
        (
            not 1 <= o.variants <= MAX_VARIANTS,
            f"{o.variants} variants cannot be written at once. Choose 1 to {MAX_VARIANTS}.",
        ),
        seed_check(o),
    ]


def beat_checks(o: Any) -> list[Check]:
    """Returns the checks of options ``tempo_bpm``, ``time_signature`` and ``genre``; None is always well."""
    return [*bar_checks(o), choice_check("genre", o.genre, GENRES)]


def bar_checks(o: Any) -> list[Check]:
    """Returns the checks of options ``tempo_bpm`` and ``time_signature``; None is always well."""
    low, high = TEMPO_RANGE_BPM
    return [
        (
            o.tempo_bpm is not None and not low <= o.tempo_bpm <= high,
            f"A tempo of {o.tempo_bpm} BPM is out of range. Choose {low:.0f} to {high:.0f} BPM.",
        ),
        choice_check("time signature", o.time_signature, TIME_SIGNATURES),
    ]


def groove_check(o: Any) -> Check:
    """Returns the check of the option ``groove``; None is always well."""
    if o.groove is None or o.groove in grooves():
        return False, ""
    return True, f"The groove '{o.groove}' is unknown. Choose one of {', '.join(grooves())}."


def choice_check(what: str, value: str | None, known: Sequence[str]) -> Check:
    """Returns the check that a value is one of these; None is always well."""
    wrong = value is not None and value not in known
    return wrong, f"The {what} '{value}' is unknown. Choose one of {', '.join(known)}."


def temperature_check(o: Any, name: str = "temperature") -> Check:
    """Returns the check of an option that is a temperature."""
    value = getattr(o, name)
    return not 0 <= value <= 4, f"A {name.replace('_', ' ')} of {value} is out of range. Choose 0 to 4."


def seed_check(o: Any) -> Check:
    """Returns the check of the option ``seed``."""
    return not 0 <= o.seed < 2**63, f"The seed {o.seed} is out of range. Choose a whole number from 0."
