"""Locked notes: no model and no hand changes them, whatever is asked, until they are unlocked."""

from __future__ import annotations

import dataclasses
import json

import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.bars import bar_grid
from music.edit_notes import hold
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from pipelines.__main__ import main
from pipelines.edit import edit, options_of
from pipelines.generate import generate
from pipelines.harmonize import harmonize
from pipelines.locks import locked_notes, notes_at
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.remix import CHANGES, RemixOptions
from pipelines.remix import remix
from studio.projects.packing import inflated, pack, unpack
from tests.examples import examples
from tests.pipelines.remix_checks import check_rest, notes_of
from tests.pipelines.scores import pieces
from tests.pipelines.songs import band

pytestmark = pytest.mark.usefixtures("random_models")

PLACES = ((0, 0), (0, 9), (0, 15), (1, 4), (1, 5), (2, 3))


def edited(piece: Piece, **values) -> Piece:
    """Returns a piece that was edited on the roll."""
    (*_, step) = edit(piece, options_of(piece, json.loads(json.dumps(values))))
    return step.piece


def locked(piece: Piece, places=PLACES) -> Piece:
    return edited(piece, locked=notes_at(piece, places))


def is_held(before: Piece, after: Piece, places=PLACES) -> bool:
    return all(tuple(note) in notes_of(after.score.tracks[track]) for track, *note in notes_at(before, places))


def test_locks_are_kept_in_the_history_until_they_are_taken_back():
    piece = locked(band())
    assert locked_notes(piece) == PLACES and piece.fingerprint == band().fingerprint
    assert piece.history[-1]["options"]["words"] == "locked 6 notes in bars 1-3"
    assert locked_notes(read_midi(midi_bytes(piece))) == locked_notes(unpack(inflated(pack(piece)))) == PLACES
    moved = edited(piece, changed=[[0, 1, 500, 480, 60, 50]])  # what stands beside a locked note may change
    assert len(locked_notes(moved)) == 6 and is_held(piece, moved)
    free = edited(piece, unlocked=notes_at(piece, [(0, 0), (1, 4)]), removed=[[0, 0]])
    assert locked_notes(free) == ((0, 8), (0, 14), (1, 5), (2, 3))
    assert free.history[-1]["options"]["words"] == "removed 1 note and unlocked 2 notes in bars 1-2"


def test_locks_move_along_with_the_whole_song():
    piece = locked(band())
    lower = edited(piece, semitones=-5, changed=[[0, 1, 500, 480, 60, 50]])
    before, after = (notes_at(each, locked_notes(each)) for each in (piece, lower))
    drums = {n for n, track in enumerate(piece.score.tracks) if track.is_drum}
    shift = {track: 0 if track in drums else -5 for track, *_ in before}
    assert sorted((n[0], n[1], (n[3] + shift[n[0]]) % 12) for n in before) == sorted(
        (n[0], n[1], n[3] % 12) for n in after
    )
    assert len(locked_notes(edited(lower, semitones=5))) == len(PLACES)
    assert len(locked_notes(edited(read_midi(midi_bytes(lower)), tempo=77))) == len(PLACES)


def test_locks_that_moved_often_are_written_once():
    piece = locked(band())
    for _ in range(5):
        piece = edited(piece, semitones=1)
    assert [recipe["pipeline"] for recipe in piece.history[-6:]] == ["edit"] * 6
    assert ["locked" in recipe for recipe in piece.history[-6:]] == [False] * 5 + [True]
    assert locked_notes(piece) == PLACES


@pytest.mark.parametrize("change", [{"semitones": 2}, {"feel": "swung"}, {"tempo": 77}])
def test_locked_notes_go_along_with_the_whole_song_and_stay_locked(change):
    piece = locked(band())
    after = edited(piece, **change)
    assert locked_notes(after) == PLACES and "locked" not in after.history[-1]["options"]["words"]
    assert locked_notes(edited(after, semitones=-1)) == PLACES
    free = edited(piece, unlocked=notes_at(piece, PLACES), added=[[0, 0, 480, 50, 90]], **change)
    assert locked_notes(free) == ()


@pytest.mark.parametrize("values", [{"removed": [[0, 0]]}, {"changed": [[1, 4, 0, 9, 60, 9]]}])
def test_a_hand_cannot_change_a_locked_note(values):
    with pytest.raises(StudioError, match="Unlock it first"):
        edited(locked(band()), **values)


@pytest.mark.parametrize("values", [[[0, 0, 480, 61, 71]], [[9, 0, 480, 60, 71]], [[0, 0]], 7])
def test_only_notes_that_are_there_can_be_locked(values):
    with pytest.raises(StudioError):
        edited(band(), locked=values)


@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=examples(10), deadline=None)
@given(st.data())
def test_a_remix_of_all_leaves_locked_notes_bit_for_bit(change, data):
    piece = data.draw(pieces())
    places = [(number, n) for number, track in enumerate(piece.score.tracks) for n in range(len(track.notes))]
    some = tuple(data.draw(st.lists(st.sampled_from(places), max_size=len(places) - 1, unique=True)))
    options = RemixOptions(change=change, amount=100.0, lock_notes=some, checkpoint="random", passes=2)
    try:
        steps = list(remix(piece, options))
    except StudioError as error:  # all that could change is locked, or drums
        assert "selection" in str(error) or "drums" in str(error)
        return
    for step in steps:
        check_rest(piece, step.piece, options)
        assert is_held(piece, step.piece, some)
        assert all(step.piece.score.tracks[track].program == piece.score.tracks[track].program for track, _ in some)


def test_a_remix_changes_all_but_what_is_locked_and_says_how_much_that_was():
    piece = band(8)
    (*_, step) = remix(piece, RemixOptions(amount=100.0, lock_notes=PLACES, checkpoint="random", passes=2))
    same = sum((notes_of(old) & notes_of(new)).total() for old, new in zip(piece.score.tracks, step.piece.score.tracks))
    assert same == len(PLACES)
    with pytest.raises(StudioError, match="no note 900"):
        next(remix(piece, RemixOptions(lock_notes=((0, 900),), checkpoint="random")))


@pytest.mark.parametrize("keep", [2, 3])
def test_a_continuation_is_written_around_locked_notes(keep):
    piece = band()
    late = tuple((track, n) for track in range(3) for n in range(len(piece.score.tracks[track].notes)))[-8:]
    for step in generate(piece, GenerateOptions(bars=2, keep_bars=keep, lock_notes=late, density="low")):
        assert is_held(piece, step.piece, late)
    with pytest.raises(StudioError, match="No bar is kept"):
        next(generate(piece, GenerateOptions(bars=1, keep_bars=0, lock_notes=late)))


@pytest.mark.parametrize("style", ["chords", "bass", "band", "chorale"])
@pytest.mark.parametrize("bars", [(), (1, 2)])
def test_an_accompaniment_is_written_around_locked_notes(style, bars):
    asked = HarmonizeOptions(style, melody=1, checkpoint="random-harmonize")
    (*_, first) = harmonize(band(), asked)
    track = len(first.piece.score.tracks) - 1
    starts = [bar.start for bar in bar_grid(first.piece.score)]
    mine = [(track, n) for n, note in enumerate(first.piece.score.tracks[track].notes) if note.time >= starts[1]][:3]
    piece = locked(first.piece, ((0, 2), *mine))
    again = dataclasses.replace(asked, melody=0, bars=bars, seed=9, lock_notes=locked_notes(piece))
    for step in harmonize(piece, again):
        assert mine and all(is_held_somewhere(piece, step.piece, place) for place in mine)
    held = notes_at(step.piece, locked_notes(step.piece))
    assert [note[1:] for note in held] == [note[1:] for note in notes_at(piece, locked_notes(piece))]
    line = step.piece.score.tracks[held[-1][0]].notes
    if style in ("bass", "chorale"):  # one note at a time, around those that stay
        for _, time, duration, *_ in held[1:]:
            assert sum(note.time < time + duration and note.end > time for note in line) == 1
    (*_, other) = harmonize(
        step.piece, dataclasses.replace(again, bars=(), style="piano", lock_notes=locked_notes(step.piece))
    )
    assert len(locked_notes(other.piece)) == 1 + len(mine)  # whoever accompanies now, they stay and are locked


def is_held_somewhere(before: Piece, after: Piece, place) -> bool:
    ((_, *note),) = notes_at(before, [place])
    return any(tuple(note) in notes_of(track) for track in after.score.tracks)


def test_what_overlaps_a_note_that_is_held_makes_way():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("a", 0, False))
    before, cut, over, inside, other = (
        (0, 500, 60, 1),
        (400, 80, 60, 5),
        (700, 200, 60, 1),
        (850, 60, 60, 1),
        (800, 9, 61, 1),
    )
    score.tracks[0].notes.extend(symusic.Note(*note) for note in (before, cut, over, inside, other))
    held = [(0, 400, 300, 60, 5), (0, 800, 300, 60, 9)]
    found = notes_of(hold(score, held, 480).tracks[0])
    assert set(found) == {before, (400, 300, 60, 5), (700, 100, 60, 1), (800, 300, 60, 9), other}


def test_the_command_line_keeps_what_the_studio_locked_and_what_is_named(tmp_path, capsys):
    source, out = tmp_path / "in.mid", tmp_path / "out.mid"
    source.write_bytes(midi_bytes(locked(band(), PLACES[:1])))
    words = [
        "remix",
        str(source),
        "--out",
        str(out),
        "--amount",
        "100",
        "--checkpoint",
        "random",
        "--lock-notes",
        "1:2-3",
    ]
    assert main(words) == 0
    assert "locked: 7 notes of the input will stay" in capsys.readouterr().err
    after = read_midi(out)
    assert is_held(band(), after, [(0, 0), *((1, note) for note in range(3, 9))])
    assert main([*words[:-1], "9:1"]) == 2
    assert main([*words[:-1], "1"]) == 2
