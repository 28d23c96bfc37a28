"""A band that plays a style by its patterns, over the chords that the network chose or the user typed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from music.arranging.grooves import Chart, play
from music.chords import NO_CHORD, Chord, ChordSpan
from music.form import ENDING, sections, theme_of
from music.tokens.columns import FIRST
from music.tokens.octuple import vocabulary
from pipelines.accompaniment.notes import AccompanimentNote
from pipelines.accompaniment.request import AccompanimentRequest

MIN_CEILING = 60  # under a tune lower than that chords are not squeezed; as block chords are (assemble.py)


def write_styled(
    request: AccompanimentRequest, groove: str, chords: Sequence[Chord | None], seed: int
) -> list[AccompanimentNote]:
    """Returns what the players of a request do in a style.

    Args:
        request: the request.
        groove: the name of the style.
        chords: of each beat, as they sound.
        seed: of what is left to chance.
    """
    found, velocities = [], vocabulary().velocities
    roles = {player.program: player.role for player in request.players}
    for first, last in request.bar_ranges:
        parts = play(groove, tuple(roles), _chart(request, chords, first, last), seed)
        for program, hits in parts.items():
            for hit in hits:
                velocity = FIRST + int(np.abs(velocities - hit.velocity).argmin())
                found.append(AccompanimentNote(roles[program], hit.place, hit.length, hit.pitch, velocity))
    return found


def _chart(request: AccompanimentRequest, chords: Sequence[Chord | None], first: int, last: int) -> Chart:
    """Returns the bars ``first`` up to ``last`` as a band reads them, in positions of the model."""
    grid = request.grid
    starts = [*grid.beat_positions.tolist(), int(grid.bar_starts[-1])]
    inside = [beat for beat in range(len(chords)) if first <= grid.beat_bars[beat] < last]
    spans: list[ChordSpan] = []
    for beat in inside:
        chord = chords[beat] or NO_CHORD
        if spans and spans[-1].chord == chord:
            spans[-1] = spans[-1]._replace(end=starts[beat + 1])
        else:
            spans.append(ChordSpan(starts[beat], starts[beat + 1], chord))
    bars = tuple((int(grid.bar_starts[bar]), int(grid.bar_starts[bar + 1])) for bar in range(first, last))
    return Chart(
        bars=bars,
        beats=tuple(starts[beat] for beat in inside),
        chords=tuple(spans),
        variants=tuple(_variant(request, bar) for bar in range(first, last)),
        key=request.key,
        ceilings=tuple(_lowest_of_tune(request, span) for span in spans),
        ends=last == len(grid.bars),
    )


def _variant(request: AccompanimentRequest, bar: int) -> int:
    """Returns 0 for the first theme of a song, its ending, and what has no sections; 1 for other themes, such as the chorus."""
    marked = sections(request.score, request.grid.end)
    here = [section.name for section in marked if section.start <= request.grid.bars[bar].start < section.end]
    names = [theme_of(section.name) for section in marked]
    return int(bool(here) and theme_of(here[0]) not in (names[0], ENDING))


def _lowest_of_tune(request: AccompanimentRequest, span: ChordSpan) -> int | None:
    """Returns the pitch that chords stay below while a chord holds, None where the tune rests."""
    tune = request.score.tracks[request.melody].notes.numpy()
    start, end = request.grid.tick_at(span.start), request.grid.tick_at(span.end)
    over = (tune["time"] < end) & (tune["time"].astype(np.int64) + tune["duration"] > start)
    return max(int(tune["pitch"][over].min()), MIN_CEILING) if over.any() else None
