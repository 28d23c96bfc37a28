"""From what is wanted to a plan: form, length, players and seeds, decided by rule. No model; a page may ask at any time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from music.analysis.melody import find_melody
from music.analysis.melody_key import key_of
from music.arranging.idioms import IDIOMS, idiom_of
from music.bars import bar_grid, tempo_map
from music.errors import StudioError
from music.form import theme_of
from music.instruments import BASSES, CHORAL, CHORDAL, DRUMS, instrument_name, parse_instrument
from music.lineups import BANDS, GROOVE_BANDS, QUIET_BAND
from music.piece import Piece
from music.theory import MODES, Key, Mode, parse_key
from pipelines.options.checks import TEMPO_RANGE_BPM, TIME_SIGNATURES
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import TEXTURES, Brief
from pipelines.song.layout import FORM_OF, Layout, lay_out, pickup_quarters
from pipelines.song.optional_stages import TextureOptions
from pipelines.song.plan import Plan, SectionsOptions, Stage, ThemeOptions
from pipelines.song.room_for_words import density_for, lines_of_themes, quarters_of, words_stage
from pipelines.song.styles import blues, feel_of, groove_of

MINOR_MOODS = frozenset({"sad", "dark", "tense", "epic"})
QUIET_MOODS = frozenset({"calm", "dreamy", "sad", "romantic"})
COMMON_KEYS: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 3, 5, 7, 9, 10), "minor": (9, 4, 2, 7, 0, 11, 6), "dorian": (2, 9, 7, 4, 0), "phrygian": (4, 9, 11, 2),
    "lydian": (5, 0, 7, 10), "mixolydian": (7, 2, 9, 0, 5),
}  # fmt: skip
"""Tonics that are easy to play, by mode."""

SINGERS: tuple[range | tuple[int, ...], ...] = (
    (40, 41, 42, 110), range(64, 80), range(56, 61), (52, 53, 54, 85), (22, 21, 23, 105, 106, 107, 109, 111), range(80, 88),
    range(48, 52), range(24, 32), range(8), range(8, 16), range(16, 21), range(61, 64), range(128),
)  # fmt: skip
"""Programs by how readily they carry a melody."""


def plan_song(brief: Brief, sketch: Piece | None = None) -> Plan:
    """Returns the plan of a song: what the brief says, then what the sketch does, then what suits genre and mood.

    Raises:
        StudioError: what is asked for does not go together.
    """
    chance = np.random.default_rng(brief.seed)
    found = _Sketch(sketch) if sketch is not None and sketch.note_count else None
    signature = brief.time_signature or (found.signature if found else "4/4")
    lead, style, others = _players(brief, found)
    layout = lay_out(brief, found, signature)
    key = _key(brief, found, chance)
    quiet = bool(QUIET_MOODS & set(brief.moods))
    usual = "high" if "energetic" in brief.moods or brief.genre == "jazz" else None  # of jazz, eighths are what swings
    themes = tuple(dict.fromkeys(theme_of(name) for name in layout.form))
    words = words_stage(brief, layout.bars * quarters_of(signature))
    lines = lines_of_themes(words.options, layout.form, themes) if words else ()
    instruments = tuple(instrument_name(program) for program in others)
    HarmonizeOptions(style=style, instruments=instruments)  # says what does not fit
    groove = groove_of(brief, signature, layout.tempo_bpm) if style in ("bass", "piano", "band") else None
    idiom = "blues" if brief.form == "blues" else idiom_of(groove, brief.genre) if style != "chorale" else None
    return Plan(
        brief,
        (
            Stage(
                "theme",
                ThemeOptions(
                    sections=themes,
                    bars=layout.bars,
                    lead=instrument_name(lead),
                    key=key.name,
                    tempo_bpm=layout.tempo_bpm,
                    time_signature=signature,
                    genre=brief.genre,
                    density=density_for(lines, layout.bars * quarters_of(signature))
                    if lines
                    else "low"
                    if quiet
                    else usual,
                    lines=lines,
                    seed=brief.seed,
                ),
            ),
            Stage(
                "sections",
                SectionsOptions(
                    form=layout.form,
                    intro_bars=layout.intro,
                    ending_bars=layout.ending,
                    final_beats=layout.final_beats,
                    seed=brief.seed,
                ),
            ),
            Stage(
                "harmony",
                HarmonyOptions(
                    style=style,
                    instruments=instruments,
                    complexity="high"
                    if IDIOMS[idiom or "plain"].sevenths == "all"
                    else "low"
                    if brief.genre == "folk"
                    else "medium",
                    idiom=idiom,
                    groove=groove,
                    chords=blues(key) if brief.form == "blues" else (),
                    seed=brief.seed,
                ),
            ),
            Stage("mix", _mix(brief, layout, style, signature, groove)),
            *([texture_stage(brief)] if brief.texture else []),
            *([words] if words else []),
        ),
    )


def _mix(brief: Brief, layout: Layout, style: str, signature: str, groove: str | None) -> MixOptions:
    """Returns how the sections follow each other, and how the song goes as a whole."""
    quiet = bool(QUIET_MOODS & set(brief.moods))
    loop = brief.form in _ENDLESS or (brief.form is None and FORM_OF.get(brief.genre or "") in _ENDLESS)
    slows = not loop and (quiet or brief.genre in ("classical", "folk", "jazz"))
    layered = style == "band" and not brief.entries and len(layout.form) >= _LAYERED
    whole = bool({"louder", "quieter"} & set(brief.course))
    strong = {"epic", "tense"} & set(brief.moods) or layout.drop
    return MixOptions(
        dynamics=100.0 if whole else 85.0 if strong else 40.0 if quiet else 60.0,
        # voices of a hymn and hands of a pianist belong together
        layers=layered and not {"denser", "sparser"} & set(brief.course),
        fills="calm" not in brief.moods,
        entries=brief.entries,
        ritardando=brief.ending == "ritardando" or brief.ending is None and slows,
        feel=feel_of(brief, groove),
        course=brief.course,
        pickup=pickup_quarters(brief, signature),
        drop=layout.drop,
        fade=min(_FADE_BARS, max(2, layout.total // 4)) if brief.ending == "fade out" else 0,
        seed=brief.seed,
    )


def texture_stage(brief: Brief) -> Stage:
    """Returns the stage that lays a texture under a song: the one that is asked for, a pad where none is.

    Where its player is excluded another one takes its place.

    Raises:
        StudioError: all who could are excluded.
    """
    without = {parse_instrument(name) for name in brief.without}
    names = [TEXTURES[brief.texture or "pad"], *TEXTURES.values()]
    free = [name for name in names if parse_instrument(name) not in without]
    if not free:
        raise StudioError("All who could play a texture are excluded. Take one of them back, or leave the texture out.")
    return Stage("texture", TextureOptions(text=brief.text, instrument=free[0], seed=brief.seed))


_LAYERED = 4  # sections, from which players join one after the other; by ear
_FADE_BARS = 8  # of a fade out, at most: some 15 to 20 seconds, as on records; by ear
_ENDLESS = frozenset({"loop", "club"})


class _Sketch:
    """What a sketch says of the song that begins with it."""

    def __init__(self, piece: Piece) -> None:
        score = piece.score
        melody = find_melody(score)
        if melody is None:
            raise StudioError("There is no melody in the sketch. Give a file with a tune in it, or none.")
        bars = bar_grid(score)
        numerator, denominator = bars[0][2:]
        written = f"{numerator}/{denominator}"
        self.signature = written if written in TIME_SIGNATURES else "4/4"
        self.tempo_bpm = round(float(np.clip(tempo_map(score)[2][0], *TEMPO_RANGE_BPM)), 2)  # files hold microseconds
        self.key: Key = key_of(score, melody)
        self.lead = score.tracks[melody].program
        notes = score.tracks[melody].notes.numpy()
        self.bars = sum(bar.start < int((notes["time"] + notes["duration"]).max()) for bar in bars)
        self.bars -= sum(bar.end <= int(notes["time"].min()) for bar in bars)


def _players(brief: Brief, sketch: _Sketch | None) -> tuple[int, str, tuple[int, ...]]:
    """Returns the program of the lead, the style of the accompaniment, and the programs that accompany."""
    without = {parse_instrument(name) for name in brief.without}
    asked = wanted = tuple(dict.fromkeys(parse_instrument(name) for name in brief.instruments))
    given = any(program != DRUMS and program not in BASSES for program in asked)
    if not given:  # drums or a bass alone stand for a band that has them
        asked = tuple(parse_instrument(name) for name in _usual_band(brief))
        own_bass = bool(set(wanted) & set(BASSES))
        asked = tuple(dict.fromkeys((*(p for p in asked if not (own_bass and p in BASSES)), *wanted)))
        if brief.style == "chorale":
            asked = (52,)  # a choir
        if sketch is not None:
            asked = (sketch.lead, *(program for program in asked[1:] if program != sketch.lead))
        asked = tuple(program for program in asked if program not in without)
        if all(program == DRUMS or program in BASSES for program in asked):
            asked = (*_stand_in(without), *asked)
    pitched = [program for program in asked if program != DRUMS and program not in BASSES]
    if not pitched:
        raise StudioError("There is nobody to play the melody. Ask for an instrument with pitches too, such as piano.")
    lead = pitched[0] if not given else min(pitched, key=_readiness)
    if sketch is not None and sketch.lead in pitched:
        lead = sketch.lead
    others = tuple(program for program in asked if program != lead)
    if others and all(program == DRUMS or program in BASSES for program in others) and lead in CHORDAL:
        others = (lead, *others)  # somebody must play the chords
    style = brief.style
    if style is None:
        style = _style(lead, others)
        style = "band" if style == "chorale" and brief.groove and len(others) > 1 else style  # a choir plays no march
    elif not given:  # as many of the usual band as the style needs
        accompanying = tuple(program for program in others if program != DRUMS)
        chosen = {"chords": accompanying[:1], "piano": tuple(p for p in others if p in CHORDAL)[:1] or (lead,)}
        chosen |= {"bass": tuple(p for p in others if p in BASSES)[:1], "chorale": (lead,)}
        others = chosen.get(style, others)
        others += tuple(program for program in wanted if program not in (lead, *others))
    if style == "chorale" and len(others) == 2:
        others = (others[0], *others)
    return lead, style, others or (lead,)  # an empty list would be the style's own choice


def _usual_band(brief: Brief) -> tuple[str, ...]:
    if brief.groove in GROOVE_BANDS:
        return GROOVE_BANDS[brief.groove]
    if QUIET_MOODS & set(brief.moods) and brief.genre in (None, "classical"):
        return QUIET_BAND
    return BANDS[brief.genre]


def _stand_in(without: set[int]) -> tuple[int, ...]:
    """Returns two players who are not excluded."""
    free = [program for names in BANDS.values() for program in map(parse_instrument, names) if program not in without]
    return tuple(dict.fromkeys(program for program in free if program != DRUMS and program not in BASSES))[:2]


def _readiness(program: int) -> int:
    return next(rank for rank, programs in enumerate(SINGERS) if program in programs)


def _style(lead: int, others: Sequence[int]) -> str:
    """Returns the style that lets these players accompany, and all of them play."""
    if not others:
        return "piano" if lead in CHORDAL else "chorale"
    if len(others) == 1 and others[0] in BASSES:
        return "bass"
    if len(others) == 1 and others[0] in CHORDAL:
        return "piano"
    if len(others) in (2, 3) and all(program in CHORAL for program in (lead, *others)):
        return "chorale"
    return "band"


def _key(brief: Brief, sketch: _Sketch | None, chance: np.random.Generator) -> Key:
    if brief.key:
        return parse_key(brief.key)
    if sketch is not None and brief.mode in (None, sketch.key.mode):
        return sketch.key
    minor = sum(mood in MINOR_MOODS for mood in brief.moods) * 2 > len(brief.moods)
    mode = next((one for one in MODES if one == brief.mode), "minor" if minor else "major")
    if sketch is not None:
        return Key(sketch.key.tonic, mode)
    return Key(int(chance.choice(COMMON_KEYS[mode])), mode)
