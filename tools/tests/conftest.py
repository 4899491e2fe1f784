"""Fixtures of the exporter's tests: small checkpoints, one thread."""

import sys
from pathlib import Path

import pytest
import torch

TOOLS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOOLS), str(TOOLS / "tests")]
torch.set_num_threads(1)


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
