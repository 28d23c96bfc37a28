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
from music.chord_symbols.grammar import model_quality, steps_of
from music.chord_symbols.qualities import MODEL_QUALITIES, NONE, QUALITIES
from music.chord_symbols.reading import IS_BASS, IS_NO_CHORD, Reader, read_symbol, system_of, without_commas
from music.chord_symbols.sheets import read_sheet
from music.chord_symbols.steps import is_nashville
from music.errors import StudioError
from music.theory import Key, name_at

_MODEL_NAMES = tuple(QUALITIES)[:MODEL_QUALITIES]
# Semitones above the root -> fifths above it, as a bass note is spelled: C/E, Cm/Eb, Am/G#, C/Bb.
_BASS_FIFTHS = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
_MARKER = "chord: "
MAX_BARS = 4096


@dataclass(frozen=True)
class Chord:
    """A chord.

    Attributes:
        root: pitch class, 0 (C) to 11 (B).
        quality: a key of QUALITIES or another suffix as ``chord_symbols.grammar.read_suffix`` returns it; NONE for no chord at all.
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
        own = tuple((self.root + step) % 12 for step in steps_of(self.quality))
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
        return self.root * MODEL_QUALITIES + _MODEL_NAMES.index(model_quality(self.quality))

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
    """Returns the chord that a symbol names: "Am7", "F#dim", "Bb/D", "C7(b9,#5)", "C^7", "C:min7", "Sol7", "N.C.".

    Raises:
        StudioError: the text names no chord, or several; the sentence repeats it.
    """
    found = read_symbol(text)
    return Chord(found.root, found.quality, found.bass)


def spell_chord(chord: Chord, fifths: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """Returns (letter, semitones of alteration) of the root and of the bass, as a key signature has them.

    Chords on steps outside the key have the names that musicians know: in C major Db and Ab major, but C# and
    G# diminished. The bass is spelled as a note of the chord, so C minor over its third is Cm/Eb in any key.
    """
    tones = steps_of(chord.quality)
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


class ChordText(NamedTuple):
    """What a text says: its chords by name, a bar each, and notes of what was left out or read in another system."""

    names: ChordNames
    notes: tuple[str, ...]


def parse_progression(text: str, beats_per_bar: int = 4, key: Key | None = None, is_whole: bool = True) -> Progression:
    """Returns the chords of a typed progression, as ``read_chord_text`` reads it."""
    return progression_of(parse_chord_names(text, beats_per_bar, key, is_whole))


def parse_chord_names(text: str, beats_per_bar: int = 4, key: Key | None = None, is_whole: bool = True) -> ChordNames:
    """Returns the bars of a typed or pasted progression, as ``read_chord_text`` does."""
    return read_chord_text(text, beats_per_bar, key, is_whole).names


def read_chord_text(text: str, beats_per_bar: int = 4, key: Key | None = None, is_whole: bool = True) -> ChordText:
    """Returns the bars of a typed or pasted progression, each chord spelled as it was typed, or with the letters C to B.

    "Am F C G" is one chord a bar. With bar lines, the chords between two of them share a bar: "Am | F G | C".
    A slash holds the chord before it for one more share: "Am / / G" is three beats and one. "%" repeats the bar
    before, "|: ... :|" plays what stands inside twice, ":| x3" three times, and "x3" at the end of a line plays the
    line three times. Slashes in a line without bar lines fill bars of ``beats_per_bar`` beats. Of sheets with words,
    headings or numbered lines (``chord_symbols.sheets``) only the chords are taken.

    Args:
        text: one line or many.
        beats_per_bar: how many beats slashes fill.
        key: in which Roman numerals and Nashville numbers are read, unless the text names one; without any they are refused.
        is_whole: False for a part of a progression, such as one bar, where German names are refused: they would say what
            "B" is in the others.

    Raises:
        StudioError: a symbol is no chord, or there is nothing to repeat or hold.
    """
    text = text.replace("–", "-").replace("𝄆", "|:").replace("𝄇", ":|").replace(":|:", ":| |:")
    words = [word for word in re.split(r"[\s|]+", without_commas(text)) if word.strip(":")]
    by_number = words and all(is_nashville(word) or IS_NO_CHORD.fullmatch(word) for word in words)
    reader = Reader(key, bool(by_number))
    sheet = read_sheet(text, reader.reads)
    if is_whole:
        reader.system = system_of([word for _, row in sheet.lines for word in re.split(r"[\s|:,]+", row)])
    if reader.system:  # which makes chords of more words
        sheet = read_sheet(text, reader.reads)
    reader.key = sheet.key or key
    bars: list[tuple[str, ...]] = []
    repeat_from = 0
    for number, row in sheet.lines:
        line = re.sub(r"(?<=\s)-(?=\s)", " ", f" {without_commas(row)} ")
        times, first = re.search(r"\s[x×]\s*(\d+)[|\s]*$", line), len(bars)
        if times and not line[: times.start()].rstrip().endswith((":|", ":||")):
            line = line[: times.start()]
        else:
            times = None
        try:
            if "|" in line:
                repeat_from = _read_line(line, bars, repeat_from, reader)
            else:
                _read_words(line, bars, beats_per_bar, reader)
        except StudioError as error:
            raise StudioError(f"Line {number}: {error}" if sheet.is_sheet else str(error)) from None
        if times:
            _repeat(bars, first, _times(times[1]))
        _check_length(len(bars))
    if text.strip(" |:\n") and not bars:
        raise StudioError(f"'{' '.join(text.split())[:80]}' holds no chords. Write chords like Am F C G.")
    if reader.foreign:
        reader.notes["system"] = f"{reader.system} names are read by letters: {', '.join(reader.foreign.values())}"
    return ChordText(tuple(bars), (*sheet.notes, *reader.notes.values()))


def _read_line(line: str, bars: list[tuple[str, ...]], repeat_from: int, reader: Reader) -> int:
    """Appends the bars of a line with bar lines, and returns the bar with which the repeat begins that is still open."""
    for part in re.split(r"(\|+:|:\|+(?:\s*[x×]\s*\d+)?|\|+)", line):
        part = part.strip()
        if re.fullmatch(r"\|+:", part):
            repeat_from = len(bars)
        elif part.startswith(":|"):
            count = re.search(r"\d+", part)
            _repeat(bars, repeat_from, _times(count[0]) if count else 2)
            repeat_from = len(bars)
        elif part.strip("|"):
            bars.append(_bar(reader.words(part), bars, reader))
    return repeat_from


def _read_words(line: str, bars: list[tuple[str, ...]], beats_per_bar: int, reader: Reader) -> None:
    """Appends the bars of a line without bar lines: a chord each, or with slashes a beat each."""
    words = reader.words(line)
    if "/" in words:
        shares = _bar(words, bars, reader)
        bars += [shares[first : first + beats_per_bar] for first in range(0, len(shares), beats_per_bar)]
    else:
        for word in words:
            bars.append(_bar([word], bars, reader))


def _repeat(bars: list[tuple[str, ...]], first: int, times: int) -> None:
    """Plays the bars from ``first`` on that many times; their number is checked before they are made."""
    _check_length(first + (len(bars) - first) * times)
    bars += bars[first:] * (times - 1)


def _check_length(bars: int) -> None:
    if bars > MAX_BARS:
        raise StudioError(f"The progression is longer than {MAX_BARS} bars. Repeat it less often.")


def _times(digits: str) -> int:
    return max(1, int(digits[:5]))


def _bar(words: Sequence[str], before: Sequence[tuple[str, ...]], reader: Reader) -> tuple[str, ...]:
    """Returns the chord names of a bar, given those before it for "%", "/" and "/B"."""
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
        elif (bass := IS_BASS.fullmatch(word)) is not None:
            last = found[-1:] or (before[-1][-1:] if before else ())
            if not last or last[0] == NONE:
                raise StudioError(
                    f"'{word}' is a bass for the chord before it, and there is none. Write C{word.lstrip('-')}."
                )
            found.append(reader.name(f"{_without_bass(last[0])}/{bass[1]}"))
        else:
            found.append(reader.name(word))  # says what is wrong with it
    return tuple(found)


def _without_bass(name: str) -> str:
    """Returns a chord name without the bass after its slash; "6/9" stays."""
    return re.sub(r"\s*/\s*[A-Ga-g][#b♯♭]*\)?$", "", name)


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


def chord_changes(score: symusic.Score) -> list[tuple[int, Chord]]:
    """Returns tick and chord of each chord symbol that a score carries, and NO_CHORD where chords begin late or pause."""
    spans = chord_spans(score)
    if not spans:
        return []
    changes = [(m.time, NO_CHORD) for m in score.markers if m.text.endswith(f": {NONE}") and m.time < spans[0].start]
    for span, until in zip(spans, [*(after.start for after in spans[1:]), score_end(score)], strict=True):
        changes.append((span.start, span.chord))
        if span.end < until:
            changes.append((span.end, NO_CHORD))
    return changes


def chord_at(spans: Sequence[ChordSpan], tick: int) -> Chord:
    """Returns the chord that holds at a tick, NO_CHORD where none does."""
    return next((span.chord for span in spans if span.start <= tick < span.end), NO_CHORD)


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
