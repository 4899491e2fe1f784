"""A small StoryGPT-V with random weights: both stages, Stable Diffusion's folder, CLIP and a language model, laid out and
named as published. Used by the tests and by `tools/golden/storygpt_v.py`."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import second_stage
import small_diffusion
import torch
from small_diffusion import Sizes
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

PORTRAITS = Path(__file__).resolve().parents[2] / "reference-data" / "bundles" / "storygpt-v-mini" / "portraits"
PLACES = {"opt": ("second-stage-opt", "opt-6.7b", "facebook/opt-6.7b"),
          "llama2": ("second-stage-llama2", "Llama-2-7b-chat", "checkpoints/Llama-2-7b-chat")}


@dataclass(frozen=True)
class Whole:
    """Sizes of the whole model."""

    diffusion: Sizes = Sizes(unet=(4, 8), vae=(4, 4), groups=2, width=8, vision=8)
    length: int = 24
    """Positions of the text encoder."""
    hidden: int = 16
    """Width of the language model."""
    positions: int = 256
    inner: int = 8
    """Width of the mapper."""
    layers: int = 1
    """Of the mapper's encoder, and of its decoder."""
    images: int = 8
    scale: float = 1.0
    """Factor of the VAE decoder's last weights, so that images are neither all of one grey nor black and white."""
    attention: float = 10.0
    """Factor of the values of the UNet's cross-attention, so that contexts matter."""
    fused: float = 5.0
    """Factor of the last norm of the fusion, so that a portrait matters."""
    mix: float = 8.0
    """Factor of the weights through which the language model's positions reach each other."""
    seen: float = 3.0
    """Factor of the projection of CLIP's output, so that an earlier frame matters."""
    context: float = 3.0
    """Factor of the mapper's last weights, so that contexts differ as much as the text encoder's do."""


def text_encoder(folder: Path, whole: Whole) -> nn.Module:
    """CLIP's text encoder over the vocabulary of the golden tokens, in place of `small_diffusion`'s."""
    for name in ("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json"):
        shutil.copy(second_stage.TOKENS / "clip" / name, folder / "tokenizer" / name)
    size = len(json.loads((folder / "tokenizer" / "vocab.json").read_text()))
    config = CLIPTextConfig(vocab_size=size, hidden_size=whole.diffusion.width, intermediate_size=2 * whole.diffusion.width, num_hidden_layers=2,
                            num_attention_heads=2, max_position_embeddings=whole.length, hidden_act="quick_gelu", bos_token_id=size - 2,
                            eos_token_id=size - 1, pad_token_id=size - 1)
    (folder / "text_encoder" / "config.json").write_text(config.to_json_string(use_diff=False))
    return CLIPTextModel(config).eval()


def checkpoint(folder: Path, variant: str, whole: Whole = Whole(), seed: int = 11, portraits: bool = True) -> None:
    """Writes everything that `storygpt-v --checkpoint` takes."""
    diffusion = folder / "stable-diffusion-v1-5"
    networks = small_diffusion.stable_diffusion(diffusion, whole.diffusion)
    torch.manual_seed(seed)
    networks["text_encoder"] = text_encoder(diffusion, whole)
    networks["image_encoder"] = small_diffusion.clip(folder / "clip-vit-large-patch14", whole.diffusion)
    networks["postfuse_module"] = small_diffusion.UpstreamFuse(whole.diffusion.width)
    state = {f"{prefix}.{key}": value.clone() for prefix, network in networks.items() for key, value in network.state_dict().items()}
    state["vae.decoder.conv_out.weight"] *= whole.scale
    state["postfuse_module.layer_norm.weight"] *= whole.fused
    for key in state:
        if key.startswith("unet.") and key.endswith("attn2.to_v.weight"):
            state[key] *= whole.attention
    (folder / "first-stage").mkdir()
    torch.save(state, folder / "first-stage" / "pytorch_model.bin")
    eyes = networks["image_encoder"].vision_model.state_dict()
    seen = {f"vision_model.{key}": value + 0.02 * torch.randn(value.shape) for key, value in eyes.items()}
    torch.save(seen, folder / "clip-vit-large-patch14" / "pytorch_model.bin")
    stage, place, name = PLACES[variant]
    make = {"opt": second_stage.opt, "llama2": second_stage.llama}[variant]
    make(folder / place, hidden=whole.hidden, positions=whole.positions, layers=2, mix=whole.mix)
    second_stage.second_stage(folder / stage, width=whole.hidden, eyes=whole.diffusion.vision, images=whole.images, llm=name,
                              context=(whole.length, whole.diffusion.width), inner=whole.inner, layers=whole.layers)
    stronger(folder / stage, {"gen_text_hidden_fcs.0.model.weight": whole.context, "visual_embeddings.weight": whole.seen})
    if portraits:
        shutil.copytree(PORTRAITS, folder / "chars")


def stronger(stage: Path, factors: dict[str, float]) -> None:
    """Multiplies weights of the second stage."""
    saved = torch.load(stage / "pretrained_ckpt.pth.tar", weights_only=True)
    for key, factor in factors.items():
        saved["state_dict"][f"module.model.{key}"] *= factor
    torch.save(saved, stage / "pretrained_ckpt.pth.tar")
