"""Whole-process time of looking at images with a network of Inception's size: storyeval against a bare ONNX Runtime loop.

    python tools/bench/extraction.py STORYEVAL_PROGRAM [IMAGES [DEVICE]]    (default 256 cpu; needs torch, torchvision, onnx, onnxruntime, Pillow)

Exports torchvision's Inception v3 with random weights (the size and speed of FID's network, not its values) as
a bundle, writes PNG frames of 128 and of 512 pixels, and times `storyeval metric fid A B` (decode, resize to 299, network
and distance, twice IMAGES images) and a Python process that loads the same file with the same ONNX Runtime library and
number of threads, and runs batches of 32 that it already has in memory, as often. Both print their own
loop's seconds: for storyeval the whole process less that of one batch, so that loading counts on neither side.
The Python process runs twice: with ONNX Runtime's own settings, where threads without work spin, and with threads that wait,
as storyeval has them (a spinning thread takes the core from whatever else runs on the machine).
DEVICE is cpu or cuda (onnxruntime-gpu is then needed); on CUDA both run without TF32.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time

from frames import draw

BATCH = 32
BARE = """
import sys, time
import numpy
if sys.argv[3] == "cuda":
    import torch  # brings CUDA and cuDNN into the process
import onnxruntime
providers = {"cpu": "CPUExecutionProvider", "cuda": ("CUDAExecutionProvider", {"use_tf32": "0"})}
options = onnxruntime.SessionOptions()
if sys.argv[4] == "wait":
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=[providers[sys.argv[3]]])
assert sys.argv[3].upper() in session.get_providers()[0]
pixels = numpy.random.default_rng(0).normal(size=(32, 3, 299, 299)).astype("float32")
session.run(None, {"pixel_values": pixels})
begin = time.perf_counter()
for _ in range(int(sys.argv[2])):
    session.run(None, {"pixel_values": pixels})
print(time.perf_counter() - begin)
"""


def export(folder):
    import torch
    import torchvision

    torch.manual_seed(0)
    network = torchvision.models.inception_v3(weights=None, aux_logits=False, transform_input=False, init_weights=False).eval()
    network.fc = torch.nn.Identity()
    network.dropout = torch.nn.Identity()
    path = os.path.join(folder, "features.onnx")
    torch.onnx.export(
        network, (torch.zeros(2, 3, 299, 299),), path, input_names=["pixel_values"], output_names=["features"],
        dynamic_axes={"pixel_values": {0: "n"}, "features": {0: "n"}}, dynamo=False, opset_version=17,
    )
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(folder, "bundle.toml"), "w") as file:
        file.write(f'''format = 1
kind = "evaluators"
id = "inception-random"
licence = "none"

[source]
upstream = "torchvision inception_v3, random weights"
commit = ""
note = "for timing only"

[image]
width = 299
height = 299

[graphs]
features = "features.onnx"

[features]
dim = 2048

[files]
"features.onnx" = "{digest}"
''')
    return path


def ours(program, bundle, a, b, device):
    begin = time.perf_counter()
    command = [program, "metric", "fid", a, b, "--bundle", bundle, "--device", device, "--resamples", "0", "--format", "json"]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin


program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 256
device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
with tempfile.TemporaryDirectory() as root:
    bundle = os.path.join(root, "bundle")
    os.makedirs(bundle)
    network = export(bundle)
    batches = 2 * (count - BATCH) // BATCH
    for side in (128, 512):
        folder = lambda name: os.path.join(root, str(side), name)
        for name, size in (("a", count), ("b", count), ("c", BATCH), ("d", BATCH)):
            draw(folder(name), size, side)
        overheads = {"spin": [], "wait": []}
        for _ in range(3):
            loop = ours(program, bundle, folder("a"), folder("b"), device) - ours(program, bundle, folder("c"), folder("d"), device)
            line = f"{2 * (count - BATCH)} images of {side} on {device}: storyeval from PNG to FID {loop:.2f} s"
            for idle, found in overheads.items():
                bare = float(subprocess.check_output([sys.executable, "-c", BARE, network, str(batches), device, idle]))
                found.append(100 * (loop / bare - 1))
                line += f", bare ONNX Runtime whose threads {idle} {bare:.2f} s ({found[-1]:+.1f} %)"
            print(line, flush=True)
        print(f"medians of three for {side}:", ", ".join(f"{idle} {statistics.median(found):+.1f} %" for idle, found in overheads.items()), flush=True)
