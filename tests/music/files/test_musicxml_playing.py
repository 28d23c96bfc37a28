"""What signs beside the notes of a MusicXML score do to what sounds: grace notes, ties, tremolos, loudness, tempo."""

from __future__ import annotations

import pytest

from music.files.midi import read_midi
from tests.music.files.test_musicxml import bar, heard, note, score

GRACE = "<grace/>|"
TIES = ('|<tie type="start"/>', '|<tie type="stop"/>')


def test_grace_notes_before_the_first_beat_take_their_time_from_the_first_note():
    bars = [bar(note("D5", None, more=GRACE), note("C5", 4), note("E5", 4, more="<chord/>|"))]
    assert heard(read_midi(score(bars))) == [(0, 0.125, 74), (0.125, 3.875, 72), (0.125, 3.875, 76)]


def test_grace_notes_after_a_note_end_it():
    trill_end = note("B4", None, more=GRACE) + note("C5", None, more=GRACE)
    bars = [bar(note("C5", 4), trill_end), bar(note("r", 4)), bar(note("D5", 4), trill_end)]
    ends = [(3.75, 0.125, 71), (3.875, 0.125, 72)]
    later = [(time + 8, length, pitch) for time, length, pitch in ends]
    assert heard(read_midi(score(bars))) == [(0, 4, 72), *ends, (8, 4, 74), *later]


def test_a_tie_goes_on_into_another_staff():
    bars = [bar(note("C4", 2, more=f"{TIES[0]}<staff>1</staff>"), note("C4", 2, more=f"{TIES[1]}<staff>2</staff>"))]
    piece = read_midi(score(bars))
    assert [heard(piece, track) for track in range(len(piece.score.tracks))] == [[(0, 4, 60)]]


def test_a_chord_that_is_broken_up_is_held_by_its_ties():
    struck = [note(pitch, 1, more=TIES[0]) for pitch in ("C4", "E4", "G4", "C5")]
    held = [note("C4", 4, more=TIES[1]), *(note(p, 4, more=f"<chord/>{TIES[1]}") for p in ("E4", "G4", "C5"))]
    assert heard(read_midi(score([bar(*struck), bar(*held)]))) == [(0, 8, 60), (1, 7, 64), (2, 6, 67), (3, 5, 72)]


def direction(what: str, sound: str = "") -> str:
    return f"<direction><direction-type>{what}</direction-type>{sound}</direction>"


def dynamic(name: str, sound: str = "") -> str:
    return direction(f"<dynamics><{name}/></dynamics>", sound)


def wedge(kind: str) -> str:
    return direction(f'<wedge type="{kind}"/>')


def velocities(*content: str) -> list[int]:
    return [each.velocity for each in read_midi(score([bar(*content)])).score.tracks[0].notes]


C = note("C5")


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (dynamic("sf"), [44, 63, 44, 44]), (dynamic("sffz"), [44, 82, 44, 44]), (dynamic("fp"), [44, 89, 44, 44]),
        (dynamic("sfp"), [44, 63, 44, 44]), (direction("<dynamics><other-dynamics>sfz</other-dynamics></dynamics>"), [44, 63, 44, 44]),
        (dynamic("sf", '<sound dynamics="120"/>'), [44, 108, 44, 44]),
    ],
)  # fmt: skip
def test_accents_hold_for_one_note(mark, expected):
    assert velocities(dynamic("p"), C, mark, C, C, C) == expected


def test_an_accent_is_louder_than_what_holds_however_loud_that_is():
    for level in ("ppp", "p", "mf", "ff"):
        plain, accent, after, _ = velocities(dynamic(level), C, dynamic("sfz"), C, C, C)
        assert plain == after < accent


def test_loudness_in_numbers_counts_for_more_than_letters():
    loud, silent = (C.replace("<note>", f'<note dynamics="{percent}">') for percent in (100, 0))
    soft = dynamic("ff", '<sound dynamics="40"/>')
    assert velocities(soft, C, loud, silent, C) == [36, 90, 1, 36]
    assert velocities('<sound dynamics="50"/>', note("C5", 4)) == [45]


def test_hairpins_grow_to_the_dynamic_at_their_end_or_by_a_step():
    grows = (dynamic("p"), wedge("crescendo"), C, C, C, wedge("stop"))
    assert velocities(*grows, dynamic("f"), C) == [44, 59, 74, 89]
    assert velocities(*grows, C) == [44, 50, 57, 63]
    assert velocities(*grows, dynamic("pp"), C) == [44, 50, 57, 32]  # and suddenly soft
    assert velocities(dynamic("f"), wedge("diminuendo"), C, C, wedge("stop"), dynamic("p"), C, C) == [89, 66, 44, 44]
