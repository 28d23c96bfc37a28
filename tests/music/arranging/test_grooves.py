"""Styles by pattern: who plays what, over any chords and in any metre."""

from __future__ import annotations

import pytest

from music.arranging.grooves import GRID, Chart, Hit, bass_player, grooves, play
from music.chords import ChordSpan, parse_chord
from music.instruments import DRUMS, playable_range
from music.theory import parse_key

PIANO, GUITAR, OVERDRIVEN, BASS, STRINGS, FLUTE, CELLO = 0, 26, 29, 32, 48, 73, 42
BAND = (PIANO, GUITAR, BASS, STRINGS, FLUTE, DRUMS)


def chart(symbols: str = "C Am Dm7 G7 C F G7 C", quarters: float = 4, ends: bool = False) -> Chart:
    """Returns a bar for each word; "C,G" are two chords that share it."""
    length = round(quarters * GRID)
    spans: list[ChordSpan] = []
    words = symbols.split()
    for number, word in enumerate(words):
        names = word.split(",")
        edges = [number * length + length * n // len(names) for n in range(len(names) + 1)]
        spans += [ChordSpan(a, b, parse_chord(name)) for a, b, name in zip(edges, edges[1:], names)]
    return Chart(
        bars=tuple((n * length, (n + 1) * length) for n in range(len(words))),
        beats=tuple(beat for n in range(len(words)) for beat in range(n * length, (n + 1) * length, GRID)),
        chords=tuple(spans),
        variants=tuple(n // 4 % 2 for n in range(len(words))),
        key=parse_key("C major"),
        ceilings=(72,) * len(spans),
        ends=ends,
    )


def by_bar(hits: list[Hit], song: Chart) -> list[list[Hit]]:
    return [[hit for hit in hits if start <= hit.place < end] for start, end in song.bars]


def test_musicians_find_the_styles_that_they_call_out():
    assert len(grooves()) >= 60
    assert {
        "bossa nova", "tango", "reggae", "swing", "waltz", "march", "country", "house", "ska", "samba", "blues", "shuffle", "polka",
        "cha-cha", "rumba", "salsa", "funk", "soul", "gospel", "disco", "rock", "metal", "punk", "ballad", "bluegrass", "ragtime",
        "foxtrot", "jazz waltz", "boogie-woogie", "hymn",
    } <= set(grooves())  # fmt: skip


@pytest.mark.parametrize("name", grooves())
def test_everybody_plays_in_most_bars_and_within_reach(name):
    song = chart()
    parts = play(name, BAND, song)
    assert set(parts) == set(BAND)
    for program, hits in parts.items():
        if program == DRUMS and not any(grooves()[name]["variants"][0]["drums"]):
            continue  # a hymn has no drums
        low, high = playable_range(program)
        assert all(low <= hit.pitch <= high and hit.length > 0 and 20 <= hit.velocity <= 112 for hit in hits)
        sounding = [any(h.place < end and h.place + h.length > start for h in hits) for start, end in song.bars]
        assert sum(sounding) > len(song.bars) / 2, program


@pytest.mark.parametrize("name", grooves())
def test_chords_fit_one_hand_and_the_harmony_and_the_bass_begins_on_roots(name):
    song = chart("C,Am Dm7 G7 Em,A7 Dm F6 G7 C")
    parts = play(name, (PIANO, BASS, DRUMS), song)
    for place in {hit.place for hit in parts[PIANO]}:
        together = [hit.pitch for hit in parts[PIANO] if hit.place == place]
        assert max(together) - min(together) <= 16
        assert {pitch % 12 for pitch in together} <= set(song.chord_at(place).chord.tones)
    roots = []
    for span in song.chords:
        first = next((hit for hit in parts[BASS] if span.start <= hit.place <= span.start + GRID), None)
        roots.append(first is not None and first.pitch % 12 == span.chord.bass)
    assert sum(roots) >= 0.9 * len(roots)


def test_a_swing_bass_walks_and_all_swing_together():
    song = chart("Cmaj7 A7 Dm7 G7 Em7 A7 Dm7,G7 C6")
    parts = play("swing", (PIANO, BASS, DRUMS), song)
    beats = [hit.place for hit in parts[BASS]]
    assert beats == list(song.beats), "a note a beat"
    assert all(abs(a.pitch - b.pitch) <= 12 for a, b in zip(parts[BASS], parts[BASS][1:]))
    offbeats = {hit.place % GRID for hits in parts.values() for hit in hits if hit.place % GRID > GRID // 3}
    assert offbeats == {8}, "late off-beats alone"


def test_reggae_skanks_on_two_and_four():
    parts = play("reggae", (GUITAR, BASS, DRUMS), chart())
    assert {hit.place % 48 for hit in parts[GUITAR]} == {GRID, 3 * GRID}
    assert {hit.place % 48 for hit in parts[DRUMS] if hit.pitch == 36} == {2 * GRID}


def test_a_march_goes_by_root_and_fifth():
    bars = by_bar(play("march", (PIANO, BASS, DRUMS), chart("C C C C"))[BASS], chart("C C C C"))
    assert [hit.pitch % 12 for hit in bars[0]] == [0, 7]


@pytest.mark.parametrize("quarters", [2, 3, 3.5, 4.5, 5, 6])
@pytest.mark.parametrize("name", ["bossa nova", "waltz", "swing", "hard rock"])
def test_a_style_fits_bars_of_any_length(name, quarters):
    song = chart("C F G C", quarters)
    for program, hits in play(name, (PIANO, BASS, DRUMS), song).items():
        assert all(by_bar(hits, song)), program
        assert max(hit.place for hit in hits) < song.bars[-1][1]


def test_a_pianist_alone_has_a_bass_in_the_left_hand():
    hits = play("ragtime", (PIANO,), chart())[PIANO]
    assert min(hit.pitch for hit in hits) < 48 < max(hit.pitch for hit in hits)


def test_who_plays_the_bass():
    assert bass_player((PIANO, BASS, DRUMS)) == BASS
    assert bass_player((PIANO, 58, BASS)) == BASS, "a bass before a tuba"
    assert bass_player((PIANO, FLUTE)) is None


def test_a_song_ends_together_on_its_last_chord():
    song = chart("C F G C", ends=True)
    for program, hits in play("samba", (PIANO, BASS, DRUMS), song).items():
        assert {hit.place for hit in by_bar(hits, song)[-1]} == {song.bars[-1][0]}, program
    assert play("samba", (OVERDRIVEN, DRUMS), song)


def test_a_rest_in_the_harmony_is_a_rest_for_all_but_the_drums():
    song = chart("C N.C. C C")
    parts = play("rock", (PIANO, BASS, DRUMS), song)
    assert not by_bar(parts[BASS], song)[1] and not by_bar(parts[PIANO], song)[1] and by_bar(parts[DRUMS], song)[1]


def test_the_same_seed_walks_the_same_way():
    assert play("swing", (PIANO, BASS), chart(), 1) == play("swing", (PIANO, BASS), chart(), 1)
    assert play("swing", (PIANO, BASS), chart(), 1) != play("swing", (PIANO, BASS), chart(), 2)


def test_an_organ_skanks_where_nobody_else_strikes_the_chords_and_holds_them_beside_a_guitar():
    song, organ = chart(), 16
    alone, beside = (
        play("reggae", players, song)[organ] for players in ((organ, BASS, DRUMS), (organ, GUITAR, BASS, DRUMS))
    )
    assert {hit.place % (4 * GRID) for hit in alone} == {GRID, 3 * GRID}
    assert all(hit.place % (4 * GRID) == 0 for hit in beside)


def test_a_second_player_behind_the_beat_has_the_rhythm_higher_up_and_a_banjo_rolls():
    song = chart()
    waltz = play("viennese waltz", (PIANO, GUITAR, BASS), chart(quarters=3))
    assert {hit.place % (3 * GRID) for hit in waltz[GUITAR]} == {GRID, 2 * GRID}
    both = play("country", (GUITAR, 105, BASS), song)
    assert {hit.place % (4 * GRID) for hit in both[105]} == set(range(0, 4 * GRID, GRID // 2))
    assert len({hit.place for hit in both[105]}) == len(both[105])
