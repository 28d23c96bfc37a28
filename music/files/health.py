"""The health report of a piece: what is in it, in a musician's words, and what a model would make of it."""

from __future__ import annotations

import dataclasses
import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import symusic

from music.bars import DEFAULT_TEMPO_BPM, Bar, bar_grid
from music.chord_symbols.bars import bar_texts
from music.clock import clock
from music.instruments import instrument_name, playable_range, program_of, track_label
from music.piece import Piece
from music.theory import Key, estimate_key, name_at, spell, written_key

Value = TypeVar("Value")

_BARS_PER_ROW = 8
_VOLUME, _EXPRESSION = 7, 11
_INAUDIBLE = 1e-5
"""A gain of -100 dB: with it even loud sounds are under what mastering takes for silence."""


@dataclass(frozen=True)
class TrackHealth:
    """One track: who plays, how much, and between which pitches.

    Attributes:
        name: as the file calls it.
        instrument: General MIDI name, or "Drums".
        program: 0-127, or -1 for drums.
        notes: how many.
        low: lowest MIDI pitch, None without notes.
        high: highest MIDI pitch, None without notes.
        range_name: the range in note names such as "C3-G5"; empty for drums and without notes.
        unplayable: notes outside what a player of this instrument reaches.
    """

    name: str
    instrument: str
    program: int
    notes: int
    low: int | None
    high: int | None
    range_name: str
    unplayable: int


@dataclass(frozen=True)
class HealthReport:
    """What stands in a piece.

    Attributes:
        bars: how many bars it fills, a pickup counted.
        seconds: when its last note ends.
        key: the key that it sounds in, with ``key_confidence`` 0 to 1.
        written_keys: ``(bar, key signature)`` as the file says, bars counted from 1.
        tempos: ``(bar, BPM)`` of every change.
        time_signatures: ``(bar, "3/4")`` of every change.
        pickup_beats: length of an upbeat before the first full bar, in beats; 0 for none.
        sung_syllables: how many pieces of text are set to notes.
        chords: the chord symbols of each bar, such as "F G"; empty where there are none.
        repairs: what reading the file had to mend or leave out.
        losses: what a model would drop or change.
    """

    title: str
    bars: int
    seconds: float
    notes: int
    tracks: tuple[TrackHealth, ...]
    key: str
    key_confidence: float
    written_keys: tuple[tuple[int, str], ...]
    tempos: tuple[tuple[int, float], ...]
    time_signatures: tuple[tuple[int, str], ...]
    pickup_beats: float
    sung_syllables: int
    chords: tuple[str, ...]
    repairs: tuple[str, ...]
    losses: tuple[str, ...]

    def to_json(self) -> str:
        """Returns the report as JSON with a key for each attribute."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)

    def to_text(self) -> str:
        """Returns the report as lines to read."""
        lines = [
            f"Title           {self.title or '(none)'}",
            f"Length          {self.bars} bars, {clock(self.seconds)}, {self.notes:,} notes",
            f"Key             {self.key} (confidence {self.key_confidence:.0%})"
            if self.key_confidence
            else "Key             (no pitched notes to tell it from)",
        ]
        if self.written_keys:
            lines.append(f"Key signature   {_changes(self.written_keys)}")
        lines.append(f"Time signature  {_changes(self.time_signatures)}")
        lines.append(f"Tempo           {_changes([(bar, f'{bpm:g} BPM') for bar, bpm in self.tempos])}")
        if self.pickup_beats:
            lines.append(f"Pickup          {self.pickup_beats:g} beat{'s' if self.pickup_beats != 1 else ''}")
        if self.sung_syllables:
            lines.append(f"Lyrics          {self.sung_syllables} syllables")
        if self.chords:
            lines += ["", "Chords, each row from this bar on:"]
        for first in range(0, len(self.chords), _BARS_PER_ROW):
            lines.append(f"{first + 1:>3}  | {' | '.join(self.chords[first : first + _BARS_PER_ROW])} |")
        lines += ["", f"{len(self.tracks)} track{'s, counted from 0' if len(self.tracks) != 1 else ''}:"]
        width = max((len(track.instrument) for track in self.tracks), default=0)
        for number, track in enumerate(self.tracks):
            line = f"{number:>3}  {track.instrument:<{width}}  {track.notes:>6,} notes  {track.range_name:<9}  {track.name}"
            if track.unplayable:
                line += f"  ({track.unplayable} out of the instrument's reach)"
            lines.append(line.rstrip())
        for heading, items in (("Mended while reading:", self.repairs), ("A model would drop or change:", self.losses)):
            if items:
                lines += ["", heading, *(f"  - {item}" for item in items)]
        return "\n".join(lines)


def inspect(piece: Piece, repairs: Sequence[str] = ()) -> HealthReport:
    """Returns the health report of a piece.

    Args:
        piece: any piece.
        repairs: what reading its file had to mend, as ``midi.read_with_repairs`` says.
    """
    from music.tokens.octuple import losses

    score = piece.score
    bars = bar_grid(score)
    starts = [bar.start for bar in bars]
    key, confidence = estimate_key(score)
    chords = bar_texts(score, written_key(score) or key)
    tempos = {bar_number(starts, 0): DEFAULT_TEMPO_BPM} | {
        bar_number(starts, t.time): round(t.qpm, 2) for t in score.tempos
    }
    return HealthReport(
        title=piece.title,
        bars=len(bars) if piece.note_count else 0,
        seconds=round(piece.seconds, 3),
        notes=piece.note_count,
        tracks=tuple(_track_health(track, key) for track in score.tracks),
        key=key.name,
        key_confidence=confidence,
        written_keys=_only_changes(
            (bar_number(starts, k.time), _signature_name(k.key, k.tonality)) for k in score.key_signatures
        ),
        tempos=_only_changes(tempos.items()),
        time_signatures=_only_changes((n, f"{bar.numerator}/{bar.denominator}") for n, bar in enumerate(bars, 1)),
        pickup_beats=_pickup_beats(bars, min((t.notes[0].time for t in score.tracks if len(t.notes)), default=0)),
        sung_syllables=sum(len(track.lyrics) for track in score.tracks),
        chords=tuple(chords) if any(chords) else (),
        repairs=tuple(repairs),
        losses=tuple(losses(score)),
    )


def silent_tracks(score: symusic.Score) -> list[str]:
    """Returns the names of tracks whose notes cannot be heard: velocity, volume and expression leave nothing of them."""
    found = []
    for track in score.tracks:
        if len(track.notes):
            notes = track.notes.numpy()
            gain = int(notes["velocity"].max()) / 127
            controls = track.controls.numpy()
            for number, usual in ((_VOLUME, 100), (_EXPRESSION, 127)):
                own = controls["number"] == number
                told = own.any() and controls["time"][own].min() <= notes["time"].min()
                gain *= max(int(controls["value"][own].max(initial=0)), 0 if told else usual) / 127
            if gain**2 < _INAUDIBLE:
                found.append(track_label(track))
    return found


def bar_number(starts: Sequence[int], tick: int) -> int:
    """Returns the number, from 1, of the bar that holds a tick; ``starts`` are the bars' first ticks."""
    return max(bisect_right(starts, tick), 1)


def _track_health(track: symusic.Track, key: Key) -> TrackHealth:
    """Returns the line of the report about one track."""
    program = program_of(track)
    pitches = track.notes.numpy()["pitch"]
    low, high = (int(pitches.min()), int(pitches.max())) if len(pitches) else (None, None)
    bottom, top = playable_range(program)
    return TrackHealth(
        name=track.name,
        instrument=instrument_name(program),
        program=program,
        notes=len(pitches),
        low=low,
        high=high,
        range_name="" if low is None or high is None or track.is_drum else f"{spell(low, key)}-{spell(high, key)}",
        unplayable=0 if track.is_drum else int(((pitches < bottom) | (pitches > top)).sum()),
    )


def _pickup_beats(bars: list[Bar], first_note: int) -> float:
    """Returns the beats of upbeat: a first bar shorter than the second, or one that is silent for its first half."""
    if len(bars) < 2:
        return 0.0
    first, second = bars[:2]
    if first.end - first.start < second.end - second.start:
        sounding, whole = first.end - first.start, second
    elif (first.start + first.end) / 2 <= first_note < first.end:
        sounding, whole = first.end - first_note, first
    else:
        return 0.0
    return round(sounding * whole.numerator / (whole.end - whole.start), 2)


def _only_changes(items: Iterable[tuple[int, Value]]) -> tuple[tuple[int, Value], ...]:
    """Returns the ``(bar, value)`` pairs whose value differs from the pair before."""
    kept: list[tuple[int, Value]] = []
    for bar, value in items:
        if not kept or kept[-1][1] != value:
            kept.append((bar, value))
    return tuple(kept)


def _signature_name(sharps: int, tonality: int) -> str:
    """Returns the key that a signature and its mode stand for; it keeps the spelling, so 7 flats are Cb major."""
    letter, alter = name_at(sharps + (3 if tonality else 0))
    return letter + "#" * alter + "b" * -alter + (" minor" if tonality else " major")


def _changes(pairs: Sequence[tuple[int, object]]) -> str:
    """Returns the values in words: the first, then each that follows with its bar, and how many more there are."""
    shown = [str(pairs[0][1])] if pairs else []
    shown += [f"{value} from bar {bar}" for bar, value in pairs[1:9]]
    if len(pairs) > 9:
        shown.append(f"and {len(pairs) - 9} more changes")
    return ", ".join(shown)
