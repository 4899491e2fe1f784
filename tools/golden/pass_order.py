"""What MiniSV's networks see on tall frames that each version of Pillow has resized.

    python tools/golden/pass_order.py reference-data/golden/resize/pass_order.json

Run it once under Pillow 12 and once under Pillow 13: each run writes its own part. Needs numpy and onnxruntime.
"""

import hashlib
import json
import pathlib
import sys
from importlib.metadata import version

import numpy
import onnxruntime
from PIL import Image

BUNDLES = pathlib.Path("reference-data/bundles")
SIZES = [[24, 200], [64, 640], [33, 130], [100, 171], [64, 64]]
LPIPS_SIDE, CROP_SIDE = 48, 16


def noise(width, height):
    """The generator of the tests: `Lcg`."""
    state, values = 12345, []
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state >> 24)
    return Image.fromarray(numpy.array(values, numpy.uint8).reshape(height, width, 3))


def unit(image, side, resample):
    return numpy.asarray(image.resize((side, side), resample), numpy.float32).transpose(2, 0, 1) / numpy.float32(255)


def floats(image, side):
    planes = []
    for channel in numpy.moveaxis(numpy.asarray(image), -1, 0):
        plane = Image.fromarray(channel.astype(numpy.float32), mode="F").resize((side, side), Image.Resampling.BICUBIC)
        planes.append(numpy.asarray(plane).clip(0, 255))
    return numpy.stack(planes) / numpy.float32(255)


def run(graph, *inputs):
    session = onnxruntime.InferenceSession(BUNDLES / f"{graph}.onnx", providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_inputs()]
    return session.run(None, {name: value[None] for name, value in zip(names, inputs)})[0][0]


def seen(size):
    image, real = noise(*size), noise(64, 64)
    bilinear, bicubic = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC
    small = unit(image, 64, bilinear)
    logits = run("minisv-evaluators/char_classifier", small).astype(float)
    pair = [unit(it, LPIPS_SIDE, bilinear) * 2 - 1 for it in (image, real)]
    width, height = size
    short = (CROP_SIDE, CROP_SIDE * height // width) if width <= height else (CROP_SIDE * width // height, CROP_SIDE)
    return {
        "size": size,
        "characters": (1 / (1 + numpy.exp(-logits))).tolist(),
        "features": run("minisv-evaluators/features", floats(image, 64)).astype(float).tolist(),
        "clip": run("minisv-clip/clip_image", small).astype(float).tolist(),
        "lpips": float(run("minisv-lpips/lpips", *pair)),
        "crop": hashlib.sha256(image.resize(short, bicubic).tobytes()).hexdigest(),
    }


def main():
    path = pathlib.Path(sys.argv[1])
    stored = json.loads(path.read_text()) if path.exists() else {"origin": {}}
    major = version("pillow").split(".")[0]
    stored["origin"] |= {
        "command": f"python tools/golden/pass_order.py {path}, once a version of Pillow",
        "tolerance": "2e-6; crops: equal bytes",
        f"pillow{major}": {name: version(name) for name in ("pillow", "numpy", "onnxruntime")},
    }
    stored[f"pillow{major}"] = [seen(size) for size in SIZES]
    path.write_text(json.dumps(stored, indent=1) + "\n")


main()
