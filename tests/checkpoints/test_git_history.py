"""A file that an earlier version shipped: read out of the repository's history, or the way to get it in a sentence."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from checkpoints import downloading, git_history
from checkpoints.downloading import DownloadProgress, DownloadStopped
from checkpoints.importing import import_file
from checkpoints.pulling import pull
from checkpoints.sources import Source
from checkpoints.store import CARDS, EMBEDDED, cards_folder, entry, file_sha256, known, register
from music.errors import StudioError
from tests.checkpoints.door import DATA, SHA, get, leftovers, refused

pytestmark = pytest.mark.usefixtures("in_time", "quick_and_alone")
BLOB = hashlib.sha1(b"blob %d\0" % len(DATA) + DATA).hexdigest()
SOURCE = f"history://{BLOB}"


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Path:
    """A repository whose last commit replaces the wanted file."""
    folder = tmp_path_factory.mktemp("origin")
    git(folder, "init", "--quiet")
    git(folder, "config", "uploadpack.allowFilter", "true")
    for data in (DATA, b"the next generation"):
        (folder / "x.bin").write_bytes(data)
        git(folder, "add", "x.bin")
        git(folder, "commit", "--quiet", "--message", "Ship it")
    return folder


@pytest.fixture
def clone(origin, tmp_path, monkeypatch):
    """Clones the repository, and has the studio live there."""

    def made(*how: str) -> Path:
        folder = tmp_path / "studio"
        git(tmp_path, "clone", "--quiet", *how, origin.as_uri(), str(folder))
        monkeypatch.setattr(git_history, "ROOT", folder)
        return folder

    return made


def test_a_file_of_an_earlier_version_comes_without_a_network_and_tells_how_far_it_is(clone, target, monkeypatch):
    assert (clone() / "x.bin").read_bytes() != DATA
    monkeypatch.setenv("DEEPMUSIC_OFFLINE", "1")
    monkeypatch.setenv("GIT_DIR", str(target.parent))  # as in a hook of another repository
    monkeypatch.setattr(downloading, "COPY_BYTES", 50_000)
    told: list[DownloadProgress] = []
    get([SOURCE], target, progress=told.append)
    assert target.read_bytes() == DATA and leftovers(target) == []
    received = [step.received for step in told]
    assert received == sorted(received) and received[-1] == len(DATA) and len(set(received)) > 3
    assert {step.source for step in told} == {SOURCE}


def test_it_can_be_stopped_and_started_again(clone, target, monkeypatch):
    clone()
    monkeypatch.setattr(downloading, "COPY_BYTES", 1000)
    told: list[DownloadProgress] = []
    with pytest.raises(DownloadStopped):
        get([SOURCE], target, progress=told.append, stop=lambda: bool(told) and told[-1].received >= 2000)
    assert not target.exists() and told[-1].received < len(DATA)
    get([SOURCE], target)
    assert target.read_bytes() == DATA


def test_a_shallow_clone_is_told_to_fetch_the_rest(clone, target):
    folder = clone("--depth", "1")
    said = refused(SOURCE, at=target)
    assert said.endswith("Run `git fetch --unshallow` in the folder of the studio, and pull again.")
    git(folder, "fetch", "--unshallow")
    get([SOURCE], target)
    assert target.read_bytes() == DATA


def test_a_partial_clone_is_told_to_fetch_the_file_and_its_server_is_not_asked_unasked(clone, target):
    folder = clone("--filter=blob:none")
    for _ in range(2):  # looking for it has not fetched it
        said = refused(SOURCE, at=target)
        assert f"Run `git cat-file -e {BLOB}` in the folder of the studio" in said
    git(folder, "cat-file", "-e", BLOB)
    get([SOURCE], target)
    assert target.read_bytes() == DATA


def test_a_copy_without_history_is_told_to_import_the_file(origin, target, monkeypatch):
    inside = origin / "studio"  # a zip that was unpacked in somebody's own repository
    inside.mkdir()
    monkeypatch.setattr(git_history, "ROOT", inside)
    said = refused(SOURCE, at=target)
    assert "this copy came without" in said and "`python -m checkpoints import FILE`" in said
    inside.rmdir()


def test_where_git_is_missing_or_the_history_is_another_the_file_can_be_imported(clone, target, monkeypatch, tmp_path):
    folder = clone()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        assert "git, which does not run here" in refused(SOURCE, at=target)
    other = "history://" + "0" * 40
    said = refused(other, at=target)
    assert "is not in the history of this repository" in said and "checkpoints import FILE" in said
    assert said.count(". ") == 1 and folder.is_dir()


def test_other_content_than_the_registered_one_gets_no_name(clone, target, origin):
    clone()
    newest = subprocess.run(
        ["git", "-C", origin, "rev-parse", "HEAD:x.bin"], capture_output=True, text=True, check=True
    )
    assert "is another file, or a damaged one" in refused(f"history://{newest.stdout.strip()}", at=target)
    assert leftovers(target) == []


def test_what_the_history_lacks_comes_from_the_next_source(clone, server, target):
    clone("--depth", "1")
    get([SOURCE, server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("blob", ["", "x.bin", "HEAD:x.bin", "A" * 40, "0" * 39, "--help" + "0" * 34])
def test_only_whole_ids_of_git_are_sources(blob):
    with pytest.raises(StudioError, match=r"Write history://BLOB, 40 digits\.$"):
        Source.parse(f"history://{blob}")


# ---- the checkpoints that we shipped before


def test_what_the_studio_shipped_before_is_listed_with_its_card_and_a_source_that_is_right(tmp_path, monkeypatch):
    """In a clone of the last commit alone the history says no more than how to get the rest."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    before = [found for found in known().values() if found.shipped_before]
    assert [found.name for found in before] == [
        "generate-small-1",
        "harmonize-small-1",
        "harmonize-small-2",
        "remix-small-1",
    ]
    for found in before:
        assert not found.ships and found.state == "away" and cards_folder(found) == CARDS
        assert all((CARDS / f"{found.name}.{ending}").is_file() for ending in ("md", "png", "sets.json"))
        assert found.sha256 in (CARDS / f"{found.name}.md").read_text(encoding="utf-8")
        try:
            assert file_sha256(pull(found.name).path) == found.sha256
        except StudioError as error:
            assert any(way in str(error) for way in ("git fetch --unshallow", "git cat-file -e", "import FILE"))
            assert "is another file" not in str(error)
        for file in EMBEDDED.iterdir():  # while one of them still lies in the tree
            if file_sha256(file) == found.sha256:
                data = file.read_bytes()
                blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                assert found.sources == (f"history://{blob}",)


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A cache folder whose registry lists the wanted file as a checkpoint that is not here."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    values = {
        "file": "old.safetensors", "bytes": len(DATA), "sha256": SHA, "task": "generate", "architecture": "transformer_xl",
        "tokenizer": "0" * 64, "sources": [SOURCE],
    }  # fmt: skip
    register(tmp_path / "cache" / "registry.toml", "old", values)


def test_pull_brings_it_out_of_the_history(listed, clone):
    clone()
    assert entry("old").state == "away"
    assert pull("old").path.read_bytes() == DATA and entry("old").state == "here"


def test_a_file_of_a_listed_checkpoint_is_imported_under_its_name(listed, clone, tmp_path):
    clone("--depth", "1")
    file = tmp_path / "downloads.safetensors"
    file.write_bytes(DATA)
    with pytest.raises(StudioError, match=r"called 'old' in its registry\. Leave --name out\."):
        import_file(file, "mine")
    found = import_file(file)
    assert found.name == "old" and found.path.read_bytes() == DATA and found.path != file
    file.write_bytes(DATA[:-1])
    with pytest.raises(StudioError, match=r"No registry lists the checkpoint .*\. Add the registry"):
        import_file(file)
    os.remove(file)
    with pytest.raises(StudioError, match=r"was not found\. Check the path\."):
        import_file(file)
