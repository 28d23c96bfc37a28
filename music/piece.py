"""The one noun of the studio: every pipeline takes a Piece and gives a Piece."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import symusic

from music.bars import score_end, ticks_to_seconds

TICKS_PER_QUARTER = 480


@dataclass(frozen=True, eq=False)
class Piece:
    """A score with its title, its lyrics and how it came to be.

    Attributes:
        score: notes, controls, tempi and signatures in ticks. Treat it as frozen: copy before you edit.
        title: the name that a sheet or a file would show.
        lyrics: lines of text that belong to the song.
        history: one recipe (plain JSON values) for each pipeline that this piece went through, oldest first.
    """

    score: symusic.Score
    title: str = ""
    lyrics: tuple[str, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def empty(cls) -> Piece:
        """Returns the piece with no notes, from which music is written from nothing."""
        return cls(symusic.Score(TICKS_PER_QUARTER))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that can be heard or read in the piece, not of its history."""
        digest = hashlib.sha256()

        def add(*values: Any) -> None:
            digest.update(json.dumps(values).encode())

        def add_arrays(events: Any) -> None:
            arrays = events.numpy()
            for name in sorted(arrays):
                digest.update(name.encode() + arrays[name].tobytes() + b"|")

        score = self.score
        add(score.ticks_per_quarter, self.title, self.lyrics)
        for events in (score.tempos, score.time_signatures, score.key_signatures):
            add_arrays(events)
        add([(m.time, m.text) for m in score.markers])
        for track in score.tracks:
            add(track.name, track.program, track.is_drum, [(t.time, t.text) for t in track.lyrics])
            for played in (track.notes, track.controls, track.pitch_bends, track.pedals):
                add_arrays(played)
        return digest.hexdigest()

    @property
    def note_count(self) -> int:
        """The number of notes in all tracks."""
        return sum(len(track.notes) for track in self.score.tracks)

    @property
    def seconds(self) -> float:
        """The time in seconds at which the last note ends."""
        return float(ticks_to_seconds(self.score, score_end(self.score)))

    def replace(self, **changes: Any) -> Piece:
        """Returns a piece with these attributes changed, as ``dataclasses.replace``."""
        return dataclasses.replace(self, **changes)

    def with_step(self, score: symusic.Score, recipe: Mapping[str, Any]) -> Piece:
        """Returns the piece that a pipeline makes of this one: a new score, and one more recipe in its history."""
        return dataclasses.replace(self, score=score, history=(*self.history, recipe))

    def __reduce__(
        self,
    ) -> tuple[type[Piece], tuple[Any, ...]]:  # the cached fingerprint does not travel between processes
        return Piece, (self.score, self.title, self.lyrics, self.history)
