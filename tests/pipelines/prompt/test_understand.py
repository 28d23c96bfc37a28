"""Free text becomes a brief: what is said counts, what is not understood is named, and no text breaks it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.instruments import GM_NAMES
from pipelines.options.checks import TIME_SIGNATURES
from pipelines.options.harmonize import MAX_PLAYERS
from pipelines.prompt import function_words as grammar
from pipelines.prompt import words as prompt_words
from pipelines.prompt.understand import Understanding, understand
from pipelines.prompt.vocabulary import split, vocabulary, vocabulary_page
from pipelines.song.brief import MOODS, Brief
from tests.counting import calls
from tests.examples import examples
from tests.pipelines.prompt.prompts import BASS, GUITAR, HARP, ORGAN, PIANO, PROMPTS, STRINGS


def asked(text: str) -> dict:
    """Returns the fields of the brief that a text sets; what the band plays is asked about in test_styles_and_languages."""
    brief = understand(text).brief
    default = Brief()
    return {
        field.name: getattr(brief, field.name)
        for field in dataclasses.fields(Brief)
        if field.name not in ("text", "groove") and getattr(brief, field.name) != getattr(default, field.name)
    }


@pytest.mark.parametrize(("text", "expected", "unknown"), PROMPTS, ids=[text[:40] or "empty" for text, *_ in PROMPTS])
def test_a_prompt_is_understood(text, expected, unknown):
    assert asked(text) == expected
    assert understand(text).unknown == unknown
    assert understand(text).brief.text == text


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("paino", "piano"), ("voilin", "violin"), ("gutar", "guitar"), ("drumms", "drums"), ("saxaphone", "saxophone"),
        ("clarinett", "clarinet"), ("trumpit", "trumpet"), ("celo", "cello"), ("harpsicord", "harpsichord"),
        ("melancoly", "melancholy"), ("energtic", "energetic"), ("romatic", "romantic"), ("mysterous", "mysterious"),
        ("alegro", "allegro"), ("andnate", "andante"), ("moderatto", "moderato"), ("clasical", "classical"),
        ("electonic", "electronic"), ("tecno", "techno"), ("balad", "ballad"), ("watlz", "waltz"),
    ],
)  # fmt: skip
def test_a_slip_is_read_as_what_was_meant_and_named(slip, right):
    assert asked(f"a {slip} please") == asked(f"a {right} please") != {}
    assert f"Read '{slip}' as '{right}'." in understand(f"a {slip} please").notes


@pytest.mark.parametrize(
    "text",
    [
        "My boss sent a list of related matters concerning the county",
        "she is calling from the corner shop",
        "The company reported strong earnings and paid its lenders",
        "I met a strange man with a large table and a vase",
        "a boat, a bat and a vice near the villas",
        "Walt bought a meal, a shirt and some jelly",
        "he strode past the star in his suit",
        "What space is there for a beast in the woodlands?",
        "Our trainer gave him a medication against depression",
    ],
)
def test_ordinary_english_is_not_turned_into_music(text):
    understood = understand(text)
    assert asked(text) == {}
    assert understood.notes == ()
    assert understood.unknown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no drums or strings", {"without": {"Drums", STRINGS, "Violin"}}),
        ("without drums and bass, with piano", {"without": {"Drums", BASS, "Acoustic Bass"}, "instruments": (PIANO,)}),
        ("without drums, bass and piano", {"without": {"Drums", BASS, PIANO}}),
        ("no drums, just piano and flute", {"without": {"Drums"}, "instruments": (PIANO, "Flute")}),
        ("violin instead of piano", {"without": {PIANO}, "instruments": ("Violin",)}),
        ("I don't want any drums.", {"without": {"Drums"}}),
        ("a violin but no strings", {"without": {STRINGS, "Viola"}, "instruments": ("Violin",)}),
        ("nothing but piano", {"instruments": (PIANO,)}),
        ("not only piano but also violin", {"instruments": (PIANO, "Violin")}),
        ("everything except drums", {"without": {"Drums"}}),
        ("drum-free rock", {"without": {"Drums"}, "genre": "rock"}),
        ("neither drums nor brass", {"without": {"Drums", "Brass Section", "Trumpet"}}),
        ("do not use drums", {"without": {"Drums"}}),
        ("not with drums in it", {"without": {"Drums"}}),
        ("don't just use piano, but violin too", {"instruments": (PIANO, "Violin")}),
        ("no drums for this flute tune", {"without": {"Drums"}, "instruments": ("Flute",)}),
        ("please avoid, if you can, drums and organ", {"without": {"Drums", ORGAN}}),
        ("Avoid it. Drums and bass.", {"instruments": ("Drums", BASS)}),
        ("w/o drums", {"without": {"Drums"}}),
        ("not sad or dark, but dreamy", {"moods": ("dreamy",)}),
        ("not too fast and not too slow", {"tempo_bpm": 104.0}),
        ("not minor", {"mode": "major"}),
        ("not a waltz", {}),
        ("it should not be in 3/4", {}),
        ("no longer than two minutes", {"seconds": 120.0}),
        ("anything but rock: jazz", {"genre": "jazz"}),
        ("no guitars", {"without": {GUITAR, "Distortion Guitar", "Electric Guitar (jazz)"}}),
    ],
)
def test_negations(text, expected):
    found = asked(text)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert set(found[name]) >= value if name == "without" else found[name] == value
    assert understand(text).unknown == ()


def test_what_is_negated_and_cannot_be_set_is_named():
    notes = " ".join(understand("anything but jazz, not sad, not a waltz").notes)
    assert all(f"'{word}'" in notes for word in ("jazz", "sad", "waltz"))


@pytest.mark.parametrize(
    ("text", "expected", "named"),
    [
        ("slow fast waltz in 4/4", {"tempo_bpm": 144.0, "time_signature": "4/4"}, ("slow", "waltz")),
        ("in 4/4, a waltz", {"time_signature": "4/4"}, ("waltz",)),
        ("piano with violin, then without piano", {"instruments": ("Violin",)}, ("piano",)),
        ("no piano ... or rather, with piano", {"instruments": (PIANO,)}, ("piano",)),
        ("slow, at 160 bpm", {"tempo_bpm": 160.0}, ("slow",)),
        ("happy, no, sad", {"moods": ("sad",)}, ("happy",)),
        ("in C major, no, in G major", {"key": "G major"}, ("in C major",)),
        ("D minor in a major key", {"key": "D minor"}, ("in a major key",)),
        ("a jazz rock pop song", {"genre": "pop"}, ("jazz", "rock")),
        ("ABA, or better AABA", {"form": "AABA"}, ("ABA",)),
        ("short, three minutes", {"seconds": 180.0}, ("short",)),
    ],
)
def test_contradictions_are_settled_and_named(text, expected, named):
    found = asked(text)
    assert {name: value for name, value in found.items() if name != "without"} == expected
    assert all(any(f"'{word}'" in note for note in understand(text).notes) for word in named)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a waltz", "'waltz' means 3/4."),
        ("bossa nova", "'bossa nova' suggests 132 BPM."),
        ("some klezmer", "'klezmer' comes nearest to folk."),
        ("some blues", "'blues' suggests the twelve bars of a blues."),
        ("a ukulele", "'ukulele' is played by Acoustic Guitar (nylon)."),
        ("two violins and a cello", "Each instrument plays one part: 'two violins' is one part."),
        ("11/8", "'11/8' is not possible."),
        ("E locrian", "'E locrian' comes nearest to E minor."),
        ("sonata form", "sonata form is not possible"),
        ("speeding up", "keeps one tempo"),
        ("10 minutes long", "300 seconds"),
        ("2 seconds", "10 seconds"),
        ("tempo 900", "300 BPM"),
        ("60-90 seconds", "75 seconds"),
        ("32 bars", "77 seconds"),
    ],
)
def test_what_is_read_into_words_is_said(text, note):
    assert any(note in sentence for sentence in understand(text).notes)


def test_no_more_players_than_a_song_may_have():
    text = "flute, oboe, clarinet, bassoon, horn, trumpet, trombone, tuba, timpani and harp"
    understood = understand(text)
    assert len(understood.brief.instruments) == MAX_PLAYERS
    assert all(any(name in note for note in understood.notes) for name in ("Timpani", HARP))


def test_every_instrument_is_understood_by_its_name():
    wrong = [name for name in GM_NAMES if understand(f"with {name}, please").brief.instruments != (name,)]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "texture"),
    [("a piano ballad with a pad and drums", "pad"), ("ambient texture for a guitar song", "pad"), ("Klangteppich, flute", "pad"),
     ("a sad song over synth pads", "pad"), ("flute, string texture", "strings"), ("piano and a choir pad", "choir"),
     ("harp, organ drone", "organ"), ("a dark atmosphere, slow", None), ("piano, bass and pad", None),
     ("a waltz without a pad", None), ("flute, no texture", None), ("ambient music", None)],
)  # fmt: skip
def test_a_texture_is_there_only_where_it_was_asked_for(text, texture):
    understood = understand(text)
    assert understood.brief.texture == texture and not understood.unknown
    assert not texture or not any("Pad" in name for name in understood.brief.instruments)


def test_every_time_signature_and_mood_is_understood():
    assert [understand(f"a song in {signature}").brief.time_signature for signature in TIME_SIGNATURES] == [
        *TIME_SIGNATURES
    ]
    assert [understand(f"a {mood} song").brief.moods for mood in MOODS] == [(mood,) for mood in MOODS]


@pytest.mark.parametrize("tonic", ["C", "D", "Eb", "F#", "Ab", "B", "A"])
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_keys(tonic, mode):
    spoken = tonic.replace("b", " flat").replace("#", "-sharp")
    expected = {"Ab minor": "G# minor"}.get(f"{tonic} {mode}", f"{tonic} {mode}")
    for text in (
        f"a song in {tonic} {mode}.",
        f"a song in {spoken} {mode}",
        f"sad, {tonic.lower()} {mode}, 3/4",
        f"key: {tonic} {mode}",
    ):
        assert understand(text).brief.key == expected


PHRASES = sorted(" ".join(phrase) for phrase in vocabulary())


def test_every_phrase_of_the_vocabulary_is_understood_alone():
    wrong = [
        phrase
        for phrase in PHRASES
        if understand(phrase).unknown or not (understand(phrase).found or understand(phrase).notes)
    ]
    assert not wrong


OTHER_WORDS = (
    "grandmother",
    "garden",
    "Tom",
    "Waits",
    "zydeco",
    "xylograph",
    "bicycle",
    "teapot",
    "Straße",
    "сад",
    "ピアノ",
    "7up",
    "42",
)
SMALL_WORDS = (
    "a",
    "the",
    "and",
    "please",
    "make",
    "me",
    "song",
    "with",
    "for",
    "in",
    "no",
    "without",
    "not",
    "but",
    ",",
    ".",
    "-",
    "very",
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.sampled_from([*PHRASES, *OTHER_WORDS * 8, *SMALL_WORDS * 8]), max_size=12))
def test_nothing_is_silently_ignored(parts):
    text = " ".join(parts)
    understood = understand(text)
    heard = " ".join([*(found.words for found in understood.found), *understood.unknown, *understood.notes]).casefold()
    small = {
        word
        for listed in (grammar.FILLERS, grammar.TURNS, grammar.NEGATIONS, grammar.NOT_NEGATIONS)
        for word in re.findall(r"\w+", listed)
    }
    missing = [word for word in re.findall(r"\w+", text.casefold()) if word not in heard and word not in small]
    assert not missing
    assert set(parts) & {*OTHER_WORDS} - {"42"} <= {*understood.unknown}  # 42 guitars are one part


@settings(max_examples=examples(100), deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from([*PHRASES, "3", "/", ":", "=", "#", "bpm", "120", "min", "s", "\ud800"]), max_size=20
        ).map(" ".join),
    )
)
def test_any_text_makes_a_valid_brief(text):
    understood = understand(text)
    assert isinstance(understood, Understanding)
    dataclasses.replace(understood.brief)  # its checks pass again
    for start, end, words, name, _ in understood.found:
        assert 0 <= start < end and understood.brief.text[start:end] == words
        assert hasattr(understood.brief, name)
    assert all(word in understood.brief.text for word in understood.unknown)
    assert len({word.casefold() for word in understood.unknown}) == len(understood.unknown)


FACTS = ("at 96 bpm", "in E minor", "6/8", "folk", "dark", "with flute", "no drums", "ABAC", "two minutes", "chorale")


@settings(max_examples=examples(40), deadline=None)
@given(st.permutations(FACTS), st.integers(2, len(FACTS)))
def test_independent_facts_may_come_in_any_order(facts, count):
    chosen = facts[:count]
    one, two = (dataclasses.replace(understand(", ".join(order)).brief, text="") for order in (chosen, sorted(chosen)))
    assert one == two
    together: dict = {}
    for fact in chosen:
        together |= asked(fact)
    assert asked(", ".join(chosen)) == together


@pytest.mark.parametrize(
    "change",
    [str.upper, str.title, lambda text: text.replace("-", "–").replace("'", "’"), lambda text: f"  “{text}”!?\n\n"],
)
@pytest.mark.parametrize(
    "text",
    [
        "a mid-tempo rock'n'roll song for double-bass and piano, in d minor, 90 seconds",
        "verse-chorus, don't use drums, 3/4",
    ],
)
def test_case_quotes_and_dashes_do_not_matter(text, change):
    assert asked(change(text)) == asked(text)
    assert understand(change(text)).unknown == ()


def test_an_exclusion_with_a_slip_rules_out_as_much():
    assert asked("no gutar") == asked("no guitar")
    assert asked("WITHOUT GUITAR") == asked("without 🎸")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a hit at 0:45", "at 0:45"),
        ("drums from 0:30 to 0:45", "from 0:30 to 0:45"),
        ("after 20 seconds the drums come in", "after 20 seconds"),
        ("4 bars of 7/8", "4 bars of"),
        ("a 10 second intro", "10 second"),
        ("a fade-out of 15 seconds", "fade-out of 15 seconds"),
    ],
)
def test_moments_and_lengths_of_parts_are_no_length_of_the_song(text, words):
    understood = understand(text)
    assert understood.brief.seconds == Brief().seconds and not any(f.field == "seconds" for f in understood.found)
    assert any(note.startswith(f"'{words}': ") for note in understood.notes)
    assert understand(f"{text}, 2 minutes long").brief.seconds == 120.0


@pytest.mark.parametrize(
    "text", ["16 bars of jazz", "a 40 second piano solo", "for 40 seconds", "a waltz from Vienna, 0:40"]
)
def test_lengths_of_all_of_the_song(text):
    assert 38 <= understand(text).brief.seconds <= 40


def test_a_length_in_bars_settles_the_tempo_that_it_is_reckoned_at():
    assert asked("32 bars") == {"seconds": 76.8, "tempo_bpm": 100.0, "time_signature": "4/4", "bars": 32}
    assert asked("12 bars in 6/8, quarter = 90") == {
        "seconds": 24.0,
        "tempo_bpm": 90.0,
        "time_signature": "6/8",
        "bars": 12,
    }
    assert asked("32 bars, in 45 seconds") == {"seconds": 45.0}


def test_found_words_stand_where_they_say():
    found = understand("A sad waltz, 90 s, no drums")
    assert [(f.words, f.field, f.value) for f in found.found] == [
        ("sad", "moods", ("sad",)),
        ("waltz", "groove", "waltz"),
        ("waltz", "time_signature", "3/4"),
        ("90 s", "seconds", 90.0),
        ("drums", "without", ("Drums",)),
    ]


def test_a_prompt_is_little_work():
    """It is understood while someone types; ``python -m benchmarks interface`` tells the seconds."""
    texts = [text for text, *_ in PROMPTS]
    for text in texts:
        understand(text)  # what is worked out once for all prompts
    assert max(calls(understand, text) for text in texts) < 8000


@pytest.mark.parametrize(
    "text",
    ["no drums, " * 50_000, "= : of " * 50_000, "a" * 300_000, "1 " * 100_000, "(" * 10_000, "in the key of " * 9000],
)
def test_a_huge_text_is_read_in_part_and_is_little_work(text):
    understood = understand(text)
    assert calls(understand, text) < 400_000
    assert any("were read" in note for note in understood.notes)


def test_the_page_of_the_manual_is_up_to_date():
    page = Path(__file__).parents[3] / "docs" / "prompts.md"
    assert page.read_text(encoding="utf-8") == vocabulary_page(), "Write docs/prompts.md anew from vocabulary_page()."


def test_no_phrase_has_two_meanings():
    tables = [
        prompt_words.TEMPOS, prompt_words.LENGTHS, prompt_words.SIGNATURES, prompt_words.FORM_WORDS, prompt_words.MOOD_WORDS,
        prompt_words.GENRE_WORDS, prompt_words.NEAR_GENRES, prompt_words.NEAR_INSTRUMENTS, prompt_words.INSTRUMENT_WORDS,
        prompt_words.STYLE_WORDS, prompt_words.MODE_WORDS, prompt_words.NEAR_MODES,
    ]  # fmt: skip
    texts = [
        *(text for table in tables for text in table.values()),
        *prompt_words.GROUPS,
        *(kind[0] for kind in prompt_words.KINDS),
    ]
    phrases = [phrase for text in texts for phrase in split(text)]
    assert sorted({phrase for phrase in phrases if phrases.count(phrase) > 1}) == []
