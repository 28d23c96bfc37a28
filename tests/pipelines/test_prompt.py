from __future__ import annotations

import dataclasses
import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.instruments import GM_NAMES
from pipelines import prompt_grammar as grammar
from pipelines import prompt_words
from pipelines.options import MAX_PLAYERS, TIME_SIGNATURES
from pipelines.plan import MOODS, Brief
from pipelines.planning import plan_song
from pipelines.prompt import Understanding, understand
from pipelines.prompt_vocabulary import split, vocabulary, vocabulary_page

PIANO, GUITAR, ELECTRIC, BASS, DOUBLE_BASS = (
    "Acoustic Grand Piano", "Acoustic Guitar (steel)", "Electric Guitar (clean)", "Electric Bass (finger)", "Contrabass",
)  # fmt: skip
STRINGS, CHOIR, HARP, HORN, ORGAN = "String Ensemble 1", "Choir Aahs", "Orchestral Harp", "French Horn", "Drawbar Organ"
QUARTET = ("Violin", "Viola", "Cello")
RHYTHM = (PIANO, "Acoustic Bass", "Drums")


def asked(text: str) -> dict:
    """Returns the fields of the brief that a text sets."""
    brief = understand(text).brief
    default = Brief()
    return {
        field.name: getattr(brief, field.name)
        for field in dataclasses.fields(Brief)
        if field.name != "text" and getattr(brief, field.name) != getattr(default, field.name)
    }


# The prompt, what it asks for besides the defaults, and the words that are not understood.
PROMPTS = [
    (
        "a slow, dark waltz for strings and piano, one minute",
        {"tempo_bpm": 68.0, "moods": ("dark",), "time_signature": "3/4", "instruments": (STRINGS, PIANO)},
        (),
    ),
    (
        "Make me a happy pop song in G major at 120 bpm with drums, bass and electric guitar",
        {
            "moods": ("happy",),
            "genre": "pop",
            "key": "G major",
            "tempo_bpm": 120.0,
            "instruments": ("Drums", BASS, ELECTRIC),
        },
        (),
    ),
    (
        "Jazz trio in Bb, medium swing, AABA, 90 seconds",
        {
            "genre": "jazz",
            "instruments": RHYTHM,
            "key": "Bb major",
            "tempo_bpm": 104.0,
            "form": "AABA",
            "seconds": 90.0,
        },
        (),
    ),
    ("sad piano music", {"moods": ("sad",), "instruments": (PIANO,)}, ()),
    (
        "Solo piano, E-flat minor, adagio, two minutes",
        {"instruments": (PIANO,), "style": "piano", "key": "Eb minor", "tempo_bpm": 63.0, "seconds": 120.0},
        (),
    ),
    (
        "an energetic rock song, 140 BPM, E minor, verse and chorus",
        {"moods": ("energetic",), "genre": "rock", "tempo_bpm": 140.0, "key": "E minor", "form": "verse-chorus"},
        (),
    ),
    (
        "Irish jig for fiddle and tin whistle",
        {"genre": "folk", "time_signature": "6/8", "tempo_bpm": 168.0, "instruments": ("Fiddle", "Whistle")},
        (),
    ),
    (
        "String quartet in D minor, andante, ternary form",
        {"instruments": QUARTET, "key": "D minor", "tempo_bpm": 84.0, "form": "ABA"},
        (),
    ),
    (
        "bossa nova with nylon guitar, flute and double bass",
        {"genre": "latin", "tempo_bpm": 132.0, "instruments": ("Acoustic Guitar (nylon)", "Flute", DOUBLE_BASS)},
        (),
    ),
    ("techno loop 128bpm 30s", {"genre": "electronic", "form": "loop", "tempo_bpm": 128.0, "seconds": 30.0}, ()),
    ("A song in a minor key, not too fast, please.", {"mode": "minor", "tempo_bpm": 96.0}, ()),
    ("in A minor", {"key": "A minor"}, ()),
    ("a waltz in a minor", {"time_signature": "3/4", "key": "A minor"}, ()),
    ("something in C for flute and harp", {"key": "C major", "instruments": ("Flute", HARP)}, ()),
    ("ballad in F# major, 1:30", {"tempo_bpm": 72.0, "key": "F# major", "seconds": 90.0}, ()),
    ("quarter = 100, 3/4, C♯ minor", {"tempo_bpm": 100.0, "time_signature": "3/4", "key": "C# minor"}, ()),
    ("♩=80 and 5/4", {"tempo_bpm": 80.0, "time_signature": "5/4"}, ()),
    (
        "four-part choir, slow, in Eb",
        {"instruments": (CHOIR,), "style": "chorale", "tempo_bpm": 68.0, "key": "Eb major"},
        (),
    ),
    ("SATB chorale in G", {"style": "chorale", "key": "G major"}, ()),
    (
        "a cappella, peaceful, half a minute",
        {"instruments": (CHOIR,), "style": "chorale", "moods": ("calm",), "seconds": 30.0},
        (),
    ),
    ("drumless pop", {"genre": "pop", "without": ("Drums",)}, ()),
    ("Pop, no drums!", {"genre": "pop", "without": ("Drums",)}, ()),
    (
        "rock band, no piano, very fast",
        {
            "genre": "rock",
            "instruments": ("Overdriven Guitar", BASS, "Drums"),
            "tempo_bpm": 176.0,
            "without": ("Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Grand Piano", "Honky-tonk Piano"),
        },
        (),
    ),
    (
        "a march in 2/4 for brass quartet",
        {"time_signature": "2/4", "tempo_bpm": 112.0, "instruments": ("Trumpet", HORN, "Trombone", "Tuba")},
        (),
    ),
    (
        "baroque minuet for harpsichord and recorder",
        {"genre": "classical", "time_signature": "3/4", "tempo_bpm": 112.0, "instruments": ("Harpsichord", "Recorder")},
        (),
    ),
    (
        "lofi hip hop, mellow, 75 bpm, a minute and a half",
        {"genre": "electronic", "moods": ("calm",), "tempo_bpm": 75.0, "seconds": 90.0},
        (),
    ),
    (
        "ambient soundscape, 2 min",
        {"genre": "electronic", "moods": ("calm",), "tempo_bpm": 70.0, "seconds": 120.0},
        ("soundscape",),
    ),
    (
        "salsa with trumpets, trombone, piano, bass and congas",
        {"genre": "latin", "instruments": ("Trumpet", "Trombone", PIANO, BASS, "Drums")},
        (),
    ),
    (
        "Celtic harp, dreamy, 6/8",
        {"genre": "folk", "instruments": (HARP,), "moods": ("dreamy",), "time_signature": "6/8"},
        (),
    ),
    (
        "epic orchestral film music in C minor",
        {"moods": ("epic",), "genre": "classical", "key": "C minor", "instruments": prompt_words.ORCHESTRA},
        (),
    ),
    (
        "a cheerful country tune with banjo, fiddle and acoustic guitar",
        {"moods": ("happy",), "genre": "folk", "instruments": ("Banjo", "Fiddle", GUITAR)},
        (),
    ),
    ("12/8 slow blues in A", {"time_signature": "12/8", "tempo_bpm": 102.0, "genre": "jazz", "key": "A major"}, ()),
    ("spooky music box tune for Halloween", {"moods": ("dark",), "instruments": ("Music Box",)}, ()),
    (
        "heavy metal, distorted guitar, 180 bpm",
        {"genre": "rock", "instruments": ("Distortion Guitar",), "tempo_bpm": 180.0},
        (),
    ),
    (
        "lullaby for celesta and strings, very slow",
        {"moods": ("calm",), "tempo_bpm": 50.0, "instruments": ("Celesta", STRINGS)},
        (),
    ),
    ("tense, dramatic cello solo", {"moods": ("tense",), "instruments": ("Cello",)}, ()),
    ("drum and bass at 174", {"genre": "electronic", "tempo_bpm": 174.0}, ()),
    (
        "romantic nocturne in Db, rubato",
        {
            "moods": ("calm", "romantic"),
            "genre": "classical",
            "key": "Db major",
            "tempo_bpm": 66.0,
            "instruments": (PIANO,),
        },
        (),
    ),
    (
        "verse-chorus, guitar and voice, 3 minutes",
        {"form": "verse-chorus", "instruments": (GUITAR, CHOIR), "seconds": 180.0},
        (),
    ),
    ("through-composed piece for oboe", {"form": "through-composed", "instruments": ("Oboe",)}, ()),
    (
        "ABACA rondo, allegro, clarinet and bassoon",
        {"form": "ABACA", "tempo_bpm": 132.0, "instruments": ("Clarinet", "Bassoon")},
        (),
    ),
    (
        "flute with piano accompaniment, in 6/8",
        {"instruments": ("Flute", PIANO), "style": "piano", "time_signature": "6/8"},
        (),
    ),
    ("melody with just chords", {"style": "chords"}, ()),
    ("trumpet and only a bass line", {"instruments": ("Trumpet",), "style": "bass"}, ()),
    ("a song with a full band", {"style": "band"}, ()),
    ("three-four time, moderately fast, folk song", {"time_signature": "3/4", "tempo_bpm": 112.0, "genre": "folk"}, ()),
    ("common time, tempo 90, B flat major", {"time_signature": "4/4", "tempo_bpm": 90.0, "key": "Bb major"}, ()),
    ("16 bars at 120 bpm in 4/4", {"tempo_bpm": 120.0, "time_signature": "4/4", "seconds": 32.0}, ()),
    ("twenty-four measures, 3/4, crotchet = 60", {"time_signature": "3/4", "tempo_bpm": 60.0, "seconds": 72.0}, ()),
    (
        "chiptune, fast and playful, loopable",
        {
            "genre": "electronic",
            "tempo_bpm": 144.0,
            "moods": ("playful",),
            "form": "loop",
            "instruments": ("Lead 1 (square)", "Lead 2 (sawtooth)", "Synth Bass 1", "Drums"),
        },
        (),
    ),
    (
        "I'd like a gentle tune for my daughter's birthday, with glockenspiel",
        {"moods": ("calm",), "instruments": ("Glockenspiel",)},
        ("daughter's", "birthday"),
    ),
    ("a song about my grandmother's garden", {}, ("grandmother's", "garden")),
    ("accordion-ish vibes like Tom Waits", {"instruments": ("Accordion",)}, ("Tom", "Waits")),
    ("Zydeco", {}, ("Zydeco",)),
    (
        "An upbeat 80s synthpop track, 116 bpm, A minor, synths and drum machine",
        {
            "moods": ("energetic",),
            "genre": "electronic",
            "tempo_bpm": 116.0,
            "key": "A minor",
            "instruments": ("Lead 2 (sawtooth)", "Drums"),
        },
        ("80s",),
    ),
    ("something relaxing for studying", {"moods": ("calm",)}, ("studying",)),
    ("anything but jazz", {}, ()),
    ("calm but not sad", {"moods": ("calm",)}, ()),
    ("ragtime!", {"genre": "jazz", "tempo_bpm": 96.0, "instruments": (PIANO,)}, ()),
    (
        "a tango with bandoneon, violin, piano and upright bass; no drums",
        {
            "genre": "latin",
            "tempo_bpm": 120.0,
            "mode": "minor",
            "instruments": ("Tango Accordion", "Violin", PIANO, "Acoustic Bass"),
            "without": ("Drums",),
        },
        (),
    ),
    ("short happy tune, uptempo", {"seconds": 30.0, "moods": ("happy",), "tempo_bpm": 132.0}, ()),
    ("largo, organ, D dorian", {"tempo_bpm": 50.0, "instruments": (ORGAN,), "key": "D minor"}, ()),
    ("do you have something with pan flute & sitar?", {"instruments": ("Pan Flute", "Sitar")}, ()),
    ("house music, 124 bpm, five minutes", {"genre": "electronic", "tempo_bpm": 124.0, "seconds": 300.0}, ()),
    ("a song about my house in the country", {}, ("house", "country")),
    ("dotted quarter = 60 in 6/8", {"tempo_bpm": 90.0, "time_signature": "6/8"}, ()),
    (
        "sax quartet, swing, in f",
        {"instruments": ("Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax"), "genre": "jazz", "key": "F major"},
        (),
    ),
    (
        "EPIC CINEMATIC TRAILER, 100 BPM, D MINOR",
        {"moods": ("epic",), "genre": "classical", "tempo_bpm": 100.0, "key": "D minor"},
        (),
    ),
    (
        "“Melancholic” piano–violin duet — 70 bpm",
        {"moods": ("sad",), "instruments": (PIANO, "Violin"), "tempo_bpm": 70.0},
        (),
    ),
    (
        "viola, cello and harpsichord: a Menuet in G.",
        {
            "instruments": ("Viola", "Cello", "Harpsichord"),
            "time_signature": "3/4",
            "tempo_bpm": 112.0,
            "genre": "classical",
            "key": "G major",
        },
        (),
    ),
    ("gospel choir with organ, 2½ minutes", {"genre": "pop", "instruments": (CHOIR, ORGAN), "seconds": 150.0}, ()),
    ("🎸🥁 120 bpm", {"instruments": (GUITAR, "Drums"), "tempo_bpm": 120.0}, ()),
    ("piano trio, 100-120 bpm", {"instruments": (PIANO, "Violin", "Cello"), "tempo_bpm": 110.0}, ()),
    ("", {}, ()),
]


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
        ("some blues", "'blues' comes nearest to jazz."),
        ("a ukulele", "'ukulele' is played by Acoustic Guitar (nylon)."),
        ("two violins and a cello", "Each instrument plays one part: 'two violins' is one part."),
        ("11/8", "'11/8' is not possible."),
        ("E lydian", "'E lydian' comes nearest to E major."),
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


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=100, deadline=None)
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


@settings(max_examples=40, deadline=None)
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


def test_a_length_in_bars_settles_the_tempo_that_it_is_reckoned_at():
    assert asked("32 bars") == {"seconds": 76.8, "tempo_bpm": 100.0, "time_signature": "4/4"}
    assert asked("12 bars in 6/8, quarter = 90") == {"seconds": 24.0, "tempo_bpm": 90.0, "time_signature": "6/8"}
    assert asked("32 bars, in 45 seconds") == {"seconds": 45.0}


def test_found_words_stand_where_they_say():
    found = understand("A sad waltz, 90 s, no drums")
    assert [(f.words, f.field, f.value) for f in found.found] == [
        ("sad", "moods", ("sad",)),
        ("waltz", "time_signature", "3/4"),
        ("90 s", "seconds", 90.0),
        ("drums", "without", ("Drums",)),
    ]


def test_a_prompt_is_understood_while_someone_types():
    texts = [text for text, *_ in PROMPTS]
    understand(" ".join(texts[:5]))
    times = []
    for text in texts:
        start = time.perf_counter()
        understand(text)
        times.append(time.perf_counter() - start)
    assert sorted(times)[len(times) // 2] < 0.02


@pytest.mark.parametrize(
    "text",
    ["no drums, " * 50_000, "= : of " * 50_000, "a" * 300_000, "1 " * 100_000, "(" * 10_000, "in the key of " * 9000],
)
def test_a_huge_text_is_read_in_part_and_soon(text):
    start = time.perf_counter()
    understood = understand(text)
    assert time.perf_counter() - start < 5
    assert any("were read" in note for note in understood.notes)


def test_the_page_of_the_manual_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "prompts.md"
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


RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "prompts.toml"
RECIPES = tomllib.loads(RECIPE.read_text(encoding="utf-8"))["prompt"]


def test_there_are_twenty_prompts_and_some_are_hard():
    assert len({entry["text"] for entry in RECIPES}) == 20
    assert sum(not entry["understood"] for entry in RECIPES) == 3


@pytest.mark.parametrize("entry", RECIPES, ids=[entry["text"][:40] for entry in RECIPES])
def test_the_prompts_of_the_recipe_are_understood(entry):
    understood = understand(entry["text"])
    brief = understood.brief
    assert (not understood.unknown) == entry["understood"]
    assert brief.seconds == entry["seconds"]
    for name in ("time_signature", "key", "mode"):
        assert getattr(brief, name) == entry.get(name)
    for name in ("instruments", "without"):
        assert sorted(getattr(brief, name)) == sorted(entry.get(name, []))
    tempo = entry.get("tempo_bpm")
    low, high = tempo if isinstance(tempo, list) else (tempo, tempo)
    assert brief.tempo_bpm is None if tempo is None else low <= brief.tempo_bpm <= high
    plan_song(brief)
