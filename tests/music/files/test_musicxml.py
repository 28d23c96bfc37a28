"""MusicXML as notation programs, people and attackers write it: what sounds, what is mended, and what is said."""

from __future__ import annotations

import io
import lzma
import zipfile
from pathlib import Path

import pytest
import symusic

from music.bars import bar_grid
from music.chord_symbols.bars import bar_texts
from music.errors import StudioError
from music.files.bar_order import BarSigns, play_order
from music.files.midi import Reading, inspect, read_midi, read_with_repairs
from music.form import sections
from music.instruments import GM_NAMES
from music.notation.engrave import musicxml
from music.piece import Piece

REPORTS = Path(__file__).parents[2] / "data" / "reports"
QUARTER = 480


def report(name: str) -> Reading:
    return read_with_repairs(REPORTS / name)


def said(reading: Reading) -> str:
    return "; ".join(reading.repairs)


def heard(piece: Piece, track: int = 0) -> list[tuple[float, float, int]]:
    """Returns (onset, length, pitch) in quarters."""
    return [(n.time / QUARTER, n.duration / QUARTER, n.pitch) for n in piece.score.tracks[track].notes]


def pitches(piece: Piece, track: int = 0) -> list[int]:
    return [note.pitch for note in piece.score.tracks[track].notes]


def note(pitch: str, duration: float | None = 1, kind: str = "", more: str = "", head: str = "") -> str:
    """Returns a note such as "C5" or "F#4"; "r" is a rest, "=C5" stands on a staff without a pitch."""
    if pitch == "r":
        what = "<rest/>"
    elif pitch[0] == "=":
        what = (
            f"<unpitched><display-step>{pitch[1]}</display-step><display-octave>{pitch[2]}</display-octave></unpitched>"
        )
    else:
        alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(pitch[1], "")
        what = f"<pitch><step>{pitch[0]}</step>{alter}<octave>{pitch[-1]}</octave></pitch>"
    length = "" if duration is None else f"<duration>{duration}</duration>"
    kind = f"<type>{kind}</type>" if kind else ""
    head = f"<notehead>{head}</notehead>" if head else ""
    before, _, after = more.partition("|")
    return f"<note>{before}{what}{length}{kind}{head}{after}</note>"


TIME = "<time><beats>4</beats><beat-type>4</beat-type></time>"
ATTRIBUTES = f"<attributes><divisions>1</divisions>{TIME}</attributes>"


def bar(*content: str, number: int | str = "", left: str = "", right: str = "", implicit: bool = False) -> str:
    attribute = ' implicit="yes"' if implicit else ""
    ends = [
        f'<barline location="{side}">{what}</barline>' if what else ""
        for side, what in (("left", left), ("right", right))
    ]
    return f'<measure number="{number}"{attribute}>{ends[0]}{"".join(content)}{ends[1]}</measure>'


def score(*parts: list[str] | str, listing: str | None = None, names: tuple[str, ...] = ()) -> bytes:
    """Returns a score; each part is its bars, of which the first gets attributes if it has none."""
    written = []
    for number, bars in enumerate(parts, 1):
        text = bars if isinstance(bars, str) else "".join(bars)
        if "<attributes>" not in text:
            text = text.replace(">", f">{ATTRIBUTES}", 1)
        written.append(f'<part id="P{number}">{text}</part>')
    if listing is None:
        names = names or ("Flute",) * len(parts)
        listing = "".join(
            f'<score-part id="P{n}"><part-name>{name}</part-name></score-part>' for n, name in enumerate(names, 1)
        )
    return f"<score-partwise><part-list>{listing}</part-list>{''.join(written)}</score-partwise>".encode()


def whole(*names: str) -> list[str]:
    return [bar(note(name, 4), number=n) for n, name in enumerate(names, 1)]


FORWARD, BACKWARD = '<repeat direction="forward"/>', '<repeat direction="backward"/>'
WORDS = "<direction><direction-type><words>{}</words></direction-type></direction>"


def ending(number: str, kind: str) -> str:
    return f'<ending number="{number}" type="{kind}"/>'


# ---- drums


def test_an_unpitched_part_named_after_a_drum_is_that_drum():
    reading = report("x3-snare-without-midi-instrument.musicxml")
    [track] = reading.piece.score.tracks
    assert track.is_drum and pitches(reading.piece) == [38] * 8


def test_notes_with_pitches_on_the_channel_of_the_drums_are_keys_of_the_drum_map():
    assert pitches(report("x3-pitched-notes-on-channel-10.musicxml").piece) == [36, 38, 41, 38] * 2


KIT = """<score-part id="P1"><part-name>Drumset</part-name>
<score-instrument id="a"><instrument-name>Kick</instrument-name></score-instrument>
<score-instrument id="b"><instrument-name>Closed Hi-Hat</instrument-name></score-instrument>
<score-instrument id="c"><instrument-name>Strange</instrument-name></score-instrument>
<score-instrument id="d"><instrument-name/><instrument-sound>metal.cymbal.ride</instrument-sound></score-instrument>
<midi-instrument id="a"><midi-channel>10</midi-channel><midi-unpitched>37</midi-unpitched></midi-instrument>
</score-part>"""


def test_a_note_names_its_drum_by_number_or_by_name_else_by_its_place():
    strokes = [note("=C5", more=f'|<instrument id="{name}"/>') for name in "abd"]
    places = [
        note("=C5"),
        note("=C5", head="x"),
        note("=G5", head="circle-x"),
        note("=F4", more='|<instrument id="c"/>'),
    ]
    reading = read_with_repairs(score([bar(*strokes, note("r")), bar(*places)], listing=KIT))
    assert pitches(reading.piece) == [36, 42, 51, 38, 37, 46, 36]
    assert "places on the staff: 4" in said(reading)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Bass Drum", 36),
        ("Große Trommel", 35),
        ("Triangle", 81),
        ("Caisse claire", 38),
        ("Crash Cymbals", 49),
        ("Woodblock", 76),
    ],
)
def test_drums_by_name(name, key):
    assert pitches(read_midi(score([bar(*[note("=E4")] * 4)], names=(name,)))) == [key] * 4


def test_an_instrument_that_got_the_channel_of_the_drums_stays_what_its_name_says():
    listing = """<score-part id="P1"><part-name>Flute</part-name><score-instrument id="I"><instrument-name>Flute</instrument-name>
    </score-instrument><midi-instrument id="I"><midi-channel>10</midi-channel><midi-program>74</midi-program></midi-instrument>
    </score-part>"""
    reading = read_with_repairs(score(whole("C5"), listing=listing))
    [track] = reading.piece.score.tracks
    assert (track.is_drum, track.program) == (False, 73) and "channel of the drums" in said(reading)


def test_our_own_drum_parts_come_back_as_they_were():
    kit = symusic.Track("Drums", 0, True)
    for place, keys in enumerate(
        [(k,) for k in range(27, 88)] + [(35, 36, 42), (38, 40), (49, 57, 36), (41, 42, 44, 46)]
    ):
        for key in keys:
            kit.notes.append(symusic.Note(place * 480, 480, key, 90))
    played = symusic.Score(480)
    played.tracks.append(kit)
    reading = read_with_repairs(musicxml(Piece(played)))
    [back] = reading.piece.score.tracks
    assert back.is_drum and not reading.repairs
    assert sorted((n.time, n.pitch) for n in back.notes) == sorted((n.time, n.pitch) for n in kit.notes)


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


def test_verses_under_one_another_and_lines_that_are_drawn_out_are_read():
    def lyric(number, text, syllabic="single", more=""):
        return f"<lyric number='{number}'><syllabic>{syllabic}</syllabic><text>{text}</text>{more}</lyric>"

    first = "|" + lyric(1, "Glo", "begin") + lyric(2, "Night", more="<extend/>")
    last = "|" + lyric(1, "ry", "end", "<end-line/>") + lyric(2, "falls")
    bars = [
        bar(note("C4", 1, more=first), note("D4", 1), note("E4", 2, more=last)),
        bar(note("C4", 4, more="|" + lyric(1, "Sing"))),
    ]
    track = read_midi(score(bars)).score.tracks[0]
    assert [(each.time // 480, each.text) for each in track.lyrics] == [
        (0, "Glo-"), (0, "@2 Night "), (1, "_"), (1, "@2 _"), (2, "ry "), (2, "@2 falls "), (4, "\rSing "),
    ]  # fmt: skip


# ---- notes lost or added


def test_a_part_that_the_list_forgets_is_read():
    reading = report("x7-part-without-list.musicxml")
    assert pitches(reading.piece) == [72, 74, 76, 72] and "list of parts" in said(reading)


def test_parts_under_other_names_than_in_the_list_are_taken_in_order():
    listing = '<score-part id="x"><part-name>Oboe</part-name></score-part><score-part id="y"><part-name>Cello</part-name></score-part>'
    reading = read_with_repairs(score(whole("C5"), whole("C3"), listing=listing))
    assert [track.name for track in reading.piece.score.tracks] == ["Oboe", "Cello"] and "list of parts" in said(
        reading
    )


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


def test_sections_and_the_title_come_from_the_page():
    mark = "<direction><direction-type><rehearsal>{}</rehearsal></direction-type></direction>"
    bars = [bar(mark.format("A"), note("C4", 4)), bar(note("D4", 4)), bar(mark.format("B"), note("E4", 4))]
    piece = read_midi(score(bars).replace(b"<part-list>", b"<movement-title>Two  halves</movement-title><part-list>"))
    assert [(s.name, s.start, s.end) for s in sections(piece.score)] == [("A", 0, 3840), ("B", 3840, 5760)]
    assert piece.title == "Two halves"


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("Violin II", "Violin"),
        ("Horn in F", "French Horn"),
        ("Clarinet in Bb 1", "Clarinet"),
        ("Flute 2", "Flute"),
        ("Bb Trumpet", "Trumpet"),
    ],
)
def test_players_with_a_number_or_a_key_are_known(name, program):
    [track] = read_midi(score(whole("C5"), names=(name,))).score.tracks
    assert GM_NAMES[track.program] == program and track.name == name


def test_a_second_instrument_of_a_part_has_a_track_of_its_own():
    listing = """<score-part id="P1"><part-name>Reed</part-name><score-instrument id="a"><instrument-name>Flute</instrument-name>
    </score-instrument><score-instrument id="b"><instrument-name>Clarinet</instrument-name></score-instrument>
    <midi-instrument id="a"><midi-program>74</midi-program></midi-instrument>
    <midi-instrument id="b"><midi-program>72</midi-program></midi-instrument></score-part>"""
    doubled = score(
        [bar(note("C5", 2, more='|<instrument id="a"/>'), note("D5", 2, more='|<instrument id="b"/>'))], listing=listing
    )
    assert [(t.program, len(t.notes)) for t in read_midi(doubled).score.tracks] == [(73, 1), (71, 1)]


def test_ties_grace_notes_dynamics_and_transposition():
    loud = "<direction><direction-type><dynamics><f/></dynamics></direction-type></direction>"
    horn = ATTRIBUTES.replace(
        "</attributes>", "<transpose><diatonic>-4</diatonic><chromatic>-7</chromatic></transpose></attributes>"
    )
    bars = [
        bar(horn, loud, note("C5", 3), note("G5", 1, more='|<tie type="start"/>')),
        bar(note("G5", 2, more='|<tie type="stop"/>'), note("A5", None, "eighth", "<grace/>|"), note("C5", 2)),
    ]
    piece = read_midi(score(bars, names=("Horn",)))
    assert heard(piece) == [(0, 3, 65), (3, 3, 72), (6 - 0.125, 0.125, 74), (6, 2, 65)]
    assert {note.velocity for note in piece.score.tracks[0].notes} == {round(0.7 * 127)}


def test_a_repeat_sign_for_a_bar_is_filled_in():
    start, stop = (
        f'<attributes><measure-style><measure-repeat type="{kind}">1</measure-repeat></measure-style></attributes>'
        for kind in ("start", "stop")
    )
    reading = read_with_repairs(score([*whole("C5"), bar(start, note("r", 4)), bar(stop, note("D5", 4))]))
    assert pitches(reading.piece) == [72, 72, 74] and "repeat sign (%)" in said(reading)


# ---- hostile files


def nested(depth: int) -> bytes:
    return b"<score-partwise>" + b"<a>" * depth + b"</a>" * depth + b"</score-partwise>"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><score-partwise><part-list>&j;</part-list></score-partwise>"
).encode()


@pytest.mark.parametrize(
    "data",
    [
        nested(50_000), nested(2_000_000), b"<score-partwise>" + b"<a>" * 100_000, BOMB,
        b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><score-partwise><part-list>&x;</part-list></score-partwise>',
        b'<!DOCTYPE s [<!ATTLIST note x CDATA "' + b"x" * 1000 + b'">]><score-partwise/>',
        score([bar(note("C5", 999_999_999))]), score([bar(note("C5", 4), right='<repeat direction="backward" times="999999999"/>')] * 999),
        score(whole("C5")) + b"<score-partwise/>", b"<score-partwise><part id='P1'><measure></part></score-partwise>",
        score([bar(note("H5", 4))]), b"<html><body>Log in</body></html>",
        b"<!DOCTYPE html>\n<html><p>404<br></html>", b"<museScore/>", b"<a/>", b"<",
    ],
    ids=range(16),
)  # fmt: skip
def test_what_cannot_be_a_score_is_refused_in_two_sentences(data):
    with pytest.raises(StudioError) as refusal:
        read_midi(data)
    assert str(refusal.value).count(". ") == 1 and str(refusal.value).endswith("."), str(refusal.value)


def test_more_elements_than_a_score_needs_are_refused(monkeypatch):
    monkeypatch.setattr("music.files.musicxml_document.MAX_ELEMENTS", 50)
    assert len(pitches(read_midi(score(whole("C5"))))) == 1
    with pytest.raises(StudioError, match="more than 50 elements"):
        read_midi(score(whole(*["C5"] * 20)))


# ---- packed, turned, or in other letters


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def container(path: str) -> bytes:
    files = f'<c:rootfiles><c:rootfile full-path="{path}"/></c:rootfiles>'
    return f'<?xml version="1.0"?><c:container xmlns:c="x">{files}</c:container>'.encode()


SONG = score(whole("C5", "D5"))


@pytest.mark.parametrize(
    "files",
    [
        {"song.musicxml": SONG},
        {"META-INF/container.xml": container("elsewhere.xml"), "song.xml": SONG},
        {"META-INF/container.xml": b"<broken", "sub/song.xml": SONG, "notes.txt": b"hello"},
        {"META-INF/container.xml": container("my%20song.xml"), "my song.xml": SONG, "another.musicxml": score(whole("E5"))},
        {"Song/META-INF/container.xml": container("score.xml"), "Song/score.xml": SONG, "__MACOSX/Song/._score.xml": b"\0\5\x16\7"},
        {"folder/song.mxl": packed({"META-INF/container.xml": container("s.xml"), "s.xml": SONG}), "__MACOSX/._song.mxl": b"\0"},
        {"META-INF/container.xml": container("\\Scores\\song.xml"), "Scores/song.xml": SONG},
    ],
    ids=["no container", "container lies", "container broken", "name escaped", "Finder", "zipped twice", "backslashes"],
)  # fmt: skip
def test_compressed_scores_however_they_were_packed(files):
    assert pitches(read_midi(packed(files))) == [72, 74]


def test_the_score_that_the_finder_zipped_again():
    assert pitches(report("x1-zipped-again-by-finder.mxl").piece) == [72, 74, 76, 72]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"song.mid": b"MThd"}, "song.mid"), ({"readme.txt": b"hi"}, "without a score"), ({"a.musicxml": b"<opus/>"}, "opus"),
        ({"a.mxl": packed({"b.mxl": packed({"c.musicxml": SONG})})}, "Unpack"), ({"song.musicxml": bytes(17 * 2**20)}, "16 MB"),
    ],
)  # fmt: skip
def test_zips_that_hold_no_score_say_what_they_hold(files, words):
    with pytest.raises(StudioError, match=words):
        read_midi(packed(files))


def test_scores_bar_by_bar_are_read():
    assert pitches(report("x7-timewise.musicxml").piece) == [72, 74]
    late = (
        '<score-timewise><part-list><score-part id="a"><part-name>Flute</part-name></score-part><score-part id="b">'
        f'<part-name>Oboe</part-name></score-part></part-list><measure number="1"><part id="a">{ATTRIBUTES}{note("C5", 4)}</part></measure>'
        f'<measure number="2"><part id="b">{ATTRIBUTES}{note("E5", 4)}</part><part id="a">{note("D5", 4)}</part></measure></score-timewise>'
    )
    piece = read_midi(late.encode())
    assert heard(piece) == [(0, 4, 72), (4, 4, 74)] and heard(piece, 1) == [(4, 4, 76)]


def test_an_opus_is_refused_as_what_it_is():
    with pytest.raises(StudioError, match="opus"):
        report("x1-opus.musicxml")


@pytest.mark.parametrize(
    ("declared", "encoding", "told"),
    [
        ("UTF-8", "utf-8", False), ("UTF-8", "cp1252", True), ("UTF-8", "utf-16", False), ("ISO-8859-1", "utf-8", True),
        ("ISO-8859-1", "latin-1", False), ("UTF-16", "utf-8", False), ("windows-1252", "cp1252", False),
        ("UTF-16", "utf-16-le", False),
        ("bogus", "utf-8", False), ("zip", "utf-8", False), ("", "utf-8-sig", False), ("US-ASCII", "cp1252", True),
        ("x-mac-roman", "mac-roman", False),
    ],
)  # fmt: skip
def test_letters_are_read_whatever_the_file_says(declared, encoding, told):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    reading = read_with_repairs((head + score(whole("C5"), names=("Flöte",)).decode()).encode(encoding))
    assert reading.piece.score.tracks[0].name == "Flöte"
    assert bool(reading.repairs) == told


def test_letters_of_windows_and_of_japan():
    reading = report("x1-says-utf8-is-cp1252.musicxml")
    assert reading.piece.title == "Übung für Flöte" and "Letters" in said(reading)
    japanese = score(whole("C5"), names=("フルート",)).decode()
    assert read_midi(japanese.encode("cp932")).score.tracks[0].name == "フルート"
    declared = '<?xml version="1.0" encoding="ISO-2022-JP"?>' + japanese
    assert read_midi(declared.encode("iso2022_jp")).score.tracks[0].name == "フルート"


# ---- chord symbols and what is not played


def test_chord_symbols_of_the_page_and_those_left_out_by_name():
    reading = report("x5-chord-symbols.musicxml")
    texts = bar_texts(reading.piece.score)
    assert [texts[n] for n in (0, 1, 2, 4, 8, 9, 10, 11, 12)] == [
        "C G7", "N.C.", "Bm7b5", "C/E", "F", "F#m7", "C5 C7sus4", "C", "Am",
    ]  # fmt: skip
    assert "left out: 2 (F Neapolitan, V7)" in said(reading)


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ("<root><root-step>B</root-step><root-alter>-1</root-alter></root><kind>major-seventh</kind>", "Bbmaj7"),
        ("<root><root-step>D</root-step></root><kind>minor-seventh</kind><inversion>1</inversion>", "Dm7/F"),
        ("<numeral><numeral-root>2</numeral-root></numeral><kind>minor</kind>", "Dm"),
        ('<numeral><numeral-root>5</numeral-root><numeral-key><numeral-fifths>2</numeral-fifths><numeral-mode>major</numeral-mode>'
         "</numeral-key></numeral><kind>dominant</kind>", "A7"),
        ('<root><root-step>G</root-step></root><kind text="7(add13)">other</kind>', "G7add13"),
        ('<root><root-step>G</root-step></root><kind text="N.C.">none</kind>', "N.C."),
    ],
)  # fmt: skip
def test_ways_to_write_a_chord(inside, name):
    plain = score(
        [
            bar(f"<harmony>{inside}</harmony>", note("C5", 4)),
            bar("<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>", note("C5", 4)),
        ]
    )
    assert bar_texts(read_midi(plain).score) == [name, "C"]


def test_cue_notes_and_slashes_are_left_out_and_said():
    slash = '<attributes><measure-style><slash type="{}"/></measure-style></attributes>'
    bars = [
        bar(note("C5", 2), note("E5", 2, more="<cue/>|")), bar(*[note("B4", head="slash")] * 4),
        bar(slash.format("start"), *[note("B4")] * 4), bar(slash.format("stop"), note("D5", 4)),
    ]  # fmt: skip
    reading = read_with_repairs(score(bars))
    assert heard(reading.piece) == [(0, 2, 72), (12, 4, 74)]
    assert (
        "Cue notes" in said(reading)
        and ": 1" in said(reading)
        and "Slashes" in said(reading)
        and ": 8" in said(reading)
    )


def test_small_notes_are_notes():
    small = note("C5", 4).replace("<duration>4</duration>", '<duration>4</duration><type size="cue">whole</type>')
    assert pitches(read_midi(score([bar(small)]))) == [72]


@pytest.mark.parametrize(
    ("mark", "qpm"),
    [
        ("<metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute></metronome>", 90),
        ("<metronome><beat-unit>half</beat-unit><per-minute>c. 60</per-minute></metronome>", 120),
        ("<metronome><beat-unit>quarter</beat-unit><per-minute>96-104</per-minute></metronome>", 100),
    ],
)
def test_metronome_marks(mark, qpm):
    piece = read_midi(score([bar(f"<direction><direction-type>{mark}</direction-type></direction>", note("C5", 4))]))
    assert [round(tempo.qpm) for tempo in piece.score.tempos] == [qpm]


def test_signatures_of_any_sort():
    odd = ATTRIBUTES.replace(TIME, "<time><beats>3+2</beats><beat-type>8</beat-type></time>").replace(
        "<divisions>1", "<divisions>2"
    )
    free = "<attributes><time><senza-misura/></time></attributes>"
    reading = read_with_repairs(score([bar(odd, note("C5", 5)), bar(free, note("D5", 22))]))
    assert [(s.numerator, s.denominator) for s in reading.piece.score.time_signatures] == [(5, 8), (11, 4)]
    assert not reading.repairs and inspect(reading.piece).bars == 2
