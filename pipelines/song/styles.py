"""What a band plays in a song where nobody says it, and the chords of a blues."""

from __future__ import annotations

from music.chords import Chord, ChordNames
from music.theory import Key
from pipelines.song.brief import Brief

GROOVES = {"rock": "rock", "jazz": "swing", "electronic": "house", "latin": "rumba"}
"""What a band plays in genres that a style is a part of; those of others the model knows better how to accompany."""
SWUNG = frozenset((
    "swing", "easy swing", "fast swing", "big band", "bebop", "modern jazz", "slow jazz", "jazz waltz", "gypsy jazz", "dixieland",
    "charleston", "foxtrot", "quickstep", "soft shoe", "shuffle", "boogie-woogie", "blues", "slow blues", "fast blues", "country blues",
    "western swing", "country swing", "jive",
))  # fmt: skip
"""Styles whose eighths swing, whoever plays them."""
STRAIGHT = frozenset(("house", "techno", "trance", "disco", "hip hop", "funk", "metal", "punk", "hard rock", "rock"))
"""Styles that have sixteenths and no triplets, whoever plays them."""
_BALLAD_BPM, _FAST_BPM = 88, 184  # from where a slow or a fast style takes the place of the usual one; by ear


def groove_of(brief: Brief, signature: str, tempo_bpm: float) -> str | None:
    """Returns the style that a band plays: the one that is asked for, else the usual one of the genre, if it has one."""
    usual = GROOVES.get(brief.genre or "")
    if brief.groove or usual is None:
        return brief.groove or ("swing" if brief.swing and brief.genre is None and signature == "4/4" else None)
    if signature == "3/4":
        return "jazz waltz" if brief.genre == "jazz" else None
    if signature not in ("4/4", "2/4", "2/2"):
        return None
    slow = {"rock": "rock ballad", "jazz": "slow jazz", "electronic": "hip hop"}.get(brief.genre or "", usual)
    if "calm" in brief.moods and brief.genre == "electronic":
        return None  # ambient music has no beat
    return slow if tempo_bpm < _BALLAD_BPM else "fast swing" if usual == "swing" and tempo_bpm > _FAST_BPM else usual


_BLUES = {False: (0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7), True: (0, 0, 0, 0, 5, 5, 0, 0, 8, 7, 0, 7)}


def blues(key: Key) -> ChordNames:
    """Returns the twelve bars of a blues in a key: the quick change in major, the flat sixth before the dominant in minor."""
    quality = {0: "m7", 5: "m7", 7: "7", 8: "7"} if key.is_minor else dict.fromkeys((0, 5, 7), "7")
    chords = (Chord((key.tonic + step) % 12, quality[step]) for step in _BLUES[key.is_minor])
    return tuple((chord.name(key),) for chord in chords)


def feel_of(brief: Brief, groove: str | None) -> str | None:
    """Returns how all eighths of a song are played, one of FEELS; None where neither words nor style say it."""
    if brief.swing is not None:
        return "swing" if brief.swing else "straight"
    return "swing" if groove in SWUNG else "straight" if groove in STRAIGHT else None
