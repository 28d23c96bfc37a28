"""Keys: their names and scales, how to read one from text, and how to hear one in a score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from music.errors import StudioError

if TYPE_CHECKING:
    import symusic

_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LINE_OF_FIFTHS = "FCGDAEB"
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_MINOR = (0, 2, 3, 5, 7, 8, 10, 9, 11)  # natural minor, then the raised sixth and seventh

# How well each step above the tonic fits the key, as listeners rated it (Krumhansl & Kessler 1982).
_KK_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_KK_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


Mode = Literal["major", "minor"]


@dataclass(frozen=True, order=True)
class Key:
    """A major or minor key.

    Attributes:
        tonic: pitch class of the first step, 0 (C) to 11 (B).
        mode: "major" or "minor".
    """

    tonic: int
    mode: Mode

    @property
    def fifths(self) -> int:
        """Sharps of the key signature, flats as negative numbers: -6 to 6.

        Of the two keys with six, players know F# major and Eb minor.
        """
        sharps = (self.tonic + (3 if self.mode == "minor" else 0)) * 7 % 12
        return sharps if sharps < (7 if self.mode == "major" else 6) else sharps - 12

    @property
    def name(self) -> str:
        """The name that its signature gives it, such as "D minor" or "Eb major"."""
        return f"{self.spelling(self.tonic)} {self.mode}"

    @property
    def scale(self) -> frozenset[int]:
        """The pitch classes that belong to the key; in minor also the raised sixth and seventh."""
        return frozenset((self.tonic + step) % 12 for step in (_MAJOR if self.mode == "major" else _MINOR))

    @property
    def relative(self) -> Key:
        """The key of the other mode on the same seven notes."""
        if self.mode == "major":
            return Key((self.tonic + 9) % 12, "minor")
        return Key((self.tonic + 3) % 12, "major")

    def spelling(self, pitch: int) -> str:
        """Returns the note name that fits this key, such as "F#" or "Bb", without an octave."""
        # On the line of fifths ... Bb F C G D A E B F# ... a key's own notes stand together; the altered
        # ones that music in that key uses most (leading tone, raised fourth, blue third) stand just beside.
        lowest = self.fifths - (3 if self.mode == "major" else 2)
        place = lowest + (pitch * 7 - lowest) % 12
        letter, alter = name_at(place)
        return letter + "#" * alter + "b" * -alter


def name_at(place: int) -> tuple[str, int]:
    """Returns the letter and the semitones of alteration of a place on the line of fifths: C is 0, G 1, F -1, F# 6.

    Every place is one spelling, and places twelve apart are one pitch class. Which twelve neighbors a caller chooses from
    makes its spelling: `Key.spelling` names notes for a text and takes the names nearest to the key ("C##" in F#
    major); a sheet avoids double accidentals that are no leading tones ("D"); chord symbols go by the chord's sort.
    """
    return LINE_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7


ALL_KEYS: tuple[Key, ...] = tuple(Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12))
"""The twelve major keys from C up, then the twelve minor ones."""


def parse_key(text: str) -> Key:
    """Returns the key that a text names: "D minor", "Bb", "F# major", "f#m", "E flat".

    A letter alone is major, also in lower case; "m" or "min" after it makes it minor.

    Raises:
        StudioError: the text names no key.
    """
    found = re.fullmatch(
        r"([A-G])[\s-]*(##|#|♯|bb|b|♭|sharp|flat)?[\s-]*(major|maj|minor|min|m)?", text.strip(), re.IGNORECASE
    )
    if not found:
        raise StudioError(f"'{text.strip()}' is not a key. Write it like 'C major', 'F# minor' or 'Bb'.")
    letter, accidental, mode = found.groups()
    alter = {"": 0, "#": 1, "♯": 1, "sharp": 1, "##": 2, "b": -1, "♭": -1, "flat": -1, "bb": -2}[
        (accidental or "").lower()
    ]
    minor = mode is not None and (mode == "m" or mode.lower() in ("minor", "min"))
    return Key((_NATURAL[letter.upper()] + alter) % 12, "minor" if minor else "major")


def estimate_key(score: symusic.Score) -> tuple[Key, float]:
    """Returns the key that the score sounds in, and how sure that is, 0 to 1.

    Pitch classes are weighted by duration; drums do not count. A score without pitched notes is C major
    with confidence 0.
    """
    weights = np.zeros(12)
    for track in score.tracks:
        if not track.is_drum and len(track.notes):
            notes = track.notes.numpy()
            np.add.at(weights, notes["pitch"].astype(np.int64) % 12, np.maximum(notes["duration"], 1))
    return key_from_histogram(weights)


def written_key(score: symusic.Score) -> Key | None:
    """Returns the key that the score's one key signature names; None where there is none, or several."""
    return key_of_signature(score.key_signatures[0]) if len(score.key_signatures) == 1 else None


def key_of_signature(sign: symusic.KeySignature) -> Key | None:
    """Returns the key that a key signature names; None where it has more than seven accidentals."""
    return next((k for k in ALL_KEYS if k.fifths == sign.key and (k.mode == "minor") == bool(sign.tonality)), None)


def key_from_histogram(weights: Sequence[float] | np.ndarray) -> tuple[Key, float]:
    """Returns the key whose profile correlates best with 12 pitch class weights (from C), and how sure that is.

    The method of Krumhansl and Schmuckler (Krumhansl 1990) with the Krumhansl-Kessler profiles. The
    confidence is the best correlation, lowered when the best key with another signature comes close.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (12,) or not np.isfinite(weights).all() or np.ptp(weights) <= 0:
        return Key(0, "major"), 0.0
    scores = [profile_fit(weights, key) for key in ALL_KEYS]
    best = int(np.argmax(scores))
    same_notes = (ALL_KEYS[best], ALL_KEYS[best].relative)
    rival = max(score for key, score in zip(ALL_KEYS, scores, strict=True) if key not in same_notes)
    margin = min(1.0, (scores[best] - rival) / 0.1)
    return ALL_KEYS[best], round(max(0.0, scores[best]) * (0.5 + 0.5 * margin), 4)


def key_profile(key: Key) -> np.ndarray:
    """Returns how well each pitch class from C fits a key, float64 [12]: Krumhansl & Kessler 1982, mean 0, deviation 1."""
    profile = _profile(key)
    return (profile - profile.mean()) / profile.std()


def profile_fit(weights: np.ndarray, key: Key) -> float:
    """Returns how well 12 pitch class weights (from C), not all equal, fit the Krumhansl-Kessler profile of a key: a correlation."""
    return float(np.corrcoef(weights, _profile(key))[0, 1])


def _profile(key: Key) -> np.ndarray:
    return np.roll(_KK_MAJOR if key.mode == "major" else _KK_MINOR, key.tonic)


def spell(pitch: int, key: Key) -> str:
    """Returns the name of a MIDI pitch as this key writes it, with its octave: 61 is "Db4" in Ab major."""
    name = key.spelling(pitch)
    # The octave number follows the letter, so B#3 sounds as C4 and Cb4 as B3.
    alter = name.count("#") - name.count("b")
    return f"{name}{(pitch - alter) // 12 - 1}"
