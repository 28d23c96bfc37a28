"""The stages of a song as a visitor reads of them: what came of each in one line, and how many are finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from music.bars import bar_grid
from music.chords import chord_spans
from music.clock import clock
from music.form import ENDING, INTRO, sections, theme_of
from music.instruments import parse_instrument, program_of
from music.piece import Piece
from music.words.events import read_words
from music.words.verses import read_stanzas
from pipelines.descriptors.stages import STAGES
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.optional_stages import TextureOptions, WordsOptions
from pipelines.song.plan import Plan, SectionsOptions, Stage, ThemeOptions
from studio.widgets.compose.wish_table import player_name
from studio.wording import first_few

CHORDS_NAMED = 4  # the usual length of a progression; a card has room for one line


def _theme(options: ThemeOptions, piece: Piece) -> str:
    count, bars = len(options.sections), options.bars
    themes = f"{count} theme{'s' * (count > 1)} of {bars} bar{'s' * (bars > 1)}"
    return " · ".join([themes, options.key, player_name(parse_instrument(options.lead))])


def _sections(options: SectionsOptions, piece: Piece) -> str:
    names = [each.name for each in sections(piece.score)] or list(options.form)
    inner = [name for name in names if name not in (INTRO, ENDING)]
    form = (" " if all(len(theme_of(name)) == 1 for name in inner) else ", ").join(inner)
    framed = [INTRO.lower()] * (INTRO in names) + [ENDING.lower()] * (ENDING in names)
    return " · ".join(filter(None, [form, " and ".join(framed), f"{len(bar_grid(piece.score))} bars"]))


def _harmony(options: HarmonyOptions, piece: Piece) -> str:
    players = list(dict.fromkeys(_player(track) for track in piece.score.tracks[1:] if len(track.notes)))
    chords = [span.chord.name() for span in chord_spans(piece.score)]
    chords = [name for n, name in enumerate(chords) if not n or name != chords[n - 1]]
    some = " ".join(chords[:CHORDS_NAMED]) + " …" * (len(chords) > CHORDS_NAMED)
    return " · ".join(filter(None, [", ".join(players), some]))


def _mix(options: MixOptions, piece: Piece) -> str:
    parts = {
        "loudness by section": options.dynamics > 0,
        "players join in turn": options.layers,
        "fills": options.fills,
        "ritardando": options.ritardando,
    }
    return " · ".join([clock(piece.seconds), *(words for words, is_on in parts.items() if is_on)])


def _texture(options: TextureOptions, piece: Piece) -> str:
    notes = len(piece.score.tracks[-1].notes)
    return " · ".join([player_name(parse_instrument(options.instrument)), f"{notes} notes", options.density])


def _words(options: WordsOptions, piece: Piece) -> str:
    names = [stanza.name for stanza in read_stanzas("\n".join(piece.lyrics))]
    sung = sum(not each.is_held for track in piece.score.tracks for each in read_words(track.lyrics))
    return " · ".join([first_few(names), f"{sung} syllables"])


def _by_hand(name: str, options: Any) -> str:
    """Returns what was changed by hand, as the history tells it."""
    text = STAGES[name].describe(options)[0]
    return text[0].upper() + text[1:]


def _player(track: Any) -> str:
    return player_name(program_of(track))


_CAME_OUT: dict[str, Callable[[Any, Piece], str]] = {
    "theme": _theme, "sections": _sections, "harmony": _harmony, "mix": _mix,
    "texture": _texture, "words": _words
}  # fmt: skip


def came_out(stage: Stage, piece: Piece) -> str:
    """Returns in one line what came of a stage; of one that has no words here how many notes it has."""
    if STAGES[stage.pipeline].by_hand:
        return _by_hand(stage.pipeline, stage.options)
    told = _CAME_OUT.get(stage.pipeline)
    return told(stage.options, piece) if told else f"{piece.note_count} notes"


def leaves_to_chance(stage: Stage) -> bool:
    """Returns whether another seed gives something else: not where all words were typed, or notes are moved by rule."""
    if isinstance(stage.options, ReharmonizeOptions):
        return stage.options.style is not None
    if STAGES[stage.pipeline].by_hand:
        return hasattr(stage.options, "seed")
    return (
        stage.pipeline != "words"
        or not stage.options.text.strip()
        or any(not stanza.lines for stanza in read_stanzas(stage.options.text))
    )


def finished(plan: Plan, stages: tuple[Piece, ...]) -> int:
    """Returns how many stages of a plan are written to their end: a piece in the making has no recipe of its stage."""
    for number, (stage, piece) in enumerate(zip(plan.stages, stages)):
        if not piece.history or piece.history[-1].get("pipeline") != stage.pipeline:
            return number
    return min(len(plan.stages), len(stages))
