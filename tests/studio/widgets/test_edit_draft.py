"""The editor's draft under node, as the browser runs it: what it sends is what it shows, whatever is done to nasty pieces."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.bars import ticks_to_seconds
from music.edit_notes import apply
from music.errors import StudioError
from music.piece import Piece
from pipelines.edit import options_of
from studio.widgets.player.editing import editable
from tests.examples import examples
from tests.javascript.node import PLAYER
from tests.javascript.node import node as node_here
from tests.music.test_edit_notes import nasty_scores, notes_of

SCRIPTS = [PLAYER / name for name in ("ticks.js", "edit_draft.js")]
RUN = """
const lines = require('readline').createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { source, steps } = JSON.parse(line);
  let draft = new Draft(source);
  const said = {};
  for (const step of steps) said.last = new Function('draft', 'source', `return ${step}`)(draft, source);
  const plain = (note) => FIELDS.map((field) => note[field]);
  const notes = source.tracks.map(({ track }) => draft.notes.filter((note) => note.track === track).map(plain));
  console.log(JSON.stringify({ notes, edits: draft.edits(), count: draft.count, selected: draft.chosen.length, last: said.last ?? null }));
});
"""


class Node:
    """A node that answers line by line, so that many examples need one start."""

    def __init__(self) -> None:
        program = "".join(script.read_text(encoding="utf-8") for script in SCRIPTS) + RUN
        self.process = subprocess.Popen(
            [node_here(), "-e", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, score: symusic.Score, *steps: str) -> dict[str, Any]:
        """Returns the notes of each track, and the edits that would be sent, after these steps in JavaScript."""
        self.process.stdin.write(json.dumps({"source": editable(Piece(score)), "steps": steps}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def node():
    started = Node()
    yield started
    started.process.stdin.close()
    started.process.wait()


def a_score(*notes: tuple[int, int, int, int], drums: bool = False) -> symusic.Score:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("One", 0, drums))
    score.tracks[0].notes.extend(symusic.Note(*note) for note in notes)
    return score


ALL = "draft.select(draft.notes.map(({ id }) => id))"


def do(change: str) -> str:
    """Returns the step that changes the selected notes."""
    return f"draft.do(({{ selected }}) => [draft.{change}, selected])"


STEPS = st.sampled_from(
    [
        ALL,
        "draft.select(draft.notes.filter((_, n) => n % 2).map(({ id }) => id))",
        "draft.select(draft.notes.slice(0, 1).map(({ id }) => id))",
        *map(
            do,
            [
                "moved(60, 0)",
                "moved(-700, 2)",
                "moved(0, -12)",
                "moved(1e9, 200)",
                "resized(-10000, 30)",
                "resized(480, 30)",
                "resized(120, 30, true)",
                "louder(-200)",
                "louder(7)",
                "quantized('1/8')",
                "quantized('1/8 triplet')",
                "quantized('Off')",
            ],
        ),
        "draft.split(500, '1/16')",
        "draft.split(-1, '1/4')",
        "draft.join()",
        "draft.remove()",
        "draft.duplicate('1/16', false)",
        "draft.duplicate('1/4', true)",
        "draft.add([{ track: 0, time: 100, duration: 90, pitch: 60, velocity: 90 }])",
        "draft.toggleLock()",
        "draft.undo()",
        "draft.redo()",
    ]
)


@settings(max_examples=examples(60), deadline=None)
@given(nasty_scores(), st.lists(STEPS, max_size=8))
def test_what_is_sent_is_what_is_shown(node, score, steps):
    seen = node.ask(score, *steps)
    if not seen["count"]:
        assert seen["notes"] == [[list(note) for note in notes_of(track)] for track in score.tracks]
        return
    if not any(seen["notes"]):
        with pytest.raises(StudioError, match="no note left"):
            options_of(Piece(score), seen["edits"])
        return
    options = options_of(Piece(score), seen["edits"])
    edited = apply(score, options)
    assert [sorted(map(list, notes_of(track))) for track in edited.tracks] == [sorted(notes) for notes in seen["notes"]]
    assert 0 < len(options.words) <= 300


@settings(max_examples=examples(30), deadline=None)
@given(nasty_scores(), st.lists(STEPS, max_size=8))
def test_undo_goes_all_the_way_back(node, score, steps):
    seen = node.ask(score, *steps, *["draft.undo()"] * 9)
    assert seen["count"] == 0 and not any(seen["edits"].values())


def test_seconds_are_the_scores_own(node):
    score = a_score((0, 480, 60, 90))
    score.tempos.extend([symusic.Tempo(0, 97.3), symusic.Tempo(1000, 31.0)])
    for tick in (0, 700, 1000, 5000):
        assert node.ask(score, f"draft.map.seconds({tick})")["last"] == pytest.approx(
            float(ticks_to_seconds(score, tick))
        )
        assert node.ask(score, f"draft.map.ticks(draft.map.seconds({tick}))")["last"] == pytest.approx(tick)


@pytest.mark.parametrize(
    ("tick", "snap", "line"),
    [
        (250, "1/8", 240),
        (130, "1/16", 120),
        (89, "1/32", 60),
        (170, "1/8 triplet", 160),
        (251, "Off", 251),
        (1700, "1/4", 1680),  # in the second bar of 7/8, which begins at 1680
        (-50, "1/4", 0),
    ],
)
def test_the_grid_begins_anew_in_each_bar(node, tick, snap, line):
    score = a_score((0, 4000, 60, 90))
    score.time_signatures.append(symusic.TimeSignature(0, 7, 8))
    assert node.ask(score, f"draft.snapped({tick}, '{snap}')")["last"] == line


def shown(node, score, *steps):
    return sorted(map(tuple, node.ask(score, *steps)["notes"][0]))


def test_a_note_that_is_moved_onto_another_ends_it(node):
    score = a_score((0, 960, 60, 90), (1920, 480, 60, 90))
    last = "draft.select([1])"
    assert shown(node, score, last, do("moved(-1440, 0)")) == [(0, 480, 60, 90), (480, 480, 60, 90)]
    assert shown(node, score, last, do("moved(-1920, 0)")) == [(0, 480, 60, 90)]


def test_what_overlapped_already_stays_where_nobody_touched_it(node):
    score = a_score((0, 960, 60, 90), (480, 960, 60, 80), (3000, 60, 62, 70))
    assert shown(node, score, "draft.select([2])", do("moved(60, 0)"))[:2] == [(0, 960, 60, 90), (480, 960, 60, 80)]
    assert shown(node, score, ALL, do("moved(60, 0)"))[:2] == [(60, 960, 60, 90), (540, 960, 60, 80)]


def test_a_chord_moves_as_far_as_its_outermost_notes_can(node):
    score = a_score((100, 480, 60, 90), (200, 480, 120, 90))
    assert shown(node, score, ALL, do("moved(-500, 12)")) == [(0, 480, 67, 90), (100, 480, 127, 90)]


def test_drums_move_by_rows_and_stay_where_a_tune_is_transposed(node):
    drums = a_score((0, 60, 36, 90), (480, 60, 46, 90), drums=True)
    assert [note[2] for note in shown(node, drums, "draft.select([0])", do("moved(0, 1)"))] == [38, 46]
    both = a_score((0, 60, 60, 90))
    both.tracks.extend(drums.tracks)
    assert node.ask(both, ALL, do("moved(0, 12)"))["notes"][1] == [[0, 60, 36, 90], [480, 60, 46, 90]]


def test_split_and_join_undo_each_other(node):
    score = a_score((0, 960, 60, 90))
    halves = shown(node, score, ALL, "draft.split(240, '1/16')")
    assert halves == [(0, 240, 60, 90), (240, 720, 60, 90)]
    assert shown(node, score, ALL, "draft.split(9999, '1/16')") == [(0, 480, 60, 90), (480, 480, 60, 90)]
    assert shown(node, score, ALL, "draft.split(240, '1/16')", "draft.join()") == [(0, 960, 60, 90)]


def test_locked_notes_stay_whatever_is_done_to_them_or_onto_them(node):
    score = a_score((0, 480, 60, 90), (960, 480, 60, 80), (960, 480, 64, 70))
    lock = ["draft.select([1])", "draft.toggleLock()"]
    for step in (
        do("moved(60, 1)"),
        do("louder(9)"),
        "draft.remove()",
        "draft.split(1000, 'Off')",
        "draft.select([0])",
        "draft.join()",
    ):
        assert (960, 480, 60, 80) in shown(node, score, *lock, ALL, step)
    onto = node.ask(score, *lock, "draft.select([0])", do("moved(1200, 0)"), "draft.blocked")
    assert onto["last"] is True and onto["notes"] == [[[0, 480, 60, 90], [960, 480, 60, 80], [960, 480, 64, 70]]]
    assert onto["edits"]["locked"] == [[0, 960, 480, 60, 80]] and onto["count"] == 1
    assert node.ask(score, *lock, "draft.toggleLock()")["count"] == 0


def test_bars_are_duplicated_after_their_end(node):
    score = a_score((480, 480, 60, 90))
    assert shown(node, score, ALL, "draft.duplicate('1/16', true)")[1] == (2400, 480, 60, 90)
    assert shown(node, score, ALL, "draft.duplicate('1/16', false)")[1] == (960, 480, 60, 90)
