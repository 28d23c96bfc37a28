"""Songs for a band, made up: sections in the order of a form, those of one name alike, drums and bass that wander."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import symusic
from hypothesis import strategies as st

from music.bars import bar_ticks
from music.chords import ChordSpan, parse_chord, with_chords
from music.form import ENDING, INTRO, with_sections
from music.piece import Piece

PROGRAMS = {"piano": 0, "guitar": 27, "bass": 33, "strings": 48, "brass": 61, "choir": 52, "drums": 0}
BAND = ("drums", "bass", "piano", "strings")
FORM = ("Intro", "A", "A", "B", "A", "Ending")
_CHORDS = ("C", "Am", "F", "G")
_DRUMS = ((0, 36), (0, 42), (0.5, 42), (1, 38), (1, 42), (1.5, 42), (2, 36), (2, 42), (2.5, 42), (3, 38), (3, 42))


def band_song(
    form: Sequence[str] = FORM,
    players: Sequence[str] = BAND,
    signature: tuple[int, int] = (4, 4),
    quarter: int = 480,
    bars: int = 8,
    tempo_bpm: float = 110.0,
    wander: float = 0.35,
    seed: int = 0,
    chords: bool = True,
    marked: bool = True,
) -> Piece:
    """Returns a song whose first track is the melody.

    Args:
        form: names of sections; an intro and an ending have two bars, all others ``bars``.
        players: who accompanies, of PROGRAMS; one may come twice.
        wander: which share of the onsets of drums and bass differs from bar to bar.
        chords, marked: whether the score says its chords and its sections.
    """
    length = bar_ticks(*signature, quarter)
    score = symusic.Score(quarter)
    score.tempos = [symusic.Tempo(0, tempo_bpm)]
    score.time_signatures = [symusic.TimeSignature(0, *signature)]
    score.key_signatures = [symusic.KeySignature(0, 0, 0)]
    score.tracks = [symusic.Track("Melody", 73, False)]
    for name in players:
        score.tracks.append(symusic.Track(name.title(), PROGRAMS[name], name == "drums"))
    marks, spans, at = [], [], 0
    for name in form:
        marks.append((at, name))
        count = 2 if name in (INTRO, ENDING) else bars
        theme = name.rstrip("'")
        for bar in range(count):
            here = at + bar * length
            last = name == ENDING and bar == count - 1
            chord = "C" if last else _CHORDS[(bar + (theme == "B")) % 4]
            spans.append(ChordSpan(here, here + length, parse_chord(chord)))
            rng = np.random.default_rng([seed, bar, *theme.encode()])
            if name != INTRO:
                _melody(score.tracks[0], here, length, quarter, rng, last)
            for track, player in zip(list(score.tracks)[1:], players, strict=True):
                _play(track, player, here, length, quarter, parse_chord(chord).tones, rng, wander)
        at += count * length
    if chords:
        score = with_chords(score, spans)
    return Piece(with_sections(score, marks) if marked else score, "Song")


def _melody(track: symusic.Track, at: int, length: int, quarter: int, rng, last: bool) -> None:
    if last:
        track.notes.append(symusic.Note(at, length, 72, 90))
        return
    step = max(1, quarter // 2)
    tick = 0
    while tick < length:
        lasts = min(step * int(rng.integers(1, 4)), length - tick)
        track.notes.append(symusic.Note(at + tick, lasts, int(rng.choice([67, 69, 71, 72, 74, 76])), 90))
        tick += lasts


def _play(track, player: str, at: int, length: int, quarter: int, tones, rng, wander: float) -> None:
    def add(place: float, lasts: float, pitch: int, velocity: int) -> None:
        start = round(place * quarter)
        if start < length:
            stop = min(length, start + max(1, round(lasts * quarter)))
            track.notes.append(symusic.Note(at + start, stop - start, pitch, velocity))

    if player == "drums":
        for place, pitch in _DRUMS:
            if rng.random() >= wander / 2:
                add(place, 0.25, pitch, 96)
            if rng.random() < wander / 2:
                add(place + 0.25, 0.25, int(rng.choice([37, 40, 46])), 80)
    elif player == "bass":
        for place in (0, 1.5, 2, 3):
            late = 0.5 * (place == 2 and rng.random() < wander)
            if rng.random() >= wander / 2:
                add(place + late, 0.5, 36 + int(tones[0 if place < 2 else 2]), 94)
    elif player == "piano":
        for place in range(-(-length // quarter)):
            for tone in sorted(set(tones)):
                add(place, 0.9, 48 + tone, 84)
    else:
        for tone in sorted(set(tones))[: 1 if player == "brass" else 3]:
            add(0, length / quarter, 60 + tone, 78)


@st.composite
def songs(draw) -> Piece:
    """Returns a song of any form, size, signature and resolution, down to a melody alone."""
    themes = st.sampled_from(["A", "A'", "B", "Verse", "Chorus", "Bridge", "C"])
    form = draw(st.lists(themes, min_size=1, max_size=5))
    form = [INTRO] * draw(st.booleans()) + form + [ENDING] * draw(st.booleans())
    return band_song(
        form=form,
        players=draw(st.lists(st.sampled_from(sorted(PROGRAMS)), max_size=5)),
        signature=draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 4), (7, 8), (2, 2), (2, 4), (1, 4)])),
        quarter=draw(st.sampled_from([480, 96, 24])),
        bars=draw(st.sampled_from([1, 2, 4, 5, 8])),
        tempo_bpm=draw(st.sampled_from([55.0, 96.0, 170.0])),
        wander=draw(st.sampled_from([0.0, 0.3, 1.0])),
        seed=draw(st.integers(0, 99)),
        chords=draw(st.booleans()),
        marked=draw(st.sampled_from([True, True, True, False])),
    )
