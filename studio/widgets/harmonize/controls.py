"""The controls of the Harmonize page: every option of the pipeline in words that a musician uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from music.analysis.melody import find_melody
from music.analysis.melody_key import key_of
from music.arranging.grooves import grooves
from music.arranging.idioms import IDIOMS
from music.bars import bar_grid
from music.errors import StudioError
from music.files.midi import read_midi
from music.instruments import DRUMS, instrument_name
from music.piece import Piece
from music.theory import NAMED_KEYS, Key, parse_key
from pipelines.options.harmonize import MAX_PLAYERS, HarmonizeOptions
from pipelines.options.text import bars_as_text, first_chords, parse_bars
from pipelines.recipes import harmonized
from studio.controls import keep, set_controls, show_control, song_controls
from studio.projects.song import Song
from studio.widgets import sampling
from studio.widgets.compose.locked_sections import show_held
from studio.widgets.generate.controls import INSTRUMENTS
from studio.widgets.harmonize.chord_grid import CELLS, PROGRESSION, chord_grid, edited, laid_out, progression
from studio.widgets.options_panel import OptionsPanel
from studio.widgets.selection import (
    BARS,
    LOCKED,
    TRACKS,
    on_the_roll,
    show_problem,
    take_over,
    track_names,
)
from studio.widgets.start import EXAMPLE, has_music, summary

STYLES: dict[str, tuple[str, str]] = {
    "chords": ("Chords", "One track of held chords under the melody, moving smoothly from one to the next."),
    "bass": ("Bass", "One bass line under the melody, on the roots and between them."),
    "piano": ("Piano", "A piano part for two hands, as a song's accompanist would play it."),
    "band": ("Band", "Several tracks: bass, drums and whoever else plays along."),
    "chorale": ("Chorale", "Three voices under the melody: alto, tenor and bass, each within its range."),
}
"""Each style: its name on the page, and what comes out in one line."""

_MANY_PLAY = ("band", "chorale")

COMPLEXITY: dict[str, tuple[str, str]] = {
    "low": ("Plain", "Chords of three notes, mostly those of the key."),
    "medium": ("Sevenths", "Seventh chords too."),
    "high": ("Rich", "Ninths and suspensions too, and chords borrowed from other keys."),
}
PANEL = OptionsPanel(
    HarmonizeOptions,
    {
        "style": ("Style", ""),
        "groove": ("Groove", "A style, such as bossa nova, whose patterns are played over the chords."),
        "idiom": ("Chords as in", "Sevenths and ii-V in jazz, V7 in dances, a chord a bar in reggae, rock and house."),
        "key": ("Key", "The key to harmonize in. The melody is not transposed."),
        "complexity": ("Harmony", ""),
        "temperature_notes": ("Adventure in the notes", "Which chords and pitches come."),
        "temperature_rhythm": ("Adventure in the rhythm", "Where notes begin and how long they are."),
    },
    "harmonize ",
)
PRESETS: dict[str, dict[str, Any]] = {
    "Lead sheet": {"style": "chords", "complexity": "low"},
    "Own chords": {"style": "chords", "chords": "| Am | G | Am | E7 | Am | G | Am E7 | Am | C | G | Am | E7 | C | G | Am E7 | Am |"},
    "Piano song": {"style": "piano"},
    "Bossa nova": {"style": "band", "band": [24, 32, DRUMS], "groove": "bossa nova"},
    "Folk band": {"style": "band", "band": [24, 32, DRUMS], "complexity": "low"},
    "Four voices": {"style": "chorale", "complexity": "low", "temperature": 0.8},
}  # fmt: skip
"""Worked examples; what one does not name goes back to its default."""


def use_example(song: Song, name: str) -> None:
    """Sets the controls to a worked example; a song without music gets the example tune."""
    values = dict(PRESETS[name])
    tune = read_midi(EXAMPLE)
    if not has_music(song):
        song.add((tune,), label=tune.title, detail=summary(tune))
    chords = values.pop("chords", "")
    if source(song).title != tune.title:  # they were made for the example tune
        chords = ""
    keep(CELLS, laid_out(chords, len(bar_grid(source(song).score)), 4))
    band = values.pop("band", [])
    PANEL.use(values)
    set_controls(
        {_players_of(style): None for style in STYLES}
        | {_players_of("band"): band, _players_of("chorale"): [], BARS: "", PROGRESSION: ""}
    )


def source(song: Song) -> Piece:
    """Returns what is to be harmonized: the current piece or, where that is a harmonization, what that was made of."""
    piece, take = song.piece, song.take
    while take is not None and isinstance(take.options, HarmonizeOptions):
        piece = take.before
        take = next((other for other in song.takes if piece in other.pieces), None)
    return piece


def harmonize_controls(song: Song) -> dict[str, Any]:
    """Shows the controls; returns them as values of HarmonizeOptions, unchecked, save for the chords.

    These are in ``cells``, spelled in ``chord key``; ``edited`` are the bars, counted from 0, for which others were typed than
    the take has.
    """
    piece = source(song)
    values: dict[str, Any] = {"melody": _melody(piece)}
    values["style"] = style = _one_of("style", STYLES)
    left, right = (st.container(), st.container()) if style in _MANY_PLAY else st.columns(2)
    with left:
        values["instruments"] = _players(style)
    with right:
        values["key"], key = _key(piece, values["melody"])
    if style in ("bass", "piano", "band"):
        look = {"format_func": str.capitalize, "placeholder": "The model writes what they play"}
        values["groove"] = PANEL.show("groove", st.selectbox, list(grooves()), None, **look)
    values["complexity"] = _one_of("complexity", COMPLEXITY)
    usual = {"format_func": str.capitalize, "placeholder": "As the groove has them"}
    values["idiom"] = PANEL.show("idiom", st.selectbox, list(IDIOMS), None, **usual)
    selected = on_the_roll(song.piece)["bars"] if harmonized(song.piece) else []
    values["cells"], values["chord key"] = chord_grid(piece, song.piece, key, selected), key
    values["bars"] = _bars(song.piece) if harmonized(song.piece) else ""
    values["edited"] = edited(values["cells"], key) if harmonized(song.piece) else []
    show_held(song.piece if values["bars"] else piece)
    values["temperature"] = sampling.temperature_slider(PANEL)
    values["variants"] = sampling.variants_slider(PANEL)
    with st.expander("Fine tuning"):
        values |= _fine_tuning()
    return values


def _one_of(name: str, choices: Mapping[str, tuple[str, str]]) -> str:
    """Shows an option's choices by name, and under them what the chosen one means; returns it."""
    look = {"format_func": lambda choice: choices[choice][0], "required": True, "width": "stretch"}
    chosen = PANEL.show(name, st.segmented_control, list(choices), **look)
    st.caption(choices[chosen][1])
    return chosen


def _melody(piece: Piece) -> int | None:
    """Shows which track is the melody; returns it, or None where no track has pitches."""
    names = track_names(piece)
    tracks = piece.score.tracks
    found = 0 if harmonized(piece) else find_melody(piece.score)
    choices = [index for index in names if not tracks[index].is_drum]

    def label(index: int) -> str:
        count = len(tracks[index].notes)
        return f"{names[index]} · {count} note{'s' * (count > 1)}" + (" · found" if index == found else "")

    return show_control(
        f"{PANEL.prefix}melody {piece.fingerprint[:8]}",
        found,
        st.selectbox,
        "Melody",
        choices,
        format_func=label,
        placeholder="There is no track with pitches",
        disabled=not choices,
        help="It stays as it is, note for note; all other tracks are replaced, but for locked notes. 'Found' marks the track "
        "that is most like a melody by its name and notes.",
    )


def _players_of(style: str) -> str:
    """Returns the name of the control that says who plays in this style."""
    return f"{PANEL.prefix}players {style}"


def _players(style: str) -> tuple[str, ...]:
    """Shows who plays; returns the names, none for the style's own."""
    name, pitched = _players_of(style), [program for program in INSTRUMENTS if program != DRUMS]
    look: dict[str, Any] = {"format_func": instrument_name}
    if style not in _MANY_PLAY:
        look |= {"placeholder": "The usual one", "help": "Who plays the accompaniment."}
        chosen = show_control(name, None, st.selectbox, "Instrument", pitched, None, **look)
        return () if chosen is None else (instrument_name(chosen),)
    band = style == "band"
    text = (
        "The band's players, a track each."
        if band
        else "One for all three voices, or one each for alto, tenor and bass."
    )
    look |= {"placeholder": "The usual ones", "max_selections": MAX_PLAYERS if band else 3, "help": text}
    many = show_control(name, [], st.multiselect, "Instruments", INSTRUMENTS if band else pitched, **look)
    return tuple(instrument_name(program) for program in many)


def _key(piece: Piece, melody: int | None) -> tuple[str | None, Key]:
    """Shows the key; returns the wish and the key in which chords are spelled."""
    own = key_of(piece.score, find_melody(piece.score) or 0 if melody is None else melody)
    wish = PANEL.show("key", st.selectbox, [key.name for key in NAMED_KEYS], None, placeholder=f"Auto: {own.name}")
    return wish, parse_key(wish) if wish else own


def _bars(piece: Piece) -> str:
    """Shows which bars to do again, of a piece that has an accompaniment; returns them as one types them."""
    text = (
        "Such as 5, or 5-8: only these are harmonized again and the rest stays, note for note. Or drag over the piano "
        "roll. Empty is all."
    )
    bars = show_control(BARS, "", st.text_input, "Only these bars", placeholder="All", help=text)
    show_problem(bars, piece)
    return bars


def _fine_tuning() -> dict[str, Any]:
    values = sampling.sampling_sliders(PANEL)
    values["seed"] = sampling.seed_input(PANEL)
    values["checkpoint"] = sampling.model_choice(PANEL, "harmonize", "Which trained model harmonizes.")
    return values


def checked(values: Mapping[str, Any]) -> HarmonizeOptions:
    """Returns the options that the controls show; an empty seed is drawn here.

    Raises:
        StudioError: the values do not go together.
    """
    if values["melody"] is None:
        raise StudioError("There is no melody to harmonize. Give music that has a track with pitches.")
    seed = sampling.drawn_seed() if values["seed"] is None else values["seed"]
    plain = {name: value for name, value in values.items() if name not in ("cells", "chord key", "edited")}
    bars = parse_bars(values["bars"])
    return HarmonizeOptions(
        **{**plain, "bars": bars, "chords": progression(values["cells"], bars, values.get("chord key")), "seed": seed}
    )


def describe_request(options: HarmonizeOptions) -> str:
    """Returns what was asked for in a few words, such as "Piano · Sevenths · chords Am F C G · bars 5-8"."""
    parts = [
        STYLES[options.style][0],
        (options.groove or "").capitalize(),
        ", ".join(options.instruments),
        COMPLEXITY[options.complexity][0],
        f"chords as in {options.idiom}" if options.idiom else "",
        options.key or "",
        f"chords {first_chords(options.chords)}" if options.chords else "",
        f"bars {bars_as_text(options.bars)}" if options.bars else "",
    ]
    return " · ".join(filter(None, parts))


def selectable(piece: Piece) -> dict[str, Any] | None:
    """Returns what the player shows as selected: bars of a harmonization; None for other music."""
    return on_the_roll(piece) | {"names": {}, "tracks": [], "locked": []} if harmonized(piece) else None


def take_over_bars(chosen: Any) -> None:
    """Sets the field of bars to what was selected on the roll; tracks selected for Remix stay so. A browser may say anything."""
    controls = song_controls()
    if isinstance(chosen, Mapping):
        take_over({**chosen, "tracks": controls.get(TRACKS, []), "locked": controls.get(LOCKED, [])})
