"""What players do under chords: the bass comes with the chord, a kit is a kit, patterns repeat, and sections are known."""

from __future__ import annotations

import pytest
import symusic

from models.hints.charted import ChartedPast
from music.bars import bar_grid
from music.chords import chord_spans
from music.form import with_sections
from music.instruments import DRUMS, program_of
from music.piece import Piece
from pipelines.accompaniment.band import KIT, SNARES, section_starts, usual_style
from pipelines.accompaniment.request import accompaniment_request
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions
from training.quality.parts import judged


def tune(bars: int = 16, signature: tuple[int, int] = (4, 4), tempo: float = 116.0) -> Piece:
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    score.tempos.append(symusic.Tempo(0, tempo))
    track = symusic.Track("Tune", 73, False)
    for beat in range(bars * signature[0]):
        track.notes.append(symusic.Note(beat * 480, 480, (67, 72, 69, 65, 64)[beat % 5], 80))
    score.tracks.append(track)
    return Piece(score)


TYPED = {"melody": 0, "key": "C", "chords": (("C",), ("Am",), ("F",), ("G",))}


@pytest.mark.parametrize("style", ["band", "bass"])
def test_the_bass_plays_the_chords_and_everybody_keeps_a_pattern(style):
    *_, step = harmonize(tune(), HarmonizeOptions(style=style, seed=4, **TYPED))
    score = step.piece.score
    found = judged(score, chord_spans(score), bar_grid(score), 0)
    assert found["bass of a new chord"] > 0.9 and found["bass begins with the chord"] > 0.7
    assert found["rhythm comes again"] > 0.6 and found["time in chord tones"] > 0.95
    for track in score.tracks[1:]:
        if program_of(track) == DRUMS:
            assert {note.pitch for note in track.notes} <= set(KIT)


@pytest.mark.parametrize("tempo", [70.0, 116.0])
def test_a_drummer_who_is_asked_for_no_style_keeps_the_backbeat(tempo):
    *_, step = harmonize(tune(8, tempo=tempo), HarmonizeOptions(style="band", variants=4, seed=2, **TYPED))
    for piece in step.pieces:
        (drums,) = (track for track in piece.score.tracks if program_of(track) == DRUMS)
        struck = {note.time // 480 for note in drums.notes if note.pitch in SNARES}
        kept = [bar for bar in range(8) if {4 * bar + 1, 4 * bar + 3} <= struck]
        assert len(kept) >= 6, f"only in bars {kept}"


def test_variants_differ_and_the_same_seed_gives_the_same():
    options = HarmonizeOptions(style="bass", variants=2, seed=1, **TYPED)
    (*_, once), (*_, again) = harmonize(tune(4), options), harmonize(tune(4), options)
    one, other = ([tuple(note) for note in notes_of(piece)] for piece in once.pieces)
    assert one != other and [notes_of(piece) for piece in again.pieces] == [one, other]


def notes_of(piece: Piece) -> list[tuple[int, int, int]]:
    return sorted((note.time, note.duration, note.pitch) for note in piece.score.tracks[1].notes)


def test_who_is_asked_for_no_style_plays_what_fits():
    def style(piece: Piece, **options) -> str | None:
        return usual_style(accompaniment_request(piece, HarmonizeOptions(style="band", melody=0, **options)))

    assert style(tune()) == "rock" and style(tune(tempo=70.0)) == "ballad"
    assert style(tune(signature=(3, 4))) == "waltz" and style(tune(signature=(5, 4))) is None
    assert style(tune(), instruments=("piano", "strings")) is None  # nobody is at the drums


def test_phrases_are_those_that_are_marked_or_of_eight_bars():
    piece = tune(20)
    options = HarmonizeOptions(style="band", melody=0)
    assert section_starts(accompaniment_request(piece, options)) == [0, 8, 16]
    marked = piece.replace(score=with_sections(piece.score, [(0, "Verse"), (12 * 1920, "Chorus")]))
    assert section_starts(accompaniment_request(marked, options)) == [0, 12]
    beyond = piece.replace(score=with_sections(piece.score, [(99 * 1920, "Verse")]))  # only after the melody's end
    assert section_starts(accompaniment_request(beyond, options)) == [0, 8, 16]


def test_bars_after_a_long_silence_hear_their_own_chords(monkeypatch):
    """What plays 20 bars before would have them hear the chords of those bars: a step says no more than MAX_STEP bars."""
    told: list[int] = []
    bar_of = ChartedPast._chart_bar

    def heard(past: ChartedPast, bar: int) -> int:
        told.append(bar_of(past, bar))
        return told[-1]

    monkeypatch.setattr(ChartedPast, "_chart_bar", heard)
    piece = tune(24)
    *_, begun = harmonize(piece, HarmonizeOptions(style="bass", bars=(0, 1), **TYPED))
    told.clear()
    *_, step = harmonize(begun.piece, HarmonizeOptions(style="bass", bars=(21, 22), **TYPED))
    assert set(told) == {21, 22}
    assert {note.time // 1920 for note in step.piece.score.tracks[1].notes} == {0, 1, 21, 22}
