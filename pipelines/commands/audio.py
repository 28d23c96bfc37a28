"""The verb of the command line that writes music after words and a sound."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from music.errors import StudioError
from music.files.midi import midi_bytes
from music.piece import Piece
from pipelines.commands.flags import Verbs, names_in, number_in
from pipelines.commands.running import Show
from pipelines.commands.source import read_text
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.audio import MAX_TEXT, SIGNATURES, TEMPI_BPM, AudioOptions
from pipelines.options.transcribe import MAX_TITLE, TranscribeOptions
from pipelines.patches.wishes import LEVELS
from pipelines.recipes import check_input, read_recipe, recipe_beside, same_again, with_checkpoint_here
from pipelines.sound import SYNTHESES, check_synthesis

SOUNDS = (".wav", ".mp3", ".flac", ".ogg")
ENDINGS = (*SOUNDS, ".mid", ".midi")
_FLAGS = {
    "tempo_bpm": "tempo",
    "lyrics_file": "lyrics",
    "sound_file": "sound",
    "sound_from": "from",
    "goes_on": "continue",
}
"""What flags are called whose values are not named after them; the last four are no options."""


def add_audio(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = verbs.add_parser(
        "audio",
        help="write music after words and a sound",
        description="Writes music with a model after words, four seconds of sound, or both: as sound, or as a MIDI file.",
        epilog="Example: python -m pipelines audio --text 'calm piano melody, slow, dark' --seconds 20 --out calm.mp3",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--text", metavar="WORDS", help="what the music should be like")
    parser.add_argument("--lyrics", dest="lyrics_file", metavar="FILE", type=Path, help="words of a song, for its mood")
    parser.add_argument(
        "--sound", dest="sound_file", metavar="IN", type=Path, help="a sound to follow: WAV, FLAC, OGG or MP3"
    )
    parser.add_argument(
        "--from", dest="sound_from", metavar="S", type=number_in, help="the second of IN from which four are heard"
    )
    parser.add_argument("--continue", dest="goes_on", action="store_true", help="go on where IN ends, in its rhythm")
    parser.add_argument(
        "--out", metavar="OUT.(wav|mp3|flac|ogg|mid)", type=Path, required=True, help="where the result goes"
    )
    parser.add_argument("--synthesis", metavar="|".join(SYNTHESES), help="how notes become sound (played unless said)")
    usual = AudioOptions()
    what = parser.add_argument_group("what music (read from the words, else heard in the sound, unless said)")
    what.add_argument(
        "--seconds", metavar="S", type=number_in, help=f"how much to write ({usual.seconds:.0f} unless said)"
    )
    what.add_argument("--tempo", dest="tempo_bpm", metavar="BPM", type=number_in, help="quarter notes a minute")
    what.add_argument("--pace", metavar="|".join(TEMPI_BPM), type=str.lower, help="where no tempo is given")
    what.add_argument("--time-signature", metavar="4/4", help=", ".join(SIGNATURES))
    what.add_argument("--key", metavar="KEY", help="such as 'D minor', F# or Bb")
    for name, levels in LEVELS.items():
        what.add_argument(f"--{name}", metavar="|".join(levels), type=str.lower)
    what.add_argument("--instruments", metavar="A,B,C", type=names_in, help="who plays, such as piano,bass,drums")
    free = parser.add_argument_group("how adventurous")
    free.add_argument("--follow", metavar="0..1", type=number_in, help="0 surprises, 1 stays very near to the sound")
    free.add_argument("--temperature", metavar="T", type=number_in, help="1 is as the music it learned from")
    run = parser.add_argument_group("this run")
    run.add_argument("--seed", metavar="N", type=int, help="the same seed and settings give the same notes")
    run.add_argument("--variants", metavar="N", type=int, help="how many versions to write")
    run.add_argument("--checkpoint", metavar="NAME", help="the model to use")
    run.add_argument("--recipe", metavar="FILE", type=Path, help="do again what an OUT.recipe.json says")
    parser.set_defaults(run=_audio, endings=ENDINGS)


def _audio(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the files: sound or MIDI, one a variant, and the recipe beside it."""
    if hasattr(asked, "synthesis"):
        check_synthesis(asked.synthesis)
        if asked.out.suffix.lower() not in SOUNDS:
            raise StudioError("A MIDI file holds notes, not their sound. Leave out --synthesis, or write a sound file.")
    recipe = read_recipe(asked.recipe, "audio") if hasattr(asked, "recipe") else None
    given = {f.name: getattr(asked, f.name) for f in dataclasses.fields(AudioOptions) if hasattr(asked, f.name)}
    flags = [*given, *(name for name in _FLAGS if hasattr(asked, name) and name not in given)]
    goes_on = hasattr(asked, "goes_on")
    if recipe is not None and goes_on:  # what it went on from is its input
        flags = [flag for flag in flags if flag not in ("sound_file", "goes_on")]
    if recipe is not None and flags:
        flag = _FLAGS.get(flags[0], flags[0]).replace("_", "-")
        raise StudioError(f"--recipe and --{flag} cannot go together. Leave one of them out.")
    if recipe is None and not flags:
        raise StudioError("There are neither words nor a sound. Give --text, --lyrics or --sound.")
    piece = Piece.empty()
    if hasattr(asked, "lyrics_file"):
        given["lyrics"] = read_text(asked.lyrics_file, MAX_TEXT)
    if hasattr(asked, "sound_file"):
        from pipelines.patches.hearing import hear

        if goes_on:
            piece = _notes_of(asked.sound_file, show)
        if recipe is None:
            start = getattr(asked, "sound_from", None)
            heard = hear(asked.sound_file, asked.sound_file.name, start, last=goes_on)
            given |= heard.options
            show.say(heard.sentence)
    elif hasattr(asked, "goes_on") or hasattr(asked, "sound_from"):
        raise StudioError("There is no sound to go on from. Name it with --sound.")
    pipeline = PIPELINES["audio"]
    if recipe is not None:
        recipe = with_checkpoint_here(recipe)
        check_input(recipe, piece)
    options = pipeline.from_mapping(given if recipe is None else recipe["options"])
    for step in pipeline.load()(piece, options):
        show(step.done, step.total, step.unit)
    pieces = step.pieces if recipe is None else same_again(recipe, step.pieces)
    if not any(result.note_count for result in pieces):
        raise StudioError("No notes came of this. Try another seed, other words or another sound.")
    files: dict[Path, bytes] = {}
    for number, result in enumerate(pieces, 1):
        path = asked.out if len(pieces) == 1 else asked.out.with_stem(f"{asked.out.stem}-{number}")
        files |= {path: _encoded(result, path.suffix.lower(), getattr(asked, "synthesis", "played"))} | recipe_beside(
            path, result
        )
    return files


def _encoded(piece: Piece, ending: str, synthesis: str) -> bytes:
    if ending not in SOUNDS:
        return midi_bytes(piece)
    from music.audio.encoding import encode
    from pipelines.sound import piece_sound

    return encode(piece_sound(piece, synthesis), ending.lstrip("."))


def _notes_of(path: Path, show: Show) -> Piece:
    """Returns the notes of a sound, which the music goes on from."""
    from music.audio.reading import read_sound

    options = TranscribeOptions(title=path.stem[:MAX_TITLE])
    for step in PIPELINES["transcribe"].load()(read_sound(path, path.name), options):
        show(step.done, step.total, step.unit, "listening")
    for remark in step.remarks:
        show.say(remark)
    return step.piece
