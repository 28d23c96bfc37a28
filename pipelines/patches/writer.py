"""Writes notes on the beat grid with the audio network: window after window, each revealed in a few rounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from models.bigru import BiGRU, Conditions
from music.theory import ALL_KEYS
from music.tokens.patches import CELLS, DRUM_KEYS, FAMILIES, GROUPS, KEYS, LOWEST, PATCHES_PER_QUARTER, Cell
from pipelines.patches import canvas
from pipelines.patches.canvas import FUTURE, PAST
from pipelines.patches.wishes import NO_CLIP, Wishes, prior_of_key, without_level

KEPT = 16
"""Patches of a window that are kept; the rest is written again by the next one, which knows what came before it."""

ROUNDS = 8
"""A window is revealed in so many rounds. More were not better by ear; fewer let notes clash."""

OUTSIDE = 8.0
"""By how much logits of keys outside a scale are lowered that was asked for."""

BASS, WIND = FAMILIES.index("bass"), FAMILIES.index("wind")

STEADY = 0.6
"""Factor on the temperature for lengths, loudness and players of notes. By ear, not measured."""

FEW = 1.0
"""Nats in favor of those who play already, for each register that still has no player. By ear, not measured."""

DRUM_RATE = 0.35
"""Hits a sixteenth from which on drums play unasked: three in half a bar. By eye, not measured."""

STEADINESS = (0.9, 1.1)
"""How many notes a group of cells has, beside its average so far in the piece. By eye, not measured."""

SURE = 0.999
_BISECTIONS = 16


@dataclass(frozen=True)
class Request:
    """What to write.

    Attributes:
        clip: MFCC and chroma of the sound to follow, ``[174, 32]``; None for words only.
        text: vector of the words ``[128]``.
        wishes: what else is asked for.
        prior: of pitch classes ``[12]``.
        key: whose scale is kept, an index of ALL_KEYS; None for any pitch.
        ending_key: whose tonic ends the piece.
        patches: how many to write.
        bar_patches: length of a bar.
        bar_phase: place in its bar of the first patch of ``past``, or of the first that is written where nothing was before.
        past: notes before, int64 ``[notes, 5]`` with columns Cell, none at or after ``past_patches``.
        past_patches: how long that is.
        follow: 0 pays no heed to the clip, 0.5 as much as in training, 1 twice as much.
        temperature: of all that is drawn.
        density: factor on how many notes there are.
        families: that may play; empty for any.
        drums: whether drums may play; None leaves that to the network.
        seed: of the random numbers.
        allowed: which cells may hold notes, bool ``[patches, 93]``; None for all.
        least: how many notes are expected at least in a patch that may hold some, on average.
        groups: of cells that are written.
        around: notes of the other groups, known before, beside and after what is written, int64 ``[notes, 5]``.
    """

    clip: np.ndarray | None
    text: np.ndarray
    wishes: Wishes
    prior: np.ndarray
    key: int | None
    ending_key: int | None
    patches: int
    bar_patches: int
    bar_phase: int
    past: np.ndarray
    past_patches: int
    follow: float
    temperature: float
    density: float
    families: tuple[int, ...]
    drums: bool | None
    seed: int
    allowed: np.ndarray | None = None
    least: float = 0.0
    groups: tuple[int, ...] = tuple(range(GROUPS))
    around: np.ndarray = field(default_factory=lambda: np.zeros((0, len(Cell)), np.int64))


class PatchWriter:
    """Writes one piece. Each step of the iteration has written some more patches; ``notes`` is what there is.

    Args:
        model: the audio network.
        request: what to write.
    """

    def __init__(self, model: BiGRU, request: Request) -> None:
        self._model, self._request = model, request
        self._rng = np.random.default_rng(request.seed)
        self._told = self._conditions()
        self._players: dict[int, int] = {}  # family of each group
        self._drums: bool | None = None  # whether they play, once that is decided
        self._usual: dict[int, tuple[float, int]] = {}  # notes that were wanted in each group, of so many patches
        total = request.past_patches + request.patches
        self._cells = canvas.canvas(np.concatenate([request.past, request.around]), total + FUTURE)
        self._written = np.isin(canvas.GROUP_OF_CELL, request.groups)
        self._known = np.ones((total + FUTURE, GROUPS), np.float32)
        self._known[request.past_patches :, list(request.groups)] = 0
        self._total = total
        self._allowed = self._allowed_cells()
        if request.allowed is not None:  # where nothing may begin nothing does, which is known
            for group in range(GROUPS):
                self._known[~self._allowed[:, canvas.GROUP_OF_CELL == group].any(1), group] = 1
        self.notes = request.past
        self.written = 0

    def __iter__(self) -> Iterator[int]:
        """Yields how many patches are written, until all are."""
        r = self._request
        while self.written < r.patches:
            start = r.past_patches + self.written
            kept = min(KEPT, self._total - start)
            states = self._fill(start)
            fresh = np.argwhere((self._cells[start : start + kept] > 0) & self._written)
            fresh[:, 0] += start
            if len(fresh):
                fields = self._fields(states, fresh, start)
                self.notes = np.concatenate([self.notes, np.column_stack([fresh, fields])])
            self._known[start : start + kept] = 1
            self._cells[start + kept :, self._written] = 0
            self.written += kept
            yield self.written

    def _conditions(self) -> Conditions:
        """Returns what is asked for: a batch of one, or of two where the second does not hear the clip."""
        r = self._request
        heard = r.clip is not None and r.follow > 0
        clip = NO_CLIP if r.clip is None else without_level(r.clip)
        deaf = replace(r.wishes, has_clip=False, follows=False)
        rows = [(clip, float(heard), r.text, r.wishes if heard else deaf, r.prior if heard else self._key_prior())]
        if heard and r.follow != 0.5:
            rows.append((clip, 0.0, r.text, deaf, np.zeros(12, np.float32)))
        with torch.inference_mode():
            return self._model.conditions(
                torch.from_numpy(np.stack([row[0] for row in rows])),
                torch.tensor([row[1] for row in rows]),
                torch.from_numpy(np.stack([row[2] for row in rows])),
                torch.from_numpy(np.stack([row[3].vector() for row in rows])),
                torch.from_numpy(np.stack([row[4] for row in rows]).astype(np.float32)),
            )

    def _key_prior(self) -> np.ndarray:
        key = self._request.ending_key if self._request.key is None else self._request.key
        return np.zeros(12, np.float32) if key is None else prior_of_key(key)

    def _allowed_cells(self) -> np.ndarray:
        """Returns which cells may hold notes at all, bool ``[patches, 93]``."""
        r = self._request
        allowed = np.ones((len(self._cells), CELLS), bool)
        if r.allowed is not None:
            allowed[r.past_patches : self._total] = r.allowed
        if r.drums is False:
            allowed[:, KEYS:] = False
        return allowed

    @property
    def _ending(self) -> list[int]:
        """The cells of the last chord: the tonic in the bass, its triad above; thin where the music is. Drums end on a crash."""
        r = self._request
        if r.ending_key is None:
            return []
        if r.groups == (GROUPS - 1,):
            return [KEYS + DRUM_KEYS.index(key) for key in (36, 49)]
        tonic, third = r.ending_key % 12, 4 if r.ending_key < 12 else 3
        pitches = [33 + (tonic - 9) % 12, *(52 + (tonic + step - 4) % 12 for step in (third, 7)), 64 + (tonic - 4) % 12]
        if set(r.families) == {BASS}:
            pitches = pitches[:1]
        elif r.density < 1:
            pitches = [pitches[0], *pitches[1:2], pitches[3]]
        return [pitch - LOWEST for pitch in pitches]

    @property
    def last_chord(self) -> int:
        """The patch of the last chord: the last bar line that leaves it a beat or more; in less than a bar the last beat."""
        r = self._request
        latest = self._total - PATCHES_PER_QUARTER
        places = (latest - (latest + r.bar_phase) % length for length in (r.bar_patches, PATCHES_PER_QUARTER))
        return next((place for place in places if place > r.past_patches), r.past_patches)

    @torch.inference_mode()
    def _fill(self, start: int) -> Tensor:
        """Reveals the patches from ``start`` on and returns the states of a reading that knows them all."""
        r, rng = self._request, self._rng
        known = self._known.copy()
        future = slice(start, start + FUTURE)
        # Past the end nothing sounds, which is known; so is what follows the last chord.
        known[self._total :] = 1
        if r.ending_key is not None:
            last = self.last_chord
            known[last:] = 1
            if last < start + FUTURE:
                self._cells[last, self._ending] = 1
        hidden = known[future] == 0
        strong = (np.arange(start, start + FUTURE) + r.bar_phase) % 4 == 0
        order = rng.random((FUTURE, GROUPS)) - 0.25 * strong[:, None] - np.array([0.2, 0, 0, 0, 0.2])
        order[~hidden] = -np.inf
        ranks = np.argsort(np.argsort(order, axis=None)).reshape(order.shape) - (~hidden).sum()
        count = int(hidden.sum())
        for number in range(ROUNDS):
            upto = round(count * ((number + 1) / ROUNDS) ** 1.5)
            now = hidden & (ranks < upto) & (known[future] == 0)
            if now.any():
                logits, _ = self._read(known, start)
                self._draw(np.where(self._allowed[future], logits, -30.0), now, start)
                known[future] = np.where(now, 1, known[future])
        _, states = self._read(known, start)
        return states

    def _read(self, known: np.ndarray, start: int) -> tuple[np.ndarray, Tensor]:
        """Returns the logits of the future's cells ``[32, 93]`` and the states of all patches of the window."""
        r = self._request
        first = start - PAST
        held = np.zeros((PAST + FUTURE, KEYS), np.float32)
        notes = np.concatenate([self.notes, r.around])
        sounding = canvas.held(notes[notes[:, Cell.PATCH] < start], start + FUTURE)[max(0, first) :]
        held[-len(sounding) :] = sounding
        seen = canvas.shown(self._cells, known)
        read = canvas.window(seen, first, PAST + FUTURE, r.bar_patches, r.bar_phase)
        told, count = self._told, len(self._told.notes)
        inputs = [torch.from_numpy(each)[None].expand(count, *each.shape) for each in (read[0], held, read[1], read[2])]
        logits, states = self._model(*inputs, told)
        mixed = logits[0, PAST:].numpy()
        if count > 1:
            deaf = logits[1, PAST:].numpy()
            mixed = deaf + 2 * r.follow * (mixed - deaf)
        if r.key is not None:
            outside = ~np.isin((np.arange(KEYS) + LOWEST) % 12, list(ALL_KEYS[r.key].scale))
            mixed = mixed - OUTSIDE * max(1.0, r.temperature) * np.concatenate([outside, np.zeros(CELLS - KEYS, bool)])
        return mixed, states[0]

    def _draw(self, logits: np.ndarray, now: np.ndarray, start: int) -> None:
        """Draws the cells of the groups that are revealed now.

        A temperature below 1 would empty the music, as most cells are unlikely: an offset for each group gives back how many
        notes are expected in it, times the density asked for.
        """
        r = self._request
        for group in range(GROUPS):
            patches = np.flatnonzero(now[:, group])
            if not len(patches):
                continue
            cells = np.flatnonzero(canvas.GROUP_OF_CELL == group)
            part = logits[np.ix_(patches, cells)].astype(np.float64)
            wanted = (1 / (1 + np.exp(-part))).sum() * (r.density if group < GROUPS - 1 else r.density**0.5)
            if r.least:
                free = self._allowed[start + patches] & self._written
                wanted = max(wanted, r.least * (free[:, cells].sum(1) / np.maximum(free.sum(1), 1)).sum())
            if group == GROUPS - 1 and r.drums is None and not self._play(logits[:, KEYS:]):
                wanted = 0.0
            wanted = self._steady(group, wanted, len(patches))
            sharp = part / max(r.temperature, 0.05)
            chance = 1 / (1 + np.exp(-np.clip(sharp + _offset(sharp, wanted), -40, 40)))
            drawn = self._rng.random(chance.shape) < chance
            if group == 0:  # one bass at a time
                drawn &= chance == np.where(drawn, chance, 0).max(1, keepdims=True)
            self._cells[np.ix_(start + patches, cells)] = drawn

    def _play(self, logits: np.ndarray) -> bool:
        """Returns whether drums play in a piece in which nobody asked for them, or against: a stray hit is no rhythm.

        Args:
            logits: of drums in the window that is being written ``[32, 5]``; the first ones decide.
        """
        if self._drums is None:
            self._drums = bool((1 / (1 + np.exp(-logits))).sum() >= DRUM_RATE * len(logits))
        return self._drums

    def _steady(self, group: int, wanted: float, patches: int) -> float:
        """Returns how many notes are drawn in so many patches of a group: about as many as usual in this piece.

        Without this, the more notes there are, the more the network expects: the music fills up, or dies away.
        """
        notes, seen = self._usual.get(group, (0.0, 0))
        if seen >= FUTURE:
            low, high = (limit * patches * notes / seen for limit in STEADINESS)
            wanted = float(np.clip(wanted, low, high))
        self._usual[group] = (notes + wanted, seen + patches)
        return wanted

    @torch.inference_mode()
    def _fields(self, states: Tensor, fresh: np.ndarray, start: int) -> np.ndarray:
        """Returns duration, velocity and family of notes that begin in patches and cells, int64 ``[notes, 3]``."""
        at = torch.from_numpy(fresh[:, 0] - start + PAST)
        outputs = [
            out.numpy().astype(np.float64) for out in self._model.notes(states[at], torch.from_numpy(fresh[:, 1]))
        ]
        drawn = [self._pick(logits) for logits in outputs[:2]]
        groups = canvas.GROUP_OF_CELL[fresh[:, 1]]
        for group in np.unique(groups).tolist():
            if group not in self._players:
                self._players[group] = self._player(group, outputs[2][groups == group])
        families = np.array([self._players[group] for group in groups.tolist()])
        return np.column_stack([*drawn, families])

    def _pick(self, logits: np.ndarray) -> np.ndarray:
        """Returns an id for each row of logits, drawn with less chance than the notes: rhythm and loudness hold together."""
        sharp = logits / max(STEADY * self._request.temperature, 0.05)
        noise = -np.log(-np.log(self._rng.random(sharp.shape)))
        return (sharp + noise).argmax(1)

    def _player(self, group: int, logits: np.ndarray) -> int:
        """Returns the family that plays a group of cells in this piece, after its first notes' logits ``[notes, families]``.

        Of several that were asked for a bass plays the lowest group alone, wind does not play there unless it must, and
        each of the others plays somewhere.
        """
        r = self._request
        likely = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        mean = likely.mean(0)
        playing = list(self._players.values())
        if not r.families:
            if playing:  # few players are a band, many are a crowd
                mean[playing] += FEW
            return int(self._pick(mean[None])[0])
        open_to = set(r.families)
        if len(open_to) > 1 and BASS in open_to:
            open_to = {BASS} if group == 0 else open_to - {BASS}
        missing = open_to - set(playing)
        open_to = missing or open_to
        if group == 0 and len(open_to) > 1:
            open_to -= {WIND}
        mean = np.where(np.isin(np.arange(len(mean)), list(open_to)), mean, -np.inf)
        return int(self._pick(mean[None])[0])


def _offset(logits: np.ndarray, wanted: float) -> float:
    """Returns what must be added to logits so that their chances add up to ``wanted``, by bisection."""
    low, high = -20.0, 20.0
    wanted = min(wanted, SURE * logits.size)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        total = (1 / (1 + np.exp(-np.clip(logits + middle, -40, 40)))).sum()
        low, high = (low, middle) if total > wanted else (middle, high)
    return (low + high) / 2
