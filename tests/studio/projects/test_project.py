from __future__ import annotations

import io
import json
import sys
import zipfile
import zlib
from dataclasses import replace

import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.errors import StudioError
from music.piece import Piece
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan, SectionsOptions, Stage, ThemeOptions
from studio.projects import project as project_file
from studio.projects.packing import inflated, json_memory, pack, unpack
from studio.projects.project import MAX_BYTES, Place, Project, Take, Upload, project_bytes, read_overview, read_project
from tests.examples import examples
from tests.pipelines.scores import pieces, tunes

PLAN = Plan(
    Brief(text="a waltz", instruments=("Violin",), seed=3),
    (
        Stage("theme", ThemeOptions(sections=("A",), seed=3)),
        Stage("sections", SectionsOptions(form=("A", "A'"))),
        Stage("harmony", HarmonyOptions(style="band")),
        Stage("mix", MixOptions(fills=False)),
    ),
)
OPTIONS = [
    None,
    GenerateOptions(bars=None, seconds=12.5, instruments=("Flute",), key="D minor", seed=2**53 + 1),
    RemixOptions(bars=(0, 1), tracks=(0,), lock=(1,), instruments=((0, "violin"),), amount=33.3),
    HarmonizeOptions(style="chorale", chords=(("Am",), ("F", "C")), melody=2),
    PLAN,
]


def tune(pitch: int = 60, title: str = "", history: tuple = ()) -> Piece:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("Melody", 73, False))
    score.tracks[0].notes.append(symusic.Note(0, 480, pitch, 80))
    return Piece(score, title, (), history)


def same(a: Piece | None, b: Piece | None) -> bool:
    """Whether nobody could tell two pieces apart: all that is in the fingerprint, and the history."""
    if a is None or b is None:
        return a is b
    return (a.fingerprint, a.title, a.lyrics, list(a.history)) == (b.fingerprint, b.title, b.lyrics, list(b.history))


@given(st.one_of(pieces(), tunes()))
@settings(max_examples=examples(60), deadline=None)
def test_a_piece_comes_back_as_it_was(piece):
    assert same(unpack(inflated(pack(piece))), piece)


def test_what_midi_cannot_say_comes_back_too():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("Überlapp 🎹", 5, False))
    score.tracks[0].notes.extend(
        [symusic.Note(0, 960, 60, 80), symusic.Note(0, 480, 60, 0), symusic.Note(240, 0, 60, 1)]
    )
    score.tracks.extend([symusic.Track("silent", n % 128, False) for n in range(20)])
    score.tempos.append(symusic.Tempo(7, 91.3))
    score.markers.append(symusic.TextMeta(0, "section: Verse"))
    history = ({"pipeline": "remix", "options": {"a": [1, 2.5, None, True]}, "deep": {"b": "c"}},)
    piece = Piece(score, "Tïtle", ("la", "la la"), history)
    assert same(unpack(inflated(pack(piece))), piece)


@st.composite
def projects(draw) -> Project:
    made = draw(st.lists(pieces(), min_size=1, max_size=3))
    piece = st.sampled_from(made)
    takes = []
    for number in sorted(draw(st.sets(st.integers(1, 99), min_size=1, max_size=4))):
        takes.append(
            Take(
                number,
                draw(st.sampled_from(["Take 1", "höher.mid", ""])),
                draw(st.text(max_size=20)),
                tuple(draw(st.lists(piece, min_size=1, max_size=3))),
                draw(st.one_of(st.none(), piece)),
                draw(st.sampled_from(OPTIONS)),
                tuple(draw(st.lists(piece, max_size=4))),
            )
        )
    places = [Place(take.number, n) for take in takes for n in range(len(take.pieces))]
    place = st.one_of(st.none(), st.sampled_from(places))
    walk = st.lists(place, max_size=4).map(tuple)
    return Project(
        draw(st.text(max_size=10)),
        tuple(takes),
        draw(place),
        draw(place),
        draw(
            st.one_of(
                st.none(), st.sampled_from(takes).map(lambda take: Upload("id", take, "fine", repairs=("mended",)))
            )
        ),
        draw(walk),
        draw(walk),
        {"bars": 12, "remix amount": 60, "compose text": draw(st.text(max_size=9))},
    )


@given(projects())
@settings(max_examples=examples(40), deadline=None)
def test_a_project_comes_back_as_it_was(project):
    back = read_project(project_bytes(project))
    for name in ("title", "name", "place", "partner", "past", "future", "controls"):
        assert getattr(back, name) == getattr(project, name)
    assert len(back.takes) == len(project.takes)
    for take, old in zip(back.takes, project.takes):
        assert (take.number, take.label, take.detail, take.options) == (old.number, old.label, old.detail, old.options)
        assert type(take.options) is type(old.options)
        for mine, theirs in ((take.pieces, old.pieces), (take.stages, old.stages), ([take.before], [old.before])):
            assert len(mine) == len(theirs) and all(map(same, mine, theirs))
    if project.upload:
        assert (back.upload.report, back.upload.repairs) == ("fine", ("mended",))
        assert back.upload.take is back.takes[project.takes.index(project.upload.take)]
    brief = read_overview(project_bytes(project))
    assert (brief.name, brief.takes) == (project.name, len(project.takes)) and same(brief.piece, project.piece)


def test_a_piece_that_several_takes_share_is_there_once_and_stays_shared():
    one, other = tune(60), tune(62)
    data = project_bytes(
        Project(takes=(Take(1, "", "", (one,)), Take(2, "", "", (other, one), one, stages=(one, other))))
    )
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert len([name for name in file.namelist() if name.startswith("pieces/")]) == 2
    back = read_project(data)
    assert back.takes[1].before is back.takes[0].pieces[0] is back.takes[1].stages[0]


def test_controls_keep_their_kinds_and_strange_ones_are_left_out():
    controls = {
        "instruments": [0, 33], "tempo_bpm": None, "temperature": 0.9, "stay_in_key": True, "start": "song",
        "keep bars 1a2b3c4d": 3, "selection of": {0: "Lead", 2: "Bass"}, "swap 3": 40, "compose wishes": ("a", ("b",)),
        "wish brief": Brief(text="slow"), "compose plan": PLAN,
    }  # fmt: skip
    strange = {
        "__class__": 1,
        "../../etc": 2,
        "password": 3,
        "remix object": object(),
        "selected tracks": ["x"],
        "compose \n": 1,
    }
    project = Project(takes=(Take(1, "", "", (tune(),)),), controls={**controls, **strange})
    assert read_project(project_bytes(project)).controls == controls


def test_a_song_has_a_name_that_tells_it_from_others():
    take = Take(1, "Take 1", "", (tune(),), options=GenerateOptions())
    assert Project(takes=(take,), place=Place(1)).name == "Untitled song"
    assert Project(takes=(Take(1, "hymn.mid", "", (tune(),)),), place=Place(1)).name == "hymn"
    assert Project(takes=(Take(1, "", "", (tune(title="Hymn"),)),), place=Place(1)).name == "Hymn"
    assert Project(takes=(Take(1, "", "", (tune(),), options=PLAN),), place=Place(1)).name == "A waltz"
    assert Project("Mine", (take,), Place(1)).name == "Mine"


# ---- files that come from elsewhere


def sound_file() -> bytes:
    takes = (Take(1, "a.mid", "", (tune(),)), Take(2, "Take 2", "", (tune(62), tune(63)), tune(), OPTIONS[1]))
    return project_bytes(Project("Sound", takes, Place(2, 1), past=(None, Place(1)), controls={"bars": 3}))


def changed(**values) -> bytes:
    """Returns the sound file with some values of project.json replaced."""
    return rezipped(lambda old: json.dumps(json.loads(old) | values).encode())


def rezipped(edit, pieces=lambda data: data) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound_file())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, edit(old.read(name)) if name == "project.json" else pieces(old.read(name)))
    return out.getvalue()


def bomb(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, b"0" * (100 * 2**20))
    return out.getvalue()


def take_with(**values) -> bytes:
    old = json.loads(zipfile.ZipFile(io.BytesIO(sound_file())).read("project.json"))["takes"]
    return changed(takes=[old[0] | values, old[1]])


def test_a_project_that_was_zipped_again_opens():
    assert read_project(rezipped(lambda data: data)).title == "Sound"


def with_history(packed: bytes, step: bytes, times: int) -> bytes:
    """Returns a packed piece whose history holds a step many times: some kilobytes, whatever the times."""
    plain = zlib.decompress(packed)
    size = int.from_bytes(plain[:4], "little")
    top = plain[4 : 4 + size].replace(b'"history":[]', b'"history":[' + b",".join([step] * times) + b"]")
    return zlib.compress(len(top).to_bytes(4, "little") + top + plain[4 + size :])


def in_meter(numerator: int, denominator: int) -> bytes:
    piece = tune()
    piece.score.time_signatures.append(symusic.TimeSignature(0, numerator, denominator))
    return project_bytes(Project("", (Take(1, "a", "", (piece,)),), Place(1)))


def many_histories() -> bytes:
    """Returns a project of many pieces, each with a history as long as one may be."""
    out, sound = io.BytesIO(), zipfile.ZipFile(io.BytesIO(sound_file()))
    values = json.loads(sound.read("project.json"))
    key = values["takes"][0]["pieces"][0]
    long = with_history(sound.read(f"pieces/{key}"), b'{"a":"%s"}' % (b"x" * 12 * 2**20), 1)
    with zipfile.ZipFile(out, "w") as file:
        for number in range(8):
            file.writestr(f"pieces/{number}", long)
        values["takes"][0]["pieces"] = [str(number) for number in range(8)]
        file.writestr("project.json", json.dumps(values))
    return out.getvalue()


HOSTILE = {
    "empty": b"",
    "text": b"not music",
    "midi": b"MThd\x00\x00\x00\x06",
    "cut off": sound_file()[:-40],
    "another zip": bomb("huge.txt")[:2000],
    "bomb": bomb("project.json"),
    "bomb in a piece": rezipped(lambda data: data, lambda data: zlib.compress(b"0" * (80 * 2**20))),
    "piece of noise": rezipped(lambda data: data, lambda data: b"noise"),
    "no JSON": rezipped(lambda data: b"{"),
    "deep": rezipped(lambda data: b"[" * 100_000),
    "not a number": rezipped(lambda data: data.replace(b'"version": 1', b'"version": NaN')),
    "a list": rezipped(lambda data: b"[1, 2]"),
    "another format": changed(format="else"),
    "version 0": changed(version=0),
    "version as text": changed(version="1"),
    "no takes": changed(takes=None),
    "place of no take": changed(place=[7, 0]),
    "place of no version": changed(place=[1, 1]),
    "undo to nowhere": changed(past=[[3, 0]]),
    "title of numbers": changed(title=12),
    "half a character": rezipped(lambda data: data.replace(b'"Sound"', b'"\\ud800"')),
    "a piece that is not there": take_with(pieces=["../project.json"]),
    "a take without pieces": take_with(pieces=[]),
    "a number twice": take_with(number=2),
    "unknown options": take_with(options={"kind": "os.system", "values": {}}),
    "options of another kind": take_with(options={"kind": "generate", "values": {"passes": 3}}),
    "options out of range": take_with(options={"kind": "generate", "values": {"bars": 10**9}}),
    "options that are a text": take_with(options="rm -rf"),
    "too large": b"0" * (MAX_BYTES + 1),
    "a history of millions of steps": rezipped(lambda data: data, lambda data: with_history(data, b"{}", 4_000_000)),
    "histories that are too many together": many_histories(),
    "controls of millions": rezipped(
        lambda data: data.replace(b'"controls": {', b'"controls": {"x": [' + b"[]," * 2_000_000 + b"0], ")
    ),
    "a meter that MIDI cannot say": in_meter(3, 100),
    "a place that is no number": changed(place=[1, True]),
    "a name of numbers": changed(name=12),
    "words of numbers": rezipped(lambda data: data, lambda data: with_history(data, b"7", 1)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_two_sentences(name):
    with pytest.raises(StudioError) as refused:
        read_project(HOSTILE[name])
    assert str(refused.value).count(". ") >= 1 and str(refused.value).endswith(".")


def test_what_values_take_in_memory_is_never_more_than_was_told_from_the_text():
    texts = ("[" + "{}," * 9 + "0]", '[{"a":{"b":[[],[1]]}}]', '["' + "𝄞aaa" * 9 + '",1.5,-70000]', '{"a":"é"}')
    for text in map(str.encode, texts):
        assert memory(json.loads(text)) <= json_memory(text), text


def memory(value) -> int:
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return sys.getsizeof(value) + sum(map(memory, inner))


def test_a_piece_with_the_words_of_an_opera_is_kept():
    score = tune().score.copy()
    score.tracks[0].lyrics = [symusic.TextMeta(n * 480, f"syl{n}") for n in range(20_000)]
    piece = Piece(score, "Opera", tuple(f"line {n}" for n in range(5_000)))
    assert same(unpack(inflated(pack(piece))), piece)


def test_meters_that_midi_can_say_are_kept():
    assert read_project(in_meter(7, 16)).piece.score.time_signatures[0].denominator == 16


def test_a_newer_version_says_so():
    with pytest.raises(StudioError, match="newer version"):
        read_project(changed(version=2))


@given(st.data())
@settings(max_examples=examples(150), deadline=None)
def test_damage_is_refused_or_does_no_harm(data):
    sound = bytearray(sound_file())
    for _ in range(data.draw(st.integers(1, 4))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    try:
        back = read_project(bytes(sound))
    except StudioError:
        return
    assert [take.number for take in back.takes] == [1, 2] and back.piece.note_count == 1


@given(st.data())
@settings(max_examples=examples(150), deadline=None)
def test_damage_inside_a_piece_is_refused_or_gives_a_piece_that_can_be_used(data):
    plain = bytearray(inflated(pack(tune(title="Hymn", history=({"pipeline": "remix"},)))))
    for _ in range(data.draw(st.integers(1, 3))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    broken = zlib.compress(bytes(plain))
    try:
        back = read_project(rezipped(lambda values: values, lambda _: broken))
    except StudioError:
        return
    for piece in (piece for take in back.takes for piece in take.pieces):
        assert piece.fingerprint and piece.seconds >= 0
        assert all(0 <= note.pitch <= 127 for track in piece.score.tracks for note in track.notes)


def test_what_was_made_of_a_composed_song_keeps_its_name():
    composed = Take(1, "Take 1", "", (tune(),), None, PLAN)
    remixed = Take(2, "Take 2", "", (tune(62),), None, RemixOptions())
    assert [Project("", (composed, remixed), Place(number)).name for number in (1, 2)] == ["A waltz", "A waltz"]
    assert Project("", (replace(remixed, number=1), replace(composed, number=2)), Place(1)).name == "Untitled song"


def test_options_of_an_earlier_version_are_read():
    """They hold bars, chords and instruments as text."""
    old = {
        "remix": {"bars": "1-2", "instruments": ["0=violin"], "seed": 4},
        "harmonize": {"chords": "| Am | F G |", "bars": "3"},
        "compose": {"brief": {}, "stages": [{"pipeline": "harmony", "options": {"chords": "Am F"}}]},
    }
    wanted = [
        RemixOptions(bars=(0, 1), instruments=((0, "violin"),), seed=4),
        HarmonizeOptions(chords=(("Am",), ("F", "G")), bars=(2,)),
        Plan(Brief(), (Stage("harmony", HarmonyOptions(chords=(("Am",), ("F",)))),)),
    ]
    for (kind, values), options in zip(old.items(), wanted, strict=True):
        assert read_project(take_with(options={"kind": kind, "values": values})).takes[0].options == options


def test_a_song_that_could_not_be_opened_again_is_refused_while_it_is_in_memory(monkeypatch):
    long = ({"pipeline": "edit", "options": {"locked": [[0, n, 1, 60, 80] for n in range(500)]}},)
    takes = tuple(Take(n + 1, "", "", (tune(n, history=long),)) for n in range(3))
    data = project_bytes(Project(takes=takes))
    for limit, room in {
        "_MAX_ALL_HEADERS": 2**19,
        "_MAX_ALL_UNPACKED": 2**14,
        "_MAX_JSON": 500,
        "_MAX_PIECES": 2,
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(project_file, limit, room)
            with pytest.raises(StudioError, match="too large to be kept"):
                project_bytes(Project(takes=takes))
            with pytest.raises(StudioError):
                read_project(data)
    for history in (6 * long * 40, ({"text": "x" * 2**24},)):  # of one piece
        with pytest.raises(StudioError, match="too large to be kept"):
            project_bytes(Project(takes=(Take(1, "", "", (tune(history=history),)),)))
