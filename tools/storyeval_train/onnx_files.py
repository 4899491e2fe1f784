"""Writing one ONNX graph: export, half-precision storage, parity record."""

import copy
import json

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .run import round_to_half

OPSET = 17
TOLERANCE = 1e-4
LARGE = 4096  # elements from which a weight is stored as fp16


def fused(module):
    """A copy with batch norms folded into their convolutions, so that rounding sees final weights."""
    module = copy.deepcopy(module).eval()
    for child in module.modules():
        if (isinstance(child, torch.nn.Sequential) and len(child) > 1
                and isinstance(child[1], torch.nn.BatchNorm2d)):
            child[0] = fuse_conv_bn_eval(child[0], child[1])
            child[1] = torch.nn.Identity()
    return module


def store_half(path):
    """Stores large fp32 initialisers as fp16 followed by a Cast; the arithmetic stays fp32."""
    model = onnx.load(path)
    graph, casts = model.graph, []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LARGE:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16),
                                       tensor.name + "_half")
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def example(name, shape, dtype, generator, high):
    """A deterministic input with few digits, so that JSON holds it exactly enough."""
    if dtype == "int64":
        return generator.integers(1 if high == 2 else 0, high, shape).astype(np.int64)
    if name == "pixel_values":
        return generator.integers(0, 256, shape).astype(np.float32) / np.float32(255)
    if name.startswith("image"):
        return np.round(generator.uniform(-1, 1, shape), 2).astype(np.float32)
    return np.round(generator.standard_normal(shape), 3).astype(np.float32)


def export_graph(module, path, inputs, outputs, parity=None, seed=7, cases=(), tensors=None, half=True):
    """Exports `module`, proves ONNX Runtime equal to PyTorch and records inputs with their outputs.

    inputs: list of (name, dtype, shape, dynamic axes {index: label}, exclusive high of integers).
    outputs: one name (batch first; a second dynamic axis of the first input is the output's too) or
    a dict of names with their dynamic axes.
    parity: folder that takes inputs and outputs as JSON, if any.
    cases: more inputs to record, each a dict of arrays by name; `GRAPH-2.json` is the first of them.
    tensors: takes the first inputs and outputs as a bundle's parity file has them (`GRAPH/in/NAME`), if given.
    half: store large weights as fp16, which the network can take whose batch norms `fused` finds.
    Returns the largest difference found.
    """
    module = (round_to_half(fused(module)) if half else module.eval()).requires_grad_(False)
    generator = np.random.default_rng(seed)
    names = [i[0] for i in inputs]
    given = {n: example(n, s, d, generator, h) for n, d, s, _, h in inputs}
    if isinstance(outputs, str):
        first = inputs[0][3]
        outputs = {outputs: {0: "batch"} | ({1: first[1]} if 1 in first else {})}
    axes = {n: a for n, _, _, a, _ in inputs} | outputs
    with torch.no_grad():
        torch.onnx.export(module, tuple(torch.from_numpy(a) for a in given.values()), str(path),
                          opset_version=OPSET, input_names=names, output_names=list(outputs),
                          dynamic_axes=axes, dynamo=False)
    if half:
        store_half(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def both(arrays):
        """What PyTorch and ONNX Runtime make of the same inputs."""
        with torch.no_grad():
            wanted = module(*(torch.from_numpy(arrays[n]) for n in names))
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        return [w.numpy() for w in wanted], session.run(list(outputs), {n: arrays[n] for n in names})

    def resized(size):
        """The first inputs with another batch size; the batch axis is the one labelled so."""
        out = {}
        for name, _, _, axis, _ in inputs:
            place = next(i for i, label in axis.items() if label == "batch")
            out[name] = np.concatenate([given[name]] * size, axis=place).take(range(size), axis=place)
        return out

    worst = size = 0.0
    for arrays in [resized(1), resized(3), resized(32), *cases]:  # other batch sizes than the example's
        for wanted, got in zip(*both(arrays)):
            if wanted.shape != got.shape:
                raise ValueError(f"{path.name}: shape {got.shape} instead of {wanted.shape}")
            worst = max(worst, float(np.abs(got - wanted).max(initial=0)))
            size = max(size, float(np.abs(wanted).max(initial=0)))
    if worst > TOLERANCE * max(1, size):
        raise ValueError(f"{path.name}: ONNX Runtime differs from PyTorch by {worst}")
    if tensors is not None:
        tensors |= {f"{path.stem}/in/{n}": given[n] for n in names}
        tensors |= {f"{path.stem}/out/{n}": v for n, v in zip(outputs, both(given)[0])}
    if parity is None:
        return worst
    parity.mkdir(parents=True, exist_ok=True)
    for number, arrays in enumerate([given, *cases], 1):
        suffix = "" if number == 1 else f"-{number}"
        (parity / f"{path.stem}{suffix}.json").write_text(
            json.dumps(record(path.name, inputs, arrays, list(outputs), both(arrays)[0])))
    return worst


def record(graph, inputs, arrays, names, values):
    """Inputs in full and the first 64 numbers of every output."""
    found = [{"name": n, "shape": list(v.shape), "first": [float(f"{x:.7g}") for x in v.flatten()[:64]]}
             for n, v in zip(names, values)]
    return {"graph": graph, "tolerance": TOLERANCE,
            "inputs": [{"name": n, "dtype": d, "shape": list(arrays[n].shape), "data": arrays[n].flatten().tolist()
                        if d == "int64" else [float(f"{v:.6g}") for v in arrays[n].flatten()]}
                       for n, d, *_ in inputs],
            **({"output": found[0]} if len(found) == 1 else {"outputs": found})}
