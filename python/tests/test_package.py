"""What the package declares, and its notebook."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import INSTALLED, PACKAGE

ROOT = PACKAGE.parent


def declared(path):
    """A pyproject.toml."""
    tomllib = pytest.importorskip("tomllib")
    return tomllib.loads(path.read_text())["project"]


def test_the_extras_of_the_exporter_are_those_of_tools():
    mine, tools = (declared(path)["optional-dependencies"] for path in (ROOT / "pyproject.toml", ROOT / "tools/pyproject.toml"))
    for extra in ("export", "train", "evaluators"):
        assert mine[extra] == tools[extra], extra


def test_the_metadata_are_those_of_the_crate():
    tomllib = pytest.importorskip("tomllib")
    mine, crate = declared(ROOT / "pyproject.toml"), tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
    assert (mine["description"], mine["license"]) == (crate["description"], crate["license"])
    assert mine["keywords"] == crate["keywords"]


@pytest.mark.skipif(not INSTALLED, reason="STORYEVAL_INSTALLED says that the package is installed")
def test_the_installed_package_has_the_program_and_the_exporter(tmp_path):
    scripts = Path(sys.executable).parent
    version = importlib.metadata.version("storyeval")
    for command in ([scripts / "storyeval"], [sys.executable, "-m", "storyeval"]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stdout == f"storyeval {version}\n"
    for module in ("storyeval_export", "storyeval_train"):
        done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0 and module in done.stdout, done.stderr


@pytest.mark.skipif(not INSTALLED, reason="STORYEVAL_INSTALLED says that the package is installed")
def test_the_program_uses_the_onnx_runtime_beside_it(tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "STORYEVAL_CACHE": str(tmp_path / "cache"), "STORYEVAL_OFFLINE": "1"}
    program = Path(sys.executable).parent / "storyeval"
    done = subprocess.run([program, "doctor"], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    library = next(line for line in done.stdout.splitlines() if line.startswith("ONNX Runtime "))
    assert importlib.metadata.version("onnxruntime") in library
    assert str(Path(sys.prefix).resolve() / "lib") in library and "onnxruntime/capi/" in library, library


def test_the_notebook_runs(program, tmp_path, monkeypatch):
    """Its cells one after the other, as a kernel would run them; the last value of each is shown and discarded."""
    for name in ("pandas", "polars", "PIL"):
        pytest.importorskip(name)
    notebook = json.loads((ROOT / "docs/notebooks/runs.ipynb").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "STORYEVAL", str(Path(program).resolve()))
    names = {"__name__": "notebook"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 5
    for cell in cells:
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)  # noqa: S102
