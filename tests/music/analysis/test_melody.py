from __future__ import annotations

import random

import pytest
import symusic

from music.analysis.melody import find_melody

Q = 480
BARS = 8


def track(notes, name: str = "", program: int = 0, is_drum: bool = False) -> symusic.Track:
    """Returns a track of (start in beats, beats, pitch)."""
    made = symusic.Track(name, program, is_drum)
    made.notes = [symusic.Note(round(start * Q), round(beats * Q), pitch, 80) for start, beats, pitch in notes]
    return made


def score(*tracks: symusic.Track) -> symusic.Score:
    made = symusic.Score(Q)
    made.tracks.extend(tracks)
    return made


def tune(seed: int, center: int = 69) -> symusic.Track:
    """Returns a song: mostly steps, long and short notes, a breath at the end of each bar."""
    dice, scale = (
        random.Random(seed),
        [center + octave + step for octave in (-12, 0) for step in (0, 2, 4, 5, 7, 9, 11)],
    )
    place, notes = 7, []
    for bar in range(BARS):
        for start, beats in dice.choice((((0, 1.5), (1.5, 0.5), (2, 1.5)), ((0, 0.5), (0.5, 0.5), (1, 2)))):
            place = min(max(place + dice.choice((-2, -1, -1, 0, 1, 1, 2)), 3), len(scale) - 1)
            notes.append((4 * bar + start, beats, scale[place]))
    return track(notes)


CHORDS = track([(4 * bar, 4, 60 + step) for bar in range(BARS) for step in (0, 4, 7, 12)])
HIGH_PAD = track([(4 * bar, 4, 79 + step) for bar in range(BARS) for step in (0, 4, 7)])
BASS = track([(beat, 1, 36 + 5 * (beat % 2)) for beat in range(4 * BARS)])
ARPEGGIO = track([(half / 2, 0.5, 60 + (0, 7, 16, 24)[half % 4]) for half in range(8 * BARS)])
PIANO = track(
    [note for beat in range(4 * BARS) for note in ((beat, 1, 48), (beat + 0.5, 0.5, 64), (beat + 0.5, 0.5, 67))]
)
BELL = track([(16, 0.5, 96)])
DRUMS = track([(half / 2, 0.5, 81) for half in range(8 * BARS)], is_drum=True)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("center", [57, 69], ids=["low voice", "high voice"])
def test_a_tune_is_found_among_its_accompaniment(seed, center):
    others = [CHORDS, HIGH_PAD, BASS, ARPEGGIO, PIANO, BELL, DRUMS]
    random.Random(seed).shuffle(others)
    place = seed % (len(others) + 1)
    assert find_melody(score(*others[:place], tune(seed, center), *others[place:])) == place


def test_the_upper_of_four_voices_is_the_melody():
    voices = [tune(3, center) for center in (48, 55, 62, 69)]
    assert find_melody(score(*voices)) == 3


@pytest.mark.parametrize(
    "name",
    [
        "Melody", "MELODY", "Melodie (Flöte)", "melodía", "Vocal", "Lead Vocals", "Voice", "Singstimme\nVoice", "Gesang",
        "Chant", "Canto I.", "CANTVS", "Śpiew", "głos", "[Discantus]", "Soprano", "Solo", "lead guitar", "SitarMelody2", "主旋律",
    ],
)  # fmt: skip
def test_a_track_that_is_called_melody_is_the_melody(name):
    low_chords = CHORDS.copy()
    low_chords.name = name
    assert find_melody(score(tune(1), low_chords)) == 1
    assert find_melody(score(tune(1), low_chords), by_name=False) == 0


@pytest.mark.parametrize(
    "name",
    [
        "Backing vocals", "Voice Oohs", "Lead 8 (bass + lead)", "Choir (voice)", "VoiceBass", "Square Lead", "Piano solos?",
        "Leader", "Countermelody", "Harmony voice", "Synth Lead",
    ],
)  # fmt: skip
def test_names_that_only_sound_like_it_decide_nothing(name):
    chords = CHORDS.copy()
    chords.name = name
    assert find_melody(score(chords, tune(1))) == 1


def test_the_surest_name_wins_and_the_notes_decide_between_equals():
    voice, solo, second, silent = tune(1), tune(2), BASS.copy(), track([])
    voice.name, solo.name, second.name, silent.name = "Voice", "Solo", "Voice 2", "Melody"
    assert find_melody(score(silent, solo, second, voice)) == 3
    hardly = BELL.copy()
    hardly.name = "Solo"
    assert find_melody(score(hardly, tune(1))) == 1


def test_scores_of_which_little_can_be_told():
    assert find_melody(symusic.Score(Q)) is None
    assert find_melody(score(track([]), DRUMS)) is None
    assert find_melody(score(DRUMS, track([(0, 1, 60)]))) == 1
    assert find_melody(score(track([(0, 0, 60), (0, 0, 64)]), track([]))) == 0
    assert find_melody(score(CHORDS)) == 0
