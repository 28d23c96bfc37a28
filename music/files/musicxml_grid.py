"""The parts of a MusicXML score, and the bars that they share: how long each is, and which are shorter or longer than they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from music.errors import StudioError
from music.files.bar_order import BarSigns
from music.files.musicxml_bars import read_bars
from music.files.musicxml_players import Player, read_players
from music.files.musicxml_written import PartBar
from music.files.smf import MAX_TRACKS

_NAMED = 8  # bars or chord symbols that a line names one by one


@dataclass
class Part:
    """One part: who plays it, and its bars."""

    player: Player
    bars: list[PartBar]


def read_parts(root: Element, mended: Counter[str]) -> list[Part]:
    """Returns the parts of a score in the order of the file, those also that the list of parts does not name."""
    players = read_players(root.iter("score-part"))
    elements = root.findall("part")
    if not elements:
        raise StudioError("This MusicXML file holds no parts. Export the score again from your notation program.")
    if len(elements) > MAX_TRACKS:
        raise StudioError(f"The file has more than {MAX_TRACKS} parts. Split it and try again.")
    left_out: list[str] = []
    parts = []
    named = {element.get("id", "") for element in elements}
    unused = [player for name, player in players.items() if name not in named]
    strangers = [element for element in elements if element.get("id", "") not in players]
    if len(unused) != len(strangers):
        unused = []
    for element in elements:
        player = players.get(element.get("id", ""))
        if player is None:
            mended["Parts that the list of parts does not name, read all the same: #"] += 1
            player = unused.pop(0) if unused else Player()  # as many are listed under other names: they are in order
        parts.append(Part(player, read_bars(element.findall("measure"), player, mended, left_out)))
    if left_out:
        mended[f"Chord symbols, left out: {len(left_out)} ({_named(left_out)})"] = 1
    if len({len(part.bars) for part in parts}) > 1:
        mended["Parts with fewer bars than others, silent from there on: #"] += sum(
            len(part.bars) < max(len(other.bars) for other in parts) for part in parts
        )
    return parts


def _named(items: Sequence[str]) -> str:
    """Returns a list in words, cut where it is long."""
    different = list(dict.fromkeys(items))
    return ", ".join(different[:_NAMED]) + (", ..." if len(different) > _NAMED else "")


@dataclass
class Grid:
    """The bars of all parts together: how long they are, their signatures, and the signs that say where to go on.

    Attributes:
        lengths: of each bar in quarters: as long as its fullest part.
        signatures: of each bar, as it is to be written.
        numbers: as they are printed.
        signs: of all parts.
    """

    lengths: list[Fraction] = field(default_factory=list)
    signatures: list[tuple[int, int]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    signs: list[BarSigns] = field(default_factory=list)

    @classmethod
    def of(cls, parts: Sequence[Part], mended: Counter[str]) -> Grid:
        """Returns the bars of these parts; ``mended`` gets those that are shorter or longer than they should be."""
        grid = cls()
        nominal, timed = (4, 4), False
        implicit, nominals = [], []
        for index in range(max((len(part.bars) for part in parts), default=0)):
            here = [part.bars[index] for part in parts if index < len(part.bars)]
            signature = next((bar.signature for bar in here if bar.signature is not None), None)
            if signature is not None:
                timed = bool(signature[1])
                nominal = signature if timed else (4, 4)
            whole = Fraction(4 * nominal[0], nominal[1])
            longest = max(bar.length for bar in here)
            if not longest or not (
                index == 0 or any(bar.implicit for bar in here)
            ):  # in a pickup the rest is as short as the notes
                longest = max(longest, *(bar.rest for bar in here))
            grid.lengths.append(longest or whole)
            grid.numbers.append(next((bar.number for bar in here if bar.number), str(index + 1)))
            grid.signs.append(_merged([bar.signs for bar in here]))
            implicit.append(not timed or any(bar.implicit for bar in here))
            nominals.append((whole, nominal))
        grid.signatures = [_written(length, *meant) for length, meant in zip(grid.lengths, nominals, strict=True)]
        grid._tell(implicit, [whole for whole, _ in nominals], mended)
        for part in parts:
            gaps = [
                grid.numbers[n]
                for n, bar in enumerate(part.bars)
                if 0 < bar.length < grid.lengths[n] and grid.lengths[n] >= nominals[n][0]
            ]
            if gaps:
                mended[
                    f"Bars of {part.player.name or 'a part'} with too few beats, silent at their ends: {len(gaps)} "
                    f"(bar {_named(gaps)})"
                ] = 1
        lone = 0
        for index, signs in enumerate(grid.signs):
            if signs.forward or signs.plays:
                own = {(b.signs.forward, b.signs.plays) for part in parts for b in part.bars[index : index + 1]}
                lone += len(own) > 1
        if lone:
            mended["Repeats that not all parts have, played by all: #"] = lone
        return grid

    def _tell(self, implicit: Sequence[bool], wholes: Sequence[Fraction], mended: Counter[str]) -> None:
        """Says which bars have too few or too many beats; pickups and bars in two halves are as they should be."""
        short, long = [], []
        last = len(self.lengths) - 1
        for n, (length, whole) in enumerate(zip(self.lengths, wholes, strict=True)):
            if implicit[n] or length == whole:
                continue
            if length > whole:
                long.append(self.numbers[n])
                continue
            beside = [self.lengths[m] for m in (n - 1, n + 1) if 0 <= m <= last]
            ends = [self.lengths[0], self.lengths[last]] if n in (0, last) and last else []
            if n == 0 and sum(ends) != whole and self.numbers[0] != "0":
                mended["A first bar with too few beats, taken for a pickup"] = 1
            elif (
                n and length + beside[0] != whole and (n == last or length + beside[-1] != whole) and sum(ends) != whole
            ):
                short.append(self.numbers[n])
        for numbers, what in ((short, "few"), (long, "many")):
            if numbers:
                text = f"Bars with too {what} beats for their time signature, kept as they are: {len(numbers)}"
                mended[f"{text} (bar {_named(numbers)})"] = 1


def _merged(signs: Sequence[BarSigns]) -> BarSigns:
    """Returns the signs of all parts at one bar."""
    merged = BarSigns()
    for each in signs:
        merged.merge(each)
    return merged


def _written(length: Fraction, whole: Fraction, nominal: tuple[int, int]) -> tuple[int, int]:
    """Returns the time signature of a bar: one of its own where it is shorter or longer, as a pickup is."""
    if length != whole:
        share = length / 4
        denominator = max(nominal[1], share.denominator)
        if denominator in (1, 2, 4, 8, 16, 32, 64) and share * denominator <= 255:
            return int(share * denominator), denominator
    return nominal
