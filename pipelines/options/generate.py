"""The options of Generate."""

from __future__ import annotations

from dataclasses import dataclass

from music.instruments import parse_instrument
from music.styles import STYLES
from music.theory import parse_key
from music.tokens.conditions import DENSITIES, GENRES
from pipelines.options.checks import Check, beat_checks, check_note, choice_check, sampling_checks, settle

MAX_BARS = 256
MAX_SECONDS = 600.0
MAX_MEMORY = 1024


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
