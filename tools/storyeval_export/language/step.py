"""A language model that writes: graphs `llm_step`, which remembers what it read, and `llm_logits`.

`llm_step` has the decoder layers of `hidden`, whose keys and values go in and out as two tensors. With nothing remembered it
gives what `llm_hidden` gives, and takes its place in the bundle, so that no weight is there twice.
"""

import torch
from torch import nn

from .hidden import LlamaHidden, OptHidden, causal, positions


class Remembered:
    """What the attention of transformers takes for a cache: the keys and values of before, and the longer ones."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor):
        self.before = (keys, values)
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def update(self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_) -> tuple[torch.Tensor, torch.Tensor]:
        """Called once by every layer, in order."""
        self.keys.append(torch.cat([self.before[0][layer], keys], dim=2))
        self.values.append(torch.cat([self.before[1][layer], values], dim=2))
        return self.keys[-1], self.values[-1]

    def both(self) -> tuple[torch.Tensor, torch.Tensor]:
        """`[layers, B, heads, P + S, head_dim]` each."""
        return torch.stack(self.keys), torch.stack(self.values)


class OptStep(OptHidden):
    """`inputs_embeds` `[B, S, H]`, `attention_mask` `[B, P + S]`, `past_keys`, `past_values` to `[B, S, H]` and the longer cache."""

    def forward(self, inputs_embeds, attention_mask, past_keys, past_values):
        decoder, past = self.decoder, past_keys.shape[3]
        cache = Remembered(past_keys, past_values)
        hidden = inputs_embeds if decoder.project_in is None else decoder.project_in(inputs_embeds)
        places = positions(attention_mask)[:, past:]
        hidden = hidden + decoder.embed_positions(attention_mask[:, past:], position_ids=places)
        mask = causal(attention_mask, inputs_embeds.dtype)[:, :, past:]
        for layer in decoder.layers:
            hidden = layer(hidden, attention_mask=mask, past_key_values=cache)
        if decoder.final_layer_norm is not None:
            hidden = decoder.final_layer_norm(hidden)
        hidden = hidden if decoder.project_out is None else decoder.project_out(hidden)
        return (hidden, *cache.both())


class LlamaStep(LlamaHidden):
    """As [`OptStep`], of Llama."""

    def forward(self, inputs_embeds, attention_mask, past_keys, past_values):
        dtype, past = inputs_embeds.dtype, past_keys.shape[3]
        cache = Remembered(past_keys, past_values)
        angles = positions(attention_mask)[:, past:].clamp(min=0)[..., None].float() * self.frequencies
        angles = torch.cat((angles, angles), dim=-1)
        turn = ((angles.cos() * self.scaling).to(dtype), (angles.sin() * self.scaling).to(dtype))
        mask = causal(attention_mask, dtype)[:, :, past:]
        hidden = inputs_embeds
        for layer in self.decoder.layers:
            hidden = layer(hidden, attention_mask=mask, position_embeddings=turn, past_key_values=cache)
        return (self.decoder.norm(hidden), *cache.both())


class Logits(nn.Module):
    """`hidden_states` `[B, S, H]` to `logits` `[B, S, V]`."""

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        self.output = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        self.output.weight = nn.Parameter(weight, requires_grad=False)

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return self.output(hidden_states)
