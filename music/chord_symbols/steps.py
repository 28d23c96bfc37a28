"""Chords by steps of the scale: Roman numerals ("ii7 V7 Imaj7", "bVII", "V7/V") and Nashville numbers ("1 5 6- 4", "4/6")."""

from __future__ import annotations

import re

from music.chord_symbols.grammar import Unreadable, read_suffix
from music.chord_symbols.spelling import plain_signs
from music.theory import Key

_NUMERALS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7}
_SCALE = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_ROMAN = re.compile(r"([b#]?)(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)(?![A-Za-z]*[IiVv])([^/]*?(?:/9)?)(?:/(.+))?")
_NASHVILLE = re.compile(r"([b#]?)([1-7])(?![0-68-9])([^/]*)(?:/([b#]?)([1-7]))?")
_FIGURES = re.compile(r"(6|64|65|43|42|2)")
_MINOR = re.compile(r"m(?!aj)|-|min|dim|o|°|ø|h|aug|\+")


def is_roman(word: str) -> bool:
    """Returns whether a word is a Roman numeral with what belongs to it, even if it cannot be read."""
    found = _ROMAN.fullmatch(plain_signs(word))
    return found is not None and (_FIGURES.fullmatch(found[3]) is not None or _is_suffix(found[3]))


def is_nashville(word: str) -> bool:
    """Returns whether a word is a Nashville number with what belongs to it, even if it cannot be read."""
    found = _NASHVILLE.fullmatch(plain_signs(word))
    return found is not None and _is_suffix(found[3])


def roman_name(word: str, key: Key) -> str:
    """Returns the chord of a Roman numeral by letters: small numerals are minor, "V7/V" is the dominant of the fifth step.

    In minor "III", "VI" and "VII" stand on the natural steps, with a flat before them too.

    Raises:
        Unreadable: it is no numeral, or has figures of a thorough bass, which pop and classical musicians read differently.
    """
    found = _ROMAN.fullmatch(plain_signs(word))
    if not found:
        raise Unreadable("")
    sign, numeral, suffix, below = found.groups()
    if _FIGURES.fullmatch(suffix):
        raise Unreadable(
            ". Write the bass after a slash and the chord by letters, such as C/E, or a sixth chord as C6."
        )
    is_small = numeral.islower()
    degree = _NUMERALS[numeral.lower()]
    quality = read_suffix(("m" if is_small and not _MINOR.match(suffix) else "") + suffix)
    if below:
        goal = _ROMAN.fullmatch(below)
        if not goal or goal[3] or goal[4] or degree not in (2, 4, 5, 7):
            raise Unreadable(". Write such a chord by letters, for example D7 or C/E.")
        tonic = _root(goal[1], _NUMERALS[goal[2].lower()], key, goal[2].islower())
        return key.spelling(tonic + _SCALE["major"][degree - 1] + (sign == "#") - (sign == "b")) + quality
    return key.spelling(_root(sign, degree, key, is_small)) + quality


def nashville_name(word: str, key: Key) -> str:
    """Returns the chord of a Nashville number by letters: "6-" is minor, "4/6" has the sixth step for its bass.

    Raises:
        Unreadable: the key is minor, or it stays open whether a number alone is major or minor.
    """
    found = _NASHVILLE.fullmatch(plain_signs(word))
    if not found:
        raise Unreadable("")
    if key.is_minor:
        raise Unreadable(". Numbers in minor are read in two ways; write chords by letters, such as Am and F.")
    sign, digit, suffix, bass_sign, bass = found.groups()
    if digit in "2367" and not sign and not suffix:
        raise Unreadable(f" of one meaning. Write {digit}- for a minor chord, {digit}maj for a major one.")
    name = key.spelling(_root(sign, int(digit), key, False)) + read_suffix(suffix)
    return f"{name}/{key.spelling(_root(bass_sign, int(bass), key, False))}" if bass else name


def _is_suffix(text: str) -> bool:
    try:
        read_suffix(text)
    except Unreadable:
        return False
    return True


def _root(sign: str, degree: int, key: Key, is_small: bool) -> int:
    """Returns the pitch class of a step; flats count from the major scale, as do small numerals in minor."""
    scale = _SCALE["major" if sign or is_small else key.plain.mode]
    return (key.tonic + scale[degree - 1] + (sign == "#") - (sign == "b")) % 12
