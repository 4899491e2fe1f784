"""Golden values for geometry, normalisation and whole recipes.

    python tools/golden/resize_recipes.py > reference-data/golden/resize/recipes.json

Needs torch, torchvision, clean-fid and numpy. The Pillow under torchvision decides the order of passes;
its version is written down, and the Rust test follows it.
"""

import base64
import hashlib
import json
import sys
from importlib.metadata import version

import numpy
import torch
from cleanfid.resize import build_resizer
from PIL import Image
from torch.nn.functional import interpolate
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from pixels import lcg, noise, places

torch.set_num_threads(1)
BICUBIC, BILINEAR = InterpolationMode.BICUBIC, InterpolationMode.BILINEAR
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def picture(width, height):
    return Image.frombytes("RGB", (width, height), noise(width, height))


def digest(raw):
    return hashlib.sha256(raw).hexdigest()[:16]


def resized_and_cropped():
    """torchvision's Resize(n) and CenterCrop(n); sizes whose half excess is a half are frequent."""
    values = lcg(31)
    sizes = [(next(values) + 1, next(values) + 1) for _ in range(56)]
    sizes += [(640, 480), (480, 640), (300, 299), (299, 300), (1, 255), (255, 1), (226, 224), (7, 5), (1, 1)]
    for number, size in enumerate(sizes):
        n = [64, 63, 33, 20][number % 4]
        for name, mode in [("bilinear", BILINEAR), ("bicubic", BICUBIC)]:
            whole = transforms.Resize(n, interpolation=mode)(picture(*size))
            crop = transforms.CenterCrop(n)(whole)
            yield {"size": size, "n": n, "filter": name, "resized": whole.size, "sha256": digest(crop.tobytes())}


def cropped():
    values = lcg(32)
    for _ in range(60):
        size = (next(values) // 4 + 1, next(values) // 4 + 1)
        crop = (next(values) // 4 + 1, next(values) // 4 + 1)
        result = transforms.CenterCrop((crop[1], crop[0]))(picture(*size))
        yield {"size": size, "crop": crop, "sha256": digest(result.tobytes())}


def scales():
    """All 256 grey levels in all channels, as each reference scales them."""
    ramp = numpy.repeat(numpy.arange(256, dtype=numpy.uint8)[None, :, None], 3, axis=2)
    unit = transforms.ToTensor()(Image.fromarray(ramp))
    byte = torch.from_numpy(ramp).permute(2, 0, 1)
    results = {
        "unit": unit,
        "symmetric": 2 * unit - 1,
        "centred128": (byte.float() - 128) / 128,
        "imagenet": transforms.Normalize(*IMAGENET)(unit),
        "clip": transforms.Normalize(*CLIP)(unit),
    }
    return {name: digest(value.contiguous().numpy().astype("<f4").tobytes()) for name, value in results.items()}


def recipes():
    """Whole pipelines, at 48 places."""
    side = 299
    tensor = transforms.ToTensor()

    def storydalle(image):
        small = transforms.Resize((64, 64), interpolation=BILINEAR)(image)
        return 2 * interpolate(tensor(small)[None], size=(side, side), mode="bilinear", align_corners=False)[0] - 1

    def pytorch_fid(image):
        return 2 * interpolate(tensor(image)[None], size=(side, side), mode="bilinear", align_corners=False)[0] - 1

    def torchmetrics(image):
        byte = torch.from_numpy(numpy.array(image)).permute(2, 0, 1)[None].contiguous().float()
        return (interpolate(byte, size=(side, side), mode="bilinear", align_corners=False, antialias=True)[0] - 128) / 128

    def clean_fid(image):
        floats = build_resizer("clean")(numpy.array(image))
        return (torch.from_numpy(floats).permute(2, 0, 1) - 128) / 128

    def clip(image):
        steps = [transforms.Resize(224, interpolation=BICUBIC), transforms.CenterCrop(224), tensor,
                 transforms.Normalize(*CLIP)]
        return transforms.Compose(steps)(image)

    for function in [storydalle, pytorch_fid, torchmetrics, clean_fid, clip]:
        for size in [(128, 128), (512, 512), (320, 240), (64, 64)]:
            result = function(picture(*size)).numpy()
            to = (result.shape[2], result.shape[1])
            values = numpy.array([result[place] for place in places(to)], dtype="<f4")
            yield {"recipe": function.__name__, "size": size, "to": to[0],
                   "values": base64.b64encode(values.tobytes()).decode()}


def main():
    head = {
        "command": "python tools/golden/resize_recipes.py > reference-data/golden/resize/recipes.json",
        "versions": {n: version(n) for n in ["torch", "torchvision", "clean-fid", "pillow", "numpy"]},
        "tolerance": "equal bytes; recipes: 5e-7 (clean-fid and CLIP: equal bits)",
        "layout": "sizes are [width, height]; the first 16 hex digits of the SHA-256 of raw RGB lines, or of "
        "little-endian float32 planes; values are little-endian float32 at the generator's places",
        "scales": scales(),
    }
    parts = {"resized": resized_and_cropped(), "cropped": cropped(), "recipes": recipes()}
    text = json.dumps({"origin": head}, indent=1)[:-2]
    for name, cases in parts.items():
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        text += f',\n"{name}": [\n{lines}\n]'
    sys.stdout.write(text + "}\n")


main()
