"""The Char-LDM's conditioning: caption encoder, portrait encoder and their fusion.

Follows StoryGPT-V `models/model.py`: FuseModule (lines 126-151) puts the portrait of a character
into the hidden state of its name token.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .config import LENGTH, TEXT_WIDTH
from .convnet import PortraitEncoder


class SelfBlock(nn.Module):
    """A pre-norm transformer layer; `mask` is additive, broadcast to [B,heads,query,key]."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.head = heads, width // heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * width, width))

    def forward(self, x, mask=None, causal=False):
        joined = self.query_key_value(self.norm1(x)).unflatten(-1, (3, self.heads, self.head))
        query, key, value = joined.permute(2, 0, 3, 1, 4).unbind(0)
        if causal:
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        else:
            scores = (query @ key.transpose(-1, -2)) * self.head**-0.5
            scores = scores if mask is None else scores + mask
            mixed = torch.softmax(scores, dim=-1).to(value.dtype) @ value
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class TextEncoder(nn.Module):
    """Causal transformer over 32 fixed positions, no padding mask, final LayerNorm (as CLIP text)."""

    def __init__(self, vocabulary, width=TEXT_WIDTH, layers=3, heads=4):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(LENGTH, width) * 0.1)
        self.blocks = nn.ModuleList(SelfBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        mask = torch.full((LENGTH, LENGTH), -1e4).triu(1)
        self.register_buffer("mask", mask, persistent=False)
        nn.init.normal_(self.embedding.weight, std=0.3)

    def forward(self, input_ids):
        x = self.embedding(input_ids) + self.positions
        for block in self.blocks:
            x = block(x, self.mask)
        return self.norm(x)


class Fuse(nn.Module):
    """(text [N,128], visual [N,128]) -> fused [N,128]."""

    def __init__(self, width=TEXT_WIDTH):
        super().__init__()
        self.mlp1 = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(approximate="tanh"),
                                  nn.Linear(width, width))
        self.norm = nn.LayerNorm(width)
        self.mlp2 = nn.Sequential(nn.Linear(width, width), nn.GELU(approximate="tanh"),
                                  nn.Linear(width, width))
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, text, visual):
        x = text + self.mlp1(torch.cat([text, visual], dim=-1))
        return self.layer_norm(x + self.mlp2(self.norm(x)))


class Conditioner(nn.Module):
    """Token ids and the characters standing at them -> context [B,32,128]."""

    def __init__(self, vocabulary, portraits):
        super().__init__()
        self.text, self.image, self.fuse = TextEncoder(vocabulary), PortraitEncoder(), Fuse()
        self.register_buffer("portraits", torch.as_tensor(portraits))

    def forward(self, ids, names=None):
        """`names` [B,32]: index of the portrait to fuse at a position, -1 for none."""
        hidden = self.text(ids)
        if names is None:
            return hidden
        visual = self.image(self.portraits)[names.clamp(min=0)]
        return torch.where((names >= 0)[..., None], self.fuse(hidden, visual).to(hidden.dtype), hidden)
