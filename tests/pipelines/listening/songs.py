"""A song for listening pages, made by hand, and a page of it whose sound is a tone: no synthesizer, no model."""

from __future__ import annotations

import numpy as np
import pytest
import symusic

from music.audio.encoding import Audio
from music.form import with_sections
from music.piece import Piece
from pipelines.listening import page as page_file
from tests.browser.apps import handmade

HOSTILE = """</script><script>document.body.dataset.ran = 1</script> "Tom's" & <img src=x onerror="ran()"> {{sound}}"""
"""A title that would run, load a picture or be filled in, were it not text."""

RECIPE = {
    "pipeline": "edit",
    "options": {"words": HOSTILE},
    "input": "",
    "checkpoint": {"name": "<b>model</b>", "sha256": "a"},
}


def song(title: str = HOSTILE, bars: int = 6) -> Piece:
    """Returns a piece with sections, chords and words, in bars of four seconds."""
    piece = handmade.piece(title, bars=bars)
    score = with_sections(piece.score, [(0, "Verse"), (1920 * (bars // 2), HOSTILE[:40])])
    chords = [symusic.TextMeta(0, "chord: Am7"), symusic.TextMeta(1920, "chord: F/C")]
    score.markers = [*score.markers, *chords]
    return piece.replace(score=score, lyrics=("Counting <one>", HOSTILE), history=(RECIPE,))


def tone(piece: Piece, *arguments: object, **named: object) -> Audio:
    """Returns a tone as long as the piece."""
    time = np.arange(round(piece.seconds * 44_100)) / 44_100
    wave = (0.1 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    return Audio(np.stack([wave, wave], axis=1), 44_100)


def page_of(piece: Piece) -> bytes:
    """Returns the listening page of a piece with a tone for its sound."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_file, "piece_sound", tone)
        return page_file.listening_page(piece)
