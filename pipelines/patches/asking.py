"""What options, words and a sound ask for together, as the audio network is told it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import symusic

from music.audio.features import from_text
from music.bars import bar_grid, bar_ticks, parse_signature, tempo_map
from music.instruments import DRUMS, instrument_name, parse_instrument
from music.piece import Piece
from music.theory import ALL_KEYS, Key, estimate_key, key_from_histogram, parse_key
from music.tokens.patches import FAMILIES, FAMILY_PROGRAMS, GROUPS, PATCHES_PER_QUARTER, Cell, family_of, to_patches
from pipelines.options.audio import TEMPI_BPM, AudioOptions
from pipelines.patches.canvas import BAR_PATCHES
from pipelines.patches.wishes import LEVELS, Wishes, level, prior_of_chroma, prior_of_key
from pipelines.patches.writer import Request
from pipelines.wording.reading import Words, read_words

TITLE_LETTERS = 60

DENSITY_FACTORS = {"sparse": 0.6, "medium": 1.0, "dense": 1.5}
"""How many notes there are, beside those that the network expects where it is told the same word."""


@dataclass(frozen=True)
class Asked:
    """What is asked for, all of it settled.

    Attributes:
        words: what the text and the lyrics say.
        base: what was there before.
        start_tick: where the new music begins.
        tempo_bpm, signature: of the new music.
        key: that the new music keeps to, None for any pitch; and the one in which it ends.
        home: the key in which it ends.
        levels: loudness, brightness, density and mode by name; None where nobody says.
        programs: of the players that are asked for, by family.
        drums: whether drums play; None leaves that to the network.
        alone: whether nobody but the drums plays.
        patches: how much is written, the last one perhaps in part.
        ticks: how long that is.
        title: of the new music.
    """

    words: Words
    base: symusic.Score
    start_tick: int
    tempo_bpm: float
    signature: tuple[int, int]
    key: Key | None
    home: Key
    levels: dict[str, str | None]
    programs: dict[int, int]
    drums: bool | None
    alone: bool
    patches: int
    ticks: int
    title: str

    def request(self, options: AudioOptions, variant: int) -> Request:
        """Returns what the network is asked to write."""
        clip = from_text(options.sound) if options.sound else None
        unit = self.base.ticks_per_quarter // PATCHES_PER_QUARTER
        bar = round(bar_ticks(*self.signature, self.base.ticks_per_quarter) / unit)
        past = to_patches(self.base) if self.start_tick else np.zeros((0, 5), np.int64)
        past_patches = round(self.start_tick / unit)
        past = past[past[:, Cell.PATCH] < past_patches]
        has_clip = clip is not None and options.follow > 0
        told = {name: level(name, value) for name, value in self.levels.items()}
        if told["density"] is None and not has_clip:
            told["density"] = LEVELS["density"].index("dense" if self.drums else "medium")  # a band has many notes
        wishes = Wishes(
            bpm=self.tempo_bpm,
            **told,
            families=tuple(sorted(self.programs)),
            drums=self.drums,
            has_clip=has_clip,
            follows=has_clip and self.start_tick > 0,
        )
        heard = prior_of_chroma(clip.chroma) if clip is not None and has_clip else None
        return Request(
            clip=None if clip is None else clip.frames,
            text=self.words.vector,
            wishes=wishes,
            prior=prior_of_key(ALL_KEYS.index(self.key or self.home)) if heard is None else heard,
            key=None if self.key is None else ALL_KEYS.index(self.key),
            ending_key=ALL_KEYS.index(self.home),
            patches=self.patches,
            bar_patches=bar,
            bar_phase=-past_patches % bar,  # it begins at a bar line
            past=past,
            past_patches=past_patches,
            follow=options.follow,
            temperature=options.temperature,
            density=DENSITY_FACTORS[self.levels["density"] or "medium"],
            families=tuple(sorted(self.programs)),
            drums=self.drums,
            groups=(GROUPS - 1,) if self.alone else tuple(range(GROUPS)),
            seed=options.seed + variant,
        )


def settle_asked(piece: Piece, options: AudioOptions) -> Asked:
    """Returns what is asked for: by the options, else by the words, else by the sound or what was there before."""
    words = heeded(read_words(options.text, options.lyrics, options.encoder), options.ignore)
    base, start = (
        (piece.score.copy(), bar_grid(piece.score)[-1].end) if piece.note_count else (Piece.empty().score.copy(), 0)
    )
    levels = {name: getattr(options, name) or words.value(name) for name in LEVELS}
    asked_key = options.key or words.key
    key = parse_key(asked_key).plain if asked_key else None
    if key and levels["mode"]:  # a key and another mode cannot both be kept
        levels["mode"] = key.mode
    home = key or _home(piece, options, levels["mode"])
    if key is None and levels["mode"]:
        key = home
    signature = parse_signature(options.time_signature or words.time_signature or "4/4")
    if start:
        signature = _known_signature(bar_grid(base)[-1][2:])
    pace = options.pace or words.value("tempo")
    said_bpm = options.tempo_bpm or (None if options.pace else words.tempo_bpm)
    tempo = said_bpm or _tempo(pace, options, base if start else None)
    names = options.instruments or words.instruments or _family(words.value("family"))
    numbers = [parse_instrument(name) for name in names]
    programs = {family_of(number): number for number in reversed(numbers) if number != DRUMS}
    said = words.value("drums")
    drums = options.drums if options.drums is not None else None if said is None else said == "drums"
    if drums is None and DRUMS in numbers:
        drums = True
    if drums is None and programs:
        drums = False
    alone = bool(options.instruments) and not programs and drums is True
    ticks = round(options.seconds * tempo / 60 * base.ticks_per_quarter)
    patches = math.ceil(ticks * PATCHES_PER_QUARTER / base.ticks_per_quarter)
    return Asked(
        words, base, start, tempo, signature, key, home, levels, programs, drums, alone, patches, ticks, _title(options)
    )


def heeded(words: Words, ignore: Collection[str]) -> Words:
    """Returns what words say but for these, which are names of ``audio_options.WORDS_DECIDE``."""
    gone = {*ignore, "family"} if "instruments" in ignore else set(ignore)
    return replace(
        words,
        attributes={name: None if name in gone else said for name, said in words.attributes.items()},
        tempo_bpm=None if "tempo" in gone else words.tempo_bpm,
        key=None if "key" in gone else words.key,
        time_signature=None if "time_signature" in gone else words.time_signature,
        instruments=() if "instruments" in gone else words.instruments,
    )


def _home(piece: Piece, options: AudioOptions, mode: str | None) -> Key:
    """Returns the key in which the music is at home: of the sound, of what was there before, else by chance."""
    if piece.note_count:
        found = estimate_key(piece.score)[0]
    elif options.sound:
        found = key_from_histogram(np.maximum(from_text(options.sound).chroma.mean(0), 0))[0]
    else:
        said = zlib.crc32(f"{options.text}{options.lyrics}".encode())  # else one seed has one key, whatever is said
        found = ALL_KEYS[int(np.random.default_rng([options.seed, said]).integers(24))]
    if mode in (None, found.mode):
        return found
    return Key(found.tonic, "minor" if mode == "minor" else "major")


def _known_signature(signature: tuple[int, int]) -> tuple[int, int]:
    """Returns the signature in which music goes on: the same, else one of as long beats whose bars the network knows."""
    if bar_ticks(*signature, PATCHES_PER_QUARTER) in BAR_PATCHES:
        return signature
    return (6, 8) if signature[1] == 8 and signature[0] % 3 == 0 else (4, 4)


def _family(name: str | None) -> tuple[str, ...]:
    """Returns the instrument that stands for a family."""
    return () if name is None else (instrument_name(FAMILY_PROGRAMS[FAMILIES.index(name)]),)


def _tempo(word: str | None, options: AudioOptions, before: symusic.Score | None) -> float:
    """Returns a tempo that a word means, near to that of the sound or of what was there before, if it is among them."""
    known = float(tempo_map(before)[2][-1]) if before is not None else options.sound_tempo_bpm
    if word is None:
        return 104.0 if known is None else known
    low, usual, high = TEMPI_BPM[word]
    near = [] if known is None else [known * factor for factor in (1.0, 0.5, 2.0) if low <= known * factor <= high]
    return near[0] if near else usual


def _title(options: AudioOptions) -> str:
    """Returns what the music is called: after its words, else after the sound."""
    said = " ".join(options.text.split()) or options.lyrics.strip().partition("\n")[0].strip()
    name = said or (f"After {options.sound_name}" if options.sound_name else "")
    return name if len(name) <= TITLE_LETTERS else f"{name[: TITLE_LETTERS - 1].rstrip()}…"
