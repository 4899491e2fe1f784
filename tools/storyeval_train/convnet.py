"""Small convolutional recognisers of 64x64 frames: scorers, auxiliary judges, feature networks."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def _stage(inputs, outputs, stride):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class ConvNet(nn.Module):
    """[N,3,64,64] in 0..1 -> logits [N,outputs]; normalisation is part of the network.

    The first step folds 2x2 pixels into channels, so that no convolution runs at 64x64.
    """

    def __init__(self, outputs, widths=(32, 48, 64, 96)):
        super().__init__()
        a, b, c, d = widths
        self.stages = nn.ModuleList([
            _stage(12, a, 1), _stage(a, b, 2), _stage(b, b, 1), _stage(b, c, 2),
            _stage(c, d, 1), _stage(d, d, 1)])
        self.width = 2 * d
        self.head = nn.Linear(self.width, outputs)

    def maps(self, pixels):
        """The feature maps of all stages, finest first."""
        x, out = F.pixel_unshuffle((pixels - 0.5) / 0.25, 2), []
        for stage in self.stages:
            x = stage(x)
            out.append(x)
        return out

    @staticmethod
    def pooled(maps):
        return torch.cat([maps[-1].amax(dim=(2, 3)), maps[-1].mean(dim=(2, 3))], dim=1)

    def forward(self, pixels):
        return self.head(self.pooled(self.maps(pixels)))


class FeatureNet(nn.Module):
    """A multi-task recogniser with a 64-wide bottleneck, the feature space of the FID."""

    def __init__(self, outputs, widths=(32, 48, 64, 96), features=64):
        super().__init__()
        self.body = ConvNet(features, widths)
        self.head = nn.Linear(features, outputs)

    def features(self, pixels):
        return F.relu(self.body(pixels))

    def forward(self, pixels):
        return self.head(self.features(pixels))


class PortraitEncoder(nn.Module):
    """A portrait [B,3,64,64] in 0..1 -> embedding [B,128]; no batch statistics, seven inputs only."""

    def __init__(self, width=128):
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(12, 24, 3, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1), nn.GELU())
        self.out = nn.Sequential(nn.Linear(48 * 16, width), nn.LayerNorm(width))

    def forward(self, pixels):
        x = self.convs(F.pixel_unshuffle((pixels - 0.5) / 0.25, 2))
        return self.out(x.flatten(1))


class LatentRecogniser(nn.Module):
    """Latents [B,4,16,16] -> logits of characters and background; judges predicted latents."""

    def __init__(self, outputs, latent=4):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(latent, 64, 3, padding=1), nn.GroupNorm(8, 64), nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=1), nn.GroupNorm(8, 64), nn.ReLU(),
            nn.Conv2d(64, 96, 3, stride=2, padding=1), nn.GroupNorm(8, 96), nn.ReLU(),
            nn.Conv2d(96, 96, 3, padding=1), nn.GroupNorm(8, 96), nn.ReLU())
        self.head = nn.Linear(192, outputs)

    def forward(self, latents):
        x = self.layers(latents)
        return self.head(torch.cat([x.amax(dim=(2, 3)), x.mean(dim=(2, 3))], dim=1))
