from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from music.chords import Chord, ChordSpan, with_chords
from music.files.midi import read_midi, write_midi
from music.piece import Piece
from pipelines.contract import Step
from pipelines.options.generate import GenerateOptions
from pipelines.options.remix import RemixOptions
from tests.pipelines.commands.command_line import Writer, refused, run, song, stand_in


@pytest.fixture
def writer(monkeypatch) -> Writer:
    return stand_in(monkeypatch, "generate")


@pytest.fixture
def remixer(monkeypatch) -> Writer:
    return stand_in(monkeypatch, "remix")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_midi(song(), tmp_path / "in.mid")
    return tmp_path


def test_from_nothing(writer, here, capsys):
    assert run("generate", "--out", "out.mid") == 0
    assert capsys.readouterr().out == "out.mid\n"
    assert writer.options == GenerateOptions() and writer.piece.note_count == 0
    assert read_midi("out.mid").note_count == 8
    assert json.loads(Path("out.recipe.json").read_text())["pipeline"] == "generate"
    assert sorted(os.listdir()) == ["in.mid", "out.mid", "out.recipe.json"]


def test_every_flag_reaches_its_option(writer):
    flags = {
        "bars": 8, "keep_bars": 1, "tempo": 96.0, "time_signature": "3/4", "key": "D minor", "genre": "jazz",
        "style": "bebop", "density": "low", "novelty": 0.25,
        "temperature": 1.1, "temperature_notes": 1.2, "temperature_durations": 1.3, "temperature_instruments": 1.4,
        "top_p": 0.9, "top_k": 20, "memory": 100, "seed": 5, "variants": 1, "checkpoint": "other",
    }  # fmt: skip
    line = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    more = ["--stay-in-key", "--instruments", "piano, bass,drums"]
    assert run("generate", "in.mid", "--out", "out.mid", *line, *more) == 0
    flags["tempo_bpm"] = flags.pop("tempo")
    assert writer.options == GenerateOptions(**flags, stay_in_key=True, instruments=("piano", "bass", "drums"))
    assert writer.piece.fingerprint == song().fingerprint
    assert run("generate", "--out", "out.mid", "--seconds", "9.5") == 0
    assert (writer.options.bars, writer.options.seconds) == (None, 9.5)


def test_variants_become_numbered_files_and_each_recipe_gives_its_own_again(writer):
    assert run("generate", "in.mid", "--out", "out.mid", "--variants", "4", "--seed", "3") == 0
    names = sorted(name for name in os.listdir() if name.startswith("out"))
    assert names == sorted(f"out-{n}{end}" for n in (1, 2, 3, 4) for end in (".mid", ".recipe.json"))
    assert run("generate", "in.mid", "--recipe", "out-3.recipe.json", "--out", "again.mid") == 0
    assert read_midi("again.mid").fingerprint == read_midi("out-3.mid").fingerprint
    assert read_midi("again.mid").history == read_midi("out-3.mid").history


def test_a_recipe_from_before_there_were_styles_gives_the_same_again(writer):
    assert run("generate", "in.mid", "--out", "out.mid", "--genre", "jazz", "--seed", "3") == 0
    recipe = json.loads(Path("out.recipe.json").read_text())
    for name in ("style", "novelty"):
        del recipe["options"][name]
    Path("old.recipe.json").write_text(json.dumps(recipe))
    assert run("generate", "in.mid", "--recipe", "old.recipe.json", "--out", "again.mid") == 0
    assert writer.options == GenerateOptions(genre="jazz", seed=3)
    assert read_midi("again.mid").fingerprint == read_midi("out.mid").fingerprint


def test_a_recipe_is_refused_where_it_cannot_give_the_same(writer, capsys):
    run("generate", "in.mid", "--out", "out.mid")
    run("generate", "--out", "nothing.mid")
    write_midi(song(5), Path("other.mid"))
    capsys.readouterr()
    assert "another input" in refused(capsys, "generate", "other.mid", "--recipe", "out.recipe.json", "--out", "x.mid")
    assert "another input" in refused(capsys, "generate", "--recipe", "out.recipe.json", "--out", "x.mid")
    assert "from nothing" in refused(capsys, "generate", "in.mid", "--recipe", "nothing.recipe.json", "--out", "x.mid")
    assert "--seed" in refused(
        capsys, "generate", "in.mid", "--recipe", "out.recipe.json", "--out", "x.mid", "--seed", "1"
    )
    writer.checkpoint = "b" * 64
    assert "another model" in refused(capsys, "generate", "in.mid", "--recipe", "out.recipe.json", "--out", "x.mid")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pipeline": "remix"}', '{"pipeline": "generate", "options": {}}', "\x00"]
)
def test_a_broken_recipe_is_refused(writer, capsys, text):
    Path("bad.json").write_text(text)
    assert "bad.json" in refused(capsys, "generate", "--recipe", "bad.json", "--out", "x.mid")


def test_a_recipe_with_unknown_options_is_refused(writer, capsys):
    recipe = {"pipeline": "generate", "options": {"swing": 1}, "input": "", "checkpoint": {}}
    Path("new.json").write_text(json.dumps(recipe))
    assert "swing" in refused(capsys, "generate", "--recipe", "new.json", "--out", "x.mid")


@pytest.mark.parametrize(
    "line",
    ["generate cut.mid --out x.mid", "remix cut.mid --out x.mid", "sheet cut.mid x.musicxml", "render cut.mid x.wav"],
)
def test_what_was_mended_in_a_file_is_said(writer, remixer, capsys, line):
    Path("cut.mid").write_bytes(Path("in.mid").read_bytes()[:-12])
    assert run(*line.split()) == 0
    assert "cut.mid: The file ends too early" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("generate --out x.mid --bars 0", "bars"), ("generate --out x.mid --bars many", "many"), ("generate --out x.mid --key H", "key"),
        ("generate --out x.mid --bars 4 --seconds 4", "once"), ("generate --out x.wav", ".mid"), ("generate --out no/x.mid", "folder"),
        ("generate gone.mid --out x.mid", "gone.mid"), ("generate", "--out"), ("generate --out x.mid --swing 1", "--swing"),
        ("generate --out x.mid --genre folk --style samba", "samba"), ("generate --out x.mid --novelty 2", "novelty"),
        ("generate --out x.mid --tempo nan", "--tempo: 'nan'"), ("generate --out x.mid --top-p inf", "--top-p: 'inf'"),
        ("generate --out x.mid --instruments kazooo", "kazooo"), ("generate --recipe gone.json --out x.mid", "gone.json"),
        ("dance", "dance"), ("", "VERB"), ("render in.mid x.aiff", ".wav"), ("render gone.mid x.wav", "gone.mid"),
        ("sheet in.mid x.docx", ".pdf"), ("inspect gone.mid", "gone.mid"), ("render in.mid x.wav --soundfont gone.sf2", "gone.sf2"),
        ("sheet empty.mid x.pdf", "notes"), ("render empty.mid x.mp3", "notes"),
        ("remix in.mid --out x.mid --change tempo", "tempo"), ("remix in.mid --out x.mid --amount 101", "101"),
        ("remix in.mid --out x.mid --bars 0-3", "0-3"), ("remix in.mid --out x.mid --tracks a", "--tracks"),
        ("remix in.mid --out x.mid --lock -1", "from 0"), ("remix in.mid --out x.mid --instrument violin", "0=violin"),
        ("remix in.mid --out x.mid --instrument 0=kazooo", "kazooo"), ("remix in.mid --out x.mid --passes 0", "passes"),
        ("remix --out x.mid", "IN.mid"), ("remix gone.mid --out x.mid", "gone.mid"), ("remix in.mid --out x.wav", ".mid"),
        ("remix in.mid --out no/x.mid", "folder"), ("remix in.mid --recipe gone.json --out x.mid", "gone.json"),
        ("remix in.mid --out x.mid --temperature-rhythm 9", "rhythm"),
    ],
)  # fmt: skip
def test_mistakes_end_with_two_sentences_and_no_file(writer, remixer, capsys, line, says):
    write_midi(Piece.empty(), Path("empty.mid"))
    assert says in refused(capsys, *line.split())


def test_remix_writes_what_it_is_asked_for(remixer, capsys):
    assert run("remix", "in.mid", "--out", "out.mid") == 0
    assert capsys.readouterr().out == "out.mid\n"
    assert remixer.options == RemixOptions()
    assert remixer.piece.fingerprint == song().fingerprint
    assert json.loads(Path("out.recipe.json").read_text())["pipeline"] == "remix"
    assert sorted(os.listdir()) == ["in.mid", "out.mid", "out.recipe.json"]


def test_every_remix_flag_reaches_its_option(remixer):
    flags = {
        "change": "everything", "amount": 35.5, "bars": "5-8", "passes": 3, "temperature": 1.1, "temperature_notes": 1.2,
        "temperature_rhythm": 1.3, "temperature_velocity": 1.4, "temperature_instruments": 1.5, "top_p": 0.9, "top_k": 20,
        "seed": 5, "variants": 1, "checkpoint": "other",
    }  # fmt: skip
    line = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    line += ["--tracks", "0, 2", "--lock", "1", "--instrument", "0=violin", "--instrument", "2=bass guitar"]
    assert run("remix", "in.mid", "--out", "out.mid", *line, "--keep-a-bar", "--stay-in-key") == 0
    lists = {"tracks": (0, 2), "lock": (1,), "instruments": ((0, "violin"), (2, "bass guitar")), "bars": (4, 5, 6, 7)}
    assert remixer.options == RemixOptions(**flags | lists, keep_a_bar=True, stay_in_key=True)


def test_a_remix_and_its_variants_can_be_done_again_from_their_recipes(remixer, capsys):
    line = ["--variants", "3", "--seed", "3", "--instrument", "0=violin", "--tracks", "0"]
    assert run("remix", "in.mid", "--out", "out.mid", *line) == 0
    assert capsys.readouterr().out.split() == ["out-1.mid", "out-2.mid", "out-3.mid"]
    assert run("remix", "in.mid", "--recipe", "out-2.recipe.json", "--out", "again.mid") == 0
    assert read_midi("again.mid").fingerprint == read_midi("out-2.mid").fingerprint
    assert read_midi("again.mid").history == read_midi("out-2.mid").history
    write_midi(song(5), Path("other.mid"))
    capsys.readouterr()
    again = ["--recipe", "out-2.recipe.json", "--out", "x.mid"]
    assert "another input" in refused(capsys, "remix", "other.mid", *again)
    assert "--instrument " in refused(capsys, "remix", "in.mid", *again, "--instrument", "0=viola")
    assert "not a recipe of generate" in refused(capsys, "generate", "in.mid", *again)
    remixer.checkpoint = "b" * 64
    assert "another model" in refused(capsys, "remix", "in.mid", *again)


def test_a_failure_half_way_leaves_no_file(writer, here, monkeypatch):
    def fails(piece, options):
        yield Step((song(),), 1, 2, "bars")
        raise ValueError("a bug")

    monkeypatch.setattr(sys.modules["pipelines.generate"], "generate", fails)
    with pytest.raises(ValueError, match="a bug"):  # a bug keeps its traceback
        run("generate", "--out", "x.mid")
    assert os.listdir() == ["in.mid"]


def test_inspect(capsys):
    assert run("inspect", "in.mid") == 0
    text = capsys.readouterr().out
    assert "Flute" in text and "120 BPM" in text and "4 notes" in text
    assert run("inspect", "in.mid", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["notes"] == 4 and report["tracks"][0]["instrument"] == "Flute" and report["chords"] == []


def test_inspect_counts_tracks_as_remix_and_harmonize_do(writer, remixer, capsys):
    run("generate", "in.mid", "--out", "two.mid")
    capsys.readouterr()
    assert run("inspect", "two.mid") == 0
    tracks = capsys.readouterr().out.partition("2 tracks, counted from 0:\n")[2].splitlines()
    assert [(line.split()[0], line.split()[-1]) for line in tracks[:2]] == [("0", "tune"), ("1", "new")]


def test_inspect_shows_chord_symbols_a_row_of_bars_to_a_line(capsys):
    tune = song(44)
    spans = [ChordSpan(bar * 1920, (bar + 1) * 1920, Chord(bar, "m")) for bar in range(10)]
    spans[2:3] = [ChordSpan(2 * 1920, 2 * 1920 + 960, Chord(2)), ChordSpan(2 * 1920 + 960, 3 * 1920, Chord(2, "7"))]
    write_midi(tune.replace(score=with_chords(tune.score, spans)), Path("chords.mid"))
    assert run("inspect", "chords.mid") == 0
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("Chords, each row from this bar on:") + 1
    assert lines[first].split("|")[:4] == ["  1  ", " Cm ", " C#m ", " D D7 "]
    assert lines[first + 1].split("|") == ["  9  ", " G#m ", " Am ", " Am ", ""]
    assert lines[first + 2] == ""


@pytest.mark.parametrize("ending", ["wav", "MP3"])
def test_render(ending, capsys):
    soundfile = pytest.importorskip("soundfile")
    assert run("render", "in.mid", f"out.{ending}") == 0
    assert capsys.readouterr().out == f"out.{ending}\n"
    assert soundfile.info(f"out.{ending}").duration >= 2.0


def test_render_stems(writer):
    soundfile = pytest.importorskip("soundfile")
    run("generate", "in.mid", "--out", "two.mid")
    assert run("render", "two.mid", "two.flac", "--stems") == 0
    assert {"two.flac", "two-1-tune.flac", "two-2-new.flac", "two.recipe.json"} <= set(os.listdir())
    assert soundfile.info("two-1-tune.flac").frames == soundfile.info("two.flac").frames


@pytest.mark.parametrize(("ending", "begins"), [("musicxml", b"<?xml"), ("svg", b"<"), ("pdf", b"%PDF")])
def test_sheet(ending, begins):
    assert run("sheet", "in.mid", f"out.{ending}") == 0
    assert Path(f"out.{ending}").read_bytes().lstrip().startswith(begins)


@pytest.mark.parametrize("verb", ["", "generate", "remix", "harmonize", "render", "sheet", "inspect"])
def test_help_says_what_each_verb_takes(capsys, verb):
    with pytest.raises(SystemExit) as end:
        run(*verb.split(), "--help")
    assert end.value.code == 0
    text = capsys.readouterr().out
    words = {
        "": ["generate", "remix", "harmonize", "render", "sheet", "inspect"],
        "generate": ["IN.mid", "OUT-1.mid", "--recipe FILE", "jazz", "drums are free"],
        "remix": ["IN.mid", "OUT-1.mid", "--recipe FILE", "everything", "counted from 0", "0=violin"],
        "harmonize": ["IN.mid", "OUT-1.mid", "--recipe FILE", "chorale", "counted from 0", "'Am | F | C G | C'"],
    }
    assert all(word in text for word in words.get(verb, ["IN.mid"]))
    assert "SUPPRESS" not in text and "None" not in text


def test_as_a_program(here):
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "inspect", str(here / "gone.mid")],
        cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr and "gone.mid" in done.stderr


@pytest.mark.parametrize("verb", ["sheet in.mid {}.musicxml", "render in.mid {}.wav", "generate --out {}.mid"])
def test_names_longer_than_a_system_takes_are_refused(writer, capsys, verb):
    assert "too long" in refused(capsys, *verb.format("x" * 300).split())


def test_an_lstm_writes_seconds_and_says_what_it_cannot_do(here, capsys):
    assert run("generate", "--model", "lstm-chords", "--seconds", "8", "--seed", "1", "--out", "out.mid") == 0
    assert read_midi(here / "out.mid").seconds == pytest.approx(8.0, abs=0.1)
    capsys.readouterr()
    assert run("generate", "--model", "lstm-notes", "--key", "D minor", "--out", "other.mid") == 2
    said = capsys.readouterr().err
    assert "'lstm-notes' plays the piano" in said and "no key" in said and not (here / "other.mid").exists()
