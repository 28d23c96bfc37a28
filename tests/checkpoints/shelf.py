"""Checkpoints and sound banks for the tests: small ones of our own making, in a cache folder of their own."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from checkpoints.self_test import recorded
from checkpoints.store import file_sha256, register
from models.seq2seq import Seq2Seq, Seq2SeqConfig
from models.transformer_xl import TransformerXL, TransformerXLConfig
from music.tokens import octuple as tokens
from music.tokens.accompaniment import CONDITION_IDS_SIZE, sizes
from music.tokens.conditions import PREFIX_SIZE

PNG = b"\x89PNG\r\n\x1a\n" + bytes.fromhex(
    "0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def small_writer(width: int = 16) -> TransformerXL:
    """Returns a Transformer-XL that has learnt nothing, always the same."""
    torch.manual_seed(3)
    config = TransformerXLConfig(
        tokens.step_sizes(), (130,), PREFIX_SIZE, layers=1, width=width, heads=2, hidden=16, head_hidden=16
    )
    return TransformerXL(config)


def small_harmonizer() -> Seq2Seq:
    """Returns a sequence-to-sequence Transformer that has learnt nothing, always the same."""
    torch.manual_seed(4)
    return Seq2Seq(
        Seq2SeqConfig(
            sizes(),
            CONDITION_IDS_SIZE,
            encoder_layers=1,
            decoder_layers=1,
            width=16,
            heads=2,
            hidden=16,
            head_hidden=16,
        )
    )


def put(cache: Path, name: str, model: torch.nn.Module | None = None, **changes) -> Path:
    """Returns the file of a checkpoint that is registered in a cache folder under a name, with a card.

    Args:
        cache: the folder.
        name: of the checkpoint.
        model: a small writer by default.
        changes: of the registry's values.
    """
    cache.mkdir(parents=True, exist_ok=True)
    model = model or small_writer()
    path = cache / f"{name}.safetensors"
    save_file(model.state_dict(), path, metadata={"config": json.dumps(dataclasses.asdict(model.config))})
    writes = isinstance(model, TransformerXL)
    values = {
        "file": path.name, "bytes": path.stat().st_size, "sha256": file_sha256(path),
        "task": "generate" if writes else "harmonize", "architecture": "transformer_xl" if writes else "seq2seq",
        "tokenizer": tokens.digest(), "licence": "MIT", "parameters": 1234, "data": ["songs", "hymns"],
        "metrics": ["5.00 nats a note"],
    }  # fmt: skip
    register(cache / "registry.toml", name, recorded(name, path, values) | changes)
    (cache / f"{name}.md").write_text(
        f"# {name}\n\nThe card of it.\n\n![loss curve]({name}.png)\n\n## Data\n\nSongs.\n"
    )
    (cache / f"{name}.png").write_bytes(PNG)
    return path


def bank(path: Path, size: int = 400) -> Path:
    """Returns a file that begins as a sound bank does and is as long as it says."""
    path.write_bytes(b"RIFF" + (size - 8).to_bytes(4, "little") + b"sfbk" + bytes(size - 12))
    return path
