"""The harmonizer's way from pairs to a checkpoint, and what `python -m training evaluate` says of it."""

from __future__ import annotations

import math
import re
import tomllib

import numpy as np
import pytest
import torch

from checkpoints import loading
from music.bars import score_end
from music.errors import StudioError
from music.tokens.accompaniment import LEAD, VOICES
from music.tokens.columns import BOS, EOS, FIRST, MASK
from tests.loaded import nothing_loaded
from tests.training.data.pair_songs import RECIPE
from training.__main__ import main
from training.data.pair_shards import Pairs
from training.data.songbooks import chorales
from training.export import export
from training.likelihood import accompaniment as evaluate_pairs
from training.likelihood.accompaniment import LIMITS, chorale_example, chorale_nats, chords_found, row_nats
from training.likelihood.next_note import Floors
from training.likelihood.report import evaluate
from training.tasks import accompaniment as accompanying
from training.tasks.accompaniment import plain_examples, read
from training.train import read_curve, task_of

PROGRAM, PITCH = 4, 5  # columns of an example


class Killed(Exception):
    """Stands for a kill at any moment."""


@pytest.fixture(scope="module")
def killed(pairs_folder, tmp_path_factory):
    """A run that was killed after 25 steps and had saved 20, and the arguments to go on with it."""
    folder = tmp_path_factory.mktemp("harmonize")
    (folder / "tiny.toml").write_text(RECIPE)
    arguments = [str(folder / "tiny.toml"), "--shards", str(pairs_folder), "--run", str(folder / "run")]
    left = iter(range(25))
    loss_of = accompanying.Task.loss

    def loss(task, model):
        if next(left, None) is None:
            raise Killed
        return loss_of(task, model)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accompanying.Task, "loss", loss)
        with pytest.raises(Killed):
            main(["train", *arguments, "--save-every", "20", "--valid-every", "10"])
    return folder, arguments, torch.load(folder / "run" / "state.pt", weights_only=True)


@pytest.fixture(scope="module")
def finished(killed):
    """The same run, started again until its end, and its checkpoint in a cache folder."""
    folder, arguments, _ = killed
    assert main(["train", *arguments, "--save-every", "20", "--valid-every", "20"]) == 0
    export(folder / "run", folder / "registry.toml", folder, folder)
    return folder


@pytest.fixture
def checkpoint(finished, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(finished))
    nothing_loaded(monkeypatch)
    return loading.load("tiny-harmonize")


@pytest.fixture(scope="module")
def validation_songs(pairs_data):
    return [song for song in chorales(pairs_data / "chorales") if song.split == "valid"]


def test_a_killed_run_goes_on_where_it_had_saved(killed, finished):
    _, _, saved = killed
    assert saved["step"] == 20
    state = torch.load(finished / "run" / "state.pt", weights_only=True)
    assert state["step"] == 60 and state["notes"] > saved["notes"]
    assert any(not torch.equal(state["model"][name], saved["model"][name]) for name in saved["model"])
    assert [row["step"] for row in read_curve(finished / "run" / "curve.csv")] == [50, 60]


def test_the_loss_falls(finished, pairs):
    rows = list(read_curve(finished / "run" / "curve.csv"))
    torch.manual_seed(0)
    recipe = tomllib.loads(RECIPE)
    task, stage = task_of(recipe, pairs, torch.device("cpu")), recipe["stages"][-1]
    model = task.build().eval()
    with torch.no_grad():
        fresh = task.validate(model, stage)
        model.load_state_dict(torch.load(finished / "run" / "state.pt", weights_only=True)["model"])
        trained = task.validate(model, stage)
        assert task.validate(model, stage) == trained, "always the same examples"
    assert trained == pytest.approx(rows[-1]["valid"], abs=0.01)
    assert trained < fresh - 5  # nats a note


def test_validation_works_without_validation_music(pairs):
    pieces = [piece | {"split": "train"} for piece in pairs.index["pieces"]]
    recipe = tomllib.loads(RECIPE)
    task = task_of(recipe, Pairs(pairs.rows, pairs.beats, pairs.index | {"pieces": pieces}), torch.device("cpu"))
    assert task.validate(task.build(), recipe["stages"][0]) is None


def test_plain_examples_are_of_real_music_of_one_split(pairs):
    found = plain_examples(pairs, "valid", LIMITS, 2)
    assert set(found) == {
        ("chords", "leadsheets_cmd"), ("chorale", "chorales"), ("band", "bands"), ("bass", "bands"),
    }  # fmt: skip
    assert all(len(group) == 2 for group in found.values())
    train = plain_examples(pairs, "train", LIMITS, 100)
    tunes = [{one.notes.tobytes() for group in each.values() for one in group} for each in (found, train)]
    assert not tunes[0] & tunes[1]
    assert len(train["chords", "leadsheets_cmd"]) == 6


def test_the_nats_of_rows_are_the_loss(checkpoint, pairs):
    examples = [group[0] for group in plain_examples(pairs, "valid", LIMITS, 1).values()]
    losses, count = read(checkpoint.model, examples, "cpu")
    rows = [row_nats(checkpoint.model, one) for one in examples]
    assert [len(nats) for nats, _ in rows] == [len(one.notes) - 1 for one in examples]
    assert sum(nats.sum(axis=0) for nats, _ in rows) == pytest.approx(losses.numpy(), rel=1e-3)
    assert sum(len(nats) for nats, _ in rows) == count
    ends = [nats[-1] for (nats, _), one in zip(rows, examples, strict=True) if one.notes[-1, 0] == EOS]
    assert ends and all(nats[0] > 0 and not nats[1:].any() for nats in ends)


def chord_example(*numbers: int):
    """Returns the notes of an example that writes these chord numbers."""
    notes = np.full((len(numbers) + 1, 8), FIRST)
    notes[0] = BOS
    notes[1:, PITCH] = FIRST + np.array(numbers)
    return evaluate_pairs.Example(notes[:0], notes[:0, 0], notes, notes[:, 0], notes[:0, 0])


def test_chords_that_are_found_are_counted():
    """C C F F G7 N.C. C, with a guess that knows C, takes F for Fm and finds G7 where it was C."""
    one = chord_example(0, 0, 80, 80, 16 * 7 + 4, 192, 0)
    sizes = [200] * 8
    floors = Floors.fit([[chord_example(0, 0, 0, 0, 80).notes]], sizes)
    guess = FIRST + np.array([0, 0, 81, 81, 16 * 7 + 4, 192, 5])
    unigram, first_order, model = chords_found(floors, [one], [guess])
    assert unigram.tolist() == pytest.approx([3 / 6, 3 / 6, 1 / 3])  # always C
    assert first_order[0] == pytest.approx(3 / 6) and first_order[2] == pytest.approx(1 / 3)
    assert model.tolist() == pytest.approx([3 / 6, 6 / 6, 1 / 3])  # new chords: F, G7, C after none
    assert np.isnan(chords_found(floors, [chord_example(192, 192)], [guess[:2]])[0]).all()


def test_floors_know_how_often_and_after_what():
    notes = np.array([[1, 1], [4, 4], [5, 4], [4, 4], [5, 4], [2, 0]])
    floors = Floors.fit([[notes]], (8, 8))
    unigram, first_order, count = floors.losses([notes])
    assert count == 5
    assert unigram[0] == pytest.approx(-(4 * math.log(0.4) + math.log(0.2)) / 5, abs=1e-3)
    assert unigram[1] == pytest.approx(0, abs=1e-3)
    assert first_order[0] < unigram[0], "5 follows 4"
    alone, after = floors.chances(0)
    assert alone.sum() == pytest.approx(1) and after.sum(axis=1) == pytest.approx(np.ones(8))
    assert after[4].argmax() == 5


def test_groups_weigh_the_same_however_long():
    def notes(value: int, count: int) -> np.ndarray:
        return np.array([[1]] + [[value]] * count)

    alone, _ = Floors.fit([[notes(4, 10)], [notes(5, 1000)], []], (8,)).chances(0)
    assert alone[4] == pytest.approx(alone[5], rel=0.1)


def test_a_checkpoint_is_read_on_pairs(checkpoint, pairs, pairs_folder, capsys):
    said = []
    for _ in range(2):
        assert main(["evaluate", "tiny-harmonize", "--shards", str(pairs_folder), "--windows", "2"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert said[0].startswith("tiny-harmonize: nats a note on ")
    assert "nan" not in said[0] and "machines" not in said[0], "no music by machines"
    row = r"\n  {} +([\d.]+).*"
    table = "^(chords|chorale|band|bass) +all .*" + "".join(row.format(name) for name in evaluate_pairs.ROWS)
    figures = {style: [float(value) for value in row] for style, *row in re.findall(table, said[0], re.MULTILINE)}
    assert set(figures) == {"chords", "chorale", "band", "bass"}
    for (style, _), examples in plain_examples(pairs, "valid", LIMITS, 2).items():
        unigram, first_order, model = figures[style]
        assert first_order < unigram
        nats = np.concatenate([row_nats(checkpoint.model, one)[0] for one in examples])
        assert model == pytest.approx(nats.sum() / len(nats), abs=0.001)
    (shares,) = re.findall(r"^  model +([\d.]+)% +([\d.]+)% +([\d.]+)%", said[0], re.MULTILINE)
    chord, root, _ = map(float, shares)
    assert chord <= root <= 100


def test_what_is_no_match_is_refused(checkpoint, pairs, pairs_folder, shards_folder, capsys):
    with pytest.raises(StudioError, match="hold other vocabularies than the checkpoint 'tiny-harmonize' reads"):
        evaluate("tiny-harmonize", Pairs(pairs.rows, pairs.beats, pairs.index | {"tokenizer": "0" * 64}), 2)
    pieces = [piece | {"split": "train"} for piece in pairs.index["pieces"]]
    with pytest.raises(StudioError, match="no validation music"):
        evaluate("tiny-harmonize", Pairs(pairs.rows, pairs.beats, pairs.index | {"pieces": pieces}), 2)
    for folder in (shards_folder, shards_folder / "nowhere"):
        assert main(["evaluate", "tiny-harmonize", "--shards", str(folder)]) == 2
        assert "does not hold what 'tiny-harmonize' reads" in capsys.readouterr().err


# Chorales


def test_a_chorale_is_given_as_its_soprano_alone(validation_songs):
    for song in validation_songs:
        one = chorale_example(song)
        assert set(one.given[:, PROGRAM]) == {LEAD, LEAD + 1}
        beats = one.given[one.given[:, PROGRAM] != LEAD]
        assert (beats[:, PITCH] == MASK).all(), "no chord is known"
        assert (one.given[:, PROGRAM] == LEAD).sum() == len(song.score.tracks[0].notes)
        for track, voice in enumerate(VOICES, 1):
            mine = one.notes[:, PROGRAM] == voice
            notes = song.score.tracks[track].notes
            assert sorted(one.times[mine].tolist()) == [note.time * 12 // 480 for note in notes]
            moved = one.notes[mine, PITCH] - FIRST - np.array([note.pitch for note in notes])
            assert len(set(moved.tolist())) == 1, "in the model's key"


def test_the_lower_voices_do_not_change_what_is_given(validation_songs):
    one = chorale_example(validation_songs[0])
    score = validation_songs[0].score.copy()
    for track in score.tracks[1:]:
        track.shift_pitch(-1, inplace=True)
    other = chorale_example(validation_songs[0].__class__("x", "chorales", "valid", score))
    assert np.array_equal(one.given, other.given) and np.array_equal(one.prefix, other.prefix)
    assert not np.array_equal(one.notes, other.notes)


def test_nats_of_voices_are_those_of_their_rows(checkpoint, validation_songs):
    found = chorale_nats("tiny-harmonize", validation_songs)
    assert list(found) == ["alto", "tenor", "bass"] and all(nats > 0 for nats in found.values())
    sixteenths = sum(score_end(song.score) / 120 for song in validation_songs)
    for voice, nats in zip(VOICES, found.values(), strict=True):
        rows = [
            row_nats(checkpoint.model, one)[0][one.notes[1:, PROGRAM] == voice]
            for one in map(chorale_example, validation_songs)
        ]
        assert nats * sixteenths == pytest.approx(np.concatenate(rows).sum(), rel=1e-6)
    twice = chorale_nats("tiny-harmonize", [*validation_songs, *validation_songs])
    assert twice == pytest.approx(found)


def test_no_chorales_are_refused(checkpoint):
    with pytest.raises(StudioError, match="no chorales"):
        chorale_nats("tiny-harmonize", [])
