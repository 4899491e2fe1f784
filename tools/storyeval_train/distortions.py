"""Ladders of distortions: versions of a frame that are ever farther from it."""

import numpy as np
import torch
import torch.nn.functional as F


def noise(images, power):
    return (images + torch.randn_like(images) * (0.02 * 2**power)).clamp(0, 1)


def blur(images, power):
    sigma = 0.5 * 1.6**power
    reach = int(3 * sigma + 1)
    kernel = torch.exp(-torch.arange(-reach, reach + 1).float() ** 2 / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).view(1, 1, -1, 1).repeat(3, 1, 1, 1)
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel, groups=3), kernel.transpose(2, 3), groups=3)


def brightness(images, power, sign=1):
    return (images + sign * 0.03 * 1.9**power).clamp(0, 1)


def darkness(images, power):
    return brightness(images, power, -1)


def colour(images, power):
    """A shift of the channels against each other."""
    tint = torch.tensor([1.0, -0.4, -0.8])[None, :, None, None]
    return (images + tint * 0.025 * 1.9**power).clamp(0, 1)


def translation(images, power):
    """Shifts by 1, 2, 4, 8 pixels to the right; the edge is repeated."""
    step = int(round(2**power))
    return F.pad(images, (step, 0, 0, 0), mode="replicate")[..., :images.shape[-1]]


def blocks(images, power):
    """Coarse pixels."""
    side = max(1, int(round(images.shape[-1] / 1.5 ** (power + 0.5))))
    return F.interpolate(F.interpolate(images, size=(side, side), mode="area"), size=images.shape[-2:])


def patch(images, power):
    """A grey square that grows."""
    images, side = images.clone(), int(round(5 * 1.6**power))
    images[..., 20:20 + side, 24:24 + side] = 0.5
    return images


KINDS = {"noise": noise, "blur": blur, "brightness": brightness, "darkness": darkness, "colour": colour,
         "translation": translation, "blocks": blocks, "patch": patch}
LEVELS = 4


def pictures(split, rows, frames):
    return torch.from_numpy(split.frames[rows, frames]).permute(0, 3, 1, 2).float() / 255


class Content:
    """What another picture of the world shows: the same clip, another character, another place."""

    LEVELS = 3

    def __init__(self, split, rows):
        self.split, self.rows = split, rows
        self.by_place = [rows[split.backgrounds[rows] == p] for p in range(12)]

    def ladder(self, chosen, generator):
        """Three batches of images for clips `chosen` (their first frame is the reference)."""
        split = self.split
        swapped, elsewhere = [], []
        for row in chosen:
            pool = self.by_place[split.backgrounds[row]]
            while True:
                other = generator.choice(pool)
                if not (split.labels[other] * split.labels[row]).any():
                    break
            swapped.append(other)
            while True:
                other = generator.choice(self.rows)
                if (split.backgrounds[other] != split.backgrounds[row]
                        and not (split.labels[other] * split.labels[row]).any()):
                    break
            elsewhere.append(other)
        count = len(chosen)
        return [pictures(split, chosen, generator.integers(1, 5, count)),
                pictures(split, np.array(swapped), generator.integers(0, 5, count)),
                pictures(split, np.array(elsewhere), generator.integers(0, 5, count))]
