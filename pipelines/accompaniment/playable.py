"""What a network wrote as its player can play it: one note at a time for who blows, chords that hands reach for who has keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from music.instruments import BASS_PLAYERS
from pipelines.accompaniment.notes import AccompanimentNote
from pipelines.accompaniment.request import Player

ONE_VOICE = frozenset((*range(56, 61), *range(64, 80)))
"""Brass, reeds and pipes, each of which has one note at a time; a brass section has several players."""
KEYBOARDS = frozenset((*range(9), *range(16, 21)))
TENTH, FINGERS = 16, 5
"""Semitones and notes that a hand has."""


def playable(notes: Sequence[AccompanimentNote], players: Sequence[Player]) -> list[AccompanimentNote]:
    """Returns notes of which each player can play theirs; those of others stay as they are.

    A keyboard beside a bass has one hand for its chords, for the bass has the low notes; one without has two. What no hand
    reaches moves up by an octave, or goes where that is there already.

    Args:
        notes: of all players.
        players: by whose roles they are theirs.
    """
    program_of = {player.role: player.program for player in players}
    bass_plays = any(player.program in BASS_PLAYERS or player.name == "Bass" for player in players)
    own: dict[int, list[AccompanimentNote]] = defaultdict(list)
    for note in notes:
        own[note.role].append(note)
    found: list[AccompanimentNote] = []
    for role, mine in own.items():
        program = program_of.get(role)
        if program in ONE_VOICE:
            mine = _one_by_one(mine, program in BASS_PLAYERS)
        elif program in KEYBOARDS:
            mine = _in_reach(mine, 1 if bass_plays else 2)
        found += mine
    return sorted(found, key=lambda note: (note.position, note.role, note.pitch))


def _one_by_one(notes: Sequence[AccompanimentNote], low: bool) -> list[AccompanimentNote]:
    """Returns the highest (or lowest) of notes that begin together, each ended by the next."""
    kept: dict[int, AccompanimentNote] = {}
    for note in sorted(notes, key=lambda note: note.pitch, reverse=low):
        kept[note.position] = note
    line = [kept[position] for position in sorted(kept)]
    ends = [note.position for note in line[1:]]
    return [
        note._replace(duration=min(note.duration, end - note.position))
        for note, end in zip(line, [*ends, 10**9], strict=False)
    ]


def _in_reach(notes: Sequence[AccompanimentNote], hands: int) -> list[AccompanimentNote]:
    """Returns chords that so many hands reach."""
    together: dict[int, list[AccompanimentNote]] = defaultdict(list)
    for note in notes:
        together[note.position].append(note)
    found: list[AccompanimentNote] = []
    for chord in together.values():
        by_pitch = {note.pitch: note for note in chord}
        while not reach(sorted(by_pitch), hands):
            lowest = min(by_pitch)
            note = by_pitch.pop(lowest)
            higher = lowest + 12
            if higher not in by_pitch and by_pitch and higher < max(by_pitch):
                by_pitch[higher] = note._replace(pitch=higher)
        found += by_pitch.values()
    return found


def reach(pitches: Sequence[int], hands: int) -> bool:
    """Whether so many hands reach pitches that rise: a tenth and five fingers each."""
    if hands == 1:
        return not pitches or pitches[-1] - pitches[0] <= TENTH and len(pitches) <= FINGERS
    return any(reach(pitches[:cut], 1) and reach(pitches[cut:], hands - 1) for cut in range(len(pitches) + 1))
