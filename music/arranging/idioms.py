"""How styles use chords: sevenths on all of them or on dominants alone, ii-V before what they lead to, how often they change.

A chord network learned from lead sheets of all kinds and writes what they have in common. What makes a progression that of
jazz, a blues or a house track is put on it here by rule, wherever the melody agrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from music.chords import NO_CHORD, Chord
from music.theory import Key

# By ear, not measured: the share of the melody's time a semitone beside a seventh from which the chord stays without it, how much a
# ninth, a thirteenth or the eleventh of a minor chord agrees beside a chord tone, and how well a melody must agree with other chords.
_CLASH, _TENSION, _AGREES, _WORSE = 0.25, 0.6, 0.5, 0.15
_SEVENTHS = {("", 11): "maj7", ("", 10): "7", ("m", 10): "m7"}


@dataclass(frozen=True)
class Idiom:
    """How a kind of music uses chords.

    Attributes:
        genre: as which the chord network reads the melody, one of GENRES; None for any.
        sevenths: "all" chords have one, "dominant" alone, or, in a "blues", all a minor one; "" leaves them as they are.
        two_fives: whether a dominant is led to by the chord a fifth above, and a long chord left by one.
        by_bar: whether chords change with bars alone, but for closes.
        in_key: whether all chords are of the key.
    """

    genre: str | None = None
    sevenths: str = ""
    two_fives: bool = False
    by_bar: bool = False
    in_key: bool = False


IDIOMS = {
    "plain": Idiom(),
    "jazz": Idiom("jazz", "all", two_fives=True),
    "bossa nova": Idiom("jazz", "all", two_fives=True),
    "blues": Idiom("jazz", "blues"),
    "soul": Idiom("pop", "all"),
    "dance": Idiom(None, "dominant"),
    "country": Idiom(None, "dominant", by_bar=True),
    "reggae": Idiom(None, by_bar=True, in_key=True),
    "rock": Idiom("rock", by_bar=True),
    "house": Idiom("pop", by_bar=True, in_key=True),
}
"""Each idiom by name."""

_OF_STYLES: dict[str, tuple[str, ...]] = {
    "jazz": (
        "swing", "easy swing", "fast swing", "big band", "bebop", "modern jazz", "slow jazz", "jazz waltz", "jazz fusion", "gypsy jazz",
        "foxtrot", "quickstep", "soft shoe", "charleston", "western swing", "show tune",
    ),
    "bossa nova": ("bossa nova", "samba", "beguine"),
    "blues": ("blues", "slow blues", "fast blues", "country blues", "shuffle", "boogie-woogie", "jive"),
    "soul": ("soul", "funk", "rhythm and blues", "disco"),
    "dance": (
        "tango", "bolero", "rumba", "cha-cha", "mambo", "merengue", "salsa", "son", "calypso", "polka", "march", "waltz",
        "viennese waltz", "french waltz", "ragtime", "dixieland", "gospel", "spiritual",
    ),
    "country": ("country", "slow country", "country swing", "country waltz", "bluegrass", "zydeco", "rock and roll", "twist"),
    "reggae": ("reggae", "ska"),
    "rock": ("rock", "hard rock", "metal", "punk", "sixties rock", "folk rock"),
    "house": ("house", "techno", "trance", "hip hop"),
}  # fmt: skip
_OF_GROOVES = {style: idiom for idiom, styles in _OF_STYLES.items() for style in styles}


def idiom_of(groove: str | None, genre: str | None = None) -> str | None:
    """Returns how a style, or where none is known music of a genre, uses chords: a key of IDIOMS; None where nothing is known."""
    return _OF_GROOVES.get(groove or "") or ("jazz" if genre == "jazz" else None)


class Beats(NamedTuple):
    """The beats that chords hold on.

    Attributes:
        bars: of each beat the bar, int ``[beats]``.
        melody: for how long each pitch class sounds in the melody meanwhile, ``[beats, 12]``.
        free: bool ``[beats]``, where chords may change.
        begins: the first beats of sections.
    """

    bars: np.ndarray
    melody: np.ndarray
    free: np.ndarray
    begins: frozenset[int]


def in_idiom(chords: Sequence[Chord], beats: Beats, key: Key, idiom: Idiom) -> list[Chord]:
    """Returns the chord of each beat, as music of an idiom would have them."""
    found = list(chords)
    if idiom.two_fives and not key.is_church_mode:
        for rule in (_seconds_for_fourths, _led_to, _left):
            found = rule(found, beats, key)
    if idiom.sevenths:
        for first, stop in _runs(found, beats):
            after = found[stop] if stop < len(found) else None
            if beats.free[first:stop].all():
                melody = beats.melody[first:stop].sum(axis=0)
                found[first:stop] = [colored(found[first], key, melody, idiom, after)] * (stop - first)
    return found


def colored(chord: Chord, key: Key, melody: np.ndarray, idiom: Idiom, after: Chord | None = None) -> Chord:
    """Returns a chord with the seventh that an idiom has above it, where the melody does not rub against that.

    Args:
        chord: any; what is no triad stays as it is.
        key: of the music.
        melody: for how long each pitch class sounds in the melody meanwhile, ``[12]``.
        idiom: of the music.
        after: the chord that follows; None at rest.
    """
    if chord.quality not in ("", "m", "dim") or not idiom.sevenths:
        return chord
    whole = max(float(melody.sum()), 1e-9)

    def rubs(step: int, *beside: int) -> bool:
        return sum(float(melody[(chord.root + step + other) % 12]) for other in beside) > _CLASH * whole

    def becomes(quality: str) -> Chord:
        return replace(chord, quality=quality)

    home = chord.root == key.tonic
    leads = after is not None and (chord.root - after.root) % 12 == 7 and chord.quality == ""
    if idiom.sevenths == "dominant":
        is_fifth = (chord.root - key.tonic) % 12 == 7 and not key.is_church_mode and after is not None
        if is_fifth and chord.quality == "m" and after == Chord(key.tonic, "m") and not rubs(3, 0):
            return Chord(chord.root, "7")  # the raised seventh step leads to a minor tonic
        return becomes("7") if (leads and not home or is_fifth) and chord.quality == "" and not rubs(10, 1) else chord
    if idiom.sevenths == "blues":
        sixth = becomes("6" if chord.quality == "" else "m6")
        seventh = becomes("m7" if chord.quality == "m" else "7" if chord.quality == "" else "dim7")
        return seventh if not rubs(10, 1) else sixth if chord.quality != "dim" and not rubs(9, -1) else chord
    # In jazz the bass has the roots, and every chord a seventh, or a sixth where it rests.
    chord = Chord(chord.root, chord.quality)
    if chord.quality == "dim":
        return becomes("m7b5" if (chord.root + 10) % 12 in key.scale else "dim7")
    if chord.quality == "m":
        if home and after is None and not rubs(9, -1) and (chord.root + 9) % 12 in key.scale:
            return becomes("m6")
        return becomes("m7") if not rubs(10, 1) else becomes("m6") if (chord.root + 9) % 12 in key.scale else chord
    minor_seventh, major_seventh = ((chord.root + step) % 12 in key.scale for step in (10, 11))
    is_dominant = minor_seventh if key.is_church_mode else not home and (leads or minor_seventh or not major_seventh)
    if is_dominant:
        return becomes("7") if not rubs(10, 1) else chord
    if after is not None and not rubs(11, 1, -1) and major_seventh:
        return becomes("maj7")
    return becomes("6") if not rubs(9, -1) and (chord.root + 9) % 12 in key.scale else chord


def _runs(chords: Sequence[Chord], beats: Beats) -> Iterator[tuple[int, int]]:
    """Yields the first beat of each chord and the beat after its last; a section begins anew."""
    first = 0
    for beat in range(1, len(chords) + 1):
        if beat == len(chords) or chords[beat] != chords[first] or beat in beats.begins:
            yield first, beat
            first = beat


def _agreement(beats: Beats, first: int, stop: int, chord: Chord) -> float:
    """Returns which share of the melody over some beats has a tone of a chord, or, for less, a tension above it; 1 where it rests."""
    melody = beats.melody[first:stop].sum(axis=0)
    weights = np.zeros(12)
    weights[[(chord.root + step) % 12 for step in ((2, 5) if chord.quality.startswith("m") else (2, 9))]] = _TENSION
    weights[list(chord.tones)] = 1.0
    return float(melody @ weights / melody.sum()) if melody.sum() > 0 else 1.0


def _second_of(goal: Chord, key: Key, beats: Beats, first: int, stop: int) -> Chord:
    """Returns the chord that leads to the dominant of a goal: half diminished before a minor one, where the melody lets it be."""
    root = (goal.root + 2) % 12
    is_minor = 3 in {(tone - goal.root) % 12 for tone in goal.tones}
    half = Chord(root, "m7b5")
    if is_minor and _agreement(beats, first, stop, half) >= _agreement(beats, first, stop, Chord(root, "m7")):
        return half
    return Chord(root, "m7")


def _seconds_for_fourths(chords: list[Chord], beats: Beats, key: Key) -> list[Chord]:
    """Returns chords whose subdominants, where a dominant follows, are the chord on the second step: ii-V for IV-V."""
    runs, found = list(_runs(chords, beats)), list(chords)
    for (first, stop), (following, _) in zip(runs, runs[1:]):
        here, after = chords[first], chords[following]
        is_fourth = (here.root - after.root) % 12 == 10 and after.quality in ("", "7") and here.quality in ("", "m")
        if is_fourth and beats.free[first:stop].all() and following not in beats.begins:
            goal = Chord((after.root + 5) % 12, "m" if here.quality == "m" else "")
            second = _second_of(goal, key, beats, first, stop)
            if _agreement(beats, first, stop, second) >= _agreement(beats, first, stop, here) - _WORSE:
                found[first:stop] = [second] * (stop - first)
    return found


def _led_to(chords: list[Chord], beats: Beats, key: Key) -> list[Chord]:
    """Returns chords whose dominants are led to in their first half, where they last a bar or more and resolve."""
    runs, found = list(_runs(chords, beats)), list(chords)
    for number, (first, stop) in enumerate(runs[:-1]):
        here, goal = chords[first], chords[runs[number + 1][0]]
        whole = int((beats.bars == beats.bars[first]).sum())
        half = (stop - first) // 2
        before = found[first - 1] if first else NO_CHORD
        if (
            goal == NO_CHORD
            or (here.root - goal.root) % 12 != 7
            or here.quality not in ("", "7")
            or here.root == key.tonic
            or (stop - first) % 2
            or stop - first < whole
            or before.root == (here.root + 7) % 12
            or not beats.free[first:stop].all()
        ):
            continue
        second = _second_of(goal, key, beats, first, first + half)
        here_too = _agreement(beats, first, first + half, here)
        if _agreement(beats, first, first + half, second) >= max(_AGREES, here_too - _WORSE):
            found[first : first + half] = [second] * half
    return found


def _left(chords: list[Chord], beats: Beats, key: Key) -> list[Chord]:
    """Returns chords of two bars and more whose last bar leads on: by ii and V of what follows, or by the sixth step."""
    runs, found = list(_runs(chords, beats)), list(chords)
    for (first, stop), (following, _) in zip(runs, runs[1:]):
        bar = beats.bars[stop - 1]
        start = int(np.flatnonzero(beats.bars == bar)[0])
        here, goal, length = chords[first], chords[following], stop - start
        if start <= first or start + int((beats.bars == bar).sum()) != stop or length % 2:
            continue
        if (
            following in beats.begins
            or goal == NO_CHORD
            or not beats.free[start:stop].all()
            or here.quality not in ("", "m", "6", "m7", "maj7")
        ):
            continue
        half = length // 2
        dominant = Chord((goal.root + 7) % 12, "7")
        second = _second_of(goal, key, beats, start, start + half)
        ways = [[second] * half + [dominant] * half, [dominant] * length]
        if here.root == key.tonic and not key.is_minor:
            ways.append([Chord((key.tonic + 9) % 12, "m7")] * length)
        elif here.root == key.tonic:
            ways.append([Chord(key.tonic, "m7")] * half + [Chord((key.tonic + 8) % 12, "maj7")] * half)
        if goal.root == here.root or (goal.root - here.root) % 12 == 7:
            ways = ways[2:]  # no way to where one is, and what follows has a way of its own
        worth = [
            sum(_agreement(beats, beat, beat + 1, chord) for beat, chord in enumerate(way, start=start)) / length
            for way in ways
        ]
        stays = _agreement(beats, start, stop, here)
        best = int(np.argmax(worth)) if worth else -1
        if worth and worth[best] >= max(_AGREES, stays - 2 * _WORSE):
            found[start:stop] = ways[best]
    return found
