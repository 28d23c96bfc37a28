"""Stages of a song that need no model: quick, and alike in what they leave behind."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import symusic

from checkpoints import store
from music.chords import ChordSpan, parse_chord, with_chords
from music.form import with_sections
from music.piece import Piece
from pipelines.contract import Step
from pipelines.options.values import to_mapping
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan, SectionsOptions, Stage, ThemeOptions
from pipelines.song.words import write_words

BAR = 1920


def plan_of(brief: Brief) -> Plan:
    """Returns a plan of all four stages."""
    seed = brief.seed
    return Plan(
        brief,
        (
            Stage("theme", ThemeOptions(bars=2, key=brief.key or "C major", seed=seed)),
            Stage("sections", SectionsOptions(form=("A", "B"), intro_bars=0, ending_bars=1, seed=seed)),
            Stage("harmony", HarmonyOptions(instruments=("piano", "drums"), seed=seed)),
            Stage("mix", MixOptions(seed=seed)),
        ),
    )


def toy(name: str, work: Callable[[symusic.Score, Any, str], symusic.Score]) -> Callable[[Piece, Any], Iterator[Step]]:
    """Returns a stage that does this work, in two steps."""

    def run(piece: Piece, options: Any) -> Iterator[Step]:
        checkpoint = getattr(options, "checkpoint", "")
        score = work(piece.score.copy(), options, piece.fingerprint)
        yield Step((piece.replace(score=score),), 1.0, 2.0, "bars")
        recipe = {
            "pipeline": name,
            "version": "1",
            "options": to_mapping(options),
            "input": piece.fingerprint,
            "checkpoint": {"name": checkpoint, "sha256": store.entry(checkpoint).sha256} if checkpoint else {},
        }
        yield Step((piece.with_step(score, recipe),), 2.0, 2.0, "bars")

    return run


def _theme(score: symusic.Score, options: ThemeOptions, input: str) -> symusic.Score:
    first = zlib.crc32(f"{input} {options.seed}".encode()) % 5
    score.tempos = [symusic.Tempo(0, options.tempo_bpm)]
    score.time_signatures = [symusic.TimeSignature(0, 4, 4)]
    score.key_signatures = [symusic.KeySignature(0, 0, 0)]
    melody = symusic.Track("Melody", 73, False)
    melody.notes = [symusic.Note(n * 480, 480, (72, 74, 76, 77, 79)[(n * 2 + first) % 5], 80) for n in range(8)]
    score.tracks = [melody]
    return score


def _sections(score: symusic.Score, options: SectionsOptions, input: str) -> symusic.Score:
    theme = list(score.tracks[0].notes)
    more = [symusic.Note(n.time + 2 * BAR, n.duration, n.pitch + options.seed % 2, n.velocity) for n in theme]
    score.tracks[0].notes = [*theme, *more, symusic.Note(4 * BAR, BAR, 72, 80)]
    return with_sections(score, [(0, "A"), (2 * BAR, "B"), (4 * BAR, "Ending")])


def _harmony(score: symusic.Score, options: HarmonyOptions, input: str) -> symusic.Score:
    names = ("C", "F", "G", "Am", "C")
    spans = [ChordSpan(bar * BAR, (bar + 1) * BAR, parse_chord(name)) for bar, name in enumerate(names)]
    piano, drums = symusic.Track("Piano", 0, False), symusic.Track("Drums", 0, True)
    for span in spans:
        tones = sorted(48 + tone for tone in span.chord.tones)
        piano.notes.extend(symusic.Note(span.start, BAR, pitch, 60 + options.seed % 8) for pitch in tones)
        drums.notes.extend(
            symusic.Note(span.start + beat * 480, 120, 36 if beat % 2 == 0 else 38, 70) for beat in range(4)
        )
    score.tracks.extend([piano, drums])
    return with_chords(score, spans)


def _mix(score: symusic.Score, options: MixOptions, input: str) -> symusic.Score:
    for track in score.tracks:
        track.notes = [symusic.Note(n.time, n.duration, n.pitch, min(127, n.velocity + 10)) for n in track.notes]
    return score


STAGES = {
    "theme": toy("theme", _theme),
    "sections": toy("sections", _sections),
    "harmony": toy("harmony", _harmony),
    "mix": toy("mix", _mix),
    "words": write_words,  # which needs no model where the words were typed
}


def sung(plan: Plan, sketch: Piece | None = None, stages: int = 4) -> Piece:
    """Returns what the first stages of a plan make."""
    piece = sketch or Piece.empty()
    for stage in plan.stages[:stages]:
        *_, step = STAGES[stage.pipeline](piece, stage.options)
        piece = step.piece
    return piece
