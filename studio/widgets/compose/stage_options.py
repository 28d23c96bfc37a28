"""The options of a stage of a song, as fields of a form: what each pipeline lets a musician set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from music.arranging.grooves import grooves
from music.arranging.idioms import IDIOMS
from music.chords import parse_chord_names
from music.errors import StudioError
from music.instruments import PADS, instrument_name, parse_instrument
from music.tokens.accompaniment import COMPLEXITIES, HARMONIES
from music.words.spelling import LANGUAGES
from music.words.verses import read_stanzas, without_lines
from pipelines.descriptors.descriptions import quoted
from pipelines.options.harmonize import MAX_PLAYERS
from pipelines.options.lyrics import MOST_TEXT, RHYMES
from pipelines.options.text import chords_as_text
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.optional_stages import TEXTURE_DENSITIES, TextureOptions, WordsOptions
from pipelines.song.plan import SectionsOptions, Stage, ThemeOptions
from studio.widgets import sampling
from studio.widgets.compose.lyrics_field import lyrics_field
from studio.widgets.compose.wish_table import NAMES
from studio.widgets.harmonize.controls import COMPLEXITY, STYLES
from studio.wording import show_error

Key = Callable[[str], str]

_LANGUAGE_NAMES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian"}


def options_form(
    stage: Stage,
    key: str,
    send: Callable[[dict[str, Any]], None],
    beats_per_bar: int = 4,
    lyrics: Sequence[str] = (),
) -> None:
    """Shows a form with the options of a stage, and what is wrong with them once it is sent.

    Args:
        stage: as it is now.
        key: the same for the same stage of the same take.
        send: is called with the options that were changed; raises StudioError if it cannot take them.
        beats_per_bar: what slashes in a progression without bar lines fill.
        lyrics: the words that the stage has set.
    """
    words = "\n".join(lyrics)
    with st.form(key, border=False, enter_to_submit=True):
        fields = (lambda *form: _words(*form, words)) if stage.pipeline == "words" else _FORMS.get(stage.pipeline)
        values = fields(stage.options, lambda name: f"{key} {name}") if fields else {}
        if hasattr(stage.options, "seed"):
            values["seed"] = st.number_input(
                "Seed",
                0,
                max(sampling.MAX_SEED, stage.options.seed),
                stage.options.seed,
                key=f"{key} seed",
                help="The same seed with the same options gives the same notes.",
            )
        answer = st.container()  # above the button, which is in sight when it is pressed
        sent = st.form_submit_button("Apply", type="primary", icon=":material/check:", width="stretch")
    if not sent:
        return
    try:
        if isinstance(text := values.get("chords"), str):  # a text where it was changed
            values["chords"] = parse_chord_names(text, beats_per_bar)
        if anew := values.pop("anew", ()):
            values |= {"text": without_lines(values["text"] or words, anew), "seed": sampling.drawn_seed()}
        changes = {name: value for name, value in values.items() if value != getattr(stage.options, name)}
        if changes:
            send(changes)
        else:
            answer.caption("Nothing was changed.")
    except StudioError as error:
        with answer:
            show_error(str(error))


def _theme(options: ThemeOptions, key: Key) -> dict[str, Any]:
    """Shows the fields of this stage; returns the options that they say."""
    pitched = [name for name in NAMES if name != "Drums"]
    lead = instrument_name(parse_instrument(options.lead))
    chosen = st.selectbox(
        "Melody played by", pitched, pitched.index(lead), key=key("lead"), help="Who plays the melody."
    )
    return {
        "lead": options.lead if chosen == lead else chosen,
        "temperature": _adventure(options.temperature, key),
        "drafts": st.slider(
            "Drafts",
            1,
            16,
            options.drafts,
            key=key("drafts"),
            help="How many openings are written; the best one is kept. More take longer.",
        ),
    }


def _sections(options: SectionsOptions, key: Key) -> dict[str, Any]:
    """Shows the fields of this stage; returns the options that they say."""
    form = st.text_input(
        "Form",
        " ".join(options.form),
        key=key("form"),
        help="The sections in order, with spaces between. An apostrophe makes a varied return: A A' B A'.",
    )
    amount = st.slider(
        "Variation",
        0,
        100,
        round(options.amount),
        step=5,
        key=key("amount"),
        format="%d %%",
        help="How much of a varied return is other than its theme.",
    )
    left, right = st.columns(2)
    return {
        "form": tuple(form.replace(",", " ").split()),
        "amount": options.amount if amount == round(options.amount) else float(amount),
        "intro_bars": left.number_input("Intro (bars)", 0, 16, options.intro_bars, key=key("intro")),
        "ending_bars": right.number_input("Ending (bars)", 1, 8, options.ending_bars, key=key("ending")),
        "temperature": _adventure(options.temperature, key),
    }


def _harmony(options: HarmonyOptions, key: Key) -> dict[str, Any]:
    """Shows the fields of this stage; returns the options that they say."""
    left, right = st.columns(2)
    style = left.selectbox(
        "Style", HARMONIES, HARMONIES.index(options.style), format_func=lambda each: STYLES[each][0], key=key("style")
    )
    complexity = right.selectbox(
        "Chords",
        COMPLEXITIES,
        COMPLEXITIES.index(options.complexity),
        format_func=lambda each: COMPLEXITY[each][0],
        key=key("complexity"),
    )
    groove = st.selectbox(
        "Groove",
        tuple(grooves()),
        None if options.groove is None else list(grooves()).index(options.groove),
        format_func=str.capitalize,
        placeholder="The model writes what they play",
        key=key("groove"),
        help="The style whose patterns the players of a band, a piano or a bass play over the chords.",
    )
    idiom = st.selectbox(
        "Chords as in",
        tuple(IDIOMS),
        None if options.idiom is None else list(IDIOMS).index(options.idiom),
        format_func=str.capitalize,
        placeholder="As the model has them",
        key=key("idiom"),
        help="Sevenths and ii-V in jazz, V7 in dances, a chord a bar in reggae, rock and house.",
    )
    now = [instrument_name(parse_instrument(name)) for name in options.instruments]
    players = st.multiselect(
        "Instruments",
        NAMES,
        now,
        max_selections=MAX_PLAYERS,
        placeholder="The usual ones",
        key=key("players"),
        help="Who accompanies. Empty leaves it to the style.",
    )
    typed = chords_as_text(options.chords)
    chords = st.text_input(
        "Progression",
        typed,
        placeholder="The model chooses. Or type: Am F C G",
        key=key("chords"),
        help="One chord a bar, or bars between lines such as | Am | F G | C |. Each theme begins with the first.",
    )
    return {
        "style": style,
        "complexity": complexity,
        "idiom": idiom,
        "groove": groove,
        "instruments": options.instruments if players == now else tuple(players),
        "chords": options.chords if chords == typed else chords,
        "temperature": _adventure(options.temperature, key),
    }


def _mix(options: MixOptions, key: Key) -> dict[str, Any]:
    """Shows the fields of this stage; returns the options that they say."""
    dynamics = st.slider(
        "Dynamics",
        0,
        100,
        round(options.dynamics),
        step=5,
        key=key("dynamics"),
        format="%d %%",
        help="How much the sections differ in loudness.",
    )
    switches = {
        "layers": ("Players join in turn", "Instead of all playing all the time."),
        "groove": ("One groove a section", "Drums and bass keep to the section's pattern."),
        "swing": ("Swing together", "Where the style or the drums swing their off-beats, all players do."),
        "clear": ("Room for the melody", "Chords that would cover it move below it."),
        "fills": ("Fills", "Drums and bass lead over into the next section."),
        "ritardando": ("Slow down at the end", "The last bar becomes slower."),
    }
    values = {
        name: st.toggle(label, getattr(options, name), key=key(name), help=text)
        for name, (label, text) in switches.items()
    }
    return {"dynamics": options.dynamics if dynamics == round(options.dynamics) else float(dynamics), **values}


def _texture(options: TextureOptions, key: Key) -> dict[str, Any]:
    """Shows the fields of this stage; returns the options that they say."""
    now = instrument_name(parse_instrument(options.instrument))
    names = [instrument_name(program) for program in sorted(PADS, reverse=True)]
    instrument = st.selectbox("Played by", names, names.index(now), key=key("instrument"), help="Who holds the notes.")
    density = st.segmented_control(
        "Notes",
        TEXTURE_DENSITIES,
        default=options.density,
        required=True,
        format_func=str.capitalize,
        key=key("density"),
        help="Sparse changes with the chords and the bars, dense with every beat.",
    )
    follow = st.slider(
        "Follow the song",
        0.0,
        1.0,
        round(options.follow, 2),
        step=0.05,
        key=key("follow"),
        help="How much the network heeds how the song sounds.",
    )
    return {
        "instrument": options.instrument if instrument == now else instrument,
        "density": density,
        "follow": options.follow if follow == round(options.follow, 2) else follow,
        "temperature": _adventure(options.temperature, key),
    }


def _words(options: WordsOptions, key: Key, words: str) -> dict[str, Any]:
    """Shows the fields of this stage, which has set these words; returns the options that they say."""
    about = st.text_input(
        "About", options.about, key=key("about"), max_chars=MOST_TEXT, help="For stanzas that the studio writes."
    )
    shown = words or options.text
    text = lyrics_field(shown, key("text"))
    names = [stanza.name for stanza in read_stanzas(shown)]
    anew = st.multiselect(
        "Write anew", names, key=key("anew"), placeholder="No stanza", help="These get other words; the rest stays."
    )
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    codes = list(LANGUAGES)
    return {
        "about": about.strip(),
        "text": options.text if text.strip() == shown.strip() else text,
        "anew": anew,
        "rhyme": left.selectbox(
            "Rhymes", RHYMES, RHYMES.index(options.rhyme), key=key("rhyme"), help="Of stanzas that the studio writes."
        ),
        "language": middle.selectbox(
            "Language",
            codes,
            codes.index(options.language),
            format_func=lambda code: _LANGUAGE_NAMES[code],
            key=key("language"),
            help="By whose rules words are taken apart into syllables.",
        ),
        "bend": right.toggle(
            "Bend notes",
            options.bend,
            key=key("bend"),
            help="Splits and joins notes where a verse has more or fewer syllables than the melody has notes.",
        ),
    }


def _adventure(value: float, key: Key) -> float:
    """Shows the temperature; returns it, unchanged where the slider was not moved though it shows it rounded."""
    chosen = st.slider(
        "How adventurous",
        0.0,
        2.0,
        min(2.0, round(value, 2)),
        step=0.05,
        key=key("temperature"),
        help="Low is safe and repeats itself; high surprises, and stumbles more.",
    )
    return value if chosen == min(2.0, round(value, 2)) else chosen


_FORMS: dict[str, Callable[[Any, Key], dict[str, Any]]] = {
    "theme": _theme, "sections": _sections, "harmony": _harmony, "mix": _mix,
    "texture": _texture,
}  # fmt: skip


def describe_changes(changes: dict[str, Any]) -> str:
    """Returns which options were changed, such as "seed 7, style piano"."""
    return ", ".join(
        f"{name.replace('_', ' ')} {chords_as_text(value).strip('| ') if name == 'chords' else _plain(value)}"
        for name, value in changes.items()
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str) and "\n" in value:
        return quoted(value.strip().partition("\n")[0])
    return " ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else f"{value}"
