"""``python -m checkpoints`` as somebody types it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checkpoints import __main__ as cli
from checkpoints.__main__ import main
from checkpoints.downloading import DownloadProgress
from checkpoints.store import entry, registry_text
from tests.checkpoints.hostile_server import HostileServer, serve
from tests.checkpoints.shelf import bank, put
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own that is not there yet."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    for name in ("DEEPMUSIC_MIRRORS", "DEEPMUSIC_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path):
    """A web server with a published sound bank of 2 MB, "grand"."""
    data = bank(tmp_path / "grand.sf2", size=2_000_000).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    file = f"grand-{sha256[:8]}.sf2"
    values = {
        "kind": "soundfont",
        "file": file,
        "bytes": len(data),
        "sha256": sha256,
        "sources": [file],
        "licence": "CC0",
    }
    with HostileServer() as made:
        made.files |= {f"/{file}": data, "/registry.toml": registry_text({"grand": values}).encode()}
        made.grand = f"/{file}"
        yield made


def test_list_says_what_there_is_and_what_can_be_pulled(cache, server, capsys):
    assert main(["add", server.base]) == 0
    assert "Get one with `python -m checkpoints pull grand`." in capsys.readouterr().out
    assert main(["list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    for words in ("ships with it", "generate", "17.0 MB", "8.50 M", "MIT", "the repository"):
        assert words in lines["generate-small"]
    for words in ("can be pulled", "generate", "11.3 MB", "5.66 M", "MIT", "its history"):
        assert words in lines["generate-small-1"]
    for words in ("can be pulled", "sound bank", "2.0 MB", "CC0", server.base):
        assert words in lines["grand"]
    assert main(["pull", "grand"]) == 0
    put(cache, "mine").unlink()
    capsys.readouterr()
    assert main(["list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert " here " in lines["grand"] and " missing " in lines["mine"]


def test_pull_says_how_far_it_is_in_plain_lines_where_there_is_no_terminal(cache, server, capsys):
    main(["add", server.base])
    assert main(["pull", "grand"]) == 0
    said = capsys.readouterr()
    assert "\r" not in said.err and "grand: 100% of 2.0 MB" in said.err
    assert "grand: pulled, in " in said.out
    assert main(["pull", "grand", "generate-small"]) == 0
    said = capsys.readouterr()
    assert said.err == "" and said.out.count("whole already") == 2


def test_on_a_terminal_one_line_changes(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    line = cli._Line("grand")
    for share in (0.25, 0.5, 1.0):
        line(DownloadProgress(int(share * 40e6), int(40e6), 2e6, (1 - share) * 20, "https://example.org"))
    line.close()
    said = capsys.readouterr().err
    assert [part.strip() for part in said.split("\r")[1:]] == [
        "grand: 25% of 40.0 MB, 2.0 MB/s, 0:15 left",
        "grand: 50% of 40.0 MB, 2.0 MB/s, 0:10 left",
        "grand: 100% of 40.0 MB, 2.0 MB/s",
    ]
    assert said.count("\n") == 1


def test_ctrl_c_keeps_what_has_come_and_the_next_pull_goes_on_from_there(cache, server):
    main(["add", server.base])
    server.always[server.grand] = serve(stall=250_000)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "checkpoints", "pull", "grand"]

    def heed_ctrl_c() -> None:  # what runs in the background of a shell inherits that it is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    ) as process:
        target = entry("grand").path

        def has_begun() -> bool:
            assert process.poll() is None
            return any(part.stat().st_size > 200_000 for part in target.parent.glob(f"{target.name}.*.part"))

        until(has_begun, "the beginning of the file")
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 2 and "Traceback" not in said
    assert "What has come of 'grand' is kept, and `python -m checkpoints pull grand` goes on from there." in said
    assert not target.exists()
    del server.always[server.grand]
    assert main(["pull", "grand"]) == 0 and entry("grand").is_here
    assert int(server.asked(server.grand)[-1].headers["range"].removeprefix("bytes=").rstrip("-")) > 200_000


def test_what_cannot_be_is_said_in_sentences(cache, server, monkeypatch, capsys):
    main(["add", server.base])
    monkeypatch.setenv("DEEPMUSIC_OFFLINE", "1")
    for arguments, words in [
        (["pull", "nobody"], "There is no checkpoint 'nobody'. Available: "),
        (["pull", "grand"], "DEEPMUSIC_OFFLINE keeps the studio offline"),
        (["remove", "grand"], "not on this machine"),
        (["remove", "generate-small"], "ships with the studio and stays"),
        (["verify", "grand"], "is missing. Get it with"),
        (["add", "http://example.org/x"], "is not encrypted"),
        (
            ["add", str(cache / "nowhere")],
            "is no address of a registry. Give an https or hf address, or the path of a file",
        ),
        (["import", "nowhere.sf2"], "was not found"),
        (["pull"], "The following arguments are required: NAME. Type "),
        (["fly"], "Type 'python -m checkpoints --help'"),
        ([], "required: VERB"),
    ]:
        capsys.readouterr()
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert words in said.err and "Traceback" not in said.err and not said.out, arguments
        assert len([part for part in said.err.strip().split(". ") if part]) >= 2, said.err


def test_list_and_pull_need_no_torch():
    code = (
        "import sys, checkpoints.pulling, checkpoints.registries\nfrom checkpoints.__main__ import main\n"
        "assert main(['list']) == 0\n"
        "assert not {'torch', 'miditok', 'huggingface_hub'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_sound_bank_is_imported_and_removed(cache, tmp_path, capsys):
    assert main(["import", str(bank(tmp_path / "my bank.sf2"))]) == 0
    assert "my-bank: a sound bank" in capsys.readouterr().out
    assert main(["remove", "my-bank"]) == 0
    assert "my-bank: removed" in capsys.readouterr().out and not list((cache / "soundfonts").glob("*.sf2"))
