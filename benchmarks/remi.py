"""REMI+BPE tokens of the windows that our models read: what other models are trained and judged on beside ours."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from music.tokens import octuple as tokens
from music.tokens.columns import BOS, EOS, FIRST, STEP_COLUMNS, STEP_FIELDS, StepField
from training.data.lanes import vary_melody
from training.data.shards import Shards, WindowPicker, example

if TYPE_CHECKING:
    from miditok import REMI

RECIPE = Path(__file__).parent.parent / "training" / "recipes" / "generate-small.toml"
BPE_WINDOWS, BPE_SEED = 1500, 7  # training windows that BPE is learned on, a million notes
NOTE = (StepField.PROGRAM, StepField.PITCH, StepField.VELOCITY, StepField.DURATION)  # REMI's order


def plain_remi() -> REMI:
    """Returns miditok's REMI with our vocabularies, which has learned no BPE yet."""
    from miditok import REMI, TokenizerConfig

    ours = {key: value for key, value in tokens.TOKENIZER_SETTINGS.items() if key != "max_bar_embedding"}
    return REMI(TokenizerConfig(**ours))


class Window(NamedTuple):
    """A window of music: step rows [notes, 8], and whether the piece ends there."""

    rows: np.ndarray
    ends: bool

    @property
    def count(self) -> int:
        """What nats are divided by: its notes, and the end of the piece, which our models foretell as one more."""
        return len(self.rows) + self.ends


class Remi:
    """REMI+BPE of step rows, exact: REMI's grammar and vocabulary, on the grid that our models have.

    miditok's own encoder has a grid of 1/12 of the signature's beat, so that in 6/8 it would round durations that ours
    keeps; in signatures of quarters both give the same tokens. An empty bar has the signature of the bar before it.
    """

    def __init__(self, tokenizer: REMI):
        self.tokenizer = tokenizer
        byte = tokenizer._vocab_base_id_to_byte
        self._bar = byte[tokenizer.vocab["Bar_None"]]
        self._bytes: list[dict[int, str]] = [{} for _ in STEP_FIELDS]
        for field in list(StepField)[1:]:
            for name, number in tokens.tokenizer().vocab[STEP_COLUMNS[field]].items():
                self._bytes[field][number] = byte[tokenizer.vocab[name]]
        self._fields = {char: (f, n) for f, chars in enumerate(self._bytes) for n, char in chars.items() if n >= FIRST}

    @classmethod
    def of_run(cls, run: Path, shards: Shards, vocabulary: int) -> Remi:
        """Returns the one of a run; a new one learns BPE on training windows, drawn as GPT-2 will read them."""
        from miditok import REMI

        if (run / "tokenizer.json").exists():
            return cls(REMI(params=run / "tokenizer.json"))
        remi = cls(plain_remi())
        remi.learn(islice(training_windows(shards, BPE_SEED), BPE_WINDOWS), vocabulary)
        remi.tokenizer.save(run / "tokenizer.json")
        return remi

    def learn(self, windows: Iterable[Window], vocabulary: int) -> None:
        """Learns BPE within bars, as miditok does by default."""
        self.tokenizer.train(vocabulary, "BPE", [self.bars(window.rows) for window in windows])

    def bars(self, rows: np.ndarray) -> list[str]:
        """Returns REMI before BPE, one character a token and one string a bar."""
        table, parts, signature, tempo, position = self._bytes, [], 0, 0, 0
        for row in rows[:, :8].tolist():
            new_bars = row[StepField.STEP] - FIRST if parts else 1
            for left in range(new_bars, 0, -1):
                signature = row[StepField.SIGNATURE] if left == 1 else signature
                parts.append([self._bar, table[StepField.SIGNATURE][signature]])
                position = 0
            if row[StepField.POSITION] != position:
                position = row[StepField.POSITION]
                parts[-1].append(table[StepField.POSITION][position])
            if row[StepField.TEMPO] != tempo:
                tempo = row[StepField.TEMPO]
                parts[-1].append(table[StepField.TEMPO][tempo])
            parts[-1] += [table[field][row[field]] for field in NOTE]
        return ["".join(part) for part in parts]

    def encode(self, window: Window) -> list[int]:
        """Returns the ids of a window with the marks of its beginning and, where the piece ends, its end."""
        found = self.tokenizer._model.encode(self.bars(window.rows), is_pretokenized=True)
        return [BOS, *found.ids, *([EOS] if window.ends else [])]

    def decode(self, ids: Sequence[int]) -> np.ndarray:
        """Returns the step rows [notes, 8] that ids stand for."""
        model, rows, now, bars = self.tokenizer._model, [], [0] * 8, 0
        for char in "".join(model.id_to_token(i) for i in ids if i not in (BOS, EOS)):
            if char == self._bar:
                bars += 1
            elif char in self._fields:  # the others mark where BPE begins a word
                field, number = self._fields[char]
                now[field] = number
                if field == NOTE[-1]:
                    now[StepField.STEP] = FIRST + (bars if rows else 0)
                    rows.append(list(now))
                    bars = 0
        return np.array(rows, dtype=np.int64).reshape(-1, 8)


def window_of(shards: Shards, number: int, rng: np.random.Generator | None = None, small: bool = False) -> Window:
    """Returns a window as our models read it, varied as ``training.data.lanes.passage`` does if there is an rng."""
    sequence, prefix = example(shards, number, rng)
    if small and rng is not None:
        vary_melody(sequence[1:-1], prefix, shards.index["prefix_blocks"]["program"][0], rng)
    return Window(sequence[1:-1, :8], bool(sequence[-1, StepField.STEP] == EOS))


def training_windows(shards: Shards, seed: int) -> Iterator[Window]:
    """Yields windows without end, with the shares and variations of our recipe."""
    recipe, rng, names = tomllib.loads(RECIPE.read_text()), np.random.default_rng(seed), list(shards.index["sets"])
    picker = WindowPicker(shards, recipe["weights"], rng)
    while True:
        number = picker.pick()
        yield window_of(shards, number, rng, names[shards.windows[number][0]] in recipe["small"])
