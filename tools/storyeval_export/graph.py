"""One ONNX graph: what it takes and gives, and how it is written."""

import gc
import inspect
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from torch import nn

from .error import BUG, ExportError
from .settings import Settings

TOLERANCES = {"fp32": 1e-4, "fp16": 1e-2}
FIRST = (4, 5, 7, 11)  # sizes of the dynamic axes in the example; all differ, so that none is taken for another
CASES = ((1, 4, 3, 6), (2, 6, 9, 4))  # and in the cases that are measured


@dataclass(frozen=True)
class Input:
    """One input. A text in `shape` names a dynamic axis. `fill(generator, sizes)` makes an array for tests,
    float32 or int64."""

    shape: tuple[int | str, ...]
    fill: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

    @staticmethod
    def normal(*shape: int | str) -> "Input":
        """float32, standard normal: latents and embeddings."""
        return Input(shape, lambda generator, sizes: generator.standard_normal(sizes).astype(np.float32))

    @staticmethod
    def pixels(*shape: int | str, low: float = 0.0, high: float = 1.0) -> "Input":
        """float32, 256 even steps from `low` to `high`: images."""
        return Input(shape, lambda generator, sizes: (
            generator.integers(0, 256, sizes) / 255 * (high - low) + low).astype(np.float32))

    @staticmethod
    def integers(low: int, high: int, *shape: int | str) -> "Input":
        """int64 from `low` up to and without `high`: tokens, time steps, masks."""
        return Input(shape, lambda generator, sizes: generator.integers(low, high, sizes).astype(np.int64))

    def sizes(self, labels: dict[str, int]) -> tuple[int, ...]:
        """The shape with numbers for the dynamic axes."""
        return tuple(labels[axis] if isinstance(axis, str) else axis for axis in self.shape)


@dataclass(frozen=True)
class Graph:
    """A graph of a bundle.

    `build()` is called when the graph's turn comes and gives the loaded network in evaluation mode; its
    `forward` takes the inputs in order and gives a tensor, or a tuple in the order of `outputs`. It may have
    parameters of any floating type. Only one network is in memory at a time.
    """

    name: str
    build: Callable[[], nn.Module]
    inputs: dict[str, Input]
    outputs: tuple[str, ...]
    #: Number of parameters, for the checks of disk and memory (`keys.count`); 0 is not checked.
    parameters: int = 0
    #: Bytes of the activations of the largest case, for the check of memory.
    activations: int = 1 << 28
    #: Names in `Plan.inputs` that the graph is made from; all of them when `None`.
    reads: tuple[str, ...] | None = None
    #: Anything else that changes the graph, as plain data: the graph is made again when it changes.
    settings: dict[str, Any] = field(default_factory=dict)
    #: `dynamo` or `torchscript`.
    exporter: str = "dynamo"
    #: Whether the dynamo exporter simplifies the graph; off for an LPIPS, whose `+ 1e-10` it drops.
    optimize: bool = True
    #: Sizes of the dynamic axes in the example, instead of the usual ones, where some depend on others.
    traced: dict[str, int] | None = None
    #: Sizes of the dynamic axes in each case that is measured, instead of the usual two.
    cases: tuple[dict[str, int], ...] | None = None
    #: Instead of the command's `--precision`, for graphs where half precision saves nothing.
    precision: str | None = None
    #: Largest difference relative to the largest value of an output, by precision.
    tolerances: dict[str, float] = field(default_factory=lambda: dict(TOLERANCES))
    #: Called with the network when PyTorch's answers are taken, before it is exported.
    prepare: Callable[[nn.Module], None] | None = None

    def labels(self) -> list[str]:
        """The dynamic axes, in order of their first use."""
        return list(dict.fromkeys(axis for it in self.inputs.values() for axis in it.shape if isinstance(axis, str)))

    def example(self) -> dict[str, np.ndarray]:
        """The inputs that the graph is traced with."""
        return self.arrays(self.traced or dict(zip(self.labels(), FIRST)), 0)

    def measured(self) -> list[dict[str, np.ndarray]]:
        """The inputs of every case that is measured; their dynamic axes differ from the example's."""
        cases = self.cases or [dict(zip(self.labels(), sizes)) for sizes in CASES[:2 if self.labels() else 1]]
        return [self.arrays(case, 1 + number) for number, case in enumerate(cases)]

    def arrays(self, labels: dict[str, int], seed: int) -> dict[str, np.ndarray]:
        """The same arrays for the same graph, sizes and seed, on every machine."""
        generator = np.random.default_rng([seed, *self.name.encode()])
        return {name: it.fill(generator, it.sizes(labels)) for name, it in self.inputs.items()}

    def description(self) -> dict[str, Any]:
        """Plain data that changes when the graph has to be made again."""
        return {"name": self.name, "inputs": {name: it.shape for name, it in self.inputs.items()},
                "outputs": self.outputs, "settings": self.settings, "exporter": self.exporter,
                "optimize": self.optimize, "precision": self.precision, "tolerances": self.tolerances,
                "traced": self.traced, "cases": self.cases}


def to_onnx(graph: Graph, module: nn.Module, path: Path, settings: Settings) -> None:
    """Traces `module` (its parameters in their final types) and writes `path` with its files of weights."""
    from . import onnx_file

    example = tuple(torch.from_numpy(array) for array in graph.example().values())
    axes = {name: {place: axis for place, axis in enumerate(it.shape) if isinstance(axis, str)}
            for name, it in graph.inputs.items()}
    common = {"input_names": list(graph.inputs), "output_names": list(graph.outputs),
              "opset_version": settings.opset}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if graph.exporter == "torchscript":
            # The old exporter ends at opset 20 and writes weights beside the file when they are large.
            dynamic = axes | _dynamic_outputs(graph, module, example)
            torch.onnx.export(module, example, str(path), dynamo=False, dynamic_axes=dynamic, **common)
            model = onnx_file.load(path)
        else:
            shapes = tuple(axes.values())
            kinds = [it.kind for it in inspect.signature(module.forward).parameters.values()]
            program = torch.onnx.export(module, example, dynamo=True, optimize=graph.optimize, verbose=False,
                                        dynamic_shapes=(shapes,) if inspect.Parameter.VAR_POSITIONAL in kinds else shapes,
                                        **common)
            model = program.model
    for given, (name, it) in zip(model.graph.inputs, graph.inputs.items(), strict=True):
        for place, axis in axes[name].items():
            if isinstance(given.shape[place], int):
                raise ExportError(f"graph {graph.name}: axis {place} ({axis}) of {name} came out fixed at "
                                  f"{given.shape[place]}", "this is a bug of the exporter; please report it", BUG)
    onnx_file.save(model, path, settings.shard_size)
    gc.collect()


def _dynamic_outputs(graph: Graph, module: nn.Module, example: tuple[torch.Tensor, ...]) -> dict:
    """Axes of the outputs that change between the example and a case, with numbered names."""
    small = outputs_of(module, example)
    large = outputs_of(module, tuple(torch.from_numpy(a) for a in graph.measured()[-1].values()))
    return {name: {place: f"{name}_{place}" for place, (a, b) in enumerate(zip(s.shape, l.shape)) if a != b}
            for name, s, l in zip(graph.outputs, small, large, strict=True)}


def outputs_of(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    """The outputs of a network, always as a list."""
    with torch.no_grad():
        found = module(*inputs)
    return list(found) if isinstance(found, (tuple, list)) else [found]


def checked(graph: Graph, path: Path) -> None:
    """Runs the checker of onnx on a saved graph, weights of any size included."""
    import onnx

    try:
        onnx.checker.check_model(str(path))
    except (onnx.checker.ValidationError, ValueError) as source:
        raise ExportError(f"graph {graph.name} is not valid ONNX: {source}",
                          "this is a bug of the exporter; please report it", BUG) from source
