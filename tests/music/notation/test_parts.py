"""The part of one player: transposed as it is read, bars of rest counted, dynamics that stay few."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import symusic

from music.errors import StudioError
from music.files.midi import read_midi
from music.form import with_sections
from music.notation.engrave import engraving, musicxml, svg_pages
from music.notation.views import parts
from music.piece import Piece

QUARTER = 480
# Program, a note in the middle of its range, and what it reads for it: semitones higher, and sharps more.
READS = {
    "Clarinet": (71, 60, 2, 2), "Trumpet": (56, 60, 2, 2), "Tenor Sax": (66, 55, 14, 2), "Alto Sax": (65, 60, 9, 3),
    "Baritone Sax": (67, 48, 21, 3), "French Horn": (60, 55, 7, 1), "Piccolo": (72, 84, -12, 0), "Contrabass": (43, 36, 12, 0),
    "Acoustic Guitar (nylon)": (24, 52, 12, 0), "Flute": (73, 72, 0, 0),
}  # fmt: skip


def band(fifths: int = -1, bars: int = 24) -> Piece:
    """Returns a scale for each instrument, one after another rests for eight bars; sections at bars 1, 9 and 17."""
    score = symusic.Score(QUARTER)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    score.key_signatures.append(symusic.KeySignature(0, fifths, 0))
    tonic = fifths * 7 % 12
    for place, (program, middle, _, _) in enumerate(READS.values()):
        track = symusic.Track("", program, False)
        base = middle - (middle - tonic) % 12
        for beat in range(bars * 4):
            if beat // 32 != place % 4:  # the fourth of them plays always
                step = (0, 2, 4, 5, 7, 6, 9, 11)[beat % 8]
                track.notes.append(symusic.Note(beat * QUARTER, QUARTER, base + step, (45, 70, 90)[beat // 32]))
        score.tracks.append(track)
    return Piece(with_sections(score, [(0, "A"), (8 * 4 * QUARTER, "B"), (16 * 4 * QUARTER, "C")]), "A band")


@pytest.fixture(scope="module")
def piece() -> Piece:
    return band()


def sounding(score) -> list[list[tuple[float, int]]]:
    """Returns onset and pitch of all that sounds of each part that music21 has read."""
    return [
        sorted(
            (float(note.offset), pitch.midi)
            for note in part.flatten().notes
            if note.style.noteSize != "cue"
            for pitch in note.pitches
        )
        for part in score.toSoundingPitch().parts
    ]


def meant(piece: Piece) -> list[list[tuple[float, int]]]:
    return [sorted((note.time / QUARTER, note.pitch) for note in track.notes) for track in piece.score.tracks]


@pytest.mark.parametrize("fifths", [-1, 5])
def test_another_program_hears_the_piece_from_what_each_instrument_reads(fifths):
    import music21

    piece = band(fifths)
    read = music21.converter.parseData(musicxml(piece, concert=False), format="musicxml", forceSource=True)
    assert sounding(read) == meant(piece)
    for index, name in enumerate(parts(piece)):
        alone = music21.converter.parseData(musicxml(piece, part=name), format="musicxml", forceSource=True)
        assert sounding(alone) == [meant(piece)[index]]


def test_so_does_the_studio(piece, tmp_path):
    path = tmp_path / "band.musicxml"
    path.write_bytes(musicxml(piece, concert=False))
    assert meant(read_midi(path)) == meant(piece)


@pytest.mark.parametrize("name", READS)
def test_each_instrument_reads_in_its_key(piece, name):
    _, _, up, sharps = READS[name]
    place = list(READS).index(name)
    root = ElementTree.fromstring(musicxml(piece, part=name))
    assert int(root.findtext(".//key/fifths")) == -1 + sharps
    assert (root.findtext(".//transpose/chromatic") is None) == (up == 0)
    own = (note for note in root.iter("note") if note.find("cue") is None)
    first = next(pitch for note in own for pitch in note.iter("pitch"))
    letter, alter, octave = (first.findtext(tag) or 0 for tag in ("step", "alter", "octave"))
    written = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[letter] + int(alter) + 12 * (int(octave) + 1)
    assert written == meant(piece)[place][0][1] + up
    assert root.find(".//clef-octave-change") is None
    at_concert_pitch = ElementTree.fromstring(musicxml(piece, part=name, concert=True))
    assert at_concert_pitch.find(".//transpose") is None and at_concert_pitch.findtext(".//key/fifths") == "-1"


def test_keys_with_too_many_sharps_are_read_as_flats():
    root = ElementTree.fromstring(musicxml(band(5), part="Alto Sax"))  # B major: G sharp major would be eight sharps
    assert root.findtext(".//key/fifths") == "-4"


def test_bars_of_rest_are_one_sign_with_their_number_under_their_section(piece):
    flute = list(READS)[9]  # rests from bar 9 to 16
    root = ElementTree.fromstring(musicxml(piece, part=flute))
    counted = {measure.get("number"): measure.findtext(".//multiple-rest") for measure in root.iter("measure")}
    assert len(counted) == 24 and {place: rest for place, rest in counted.items() if rest} == {"9": "6"}
    engraved = engraving(piece, part=flute)
    (page,) = engraved.pages
    assert page.count('class="multiRest"') == 1 and len(re.findall('class="measure"', page)) == 19
    assert re.findall(r">([A-C])</tspan>", page) == ["A", "B", "C"]
    assert engraved.bars[8][5:] == (16.0, 28.0) and engraved.bars[9][5:] == (28.0, 30.0)
    assert "multiRest" not in "".join(svg_pages(piece))


def test_before_an_entry_after_a_long_rest_stands_in_small_notes_what_another_plays(piece, tmp_path):
    root = ElementTree.fromstring(musicxml(piece, part="Trumpet"))  # rests from bar 9 to 16, and reads a tone higher
    cued = {m.get("number"): m.findall("note") for m in root.iter("measure") if m.find(".//cue") is not None}
    assert list(cued) == ["15", "16"]
    small, rest = cued["15"][:4], cued["15"][4:]
    assert [note.findtext("pitch/step") for note in small] == ["G", "A", "B", "C"]  # F G A Bb of the clarinet's scale
    assert all(note.find("cue") is not None and note.find("type").get("size") == "cue" for note in small)
    assert [(each.find("rest").get("measure"), each.get("print-object"), each.find("cue")) for each in rest] == [
        ("yes", None, None)
    ]
    assert root.find(".//measure[@number='15']//words").text == "Clarinet"
    path = tmp_path / "trumpet.musicxml"
    path.write_bytes(musicxml(piece, part="Trumpet"))
    assert meant(read_midi(path)) == [meant(piece)[1]]  # who reads it hears the trumpet alone
    (page,) = svg_pages(piece, part="Trumpet")
    assert page.count(">Clarinet</tspan>") == 1
    bass = ElementTree.fromstring(musicxml(piece, part="Baritone Sax"))  # rests at the beginning
    assert [m.get("number") for m in bass.iter("measure") if m.find(".//cue") is not None] == ["7", "8"]
    high = [int(octave.text) for octave in bass.findall(".//note[cue]/pitch/octave")]
    assert bass.findtext(".//clef/sign") == "G" and set(high) == {4, 5}  # inside the clef that all saxophones read
    assert (
        "<cue" not in musicxml(piece).decode() and "<cue" not in musicxml(piece, part="Alto Sax").decode()
    )  # who always plays


def test_a_part_is_headed_by_who_plays_it_and_chords_are_for_who_plays_them():
    score = band().score.copy()
    score.markers = [*score.markers, symusic.TextMeta(15360, "chord: F"), symusic.TextMeta(23040, "chord: Bb7")]
    piece = Piece(score)
    for name, heading, chords in (
        ("Clarinet", "Clarinet in B♭", ["G", "C"]),
        ("Acoustic Guitar (nylon)", "Acoustic Guitar (nylon)", ["F", "B"]),
        ("Alto Sax", "Alto Sax in E♭", []),
    ):
        assert f">{heading}</tspan>" in svg_pages(piece, part=name)[0]
        root = ElementTree.fromstring(musicxml(piece, part=name))
        steps = [each.text for each in root.iter("root-step")]
        assert list(dict.fromkeys(steps)) == chords


def test_dynamics_stand_where_loudness_changes_to_stay(piece):
    def marks(piece: Piece) -> list[tuple[str, str]]:
        root = ElementTree.fromstring(musicxml(piece, part="Flute"))
        return [
            (measure.get("number"), each[0].tag)
            for measure in root.iter("measure")
            for each in measure.iter("dynamics")
        ]

    assert marks(piece) == [("1", "p"), ("17", "f")]
    accented = piece.score.copy()
    for note in accented.tracks[9].notes[::4]:
        note.velocity += 30
    assert len(marks(Piece(accented))) == 2  # an accent is no dynamic
    level = piece.score.copy()
    for track in level.tracks:
        for note in track.notes:
            note.velocity = 64
    assert marks(Piece(level)) == []  # the program that wrote it did not know


def test_a_part_that_is_not_there_is_refused_in_words(piece):
    with pytest.raises(StudioError, match="no part 'Kazoo'"):
        musicxml(piece, part="Kazoo")
    with pytest.raises(StudioError, match="one player has it all"):
        alone = symusic.Score(QUARTER)
        alone.tracks.append(piece.score.tracks[0])
        musicxml(Piece(alone), part="Clarinet")
