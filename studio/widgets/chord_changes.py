"""Chords changed on the lane over the roll: what comes of it is a take of the song, with that bar's accompaniment written again."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from music.analysis.chord_estimation import estimate_chords
from music.chord_symbols.bars import bar_texts
from music.chords import ChordNames, chord_spans, parse_chord_names, with_chords
from music.errors import StudioError
from music.modes import diatonic_chords
from music.piece import Piece
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.reharmonize import ReharmonizeOptions, chord_key, reharmonized
from pipelines.reharmonize import check_fits, reharmonize
from pipelines.song.plan import Plan, Stage
from studio.controls import keep, song_controls
from studio.projects.song import Song
from studio.widgets.compose.locked_sections import check_section
from studio.widgets.compose.stage_labels import finished
from studio.widgets.job_progress import begin
from studio.widgets.player.chord_symbols import before_bar, chord_symbols
from studio.widgets.player.exchange import answer_to, asked_piece, deal_with
from studio.widgets.sampling import drawn_seed

_KIND, _SHOWN = "chords", "reharmonize heard shown"
_HOW = {
    True: "The accompaniment of this bar is written again, by what wrote it. All else stays, note for note.",
    False: "The notes of the accompaniment move to the nearest tones. All else stays, note for note.",
}
_MOST_LETTERS = 200  # of a bar's text: more than its beats have room for
_MOST_HELD = 16  # pieces that visitors look at now, as the player holds


def on_the_lane(piece: Piece) -> dict[str, Any]:
    """Returns what the player needs so that the chords of a piece can be changed on its lane."""
    answer = answer_to(_KIND)
    shown = bool(song_controls().get(_SHOWN))
    heard = shown and not chord_spans(piece.score)
    known = _heard(piece) if heard else piece
    return {
        **_offered(known),
        "id": piece.fingerprint,
        "heard": chord_symbols(known.score, chord_key(known)) if heard else None,
        "shown": shown,
        "answered": answer.serial,
        "problem": answer.problem,
    }


@functools.lru_cache(maxsize=_MOST_HELD)
def _offered(piece: Piece) -> dict[str, Any]:
    """Returns the texts of the bars, what can be chosen in the key, and how a bar will be written again."""
    key = chord_key(piece)
    modeled = reharmonized(piece, (0,), (("C",),), 0).style is not None
    return {
        "texts": bar_texts(piece.score, key),
        "key": key.name,
        "choices": [[(chord.name(key), step) for step, chord in row] for row in diatonic_chords(key)],
        "how": _HOW[modeled],
    }


@functools.lru_cache(maxsize=_MOST_HELD)
def _heard(piece: Piece) -> Piece:
    """Returns a piece with the chords that are heard in it."""
    return piece.replace(score=with_chords(piece.score, estimate_chords(piece.score), chord_key(piece)))


def take_over(message: Any) -> None:
    """Writes a bar again with the chords that were typed or chosen, or notes what is wrong with them; for the player's callback.

    Args:
        message: ``piece``, the fingerprint of what was shown; ``serial``, its number; and ``bar``, counted from 0, with
            ``text``, or ``show``, whether heard chords are to be seen. A browser may say anything.
    """
    deal_with(_KIND, message, _change)


def _change(song: Song, message: Mapping[str, Any]) -> None:
    if type(message.get("show")) is bool:
        keep(_SHOWN, message["show"])
        return
    piece, take = asked_piece(song, message), song.take
    bar, text = message.get("bar"), message.get("text")
    if type(bar) is not int or not isinstance(text, str) or not 0 <= bar < len(bar_texts(piece.score)):
        raise StudioError("There is no such bar in this piece. Reload the page and try again.")
    check_section(take, bar)
    options = reharmonized(piece, (bar,), (_chords(piece, bar, text),), drawn_seed())
    check_fits(piece, options)
    (detail,) = PIPELINES["reharmonize"].describe(options)
    if isinstance(take.options, Plan) and finished(take.options, take.stages) == len(take.options.stages):
        plan = Plan(take.options.brief, (*take.options.stages, Stage("chords", options)))
        begin(song, "compose", take.before or Piece.empty(), plan, detail, stages=take.stages)
    elif options.style:
        begin(song, "reharmonize", piece, options, detail)
    else:
        _now(song, piece, options, detail)


def _now(song: Song, piece: Piece, options: ReharmonizeOptions, detail: str) -> None:
    """Adds the take at once where only rules work for it."""
    (*_, step) = reharmonize(piece, options)
    song.add(step.pieces, detail=detail, before=piece, options=options)
    song.notice, song.remarks = None, step.remarks


def _chords(piece: Piece, bar: int, text: str) -> tuple[str, ...]:
    """Returns the names that a text says for a bar, counted from 0.

    Raises:
        StudioError: it says none, or something is no chord.
    """
    if not text.strip():
        raise StudioError("There is no chord. Type one such as Am7, or choose one of the key.")
    if len(text) > _MOST_LETTERS or "|" in text or "\n" in text:
        raise StudioError("This field has room for one bar. Type its chords with spaces between, such as F G.")
    key = chord_key(piece)
    texts = bar_texts((piece if chord_spans(piece.score) else _heard(piece)).score, key)
    before = before_bar(texts, bar)
    bars: ChordNames = parse_chord_names(f"| {before} | {text} |" if before else f"| {text} |", key=key, is_whole=False)
    return bars[-1]
