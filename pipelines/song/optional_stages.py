"""Options of the stages that a song has only where they are asked for: a texture, and words."""

from __future__ import annotations

from dataclasses import dataclass

from music.instruments import PADS, parse_instrument
from music.words.spelling import LANGUAGES
from music.words.verses import read_stanzas
from pipelines.options.checks import Check, choice_check, seed_check, settle, temperature_check
from pipelines.options.lyrics import FEWEST_SYLLABLES, MOODS, MOST_LINES, MOST_SYLLABLES, RHYMES
from pipelines.song.brief import is_player, lyrics_checks

TEXTURE_DENSITIES = ("sparse", "medium", "dense")


@dataclass(frozen=True)
class TextureOptions:
    """A pad under the finished song, by the audio network; only where it is asked for.

    Attributes:
        text: words that say what the song is like.
        instrument: who holds it, by name: a synthesizer pad, strings, a choir or an organ.
        density: one of TEXTURE_DENSITIES: struck with the chords and bars, with every other beat too, or with every beat.
        follow: how much the network heeds the sound of the song: 0 not at all, 0.5 as it learned to, 1 twice as much.
        temperature: how adventurous.
        seed: the same seed gives the same notes.
        checkpoint: of the pipeline Audio.
    """

    text: str = ""
    instrument: str = "Pad 2 (warm)"
    density: str = "sparse"
    follow: float = 0.5
    temperature: float = 0.8
    seed: int = 0
    checkpoint: str = "audio-small"

    def __post_init__(self) -> None:
        settle(self, _texture_checks, instrument=parse_instrument)


def _texture_checks(o: TextureOptions) -> list[Check]:
    """Returns what may be wrong with options of the stage texture."""
    return [
        (
            is_player(o.instrument) and parse_instrument(o.instrument) not in PADS,
            f"'{o.instrument}' cannot hold a texture. Choose a pad, strings, a choir or an organ.",
        ),
        choice_check("density", o.density, TEXTURE_DENSITIES),
        (not 0 <= o.follow <= 1, f"Following by {o.follow} is out of range. Choose 0 (surprise) to 1 (stay near)."),
        temperature_check(o),
        seed_check(o),
    ]


@dataclass(frozen=True)
class WordsOptions:
    """Words on the melody of a song; only where they are asked for.

    Attributes:
        text: the lyrics, as ``music.words.verses`` reads them; stanzas that have a heading and no lines are written by the
            pipeline Lyrics, and so are all where there is no text.
        about: what those that are written are about, in a few English words.
        lines: of a stanza that is written.
        syllables: of each of its lines.
        rhyme: one of RHYMES.
        mood: one of MOODS, or None.
        language: one of LANGUAGES, by whose rules words are taken apart.
        bend: whether notes are split and joined where a verse has more or fewer syllables than the melody has notes.
        seed: the same seed gives the same words.
        checkpoint: of the pipeline Lyrics.
    """

    text: str = ""
    about: str = ""
    lines: int = 4
    syllables: int = 8
    rhyme: str = "ABAB"
    mood: str | None = None
    language: str = "en"
    bend: bool = True
    seed: int = 0
    checkpoint: str = "lyrics-small"

    def __post_init__(self) -> None:
        settle(self, _words_checks)


def _words_checks(o: WordsOptions) -> list[Check]:
    """Returns what may be wrong with options of the stage words."""
    problems = lyrics_checks(o.text, o.about)
    stanzas = () if any(bad for bad, _ in problems) else read_stanzas(o.text)
    missing = next((stanza.name for stanza in stanzas if not stanza.lines), None)
    return [
        (
            missing is not None and not o.about.strip(),
            f"There are no words for {missing}. Type them, or say what they are about.",
        ),
        *problems,
        (not 2 <= o.lines <= MOST_LINES, f"{o.lines} lines cannot be written. Choose 2 to {MOST_LINES}."),
        (
            not FEWEST_SYLLABLES <= o.syllables <= MOST_SYLLABLES,
            f"Lines of {o.syllables} syllables cannot be written. Choose {FEWEST_SYLLABLES} to {MOST_SYLLABLES}.",
        ),
        choice_check("rhyme", o.rhyme, RHYMES),
        choice_check("mood", o.mood, MOODS),
        choice_check("language", o.language, tuple(LANGUAGES)),
        seed_check(o),
    ]
