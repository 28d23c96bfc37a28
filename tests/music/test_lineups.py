from __future__ import annotations

import pytest

from music.instruments import BASS_PLAYERS, DRUMS, parse_instrument
from music.lineups import lineup
from music.styles import STYLES
from music.tokens.conditions import GENRES


@pytest.mark.parametrize("style", [None, *STYLES])
@pytest.mark.parametrize("genre", [None, *GENRES])
def test_each_music_has_players_that_there_are(genre, style):
    players = [parse_instrument(name) for name in lineup(genre, style)]
    assert len(players) == len(set(players)) <= 6
    assert players or (genre, style) == (None, None)


@pytest.mark.parametrize(
    ("genre", "style", "band"),
    [
        ("rock", None, {"distortion guitar", "bass", "drums"}), ("jazz", None, {"piano", "upright bass", "drums"}),
        ("classical", None, {"violin", "viola", "cello"}), (None, "gypsy jazz", {"violin", "clean guitar"}),
        ("jazz", "big band", {"trombone", "muted trumpet", "drums"}), (None, "tango", {"bandoneon", "violin"}),
        ("folk", "jig", {"violin"}), (None, "hymn", {"choir", "church organ"}),
    ],
)  # fmt: skip
def test_bands_are_what_one_expects(genre, style, band):
    assert band <= set(lineup(genre, style))


@pytest.mark.parametrize("style", ["ragtime", "nocturne", "prelude", "etude", "sonata", "fugue", "mazurka", "baroque"])
def test_music_for_keys_has_one_player(style):
    assert lineup(STYLES[style], style) in (("piano",), ("harpsichord",))


def test_a_style_says_more_than_its_genre_and_may_differ_in_another():
    assert lineup("latin", "tango") == lineup(None, "tango") != lineup("latin", None)
    assert lineup("classical", "waltz") == ("piano",) != lineup("folk", "waltz") == lineup(None, "waltz")


@pytest.mark.parametrize("genre", ["pop", "rock", "jazz", "folk", "electronic", "latin"])
def test_bands_have_drums_and_a_bass(genre):
    players = set(map(parse_instrument, lineup(genre, None)))
    assert DRUMS in players and players & BASS_PLAYERS
