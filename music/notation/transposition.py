"""Instruments that read another note than they sound: by how much, in which keys, and what their parts are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Transposition(NamedTuple):
    """How an instrument sounds beside what it reads.

    Attributes:
        semitones, steps: from the written note up to the one that sounds (down: negative), octaves included.
        fifths: what its key signature has more than the one at concert pitch.
        key: the note that sounds where it reads a C, such as "E♭"; "" for octaves.
    """

    semitones: int
    steps: int
    fifths: int
    key: str


# Of each instrument: semitones and steps from what it reads to what sounds, and the note that its C is.
_B_FLAT, _E_FLAT, _F, _G = (-2, -1, "B♭"), (-9, -5, "E♭"), (-7, -4, "F"), (-5, -3, "G")
_OCTAVE_UP, _TWO_UP, _OCTAVE_DOWN = (12, 7, ""), (24, 14, ""), (-12, -7, "")
_LOW_B_FLAT, _LOW_E_FLAT = (-14, -8, "B♭"), (-21, -12, "E♭")
_PROGRAMS = {
    **dict.fromkeys((8, 13, 72, 78), _OCTAVE_UP), 9: _TWO_UP, **dict.fromkeys((*range(24, 40), 43), _OCTAVE_DOWN),
    56: _B_FLAT, 59: _B_FLAT, 60: _F, 64: _B_FLAT, 65: _E_FLAT, 66: _LOW_B_FLAT, 67: _LOW_E_FLAT, 69: _F, 71: _B_FLAT,
}  # fmt: skip
# General MIDI has no program for these: their tracks say it by their names.
_NAMES = {
    "bass clarinet": _LOW_B_FLAT,
    "flugelhorn": _B_FLAT,
    "fluegelhorn": _B_FLAT,
    "cornet": _B_FLAT,
    "alto flute": _G,
}
_MOST = 6  # sharps or flats; beyond these a player reads the same notes under another name


def transposition(program: int, name: str, keys: Sequence[int]) -> Transposition | None:
    """Returns how an instrument sounds beside what it reads; None where it reads what sounds.

    Args:
        program: of General MIDI.
        name: of its track or part.
        keys: the sharps of the keys of the piece at concert pitch; flats are negative.
    """
    named = next((found for word, found in _NAMES.items() if word in name.lower()), None)
    found = named or _PROGRAMS.get(program)
    if found is None:
        return None
    semitones, steps, key = found
    fifths = 12 * steps - 7 * semitones
    far = max((sharps + fifths for sharps in keys), key=abs, default=0)
    if abs(far) > _MOST:
        turn = (
            -1 if far > 0 else 1
        )  # G sharp major is read as A flat major: the notes are a step on, the sound is the same
        steps, fifths = steps + turn, fifths + 12 * turn
    return Transposition(semitones, steps, fifths, key)


def stand_name(name: str, instrument: str, moved: Transposition | None) -> str:
    """Returns what stands over a player's part, such as "Melody (Alto Sax in E♭)".

    Args:
        name: of the part.
        instrument: what plays it.
        moved: how it reads, if not what sounds.
    """
    plain = name.rstrip("0123456789 ").lower()
    if instrument and plain not in instrument.lower() and instrument.lower() not in plain:
        return f"{name} ({instrument}{f' in {moved.key}' if moved and moved.key else ''})"
    return f"{name} in {moved.key}" if moved and moved.key else name
