"""From what is wanted to a plan: form, length, players and seeds, decided by rule. No model; a page may ask at any time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from music.analysis.melody import find_melody
from music.analysis.melody_key import key_of
from music.bars import bar_grid, tempo_map
from music.errors import StudioError
from music.form import theme_of
from music.instruments import BASSES, CHORAL, CHORDAL, DRUMS, instrument_name, parse_instrument
from music.lineups import BANDS, QUIET_BAND
from music.piece import Piece
from music.theory import MODES, Key, Mode, parse_key
from pipelines.harmonize_options import HarmonizeOptions
from pipelines.options import TEMPO_RANGE_BPM, TIME_SIGNATURES
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import TEXTURES, Brief
from pipelines.song.forms import sequences
from pipelines.song.optional_stages import TextureOptions
from pipelines.song.plan import Plan, SectionsOptions, Stage, ThemeOptions
from pipelines.song.room_for_words import density_for, lines_of_themes, quarters_of, room_for_words, words_stage
from pipelines.song.styles import RICH_GROOVES, blues, groove_of

TEMPI = {
    "pop": 104, "rock": 124, "jazz": 120, "folk": 108, "electronic": 122, "latin": 112, "classical": 92, None: 100,
}  # fmt: skip
"""Quarter notes a minute of a genre, where nothing else says how fast. Chosen by ear, not measured."""

PACE = {
    "happy": 1.1, "sad": 0.75, "dark": 0.85, "calm": 0.78, "energetic": 1.2, "dreamy": 0.8, "epic": 0.95, "tense": 1.1,
    "romantic": 0.85, "playful": 1.12,
}  # fmt: skip
"""What a mood makes of a genre's tempo. Chosen by ear, not measured."""

MINOR_MOODS = frozenset({"sad", "dark", "tense", "epic"})
QUIET_MOODS = frozenset({"calm", "dreamy", "sad", "romantic"})
COMMON_KEYS: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 3, 5, 7, 9, 10), "minor": (9, 4, 2, 7, 0, 11, 6), "dorian": (2, 9, 7, 4, 0), "phrygian": (4, 9, 11, 2),
    "lydian": (5, 0, 7, 10), "mixolydian": (7, 2, 9, 0, 5),
}  # fmt: skip
"""Tonics that are easy to play, by mode."""

FORM_OF = {"jazz": "AABA", "folk": "AABA", "classical": "AABA", "electronic": "loop"}
SINGERS: tuple[range | tuple[int, ...], ...] = (
    (40, 41, 42, 110), range(64, 80), range(56, 61), (52, 53, 54, 85), (22, 21, 23, 105, 106, 107, 109, 111), range(80, 88),
    range(48, 52), range(24, 32), range(8), range(8, 16), range(16, 21), range(61, 64), range(128),
)  # fmt: skip
"""Programs by how readily they carry a melody."""

CLOSENESS = 0.05  # how far, at most, a song's length may be from the asked one
_LAYERED = 4  # sections, from which players join one after the other; by ear
_SMALLER_FORM = 0.9  # how much each smaller form than the usual one is disliked, where none was asked for
# How much is disliked, on the scale of _FRAMES and as that not measured: an intro or an ending of more than half a section;
# each bar of melody beyond 32, for each must be written and remembered; a tempo off the usual one (times the logarithm to
# the power of 1.5: 10 % cost 0.26, twice as fast 5.2); a length off the asked one by more than half a percent; a last note
# of less than two beats.
_LONG_FRAME, _NEW_BAR, _OFF_TEMPO, _OFF_LENGTH, _SHORT_END = 0.5, 0.04, 9, 400, 0.3
_MUCH_MELODY_BARS, _EXACT = 32, 0.005
_OTHER_THAN_SKETCH = 1.6  # for sections twice or half as long as the sketch
_ENDLESS = frozenset({"loop"})


class Layout(NamedTuple):
    """How a song fills its time.

    Attributes:
        form: names of sections in order.
        bars: of each section.
        intro, ending: bars before and after them.
        tempo_bpm: quarter notes a minute.
        final_beats: quarter notes of the last bar that sound.
    """

    form: tuple[str, ...]
    bars: int
    intro: int
    ending: int
    tempo_bpm: float
    final_beats: float


def plan_song(brief: Brief, sketch: Piece | None = None) -> Plan:
    """Returns the plan of a song: what the brief says, then what the sketch does, then what suits genre and mood.

    Raises:
        StudioError: what is asked for does not go together.
    """
    chance = np.random.default_rng(brief.seed)
    found = _Sketch(sketch) if sketch is not None and sketch.note_count else None
    signature = brief.time_signature or (found.signature if found else "4/4")
    lead, style, others = _players(brief, found)
    layout = _lay_out(brief, found, signature)
    key = _key(brief, found, chance)
    quiet = bool(QUIET_MOODS & set(brief.moods))
    usual = "high" if "energetic" in brief.moods else None
    themes = tuple(dict.fromkeys(theme_of(name) for name in layout.form))
    words = words_stage(brief, layout.bars * quarters_of(signature))
    lines = lines_of_themes(words.options, layout.form, themes) if words else ()
    instruments = tuple(instrument_name(program) for program in others)
    HarmonizeOptions(style=style, instruments=instruments)  # says what does not fit
    loop = brief.form in _ENDLESS or (brief.form is None and FORM_OF.get(brief.genre or "") in _ENDLESS)
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
                    if brief.genre == "jazz" or brief.groove in RICH_GROOVES
                    else "low"
                    if brief.genre == "folk"
                    else "medium",
                    groove=groove_of(brief, signature, layout.tempo_bpm)
                    if style in ("bass", "piano", "band")
                    else None,
                    chords=blues(key) if brief.form == "blues" else (),
                    seed=brief.seed,
                ),
            ),
            Stage(
                "mix",
                MixOptions(
                    dynamics=85.0 if {"epic", "tense"} & set(brief.moods) else 40.0 if quiet else 60.0,
                    # voices of a hymn and hands of a pianist belong together
                    layers=style == "band" and not brief.entries and len(layout.form) >= _LAYERED,
                    fills="calm" not in brief.moods,
                    entries=brief.entries,
                    ritardando=not loop and (quiet or brief.genre in ("classical", "folk", "jazz")),
                    seed=brief.seed,
                ),
            ),
            *([texture_stage(brief)] if brief.texture else []),
            *([words] if words else []),
        ),
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


def _lay_out(brief: Brief, sketch: _Sketch | None, signature: str) -> Layout:
    """Returns the layout that suits form and tempo best and lasts as long as asked."""
    quarters = quarters_of(signature)
    tempo = brief.tempo_bpm or (sketch.tempo_bpm if sketch else None)
    usual_form = FORM_OF.get(brief.genre or "") or ("verse-chorus" if brief.seconds > 75 else "AABA")
    words = room_for_words(brief)
    usual_form = words.form if words else usual_form
    forms = [brief.form] if brief.form else [usual_form, "ABA", "AB", "A"]
    usual = TEMPI[brief.genre] * math.prod(PACE[mood] for mood in brief.moods) ** (1 / max(1, len(brief.moods)))
    best: tuple[float, Layout] | None = None
    for names, dislike in (
        (names, cost + _SMALLER_FORM * n) for n, form in enumerate(forms) for names, cost in sequences(form)
    ):
        for bars, odd in _BLUES_BARS if brief.form == "blues" else _section_lengths(sketch):
            room = words.dislike(names, bars, quarters) if words else 0.0
            for intro, ending, plain in _FRAMES:
                if intro > bars or (bars < 4 and intro + ending > 2):
                    continue
                total = len(names) * bars + intro + ending
                cost = dislike + odd + room + plain + _LONG_FRAME * ((2 * intro > bars) + (2 * ending > bars))
                cost += _NEW_BAR * max(0, bars * len({theme_of(name) for name in names}) - _MUCH_MELODY_BARS)
                if tempo is None:
                    fitting = round(60 * quarters * total / brief.seconds)
                    if not TEMPO_RANGE_BPM[0] <= fitting <= TEMPO_RANGE_BPM[1]:
                        continue
                    cost += _OFF_TEMPO * abs(math.log(fitting / usual)) ** 1.5
                    layout = Layout(names, bars, intro, ending, float(fitting), quarters)
                else:
                    beats = brief.seconds * tempo / 60 - (total - 1) * quarters
                    final = float(np.clip(round(beats), 1, max(1, math.floor(quarters))))
                    if abs(beats - quarters) < 0.5:
                        final = quarters
                    lasts = ((total - 1) * quarters + final) * 60 / tempo
                    cost += _OFF_LENGTH * max(0.0, abs(lasts / brief.seconds - 1) - _EXACT) + (final < 2) * _SHORT_END
                    layout = Layout(names, bars, intro, ending, tempo, final)
                if best is None or cost < best[0]:
                    best = cost, layout
    if best is None:
        raise StudioError(f"A song of {brief.seconds:g} seconds does not fit this form. Ask for another length.")
    found = best[1]
    whole = (len(found.form) * found.bars + found.intro + found.ending - 1) * quarters + found.final_beats
    if abs(whole * 60 / found.tempo_bpm / brief.seconds - 1) > CLOSENESS:
        raise StudioError(
            f"{brief.seconds:g} seconds are not possible in {signature} at {found.tempo_bpm:g} BPM in this form. "
            "Ask for a longer song, another form or a faster tempo."
        )
    return found


_FRAMES = (
    (2, 2, 0.0), (4, 2, 0.1), (2, 1, 0.15), (4, 4, 0.3), (2, 4, 0.3), (4, 1, 0.25), (1, 1, 0.4), (1, 2, 0.4), (0, 1, 0.6),
    (0, 2, 0.6), (2, 3, 0.5), (4, 3, 0.5), (3, 2, 0.8), (0, 3, 0.9),
)  # fmt: skip
"""Bars of intro and ending, and how much they are disliked. All dislikes here and below are one scale on which 1 is a form
that a listener would find odd; chosen by hand, by whom and how is not known, and not measured."""


_BLUES_BARS = ((12, 0.0), (8, 2.0), (4, 3.0))
"""Bars of a chorus of blues: twelve, but where the time is too short for them."""


def _section_lengths(sketch: _Sketch | None) -> Iterator[tuple[int, float]]:
    """Yields lengths of a section in bars, and how much each is disliked."""
    usual = {
        8: 0.0,
        4: 0.35,
        16: 0.8,
        12: 1.0,
        6: 1.0,
        10: 1.6,
        2: 2.2,
        14: 1.8,
        5: 2.5,
        7: 2.5,
        3: 2.8,
        9: 2.8,
        1: 4.0,
    }
    for bars, dislike in usual.items():
        yield (
            bars,
            dislike + (_OTHER_THAN_SKETCH * abs(math.log2(bars / min(16, max(2, sketch.bars)))) if sketch else 0.0),
        )
