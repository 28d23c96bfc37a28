"""The words of a song, the chips that stand for what was understood of them, and a sketch beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from music.clock import clock
from music.instruments import parse_instrument
from music.piece import Piece
from pipelines.prompt.understand import understand
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song
from studio.projects.plain_values import controls_from_plain, controls_to_plain
from studio.widgets.compose.prompt_field import EXAMPLES, TEXT, marks
from studio.widgets.compose.stage_options import describe_changes
from studio.widgets.compose.wish_table import COMMON
from tests.studio.pages.composing import SENTENCE, captions, chips, composed, key_press, say, set_chip
from tests.studio.pages.test_compose_words import LYRICS
from tests.studio.visitor import control, press, small_midi, song_of, until_written


def test_chips_follow_the_words(compose):
    say(compose, SENTENCE)
    assert {"0:15", "68 BPM", "3/4", "Dark", "Strings, Piano"} <= set(chips(compose))
    say(compose, "a fast jazz tune in D minor, AABA, no drums, 2 minutes")
    assert {"2:00", "144 BPM", "D minor", "AABA", "Jazz", "No drums", ":gray[Mood]"} <= set(chips(compose))
    assert control(compose, "compose key").value == "D minor"
    say(compose, "no bass, no brass, no guitar")
    assert "No bass, brass, guitar" in chips(compose)


def test_a_chip_set_by_hand_stays_until_it_is_given_back(compose):
    set_chip(say(compose, SENTENCE), "tempo_bpm", 90)
    say(compose, "a fast tune")
    assert "90 BPM :material/keep:" in chips(compose)
    key_press(compose, "give back tempo_bpm")
    assert "144 BPM" in chips(compose)
    set_chip(compose, "genre", "jazz")
    set_chip(compose, "moods", ["calm", "dark"])
    press(compose, "Reset")
    assert {"144 BPM", ":gray[Genre]", ":gray[Mood]"} <= set(chips(compose))


def test_a_chip_can_be_left_open(compose):
    key_press(say(compose, SENTENCE), "open instruments")
    assert ":gray[Instruments] :material/keep:" in chips(compose)
    song = song_of(composed(compose))
    assert song.take.options.brief.instruments == ()


def test_each_chip_sets_its_wish(compose):
    values = {
        "seconds": 20, "tempo_bpm": 100, "key": "minor", "time_signature": "6/8", "form": "loop", "genre": "folk",
        "moods": ["calm"], "instruments": ["Violin", "Acoustic Guitar (steel)"], "without": ["Drums"], "style": "piano",
        "texture": "choir", "words": "the sea", "lyrics": LYRICS, "intro_bars": 2, "outro_bars": 1, "pickup": True,
        "course": ["louder", "denser"], "ending": "fade out",
    }  # fmt: skip
    typed = {"swing": "straight", "drop": "bar 5", "entries": "guitar 3"}
    for name, value in (values | typed).items():
        set_chip(compose, name, value)
    assert {"Straight eighths", "2-bar intro", "Drop at bar 5", "Later: guitar 3"} <= {
        chip.removesuffix(" :material/keep:") for chip in chips(compose)
    }
    plain = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name != "key"
    }
    brief = song_of(composed(compose, text="", seed=5)).take.options.brief
    meant = {"swing": False, "drop_bar": 5, "entries": (("guitar", 3),)}
    assert brief == Brief(**plain | meant, mode="minor", seed=5)


def test_a_number_of_bars_says_how_long_the_song_is(compose):
    set_chip(say(compose, "a tune at 120 BPM, 20 seconds"), "bars", 16)
    assert ":gray[0:34]" in chips(compose)  # as long as it will be
    song = song_of(composed(compose, text="a tune at 120 BPM, 20 seconds"))
    assert song.take.options.brief.seconds == pytest.approx(34)
    say(compose, "another")
    press(compose, "Use the words of Take 1")
    assert song.controls["compose by hand"] == {"bars": 16}  # so that another number is heeded too
    set_chip(say(compose, "a tune of 8 bars"), "tempo_bpm", 60)
    assert song.controls["compose by hand"] == {"bars": 16, "tempo_bpm": 60}
    set_chip(compose, "seconds", 40)
    assert "0:40 :material/keep:" in chips(compose) and ":gray[Bars]" in chips(compose)  # which could not both be had
    key_press(compose, "give back seconds")
    assert {"0:36", "8 bars"} <= set(chips(compose))


def test_how_a_song_goes_survives_a_reload_and_can_be_given_back(compose):
    set_chip(say(compose, "a tune with an 8-bar intro"), "intro_bars", None)
    assert ":gray[Intro] :material/keep:" in chips(compose)
    key_press(compose, "give back intro_bars")
    assert "8-bar intro" in chips(compose)
    values = {
        "drop": "bar 5",
        "entries": "guitar 3",
        "swing": "straight",
        "pickup": True,
        "course": ["louder"],
        "bars": 9,
    }
    for name, value in values.items():
        set_chip(compose, name, value)
    kept = controls_to_plain(song_of(compose).controls)
    assert controls_from_plain(kept)["compose by hand"] == values


def test_a_form_in_letters_stands_on_its_chip(compose):
    assert "ABAC" in chips(say(compose, "ABAC, half a minute"))
    assert song_of(composed(compose, "ABAC, half a minute")).take.options.stages[0].options.sections == ("A", "B", "C")


def test_words_that_were_not_understood_are_named_and_notes_are_shown(compose):
    say(compose, "a waltz for paino with much frobnication")
    assert any("Not understood" in m.value and "frobnication" in m.value for m in compose.markdown)
    assert any("3/4" in caption and "piano" in caption for caption in captions(compose))


def test_wishes_that_contradict_each_other_are_refused_in_words(compose):
    set_chip(set_chip(compose, "instruments", ["Violin"]), "without", ["Violin"])
    assert [each.value for each in compose.error] == [
        "Violin is both asked for and excluded. Remove it from one of the two."
    ]
    press(compose, "Compose")
    assert song_of(compose).writing is None and len(compose.error) == 1


def test_who_is_set_by_hand_to_play_need_not_be_taken_out_of_the_words(compose):
    set_chip(say(compose, "a rock song without drums"), "instruments", ["Electric Guitar (clean)", "Drums"])
    assert not compose.error and ":gray[Without]" in chips(compose)


def test_a_sketch_goes_along_into_another_song(compose):
    first = song_of(composed(compose))
    sketch = first.piece
    press(compose, "Use the current song as the sketch")
    song = song_of(composed(compose, "a rock song, 20 seconds", seed=2))
    assert song is not first and song.take.before is sketch and len(first.takes) == 1
    assert any("Sketch:" in m.value for m in compose.markdown)


def test_words_and_chips_follow_the_take(compose):
    song = song_of(composed(compose))
    set_chip(compose, "tempo_bpm", 80)
    until_written(press(compose, "Compose"))
    press(compose, "Undo")
    assert "68 BPM" in chips(compose) and song.controls[TEXT] == SENTENCE
    press(compose, "Redo")
    assert any("80 BPM" in chip for chip in chips(compose))
    say(compose, "a happy folk dance")
    press(compose, "Undo")
    assert song.controls[TEXT] == "a happy folk dance"  # what is being written is not taken away
    press(compose, "Use the words of Take 1")
    assert song.controls[TEXT] == SENTENCE and "68 BPM" in chips(compose)


def test_a_chip_that_is_not_in_the_song_yet_is_named_and_a_re_roll_takes_it(compose):
    song = song_of(composed(compose, "a tune in G major, 20 seconds"))
    set_chip(compose, "key", "A minor")
    assert "Not in Take 1 yet: Key. Re-roll Theme, or compose another take." in captions(compose)
    until_written(key_press(compose, "re-roll 1 3"))
    assert song.take.options.stages[0].options.key == "G major"
    until_written(key_press(compose, "re-roll 2 0"))
    assert song.take.options.stages[0].options.key == song.take.options.brief.key == "A minor"
    assert song.take.detail == "Theme re-rolled, key: A minor"
    assert not any(caption.startswith("Not in") for caption in captions(compose))


def test_a_file_is_the_sketch_until_it_is_removed(compose):
    compose.file_uploader[0].upload("waltz.mid", small_midi(), "audio/midi").run()
    assert not compose.exception and any("Sketch:" in m.value and "waltz" in m.value for m in compose.markdown)
    song = song_of(composed(compose, text="15 seconds"))
    assert song.take.before is song.takes[0].pieces[0]
    assert song.take.options.stages[0].options.time_signature == "3/4"
    press(compose, "Remove")
    press(compose, "Use the current song as the sketch")
    composed(compose, text="15 seconds", seed=2)
    assert song.take.before is song.takes[1].pieces[0]


def test_what_was_mended_in_a_sketch_is_said(compose):
    compose.file_uploader[0].upload("waltz.mid", small_midi()[:-12], "audio/midi").run()
    assert len(compose.warning) == 1 and "too early" in compose.warning[0].value


def test_a_bad_file_is_refused_in_words(compose):
    compose.file_uploader[0].upload("bad.mid", b"MThd, or so it says", "audio/midi").run()
    assert not compose.exception and len(compose.error) == 1 and song_of(compose).take is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_understood_in_full_and_can_be_planned(compose, name):
    understood = understand(EXAMPLES[name])
    assert not understood.unknown and plan_song(understood.brief, Piece.empty()).stages
    next(button for button in compose.button if button.key == f"try {name}").click()
    compose.run()
    assert song_of(compose).controls[TEXT] == EXAMPLES[name] and clock(understood.brief.seconds) in chips(compose)


def test_marks_stand_on_the_words():
    text = "Blorp, a slow waltz, blorp!"
    found = [(text[start:end], kind) for start, end, kind in marks(text, understand(text))]
    assert found == [("Blorp", "unknown"), ("slow", "known"), ("waltz", "known"), ("blorp", "unknown")]


@given(some.text(max_size=80))
def test_marks_lie_in_the_text_one_after_the_other(text):
    found = marks(text, understand(text))
    assert all(0 <= start < end <= len(text) for start, end, _ in found)
    assert all(a[1] <= b[0] for a, b in zip(found, found[1:]) if a[:2] != b[:2])


def test_short_names_of_instruments_mean_what_they_stand_for():
    assert all(parse_instrument(name) == program for program, name in COMMON.items())


def test_changes_in_words():
    assert (
        describe_changes({"fills": False, "amount": 45.0, "form": ("A", "B"), "seed": 7})
        == "fills off, amount 45, form A B, seed 7"
    )


def test_a_chip_that_was_set_by_hand_and_given_back_is_another_field_for_the_browser(compose):
    page = say(compose, "a waltz at 90 bpm")
    first = control(page, "compose tempo_bpm").key
    assert control(set_chip(page, "tempo_bpm", 120), "compose tempo_bpm").key == first  # still the one that is typed in
    key_press(page, "reset wishes")
    given_back = control(page, "compose tempo_bpm")
    assert given_back.key != first and given_back.value == 90  # the browser would send 120 of the old one again
    said_anew = control(say(page, "a waltz at 100 bpm"), "compose tempo_bpm")
    assert said_anew.key not in (first, given_back.key) and said_anew.value == 100
