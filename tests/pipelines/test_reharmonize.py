"""Other chords for a bar: the symbol and the accompaniment change there, and nothing else does."""

from __future__ import annotations

from functools import cache

import pytest

from music.bars import bar_grid
from music.chord_symbols.bars import bar_texts
from music.chords import chord_spans, parse_chord_names
from music.edit import add_track, graft
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from pipelines.__main__ import main
from pipelines.compose import compose
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.reharmonize import ReharmonizeOptions, reharmonized
from pipelines.reharmonize import reharmonize
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import Brief
from pipelines.song.harmony import write_harmony
from pipelines.song.mix import mix
from pipelines.song.optional_stages import WordsOptions
from pipelines.song.plan import Plan, Stage
from pipelines.song.words import write_words
from studio.projects.history import describe_recipe
from tests.pipelines.song.song_checks import tunes
from tests.pipelines.songs import band

PROGRESSION = (("C",), ("F",), ("G",), ("C",))
BAR = 1


@cache
def harmonization(style: str) -> Piece:
    players = ("bass", "drums") if style == "band" else ()
    (*_, step) = harmonize(tunes(), HarmonizeOptions(style=style, instruments=players, chords=PROGRESSION, seed=2))
    return step.piece


@cache
def song() -> Piece:
    """A song with a bass, mixed, with words on its melody."""
    piece = tunes()
    for stage, options in (
        (write_harmony, HarmonyOptions(style="bass", chords=PROGRESSION, seed=3)),
        (mix, MixOptions(seed=4)),
        (write_words, WordsOptions(text="[Verse]\nOh my love, remember me\n\n[Chorus]\nLa la")),
    ):
        (*_, step) = stage(piece, options)
        piece = step.piece
    return piece


def changed(piece: Piece, text: str, bar: int = BAR) -> Piece:
    options = reharmonized(piece, (bar,), parse_chord_names(f"| {text} |"), 7)
    (*_, step) = reharmonize(piece, options)
    return step.piece


def notes(track, inside: bool, start: int, end: int) -> list[tuple[int, ...]]:
    return sorted((n.time, n.duration, n.pitch, n.velocity) for n in track.notes if (start <= n.time < end) == inside)


def check_only(before: Piece, after: Piece, text: str, bar: int = BAR, melody: int = 0) -> list[int]:
    """Returns the pitches that accompany in the bar, after asserting that all else is as it was."""
    start, end, *_ = bar_grid(before.score)[bar]
    pitches: list[int] = []
    texts = bar_texts(before.score)
    assert bar_texts(after.score) == [*texts[:bar], text, *texts[bar + 1 :]]
    for number, (was, now) in enumerate(zip(before.score.tracks, after.score.tracks, strict=True)):
        assert (was.name, was.program, list(was.controls), list(was.lyrics)) == (
            now.name,
            now.program,
            list(now.controls),
            list(now.lyrics),
        )
        rings = [n for n in notes(was, False, start, end) if n[0] < start < n[0] + n[1]]
        kept = [n for n in notes(was, False, start, end) if n not in rings]
        assert set(kept) <= set(notes(now, False, start, end))
        assert len(notes(was, False, start, end)) == len(notes(now, False, start, end))
        if number == melody or was.is_drum:
            assert was.notes == now.notes
        else:
            pitches += [pitch for _, _, pitch, _ in notes(now, True, start, end)]
    return pitches


@pytest.mark.parametrize("style", ["chords", "piano", "band"])
def test_harmonize_writes_the_bar_again_and_all_else_stays(style):
    before = harmonization(style)
    after = changed(before, "Dm7")
    pitches = check_only(before, after, "Dm7")
    assert {pitch % 12 for pitch in pitches} & {2, 5}
    if style == "chords":
        assert {pitch % 12 for pitch in pitches} == {2, 5, 9, 0}
    assert after.history[-1]["options"]["style"] == style and after.history[-1]["checkpoint"]["name"]
    assert describe_recipe(after.history[-1]) == "changed bar 2 to Dm7, seed 7"
    assert changed(before, "Dm7").fingerprint == after.fingerprint


def test_a_second_change_is_written_by_the_same_model_and_keeps_the_first():
    once = changed(harmonization("chords"), "Dm7")
    twice = changed(once, "E7 / / Am", bar=2)
    assert bar_texts(twice.score)[:4] == ["C", "Dm7", "E7 / / Am", "C"]
    assert twice.history[-1]["options"]["style"] == "chords"


def test_a_mixed_song_keeps_its_words_its_loudness_and_who_rests():
    before = song()
    after = changed(before, "Dm7")
    pitches = check_only(before, after, "Dm7")
    assert pitches and after.lyrics == before.lyrics
    options = reharmonized(before, (BAR,), (("Dm7",),), 7)
    assert (options.style, options.mixed) == ("bass", ("groove", "swing", "clear"))
    start, end = bar_grid(before.score)[BAR].start, bar_grid(before.score)[BAR].end
    loud = [[v for *_, v in notes(piece.score.tracks[1], True, start, end)] for piece in (before, after)]
    assert abs(sum(loud[0]) / len(loud[0]) - sum(loud[1]) / len(loud[1])) < 2


def test_it_is_a_stage_of_a_composed_song():
    before = song()
    options = reharmonized(before, (BAR,), (("Dm7",),), 7)
    plan = Plan(Brief(), (Stage("words", WordsOptions(text="la")), Stage("chords", options)))
    (*_, step) = compose(Piece.empty(), plan, (before,))
    assert step.piece.fingerprint == changed(before, "Dm7").fingerprint
    assert step.piece.history[-1]["pipeline"] == "chords"


def test_notes_that_nobody_knows_the_writer_of_move_by_rule():
    before = harmonization("piano").replace(history=())
    after = changed(before, "Dm7")
    pitches = check_only(before, after, "Dm7")
    assert sum(pitch % 12 in (2, 5, 9, 0) for pitch in pitches) > 0.8 * len(pitches)  # a few pass between them
    assert after.history[-1]["options"]["style"] is None
    edited = harmonization("piano").replace(
        history=(*harmonization("piano").history, {"pipeline": "edit", "options": {}})
    )
    assert reharmonized(edited, (0,), (("C",),), 0).style is None  # what was mended by hand is not written over


def test_locked_notes_stay():
    before = harmonization("chords")
    (place, note), *_ = [
        (place, note)
        for place, note in enumerate(before.score.tracks[1].notes)
        if note.time == 1920 and note.pitch % 12 == 0
    ]
    lock = [1, note.time, note.duration, note.pitch, note.velocity]
    recipe = {"pipeline": "edit", "options": {"locked": [lock]}}
    locked = before.replace(history=(*before.history, recipe))
    options = reharmonized(locked, (BAR,), (("G",),), 7)
    assert options.lock_notes == ((1, place),)
    (*_, step) = reharmonize(locked, options)
    now = [n.pitch for n in step.piece.score.tracks[1].notes if n.time == 1920]
    assert note.pitch in now and {pitch % 12 for pitch in now} - {0} <= {7, 11, 2}


def test_a_pad_that_rings_in_and_does_not_fit_goes_on_with_another_tone():
    before = harmonization("chords").replace(history=())
    pad = len(before.score.tracks)
    score = graft(add_track(before.score, 89, False, "Pad"), [(pad, 0, 4 * 1920, 52, 60), (pad, 0, 4 * 1920, 57, 60)])
    after = changed(before.replace(score=score), "Dm7")
    held = sorted((n.time, n.duration, n.pitch) for n in after.score.tracks[pad].notes)
    assert held[0] == (0, 1920, 52) and (0, 7680, 57) in held  # the E ends; the A is a tone of D minor
    assert [(time, duration) for time, duration, pitch in held if pitch not in (52, 57)] == [(1920, 1920)]


def test_a_piece_without_symbols_gets_those_that_are_heard():
    plain = Piece(band(4).score, "Waltz")
    after = changed(plain, "Am7", bar=2)
    assert not chord_spans(plain.score) and bar_texts(after.score)[2] == "Am7"
    assert all(bar_texts(after.score))


def test_a_melody_alone_is_only_told_of():
    (*_, step) = reharmonize(tunes(), reharmonized(tunes(), (0,), (("Dm7",),), 1))
    assert step.piece.score.tracks[0].notes == tunes().score.tracks[0].notes
    assert "Nobody accompanies" in step.remarks[0]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"bars": (99,)}, "no bar 100"),
        ({"chords": (("C", "D", "E", "F", "G"),)}, "4 beats"),
        ({"bars": ()}, "no bar to change"),
        ({"bars": (0, 2), "chords": (("C",), ("D",))}, "in a row"),
        ({"chords": (("X",),)}, "not a chord"),
        ({"mixed": ("louder",)}, "mixed by"),
    ],
)
def test_what_does_not_go_is_said(values, text):
    with pytest.raises(StudioError, match=text):
        list(reharmonize(tunes(), ReharmonizeOptions(**values)))


def test_the_command_line_changes_a_bar_and_does_it_again(tmp_path):
    source, out, again = (tmp_path / name for name in ("in.mid", "out.mid", "again.mid"))
    source.write_bytes(midi_bytes(harmonization("chords")))
    assert main(["reharmonize", str(source), "--bars", "2", "--chords", "ii7", "--out", str(out)]) == 0
    assert bar_texts(read_midi(out).score)[:3] == ["C", "Dm7", "G"]
    recipe = str(tmp_path / "out.recipe.json")
    assert main(["reharmonize", str(source), "--recipe", recipe, "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    assert main(["reharmonize", str(source), "--out", str(again)]) == 2
