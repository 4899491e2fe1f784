"""Golden values for the Pillow-exact resize: 8-bit RGB and mode F, four filters, about 240 shapes.

    python tools/golden/resize.py > reference-data/golden/resize/pillow12.json   # with Pillow 12.1 or older
    python tools/golden/resize.py > reference-data/golden/resize/pillow13.json   # with Pillow 13.0
    python tools/golden/resize.py --check SEED COUNT                             # Pillow 13's order of passes
    python tools/golden/resize.py --many SEED COUNT > FILE                       # random shapes, for the slow test

Needs Pillow and numpy. Only shapes whose results differ from Pillow 12's are written for Pillow 13 (as
an order of passes that changes nothing proves nothing); the file of Pillow 12 has to be there first.
"""

import hashlib
import json
import pathlib
import sys

import numpy
import PIL
from PIL import Image

from pixels import lcg, noise

FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
USUAL = [
    ((128, 128), (64, 64)), ((64, 64), (128, 128)), ((128, 128), (299, 299)), ((64, 64), (299, 299)),
    ((512, 512), (299, 299)), ((512, 512), (224, 224)), ((480, 640), (299, 224)), ((640, 480), (299, 224)),
    ((300, 200), (336, 224)), ((200, 300), (224, 336)), ((256, 256), (64, 64)), ((299, 299), (299, 299)),
    ((1, 1), (299, 299)), ((1, 1), (1, 1)), ((299, 299), (1, 1)), ((2, 3), (3, 2)), ((7, 700), (30, 9)),
    ((700, 7), (9, 30)), ((5, 600), (5, 30)), ((600, 5), (30, 5)), ((3, 400), (4, 399)), ((50, 50), (51, 50)),
    ((50, 50), (50, 49)), ((1, 500), (40, 3)), ((500, 1), (3, 40)), ((4, 410), (9, 20)), ((101, 37), (37, 101)),
]


def shapes(count=215):
    """Sizes from 1 to 255 a side, small ones as often as large ones."""
    values = lcg(99)

    def side():
        bits, value = next(values) % 8, next(values)
        return max(1, value >> bits)

    return USUAL + [((side(), side()), (side(), side())) for _ in range(count)]


def digest(raw):
    return hashlib.sha256(raw).hexdigest()[:16]


def hashes(start, end):
    array = numpy.frombuffer(noise(*start), numpy.uint8).reshape(start[1], start[0], 3)
    image = Image.fromarray(array)
    planes = [Image.fromarray(array[:, :, channel].astype(numpy.float32)) for channel in range(3)]
    return {
        "u8": [digest(image.resize(end, f).tobytes()) for f in FILTERS.values()],
        "f32": [
            digest(b"".join(numpy.asarray(p.resize(end, f)).astype("<f4").tobytes() for p in planes))
            for f in FILTERS.values()
        ],
    }


def vertical_first(start, end):
    """The rule of Pillow 13.0.0 (`ImagingResampleInner` in its Resample.c, where differences may be negative)."""
    return start[1] - end[1] > 2 * max(start[0] - end[0], 0)


def check(seed, count):
    """Compares the rule with what this Pillow does, on random shapes, elongated ones and ones at the border."""
    random = numpy.random.default_rng(seed)
    told, vertical, wrong = 0, 0, 0
    for number in range(count):
        w, h, to_w, to_h = (int(v) for v in numpy.exp(random.uniform(0, 6, 4)).astype(int))
        if number % 4 == 1:  # at the border of the rule
            h = to_h + max(0, 2 * max(w - to_w, 0) + int(random.integers(-1, 2)))
        if number % 4 == 2:
            h = min(3000, w * int(random.integers(90, 120)))
        if number % 4 == 3:
            w = min(3000, h * int(random.integers(90, 120)))
        image = Image.fromarray(random.integers(0, 2, (h, w, 3), dtype=numpy.uint8) * 255)
        for f in FILTERS.values():
            result = image.resize((to_w, to_h), f).tobytes()
            by_width = image.resize((to_w, h), f).resize((to_w, to_h), f).tobytes()
            by_height = image.resize((w, to_h), f).resize((to_w, to_h), f).tobytes()
            if by_width == by_height:
                continue
            told += 1
            vertical += result == by_height
            wrong += result != (by_height if vertical_first((w, h), (to_w, to_h)) else by_width)
    print(f"Pillow {PIL.__version__}: {told} results that tell, {vertical} vertical first, rule wrong for {wrong}")
    sys.exit(wrong > 0)


def many(seed, count):
    """Shapes that are tall, at the border of the rule, or anything."""
    random = numpy.random.default_rng(seed)
    cases = []
    for number in range(count):
        w, h, to_w, to_h = (int(v) for v in numpy.exp(random.uniform(0, 5.5, 4)).astype(int))
        if number % 3 == 1:
            h = to_h + max(0, 2 * max(w - to_w, 0) + int(random.integers(-1, 3)))
        if number % 3 == 2:
            w, h, to_h = w // 4 + 1, h + 200, to_h // 2 + 1
        cases.append({"from": (w, h), "to": (to_w, to_h), **hashes((w, h), (to_w, to_h))})
    print(json.dumps({"origin": {"pillow": PIL.__version__}, "cases": cases}))


def main():
    if sys.argv[1:2] == ["--many"]:
        return many(int(sys.argv[2]), int(sys.argv[3]))
    if sys.argv[1:2] == ["--check"]:
        check(int(sys.argv[2]), int(sys.argv[3]))
    new = int(PIL.__version__.split(".")[0]) >= 13
    name = "pillow13" if new else "pillow12"
    old = {}
    if new:
        stored = json.loads(pathlib.Path("reference-data/golden/resize/pillow12.json").read_text())
        old = {(tuple(c["from"]), tuple(c["to"])): (c["u8"], c["f32"]) for c in stored["cases"]}
    cases = []
    for start, end in shapes():
        found = hashes(start, end)
        if old.get((start, end)) != (found["u8"], found["f32"]):
            cases.append({"from": start, "to": end, **found})
    head = {
        "command": f"python tools/golden/resize.py > reference-data/golden/resize/{name}.json",
        "versions": {"pillow": PIL.__version__, "numpy": numpy.__version__},
        "tolerance": "equal bytes",
        "layout": "sizes are [width, height]; the first 16 hex digits of the SHA-256 of the raw RGB lines "
        "(u8) and of the planes red, green, blue as little-endian float32 (f32), for each filter",
        "filters": list(FILTERS),
    }
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    print(json.dumps({"origin": head}, indent=1)[:-2] + ',\n"cases": [\n' + lines + "\n]}")


main()
