from __future__ import annotations

import json
from functools import cache
from itertools import chain, repeat
from pathlib import Path

import pytest
import symusic

from music.bars import bar_grid
from music.chord_symbols.bars import bar_texts
from music.chords import ChordSpan, chord_spans, parse_chord, parse_chord_names, with_chords
from music.errors import StudioError
from music.files.midi import read_midi
from music.instruments import playable_range
from music.piece import Piece
from music.theory import parse_key
from music.tokens.accompaniment import HARMONIES
from music.tokens.columns import DRUM_PROGRAM
from pipelines.accompaniment.assemble import without_double_strokes
from pipelines.accompaniment.notes import AccompanimentNote
from pipelines.contract import Step
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.values import from_mapping
from pipelines.recipes import check_input, same_again
from tests.pipelines.harmonize.checks import Asked, check_harmony, check_partial, check_plain, check_voices
from tests.pipelines.remix_checks import notes_of
from tests.pipelines.songs import band

pytestmark = pytest.mark.usefixtures("random_models")

WALTZ = band(8)
PIANO, FLUTE, KIT = range(3)
LOOSE = {"temperature": 4.0, "top_p": 1.0, "checkpoint": "random-harmonize-short"}


def tune(*bars: str, signature: tuple[int, int] = (4, 4), high: int = 0) -> Piece:
    """Returns a melody of quarter notes; each bar is words of MIDI pitches, "-" for a rest."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    track = symusic.Track("Tune", 73, False)
    words = [word for bar in bars for word in bar.split()]
    track.notes = [symusic.Note(i * 480, 480, int(w) + high, 90) for i, w in enumerate(words) if w != "-"]
    score.tracks.append(track)
    return Piece(score, "Tune")


SONG = tune(*["67 69 71 72", "74 72 71 69", "67 65 64 62", "60 64 67 72"] * 2)


@cache
def steps_of(piece: Piece = SONG, **options) -> tuple[Step, ...]:
    """Returns all Steps of a run; each run is done once in this file."""
    return tuple(harmonize(piece, HarmonizeOptions(**{"checkpoint": "random-harmonize"} | options)))


def harmonized(piece: Piece = SONG, **options) -> Piece:
    return steps_of(piece, **options)[-1].piece


def notes(piece: Piece) -> list[list[tuple]]:
    """Returns the notes of each track with their instrument, and the chord symbols, sorted."""
    tracks = [sorted((track.program, *note) for note in notes_of(track).elements()) for track in piece.score.tracks]
    return [*tracks, sorted((marker.time, marker.text) for marker in piece.score.markers)]


def refusal(piece: Piece = SONG, **options) -> str:
    """Returns what is said where nothing can be done: two sentences."""
    with pytest.raises(StudioError) as refused:
        list(harmonize(piece, HarmonizeOptions(**{"checkpoint": "random-harmonize"} | options)))
    said = str(refused.value)
    assert said.count(". ") == 1 and said[-1] in ".?", said
    return said


# Who plays


@pytest.mark.parametrize("style", HARMONIES)
def test_a_song_keeps_its_melody_and_loses_the_rest(style):
    for step in steps_of(WALTZ, style=style, melody=FLUTE, seed=3)[:-1]:
        check_partial(Asked(WALTZ, HarmonizeOptions(style=style), FLUTE), step.piece)
    after = harmonized(WALTZ, style=style, melody=FLUTE, seed=3)
    check_harmony(WALTZ, after, HarmonizeOptions(style=style, melody=FLUTE))
    assert "Kit" not in {track.name for track in after.score.tracks}
    assert chord_spans(after.score)


def test_the_melody_is_found_and_another_can_be_chosen():
    assert harmonized(WALTZ).history[-1]["melody"] == FLUTE
    assert harmonized(WALTZ, melody=PIANO).score.tracks[0].name == "Left and right"


@pytest.mark.parametrize(
    ("style", "instruments", "tracks"),
    [
        ("chords", (), [("Chords", 0)]), ("chords", ("glockenspiel",), [("Chords", 9)]), ("bass", (), [("Bass", 33)]),
        ("bass", ("violin",), [("Bass", 40)]), ("piano", ("harpsichord",), [("Piano", 6)]), ("piano", ("flute",), [("Flute", 73)]),
        ("band", (), [("Acoustic Grand Piano", 0), ("Drums", 0), ("Electric Bass (finger)", 33), ("String Ensemble 1", 48)]),
        ("band", ("tuba", "cello", "tuba"), [("Cello", 42), ("Tuba", 58)]), ("band", ("drums",), [("Drums", 0)]),
        ("chorale", (), [("Alto", 52), ("Tenor", 52), ("Bass", 52)]),
        ("chorale", ("oboe", "viola", "bassoon"), [("Alto", 68), ("Tenor", 41), ("Bass", 70)]),
    ],
)  # fmt: skip
def test_only_those_play_who_are_asked(style, instruments, tracks):
    asked = {"style": style, "instruments": instruments, "seed": 1}
    after = harmonized(**asked)
    check_harmony(SONG, after, HarmonizeOptions(**asked))
    assert sorted((track.name, track.program) for track in after.score.tracks[1:]) == sorted(tracks)
    assert all(len(track.notes) for track in after.score.tracks)


@pytest.mark.parametrize("lead", [*range(0, 128, 9), 40, 42, 65, 53])
def test_the_usual_players_of_a_chorale_reach_their_notes(lead):
    score = SONG.score.copy()
    score.tracks[0].program = lead
    voices = harmonized(Piece(score), style="chorale", seed=1).score.tracks[1:]
    for voice in voices:
        low, high = playable_range(voice.program)
        assert all(low <= note.pitch <= high for note in voice.notes), (lead, voice.name)


# Chords


@pytest.mark.parametrize("style", HARMONIES)
@pytest.mark.parametrize(
    ("typed", "bars"),
    [
        ("C | Dm7 G7/B | N.C.", ["C", "Dm7 G7/B", "N.C.", "C", "Dm7 G7/B", "N.C.", "C", "Dm7 G7/B"]),
        ("|: E7#9 / / A13 :| Bbmaj9", ["E7#9 / / A13", "E7#9 / / A13", "Bbmaj9"] * 2 + ["E7#9 / / A13"] * 2),
        ("C6/9 N.C.", ["C6/9", "N.C."] * 4),
    ],
)  # fmt: skip
def test_typed_chords_stand_in_the_score_and_are_followed(style, typed, bars):
    chords = parse_chord_names(typed)
    after = harmonized(style=style, chords=chords, seed=2, **LOOSE)
    check_harmony(SONG, after, HarmonizeOptions(style=style, chords=chords))
    assert [text.split() for text in bar_texts(after.score)] == [text.split() for text in bars]


@pytest.mark.parametrize("style", ["chords", "bass"])
def test_chords_that_stand_in_a_file_are_followed_unless_others_are_typed(style):
    spans = [ChordSpan(1920, 3840, parse_chord("Dm7")), ChordSpan(3840, 8 * 1920, parse_chord("Bb/D"))]
    chart = SONG.replace(score=with_chords(SONG.score, spans))
    after = harmonized(chart, style=style, seed=2, **LOOSE)
    assert bar_texts(after.score)[1:] == ["Dm7", *["Bb/D"] * 6], "the model chooses before the first symbol only"
    typed = harmonized(chart, style=style, chords=(("E",),), seed=2, **LOOSE)
    assert bar_texts(typed.score) == ["E"] * 8
    # An accompaniment of ours does not bind the next one.
    anew = steps_of(after, style=style, seed=3, **LOOSE)[-1].piece
    assert anew.history[-2]["pipeline"] == "harmonize" and bar_texts(anew.score) != bar_texts(after.score)


@pytest.mark.parametrize("key", ["Eb major", "F# minor", "C major"])
@pytest.mark.parametrize("style", ["chords", "band"])
def test_low_complexity_knows_the_triads_of_the_key_alone(style, key):
    for seed in range(3):
        check_plain(harmonized(style=style, complexity="low", key=key, seed=seed, **LOOSE), 8 * 1920, parse_key(key))


def test_complexity_brings_richer_chords():
    def colours(complexity: str) -> set[str]:
        found = [harmonized(complexity=complexity, key="C", seed=seed, **LOOSE) for seed in range(6)]
        return {span.chord.quality for piece in found for span in chord_spans(piece.score)}

    low, medium, high = map(colours, ("low", "medium", "high"))
    assert low <= {"", "m", "dim"} and low < medium and not high <= low


# Four voices


@pytest.mark.parametrize("checkpoint", ["random-harmonize", "random-harmonize-short"])
def test_a_chorale_keeps_the_rules(checkpoint):
    for seed in range(4):
        options = {"style": "chorale", "seed": seed, "checkpoint": checkpoint, "temperature": 2.0}
        asked = check_harmony(SONG, harmonized(**options), HarmonizeOptions(**options))
        check_voices(asked, harmonized(**options))


def test_the_voices_sing_on_where_the_soprano_rests_and_end_with_it():
    song = tune("- - 67 69", "- - - -", "71 - - -", "- 67 - -")
    after = harmonized(song, style="chorale")
    check_voices(check_harmony(song, after, HarmonizeOptions(style="chorale")), after)
    assert {track.end() for track in after.score.tracks} == {14 * 480}
    assert {track.start() for track in after.score.tracks} == {2 * 480}


def test_below_the_altos_range_the_other_voices_still_do_not_cross():
    song = tune("40 42 36 45", "60 40 62 38")
    for seed in range(4):
        after = harmonized(song, style="chorale", seed=seed, **LOOSE)
        check_voices(check_harmony(song, after, HarmonizeOptions(style="chorale")), after)


# Some bars


@pytest.mark.parametrize("style", HARMONIES)
@pytest.mark.parametrize("bars", [(2, 3), (1, 4, 5, 7), tuple(range(8))])
def test_bars_are_done_again_and_the_others_stay(style, bars):
    first = harmonized(style=style, seed=1, **LOOSE)
    options = {"style": style, "bars": bars, "seed": 9} | LOOSE
    for variant in steps_of(first, **options, variants=2)[-1].pieces:
        check_harmony(first, variant, HarmonizeOptions(**options))
        assert [track.name for track in variant.score.tracks] == [track.name for track in first.score.tracks]
        assert notes(variant) != notes(first)
        assert variant.history[:-1] == first.history


def test_bars_of_an_instrument_that_was_chosen_are_played_by_it_again():
    for style, instrument in (("chords", "harp"), ("bass", "tuba"), ("piano", "flute"), ("chorale", "viola")):
        first = harmonized(style=style, instruments=(instrument,))
        after = harmonized(first, style=style, bars=(1, 2), seed=1)
        if style != "piano":  # its track is then called by the instrument
            assert [(t.name, t.program) for t in after.score.tracks] == [
                (t.name, t.program) for t in first.score.tracks
            ]


def test_typed_chords_begin_with_the_first_bar_that_is_done_again():
    first = harmonized(chords=(("C",),))
    after = harmonized(first, bars=(2, 3, 4), chords=(("Am",), ("F",)))
    assert bar_texts(after.score) == ["C", "C", "Am", "F", "Am", "C", "C", "C"]
    again = harmonized(first, bars=(7,), chords=(("N.C.",),))
    assert bar_texts(again.score) == ["C"] * 7 + ["N.C."]
    check_harmony(first, after, HarmonizeOptions(bars=(2, 3, 4), chords=(("Am",), ("F",))))


def test_bars_that_are_done_again_begin_at_their_beginning():
    """By the trained model: a random one would not mind beginning at the end of the bar."""
    tune = read_midi(Path(__file__).parents[3] / "studio" / "examples" / "greensleeves.mid")
    *_, first = harmonize(tune, HarmonizeOptions(style="piano", seed=1))
    *_, again = harmonize(first.piece, HarmonizeOptions(style="piano", bars=(4,), seed=2, variants=4))
    bar = bar_grid(tune.score)[4]
    half = (bar.start + bar.end) / 2
    early = [sum(bar.start <= note.time < half for note in piece.score.tracks[1].notes) for piece in again.pieces]
    assert sum(early) >= 4 * 2


def test_notes_that_ring_into_the_bars_are_not_cut():
    first = harmonized(style="piano", chords=(("C",),))
    ringing = first.replace(score=first.score.copy())
    ringing.score.tracks[1].notes = [symusic.Note(0, 8 * 1920, pitch, 70) for pitch in range(21, 109)]
    options = {"style": "piano", "bars": (2,), "seed": 4} | LOOSE
    check_harmony(ringing, harmonized(ringing, **options), HarmonizeOptions(**options))


def test_symbols_outside_the_bars_stay_as_they_were_written():
    song = SONG.replace(score=SONG.score.copy())
    song.score.markers = [
        symusic.TextMeta(time, text) for time, text in [(0, "chord: Gb"), (100, "chord: E7"), (7000, "Hi")]
    ]
    after = harmonized(song, bars=(1,), chords=(("C",),))
    found = [(marker.time, marker.text) for marker in after.score.markers]
    assert found == [(0, "chord: Gb"), (100, "chord: E7"), (1920, "chord: C"), (3840, "chord: E7"), (7000, "Hi")]


# Odd scores


@pytest.mark.parametrize("style", HARMONIES)
@pytest.mark.parametrize(
    "piece",
    [
        tune("60"), tune("- - - 127"), tune("0 1 2 3"), tune("- - - 67", *["- - - -"] * 24, "69 - - -"), tune("60", signature=(1, 4)),
        tune("60 62 64 65 67", signature=(5, 8)), tune("60 - 64 - 72 71 69", signature=(7, 16)),
    ],
    ids=["one note", "highest", "lowest", "long rest", "short bars", "5/8", "7/16"],
)  # fmt: skip
def test_odd_tunes_are_accompanied(style, piece):
    known = piece.score.time_signatures[0].denominator < 16  # others are read in bars of 4/4
    asked = {"style": style, "chords": (("Am",), ("F", "G")) if known else (), "seed": 5, **LOOSE}
    after = harmonized(piece, **asked)
    told = check_harmony(piece, after, HarmonizeOptions(**asked))
    if style == "chorale" and known:
        check_voices(told, after)


@pytest.mark.parametrize("style", HARMONIES)
def test_sixty_bars_after_a_pickup_that_change_their_signature(style):
    song = tune("67", *["69 71 72 71", "- - 64 65"] * 30)
    song.score.time_signatures = [
        symusic.TimeSignature(time, *signature)
        for time, signature in [
            (0, (1, 4)),
            (480, (4, 4)),
            (480 * 41, (3, 4)),
            (480 * 101, (6, 8)),
            (480 * 200, (2, 2)),
        ]
    ]
    song.score.tempos = [symusic.Tempo(0, 100.0), symusic.Tempo(9000, 55.5)]
    asked = {"style": style, "chords": (("Dm7", "G7"), ("C",)), "seed": 1, "checkpoint": "random-harmonize-short"}
    after = harmonized(song, **asked)
    told = check_harmony(song, after, HarmonizeOptions(**asked))
    assert len(told.bars) > 60
    if style != "chorale":  # whose notes may be longer than a bar
        begun = {told.bar(note.time) for track in after.score.tracks[1:] for note in track.notes}
        assert begun == set(range(len(told.bars)))


# Chance


@pytest.mark.parametrize("style", HARMONIES)
def test_another_seed_gives_another_accompaniment_and_the_same_seed_the_same(style):
    found = [harmonized(style=style, seed=seed, **LOOSE) for seed in range(3)]
    assert len({str(notes(piece)) for piece in found}) == 3
    again = list(harmonize(SONG, HarmonizeOptions(style=style, seed=2, **LOOSE)))[-1].piece
    assert (again.fingerprint, again.history) == (found[2].fingerprint, found[2].history)


@pytest.mark.parametrize("style", HARMONIES)
def test_variants_differ_and_do_not_depend_on_how_many_there_are(style):
    asked = {"style": style, "seed": 7} | LOOSE
    four = steps_of(**asked, variants=4)[-1].pieces
    two = steps_of(**asked, variants=2)[-1].pieces
    assert len({str(notes(piece)) for piece in four}) == 4
    assert [notes(piece) for piece in two] == [notes(piece) for piece in four[:2]]
    for piece in four:
        check_harmony(SONG, piece, HarmonizeOptions(style=style))


TURNED = {
    "temperature": {"temperature": 0.3}, "temperature_notes": {"temperature_notes": 0.2}, "top_p": {"top_p": 0.1},
    "temperature_rhythm": {"temperature_rhythm": 0.1}, "top_k": {"top_k": 1}, "key": {"key": "F# major"},
    "complexity": {"complexity": "low"}, "checkpoint": {"checkpoint": "random-harmonize"}, "chords": {"chords": (("E",),)},
}  # fmt: skip


@pytest.mark.parametrize("control", TURNED)
def test_every_control_reaches_the_model(control):
    """The random numbers are the same, so other notes can only come from another distribution."""
    usual = {"style": "piano"} | LOOSE
    assert any(
        notes(harmonized(**usual | {"seed": seed})) != notes(harmonized(**usual | TURNED[control] | {"seed": seed}))
        for seed in range(3)
    )


@pytest.mark.parametrize("style", HARMONIES)
def test_the_melody_is_heard_by_the_model(style):
    other = tune("60 60 60 60", "67 65 64 62", *["72 74 76 77"] * 6)
    asked = {"style": style, "key": "C", "temperature": 2.0}
    found = [[notes(harmonized(song, **asked, seed=seed))[1:] for seed in range(2)] for song in (SONG, other)]
    assert found[0] != found[1]


# What cannot be done


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"melody": 3}, "3"), ({"melody": KIT}, "drums"), ({"bars": (8,)}, "8 bars"), ({"bars": (19, 29)}, "8 bars"),
        ({"checkpoint": "nobody"}, "nobody"), ({"checkpoint": "random"}, "random"), ({"checkpoint": "generate-small"}, "generate-small"),
        ({"chords": (("Am",), ("H7",))}, "'H7'"), ({"chords": (("%",), ("C",))}, "'%'"), ({"style": "polka"}, "polka"),
        ({"key": "H"}, "'H'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_two_sentences(asked, says):
    assert says in refusal(WALTZ, **asked)


def test_without_a_melody_there_is_nothing_to_harmonize():
    refusal(Piece.empty())
    refusal(Piece.empty(), melody=0)
    silent = symusic.Score(480)
    silent.tracks = [symusic.Track("nobody", 0, False), symusic.Track("Kit", 0, True)]
    silent.tracks[1].notes = [symusic.Note(0, 10, 36, 90)]
    refusal(Piece(silent))
    assert "silence" in refusal(Piece(silent), melody=0)


# While it writes


@pytest.mark.parametrize("style", HARMONIES)
def test_closing_early_leaves_the_piece_so_far(style):
    steps = harmonize(WALTZ, HarmonizeOptions(style=style, checkpoint="random-harmonize"))
    step = next(steps)
    steps.close()
    check_partial(Asked(WALTZ, HarmonizeOptions(style=style), FLUTE), step.piece)
    assert step.done < step.total and step.piece.history == WALTZ.history


@pytest.mark.parametrize("style", HARMONIES)
def test_the_result_is_finished_however_few_looks_are_taken_on_the_way(style, monkeypatch):
    asked = {"style": style, "seed": 11} | LOOSE
    wanted = harmonized(**asked)
    monkeypatch.setattr(
        "pipelines.contract.monotonic", chain([0.0, 1e6], repeat(0.0)).__next__
    )  # the first look is slow
    steps = list(harmonize(SONG, HarmonizeOptions(**asked)))
    assert notes(steps[-1].piece) == notes(wanted) and len(steps) <= len(steps_of(**asked))


def test_the_recipe_says_all_that_decides_and_replays():
    asked = {"style": "band", "variants": 2, "instruments": ("piano", "tuba"), "chords": (("Am",), ("G",))}
    pieces = steps_of(WALTZ, **asked)[-1].pieces
    for number, piece in enumerate(pieces):
        assert piece.history[:-1] == WALTZ.history
        recipe = json.loads(json.dumps(piece.history[-1]))
        assert (recipe["pipeline"], recipe["variant"], recipe["melody"]) == ("harmonize", number, FLUTE)
        assert recipe["checkpoint"]["name"] == "random-harmonize" and len(recipe["checkpoint"]["sha256"]) == 64
        check_input(recipe, WALTZ)
        again = list(harmonize(WALTZ, from_mapping(HarmonizeOptions, recipe["options"])))[-1].pieces
        (same,) = same_again(recipe, again)
        assert same.fingerprint == piece.fingerprint


def test_no_drum_is_struck_twice_within_a_twelfth_of_a_quarter():
    def strokes(*places: tuple[int, int]) -> list[AccompanimentNote]:
        return [AccompanimentNote(DRUM_PROGRAM, position, 1, pitch, 20) for position, pitch in places]

    piano = AccompanimentNote(4, 1, 3, 42, 20)
    written = [*strokes((0, 42), (0, 36), (1, 42)), piano, *strokes((2, 42), (4, 42), (5, 38), (13, 42), (12, 42))]
    kept = [*strokes((0, 42), (0, 36)), piano, *strokes((2, 42), (4, 42), (5, 38), (12, 42))]
    assert without_double_strokes(written) == kept
