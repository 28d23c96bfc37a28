from __future__ import annotations

import threading
from collections import Counter
from functools import cache

import pytest
import symusic

from music.errors import StudioError
from music.instruments import parse_instrument
from music.piece import Piece
from music.theory import parse_key
from pipelines.contract import Step
from pipelines.options.remix import CHANGES, RemixOptions
from pipelines.remix import remix
from tests.pipelines.remix_checks import PITCH, Selected, check_remix, check_rest, notes_of
from tests.pipelines.songs import band
from tests.waiting import join

pytestmark = pytest.mark.usefixtures("random_models")

BAND = band(8)
PIANO, FLUTE, KIT = range(3)


@cache
def steps_of(piece: Piece = BAND, **options) -> tuple[Step, ...]:
    """Returns all Steps of a run; each run is done once in this file."""
    return tuple(remix(piece, RemixOptions(**{"checkpoint": "random", "passes": 2} | options)))


def remixed(piece: Piece = BAND, **options) -> Piece:
    return steps_of(piece, **options)[-1].piece


def notes(piece: Piece) -> list[list[tuple]]:
    """Returns the notes of each track with their instrument, sorted."""
    return [sorted((track.program, *note) for note in notes_of(track).elements()) for track in piece.score.tracks]


def gone(before: Piece, after: Piece) -> Counter[int]:
    """Returns how many notes of each bar of a piece are no longer there."""
    found, selected = Counter(), Selected(before, RemixOptions())
    for old, new in zip(before.score.tracks, after.score.tracks):
        for note, count in (notes_of(old) - notes_of(new)).items():
            found[selected.bar(note)] += count
    return found


def refusal(piece: Piece = BAND, **options) -> str:
    """Returns what is said where there is nothing to do: two sentences."""
    with pytest.raises(StudioError) as refused:
        list(remix(piece, RemixOptions(**{"checkpoint": "random"} | options)))
    said = str(refused.value)
    assert said.rstrip("?").count(".") + said.count("?") >= 2 and said[-1] in ".?", said
    assert said.count(". ") == 1, said
    return said


# What changes


@pytest.mark.parametrize("checkpoint", ["random", "random-official"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_song_keeps_all_that_was_not_selected(change, checkpoint):
    asked = {"change": change, "bars": (1, 3, 4, 5), "tracks": (PIANO, KIT, FLUTE), "lock": (FLUTE,), "seed": 3}
    steps = steps_of(**asked, amount=70.0, checkpoint=checkpoint)
    for step in steps:
        check_rest(BAND, step.piece, RemixOptions(**asked))
    check_remix(BAND, steps[-1].piece, RemixOptions(**asked, amount=70.0))
    assert notes(steps[-1].piece) != notes(BAND)


@pytest.mark.parametrize("change", ["notes", "rhythm", "velocity", "everything"])
def test_at_a_hundred_percent_every_selected_bar_changes_and_at_zero_none(change):
    changed = gone(BAND, remixed(change=change, amount=100.0))
    assert all(changed[bar] >= 10 for bar in range(8))
    assert notes(remixed(change=change, amount=0.0)) == notes(BAND)


@pytest.mark.parametrize("change", ["notes", "rhythm", "velocity", "everything"])
def test_more_changes_where_more_is_asked_for(change):
    found = [gone(BAND, remixed(change=change, amount=amount)).total() for amount in (20.0, 50.0, 80.0)]
    assert found == sorted(found) and found[0] < found[1] < found[2]


def test_everything_may_change_how_many_notes_a_bar_has():
    counts = {remixed(change="everything", amount=100.0, seed=seed).note_count for seed in range(4)}
    assert len(counts | {BAND.note_count}) > 2


def test_a_bar_can_be_left_as_it_is():
    for change in ("notes", "rhythm", "velocity", "instruments", "everything"):
        asked = {"change": change, "amount": 100.0, "bars": (2, 3, 4), "keep_a_bar": True}
        after = remixed(**asked)
        check_remix(BAND, after, RemixOptions(**asked))
        assert notes(after) != notes(BAND)


def test_new_notes_stay_in_the_key():
    key = parse_key("G major")  # of the song's signature
    for change in ("notes", "everything"):
        after = remixed(change=change, amount=100.0, stay_in_key=True)
        for number in (PIANO, FLUTE):
            new = notes_of(after.score.tracks[number]) - notes_of(BAND.score.tracks[number])
            assert new and {note[PITCH] % 12 for note in new} <= key.scale


# Instruments


def test_a_whole_track_changes_its_instrument_and_a_part_of_it_moves_to_a_new_track():
    whole = remixed(change="instruments", amount=100.0, tracks=(PIANO,))
    assert len(whole.score.tracks) == 3
    assert whole.score.tracks[PIANO].program != 0
    assert notes_of(whole.score.tracks[PIANO]) == notes_of(BAND.score.tracks[PIANO])
    part = remixed(change="instruments", amount=100.0, tracks=(PIANO,), bars=(2, 3))
    old, new = part.score.tracks[PIANO], part.score.tracks[3]
    assert (len(part.score.tracks), old.program) == (4, 0) and new.program != 0
    selected = Selected(BAND, RemixOptions(bars=(2, 3)))
    assert notes_of(new) == selected.split(BAND.score.tracks[PIANO])[0]


def test_the_amount_is_the_share_of_pitched_tracks_that_another_instrument_plays():
    def changed(amount: float) -> int:
        after = remixed(change="instruments", amount=amount)
        assert after.score.tracks[KIT].is_drum
        return sum(old.program != new.program for old, new in zip(BAND.score.tracks, after.score.tracks))

    assert [changed(amount) for amount in (0.0, 1.0, 50.0, 100.0)] == [0, 1, 1, 2]


def test_a_track_is_played_by_the_instrument_that_is_named():
    after = remixed(change="instruments", amount=0.0, instruments=((1, "violin"),))
    violin = parse_instrument("violin")
    assert [track.program for track in after.score.tracks] == [0, violin, 0]
    assert [notes_of(track) for track in after.score.tracks] == [notes_of(track) for track in BAND.score.tracks]
    part = remixed(change="instruments", amount=0.0, instruments=((1, "violin"),), bars=(7,))
    assert [track.program for track in part.score.tracks] == [0, 73, 0, violin]
    assert notes_of(part.score.tracks[3]) + notes_of(part.score.tracks[FLUTE]) == notes_of(BAND.score.tracks[FLUTE])


def test_a_named_instrument_goes_with_any_change():
    for change in CHANGES:
        after = remixed(change=change, tracks=(FLUTE,), instruments=((1, "violin"),), seed=2)
        check_rest(BAND, after, RemixOptions(change=change, tracks=(FLUTE,), instruments=((1, "violin"),)))
        assert after.score.tracks[FLUTE].program == parse_instrument("violin")


# Chance


@pytest.mark.parametrize("change", CHANGES)
def test_another_seed_gives_other_notes_and_variants_differ(change):
    free = {"change": change, "amount": 100.0, "temperature": 4.0, "top_p": 1.0}
    assert len({str(notes(remixed(**free, seed=seed))) for seed in range(3)}) >= (2 if change == "instruments" else 3)
    three = steps_of(**free, variants=3, seed=5)[-1].pieces
    assert len({str(notes(piece)) for piece in three}) >= (2 if change == "instruments" else 3)
    for piece in three:
        check_remix(BAND, piece, RemixOptions(change=change, amount=100.0))


def test_two_threads_write_what_each_writes_alone():
    asked = [RemixOptions(checkpoint="random", passes=2, seed=seed, change="everything") for seed in (0, 1)]
    alone = [notes(list(remix(BAND, options))[-1].piece) for options in asked]
    found: list = [None, None]

    def write(number: int) -> None:
        found[number] = notes(list(remix(BAND, asked[number]))[-1].piece)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    join(threads)
    assert found == alone


TURNED = {
    "temperature": ("notes", {"temperature": 0.2}),
    "temperature_notes": ("notes", {"temperature_notes": 0.2}),
    "temperature_rhythm": ("rhythm", {"temperature_rhythm": 0.2}),
    "temperature_velocity": ("velocity", {"temperature_velocity": 0.2}),
    "temperature_instruments": ("instruments", {"temperature_instruments": 4.0, "top_p": 1.0}),
    "top_p": ("notes", {"top_p": 0.1}),
    "top_k": ("notes", {"top_k": 1}),
    "passes": ("notes", {"passes": 6}),
    "checkpoint": ("notes", {"checkpoint": "random-official"}),
}


@pytest.mark.parametrize("control", TURNED)
def test_every_control_reaches_the_model(control):
    """The random numbers are the same, so other notes can only come from another distribution."""
    change, turned = TURNED[control]
    usual = {"change": change, "amount": 100.0, "temperature": 2.0}
    assert any(
        notes(remixed(**usual | {"seed": seed})) != notes(remixed(**usual | turned | {"seed": seed}))
        for seed in range(3)
    )


def test_a_temperature_leaves_the_other_fields_alone():
    usual = {"change": "velocity", "amount": 100.0, "seed": 4}
    assert notes(remixed(**usual, temperature_notes=4.0, temperature_rhythm=4.0)) == notes(remixed(**usual))


def test_what_is_not_selected_is_heard_by_the_model():
    other = BAND.replace(score=BAND.score.copy())
    other.score.tracks[PIANO].shift_pitch(5, inplace=True)
    asked = {"tracks": (FLUTE,), "amount": 100.0, "seed": 1}
    assert notes(remixed(**asked))[FLUTE] != notes(remixed(other, **asked))[FLUTE]


# What cannot be done


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"tracks": (3,)}, "3"), ({"lock": (7,)}, "7"), ({"bars": (8,)}, "8 bars"), ({"bars": (1, 89)}, "8 bars"),
        ({"lock": (0, 1, 2)}, ""), ({"tracks": (1,), "lock": (1,)}, ""), ({"instruments": ((5, "violin"),)}, "5"),
        ({"change": "instruments", "tracks": (2,)}, ""), ({"checkpoint": "nobody"}, "nobody"),
        ({"checkpoint": "generate-small"}, "generate-small"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_two_sentences(asked, says):
    assert says in refusal(**asked)


def test_where_there_are_no_notes_there_is_nothing_to_remix():
    refusal(Piece.empty())
    silent = symusic.Score(480)
    silent.tracks.append(symusic.Track("nobody", 0, False))
    refusal(Piece(silent))
    rest = BAND.replace(score=BAND.score.copy())
    rest.score.tracks[FLUTE].notes = [note for note in rest.score.tracks[FLUTE].notes if note.time >= 1440]
    refusal(rest, bars=(0,), tracks=(FLUTE,))


# While it writes


def test_closing_early_leaves_the_piece_so_far():
    steps = remix(BAND, RemixOptions(checkpoint="random", passes=8, amount=100.0))
    step = next(steps)
    steps.close()
    check_rest(BAND, step.piece, RemixOptions())
    assert step.done < step.total


def test_the_recipe_says_all_that_decides():
    options = RemixOptions(checkpoint="random", variants=2, tracks=(FLUTE,), instruments=((1, "violin"),))
    for number, piece in enumerate(list(remix(BAND, options))[-1].pieces):
        assert piece.history[:-1] == BAND.history
        recipe = piece.history[-1]
        assert (recipe["pipeline"], recipe["variant"], recipe["input"]) == ("remix", number, BAND.fingerprint)
        assert recipe["version"]
        assert recipe["options"]["instruments"] == [[1, "violin"]]
        assert recipe["checkpoint"]["name"] == "random" and len(recipe["checkpoint"]["sha256"]) == 64


# Long and crowded pieces


@pytest.mark.parametrize("checkpoint", ["random", "random-official"])
@pytest.mark.parametrize("change", ["notes", "rhythm", "everything"])
def test_a_piece_longer_than_the_window_is_remixed_to_its_end(change, checkpoint):
    song = band(150)
    asked = {"change": change, "amount": 100.0, "passes": 1, "checkpoint": checkpoint}
    after = remixed(song, **asked)
    assert song.note_count > 2000
    check_remix(song, after, RemixOptions(**asked))
    assert set(gone(song, after)) == set(range(150))


@pytest.mark.parametrize("change", ["notes", "rhythm", "velocity", "instruments", "everything"])
def test_a_bar_with_more_notes_than_the_window_loses_none(change):
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("crowd", 0, False))
    score.tracks[0].notes = [symusic.Note(8 * (i % 240), 8, 30 + i // 240, 90) for i in range(1400)]
    crowd = Piece(score)
    asked = {"change": change, "amount": 50.0, "passes": 1}
    after = remixed(crowd, **asked)
    check_remix(crowd, after, RemixOptions(**asked))
    if change != "everything":
        assert after.note_count == 1400


def test_a_small_selection_of_a_long_piece_hears_what_stands_around_it():
    song = band(300)
    after = remixed(song, bars=(199,), amount=100.0, passes=1)
    check_remix(song, after, RemixOptions(bars=(199,), amount=100.0))
    assert set(gone(song, after)) == {199}


# The model that ships


@pytest.mark.parametrize("change", ["notes", "rhythm", "velocity", "everything"])
def test_the_shipped_model_keeps_the_promises(change):
    asked = {"change": change, "amount": 60.0, "bars": (1, 2, 3, 4, 5), "checkpoint": "remix-small"}
    after = remixed(**asked)
    check_remix(BAND, after, RemixOptions(**asked))
    assert Counter(map(str, notes(after))) != Counter(map(str, notes(BAND)))


def test_the_shipped_model_writes_what_a_flute_and_a_piano_play():
    after = remixed(change="notes", amount=100.0, tracks=(PIANO, FLUTE), checkpoint="remix-small", passes=8)
    for number in (PIANO, FLUTE):
        old, new = ([note.pitch for note in piece.score.tracks[number].notes] for piece in (BAND, after))
        middle = sorted(new)[len(new) // 2]
        assert min(old) - 12 <= middle <= max(old) + 12
