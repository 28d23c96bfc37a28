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
from music.instruments import playable_range
from music.tokens.accompaniment import ALTO, TENOR, VOICE_RANGES, VOICES, onsets
from music.tokens.columns import FIRST, MAX_STEP, Octuple, StepField
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.constraints import chord_tones
from pipelines.accompaniment.notes import AccompanimentNote, VoiceNote
from pipelines.accompaniment.request import AccompanimentRequest
from pipelines.accompaniment.sampler import (
    EncoderInput,
    ScheduledRow,
    ScheduledSampler,
    decoder_context,
    stage_randomness,
)
from pipelines.options.harmonize import HarmonizeOptions

VOICE_STAGE = 2  # which random numbers
NOTES_PER_STEP = 12  # how often progress is told, in notes of each variant
SOPRANO = 0

# Semitones below the voice above: upper voices stay within an octave of each other, as harmony textbooks have it. The bass
# may lie three octaves lower, which keeps it in its range and is not a rule.
MAX_SPACING = {ALTO: 12, TENOR: 12}
MAX_BASS_SPACING = 36
LEAST_SPAN = 12  # semitones that a voice has at least, whatever its player reaches
# Off the logit of a pitch that is not in a chord that was typed, or was not. By ear and eye, not measured; how often the
# voices break rules beside Bach's stands on the card of harmonize-small.
NON_CHORD_TONE_PENALTY = {True: 3.0, False: 1.5}


def voice_range(request: AccompanimentRequest, voice: int) -> tuple[int, int]:
    """Returns the lowest and the highest pitch of a voice, as far as its player reaches: a bass on a flute lies above C4."""
    low, high = VOICE_RANGES[1 + VOICES.index(voice)]
    program = next(player.program for player in request.players if player.role == voice)
    lowest, highest = playable_range(program)
    low = min(max(low, lowest), highest - LEAST_SPAN)
    return low, min(max(high, low + LEAST_SPAN), highest)


@dataclass
class Voices:
    """Where the four voices of one variant stand.

    Attributes:
        ends: when the note of each lower voice ends.
        lines: the notes of each voice, the soprano's (all of them) first.
        bar: of the last row.
    """

    ends: dict[int, int]
    lines: dict[int, list[VoiceNote]]
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

    def write(self, note: AccompanimentNote, bar: int) -> None:
        """Adds a note that was written into a bar."""
        end = note.position + note.duration
        self.ends[note.role] = end
        self.lines[note.role].append(VoiceNote(note.position, end, note.pitch))
        self.bar = bar


def write_voices(
    checkpoint: Checkpoint,
    request: AccompanimentRequest,
    options: HarmonizeOptions,
    chords: Sequence[Sequence[Chord | None]],
    existing: np.ndarray,
) -> Iterator[list[tuple[AccompanimentNote, ...]]]:
    """Yields the new notes of each variant, as far as they are written; all of them last.

    Args:
        checkpoint: the model.
        request: the request.
        options: how to choose.
        chords: of each beat of each variant.
        existing: octuples of the lower voices that stay, as the model writes them.
    """
    count, randomness = options.variants, stage_randomness(options, VOICE_STAGE)
    notes: list[list[AccompanimentNote]] = [[] for _ in range(count)]
    inputs = [EncoderInput(request, of_variant) for of_variant in chords]
    temperature = options.temperature * options.temperature_notes
    durations, bar_starts = vocabulary().durations, request.grid.bar_starts
    soprano = top_line(request.lead, bar_starts)
    for first, last in request.bar_ranges:
        begin, stop = int(bar_starts[first]), int(bar_starts[last])
        begin = max(begin, min((start for start, end, _ in soprano if end > begin), default=stop))
        stop = min(stop, max((end for start, end, _ in soprano if start < stop), default=begin))
        context_steps, context_times, bar = decoder_context(request, existing, first)
        held = {voice: held_notes(existing, voice, request) for voice in VOICES}
        ends = {voice: max([begin, *(end for start, end, _ in line if start < begin)]) for voice, line in held.items()}
        lines = {voice: [note for note in line if note.start < begin] for voice, line in held.items()}
        lines[SOPRANO] = soprano
        states = [Voices(dict(ends), {voice: list(line) for voice, line in lines.items()}, bar) for _ in range(count)]
        sampler = ScheduledSampler(
            checkpoint,
            request,
            "chorale",
            inputs,
            [(context_steps, context_times)] * count,
            temperature,
            options,
            randomness,
        )
        live, step = list(range(count)), 0
        while True:
            going = [number for number in live if states[number].next()[0] < stop]
            if not going:
                break
            if len(going) < len(live):
                sampler.select([live.index(number) for number in going])
            live = going
            scheduled = [VoiceRow(states[number], request, chords[number], stop) for number in live]
            written = sampler.write(scheduled, [row.position for row in scheduled], randomness.step()[:, live])
            for number, plan, row in zip(live, scheduled, written, strict=True):
                duration = min(int(durations[row[StepField.DURATION] - FIRST]), stop - plan.position)
                pitch = row[StepField.PITCH] - FIRST - request.shift
                note = AccompanimentNote(plan.voice, plan.position, duration, pitch, row[StepField.VELOCITY])
                states[number].write(note, plan.bar)
                notes[number].append(note)
            step += 1
            if step % NOTES_PER_STEP == 0:
                yield [tuple(of_variant) for of_variant in notes]
    yield [tuple(of_variant) for of_variant in notes]


class VoiceRow(ScheduledRow):
    """The next note of one variant's voices.

    Args:
        voices: where they stand.
        request: the request.
        chords: of each beat.
        stop: the position at which all voices end.
    """

    def __init__(self, voices: Voices, request: AccompanimentRequest, chords: Sequence[Chord | None], stop: int):
        self.voices, self.request, self.chords, self.stop = voices, request, chords, stop
        self.position, self.voice = voices.next()
        grid = request.grid
        self.bar = min(grid.bar_at(self.position), len(grid.bars) - 1)
        row = grid.beat_rows[np.flatnonzero(grid.beat_positions <= self.position)[-1]]
        self.fixed = (
            FIRST + min(max(self.bar - voices.bar, 0), MAX_STEP), int(row[Octuple.SIGNATURE]), int(row[Octuple.TEMPO]),
            FIRST + self.position - int(grid.bar_starts[self.bar]), self.voice,
        )  # fmt: skip
        tick = grid.tick_at(self.position)
        self.beat = max(0, int(np.searchsorted(grid.beat_ticks, tick, side="right")) - 1)

    def known(self, field: int, row: list[int]) -> int | None:
        """Returns the id of a field that the schedule gives."""
        return self.fixed[field] if field < StepField.PITCH else None

    def allowed(self, field: int, row: list[int], scores: np.ndarray) -> np.ndarray:
        """Returns the pitches that keep the rules, the lengths until the voice above comes down, or any velocity."""
        mask = np.zeros(len(scores), dtype=bool)
        if field == StepField.PITCH:
            pitches = self._pitches()
            chord: Chord | None = self.chords[self.beat]
            if (tones := chord_tones(chord)) is not None:
                penalty = NON_CHORD_TONE_PENALTY[self.request.chords_are_typed]
                for pitch in pitches:
                    scores[FIRST + pitch + self.request.shift] -= penalty * (pitch % 12 not in tones)
            mask[[FIRST + pitch + self.request.shift for pitch in pitches]] = True
        elif field == StepField.DURATION:
            room = self._max_duration(row[StepField.PITCH] - FIRST - self.request.shift)
            fitting = int(np.searchsorted(vocabulary().durations, room, side="right"))
            mask[FIRST : FIRST + max(1, fitting)] = True
            if self._is_last():  # the last notes are held to the end
                longest = min(int(np.searchsorted(vocabulary().durations, room)), len(vocabulary().durations) - 1)
                mask = np.arange(len(scores)) == FIRST + longest
        else:
            mask[FIRST:] = True
        return mask

    def _pitches(self) -> list[int]:
        """Returns the pitches that keep as many of the rules, in their order, as any pitch can keep."""
        low, high = voice_range(self.request, self.voice)
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
            lambda p: p >= ceiling - MAX_SPACING.get(self.voice, MAX_BASS_SPACING),
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

    def _max_duration(self, pitch: int) -> int:
        """Returns for how long a pitch may be held: to the end, until the soprano goes below it, or the typed chord changes."""
        room = self.stop - self.position
        for start, _, tune in self.voices.lines[SOPRANO]:
            if start > self.position and tune < pitch:
                room = min(room, start - self.position)
                break
        chords, grid = self.request.required_chords, self.request.grid
        for beat in range(self.beat, len(chords)):
            tones = chord_tones(chords[beat])
            if tones is None or pitch % 12 in tones:
                continue
            if beat > self.beat:
                return min(room, int(grid.beat_positions[beat]) - self.position)
            after = int([*grid.beat_positions, grid.bar_starts[-1]][beat + 1])
            on_the_beat = int(grid.beat_positions[beat] == self.position)  # a non-chord tone is shorter than a beat
            return min(room, max(1, after - self.position - on_the_beat))
        return room


def top_line(rows: np.ndarray, bar_starts: np.ndarray) -> list[VoiceNote]:
    """Returns the highest line of octuples, each note ended by the next."""
    times, lengths = (
        onsets(rows, bar_starts),
        vocabulary().durations[rows[:, Octuple.DURATION].astype(np.int64) - FIRST],
    )
    top: dict[int, tuple[int, int]] = {}
    for time, length, pitch in zip(
        times.tolist(), lengths.tolist(), (rows[:, Octuple.PITCH] - FIRST).tolist(), strict=True
    ):
        if pitch >= top.get(time, (-1, 0))[0]:
            top[time] = (pitch, time + length)
    order = sorted(top)
    ends = [*order[1:], 10**9][: len(order)]
    return [VoiceNote(time, min(top[time][1], after), top[time][0]) for time, after in zip(order, ends, strict=True)]


def held_notes(rows: np.ndarray, voice: int, request: AccompanimentRequest) -> list[VoiceNote]:
    """Returns the notes of a voice in octuples as the model writes them."""
    line = top_line(rows[rows[:, Octuple.PROGRAM] == voice], request.grid.bar_starts)
    return [note._replace(pitch=note.pitch - request.shift) for note in line]
