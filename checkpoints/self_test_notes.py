"""The eight notes that a checkpoint of each architecture writes in its self-test: after a tune, under it, or instead of some of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import symusic
import torch
from torch import Tensor

from checkpoints.loading import Checkpoint
from models.basic_pitch import RATE_HZ, WINDOW
from models.hinted.decoding import HintedWriter
from models.hinted.musicbert import hidden_logits
from models.hints.chart import Chart, place_in_phrase
from models.lstm import LSTMDecoder
from models.note_writing import HeadWriter, NoteWriter, sample_fields, with_extra_fields
from models.seq2seq_decoding import Seq2SeqDecoder
from models.transformer_xl_decoding import Decoder
from music.tokens import octuple as tokens
from music.tokens.accompaniment import beat_rows
from music.tokens.chord_grid import chord_grid
from music.tokens.columns import BOS, FIRST, Octuple, StepField
from music.tokens.octuple import POSITIONS_PER_QUARTER
from music.tokens.piano import LOWEST_PITCH

NOTES = 8
BAR = 4 * POSITIONS_PER_QUARTER
MEMORY, REPEATS = 24, 10
"""How many notes a Transformer-XL remembers, and how often it reads the tune before it writes.

Together more notes than fit its buffers beside the memory, so that forgetting is tested too.
"""

LENGTH = 4 * REPEATS + 8
"""Bars of the whole, of which it is told how many are left."""

TUNE = (60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72, 71, 67, 64, 60)


class Choice:
    """Chooses ids for several seeds side by side.

    Args:
        seeds: of the noise; what one draws does not depend on the others.

    Attributes:
        margins: by how much the closest decision of each seed was decided [seeds].
        likelihoods: of all that each chose, in nats [seeds].
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        # RandomState and no Generator: its numbers are promised to stay the same in all versions of numpy.
        self._noise = [np.random.RandomState(seed) for seed in seeds]
        self.batch = len(seeds)
        self.margins, self.likelihoods = np.full(self.batch, np.inf), np.zeros(self.batch)

    def __call__(self, logits: np.ndarray | Tensor, first: int = 0, end: int | None = None) -> np.ndarray:
        """Returns one id per seed, int64 [seeds], of logits [seeds, ids]; none before ``first``, none from ``end`` on."""
        likely = torch.log_softmax(torch.as_tensor(logits)[:, first:end].double(), dim=1).numpy()
        scores = likely + np.stack([noise.gumbel(size=likely.shape[1]) for noise in self._noise])
        if scores.shape[1] > 1:
            second, best = np.sort(scores, axis=1)[:, -2:].T
            self.margins = np.minimum(self.margins, best - second)
        chosen = scores.argmax(axis=1)
        self.likelihoods += likely[np.arange(self.batch), chosen]
        return chosen + first


def _continue(
    choice: Choice, writer: NoteWriter, bar: int, read: Callable[[np.ndarray, np.ndarray], None]
) -> np.ndarray:
    """Returns notes [seeds, NOTES, 8], written one after another, field by field; none steps on by more than a bar.

    Args:
        choice: chooses.
        writer: has read what comes before, once for each seed.
        bar: in which the note before the first stands.
        read: lets the writer read notes [seeds, 1, 8] at onsets [seeds, 1].
    """
    ends: dict[int, int] = {StepField.STEP: FIRST + 2, StepField.POSITION: FIRST + BAR}
    made, bars, pieces = [], np.full(choice.batch, bar), range(choice.batch)
    for _ in range(NOTES):
        rows: list[list[int]] = [[] for _ in pieces]
        writer.begin(pieces)
        sample_fields(
            writer,
            range(len(StepField)),
            pieces,
            rows,
            lambda field, _, logits: choice(logits()[0], FIRST, ends.get(field)),
        )
        notes = np.array(rows)[:, None]
        bars = bars + notes[:, 0, StepField.STEP] - FIRST
        read(notes, (bars * BAR + notes[:, 0, StepField.POSITION] - FIRST)[:, None])
        made.append(notes)
    return np.concatenate(made, axis=1)


def _prefix(model: Any) -> np.ndarray:
    """Returns four conditions, [1, 4]."""
    return (np.arange(1, 5) % model.config.prefix_size)[None]


def continue_tune(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns notes that follow a tune played often enough to be forgotten on the way, under a few conditions."""
    model = checkpoint.model
    decoder = Decoder(model, torch.from_numpy(_prefix(model)), memory=MEMORY)
    return _continue_tune(choice, model, HeadWriter(model.head, decoder))


def continue_tune_with_hints(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns notes that follow a tune, likewise; the players asked for are its piano and a bass."""
    model = checkpoint.model
    return _continue_tune(choice, model, HintedWriter(model, _prefix(model), (FIRST, FIRST + 32), MEMORY))


def continue_piano(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns notes, or chords, that follow a tune; as a model of chords reads it, each note is a chord of one."""
    model = checkpoint.model
    writer = HeadWriter(model.head, LSTMDecoder(model))
    return _continue_tune(choice, model, writer, LOWEST_PITCH if model.config.chords else 0)


def _continue_tune(
    choice: Choice, model: Any, writer: NoteWriter, lowest: int = 0, repeats: int = REPEATS
) -> np.ndarray:
    """Returns notes that follow the tune, which is read once for all seeds; its pitches are counted from the lowest."""

    def read(notes: np.ndarray, times: np.ndarray) -> None:
        bars = times // BAR
        writer.read(with_extra_fields(notes, LENGTH - bars, bars, model.config.extra_sizes))

    tune, times = _tune_steps()
    tune[:, StepField.PITCH] -= lowest
    onsets = (np.arange(repeats)[:, None] * 4 * BAR + times).ravel()
    notes = np.concatenate([np.full((1, len(StepField)), BOS), np.tile(tune, (repeats, 1))])
    read(notes[None], np.append(0, onsets)[None])
    writer.select([0] * choice.batch)
    return _continue(choice, writer, int(onsets[-1]) // BAR, read)


def accompany_tune(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns notes that join a tune, under a few conditions."""
    model = checkpoint.model
    steps, times = (torch.from_numpy(np.repeat(part[None], choice.batch, 0)) for part in _tune_steps())
    decoder = Seq2SeqDecoder(model, steps, times, torch.from_numpy(_prefix(model)).repeat(choice.batch, 1))
    writer = HeadWriter(model.head, decoder)
    writer.read(np.full((choice.batch, 1, len(StepField)), BOS), np.zeros((choice.batch, 1), np.int64))
    return _continue(choice, writer, 0, writer.read)


def harmonize_tune(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns notes that join a tune, and the chords and basses that the chord network gives to the beats of its end; before them
    notes of players, by a model that has a network for them."""
    made, network = accompany_tune(checkpoint, choice), checkpoint.model.chords
    if (band := checkpoint.model.band) is not None:
        past = band.past((FIRST, FIRST + 32), MEMORY, _chart(), 0)
        writer = HintedWriter(band, _prefix(band), (FIRST, FIRST + 32), MEMORY, pasts=[past])
        made = np.concatenate([_continue_tune(choice, band, writer, repeats=1), made], axis=1)
    score = _tune_score()
    beats, _ = beat_rows(score)
    read = chord_grid(tokens.encode(score).rows, beats, tokens.vocabulary().durations)
    features, places = torch.from_numpy(read.features)[None], torch.from_numpy(read.places)[None]
    prefix = torch.from_numpy(np.arange(1, 5) % network.config.prefix_size)[None]
    scores = network(features, places, prefix, torch.ones(features.shape[:2], dtype=torch.bool))
    for beat in range(len(beats) - made.shape[-1], len(beats)):
        chords = torch.from_numpy(choice(scores.fit[:, beat].expand(choice.batch, -1)))
        basses = choice(network.bass_scores(scores.states[:, beat].expand(choice.batch, -1), chords))
        made = np.concatenate([made, np.stack([chords.numpy(), basses] * 4, axis=1)[:, None]], axis=1)
    stays = choice(scores.stay.expand(choice.batch, -1))
    turns = choice(scores.turn[chords])
    return np.concatenate([made, np.stack([stays, turns] * 4, axis=1)[:, None]], axis=1)


def _chart() -> Chart:
    """Returns two beats of each of four chords, again and again, for players to follow."""
    beats = np.arange(4 * LENGTH)
    chords = np.array([16 * root for root in (0, 5, 7, 9)])[beats // 2 % 4]
    places = np.array([place_in_phrase(bar % 8, 8) for bar in range(LENGTH)])
    starts, melody = np.arange(LENGTH + 1) * BAR, np.zeros((0, 3), np.int64)
    return Chart(starts, beats * (BAR // 4), chords, chords // 16, melody, places)


def fill_hidden_notes(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns the last notes of a tune, all their fields but the bar hidden, found one note after another."""
    model, dialect = checkpoint.model, checkpoint.dialect
    rows = dialect.encode(_tune_score()).rows[: model.config.max_notes - 2]  # a model may have room for few
    read = torch.from_numpy(dialect.token_ids(rows)).repeat(choice.batch, 1, 1)
    hidden = range(max(1, len(rows) + 1 - NOTES), len(rows) + 1)
    read[:, hidden.start : hidden.stop, 1:] = dialect.mask
    for note in hidden:
        features = model.features(read)[:, note]
        for slot in range(1, len(Octuple)):
            block = slice(dialect.blocks[slot], dialect.blocks[slot] + dialect.sizes[slot])
            read[:, note, slot] = torch.from_numpy(choice(model.head(features[:, slot], block)) + block.start)
    return read[:, hidden.start : hidden.stop].numpy()


def fill_hidden_notes_with_hints(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns the last notes of a tune, their positions, pitches and durations hidden, found one after another."""
    model, dialect = checkpoint.model, checkpoint.dialect
    rows = np.repeat(dialect.encode(_tune_score()).rows[None].astype(np.int64), choice.batch, axis=0)
    hidden = np.zeros(rows.shape[1:], dtype=bool)
    fields = (Octuple.POSITION, Octuple.PITCH, Octuple.DURATION)
    hidden[-NOTES:, fields] = True
    for note in range(rows.shape[1] - NOTES, rows.shape[1]):
        for field in fields:
            slot = dialect.slots.index(field)
            block = slice(dialect.blocks[slot], dialect.blocks[slot] + dialect.sizes[slot])
            read = np.stack([dialect.token_ids(each) for each in rows])
            read[:, 1:-1][:, hidden[:, dialect.slots]] = dialect.mask
            logits = hidden_logits(model, torch.from_numpy(read), slot, block, [(each, hidden) for each in rows])
            first = logits.view(choice.batch, -1, logits.shape[1])[:, 0]
            rows[:, note, field] = FIRST + choice(first)
            hidden[note, field] = False
    return rows[:, -NOTES:]


def hear_tones(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns which of the 88 keys are heard in eight tones with overtones, one after another, [seeds, NOTES, 1]."""
    times = torch.arange(WINDOW) / RATE_HZ
    length = times[-1] / NOTES
    pitches = torch.tensor(TUNE[:NOTES])[(times / length).long().clamp(max=NOTES - 1)]
    phases = torch.cumsum(2 * torch.pi * 440 * 2 ** ((pitches - 69) / 12) / RATE_HZ, dim=0)
    sound = 0.1 * torch.stack([torch.sin(number * phases) / number for number in range(1, 7)]).sum(dim=0)
    heard = checkpoint.model(sound[None])
    tones = ((heard.notes[0] + heard.onsets[0]) / 2).tensor_split(NOTES)
    keys = [choice(tone.mean(dim=0).logit(1e-6).repeat(choice.batch, 1)) for tone in tones]
    return np.stack(keys, axis=1)[..., None]


def foretell_words(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns tokens that follow a few others, [seeds, NOTES, 1]."""
    model = checkpoint.model
    tokens = (torch.arange(1, 2 * NOTES) ** 2 % model.config.vocabulary).repeat(choice.batch, 1)
    for _ in range(NOTES):
        chosen = choice(model(tokens)[:, -1])
        tokens = torch.cat([tokens, torch.from_numpy(chosen)[:, None]], dim=1)
    return tokens[:, -NOTES:, None].numpy()


def _tune_score() -> symusic.Score:
    """Returns four bars of quarter notes for a piano."""
    score, quarter = symusic.Score(480), 480
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    score.tempos.append(symusic.Tempo(0, 120.0))
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes.extend(
        symusic.Note(number * quarter, quarter, pitch, 80) for number, pitch in enumerate(TUNE)
    )
    return score


def _tune_steps() -> tuple[np.ndarray, np.ndarray]:
    """Returns that tune as a note model reads it, [16, 8] ids and [16] onsets."""
    rows = tokens.encode(_tune_score()).rows
    onsets = (rows[:, Octuple.BAR].astype(np.int64) - FIRST) * BAR + rows[:, Octuple.POSITION] - FIRST
    return tokens.to_steps(rows).astype(np.int64), onsets


def fill_patches(checkpoint: Checkpoint, choice: Choice) -> np.ndarray:
    """Returns notes that follow a tune on the beat grid, one a patch, after a made-up clip, with loudness of sound bands.

    Of each patch the likeliest cell is drawn, then the note's fields. Then a band of a made-up sound is drawn from the
    gains, so that the sound head is tested too.
    """
    model, config = checkpoint.model, checkpoint.model.config
    seeds, patches, groups = choice.batch, 16, config.groups
    noise = np.random.RandomState(0)  # its numbers are promised to stay the same

    def made_up(*shape: int) -> Tensor:
        return torch.from_numpy(noise.standard_normal(shape).astype(np.float32)).expand(seeds, *shape)

    told = model.conditions(
        made_up(24, config.features), torch.ones(seeds), made_up(config.text), made_up(config.wishes), made_up(12)
    )
    seen = torch.zeros(seeds, patches, config.cells + groups)
    for patch, pitch in enumerate(TUNE[: patches - NOTES]):
        seen[:, patch, pitch - 21] = 1
        seen[:, patch, config.cells :] = 1
    held = torch.zeros(seeds, patches, config.keys)
    past = torch.zeros(seeds, patches, len(config.past_bars) * (config.cells + groups))
    place = torch.stack([torch.arange(patches) % 16, torch.full((patches,), 2)], -1).expand(seeds, -1, -1)
    made = []
    for patch in range(patches - NOTES, patches):
        logits, states = model(seen, held, past, place, told)
        cells = choice(logits[:, patch])
        fields = [choice(out) for out in model.notes(states[:, patch], torch.from_numpy(cells))]
        seen[np.arange(seeds), patch, cells] = 1
        seen[:, patch, config.cells :] = 1
        made.append(np.stack([cells, *fields], -1))
    gains = model.gains(made_up(16, config.mel_bands), told)
    bands = choice(gains[:, -1])
    made.append(np.stack([bands] * 4, -1))
    return np.stack(made, 1)
