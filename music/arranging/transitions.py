"""Transitions: fills and pickups that lead from one section into the next, a common last chord, a ritardando before it."""

from __future__ import annotations

import numpy as np
import symusic

from music.arranging.parts import (
    BASS,
    CHORDS,
    COLOR,
    PAD,
    RHYTHM,
    Arrangement,
    NoteColumn,
    Part,
    add_notes,
    cut,
    is_line,
    nearest,
    within,
)
from music.bars import tempo_map, ticks_to_seconds
from music.chords import NO_CHORD, beat_ticks
from music.form import ENDING, Section
from music.instruments import CRASH, FLOOR_TOM, HATS, HIGH_TOM, KICK, KICKS, MIDDLE_TOM, SNARE, playable_range

_SKINS = {"k": KICK, "s": SNARE, "h": HIGH_TOM, "m": MIDDLE_TOM, "f": FLOOR_TOM}
# Eight sixteenths each; a shorter fill has the last of them.
_FILLS = (
    ("......s.", "......f.", "....s.f.", "....m.f."),
    ("....s.ss", "....ssmf", "..s.s.mf", "....hhmf"),
    ("sssshmmf", "s.sshhmf", "ssshhmmf", "s.ssssmf", "s.shs.mf"),
)
# Fills and how loud they are: by ear, not measured. So is the ritardando, but that it needs a limit: a song's length may miss the
# one asked for by 5 % (CLOSENESS in pipelines/song/planning.py), and of these it takes 1.4 at most.
_CALM, _LIVELY = 0.35, 0.6  # energy (`Arrangement.energy`) below which fills are sparse, and from which they are dense
_SLOWEST = 0.15  # how much the tempo falls at most
_LONGER = 0.014  # how much longer a song may become by that


def add_fills(song: Arrangement, parts: list[Part], seed: int) -> list[Part]:
    """Returns the parts with something that leads over each seam: a fill, a bass note, or a pickup of who else plays.

    The same two sections meet in the same way each time.
    """
    out = list(parts)
    for section, following in zip(song.sections, song.sections[1:], strict=False):
        if section.name == ENDING:
            continue
        names = "\n".join((section.theme, following.theme))
        rng = np.random.default_rng([seed, *names.encode()])
        span = _window(song, section, following.start)
        filled = [(track, _fill(song, out[track], section, following, span, rng)) for track in song.tracks(RHYTHM)]
        led_in = [
            (track, _approach(song, out[track], section, following.start, song.programs[track], rng))
            for track in song.tracks(BASS)
        ]
        first = [next(((t, p) for t, p in found if p is not None), None) for found in (filled, led_in)]
        for track, part in filter(None, first):
            out[track] = part
        if not any(first):
            _pickup(song, out, section, following)
    return out


def _window(song: Arrangement, section: Section, seam: int) -> int:
    """Returns how many ticks before a seam a fill may take: about a quarter note where the song is calm, else two."""
    bar = song.bar_at(seam - 1)
    beats = [tick for tick in beat_ticks(bar, song.quarter) if section.start <= tick < seam]
    wanted = song.quarter * (2 if song.energy >= _CALM else 1)
    fitting = [tick for tick in beats if seam - tick >= wanted]
    return seam - max(fitting, default=max(beats, default=seam))


def _fill(
    song: Arrangement, part: Part, section: Section, following: Section, span: int, rng: np.random.Generator
) -> Part | None:
    """Returns a drum part with a fill before a seam and a crash on it; None where the drums do not go on after it."""
    seam = following.start
    after = part[within(part, seam, following.end)]
    step = max(song.shortest, round(song.quarter / 4))
    if not len(after) or span < 2 * step or 2 * span > section.end - section.start:
        return None
    kinds = _FILLS[0 if song.energy < _CALM else 1 if song.energy < _LIVELY else 2]
    strokes = kinds[int(rng.integers(len(kinds)))]
    count = min(len(strokes), span // step)
    hits = [
        (seam - (count - place) * step, _SKINS[sign])
        for place, sign in enumerate(strokes[len(strokes) - count :])
        if sign != "."
    ]
    around = part[within(part, section.start, following.end)]
    loud = float(np.mean(around[:, NoteColumn.VELOCITY]))
    first = min(tick for tick, _ in hits)
    gone = within(part, first, seam) & ~np.isin(part[:, NoteColumn.PITCH], KICKS)
    gone |= (part[:, NoteColumn.TIME] == seam) & np.isin(part[:, NoteColumn.PITCH], HATS)
    new = [
        (tick, step, pitch, _velocity(loud * (0.8 + 0.3 * (1 - (seam - tick) / max(1, seam - first)))))
        for tick, pitch in hits
    ]
    on_one = part[part[:, NoteColumn.TIME] == seam, NoteColumn.PITCH].tolist()
    long = min(song.quarter, song.end - seam)
    new += [(seam, long, CRASH, _velocity(1.1 * loud))] * (CRASH not in on_one)
    new += [(seam, long, KICK, _velocity(1.05 * loud))] * (not set(KICKS) & set(on_one))
    return add_notes(part[~gone], new)


def _approach(
    song: Arrangement, part: Part, section: Section, seam: int, program: int, rng: np.random.Generator
) -> Part | None:
    """Returns a bass part with a note by step into the first note of the next section; None where there is none."""
    beat = song.beat_before(seam)
    first = part[within(part, seam, min(seam + seam - beat, song.end))]
    length = seam - beat if seam - beat <= song.quarter and song.energy < _CALM else (seam - beat) // 2
    start = seam - length
    if not len(first) or length < song.shortest or start <= section.start:
        return None
    target = int(first[0, NoteColumn.PITCH])
    last = part[within(part, section.start, start)]
    if not len(last):
        return None
    low, high = playable_range(program)
    chord = song.chord_at(start)
    near = [target + step for step in (-1, 1, -2, 2)]
    fitting = [
        pitch for pitch in near if low <= pitch <= high and (pitch % 12 in song.key.scale or pitch == target - 1)
    ]
    if not fitting:
        return None
    before = int(last[-1, NoteColumn.PITCH])
    # From the side that the line comes from, or from below; a tone of the old chord before a foreign one.
    costs = {
        pitch: abs(pitch - before) + 2 * (pitch % 12 not in chord.tones) + 4 * (pitch == before) for pitch in fitting
    }
    ranked = sorted(costs, key=lambda pitch: (costs[pitch], pitch))
    pitch = ranked[int(rng.integers(min(2, len(ranked))))]
    loud = round(float(np.mean(part[within(part, section.start, section.end), NoteColumn.VELOCITY])))
    kept = cut(part[~within(part, start, seam)], start)
    return add_notes(kept, [(start, length, pitch, loud)])


def _pickup(song: Arrangement, parts: list[Part], section: Section, following: Section) -> None:
    """Adds, in place, two notes that step into the next section, to the lowest of those who accompany it."""
    seam, beat = following.start, song.beat_before(following.start)
    playing = [
        track
        for track in song.tracks(CHORDS, PAD, COLOR, BASS)
        if within(parts[track], seam, seam + max(1, seam - beat)).any()
        and within(parts[track], section.start, seam).any()
    ]
    length = (seam - beat) // 2
    if not playing or length < song.shortest or beat <= section.start:
        return
    track = min(playing, key=lambda number: (float(np.mean(parts[number][:, NoteColumn.PITCH])), number))
    part = parts[track]
    target = int(part[within(part, seam, 2 * seam - beat)][0, NoteColumn.PITCH])
    low, high = playable_range(song.programs[track])
    loud = round(0.9 * float(np.mean(part[within(part, section.start, section.end), NoteColumn.VELOCITY])))
    over = (part[:, NoteColumn.TIME] < seam) & (part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION] > beat)
    if is_line(part):
        part, sounding = cut(part[~within(part, beat, seam)], beat), set()
    else:
        sounding = set(part[over, NoteColumn.PITCH].tolist())
    others = [parts[t][within(parts[t], section.start, following.end)] for t in playing if t != track]
    heard = [
        p[
            (p[:, NoteColumn.TIME] < seam) & (p[:, NoteColumn.TIME] + p[:, NoteColumn.DURATION] > beat),
            NoteColumn.PITCH,
        ].min(initial=127)
        for p in others
    ]
    high = min([high, *(int(pitch) - 1 for pitch in heard)])  # the lowest stays the lowest
    for direction in (-1, 1):
        steps = [p for p in range(target + direction, target + 6 * direction, direction) if p % 12 in song.key.scale][
            :2
        ]
        if len(steps) == 2 and all(low <= pitch <= high and pitch not in sounding for pitch in steps):
            new = zip((beat, seam - length), reversed(steps), strict=True)
            parts[track] = add_notes(part, [(start, length, pitch, max(1, loud)) for start, pitch in new])
            return


def last_chord(song: Arrangement, parts: list[Part]) -> int | None:
    """Returns the tick at which all players of an ending strike together; None without an ending or a melody in it."""
    ending, melody = song.ending, song.melody
    if ending is None or melody is None or not len(parts[melody]):
        return None
    strike = int(parts[melody][:, NoteColumn.TIME].max())
    last = song.bar_at(song.end - 1)
    beat = song.quarter
    if last.start > strike and song.end - last.start >= beat:
        strike = last.start
    for span in song.chords:
        if strike < span.start <= song.end - beat:
            strike = span.start
    return strike if strike >= ending.start else None


def end_together(song: Arrangement, parts: list[Part]) -> list[Part]:
    """Returns the parts with all players of the ending on one last chord, which rings to the end of the song."""
    strike, ending = last_chord(song, parts), song.ending
    if strike is None or ending is None:
        return parts
    length = song.end - strike
    out: list[Part] = list(parts)
    chord: dict[int, list[int]] = {}
    crashed = False
    for track, role in enumerate(song.roles):
        part = parts[track]
        here = within(part, ending.start, song.end)
        if track == song.melody or not here.any():
            continue
        loud = float(np.mean(part[here, NoteColumn.VELOCITY]))
        before = cut(part[part[:, NoteColumn.TIME] < strike], strike)
        if role == RHYTHM:
            # Only one kit crashes; another keeps what it strikes there, and a stroke where it would have nothing else.
            own = {int(pitch) for pitch in part[part[:, NoteColumn.TIME] == strike, NoteColumn.PITCH]} or (
                {KICK} if not len(before) else set()
            )
            pitches = [*own] if crashed else [KICK, CRASH]
            loud *= 1.1
            crashed = True
        else:
            pitches = chord[track] = _final_pitches(song, part, strike, track)
        struck = {
            int(note[NoteColumn.PITCH]): int(note[NoteColumn.VELOCITY])
            for note in part[part[:, NoteColumn.TIME] == strike]
        }
        hits = [(strike, length, pitch, struck.get(pitch, _velocity(loud))) for pitch in pitches]
        out[track] = add_notes(before, hits)
    for track, pitches in _ground_bass(song, chord, strike).items():
        last = out[track][:, NoteColumn.TIME] == strike
        hits = [(strike, length, pitch, int(out[track][last, NoteColumn.VELOCITY].max())) for pitch in pitches]
        out[track] = add_notes(out[track][~last], hits)
    return out


def _ground_bass(song: Arrangement, pitches: dict[int, list[int]], strike: int) -> dict[int, list[int]]:
    """Returns the players, of those who strike the last chord, who have other pitches so that its bass is the lowest."""
    chord = song.chord_at(strike)
    if chord == NO_CHORD or not any(pitches.values()):
        return {}
    lowest, player = min((found[0], track) for track, found in pitches.items() if found)
    ground = lowest - (lowest - chord.bass) % 12
    if ground == lowest:
        return {}
    if ground >= playable_range(song.programs[player])[0]:
        return {player: [ground, *pitches[player][1:]]}
    ground += 12  # nobody plays so low: what lies under the next bass moves up by an octave
    changed = {t: sorted({p + 12 * (p < ground) for p in found}) for t, found in pitches.items() if found[0] < ground}
    return changed | {player: sorted({ground, *changed[player]})}


def _final_pitches(song: Arrangement, part: Part, strike: int, track: int) -> list[int]:
    """Returns what a player has in the last chord: what they strike there, hold there, or last played, as chord tones."""
    chord, role = song.chord_at(strike), song.roles[track]
    at = part[part[:, NoteColumn.TIME] == strike]
    if not len(at):
        at = part[
            (part[:, NoteColumn.TIME] < strike) & (part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION] > strike)
        ]
    if not len(at):
        later = part[part[:, NoteColumn.TIME] > strike]
        earlier = part[part[:, NoteColumn.TIME] < strike]
        at = (
            later[later[:, NoteColumn.TIME] == later[:, NoteColumn.TIME].min()]
            if len(later)
            else earlier[earlier[:, NoteColumn.TIME] == earlier[:, NoteColumn.TIME].max()]
        )
    pitches = sorted(set(at[:, NoteColumn.PITCH].tolist()))
    if chord == NO_CHORD:
        return pitches
    classes = (chord.bass,) if role == BASS else chord.tones
    return sorted({nearest(pitch, classes, song.programs[track]) for pitch in pitches})


def add_ritardando(song: Arrangement, score: symusic.Score, strike: int | None) -> symusic.Score:
    """Returns the score with a tempo that falls, beat by beat, over the bar before the last chord, and then returns.

    By at most 15 %, and by less where the song would become more than 1.4 % longer. A score whose tempo changes there
    already stays as it is.
    """
    if strike is None:
        return score
    bar = song.bar_at(strike - 1)
    start = strike - (bar.end - bar.start)
    ticks, _, qpm = tempo_map(score)
    if start <= 0 or ((ticks > start) & (ticks <= strike)).any():
        return score
    tempo = float(qpm[np.searchsorted(ticks, start, side="right") - 1])
    step = max(1, song.quarter // 2)
    places = np.arange(start, strike, step)
    lengths = np.diff(np.append(places, strike)) / song.quarter * 60 / tempo
    depth = np.arange(1, len(places) + 1) / len(places)
    whole = float(ticks_to_seconds(score, song.end))
    amount = _SLOWEST
    while amount > 0.01 and float((lengths / (1 - amount * depth) - lengths).sum()) > _LONGER * whole:
        amount -= 0.005
    if amount <= 0.01:
        return score
    out = score.copy()
    slower = [symusic.Tempo(int(tick), tempo * (1 - amount * share)) for tick, share in zip(places, depth, strict=True)]
    kept = [event for event in out.tempos if event.time != start]
    out.tempos = sorted([*kept, *slower, symusic.Tempo(strike, tempo)], key=lambda event: event.time)
    return out


def _velocity(value: float) -> int:
    return int(np.clip(round(value), 1, 124))
