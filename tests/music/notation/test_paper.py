"""What a scribe would do with files of the working world: pickups, triplets, keys, tempo marks and drums."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import symusic

from music.chords import ChordSpan, parse_chord, with_chords
from music.files.midi import read_midi
from music.form import with_sections
from music.notation.engrave import musicxml, pdf, svg_pages
from music.notation.words import _font_with, draw_words
from music.piece import Piece
from tests.music.notation.test_engrave import MELODY, bars_are_full, content, expected, piece_of, reload

REPORTS = Path(__file__).parents[2] / "data" / "reports"
QUARTER = 480


def page(piece: Piece) -> ElementTree.Element:
    return ElementTree.fromstring(musicxml(piece))


def report(name: str) -> Piece:
    return read_midi(REPORTS / name)


def tempo_marks(piece: Piece) -> list[tuple[str, str, float]]:
    """Returns (bar, words, quarters a minute that another program plays)."""
    return [
        (measure.get("number"), direction.findtext("direction-type/words"), float(direction.find("sound").get("tempo")))
        for measure in page(piece).iter("measure")
        for direction in measure.iter("direction")
        if direction.find("sound") is not None
    ]


def with_tempi(piece: Piece, *changes: tuple[float, float]) -> Piece:
    score = piece.score.copy()
    score.tempos = [symusic.Tempo(round(at * QUARTER), qpm) for at, qpm in changes]
    return piece.replace(score=score)


# Pickups


def test_silence_before_an_upbeat_is_a_pickup_bar():
    first, second = list(page(report("e1-pickup-after-three-rests.mid")).iter("measure"))[:2]
    assert (first.get("number"), first.get("implicit"), second.get("number")) == ("0", "yes", "1")
    assert first.find("note/rest") is None and len(first.findall("note")) == 1


@pytest.mark.parametrize(
    ("time", "onset", "length"),
    [((4, 4), 3.5, 0.5), ((3, 4), 2, 1), ((4, 4), 2, 2), ((6, 8), 2.5, 0.5), ((2, 2), 3, 1)],
)
def test_pickups_of_any_length(time, onset, length):
    whole = 4 * time[0] / time[1]
    tune = [(onset, length, 67), *((whole + n * whole, whole, 60 + n) for n in range(3))]
    piece = piece_of((73, tune), time=time)
    first = next(page(piece).iter("measure"))
    assert first.get("implicit") == "yes" and [n.find("rest") for n in first.findall("note")] == [None]
    assert content(reload(piece)) == expected([(a - onset, b, p) for a, b, p in tune]) and bars_are_full(piece)


def test_the_first_section_stands_over_the_pickup():
    piece = report("e1-pickup-after-three-rests.mid")
    first = next(page(piece.replace(score=with_sections(piece.score, [(0, "Verse")]))).iter("measure"))
    assert first.findtext("direction/direction-type/rehearsal") == "Verse"


@pytest.mark.parametrize(
    "tune", [[(1, 3, 67), (4, 4, 60)], [(0, 0.5, 60), (3, 1, 67), (4, 4, 60)], [(3, 1, 67)], [(4, 4, 60), (8, 4, 62)]]
)
def test_rests_that_are_no_pickup_stay(tune):
    assert next(page(piece_of((73, tune))).iter("measure")).get("implicit") is None


def test_a_bar_with_chord_symbols_is_no_pickup():
    piece = piece_of((73, [(3, 1, 67), (4, 4, 60)]))
    charted = piece.replace(score=with_chords(piece.score, [ChordSpan(0, 3840, parse_chord("C"))]))
    assert next(page(charted).iter("measure")).get("implicit") is None


# Rhythm


def test_triplets_are_whole_up_to_the_last_note():
    piece = report("e1-sixteenth-triplets-3-4.mid")
    notes = [note for note in page(piece).iter("note") if note.find("rest") is None]
    assert len(notes) == 72
    for note in notes:
        assert note.findtext("type") == "16th" and note.findtext("time-modification/actual-notes") == "3"


@pytest.mark.parametrize(("step", "count"), [(1 / 6, 24), (1 / 3, 12), (1 / 8, 32), (1 / 5, 20)])
def test_runs_reach_the_end_of_the_piece(step, count):
    tune = [(n * step, step, 60 + n % 12) for n in range(count)]
    for held in (1.0, 0.9):
        piece = piece_of((73, [(a, b * held, p) for a, b, p in tune]))
        onsets = [round(float(onset) * 120) for onset, _, _ in content(reload(piece))]
        assert onsets == [round(n * step * 120) for n in range(count)]


def test_a_drum_struck_twice_at_once_is_one_stroke_on_paper():
    beat = [(n / 2, 0.1, 42) for n in range(16)] + [(n, 0.1, 36 if n % 2 == 0 else 38) for n in range(8)]
    slips = [(40 / 480, 0.1, 42), (2 + 40 / 480, 0.1, 46), (4 + 40 / 480, 0.1, 42), (7 + 400 / 480, 0.1, 38)]
    root = page(piece_of((-1, beat + slips)))
    assert {note.findtext("type") for note in root.iter("note")} <= {"eighth", "16th"}
    assert root.find(".//time-modification") is None and root.find(".//tie") is None


def test_a_drum_roll_of_32nds_stays():
    roll = [(n / 8, 0.05, 38) for n in range(32)]
    notes = [note for note in page(piece_of((-1, roll))).iter("note") if note.find("rest") is None]
    assert len(notes) == 32 and {note.findtext("type") for note in notes} == {"32nd"}


# Keys


def key_of(piece: Piece) -> tuple[str | None, str | None]:
    root = page(piece)
    return root.findtext(".//key/fifths"), root.findtext(".//key/mode")


@pytest.mark.parametrize(
    "name", ["e1-swing-eighths.mid", "m3-first-tempo-on-beat-3.mid", "m3-fastest-and-slowest-tempo.mid"]
)
def test_tunes_in_c_major_have_no_signature(name):
    assert key_of(report(name)) == ("0", "major")


@pytest.mark.parametrize(("shift", "fifths"), [(0, "0"), (2, "2"), (5, "-1"), (7, "1"), (10, "-2")])
def test_tunes_in_other_keys_have_theirs(shift, fifths):
    frere = [
        60,
        62,
        64,
        60,
        60,
        62,
        64,
        60,
        64,
        65,
        67,
        67,
        64,
        65,
        67,
        67,
        67,
        69,
        67,
        65,
        64,
        60,
        67,
        69,
        67,
        65,
        64,
        60,
        60,
        59,
        60,
        60,
    ]
    assert key_of(piece_of((73, [(n, 1, pitch + shift) for n, pitch in enumerate(frere)]))) == (fifths, "major")


# Tempi


def test_a_tempo_that_changes_on_the_third_beat_is_printed_there():
    piece = report("m3-first-tempo-on-beat-3.mid")
    marks = tempo_marks(piece)
    assert [(bar, qpm) for bar, _, qpm in marks] == [("1", 120), ("1", 60)]
    back = read_midi(musicxml(piece)).score.tempos
    assert [(t.time / QUARTER, round(t.qpm)) for t in back] == [(0, 120), (2, 60)]


def test_no_tempo_is_faster_than_anyone_plays():
    [(_, words, qpm), (_, slow, _)] = tempo_marks(report("m3-fastest-and-slowest-tempo.mid"))
    assert words == "Presto (quarter = 400)" and qpm == 400 and slow == "Grave (quarter = 4)"


@pytest.mark.parametrize(
    ("changes", "printed"),
    [
        ([(0, 100), (4, 60)], [("1", 100), ("2", 60)]),
        ([(0, 100), (5, 60)], [("1", 100), ("2", 60)]),
        ([(0, 100), (3, 60)], [("1", 100), ("1", 60)]),
        ([(0, 100), (1, 97), (2, 103), (3, 99), (4, 101)], [("1", 100)]),  # a player who breathes
        ([(0, 100), (12, 90), (13, 80), (14, 70), (15, 60)], [("1", 100)]),  # who slows down at the end
    ],
)  # fmt: skip
def test_tempi_worth_printing(changes, printed):
    piece = with_tempi(piece_of((73, MELODY)), *changes)
    assert [(bar, round(qpm)) for bar, _, qpm in tempo_marks(piece)] == printed


# Words


def title_of(piece: Piece) -> tuple[str, int]:
    """Returns the title on the first page and the size of its letters."""
    [(size, text)] = re.findall(
        r'class="pgHead.*?<tspan font-size="(\d+)px">([^<]+)</tspan>', svg_pages(piece)[0], re.DOTALL
    )
    return text, int(size)


def test_long_titles_fit_between_the_margins():
    short, usual = title_of(piece_of((73, MELODY), title="A song"))
    long, small = title_of(piece_of((73, MELODY), title="A song of many words " * 4))
    cut, smallest = title_of(piece_of((73, MELODY), title="A song of\n many words " * 20))
    assert (short, long) == ("A song", ("A song of many words " * 4).strip()) and usual > small > smallest
    assert len(cut) < 125 and cut.endswith(("words …", "many …")) and len(cut) * 0.5 * smallest < 19_000


def words_in_pdf(piece: Piece) -> str:
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(pdf(piece))).pages[0].extract_text()


@pytest.mark.parametrize(
    ("title", "script"), [("さくら", "Japanese"), ("אבג", "Hebrew"), ("아리랑", "Korean"), ("أغنية", "Arabic")]
)
def test_words_that_no_font_can_draw_are_left_out_of_the_pdf_and_said(monkeypatch, title, script):
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    _font_with.cache_clear()
    text = words_in_pdf(piece_of((73, MELODY), title=f"{title} 7"))
    _font_with.cache_clear()
    assert f"Words in {script} are left out" in text and "7" in text and title not in text
    assert title in svg_pages(piece_of((73, MELODY), title=title))[0], "a browser draws them"


def test_words_of_scripts_that_every_font_has_are_drawn():
    page = draw_words(
        '<svg class="definition-scale" viewBox="0 0 21000 29700"><tspan font-size="9px">Žluť, Ελλάς &amp; Песня № 5</tspan></svg>'
    )
    assert "Words in" not in page and "Песня № 5" in page


def test_letters_are_drawn_in_a_font_that_has_them_and_hebrew_from_the_right(monkeypatch):
    monkeypatch.setattr("music.notation.words._font_with", lambda letters: "Some Font")
    page = draw_words('<tspan font-size="9px">אבג 12</tspan>')
    assert page == '<tspan font-family="Some Font" font-size="9px">12 גבא</tspan>'


# Swing


def test_swung_eighths_are_written_straight_under_swing_and_sound_swung_when_the_file_is_read():
    late = [(beat + at, length, 60 + beat % 7) for beat in range(16) for at, length in ((0, 2 / 3), (2 / 3, 1 / 3))]
    run = [(16 + n / 4, 1 / 4, 60 + n % 5) for n in range(16)]  # sixteenths and triplets stay what they are
    threes = [(20 + n / 3, 1 / 3, 64) for n in range(12)]
    piece = piece_of((65, [*late, *run, *threes]), (-1, [(n / 2 + n % 2 / 6, 0.1, 51) for n in range(48)]))
    root = page(piece)
    direction = next(d for d in root.iter("direction") if d.findtext("direction-type/words") == "Swing")
    assert [direction.findtext(f"sound/swing/{tag}") for tag in ("first", "second", "swing-type")] == [
        "2",
        "1",
        "eighth",
    ]
    tuplets = {m.get("number") for m in root.iter("measure") if m.find(".//time-modification") is not None}
    assert tuplets == {"6"}
    back = read_midi(musicxml(piece)).score
    for before, after in zip(piece.score.tracks, back.tracks, strict=True):
        assert [(n.time, n.pitch) for n in after.notes] == [(n.time, n.pitch) for n in before.notes]
    drawing = svg_pages(piece)[0]
    assert ">Swing<" in drawing and drawing.count("<rect") > 7 and ">(<" not in drawing  # the sign is drawn


@pytest.mark.parametrize("places", [(0, 1 / 2), (0, 1 / 3, 2 / 3), (0, 1 / 4, 1 / 2, 3 / 4)])
def test_straight_eighths_triplets_and_sixteenths_do_not_swing(places):
    root = page(piece_of((65, [(beat + at, 0.25, 60 + beat % 7) for beat in range(16) for at in places])))
    assert root.find(".//swing") is None
