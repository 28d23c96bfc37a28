"""The orders of sections that each form of a song allows."""

from __future__ import annotations

from collections.abc import Iterator


def sequences(form: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yields the orders of sections that a form allows, and how much each is disliked."""
    if form == "AABA":
        song = ("A", "A'", "B", "A")
        yield song, 0.0
        for again in range(1, 6):
            yield song + ("B", "A'") * again, 0.35 * again
            yield song * (again + 1), 0.3 + 0.35 * again
    elif form == "verse-chorus":
        verse, chorus, bridge = ("Verse",), ("Chorus",), ("Bridge",)
        twice = verse + chorus + ("Verse'",) + chorus
        yield twice, 0.0
        yield verse + chorus + chorus, 0.8
        yield twice + bridge + chorus, 0.1
        yield twice + chorus, 0.4
        yield twice + bridge + chorus + chorus, 0.15
        yield twice + bridge + ("Verse'",) + chorus, 0.3
        yield twice + bridge + ("Verse'",) + chorus + chorus, 0.4
        for again in range(1, 6):
            yield twice + bridge + chorus + ("Verse'",) + chorus * again, 0.5 + 0.3 * again
    elif form == "verse-chorus-bridge":
        bridged = ("Verse", "Chorus", "Verse'", "Chorus", "Bridge", "Chorus")
        yield bridged, 0.0
        yield ("Verse", "Chorus", "Bridge", "Chorus"), 0.3
        yield (*bridged, "Chorus"), 0.1
        for again in range(1, 4):
            yield (*bridged, *("Verse'", "Chorus") * again, "Chorus"), 0.3 + 0.3 * again
    elif form == "verse-pre-chorus-chorus":
        parts = ("Verse", "Pre-chorus", "Chorus")
        both = (*parts, "Verse'", *parts[1:])
        yield (*both, "Bridge", "Chorus"), 0.0
        yield both, 0.1
        yield (*parts, "Bridge", "Chorus"), 0.4
        yield parts, 0.6
        for again in range(1, 4):
            yield (*both, "Bridge", *("Pre-chorus", "Chorus") * again, "Chorus"), 0.2 + 0.3 * again
    elif form == "blues":
        for count in range(1, 13):
            yield tuple("A" if number % 2 == 0 else "A'" for number in range(count)), 0.05 * abs(count - 3)
    elif form == "march":
        march = ("A", "B", "Trio", "A")
        yield march, 0.0
        yield ("A", "A'", "B", "Trio", "A"), 0.1
        yield ("A", "B", "A'", "Trio", "Trio'", "A"), 0.2
        yield ("A", "B", "A'", "Trio", "A"), 0.15
        yield ("A", "Trio", "A"), 0.4
        for again in range(1, 5):
            yield march + ("B", "Trio", "A") * again, 0.2 + 0.3 * again
    elif form == "through-composed":
        for count in range(2, 13):
            yield tuple("ABCDEFGHIJKL"[:count]), 0.15 * abs(count - 4)
    elif form == "club":  # what a floor dances to: a loop, another one, and both in turns
        club = ("A", "A'", "B", "A")
        yield club, 0.0
        yield ("A", "A'", "B", "B"), 0.1
        yield ("A", "B", "A", "B"), 0.3
        for again in range(1, 8):
            yield ("A", "A'", *("B", "B", "A") * again, "B"), 0.15 * again
    elif form == "loop":
        for count in range(2, 33):
            yield ("A",) * count, 0.05 * abs(count - 6)
    else:
        for times in range(1, 9):
            yield tuple(form) * times, 0.4 * (times - 1)
