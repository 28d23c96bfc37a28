from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
from pathlib import Path

import pytest
import torch

from checkpoints import store
from checkpoints.architectures import ARCHITECTURES
from checkpoints.loading import load, read
from checkpoints.store import entries, entry, register, verify
from music.errors import StudioError
from music.tokens import octuple as tokens
from music.tokens import patches
from tests.loaded import nothing_loaded
from tests.waiting import join

NAME = "generate-small"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the embedded checkpoint as "copy" in a cache folder of its own, and a function that registers it."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    nothing_loaded(monkeypatch)
    path = tmp_path / "copy.safetensors"
    shutil.copy(entry(NAME).path, path)

    def add(**changes):
        values = {
            "file": path.name, "bytes": path.stat().st_size, "sha256": store.file_sha256(path), "task": "generate",
            "architecture": entry(NAME).architecture, "tokenizer": tokens.digest(), "licence": "MIT",
        }  # fmt: skip
        register(tmp_path / "registry.toml", "copy", values | changes)
        return path

    return add


def refusal(name: str = "copy") -> str:
    """Returns what is said when a checkpoint is refused: two sentences."""
    with pytest.raises(StudioError) as refused:
        load(name)
    said = str(refused.value)
    assert len(re.findall(r"[.!](?=\s|$)", said)) == 2
    return said


def test_what_ships_can_be_loaded_and_is_what_the_registry_says():
    assert NAME in entries()
    for name, known in entries().items():
        if known.path.parent == store.EMBEDDED:
            verify(known)
            if known.kind == "checkpoint":
                reads = ARCHITECTURES[known.architecture].reads
                vocabulary = {"octuples": tokens.digest(), "patches": patches.digest(), "sound": known.tokenizer}
                if reads == "words":  # its vocabulary is inside
                    vocabulary[reads] = hashlib.sha256(
                        load(name, task=known.task).model.vocabulary_text.encode()
                    ).hexdigest()
                assert known.tokenizer == vocabulary[reads]
            assert known.bytes <= 20e6, f"{name} is too large for git"
    checkpoint = load(NAME)
    assert checkpoint.entry.details["parameters"] == sum(p.numel() for p in checkpoint.model.parameters())


def test_a_table_of_integers_stays_one():
    assert load("lstm-chords").model.chord_pitches.dtype == torch.int64


def test_loading_twice_gives_the_same_object_also_from_two_threads():
    found = [load(NAME)]
    threads = [threading.Thread(target=lambda: found.append(load(NAME))) for _ in range(3)]
    for thread in threads:
        thread.start()
    join(threads)
    assert len(found) == 4
    assert len({id(checkpoint) for checkpoint in found}) == 1


def test_processes_share_the_weights_that_ship_and_a_damaged_copy_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    wanted = entry(NAME)
    first = read(wanted).model.state_dict()
    (copy,) = (tmp_path / "single-precision").iterdir()
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1000] + bytes(1000))
    for _ in range(2):  # made anew, then mapped
        again = read(wanted).model.state_dict()
        assert again.keys() == first.keys() and all(torch.equal(again[key], first[key]) for key in first)
        assert copy.read_bytes() == whole
    mapped = Path("/proc/self/maps")
    assert not mapped.exists() or copy.name in mapped.read_text()


def test_where_nothing_can_be_written_a_process_has_weights_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "file"))
    assert read(entry(NAME)).model is not None


def test_a_model_is_ready_to_use_and_cannot_learn():
    model = load(NAME).model
    assert not model.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in model.parameters())


def test_a_checkpoint_in_the_cache_folder_is_found_beside_those_that_ship(copied):
    copied()
    assert {NAME, "copy"} <= set(entries())
    assert load("copy").entry.name == "copy"
    state, shipped = load("copy").model.state_dict(), load(NAME).model.state_dict()
    assert all(torch.equal(state[name], shipped[name]) for name in shipped)


def test_a_changed_byte_is_noticed(copied):
    path = copied()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "damaged or another one" in refusal()


def test_a_cut_file_is_noticed(copied):
    path = copied()
    path.write_bytes(path.read_bytes()[:-1000])
    assert "damaged or another one" in refusal()


def test_a_missing_file_is_noticed(copied):
    copied().unlink()
    assert "is missing" in refusal()


def test_other_vocabularies_are_refused(copied):
    copied(tokenizer="0" * 64)
    assert "other vocabularies" in refusal()


def test_an_unknown_architecture_is_refused(copied):
    copied(architecture="perceptron")
    assert "cannot use 'perceptron'" in refusal()


def test_a_file_that_is_no_checkpoint_is_refused_though_it_is_the_registered_one(copied):
    path = copied()
    path.write_bytes(b"not weights at all")
    copied()
    assert "cannot be read" in refusal()


def test_weights_that_do_not_fit_their_description_are_refused(copied):
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    path = copied()
    with safe_open(path, "pt") as file:
        header = file.metadata()
    weights = load_file(path)
    weights.pop(sorted(weights)[0])
    save_file(weights, path, metadata=header)
    copied()
    assert "does not fit its own description" in refusal()


def rewritten(path, config=lambda config: config, weights=lambda weights: weights):
    """Writes a checkpoint anew with another config or other weights."""
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    with safe_open(path, "pt") as file:
        header = file.metadata()
    header["config"] = json.dumps(config(json.loads(header["config"])))
    save_file(weights(load_file(path)), path, metadata=header)


@pytest.mark.parametrize(
    "changes",
    [
        {"head_hidden": 10**9},
        {"prefix_size": 10**12},
        {"layers": 10**9},
        {"layers": "six"},
        {"sizes": [64] * 10**6},
        {"heads": 0},
        {"heads": 3},
        {"unheard_of": 1},
    ],
)
def test_a_description_of_a_giant_is_refused_before_room_is_taken_for_it(copied, changes):
    rewritten(copied(), lambda config: config | changes)
    copied()
    assert "does not fit its own description" in refusal()


def test_a_description_that_is_none_is_refused(copied):
    rewritten(copied(), lambda config: [1, 2])
    copied()
    assert "cannot be read" in refusal()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(copied, number):
    def spoil(weights):
        weights[sorted(weights)[0]].view(-1)[0] = number
        return weights

    rewritten(copied(), weights=spoil)
    copied()
    assert "does not fit its own description" in refusal()


def test_an_unknown_name_lists_what_there_is():
    assert NAME in refusal("nobody").partition("Available: ")[2].rstrip(".").split(", ")


def test_a_refused_checkpoint_can_be_mended_without_a_restart(copied):
    path = copied()
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    refusal()
    path.write_bytes(whole)
    assert load("copy").model is not None
