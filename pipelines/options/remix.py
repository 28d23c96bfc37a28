"""The options of Remix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from music.errors import StudioError
from music.instruments import parse_instrument
from pipelines.options.checks import Check, check_bar, check_note, sampling_checks, settle

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


def _check_track_instrument(pair: Any) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2 or type(pair[0]) is not int or not isinstance(pair[1], str):
        raise StudioError(f"{pair!r} names no track and instrument. Give a pair such as (0, 'violin').")
    if pair[0] < 0:
        raise StudioError(f"There is no track {pair[0]}. Tracks are counted from 0.")
    parse_instrument(pair[1])
