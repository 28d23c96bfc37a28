"""The report on whole songs: it must see each way in which a song can be other than what was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.chords import ChordSpan, parse_chord, with_chords
from music.errors import StudioError
from music.form import with_sections
from music.piece import Piece
from music.theory import parse_key
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song
from training.quality import compose as quality_compose
from training.quality.compose import (
    STRANGERS,
    Prompt,
    as_text,
    misread,
    read_prompts,
    recurs,
    song_figures,
    unknown_words,
    wanted,
)
from training.quality.measures.songs import OTHER, SAME, VARIED, Wanted, ending, lines, obeyed, recurrence, similarity
from training.quality.report import main

BAR = 1440  # of 3/4
A, VARIATION, B = (62, 65, 69), (62, 67, 69), (74, 73, 74)
WANTED = Wanted(24.0, (90.0, 90.0), "3/4", "D minor", ("flute", "piano"), ("drums",))


def song(*themes: tuple[str, tuple[int, ...]], last: int = 62, chord: str = "Dm", bass: int = 38) -> symusic.Score:
    """Returns a waltz in D minor at 90 BPM: two bars of intro, two of each theme, two of ending, 2 seconds a bar."""
    score = symusic.Score(480)
    score.tempos = [symusic.Tempo(0, 90.0)]
    score.time_signatures = [symusic.TimeSignature(0, 3, 4)]
    score.key_signatures = [symusic.KeySignature(0, -1, 1)]
    melody, piano = symusic.Track("Melody", 73, False), symusic.Track("Piano", 0, False)
    names = ["Intro", *(name for name, _ in themes), "Ending"]
    for number, (_, tune) in enumerate(themes, 1):
        for bar in (2 * number, 2 * number + 1):
            melody.notes.extend(symusic.Note(bar * BAR + n * 480, 480, pitch, 80) for n, pitch in enumerate(tune))
    bars = 2 * len(names)
    melody.notes.append(symusic.Note((bars - 1) * BAR, BAR, last, 80))
    for bar in range(bars):
        lowest = bass if bar == bars - 1 else 38
        piano.notes.extend(symusic.Note(bar * BAR, BAR, pitch, 60) for pitch in (lowest, 53, 57))
    score.tracks = [melody, piano]
    spans = [
        ChordSpan(0, (bars - 2) * BAR, parse_chord("Dm")),
        ChordSpan((bars - 2) * BAR, (bars - 1) * BAR, parse_chord("A7")),
        ChordSpan((bars - 1) * BAR, bars * BAR, parse_chord(chord)),
    ]
    return with_sections(with_chords(score, spans), [(2 * n * BAR, name) for n, name in enumerate(names)])


GOOD = song(("A", A), ("B", B), ("A'", VARIATION), ("A", A))


def test_a_song_that_obeys_and_one_for_each_way_not_to():
    assert obeyed(GOOD, WANTED) == dict.fromkeys(("length", "tempo", "time signature", "instruments", "key"), True)
    wrongs = {
        "length": {"seconds": 26.0}, "tempo": {"tempo_bpm": (60.0, 80.0)}, "time signature": {"time_signature": "4/4"},
        "key": {"key": "F major"}, "instruments": {"instruments": ("flute",)},
    }  # fmt: skip
    for name, change in wrongs.items():
        found = obeyed(GOOD, Wanted(**{**vars(WANTED), **change}))
        assert [wish for wish, kept in found.items() if not kept] == [name]
    for players in (
        {"instruments": ("flute", "piano", "drums"), "without": ()},
        {"instruments": (), "without": ("piano",)},
    ):
        assert not obeyed(GOOD, Wanted(**{**vars(WANTED), **players}))["instruments"]
    assert obeyed(GOOD, Wanted(**{**vars(WANTED), "instruments": (), "tempo_bpm": (80.0, 100.0)})) == obeyed(
        GOOD, WANTED
    )


def test_a_ritardando_at_the_end_is_no_other_tempo_but_one_before_is():
    for bar, kept in ((11, True), (5, False)):
        score = GOOD.copy()
        score.tempos = [symusic.Tempo(0, 90.0), symusic.Tempo(bar * BAR, 80.0)]
        assert obeyed(score, WANTED)["tempo"] is kept


def test_a_key_that_is_written_but_not_played_does_not_count():
    score = GOOD.copy()
    for track in score.tracks:
        track.notes = [symusic.Note(n.time, n.duration, n.pitch + 6, n.velocity) for n in track.notes]
    assert not obeyed(score, WANTED)["key"]


def test_recurrence_tells_returns_from_other_sections():
    found = recurrence(lines(GOOD))
    assert found[SAME] == [1.0] and len(found[VARIED]) == 2 and len(found[OTHER]) == 3
    assert max(found[OTHER]) < min(found[VARIED]) < 1.0
    assert recurs(found) is True
    assert recurs(recurrence(lines(song(("A", A), ("B", A), ("A", B))))) is False
    assert recurs(recurrence(lines(song(("A", A), ("B", B))))) is None
    assert [name for name, _ in lines(GOOD)] == ["A", "B", "A'", "A"]


melodies = st.lists(st.tuples(st.integers(-4, 4), st.integers(1, 4)), max_size=12)


@given(melodies, melodies)
def test_similarity_is_symmetric_and_one_for_the_same_alone(one, other):
    alike = similarity(one, other)
    assert alike == similarity(other, one) and 0 <= alike <= 1
    assert (alike == 1) == (one == other and bool(one))


def test_similarity_does_not_mind_the_height_of_a_melody():
    high = song(("A", A), ("B", tuple(pitch + 5 for pitch in A)))
    assert recurrence(lines(high))[OTHER] == [1.0]


@pytest.mark.parametrize(
    ("change", "missing"),
    [({}, set()), ({"last": 65}, {"melody"}), ({"chord": "Gm"}, {"chord"}), ({"chord": "D"}, {"chord"}), ({"bass": 45}, {"bass"})],
)  # fmt: skip
def test_an_ending_is_on_the_tonic_in_melody_chord_and_bass(change, missing):
    found = ending(song(("A", A), **change), parse_key("D minor"))
    assert {name for name, there in found.items() if not there} == missing


def test_what_a_prompt_leaves_open_is_measured_against_the_plan():
    plan = plan_song(Brief(text="x", seconds=40, key="E minor", tempo_bpm=100, time_signature="3/4"))
    assert wanted({}, plan) == Wanted(40.0, (100, 100), "3/4", "E minor")
    facts = {"seconds": 50, "tempo_bpm": [60, 80], "key": "C major", "instruments": ["flute"], "without": ["drums"]}
    assert wanted(facts, plan) == Wanted(50, (60, 80), "3/4", "C major", ("flute",), ("drums",))
    assert wanted({"mode": "major"}, plan).key == "E major"


def test_what_was_misread_or_not_understood_is_found():
    text = "a waltz in D minor for piano and flute"
    facts = {"time_signature": "3/4", "key": "D minor", "instruments": ["flute", "grand piano"]}
    assert misread(Prompt(text, facts)) == [] == unknown_words(Prompt(text, facts))
    assert misread(Prompt(text, {"key": "D major"})) == ["key 'D minor'"]
    assert unknown_words(Prompt(f"{text}, frobnicated", {})) == ["frobnicated"]
    assert misread(Prompt(text, {"instruments": ["flute"]})) and misread(Prompt(text, {"without": ["drums"]}))
    assert misread(Prompt("a song at 90 bpm", {"tempo_bpm": [95, 120]})) and not misread(
        Prompt("90 bpm", {"tempo_bpm": [80, 90]})
    )


def composer(*scores: symusic.Score):
    """Returns a chain that gives these songs in turn, and remembers the plans."""
    plans = []

    def compose(piece: Piece, plan):
        yield SimpleNamespace(piece=Piece(scores[len(plans) % len(scores)]))
        plans.append(plan)

    return compose, plans


PROMPTS = [
    Prompt("a waltz in D minor for flute and piano, 24 s, 90 bpm, no drums", {"key": "D minor", "seconds": 24, "tempo_bpm": 90}),
    Prompt("a waltz for flute in D minor, 24 seconds, frobnicated", {"instruments": ["flute"]}, is_plain=False),
]  # fmt: skip


def test_the_figures_of_songs_and_the_report(tmp_path):
    compose, plans = composer(GOOD)
    found = song_figures(PROMPTS, 4, 7, compose, tmp_path / "songs")
    assert [plan.brief.seed for plan in plans] == [7, 7, 8, 8]
    assert found["obeyed"]["length"] == found["obeyed"]["ending"] == 1.0 and found["obeyed"]["instruments"] == 0.5
    assert found["understood in full"] == 0.5 and found["not understood"] == {PROMPTS[1].text: ["frobnicated"]}
    assert found["facts right"] == 1.0 and found["silently ignored"] == []
    assert found["recurrence"][STRANGERS] == {"mean": 1.0, "pairs": 12}
    assert len(list((tmp_path / "songs").glob("*.mid"))) == 4
    assert json.loads(json.dumps(found)) == found
    text = as_text(found)
    assert "4 songs from 2 prompts" in text and PROMPTS[1].text in text and "Songs that did not obey" in text
    row = next(line for line in text.splitlines() if line.strip().startswith("instruments"))
    assert row.split() == ["instruments", "50.0%", "100%", "no"]


def test_the_command_measures_the_chain(monkeypatch, tmp_path, capsys):
    compose, plans = composer(GOOD)
    monkeypatch.setattr("pipelines.compose.compose", compose)
    main(["compose", "--pieces", "2", "--json", str(tmp_path / "figures.json")])
    assert len(plans) == 2 and "2 songs from 2 prompts" in capsys.readouterr().out
    assert json.loads((tmp_path / "figures.json").read_text())["songs"] == 2
    with pytest.raises(StudioError, match="no card"):
        main(["compose", "--card"])


def test_there_are_twenty_prompts_whose_facts_are_fields_of_a_brief():
    prompts = read_prompts(quality_compose.PROMPTS)
    assert len({prompt.text for prompt in prompts}) == 20
    assert all(set(prompt.facts) <= set(vars(Brief())) for prompt in prompts)


def test_a_file_without_prompts_is_refused(tmp_path):
    Path(tmp_path / "none.toml").write_text("")
    for name in ("none.toml", "gone.toml"):
        with pytest.raises(StudioError, match="no prompts"):
            read_prompts(tmp_path / name)
