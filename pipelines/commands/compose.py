"""The verb of the command line that makes a whole song: words and wishes in, a song folder out."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from music.arranging.course import COURSES
from music.arranging.swing import FEELS
from music.errors import StudioError
from music.instruments import parse_instrument
from music.piece import Piece
from music.tokens.accompaniment import HARMONIES
from music.tokens.conditions import GENRES
from music.words.verses import MAX_CHARACTERS
from pipelines.commands.flags import Verbs, names_in, number_in
from pipelines.commands.running import Show
from pipelines.commands.source import read_source, read_text
from pipelines.descriptors.stages import STAGES
from pipelines.options.checks import TIME_SIGNATURES
from pipelines.options.harmonize import MAX_PLAYERS
from pipelines.options.text import parse_drop, parse_entries
from pipelines.recipes import check_input
from pipelines.song.brief import ENDINGS, FORMS, SONG_SECONDS, TEXTURES, Brief, seconds_of_bars
from pipelines.song.plan import Plan
from pipelines.song.recipe import SKETCH, SongRecipe, check_song, check_stage, read_song_recipe, song_title

_EFFORT_OF_FILES = 34
"""How long writing the files takes beside the stages, see ``StageDescriptor.effort``."""

_FLAGS = {
    "seconds": "length", "form": "form", "tempo_bpm": "tempo", "time_signature": "time-signature", "key": "key",
    "genre": "genre", "instruments": "instruments", "without": "without", "style": "style", "groove": "groove",
    "swing": "feel", "bars": "bars", "intro_bars": "intro", "outro_bars": "outro", "drop": "drop", "pickup": "pickup",
    "course": "course", "ending": "ending", "entries": "entries", "texture": "texture", "words": "words", "lyrics": "lyrics",
    "seed": "seed",
}  # fmt: skip


def add_compose(verbs: Verbs) -> None:
    """Adds the verb that makes a whole song."""
    parser = verbs.add_parser(
        "compose",
        help="make a whole song from a sentence, in a folder with everything",
        description="Makes a whole song: themes, sections, chords, a band and the mix. Writes a folder with MIDI, sound, "
        "stems, sheets, the recipe and a README. What is said by a flag counts more than the words.",
        epilog="Example: python -m pipelines compose --text 'a slow, dark waltz for strings and piano, one minute' "
        "--seed 7 --out waltz",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="where the song goes; an earlier song there makes way"
    )
    parser.add_argument("--text", metavar="WORDS", help="what the song is to be, in plain words")
    parser.add_argument("--midi", metavar="IN.mid", help="a melody or sketch that it begins from, MIDI or MusicXML")
    parser.add_argument("--title", metavar="TITLE", help="of the song; taken from the words unless said")
    usual, (low, high) = Brief(), SONG_SECONDS
    wishes = parser.add_argument_group("what song (each is free unless said)")
    wishes.add_argument(
        "--length",
        dest="seconds",
        metavar="SECONDS",
        type=number_in,
        help=f"how long, {low:.0f} to {high:.0f} ({usual.seconds:.0f} unless said)",
    )
    wishes.add_argument("--form", metavar="FORM", help=f"{', '.join(FORMS)}, or letters such as ABAC")
    wishes.add_argument("--style", metavar="|".join(HARMONIES), help="how the melody is accompanied")
    wishes.add_argument("--groove", metavar="STYLE", type=str.lower, help="what the band plays, such as 'bossa nova'")
    wishes.add_argument(
        "--texture", metavar="|".join(TEXTURES), help="what lies under the whole song; nothing unless said"
    )
    wishes.add_argument("--words", metavar="THEME", help="what words to sing are about, such as 'the last train home'")
    wishes.add_argument(
        "--lyrics", metavar="FILE", type=Path, help="words to sing: lines, stanzas, headings such as [Chorus]"
    )
    wishes.add_argument("--key", metavar="KEY", help="such as 'D minor', F# or Bb")
    wishes.add_argument("--tempo", dest="tempo_bpm", metavar="BPM", type=number_in, help="quarter notes a minute")
    wishes.add_argument("--time-signature", metavar="3/4", help="such as 4/4, 3/4 or 6/8")
    wishes.add_argument("--genre", metavar="GENRE", help=", ".join(GENRES))
    wishes.add_argument(
        "--instruments",
        metavar="A,B,C",
        type=names_in,
        help=f"who plays, up to {MAX_PLAYERS}, such as violin,piano,bass; the first that can has the melody",
    )
    wishes.add_argument("--without", metavar="A,B", type=names_in, help="who must not play")
    _add_course(parser.add_argument_group("how it goes (each is free unless said)"))
    run = parser.add_argument_group("this run")
    run.add_argument("--seed", metavar="N", type=int, help="the same seed and wishes give the same notes")
    run.add_argument(
        "--recipe",
        metavar="FILE",
        type=Path,
        help=f"make again the song of a folder's recipe.json; a {SKETCH} beside it is found by itself",
    )
    parser.set_defaults(run=_compose, write=_write)


def _add_course(group: Any) -> None:
    """Adds the flags that say how a song goes from its beginning to its end."""
    group.add_argument(
        "--feel",
        dest="swing",
        metavar="|".join(FEELS),
        type=_feel,
        help="whether all eighths swing, or none do; the style's own unless said",
    )
    group.add_argument("--bars", metavar="N", type=int, help="bars of all sections together, without intro and ending")
    group.add_argument(
        "--intro", dest="intro_bars", metavar="BARS", type=int, help="before the melody begins; 0 for none"
    )
    group.add_argument("--outro", dest="outro_bars", metavar="BARS", type=int, help="after the last section, 1 to 8")
    group.add_argument(
        "--drop",
        metavar="0:45|'bar 17'",
        type=parse_drop,
        help="a section begins there with all players, after a break",
    )
    group.add_argument("--pickup", action="store_true", help="the melody begins with an upbeat")
    group.add_argument(
        "--course", metavar="A,B", type=names_in, help=f"how it changes towards its end: {', '.join(COURSES)}"
    )
    group.add_argument("--ending", metavar="|".join(ENDINGS), help="how it ends")
    group.add_argument(
        "--entries",
        metavar="'drums 5, bass 9'",
        type=parse_entries,
        help="who joins later, in which bar counted from 1",
    )


def _feel(text: str) -> bool:
    if text not in FEELS:
        raise StudioError(f"The feel '{text}' is unknown. Choose one of {', '.join(FEELS)}.")
    return text == FEELS[0]


def _compose(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the files of the song's folder, by their paths."""
    from pipelines.song.folder import check_song_folder, song_files

    check_song_folder(asked.out)
    given = {name: getattr(asked, name) for name in _FLAGS if hasattr(asked, name)}
    if "lyrics" in given:
        given["lyrics"] = read_text(given["lyrics"], MAX_CHARACTERS)
    if hasattr(asked, "recipe"):
        _refuse_beside_recipe(asked, given)
        recipe, plan = (found := read_song_recipe(asked.recipe)), found.plan
        sketch = _sketch_of(asked, recipe, show)
        check_input(recipe.values, sketch)
    else:
        recipe, sketch = None, read_source(asked.midi, show.say) if hasattr(asked, "midi") else Piece.empty()
        plan = _plan(getattr(asked, "text", ""), given, sketch, show)
    song = _sing(plan, sketch, recipe, show)
    if recipe is None:
        song = song.replace(title=getattr(asked, "title", "").strip() or song_title(song, plan))
    else:
        song = song.replace(title=recipe.title)
        check_song(recipe, song)

    def progress(share: float) -> None:
        _tell(show, plan, len(plan.stages), share, "sound and sheets")

    files = song_files(song, plan, sketch if sketch.note_count else None, progress=progress)
    return {asked.out / name: data for name, data in files.items()}


def _write(files: Mapping[Path, bytes]) -> None:
    from pipelines.song.folder import write_song_folder

    write_song_folder(files)


def _sing(plan: Plan, sketch: Piece, recipe: SongRecipe | None, show: Show) -> Piece:
    """Returns what the stages of a plan make, each checked against the recipe as soon as it is done."""
    from pipelines.compose import compose

    done = 0
    for step in compose(sketch, plan):
        now = plan.stages[min(int(step.done), len(plan.stages) - 1)].pipeline
        _tell(show, plan, step.done, 0.0, now)
        if recipe is not None and int(step.done) > done:
            check_stage(recipe, done, step.piece)
        done = int(step.done)
    if recipe is not None and len(recipe.stages) < len(plan.stages):
        show.say(f"note: the recipe's song was stopped after {len(recipe.stages)} stages; this one is whole")
    for remark in step.remarks:
        show.say(f"note: {remark}")
    return step.piece


def _tell(show: Show, plan: Plan, stages: float, files: float, what: str) -> None:
    """Shows how much of all is done when so many stages are, and this share of the files."""
    times = [STAGES[stage.pipeline].effort for stage in plan.stages]
    done = sum(time * min(1.0, max(0.0, stages - number)) for number, time in enumerate(times))
    show(round(100 * (done + _EFFORT_OF_FILES * files) / (sum(times) + _EFFORT_OF_FILES)), 100, "%", what)


def _plan(text: str, given: Mapping[str, Any], sketch: Piece, show: Show) -> Plan:
    """Returns the plan of a song; says what was understood."""
    from pipelines.prompt.understand import understand
    from pipelines.song.planning import plan_song

    understood = understand(text)
    brief = with_flags(understood.brief, given)
    for line in understood_lines(understood):
        show.say(line)
    return plan_song(brief, sketch)


def with_flags(brief: Brief, given: Mapping[str, Any]) -> Brief:
    """Returns what is wanted by words and by flags; what a flag says counts more, where the two cannot go together.

    Raises:
        StudioError: a value is refused, or flags contradict each other.
    """
    changes = dict(given)
    if "drop" in given:
        changes["drop_seconds"], changes["drop_bar"] = changes.pop("drop")
    if "bars" in given and "seconds" not in given:
        asked = {
            name: given.get(name, getattr(brief, name))
            for name in ("tempo_bpm", "time_signature", "intro_bars", "outro_bars")
        }
        frame = (asked["intro_bars"] or 0) + (asked["outro_bars"] or 0)
        signature = asked["time_signature"] if asked["time_signature"] in TIME_SIGNATURES else None  # refused below
        changes["seconds"] = seconds_of_bars(given["bars"], asked["tempo_bpm"], signature, frame)
    if "key" in given:
        changes["mode"] = None
    if "instruments" in given and "without" not in given:
        changes["without"] = _others(brief.without, given["instruments"])
    if "without" in given and "instruments" not in given:
        changes["instruments"] = _others(brief.instruments, given["without"])
    return dataclasses.replace(brief, **changes)


def _others(names: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    """Returns the instruments that are not among those taken, whatever they are called there."""
    programs = {parse_instrument(name) for name in taken}
    return tuple(name for name in names if parse_instrument(name) not in programs)


def understood_lines(understood: Any) -> list[str]:
    """Returns what to tell of an Understanding: what each word means, what means nothing, and the notes."""
    lines = []
    if understood.found:
        found = (
            f"'{one.words}' = {one.field.removesuffix('_bpm').replace('_', ' ')} {_said(one.value)}"
            for one in understood.found
        )
        lines.append(f"understood: {'; '.join(found)}")
    if understood.unknown:
        lines.append(f"not understood: {', '.join(understood.unknown)}")
    return lines + [f"note: {note}" for note in understood.notes]


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def _refuse_beside_recipe(asked: argparse.Namespace, given: Mapping[str, Any]) -> None:
    other = [_FLAGS[name] for name in given] + [name for name in ("text", "title") if hasattr(asked, name)]
    if other:
        raise StudioError(f"--recipe and --{other[0]} cannot go together. Leave one of them out.")


def _sketch_of(asked: argparse.Namespace, recipe: SongRecipe, show: Show) -> Piece:
    """Returns what the song of a recipe began from: the file that is given, else the one beside the recipe."""
    beside = asked.recipe.with_name(SKETCH)
    if hasattr(asked, "midi"):
        return read_source(asked.midi, show.say)
    if recipe.values["input"] == Piece.empty().fingerprint:
        return Piece.empty()
    if not beside.is_file():
        raise StudioError(f"The song began from a sketch. Put its {SKETCH} beside the recipe, or give it with --midi.")
    return read_source(beside, show.say)
