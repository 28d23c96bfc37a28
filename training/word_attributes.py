"""Our wordings -> what tells tempo, loudness, brightness ... from a word, kept in the table of word vectors that ships.

    python -m training word_attributes

For each attribute a multinomial logistic regression with a class "not said" is fitted on the training wordings. The
wordings of other attributes and common words that lie near no wording say nothing. Then "not said" is made so likely
that only a small share of other common words is taken for a wording.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from checkpoints.store import EMBEDDED, REGISTRY, file_sha256, read_registry, register
from checkpoints.word_vectors import NAME, WordVectors, read_table
from pipelines.wording.captions import ATTRIBUTES, wordings
from pipelines.wording.encoder import average, content, words_of

COMMON_WORDS = 10_000
NEAR = 0.6
"""How many of the commonest words serve as words that say nothing, and from which cosine to a wording on they do not."""

FALSE = {"family": 0.01, "drums": 0.005}
FALSE_ELSE = 0.03
"""Which share of words that say nothing may be taken for a wording: by ear, see the figures of ``evaluate words-small``."""

_SAID_WEIGHT = 3.0  # of a wording beside a word that says nothing: by ear, not measured
_PENALTY = (
    1e-2  # on the squares of the weights, chosen on the training wordings' neighbors; 3e-3 and 3e-2 are no better
)


def main(argv: list[str]) -> None:
    """Runs ``python -m training word_attributes``."""
    parser = argparse.ArgumentParser(
        prog="python -m training word_attributes", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--table", type=Path, help="a file; by default the one that ships, which is registered again")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    path = args.table or EMBEDDED / f"{NAME}.safetensors"
    table = read_table(path)
    write_heads(path, {name: fitted(table, name) for name in ATTRIBUTES})
    if args.table is None:
        values = read_registry(REGISTRY)[NAME]
        register(REGISTRY, NAME, values | {"bytes": path.stat().st_size, "sha256": file_sha256(path)})
    print(f"{path}: {path.stat().st_size} bytes, sha256 {file_sha256(path)}")


def fitted(table: WordVectors, attribute: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns weights [1 + classes, WIDTH] and bias [1 + classes], float32; the first class is "not said"."""
    told = [
        (name, value, vector)
        for name, classes in wordings().items()
        for value, phrases in classes.items()
        for phrase in phrases
        if (vector := average(table, content(words_of(phrase, table.rows)))) is not None
    ]
    classes = ATTRIBUTES[attribute]
    silent, others = _silent_words(table, np.stack([vector for _, _, vector in told]))
    inputs = np.concatenate([np.stack([vector for _, _, vector in told]), silent])
    targets = np.zeros(len(inputs), np.int64)
    targets[: len(told)] = [1 + classes.index(value) if name == attribute else 0 for name, value, _ in told]
    counts = np.bincount(targets, minlength=1 + len(classes))
    per_class = np.append(1.0, _SAID_WEIGHT * counts[1:].sum() / len(classes) / counts[1:])
    scale = float(inputs.std())
    weights, bias = regression(inputs / scale, targets, per_class, _PENALTY)
    weights /= scale
    logits = others @ weights.T + bias
    said = np.logaddexp.reduce(logits[:, 1:], axis=1) - logits[:, 0]
    bias[0] += np.quantile(said, 1 - FALSE.get(attribute, FALSE_ELSE))
    return weights.astype(np.float32), bias.astype(np.float32)


def _silent_words(table: WordVectors, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the vectors of words that say nothing: far from all wordings, to learn from, and whatever comes, to weigh by."""
    ours = {
        word
        for kinds in wordings().values()
        for told in kinds.values()
        for phrase in told
        for word in words_of(phrase, table.rows)
    }
    common = [word for word in list(table.rows)[:COMMON_WORDS] if word not in ours and content([word])]
    vectors = table.vectors[[table.rows[word] for word in common]]
    vectors = vectors[np.random.default_rng(0).permutation(len(vectors))]
    learned, others = np.array_split(vectors, 2)
    cosines = _unit(learned) @ _unit(told).T
    return learned[cosines.max(axis=1) < NEAR], others


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def regression(
    inputs: np.ndarray, targets: np.ndarray, per_class: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Returns weights [classes, width] and bias [classes] of a multinomial logistic regression, float64.

    Args:
        inputs: float [examples, width].
        targets: the class of each, int64 [examples].
        per_class: how much an example of each class weighs [classes].
        penalty: on the squares of the weights.
    """
    columns, classes = torch.from_numpy(inputs).double(), torch.from_numpy(targets)
    found = torch.zeros(inputs.shape[1] + 1, len(per_class), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([found], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        logits = columns @ found[:-1] + found[-1]
        value = torch.nn.functional.cross_entropy(logits, classes, weight=torch.from_numpy(per_class))
        value = value + penalty * found[:-1].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    best = found.detach().numpy()
    return best[:-1].T.copy(), best[-1].copy()


def write_heads(path: Path, heads: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Writes what tells the attributes into the file of a table, in place of what stood there."""
    with safe_open(path, "np") as file:
        about: dict[str, Any] = json.loads(file.metadata()["about"])
        parts = {name: file.get_tensor(name) for name in file.keys() if "." not in name}  # noqa: SIM118  (no dict)
    for name, (weights, bias) in heads.items():
        parts |= {f"{name}.weights": weights, f"{name}.bias": bias}
    write_parts(path, parts, about | {"classes": {name: ATTRIBUTES[name] for name in heads}})


def write_parts(path: Path, parts: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Writes the file of a table, whole or not at all; one key alone, for safetensors writes several in any order."""
    made = {name: np.ascontiguousarray(part) for name, part in parts.items()}
    save_file(made, f"{path}.part", metadata={"about": json.dumps(about)})
    os.replace(f"{path}.part", path)
