"""The Compose page as a visitor uses it; the toy worker writes a song of a note a beat, stage by stage."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from music.files.midi import read_midi
from music.form import with_sections
from music.piece import Piece
from music.roll.picture import picture
from pipelines.descriptors.stages import STAGES
from pipelines.song.plan import Plan
from studio import jobs, songs
from studio.projects.plain_values import controls_from_plain
from studio.widgets import sampling
from studio.widgets.compose.prompt_field import EXAMPLES, TEXT
from studio.widgets.compose.stage_labels import finished
from tests.studio.pages.composing import SENTENCE, captions, chips, composed, key_press, say
from tests.studio.toy_verbs import UNTIL_STOPPED
from tests.studio.visitor import ROOT, control, press, small_midi, song_of, until_under_way, until_written
from tests.waiting import PATIENCE_S, until_shown


def test_the_first_page_says_what_to_do(compose):
    assert not compose.exception and any("What shall we compose?" in m.value for m in compose.markdown)
    assert {button.label for button in compose.button} >= {*EXAMPLES, "Compose"}
    planned = [each for each in STAGES.values() if not each.by_hand]
    assert all(any(each.title in m.value for m in compose.markdown) for each in planned)


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


def test_another_song_that_cannot_be_begun_leaves_everything_as_it_is(compose, monkeypatch):
    song = song_of(composed(compose))
    monkeypatch.setattr(jobs, "MAX_OWN", jobs.MAX_OWN | {"model": 0})
    press(say(compose, "a happy folk dance, 20 seconds"), "Compose")
    assert len(compose.error) == 1 and song_of(compose) is song and len(song.takes) == 1


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


def test_the_player_names_the_sections_of_a_piece_and_of_no_other():
    piece = read_midi(small_midi())
    assert picture(piece)["sections"] == []
    marked = picture(Piece(with_sections(piece.score, [(0, "A"), (1440, "A'")])))
    assert marked["sections"] == [
        {"name": "A", "theme": "A", "from": 0.0, "to": 2.0}, {"name": "A'", "theme": "A", "from": 2.0, "to": 4.0},
    ]  # fmt: skip


def test_controls_of_a_strange_file_do_no_harm(compose):
    plain = {
        "compose by hand": {
            "pairs": [
                ["tempo_bpm", "fast"],
                ["instruments", ["nobody"]],
                ["genre", 3],
                ["?", 1],
                ["form", "ABAC"],
                ["swing", True],
                ["pickup", False],
                ["entries", [["Drums", 5]]],
                ["drop", 5],
                ["drop_bar", 5],
            ]
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
