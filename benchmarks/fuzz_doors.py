"""The doors that files come in by, each with sound files to begin from, made here, and what the studio does with one."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.songs import song, two_hands
from music.chords import Chord, ChordSpan, with_chords
from music.files.midi import inspect, midi_bytes, read_midi, read_with_repairs
from music.piece import Piece

REPORTS = Path(__file__).resolve().parents[1] / "tests" / "data"
RATE_HZ = 8_000
MAX_SECONDS = 120.0
"""Music that is longer is read but not played: that it takes long is no fault."""
MAX_NOTES = 2_000
"""Music of more notes is read but not engraved, for the same reason."""


@dataclass(frozen=True)
class Seed:
    """A sound file.

    Attributes:
        ending: of its name.
        parts: the file; or what is packed in it, which ``join`` packs.
        join: makes the file of its parts; None where it is the only part.
    """

    ending: str
    parts: tuple[bytes, ...]
    join: Callable[[Sequence[bytes]], bytes] | None = None

    @property
    def data(self) -> bytes:
        """The file."""
        return self.join(self.parts) if self.join else self.parts[0]


@dataclass(frozen=True)
class Door:
    """A way in.

    Attributes:
        seeds: returns sound files; may use a folder for making them.
        open: reads a file and does with it what the studio would.
    """

    seeds: Callable[[Path], list[Seed]]
    open: Callable[[Path], None]


def _music() -> list[Piece]:
    """Returns pieces with all that files can hold: chords, words, history, drums, two hands."""
    band = song(4, 1)
    score = with_chords(band.score, [ChordSpan(0, 1920, Chord(0)), ChordSpan(1920, 3840, Chord(9, "m7"))])
    history = ({"pipeline": "remix", "options": {"amount": 50.0}, "input": "", "checkpoint": {}},)
    return [Piece(score, "A band", ("la la", "lu"), history), two_hands(4)]


def _midi_seeds(folder: Path) -> list[Seed]:
    reports = [path.read_bytes() for path in sorted(REPORTS.rglob("*.mid")) if path.stat().st_size < 20_000]
    return [Seed(".mid", (data,)) for data in (*map(midi_bytes, _music()), *reports)]


def _open_midi(path: Path) -> None:
    reading = read_with_repairs(path)
    inspect(reading.piece, reading.repairs)
    written = midi_bytes(reading.piece)
    assert read_midi(written).note_count == reading.piece.note_count


def _sheets() -> list[bytes]:
    from music.notation.engrave import musicxml

    return [musicxml(piece) for piece in _music()]


def _open_sheet(path: Path) -> None:
    from music.notation.engrave import musicxml

    reading = read_with_repairs(path)
    inspect(reading.piece, reading.repairs)
    if 0 < reading.piece.note_count <= MAX_NOTES and reading.piece.seconds <= MAX_SECONDS:
        musicxml(reading.piece)


def _zipped(names: Sequence[str], compression: int = zipfile.ZIP_DEFLATED) -> Callable[[Sequence[bytes]], bytes]:
    def join(parts: Sequence[bytes]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", compression) as file:
            for name, part in zip(names, parts, strict=True):
                file.writestr(zipfile.ZipInfo(name), part, compression)
        return out.getvalue()

    return join


def _mxl_seeds(folder: Path) -> list[Seed]:
    container = b'<?xml version="1.0"?><container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
    join = _zipped(("META-INF/container.xml", "score.xml"))
    return [Seed(".mxl", (container, sheet), join) for sheet in _sheets()]


def _project_seeds(folder: Path) -> list[Seed]:
    from pipelines.options.generate import GenerateOptions
    from pipelines.options.harmonize import HarmonizeOptions
    from pipelines.song.brief import Brief
    from pipelines.song.planning import plan_song
    from studio.projects.project import Place, Project, Take, project_bytes

    band, hands = _music()
    takes = (
        Take(1, "band.mid", "", (band,)),
        Take(2, "Take 2", "4 bars", (hands, band), band, GenerateOptions(instruments=("Flute",), key="D minor")),
        Take(3, "Take 3", "", (hands,), hands, HarmonizeOptions(chords=(("Am",), ("F", "C")))),
        Take(4, "Take 4", "", (band,), None, plan_song(Brief(text="a waltz")), (hands, band)),
    )
    controls = {"bars": 8, "selected bars": "1-4", "remix amount": 50.0}
    data = project_bytes(Project("Mine", takes, Place(2, 1), Place(1), None, (None, Place(1)), (), controls))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        top, *names = file.namelist()
        parts = [file.read(top)]
        for name in names:  # of a piece its header, then its columns
            plain = zlib.decompress(file.read(name))
            size = 4 + int.from_bytes(plain[:4], "little")
            parts += [plain[4:size], plain[size:]]
    zipped = _zipped([top, *names])

    def join(parts: Sequence[bytes]) -> bytes:
        headers = [len(header).to_bytes(4, "little") + header for header in parts[1::2]]
        pieces = [zlib.compress(header + columns) for header, columns in zip(headers, parts[2::2], strict=True)]
        return zipped([parts[0], *pieces])

    return [Seed(".deepmusic", tuple(parts), join)]


def _open_project(path: Path) -> None:
    from studio.projects.history import history
    from studio.projects.project import project_bytes, read_overview, read_project

    project = read_project(path)
    read_overview(path)
    history(project.takes)
    project_bytes(project)


def _recipe_seeds(folder: Path) -> list[Seed]:
    from pipelines.options.generate import GenerateOptions
    from pipelines.options.harmonize import HarmonizeOptions
    from pipelines.options.remix import RemixOptions
    from pipelines.recipes import recipe_of
    from pipelines.song.brief import Brief
    from pipelines.song.planning import plan_song
    from pipelines.song.recipe import song_recipe

    options = {
        "generate": GenerateOptions(instruments=("Flute",), key="D minor", tempo_bpm=96.0),
        "remix": RemixOptions(bars=(0, 1), instruments=((0, "violin"),)),
        "harmonize": HarmonizeOptions(chords=(("Am",), ("F", "C")), style="band", instruments=("Piano",)),
    }
    recipes = [recipe_of(name, "1", each, Piece.empty()) for name, each in options.items()]
    song_text = song_recipe(_music()[0], plan_song(Brief(text="a sad waltz")))
    return [Seed(".json", (data,)) for data in (*(json.dumps(each, indent=1).encode() for each in recipes), song_text)]


def _open_recipe(path: Path) -> None:
    from music.errors import StudioError
    from pipelines.descriptors.pipelines import PIPELINES
    from pipelines.recipes import check_input, read_recipe, with_checkpoint_here, with_typed_options
    from pipelines.song.recipe import read_song_recipe

    refusals = []
    for name, pipeline in PIPELINES.items():
        try:
            if name == "compose":
                read_song_recipe(path)
            else:
                recipe = with_checkpoint_here(with_typed_options(read_recipe(path, name)))
                pipeline.from_mapping(recipe["options"])
                check_input(recipe, Piece.empty())
            return
        except StudioError as error:
            refusals.append(error)
    raise refusals[0]


def _checkpoint_seeds(folder: Path) -> list[Seed]:
    import dataclasses

    import torch
    from safetensors.torch import save

    from models.transformer_xl import TransformerXL, TransformerXLConfig

    torch.set_num_threads(1)
    config = TransformerXLConfig((7, 5, 9), (4,), 12, layers=1, width=16, heads=2, hidden=16, head_hidden=8)
    header = {"config": json.dumps(dataclasses.asdict(config))}
    found = [Seed(".safetensors", (save(TransformerXL(config).state_dict(), header),))]
    for path in sorted(REPORTS.rglob("*.pt")):
        if not zipfile.is_zipfile(path):
            found.append(Seed(".pt", (path.read_bytes(),)))
            continue
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            found.append(Seed(".pt", tuple(map(file.read, names)), _zipped(names, zipfile.ZIP_STORED)))
    return found


def _open_checkpoint(path: Path) -> None:
    from checkpoints import fairseq_reader, loading, store
    from music.tokens.octuple import digest

    if path.suffix == ".pt":
        fairseq_reader.read(path)
        return
    values = {
        "file": path.name, "bytes": path.stat().st_size, "sha256": store.file_sha256(path), "task": "generate",
        "architecture": "transformer_xl", "tokenizer": digest(), "licence": "MIT",
    }  # fmt: skip
    loading.read(store.entry_of("case", values, path.parent))


def _bank_seeds(folder: Path) -> list[Seed]:
    from music.audio.soundfonts import bundled_soundfont

    return [Seed(".sf2", (bundled_soundfont().read_bytes(),))]


def _open_bank(path: Path) -> None:
    from music.audio.render import render

    render(two_hands(1), path, RATE_HZ)


def _open_sound(path: Path) -> None:
    from music.audio.render import encode, render
    from music.audio.soundfonts import bundled_soundfont

    piece = read_midi(path)
    if piece.seconds <= MAX_SECONDS:
        encode(render(piece, bundled_soundfont(), RATE_HZ), "ogg")


DOORS: dict[str, Door] = {
    "midi": Door(_midi_seeds, _open_midi),
    "musicxml": Door(lambda folder: [Seed(".musicxml", (sheet,)) for sheet in _sheets()], _open_sheet),
    "mxl": Door(_mxl_seeds, _open_sheet),
    "project": Door(_project_seeds, _open_project),
    "recipe": Door(_recipe_seeds, _open_recipe),
    "checkpoint": Door(_checkpoint_seeds, _open_checkpoint),
    "soundbank": Door(_bank_seeds, _open_bank),
    "audio": Door(_midi_seeds, _open_sound),
}
"""By kind; "audio" plays mutated MIDI files and encodes the sound, "checkpoint" is ours and fairseq's."""
