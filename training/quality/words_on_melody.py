"""Words on melodies, measured: beside how people set the same words to the same melody, and in songs of Compose.

Two measures, of any setting. *Stress agreement*: of the pairs of neighboring syllables of a line, one with weight and one light,
the share in which the one with weight stands on the stronger place of the bar. *Phrases that end together*: the share of lines
behind which the melody breathes, by a rest or a long note. On validation lead sheets they stand beside the printed setting
and beside the naive one, the next syllable on the next note; there it is also counted how many syllables fall on the note under
which they are printed. Songs of Compose get the words of these lead sheets, with themes that were written for them and without.
"""

from __future__ import annotations

import argparse
import dataclasses
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from music.arranging.phrases import MelodyNote, extract_melody
from music.bars import Bar, bar_grid
from music.chords import beat_ticks
from music.files.midi import write_midi
from music.form import sections
from music.piece import TICKS_PER_QUARTER, Piece
from music.words.accents import HEAVY, HEAVY_WORD, LIGHT, LIGHT_WORD, strength, weight
from music.words.events import read_words
from music.words.lattice import GAPS, KEPT, REST
from music.words.setting import Line, set_words
from music.words.verses import read_stanzas, stanzas_of_sections, syllables_of
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan
from pipelines.song.planning import plan_song
from training.data.sung_songs import SungSong, sung_songs

LONG_BEATS = GAPS[1]
"""A note that lasts so long before the next line is a breath."""
LINES = 4
"""Of a stanza of the songs that are composed."""

Compose = Callable[[Piece, Plan], Iterator[Any]]
Counts = Counter[str]


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures.

    Raises:
        StudioError: the lead sheets are not there.
    """
    from pipelines.compose import compose

    songs = sung_songs(args.data or Path(), "valid")
    return {
        "lead sheets": sheet_figures(songs),
        "songs": song_figures(songs, args.pieces, args.seed, compose, args.out),
        "seed": args.seed,
    }


def sheet_figures(songs: Sequence[SungSong]) -> dict[str, Any]:
    """Returns how lead sheets are set in print, by ``music.words.setting`` and naively."""
    counts = {name: Counter[str]() for name in ("printed", "set", "naive")}
    for song in songs:
        rule = set_words(song.notes, song.lines, song.bars, TICKS_PER_QUARTER, rhythm=KEPT)
        by_rule = [each.time for each in rule.sung if not each.is_held]
        naive = [note.start for note in song.notes[: len(song.places)]]
        for name, places in (("printed", song.places), ("set", by_rule), ("naive", naive)):
            counts[name] += counted(song.lines, places, song.notes, song.bars)
            same = sum(a == b for a, b in zip(places, song.places))
            counts[name] += Counter({"same note": same, "syllables": len(song.places)})
    return {"pieces": len(songs), **{name: _shares(count) for name, count in counts.items()}}


def song_figures(
    songs: Sequence[SungSong], pieces: int, seed: int, compose: Compose, out: Path | None = None
) -> dict[str, Any]:
    """Returns how songs of Compose are set to the words of lead sheets.

    Args:
        songs: whose words are sung, in turns.
        pieces: songs to compose, each with themes that were written for its words, and with themes that were not.
        seed: of the first.
        compose: what makes a song of a plan.
        out: where the songs go as MIDI files; None for nowhere.
    """
    counts = {name: Counter[str]() for name in ("themes for the words", "naive on them", "other themes")}
    for number in tqdm(range(pieces), unit="song", disable=None):
        plan = plan_song(Brief(lyrics=stanzas_of(songs[number % len(songs)]), seconds=60.0, seed=seed + number))
        short = dataclasses.replace(
            plan, stages=tuple(s for s in plan.stages if s.pipeline in ("theme", "sections", "words"))
        )
        *_, fitted = compose(Piece.empty(), short)
        *_, other = compose(Piece.empty(), short.with_options(0, lines=()))
        counts["themes for the words"] += _song_counts(fitted.stages)
        counts["naive on them"] += _song_counts(fitted.stages, is_naive=True)
        counts["other themes"] += _song_counts(other.stages)
        if out:
            out.mkdir(parents=True, exist_ok=True)
            write_midi(fitted.piece, out / f"{number:03}.mid")
    return {"pieces": pieces, **{name: _shares(count) for name, count in counts.items()}}


def stanzas_of(song: SungSong) -> str:
    """Returns the first lines of a lead sheet as lyrics with a verse, a chorus and a second verse."""
    lines = [" ".join("".join(part.text for part in word) for word in line) for line in song.lines]
    parts = [lines[start : start + LINES] for start in range(0, 3 * LINES, LINES)]
    names = ("Verse 1", "Chorus", "Verse 2")
    return "\n\n".join("\n".join([f"[{name}]", *part]) for name, part in zip(names, parts) if part)


def counted(lines: Sequence[Line], places: Sequence[int], notes: Sequence[MelodyNote], bars: Sequence[Bar]) -> Counts:
    """Returns what both measures count in a setting.

    Args:
        lines: of syllables.
        places: the tick at which each syllable is sung; those that are not sung are missing at the end.
        notes: of the melody.
        bars: that it stands in.
    """
    starts, onsets = [bar.start for bar in bars], [note.start for note in notes]
    rows: list[list[tuple[int, int]]] = []
    left = iter(places)
    for line in lines:
        kinds = [weight(syllable, len(word) == 1) for word in line for syllable in word]
        rows.append(list(zip(kinds, left)))
    found: Counts = Counter()
    for number, row in enumerate(rows):
        levels = [
            (kind, strength(bars[max(0, bisect_right(starts, at) - 1)], at, TICKS_PER_QUARTER)) for kind, at in row
        ]
        for one, other in zip(levels, levels[1:]):
            light, heavy = sorted((one, other), key=lambda each: each[0] in (HEAVY_WORD, HEAVY))
            if light[0] in (LIGHT_WORD, LIGHT) and heavy[0] in (HEAVY_WORD, HEAVY):
                found += Counter({"pairs": 1, "agree": int(heavy[1] > light[1])})
        if number + 1 < len(rows) and rows[number + 1]:
            after = bisect_right(onsets, rows[number + 1][0][1]) - 1
            found += Counter({"lines": 1, "together": int(after > 0 and _breathes(notes, after, bars, starts))})
    return found


def _breathes(notes: Sequence[MelodyNote], number: int, bars: Sequence[Bar], starts: Sequence[int]) -> bool:
    """Returns whether a melody breathes before a note."""
    before, here = notes[number - 1], notes[number]
    bar = bars[max(0, bisect_right(starts, before.start) - 1)]
    beats = beat_ticks(bar, TICKS_PER_QUARTER)
    beat = (beats[1] if len(beats) > 1 else bar.end) - bar.start
    return here.start - before.start >= LONG_BEATS * beat or here.start - before.end >= REST * beat


def _song_counts(stages: Sequence[Piece], is_naive: bool = False) -> Counts:
    """Returns what is counted in a composed song, of the melody before the words and after."""
    before, song = stages[-2].score, stages[-1]
    notes, bars = extract_melody(song.score.tracks[0]), bar_grid(song.score)
    earlier = extract_melody(before.tracks[0])
    sung = [each for each in read_words(song.score.tracks[0].lyrics) if each.verse == 1]
    marked = sections(song.score)
    stanzas, _ = stanzas_of_sections(read_stanzas("\n".join(song.lyrics)), [each.name for each in marked])
    found: Counts = Counter()
    for section, stanza in zip(marked, stanzas, strict=True):
        lines = syllables_of(stanza) if stanza else []
        own = [each.time for each in sung if section.start <= each.time < section.end and not each.is_held]
        melody = notes
        if is_naive:
            melody = earlier
            own = [note.start for note in earlier if section.start <= note.start < section.end]
        count = sum(len(word) for line in lines for word in line)
        found += counted(lines, own[:count], melody, bars)
        found += Counter({"wanted": count, "sung": min(count, len(own))})
    changed = len(set(notes) - set(earlier))
    held = 0 if is_naive else sum(each.is_held for each in sung)
    return found + Counter({"notes": len(notes), "bent": 0 if is_naive else changed, "held": held})


def _shares(count: Counts) -> dict[str, float]:
    pairs = {
        "stress agreement": ("agree", "pairs"), "phrases that end together": ("together", "lines"),
        "on the printed note": ("same note", "syllables"), "syllables sung": ("sung", "wanted"),
        "notes split or joined": ("bent", "notes"), "notes held": ("held", "notes"),
    }  # fmt: skip
    return {name: count[part] / count[whole] for name, (part, whole) in pairs.items() if count[whole]}


def as_text(found: dict[str, Any]) -> str:
    """Returns the figures as tables in Markdown."""
    parts = []
    for title in ("lead sheets", "songs"):
        table = {name: shares for name, shares in found[title].items() if name != "pieces"}
        names = list(dict.fromkeys(name for shares in table.values() for name in shares))
        rows = [f"| {found[title]['pieces']} {title} | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
        rows += [
            f"| {name} | {' | '.join(f'{shares[each]:.3f}' if each in shares else '-' for each in names)} |"
            for name, shares in table.items()
        ]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)
