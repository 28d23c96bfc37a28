"""``python -m studio`` opens the studio where there is no make."""

from __future__ import annotations

import os
import sys

import pytest

from studio import __main__ as starter
from studio import serve
from tests.studio.visitor import ROOT


class Started(Exception):
    """Stands for the server, which takes this process's place."""


@pytest.fixture
def started(monkeypatch, capsys):
    """Returns a function that starts the studio and gives the settings of its server and what it printed."""

    def start(*arguments: str) -> tuple[dict[str, str], str]:
        def execv(python: str, command: list[str]) -> None:
            raise Started(command)

        monkeypatch.setattr(os, "execv", execv)
        monkeypatch.chdir(ROOT)
        with pytest.raises(Started) as server:
            serve.main([*arguments])
        command = server.value.args[0]
        assert command[:5] == [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
        return dict(zip(command[5::2], command[6::2])), capsys.readouterr().out

    return start


def test_only_this_machine_can_open_it_unless_asked(started):
    settings, said = started()
    assert settings["--server.address"] == "127.0.0.1" and settings["--server.port"] == "8501"
    assert "http://localhost:8501" in said and "--address 0.0.0.0" in said
    settings, said = started("--address", "0.0.0.0", "--port", "9000", "--base-path", "studio")
    assert settings["--server.address"] == "0.0.0.0" and settings["--server.baseUrlPath"] == "studio"
    assert "port 9000/studio of all addresses" in said and "no password" in said


def test_the_environment_may_say_so_too(started, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_ADDRESS", "0.0.0.0")
    monkeypatch.setenv("PORT", "7860")
    settings, _ = started()
    assert (settings["--server.address"], settings["--server.port"]) == ("0.0.0.0", "7860")


def test_a_home_that_cannot_be_written_is_told_at_the_start(started, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DEEPMUSIC_SONGS", str(tmp_path / "file" / "songs"))
    _, said = started()
    assert said.count("Songs cannot be kept in") == 1


@pytest.mark.parametrize("name", ["DEEPMUSIC_WORKERS", "DEEPMUSIC_SONGS_MB", "DEEPMUSIC_JOB_MINUTES"])
def test_nonsense_in_the_environment_is_refused(name, monkeypatch, capsys):
    monkeypatch.setenv(name, "lots")
    assert serve.main([]) == 2
    assert f"{name} is 'lots'" in capsys.readouterr().err


def test_an_environment_is_made_once_and_again_when_requirements_change(monkeypatch, tmp_path, capsys):
    done = []
    monkeypatch.setattr(starter, "ROOT", tmp_path)
    monkeypatch.setattr(starter, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(starter, "STAMP", tmp_path / ".venv" / ".installed")
    for name in starter.REQUIREMENTS:
        (tmp_path / name).touch()

    def call(command: list[str], **_) -> int:
        done.append(" ".join(command))
        if "venv" in command:
            (tmp_path / ".venv").mkdir()
        return 0

    monkeypatch.setattr(starter.subprocess, "call", call)
    assert starter.environment().is_relative_to(tmp_path / ".venv")
    assert "-m venv" in done[0] and "-r requirements.txt" in done[1] and "--no-deps -r requirements-sound" in done[2]
    (tmp_path / ".venv" / "bin").mkdir()
    (tmp_path / ".venv" / "bin" / "python").touch()
    done.clear()
    starter.environment()
    assert not any("pip" in command for command in done)
    os.utime(tmp_path / ".venv" / ".installed", (0, 0))
    starter.environment()
    assert any("pip" in command for command in done)


def test_it_takes_the_pythons_that_the_makefile_takes(monkeypatch, tmp_path, capsys):
    versions = " ".join(f"{major}.{minor}" for major, minor in reversed(starter.SUPPORTED))
    assert f"SUPPORTED := {versions}\n" in (ROOT / "Makefile").read_text()
    monkeypatch.setattr(starter, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    assert starter.environment() == 2
    assert "3.11, 3.12, 3.13" in capsys.readouterr().err
