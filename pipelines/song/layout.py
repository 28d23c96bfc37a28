"""How a song fills its time: the order and length of its sections, its intro and ending, its tempo."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from music.bars import parse_signature
from music.errors import StudioError
from music.form import theme_of
from pipelines.options.checks import TEMPO_RANGE_BPM
from pipelines.song.brief import Brief
from pipelines.song.forms import sequences
from pipelines.song.room_for_words import quarters_of, room_for_words

TEMPI = {
    "pop": 104, "rock": 124, "jazz": 120, "folk": 108, "electronic": 122, "latin": 112, "classical": 92, None: 100,
}  # fmt: skip
"""Quarter notes a minute of a genre, where nothing else says how fast. Chosen by ear, not measured."""

PACE = {
    "happy": 1.1, "sad": 0.75, "dark": 0.85, "calm": 0.78, "energetic": 1.2, "dreamy": 0.8, "epic": 0.95, "tense": 1.1,
    "romantic": 0.85, "playful": 1.12,
}  # fmt: skip
"""What a mood makes of a genre's tempo. Chosen by ear, not measured."""

FORM_OF = {"jazz": "AABA", "folk": "AABA", "classical": "AABA", "electronic": "club"}

CLOSENESS = 0.05  # how far, at most, a song's length may be from the asked one
_SMALLER_FORM = 0.9  # how much each smaller form than the usual one is disliked, where none was asked for
# How much is disliked, on the scale of _FRAMES and as that not measured: an intro or an ending of more than half a section;
# each bar of melody beyond 32, for each must be written and remembered; a tempo off the usual one (times the logarithm to
# the power of 1.5: 10 % cost 0.26, twice as fast 5.2); a length off the asked one by more than half a percent; a last note
# of less than two beats.
_LONG_FRAME, _NEW_BAR, _OFF_TEMPO, _OFF_LENGTH, _SHORT_END = 0.5, 0.04, 9, 400, 0.3
_MUCH_MELODY_BARS, _EXACT = 32, 0.005
# And on the same scale: sections that together are not as many bars as asked for; a drop a second off the asked moment, or a bar.
_OTHER_BARS, _OFF_DROP, _OFF_DROP_BAR = 3.0, 2.0, 2.0
_CHORALE_BPM = 76  # a congregation's pace; by ear
_OTHER_THAN_SKETCH = 1.6  # for sections twice or half as long as the sketch


class Sketched(Protocol):
    """What a layout must know of the sketch that a song begins with."""

    @property
    def tempo_bpm(self) -> float:
        """Quarter notes a minute."""

    @property
    def bars(self) -> int:
        """How many bars the melody has."""


class Layout(NamedTuple):
    """How a song fills its time.

    Attributes:
        form: names of sections in order.
        bars: of each section.
        intro, ending: bars before and after them.
        tempo_bpm: quarter notes a minute.
        final_beats: quarter notes of the last bar that sound.
        drop: the bar, from 1, that is a drop; 0 where none was asked for.
    """

    form: tuple[str, ...]
    bars: int
    intro: int
    ending: int
    tempo_bpm: float
    final_beats: float
    drop: int = 0

    @property
    def total(self) -> int:
        """All bars."""
        return len(self.form) * self.bars + self.intro + self.ending


def lay_out(brief: Brief, sketch: Sketched | None, signature: str) -> Layout:
    """Returns the layout that suits form and tempo best and lasts as long as asked.

    Raises:
        StudioError: no layout is as long as asked.
    """
    quarters, lead = quarters_of(signature), silent_lead(brief, signature)
    tempo = brief.tempo_bpm or (sketch.tempo_bpm if sketch else None)
    usual_form = FORM_OF.get(brief.genre or "") or ("verse-chorus" if brief.seconds > 75 else "AABA")
    words = room_for_words(brief)
    usual_form = "march" if brief.groove == "march" else usual_form
    usual_form = words.form if words else usual_form
    forms = [brief.form] if brief.form else [usual_form, "ABA", "AB", "A"]
    usual = TEMPI[brief.genre] * math.prod(PACE[mood] for mood in brief.moods) ** (1 / max(1, len(brief.moods)))
    usual = usual if brief.style != "chorale" else min(usual, _CHORALE_BPM)
    frames = _frames(brief)
    best: tuple[float, Layout] | None = None
    for names, dislike in (
        (names, cost + _SMALLER_FORM * n) for n, form in enumerate(forms) for names, cost in sequences(form)
    ):
        for bars, odd in _BLUES_BARS if brief.form == "blues" else _section_lengths(sketch):
            room = words.dislike(names, bars, quarters) if words else 0.0
            for intro, ending, plain in frames:
                long_intro, long_ending = (
                    asked is None and 2 * own > bars
                    for asked, own in ((brief.intro_bars, intro), (brief.outro_bars, ending))
                )
                free = brief.intro_bars is None and brief.outro_bars is None
                if free and (intro > bars or (bars < 4 and intro + ending > 2)):
                    continue
                total = len(names) * bars + intro + ending
                cost = dislike + odd + room + plain + _LONG_FRAME * (long_intro + long_ending)
                cost += _NEW_BAR * max(0, bars * len({theme_of(name) for name in names}) - _MUCH_MELODY_BARS)
                as_counted = brief.bars is not None and len(names) * bars == brief.bars
                cost += _OTHER_BARS * (brief.bars is not None and not as_counted)
                if tempo is None:
                    fitting = round(60 * (quarters * total - lead) / brief.seconds)
                    if not TEMPO_RANGE_BPM[0] <= fitting <= TEMPO_RANGE_BPM[1]:
                        continue
                    cost += _OFF_TEMPO * abs(math.log(fitting / usual)) ** 1.5
                    layout = Layout(names, bars, intro, ending, float(fitting), quarters)
                else:
                    beats = brief.seconds * tempo / 60 - (total - 1) * quarters + lead
                    final = float(np.clip(round(beats), 1, max(1, math.floor(quarters))))
                    if abs(beats - quarters) < 0.5:
                        final = quarters
                    exact = _EXACT
                    if as_counted:  # the bar in which the song comes to rest may sound as far as the length allows
                        exact = CLOSENESS * 0.95
                        final = float(np.clip(math.floor(beats + exact * brief.seconds * tempo / 60), 1, quarters))
                    lasts = ((total - 1) * quarters - lead + final) * 60 / tempo
                    cost += _OFF_LENGTH * max(0.0, abs(lasts / brief.seconds - 1) - exact) + (final < 2) * _SHORT_END
                    layout = Layout(names, bars, intro, ending, tempo, final)
                layout, off = _with_drop(layout, brief, quarters, lead)
                if best is None or cost + off < best[0]:
                    best = cost + off, layout
    if best is None:
        raise StudioError(f"A song of {brief.seconds:g} seconds does not fit this form. Ask for another length.")
    found = best[1]
    whole = (found.total - 1) * quarters - lead + found.final_beats
    if abs(whole * 60 / found.tempo_bpm / brief.seconds - 1) > CLOSENESS:
        raise StudioError(
            f"{brief.seconds:g} seconds are not possible in {signature} at {found.tempo_bpm:g} BPM in this form. "
            "Ask for a longer song, another form or a faster tempo."
        )
    return found


def pickup_quarters(brief: Brief, signature: str) -> float:
    """Returns the length of the upbeat that is asked for: a beat; 0 for none."""
    return min(1.0, 4 / parse_signature(signature)[1]) if brief.pickup else 0.0


def silent_lead(brief: Brief, signature: str) -> float:
    """Returns the quarter notes before an upbeat in the bar that it has to itself; 0 where a longer intro was asked for."""
    alone = brief.pickup and brief.intro_bars in (None, 0, 1)
    return quarters_of(signature) - pickup_quarters(brief, signature) if alone else 0.0


def _frames(brief: Brief) -> list[tuple[int, int, float]]:
    """Returns bars of intro and ending that are as asked, and how much each pair is disliked."""
    intro, outro = brief.intro_bars, brief.outro_bars
    if brief.pickup and intro in (None, 0, 1):
        intro = 1
    found = list(_FRAMES)
    if intro is None and (brief.drop_seconds or brief.drop_bar):
        found += [(bars, last, 0.3 + 0.05 * bars + 0.1 * last) for bars in range(9) for last in range(1, 5)]
    if brief.bars is not None and intro is None and outro is None:
        found = [(0, 1, 0.0), *found]
    intros = {intro} if intro is not None else {own for own, _, _ in found}
    outros = {outro} if outro is not None else {own for _, own, _ in found}
    if intro is None and outro is None:
        return found
    costs: dict[tuple[int, int], float] = {}
    for first in intros:
        for last in outros:
            same = [cost for a, b, cost in found if intro in (None, first) and (intro is not None or a == first)
                    and (outro is not None or b == last)]  # fmt: skip
            costs[first, last] = min(same, default=0.5)
    return [(first, last, cost) for (first, last), cost in costs.items()]


def _with_drop(layout: Layout, brief: Brief, quarters: float, lead: float) -> tuple[Layout, float]:
    """Returns a layout with the section's beginning that is nearest to the drop that is asked for, and how much it is disliked."""
    if brief.drop_seconds is None and brief.drop_bar is None:
        return layout, 0.0
    begins = [layout.intro + number * layout.bars for number in range(len(layout.form))]
    begins = [bar for bar in begins if bar > 0]
    if not begins:
        return layout, _OFF_DROP_BAR * 4

    def off(bar: int) -> float:
        if brief.drop_bar is not None:
            return _OFF_DROP_BAR * abs(bar + 1 - brief.drop_bar)
        return _OFF_DROP * abs((bar * quarters - lead) * 60 / layout.tempo_bpm - (brief.drop_seconds or 0.0))

    bar = min(begins, key=off)
    return layout._replace(drop=bar + 1), off(bar)


_FRAMES = (
    (2, 2, 0.0), (4, 2, 0.1), (2, 1, 0.15), (4, 4, 0.3), (2, 4, 0.3), (4, 1, 0.25), (1, 1, 0.4), (1, 2, 0.4), (0, 1, 0.6),
    (0, 2, 0.6), (2, 3, 0.5), (4, 3, 0.5), (3, 2, 0.8), (0, 3, 0.9),
)  # fmt: skip
"""Bars of intro and ending, and how much they are disliked. All dislikes here and below are one scale on which 1 is a form
that a listener would find odd; chosen by hand, by whom and how is not known, and not measured."""


_BLUES_BARS = ((12, 0.0), (8, 2.0), (4, 3.0))
"""Bars of a chorus of blues: twelve, but where the time is too short for them."""


def _section_lengths(sketch: Sketched | None) -> Iterator[tuple[int, float]]:
    """Yields lengths of a section in bars, and how much each is disliked."""
    usual = {
        8: 0.0,
        4: 0.35,
        16: 0.8,
        12: 1.0,
        6: 1.0,
        10: 1.6,
        2: 2.2,
        14: 1.8,
        5: 2.5,
        7: 2.5,
        3: 2.8,
        9: 2.8,
        1: 4.0,
    }
    for bars, dislike in usual.items():
        yield (
            bars,
            dislike + (_OTHER_THAN_SKETCH * abs(math.log2(bars / min(16, max(2, sketch.bars)))) if sketch else 0.0),
        )
