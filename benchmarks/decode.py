"""Notes per second of our decoder, beside Hugging Face GPT-2 of the same size on REMI+BPE tokens of the same pieces.

Ours is timed as a musician meets it: sampling, masks and the pieces of each Step are in it. GPT-2 is timed with its
key-value cache and top-p sampling, up to the tokens; making notes of them is not counted. Its weights are random,
which costs it nothing. Loading is left out for both, and both have one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.remi import plain_remi
from music.files.midi import write_midi
from music.piece import Piece
from pipelines.options.generate import GenerateOptions

if TYPE_CHECKING:
    from miditok import REMI
    from transformers import GPT2LMHeadModel

BAND = {"tempo_bpm": 120.0, "time_signature": "4/4", "instruments": ("piano", "bass", "drums")}
WISHES = {"key": "D minor", "genre": "jazz", "guidance": 0.5}  # which is read twice
POSITIONS = 1024  # as GPT-2 has
TOP_P = 0.95
TRAINING_FILES = 200


class Run(NamedTuple):
    """What was written, and how long it took.

    Attributes:
        notes: how many, or what the tokens stand for.
        wall, cpu: seconds on the clock, and of processor time, which other programs disturb less.
    """

    notes: float
    wall: float
    cpu: float


def main(arguments: list[str]) -> None:
    """Prints a table of speeds and ratios."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks decode", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help=f"a folder of MIDI files to learn BPE on, {TRAINING_FILES} at most; by default the pieces that are written "
        "four at a time, which are few: BPE then shortens the others less than it could",
    )
    parser.add_argument("--bars", type=int, default=16, help="length of each piece (default: 16)")
    parser.add_argument("--pieces", type=int, default=3, help="how many pieces to write one at a time (default: 3)")
    parser.add_argument("--vocabulary", type=int, default=2000, help="tokens of REMI+BPE (default: 2000)")
    parser.add_argument("--checkpoint", help="which one of ours writes (default: the one that Generate takes)")
    options = parser.parse_args(arguments)

    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for line in measure(options.bars, options.pieces, options.vocabulary, options.folder, options.checkpoint):
            print(line)
    finally:
        torch.set_num_threads(threads)


def measure(
    bars: int, pieces: int, vocabulary: int, folder: Path | None = None, checkpoint: str | None = None
) -> list[str]:
    """Returns the table: two lines on what is compared, then a line a contender.

    Args:
        bars: length of each piece.
        pieces: how many are written one at a time; those written four at a time are as many, at least four.
        vocabulary: tokens of REMI+BPE.
        folder: MIDI files to learn BPE on; None for the pieces that were written four at a time.
        checkpoint: of ours; None for the one that Generate takes.

    Raises:
        StudioError: there is no such checkpoint, or it cannot write from nothing.
    """
    from checkpoints.loading import load
    from models.transformer_xl import parameter_count

    band = GenerateOptions(bars=bars, **BAND, **({"checkpoint": checkpoint} if checkpoint else {}))
    model = load(band.checkpoint, task="generate").model
    write([replace(band, bars=1)])  # the first call pays for imports and tables
    one, alone = write([replace(band, seed=seed) for seed in range(pieces)])
    quartets = range(max(1, pieces // 4))
    four, together = write([replace(band, seed=100 + n, variants=4) for n in quartets])
    asked, _ = write([replace(band, seed=seed, **WISHES) for seed in range(pieces)])
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi")) if folder else []
    files = files[:: -(-len(files) // TRAINING_FILES) or 1]
    tokenizer, plain = remi(alone, files or together, vocabulary)
    notes = sum(piece.note_count for piece in alone)
    a_note = sum(token_count(tokenizer, piece) for piece in alone) / notes
    peer = gpt2(parameter_count(model), len(tokenizer))
    length = min(POSITIONS - 1, round(notes / len(alone) * a_note))
    peer_one, peer_four = (sample(peer, batch, length, a_note) for batch in (1, 4))
    learnt = f"{len(files)} files" if files else f"{len(together)} other pieces written here"
    runs = {
        "ours, 1 variant": (one, peer_one),
        "ours, 4 variants": (four, peer_four),
        "ours, 1 variant, key and genre asked for (read twice)": (asked, peer_one),
        "GPT-2, batch 1": (peer_one, None),
        "GPT-2, batch 4": (peer_four, None),
    }
    width = max(map(len, runs))
    return [
        f"{pieces} pieces of {bars} bars written here, {notes} notes; REMI {plain / notes:.2f} tokens a note, "
        f"with BPE {a_note:.2f} ({len(tokenizer)} tokens, learnt on {learnt})",
        f"ours {band.checkpoint}, {parameter_count(model):,} parameters, GPT-2 {parameter_count(peer):,} writing {length} tokens; "
        "one thread, one run",
        *(f"{name:<{width}}   {speed(run, other)}" for name, (run, other) in runs.items()),
    ]


def speed(run: Run, peer: Run | None) -> str:
    """Returns notes a second in words, with the ratio of processor seconds to the peer."""
    text = f"{run.notes / run.wall:7.1f} notes/s, {run.notes / run.cpu:7.1f} a processor second"
    return f"{text}   {(run.notes / run.cpu) / (peer.notes / peer.cpu):.1f} x GPT-2" if peer else text


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Returns what the work returns, its seconds on the clock and its seconds of processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, max(time.process_time() - cpu, 1e-4)


def write(asked: Sequence[GenerateOptions]) -> tuple[Run, list[Piece]]:
    """Returns how fast our pipeline writes from nothing, each Step built as for a page, and the pieces."""
    from pipelines.generate import generate

    last, wall, cpu = timed(lambda: [list(generate(Piece.empty(), options))[-1] for options in asked])
    pieces = [piece for step in last for piece in step.pieces]
    return Run(sum(piece.note_count for piece in pieces), wall, cpu), pieces


def remi(pieces: Sequence[Piece], learn: Sequence[Path | Piece], vocabulary: int) -> tuple[REMI, int]:
    """Returns REMI+BPE on our grid, and the number of tokens that the pieces have before BPE.

    Args:
        pieces: to count.
        learn: music to learn BPE on.
        vocabulary: number of tokens; more if REMI alone has more.
    """
    tokenizer = plain_remi()
    plain = sum(token_count(tokenizer, piece) for piece in pieces)
    with tempfile.TemporaryDirectory() as made:
        paths = []
        for number, music in enumerate(learn):
            paths.append(Path(made) / f"{number}.mid" if isinstance(music, Piece) else music)
            if isinstance(music, Piece):
                write_midi(music, paths[-1])
        tokenizer.train(vocab_size=max(vocabulary, len(tokenizer)), model="BPE", files_paths=paths)
    return tokenizer, plain


def token_count(tokenizer: REMI, piece: Piece) -> int:
    """Returns how many tokens a piece has."""
    return len(tokenizer.encode(piece.score).ids)


def gpt2(parameters: int, vocabulary: int, width: int = 256, **settings: Any) -> GPT2LMHeadModel:
    """Returns a GPT-2 of about this many parameters with random weights: depth as fits, feed-forward as is left.

    Args:
        parameters: how many, about.
        vocabulary: number of tokens.
        width: of a token's state; heads are 64 wide.
        settings: of ``GPT2Config``, other than its own.
    """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    left = parameters - (vocabulary + POSITIONS) * width
    layers = max(1, round(left / (12 * width * width)))
    inner = max(width, round((left / layers - 4 * width * width) / (2 * width)))
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=POSITIONS,
        n_embd=width,
        n_layer=layers,
        n_head=width // 64,
        n_inner=inner,
        bos_token_id=1,
        eos_token_id=None,
        pad_token_id=None,
        **settings,
    )
    torch.manual_seed(0)
    return GPT2LMHeadModel(config).eval()


def sample(model: GPT2LMHeadModel, batch: int, length: int, tokens_a_note: float) -> Run:
    """Returns how fast GPT-2 writes this many tokens in each piece of a batch, in notes."""
    import torch

    start = torch.ones(batch, 1, dtype=torch.long)

    def write_tokens(count: int) -> Any:
        return model.generate(
            start,
            attention_mask=torch.ones_like(start),
            do_sample=True,
            top_p=TOP_P,
            top_k=0,
            max_new_tokens=count,
            use_cache=True,
        )

    write_tokens(4)
    found, wall, cpu = timed(lambda: write_tokens(length))
    return Run((found.shape[1] - 1) * batch / tokens_a_note, wall, cpu)
