"""music21 reads MusicXML too: both readers must find the same notes, as they are written, in scores of many kinds."""

from __future__ import annotations

import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest

from benchmarks.songs import played, song, two_hands
from music.files.midi import read_midi
from music.files.musicxml_document import read_document
from music.files.musicxml_grid import Grid, read_parts
from music.files.musicxml_performance import perform
from music.notation.engrave import musicxml
from music.notation.views import views
from music.piece import Piece
from tests.music.notation.test_engrave import MELODY, piece_of

Notes = list[tuple[int, int, int]]
EXAMPLES = Path(__file__).parents[3] / "studio" / "examples"

# Of music21's own corpus, no chorale among them: songs, quartets, madrigals, medieval polyphony, piano music, test files.
CORPUS = """
ciconia/quod_jactatur.xml
corelli/opus3no1/1grave.xml
demos/chorale_with_parallels.mxl
demos/chord_realization_exercise.mxl
demos/layoutTestMore.xml
demos/nested_tuplet_finale_test2.xml
demos/two-parts.xml
demos/two-voices.xml
demos/voices_with_chords.xml
handel/rinaldo/Lascia_chio_pianga.mxl
leadSheet/berlinAlexandersRagtime.mxl
leadSheet/fosterBrownHair.mxl
liliuokalani/aloha_oe.mxl
lusitano/allor_che_ignuda.mxl
monteverdi/madrigal.3.14.mxl
monteverdi/madrigal.3.15.mxl
monteverdi/madrigal.3.9.mxl
monteverdi/madrigal.4.11.mxl
monteverdi/madrigal.4.12.mxl
monteverdi/madrigal.4.19.mxl
mozart/k155/movement2.mxl
mozart/k156/movement4.mxl
mozart/k458/movement2.mxl
mozart/k545/movement1_exposition.mxl
mozart/k80/movement3.mxl
schoenberg/opus19/movement2.mxl
schoenberg/opus19/movement6.mxl
schumann_clara/polonaise_op1n2.mxl
theoryExercises/TriadExercise.mxl
theoryExercises/checker_demo.mxl
trecento/PMFC_04-Cara mi donna.xml
trecento/PMFC_04-Quanto piu caro.xml
trecento/PMFC_06_Giovanni-04_De_Come_Dolce_Mente.xml
trecento/PMFC_06_Piero_2-Chavalcando.xml
trecento/PMFC_06_Piero_6a-Quando_laire_comenca.xml
trecento/PMFC_12_1-Kyrie Rondello.xml
trecento/PMFC_12_20-Agnus Dei Gherardello.xml
trecento/PMFC_12_21-Benedicamus PMFC12.21.xml
trecento/PMFC_12_22-Benedicamus PMFC12.22.xml
trecento/PMFC_12_24-Benedicamus.xml
trecento/PMFC_13_01-Kyrie-Summe-Clementissime.mxl
trecento/PMFC_13_01-Kyrie-Summe-Clementissime.xml
trecento/PMFC_13_02-Kyrie-Questa-fanciulla.mxl
trecento/PMFC_23_16-Kyrie Apt 16.xml
trecento/PMFC_23_19-Kyrie Perrinet.xml
trecento/PMFC_24_21-O proles hispanie.xml
verdi/laDonnaEMobile.mxl
webern/webern_dormi_jesu_op_16_no_2.mxl
"""


def ours(data: bytes) -> Notes:
    """Returns (onset, duration, pitch) in ticks of all notes in the order of the page, ties joined, no grace notes."""
    mended: Counter[str] = Counter()
    root = read_document(data, mended)
    for ornaments in root.iter("ornaments"):  # tremolos as they are written
        ornaments[:] = [sign for sign in ornaments if sign.tag != "tremolo"]
    parts = read_parts(root, mended)
    for part in parts:
        for bar in part.bars:
            bar.notes = [note for note in bar.notes if not note.is_grace]
    grid = Grid.of(parts, mended)
    score = perform(parts, grid, range(len(grid.lengths)), mended)
    return sorted((n.time, n.duration, n.pitch) for track in score.tracks for n in track.notes)


def music21s(data: str) -> Notes:
    """Returns what music21 finds in a MusicXML file, as ``ours``."""
    from music21 import converter, harmony

    with warnings.catch_warnings(action="ignore"):
        score = converter.parse(data, format="musicxml", forceSource=True)
    found: Notes = []
    for part in score.parts:
        if any(i.transposition for i in part.recurse().getElementsByClass("Instrument")):
            part.toSoundingPitch(inPlace=True)
        tied: dict[int, list[list[Fraction]]] = {}
        made: list[tuple[int, list[Fraction]]] = []
        for element in part.flatten().notes:
            if isinstance(element, harmony.Harmony) or element.duration.isGrace:
                continue
            start, length = Fraction(element.offset), Fraction(element.quarterLength)
            for head in getattr(element, "notes", (element,)):
                pitch, tie = head.pitch.midi, head.tie.type if head.tie else ""
                waiting = tied.setdefault(pitch, [])
                before = next((span for span in waiting if span[1] == start), None)
                if tie in ("stop", "continue") and before is not None:
                    waiting.remove(before)
                    before[1] = start + length
                    span = before
                else:
                    span = [start, start + length]
                    made.append((pitch, span))
                if tie in ("start", "continue"):
                    waiting.append(span)
        found += [(ticks(a), max(ticks(b) - ticks(a), 1), pitch) for pitch, (a, b) in made]
    return sorted(found)


def ticks(quarters: Fraction) -> int:
    return round(quarters * 480)


def corpus_file(name: str) -> bytes:
    import music21

    data = (Path(music21.__file__).parent / "corpus" / name).read_bytes()
    if not name.endswith(".mxl"):
        return data
    with zipfile.ZipFile(Path(music21.__file__).parent / "corpus" / name) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith("xml") and not n.startswith("META-INF")))


@pytest.mark.parametrize("name", CORPUS.split("\n")[1:-1])
def test_scores_of_other_programs(name):
    data = corpus_file(name)
    assert ours(data) == music21s(data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"))


def exports() -> Iterable[tuple[str, Piece]]:
    """Yields pieces to write ourselves."""
    yield "melody", piece_of((73, MELODY))
    yield "hands", two_hands(8)
    yield "hands as played", played(two_hands(8), 3)
    yield "band", without_drums(song(8))
    yield "band as played", without_drums(played(song(8, held=1.0), 4))
    for signature in ((3, 4), (6, 8), (5, 4), (7, 8), (2, 2)):
        yield f"{signature}", piece_of((40, MELODY), (42, [(a, b, p - 24) for a, b, p in MELODY]), time=signature)
    yield "triplets", piece_of((0, [(n / 3, 1 / 3, 60 + n % 12) for n in range(36)]))
    yield (
        "quintuplets and dots",
        piece_of((0, [(n / 5, 1 / 5, 60 + n % 12) for n in range(20)] + [(4, 1.75, 60), (5.75, 2.25, 64)])),
    )
    yield "long ties", piece_of((73, [(0.5, 9, 67), (9.5, 3.25, 68)]))
    yield "chords", piece_of((0, [(n, 1, p) for n in range(8) for p in (60, 64, 67, 70 + n % 2)]))
    for path in sorted(EXAMPLES.glob("*.mid")):
        yield path.stem, without_drums(read_midi(path))


def without_drums(piece: Piece) -> Piece:
    score = piece.score.copy()
    score.tracks = [track for track in piece.score.tracks if not track.is_drum]
    return piece.replace(score=score)


@pytest.mark.parametrize("piece", [pytest.param(piece, id=name) for name, piece in exports()])
def test_scores_of_our_own(piece):
    for view in views(piece):
        data = musicxml(piece, view)
        assert ours(data) == music21s(data.decode())
