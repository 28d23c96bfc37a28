from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkpoints.loading import load
from music.analysis.chord_estimation import chords_at
from music.bars import bar_grid
from music.chords import beat_ticks, chord_spans, parse_chord, parse_chord_names, parse_progression
from music.edit import slice_bars
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.form import ENDING, INTRO, with_sections
from music.instruments import DRUMS, parse_instrument
from music.piece import Piece
from music.theory import parse_key, written_key
from pipelines.contract import Step
from pipelines.options.values import from_mapping
from pipelines.song.band_options import HarmonyOptions
from pipelines.song.harmony import agrees, cadence, write_harmony
from pipelines.song.plan import SectionsOptions
from pipelines.song.sections import lay_out
from tests.examples import examples
from tests.pipelines.song.song_checks import chords_in, marked, notes_of, playing, tunes, two_sentences


@cache
def song(
    form: str = "A A' B A",
    bars: int = 2,
    intro: int = 1,
    ending: int = 2,
    signature: str = "4/4",
    key: str = "C major",
    final: float | None = None,
) -> Piece:
    """Returns the melody of a song; a varied return has its theme's last bar but one a step higher."""
    names = list(dict.fromkeys(name.rstrip("'") for name in form.split()))
    varied = [name for name in dict.fromkeys(form.split()) if name not in names]
    themes = tunes(" ".join(names), bars, signature, key)
    score, bar = themes.score.copy(), bar_grid(themes.score)[0].end
    scale = [pitch for pitch in range(128) if pitch % 12 in parse_key(key).scale]
    marks = [(section.start, section.name) for section in marked(themes)]
    for number, name in enumerate(varied):
        start = (len(names) + number) * bars * bar
        theme = next(section for section in marked(themes) if section.name == name.rstrip("'"))
        marks.append((start, name))
        for onset, length, pitch, velocity in notes_of(themes.score.tracks[0], theme.start, theme.end):
            if onset // bar == max(0, bars - 2):
                pitch = scale[scale.index(pitch) + 1]
            score.tracks[0].notes.append(symusic.Note(start + onset, length, pitch, velocity))
    piece = Piece(with_sections(score, sorted(marks)), "Song", ("la",), ({"pipeline": "by hand"},))
    options = SectionsOptions(form=tuple(form.split()), intro_bars=intro, ending_bars=ending, final_beats=final)
    *_, step = lay_out(piece, options)
    return step.piece


@cache
def steps_of(piece: Piece, **options) -> tuple[Step, ...]:
    """Returns all Steps of a run; each run is done once in this file."""
    return tuple(write_harmony(piece, HarmonyOptions(**options)))


def beat_chords(score: symusic.Score, start: int, end: int) -> list[str]:
    """Returns the name of the chord in force at each beat between two ticks."""
    last = bar_grid(score)[-1].end
    beats = [tick for bar in bar_grid(score) for tick in beat_ticks(bar, score.ticks_per_quarter)]
    inside = np.array([tick for tick in beats if start <= tick < end])
    return [chord.name() for chord in chords_at(chord_spans(score, last), inside)]


def check_harmony(before: Piece, steps: tuple[Step, ...], options: HarmonyOptions) -> None:
    """Asserts what is promised of every accompanied song."""
    song = steps[-1].piece
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert [step.done == step.total for step in steps] == [False] * (len(steps) - 1) + [True]
    assert {step.total for step in steps} == {float(len(bar_grid(before.score)))}
    tune = before.score.tracks[0]
    for step in steps:
        score = step.piece.score
        melody = score.tracks[0]
        assert (melody.name, melody.program, melody.is_drum) == (tune.name, tune.program, tune.is_drum)
        assert notes_of(melody) == notes_of(tune)
        assert marked(step.piece) == marked(before)
        for kind in ("tempos", "time_signatures", "key_signatures"):
            assert getattr(score, kind) == getattr(before.score, kind)
        assert all(note.duration > 0 and note.time >= 0 for track in score.tracks for note in track.notes)
    score, end = song.score, bar_grid(before.score)[-1].end
    assert all(note.time + note.duration <= end for track in score.tracks for note in track.notes)
    # Returns are the same music, and the chords that stand over it are too.
    heard: dict[str, list] = {}
    for section in marked(song):
        notes = [notes_of(track, section.start, section.end) for track in score.tracks]
        both = [notes, beat_chords(score, section.start, section.end)]
        assert heard.setdefault(section.name, both) == both, section
    # Everybody who was asked for plays.
    asked = set(map(parse_instrument, options.instruments))
    others = symusic.Score(480)
    others.tracks = score.tracks[1:]
    assert playing(others) == asked or not asked
    assert all(len(track.notes) for track in others.tracks) or not asked
    # It ends on the tonic, after the dominant.
    key = written_key(before.score)
    last = marked(song)[-1]
    assert last.name == ENDING
    bars = [bar for bar in bar_grid(score) if bar.start >= last.start]
    tonic = parse_chord(key.spelling(key.tonic) + ("m" if key.mode == "minor" else "")).name()
    assert set(beat_chords(score, bars[-1].start, bars[-1].end)) == {tonic}
    if len(bars) > 1:
        dominant = parse_chord(key.spelling((key.tonic + 7) % 12) + "7").name()
        assert beat_chords(score, bars[-2].start, bars[-2].end)[-1] == dominant


def check_intro(piece: Piece) -> None:
    """Asserts that the intro is the accompaniment of the first section, as often as there is room."""
    score = piece.score
    intro, first = marked(piece)[:2]
    assert intro.name == INTRO and not any(note.time < intro.end for note in score.tracks[0].notes)
    whole = first.end - first.start
    theme = next((s for s in marked(piece) if s.name == first.theme), first)
    for track in score.tracks[1:]:
        expected = [
            (at + onset, min(length, intro.end - at - onset), pitch, velocity)
            for at in range(0, intro.end, whole)
            for onset, length, pitch, velocity in notes_of(track, theme.start, theme.end)
            if at + onset < intro.end
        ]
        assert notes_of(track, 0, intro.end) == sorted(expected)


BANDS = {
    "chords": ("organ",), "bass": ("upright bass",), "piano": ("piano",), "chorale": ("viola", "cello", "bassoon"),
    "band": ("piano", "bass", "drums", "trumpet"),
}  # fmt: skip


@pytest.mark.parametrize("style", BANDS)
def test_every_style_accompanies_the_whole_song(style):
    options = {"style": style, "instruments": BANDS[style], "seed": 2}
    before = song().fingerprint
    steps = steps_of(song(), **options)
    check_harmony(song(), steps, HarmonyOptions(**options))
    check_intro(steps[-1].piece)
    assert song().replace().fingerprint == before
    accompanied = {
        note.time // 1920 for track in steps[-1].piece.score.tracks[1:] if not track.is_drum for note in track.notes
    }
    assert len(accompanied) >= len(bar_grid(song().score)) - 2


@pytest.mark.parametrize(
    ("signature", "key"), [("3/4", "F# minor"), ("6/8", "Eb major"), ("5/4", "A minor"), ("7/8", "B major")]
)
def test_other_metres_and_minor_are_accompanied_too(signature, key):
    piece = song(signature=signature, key=key, ending=3)
    options = {"style": "bass", "seed": 1}
    check_harmony(piece, steps_of(piece, **options), HarmonyOptions(**options))


def test_only_what_was_varied_is_accompanied_anew():
    piece = steps_of(song("A A' B", bars=4, intro=0), style="chords", seed=4)[-1].piece
    theme, varied = marked(piece)[:2]
    for track in piece.score.tracks[1:]:
        was, now = (notes_of(track, section.start, section.end) for section in (theme, varied))
        for bar in (0, 1, 3):
            assert [n for n in was if n[0] // 1920 == bar] == [n for n in now if n[0] // 1920 == bar]


def test_a_return_that_was_varied_by_nothing_sounds_as_its_theme():
    before = song("A B A", bars=2)
    score = with_sections(before.score, [(s.start, "A'" if n == 3 else s.name) for n, s in enumerate(marked(before))])
    piece = steps_of(Piece(score), style="bass", seed=4)[-1].piece
    sections = {section.name: section for section in marked(piece)}
    for track in piece.score.tracks:
        was, now = (notes_of(track, sections[name].start, sections[name].end) for name in ("A", "A'"))
        assert was == now


@pytest.mark.parametrize("chords", ["C G", "Am | F C/E | Dm7", "C", "| C F / / | G7"])
@pytest.mark.parametrize("form", ["A B A", "A' B A'", "B A' A B"])
def test_typed_chords_begin_anew_with_each_theme_and_are_what_the_symbols_say(chords, form):
    before = song(form, bars=4)
    options = {"style": "chords", "chords": parse_chord_names(chords, 4), "seed": 3}
    steps = steps_of(before, **options)
    check_harmony(before, steps, HarmonyOptions(**options))
    score = steps[-1].piece.score
    progression = parse_progression(chords, 4)
    for section in marked(steps[-1].piece):
        if section.name in (INTRO, ENDING):
            continue
        for bar in range(4):
            asked = progression[bar % len(progression)]
            beats = beat_chords(score, section.start + bar * 1920, section.start + (bar + 1) * 1920)
            assert beats == [asked[n * len(asked) // 4].name() for n in range(4)]
            for beat, name in enumerate(beats):
                at = section.start + bar * 1920 + beat * 480
                sounding = {
                    note.pitch % 12
                    for note in score.tracks[1].notes
                    if note.time < at + 480 and note.time + note.duration > at
                }
                assert sounding <= {*parse_chord(name).tones, parse_chord(name).bass} and len(sounding) > 1


@pytest.mark.parametrize("key", ["C major", "D minor"])
def test_a_song_opens_on_its_tonic_where_the_melody_lets_it(key):
    piece, home = song(key=key, intro=0), parse_key(key)
    opening = slice_bars(piece.score, 0, 1)
    tonic = cadence(opening, 1, home)[0]
    assert agrees(opening, tonic)
    for seed in range(3):
        score = steps_of(piece, style="chords", seed=seed)[-1].piece.score
        assert beat_chords(score, 0, bar_grid(score)[0].end) == [tonic[0].name()] * 4


@pytest.mark.parametrize(
    "pitches, agree", [((62, 65, 69, 62), True), ((62, 65, 64, 67), True), ((64, 67, 62, 70), False)]
)
def test_half_of_a_bar_must_agree_with_a_chord(pitches, agree):
    bar = symusic.Score(480)
    bar.tracks.append(symusic.Track("Melody", 0, False))
    bar.tracks[0].notes.extend(symusic.Note(at * 480, 480, pitch, 80) for at, pitch in enumerate(pitches))
    assert agrees(bar, (parse_chord("Dm"),)) == agree


@pytest.mark.parametrize("ending", [1, 2, 3, 8])
@pytest.mark.parametrize("key", ["D major", "G minor"])
def test_an_ending_of_any_length_comes_home(ending, key):
    piece = song("A B", bars=1, ending=ending, key=key, intro=0, final=2.0)
    check_harmony(piece, steps_of(piece, style="chords"), HarmonyOptions(style="chords"))


@pytest.mark.parametrize("key", ["C major", "F# minor", "Bb minor", "Eb major"])
@pytest.mark.parametrize("signature", ["4/4", "3/4", "7/8"])
def test_a_cadence_has_a_bar_each_and_leads_to_the_tonic(key, signature):
    melody, tonic = tunes("A", 3, signature, key).score, parse_key(key)
    for bars in range(1, 9):
        found = cadence(melody, bars, tonic)
        assert len(found) == bars
        assert [chord.root for chord in found[-1]] == [tonic.tonic]
        assert bars == 1 or (found[-2][-1].root, found[-2][-1].quality) == ((tonic.tonic + 7) % 12, "7")
        assert all(chord.root in tonic.scale for bar in found for chord in bar)


@pytest.mark.parametrize("intro", [1, 3, 5, 16])
def test_an_intro_longer_than_the_section_begins_it_again(intro):
    piece = song("A B", bars=2, intro=intro, ending=1)
    steps = steps_of(piece, style="piano", seed=6)
    check_harmony(piece, steps, HarmonyOptions(style="piano"))
    check_intro(steps[-1].piece)


def test_who_got_nothing_from_the_model_plays_too(random_models):
    piece = song("A A' B A", bars=1, signature="6/4", ending=1)
    options = {"style": "band", "instruments": ("piano", "bass", "drums", "strings"), "checkpoint": "random-harmonize"}
    for seed in range(3):
        check_harmony(piece, steps_of(piece, **options, seed=seed), HarmonyOptions(**options, seed=seed))


def test_the_trio_of_a_march_is_in_the_key_of_the_subdominant():
    before = song("A Trio A")
    after = steps_of(before, style="chords")[-1].piece
    for section in marked(before):
        was, now = (
            [note[2] for note in notes_of(piece.score.tracks[0], section.start, section.end)]
            for piece in (before, after)
        )
        moved = {(b - a) % 12 for a, b in zip(was, now, strict=True)}
        assert moved <= {5 if section.name == "Trio" else 0}
    trio = next(section for section in marked(after) if section.name == "Trio")
    assert "F" in beat_chords(after.score, trio.start, trio.end)


def test_the_recipe_is_complete_and_seeds_count():
    options = {"style": "bass", "seed": 1, "complexity": "high"}
    steps = steps_of(song(), **options)
    piece = steps[-1].piece
    *_, again = write_harmony(song(), HarmonyOptions(**options))
    assert (again.piece.fingerprint, again.piece.history) == (piece.fingerprint, piece.history)
    assert steps_of(song(), **{**options, "seed": 2})[-1].piece.fingerprint != piece.fingerprint
    assert piece.history[:-1] == song().history and (piece.title, piece.lyrics) == ("Song", ("la",))
    recipe = piece.history[-1]
    assert json.loads(json.dumps(recipe)) == recipe
    assert (recipe["pipeline"], recipe["input"]) == ("harmony", song().fingerprint)
    assert recipe["checkpoint"] == {"name": "harmonize-small", "sha256": load("harmonize-small").entry.sha256}
    assert from_mapping(HarmonyOptions, recipe["options"]) == HarmonyOptions(**options)
    assert len(steps) > 2
    for step in (*steps[:-1][:2], *steps[-2:-1]):
        assert step.piece.history == song().history
        assert read_midi(midi_bytes(step.piece)).note_count == step.piece.note_count


def test_what_cannot_be_accompanied_is_refused():
    bare = Piece(with_sections(song().score, []))
    for piece, options in (
        (bare, {}), (Piece.empty(), {}), (song(), {"checkpoint": "generate-small"}), (song(), {"checkpoint": "nobody"}),
        (song(), {"style": "bass", "instruments": ("piano", "bass")}), (song(), {"style": "piano", "instruments": ("drums",)}),
    ):  # fmt: skip
        with pytest.raises(StudioError) as refused:
            list(write_harmony(piece, HarmonyOptions(**options)))
        assert two_sentences(str(refused.value)), refused.value


@settings(
    max_examples=examples(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(["chords", "bass", "piano", "band", "chorale"]),
    st.sampled_from(["A", "A B A", "A' B A'", "B A' A A'"]),
    st.integers(1, 3),
    st.integers(0, 4),
    st.integers(1, 4),
    st.sampled_from(
        [("4/4", "C major"), ("3/4", "C# minor"), ("7/8", "Db major"), ("6/8", "G minor"), ("5/4", "E major")]
    ),
    st.sampled_from([(), (), (("C",), ("G7",)), (("Am",), ("F", "G"))]),
    st.sampled_from([None, 0.5]),
    st.sampled_from(["random-harmonize", "random-harmonize-short"]),
    st.integers(0, 99),
)
def test_any_model_keeps_the_promises(
    random_models, style, form, bars, intro, ending, metre, chords, final, name, seed
):
    piece = song(form, bars, intro, ending, *metre, final)
    instruments = ("drums", "flute", "bass", "celesta") if style == "band" else ()
    options = HarmonyOptions(
        style=style, instruments=instruments, chords=chords, checkpoint=name, seed=seed, temperature=2.0
    )
    steps = tuple(write_harmony(piece, options))
    check_harmony(piece, steps, options)
    if intro:
        check_intro(steps[-1].piece)
    if style == "band":
        assert DRUMS in playing(steps[-1].piece.score)
    assert all(chords_in(steps[-1].piece.score, section) for section in marked(steps[-1].piece))
