"""What the music should be like: free words, chips of what was understood of them, and words to tap, which win."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import streamlit as st

from music.instruments import DRUMS, instrument_name
from music.tokens.patches import FAMILIES, FAMILY_PROGRAMS
from pipelines.options.audio import TEMPI_BPM
from pipelines.patches.wishes import LEVELS
from pipelines.wording.reading import Said, Words, read_words
from studio.controls import keep, showing, song_controls, widget_value
from studio.widgets.compose.wish_table import player_name
from studio.widgets.options_panel import OptionsPanel
from studio.wording import first_few, plain

IGNORED = "audio ignored"
"""The control that holds what was understood and taken away: the name of what it decides, and what was understood."""

LABELS = {"medium": "Mid"}
"""What chips call a level whose name is long."""

TAPPED = {"pace": tuple(TEMPI_BPM), **LEVELS}
"""The words to tap, by option."""

_DRUMS = instrument_name(DRUMS)
PLAYERS = {
    **{instrument_name(program): name.capitalize() for name, program in zip(FAMILIES, FAMILY_PROGRAMS, strict=True)},
    _DRUMS: "Drums",
}
"""The players to tap: instruments by name, and what their chips say."""

_BY_HAND = {
    "tempo": ("pace", "tempo_bpm"),
    "mode": ("mode", "key"),
    "key": ("mode", "key"),
}
"""Options that decide what words may decide, where they are not of its name."""


@functools.lru_cache(maxsize=64)  # read in each run of a page
def understood(text: str, lyrics: str) -> Words:
    """Returns what the words say."""
    return read_words(text, lyrics, encoder="words-small")  # only what it says is shown, not its vector


def words_control(panel: OptionsPanel) -> dict[str, Any]:
    """Shows where one says what the music should be like; returns it as values of AudioOptions."""
    values: dict[str, Any] = {}
    values["text"] = panel.show(
        "text", st.text_area, height=86, placeholder="calm piano melody, slow, dark", max_chars=2000
    )
    with st.expander("Lyrics", icon=":material/lyrics:"):
        values["lyrics"] = panel.show("lyrics", st.text_area, height=140, max_chars=20_000)
    is_said = bool(
        values["text"].strip() or values["lyrics"].strip()
    )  # else the table of words is not read for nothing
    said = said_by(understood(values["text"], values["lyrics"])) if is_said else {}
    overruled = {name for name in said if _is_by_hand(panel, name)}
    taken_away = _chips({name: label for name, label in said.items() if name not in overruled})
    values["ignore"] = tuple(sorted(overruled | taken_away))
    with st.container(key="tapped words", horizontal=True, gap="small"):  # two in a row where there is room
        for name, levels in TAPPED.items():
            other = {"pace": "tempo_bpm", "mode": "key"}.get(name)
            if other and panel.value(other) is not None:  # which says more
                values[name] = None
                continue
            values[name] = panel.show(name, st.segmented_control, levels, format_func=_level, width="stretch")
    chosen = panel.show(
        "instruments", st.pills, list(PLAYERS), selection_mode="multi", format_func=PLAYERS.get, wrap=True
    )
    values["instruments"] = tuple(name for name in chosen if name != _DRUMS)
    values["drums"] = True if _DRUMS in chosen else None
    return values


def said_by(words: Words) -> dict[str, str]:
    """Returns what words decide, by name of ``audio_options.WORDS_DECIDE``, as chips say it."""
    said = {}
    for name in ("tempo", *LEVELS):
        if found := words.attributes.get(name):
            level = f"Medium {name}" if found.value == "medium" else found.value.capitalize()
            said[name] = _with_reason(level, found)
    if words.tempo_bpm:
        found = words.attributes.get("tempo")
        said["tempo"] = _with_reason(f"{words.tempo_bpm:g} BPM", found) if found else f"{words.tempo_bpm:g} BPM"
    if words.key:
        said.pop("mode", None)
        said["key"] = words.key
    if words.time_signature:
        said["time_signature"] = words.time_signature
    players = [player_name(program) for program in words.programs if program != DRUMS]
    if players:
        said["instruments"] = first_few(players)
    elif found := words.attributes.get("family"):
        said["instruments"] = _with_reason(found.value.capitalize(), found)
    if found := words.attributes.get("drums"):
        said["drums"] = "No drums" if found.value == "none" else "Drums"
    return said


def _with_reason(text: str, said: Said) -> str:
    """Returns what was understood, and the word that said so where it is another one."""
    own = text.casefold()
    others = [word for word in said.words if word.casefold() not in own and own not in word.casefold()]
    return f"{text} “{others[0]}”" if others and len(others) == len(said.words) else text


def _is_by_hand(panel: OptionsPanel, name: str) -> bool:
    """Whether what words may decide was set by hand, and so is not theirs."""
    if name in ("instruments", "drums"):
        chosen = panel.value("instruments")
        return _DRUMS in chosen if name == "drums" else any(each != _DRUMS for each in chosen)
    return any(panel.value(each) is not None for each in _BY_HAND.get(name, (name,)))


def _chips(said: Mapping[str, str]) -> set[str]:
    """Shows what was understood; a tap takes it away or brings it back. Returns what is taken away."""
    if not said:
        return set()
    ignored = {name for name, label in said.items() if _noted(name, label) in song_controls().get(IGNORED, [])}
    key = showing("audio understood", [name for name in said if name not in ignored])
    st.pills(
        "Understood",
        list(said),
        selection_mode="multi",
        format_func=lambda name: plain(said[name]),
        wrap=True,
        key=key,
        on_change=_take_away,
        args=(key, dict(said)),
        help="What your words were understood to say. Tap one to take it away; the words that you tap below win.",
    )
    return ignored | ({"mode"} if "key" in ignored else set())


def _take_away(key: str, said: Mapping[str, str]) -> None:
    chosen = widget_value(key) or []
    kept = [each for each in song_controls().get(IGNORED, []) if each not in {_noted(*both) for both in said.items()}]
    keep(IGNORED, kept + [_noted(name, label) for name, label in said.items() if name not in chosen])


def _noted(name: str, label: str) -> str:
    return f"{name}: {label}"  # so that other words are heeded again


def _level(name: str) -> str:
    return LABELS.get(name, name.capitalize())
