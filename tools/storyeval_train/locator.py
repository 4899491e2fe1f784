"""Where each character is: a map of 16 x 16 cells a character, and boxes read from it."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .convnet import _stage as stage

GRID = 16  # cells across and down
THRESHOLD = 0.5  # a cell above it is part of a character


class Locator(nn.Module):
    """[N,3,64,64] in 0..1 -> masks [N,outputs,16,16], logits; normalisation is part of the network.

    Maps of 16 x 16 see details, those of 8 x 8 their surroundings; the last stages read both.
    """

    def __init__(self, outputs, widths=(32, 48, 64, 88)):
        super().__init__()
        a, b, c, d = widths
        self.fine = nn.Sequential(stage(12, a, 1), stage(a, b, 2), stage(b, c, 1))
        self.coarse = nn.Sequential(stage(c, c, 2), stage(c, d, 1), stage(d, d, 1))
        self.both = nn.Sequential(stage(c + d, c, 1), stage(c, c, 1))
        self.head = nn.Conv2d(c, outputs, 1)

    def forward(self, pixels):
        fine = self.fine(F.pixel_unshuffle((pixels - 0.5) / 0.25, 2))
        wide = F.interpolate(self.coarse(fine), scale_factor=2.0, mode="nearest")
        return self.head(self.both(torch.cat([fine, wide], dim=1)))


def cells(boxes):
    """Masks of boxes [...,4] (left, top, right, bottom in 0..1; NaN for none): float [...,16,16].

    A cell is 1 when its centre is inside the box.
    """
    centre = (torch.arange(GRID) + 0.5) / GRID
    left, top, right, bottom = (boxes[..., None, k] for k in range(4))
    across = (centre >= left) & (centre <= right)
    down = (centre >= top) & (centre <= bottom)
    return (down[..., :, None] & across[..., None, :]).float()


def box_of(mask):
    """Box (left, top, right, bottom in 0..1) of the largest 4-connected component of a bool mask, or None.

    Of two as large ones the first in reading order counts.
    """
    left_over, best = mask.copy(), []
    for start in zip(*np.nonzero(mask)):
        if not left_over[start]:
            continue
        left_over[start] = False
        found, at = [start], 0
        while at < len(found):
            row, column = found[at]
            at += 1
            for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if min(near) >= 0 and max(near) < len(mask) and left_over[near]:
                    left_over[near] = False
                    found.append(near)
        if len(found) > len(best):
            best = found
    if not best:
        return None
    rows, columns = np.array(best).T
    return (columns.min() / GRID, rows.min() / GRID, (columns.max() + 1) / GRID, (rows.max() + 1) / GRID)


def overlap(box, other):
    """Intersection over union of two boxes."""
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    area = lambda b: (b[2] - b[0]) * (b[3] - b[1])
    return across * down / (area(box) + area(other) - across * down)
