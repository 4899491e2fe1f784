"""Attention as one operator of ONNX Runtime."""

import torch
from torch import nn


class FusedAttention:
    """A processor of diffusers' `Attention` that calls `com.microsoft.MultiHeadAttention`.

    ONNX Runtime runs it with flash or memory-efficient attention on CUDA and with its own kernel on a CPU, and
    does not build the matrix of scores of a plain export (4096 x 4096 a head for 512-pixel images). Inputs of
    the operator: query `[B, S, H]`, key and value `[B, T, H]`; softmax of `query key^T scale` a head.
    """

    def __call__(self, attention: nn.Module, hidden_states: torch.Tensor, encoder_hidden_states=None,
                 attention_mask=None, temb=None) -> torch.Tensor:
        if attention_mask is not None or attention.group_norm is not None or attention.spatial_norm is not None:
            raise NotImplementedError("attention with a mask or a norm inside is not fused")
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        if attention.norm_cross and encoder_hidden_states is not None:
            context = attention.norm_encoder_hidden_states(context)
        query, key, value = attention.to_q(hidden_states), attention.to_k(context), attention.to_v(context)
        mixed = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention", (query, key, value),
            attrs={"num_heads": attention.heads, "scale": float(attention.scale)},
            dtype=query.dtype, shape=query.shape, version=1)
        mixed = attention.to_out[1](attention.to_out[0](mixed))
        if attention.residual_connection:
            mixed = mixed + hidden_states
        return mixed / attention.rescale_output_factor


def fuse_attention(module: nn.Module) -> None:
    """Gives every attention of the UNet inside `module` the processor above. After this the network can be
    exported, but no longer computes in PyTorch."""
    for layer in module.modules():
        if hasattr(layer, "set_attn_processor"):
            layer.set_attn_processor(FusedAttention())
