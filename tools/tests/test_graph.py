"""From a network to files: precision, shards, axes, parity."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from toy import graph, plan, toy

from storyeval_export import disk, half, parity
from storyeval_export.bundle import write
from storyeval_export.error import ExportError
from storyeval_export.graph import Graph, Input, to_onnx
from storyeval_export.settings import Settings
from storyeval_export.progress import Progress


def exported(folder, graphs, **settings):
    source = folder / "weights"
    source.write_text("stands for a checkpoint")
    return write(plan({"weights": source}, graphs), folder / "out", "toy", Settings(**settings), Progress(quiet=True))


@pytest.mark.parametrize("precision, stored", [("fp32", torch.float32), ("fp32", torch.bfloat16),
                                               ("fp16", torch.float32), ("fp16", torch.float16)])
def test_ports_are_single_whatever_is_inside(tmp_path, precision, stored):
    out = exported(tmp_path, [graph(build=lambda: toy(stored))], precision=precision)
    model = onnx.load(out / "toy.onnx")
    ports = {it.name: it.type.tensor_type for it in [*model.graph.input, *model.graph.output]}
    assert {name: it.elem_type for name, it in ports.items()} == {
        "input_ids": onnx.TensorProto.INT64, "mask": onnx.TensorProto.INT64, "hidden": onnx.TensorProto.FLOAT}
    assert [it.dim_param or it.dim_value for it in ports["hidden"].shape.dim] == ["batch", "tokens", 16]
    types = {it.data_type for it in model.graph.initializer if np.prod(it.dims) > 64}
    assert types == {onnx.TensorProto.FLOAT if precision == "fp32" else onnx.TensorProto.FLOAT16}
    small = {it.name: it.data_type for it in model.graph.initializer if ".norm." in f".{it.name}"}
    assert set(small.values()) == {onnx.TensorProto.FLOAT}, "norms stay in float32"
    text = (out / "toy.onnx").read_bytes()
    assert b"/tests/" not in text and b"site-packages" not in text, "no folder of this machine is in it"
    # Lengths that were neither traced nor measured.
    running = parity.session(out / "toy.onnx")
    ids, mask = np.arange(10).reshape(1, 10) % 20, np.ones((1, 10), np.int64)
    mask[0, 7:] = 0
    wanted = toy()(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    found = running.run(None, {"input_ids": ids, "mask": mask})[0]
    assert parity.difference(found, wanted) < {"fp32": 1e-4 if stored == torch.float32 else 2e-2, "fp16": 1e-2}[precision]


def test_large_weights_lie_in_shards_that_keep_to_the_size(tmp_path):
    out = exported(tmp_path, [graph()], shard_size=6000)
    shards = sorted(out.glob("toy.data-*"))
    count = len(shards)
    assert count > 2
    assert [it.name for it in shards] == [f"toy.data-{number:05}-of-{count:05}" for number in range(1, count + 1)]
    assert all(it.stat().st_size <= 6000 for it in shards)
    onnx.checker.check_model(str(out / "toy.onnx"))
    lines = (out / "bundle.toml").read_text()
    assert all(f'"{it.name}" = "' in lines for it in shards)
    onnxruntime.InferenceSession(str(out / "toy.onnx"), providers=["CPUExecutionProvider"])
    shards[1].unlink()
    with pytest.raises(Exception, match="data-00002"):
        onnxruntime.InferenceSession(str(out / "toy.onnx"), providers=["CPUExecutionProvider"])


def test_parity_tensors_are_small_named_and_right(tmp_path):
    out = exported(tmp_path, [graph()])
    with np.load(out / "parity.npz") as entries:
        assert set(entries.files) == {"toy/in/input_ids", "toy/in/mask", "toy/out/hidden"}
        ids, mask = entries["toy/in/input_ids"], entries["toy/in/mask"]
        assert ids.shape == (1, 4) and ids.dtype == np.int64 and entries["toy/out/hidden"].dtype == np.float32
        wanted = toy()(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        assert np.array_equal(entries["toy/out/hidden"], wanted)


class Depends(nn.Module):
    """What the old exporter freezes: the number of rows is written into the graph."""

    def forward(self, x):
        return x + int(x.shape[0])


def test_a_graph_that_differs_from_pytorch_is_refused(tmp_path):
    one = Graph("frozen", Depends, {"x": Input.normal("batch", 3)}, ("y",), exporter="torchscript")
    with pytest.raises(ExportError, match="y of ONNX Runtime differs from PyTorch by"):
        exported(tmp_path, [one])
    assert not (tmp_path / "out").exists()


def test_the_old_exporter_can_be_asked_for(tmp_path):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()).eval().requires_grad_(False)
    one = Graph("old", lambda: network, {"x": Input.pixels("batch", 3, 6, 6)}, ("y",), exporter="torchscript")
    out = exported(tmp_path, [one], opset=18)
    model = onnx.load(out / "old.onnx")
    assert model.opset_import[0].version == 18
    assert model.graph.output[0].type.tensor_type.shape.dim[0].dim_param


def test_weights_that_half_precision_cannot_hold(tmp_path):
    network = nn.Linear(2, 2).requires_grad_(False)
    network.weight[0, 0] = 1e6
    one = Graph("large", lambda: network, {"x": Input.normal("batch", 2)}, ("y",))
    with pytest.raises(ExportError, match="does not fit half precision") as error:
        exported(tmp_path, [one], precision="fp16")
    assert "--precision fp32" in error.value.hint


def test_differences_are_relative_and_see_shapes_and_numbers():
    wanted = np.array([1.0, -200.0], np.float32)
    assert parity.difference(np.array([1.0, -199.0], np.float32), wanted) == pytest.approx(0.005)
    assert parity.difference(np.array([[1.0, -200.0]], np.float32), wanted) == float("inf")
    assert parity.difference(np.array([np.nan, -200.0], np.float32), wanted) == float("inf")


def test_half_weights_are_compared_with_single_precision():
    module = toy(torch.float16)
    with parity.in_single(module):
        found = module(torch.ones(1, 3, dtype=torch.int64), torch.ones(1, 3, dtype=torch.int64))
    assert found.dtype == torch.float32
    assert module.wide.weight.dtype == torch.float16, "given back"


def test_weights_above_a_limit_stay_in_their_files_while_parity_is_measured(tmp_path, monkeypatch):
    """Less is optimised then; the outputs do not change."""
    torch.manual_seed(4)
    network = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.LayerNorm(16), torch.nn.Linear(16, 4)).eval()
    graph = Graph("net", lambda: network, {"given": Input.normal("batch", 8)}, ("found",))
    cases = parity.expected(graph, network)
    to_onnx(graph, half.halve(network, "net"), tmp_path / "net.onnx", Settings("fp16", shard_size=256))
    outputs = []
    for limit in (disk.LARGE, 0):
        monkeypatch.setattr(disk, "LARGE", limit)
        assert parity.measure(graph, tmp_path / "net.onnx", cases, Settings("fp16"))["found"] < 1e-2
        outputs.append(parity.session(tmp_path / "net.onnx").run(None, cases[0].inputs)[0])
    assert (outputs[0] == outputs[1]).all()


def test_a_language_model_in_half_precision_does_not_have_to_fit_twice_and_widened():
    opt = 6_658_000_000
    assert disk.memory_of(opt, "fp16", 0) < 28e9 < disk.memory_of(opt, "fp32", 0)
