"""The bars of one part of a MusicXML score as they are written: notes, signatures, tempi, chord symbols and signs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element

from music.chords import Chord
from music.errors import StudioError
from music.files.bar_order import BarSigns
from music.files.musicxml_chords import read_harmony
from music.files.musicxml_players import Player, Voice, set_sound
from music.files.musicxml_values import (
    MAX_TIMES,
    attribute_number,
    beat_units,
    child_number,
    divisions_known,
    guess_divisions,
    note_value,
    number_in,
    numbers_in_list,
    quarters_a_minute,
    staff_place,
    time_signature,
    verses,
)

MAX_BAR_QUARTERS = 1_024  # the longest bar: 256 whole notes, as an unmeasured psalm may have them in one bar
DEFAULT_VELOCITY = 80
# How loud each dynamic is; of 127. The shares are music21's, which read these files before.
_DYNAMICS = {
    "pppp": 0.1, "ppp": 0.15, "pp": 0.25, "p": 0.35, "mp": 0.45, "mf": 0.55, "f": 0.7, "fp": 0.75, "sf": 0.85, "ff": 0.85,
    "fff": 0.9, "ffff": 0.95,
}  # fmt: skip
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ROUNDING = Fraction(1, 32)  # of a quarter: by so much whole numbers of divisions may miss the length of a bar


class WrittenNote(NamedTuple):
    """One head: its place in quarters from the beginning of its bar, its length, and what sounds.

    ``line`` is the voice on paper to which it belongs, ``words`` are (verse, syllable), and ``passes`` the times through
    the bar at which it is played, empty for all.
    """

    start: Fraction
    length: Fraction
    pitch: int
    staff: int
    line: str
    voice: Voice
    velocity: int
    tie_in: bool
    tie_out: bool
    is_grace: bool
    in_chord: bool
    words: tuple[tuple[int, str], ...]
    passes: frozenset[int]


@dataclass
class PartBar:
    """One bar of one part, times in quarters from its beginning.

    Attributes:
        length: how far its notes and the rests between them go; 0 without notes.
        rest: how far rests go in a bar without notes, or a rest for the whole bar beside them; 0 without any.
        implicit: the file says that this bar does not count, as a pickup or the second half of one.
        signature: the time signature that begins here: numerator and denominator, (0, 0) for none at all.
        keys: (place, sharps, whether minor).
        repeated: it is empty and repeats, by a sign, the bar so many bars before.
    """

    number: str = ""
    length: Fraction = Fraction(0)
    rest: Fraction = Fraction(0)
    implicit: bool = False
    signature: tuple[int, int] | None = None
    keys: list[tuple[Fraction, int, bool]] = field(default_factory=list)
    tempi: list[tuple[Fraction, float]] = field(default_factory=list)
    chords: list[tuple[Fraction, Chord]] = field(default_factory=list)
    marks: list[tuple[Fraction, str]] = field(default_factory=list)
    notes: list[WrittenNote] = field(default_factory=list)
    signs: BarSigns = field(default_factory=BarSigns)
    repeated: int = 0


def read_bars(measures: Sequence[Element], player: Player, mended: Counter[str], left_out: list[str]) -> list[PartBar]:
    """Returns the bars of a part.

    Args:
        measures: its ``measure`` elements.
        player: who plays it.
        mended: what is said to the user, with a count each.
        left_out: gets the chord symbols that name no chord of ours, as they are written.

    Raises:
        StudioError: a note cannot be, or a bar exceeds a limit.
    """
    reader = _PartReader(player, mended, left_out)
    if not divisions_known(measures):
        reader.divisions = guess_divisions(measures)
        mended["How long a beat is, the file does not say (no divisions); lengths go by the note values"] = 1
    bars = [reader.read(measure) for measure in measures]
    reader.fill_repeated(bars)
    return bars


class _PartReader:
    """Goes through the bars of a part, and remembers what holds until it is changed."""

    def __init__(self, player: Player, mended: Counter[str], left_out: list[str]) -> None:
        self.player, self.mended, self.left_out = player, mended, left_out
        self.divisions: Fraction | None = Fraction(1)
        self.transpose: dict[int, tuple[int, int]] = {}
        self.signature = (4, 4)
        self.fifths, self.minor = 0, False
        self.loud: dict[int, int] = {}
        self.qpm = 120.0
        self.percussion: set[int] = set()
        self.slashes = False
        self.repeated = 0  # how many bars a repeat sign stands for, 0 where none does

    # One bar

    def read(self, measure: Element) -> PartBar:
        """Returns one bar; what it changes holds for those that follow."""
        self.bar = bar = PartBar(measure.get("number", "").strip()[:20], implicit=measure.get("implicit") == "yes")
        self.at = self.last = Fraction(0)
        self.raw, self.places = Fraction(0), {Fraction(0): Fraction(0)}
        self.dynamics: list[tuple[Fraction, int, int]] = []
        self.full_rest, self.sounded = Fraction(0), False
        for element in measure:
            tag = element.tag
            if tag == "note":
                self._note(element)
            elif tag == "backup":
                self._move(element, -1)
            elif tag == "forward":
                self._move(element, 1)
            elif tag == "attributes":
                self._attributes(element)
            elif tag == "direction":
                self._direction(element)
            elif tag == "harmony":
                self._harmony(element)
            elif tag == "barline":
                self._barline(element)
            elif tag == "sound":
                self._sound(element, self.at)
        nominal = self.nominal
        if not self.sounded:  # two rests for the whole bar, as some files have them, are no bar of double length
            bar.rest, bar.length = max(self.full_rest, bar.length), Fraction(0)
        if nominal and 0 < abs(bar.length - nominal) < _ROUNDING:
            bar.length = nominal
        if bar.length > MAX_BAR_QUARTERS:
            raise StudioError(
                f"Bar {bar.number or '?'} is longer than {MAX_BAR_QUARTERS} quarter notes. Check its notes, or split it."
            )
        bar.repeated = 0 if bar.notes else self.repeated
        self._set_velocities()
        return bar

    @property
    def nominal(self) -> Fraction:
        """The length of a bar as the time signature has it, in quarters; 0 without one."""
        beats, kind = self.signature
        return Fraction(4 * beats, kind) if kind else Fraction(0)

    def _set_velocities(self) -> None:
        """Gives notes the dynamic that holds; what stands at the upper staff holds for all staves of a part."""
        bar, loud = self.bar, self.loud
        events = sorted(self.dynamics, key=lambda event: (event[0], event[1] > 1))
        order = sorted(range(len(bar.notes)), key=lambda index: bar.notes[index].start)
        place = 0

        def take(until: Fraction | None) -> None:
            nonlocal place
            while place < len(events) and (until is None or events[place][0] <= until):
                _, staff, velocity = events[place]
                if staff > 1:
                    loud[staff] = velocity
                else:
                    loud.clear()
                    loud[0] = velocity
                place += 1

        for index in order:
            note = bar.notes[index]
            take(note.start)
            velocity = loud.get(note.staff, loud.get(0, DEFAULT_VELOCITY))
            if velocity != note.velocity:
                bar.notes[index] = note._replace(velocity=velocity)
        take(None)

    def fill_repeated(self, bars: list[PartBar]) -> None:
        """Fills bars in which a sign repeats what came before, where the file left them empty."""
        for index, bar in enumerate(bars):
            if bar.repeated and index >= bar.repeated:
                before = bars[index - bar.repeated]
                bar.notes, bar.length = list(before.notes), before.length
                self.mended["Bars with a repeat sign (%), filled from before: #"] += 1

    # Time

    def _length(self, element: Element) -> Fraction | None:
        """Returns the length of a note in quarters, None where the file does not say.

        Raises:
            StudioError: it is negative or absurd.
        """
        text = element.findtext("duration")
        written = number_in(text)
        value = note_value(element)
        if self.divisions is not None and written is not None and written > 0:
            return written / self.divisions
        if value is not None:
            if self.divisions is not None:
                self.mended["Notes without a length, read by their note values: #"] += 1
            return value
        if self.divisions is None and written is not None and written > 0:
            return written  # one division a quarter is as good a guess as any
        return None

    def _move(self, element: Element, way: int) -> None:
        written = number_in(element.findtext("duration"))
        if written is None or written < 0:
            self.at = Fraction(0) if way < 0 else self.at
            return
        if self.divisions is not None:
            self.at = max(self.at + way * written / self.divisions, Fraction(0))
            if way > 0 and self.nominal and self.at <= self.nominal:
                self.bar.length = max(self.bar.length, self.at)
            return
        # Lengths are by note values here: go back to where the file was at that place.
        self.raw = max(self.raw + way * written, Fraction(0))
        before = max(place for place in (*self.places, Fraction(0)) if place <= self.raw)
        self.at = self.places.get(before, Fraction(0))

    # Notes

    def _note(self, element: Element) -> None:
        """Takes in one head or rest."""
        parts = {child.tag: child for child in element}
        grace, chord = "grace" in parts, "chord" in parts
        start = self.last if chord else self.at
        length = Fraction(0)
        if not grace:
            found = self._length(element)
            if found is None:
                found = self._unsaid(parts)
            length = found
            if not chord:
                self._advance(element, start, length, parts)
        if "rest" in parts:
            return
        self.sounded = True
        if "cue" in parts:
            self.mended["Cue notes, which another part plays, left out: #"] += 1
            return
        if not grace:
            self.bar.length = max(self.bar.length, start + length)
        head = parts["notehead"].text or "" if "notehead" in parts else ""
        instrument = parts["instrument"].get("id") if "instrument" in parts else None
        staff = child_number(parts, "staff")
        if self._is_slash(head, instrument, parts):
            self.mended["Slashes, where players choose their notes, left out: #"] += 1
            return
        pitch, voice = self._what_sounds(parts, instrument, head.strip(), staff)
        ties = {tie.get("type") for tie in element.findall("tie")} or {
            tie.get("type") for tie in element.findall("notations/tied")
        }
        line = f"{staff}:{parts['voice'].text if 'voice' in parts else ''}"
        self.bar.notes.append(
            WrittenNote(
                start, length, pitch, staff, line, voice, DEFAULT_VELOCITY,
                not grace and bool(ties & {"stop", "continue"}), not grace and bool(ties & {"start", "continue"}), grace, chord,
                verses(element) if "lyric" in parts else (), numbers_in_list(element.get("time-only")),
            )
        )  # fmt: skip

    def _unsaid(self, parts: dict[str, Element]) -> Fraction:
        """Returns the length of a note or rest of which the file says nothing."""
        if "rest" in parts:
            return max(self.nominal - self.at, Fraction(0)) or self.nominal or Fraction(4)
        self.mended["Notes of unknown length, read as quarters: #"] += 1
        return Fraction(1)

    def _advance(self, element: Element, start: Fraction, length: Fraction, parts: dict[str, Element]) -> None:
        """Goes on by the length of a note or rest."""
        self.last, self.at = start, start + length
        if self.divisions is None:
            self.raw += number_in(element.findtext("duration")) or Fraction(0)
            self.places.setdefault(self.raw, self.at)
        if "rest" not in parts:
            return
        whole = parts["rest"].get("measure") == "yes" or (parts["type"].text == "whole" if "type" in parts else True)
        limit = self.nominal or self.at
        if whole and start == 0:  # rests for a whole bar have the length of a whole note in many files
            self.at = min(self.at, limit)
            self.full_rest = max(self.full_rest, self.at)
        else:
            self.bar.length = max(self.bar.length, min(self.at, limit))

    def _is_slash(self, head: str, instrument: str | None, parts: dict[str, Element]) -> bool:
        """Whether a head is a slash that says "play what the chord symbol says" and not which notes."""
        if "unpitched" in parts:
            sound = self.player.sounds.get(instrument or "")
            if sound is not None and sound.key is not None:
                return False
        return self.slashes or head.strip() == "slash"

    def _what_sounds(
        self, parts: dict[str, Element], instrument: str | None, head: str, staff: int
    ) -> tuple[int, Voice]:
        """Returns the MIDI pitch of a note, or the key of a drum, and who plays it.

        Raises:
            StudioError: there is no such note.
        """
        voice = self.player.voice(instrument)
        pitched = parts.get("pitch")
        if pitched is None:
            unpitched = parts.get("unpitched")
            place = "" if unpitched is None else staff_place(unpitched, "display-step", "display-octave")
            key, guessed = self.player.drum(instrument, place, head)
            if guessed:
                self.mended["Drums without a sound, read from their places on the staff: #"] += 1
            return key, Voice(voice.program if voice.is_drum else 0, True)
        if voice.is_drum:
            sound = self.player.sounds.get(instrument or "", self.player.first)
            if sound.key is not None:
                return sound.key, voice
            if staff in self.percussion:
                return self.player.drum(instrument, staff_place(pitched, "step", "octave"), head)[0], voice
        elif self.player.on_the_drum_channel:
            self.mended["A part on the channel of the drums that its name says is none, read by its name"] = 1
        step = (pitched.findtext("step") or "").strip()
        octave = number_in(pitched.findtext("octave"))
        if step not in _STEPS or octave is None or octave.denominator != 1 or not -2 <= octave <= 12:
            name = f"{step[:8]}{(pitched.findtext('octave') or '').strip()[:8]}"
            raise StudioError(
                f"Bar {self.bar.number or '?'} has a note '{name}', which cannot be. "
                "Export the score again from your notation program."
            )
        alter = number_in(pitched.findtext("alter")) or Fraction(0)
        if alter.denominator != 1:
            self.mended["Quarter tones, moved to the nearest key: #"] += 1
        chromatic = 0 if voice.is_drum else self.transpose.get(staff, self.transpose.get(0, (0, 0)))[0]
        pitch = round(12 * (octave + 1) + _STEPS[step] + alter) + chromatic
        if not 0 <= pitch <= 127:
            self.mended["Notes too low or too high for MIDI, moved to its ends: #"] += 1
        return min(max(pitch, 0), 127), voice

    # What stands around the notes

    def _attributes(self, element: Element) -> None:
        divisions = element.find("divisions")
        if divisions is not None:
            value = number_in(divisions.text)
            if value is not None and value > 0:
                self.divisions = value
        for transpose in element.findall("transpose"):
            chromatic = round(number_in(transpose.findtext("chromatic")) or 0)
            octaves = round(number_in(transpose.findtext("octave-change")) or 0)
            diatonic = number_in(transpose.findtext("diatonic"))
            semitones = chromatic + 12 * octaves
            if abs(semitones) <= 60:
                steps = round(diatonic) if diatonic is not None else round(chromatic * 7 / 12)
                self.transpose[attribute_number(transpose, "number", 0)] = (semitones, 7 * chromatic - 12 * steps)
        key = element.find("key")
        if key is not None and key.find("fifths") is not None:
            self._key(key)
        for clef in element.findall("clef"):
            staff = attribute_number(clef, "number", 1)
            (self.percussion.add if clef.findtext("sign") == "percussion" else self.percussion.discard)(staff)
        time = element.find("time")
        if time is not None:
            signature = time_signature(time)
            if signature is None:
                self.mended["Impossible time signatures, left out: #"] += 1
            else:
                self.bar.signature = self.signature = signature
        for style in element.findall("measure-style"):
            slash, repeat = style.find("slash"), style.find("measure-repeat")
            if slash is not None:
                self.slashes = slash.get("type") == "start"
            if repeat is not None:
                bars = number_in(repeat.text) or 1
                self.repeated = min(max(round(bars), 1), 8) if repeat.get("type") == "start" else 0

    def _key(self, key: Element) -> None:
        fifths = number_in(key.findtext("fifths"))
        # The key as it sounds: a clarinet's D major is C major.
        self.fifths = round(fifths or 0)
        sounding = self.fifths + self.transpose.get(0, self.transpose.get(1, (0, 0)))[1]
        if not -7 <= sounding <= 7:
            sounding -= 12 if sounding > 7 else -12
        if fifths is None or not -7 <= sounding <= 7:
            self.mended["Impossible key signatures, left out: #"] += 1
            return
        self.minor = (key.findtext("mode") or "").strip().lower() in ("minor", "aeolian")
        self.bar.keys.append((self.at, sounding, self.minor))

    def _direction(self, direction: Element) -> None:
        offset = number_in(direction.findtext("offset")) or Fraction(0)
        place = max(self.at + offset / (self.divisions or 1), Fraction(0))
        signs, words = self.bar.signs, []
        staff = child_number({child.tag: child for child in direction}, "staff")
        metronome = None
        codas: set[str] = set()
        for kind in direction.findall("direction-type"):
            for mark in kind:
                if mark.tag == "words":
                    words.append(mark.text or "")
                elif mark.tag == "rehearsal" and (mark.text or "").strip():
                    self.bar.marks.append((place, " ".join((mark.text or "").split())[:80]))
                elif mark.tag == "segno":
                    signs.segnos.add("")
                elif mark.tag == "coda":
                    codas.add("")
                elif mark.tag == "metronome":
                    metronome = mark
                elif mark.tag == "dynamics":
                    for level in mark:
                        if level.tag in _DYNAMICS:
                            self.dynamics.append((place, staff, round(_DYNAMICS[level.tag] * 127)))
        text = " ".join(words)
        before = signs.to_coda
        signs.read_words(text)
        sound = direction.find("sound")
        if sound is not None:
            self._sound(sound, place, tempo=metronome is None or quarters_a_minute(metronome) is None)
        if codas and not (signs.to_coda and not before) and re.sub(r"\W", "", text.lower()) not in ("to", "al"):
            signs.codas |= codas
        elif codas:
            signs.to_coda = True
        if metronome is not None:
            self._metronome(metronome, place)

    def _metronome(self, metronome: Element, place: Fraction) -> None:
        qpm = quarters_a_minute(metronome)
        if qpm is None:
            units = beat_units(metronome)
            if len(units) == 2:  # "the old note is the new note"
                self._tempo(place, self.qpm * float(units[1] / units[0]))
            return
        self._tempo(place, qpm)

    def _tempo(self, place: Fraction, qpm: float) -> None:
        if 1 <= qpm <= 2_000:  # beyond that no one can count
            self.qpm = qpm
            self.bar.tempi.append((place, qpm))
        else:
            self.mended["Impossible tempo changes, left out: #"] += 1

    def _sound(self, sound: Element, place: Fraction, tempo: bool = True) -> None:
        """Takes in what a program is told to do here."""
        signs = self.bar.signs
        offset = number_in(sound.findtext("offset"))
        if offset is not None:
            place = max(place + offset / (self.divisions or 1), Fraction(0))
        if tempo and "tempo" in sound.attrib:
            qpm = number_in(sound.get("tempo"))
            self._tempo(place, float(qpm) if qpm is not None else 0.0)
        if sound.get("dacapo") == "yes":
            signs.da_capo, signs.loose = True, False
        if "dalsegno" in sound.attrib:
            signs.dal_segno, signs.loose = sound.attrib["dalsegno"], False
        if "segno" in sound.attrib:
            signs.segnos.add(sound.attrib["segno"])
        if "coda" in sound.attrib:
            signs.codas.add(sound.attrib["coda"])
        if "tocoda" in sound.attrib:
            signs.to_coda = True
        if sound.get("fine", "no") != "no":
            signs.fine = True
        for midi in sound.findall("midi-instrument"):
            known = self.player.sounds.get(midi.get("id", ""))
            if known is not None:
                set_sound(known, midi)

    def _harmony(self, harmony: Element) -> None:
        offset = number_in(harmony.findtext("offset")) or Fraction(0)
        place = max(self.at + offset / (self.divisions or 1), Fraction(0))
        chromatic = self.transpose.get(0, self.transpose.get(1, (0, 0)))[0]
        chord, exact, text = read_harmony(harmony, self.fifths, self.minor)
        if chord is None:
            self.left_out.append(text)
            return
        if not exact:
            self.mended["Chord symbols, simplified: #"] += 1
        self.bar.chords.append((place, chord.transposed(chromatic) if chord.tones else chord))

    def _barline(self, barline: Element) -> None:
        signs = self.bar.signs
        repeat = barline.find("repeat")
        if repeat is not None:
            if repeat.get("direction") == "forward":
                signs.forward = True
            elif repeat.get("direction") == "backward":
                times = number_in(repeat.get("times"))
                signs.plays = min(max(round(times), 1), MAX_TIMES) if times is not None else 2
                signs.after_jump = repeat.get("after-jump") == "yes"
        for ending in barline.findall("ending"):
            numbers = tuple(sorted(numbers_in_list(ending.get("number")) or numbers_in_list(ending.text)))
            if ending.get("type") == "start":
                signs.ending = numbers
            else:
                signs.ending_stops, signs.stopped = True, numbers
        if barline.find("segno") is not None:
            signs.segnos.add(barline.get("segno", ""))
        if barline.find("coda") is not None:
            signs.codas.add(barline.get("coda", ""))
