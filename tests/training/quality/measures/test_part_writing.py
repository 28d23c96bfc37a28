"""Part-writing counts, by hand and beside music21's."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
import symusic

from tests.training.conftest import score_of
from training.quality.measures.harmony import line
from training.quality.measures.part_writing import REST, count_part_writing, rates, sonorities


def voices(*rows) -> list[symusic.Track]:
    """Returns four voices from rows of pitches, a quarter each; None is a rest."""
    return list(score_of(*((52, [(n, 1, p) for n, p in enumerate(row) if p]) for row in rows)).tracks)


def two(upper, lower) -> Counter:
    return count_part_writing(voices(upper, lower), ranges=((0, 127), (0, 127)), written=(0, 1))


@pytest.mark.parametrize(
    ("upper", "lower", "fifths", "octaves"),
    [
        ((67, 69), (60, 62), 1, 0),  # g over c, a over d
        ((79, 81), (60, 62), 1, 0),  # twelfths
        ((67, 81), (60, 62), 1, 0),  # a fifth, then a twelfth
        ((72, 74), (60, 62), 0, 1),
        ((60, 62), (60, 62), 0, 1),  # unisons
        ((67, 67), (60, 60), 0, 0),  # nothing moves
        ((67, 69), (60, 60), 0, 0),  # one moves
        ((67, 69), (60, 50), 0, 0),  # against each other
        ((67, 68), (61, 61), 0, 0),
        ((67, 69), (61, 62), 0, 0),  # a diminished fifth, then a perfect one
        ((64, 69), (60, 62), 0, 0),  # a third, then a fifth: hidden only
        ((67, None, 69), (60, None, 62), 0, 0),  # a rest between
    ],
)
def test_parallels(upper, lower, fifths, octaves):
    found = two(upper, lower)
    assert (found["fifths"], found["octaves"]) == (fifths, octaves)


def test_repeated_chords_are_no_changes():
    found = two((67, 67, 69), (60, 60, 62))
    assert found["changes"] == 1
    assert rates(found)["fifths"] == 100


def test_crossing_counts_for_as_long_as_it_sounds():
    upper = (52, [(0, 1, 67), (1, 2, 60), (3, 1, 62)])
    lower = (52, [(0, 2, 64), (2, 1, 60), (3, 2, 62)])
    found = count_part_writing(score_of(upper, lower).tracks, written=(0,))
    assert (found["time"], found["crossed"]) == (4 * 480, 480)
    assert rates(found)["crossed"] == 1 / 4


def test_overlap_is_moving_past_where_the_neighbour_was():
    assert two((67, 74), (60, 69))["overlaps"] == 1
    assert two((67, 74), (60, 67))["overlaps"] == 0
    assert two((67, 59), (60, 55))["overlaps"] == 1


def test_only_the_voices_asked_for_are_asked_for_their_range():
    rows = (90, 60), (54, 60), (60, 60), (39, 40)
    assert rates(count_part_writing(voices(*rows)))["out of range"] == 3 / 8
    assert rates(count_part_writing(voices(*rows), (1, 2, 3)))["out of range"] == 2 / 6


def test_silent_voices_are_counted_nowhere():
    found = count_part_writing(voices((), (60, 62), (), ()))
    assert found["time"] == found["crossed"] == found["fifths"] == 0
    assert found["changes"] == 1
    assert math.isnan(rates(found)["crossed"])
    assert math.isnan(rates(count_part_writing(voices((), (), (), ())))["fifths"])


def test_sonorities_begin_wherever_a_voice_starts_or_stops():
    score = score_of((52, [(0, 2, 67)]), (52, [(0.5, 1, 60), (1.5, 1, 62)]))
    edges, pitches = sonorities([line(track) for track in score.tracks])
    assert edges.tolist() == [0, 240, 720, 960, 1200]
    assert pitches.tolist() == [[67, REST], [67, 60], [67, 62], [REST, 62]]


def test_music21_finds_the_same_in_random_moves():
    from music21 import pitch, voiceLeading

    rng = np.random.default_rng(0)
    white = [p for p in range(48, 96) if p % 12 in (0, 2, 4, 5, 7, 9, 11)]  # their fifths are spelled as fifths
    seen: Counter[str] = Counter()
    for _ in range(600):
        places = rng.integers(0, 12, 2)
        apart = rng.choice((4, 7, 11)) if rng.random() < 0.5 else rng.integers(0, 8, 2) - 1
        upper, lower = (np.array(white)[np.clip(steps, 0, None)] for steps in (places + apart, places))
        found = two(upper.tolist(), lower.tolist())
        quartet = voiceLeading.VoiceLeadingQuartet(*(pitch.Pitch(int(p)) for p in (*upper, *lower)))
        same_way = quartet.similarMotion()
        assert found["fifths"] == (same_way and quartet.parallelFifth())
        assert found["octaves"] == (same_way and quartet.parallelUnisonOrOctave())
        assert found["overlaps"] == quartet.voiceOverlap()
        assert (found["crossed"] > 0) == quartet.voiceCrossing()
        seen += found
    assert all(seen[name] > 20 for name in ("fifths", "octaves", "overlaps", "crossed"))


@pytest.mark.parametrize("name", ["bwv268", "bwv115.6", "bwv48.7"])
def test_music21_finds_the_same_in_bach(name):
    from music21 import corpus, voiceLeading

    parts = [part.stripTies().flatten().notes for part in corpus.parse(f"bach/{name}").parts]
    events = [[(float(n.offset), float(n.quarterLength), n.pitch.midi) for n in part] for part in parts]
    found = count_part_writing(score_of(*((52, voice) for voice in events)).tracks)

    times = sorted({edge for voice in events for start, length, _ in voice for edge in (start, start + length)})
    rows = [
        [next((n.pitch for n in part if n.offset <= time < n.offset + n.quarterLength), None) for part in parts]
        for time in times[:-1]
    ]
    theirs: Counter[str] = Counter()
    for before, after in zip(rows, rows[1:]):
        for upper, lower in combinations(range(4), 2):
            pitches = before[upper], after[upper], before[lower], after[lower]
            if None in pitches:
                continue
            quartet = voiceLeading.VoiceLeadingQuartet(*pitches)
            if quartet.similarMotion():
                theirs["fifths"] += quartet.parallelFifth()
                theirs["octaves"] += quartet.parallelUnisonOrOctave()
            if lower == upper + 1:
                theirs["overlaps"] += quartet.voiceOverlap()
    assert theirs["fifths"] > 0 and theirs["overlaps"] > 0
    assert {of: found[of] for of in ("fifths", "octaves", "overlaps")} == {
        of: theirs[of] for of in ("fifths", "octaves", "overlaps")
    }
