"""Golden values for torch's and TensorFlow 1's resizers.

    python tools/golden/resize_torch.py > reference-data/golden/resize/torch.json

Needs torch (CPU), torch-fidelity and numpy. torch's results are stored at 48 places of each case, in grey
levels; torch-fidelity's TensorFlow 1 resizer is stored as a hash of all of them.
"""

import base64
import hashlib
import json
import sys
from importlib.metadata import version

import numpy
import torch
from torch.nn.functional import interpolate
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

torch.set_num_threads(1)
SHAPES = [
    ((128, 128), (299, 299)), ((64, 64), (299, 299)), ((256, 256), (299, 299)), ((512, 512), (299, 299)),
    ((512, 512), (224, 224)), ((299, 299), (299, 299)), ((300, 200), (299, 299)), ((200, 300), (299, 299)),
    ((1, 1), (17, 9)), ((1, 7), (7, 1)), ((2, 2), (5, 5)), ((3, 3), (2, 2)), ((640, 480), (299, 224)),
    ((480, 640), (224, 299)), ((37, 91), (200, 13)), ((91, 37), (13, 200)), ((101, 103), (97, 107)),
    ((1000, 10), (299, 299)), ((10, 1000), (299, 299)), ((33, 65), (64, 32)), ((299, 299), (64, 64)),
    ((720, 405), (299, 299)), ((5, 400), (6, 399)), ((73, 73), (299, 1)),
]


def lcg(state):
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state >> 24


def noise(width, height):
    values = lcg(12345)
    raw = bytes(next(values) for _ in range(width * height * 3))
    return torch.from_numpy(numpy.frombuffer(raw, numpy.uint8).reshape(1, height, width, 3).copy()).permute(0, 3, 1, 2)


def places(size, count=48):
    """Corners first, then by the generator: channel, row, column."""
    width, height = size
    values = lcg(7)
    corners = [(0, 0, 0), (1, 0, width - 1), (2, height - 1, 0), (0, height - 1, width - 1)]

    def word():
        return next(values) * 256 + next(values)

    return corners + [(next(values) % 3, word() % height, word() % width) for _ in range(count - 4)]


def main():
    cases = []
    for start, end in SHAPES:
        image = noise(*start).float().contiguous()
        size = (end[1], end[0])
        case = {"from": start, "to": end}
        for name, mode, antialias in [
            ("bilinear", "bilinear", False),
            ("bilinear-antialias", "bilinear", True),
            ("bicubic", "bicubic", False),
            ("bicubic-antialias", "bicubic", True),
        ]:
            result = interpolate(image, size=size, mode=mode, align_corners=False, antialias=antialias)[0].numpy()
            values = numpy.array([result[place] for place in places(end)], dtype="<f4")
            case[name] = base64.b64encode(values.tobytes()).decode()
        tf1 = interpolate_bilinear_2d_like_tensorflow1x(image, size=size, align_corners=False)[0].numpy()
        case["tf1"] = hashlib.sha256(tf1.astype("<f4").tobytes()).hexdigest()[:16]
        cases.append(case)
    head = {
        "command": "python tools/golden/resize_torch.py > reference-data/golden/resize/torch.json",
        "versions": {name: version(name) for name in ["torch", "torch-fidelity", "numpy"]},
        "tolerance": "bilinear: 6e-5 grey levels; bicubic: 6e-4; TensorFlow 1: equal bytes",
        "layout": "sizes are [width, height]; values are little-endian float32 at the generator's places",
    }
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    sys.stdout.write(json.dumps({"origin": head}, indent=1)[:-2] + ',\n"cases": [\n' + lines + "\n]}\n")


main()
