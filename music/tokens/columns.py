"""Columns of token arrays, and the ids that mean the same in every field. Imports nothing, so that training can run bare."""

from __future__ import annotations

from enum import IntEnum


class Octuple(IntEnum):
    """Columns of an octuple row, in the order of OctupleMIDI (Zeng et al. 2021, figure 3)."""

    PITCH = 0
    POSITION = 1
    BAR = 2
    VELOCITY = 3
    DURATION = 4
    PROGRAM = 5
    TEMPO = 6
    SIGNATURE = 7


class StepField(IntEnum):
    """Columns of a step row, in the order in which an autoregressive model writes the fields of one note.

    The ids are those of ``Octuple``'s columns, but for STEP: how many bars lie between the note before and this one.
    """

    STEP = 0
    SIGNATURE = 1
    TEMPO = 2
    POSITION = 3
    PROGRAM = 4
    PITCH = 5
    DURATION = 6
    VELOCITY = 7


PAD, BOS, EOS, MASK = range(4)
FIRST = 4  # id of the first real value in every field
DRUM_PITCH = FIRST + 128  # id of drum key 0; drums and pitches never share an id
DRUM_PROGRAM = FIRST + 128
MAX_STEP = 15  # a longer silence is read as this many bars

FIELDS = tuple(column.name.lower() for column in Octuple)
STEP_FIELDS = tuple(field.name.lower() for field in StepField)
STEP_COLUMNS = (Octuple.BAR, *(Octuple[field.name] for field in StepField if field is not StepField.STEP))
"""The column of an octuple that each field of a step row is made of."""

SLOTS = (
    Octuple.BAR,
    Octuple.POSITION,
    Octuple.PROGRAM,
    Octuple.PITCH,
    Octuple.DURATION,
    Octuple.VELOCITY,
    Octuple.SIGNATURE,
    Octuple.TEMPO,
)
"""The official order of a note's fields, in which MusicBERT reads them and by which notes are sorted, as columns of FIELDS."""
