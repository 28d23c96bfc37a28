"""Changes of a whole song that leave its music as it is: key, tempo, feel, and how its players are mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import symusic

from music.arranging.feel import FEELS, with_feel
from music.bars import bar_grid, tempo_map
from music.chords import Chord, beat_ticks, parse_chord
from music.edit import note_list, transpose
from music.errors import StudioError
from music.instruments import playable_range, program_of, track_label
from music.mixing import Settings, setting_in_words, with_mix
from music.theory import Key, estimate_key, key_of_signature, written_key

MAX_SEMITONES = 24
_FEW_TRACKS = 3  # so many are named; more are counted. By eye, not measured.
TEMPO_RANGE_BPM = (10.0, 400.0)
_SLOWEST_MSPQ = 0xFFFFFF  # microseconds a quarter, the most that a MIDI file can say
_CHORD = "chord: "


@dataclass(frozen=True)
class SongChanges:
    """What is to be done with a whole score, in this order.

    Attributes:
        semitones: how much higher all but the drums are; 0 leaves them.
        feel: "swung" or "straight" eighths; "" leaves them.
        tempo: beats a minute at the beginning, in the beat of its meter; later tempi keep their relation. 0 leaves them.
        mix: level, pan and reverb of tracks, see ``music.mixing.with_mix``.
    """

    semitones: int = 0
    feel: str = ""
    tempo: float = 0.0
    mix: Settings = ()

    @property
    def changes_song(self) -> bool:
        """Whether there is something to do."""
        return bool(self.semitones or self.feel or self.tempo or self.mix)


class BeatTempo(NamedTuple):
    """A tempo as musicians count it: beats a minute, and how many quarter notes a beat lasts: 1.5 in 6/8."""

    bpm: float
    quarters: float

    @property
    def sign(self) -> str:
        """The note that is one beat."""
        return {1.5: "♩.", 0.5: "♪", 0.75: "♪."}.get(self.quarters, "♩")


def beat_tempo(score: symusic.Score) -> BeatTempo:
    """Returns the tempo at the beginning of a score, in the beat of its first bar."""
    beats, first = beat_ticks(bar_grid(score)[0], score.ticks_per_quarter), tempo_map(score)[2][0]
    quarters = (beats[1] - beats[0]) / score.ticks_per_quarter if len(beats) > 1 else 1.0
    return BeatTempo(float(first) / quarters, quarters)


def change_song(score: symusic.Score, changes: SongChanges) -> symusic.Score:
    """Returns the score with the changes done, and all the rest as it was, bit for bit.

    Raises:
        StudioError: they are out of range, or there is nothing that they would change.
    """
    out = score
    if changes.semitones:
        if abs(changes.semitones) > MAX_SEMITONES:
            raise StudioError(f"{changes.semitones} semitones are too many. Transpose by at most {MAX_SEMITONES}.")
        out = transposed(out, changes.semitones)
    if changes.feel:
        if changes.feel not in FEELS:
            raise StudioError(f"There is no feel '{changes.feel}'. Choose one of {', '.join(FEELS)}.")
        out = with_feel(out, changes.feel)
    if changes.tempo:
        out = at_tempo(out, changes.tempo)
    return with_mix(out, changes.mix) if changes.mix else out


def transposed(score: symusic.Score, semitones: int) -> symusic.Score:
    """Returns the score that many semitones higher, with key signatures and chord symbols; drums stay.

    A player who would leave what the instrument reaches plays an octave nearer; where that does not help, the single notes
    beyond it do. Notes that were beyond it before count as within reach.
    """
    out = transpose(score, semitones)
    for track, before in zip(out.tracks, score.tracks, strict=True):
        if not track.is_drum and len(track.notes):
            was, now = (each.notes.numpy() for each in (before, track))
            pitch = _within_reach(was["pitch"].astype(np.int64), semitones, *playable_range(program_of(track)))
            track.notes = note_list(was["time"], was["duration"], pitch, now["velocity"])
    key = written_key(out) or estimate_key(out)[0]
    signs = [(sign.time, key_of_signature(sign) or key) for sign in sorted(out.key_signatures, key=lambda s: s.time)]
    for marker in out.markers:
        if marker.text.startswith(_CHORD):
            there = next((named for time, named in reversed(signs) if time <= marker.time), key)
            marker.text = _higher(marker.text, semitones, there)
    return out


def _within_reach(pitch: np.ndarray, semitones: int, low: int, high: int) -> np.ndarray:
    """Returns the pitches of a player that many semitones higher, by octaves within what the player reaches."""
    low, high = max(0, min(low, int(pitch.min()))), min(127, max(high, int(pitch.max())))
    moved = pitch + semitones
    fits = [shift for shift in (0, 12, -12, 24, -24) if low <= (moved + shift).min() and (moved + shift).max() <= high]
    if fits:
        return moved + fits[0]
    moved += 12 * np.maximum(0, -((moved - low) // 12))
    return moved - 12 * np.maximum(0, -((high - moved) // 12))


def _higher(text: str, semitones: int, key: Key) -> str:
    """Returns the text of a chord's marker that many semitones higher; as it is where nobody can read it."""
    try:
        chord: Chord = parse_chord(text[len(_CHORD) :])
    except StudioError:
        return text
    return _CHORD + chord.transposed(semitones).name(key)


def at_tempo(score: symusic.Score, bpm: float) -> symusic.Score:
    """Returns the score with this tempo at the beginning, in the beat of its first bar, and all others in proportion.

    Raises:
        StudioError: no file can say a tempo that comes of it, or it is the tempo that there is.
    """
    low, high = TEMPO_RANGE_BPM
    if not low <= bpm <= high:
        raise StudioError(f"A tempo of {bpm:g} BPM is out of range. Choose {low:.0f} to {high:.0f} BPM.")
    factor = bpm / beat_tempo(score).bpm
    if abs(factor - 1) < 1e-6:
        raise StudioError("This is the tempo that it has already. Choose another one.")
    ticks, _, qpm = tempo_map(score)
    each = np.round(60e6 / (qpm * factor)).astype(np.int64)
    if each.min() < 1 or each.max() > _SLOWEST_MSPQ:
        raise StudioError("A tempo inside the piece would be out of range. Choose one that is nearer to what it has.")
    out = score.copy()
    out.tempos = symusic.Tempo.from_numpy(ticks.astype(np.int32), each.astype(np.int32))
    return out


def song_in_words(score: symusic.Score, changes: SongChanges) -> list[str]:
    """Returns what changes do to a score, a few words each: "up 2 semitones", "swung", "tempo 96", "Bass level 80"."""
    told = []
    if changes.semitones:
        count = abs(changes.semitones)
        told.append(f"{'up' if changes.semitones > 0 else 'down'} {count} semitone{'s' * (count > 1)}")
    if changes.feel:
        told.append(changes.feel if changes.feel == "swung" else f"{changes.feel} eighths")
    if changes.tempo:
        told.append(f"tempo {changes.tempo:g}")
    by_track: dict[int, list[str]] = {}
    for number, control, value in sorted(changes.mix):
        by_track.setdefault(number, []).append(setting_in_words(control, value))
    labels = [
        (track_label(score.tracks[number]), told_of)
        for number, told_of in by_track.items()
        if number < len(score.tracks)
    ]
    if len(labels) > _FEW_TRACKS:
        return [*told, f"mixed {len(labels)} tracks"]
    return [*told, *(f"{label} {' and '.join(told_of)}" for label, told_of in labels)]
