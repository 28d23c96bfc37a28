"""What Harmonize promises, as assertions over the piece before and after."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import cached_property

import numpy as np
import symusic

from music.analysis.chord_estimation import chords_at
from music.bars import bar_grid, score_end
from music.chords import NO_CHORD, Chord, beat_ticks, chord_spans, progression_of
from music.files.midi import midi_bytes, read_midi
from music.instruments import DRUMS, parse_instrument, playable_range
from music.piece import Piece
from music.theory import Key, parse_key, written_key
from music.tokens.accompaniment import VOICE_RANGES
from music.tokens.octuple import model_grid
from pipelines.options.harmonize import HarmonizeOptions
from tests.pipelines.remix_checks import DURATION, EVENTS, PITCH, TIME, Note, notes_of, overlaps

BAND = ("piano", "bass", "drums", "strings")
RANGES = dict(zip(("Alto", "Tenor", "Bass"), VOICE_RANGES[1:]))
SPREAD = {"Alto": 12, "Tenor": 12, "Bass": 36}  # semitones below the lowest voice above
Line = list[tuple[int, int, int]]
"""Notes of one voice: start, end, pitch."""


class Asked:
    """What options ask of a piece whose melody is on a given track.

    Attributes:
        bars: the bars of the piece.
        written: which of them are to be written.
        ticks: where the beats of all bars begin.
        last_note: where the last note ends.
        end: the tick after the last bar.
    """

    def __init__(self, piece: Piece, options: HarmonizeOptions, melody: int) -> None:
        self.piece, self.options, self.melody = piece, options, melody
        tune = piece.score.copy()
        tune.tracks = [tune.tracks[melody]]
        self.last_note = max(score_end(tune), score_end(piece.score) if options.bars else 0)
        self.bars = bar_grid(piece.score, self.last_note)
        self.written = {bar for bar in options.bars or range(len(self.bars)) if bar < len(self.bars)}
        self.beats = [beat_ticks(bar, piece.score.ticks_per_quarter) for bar in self.bars]
        self.ticks = [tick for bar in self.beats for tick in bar]
        self.end = self.bars[-1].end

    def bar(self, tick: int) -> int:
        return bisect_right([bar.start for bar in self.bars], tick) - 1

    def writes(self, note: Note) -> bool:
        """Returns whether a note starts in a bar that is to be written."""
        return 0 <= note[TIME] < self.end and self.bar(note[TIME]) in self.written

    def stop(self, tick: int) -> int:
        """Returns the end of the stretch of written bars that a tick lies in."""
        bar = self.bar(tick)
        while bar + 1 in self.written:
            bar += 1
        return self.bars[bar].end

    @cached_property
    def programs(self) -> Counter[int]:
        """The instruments that shall accompany."""
        style, names = self.options.style, self.options.instruments
        wanted = [parse_instrument(name) for name in names]
        if style == "band":
            return Counter(set(wanted or [parse_instrument(name) for name in BAND]))
        if style == "chorale" and len(wanted) != 3:
            return Counter(wanted * 3)
        return Counter(wanted or [33 if style == "bass" else 0])

    @property
    def key(self) -> Key:
        """The key that was asked for, or else is written."""
        found = parse_key(self.options.key) if self.options.key else written_key(self.piece.score)
        assert found
        return found

    @cached_property
    def typed(self) -> list[Chord | None]:
        """The chord that was typed for each beat, None where none was."""
        found: list[Chord | None] = []
        bars = progression_of(self.options.chords)
        first = min(self.written) if self.options.bars else 0
        for number, beats in enumerate(self.beats):
            chords = bars[(number - first) % len(bars)] if bars and number in self.written else ()
            found += [chords[beat * len(chords) // len(beats)] if chords else None for beat in range(len(beats))]
        return found


def check_harmony(before: Piece, after: Piece, options: HarmonizeOptions) -> Asked:
    """Asserts every guarantee of a finished accompaniment, and returns what was asked."""
    asked = Asked(before, options, after.history[-1]["melody"])
    check_partial(asked, after)
    if not options.bars:
        _check_players(asked, after)
    if options.chords:
        check_typed(asked, after)
    return asked


def check_partial(asked: Asked, after: Piece) -> None:
    """Asserts what holds of every piece on the way too: it is valid, and all that was to stay is there."""
    _check_rest(asked, after)
    _check_new(asked, after)
    back = read_midi(midi_bytes(after))
    assert len(back.score.tracks) == len(after.score.tracks)
    assert back.note_count == after.note_count
    for track, read in list(zip(after.score.tracks, back.score.tracks))[0 if asked.options.bars else 1 :]:
        if not overlaps(track):  # MIDI cannot say which of two notes on one pitch ends
            assert notes_of(read) == notes_of(track)


def _check_rest(asked: Asked, after: Piece) -> None:
    was, now = asked.piece.score, after.score
    assert (after.title, after.lyrics) == (asked.piece.title, asked.piece.lyrics)
    assert now.ticks_per_quarter == was.ticks_per_quarter
    for events in ("tempos", "time_signatures", "key_signatures"):
        assert getattr(now, events) == getattr(was, events), events
    assert _markers(now, chords=False) == _markers(was, chords=False)
    if not asked.options.bars:
        _check_same(was.tracks[asked.melody], now.tracks[0])
        return
    _check_same(was.tracks[asked.melody], now.tracks[asked.melody])
    for number, (old, new) in enumerate(zip(was.tracks, now.tracks)):
        assert (new.name, new.program, new.is_drum) == (old.name, old.program, old.is_drum)
        for events in EVENTS:
            assert getattr(new, events) == getattr(old, events), events
        if number != asked.melody:
            assert _outside(asked, new) == _outside(asked, old)
    # Where the bars end the chord may be named that held there before; what else stands outside is as it was.
    ends = {asked.stop(asked.bars[bar].start) for bar in asked.written}
    changed = set(_markers(now, chords=True)) ^ set(_markers(was, chords=True))
    assert all(time in ends or asked.bar(time) in asked.written for time, _ in changed), changed


def _check_same(old: symusic.Track, new: symusic.Track) -> None:
    assert (new.name, new.program, new.is_drum) == (old.name, old.program, old.is_drum)
    for events in ("notes", *EVENTS):
        assert getattr(new, events) == getattr(old, events), events


def _outside(asked: Asked, track: symusic.Track) -> Counter[Note]:
    return Counter({note: count for note, count in notes_of(track).items() if not asked.writes(note)})


def _markers(score: symusic.Score, chords: bool) -> list[tuple[int, str]]:
    return [(m.time, m.text) for m in score.markers if m.text.startswith("chord: ") == chords]


def _check_new(asked: Asked, after: Piece) -> None:
    for track, new in new_notes(asked, after):
        old = _outside(asked, track)
        for note in new:
            assert asked.writes(note) and note[DURATION] > 0, note
            assert note[TIME] + note[DURATION] <= asked.stop(note[TIME]), note
            assert 0 <= note[PITCH] <= 127 and 1 <= note[3] <= 127, note
        pitches = {note[PITCH] for note in new}
        low, high = (27, 87) if track.is_drum else playable_range(track.program)
        if asked.options.style == "chorale":
            low, high = RANGES.get(track.name, (40, 74))
        assert all(low <= pitch <= high for pitch in pitches), (track.program, pitches)
        for _, one, other in overlaps(track):
            known = {(note[TIME], note[TIME] + note[DURATION]) for note in old}
            assert one in known and other in known, (one, other)


def new_notes(asked: Asked, after: Piece) -> list[tuple[symusic.Track, list[Note]]]:
    """Returns the tracks that accompany, each with its new notes in order."""
    melody = asked.melody if asked.options.bars else 0
    found = []
    for number, track in enumerate(after.score.tracks):
        if number != melody:
            old = _outside(asked, track) if asked.options.bars else Counter()
            found.append((track, sorted((notes_of(track) - old).elements())))
    return found


def _check_players(asked: Asked, after: Piece) -> None:
    tracks, style = after.score.tracks[1:], asked.options.style
    assert [track.is_drum for track in tracks] == [track.name == "Drums" for track in tracks]
    playing = Counter(DRUMS if track.is_drum else track.program for track in tracks)
    if asked.programs:
        assert playing == asked.programs
    if style == "chorale":
        assert [track.name for track in tracks] == list(RANGES)
    if style == "band" and len(model_grid(asked.piece.score, asked.last_note)[0]) >= len(tracks):
        assert all(len(track.notes) for track in tracks)
    if style in ("bass", "piano", "chorale"):
        assert all(len(track.notes) for track in tracks)


def check_typed(asked: Asked, after: Piece) -> None:
    """Asserts that typed chords stand in the score, and that the notes keep to them but for what passes."""
    found = chords_at(chord_spans(after.score, asked.end), np.array(asked.ticks))
    wrong = [
        (tick, chord, seen) for tick, chord, seen in zip(asked.ticks, asked.typed, found) if chord not in (None, seen)
    ]
    assert not wrong, wrong
    edges = [*asked.ticks, asked.end]
    if any(12 * tick % after.score.ticks_per_quarter for tick in edges):  # beats between the places that notes can have
        return
    for track, new in new_notes(asked, after):
        for start, duration, pitch, _ in () if track.is_drum else new:
            first, last = (bisect_right(edges, tick) - 1 for tick in (start, start + duration - 1))
            if duration >= edges[first + 1] - edges[first]:
                for chord in asked.typed[first : last + 1]:
                    assert chord in (None, NO_CHORD) or pitch % 12 in chord.tones, (start, duration, pitch, chord)


def check_plain(after: Piece, end: int, key: Key) -> None:
    """Asserts that there are chords, all of them triads of a key."""
    chords = {span.chord for span in chord_spans(after.score, end)}
    assert chords and all(c.quality in ("", "m", "dim") and key.scale.issuperset(c.tones) for c in chords), chords


def soprano(track: symusic.Track) -> Line:
    """Returns the highest line of a melody, each note up to the next."""
    top: dict[int, tuple[int, int]] = {}
    for note in track.notes:
        top[note.time] = max(top.get(note.time, (-1, 0)), (note.pitch, note.time + note.duration))
    starts = sorted(top)
    ends = [*starts[1:], 10**9]
    return [(start, min(top[start][1], end), top[start][0]) for start, end in zip(starts, ends)]


def at(line: Line, tick: int) -> int | None:
    """Returns the pitch of a line at a tick, None where it is silent."""
    return next((pitch for start, end, pitch in line if start <= tick < end), None)


def check_voices(asked: Asked, after: Piece) -> None:
    """Asserts the rules of four-part writing of a whole chorale on the grid of 1/12 quarter notes.

    Parallels are there only where the other rules left nothing else.
    """
    lines = {"Soprano": soprano(after.score.tracks[0])} | {
        track.name: sorted((n.time, n.time + n.duration, n.pitch) for n in track.notes)
        for track in after.score.tracks[1:]
    }
    first, last = lines["Soprano"][0][0], min(max(end for _, end, _ in lines["Soprano"]), asked.end)
    for name in RANGES:
        line = lines[name]
        assert (line[0][0], line[-1][1]) == (first, last), (name, first, last)
        assert all(one[1] == other[0] for one, other in zip(line, line[1:])), line
    for tick in sorted({start for line in lines.values() for start, _, _ in line if start < last}):
        sounding = [at(lines[name], tick) for name in lines]
        if sounding[0] is not None and sounding[0] < RANGES["Alto"][0]:  # too low for an alto to stay below
            sounding = sounding[1:]
        heard = [pitch for pitch in sounding if pitch is not None]
        assert heard == sorted(heard, reverse=True), (tick, sounding)
    step = after.score.ticks_per_quarter // 12
    for name in RANGES:
        for note in lines[name]:
            _check_parallels(lines, name, note, step)


def _check_parallels(lines: dict[str, Line], name: str, note: tuple[int, int, int], step: int) -> None:
    """Asserts that a note makes no parallels with a voice that was written before, unless it has to."""
    start, _, pitch = note
    names = list(lines)
    own = at(lines[name], start - step)
    above, below = names[: names.index(name)], names[names.index(name) + 1 :]
    held = [other for other in below if any(begin < start < end for begin, end, _ in lines[other])]
    now = {other: at(lines[other], start) for other in (*above, *held)}
    then = {other: at(lines[other], start - step) for other in now}

    def parallel(to: int) -> bool:
        return own is not None and any(
            now[other] is not None and then[other] not in (None, now[other]) and own != to
            and abs(own - then[other]) % 12 == abs(to - now[other]) % 12 in (0, 7) and (to > own) == (now[other] > then[other])
            for other in now
        )  # fmt: skip

    if parallel(pitch):
        ceiling = min((now[other] for other in above if now[other] is not None), default=127)
        floor = max((now[other] for other in held if now[other] is not None), default=0)
        low, high = RANGES[name]
        choice = range(max(low, floor, ceiling - SPREAD[name]), min(high, ceiling) + 1)
        assert all(parallel(to) for to in choice), (name, note, [to for to in choice if not parallel(to)])
