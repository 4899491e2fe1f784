"""A captioner in the shape of BLIP-2: a frame becomes a few prefix embeddings, a decoder goes on in words."""

import torch
import torch.nn as nn

from .config import CAPTION_HEADS, CAPTION_LAYERS, CAPTION_POSITIONS, CAPTION_QUERIES, CAPTION_WIDTH
from .convnet import ConvNet
from .language import QueryBlock


class Eyes(nn.Module):
    """[N,3,64,64] in 0..1 -> prefix [N,Q,D]: convolutions, then queries that look at the 8x8 map.

    Larger frames have more `cells` on the last map.
    """

    WIDTHS = (32, 48, 64, 96)

    def __init__(self, outputs, cells=64):
        super().__init__()
        self.body = ConvNet(outputs, self.WIDTHS)
        self.entry = nn.Linear(self.WIDTHS[-1], CAPTION_WIDTH)
        self.places = nn.Parameter(torch.randn(cells, CAPTION_WIDTH) * 0.1)
        self.queries = nn.Parameter(torch.randn(CAPTION_QUERIES, CAPTION_WIDTH) * 0.3)
        self.blocks = nn.ModuleList(QueryBlock(CAPTION_WIDTH, CAPTION_HEADS) for _ in range(2))
        self.norm = nn.LayerNorm(CAPTION_WIDTH)

    def look(self, maps):
        states = self.entry(maps[-1].flatten(2).transpose(1, 2).float()) + self.places
        x = self.queries.expand(states.shape[0], -1, -1)
        for block in self.blocks:
            x = block(x, states)
        return self.norm(x)

    def forward(self, pixels):
        return self.look(self.body.maps(pixels))


class CacheBlock(nn.Module):
    """A causal pre-norm layer that takes and gives keys and values [N,heads,tokens,E]."""

    def __init__(self, width, heads, dropout=0.15):
        super().__init__()
        self.heads, self.head = heads, width // heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * width, width))

    def forward(self, x, hidden, past_key, past_value):
        joined = self.query_key_value(self.norm1(x)).unflatten(-1, (3, self.heads, self.head))
        query, key, value = joined.permute(2, 0, 3, 1, 4).unbind(0)
        key, value = torch.cat([past_key, key], dim=2), torch.cat([past_value, value], dim=2)
        scores = (query @ key.transpose(-1, -2)) * self.head**-0.5 + hidden
        mixed = torch.softmax(scores, dim=-1) @ value
        x = x + self.dropout(self.out(mixed.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.mlp(self.norm2(x))), key, value


class Decoder(nn.Module):
    """Embeddings [N,S,D], mask [N,P+S], past [L,N,H,P,E] twice -> logits [N,S,V], keys, values.

    A token's position counts the unmasked tokens before it, so padding may stand anywhere.
    """

    def __init__(self, vocabulary, positions=CAPTION_POSITIONS):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, CAPTION_WIDTH)
        self.positions = nn.Embedding(positions, CAPTION_WIDTH)
        self.blocks = nn.ModuleList(CacheBlock(CAPTION_WIDTH, CAPTION_HEADS) for _ in range(CAPTION_LAYERS))
        self.norm = nn.LayerNorm(CAPTION_WIDTH)
        nn.init.normal_(self.embedding.weight, std=0.3)
        nn.init.normal_(self.positions.weight, std=0.1)

    def forward(self, inputs_embeds, attention_mask, past_keys, past_values):
        past = past_keys.shape[3]
        total = past + inputs_embeds.shape[1]
        places = (attention_mask.cumsum(1) - 1).clamp(min=0, max=self.positions.num_embeddings - 1)[:, past:]
        order = torch.arange(total, device=inputs_embeds.device)
        later = order[None, :] > order[past:, None]
        hidden = (later[None] | (attention_mask == 0)[:, None, :]).to(inputs_embeds.dtype)[:, None] * -1e9
        x, keys, values = inputs_embeds + self.positions(places), [], []
        for index, block in enumerate(self.blocks):
            x, key, value = block(x, hidden, past_keys[index], past_values[index])
            keys.append(key)
            values.append(value)
        logits = self.norm(x) @ self.embedding.weight.T
        return logits, torch.stack(keys), torch.stack(values)


class Captioner(nn.Module):
    """Eyes and decoder; `outputs` are the labels that the eyes learnt first."""

    def __init__(self, vocabulary, outputs, cells=64, positions=CAPTION_POSITIONS):
        super().__init__()
        self.eyes, self.decoder = Eyes(outputs, cells), Decoder(vocabulary, positions)

    def logits(self, prefix, ids):
        """Logits [N,T,V] of the word after each of `ids` [N,T], the first of which is <s>."""
        embeds = torch.cat([prefix, self.decoder.embedding(ids)], dim=1)
        mask = torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device)
        past = (it.to(embeds.device) for it in empty_past(len(ids)))
        return self.decoder(embeds, mask, *past)[0][:, prefix.shape[1]:]


def empty_past(batch):
    shape = (CAPTION_LAYERS, batch, CAPTION_HEADS, 0, CAPTION_WIDTH // CAPTION_HEADS)
    return torch.zeros(shape), torch.zeros(shape)
