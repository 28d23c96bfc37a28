"""``python -m pipelines transcribe``: a sound file to MIDI, and what it says of files that are none."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from music.audio.encoding import encode
from music.files.midi import read_midi
from pipelines.__main__ import main
from tests.pipelines.sounds import TUNE, a_hum


@pytest.fixture
def hum(tmp_path):
    path = tmp_path / "On the stairs.wav"
    path.write_bytes(encode(a_hum(), "wav"))
    return path


def transcribe(*arguments, capsys) -> tuple[int, str]:
    code = main(["transcribe", *map(str, arguments)])
    return code, capsys.readouterr().err


def test_a_sound_file_becomes_midi_with_a_recipe_that_makes_it_again(hum, tmp_path, capsys):
    out, again = tmp_path / "tune.mid", tmp_path / "again.mid"
    code, said = transcribe(hum, "--out", out, "--tempo", 100, "--key", "G", capsys=capsys)
    assert code == 0 and "I hear one voice." in said
    piece = read_midi(out)
    assert piece.title == "On the stairs" and piece.note_count == len(TUNE)
    recipe = json.loads((tmp_path / "tune.recipe.json").read_text())
    assert recipe["options"]["tempo_bpm"] == 100 and recipe["options"]["key"] == "G"
    assert transcribe(hum, "--out", again, "--recipe", tmp_path / "tune.recipe.json", capsys=capsys)[0] == 0
    assert again.read_bytes() == out.read_bytes()


def test_a_recipe_of_another_recording_or_beside_settings_is_refused(hum, tmp_path, capsys):
    transcribe(hum, "--out", tmp_path / "tune.mid", capsys=capsys)
    other, recipe = tmp_path / "other.flac", tmp_path / "tune.recipe.json"
    other.write_bytes(encode(a_hum("high"), "flac"))
    code, said = transcribe(other, "--out", tmp_path / "x.mid", "--recipe", recipe, capsys=capsys)
    assert code == 2 and "made from another recording" in said
    code, said = transcribe(hum, "--out", tmp_path / "x.mid", "--recipe", recipe, "--grid", "1/8", capsys=capsys)
    assert code == 2 and "cannot go together" in said
    assert not (tmp_path / "x.mid").exists()


def test_eight_bits_are_enough(tmp_path, capsys):
    path = tmp_path / "old.wav"
    soundfile.write(path, a_hum().samples, 22_050, subtype="PCM_U8")
    assert transcribe(path, "--out", tmp_path / "tune.mid", capsys=capsys)[0] == 0
    assert read_midi(tmp_path / "tune.mid").note_count == len(TUNE)


def _hour(path):
    with soundfile.SoundFile(path, "w", 8_000, 1, format="FLAC") as file:
        for _ in range(61):
            file.write(np.zeros(60 * 8_000))


BAD = {
    "an hour": ("long.flac", _hour),
    "a video": ("clip.mp4", lambda path: path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(64))),
    "no sound": ("notes.wav", lambda path: path.write_text("do re mi")),
    "empty": ("empty.wav", lambda path: path.write_bytes(b"")),
    "one sample": ("click.wav", lambda path: soundfile.write(path, np.ones(1), 22_050)),
    "silence": ("silence.wav", lambda path: soundfile.write(path, np.zeros(22_050), 22_050)),
    "not numbers": ("nan.wav", lambda path: soundfile.write(path, np.full(22_050, np.nan), 22_050, subtype="FLOAT")),
    "missing": ("gone.wav", lambda path: None),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_heard_is_refused_in_two_sentences(kind, tmp_path, capsys):
    name, write = BAD[kind]
    write(tmp_path / name)
    code, said = transcribe(tmp_path / name, "--out", tmp_path / "tune.mid", capsys=capsys)
    assert code == 2 and said.count(". ") == 1 and said.rstrip().endswith("."), said
    assert not (tmp_path / "tune.mid").exists()
