from __future__ import annotations

import argparse
import collections
import io
import os
import pathlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from checkpoints.fairseq_reader import read
from models.musicbert import MusicBERT, MusicBERTConfig
from music.errors import StudioError
from tests.checkpoints.fairseq_files import ENCODER, GENUINE, SETTINGS, TINY, rewritten, save, tiny_weights
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]


def refusal(path: Path) -> str:
    """Returns what is said when a file is refused: two sentences."""
    with pytest.raises(StudioError) as refused:
        read(path)
    said = str(refused.value)
    assert len(re.findall(r"[.!](?=\s|$)", said.replace(path.name, ""))) == 2, said
    return said


def test_a_genuine_checkpoint_is_read_with_its_heads():
    config, found = read(GENUINE)
    assert config == MusicBERTConfig(vocabulary=1237, layers=2, width=64, hidden=128, heads=4, max_notes=512)
    MusicBERT(config).load_state_dict(found, strict=True)
    assert all(tensor.dtype == torch.float32 and tensor.is_contiguous() for tensor in found.values())


def test_reading_imports_nothing_that_the_file_names():
    code = (
        "import sys; from pathlib import Path; from checkpoints.fairseq_reader import read\n"
        f"read(Path({str(GENUINE)!r})); print(sorted(set(sys.modules) & {{'omegaconf', 'fairseq', 'hydra'}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("spelling", "dtype"), [("layernorm_embedding", torch.float32), ("emb_layer_norm", torch.float16)]
)
def test_newer_spellings_half_precision_and_what_training_leaves_are_taken(tmp_path, spelling, dtype):
    weights = tiny_weights()
    written = {key.replace("emb_layer_norm", spelling): value.to(dtype) for key, value in weights.items()}
    extra = {"classification_heads.genre.dense.weight": torch.ones(3, 3)}
    path = save(tmp_path / "mine.pt", model=written | extra, last_optimizer_state={"exp": torch.ones(9)})
    config, found = read(path)
    assert config == TINY
    assert found.keys() == weights.keys()
    for key, tensor in found.items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, weights[key].to(dtype).float(), rtol=0, atol=0)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
def test_what_is_left_out_costs_no_memory_and_is_read_once(tmp_path):
    path = save(tmp_path / "mine.pt", last_optimizer_state={"exp_avg": torch.zeros(2**24)})
    code = (
        "import resource; from pathlib import Path; from checkpoints.fairseq_reader import read\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "taken = lambda: int(Path('/proc/self/io').read_text().split()[1]) / 2**20\n"
        f"read(Path({str(GENUINE)!r})); before, start = peak(), taken()\n"
        f"read(Path({str(path)!r})); print(peak() - before, taken() - start)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    held, taken = map(float, done.stdout.split())
    assert path.stat().st_size > 2**26
    assert held < 24 and taken < 80  # of 64 mebibytes, which are read once


@pytest.mark.parametrize("keep", ["args", "plain"])
def test_settings_are_found_wherever_fairseq_kept_them(tmp_path, keep):
    if keep == "args":
        path = save(tmp_path / "mine.pt", cfg=None, args=argparse.Namespace(**SETTINGS))
    else:
        path = save(tmp_path / "mine.pt", cfg={"model": SETTINGS})
    assert read(path)[0] == TINY


class Hostile:
    """Is pickled as the call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (os.system, "touch {}"),
        (eval, "open({!r}, 'w')"),
        (exec, "open({!r}, 'w')"),
        (open, None),
        (os.mkdir, None),
        (io.FileIO, None),
        (getattr, None),
        (__import__, None),
        (subprocess.Popen, None),
    ],
)
@pytest.mark.parametrize("place", ["beside", "inside"])
def test_code_in_a_file_does_not_run(tmp_path, function, argument, place):
    canary = tmp_path / "canary"
    arguments = [argument.format(str(canary))] if argument else [str(canary), "w"]
    bomb = Hostile(function, *arguments)
    changes = {"extra_state": bomb} if place == "beside" else {"settings": {"encoder_attention_heads": bomb}}
    path = save(tmp_path / "mine.pt", **changes)
    said = refusal(path)
    assert not canary.exists()
    assert re.search("asks for '.+', and nothing of it was run", said)
    if function in (os.system, eval):
        torch.load(path, weights_only=False)
        assert canary.exists(), "opened carelessly, the file does run"


def test_names_that_fairseq_uses_are_not_called_either(tmp_path):
    called = Hostile(pathlib.Path, "x"), Hostile(collections.defaultdict, dict)
    assert read(save(tmp_path / "mine.pt", extra_state=called))[0] == TINY
    assert "attention heads" in refusal(save(tmp_path / "mine.pt", settings={"encoder_attention_heads": called[0]}))


@pytest.mark.parametrize(
    ("name", "said"), [("g2-git-lfs-pointer.pt", "a pointer of Git LFS"), ("g2-login-page.pt", "a web page")]
)
def test_what_was_downloaded_in_place_of_the_file_is_named(name, said):
    assert said in refusal(Path(__file__).parents[1] / "data" / "reports" / name)


def test_wrong_files_are_refused(tmp_path):
    text, empty = tmp_path / "notes.txt", tmp_path / "empty.pt"
    text.write_text("no weights. at all.")
    empty.touch()
    legacy, jit = tmp_path / "legacy.pt", tmp_path / "jit.pt"
    torch.save({"model": {}}, legacy, _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(jit, "w") as archive:
        archive.writestr("x/data.pkl", b"")
        archive.writestr("x/constants.pkl", b"")
    assert "no checkpoint of fairseq" in refusal(text)
    assert "no checkpoint of fairseq" in refusal(empty)
    assert "before version 1.6" in refusal(legacy)
    assert "not one of torch" in refusal(jit)
    assert "is a directory" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "nowhere")


def test_other_checkpoints_are_refused(tmp_path):
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    torch.save({"model": {"layer.weight": torch.ones(2, 2)}}, tmp_path / "other.pt")
    roberta = [key for key in tiny_weights() if "sampling" in key]
    assert "holds no model" in refusal(tmp_path / "list.pt")
    assert "asks for 'torch.nn.modules.linear.Linear'" in refusal(tmp_path / "module.pt")
    assert "'downsampling.0.weight' is missing" in refusal(tmp_path / "other.pt")
    assert "'downsampling.0.weight' is missing" in refusal(save(tmp_path / "mine.pt", without=roberta))
    assert "holds no model" in refusal(save(tmp_path / "mine.pt", model=None))
    assert "holds no model" in refusal(save(tmp_path / "mine.pt", model={}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"settings": {"encoder_attention_heads": 3}}, "attention heads"),
        ({"settings": {"encoder_attention_heads": 0}}, "attention heads"),
        ({"settings": {"encoder_attention_heads": True}}, "attention heads"),
        ({"settings": {"encoder_attention_heads": "4"}}, "attention heads"),
        ({"settings": {"encoder_attention_heads": torch.ones(2)}}, "attention heads"),
        ({"cfg": None}, "attention heads"),
        ({"settings": {"encoder_layers": 10**9}}, "'encoder_layers'"),
        ({"settings": {"encoder_embed_dim": 32}}, "'encoder_embed_dim'"),
        ({"settings": {"max_positions": 8}}, "'max_positions'"),
        ({"settings": {"activation_fn": "relu"}}, "'activation_fn'"),
        ({"without": ["encoder.lm_head.weight"]}, "'encoder.lm_head.weight' is missing"),
        ({"without": [ENCODER + "layers.1.fc2.bias"]}, "'encoder.sentence_encoder.layers.1.fc2.bias' is missing"),
        ({"tensors": {ENCODER + "layers.1.fc2.bias": torch.ones(3)}}, r"size \[3\], not \[16\]"),
        ({"tensors": {ENCODER + "embed_tokens.weight": torch.ones(1236, 16)}}, "1236 tokens"),
        ({"tensors": {ENCODER + "embed_tokens.weight": torch.ones(7)}}, "another form"),
        ({"tensors": {ENCODER + "embed_positions.weight": torch.ones(2, 16)}}, "max_positions|empty"),
        ({"tensors": {ENCODER + "segment_embeddings.weight": torch.ones(2, 16)}}, "a part '.*segment_embeddings"),
        ({"tensors": {ENCODER + "layernorm_embedding.bias": torch.ones(16)}}, "twice"),
        ({"tensors": {"encoder.lm_head.bias": torch.ones(1237, dtype=torch.int64)}}, "no table of numbers"),
        ({"tensors": {"encoder.lm_head.bias": "many"}}, "no table of numbers"),
        ({"tensors": {"encoder.lm_head.bias": torch.ones(1237).to_sparse()}}, "no table of numbers"),
        ({"tensors": {"encoder.lm_head.bias": torch.ones(1237, device="meta")}}, "no table of numbers"),
        ({"tensors": {"encoder.lm_head.bias": torch.full((1237,), torch.nan)}}, "no numbers"),
        ({"tensors": {"huge": torch.zeros(1).expand(10**6, 10**6)}}, "damaged"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(tmp_path, changes, said):
    assert re.search(said, refusal(save(tmp_path / "mine.pt", **changes)))


def test_a_cut_or_changed_file_is_refused(tmp_path):
    whole = GENUINE.read_bytes()
    path = tmp_path / "cut.pt"
    for size in (10, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert "cut short or damaged" in refusal(path)
    for place in (300, 100_000, len(whole) - 200):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        assert "cut short or damaged" in refusal(path)


@pytest.mark.parametrize("length", [1, 50, 5000])
def test_a_broken_pickle_is_refused(tmp_path, length):
    rng = np.random.default_rng(length)

    def spoil(part: str, data: bytes) -> bytes:
        if not part.endswith("data.pkl"):
            return data
        start = int(rng.integers(0, len(data) - length))
        return data[:start] + rng.bytes(length) + data[start + length :]

    whole = tmp_path / "whole.pt"
    whole.write_bytes(GENUINE.read_bytes())
    for _ in range(8):
        path = rewritten(whole, spoil)
        try:
            read(path)  # a changed letter of some word may do no harm
        except StudioError as error:
            assert path.name in str(error)


def test_a_tensor_cannot_reach_beyond_the_file(tmp_path):
    path = rewritten(save(tmp_path / "mine.pt"), lambda part, data: data[:4] if "/data/" in part else data)
    assert re.search("damaged|no numbers|no MusicBERT", refusal(path))


def test_archives_that_unfold_to_more_than_they_are_get_refused(tmp_path):
    bomb = rewritten(save(tmp_path / "mine.pt"), lambda part, data: data + bytes(2**20), zipfile.ZIP_DEFLATED)
    assert "not one of torch" in refusal(bomb)
    padded = rewritten(
        save(tmp_path / "mine.pt"), lambda part, data: data + bytes(65 * 2**20) if part.endswith("data.pkl") else data
    )
    assert "more than weights and settings" in refusal(padded)
