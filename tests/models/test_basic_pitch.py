"""Basic Pitch hears what its authors' own program hears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from checkpoints.loading import load
from models.basic_pitch import BINS, FRAMES, KEYS, LOWEST_PITCH, WINDOW, BasicPitch, BasicPitchConfig
from tests.models.basic_pitch_sound import chord

AUTHORS = Path(__file__).parents[1] / "data" / "basic_pitch" / "authors.npz"


def heard():
    with torch.inference_mode():
        return load("basic-pitch").model(torch.from_numpy(chord())[None])


def test_it_hears_what_the_authors_network_heard():
    found, theirs = (
        heard(),
        np.load(AUTHORS),
    )  # onnxruntime 1.32.0 on their nmp.onnx of version 0.4.0, kept in half precision
    for name in ("notes", "onsets"):
        np.testing.assert_allclose(getattr(found, name)[0, ::4].numpy(), theirs[name], atol=5e-4)
    assert theirs["notes"].max() > 0.5


def test_the_keys_that_sound_are_the_likeliest():
    at_the_end = heard().notes[0, 120:150].mean(0)
    assert set((at_the_end.topk(3).indices + LOWEST_PITCH).tolist()) == {57, 61, 76}


def test_silence_and_any_batch_give_numbers():
    model = BasicPitch(BasicPitchConfig(filters=3, contour_filters=2))
    found = model(torch.zeros(2, WINDOW))
    assert found.notes.shape == found.onsets.shape == (2, FRAMES, KEYS) and found.contour.shape == (2, FRAMES, 3 * KEYS)
    assert all(bool(part.isfinite().all()) for part in found)


def test_harmonics_lie_over_the_note_that_they_belong_to():
    model = BasicPitch(BasicPitchConfig(filters=1, contour_filters=1))
    spectrogram = torch.arange(BINS, dtype=torch.float32).expand(1, 4, BINS)
    stacked = model._harmonics(spectrogram)[0, :, 0]
    assert stacked[:, 40].tolist() == [4, 40, 76, 97, 112, 124, 133, 141]  # an octave below, itself, and overtones
    assert stacked[0, :36].tolist() == [0] * 36 and stacked[7, 263] == 0  # nothing is known beyond the edges
