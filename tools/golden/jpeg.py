"""JPEG files of every kind that Pillow writes, and the pixels that Pillow reads in them.

    python tools/golden/jpeg.py many FOLDER
    python tools/golden/jpeg.py small reference-data/golden/jpeg

`many` writes some 3,300 files over subsampling, size, quality and order of coding into FOLDER, with their
hashes in FOLDER/jpeg.json: `tools/slow/jpeg_against_pillow.sh` has them read. `small` writes the few dozen
that the ordinary tests read, and files that are made by hand: bytes between headers, a short APP14, films
behind the end, two pictures in one file. Needs Pillow and numpy.
"""

import hashlib
import io
import itertools
import json
import pathlib
import struct
import sys
from importlib.metadata import version

import numpy
from PIL import Image, features

SUBSAMPLINGS = {"444": 0, "422": 1, "420": 2}
SEED = 20261130


def picture(width, height, kind, random):
    """Smooth colours, noise, or black and white noise: edges overshoot most in the last."""
    y, x = numpy.mgrid[0:height, 0:width]
    if kind == "noise":
        return random.integers(0, 256, (height, width, 3), dtype=numpy.uint8)
    if kind == "hard":
        return (random.integers(0, 2, (height, width, 3)) * 255).astype(numpy.uint8)
    planes = [127 + 120 * numpy.sin(x / 5), 127 + 120 * numpy.cos(y / 4), 255 * ((x // 9 + y // 9) % 2)]
    return numpy.stack(planes, axis=-1).astype(numpy.uint8)


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def pixels(data):
    """SHA-256 of the bytes of `convert("RGB")`, and the mode of the file."""
    image = Image.open(io.BytesIO(data))
    rgb = image.convert("RGB")
    return {"size": rgb.size, "mode": image.mode, "sha256": hashlib.sha256(rgb.tobytes()).hexdigest()}


def generated():
    random = numpy.random.default_rng(SEED)
    kinds = itertools.cycle(["smooth", "noise", "hard"])
    sizes = [(side, side) for side in range(1, 131)]
    sizes += [tuple(int(v) for v in random.integers(1, 131, 2)) for _ in range(130)]
    for (width, height), (name, subsampling) in itertools.product(sizes, SUBSAMPLINGS.items()):
        for progressive in (False, True):
            quality = int(random.choice([1, 5, 10, 25, 50, 75, 90, 95, 100]))
            options = {"quality": quality, "subsampling": subsampling, "progressive": progressive}
            if random.integers(0, 2):
                options["optimize"] = True
            if random.integers(0, 3) == 0:
                options["restart_marker_blocks"] = int(random.integers(1, 9))
            if random.integers(0, 6) == 0:
                options["restart_marker_rows"] = 1
            image = Image.fromarray(picture(width, height, next(kinds), random))
            title = f"{name}-{width}x{height}-q{quality}{'-progressive' if progressive else ''}"
            yield title, saved(image, **options)
            for factors in [(1, 2), (4, 1), (1, 4), (2, 4), (4, 2), (3, 1), (1, 3), (3, 2)]:
                if subsampling == 0 and random.integers(0, 6) == 0:
                    yield from resampled(title, image, factors, options)
        for mode in ("L", "CMYK", "YCCK"):
            quality, progressive = int(random.choice([5, 50, 75, 95])), bool(random.integers(0, 2))
            image = Image.fromarray(picture(width, height, next(kinds), random))
            if subsampling:
                continue
            options = {"quality": quality, "progressive": progressive}
            if mode == "L":
                yield f"grey-{width}x{height}-q{quality}", saved(image.convert("L"), **options)
                continue
            data = saved(inks(image, random), **options)
            if mode == "YCCK":
                data = adobe_transform(data, 2)
            yield f"{mode.lower()}-{width}x{height}-q{quality}", data
        if subsampling == 0:
            image = Image.fromarray(picture(width, height, next(kinds), random))
            yield f"rgb-{width}x{height}", saved(image, keep_rgb=True, quality=80, subsampling=0)


def inks(image, random):
    black = Image.fromarray(random.integers(0, 256, image.size[::-1], dtype=numpy.uint8))
    return Image.merge("CMYK", [*image.split(), black])


def frame_at(data):
    """Where the frame header's marker stands."""
    at = 2
    while True:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker in (0xC0, 0xC1, 0xC2):
            return at
        at += 2 + length


def resampled(title, image, factors, options):
    """A file whose luminance has the sampling factors `factors` (horizontal, vertical) and its colours 1x1.

    Pillow's encoder writes three shapes. Others are put together of three grey files, a scan for each channel:
    a scan of one channel has its blocks in the same order as a grey file.
    """
    horizontal, vertical = factors
    width, height = image.size
    y, cb, cr = image.convert("YCbCr").split()
    small = (-(-width // horizontal), -(-height // vertical))
    scans = [y, cb.resize(small, Image.Resampling.BOX), cr.resize(small, Image.Resampling.BOX)]
    grey = [saved(plane, quality=options["quality"]) for plane in scans]
    tables = segments(grey[0], {0xDB, 0xC4})
    frame = struct.pack(">BHHB", 8, height, width, 3)
    for channel, sampling in zip((1, 2, 3), ((horizontal << 4) | vertical, 0x11, 0x11)):
        frame += bytes([channel, sampling, 0])
    out = b"\xff\xd8" + tables + b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame
    for channel, data in zip((1, 2, 3), grey):
        start = data.index(b"\xff\xda")
        head = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, channel, 0, 0, 63, 0)
        out += head + data[start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0] : -2]
    yield f"{title}-luma{horizontal}x{vertical}", out + b"\xff\xd9"


def segments(data, wanted):
    at, found = 2, b""
    while data[at + 1] != 0xDA:
        length = 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        if data[at + 1] in wanted:
            found += data[at : at + length]
        at += length
    return found


def adobe_transform(data, transform):
    """The file with another transform in its Adobe marker, or with such a marker."""
    at = data.find(b"Adobe")
    if at < 0:
        segment = b"\xff\xee" + struct.pack(">H5sHHHB", 14, b"Adobe", 100, 0, 0, transform)
        return data[:2] + segment + data[2:]
    return data[: at + 11] + bytes([transform]) + data[at + 12 :]


def inserted(data, at, more):
    return data[:at] + more + data[at:]


def by_hand(random):
    """Files as cameras, editors and broken tools write them; names say what is odd."""
    image = Image.fromarray(picture(45, 37, "smooth", random))
    other = Image.fromarray(picture(31, 22, "noise", random))
    plain = saved(image, quality=75)
    progressive = saved(image, quality=75, progressive=True)
    table = plain.index(b"\xff\xdb")
    # As jpeg_ff00_header, junk_jpeg_header, photoshop-200dpi-broken and truncated_app14 of Pillow's tests.
    yield "stuffed-between-headers", inserted(plain, table, b"\xff\x00\xff\x00")
    yield "fill-between-headers", inserted(plain, 2, b"\xff\xff\xff")
    yield "text-between-headers", inserted(plain, table, b"not a marker")
    yield "zeros-between-headers", inserted(plain, table, bytes(200))
    yield "short-app14", inserted(plain, table, b"\xff\xee\x00\x09Adobe\x00\x64")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "exif-orientation-6", saved(image, quality=75, exif=exif)
    yield "exif-broken", saved(image, quality=75, exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff" + bytes(9))
    yield "film-behind-the-end", plain + b"\0\0\0\x18ftypmp42\x11\x22\xff\xda\x33\x44" + bytes(range(256))
    yield "picture-behind-the-end", plain + saved(other)
    two = io.BytesIO()
    image.save(two, "MPO", save_all=True, append_images=[other])
    yield "two-pictures-mpo", two.getvalue()
    yield "adobe-transform-0", adobe_transform(plain, 0)
    yield "adobe-transform-1", adobe_transform(plain, 1)
    yield "rgb", saved(image, quality=75, keep_rgb=True, subsampling=0)
    for mode, transform in [("cmyk", None), ("ycck", 2)]:
        data = saved(inks(image, random), quality=75)
        yield mode, data if transform is None else adobe_transform(data, transform)
    yield "cmyk-without-adobe", without(saved(inks(image, random), quality=75), 0xEE)
    scans = [at for at in range(len(progressive)) if progressive[at : at + 2] == b"\xff\xda"]
    yield "progressive-first-scan-only", progressive[: scans[1]] + b"\xff\xd9"
    yield "dri-65535", inserted(plain, 2, b"\xff\xdd\x00\x04\xff\xff")
    yield "extra-bytes-before-the-end", plain[:-2] + b"\x00" * 9 + b"\xff\xd9"
    yield "data-missing-before-the-end", plain[: len(plain) * 3 // 4] + b"\xff\xd9"


def without(data, marker):
    at = data.index(bytes([0xFF, marker]))
    return data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]


def few(random):
    """Every shape of chroma and order of coding on a few sizes."""
    sizes = [(1, 1), (2, 3), (7, 5), (8, 8), (17, 9), (33, 20), (16, 31), (13, 40)]
    kinds = itertools.cycle(["smooth", "noise", "hard"])
    for number, ((width, height), (name, subsampling)) in enumerate(itertools.product(sizes, SUBSAMPLINGS.items())):
        image = Image.fromarray(picture(width, height, next(kinds), random))
        options = {"quality": [75, 95, 30, 5][number % 4], "subsampling": subsampling, "progressive": number % 2 == 1}
        if number % 3 == 0:
            options["restart_marker_blocks"] = 2
        yield f"{name}-{width}x{height}", saved(image, **options)
    image = Image.fromarray(picture(29, 23, "smooth", random))
    for factors in [(1, 2), (4, 1), (1, 4), (3, 1), (1, 3), (3, 2)]:
        yield from resampled("29x23", image, factors, {"quality": 85})
    yield "grey-29x23", saved(image.convert("L"), quality=85)


def main():
    what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(SEED)
    files = generated() if what == "many" else itertools.chain(few(random), by_hand(random))
    cases = []
    for number, (title, data) in enumerate(files):
        name = f"{number:04}-{title}.jpg" if what == "many" else f"{title}.jpg"
        (folder / name).write_bytes(data)
        cases.append({"file": name} | pixels(data))
    head = {
        "command": f"python tools/golden/jpeg.py {what} {'FOLDER' if what == 'many' else folder}",
        "versions": {
            "pillow": version("pillow"),
            "libjpeg-turbo": features.version("libjpeg_turbo"),
            "numpy": version("numpy"),
        },
        "tolerance": "equal bytes",
        "layout": 'SHA-256 of the raw RGB lines of convert("RGB")',
    }
    text = json.dumps({"origin": head}, indent=1)[:-2] + ',\n"files": [\n'
    text += ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]}\n"
    (folder / "jpeg.json").write_text(text)
    print(f"{len(cases)} files")


if __name__ == "__main__":
    main()
