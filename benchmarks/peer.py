"""Nats a note of a GPT-2 of our size on REMI+BPE tokens, after the same core minutes on the same music as ours.

It reads the windows that our models read, with the same shares of the data sets and the same variations, and is judged
on the validation windows of `python -m training evaluate`: the negative log-likelihood of the tokens of a window,
divided by the number of its notes (the end of a piece counts as one, as it does for ours). BPE can cut the same notes
in several ways, of which only its own is counted: the figure is an upper bound. GPT-2 is not told what ours is told of
a window: key, genre, style, tempo, instruments, density, and how many bars are left.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.decode import POSITIONS, gpt2
from benchmarks.remi import Remi, Window, training_windows, window_of
from checkpoints.architectures import ARCHITECTURES
from checkpoints.loading import load
from models.hints.layout import HintTables
from models.hints.piece import hints_of_piece
from music.errors import StudioError
from music.tokens.conditions import PREFIX_START
from training.data.lanes import Passage, passage, tables_of
from training.data.shards import Shards
from training.likelihood.next_note import LOSSES, MEMORY
from training.likelihood.report import real_windows
from training.tasks.hinted_next_note import keep_freed_memory

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel

PARAMETERS = 8_495_952  # of the model that training/recipes/generate-small.toml makes
SHORT = POSITIONS // 4  # tokens of each of the two chunks of a step at first; later a step reads one of POSITIONS
SHORT_SHARE = 0.4  # of the minutes: short chunks first are quicker (Li et al. 2022, "The stability-efficiency dilemma")
SHUFFLED = 128  # chunks that are prepared together, so that a batch mixes pieces
SAVED = 50  # steps between two saves
OVERLAP = POSITIONS // 2  # tokens of the past that each token sees at least, where there are any
WIDTH = 320
RATE = 1.2e-3  # between what was best in trials of 120,000 tokens at a width of 128 (1.6e-3) and half of it
WARMUP = 50  # steps
FALL = 0.3  # share of the minutes at whose end the rate is 0

Done = dict[str, float]
"""Steps, tokens, notes and seconds of processor time of a run."""


def main(arguments: list[str]) -> None:
    """Trains, or goes on where the run stands, and prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks peer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shards", type=Path, required=True, help="what `python -m training prepare` wrote")
    parser.add_argument("--run", type=Path, default=Path("runs/peer-gpt2"), help="its folder (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=45, help="of processor time, one thread (default: 45)")
    parser.add_argument("--vocabulary", type=int, default=2000, help="tokens of REMI+BPE (default: 2000)")
    parser.add_argument("--windows", type=int, default=24, help="validation windows of each set (default: 24)")
    parser.add_argument("--ours", help="a checkpoint, or the folder of a run, to set beside it")
    parser.add_argument(
        "--average", action="store_true", help="the running average of our run, whose rate has not fallen"
    )
    options = parser.parse_args(arguments)
    keep_freed_memory()

    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for line in measure(options):
            print(line, flush=True)
    finally:
        torch.set_num_threads(threads)


def measure(options: argparse.Namespace) -> Iterator[str]:
    """Yields the table: what was compared, then a line a real set, and their mean."""
    if not (options.shards / "index.json").exists():
        raise StudioError(f"There are no shards in '{options.shards}'. Run `python -m training prepare` first.")
    shards = Shards.load(options.shards)
    options.run.mkdir(parents=True, exist_ok=True)
    remi = Remi.of_run(options.run, shards, options.vocabulary)
    model, done = train(options.run, shards, remi, options.minutes)
    yield (
        f"GPT-2 of {model.num_parameters():,} parameters on REMI+BPE ({len(remi.tokenizer)} tokens): read "
        f"{done['tokens']:,.0f} tokens of {done['notes']:,.0f} notes in {done['seconds'] / 60:.1f} core minutes"
    )
    chosen = real_windows(shards, options.windows)
    columns, lost, written, plain, notes = {"GPT-2": []}, 0, 0, 0, 0
    for picked in chosen.values():
        windows = [window_of(shards, int(number)) for number in picked]
        ids = [remi.encode(window) for window in windows]
        lost += sum(not np.array_equal(remi.decode(i), w.rows) for i, w in zip(ids, windows, strict=True))
        plain += sum(len(bar) for window in windows for bar in remi.bars(window.rows))
        written, count = written + sum(map(len, ids)), sum(window.count for window in windows)
        notes += count
        columns["GPT-2"].append(sum(nats(model, one) for one in ids) / count)
    if options.ours:
        columns |= ours(options.ours, options.average, shards, list(chosen.values()))
    yield (
        f"{notes:,} validation notes of {len(chosen)} real sets, which weigh the same: {plain / notes:.2f} tokens a "
        f"note, with BPE {written / notes:.2f}; {lost} windows do not come back from their tokens as they were"
    )
    yield "\nnats a note             " + "".join(f"{name:>20}" for name in columns)
    for row, name in enumerate([*chosen, "mean"]):
        found = (np.mean(column) if name == "mean" else column[row] for column in columns.values())
        yield f"{name:24}" + "".join(f"{value:20.3f}" for value in found)


def ours(name: str, average: bool, shards: Shards, chosen: Sequence[np.ndarray]) -> dict[str, list[float]]:
    """Returns nats a note by set of one of our models: told of each window what it can be told, and told nothing.

    Args:
        name: of a checkpoint, or the folder of a run.
        average: take the running average of the run's weights.
        shards: what the windows are from.
        chosen: windows of each set.
    """
    import torch

    if (run := Path(name)).is_dir():
        config = json.loads((run / "config.json").read_text())
        state, architecture = torch.load(run / "state.pt", weights_only=True), config["recipe"]["architecture"]
        sizes = {key: tuple(value) if isinstance(value, list) else value for key, value in config["model"].items()}
        model: Any = ARCHITECTURES[architecture].model(ARCHITECTURES[architecture].config(**sizes)).eval()
        model.load_state_dict(state["average" if average else "model"])
    else:
        checkpoint = load(name)
        model, architecture = checkpoint.model, checkpoint.entry.architecture
    tables, columns = tables_of(shards.index), {"ours": [], "ours, told nothing": []}
    for picked in chosen:
        told = [passage(shards, int(number), 2**31, tables) for number in picked]
        untold = [forgetful(one, tables, window_of(shards, int(n))) for one, n in zip(told, picked, strict=True)]
        for column, passages in zip(columns.values(), (told, untold), strict=True):
            losses = LOSSES[architecture](model, passages, MEMORY[architecture])
            column.append(float(losses.sum()) / sum(len(one.notes) for one in passages))
    return columns


def forgetful(one: Passage, tables: HintTables, window: Window) -> Passage:
    """Returns a passage without its conditions: no prefix, no bars left, no place in the phrase, nothing asked."""
    hints, dense = (part[: len(one.notes)] for part in hints_of_piece(tables, window.rows))
    notes = one.notes.copy()
    notes[:, 8:] = 0
    return dataclasses.replace(
        one, notes=notes, prefix=one.prefix * (one.prefix == PREFIX_START), hints=hints, dense=dense
    )


def chunks(remi: Remi, windows: Iterator[Window], seed: int) -> Iterator[tuple[np.ndarray, float]]:
    """Yields ids [POSITIONS] and the notes that they stand for; windows begin a chunk, what is left of them is packed."""
    rng, ready, left, left_notes = np.random.default_rng(seed), [], [], 0.0
    for window in windows:
        ids = remi.encode(window)
        a_token, whole = window.count / len(ids), len(ids) // POSITIONS * POSITIONS
        ready += [(np.array(ids[at : at + POSITIONS]), a_token * POSITIONS) for at in range(0, whole, POSITIONS)]
        left, left_notes = left + ids[whole:], left_notes + a_token * (len(ids) - whole)
        if len(left) >= POSITIONS:
            share = left_notes * POSITIONS / len(left)
            ready.append((np.array(left[:POSITIONS]), share))
            left, left_notes = left[POSITIONS:], left_notes - share
        if len(ready) >= SHUFFLED:
            yield from (ready[n] for n in rng.permutation(len(ready)))
            ready = []


def new_model(vocabulary: int) -> GPT2LMHeadModel:
    """Returns GPT-2 of our size, without dropout, which costs more than it gives where little is read twice.

    Its weights begin larger than GPT-2's usual 0.02, which learned more slowly in the trials.
    """
    settings = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0) | {"initializer_range": WIDTH**-0.5}
    # The same function as GPT-2's "gelu_new", in one kernel.
    return gpt2(PARAMETERS, vocabulary, WIDTH, activation_function="gelu_pytorch_tanh", **settings)


def train(run: Path, shards: Shards, remi: Remi, minutes: float, seed: int = 1) -> tuple[GPT2LMHeadModel, Done]:
    """Returns GPT-2 trained for this many minutes of processor time, from where the run stands, and what it has read.

    The rate rises over WARMUP steps, stays, and falls linearly to 0 over the last FALL of the minutes. Reading and
    tokenizing the music count.
    """
    import torch

    model = new_model(len(remi.tokenizer)).train()
    plain = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": [p for p in model.parameters() if p.dim() >= 2]}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98), weight_decay=0.1, fused=True)
    done: Done = {"step": 0, "tokens": 0, "notes": 0.0, "seconds": 0.0}
    if (run / "state.pt").exists():
        state = torch.load(run / "state.pt", weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["done"]
    before, losses, waiting = time.process_time() - done["seconds"], [], []
    read = chunks(remi, training_windows(shards, seed + done["step"]), seed)
    while done["seconds"] < 60 * minutes:
        left = 1 - done["seconds"] / (60 * minutes)
        if not waiting:
            chunk, notes = next(read)
            size = SHORT if left > 1 - SHORT_SHARE else POSITIONS
            waiting = list(torch.from_numpy(chunk).view(-1, size).split(2))
            a_token = notes / POSITIONS
        ids = waiting.pop()
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (done["step"] + 1) / WARMUP, left / FALL)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        done["step"] += 1
        done["tokens"] += ids.numel()
        done["notes"] += a_token * ids.numel()
        done["seconds"] = time.process_time() - before
        if done["step"] % SAVED == 0 or done["seconds"] >= 60 * minutes:
            with (run / "curve.csv").open("a", newline="") as file:
                csv.writer(file).writerow([*(round(value) for value in done.values()), f"{np.mean(losses):.4f}"])
            losses.clear()
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "done": done}
            torch.save(state, run / "state.pt.part")
            os.replace(run / "state.pt.part", run / "state.pt")
    return model.eval(), done


def nats(model: GPT2LMHeadModel, ids: Sequence[int]) -> float:
    """Returns the negative log-likelihood of all tokens after the first, read in chunks that overlap by OVERLAP."""
    import torch

    total, scored, start = 0.0, 1, 0
    with torch.inference_mode():
        while scored < len(ids):
            chunk = torch.tensor([ids[start : start + POSITIONS]])
            logits = model(input_ids=chunk).logits[0, scored - start - 1 : -1].float()
            total += torch.nn.functional.cross_entropy(logits, chunk[0, scored - start :], reduction="sum").item()
            scored, start = start + chunk.shape[1], start + POSITIONS - OVERLAP
    return total
