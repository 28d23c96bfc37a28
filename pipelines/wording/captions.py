"""Descriptions of music made up from the wordings in wordings.toml, for what learns to understand descriptions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

FAMILIES = ("piano", "guitar", "bass", "strings", "brass", "wind", "organ", "synth", "bells")
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "tempo": ("slow", "medium", "fast"),
    "loudness": ("soft", "medium", "loud"),
    "brightness": ("dark", "medium", "bright"),
    "density": ("sparse", "medium", "dense"),
    "mode": ("major", "minor"),
    "family": FAMILIES,
    "drums": ("drums",),
}
"""What words may say of music, and the classes of each."""

QUALITIES = ("tempo", "loudness", "brightness", "density", "mode")
"""Those of them that are told by an adjective; the others are told by who plays."""

_SAID = {"tempo": 0.6, "loudness": 0.6, "brightness": 0.6, "density": 0.6, "mode": 0.6, "family": 0.8, "drums": 0.6}
"""How often a caption says what it could say: by ear, not measured."""

_NOUNS = ("music", "piece", "song", "tune", "track", "melody", "sound", "composition", "theme", "instrumental")
_OPENINGS = ("", "", "", "please make ", "i want ", "give me ", "play ", "something like ", "write ", "it should be ")
_JOINTS = (", ", " and ", " ", ", and ", " but ", "; ")


@cache
def wordings(held_out: bool = False) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Returns by attribute and class how people say it: the wordings to learn from, or those kept for the figures."""
    table = tomllib.loads((Path(__file__).parent / "wordings.toml").read_text(encoding="utf-8"))
    which = "held_out" if held_out else "training"
    return {
        attribute: {name: tuple(table[attribute][name][which]) for name in classes}
        for attribute, classes in ATTRIBUTES.items()
    }


def caption(attributes: Mapping[str, str], rng: np.random.Generator) -> str:
    """Returns a description that says some of the attributes, in the training wordings.

    Args:
        attributes: the class by name, such as {"tempo": "slow", "family": "piano"}; see ATTRIBUTES.
        rng: draws what is said, in which words and in what kind of sentence.
    """
    return spoken(attributes, rng)[0]


def spoken(
    attributes: Mapping[str, str], rng: np.random.Generator, held_out: bool = False
) -> tuple[str, dict[str, str]]:
    """Returns a description, and those of the attributes that it says.

    Args:
        attributes: as for ``caption``.
        rng: as for ``caption``.
        held_out: take the wordings that nothing learns from.
    """
    said = {name: value for name, value in attributes.items() if rng.random() < _SAID[name]}
    words = {name: _one(wordings(held_out)[name][value], rng) for name, value in said.items()}
    return _sentence(words, rng), said


def made_up(rng: np.random.Generator) -> dict[str, str]:
    """Returns attributes drawn by chance, each class as likely as the others of its attribute."""
    drawn = {name: _one(classes, rng) for name, classes in ATTRIBUTES.items() if name != "drums"}
    return drawn | ({"drums": "drums"} if rng.random() < 0.4 else {})


def _sentence(words: Mapping[str, str], rng: np.random.Generator) -> str:
    """Returns what is said as one of several kinds of sentence."""
    qualities = [words[name] for name in QUALITIES if name in words]
    rng.shuffle(qualities)
    players = " and ".join(words[name] for name in ("family", "drums") if name in words)
    noun, opening = _one(_NOUNS, rng), _one(_OPENINGS, rng)
    joined = _one(_JOINTS, rng).join(qualities)
    shape = rng.integers(8)
    if not qualities and not players:
        text = f"{opening}{noun}"
    elif shape == 0:  # tags
        parts = [*qualities, *([players] if players else [])]
        rng.shuffle(parts)
        text = ", ".join(parts)
    elif shape == 1:
        text = f"{opening}a {joined} {noun}{f' for {players}' if players else ''}"
    elif shape == 2:
        text = f"{players or noun}{f' that is {joined}' if joined else ''}"
    elif shape == 3:
        text = f"{opening}{noun}{f' with {players}' if players else ''}{f', {joined}' if joined else ''}"
    elif shape == 4:
        text = f"{joined} {players or noun}"
    elif shape == 5:
        text = f"{players}: {joined}" if players else f"the {noun} is {joined}"
    elif shape == 6:
        text = ". ".join([*qualities, *([players] if players else [])])
    else:
        text = f"{opening}{joined} {noun} played by {players}" if players else f"{opening}{joined} {noun}"
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + "." if rng.random() < 0.3 else text


def _one(of: Sequence[str], rng: np.random.Generator) -> str:
    return of[int(rng.integers(len(of)))]
