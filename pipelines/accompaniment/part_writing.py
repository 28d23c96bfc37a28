"""Four-part writing: alto, tenor and bass under a soprano, each note within the rules of the style.

The model chooses pitches and lengths; what it may choose keeps to the voices' ranges, does not cross voices and
makes no parallel fifths or octaves. Where no pitch keeps all rules, the last of them gives way first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from checkpoints.loading import Checkpoint
from music.chords import Chord
from music.tokens.accompaniment import ALTO, TENOR, VOICE_RANGES, VOICES, onsets
from music.tokens.columns import FIRST, MAX_STEP, Octuple, StepField
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.constraints import tones_of
from pipelines.accompaniment.request import Commission
from pipelines.accompaniment.sampler import Entry, Score, Timetable, before, draws
from pipelines.options import HarmonizeOptions

VOICE_STAGE = 2  # which random numbers
WIDEST = {ALTO: 12, TENOR: 12}  # semitones below the voice above
FOREIGN = {True: 3.0, False: 1.5}  # off the logit of a tone foreign to a chord that was typed, or was not
NOTES_A_STEP = 12


@dataclass
class Voices:
    """Where the four voices of one variant stand; pitches as they sound, positions from the start of the piece.

    Attributes:
        ends: when the note of each lower voice ends.
        lines: the notes (start, end, pitch) of each voice, the soprano's (all of them) first.
        bar: of the last row.
    """

    ends: dict[int, int]
    lines: dict[int, list[tuple[int, int, int]]]
    bar: int

    def next(self) -> tuple[int, int]:
        """Returns (position, voice) of the next note to write."""
        return min((end, voice) for voice, end in self.ends.items())

    def at(self, voice: int, position: int) -> int | None:
        """Returns the pitch of a voice at a position, None where it is silent."""
        for start, end, pitch in reversed(self.lines[voice]):
            if start <= position < end:
                return pitch
            if end <= position and voice != SOPRANO:
                return None
        return None


SOPRANO = 0


def write_voices(
    checkpoint: Checkpoint,
    asked: Commission,
    options: HarmonizeOptions,
    chords: Sequence[Sequence[Chord | None]],
    kept: np.ndarray,
) -> Iterator[list[list[tuple[int, int, int, int, int]]]]:
    """Yields the new notes of each variant: (role, position, length in positions, pitch as it sounds, velocity id).

    Args:
        checkpoint: the model.
        asked: the commission.
        options: how to choose.
        chords: of each beat of each variant.
        kept: octuples of the lower voices that stay, as the model writes them.
    """
    count, randomness = options.variants, draws(options, VOICE_STAGE)
    notes: list[list[tuple[int, int, int, int, int]]] = [[] for _ in range(count)]
    scores = [Score(asked, of_variant) for of_variant in chords]
    temperature = options.temperature * options.temperature_notes
    soprano = sung(asked.lead, asked.starts)
    for first, last in asked.stretches:
        begin, stop = int(asked.starts[first]), int(asked.starts[last])
        begin = max(begin, min((start for start, end, _ in soprano if end > begin), default=stop))
        stop = min(stop, max((end for start, end, _ in soprano if start < stop), default=begin))
        read = before(asked, kept, first)
        lines = {voice: held_notes(kept, voice, asked) for voice in VOICES}
        ends = {voice: max([begin, *(end for start, end, _ in line if start < begin)]) for voice, line in lines.items()}
        lines = {voice: [note for note in line if note[0] < begin] for voice, line in lines.items()} | {
            SOPRANO: soprano
        }
        states = [Voices(dict(ends), {v: list(line) for v, line in lines.items()}, read[2]) for _ in range(count)]
        table = Timetable(checkpoint, asked, "chorale", scores, [read[:2]] * count, temperature, options, randomness)
        live, step = list(range(count)), 0
        while True:
            going = [number for number in live if states[number].next()[0] < stop]
            if not going:
                break
            if len(going) < len(live):
                table.select([live.index(number) for number in going])
            live = going
            entries = [VoiceNote(states[number], asked, chords[number], stop) for number in live]
            times = [entry.position for entry in entries]
            written = table.write(entries, times, randomness.step()[:, live])
            for number, entry, row in zip(live, entries, written, strict=True):
                length = min(int(vocabulary().durations[row[StepField.DURATION] - FIRST]), stop - entry.position)
                pitch = row[StepField.PITCH] - FIRST - asked.shift
                states[number].ends[entry.voice] = entry.position + length
                states[number].lines[entry.voice].append((entry.position, entry.position + length, pitch))
                states[number].bar = entry.bar
                notes[number].append((entry.voice, entry.position, length, pitch, row[StepField.VELOCITY]))
            step += 1
            if step % NOTES_A_STEP == 0:
                yield notes
    yield notes


class VoiceNote(Entry):
    """The next note of one variant's voices.

    Args:
        voices: where they stand.
        asked: the commission.
        chords: of each beat.
        stop: the position at which all voices end.
    """

    def __init__(self, voices: Voices, asked: Commission, chords: Sequence[Chord | None], stop: int):
        self.voices, self.asked, self.chords, self.stop = voices, asked, chords, stop
        self.position, self.voice = voices.next()
        starts = asked.starts
        self.bar = min(int(np.searchsorted(starts, self.position, side="right")) - 1, len(starts) - 2)
        row = asked.beats[np.flatnonzero(asked.beat_positions <= self.position)[-1]]
        self.fixed = (
            FIRST + min(max(self.bar - voices.bar, 0), MAX_STEP), int(row[Octuple.SIGNATURE]), int(row[Octuple.TEMPO]),
            FIRST + self.position - int(starts[self.bar]), self.voice,
        )  # fmt: skip
        self.beat = max(0, int(np.searchsorted(asked.beat_ticks, asked.tick(self.position), side="right")) - 1)

    def known(self, field: int, row: list[int]) -> int | None:
        """Returns the id of a field that the timetable gives."""
        return self.fixed[field] if field < StepField.PITCH else None

    def allowed(self, field: int, row: list[int], scores: np.ndarray) -> np.ndarray:
        """Returns the pitches that keep the rules, the lengths until the voice above comes down, or any velocity."""
        mask = np.zeros(len(scores), dtype=bool)
        if field == StepField.PITCH:
            pitches = self._pitches()
            chord: Chord | None = self.chords[self.beat]
            if (tones := tones_of(chord)) is not None:
                for pitch in pitches:
                    scores[FIRST + pitch + self.asked.shift] -= 0 if pitch % 12 in tones else FOREIGN[self.asked.typed]
            mask[[FIRST + pitch + self.asked.shift for pitch in pitches]] = True
        elif field == StepField.DURATION:
            room = self._room(row[StepField.PITCH] - FIRST - self.asked.shift)
            fitting = int(np.searchsorted(vocabulary().durations, room, side="right"))
            mask[FIRST : FIRST + max(1, fitting)] = True
            if self._is_last():  # the last notes are held to the end
                longest = min(int(np.searchsorted(vocabulary().durations, room)), len(vocabulary().durations) - 1)
                mask = np.arange(len(scores)) == FIRST + longest
        else:
            mask[FIRST:] = True
        return mask

    def _pitches(self) -> list[int]:
        low, high = VOICE_RANGES[1 + VOICES.index(self.voice)]
        pitches = list(range(low, high + 1))
        above = [self._sounding(voice) for voice in VOICES if voice < self.voice]
        below = [self._sounding(voice) for voice in VOICES if voice > self.voice]
        inner = min([p for p in above if p is not None], default=127)
        ceiling = min(inner, 127 if (tune := self._sounding(SOPRANO)) is None else tune)
        floor = max([p for p in below if p is not None], default=0)
        for rule in (
            lambda p: p <= inner,
            lambda p: p <= ceiling,
            lambda p: p >= floor,
            lambda p: p >= ceiling - WIDEST.get(self.voice, 36),
            lambda p: not self._parallel(p),
        ):
            pitches = [p for p in pitches if rule(p)] or pitches
        return pitches

    def _is_last(self) -> bool:
        """Returns whether the soprano sings its last note, or has sung it."""
        return self.position >= self.voices.lines[SOPRANO][-1][0]

    def _sounding(self, voice: int) -> int | None:
        """Returns the pitch of another voice as this note begins; None for one that moves now and is not written yet."""
        return self.voices.at(voice, self.position)

    def _parallel(self, pitch: int) -> bool:
        """Returns whether going to a pitch makes parallel fifths, octaves or unisons with a voice that moves too."""
        own = self.voices.at(self.voice, self.position - 1)
        if own is None or own == pitch:
            return False
        for other in (SOPRANO, *VOICES):
            if other == self.voice:
                continue
            then, now = self.voices.at(other, self.position - 1), self._sounding(other)
            if then is None or now is None or then == now:
                continue
            gap, new_gap = abs(own - then) % 12, abs(pitch - now) % 12
            if gap == new_gap and gap in (0, 7) and (pitch > own) == (now > then):
                return True
        return False

    def _room(self, pitch: int) -> int:
        """Returns for how long a pitch may be held: to the end, until the soprano goes below it, or the typed chord changes."""
        room = self.stop - self.position
        for start, _, tune in self.voices.lines[SOPRANO]:
            if start > self.position and tune < pitch:
                room = min(room, start - self.position)
                break
        chords, positions = self.asked.asked, self.asked.beat_positions
        for beat in range(self.beat, len(chords)):
            tones = tones_of(chords[beat])
            if tones is None or pitch % 12 in tones:
                continue
            if beat > self.beat:
                return min(room, int(positions[beat]) - self.position)
            after = int([*positions, self.asked.starts[-1]][beat + 1])
            on_the_beat = int(positions[beat] == self.position)  # a foreign tone is shorter than a beat
            return min(room, max(1, after - self.position - on_the_beat))
        return room


def sung(rows: np.ndarray, starts: np.ndarray) -> list[tuple[int, int, int]]:
    """Returns the highest line of octuples as notes (start, end, pitch), each ended by the next."""
    times, lengths = onsets(rows, starts), vocabulary().durations[rows[:, Octuple.DURATION].astype(np.int64) - FIRST]
    top: dict[int, tuple[int, int]] = {}
    for time, length, pitch in zip(
        times.tolist(), lengths.tolist(), (rows[:, Octuple.PITCH] - FIRST).tolist(), strict=True
    ):
        if pitch >= top.get(time, (-1, 0))[0]:
            top[time] = (pitch, time + length)
    order = sorted(top)
    ends = [*order[1:], 10**9][: len(order)]
    return [(time, min(top[time][1], after), top[time][0]) for time, after in zip(order, ends, strict=True)]


def held_notes(rows: np.ndarray, voice: int, asked: Commission) -> list[tuple[int, int, int]]:
    """Returns the notes (start, end, pitch as it sounds) of a voice in octuples as the model writes them."""
    mine = rows[rows[:, Octuple.PROGRAM] == voice]
    return [(start, end, pitch - asked.shift) for start, end, pitch in sung(mine, asked.starts)]
