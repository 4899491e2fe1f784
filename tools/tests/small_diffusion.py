"""Checkpoints of Stable Diffusion and Char-LDM in their published layout and key names, with random weights
and small networks. Also used by `tools/golden/export_diffusion.py`."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from PIL import Image
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModelWithProjection

LENGTH, NAMES = 16, ("fred", "wilma", "mr slate")


@dataclass(frozen=True)
class Sizes:
    """Dimensions of a small model; `width` is that of the text."""

    unet: tuple[int, ...] = (8, 16)
    vae: tuple[int, ...] = (8, 8)
    groups: int = 4
    width: int = 16
    sample: int = 8
    vision: int = 24
    pixels: int = 28


def vocabulary() -> tuple[dict[str, int], list[str]]:
    """The 512 byte tokens of CLIP's vocabulary, some merges, and its two special tokens."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(code) for code in visible]
    letters += [chr(256 + place) for place in range(256 - len(visible))]
    merges = ["f r", "e d</w>", "fr ed</w>", "w i", "l m", "lm a</w>", "wi lma</w>"]
    tokens = letters + [letter + "</w>" for letter in letters] + [pair.replace(" ", "") for pair in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: place for place, token in enumerate(tokens)}, merges


def write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def stable_diffusion(folder: Path, sizes: Sizes = Sizes()) -> dict[str, nn.Module]:
    """Writes configurations, scheduler and tokenizer as Stable Diffusion 1.5 has them, and gives the networks."""
    tokens, merges = vocabulary()
    down = ("CrossAttnDownBlock2D",) * (len(sizes.unet) - 1) + ("DownBlock2D",)
    up = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (len(sizes.unet) - 1)
    torch.manual_seed(1)
    networks = {
        "unet": UNet2DConditionModel(
            sample_size=sizes.sample, block_out_channels=sizes.unet, layers_per_block=1, norm_num_groups=sizes.groups,
            cross_attention_dim=sizes.width, attention_head_dim=2, down_block_types=down, up_block_types=up),
        "vae": AutoencoderKL(
            block_out_channels=sizes.vae, layers_per_block=1, norm_num_groups=sizes.groups, latent_channels=4,
            sample_size=sizes.sample * 2 ** (len(sizes.vae) - 1), scaling_factor=0.18215,
            down_block_types=("DownEncoderBlock2D",) * len(sizes.vae), up_block_types=("UpDecoderBlock2D",) * len(sizes.vae)),
        "text_encoder": CLIPTextModel(CLIPTextConfig(
            vocab_size=len(tokens), hidden_size=sizes.width, intermediate_size=2 * sizes.width, num_hidden_layers=2,
            num_attention_heads=2, max_position_embeddings=LENGTH, hidden_act="quick_gelu",
            bos_token_id=len(tokens) - 2, eos_token_id=len(tokens) - 1, pad_token_id=len(tokens) - 1)),
    }
    for name, network in networks.items():
        network.eval().requires_grad_(False)
        config = network.config.to_dict() if name == "text_encoder" else dict(network.config)
        write_json(folder / name / "config.json", {k: v for k, v in config.items() if v is not None})
    write_json(folder / "scheduler" / "scheduler_config.json", {
        "_class_name": "PNDMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
        "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1,
        "trained_betas": None, "clip_sample": False})
    write_json(folder / "tokenizer" / "vocab.json", tokens)
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    special = {"content": "<|endoftext|>", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    write_json(folder / "tokenizer" / "special_tokens_map.json", {
        "bos_token": special | {"content": "<|startoftext|>"}, "eos_token": special, "unk_token": special,
        "pad_token": "<|endoftext|>"})
    write_json(folder / "tokenizer" / "tokenizer_config.json", {
        "add_prefix_space": False, "do_lower_case": True, "errors": "replace", "model_max_length": LENGTH,
        "tokenizer_class": "CLIPTokenizer"})
    return networks


def clip(folder: Path, sizes: Sizes = Sizes()) -> nn.Module:
    """Writes the configuration of a CLIP folder and gives its vision network with projection."""
    torch.manual_seed(2)
    vision = {"hidden_size": sizes.vision, "intermediate_size": 2 * sizes.vision, "num_hidden_layers": 2,
              "num_attention_heads": 2, "image_size": sizes.pixels, "patch_size": 14, "hidden_act": "quick_gelu"}
    write_json(folder / "config.json", {"model_type": "clip", "projection_dim": sizes.width, "vision_config": vision})
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(**vision, projection_dim=sizes.width))
    return model.eval().requires_grad_(False)


class UpstreamFuse(nn.Module):
    """The parameters of `FuseModule` under their published names; its formula is written out in the tests."""

    def __init__(self, width: int):
        super().__init__()
        torch.manual_seed(3)
        for name, given in (("mlp1", 2 * width), ("mlp2", width)):
            setattr(self, name, nn.ModuleDict({"layernorm": nn.LayerNorm(given), "fc1": nn.Linear(given, width),
                                               "fc2": nn.Linear(width, width)}))
        self.layer_norm = nn.LayerNorm(width)


def old_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The VAE's attention as diffusers before 0.18 called it."""
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    found = {}
    for key, value in state.items():
        for new, old in names.items():
            key = key.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
        found[key] = value
    return found


def char_ldm(folder: Path, sizes: Sizes = Sizes(), dtype: torch.dtype = torch.float32) -> dict[str, nn.Module]:
    """The whole folder that `--checkpoint` of `char-ldm` takes; gives the networks by their prefix."""
    networks = stable_diffusion(folder / "stable-diffusion-v1-5", sizes)
    networks["image_encoder"] = clip(folder / "clip-vit-large-patch14", sizes)
    networks["postfuse_module"] = UpstreamFuse(sizes.width).eval().requires_grad_(False)
    state = {f"{prefix}.{key}": value.to(dtype) for prefix, network in networks.items()
             for key, value in network.state_dict().items()}
    vae = {f"vae.{key}": state.pop(f"vae.{key}") for key in networks["vae"].state_dict()}
    state |= old_names(vae)
    state["text_encoder.embeddings.position_ids"] = torch.arange(LENGTH)[None]
    (folder / "first-stage").mkdir()
    torch.save(state, folder / "first-stage" / "pytorch_model.bin")
    portraits(folder / "chars")
    return networks


def portraits(folder: Path) -> None:
    """Pictures of three sizes, taller and wider than high."""
    folder.mkdir()
    for number, (name, size) in enumerate(zip(NAMES, ((21, 40), (64, 33), (30, 30)))):
        shades = Image.linear_gradient("L").resize(size)
        channels = [shades, shades.point(lambda it: 255 - it), Image.new("L", size, 80 * number)]
        Image.merge("RGB", channels).save(folder / f"{name}.jpeg", quality=95)


def diffusers_folder(folder: Path, sizes: Sizes = Sizes()) -> dict[str, nn.Module]:
    """A fine-tuned pipeline as diffusers saves it (transformers 4 names its text encoder `text_model.`)."""
    from safetensors.torch import save_file

    networks = stable_diffusion(folder, sizes)
    for name in ("unet", "vae"):
        save_file(networks[name].state_dict(), folder / name / "diffusion_pytorch_model.safetensors")
    text = {f"text_model.{key}": value.contiguous() for key, value in networks["text_encoder"].state_dict().items()}
    save_file(text, folder / "text_encoder" / "model.safetensors")
    return networks
