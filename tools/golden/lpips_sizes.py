"""LPIPS of pairs of many sizes, by the package lpips with the weights of reference-data/bundles/minisv-lpips.

    python tools/golden/lpips_sizes.py reference-data/golden/networks/lpips_sizes.json

Image `seed` of w x h has at (x, y), channel c: (7 seed + x (3 + seed) + y (5 + 2 c) + x y // (11 + seed) + 40 c) mod 256, as src/extract/lpips_tests.rs makes it.
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import lpips
import numpy as np
import onnx
import torch
from onnx import numpy_helper

ROOT = Path(__file__).resolve().parents[2] / "reference-data"
SIZES = [[64, 64], [64, 40], [90, 90], [100, 60], [128, 128], [128, 129], [181, 181], [200, 150], [256, 256], [301, 515], [512, 512], [640, 333], [1411, 200]]


def image(seed, width, height):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((7 * seed + x * (3 + seed) + y * (5 + 2 * c) + x * y // (11 + seed) + 40 * c) % 256).astype("float32")


class Trunk(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights, self.strides = weights, (2, 2, 1, 2, 1)

    def forward(self, x):
        out = []
        for (weight, bias), stride in zip(self.weights, self.strides):
            x = torch.relu(torch.nn.functional.conv2d(x, weight, bias, stride, weight.shape[-1] // 2))
            out.append(x)
        return out


def package():
    model = onnx.load(ROOT / "bundles/minisv-lpips/lpips.onnx")
    found = {t.name.removesuffix("_half"): torch.from_numpy(numpy_helper.to_array(t).astype("float32")) for t in model.graph.initializer}
    trunk = [(found[f"trunk.stages.{k}.0.weight"], found[f"trunk.stages.{k}.0.bias"]) for k in range(5)]
    loss = lpips.LPIPS(net="alex", pretrained=False, pnet_rand=True, verbose=False)
    loss.net = Trunk(trunk)
    for line, (weight, _) in zip(loss.lins, trunk):
        head = next(v for v in found.values() if v.shape == (1, len(weight), 1, 1))  # widths differ
        line.model[-1] = torch.nn.Conv2d(len(weight), 1, 1, bias=False)
        line.model[-1].weight.data = head.view(1, -1, 1, 1)
    return loss.eval()


def main(path):
    loss = package()
    distances = []
    for width, height in SIZES:
        one, two = (torch.from_numpy(image(seed, width, height)).permute(2, 0, 1)[None] / 127.5 - 1 for seed in (1, 2))
        with torch.no_grad():
            distances.append(float(f"{loss(one, two).item():.8g}"))
    versions = {name: importlib.metadata.version(name) for name in ("lpips", "torch", "numpy", "onnx")}
    origin = {"command": "python tools/golden/lpips_sizes.py reference-data/golden/networks/lpips_sizes.json", "versions": versions}
    with open(path, "w") as file:
        json.dump({"origin": origin, "tolerance": 1e-6, "sizes": SIZES, "distances": distances}, file, indent=0)
        file.write("\n")
    print(distances)


main(sys.argv[1])
