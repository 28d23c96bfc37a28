"""Chord symbols: their names, how to read them and whole progressions from text, and where a score keeps them.

A score carries its chord symbols as MIDI markers "chord: Am7", so they survive saving, opening and every pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import symusic

from music.bars import Bar, score_end
from music.errors import StudioError
from music.theory import Key, name_at

# Suffix of a chord's name -> semitones above its root. The first MODEL_QUALITIES of them are those that models tell
# apart; each of the others is read as the one in _READ_AS.
QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "7sus4": (0, 5, 7, 10),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "mMaj7": (0, 3, 7, 11),
    "5": (0, 7),
    "add9": (0, 4, 7, 2),
    "madd9": (0, 3, 7, 2),
    "6/9": (0, 4, 7, 9, 2),
    "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2),
    "9sus4": (0, 5, 7, 10, 2),
    "11": (0, 4, 7, 10, 2, 5),
    "m11": (0, 3, 7, 10, 2, 5),
    "13": (0, 4, 7, 10, 2, 9),
    "maj13": (0, 4, 7, 11, 2, 9),
    "m13": (0, 3, 7, 10, 2, 9),
    "7b9": (0, 4, 7, 10, 1),
    "7#9": (0, 4, 7, 10, 3),
    "7b5": (0, 4, 6, 10),
    "aug7": (0, 4, 8, 10),
    "7#11": (0, 4, 7, 10, 6),
    "maj7#11": (0, 4, 7, 11, 6),
}
MODEL_QUALITIES = 16
NONE = "N.C."
_READ_AS = {
    "add9": "", "madd9": "m", "6/9": "6", "9": "7", "maj9": "maj7", "m9": "m7", "9sus4": "7sus4", "11": "7",
    "m11": "m7", "13": "7", "maj13": "maj7", "m13": "m7", "7b9": "7", "7#9": "7", "7b5": "7", "aug7": "7",
    "7#11": "7", "maj7#11": "maj7",
}  # fmt: skip
_MODEL_NAMES = tuple(QUALITIES)[:MODEL_QUALITIES]

# Other ways to write a suffix, after brackets and spaces are gone and "Δ", "ø", "°" are spelled out.
_SYNONYMS = {
    "M": "", "maj": "", "Maj": "", "ma": "", "major": "", "min": "m", "mi": "m", "-": "m", "minor": "m",
    "o": "dim", "+": "aug", "#5": "aug", "dom7": "7", "M7": "maj7", "Maj7": "maj7", "ma7": "maj7", "j7": "maj7",
    "major7": "maj7", "min7": "m7", "mi7": "m7", "-7": "m7", "minor7": "m7", "hdim": "m7b5",
    "hdim7": "m7b5", "min7b5": "m7b5", "mi7b5": "m7b5", "-7b5": "m7b5", "o7": "dim7", "sus": "sus4",
    "7sus": "7sus4", "sus7": "7sus4", "maj6": "6", "M6": "6", "min6": "m6", "mi6": "m6", "-6": "m6",
    "mmaj7": "mMaj7", "mM7": "mMaj7", "minmaj7": "mMaj7", "minMaj7": "mMaj7", "-maj7": "mMaj7", "-M7": "mMaj7",
    "2": "add9", "add2": "add9", "madd2": "madd9", "69": "6/9", "M9": "maj9", "Maj9": "maj9", "ma9": "maj9",
    "min9": "m9", "mi9": "m9", "-9": "m9", "9sus": "9sus4", "min11": "m11", "-11": "m11", "M13": "maj13",
    "Maj13": "maj13", "min13": "m13", "-13": "m13", "-5": "7b5", "7-5": "7b5", "7+": "aug7", "+7": "aug7",
    "7#5": "aug7", "7-9": "7b9", "7+9": "7#9", "M7#11": "maj7#11", "maj7+11": "maj7#11", "7+11": "7#11",
    "power": "5", "no3": "5",
}  # fmt: skip

_SYMBOL = re.compile(r"([A-Ga-g])([#b♯♭]*):?([^/]*(?:/9)?)(?:/([A-Ga-g])([#b♯♭]*))?")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# Semitones above the root -> fifths above it, as a bass note is spelled: C/E, Cm/Eb, Am/G#, C/Bb.
_BASS_FIFTHS = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
_MARKER = "chord: "
MAX_BARS = 4096


@dataclass(frozen=True)
class Chord:
    """A chord.

    Attributes:
        root: pitch class, 0 (C) to 11 (B).
        quality: a key of QUALITIES, or NONE for no chord at all.
        bass: pitch class of the lowest note; the root unless the symbol names another after a slash.
    """

    root: int
    quality: str = ""
    bass: int = -1

    def __post_init__(self) -> None:
        if self.bass < 0:
            object.__setattr__(self, "bass", self.root)

    @property
    def tones(self) -> tuple[int, ...]:
        """The pitch classes, the root first; those of a bass that is foreign to the chord last."""
        own = tuple((self.root + step) % 12 for step in QUALITIES.get(self.quality, ()))
        return own if self.bass in own or not own else (*own, self.bass)

    def name(self, key: Key | None = None) -> str:
        """Returns the symbol, such as "F#m7" or "C/E", spelled for a key (C major if none is given)."""
        if self.quality == NONE:
            return NONE
        root, bass = (
            letter + "b" * -alter + "#" * alter for letter, alter in spell_chord(self, key.fifths if key else 0)
        )
        return f"{root}{self.quality}" if self.bass == self.root else f"{root}{self.quality}/{bass}"

    def transposed(self, semitones: int) -> Chord:
        """Returns the chord that many semitones higher."""
        return Chord((self.root + semitones) % 12, self.quality, (self.bass + semitones) % 12)

    @property
    def number(self) -> int:
        """The chord as models see it: 16 qualities to each root from C up, then no chord; 0 to 192."""
        if self.quality == NONE:
            return 12 * MODEL_QUALITIES
        return self.root * MODEL_QUALITIES + _MODEL_NAMES.index(_READ_AS.get(self.quality, self.quality))

    @classmethod
    def numbered(cls, number: int, bass_above_root: int = 0) -> Chord:
        """Returns the chord of a number, its bass that many semitones above the root."""
        if number == 12 * MODEL_QUALITIES:
            return NO_CHORD
        root, quality = divmod(number, MODEL_QUALITIES)
        return cls(root, _MODEL_NAMES[quality], (root + bass_above_root) % 12)


NO_CHORD = Chord(0, NONE)
CHORD_NUMBERS = 12 * MODEL_QUALITIES + 1


class ChordSpan(NamedTuple):
    """A chord and the ticks ``[start, end)`` for which it holds."""

    start: int
    end: int
    chord: Chord


def parse_chord(text: str) -> Chord:
    """Returns the chord that a symbol names: "Am7", "F#dim", "Bb/D", "Cmaj9", "G7sus4", "N.C.".

    Raises:
        StudioError: the text names no chord; the sentence repeats it.
    """
    plain = text.strip()
    if plain.upper().replace(".", "") in ("N", "NC"):
        return NO_CHORD
    for sign, spelled in (("Δ", "maj7"), ("ø", "hdim"), ("°", "o")):
        plain = plain.replace(sign, spelled)
    plain = plain.replace("maj77", "maj7")
    found = _SYMBOL.fullmatch(re.sub(r"[()\s,]", "", plain))
    if found:
        letter, accidentals, suffix, bass, bass_accidentals = found.groups()
        suffix = _SYNONYMS.get(suffix, suffix)
        if suffix in QUALITIES:
            root = _pitch_class(letter, accidentals)
            return Chord(root, suffix, _pitch_class(bass, bass_accidentals) if bass else root)
    raise StudioError(f"'{text.strip()}' is not a chord symbol. Write chords like Am, F#7, Bbmaj7 or C/E.")


def _pitch_class(letter: str, accidentals: str) -> int:
    alter = accidentals.replace("♯", "#").replace("♭", "b")
    return (_LETTERS[letter.upper()] + alter.count("#") - alter.count("b")) % 12


def spell_chord(chord: Chord, fifths: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """Returns (letter, semitones of alteration) of the root and of the bass, as a key signature has them.

    Chords on steps outside the key have the names that musicians know: in C major Db and Ab major, but C# and
    G# diminished. The bass is spelled as a note of the chord, so C minor over its third is Cm/Eb in any key.
    """
    tones = QUALITIES[chord.quality]
    minor = 3 in tones and 4 not in tones
    diminished = minor and 7 not in tones
    # On the line of fifths (C is 0) twelve neighbors hold each note once; which twelve, the chord's sort decides.
    lowest = fifths - (2 if diminished else 3 if minor else 5)
    root = lowest + (chord.root * 7 - lowest) % 12
    if not (-6 <= root <= 10 or fifths - 1 <= root <= fifths + 5):  # no E#, B# or Fb that the key itself does not have
        root += 12 if root < 0 else -12
    above = (chord.bass - chord.root) % 12
    bass = root + _BASS_FIFTHS[above]
    if above in tones and (above == 6 and 7 not in tones or above == 9 and diminished):
        bass -= 12  # a flat fifth, a diminished seventh
    elif above in tones and above == 8:
        bass += 12  # a sharp fifth
    if not -8 <= bass <= 12:
        bass += 12 if bass < 0 else -12
    return name_at(root), name_at(bass)


Progression = tuple[tuple[Chord, ...], ...]
"""The chords of each bar; those of one bar share it evenly."""

ChordNames = tuple[tuple[str, ...], ...]
"""The same by name, as options and recipes hold it: ``(("Am",), ("F", "G"))``."""


def progression_of(names: ChordNames) -> Progression:
    """Returns the chords that names stand for.

    Raises:
        StudioError: a name is no chord.
    """
    return tuple(tuple(map(parse_chord, bar)) for bar in names)


def parse_progression(text: str, beats_per_bar: int = 4) -> Progression:
    """Returns the chords of a typed progression, as ``parse_chord_names`` reads it."""
    return progression_of(parse_chord_names(text, beats_per_bar))


def parse_chord_names(text: str, beats_per_bar: int = 4) -> ChordNames:
    """Returns the bars of a typed progression, each chord spelled as it was typed.

    "Am F C G" is one chord a bar. With bar lines, the chords between two of them share a bar: "Am | F G | C".
    A slash holds the chord before it for one more share: "Am / / G" is three beats and one. "%" repeats the bar
    before, "|: ... :|" plays what stands inside twice, ":| x3" three times, and "x3" at the end of a line plays the
    line three times. Slashes in a line without bar lines fill bars of ``beats_per_bar`` beats.

    Raises:
        StudioError: a symbol is no chord, or there is nothing to repeat or hold.
    """
    text = text.replace(",", " ").replace("–", "-").replace("𝄆", "|:").replace("𝄇", ":|").replace(":|:", ":| |:")
    text = re.sub(r"(?<=\s)-(?=\s)", " ", f" {text} ")
    bars: list[tuple[str, ...]] = []
    repeat_from = 0
    for line in text.splitlines():
        times, first = re.search(r"\s[x×]\s*(\d+)[|\s]*$", line), len(bars)
        if times and not line[: times.start()].rstrip().endswith((":|", ":||")):
            line = line[: times.start()]
        else:
            times = None
        if "|" in line:
            repeat_from = _read_line(line, bars, repeat_from)
        else:
            _read_words(line.split(), bars, beats_per_bar)
        if times:
            bars += bars[first:] * (_times(times[1]) - 1)
        if len(bars) > MAX_BARS:
            raise StudioError(f"The progression is longer than {MAX_BARS} bars. Repeat it less often.")
    if text.strip(" |:\n") and not bars:
        raise StudioError(f"'{text.strip()}' holds no chords. Write chords like Am F C G.")
    return tuple(bars)


def _read_line(line: str, bars: list[tuple[str, ...]], repeat_from: int) -> int:
    """Appends the bars of a line with bar lines, and returns the bar with which the repeat begins that is still open."""
    for part in re.split(r"(\|+:|:\|+(?:\s*[x×]\s*\d+)?|\|+)", line):
        part = part.strip()
        if re.fullmatch(r"\|+:", part):
            repeat_from = len(bars)
        elif part.startswith(":|"):
            count = re.search(r"\d+", part)
            bars += bars[repeat_from:] * ((_times(count[0]) if count else 2) - 1)
            repeat_from = len(bars)
        elif part.strip("|"):
            bars.append(_bar(part.split(), bars))
    return repeat_from


def _read_words(words: Sequence[str], bars: list[tuple[str, ...]], beats_per_bar: int) -> None:
    """Appends the bars of a line without bar lines: a chord each, or with slashes a beat each."""
    if "/" in words:
        shares = _bar(words, bars)
        bars += [shares[first : first + beats_per_bar] for first in range(0, len(shares), beats_per_bar)]
    else:
        for word in words:
            bars.append(_bar([word], bars))


def _times(digits: str) -> int:
    return max(1, int(digits[:5]))


def _bar(words: Sequence[str], before: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Returns the chord names of a bar, given those before it for "%" and "/"."""
    if words in (["%"], ["%%"]):
        if not before:
            raise StudioError("'%' repeats the bar before, and there is none. Begin with a chord such as Am.")
        return before[-1]
    found: list[str] = []
    for word in words:
        if word in ("/", "."):
            last = found[-1:] or (before[-1][-1:] if before else ())
            if not last:
                raise StudioError("'/' holds the chord before it, and there is none. Begin with a chord such as Am.")
            found.append(last[0])
        else:
            parse_chord(word)  # says what is wrong with it
            found.append(word)
    return tuple(found)


def beat_ticks(bar: Bar, ticks_per_quarter: int) -> list[int]:
    """Returns the ticks at which the beats of a bar begin.

    A beat is a quarter note; three eighths where a signature of eighths counts in threes (6/8), else one (5/8).
    """
    length = ticks_per_quarter
    if bar.denominator >= 8:
        unit = max(1, ticks_per_quarter * 4 // bar.denominator)
        length = 3 * unit if bar.numerator % 3 == 0 and bar.numerator > 0 else unit
    return list(range(bar.start, bar.end, length))


def chord_spans(score: symusic.Score, end: int | None = None) -> list[ChordSpan]:
    """Returns the chord symbols that a score carries, in order, each up to the next.

    Args:
        score: any score.
        end: where the last one ends; by default with the last note.
    """
    found = []
    for marker in sorted(score.markers, key=lambda marker: marker.time):
        if marker.text.startswith(_MARKER):
            try:
                found.append((marker.time, parse_chord(marker.text[len(_MARKER) :])))
            except StudioError:  # someone else's marker
                continue
    last = score_end(score) if end is None else end
    ends = [*(time for time, _ in found[1:]), last][: len(found)]
    return [
        ChordSpan(time, stop, chord)
        for (time, chord), stop in zip(found, ends, strict=True)
        if stop > time and chord != NO_CHORD
    ]


def with_chords(score: symusic.Score, spans: Iterable[ChordSpan], key: Key | None = None) -> symusic.Score:
    """Returns the score with these chord symbols instead of those it has; gaps between them are "N.C."."""
    out = score.copy()
    markers = [marker for marker in out.markers if not marker.text.startswith(_MARKER)]
    last_chord, last_end = None, None
    for span in sorted(spans):
        if last_end is not None and span.start > last_end:
            markers.append(symusic.TextMeta(last_end, _MARKER + NONE))
            last_chord = None
        if span.chord != last_chord:
            markers.append(symusic.TextMeta(span.start, _MARKER + span.chord.name(key)))
        last_chord, last_end = span.chord, span.end
    out.markers = sorted(markers, key=lambda marker: marker.time)
    return out
