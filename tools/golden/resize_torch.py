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

from pixels import noise, places

torch.set_num_threads(1)
SHAPES = [
    ((128, 128), (299, 299)), ((64, 64), (299, 299)), ((256, 256), (299, 299)), ((512, 512), (299, 299)),
    ((512, 512), (224, 224)), ((299, 299), (299, 299)), ((300, 200), (299, 299)), ((200, 300), (299, 299)),
    ((1, 1), (17, 9)), ((1, 7), (7, 1)), ((2, 2), (5, 5)), ((3, 3), (2, 2)), ((640, 480), (299, 224)),
    ((480, 640), (224, 299)), ((37, 91), (200, 13)), ((91, 37), (13, 200)), ((101, 103), (97, 107)),
    ((1000, 10), (299, 299)), ((10, 1000), (299, 299)), ((33, 65), (64, 32)), ((299, 299), (64, 64)),
    ((720, 405), (299, 299)), ((5, 400), (6, 399)), ((73, 73), (299, 1)),
]


def image_of(width, height):
    raw = numpy.frombuffer(noise(width, height), numpy.uint8).reshape(1, height, width, 3)
    return torch.from_numpy(raw.copy()).permute(0, 3, 1, 2)


def main():
    cases = []
    for start, end in SHAPES:
        image = image_of(*start).float().contiguous()
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
