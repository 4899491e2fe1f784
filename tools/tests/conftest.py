"""Fixtures of the exporter's tests: small checkpoints, one thread.

Without PyTorch, as in `.ci/run`, tests that need it are skipped: whole files by their imports, others when they import it.
"""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOOLS), str(TOOLS / "tests")]
HEAVY = ("torch", "torchvision", "onnxruntime", "open_clip", "transformers", "diffusers")
"""Packages that only the whole environment has."""
MISSING = tuple(name for name in HEAVY if importlib.util.find_spec(name) is None)
NEEDS_TORCH = re.compile(r"^(import|from) (torch|onnxruntime|safetensors\.torch|eyes_makers|eyes_bundle|toy|second_stage|small_\w+)\b", re.M)
collect_ignore = []

if "torch" in MISSING:
    tests = Path(__file__).resolve().parent
    collect_ignore = [path.name for path in tests.glob("test_*.py") if NEEDS_TORCH.search(path.read_text())]
else:
    import torch

    torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A test that imports an absent package while it runs is skipped."""
    try:
        return (yield)
    except ModuleNotFoundError as error:
        if error.name in MISSING:
            pytest.skip(f"{error.name} is not installed")
        raise


@pytest.fixture
def export(tmp_path, capsys):
    """Runs the command line: `export("char-ldm", "--checkpoint", ...)` gives exit code, stdout and stderr."""
    from storyeval_export.command import main

    def run(*arguments):
        capsys.readouterr()
        try:
            code = main([str(it) for it in arguments])
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return code, out, err

    return run
