"""Keys: their names and scales, how to read one from text, and how to hear one in a score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from music.errors import StudioError

if TYPE_CHECKING:
    import symusic

_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LINE_OF_FIFTHS = "FCGDAEB"
_STEPS = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10, 9, 11),  # natural minor, then the raised sixth and seventh
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
# Semitones from the tonic up to that of the major key with the same signature.
_ABOVE_MAJOR = {"major": 0, "minor": 3, "dorian": 10, "phrygian": 8, "lydian": 7, "mixolydian": 5}
# The two steps by which a church mode differs from major or minor: the one that is its own, and the one that it lacks.
_OWN_STEP = {"dorian": (9, 8), "phrygian": (1, 2), "lydian": (6, 5), "mixolydian": (10, 11)}
_MARK = "key: "

# How well each step above the tonic fits the key, as listeners rated it (Krumhansl & Kessler 1982).
_KK_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_KK_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


Mode = Literal["major", "minor", "dorian", "phrygian", "lydian", "mixolydian"]
MODES: tuple[Mode, ...] = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian")


@dataclass(frozen=True, order=True)
class Key:
    """A tonic and its scale: a major or minor key, or a church mode.

    Attributes:
        tonic: pitch class of the first step, 0 (C) to 11 (B).
        mode: one of MODES.
    """

    tonic: int
    mode: Mode

    @property
    def fifths(self) -> int:
        """Sharps of the key signature, flats as negative numbers: -6 to 6.

        Of the two keys with six, players know F# major and Eb minor.
        """
        sharps = self._major_tonic * 7 % 12
        return sharps if sharps < (6 if self.is_minor else 7) else sharps - 12

    @property
    def is_minor(self) -> bool:
        """Whether the third above the tonic is minor, as in minor, dorian and phrygian."""
        return 3 in _STEPS[self.mode]

    @property
    def is_church_mode(self) -> bool:
        """Whether it is neither major nor minor."""
        return self.mode in _OWN_STEP

    @property
    def plain(self) -> Key:
        """The major or minor key on the same tonic that is nearest: the one with the same third."""
        return Key(self.tonic, "minor" if self.is_minor else "major")

    @property
    def triad(self) -> tuple[int, int, int]:
        """The pitch classes of the chord on the tonic: root, third, fifth."""
        return self.tonic, (self.tonic + (3 if self.is_minor else 4)) % 12, (self.tonic + 7) % 12

    @property
    def own_step(self) -> tuple[int, int] | None:
        """The pitch class by which a church mode is told from ``plain``, and the one that it has in its place; else None."""
        steps = _OWN_STEP.get(self.mode)
        return steps and ((self.tonic + steps[0]) % 12, (self.tonic + steps[1]) % 12)

    @property
    def rivals(self) -> tuple[Key, ...]:
        """The major and the minor key on the same seven notes, as far as they are others than this one."""
        both = Key(self._major_tonic, "major"), Key((self._major_tonic + 9) % 12, "minor")
        return tuple(key for key in both if key != self)

    @property
    def _major_tonic(self) -> int:
        return (self.tonic + _ABOVE_MAJOR[self.mode]) % 12

    @property
    def name(self) -> str:
        """The name that its signature gives it, such as "D minor" or "Eb major"."""
        return f"{self.spelling(self.tonic)} {self.mode}"

    @property
    def scale(self) -> frozenset[int]:
        """The pitch classes that belong to the key; in minor also the raised sixth and seventh."""
        return frozenset((self.tonic + step) % 12 for step in _STEPS[self.mode])

    @property
    def relative(self) -> Key:
        """The minor key on the same seven notes for those with a major third, the major key for the others."""
        return self.rivals[0] if self.is_minor else self.rivals[-1]

    def spelling(self, pitch: int) -> str:
        """Returns the note name that fits this key, such as "F#" or "Bb", without an octave."""
        # On the line of fifths ... Bb F C G D A E B F# ... a key's own notes stand together; the altered
        # ones that music in that key uses most (leading tone, raised fourth, blue third) stand just beside.
        lowest = self.fifths - (2 if self.is_minor else 3)
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


ALL_KEYS: tuple[Key, ...] = tuple(Key(tonic, mode) for mode in MODES[:2] for tonic in range(12))
"""The twelve major keys from C up, then the twelve minor ones."""

NAMED_KEYS: tuple[Key, ...] = tuple(Key(tonic, mode) for mode in MODES for tonic in range(12))
"""ALL_KEYS, then the church modes: all that can be asked for by name."""


def parse_key(text: str) -> Key:
    """Returns the key that a text names: "D minor", "Bb", "F# major", "f#m", "E flat", "D dorian".

    A letter alone is major, also in lower case; "m" or "min" after it makes it minor.

    Raises:
        StudioError: the text names no key.
    """
    found = re.fullmatch(
        r"([A-G])[\s-]*(##|#|♯|bb|b|♭|sharp|flat)?[\s-]*(major|maj|minor|min|m|dorian|phrygian|lydian|mixolydian)?",
        text.strip(),
        re.IGNORECASE,
    )
    if not found:
        raise StudioError(f"'{text.strip()}' is not a key. Write it like 'C major', 'F# minor' or 'Bb'.")
    letter, accidental, mode = found.groups()
    alter = {"": 0, "#": 1, "♯": 1, "sharp": 1, "##": 2, "b": -1, "♭": -1, "flat": -1, "bb": -2}[
        (accidental or "").lower()
    ]
    tonic, said = (_NATURAL[letter.upper()] + alter) % 12, "minor" if mode == "m" else (mode or "").lower()
    if said in _OWN_STEP:
        return Key(tonic, next(one for one in MODES if one == said))
    return Key(tonic, "minor" if said in ("minor", "min") else "major")


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
    """Returns the key that the score's one key signature names; None where there is none, or several.

    A signature says major or minor alone; a church mode stands in a marker "key: D dorian" beside it.
    """
    if len(score.key_signatures) != 1:
        return None
    key = key_of_signature(score.key_signatures[0])
    named = list({marker.text[len(_MARK) :] for marker in score.markers if marker.text.startswith(_MARK)})
    if key is None or len(named) != 1:
        return key
    with suppress(StudioError):
        marked = parse_key(named[0])
        return marked if marked.is_church_mode and marked.fifths == key.fifths else key
    return key


def with_key(score: symusic.Score, key: Key, time: int = 0) -> symusic.Score:
    """Returns the score with a key written at a tick, in place of those from there on."""
    import symusic

    out = score.copy()
    out.key_signatures = [sign for sign in out.key_signatures if sign.time < time]
    out.key_signatures.append(symusic.KeySignature(time, key.fifths, int(key.is_minor)))
    markers = [marker for marker in out.markers if not marker.text.startswith(_MARK)]
    if key.is_church_mode:
        markers = sorted([symusic.TextMeta(time, _MARK + key.name), *markers], key=lambda marker: marker.time)
    out.markers = markers
    return out


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
    scores = profile_fits(weights, ALL_KEYS)
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
    return profile_fits(weights, (key,))[0]


def profile_fits(weights: np.ndarray, keys: tuple[Key, ...]) -> list[float]:
    """Returns ``profile_fit`` of several keys, to the last digit what ``np.corrcoef`` gives of each, in a fortieth of the time."""
    both = np.empty((len(keys), 2, 12))
    both[:, 0], both[:, 1] = weights, _profiles(keys)
    both -= both.mean(axis=2)[:, :, None]
    products = both @ both.swapaxes(1, 2) * np.true_divide(1, 11)
    deviations = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    fits: list[float] = (products[:, 0, 1] / deviations[:, 0] / deviations[:, 1]).clip(-1, 1).tolist()
    return fits


@lru_cache(maxsize=64)
def _profiles(keys: tuple[Key, ...]) -> np.ndarray:
    return np.stack([_profile(key) for key in keys])


def _profile(key: Key) -> np.ndarray:
    """Returns the ratings of a key; those of a church mode are its plain key's, with the step that differs in its place."""
    profile = _KK_MINOR if key.is_minor else _KK_MAJOR
    if key.is_church_mode:
        own, other = _OWN_STEP[key.mode]
        profile = profile.copy()
        profile[[own, other]] = profile[[other, own]]
    return np.roll(profile, key.tonic)


def spell(pitch: int, key: Key) -> str:
    """Returns the name of a MIDI pitch as this key writes it, with its octave: 61 is "Db4" in Ab major."""
    name = key.spelling(pitch)
    # The octave number follows the letter, so B#3 sounds as C4 and Cb4 as B3.
    alter = name.count("#") - name.count("b")
    return f"{name}{(pitch - alter) // 12 - 1}"
