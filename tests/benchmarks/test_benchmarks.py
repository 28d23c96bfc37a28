"""The benchmarks run, and compare like with like."""

from __future__ import annotations

import shutil

import pytest

from benchmarks import notation
from benchmarks.__main__ import main
from benchmarks.songs import song
from benchmarks.tokenize import plain_octuples
from music.audio import fluidsynth as fluid
from music.audio.soundfonts import bundled_soundfont
from music.files.midi import write_midi
from music.tokens.columns import FIELDS
from music.tokens.octuple import encode


def test_songs_are_the_same_each_time():
    assert song(4, 1).fingerprint == song(4, 1).fingerprint != song(4, 2).fingerprint
    assert song(8).seconds == pytest.approx(16, abs=0.5)


def test_render_prints_seconds_of_music_per_second(capsys):
    assert main(["render", "--bars", "2", "--repeats", "1"]) == 0
    printed = capsys.readouterr().out
    assert "our mix" in printed
    assert "our stems" in printed
    assert ("x the command line" in printed) == bool(shutil.which("fluidsynth"))


def test_tokenize_prints_notes_per_second(capsys):
    assert main(["tokenize", "--songs", "2", "--bars", "4", "--repeats", "1"]) == 0
    printed = capsys.readouterr().out
    assert "x plain Python" in printed


def test_interface_prints_milliseconds_of_all_that_a_page_does(capsys):
    assert main(["interface", "--songs", "3", "--takes", "2", "--bars", "2", "--repeats", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    for what in ("a prompt", "a song is planned", "a song of 2 takes is looked", "a list of 3 songs", "self-test of"):
        assert any(line.startswith(what) for line in printed), what
    assert all(float(line.split()[-1]) >= 0 for line in printed[1:])


def test_the_peer_finds_the_same_octuples(tmp_path):
    """Otherwise the ratio would compare different work."""
    write_midi(song(8, 3), tmp_path / "song.mid")
    order = [
        FIELDS.index(name)
        for name in ("bar", "position", "program", "pitch", "velocity", "duration", "tempo", "signature")
    ]
    ours = [tuple(row) for row in encode(song(8, 3).score).rows[:, order].tolist()]
    assert plain_octuples(tmp_path / "song.mid") == sorted(ours)


def test_notation_prints_faults_beside_music21(capsys):
    assert main(["notation", "--bars", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    ours, peer = (lines[lines.index(first) + 1 :][:5] for first in lines if first.startswith(("ours", "music21")))
    assert [line[:22] for line in ours] == [line[:22] for line in peer]
    assert all(line.split()[-5] == "0.00" for line in ours)  # every bar adds up
    assert ours[2].split()[-7:-5] == ["0.00", "0.00"] and ours[2].split()[-1] == "2"  # a pianist has two staves


def test_faults_are_found():
    music, wrong = notation.two_hands(2), notation.played(notation.two_hands(2), 1)
    wrong.score.tracks[0].shift_time(300, inplace=True)
    found, _ = notation.faults(notation.musicxml(music), notation.notes_of(wrong))
    assert found["onsets"] > 50 and found["lengths"] > 5


@pytest.mark.skipif(fluid.library() is None, reason="libfluidsynth is not installed")
def test_sound_finds_filtered_sound_nearer_than_what_mfcc_alone_give(capsys, tmp_path):
    write_midi(song(12, 2), tmp_path / "song.mid")
    bank = str(bundled_soundfont())
    asked = ["sound", str(tmp_path), "--other-bank", bank, "--clips", "1", "--seconds", "4", "--keep", str(tmp_path)]
    assert main(asked) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    figures = {row[0].strip(":"): [float(value) for value in row[-4:]] for row in rows}
    assert figures["Original"][0] < figures["Played"][0] and figures["Pure"][0] > 0.8
    assert figures["Played"][0] > 0.93 and figures["Played"][2] < 2  # the goal
    assert figures["floor"][2] < figures["Original"][2]
    assert len(list(tmp_path.glob("0-*.wav"))) == 5
    assert main(["sound", str(tmp_path / "none"), "--other-bank", bank]) == 2


def test_wrong_words_end_with_a_sentence(capsys):
    assert main(["sing"]) == 2
    assert "Choose one of" in capsys.readouterr().err
    assert main(["render", "/nowhere/song.mid"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([]) == 0
