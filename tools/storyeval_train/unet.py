"""The denoising network of the Char-LDM: a small convolution / transformer hybrid for CPUs.

Convolutions run at 16x16 where they are cheap (64 channels), the transformer at 8x8 (64 tokens).
Timestep conditioning follows adaLN-single (PixArt-alpha, arXiv 2310.00426): one shared projection
plus a learned table per block.  The caption reaches the network by cross-attention and, pooled,
through the timestep embedding.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def timestep_embedding(timestep, width):
    """Sinusoidal embedding of integer timesteps, [B] -> [B, width]."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half, dtype=torch.float32) * (-math.log(10000.0) / half))
    angles = timestep.float()[:, None] * frequencies[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class ResBlock(nn.Module):
    """GroupNorm-SiLU-conv twice, scaled and shifted by the timestep embedding."""

    def __init__(self, inputs, outputs, embedding):
        super().__init__()
        self.norm1 = nn.GroupNorm(8, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.modulation = nn.Linear(embedding, 2 * outputs)
        self.norm2 = nn.GroupNorm(8, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x, embedding):
        hidden = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, dim=1)
        hidden = self.norm2(hidden) * (1 + scale) + shift
        return self.shortcut(x) + self.conv2(F.silu(hidden))


class CrossAttention(nn.Module):
    """Explicit multi-head attention from picture tokens to text tokens.

    The attention matrix [B, heads, picture, text] is tiny (64 x 32) and is returned so that
    training can steer it towards the boxes of the characters.
    """

    def __init__(self, width, context, heads):
        super().__init__()
        self.heads, self.head = heads, width // heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(context, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x, context):
        query = self.query(x).unflatten(-1, (self.heads, self.head)).transpose(1, 2)
        both = self.key_value(context).unflatten(-1, (2, self.heads, self.head))
        key, value = both.permute(2, 0, 3, 1, 4).unbind(0)
        attention = torch.softmax((query @ key.transpose(-1, -2)) * self.head**-0.5, dim=-1)
        mixed = (attention.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        return self.out(mixed), attention


class SelfAttention(nn.Module):
    """Multi-head self-attention over the 64 picture tokens."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.head = heads, width // heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        joined = self.query_key_value(x).unflatten(-1, (3, self.heads, self.head))
        query, key, value = joined.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Self-attention, cross-attention and MLP, modulated by adaLN-single."""

    def __init__(self, width, context, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.attention = SelfAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.cross = CrossAttention(width, context, heads)
        self.norm3 = nn.LayerNorm(width, elementwise_affine=False)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * width, width))
        self.table = nn.Parameter(torch.randn(6, width) * 0.02)
        with torch.no_grad():  # gates start slightly open so that all layers learn from step one
            self.table[2] += 0.5
            self.table[5] += 0.5

    def forward(self, x, context, modulation):
        shift1, scale1, gate1, shift2, scale2, gate2 = (
            modulation + self.table[None]).unsqueeze(2).unbind(1)
        x = x + gate1 * self.attention(self.norm1(x) * (1 + scale1) + shift1)
        mixed, attention = self.cross(self.norm2(x), context)
        x = x + mixed
        x = x + gate2 * self.mlp(self.norm3(x) * (1 + scale2) + shift2)
        return x, attention


class ContextPool(nn.Module):
    """Four learned queries read the caption; their answers join the timestep embedding."""

    def __init__(self, context, embedding, queries=4):
        super().__init__()
        self.score = nn.Linear(context, queries)
        self.out = nn.Linear(context * queries, embedding)

    def forward(self, context):
        weights = torch.softmax(self.score(context), dim=1)
        return self.out((weights.transpose(1, 2) @ context).flatten(1))


class UNet(nn.Module):
    """(sample [B,4,16,16], timestep [B], context [B,32,128]) -> v [B,4,16,16]."""

    def __init__(self, channels=64, width=192, blocks=6, heads=6, context=128, latent=4, grid=8):
        super().__init__()
        embedding = width
        self.grid = grid
        self.time = nn.Sequential(nn.Linear(128, embedding), nn.SiLU(),
                                  nn.Linear(embedding, embedding))
        self.pool = ContextPool(context, embedding)
        self.modulation = nn.Linear(embedding, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        self.conv_in = nn.Conv2d(latent, channels, 3, padding=1)
        self.entry = ResBlock(channels, channels, embedding)
        self.down = nn.Conv2d(channels, width, 3, stride=2, padding=1)
        self.positions = nn.Parameter(torch.randn(1, grid * grid, width) * 0.1)
        self.blocks = nn.ModuleList(Block(width, context, heads) for _ in range(blocks))
        self.norm_mid = nn.LayerNorm(width)
        self.up = nn.Conv2d(width, 4 * channels, 1)
        self.exit1 = ResBlock(2 * channels, channels, embedding)
        self.exit2 = ResBlock(channels, channels, embedding)
        self.norm_out = nn.GroupNorm(8, channels)
        self.conv_out = nn.Conv2d(channels, latent, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, sample, timestep, context, attention_of=()):
        """Returns v, or (v, [attention maps]) when `attention_of` names blocks."""
        embedding = F.silu(self.time(timestep_embedding(timestep, 128)) + self.pool(context))
        modulation = self.modulation(embedding).unflatten(-1, (6, -1))
        skip = self.entry(self.conv_in(sample), embedding)
        x = self.down(skip).flatten(2).transpose(1, 2) + self.positions
        maps = []
        for index, block in enumerate(self.blocks):
            x, attention = block(x, context, modulation)
            if index in attention_of:
                maps.append(attention)
        x = self.norm_mid(x).transpose(1, 2).unflatten(2, (self.grid, self.grid))
        x = torch.cat([F.pixel_shuffle(self.up(x), 2), skip], dim=1)
        x = self.exit2(self.exit1(x, embedding), embedding)
        v = self.conv_out(F.silu(self.norm_out(x)))
        return (v, maps) if attention_of else v
