from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from music.bars import bar_grid
from music.errors import StudioError
from music.files import midi
from music.files.midi import inspect, midi_bytes, read_midi, read_with_repairs, write_midi
from music.piece import Piece
from tests.examples import examples
from tests.music.files.midi_builder import chunk, file, meta, note, off, on

REPORTS = Path(__file__).parents[2] / "data" / "reports"


def notes_of(piece: Piece, track: int = 0) -> list[tuple[int, int, int]]:
    return [(n.time, n.duration, n.pitch) for n in piece.score.tracks[track].notes]


def repairs(data: bytes) -> str:
    return "; ".join(read_with_repairs(data).repairs)


# ---- reading what is wrong or rare in files


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_formats(kind):
    piece = read_midi(file(chunk(*note()), kind=kind))
    assert notes_of(piece) == [(0, 480, 60)] and piece.score.ticks_per_quarter == 480


def test_patterns_of_format_2_follow_each_other_with_instruments_of_their_own():
    piece = read_midi(file(chunk((0, [0xC0, 40]), *note(60)), chunk(*note(62)), kind=2))
    assert [notes_of(piece, i) for i in (0, 1)] == [[(0, 480, 60)], [(480, 480, 62)]]
    assert [t.program for t in piece.score.tracks] == [40, 0]


def test_running_status_also_after_meta_and_sysex():
    data = file(
        chunk((0, on(60)), (480, [60, 0]), (0, meta(1, b"hi")), (0, [62, 80]), (0, b"\xf0\x02\x7e\xf7"), (240, [62, 0]))
    )
    assert notes_of(read_midi(data)) == [(0, 480, 60), (480, 240, 62)]
    assert "System exclusive messages, left out: 1" in repairs(data)


@pytest.mark.parametrize(
    ("frames", "parts", "seconds"), [(25, 40, 2.0), (24, 100, 2.0), (30, 80, 2.0), (29, 100, 2.002)]
)
def test_film_time_keeps_its_speed(frames, parts, seconds):
    ticks = (30 if frames == 29 else frames) * parts * 2
    tempo = meta(0x51, (250_000).to_bytes(3, "big"))  # means nothing in a file that counts in frames
    piece = read_midi(file(chunk((0, tempo), *note(60, ticks)), division=(256 - frames) << 8 | parts))
    assert piece.seconds == pytest.approx(seconds, rel=1e-4)


def test_stuck_notes_end_where_their_key_or_the_track_ends():
    data = file(chunk((0, on(60)), (480, on(62)), (480, on(60)), (480, off(62))))
    assert notes_of(read_midi(data)) == [(0, 960, 60), (480, 960, 62), (960, 480, 60)]
    assert "Notes without an end, closed: 2" in repairs(data)
    silenced = file(chunk((0, on(60)), (240, [0xB0, 123, 0]), (960, on(62)), (10, off(62))))
    assert notes_of(read_midi(silenced))[0] == (0, 240, 60)


def test_notes_without_length_are_kept_and_heard():
    data = file(chunk((0, on(60)), (0, off(60)), *note(62)))
    assert notes_of(read_midi(data)) == [(0, 1, 60), (0, 480, 62)]
    assert "one tick long: 1" in repairs(data)


def test_the_note_that_began_first_ends_first():
    data = file(chunk((0, on(60)), (100, on(60)), (100, off(60)), (100, off(60))))
    assert notes_of(read_midi(data)) == [(0, 200, 60), (100, 200, 60)]


def test_hundreds_of_tracks():
    piece = read_midi(file(*[chunk((0, [0xC0 | i % 9, i % 128]), *note(i % 128, channel=i % 9)) for i in range(500)]))
    assert [t.program for t in piece.score.tracks] == [i % 128 for i in range(500)]


def test_without_a_tempo_music_goes_at_120():
    assert read_midi(file(chunk(*note(60, 960)))).seconds == 1.0


def test_instrument_and_pedal_from_another_track_on_the_channel():
    setup = chunk((0, [0xC3, 41]), (0, [0xB3, 64, 127]), (0, [0xB3, 7, 20]))
    piece = read_midi(file(setup, chunk((0, [0xB3, 7, 100]), *note(channel=3))))
    [track] = piece.score.tracks
    assert track.program == 41
    assert [(c.number, c.value) for c in track.controls] == [(64, 127), (7, 100)], "its own volume counts"


def test_tracks_that_share_a_channel_keep_their_own_instruments():
    piece = read_midi(file(chunk((0, [0xC0, 5]), *note()), chunk((0, [0xC0, 73]), *note(72))))
    assert [t.program for t in piece.score.tracks] == [5, 73]


def test_an_instrument_change_on_a_channel_makes_two_tracks_at_the_same_volume():
    piece = read_midi(
        file(chunk((0, [0xC0, 5]), (0, [0xB0, 7, 99]), *note(60), (0, [0xC0, 40]), *note(62), kind_end()), kind=0)
    )
    assert [(t.program, len(t.notes)) for t in piece.score.tracks] == [(5, 1), (40, 1)]
    assert all([(c.number, c.value) for c in t.controls] == [(7, 99)] for t in piece.score.tracks)


def kind_end() -> tuple[int, bytes]:
    return (0, meta(6, b"the end"))


def test_drums_are_those_on_channel_10_of_any_port():
    piece = read_midi(file(chunk(*note(36, channel=9)), chunk((0, meta(0x21, b"\1")), *note(38, channel=9))))
    assert all(t.is_drum for t in piece.score.tracks)


def test_impossible_signatures_and_tempi_are_left_out_and_named():
    wrong = [
        meta(0x58, bytes([4, 9, 24, 8])),
        meta(0x58, bytes([0, 2, 24, 8])),
        meta(0x51, bytes(3)),
        meta(0x59, bytes([9, 0])),
    ]
    data = file(chunk(*[(0, event) for event in wrong], *note()))
    score = read_midi(data).score
    assert not len(score.tempos) and not len(score.time_signatures) and not len(score.key_signatures)
    assert "time signatures, left out: 2" in repairs(data) and "tempo" in repairs(data) and "key" in repairs(data)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Flöte".encode(), "Flöte"), ("Flöte".encode("latin-1"), "Flöte"), ("“Élan” – für".encode("cp1252"), "“Élan” – für"),
        ("さくら 桜".encode("cp932"), "さくら 桜"), ("Пиано".encode(), "Пиано"),
        ("Œuvre".encode("utf-16"), "Œuvre"), (b"a\x81\0b", "ab"),
    ],
)  # fmt: skip
def test_text_in_any_encoding(raw, text):
    piece = read_midi(file(chunk((0, meta(3, raw))), chunk((0, meta(3, raw)), (0, meta(5, raw)), *note())))
    assert piece.title == piece.score.tracks[0].name == piece.score.tracks[0].lyrics[0].text == text


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("cp1251", ["Песня", "При-", "вет"]), ("cp1251", ["КАТЮША"]), ("koi8_r", ["Песня", "При-", "вет"]),
        ("cp866", ["Вечера", "Не слы-", "шны"]), ("cp1253", ["Τραγούδι", "αγάπη"]), ("cp1250", ["Wśród nocnej ciszy", "Łódź"]),
        ("gb18030", ["月亮代表我的心", "你", "问"]), ("gb18030", ["东方红", "太", "阳", "升"]), ("big5", ["望春風", "獨", "夜", "無"]),
        ("euc_kr", ["애국가", "동", "해", "물"]), ("cp932", ["千本桜"]), ("cp932", ["ﾄﾞﾗﾑ", "ﾋﾟｱﾉ"]),
        ("cp1252", ["Élégie", "dé-", "jà"]), ("cp1252", ["L’été"]), ("cp1252", ["¿Qué será?"]), ("cp1252", ["ÄÖÜ"]),
    ],
)  # fmt: skip
def test_the_letters_of_all_texts_together_tell_the_encoding(encoding, texts):
    events = [(0, meta(5, text.encode(encoding))) for text in texts[1:]]
    track = read_midi(file(chunk((0, meta(3, texts[0].encode(encoding))), *events, *note()))).score.tracks[0]
    assert [track.name, *(lyric.text for lyric in track.lyrics)] == texts


def test_control_codes_do_not_reach_the_terminal():
    reading = read_with_repairs((REPORTS / "m7-track-names.mid").read_bytes())
    names = [track.name for track in reading.piece.score.tracks]
    assert reading.piece.title == 'Song 1/2: "Fire" & <Rain>' and names[7] == "Bell" and names[-1] == "a b c"
    assert names[0] == "Gtr/Lead" and names[8] == "ギター" and names[9] == "🎻 Geige"
    assert "control codes, cleaned: 5" in reading.repairs[-1]
    assert inspect(reading.piece, reading.repairs).to_text().replace("\n", "").isprintable()
    marked = read_midi(file(chunk((0, meta(6, "\x9b31mA\tpart\x7f".encode())), (0, meta(5, b"la\x1b[2J\r")), *note())))
    assert marked.score.markers[0].text == "A part" and marked.score.tracks[0].lyrics[0].text == "la\r"


def test_the_channels_of_one_track_have_names_of_their_own():
    def named(channel: int, name: bytes) -> list[tuple[int, bytes]]:
        return [(0, meta(0x20, bytes([channel]))), (0, meta(3, name))]

    events = [(0, meta(3, b"Song")), *named(0, b"Lead"), *named(1, b"Bass"), *note(60), *note(40, channel=1)]
    piece = read_midi(file(chunk(*events), kind=0))
    assert (piece.title, [track.name for track in piece.score.tracks]) == ("Song", ["Lead", "Bass"])


def test_silence_is_said():
    assert repairs((REPORTS / "d2-whisper.mid").read_bytes()).startswith("Too soft to be heard")
    muted = chunk((0, meta(3, b"Lead")), (0, [0xB0, 7, 0]), *note())
    swell = chunk((0, [0xB1, 11, 0]), (0, on(60, 90, 1)), (240, [0xB1, 11, 127]), (240, off(60, 1)))
    soft = chunk((0, on(60, 1, 2)), (480, off(60, 2)))
    assert repairs(file(muted, swell, soft)) == "Too soft to be heard, by velocity, volume or expression: Lead"
    assert repairs(file(chunk(*note(), (0, [0xB0, 7, 0])))) == ""


def test_lyrics_become_lines():
    words = ["Twin", "kle ", "star, ", "\rhow ", "I ", "won", "der"]
    piece = read_midi(file(chunk(*[(120, meta(5, w.encode())) for w in words], *note())))
    assert piece.lyrics == ("Twinkle star,", "how I wonder")
    hyphens = read_midi(file(chunk(*[(120, meta(5, w)) for w in (b"Twin-", b"kle", b"star")], *note())))
    assert hyphens.lyrics == ("Twinkle star",)


def test_karaoke_text_is_sung():
    words = [b"@TMy Song", b"\\Hel", b"lo ", b"you", b"/there"]
    data = file(
        chunk((0, meta(1, b"@KMIDI KARAOKE FILE")), (0, meta(3, b"Soft karaoke"))),
        chunk(*[(9, meta(1, w)) for w in words]),
        chunk(*note()),
    )
    piece = read_midi(data)
    assert (piece.title, piece.lyrics) == ("My Song", ("Hello you", "there"))
    assert read_midi(file(chunk((0, meta(1, b"la")), *note())), "song.KAR").lyrics == ("la",)
    assert read_midi(file(chunk((0, meta(1, b"made by me")), *note())), "song.mid").lyrics == ()


def test_pickup_is_seen():
    signs = [(0, meta(0x58, bytes([1, 2, 24, 8]))), (480, meta(0x58, bytes([3, 2, 24, 8])))]
    piece = read_midi(file(chunk(*signs), chunk(*note(), *note(62, 1440), *note(64, 1440))))
    assert inspect(piece).pickup_beats == 1 and inspect(piece).bars == 3
    late = read_midi(file(chunk((1440, on()), (480, off()), *note(62, 1920))))
    assert inspect(late).pickup_beats == 1


def test_alien_chunks_wrong_counts_and_missing_ends():
    plain = file(chunk(*note()))
    for data in (
        plain[:14] + b"XYZW\0\0\0\3abc" + plain[14:],
        file(chunk(*note()), tracks=7),
        file(chunk(*note()), tracks=0),
        file(chunk(*note(), end=False)),
        b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + plain,
        bytes(128) + plain,
    ):
        assert notes_of(read_midi(data)) == [(0, 480, 60)]


def test_a_truncated_file_gives_what_it_holds_and_says_so():
    data = file(chunk(*note(60), *note(62), *note(64)))
    assert notes_of(read_midi(data[:-10]))[:2] == [(0, 480, 60), (480, 480, 62)]
    assert "ends too early" in repairs(data[:-10])


@pytest.mark.parametrize(
    "data",
    [
        b"", b"MThd", b"hello", b"\0" * 100, file(chunk(*note()), kind=3), file(chunk(*note()), division=0),
        file(chunk(*note()), division=0x8000),
        file(chunk((0, b"\xff\x01\xff\xff\xff\x7f"), *note())), file(b"MTrk\0\0\0\x09\xff\xff\xff\xff\x7f\x90\x3c\x40\0"),
        file(chunk(*[(0x0FFFFFFF, on(i)) for i in range(20)])), b"<html></html>", b"PK\3\4 no zip", b"<score-partwise><part",
        b"<score-partwise><part/></score-partwise",
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_two_sentences(data):
    with pytest.raises(StudioError) as refusal:
        read_midi(data)
    assert str(refusal.value).count(". ") >= 1 and str(refusal.value).endswith(".")


def test_limits(monkeypatch):
    with pytest.raises(StudioError, match="MB"):
        read_midi(b"MThd" + bytes(midi.MAX_BYTES))
    with pytest.raises(StudioError, match="tracks"):
        read_midi(file(*[chunk(*note())] * (midi.MAX_TRACKS + 1)))
    with pytest.raises(StudioError, match="hours"):
        read_midi(file(chunk(*note(60, 480 * 2 * 3600 * 4))))
    crowd = [chunk((0, [0xB0, 7, 1]), *note()) for _ in range(500)]
    with pytest.raises(StudioError, match="control changes"):  # refused before it takes minutes
        read_midi(file(*crowd, chunk(*[(1, [7, 1]) if i else (1, [0xB0, 7, 1]) for i in range(60_000)], *note())))
    monkeypatch.setattr("music.files.smf.MAX_NOTES", 3)
    with pytest.raises(StudioError, match="notes"):
        read_midi(file(chunk(*note() * 4)))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StudioError, match=r"gone\.mid"):
        read_midi(tmp_path / "gone.mid")
    with pytest.raises(StudioError, match="cannot be opened"):
        read_midi(tmp_path)
    with pytest.raises(StudioError, match="cannot be written"):
        write_midi(Piece.empty(), tmp_path / "no" / "where.mid")


# ---- what is written comes back


def columns(*limits: tuple[int, int], most: int = 12):
    return st.lists(st.tuples(*(st.integers(low, high) for low, high in limits)), max_size=most)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=8)


@st.composite
def tracks(draw) -> symusic.Track:
    track = symusic.Track(draw(TEXT), draw(st.integers(0, 127)), draw(st.booleans()))
    sounding: dict[int, int] = {}
    for pitch, gap, length, velocity in draw(columns((0, 127), (0, 600), (1, 2000), (1, 127))):
        time = sounding.get(pitch, 0) + gap  # no pitch overlaps itself, which MIDI could not say
        sounding[pitch] = time + length
        track.notes.append(symusic.Note(time, length, pitch, velocity))
    track.notes.sort()
    controls = sorted(draw(columns((0, 9000), (0, 119), (0, 127))), key=lambda c: c[0])
    track.controls = [symusic.ControlChange(*c) for c in controls]
    bends = sorted(draw(columns((0, 9000), (-8192, 8191))), key=lambda b: b[0])
    track.pitch_bends = [symusic.PitchBend(*b) for b in bends]
    lyrics = draw(st.lists(st.tuples(st.integers(0, 9000), TEXT), max_size=3))
    track.lyrics = [symusic.TextMeta(*x) for x in sorted(lyrics, key=lambda x: x[0])]
    return track


@st.composite
def pieces(draw) -> Piece:
    score = symusic.Score(draw(st.sampled_from([24, 96, 480, 960, 32767])))
    score.tracks.extend(draw(st.lists(tracks(), max_size=5)))
    at = st.integers(0, 9000)
    score.tempos = [
        symusic.Tempo(t, q) for t, q in sorted(draw(st.dictionaries(at, st.floats(4, 900), max_size=4)).items())
    ]
    signs = draw(st.dictionaries(at, st.tuples(st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16])), max_size=3))
    score.time_signatures = [symusic.TimeSignature(t, *s) for t, s in sorted(signs.items())]
    keys = draw(st.dictionaries(at, st.tuples(st.integers(-7, 7), st.integers(0, 1)), max_size=3))
    score.key_signatures = [symusic.KeySignature(t, *k) for t, k in sorted(keys.items())]
    score.markers = [symusic.TextMeta(t, x) for t, x in sorted(draw(st.dictionaries(at, TEXT, max_size=3)).items())]
    recipe = st.dictionaries(TEXT, st.none() | st.integers() | TEXT | st.lists(st.booleans(), max_size=2), max_size=3)
    return Piece(score, draw(TEXT), tuple(draw(st.lists(TEXT, max_size=3))), tuple(draw(st.lists(recipe, max_size=2))))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces())
def test_a_written_piece_comes_back_the_same(piece):
    back = read_midi(midi_bytes(piece))
    assert back.fingerprint == piece.fingerprint, "all that can be heard or read"
    assert back.history == piece.history
    for a, b in zip(piece.score.tempos, back.score.tempos):
        assert abs(a.qpm - b.qpm) < 0.01


def test_pedals_are_written():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes.append(symusic.Note(0, 480, 60, 90))
    score.tracks[0].pedals.append(symusic.Pedal(10, 500))
    controls = read_midi(midi_bytes(Piece(score))).score.tracks[0].controls
    assert [(c.time, c.number, c.value) for c in controls] == [(10, 64, 127), (510, 64, 0)]


def band(programs: list[int], drums: int = 0) -> Piece:
    score = symusic.Score(480)
    for index, program in enumerate(programs):
        track = symusic.Track(f"part {index}", program, index < drums)
        track.notes.append(symusic.Note(0, 480, 60, 90))
        track.controls.append(symusic.ControlChange(0, 7, index % 128))
        score.tracks.append(track)
    return Piece(score)


def channels_of(data: bytes) -> list[tuple[int, int]]:
    """Returns ``(channel, program)`` of every instrument choice in a file, as a player without ports hears it."""
    mido = pytest.importorskip("mido")
    messages = [m for t in mido.MidiFile(file=io.BytesIO(data)).tracks for m in t if m.type == "program_change"]
    return [(m.channel, m.program) for m in messages]


@pytest.mark.parametrize("count", [1, 15, 16, 40, 300])
def test_any_number_of_tracks_keeps_its_instruments(count):
    piece = band([i % 128 for i in range(count)])
    back = read_midi(midi_bytes(piece))
    assert back.fingerprint == piece.fingerprint
    assert 9 not in {channel for channel, _ in channels_of(midi_bytes(piece))}


def test_up_to_15_instruments_need_no_ports_however_many_tracks_they_have():
    piece = band([i % 15 for i in range(60)], drums=2)
    chosen = channels_of(midi_bytes(piece))
    pitched = {pair for pair in chosen if pair[0] != 9}
    assert len({channel for channel, _ in pitched}) == len(pitched), "one instrument a channel"
    assert read_midi(midi_bytes(piece)).fingerprint == piece.fingerprint


def test_files_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.mid"
    write_midi(band([0]), path)
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StudioError, match="no space"):
        write_midi(band([40]), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["a.mid"]


def test_other_programs_find_no_studio_text_in_a_plain_piece():
    assert b"DeepMusic" not in midi_bytes(band([0]))


# ---- nothing crashes

REAL = midi_bytes(band([0, 33, 40], drums=1).replace(title="x", lyrics=("la",), history=({"pipeline": "p"},)))


def survives(data: bytes) -> None:
    try:
        piece = read_midi(data)
    except StudioError as error:
        assert len(str(error)) < 200
        return
    assert piece.fingerprint and bar_grid(piece.score) and piece.seconds <= midi.MAX_SECONDS
    for track in piece.score.tracks:
        notes = track.notes.numpy()
        assert (notes["duration"] > 0).all() and (notes["time"] >= 0).all() and (notes["velocity"] > 0).all()
        assert np.array_equal(notes["time"], np.sort(notes["time"]))
    again = read_midi(midi_bytes(piece))
    assert again.note_count == piece.note_count


@settings(max_examples=examples(150), deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes(data):
    survives(data)
    survives(b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\1\0" + data)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(REAL)))
def test_mutated_files(changes, end):
    data = bytearray(REAL)
    for place, value in changes:
        data[place] = value
    survives(bytes(data[:end]))
    survives(bytes(data))


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
