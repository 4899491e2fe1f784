"""Looking into an exported bundle."""

import argparse
import tomllib
from pathlib import Path

import numpy as np


def manifest(bundle: Path) -> dict:
    """`bundle.toml`."""
    return tomllib.loads((bundle / "bundle.toml").read_text("utf-8"))


def run(bundle: Path, graph: str, **inputs: np.ndarray) -> list[np.ndarray]:
    """The outputs of a graph in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(bundle / f"{graph}.onnx", options, providers=["CPUExecutionProvider"])
    return session.run(None, {name: np.asarray(value) for name, value in inputs.items()})


def difference(found: np.ndarray, wanted) -> float:
    """Largest difference relative to the largest value."""
    wanted = np.asarray(wanted)
    assert found.shape == wanted.shape
    assert np.isfinite(found).all()
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def planned(model: str, *arguments: object):
    """The plan that a command line makes, without exporting anything."""
    from storyeval_export.command import parse
    from storyeval_export.models import MODELS

    args: argparse.Namespace = parse([model, "--out", "unused", *map(str, arguments)])
    return MODELS[model].plan(args), args
