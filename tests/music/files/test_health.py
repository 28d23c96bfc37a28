"""The health report of a file, and a MusicXML file as the studio's one door reads it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from music.errors import StudioError
from music.files import midi
from music.files.midi import inspect, read_midi, read_with_repairs
from music.piece import Piece
from tests.music.files.midi_builder import chunk, file, meta, note
from tests.music.files.test_midi import notes_of

# ---- MusicXML

SHEET = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0">
  <work><work-title>Little Song</work-title></work>
  <part-list>
    <score-part id="P1"><part-name>Clarinet</part-name>
      <score-instrument id="I1"><instrument-name>Clarinet in Bb</instrument-name></score-instrument>
      <midi-instrument id="I1"><midi-program>72</midi-program></midi-instrument></score-part>
    <score-part id="P2"><part-name>Bass</part-name></score-part>
  </part-list>
  <part id="P1">
    <measure number="0" implicit="yes">
      <attributes><divisions>2</divisions><key><fifths>2</fifths><mode>minor</mode></key><time><beats>3</beats><beat-type>4</beat-type></time>
        <transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>
      <direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>90</per-minute></metronome></direction-type>
        <sound tempo="90"/></direction>
      <note><pitch><step>D</step><octave>5</octave></pitch><duration>2</duration><type>quarter</type>
        <lyric><syllabic>begin</syllabic><text>Lit</text></lyric></note>
    </measure>
    <measure number="1">
      <note><pitch><step>E</step><octave>5</octave></pitch><duration>6</duration><tie type="start"/><type>half</type><dot/>
        <lyric><syllabic>end</syllabic><text>tle</text></lyric></note>
    </measure>
    <measure number="2">
      <note><pitch><step>E</step><octave>5</octave></pitch><duration>2</duration><tie type="stop"/><type>quarter</type></note>
      <note><grace/><pitch><step>F</step><octave>5</octave></pitch><type>eighth</type></note>
      <note><pitch><step>G</step><octave>5</octave></pitch><duration>4</duration><type>half</type></note>
      <barline location="right"><repeat direction="backward"/></barline>
    </measure>
  </part>
  <part id="P2">
    <measure number="0"><attributes><divisions>2</divisions><key><fifths>0</fifths></key>
      <time><beats>3</beats><beat-type>4</beat-type></time></attributes><note><rest/><duration>2</duration></note></measure>
    <measure number="1"><note><pitch><step>C</step><octave>3</octave></pitch><duration>6</duration></note></measure>
    <measure number="2"><note><pitch><step>C</step><octave>3</octave></pitch><duration>6</duration></note></measure>
  </part>
</score-partwise>"""


def test_musicxml_is_read_as_it_sounds():
    plain = read_midi(SHEET.replace('<barline location="right"><repeat direction="backward"/></barline>', "").encode())
    assert plain.title == "Little Song" and plain.lyrics == ("Little",)
    assert [(t.name, t.program) for t in plain.score.tracks] == [("Clarinet", 71), ("Bass", 33)]
    # sounding a tone lower, the tie joined, the grace note before its note
    assert notes_of(plain) == [(0, 480, 72), (480, 1920, 74), (2340, 60, 75), (2400, 960, 77)]
    assert notes_of(plain, 1) == [(480, 1440, 48), (1920, 1440, 48)]
    assert [(s.time, s.numerator, s.denominator) for s in plain.score.time_signatures] == [(0, 1, 4), (480, 3, 4)]
    assert round(plain.score.tempos[0].qpm) == 90
    assert inspect(plain).pickup_beats == 1


def test_a_repeat_that_stands_in_one_part_is_played_by_all_and_said():
    back = '<barline location="right"><repeat direction="backward"/></barline>'
    once = read_midi(SHEET.replace(back, "").encode())
    lone = read_with_repairs(SHEET.encode())  # one part repeats, the other does not
    assert lone.piece.note_count == 2 * once.note_count and "Repeats" in lone.repairs[0]
    both = read_with_repairs(
        SHEET.replace("</measure>\n  </part>\n</score", f"{back}</measure>\n  </part>\n</score").encode()
    )
    assert both.piece.fingerprint == lone.piece.fingerprint and not both.repairs


def test_compressed_musicxml_and_what_only_looks_like_it():
    container = '<container><rootfiles><rootfile full-path="s.xml"/></rootfiles></container>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("s.xml", SHEET)
    assert read_midi(packed.getvalue()).fingerprint == read_midi(SHEET.encode()).fingerprint
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("s.xml", bytes(midi.MAX_BYTES + 1))
    for data in (
        bomb.getvalue(),
        packed.getvalue()[:300],
        SHEET.encode()[:900],
        SHEET.replace("<step>D", "<step>Q").encode(),
    ):
        with pytest.raises(StudioError):
            read_midi(data)


# ---- the health report


def test_health_report_tells_what_is_there():
    events = [
        (0, meta(0x51, (500_000).to_bytes(3, "big"))),
        (0, meta(0x58, bytes([3, 2, 24, 8]))),
        (0, meta(0x59, bytes([0xFF, 1]))),
    ]
    late = [(1440, meta(0x51, (400_000).to_bytes(3, "big")))]
    music = [event for pitch in (50, 53, 57, 62, 61, 57) for event in note(pitch)]
    piece = read_midi(
        file(chunk((0, meta(3, b"Waltz")), *events, *late), chunk((0, meta(3, b"Left")), (0, [0xC0, 40]), *music))
    )
    report = inspect(piece, ["Something was mended"])
    assert (report.bars, report.notes, report.key) == (2, 6, "D minor")
    assert report.time_signatures == ((1, "3/4"),) and report.tempos == ((1, 120.0), (2, 150.0))
    assert report.written_keys == ((1, "D minor"),)
    [track] = report.tracks
    assert (track.instrument, track.low, track.high, track.range_name, track.unplayable) == (
        "Violin",
        50,
        62,
        "D3-D4",
        2,
    )
    text = report.to_text()
    for piece_of_news in (
        "Waltz",
        "2 bars",
        "0:03",
        "D minor",
        "3/4",
        "150 BPM from bar 2",
        "Violin",
        "2 out of",
        "Something was mended",
    ):
        assert piece_of_news in text
    assert json.loads(report.to_json())["tracks"][0]["program"] == 40


def test_health_report_of_nothing():
    report = inspect(Piece.empty())
    assert (report.bars, report.notes, report.seconds, report.tracks) == (0, 0, 0.0, ())
    assert "0 tracks" in report.to_text()
