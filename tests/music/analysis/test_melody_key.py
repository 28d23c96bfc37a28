from __future__ import annotations

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.analysis.melody_key import melody_key
from music.chords import NO_CHORD, parse_progression
from music.theory import ALL_KEYS, Key, parse_key

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

# Note names with the octave (of C4 where none is given), the length in quarters after a colon; "R" rests.
TUNES = {
    "Twinkle, twinkle": (
        "C",
        "4/4",
        "C C G G A A G:2 F F E E D D C:2 G G F F E E D:2 G G F F E E D:2 C C G G A A G:2 F F E E D D C:2",
    ),
    "Ode to Joy": (
        "D",
        "4/4",
        "F# F# G A A G F# E D D E F# F#:1.5 E:.5 E:2 F# F# G A A G F# E D D E F# E:1.5 D:.5 D:2",
    ),
    "Frère Jacques": (
        "F",
        "4/4",
        "F G A F F G A F A Bb C5:2 A Bb C5:2 C5:.5 D5:.5 C5:.5 Bb:.5 A F C5:.5 D5:.5 C5:.5 Bb:.5 A F F C F:2 F C F:2",
    ),
    "Auld Lang Syne": (
        "F",
        "4/4",
        "R:3 C F:1.5 F:.5 F A G:1.5 F:.5 G A F:1.5 F:.5 A C5 D5:3 D5 C5:1.5 A:.5 A F G:1.5 F:.5 G A F:1.5 D:.5 D C F:3",
    ),
    "Joy to the World": ("D", "2/4", "D5 C#5:.75 B:.25 A:1.5 G:.5 F# E D:1.5 A:.5 B:1.5 B:.5 C#5:1.5 C#5:.5 D5:2"),
    "Amazing Grace": (
        "G",
        "3/4",
        "R:2 D G:2 B:.5 G:.5 B:2 A G:2 E D:2 D G:2 B:.5 G:.5 B:2 A D5:5 B D5:1.5 B:.5 D5:.5 B:.5 G:2 D E:1.5 G:.5 "
        "G:.5 E:.5 D:2 D G:2 B:.5 G:.5 B:2 A G:5",
    ),
    "Silent Night": (
        "C",
        "3/4",
        "G:1.5 A:.5 G E:3 G:1.5 A:.5 G E:3 D5:2 D5 B:3 C5:2 C5 G:3 A:2 A C5:1.5 B:.5 A G:1.5 A:.5 G E:3 A:2 A "
        "C5:1.5 B:.5 A G:1.5 A:.5 G E:3 D5:2 D5 F5:1.5 D5:.5 B C5:3 E5:3 C5:1.5 G:.5 E G:1.5 F:.5 D C:3",
    ),
    "Camptown Races": ("C", "4/4", "G G E G A G E:2 E D:3 E D:3 G G E G A G E:2 D E:.5 D:.5 C:2"),
    "Londonderry Air": (
        "C",
        "4/4",
        "R:2.5 B3:.5 C:.5 D:.5 E:1.5 D:.5 E A G E D C A3:2.5 C:.5 E:.5 F:.5 G:1.5 A:.5 G E C E D:3.5 B3:.5 C:.5 "
        "D:.5 E:1.5 D:.5 E A G E D C A3:2 B3:.5 C:.5 D:.5 E:1.5 F:.5 E:.5 D:1 C:1 D:.5 C:3",
    ),
    "God Rest Ye Merry": (
        "E minor",
        "4/4",
        "R:3 E E B B A G F# E D E F# G A B:3 E E B B A G F# E D E F# G A B:3 B C5 A B C5 D5 E5 B A G E F# G A:2 G "
        "A B:2 C5 B B A G F# E:2 G:.5 F#:.5 E A:2 G A B C5 D5 E5 B A G F# E:3",
    ),
    "Greensleeves": (
        "A minor",
        "3/4",
        "R:2 A C5:2 D5 E5:1.5 F5:.5 E5 D5:2 B G:1.5 A:.5 B C5:2 A A:1.5 G#:.5 A B:2 G# E:2 A C5:2 D5 E5:1.5 F5:.5 "
        "E5 D5:2 B G:1.5 A:.5 B C5:1.5 B:.5 A G#:1.5 F#:.5 G# A:3 A:2",
    ),
    "La Mantovana": (
        "D minor",
        "4/4",
        "D:.5 E:.5 F:.5 G:.5 A A Bb:.5 A:.5 Bb:.5 D5:.5 A:2 G G:.5 G:.5 F F E:.5 D:.5 E:.5 F:.5 D:2",
    ),
}


def melody(text: str, signature: str = "4/4", semitones: int = 0) -> symusic.Score:
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, *map(int, signature.split("/"))))
    track, time = symusic.Track("Melody", 0, False), 0.0
    for word in text.split():
        name, _, length = word.partition(":")
        quarters = float(length or 1)
        if name != "R":
            octave = int(name[-1]) if name[-1].isdigit() else 4
            pitch = 12 * (octave + 1) + _STEPS[name[0]] + name.count("#") - name.count("b") + semitones
            track.notes.append(symusic.Note(round(time * 480), round(quarters * 480), pitch, 80))
        time += quarters
    score.tracks.append(track)
    return score


@pytest.mark.parametrize("tune", TUNES)
def test_tunes_that_everybody_knows(tune):
    key, signature, text = TUNES[tune]
    assert melody_key(melody(text, signature), 0)[0] == parse_key(key)


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.name)
def test_scales(key):
    up_and_down = "C D E F G A B C5 B A G F E D C:2" if key.mode == "major" else "C D Eb F G Ab B C5 B Ab G F Eb D C:2"
    assert melody_key(melody(up_and_down, semitones=key.tonic), 0)[0] == key


@given(
    st.lists(st.tuples(st.integers(20, 90), st.integers(0, 8), st.integers(1, 16)), min_size=1, max_size=40),
    st.integers(-11, 11),
)
def test_a_melody_in_another_place_is_in_that_key(notes, semitones):
    def at(shift: int) -> tuple[Key, float]:
        score, track, time = symusic.Score(480), symusic.Track("", 0, False), 0
        for pitch, wait, duration in notes:
            time += wait * 120
            track.notes.append(symusic.Note(time, duration * 120, pitch + shift, 80))
        score.tracks.append(track)
        return melody_key(score, 0)

    (key, likely), (moved, as_likely) = at(0), at(semitones)
    assert 1 / 24 <= likely <= 1 and as_likely == pytest.approx(likely, abs=1e-3)
    if likely > 0.51:  # no other key as likely
        assert moved == Key((key.tonic + semitones) % 12, key.mode)


def test_other_tracks_and_resolution_do_not_matter():
    _, signature, text = TUNES["Greensleeves"]
    score = melody(text, signature)
    alone = melody_key(score, 0)
    score.tracks.append(melody("F# C# G# D# A# B F# C#").tracks[0])
    assert melody_key(score, 0) == alone == melody_key(score.resample(24), 0)


def test_chords_decide_where_the_melody_leaves_it_open():
    score = melody("E G A E G A G E:2 A G E G A:2")
    for typed, key in (("C F G C", "C major"), ("Am Dm E Am", "A minor"), ("Em Am D Em", "E minor")):
        chords = [chord for bar in parse_progression(typed) for chord in bar]
        assert melody_key(score, 0, [NO_CHORD, *chords])[0].name == key
    assert melody_key(score, 0, [NO_CHORD]) == melody_key(score, 0)


def test_nothing_to_hear():
    drums = melody(TUNES["Ode to Joy"][2])
    drums.tracks[0].is_drum = True
    assert melody_key(drums, 0) == melody_key(melody(""), 0) == (Key(0, "major"), 0.0)
