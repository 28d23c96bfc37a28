"""The options of Transcribe."""

from __future__ import annotations

from dataclasses import dataclass

from music.theory import parse_key
from pipelines.options.checks import Check, bar_checks, choice_check, settle

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
