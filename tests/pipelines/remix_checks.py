"""What a remix promises, as assertions over the piece before and after."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations

import symusic

from music.bars import bar_grid
from music.files.midi import midi_bytes, read_midi
from music.instruments import DRUMS, playable_range
from music.piece import Piece
from pipelines.options.remix import RemixOptions

Note = tuple[int, int, int, int]
TIME, DURATION, PITCH, VELOCITY = range(4)
EVENTS = ("controls", "pitch_bends", "pedals", "lyrics")
# What of each note stays, and stays at its place, when one attribute changes.
STAYS = {
    "notes": (TIME, DURATION, VELOCITY),
    "velocity": (TIME, DURATION, PITCH),
    "instruments": (TIME, DURATION, PITCH, VELOCITY),
}


def notes_of(track: symusic.Track) -> Counter[Note]:
    """Returns the notes (time, duration, pitch, velocity) of a track, however they are ordered."""
    return Counter((note.time, note.duration, note.pitch, note.velocity) for note in track.notes)


class Selected:
    """What options select of a piece.

    Attributes:
        starts: first tick of each bar.
        end: the tick after the last bar.
        tracks: the selected tracks.
        bars: the selected bars.
        notes: the selected notes of each bar that has any, as ``(track, note)``.
    """

    def __init__(self, piece: Piece, options: RemixOptions) -> None:
        score, grid = piece.score, bar_grid(piece.score)
        self.starts, self.end = [bar.start for bar in grid], grid[-1].end
        chosen = options.tracks or range(len(score.tracks))
        self.tracks = [track for track in chosen if track not in options.lock]
        self.bars = set(options.bars or range(len(grid)))
        self.notes: dict[int, Counter[tuple[int, Note]]] = defaultdict(Counter)
        for track in self.tracks:
            for note, count in notes_of(score.tracks[track]).items():
                if self.has(note):
                    self.notes[self.bar(note)][track, note] += count

    def bar(self, note: Note) -> int:
        return bisect_right(self.starts, note[TIME]) - 1

    def has(self, note: Note) -> bool:
        return self.bar(note) in self.bars

    def split(self, track: symusic.Track) -> tuple[Counter[Note], Counter[Note]]:
        """Returns the notes of a track in the selected bars, and the others."""
        found = notes_of(track)
        inside = Counter({note: count for note, count in found.items() if self.has(note)})
        return inside, found - inside


def check_remix(before: Piece, after: Piece, options: RemixOptions) -> None:
    """Asserts every guarantee of a finished remix without swapped instruments."""
    check_rest(before, after, options)
    selected = Selected(before, options)
    if options.change == "instruments":
        _check_instruments(before, after, options, selected)
    else:
        assert len(after.score.tracks) == len(before.score.tracks)
        for number in selected.tracks:
            _check_attribute(before.score.tracks[number], after.score.tracks[number], options.change, selected)
        _check_amount(before, after, options, selected)
    back = read_midi(midi_bytes(after))
    assert len(back.score.tracks) == len(after.score.tracks)
    assert back.note_count == after.note_count
    twice = any(overlaps(track) for track in before.score.tracks)
    # Notes that overlap on one pitch may do so in a way that MIDI cannot say.
    if _sounds(read_midi(midi_bytes(before))) == _sounds(before) and not (twice and options.change == "rhythm"):
        assert _sounds(back) == _sounds(after)


def check_rest(before: Piece, after: Piece, options: RemixOptions) -> None:
    """Asserts that what was not selected is as it was, and that what is new is valid; holds of partial pieces too."""
    was, now, selected = before.score, after.score, Selected(before, options)
    assert (after.title, after.lyrics) == (before.title, before.lyrics)
    assert now.ticks_per_quarter == was.ticks_per_quarter
    for events in ("tempos", "time_signatures", "key_signatures", "markers"):
        assert getattr(now, events) == getattr(was, events), events
    assert len(now.tracks) >= len(was.tracks)
    free = {track for track, _ in options.instruments}
    free |= set(selected.tracks) if options.change == "instruments" else set()
    for number, (old, new) in enumerate(zip(was.tracks, now.tracks)):
        assert (new.name, new.is_drum) == (old.name, old.is_drum)
        assert new.program == old.program or number in free
        for events in EVENTS:
            assert getattr(new, events) == getattr(old, events), events
        if number in selected.tracks:
            assert selected.split(new)[1] == selected.split(old)[1]
        else:
            assert notes_of(new) == notes_of(old)
        _check_valid(old, new, selected.end)
        if options.change == "rhythm":  # two that sounded at once may go on doing so at another time
            assert {pitch for pitch, *_ in overlaps(new)} <= {pitch for pitch, *_ in overlaps(old)}
        else:
            assert not overlaps(new) - overlaps(old)


def _check_valid(old: symusic.Track, new: symusic.Track, end: int) -> None:
    known = notes_of(old)
    for note in notes_of(new) - known:
        assert note[TIME] >= 0 and note[DURATION] > 0 and note[TIME] + note[DURATION] <= end, note
        assert 0 <= note[PITCH] <= 127 and 1 <= note[VELOCITY] <= 127, note
        if new.is_drum and note[PITCH] not in {was[PITCH] for was in known}:
            low, high = playable_range(DRUMS)
            assert low <= note[PITCH] <= high, note


def overlaps(track: symusic.Track) -> Counter[tuple]:
    """Returns the pairs of notes of one pitch that sound at once."""
    by_pitch: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for note in sorted(notes_of(track).elements()):
        by_pitch[note[PITCH]].append((note[TIME], note[TIME] + note[DURATION]))
    return Counter(
        (pitch, one, other)
        for pitch, spans in by_pitch.items()
        for one, other in combinations(sorted(spans), 2)
        if other[0] < one[1]
    )


def _check_attribute(old: symusic.Track, new: symusic.Track, change: str, selected: Selected) -> None:
    was, now = selected.split(old)[0], selected.split(new)[0]
    if change in STAYS:
        assert _only(now, STAYS[change]) == _only(was, STAYS[change])
    elif change == "rhythm":
        for bar in selected.bars:
            one, other = (_in_order(n for n in found.elements() if selected.bar(n) == bar) for found in (was, now))
            assert [n[PITCH] for n in other] == [n[PITCH] for n in one]
            assert Counter(n[PITCH:] for n in other) == Counter(n[PITCH:] for n in one)
            if len({(n[TIME], n[PITCH]) for n in one}) == len(one):  # no unison, whose two notes have no order
                assert [n[VELOCITY] for n in other] == [n[VELOCITY] for n in one]


def _only(found: Counter[Note], fields: tuple[int, ...]) -> Counter[tuple]:
    return Counter(tuple(note[field] for field in fields) for note in found.elements())


def _in_order(found: Iterable[Note]) -> list[Note]:
    return sorted(found, key=lambda note: (note[TIME], note[PITCH]))


def _check_amount(before: Piece, after: Piece, options: RemixOptions, selected: Selected) -> None:
    remain = [notes_of(track) for track in after.score.tracks]
    gone = {
        bar: sum(max(0, _count(before, track, note) - remain[track][note]) for track, note in notes)
        for bar, notes in selected.notes.items()
    }

    def wanted(bar: int) -> float:
        return options.amount / 100 * selected.notes[bar].total()

    # Notes that sound at once on one pitch are pinned: neither may move past the other; nor can one of a tick get shorter.
    pinned = sum(overlaps(t).total() + _ticks(t) for t in before.score.tracks) if options.change == "rhythm" else 0
    wrong = [
        bar
        for bar in selected.notes
        if gone[bar] > wanted(bar) + 1 or gone[bar] < wanted(bar) - 1 - pinned or (gone[bar] and not options.amount)
    ]
    if options.keep_a_bar:
        same = [bar for bar in gone if _bar(before, bar, selected) == _bar(after, bar, selected)]
        assert same, "no bar was left as it is"
        wrong = wrong[1:] if wrong and wrong[0] in same else wrong
    assert not wrong, [(bar, gone[bar], selected.notes[bar].total()) for bar in wrong]


def _ticks(track: symusic.Track) -> int:
    """Returns how many notes last a tick and are followed at once by another."""
    begun = {note[TIME] for note in notes_of(track)}
    return sum(note[DURATION] == 1 and note[TIME] + 1 in begun for note in notes_of(track).elements())


def _count(piece: Piece, track: int, note: Note) -> int:
    return notes_of(piece.score.tracks[track])[note]


def _bar(piece: Piece, bar: int, selected: Selected) -> list[tuple]:
    """Returns what is heard in a bar, instrument by instrument."""
    return sorted(
        (track.is_drum, track.program, note)
        for track in piece.score.tracks
        for note in notes_of(track).elements()
        if selected.bar(note) == bar
    )


def _check_instruments(before: Piece, after: Piece, options: RemixOptions, selected: Selected) -> None:
    was, now = before.score.tracks, after.score.tracks
    playing = [t for t in selected.tracks if not was[t].is_drum and selected.split(was[t])[0]]
    moved, changed = Counter(), 0
    for number, (old, new) in enumerate(zip(was, now)):
        left = notes_of(old) - notes_of(new)
        assert not notes_of(new) - notes_of(old)
        assert not (old.is_drum and (left or new.program != old.program))
        assert not (left and new.program != old.program)
        if left and not options.keep_a_bar:
            assert left == selected.split(old)[0]
        if new.program != old.program:
            assert not selected.split(old)[1], "only a part of the track was selected"
        moved += left
        changed += bool(left) or new.program != old.program
        assert number in playing or not (left or new.program != old.program)
    assert sum((notes_of(track) for track in now[len(was) :]), Counter()) == moved
    assert all(len(track.notes) and not track.is_drum for track in now[len(was) :])
    wanted = options.amount / 100 * len(playing)
    assert changed < max(wanted + 1, 2) if options.amount else changed == 0
    if options.keep_a_bar:  # which may be the only one in which a track plays
        assert any(_bar(before, bar, selected) == _bar(after, bar, selected) for bar in selected.notes)
    elif options.amount:
        assert changed > wanted - 1 and changed


def _sounds(piece: Piece) -> list[tuple]:
    return [
        (t.name, 0 if t.is_drum else t.program, t.is_drum, sorted(notes_of(t).elements())) for t in piece.score.tracks
    ]
