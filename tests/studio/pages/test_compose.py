"""The Compose page as a visitor uses it; the toy worker writes a song of a note a beat, stage by stage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from music.clock import clock
from music.files.midi import read_midi
from music.form import with_sections
from music.instruments import parse_instrument
from music.piece import Piece
from music.roll.picture import picture
from pipelines.descriptors.stages import STAGES
from pipelines.prompt.understand import understand
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan
from pipelines.song.planning import plan_song
from studio import jobs, songs
from studio.projects.plain_values import controls_from_plain
from studio.widgets import sampling
from studio.widgets.compose.prompt_field import EXAMPLES, TEXT, marks
from studio.widgets.compose.stage_labels import finished
from studio.widgets.compose.stage_options import describe_changes
from studio.widgets.compose.wish_table import COMMON
from tests.studio.toy_verbs import UNTIL_STOPPED
from tests.studio.visitor import ROOT, control, press, small_midi, song_of, until_under_way, until_written
from tests.waiting import PATIENCE_S, until_shown

SENTENCE = "a slow, dark waltz for strings and piano, AABA, 15 seconds"


def say(page, text):
    """Returns the page once this text stands in the field."""
    song_of(page).controls[TEXT] = text
    page.run()
    assert not page.exception
    return page


def set_chip(page, name, value):
    """Returns the page once this chip was set by hand."""
    control(page, f"compose {name}").set_value(value)
    page.run()
    assert not page.exception
    return page


def chips(page):
    """Returns what stands on the chips."""
    return [block.proto.popover.label.replace("\\", "") for block in page.get("popover")]


def composed(page, text=SENTENCE, seed=1):
    """Returns the page once a song is there that this sentence asks for."""
    control(page, "compose seed").set_value(seed)
    return until_written(press(say(page, text), "Compose"))


def key_press(page, key):
    """Returns the page after a press of the button with this key."""
    next(button for button in page.button if button.key == key).click()
    page.run()
    assert not page.exception
    return page


def captions(page):
    return [each.value for each in page.caption]


def test_the_first_page_says_what_to_do(compose):
    assert not compose.exception and any("What shall we compose?" in m.value for m in compose.markdown)
    assert {button.label for button in compose.button} >= {*EXAMPLES, "Compose"}
    planned = [each for each in STAGES.values() if not each.by_hand]
    assert all(any(each.title in m.value for m in compose.markdown) for each in planned)


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
    typed = {"swing": "straight", "drop": "bar 5", "entries": "drums 3"}
    for name, value in (values | typed).items():
        set_chip(compose, name, value)
    assert {"Straight eighths", "2-bar intro", "Drop at bar 5", "Later: drums 3"} <= {
        chip.removesuffix(" :material/keep:") for chip in chips(compose)
    }
    plain = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name != "key"
    }
    set_chip(compose, "without", [])
    brief = song_of(composed(compose, text="", seed=5)).take.options.brief
    meant = {"swing": False, "drop_bar": 5, "entries": (("drums", 3),), "without": ()}
    assert brief == Brief(**plain | meant, mode="minor", seed=5)


def test_a_number_of_bars_says_how_long_the_song_is(compose):
    set_chip(say(compose, "a tune at 120 BPM"), "bars", 16)
    assert song_of(composed(compose, text="a tune at 120 BPM")).take.options.brief.seconds == pytest.approx(34)


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


def test_compose_makes_a_take_with_its_stages(compose):
    song = song_of(composed(compose))
    take = song.take
    assert isinstance(take.options, Plan) and take.options.brief.text == SENTENCE == take.detail
    assert [piece.history[-1]["pipeline"] for piece in take.stages] == ["theme", "sections", "harmony", "mix"]
    assert take.pieces == (take.stages[-1],) and take.before is None
    lines = captions(compose)
    assert any("2 themes of" in line and "Strings" in line for line in lines)
    assert any("A A" in line and "bars" in line for line in lines)
    assert any(line.startswith("Piano ·") for line in lines)


def test_re_roll_passes_the_stages_before_it_and_the_others_follow(compose, monkeypatch):
    monkeypatch.setattr(sampling, "drawn_seed", lambda: 5)
    song = song_of(composed(compose))
    first = song.take
    until_written(key_press(compose, f"re-roll {first.number} 2"))
    second = song.take
    assert second is not first and second.stages[:2] == first.stages[:2]
    assert second.stages[2].fingerprint != first.stages[2].fingerprint
    assert [stage.options.seed for stage in second.options.stages] == [1, 1, 5, 1]
    assert second.detail == "Harmony re-rolled"
    press(compose, "Undo")
    assert song.take is first


def test_a_texture_is_there_only_where_it_was_asked_for(compose):
    assert ":gray[Texture]" in chips(say(compose, SENTENCE))
    say(compose, "a slow waltz for piano with a pad, 15 seconds")
    assert "Pad texture" in chips(compose)
    take = song_of(composed(compose, "a slow waltz for piano with a pad, 15 seconds")).take
    assert [stage.pipeline for stage in take.options.stages][-2:] == ["mix", "texture"]
    assert take.pieces[0].score.tracks[-1].name == "Texture"
    assert any("Pad · " in line and "sparse" in line for line in captions(compose))


LYRICS = "[Verse 1]\nThe last train home is leaving now\n\n[Chorus]\nRemember me"
SUNG = "a slow waltz for piano, AABA, 15 seconds"


def sung(take) -> str:
    return " ".join(line for line in take.pieces[0].lyrics if line and line[0] != "[")


def element(page, kind, key):
    """Returns the widget of this kind whose key ends so."""
    return next(each for each in getattr(page, kind) if each.key.endswith(key))


def test_words_are_sung_only_where_they_were_asked_for(compose):
    assert {":gray[Words]", ":gray[Own lyrics]"} <= set(chips(say(compose, SENTENCE)))
    take = song_of(composed(compose, f"{SUNG}, with lyrics about the sea")).take
    assert "Words about the sea" in chips(compose)
    assert [stage.pipeline for stage in take.options.stages][-1] == "words"
    assert take.options.stages[0].options.lines and "song of the sea" in sung(take)
    assert any("Verse 1, Verse 2, Verse 3, Chorus" in line or "syllables" in line for line in captions(compose))
    assert picture(take.pieces[0])["words"][0]["syllables"][1] == "Sing"


def test_own_lyrics_are_sung_and_one_line_is_changed_while_the_music_stays(compose):
    set_chip(say(compose, SUNG), "lyrics", LYRICS)
    assert "Lyrics “The last train home is leaving now” :material/keep:" in chips(compose)
    song = song_of(composed(compose, SUNG))
    first = song.take
    number = len(first.stages) - 1
    assert sung(first) == "The last train home is leaving now Remember me"
    key = f"{first.number} {number}"
    assert not any(button.key == f"re-roll {key}" for button in compose.button)  # nothing is left to chance
    field = element(compose, "text_area", f"options {key} text")
    assert field.value == LYRICS
    field.set_value(LYRICS.replace("home is", "out is"))
    until_written(key_press(compose, f"FormSubmitter:options {key}-Apply"))
    second = song.take
    assert sung(second).startswith("The last train out is") and second.stages[:number] == first.stages[:number]
    assert "The last train out is" in second.detail or "[Verse 1]" in second.detail


def test_one_stanza_gets_other_words_while_the_others_stay(compose, monkeypatch):
    monkeypatch.setattr(sampling, "drawn_seed", lambda: 77)
    song = song_of(composed(compose, f"{SUNG}, with lyrics about the sea"))
    first = song.take
    key = f"{first.number} {len(first.stages) - 1}"
    element(compose, "multiselect", f"options {key} anew").set_value(["Chorus"])
    until_written(key_press(compose, f"FormSubmitter:options {key}-Apply"))
    before, after = ("\n".join(take.pieces[0].lyrics).split("\n\n") for take in (first, song.take))
    changed = [one for one, other in zip(before, after, strict=True) if one != other]
    assert len(changed) == 1 and changed[0].startswith("[Chorus]") and "number 77" in "\n".join(after)
    assert song.take.stages[:-1] == first.stages[:-1]


def test_words_are_added_to_a_song_that_is_done(compose):
    song = song_of(composed(compose))
    first = song.take
    press(compose, "Set them to the melody")
    assert song.writing is None and "no words to sing" in " ".join(each.value for each in compose.error)
    element(compose, "text_area", "lyrics to add").set_value(LYRICS)
    until_written(press(compose, "Set them to the melody"))
    assert song.take.stages[: len(first.stages)] == first.stages and sung(song.take).endswith("Remember me")
    assert not any(button.label == "Set them to the melody" for button in compose.button)


@pytest.mark.parametrize("text", ["la la\n" * 2000, "🎉🎉"])
def test_lyrics_that_cannot_be_sung_are_refused_in_words(compose, text):
    set_chip(say(compose, SUNG), "lyrics", text[:20_000])
    assert len(compose.error) == 1 and ". " in compose.error[0].value


def test_a_texture_is_laid_under_a_song_that_is_done_and_re_rolled_alone(compose, monkeypatch):
    monkeypatch.setattr(sampling, "drawn_seed", lambda: 5)
    song = song_of(composed(compose))
    first = song.take
    until_written(press(compose, "Add a texture"))
    second = song.take
    assert second.stages[:4] == first.stages and len(second.stages) == 5
    assert not any(button.label == "Add a texture" for button in compose.button)
    until_written(key_press(compose, f"re-roll {second.number} 4"))
    third = song.take
    assert third.stages[:4] == first.stages and third.detail == "Texture re-rolled"
    assert third.stages[4].fingerprint != second.stages[4].fingerprint
    key = f"options {third.number} 4"
    key_press(compose, f"FormSubmitter:{key}-Apply")
    assert song.writing is None and "Nothing was changed." in captions(compose)
    next(box for box in compose.selectbox if box.key == f"{key} instrument").set_value("Choir Aahs")
    until_written(key_press(compose, f"FormSubmitter:{key}-Apply"))
    assert song.take.options.stages[4].options.instrument == "Choir Aahs" and song.take.stages[:4] == first.stages


def test_another_sentence_begins_another_song_and_the_first_one_stays(compose):
    first = song_of(composed(compose))
    composed(compose, "A happy folk dance, 20 seconds", seed=2)
    second = song_of(compose)
    assert second is not first and len(second.takes) == len(first.takes) == 1
    assert first.name.startswith("A slow, dark waltz") and second.name.startswith("A happy folk dance")
    assert {entry.id for entry in songs.entries()} == {first.id, second.id}
    assert any("A slow, dark waltz" in link.label for link in compose.get("page_link"))
    assert first.controls[TEXT] == SENTENCE


def test_the_same_sentence_makes_another_take(compose):
    song = song_of(composed(compose))
    composed(compose, f"  {SENTENCE.capitalize()} ", seed=2)
    assert song_of(compose) is song and len(song.takes) == 2


def test_a_sketch_goes_along_into_another_song(compose):
    first = song_of(composed(compose))
    sketch = first.piece
    press(compose, "Use the current song as the sketch")
    song = song_of(composed(compose, "a rock song, 20 seconds", seed=2))
    assert song is not first and song.take.before is sketch and len(first.takes) == 1
    assert any("Sketch:" in m.value for m in compose.markdown)


def test_another_song_that_cannot_be_begun_leaves_everything_as_it_is(compose, monkeypatch):
    song = song_of(composed(compose))
    monkeypatch.setattr(jobs, "MAX_OWN", jobs.MAX_OWN | {"model": 0})
    press(say(compose, "a happy folk dance, 20 seconds"), "Compose")
    assert len(compose.error) == 1 and song_of(compose) is song and len(song.takes) == 1


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


def test_options_of_a_stage_are_applied_to_it(compose):
    song = song_of(composed(compose))
    first, key = song.take, f"options {song.take.number} 1"
    next(t for t in compose.text_input if t.key == f"{key} form").set_value("A B B A")
    next(s for s in compose.slider if s.key == f"{key} amount").set_value(60)
    until_written(key_press(compose, f"FormSubmitter:{key}-Apply"))
    options = song.take.options.stages[1].options
    assert options.form == ("A", "B", "B", "A") and options.amount == 60.0
    assert song.take.stages[0] is first.stages[0] and song.take.detail == "Sections: form A B B A, amount 60"
    assert any("A B B A · " in line for line in captions(compose))


def test_options_that_were_not_changed_start_nothing(compose):
    song = song_of(composed(compose))
    for number in range(4):
        key_press(compose, f"FormSubmitter:options {song.take.number} {number}-Apply")
        assert song.writing is None and "Nothing was changed." in captions(compose)


def test_options_that_do_not_go_together_are_refused_in_words(compose):
    song = song_of(composed(compose))
    key = f"options {song.take.number} 2"
    next(t for t in compose.text_input if t.key == f"{key} chords").set_value("H7 ?")
    key_press(compose, f"FormSubmitter:{key}-Apply")
    assert song.writing is None and len(compose.error) == 1
    sections = f"options {song.take.number} 1"
    next(t for t in compose.text_input if t.key == f"{sections} form").set_value("A Q' B")
    key_press(compose, f"FormSubmitter:{sections}-Apply")
    assert song.writing is None and "no theme Q'. Use A and B" in compose.error[0].value


def test_a_stage_can_be_heard_alone_and_branched_off(compose):
    song = song_of(composed(compose))
    key_press(compose, f"show {song.take.number} 0")
    assert any(button.label == "Back to the song" for button in compose.button)
    key_press(compose, f"show {song.take.number} 0")
    assert not any(button.label == "Back to the song" for button in compose.button)
    theme = song.take.stages[0]
    key_press(compose, f"branch {song.take.number} 0")
    assert song.piece is theme and song.take.label == "Theme of Take 1" and song.take.options is None
    compose.switch_page("studio/pages/remix.py").run()
    assert not compose.exception and any(button.label == "Remix" for button in compose.button)


def test_stop_keeps_the_stages_that_are_there_and_the_rest_can_follow(compose):
    control(compose, "compose seed").set_value(UNTIL_STOPPED)
    page = until_under_way(press(say(compose, SENTENCE), "Compose"))
    # Past the middle: stopped before it, the rest would come to the middle again, and wait there to be stopped.
    until_shown(page, lambda page: sum(m.value.endswith("Done]") for m in page.markdown) >= 2, "two stages")
    assert {"Waiting"} <= {word for m in page.markdown for word in [m.value.removeprefix(":gray[").removesuffix("]")]}
    until_written(press(page, "Stop and keep"))
    song = song_of(page)
    stopped = song.take
    count = finished(stopped.options, stopped.stages)
    assert 0 < len(stopped.stages) < 4 and count < 4 and song.piece.note_count
    until_written(press(page, "Write the rest"))
    assert song.take.stages[:count] == stopped.stages[:count]
    assert finished(song.take.options, song.take.stages) == 4


def test_a_reload_finds_the_song_that_is_being_composed(compose):
    control(compose, "compose seed").set_value(0)
    press(say(compose, SENTENCE), "Compose")
    again = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE_S)
    again.query_params["song"] = compose.session_state["song"]
    until_written(again.run())
    assert len(song_of(again).take.stages) == 4 and song_of(again).controls[TEXT] == SENTENCE


def test_problems_of_the_worker_are_shown(compose):
    composed(compose, seed=13)
    assert [each.value for each in compose.error] == ["That seed brings bad luck. Take another one."]
    composed(compose, seed=1)
    assert not compose.error and song_of(compose).take is not None


def test_a_busy_studio_says_so(compose, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_OWN", jobs.MAX_OWN | {"model": 0})
    press(compose, "Compose")
    assert len(compose.error) == 1 and "under way already" in compose.error[0].value


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


def test_a_song_is_offered_as_a_folder_first_and_other_takes_are_not(compose, offered):
    song = song_of(composed(compose))
    assert offered()[0] == "Song folder (.zip)" and {"MIDI", "MP3", "PDF", "Recipe"} <= set(offered())
    key_press(compose, f"branch {song.take.number} 2")
    assert "Song folder (.zip)" not in offered() and "MIDI" in offered()


def test_the_other_pages_show_a_song_that_is_being_composed_and_that_is_done(compose):
    control(compose, "compose seed").set_value(0)
    press(say(compose, SENTENCE), "Compose")
    for name in ("generate", "remix", "harmonize"):
        compose.switch_page(f"studio/pages/{name}.py").run()
        assert not compose.exception
    until_written(compose)
    for name in ("generate", "remix", "harmonize", "compose"):
        compose.switch_page(f"studio/pages/{name}.py").run()
        assert not compose.exception and song_of(compose).take.stages


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


def test_the_player_names_the_sections_of_a_piece_and_of_no_other():
    piece = read_midi(small_midi())
    assert picture(piece)["sections"] == []
    marked = picture(Piece(with_sections(piece.score, [(0, "A"), (1440, "A'")])))
    assert marked["sections"] == [
        {"name": "A", "theme": "A", "from": 0.0, "to": 2.0}, {"name": "A'", "theme": "A", "from": 2.0, "to": 4.0},
    ]  # fmt: skip


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


def test_controls_of_a_strange_file_do_no_harm(compose):
    plain = {
        "compose by hand": {
            "pairs": [["tempo_bpm", "fast"], ["instruments", ["nobody"]], ["genre", 3], ["?", 1], ["form", "ABAC"]]
        },
        "compose text": 3,
        "compose sketch": [1],
        "compose shown stage": [1, "x"],
        "compose seed": "x",
    }
    song = song_of(composed(compose))
    for controls in (plain, dict.fromkeys(plain)):
        song.controls = controls_from_plain(controls)
        compose.run()
        assert not compose.exception
    song.controls = controls_from_plain(plain)
    assert song.controls == {"compose by hand": {"form": "ABAC"}}


def test_the_line_under_a_take_names_the_key_that_the_song_is_in(compose):
    page = composed(compose, "a tune in F sharp minor, 10 seconds")  # whatever its notes are: they are drawn
    assert any(caption.value.startswith("F# minor · ") for caption in page.caption)


def test_a_first_take_that_was_undone_can_be_had_again(compose):
    song = song_of(composed(compose))
    for name in ("compose", "generate"):
        compose.switch_page(f"studio/pages/{name}.py").run()
        press(compose, "Undo")
        assert song.piece is None
        press(compose, "Redo")
        assert song.piece is song.take.pieces[0]
