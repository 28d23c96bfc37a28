"""A piece while it is written anew: its notes, and which of their fields are still open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import symusic

from music.bars import bar_grid, score_end
from music.chords import beat_ticks
from music.errors import StudioError
from music.instruments import playable_range, program_of
from music.piece import Piece
from music.theory import Key, estimate_key, written_key
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from music.tokens.conditions import measure_key, shift_to_canonical
from music.tokens.dialects import Dialect, Grid
from music.tokens.octuple import encode, transpose
from pipelines.locks import notes_at
from pipelines.options.remix import RemixOptions

FILLING: dict[str, tuple[int, ...]] = {
    "notes": (Octuple.PITCH,),
    "rhythm": (Octuple.POSITION, Octuple.DURATION),
    "velocity": (Octuple.VELOCITY,),
    "everything": (Octuple.POSITION, Octuple.PITCH, Octuple.DURATION, Octuple.VELOCITY),
}
"""The fields that a change opens, in the order in which they are filled in; as the model was trained."""
# How many notes a new bar gets: as many as one of the bars around it, and a little more or fewer. By ear, not measured.
NEIGHBORS = 4  # bars on either side that may be that one
COUNT_SPREAD = 0.2  # standard deviation of the logarithm of the number
RANGE_MARGIN = 5  # semitones that a part may go beyond its own range: a fourth. By ear, not measured.


@dataclass(frozen=True)
class Original:
    """What all variants start from.

    Attributes:
        score: the input.
        dialect: what the octuples mean.
        grid: the bars as the dialect counts them.
        rows: int64 [notes, 8] octuples, in C major or A minor where the model expects it.
        origin: int [notes, 2], the track and the note within it.
        start, length: ticks of each note [notes].
        bar: the bar of each note as a musician counts them, from 0 [notes].
        bar_starts: ticks at which these bars begin, and at last where the final one ends.
        beats: ticks at which beats begin.
        shift: semitones from what sounds to what the model reads.
        key: of the piece; None without pitched notes.
        bars: which bars are selected.
        tracks: which tracks are selected and not locked.
        ranges: lowest and highest pitch that a track may get.
        lines: tracks in which no two notes sound together, so that they stay so.
        doubled: tracks with pitches whose program other tracks have too.
        locked: which notes stay as they are, bool [notes].
    """

    score: symusic.Score
    dialect: Dialect
    grid: Grid
    rows: np.ndarray
    origin: np.ndarray
    start: np.ndarray
    length: np.ndarray
    bar: np.ndarray
    bar_starts: np.ndarray
    beats: np.ndarray
    shift: int
    key: Key | None
    bars: frozenset[int]
    tracks: tuple[int, ...]
    ranges: dict[int, tuple[int, int]]
    lines: frozenset[int]
    doubled: frozenset[int]
    locked: np.ndarray

    @property
    def unit(self) -> float:
        """Ticks per position."""
        return self.score.ticks_per_quarter / self.dialect.positions_per_quarter

    def selected(self, bars: Iterable[int]) -> np.ndarray:
        """Returns which notes, bool [notes], lie in these bars and in the selected tracks, and are not locked."""
        return np.isin(self.origin[:, 0], self.tracks) & np.isin(self.bar, list(bars)) & ~self.locked

    @property
    def read_bar(self) -> np.ndarray:
        """The bar, from 0, in which a model reads each note [notes]: one later for a note played just before a bar line."""
        begins = self.grid.starts[self.rows[:, Octuple.BAR] - FIRST]
        return self.bar_of(begins + np.round((self.rows[:, Octuple.POSITION] - FIRST) * self.unit).astype(np.int64))

    def bar_of(self, ticks: np.ndarray) -> np.ndarray:
        """Returns the bar, from 0, in which each tick lies; the number of bars for what lies beyond them."""
        return np.searchsorted(self.bar_starts, ticks, side="right") - 1


def read(score: symusic.Score, dialect: Dialect, options: RemixOptions) -> Original:
    """Returns a score with its selection, ready to be written anew.

    Raises:
        StudioError: the selection names what the piece does not have, or is empty.
    """
    encoded = dialect.encode(score)
    if not len(encoded.rows):
        raise StudioError("There are no notes to remix. Choose a piece with music in it.")
    bars = bar_grid(score)
    grid = dialect.grid(score, score_end(score) + 8 * score.ticks_per_quarter)  # a late note may be read a bar later
    columns = {number: track.notes.numpy() for number, track in enumerate(score.tracks) if len(track.notes)}
    start, length = (
        np.array([columns[t][name][n] for t, n in encoded.origin], dtype=np.int64) for name in ("time", "duration")
    )
    rows = encoded.rows.astype(np.int64)
    players = Counter(score.tracks[number].program for number in columns if not score.tracks[number].is_drum)
    key = measure_key(encoded.rows) if dialect.name == "studio" else measure_key_of(score)
    shift = shift_to_canonical(key) if key is not None and dialect.name == "studio" else 0
    bar_starts = np.array([*(bar.start for bar in bars), bars[-1].end])
    original = Original(
        score=score,
        dialect=dialect,
        grid=grid,
        rows=transpose(rows, shift),
        origin=encoded.origin,
        start=start,
        length=length,
        bar=np.searchsorted(bar_starts[:-1], start, side="right") - 1,
        bar_starts=bar_starts,
        beats=np.array([tick for bar in bars for tick in beat_ticks(bar, score.ticks_per_quarter)]),
        shift=shift,
        key=None if key is None else written_key(score) or estimate_key(score)[0],
        bars=_chosen_bars(options, len(bars)),
        tracks=_chosen_tracks(options, len(score.tracks)),
        ranges={number: _range(score.tracks[number], notes["pitch"]) for number, notes in columns.items()},
        lines=frozenset(number for number, notes in columns.items() if _is_line(notes)),
        doubled=frozenset(
            number
            for number in columns
            if not score.tracks[number].is_drum and players[score.tracks[number].program] > 1
        ),
        locked=_locked(Piece(score), options, encoded.origin),
    )
    if not original.selected(original.bars).any() and options.change != "everything":
        raise StudioError("There are no notes in the selection. Select other bars or tracks, or unlock some.")
    if not any(track in columns for track in original.tracks):
        raise StudioError("There are no notes in the selected tracks. Select other tracks, or unlock some.")
    return original


def measure_key_of(score: symusic.Score) -> int | None:
    """Returns the key index of a score, None without pitched notes."""
    return measure_key(encode(score).rows)


def _chosen_bars(options: RemixOptions, count: int) -> frozenset[int]:
    chosen = frozenset(options.bars or range(count))
    if max(chosen) >= count:
        raise StudioError(
            f"The piece has {count} bars, so bar {max(chosen) + 1} cannot be remixed. Choose bars 1 to {count}."
        )
    if options.keep_a_bar and len(chosen) == 1:
        raise StudioError("Only one bar is selected, and one is to stay as it is. Select more bars.")
    return chosen


def _chosen_tracks(options: RemixOptions, count: int) -> tuple[int, ...]:
    beyond = [track for track in options.tracks + options.lock if track >= count]
    if beyond:
        raise StudioError(
            f"The piece has {count} tracks, counted from 0, so there is no track {beyond[0]}. Choose 0 to {count - 1}."
        )
    chosen = tuple(sorted(set(options.tracks or range(count)) - set(options.lock)))
    if not chosen:
        raise StudioError("All selected tracks are locked. Unlock one, or select another.")
    return chosen


def _locked(piece: Piece, options: RemixOptions, origin: np.ndarray) -> np.ndarray:
    notes_at(piece, options.lock_notes)  # which must be there
    locked = set(options.lock_notes)
    return np.array([(track, note) in locked for track, note in origin.tolist()], dtype=bool)


def _range(track: symusic.Track, pitches: np.ndarray) -> tuple[int, int]:
    """Returns the pitches that a part may get: a fourth beyond its own on either side, if players reach that."""
    own_low, own_high = int(pitches.min()), int(pitches.max())
    low, high = playable_range(program_of(track))
    if track.is_drum:
        return min(low, own_low), max(high, own_high)
    low, high = max(low, own_low - RANGE_MARGIN), min(high, own_high + RANGE_MARGIN)
    return max(0, min(low, own_low)), min(127, max(high, own_high))


def _is_line(notes: dict[str, np.ndarray]) -> bool:
    order = np.argsort(notes["time"], kind="stable")
    time, end = notes["time"][order], (notes["time"] + notes["duration"])[order]
    return len(time) > 1 and bool((end[:-1] <= time[1:]).all())


@dataclass
class Canvas:
    """One variant: the notes as they are now, and which fields are open.

    Attributes:
        original: what it starts from.
        rng: of all its chances.
        rows, start, length, track: as in Original, for the notes of this variant.
        source: number of the note in Original, -1 for a new one.
        open: bool [notes, 8], which fields are still to be found.
        chosen: bool [notes], which notes are written anew.
        gone: numbers of the notes of Original that make room.
        bar: the bar in which each note belongs.
    """

    original: Original
    rng: np.random.Generator
    rows: np.ndarray
    start: np.ndarray
    length: np.ndarray
    track: np.ndarray
    source: np.ndarray
    bar: np.ndarray
    open: np.ndarray
    chosen: np.ndarray
    gone: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def prepare(original: Original, options: RemixOptions, variant: int) -> tuple[Canvas, frozenset[int]]:
    """Returns a variant with what it will write anew chosen and opened, and the bars that it may touch."""
    rng = np.random.default_rng([options.seed, variant])
    bars = original.bars
    if options.keep_a_bar:
        with_notes = sorted(set(original.bar[original.selected(bars)].tolist())) or sorted(bars)
        bars = bars - {int(rng.choice(with_notes))}
    count = len(original.rows)
    canvas = Canvas(
        original,
        rng,
        original.rows.copy(),
        original.start.copy(),
        original.length.copy(),
        original.origin[:, 0].astype(np.int64),
        np.arange(count),
        original.bar.copy(),
        np.zeros((count, 8), dtype=bool),
        np.zeros(count, dtype=bool),
    )
    share = options.amount / 100
    selected = original.selected(bars)
    for bar in sorted(bars):
        mine = np.flatnonzero(selected & (original.bar == bar))
        wanted = int(np.floor(share * len(mine) + 0.5))
        if options.change == "rhythm":
            _choose_chords(canvas, mine, wanted)
        elif options.change in FILLING:
            canvas.chosen[rng.permutation(mine)[:wanted]] = True
    if options.change == "everything":
        return _renew(canvas, selected, bars, share), bars
    if options.change in ("notes", "velocity"):
        canvas.open[np.ix_(np.flatnonzero(canvas.chosen), np.array(FILLING[options.change]))] = True
    return canvas, bars


def _choose_chords(canvas: Canvas, mine: np.ndarray, wanted: int) -> None:
    """Chooses notes of a bar for a new rhythm: whole chords move; of one more only lengths change, to fit the amount."""
    groups: dict[tuple[int, ...], list[int]] = {}
    at_home = canvas.original.read_bar == canvas.bar  # else its place in its own bar is not on the grid: it stays there
    for note in mine.tolist():
        place = (int(canvas.track[note]), int(canvas.rows[note, Octuple.POSITION]), bool(at_home[note]))
        groups.setdefault(place, []).append(note)
    members = list(groups.values())
    for number in canvas.rng.permutation(len(members)).tolist():
        group = members[number]
        taken = group[:wanted]
        canvas.chosen[taken] = True
        canvas.open[taken, Octuple.DURATION] = True
        if len(taken) == len(group) and at_home[group[0]]:
            canvas.open[taken, Octuple.POSITION] = True
        wanted -= len(taken)
        if wanted <= 0:
            return


def _renew(canvas: Canvas, selected: np.ndarray, bars: frozenset[int], share: float) -> Canvas:
    """Returns the canvas with the chosen notes replaced by new, open ones, perhaps more or fewer."""
    original, rng = canvas.original, canvas.rng
    new: list[tuple[int, int]] = []  # track and bar of each new note
    for track in original.tracks:
        of_track = np.bincount(original.bar[original.origin[:, 0] == track], minlength=len(original.bar_starts) - 1)
        if not of_track.any():
            continue
        for bar in sorted(bars):
            mine = selected & (original.bar == bar) & (original.origin[:, 0] == track)
            leaving = int((mine & canvas.chosen).sum())
            near = of_track[max(0, bar - NEIGHBORS) : bar + NEIGHBORS + 1]
            likely = rng.choice(near) * np.exp(rng.normal(0, COUNT_SPREAD))
            change = int(np.floor(share * (likely - of_track[bar]) + 0.5))
            coming = max(leaving + change, 1 if leaving else 0)
            new += [(track, bar)] * coming
    gone = np.flatnonzero(canvas.chosen)
    kept = ~canvas.chosen
    count = len(new)
    rows = np.array([_blank_row(original, track, bar) for track, bar in new], dtype=np.int64).reshape(-1, 8)
    opened = np.zeros((count, 8), dtype=bool)
    opened[:, FILLING["everything"]] = True
    new_bars = np.array([bar for _, bar in new], dtype=np.int64)
    start = original.bar_starts[new_bars]
    together = {
        "rows": (canvas.rows, rows),
        "start": (canvas.start, start),
        "length": (canvas.length, np.ones(count, dtype=np.int64)),
        "track": (canvas.track, np.array([track for track, _ in new], dtype=np.int64)),
        "source": (canvas.source, np.full(count, -1)),
        "bar": (canvas.bar, new_bars),
        "open": (canvas.open, opened),
        "chosen": (np.zeros(len(kept), dtype=bool), np.ones(count, dtype=bool)),
    }
    merged = {name: np.concatenate([old[kept], fresh]) for name, (old, fresh) in together.items()}
    return Canvas(original, rng, **merged, gone=gone)


def _blank_row(original: Original, track: int, bar: int) -> np.ndarray:
    """Returns the octuple of a note of which nothing is known but part, bar, tempo and signature."""
    model_bar = int(np.searchsorted(original.grid.starts, original.bar_starts[bar], side="right")) - 1
    near = int(np.abs(original.rows[:, Octuple.BAR] - FIRST - model_bar).argmin())
    row = original.rows[near].copy()
    row[Octuple.BAR] = FIRST + model_bar
    row[[Octuple.POSITION, Octuple.PITCH, Octuple.DURATION, Octuple.VELOCITY]] = FIRST
    program = original.score.tracks[track].program
    row[Octuple.PROGRAM] = DRUM_PROGRAM if original.score.tracks[track].is_drum else FIRST + program
    return row
