"""The autoencoder: 64x64x3 <-> 16x16x4, a linear PCA path plus convolutional residuals.

The linear path starts as the best four-dimensional code of 4x4 patches, above 20 dB before any
training; the residuals' last layers start at zero.  Work happens at 16x16 and 32x32 only.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvBlock(nn.Module):
    """Norm-free residual block with a learned, initially small, gain."""

    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.gain = nn.Parameter(torch.full((1,), 0.1))

    def forward(self, x):
        return x + self.gain * self.conv2(F.silu(self.conv1(F.silu(x))))


class Encoder(nn.Module):
    """Image in -1..1 -> (mean, log variance), each [B,4,16,16]."""

    def __init__(self, latent=4, width=96):
        super().__init__()
        self.linear = nn.Conv2d(48, latent, 1)
        self.fine = nn.Sequential(nn.Conv2d(12, 48, 3, padding=1), ConvBlock(48))
        self.coarse = nn.Sequential(nn.Conv2d(192, width, 1), ConvBlock(width), ConvBlock(width))
        self.out = nn.Conv2d(width, 2 * latent, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        with torch.no_grad():
            self.out.bias[latent:] = -6.0

    def forward(self, image):
        fine = self.fine(F.pixel_unshuffle(image, 2))
        residual, log_variance = self.out(self.coarse(F.pixel_unshuffle(fine, 2))).chunk(2, 1)
        return self.linear(F.pixel_unshuffle(image, 4)) + residual, log_variance.clamp(-12, 2)


class Decoder(nn.Module):
    """Latents [B,4,16,16] -> image [B,3,64,64] in about -1..1."""

    def __init__(self, latent=4, width=128, fine=48):
        super().__init__()
        self.linear = nn.Conv2d(latent, 48, 1)
        self.coarse = nn.Sequential(nn.Conv2d(latent, width, 3, padding=1), ConvBlock(width),
                                    ConvBlock(width), nn.Conv2d(width, 4 * fine, 1))
        self.fine = nn.Sequential(ConvBlock(fine), ConvBlock(fine), nn.SiLU())
        self.out = nn.Conv2d(fine, 12, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, latents):
        fine = self.fine(F.pixel_shuffle(self.coarse(latents), 2))
        return F.pixel_shuffle(self.linear(latents), 4) + F.pixel_shuffle(self.out(fine), 2)


class VAE(nn.Module):
    """Encoder and decoder; `scale` is set after training so that scaled latents have unit deviation."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()
        self.register_buffer("scale", torch.ones(()))

    @torch.no_grad()
    def start_from_pca(self, frames):
        """Linear paths from the principal components of 4x4 patches of uint8 frames [N,64,64,3]."""
        images = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 127.5 - 1
        patches = F.pixel_unshuffle(images, 4).permute(0, 2, 3, 1).reshape(-1, 48)
        mean = patches.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov((patches - mean).T))
        values, vectors = values.flip(0)[:4], vectors.flip(1)[:, :4]
        # Half-way between whitening and leaving the variances as they are.
        gain = values.sqrt().mul(values[0].sqrt()).rsqrt()
        down, up = (vectors * gain).T, vectors / gain
        self.encoder.linear.weight.copy_(down[:, :, None, None])
        self.encoder.linear.bias.copy_(-down @ mean)
        self.decoder.linear.weight.copy_(up[:, :, None, None])
        self.decoder.linear.bias.copy_(mean)

    def encode(self, images):
        """Images in 0..1 -> scaled latents (mean only)."""
        return self.encoder(images * 2 - 1)[0] * self.scale

    def decode(self, latents):
        """Scaled latents -> images in 0..1."""
        return (self.decoder(latents / self.scale) / 2 + 0.5).clamp(0, 1)
