"""Writes the tiny ONNX graphs of the inference tests, of the start-up check of CUDA and of the sampler's step.

Run from the root of the repository, with `pip install onnx==1.23.2`:

    python3 tools/golden/tiny_onnx.py

The files are committed, so that no test needs Python. They are written byte for byte alike on every
machine: nothing in them depends on time, host or random numbers.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "reference-data" / "golden" / "onnx"


def save(path, nodes, inputs, outputs, constants=(), external=None):
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(*port) for port in inputs],
        [helper.make_tensor_value_info(*port) for port in outputs],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants],
    )
    # opset 17 and IR 8 are read by ONNX Runtime 1.22 and everything newer.
    model = helper.make_model(
        graph, producer_name="storyeval", ir_version=8, opset_imports=[helper.make_opsetid("", 17)]
    )
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if external:
        (path.parent / external).unlink(missing_ok=True)
        onnx.save(model, path, save_as_external_data=True, location=external, size_threshold=0)
        (path.parent / external).chmod(0o644)
    else:
        path.write_bytes(model.SerializeToString(deterministic=True))


F32, I64, F16 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.FLOAT16

# y = conv(x, ones) * 2: needs cuDNN and cuBLAS where it runs on CUDA.
save(
    ROOT / "src" / "inference" / "probe.onnx",
    [helper.make_node("Conv", ["x", "ones"], ["c"]), helper.make_node("MatMul", ["c", "two"], ["y"])],
    [("x", F32, [1, 1, 2, 2])],
    [("y", F32, [1, 1, 1, 1])],
    [("ones", np.ones((1, 1, 2, 2))), ("two", np.full((1, 1, 1, 1), 2))],
)

# One step of PLMS: guidance, the combination of the last slopes, and the next sample twice, for the two halves of
# the next call. Every formula of the sampler is linear in these, so that the coefficients say which one it is.
LATENTS = ["batch", "channels", "height", "width"]
save(
    ROOT / "src" / "generator" / "storygpt_v" / "sampler_step.onnx",
    [
        helper.make_node("Split", ["noise"], ["without", "with"], axis=0),
        helper.make_node("Sub", ["with", "without"], ["towards"]),
        helper.make_node("Mul", ["towards", "guidance"], ["pull"]),
        helper.make_node("Add", ["without", "pull"], ["slope"]),
        helper.make_node("Split", ["of_slopes"], ["w0", "w1", "w2", "w3"], axis=0),
        helper.make_node("Mul", ["slope", "w0"], ["p0"]),
        helper.make_node("Mul", ["slope1", "w1"], ["p1"]),
        helper.make_node("Mul", ["slope2", "w2"], ["p2"]),
        helper.make_node("Mul", ["slope3", "w3"], ["p3"]),
        helper.make_node("Mul", ["base", "of_base"], ["kept"]),
        helper.make_node("Sum", ["p0", "p1", "p2", "p3"], ["moved"]),
        helper.make_node("Add", ["kept", "moved"], ["sample"]),
        helper.make_node("Concat", ["sample", "sample"], ["doubled"], axis=0),
    ],
    [
        ("noise", F32, ["twice", "channels", "height", "width"]),
        ("base", F32, LATENTS),
        ("slope1", F32, LATENTS),
        ("slope2", F32, LATENTS),
        ("slope3", F32, LATENTS),
        ("guidance", F32, [1]),
        ("of_base", F32, [1]),
        ("of_slopes", F32, [4]),
    ],
    [
        ("slope", F32, LATENTS),
        ("sample", F32, LATENTS),
        ("doubled", F32, ["twice", "channels", "height", "width"]),
    ],
)

# sum = a + b, product = a * b, with a dynamic batch of three columns.
save(
    GOLDEN / "pair.onnx",
    [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Mul", ["a", "b"], ["product"])],
    [("a", F32, ["batch", 3]), ("b", F32, ["batch", 3])],
    [("sum", F32, ["batch", 3]), ("product", F32, ["batch", 3])],
)

# A table of four rows of two, looked up by ids [B, S] -> [B, S, 2].
save(
    GOLDEN / "lookup.onnx",
    [helper.make_node("Gather", ["table", "ids"], ["rows"], axis=0)],
    [("ids", I64, ["batch", "length"])],
    [("rows", F32, ["batch", "length", 2])],
    [("table", np.arange(8).reshape(4, 2))],
)

# y = x W with W 8x8 in a file of its own, as graphs above 2 GB have to be stored.
save(
    GOLDEN / "external.onnx",
    [helper.make_node("MatMul", ["x", "w"], ["y"])],
    [("x", F32, ["batch", 8])],
    [("y", F32, ["batch", 8])],
    [("w", np.eye(8)[::-1] * 0.5)],
    external="external.bin",
)

# Half precision at the ports, which no bundle may have.
save(
    GOLDEN / "half.onnx",
    [helper.make_node("Neg", ["x"], ["y"])],
    [("x", F16, ["batch", 2])],
    [("y", F16, ["batch", 2])],
)

# Half precision inside, and a transpose before the product: what crashes ONNX Runtime 1.32 on a CPU unless one of its
# fusions is off. y = transpose(x) 2.
save(
    GOLDEN / "half_inside.onnx",
    [
        helper.make_node("Cast", ["x"], ["xh"], to=F16),
        helper.make_node("Transpose", ["xh"], ["t"], perm=[1, 0, 2]),
        helper.make_node("Cast", ["w"], ["wh"], to=F16),
        helper.make_node("MatMul", ["t", "wh"], ["yh"]),
        helper.make_node("Cast", ["yh"], ["y"], to=F32),
    ],
    [("x", F32, ["batch", "length", 2])],
    [("y", F32, ["length", "batch", 2])],
    [("w", np.eye(2) * 2)],
)

# As many ones as the caller says, and their sum: how memory is made short.
save(
    GOLDEN / "ones.onnx",
    [
        helper.make_node("ConstantOfShape", ["sides"], ["ones"], value=helper.make_tensor("one", F32, [1], [1.0])),
        helper.make_node("ReduceSum", ["ones"], ["sum"], keepdims=0),
    ],
    [("sides", I64, ["rank"])],
    [("sum", F32, [])],
)

# Batch fixed to 1 by a careless export.
save(
    GOLDEN / "fixed.onnx",
    [helper.make_node("Neg", ["x"], ["y"])],
    [("x", F32, [1, 2])],
    [("y", F32, [1, 2])],
)

origin = {
    "origin": {
        "command": "python3 tools/golden/tiny_onnx.py",
        "versions": {"onnx": onnx.__version__, "numpy": np.__version__},
        "tolerance": "exact: the tests' inputs and results are small integers and halves",
    }
}
(GOLDEN / "origin.json").write_text(json.dumps(origin, indent=2) + "\n")
