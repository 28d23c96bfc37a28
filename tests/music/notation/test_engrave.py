"""What a musician reads in the sheet: checked on the MusicXML as another program (music21) loads it."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterable
from fractions import Fraction
from xml.etree import ElementTree

import pytest
import symusic

from music.errors import StudioError
from music.form import with_sections
from music.notation.engrave import musicxml, pdf, svg_pages
from music.notation.pdf_pages import pdf_document
from music.piece import Piece

QUARTER = 480
Events = Iterable[tuple[float, float, int]]


def piece_of(
    *tracks: tuple[int, Events],
    time: tuple[int, int] = (4, 4),
    key: tuple[int, int] | None = None,
    qpm: float = 100,
    title: str = "A test",
) -> Piece:
    """Returns a piece from (program, [(onset, length, pitch) in quarters]) a track; program -1 is drums."""
    score = symusic.Score(QUARTER)
    score.time_signatures.append(symusic.TimeSignature(0, *time))
    score.tempos.append(symusic.Tempo(0, qpm))
    if key is not None:
        score.key_signatures.append(symusic.KeySignature(0, *key))
    for program, events in tracks:
        track = symusic.Track("", max(program, 0), program < 0)
        for onset, length, pitch in events:
            track.notes.append(symusic.Note(round(onset * QUARTER), round(length * QUARTER), pitch, 80))
        score.tracks.append(track)
    return Piece(score, title)


def reload(piece: Piece):
    import music21

    return music21.converter.parseData(musicxml(piece), format="musicxml", forceSource=True)


def content(score) -> list[tuple[Fraction, Fraction, int]]:
    """Returns (onset, length, pitch) of everything that sounds, with tied notes joined."""
    found = []
    for part in score.parts:
        open_notes: dict[int, list] = {}
        written = []
        for element in part.flatten().notes:
            for note in getattr(element, "notes", (element,)):
                onset, length = (Fraction(x).limit_denominator(96) for x in (element.offset, element.quarterLength))
                written.append((onset, length, note.pitch.midi, note.tie.type if note.tie else ""))
        for onset, length, pitch, tie in sorted(written, key=lambda n: (n[0], n[2])):
            if tie in ("stop", "continue"):
                assert open_notes[pitch][0] + open_notes[pitch][1] == onset
                open_notes[pitch][1] += length
            else:
                open_notes[pitch] = [onset, length, pitch]
                found.append(open_notes[pitch])
    return sorted(tuple(note) for note in found)


def expected(events: Events) -> list[tuple[Fraction, Fraction, int]]:
    return sorted((Fraction(round(a * 12), 12), Fraction(round(b * 12), 12), p) for a, b, p in events)


def bars_are_full(piece: Piece) -> bool:
    """Whether the notes and rests of every voice in every bar add up to what its time signature says."""
    root = ElementTree.fromstring(musicxml(piece))
    for part in root.iter("part"):
        divisions, beats, kind = 1, 4, 4
        for measure in part.iter("measure"):
            for attributes in measure.iter("attributes"):
                divisions = int(attributes.findtext("divisions") or divisions)
                beats = int(attributes.findtext("time/beats") or beats)
                kind = int(attributes.findtext("time/beat-type") or kind)
            length: dict[str, int] = {}
            for note in measure.iter("note"):
                if note.find("chord") is None:
                    voice = note.findtext("voice")
                    length[voice] = length.get(voice, 0) + int(note.findtext("duration"))
            full = divisions * 4 * beats // kind
            if measure.get("implicit") != "yes" and set(length.values()) != {full}:
                return False
    return True


MELODY = [(0, 1, 62), (1, 0.5, 65), (1.5, 0.5, 69), (2, 1.5, 74), (3.5, 2.5, 73), (6, 2, 70), (8, 3, 69), (11, 5, 62)]


def test_an_empty_piece_is_refused_in_words():
    for write in (musicxml, svg_pages, pdf):
        with pytest.raises(StudioError, match="no notes"):
            write(Piece.empty())


def test_a_melody_keeps_every_pitch_and_length():
    piece = piece_of((73, MELODY))
    assert content(reload(piece)) == expected(MELODY)
    assert bars_are_full(piece)


def test_ties_across_bars_add_up():
    import music21

    note = next(iter(reload(piece_of((73, [(0.5, 9, 67)]))).parts[0].stripTies().flatten().notes))
    assert note.quarterLength == 9
    written = list(reload(piece_of((73, [(0.5, 9, 67)]))).parts[0].flatten().getElementsByClass(music21.note.Note))
    assert sum(n.quarterLength for n in written) == 9
    assert written[0].tie.type == "start" and written[-1].tie.type == "stop"
    assert all(n.tie.type == "continue" for n in written[1:-1])


@pytest.mark.parametrize("seed", range(6))
def test_quantized_piano_music_survives_note_for_note(seed):
    rng = random.Random(seed)
    events: list[tuple[float, float, int]] = []
    steps = (0.25, 0.5, 1 / 3) if seed % 2 else (0.25, 0.5, 1)
    for low, high in ((40, 55), (64, 84)):
        beat = 0
        while beat < 16:
            step = rng.choice(steps)
            for slot in range(round(1 / step)):
                for pitch in rng.sample(range(low, high), rng.choice((0, 1, 1, 2))):
                    length = step * rng.choice((1, 1, 2, 3)) if step != 1 / 3 else step
                    events.append((beat + slot * step, length, pitch))
            beat += 1
    # One pitch sounds once at a time, also where the two hands could meet.
    ordered = sorted(events, key=lambda e: (e[2], e[0]))
    for index, (onset, length, pitch) in enumerate(ordered[:-1]):
        after = ordered[index + 1]
        if after[2] == pitch:
            ordered[index] = (onset, min(length, after[0] - onset), pitch)
    ordered = [e for e in ordered if e[1] > 0]
    piece = piece_of((0, ordered))
    assert content(reload(piece)) == expected(ordered)
    assert bars_are_full(piece)


def test_played_timing_reads_like_the_score():
    rng = random.Random(5)
    straight = [(i * 0.5, 0.5, 60 + p) for i, p in enumerate([0, 2, 4, 5, 7, 9, 11, 12] * 4)]
    threes = [(16 + i / 3, 1 / 3, 60 + p) for i, p in enumerate([7, 5, 4, 5, 4, 2] * 4)]
    score = straight + threes
    played = [(max(0, a + rng.uniform(-0.04, 0.04)), b * rng.uniform(0.7, 1.05), p) for a, b, p in score]
    assert content(reload(piece_of((0, played)))) == content(reload(piece_of((0, score))))


def test_a_late_grid_is_put_right():
    late = [(a + 0.083, b * 0.8, p) for a, b, p in MELODY * 1]
    onsets = [a for a, _, _ in content(reload(piece_of((0, late))))]
    assert onsets == [Fraction(a) for a, _, _ in MELODY]


def test_played_chords_have_no_rests_between_them():
    rng = random.Random(1)
    played = [
        (beat + rng.uniform(0, 0.03), 0.8 + rng.uniform(-0.1, 0.1), pitch)
        for beat in range(16)
        for pitch in (48, 60, 64, 67)
    ]
    score = reload(piece_of((0, played)))
    assert not list(score.recurse().getElementsByClass("Rest"))
    assert {c.quarterLength for c in score.recurse().notes} == {1}


def test_d_minor_has_one_flat_and_spells_its_leading_tone():
    score = reload(piece_of((73, MELODY)))
    assert {k.sharps for k in score.recurse().getElementsByClass("KeySignature")} == {-1}
    names = {p.name for n in score.recurse().notes for p in n.pitches}
    assert {"C#", "B-"} <= names


def test_the_key_signature_of_the_file_wins():
    score = reload(piece_of((73, MELODY), key=(-1, 0)))
    assert score.recurse().getElementsByClass("KeySignature")[0].sharps == -1
    score = reload(piece_of((73, [(i, 1, p) for i, p in enumerate([61, 63, 65, 66])]), key=(-5, 0)))
    assert [p.name for n in score.recurse().notes for p in n.pitches] == ["D-", "E-", "F", "G-"]


def test_a_default_c_major_does_not_hide_another_key():
    e_major = [(i, 1, p) for i, p in enumerate([64, 66, 68, 69, 71, 73, 75, 76, 71, 68, 64, 71, 68, 66, 75, 64])]
    score = reload(piece_of((73, e_major), key=(0, 0)))
    assert score.recurse().getElementsByClass("KeySignature")[0].sharps == 4


def test_accidentals_show_once_a_bar_and_return():
    events = [(0, 1, 66), (1, 1, 66), (2, 1, 65), (3, 1, 67), (4, 1, 66)]
    root = ElementTree.fromstring(musicxml(piece_of((73, events), key=(0, 1))))
    shown = [note.findtext("accidental") for note in root.iter("note") if note.find("pitch") is not None]
    assert shown == ["sharp", None, "natural", None, "sharp"]


def test_piano_music_is_written_for_two_hands():
    left = [(beat, 1, pitch) for beat in range(8) for pitch in (43, 50)]
    right = [(beat * 0.5, 0.5, 72 + beat % 5) for beat in range(16)]
    score = reload(piece_of((0, left + right)))
    assert len(score.parts) == 2
    upper, lower = score.parts
    assert [next(iter(part.recurse().getElementsByClass("Clef"))).sign for part in (upper, lower)] == ["G", "F"]
    assert {p.midi for n in lower.recurse().notes for p in n.pitches} == {43, 50}
    assert min(p.midi for n in upper.recurse().notes for p in n.pitches) == 72


def test_hands_move_together_up_the_keyboard():
    # Both hands play above middle C; a split at C4 would leave the left hand without notes.
    left = [(beat, 1, pitch) for beat in range(8) for pitch in (62, 66, 69)]
    right = [(beat, 1, pitch) for beat in range(8) for pitch in (81, 86, 90)]
    low = [(8 + beat, 1, pitch) for beat in range(8) for pitch in (36, 43, 60, 64)]
    upper, lower = reload(piece_of((0, left + right + low))).parts
    assert {p.midi for n in lower.recurse().notes for p in n.pitches} == {62, 66, 69, 36, 43}
    assert {p.midi for n in upper.recurse().notes for p in n.pitches} == {81, 86, 90, 60, 64}


def test_two_piano_tracks_are_one_piano():
    right = [(beat, 1, 72 + beat % 4) for beat in range(8)]
    left = [(beat, 1, 48 + beat % 4) for beat in range(8)]
    root = ElementTree.fromstring(musicxml(piece_of((0, right), (0, left))))
    assert len(root.findall("part")) == 1
    assert root.findtext("part/measure/attributes/staves") == "2"


def test_a_held_note_under_a_melody_is_a_second_voice():
    held = [(bar * 4, 4, 60) for bar in range(4)]
    moving = [(beat * 0.5, 0.5, 67 + beat % 5) for beat in range(32)]
    piece = piece_of((73, held + moving))
    root = ElementTree.fromstring(musicxml(piece))
    assert {note.findtext("voice") for note in root.iter("note")} == {"1", "2"}
    assert [n.findtext("type") for n in root.iter("note") if n.findtext("voice") == "2"] == ["whole"] * 4
    assert content(reload(piece)) == expected(held + moving)


def test_drums_have_a_percussion_clef_and_crosses_for_cymbals():
    beat = [(i * 0.5, 0.1, 42) for i in range(16)] + [(i, 0.1, 36 if i % 2 == 0 else 38) for i in range(8)]
    piece = piece_of((-1, beat))
    root = ElementTree.fromstring(musicxml(piece))
    assert root.findtext(".//clef/sign") == "percussion"
    heads: dict[str, set[str | None]] = {}
    for note in root.iter("note"):
        if note.find("unpitched") is not None:
            place = note.findtext("unpitched/display-step") + note.findtext("unpitched/display-octave")
            heads.setdefault(place, set()).add(note.findtext("notehead"))
    assert heads == {"G5": {"x"}, "F4": {None}, "C5": {None}}
    assert bars_are_full(piece)


def test_drum_tracks_share_one_staff():
    piece = piece_of((-1, [(i, 0.1, 36) for i in range(4)]), (-1, [(i, 0.1, 42) for i in range(4)]), (73, MELODY))
    root = ElementTree.fromstring(musicxml(piece))
    assert [part.findtext("part-name") for part in root.iter("score-part")] == ["Drums", "Flute"]


@pytest.mark.parametrize("time", [(3, 4), (6, 8), (2, 2), (5, 4), (7, 8), (12, 8)])
def test_time_signatures_and_their_bars(time):
    length = 4 * time[0] / time[1]
    events = [(i * 0.5, 0.5, 60 + i % 8) for i in range(int(length * 2) * 3)]
    piece = piece_of((73, events), time=time)
    score = reload(piece)
    signature = score.recurse().getElementsByClass("TimeSignature")[0]
    assert (signature.numerator, signature.denominator) == time
    assert len(score.parts[0].getElementsByClass("Measure")) == 3
    assert content(score) == expected(events)
    assert bars_are_full(piece)


def test_six_eight_beams_in_threes_and_three_four_by_beat():
    eighths = [(i * 0.5, 0.5, 60 + i) for i in range(6)]
    for time, groups in (((6, 8), 2), ((3, 4), 3)):
        root = ElementTree.fromstring(musicxml(piece_of((73, eighths), time=time)))
        assert sum(beam.text == "begin" for beam in root.iter("beam")) == groups


def test_a_beat_of_silence_in_six_eight_is_one_rest():
    root = ElementTree.fromstring(musicxml(piece_of((73, [(0, 0.5, 72), (3, 1, 74)]), time=(6, 8))))
    kinds = [(n.findtext("type"), len(n.findall("dot")), n.find("rest") is not None) for n in root.iter("note")]
    assert kinds[:4] == [("eighth", 0, False), ("eighth", 0, True), ("eighth", 0, True), ("quarter", 1, True)]


def test_drum_strokes_are_never_tied():
    strokes = [(0, 0.1, 38), (1.25, 0.1, 38), (4, 0.1, 38)]
    root = ElementTree.fromstring(musicxml(piece_of((-1, strokes), time=(6, 8))))
    assert not list(root.iter("tie"))
    assert sum(n.find("unpitched") is not None for n in root.iter("note")) == 3


def test_double_sharps_only_where_a_key_needs_them():
    b_major = [(i, 1, p) for i, p in enumerate([71, 73, 75, 76, 78, 80, 82, 83, 79, 78, 75, 71])]
    names = {p.name for n in reload(piece_of((73, b_major), key=(5, 0))).recurse().notes for p in n.pitches}
    assert "G" in names and not any("##" in name for name in names)
    g_sharp_minor = [(i, 1, p) for i, p in enumerate([68, 70, 71, 73, 75, 76, 79, 80])]
    names = {p.name for n in reload(piece_of((73, g_sharp_minor), key=(5, 1))).recurse().notes for p in n.pitches}
    assert "F##" in names


def test_a_syncopation_shows_the_middle_of_the_bar():
    root = ElementTree.fromstring(musicxml(piece_of((73, [(0, 1.5, 60), (1.5, 1.5, 62), (3, 1, 64)]))))
    kinds = [(n.findtext("type"), len(n.findall("dot"))) for n in root.iter("note")]
    assert kinds == [("quarter", 1), ("eighth", 0), ("quarter", 0), ("quarter", 0)]


def test_a_change_of_meter_and_a_pickup():
    piece = piece_of((73, [(0, 1, 67), (1, 3, 72), (4, 3, 71), (7, 4, 72), (11, 4, 67)]))
    score = piece.score.copy()
    score.time_signatures.clear()
    for quarter, signature in ((0, (1, 4)), (1, (3, 4)), (7, (4, 4))):
        score.time_signatures.append(symusic.TimeSignature(quarter * QUARTER, *signature))
    root = ElementTree.fromstring(musicxml(piece.replace(score=score)))
    measures = root.findall("part/measure")
    assert [m.get("number") for m in measures] == ["0", "1", "2", "3", "4"]
    assert measures[0].get("implicit") == "yes"
    assert [t.findtext("beats") for t in root.iter("time")] == ["3", "4"]


@pytest.mark.parametrize(
    ("program", "pitch", "clef"),
    [(33, 33, ("F", "4", "-1")), (25, 52, ("G", "2", "-1")), (41, 60, ("C", "3", None)), (42, 45, ("F", "4", None)),
     (73, 74, ("G", "2", None)), (9, 96, ("G", "2", "2"))],
)  # fmt: skip
def test_clefs_suit_the_instrument(program, pitch, clef):
    piece = piece_of((program, [(i, 1, pitch + i % 4) for i in range(8)]))
    root = ElementTree.fromstring(musicxml(piece))
    assert (
        root.findtext(".//clef/sign"),
        root.findtext(".//clef/line"),
        root.findtext(".//clef/clef-octave-change"),
    ) == clef
    assert content(reload(piece)) == expected((i, 1, pitch + i % 4) for i in range(8))


def test_title_names_tempo_and_final_barline():
    root = ElementTree.fromstring(musicxml(piece_of((40, MELODY), (42, MELODY), qpm=96, title="Night & Day")))
    assert root.findtext("work/work-title") == "Night & Day"
    assert [p.findtext("part-name") for p in root.iter("score-part")] == ["Violin", "Cello"]
    assert root.findtext(".//words") == "Andante (quarter = 96)"
    assert root.findall("part/measure")[-1].findtext("barline/bar-style") == "light-heavy"
    assert root.findtext("part-list/part-group/group-symbol") == "bracket"


def test_words_are_sung_under_their_notes():
    piece = piece_of((53, [(0, 1, 60), (1, 1, 62), (2, 2, 64)]))
    score = piece.score.copy()
    for quarter, text in enumerate(("Hel-", "lo", "there")):
        score.tracks[0].lyrics.append(symusic.TextMeta(quarter * QUARTER, text))
    root = ElementTree.fromstring(musicxml(piece.replace(score=score)))
    sung = [(lyric.findtext("syllabic"), lyric.findtext("text")) for lyric in root.iter("lyric")]
    assert sung == [("begin", "Hel"), ("end", "lo"), ("single", "there")]


def test_strange_scores_are_written_too():
    odd = symusic.Score(96)
    odd.time_signatures.append(symusic.TimeSignature(0, 3, 64))
    odd.time_signatures.append(symusic.TimeSignature(50, 17, 16))
    track = symusic.Track("\x01Bad \ufffe name", 90, False)
    for note in ((0, 0, 0), (1, 1, 127), (7, 900, 60), (7, 900, 60), (13, 5, 61), (2000, 1, 64)):
        track.notes.append(symusic.Note(*note, 1))
    odd.tracks.append(track)
    ElementTree.fromstring(musicxml(Piece(odd, "\x00odd")))


def test_the_pages_are_white_and_nothing_is_logged(capfd):
    import verovio

    piece = piece_of(
        (0, [(i / 3, 1 / 3, 48 + (7 * i) % 40) for i in range(120)]),
        (33, MELODY),
        (-1, [(i, 1, 36) for i in range(16)]),
    )
    toolkit = verovio.toolkit()
    verovio.enableLog(verovio.LOG_WARNING)
    assert toolkit.loadData(musicxml(piece).decode())
    assert capfd.readouterr().err == ""
    pages = svg_pages(piece)
    assert pages
    for page in pages:
        root = ElementTree.fromstring(page)
        assert root[0].tag.endswith("rect") and root[0].get("fill") == "white"
    assert "A test" in pages[0]


def test_the_pdf_is_a4_with_every_page():
    from pypdf import PdfReader

    piece = piece_of((0, [(i * 0.25, 0.25, 40 + (11 * i) % 45) for i in range(400)]))
    document = PdfReader(io.BytesIO(pdf(piece)))
    assert len(document.pages) == len(svg_pages(piece)) > 1
    assert [round(float(side)) for side in document.pages[0].mediabox[2:]] == [595, 842]
    assert document.metadata.title == "A test"


def test_a_pdf_has_all_shapes_of_a_page_and_those_of_unusual_color_too():
    from pypdf import PdfReader

    piece = piece_of((73, MELODY), (33, [(beat, 1, 40 + beat) for beat in range(4)]))
    (page,) = svg_pages(piece)
    drawn = PdfReader(io.BytesIO(pdf(piece))).pages[0].get_contents().get_data().decode()
    assert drawn.count(" Do Q") == page.count("<use") > 8, "clefs, heads and signs"
    lines = page.count("<path") - page.count("<path transform")
    assert len(re.findall(r" [SB](?= Q|\n|$)", drawn)) >= lines, "and the lines"
    red = page.replace("</svg>", '<path d="M0 0 L900 900 L0 900" fill="red"/></svg>', 1)
    (with_red,) = PdfReader(io.BytesIO(pdf_document([red], "red"))).pages
    assert "1 0 0 rg" in with_red.get_contents().get_data().decode()


def test_the_sections_of_a_song_stand_over_its_bars():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("Melody", 73))
    score.tracks[0].notes.extend([symusic.Note(480 * beat, 480, 72, 80) for beat in range(16)])
    piece = Piece(with_sections(score, [(0, "Verse"), (2 * 1920, "Chorus")]))
    measures = ElementTree.fromstring(musicxml(piece)).findall("part/measure")
    marks = [measure.findtext("direction/direction-type/rehearsal") for measure in measures]
    assert marks == ["Verse", None, "Chorus", None]
    assert "Chorus" in svg_pages(piece)[0]


@pytest.mark.parametrize(
    ("time", "text"), [((6, 8), "dotted quarter = 80"), ((3, 4), "(quarter = 120)"), ((3, 8), "(quarter = 120)")]
)
def test_the_tempo_counts_the_beats_of_the_meter(time, text):
    root = ElementTree.fromstring(musicxml(piece_of((0, [(0, 1, 60), (1, 1, 62)]), time=time, qpm=120)))
    assert text in root.findtext("part/measure/direction/direction-type/words")


def test_high_chords_that_no_hand_reaches_are_on_two_staves():
    wide = [(n, 1, pitch) for n in range(8) for pitch in (62, 67, 72, 79, 86)]
    parts = reload(piece_of((0, wide))).parts
    assert len(parts) == 2
    for part in parts:
        spans = [max(c.pitches).midi - min(c.pitches).midi for c in part.recurse().getElementsByClass("Chord")]
        assert all(span <= 16 for span in spans)
    assert len(reload(piece_of((0, [(n, 1, pitch) for n in range(8) for pitch in (62, 67, 72)]))).parts) == 1


def test_the_number_of_a_sound_is_no_number_of_a_player():
    page = musicxml(piece_of((48, [(0, 4, 60)]), (49, [(0, 4, 67)]), (73, [(0, 4, 79)]))).decode()
    assert re.findall("<part-abbreviation>(.*?)</part-abbreviation>", page) == ["Str. 1", "Str. 2", "Fl."]
    page = musicxml(piece_of((48, [(0, 4, 60)]), (73, [(0, 4, 79)]))).decode()
    assert re.findall("<part-abbreviation>(.*?)</part-abbreviation>", page) == ["Str.", "Fl."]
