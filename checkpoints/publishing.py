"""Checkpoints and sound banks -> a folder that any web server or the hub can give to others, with a registry of its own.

NAME-SHA8.safetensors   the file, called after its content, so that it never changes under its name
NAME.md, NAME.png       its card
registry.toml           what `python -m checkpoints add ADDRESS` reads; its addresses are relative
SHA256SUMS, README.md   for those who come by
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from checkpoints.importing import AUTHORS
from checkpoints.registries import DETAILS, FILE, PUBLISHED
from checkpoints.sources import offline
from checkpoints.store import (
    KIND_NAMES,
    RegistryEntry,
    cards_folder,
    check_name,
    copy_file,
    entry_of,
    file_sha256,
    known,
    read_registry,
    register,
    verify,
)
from music.errors import StudioError
from music.files.atomic import reason

ROOT = Path(__file__).parents[1]


def publish(
    wanted: Iterable[str], folder: Path, name: str | None = None, licence: str | None = None
) -> list[RegistryEntry]:
    """Returns what was published, after writing it to a folder; what the folder holds already stays.

    Args:
        wanted: names of checkpoints or sound banks that are here, or folders of training runs.
        folder: where to write.
        name: what to call the checkpoint of a run; by default after its recipe.
        licence: of what is published, where its own is not known.

    Raises:
        StudioError: one of them is neither, or damaged, or its license is not known, or the folder cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="deepmusic-publish-") as made:
        found = [_found(asked, Path(made) / str(number), name) for number, asked in enumerate(wanted)]
        licences = [_licence(each, licence) for each in found]  # all or nothing
        for each in found:
            verify(each)
        try:
            for each, granted in zip(found, licences):
                _write(each, Path(folder), granted)
        except OSError as error:
            raise StudioError(f"'{folder}' cannot be written: {reason(error)}. See to its rights.") from error
    return found


def upload(folder: Path, repository: str) -> str:
    """Returns the pinned address of a published folder after uploading it to the Hugging Face hub.

    Args:
        folder: that ``publish`` wrote.
        repository: such as "owner/name"; made if need be.

    Raises:
        StudioError: the hub refuses, or cannot be reached.
    """
    if switch := offline():
        raise StudioError(f"Nothing was uploaded, for {switch} keeps the studio offline. Unset {switch}.")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    api = HfApi(library_name="deepmusic-studio")
    try:
        api.create_repo(repository, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository, folder_path=folder, commit_message="Checkpoints of DeepMusic Studio"
        )
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        raise StudioError(
            f"The hub did not take '{repository}': {reason}. Log in with `hf auth login`, or check the name."
        ) from error
    return f"hf://{repository}@{commit.oid}/{FILE}"


def _found(asked: str, cache: Path, name: str | None) -> RegistryEntry:
    """Returns the checkpoint or sound bank of this name, or that of this run, exported to a cache folder of its own."""
    if (Path(asked) / "state.pt").is_file():
        return _export(Path(asked), cache, name)
    if name is not None:
        raise StudioError(f"'{asked}' is no training run, and what is no run has its name already. Leave --name out.")
    found = known().get(asked)
    if found is None or not found.is_here:
        raise StudioError(
            f"'{asked}' is no training run and no checkpoint on this machine. See `python -m checkpoints list`."
        )
    if found.kind not in PUBLISHED:
        raise StudioError(f"'{asked}' is {KIND_NAMES[found.kind]}, which its authors publish. Name a checkpoint.")
    return found


def _licence(found: RegistryEntry, given: str | None) -> str:
    own = found.details.get("licence") or AUTHORS
    if own != AUTHORS:
        return own
    if not given:
        raise StudioError(f"The license of '{found.name}' is not known, so it may not be yours to give. Say --license.")
    return given


def _export(run: Path, cache: Path, name: str | None) -> RegistryEntry:
    """Returns the checkpoint of a training run, exported to a cache folder of its own.

    The training room may use this one but not the other way round, hence a process.
    """
    if name is not None:
        check_name(name)
    command = [sys.executable, "-m", "training", "export", str(run.resolve()), *(["--name", name] if name else [])]
    paths = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    environment = {**os.environ, "DEEPMUSIC_CACHE": str(cache), "PYTHONPATH": paths}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode == 2:
        raise StudioError(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(f"export failed: {done.stderr}")
    ((made, values),) = read_registry(cache / FILE).items()
    return entry_of(made, values, cache)


def _join(found: RegistryEntry, path: Path) -> tuple[int, str]:
    """Writes all weights of a checkpoint into one file; returns its size and SHA-256."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    from checkpoints.loading import stored_weights

    with safe_open(found.path, "pt") as described:
        save_file(stored_weights(found), path, metadata=described.metadata())
    return path.stat().st_size, file_sha256(path)


def _write(found: RegistryEntry, folder: Path, licence: str) -> None:
    """Writes what belongs to a checkpoint or sound bank into a folder: its file, card and sets."""
    folder.mkdir(parents=True, exist_ok=True)
    joined, size, sha256 = folder / f"{found.name}.part", found.bytes, found.sha256
    if found.companions:  # one file for others: a file is too large for git alone
        size, sha256 = _join(found, joined)
    else:
        copy_file(found.path, joined)
    file = f"{found.name}-{sha256[:8]}{found.path.suffix}"
    joined.replace(folder / file)
    details = {key: found.details[key] for key in DETAILS if key in found.details}
    given = {key: getattr(found, key) for key in ("task", "architecture", "tokenizer") if getattr(found, key)}
    values = {"kind": found.kind, "file": file, "bytes": size, "sha256": sha256, "sources": [file]}
    values |= given | details | {"licence": licence}
    beside = []
    for ending in (".md", ".png"):
        card, target = cards_folder(found) / f"{found.name}{ending}", folder / f"{found.name}{ending}"
        if card.is_file():
            copy_file(card, target)
        elif ending == ".md":
            target.write_text(_card(found, values), encoding="utf-8")
        else:
            target.unlink(missing_ok=True)
        if target.is_file():
            beside.append([target.name, target.stat().st_size, file_sha256(target)])
    register(folder / FILE, found.name, values | {"beside": beside})
    (folder / "README.md").write_text(_readme(folder), encoding="utf-8")
    others = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    sums = [f"{file_sha256(path)}  {path.name}\n" for path in others if not path.name.startswith(".")]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def _card(found: RegistryEntry, values: dict[str, Any]) -> str:
    """Returns a short card for what has none: an imported checkpoint, a sound bank."""
    lines = [f"# {found.name}", ""]
    lines += [f"- For: {found.task or 'sound'}", f"- Size: {values['bytes'] / 1e6:.1f} MB"]
    if "parameters" in values:
        lines.append(f"- Architecture: `{found.architecture}`, {values['parameters'] / 1e6:.2f} M parameters")
    lines += [f"- License: {values['licence']}", f"- sha256: `{values['sha256']}`"]
    return "\n".join([*lines, ""])


def _readme(folder: Path) -> str:
    """Returns the page that says what lies in a published folder and how to use it."""
    listed = read_registry(folder / FILE)
    rows = [
        f"| [{name}]({name}.md) | {values.get('task') or 'sound bank'} | {values['bytes'] / 1e6:.1f} MB | {values['licence']} |"
        for name, values in listed.items()
    ]
    table = ["| name | for | size | license |", "| --- | --- | ---: | --- |", *rows]
    how = [
        "To use them in DeepMusic Studio, give the address of this folder (of a repository on the hub: hf://owner/name@COMMIT):",
        "",
        "    python -m checkpoints add ADDRESS",
        *(f"    python -m checkpoints pull {name}" for name in listed),
        "",
        "Each file is compared with the size and the SHA-256 that `registry.toml` says.",
    ]
    return "\n".join(["# Checkpoints for DeepMusic Studio", "", *table, "", *how, ""])
