"""The order in which the bars of a score are played: repeats, endings, D.C. and D.S., coda and fine, for all parts at once.

Why not music21's ``expandRepeats``? It copies each part for itself, in minutes where a score has many repeats, and gives
up where one part lacks a sign that another has. An order of bars is a list of numbers that holds for everybody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from music.errors import StudioError

MAX_PLAYED_BARS = 50_000  # some ten hours of fast music; a score of 500 bars with repeats plays about 1,000
_LETTERS = re.compile(r"[^a-z]")
_JUMP = re.compile(r"dacapo|dalsegno|^(dc|ds)(?=$|al|sin|senza|con|e|no|with|to|repeat|and)")


@dataclass
class BarSigns:
    """What stands at a bar that says where to go on.

    Attributes:
        forward, forward_after: a repeat begins here, or with the bar that follows.
        plays: how often the repeat that ends here is played in all; 0 for no sign.
        after_jump: that repeat is taken after a D.C. or D.S. too.
        ending: the numbers of an ending that begins here, () where it has none, None where none begins.
        ending_stops: an ending stops here, that with the numbers ``stopped``.
        segnos, codas: the names of the signs that stand here.
        to_coda, fine, trio, da_capo: these words stand here.
        dal_segno: the name of the segno to go back to, None for none.
        loose: a D.C. or D.S. is only words, which may begin some beats before the bar line that they belong to.
        goal: what a D.C. or D.S. here plays up to: "fine", "coda", or "" where it does not say.
    """

    forward: bool = False
    forward_after: bool = False
    plays: int = 0
    after_jump: bool = False
    ending: tuple[int, ...] | None = None
    ending_stops: bool = False
    stopped: tuple[int, ...] = ()
    segnos: set[str] = field(default_factory=set)
    codas: set[str] = field(default_factory=set)
    to_coda: bool = False
    fine: bool = False
    trio: bool = False
    da_capo: bool = False
    dal_segno: str | None = None
    loose: bool = False
    goal: str = ""

    def read_words(self, text: str) -> None:
        """Takes in what a musician reads in words such as "D.S. al Coda" or "Fine"; other words say nothing."""
        letters = _LETTERS.sub("", text.lower())
        jump = _JUMP.search(letters)
        if jump:
            self.loose = True
            self.da_capo |= jump[0] in ("dc", "dacapo")
            if jump[0] in ("ds", "dalsegno") and self.dal_segno is None:
                self.dal_segno = ""
            self.goal = "coda" if "coda" in letters else "fine" if "fine" in letters else self.goal
        elif letters == "fine":
            self.fine = True
        elif letters in ("tocoda", "gotocoda"):
            self.to_coda = True
        elif letters in ("alfine", "alcoda"):  # the second line of a "D.C."
            self.goal = letters[2:]
        elif letters == "coda":
            self.codas.add("")
        elif letters == "segno":
            self.segnos.add("")
        elif letters == "trio":
            self.trio = True

    def merge(self, other: BarSigns) -> None:
        """Takes in what stands at this bar in another part."""
        for name in ("forward", "after_jump", "ending_stops", "to_coda", "fine", "trio", "da_capo"):
            setattr(self, name, getattr(self, name) or getattr(other, name))
        self.plays = max(self.plays, other.plays)
        self.ending = self.ending or other.ending if self.ending != () else other.ending or ()
        self.segnos |= other.segnos
        self.codas |= other.codas
        self.dal_segno = other.dal_segno if self.dal_segno is None else self.dal_segno
        self.goal = self.goal or other.goal
        self.loose |= other.loose
        self.stopped = self.stopped or other.stopped


class _Ending(NamedTuple):
    """A bracket: its first and last bar, the passes it is for, the bracket to begin with, and all passes of its group."""

    first: int
    last: int
    passes: frozenset[int]
    group: int
    total: int
    closes: bool


def play_order(signs: Sequence[BarSigns], mended: Counter[str]) -> list[int]:
    """Returns the numbers of the bars, from 0, in the order in which they are played.

    After a D.C. or D.S. repeats that were played are not played again, and of their endings the last is taken. What makes
    no sense is left out and told to ``mended``.

    Raises:
        StudioError: there would be no end of playing.
    """
    endings, returns = _endings(signs, mended)
    starts_at = {ending.first: ending for ending in endings}
    stops_at = {ending.last: ending for ending in endings}
    signs = _settled(signs)
    ends = {n for n, bar in enumerate(signs) if bar.fine}
    if not ends and not any(bar.codas for bar in signs):  # "Menuetto da capo" ends where the trio begins
        ends = {n - 1 for n, bar in enumerate(signs) if bar.trio}
    order: list[int] = []
    spent: set[tuple[int, bool]] = set()  # the repeats that were played, and whether after a jump
    jumps: set[int] = set()
    at = start = 0
    turn, jumped, goal = 1, False, ""
    while at < len(signs):
        here = signs[at]
        if here.forward and at != start:
            start, turn = at, 1
        ending = starts_at.get(at)
        if ending is not None:
            again = jumped and signs[ending.last].after_jump
            wanted = ending.total if (ending.group, again) in spent else min(turn, ending.total)
            if wanted not in ending.passes:
                at = ending.last + 1
                if ending.closes:
                    spent.add((ending.group, again))
                    start, turn = at, 1
                continue
        order.append(at)
        if len(order) > MAX_PLAYED_BARS:
            raise StudioError(f"With its repeats the music has more than {MAX_PLAYED_BARS:,} bars. Take some out.")
        ending = stops_at.get(at)
        again = jumped and here.after_jump
        if ending is not None:
            final = (ending.group, again) in spent or turn >= ending.total
            if not final and at in returns:
                at, turn = start, turn + 1
                continue
            spent.add((ending.group, again))
            following = [other.last for other in endings if other.group == ending.group]
            at, turn = max(following), 1
            start = at + 1
        elif here.plays and (at, again) not in spent:
            if turn < here.plays:
                at, turn = start, turn + 1
                continue
            spent.add((at, again))
            start, turn = at + 1, 1
        here = signs[order[-1]]
        if jumped and order[-1] in ends and goal != "coda":
            break
        target = _coda_after(signs, order[-1], mended) if jumped and goal != "fine" and here.to_coda else None
        if target is not None:
            jumped = False  # in the coda repeats are new, and a "fine" is no end
        elif order[-1] not in jumps:
            target = _jump_from(signs, order[-1], mended)
            if target is not None:
                jumps.add(order[-1])  # each is taken once
                jumped, goal = True, here.goal
        if target is None:
            at += 1
        else:
            at, start, turn = target, target, 1
    return order


def _settled(signs: Sequence[BarSigns]) -> list[BarSigns]:
    """Returns the signs with each D.C. and D.S. that is only words at the repeat or the end that follows within two bars."""
    settled = list(signs)
    for n, here in enumerate(signs):
        if not here.loose or here.plays:
            continue
        for later in range(n + 1, min(n + 3, len(signs))):
            there = settled[later]
            if there.forward or there.codas or there.ending is not None:
                break
            if there.plays or later + 1 == len(signs):
                settled[n] = replace(here, da_capo=False, dal_segno=None, goal="")
                settled[later] = replace(there, da_capo=here.da_capo, dal_segno=here.dal_segno, goal=here.goal)
                break
    return settled


def _coda_after(signs: Sequence[BarSigns], bar: int, mended: Counter[str]) -> int | None:
    """Returns the bar where the coda begins to which this one leads, None without one."""
    codas = [n for n, other in enumerate(signs) if other.codas and n != bar]
    if not codas:
        mended["A jump to a coda that is not there, left out"] += 1
        return None
    return next((n for n in codas if n > bar), codas[0])


def _jump_from(signs: Sequence[BarSigns], bar: int, mended: Counter[str]) -> int | None:
    """Returns the bar to which a D.C. or D.S. at this one leads, None to go on."""
    here = signs[bar]
    if here.da_capo:
        return 0
    if here.dal_segno is None:
        return None
    named = [n for n, other in enumerate(signs) if here.dal_segno in other.segnos]
    found = named or [n for n, other in enumerate(signs) if other.segnos]
    if not found:
        mended["A D.S. without a segno, left out"] += 1
        return None
    return max((n for n in found if n <= bar), default=found[0])


def _endings(signs: Sequence[BarSigns], mended: Counter[str]) -> tuple[list[_Ending], set[int]]:
    """Returns the endings that matter, and the bars at which one of them goes back."""
    brackets: list[tuple[int, int, tuple[int, ...]]] = []
    at = 0
    while at < len(signs):
        numbers = signs[at].ending
        if numbers is None and signs[at].ending_stops:  # of a bracket that never began
            numbers = signs[at].stopped
        if numbers is None:
            at += 1
            continue
        last = at
        while not (signs[last].ending_stops or signs[last].plays):
            if last + 1 >= len(signs) or signs[last + 1].ending is not None or signs[last + 1].forward:
                break
            last += 1
        else:
            brackets.append((at, last, numbers))
            at = last + 1
            continue
        # It never stops: it holds for one bar, or up to the next ending.
        last = last if last + 1 < len(signs) and signs[last + 1].ending is not None else at
        brackets.append((at, last, numbers))
        at = last + 1
    groups: list[list[tuple[int, int, tuple[int, ...]]]] = []
    for first, last, numbers in brackets:
        neighbor = groups and groups[-1][-1][1] + 1 == first and not signs[first].forward
        known = {number for bracket in groups[-1] for number in bracket[2]} if neighbor else set()
        if neighbor and not (numbers and numbers[0] in known):
            groups[-1].append((first, last, numbers or (max(known, default=0) + 1,)))
        else:
            groups.append([(first, last, numbers or (1,))])
    endings: list[_Ending] = []
    returns: set[int] = set()
    for group in groups:
        last_bar = group[-1][1]
        if len(group) == 1 and not signs[last_bar].plays:
            if 1 in group[0][2]:
                mended["A first ending that nothing repeats, played once"] += 1
            continue  # a bracket alone is read as plain bars
        if any(not signs[last].plays for _, last, _ in group[:-1]):
            mended["A first ending without repeat dots, played as if it had them"] += 1
        named = {number for bracket in group for number in bracket[2]}
        total = max(named) + (len(group) == 1)  # what comes after a lone one is the last ending
        for first, last, numbers in group:
            if last != last_bar or signs[last].plays:
                returns.add(last)
            passes = frozenset(numbers)
            if last == last_bar and len(group) > 1:  # also for passes that no bracket names
                passes |= set(range(1, total)) - named
            endings.append(_Ending(first, last, passes, group[0][0], total, last == last_bar))
    return endings, returns
