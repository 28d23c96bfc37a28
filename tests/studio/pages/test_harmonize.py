"""The Harmonize page as a visitor uses it; the toy worker writes one note a chord."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from checkpoints import store
from music.chords import chord_spans, parse_progression, progression_of
from music.compare import changed_notes
from music.files.midi import read_midi
from music.tokens import accompaniment
from pipelines.options.harmonize import HarmonizeOptions
from studio.widgets.harmonize import chord_grid
from studio.widgets.harmonize.chord_grid import CELLS, Cells, edited, in_force, laid_out, pasted, problems, progression
from studio.widgets.harmonize.controls import COMPLEXITY, PRESETS, STYLES, checked, describe_request
from studio.widgets.start import summary
from tests.studio.toy_verbs import UNTIL_STOPPED
from tests.studio.visitor import control, press, small_midi, song_of, until_under_way, until_written

BAR = 3 * 480


@pytest.fixture
def harmonize(page):
    return page.switch_page("studio/pages/harmonize.py").run()


@pytest.fixture
def waltz(harmonize):
    """The page once two bars for the flute are given."""
    harmonize.file_uploader[0].upload("waltz.mid", small_midi(), "audio/midi").run()
    assert not harmonize.exception
    return harmonize


def test_what_was_mended_in_a_file_is_said_until_there_is_another_take(harmonize):
    harmonize.file_uploader[0].upload("waltz.mid", small_midi()[:-12], "audio/midi").run()
    assert ["too early" in each.value for each in harmonize.warning] == [True]
    assert not accompany(harmonize).warning


def accompany(page, values=None, button="Harmonize"):
    """Returns the page once the take is there that these values of the controls ask for."""
    for name, value in ({"seed": 1} | (values or {})).items():
        control(page, f"harmonize {name}").set_value(value)
    page.run()
    return until_written(press(page, button))


def type_cells(page, cells):
    """Returns the page once these texts stand in the chord grid."""
    song_of(page).controls[CELLS] = cells
    return page.run()


def symbols(piece):
    return [(span.start // BAR, span.chord.name()) for span in chord_spans(piece.score)]


def test_a_new_visitor_sees_what_to_do(harmonize):
    assert not harmonize.exception and any("Which melody shall we" in m.value for m in harmonize.markdown)
    assert {b.label for b in harmonize.button} >= {*PRESETS} and "Harmonize" not in {b.label for b in harmonize.button}


def test_an_example_brings_a_tune_and_its_melody_is_found(harmonize):
    press(harmonize, "Own chords")
    song = song_of(harmonize)
    assert song.take.label == "Greensleeves" and control(harmonize, "harmonize style").value == "chords"
    melody = harmonize.selectbox[0]
    assert melody.label == "Melody" and melody.options == [
        "Flute · 70 notes · found", "Guitar · 93 notes", "Cello · 31 notes",
    ]  # fmt: skip
    press(harmonize, "Folk band")
    assert len(song.takes) == 1 and control(harmonize, "harmonize style").value == "band"
    assert not any(song.controls[CELLS])


def test_the_melody_stays_and_gets_an_accompaniment_with_symbols(waltz):
    song = song_of(accompany(waltz, {"style": "chorale"}))
    before, after = song.take.before.score, song.piece.score
    assert song.take.before is song.takes[0].pieces[0] and len(song.take.pieces) == 2
    assert not changed_notes(before, after)[0].any() and after.tracks[0].name == "Lead"
    assert [track.name for track in after.tracks[1:]] == ["Alto", "Tenor", "Bass"]
    assert symbols(song.piece) == [(0, "C"), (1, "G")] and song.other == ("Before", song.take.before)
    assert song.take.detail == "Chorale · Sevenths"
    press(waltz, "Use this")
    assert [span.chord.root for span in chord_spans(song.piece.score)] == [1, 8]
    press(waltz, "Undo")
    press(waltz, "Undo")
    assert song.piece is song.takes[0].pieces[0]


def test_another_style_starts_from_the_melody_again(waltz):
    accompany(waltz)
    song = song_of(accompany(waltz, {"style": "bass"}))
    assert song.take.before is song.takes[0].pieces[0]
    assert [track.name for track in song.piece.score.tracks] == ["Lead", "Bass"]


def test_a_pasted_progression_fills_the_grid_and_is_followed(waltz):
    control(waltz, "harmonize progression").set_value("Am F G | C").run()
    song = song_of(waltz)
    assert song.controls[CELLS] == ["Am F G", "C"] and control(waltz, "harmonize progression").value == ""
    accompany(waltz)
    assert song.take.options.chords == (("Am", "F", "G"), ("C",)) and song.take.detail.endswith("chords Am F G | C")
    assert symbols(song.piece) == [(0, "Am"), (0, "F"), (0, "G"), (1, "C")]
    press(waltz, "Clear")
    accompany(waltz)
    assert song.take.options.chords == ()


def test_what_was_left_out_or_read_by_other_names_is_said(waltz):
    control(waltz, "harmonize progression").set_value("Hm B").run()
    assert song_of(waltz).controls[CELLS] == ["Bm", "Bb"] and "'B' as Bb" in waltz.toast[0].value


def test_a_pasted_sheet_with_words_gives_its_chords():
    bars, notes = pasted("D         A\nWalking down the river\nBm", 4)
    assert bars == ["D", "A", "Bm"] and "Walking down" in notes[0]
    assert pasted("C G\nAm", 4) == (["C G", "Am"], ()), "each line a bar where all of them are chords"
    assert pasted("C\nFq7", 4) == (["C | Fq7"], ()), "what cannot be read stays"


def test_a_symbol_that_is_none_gets_a_sentence(waltz):
    control(waltz, "harmonize progression").set_value("Am H7").run()
    assert [e.value for e in waltz.error] == [
        "'H7' is not a chord symbol. Write B7 for the German H7, and Bb for a German B."
    ]  # fmt: skip
    control(waltz, "harmonize progression").set_value("").run()
    type_cells(waltz, ["Am", "X"])
    assert [e.value for e in waltz.error] == [
        "Bar 2: 'X' is not a chord symbol. Write chords like Am, F#7, Bbmaj7 or C/E."
    ]  # fmt: skip
    press(waltz, "Harmonize")
    assert song_of(waltz).writing is None and "'X' is not" in waltz.error[-1].value


def test_only_the_bar_whose_chord_was_edited_is_written_again(waltz):
    assert not any(b.label.startswith("Only") for b in waltz.button)
    song = song_of(accompany(waltz))
    first = song.piece
    type_cells(waltz, ["", "E7"])
    accompany(waltz, button="Only bar 2")
    assert (song.take.options.bars, song.take.options.chords, song.take.before) == ((1,), (("E7",),), first)
    assert symbols(song.piece) == [(0, "C"), (1, "E7")]
    assert [mask.tolist() for mask in changed_notes(first.score, song.piece.score)[1:]] == [[False, True]]
    assert not any(b.label.startswith("Only") for b in waltz.button)


def test_chosen_bars_are_written_again_and_the_rest_stays(waltz):
    song = song_of(accompany(waltz))
    first = song.piece
    control(waltz, "selected bars").set_value("9").run()
    assert [e.value for e in waltz.error] == ["The piece has 2 bars. Choose bars from 1 to 2."]
    control(waltz, "selected bars").set_value("1").run()
    type_cells(waltz, ["Dm", ""])
    accompany(waltz, button="Harmonize bar 1 again")
    assert symbols(song.piece) == [(0, "Dm"), (1, "G")] and song.take.before is first
    control(waltz, "selected bars").set_value("2").run()
    accompany(waltz, button="Harmonize bar 2 again")
    assert song.take.options.chords == ()  # nothing was typed for that bar
    control(waltz, "selected bars").set_value("1").run()
    accompany(waltz, {"style": "piano"}, button="Harmonize bar 1 again")
    assert "written in the style chords" in waltz.error[0].value and len(song.takes) == 4
    control(waltz, "selected bars").set_value("").run()
    accompany(waltz)
    assert song.take.before is song.takes[0].pieces[0]


def test_the_chords_of_a_take_can_be_kept_for_another_style(waltz):
    song = song_of(accompany(waltz))
    press(waltz, "Keep these chords")
    accompany(waltz, {"style": "piano"})
    assert song.take.options.chords == (("C",), ("G",)) and symbols(song.piece) == [(0, "C"), (1, "G")]


def test_each_control_sets_its_option(harmonize):
    press(harmonize, "Lead sheet")
    values = {
        "style": "band", "key": "D minor", "complexity": "high", "temperature": 0.8, "temperature_notes": 0.9,
        "temperature_rhythm": 1.1, "top_p": 0.8, "top_k": 30, "seed": 7, "variants": 3,
    }  # fmt: skip
    song = song_of(harmonize)
    melody = f"melody {song.piece.fingerprint[:8]}"
    control(harmonize, "harmonize style").set_value("band").run()
    accompany(harmonize, values | {melody: 2, "players band": [0, -1]})
    assert song.take.options == HarmonizeOptions(**values, melody=2, instruments=("Acoustic Grand Piano", "Drums"))
    assert song.piece.score.tracks[0].name == "Cello"


def test_one_player_for_one_part(waltz):
    accompany(waltz, {"players chords": 19})
    assert song_of(waltz).take.options.instruments == ("Church Organ",)


def test_a_problem_is_shown_as_its_sentences(waltz):
    accompany(waltz, {"seed": 13})
    assert [e.value for e in waltz.error] == ["That seed brings bad luck. Take another one."]
    assert len(song_of(waltz).takes) == 1


def test_stop_keeps_what_is_there(harmonize):
    press(harmonize, "Lead sheet")
    control(harmonize, "harmonize seed").set_value(UNTIL_STOPPED).run()
    press(harmonize, "Harmonize")
    until_written(press(until_under_way(harmonize), "Stop and keep"))
    song = song_of(harmonize)
    assert 0 < len(song.piece.score.tracks[1].notes) < 16 and len(song.piece.score.tracks[0].notes) == 70


def test_the_song_goes_to_generate_and_to_remix_and_comes_back(waltz):
    song = song_of(accompany(waltz))
    press(waltz, "Continue in Generate")
    waltz.switch_page("studio/pages/generate.py").run()  # AppTest forgets where it was led
    assert control(waltz, "start").value == "song"
    harmonized = song.piece
    for name, value in {"bars": 2, "seed": 1, "variants": 1}.items():
        control(waltz, name).set_value(value)
    until_written(press(waltz.run(), "Generate"))
    assert song.take.before is harmonized
    waltz.switch_page("studio/pages/remix.py").run()
    control(waltz, "remix seed").set_value(1).run()
    until_written(press(waltz, "Remix"))
    remixed = song.piece
    waltz.switch_page("studio/pages/harmonize.py").run()
    accompany(waltz)
    assert song.take.before is remixed and not waltz.exception


def test_names_for_all_that_the_pipeline_offers():
    assert tuple(STYLES) == accompaniment.HARMONIES and tuple(COMPLEXITY) == accompaniment.COMPLEXITIES


def test_what_was_asked_for_in_words():
    chords = (("Am",), ("F",), ("C",), ("G",), ("E7",))
    wanted = HarmonizeOptions("band", chords=chords, bars=(4, 5, 6, 7), instruments=("Violin",))
    assert describe_request(wanted) == "Band · Violin · Sevenths · chords Am | F | C | G … · bars 5-8"


def test_examples_are_valid_options():
    for values in PRESETS.values():
        plain = {key: value for key, value in values.items() if key not in ("band", "chords")}
        typed = laid_out(values.get("chords", ""), 16, 2)
        options = checked(plain | {"seed": None, "melody": 0, "bars": "", "cells": Cells(typed, [""] * 16)})
        assert options.style == values["style"] and bool(options.chords) == ("chords" in values)


@pytest.mark.parametrize("key, named", [("F# minor", "F# minor"), ("H flat", "about C major"), (7, "about C major")])
def test_the_key_of_a_harmonization_is_the_one_it_was_written_in(key, named):
    piece = read_midi(small_midi())
    assert summary(piece.with_step(piece.score, {"pipeline": "harmonize", "key": key})).startswith(named)


def test_a_progression_in_bars():
    assert laid_out("Am F C G", 6, 4) == ["Am", "F", "C", "G", "Am", "F"]
    assert laid_out("| Am | F / / G | C5 C5 |", 3, 4) == ["Am", "F / / G", "C5"]
    assert laid_out("Am / / G", 2, 4) == ["Am / / G", "Am / / G"] and laid_out(" ", 2, 4) == ["", ""]


def test_bars_without_chords_go_on_with_the_one_before():
    assert in_force(Cells(["", "F G", "", ""], [""] * 4)) == ["F", "F G", "G", "G"]
    assert in_force(Cells(["", "F", ""], ["Am", "C", "E7"])) == ["Am", "F", "E7"]
    assert in_force(Cells(["", ""], ["", ""])) == ["", ""] and progression(Cells(["", ""], ["Am", "C"])) == ()


cells = some.sampled_from(["", "Am", "F G", "C / / G7", "N.C.", "Bb/D"])


@given(some.lists(some.tuples(cells, cells), min_size=1, max_size=9), some.sets(some.integers(0, 8)))
def test_the_progression_says_for_each_bar_what_its_cell_shows(pairs, chosen):
    typed, heard = (list(texts) for texts in zip(*pairs))
    chosen = {bar for bar in chosen if bar < len(pairs)}
    bars = progression_of(progression(Cells(typed, heard), chosen))
    chosen = sorted(chosen) or range(len(pairs))
    assert bool(bars) == any(typed[n] for n in chosen)
    for n in chosen if bars else ():
        wanted = in_force(Cells(typed, heard))[n]
        assert bars[(n - chosen[0]) % len(bars)] == parse_progression(f"| {wanted} |")[0]


def test_the_bars_that_were_edited():
    cells = Cells(["Amin", "", "G", "x", "F / / F"], ["Am", "C", "C", "C", "F"])
    assert edited(cells) == [2] and list(problems(cells.typed)) == [3]


def test_what_is_typed_in_the_grid_is_kept_and_bar_lines_fill_the_bars_after(monkeypatch):
    controls = {}
    monkeypatch.setattr(chord_grid, "keep", lambda name, value: controls.update({name: value}))

    def typed(*cells):
        heard = ["Em"] * len(cells)
        chord_grid._take_over({"cells": cells, "serial": len(cells)}, heard, 4, None)
        return controls[CELLS]

    assert typed("", " Am | F G | C", "D", "E", "") == ["", "Am", "F G", "C", ""]
    assert controls["harmonize cells serial"] == 5
    assert typed("", "C | G | D | A") == ["", "C"]
    assert typed("C | H", "Am") == ["C | H", "Am"]
    before = dict(controls)
    for wrong in ({}, [], {"cells": [7], "serial": 1}, {"cells": "C", "serial": 1}, {"cells": ["C"], "serial": None}):
        chord_grid._take_over(wrong, ["Em"], 4, None)
    assert controls == before
    assert typed("", "%", "G A", "/ / B B", "%") == ["", "Em", "G A", "A B", "A B"]


@pytest.mark.skipif("harmonize-small" not in store.entries(), reason="harmonize-small has not been exported")
def test_the_real_worker_harmonizes_examples_and_one_bar_again(real_studio):
    page = real_studio
    page.switch_page("studio/pages/harmonize.py").run()
    for name in ("Own chords", "Piano song"):
        press(page, name)
        song = song_of(accompany(page, {"variants": 1}))
        assert not song.notice and song.take.options.style == PRESETS[name]["style"]
        assert song.piece.score.tracks[0].name == "Flute" and chord_spans(song.piece.score)
    type_cells(page, ["", "", "Dm7", *[""] * 13])
    accompany(page, {"variants": 2}, button="Only bar 3")
    bar = 6 * song.piece.score.ticks_per_quarter // 2
    assert not song.notice and song.take.options.bars == (2,)
    assert any(span.chord.name() == "Dm7" and span.start == 2 * bar for span in chord_spans(song.piece.score))
