"""How a piece sounds: colored where its last step was the audio pipeline, as it is played everywhere else."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from checkpoints.store import known
from music.audio.features import RATE_HZ
from music.errors import StudioError
from music.piece import Piece
from pipelines.contract import Step
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.edit import edit
from pipelines.options.audio import AudioOptions
from pipelines.options.edit import EditOptions
from pipelines.options.values import to_mapping
from pipelines.sound import SYNTHESES, coloring_options, piece_sound, piece_stems
from pipelines.story import describe_recipe
from pipelines.wording import distilgpt2
from pipelines.worker.verbs import VERBS, Sound
from tests.pipelines.songs import band

OPTIONS = AudioOptions(text="calm", brightness="dark", seconds=4.0, encoder="words-small")


def written(**changes) -> Piece:
    """Returns a piece as if the audio pipeline had written it, its recipe changed like this."""
    piece, checkpoint = band(), {"name": "audio-small", "sha256": known()["audio-small"].sha256}
    recipe = {"pipeline": "audio", "options": to_mapping(OPTIONS), "input": "", "checkpoint": checkpoint}
    return piece.with_step(piece.score, recipe | changes)


def test_the_last_step_but_for_edits_decides():
    assert coloring_options(written()) == OPTIONS
    panned = list(edit(written(), EditOptions(mix=((0, 10, 20),))))[-1].piece
    assert coloring_options(panned) == OPTIONS
    assert coloring_options(band()) is None
    after = written()
    assert coloring_options(after.with_step(after.score, {"pipeline": "remix", "options": {}})) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {}},
        {"checkpoint": {}},
        {"checkpoint": None},
        {"checkpoint": {"name": "audio-small", "sha256": "0" * 64}},  # an earlier one
        {"checkpoint": {"name": "of a friend", "sha256": known()["generate-small"].sha256}},  # no audio network
    ],
)
def test_the_checkpoint_of_the_name_stands_for_one_that_is_not_here(changes):
    found = coloring_options(written(**changes))
    assert found is not None and found.checkpoint == "audio-small"


@pytest.mark.parametrize(
    "options",
    [
        {"colour": "red"},
        {"brightness": 3},
        {"sound": "no features"},
        {"checkpoint": "generate-small"},
        {"checkpoint": "gone"},
        [],
    ],
)
def test_a_piece_is_heard_whatever_its_file_says(options):
    assert coloring_options(written(checkpoint={}, options=options)) is None


def test_a_piece_keeps_its_color_where_the_encoder_of_its_words_is_not():
    away = piece_sound(written(options=to_mapping(replace(OPTIONS, encoder="distilgpt2"))))
    here = piece_sound(written())
    assert np.array_equal(away.samples, here.samples) == (not distilgpt2.is_here())


def test_an_unknown_synthesis_is_refused():
    with pytest.raises(StudioError, match="no way 'sung'"):
        piece_sound(band(), "sung")


def test_stems_add_up_to_the_colored_mix():
    piece = written()
    mix, stems = piece_sound(piece).samples, piece_stems(piece)
    assert len(stems) == len(band().score.tracks)
    assert np.abs(sum(stem.audio.samples for stem in stems) - mix).max() < 1e-3
    plain = piece_sound(band()).samples
    assert np.abs(plain[: len(mix)] - mix[: len(plain)]).max() > 0.05


def told() -> tuple[list, object]:
    updates: list = []
    return updates, lambda update: updates.append(update) or False


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_the_worker_plays_a_written_piece_in_each_way(synthesis):
    updates, tell = told()
    sound = VERBS["render"].run(tell, written(), synthesis)
    assert next(each for each in updates if isinstance(each, Sound)).mix == sound.mix
    assert bool(sound.stems) == (synthesis == "played")
    assert sound.picture["seconds"] == pytest.approx(sound.seconds, abs=0.1)
    assert soundfile.info(
        io.BytesIO(VERBS["encode"].run(tell, written(), "flac", synthesis))
    ).duration == pytest.approx(sound.seconds, abs=0.1)


def test_the_worker_plays_any_other_piece_without_a_picture():
    sound = VERBS["render"].run(told()[1], band())
    assert sound.picture is None and sound.stems


def tune(seconds: float = 8.0) -> bytes:
    at = np.arange(round(seconds * RATE_HZ))
    level = np.where(at > len(at) / 2, 0.4, 0.1)
    data = io.BytesIO()
    soundfile.write(data, (level * np.sin(2 * np.pi * 330 * at / RATE_HZ)).astype(np.float32), RATE_HZ, format="OGG")
    return data.getvalue()


def test_the_worker_hears_a_sound_and_what_was_kept_of_it_alike():
    heard = VERBS["hear"].run(told()[1], tune(), "tune.ogg")
    assert heard.start > 3 and heard.outline["seconds"] == pytest.approx(8, abs=0.1)
    assert heard.clip["seconds"] == pytest.approx(4.04, abs=0.01) and heard.clip["mel"] and not heard.outline["mel"]
    AudioOptions(**heard.options)
    softer = VERBS["hear"].run(told()[1], heard.kept, "tune.ogg", 0.0)
    assert softer.start == 0 and softer.options["sound"] != heard.options["sound"]
    assert softer.options["sound_lufs"] < heard.options["sound_lufs"] - 6
    again = VERBS["hear"].run(told()[1], heard.kept, "tune.ogg", heard.start)
    assert again.options["sound_lufs"] == pytest.approx(heard.options["sound_lufs"], abs=0.2)
    assert again.outline["columns"] == heard.outline["columns"]


def test_what_is_stopped_keeps_its_color_and_says_so():
    steps: list[Step] = []
    step = VERBS["audio"].run(lambda step: steps.append(step) or len(steps) == 1, Piece.empty(), OPTIONS)
    assert step.done < step.total and coloring_options(step.piece) == OPTIONS
    recipe = step.piece.history[-1]
    assert recipe["stopped"] == step.done and describe_recipe(recipe).endswith("stopped early")
    assert PIPELINES["audio"].kept(Piece.empty(), OPTIONS, step) is not step
    whole = VERBS["audio"].run(lambda step: False, Piece.empty(), OPTIONS)
    assert "stopped" not in whole.piece.history[-1] and len(whole.piece.history) == 1
