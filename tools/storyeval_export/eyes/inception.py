"""Inception-v3 as classifier and as FID feature network.

torchvision's modules throughout. The network behind FID is TensorFlow's `inception-2015-12-05`, which pools
differently: its average pools do not count the padding, and the last block pools the maximum (facts from
mseitzer/pytorch-fid's inception.py and the TensorFlow graph). Its classifier has 1008 outputs.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.inception import Inception3, InceptionA, InceptionC, InceptionE

SIDE = 299
"""Pixels on a side of the images that Inception-v3 reads."""
FEATURES = 2048
"""Length of the pooled features."""


def _through(block: nn.Module, x: Tensor, *layers: str) -> Tensor:
    """`x` after the named layers of a block, one after the other."""
    for layer in layers:
        x = getattr(block, layer)(x)
    return x


def _average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)


def _maximum(x: Tensor) -> Tensor:
    return F.max_pool2d(x, kernel_size=3, stride=1, padding=1)


class FidA(InceptionA):
    """`Mixed_5b` to `Mixed_5d`."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [
            self.branch1x1(x),
            _through(self, x, "branch5x5_1", "branch5x5_2"),
            _through(self, x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            self.branch_pool(_average(x)),
        ]


class FidC(InceptionC):
    """`Mixed_6b` to `Mixed_6e`."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [
            self.branch1x1(x),
            _through(self, x, *(f"branch7x7_{step}" for step in range(1, 4))),
            _through(self, x, *(f"branch7x7dbl_{step}" for step in range(1, 6))),
            self.branch_pool(_average(x)),
        ]


class FidE(InceptionE):
    """`Mixed_7b`, and with the maximum `Mixed_7c`."""

    def __init__(self, in_channels: int, pool) -> None:
        super().__init__(in_channels)
        self.pool = pool

    def _forward(self, x: Tensor) -> list[Tensor]:
        single = self.branch3x3_1(x)
        double = _through(self, x, "branch3x3dbl_1", "branch3x3dbl_2")
        return [
            self.branch1x1(x),
            torch.cat([self.branch3x3_2a(single), self.branch3x3_2b(single)], 1),
            torch.cat([self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)], 1),
            self.branch_pool(self.pool(x)),
        ]


def classifier(outputs: int) -> Inception3:
    """torchvision's Inception-v3 without the auxiliary classifier and without `transform_input`: reads
    `[N, 3, 299, 299]` in the values that its first convolution gets, gives logits `[N, outputs]`."""
    return Inception3(outputs, aux_logits=False, transform_input=False, init_weights=False)


def fid_network(classes: int) -> Inception3:
    """The network of FID with its classifier, under the key names of pytorch-fid's checkpoint."""
    net = classifier(classes)
    net.Mixed_5b, net.Mixed_5c, net.Mixed_5d = FidA(192, 32), FidA(256, 64), FidA(288, 64)
    net.Mixed_6b, net.Mixed_6c = FidC(768, 128), FidC(768, 160)
    net.Mixed_6d, net.Mixed_6e = FidC(768, 160), FidC(768, 192)
    net.Mixed_7b, net.Mixed_7c = FidE(1280, _average), FidE(2048, _maximum)
    return net


class FeaturesAndLogits(nn.Module):
    """`[N, 3, 299, 299]` in `[-1, 1]` to features `[N, 2048]` (mean of the last 8 x 8 map) and class logits
    `[N, K]` without the bias, as the Inception Score of torch-fidelity takes them (`logits_unbiased`)."""

    def __init__(self, net: Inception3) -> None:
        super().__init__()
        self.classes = nn.Linear(net.fc.in_features, net.fc.out_features, bias=False)
        self.classes.weight = net.fc.weight
        net.fc = nn.Identity()
        self.net = net

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        features = self.net(pixel_values)
        return features, self.classes(features)
