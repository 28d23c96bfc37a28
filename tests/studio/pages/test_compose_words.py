"""Lyrics on the Compose page: asked for, typed, changed and added, while the music stays."""

from __future__ import annotations

import pytest

from music.roll.picture import picture
from studio.widgets import sampling
from tests.studio.pages.composing import SENTENCE, captions, chips, composed, key_press, say, set_chip
from tests.studio.visitor import press, song_of, until_written

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
