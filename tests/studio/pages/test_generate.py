from __future__ import annotations

import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from checkpoints import store
from music.instruments import instrument_name
from music.piece import Piece
from music.styles import STYLES
from music.tokens.conditions import GENRES
from pipelines.options.generate import GenerateOptions
from studio import jobs
from studio.widgets import sampling
from studio.widgets.generate.controls import ANY, GUESTS, PRESETS, checked, styles_of
from studio.widgets.start import summary
from studio.wording import plain
from tests.studio.toy_verbs import TALKATIVE, UNTIL_STOPPED
from tests.studio.visitor import GENERATE, ROOT, control, press, small_midi, song_of, until_under_way, until_written
from tests.waiting import PATIENCE_S


def generate(page, bars=3, seed=1, **values):
    for name, value in {"bars": bars, "seed": seed, **values}.items():
        control(page, name).set_value(value)
    page.run()
    return until_written(press(page, "Generate"))


def test_a_new_visitor_sees_what_to_do(page):
    assert not page.exception and any("What shall we write" in m.value for m in page.markdown)
    assert {b.label for b in page.button} >= {*PRESETS, "Generate"}


def test_generate_makes_a_take_with_versions_to_choose_from(page):
    song = song_of(generate(page, bars=3, variants=3))
    assert song.take.options.bars == 3 and len(song.take.pieces) == 3
    press(page, "Use this")  # of version 2; version 1 says "In use"
    assert song.place.variant == 1
    press(page, "Undo")
    assert song.place.variant == 0
    press(page, "Redo")
    assert song.place.variant == 1
    press(page, "Undo")
    press(page, "Undo")
    assert song.take is None and any("What shall we write" in m.value for m in page.markdown)


def test_continue_from_this_one_keeps_the_music_and_goes_on(page):
    song = song_of(generate(page, bars=2, variants=1))
    first = song.piece
    generate(press(page, "Continue from this one"), bars=3)
    assert song.take.before is first and song.piece.note_count == 5
    assert song.other[0] == "Before"
    press(page, "Undo")
    assert song.piece is first


def test_each_control_sets_its_option(page):
    values = {
        "genre": "jazz", "instruments": [0, -1], "key": "D minor", "time_signature": "3/4", "tempo_bpm": 96, "stay_in_key": True,
        "density": "high", "temperature": 0.8, "variants": 4, "temperature_notes": 0.9, "temperature_durations": 1.1,
        "temperature_instruments": 1.2, "top_p": 0.9, "top_k": 30, "memory": 256,
    }  # fmt: skip
    options = song_of(generate(page, bars=2, seed=7, **values)).take.options
    assert options == GenerateOptions(
        **(values | {"bars": 2, "seed": 7, "instruments": ("Acoustic Grand Piano", "Drums")})
    )


def names_of_controls(page):
    kinds = ("button_group", "slider", "multiselect", "selectbox", "toggle", "number_input")
    return {widget.key.removeprefix("control ") for kind in kinds for widget in page.get(kind) if widget.key}


def lineup_shown(page):
    return [caption.value for caption in page.caption if caption.value.startswith("Without a choice")]


@pytest.fixture
def models(monkeypatch):
    """The checkpoints that there are: the shipped one, and one that knows no styles."""
    plain = store.RegistryEntry("plain", None, 0, "", "generate", "transformer_xl", "")
    known = {"generate-small": store.entries()["generate-small"], "plain": plain}
    monkeypatch.setattr(sampling, "entries", lambda: known)
    return known


@pytest.fixture
def styled(page, models):
    """The page with the checkpoint that knows styles, beside which there is another."""
    return page.run()


def test_a_checkpoint_without_styles_shows_none(page, models):
    control(page.run(), "checkpoint").set_value("plain").run()
    assert names_of_controls(page) >= {"genre", "checkpoint", "temperature"}
    control(page, "genre").set_value("jazz").run()
    assert not {"style", "novelty"} & names_of_controls(page) and not lineup_shown(page)
    options = song_of(generate(page, bars=2)).take.options
    assert (options.genre, options.style, options.novelty) == ("jazz", None, 0.5)


WISHES = {
    "genre",
    "style",
    "instruments",
    "key",
    "stay_in_key",
    "monophonic",
    "density",
    "novelty",
    "guidance",
    "memory",
}


def test_an_lstm_shows_what_it_can_do_and_nothing_else(page, models):
    models["lstm"] = store.RegistryEntry("lstm", None, 0, "", "generate", "lstm", "")
    control(page.run(), "genre").set_value("jazz")
    control(page.run(), "checkpoint").set_value("lstm").run()
    shown = names_of_controls(page)
    assert not (WISHES | {"temperature_instruments"}) & shown and not lineup_shown(page)
    assert shown >= {"bars", "checkpoint", "tempo_bpm", "time_signature", "temperature", "top_p", "seed", "variants"}
    assert shown >= {"temperature_notes", "temperature_durations", "unit"}
    options = song_of(generate(page, bars=2, tempo_bpm=90)).take.options
    assert (options.checkpoint, options.genre, options.tempo_bpm) == ("lstm", None, 90)
    assert WISHES <= names_of_controls(control(page, "checkpoint").set_value("generate-small").run())


def test_an_example_is_written_by_a_model_that_follows_it(page, models):
    models["lstm"] = store.RegistryEntry("lstm", None, 0, "", "generate", "lstm", "")
    control(page.run(), "checkpoint").set_value("lstm").run()
    press(page, "Folk tune")
    assert control(page, "checkpoint").value == "generate-small" and control(page, "key").value == "G major"


def test_a_genre_shows_its_styles_and_each_goes_with_it(styled):
    assert control(styled, "style").options == ["Any", *(style.capitalize() for style in GUESTS[ANY])]
    control(styled, "genre").set_value("latin").run()
    assert {"Bossa nova", "Tango"} <= set(control(styled, "style").options)
    control(styled, "style").set_value("tango").run()
    options = song_of(generate(styled, bars=2, novelty=0.25)).take.options
    assert (options.genre, options.style, options.novelty) == ("latin", "tango", 0.25)
    assert options.checkpoint == "generate-small" and options.instruments == ()


def test_another_genre_or_any_clears_the_style(styled):
    control(styled, "genre").set_value("latin")
    control(styled.run(), "style").set_value("tango").run()
    assert control(control(styled, "genre").set_value("jazz").run(), "style").value == ANY
    control(styled, "style").set_value("bebop").run()
    control(styled, "style").set_value(ANY).run()
    options = song_of(generate(styled, bars=2)).take.options
    assert not styled.exception and (options.genre, options.style) == ("jazz", None)
    control(styled, "style").set_value("bebop").run()
    options = song_of(generate(styled, bars=2, genre=ANY)).take.options
    assert (options.genre, options.style) == (None, None)


def test_every_style_can_be_chosen_and_goes_with_the_genre_that_shows_it():
    shown = {(genre, style) for genre in GUESTS | dict.fromkeys(GENRES) for style in styles_of(genre)}
    assert {style for _, style in shown} == set(STYLES)
    for genre, style in shown:
        assert GenerateOptions(genre=None if genre == ANY else genre, style=style)


def test_who_plays_without_a_choice_is_shown(styled):
    assert not lineup_shown(styled)
    control(styled, "genre").set_value("jazz").run()
    assert lineup_shown(styled) == ["Without a choice: tenor sax, piano, upright bass, drums"]
    control(styled, "style").set_value("gypsy jazz").run()
    assert lineup_shown(styled) == ["Without a choice: violin, jazz guitar, clean guitar, upright bass"]
    control(styled, "monophonic").set_value(True).run()
    assert lineup_shown(styled) == ["Without a choice: violin"]
    control(styled, "instruments").set_value([73]).run()
    assert not lineup_shown(styled)
    control(styled, "instruments").set_value([])
    press(generate(styled, bars=2, variants=1), "Continue from this one")
    assert not lineup_shown(styled)  # those of the input play on


def test_back_to_a_model_without_styles_the_style_is_no_longer_asked_for(styled, models):
    control(styled, "genre").set_value("folk")
    control(styled.run(), "style").set_value("jig").run()
    control(styled, "novelty").set_value(0.0).run()
    control(styled, "checkpoint").set_value("plain").run()
    options = song_of(generate(styled, bars=2)).take.options
    assert (options.genre, options.style, options.novelty) == ("folk", None, 0.5)
    control(styled, "checkpoint").set_value("generate-small").run()
    assert control(styled, "style").value == "jig" and control(styled, "novelty").value == 0
    control(styled, "checkpoint").set_value("plain").run()
    models |= {"third": models.pop("plain")}
    assert control(styled.run(), "checkpoint").value == "generate-small" and not styled.exception


def test_takes_are_called_by_the_style_that_was_asked_for(styled):
    control(styled, "genre").set_value("latin")
    control(styled.run(), "style").set_value("cha-cha").run()
    generate(styled, bars=2, variants=1)
    assert (
        sum(caption.value.startswith("Cha-cha · ") for caption in styled.caption) == 2
    )  # over the player, and in the list
    generate(styled, bars=2, variants=1, style=ANY)
    assert sum(caption.value.startswith("Latin · ") for caption in styled.caption) == 2
    assert sum(caption.value.startswith("Cha-cha · ") for caption in styled.caption) == 1


def test_length_can_be_given_in_seconds(page):
    control(page, "unit").set_value("Seconds").run()
    control(page, "seconds").set_value(12).run()
    assert song_of(page).controls["seconds"] == 12 and not any(n.key == "control bars" for n in page.number_input)


def test_an_example_sets_the_controls_to_valid_options(page):
    for name, values in PRESETS.items():
        press(page, name)
        controls = song_of(page).controls
        assert {key: controls[key] for key in values} == values
        instruments = tuple(instrument_name(program) for program in values["instruments"])
        assert checked(values | {"instruments": instruments, "seed": None}, None).genre == values["genre"]


def test_stop_keeps_what_is_there(page):
    control(page, "bars").set_value(200)
    control(page, "seed").set_value(UNTIL_STOPPED)
    page.run()
    press(page, "Generate")
    song = song_of(page)
    until_written(press(until_under_way(page), "Stop and keep"))
    assert 0 < song.piece.note_count < 200


def test_a_problem_is_shown_as_its_sentences(page):
    generate(page, seed=13)
    assert [e.value for e in page.error] == ["That seed brings bad luck. Take another one."]
    assert song_of(page).take is None
    generate(page, seed=1)
    assert not page.error and song_of(page).take is not None


def test_what_is_to_be_known_of_a_take_stands_over_it_until_the_next(page):
    generate(page, seed=TALKATIVE)
    assert [info.value for info in page.info] == [plain("The file says *C major*, but so says every file.")]
    press(page, "Undo")
    assert not page.info
    press(page, "Redo")
    assert page.info
    generate(page, seed=1)
    assert not page.info


def test_an_upload_is_read_shown_and_continued_after_a_bar(page):
    control(page, "start").set_value("file").run()
    page.file_uploader[0].upload("waltz.mid", small_midi(), "audio/midi").run()
    song = song_of(page)
    assert not page.exception and song.take.label == "waltz.mid"
    assert any("about C major · 90 BPM · 3/4 · 2 bars" in c.value for c in page.caption) and any(
        "Flute" in c.value for c in page.code
    )
    next(s for s in page.slider if s.label == "Continue after bar").set_value(1).run()
    generate(page, bars=2, variants=1)
    assert song.take.options.keep_bars == 1 and song.take.before is song.upload.take.pieces[0]


def test_a_bad_upload_is_refused_in_words(page):
    control(page, "start").set_value("file").run()
    page.file_uploader[0].upload("bad.mid", b"MThd, or so it says", "audio/midi").run()
    assert not page.exception and len(page.error) == 1 and song_of(page).take is None


def test_what_was_mended_in_a_file_is_said(page):
    control(page, "start").set_value("file").run()
    page.file_uploader[0].upload("waltz.mid", small_midi()[:-12], "audio/midi").run()
    assert len(page.warning) == 1 and "waltz.mid" in page.warning[0].value and "too early" in page.warning[0].value


def test_a_reload_finds_the_song_and_the_running_job_again(page):
    control(page, "bars").set_value(20)
    control(page, "seed").set_value(0)
    page.run()
    press(page, "Generate")
    again = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE_S)
    again.query_params["song"] = page.session_state["song"]
    again.run().switch_page(GENERATE).run()
    assert song_of(again) is song_of(page) and control(again, "bars").value == 20
    until_written(again)
    assert song_of(again).piece.note_count == 20


def test_two_visitors_have_each_their_song(page):
    other = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE_S).run()
    generate(page, bars=2)
    assert song_of(other) is not song_of(page) and song_of(other).take is None
    assert jobs.registry().poll(None, song_of(other).id) is None


def test_all_kinds_of_files_of_a_take_are_offered(page, offered):
    generate(page, bars=2, variants=1)
    assert set(offered()) == {"MIDI", "MP3", "WAV", "Listening page", "Stems", "MusicXML", "PDF", "Recipe"}


def test_an_empty_seed_is_drawn_anew_each_time():
    values = {"seed": None, "bars": 4}
    assert len({checked(values, None).seed for _ in range(20)}) > 15
    assert checked(values | {"seed": 5}, 3) == GenerateOptions(bars=4, seed=5, keep_bars=3)


def test_a_piece_in_one_line():
    assert summary(Piece.empty()) == "No notes"


def test_the_page_needs_neither_torch_nor_any_other_heavy_package():
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
import pipelines.worker.pool
pipelines.worker.pool.Worker.start = lambda self: None
page = AppTest.from_file({str(ROOT / "streamlit_app.py")!r}, default_timeout={PATIENCE_S}).run()
assert not page.exception and len(page.button) > 3, page.exception
page.switch_page({GENERATE!r}).run()
assert not page.exception and len(page.button) > 3, page.exception
print(*(m for m in ("torch", "transformers", "miditok", "music21", "verovio", "scipy", "pyloudnorm", "librosa") if m in sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == ""


def test_the_real_worker_writes_real_music(real_studio):
    page = real_studio.switch_page(GENERATE).run()
    song = song_of(generate(page, bars=2, variants=2, instruments=[0, 33], time_signature="3/4", key="G major"))
    assert len(song.take.pieces) == 2 and all(piece.note_count for piece in song.take.pieces), song.notice
    assert "3/4 · 2 bars" in summary(song.piece)
    assert {track.program for track in song.piece.score.tracks if len(track.notes)} <= {0, 33}
    sound = jobs.registry().ask("render", song.piece, owner=song.id)
    assert sound.mix[:4] == b"OggS" and sound.stems and sound.seconds > 1
