"""Who plays: a MusicBERT chooses another instrument for a part, and a part moves to another instrument."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import symusic

from models.sampling import sample
from music.edit import NewNote, add_track, graft
from music.instruments import instrument_name, playable_range
from music.piece import Piece
from music.tokens.columns import FIRST, Octuple
from pipelines.infilling.canvas import Canvas
from pipelines.infilling.mask_predict import MaskPredictor
from pipelines.locks import places_of
from pipelines.options.remix import RemixOptions

PITCHED = 128
_MIX = (7, 10, 11)  # controllers that hold from then on: volume, pan, expression
_PEDAL = 64
REACH = 0.9  # share of a part's notes that a new instrument must reach; the rest may sound strained. Not measured


def choose_players(
    predictor: MaskPredictor, canvas: Canvas, tracks: Sequence[int], wanted: int, options: RemixOptions
) -> dict[int, int]:
    """Returns a new program for so many of these tracks, chosen one after the other.

    All notes of the part are hidden at once, as in training; what their likelihoods agree on is the part's.
    """
    original, rng = canvas.original, canvas.rng
    found: dict[int, int] = {}
    selected = original.selected(original.bars)
    with_notes = [track for track in tracks if (selected & (canvas.track == track)).any()] or list(tracks)
    for track in rng.permutation(with_notes)[:wanted].tolist():
        mine = np.flatnonzero(selected & (canvas.track == track))
        if not len(mine):
            continue
        canvas.open[mine, Octuple.PROGRAM] = True
        window = _around(canvas, mine, predictor.max_notes, predictor.dialect.sizes[0])
        inside = np.isin(window, mine)
        logits = predictor.logits([(canvas, window)], Octuple.PROGRAM)[0][inside].mean(axis=0)
        pitches = np.array([original.score.tracks[track].notes[int(original.origin[n, 1])].pitch for n in mine])
        allowed = np.array([_reaches(program, pitches) for program in range(PITCHED)] + [False])
        others = {t.program for t in original.score.tracks if not t.is_drum} | set(found.values())
        free = allowed & ~np.isin(np.arange(len(allowed)), list(others))
        mask = free if free.any() else allowed
        mask[original.score.tracks[track].program] = False
        if not mask.any():
            mask = np.arange(len(mask)) < PITCHED
            mask[original.score.tracks[track].program] = False
        heat = options.temperature * options.temperature_instruments
        program = int(sample(logits[None], rng.random(1), mask[None], heat, options.top_p, options.top_k)[0])
        canvas.rows[mine, Octuple.PROGRAM] = FIRST + program
        canvas.open[mine, Octuple.PROGRAM] = False
        found[track] = program
    return found


def _around(canvas: Canvas, mine: np.ndarray, max_notes: int, max_bars: int) -> np.ndarray:
    """Returns the notes that a model reads to judge a part: whole bars from its first selected note on."""
    bars = canvas.rows[:, Octuple.BAR]
    first = int(bars[mine].min())
    inside = np.flatnonzero((bars >= first) & (bars < first + max_bars))
    inside = inside[np.argsort(bars[inside], kind="stable")][:max_notes]
    return inside if np.isin(inside, mine).any() else mine[:max_notes]


def _reaches(program: int, pitches: np.ndarray) -> bool:
    low, high = playable_range(program)
    return bool(((pitches >= low) & (pitches <= high)).mean() >= REACH)


def give_to(
    score: symusic.Score,
    bar_starts: np.ndarray,
    bars: Collection[int],
    players: Mapping[int, int],
    held: Collection[NewNote] = (),
) -> symusic.Score:
    """Returns the score with tracks played by other programs in these bars, but for the notes that are held.

    A track all of whose notes lie there changes its program; otherwise those notes move to a new track, last in the
    score, with the mixing and bends that they had.
    """
    out = score.copy()
    for track, program in players.items():
        notes = out.tracks[track].notes.numpy()
        if program == out.tracks[track].program or not len(notes["time"]):
            continue
        bar = np.searchsorted(bar_starts[:-1], notes["time"], side="right") - 1
        stays = [note for number, note in places_of(Piece(out), held) if number == track]
        moving = np.setdiff1d(np.flatnonzero(np.isin(bar, list(bars))), stays)
        if len(moving) == len(bar):
            one = out.tracks[track]
            if one.name == instrument_name(one.program):
                one.name = instrument_name(program)
            one.program = program
        elif len(moving):
            out = add_track(out, program, False, instrument_name(program))
            new = len(out.tracks) - 1
            time, duration, pitch, velocity = (
                notes[name][moving].tolist() for name in ("time", "duration", "pitch", "velocity")
            )
            moved = [(new, *note) for note in zip(time, duration, pitch, velocity, strict=True)]
            out = graft(out, moved, {(track, int(note)) for note in moving})
            _copy_controls(
                out.tracks[track], out.tracks[new], [(bar_starts[b], bar_starts[b + 1]) for b in sorted(bars)]
            )
    return out


def _copy_controls(old: symusic.Track, new: symusic.Track, spans: Sequence[tuple[int, int]]) -> None:
    """Gives a new track, in place, what shapes the sound of the notes that move to it from the old one.

    Args:
        old, new: the tracks.
        spans: ticks from which and to which notes move.
    """
    inside = lambda event: any(begin <= event.time < end for begin, end in spans)  # noqa: E731
    new.controls = [c.copy() for c in old.controls if c.number in _MIX or (c.number != _PEDAL and inside(c))]
    new.pitch_bends = [bend.copy() for bend in old.pitch_bends if inside(bend)]
    pressed: list[symusic.ControlChange] = []
    for begin, end in spans:
        held = [c for c in old.controls if c.number == _PEDAL and begin <= c.time < end]
        pressed += [c.copy() for c in held]
        if held and held[-1].value >= 64:  # nothing rings on into bars that another instrument plays
            pressed.append(symusic.ControlChange(int(end), _PEDAL, 0))
    new.controls = sorted([*new.controls, *pressed], key=lambda event: event.time)
