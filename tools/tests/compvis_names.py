"""Names of the original latent diffusion code for networks of diffusers with one residual block a level."""

import re

import torch

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
SIMPLE = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
          "time_embedding.linear_2": "time_embed.2", "conv_norm_out": "out.0", "conv_out": "out.2",
          "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
          "mid_block.resnets.1": "middle_block.2"}


def unet(state: dict[str, torch.Tensor], levels: int) -> dict[str, torch.Tensor]:
    """`model.diffusion_model.` and the names behind it."""
    blocks = dict(SIMPLE)
    place = 1
    for level in range(levels):
        blocks[f"down_blocks.{level}.resnets.0"] = f"input_blocks.{place}.0"
        blocks[f"down_blocks.{level}.attentions.0"] = f"input_blocks.{place}.1"
        blocks[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{place + 1}.0.op"
        place += 2
    place = 0
    for level in range(levels):
        for number in range(2):
            blocks[f"up_blocks.{level}.resnets.{number}"] = f"output_blocks.{place}.0"
            blocks[f"up_blocks.{level}.attentions.{number}"] = f"output_blocks.{place}.1"
            place += 1
        attends = any(key.startswith(f"up_blocks.{level}.attentions") for key in state)
        blocks[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{place - 1}.{2 if attends else 1}.conv"
    return {"model.diffusion_model." + _block(key, blocks): value for key, value in state.items()}


def _block(key: str, blocks: dict[str, str]) -> str:
    for new, old in blocks.items():
        if key.startswith(new + "."):
            rest = key[len(new) + 1:]
            if ".resnets." in f".{new}":
                name = rest.split(".")[0]
                rest = RESNET[name] + rest[len(name):]
            return f"{old}.{rest}"
    raise KeyError(key)


def vae(state: dict[str, torch.Tensor], levels: int) -> dict[str, torch.Tensor]:
    """`first_stage_model.` and the names behind it; projections of the attention are 1 x 1 convolutions."""
    found = {}
    for key, value in state.items():
        name = key.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
        name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
        name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda it: f"up.{levels - 1 - int(it[1])}.block", name)
        name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda it: f"up.{levels - 1 - int(it[1])}.upsample", name)
        name = re.sub(r"mid_block\.resnets\.(\d)", lambda it: f"mid.block_{int(it[1]) + 1}", name)
        if "mid_block.attentions.0" in name:
            name = name.replace("mid_block.attentions.0", "mid.attn_1").replace("group_norm", "norm")
            for new, old in (("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out")):
                if f".{new}." in name:
                    name = name.replace(f".{new}.", f".{old}.")
                    value = value[:, :, None, None] if value.ndim == 2 else value
        found["first_stage_model." + name] = value
    return found


def checkpoint(networks) -> dict[str, dict[str, torch.Tensor]]:
    """The contents of a `.ckpt` of the original code, its loss and schedule included."""
    state = unet(networks["unet"].state_dict(), 2) | vae(networks["vae"].state_dict(), 2)
    state |= {f"cond_stage_model.transformer.text_model.{key}": value
              for key, value in networks["text_encoder"].state_dict().items()}
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(16)[None]
    state |= {"betas": torch.zeros(1000), "alphas_cumprod": torch.zeros(1000), "model_ema.decay": torch.tensor(0.5)}
    return {"state_dict": state, "global_step": 7}
