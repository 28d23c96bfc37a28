"""Texture: a pad under the finished song, written by the audio network, which hears the song's own sound.

The network fills in what lies between the bass and the melody: these and the drums are its known surroundings, the sound of
the section is its clip, the prompt's words are its words. Where it may strike, and which tones, is settled by the chords
(``music.arranging.pads``). It comes after the mix and adds one track, so the song without it is the song as it was,
note for note, and another try at it leaves all else alone. A section that returns with the same chords has the same texture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import symusic

from checkpoints.loading import load
from models.bigru import BiGRU
from music.arranging.course import EXPRESSION
from music.arranging.dynamics import set_mix_levels
from music.arranging.pads import PadNote, Strike, Tones, end_with_song, fitting_tones, hold
from music.arranging.parts import BASS, NoteColumn, Part, read_arrangement, read_parts, within
from music.arranging.transitions import last_chord
from music.audio import features
from music.audio.render import raw_mix
from music.bars import bar_grid, tempo_map, ticks_to_seconds
from music.chords import beat_ticks
from music.edit import add_track, graft, slice_bars
from music.errors import StudioError
from music.form import Section, bars_of
from music.instruments import parse_instrument
from music.piece import Piece
from music.tokens.conditions import key_index
from music.tokens.patches import CELLS, DURATIONS, LOWEST, VELOCITIES, Cell, family_of, nearest, to_patches
from pipelines.contract import Step, paced
from pipelines.patches.bars import PatchBars
from pipelines.patches.canvas import GROUP_OF_CELL
from pipelines.patches.wishes import Wishes, level, prior_of_chroma, prior_of_key
from pipelines.patches.writer import PatchWriter, Request
from pipelines.recipes import recipe_of
from pipelines.song.optional_stages import TextureOptions
from pipelines.wording.reading import read_words

VERSION = "1"
TRACK = "Texture"
"""Name of the track."""

GROUPS = (1, 2)
"""The groups of cells that are written: A2 to G#4. What the song has below and above is shown to the network."""

LOWEST_PITCH, HIGHEST_PITCH = 48, 67
# All but the last by eye on piano rolls, not measured.
_SPAN = 16  # semitones from the lowest to the highest tone that may be struck: a chord and some choice
_APART = 3  # semitones from the melody and from the bass
_ROOM = 8  # semitones: less does not hold a chord
_VOICES = 2.6  # notes expected at least where the texture may strike; the network says which
_SOFTEST, _LOUDEST = 36, 84  # velocities of a pad
_SEED_STEP = 1_000_003  # a large prime: seeds of songs that follow each other stay apart


def write_texture(piece: Piece, options: TextureOptions) -> Iterator[Step]:
    """Yields Steps whose piece is the song with one more track; all others stay as they are.

    Raises:
        StudioError: the song has no notes with a pitch yet, or the checkpoint cannot be used.
    """
    if not any(len(track.notes) for track in piece.score.tracks if not track.is_drum):
        raise StudioError("There is no song yet that a texture could lie under. Compose one first.")
    checkpoint = load(options.checkpoint, task="audio")
    writer = _Writer(piece, options)
    total = float(len(writer.song.bars))
    for share in paced(writer.write(checkpoint.model)):
        if share < 1:
            yield Step((piece.replace(score=writer.score()),), share * total, total, "bars")
    recipe = recipe_of("texture", VERSION, options, piece, checkpoint.entry)
    remarks = () if writer.notes else ("The network found no place for a texture. Try another seed, or a denser one.",)
    yield Step((piece.with_step(writer.score(), recipe),), total, total, "bars", remarks)


class _Writer:
    """The texture as it is written.

    Attributes:
        song: as an arranger sees it.
        notes: of the texture so far.
        written: the tick up to which it is written.
    """

    def __init__(self, piece: Piece, options: TextureOptions) -> None:
        self._piece, self._options = piece, options
        self._program = parse_instrument(options.instrument)
        self.song = read_arrangement(piece.score)
        self._parts = read_parts(piece.score)
        self._tones = fitting_tones(piece.score)
        self._bars = bar_grid(piece.score)
        self._grid = PatchBars.of(self._bars, piece.score.ticks_per_quarter)
        self._places = self._find_places()
        self._sections = self.song.sections or (Section("", 0, self.song.end),)
        if self._sections[0].start > 0:
            self._sections = (Section("", 0, self._sections[0].start), *self._sections)
        self._around = self._surroundings()
        self._words = read_words(options.text)
        self.notes: list[PadNote] = []
        self.written = 0

    def write(self, model: BiGRU) -> Iterator[float]:
        """Writes section after section; yields the share that is done."""
        known: dict[tuple, tuple[int, list[PadNote]]] = {}  # by what decides a section: where it began, and its notes
        for number, section in enumerate(self._sections):
            allowed = self._allowed(section)
            same = section.theme, allowed.tobytes(), tuple(_inside(self._tones, section))
            if same in known:
                shift, notes = section.start - known[same][0], known[same][1]
                self.notes = [*self.notes, *(note._replace(time=note.time + shift) for note in notes)]
            elif allowed.any():
                before = self.notes
                for strikes, tick in self._write(model, number, section, allowed):
                    self.notes, self.written = [*before, *hold(strikes, self._tones, tick)], tick
                    yield self.written / self.song.end * 0.999
                known[same] = section.start, self.notes[len(before) :]
            self.written = min(section.end, self.song.end)
        self.written = self.song.end
        yield 1.0

    def score(self) -> symusic.Score:
        """Returns the song with the texture as far as it is written."""
        score, end = self._piece.score, self.song.end
        whole = self.written == end
        notes = end_with_song(self.notes, self._tones, self._places[-1], end) if whole else self.notes
        track = len(score.tracks)
        loud = self._loudness([time for time, *_ in notes])
        played = [
            (track, time, length, pitch, int(np.clip(velocity * factor, _SOFTEST, _LOUDEST)))
            for (time, length, pitch, velocity), factor in zip(notes, loud)
        ]
        out = graft(add_track(score, self._program, False, TRACK), played)
        leveled = set_mix_levels(read_arrangement(out), out, read_parts(out))
        fade = [
            control for control in out.tracks[0].controls if control.number == EXPRESSION
        ]  # of a song that fades out
        out.tracks[track].controls = [*leveled.tracks[track].controls, *fade]
        return out

    def _write(
        self, model: BiGRU, number: int, section: Section, allowed: np.ndarray
    ) -> Iterator[tuple[list[Strike], int]]:
        """Yields what is struck in a section so far, and the tick up to which it is written."""
        first = int(self._grid.patches(section.start))
        writer = PatchWriter(model, self._request(number, section, allowed))
        for done in writer:
            fresh = writer.notes[writer.notes[:, Cell.PATCH] >= first]
            starts = self._grid.ticks(fresh[:, Cell.PATCH])
            ends = self._grid.ticks(fresh[:, Cell.PATCH] + np.array(DURATIONS)[fresh[:, Cell.DURATION]])
            ends = np.minimum(ends, section.end)
            loud = np.array(VELOCITIES)[fresh[:, Cell.VELOCITY]]
            table = np.column_stack([starts, ends, fresh[:, Cell.CELL] + LOWEST, loud]).tolist()
            yield [Strike(*row) for row in table], min(int(self._grid.ticks(first + done)), self.song.end)

    def _request(self, number: int, section: Section, allowed: np.ndarray) -> Request:
        """Returns what the network is asked for a section; all of the song is known but what the texture may have."""
        options, song, words = self._options, self.song, self._words
        clip = self._sound(section)
        key = key_index(song.key)
        programs = [program for track, program in enumerate(song.programs) if program >= 0 and len(self._parts[track])]
        starts, _, qpm = tempo_map(self._piece.score)
        wishes = Wishes(
            bpm=float(qpm[np.searchsorted(starts, section.start, side="right") - 1]),
            loudness=level("loudness", words.value("loudness")),
            brightness=level("brightness", words.value("brightness")),
            density=level("density", options.density),
            mode=level("mode", song.key.plain.mode),
            families=tuple(sorted({family_of(program) for program in (*programs, self._program)})),
            drums=any(program < 0 for program in song.programs),
            has_clip=clip is not None,
        )
        first = int(self._grid.patches(section.start))
        return Request(
            clip=None if clip is None else clip.frames,
            text=words.vector,
            wishes=wishes,
            prior=prior_of_key(key) if clip is None else prior_of_chroma(clip.chroma),
            key=None,
            ending_key=None,
            patches=len(allowed),
            bar_patches=self._grid.bar_patches,
            bar_phase=0,
            past=self._past(),
            past_patches=first,
            follow=options.follow,
            temperature=options.temperature,
            density=1.0,
            families=(family_of(self._program),),
            drums=False,
            seed=(options.seed + _SEED_STEP * number) % 2**63,
            allowed=allowed,
            least=_VOICES,
            groups=GROUPS,
            around=self._around,
        )

    def _sound(self, section: Section) -> features.Clip | None:
        """Returns how the first seconds of a section sound; None where nothing does."""
        inside = bars_of(section, self._bars)
        begins = ticks_to_seconds(self._piece.score, np.array([self._bars[bar].start for bar in inside]))
        seconds = features.CLIP_FRAMES * features.HOP / features.RATE_HZ
        count = int((begins - begins[:1] < seconds).sum())
        if not count:
            return None
        part = Piece(slice_bars(self._piece.score, inside[0], inside[0] + count))
        if not part.note_count:
            return None
        return features.clip_of(raw_mix(part, rate=features.RATE_HZ).samples.mean(axis=1))

    def _surroundings(self) -> np.ndarray:
        """Returns the song's notes below and above the texture, and the drums, on the grid: int64 ``[notes, 5]``."""
        notes = to_patches(self._piece.score)
        notes[:, Cell.PATCH] = self._grid.patches(np.round(notes[:, Cell.PATCH] * self._grid.unit))
        return notes[~np.isin(GROUP_OF_CELL[notes[:, Cell.CELL]], GROUPS)]

    def _past(self) -> np.ndarray:
        """Returns the texture so far on the grid, int64 ``[notes, 5]``."""
        time, length, pitch, velocity = np.array(self.notes, np.int64).reshape(-1, 4).T
        family = np.full(len(time), family_of(self._program))
        lengths, loud = nearest(DURATIONS, length / self._grid.unit), nearest(VELOCITIES, velocity)
        return np.column_stack([self._grid.patches(time), pitch - LOWEST, lengths, loud, family])

    def _find_places(self) -> list[int]:
        """Returns the ticks at which the texture may strike: where the harmony changes, and at strong beats."""
        song = self.song
        last = last_chord(song, self._parts)
        if last is None:
            last = max([tones.start for tones in self._tones if tones.start < song.end and tones.classes], default=0)
        step = {"sparse": None, "medium": 2, "dense": 1}[self._options.density]
        beats = [tick for bar in song.bars for tick in beat_ticks(bar, song.quarter)[:: step or len(song.bars) + 99]]
        changes = [tones.start for tones in self._tones]
        return sorted({last, *(tick for tick in (*beats, *changes) if tick < last)})

    def _allowed(self, section: Section) -> np.ndarray:
        """Returns which cells may hold notes of a section, bool ``[patches, 93]``."""
        first, end = self._grid.patches(np.array([section.start, min(section.end, self.song.end)])).tolist()
        allowed = np.zeros((max(0, end - first), CELLS), bool)
        for place, after in zip(self._places, [*self._places[1:], self.song.end]):
            patch = int(self._grid.patches(place)) - first
            if not 0 <= patch < len(allowed):
                continue
            classes = next((tones.classes for tones in self._tones if tones.start <= place < tones.end), frozenset())
            low, high = self._register(place, after)
            for pitch in range(low, high + 1):
                allowed[patch, pitch - LOWEST] |= pitch % 12 in classes
        return allowed

    def _register(self, start: int, end: int) -> tuple[int, int]:
        """Returns the lowest and the highest pitch between bass and melody, as they are from one tick to another."""
        song, low, high = self.song, LOWEST_PITCH, HIGHEST_PITCH
        bass = [pitch for track in song.tracks(BASS) for pitch in _sounding(self._parts[track], start, end)]
        tune = [] if song.melody is None else _sounding(self._parts[song.melody], start, end)
        if bass and max(bass) + _APART <= high - _ROOM:
            low = max(low, max(bass) + _APART)
        if tune and min(tune) - _APART >= low + _ROOM:
            high = min(high, min(tune) - _APART)
        elif tune and max(tune) + _APART <= high - _ROOM:  # a low melody: the texture lies above it
            low = max(low, max(tune) + _APART)
        return max(low, high - _SPAN), high

    def _loudness(self, times: list[int]) -> list[float]:
        """Returns for each tick how loud the others are in its section, beside the whole song."""
        others = [part for track, part in enumerate(self._parts) if track != self.song.melody and len(part)]
        if not others:
            return [1.0] * len(times)
        played = np.concatenate(others)
        whole = played[:, NoteColumn.VELOCITY].mean()
        levels = []
        for section in self._sections:
            here = within(played, section.start, section.end)
            levels.append(played[here, NoteColumn.VELOCITY].mean() / whole if here.any() else 1.0)
        starts = [section.start for section in self._sections]
        return [float(levels[np.searchsorted(starts, time, side="right") - 1]) for time in times]


def _inside(tones: Sequence[Tones], section: Section) -> Iterator[Tones]:
    """Yields which tones fit in a section, with ticks from its beginning on."""
    for span in tones:
        start, end = max(span.start, section.start), min(span.end, section.end)
        if start < end:
            yield Tones(start - section.start, end - section.start, span.classes)


def _sounding(part: Part, start: int, end: int) -> list[int]:
    """Returns the pitches of a part that sound between two ticks."""
    stops = part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]
    return part[(part[:, NoteColumn.TIME] < end) & (stops > start), NoteColumn.PITCH].tolist()
