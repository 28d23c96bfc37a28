"""A sentence encoder -> the static table of word vectors that ships (checkpoint words-small).

    python -m training word_vectors FOLDER --texts DATA/lyrics
    python -m training word_attributes

FOLDER holds config.json, tokenizer.json and model.safetensors of sentence-transformers/all-MiniLM-L6-v2. Each word goes
through the encoder as "a WORD song", so that "booming" is a sound and no business; the mean of the word's own last hidden
states, scaled to length 1, is reduced from 384 to 128 numbers by a PCA and rounded to 8 bits. The words of our training
wordings make up half of what the PCA sees. Words are the whole words of the encoder's vocabulary, those of our own
vocabularies and wordings, and frequent ones of the texts.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from checkpoints.store import EMBEDDED, EMBEDDED_SOURCE, REGISTRY, file_sha256, register
from checkpoints.word_vectors import NAME, WIDTH, WordVectors
from music.errors import StudioError
from pipelines.prompt import words as prompt_words
from pipelines.prompt.vocabulary import vocabulary
from pipelines.wording.captions import made_up, spoken, wordings
from pipelines.wording.encoder import average, plain, words_of
from training.word_attributes import write_parts

SOURCE = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The encoder, its commit on the Hugging Face hub, and the sum that its model.safetensors has there."""

MOST_WORDS = 20_000
FEWEST = 10
"""How many words the table has, and how often a word of the texts alone must occur."""

CAPTIONS = 20_000
"""Made-up captions over which the averages are standardized."""

BEFORE, AFTER = "a ", " song"
OURS = 0.5
"""What stands around a word in the encoder, and how much of the PCA's variance is that of our training wordings.

In a trial on 5,000 words, held-out wordings got the right class of tempo, loudness, brightness, density and mode in 89 % of
the cases; by themselves and with a plain PCA in 80 %. So the held-out wordings have served to choose between a few ways.
"""

_BATCH = 256


def main(argv: list[str]) -> None:
    """Runs ``python -m training word_vectors``."""
    parser = argparse.ArgumentParser(prog="python -m training word_vectors", description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="the folder of the sentence encoder")
    parser.add_argument("--texts", type=Path, required=True, help="a folder of .jsonl files whose lines have a 'text'")
    parser.add_argument("--out", type=Path, help="a file; by default the one that ships, which is registered too")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    sum_ = file_sha256(args.model / "model.safetensors") if (args.model / "model.safetensors").is_file() else ""
    if sum_ != MODEL_SHA256:
        raise StudioError(f"'{args.model}' does not hold the encoder. Take {SOURCE} at {REVISION[:8]} from the hub.")
    words = table_words(vocabulary_words(args.model / "tokenizer.json"), ours(), counts_of(texts_in(args.texts)))
    path = args.out or EMBEDDED / f"{NAME}.safetensors"
    write_table(path, words, embedded(args.model, words), said_in(training=True))
    if args.out is None:
        register_table(path, len(words))
    print(f"{path}: {len(words)} words, {path.stat().st_size} bytes, sha256 {file_sha256(path)}")


def vocabulary_words(tokenizer: Path) -> list[str]:
    """Returns the whole words of a WordPiece vocabulary, in its order, which is roughly the commonest first."""
    listed = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    return [word for word in sorted(listed, key=listed.__getitem__) if _is_word(word)]


def ours() -> set[str]:
    """Returns the words of our wordings, held-out ones too, and of the prompt vocabulary."""
    phrases = [*prompt_words.MOOD_WORDS.values(), *(" ".join(phrase) for phrase in vocabulary())]
    return said_in(training=True) | said_in(training=False) | set(filter(_is_word, _split(phrases)))


def said_in(training: bool) -> set[str]:
    """Returns the words of the training wordings, or of those held out."""
    told = (phrase for group in wordings(not training).values() for phrases in group.values() for phrase in phrases)
    return set(filter(_is_word, _split(told)))


def _split(texts: Iterable[str]) -> Iterator[str]:
    """Yields the words of texts."""
    for text in texts:
        yield from re.findall(r"[a-z]+", plain(text))


def texts_in(folder: Path) -> Iterable[str]:
    """Yields the English training texts of a folder.

    Raises:
        StudioError: there are none.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise StudioError(f"There are no .jsonl files in '{folder}'. Name the folder of the texts.")
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row.get("lang", "en") == "en" and row.get("split", "train") == "train":
                yield row["text"]


def counts_of(texts: Iterable[str]) -> Counter[str]:
    """Returns how often each word occurs in texts."""
    return Counter(filter(_is_word, _split(texts)))


def table_words(listed: Sequence[str], needed: set[str], counts: Counter[str]) -> list[str]:
    """Returns the words of the table, the commonest first, MOST_WORDS at most.

    Args:
        listed: of the encoder's vocabulary, in its order.
        needed: that must be there.
        counts: of the texts: what is not listed comes by frequency, and listed words that never occur go first.
    """
    new = [word for word, count in counts.most_common() if count >= FEWEST and word not in set(listed)]
    required = {word for word in listed if word in needed or counts[word]} | needed
    order = list(dict.fromkeys([*listed, *new, *sorted(needed)]))
    spare = MOST_WORDS - len(required)
    kept = required | set([word for word in order if word not in required][: max(0, spare)])
    return [word for word in order if word in kept][: MOST_WORDS if spare >= 0 else None]


def _is_word(word: str) -> bool:
    return bool(re.fullmatch(r"[a-z]{2,}", word)) or word in ("a", "i")


@torch.inference_mode()
def embedded(folder: Path, words: Sequence[str]) -> np.ndarray:
    """Returns the vectors of words, float32 [words, hidden], each of length 1."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    parts = []
    for start in tqdm(range(0, len(words), _BATCH), desc="words", unit="batch", disable=None):
        batch = words[start : start + _BATCH]
        read = tokenizer(
            [f"{BEFORE}{word}{AFTER}" for word in batch], padding=True, return_tensors="pt", return_offsets_mapping=True
        )
        begins, ends = read.pop("offset_mapping").unbind(-1)
        last = torch.tensor([len(BEFORE) + len(word) for word in batch])[:, None]
        own = ((begins >= len(BEFORE)) & (ends <= last) & (ends > begins)).float()[:, :, None]
        means = (model(**read).last_hidden_state * own).sum(1) / own.sum(1)
        parts.append(torch.nn.functional.normalize(means, dim=1))
    return torch.cat(parts).numpy()


def write_table(path: Path, words: Sequence[str], full: np.ndarray, preferred: set[str]) -> None:
    """Writes the table of words whose full vectors are given, float32 [words, hidden]; some weigh more in the PCA."""
    small, kept = reduced(full, np.array([word in preferred for word in words]))
    scale = np.abs(small).max(axis=0) / 127
    parts = {
        "words": np.frombuffer("\n".join(words).encode("ascii"), np.uint8),
        "vectors": np.rint(small / scale).astype(np.int8),
        "scale": scale.astype(np.float32),
    }
    table = WordVectors(
        {word: row for row, word in enumerate(words)},
        parts["vectors"].astype(np.float32) * parts["scale"],
        np.zeros(WIDTH, np.float32),
        np.ones(WIDTH, np.float32),
    )
    rng = np.random.default_rng(0)
    captions = (spoken(made_up(rng), rng)[0] for _ in range(CAPTIONS))
    made = [average(table, words_of(caption, table.rows)) for caption in captions]
    averages = np.stack([found for found in made if found is not None])
    parts |= {"center": averages.mean(axis=0), "spread": averages.std(axis=0)}
    header = {
        "format": "words, the commonest first; vectors = int8 * scale; center and spread of captions",
        "made_by": "python -m training word_vectors",
        "source": f"{SOURCE} at {REVISION}, model.safetensors sha256 {MODEL_SHA256}",
        "licence": "Apache-2.0, as its source",
        "variance_kept": round(kept, 3),
    }
    write_parts(path, parts, header)


def reduced(full: np.ndarray, preferred: np.ndarray) -> tuple[np.ndarray, float]:
    """Returns vectors on their WIDTH principal axes, float32 [words, WIDTH], and the share of the variance that is kept.

    Args:
        full: float32 [words, hidden].
        preferred: bool [words]: the words that make up OURS of what is seen.
    """
    shares = np.where(preferred, OURS / max(1, preferred.sum()), (1 - OURS) / max(1, (~preferred).sum()))
    shares /= shares.sum()
    centered = full.astype(np.float64) - shares @ full
    values, axes = np.linalg.eigh((centered * shares[:, None]).T @ centered)
    order = np.argsort(values)[::-1][:WIDTH]
    axes = axes[:, order]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(WIDTH)])  # or else the signs hang on the library
    return (centered @ axes).astype(np.float32), float(values[order].sum() / values.sum())


def register_table(path: Path, words: int) -> None:
    """Registers the table that ships."""
    values = {
        "kind": "word-vectors",
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
        "sources": [EMBEDDED_SOURCE],
        "licence": "Apache-2.0",
        "parameters": words * WIDTH,
        "data": [SOURCE],
        "remarks": f"{words} English words, each {SOURCE}'s own vector of it, 384 numbers reduced to {WIDTH} and 8 bits.",
    }
    register(REGISTRY, NAME, values)
