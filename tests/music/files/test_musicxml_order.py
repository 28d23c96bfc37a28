"""In which order the bars of a MusicXML score sound: repeats, endings, words about them; and how long bars are."""

from __future__ import annotations

import lzma

import pytest

from music.bars import bar_grid
from music.errors import StudioError
from music.files.bar_order import BarSigns, play_order
from music.files.midi import inspect, read_midi, read_with_repairs
from tests.music.files.musicxml_builder import (
    ATTRIBUTES,
    QUARTER,
    REPORTS,
    TIME,
    bar,
    heard,
    note,
    pitches,
    report,
    said,
    score,
    whole,
)

FORWARD, BACKWARD = '<repeat direction="forward"/>', '<repeat direction="backward"/>'
WORDS = "<direction><direction-type><words>{}</words></direction-type></direction>"


def ending(number: str, kind: str) -> str:
    return f'<ending number="{number}" type="{kind}"/>'


# ---- lengths


@pytest.mark.parametrize("name", ["x7-no-divisions.musicxml", "x7-divisions-zero.musicxml"])
def test_without_divisions_lengths_go_by_the_note_values(name):
    reading = report(name)
    assert heard(reading.piece) == [(0, 4, 72), (4, 4, 74), (8, 4, 76), (12, 4, 72)]
    assert "note values" in said(reading)


TRIPLET = "|<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
BARE = f"<attributes>{TIME}</attributes>"


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        # lengths that do not go together: the note values count, and the second voice goes back to the beginning
        (
            bar(BARE, note("C5", 9, "half"), note("D5", 9, "half"), "<backup><duration>18</duration></backup>",
                note("C4", 7, "whole", "|<voice>2</voice>")),
            [(0, 4, 60), (0, 2, 72), (2, 2, 74)],
        ),
        # lengths alone: such that they fill the bars
        (bar(BARE, *[note("C5", 6)] * 4) + bar(*[note("D5", 12)] * 2), [*[(n, 1, 72) for n in range(4)], (4, 2, 74), (6, 2, 74)]),
        # values alone, a triplet among them
        (
            bar(BARE, *[note("C5", None, "eighth", TRIPLET)] * 3,
                note("D5", None, "half", "|<dot/>")),
            [(0, 160 / 480, 72), (160 / 480, 160 / 480, 72), (320 / 480, 160 / 480, 72), (1, 3, 74)],
        ),
        # twelve divisions a quarter all along, but never said
        (bar(BARE, note("C5", 36, "half", "|<dot/>"), note("r", 12, "quarter")), [(0, 3, 72)]),
    ],
)  # fmt: skip
def test_divisions_that_the_file_forgets(bars, expected):
    reading = read_with_repairs(score(bars))
    assert sorted(heard(reading.piece)) == sorted(expected) and "note values" in said(reading)


def test_a_note_without_a_length_lasts_as_it_is_written():
    reading = read_with_repairs(score([bar(note("C5", None, "half"), note("D5", 2, "half"))]))
    assert heard(reading.piece) == [(0, 2, 72), (2, 2, 74)] and "Notes without a length" in said(reading)


# ---- repeats


def test_an_ending_over_the_first_part_holds_for_all():
    piece = report("x2-volta-only-in-the-first-part.musicxml").piece
    assert [pitches(piece, n) for n in (0, 1)] == [[72, 74, 72, 76], [48, 50, 48, 52]]


def test_a_first_ending_without_dots_goes_back_and_says_so():
    reading = report("x2-first-ending-without-dots.musicxml")
    assert pitches(reading.piece) == [60, 62, 60, 64] and "repeat dots" in said(reading)


def test_hundreds_of_bars_with_repeats_in_six_parts():
    piece = read_midi(lzma.decompress((REPORTS / "x2-200-bars-25-repeats-6-parts.musicxml.xz").read_bytes()))
    assert [len(track.notes) for track in piece.score.tracks] == [1600] * 6


def signs(count: int, **at: dict) -> list[BarSigns]:
    """Returns the signs of bars 0, 1, ...; ``b3={...}`` is what stands at the third of them, counted from 0."""
    return [BarSigns(**at.get(f"b{n}", {})) for n in range(count)]


@pytest.mark.parametrize(
    ("written", "played"),
    [
        (signs(3), "012"),
        (signs(3, b1={"plays": 2}), "01012"),
        (signs(4, b1={"forward": True}, b2={"plays": 3}), "01212123"),
        (signs(4, b0={"plays": 2}, b1={"forward": True}, b3={"plays": 2}), "00123123"),
        (signs(4, b1={"plays": 2}, b3={"plays": 2}), "01012323"),
        # first and second ending; a third; endings for several times
        (signs(4, b1={"ending": (1,), "ending_stops": True, "plays": 2}, b2={"ending": (2,), "ending_stops": True}), "01023"),
        (
            signs(5, b1={"ending": (1, 2), "ending_stops": True, "plays": 2}, b2={"ending": (3,), "ending_stops": True}),
            "0101023" + "4",
        ),
        (
            signs(4, b1={"ending": (1,), "ending_stops": True, "plays": 2}, b2={"ending": (2,), "ending_stops": True, "plays": 2},
                  b3={"ending": (3,), "ending_stops": True}),
            "010203",
        ),
        # a first ending alone: what follows is the second; an ending that only stops
        (signs(3, b1={"ending": (1,), "ending_stops": True, "plays": 2}), "0102"),
        (signs(4, b1={"ending_stops": True, "stopped": (1,), "plays": 2}, b2={"ending": (2,), "ending_stops": True}), "01023"),
        # D.C. al fine, without the repeats; D.S. al coda
        (signs(4, b1={"plays": 2, "fine": True}, b3={"da_capo": True, "goal": "fine"}), "01012301"),
        (signs(6, b1={"segnos": {""}}, b2={"to_coda": True}, b4={"dal_segno": "", "goal": "coda"}, b5={"codas": {""}}), "01234125"),
        (signs(3, b2={"da_capo": True}), "012012"),
        # the last ending after a D.C.; repeats that are meant after a jump too; a coda with a repeat of its own
        (
            signs(4, b1={"ending": (1,), "ending_stops": True, "plays": 2}, b2={"ending": (2,), "ending_stops": True, "fine": True},
                  b3={"da_capo": True}),
            "0102302",
        ),
        (signs(3, b0={"plays": 2, "after_jump": True}, b1={"fine": True}, b2={"da_capo": True}), "0012001"),
        (
            signs(5, b1={"to_coda": True}, b2={"da_capo": True, "goal": "coda"}, b3={"codas": {""}, "forward": True}, b4={"plays": 2}),
            "012013434",
        ),
        # "Menuetto da capo" ends where the trio begins
        (signs(4, b0={"plays": 2}, b2={"trio": True}, b3={"da_capo": True}), "0012301"),
    ],
)  # fmt: skip
def test_the_order_of_bars(written, played):
    from collections import Counter

    assert "".join(map(str, play_order(written, Counter()))) == played


@pytest.mark.parametrize(
    ("words", "fine", "expected"),
    [
        ("D.C. al Fine", "Fine", [60, 62, 64, 60, 62]), ("Da Capo al Fine", "FINE", [60, 62, 64, 60, 62]),
        ("Menuetto da capo.", "Fine.", [60, 62, 64, 60, 62]), ("D.C.", "", [60, 62, 64, 60, 62, 64]), ("dolce", "Fine", [60, 62, 64]),
        ("D. S. al Fine", "Fine", [60, 62, 64]),
    ],
)  # fmt: skip
def test_what_words_say_about_the_order(words, fine, expected):
    bars = [bar(note("C4", 4)), bar(note("D4", 4), WORDS.format(fine)), bar(note("E4", 4), WORDS.format(words))]
    reading = read_with_repairs(score(bars))
    assert pitches(reading.piece) == expected
    assert ("segno" in said(reading)) == words.startswith("D. S.")


def test_repeats_on_the_other_side_of_the_bar_line():
    bars = [bar(note("C4", 4), right=FORWARD), bar(note("D4", 4)), bar(note("E4", 4), left=BACKWARD)]
    assert pitches(read_midi(score(bars))) == [60, 62, 62, 64]


def test_a_repeat_without_end_is_refused():
    bars = [bar(note("C4", 4), right='<repeat direction="backward" times="99"/>') for _ in range(900)]
    with pytest.raises(StudioError, match="repeats"):
        read_midi(score(bars))


def test_each_time_through_has_its_verse_and_its_tempo():
    lyric = "|" + "".join(
        f"<lyric number='{n}'><text>{text}</text></lyric>" for n, text in enumerate(("one", "two", "more"), 1)
    )
    tempo = '<direction><direction-type><words>slow</words></direction-type><sound tempo="{}"/></direction>'
    bars = [
        bar(tempo.format(90), note("C4", 4)),
        bar(note("D4", 4, more=lyric), left=FORWARD),
        bar(tempo.format(60), note("E4", 4), right=BACKWARD),
    ]
    reading = read_with_repairs(score(bars))
    assert reading.piece.lyrics == ("one two",) and "Verses" in said(reading)
    assert [(t.time // 1920, round(t.qpm)) for t in reading.piece.score.tempos] == [(0, 90), (2, 60), (3, 90), (4, 60)]


def test_bars_with_too_few_or_too_many_beats_are_kept_and_said():
    reading = report("x7-bars-too-short-and-too-long.musicxml")
    assert "pickup" in said(reading) and "too many beats" in said(reading) and "(bar 2)" in said(reading)
    starts = [grid.start // QUARTER for grid in bar_grid(reading.piece.score)]
    assert starts == [0, 2, 10, 14], "each bar begins where it does on paper"


def test_parts_stay_together_where_one_has_a_beat_too_few_or_too_many():
    lower = [bar(note("C3", 4), number=1), bar(note("D3", 3), number=2), bar(note("E3", 4), number=3)]
    reading = read_with_repairs(score(whole("C5", "D5", "E5"), lower, names=("Flute", "Cello")))
    assert [onset for onset, _, _ in heard(reading.piece, 1)] == [0, 4, 8]
    assert "Cello" in said(reading) and "(bar 2)" in said(reading)
    upper = [bar(note("C5", 4), number=1), bar(note("D5", 5), number=2), bar(note("E5", 4), number=3)]
    longer = read_with_repairs(score(upper, whole("C3", "D3", "E3"), names=("Flute", "Cello")))
    assert heard(longer.piece, 0)[2][0] == heard(longer.piece, 1)[2][0] == 9 and "too many beats" in said(longer)


@pytest.mark.parametrize(
    "bars",
    [
        # a pickup and the last bar that makes it whole; a bar in two halves around a repeat; a whole rest in 3/4
        [bar(note("C5", 1), number=0, implicit=True), *whole("D5"), bar(note("E5", 3), number=2)],
        [*whole("C5"), bar(note("D5", 2), number=2, right=BACKWARD), bar(note("E5", 2), number=3), *whole("F5")],
        [bar(ATTRIBUTES.replace("<beats>4", "<beats>3"), note("C5", 3)), bar(note("r", 4, "whole")), bar(note("D5", 3))],
        [bar(note("C5", 4)), bar(note("r", 4), note("r", 4)), bar(note("D5", 4))],
    ],
)  # fmt: skip
def test_bars_that_are_as_they_should_be_are_not_complained_of(bars):
    assert read_with_repairs(score(bars)).repairs == ()


def test_a_repeat_sign_for_a_bar_is_filled_in():
    start, stop = (
        f'<attributes><measure-style><measure-repeat type="{kind}">1</measure-repeat></measure-style></attributes>'
        for kind in ("start", "stop")
    )
    reading = read_with_repairs(score([*whole("C5"), bar(start, note("r", 4)), bar(stop, note("D5", 4))]))
    assert pitches(reading.piece) == [72, 72, 74] and "repeat sign (%)" in said(reading)


def test_signatures_of_any_sort():
    odd = ATTRIBUTES.replace(TIME, "<time><beats>3+2</beats><beat-type>8</beat-type></time>").replace(
        "<divisions>1", "<divisions>2"
    )
    free = "<attributes><time><senza-misura/></time></attributes>"
    reading = read_with_repairs(score([bar(odd, note("C5", 5)), bar(free, note("D5", 22))]))
    assert [(s.numerator, s.denominator) for s in reading.piece.score.time_signatures] == [(5, 8), (11, 4)]
    assert not reading.repairs and inspect(reading.piece).bars == 2
