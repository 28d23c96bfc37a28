"""What tests of composed songs share: briefs of all kinds, sketches, and how to look at plans and scores."""

from __future__ import annotations

import re
from collections.abc import Sequence

import symusic
from hypothesis import strategies as st

from music.bars import bar_grid
from music.chords import chord_spans
from music.form import Section, sections, with_sections
from music.instruments import DRUMS, GM_NAMES, parse_instrument
from music.piece import Piece
from music.theory import ALL_KEYS, MODES, Key, parse_key
from music.tokens.conditions import GENRES
from pipelines.options.checks import TIME_SIGNATURES
from pipelines.song.brief import FORMS, MOODS, TEXTURES, Brief
from pipelines.song.plan import Plan

NAMES = (
    "piano",
    "flute",
    "violin",
    "bass",
    "drums",
    "strings",
    "choir",
    "upright bass",
    "nylon guitar",
    "pad",
    "timpani",
)


def two_sentences(text: str) -> bool:
    """Returns whether a text is what happened and what to do, as every error for the user is."""
    return len(re.findall(r"[.?!](?=\s+[A-Z0-9']|$)", text)) >= 2 and text.strip() == text


@st.composite
def wanted(draw) -> dict:
    """Returns values of a Brief, each left open about half of the time; some do not go together."""
    name = st.one_of(st.sampled_from(NAMES), st.sampled_from(GM_NAMES))

    def maybe(values: st.SearchStrategy) -> st.SearchStrategy:
        return st.one_of(st.none(), values)

    return {
        "seconds": draw(st.one_of(st.sampled_from([10.0, 60.0, 300.0]), st.floats(10, 300))),
        "form": draw(maybe(st.one_of(st.sampled_from(FORMS), st.text("ABCDEF", min_size=1, max_size=12)))),
        "tempo_bpm": draw(maybe(st.one_of(st.integers(60, 180).map(float), st.floats(20, 300)))),
        "time_signature": draw(maybe(st.sampled_from(TIME_SIGNATURES))),
        "key": draw(maybe(st.sampled_from([key.name for key in ALL_KEYS]))),
        "mode": draw(maybe(st.sampled_from(MODES))),
        "genre": draw(maybe(st.sampled_from(GENRES))),
        "moods": tuple(draw(st.lists(st.sampled_from(MOODS), max_size=3, unique=True))),
        "instruments": tuple(draw(st.lists(name, max_size=5))),
        "without": tuple(draw(st.one_of(st.just([]), st.lists(name, max_size=4)))),
        "style": draw(maybe(st.sampled_from(["chords", "bass", "piano", "band", "chorale"]))),
        "texture": draw(maybe(st.sampled_from(tuple(TEXTURES)))),
        "seed": draw(st.integers(0, 2**63 - 1)),
    }


def seconds_of(plan: Plan) -> float:
    """Returns how long the song of a plan lasts, from its first bar to the end of its last note."""
    theme, form = plan.stages[0].options, plan.stages[1].options
    quarters = 4 * int(theme.time_signature.split("/")[0]) / int(theme.time_signature.split("/")[1])
    bars = len(form.form) * theme.bars + form.intro_bars + form.ending_bars
    last = quarters if form.final_beats is None else min(quarters, form.final_beats)
    return ((bars - 1) * quarters + last) * 60 / theme.tempo_bpm


def players(plan: Plan) -> list[int]:
    """Returns the program of the lead, then those that accompany."""
    return [
        parse_instrument(name) for name in (plan.stages[0].options.lead, *plan.stages[2].options.instruments) if name
    ]


def asked_for(brief: Brief) -> set[int]:
    return set(map(parse_instrument, brief.instruments))


def sketch(
    notes: Sequence[tuple[float, float, int]],
    *,
    signature: tuple[int, int] = (4, 4),
    tempo: float = 100.0,
    key: tuple[int, int] | None = (0, 0),
    program: int = 73,
    per_quarter: int = 480,
) -> Piece:
    """Returns a melody of (start in quarter notes, length, pitch); ``key`` is sharps and whether it is minor."""
    score = symusic.Score(per_quarter)
    score.time_signatures = [symusic.TimeSignature(0, *signature)]
    score.tempos = [symusic.Tempo(0, tempo)]
    score.key_signatures = [] if key is None else [symusic.KeySignature(0, *key)]
    track = symusic.Track("Tune", program, False)
    track.notes = [symusic.Note(round(s * per_quarter), round(d * per_quarter), p, 80) for s, d, p in notes]
    score.tracks = [track]
    return Piece(score, "Sketch", (), ({"pipeline": "by hand"},))


def scale_up(bars: int, beats: int = 4, low: int = 67) -> list[tuple[float, float, int]]:
    """Returns a tune in C major: a note a beat, that ends on C."""
    steps = [pitch for pitch in range(low, low + 13) if pitch % 12 in (0, 2, 4, 5, 7, 9, 11)]
    turns = [*range(len(steps)), *range(len(steps) - 2, 0, -1)]
    notes = [(float(n), 1.0, steps[turns[n % len(turns)]]) for n in range(bars * beats - 1)]
    return [*notes, (float(bars * beats - 1), 1.0, 72)]


def tunes(
    names: str = "A B", bars: int = 4, signature: str = "4/4", key: str = "C major", per_quarter: int = 480
) -> Piece:
    """Returns themes of so many bars: eighths up and down the scale from another step in each, each theme ending long."""
    numerator, denominator = map(int, signature.split("/"))
    tonic: Key = parse_key(key)
    score = symusic.Score(per_quarter)
    score.tempos, score.time_signatures = [symusic.Tempo(0, 96)], [symusic.TimeSignature(0, numerator, denominator)]
    score.key_signatures = [symusic.KeySignature(0, tonic.fifths, int(tonic.mode == "minor"))]
    natural = Key((tonic.tonic + 3) % 12, "major").scale if tonic.mode == "minor" else tonic.scale
    scale = [pitch for pitch in range(62, 82) if pitch % 12 in natural]
    eighth, track = per_quarter // 2, symusic.Track("Melody", 73, False)
    eighths = numerator * 8 // denominator
    for theme in range(len(names.split())):
        for bar in range(bars):
            at = (theme * bars + bar) * eighths * eighth
            count = eighths if bar + 1 < bars else eighths // 2
            for n in range(count):
                last = bar + 1 == bars and n + 1 == count
                place = (3 * theme + 2 * bar + (n if n < 4 else 8 - n)) % len(scale)
                length = (eighths - n) * eighth if last else eighth
                track.notes.append(symusic.Note(at + n * eighth, length, scale[place], 80 + n))
    score.tracks = [track]
    marks = [(n * bars * eighths * eighth, name) for n, name in enumerate(names.split())]
    return Piece(with_sections(score, marks), "Tunes", ("la",), ({"pipeline": "by hand"},))


def notes_of(track: symusic.Track, start: int = 0, end: int | None = None) -> list[tuple[int, int, int, int]]:
    """Returns (onset after ``start``, length, pitch, velocity) of a track's notes that begin between two ticks, in order."""
    return sorted(
        (note.time - start, note.duration, note.pitch, note.velocity)
        for note in track.notes
        if note.time >= start and (end is None or note.time < end)
    )


def one_at_a_time(track: symusic.Track) -> bool:
    notes = sorted(track.notes, key=lambda note: note.time)
    return all(one.time + one.duration <= after.time for one, after in zip(notes, notes[1:], strict=False))


def marked(piece: Piece, end: int | None = None) -> list[Section]:
    """Returns the sections of a song, the last one up to the end of its bar."""
    return sections(piece.score, bar_grid(piece.score)[-1].end if end is None else end)


def playing(score: symusic.Score) -> set[int]:
    """Returns the programs of the tracks that have notes, DRUMS for drums."""
    return {DRUMS if track.is_drum else track.program for track in score.tracks if len(track.notes)}


def chords_in(score: symusic.Score, section: Section) -> list[tuple[int, str]]:
    """Returns the chord symbols in a section, from the one in force at its first tick: (tick after that, name)."""
    spans = chord_spans(score, section.end)
    inside = [span for span in spans if span.start < section.end and span.end > section.start]
    return [(max(span.start, section.start) - section.start, span.chord.name()) for span in inside]
