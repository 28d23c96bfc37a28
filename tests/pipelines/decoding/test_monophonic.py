"""Generate, one note at a time."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from music.bars import bar_grid
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.form import sections, with_sections
from music.instruments import playable_range
from music.piece import Piece
from pipelines.contract import Step
from pipelines.decoding.constraints import MOST_OF_ONE_PITCH, TUNE_NOTES, WIDEST_LEAP
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from pipelines.options.values import from_mapping
from tests.examples import examples
from tests.pipelines.commands.command_line import refused, run, stand_in
from tests.pipelines.scores import pieces
from tests.pipelines.song.song_checks import one_at_a_time, two_sentences
from tests.pipelines.songs import band

NOTHING, BAND = Piece.empty(), band()


@cache
def steps_of(piece: Piece, **options) -> tuple[Step, ...]:
    """Returns all Steps of a run; each run is done once in this file."""
    return tuple(generate(piece, GenerateOptions(**{"monophonic": True, "bars": 4, "seed": 3, **options})))


def new_notes(piece: Piece, start: int = 0) -> symusic.Track:
    """Returns all notes from a tick on as one track."""
    track = symusic.Track("", 0, False)
    track.notes = sorted(
        (note for one in piece.score.tracks for note in one.notes if note.time >= start),
        key=lambda note: (note.time, note.pitch),
    )
    return track


def check_tune(piece: Piece, start: int, bars: int) -> None:
    """Asserts that from a tick on there is one note at a time, in each of so many bars, without wide leaps."""
    tune = new_notes(piece, start)
    assert one_at_a_time(tune)
    bar = bar_grid(piece.score)[-1]
    assert {(note.time - start) // (bar.end - bar.start) for note in tune.notes} == set(range(bars))


@pytest.mark.parametrize(
    "options",
    [
        {}, {"instruments": ("flute",), "key": "D minor", "stay_in_key": True, "time_signature": "3/4"},
        {"density": "high", "temperature": 4.0, "top_p": 1.0}, {"temperature": 0.0, "time_signature": "7/8"},
        {"bars": None, "seconds": 5.0, "tempo_bpm": 100.0, "time_signature": "4/4"}, {"guidance": 2.0, "genre": "folk"},
    ],
)  # fmt: skip
def test_never_two_notes_at_once(options):
    steps = steps_of(NOTHING, **options)
    for step in steps:
        assert one_at_a_time(new_notes(step.piece))
    check_tune(steps[-1].piece, 0, options.get("bars", 4) or 3)


def test_a_melody_does_not_stay_on_one_pitch():
    piece = steps_of(NOTHING, bars=16, seed=12, genre="jazz", instruments=("trumpet",))[-1].piece  # most prone to it
    pitches = [note.pitch for note in new_notes(piece).notes]
    windows = [pitches[start : start + TUNE_NOTES] for start in range(len(pitches))]
    assert max(Counter(window).most_common(1)[0][1] for window in windows) <= MOST_OF_ONE_PITCH


def test_every_variant_is_a_melody_of_its_own():
    pieces = steps_of(NOTHING, variants=4, instruments=("violin",))[-1].pieces
    assert len({piece.fingerprint for piece in pieces}) == 4
    for piece in pieces:
        check_tune(piece, 0, 4)
        low, high = playable_range(40)
        tune = new_notes(piece).notes
        assert all(low <= note.pitch <= high for note in tune)
        assert all(abs(b.pitch - a.pitch) <= WIDEST_LEAP for a, b in zip(tune, tune[1:], strict=False))


@pytest.mark.parametrize("keep", [None, 2])
def test_a_band_goes_on_with_one_voice_and_stays_as_it_was(keep):
    grid = bar_grid(BAND.score)
    start = grid[(keep or len(grid)) - 1].end
    piece = steps_of(BAND, bars=2, keep_bars=keep)[-1].piece
    check_tune(piece, start, 2)
    for was, now in zip(BAND.score.tracks, piece.score.tracks, strict=False):
        kept = [note for note in now.notes if note.time < start]
        assert [(n.time, n.pitch) for n in kept] == [(n.time, n.pitch) for n in was.notes if n.time < start]


def test_the_recipe_says_so_and_gives_the_same_again():
    piece = steps_of(NOTHING, bars=2)[-1].piece
    options = from_mapping(GenerateOptions, piece.history[-1]["options"])
    assert options.monophonic
    *_, again = generate(NOTHING, options)
    assert again.piece.fingerprint == piece.fingerprint


def test_recipes_of_before_still_mean_several_notes_at_a_time():
    values = dict(steps_of(NOTHING, bars=2)[-1].piece.history[-1]["options"])
    values.pop("monophonic")
    assert not from_mapping(GenerateOptions, values).monophonic


def test_several_players_of_one_melody_are_refused():
    with pytest.raises(StudioError) as refused:
        GenerateOptions(monophonic=True, instruments=("flute", "piano"))
    assert two_sentences(str(refused.value))
    assert GenerateOptions(monophonic=True, instruments=("flute",)).instruments == ("flute",)
    with pytest.raises(StudioError) as refused:
        list(generate(NOTHING, GenerateOptions(checkpoint="remix-small")))
    assert two_sentences(str(refused.value))


@settings(
    max_examples=examples(5), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(pieces(), st.sampled_from([(), ("piano",), ("bass",), ("drums",)]), st.integers(0, 99))
def test_any_piece_goes_on_with_one_note_at_a_time(piece, instruments, seed):
    grid = bar_grid(piece.score)
    options = GenerateOptions(bars=1, monophonic=True, instruments=instruments, seed=seed, memory=64)
    *_, step = generate(piece, options)
    assert one_at_a_time(new_notes(step.piece, grid[-1].end))
    assert read_midi(midi_bytes(step.piece)).note_count == step.piece.note_count


def test_the_command_line_writes_a_melody_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    writer = stand_in(monkeypatch, "generate")
    assert run("generate", "--out", "out.mid", "--monophonic", "--instruments", "flute") == 0
    assert writer.options == GenerateOptions(monophonic=True, instruments=("flute",))
    capsys.readouterr()
    assert "melody" in refused(capsys, "generate", "--out", "x.mid", "--monophonic", "--instruments", "flute, piano")


def test_what_is_written_after_a_song_is_no_part_of_its_ending():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("Melody", 73))
    score.tracks[0].notes.extend([symusic.Note(480 * beat, 480, 60 + beat % 5, 80) for beat in range(16)])
    song = Piece(with_sections(score, [(0, "A"), (3 * 1920, "Ending")]))
    *_, step = generate(song, GenerateOptions(bars=2, monophonic=True, seed=1))
    assert [(s.name, s.start) for s in sections(step.piece.score)] == [
        ("A", 0),
        ("Ending", 3 * 1920),
        ("Continuation", 4 * 1920),
    ]
