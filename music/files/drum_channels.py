"""Which channels of a MIDI file are drum kits: channel 10, unless the file says otherwise.

Three families of synthesizers have their own ways to say so: Roland's GS with a system exclusive message for a part,
Yamaha's XG with such a message or with bank 127 or 126, General MIDI 2 with bank 120 for a kit and 121 for an instrument.
In GS the banks mean other things (127 is an older synthesizer's sounds), so the family that a file names counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

DRUM_CHANNEL = 9
BANK_SELECT = 0
GS, XG, GM = "GS", "XG", "GM"
GS_RESET = bytes((0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7))
"""Puts a synthesizer into GS, where no bank makes a drum kit, and channel 10 is one."""

LONGEST_ORDER = 64
"""Bytes of the longest message that is looked into; a part's whole table of settings is shorter."""

_KIT_BANKS = frozenset((120, 126, 127))
_INSTRUMENT_BANK = 121
_DRUM_TRACK = re.compile(
    r"drums?(?![a-z])|drum ?(kit|set|track|loop|machine)|drummer|beatbox"
    r"|(?<![a-z])(kit|percussion|perc|schlagzeug|batterie|bater[ií]a)(?![a-z])"
)
_PITCHED_DRUM = re.compile(r"steel|taiko|timpani|tuned|pitched|synth|melodic|drum ?(and|&|n) ?bass|drums? ?bass")
_MAP = range(27, 88)
"""The keys of General MIDI's drums, with those that Roland added."""
_OF_A_KIT = range(35, 60)
"""The keys of kicks, snares, toms, hi-hats and cymbals."""


class Order(NamedTuple):
    """What a system exclusive message says of drum kits.

    Attributes:
        family: of synthesizers that it is for.
        channel: whose sort it sets; -1 for all.
        is_kit: whether that channel becomes a kit; None sets all channels back, or with ``resets`` False just tells the family.
        resets: whether it sets all channels back to what they are by themselves.
    """

    family: str
    channel: int = -1
    is_kit: bool | None = None
    resets: bool = False


def read_order(message: bytes, first_channel: int = 0) -> Order | None:
    """Returns what a system exclusive message says of drum kits; None for nothing.

    Args:
        message: what stands after F0, with F7 at its end or without.
        first_channel: that of the port to which it is sent.
    """
    body = message.removesuffix(b"\xf7")
    if len(body) > LONGEST_ORDER:
        return None
    if body[:1] == b"\x7e" and body[2:3] == b"\x09" and len(body) == 4:
        return Order(GM, resets=True)
    if len(body) >= 9 and body[0] == 0x41 and body[2:4] == b"\x42\x12":
        return _read_gs(body[4:7], body[7:-1], first_channel)
    if len(body) >= 7 and body[0] == 0x43 and body[1] >> 4 == 1 and body[2] == 0x4C:
        return _read_xg(body[3:6], body[6:], first_channel)
    return None


def _read_gs(address: bytes, values: bytes, first_channel: int) -> Order:
    """Returns what setting these values from an address on says; parts count 10, 1 to 9, 11 to 16."""
    high, middle, low = address
    if low == 0x7F and middle == 0 and high in (0x00, 0x40):
        return Order(GM if values[0] == 0x7F else GS, resets=True)
    place = 0x15 - low
    if high in (0x40, 0x50) and middle >> 4 == 1 and 0 <= place < len(values):
        part = middle & 15
        channel = DRUM_CHANNEL if part == 0 else part - 1 if part <= DRUM_CHANNEL else part
        return Order(GS, first_channel + channel + 16 * (high == 0x50), values[place] > 0)
    return Order(GS)


def _read_xg(address: bytes, values: bytes, first_channel: int) -> Order:
    high, part, low = address
    if high == part == 0 and low in (0x7E, 0x7F):
        return Order(XG, resets=True)
    place = 0x07 - low
    if high == 0x08 and 0 <= place < len(values):
        return Order(XG, first_channel + part, values[place] > 0)
    return Order(XG)


def kit_changes(
    channel: int,
    orders: Iterable[tuple[int, Order]],
    banks: Iterable[tuple[int, int]],
    programs: Iterable[tuple[int, int]],
) -> list[tuple[int, bool]]:
    """Returns ``(tick, whether the channel is a drum kit from there)``, the first for the start.

    A bank takes effect with the next choice of a program; one that makes a kit, at once. Within a tick orders come
    first, then banks, then programs, in whatever order the file has them.

    Args:
        channel: counted on over ports.
        orders: ``(tick, order)`` to all channels or to this one.
        banks: ``(tick, value)`` of control change 0.
        programs: ``(tick, program)``.
    """
    usual = channel & 15 == DRUM_CHANNEL
    events: list[tuple[int, int, Order | None, int]] = [(tick, 0, order, 0) for tick, order in orders]
    events += [(tick, 1, None, bank) for tick, bank in banks]
    events += [(tick, 2, None, program) for tick, program in programs]
    family, bank, ordered, kit = GM, -1, False, usual
    changes = [(0, usual)]
    for tick, place, order, value in sorted(events, key=lambda event: event[:2]):
        if order is not None and order.resets:
            family, bank, ordered, kit = order.family, -1, False, usual
        elif order is not None:
            family = order.family if family == GM else family
            if order.is_kit is not None:
                ordered = kit = order.is_kit
        elif family != GS and place == 1:
            bank, kit = value, kit or value in _KIT_BANKS
        elif family != GS and bank >= 0 and not (ordered and kit):
            kit = _is_kit(family, bank, usual)
        if kit != changes[-1][1]:
            changes.append((tick, kit))
    return changes


def _is_kit(family: str, bank: int, usual: bool) -> bool:
    """Returns whether a program of this bank is a kit. XG has instruments in all other banks, also on channel 10."""
    if bank in _KIT_BANKS:
        return True
    return usual and family != XG and bank != _INSTRUMENT_BANK


def is_kit_by_name(name: str, notes: Mapping[int, int]) -> bool:
    """Returns whether a track that chooses no instrument is a drum kit: its name says so, and its notes do not contradict.

    Sequencers of today give each track channel 1, and leave it to the user what plays it.

    Args:
        name: of the track.
        notes: how many it has of each pitch.
    """
    plain = name.lower()
    if not _DRUM_TRACK.search(plain) or _PITCHED_DRUM.search(plain) or any(pitch not in _MAP for pitch in notes):
        return False
    return 2 * sum(count for pitch, count in notes.items() if pitch in _OF_A_KIT) > sum(notes.values())
