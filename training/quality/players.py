"""Who plays in songs that were asked for in words: is every player audible, and playable? Measured strictly.

A song obeys in a point where not one player, bar or note is at fault.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from music.bars import Bar, bar_grid
from music.files.midi import write_midi
from music.form import ENDING, INTRO, sections
from music.instruments import BASS_PLAYERS, BASSES, DRUMS, instrument_name, parse_instrument, playable_range, program_of
from music.piece import Piece
from pipelines.accompaniment.playable import KEYBOARDS, ONE_VOICE, reach
from pipelines.prompt.understand import understand
from pipelines.song.plan import Plan
from pipelines.song.planning import plan_song
from training.quality.measures.pieces import mean

SENTENCES = (
    "a bossa nova for flute, nylon guitar and upright bass", "tango in E minor for violin, accordion, piano and contrabass",
    "reggae in G with organ, clean guitar, bass and drums", "a 12-bar blues in A for harmonica, guitar, bass and drums",
    "a march for trumpet, horn, tuba and drums", "a sad waltz in G minor for strings and piano",
    "house in A minor with saw lead, pad, synth bass and drums", "a chorale for four flutes in C",
    "brass quartet, a slow hymn in Bb", "funk with brass section, clavinet, slap bass and drums",
    "a dorian folk tune for recorder, harp and cello", "chamber music for oboe, clarinet, tuba and piano",
    "a pop song in G with electric piano, clean guitar, strings, bass and drums", "calm piano and cello duet in C sharp minor",
    "epic film music for choir, horn, strings and timpani", "classical music for oboe, bassoon, horn and harpsichord",
    "a pop ballad for violin, piano, bass and drums", "a folk song for flute, accordion, guitar and bass",
    "dreamy music for celesta, clarinet, strings and harp", "romantic music for trumpet, organ, cello and timpani",
)  # fmt: skip
"""Of players who are often forgotten, lie low or high, or play chords; those of the second half play no style, so a network writes them."""
SECONDS = 40
POINTS = ("sounds", "in most bars", "nobody else", "range", "hands", "one voice", "drums")
GOAL = 0.95
_MOST = 2 / 3  # of the bars of a section in which a player plays must have a note of theirs
_SECTIONS = 0.5  # of the sections must have each player
_DOUBLE = 1 / 12  # of a quarter note: two strokes of a drum so near are one


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns what each song of the first sentences keeps."""
    from pipelines.compose import compose

    rows = []
    for number, text in enumerate(tqdm(SENTENCES[: args.pieces], unit="song", disable=None)):
        plan = plan_song(replace(understand(text).brief, seconds=float(SECONDS), seed=args.seed + number))
        *_, step = compose(Piece.empty(), plan)
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            write_midi(step.piece, args.out / f"{number:02}.mid")
        rows.append({"text": text, "faults": faults(step.piece.score, plan)})
    return {"songs": len(rows), "seed": args.seed, "rows": rows}


def faults(score: symusic.Score, plan: Plan) -> dict[str, list[str]]:
    """Returns what is at fault in a song, by POINTS.

    - sounds: a player who was planned has no note in half of the sections between intro and ending.
    - in most bars: a player sounds in fewer than two thirds of the bars of a section in which they play; where they join it in its
      middle, of those from there on.
    - nobody else: somebody plays who was not asked for, where a player of melody or chords was.
    - range: notes that an instrument does not have.
    - hands: notes that begin together on a keyboard and that hands with a tenth each do not reach: one beside a bass, else two.
    - one voice: two notes at a time of who blows.
    - drums: a drum that is struck twice within a twelfth of a quarter note.
    """
    grid, found = bar_grid(score), defaultdict[str, list[str]](list)
    inner = [section for section in sections(score, grid[-1].end) if section.name not in (INTRO, ENDING)]
    planned = set(map(parse_instrument, _planned(plan)))
    asked = {parse_instrument(name) for name in plan.brief.instruments}
    playing = {program_of(track) for track in score.tracks if len(track.notes)}
    for program in sorted(planned):
        own = [track for track in score.tracks if program_of(track) == program]
        bars = {bar.start for bar in grid if any(_sounds(track, bar) for track in own)}
        heard = [[bar.start in bars for bar in grid if s.start <= bar.start < s.end] for s in inner]
        with_notes = [section[(section.index(True) if first else 0) :] for first, section in _with_first(heard)]
        if len(with_notes) < _SECTIONS * len(inner):
            found["sounds"].append(instrument_name(program))
        elif any(np.mean(section) < _MOST for section in with_notes):
            found["in most bars"].append(instrument_name(program))
    if playing - asked and _given(asked):
        found["nobody else"] += [instrument_name(program) for program in sorted(playing - asked)]
    hands = 1 if playing & BASS_PLAYERS else 2
    for track in score.tracks:
        program, name = program_of(track), instrument_name(program_of(track))
        if not len(track.notes):
            continue
        low, high = playable_range(program)
        outside = [note.pitch for note in track.notes if not low <= note.pitch <= high]
        if outside:
            found["range"].append(f"{name} {min(outside)}-{max(outside)}")
        if program in KEYBOARDS and (wide := _out_of_reach(track, hands)):
            found["hands"].append(f"{name} {wide} times")
        if program in ONE_VOICE and (twice := _at_once(track)):
            found["one voice"].append(f"{name} {twice} times")
        if program == DRUMS and (twice := _doubled(track, score.ticks_per_quarter)):
            found["drums"].append(f"{twice} times")
    return {point: found[point] for point in POINTS}


def _planned(plan: Plan) -> list[str]:
    theme, harmony = (next(s.options for s in plan.stages if s.pipeline == name) for name in ("theme", "harmony"))
    return [theme.lead, *harmony.instruments]


def _given(asked: Iterable[int]) -> bool:
    """Whether those who were asked for are a band, not only drums or a bass, to whom the usual band is added."""
    return any(program != DRUMS and program not in BASSES for program in asked)


def _sounds(track: symusic.Track, bar: Bar) -> bool:
    return any(note.time < bar.end and note.time + note.duration > bar.start for note in track.notes)


def _with_first(heard: Sequence[list[bool]]) -> list[tuple[bool, list[bool]]]:
    """Returns the sections in which somebody plays, each with whether it is the first."""
    playing = [section for section in heard if any(section)]
    return [(not number, section) for number, section in enumerate(playing)]


def _out_of_reach(track: symusic.Track, hands: int) -> int:
    """Returns how often notes begin together that so many hands do not reach."""
    together: dict[int, list[int]] = defaultdict(list)
    for note in track.notes:
        together[note.time].append(note.pitch)
    return sum(not reach(sorted(pitches), hands) for pitches in together.values())


def _at_once(track: symusic.Track) -> int:
    """Returns how often two notes begin together."""
    return sum(count > 1 for count in Counter(note.time for note in track.notes).values())


def _doubled(track: symusic.Track, quarter: int) -> int:
    """Returns how often a drum is struck twice in no time."""
    times: dict[int, list[int]] = defaultdict(list)
    for note in track.notes:
        times[note.pitch].append(note.time)
    return sum(int((np.diff(sorted(struck)) <= _DOUBLE * quarter).sum()) for struck in times.values())


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as a table for people."""
    rows = figures["rows"]
    counts = Counter(point for row in rows for point in POINTS if row["faults"][point])
    lines = [f"players: {len(rows)} songs of {SECONDS} s, one a sentence, from seed {figures['seed']} on", ""]
    lines += [f"  {'songs without a fault':24}{'share':>8}"]
    lines += [f"  {point:24}{1 - counts[point] / len(rows):8.0%}" for point in POINTS]
    reached_share = mean([not any(row["faults"].values()) for row in rows])
    lines.append(f"  {'in all points':24}{reached_share:8.0%}   goal {GOAL:.0%}")
    lines += ["", "Faults"]
    lines += [
        f'  "{row["text"]}": '
        + "; ".join(f"{point}: {', '.join(found)}" for point, found in row["faults"].items() if found)
        for row in rows
        if any(row["faults"].values())
    ]
    return "\n".join(lines)
