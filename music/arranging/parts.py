"""A song as an arranger sees it: bars, sections and chords, who has which role, and the notes of every part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import symusic

from music.analysis.melody import find_melody
from music.bars import Bar, bar_grid, score_end, tempo_map
from music.chords import Chord, ChordSpan, beat_ticks, chord_at, chord_spans
from music.edit import graft
from music.form import ENDING, INTRO, Section, sections
from music.instruments import BASS_PLAYERS, PADS, STRUCK, playable_range, program_of
from music.theory import Key, estimate_key, written_key


class NoteColumn(IntEnum):
    """Columns of a Part."""

    TIME = 0
    DURATION = 1
    PITCH = 2
    VELOCITY = 3


Part = np.ndarray
"""The notes of one track, int64 ``[notes, 4]``: time and duration in ticks, pitch, velocity; by time, then pitch."""

MELODY, RHYTHM, BASS, PAD, CHORDS, COLOR = "melody", "rhythm", "bass", "pad", "chords", "color"
"""Roles: who sings, the drums, the bass, who holds long chords, who plays shorter ones, and all others."""

_STRAY_CHORDS = 0.05  # of its notes may begin together with another, and a part is still a line
STEPS = 12  # of a quarter note: rhythms are compared on this grid


@dataclass(frozen=True)
class Arrangement:
    """What the rules of a mix need to know of a score.

    Attributes:
        quarter: ticks of a quarter note.
        end: the tick at which the song ends.
        bars: the bars up to there; the last may reach beyond it.
        sections: as marked; empty where none are.
        chords: the chord symbols.
        key: as written, or as it sounds.
        roles: the role of each track.
        programs: the program of each track, DRUMS for drums.
        energy: 0 (calm) to 1, from tempo, drums and loudness.
    """

    quarter: int
    end: int
    bars: tuple[Bar, ...]
    sections: tuple[Section, ...]
    chords: tuple[ChordSpan, ...]
    key: Key
    roles: tuple[str, ...]
    programs: tuple[int, ...]
    energy: float

    @property
    def shortest(self) -> int:
        """The length in ticks of the shortest note that is written: 1/24 of a quarter note."""
        return max(1, -(-self.quarter // 24))

    @property
    def melody(self) -> int | None:
        """The track of the melody, if there is one."""
        return self.roles.index(MELODY) if MELODY in self.roles else None

    @property
    def body(self) -> list[int]:
        """The numbers of the sections between intro and ending."""
        return [n for n, section in enumerate(self.sections) if section.name not in (INTRO, ENDING)]

    @property
    def ending(self) -> Section | None:
        """The last section, where it is marked as the ending."""
        return self.sections[-1] if self.sections and self.sections[-1].name == ENDING else None

    def tracks(self, *roles: str) -> list[int]:
        """Returns the tracks that have one of these roles."""
        return [track for track, role in enumerate(self.roles) if role in roles]

    def bars_in(self, section: Section) -> list[Bar]:
        """Returns the bars that lie whole in a section and before the song's end, those of its commonest length."""
        inside = [bar for bar in self.bars if section.start <= bar.start and bar.end <= min(section.end, self.end)]
        lengths = Counter(bar.end - bar.start for bar in inside)
        usual = lengths.most_common(1)[0][0] if lengths else 0
        return [bar for bar in inside if bar.end - bar.start == usual]

    def bar_at(self, tick: int) -> Bar:
        """Returns the bar that a tick lies in; the last one for ticks beyond it."""
        return next((bar for bar in self.bars if bar.start <= tick < bar.end), self.bars[-1])

    def beat_before(self, tick: int) -> int:
        """Returns the tick at which the beat begins that leads to this tick."""
        return max(b for b in (0, *beat_ticks(self.bar_at(max(0, tick - 1)), self.quarter)) if b < max(1, tick))

    def chord_at(self, tick: int) -> Chord:
        """Returns the chord symbol that holds at a tick, NO_CHORD where none does."""
        return chord_at(self.chords, tick)


def read_arrangement(score: symusic.Score) -> Arrangement:
    """Returns what the rules of a mix need to know of a score."""
    end = score_end(score)
    roles = _roles(score)
    marked = sections(score, end)
    melody = roles.index(MELODY) if MELODY in roles else None
    if melody is not None and marked and marked[-1].name == ENDING:
        notes = score.tracks[melody].notes.numpy()
        stop = int((notes["time"].astype(np.int64) + notes["duration"]).max())
        # Players who go on for more than a beat after the melody's last note stop with it.
        if stop > marked[-1].start and end - stop > score.ticks_per_quarter:
            end = stop
            marked[-1] = marked[-1]._replace(end=end)
    return Arrangement(
        quarter=score.ticks_per_quarter,
        end=end,
        bars=tuple(bar_grid(score, max(1, end))),
        sections=tuple(section for section in marked if section.end > section.start),
        chords=tuple(chord_spans(score, end)),
        key=written_key(score) or estimate_key(score)[0],
        roles=roles,
        programs=tuple(map(program_of, score.tracks)),
        energy=_energy(score),
    )


def _roles(score: symusic.Score) -> tuple[str, ...]:
    """Returns the role of each track: by the melody finder, the drum flag and the program, in this order."""
    tracks = score.tracks
    melody = 0 if len(tracks) and len(tracks[0].notes) and not tracks[0].is_drum else find_melody(score)
    names = {track.name.strip().lower() for track in tracks}

    def role(number: int, track: symusic.Track) -> str:
        if number == melody:
            return MELODY
        if track.is_drum:
            return RHYTHM
        # A "Bass" beside a "Tenor" is a singer, not a bass player.
        if track.program in BASS_PLAYERS or (track.name.strip().lower() == "bass" and "tenor" not in names):
            return BASS
        return PAD if track.program in PADS else CHORDS if track.program in STRUCK else COLOR

    return tuple(role(number, track) for number, track in enumerate(tracks))


def _energy(score: symusic.Score) -> float:
    tempo = float(tempo_map(score)[2][0])
    quarters = max(1.0, score_end(score) / score.ticks_per_quarter)
    drums = sum(len(track.notes) for track in score.tracks if track.is_drum)
    velocities = [track.notes.numpy()["velocity"] for track in score.tracks if len(track.notes)]
    loud = float(np.mean(np.concatenate(velocities))) if velocities else 64.0
    shares = ((tempo - 60) / 100, drums / quarters / 6, (loud - 40) / 70)
    # By ear: tempo says most; 160 BPM, six drum strokes a quarter note and velocity 110 are as lively as songs get.
    return float(np.dot(np.clip(shares, 0, 1), (0.55, 0.3, 0.15)))


def read_parts(score: symusic.Score) -> list[Part]:
    """Returns the notes of each track."""
    parts = []
    for track in score.tracks:
        notes = track.notes.numpy()
        table = np.stack([notes[n].astype(np.int64) for n in ("time", "duration", "pitch", "velocity")], axis=1)
        parts.append(in_order(table))
    return parts


def with_parts(score: symusic.Score, parts: Sequence[Part]) -> symusic.Score:
    """Returns the score with these notes; tracks whose notes are the same stay bit for bit."""
    new, gone = [], set()
    for number, (before, after) in enumerate(zip(read_parts(score), parts, strict=True)):
        if not np.array_equal(before, after):
            new += [(number, *note) for note in after.tolist()]
            gone |= {(number, note) for note in range(len(before))}
    return graft(score, new, gone)


def in_order(part: Part) -> Part:
    """Returns the notes by time, then pitch."""
    return part[
        np.lexsort(
            (
                part[:, NoteColumn.VELOCITY],
                part[:, NoteColumn.DURATION],
                part[:, NoteColumn.PITCH],
                part[:, NoteColumn.TIME],
            )
        )
    ]


def add_notes(part: Part, notes: Sequence[Sequence[int]]) -> Part:
    """Returns the part with more notes, ``(time, duration, pitch, velocity)`` each."""
    return in_order(np.concatenate([part, np.array(notes, dtype=np.int64).reshape(-1, 4)]))


def within(part: Part, start: int, end: int) -> np.ndarray:
    """Returns which notes begin in ``[start, end)``, bool ``[notes]``."""
    return (part[:, NoteColumn.TIME] >= start) & (part[:, NoteColumn.TIME] < end)


def cut(part: Part, tick: int) -> Part:
    """Returns the part with no note that began before a tick sounding on after it."""
    out = part.copy()
    over = (out[:, NoteColumn.TIME] < tick) & (out[:, NoteColumn.TIME] + out[:, NoteColumn.DURATION] > tick)
    out[over, NoteColumn.DURATION] = tick - out[over, NoteColumn.TIME]
    return out


def is_line(part: Part) -> bool:
    """Whether hardly any two notes begin at once; they may sound on into each other, as played lines do."""
    together = np.diff(part[:, NoteColumn.TIME]) == 0
    return not len(together) or float(together.mean()) < _STRAY_CHORDS


def settle(song: Arrangement, came: Sequence[Part], parts: Sequence[Part]) -> list[Part]:
    """Returns changed parts without overlaps of a pitch, without splinters, and within the song, which ends as it did.

    Args:
        came: the notes before any change; parts that are still the same stay, and so do short notes among them.
        parts: the notes as rules left them.
    """
    out = [
        after
        if track == song.melody or (np.array_equal(before, after) and _end(after) <= song.end)
        else _tidy(after, before, song)
        for track, (before, after) in enumerate(zip(came, parts, strict=True))
    ]
    ends = [_end(part) for part in out]
    last = int(np.argmax(ends)) if ends else 0
    if ends and 0 < ends[last] < song.end:  # who sounded to the end makes way for none: the last who plays holds on
        free = [track for track in np.argsort(ends)[::-1].tolist() if track != song.melody and ends[track]]
        if free:
            part = out[free[0]].copy()
            part[np.argmax(part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]), NoteColumn.DURATION] += (
                song.end - ends[free[0]]
            )
            out[free[0]] = in_order(part)
    return out


def _end(part: Part) -> int:
    return int((part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]).max(initial=0))


def _tidy(part: Part, before: Part, song: Arrangement) -> Part:
    """Returns a part within the song, no pitch struck while it sounds, without notes too short to write unless they came so."""
    part = part[within(part, 0, song.end)]
    if not len(part):
        return part
    part = part[np.lexsort((-part[:, NoteColumn.DURATION], part[:, NoteColumn.TIME], part[:, NoteColumn.PITCH]))]
    again = np.concatenate(
        [[False], (np.diff(part[:, NoteColumn.PITCH]) == 0) & (np.diff(part[:, NoteColumn.TIME]) == 0)]
    )
    part = part[~again]
    room = song.end - part[:, NoteColumn.TIME]
    same = np.flatnonzero(np.diff(part[:, NoteColumn.PITCH]) == 0)
    room[same] = np.minimum(room[same], part[same + 1, NoteColumn.TIME] - part[same, NoteColumn.TIME])
    part[:, NoteColumn.DURATION] = np.minimum(part[:, NoteColumn.DURATION], room)
    as_they_came = {tuple(note) for note in before[:, :3].tolist()}
    kept = [
        note[NoteColumn.DURATION] >= song.shortest
        or (note[NoteColumn.DURATION] > 0 and tuple(note[:3]) in as_they_came)
        for note in part.tolist()
    ]
    return in_order(part[np.array(kept, dtype=bool)])


def nearest(pitch: int, classes: Sequence[int], program: int, taken: Sequence[int] = ()) -> int:
    """Returns the pitch of one of these classes that lies nearest, the lower of two, where the instrument reaches.

    Args:
        pitch: to begin from.
        classes: pitch classes that may be taken.
        program: who plays.
        taken: pitches that others have; only where all are taken one of them comes.
    """
    low, high = playable_range(program)
    near = [p for p in range(pitch - 12, pitch + 13) if p % 12 in classes and 0 <= p <= 127]
    able = [p for p in near if low <= p <= high] or near
    free = [p for p in able if p not in taken] or able
    return min(free, key=lambda p: (abs(p - pitch), p), default=pitch)
