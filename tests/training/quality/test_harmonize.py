"""The report on harmonized melodies, with toys that harmonize in known ways: its figures are known by hand."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import symusic
import torch
from safetensors.torch import save_file

from checkpoints import store
from models.seq2seq import Seq2Seq, Seq2SeqConfig
from music.bars import bar_grid
from music.chords import NO_CHORD, ChordSpan, chord_spans, parse_chord, progression_of, with_chords
from music.files.midi import read_midi
from music.theory import parse_key
from music.tokens import accompaniment
from music.tokens.dialects import studio
from tests.loaded import nothing_loaded
from tests.training.conftest import score_of
from training.__main__ import main
from training.data.songbooks import LEAD_SHEETS, Song
from training.quality import harmonize as quality_harmonize
from training.quality import report as quality
from training.quality.harmonize import (
    BACH,
    BARS,
    FLOOR,
    MEDIUM,
    MODEL,
    RULE,
    TRUTH,
    TYPED_STYLES,
    as_typed,
    between,
    chorale_figures,
    kept_to,
    mean_over_sets,
    notes_changed,
    sheet_figures,
    sheet_of,
    typed_figures,
    validation_music,
)
from training.quality.measures.harmony import (
    AGREEMENT,
    ALONE,
    FIT,
    beats,
    chords_between,
    half_bars,
    line,
    rule_chords,
    spans_of,
)

PATTERN = ("C", "Am7", "Dm7", "G7", "Em7", "A7", "Fmaj7", "Bb")
TONES = {"C": 72, "Am7": 76, "Dm7": 77, "G7": 74, "Em7": 79, "A7": 73, "Fmaj7": 76, "Bb": 74}


def lead_sheet(set_name: str = "songs", rest_bars: int = 0, bars: int = 8, symbols=PATTERN) -> Song:
    """Returns a song in C: a chord a bar, and over it one of its tones, another that goes on, and a foreign one."""
    chords = [parse_chord(symbols[bar % len(symbols)]) for bar in range(bars)]
    notes = []
    for bar in range(rest_bars, bars):
        tone = TONES.get(symbols[bar % len(symbols)], 72)
        notes += [(4 * bar, 2, tone), (4 * bar + 2, 1, tone + 2), (4 * bar + 3, 1, tone)]
    score = score_of((0, notes))
    score.key_signatures.append(symusic.KeySignature(0, 0, 0))
    spans = spans_of(chords, [1920 * bar for bar in range(bars + 1)])
    return Song(f"{set_name}/x", set_name, "valid", with_chords(score, spans))


def knows(*sheets):
    """Returns what harmonizes by looking up the written chords of these sheets, or the typed ones."""

    def ask(melody, style, chords, complexity="medium"):
        assert len(melody.tracks) == 1 and not chord_spans(melody)  # nothing to copy from
        sheet = next(sheet for sheet in sheets if sheet.melody is melody)
        return with_chords(melody, sheet.chords)

    return ask


def by_rule(melody, style, chords, complexity="medium"):
    halves = half_bars(bar_grid(melody), 480)
    return with_chords(melody, rule_chords(line(melody.tracks[0]), halves, parse_key("C major")))


def test_an_excerpt_begins_with_the_melody_and_keeps_the_chord_that_holds_there():
    song = lead_sheet(rest_bars=3, bars=5 + BARS, symbols=("C", "C", "F", "F", "G"))
    sheet = sheet_of(song)
    assert len(sheet.bars) == BARS
    assert line(sheet.melody.tracks[0]).start[0] == 0
    assert not chord_spans(sheet.melody)
    assert sheet.key == parse_key("C")
    assert [(span.start, span.end, span.chord.name()) for span in sheet.chords][:2] == [
        (0, 1920, "F"),
        (1920, 3840, "G"),
    ]
    assert sheet.chords[-1].end == BARS * 1920


def test_a_key_that_is_not_written_is_heard_in_the_melody():
    scale = [(n, 1, 74 + step) for n, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0))]
    assert sheet_of(Song("x", "x", "valid", score_of((0, scale)))).key == parse_key("D major")


def test_a_model_that_writes_the_written_chords_meets_every_goal():
    sheets = [sheet_of(lead_sheet("a")), sheet_of(lead_sheet("b", symbols=("F", "G7", "Am", "Dm7")))]
    rows = sheet_figures(sheets, knows(*sheets))
    assert rows[MODEL] == rows[TRUTH]
    assert rows[TRUTH]["root"] == rows[TRUTH]["quality"] == 1
    assert all(between(rows, name) == (True, True) for name in (*FIT, *ALONE, *AGREEMENT))
    assert rows[TRUTH]["CC"] == (8 + 4) / 2
    assert (rows[FLOOR]["CC"], rows[FLOOR]["CHE"], rows[FLOOR]["CTD"]) == (1, 0, 0)
    assert rows[FLOOR]["root"] == (1 / 8 + 0) / 2
    assert rows[FLOOR]["quality"] == (5 / 8 + 2 / 4) / 2


def test_a_model_that_follows_the_rule_is_not_nearer_to_the_truth():
    rows = sheet_figures([sheet_of(lead_sheet())], by_rule)
    assert rows[MODEL] == rows[RULE]
    assert all(
        between(rows, name) == (True, False)
        for name in (*FIT, *ALONE, *AGREEMENT)
        if rows[RULE][name] != rows[TRUTH][name]
    )


def test_a_model_that_writes_no_chords_is_wrong_everywhere():
    rows = sheet_figures([sheet_of(lead_sheet())], lambda melody, style, chords, complexity="medium": melody)
    assert rows[MODEL]["root"] == rows[MODEL]["quality"] == 0
    assert not any(any(between(rows, name)) for name in FIT)


def test_sets_weigh_the_same():
    rows = [{"a": 1.0}, {"a": 3.0}, {"a": float("nan")}, {"a": 8.0}]
    assert mean_over_sets(["x", "x", "x", "y"], rows) == {"a": 5.0}


def chorale() -> symusic.Score:
    rows = ((67, 69, 67, 72), (64, 65, 62, 67), (60, 60, 59, 64), (48, 53, 55, 48))
    return score_of(*((52, [(n, 1, pitch) for n, pitch in enumerate(row)]) for row in rows))


def test_voices_are_counted_beside_bachs():
    score = chorale()

    def an_octave_below(soprano, style, chords):
        assert style == "chorale" and len(soprano.tracks) == 1
        out = soprano.copy()
        for down in (7, 12, 24):
            track = soprano.tracks[0].copy()
            track.shift_pitch(-down, inplace=True)
            out.tracks.append(track)
        return out

    found = chorale_figures([score], an_octave_below)
    assert found[BACH]["root"] == found[BACH]["quality"] == 1
    assert found[BACH]["fifths"] == found[BACH]["octaves"] == 0
    # Soprano, tenor and bass are three pairs in octaves; soprano and alto one in fifths; the other two in fourths.
    assert found[MODEL]["octaves"] == 300
    assert found[MODEL]["fifths"] == 100
    assert found[MODEL]["root"] < 1
    assert chorale_figures([score], lambda *_: score)[MODEL] == found[BACH]


@pytest.mark.parametrize("time", [(4, 4), (3, 4), (6, 8)])
def test_typed_chords_are_read_as_they_were(time):
    bars = bar_grid(score_of((0, [(0, 24, 60)]), time=time))
    edges = beats(bars, 480)
    rng = np.random.default_rng(1)
    names = [str(name) for name in rng.choice(["Am", "F#m7", "C/E", "G6/9", "N.C."], len(edges) - 1)]
    names[0:4] = ["Am"] * 4
    chords = [parse_chord(name) for name in names]
    typed = progression_of(as_typed(chords, bars, 480, parse_key("A minor")))
    assert len(typed) == len(bars)
    read = [
        ChordSpan(
            bar.start + n * (bar.end - bar.start) // len(own),
            bar.start + (n + 1) * (bar.end - bar.start) // len(own),
            c,
        )
        for bar, own in zip(bars, typed)
        for n, c in enumerate(own)
    ]
    assert chords_between(read, edges) == chords


def test_one_chord_a_bar_is_typed_once():
    bars = bar_grid(score_of((0, [(0, 8, 60)])))
    c, f = parse_chord("C"), parse_chord("F")
    names = as_typed([c, c, c, c, c, c, f, NO_CHORD], bars, 480, parse_key("C"))
    assert names == (("C", "C", "C", "C"), ("C", "C", "F", "N.C."))


def test_long_notes_are_to_be_chord_tones():
    asked = [ChordSpan(0, 1920, parse_chord("C")), ChordSpan(1920, 3840, parse_chord("F"))]
    bars = [*bar_grid(score_of((0, [(0, 12, 60)])))]
    score = score_of(
        (0, [(0, 12, 61)]),  # the melody is not asked
        (33, [(0, 2, 48), (2, 1, 50), (3, 0.5, 49), (3.5, 2.5, 48)]),  # 2 good, 1 bad, short, 0.5 and 2 good
        (-1, [(8, 1, 37)]),
    )
    found = kept_to(score, asked, bars)
    assert found["in chord"] == pytest.approx(4.5 / 5.5)
    assert found["all in chord"] == pytest.approx(4.5 / 6)
    assert found["bars"] == pytest.approx(2 / 3)
    assert np.isnan(kept_to(score_of((0, [(0, 4, 60)])), asked, bars)["in chord"])


def test_a_beat_of_six_eight_is_a_dotted_quarter():
    score = score_of((0, [(0, 3, 60)]), (33, [(0, 1, 49), (1.5, 1.5, 48)]), time=(6, 8))
    found = kept_to(score, [ChordSpan(0, 1440, parse_chord("C"))], bar_grid(score))
    assert (found["in chord"], found["all in chord"]) == (1, pytest.approx(0.6))


def test_a_melody_is_changed_by_any_other_note():
    before = score_of((0, [(0, 1, 60), (1, 1, 62)]))
    louder = before.copy()
    louder.tracks[0].notes[0].velocity = 81
    assert notes_changed(before, before.copy()) == 0
    assert notes_changed(before, louder) == 2
    assert notes_changed(before, score_of((0, [(0, 1, 60)]))) == 1


def test_the_chords_typed_are_the_written_ones():
    sheet = sheet_of(lead_sheet())
    typed = []

    def plays_roots(melody, style, chords, complexity="medium"):
        typed.append((style, chords))
        out = melody.copy()
        events = [(4 * n, 4, 36 + bar[0].root) for n, bar in enumerate(progression_of(chords))]
        out.tracks.append(score_of((33, events)).tracks[0])
        return out

    found = typed_figures([sheet], "bass", plays_roots)
    assert typed == [("bass", tuple((name,) * 4 for name in PATTERN))]  # a name a beat
    parts, seconds = found.pop("parts"), found.pop("seconds")
    assert found == {"in chord": 1, "all in chord": 1, "bars": 1, "melody changed": 0}
    assert parts["bass of a new chord"] == parts["bass begins with the chord"] == 1 and seconds >= 0


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Data sets of lead sheets and chorales as they come: some songs to learn from, more to measure on."""
    folder = tmp_path_factory.mktemp("songs")
    (folder / "leadsheets").mkdir()
    (folder / "chorales").mkdir()
    common = {"tempo": 100, "time_sigs": [[0, 4, 4]], "keys": [[0, 0, 0]]}
    for name in LEAD_SHEETS:
        songs = []
        for number in range(4):
            song = lead_sheet()
            notes = song.score.tracks[0].notes
            melody = [[note.time / 480, note.duration / 480, note.pitch + number] for note in notes]
            chords = [
                [s.start / 480, (s.end - s.start) / 480, "", s.chord.root, s.chord.bass, list(s.chord.tones)]
                for s in chord_spans(song.score)
            ]
            split = "valid" if number else "train"
            songs.append({**common, "id": str(number), "split": split, "melody": melody, "chords": chords})
        (folder / "leadsheets" / f"{name}.jsonl").write_text("\n".join(map(json.dumps, songs)))
    songs = []
    for number in range(3):
        voices = {
            voice: [[note.time / 480, 1, note.pitch] for note in track.notes]
            for voice, track in zip("SATB", chorale().tracks)
        }
        songs.append({**common, "id": str(number), "jsb_twin": None, "similar_to_jsb_valid": number > 0, **voices})
    (folder / "chorales" / "music21_chorales.jsonl").write_text("\n".join(map(json.dumps, songs)))
    return folder


def test_music_is_dealt_from_all_sets(data):
    sheets, songs = validation_music(data, 7, 0)
    assert [sheet.set for sheet in sheets] == [*LEAD_SHEETS, *LEAD_SHEETS[:2]]
    assert {int(line(sheet.melody.tracks[0]).pitch[0]) for sheet in sheets} <= {
        73,
        74,
        75,
    }  # none of the training songs
    assert {song.name for song in songs} == {"chorales/1", "chorales/2"}
    assert len(validation_music(data, 100, 0)[0]) == 3 * len(LEAD_SHEETS)


def test_the_command_reports_on_a_checkpoint_that_harmonizes(data, tmp_path, capsys, monkeypatch):
    def toy(melody, style, chords, complexity="medium"):
        out = by_rule(melody, style, chords)
        out.tracks.extend([melody.tracks[0].copy() for _ in range(3)])
        return out

    monkeypatch.setattr(quality.store, "entry", lambda name: SimpleNamespace(task="harmonize", architecture="seq2seq"))
    monkeypatch.setattr(quality_harmonize, "asking", lambda checkpoint, seed, out: toy)
    nats = SimpleNamespace(
        chorale_nats=lambda checkpoint, songs: {"alto": 0.25, "tenor": float(len(songs)), "bass": 1.0}
    )
    monkeypatch.setitem(sys.modules, "training.likelihood.accompaniment", nats)
    file = tmp_path / "f.json"
    assert main(["quality", "toy", "--pieces", "10", "--data", str(data), "--json", str(file)]) == 0
    said = capsys.readouterr().out
    for words in ("toy: chords to the melodies of 10 validation lead sheets", TRUTH, FLOOR, "CTnCTR", "of 2 validation chorales",
                  "3 x Bach", f"tenor{2:25.3f}", "Nats", *TYPED_STYLES):  # fmt: skip
        assert words in said
    kept = json.loads(file.read_text())
    assert set(kept["lead sheets"]) == {TRUTH, MODEL, MEDIUM, RULE, FLOOR}
    assert kept["styles"]["piano"]["melody changed"] == 0


def test_without_melodies_there_is_nothing_to_harmonize(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(quality.store, "entry", lambda name: SimpleNamespace(task="harmonize", architecture="seq2seq"))
    assert main(["quality", "toy"]) == 2
    assert "Say where the data sets are" in capsys.readouterr().err
    assert main(["quality", "toy", "--data", str(tmp_path)]) == 2


@pytest.fixture
def random_model(tmp_path, monkeypatch) -> str:
    """The name of a checkpoint that has learnt nothing."""
    config = Seq2SeqConfig(accompaniment.sizes(), accompaniment.CONDITION_IDS_SIZE, 1, 1, 16, 2, 16, 16)
    torch.manual_seed(1)
    path = tmp_path / "random.safetensors"
    save_file(Seq2Seq(config).state_dict(), path, metadata={"config": json.dumps(dataclasses.asdict(config))})
    values = {
        "file": path.name, "bytes": path.stat().st_size, "sha256": store.file_sha256(path), "task": "harmonize",
        "architecture": "seq2seq", "tokenizer": studio().digest, "licence": "MIT",
    }  # fmt: skip
    store.register(tmp_path / "registry.toml", "random", values)
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    nothing_loaded(monkeypatch)
    return "random"


def test_the_pipeline_is_asked_and_what_it_wrote_is_kept(random_model, tmp_path):
    sheet = sheet_of(lead_sheet())
    ask = quality_harmonize.asking(random_model, 3, tmp_path / "out")
    found = typed_figures([sheet], "bass", ask)
    assert found["melody changed"] == 0
    assert found["bars"] > 0
    rows = sheet_figures([sheet], ask)
    assert rows[MODEL]["CC"] >= 1 and rows[MODEL]["root"] < 1
    kept = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert kept == ["0000-bass.mid", "0001-chords.mid", "0002-chords.mid"]
    voices = chorale_figures([chorale()], ask)
    assert np.isfinite(voices[MODEL]["crossed"])  # they sound
    assert len(read_midi(tmp_path / "out" / "0003-chorale.mid").score.tracks) == 4
