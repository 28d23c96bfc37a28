"""Nats a note of a model that accompanies a melody, in all and by field, beside two floors; and of chorales, by voice.

The floors are fitted to the training music of the same sets, each style by itself: *unigram* knows how often each value
occurs, *first order* how often it follows the value that the note before had in the same field.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from checkpoints.loading import Checkpoint, load
from models.seq2seq import Seq2Seq
from music.bars import score_end
from music.chords import CHORD_NUMBERS, MODEL_QUALITIES
from music.errors import StudioError
from music.piece import Piece
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, FIRST, PAD, STEP_FIELDS, Octuple, StepField
from pipelines.accompaniment.request import accompaniment_request
from pipelines.accompaniment.sampler import EncoderInput
from pipelines.options.harmonize import HarmonizeOptions
from training.data.pair_shards import Example, Pairs, collate
from training.data.songbooks import Song
from training.likelihood.next_note import FITTED_TO, Floors
from training.likelihood.progressions import progression_lines
from training.tasks.accompaniment import plain_examples

LIMITS = {"bars": 16, "window": 320, "given": 384}  # of an example, as in the recipe
ROWS = ("unigram", "first order", "model")
_VOICES = {"alto": accompaniment.ALTO, "tenor": accompaniment.TENOR, "bass": accompaniment.BASS}


def report(checkpoint: Checkpoint, pairs: Pairs, windows: int) -> str:
    """Returns the tables of nats a note on this many validation examples of each style and set, and of chords found.

    Raises:
        StudioError: there are no validation examples.
    """
    chosen = plain_examples(pairs, "valid", LIMITS, windows)
    network = getattr(checkpoint.model, "chords", None)
    if network is not None:  # which writes the chords in place of the decoder
        chosen = {(style, name): group for (style, name), group in chosen.items() if style != "chords"}
    if not chosen:
        raise StudioError("The pairs hold no validation music. Prepare more files.")
    fitted_to = plain_examples(pairs, "train", LIMITS, FITTED_TO * windows)
    floors = {
        style: Floors.fit(
            [[one.notes for one in group] for (of, _), group in fitted_to.items() if of == style],
            pairs.index["step_sizes"],
        )
        for style in dict.fromkeys(style for style, _ in chosen)
    }
    by_style: dict[str, list[np.ndarray]] = {}  # [rows, fields] of each set
    by_set, chords, notes = [], [], 0
    for (style, name), examples in chosen.items():
        unigram, first_order, count = floors[style].losses([one.notes for one in examples])
        read = [row_nats(checkpoint.model, one) for one in examples]
        table = np.stack([unigram, first_order, sum(nats.sum(axis=0) for nats, _ in read) / count])
        by_style.setdefault(style, []).append(table)
        by_set.append(f"{style:10}{name:24}" + "".join(f"{value:14.3f}" for value in table.sum(axis=1)))
        notes += count
        if style == "chords":
            chords.append(chords_found(floors[style], examples, [likeliest for _, likeliest in read]))
    head = f"{'all':>9}" + "".join(f"{field:>10}" for field in STEP_FIELDS)
    lines = [
        f"{checkpoint.entry.name}: nats a note on {notes:,} validation notes of real sets, which weigh the same within a style.",
        f"Stretches of up to {LIMITS['bars']} bars and {LIMITS['window']} notes; chords are known for bass, piano and band.",
    ]
    for style, tables in by_style.items():
        lines += ["", f"{style:16}{head}"]
        for row, losses in zip(ROWS, np.mean(tables, axis=0), strict=True):
            lines.append(f"  {row:14}{losses.sum():9.3f}" + "".join(f"{value:10.3f}" for value in losses))
    lines += ["", f"{'style':10}{'set':24}" + "".join(f"{row:>14}" for row in ROWS), *by_set]
    if chords:
        lines += ["", f"{'chords found at once':24}{'chord':>10}{'root':>10}{'new chord':>12}"]
        for row, (chord, root, new) in zip(ROWS, np.nanmean(chords, axis=0), strict=True):
            lines.append(f"  {row:22}{chord:10.1%}{root:10.1%}{new:12.1%}")
        lines.append(
            "Of the beats that have a chord, all before being known; a new chord is one that the beat before did not have."
        )
    if network is not None:
        lines += progression_lines(network, pairs, windows)
    return "\n".join(lines)


@torch.inference_mode()
def row_nats(model: Seq2Seq, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Returns the nats [notes, fields] of what an example writes, the end too, and the likeliest pitch id of each [notes]."""
    given, given_times, notes, times, target, prefix = collate([example])
    logits = model.head(model(model.encode(given, given_times, prefix), notes, times), notes, target)
    nats = [
        F.cross_entropy(part[0], target[0, :, field], ignore_index=PAD, reduction="none")
        for field, part in enumerate(logits)
    ]
    count = len(example.notes) - 1
    return torch.stack(nats, dim=-1)[:count].double().numpy(), logits[StepField.PITCH][0, :count].argmax(-1).numpy()


def chords_found(floors: Floors, examples: Sequence[Example], likeliest: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the shares of beats [rows, 3] whose chord, root, and new chord are the likeliest ones; NaN where there are none.

    Args:
        floors: of the style chords.
        examples: of the style chords.
        likeliest: the pitch id [notes] that the model finds likeliest in each row of each example.
    """
    truth, before = (
        np.concatenate([one.notes[part, StepField.PITCH] for one in examples]) for part in (slice(1, None), slice(-1))
    )
    real = (truth >= FIRST) & (truth < FIRST + CHORD_NUMBERS - 1)  # neither the end nor "no chord"
    new = real & (truth != before) & (before >= FIRST)
    alone, after_each = floors.chances(StepField.PITCH)
    guesses = (np.full(len(truth), alone.argmax()), after_each.argmax(axis=1)[before], np.concatenate(likeliest))
    found = []
    for guess in guesses:
        same_root = (guess - FIRST) // MODEL_QUALITIES == (truth - FIRST) // MODEL_QUALITIES
        hits = ((guess == truth, real), (same_root, real), (guess == truth, new))
        found.append([hit[asked].mean() if asked.any() else np.nan for hit, asked in hits])
    return np.array(found)


def chorale_nats(checkpoint: str, songs: Sequence[Song]) -> dict[str, float]:
    """Returns nats a sixteenth note of alto, tenor and bass, the soprano alone being given, over all songs together.

    A voice's nats are those of all fields of its rows, where a row's bar, position and player also say which voice moves
    when; they are divided by the number of sixteenths of the pieces. The end of a piece counts for no voice. Soprano,
    key and wishes are read as the pipeline reads them, no chord being known.

    No piece is cut: it is read in one pass, in which each note sees a window of its own, as in the pipeline. That is
    the ``memory`` notes before it, as far as they and the soprano are within ``reach``.

    Args:
        checkpoint: its name.
        songs: with the tracks soprano, alto, tenor, bass (``training.data.songbooks.chorales``).

    Raises:
        StudioError: there is no such checkpoint, or there are no songs.
    """
    if not songs:
        raise StudioError("There are no chorales to read. Name a folder that holds some.")
    model, totals, sixteenths = load(checkpoint).model, dict.fromkeys(_VOICES, 0.0), 0.0
    for song in songs:
        example = chorale_example(song)
        nats, _ = row_nats(model, example)
        for voice, role in _VOICES.items():
            totals[voice] += float(nats[example.notes[1:, StepField.PROGRAM] == role].sum())
        sixteenths += score_end(song.score) / song.score.ticks_per_quarter * 4
    return {voice: total / sixteenths for voice, total in totals.items()}


def chorale_example(song: Song) -> Example:
    """Returns a whole chorale: its soprano as the pipeline gives it, and its lower voices as the model would write them."""
    request = accompaniment_request(Piece(song.score), HarmonizeOptions(style="chorale", melody=0))
    soprano, encoded = EncoderInput(request, request.required_chords), tokens.encode(song.score, keep_doubles=True)
    voice = encoded.origin[:, 0]
    kept = (voice > 0) & (
        encoded.rows[:, Octuple.BAR] - FIRST < len(request.grid.bars)
    )  # the grid ends with the soprano
    rows = encoded.rows[kept].copy()
    rows[:, Octuple.PROGRAM] = np.array(list(_VOICES.values()))[voice[kept] - 1]
    rows = accompaniment.move(rows[accompaniment.in_order(rows)], request.shift)
    notes = np.concatenate([np.full((1, len(STEP_FIELDS)), BOS), tokens.to_steps(rows)]).astype(np.int64)
    times = np.concatenate([[0], accompaniment.onsets(rows, request.grid.bar_starts)])
    return Example(soprano.given, soprano.times, notes, times, request.prefix("chorale"))
