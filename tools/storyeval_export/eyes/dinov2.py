"""DINOv2 (Oquab et al., 2023) as a feature network: its vision transformers without registers, under the key names of
facebookresearch/dinov2.

Position embeddings are stored for 37 x 37 patches and interpolated to those of an image as the authors do: bicubic, by a
factor with an offset of 0.1, which their later code calls `interpolate_offset`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE, PATCH, STORED = 224, 14, 37
OFFSET = 0.1
SIZES = {"s": (384, 12, 6), "b": (768, 12, 12)}
"""Width, blocks, heads."""


class Attention(nn.Module):
    """Self-attention with one projection for queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        rows, places, width = x.shape
        query, key, value = self.qkv(x).reshape(rows, places, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(query * (width // self.heads) ** -0.5 @ key.transpose(-1, -2), -1)
        return self.proj((weights @ value).transpose(1, 2).flatten(2))


class Scale(nn.Module):
    """LayerScale."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Mlp(nn.Module):
    """Two layers with GELU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """A block of the transformer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attn, self.ls1 = nn.LayerNorm(width, eps=1e-6), Attention(width, heads), Scale(width)
        self.norm2, self.mlp, self.ls2 = nn.LayerNorm(width, eps=1e-6), Mlp(width), Scale(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class Patches(nn.Module):
    """An image as a row of patches."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x).flatten(2).transpose(1, 2)


class Dinov2(nn.Module):
    """Standardised pixels `[N, 3, 224, 224]` to the class token behind the last norm, `[N, D]`."""

    def __init__(self, size: str) -> None:
        super().__init__()
        width, blocks, heads = SIZES[size]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + STORED * STORED, width))
        self.patch_embed = Patches(width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def positions(self) -> Tensor:
        """The position embeddings of an image of [`SIDE`] pixels."""
        side, width = SIDE // PATCH, self.pos_embed.shape[-1]
        grid = self.pos_embed[:, 1:].reshape(1, STORED, STORED, width).permute(0, 3, 1, 2)
        factor = (side + OFFSET) / STORED
        found = F.interpolate(grid, scale_factor=(factor, factor), mode="bicubic", antialias=False)
        return torch.cat([self.pos_embed[:, :1], found.permute(0, 2, 3, 1).reshape(1, -1, width)], 1)

    def forward(self, pixel_values: Tensor) -> Tensor:
        patches = self.patch_embed(pixel_values)
        x = torch.cat([self.cls_token.expand(patches.shape[0], -1, -1), patches], 1) + self.positions()
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 0]
