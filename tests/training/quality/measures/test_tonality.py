"""Songs that are in their key, and one for each way not to be: the relative key and the plain one do not count."""

from __future__ import annotations

import pytest
import symusic

from music.chords import ChordSpan, parse_chord, with_chords
from music.theory import parse_key, with_key
from training.quality.measures.tonality import in_key
from training.quality.modes import GOAL, as_text, prompts

BAR = 1920
GOOD = {
    "A minor": "Am Dm E7 Am Am F E7 Am",
    "C major": "C F G7 C C Am G7 C",
    "D dorian": "Dm G Dm C Dm G C Dm",
    "E phrygian": "Em F Em Dm Em Am F Em",
    "F lydian": "F G F G F Em G F",
    "G mixolydian": "G F C G G Dm F G",
}


def song(key: str, chords: str) -> symusic.Score:
    """Returns a bar of block chords for each symbol, in a written key."""
    score, names = with_key(symusic.Score(480), parse_key(key)), chords.split()
    track = symusic.Track("Piano", 0, False)
    for bar, name in enumerate(names):
        track.notes.extend([symusic.Note(bar * BAR, BAR, 48 + tone, 80) for tone in parse_chord(name).tones])
    score.tracks.append(track)
    return with_chords(score, [ChordSpan(n * BAR, (n + 1) * BAR, parse_chord(name)) for n, name in enumerate(names)])


@pytest.mark.parametrize("key", GOOD)
def test_a_song_is_in_its_own_key_and_in_no_other_on_the_same_notes(key):
    assert all(in_key(song(key, GOOD[key]), parse_key(key)).values())
    for other in set(GOOD) - {key}:
        assert not all(in_key(song(key, GOOD[other]), parse_key(key)).values()), f"{other} is not {key}"


@pytest.mark.parametrize(
    ("key", "chords", "missing"),
    [
        (
            "A minor",
            "Am C F C Am C G7 C",
            {"tonic", "close", "cadence"},
        ),  # all but the beginning is in the relative major
        ("A minor", "Am Dm F G C G Dm Am", {"cadence"}),  # closes by way of the fourth step
        ("A minor", "F Dm E7 Am Am Am E7 Am", {"opening"}),
        ("A minor", "Am Dm E7 Am Am Am E7 F", {"close"}),
        ("D dorian", "Dm Bb Dm C Dm Gm C Dm", {"scale"}),  # the sixth of minor
    ],
)
def test_each_way_to_leave_a_key_is_seen(key, chords, missing):
    found = in_key(song(key, chords), parse_key(key))
    assert {name for name, kept in found.items() if not kept} == missing


def test_a_key_that_is_not_written_and_a_song_without_chords_do_not_count():
    unsigned = song("A minor", GOOD["A minor"])
    unsigned.key_signatures = []
    assert not in_key(unsigned, parse_key("A minor"))["written"]
    plain = with_chords(song("A minor", GOOD["A minor"]), ())
    assert [name for name, kept in in_key(plain, parse_key("A minor")).items() if kept] == ["written", "scale"]


def test_prompts_ask_for_every_mode_on_every_tonic_and_the_table_names_those_that_fail():
    asked = prompts()
    assert len(asked) == len(set(asked)) == 72 and len({key for _, key in asked}) == 36
    kept = in_key(song("A minor", GOOD["A minor"]), parse_key("A minor"))
    rows = [
        {"text": "good", "mode": "minor", "kept": kept},
        {"text": "bad", "mode": "minor", "kept": kept | {"tonic": False}},
    ]
    text = as_text({"songs": 2, "seed": 0, "rows": rows})
    assert f"Goal {GOAL:.0%}: 50.0%, not met" in text and '"bad": tonic' in text and '"good"' not in text
