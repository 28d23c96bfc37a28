"""Chords keep to the key and the mode that are asked for."""

from __future__ import annotations

import pytest
import symusic

from music.chords import chord_spans
from music.instruments import playable_range
from music.modes import is_tonic, leads_home
from music.piece import Piece
from music.theory import parse_key
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions

ON_WHITE_KEYS = ("C major", "A minor", "D dorian", "E phrygian", "F lydian", "G mixolydian")


def tune(tonic: int) -> Piece:
    """Returns eight bars on the white keys that rest on a tonic after four of them and at the end."""
    score, track = symusic.Score(480), symusic.Track("Tune", 73, False)
    for bar in range(8):
        pitches = [60 + tonic] if bar % 4 == 3 else [(64, 67, 69, 65), (72, 71, 69, 67), (65, 64, 62, 64)][bar % 4]
        length = 1920 // len(pitches)
        track.notes.extend([symusic.Note(bar * 1920 + n * length, length, p, 80) for n, p in enumerate(pitches)])
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    score.tracks.append(track)
    return Piece(score, "Tune")


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ON_WHITE_KEYS)
def test_the_same_notes_are_heard_in_the_key_that_is_asked_for(name, seed):
    key = parse_key(name)
    asked = HarmonizeOptions(style="chords", key=name, seed=seed)
    *_, step = harmonize(tune(key.tonic), asked)
    chords = chord_spans(step.piece.score, 8 * 1920)

    def lasts(of) -> int:
        return sum(span.end - span.start for span in chords if is_tonic(span.chord, of))

    assert all(lasts(key) > lasts(rival) for rival in key.rivals)
    assert is_tonic(chords[-1].chord, key)
    before = [span for span in chords if not is_tonic(span.chord, key)]
    assert leads_home(before[-1].chord, key)
    if key.is_church_mode:
        assert all(key.scale.issuperset(span.chord.tones) for span in chords)


def test_a_chorale_for_flutes_has_no_note_that_a_flute_lacks():
    asked = HarmonizeOptions(style="chorale", instruments=("flute",), key="C major")
    *_, step = harmonize(tune(0), asked)
    low, high = playable_range(73)
    assert len(step.piece.score.tracks) == 4
    for track in step.piece.score.tracks[1:]:
        assert len(track.notes) and all(low <= note.pitch <= high for note in track.notes)
