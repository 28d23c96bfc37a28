"""Who plays what: the parts of a score, the two hands of a keyboard player, and the two voices of a staff."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import symusic

from music.instruments import instrument_name
from music.notation.quantize import SheetNote
from music.notation.rhythm import UNITS

_KEYBOARDS = {*range(9), 11, 12, *range(16, 22), 23, 46}
_ONE_STAFF = {9, 10, 13, *range(24, 48), *range(52, 55), *range(56, 61), *range(64, 80), 105, 106, 110} - {46}
# Distances are in semitones. The prices of the two searches below are by eye, not measured one by one; what comes of them together
# is held by the tests of hands and voices (tests/music/notation) and counted by `python -m benchmarks notation`.
_SPLITS = np.arange(42, 79)  # a hand split at 60 gives C4 and what is above it to the right hand
_STRETCH = 12  # semitones that a hand spans with ease
_TENTH = 16  # the widest that a hand reaches
_BEAM_WIDTH = 12
_MOVED_SPLIT, _FIRST_SPLIT = 0.35, 0.04  # a semitone by which the split moves; by which it begins away from C4
_STRETCHED, _SIXTH_KEY = 0.6, 3.0  # a semitone beyond an octave in one hand; each key that has no finger
_STRAYED, _SPLIT_CHORD = 0.25, 0.12  # a semitone on the other hand's side; a semitone by which the gap is under a fifth

# Two voices on a staff. An exact score pays for what it cannot write simply, a played one for what it bends; quarters are of time.
_SECOND_VOICE = {True: 0.25, False: 0.6}  # that there is a lower voice: exact scores, played ones
# Notes of one chord that end apart: in an exact score; in a played one for each quarter, of at most 3.
_UNEQUAL_EXACT, _UNEQUAL_QUARTER = 2.0, 0.4
# A note that would go on when its voice moves on: in an exact score; in a played one, and there for each quarter of at most 4.
_OVERLAP_EXACT, _CUT, _CUT_QUARTER = 2.0, 0.1, 0.6
_LEAP = 0.02  # a semitone, of at most two octaves, between the middles of neighbors in a voice
_CROSSED = 1.2  # the upper voice sounds below the lower one
_LONE_LOWER = 0.6  # the lower voice plays where the upper one rests


class TrackNotes(NamedTuple):
    """Notes in ticks, by time, as arrays of one length."""

    time: np.ndarray
    duration: np.ndarray
    pitch: np.ndarray


@dataclass(frozen=True)
class Performer:
    """One part: its name and instrument, the notes of each of its staves, and the tracks that they come from.

    Where it ``shares`` a staff, its two hands are two singers, the upper and the lower voice of one staff. Where it ``leads``, it
    stands on a lead sheet, which whoever plays the melody reads: in a clef that all know.
    """

    name: str
    program: int
    is_drum: bool
    hands: tuple[TrackNotes, ...]
    tracks: tuple[int, ...]
    shares: bool = False
    leads: bool = False


class Seat(NamedTuple):
    """Who sits where in a score: a player, before it is known which notes go on which staff."""

    name: str
    program: int
    is_drum: bool
    tracks: tuple[int, ...]


def seats(score: symusic.Score) -> list[Seat]:
    """Returns the players in the order of the tracks: drum tracks share one, two tracks that are two hands share one."""
    indices = [i for i, track in enumerate(score.tracks) if len(track.notes)]
    drums = [i for i in indices if score.tracks[i].is_drum]
    found: list[Seat] = []
    index = 0
    while index < len(indices):
        here = indices[index]
        track = score.tracks[here]
        index += 1
        if track.is_drum:
            if here == drums[0]:
                found.append(Seat("Drums", 0, True, tuple(drums)))
            continue
        pair = indices[index] if index < len(indices) else None
        if pair is not None and _are_two_hands(score, here, pair, indices):
            found.append(Seat(part_name(track, hands=True), track.program, False, (here, pair)))
            index += 1
            continue
        found.append(Seat(part_name(track), track.program, False, (here,)))
    names = [seat.name for seat in found]
    return [
        seat._replace(name=f"{seat.name} {names[: index + 1].count(seat.name)}") if names.count(seat.name) > 1 else seat
        for index, seat in enumerate(found)
    ]


def performers(score: symusic.Score) -> list[Performer]:
    """Returns the players of a score with the notes of each of their staves."""
    found = []
    for seat in seats(score):
        if len(seat.tracks) == 2 and not seat.is_drum:
            hands = tuple(gather_notes(score, [track]) for track in seat.tracks)
        else:
            notes = gather_notes(score, seat.tracks)
            hands = (notes,)
            if not seat.is_drum and _needs_two_staves(seat.program, notes):
                right = split_hands(notes.time, notes.duration, notes.pitch, score.ticks_per_quarter / 12)
                hands = tuple(TrackNotes(*(values[side] for values in notes)) for side in (right, ~right))
        found.append(Performer(seat.name, seat.program, seat.is_drum, hands, seat.tracks))
    return found


def gather_notes(score: symusic.Score, tracks: Sequence[int]) -> TrackNotes:
    """Returns the notes of these tracks together."""
    arrays = [score.tracks[i].notes.numpy() for i in tracks]
    columns = [np.concatenate([a[key] for a in arrays]).astype(np.int64) for key in ("time", "duration", "pitch")]
    order = np.lexsort((columns[2], columns[0]))
    return TrackNotes(*(column[order] for column in columns))


_HAND_WORDS = re.compile(
    r"\b(right|left|r\.?h|l\.?h|upper|lower|up|down|treble|bass|hand|staff|stave|[12])\b\.?", re.IGNORECASE
)


def _are_two_hands(score: symusic.Score, first: int, second: int, indices: Sequence[int]) -> bool:
    """Whether two neighboring tracks are the right and the left hand of one keyboard player."""
    one, two = score.tracks[first], score.tracks[second]
    same = [i for i in indices if score.tracks[i].program == one.program and not score.tracks[i].is_drum]
    if two.is_drum or one.program != two.program or one.program not in _KEYBOARDS or len(same) > 3 or first != same[0]:
        return False
    bare = [_HAND_WORDS.sub("", track.name).strip(" :-_()").lower() for track in (one, two)]
    apart = float(np.mean(one.notes.numpy()["pitch"]) - np.mean(two.notes.numpy()["pitch"]))
    named = bare[0] == bare[1] or _is_nameless(one.name) and _is_nameless(two.name)
    return named and apart > 4 and not _needs_two_staves(-1, gather_notes(score, [first]))


def _needs_two_staves(program: int, notes: TrackNotes) -> bool:
    """Whether one staff cannot hold these notes: soon so for keyboards, for others where much would be ledger lines."""
    if program in _ONE_STAFF:
        return False
    low, high = np.percentile(notes.pitch, [4, 96])
    if program in _KEYBOARDS:
        return bool(high - low > 14 and not (low >= 55 or high <= 64)) or _is_too_wide(notes)
    together = len(notes.time) - len(np.unique(notes.time))
    return bool(high - low > 29 and low < 50 and high > 67 and together > 0.2 * len(notes.time))


def _is_too_wide(notes: TrackNotes) -> bool:
    """Whether more than one chord has keys further apart than a hand reaches, a tenth."""
    onsets, chord = np.unique(notes.time, return_inverse=True)
    low, high = np.full(len(onsets), 127), np.zeros(len(onsets))
    np.minimum.at(low, chord, notes.pitch)
    np.maximum.at(high, chord, notes.pitch)
    return int((high - low > _TENTH).sum()) > 1


def _is_nameless(name: str) -> bool:
    return not re.sub(r"(?i)\b(track|midi|untitled|inst|part|channel|staff|control)\b|[\W\d_]", "", name)


def part_name(track: symusic.Track, hands: bool = False) -> str:
    """Returns the name that a track's part has on paper; without words about hands where it is one of two."""
    name = " ".join("".join(c for c in track.name if c.isprintable()).split())
    if hands:
        name = _HAND_WORDS.sub("", name).strip(" :-_()")
    return instrument_name(track.program) if _is_nameless(name) else name[:28].strip()


# Hands and voices


def split_hands(time: np.ndarray, duration: np.ndarray, pitch: np.ndarray, near: float) -> np.ndarray:
    """Returns for each note whether the right hand plays it, shape ``[notes]``.

    The split point moves with the music: the cheapest path (Viterbi) through all split points, where a cost is
    paid for hands that stretch, hold more than five keys or leave their half of the keyboard, for a split through
    the middle of a close chord, and for moving the split.

    Args:
        time, duration, pitch: the notes in ticks, by time.
        near: ticks within which notes count as struck together.
    """
    if not len(time):
        return np.zeros(0, dtype=bool)
    firsts = [0, *(np.nonzero(np.diff(time) > near)[0] + 1).tolist()]
    bounds = [*firsts, len(time)]
    ends = time + duration
    moving = _MOVED_SPLIT * np.minimum(np.abs(_SPLITS[:, None] - _SPLITS[None, :]), 14)
    best = _FIRST_SPLIT * np.abs(_SPLITS - 60.0)
    came_from = []
    sounding = np.zeros(0, dtype=np.int64)
    for begin, end in itertools.pairwise(bounds):
        new = np.arange(begin, end)
        sounding = sounding[ends[sounding] > time[begin] + near]
        sounding = sounding[-8:]
        step = _hand_cost(pitch[new], pitch[sounding])
        total = best[:, None] + moving
        came_from.append(total.argmin(axis=0))
        best = total.min(axis=0) + step
        sounding = np.concatenate([sounding, new])
    place = int(best.argmin())
    right = np.zeros(len(time), dtype=bool)
    for index in range(len(firsts) - 1, -1, -1):
        right[bounds[index] : bounds[index + 1]] = pitch[bounds[index] : bounds[index + 1]] >= _SPLITS[place]
        place = int(came_from[index][place])
    return right


def _hand_cost(new: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Returns what each split point costs for keys struck now, with those still held, shape ``[splits]``."""
    new = np.sort(new).astype(float)
    keys = np.concatenate([new, held.astype(float)])
    upper = keys[None, :] >= _SPLITS[:, None]
    cost = np.zeros(len(_SPLITS))
    for side, low_limit, high_limit in ((upper, 55.0, 127.0), (~upper, 0.0, 64.0)):
        high = np.where(side, keys, -np.inf).max(axis=1)
        low = np.where(side, keys, np.inf).min(axis=1)
        span = np.where(side.any(axis=1), high - low, 0.0)
        struck = side[:, : len(new)]
        cost += _STRETCHED * np.maximum(span - _STRETCH, 0) + _SIXTH_KEY * np.maximum(struck.sum(axis=1) - 5, 0)
        outside = np.maximum(low_limit - new, 0) + np.maximum(new - high_limit, 0)
        cost += _STRAYED * np.where(struck, outside, 0).sum(axis=1)
    # A gap in the chord is where hands part; a split between close keys is unlikely while one hand could hold them.
    if len(new) > 1 and new[-1] - new[0] > 0:
        below = np.where(new[None, :] < _SPLITS[:, None], new, -np.inf).max(axis=1)
        above = np.where(new[None, :] >= _SPLITS[:, None], new, np.inf).min(axis=1)
        parted = np.isfinite(below) & np.isfinite(above)
        gap = np.where(parted, above - below, 12)
        cost += np.where(parted, _SPLIT_CHORD * np.maximum(7 - gap, 0), 0)
    return cost


def split_voices(notes: Sequence[SheetNote], exact: bool) -> tuple[list[SheetNote], list[SheetNote]]:
    """Returns the notes of the upper and of the lower voice of one staff, each by start.

    One voice is kept wherever it can hold the music. Elsewhere a beam search weighs notes that a voice would cut
    short against crossing, leaping and needless second voices. In an exact score no note is cut: where two voices
    are not enough, notes of one voice overlap and are tied. In a played one a voice never overlaps itself, chords
    end together, and short gaps close.
    """
    upper: list[SheetNote] = []
    lower: list[SheetNote] = []
    for run in _runs(notes):
        if _one_voice_holds(run):
            upper += [note for group in run for note in group]
        else:
            for group, choice in zip(run, _search(run, exact), strict=True):
                for note, in_upper in zip(group, choice, strict=True):
                    (upper if in_upper else lower).append(note)
    return (upper, lower) if exact else (_tidy(upper), _tidy(lower))


def _runs(notes: Sequence[SheetNote]) -> list[list[list[SheetNote]]]:
    """Returns stretches of groups (notes that start together, high to low) with silence or a clean cut between."""
    groups: list[list[SheetNote]] = []
    for note in sorted(notes, key=lambda n: (n.start, -n.pitch)):
        if groups and groups[-1][0].start == note.start:
            groups[-1].append(note)
        else:
            groups.append([note])
    runs: list[list[list[SheetNote]]] = []
    until = 0
    for group in groups:
        if not runs or group[0].start >= until:
            runs.append([])
        runs[-1].append(group)
        until = max(until, *(n.end for n in group))
    return runs


def _one_voice_holds(run: list[list[SheetNote]]) -> bool:
    return len(run) == 1 and len({n.end for n in run[0]}) == 1


def _choices(group: list[SheetNote]) -> list[tuple[bool, ...]]:
    """Returns the ways to share a chord between the upper (True) and the lower voice."""
    size = len(group)
    choices = [tuple(place < k for place in range(size)) for k in range(size + 1)]
    ends = sorted({n.end for n in group})
    for cut in ends[1:3]:
        longer = tuple(n.end >= cut for n in group)
        choices += [longer, tuple(not side for side in longer)]
    return list(dict.fromkeys(choices))


def _search(run: list[list[SheetNote]], exact: bool) -> list[tuple[bool, ...]]:
    """Returns the cheapest choice for each group of a run."""
    # A state: cost, for each voice (end, lowest, highest, middle) of what it last played, and the choices so far
    # as a linked list.
    silent = (0, 0, 0, None)
    states: list[tuple[float, tuple, tuple, tuple | None]] = [(0.0, silent, silent, None)]
    for group in run:
        now = group[0].start
        following = []
        for choice in _choices(group):
            shares = (
                [n for n, up in zip(group, choice, strict=True) if up],
                [n for n, up in zip(group, choice, strict=True) if not up],
            )
            base = _SECOND_VOICE[exact] * bool(shares[1])
            after: list[tuple[int, int, int, float] | None] = []
            for share in shares:
                if not share:
                    after.append(None)
                    continue
                ends = [n.end for n in share]
                spread = (max(ends) - min(ends)) / UNITS
                base += (_UNEQUAL_EXACT * (spread > 0)) if exact else _UNEQUAL_QUARTER * min(spread, 3)
                after.append((max(ends), share[-1].pitch, share[0].pitch, sum(n.pitch for n in share) / len(share)))
            for cost, high, low, path in states:
                price = cost + base
                voices = []
                for before, here in zip((high, low), after, strict=True):
                    if here is None:
                        voices.append(before)
                        continue
                    cut = before[0] - now
                    if cut > 0:
                        price += _OVERLAP_EXACT if exact else _CUT + _CUT_QUARTER * min(cut / UNITS, 4)
                    if before[3] is not None:
                        price += _LEAP * min(abs(here[3] - before[3]), 24)
                    voices.append(here)
                if voices[0][0] > now and voices[1][0] > now and voices[0][1] < voices[1][2]:
                    price += _CROSSED
                if shares[1] and not shares[0] and voices[0][0] <= now:
                    price += _LONE_LOWER
                following.append((price, voices[0], voices[1], (choice, path)))
        following.sort(key=lambda state: state[0])
        seen: set[tuple] = set()
        states = []
        for state in following:
            if (state[1], state[2]) not in seen:
                seen.add((state[1], state[2]))
                states.append(state)
            if len(states) == _BEAM_WIDTH:
                break
    path = states[0][3]
    result = []
    while path:
        choice, path = path
        result.append(choice)
    return result[::-1]


def _tidy(voice: list[SheetNote]) -> list[SheetNote]:
    """Returns a played voice as a scribe writes it: chords end together, never overlap, and short gaps close."""
    groups: list[list[SheetNote]] = []
    for note in voice:
        if groups and groups[-1][0].start == note.start:
            groups[-1].append(note)
        else:
            groups.append([note])
    result: list[SheetNote] = []
    for index, group in enumerate(groups):
        start = group[0].start
        end = max(n.end for n in group)
        if index + 1 < len(groups):
            after = groups[index + 1][0].start
            gap = after - end
            if gap <= UNITS // 4 or (gap < (after - start) / 2 and gap < UNITS):
                end = after
        result += [n._replace(end=end) for n in group]
    return result
