"""The denoiser."""

import re

import torch
from torch import nn

from ..graph import Graph, Input
from ..keys import load_into
from .attention import fuse_attention
from .configuration import Configuration, network

#: Bytes of the attention scores of a case of two 64 x 64 latents: 8 heads, 4096 x 4096, float32, three in memory.
ATTENTION = 2 * 8 * 4 * 3


class Denoiser(nn.Module):
    """Latents `[B, c, h, w]`, time steps `[B]` and contexts `[B, L, D]` to a prediction `[B, c, h, w]`."""

    def __init__(self, unet: nn.Module):
        super().__init__()
        self.unet = unet

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        return self.unet(sample, timestep, context, return_dict=False)[0]


def build(configuration: Configuration) -> nn.Module:
    """`UNet2DConditionModel` as `unet/config.json` says, without weights."""
    from diffusers import UNet2DConditionModel

    return network(lambda: UNet2DConditionModel.from_config(configuration.unet),
                   configuration.folder / "unet" / "config.json")


def graph(configuration: Configuration, state, source: str, reads: tuple[str, ...], fused: bool = False) -> Graph:
    """The graph `unet`. `state()` gives the weights under the names of diffusers. With `fused`, attention is
    one operator of ONNX Runtime (`attention.py`)."""
    channels, rows, columns = configuration.latent

    def loaded() -> nn.Module:
        unet = load_into(build(configuration), state(), source=source, rename=current_name)
        return Denoiser(unet)

    return Graph(
        name="unet", build=loaded, outputs=("out_sample",),
        inputs={"sample": Input.normal("batch", channels, rows, columns),
                "timestep": Input.integers(0, int(configuration.scheduler.get("num_train_timesteps", 1000)), "batch"),
                "encoder_hidden_states": Input.normal("batch", configuration.length, configuration.width)},
        parameters=sum(it.numel() for it in build(configuration).parameters()),
        activations=(1 << 29) + (0 if fused else (rows * columns) ** 2 * ATTENTION), reads=reads,
        settings={"attention": "fused" if fused else "plain"}, prepare=fuse_attention if fused else None)


def current_name(key: str) -> str:
    """Attention of the VAE before diffusers 0.18: `query`, `key`, `value`, `proj_attn`. UNets have no such
    keys; the same function serves both."""
    names = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
    return re.sub(r"(\.attentions\.\d+\.)(query|key|value|proj_attn)(?=\.)", lambda it: it[1] + names[it[2]], key)
