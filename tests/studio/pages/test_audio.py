"""The Audio page as a visitor uses it: a sound, words or both, and what comes of them."""

from __future__ import annotations

import io
from dataclasses import fields

import numpy as np
import pytest
import soundfile

from music.audio.features import from_text
from pipelines.options.audio import AudioOptions
from pipelines.wording.reading import read_words
from studio.projects.plain_values import controls_from_plain, controls_to_plain
from studio.widgets.audio.controls import PANEL, PRESETS
from studio.widgets.audio.words import said_by
from studio.widgets.options_panel import ON_PAGES
from tests.studio.toy_verbs import SILENT, UNTIL_STOPPED
from tests.studio.visitor import control, press, song_of, until_under_way, until_written

AUDIO = "studio/pages/audio.py"


def wav(*tones_hz: float, seconds: float = 6.0, amplitude: float = 0.3) -> bytes:
    """Returns tones one after another, two each second, as a file."""
    rate = 22_050
    at = np.arange(round(seconds * rate))
    hertz = np.array(tones_hz)[(at // (rate // 2)) % len(tones_hz)]
    sound = amplitude * np.exp(-(at % (rate // 2)) / (0.3 * rate)) * np.sin(2 * np.pi * np.cumsum(hertz) / rate)
    data = io.BytesIO()
    soundfile.write(data, sound.astype(np.float32), rate, format="WAV")
    return data.getvalue()


A_MINOR = (220.0, 261.6, 329.6, 440.0)


@pytest.fixture
def audio(compose):
    """The Audio page, with a worker that writes scales and hears as the real one does."""
    return compose.switch_page(AUDIO).run()


def drop(page, data=None, name="tune.wav"):
    control(page, "audio start").set_value("drop").run()
    page.get("file_uploader")[0].upload(name, data or wav(*A_MINOR), "audio/wav").run()
    assert not page.exception
    return page


def say(page, text):
    next(area for area in page.text_area if area.label == "In words").set_value(text).run()
    assert not page.exception
    return page


def make(page, **values):
    for name, value in {"seed": 1, **values}.items():
        control(page, f"audio {name}").set_value(value)
    page.run()
    return until_written(press(page, "Make music"))


def chips(page):
    """Returns what is shown as understood, and which of it counts."""
    found = [group for group in page.get("button_group") if group.label == "Understood"]
    return (found[0].options, found[0].value) if found else ([], [])


def labels(page):
    kinds = ("slider", "number_input", "selectbox", "button_group", "text_area")
    return {widget.label for kind in kinds for widget in page.get(kind)}


def pitch_classes(sound):
    return set(from_text(sound).chroma.mean(0).argsort()[-3:].tolist())


def test_a_new_visitor_sees_three_ways_to_begin_and_examples(audio):
    assert control(audio, "audio start").options == ["Record", "Drop a sound", "Only words"]
    assert any("What shall it sound like" in each.value for each in audio.markdown)
    assert {button.label for button in audio.button} >= {*PRESETS, "Make music"}
    assert "How near to the sound" not in labels(audio)  # there is none


def test_untouched_controls_give_the_options_own_defaults(audio):
    options = song_of(until_written(press(say(audio, "calm"), "Make music"))).take.options
    assert options == AudioOptions(text="calm", seed=options.seed, variants=ON_PAGES["variants"])


def test_each_control_sets_its_option(audio):
    values = {
        "pace": "slow", "loudness": "soft", "brightness": "bright", "density": "dense", "mode": "minor", "seconds": 5.0,
        "time_signature": "3/4", "temperature": 0.5, "variants": 3, "seed": 7,
    }  # fmt: skip
    say(audio, "a sea")
    options = song_of(make(audio, **values, instruments=["String Ensemble 1", "Drums"])).take.options
    assert options == AudioOptions(**values, text="a sea", instruments=("String Ensemble 1",), drums=True)
    control(audio, "audio tempo_bpm").set_value(90)
    control(audio, "audio key").set_value("C minor")
    assert not {"Tempo", "Mode"} & labels(audio.run())  # a number and a key say more than these words
    options = song_of(make(audio)).take.options
    assert (options.tempo_bpm, options.pace, options.key, options.mode) == (90, None, "C minor", None)


def test_panel_names_options_only():
    assert {*PANEL.words} <= {field.name for field in fields(AudioOptions)}


def test_examples_are_understood_and_leave_the_sound(audio):
    drop(audio)
    for name, preset in PRESETS.items():
        press(audio, name)
        assert kept_sound_of(audio) is not None
        assert chips(audio)[0] and len(chips(audio)[1]) == len(chips(audio)[0])
        assert song_of(audio).controls["audio text"] == preset["text"]


def kept_sound_of(page):
    return song_of(page).controls.get("audio sound drop")


def test_nothing_is_made_of_nothing(audio):
    press(audio, "Make music")
    assert "neither words nor a sound" in audio.error[0].value and song_of(audio).writing is None


def test_words_are_shown_as_understood_can_be_taken_away_and_come_back(audio):
    say(audio, "a leisurely gloomy piano, loud")
    shown, counted = chips(audio)
    assert any("Dark" in chip and "gloomy" in chip for chip in shown) and "Loud" in shown and len(shown) == len(counted)
    group = next(each for each in audio.get("button_group") if each.label == "Understood")
    group.set_value([name for name in group.value if name != "loudness"]).run()
    assert "loudness" not in chips(audio)[1] and "Loud" in chips(audio)[0]
    assert "loudness" in song_of(make(audio)).take.options.ignore
    say(audio, "a leisurely gloomy piano, soft")  # another thing is said of it
    assert "loudness" in chips(audio)[1]
    assert song_of(make(audio)).take.options.ignore == ()


def test_a_tapped_word_wins(audio):
    say(audio, "slow, loud, in C major, with drums")
    assert {"Loud", "C major", "Drums"} <= set(chips(audio)[0])
    control(audio, "audio loudness").set_value("soft")
    control(audio, "audio pace").set_value("fast")
    control(audio, "audio mode").set_value("minor").run()
    assert chips(audio)[0] == ["Drums"]
    options = song_of(make(audio)).take.options
    assert (options.loudness, options.pace, options.mode) == ("soft", "fast", "minor")
    assert {"loudness", "tempo", "key"} <= set(options.ignore)


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        ("at 90 bpm", {"tempo": "90 BPM"}),
        ("in D minor", {"key": "D minor"}),
        ("in 3/4", {"time_signature": "3/4"}),
        ("violin and flute", {"instruments": "Violin, Flute"}),
        ("no drums", {"drums": "No drums"}),
        ("medium loudness", {"loudness": "Medium loudness"}),
        ("", {}),
    ],
)
def test_chips_say_what_was_understood(text, chip):
    said = said_by(read_words(text))
    assert {name: said[name] for name in chip} == chip and (chip or not said)


def test_what_was_typed_is_shown_letter_by_letter(audio):
    say(audio, "*gloomy* :red[piano]")
    assert not any("*" in chip.replace("\\*", "") or "[" in chip.replace("\\[", "") for chip in chips(audio)[0])


def test_a_dropped_sound_is_heard_at_once_and_followed(audio):
    drop(audio)
    kept = kept_sound_of(audio)
    assert kept["name"] == "tune.wav" and any("tune.wav" in each.value for each in audio.markdown)
    facts = next(each.value for each in audio.markdown if "LUFS" in each.value)
    assert "120 BPM" in facts or "60 BPM" in facts or "no clear pulse" in facts
    assert "How near to the sound" in labels(audio)
    control(audio, "audio follow").set_value(0.9)
    options = song_of(make(audio)).take.options
    assert pitch_classes(options.sound) == {9, 0, 4} and options.follow == 0.9 and options.sound_name == "tune"


def test_the_visitor_chooses_which_four_seconds_are_heard(audio):
    first, second = wav(*A_MINOR), wav(293.7, 370.0, 440.0, 587.3, amplitude=0.1)  # a softer D major
    samples = np.concatenate([soundfile.read(io.BytesIO(each))[0] for each in (first, second)])
    data = io.BytesIO()
    soundfile.write(data, samples, 22_050, format="FLAC")
    drop(audio, data.getvalue(), "both.flac")
    assert pitch_classes(kept_sound_of(audio)["options"]["sound"]) == {9, 0, 4}  # the loudest
    slider = control(audio, "audio from drop")
    assert slider.max == pytest.approx(12 - 4.04, abs=0.1)
    slider.set_value(7.5).run()
    assert pitch_classes(kept_sound_of(audio)["options"]["sound"]) == {2, 6, 9}
    assert pitch_classes(song_of(make(audio)).take.options.sound) == {2, 6, 9}


def test_a_short_sound_has_nothing_to_choose(audio):
    drop(audio, wav(*A_MINOR, seconds=2))
    assert "Heard from second" not in labels(audio) and kept_sound_of(audio)["clip"]["seconds"] == 2


def test_a_recording_is_followed_too_and_each_way_to_begin_keeps_its_sound(audio):
    drop(audio)
    control(audio, "audio start").set_value("record").run()
    audio.get("audio_input")[0].upload("recorded.wav", wav(293.7, 370.0, 440.0), "audio/wav").run()
    assert pitch_classes(song_of(make(audio)).take.options.sound) == {2, 6, 9}
    control(audio, "audio start").set_value("drop").run()
    assert pitch_classes(song_of(make(audio)).take.options.sound) == {9, 0, 4}
    control(audio, "audio start").set_value("words").run()
    say(audio, "calm")
    assert song_of(make(audio)).take.options.sound == ""


def test_a_sound_of_no_use_is_refused_in_words_and_another_one_heard(audio):
    drop(audio, wav(*A_MINOR, amplitude=0.0), "silence.wav")
    assert "Nothing is heard" in audio.error[0].value and kept_sound_of(audio) is None
    assert "How near to the sound" not in labels(audio.run())
    drop(audio)
    assert not audio.error and kept_sound_of(audio)


def test_a_sound_can_be_taken_away(audio):
    drop(audio)
    audio.get("file_uploader")[0].clear().run()
    assert not audio.exception and kept_sound_of(audio) is None
    drop(audio)
    audio.switch_page("studio/pages/generate.py").run()
    audio.switch_page(AUDIO).run()
    assert kept_sound_of(audio)  # though the uploader shows nothing any more
    press(audio, "Remove")
    assert kept_sound_of(audio) is None


def test_the_sound_outlives_the_page_with_its_song(audio):
    drop(audio)
    plain = controls_to_plain(song_of(audio).controls)
    again = controls_from_plain(plain)
    assert again["audio sound drop"] == kept_sound_of(audio)
    assert again["audio start"] == "drop"


@pytest.mark.parametrize(
    "damage",
    [
        {"options": {"sound": "abc"}},
        {"options": {"colour": 1}},
        {"outline": {}},
        {"clip": None},
        {"start": "x"},
    ],
)
def test_a_damaged_sound_in_a_song_is_left_out(audio, damage):
    drop(audio)
    song = song_of(audio)
    song.controls["audio sound drop"] = {**song.controls["audio sound drop"], **damage}
    audio.switch_page("studio/pages/generate.py").run()
    audio.switch_page(AUDIO).run()
    assert not audio.exception and "How near to the sound" not in labels(audio)


def test_how_notes_become_sound_is_chosen_for_player_and_files(audio, offered):
    make(drop(audio))
    ways = next(each for each in audio.get("button_group") if each.label == "Sound" and "Pure" in each.options)
    assert ways.options == ["Played", "Pure", "Original method"] and ways.value == "played"

    assert {"MIDI", "MP3", "WAV", "Stems", "Recipe"} <= set(offered())
    ways.set_value("pure").run()
    assert not audio.exception and {"MP3", "WAV"} <= set(offered()) and "Stems" not in offered()


def test_music_of_another_page_has_no_choice_of_sound(audio):
    make(say(audio, "calm"))
    audio.switch_page("studio/pages/generate.py").run()
    control(audio, "bars").set_value(2)
    until_written(press(audio.run(), "Generate"))
    audio.switch_page(AUDIO).run()
    assert not any("Pure" in each.options for each in audio.get("button_group"))


@pytest.mark.parametrize(
    ("label", "title"), [("Open in Compose", "Compose"), ("Open in Remix", "Remix"), ("Open in Harmonize", "Harmonize")]
)
def test_the_music_goes_on_to_other_pages(audio, label, title):
    make(say(audio, "calm"))
    take = song_of(audio).take
    press(audio, label)
    assert any(button.label == title for button in audio.button) and song_of(audio).take is take
    if title == "Compose":
        assert song_of(audio).controls["compose sketch"] == [take.number, 0]


def test_stop_keeps_what_is_there(audio):
    say(audio, "calm")
    control(audio, "audio seed").set_value(UNTIL_STOPPED)
    control(audio, "audio seconds").set_value(8.0)
    until_under_way(press(audio.run(), "Make music"))
    until_written(press(audio, "Stop and keep"))
    song = song_of(audio)
    assert 0 < song.piece.note_count < 8 and song.take.options.text == "calm"


def test_music_without_a_note_is_told_of(audio):
    make(say(audio, "calm"), seed=SILENT)
    assert "No notes came of this" in audio.error[0].value and not song_of(audio).takes


def test_what_went_wrong_is_said(audio):
    make(say(audio, "calm"), seed=13)
    assert "bad luck" in audio.error[0].value
