"""Mix: the last stage of a song; rules, no model, make its sections follow each other and set who is how loud."""

from __future__ import annotations

from collections.abc import Iterator

from music.arranging.course import add_drop, add_pickup, fade_out, is_upbeat_bar, thicken, without_first_symbols
from music.arranging.dynamics import layer_entries, set_mix_levels, shape_dynamics
from music.arranging.entries import enter_later
from music.arranging.groove import steady
from music.arranging.melody_clearance import keep_below_melody
from music.arranging.parts import read_arrangement, read_parts, settle, with_parts
from music.arranging.swing import play_feel, swing_with_drums
from music.arranging.transitions import add_fills, add_ritardando, end_together, last_chord
from music.instruments import parse_instrument
from music.piece import Piece
from pipelines.contract import Step
from pipelines.recipes import recipe_of
from pipelines.song.band_options import MixOptions

VERSION = "3"


def mix(piece: Piece, options: MixOptions) -> Iterator[Step]:
    """Yields Steps whose piece is the song with its sections told apart: steady grooves, entries in turn, fills, levels.

    The melody keeps its notes, save that it swings where the drums or the song do, and gets an upbeat where one is asked for;
    the song keeps its length, its chord symbols and its sections. What a piece does not have (sections, drums, a bass, an
    ending) is left alone.
    """
    song = read_arrangement(piece.score)
    came = read_parts(piece.score)
    entries = {parse_instrument(name): bar - 1 for name, bar in options.entries}
    feel, drop = options.feel, options.drop - 1
    changes = [course for course in options.course if course in ("denser", "sparser")]
    rules = (
        (options.groove, lambda now: steady(song, now)),
        (options.layers, lambda now: layer_entries(song, now)),
        (options.pickup > 0, lambda now: add_pickup(song, now, options.pickup)),
        (options.swing and not feel, lambda now: swing_with_drums(song, now)),
        (options.clear, lambda now: keep_below_melody(song, now)),
        (options.fills, lambda now: add_fills(song, now, options.seed)),
        (drop > 0, lambda now: add_drop(song, now, drop)),
        (feel == "straight" or feel == "swing" and options.swing, lambda now: play_feel(song, now, feel or "straight")),
        (not options.fade, lambda now: end_together(song, now)),
        (bool(changes), lambda now: thicken(song, now, changes[0])),
        (bool(options.entries), lambda now: enter_later(song, now, entries)),
    )
    total, parts = len(rules) + 1.0, came
    for done, (wanted, rule) in enumerate(rules, start=1):
        if wanted:
            parts = settle(song, came, rule(parts))
            yield Step((piece.replace(score=with_parts(piece.score, parts)),), float(done), total, "rules")
    parts = shape_dynamics(song, parts, options.dynamics, options.course, max(0, drop))
    score = set_mix_levels(song, with_parts(piece.score, parts), parts)
    if options.pickup and is_upbeat_bar(song):
        score = without_first_symbols(song, score)
    if options.fade:
        score = fade_out(song, score, options.fade)
    elif options.ritardando:
        score = add_ritardando(song, score, last_chord(song, parts))
    recipe = recipe_of("mix", VERSION, options, piece)
    yield Step((piece.with_step(score, recipe),), total, total, "rules")
