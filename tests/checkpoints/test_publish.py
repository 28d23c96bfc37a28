"""What one user publishes another one pulls: over http on this machine, from a folder, and to a hub that is a fake."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
import torch

from checkpoints import loading, registries
from checkpoints.__main__ import main
from checkpoints.importing import import_file
from checkpoints.pulling import pull
from checkpoints.registries import add
from checkpoints.self_test import check
from checkpoints.store import entry, file_sha256, known, read_registry
from music.audio.soundfonts import find_soundfont
from music.errors import StudioError
from music.tokens import octuple as tokens
from tests.checkpoints.hostile_server import HostileServer, serve, status
from tests.checkpoints.shelf import PNG, bank, put, small_writer
from tests.loaded import forget, nothing_loaded


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Returns a function that moves this process to the cache folder of somebody."""
    nothing_loaded(monkeypatch)
    for name in ("DEEPMUSIC_MIRRORS", "DEEPMUSIC_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)

    def move(who: str):
        monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / who))
        forget()
        return tmp_path / who

    return move


@pytest.fixture
def published(house, tmp_path):
    """A folder in which somebody published a checkpoint and a sound bank."""
    put(house("hers"), "hers")
    import_file(bank(tmp_path / "grand.sf2"), "grand")
    assert main(["publish", "hers", "grand", "--license", "CC0", "--out", str(tmp_path / "pub")]) == 0
    return tmp_path / "pub"


@pytest.fixture
def server(published):
    """The same folder on a web server."""
    with HostileServer() as made:
        made.files |= {f"/shelf/{path.name}": path.read_bytes() for path in published.iterdir()}
        yield made


def files(folder):
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_what_lies_in_two_files_is_published_as_one(house, tmp_path):
    house("hers")
    assert main(["publish", "harmonize-small", "--out", str(tmp_path / "pub")]) == 0
    values = read_registry(tmp_path / "pub" / "registry.toml")["harmonize-small"]
    path = tmp_path / "pub" / values["file"]
    assert path.stat().st_size == values["bytes"] and file_sha256(path) == values["sha256"]
    ours = entry("harmonize-small")
    (beside,) = ours.companions
    assert values["bytes"] > max(ours.bytes, beside.bytes)
    theirs = replace(ours, path=path, bytes=values["bytes"], sha256=values["sha256"], details={})
    wanted, found = (loading.read(each).model.state_dict() for each in (ours, theirs))
    assert wanted.keys() == found.keys() and all(torch.equal(wanted[key], found[key]) for key in wanted)


def test_a_published_folder_is_complete_and_its_sums_are_right(published):
    sha8 = read_registry(published / "registry.toml")["hers"]["sha256"][:8]
    bank8 = read_registry(published / "registry.toml")["grand"]["sha256"][:8]
    assert files(published) == {
        f"hers-{sha8}.safetensors", "hers.md", "hers.png", f"grand-{bank8}.sf2", "grand.md", "registry.toml",
        "SHA256SUMS", "README.md",
    }  # fmt: skip
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=published, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("OK") == 7
    assert "checkpoints pull hers" in (published / "README.md").read_text()
    assert "CC0" in (published / "grand.md").read_text()


def test_what_is_published_is_pulled_over_http_and_is_the_same(server, house):
    hers = loading.load("hers").model.state_dict()
    house("his")
    found = add(f"{server.base}/shelf/")
    assert found.names == ("grand", "hers") and not server.asked("/shelf/hers.md")
    seen = []
    pulled = pull("hers", seen.append)
    assert seen[-1].received == seen[-1].total == pulled.bytes
    assert check(pulled) == "whole, and makes the 8 notes that it should"
    his = loading.load("hers").model.state_dict()
    assert all(torch.equal(his[name], hers[name]) for name in hers)
    assert pulled.details["data"] == ["songs", "hymns"] and pulled.details["licence"] == "MIT"
    assert pulled.origin == f"{server.base}/shelf/registry.toml"
    assert (pulled.path.parent / "hers.md").read_text().startswith("# hers")
    assert (pulled.path.parent / "hers.png").read_bytes() == PNG
    asked = len(server.seen)
    assert pull("hers") == pulled and len(server.seen) == asked


def test_a_pulled_sound_bank_plays(server, house):
    house("his")
    add(f"{server.base}/shelf/registry.toml")
    pulled = pull("grand")
    assert find_soundfont() == pulled.path
    assert "grand" in known() and known()["grand"].kind == "soundfont"


def test_what_was_pulled_stays_when_its_registry_is_forgotten(server, house, capsys):
    house("his")
    assert main(["add", f"{server.base}/shelf"]) == 0
    assert main(["pull", "hers"]) == 0
    assert main(["remove", f"{server.base}/shelf/"]) == 0
    assert "hers" in known() and "grand" not in known()
    entry("hers").path.write_bytes(b"spoilt")
    assert main(["pull", "hers"]) == 0  # it knows where it is from
    assert main(["verify", "hers"]) == 0
    assert main(["remove", "hers"]) == 0
    assert "hers" not in known()
    assert main(["remove", f"{server.base}/shelf/"]) == 2
    assert "was not added" in capsys.readouterr().err


def test_a_spoilt_download_is_never_loaded(server, house):
    his = house("his")
    add(f"{server.base}/shelf")
    wanted = entry("hers")
    server.always[f"/shelf/{wanted.path.name}"] = serve(flip=500)
    with pytest.raises(StudioError, match="SHA-256 is wrong"):
        pull("hers")
    assert not list(his.glob("*.safetensors")) and not entry("hers").is_here
    with pytest.raises(StudioError, match="is not on this machine"):
        loading.load("hers")


def test_a_card_that_does_not_come_is_no_harm(server, house):
    house("his")
    add(f"{server.base}/shelf")
    server.always["/shelf/hers.md"] = status(404)
    assert pull("hers").is_here and not (pull("hers").path.parent / "hers.md").exists()


def test_what_is_called_a_sound_bank_and_is_none_is_thrown_away(published, house, tmp_path):
    values = read_registry(published / "registry.toml")["grand"]
    (published / values["file"]).write_bytes(b"MZ" + bytes(398))
    sha256 = file_sha256(published / values["file"])
    (published / values["file"]).rename(published / f"grand-{sha256[:8]}.sf2")
    text = (published / "registry.toml").read_text()
    text = text.replace(values["sha256"], sha256).replace(values["file"], f"grand-{sha256[:8]}.sf2")
    (published / "registry.toml").write_text(text)
    house("his")
    add(str(published))
    before = find_soundfont()
    with pytest.raises(StudioError, match="no sound bank"):
        pull("grand")
    assert find_soundfont() == before and not entry("grand").is_here


@pytest.mark.parametrize("answer", [status(404), serve(cut=100), serve(claim=10**7, cut=50)])
def test_a_registry_that_does_not_come_is_told_of(server, house, answer):
    house("his")
    server.always["/shelf/registry.toml"] = answer
    with pytest.raises(StudioError, match=r"registry.toml' .*\. \S.*\.$"):
        add(f"{server.base}/shelf")


def test_a_registry_without_end_is_given_up(server, house):
    server.files["/shelf/registry.toml"] = b"# padding\n" * 300_000
    house("his")
    with pytest.raises(StudioError, match="too large"):
        add(f"{server.base}/shelf")


def test_offline_nothing_is_asked(server, house, monkeypatch, capsys):
    house("his")
    monkeypatch.setenv("DEEPMUSIC_OFFLINE", "1")
    assert main(["add", f"{server.base}/shelf"]) == 2
    assert "DEEPMUSIC_OFFLINE keeps the studio offline" in capsys.readouterr().err and not server.seen
    assert main(["list"]) == 0
    assert "nothing comes by network" in capsys.readouterr().out


def test_publishing_again_with_more_keeps_what_is_there(published, house, tmp_path):
    old = entry("hers")
    put(house("hers"), "hers", small_writer(width=24))
    put(house("hers"), "other")
    assert main(["publish", "hers", "other", "--out", str(published)]) == 0
    listed = read_registry(published / "registry.toml")
    assert set(listed) == {"grand", "hers", "other"} and listed["hers"]["sha256"] != old.sha256
    assert f"hers-{old.sha256[:8]}.safetensors" in files(published)  # who pulls it now still gets it
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=published)
    assert done.returncode == 0


def test_what_is_damaged_or_unknown_or_somebody_elses_is_not_published(house, tmp_path, capsys):
    put(house("hers"), "hers").write_bytes(b"spoilt")
    put(house("hers"), "whole", licence="that of its authors")
    for wanted, words in (("hers", "damaged"), ("nobody", "no training run"), ("whole", "Say --license")):
        assert main(["publish", wanted, "--out", str(tmp_path / "pub")]) == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "pub").exists()


def training_run(folder):
    """Makes the folder of a training run by hand."""
    folder.mkdir()
    model = small_writer()
    state = {"model": model.state_dict(), "step": 8, "notes": 4000, "seconds": 60.0}
    torch.save(state, folder / "state.pt")
    facts = {"train": 3, "valid": 1, "notes": 4000, "source": "made here", "licence": "CC0"}
    config = {
        "recipe": {"name": "tiny", "task": "generate", "architecture": "transformer_xl", "weights": {"songs": 1.0}},
        "index": {"tokenizer": tokens.digest(), "sets": {"songs": facts}},
        "model": asdict(model.config),
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "curve.csv").write_text(
        "step,notes,seconds,learning_rate,train,valid\n4,2000,30,1e-3,9.0,\n8,4000,60,1e-3,8.0,8.5\n"
    )
    return folder


def test_a_training_run_becomes_what_a_mirror_needs(house, tmp_path, capsys):
    house("hers")
    run = training_run(tmp_path / "run")
    assert main(["publish", str(run), "--name", "my-own", "--out", str(tmp_path / "pub")]) == 0
    assert not (tmp_path / "hers").exists()  # it is not taken into her own cache folder by the way
    house("his")
    add(str(tmp_path / "pub"))
    pulled = pull("my-own")
    assert check(pulled) == "whole, and makes the 8 notes that it should"
    assert pulled.details["metrics"] == ["8.50 nats a note at the last validation in training"]
    card = (tmp_path / "his" / "my-own.md").read_text()
    assert "made here" in card and (tmp_path / "his" / "my-own.png").read_bytes().startswith(PNG[:8])
    assert main(["publish", str(run), "--name", "../x", "--out", str(tmp_path / "pub")]) == 2
    assert "cannot be the name" in capsys.readouterr().err


def test_the_hub_gets_the_folder_and_gives_a_pinned_address(published, house, monkeypatch, capsys):
    calls = []

    class FakeApi:
        def __init__(self, **_):
            pass

        def create_repo(self, repository, *, exist_ok):
            calls.append((repository, exist_ok))

        def upload_folder(self, *, repo_id, folder_path, commit_message):
            calls.append((repo_id, files(folder_path)))
            return SimpleNamespace(oid="0123456789" * 4)

    monkeypatch.setattr("huggingface_hub.HfApi", FakeApi)
    assert main(["publish", "hers", "--out", str(published), "--hub", "she/music"]) == 0
    assert calls == [("she/music", True), ("she/music", files(published))]
    address = f"hf://she/music@{'0123456789' * 4}/registry.toml"
    assert f"checkpoints add {address}" in capsys.readouterr().out
    found = registries.published((published / "registry.toml").read_text(), address)
    assert found["hers"]["sources"] == [f"hf://she/music@{'0123456789' * 4}/{found['hers']['file']}"]


def test_what_lies_on_the_hub_is_pulled_by_its_commit(published, house, monkeypatch):
    commit = "0123456789" * 4
    with HostileServer() as hub:
        hub.files |= {f"/she/music/resolve/{commit}/{path.name}": path.read_bytes() for path in published.iterdir()}
        monkeypatch.setenv("HF_ENDPOINT", hub.base)
        house("his")
        assert add(f"hf://she/music@{commit}").names == ("grand", "hers")
        assert check(pull("hers")) == "whole, and makes the 8 notes that it should"
        with pytest.raises(StudioError, match="names no full commit"):
            add("hf://she/music@main")


def test_a_hub_that_refuses_is_told_of(published, house, monkeypatch, capsys):
    def refuse(self, *_, **__):
        raise OSError("401 Client Error.\nRequest ID: 1")

    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", refuse)
    assert main(["publish", "hers", "--out", str(published), "--hub", "she/music"]) == 2
    assert "did not take 'she/music': 401 Client Error. Log in" in capsys.readouterr().err
    monkeypatch.setenv("DEEPMUSIC_OFFLINE", "1")
    assert main(["publish", "hers", "--out", str(published), "--hub", "she/music"]) == 2
    assert "Nothing was uploaded" in capsys.readouterr().err
