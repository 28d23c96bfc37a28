"""MIDI files as they are written: what comes back, how many players fit, and that a damaged one does no harm."""

from __future__ import annotations

import io

import numpy as np
import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from music.bars import bar_grid
from music.errors import StudioError
from music.files import midi
from music.files.midi import midi_bytes, read_midi, write_midi
from music.piece import Piece
from tests.examples import examples

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
