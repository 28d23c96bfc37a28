"""A tune that is hummed or dropped as a sound on Harmonize and Compose; it is heard as the studio hears, toys write the rest."""

from __future__ import annotations

import base64
import io
import tomllib
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import streamlit as st

from music.bars import ticks_to_seconds
from pipelines.options.transcribe import TranscribeOptions
from studio.projects.history import history
from studio.projects.plain_values import controls_from_plain, controls_to_plain
from studio.projects.project import MAX_BYTES
from studio.widgets.checkpoints.forms import MAX_UPLOAD_MB
from studio.widgets.player import player as player_file
from studio.widgets.recorder import recorder as recorder_file
from studio.widgets.recording import GRIDS, HEARD_AS, PANEL, describe_request, heard_wave
from studio.widgets.start import MAX_SOUND_MB
from tests.pipelines.sounds import TUNE, a_hum, tune
from tests.studio.visitor import ROOT, control, press, small_midi, song_of, until_under_way, until_written

HARMONIZE = "studio/pages/harmonize.py"


def wav(samples, rate, subtype="PCM_16") -> bytes:
    data = io.BytesIO()
    soundfile.write(data, samples, rate, subtype, format="WAV")
    return data.getvalue()


@pytest.fixture(scope="module")
def hum() -> bytes:
    sound = a_hum()
    return wav(sound.samples, sound.rate_hz)


@pytest.fixture(autouse=True)
def browser(monkeypatch):
    """What the scripts of recorder and player would send; a button stands for each."""
    sent = SimpleNamespace(recording=None, edit=None, told={})

    def component(name):
        def show(*, key, data, **callbacks):
            sent.told[name] = data
            st.button(f"Send {name}", key=f"send {name} {key}", on_click=callbacks[f"on_{name}_change"])

        return lambda: show

    for name, file in {"recording": recorder_file, "edit": player_file}.items():
        monkeypatch.setattr(file, "_component", component(name))
        monkeypatch.setattr(file, "component_value", lambda key, what: getattr(sent, what, None))
    return sent


@pytest.fixture
def harmonize(compose):
    return compose.switch_page(HARMONIZE).run()


def drop(page, data, name="my hum.wav"):
    page.get("file_uploader")[0].upload(name, data, "audio/wav").run()
    assert not page.exception
    return until_written(page)


def record(page, browser, data, tempo=None):
    serial = browser.told["recording"]["answered"] + 1
    browser.recording = {"wav": base64.b64encode(data).decode(), "serial": serial, "tempo": tempo}
    return until_written(press(page, "Send recording"))


def pitches(piece):
    return [note.pitch for note in piece.score.tracks[0].notes]


def in_the_tune(piece):
    return [pitch + 12 for pitch in pitches(piece)] == [pitch for pitch, _ in TUNE]


def errors(page):
    return [each.value for each in page.error]


def test_a_dropped_hum_is_written_down_shown_over_its_sound_and_harmonized(harmonize, hum):
    drop(harmonize, hum)
    song = song_of(harmonize)
    assert in_the_tune(song.piece) and song.piece.title == "my hum" and song.take.detail == "my hum"
    assert [each.value for each in harmonize.info] == ["I hear one voice."]
    wave = heard_wave(song.piece, song.controls["transcribe sound"])
    notes = song.piece.score.tracks[0].notes.numpy()["time"]
    assert wave["name"] == "my hum.wav"
    assert ticks_to_seconds(song.piece.score, notes) + wave["begins_s"] == pytest.approx(
        [note.start_s for note in tune()], abs=0.1
    )
    (event,) = history(song.takes)[0].events
    assert event.words.startswith("wrote down my hum, one voice")
    melody = song.piece
    for name, value in {"seed": 1, "style": "bass"}.items():
        control(harmonize, f"harmonize {name}").set_value(value)
    until_written(press(harmonize.run(), "Harmonize"))
    assert len(song.takes) == 2 and song.take.before is melody and len(song.piece.score.tracks) == 2


def test_a_recording_is_written_down_once_and_again_in_another_way(harmonize, browser, hum):
    record(harmonize, browser, hum)
    harmonize.run()
    song = song_of(harmonize)
    assert len(song.takes) == 1 and in_the_tune(song.piece) and song.piece.title == "Recording"
    control(harmonize, "transcribe key").set_value("D minor")
    control(harmonize, "transcribe tempo_bpm").set_value(50)
    control(harmonize, "transcribe grid").set_value("none")
    until_written(press(harmonize.run(), "Write it down again"))
    asked = TranscribeOptions(key="D minor", tempo_bpm=50, grid="none", title="Recording")
    assert len(song.takes) == 2 and song.take.options == asked
    assert song.take.detail == "Recording · 50 BPM · D minor · as played"


def test_a_hummed_theme_is_the_sketch_of_a_song(compose, browser, hum):
    record(compose, browser, hum)
    song = song_of(compose)
    assert any("Sketch:" in each.value for each in compose.markdown) and in_the_tune(song.piece)
    assert [each.value for each in compose.info] == ["I hear one voice."]
    control(compose, "transcribe mode").set_value("hum")
    until_written(press(compose.run(), "Write it down again"))
    assert song.controls["compose sketch"] == [2, 0]
    theme = song.piece
    control(compose, "compose seed").set_value(1)
    until_written(press(compose.run(), "Compose"))
    assert song.take.before is theme and len(song.take.stages) == 4
    press(compose, "Remove")
    assert not any("Sketch:" in each.value for each in compose.markdown)


def mend(page, browser, **edits):
    """Sends edits of the notes that are shown."""
    data = browser.told["edit"]["edit"]
    browser.edit = {"piece": data["id"], "serial": data["answered"] + 1, "edits": edits}
    return press(page, "Send edit")


def test_wrong_notes_are_mended_over_the_sound_before_it_goes_on(harmonize, browser, hum):
    record(harmonize, browser, hum)
    song = song_of(harmonize)
    heard = song.piece
    assert browser.told["edit"]["pieces"][-1]["wave"]["name"] == "Recording.wav"
    assert any("Wrong ones?" in each.value for each in harmonize.caption)
    mend(harmonize, browser, removed=[[0, 1]])
    assert song.piece.note_count == heard.note_count - 1 and song.take.before is heard
    assert browser.told["edit"]["pieces"][-1]["wave"]["name"] == "Recording.wav"
    assert [recipe["pipeline"] for recipe in song.piece.history] == ["transcribe", "edit"]
    for name, value in {"seed": 1, "style": "bass"}.items():
        control(harmonize, f"harmonize {name}").set_value(value)
    until_written(press(harmonize.run(), "Harmonize"))
    assert [recipe["pipeline"] for recipe in song.piece.history] == ["transcribe", "edit", "harmonize"]
    assert song.piece.score.tracks[0].notes == song.takes[1].pieces[0].score.tracks[0].notes
    assert browser.told["edit"]["pieces"][-1]["wave"] is None  # other notes stand over it by now


def test_a_mended_theme_is_the_sketch_and_its_words_begin_no_other_song(compose, browser, hum):
    record(compose, browser, hum)
    song = song_of(compose)
    mend(compose, browser, removed=[[0, 0]])
    assert song.controls["compose sketch"] == [2, 0]
    control(compose, "compose seed").set_value(1)
    until_written(press(compose.run(), "Compose"))
    assert song_of(compose) is song and song.take.before is song.takes[1].pieces[0]


def test_a_tune_that_was_counted_in_is_written_at_that_tempo(harmonize, browser, hum):
    record(harmonize, browser, hum, tempo=90)
    song = song_of(harmonize)
    assert song.take.options.tempo_bpm == 90 and song.piece.score.tempos[0].qpm == pytest.approx(90)
    record(harmonize, browser, hum)
    assert len(song.takes) == 2


@pytest.mark.parametrize("message", [{}, 7, {"wav": "no base64!"}, {"wav": 1, "serial": "x", "tempo": float("nan")}])
def test_what_is_no_recording_is_refused_in_two_sentences(harmonize, browser, message):
    browser.recording = message
    press(harmonize, "Send recording")
    (said,) = errors(harmonize)
    assert said.count(". ") >= 1 and not song_of(harmonize).takes


def test_a_hum_of_harmonize_is_no_sketch_until_it_is_made_one(harmonize, hum):
    drop(harmonize, hum)
    harmonize.switch_page("studio/pages/compose.py").run()
    assert not any("Sketch:" in each.value for each in harmonize.markdown)
    press(harmonize, "Use the current song as the sketch")
    assert any("Sketch:" in each.value for each in harmonize.markdown)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("silence.wav", wav(np.zeros(22_050), 22_050), "Nothing is heard in this sound."),
        ("film.wav", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(4000), "film.wav is"),
        ("nan.wav", wav(np.full(22_050, np.nan), 22_050, "FLOAT"), "samples that are not numbers"),
        ("hour.flac", None, "lasts longer than 10 minutes"),
        ("tune.wav", small_midi(), "tune.wav is a MIDI file, not a sound"),
        ("short.wav", wav(np.ones(1), 22_050), "shorter than 0.1 s"),
    ],
)
@pytest.mark.parametrize("page", [HARMONIZE, "studio/pages/compose.py"])
def test_what_is_no_tune_is_refused_in_two_sentences(compose, page, name, data, words):
    if data is None:
        sound = io.BytesIO()
        soundfile.write(sound, np.zeros(3600 * 4000, np.int16), 4000, format="FLAC")
        data = sound.getvalue()
    compose.switch_page(page).run()
    drop(compose, data, name)
    (said,) = errors(compose)
    assert words in said and said.count(". ") >= 1 and not song_of(compose).takes
    drop(compose, small_midi(), "waltz.mid")
    assert not errors(compose) and song_of(compose).piece.note_count == 6


def test_noise_without_notes_is_told_of_and_can_be_heard_in_another_way(harmonize):
    rng = np.random.default_rng(1)
    drop(harmonize, wav(0.02 * rng.standard_normal(22_050), 22_050), "noise.wav")
    assert "No notes are heard in this sound." in errors(harmonize)[0] and not song_of(harmonize).takes
    control(harmonize, "transcribe mode").set_value("many")
    until_written(press(harmonize.run(), "Write it down again"))
    assert "No notes are heard in this sound." in errors(harmonize)[0]


def test_writing_down_can_be_stopped(harmonize, hum):
    samples, rate = soundfile.read(io.BytesIO(hum))
    long = wav(np.tile(samples, (80, 1)), rate)  # some nine minutes
    harmonize.get("file_uploader")[0].upload("long.wav", long, "audio/wav").run()
    until_under_way(harmonize)
    press(harmonize, "Stop and keep")
    until_written(harmonize)
    assert not harmonize.exception and not errors(harmonize)


def test_a_busy_studio_says_so(harmonize, hum, monkeypatch):
    from studio import jobs

    monkeypatch.setattr(jobs, "MAX_OWN", jobs.MAX_OWN | {"model": 0})
    drop(harmonize, hum)
    assert "under way already" in errors(harmonize)[0]
    monkeypatch.undo()


def test_the_outline_is_kept_with_the_song_and_damage_is_left_out(harmonize, hum):
    drop(harmonize, hum)
    song = song_of(harmonize)
    kept = song.controls["transcribe sound"]
    assert controls_from_plain(controls_to_plain(song.controls))["transcribe sound"] == kept
    for damaged in (None, 7, {}, {**kept, "outline": {}}, {**kept, "input": "x"}):
        song.controls["transcribe sound"] = damaged
        assert heard_wave(song.piece, damaged) is None and not harmonize.run().exception


def test_the_server_takes_as_much_as_uploaders_promise():
    server = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["server"]
    assert server["maxUploadSize"] >= max(MAX_SOUND_MB, MAX_UPLOAD_MB, MAX_BYTES // 2**20)


def test_pages_know_each_choice():
    assert {*PANEL.words} <= {field.name for field in fields(TranscribeOptions)}
    assert describe_request(TranscribeOptions(title="a", mode="hum")) == "a · one voice"
    assert {TranscribeOptions(mode=mode).mode for mode in HEARD_AS} == {*HEARD_AS}
    assert {TranscribeOptions(grid=grid).grid for grid in GRIDS} == {*GRIDS}
