"""How the tracks of a score are mixed, as MIDI says it: level, pan and reverb, which every player and every program obeys."""

from __future__ import annotations

import symusic

from music.errors import StudioError

LEVEL, PAN, REVERB = 7, 10, 91
"""The control changes that a mixer is kept in: channel volume, pan, reverb send."""

PLAIN_MIX = {LEVEL: 100, PAN: 64, REVERB: 40}
"""What a track has that says nothing, as General MIDI has it: level 100, in the middle, and reverb as GM 2 recommends."""

Settings = tuple[tuple[int, int, int], ...]
"""``(track, control, value)`` each: one of PLAIN_MIX for a track, counted from 0, and its value, 0 to 127."""


def track_mix(track: symusic.Track) -> dict[int, int]:
    """Returns level, pan and reverb of a track where its first note begins, by control."""
    first, found = _first(track), dict(PLAIN_MIX)
    for event in sorted(track.controls, key=lambda event: event.time):
        if event.number in found and event.time <= first:
            found[event.number] = event.value
    return found


def with_mix(score: symusic.Score, settings: Settings) -> symusic.Score:
    """Returns the score with tracks mixed so from their beginning, and all else as it was.

    Changes of level that a track has on its way keep their relation to it, and stay above 0 where they were, so that a track
    that was silenced comes back as it was; those of pan and reverb go.

    Raises:
        StudioError: there is no such track, control or value, or one is given twice.
    """
    if len({(number, control) for number, control, _ in settings}) < len(settings):
        raise StudioError("This mix sets a control twice. Reload the page and set it again.")
    out = score.copy()
    for number, control, value in settings:
        if not (0 <= number < len(out.tracks) and control in PLAIN_MIX and 0 <= value <= 127):
            raise StudioError("This mix does not fit this piece. Reload the page and set it again.")
        track = out.tracks[number]
        others = [event.copy() for event in track.controls if event.number != control]
        own = [symusic.ControlChange(0, control, value)]
        if control == LEVEL:
            share, first = value / max(1, track_mix(track)[LEVEL]), _first(track)
            later = [event for event in track.controls if event.number == LEVEL and event.time > first]
            own += [
                symusic.ControlChange(each.time, LEVEL, min(127, max(min(1, each.value), round(each.value * share))))
                for each in later
            ]
        track.controls = sorted([*own, *others], key=lambda event: event.time)
    return out


def setting_in_words(control: int, value: int) -> str:
    """Returns a setting in words; sides are told in hundredths of the way, as mixers show them."""
    if control != PAN:
        return f"{'level' if control == LEVEL else 'reverb'} {value}"
    share = round((value - 64) / (63 if value > 64 else 64) * 100)
    return f"{abs(share)} % {'right' if share > 0 else 'left'}" if share else "in the middle"


def _first(track: symusic.Track) -> int:
    """Returns the tick of a track's first note."""
    return int(track.notes.numpy()["time"].min()) if len(track.notes) else 0
