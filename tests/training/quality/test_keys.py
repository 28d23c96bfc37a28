"""Keys that were asked for, in made-up cadences: the relative key is not the same."""

from __future__ import annotations

from music.theory import parse_key
from tests.music.analysis.test_relative_mode import MAJOR, MINOR, song
from training.quality.keys import as_text, heard, keys


def test_the_relative_key_is_another():
    for chords, mine, relative in ((MAJOR, "C major", "A minor"), (MINOR, "A minor", "C major")):
        assert heard(song(chords), parse_key(mine)) == dict.fromkeys(("profile", "mode"), True)
        assert heard(song(chords), parse_key(relative)) == dict.fromkeys(("profile", "mode"), False)


def test_another_signature_is_another_key():
    assert not heard(song(MAJOR), parse_key("F# major"))["profile"]


def test_major_and_minor_are_counted_apart():
    major, minor = parse_key("C major"), parse_key("A minor")
    found = keys([(song(MAJOR), major), (song(MINOR), minor), (song(MAJOR), minor), (song(MAJOR), minor)])
    assert found["major"] == {"pieces": 1, "profile": 1, "mode": 1}
    assert found["minor"]["pieces"] == 3 and found["minor"]["mode"] == found["minor"]["profile"] == 1 / 3
    assert keys([])["minor"] == {"pieces": 0}
    text = "\n".join(as_text({"asked": found, "none": keys([])}))
    assert "33.3%" in text and "100.0%" in text
