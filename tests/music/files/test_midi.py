from __future__ import annotations

from pathlib import Path

import pytest

from music.errors import StudioError
from music.files import midi
from music.files.midi import inspect, read_midi, read_with_repairs, write_midi
from music.piece import Piece
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
