"""How verse is written down for the language model: signs before each line say its length and the word that ends it.

    <song>  train home night <lines> <7> night <write> the last train leaves for home to-night <line> ...

First the kind of text and, in any order, words that occur in it; then line after line. So the word that a line must rhyme by
is known before the line is written, and the model writes toward it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

LONGEST_LINE = 16
"""Syllables of the longest line that has a sign of its own; longer ones share one."""

POEM, SONG, OLD, LINES, WRITE, LINE, STANZA, END = (
    "<poem>", "<song>", "<old>", "<lines>", "<write>", "<line>", "<stanza>", "<end>",
)  # fmt: skip
LENGTHS = tuple(f"<{count}>" for count in range(1, LONGEST_LINE + 2))
SIGNS = (POEM, SONG, OLD, LINES, WRITE, LINE, STANZA, END, *LENGTHS)
"""The tokens that are no text, in the order of their ids."""

WORDS = r" ?[\p{L}\p{M}']+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}']+|\s+"
"""What the tokenizer takes apart before it joins letters: words with the space before them, numbers, other signs."""


def length_sign(syllables: int) -> str:
    """Returns the sign of a line of so many syllables."""
    return LENGTHS[min(max(syllables, 1), LONGEST_LINE + 1) - 1]


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of the language model.

    Attributes:
        tokenizer: a ``tokenizers.Tokenizer``, of bytes, with SIGNS first.
    """

    tokenizer: Any

    @classmethod
    def read(cls, description: str) -> Vocabulary:
        """Returns the vocabulary of a description (JSON).

        Raises:
            ValueError: it is none, or one of other signs.
        """
        from tokenizers import Tokenizer

        try:
            found = cls(Tokenizer.from_str(description))
        except Exception as error:  # the package raises no narrower one
            raise ValueError("no vocabulary") from error
        if [found.tokenizer.id_to_token(number) for number in range(len(SIGNS))] != list(SIGNS):
            raise ValueError("a vocabulary of other signs")
        return found

    @cached_property
    def sign(self) -> dict[str, int]:
        """The id of each of SIGNS."""
        return {sign: number for number, sign in enumerate(SIGNS)}

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text without signs; a space is put before it, as every word has one."""
        return self.tokenizer.encode(f" {text}", add_special_tokens=False).ids

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of many texts, as ``encode``."""
        return [
            found.ids for found in self.tokenizer.encode_batch([f" {text}" for text in texts], add_special_tokens=False)
        ]

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of ids, signs left out."""
        return self.tokenizer.decode([number for number in ids if number >= len(SIGNS)])


def trained(texts: Iterable[str], size: int) -> Vocabulary:
    """Returns a vocabulary of so many tokens, byte-pair encoding (Sennrich et al. 2016) fitted to texts, a line each."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(SIGNS), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator((f" {text}" for text in texts), trainer)
    return Vocabulary(tokenizer)
