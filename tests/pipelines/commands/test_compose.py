"""Compose on the command line: words and flags in, a song folder out, and the same again from its recipe."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from music.audio.render import Audio, Stem
from music.bars import bar_grid
from music.files.midi import read_midi, write_midi
from music.piece import Piece
from music.theory import written_key
from pipelines.compose import compose
from pipelines.contract import Step
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song
from pipelines.song.recipe import read_song_recipe, song_recipe, stages_done
from tests.pipelines.commands.command_line import refused, run, song
from tests.pipelines.song.toy_stages import STAGES, plan_of, sung

soundfile = pytest.importorskip("soundfile")
ROOT = Path(__file__).resolve().parents[3]
WORDS = "a slow, dark waltz for piano and strings, 12 seconds"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_midi(song(5), tmp_path / "in.mid")
    return tmp_path


@pytest.fixture
def toys(monkeypatch) -> Any:
    """Puts stages in place that need no model, and sound without a synthesizer; gives the table of the stages."""
    from pipelines import compose as chain
    from pipelines.song import folder as song_folder

    def played(piece: Piece, *arguments: Any, **settings: Any) -> list[Stem]:
        return [
            Stem(t.name, n, Audio(np.zeros((441, 2), np.float32), 44_100)) for n, t in enumerate(piece.score.tracks)
        ]

    monkeypatch.setattr(song_folder, "render_stems", played)
    monkeypatch.setattr(chain, "RUN", dict(STAGES))
    return chain.RUN


def recipe_of(folder: str) -> dict[str, Any]:
    return json.loads(Path(folder, "recipe.json").read_text())


def brief_of(folder: str) -> dict[str, Any]:
    return recipe_of(folder)["options"]["brief"]


def contents(folder: str) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def test_words_become_a_folder_and_what_was_not_understood_is_said(toys, capsys):
    assert run("compose", "--text", f"{WORDS}, frobnicated", "--out", "night") == 0
    said = capsys.readouterr()
    assert "'waltz' = time signature 3/4" in said.err
    assert "not understood: frobnicated" in said.err
    files = contents("night")
    assert sorted(said.out.splitlines()) == sorted(str(Path("night", name)) for name in files)
    assert {"song.mid", "song.mp3", "song.wav", "lead-sheet.pdf", "score.musicxml", "README.txt"} <= set(files)
    assert brief_of("night")["text"] == f"{WORDS}, frobnicated" and brief_of("night")["time_signature"] == "3/4"
    assert read_midi("night/song.mid").title == "A slow, dark waltz for piano and strings, 12 seconds"


def test_flags_count_more_than_words(toys):
    line = ["--length", "40", "--form", "ABAC", "--style", "band", "--seed", "9", "--key", "C major", "--tempo", "140"]
    line += ["--time-signature", "6/8", "--genre", "jazz", "--instruments", "flute, drums", "--title", "Mine"]
    assert run("compose", "--text", "a waltz in D minor without drums, 60 bpm, for piano", "--out", "a", *line) == 0
    brief = brief_of("a")
    wanted = {
        "seconds": 40.0, "form": "ABAC", "style": "band", "seed": 9, "key": "C major", "tempo_bpm": 140.0, "mode": None,
        "time_signature": "6/8", "genre": "jazz", "instruments": ["flute", "drums"], "without": [],
    }  # fmt: skip
    assert {name: brief[name] for name in wanted} == wanted
    assert read_midi("a/song.mid").title == "Mine" and "Mine\n====\n" in Path("a/README.txt").read_text()
    assert run("compose", "--text", "a song for piano and flute", "--without", "grand piano", "--out", "b") == 0
    assert [name.lower() for name in brief_of("b")["instruments"]] == ["flute"]


def test_how_a_song_goes_can_be_said_by_flags(toys):
    assert run("compose", "--out", "a", "--bars", "8", "--tempo", "120", "--intro", "2", "--outro", "1", "--feel", "swing",
               "--drop", "bar 3", "--pickup", "--course", "louder,denser", "--ending", "fade out", "--entries", "drums 3") == 0  # fmt: skip
    brief = read_song_recipe(Path("a/recipe.json")).plan.brief
    assert (brief.bars, brief.intro_bars, brief.outro_bars, brief.seconds) == (8, 2, 1, 22.0)
    assert (brief.swing, brief.pickup, brief.drop_bar, brief.entries) == (True, True, 3, (("drums", 3),))
    assert (brief.course, brief.ending) == (("louder", "denser"), "fade out")


def test_nothing_need_be_said_and_each_seed_gives_another_song(toys):
    assert run("compose", "--out", "a") == run("compose", "--seed", "1", "--out", "b") == 0
    notes = [read_midi(f"{name}/song.mid").score.tracks[0].notes for name in "ab"]
    assert notes[0] != notes[1]


def test_lyrics_are_sung_and_lie_in_the_folder_and_come_again(toys, capsys):
    lyrics = "[Verse 1]\nThe last train home is leaving now\n\n[Chorus]\nRemember me\n"
    Path("words.txt").write_text(lyrics, encoding="utf-8-sig")
    assert run("compose", "--text", "a waltz, AABA", "--lyrics", "words.txt", "--out", "first") == 0
    assert Path("first/lyrics.txt").read_text() == lyrics
    assert "lyrics.txt" in Path("first/README.txt").read_text()
    assert any(event.text == "train " for event in read_midi("first/song.mid").score.tracks[0].lyrics)
    assert b"<text>train</text>" in Path("first/score.musicxml").read_bytes()
    assert run("compose", "--recipe", "first/recipe.json", "--out", "second") == 0
    assert contents("second") == contents("first")
    assert run("compose", "--out", "first") == 0 and not Path("first/lyrics.txt").exists()


def test_a_recipe_makes_every_file_again(toys, capsys):
    run("compose", "--text", WORDS, "--midi", "in.mid", "--seed", "5", "--title", "Again", "--out", "first")
    shutil.move("in.mid", "elsewhere.mid")
    capsys.readouterr()
    assert run("compose", "--recipe", "first/recipe.json", "--out", "second") == 0
    assert contents("second") == contents("first")
    assert "sketch.mid" in contents("second")
    assert "understood" not in capsys.readouterr().err


def test_a_recipe_of_an_earlier_version_makes_the_song_again(toys, capsys):
    """It holds typed chords as a text, in the plan and in the recipe of the stage."""
    plan = plan_of(Brief()).with_options(2, chords=(("Am",), ("F", "G")))
    recipe = json.loads(song_recipe(sung(plan), plan))
    for stage in (recipe["options"]["stages"][2], recipe["stages"][2]):
        assert stage["options"]["chords"] == [["Am"], ["F", "G"]]
        stage["options"]["chords"] = "Am | F G"
    Path("old.json").write_text(json.dumps(recipe))
    assert read_song_recipe(Path("old.json")).plan == plan
    assert run("compose", "--recipe", "old.json", "--out", "again") == 0
    again = recipe_of("again")
    assert again["options"]["stages"][2]["options"]["chords"] == [["Am"], ["F", "G"]]
    song = sung(plan)
    old = song.replace(history=(*song.history[:2], {**song.history[2], **recipe["stages"][2]}, *song.history[3:]))
    assert len(stages_done(old, plan)) == 4


def test_a_recipe_needs_the_sketch_that_the_song_began_from(toys, capsys):
    run("compose", "--midi", "in.mid", "--out", "sketched")
    run("compose", "--out", "free")
    write_midi(song(6), Path("other.mid"))
    capsys.readouterr()
    again = ["compose", "--out", "x", "--recipe"]
    assert "another input" in refused(capsys, *again, "sketched/recipe.json", "--midi", "other.mid")
    assert "from nothing" in refused(capsys, *again, "free/recipe.json", "--midi", "in.mid")
    os.remove("sketched/sketch.mid")
    assert "sketch.mid beside" in refused(capsys, *again, "sketched/recipe.json")
    assert run(*again, "sketched/recipe.json", "--midi", "in.mid") == 0


def test_a_recipe_of_other_models_or_other_notes_is_refused(toys, capsys):
    run("compose", "--out", "song")
    capsys.readouterr()
    recipe, again = recipe_of("song"), ["compose", "--recipe", "song/recipe.json", "--out", "x"]

    def written(changed: dict[str, Any]) -> None:
        Path("song/recipe.json").write_text(json.dumps(changed))

    written(recipe | {"checkpoint": {**recipe["checkpoint"], "remix-small": "b" * 64}})
    assert "'remix-small' whose SHA-256 begins with bbbbbbbb" in refused(capsys, *again)
    written(recipe | {"checkpoint": {"gone": "b" * 64}})
    assert "gone" in refused(capsys, *again)
    written(recipe | {"result": "c" * 64})
    assert "'mix' gives other notes here" in refused(capsys, *again)
    written(recipe)
    for name in ("theme", "sections", "harmony", "mix"):
        toys[name] = sharper(STAGES[name])
        assert f"'{name}' gives other notes here" in refused(capsys, *again)
        toys[name] = STAGES[name]


def sharper(stage: Any) -> Any:
    def run(piece: Piece, options: Any) -> Iterator[Step]:
        for step in stage(piece, options):
            score = step.piece.score.copy()
            score.tracks[0].notes[0].pitch += 1
            yield Step((step.piece.replace(score=score),), step.done, step.total, step.unit)

    return run


@pytest.mark.parametrize(
    "change",
    [{"options": {}}, {"options": {"brief": {}, "stages": [{"pipeline": "vocals", "options": {}}]}}, {"stages": None},
     {"stages": [{}]}, {"stages": [], "result": "c"}, {"checkpoint": []}, {"pipeline": "generate"}, {"title": 1}],
)  # fmt: skip
def test_a_recipe_that_was_edited_is_refused(toys, capsys, change):
    plan = plan_song(Brief())
    Path("bad.json").write_text(json.dumps(json.loads(song_recipe(sung(plan), plan)) | change))
    refused(capsys, "compose", "--recipe", "bad.json", "--out", "x")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("compose", "--out"), ("compose --out x --length 5", "10 to 300"), ("compose --out x --length long", "--length"),
        ("compose --out x --bars 8 --time-signature foo", "'foo'"),
        ("compose --out x --form ABX", "ABAC"), ("compose --out x --style polka", "chorale"),
        ("compose --out x --texture fog", "choir"), ("compose --out x --lyrics gone.txt", "cannot be opened"),
        ("compose --out x --lyrics in.mid", "no text"), ("compose --out x --key H", "key"),
        ("compose --out x --tempo 5", "5"), ("compose --out x --instruments kazooo", "kazooo"), ("compose --out in.mid", "file"),
        ("compose --out x --instruments piano,drums --without drums", "drums"), ("compose --out no/x", "does not exist"),
        (f"compose --out {'x' * 300}", "name too long"),
        ("compose --out x --midi gone.mid", "gone.mid"), ("compose --out .", "other things"), ("compose --out x --seed -1", "-1"),
        ("compose --out x --recipe gone.json", "gone.json"), ("compose --out x --recipe in.mid", "in.mid"),
        ("compose --out x --recipe r.json --text waltz", "--text"), ("compose --out x --recipe r.json --length 20", "--length"),
    ],
)  # fmt: skip
def test_mistakes_end_with_two_sentences_and_no_folder(toys, capsys, line, says):
    assert says in refused(capsys, *line.split())


def test_stopping_and_failing_write_nothing(toys, capsys):
    def stopped(piece: Piece, options: Any) -> Iterator[Step]:
        yield Step((song(),), 1.0, 2.0, "bars")
        raise KeyboardInterrupt

    toys["harmony"] = stopped
    assert run("compose", "--out", "x") == 2
    assert capsys.readouterr().err.endswith("Stopped. Nothing was written.\n")

    def fails(piece: Piece, options: Any) -> Iterator[Step]:
        raise ValueError("a bug")
        yield

    toys["harmony"] = fails
    with pytest.raises(ValueError, match="a bug"):
        run("compose", "--out", "x")
    assert os.listdir() == ["in.mid"]


def test_a_terminal_shows_how_far_the_whole_is_and_at_which_stage(toys, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run("compose", "--out", "x") == 0
    shown = capsys.readouterr().err
    places = [shown.find(name) for name in ("theme:", "sections:", "harmony:", "mix:", "sound and sheets:")]
    assert -1 not in places and places == sorted(places)


def test_the_help_brings_no_model(here):
    code = "import sys\nfrom pipelines.__main__ import main\ntry: main(['compose', '--help'])\nfinally: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith("False\n")
    assert all(word in done.stdout for word in ("--text", "--recipe", "chorale", "AABA", "sketch.mid", "10 to 300"))
    assert "None" not in done.stdout and "SUPPRESS" not in done.stdout


def test_a_song_by_the_models_obeys_its_words_and_comes_again_from_its_recipe():
    assert run("compose", "--text", "a waltz in G major for flute and piano, 12 seconds", "--out", "real") == 0
    made = read_midi("real/song.mid")
    bars = bar_grid(made.score)
    assert {(bar.numerator, bar.denominator) for bar in bars} == {(3, 4)}
    assert made.seconds == pytest.approx(12, rel=0.05) and written_key(made.score).name == "G major"
    assert sorted(track.program for track in made.score.tracks if len(track.notes)) == [0, 73]
    assert [recipe["pipeline"] for recipe in made.history] == ["theme", "sections", "harmony", "mix"]
    assert soundfile.info("real/song.wav").duration > 11
    *_, step = compose(Piece.empty(), read_song_recipe(Path("real/recipe.json")).plan)
    assert step.piece.replace(title=made.title).fingerprint == made.fingerprint
