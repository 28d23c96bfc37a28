"""What the studio does with damaged and hostile files: refused, accepted, crashed or slow, for every door that files come in by.

    python -m benchmarks fuzz --kind midi --count 2000
    python -m benchmarks fuzz --again fuzz-faults/midi-0-17.mid

Each case is a sound file that was mutated (bits flipped, parts cut, doubled, moved or inserted, lengths and values edited; of
files within files each layer alone), read in a process of its own with 10 s of processor time and 1 GB of memory. Whatever is
neither read nor refused in words is kept, beside what went wrong, and can be tried again. The same seed gives the same cases.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.fuzz_doors import DOORS, Door, Seed
from music.errors import StudioError

PROCESSOR_S = 10
WALL_S = 60.0
"""A case may wait for others on a busy machine, but not for ever."""
MEMORY_BYTES = 2**30
OUTCOMES = ("refused", "accepted", "crashed", "slow")
_CODES = {0: "accepted", 3: "refused", 4: "crashed"}

TOKENS = (
    b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"9" * 400, b"99999999", b'"x"', b"[]", b"{}", b"[[[[[[[[", b"\xed\xa0\x80",
    b"\x00", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"<", b"</part>", b"&amp;", b"1/0", b"../",
)  # fmt: skip
"""What edited values become, of text and of bytes."""


VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**400, 1e308, 2**63, "", "x", "9" * 5000, "\ud800", [], {}, [[]], [None] * 2000, "1/0", "4/4" * 99,
)  # fmt: skip
"""What values in JSON become."""


@dataclass(frozen=True)
class Result:
    """What became of a case: one of OUTCOMES, and for a fault what went wrong."""

    outcome: str
    why: str = ""


def main(arguments: list[str]) -> int:
    """Prints a table and returns the exit code: 0, or 1 where an input crashed or took too long."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=DOORS, action="append", help="of file; all unless said")
    parser.add_argument("--count", metavar="N", type=int, default=100, help="cases of each kind (100 unless said)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="other cases for each (0 unless said)")
    parser.add_argument("--faults", metavar="FOLDER", type=Path, default=Path("fuzz-faults"), help="gets faulty inputs")
    parser.add_argument("--again", metavar="FILE", type=Path, help="try one faulty input again, and nothing else")
    asked = parser.parse_args(arguments)
    if not hasattr(os, "fork"):
        raise StudioError("This system starts no process for each case. Run it on Linux or macOS.")
    if asked.again is not None:
        return _again(asked.again)
    print(f"{'kind':<12}{'inputs':>8}" + "".join(f"{name:>10}" for name in OUTCOMES) + f"{'seconds':>10}", flush=True)
    faults = 0
    for kind in asked.kind or DOORS:
        began, counts = time.perf_counter(), fuzz(kind, asked.count, asked.seed, asked.faults)
        faults += counts["crashed"] + counts["slow"]
        print(
            f"{kind:<12}{asked.count:>8}"
            + "".join(f"{counts[name]:>10}" for name in OUTCOMES)
            + f"{time.perf_counter() - began:>10.0f}",
            flush=True,
        )
    if faults:
        print(f"{faults} faulty inputs lie in '{asked.faults}'; try one again with --again FILE.")
    return 1 if faults else 0


def _again(path: Path) -> int:
    kind = path.name.partition("-")[0]
    if kind not in DOORS or not path.is_file():
        raise StudioError(f"'{path}' is no faulty input. Give a file whose name begins with one of {', '.join(DOORS)}.")
    result = trial(DOORS[kind].open, path.read_bytes(), path.suffix)
    print(f"{result.outcome}\n{result.why}".strip())
    return 0 if result.outcome in ("refused", "accepted") else 1


def fuzz(kind: str, count: int, seed: int, faults: Path) -> Counter[str]:
    """Returns how many cases of a kind had which outcome; faulty inputs go to a folder, which is made when there is one."""
    door, counts = DOORS[kind], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        seeds = [each for each in door.seeds(Path(folder)) if _is_sound(door, each)]
        for number in range(count):
            chance = random.Random(f"{seed} {kind} {number}")
            chosen = chance.choice(seeds)
            data = mutated(chosen, chance)
            result = trial(door.open, data, chosen.ending)
            counts[result.outcome] += 1
            if result.outcome in ("crashed", "slow"):
                faults.mkdir(parents=True, exist_ok=True)
                path = faults / f"{kind}-{seed}-{number}{chosen.ending}"
                path.write_bytes(data)
                path.with_name(f"{path.name}.txt").write_text(f"{result.outcome}\n{result.why}\n", encoding="utf-8")
    return counts


def mutated(seed: Seed, chance: random.Random) -> bytes:
    """Returns a sound file with one to four mutations, in one of its layers."""
    layer = chance.randrange(len(seed.parts) + 1) if seed.join else 0
    parts = list(seed.parts)
    if layer < len(parts):
        parts[layer] = _mutate(parts[layer], chance)
    data = replace(seed, parts=tuple(parts)).data
    return _mutate(data, chance) if layer == len(parts) else data


def _mutate(data: bytes, chance: random.Random) -> bytes:
    """Returns data with some mutations: of JSON and XML mostly such as leave it JSON or XML, for readers soon refuse all else."""
    found = bytearray(data)
    keeps_form = chance.random() < 0.8
    form = {b"{": (_edit_json,), b"<": (_edit_value, _edit_element)}.get(data[:1]) if keeps_form else None
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice(form or MUTATIONS)(found, chance)
    return bytes(found)


def _edit_json(data: bytearray, chance: random.Random) -> None:
    """Replaces, removes, repeats or wraps one value."""
    values = json.loads(bytes(data))
    owners = list(_owners(values))
    if not owners:
        return
    owner = chance.choice(owners)
    key = chance.choice(list(owner) if isinstance(owner, dict) else range(len(owner)))
    act = chance.randrange(4)
    if act == 0:
        del owner[key]
    elif act == 1:
        owner[key] = [owner[key]] * chance.choice((0, 1, 2, 1000))
    elif act == 2:
        owner[key] = {"a": owner[key], "b": json.loads(json.dumps(chance.choice(owners)))}
    else:
        owner[key] = chance.choice(VALUES)
    data[:] = json.dumps(values).encode()


def _owners(value: Any) -> Iterator[Any]:
    """Yields the mappings and lists in a value that hold something."""
    if isinstance(value, dict | list) and value:
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from _owners(each)


def _edit_element(data: bytearray, chance: random.Random) -> None:
    """Removes, repeats, moves or nests one XML element."""
    whole = bytes(data)
    opened = chance.choice(list(re.finditer(rb"<([A-Za-z][\w-]*)[^>]*>", whole)) or [None])
    if opened is None:
        return
    closing = b"</" + opened[1] + b">"
    stop = opened.end() if opened[0].endswith(b"/>") else whole.find(closing, opened.end()) + len(closing)
    if stop < opened.end():
        return
    element = whole[opened.start() : stop]
    act = chance.randrange(4)
    if act == 0:
        del data[opened.start() : stop]
    elif act == 1:
        data[stop:stop] = element * chance.choice((1, 3, 300))
    elif act == 2:
        other = chance.choice(list(re.finditer(rb"<([A-Za-z][\w-]*)[^>]*>", whole))).start()
        data[other:other] = element
    else:
        data[opened.end() : opened.end()] = element


def _place(data: bytearray, chance: random.Random) -> int:
    """Returns a place: half the time near the beginning or the end, where files keep their counts and tables."""
    size = max(1, len(data))
    reach = chance.choice((64, 2048, size, size))
    place = chance.randrange(min(size, reach))
    return place if chance.random() < 0.6 else size - 1 - place


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 3, 30))):
        if data:
            data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    del data[start : start + chance.choice((1, 1, 4, 4, 100, 100, len(data)))]


def _double(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    part = bytes(data[start : start + chance.choice((1, 8, 200, 5000))])
    data[start:start] = part * chance.choice((1, 2, 50))


def _splice(data: bytearray, chance: random.Random) -> None:
    start, size = _place(data, chance), chance.choice((4, 64, 1000))
    data[_place(data, chance) :][:size] = b""
    target = _place(data, chance)
    data[target : target + size] = data[start : start + size]


def _insert(data: bytearray, chance: random.Random) -> None:
    start = _place(data, chance)
    data[start:start] = chance.choice((chance.choice(TOKENS), chance.randbytes(chance.choice((1, 4, 100)))))


def _edit_length(data: bytearray, chance: random.Random) -> None:
    start, size = _place(data, chance), chance.choice((1, 2, 4))
    number = chance.choice((0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1))
    data[start : start + size] = number.to_bytes(size, chance.choice(("big", "little")))  # type: ignore[arg-type]


def _edit_value(data: bytearray, chance: random.Random) -> None:
    """Replaces a number, a text between quotes, or what stands between two tags."""
    values = list(re.finditer(rb'-?\d[\d.]*|"[^"\\]{0,80}"|(?<=>)[^<]{1,80}(?=<)', bytes(data[: 2**20])))
    if not values:
        return _insert(data, chance)
    chosen = chance.choice(values)
    data[chosen.start() : chosen.end()] = chance.choice(TOKENS)
    return None


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _cut, _double, _splice, _insert, _edit_length, _edit_value, _edit_value,
)  # fmt: skip


def _is_sound(door: Door, seed: Seed) -> bool:
    """Returns whether a seed is read, here, so that what this imports and caches need not be done in each case."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"case{seed.ending}")
        path.write_bytes(seed.data)
        try:
            door.open(path)
        except StudioError:
            return False
    return True


def trial(door: Callable[[Path], None], data: bytes, ending: str) -> Result:
    """Returns what became of one input, put through a door in a process of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryDirectory() as folder:
        path, log = Path(folder, f"case{ending}"), Path(folder, "log.txt")
        path.write_bytes(data)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _in_child(door, path, log)
        os.close(writer)
        ready, _, _ = select.select([reader], [], [], WALL_S)  # the pipe closes with the child
        os.close(reader)
        if not ready:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        why = log.read_text(encoding="utf-8", errors="replace")[-4000:] if log.exists() else ""
    if not ready or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return Result("slow", f"more than {PROCESSOR_S} s of processor time, or {WALL_S:.0f} s in all\n{why}")
    if os.WIFSIGNALED(status):
        return Result("crashed", f"ended by {signal.Signals(os.WTERMSIG(status)).name}\n{why}")
    outcome = _CODES.get(os.WEXITSTATUS(status), "crashed")
    return Result(outcome, why if outcome == "crashed" else "")


def _in_child(door: Callable[[Path], None], path: Path, log: Path) -> None:
    """Runs a case within its limits and ends the process with a code of _CODES."""
    import resource

    code = 4
    try:
        errors = os.open(log, os.O_WRONLY | os.O_CREAT)
        os.dup2(errors, 1)
        os.dup2(errors, 2)
        os.environ["TMPDIR"] = str(path.parent)
        pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
        room = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (spent + PROCESSOR_S, spent + PROCESSOR_S + 1))
        door(path)
        code = 0
    except StudioError:
        code = 3
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)
