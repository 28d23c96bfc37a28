"""The song folder: a finished song as everything that one takes away of it, and the recipe that makes it again.

    files = song_files(song, plan)
    write_song_folder({Path("night") / name: data for name, data in files.items()})

The same song gives the same files, byte by byte. A song that was stopped after some stages has a folder too.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from music.audio.render import Audio, AudioStream, Progress, Stem, Stop, Stopped, encode, mix_stems, render_stems
from music.errors import StudioError
from music.files.atomic import reason, write_files
from music.files.midi import midi_bytes
from music.notation.engrave import musicxml, pdf
from music.notation.views import views
from music.piece import Piece
from pipelines.song.plan import Plan
from pipelines.song.readme import song_readme
from pipelines.song.recipe import RECIPE, SKETCH, WORDS, song_recipe, song_title

THREADS = 2  # encoders and the synthesizer let go of Python's lock, so a second core has work too
_OURS = re.compile(
    rf"song\.(mid|mp3|wav)|stems/\d\d-[^/]+\.flac|lead-sheet\.pdf|score\.(pdf|musicxml)|{RECIPE}|{WORDS}|README\.txt|{SKETCH}"
)
_PACKED = (".wav", ".mp3", ".flac", ".pdf")  # nothing is gained by packing these: they are, or it takes long
_LONGEST_NAME = 60
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)  # names of devices on Windows


def song_files(
    song: Piece,
    plan: Plan,
    sketch: Piece | None = None,
    soundfont: Path | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> dict[str, bytes]:
    """Returns the files of a song's folder by their names in it, such as "stems/01-Melody.flac".

    Args:
        song: what the plan's stages have made, all of them or the first few.
        plan: what was run.
        sketch: what the song began from; None for nothing.
        soundfont: the user's own sound bank.
        progress: called with the share that is done, rising to 1; from another thread, but never from two at once.
        stop: asked every now and then, as ``progress`` is called; the work ends when it returns True.

    Raises:
        StudioError: the song has no notes yet, or cannot be played.
        Stopped: ``stop`` returned True.
    """
    if not song.note_count:
        raise StudioError("There are no notes yet. Let the first stage write some, or compose anew.")
    titled = song if song.title else song.replace(title=song_title(song, plan))
    began = sketch if sketch is not None and sketch.note_count else None
    tell = progress or (lambda share: None)
    files, ended = {"song.mid": midi_bytes(song)}, threading.Event()

    def play() -> list[Future[dict[str, bytes]]]:
        stopped = lambda: ended.is_set() or (stop is not None and stop())  # noqa: E731
        stems = render_stems(song, soundfont, progress=lambda share: tell(0.5 * share), stop=stopped)
        return [pool.submit(_encoded, name, audio) for name, audio in _sounds(stems).items()]

    with ThreadPoolExecutor(THREADS) as pool:
        try:
            playing = pool.submit(play)
            files |= _sheets(titled)  # here, for the engraver knows its fonts only in the thread that it began in
            works = playing.result()
            for done, work in enumerate(as_completed(works), 1):
                files |= work.result()
                tell(0.5 + 0.5 * done / len(works))
                if stop and stop():
                    raise Stopped("The song folder was stopped. Start again to have all of it.")
        except BaseException:
            ended.set()
            pool.shutdown(cancel_futures=True)
            raise
    files |= {SKETCH: midi_bytes(began)} if began else {}
    if song.lyrics and any(len(track.lyrics) for track in song.score.tracks):
        files[WORDS] = ("\n".join(song.lyrics) + "\n").encode()
    files[RECIPE] = song_recipe(song, plan, began)
    files["README.txt"] = song_readme(titled, plan, list(files), began, soundfont).encode()
    return {name: files[name] for name in sorted(files, key=_reading_order)}


def song_zip(files: Mapping[str, bytes], title: str) -> bytes:
    """Returns the files of a song's folder as one zip file, whose only top folder is named after the title."""
    folder = file_name(title, "song")
    return packed({f"{folder}/{name}": data for name, data in files.items()})


def packed(files: Mapping[str, bytes]) -> bytes:
    """Returns files as one zip file; the same files give the same bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # dated 1980, always
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return data.getvalue()


def file_name(text: str, otherwise: str) -> str:
    """Returns a text as the name of a file or folder, without what a system refuses; another one where nothing is left."""
    kept = "".join(letter if letter.isalnum() or letter in "-_" else " " for letter in text)
    name = " ".join(kept.split())[:_LONGEST_NAME].strip(" _") or otherwise
    return f"{name}_" if _RESERVED.fullmatch(name) else name


def check_song_folder(folder: Path) -> None:
    """Makes sure, before any work, that a song folder can be written here.

    Raises:
        StudioError: there is a file of this name, or a folder of other things, or no place.
    """
    try:
        is_there = folder.exists()
    except OSError as error:  # such as a name that is too long
        raise StudioError(f"'{folder}' cannot be written: {reason(error)}. Choose another name.") from error
    if is_there and not folder.is_dir():
        raise StudioError(f"'{folder}' is a file. Give the name of a folder.")
    parent = folder.absolute().parent
    if not parent.is_dir():
        raise StudioError(f"The folder '{parent}' does not exist. Make it first, or choose another.")
    if not os.access(folder if folder.exists() else parent, os.W_OK):
        raise StudioError(f"'{folder}' cannot be written. Choose another place.")
    if folder.exists() and any(folder.iterdir()) and not (folder / RECIPE).is_file():
        raise StudioError(f"The folder '{folder}' holds other things. Choose a new one, or that of an earlier song.")


def write_song_folder(files: Mapping[Path, bytes]) -> None:
    """Writes a song folder, whole or not at all; of an earlier song in its place only the song's own files make way.

    Args:
        files: by their paths, with ``RECIPE`` at the folder's top.

    Raises:
        StudioError: the folder holds other things, or cannot be written.
    """
    folder = next(path.parent for path in files if path.name == RECIPE)
    check_song_folder(folder)
    temporary = None
    try:
        place = folder if folder.exists() else folder.absolute().parent
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}.", dir=place))
        inside = {path.relative_to(folder): data for path, data in files.items()}
        for name in inside:
            (temporary / name).parent.mkdir(exist_ok=True)
        write_files({temporary / name: data for name, data in inside.items()})
        temporary.chmod(0o755)
        if not folder.exists():
            os.rename(temporary, folder)
            return
        for old in list(folder.rglob("*")):
            name = old.relative_to(folder)
            if _OURS.fullmatch(name.as_posix()) and name not in inside:
                old.unlink()
        for name in inside:
            (folder / name).parent.mkdir(exist_ok=True)
            os.replace(temporary / name, folder / name)
    except OSError as error:
        raise StudioError(f"'{folder}' cannot be written: {reason(error)}. Choose another place.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _sheets(song: Piece) -> dict[str, bytes]:
    """Returns the sheets of a song, as far as it has what they need."""
    files = {"score.musicxml": musicxml(song), "score.pdf": pdf(song)}
    return files | ({"lead-sheet.pdf": pdf(song, "lead sheet")} if "lead sheet" in views(song) else {})


def _sounds(stems: Sequence[Stem]) -> dict[str, Audio | AudioStream]:
    """Returns the mix and the stems by the names of their files; what takes longest to encode comes first."""
    mix = mix_stems(stems)
    names = [f"stems/{n:02d}-{file_name(stem.name, 'track').replace(' ', '-')}.flac" for n, stem in enumerate(stems, 1)]
    return {"song.mp3": mix, "song.wav": mix} | {name: stem.audio for name, stem in zip(names, stems, strict=True)}


def _encoded(name: str, audio: Audio | AudioStream) -> dict[str, bytes]:
    return {name: encode(audio, name.rpartition(".")[2])}


def _reading_order(name: str) -> tuple[bool, bool, str]:
    return name.startswith("stems/"), not name.startswith("README"), name
