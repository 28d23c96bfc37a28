"""Harmony: each section of a song is accompanied once by Harmonize, and wherever it returns it sounds the same.

All themes are read in a row, so that the model hears how they follow each other. The ending gets a cadence. A varied return
keeps its theme's accompaniment, but for the bars that were varied, which are harmonized again. A player who was asked for
and whom the model leaves silent most of the time gets a part by rule. The trio of a march moves to the subdominant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import symusic

from checkpoints.loading import load
from music.arranging.comping import comp, rests
from music.arranging.idioms import IDIOMS, colored
from music.bars import Bar, bar_grid
from music.chords import Chord, ChordNames, Progression, chord_spans, progression_of
from music.edit import add_track, graft, slice_bars, trim_overlaps
from music.edit_song import transposed
from music.errors import StudioError
from music.form import ENDING, FOURTH, INTRO, TRIO, bars_of, join, sections, theme_of
from music.instruments import DRUMS, instrument_name, parse_instrument, playable_range, program_of
from music.modes import cadence_chords, tonic_chord
from music.piece import Piece
from music.theory import Key, written_key
from pipelines.contract import Step, paced
from pipelines.harmonize import looks
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.recipes import recipe_of
from pipelines.song.band_options import HarmonyOptions

VERSION = "6"
_IDLE_SHARE = 0.5  # who rests in a larger share of the bars was forgotten by the model; by ear, not measured
_RESTING_SHARE = 0.3  # who rests in a larger share of a section's bars is filled in there; likewise
# Time for a bar that is harmonized again beside one harmonized for the first time; a guess, for the progress alone.
_AGAIN_WEIGHT = 0.5
_ALMOST = 0.999  # of a section counts as done while it is written: only the last Step may say that all is


def write_harmony(piece: Piece, options: HarmonyOptions) -> Iterator[Step]:
    """Yields Steps whose piece is the song with its accompaniment; the melody stays on track 0, note for note, but for
    a trio, which moves with its chords.

    Raises:
        StudioError: the song has no sections, or the checkpoint cannot be used.
    """
    checkpoint = load(options.checkpoint, task="harmonize")
    writer = _Writer(piece, options)
    for done in paced(writer.write()):
        if done < 1:
            yield Step((piece.replace(score=writer.song()),), done * writer.bars, writer.bars, "bars")
    recipe = recipe_of("harmony", VERSION, options, piece, checkpoint.entry)
    yield Step((piece.with_step(writer.song(), recipe),), writer.bars, writer.bars, "bars")


class _Writer:
    """The song as it is accompanied.

    Attributes:
        bars: how many bars the song has.
        reading: the themes and the ending in a row, as far as they are accompanied.
        parts: the finished score of each varied return, by name.
        idle: programs of players to whom the model gave little to do.
    """

    def __init__(self, piece: Piece, options: HarmonyOptions) -> None:
        self.options = options
        self.key = written_key(piece.score) or Key(0, "major")
        grid = bar_grid(piece.score)
        self.bars = float(len(grid))
        self.sections = sections(piece.score, grid[-1].end)
        if not self.sections:
            raise StudioError("The song has no sections yet. Lay out its form first.")
        self.like, self.bar = piece.score, grid[0]
        self.melodies: dict[str, tuple[symusic.Score, int]] = {}
        for section in self.sections:
            inside = bars_of(section, grid)
            if section.name not in self.melodies and inside:
                melody = slice_bars(piece.score, inside[0], inside[-1] + 1)
                self.melodies[section.name] = melody, section.end - section.start
        known = [name for name in self.melodies if name not in (INTRO, ENDING)]
        self.themes = [name for name in known if name == theme_of(name) or theme_of(name) not in known]
        self.varied = [name for name in known if name not in self.themes]
        self.order = [*self.themes, *([ENDING] if ENDING in self.melodies else [])]
        self.reading = join([(name, *self.melodies[name]) for name in self.order], self.like)
        self.starts = dict(
            zip(self.order, np.cumsum([0, *(self.melodies[name][1] for name in self.order[:-1])]).tolist(), strict=True)
        )
        self.parts: dict[str, symusic.Score] = {}
        self.idle: tuple[int, ...] = ()
        self._look: Callable[[], Step] | None = None  # builds ``reading`` as far as it has come, while it is harmonized

    def write(self) -> Iterator[float]:
        """Accompanies all sections; yields the share that is done."""
        changed = {name: self._changed(name) for name in self.varied}
        lengths = [self._count(self.order), _AGAIN_WEIGHT * self._count(self.order[-1:])]
        lengths += [_AGAIN_WEIGHT * len(bars) for bars in changed.values()]
        ends = np.cumsum(lengths) / sum(lengths)
        options = self._harmonize_options(chords=self._typed_chords(self.order))
        yield from (share * ends[0] for share in self._harmonized(options))
        self._open_at_home()
        if ENDING in self.starts:
            first, count = self._bar_of(ENDING), self._count([ENDING])
            close = cadence(self.melodies[ENDING][0], count, self.key, IDIOMS[self.options.idiom or "plain"].two_fives)
            chords = self._colored(close, self.melodies[ENDING][0], True)
            options = self._harmonize_options(bars=tuple(range(first, first + count)), chords=self._names(chords))
            yield from (ends[0] + share * (ends[1] - ends[0]) for share in self._harmonized(options))
        self.idle = self._idle()
        self.reading = self._all_playing(self.reading)
        if ENDING in self.starts:
            last = self.starts[ENDING] + self.melodies[ENDING][1] - (self.bar.end - self.bar.start)
            self.reading = rooted(self.reading, last, self.key.tonic)
        for number, (name, bars) in enumerate(changed.items()):
            theme = theme_of(name)
            score = self._with_melody(theme, self.melodies[name][0])
            if bars:
                first = self._bar_of(theme)
                typed = self._typed_chords([theme])[bars[0] :]
                options = self._harmonize_options(bars=tuple(first + bar for bar in bars), chords=typed)
                for share, look in looks(Piece(score), options):
                    last = look
                    yield ends[number + 1] + share * (ends[number + 2] - ends[number + 1]) * _ALMOST
                score = last().piece.score
            self.parts[name] = self._cut(self._all_playing(score), theme)
        yield 1.0

    def _open_at_home(self) -> None:
        """Harmonizes the first bar of the first section again, with the tonic, where that agrees with its melody."""
        name = self._first()
        bar, home = self._bar_of(name), cadence(self.melodies[name][0], 1, self.key)
        if self.options.chords or not agrees(self.melodies[name][0], home[0]):
            return
        options = self._harmonize_options(bars=(bar,), chords=self._names(self._colored(home, self.melodies[name][0])))
        for _ in self._harmonized(options):
            pass

    def _harmonized(self, options: HarmonizeOptions) -> Iterator[float]:
        """Harmonizes what is read, as far as the options say; yields the share of it that is done."""
        for share, look in looks(Piece(self.reading), options):
            self._look = look
            yield share
        self.reading, self._look = look().piece.score, None

    def _colored(self, progression: Progression, melody: symusic.Score, ends: bool = False) -> Progression:
        """Returns chords as the song's idiom has them.

        Args:
            progression: a bar each.
            melody: over it, from tick 0 on.
            ends: whether the last of them is the last of the song.
        """
        idiom = IDIOMS[self.options.idiom or "plain"]
        if not idiom.sevenths:
            return progression
        found: list[tuple[Chord, ...]] = []
        of_all = [chord for chords in progression for chord in chords]
        following = iter([*of_all[1:], None if ends else of_all[-1]])
        for number, chords in enumerate(progression):
            share = (self.bar.end - self.bar.start) / len(chords)
            row = []
            for place, chord in enumerate(chords):
                start = number * (self.bar.end - self.bar.start) + place * share
                tones = np.zeros(12)
                for note in melody.tracks[0].notes:
                    tones[note.pitch % 12] += max(0.0, min(note.end, start + share) - max(note.start, start))
                row.append(colored(chord, self.key, tones, idiom, next(following)))
            found.append(tuple(row))
        return tuple(found)

    def song(self) -> symusic.Score:
        """Returns the song, accompanied as far as its sections are; the intro is that of the first section."""
        if self._look is not None:
            self.reading = self._look().piece.score
        whole = {name: self._cut(self.reading, name) for name in self.order}
        parts = []
        for section in self.sections:
            name, length = section.name, section.end - section.start
            if name == INTRO:
                parts.append((name, self._intro(whole[self._first()], length), length))
                continue
            score = self.parts.get(name) or whole.get(name)
            if score is None:  # a varied return that is still to come
                score = self._cut(self._with_melody(theme_of(name), self.melodies[name][0]), theme_of(name))
            parts.append((name, transposed(score, FOURTH) if theme_of(name) == TRIO else score, length))
        like = self.reading.copy()
        for kind in ("tempos", "time_signatures", "key_signatures"):
            setattr(like, kind, getattr(self.like, kind))
        return join(parts, like)

    def _harmonize_options(self, **more: Any) -> HarmonizeOptions:
        """Returns what to ask of Harmonize, with the bars and chords given."""
        options = self.options
        return HarmonizeOptions(
            style=options.style,
            melody=0,
            key=self.key.name,
            complexity=options.complexity,
            idiom=options.idiom or "plain",
            groove=options.groove if options.style in ("bass", "piano", "band") else None,
            instruments=options.instruments,
            temperature=options.temperature,
            seed=options.seed,
            checkpoint=options.checkpoint,
            **more,
        )

    def _first(self) -> str:
        """Returns the section after the intro, or its theme where it is a varied return."""
        first = next(section.name for section in self.sections if section.name != INTRO)
        return first if first in self.order else theme_of(first)

    def _count(self, names: Sequence[str]) -> int:
        """Returns how many bars sections have together."""
        return sum(self.melodies[name][1] for name in names) // (self.bar.end - self.bar.start)

    def _bar_of(self, name: str) -> int:
        """Returns the first bar of a section, the themes and the ending being in a row."""
        return self.starts[name] // (self.bar.end - self.bar.start)

    def _typed_chords(self, names: Sequence[str]) -> ChordNames:
        """Returns the chords that were typed, a bar each of these sections; each section begins the progression anew."""
        if not self.options.chords:
            return ()
        progression = self._names(progression_of(self.options.chords))
        return tuple(progression[bar % len(progression)] for name in names for bar in range(self._count([name])))

    def _names(self, progression: Progression) -> ChordNames:
        """Returns chords by their names in the key of the song."""
        return tuple(tuple(chord.name(self.key) for chord in bar) for bar in progression)

    def _changed(self, name: str) -> list[int]:
        """Returns the bars, from 0, in which the melody of a varied return is not its theme's."""
        length = self.bar.end - self.bar.start
        both = (self.melodies[name][0], self.melodies[theme_of(name)][0])
        columns = [
            {(note.start, note.duration, note.pitch) for track in score.tracks[:1] for note in track.notes}
            for score in both
        ]
        found = {start // length for start, *_ in columns[0] ^ columns[1]}
        return sorted(bar for bar in found if bar < self._count([name]))

    def _cut(self, score: symusic.Score, name: str) -> symusic.Score:
        """Returns a section's bars of a score that has the themes and the ending in a row."""
        first = self._bar_of(name)
        return slice_bars(score, first, first + self._count([name]))

    def _with_melody(self, theme: str, melody: symusic.Score) -> symusic.Score:
        """Returns the themes in a row, one of them with another melody."""
        start, (_, length) = self.starts[theme], self.melodies[theme]
        notes = self.reading.tracks[0].notes
        gone = [(0, number) for number, note in enumerate(notes) if start <= note.start < start + length]
        new = [(0, note.start + start, note.duration, note.pitch, note.velocity) for note in melody.tracks[0].notes]
        return graft(self.reading, new, gone)

    def _intro(self, score: symusic.Score, length: int) -> symusic.Score:
        """Returns the accompaniment of the first bars of a section, from its beginning again where it is shorter."""
        alone = score.copy()
        alone.tracks[0].notes = []
        whole = self.melodies[self._first()][1]
        turns = [("", alone, min(whole, length - at)) for at in range(0, length, whole)]
        return join(turns, alone)

    def _idle(self) -> tuple[int, ...]:
        """Returns the programs of those who were asked for and rest in most bars; the voices of a chorale never do."""
        wanted = (
            {parse_instrument(name) for name in self.options.instruments} if self.options.style == "band" else set()
        )
        grid = bar_grid(self.reading)
        return tuple(p for p in sorted(wanted) if len(_resting(self.reading, p, grid)) > _IDLE_SHARE * len(grid))

    def _all_playing(self, score: symusic.Score) -> symusic.Score:
        """Returns the themes in a row with parts by rule for the idle players, instead of the little they had.

        Others who rest in much of a section are filled in there, with long notes or struck chords.
        """
        grid = bar_grid(score)
        for program in self.idle:
            hits = comp(program, chord_spans(score, grid[-1].end), grid, score.ticks_per_quarter)
            tracks = [n for n, track in enumerate(score.tracks) if n and program_of(track) == program]
            if not tracks:
                tracks = [len(score.tracks)]
                score = add_track(score, max(0, program), program == DRUMS, instrument_name(program))
            gone = [(track, note) for track in tracks for note in range(len(score.tracks[track].notes))]
            score = graft(score, [(tracks[0], *hit) for hit in hits], gone)
        return self._filled_in(score, grid)

    def _filled_in(self, score: symusic.Score, grid: Sequence[Bar]) -> symusic.Score:
        """Returns the themes in a row in which nobody of the band who plays in a section rests in much of it."""
        if self.options.style != "band":
            return score
        new = []
        spans = chord_spans(score, grid[-1].end)
        for number, track in enumerate(score.tracks):
            program = program_of(track)
            if not number or not len(track.notes):
                continue
            resting = _resting(score, program, grid)
            for name in self.order:
                start, end = self.starts[name], self.starts[name] + self.melodies[name][1]
                bars = [bar for bar in grid if start <= bar.start < end]
                silent = [bar for bar in resting if bar in bars]
                if len(bars) > len(silent) > _RESTING_SHARE * len(bars):
                    new += [(number, *hit) for hit in comp(program, spans, silent, score.ticks_per_quarter)]
        return trim_overlaps(graft(score, new)) if new else score


def _resting(score: symusic.Score, program: int, grid: Sequence[Bar]) -> list[Bar]:
    """Returns the bars in which no accompanist of a program plays."""
    tracks = (track for track in score.tracks[1:] if program_of(track) == program)
    return rests([(note.start, note.end) for track in tracks for note in track.notes], program, grid)


def rooted(score: symusic.Score, start: int, tonic: int) -> symusic.Score:
    """Returns the score with its last chord in root position: from a tick on, the lowest note under the melody is the tonic.

    Args:
        score: the melody on track 0, what accompanies it on the others.
        start: first tick of the last bar; what rings into it from before ends there.
        tonic: pitch class.
    """
    parts = [number for number, track in enumerate(score.tracks) if number and not track.is_drum and len(track.notes)]
    found = [(number, index, note) for number in parts for index, note in enumerate(score.tracks[number].notes)]
    gone = [(number, index) for number, index, note in found if note.end > start]
    new = [
        (number, note.start, start - note.start, note.pitch, note.velocity)
        for number, _, note in found
        if note.start < start < note.end
    ]
    last = [[number, n.start, n.duration, n.pitch, n.velocity] for number, _, n in found if n.start >= start]
    for _ in range(len(last)):
        lowest = min((note[3] for note in last), default=tonic)
        if lowest % 12 == tonic:
            break
        for note in last:
            if note[3] == lowest:
                down = lowest - (lowest - tonic) % 12
                reach = playable_range(score.tracks[note[0]].program)[0]
                note[3] = down if down >= reach else lowest + (tonic - lowest) % 12
    new += [(note[0], note[1], note[2], note[3], note[4]) for note in last]
    return trim_overlaps(graft(score, new, gone))


def cadence(melody: symusic.Score, bars: int, key: Key, two_fives: bool = False) -> Progression:
    """Returns the chords of an ending: to what leads home in the mode, as the melody lets it, and the tonic in the last bar.

    Args:
        melody: of the ending, on track 0, from tick 0 on.
        bars: how many bars it has.
        key: of the song.
        two_fives: whether the dominant is led to by the chord on the second step, where the melody agrees with it as well.
    """
    tonic, (leading, other, *_) = tonic_chord(key), cadence_chords(key)
    subdominant = Chord((key.tonic + 5) % 12, "m" if (key.tonic + 8) % 12 in key.scale else "")
    # Before the final tonic, in order of preference where the melody agrees as well with several.
    if key.is_church_mode:
        ways = [(leading,), (other, leading), (other,), (tonic, leading)]
    else:
        second = Chord((key.tonic + 2) % 12, "m7b5" if key.is_minor else "m7")
        ways = [(leading,), (subdominant, leading), (second, leading), (tonic, leading)]
        ways = [ways[2], *ways] if two_fives else ways
    found: list[tuple[Chord, ...]] = [(tonic,)]
    if bars > 1:
        grid = bar_grid(melody)
        found.insert(0, max(ways, key=lambda way: _agreement(melody, grid[min(bars - 2, len(grid) - 1)], way)))
    if bars > 2:
        found.insert(0, (other if key.mode == "lydian" else subdominant,))
    return ((tonic,),) * (bars - len(found)) + tuple(found)


def agrees(melody: symusic.Score, chords: Sequence[Chord]) -> bool:
    """Whether tones of these chords, which share the bar, are at least half of what a melody sounds in its first bar."""
    bar = bar_grid(melody)[0]
    sounding = sum(min(note.end, bar.end) - note.start for note in melody.tracks[0].notes if note.start < bar.end)
    return sounding > 0 and 2 * _agreement(melody, bar, chords) >= sounding


def _agreement(melody: symusic.Score, bar: Bar, chords: Sequence[Chord]) -> float:
    """Returns for how many ticks of a bar the melody has a tone of its chords, which share the bar evenly."""
    share, total = (bar.end - bar.start) / len(chords), 0.0
    for note in melody.tracks[0].notes:
        for number, chord in enumerate(chords):
            start = bar.start + number * share
            both = min(note.end, start + share) - max(note.start, start)
            total += max(0.0, both) * (note.pitch % 12 in chord.tones)
    return total
