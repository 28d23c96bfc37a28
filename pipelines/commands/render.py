"""The verb ``render``: a piece as a sound file, and its stems."""

from __future__ import annotations

import argparse
from pathlib import Path

from music.errors import StudioError
from pipelines.commands.flags import Verbs, add_synthesis, file_verb
from pipelines.commands.running import Show
from pipelines.commands.source import read_source
from pipelines.recipes import recipe_beside
from pipelines.sound import check_synthesis, piece_sound, piece_stems


def add_render(verbs: Verbs) -> None:
    """Adds the verb that plays a file to a sound file."""
    parser = file_verb(
        verbs,
        "render",
        _render,
        "the music to play",
        ("OUT.(wav|flac|ogg|mp3)", "the sound file", (".wav", ".flac", ".ogg", ".mp3")),
        help="play a MIDI file to a sound file",
        description="Plays a MIDI or MusicXML file to a stereo sound file of even loudness. The ending of OUT says which kind. "
        "What the verb audio wrote sounds as it was written.",
    )
    parser.add_argument(
        "--stems", action="store_true", help="write each track to a file of its own too: OUT-1-NAME.wav, ..."
    )
    add_synthesis(parser)


def _render(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the sound files of a piece: the mix, and its stems if they are wanted."""
    from music.audio.render import encode, engine, mix_stems
    from pipelines.song.folder import file_name

    kind = asked.out.suffix.lower().lstrip(".")
    check_synthesis(asked.synthesis)
    if asked.stems and asked.synthesis != "played":
        raise StudioError(f"There are no stems of the synthesis '{asked.synthesis}'. Leave out --stems or --synthesis.")
    piece = read_source(asked.source, show.say)
    if not piece.note_count:
        raise StudioError("There are no notes to play. Choose a file with music in it.")
    if engine().is_basic:
        show.say(engine().advice)

    def progress(share: float) -> None:
        show(round(share * 100), 100, "%")

    if asked.stems:
        stems = piece_stems(piece, asked.soundfont, progress=progress)
        mix = mix_stems(stems)
    else:
        stems, mix = [], piece_sound(piece, asked.synthesis, asked.soundfont, progress=progress)
    files = {asked.out: encode(mix, kind)}
    for number, stem in enumerate(stems, 1):
        name = f"{asked.out.stem}-{number}-{file_name(stem.name, 'track')}"
        files[asked.out.with_stem(name)] = encode(stem.audio, kind)
    return files | recipe_beside(asked.out, piece)
