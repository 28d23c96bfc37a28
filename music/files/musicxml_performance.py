"""From the written bars of a MusicXML score, and the order in which they are played, to a score as it sounds."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import symusic

from music.bars import score_end
from music.chords import Chord, ChordSpan, with_chords
from music.files.musicxml_grid import Grid, Part
from music.files.musicxml_players import Voice
from music.files.musicxml_values import EXTENDS
from music.files.musicxml_written import Swing, WrittenNote
from music.form import with_sections
from music.piece import TICKS_PER_QUARTER
from music.theory import written_key
from music.words.events import HIDDEN, Sung, events_of, read_words

_GRACE_TICKS = TICKS_PER_QUARTER // 8
_TIE_GAP = 4 * TICKS_PER_QUARTER  # how far a tie reaches over other notes: a bar of 4/4, by eye

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
    stacks = all(turn == 1 for _, _, turn in visits)
    feel = _feel_of_bars(parts, grid)
    if any(swing.share != Fraction(1, 2) for swings in feel for swing in swings):
        mended["Notes are swung, as the file asks"] = 1
    for part in parts:
        score.tracks.extend(_Musician(part, sung, feel, grid.lengths, stacks).tracks(visits))
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


def _feel_of_bars(parts: Sequence[Part], grid: Grid) -> list[list[Swing]]:
    """Returns how notes are swung in each written bar, first what holds at its beginning; nothing in bars that count in threes."""
    found: list[list[Swing]] = []
    now: Swing | None = None
    for bar, (beats, kind) in enumerate(grid.signatures):
        own = [now._replace(place=Fraction(0))] if now is not None else []
        own += sorted(swing for part in parts for swing in (part.bars[bar].swings if bar < len(part.bars) else ()))
        now = own[-1] if own else now
        found.append([] if kind >= 8 and beats % 3 == 0 else own)
    return found


def _swung(at: Fraction, swings: Sequence[Swing], first_beat: Fraction) -> Fraction:
    """Returns where a place in a bar sounds: between the beats it is late, or early, as the bar is swung."""
    swing = next((each for each in reversed(swings) if each.place <= at), None)
    if swing is None or (at - first_beat) % (2 * swing.value) != swing.value:
        return at
    return at + swing.value * (2 * swing.share - 1)


def _beat(at: Fraction, first_beat: Fraction) -> int:
    return math.floor(at - first_beat)


def _divided_finer(notes: Sequence[WrittenNote], first_beat: Fraction) -> frozenset[tuple[str, int]]:
    """Returns the voices and beats that have eighths together with finer notes: those are played as they are written."""
    halves = {(n.line, _beat(n.start, first_beat)) for n in notes if (n.start - first_beat) % 1 == Fraction(1, 2)}
    finer = {(n.line, _beat(n.start, first_beat)) for n in notes if (n.start - first_beat) * 2 % 1}
    return frozenset(halves & finer)


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

    def __init__(
        self,
        part: Part,
        sung: set[int],
        feel: Sequence[Sequence[Swing]],
        lengths: Sequence[Fraction],
        stacks: bool = False,
    ) -> None:
        self.stacks = stacks  # whether verses stand under one another, for nothing is repeated
        self.part, self.sung, self.feel, self.lengths = part, sung, feel, lengths
        self.several = len({n.staff for bar in part.bars for n in bar.notes if not n.voice.is_drum}) > 1
        self.verses = [{verse for n in bar.notes for verse, _ in n.words} for bar in part.bars]
        self.first = min(set().union(*self.verses), default=1)
        self.graces: dict[str, list[tuple[Fraction, list[WrittenNote]]]] = {}
        self.pushed: dict[str, tuple[Fraction, int]] = {}  # notes that make room for grace notes, by voice
        self.tied: dict[int, list[tuple[int, list[int]]]] = {}  # (staff, note) of what goes on, by pitch
        self.notes: dict[tuple[int, Voice], list[list[int]]] = {}  # [time, duration, pitch, velocity]
        self.lyrics: dict[tuple[int, Voice], list[symusic.TextMeta]] = {}

    def tracks(self, visits: Sequence[Visit]) -> list[symusic.Track]:
        """Returns one track for each staff of the part and each instrument that plays on it."""
        for place, bar, turn in visits:
            written = self.part.bars[bar].notes if bar < len(self.part.bars) else []
            first_beat = self.lengths[bar] if not bar else Fraction(0)  # a pickup counts back from its end
            eighths = any(swing.value == Fraction(1, 2) for swing in self.feel[bar])
            busy = _divided_finer(written, first_beat) if eighths else frozenset()
            for note in written:
                if not note.passes or turn in note.passes:
                    if self.feel[bar] and note.strikes == 1 and (note.line, _beat(note.start, first_beat)) not in busy:
                        ends = [_swung(at, self.feel[bar], first_beat) for at in (note.start, note.start + note.length)]
                        note = note._replace(start=ends[0], length=ends[1] - ends[0])
                    for strike in range(note.strikes):
                        self._play(place + note.start + strike * note.apart, note)
                    if note.words:
                        self._sing(place + note.start, note, turn, self.verses[bar])
        for waiting in list(self.graces.values()):  # after the last note
            self._play_graces(Fraction(-1), waiting[0][1][0])
        found = []
        for key, notes in self.notes.items():
            if notes:
                track = symusic.Track(self.part.player.name, key[1].program, key[1].is_drum)
                track.notes.extend(symusic.Note(*note) for note in notes)
                track.notes.sort()
                track.lyrics.extend(_with_holds(self.lyrics.get(key, ()), track))
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
        delay = self._play_graces(at, note)
        time, end = _ticks(at) + delay, max(_ticks(at + note.length), _ticks(at) + delay + 1)
        made = self._held(key[0], note.pitch, time) if note.tie_in else None
        if made is None:
            made = [time, end - time, note.pitch, note.velocity]
            notes.append(made)
        else:
            made[1] = max(made[1], end - made[0])
        if note.tie_out:
            held = self.tied.setdefault(note.pitch, [])
            held[:] = [(staff, each) for staff, each in held if each[0] + each[1] >= time - _TIE_GAP] + [(key[0], made)]

    def _held(self, staff: int, pitch: int, time: int) -> list[int] | None:
        """Returns the note that a tie carries on to this time, and forgets it; None where there is none.

        First comes one that ends here on its own staff, then on another, then one that a tie holds over what is written
        after it, as in a chord that is broken up.
        """
        held = self.tied.get(pitch, [])
        near = [(time - note[0] - note[1], own != staff, n) for n, (own, note) in enumerate(held) if note[0] < time]
        found = min((each for each in near if 0 <= each[0] <= _TIE_GAP), default=None)
        return held.pop(found[2])[1] if found is not None else None

    def _play_graces(self, at: Fraction, note: WrittenNote) -> int:
        """Plays the grace notes that wait in the voice of a note; returns by how many ticks they push it back.

        They sound before the place where they stand. Before the first beat there is no time, so there they take it from
        the note, and from the rest of its chord.
        """
        waiting = self.graces.pop(note.line, [])
        while waiting:
            place = waiting[0][0]
            struck = [heads for where, heads in waiting if where == place]
            waiting = [each for each in waiting if each[0] != place]
            start = _ticks(place) - len(struck) * _GRACE_TICKS
            if start < 0:
                self.pushed[note.line] = (place, _GRACE_TICKS * len(struck) - _ticks(place))
                start = 0
            for n, heads in enumerate(struck):
                for grace in heads:
                    notes = self.notes.setdefault(self._track_of(grace), [])
                    notes.append([start + n * _GRACE_TICKS, _GRACE_TICKS, grace.pitch, grace.velocity])
        place, ticks = self.pushed.get(note.line, (Fraction(-1), 0))
        return ticks if place == at else 0

    def _sing(self, at: Fraction, note: WrittenNote, turn: int, verses: set[int]) -> None:
        """Gives a note the syllable of the verse that is sung; a bar without that verse has the one before again.

        Where nothing is repeated it gets those of all verses, each under the other.
        """
        words = dict(note.words)
        verse = turn if turn in verses else max((n for n in verses if n < turn), default=min(verses))
        for each in words if self.stacks else words.keys() & {verse}:
            self.sung.add(each)
            number = f"{HIDDEN}{each} " if self.stacks and each > self.first else ""
            events = self.lyrics.setdefault(self._track_of(note), [])
            events.append(symusic.TextMeta(_ticks(at), f"{number}{words[each]}"))


def _with_holds(events: Sequence[symusic.TextMeta], track: symusic.Track) -> list[symusic.TextMeta]:
    """Returns words with a hold on each note over which a syllable is drawn out: where a line says so, or inside a word."""
    extended = {event.time for event in events if event.text.endswith(EXTENDS)}
    plain = [symusic.TextMeta(event.time, event.text.removesuffix(EXTENDS)) for event in events]
    sung = read_words(plain)
    notes = track.notes.numpy()
    times, stops = notes["time"].tolist(), (notes["time"] + notes["duration"]).tolist()
    holds = []
    for verse in {each.verse for each in sung}:
        own = [each for each in sung if each.verse == verse]
        for here, after in zip(own, [*own[1:], None]):
            if not here.is_held and (here.time in extended or not here.ends):
                until = after.time if after else stops[-1]
                over = here.time
                for time, stop in zip(times[bisect_left(times, here.time) :], stops[bisect_left(times, here.time) :]):
                    if time >= until or time > over + 1 and time != here.time:
                        break
                    if time > here.time:
                        holds.append(Sung(time, "", verse=verse))
                    over = max(over, stop)
    return events_of([*sung, *dict.fromkeys(holds)])


def _ticks(quarters: Fraction) -> int:
    return round(quarters * TICKS_PER_QUARTER)
