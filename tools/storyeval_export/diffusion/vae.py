"""Latents to images."""

import torch
from torch import nn

from ..graph import Graph, Input
from ..keys import load_into
from .configuration import Configuration, network
from .unet import current_name


class Decoder(nn.Module):
    """Latents `[B, c, h, w]`, already divided by the scaling factor (storyeval divides), to images
    `[B, 3, H, W]` in [-1, 1], not clamped."""

    def __init__(self, vae: nn.Module):
        super().__init__()
        self.post_quant_conv, self.decoder = vae.post_quant_conv, vae.decoder

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        if self.post_quant_conv is not None:
            latents = self.post_quant_conv(latents)
        return self.decoder(latents)


def build(configuration: Configuration) -> nn.Module:
    """`AutoencoderKL` as `vae/config.json` says, without weights."""
    from diffusers import AutoencoderKL

    return network(lambda: AutoencoderKL.from_config(configuration.vae), configuration.folder / "vae" / "config.json")


def graph(configuration: Configuration, state, source: str, reads: tuple[str, ...]) -> Graph:
    """The graph `vae_decoder`. The whole autoencoder has to fit the weights; its encoder is then dropped."""
    channels, rows, columns = configuration.latent
    pixels = rows * columns * configuration.scale ** 2
    widest = max(configuration.vae.get("block_out_channels", [128])[:2])

    def loaded() -> nn.Module:
        return Decoder(load_into(build(configuration), state(), source=source, rename=current_name)).eval()

    return Graph(name="vae_decoder", build=loaded, outputs=("image",),
                 inputs={"latents": Input.normal("batch", channels, rows, columns)},
                 parameters=sum(it.numel() for it in Decoder(build(configuration)).parameters()),
                 activations=2 * 5 * pixels * widest * 4, reads=reads)
