"""Chord symbols on the sheet and the sheet's views: as music21 reads the MusicXML, as the pages show it, and read back."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.chords import NO_CHORD, QUALITIES, Chord, ChordSpan, chord_spans, parse_chord, spell_chord, with_chords
from music.errors import StudioError
from music.files.midi import read_with_repairs
from music.form import with_sections
from music.instruments import instrument_name
from music.notation.chord_symbols import Degree, read_symbol
from music.notation.engrave import musicxml, pdf, svg_pages
from music.notation.views import views
from music.piece import Piece
from tests.examples import examples
from tests.music.notation.test_engrave import content, expected, piece_of

QUARTER = 480
LINE = [(0, 1, 67), (1, 1, 70), (2, 1.5, 75), (3.5, 0.5, 74), (4, 8, 72), (12, 4, 75)]
VOICES = (
    [(0, 2, 74), (2, 1, 75), (3, 1, 74), (4, 4, 72)],
    [(0, 1, 67), (1, 1, 66), (2, 2, 67), (4, 4, 67)],
    [(0, 2, 58), (2, 2, 60), (4, 4, 67)],
    [(0, 2, 43), (2, 2, 48), (4, 2, 48), (6, 2, 36)],
)


def charted(piece: Piece, chords: str) -> Piece:
    """Returns the piece with chords such as "Am@0 F/A@2.5": symbol and the quarter where it begins."""
    begun = [(name, round(float(at) * QUARTER)) for name, at in (word.split("@") for word in chords.split())]
    ends = [*(at for _, at in begun[1:]), 10**6]
    spans = [ChordSpan(at, end, parse_chord(name)) for (name, at), end in zip(begun, ends, strict=True)]
    return piece.replace(score=with_chords(piece.score, spans))


def loaded(piece: Piece, view: str = "score"):
    import music21

    return music21.converter.parseData(musicxml(piece, view), format="musicxml", forceSource=True)


def symbols(part) -> list[tuple[int, Fraction, str, str, str]]:
    """Returns (bar, quarters into it, root, bass, text) of what is printed over a part, as music21 reads it."""
    found = []
    for measure in part.getElementsByClass("Measure"):
        for symbol in measure.recurse().getElementsByClass("Harmony"):
            named = (symbol.root().name, symbol.bass().name) if symbol.chordKind != "none" else ("", "")
            place = Fraction(symbol.getOffsetInHierarchy(measure)).limit_denominator(96)
            found.append((measure.number, place, *named, symbol.chordKindStr))
    return found


def without_symbols(score):
    """Returns a sheet that music21 has read with its notes only."""
    for symbol in list(score.recurse().getElementsByClass("Harmony")):
        symbol.activeSite.remove(symbol)
    return score


def choir(*voices) -> Piece:
    piece = piece_of(*((52, voice) for voice in voices), key=(-2, 1))
    for track, name in zip(piece.score.tracks, ("Soprano", "Alto", "Tenor", "Bass"), strict=False):
        track.name = name
    return piece


def test_symbols_stand_at_their_beats_spelled_in_the_key():
    piece = charted(piece_of((73, LINE), key=(-3, 0)), "Eb@0 G#maj7@2 Fm7@4 Bb7b9/G#@6 Bb7@8 Eb@12")
    read = symbols(loaded(piece).parts[0])
    assert read == [
        (1, 0, "E-", "E-", ""),
        (1, 2, "A-", "A-", "maj7"),
        (2, 0, "F", "F", "m7"),
        (2, 2, "B-", "A-", "7b9"),  # inside a note that is held over three chords
        (3, 0, "B-", "B-", "7"),
        (4, 0, "E-", "E-", ""),
    ]
    kinds = [s.chordKind for s in loaded(piece).recurse().getElementsByClass("Harmony")]
    assert kinds[:4] == ["major", "major-seventh", "minor-seventh", "dominant-seventh"]
    assert content(without_symbols(loaded(piece))) == expected(LINE)


@pytest.mark.parametrize(
    ("fifths", "symbol", "root", "bass"),
    [
        (0, "Ab", ("A", -1), ("A", -1)),
        (0, "G#dim7", ("G", 1), ("G", 1)),
        (0, "C#m7b5", ("C", 1), ("C", 1)),
        (0, "Db7", ("D", -1), ("D", -1)),
        (0, "E/G#", ("E", 0), ("G", 1)),
        (0, "Ebm/Gb", ("E", -1), ("G", -1)),
        (0, "Caug/G#", ("C", 0), ("G", 1)),
        (0, "Bdim7/Ab", ("B", 0), ("A", -1)),
        (4, "D#m7", ("D", 1), ("D", 1)),
        (-3, "E7", ("E", 0), ("E", 0)),
        (-6, "B", ("C", -1), ("C", -1)),
        (6, "Fdim", ("E", 1), ("E", 1)),
    ],
)
def test_names_that_musicians_know(fifths, symbol, root, bass):
    assert spell_chord(parse_chord(symbol), fifths) == (root, bass)


@given(st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.integers(0, 11), st.integers(-7, 7))
def test_a_spelling_always_sounds_right_and_needs_no_double_accidental(root, quality, bass, fifths):
    for pitch, (letter, alter) in zip((root, bass), spell_chord(Chord(root, quality, bass), fifths), strict=True):
        assert ({"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[letter] + alter) % 12 == pitch
        assert abs(alter) <= 1


def test_a_chord_that_goes_on_is_printed_once_and_silence_is_said():
    piece = charted(piece_of((73, LINE), key=(0, 0)), "C@0 F@4 N.C.@8 C@12")
    score = piece.score.copy()
    score.markers = [*score.markers, symusic.TextMeta(6 * QUARTER, "chord: F"), symusic.TextMeta(0, "Verse")]
    read = symbols(loaded(piece.replace(score=score)).parts[0])
    assert [(bar, text or root) for bar, _, root, _, text in read] == [(1, "C"), (2, "F"), (3, "N.C."), (4, "C")]
    assert "harmony" not in musicxml(piece_of((73, LINE))).decode()


def test_a_played_change_is_printed_on_the_beat_and_a_pickup_counts():
    piece = charted(piece_of((73, [(0, 1, 67), (1, 3, 72), (4, 3, 71)])), "G@0 C@1.02 G7@3.98")
    score = piece.score.copy()
    score.time_signatures.clear()
    for quarter, signature in ((0, (1, 4)), (1, (3, 4))):
        score.time_signatures.append(symusic.TimeSignature(quarter * QUARTER, *signature))
    assert [place[:3] for place in symbols(loaded(piece.replace(score=score)).parts[0])] == [
        (0, 0, "G"), (1, 0, "C"), (2, 0, "G"),
    ]  # fmt: skip


def test_symbols_stand_over_the_melody_and_nowhere_else():
    hands = [(beat, 1, pitch) for beat in range(8) for pitch in (43, 50, 72 + beat % 4)]
    piece = charted(piece_of((-1, [(i, 0.1, 42) for i in range(8)]), (0, hands), (73, LINE)), "C@0 G@4")
    root = ElementTree.fromstring(musicxml(piece))
    assert [len(list(part.iter("harmony"))) for part in root.findall("part")] == [0, 2, 0]
    assert {harmony.findtext("staff") for harmony in root.iter("harmony")} == {"1"}


CHANGES = st.lists(
    st.tuples(
        st.builds(Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.integers(0, 11))
        | st.just(NO_CHORD),
        st.integers(1, 12),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=examples(20), deadline=None)
@given(CHANGES, st.sampled_from([120, 160, 480]), st.sampled_from([0, -3, 4]))
def test_symbols_come_back_from_musicxml(changes, step, fifths):
    spans, at = [], 0
    for chord, steps in changes:
        spans.append(ChordSpan(at, at + steps * step, chord))
        at += steps * step
    notes = [(beat, 1, 60 + beat % 12) for beat in range(-(-at // QUARTER))]
    piece = piece_of((73, notes), key=(fifths, 0))
    piece = piece.replace(score=with_chords(piece.score, spans))
    reading = read_with_repairs(musicxml(piece))
    assert reading.repairs == ()
    assert chord_spans(reading.piece.score) == chord_spans(piece.score)
    assert reading.piece.note_count == len(notes)


FOREIGN = """<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Alto Sax</part-name></score-part>
</part-list><part id="P1"><measure number="1"><attributes><divisions>2</divisions><time><beats>4</beats>
<beat-type>4</beat-type></time>%s</attributes>%s<note><pitch><step>A</step><octave>4</octave></pitch>
<duration>8</duration><type>whole</type></note></measure></part></score-partwise>"""
ALTO_SAX = "<transpose><diatonic>-5</diatonic><chromatic>-9</chromatic></transpose>"


def foreign(harmonies: str, transpose: str = ""):
    return read_with_repairs((FOREIGN % (transpose, harmonies)).encode())


def test_symbols_of_other_programs_sound_where_they_sound():
    reading = foreign(
        "<harmony><root><root-step>A</root-step></root><kind>dominant</kind><inversion>1</inversion></harmony>"
        "<harmony><root><root-step>D</root-step></root><kind>minor-seventh</kind><offset>4</offset></harmony>",
        ALTO_SAX,
    )
    assert chord_spans(reading.piece.score) == [
        ChordSpan(0, 960, parse_chord("C7/E")),
        ChordSpan(960, 1920, parse_chord("Fm7")),
    ]
    assert [note.pitch for note in reading.piece.score.tracks[0].notes] == [60]


def test_what_is_no_chord_of_ours_is_told():
    nearest = foreign("<harmony><root><root-step>C</root-step></root><kind>major-11th</kind></harmony>")
    assert chord_spans(nearest.piece.score)[0].chord == parse_chord("Cmaj9")
    assert nearest.repairs == ("Chord symbols, simplified: 1",)
    unknown = foreign("<harmony><function>V</function><kind>major</kind></harmony>")
    assert chord_spans(unknown.piece.score) == []
    assert unknown.repairs == ("Chord symbols, left out: 1 (V)",)


@pytest.mark.parametrize(
    ("kind", "degrees", "text", "chord"),
    [
        ("dominant", [Degree(9, -1, "add")], "7", "C7b9"),
        ("dominant", [Degree(9, 1, "alter")], "7(#9)", "C7#9"),
        ("dominant", [Degree(3, 0, "subtract"), Degree(4, 0, "add")], "", "C7sus4"),
        ("dominant", [Degree(5, 1, "alter")], "7", "Caug7"),
        ("minor-seventh", [Degree(5, -1, "alter")], "", "Cm7b5"),
        ("major", [Degree(2, 0, "add")], "", "Cadd9"),
        ("other", [Degree(3, 0, "add"), Degree(5, 0, "add")], "", "C"),
        ("other", [], "maj7", "Cmaj7"),
    ],
)
def test_kinds_and_degrees_as_programs_write_them(kind, degrees, text, chord):
    assert read_symbol(0, 0, kind, degrees, text) == (parse_chord(chord), True)


def test_a_text_is_never_taken_for_another_root():
    assert read_symbol(0, 0, "other", [], "b5") == (None, False)


def test_views_that_make_sense():
    assert views(Piece.empty()) == ("score",)
    assert views(piece_of((73, LINE))) == ("score",)
    assert views(charted(piece_of((73, LINE)), "C@0")) == ("score", "lead sheet")
    assert views(choir(*VOICES)) == ("score", "closed score")
    assert views(charted(choir(*VOICES), "Gm@0")) == ("score", "lead sheet", "closed score")
    assert views(choir(*VOICES[:3])) == ("score",)
    assert views(choir(*VOICES[:3], [*VOICES[3], (0, 1, 50)])) == ("score",)  # the bass sings two notes at once
    legato = [(onset, length + 0.2, pitch) for onset, length, pitch in VOICES[3]]
    assert "closed score" in views(choir(*VOICES[:3], legato))
    assert "closed score" not in views(piece_of(*((52, voice) for voice in VOICES[:3]), (-1, [(0, 1, 36)])))


def test_a_view_that_a_piece_has_not_is_refused_in_words():
    piece = piece_of((73, LINE))
    with pytest.raises(StudioError, match="chord symbols"):
        musicxml(piece, "lead sheet")
    with pytest.raises(StudioError, match="exactly four"):
        pdf(piece, "closed score")
    with pytest.raises(StudioError, match=r"'poster'.*lead sheet"):
        svg_pages(piece, "poster")


def test_a_lead_sheet_is_the_melody_alone_with_all_bars():
    chords = [(beat, 1, pitch) for beat in range(20) for pitch in (48, 52, 55)]
    piece = charted(piece_of((73, LINE), (0, chords)), "C@0 G@8")
    sheet = loaded(piece, "lead sheet")
    assert len(sheet.parts) == 1
    assert len(sheet.parts[0].getElementsByClass("Measure")) == 5
    assert content(without_symbols(sheet)) == expected(LINE)


def test_a_chord_that_goes_on_is_printed_again_where_a_section_begins():
    piece = charted(piece_of((73, [(n, 1, 67) for n in range(16)])), "C@0 F@4 G@9")
    piece = piece.replace(
        score=with_sections(piece.score, [(0, "Verse"), (8 * QUARTER, "Chorus"), (12 * QUARTER, "Verse")])
    )
    found = [(bar, beat, root) for bar, beat, root, *_ in symbols(loaded(piece, "lead sheet").parts[0])]
    assert found == [(1, 0, "C"), (2, 0, "F"), (3, 0, "F"), (3, 1, "G"), (4, 0, "G")]


@pytest.mark.parametrize(
    "program, octave, sign", [(42, 0, "G"), (42, -24, "F"), (41, 0, "G"), (57, -19, "F"), (70, -24, "F")]
)
def test_a_lead_sheet_is_in_a_clef_that_all_read_and_names_who_plays(program, octave, sign):
    piece = charted(piece_of((program, [(at, length, pitch + octave) for at, length, pitch in LINE])), "C@0")
    score = piece.score.copy()
    score.tracks[0].name = "Melody"
    sheet = loaded(piece.replace(score=score), "lead sheet")
    assert {clef.sign for clef in sheet.recurse().getElementsByClass("Clef")} == {sign}
    assert sheet.parts[0].partName == instrument_name(program)


def test_a_wide_melody_on_a_piano_has_one_staff_in_its_lead_sheet():
    wide = [(i, 1, pitch) for i, pitch in enumerate([45, 52, 60, 69, 76, 84, 72, 57])]
    assert len(loaded(charted(piece_of((0, wide)), "Am@0"), "lead sheet").parts) == 1


def test_a_closed_score_has_two_staves_and_loses_no_voice():
    piece = charted(choir(*VOICES), "Gm@0 Cm@4")
    root = ElementTree.fromstring(musicxml(piece, "closed score"))
    assert [part.findtext(".//clef/sign") for part in root.findall("part")] == ["G", "F"]
    assert [name.text for name in root.iter("part-name")] == ["Soprano, Alto", "Tenor, Bass"]
    for part, pair in zip(root.findall("part"), (VOICES[:2], VOICES[2:]), strict=True):
        for stem, voice, sung in (("up", "1", pair[0]), ("down", "2", pair[1])):
            heads = [n for n in part.iter("note") if n.findtext("voice") == voice and n.find("pitch") is not None]
            assert len(heads) == len(sung)
            assert {n.findtext("stem") for n in heads} == {stem}
    assert content(without_symbols(loaded(piece, "closed score"))) == expected(n for voice in VOICES for n in voice)
    assert [len(list(part.iter("harmony"))) for part in root.findall("part")] == [2, 0]


def test_voices_are_paired_by_height_and_may_be_silent():
    short = [(4, 4, 67)]
    piece = charted(choir(VOICES[3], VOICES[0], VOICES[2], short), "Gm@0")
    score = loaded(piece, "closed score")
    assert [len(symbols(part)) for part in score.parts] == [1, 0]
    assert content(without_symbols(score)) == expected([*VOICES[3], *VOICES[0], *VOICES[2], *short])
    root = ElementTree.fromstring(musicxml(piece, "closed score"))
    stems = {n.findtext("stem") for n in root.findall("part")[0].findall("measure")[0].iter("note")}
    assert stems == {"up", None}  # alone in its bar the upper voice still points up; rests have no stem


def test_a_choir_reads_its_bass_in_the_bass_clef():
    high = [(i, 1, pitch) for i, pitch in enumerate([55, 57, 58, 60])]
    root = ElementTree.fromstring(musicxml(choir(*VOICES[:3], high)))
    assert root.findall("part")[3].findtext(".//clef/sign") == "F"


def test_the_pages_show_each_symbol_once_with_drawn_accidentals():
    piece = charted(piece_of((73, LINE), key=(-3, 0)), "Eb@0 Fm7@4 Bb7b9@6 N.C.@10 Abmaj7#11/C@12")
    page = svg_pages(piece, "lead sheet")[0]
    groups = [g for g in ElementTree.fromstring(page).iter() if g.get("class") == "harm"]
    shown = []
    for group in groups:
        pieces = [
            "".join(piece.itertext()).strip() if piece.tag.endswith("text") or len(piece) else "*" for piece in group
        ]
        shown.append("".join(pieces))
    assert shown == ["E*", "Fm7", "B*7*9", "N.C.", "A*maj7*11/C"]
    assert "font-face" not in page
    assert not re.search("[\ue000-\uf8ff]", page)  # no letters of a music font that viewers lack


def test_the_pdf_has_the_symbols_too():
    import io

    from pypdf import PdfReader

    piece = charted(piece_of((73, LINE)), "Fm7@0 Gsus4@4")
    text = PdfReader(io.BytesIO(pdf(piece, "lead sheet"))).pages[0].extract_text()
    assert "Fm7" in text and "Gsus4" in text


def test_last_notes_that_are_let_go_a_little_early_fill_the_bar():
    for early in (1 / 12, 1 / 6):
        piece = piece_of((73, [(0, 1, 67), (1, 1, 69), (2, 2 - early, 72), (4, 4 - early, 67)]))
        last = loaded(piece).parts[0].getElementsByClass("Measure").last()
        assert [(note.quarterLength, note.duration.tuplets) for note in last.notesAndRests] == [(4, ())]
