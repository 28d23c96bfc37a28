"""Samples what a bass, a piano or a band plays from the network with hints, which reads chords, melody and phrases as a chart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.hinted.band import Band
from models.hinted.decoding import HintedWriter
from models.hints.chart import UNKNOWN, Chart, place_in_phrase
from models.note_writing import with_extra_fields
from models.sampling import Randomness
from music.chords import NO_CHORD, Chord
from music.form import sections
from music.instruments import DRUMS
from music.styles import style_id
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, DRUM_PITCH, DRUM_PROGRAM, FIRST, MAX_STEP, STEP_FIELDS, Octuple, StepField
from music.tokens.conditions import PREFIX_PAD
from pipelines.accompaniment.constraints import ChordConstraints, HarmonicGrid
from pipelines.accompaniment.request import AccompanimentRequest
from pipelines.decoding.constraints import END, GenerationState
from pipelines.decoding.sampler import NoteSampler
from pipelines.options.harmonize import HarmonizeOptions

# Of the network (training/recipes/harmonize-band.toml): notes that it attends to, and of a window that hints look back in.
MEMORY_NOTES, PAST_NOTES = 128, 768
PHRASE_BARS = 8  # of a section where none are marked, and of the longest phrase within one


# Biases on logits: off players who come after the bass in a chord, and off later places, where a chord begins and its bass is
# not there yet. A player who is left out of one downbeat is left out of the next ones too, as hints look back. By eye.
BASS_FIRST, BASS_NOW = 2.5, 1.5
USUAL_STYLES = {(3, 4): "waltz", (4, 4): "rock", (2, 4): "rock", (2, 2): "rock"}
"""What a band with drums plays that is asked for no style, by signature, unless it is slower than SLOW_BPM: then a ballad.
Otherwise it may begin as any band of the world. Of styles that the network knows well, those with bass and snare drum."""
KIT = (*range(35, 55), 57, 59)
"""What a drummer has who is asked for no style: no bongos, no claves."""
SLOW_BPM = 88.0
BACKBEAT = 2.5
"""Bias on logits off what would leave out the snare drum on the second and fourth beat of a song that is asked for no style.
Hints look back, so that a drummer who begins without it never plays it: two of eight pop songs had none."""
SNARES = (37, 38, 40)


@dataclass
class BandConstraints(ChordConstraints):
    """One variant that the network writes: as the others, the bass comes with the chord, and a snare drum with its beats.

    The longer they have not, the more so: else one that has missed it by chance goes on missing it.

    Attributes:
        backbeats: positions at which a snare drum is to be struck, in order.
    """

    backbeats: tuple[int, ...] = ()
    _with_chord: int = -1  # the last bar in which the bass did
    _struck: int = -1  # how many backbeats were reached when a snare drum was struck last, less one

    def bias_logits(self, name: int, row: list[int], scores: np.ndarray) -> None:
        """Moves the logits of one field, as ``ChordConstraints.bias_logits``."""
        super().bias_logits(name, row, scores)
        if self.backbeats and row[:1] != [END]:
            self._bias_backbeat(name, row, scores)
        if row[:1] == [END] or len(self.grid.bass_roles & self.limits.programs) != 1:
            return
        (bass,) = self.grid.bass_roles
        if name == StepField.PROGRAM and self._bass_is_due(self._now(row), bass):
            scores[bass + 1 :] -= BASS_FIRST * (self._bar_of(row) - self._with_chord)
        if name == StepField.POSITION:
            stays = bool(self.rows) and row[StepField.STEP] == FIRST
            place = self.rows[-1][StepField.POSITION] if stays else FIRST
            passed = stays and self.rows[-1][StepField.PROGRAM] > bass
            if not passed and self._bass_is_due(self._time(self._bar_of(row), place), bass):
                scores[place + 1 :] -= BASS_NOW * (self._bar_of(row) - self._with_chord)

    def write(self, row: list[int]) -> None:
        """Takes one note, or the end."""
        super().write(row)
        if row[StepField.STEP] != END and row[StepField.PROGRAM] in self.grid.bass_roles:
            if self.grid.bass_of_new_chord(self._time(self.bar, row[StepField.POSITION])) is not None:
                self._with_chord = self.bar
        if row[StepField.STEP] != END and row[StepField.PITCH] - DRUM_PITCH in SNARES:  # it may come a little early
            self._struck = bisect_right(self.backbeats, self._time(self.bar, row[StepField.POSITION]) + 1) - 1

    def _bias_backbeat(self, name: int, row: list[int], scores: np.ndarray) -> None:
        """Holds back what would pass by a backbeat on which no snare drum is struck yet."""
        reached = 0
        if self.rows:
            *_, position, program, pitch = self.rows[-1][: StepField.PITCH + 1]
            too_late = program == DRUM_PROGRAM and pitch - DRUM_PITCH > max(SNARES)  # drums are in order of pitch
            reached = self._time(self.bar, position) + too_late
        number = max(self._struck + 1, bisect_left(self.backbeats, reached))
        if number == len(self.backbeats):
            return
        due, weight = self.backbeats[number], BACKBEAT * (number - self._struck)
        if name == StepField.STEP and self.rows and due < self.grid.bar_starts[self.bar + 1]:
            scores[self.exit_step()] -= weight
        elif name == StepField.POSITION:
            scores[max(0, due - self.grid.bar_starts[self._bar_of(row)] + FIRST + 1) :] -= weight
        elif name == StepField.PITCH and row[StepField.PROGRAM] == DRUM_PROGRAM and self._now(row) == due:
            scores[DRUM_PITCH + max(SNARES) + 1 :] -= weight

    def _pitches(self, program: int) -> np.ndarray:
        mask = super()._pitches(program)
        if program != DRUM_PROGRAM:
            return mask
        kit = np.zeros_like(mask)
        kit[[DRUM_PITCH + drum for drum in KIT]] = True
        return mask & kit

    def _bass_is_due(self, time: int, bass: int) -> bool:
        return self._last_onsets.get(bass) != time and self.grid.bass_of_new_chord(time) is not None


class BandSampler(NoteSampler):
    """Samples the notes of a bass, a piano or a band over some bars.

    Args:
        model: the network.
        request: the request.
        chords: of each variant the chord of each beat, as it sounds.
        existing: of each variant, octuples of the accompaniment before, as the model writes them.
        variants: where each stands; the first bar of their grids is ``first_bar``.
        first_bar: the bar that is written first.
        options: how to choose.
        randomness: draws.
    """

    writer: HintedWriter

    def __init__(
        self,
        model: Band,
        request: AccompanimentRequest,
        chords: Sequence[Sequence[Chord | None]],
        existing: Sequence[np.ndarray],
        variants: list[ChordConstraints],
        first_bar: int,
        options: HarmonizeOptions,
        randomness: Randomness,
    ):
        self.variants, self.randomness = variants, randomness
        self.top_p, self.top_k = options.top_p, options.top_k
        overall = options.temperature
        notes, rhythm = overall * options.temperature_notes, overall * options.temperature_rhythm
        self.temperatures = (rhythm, overall, overall, rhythm, overall, notes, rhythm, overall)
        self._sizes, self._bars, self._first_bar = model.config.extra_sizes, len(request.grid.bars), first_bar
        self._top = section_starts(request)[0]
        before = [_before(rows, first_bar) for rows in existing]
        most = min(len(rows) for rows in before)
        before = [rows[len(rows) - most :] for rows in before]
        asked = sorted(variants[0].limits.asked)
        pasts = []
        for of_variant, rows in zip(chords, before, strict=True):
            bar = int(rows[0, Octuple.BAR]) - FIRST if len(rows) else first_bar
            pasts.append(model.past(asked, PAST_NOTES, chart_of(request, of_variant), bar))
        prefix = wishes(model, request, options)[None]
        self.writer = HintedWriter(model, prefix, asked, MEMORY_NOTES, len(variants), pasts)
        self.writer.read(np.stack([self._steps(rows) for rows in before]))

    def _steps(self, rows: np.ndarray) -> np.ndarray:
        """Returns what is read before the first note is written: a mark of the beginning, and notes [1 + notes, fields]."""
        bars = rows[:, Octuple.BAR].astype(np.int64) - FIRST
        first = int(bars[0]) if len(rows) else self._first_bar
        steps = np.full((1 + len(rows), len(STEP_FIELDS)), BOS, dtype=np.int64)
        steps[1:] = tokens.to_steps(rows, first)
        return self._with_places(steps, np.append(first, bars))

    def _with_places(self, steps: np.ndarray, bars: np.ndarray) -> np.ndarray:
        return with_extra_fields(steps, self._bars - bars, bars - self._top, self._sizes)

    def _read(self, variants: Sequence[GenerationState], rows: list[list[int]]) -> None:
        bars = np.array([self._first_bar + variant.bar for variant in variants])
        self.writer.read(self._with_places(np.array(rows), bars)[:, None])


def _before(rows: np.ndarray, first_bar: int) -> np.ndarray:
    """Returns those of the octuples in order that stand before a bar and are within reach.

    None is before a silence that is longer than a step can say: the network would take the bars after it for earlier ones.
    """
    rows = rows[rows[:, Octuple.BAR].astype(np.int64) - FIRST < first_bar]
    rows = rows[max(0, len(rows) - PAST_NOTES) :]
    gaps = np.diff(rows[:, Octuple.BAR].astype(np.int64), append=FIRST + first_bar)
    return rows[max(np.flatnonzero(gaps > MAX_STEP) + 1, default=0) :]


def wishes(model: Band, request: AccompanimentRequest, options: HarmonizeOptions) -> np.ndarray:
    """Returns the prefix ids: what is written, then what is known of it."""
    ids = request.conditions.prefix()
    style = usual_style(request) if options.style == "band" else None
    more = [] if style is None else [style_id(style)]
    return np.array([model.config.kind_id(options.style), *ids[ids != PREFIX_PAD], *more], dtype=np.int64)


def usual_style(request: AccompanimentRequest) -> str | None:
    """Returns what a band with drums plays that is asked for no style; None for one without drums, or in a rare signature."""
    if all(player.program != DRUMS for player in request.players):
        return None
    vocab, asked = tokens.vocabulary(), request.conditions
    assert asked.signature is not None and asked.tempo is not None, "requests know both"
    usual = USUAL_STYLES.get(vocab.signatures[asked.signature])
    return "ballad" if usual == "rock" and vocab.tempos[asked.tempo] < SLOW_BPM else usual


def backbeats(request: AccompanimentRequest, options: HarmonizeOptions, grid: HarmonicGrid) -> tuple[int, ...]:
    """Returns the positions of a grid at which a snare drum is due in a band without a style; none but in 4/4."""
    if options.style != "band" or usual_style(request) not in ("rock", "ballad"):
        return ()
    signatures = tokens.vocabulary().signatures
    starts = (
        start for start, bar in zip(grid.bar_starts, grid.signatures, strict=False) if signatures[bar - FIRST] == (4, 4)
    )
    return tuple(start + beat * tokens.POSITIONS_PER_QUARTER for start in starts for beat in (1, 3))


def chart_of(request: AccompanimentRequest, chords: Sequence[Chord | None]) -> Chart:
    """Returns what players follow, as the model reads it.

    Args:
        request: the request.
        chords: of each beat, as it sounds; None where it is not known.
    """
    grid, shift = request.grid, request.shift
    moved = [chord if chord in (None, NO_CHORD) else chord.transposed(shift) for chord in chords]
    lead = accompaniment.move(request.lead, shift)
    onsets = accompaniment.onsets(lead, grid.bar_starts)
    lengths = tokens.vocabulary().durations[lead[:, Octuple.DURATION] - FIRST].astype(np.int64)
    melody = np.stack([onsets, onsets + lengths, lead[:, Octuple.PITCH].astype(np.int64)], axis=1)
    starts = section_starts(request)
    stops = [*starts[1:], len(grid.bars)]
    places = [place_in_phrase(bar, starts[0]) for bar in range(starts[0])]
    for start, stop in zip(starts, stops, strict=True):
        places += [place_in_phrase(bar, stop - start) for bar in range(stop - start)]
    return Chart(
        starts=grid.bar_starts,
        beats=grid.beat_positions,
        chords=np.array([UNKNOWN if chord is None else chord.number for chord in moved]),
        basses=np.array([0 if chord in (None, NO_CHORD) else chord.bass for chord in moved]),
        melody=melody[np.argsort(onsets, kind="stable")],
        places=np.array(places),
    )


def section_starts(request: AccompanimentRequest) -> list[int]:
    """Returns the bars in which sections begin: those that are marked, else every eighth from the first of the melody on."""
    begins = np.array([bar.start for bar in request.grid.bars])
    marked = [section.start for section in sections(request.score) if section.start < request.grid.end]
    if marked:
        return sorted({int(np.searchsorted(begins, mark, side="right")) - 1 for mark in marked})
    first = int(request.lead[:, Octuple.BAR].min()) - FIRST
    return list(range(first, len(begins), PHRASE_BARS))
