"""Small image files of every kind, and the pixels that Pillow's convert("RGB") makes of them.

    python tools/golden/images.py reference-data/golden/images

Needs Pillow and numpy. PNG files are written here, chunk by chunk, as Pillow cannot write all of them.
"""

import base64
import hashlib
import json
import pathlib
import struct
import sys
import zlib
from importlib.metadata import version

import numpy
from PIL import Image

WIDTH, HEIGHT = 13, 7
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def lcg(state):
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state >> 24


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, palette=None, transparency=None, interlace=False):
    values = lcg(depth * 10 + colour)
    bits = depth * CHANNELS[colour]

    def lines(width, height):
        data = b""
        for _ in range(height if width else 0):
            data += b"\0" + bytes(next(values) for _ in range((width * bits + 7) // 8))
        return data

    if interlace:  # the seven passes of Adam7
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        data = b"".join(lines((WIDTH - x + dx - 1) // dx, (HEIGHT - y + dy - 1) // dy) for x, y, dx, dy in passes)
    else:
        data = lines(WIDTH, HEIGHT)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, int(interlace))
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header)]
    if palette:
        parts.append(chunk(b"PLTE", bytes(next(values) for _ in range(3 * palette))))
    if transparency:
        parts.append(chunk(b"tRNS", transparency))
    return b"".join(parts + [chunk(b"IDAT", zlib.compress(data, 9)), chunk(b"IEND", b"")])


def scene(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [127 + 120 * numpy.sin(x / 5), 127 + 120 * numpy.cos(y / 4), 255 * ((x // 9 + y // 9) % 2)]
    return Image.fromarray(numpy.stack(planes, axis=-1).astype("uint8"))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"grey{depth}": png(depth, 0) for depth in (1, 2, 4, 8, 16)}
    files |= {f"palette{depth}": png(depth, 3, palette=2**depth) for depth in (1, 2, 4, 8)}
    for depth in (8, 16):
        files[f"rgb{depth}"] = png(depth, 2)
        files[f"rgba{depth}"] = png(depth, 6)
        files[f"grey-alpha{depth}"] = png(depth, 4)
    files["palette8-transparent"] = png(8, 3, palette=256, transparency=bytes(range(256)))
    files["grey8-transparent"] = png(8, 0, transparency=b"\0\x80")
    files["grey16-transparent"] = png(16, 0, transparency=b"\x12\x34")
    files["rgb8-transparent"] = png(8, 2, transparency=b"\0\1\0\2\0\3")
    files["rgb8-interlaced"] = png(8, 2, interlace=True)
    exact = []
    for name, data in files.items():
        path = folder / f"{name}.png"
        path.write_bytes(data)
        pixels = Image.open(path).convert("RGB").tobytes()
        exact.append({"file": path.name, "mode": Image.open(path).mode, "sha256": hashlib.sha256(pixels).hexdigest()[:16]})
    lossy = []
    for name, mode, options in [
        ("q95-444", "RGB", {"quality": 95, "subsampling": 0}),
        ("q75-444", "RGB", {"quality": 75, "subsampling": 0}),
        ("q75-422", "RGB", {"quality": 75, "subsampling": 1}),
        ("q75-420", "RGB", {"quality": 75, "subsampling": 2}),
        ("q75-420-progressive", "RGB", {"quality": 75, "subsampling": 2, "progressive": True}),
        ("q90-grey", "L", {"quality": 90}),
    ]:
        path = folder / f"{name}.jpg"
        scene(45, 37).convert(mode).save(path, **options)
        image = Image.open(path).convert("RGB")
        lossy.append({"file": path.name, "size": image.size, "pixels": base64.b64encode(image.tobytes()).decode()})
    scene(45, 37).convert("CMYK").save(folder / "cmyk.jpg", quality=75)
    head = {
        "command": "python tools/golden/images.py reference-data/golden/images",
        "versions": {"pillow": version("pillow"), "numpy": version("numpy")},
        "tolerance": "PNG: equal bytes; JPEG: see the test",
        "layout": 'raw RGB lines of convert("RGB"): the first 16 hex digits of their SHA-256, or base64',
    }
    text = json.dumps({"origin": head}, indent=1)[:-2]
    for key, cases in [("png", exact), ("jpeg", lossy)]:
        text += f',\n"{key}": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]"
    (folder / "images.json").write_text(text + "}\n")


main()
