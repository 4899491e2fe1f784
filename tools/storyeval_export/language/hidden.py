"""One forward of a language model over embeddings: graph `llm_hidden`.

The official decoder layers of transformers with a mask and positions made here, so that padding may be on either side.
There is no cache and no output layer: of the released code's two forwards only the last hidden states count
(`gill/models.py:423-459`), and they are those after the final norm.
"""

import torch
from torch import nn


def causal(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """`[B, S]` of 0 and 1 to an additive mask `[B, 1, S, S]`: a position sees itself and what is not masked before it.

    That a position always sees itself keeps the rows of the padding finite.
    """
    order = torch.arange(mask.shape[1], device=mask.device)
    before = order[:, None] > order[None, :]
    itself = order[:, None] == order[None, :]
    seen = (before[None] & (mask[:, None, :] > 0)) | itself[None]
    nothing = torch.zeros((), dtype=dtype)
    return torch.where(seen, nothing, torch.full((), float("-inf"), dtype=dtype))[:, None]


def positions(mask: torch.Tensor) -> torch.Tensor:
    """Index of every position among those that count, from 0; -1 for the padding before them, which OPT gives
    an embedding of its own."""
    return torch.cumsum(mask, dim=1) * mask - 1


class OptHidden(nn.Module):
    """`inputs_embeds` `[B, S, H]`, `attention_mask` `[B, S]` to `[B, S, H]`."""

    def __init__(self, config):
        from transformers.models.opt.modeling_opt import OPTDecoder

        super().__init__()
        self.decoder = OPTDecoder(config)
        del self.decoder.embed_tokens

    def forward(self, inputs_embeds: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        decoder, dtype = self.decoder, inputs_embeds.dtype
        hidden = inputs_embeds if decoder.project_in is None else decoder.project_in(inputs_embeds)
        hidden = hidden + decoder.embed_positions(attention_mask, position_ids=positions(attention_mask))
        mask = causal(attention_mask, dtype)
        for layer in decoder.layers:
            hidden = layer(hidden, attention_mask=mask, use_cache=False)
        if decoder.final_layer_norm is not None:
            hidden = decoder.final_layer_norm(hidden)
        return hidden if decoder.project_out is None else decoder.project_out(hidden)


class LlamaHidden(nn.Module):
    """`inputs_embeds` `[B, S, H]`, `attention_mask` `[B, S]` to `[B, S, H]`."""

    def __init__(self, config):
        from transformers.models.llama.modeling_llama import LlamaModel

        super().__init__()
        self.decoder = LlamaModel(config)
        del self.decoder.embed_tokens
        # No buffer, or half precision would round the angles of late positions.
        self.frequencies = self.decoder.rotary_emb.inv_freq.detach().clone().float()
        self.scaling = self.decoder.rotary_emb.attention_scaling
        del self.decoder.rotary_emb

    def forward(self, inputs_embeds: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        dtype = inputs_embeds.dtype
        angles = positions(attention_mask).clamp(min=0)[..., None].float() * self.frequencies
        angles = torch.cat((angles, angles), dim=-1)
        turn = ((angles.cos() * self.scaling).to(dtype), (angles.sin() * self.scaling).to(dtype))
        mask = causal(attention_mask, dtype)
        hidden = inputs_embeds
        for layer in self.decoder.layers:
            hidden = layer(hidden, attention_mask=mask, position_embeddings=turn, use_cache=False)
        return self.decoder.norm(hidden)
