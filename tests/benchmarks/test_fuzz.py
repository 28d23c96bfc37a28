"""The fuzzing command makes the same cases from a seed, tells what became of each, and keeps what went wrong."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from benchmarks import fuzz
from benchmarks.__main__ import main
from benchmarks.fuzz import mutated, trial
from benchmarks.fuzz_doors import DOORS, Door, Seed
from music.errors import StudioError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each case needs a process of its own")


def refuse(path: Path) -> None:
    raise StudioError("That is no music. Give a MIDI file.")


def break_down(path: Path) -> None:
    raise ZeroDivisionError(path.read_bytes().decode())


def end(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def take_memory(path: Path) -> None:
    bytearray(2 * fuzz.MEMORY_BYTES)


def spin(path: Path) -> None:
    while True:
        path.exists()


@pytest.mark.parametrize(
    ("door", "outcome", "why"),
    [
        (Path.read_bytes, "accepted", ""),
        (refuse, "refused", ""),
        (break_down, "crashed", "ZeroDivisionError: notes"),
        (end, "crashed", "SIGKILL"),
        (take_memory, "crashed", "MemoryError"),
    ],
)
def test_each_case_is_told_of(door, outcome, why):
    result = trial(door, b"notes", ".mid")
    assert result.outcome == outcome and why in result.why


def test_a_case_that_does_not_end_is_slow(monkeypatch):
    monkeypatch.setattr(fuzz, "PROCESSOR_S", 1)
    assert trial(spin, b"", ".mid").outcome == "slow"


def test_cases_are_the_same_for_a_seed_and_others_for_another():
    seed = Seed(".txt", (b"one 1 two 2", b"three"), b"|".join)
    made = [[mutated(seed, random.Random(f"{number} {case}")) for case in range(50)] for number in (0, 0, 1)]
    assert made[0] == made[1] != made[2]
    assert len(set(made[0])) > 30


def test_faulty_inputs_are_kept_and_can_be_tried_again(monkeypatch, tmp_path, capsys):
    seeds = lambda folder: [Seed(".mid", (b"MThd and more",))]  # noqa: E731

    def door(path: Path) -> None:
        if path.read_bytes() != b"MThd and more":
            raise KeyError("changed")

    monkeypatch.setitem(DOORS, "midi", Door(seeds, door))
    assert main(["fuzz", "--kind", "midi", "--count", "5", "--faults", str(tmp_path / "faults")]) == 1
    table = capsys.readouterr().out.splitlines()
    kept = sorted((tmp_path / "faults").glob("*.mid"))
    assert table[1].split()[:2] == ["midi", "5"] and int(table[1].split()[4]) == len(kept) > 0
    assert "KeyError" in kept[0].with_name(f"{kept[0].name}.txt").read_text()
    assert main(["fuzz", "--again", str(kept[0])]) == 1
    assert "KeyError: 'changed'" in capsys.readouterr().out
    assert main(["fuzz", "--again", str(tmp_path / "other.mid")]) == 2


@pytest.mark.parametrize("kind", DOORS)
def test_every_door_has_a_sound_file_and_lets_damage_do_no_harm(kind, tmp_path):
    assert main(["fuzz", "--kind", kind, "--count", "4", "--faults", str(tmp_path / "faults")]) == 0
    assert not (tmp_path / "faults").exists()
    seeds = DOORS[kind].seeds(tmp_path)
    assert any(trial(DOORS[kind].open, seed.data, seed.ending).outcome == "accepted" for seed in seeds)
