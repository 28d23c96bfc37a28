"""The self-test: the notes of a checkpoint stay the same, and a change of the model's code is noticed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from checkpoints import loading
from checkpoints.__main__ import main
from checkpoints.importing import import_file
from checkpoints.self_test import check, fingerprint, record
from checkpoints.self_test_notes import NOTES, Choice
from checkpoints.store import entry, file_sha256, known, read_registry, register
from models import basic_pitch, chord_network, musicbert, seq2seq
from models.hinted import backbone, fields
from models.hints import around
from models.hints.past import Past
from music.errors import StudioError
from tests.checkpoints.shelf import bank, put, small_harmonizer
from tests.counting import calls

SHIPPED = [name for name, found in known().items() if found.ships and found.kind == "checkpoint"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_makes_the_notes_that_it_made_when_it_was_registered(name):
    assert check(entry(name)) == "whole, and makes the 8 notes that it should"


def test_the_word_vectors_that_ship_are_whole():
    assert check(entry("words-small")) == "whole, with 20000 words"


@pytest.mark.parametrize("name", SHIPPED)
def test_the_notes_of_a_self_test_are_little_work(name):
    """As much as a few bars; ``python -m benchmarks interface`` tells the seconds."""
    checkpoint = loading.load(name)
    fingerprint(checkpoint, 0)
    assert calls(fingerprint, checkpoint, 0) < 60_000


@pytest.mark.parametrize("name", SHIPPED)
def test_no_decision_is_so_close_that_another_processor_could_decide_otherwise(name, monkeypatch):
    checkpoint, seed = loading.load(name), entry(name).details["self_test_seed"]
    found = fingerprint(checkpoint, seed)
    assert found.margin == pytest.approx(entry(name).details["self_test_margin"], abs=1e-3)
    write, rng = Choice.__call__, np.random.default_rng(0)

    def shaken(choice, logits, first=0, end=None):
        noise = torch.from_numpy(rng.normal(0, found.margin / 50, logits.shape)).float()
        return write(choice, torch.as_tensor(logits) + noise, first, end)

    monkeypatch.setattr(Choice, "__call__", shaken)
    assert fingerprint(checkpoint, seed).notes == found.notes  # rounding shakes it a thousand times less


def test_the_seed_that_is_kept_is_the_clearest_and_each_gives_other_notes():
    checkpoint = loading.load("generate-small")
    found = [fingerprint(checkpoint, seed) for seed in range(6)]
    best = record(checkpoint, 6)
    assert best.margin == pytest.approx(max(f.margin for f in found), abs=1e-3)
    assert best.notes == found[best.seed].notes
    assert len({f.notes for f in found}) > 3  # a model that is sure of how a tune goes on may say the same twice


def gelu(x):
    return F.gelu(x, approximate="tanh")


BREAKS = {
    "basic-pitch": {
        "harmonics": (basic_pitch, "HARMONICS", (0.5, 1, 2, 3, 5, 4, 6, 7)),
        "decibels": (basic_pitch, "_scaled", lambda magnitudes, of=basic_pitch._scaled: of(magnitudes.sqrt())),
    },
    "generate-small": {
        "attention": (backbone.HintedBackbone, "_attend", lambda self, layer, x, memory: None),
        "norm": (backbone, "to_length_one", lambda x: x),
        "activation": (fields, "gelu", lambda x, of=fields.gelu: of(x / 2)),
        "hints": (Past, "_find_repeats", lambda self: None),
    },
    "harmonize-small": {
        "rotation": (seq2seq, "rotate", lambda x, angles, of=seq2seq.rotate: of(x, -angles * 0.5)),
        "reach": (seq2seq.Seq2Seq, "in_reach", lambda self, a, b: ((a[:, :, None] - b[:, None]).abs() <= 24)[:, None]),
        "chords": (
            chord_network.ChordNetwork,
            "chord_vectors",
            lambda self, of=chord_network.ChordNetwork.chord_vectors: of(self) * 0.9,
        ),
    },
    "remix-small": {
        "norm": (musicbert.EncoderLayer, "forward", lambda self, x, readable: x),
        "activation": (musicbert, "F", type("F", (), {**vars(F), "gelu": staticmethod(torch.relu)})),
        "comparisons": (around, "_cosine", lambda profile: np.zeros((len(profile), len(profile)), np.float32)),
    },
}


@pytest.mark.parametrize(("name", "broken"), [(name, broken) for name in BREAKS for broken in BREAKS[name]])
def test_a_model_that_computes_something_else_is_noticed(name, broken, monkeypatch):
    monkeypatch.setattr(*BREAKS[name][broken])
    with pytest.raises(StudioError, match=r"is whole, but .* makes other notes with it\. Update the studio"):
        check(entry(name))


def test_a_bit_of_a_weight_is_noticed_by_the_sum_and_by_the_notes(cache):
    path = put(cache, "mine")
    assert "8 notes that it should" in check(entry("mine"))
    data = bytearray(path.read_bytes())
    data[-2] ^= 0x40  # the exponent of the last number
    path.write_bytes(data)
    with pytest.raises(StudioError, match="damaged or another one"):
        check(entry("mine"))
    weights = load_file(path)
    for key in weights:
        if key.startswith("head.outer"):
            weights[key] = -weights[key]
    save_file(weights, path, metadata={"config": json.dumps(_config(path))})
    values = read_registry(cache / "registry.toml")["mine"]
    register(cache / "registry.toml", "mine", values | {"bytes": path.stat().st_size, "sha256": file_sha256(path)})
    with pytest.raises(StudioError, match="makes other notes"):
        check(entry("mine"))


def _config(path):
    data = path.read_bytes()
    return json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["config"])


@pytest.mark.parametrize("change", [{"width": 32}, {"layers": 2}, {"heads": 5}, {"wheels": 4}, {"sizes": "many"}])
def test_a_wrong_description_is_noticed_when_it_is_loaded(cache, change):
    path = put(cache, "mine")
    save_file(load_file(path), path, metadata={"config": json.dumps(_config(path) | change)})
    values = read_registry(cache / "registry.toml")["mine"]
    register(cache / "registry.toml", "mine", values | {"bytes": path.stat().st_size, "sha256": file_sha256(path)})
    with pytest.raises(StudioError, match="does not fit its own description"):
        check(entry("mine"))


def test_an_untrained_harmonizer_can_be_tested_too(cache):
    put(cache, "joiner", small_harmonizer())
    assert str(NOTES) in check(entry("joiner"))


def test_what_was_registered_before_there_was_a_self_test_is_still_tried(cache):
    put(cache, "mine")
    values = read_registry(cache / "registry.toml")["mine"]
    old = {key: value for key, value in values.items() if not key.startswith("self_test")}
    register(cache / "registry.toml", "mine", old)
    assert "never recorded" in check(entry("mine"))


def test_record_notes_the_test_anew_and_nothing_else(cache, capsys):
    put(cache, "mine")
    values = read_registry(cache / "registry.toml")["mine"]
    register(cache / "registry.toml", "mine", values | {"self_test_notes": "0" * 16})
    assert main(["verify", "mine"]) == 2
    assert main(["record", "mine"]) == 0
    assert read_registry(cache / "registry.toml")["mine"] == values | {"sources": [], "kind": "checkpoint"}
    assert main(["verify", "mine"]) == 0
    assert values["self_test_notes"] in capsys.readouterr().out


def test_a_sound_bank_is_compared_with_its_sum(cache, tmp_path):
    found = import_file(bank(tmp_path / "a.sf2"), "bank")
    assert check(found) == "whole"
    found.path.write_bytes(b"x" * found.bytes)
    with pytest.raises(StudioError, match="Import or export it again"):
        check(found)


def test_verify_tells_of_all_that_is_wrong_and_goes_on(cache, capsys):
    for name in ("one", "two", "three"):
        put(cache, name)
    (cache / "one.safetensors").write_bytes(b"")
    (cache / "three.safetensors").unlink()
    assert main(["verify", "one", "two", "three"]) == 2
    said = capsys.readouterr()
    assert "two: whole" in said.out and "'one' is damaged" in said.err and "'three' is missing" in said.err
