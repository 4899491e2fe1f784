"""The tests of the examples. Each starts a worker in a process of its own; without PyTorch those that need it are skipped."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent
sys.path[:0] = [str(HERE), str(HERE / "stand_ins"), str(EXAMPLES), str(EXAMPLES.parent / "python"), str(EXAMPLES.parent / "tools" / "tests")]


@pytest.fixture
def need():
    """`need("torch", "omegaconf")` skips a test where a package of the worker is absent."""

    def check(*names):
        absent = [name for name in names if importlib.util.find_spec(name) is None]
        if absent:
            pytest.skip(f"{absent[0]} is not installed")

    return check
