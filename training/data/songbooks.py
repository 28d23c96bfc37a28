"""Lead sheets and chorales from JSON files -> scores: a melody with chord symbols, or four voices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import symusic

from music.chords import NO_CHORD, QUALITIES, Chord, ChordSpan, with_chords
from music.errors import StudioError
from music.piece import TICKS_PER_QUARTER
from music.theory import Key, parse_key

LEAD_SHEETS = ("pop909", "openewld_pd", "openewld_other", "cmd", "rs200")  # with a melody, and free to ship a model of
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
CHOIR = 52  # program of the voices: choir aahs
_EIGHTH = TICKS_PER_QUARTER // 2


@dataclass(frozen=True)
class Song:
    """One song of a collection.

    Attributes:
        name: unique, the collection first.
        set: the collection.
        split: "train" or "valid".
        score: a lead sheet has its melody on track 0 and chord symbols as markers, a chorale four tracks as VOICES.
    """

    name: str
    set: str
    split: str
    score: symusic.Score


def lead_sheets(folder: Path, sets: Sequence[str] = LEAD_SHEETS) -> Iterator[Song]:
    """Yields the lead sheets of a folder of JSON Lines files, one a set; songs without melody or chords are left out.

    Raises:
        StudioError: a file is missing.
    """
    for name in sets:
        for item in _lines(folder / f"{name}.jsonl"):
            if not item["melody"] or not item["chords"]:
                continue
            score = _score(item)
            score.tracks.append(_track("Melody", 0, item["melody"]))
            spans, last = [], 0
            for onset, duration, _, root, bass, tones in sorted(item["chords"], key=lambda chord: chord[0]):
                start, end = _near(onset, _EIGHTH), _near(onset + duration, _EIGHTH)
                if end > max(start, last) and root is not None:
                    spans.append(ChordSpan(max(start, last), end, named(root, bass, tones)))
                    last = end
            yield Song(f"{name}/{item['id']}", name, item["split"], with_chords(score, spans, _key(item)))


def chorales(folder: Path) -> Iterator[Song]:
    """Yields the four-voice chorales with real durations; those like one of JSB's validation set are the valid ones.

    Raises:
        StudioError: the file is missing.
    """
    for item in _lines(folder / "music21_chorales.jsonl"):
        score = _score(item)
        for voice in VOICES:
            score.tracks.append(_track(voice, CHOIR, item[voice[0]]))
        twin = item.get("jsb_twin")
        valid = item["similar_to_jsb_valid"] or (twin and twin[0] == "valid")
        yield Song(f"chorales/{item['id']}", "chorales", "valid" if valid else "train", score)


def named(root: int, bass: int | None, tones: Sequence[int]) -> Chord:
    """Returns the chord on a root whose tones are most like these pitch classes."""
    steps = {(tone - root) % 12 for tone in tones}
    if not steps:
        return NO_CHORD

    def likeness(quality: str) -> float:
        own = set(QUALITIES[quality])
        return len(own & steps) / len(own | steps)

    return Chord(root, max(QUALITIES, key=likeness), root if bass is None else bass)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        raise StudioError(f"'{path.name}' is not in {path.parent}. Say with --data where the data sets are.")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _score(item: dict[str, Any]) -> symusic.Score:
    score = symusic.Score(TICKS_PER_QUARTER)
    score.tempos.append(symusic.Tempo(0, float(item.get("tempo") or 100.0)))
    for beat, numerator, denominator in item["time_sigs"]:
        score.time_signatures.append(symusic.TimeSignature(_near(beat, 1), numerator, denominator))
    if key := _key(item):
        score.key_signatures.append(symusic.KeySignature(0, key.fifths, int(key.mode == "minor")))
    return score


def _key(item: dict[str, Any]) -> Key | None:
    """Returns the key that the item names, if it names one."""
    if len(item.get("keys") or ()) == 1:
        _, fifths, minor = item["keys"][0]
        return Key((fifths * 7 + (9 if minor else 0)) % 12, "minor" if minor else "major")
    texts = [text if isinstance(text, str) else text[1] for text in item.get("keys_text") or ()]
    tonic, colon, mode = texts[0].partition(":") if len(texts) == 1 else ("", "", "")
    # A name without its mode (rs200) is a tonic, not a key; modes (dorian) have no key signature of their own here.
    return parse_key(f"{tonic} {mode}") if colon and mode in ("maj", "min", "major", "minor") else None


def _track(name: str, program: int, notes: Sequence[Sequence[float]]) -> symusic.Track:
    track = symusic.Track(name, program, False)
    for onset, duration, pitch in notes:
        track.notes.append(symusic.Note(_near(onset, 1), max(1, _near(duration, 1)), int(pitch), 80))
    return track


def _near(beats: float, step: int) -> int:
    """Returns a time in ticks, at the nearest multiple of ``step``."""
    return round(beats * TICKS_PER_QUARTER / step) * step
