"""The Remix page as a visitor uses it; the toy worker moves what is selected up by a step."""

from __future__ import annotations

import pytest

from checkpoints import store
from music.compare import changed_notes
from pipelines.options import remix as options
from pipelines.options.remix import RemixOptions
from studio.widgets import sampling, selection
from studio.widgets.remix.controls import CHANGES, PRESETS, checked, describe_request
from tests.studio.toy_verbs import UNTIL_STOPPED
from tests.studio.visitor import control, press, small_midi, song_of, until_under_way, until_written


@pytest.fixture
def remix(page):
    return page.switch_page("studio/pages/remix.py").run()


def upload(page):
    page.file_uploader[0].upload("waltz.mid", small_midi(), "audio/midi").run()
    assert not page.exception
    return page


def rewrite(page, values=None, button="Remix"):
    """Returns the page once the take is there that these values of the controls ask for."""
    for name, value in ({"remix seed": 1} | (values or {})).items():
        control(page, name).set_value(value)
    page.run()
    return until_written(press(page, button))


def pitches(piece, track=0):
    return [note.pitch for note in piece.score.tracks[track].notes]


def test_a_new_visitor_sees_what_to_do(remix):
    assert not remix.exception and any("What shall we rewrite" in m.value for m in remix.markdown)
    assert {b.label for b in remix.button} >= {*PRESETS} and "Remix" not in {b.label for b in remix.button}


def test_an_example_brings_a_tune_and_a_second_one_keeps_it(remix):
    press(remix, "Four new bars")
    song = song_of(remix)
    assert song.take.label == "Greensleeves" and song.piece.note_count > 100
    assert control(remix, "selected bars").value == "9-12" and control(remix, "remix change").value == "everything"
    press(remix, "A new tune")
    assert len(song.takes) == 1 and control(remix, "remix change").value == "notes"


def test_what_is_selected_is_rewritten_and_the_rest_is_not(remix):
    song = song_of(rewrite(upload(remix), {"selected bars": "2"}))
    assert song.take.before is song.takes[0].pieces[0] and len(song.take.pieces) == 2
    before = pitches(song.take.before)
    assert pitches(song.piece) == before[:3] + [pitch + 1 for pitch in before[3:]]
    assert [int(mask.sum()) for mask in changed_notes(song.take.before.score, song.piece.score)] == [3]
    assert song.other == ("Before", song.take.before) and song.take.detail.startswith("Notes 60 % · bars 2")
    press(remix, "Use this")
    assert pitches(song.piece) == before[:3] + [pitch + 2 for pitch in before[3:]]
    press(remix, "Undo")
    press(remix, "Undo")
    assert song.piece is song.takes[0].pieces[0]


def test_a_remix_goes_on_from_the_version_in_use_and_try_again_from_what_was_before(remix):
    rewrite(upload(remix))
    song = song_of(remix)
    first, given = song.piece, song.take.before
    rewrite(remix, button="Try again")
    assert song.take.before is given and pitches(song.piece) == pitches(first)
    rewrite(remix)
    assert song.take.before is song.takes[2].pieces[0]
    assert pitches(song.piece) == [pitch + 2 for pitch in pitches(given)]


def test_another_rhythm_is_in_the_key_that_the_music_was_in(remix):
    def keys():
        """Returns the key of the file, which stands in the list of takes, and that of the current take."""
        return {caption.value.partition(" · ")[0] for caption in remix.caption if " · 2 bars · " in caption.value}

    rewrite(upload(remix), {"remix change": "rhythm"})
    rewrite(remix, {"remix change": "velocity"})
    assert keys() == {"about C major"}
    rewrite(remix, {"remix change": "notes"})  # the toy moves all notes up by a step each time
    assert keys() == {"about C major", "about Eb major"}


def test_the_roll_shows_what_the_fields_say(remix, monkeypatch):
    press(remix, "A new tune")
    control(remix, "selected bars").set_value("3-4, 9").run()
    control(remix, "selected tracks").set_value([1, 2]).run()
    song = song_of(remix)
    monkeypatch.setattr(selection, "song_controls", lambda: song.controls)
    shown = selection.on_the_roll(song.piece)
    assert (shown["bars"], shown["tracks"], shown["count"]) == ([[2, 4], [8, 9]], [1, 2], 16)
    assert shown["names"] == {"0": "Flute", "1": "Guitar", "2": "Cello", "3": "Drums"}


def test_bars_that_are_not_there_are_refused_at_once(remix):
    upload(remix)
    control(remix, "selected bars").set_value("2-9").run()
    assert [e.value for e in remix.error] == ["The piece has 2 bars. Choose bars from 1 to 2."]
    control(remix, "selected bars").set_value("two").run()
    assert len(remix.error) == 1 and "names no bars" in remix.error[0].value
    assert next(button for button in remix.button if button.label == "Remix").disabled
    control(remix, "selected bars").set_value("2").run()
    assert not remix.error and not next(button for button in remix.button if button.label == "Remix").disabled


def test_other_music_forgets_the_selection(remix):
    press(remix, "A new tune")
    control(remix, "swap 0").set_value(40).run()
    assert control(remix, "selected tracks").value == [0]
    upload(remix)
    assert control(remix, "selected tracks").value == [] and song_of(remix).controls["swap 0"] is None


def test_each_control_sets_its_option(remix):
    press(remix, "A new tune")
    values = {
        "change": "rhythm", "amount": 35, "keep_a_bar": True, "stay_in_key": True, "passes": 16, "temperature": 0.8,
        "temperature_notes": 0.9, "temperature_rhythm": 1.1, "temperature_velocity": 1.2, "temperature_instruments": 1.3,
        "top_p": 0.8, "top_k": 30, "seed": 7, "variants": 3,
    }  # fmt: skip
    others = {"selected bars": "1-2", "selected tracks": [0, 1], "locked tracks": [3], "swap 0": 41}
    rewrite(remix, {f"remix {name}": value for name, value in values.items()} | others)
    assert song_of(remix).take.options == RemixOptions(
        **values, bars=(0, 1), tracks=(0, 1), lock=(3,), instruments=((0, "Viola"),)
    )


def test_a_problem_is_shown_as_its_sentences(remix):
    rewrite(upload(remix), {"remix seed": 13})
    assert [e.value for e in remix.error] == ["That seed brings bad luck. Take another one."]
    assert len(song_of(remix).takes) == 1


def test_stop_keeps_what_is_there(remix):
    press(remix, "A new tune")
    control(remix, "remix seed").set_value(UNTIL_STOPPED).run()
    press(remix, "Remix")
    until_written(press(until_under_way(remix), "Stop and keep"))
    song = song_of(remix)
    changed = changed_notes(song.take.before.score, song.piece.score)[0]
    assert 0 < changed.sum() < len(changed)


def test_the_song_goes_to_generate_and_comes_back(remix):
    rewrite(upload(remix))
    song = song_of(remix)
    press(remix, "Continue in Generate")
    assert any("#### Generate" in m.value for m in remix.markdown)
    remix.switch_page("studio/pages/generate.py").run()  # AppTest forgets where it was led
    assert control(remix, "start").value == "song"
    mixed = song.piece
    for name, value in {"bars": 2, "seed": 1, "variants": 1}.items():
        control(remix, name).set_value(value)
    until_written(press(remix.run(), "Generate"))
    assert song.take.before is mixed and song.piece.note_count == mixed.note_count + 2
    remix.switch_page("studio/pages/remix.py").run()
    assert not remix.exception and any(b.label == "Remix" for b in remix.button)


def test_a_model_is_asked_for_only_where_there_are_several(remix, monkeypatch):
    press(remix, "A new tune")
    assert not any(s.label == "Model" for s in remix.selectbox)
    entry = store.RegistryEntry("official", None, 0, "", "remix", "musicbert", "")
    known = {"remix-small": entry, "generate-small": store.entries()["generate-small"], "official": entry}
    monkeypatch.setattr(sampling, "entries", lambda: known)
    remix.run()
    assert next(s for s in remix.selectbox if s.label == "Model").options == ["remix-small", "official"]
    rewrite(remix, {"remix checkpoint": "official"})
    assert song_of(remix).take.options.checkpoint == "official"


def test_all_that_may_change_has_a_name():
    assert tuple(CHANGES) == options.CHANGES


def test_examples_are_valid_options():
    for values in PRESETS.values():
        plain = {key: value for key, value in values.items() if not key.startswith("selected")}
        assert checked(plain | {"seed": None}).change == values["change"]


def test_what_was_asked_for_in_words(remix):
    press(remix, "A new tune")
    wanted = RemixOptions(change="velocity", amount=40, bars=(4, 5, 6, 7), tracks=(0, 2), instruments=((1, "Violin"),))
    assert (
        describe_request(wanted, song_of(remix).piece) == "Loudness 40 % · bars 5-8 · Flute, Cello · Guitar as Violin"
    )


def test_what_is_selected_on_the_roll_is_kept(monkeypatch):
    controls = {}
    monkeypatch.setattr(selection, "set_controls", controls.update)
    monkeypatch.setattr(selection, "keep", lambda name, value: controls.update({name: value}))
    selection.take_over({"bars": [[4, 8], [9, 10]], "tracks": [2], "locked": [0, 1], "serial": 3})
    assert controls == {
        "selected bars": "5-8, 10", "selected tracks": [2], "locked tracks": [0, 1], "selection serial": 3,
    }  # fmt: skip
    before = dict(controls)
    for wrong in ({"bars": 7}, {"tracks": [[]]}, {"locked": None}, {"serial": "4"}, {"bars": [[1]]}):
        selection.take_over({"bars": [], "tracks": [], "locked": [], "serial": 4} | wrong)
    for wrong in (None, [], "bars", {}):
        selection.take_over(wrong)
    assert controls == before


@pytest.mark.skipif("remix-small" not in store.entries(), reason="remix-small has not been exported")
def test_the_real_worker_rewrites_examples(real_studio):
    page = real_studio
    page.switch_page("studio/pages/remix.py").run()
    for name in ("Four new bars", "Other players"):
        press(page, name)
        song = song_of(rewrite(page, {"remix passes": 1, "remix variants": 1}))
        changed = changed_notes(song.take.before.score, song.piece.score)
        assert not song.notice and song.take.options.change == PRESETS[name]["change"]
        assert sum(int(mask.sum()) for mask in changed) > 0, name
