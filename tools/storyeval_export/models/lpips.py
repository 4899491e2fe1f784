"""`lpips`: the learned perceptual distance, over a trunk of torchvision and the authors' heads.

Always in single precision: sums of squares of a trunk's features are above what half precision can hold, and the
`1e-10` that keeps black areas from a division by zero is below it.
"""

import argparse
import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn

from ..checkpoint import load_state
from ..error import DATA, SETUP, ExportError
from ..eyes.files import name_bundle, one_file
from ..eyes.perceptual import TRUNKS, Lpips
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into
from ..model import Plan

VERSION = "0.1"
FILES = {
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
    "squeeze": "squeezenet1_1-b8a52dc0.pth",
}
"""Names under which torchvision publishes the trunks."""
UNIT = 16
"""Pixels that a unit of an open axis stands for in examples: the trunks need more than a few pixels."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `lpips`."""
    parser.add_argument(
        "--network", choices=tuple(TRUNKS), default="alex", help="the trunk (default: %(default)s)"
    )
    parser.add_argument(
        "--heads",
        metavar="FILE",
        help="linear layers, v0.1; without it those of the installed Python package lpips",
    )


def plan(args: argparse.Namespace) -> Plan:
    """One graph, free in the number and the size of images."""
    trunk, heads = one_file(args, FILES[args.network]), heads_file(args)
    name_bundle(args, f"lpips-{args.network}")
    image = Input(("batch", 3, "height", "width"), _pixels)
    graph = Graph(
        "lpips",
        partial(build, args.network, trunk, heads),
        {"image0": image, "image1": image},
        ("distance",),
        count(lambda: Lpips(args.network)),
        settings={"network": args.network},
        optimize=False,
        precision="fp32",
    )
    return Plan(
        {"trunk.pth": trunk, "heads.pth": heads},
        [graph],
        {
            "kind": "lpips",
            "licence": "BSD-2-Clause",
            "source": {
                "upstream": "github.com/richzhang/PerceptualSimilarity",
                "note": f"trunk {args.network} of torchvision, heads v{VERSION}",
            },
            # The graph takes any size; storyeval resizes where a protocol says so.
            "image": {"width": 256, "height": 256},
            "input": {"scale": "symmetric"},
            "lpips": {"network": args.network, "version": VERSION},
        },
    )


def heads_file(args: argparse.Namespace) -> Path:
    """`--heads`, or the file in the installed package `lpips`, which is not imported for it.

    Raises:
        ExportError: where neither is there.
    """
    if args.heads:
        if not Path(args.heads).is_file():
            raise ExportError(f"{args.heads} is absent", "check the path given as --heads", SETUP)
        return Path(args.heads)
    found = importlib.util.find_spec("lpips")
    file = Path(found.origin).parent / "weights" / f"v{VERSION}" / f"{args.network}.pth" if found else None
    if file is None or not file.is_file():
        raise ExportError(
            "the linear layers are needed, and the Python package lpips is not installed",
            "pip install lpips==0.1.4, or give them as --heads FILE",
            SETUP,
        )
    return file


def build(network: str, trunk: Path, heads: Path) -> nn.Module:
    """Trunk and heads in one network.

    Raises:
        ExportError: for the checkpoint of another trunk or other heads; negative weights in the heads are
            refused too, since the authors' have none and distances could become negative.
    """
    with empty_parameters():
        net = Lpips(network)
    state = dict(load_state(trunk))
    linear = load_state(heads)
    # v0.1 names a layer `lin0.model.1.weight`; some copies have it under `lins.0.` as well.
    for layer in range(len(TRUNKS[network].taps)):
        value = linear.get(f"lin{layer}.model.1.weight", linear.get(f"lins.{layer}.model.1.weight"))
        if value is None:
            raise ExportError(
                f"{heads} has no lin{layer}.model.1.weight",
                f"take weights/v{VERSION}/{network}.pth of the Python package lpips",
                DATA,
            )
        if bool((value < 0).any()):
            raise ExportError(
                f"{heads}: lin{layer}.model.1.weight has negative values, so distances could be negative",
                f"take weights/v{VERSION}/{network}.pth of the Python package lpips",
                DATA,
            )
        state[f"heads.{layer}"] = value
    kept = len(net.features)
    later = "|".join(str(at) for at in range(kept, 64))
    ignored = (
        (r"classifier\..*", "the trunk's classifier, which the distance does not use"),
        (rf"features\.({later})\..*", "layers behind the last one that the distance uses"),
    )
    return load_into(net, state, source=f"{trunk} with {heads}", ignore=ignored)


def _pixels(generator: np.random.Generator, sizes: tuple[int, ...]) -> np.ndarray:
    """float32 in `[-1, 1]`, a part of it black: `sizes` with height and width in units."""
    images, colours, rows, columns = sizes
    grey = generator.integers(0, 256, (images, colours, rows * UNIT + UNIT, columns * UNIT + UNIT))
    grey[:, :, :UNIT, :UNIT] = 0
    return (grey / 255 * 2 - 1).astype(np.float32)
