"""The melody with what was written to it, as one score: tracks, notes and chord symbols."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product

import numpy as np
import symusic

from music.analysis.chord_estimation import spans_of
from music.arranging.voicing import LEAST_RANGE, voice_chords
from music.chord_symbols.bars import replace_chords
from music.chords import NO_CHORD, Chord, ChordSpan, with_chords
from music.edit import NewNote, add_track, graft, without_collisions
from music.instruments import BASS_PLAYERS, DRUMS, parse_instrument, playable_range
from music.tokens.columns import DRUM_PROGRAM, FIRST
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.notes import AccompanimentNote
from pipelines.accompaniment.playable import ONE_VOICE, playable
from pipelines.accompaniment.request import VOICE_NAMES, AccompanimentRequest, Player
from pipelines.options.harmonize import HarmonizeOptions

# Block chords: softer than a played note of medium loudness, from C3 to E5 and below the melody, but never squeezed below
# C4. By ear and eye, not measured.
BLOCK_VELOCITY = 64
BLOCK_RANGE = (48, 76)
MIN_BLOCK_CEILING = 60


def assemble(
    request: AccompanimentRequest,
    options: HarmonizeOptions,
    notes: Sequence[AccompanimentNote],
    chords: Sequence[Chord | None],
) -> symusic.Score:
    """Returns the melody with new notes and chord symbols."""
    base, tracks = _base(request, options)
    grid, velocities = request.grid, vocabulary().velocities
    new: list[NewNote] = []
    for note in playable(without_double_strokes(notes), request.players):
        start = grid.tick_at(note.position)
        stop = next((stop for begin, stop in request.tick_ranges if begin <= start < stop), start)
        end = min(stop, max(start + 1, grid.tick_at(note.position + note.duration)))
        if start < end:
            velocity = int(np.clip(velocities[note.velocity_id - FIRST], 1, 127))
            new.append((tracks[note.role], start, end - start, note.pitch, velocity))
    spans = spans_of(chords, [*grid.beat_ticks.tolist(), grid.end], rests=True)
    if options.style == "chords":
        block = _block_chords(request, spans, _block_player(request, options).program)
        new += [(tracks[0], start, duration, pitch, BLOCK_VELOCITY) for start, duration, pitch in block]
    if request.locked:
        new = _around_locked(
            request, {tracks[player.role] for player in request.players if _has_one_voice(player)}, new
        )
    score = graft(base, without_collisions(base, new))
    return _with_symbols(request, options, score, spans)


def without_double_strokes(notes: Sequence[AccompanimentNote]) -> list[AccompanimentNote]:
    """Returns notes without strokes on the same drum one position after another, which no hand plays and nobody can read."""
    struck: dict[int, int] = {}
    double = set()
    for note in sorted((note for note in notes if note.role == DRUM_PROGRAM), key=lambda note: note.position):
        if note.position - struck.get(note.pitch, -2) == 1:
            double.add(note)
        else:
            struck[note.pitch] = note.position
    return [note for note in notes if note not in double]


def _with_symbols(
    request: AccompanimentRequest, options: HarmonizeOptions, score: symusic.Score, spans: Sequence[ChordSpan]
) -> symusic.Score:
    """Returns the score with chord symbols; outside the bars that are written those that it has stay."""
    end = request.grid.end
    if not options.bars:
        sounding = (number for number, span in enumerate(spans) if span.chord != NO_CHORD)
        return with_chords(score, spans[next(sounding, 0) :], request.key)
    return replace_chords(score, request.tick_ranges, spans, request.key, end)


def _base(request: AccompanimentRequest, options: HarmonizeOptions) -> tuple[symusic.Score, dict[int, int]]:
    """Returns the score without what gives way, and the track of each role; block chords have role 0."""
    players = request.players or (_block_player(request, options),)
    base = _without_replaced_notes(request, options)
    base.tracks = [base.tracks[track] for track in request.staying]
    existing = (
        request.player_tracks() if request.players else [_track_of(request, players[0], bool(options.instruments))]
    )
    tracks = {}
    for player, found in zip(players, existing, strict=True):
        track = None if found is None else request.staying.index(found)
        if track is None:
            track = len(base.tracks)
            base = add_track(
                base, 0 if player.program == DRUMS else player.program, player.program == DRUMS, player.name
            )
        tracks[player.role] = track
    return base, tracks


def _block_player(request: AccompanimentRequest, options: HarmonizeOptions) -> Player:
    program = parse_instrument(options.instruments[0]) if options.instruments else 0
    track = _track_of(request, Player(0, program, "Chords"), bool(options.instruments))
    return Player(0, program if track is None else request.score.tracks[track].program, "Chords")


def _track_of(request: AccompanimentRequest, player: Player, by_instrument: bool) -> int | None:
    tracks = request.score.tracks
    others = [n for n in request.staying if n != request.melody and not tracks[n].is_drum]
    same = [track for track in others if tracks[track].program == player.program]
    named = [track for track in (same if by_instrument else others) if tracks[track].name == player.name]
    return next(iter(named or same), None)


def _without_replaced_notes(request: AccompanimentRequest, options: HarmonizeOptions) -> symusic.Score:
    """Returns the score without the notes of others than the melody that start in the bars to be written, or are not locked."""
    gone = set()
    for number, track in enumerate(request.score.tracks):
        if number != request.melody and len(track.notes):
            times = track.notes.numpy()["time"]
            for start, end in request.tick_ranges if options.bars else ((0, times.max() + 1),):
                gone |= {(number, int(note)) for note in np.flatnonzero((times >= start) & (times < end))}
    return graft(request.score, [], gone - request.locked)


def _has_one_voice(player: Player) -> bool:
    return player.name in VOICE_NAMES or player.program in ONE_VOICE | BASS_PLAYERS


def _around_locked(request: AccompanimentRequest, lines: Collection[int], notes: Sequence[NewNote]) -> list[NewNote]:
    """Returns new notes of which those on these tracks, each a line of one voice, make way for the locked notes there."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for track, place in request.locked:
        if (number := request.staying.index(track)) in lines:
            held = request.score.tracks[track].notes[place]
            spans.setdefault(number, []).append((held.time, held.end))
    found = []
    for track, time, duration, pitch, velocity in notes:
        taken = spans.get(track, ())
        if not any(start <= time < stop for start, stop in taken):
            end = min((start for start, _ in taken if start > time), default=time + duration)
            found.append((track, time, min(duration, end - time), pitch, velocity))
    return found


def _block_chords(
    request: AccompanimentRequest, spans: Sequence[ChordSpan], program: int
) -> list[tuple[int, int, int]]:
    """Returns block chords (tick, duration, pitch) in the bars that are written, struck anew in each bar, under the tune."""
    tune = request.score.tracks[request.melody].notes.numpy()
    pieces, ceilings = [], []
    for number, bar in enumerate(request.grid.bars):
        if not request.writes(number):
            continue
        for span, (begin, stop) in product(spans, request.tick_ranges):
            start, end = max(span.start, bar.start, begin), min(span.end, bar.end, stop)
            if start < end:
                over = (tune["time"] < end) & (tune["time"].astype(np.int64) + tune["duration"] > start)
                pieces.append(ChordSpan(start, end, span.chord))
                ceilings.append(max(int(tune["pitch"][over].min()), MIN_BLOCK_CEILING) if over.any() else None)
    lowest, highest = playable_range(program)
    low = max(lowest, min(BLOCK_RANGE[0], highest - LEAST_RANGE))
    high = max(low + LEAST_RANGE, min(BLOCK_RANGE[1], highest))  # some instruments have less than that
    block = voice_chords(pieces, low, high, ceilings) if pieces else []
    return [(start, duration, pitch - 12 * (pitch > highest)) for start, duration, pitch in block]
