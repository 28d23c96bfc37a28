"""Harmonize: a sequence-to-sequence Transformer accompanies a melody, which stays as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import symusic

from checkpoints.loading import Checkpoint, load
from music import accompaniment, tokens
from music.chords import NO_CHORD, Chord, ChordSpan, chord_spans, with_chords
from music.edit import NewNote, add_track, graft, trim_overlaps
from music.errors import StudioError
from music.harmony import chords_at, estimate_chords
from music.instruments import DRUMS, parse_instrument, playable_range
from music.piece import Piece
from music.tokens import BAR, FIRST, TEMPO, vocabulary
from music.voicing import LEAST_RANGE, voice_chords
from pipelines.accompanist import Accompanist, Score, draws
from pipelines.chord_stage import choose_chords
from pipelines.commission import BASSES, Commission, Player, commission
from pipelines.contract import Step, paced
from pipelines.following import Following, Frame, limits_of
from pipelines.options import HarmonizeOptions, to_mapping
from pipelines.part_writing import write_voices

VERSION = "1"
NOTE_STAGE = 3  # which random numbers
BLOCK_VELOCITY = 64
BLOCK_RANGE = (48, 76)
MIN_BLOCK_CEILING = 60


def harmonize(piece: Piece, options: HarmonizeOptions) -> Iterator[Step]:
    """Yields Steps whose pieces are the melody with an accompaniment; one piece a variant.

    The melody's track comes first and stays bit for bit; other tracks give way to the accompaniment. With
    ``options.bars`` all that starts outside those bars stays too. The chords stand in the score as symbols.

    Raises:
        StudioError: the checkpoint cannot be used, there is no melody, or the options do not fit the piece.
    """
    checkpoint = load(options.checkpoint)
    if checkpoint.entry.task != "harmonize":
        raise StudioError(
            f"The checkpoint '{options.checkpoint}' cannot harmonize. Choose one that can, such as harmonize-small."
        )
    asked = commission(piece, options)
    total = float(asked.bars * (2 if options.style in ("bass", "piano", "band") else 1))
    recipe = {
        "pipeline": "harmonize",
        "version": VERSION,
        "options": to_mapping(options),
        "input": piece.fingerprint,
        "checkpoint": {"name": checkpoint.entry.name, "sha256": checkpoint.entry.sha256},
        "melody": asked.melody,
        "key": asked.key.name,
    }
    scores: Sequence[symusic.Score] = ()
    for scores, done in _stages(checkpoint, asked, options):
        if done < total:
            yield Step(tuple(piece.replace(score=score) for score in scores), done, total, "bars")
    pieces = tuple(piece.with_step(score, {**recipe, "variant": number}) for number, score in enumerate(scores))
    yield Step(pieces, total, total, "bars")


def _stages(
    checkpoint: Checkpoint, asked: Commission, options: HarmonizeOptions
) -> Iterator[tuple[list[symusic.Score], float]]:
    """Yields the scores of all variants as far as they are written, and how many bars are."""
    if options.style == "chorale":
        kept = accompaniment.move(asked.kept_rows(), asked.shift) if options.bars else np.zeros((0, 8), np.int16)
        voices: list[list[tuple[int, int, int, int, int]]] = []  # filled on, however many looks are taken
        for voices in paced(write_voices(checkpoint, asked, options, kept)):
            reached = min((max((note[1] for note in notes), default=0) for notes in voices), default=0)
            scores = [_joined(asked, options, notes, asked.asked) for notes in voices]
            yield scores, min(_bars_before(asked, reached), asked.bars - 0.01)
        yield [_joined(asked, options, notes, asked.asked) for notes in voices], float(asked.bars)
        return
    for found, share in paced(choose_chords(checkpoint, asked, options)):
        if share < 1:
            yield [_joined(asked, options, [], chords) for chords in found], asked.bars * share
    if options.style == "chords":
        yield [_joined(asked, options, [], chords) for chords in found], float(asked.bars)
        return
    yield from _notes(checkpoint, asked, options, found)


def _notes(
    checkpoint: Checkpoint, asked: Commission, options: HarmonizeOptions, chords: list[list[Chord | None]]
) -> Iterator[tuple[list[symusic.Score], float]]:
    """Yields scores and bars as a bass, a piano or a band is written under chords."""
    randomness, done = draws(options, NOTE_STAGE), float(asked.bars)
    reads = [Score(asked, one) for one in chords]
    existing = accompaniment.move(asked.kept_rows(), asked.shift) if options.bars else np.zeros((0, 8), np.int16)
    inside = np.array([asked.writes(bar) for bar in (existing[:, BAR] - FIRST).tolist()], dtype=bool)
    kept = [existing[~inside]] * options.variants
    written: list[list[tuple[int, int, int, int, int]]] = [[] for _ in chords]
    programs = frozenset(player.role for player in asked.players)
    for first, last in asked.stretches:
        variants = []
        for one in chords:
            frame = _frame(asked, one, first, last)
            variants.append(Following(limits_of(frame, programs, asked.shift), frame=frame))
        writer = Accompanist(checkpoint, asked, reads, kept, variants, first, options, randomness)
        for _ in writer:
            now = [old + _sounding(asked, one, first) for old, one in zip(written, variants, strict=True)]
            scores = [_joined(asked, options, notes, one) for notes, one in zip(now, chords, strict=True)]
            yield scores, done + min(one.bars_done for one in variants) * 0.999
        written = [old + _sounding(asked, one, first) for old, one in zip(written, variants, strict=True)]
        new_rows = [tokens.from_steps(np.array(one.rows, dtype=np.int64).reshape(-1, 8), first) for one in variants]
        kept = [
            rows[accompaniment.in_order(rows)] for rows in (np.concatenate(p) for p in zip(kept, new_rows, strict=True))
        ]
        done += last - first
    yield [_joined(asked, options, notes, one) for notes, one in zip(written, chords, strict=True)], 2.0 * asked.bars


def _frame(asked: Commission, chords: Sequence[Chord | None], first: int, last: int) -> Frame:
    """Returns what the bars ``first`` up to ``last`` must follow, as the model writes."""
    bars = asked.beats[:, BAR].astype(np.int64) - FIRST
    here = np.flatnonzero((bars >= first) & (bars < last))
    origin = int(asked.starts[first])
    onsets = accompaniment.onsets(asked.beats[here], asked.starts) - origin
    heads = here[np.searchsorted(bars[here], np.arange(first, last))]
    moved = [
        chord if chord in (None, NO_CHORD) else chord.transposed(asked.shift) for chord in (chords[b] for b in here)
    ]
    return Frame(
        starts=tuple((asked.starts[first : last + 1] - origin).tolist()),
        signatures=tuple(asked.beats[heads, 7].tolist()),
        tempos=tuple(asked.beats[heads, TEMPO].tolist()),
        beats=(*onsets.tolist(), int(asked.starts[last]) - origin),
        chords=tuple(moved),
        typed=asked.typed,
        bass_line=frozenset(p.role for p in asked.players if p.program in BASSES or p.name == "Bass"),
        players={p.role: FIRST + p.program for p in asked.players if p.program != DRUMS},
    )


def _sounding(asked: Commission, writing: Following, first: int) -> list[tuple[int, int, int, int, int]]:
    """Returns the notes of a writing as (role, position, length in positions, pitch as it sounds, velocity id)."""
    found, bar = [], 0
    lengths = vocabulary().durations
    for number, row in enumerate(writing.rows):
        bar += row[0] - FIRST if number else 0
        position = int(asked.starts[first + bar]) + row[3] - FIRST
        pitch = row[5] - FIRST
        pitch = pitch - 128 if pitch >= 128 else pitch - asked.shift
        found.append((row[4], position, int(lengths[row[6] - FIRST]), pitch, row[7]))
    return found


def _joined(
    asked: Commission,
    options: HarmonizeOptions,
    notes: Sequence[tuple[int, int, int, int, int]],
    chords: Sequence[Chord | None],
) -> symusic.Score:
    """Returns the melody with new notes (role, position, length, pitch, velocity id) and chord symbols.

    Where a chorale was written without chords given, the symbols are heard in the voices.
    """
    base, tracks = _stage(asked, options)
    velocities = vocabulary().velocities
    new: list[NewNote] = []
    for role, position, length, pitch, level in notes:
        start = asked.tick(position)
        stop = next((stop for begin, stop in asked.inside if begin <= start < stop), start)
        end = min(stop, max(start + 1, asked.tick(position + length)))
        if start < end:
            new.append((tracks[role], start, end - start, pitch, int(np.clip(velocities[level - FIRST], 1, 127))))
    spans = _spans(asked, chords)
    if options.style == "chords":
        block = _blocks(asked, spans, _block_player(asked, options).program)
        new += [(tracks[0], start, duration, pitch, BLOCK_VELOCITY) for start, duration, pitch in block]
    score = graft(base, _apart(base, new))
    if options.style == "chorale" and any(chord is None for chord in chords):
        heard = [span for span in estimate_chords(score) if span.start < asked.grid[-1].end]
        spans = _merged(asked, heard, spans)
    return _named(asked, options, score, spans)


def _apart(base: symusic.Score, new: Sequence[NewNote]) -> list[NewNote]:
    """Returns new notes, ended, begun later or left out where another one sounds on their pitch and track."""
    fresh = base.copy()
    for track in fresh.tracks:
        track.notes = []
    found = []
    for number, track in enumerate(trim_overlaps(graft(fresh, new)).tracks):
        if not len(track.notes):
            continue
        held: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for note in base.tracks[number].notes:
            held[note.pitch].append((note.time, note.end))
        for note in track.notes:
            start, end = note.time, note.end
            for begins, ends in sorted(held[note.pitch]):
                if begins <= start < ends:
                    start = ends
                elif start < begins < end:
                    end = begins
            if start < end:
                found.append((number, start, end - start, note.pitch, note.velocity))
    return found


def _named(
    asked: Commission, options: HarmonizeOptions, score: symusic.Score, spans: Sequence[ChordSpan]
) -> symusic.Score:
    """Returns the score with chord symbols; outside the bars that are written those that it has stay."""
    end = asked.grid[-1].end
    if not options.bars:
        sounding = (number for number, span in enumerate(spans) if span.chord != NO_CHORD)
        return with_chords(score, spans[next(sounding, 0) :], asked.key)
    before, inside = chord_spans(score, end), asked.inside
    plain = with_chords(score, ())
    others = {(marker.time, marker.text) for marker in plain.markers}
    old = [marker for marker in score.markers if (marker.time, marker.text) not in others]
    kept = [marker for marker in old if not any(start <= marker.time < stop for start, stop in inside)]
    for start, stop in inside:
        cut = [s._replace(start=max(s.start, start), end=min(s.end, stop)) for s in spans]
        cut = [span for span in cut if span.start < span.end]
        if stop < end and not any(marker.time == stop for marker in kept):
            cut.append(ChordSpan(stop, stop + 1, chords_at(before, np.array([stop]))[0]))
        kept += with_chords(symusic.Score(score.ticks_per_quarter), cut, asked.key).markers
    plain.markers = sorted([*plain.markers, *kept], key=lambda marker: marker.time)
    return plain


def _stage(asked: Commission, options: HarmonizeOptions) -> tuple[symusic.Score, dict[int, int]]:
    """Returns the score without what gives way, and the track of each role; block chords have role 0."""
    players = asked.players or (_block_player(asked, options),)
    if not options.bars:
        base = asked.score.copy()
        base.tracks = [asked.score.tracks[asked.melody]]
        existing: list[int | None] = [None] * len(players)
    else:
        base = _thinned(asked)
        existing = asked.tracks() if asked.players else [_track_of(asked, players[0], bool(options.instruments))]
    tracks = {}
    for player, track in zip(players, existing, strict=True):
        if track is None:
            track = len(base.tracks)
            base = add_track(
                base, 0 if player.program == DRUMS else player.program, player.program == DRUMS, player.name
            )
        tracks[player.role] = track
    return base, tracks


def _block_player(asked: Commission, options: HarmonizeOptions) -> Player:
    program = parse_instrument(options.instruments[0]) if options.instruments else 0
    track = _track_of(asked, Player(0, program, "Chords"), bool(options.instruments)) if options.bars else None
    return Player(0, program if track is None else asked.score.tracks[track].program, "Chords")


def _track_of(asked: Commission, player: Player, by_instrument: bool) -> int | None:
    tracks = asked.score.tracks
    others = [n for n, track in enumerate(tracks) if n != asked.melody and not track.is_drum]
    same = [track for track in others if tracks[track].program == player.program]
    named = [track for track in (same if by_instrument else others) if tracks[track].name == player.name]
    return next(iter(named or same), None)


def _thinned(asked: Commission) -> symusic.Score:
    """Returns the score without the notes of others than the melody that start in the bars to be written."""
    gone = set()
    for number, track in enumerate(asked.score.tracks):
        if number != asked.melody and len(track.notes):
            times = track.notes.numpy()["time"]
            for start, end in asked.inside:
                gone |= {(number, int(note)) for note in np.flatnonzero((times >= start) & (times < end))}
    return graft(asked.score, [], gone)


def _spans(asked: Commission, chords: Sequence[Chord | None]) -> list[ChordSpan]:
    """Returns the chords of beats as spans of ticks."""
    edges = [*asked.beat_ticks.tolist(), asked.grid[-1].end]
    spans: list[ChordSpan] = []
    for start, end, chord in zip(edges, edges[1:], chords, strict=False):
        if chord is None:
            continue
        if spans and spans[-1].chord == chord and spans[-1].end == start:
            spans[-1] = spans[-1]._replace(end=end)
        else:
            spans.append(ChordSpan(start, end, chord))
    return spans


def _merged(asked: Commission, heard: Sequence[ChordSpan], known: Sequence[ChordSpan]) -> list[ChordSpan]:
    """Returns the known chords, and those that were heard in the bars that were written."""
    cut = [
        ChordSpan(max(span.start, start), min(span.end, end), span.chord)
        for span in heard
        for start, end in asked.inside
        if span.start < end and span.end > start
    ]
    return sorted([*known, *cut])


def _blocks(asked: Commission, spans: Sequence[ChordSpan], program: int) -> list[tuple[int, int, int]]:
    """Returns block chords (tick, duration, pitch) in the bars that are written, struck anew in each bar, under the tune."""
    tune = asked.score.tracks[asked.melody].notes.numpy()
    pieces, ceilings = [], []
    for number, bar in enumerate(asked.grid):
        if not asked.writes(number):
            continue
        for span, (begin, stop) in product(spans, asked.inside):
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


def _bars_before(asked: Commission, position: int) -> float:
    """Returns how many of the bars to be written lie before a position."""
    bar = int(np.searchsorted(asked.starts, position, side="right")) - 1
    return float(sum(max(0, min(bar, last) - first) for first, last in asked.stretches))
