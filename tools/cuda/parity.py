"""Every graph of the bundles on CUDA against the CPU, on fixed inputs, in one ONNX Runtime.

    python tools/cuda/parity.py reference-data/bundles parity.json

needs onnxruntime-gpu and numpy (and NVIDIA's libraries where the loader finds them, or PyTorch, which is then imported
first). Without a GPU only the CPU column is made. For each graph: largest and root-mean-square difference relative to the
CPU's largest and root-mean-square value, with TF32 off (as storyeval runs it) and on; whether a second call gives the same
bytes; where nodes ran; milliseconds a call from and to host memory, and with tensors that stay on the device.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

try:
    import torch  # noqa: F401  brings CUDA and cuDNN into the process
except ImportError:
    pass
import onnxruntime as ort

BATCH = 16
IMAGE_SIDE, IMAGE_TOKENS, TOKENS = 64, 8, 32
TOKEN_IDS = 20


def options(profile=None):
    """As storyeval sets a session."""
    chosen = ort.SessionOptions()
    chosen.intra_op_num_threads = os.cpu_count()
    chosen.inter_op_num_threads = 1
    chosen.use_deterministic_compute = True
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if profile:
        chosen.enable_profiling = True
        chosen.profile_file_prefix = profile
    return chosen


def size(name, shape, axis):
    """A size for an axis that the graph leaves open."""
    if axis == 0:
        return BATCH
    if len(shape) == 4:
        return IMAGE_SIDE
    return IMAGE_TOKENS if "img" in name else TOKENS


def inputs(session):
    draw = np.random.default_rng(0)
    feed, sizes = {}, {}
    for port in session.get_inputs():
        shape = [
            axis if isinstance(axis, int) else sizes.setdefault(axis, size(port.name, port.shape, place))
            for place, axis in enumerate(port.shape)
        ]
        if port.type == "tensor(float)":
            feed[port.name] = draw.standard_normal(shape, dtype=np.float32)
        elif "mask" in port.name:
            feed[port.name] = np.ones(shape, np.int64)
        elif "time" in port.name:
            feed[port.name] = np.full(shape, 500, np.int64)
        else:
            feed[port.name] = draw.integers(0, TOKEN_IDS, shape).astype(np.int64)
    if "past_keys" in feed:  # the mask covers what was read before and what is read now
        length = feed["past_keys"].shape[3] + feed["inputs_embeds"].shape[1]
        feed["attention_mask"] = np.ones((BATCH, length), np.int64)
    return feed


def milliseconds(call, times):
    spans = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        spans.append(time.perf_counter() - begin)
    return round(1e3 * sorted(spans)[times // 2], 3)


def distance(wanted, got):
    """Largest and root-mean-square difference, relative to the wanted values'."""
    worst = mean = 0.0
    for a, b in zip(wanted, got):
        a, difference = a.astype(np.float64), np.abs(a.astype(np.float64) - b)
        worst = max(worst, float(difference.max() / (np.abs(a).max() or 1.0)))
        rms = np.sqrt((a**2).mean()) or 1.0
        mean = max(mean, float(np.sqrt((difference**2).mean()) / rms))
    return {"max": worst, "rms": mean}


def digest(arrays):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:16]


def places(profile):
    """How many nodes each provider ran, and the operators of those on the CPU."""
    seen = {}
    for event in json.loads(Path(profile).read_text()):
        if event["name"].endswith("_kernel_time"):
            arguments = event["args"]
            seen.setdefault(arguments["provider"], {})[event["name"]] = arguments["op_name"]
    cpu = sorted(set(seen.get("CPUExecutionProvider", {}).values()))
    return {"cuda_nodes": len(seen.get("CUDAExecutionProvider", {})), "cpu_nodes": len(seen.get("CPUExecutionProvider", {})), "cpu_operators": cpu}


def on_cuda(path, feed, wanted, tf32):
    provider = [("CUDAExecutionProvider", {"device_id": 0, "use_tf32": str(int(tf32))})]
    names = list(wanted)
    with tempfile.TemporaryDirectory() as folder:
        session = ort.InferenceSession(path, options(f"{folder}/profile"), providers=provider)
        got = session.run(names, feed)
        row = distance(wanted.values(), got) | {"sha256": digest(got)}
        row["second_call_same_bytes"] = digest(session.run(names, feed)) == row["sha256"]
        row |= places(session.end_profiling())
    session = ort.InferenceSession(path, options(), providers=provider)
    session.run(names, feed)
    row["ms"] = milliseconds(lambda: session.run(names, feed), 15)
    bound = session.io_binding()
    for name, value in feed.items():
        bound.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(value, "cuda", 0))
    for name in names:
        bound.bind_output(name, "cuda", 0)

    def stay():
        session.run_with_iobinding(bound)
        bound.synchronize_outputs()

    stay()
    row["ms_on_device"] = milliseconds(stay, 15)
    return row


def main(bundles, target):
    ort.set_default_logger_severity(4)
    paths = sorted(Path(bundles).glob("*/*.onnx"))
    # That it is "available" says only that it was compiled in; a session that has it has loaded it.
    tried = ort.InferenceSession(paths[0], providers=["CUDAExecutionProvider", "CPUExecutionProvider"])
    cuda = "CUDAExecutionProvider" in tried.get_providers()
    if not cuda:
        print("CUDA does not work here: only the CPU is timed", file=sys.stderr)
    rows = []
    for path in paths:
        cpu = ort.InferenceSession(path, options(), providers=["CPUExecutionProvider"])
        feed = inputs(cpu)
        names = [port.name for port in cpu.get_outputs()]
        wanted = dict(zip(names, cpu.run(names, feed)))
        row = {"graph": f"{path.parent.name}/{path.name}", "cpu_ms": milliseconds(lambda: cpu.run(names, feed), 7)}
        if cuda:
            row |= {"fp32": on_cuda(path, feed, wanted, False), "tf32": on_cuda(path, feed, wanted, True)}
            fp32, tf32 = row["fp32"], row["tf32"]
            print(f"{row['graph']:42} off {fp32['max']:.1e}  TF32 {tf32['max']:.1e}  {row['cpu_ms']:8.2f} ms -> {fp32['ms']:6.2f} ms")
        rows.append(row)
    Path(target).write_text(json.dumps({"onnxruntime": ort.__version__, "batch": BATCH, "graphs": rows}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
