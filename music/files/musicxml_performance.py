"""From the written bars of a MusicXML score, and the order in which they are played, to a score as it sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import symusic

from music.bars import score_end
from music.chords import Chord, ChordSpan, with_chords
from music.files.musicxml_grid import Grid, Part
from music.files.musicxml_players import Voice
from music.files.musicxml_written import WrittenNote
from music.form import with_sections
from music.piece import TICKS_PER_QUARTER
from music.theory import written_key

_GRACE_TICKS = TICKS_PER_QUARTER // 8

Marks = list[tuple[Fraction, float]]
Keys = list[tuple[Fraction, tuple[int, int]]]


def perform(parts: Sequence[Part], grid: Grid, order: Sequence[int], mended: Counter[str]) -> symusic.Score:
    """Returns the score that these parts sound as.

    Args:
        parts: as they are written.
        grid: the bars that they share.
        order: the bars by number, as they are played.
        mended: gets what is left out.
    """
    score = symusic.Score(TICKS_PER_QUARTER)
    visits = _visits(grid, order)
    _add_signposts(score, parts, grid, visits)
    sung: set[int] = set()
    for part in parts:
        score.tracks.extend(_Musician(part, mended, sung).tracks(visits))
    verses = {verse for part in parts for bar in part.bars for note in bar.notes for verse, _ in note.words}
    if verses - sung:
        mended["Verses that no repeat gets to, left out: #"] += len(verses - sung)
    score = _with_symbols(score, parts, visits)
    marks = [(tick, name) for tick, name in _rehearsal_marks(parts, visits)]
    return with_sections(score, marks) if marks else score


Visit = tuple[Fraction, int, int]
"""A played bar: where it begins in quarters, its number from 0, and which time through it this is, from 1."""


def _visits(grid: Grid, order: Sequence[int]) -> list[Visit]:
    visits: list[Visit] = []
    place, seen = Fraction(0), Counter[int]()
    for bar in order:
        seen[bar] += 1
        visits.append((place, bar, seen[bar]))
        place += grid.lengths[bar]
    return visits


# Signposts


def _add_signposts(score: symusic.Score, parts: Sequence[Part], grid: Grid, visits: Sequence[Visit]) -> None:
    """Fills tempi and signatures; where the music jumps back, what held there holds again."""
    tempi, keys = _tempi_of_bars(parts, grid), _keys_of_bars(parts, grid)
    signature: tuple[int, int] | None = None
    tempo: float | None = None
    key: tuple[int, int] | None = None
    tempos: dict[int, float] = {}
    changes: dict[int, tuple[int, int]] = {}
    for place, bar, _ in visits:
        if grid.signatures[bar] != signature:
            signature = grid.signatures[bar]
            score.time_signatures.append(symusic.TimeSignature(_ticks(place), *signature))
        for at, qpm in tempi[bar]:
            if qpm != tempo:
                tempos[_ticks(place + at)] = tempo = qpm
        for at, sign in keys[bar]:
            if sign != key:
                changes[_ticks(place + at)] = key = sign
    score.tempos = [symusic.Tempo(tick, qpm) for tick, qpm in sorted(tempos.items())]
    score.key_signatures = [symusic.KeySignature(tick, *sign) for tick, sign in sorted(changes.items())]


def _tempi_of_bars(parts: Sequence[Part], grid: Grid) -> list[Marks]:
    """Returns the tempi of each written bar, first the one that holds at its beginning; an upper part counts first."""
    found: list[Marks] = []
    now: float | None = None
    for bar in range(len(grid.lengths)):
        own: dict[Fraction, float] = {}
        for part in reversed(parts):
            if bar < len(part.bars):
                own |= dict(part.bars[bar].tempi)
        if now is not None:
            own = {Fraction(0): now} | own
        found.append(sorted(own.items()))
        now = found[-1][-1][1] if found[-1] else now
    return found


def _keys_of_bars(parts: Sequence[Part], grid: Grid) -> list[Keys]:
    """Returns the keys of each written bar, first the one that holds at its beginning, in the first part that is no drums."""
    written = [part for part in parts if any(bar.keys for bar in part.bars)]
    pitched = [part for part in written if any(not note.voice.is_drum for bar in part.bars for note in bar.notes)]
    leader = next(iter(pitched or written), None)
    found: list[Keys] = []
    now: tuple[int, int] | None = None
    for bar in range(len(grid.lengths)):
        signs = leader.bars[bar].keys if leader is not None and bar < len(leader.bars) else []
        own = {Fraction(0): now} if now is not None else {}
        own |= {at: (fifths, int(minor)) for at, fifths, minor in signs}
        found.append(sorted(own.items()))
        now = found[-1][-1][1] if found[-1] else now
    return found


def _rehearsal_marks(parts: Sequence[Part], visits: Sequence[Visit]) -> list[tuple[int, str]]:
    """Returns the tick and the name of each rehearsal mark; of several at one bar the uppermost part's."""
    found = []
    for place, bar, _ in visits:
        marks = next((part.bars[bar].marks for part in parts if bar < len(part.bars) and part.bars[bar].marks), [])
        if marks:
            found.append((_ticks(place), marks[0][1]))
    return found


def _with_symbols(score: symusic.Score, parts: Sequence[Part], visits: Sequence[Visit]) -> symusic.Score:
    """Returns the score with the chord symbols of all parts; of two at one place the upper part's counts."""
    found: dict[int, Chord] = {}
    for part in parts:
        for place, bar, _ in visits:
            for at, chord in part.bars[bar].chords if bar < len(part.bars) else ():
                found.setdefault(_ticks(place + at), chord)
    if not found:
        return score
    times = sorted(found)
    ends = [*times[1:], max(score_end(score), times[-1] + 1)]
    spans = [ChordSpan(time, end, found[time]) for time, end in zip(times, ends, strict=True)]
    return with_chords(score, spans, written_key(score))


# Notes


class _Musician:
    """Plays one part: joins ties, puts grace notes before their notes, and sings the verse of each time through."""

    def __init__(self, part: Part, mended: Counter[str], sung: set[int]) -> None:
        self.part, self.mended, self.sung = part, mended, sung
        self.several = len({n.staff for bar in part.bars for n in bar.notes if not n.voice.is_drum}) > 1
        self.verses = [{verse for n in bar.notes for verse, _ in n.words} for bar in part.bars]
        self.graces: dict[str, list[tuple[Fraction, list[WrittenNote]]]] = {}
        self.tied: dict[tuple[int, int], list[list[int]]] = {}  # notes that go on, by staff and pitch
        self.notes: dict[tuple[int, Voice], list[list[int]]] = {}  # [time, duration, pitch, velocity]
        self.lyrics: dict[tuple[int, Voice], list[symusic.TextMeta]] = {}

    def tracks(self, visits: Sequence[Visit]) -> list[symusic.Track]:
        """Returns one track for each staff of the part and each instrument that plays on it."""
        for place, bar, turn in visits:
            for note in self.part.bars[bar].notes if bar < len(self.part.bars) else ():
                if not note.passes or turn in note.passes:
                    self._play(place + note.start, note)
                    if note.words:
                        self._sing(place + note.start, note, turn, self.verses[bar])
        found = []
        for (staff, voice), notes in self.notes.items():
            if notes:
                track = symusic.Track(self.part.player.name, voice.program, voice.is_drum)
                track.notes.extend(symusic.Note(*note) for note in notes)
                track.notes.sort()
                track.lyrics.extend(self.lyrics.get((staff, voice), ()))
                found.append(track)
        return found

    def _track_of(self, note: WrittenNote) -> tuple[int, Voice]:
        return (note.staff if self.several and not note.voice.is_drum else 1), note.voice

    def _play(self, at: Fraction, note: WrittenNote) -> None:
        key = self._track_of(note)
        notes = self.notes.setdefault(key, [])
        if note.is_grace:
            waiting = self.graces.setdefault(note.line, [])
            if note.in_chord and waiting and waiting[-1][0] == at:
                waiting[-1][1].append(note)
            else:
                waiting.append((at, [note]))
            return
        time = _ticks(at)
        for back, (_, struck) in enumerate(reversed(self.graces.pop(note.line, [])), 1):
            start = time - back * _GRACE_TICKS
            if start < 0:
                self.mended["Grace notes before the first beat, left out: #"] += len(struck)
            else:
                notes.extend([start, _GRACE_TICKS, grace.pitch, grace.velocity] for grace in struck)
        end = max(_ticks(at + note.length), time + 1)
        held = self.tied.get((key[0], note.pitch), [])
        made = next((each for each in held if each[0] + each[1] == time), None) if note.tie_in else None
        if made is None:
            made = [time, end - time, note.pitch, note.velocity]
            notes.append(made)
        else:
            held.remove(made)
            made[1] = end - made[0]
        if note.tie_out:
            self.tied[key[0], note.pitch] = [*(each for each in held if each[0] + each[1] >= time), made]

    def _sing(self, at: Fraction, note: WrittenNote, turn: int, verses: set[int]) -> None:
        """Gives a note the syllable of the verse that is sung; a bar without that verse has the one before again."""
        words = dict(note.words)
        verse = turn if turn in verses else max((n for n in verses if n < turn), default=min(verses))
        if verse in words:
            self.sung.add(verse)
            self.lyrics.setdefault(self._track_of(note), []).append(symusic.TextMeta(_ticks(at), words[verse]))


def _ticks(quarters: Fraction) -> int:
    return round(quarters * TICKS_PER_QUARTER)
