"""MusicXML as notation programs, people and attackers write it: what sounds, what is mended, and what is said."""

from __future__ import annotations

import pytest
import symusic

from music.chord_symbols.bars import bar_texts
from music.files.midi import read_midi, read_with_repairs
from music.form import sections
from music.instruments import GM_NAMES
from music.notation.engrave import musicxml
from music.piece import Piece
from tests.music.files.musicxml_builder import ATTRIBUTES, bar, heard, note, pitches, report, said, score, whole

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
