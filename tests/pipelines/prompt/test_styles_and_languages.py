"""Styles that a band plays, forms, entries, and prompts in other languages than English."""

from __future__ import annotations

import pytest

from music.arranging.grooves import grooves
from music.chords import parse_chord
from pipelines.prompt.groove_words import GROOVE_GENRES, GROOVE_TEMPOS, GROOVE_WORDS
from pipelines.prompt.languages import LANGUAGES
from pipelines.prompt.understand import understand
from pipelines.prompt.vocabulary import split
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song


def stage(text: str, name: str):
    plan = plan_song(understand(text).brief)
    return next(stage.options for stage in plan.stages if stage.pipeline == name)


@pytest.mark.parametrize("groove", GROOVE_WORDS)
def test_every_style_is_understood_by_each_of_its_names(groove):
    assert groove in grooves()
    for phrase in split(GROOVE_WORDS[groove]):
        understood = understand(phrase)
        assert understood.brief.groove == groove, phrase
        assert understood.unknown == () and any(found.field == "groove" for found in understood.found)


def test_tables_of_styles_name_styles_that_there_are():
    assert set(GROOVE_TEMPOS) <= set(grooves()) and set(GROOVE_GENRES) <= set(GROOVE_WORDS)


@pytest.mark.parametrize(
    ("text", "groove", "players"),
    [
        ("a bossa nova", "bossa nova", True), ("tango in E minor", "tango", True), ("reggae, 80 bpm", "reggae", True),
        ("jazz trio", "swing", True), ("a jazz ballad", "slow jazz", True), ("jazz waltz", "jazz waltz", True),
        ("upbeat electronic dance music", "house", True), ("a pop song", None, False), ("calm electronic music", None, False),
        ("rock band", "rock", True), ("slow rock", "rock ballad", True), ("country", "country", True), ("a folk tune", None, False),
    ],
)  # fmt: skip
def test_the_band_of_a_song_plays_the_style_that_is_asked_for_or_usual(text, groove, players):
    harmony = stage(text, "harmony")
    assert harmony.groove == groove and (harmony.style == "band" or not players)


def test_a_choir_and_a_lead_sheet_have_no_band_to_play_a_style():
    assert stage("a waltz for choir a cappella", "harmony").groove is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a 12-bar blues in A", "blues"), ("blues in E", "blues"), ("verse, pre-chorus, chorus and bridge", "verse-pre-chorus-chorus"),
        ("verse and chorus with a bridge", "verse-chorus-bridge"), ("verse and chorus", "verse-chorus"), ("AABB folk tune", "AABB"),
        ("an ABAC form", "ABAC"), ("a rondo", "ABACA"), ("blues, form AABA", "AABA"),
    ],
)  # fmt: skip
def test_forms(text, form):
    assert understand(text).brief.form == form
    assert understand(text).unknown == ()


@pytest.mark.parametrize(
    ("text", "choruses"),
    [("blues in A, twelve bars twice", 2), ("12-bar blues, three choruses", 3), ("slow blues, 4 times", 4)],
)
def test_a_blues_has_as_many_choruses_of_twelve_bars_as_are_asked_for(text, choruses):
    assert understand(text).unknown == ()
    sections = stage(text, "sections")
    assert len(sections.form) == choruses and {name.rstrip("'") for name in sections.form} == {"A"}
    assert stage(text, "theme").bars == 12


def test_a_blues_goes_by_its_dominant_sevenths():
    chords = [parse_chord(name) for (name,) in stage("blues in A", "harmony").chords]
    assert [(chord.root, chord.quality) for chord in chords] == [
        (9, "7"), (2, "7"), (9, "7"), (9, "7"), (2, "7"), (2, "7"), (9, "7"), (9, "7"), (4, "7"), (2, "7"), (9, "7"), (4, "7"),
    ]  # fmt: skip
    minor = [parse_chord(name).quality for (name,) in stage("blues in A minor", "harmony").chords]
    assert minor[0] == minor[4] == "m7" and minor[8] == minor[9] == "7"


def test_pre_choruses_and_bridges_are_there():
    assert stage("verse, pre-chorus and chorus, 2 minutes", "sections").form[:3] == ("Verse", "Pre-chorus", "Chorus")
    assert "Bridge" in stage("verse and chorus with a bridge, 2 minutes", "sections").form


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("drop the drums for the first four bars, rock in E minor", (("Drums", 5),)),
        ("rock song, drums come in at bar 5", (("Drums", 5),)),
        ("a tango, no drums until bar 9", (("Drums", 9),)),
        ("the bass enters at bar 5", (("Electric Bass (finger)", 5),)),
        ("pop, drums come in after 8 bars", (("Drums", 9),)),
    ],
)
def test_players_may_join_later(text, entries):
    brief = understand(text).brief
    assert brief.entries == entries and brief.seconds == Brief().seconds and understand(text).unknown == ()
    assert entries[0][0] in brief.instruments
    mix = stage(text, "mix")
    assert mix.entries == entries and not mix.layers


def test_what_plays_nowhere_cannot_enter():
    assert understand("happiness comes in at bar 5").brief.entries == ()


def test_nothing_percussive_is_no_drums_and_a_steel_guitar_is_electric():
    assert "Drums" in understand("ambient, nothing percussive").brief.without
    assert understand("country with steel guitar").brief.instruments == ("Electric Guitar (clean)",)
    assert understand("nothing but piano").brief.instruments == ("Acoustic Grand Piano",)


PIANO, VIOLIN, GUITAR = "Acoustic Grand Piano", "Violin", "Acoustic Guitar (steel)"


@pytest.mark.parametrize(
    ("text", "language", "facts"),
    [
        (
            "ein langsamer, trauriger Walzer in a-moll für Klavier und Geige, 50 Sekunden", "German",
            {"tempo_bpm": 68.0, "moods": ("sad",), "key": "A minor", "seconds": 50.0, "instruments": (PIANO, VIOLIN), "groove": "waltz"},
        ),
        ("Walzer in H-Dur, ohne Schlagzeug", "German", {"key": "B major", "time_signature": "3/4"}),
        (
            "une valse lente en la mineur pour piano et violon, une minute", "French",
            {"tempo_bpm": 68.0, "key": "A minor", "seconds": 60.0, "instruments": (PIANO, VIOLIN)},
        ),
        (
            "una canción alegre en sol mayor con guitarra y batería, sin piano", "Spanish",
            {"moods": ("happy",), "key": "G major", "instruments": (GUITAR, "Drums")},
        ),
        (
            "un tango triste in re minore per fisarmonica e violino, due minuti", "Italian",
            {"moods": ("sad",), "key": "D minor", "instruments": ("Accordion", VIOLIN), "seconds": 120.0, "groove": "tango"},
        ),
        (
            "uma bossa nova calma em fá maior com violão e flauta", "Portuguese",
            {"moods": ("calm",), "key": "F major", "instruments": ("Acoustic Guitar (nylon)", "Flute"), "groove": "bossa nova"},
        ),
        # What is said in several words: sentences that nobody had tuned to.
        (
            "Ein trauriger Walzer in d-Moll für Klavier und Cello, zwei Minuten, am Ende langsamer", "German",
            {"ending": "ritardando", "tempo_bpm": None, "instruments": (PIANO, "Cello"), "seconds": 120.0},
        ),
        (
            "Ein flotter Marsch für Blasorchester, ohne Schlagzeug, mit Auftakt, 16 Takte", "German",
            {"groove": "march", "pickup": True, "bars": 16, "instruments": ("Trumpet", "French Horn", "Trombone", "Tuba")},
        ),
        (
            "Langsamer Blues in A mit Mundharmonika, zwölf Takte, zweimal", "German",
            {"form": "blues", "bars": 24, "groove": "slow blues", "instruments": ("Harmonica",)},
        ),
        (
            "Bossa nova in F-Dur, sanft, mit Saxophon, Bass setzt in Takt 5 ein", "German",
            {"entries": (("Acoustic Bass", 5),), "groove": "bossa nova", "instruments": ("Alto Sax", "Acoustic Bass")},
        ),
        ("une valse triste pour accordéon, ralentir à la fin", "French", {"ending": "ritardando", "moods": ("sad",)}),
        ("un reggae joyeux en sol majeur, de plus en plus fort", "French", {"course": ("louder",), "groove": "reggae"}),
        ("une berceuse en fa majeur, très lente, sans introduction", "French", {"tempo_bpm": 50.0, "intro_bars": 0}),
        (
            "una balada triste en la menor para guitarra y voz, se va apagando al final", "Spanish",
            {"ending": "fade out", "instruments": (GUITAR, "Choir Aahs"), "key": "A minor"},
        ),
    ],
)  # fmt: skip
def test_five_other_languages_are_read(text, language, facts):
    understood = understand(text)
    assert understood.unknown == () and f"Read as {language}." in understood.notes
    assert {name: getattr(understood.brief, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("text", "key"),
    [("cis-moll, Cello", "C# minor"), ("Es-Dur", "Eb major"), ("B-Dur", "Bb major"), ("h moll", "B minor")],
)
def test_german_names_of_keys_are_read_in_any_text(text, key):
    assert understand(text).brief.key == key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_language_stands_for_one_that_is_understood(language):
    for english in LANGUAGES[language]:
        numbers = (
            "half",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "twelve",
            "sixteen",
            "twenty",
        )
        text = f"{english} minutes" if english in numbers else f"{english} flute"
        assert understand(text).unknown == () or english in ("sharp", "flat", "one", "twice"), english


@pytest.mark.parametrize(
    ("text", "players"),
    [
        ("a rock song with guitar", ("Overdriven Guitar",)),
        ("jazz for piano, bass and guitar", (PIANO, "Acoustic Bass", "Electric Guitar (jazz)")),
        ("bossa nova with guitar", ("Acoustic Guitar (nylon)",)), ("a song with guitar", (GUITAR,)),
        ("jazz ballad for piano trio", (PIANO, "Acoustic Bass", "Drums")), ("piano trio in C", (PIANO, VIOLIN, "Cello")),
    ],
)  # fmt: skip
def test_players_are_those_of_the_genre(text, players):
    assert understand(text).brief.instruments == players


def test_another_language_is_answered_with_a_sentence():
    notes = understand("грустная мелодия для фортепиано и скрипки").notes
    assert any(note.startswith("Much of this is not understood. Write in English, German") for note in notes)
    assert not any("Much of this" in note for note in understand("a sad melody for piano and violin").notes)


def test_english_with_a_word_of_another_language_stays_english():
    understood = understand("a melancholic chanson triste for violin and piano, andante")
    assert not any(note.startswith("Read as") and note.endswith(("French.", "Italian.")) for note in understood.notes)
