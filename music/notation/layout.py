"""A score on paper, before any file format: parts, staves, clefs, keys, bars, voices and the symbols in them.

Why not music21, which could write it too? It rounds onsets and lengths to a grid, each for itself, and
writes what comes out; it does not ask what a player meant. ``python -m benchmarks notation`` holds both against what was
meant, over 32 bars each. Of a pianist's two hands on one track, played with 15 ms of jitter and keys let go after 70 to 100 %
of a note, music21 writes 8 % of the onsets and 26 % of the lengths more than a 32nd wrong, with 4.3 rests a bar and no
second staff; we write no onset and 4 % of the lengths wrong, with 0.1 rests a bar and two staves. Of a band played like
that it writes 51 % of the lengths wrong, we 3 %. Of piano music that was not played it gets all but 0.7 % right, in two voices
where we need one. In Greensleeves, written with keys held for 94 % of a note, it moves two notes of the last bars to other
beats; we write two longer than the file has them, a dotted half that was meant and a quarter that takes in the eighth
rest after it. It takes 7 to 16 times as long. And it has no closed score, no lead sheet and no chord symbols from markers.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import symusic

from music.form import INTRO, sections
from music.instruments import KICKS, PEDAL_HAT, instrument_name
from music.notation.chord_symbols import PrintedChord, printed_chords
from music.notation.cues import Cue, Cued, cues, without_cues
from music.notation.loudness import PrintedDynamic, has_dynamics, printed_dynamics
from music.notation.lyrics import SheetSyllable, find_singers, syllables
from music.notation.part_rules import long_rests, moved_chords, reads_chords
from music.notation.quantize import SheetNote, Timing, quantize, read_lengths, read_timing, sheet_bars
from music.notation.rhythm import UNITS, Segment, SheetBar, Symbol, beat_spans, first_value, meter, notate
from music.notation.signposts import KeyChange, PrintedTempo, printed_keys, printed_tempi
from music.notation.staves import Performer, split_voices
from music.notation.swing import straightened, swings
from music.notation.transposition import Transposition, stand_name, transposition
from music.notation.views import melody_track, view_performers
from music.piece import Piece


class Clef(NamedTuple):
    """A clef: sign, line, octaves by which it sounds higher, and the lowest and highest pitch inside the staff."""

    sign: str
    line: int
    octave: int
    low: int
    high: int


TREBLE, BASS = Clef("G", 2, 0, 64, 77), Clef("F", 4, 0, 43, 57)
_TREBLE_8VB, _BASS_8VB = Clef("G", 2, -1, 52, 65), Clef("F", 4, -1, 31, 45)
_TREBLE_8VA, _TREBLE_15MA = Clef("G", 2, 1, 76, 89), Clef("G", 2, 2, 88, 101)
_ALTO, _TENOR = Clef("C", 3, 0, 53, 67), Clef("C", 4, 0, 50, 64)
PERCUSSION = Clef("percussion", 2, 0, 0, 127)

_SINGING = (TREBLE, _TREBLE_8VB, BASS)
_CLEFS: dict[int, tuple[Clef, ...]] = {
    **dict.fromkeys(range(24, 32), (_TREBLE_8VB,)),
    **dict.fromkeys(range(32, 40), (_BASS_8VB,)),
    43: (_BASS_8VB, BASS),
    **dict.fromkeys((40, 56, 59, 64, 65, 66, 68, 69, 71, 73, 105, 106, 110), (TREBLE,)),
    **dict.fromkeys((9, 10, 13, 72, 74, 78, 79), (TREBLE, _TREBLE_8VA, _TREBLE_15MA)),
    41: (_ALTO, TREBLE),
    **dict.fromkeys((42, 57, 70), (BASS, _TENOR)),
    **dict.fromkeys((47, 58, 67), (BASS,)),
    60: (TREBLE, BASS),
    **dict.fromkeys((52, 53, 54), _SINGING),
}
_TRANSPOSED = {67: (TREBLE,)}  # clefs of who reads another one than where it sounds: a baritone saxophone
_PLAIN = {_TREBLE_8VB: TREBLE, _BASS_8VB: BASS, _TREBLE_8VA: TREBLE, _TREBLE_15MA: TREBLE}
_CHANGING = {42, 57, 70, 60, *range(48, 52)}  # players of these read more than one clef in a piece


class Voice(NamedTuple):
    """One voice in one bar: 1 is the upper, 2 the lower voice of a staff. A cue is what another plays, in small notes."""

    number: int
    symbols: tuple[Symbol, ...]
    is_cue: bool = False


@dataclass(frozen=True)
class Staff:
    """One staff: a clef and the voices for each bar."""

    clefs: tuple[Clef, ...]
    bars: tuple[tuple[Voice, ...], ...]


@dataclass(frozen=True)
class SheetPart:
    """One player's music: a staff, or two for a keyboard; ``lyrics`` stand below, ``chords`` above the upper staff.

    Pitches, clefs and chords are as the player reads them: where ``moved`` says so, not as they sound. ``rests`` are (bar, how
    many bars) that are one rest with a number over it; ``cues`` (bar, who plays what stands there in small notes).
    """

    name: str
    program: int
    is_drum: bool
    staves: tuple[Staff, ...]
    lyrics: tuple[SheetSyllable, ...]
    chords: tuple[PrintedChord, ...] = ()
    moved: Transposition | None = None
    dynamics: tuple[PrintedDynamic, ...] = ()
    rests: tuple[tuple[int, int], ...] = ()
    cues: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A score on paper. ``tempi`` are only those worth printing; ``marks`` are (bar, section); ``player`` heads a part; ``swung``:
    eighths swing."""

    title: str
    bars: tuple[SheetBar, ...]
    keys: tuple[KeyChange, ...]
    tempi: tuple[PrintedTempo, ...]
    parts: tuple[SheetPart, ...]
    marks: tuple[tuple[int, str], ...] = ()
    player: str = ""
    swung: bool = False


def paper_score(piece: Piece) -> symusic.Score:
    """Returns the score that a sheet is laid out from: the piece's, in ticks that are fine enough for it."""
    return piece.score if piece.score.ticks_per_quarter >= 24 else piece.score.resample(480)


def layout(piece: Piece, view: str = "score", part: str = "", concert: bool = True) -> Sheet:
    """Returns a piece with at least one note as it stands on paper, in one of its views.

    Chord symbols stand above the part that has the melody's track; where singers share staves, above the first. In a part of
    its own whoever plays chords or the bass has them too, bars of silence are counted, and a cue stands before an entry after many.

    Args:
        piece: what is written down.
        view: one of ``views(piece)``.
        part: one of ``parts(piece)``, to stand there alone; "" for all.
        concert: whether all instruments are written as they sound.
    """
    score = paper_score(piece)
    per_quarter = score.ticks_per_quarter
    swung = swings(score)
    score = straightened(score) if swung else score
    timing = read_timing(score)
    bars = sheet_bars(score, timing)
    keys = tuple(printed_keys(score, bars))
    everybody = view_performers(score, view)
    playing = [performer for performer in everybody if part in ("", performer.name)]
    sung = find_singers(score, playing)
    melody = melody_track(score)
    led = next(
        (index for index, performer in enumerate(playing) if melody in performer.tracks and not performer.shares), 0
    )
    starts = [bar.start_tick for bar in bars]
    marks = tuple((max(0, bisect.bisect_right(starts, section.start) - 1), section.name) for section in sections(score))
    if bars[0].partial and marks[:1] == ((0, INTRO),) and marks[1:2] and marks[1][0] == 1:
        marks = marks[1:]  # an upbeat is no intro that anyone would look for
    heads = [bar for bar, _ in marks]
    tempi = tuple(printed_tempi(score, bars))
    told = view == "score" and has_dynamics(score)
    found = []
    for index, performer in enumerate(playing):
        time, duration = (np.concatenate([hand[i] for hand in performer.hands]) for i in (0, 1))
        lengths = read_lengths(time, duration, per_quarter, timing)
        hands = [quantize(*hand, bars, per_quarter, timing, lengths, performer.is_drum) for hand in performer.hands]
        if not performer.is_drum:
            hands = [_held_to_the_end(notes, bars[-1].start + bars[-1].length) for notes in hands]
        moved = (
            None
            if concert or performer.is_drum
            else transposition(performer.program, performer.name, [key.fifths for key in keys])
        )
        if moved is not None:
            hands = [[note._replace(pitch=note.pitch - moved.semitones) for note in notes] for notes in hands]
        if performer.shares:
            staves: tuple[Staff, ...] = (_shared_staff(index, hands, bars, lengths is not None),)
        else:
            staves = tuple(
                _staff(performer, place, notes, bars, lengths is not None, moved is not None)
                for place, notes in enumerate(hands)
            )
        lyrics = syllables(score.tracks[sung[index]].lyrics, hands[0]) if index in sung else ()
        notes = [note for hand in hands for note in hand]
        rests: tuple[tuple[int, int], ...] = ()
        given: tuple[Cue, ...] = ()
        if part:
            others = [each for each in everybody if each is not performer and not each.is_drum]
            others.sort(key=lambda each: melody not in each.tracks)
            given = (
                () if performer.is_drum else cues(notes, bars, [_cued(each, bars, score, timing) for each in others])
            )
            staves = (_with_cues(staves[0], given, bars, moved), *staves[1:])
            rests = long_rests(notes, bars, {*heads, *(key.bar for key in keys), *(tempo.bar for tempo in tempi)})
            rests = without_cues(rests, given)
        chords: tuple[PrintedChord, ...] = ()
        if (index == led and (not part or melody in performer.tracks)) or (part and reads_chords(performer)):
            after = [bar + count for bar, count in rests]
            chords = moved_chords(printed_chords(score, bars, sorted({*heads, *after})), moved, rests)
        dynamics = printed_dynamics(score, performer.tracks, notes, bars, heads) if told else ()
        found.append(
            SheetPart(
                performer.name,
                performer.program,
                performer.is_drum,
                staves,
                lyrics,
                chords,
                moved,
                dynamics,
                rests,
                tuple((cue.bar, cue.name) for cue in given),
            )
        )
    player = ""
    if part:
        (only,) = playing
        instrument = "" if only.is_drum else instrument_name(only.program)
        player = stand_name(only.name, instrument, found[0].moved)
    return Sheet(piece.title, tuple(bars), keys, tempi, tuple(found), marks, player, swung)


def _cued(performer: Performer, bars: Sequence[SheetBar], score: symusic.Score, timing: Timing) -> Cued:
    """Returns who may give a cue, with the upper voice of what is played, as it sounds."""
    time, duration = (np.concatenate([hand[i] for hand in performer.hands]) for i in (0, 1))
    lengths = read_lengths(time, duration, score.ticks_per_quarter, timing)
    notes = quantize(*performer.hands[0], bars, score.ticks_per_quarter, timing, lengths, False)
    return Cued(performer.name, split_voices(notes, lengths is not None)[0])


def _with_cues(staff: Staff, given: Sequence[Cue], bars: Sequence[SheetBar], moved: Transposition | None) -> Staff:
    """Returns a staff with cues over the rests of its player, at octaves at which they can be read there."""
    written = list(staff.bars)
    for cue in given:
        clef, up = staff.clefs[cue.bar], -moved.semitones if moved else 0
        middle = sum(note.pitch + up for note in cue.notes) / len(cue.notes)
        up += 12 * round(((clef.low + clef.high) / 2 - middle) / 12)
        notes = [note._replace(pitch=note.pitch + up) for note in cue.notes]
        for bar in range(cue.bar, cue.bar + cue.length):
            (rest,) = staff.bars[bar]
            inside = [
                note for note in notes if note.start < bars[bar].start + bars[bar].length and note.end > bars[bar].start
            ]
            symbols = tuple(notate(_segments(inside, bars[bar]), meter(bars[bar])))
            written[bar] = (Voice(1, symbols, is_cue=True), rest._replace(number=2)) if inside else (rest,)
    return replace(staff, bars=tuple(written))


def _held_to_the_end(notes: Sequence[SheetNote], end: int) -> list[SheetNote]:
    """Returns notes of which those that end less than a sixteenth before the last bar does last to its end, if they are long.

    A player lets go a little early, and parts that are written to the player's notes end with them.
    """
    held = []
    for note in notes:
        gap = end - note.end
        held.append(note._replace(end=end) if 0 < gap < UNITS // 4 and note.end - note.start >= 4 * gap else note)
    return held


# Staves


_FEET = {*KICKS, PEDAL_HAT}


def _staff(
    performer: Performer, place: int, notes: list[SheetNote], bars: Sequence[SheetBar], exact: bool, moved: bool
) -> Staff:
    """Returns the staff for one hand of a player; ``place`` 0 is the upper one, ``moved`` notes are as they are read."""
    two = len(performer.hands) == 2
    if performer.is_drum:
        voices = _drum_voices(notes, bars)
        clefs = (PERCUSSION,) * len(bars)
    else:
        voices = split_voices(notes, exact)
        choices = ((TREBLE, BASS), (BASS, TREBLE))[place] if two else _CLEFS.get(performer.program, (TREBLE, BASS))
        if performer.leads and any(clef.sign == "C" for clef in choices):
            choices = (TREBLE, BASS)
        if choices is _SINGING and performer.name.lower().startswith("bass"):
            choices = (BASS,)
        if moved:  # the octave is in how it reads
            choices = _TRANSPOSED.get(performer.program, choices)
            choices = tuple(dict.fromkeys(_PLAIN.get(clef, clef) for clef in choices))
        may_change = two or (performer.program in _CHANGING and not performer.leads)
        clefs = _clefs(notes, bars, choices, may_change)
    return Staff(clefs, _write_voices(voices, bars))


def _shared_staff(place: int, singers: Sequence[list[SheetNote]], bars: Sequence[SheetBar], exact: bool) -> Staff:
    """Returns the staff that two singers share; ``place`` 0 is the upper staff of the page."""
    upper, lower = ([*itertools.chain(*split_voices(notes, exact))] for notes in singers)
    clefs = _clefs([*upper, *lower], bars, ((TREBLE, BASS), (BASS, TREBLE))[place], False)
    return Staff(clefs, _write_voices((upper, lower), bars, together=False))


def _write_voices(
    voices: Sequence[Sequence[SheetNote]], bars: Sequence[SheetBar], together: bool = True
) -> tuple[tuple[Voice, ...], ...]:
    """Returns the voices of each bar. ``together``: the only voice of a bar is written as the upper one, stems free."""
    upper, lower = (_by_bar(voice, bars) for voice in voices)
    written = []
    for bar, above, below in zip(bars, upper, lower, strict=True):
        inside = [notes for notes in (above, below) if notes] or [[]]
        if not together and (above or below):
            inside = [above, below]
        symbols = [tuple(notate(_segments(notes, bar), meter(bar))) for notes in inside]
        written.append(tuple(Voice(number, s) for number, s in enumerate(symbols, 1)))
    return tuple(written)


def _by_bar(notes: Sequence[SheetNote], bars: Sequence[SheetBar]) -> list[list[SheetNote]]:
    """Returns for each bar the notes that sound in it."""
    starts = [bar.start for bar in bars]
    result: list[list[SheetNote]] = [[] for _ in bars]
    for note in notes:
        index = bisect.bisect_right(starts, note.start) - 1
        while index < len(bars) and bars[index].start < note.end:
            result[index].append(note)
            index += 1
    return result


def _segments(notes: Sequence[SheetNote], bar: SheetBar) -> list[Segment]:
    """Returns one voice of a bar as stretches without a gap; notes that overlap are tied from one to the next."""
    end = bar.start + bar.length
    edges = {bar.start, end, *(n.start for n in notes), *(n.end for n in notes)}
    places = sorted(e for e in edges if bar.start <= e <= end)
    segments = []
    for a, b in itertools.pairwise(places):
        here = [n for n in notes if n.start <= a and n.end >= b]
        segments.append(
            Segment(
                a - bar.start,
                b - bar.start,
                tuple(sorted(n.pitch for n in here)),
                frozenset(n.pitch for n in here if n.start < a),
                frozenset(n.pitch for n in here if n.end > b),
            )
        )
    return segments


def _drum_voices(notes: Sequence[SheetNote], bars: Sequence[SheetBar]) -> tuple[list[SheetNote], list[SheetNote]]:
    """Returns what hands and feet play; one voice for bars in which the feet add no onset of their own.

    A stroke has no length: it is written up to the next one, but not past its beat and without a tie.
    """
    voices: tuple[list[SheetNote], list[SheetNote]] = ([], [])
    for bar, inside in zip(bars, _by_bar([n._replace(end=n.start + 1) for n in notes], bars), strict=True):
        hands = [n for n in inside if n.pitch not in _FEET]
        feet = [n for n in inside if n.pitch in _FEET]
        together = not hands or {n.start for n in feet} <= {n.start for n in hands}
        for voice, strokes in zip(voices, (inside, []) if together else (hands, feet), strict=True):
            stops = sorted({n.start for n in strokes} | {bar.start + end for _, end in beat_spans(meter(bar))})
            for note in strokes:
                stop = stops[bisect.bisect_right(stops, note.start)]
                written = first_value(note.start - bar.start, stop - bar.start, meter(bar))
                voice.append(note._replace(end=bar.start + written))
    return voices


def _clefs(
    notes: Sequence[SheetNote], bars: Sequence[SheetBar], choices: Sequence[Clef], may_change: bool
) -> tuple[Clef, ...]:
    """Returns a clef for each bar: the fewest ledger lines, with changes only where they pay (Viterbi)."""
    cost = np.zeros((len(bars), len(choices)))
    starts = [bar.start for bar in bars]
    for note in notes:
        bar = bisect.bisect_right(starts, note.start) - 1
        for index, clef in enumerate(choices):
            lines = max(0, clef.low - 2 - note.pitch, note.pitch - clef.high - 2) / 3.5
            cost[bar, index] += lines + 0.3 * lines**2 + 0.15 * index  # the usual clef where it serves as well
    best = cost[0] + 0.5 * np.arange(len(choices))
    price = 12.0 if may_change else np.inf
    came_from = []
    for step in cost[1:]:
        stay, move = best, best.min() + price
        came_from.append(np.where(stay <= move, np.arange(len(choices)), best.argmin()))
        best = np.minimum(stay, move) + step
    place = int(best.argmin())
    path = [place]
    for origin in reversed(came_from):
        place = int(origin[place])
        path.append(place)
    return tuple(choices[p] for p in reversed(path))
