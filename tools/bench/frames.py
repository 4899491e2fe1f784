"""Frames for benches: smooth colour with grain, as a generator draws them."""

import os

import numpy
from PIL import Image


def draw(folder, count, side):
    """Writes `count` PNG files of `side` x `side` pixels, the same in every run."""
    random = numpy.random.default_rng(side)
    os.makedirs(folder)
    for number in range(count):
        small = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype="uint8"))
        smooth = numpy.asarray(small.resize((side, side), Image.BICUBIC), "int16")
        grain = random.integers(-3, 4, smooth.shape)
        Image.fromarray(numpy.clip(smooth + grain, 0, 255).astype("uint8")).save(f"{folder}/{number:05}.png")
