"""LPIPS in miniature: a small trunk, and the arithmetic of LPIPS version 0.1.

Zhang et al. 2018: features of every stage get unit length over the channels, their squared
differences are weighed by non-negative 1x1 heads, averaged over the picture and summed over stages.
"""

import torch
import torch.nn as nn

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of the published scaling layer
EPSILON = 1e-10
WIDTHS = (24, 40, 64, 80, 96)
STRIDES = (2, 2, 1, 2, 1)


class Trunk(nn.Module):
    """Five convolutions with ReLU on images [N,3,H,W] in -1..1, any H and W."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        self.register_buffer("shift", torch.tensor(SHIFT)[None, :, None, None])
        self.register_buffer("scale", torch.tensor(SCALE)[None, :, None, None])
        self.stages, inputs = nn.ModuleList(), 3
        for index, (width, stride) in enumerate(zip(widths, STRIDES)):
            side = 5 if index == 0 else 3
            self.stages.append(nn.Sequential(
                nn.Conv2d(inputs, width, side, stride=stride, padding=side // 2, bias=False),
                nn.BatchNorm2d(width), nn.ReLU()))
            inputs = width

    def forward(self, images):
        x, out = (images - self.shift) / self.scale, []
        for stage in self.stages:
            x = stage(x)
            out.append(x)
        return out


class TrunkRecogniser(nn.Module):
    """Teaches the trunk what MiniSV shows: logits of characters, places and words."""

    def __init__(self, outputs):
        super().__init__()
        self.trunk = Trunk()
        self.head = nn.Linear(2 * WIDTHS[-1], outputs)

    def forward(self, pixels):
        last = self.trunk(2 * pixels - 1)[-1]
        return self.head(torch.cat([last.amax(dim=(2, 3)), last.mean(dim=(2, 3))], dim=1))


class Lpips(nn.Module):
    """(image0, image1) [N,3,H,W] in -1..1 -> distance [N]; 0 for equal images."""

    def __init__(self, trunk=None):
        super().__init__()
        self.trunk = trunk or Trunk()
        self.heads = nn.ParameterList(torch.full((w,), 1 / w) for w in WIDTHS)

    @staticmethod
    def unit(maps):
        return maps / (maps.pow(2).sum(1, keepdim=True).sqrt() + EPSILON)

    def differences(self, image0, image1):
        """Per stage the squared differences averaged over the picture, [N,C]; heads are linear in them."""
        return [(self.unit(a) - self.unit(b)).pow(2).mean(dim=(2, 3))
                for a, b in zip(self.trunk(image0), self.trunk(image1))]

    def weigh(self, differences):
        return sum((d * w).sum(1) for d, w in zip(differences, self.heads))

    def forward(self, image0, image1):
        distance = 0
        for a, b, weights in zip(self.trunk(image0), self.trunk(image1), self.heads):
            squares = (self.unit(a) - self.unit(b)).pow(2)
            distance = distance + (squares * weights[None, :, None, None]).sum(1).mean(dim=(1, 2))
        return distance
