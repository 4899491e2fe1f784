"""The three graphs of a BLIP-2 captioner with OPT, as `storyeval` reads them.

Vision transformer, Q-Former and projection are transformers'; the decoder is written out here, since its
cache has to be two plain tensors. It is held against `OPTForCausalLM` in the tests.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    Blip2Config,
    Blip2QFormerModel,
    Blip2VisionModel,
    OPTConfig,
    OPTForCausalLM,
)

from ..error import DATA, ExportError

HIDDEN = -60000.0
"""Added to scores that must not count: far below all others, and inside the range of half precision."""


class Prefix(nn.Module):
    """Standardised pixels `[N, 3, h, w]` to the embeddings that the language model goes on from,
    `[N, queries, D]`. Keys as in `Blip2ForConditionalGeneration`."""

    def __init__(self, config: Blip2Config) -> None:
        super().__init__()
        width = config.qformer_config.hidden_size
        self.query_tokens = nn.Parameter(torch.zeros(1, config.num_query_tokens, width))
        self.vision_model = Blip2VisionModel._from_config(config.vision_config)
        self.qformer = Blip2QFormerModel._from_config(config.qformer_config)
        self.language_projection = nn.Linear(width, config.text_config.hidden_size)

    def forward(self, pixel_values: Tensor) -> Tensor:
        states = self.vision_model(pixel_values=pixel_values).last_hidden_state
        # Norm and layers one by one: the Q-Former's own forward asks its norm for the type to compute in, which in
        # half precision is not the type of the layers. All patches count, so no mask is needed.
        queries = self.qformer.layernorm(self.query_tokens.expand(states.shape[0], -1, -1))
        found = self.qformer.encoder(queries, encoder_hidden_states=states, query_length=queries.shape[1])
        return self.language_projection(found.last_hidden_state)


class Embed(nn.Module):
    """Token ids `[N, S]` to embeddings `[N, S, D]`. Keys as in `OPTForCausalLM`'s `embed_tokens`."""

    def __init__(self, config: OPTConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.embed_tokens(input_ids)


def check_opt(config: OPTConfig) -> None:
    """Refuses the variants of OPT that [`OptWithCache`] does not compute: OPT-350m's layout, other
    activations, no biases.

    Raises:
        ExportError: with the setting.
    """
    expected = {
        "do_layer_norm_before": True,
        "activation_function": "relu",
        "word_embed_proj_dim": config.hidden_size,
        "enable_bias": True,
        "layer_norm_elementwise_affine": True,
    }
    for key, value in expected.items():
        if getattr(config, key, value) != value:
            raise ExportError(
                f"text_config.{key} is {getattr(config, key)!r}, but only {value!r} is supported",
                "BLIP-2 is published with OPT-2.7b and OPT-6.7b, which have it",
                DATA,
            )


class OptWithCache(nn.Module):
    """OPT with its cache as two tensors. Keys as in `OPTForCausalLM`.

    `inputs_embeds` `[N, S, D]`, `attention_mask` int64 `[N, P + S]`, `past_keys` and `past_values`
    `[layers, N, heads, P, head]` (P may be 0) to `logits` `[N, S, V]` and the longer cache.
    """

    def __init__(self, config: OPTConfig) -> None:
        super().__init__()
        check_opt(config)
        whole = OPTForCausalLM(config)
        self.model, self.lm_head = whole.model, whole.lm_head
        self.heads = config.num_attention_heads
        self.head = config.hidden_size // config.num_attention_heads

    def forward(
        self, inputs_embeds: Tensor, attention_mask: Tensor, past_keys: Tensor, past_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        body, past = self.model.decoder, past_keys.shape[3]
        # Positions count the tokens that are no padding; the table has two rows before the first.
        places = (attention_mask.cumsum(1) * attention_mask - 1)[:, past:] + 2
        x = inputs_embeds + F.embedding(places, body.embed_positions.weight)
        order = torch.arange(attention_mask.shape[1], device=x.device)
        later = order[None, :] > order[past:, None]
        hidden = (later[None] | (attention_mask == 0)[:, None, :])[:, None].to(x.dtype) * HIDDEN
        keys, values = [], []
        for index, layer in enumerate(body.layers):
            attention, normed = layer.self_attn, layer.self_attn_layer_norm(x)
            query = self._split(attention.q_proj(normed)) * self.head**-0.5
            keys.append(torch.cat([past_keys[index], self._split(attention.k_proj(normed))], 2))
            values.append(torch.cat([past_values[index], self._split(attention.v_proj(normed))], 2))
            weights = torch.softmax(query @ keys[-1].transpose(-1, -2) + hidden, -1)
            x = x + attention.out_proj((weights @ values[-1]).transpose(1, 2).flatten(2))
            x = x + layer.fc2(torch.relu(layer.fc1(layer.final_layer_norm(x))))
        logits = self.lm_head(body.final_layer_norm(x))
        return logits, torch.stack(keys), torch.stack(values)

    def _split(self, x: Tensor) -> Tensor:
        """`[N, S, D]` to `[N, heads, S, head]`."""
        return x.unflatten(-1, (self.heads, self.head)).transpose(1, 2)
