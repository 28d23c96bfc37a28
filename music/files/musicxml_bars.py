"""The bars of one part of a MusicXML score as they are written: notes, signatures, tempi, chord symbols and signs."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from music.errors import StudioError
from music.files.musicxml_loudness import BY_THE_DYNAMICS, read_marks, set_velocities, velocity_of
from music.files.musicxml_marks import Standing, read_barline
from music.files.musicxml_players import Player, Voice
from music.files.musicxml_tremolo import play_tremolos
from music.files.musicxml_values import (
    child_number,
    divisions_known,
    guess_divisions,
    note_value,
    number_in,
    numbers_in_list,
    staff_place,
    verses,
)
from music.files.musicxml_written import PartBar, WrittenNote

MAX_BAR_QUARTERS = 1_024  # the longest bar: 256 whole notes, as an unmeasured psalm may have them in one bar
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ORNAMENTS = frozenset(
    ("trill-mark", "turn", "delayed-turn", "inverted-turn", "mordent", "inverted-mordent", "shake", "haydn")
)
_ROUNDING = Fraction(1, 32)  # of a quarter: by so much whole numbers of divisions may miss the length of a bar


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
    standing = Standing(player, mended, left_out)
    if not divisions_known(measures):
        standing.divisions = guess_divisions(measures)
        mended["How long a beat is, the file does not say (no divisions); lengths go by the note values"] = 1
    reader = _PartReader(standing)
    bars = [reader.read(measure) for measure in measures]
    set_velocities(bars)
    reader.fill_repeated(bars)
    return bars


class _PartReader:
    """Goes through the bars of a part, note by note."""

    def __init__(self, standing: Standing) -> None:
        self.now, self.player, self.mended = standing, standing.player, standing.mended
        self.before: PartBar | None = None

    # One bar

    def read(self, measure: Element) -> PartBar:
        """Returns one bar; what it changes holds for those that follow."""
        self.bar = bar = PartBar(measure.get("number", "").strip()[:20], implicit=measure.get("implicit") == "yes")
        self.at = self.last = Fraction(0)
        self.tremolos: dict[int, Element] = {}
        # Where lengths go by the note values: where the file believes to be, and where that is.
        self.raw, self.known, self.places = Fraction(0), [Fraction(0)], {Fraction(0): Fraction(0)}
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
                self.now.read_attributes(element, bar, self.at)
            elif tag == "direction":
                self.now.read_direction(element, bar, self.at)
            elif tag == "harmony":
                self.now.read_harmony(element, bar, self.at)
            elif tag == "barline":
                read_barline(element, bar, self.before)
            elif tag == "sound":
                self.now.read_sound(element, bar, self.at)
                bar.dynamics += read_marks([], element, self.at, 1)
        play_tremolos(bar.notes, self.tremolos, self.mended)
        nominal = self.now.nominal
        if not self.sounded:  # two rests for the whole bar, as some files have them, are no bar of double length
            bar.rest, bar.length = max(self.full_rest, bar.length), Fraction(0)
        if nominal and 0 < abs(bar.length - nominal) < _ROUNDING:
            bar.length = nominal
        if bar.length > MAX_BAR_QUARTERS:
            raise StudioError(
                f"Bar {bar.number or '?'} is longer than {MAX_BAR_QUARTERS} quarter notes. Check its notes, or split it."
            )
        bar.repeated = 0 if bar.notes else self.now.repeated
        bar.signs.forward |= self.before is not None and self.before.signs.forward_after
        self.before = bar
        return bar

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
        if self.now.divisions is not None and written is not None and written > 0:
            return written / self.now.divisions
        if value is not None:
            if self.now.divisions is not None:
                self.mended["Notes without a length, read by their note values: #"] += 1
            return value
        if self.now.divisions is None and written is not None and written > 0:
            return written  # one division a quarter is as good a guess as any
        return None

    def _move(self, element: Element, way: int) -> None:
        written = number_in(element.findtext("duration"))
        if written is None or written < 0:
            self.at = Fraction(0) if way < 0 else self.at
            return
        if self.now.divisions is not None:
            self.at = max(self.at + way * written / self.now.divisions, Fraction(0))
            if way > 0 and self.now.nominal and self.at <= self.now.nominal:
                self.bar.length = max(self.bar.length, self.at)
            return
        # Lengths are by note values here: go back to where the file was at that place.
        self.raw = max(self.raw + way * written, Fraction(0))
        self.at = self.places[self.known[bisect_right(self.known, self.raw) - 1]]

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
        if not grace:
            self.bar.length = max(self.bar.length, start + length)
        if "cue" in parts:
            self.mended["Cue notes, which another part plays, left out: #"] += 1
            return
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
        tremolo = element.find("notations/ornaments/tremolo")
        if tremolo is not None and not grace:
            self.tremolos[len(self.bar.notes)] = tremolo
        ornaments = element.find("notations/ornaments")
        if ornaments is not None and any(sign.tag in _ORNAMENTS for sign in ornaments):
            self.mended["Trills, turns and mordents, played as plain notes: #"] += 1
        line = f"{staff}:{parts['voice'].text if 'voice' in parts else ''}"
        self.bar.notes.append(
            WrittenNote(
                start, length, pitch, staff, line, voice, velocity_of(element.get("dynamics")) or BY_THE_DYNAMICS,
                not grace and bool(ties & {"stop", "continue"}), not grace and bool(ties & {"start", "continue"}), grace, chord,
                verses(element) if "lyric" in parts else (), numbers_in_list(element.get("time-only")),
            )
        )  # fmt: skip

    def _unsaid(self, parts: dict[str, Element]) -> Fraction:
        """Returns the length of a note or rest of which the file says nothing."""
        if "rest" in parts:
            return max(self.now.nominal - self.at, Fraction(0)) or self.now.nominal or Fraction(4)
        self.mended["Notes of unknown length, read as quarters: #"] += 1
        return Fraction(1)

    def _advance(self, element: Element, start: Fraction, length: Fraction, parts: dict[str, Element]) -> None:
        """Goes on by the length of a note or rest."""
        self.last, self.at = start, start + length
        if self.now.divisions is None:
            self.raw += number_in(element.findtext("duration")) or Fraction(0)
            if self.raw not in self.places:
                insort(self.known, self.raw)
                self.places[self.raw] = self.at
        if "rest" not in parts:
            return
        whole = parts["rest"].get("measure") == "yes" or (parts["type"].text == "whole" if "type" in parts else True)
        limit = self.now.nominal or self.at
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
        return self.now.slashes or head.strip() == "slash"

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
            if staff in self.now.percussion:
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
        chromatic = 0 if voice.is_drum else self.now.transpose.get(staff, self.now.transpose.get(0, (0, 0)))[0]
        pitch = round(12 * (octave + 1) + _STEPS[step] + alter) + chromatic
        if not 0 <= pitch <= 127:
            self.mended["Notes too low or too high for MIDI, moved to its ends: #"] += 1
        return min(max(pitch, 0), 127), voice
