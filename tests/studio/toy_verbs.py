"""Verbs for the tests of the worker and the job registry: they write one bar at a time and need no model."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import symusic

from music.bars import bar_grid
from music.chords import Chord, ChordSpan, chord_spans, progression_of, with_chords
from music.errors import StudioError
from music.form import with_sections
from music.instruments import DRUMS, parse_instrument
from music.piece import Piece
from music.words.verses import lyrics_text
from pipelines.contract import SongStep, Step
from pipelines.options.values import to_mapping
from pipelines.rearrange import Form, change_form
from pipelines.reharmonize import reharmonize
from pipelines.song.kept import keep_section
from pipelines.song.plan import BY_HAND
from pipelines.song.words import write_words
from pipelines.song.written_words import stanzas_for
from pipelines.worker.verbs import VERBS as REAL
from pipelines.worker.verbs import Verb, last_step
from tests.waiting import PATIENCE_S, until

UNTIL_STOPPED = 99
"""The seed of music that is written to its middle and then goes on without end: it has to be stopped."""


SILENT = 97
"""The seed of music without a note."""

TALKATIVE = 98
"""The seed of music that Generate has something to say of."""


def held(steps: Iterator[Step], seed: int) -> Iterator[Step]:
    """Yields the Steps; with that seed it yields the middle one again and again until nobody wants more."""
    is_first_half = False
    for step in steps:
        yield step
        if seed == UNTIL_STOPPED and is_first_half and 2 * step.done >= step.total:
            for _ in range(round(PATIENCE_S / 0.02)):
                time.sleep(0.02)
                yield step
        is_first_half = 2 * step.done < step.total


def write_bars(piece: Piece, bars: int, pause_s: float, gate: str = "") -> Iterator[Step]:
    """Yields the piece with one more note a bar; in its middle it waits until there is a file at the gate."""
    score = piece.score.copy()
    score.tracks.append(symusic.Track("toy", 0, False))
    for bar in range(bars):
        time.sleep(pause_s)
        if gate and 2 * bar == bars:
            until(Path(gate).exists, "the gate")
        score.tracks[-1].notes.append(symusic.Note(bar * 1920, 480, 60 + bar % 12, 80))
        yield Step((Piece(score.copy()),), bar + 1, bars, "bars")


def _refuse(tell):
    raise StudioError("That is not music. Give a MIDI file.")


def _sleep(tell, seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def _spin(tell) -> None:
    """Goes on without end, asks nobody, and takes every error for a hitch."""
    number = 0
    while True:
        try:
            number += 1
        except Exception:
            continue


def _generate(piece: Piece, options) -> Iterator[Step]:
    """Yields a scale of one note a bar after the input, each variant a step higher."""
    if options.seed == 13:
        raise StudioError("That seed brings bad luck. Take another one.")
    start = bar_grid(piece.score)[-1].end if piece.note_count else 0
    for bar in range(options.bars):
        time.sleep(0.01 if options.seed else 0.1)
        scores = []
        for variant in range(options.variants):
            score = piece.score.copy()
            score.tracks.append(symusic.Track("new", 0, False))
            score.tracks[-1].notes.extend(
                symusic.Note(start + n * 1920, 480, 60 + n + variant, 80) for n in range(bar + 1)
            )
            scores.append(score)
        recipe = {"pipeline": "generate", "options": to_mapping(options), "input": piece.fingerprint}
        remarks = ("The file says *C major*, but so says every file.",) if options.seed == TALKATIVE else ()
        yield Step(tuple(piece.with_step(score, recipe) for score in scores), bar + 1, options.bars, "bars", remarks)


def _remix(piece: Piece, options) -> Iterator[Step]:
    """Yields the piece with the selected notes a step higher, bar by bar; each variant one more."""
    if options.seed == 13:
        raise StudioError("That seed brings bad luck. Take another one.")
    bars = bar_grid(piece.score)
    chosen = options.bars or range(len(bars))
    tracks = [i for i in options.tracks or range(len(piece.score.tracks)) if i not in options.lock]
    for done in range(1, len(bars) + 1):
        time.sleep(0.01 if options.seed else 0.2)
        scores = [piece.score.copy() for _ in range(options.variants)]
        for step, score in enumerate(scores, 1):
            for index in tracks:
                for note in score.tracks[index].notes:
                    if any(bars[n].start <= note.time < bars[n].end for n in chosen if n < done):
                        note.pitch += step
        recipe = {"pipeline": "remix", "options": to_mapping(options), "input": piece.fingerprint}
        yield Step(tuple(piece.with_step(score, recipe) for score in scores), done, len(bars), "passes")


def _harmonize(piece: Piece, options) -> Iterator[Step]:
    """Yields the melody with one note a chord and a track, bar by bar; each variant chooses other chords."""
    if options.seed == 13:
        raise StudioError("That seed brings bad luck. Take another one.")
    bars, typed = bar_grid(piece.score), progression_of(options.chords)
    chosen = options.bars or range(len(bars))
    names = {"chords": ["Chords"], "bass": ["Bass"], "piano": ["Piano"], "chorale": ["Alto", "Tenor", "Bass"]}
    for done in range(1, len(bars) + 1):
        time.sleep(0.01 if options.seed else 0.2)
        pieces = []
        for variant in range(options.variants):
            spans = [span for span in chord_spans(piece.score) if options.bars]
            new = [(n, bar) for n, bar in enumerate(bars[:done]) if n in chosen]
            for n, bar in new:
                chords = typed[(n - min(chosen)) % len(typed)] if typed else (Chord((7 * n + variant) % 12),)
                ticks = [bar.start + (bar.end - bar.start) * share // len(chords) for share in range(len(chords) + 1)]
                spans = [span for span in spans if not bar.start <= span.start < bar.end]
                spans += [ChordSpan(*both, chord) for *both, chord in zip(ticks, ticks[1:], chords)]
            tracks = [piece.score.tracks[options.melody or 0].copy()]
            for name in names.get(options.style) or options.instruments or ["Piano", "Bass"]:
                program = parse_instrument(name) if options.style == "band" else 0
                tracks.append(symusic.Track(name, max(0, program), program == DRUMS))
                tracks[-1].notes.extend(
                    symusic.Note(s.start, s.end - s.start, 48 + s.chord.root, 70) for s in sorted(spans)
                )
            score = with_chords(piece.score, spans)
            score.tracks = tracks
            recipe = {"pipeline": "harmonize", "options": to_mapping(options), "input": piece.fingerprint}
            pieces.append(piece.with_step(score, recipe | {"melody": options.melody or 0}))
        yield Step(tuple(pieces), done, len(bars), "bars")


def _audio(piece: Piece, options) -> Iterator[Step]:
    """Yields a scale of a note a second, each variant a step higher; the mode decides the third."""
    if options.seed == 13:
        raise StudioError("That seed brings bad luck. Take another one.")
    recipe = {"pipeline": "audio", "options": to_mapping(options), "input": piece.fingerprint}
    if options.seed == SILENT:
        yield Step((piece,), 1.0, 1.0, "seconds")
        return
    for second in range(1, round(options.seconds) + 1):
        time.sleep(0.01 if options.seed else 0.1)
        pieces = []
        for variant in range(options.variants):
            score = Piece.empty().score.copy()
            score.tracks.append(symusic.Track("Piano", 0, False))
            steps = (0, 2, 3 if options.mode == "minor" else 4, 5)
            score.tracks[0].notes.extend(
                symusic.Note(n * 960, 900, 60 + steps[n % 4] + variant, 80) for n in range(second)
            )
            pieces.append(piece.with_step(score, {**recipe, "variant": variant}))
        yield Step(tuple(pieces), second, round(options.seconds), "seconds")


def _compose(piece: Piece, plan, done=()) -> Iterator[SongStep]:
    """Yields a song of a note a bar, stage by stage, each in four parts; the seed of a stage decides its pitches."""
    if plan.brief.seed == 13:
        raise StudioError("That seed brings bad luck. Take another one.")
    stages = tuple(done)
    for number in range(len(stages), len(plan.stages)):
        stage, base = plan.stages[number], stages[-1] if stages else piece
        for part in range(1, 5):
            time.sleep(0.01 if plan.brief.seed else 0.2)
            base, score = (
                _toy_words(base, stage.options, plan)
                if stage.pipeline == "words"
                else (base, _toy_by_hand(base, stage))
                if stage.pipeline in BY_HAND
                else (base, _toy_stage(base, stage, plan, part))
            )
            recipe = {"pipeline": stage.pipeline, "options": to_mapping(stage.options), "input": base.fingerprint}
            made = base.with_step(score, recipe) if part == 4 else Piece(score, base.title, history=base.history)
            yield SongStep((made,), number + part / 4, len(plan.stages), "stages", stages=(*stages, made))
        stages = (*stages, made)


def _toy_by_hand(base: Piece, stage) -> symusic.Score:
    """Returns a song as it was changed by hand; a section that is written again goes up a step."""
    if stage.pipeline == "chords":
        return by_rule(base, stage.options).score
    if stage.pipeline == "again":
        score, (_, first, last) = base.score.copy(), Form(base.score).sections[stage.options.section]
        for note in score.tracks[0].notes:
            note.pitch += first <= note.time // 1920 < last
        return score
    *_, step = {"kept": keep_section, "arrangement": change_form}[stage.pipeline](base, stage.options)
    return step.piece.score


def by_rule(piece: Piece, options) -> Piece:
    """Returns a piece with other chords, to which its notes move; no model works for that."""
    *_, step = reharmonize(piece, replace(options, style=None))
    recipe = {**step.piece.history[-1], "options": to_mapping(options)}
    return piece.with_step(step.piece.score, recipe)


def _reharmonize(piece: Piece, options) -> Iterator[Step]:
    """Yields the piece, and then with other chords."""
    yield Step((piece,), 0, 1, "bars")
    yield Step((by_rule(piece, options),), 1, 1, "bars")


def _toy_words(base: Piece, options, plan) -> tuple[Piece, symusic.Score]:
    """Returns a song with its words; those that nobody typed say what they are about and their seed."""
    lines = (f"Sing me a song of {options.about} my dear", f"number {options.seed} is here")
    stanzas = stanzas_for(options, plan.stages[1].options.form)
    text = lyrics_text([stanza._replace(lines=stanza.lines or lines) for stanza in stanzas])
    *_, step = write_words(base, replace(options, text=text))
    return base.replace(lyrics=step.piece.lyrics), step.piece.score


def _toy_stage(base: Piece, stage, plan, part: int) -> symusic.Score:
    name, options, theme = stage.pipeline, stage.options, plan.stages[0].options
    form = plan.stages[1].options.form
    bars, score = theme.bars * (len(theme.sections) if name == "theme" else len(form)), base.score.copy()
    if name == "theme":
        score = symusic.Score(480)
        score.tempos.append(symusic.Tempo(0, theme.tempo_bpm))
        lead = parse_instrument(theme.lead)
        score.tracks.append(symusic.Track("Melody", max(0, lead), lead == DRUMS))
    if name in ("theme", "sections"):
        score.tracks[0].notes = [
            symusic.Note(n * 1920 + beat * 480, 480, 60 + (options.seed + 5 * n + 3 * beat) % 12, 80)
            for n in range(bars * part // 4)
            for beat in range(4)
        ]
    if name == "sections":
        score = with_sections(score, [(n * theme.bars * 1920, each) for n, each in enumerate(form)])
    elif name == "harmony":
        spans = [ChordSpan(n * 1920, (n + 1) * 1920, Chord((options.seed + 5 * n) % 12)) for n in range(bars)]
        score = with_chords(score, spans)
        for program in (parse_instrument(each) for each in options.instruments or ("Piano", "Bass")):
            score.tracks.append(symusic.Track("", max(0, program), program == DRUMS))
            score.tracks[-1].notes.extend(
                symusic.Note(s.start, 1920, 48 + s.chord.root, 60) for s in spans[: bars * part // 4]
            )
    elif name == "mix":
        for track in score.tracks:
            for note in track.notes:
                note.velocity += 4 * part
    elif name == "texture":
        score.tracks.append(symusic.Track("Texture", parse_instrument(options.instrument), False))
        score.tracks[-1].notes.extend(
            symusic.Note(n * 1920, 1920, 48 + (options.seed + n) % 12, 50) for n in range(bars * part // 4)
        )
    return score


def _page(tell, piece: Piece, synthesis: str) -> bytes:
    from tests.pipelines.listening.songs import page_of  # of pages, which most toys need not wait for

    return page_of(piece)


VERBS = {
    "compose": Verb(
        "model", lambda tell, piece, plan, *done: last_step(held(_compose(piece, plan, *done), plan.brief.seed), tell)
    ),
    "harmonize": Verb(
        "model", lambda tell, piece, options: last_step(held(_harmonize(piece, options), options.seed), tell)
    ),
    "reharmonize": Verb("model", lambda tell, piece, options: last_step(_reharmonize(piece, options), tell)),
    "remix": Verb("model", lambda tell, piece, options: last_step(held(_remix(piece, options), options.seed), tell)),
    "generate": Verb(
        "model", lambda tell, piece, options: last_step(held(_generate(piece, options), options.seed), tell)
    ),
    "audio": Verb("model", lambda tell, piece, options: last_step(held(_audio(piece, options), options.seed), tell)),
    "hear": REAL["hear"],
    "outline": REAL["outline"],
    "transcribe": REAL["transcribe"],
    "edit": REAL["edit"],
    "inspect": REAL["inspect"],
    "sheet": REAL["sheet"],
    "page": Verb("media", _page),
    "write": Verb("model", lambda tell, *arguments: last_step(write_bars(*arguments), tell)),
    "refuse": Verb("model", _refuse),
    "bug": Verb("model", lambda tell: 1 // 0),
    "die": Verb("model", lambda tell: os._exit(9)),
    "echo": Verb("media", lambda tell, value: value),
    "sleep": Verb("media", _sleep),
    "spin": Verb("media", _spin, patience_s=0.1),
    "spin over time": Verb("media", _spin, limit_s=0.1, patience_s=0.1),
    "overdue": Verb("media", lambda tell: [tell(None) or time.sleep(0.01) for _ in range(30)], limit_s=0.1),
}
