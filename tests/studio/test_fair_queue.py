from __future__ import annotations

from dataclasses import dataclass

from studio.fair_queue import in_turns


@dataclass(frozen=True)
class Job:
    visitor: str
    name: str = ""


def names(jobs) -> str:
    return " ".join(f"{job.visitor}{job.name}" for job in jobs)


def test_one_who_asks_for_much_does_not_stand_before_others():
    waiting = [*(Job("ann", str(n)) for n in range(4)), Job("bob"), Job("cyd")]
    assert names(in_turns(waiting, [], {})) == "ann0 bob cyd ann1 ann2 ann3"


def test_who_was_served_longest_ago_comes_first():
    waiting = [Job("ann"), Job("bob"), Job("cyd")]
    assert names(in_turns(waiting, [], {"ann": 3, "bob": 1})) == "cyd bob ann"


def test_work_that_runs_is_a_turn_that_was_had():
    waiting = [Job("ann"), Job("bob", "0"), Job("bob", "1")]
    assert names(in_turns(waiting, [Job("ann", "runs")], {})) == "bob0 ann bob1"
