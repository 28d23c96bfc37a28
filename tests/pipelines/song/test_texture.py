"""A texture lies under the whole song, fits its chords at every beat, and leaves all else as it is; whatever the network says."""

from __future__ import annotations

import dataclasses
import json

import pytest
import symusic

from music.arranging.pads import VOICES, fitting_tones
from music.bars import bar_grid, score_end
from music.chords import beat_ticks
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.instruments import parse_instrument
from music.piece import Piece
from pipelines.compose import compose
from pipelines.options.values import from_mapping, to_mapping
from pipelines.song.brief import Brief
from pipelines.song.optional_stages import TextureOptions
from pipelines.song.plan import Plan, Stage
from pipelines.song.planning import plan_song
from pipelines.song.texture import write_texture
from tests.pipelines.song.song_checks import notes_of, scale_up, sketch, tunes, two_sentences
from tests.pipelines.song.toy_stages import BAR, plan_of, sung

pytestmark = pytest.mark.usefixtures("random_models")

SONG = sung(plan_of(Brief()))
OPTIONS = TextureOptions(text="calm and dark", seed=3, checkpoint="random-audio")


def laid(song: Piece = SONG, **options) -> Piece:
    """Returns the song with its texture."""
    *_, step = write_texture(song, dataclasses.replace(OPTIONS, **options))
    assert not step.remarks
    return step.piece


def in_metre(numerator: int, denominator: int) -> Piece:
    """Returns a tune in four bars of some length, chords held under it, with no chord symbols."""
    quarters = 4 * numerator / denominator
    piece = sketch(scale_up(4, 1), signature=(numerator, denominator))
    score = piece.score
    chords = symusic.Track("Chords", 0, False)
    for bar, pitches in enumerate(([48, 52, 55], [53, 57, 60], [55, 59, 62], [48, 52, 55])):
        start, end = (round(480 * quarters * at) for at in (bar, bar + 1))
        chords.notes.extend(symusic.Note(start, end - start, pitch, 70) for pitch in pitches)
    score.tracks.append(chords)
    return piece.replace(score=score)


SONGS = {
    "with chord symbols": SONG,
    "themes without chords": tunes("A B", 2),
    **{f"in {n}/{d}": in_metre(n, d) for n, d in ((4, 4), (3, 4), (5, 4), (7, 8), (3, 8), (12, 8), (4, 2), (5, 16))},
}


@pytest.mark.parametrize("density", ["sparse", "dense"])
@pytest.mark.parametrize("name", SONGS)
def test_its_notes_fit_the_chord_of_every_beat_and_it_ends_with_the_song(name, density):
    song = SONGS[name]
    track = laid(song, density=density).score.tracks[-1]
    tones, end = fitting_tones(song.score), score_end(song.score)
    beats = [tick for bar in bar_grid(song.score) for tick in beat_ticks(bar, song.score.ticks_per_quarter)]
    assert len(track.notes)
    for note in track.notes:
        sounding = [note.time, *(tick for tick in beats if note.time <= tick < note.end)]
        assert all(
            note.pitch % 12 in span.classes for span in tones for tick in sounding if span.start <= tick < span.end
        )
    assert max(note.end for note in track.notes) == end
    for tick in beats:
        assert sum(note.time <= tick < note.end for note in track.notes) <= VOICES


def test_the_song_without_it_is_the_song_as_it_was():
    score = laid().score
    track = score.tracks[-1]
    assert track.name == "Texture" and track.program == 89 and not track.is_drum
    score.tracks = score.tracks[:-1]
    assert SONG.replace(score=score).fingerprint == SONG.fingerprint


def test_it_is_a_track_like_any_other_in_a_file():
    made = laid(instrument="choir aahs")
    back = read_midi(midi_bytes(made))
    assert back.fingerprint == made.fingerprint and back.score.tracks[-1].program == 52


def test_it_lies_below_the_melody_and_above_the_bass():
    for note in laid(density="dense").score.tracks[-1].notes:
        assert 48 <= note.pitch <= 67


def test_below_a_melody_that_lies_low_there_is_less_room():
    piece = sketch([(float(beat), 1.0, 62) for beat in range(16)])
    for note in laid(piece).score.tracks[-1].notes:
        assert note.pitch < 62


def test_the_same_seed_gives_the_same_notes_and_another_one_others():
    assert laid().fingerprint == laid().fingerprint != laid(seed=4).fingerprint


def test_a_return_has_the_same_texture():
    song = sung(plan_of(Brief()), stages=4)
    score = song.score.copy()
    for marker in score.markers:
        if marker.text.startswith("chord") and 2 * BAR <= marker.time < 4 * BAR:
            marker.text = ("chord: C", "chord: F")[marker.time // BAR - 2]
        if marker.text == "section: B":
            marker.text = "section: A"
    track = laid(song.replace(score=score)).score.tracks[-1]
    first, again = ([note[:3] for note in notes_of(track, at, at + 2 * BAR)] for at in (0, 2 * BAR))
    assert first == again


def test_stopping_keeps_what_is_there():
    steps = write_texture(SONG, OPTIONS)
    kept = next(steps)
    steps.close()
    assert kept.done < kept.total and not kept.piece.history[len(SONG.history) :]
    track = kept.piece.score.tracks[-1]
    assert len(track.notes) and all(note.end <= 2 * BAR for note in track.notes)
    assert read_midi(midi_bytes(kept.piece)).note_count == kept.piece.note_count


def test_its_recipe_makes_it_again():
    made = laid(density="medium", temperature=0.5)
    recipe = json.loads(json.dumps(made.history[-1]))
    assert recipe["pipeline"] == "texture" and recipe["input"] == SONG.fingerprint
    assert recipe["checkpoint"]["name"] == "random-audio"
    *_, step = write_texture(SONG, from_mapping(TextureOptions, recipe["options"]))
    assert step.piece.fingerprint == made.fingerprint


def test_it_is_no_louder_than_the_melody_and_has_its_place_in_the_room():
    made = laid()
    volumes = [{c.number: c.value for c in track.controls} for track in made.score.tracks]
    assert set(volumes[-1]) >= {7, 10, 91} and volumes[-1][7] < 112


@pytest.mark.parametrize("song", [Piece.empty(), sung(plan_of(Brief()), stages=0)])
def test_without_a_song_it_says_so(song):
    with pytest.raises(StudioError) as refused:
        list(write_texture(song, OPTIONS))
    assert two_sentences(str(refused.value))


@pytest.mark.parametrize(
    "wrong",
    [{"instrument": "flute"}, {"instrument": "drums"}, {"instrument": "kazooo"}, {"density": "thick"}, {"follow": 1.5},
     {"temperature": 5.0}, {"seed": -1}],
)  # fmt: skip
def test_options_are_refused_in_sentences(wrong):
    with pytest.raises(StudioError) as refused:
        TextureOptions(**wrong)
    assert two_sentences(str(refused.value))


# In a plan


def test_a_song_has_none_unless_it_is_asked_for():
    assert [stage.pipeline for stage in plan_song(Brief()).stages] == ["theme", "sections", "harmony", "mix"]
    plan = plan_song(Brief(text="a waltz with a pad", texture="pad", seed=5))
    assert plan.stages[:4] == plan_song(Brief(text="a waltz with a pad", seed=5)).stages
    assert plan.stages[4] == Stage("texture", TextureOptions(text="a waltz with a pad", seed=5))


@pytest.mark.parametrize(("texture", "program"), [("pad", 89), ("strings", 49), ("choir", 52), ("organ", 19)])
def test_who_plays_it_is_who_was_asked_for(texture, program):
    assert parse_instrument(plan_song(Brief(texture=texture)).stages[-1].options.instrument) == program


def test_nobody_plays_it_who_is_excluded():
    plan = plan_song(Brief(texture="pad", without=("pad 2 (warm)", "string ensemble 2")))
    assert parse_instrument(plan.stages[-1].options.instrument) == 52
    with pytest.raises(StudioError) as refused:
        plan_song(Brief(texture="pad", without=("89", "49", "52", "19")))
    assert two_sentences(str(refused.value))


def test_compose_lays_it_under_a_song_that_is_done_and_keeps_all_before():
    plan = plan_of(Brief())
    stages = tuple(sung(plan, stages=count) for count in range(1, 5))
    with_texture = Plan(plan.brief, (*plan.stages, Stage("texture", OPTIONS)))
    *_, step = compose(Piece.empty(), with_texture, stages)
    assert all(was is now for was, now in zip(stages, step.stages, strict=False)) and step.done == step.total == 5.0
    assert [recipe["pipeline"] for recipe in step.piece.history] == ["theme", "sections", "harmony", "mix", "texture"]
    assert step.piece.history[-1]["options"] == to_mapping(OPTIONS)
    *_, again = compose(Piece.empty(), with_texture.with_options(4, seed=9), stages)
    assert again.stages[3] is stages[3] and again.piece.fingerprint != step.piece.fingerprint
