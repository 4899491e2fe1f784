"""A real pipeline of diffusers with random weights of a few kilobytes, in the folder that `save_pretrained` writes."""

from pathlib import Path

import torch
from diffusers import PNDMScheduler, StableDiffusionPipeline
from small_diffusion import Sizes, stable_diffusion
from transformers import CLIPTokenizer

SIDE = 16
"""Width and height that it draws: 8 latents, and a VAE that doubles them."""


def pipeline_folder(folder: Path) -> Path:
    parts = folder.with_name(folder.name + "-parts")
    networks = stable_diffusion(parts, Sizes())
    torch.set_num_threads(1)
    pipeline = StableDiffusionPipeline(
        unet=networks["unet"], vae=networks["vae"], text_encoder=networks["text_encoder"],
        tokenizer=CLIPTokenizer.from_pretrained(parts / "tokenizer"),
        scheduler=PNDMScheduler.from_pretrained(parts / "scheduler"),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    return folder
