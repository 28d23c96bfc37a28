"""The verb that writes music after words and a sound, and the sound of what it wrote."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from music.audio.features import RATE_HZ, from_text, log_mel, magnitudes
from music.audio.mastering import loudness
from music.audio.reading import mono, read_sound
from music.files.midi import read_midi, write_midi
from music.piece import Piece
from pipelines.contract import Step
from pipelines.options.audio import AudioOptions
from tests.pipelines.commands.command_line import Writer, refused, run, stand_in

MELODY_HZ = (220.0, 261.6, 329.6, 440.0)


def tune(seconds: float = 6.0, rate: int = 22_050, amplitude: float = 0.3) -> np.ndarray:
    """Returns the tones of an A minor chord one after another, each for half a second, ``[n]``."""
    at = np.arange(round(seconds * rate))
    hertz = np.array(MELODY_HZ)[(at // (rate // 2)) % len(MELODY_HZ)]
    fading = np.exp(-(at % (rate // 2)) / (0.3 * rate))
    return (amplitude * fading * np.sin(2 * np.pi * np.cumsum(hertz) / rate)).astype(np.float32)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    soundfile.write("tune.wav", tune(), 22_050)
    return tmp_path


@pytest.fixture
def writer(monkeypatch) -> Writer:
    return stand_in(monkeypatch, "audio")


def pitch_classes(sound: str) -> set[int]:
    """Returns the three that are heard most in a clip: of the tune A, C and E."""
    return set(from_text(sound).chroma.mean(0).argsort()[-3:].tolist())


def brightness(path: str) -> float:
    """Returns the middle of a sound's spectrum in mel bands, counted from below."""
    power = 10 ** (log_mel(magnitudes(mono(read_sound(Path(path))))) / 10)
    return float((power.sum(0) * np.arange(80)).sum() / power.sum())


def lufs(path: str) -> float:
    sound = read_sound(Path(path))
    return loudness(sound.samples, sound.rate_hz)


def test_silence_behind_a_sound_is_not_what_it_goes_on_from(writer):
    soundfile.write("quiet.wav", np.concatenate([tune(), np.zeros(8 * 22_050, np.float32)]), 22_050)
    assert run("audio", "--sound", "quiet.wav", "--continue", "--out", "out.mid") == 0
    assert pitch_classes(writer.options.sound) == {9, 0, 4}


def test_words_and_names_that_are_no_utf_8_do_no_harm(writer):
    os.rename("tune.wav", "t\udcffne.wav")
    assert run("audio", "--text", "\udcff calm", "--sound", "t\udcffne.wav", "--out", "out.mid") == 0
    assert json.loads(Path("out.recipe.json").read_text())["options"]["sound_name"] == "t?ne"
    assert run("audio", "--recipe", "out.recipe.json", "--out", "again.mid") == 0


def test_every_flag_reaches_its_option(writer, here):
    Path("words.txt").write_text("the sea is calm tonight\n")
    flags = {
        "text": "calm", "seconds": 9.5, "tempo": 90.0, "pace": "slow", "time_signature": "3/4", "key": "D minor", "loudness": "soft",
        "brightness": "dark", "density": "sparse", "mode": "minor", "follow": 0.9, "temperature": 1.1, "seed": 5,
        "checkpoint": "other",
    }  # fmt: skip
    line = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    more = ["--lyrics", "words.txt", "--sound", "tune.wav", "--from", "1", "--instruments", "piano,drums"]
    assert run("audio", "--out", "out.mid", *line, *more) == 0
    flags["tempo_bpm"] = flags.pop("tempo")
    said = writer.options
    heard = {name: getattr(said, name) for name in ("sound", "sound_tempo_bpm", "sound_lufs")}
    assert said == AudioOptions(
        **flags, **heard, lyrics="the sea is calm tonight\n", sound_name="tune", instruments=("piano", "drums")
    )
    assert pitch_classes(said.sound) == {9, 0, 4}
    assert -30 < said.sound_lufs < -10


def test_words_become_sound_and_notes_with_a_recipe_that_gives_the_same_again(capsys):
    asked = ("--text", "calm piano, slow", "--seconds", "4", "--seed", "3")
    assert run("audio", *asked, "--out", "a.mid") == 0
    assert capsys.readouterr().out == "a.mid\n"
    notes = read_midi("a.mid")
    assert 3.5 < notes.seconds < 5 and {track.program for track in notes.score.tracks} == {0}
    for ending in ("wav", "mp3", "flac", "ogg"):
        assert run("audio", "--recipe", "a.recipe.json", "--out", f"b.{ending}") == 0
        assert soundfile.info(f"b.{ending}").duration >= 3.5
        assert json.loads(Path("b.recipe.json").read_text()) == json.loads(Path("a.recipe.json").read_text())
    assert run("audio", "--recipe", "b.recipe.json", "--out", "again.mid") == 0
    assert read_midi("again.mid").fingerprint == notes.fingerprint


def test_the_sound_follows_words_and_synthesis_wherever_it_is_made():
    assert (
        run(
            "audio", "--text", "piano", "--seconds", "3", "--brightness", "dark", "--loudness", "soft", "--out", "a.mid"
        )
        == 0
    )
    assert run("audio", "--recipe", "a.recipe.json", "--out", "played.wav") == 0
    assert run("render", "a.mid", "again.wav") == 0
    assert Path("again.wav").read_bytes() == Path("played.wav").read_bytes()
    assert lufs("played.wav") == pytest.approx(-24, abs=1)

    bright = read_midi("a.mid")
    bright = bright.replace(
        history=({**bright.history[-1], "options": {**bright.history[-1]["options"], "brightness": "bright"}},)
    )
    write_midi(bright, "bright.mid")
    write_midi(bright.replace(history=()), "plain.mid")
    for name in ("bright", "plain"):
        assert run("render", f"{name}.mid", f"{name}.wav") == 0
    assert brightness("bright.wav") > brightness("played.wav") + 2
    assert lufs("plain.wav") == pytest.approx(-14, abs=1)

    for synthesis in ("pure", "original"):
        assert run("render", "a.mid", f"{synthesis}.wav", "--synthesis", synthesis) == 0
        assert soundfile.info(f"{synthesis}.wav").frames == pytest.approx(soundfile.info("played.wav").frames, abs=2000)
        assert Path(f"{synthesis}.wav").read_bytes() != Path("played.wav").read_bytes()


def test_colored_stems_add_up_to_the_mix():
    asked = ("--text", "piano and bass", "--seconds", "3", "--out", "a.mid")
    assert run("audio", *asked) == 0
    assert run("render", "a.mid", "a.wav") == 0 and run("render", "a.mid", "b.wav", "--stems") == 0
    mix = soundfile.read("a.wav")[0]
    stems = [soundfile.read(name)[0] for name in sorted(os.listdir()) if name.startswith("b-")]
    assert stems and np.abs(sum(stems) - mix).max() < 0.01


def damaged(path: str, at: int, data: bytes) -> None:
    whole = bytearray(Path(path).read_bytes())
    whole[at : at + len(data)] = data
    Path(path).write_bytes(whole)


HOSTILE = {
    "silence": lambda: soundfile.write("x.wav", np.zeros(3 * RATE_HZ), RATE_HZ),
    "one sample": lambda: soundfile.write("x.wav", np.ones(1), RATE_HZ),
    "8 bits of silence": lambda: soundfile.write("x.wav", np.zeros(3 * RATE_HZ), RATE_HZ, "PCM_U8"),
    "not numbers": lambda: soundfile.write("x.wav", np.full(RATE_HZ, np.nan), RATE_HZ, "FLOAT"),
    "a fake": lambda: Path("x.wav").write_text("I am a sound, believe me.\n" * 99),
    "nothing": lambda: Path("x.wav").write_bytes(b""),
    "not there": lambda: None,
    "too long": lambda: soundfile.write("x.wav", np.zeros(660 * 4000, np.int16), 4000, format="FLAC"),
    "a header that promises hours": lambda: (
        soundfile.write("x.wav", tune(), RATE_HZ),
        damaged("x.wav", 40, b"\xff\xff\xff\x7e"),
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_sounds_of_no_use_are_refused_in_two_sentences(writer, capsys, what):
    HOSTILE[what]()
    said = refused(capsys, "audio", "--sound", "x.wav", "--out", "out.mp3")
    assert said.count(". ") == 1 and writer.calls == 0


@pytest.mark.parametrize(
    ("subtype", "ending"), [("PCM_U8", "wav"), ("PCM_24", "wav"), (None, "flac"), (None, "ogg"), (None, "mp3")]
)
def test_sounds_of_any_common_kind_are_heard(writer, subtype, ending):
    soundfile.write(f"x.{ending}", np.stack([tune(rate=44_100)] * 2, 1), 44_100, subtype)
    assert run("audio", "--sound", f"x.{ending}", "--out", "out.mid") == 0
    assert pitch_classes(writer.options.sound) == {9, 0, 4}


def test_music_without_a_note_is_refused(writer, capsys, monkeypatch):
    nothing = (Piece.empty().with_step(Piece.empty().score, {"pipeline": "audio", "options": {}}),)
    monkeypatch.setattr(
        sys.modules["pipelines.audio"], "audio", lambda piece, options: iter([Step(nothing, 1, 1, "seconds")])
    )
    assert "No notes" in refused(capsys, "audio", "--text", "calm", "--out", "out.mid")


REFUSALS = {
    "audio --out out.mp3": "neither words nor a sound",
    "audio --text calm --out out.mp3 --synthesis sung": "no way 'sung'",
    "audio --text calm --out out.mid --synthesis pure": "holds notes",
    "audio --text calm --out out.mp3 --from 1": "--sound",
    "audio --sound tune.wav --from 9 --out out.mp3": "lasts 6.0 seconds",
    "audio --lyrics gone.txt --out out.mp3": "cannot be opened",
    "audio --lyrics tune.wav --out out.mp3": "no text",
    "audio --text calm --seconds 9999 --out out.mp3": "2 to 300 seconds",
    "audio --text calm --follow 2 --out out.mp3": "out of range",
    "audio --text calm --pace lazy --out out.mp3": "slow, medium, fast",
    "audio --recipe r.json --tempo 90 --out out.mp3": "--recipe and --tempo",
    "audio --recipe r.json --sound tune.wav --out out.mp3": "--recipe and --sound",
    "audio --text calm --out out.xyz": "ending",
    "render in.mid out.wav --synthesis sung": "no way 'sung'",
    "render in.mid out.wav --synthesis pure --stems": "no stems",
}


@pytest.mark.parametrize("line", REFUSALS)
def test_what_cannot_be_done_is_said_in_two_sentences(writer, capsys, line):
    Path("r.json").write_text(json.dumps({"pipeline": "audio", "options": {}, "input": "", "checkpoint": {}}))
    assert REFUSALS[line] in refused(capsys, *line.split())
    assert writer.calls == 0
