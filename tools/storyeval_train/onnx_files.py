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
    return np.round(generator.standard_normal(shape), 3).astype(np.float32)


def export_graph(module, path, inputs, output, parity, seed=7):
    """Exports `module` and proves ONNX Runtime equal to PyTorch.

    inputs: list of (name, dtype, shape, dynamic axes {index: label}, exclusive high of integers).
    Returns the module whose weights the file holds.
    """
    module = round_to_half(fused(module)).requires_grad_(False)
    generator = np.random.default_rng(seed)
    arrays = [example(n, s, d, generator, h) for n, d, s, _, h in inputs]
    names = [i[0] for i in inputs]
    axes = {n: a for n, _, _, a, _ in inputs} | {output: {0: "batch"}}
    if 1 in axes[names[0]]:
        axes[output][1] = axes[names[0]][1]
    with torch.no_grad():
        torch.onnx.export(module, tuple(torch.from_numpy(a) for a in arrays), str(path), opset_version=OPSET,
                          input_names=names, output_names=[output], dynamic_axes=axes, dynamo=False)
    store_half(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for size in (1, 3):  # another batch size than the example's
        resized = [np.concatenate([a] * size)[:size] for a in arrays]
        got = session.run(None, dict(zip(names, resized)))[0]
        with torch.no_grad():
            wanted = module(*(torch.from_numpy(a) for a in resized)).numpy()
        worst = max(worst, float(np.abs(got - wanted).max()))
    if worst > TOLERANCE:
        raise ValueError(f"{path.name}: ONNX Runtime differs from PyTorch by {worst}")
    with torch.no_grad():
        wanted = module(*(torch.from_numpy(a) for a in arrays)).numpy()
    record = {
        "graph": path.name, "tolerance": TOLERANCE,
        "inputs": [{"name": n, "dtype": d, "shape": list(a.shape), "data": a.flatten().tolist()
                    if d == "int64" else [float(f"{v:.6g}") for v in a.flatten()]}
                   for (n, d, *_), a in zip(inputs, arrays)],
        "output": {"name": output, "shape": list(wanted.shape),
                   "first": [float(f"{v:.7g}") for v in wanted.flatten()[:64]]}}
    parity.mkdir(parents=True, exist_ok=True)
    (parity / f"{path.stem}.json").write_text(json.dumps(record))
    return worst
