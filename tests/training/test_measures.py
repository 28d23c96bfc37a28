"""The measures on pieces whose answers are known by hand, and the quality report on a small world of its own."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import symusic

from music.midi import write_midi
from music.piece import Piece
from pipelines.contract import Step
from training import quality
from training.measures import copied, measure, overlapped_area, value_overlap, window_hashes, window_index
from training.prepare import Source

QUARTER = 480


def score_of(*tracks, time=(4, 4), qpm=120.0) -> symusic.Score:
    """Returns a score from (program, [(onset, length, pitch) in quarters]) a track; program -1 is drums."""
    score = symusic.Score(QUARTER)
    score.time_signatures.append(symusic.TimeSignature(0, *time))
    score.tempos.append(symusic.Tempo(0, qpm))
    for program, events in tracks:
        track = symusic.Track("", max(program, 0), program < 0)
        for onset, length, pitch in events:
            track.notes.append(symusic.Note(round(onset * QUARTER), round(length * QUARTER), pitch, 80))
        score.tracks.append(track)
    return score


def test_four_notes_of_a_scale():
    values = measure(score_of((0, [(i, 1, p) for i, p in enumerate([60, 62, 64, 65])])))
    assert values["pitch class entropy"] == pytest.approx(2)
    assert values["scale consistency"] == 1
    assert values["polyphony"] == 1
    assert values["empty beat rate"] == 0
    assert values["note density"] == 1
    assert values["pitch range"] == 5
    assert math.isnan(values["groove consistency"])  # one bar has no neighbour


def test_a_chromatic_scale_fits_seven_of_twelve():
    values = measure(score_of((0, [(i, 1, 60 + i) for i in range(12)])))
    assert values["scale consistency"] == pytest.approx(7 / 12)
    assert values["pitch class entropy"] == pytest.approx(math.log2(12))


def test_polyphony_counts_only_where_something_sounds():
    # A triad for one quarter, silence, then one note for one quarter; drums sound throughout.
    events = [(0, 1, 60), (0, 1, 64), (0, 1, 67), (6, 1, 72)]
    drums = [(i, 0.25, 36) for i in range(4)]
    values = measure(score_of((0, events), (-1, drums)))
    assert values["polyphony"] == 2
    assert values["empty beat rate"] == pytest.approx(2 / 7)  # quarters 5 and 6 of 7
    assert values["note density"] == pytest.approx(8 / 7)
    assert values["pitch range"] == 12


def test_groove_consistency_of_equal_and_of_differing_bars():
    bar = [(0, 1, 60), (1, 1, 60), (2, 1, 60), (3, 1, 60)]
    same = [(b * 4 + onset, length, pitch) for b in range(4) for onset, length, pitch in bar]
    assert measure(score_of((0, same)))["groove consistency"] == 1
    # The second bar has one onset more, on one of the bar's 48 grid steps.
    assert measure(score_of((0, [*same[:8], (6.5, 0.5, 62)])))["groove consistency"] == pytest.approx(1 - 1 / 48)


def test_an_empty_score_and_drums_alone_have_nothing_to_measure():
    assert all(math.isnan(value) for value in measure(symusic.Score(QUARTER)).values())
    drums = measure(score_of((-1, [(i, 0.25, 36) for i in range(8)])))
    assert math.isnan(drums["pitch class entropy"]) and drums["note density"] > 0.9


def test_overlapped_area_is_one_for_the_same_set_and_falls_with_distance():
    rng = np.random.default_rng(0)
    reference = rng.normal(0, 1, 300)
    areas = [overlapped_area(rng.normal(shift, 1, 300), reference) for shift in (0, 1, 3, 10)]
    assert areas[0] > 0.95
    assert areas == sorted(areas, reverse=True)
    assert areas[-1] < 0.05
    assert value_overlap(reference, reference) == pytest.approx(1, abs=1e-3)
    assert value_overlap(reference, reference + 20) < 0.01
    # Two normal curves one deviation apart share 2 Phi(-1/2) = 0.617 of their area; the kernel blurs a little.
    assert value_overlap(rng.normal(1, 1, 3000), rng.normal(0, 1, 3000)) == pytest.approx(0.617, abs=0.04)
    assert math.isnan(overlapped_area([1.0, float("nan")], reference))
    assert overlapped_area([2.0] * 5, [2.0] * 5) == pytest.approx(1, abs=1e-3)


def test_a_transposed_copy_is_found_and_new_music_is_not():
    rng = np.random.default_rng(3)
    tune = [(i * 0.5, 0.5, int(60 + rng.integers(0, 12))) for i in range(40)]
    other = [(i * 0.5, 0.5, int(60 + rng.integers(0, 12))) for i in range(40)]
    index = window_index([window_hashes(score_of((0, tune)))])
    assert len(index) == 40 - 11
    moved = [(onset, 0.1, pitch + 5) for onset, _, pitch in tune]
    assert copied(window_hashes(score_of((40, moved), qpm=90)), index).all()
    assert not copied(window_hashes(score_of((0, other))), index).any()
    # One wrong note hides the 12 windows that hold it, and no other.
    wrong = [*tune[:20], (10, 0.5, 90), *tune[21:]]
    assert (~copied(window_hashes(score_of((0, wrong))), index)).sum() == 12
    # The same pitches in another rhythm are not a copy.
    swung = [(onset * 1.5, 0.5, pitch) for onset, _, pitch in tune]
    assert not copied(window_hashes(score_of((0, swung))), index).any()


def test_windows_of_drums_and_of_short_tracks():
    drums = score_of((-1, [(i * 0.5, 0.1, 36 + i % 3) for i in range(20)]), (0, [(i, 1, 60) for i in range(11)]))
    assert len(window_hashes(drums)) == 0
    assert len(window_hashes(drums, drums=True)) == 9
    assert not copied(window_hashes(drums, drums=True), np.zeros(0, dtype=np.uint64)).any()


def test_scales_and_repeated_notes_can_be_left_out():
    plain = [(i * 0.5, 0.5, 60) for i in range(20)] + [(10 + i * 0.5, 0.5, 60 + i) for i in range(12)]
    assert len(window_hashes(score_of((0, plain)))) == 32 - 11
    assert len(window_hashes(score_of((0, plain)), fewest_moves=4)) == 0
    varied = [(i * 0.5, 0.5, 60 + i * i % 11) for i in range(20)]
    assert len(window_hashes(score_of((0, varied)), fewest_moves=4)) == 9


def asked(**changes) -> quality.Asked:
    values = {
        "genre": None,
        "key": "D minor",
        "tempo_bpm": 96.0,
        "time_signature": "3/4",
        "instruments": ("piano", "drums"),
        "bars": 16,
        "seed": 1,
    }
    return quality.Asked(**(values | changes))


def obedient(wish: quality.Asked) -> symusic.Score:
    """Returns a piece that does what it was asked: the tonic triad and scale of D minor, to the last bar."""
    numerator, denominator = (int(part) for part in wish.time_signature.split("/"))
    length = numerator * 4 / denominator
    notes = [(bar * length, length, pitch) for bar in range(wish.bars) for pitch in (62, 65, 69)]
    notes += [(bar * length, 0.5, 74 + (0, 2, 3, 5, 7, 8)[bar % 6]) for bar in range(wish.bars)]
    return score_of((0, notes), time=(numerator, denominator), qpm=wish.tempo_bpm)


def test_a_piece_that_obeys_and_one_for_each_way_not_to():
    good = obedient(asked())
    assert quality.obeys(good, asked()) == dict.fromkeys(
        ("tempo", "time signature", "instruments", "bar count", "key"), True
    )
    assert quality.obeys(good, asked(key="F major"))["key"]  # the relative key
    wrongs = {
        "tempo": asked(tempo_bpm=100.0),
        "time signature": asked(time_signature="4/4"),
        "instruments": asked(instruments=("violin",)),
        "bar count": asked(bars=15),
        "key": asked(key="E major"),
    }
    for control, wish in wrongs.items():
        assert not quality.obeys(good, wish)[control], control
    assert not quality.obeys(good, asked(bars=17))["bar count"]
    ringing = good.copy()
    ringing.tracks[0].notes.append(symusic.Note(47 * QUARTER, 2 * QUARTER, 62, 80))
    assert not quality.obeys(ringing, asked())["bar count"]


def test_the_grid_is_balanced_and_seeded():
    grid = quality.control_grid(48, 7)
    assert grid == quality.control_grid(48, 7) != quality.control_grid(48, 8)
    assert {sum(a.key == name for a in grid) for name in {a.key for a in grid}} == {2}
    assert {sum(a.bars == bars for a in grid) for bars in quality.BARS} == {12}
    assert len({a.seed for a in grid}) == 48
    for point in grid:
        point.options("generate-small", True)  # each is a valid request


def toy_generate(piece: Piece, options):
    """Plays the tonic triad of D minor whatever the key, and is otherwise obedient."""
    wish = asked(
        tempo_bpm=options.tempo_bpm,
        time_signature=options.time_signature,
        bars=options.bars,
        instruments=options.instruments,
    )
    score = obedient(wish)
    score.tracks[0].program = quality.parse_instrument(options.instruments[0])
    yield Step((Piece.empty(),), 0, options.bars, "bars")
    yield Step((piece.with_step(score, {}),), options.bars, options.bars, "bars")


def test_the_report_from_sampling_to_copies(tmp_path: Path):
    figures = quality.controls_figures("toy", 12, 0, toy_generate, tmp_path / "sampled")
    assert figures["obeyed"] == dict.fromkeys(("tempo", "time signature", "instruments", "bar count"), 1.0)
    assert 0 < figures["key"]["stay in key off"] == figures["key"]["stay in key on"] < 0.5
    assert len(list((tmp_path / "sampled").glob("*.mid"))) == 24
    scores = figures.pop("scores")
    assert len(scores) == 12

    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / "band"
    folder.mkdir(parents=True)
    lines = []
    for index in range(12):
        events = [(i * 0.5, 0.5, int(rng.integers(50, 80))) for i in range(180)]
        write_midi(Piece(score_of((0, events))), folder / f"{index}.mid")
        lines.append({"file": f"{index}.mid", "name": str(index), "split": "train" if index < 6 else "valid"})
    write_midi(Piece(scores[0]), folder / "copied.mid")
    lines.append({"file": "copied.mid", "name": "copied", "split": "train"})
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    sets = {"band": (False, [Source(folder / item["file"], item["name"], item["split"], None) for item in lines])}
    index_file = tmp_path / "index.npz"
    figures |= quality.comparison(scores, sets, 5, 0, index_file)
    assert figures["excerpts"] == {"train": 5, "valid": 5}
    assert figures["copied windows"]["generated"] > 0.05
    assert figures["copied windows"]["valid"] == 0
    area = figures["overlapped area"]["pitch class entropy"]
    assert area["ceiling"] > area["generated"]
    again = quality.comparison(scores, sets, 5, 0, index_file)
    assert again["overlapped area"] == figures["overlapped area"]
    text = quality.as_text(figures)
    assert "time signature            100.0%" in text
    assert "groove consistency" in text and "12-note windows" in text
