"""Pictures to compare on: pairs of photos, two sets of crops, and the noise of torchmetrics' example. All are PNG files."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

CROPS = 24
"""Images of a set: fewer than dimensions, as in papers' story splits."""
SETS = {"a": ("astronaut", "chelsea", "coffee", "ihc"), "b": ("camera", "chelsea", "coffee", "ihc")}


@dataclass(frozen=True)
class Pair:
    """A crop of a photo and the same crop distorted. VGG is slow: it gets the smaller ones."""

    photo: str
    size: tuple[int, int]
    distortion: str
    vgg: bool = True

    @property
    def name(self) -> str:
        """As the files are called."""
        return f"{self.photo}-{self.size[0]}x{self.size[1]}-{self.distortion}"


PAIRS = (
    Pair("astronaut", (512, 512), "jpeg", vgg=False),
    Pair("coffee", (600, 400), "blur", vgg=False),
    Pair("chelsea", (451, 300), "noise", vgg=False),
    Pair("ihc", (299, 301), "colour", vgg=False),
    Pair("astronaut", (256, 256), "ihc", vgg=False),
    Pair("camera", (191, 192), "shift"),
    Pair("coffee", (200, 133), "jpeg"),
    Pair("chelsea", (97, 143), "flip"),
    Pair("ihc", (128, 128), "black"),
    Pair("astronaut", (64, 64), "noise"),
    Pair("coffee", (128, 41), "dark"),
    Pair("ihc", (111, 110), "camera"),
    Pair("chelsea", (80, 81), "same"),
)


def write_pairs(photos: dict[str, Path], folder: Path) -> tuple[str, list[Pair]]:
    """`first/` and `second/` with files of the same names. Gives the hash of all pixels and the pairs."""
    random = np.random.default_rng(17)
    digest = hashlib.sha256()
    for pair in PAIRS:
        first = crop(Image.open(photos[pair.photo]), pair.size)
        if pair.distortion in photos:
            second = crop(Image.open(photos[pair.distortion]), pair.size)
        else:
            second = DISTORTIONS[pair.distortion](first, random)
        for side, image in (("first", first), ("second", second)):
            _save(image, folder / side / f"{pair.name}.png", digest)
    return digest.hexdigest(), list(PAIRS)


def write_sets(photos: dict[str, Path], folder: Path) -> str:
    """Folders `a` and `b` of crops of many sizes. Gives the hash of all pixels."""
    random = np.random.default_rng(29)
    digest = hashlib.sha256()
    for name, sources in SETS.items():
        for number in range(CROPS):
            image = Image.open(photos[sources[number % len(sources)]])
            width, height = (int(random.integers(48, least)) for least in image.size)
            left, top = int(random.integers(image.width - width)), int(random.integers(image.height - height))
            _save(image.crop((left, top, left + width, top + height)), folder / name / f"{number:03d}.png", digest)
    return digest.hexdigest()


def write_noise(images: np.ndarray, folder: Path, digest: "hashlib._Hash") -> None:
    """`[n, 3, height, width]` as files."""
    for number, image in enumerate(images):
        _save(Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))), folder / f"{number:03d}.png", digest)


def crop(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of a photo."""
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    return image.crop((left, top, left + size[0], top + size[1]))


def _save(image: Image.Image, path: Path, digest: "hashlib._Hash") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, compress_level=1)
    digest.update(f"{image.mode} {image.size} ".encode())
    digest.update(image.tobytes())


def _jpeg(image: Image.Image, _random: np.random.Generator) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=15)
    return Image.open(stream).convert(image.mode)


def _noise(image: Image.Image, random: np.random.Generator) -> Image.Image:
    pixels = np.asarray(image).astype(np.int16)
    return Image.fromarray((pixels + random.integers(-60, 61, pixels.shape)).clip(0, 255).astype(np.uint8))


DISTORTIONS: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "black": lambda image, _: Image.new(image.mode, image.size),
    "blur": lambda image, _: image.filter(ImageFilter.GaussianBlur(3)),
    "colour": lambda image, _: ImageEnhance.Color(image).enhance(0.2),
    "dark": lambda image, _: ImageEnhance.Brightness(image).enhance(0.4),
    "flip": lambda image, _: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "jpeg": _jpeg,
    "noise": _noise,
    "same": lambda image, _: image.copy(),
    "shift": lambda image, _: image.transform(image.size, Image.Transform.AFFINE, (1, 0, 6, 0, 1, 3)),
}
