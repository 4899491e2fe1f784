"""A first stage of StoryGPT-V at its true dimensions with random weights, to measure what an export takes.

    python tools/bench/export_true_size.py FOLDER
    PYTHONPATH=tools python -m storyeval_export char-ldm --checkpoint FOLDER --out OUT --precision fp16

The configurations are those of Stable Diffusion 1.5 and of CLIP ViT-L/14, written by hand; the tokeniser is a small
one, and the portraits are drawn. FOLDER takes 5.5 GB, and writing it as much memory.
"""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModelWithProjection

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from small_diffusion import UpstreamFuse, old_names, portraits, stable_diffusion, write_json  # noqa: E402

UNET = {"act_fn": "silu", "attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280],
        "center_input_sample": False, "cross_attention_dim": 768,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "downsample_padding": 1, "flip_sin_to_cos": True, "freq_shift": 0, "in_channels": 4, "layers_per_block": 2,
        "mid_block_scale_factor": 1, "norm_eps": 1e-05, "norm_num_groups": 32, "out_channels": 4, "sample_size": 64,
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]}
VAE = {"act_fn": "silu", "block_out_channels": [128, 256, 512, 512], "down_block_types": ["DownEncoderBlock2D"] * 4,
       "in_channels": 3, "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "out_channels": 3,
       "sample_size": 512, "up_block_types": ["UpDecoderBlock2D"] * 4}
TEXT = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
        "max_position_embeddings": 77, "vocab_size": 49408, "hidden_act": "quick_gelu"}
VISION = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
          "image_size": 224, "patch_size": 14, "hidden_act": "quick_gelu"}


def main(folder: Path) -> None:
    """Writes the folder."""
    base = folder / "stable-diffusion-v1-5"
    stable_diffusion(base)  # for its scheduler and tokeniser
    for name, config in (("unet", UNET), ("vae", VAE), ("text_encoder", TEXT)):
        write_json(base / name / "config.json", config)
    write_json(folder / "clip-vit-large-patch14" / "config.json", {"projection_dim": 768, "vision_config": VISION})
    portraits(folder / "chars")
    torch.manual_seed(7)
    networks = {
        "text_encoder": lambda: CLIPTextModel(CLIPTextConfig(**TEXT)),
        "image_encoder": lambda: CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION, projection_dim=768)),
        "vae": lambda: AutoencoderKL(**VAE),
        "unet": lambda: UNet2DConditionModel(**UNET),
        "postfuse_module": lambda: UpstreamFuse(768),
    }
    state = {}
    for prefix, build in networks.items():
        network = build()
        print(prefix, sum(it.numel() for it in network.parameters()), "parameters")
        own = old_names(network.state_dict()) if prefix == "vae" else network.state_dict()
        state |= {f"{prefix}.{key}": value for key, value in own.items()}
    (folder / "first-stage").mkdir()
    torch.save(state, folder / "first-stage" / "pytorch_model.bin")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
