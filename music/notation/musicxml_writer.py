"""MusicXML from a score on paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from music.chords import NO_CHORD, NONE, spell_chord
from music.notation.chord_symbols import KINDS
from music.notation.layout import PERCUSSION, Clef, Sheet, SheetPart, Voice
from music.notation.lyrics import lyric_elements
from music.notation.musicxml_parts import add, printable, sound_id, write_part_list
from music.notation.rhythm import UNITS, SheetBar, Symbol
from music.notation.signposts import KeyChange
from music.notation.swing import swing_direction
from music.notation.transposition import Transposition
from music.theory import LINE_OF_FIFTHS, name_at

_HEAD = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
 "http://www.musicxml.org/dtds/partwise.dtd">
"""
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_TEMPO_WORDS = {45: "Grave", 60: "Largo", 76: "Adagio", 100: "Andante", 120: "Moderato", 156: "Allegro", 176: "Vivace"}

# Where the General MIDI drums stand on the staff, and their noteheads (Weinberg, Guidelines for Drumset Notation).
_DRUMS: dict[int, tuple[str, str]] = {
    **dict.fromkeys((35, 36), ("F4", "normal")),
    **dict.fromkeys((38, 40), ("C5", "normal")),
    37: ("C5", "x"), 39: ("D5", "x"), 44: ("D4", "x"), 42: ("G5", "x"), 46: ("G5", "circle-x"),
    41: ("G4", "normal"), 43: ("A4", "normal"), 45: ("B4", "normal"), 47: ("D5", "normal"), 48: ("D5", "normal"),
    50: ("E5", "normal"), 49: ("A5", "x"), 57: ("A5", "x"), 55: ("B5", "x"), 52: ("B5", "circle-x"),
    51: ("F5", "x"), 59: ("F5", "x"), 53: ("F5", "diamond"), 54: ("E5", "x"), 56: ("E5", "triangle"),
    58: ("B4", "x"), 60: ("E5", "normal"), 61: ("D5", "normal"), 62: ("E5", "x"), 63: ("E5", "normal"),
    64: ("D5", "normal"), 65: ("D5", "normal"), 66: ("B4", "normal"), 67: ("E5", "triangle"), 68: ("D5", "triangle"),
    69: ("B5", "x"), 70: ("B5", "x"), 75: ("E5", "x"), 76: ("E5", "triangle"), 77: ("D5", "triangle"),
    80: ("B5", "triangle"), 81: ("B5", "triangle"), 82: ("B5", "x"),
}  # fmt: skip
_OTHER_DRUM = ("B4", "slash")


def write_musicxml(sheet: Sheet) -> bytes:
    """Returns the score as a MusicXML 4.0 file, partwise, at concert pitch."""
    root = musicxml_tree(sheet)
    ElementTree.indent(root, space=" ")
    return _HEAD + ElementTree.tostring(root, encoding="utf-8")


def musicxml_tree(sheet: Sheet) -> ElementTree.Element:
    """Returns what ``write_musicxml`` writes."""
    root = ElementTree.Element("score-partwise", version="4.0")
    if sheet.title:
        add(add(root, "work"), "work-title", printable(sheet.title))
    encoding = add(add(root, "identification"), "encoding")
    add(encoding, "software", "DeepMusic Studio")
    write_part_list(root, sheet.parts)
    unit = math.gcd(UNITS, *(tempo.offset for tempo in sheet.tempi))
    for part in sheet.parts:
        unit = math.gcd(unit, *(chord.offset for chord in part.chords))
        unit = math.gcd(unit, *(dynamic.start for dynamic in part.dynamics))
        for staff in part.staves:
            unit = math.gcd(unit, *(s.length for bar in staff.bars for voice in bar for s in voice.symbols))
    for index, part in enumerate(sheet.parts):
        _PartWriter(sheet, index, part, unit).write(root)
    return root


def spell(pitch: int, fifths: int, minor: bool) -> tuple[str, int, int]:
    """Returns (letter, semitones of alteration, octave) of a MIDI pitch as a key signature has it."""
    lowest = fifths - (2 if minor else 3)
    place = lowest + (pitch * 7 - lowest) % 12
    # Double accidentals are for leading tones (F double sharp in G# minor); elsewhere the plain name reads easier.
    if place > 12 and not (minor and place == fifths + 8):
        place -= 12
    elif place < -8:
        place += 12
    letter, alter = name_at(place)
    return letter, alter, (pitch - alter) // 12 - 1


class _PartWriter:
    """Writes one part; remembers the accidentals in force while it goes through the bars."""

    def __init__(self, sheet: Sheet, index: int, part: SheetPart, unit: int) -> None:
        self.sheet, self.index, self.part, self.unit = sheet, index, part, unit
        more = part.moved.fifths if part.moved else 0
        self.keys = {change.bar: change._replace(fifths=change.fifths + more) for change in sheet.keys}
        self.key = self.keys[sheet.keys[0].bar]
        self.rests, self.cues = dict(part.rests), dict(part.cues)
        self.dynamics = list(reversed(part.dynamics))
        self.tied: dict[tuple[int, int], tuple[str, int, int]] = {}
        self.lyrics = {start: list(own) for start, own in groupby(part.lyrics, key=lambda each: each.start)}
        self.chords = [(sheet.bars[c.bar].start + c.offset, c.chord) for c in reversed(part.chords)]

    def write(self, root: ElementTree.Element) -> None:
        """Adds the part with all its measures to the document."""
        element = add(root, "part", id=f"P{self.index + 1}")
        bars = self.sheet.bars
        tempi = (
            {bar: [t for t in self.sheet.tempi if t.bar == bar] for bar, _, _ in self.sheet.tempi}
            if self.index == 0
            else {}
        )
        marks = dict(self.sheet.marks) if self.index == 0 else {}
        number = 0 if bars[0].partial and len(bars) > 1 else 1
        for place, bar in enumerate(bars):
            measure = add(element, "measure", number=number if not bar.partial or place == 0 else f"X{number}")
            if bar.partial:
                measure.set("implicit", "yes")
            number += not bar.partial or place == 0
            self._write_attributes(measure, place, self.keys.get(place))
            if place in marks:
                direction = add(measure, "direction", placement="above")
                add(add(direction, "direction-type"), "rehearsal", printable(marks[place]))
            if place == 0 and self.index == 0 and self.sheet.swung:
                measure.append(swing_direction())
            for tempo in tempi.get(place, ()):
                direction = add(measure, "direction", placement="above")
                add(add(direction, "direction-type"), "words", _tempo_text(tempo.qpm, bar), font_weight="bold")
                if tempo.offset:
                    add(direction, "offset", tempo.offset // self.unit, sound="yes")
                add(direction, "sound", tempo=round(tempo.qpm, 2))
            self._write_dynamics(measure, bar)
            if place in self.cues:
                direction = add(measure, "direction", placement="above")
                add(add(direction, "direction-type"), "words", printable(self.cues[place]), font_style="italic")
            self._write_music(measure, place, bar)
            if place + 1 == len(bars):
                add(add(measure, "barline", location="right"), "bar-style", "light-heavy")

    def _write_attributes(self, measure: ElementTree.Element, place: int, key: KeyChange | None) -> None:
        """Adds key, time signature and clefs to a measure where they are new."""
        bars, staves = self.sheet.bars, self.part.staves
        new_time = place == 0 or bars[place][4:6] != bars[place - 1][4:6]
        new_clefs = [n for n, s in enumerate(staves, 1) if place == 0 or s.clefs[place] != s.clefs[place - 1]]
        rest = self.rests.get(place)
        if not (new_time or new_clefs or key or rest):
            return
        attributes = add(measure, "attributes")
        if place == 0:
            add(attributes, "divisions", UNITS // self.unit)
        if key:
            self.key = key
            signature = add(attributes, "key")
            add(signature, "fifths", 0 if self.part.is_drum else key.fifths)
            add(signature, "mode", "minor" if key.minor else "major")
        if new_time:
            time = add(attributes, "time")
            add(time, "beats", bars[place].numerator)
            add(time, "beat-type", bars[place].denominator)
        if place == 0 and len(staves) > 1:
            add(attributes, "staves", len(staves))
        for number in new_clefs:
            self._write_clef(attributes, staves[number - 1].clefs[place], number)
        if place == 0 and self.part.moved:
            _write_transposition(attributes, self.part.moved)
        if rest:
            add(add(attributes, "measure-style"), "multiple-rest", rest)

    def _write_clef(self, attributes: ElementTree.Element, clef: Clef, number: int) -> None:
        element = add(attributes, "clef", **({"number": number} if len(self.part.staves) > 1 else {}))
        add(element, "sign", clef.sign)
        if clef is not PERCUSSION:
            add(element, "line", clef.line)
        if clef.octave:
            add(element, "clef-octave-change", clef.octave)

    def _write_dynamics(self, measure: ElementTree.Element, bar: SheetBar) -> None:
        """Writes the dynamics of a bar before its notes; those that come later in it say how much later."""
        while self.dynamics and self.dynamics[-1].start < bar.start + bar.length:
            start, mark = self.dynamics.pop()
            direction = add(measure, "direction", placement="above" if self.part.lyrics else "below")
            add(add(add(direction, "direction-type"), "dynamics"), mark)
            if start > bar.start:
                add(direction, "offset", (start - bar.start) // self.unit)
            if len(self.part.staves) > 1:
                add(direction, "staff", 1)

    def _write_music(self, measure: ElementTree.Element, place: int, bar: SheetBar) -> None:
        written = False
        for number, staff in enumerate(self.part.staves, 1):
            spelled = {} if self.part.is_drum else self._spellings(staff.bars[place], number)
            for voice in staff.bars[place]:
                if written:
                    add(add(measure, "backup"), "duration", bar.length // self.unit)
                written = True
                self._write_voice(measure, bar, number, voice, staff.bars[place], spelled)

    def _spellings(self, voices: Sequence[Voice], staff: int) -> dict[tuple[int, int, int], tuple[str, int, int, bool]]:
        """Returns (letter, alter, octave, accidental shown) for each (voice, start, pitch) of a bar."""
        fifths = self.key.fifths
        sharps, flats = LINE_OF_FIFTHS[: max(0, fifths)], LINE_OF_FIFTHS[7 + min(0, fifths) :]
        in_key = {letter: (letter in sharps) - (letter in flats) for letter in LINE_OF_FIFTHS}
        in_force: dict[tuple[str, int], int] = {}
        result = {}
        order = sorted(((s.start, v.number, s) for v in voices for s in v.symbols), key=lambda x: x[:2])
        for start, voice, symbol in order:
            for pitch in symbol.pitches:
                letter, alter, octave = spell(pitch, self.key.fifths, self.key.minor)
                held = pitch in symbol.tie_in
                if held:
                    letter, alter, octave = self.tied.get((staff, pitch), (letter, alter, octave))
                shown = not held and in_force.get((letter, octave), in_key[letter]) != alter
                if not held:
                    in_force[letter, octave] = alter
                if pitch in symbol.tie_out:
                    self.tied[staff, pitch] = (letter, alter, octave)
                result[voice, start, pitch] = (letter, alter, octave, shown)
        return result

    def _write_voice(
        self,
        measure: ElementTree.Element,
        bar: SheetBar,
        number: int,
        voice: Voice,
        voices: Sequence[Voice],
        spelled: dict,
    ) -> None:
        """Adds one voice of a bar to its measure, note by note; a chord's heads after its first are marked as such."""
        sounding = [i for i, s in enumerate(voice.symbols) if s.pitches]
        is_cued = any(each.is_cue for each in voices)  # who counts sees the own rest beside it
        for index, symbol in enumerate(voice.symbols):
            # Before and after its notes a second voice is silent without saying so.
            hidden = voice.number > 1 and not is_cued and not (sounding and sounding[0] <= index <= sounding[-1])
            if (number, voice.number) == (1, 1):
                self._write_chords(measure, bar.start + symbol.start, symbol.length)
            heads: list[int | None] = list(symbol.pitches) or [None]
            unseen: list[int] = []
            if self.part.is_drum:  # two sounds that share a head are one head, but a reader shall find both
                heads = list({_DRUMS.get(p, _OTHER_DRUM): p for p in symbol.pitches}.values()) or [None]
                unseen = [pitch for pitch in symbol.pitches if pitch not in heads]
            for place, pitch in enumerate([*heads, *unseen]):
                note = add(measure, "note", **({"print-object": "no"} if hidden or pitch in unseen else {}))
                if voice.is_cue:
                    add(note, "cue")
                if place:
                    add(note, "chord")
                self._write_head(note, symbol, pitch, spelled.get((voice.number, symbol.start, pitch)), voice.is_cue)
                if pitch is not None and self.part.is_drum:
                    add(note, "instrument", id=sound_id(self.index, pitch))
                add(note, "voice", voice.number + 4 * (number - 1))
                self._write_value(note, symbol, spelled.get((voice.number, symbol.start, pitch)), voice.is_cue)
                if pitch is not None and len(voices) > 1:
                    add(note, "stem", "up" if voice.number == 1 else "down")
                if pitch is not None and self.part.is_drum and _DRUMS.get(pitch, _OTHER_DRUM)[1] != "normal":
                    add(note, "notehead", _DRUMS.get(pitch, _OTHER_DRUM)[1])
                if len(self.part.staves) > 1:
                    add(note, "staff", number)
                for level, beam in enumerate(symbol.beams if place == 0 else (), 1):
                    add(note, "beam", beam, number=level)
                self._write_notations(note, symbol, pitch, place == 0)
                if place == 0 and pitch is not None and pitch not in symbol.tie_in and (number, voice.number) == (1, 1):
                    note.extend(lyric_elements(self.lyrics.pop(bar.start + symbol.start, ())))

    def _write_chords(self, measure: ElementTree.Element, start: int, length: int) -> None:
        """Writes the chord symbols of a stretch before its note; those that come later in it say how much later."""
        while self.chords and self.chords[-1][0] < start + length:
            at, chord = self.chords.pop()
            harmony = add(measure, "harmony", placement="above")
            root = add(harmony, "root")
            if chord == NO_CHORD:  # MusicXML wants a root even here
                add(root, "root-step", "C", text="")
                add(harmony, "kind", "none", text=NONE)
            else:
                named, bass = spell_chord(chord, self.key.fifths)
                _write_step(root, "root", named)
                kind, degrees = KINDS[chord.quality]
                add(harmony, "kind", kind, text=chord.quality)
                if chord.bass != chord.root:
                    _write_step(add(harmony, "bass"), "bass", bass)
                for degree in degrees:  # the text has it already
                    element = add(harmony, "degree", print_object="no")
                    add(element, "degree-value", degree.value)
                    add(element, "degree-alter", degree.alter)
                    add(element, "degree-type", degree.how)
            if at > start:
                add(harmony, "offset", (at - start) // self.unit)
            if len(self.part.staves) > 1:
                add(harmony, "staff", 1)

    def _write_head(
        self, note: ElementTree.Element, symbol: Symbol, pitch: int | None, spelling: tuple | None, is_cue: bool
    ) -> None:
        """Adds what sounds: a rest, a drum's place on the staff or a pitch, with its length and ties."""
        if pitch is None:
            rest = add(note, "rest")
            if not symbol.kind:
                rest.set("measure", "yes")
        elif spelling is None:  # only drums have no names of notes
            step, _ = _DRUMS.get(pitch, _OTHER_DRUM)
            head = add(note, "unpitched")
            add(head, "display-step", step[0])
            add(head, "display-octave", step[1])
        else:
            letter, alter, octave, _ = spelling
            head = add(note, "pitch")
            add(head, "step", letter)
            if alter:
                add(head, "alter", alter)
            add(head, "octave", octave)
        add(note, "duration", symbol.length // self.unit)
        for kind in () if is_cue else _ties(symbol, pitch):  # they say what sounds, and a cue does not
            add(note, "tie", type=kind)

    def _write_value(self, note: ElementTree.Element, symbol: Symbol, spelling: tuple | None, is_cue: bool) -> None:
        """Adds what is seen: note value, dots, accidental, and the ratio of a tuplet."""
        if symbol.kind:
            add(note, "type", symbol.kind, **({"size": "cue"} if is_cue else {}))
        for _ in range(symbol.dots):
            add(note, "dot")
        if spelling and spelling[3]:
            add(note, "accidental", _ACCIDENTALS[spelling[1]])
        if symbol.tuplet:
            ratio = add(note, "time-modification")
            add(ratio, "actual-notes", symbol.tuplet.actual)
            add(ratio, "normal-notes", symbol.tuplet.normal)
            add(ratio, "normal-type", symbol.tuplet.kind)

    def _write_notations(self, note: ElementTree.Element, symbol: Symbol, pitch: int | None, first: bool) -> None:
        """Adds ties as they are drawn, and the ends of a tuplet's bracket, which its first head alone carries."""
        marks = [("tied", kind) for kind in _ties(symbol, pitch)]
        if symbol.tuplet and first:
            if symbol.start == symbol.tuplet.start:
                marks.append(("tuplet", "start"))
            if symbol.start + symbol.length == symbol.tuplet.end:
                marks.append(("tuplet", "stop"))
        if marks:
            notations = add(note, "notations")
            for tag, kind in marks:
                mark = add(notations, tag, type=kind)
                if (tag, kind) == ("tuplet", "start"):
                    mark.set("bracket", "no" if symbol.beams else "yes")


def _write_transposition(attributes: ElementTree.Element, moved: Transposition) -> None:
    """Adds how a part sounds beside what it reads: steps and semitones within an octave, and octaves."""
    octaves = int(moved.semitones / 12)  # towards zero, so that the rest goes the same way
    element = add(attributes, "transpose")
    add(element, "diatonic", moved.steps - 7 * octaves)
    add(element, "chromatic", moved.semitones - 12 * octaves)
    if octaves:
        add(element, "octave-change", octaves)


def _write_step(parent: ElementTree.Element, name: str, spelling: tuple[str, int]) -> None:
    add(parent, f"{name}-step", spelling[0])
    if spelling[1]:
        add(parent, f"{name}-alter", spelling[1])


def _ties(symbol: Symbol, pitch: int | None) -> list[str]:
    return [kind for kind, held in (("stop", symbol.tie_in), ("start", symbol.tie_out)) if pitch in held]


def _tempo_text(qpm: float, bar: SheetBar) -> str:
    """Returns a tempo in words, counted in the beats of a bar: dotted quarters where eighths go in threes."""
    compound = bar.denominator == 8 and bar.numerator % 3 == 0 and bar.numerator > 3
    beats = qpm / 1.5 if compound else qpm
    word = next((word for limit, word in _TEMPO_WORDS.items() if beats < limit), "Presto")
    return f"{word} ({'dotted quarter' if compound else 'quarter'} = {beats:.0f})"
