"""LPIPS v0.1: how different two images look (Zhang et al., CVPR 2018).

Features of a torchvision trunk after some of its ReLUs, each column divided by its length, squared
differences weighted a channel by a head of 1 x 1 convolutions and averaged over the map; the distance is
the sum over the layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision import models

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""What the authors subtract from and divide `[-1, 1]` by."""
EPSILON = 1e-10
"""Added to the length of a column."""


@dataclass(frozen=True)
class Trunk:
    """A trunk: torchvision's constructor, after which of its `features` values are taken, their channels."""

    make: object
    taps: tuple[int, ...]
    channels: tuple[int, ...]


TRUNKS = {
    "alex": Trunk(models.alexnet, (1, 4, 7, 9, 11), (64, 192, 384, 256, 256)),
    "vgg": Trunk(models.vgg16, (3, 8, 15, 22, 29), (64, 128, 256, 512, 512)),
    "squeeze": Trunk(
        models.squeezenet1_1, (1, 4, 7, 9, 10, 11, 12), (64, 128, 256, 384, 384, 512, 512)
    ),
}


class Lpips(nn.Module):
    """`image0`, `image1` `[N, 3, H, W]` in `[-1, 1]` to distances `[N]`.

    Keys: `features.<n>...` as in torchvision's checkpoint of the trunk, `heads.<layer>` `[1, C, 1, 1]`.
    """

    def __init__(self, network: str) -> None:
        super().__init__()
        trunk = TRUNKS[network]
        features = trunk.make(weights=None).features
        # What comes after the last tap is never computed, and the checkpoint's keys of it are left out.
        self.features = features[: trunk.taps[-1] + 1]
        for layer in self.features:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        self.taps = trunk.taps
        self.heads = nn.ParameterList(
            nn.Parameter(torch.zeros(1, channels, 1, 1)) for channels in trunk.channels
        )
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1), persistent=False)

    def columns(self, image: Tensor) -> list[Tensor]:
        """Features of every tap, each column of unit length."""
        x, found = (image - self.shift) / self.scale, []
        for at, layer in enumerate(self.features):
            x = layer(x)
            if at in self.taps:
                length = x.square().sum(1, keepdim=True).sqrt()
                found.append(x / (length + EPSILON))
        return found

    def forward(self, image0: Tensor, image1: Tensor) -> Tensor:
        pairs = zip(self.columns(image0), self.columns(image1), self.heads, strict=True)
        layers = [((a - b).square() * head).sum(1).mean((1, 2)) for a, b, head in pairs]
        return torch.stack(layers).sum(0)
