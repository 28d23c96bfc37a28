"""What a song is to be, in a musician's terms. Imports no model, so pages may use it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from music.arranging.course import COURSES
from music.bars import parse_signature
from music.errors import StudioError
from music.instruments import parse_instrument
from music.theory import MODES, parse_key
from music.tokens.accompaniment import HARMONIES
from music.words.pronunciation import syllable_count
from music.words.verses import Stanza, read_stanzas
from pipelines.options.checks import Check, beat_checks, choice_check, groove_check, seed_check, settle
from pipelines.options.harmonize import MAX_PLAYERS
from pipelines.options.lyrics import MOST_TEXT
from pipelines.song.band_options import check_entry

SONG_SECONDS = (10.0, 300.0)
"""The shortest and the longest song."""

INTRO_BARS, OUTRO_BARS = (0, 16), (1, 8)
"""The shortest and the longest intro and ending; in its last bar a song comes to rest, so there is always one."""

FORMS = (
    "AABA", "verse-chorus", "verse-chorus-bridge", "verse-pre-chorus-chorus", "blues", "march", "through-composed", "loop",
)  # fmt: skip
"""Forms by name; any pattern of 1 to 12 letters A to F, such as "ABAC", is one too."""

MOODS = ("happy", "sad", "dark", "calm", "energetic", "dreamy", "epic", "tense", "romantic", "playful")
TEXTURES = {"pad": "Pad 2 (warm)", "strings": "String Ensemble 2", "choir": "Choir Aahs", "organ": "Church Organ"}
"""What a texture may be of, and who plays it."""
USUAL_BPM = 100.0
"""The tempo of a song whose length is given in bars, where nothing says it."""
ENDINGS = ("ritardando", "fade out", "in tempo")


@dataclass(frozen=True)
class Brief:
    """What a song is to be; None and empty leave the choice to the studio, or to the sketch that it starts from.

    Attributes:
        text: the words that this was understood from, for the record.
        seconds: how long, from the first note to the end of the last; within 5 %.
        form: one of FORMS, or letters.
        tempo_bpm: quarter notes a minute.
        time_signature: such as "3/4".
        key: such as "D minor".
        mode: one of MODES, where only that is asked for.
        genre: one of GENRES.
        moods: some of MOODS.
        instruments: who plays, by name; all of them do, and nobody else, unless they are a bass or drums alone, to whom the
            usual band is added. The first that can carries the melody.
        without: who must not play, by name.
        entries: who joins later: pairs of an instrument and the bar, from 1, in which it enters.
        style: one of HARMONIES: how the melody is accompanied.
        groove: the style that the band plays, as HarmonizeOptions takes it; None: the model writes what it plays.
        swing: True where all eighths swing, False where none do; None leaves it to the style.
        bars: how many bars the sections have together, without intro and ending, where they fit ``seconds``; None leaves it open.
        intro_bars, outro_bars: before the melody begins, and after the last section.
        drop_seconds, drop_bar: when, or with which bar counted from 1, a section begins that all lead to.
        pickup: whether the melody begins with an upbeat.
        course: some of COURSES.
        ending: one of ENDINGS.
        texture: one of TEXTURES that lies under the song; None for none.
        words: what words to sing are about that the studio writes; None for none.
        lyrics: words to sing, as ``music.words.verses`` reads them; None for none.
        seed: the same brief, sketch and checkpoints give the same notes.
    """

    text: str = ""
    seconds: float = 60.0
    form: str | None = None
    tempo_bpm: float | None = None
    time_signature: str | None = None
    key: str | None = None
    mode: str | None = None
    genre: str | None = None
    moods: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    entries: tuple[tuple[str, int], ...] = ()
    style: str | None = None
    groove: str | None = None
    swing: bool | None = None
    bars: int | None = None
    intro_bars: int | None = None
    outro_bars: int | None = None
    drop_seconds: float | None = None
    drop_bar: int | None = None
    pickup: bool = False
    course: tuple[str, ...] = ()
    ending: str | None = None
    texture: str | None = None
    words: str | None = None
    lyrics: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        settle(
            self,
            _brief_checks,
            key=parse_key,
            instruments=parse_instrument,
            without=parse_instrument,
            entries=check_entry,
        )


def seconds_of_bars(bars: float, tempo_bpm: float | None, time_signature: str | None, frame: int = 0) -> float:
    """Returns how long so many bars last, with those of intro and ending, or with one in which the song comes to rest.

    Args:
        bars: of the sections.
        tempo_bpm: quarter notes a minute; None for what is taken where nothing says it.
        time_signature: such as "3/4"; None for 4/4.
        frame: bars of intro and ending.
    """
    beats, unit = parse_signature(time_signature or "4/4")
    return (bars + (frame or 1)) * beats * 4 / unit * 60 / (tempo_bpm or USUAL_BPM)


def _brief_checks(o: Brief) -> list[Check]:
    """Returns what may be wrong with a brief."""
    shortest, longest = SONG_SECONDS
    both = {parse_instrument(n) for n in o.instruments if is_player(n)} & {
        parse_instrument(n) for n in o.without if is_player(n)
    }
    return [
        (
            not shortest <= o.seconds <= longest,
            f"A song of {o.seconds:g} seconds cannot be written. Ask for {shortest:.0f} to {longest:.0f} seconds.",
        ),
        (
            o.form is not None and not is_form(o.form),
            f"The form '{o.form}' is unknown. Choose one of {', '.join(FORMS)}, or letters such as ABAC.",
        ),
        *beat_checks(o),
        choice_check("mode", o.mode, MODES),
        (
            o.mode is not None and o.key is not None and not o.key.endswith(o.mode),
            f"The key {o.key} is not {o.mode}. Give the key alone.",
        ),
        (
            not set(o.moods) <= set(MOODS),
            f"The mood '{', '.join(set(o.moods) - set(MOODS))}' is unknown. Choose from {', '.join(MOODS)}.",
        ),
        (
            len(o.instruments) > MAX_PLAYERS,
            f"{len(o.instruments)} instruments are too many. Choose up to {MAX_PLAYERS}.",
        ),
        (bool(both), f"{_names(o, both)} is both asked for and excluded. Remove it from one of the two."),
        choice_check("style", o.style, HARMONIES),
        groove_check(o),
        *_course_checks(o),
        choice_check("texture", o.texture, tuple(TEXTURES)),
        *lyrics_checks(o.lyrics or "", o.words or ""),
        seed_check(o),
    ]


def _course_checks(o: Brief) -> list[Check]:
    """Returns what may be wrong with how a song is to go from its beginning to its end."""
    (intro, outro) = INTRO_BARS, OUTRO_BARS
    opposite = any(set(pair) <= set(o.course) for pair in (COURSES[:2], COURSES[2:]))
    return [
        (o.bars is not None and o.bars < 1, f"{o.bars} bars are no song. Ask for at least 1."),
        (
            o.intro_bars is not None and not intro[0] <= o.intro_bars <= intro[1],
            f"An intro of {o.intro_bars} bars cannot be written. Choose {intro[0]} to {intro[1]}.",
        ),
        (
            o.outro_bars is not None and not outro[0] <= o.outro_bars <= outro[1],
            f"An ending of {o.outro_bars} bars cannot be written. Choose {outro[0]} to {outro[1]}.",
        ),
        (
            not set(o.course) <= set(COURSES) or opposite,
            f"A song cannot go {' and '.join(o.course)}. Choose from {', '.join(COURSES)}, none beside its opposite.",
        ),
        choice_check("ending", o.ending, ENDINGS),
    ]


def lyrics_checks(text: str, about: str) -> list[Check]:
    """Returns what may be wrong with words to sing, and with what those that are still to be written are about."""
    try:
        stanzas = read_stanzas(text)
    except StudioError as error:
        return [(True, str(error))]
    none = bool(text.strip()) and not about.strip() and not any(map(syllable_count, _lines(stanzas)))
    return [
        (none, "There is no word to sing in the lyrics. Give at least one line of words."),
        (len(about) > MOST_TEXT, f"What the words are about is too long. Keep it under {MOST_TEXT:,} letters."),
    ]


def _lines(stanzas: Iterable[Stanza]) -> Iterator[str]:
    return (line for stanza in stanzas for line in stanza.lines)


def _names(o: Brief, programs: set[int]) -> str:
    return ", ".join(name for name in o.instruments if is_player(name) and parse_instrument(name) in programs)


def is_player(name: str) -> bool:
    """Returns whether a name is that of an instrument."""
    try:
        parse_instrument(name)
    except StudioError:
        return False
    return True


def is_form(text: str) -> bool:
    """Returns whether a text names a form."""
    return text in FORMS or re.fullmatch(r"[A-F]{1,12}", text) is not None
