"""Perplexity a word of a language model of lyrics on validation verse, beside two floors.

What counts is the likelihood of the words of lines, with the end of each line. What the model writes before a line, its length
and its last word, follows from the line, so its nats are counted too: the likelihood of both is not above that of the line.
No theme is told. *Unigram* and *bigram* foretell the same tokens without these signs, fitted to the training texts; the bigram
is interpolated with the unigram (Witten and Bell 1991).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from checkpoints.loading import Checkpoint
from pipelines.verse.vocabulary import LINE, SIGNS, WRITE, Vocabulary
from training.data.verse_batches import Verses

KINDS = ("poems", "songs")
TEXTS_A_WINDOW = 10
"""Texts of each kind for each window that is asked for, as verse is short."""


def report(checkpoint: Checkpoint, verses: Verses, windows: int) -> str:
    """Returns the table of perplexities on so many times ten validation texts of each kind, read from their beginnings."""
    name, vocabulary = checkpoint.entry.name, Vocabulary.read(verses.vocabulary)
    floors = Floors(verses, len(vocabulary.tokenizer.get_vocab()))
    lines = [
        f"{name}: perplexity a word of validation verse, from the beginning of each text.",
        "",
        f"{'':10}{'texts':>8}{'words':>9}{'unigram':>12}{'bigram':>12}{name:>16}{'nats a token':>16}",
    ]
    for kind in KINDS:
        texts = verses.picked(kind == "songs", True)
        rng = np.random.default_rng(0)
        chosen = rng.permutation(texts)[: windows * TEXTS_A_WINDOW].tolist()
        nats = tokens = words = 0.0
        floor = np.zeros(2)
        for text in chosen:
            found, count, read = likelihood(checkpoint, verses, text)
            nats, tokens = nats + found, tokens + count
            for line in read:
                plain = plain_line(verses, line)
                words += len(vocabulary.decode(plain.tolist()).split())
                floor += floors.nats(plain)
        unigram, bigram = np.exp(floor / words)
        lines.append(
            f"{kind:10}{len(chosen):8d}{words:9,.0f}{unigram:12,.0f}{bigram:12,.0f}{np.exp(nats / words):16,.0f}{nats / tokens:16.3f}"
        )
    return "\n".join(lines)


def likelihood(checkpoint: Checkpoint, verses: Verses, text: int) -> tuple[float, int, range]:
    """Returns the nats of the first lines of a text, as many as the model reads at once, their tokens, and the lines."""
    first, _ = verses.lines_of(text)
    positions = checkpoint.model.config.positions
    last, length = first, 8
    _, stop = verses.lines_of(text)
    while last < stop and length + len(verses.line(last)) + 1 <= positions:
        length += len(verses.line(last)) + 1
        last += 1
    ids, said = verses.example(text, first, length, None)
    ids, said = ids[: positions + 1], said[: positions + 1]
    with torch.inference_mode():
        logs = model_logs(checkpoint, ids[:-1])
    nats = F.nll_loss(logs, torch.from_numpy(ids[1:]), reduction="none").numpy()[said[1:]]
    kept = sum(len(verses.line(line)) for line in range(first, last)) + int(
        verses.begins_stanza[first + 1 : last].sum()
    )
    return float(nats[:kept].sum()), kept, range(first, last)


def model_logs(checkpoint: Checkpoint, ids: np.ndarray) -> torch.Tensor:
    """Returns the log-probabilities of what follows each token, float32 [tokens, vocabulary]."""
    return checkpoint.model(torch.from_numpy(ids)[None])[0].log_softmax(-1)


def plain_line(verses: Verses, line: int) -> np.ndarray:
    """Returns the tokens of a line without the signs before it, and with that of its end."""
    tokens = verses.line(line)
    return tokens[int(np.flatnonzero(tokens == SIGNS.index(WRITE))[0]) + 1 :].astype(np.int64)


class Floors:
    """A unigram and a bigram of the tokens of lines, fitted to training texts.

    Args:
        verses: whose training texts they learn.
        size: of the vocabulary.
    """

    def __init__(self, verses: Verses, size: int):
        end = SIGNS.index(LINE)
        flat = np.concatenate([[end], *self._train(verses)]).astype(np.int64)
        counts = np.bincount(flat, minlength=size).astype(np.float64)
        self._unigram = (counts + 1) / (counts.sum() + size)
        pairs, seen = np.unique(flat[:-1] * size + flat[1:], return_counts=True)
        self._pairs, self._seen, self._size, self._end = pairs, seen, size, end
        firsts = pairs // size
        self._after = np.bincount(firsts, seen, minlength=size)
        self._kinds = np.bincount(firsts, minlength=size)

    @staticmethod
    def _train(verses: Verses) -> Iterator[np.ndarray]:
        for text in np.flatnonzero(verses.texts[:, 2] == 0):
            first, stop = verses.lines_of(int(text))
            for line in range(first, stop):
                yield plain_line(verses, line)

    def nats(self, line: np.ndarray) -> np.ndarray:
        """Returns the nats of a line by the unigram and by the bigram, [2]."""
        before = np.concatenate([[self._end], line[:-1]])
        wanted = before * self._size + line
        at = np.minimum(np.searchsorted(self._pairs, wanted), len(self._pairs) - 1)
        seen = np.where(self._pairs[at] == wanted, self._seen[at], 0)
        unigram = self._unigram[line]
        bigram = (seen + self._kinds[before] * unigram) / np.maximum(self._after[before] + self._kinds[before], 1)
        bigram = np.where(self._after[before] > 0, bigram, unigram)
        return -np.log(np.stack([unigram, bigram])).sum(axis=1)
