from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import symusic

from music.chord_symbols.bars import bar_texts
from music.files.midi import read_midi, write_midi
from music.piece import Piece
from pipelines.options.harmonize import HarmonizeOptions
from tests.loaded import nothing_loaded
from tests.pipelines.commands.command_line import Writer, refused, run, song, stand_in
from tests.pipelines.conftest import register_random

MODEL = "random-harmonize"  # of conftest.py


def trio() -> Piece:
    """Returns a piece of a flute without a name, two tracks of one name and a voice."""
    score = symusic.Score(480)
    for name, program, pitch in (("", 73, 84), ("Guitar", 25, 48), ("guitar ", 27, 52), ("Gesang", 52, 67)):
        track = symusic.Track(name, program, False)
        track.notes = [symusic.Note(beat * 480, 480, pitch + beat % 3, 90) for beat in range(8)]
        score.tracks.append(track)
    return Piece(score, "Trio")


@pytest.fixture
def harmonizer(monkeypatch) -> Writer:
    return stand_in(monkeypatch, "harmonize")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_midi(song(), tmp_path / "in.mid")
    write_midi(trio(), tmp_path / "trio.mid")
    waltz = trio()
    waltz.score.time_signatures.append(symusic.TimeSignature(0, 3, 4))
    write_midi(waltz, tmp_path / "waltz.mid")
    return tmp_path


def test_harmonize_writes_what_it_is_asked_for(harmonizer, capsys):
    assert run("harmonize", "in.mid", "--out", "out.mid") == 0
    assert capsys.readouterr().out == "out.mid\n"
    assert harmonizer.options == HarmonizeOptions()
    assert harmonizer.piece.fingerprint == song().fingerprint
    assert json.loads(Path("out.recipe.json").read_text())["pipeline"] == "harmonize"
    assert sorted(os.listdir()) == ["in.mid", "out.mid", "out.recipe.json", "trio.mid", "waltz.mid"]


def test_every_flag_reaches_its_option(harmonizer):
    flags = {
        "style": "band", "chords": "Am | F | C G | C", "key": "A minor", "bars": "1-8", "complexity": "high",
        "temperature": 1.1, "temperature_notes": 1.2, "temperature_rhythm": 1.3, "top_p": 0.8, "top_k": 20, "seed": 5,
        "variants": 1, "checkpoint": "other",
    }  # fmt: skip
    line = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    typed = {"chords": (("Am",), ("F",), ("C", "G"), ("C",)), "bars": tuple(range(8))}
    assert run("harmonize", "in.mid", "--out", "out.mid", *line, "--instruments", "piano, bass,drums") == 0
    assert harmonizer.options == HarmonizeOptions(**flags | typed, instruments=("piano", "bass", "drums"))


def test_chords_by_other_names_are_read_and_that_is_said(harmonizer, capsys):
    assert run("harmonize", "in.mid", "--out", "out.mid", "--chords", "Hm B | Fis7", "--key", "D") == 0
    assert harmonizer.options.chords == (("Bm", "Bb"), ("F#7",))
    assert "chords: German names are read by letters: 'Hm' as Bm" in capsys.readouterr().err
    assert run("harmonize", "in.mid", "--out", "out.mid", "--chords", "ii7 V7 Imaj7", "--key", "D") == 0
    assert harmonizer.options.chords == (("Em7",), ("A7",), ("Dmaj7",))
    assert "read in D major" in capsys.readouterr().err
    assert run("harmonize", "in.mid", "--out", "out.mid", "--chords", "[Verse]\nC    G7 b9\nla la la\nAm") == 0
    assert harmonizer.options.chords == (("C",), ("G7(b9)",), ("Am",)) and "la la la" in capsys.readouterr().err


@pytest.mark.parametrize(("asked", "track"), [("0", 0), ("2", 2), ("gesang", 3), (" Gesang ", 3), ("FLUTE", 0)])
def test_the_melody_is_asked_for_by_number_or_name(harmonizer, asked, track):
    assert run("harmonize", "trio.mid", "--out", "out.mid", "--melody", asked) == 0
    assert harmonizer.options.melody == track


def test_a_number_means_the_track_and_not_the_name(harmonizer):
    named = trio()
    for number, track in enumerate(named.score.tracks, 1):
        track.name = str(number)
    write_midi(Piece(named.score), Path("numbers.mid"))
    run("harmonize", "numbers.mid", "--out", "out.mid", "--melody", "1")
    assert harmonizer.options.melody == 1
    run("harmonize", "numbers.mid", "--out", "out.mid", "--melody", "4")  # counted from 0 there is none
    assert harmonizer.options.melody == 3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("trio.mid --out x.mid --melody 4", "0 (Flute), 1 (Guitar)"), ("trio.mid --out x.mid --melody Oboe", "'Oboe'"),
        ("trio.mid --out x.mid --melody Guitar", "1 or 2"), ("trio.mid --out x.mid --melody -1", "'-1'"),
        ("empty.mid --out x.mid --melody 0", "none"), ("in.mid --out x.mid --style polka", "polka"),
        ("in.mid --out x.mid --chords Am|H7", "'H7'"), ("in.mid --out x.mid --key H", "'H'"), ("in.mid --out x.mid --bars 8-5", "8-5"),
        ("in.mid --out x.mid --complexity mad", "mad"), ("in.mid --out x.mid --instruments kazooo", "kazooo"),
        ("in.mid --out x.mid --instruments drums", "Drums"), ("in.mid --out x.mid --style chorale --instruments viola,cello", "three"),
        ("in.mid --out x.mid --temperature-rhythm 9", "rhythm"), ("in.mid --out x.mid --variants many", "many"),
        ("in.mid --out x.wav", ".mid"), ("in.mid --out no/x.mid", "folder"), ("gone.mid --out x.mid", "gone.mid"),
        ("--out x.mid", "IN.mid"), ("in.mid --out x.mid --recipe gone.json", "gone.json"), ("in.mid", "--out"),
    ],
)  # fmt: skip
def test_mistakes_end_with_two_sentences_and_no_file(harmonizer, capsys, line, says):
    write_midi(Piece.empty(), Path("empty.mid"))
    assert says in refused(capsys, "harmonize", *line.split())


def test_variants_can_be_done_again_from_their_recipes(harmonizer, capsys):
    line = ["--variants", "3", "--seed", "3", "--style", "chorale", "--melody", "Gesang", "--instruments", "viola"]
    assert run("harmonize", "trio.mid", "--out", "out.mid", *line) == 0
    assert capsys.readouterr().out.split() == ["out-1.mid", "out-2.mid", "out-3.mid"]
    assert run("harmonize", "trio.mid", "--recipe", "out-2.recipe.json", "--out", "again.mid") == 0
    assert read_midi("again.mid").fingerprint == read_midi("out-2.mid").fingerprint
    assert read_midi("again.mid").history == read_midi("out-2.mid").history
    capsys.readouterr()
    again = ["--recipe", "out-2.recipe.json", "--out", "x.mid"]
    assert "another input" in refused(capsys, "harmonize", "in.mid", *again)
    assert "--melody " in refused(capsys, "harmonize", "trio.mid", *again, "--melody", "0")
    assert "not a recipe of remix" in refused(capsys, "remix", "trio.mid", *again)
    harmonizer.checkpoint = "b" * 64
    assert "another model" in refused(capsys, "harmonize", "trio.mid", *again)


def test_from_the_command_line_to_the_model_and_back(here, monkeypatch, capsys):
    (here / "cache").mkdir()
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(here / "cache"))
    nothing_loaded(monkeypatch)
    register_random(here / "cache", MODEL)
    line = ["--melody", "Gesang", "--chords", "Am | F", "--checkpoint", MODEL, "--seed", "2"]
    assert run("harmonize", "trio.mid", "--out", "out.mid", *line) == 0
    made, melody = read_midi("out.mid"), trio().score.tracks[3]
    assert made.score.tracks[0].notes == melody.notes and made.score.tracks[0].program == melody.program
    assert len(made.score.tracks) > 1 and bar_texts(made.score) == ["Am", "F"]
    assert made.history[-1]["melody"] == 3
    assert run("harmonize", "trio.mid", "--recipe", "out.recipe.json", "--out", "again.mid") == 0
    assert read_midi("again.mid").fingerprint == made.fingerprint
    capsys.readouterr()
    assert run("inspect", "out.mid") == 0
    assert "  1  | Am | F |" in capsys.readouterr().out


def test_a_recipe_of_an_earlier_version_gives_the_same(harmonizer, capsys):
    """It holds bars and chords as text; slashes without bar lines fill the bars of the piece, here three beats."""
    line = ["--bars", "1-2", "--chords", "Am / / G / C", "--variants", "2", "--seed", "4"]
    assert run("harmonize", "waltz.mid", "--out", "new.mid", *line) == 0
    options = harmonizer.options
    assert options.bars == (0, 1) and options.chords == (("Am", "Am", "Am"), ("G", "G", "C"))
    old = json.loads(Path("new-2.recipe.json").read_text())
    old["options"] |= {"bars": "1-2", "chords": "Am / / G / C"}
    Path("old.recipe.json").write_text(json.dumps(old))
    capsys.readouterr()
    assert run("harmonize", "waltz.mid", "--recipe", "old.recipe.json", "--out", "again.mid") == 0
    assert harmonizer.options == options
    assert read_midi("again.mid").fingerprint == read_midi("new-2.mid").fingerprint
    assert capsys.readouterr().out == "again.mid\n"
