"""Generate: a Transformer-XL, or an LSTM at the piano, writes music from nothing or continues a piece after any bar."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import symusic

from checkpoints.architectures import ARCHITECTURES
from checkpoints.loading import load
from music.bars import bar_grid, bar_ticks, parse_signature, tempo_map
from music.edit import add_track, cut_after, graft
from music.edit_notes import hold
from music.errors import StudioError
from music.form import CONTINUATION, sections, with_sections
from music.instruments import instrument_name, parse_instrument, track_label
from music.lineups import lineup
from music.piece import Piece
from music.styles import STYLE_SIGNATURES
from music.theory import ALL_KEYS, Key, key_of_signature, parse_key, with_key
from music.tokens import octuple as tokens
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple, StepField
from music.tokens.conditions import (
    DENSITIES,
    GENRES,
    MAX_PROGRAMS,
    Conditions,
    canonical_key,
    key_index,
    measure,
    shift_to_canonical,
)
from pipelines.contract import Step
from pipelines.decoding.constraints import Limits
from pipelines.decoding.continuation import ContinuationPlan, ContinuationSampler, signature_id, tempo_id
from pipelines.decoding.piano import PianoSampler
from pipelines.locks import notes_at
from pipelines.options.generate import GenerateOptions
from pipelines.recipes import recipe_of

VERSION = "2"
CONTEXT_NOTES = (
    512  # the latest notes, from which key, density and players are measured; as many as the memory, by default
)
WRITTEN_KEY_LESS = 0.1  # by how much fewer notes the written key may hold than the heard one. By ear, not measured.
REST_BARS = (
    4  # whoever plays in the last of so many bars and in none of as many new ones does not rest. By ear, not measured.
)
WISHES = {
    "genre": "genre",
    "style": "style",
    "instruments": "choice of instruments",
    "key": "key",
    "stay_in_key": "limit to a key",
    "density": "density",
    "monophonic": "limit to a melody",
    "temperature_instruments": "temperature of instruments",
    "novelty": "novelty",
    "guidance": "guidance",
    "memory": "length of memory",
}
"""Options that only a model which follows wishes can take, and how its refusal calls them."""
REGISTER_NOTES = 32  # the latest notes of a track, which say how high its player plays; by ear, not measured


def generate(piece: Piece, options: GenerateOptions) -> Iterator[Step]:
    """Yields Steps whose pieces are the input followed by new music; one piece a variant.

    Raises:
        StudioError: the checkpoint cannot be used, or the options do not fit the input.
    """
    checkpoint = load(options.checkpoint, task="generate")
    architecture = ARCHITECTURES[checkpoint.entry.architecture]
    if not architecture.wishes:
        _check_no_wishes(options)
    plan = plan_generation(piece, options, architecture.styles)
    sampler = (ContinuationSampler if architecture.wishes else PianoSampler)(checkpoint, plan, options)
    total = float(sampler.limits.bars)
    for _ in sampler:
        done = sum(min(v.bars_done, total - 0.01) for v in sampler.variants) / options.variants
        yield Step(tuple(build(piece, sampler.plan, v.rows, v.limits) for v in sampler.variants), done, total, "bars")
    recipe = recipe_of("generate", VERSION, options, piece, checkpoint.entry)
    finished = (build(piece, sampler.plan, v.rows, v.limits) for v in sampler.variants)
    pieces = tuple(p.with_step(p.score, {**recipe, "variant": number}) for number, p in enumerate(finished))
    yield Step(pieces, total, total, "bars", (*plan.remarks, *silence_remarks(plan, pieces)))


def _check_no_wishes(options: GenerateOptions) -> None:
    """Makes sure that nothing is asked for that a model which follows no wishes cannot do.

    Raises:
        StudioError: something is.
    """
    asked = [text for name, text in WISHES.items() if getattr(options, name) != getattr(GenerateOptions, name)]
    if asked:
        raise StudioError(
            f"The checkpoint '{options.checkpoint}' plays the piano as it learned to and takes no {' and no '.join(asked)}. "
            "Leave that out, or choose another checkpoint."
        )


def plan_generation(piece: Piece, options: GenerateOptions, styles: bool = True) -> ContinuationPlan:
    """Returns what to write: options where they are given, else what the input has, else the model's choice.

    Args:
        piece: the input.
        options: of the user.
        styles: whether the model knows styles. For one that does not, as the first that shipped, nothing is added to
            what was asked for, so that its recipes give the same notes: no line-up, and no written key is read.
    """
    score = piece.score
    grid = bar_grid(score) if piece.note_count else []
    keep = len(grid) if options.keep_bars is None else options.keep_bars
    if keep > len(grid):
        raise StudioError(f"The piece has {len(grid)} bars, so bar {keep} cannot be kept. Choose 0 to {len(grid)}.")
    if options.lock_notes and not keep:
        raise StudioError("No bar is kept, so locked notes have no place. Keep at least one bar, or unlock the notes.")
    signature: tuple[int, int] | None
    if keep:
        start = grid[keep - 1].end
        base = cut_after(score, start)
        signature, tempo = grid[keep - 1][2:], float(tempo_map(base)[2][-1])
    else:
        start, base, tempo = 0, symusic.Score(score.ticks_per_quarter), None
        signature = STYLE_SIGNATURES.get(options.style or "")
    if options.time_signature:
        signature = parse_signature(options.time_signature)
    if options.tempo_bpm is not None:
        tempo = options.tempo_bpm
    rows = tokens.encode(base).rows
    recent = rows[-CONTEXT_NOTES:]
    found = measure(recent) if len(rows) else Conditions()
    key = parse_key(options.key) if options.key else None
    remarks: tuple[str, ...] = ()
    if styles and key is None and found.key is not None:
        key, remarks = _written_key(base, recent, ALL_KEYS[found.key])
    if options.stay_in_key and key is None:
        if found.key is None:
            raise StudioError("There is no key to stay in. Choose a key, or switch 'stay in key' off.")
        key = ALL_KEYS[found.key]
    index = key_index(key) if key else found.key
    # With no key to go by, chance chooses the tonic and the model the mode.
    shift = shift_to_canonical(index) if index is not None else int(np.random.default_rng(options.seed).integers(-6, 6))
    # Who plays: those who were asked for; else, in a continuation, those who have played so far.
    names = options.instruments
    if styles and not names and not len(rows):
        names = lineup(options.genre, options.style)[: 1 if options.monophonic else None]
    asked = frozenset(_program_id(parse_instrument(name)) for name in names)
    conditions = Conditions(
        genre=GENRES.index(options.genre) if options.genre else None,
        key=None if index is None else canonical_key(index),
        tempo=None if tempo is None else tempo_id(tempo) - FIRST,
        signature=None if signature is None else signature_id(signature) - FIRST,
        density=DENSITIES.index(options.density) if options.density else None,
        programs=tuple(sorted(program - FIRST for program in asked))[:MAX_PROGRAMS] or found.programs,
    )
    return ContinuationPlan(
        base=base,
        start_tick=start,
        first_bar=keep,
        signature=signature,
        tempo_bpm=tempo,
        conditions=conditions,
        asked=asked,
        present=frozenset(rows[:, Octuple.PROGRAM].tolist()),
        key=key,
        shift=shift,
        rows=tokens.transpose(rows, shift),
        remarks=remarks,
        held=tuple(note for note in notes_at(piece, options.lock_notes) if note[1] + note[2] > start),
    )


def silence_remarks(plan: ContinuationPlan, pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Returns a remark on each player of the last kept bars who plays nothing in the new ones, though nobody else was asked for.

    Args:
        plan: what was written.
        pieces: the finished versions.
    """
    kept = bar_grid(plan.base, plan.start_tick) if plan.first_bar else []
    if not kept or len(bar_grid(pieces[0].score)) - plan.first_bar < REST_BARS:
        return ()
    since, found = kept[-REST_BARS:][0].start, []
    for number, track in enumerate(plan.base.tracks):
        program = DRUM_PROGRAM if track.is_drum else FIRST + track.program
        plays = len(track.notes) and int(track.notes.numpy()["time"].max()) >= since
        if not plays or (plan.asked and program not in plan.asked):
            continue
        silent = [n for n, piece in enumerate(pieces, 1) if _last_onset(piece, number) < plan.start_tick]
        if silent:
            where = "" if len(silent) == len(pieces) else f" in version {', '.join(map(str, silent))}"
            found.append(
                f"{track_label(track)} plays nothing new{where}. Write other versions, or choose all players by name."
            )
    return tuple(found)


def _last_onset(piece: Piece, track: int) -> int:
    """Returns the tick at which the last note of a track begins; -1 for none."""
    return int(piece.score.tracks[track].notes.numpy()["time"].max(initial=-1))


def _written_key(base: symusic.Score, recent: np.ndarray, heard: Key) -> tuple[Key | None, tuple[str, ...]]:
    """Returns the key that is written where the kept music ends, None where none is or it is not what is heard there.

    A written key also says which of two keys with the same notes is meant, which is hard to hear. But many programs
    write C major above everything.

    Args:
        base: the kept music.
        recent: its last octuples.
        heard: the key in which they are.

    Returns:
        The key, and what to tell the user.
    """
    written = key_of_signature(base.key_signatures[-1]) if len(base.key_signatures) else None
    if written is None:
        return None, ()
    pitched = recent[recent[:, Octuple.PROGRAM] != DRUM_PROGRAM]
    classes = (pitched[:, Octuple.PITCH] - FIRST) % 12
    inside = [float(np.isin(classes, list(key.scale)).mean()) for key in (written, heard)]
    if inside[0] >= inside[1] - WRITTEN_KEY_LESS:
        return written, ()
    remark = f"The file says {written.name}, but its last notes are in {heard.name}: the music goes on in {heard.name}."
    return None, (remark,)


def build(piece: Piece, plan: ContinuationPlan, rows: list[list[int]], limits: Limits) -> Piece:
    """Returns the kept music with these step rows after it; what was kept or is locked stays as it is, bit for bit."""
    return piece.replace(score=hold(_written(piece, plan, rows, limits), plan.held, plan.start_tick))


def _written(piece: Piece, plan: ContinuationPlan, rows: list[list[int]], limits: Limits) -> symusic.Score:
    """Returns the score of ``build`` before the locked notes are put back into its new part."""
    score = _prepared(piece, plan)
    if not rows or plan.signature is None:
        return score
    steps = np.array(rows)
    unit = score.ticks_per_quarter / tokens.POSITIONS_PER_QUARTER
    bar_length = bar_ticks(*plan.signature, score.ticks_per_quarter)
    bars = np.cumsum(steps[:, StepField.STEP] - FIRST) - (steps[0, StepField.STEP] - FIRST)
    # Rounded down, so that a coarse resolution moves no note into the next bar.
    time = plan.start_tick + bars * bar_length + np.floor((steps[:, StepField.POSITION] - FIRST) * unit).astype(int)
    length = np.maximum(
        1, np.round(tokens.vocabulary().durations[steps[:, StepField.DURATION] - FIRST] * unit).astype(int)
    )
    end = (
        plan.start_tick
        + (limits.bars - 1) * bar_length
        + math.ceil((limits.last_positions + limits.off_grid) * unit - 1e-6)
    )
    if limits.monophonic:
        length = np.minimum(length, np.append(time[1:], end) - time)
    pitch = (steps[:, StepField.PITCH] - FIRST) % 128 - np.where(
        steps[:, StepField.PROGRAM] == DRUM_PROGRAM, 0, plan.shift
    )
    velocity = tokens.vocabulary().velocities[steps[:, StepField.VELOCITY] - FIRST]
    program = steps[:, StepField.PROGRAM]
    order = np.lexsort((np.arange(len(steps)), pitch, program))  # each pitch of a player in time
    again = (program[order[1:]] == program[order[:-1]]) & (pitch[order[1:]] == pitch[order[:-1]])
    stop = np.minimum(time + length, end)
    stop[order[:-1][again]] = np.minimum(stop[order[:-1]], time[order[1:]])[again]  # a note ends when it sounds again
    track = np.zeros(len(steps), dtype=np.int64)
    for number in np.unique(program).tolist():
        score, players = _players(score, number)
        mine = program == number
        distances = np.abs(np.subtract.outer(pitch[mine], list(players.values())))
        track[mine] = np.array(list(players))[distances.argmin(axis=1)]
    notes = np.column_stack([track, time, stop - time, pitch, velocity])
    sounding = notes[stop > time]  # else both fall on one tick of a coarse resolution
    return graft(score, map(tuple, sounding.tolist()))


def _prepared(piece: Piece, plan: ContinuationPlan) -> symusic.Score:
    """Returns a copy of the kept score with the tempo, signature and key of the new part."""
    score, at = plan.base.copy(), plan.start_tick
    if plan.signature is None:
        return score
    if marked := sections(score, at):  # what is new belongs to no section of the song
        score = with_sections(score, [*((section.start, section.name) for section in marked), (at, CONTINUATION)])
    grid = bar_grid(score, at) if plan.first_bar else []
    if not grid or grid[-1][2:] != plan.signature:
        score.time_signatures.append(symusic.TimeSignature(at, *plan.signature))
    if not plan.first_bar or tempo_map(score)[2][-1] != plan.tempo_bpm:
        score.tempos.append(symusic.Tempo(at, plan.tempo_bpm))
    in_force = score.key_signatures[-1] if len(score.key_signatures) else None
    if plan.key and (
        in_force is None or (in_force.key, in_force.tonality) != (plan.key.fifths, int(plan.key.is_minor))
    ):
        return with_key(score, plan.key, at)
    return score


def _players(score: symusic.Score, program_id: int) -> tuple[symusic.Score, dict[int, float]]:
    """Returns the score and its tracks of a program, each with the mean pitch of its last notes; a new one if none has.

    Where several tracks share a program, as the violins of a quartet do, each new note joins the one nearest in pitch.
    """
    is_drum = program_id == DRUM_PROGRAM
    program = 0 if is_drum else program_id - FIRST
    found = {
        number: float(track.notes.numpy()["pitch"][-REGISTER_NOTES:].mean())
        for number, track in enumerate(score.tracks)
        if track.is_drum == is_drum and (is_drum or track.program == program) and len(track.notes)
    }
    if found:
        return score, found
    name = instrument_name(-1 if is_drum else program)
    return add_track(score, program, is_drum, name), {len(score.tracks): 0.0}


def _program_id(program: int) -> int:
    return DRUM_PROGRAM if program < 0 else FIRST + program
