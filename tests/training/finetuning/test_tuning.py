"""A training from its files to its verdict, in this process; tests/pipelines/test_train.py has the processes."""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import asdict

import pytest
import torch

from checkpoints import loading, store
from checkpoints.self_test import check
from music.errors import StudioError
from music.piece import Piece
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from pipelines.train import TrainOptions
from pipelines.training_run import KEEP, STOP, TrainingRun
from tests.training.finetuning.tiny import put_accompanied, put_songs
from training.finetuning import tuning
from training.finetuning.learner import Learner, small
from training.finetuning.preparation import prepare_files
from training.finetuning.tuning import tune


@pytest.fixture
def run(cache, tmp_path):
    """A training that was asked for and has not begun."""
    return asked_for(put_songs(tmp_path / "songs"), TrainOptions("mine", "tiny", steps=24, rate=10.0))


def asked_for(music, options) -> TrainingRun:
    found = TrainingRun(options.name)
    found.folder.mkdir(parents=True)
    found.write("request.json", {"options": asdict(options), "music": str(music), "asker": "", "began": time.time()})
    return found


def test_from_files_to_a_checkpoint_that_writes_music(run):
    tune(run)
    verdict, status = run.verdict, run.status
    assert status.phase == "done" and status.done == status.total
    assert verdict.after < verdict.before and verdict.checkpoint == "mine" and 0 < verdict.best_step <= 24
    assert f"{verdict.before:.2f}" in verdict.sentences[0] and f"{verdict.after:.2f}" in verdict.sentences[0]
    entry = store.entry("mine")
    assert (entry.task, entry.details["base"], entry.details["steps"]) == ("generate", "tiny", verdict.best_step)
    assert "makes the 8 notes" in check(entry)
    piece = list(generate(Piece.empty(), GenerateOptions(bars=1, checkpoint="mine")))[-1].piece
    assert piece.note_count
    card = (entry.path.parent / "mine.md").read_text()
    assert "tuned from `tiny`" in card and "your own files" in card and (entry.path.parent / "mine.png").exists()
    assert not (run.folder / "state.pt").exists() and not (run.folder / "best.pt").exists()


def test_the_verdict_is_what_the_checkpoint_is_worth(run):
    """What is registered is the best that was checked, measured again from its file in half precision."""
    tune(run)
    verdict = run.verdict
    again = Learner(store.entry("mine"), run.folder / "shards")
    assert again.judge() == pytest.approx(verdict.after, abs=2e-3)
    assert Learner(store.entry("tiny"), run.folder / "shards").judge() == pytest.approx(verdict.before, abs=1e-6)
    valid = [row["valid"] for row in run.curve() if "valid" in row]
    assert min(valid) == pytest.approx(verdict.after, abs=1e-4) and valid[0] == pytest.approx(verdict.before, abs=1e-4)


def test_samples_stand_beside_those_of_the_base_for_the_same_seed(run):
    tune(run)
    samples = run.samples
    assert [each.number for each in samples[-3:]] == [0, 1, 2]
    assert len({each.minute for each in samples[:-3]}) >= 1
    for each in samples:
        own, base = run.piece(each.own), run.piece(each.base)
        assert own.note_count and base.note_count
        assert not own.history
    own, base = (
        run.piece(file).score.tracks[0].notes.numpy()["pitch"][:8] for file in (samples[-3].own, samples[-3].base)
    )
    assert own.tolist() == base.tolist()  # both go on from the opening of a piece that was kept back


def test_stop_keeps_what_was_learned_and_going_on_ends_where_it_would_have(cache, tmp_path, monkeypatch):
    songs = put_songs(tmp_path / "songs")
    run = asked_for(songs, TrainOptions("halves", "tiny", steps=12, rate=5.0))
    learn, count = Learner.learn, [0]

    def counting(self, share):
        count[0] += 1
        if count[0] == 5:
            run.ask(STOP)
        return learn(self, share)

    monkeypatch.setattr(Learner, "learn", counting)
    tune(run)
    assert run.status.phase == "stopped" and run.verdict is None and "mine" not in store.known()
    saved = torch.load(run.folder / "state.pt", weights_only=True)
    assert saved["progress"]["step"] == 5
    run.forget_ask()
    tune(run)
    assert count[0] == 12 and run.verdict.steps == 12
    assert [row["step"] for row in run.curve()] == sorted(row["step"] for row in run.curve())


def test_keep_makes_what_can_be_made_of_a_stopped_one(run, monkeypatch):
    learn, count = Learner.learn, [0]

    def counting(self, share):
        count[0] += 1
        if count[0] == 6:
            run.ask(STOP)
        return learn(self, share)

    monkeypatch.setattr(Learner, "learn", counting)
    tune(run)
    run.ask(KEEP)
    tune(run)
    assert count[0] == 6 and run.verdict.steps == 6 and "mine" in store.known()


def test_a_kill_loses_at_most_the_last_save(run, monkeypatch):
    monkeypatch.setattr(tuning, "SAVE_S", 0.0)
    learn, count = Learner.learn, [0]

    class Killed(BaseException):
        pass

    def dying(self, share):
        count[0] += 1
        if count[0] == 9:
            raise Killed
        return learn(self, share)

    monkeypatch.setattr(Learner, "learn", dying)
    with pytest.raises(Killed):
        tune(run)
    assert run.status.phase == "stopped" and "interrupted" in run.status.message
    tune(run)
    assert run.verdict.steps == 24 and count[0] == 1 + 24  # the step in which it died is taken again


@pytest.fixture
def stopped(run, monkeypatch):
    """A training that was stopped after three steps."""
    learn, count = Learner.learn, [0]

    def counting(self, share):
        count[0] += 1
        if count[0] == 3:
            run.ask(STOP)
        return learn(self, share)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "learn", counting)
        tune(run)
    run.forget_ask()
    assert run.is_saved
    return run


@pytest.mark.parametrize("file", ["state.pt", "best.pt", "curve.csv"])
def test_what_was_saved_and_damaged_is_said(stopped, file):
    path = stopped.folder / file
    for junk in (b"", path.read_bytes()[:200] + b"\xff" * 200, b"step,x\n\xffa,b\n"):
        path.write_bytes(junk)
        if junk or file != "curve.csv":  # an empty curve is one
            with pytest.raises(StudioError, match="saved of this training cannot be read"):
                tune(stopped)


def test_it_does_not_go_on_with_another_base_of_the_same_name(stopped):
    """Its weights would be compared with those of a model that it did not begin as."""
    state = torch.load(stopped.folder / "state.pt", weights_only=True)
    torch.save(state | {"base": "0" * 64}, stopped.folder / "state.pt")
    with pytest.raises(StudioError, match="'tiny' is another model than when this training began"):
        tune(stopped)


def test_a_checkpoint_that_came_meanwhile_under_its_name_is_not_overwritten(run, cache):
    registry = cache / "registry.toml"
    text = registry.read_text()
    registry.write_text(text + text.replace("[tiny]", "[mine]"))
    with pytest.raises(StudioError, match="another checkpoint 'mine' by now"):
        tune(run)
    assert store.entry("mine").path == store.entry("tiny").path and run.is_saved


def test_what_helps_nothing_is_not_registered(cache, tmp_path, monkeypatch):
    run = asked_for(put_songs(tmp_path / "songs"), TrainOptions("worse", "tiny", steps=6))
    rising = map(float, range(1, 99))
    monkeypatch.setattr(Learner, "judge", lambda self: next(rising))
    tune(run)
    assert run.verdict.checkpoint == "" and "worse" not in store.known()
    assert "learned nothing that helps" in run.verdict.sentences[0]


def test_it_ends_early_where_nothing_is_gained(cache, tmp_path, monkeypatch):
    run = asked_for(put_songs(tmp_path / "songs"), TrainOptions("early", "tiny", steps=40))
    values = iter([5.0, 4.0, *(6.0 + n for n in range(99))])
    monkeypatch.setattr(Learner, "judge", lambda self: next(values))
    tune(run)
    assert run.verdict.steps < 40 and run.verdict.after == 4.0
    assert any("ended early" in sentence for sentence in run.verdict.sentences)


def test_a_full_disk_is_a_sentence_and_what_was_saved_stays(run, monkeypatch):
    def full(*_):
        raise RuntimeError("PytorchStreamWriter failed writing file data/1: file write failed")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="disk may be full"):
        tune(run)
    assert not list(run.folder.glob("*.part"))


def test_high_copying_is_said(run, monkeypatch):
    shares = iter([0.5, 0.02])
    monkeypatch.setattr(tuning, "share_known", lambda *_: next(shares))
    tune(run)
    text = " ".join(run.verdict.sentences)
    assert "50%" in text and "2%" in text and "repeats your music" in text


@pytest.mark.parametrize("base", ["generate-small", "lstm-notes", "lstm-chords", "remix-small", "harmonize-small"])
def test_each_model_that_ships_learns_on(base, tmp_path):
    """The loss is that of the shipped weights, all weights move, and the rest of the world stays."""
    entry = store.entry(base)
    folder = put_songs(tmp_path / "songs", range(4))
    if base == "harmonize-small":
        shutil.rmtree(folder)
        put_accompanied(folder)
    from checkpoints.architectures import ARCHITECTURES

    prepare_files(folder, ARCHITECTURES[entry.architecture].learns, tmp_path / "out", lambda *_: None)
    learner = Learner(entry, tmp_path / "out")
    before, weights = learner.judge(), learner.weights()
    assert math.isfinite(before) and before > 0
    learner.begin(0)
    for _ in range(4 if base == "remix-small" else 1):  # each step asks for some of the eight fields
        loss, notes = learner.learn(1.0)
        assert math.isfinite(loss) and notes > 0
    moved = [name for name, tensor in learner.model.named_parameters() if not torch.equal(tensor, weights[name])]
    assert len(moved) > 0.7 * len(list(learner.model.named_parameters()))
    shipped = loading.read(entry).model.state_dict()
    assert all(torch.equal(shipped[name], tensor) for name, tensor in weights.items())
    assert learner.judge() != before


def test_a_checkpoint_that_does_not_say_how_it_was_trained_cannot_learn_on(cache, tmp_path):
    from safetensors import safe_open
    from safetensors.torch import save_file

    entry = store.entry("tiny")
    with safe_open(entry.path, "pt") as file:
        header, tensors = file.metadata(), {key: file.get_tensor(key) for key in list(file.keys())}
    header.pop("recipe")
    save_file(tensors, entry.path, metadata=header)
    values = store.read_registry(store.user_registry())["tiny"]
    values |= {"sha256": store.file_sha256(entry.path), "bytes": entry.path.stat().st_size}
    store.register(store.user_registry(), "tiny", values)
    with pytest.raises(StudioError, match="does not say how it was trained"):
        Learner(store.entry("tiny"), tmp_path)


def test_batches_are_smaller_whatever_counts_them():
    assert small({"batch": 32, "segment": 128}) == {"batch": 8, "segment": 128}
    assert small({"notes": 2048, "window": 320}) == {"notes": 512, "window": 320}
    assert small({"batch": 2}) == {"batch": 1}
