"""The measures of words on melodies say what a person would say."""

from __future__ import annotations

import json

import pytest
import symusic

from music.arranging.phrases import MelodyNote
from music.bars import bar_grid
from music.errors import StudioError
from music.words.pronunciation import line_syllables
from training.data.sung_songs import FILE, sung_songs
from training.quality.words_on_melody import as_text, counted, sheet_figures, stanzas_of
from training.word_setting import habits, report

Q = 480
WORDS = "The moon is on the wa-ter now. The night is long and cold and dark"


def row(split: str = "valid", language: str = "English") -> dict:
    """Returns a lead sheet of two phrases, a pickup before each, as the data set has it."""
    beats = [3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20, 21, 22]
    parts = WORDS.replace("-", " ").split()
    kinds = ["begin" if part == "wa" else "end" if part == "ter" else "single" for part in parts]
    return {
        "title": "Moon", "split": split, "language": language, "time_sigs": [[0, 4, 4]],
        "melody": [[beat, 1 if beat not in (10, 22) else 2, 60 + number] for number, beat in enumerate(beats)],
        "syllables": [[beat, "1", part, kind] for beat, part, kind in zip(beats, parts, kinds)],
        "lyrics": {"1": WORDS.lower()},
    }  # fmt: skip


@pytest.fixture
def songs(tmp_path):
    (tmp_path / FILE).parent.mkdir()
    rows = [row(), row("train"), row(language="German")]
    (tmp_path / FILE).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return sung_songs(tmp_path, "valid")


def test_a_lead_sheet_is_read_with_its_lines(songs):
    (song,) = songs
    assert len(song.lines) == 2 and len(song.places) == len(song.notes) == 16
    assert stanzas_of(song) == "[Verse 1]\nThe moon is on the water now.\nThe night is long and cold and dark"


def test_without_the_data_set_two_sentences_say_so(tmp_path):
    with pytest.raises(StudioError, match="Name the folder"):
        sung_songs(tmp_path, "valid")


def test_the_printed_setting_is_its_own_reference(songs):
    found = sheet_figures(songs)
    assert found["printed"]["on the printed note"] == found["set"]["on the printed note"] == 1.0
    assert found["printed"]["stress agreement"] > 0.8 and found["printed"]["phrases that end together"] == 1.0
    table = as_text({"lead sheets": found, "songs": {"pieces": 0}})
    assert "| naive |" in table and "stress agreement" in table


def test_stress_off_the_beat_is_no_agreement():
    notes = [MelodyNote(n * Q, (n + 1) * Q, 60, 80) for n in range(5)]
    score = symusic.Score(Q)
    bars = bar_grid(score, 6 * Q)
    lines = [line_syllables("away away")]
    right = counted(lines, [Q, 2 * Q, 3 * Q, 4 * Q], notes, bars)
    wrong = counted(lines, [0, Q, 2 * Q, 3 * Q], notes, bars)
    assert right["agree"] == right["pairs"] == 3 and wrong["agree"] < wrong["pairs"]


def test_habits_are_shares(songs):
    text = report([habit for song in songs for habit in habits(song)])
    assert "15 syllables, 1 at ends of lines" in text and "places, all" in text
