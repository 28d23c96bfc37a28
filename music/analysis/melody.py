"""Which track of a score is the melody."""

from __future__ import annotations

import re

import numpy as np
import symusic

from music.instruments import GM_NAMES

# Words that name a melody's track, surest first: the melody itself, a voice, the upper voice, a soloist.
_NAMES = tuple(
    re.compile(rf"(?<![^\W\d_])(?:{words})(?![^\W\d_])", re.IGNORECASE)
    for words in (
        "melod(?:y|ie|ia|ía|i|ic|ja)|mélodie|meldoy|tune|theme|мелодия|主旋律|旋律|メロディー?",
        "vocals?|vox|voice|voix|voz|voce|canto|cant[uv]s|chant|stimme|(?:sing|gesangs)stimme|gesang|sång|zang|singer|śpiew|"
        "spiew|głos|glos|wokal|вокал|голос|人声|ボーカル|ヴォーカル",
        "soprano|sopran|discant[uv]s|discant|diskant|descant|superius|dessus|treble",
        "lead|solo|solist|soloist",
    )
)
# Words beside them that say otherwise: a second, a support, the sound of a synthesizer.
_NOT = re.compile(
    r"(?<![^\W\d_])(?:back(?:ing|ground|up)?|bgv|choir|chorus|coro|chor|counter(?:melody)?|support|harmon(?:y|ies)|bass|"
    r"basso|bass[uv]s|pads?|synth|square|saw(?:tooth)?|calliope|chiff|charang|fifths|[ao]+hs)(?![^\W\d_])",
    re.IGNORECASE,
)
_SELDOM = 0.15  # a track that plays on fewer beats than this share of the busiest one's carries no melody


def find_melody(score: symusic.Score, by_name: bool = True) -> int | None:
    """Returns the track that carries the melody, counted from 0; None for a score without pitched notes.

    A track whose name says so ("Melody", "Voice", "Gesang", "Cantus", "Lead" ...) is taken at its word. Of several such, and
    where there is none, the one most like a melody is chosen: one note at a time above all, high, moving by steps,
    without leaps beyond a fifth, playing through the piece, in a varied rhythm.

    Args:
        score: any score.
        by_name: False to go by the notes alone.
    """
    quarter = score.ticks_per_quarter
    notes = {
        number: track.notes.numpy()
        for number, track in enumerate(score.tracks)
        if not track.is_drum and len(track.notes)
    }
    beats = {number: len(np.unique(arrays["time"] // quarter)) for number, arrays in notes.items()}
    most = max(beats.values(), default=0)
    able = [number for number in notes if beats[number] >= _SELDOM * most]
    for words in _NAMES if by_name else ():
        named = [number for number in able if _is_called(score.tracks[number].name, words)]
        if named:
            able = named
            break
    return max(able, key=lambda number: _likeness(notes[number], quarter) + beats[number] / most, default=None)


def _is_called(name: str, words: re.Pattern[str]) -> bool:
    # Names of General MIDI sounds ("Voice Oohs", "Lead 1 (square)") are no roles; "SitarMelody2" is two words.
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip())
    return name.strip() not in GM_NAMES and bool(words.search(spaced)) and not _NOT.search(spaced)


def _likeness(notes: dict[str, np.ndarray], quarter: int) -> float:
    """Returns how much the notes of a track are like a melody, -2 to 7.5."""
    time, pitch = (notes[name].astype(np.int64) for name in ("time", "pitch"))
    duration = np.maximum(notes["duration"].astype(np.int64), 1)
    order = np.lexsort((-pitch, time))
    time, pitch, duration = time[order], pitch[order], duration[order]
    reach = np.maximum.accumulate(time + duration)
    fresh = np.maximum(reach - np.maximum(time, np.concatenate([[0], reach[:-1]])), 0)
    alone = fresh.sum() / duration.sum()  # 1 for one note at a time, 1/3 for triads
    line = np.concatenate([[True], np.diff(time) > quarter // 8])  # the top note of each onset
    moves = np.abs(np.diff(pitch[line]))
    steps, leaps = ((moves > 0) & (moves <= 4)).mean() if len(moves) else 0.0, (moves > 7).mean() if len(moves) else 0.0
    # From C3, where basses end, to C5: what is higher still is as often an ornament as a tune.
    high = np.clip((np.median(pitch[line]) - 48) / 24, 0, 1)
    _, counts = np.unique(np.round(4 * np.diff(time[line]) / quarter), return_counts=True)
    shares = counts / max(1, counts.sum())
    varied = min(1.0, float(-(shares * np.log2(shares)).sum()) / 2)  # two bits: four lengths, equally often
    # Being alone weighs most, for nothing tells chords and pianos from a tune as well; the weights are whole or half numbers
    # that work on pop songs, bands, songs with piano, chorales and string quartets alike.
    return float(4 * alone + 2 * high + steps - 2 * leaps + varied / 2)
