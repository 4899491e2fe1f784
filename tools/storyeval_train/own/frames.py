"""The pictures of a data set at the network's size, kept in the work folder between runs."""

import hashlib
import json

import numpy as np
import torch
from PIL import Image

from .error import DATA, TrainError

MOST = 5  # pictures of a clip that are kept, spread over it


def chosen(images):
    """At most `MOST` pictures of a clip, and the place of its middle one (of `images`) among them."""
    if len(images) <= MOST:
        return list(images), len(images) // 2
    places = sorted({round(k * (len(images) - 1) / (MOST - 1)) for k in range(MOST)} | {len(images) // 2})
    return [images[p] for p in places], places.index(len(images) // 2)


class Pictures:
    """uint8 [P,S,S,3]: all pictures, clip by clip; resized as the protocol `strict` does (Pillow bilinear, squashed)."""

    def __init__(self, data, size, work):
        kept = [chosen(frame.images) for frame in data.frames]
        counts = [len(images) for images, _ in kept]
        self.start = np.concatenate([[0], np.cumsum(counts)])
        self.middle = self.start[:-1] + np.array([middle for _, middle in kept])
        files = [data.root / image for images, _ in kept for image in images]
        key = json.dumps([size, [[str(f), f.stat().st_size, f.stat().st_mtime_ns] for f in files]])
        path = work / f"pictures-{hashlib.sha256(key.encode()).hexdigest()[:12]}.npy"
        self.sizes = set()
        if not path.exists():
            partial = path.with_suffix(".partial")
            out = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(files), size, size, 3))
            for row, file in enumerate(files):
                out[row] = self.load(file, size)
            out.flush()
            partial.replace(path)
        self.pixels = np.load(path, mmap_mode="r")

    def load(self, file, size):
        try:
            with Image.open(file) as image:
                self.sizes.add(image.size)
                return np.asarray(image.convert("RGB").resize((size, size), Image.BILINEAR))
        except (OSError, ValueError) as source:
            raise TrainError(f"{file} is no image that can be read: {source}", "write it again as PNG", DATA) from source

    def random(self, rows, generator):
        """A random picture of each clip, float [B,3,S,S] in 0..1."""
        first, after = self.start[rows], self.start[np.asarray(rows) + 1]
        return self.tensor(first + (generator.random(len(rows)) * (after - first)).astype(int))

    def middles(self, rows):
        """The middle picture of each clip: the ground-truth frame of `strict`."""
        return self.tensor(self.middle[rows])

    def tensor(self, places):
        return torch.from_numpy(self.pixels[places]).permute(0, 3, 1, 2).float() / 255
