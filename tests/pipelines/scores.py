"""Scores that hypothesis makes up: all that a MIDI file may hold, the awkward things first."""

from __future__ import annotations

import symusic
from hypothesis import strategies as st

from music.bars import bar_grid
from music.chords import parse_chord_names
from music.piece import Piece

SIGNATURES = [(4, 4), (3, 4), (6, 8), (5, 8), (7, 16), (2, 2), (1, 4)]
MAX_NOTES = 14  # of a track


@st.composite
def pieces(draw) -> Piece:
    """Returns a piece of one to some six bars with at least one note."""
    quarter = draw(st.sampled_from([480, 96, 24, 100, 7]))
    score = symusic.Score(quarter)
    end = quarter * draw(st.integers(2, 20))
    tick = st.integers(0, end)
    score.time_signatures = [
        symusic.TimeSignature(time, *draw(st.sampled_from(SIGNATURES)))
        for time in sorted({*draw(st.sampled_from([(), (0,), (0,)])), *draw(st.lists(tick, max_size=2))})
    ]
    score.tempos = [symusic.Tempo(time, draw(st.sampled_from([60.0, 101.5, 299.0]))) for time in draw(_times(tick))]
    score.key_signatures = [symusic.KeySignature(time, draw(st.integers(-6, 6)), 0) for time in draw(_times(tick))]
    score.markers = [symusic.TextMeta(time, "Verse") for time in draw(_times(tick))]
    score.tracks = [draw(_tracks(number, quarter, end)) for number in range(draw(st.integers(1, 4)))]
    if not any(len(track.notes) for track in score.tracks):
        score.tracks[0].notes.append(symusic.Note(0, quarter, 60, 90))
    return Piece(score, "Made up", ("la",), ({"pipeline": "by hand"},))


def _times(tick):
    return st.lists(tick, max_size=2, unique=True).map(sorted)


@st.composite
def _tracks(draw, number: int, quarter: int, end: int) -> symusic.Track:
    is_drum = draw(st.sampled_from([False, False, False, True]))
    program = 0 if is_drum else draw(st.sampled_from([0, 0, 33, 73, 127]))
    track = symusic.Track(f"track {number}", program, is_drum)
    tick = st.integers(0, end)
    pitch = st.integers(35, 81) if is_drum else st.one_of(st.integers(48, 72), st.integers(0, 127))
    notes: list[tuple[int, int, int, int]] = []
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.one_of(tick, st.integers(0, end // quarter).map(lambda beat: beat * quarter)))
        duration = draw(st.one_of(st.just(quarter), st.integers(1, max(1, end // 2))))
        velocity = draw(st.integers(1, 127))
        chord = draw(st.lists(pitch, min_size=1, max_size=4))  # a pitch twice: a unison
        roll = draw(st.sampled_from([0, 0, max(1, quarter // 24)]))
        notes += [(at + roll * place, duration, key, velocity) for place, key in enumerate(chord)]
    track.notes = [symusic.Note(*note) for note in sorted(notes[:MAX_NOTES])]
    track.controls = [symusic.ControlChange(time, 64, value) for value, time in enumerate(draw(_times(tick)))]
    track.pedals = [symusic.Pedal(time, quarter) for time in draw(_times(tick))]
    track.pitch_bends = [symusic.PitchBend(time, 99) for time in draw(_times(tick))]
    track.lyrics = [symusic.TextMeta(time, "la") for time in draw(_times(tick))]
    return track


@st.composite
def selections(draw, piece: Piece) -> dict:
    """Returns options that select something of a piece that has notes: at least one note's bar and track."""
    score = piece.score
    grid = bar_grid(score)
    some = draw(st.sampled_from([number for number, track in enumerate(score.tracks) if len(track.notes)]))
    at = draw(st.sampled_from([note.time for note in score.tracks[some].notes]))
    bar = next(number for number, one in enumerate(grid) if one.start <= at < one.end)
    last = draw(st.integers(bar, len(grid) - 1))
    others = [number for number in range(len(score.tracks)) if number != some]
    bars, count = draw(st.sampled_from([((), len(grid)), ((bar,), 1), (tuple(range(bar, last + 1)), last + 1 - bar)]))
    return {
        "bars": bars,
        "tracks": draw(st.sampled_from([(), (some,), (some, *others[:1])])),
        "lock": tuple(draw(st.lists(st.sampled_from(others), max_size=2, unique=True)) if others else ()),
        "keep_a_bar": count > 1 and draw(st.booleans()),
        "amount": draw(st.sampled_from([0.0, 20.0, 50.0, 80.0, 100.0, 100.0])),
        "passes": draw(st.sampled_from([1, 2, 3])),
        "temperature": draw(st.sampled_from([1.0, 0.0, 4.0])),
        "top_p": draw(st.sampled_from([0.95, 1.0, 0.1])),
        "top_k": draw(st.sampled_from([0, 2])),
        "seed": draw(st.integers(0, 1000)),
    }


TUNE_SIGNATURES = [(4, 4), (3, 4), (6, 8), (5, 8), (2, 2), (12, 8), (7, 8), (1, 4), (3, 8)]
PROGRESSIONS = [
    parse_chord_names(text)
    for text in (
        "Am F C G", "C | Dm7 G7/B | % | F#dim7 Bbmaj9", "N.C. | Dm7 / / G7", "Ebm | N.C.", "|: E7#9 A13 :| x3 | Db6/9",
        "Csus4 F/G", "B5",
    )
]  # fmt: skip


@st.composite
def tunes(draw) -> Piece:
    """Returns a piece with a melody on its first track, on the grid of 1/12 quarter notes; others may join in."""
    quarter = draw(st.sampled_from([480, 96, 12]))
    score, unit, at = symusic.Score(quarter), quarter // 12, 0
    low = draw(st.sampled_from([0, 36, 53, 60, 60, 60, 108]))
    melody = symusic.Track("Tune", draw(st.sampled_from([0, 73, 40])), False)
    for _ in range(draw(st.integers(1, 12))):
        at += unit * draw(st.sampled_from([0, 0, 0, 0, 0, 6, 12, 30, 60]))
        length = draw(st.sampled_from([12, 12, 12, 6, 6, 24, 4, 3, 1, 48]))
        chord = draw(
            st.lists(st.integers(low, low + 19), min_size=1, max_size=draw(st.sampled_from([1, 1, 1, 3])), unique=True)
        )
        melody.notes.extend(symusic.Note(at, length * unit, pitch, 80) for pitch in sorted(chord))
        at += length * unit
    score.tracks.append(melody)
    changes = [0, *draw(st.lists(st.integers(1, max(1, at // (3 * unit))).map(lambda n: 3 * n * unit), max_size=2))]
    score.time_signatures = [
        symusic.TimeSignature(time, *draw(st.sampled_from(TUNE_SIGNATURES))) for time in sorted(set(changes))
    ]
    score.tempos = [symusic.Tempo(time * unit, 40.0 + 3 * time) for time in draw(_times(st.integers(0, 60)))]
    melody.controls = [symusic.ControlChange(time, 1, 9) for time in draw(_times(st.integers(0, at)))]
    score.tracks.extend(draw(_tracks(number, quarter, at)) for number in range(1, draw(st.integers(1, 3))))
    return Piece(score, "Tune", ("la",), ({"pipeline": "by hand"},))


@st.composite
def wishes(draw, style: str) -> dict:
    """Returns options of Harmonize, save for style, melody, typed chords and bars."""
    names = ["piano", "violin", "tuba", "glockenspiel", "choir", "synth bass"]
    one = st.sampled_from([(), *((name,) for name in names)])
    several = st.lists(st.sampled_from([*names, "drums", "flute"]), max_size=4).map(tuple)
    return {
        "style": style,
        "key": draw(st.sampled_from([None, None, "F# major", "C minor"])),
        "complexity": draw(st.sampled_from(["low", "medium", "high"])),
        "instruments": draw({"band": several, "chorale": st.sampled_from([(), ("choir",)])}.get(style, one)),
        "temperature": draw(st.sampled_from([0.9, 0.0, 4.0])),
        "temperature_rhythm": draw(st.sampled_from([1.0, 4.0])),
        "top_p": draw(st.sampled_from([0.9, 1.0])),
        "seed": draw(st.integers(0, 1000)),
        "variants": draw(st.sampled_from([1, 1, 2])),
        "checkpoint": draw(st.sampled_from(["random-harmonize", "random-harmonize-short", "random-harmonizer"])),
    }


@st.composite
def runs(draw) -> Piece:
    """Returns a piece whose tracks hold runs: notes closer together than any grid, and more of them than fit a window."""
    quarter = draw(st.sampled_from([480, 96, 24, 7]))
    score = symusic.Score(quarter)
    score.time_signatures = [symusic.TimeSignature(0, *draw(st.sampled_from([(4, 4), (3, 4), (1, 4), (7, 16)])))]
    for number in range(draw(st.integers(1, 2))):
        is_drum = draw(st.sampled_from([False, False, True]))
        track = symusic.Track(f"track {number}", 0 if is_drum else draw(st.sampled_from([0, 0, 73])), is_drum)
        at, notes = draw(st.integers(0, quarter)), []
        for _ in range(draw(st.integers(1, 3))):  # each with its own step, from one tick on
            step = draw(st.sampled_from([1, 1, 2, max(1, quarter // 30), max(1, quarter // 12), max(1, quarter // 4)]))
            length = draw(st.sampled_from([1, step, step, 2 * step, 5 * step]))  # notes touch, or sound together
            pitches = draw(st.lists(st.integers(60, 66), min_size=1, max_size=3))
            for number_of_note in range(draw(st.integers(2, 16))):
                pitch = pitches[number_of_note % len(pitches)]
                notes.append((at, length, pitch, draw(st.integers(1, 127))))
                at += step
            at += draw(st.sampled_from([0, 1, quarter, 4 * quarter]))
        track.notes = [symusic.Note(*note) for note in sorted(notes)]
        score.tracks.append(track)
    return Piece(score, "Runs", (), ({"pipeline": "by hand"},))
