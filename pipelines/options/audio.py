"""Options of the audio pipeline: frozen, plain values, checked in one place. Imports no model, so pages may use it."""

from __future__ import annotations

from dataclasses import dataclass

from music.audio.features import from_text
from music.errors import StudioError
from music.instruments import DRUMS, parse_instrument
from music.theory import parse_key
from pipelines.options.checks import (
    MAX_VARIANTS,
    Check,
    bar_checks,
    choice_check,
    seed_check,
    settle,
    temperature_check,
)
from pipelines.patches.wishes import LEVELS

MIN_SECONDS, MAX_SECONDS = 2.0, 300.0
MAX_TEXT = 20_000
SIGNATURES = ("4/4", "3/4", "2/4", "6/8", "6/4", "12/8")
"""Time signatures whose bars the audio network knows."""

TEMPI_BPM = {"slow": (50.0, 72.0, 88.0), "medium": (88.0, 104.0, 122.0), "fast": (122.0, 140.0, 180.0)}
"""Lowest, usual and highest tempo of each pace."""

WORDS_DECIDE = ("tempo", *LEVELS, "key", "time_signature", "instruments", "drums")
"""What words may decide."""

ENCODERS = ("auto", "words-small", "distilgpt2")

SOUND_TEMPO_BPM = (30.0, 300.0)
SOUND_LUFS = (-70.0, 0.0)
MAX_INSTRUMENTS = 5


@dataclass(frozen=True)
class AudioOptions:
    """What to write after a sound and words, and how freely.

    What is None is read from the words, else found in the sound, else left to the network.

    Attributes:
        text: what the music should be like, such as "calm piano melody, slow, dark".
        lyrics: words of a song whose mood the music should have.
        sound: four seconds of sound to follow, as ``music.audio.features.to_text`` writes them; empty for words only.
        sound_name: what that sound is called.
        sound_tempo_bpm: the tempo that was found in it.
        sound_lufs: how loud it was.
        seconds: how much to write.
        tempo_bpm: quarter notes a minute.
        pace: "slow", "medium" or "fast", where no tempo is given.
        time_signature: one of SIGNATURES.
        key: such as "D minor".
        mode: "major" or "minor", where no key is given.
        loudness: "soft", "medium" or "loud".
        brightness: "dark", "medium" or "bright".
        density: "sparse", "medium" or "dense".
        instruments: who plays, by name, drums too; empty for those of the words, else those that the network hears.
        drums: whether drums play.
        ignore: what the words do not decide, whatever they say: names of WORDS_DECIDE.
        follow: 0 surprises, 0.5 follows the sound as its own continuations do, 1 stays very near.
        temperature: how adventurous; 1 is as the music it learned from.
        seed: the same seed, options, input and checkpoint give the same notes.
        variants: how many versions to write.
        encoder: what makes a vector of the words: "words-small", "distilgpt2", or "auto" for DistilGPT-2 where it has been pulled.
        checkpoint: name of the model in the checkpoint registry.
    """

    text: str = ""
    lyrics: str = ""
    sound: str = ""
    sound_name: str = ""
    sound_tempo_bpm: float | None = None
    sound_lufs: float | None = None
    seconds: float = 20.0
    tempo_bpm: float | None = None
    pace: str | None = None
    time_signature: str | None = None
    key: str | None = None
    mode: str | None = None
    loudness: str | None = None
    brightness: str | None = None
    density: str | None = None
    instruments: tuple[str, ...] = ()
    drums: bool | None = None
    ignore: tuple[str, ...] = ()
    follow: float = 0.6
    temperature: float = 0.8
    seed: int = 0
    variants: int = 1
    encoder: str = "auto"
    checkpoint: str = "audio-small"

    def __post_init__(self) -> None:
        settle(self, _checks, sound=from_text, key=_plain_key, instruments=parse_instrument)


def _plain_key(text: str) -> None:
    """Makes sure that a text names a major or a minor key; the network knows no other."""
    if (key := parse_key(text)).is_church_mode:
        raise StudioError(f"The audio network knows no {key.mode}. Choose {key.plain.name}, or another key.")


def _checks(o: AudioOptions) -> list[Check]:
    """Returns what may be wrong with options of the audio pipeline."""
    low, high = SOUND_TEMPO_BPM
    return [
        (
            max(len(o.text), len(o.lyrics)) > MAX_TEXT,
            f"The words are too long. Keep them under {MAX_TEXT:,} letters.",
        ),
        (
            not MIN_SECONDS <= o.seconds <= MAX_SECONDS,
            f"{o.seconds} seconds cannot be written. Ask for {MIN_SECONDS:.0f} to {MAX_SECONDS:.0f} seconds.",
        ),
        *bar_checks(o),
        (
            o.time_signature is not None and o.time_signature not in SIGNATURES,
            f"The audio network knows no bars of {o.time_signature}. Choose one of {', '.join(SIGNATURES)}.",
        ),
        choice_check("pace", o.pace, tuple(TEMPI_BPM)),
        choice_check("encoder", o.encoder, ENCODERS),
        *(choice_check(name, getattr(o, name), levels) for name, levels in LEVELS.items()),
        *(choice_check("ignore", name, WORDS_DECIDE) for name in o.ignore),
        (
            len(o.instruments) > MAX_INSTRUMENTS,
            f"{len(o.instruments)} instruments are too many. Choose up to {MAX_INSTRUMENTS}.",
        ),
        (
            o.drums is False and any(_is_drums(name) for name in o.instruments),
            "Drums are asked for and ruled out. Leave one of the two.",
        ),
        (not 0 <= o.follow <= 1, f"Following by {o.follow} is out of range. Choose 0 (surprise) to 1 (stay near)."),
        temperature_check(o),
        (
            o.sound_tempo_bpm is not None and not low <= o.sound_tempo_bpm <= high,
            f"The sound's tempo of {o.sound_tempo_bpm} BPM is out of range. Choose {low:.0f} to {high:.0f} BPM.",
        ),
        (
            o.sound_lufs is not None and not SOUND_LUFS[0] <= o.sound_lufs <= SOUND_LUFS[1],
            f"The sound's loudness of {o.sound_lufs} LUFS is out of range. Choose {SOUND_LUFS[0]:.0f} to 0 LUFS.",
        ),
        (
            not 1 <= o.variants <= MAX_VARIANTS,
            f"{o.variants} variants cannot be written at once. Choose 1 to {MAX_VARIANTS}.",
        ),
        seed_check(o),
    ]


def _is_drums(name: str) -> bool:
    try:
        return parse_instrument(name) == DRUMS
    except StudioError:  # said by its own check
        return False
