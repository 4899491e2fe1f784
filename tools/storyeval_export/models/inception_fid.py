"""`inception-fid`: the Inception of FID, KID, precision and recall, and the Inception Score.

Weights `pt_inception-2015-12-05-6726825d.pth` of pytorch-fid's releases, which are those of TensorFlow's graph
under torchvision's key names. Always in single precision: distances of distributions are computed from it.
"""

import argparse
from pathlib import Path

from torch import nn

from ..checkpoint import load_state
from ..error import DATA, ExportError
from ..eyes.files import one_file
from ..eyes.inception import FEATURES, SIDE, FeaturesAndLogits, fid_network
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into
from ..model import Plan

CLASSES = 1008
FILE = "pt_inception-2015-12-05-6726825d.pth"
OPTIONAL = ((r".*\.num_batches_tracked", "a counter that only training uses"),)


def arguments(_parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


def plan(args: argparse.Namespace) -> Plan:
    """One graph with features and logits."""
    path = one_file(args, FILE)
    graph = Graph(
        "features",
        lambda: build(path),
        {"pixel_values": Input.pixels("batch", 3, SIDE, SIDE, low=-1.0)},
        ("features", "logits"),
        count(lambda: fid_network(CLASSES)),
        precision="fp32",
    )
    return Plan(
        {FILE: path},
        [graph],
        {
            "kind": "evaluators",
            "licence": "Apache-2.0",
            "source": {
                "upstream": "github.com/mseitzer/pytorch-fid",
                "note": "TensorFlow's inception-2015-12-05; logits are without bias",
            },
            "image": {"width": SIDE, "height": SIDE},
            "input": {"scale": "symmetric"},
            "features": {"dim": FEATURES},
        },
    )


def build(path: Path) -> nn.Module:
    """The network with the weights of `path`.

    Raises:
        ExportError: with its own words for torchvision's Inception, which is the usual mistake.
    """
    state = load_state(path)
    last = state.get("fc.weight")
    if last is not None and last.shape[0] != CLASSES:
        raise ExportError(
            f"{path} has {last.shape[0]} classes, but the network of FID has {CLASSES}",
            f"torchvision's Inception gives other distances: take {FILE} of pytorch-fid's releases",
            DATA,
        )
    with empty_parameters():
        net = fid_network(CLASSES)
    net = load_into(net, state, source=str(path), optional=OPTIONAL)
    return FeaturesAndLogits(net).eval()
