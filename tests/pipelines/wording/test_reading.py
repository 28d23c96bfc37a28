"""What a description and lyrics say of the music, and what they do not."""

from __future__ import annotations

import numpy as np
import pytest

from music.instruments import DRUMS
from pipelines.wording.captions import ATTRIBUTES, wordings
from pipelines.wording.reading import family_of, read_words, tempo_class

POEM = """The curfew tolls the knell of parting day,
The lowing herd wind slowly o'er the lea,
The ploughman homeward plods his weary way,
And leaves the world to darkness and to me."""


def said(text: str, lyrics: str = "") -> dict[str, str]:
    """Returns by name the attributes that a text and lyrics say."""
    return {name: found.value for name, found in read_words(text, lyrics).attributes.items() if found}


def test_known_words_numbers_and_instruments_are_obeyed():
    words = read_words("Calm piano melody, slow, dark, in D minor, waltz")
    assert said("Calm piano melody, slow, dark, in D minor, waltz") == {
        "tempo": "slow", "loudness": "soft", "brightness": "dark", "mode": "minor", "family": "piano",
    }  # fmt: skip
    assert (words.tempo_bpm, words.key, words.time_signature, words.programs) == (68.0, "D minor", "3/4", (0,))
    assert words.attributes["brightness"].words == ("dark",) and words.attributes["brightness"].sure


def test_numbers_count_more_than_words():
    words = read_words("slow, 150 bpm")
    assert words.tempo_bpm == 150 and words.attributes["tempo"].value == "fast"


def test_training_wordings_of_a_sound_are_obeyed_to_the_letter():
    for name in ("loudness", "brightness", "density", "mode"):
        for value, phrases in wordings()[name].items():
            assert all(said(phrase).get(name) == value for phrase in phrases[::5]), (name, value)


@pytest.mark.parametrize(
    ("text", "name", "value", "word"),
    [
        ("a hushed tune", "loudness", "soft", "hushed"),
        ("something dazzling", "brightness", "bright", "dazzling"),
        ("thunderous", "loudness", "loud", "thunderous"),
        ("it should be GLEEFUL!", "mode", "major", "GLEEFUL"),
        ("crammed with notes", "density", "dense", "crammed with notes"),
        ("at an ordinary volume", "loudness", "medium", "ordinary volume"),
    ],
)
def test_words_that_nobody_listed_are_guessed_and_named(text, name, value, word):
    found = read_words(text).attributes[name]
    assert found and (found.value, found.words, found.sure) == (value, (word,), False)


def test_most_wordings_that_were_held_out_are_understood():
    held_out = [
        said(phrase).get(name) == value
        for name in ("loudness", "brightness", "mode")
        for value, phrases in wordings(True)[name].items()
        for phrase in phrases
    ]
    assert np.mean(held_out) > 0.7


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("no drums", "drums"), ("without piano", "family"), ("not loud", "loudness"), ("not too gloomy", "brightness"),
        ("never hushed", "loudness"), ("no gloomy or thunderous stuff", "loudness"), ("isn't dense", "density"),
    ],
)  # fmt: skip
def test_what_is_ruled_out_is_not_asked_for(text, gone):
    assert said(text).get(gone) in (None, "none")
    assert not read_words("not loud").vector.any()


def test_a_negation_ends_where_its_clause_does():
    assert said("not loud, bright strings") == {"brightness": "bright", "family": "strings"}
    assert said("not dark but loud") == {"loudness": "loud"}
    assert said("not too fast") == {"tempo": "medium"} and said("not minor") == {"mode": "major"}
    assert said("not only loud") == {"loudness": "loud"}


def test_drums_can_be_ruled_out():
    words = read_words("guitar, no drums")
    assert words.attributes["drums"].value == "none" and "Drums" in words.without
    assert words.attributes["drums"].words == ("drums",) and DRUMS not in words.programs


@pytest.mark.parametrize("text", ["SLOW, DARK!!!", "slow... dark?", "«slow» – dark", "sLoW\tdark 🙂🙂", "slow;dark"])
def test_case_and_signs_do_not_matter(text):
    found = said(text)
    assert (found["tempo"], found["brightness"]) == ("slow", "dark")


def test_emoji_are_words():
    assert said("🎹 🐢") == {"tempo": "slow", "family": "piano"}


@pytest.mark.parametrize("text", ["", "   ", "...", "🫥", "12345", "xqzzt vrrrm", "音楽をください", "\ud800"])
def test_a_text_that_says_nothing_says_nothing(text):
    words = read_words(text)
    assert not any(words.attributes.values()) and words.instruments == () and not words.vector.any()


@pytest.mark.parametrize(
    "text",
    [
        "Ein Lied für die Nacht und der Mond ist nicht hell",
        "une chanson pour les enfants dans le jardin et la mer",
        "una canción para los niños y el mar con la luna",
    ],
)
def test_other_languages_give_no_nonsense(text):
    assert not any(found and not found.sure for found in read_words(text).attributes.values())


def test_a_long_text_is_read_to_its_limits():
    words = read_words("slow dark piano, " * 600, "tears and rain\n" * 2000)
    assert words.attributes["tempo"].value == "slow" and words.notes
    assert np.isfinite(words.vector).all()


def test_lyrics_say_moods_and_never_an_instrument():
    found = said("", "I play my old guitar\nand the drums of war\ntears on my piano, broken heart, alone, crying, sad")
    assert found.get("mode") == "minor" and not set(found) & {"family", "drums", "tempo", "density"}
    assert not set(said("", POEM)) & {"family", "drums", "tempo", "density"}


def test_the_description_counts_more_than_the_lyrics():
    assert said("happy", "tears, broken heart, crying, lonely, alone")["mode"] == "major"


def test_lyrics_move_the_vector():
    plain, sung = read_words("slow").vector, read_words("slow", "tears and rain").vector
    assert not np.array_equal(plain, sung) and plain.shape == sung.shape == (128,)
    assert read_words("", "tears and rain").vector.any()


def test_a_medium_volume_is_no_tempo():
    words = read_words("medium volume, moderately bright")
    assert words.tempo_bpm is None and words.attributes["tempo"] is None
    assert said("medium volume, fast")["tempo"] == "fast"


def test_a_dance_suggests_a_tempo_and_words_of_tempo_count_more():
    assert read_words("tango, unrushed").attributes["tempo"].value == "slow"


def test_every_program_has_at_most_one_family():
    assert {family_of(program) for program in range(128)} <= {None, *ATTRIBUTES["family"]}
    assert [family_of(each) for each in (0, 25, 33, 40, 56, 73, 19, 81, 9, DRUMS)] == [
        "piano", "guitar", "bass", "strings", "brass", "wind", "organ", "synth", "bells", None,
    ]  # fmt: skip
    assert [tempo_class(bpm) for bpm in (60, 100, 140)] == ["slow", "medium", "fast"]
