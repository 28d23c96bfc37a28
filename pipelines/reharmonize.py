"""Reharmonize: some bars of a piece get other chords, and an accompaniment that fits them; all else stays.

Where Harmonize wrote the accompaniment it writes these bars too, and what was mixed since is mixed as it was: who rests there
goes on resting, everybody is as loud as before, drums are not touched. Else the notes that are there move to the new chords.
"""

from __future__ import annotations

from collections.abc import Iterator

from music.analysis.chord_estimation import estimate_chords
from music.analysis.melody import find_melody
from music.bars import bar_grid
from music.chord_symbols.bars import spread
from music.chords import beat_ticks, chord_spans, progression_of, with_chords
from music.errors import StudioError
from music.piece import Piece
from music.theory import parse_key
from pipelines.accompaniment.stretch import Stretch
from pipelines.contract import Step
from pipelines.locks import notes_at
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.options.text import bars_as_text
from pipelines.recipes import recipe_of

VERSION = "2"
_ALMOST = 0.999  # only the last Step may say that all is done


def reharmonize(piece: Piece, options: ReharmonizeOptions) -> Iterator[Step]:
    """Yields Steps; the last one has the piece with other chords in some bars.

    The melody, the drums and all that lies outside of these bars stay bit for bit, but for notes that ring into them and
    do not fit: these end where the bar begins. A piece without chord symbols gets those that are heard in it.

    Raises:
        StudioError: the piece lacks the bars, or the checkpoint cannot be used.
    """
    yield from _steps(piece, options, "reharmonize")


def change_chords(piece: Piece, options: ReharmonizeOptions) -> Iterator[Step]:
    """Yields Steps as ``reharmonize`` does, as a stage of a song."""
    yield from _steps(piece, options, "chords")


def check_fits(piece: Piece, options: ReharmonizeOptions) -> None:
    """Makes sure that a piece has the bars, and these have room for their chords.

    Raises:
        StudioError: they have not.
    """
    _Change(piece, options)


def _steps(piece: Piece, options: ReharmonizeOptions, name: str) -> Iterator[Step]:
    change = _Change(piece, options)
    yield Step((piece,), 0.0, 1.0, "bars")
    written, model = None, dict[str, str]()
    if options.style:
        from pipelines.harmonize import harmonize  # heavy: only where a model writes

        for step in harmonize(piece, options.accompaniment()):
            written = step.piece.score
            yield Step((piece.replace(score=written),), _ALMOST * step.done / step.total, 1.0, "bars")
        model = step.piece.history[-1]["checkpoint"]
    score = change.stretch.accompanied(written)
    recipe = recipe_of(name, VERSION, options, piece) | {"checkpoint": model}
    yield Step((piece.with_step(score, recipe),), 1.0, 1.0, "bars", change.remarks)


class _Change:
    """The bars that change.

    Args:
        piece: as it is.
        options: what is asked for.
    """

    def __init__(self, piece: Piece, options: ReharmonizeOptions) -> None:
        score, self._options = piece.score, options
        bars, quarter = bar_grid(score), score.ticks_per_quarter
        if options.bars[-1] >= len(bars):
            raise StudioError(
                f"The piece has {len(bars)} bar{'s' * (len(bars) > 1)}, and there is no bar {options.bars[-1] + 1}. "
                f"Choose bars 1 to {len(bars)}."
            )
        chosen = [bars[bar] for bar in options.bars]
        key = parse_key(options.key) if options.key else None
        after = []
        for number, bar, chords in zip(options.bars, chosen, progression_of(options.chords), strict=True):
            beats = len(beat_ticks(bar, quarter))
            if len(chords) > beats:
                raise StudioError(
                    f"Bar {number + 1} has {beats} beat{'s' * (beats > 1)}, too few for {len(chords)} chords. Write fewer."
                )
            after += spread(bar, chords, quarter)
        if not chord_spans(score, bars[-1].end):
            score = with_chords(score, estimate_chords(score), key)
        self.stretch = Stretch(
            score=score,
            start=chosen[0].start,
            stop=chosen[-1].end,
            chords=after,
            key=key,
            melody=find_melody(score) if options.melody is None else options.melody,
            mixed=options.mixed,
            locked=frozenset(notes_at(piece, options.lock_notes)),
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said where no note can follow."""
        if self.stretch.is_accompanied:
            return ()
        bars = f"bar{'s' * (len(self._options.bars) > 1)} {bars_as_text(self._options.bars)}"
        return (f"Nobody accompanies the melody in {bars}. Only the chord symbol has changed.",)
