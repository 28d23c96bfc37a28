"""What signs beside the notes of a MusicXML score do to what sounds: grace notes, ties, tremolos, loudness, tempo."""

from __future__ import annotations

import pytest

from music.errors import StudioError
from music.files.midi import read_midi, read_with_repairs
from tests.music.files.musicxml_builder import bar, heard, note, said, score

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


def test_more_dynamics_than_a_score_can_have_are_refused(monkeypatch):
    monkeypatch.setattr("music.files.musicxml_loudness.MAX_MARKS", 3)
    with pytest.raises(StudioError, match="too many dynamics"):
        velocities(*[dynamic("p"), C] * 4)


def tremolo(strokes: int | str, kind: str = "single") -> str:
    return f'|<notations><ornaments><tremolo type="{kind}">{strokes}</tremolo></ornaments></notations>'


@pytest.mark.parametrize(
    ("length", "strokes", "times"), [(4, 1, 8), (4, 3, 32), (2, 2, 8), (1, 2, 4), (0.5, 1, 2), (3, 2, 12), (1.5, 1, 3)]
)
def test_strokes_through_a_stem_repeat_the_note(length, strokes, times):
    reading = read_with_repairs(score([bar(note("C5", length, more=tremolo(strokes)), note("r", 4 - length))]))
    each = length / times
    assert heard(reading.piece) == [(n * each, each, 72) for n in range(times)]
    assert "Tremolos and rolls, played out: 1" in said(reading)


def test_a_roll_without_strokes_is_played_like_one_with_three():
    roll = note("=C5", 1, more=tremolo(0, "unmeasured"))
    piece = read_midi(score([bar(roll, note("r", 3))], names=("Snare Drum",)))
    assert heard(piece) == [(n / 8, 1 / 8, 38) for n in range(8)]


def test_chords_take_turns_in_a_tremolo_between_two():
    first = note("C5", 1, "half", more=tremolo(1, "start")) + note("E5", 1, "half", more="<chord/>|")
    bars = [bar(first, note("G5", 1, "half", more=tremolo(1, "stop")), note("r", 2))]
    expected = [(0, 72), (0, 76), (0.5, 79), (1, 72), (1, 76), (1.5, 79)]
    assert heard(read_midi(score(bars))) == [(time, 0.5, pitch) for time, pitch in expected]


def test_a_tremolo_has_the_limits_of_written_notes(monkeypatch):
    monkeypatch.setattr("music.files.musicxml_reader.MAX_NOTES", 20)
    with pytest.raises(StudioError, match="20 notes"):
        read_midi(score([bar(note("C5", 4, more=tremolo(3)))]))


def words(text: str) -> str:
    return direction(f"<words>{text}</words>")


def tempi(*content: str) -> list[float]:
    return [round(tempo.qpm, 1) for tempo in read_midi(score([bar(*content, C)])).score.tempos]


@pytest.mark.parametrize(
    ("text", "qpm"),
    [
        ("♩ = 96", 96), ("q = 96", 96), ("Swing (q = c. 132)", 132), ("h. = 60", 180), ("Andante ♩.=40", 60), ("90 BPM", 90),
        ("dotted quarter = 80", 120), ("quarter note = 60", 60), ("\ue1d3 = 50", 100), ("M.M. 72", 72), ("Presto!", 184),
        ("Allegro ma non troppo", 132),
    ],
)  # fmt: skip
def test_a_tempo_in_words_is_played(text, qpm):
    assert tempi(words(text)) == [qpm]


@pytest.mark.parametrize("text", ["a tempo", "poco allegro", "Tempo I", "x = 12", "gravely", "page 90", "rit."])
def test_other_words_are_no_tempo(text):
    assert tempi(words(text)) == []


def test_a_tempo_in_numbers_counts_for_more_than_a_word():
    mark = direction("<metronome><beat-unit>quarter</beat-unit><per-minute>100</per-minute></metronome>")
    for content in ((words("Allegro"), mark), (mark, words("Allegro")), ('<sound tempo="100"/>', words("Allegro"))):
        assert tempi(*content) == [100]
    assert "A tempo without a number, played as usual: Allegro (132" in said(
        read_with_repairs(score([bar(words("Allegro"), C)]))
    )


EIGHTHS = [note("C5", 0.5) for _ in range(4)]
SWING = "<swing><first>{}</first><second>{}</second><swing-type>{}</swing-type></swing>"


def onsets(*bars: str) -> list[float]:
    return [round(time, 3) for time, _, _ in heard(read_midi(score(list(bars))))]


def swing(first: int = 2, second: int = 1, kind: str = "eighth") -> str:
    return direction("<words>feel</words>", f"<sound>{SWING.format(first, second, kind)}</sound>")


def test_swing_delays_the_notes_between_the_beats():
    played = [0, 0.667, 1, 1.667]
    assert onsets(bar(swing(), *EIGHTHS, note("r", 2))) == played
    assert onsets(bar(words("Medium Swing"), *EIGHTHS, note("r", 2))) == played
    assert onsets(bar(swing(3, 1), *EIGHTHS, note("r", 2))) == [0, 0.75, 1, 1.75]
    sixteenths = [note("C5", 0.25) for _ in range(4)]
    assert onsets(bar(swing(kind="16th"), *sixteenths, note("r", 3))) == [0, 0.333, 0.5, 0.833]
    straight = direction("<words>x</words>", "<sound><swing><straight/></swing></sound>")
    assert onsets(bar(swing(), *EIGHTHS, straight, *EIGHTHS)) == [*played, 2, 2.5, 3, 3.5]


def test_swing_holds_for_all_parts_over_bar_lines_and_ties_and_leaves_triplets():
    off = [note("C5", 3.5), note("D5", 0.5, more=TIES[0])]
    on = [note("D5", 1, more=TIES[1]), *(note("E5", 0.333333) for _ in range(3)), note("r", 2)]
    reading = read_with_repairs(score([bar(swing(), note("r", 4)), bar(note("r", 4))], [bar(*off), bar(*on)]))
    assert [(round(time, 2), round(length, 2)) for time, length, _ in heard(reading.piece)][:2] == [
        (0, 3.67),
        (3.67, 1.33),
    ]
    assert [round(time, 2) for time, _, _ in heard(reading.piece)][2:] == [5, 5.33, 5.67]
    assert "Notes are swung, as the file asks" in said(reading)


def test_a_pickup_of_an_eighth_is_swung():
    bars = [bar(swing(), note("G4", 0.5), number=0, implicit=True), bar(*EIGHTHS, note("r", 2))]
    assert onsets(*bars)[0] == 0.167


def test_ornaments_that_are_not_played_are_said():
    trill = note("C5", 4, more="|<notations><ornaments><trill-mark/></ornaments></notations>")
    assert said(read_with_repairs(score([bar(trill)]))) == "Trills, turns and mordents, played as plain notes: 1"
