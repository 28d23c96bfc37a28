"""What stands around the notes of a MusicXML part and holds until it is changed: time, key, clefs, tempo and shorthand."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from music.files.musicxml_chords import read_harmony
from music.files.musicxml_loudness import read_marks, read_wedge
from music.files.musicxml_players import Player, set_sound
from music.files.musicxml_values import (
    MAX_TIMES,
    attribute_number,
    beat_units,
    child_number,
    number_in,
    numbers_in_list,
    quarters_a_minute,
    tempo_in_words,
    time_signature,
)
from music.files.musicxml_written import PartBar, Swing

_FEEL = re.compile(
    r"\W*(?:(?:slow|medium|med\.?|fast|easy|light|up|bright|hard|jazz)[\s-]+)*(?:(?:swing|swung|shuffle)|(?P<straight>straight))\b",
    re.IGNORECASE,
)


@dataclass
class Standing:
    """What holds in a part until it is changed; each method takes in one element at a place in a bar.

    Attributes:
        player: who plays the part.
        mended: what is said to the user, with a count each.
        left_out: the chord symbols that name no chord of ours, as they are written.
        divisions: of a quarter; None where lengths go by the note values.
        transpose: (semitones, sharps of the key) up, by staff, 0 for all.
        signature: numerator and denominator, (0, 0) for free time.
        fifths, minor: the key as it is written.
        qpm: the tempo.
        percussion: the staves with a clef for drums.
        slashes: heads are slashes, which stand for notes that players choose.
        repeated: how many bars a repeat sign (%) stands for, 0 where none does.
    """

    player: Player
    mended: Counter[str]
    left_out: list[str]
    divisions: Fraction | None = Fraction(1)
    transpose: dict[int, tuple[int, int]] = field(default_factory=dict)
    signature: tuple[int, int] = (4, 4)
    fifths: int = 0
    minor: bool = False
    qpm: float = 120.0
    percussion: set[int] = field(default_factory=set)
    slashes: bool = False
    repeated: int = 0

    @property
    def nominal(self) -> Fraction:
        """The length of a bar as the time signature has it, in quarters; 0 without one."""
        beats, kind = self.signature
        return Fraction(4 * beats, kind) if kind else Fraction(0)

    def read_attributes(self, element: Element, bar: PartBar, at: Fraction) -> None:
        """Takes in divisions, transposition, key, clefs, time signature and what shorthand begins or ends."""
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
            self._key(key, bar, at)
        for clef in element.findall("clef"):
            staff = attribute_number(clef, "number", 1)
            (self.percussion.add if clef.findtext("sign") == "percussion" else self.percussion.discard)(staff)
        time = element.find("time")
        if time is not None:
            signature = time_signature(time)
            if signature is None:
                self.mended["Impossible time signatures, left out: #"] += 1
            else:
                bar.signature = self.signature = signature
        for style in element.findall("measure-style"):
            slash, repeat = style.find("slash"), style.find("measure-repeat")
            if slash is not None:
                self.slashes = slash.get("type") == "start"
            if repeat is not None:
                bars = number_in(repeat.text) or 1
                self.repeated = min(max(round(bars), 1), 8) if repeat.get("type") == "start" else 0

    def _key(self, key: Element, bar: PartBar, at: Fraction) -> None:
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
        bar.keys.append((at, sounding, self.minor))

    def read_direction(self, direction: Element, bar: PartBar, at: Fraction) -> None:
        """Takes in words, marks and signs above and below the staff, and what a program is told to do there."""
        offset = number_in(direction.findtext("offset")) or Fraction(0)
        place = max(at + offset / (self.divisions or 1), Fraction(0))
        signs, words = bar.signs, []
        staff = child_number({child.tag: child for child in direction}, "staff")
        metronome = None
        codas: set[str] = set()
        dynamics: list[Element] = []
        for kind in direction.findall("direction-type"):
            for mark in kind:
                if mark.tag == "words":
                    words.append(mark.text or "")
                elif mark.tag == "rehearsal" and (mark.text or "").strip():
                    bar.marks.append((place, " ".join((mark.text or "").split())[:80]))
                elif mark.tag == "segno":
                    signs.segnos.add("")
                elif mark.tag == "coda":
                    codas.add("")
                elif mark.tag == "metronome":
                    metronome = mark
                elif mark.tag == "dynamics":
                    dynamics.append(mark)
                elif mark.tag == "wedge":
                    wedge = read_wedge(mark, place, staff)
                    bar.wedges += [wedge] if wedge is not None else []
        text = " ".join(words)
        before = signs.to_coda
        signs.read_words(text)
        sound = direction.find("sound")
        bar.dynamics += read_marks(dynamics, sound, place, staff)
        if sound is not None:
            self.read_sound(sound, bar, place, tempo=metronome is None or quarters_a_minute(metronome) is None)
        if codas and not (signs.to_coda and not before) and re.sub(r"\W", "", text.lower()) not in ("to", "al"):
            signs.codas |= codas
        elif codas:
            signs.to_coda = True
        if metronome is not None:
            self._metronome(metronome, bar, place)
        feel = _FEEL.match(text)
        if feel is not None and (sound is None or sound.find("swing") is None):
            value = Fraction(1, 4) if "16" in text else Fraction(1, 2)
            bar.swings.append(Swing(place, value, Fraction(1, 2) if feel["straight"] else Fraction(2, 3)))
        if metronome is None and text and (sound is None or "tempo" not in sound.attrib):
            self._words(text, bar, place)

    def _metronome(self, metronome: Element, bar: PartBar, place: Fraction) -> None:
        qpm = quarters_a_minute(metronome)
        if qpm is None:
            units = beat_units(metronome)
            if len(units) == 2:  # "the old note is the new note"
                self._tempo(bar, place, self.qpm * float(units[1] / units[0]))
            return
        self._tempo(bar, place, qpm)

    def _words(self, text: str, bar: PartBar, place: Fraction) -> None:
        """Takes in a tempo that words say, where the file has no other at this place."""
        found = tempo_in_words(text)
        if found is not None and all(at != place for at, _ in bar.tempi):
            said, qpm = found
            self._tempo(bar, place, qpm)
            if not re.search(r"\d", said):
                self.mended[f"A tempo without a number, played as usual: {said} ({qpm:g} quarter notes a minute)"] = 1

    def _tempo(self, bar: PartBar, place: Fraction, qpm: float) -> None:
        if 1 <= qpm <= 2_000:  # beyond that no one can count
            self.qpm = qpm
            bar.tempi.append((place, qpm))
        else:
            self.mended["Impossible tempo changes, left out: #"] += 1

    def read_sound(self, sound: Element, bar: PartBar, place: Fraction, tempo: bool = True) -> None:
        """Takes in what a program is told to do at a place; its tempo only if that is asked for."""
        signs = bar.signs
        offset = number_in(sound.findtext("offset"))
        if offset is not None:
            place = max(place + offset / (self.divisions or 1), Fraction(0))
        if tempo and "tempo" in sound.attrib:
            qpm = number_in(sound.get("tempo"))
            self._tempo(bar, place, float(qpm) if qpm is not None else 0.0)
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
        swing = sound.find("swing")
        if swing is not None:
            bar.swings.append(read_swing(swing, place))
        for midi in sound.findall("midi-instrument"):
            known = self.player.sounds.get(midi.get("id", ""))
            if known is not None:
                set_sound(known, midi)

    def read_harmony(self, harmony: Element, bar: PartBar, at: Fraction) -> None:
        """Takes in a chord symbol."""
        offset = number_in(harmony.findtext("offset")) or Fraction(0)
        place = max(at + offset / (self.divisions or 1), Fraction(0))
        chromatic = self.transpose.get(0, self.transpose.get(1, (0, 0)))[0]
        chord, exact, text = read_harmony(harmony, self.fifths, self.minor)
        if chord is None:
            self.left_out.append(text)
            return
        if not exact:
            self.mended["Chord symbols, simplified: #"] += 1
        bar.chords.append((place, chord.transposed(chromatic) if chord.tones else chord))


def read_swing(swing: Element, place: Fraction) -> Swing:
    """Returns how notes are swung from a place on; even where the file says "straight" or makes no sense."""
    first, second = number_in(swing.findtext("first")), number_in(swing.findtext("second"))
    value = Fraction(1, 4) if (swing.findtext("swing-type") or "").strip() == "16th" else Fraction(1, 2)
    if swing.find("straight") is not None or not first or not second or min(first, second) <= 0:
        return Swing(place, value, Fraction(1, 2))
    return Swing(place, value, first / (first + second))


def read_barline(barline: Element, bar: PartBar, before: PartBar | None) -> None:
    """Takes in the repeats, endings and signs of a bar line; some programs end a repeat on the left of the bar after it."""
    signs = bar.signs
    repeat = barline.find("repeat")
    if repeat is not None:
        if repeat.get("direction") == "forward":
            signs.forward_after = barline.get("location", "right" if bar.length or bar.rest else "left") == "right"
            signs.forward = not signs.forward_after
        elif repeat.get("direction") == "backward":
            times = number_in(repeat.get("times"))
            ends = before.signs if before is not None and barline.get("location") == "left" else signs
            ends.plays = min(max(round(times), 1), MAX_TIMES) if times is not None else 2
            ends.after_jump = repeat.get("after-jump") == "yes"
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
