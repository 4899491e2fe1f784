"""The multimodal language model and the mapper from its [IMG] states to the Char-LDM's context.

Scaled-down StoryGPT-V (`gill/models.py`, `gill/layers.py:18-56`): a causal transformer reads
captions and frames, eight [IMG] tokens read the result, a query transformer turns their states
into the 32 positions of the caption embedding.
"""

import torch
import torch.nn as nn

from .conditioner import SelfBlock
from .config import IMG_TOKENS, LENGTH, LLM_POSITIONS, LLM_WIDTH, TEXT_WIDTH, VISUAL_TOKENS


class LanguageModel(nn.Module):
    """Word embeddings, four pre-norm layers, learned positions, final LayerNorm, tied output."""

    def __init__(self, vocabulary, width=LLM_WIDTH, layers=4, heads=6):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(LLM_POSITIONS, width)
        self.blocks = nn.ModuleList(SelfBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.embedding.weight, std=0.3)
        nn.init.normal_(self.positions.weight, std=0.1)

    def forward(self, embeds, attention_mask=None):
        """Without a mask, padding must be on the right; with one it may be on either side."""
        tokens = embeds.shape[1]
        if attention_mask is None:
            x = embeds + self.positions.weight[:tokens]
            for block in self.blocks:
                x = block(x, causal=True)
            return self.norm(x)
        places = (attention_mask.cumsum(1) - 1).clamp(min=0)
        order = torch.arange(tokens, device=embeds.device)
        later = (order[None, :] > order[:, None])[None]
        hidden = (later | (attention_mask == 0)[:, None, :]).to(embeds.dtype) * -1e4
        x = embeds + self.positions(places)
        for block in self.blocks:
            x = block(x, hidden[:, None])
        return self.norm(x)


class VisualEmbedding(nn.Module):
    """Pooled frame features [B,F] -> four visual tokens [B,4,192]."""

    def __init__(self, features=128, width=LLM_WIDTH):
        super().__init__()
        self.out = nn.Linear(features, VISUAL_TOKENS * width)

    def forward(self, features):
        return self.out(features).unflatten(-1, (VISUAL_TOKENS, -1))


class QueryBlock(nn.Module):
    """A layer of the query decoder: cross-attention to the states, then a self-attention layer."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.head = heads, width // heads
        self.norm = nn.LayerNorm(width)
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.block = SelfBlock(width, heads)

    def forward(self, x, states):
        query = self.query(self.norm(x)).unflatten(-1, (self.heads, self.head)).transpose(1, 2)
        both = self.key_value(states).unflatten(-1, (2, self.heads, self.head))
        key, value = both.permute(2, 0, 3, 1, 4).unbind(0)
        attention = torch.softmax((query @ key.transpose(-1, -2)) * self.head**-0.5, dim=-1)
        mixed = attention.to(value.dtype) @ value
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return self.block(x)


class Mapper(nn.Module):
    """(hidden [B,8,192], [IMG] input embeddings [B,8,192]) -> context [B,32,128]."""

    def __init__(self, width=160, heads=5, encoders=1, decoders=3):
        super().__init__()
        self.entry = nn.Linear(LLM_WIDTH, width)
        self.places = nn.Parameter(torch.randn(IMG_TOKENS, width) * 0.1)
        self.encoder = nn.ModuleList(SelfBlock(width, heads) for _ in range(encoders))
        self.queries = nn.Parameter(torch.randn(LENGTH, width) * 0.3)
        self.decoder = nn.ModuleList(QueryBlock(width, heads) for _ in range(decoders))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, TEXT_WIDTH)
        self.mean = nn.Parameter(torch.zeros(LENGTH, TEXT_WIDTH))
        self.width = width

    def trunk(self, hidden, img_embeds):
        """States of the 32 queries before the output layer."""
        states = self.entry(hidden + img_embeds) + self.places
        for block in self.encoder:
            states = block(states)
        x = self.queries.expand(hidden.shape[0], -1, -1)
        for block in self.decoder:
            x = block(x, states)
        return self.norm(x)

    def forward(self, hidden, img_embeds):
        return self.out(self.trunk(hidden, img_embeds)) + self.mean


class Heads(nn.Module):
    """Training-only readers: the [IMG] states' picture content, the queries' words."""

    def __init__(self, outputs, vocabulary, mapper_width):
        super().__init__()
        self.content = nn.Linear(IMG_TOKENS * LLM_WIDTH, outputs)
        self.words = nn.Linear(mapper_width, vocabulary)
