#!/usr/bin/env python3
"""Small files in the formats that `metric` reads beside PNG and JPEG, and Pillow's pixels of them.

    python tools/golden/other_images.py     (Pillow 13; writes reference-data/golden/images/other)

`most` is the largest difference of a channel between this program and Pillow that is known; 0 is equal bit for bit.
"""
import base64, json, os
import numpy as np
from PIL import Image

OUT = "reference-data/golden/images/other"
os.makedirs(OUT, exist_ok=True)
# Where the decoders differ, with the reason in docs/images.md.
KNOWN = json.load(open(f"{OUT}/known.json")) if os.path.exists(f"{OUT}/known.json") else {}

y, x = np.mgrid[0:13, 0:17]
rgb = np.stack([x * 15 % 256, y * 19 % 256, (x * y * 3) % 256], -1).astype("u1")
rgb[3:6, 4:9] = (250, 10, 60)
image = Image.fromarray(rgb)
alpha = image.copy(); alpha.putalpha(Image.fromarray((x * 13 % 256).astype("u1")))
grey = image.convert("L")
palette = image.quantize(16)
see_through = palette.copy(); see_through.info["transparency"] = 3
frames = [image.rotate(90 * k) for k in range(3)]
wide = Image.fromarray((np.arange(13 * 17).reshape(13, 17) * 251 % 65536).astype("u2"))

files = {
    "rgb.bmp": (image, {}), "grey.bmp": (grey, {}), "palette.bmp": (palette, {}), "bit.bmp": (image.convert("1"), {}),
    "alpha.bmp": (alpha, {}),
    "rgb.ppm": (image, {}), "grey.pgm": (grey, {}), "bit.pbm": (image.convert("1"), {}), "wide.pgm": (wide, {}),
    "rgb.tif": (image, {}), "lzw.tif": (image, dict(compression="tiff_lzw")), "deflate.tif": (image, dict(compression="tiff_adobe_deflate")),
    "packbits.tif": (image, dict(compression="packbits")), "grey.tif": (grey, {}), "alpha.tif": (alpha, {}), "wide.tif": (wide, {}),
    "cmyk.tif": (image.convert("CMYK"), {}), "bit.tif": (image.convert("1"), {}), "jpeg.tif": (image, dict(compression="jpeg", quality=95)),
    "lossless.webp": (image, dict(lossless=True)), "lossless-alpha.webp": (alpha, dict(lossless=True, exact=True)),
    "lossy-80.webp": (image, dict(quality=80)), "lossy-30.webp": (image, dict(quality=30)), "lossy-alpha.webp": (alpha, dict(quality=80)),
    "animated.webp": (frames[0], dict(save_all=True, append_images=frames[1:], lossless=True)),
    "plain.gif": (palette, {}), "transparent.gif": (see_through, dict(transparency=3)), "grey.gif": (grey, {}), "interlaced.gif": (palette, dict(interlace=1)),
    "animated.gif": (frames[0].quantize(16), dict(save_all=True, append_images=[f.quantize(16) for f in frames[1:]])),
}
cases = []
for name, (picture, options) in files.items():
    path = f"{OUT}/{name}"
    picture.save(path, **options)
    pixels = Image.open(path).convert("RGB")
    cases.append({"file": name, "size": pixels.size, "most": KNOWN.get(name, 0), "pixels": base64.b64encode(pixels.tobytes()).decode()})
# Written by hand: numbers as text, and levels of another range.
plain = {"plain.ppm": b"P3\n# text\n2 2\n255\n255 0 0 0 255 0\n0 0 255 10 20 30\n", "range.ppm": b"P6 3 1 100\n" + bytes([0, 50, 100, 1, 2, 3, 99, 33, 66]), "plain.pgm": b"P2 3 1 15\n0 7 15\n"}
# Levels of any range, of one and two bytes: halves go to the even level, grey of more than 8 bits is clipped.
levels = np.arange(13 * 17 * 3).reshape(13, 17, 3) * 97
for most in (1, 100, 200, 254, 256, 999, 1023, 4095, 32767, 65534, 65535):
    kind = "u1" if most < 256 else ">u2"
    values = (levels % (most + 1)).astype(kind)
    plain[f"levels-{most}.ppm"] = b"P6\n# levels\n17 13\n%d\n" % most + values.tobytes()
    plain[f"levels-{most}.pgm"] = b"P5 17 13 %d\n" % most + values[..., 0].copy().tobytes()
plain["above.ppm"] = b"P6 3 1 100\n" + bytes([0, 50, 100, 101, 200, 255, 99, 33, 66])
plain["plain-1023.ppm"] = b"P3 2 2 1023\n1023 0 511 512 1 2 3 4 5 6 1022 700\n"
for name, data in plain.items():
    path = f"{OUT}/{name}"
    open(path, "wb").write(data)
    pixels = Image.open(path).convert("RGB")
    cases.append({"file": name, "size": pixels.size, "most": KNOWN.get(name, 0), "pixels": base64.b64encode(pixels.tobytes()).decode()})
json.dump(cases, open(f"{OUT}/images.json", "w"), indent=1)
print(len(cases), "files")
