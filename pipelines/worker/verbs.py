"""What the worker can do: VERBS, the table that its processes serve, and what they give back.

    VERBS["generate"].run(tell, piece, options)     in a process of the worker; pages ask by pipelines/worker/pool.py

Another module with such a table can be served too; its ``warm_up(lane)``, if it has one, runs beside the first request.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from music.piece import Piece
from pipelines.contract import Step
from pipelines.descriptors.kinds import PipelineDescriptor
from pipelines.descriptors.pipelines import PIPELINES

if TYPE_CHECKING:
    import numpy as np

    from music.audio.encoding import Audio, AudioStream
    from music.audio.picture import Picture
    from music.notation.places import Engraving

LANES = ("model", "media", "download")
LISTENING_S = 20.0  # the step of a large model on a busy machine may take that long (by ear, not measured)
DEAF_S = 1.0  # of verbs that cannot ask: long enough to end by themselves if they are about to
BUG = "Something went wrong inside the studio: this is a bug. Try again; the server's log has the details."

Tell = Callable[[Any], bool]
"""Sends what there is so far, unless the last sending was a moment ago; returns True once the asker wants a stop."""


@dataclass(frozen=True)
class Verb:
    """Something the worker can do: ``run(tell, *arguments)`` returns the result.

    Attributes:
        lane: one of LANES; the processes of a lane run one verb at a time each.
        run: runs in the worker; its heavy imports stand inside it.
        limit_s: seconds after which it is asked to stop.
        patience_s: seconds within which it asks ``tell`` and so hears a stop; after these it is ended where it stands.
    """

    lane: str
    run: Callable[..., Any]
    limit_s: float = 300.0
    patience_s: float = LISTENING_S


@dataclass(frozen=True)
class Sound:
    """A piece as sound, encoded as OGG Vorbis.

    Attributes:
        mix: the whole piece; what a download would sound like.
        stems: ``(name, track index, bytes)`` of each track that sounds; empty while they are being made.
        reverbs: ``(track index, strength)`` of the reverb that the stems go without, for the player to add, see
            ``music.audio.reverb``: so it can be changed while it plays. Empty where the stems are as they are heard.
        seconds: how long it lasts, tails included.
        is_basic: whether the engine was the stop-gap one, so that the page can say so.
        picture: of the mix; None for a piece that is not colored.
        head_gain: by how much the Head that was sent ahead is louder than the same seconds of the mix; 1.0 where none was.
    """

    mix: bytes
    stems: tuple[tuple[str, int, bytes], ...]
    seconds: float
    is_basic: bool
    picture: Picture | None = None
    head_gain: float = 1.0
    reverbs: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Head:
    """The first seconds of a piece as sound, encoded as OGG Vorbis, as loud as they would be alone."""

    data: bytes


@dataclass(frozen=True)
class HeardSound:
    """A sound of the visitor's as a page shows it.

    Attributes:
        options: those of ``AudioOptions`` that it gives.
        start: second from which four are heard.
        key: name of the key that was heard; "" where that is not sure.
        outline: the whole sound, without mel bands.
        clip: the four seconds that are heard.
        kept: the whole sound as FLAC, both sides alike, at ``music.audio.features.RATE_HZ``, from which other seconds can be heard.
    """

    options: dict[str, Any]
    start: float
    key: str
    outline: Picture
    clip: Picture
    kept: bytes


def last_step(steps: Generator[Step, None, None], tell: Tell) -> Step | None:
    """Returns a pipeline's last Step, or the Step it had reached when it was stopped; tells each on the way."""
    step = None
    for step in steps:
        if tell(step):
            steps.close()
            break
    return step


def pipeline_verb(pipeline: PipelineDescriptor) -> Verb:
    """Returns the verb that runs a pipeline to its last Step."""

    def run(tell: Tell, piece: Piece, options: Any, *further: Any) -> Step | None:
        step = last_step(pipeline.load()(piece, options, *further), tell)
        return step if step is None else pipeline.kept(piece, options, step)

    return Verb(pipeline.lane, run, pipeline.limit_s)


def _song_zip(tell: Tell, song: Piece, plan: Any, sketch: Piece | None = None, soundfont: Path | None = None) -> bytes:
    from pipelines.song.folder import song_files, song_zip
    from pipelines.song.recipe import song_title

    files = song_files(song, plan, sketch, soundfont, progress=tell, stop=_ears(tell))
    return song_zip(files, song_title(song, plan))


def _inspect(tell: Tell, source: bytes, name: str) -> tuple[Piece, Any]:
    from music.files.midi import inspect, read_with_repairs

    reading = read_with_repairs(source, name)
    return reading.piece, inspect(reading.piece, reading.repairs)


def _hear(tell: Tell, source: bytes, name: str, start: float | None = None) -> HeardSound:
    """Returns what is heard in a sound file; ``source`` may be what was kept of it."""
    import numpy as np

    from music.audio.encoding import Audio, encode
    from music.audio.features import RATE_HZ
    from music.audio.picture import picture_of
    from music.audio.reading import mono, read_sound
    from pipelines.patches.hearing import CLIP_SAMPLES, hear_audio

    audio = read_sound(source, name)
    samples = mono(audio)
    heard = hear_audio(audio, samples, name, start)
    first = round(heard.start * RATE_HZ)
    kept = encode(Audio(np.repeat(samples[:, None], 2, axis=1), RATE_HZ), "flac")  # FLAC packs equal sides as one
    clip = picture_of(samples[first : first + CLIP_SAMPLES])
    return HeardSound(heard.options, heard.start, heard.key, picture_of(samples, with_mel=False), clip, kept)


def _outline(tell: Tell, source: bytes, name: str) -> tuple[str, Picture]:
    """Returns the fingerprint of a sound file, as recipes tell it, and its outline; refuses silence."""
    from music.audio.picture import picture_of
    from music.audio.reading import check_heard, mono, read_sound

    audio = read_sound(source, name)
    samples = mono(audio)
    check_heard(samples)
    return audio.fingerprint, picture_of(samples, with_mel=False)


def _transcribe(tell: Tell, source: bytes, name: str, options: Any) -> Step | None:
    """Writes a sound file down; it is read here, for as samples it would be many times as large."""
    from music.audio.reading import read_sound

    return last_step(PIPELINES["transcribe"].load()(read_sound(source, name), options), tell)


def _render(tell: Tell, piece: Piece, synthesis: str = "played", soundfont: Path | None = None) -> Sound:
    """Returns a piece as sound; its first seconds and then the mix are sent ahead, for they can play while the rest is made.

    Only what is played has a head and stems: the others are made of the whole mix.
    """
    from music.audio.head import head_gain, head_of
    from music.audio.render import encode, engine
    from music.audio.reverb import reverb_strengths
    from pipelines.sound import coloring_options, has_reverb, piece_sound, piece_stems

    stopped = _ears(tell)
    head = None if synthesis != "played" or coloring_options(piece) else head_of(piece, soundfont, stopped)
    if head is not None:
        tell(Head(encode(head, "ogg")))
    audio = piece_sound(piece, synthesis, soundfont, progress=lambda share: tell(0.3 * share), stop=stopped)
    picture = _picture(audio) if synthesis != "played" or coloring_options(piece) else None
    gain = head_gain(head, audio) if head is not None else 1.0
    sound = Sound(encode(audio, "ogg"), (), audio.seconds, engine().is_basic, picture, gain)
    if tell(sound) or synthesis != "played":  # the mix first: it can play while the stems are made
        return sound
    reverbs = tuple(reverb_strengths(piece, soundfont).items()) if has_reverb(piece) else ()
    stems = piece_stems(
        piece, soundfont, progress=lambda share: tell(0.3 + 0.3 * share), stop=stopped, dry=bool(reverbs)
    )
    encoded: list[tuple[str, int, bytes]] = []
    for stem in stems:
        if tell(0.6 + 0.4 * len(encoded) / len(stems)):
            return sound
        encoded.append((stem.name, stem.track_index, encode(stem.audio, "ogg")))
    return replace(sound, stems=tuple(encoded), reverbs=reverbs)


def _picture(audio: Audio | AudioStream) -> Picture | None:
    """Returns a picture of sound that is held in memory."""
    from music.audio.encoding import Audio
    from music.audio.picture import picture_of
    from music.audio.reading import mono

    return picture_of(mono(audio)) if isinstance(audio, Audio) else None


def _encode(tell: Tell, piece: Piece, form: str, synthesis: str = "played", soundfont: Path | None = None) -> bytes:
    from music.audio.render import encode
    from pipelines.sound import piece_sound

    sound = piece_sound(piece, synthesis, soundfont, progress=lambda share: tell(0.5 * share), stop=_ears(tell))
    return encode(_told(sound, tell, 0.5, 1.0), form)


def _stems_zip(tell: Tell, piece: Piece, soundfont: Path | None = None) -> bytes:
    from music.audio.render import encode
    from pipelines.song.folder import file_name, packed
    from pipelines.sound import piece_stems

    stems = piece_stems(piece, soundfont, progress=lambda share: tell(0.5 * share), stop=_ears(tell))
    files = {}
    for n, stem in enumerate(stems):
        sound = _told(stem.audio, tell, 0.5 + 0.5 * n / len(stems), 0.5 + 0.5 * (n + 1) / len(stems))
        files[f"{n + 1:02d} {file_name(stem.name, 'track')}.flac"] = encode(sound, "flac")
    return packed(files)


def _told(sound: Audio | AudioStream, tell: Tell, first: float, last: float) -> AudioStream:
    """Returns a sound that tells, while it is read, how far it is between two shares, and ends where a stop is wanted."""
    from music.audio.encoding import AudioStream
    from music.audio.render import Stopped

    def chunks() -> Iterator[np.ndarray]:
        done = 0
        for chunk in sound.chunks():
            if tell(first + (last - first) * done / max(1, sound.frames)):
                raise Stopped("The file was stopped. Start again to have all of it.")
            yield chunk
            done += len(chunk)

    return AudioStream(sound.frames, sound.rate_hz, chunks)


def _page(tell: Tell, piece: Piece, synthesis: str = "played", soundfont: Path | None = None) -> bytes:
    from pipelines.listening.page import listening_page

    return listening_page(piece, synthesis, soundfont, progress=tell, stop=_ears(tell))


def _sheet(
    tell: Tell, piece: Piece, form: str, view: str = "score", part: str = "", concert: bool | None = None
) -> bytes | Engraving:
    from music.notation import engrave

    if form == "svg":
        return engrave.engraving(piece, view, part, concert)
    return (engrave.musicxml if form == "musicxml" else engrave.pdf)(piece, view, part, concert)


def _parts_zip(tell: Tell, piece: Piece, concert: bool = False) -> bytes:
    from pipelines.parts import part_files
    from pipelines.song.folder import packed

    return packed(part_files(piece, concert, progress=tell, stop=_ears(tell)))


def _verify(tell: Tell, name: str) -> str:
    from checkpoints.self_test import check
    from checkpoints.store import entry

    return check(entry(name))


def _import(tell: Tell, path: Path, name: str | None = None) -> str:
    from checkpoints.importing import import_file

    return import_file(path, name).name


def _pull(tell: Tell, name: str) -> str:
    from checkpoints.pulling import pull

    return pull(name, progress=tell, stop=_ears(tell)).name


def _ears(tell: Tell) -> Callable[[], bool]:
    return lambda: tell(None)


def warm_up(lane: str) -> None:
    """Imports what the first visitor of a lane would wait for, while it waits for requests."""
    if lane == "model":
        from music.tokens.octuple import vocabulary

        vocabulary()
        for pipeline in PIPELINES.values():
            pipeline.load()
    elif lane == "media":
        for module in ("music.audio.render", "music.notation.engrave", "music.files.midi"):
            importlib.import_module(module)


VERBS: dict[str, Verb] = {
    **{name: pipeline_verb(pipeline) for name, pipeline in PIPELINES.items()},
    "transcribe": Verb("model", _transcribe, PIPELINES["transcribe"].limit_s),
    "verify": Verb("model", _verify, patience_s=DEAF_S),
    "import": Verb("model", _import, limit_s=900.0, patience_s=DEAF_S),
    "pull": Verb("download", _pull, limit_s=24 * 3600.0),
    "inspect": Verb("media", _inspect, limit_s=60.0, patience_s=DEAF_S),
    "hear": Verb("media", _hear, limit_s=60.0, patience_s=DEAF_S),
    "outline": Verb("media", _outline, limit_s=60.0, patience_s=DEAF_S),
    "render": Verb("media", _render),
    "encode": Verb("media", _encode),
    "stems_zip": Verb("media", _stems_zip),
    "song_zip": Verb("media", _song_zip),
    "page": Verb("media", _page),
    "parts_zip": Verb("media", _parts_zip),
    "sheet": Verb("media", _sheet, limit_s=120.0, patience_s=DEAF_S),
}
