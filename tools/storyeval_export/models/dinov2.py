"""`dinov2`: DINOv2 as a feature network for FID, KID, precision and recall.

Weights `dinov2_vits14_pretrain.pth` and `dinov2_vitb14_pretrain.pth` of facebookresearch/dinov2. Always in single
precision: distances of distributions are computed from it.
"""

import argparse
from functools import partial
from pathlib import Path

from torch import nn

from ..checkpoint import load_state
from ..eyes.dinov2 import SIDE, SIZES, Dinov2
from ..eyes.files import name_bundle, one_file
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into
from ..model import Plan

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
IGNORED = (("mask_token", "stands for hidden patches, which only training has"),)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `dinov2`."""
    parser.add_argument("--size", choices=tuple(SIZES), default="s", help="ViT-S/14 or ViT-B/14 (default: %(default)s)")


def plan(args: argparse.Namespace) -> Plan:
    """One graph with features."""
    file = f"dinov2_vit{args.size}14_pretrain.pth"
    path = one_file(args, file)
    name_bundle(args, f"dinov2-{args.size}")
    graph = Graph(
        "features",
        partial(build, args.size, path),
        {"pixel_values": Input.normal("batch", 3, SIDE, SIDE)},
        ("features",),
        count(lambda: Dinov2(args.size)),
        settings={"size": args.size},
        precision="fp32",
    )
    return Plan(
        {file: path},
        [graph],
        {
            "kind": "evaluators",
            "licence": "Apache-2.0",
            "source": {
                "upstream": "github.com/facebookresearch/dinov2",
                "note": f"ViT-{args.size.upper()}/14 without registers, class token",
            },
            "image": {"width": SIDE, "height": SIDE},
            "input": {"scale": IMAGENET, "resizer": "pillow-bicubic", "geometry": "squash"},
            "features": {"dim": SIZES[args.size][0]},
        },
    )


def build(size: str, path: Path) -> nn.Module:
    """The network with the weights of `path`."""
    with empty_parameters():
        net = Dinov2(size)
    return load_into(net, load_state(path), source=str(path), ignore=IGNORED)
