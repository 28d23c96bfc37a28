"""Every notebook runs from top to bottom, and holds no logic that belongs into a room."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))


def code_of(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_it_promises(path, monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # Streamlit sets it, and the kernel would draw nowhere
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable  # the kernel of these tests, whatever else is installed
    client.execute()
    shown = [kind for cell in notebook.cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert shown.count("image/png") >= 2
    html = "".join(out.get("data", {}).get("text/html", "") for c in notebook.cells for out in c.get("outputs", []))
    assert "<audio" in html


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_is_short_and_kept_without_its_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert "sys.path" in code_of(notebook)[0]
    assert sum(len(source.splitlines()) for source in code_of(notebook)) < 60
    nodes = [node for source in code_of(notebook) for node in ast.walk(ast.parse(source))]
    assert not any(isinstance(node, (ast.ClassDef, ast.While)) for node in nodes)


def test_there_is_a_notebook_for_each_model():
    assert {"audio", "compose", "generate", "harmonize", "lstm", "remix", "train"} <= {path.stem for path in ALL}
