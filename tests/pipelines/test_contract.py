"""What every pipeline keeps to. A new pipeline joins with a line in PIPELINES."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from music.audio.encoding import Audio
from music.audio.features import RATE_HZ, clip_of, to_text
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from pipelines import contract
from pipelines.audio import audio
from pipelines.contract import Step, paced
from pipelines.descriptors.pipelines import STEPS
from pipelines.edit import edit
from pipelines.generate import generate
from pipelines.harmonize import harmonize
from pipelines.lyrics import write_lyrics
from pipelines.options.audio import AudioOptions
from pipelines.options.edit import EditOptions
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.lyrics import LyricsOptions
from pipelines.options.rearrange import RearrangeOptions
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.transcribe import TranscribeOptions
from pipelines.options.values import from_mapping, to_mapping
from pipelines.rearrange import change_form, rearrange
from pipelines.reharmonize import change_chords, reharmonize
from pipelines.remix import remix
from pipelines.song.again import write_again
from pipelines.song.again_options import AgainOptions
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.harmony import write_harmony
from pipelines.song.kept import keep_section
from pipelines.song.kept_options import kept_section
from pipelines.song.mix import mix
from pipelines.song.optional_stages import TextureOptions, WordsOptions
from pipelines.song.plan import SectionsOptions, ThemeOptions
from pipelines.song.sections import lay_out
from pipelines.song.texture import write_texture
from pipelines.song.theme import write_theme
from pipelines.song.words import write_words
from pipelines.transcribe import transcribe
from tests.pipelines.song.song_checks import scale_up, sketch, tunes
from tests.pipelines.songs import band
from tests.pipelines.sounds import a_hum


@dataclass(frozen=True)
class Case:
    """A pipeline with an input and options that make it work for a second at most, in several Steps."""

    pipeline: Callable[[Any, Any], Any]
    piece: Piece | Audio
    options: Any

    @property
    def history(self) -> tuple[Mapping[str, Any], ...]:
        """The recipes of its input; sound has none."""
        return self.piece.history if isinstance(self.piece, Piece) else ()


def tone() -> str:
    """Returns four seconds of an A as the audio pipeline is given them."""
    return to_text(clip_of(np.sin(2 * np.pi * 220 * np.arange(4 * RATE_HZ) / RATE_HZ).astype(np.float32)))


def composed() -> Piece:
    """Returns two themes that say how they were written, as those of a song do."""
    theme = ThemeOptions(sections=("A", "B"), bars=4, drafts=2)
    recipes = {"theme": theme, "harmony": HarmonyOptions(style="bass", chords=(("C",), ("F",)))}
    history = [{"pipeline": name, "options": to_mapping(options)} for name, options in recipes.items()]
    return tunes().replace(history=tuple(history))


PIPELINES = {
    "generate from nothing": Case(
        generate, Piece.empty(), GenerateOptions(bars=8, seed=5, density="high", instruments=("piano",))
    ),
    "generate from a piece": Case(generate, band(), GenerateOptions(bars=4, seed=6, variants=2)),
    "generate at the piano": Case(
        generate, band(), GenerateOptions(bars=12, seed=7, checkpoint="lstm-notes", variants=2)
    ),
    "generate chords": Case(
        generate,
        Piece.empty(),
        GenerateOptions(bars=None, seconds=40.0, seed=8, checkpoint="lstm-chords", tempo_bpm=120.0),
    ),
    "remix some notes": Case(remix, band(), RemixOptions(bars=(1, 2), passes=4, seed=7, variants=2)),
    "harmonize with chords": Case(harmonize, band(), HarmonizeOptions(seed=9)),
    "harmonize with a band": Case(harmonize, band(), HarmonizeOptions(style="band", seed=10, variants=2)),
    "harmonize in four parts": Case(harmonize, band(), HarmonizeOptions(style="chorale", seed=11)),
    "remix everything": Case(remix, band(), RemixOptions(change="everything", passes=3, seed=8)),
    "write a theme": Case(write_theme, sketch(scale_up(1)), ThemeOptions(bars=2, drafts=2, seed=1)),
    "lay out sections": Case(lay_out, tunes(), SectionsOptions(form=("A", "A'", "B"), amount=80.0, seed=2)),
    "write the harmony": Case(write_harmony, tunes(), HarmonyOptions(style="bass", seed=3)),
    "mix": Case(mix, tunes(), MixOptions(seed=4)),
    "write after words": Case(
        audio,
        Piece.empty(),
        AudioOptions(text="calm piano, slow", encoder="words-small", seconds=6.0, seed=12, variants=2),
    ),
    "write after a piece and a sound": Case(
        audio, band(), AudioOptions(sound=tone(), sound_lufs=-20.0, encoder="words-small", seconds=6.0, seed=13)
    ),
    "lay a texture": Case(write_texture, tunes(), TextureOptions(seed=12)),
    "write words and set them": Case(
        write_words, tunes(), WordsOptions(about="the sea", lines=2, syllables=6, rhyme="AABB", seed=13)
    ),
    "set words": Case(write_words, tunes(), WordsOptions(text="[Verse]\nOh my love, remember me\n\n[Chorus]\nLa la")),
    "transcribe a hum": Case(transcribe, a_hum(), TranscribeOptions(title="Hum")),
    "edit by hand": Case(
        edit,
        band(),
        EditOptions(changed=((0, 1, 481, 77, 60, 99),), added=((1, 960, 240, 40, 80),), removed=((0, 0),), words="did"),
    ),
    "change chords by rule": Case(
        reharmonize, band(), ReharmonizeOptions(bars=(1, 2), chords=(("Am7",), ("D", "G")), key="G major")
    ),
    "change chords by a model": Case(
        reharmonize, band(), ReharmonizeOptions(bars=(1,), chords=(("Am7",),), style="piano", melody=1, seed=5)
    ),
    "change chords of a song": Case(
        change_chords, tunes(), ReharmonizeOptions(bars=(1,), chords=(("F", "G"),), style="bass", melody=0, seed=6)
    ),
    "put sections in another order": Case(
        rearrange, tunes(), RearrangeOptions((("B", 4, 8), ("A", 0, 4), ("", 2, 4)), "did")
    ),
    "change the form of a song": Case(change_form, tunes(), RearrangeOptions((("B", 4, 8),), "did")),
    "keep a section": Case(keep_section, tunes(), kept_section(tunes(), 1)),
    "write a section again": Case(write_again, composed(), AgainOptions(section=1, seed=7)),
    "transcribe several notes": Case(transcribe, a_hum(), TranscribeOptions(mode="many", grid="none")),
    "write lyrics": Case(
        write_lyrics,
        band(),
        LyricsOptions(
            text="the sea",
            verses=1,
            lines=2,
            chorus=False,
            rhyme="AABB",
            syllables=4,
            seed=14,
            checkpoint="lyrics-small",
        ),
    ),
}


def test_no_pipeline_is_left_out():
    assert {case.pipeline for case in PIPELINES.values()} == {step.load() for step in STEPS.values()}


@dataclass(frozen=True)
class Run:
    """One whole run, and the fingerprint that its input had before."""

    case: Case
    before: str
    steps: list[Step]


@pytest.fixture(scope="module", params=PIPELINES)
def run(request) -> Run:
    case = PIPELINES[request.param]
    before = case.piece.fingerprint
    return Run(case, before, list(case.pipeline(case.piece, case.options)))


def test_the_input_stays_as_it_is(run):
    assert replace(run.case.piece).fingerprint == run.before  # computed anew


def test_the_same_seed_gives_the_same_pieces_as_the_recipe_says(run):
    options = from_mapping(type(run.case.options), run.steps[-1].piece.history[-1]["options"])
    again = list(run.case.pipeline(run.case.piece, options))[-1]
    assert [p.fingerprint for p in again.pieces] == [p.fingerprint for p in run.steps[-1].pieces]
    assert [p.history for p in again.pieces] == [p.history for p in run.steps[-1].pieces]


def test_progress_never_falls_and_reaches_the_total_once_at_the_end(run):
    done = [step.done for step in run.steps]
    assert len(done) > 1
    assert done == sorted(done)
    assert min(done) >= 0
    assert len({step.total for step in run.steps}) == 1
    assert [step.done >= step.total for step in run.steps] == [False] * (len(done) - 1) + [True]
    assert run.steps[-1].done == run.steps[-1].total
    assert all(step.unit for step in run.steps)


def test_every_step_has_whole_pieces(run):
    assert len({len(step.pieces) for step in run.steps}) == 1
    for step in run.steps:
        assert step.piece is step.pieces[0]
        for piece in step.pieces:
            assert all(note.duration > 0 and note.time >= 0 for track in piece.score.tracks for note in track.notes)
            back = read_midi(midi_bytes(piece))
            assert back.note_count == piece.note_count


def test_closing_stops_the_work(run):
    running = set(threading.enumerate())
    steps = run.case.pipeline(run.case.piece, run.case.options)
    kept = next(steps)
    print_of_kept = [replace(piece).fingerprint for piece in kept.pieces]
    steps.close()
    assert list(steps) == []
    assert set(threading.enumerate()) <= running
    assert [replace(piece).fingerprint for piece in kept.pieces] == print_of_kept


def test_history_grows_by_one_recipe_of_plain_values(run):
    was = run.case.history
    for piece in run.steps[-1].pieces:
        assert piece.history[:-1] == was
        recipe = piece.history[-1]
        assert json.loads(json.dumps(recipe)) == recipe
        assert recipe["input"] == run.case.piece.fingerprint
        assert from_mapping(type(run.case.options), recipe["options"]) == run.case.options
        assert to_mapping(run.case.options) == recipe["options"]
    for step in run.steps[:-1]:
        assert all(piece.history == was for piece in step.pieces)


def test_each_variant_says_which_it_is(run):
    recipes = [json.dumps(piece.history[-1], sort_keys=True) for piece in run.steps[-1].pieces]
    assert len(set(recipes)) == len(recipes)


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time that ``paced`` sees, as its one item; seconds are added by hand."""
    now = [100.0]
    monkeypatch.setattr(contract, "monotonic", lambda: now[0])
    return now


def look(items: Iterator[Any], clock: list[float], seconds: float) -> list[Any]:
    """Returns what a consumer sees that needs so many seconds for a look."""
    seen = []
    for item in paced(items):
        seen.append(item)
        clock[0] += seconds
    return seen


@pytest.mark.parametrize("count", [0, 1, 2, 6, 100])
@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.05, 10.0])
@pytest.mark.parametrize("between", [0.0, 0.01, 1.0])
def test_pacing_yields_the_first_and_the_last_item_once_whatever_the_speed(clock, count, seconds, between):
    def made() -> Iterator[int]:
        for number in range(count):
            clock[0] += between
            yield number

    seen = look(made(), clock, seconds)
    assert seen == sorted(set(seen))
    assert seen[:1] == list(range(count))[:1]
    assert seen[-1:] == list(range(count))[-1:]


def test_a_slow_consumer_sees_few_items_and_a_fast_one_all(clock):
    assert look(iter(range(6)), clock, 1.0) == [0, 5]
    assert look(iter(range(6)), clock, 0.0) == [0, 1, 2, 3, 4, 5]


def test_looks_take_a_tenth_of_the_time_or_are_four_a_second(clock):
    def made() -> Iterator[int]:
        for number in range(1000):
            clock[0] += 0.01
            yield number

    began = clock[0]
    seen = look(made(), clock, 0.02)
    assert 0.02 * len(seen) <= 0.1 * (clock[0] - began) + 0.04  # and the first and the last
    assert len(seen) > 50
    began = clock[0]
    assert len(look(made(), clock, 0.1)) == pytest.approx(4 * (clock[0] - began) / (1 + 4 * 0.1), rel=0.1)


def test_pacing_gives_copies_their_last_state_and_draws_all(clock):
    drawn: list[int] = []

    def made() -> Iterator[list[int]]:
        for number in range(5):
            drawn.append(number)
            yield list(drawn)

    assert look(made(), clock, 1.0) == [[0], [0, 1, 2, 3, 4]]
    assert drawn == [0, 1, 2, 3, 4]


def test_pacing_stops_when_it_is_closed_and_passes_on_what_is_raised(clock):
    drawn: list[int] = []

    def made() -> Iterator[int]:
        for number in range(3):
            drawn.append(number)
            yield number
        raise KeyError("broken")

    paces = paced(made())
    assert next(paces) == 0
    paces.close()
    assert drawn == [0]
    seen = []
    with pytest.raises(KeyError):
        for item in paced(made()):
            seen.append(item)
            clock[0] += 1.0
    assert seen == [0]
