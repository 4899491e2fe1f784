"""PyTorch against ONNX Runtime."""

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import numpy as np
import torch
from torch import nn

from . import disk, onnx_file
from .error import BUG, DATA, ExportError
from .graph import Graph, outputs_of
from .settings import Settings


@dataclass(frozen=True)
class Case:
    """Inputs and what PyTorch makes of them in single precision; float32 and int64 arrays by name."""

    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


@contextmanager
def in_single(module: nn.Module) -> Iterator[None]:
    """Lets a network with half-precision weights compute in float32: the weights of a layer are widened when
    its turn comes and given back after it, so that a large network does not have to fit twice."""
    hooks = []
    narrow = (torch.float16, torch.bfloat16)
    for layer in module.modules():
        # An attention of torch reads the weights of its projections without calling them.
        deep = isinstance(layer, nn.MultiheadAttention)
        held = [p for p in layer.parameters(recurse=deep) if p.dtype in narrow]
        held += [b for b in layer.buffers(recurse=deep) if b.dtype in narrow]
        if not held:
            continue
        stack: list[list[torch.Tensor]] = []

        def widen(_layer, _inputs, held=held, stack=stack):
            stack.append([it.data for it in held])
            for it in held:
                it.data = it.data.float()

        def give_back(_layer, _inputs, _outputs, held=held, stack=stack):
            for it, data in zip(held, stack.pop()):
                it.data = data

        hooks += [layer.register_forward_pre_hook(widen), layer.register_forward_hook(give_back)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def expected(graph: Graph, module: nn.Module) -> list[Case]:
    """What PyTorch says, in float32, for every case of the graph."""
    cases = []
    with in_single(module):
        for inputs in graph.measured():
            found = outputs_of(module, tuple(torch.from_numpy(array) for array in inputs.values()))
            arrays = {name: it.float().numpy().copy() for name, it in zip(graph.outputs, found, strict=True)}
            bad = [name for name, array in arrays.items() if not np.isfinite(array).all()]
            if bad:
                raise ExportError(f"graph {graph.name} gives {bad[0]} that is not finite in PyTorch itself",
                                  "the weights are damaged, or not those of this model", DATA)
            cases.append(Case(inputs, arrays))
    return cases


def session(path: Path):
    """ONNX Runtime on the CPU, without second copies of the weights in another order.

    The fusion that is turned off makes release 1.32 crash on half-precision graphs (microsoft/onnxruntime issue
    28392); `storyeval` turns it off as well. Single precision gives the same bits with and without it.

    Weights above `disk.LARGE` stay in their files, and those in half precision are widened one operator at a time:
    with all optimisations ONNX Runtime keeps a widened copy of everything (two layers of OPT-6.7b, 0.8 GB in half
    precision: 1.6 GB against 0.75 GB, which does not grow with the layers; the outputs are the same bits).
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_prepacking", "1")
    options.add_session_config_entry("optimization.disable_specified_optimizers", "MatmulTransposeFusion")
    if sum(file.stat().st_size for file in onnx_file.files(path)) > disk.LARGE:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def measure(graph: Graph, path: Path, cases: list[Case], settings: Settings) -> dict[str, float]:
    """The largest difference of each output, relative to the largest value of that output; raises
    [`ExportError`] above the graph's tolerance."""
    tolerance = graph.tolerances[settings.precision]
    worst = dict.fromkeys(graph.outputs, 0.0)
    for case, outputs in zip(cases, _run(graph, path, cases), strict=True):
        for name, found in zip(graph.outputs, outputs, strict=True):
            worst[name] = max(worst[name], difference(found, case.outputs[name]))
    for name, value in worst.items():
        if not value <= tolerance:
            raise ExportError(
                f"graph {graph.name}: {name} of ONNX Runtime differs from PyTorch by {value:.2e} of its largest "
                f"value; {tolerance:.0e} is allowed",
                "export with --precision fp32" if settings.precision == "fp16" else
                "this is a bug of the exporter; please report it", DATA)
    return worst


def _run(graph: Graph, path: Path, cases: list[Case]) -> list[list[np.ndarray]]:
    try:
        running = session(path)
        found = [running.run(list(graph.outputs), case.inputs) for case in cases]
    except Exception as source:  # ONNX Runtime has a class of its own for every status
        raise ExportError(f"graph {graph.name} does not run in ONNX Runtime: {source}",
                          "this is a bug of the exporter; please report it", BUG) from source
    del running
    gc.collect()
    return found


def difference(found: np.ndarray, wanted: np.ndarray) -> float:
    """Largest absolute difference by the largest absolute value; infinite where shapes or finiteness differ."""
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return float("inf")
    if wanted.size == 0:
        return 0.0
    largest = float(np.abs(wanted).max())
    return float(np.abs(found.astype(np.float64) - wanted).max()) / (largest or 1.0)


def record(graph: Graph, cases: list[Case]) -> dict[str, np.ndarray]:
    """The smallest case, as entries of `parity.npz`."""
    case = min(cases, key=lambda it: sum(a.size for a in (*it.inputs.values(), *it.outputs.values())))
    return ({f"{graph.name}/in/{name}": array for name, array in case.inputs.items()}
            | {f"{graph.name}/out/{name}": array for name, array in case.outputs.items()})
