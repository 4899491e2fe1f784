"""Golden values for the Pillow-exact resize.

    python tools/golden/resize.py > reference-data/golden/resize/pillow.json

Needs Pillow 12 or older (horizontal pass first, always); made with Pillow 11.3.0 and numpy.
"""

import base64
import hashlib
import json
import sys

import numpy
import PIL
from PIL import Image

if int(PIL.__version__.split(".")[0]) > 12:
    sys.exit("Pillow 13 changed the order of the passes; use 12 or older, e.g. pillow==11.3")

FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def noise(width, height):
    """A linear congruential generator that the Rust test repeats."""
    state, values = 12345, bytearray()
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state >> 24)
    return bytes(values)


def smooth(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [127 + 120 * numpy.sin(x / 5), 127 + 120 * numpy.cos(y / 4), 255 * ((x // 6 + y // 6) % 2)]
    return numpy.stack(planes, axis=-1).astype("uint8").tobytes()


def resized(raw, start, end, name):
    return Image.frombytes("RGB", start, raw).resize(end, FILTERS[name]).tobytes()


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


cases, hashed = [], []
for content, start, end in [
    (noise, (16, 12), (9, 15)),
    (noise, (24, 24), (12, 12)),
    (noise, (9, 9), (21, 21)),
    (noise, (20, 15), (20, 7)),
    (noise, (15, 20), (7, 20)),
    (smooth, (24, 32), (13, 11)),
    (noise, (5, 5), (1, 1)),
    (noise, (1, 3), (4, 5)),
    (noise, (6, 6), (6, 6)),
]:
    raw = content(*start)
    for name in FILTERS:
        cases.append({
            "filter": name, "from": start, "to": end,
            "input": base64.b64encode(raw).decode(),
            "output": base64.b64encode(resized(raw, start, end, name)).decode(),
        })
for start, end in [((128, 128), (64, 64)), ((64, 64), (128, 128)), ((128, 128), (299, 299)), ((480, 640), (299, 224))]:
    raw = noise(*start)
    for name in FILTERS:
        hashed.append({
            "filter": name, "from": start, "to": end,
            "input_sha256": sha256(raw), "output_sha256": sha256(resized(raw, start, end, name)),
        })

json.dump({
    "origin": {
        "command": "python tools/golden/resize.py > reference-data/golden/resize/pillow.json",
        "versions": {"pillow": PIL.__version__, "numpy": numpy.__version__},
        "tolerance": "equal bytes",
        "layout": "sizes are [width, height]; images are raw RGB lines, base64",
    },
    "cases": cases,
    "hashed": hashed,
}, sys.stdout, indent=0)
print()
