"""What sets say of their files' styles."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from music.styles import STYLE_NAMES, STYLES, style_id, with_style
from music.tokens.conditions import GENRES, PREFIX_PAD, PREFIX_SIZE
from training.data.style_labels import ERA_STYLES, GROOVE_STYLES, KIND_STYLES, RHYTHM_STYLES, style_of

NOWHERE = Path("nowhere")


@pytest.mark.parametrize(
    ("name", "item", "style"),
    [
        ("grooves", {"style": "rb-ballad"}, "rhythm and blues"),
        ("grooves", {"style": "modernjazzwaltz"}, "jazz waltz"),
        ("synth_band", {"grooves": ["BossaNova", "BossaNova1Sus"]}, "bossa nova"),
        ("groove_drums", {"name": "drummer1__session1__3_jazz-funk_116_beat_4-4"}, "jazz fusion"),
        ("groove_drums", {"name": "drummer1__session1__3_latin-bomba_116_beat_4-4"}, None),
        ("gm_free_games", {"programs": [-1, 30, 33]}, "hard rock"),
        ("gm_free_games", {"programs": [30, 33]}, None),
        ("piano_polish_chopin", {"meta": {"agn": "Secular; Mazurka"}}, "mazurka"),
        ("polish_multitrack", {"meta": {"agn": "Sacred; Mass"}}, "sacred"),
        ("polish_multitrack", {"meta": {}}, None),
        ("mutopia", {"meta": {"style": "Baroque"}}, "baroque"),
        ("pop909", {"name": "001"}, None),
    ],
)
def test_a_file_has_the_style_that_its_set_names(name, item, style):
    assert style_of(name, item, NOWHERE) == style


def test_tunes_have_the_rhythm_of_their_abc(tmp_path):
    tunes = [{"name": "a", "abc": "X:1\nR: Double Jig\nK:G"}, {"name": "b", "abc": "X:2\nR:slip jig\nK:G"}]
    (tmp_path / "abc.jsonl").write_text("\n".join(map(json.dumps, tunes)))
    assert [style_of("folk_pd", {"name": name}, tmp_path) for name in "abc"] == ["jig", "slip jig", None]


def test_every_style_is_named_by_a_set_and_every_name_is_a_style():
    named = {*GROOVE_STYLES, *KIND_STYLES.values(), *RHYTHM_STYLES.values(), *ERA_STYLES.values(), "hard rock"}
    assert named == set(STYLE_NAMES)


def test_a_groove_has_one_style():
    grooves = [groove for words in GROOVE_STYLES.values() for groove in words.split()]
    assert len(grooves) == len(set(grooves))


def test_ids_of_styles_come_after_all_other_conditions():
    ids = [style_id(style) for style in STYLE_NAMES]
    assert ids == list(range(PREFIX_SIZE, PREFIX_SIZE + len(STYLES)))
    assert {genre for genre in STYLES.values() if genre} <= set(GENRES)


def test_a_prefix_takes_a_style_as_its_last_id():
    prefix = np.array([1, 5, 0], np.int16)
    assert with_style(prefix, "tango").tolist() == [1, 5, 0, style_id("tango")]
    assert with_style(prefix, None).tolist() == [1, 5, 0, PREFIX_PAD]
