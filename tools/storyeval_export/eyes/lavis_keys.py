"""LAVIS' key names of BLIP-2 with OPT, as transformers' `Blip2ForConditionalGeneration` has them."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

POSITIONS = "vision_model.embeddings.position_embedding"
IGNORED = (
    (r"Qformer\.bert\.embeddings\.position_ids", "a list of numbers, no weights"),
    (
        r"Qformer\.bert\.embeddings\.(word|position)_embeddings\..*",
        "for text input of the Q-Former, which captions do not use",
    ),
    (
        r"Qformer\.bert\.encoder\.layer\.\d+\.(intermediate|output)\..*",
        "for text input of the Q-Former, which captions do not use",
    ),
    (r"Qformer\.cls\..*", "predicts words in the Q-Former's pre-training"),
    (
        r"(Qformer\.bert\.pooler|vision_proj|text_proj|itm_head)\..*|temp",
        "heads of the Q-Former's pre-training",
    ),
)
"""Keys of LAVIS files that belong to its first training stage, with the reason they are left out."""

_RULES = (
    (r"visual_encoder\.cls_token", "vision_model.embeddings.class_embedding"),
    (r"visual_encoder\.pos_embed", POSITIONS),
    (r"visual_encoder\.patch_embed\.proj\.", "vision_model.embeddings.patch_embedding."),
    (r"visual_encoder\.blocks\.(\d+)\.norm([12])\.", r"vision_model.encoder.layers.\1.layer_norm\2."),
    (r"visual_encoder\.blocks\.(\d+)\.attn\.proj\.", r"vision_model.encoder.layers.\1.self_attn.projection."),
    (r"visual_encoder\.blocks\.(\d+)\.attn\.", r"vision_model.encoder.layers.\1.self_attn."),
    (r"visual_encoder\.blocks\.", "vision_model.encoder.layers."),
    (r"ln_vision\.", "vision_model.post_layernorm."),
    (r"Qformer\.bert\.embeddings\.LayerNorm\.", "qformer.layernorm."),
    (r"Qformer\.bert\.(.*)attention\.self\.", r"qformer.\1attention.attention."),
    (r"Qformer\.bert\.", "qformer."),
    (r"opt_proj\.", "language_projection."),
    (r"opt_model\.", "language_model."),
)


def is_lavis(state: Mapping[str, Tensor]) -> bool:
    """Whether a state dict has LAVIS' names of a BLIP-2 with OPT: its files lack what was frozen."""
    return any(key.startswith(("Qformer.", "opt_proj.", "visual_encoder.", "ln_vision.")) for key in state)


def to_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under transformers' names. The biases of queries and values become one with the
    zeros of the keys between them. Keys of [`IGNORED`] are left out, unknown ones keep their names."""
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if any(re.fullmatch(pattern, key) for pattern, _ in IGNORED):
            continue
        for pattern, name in _RULES:
            key, changed = re.subn(f"^{pattern}", name, key)
            if changed:
                break
        renamed[key] = value
    for key in [key for key in renamed if key.endswith(".self_attn.q_bias")]:
        stem = key.removesuffix("q_bias")
        if (values := renamed.pop(stem + "v_bias", None)) is not None:
            queries = renamed.pop(key)
            joint = [queries, torch.zeros_like(queries), values]
            renamed[stem + "qkv.bias"] = torch.cat(joint)
    return renamed


def image_side(positions: Tensor, patch: int) -> int:
    """Pixels on a side of the square images that position embeddings `[1, 1 + n * n, width]` are for."""
    return patch * round((positions.shape[1] - 1) ** 0.5)


def resized_positions(positions: Tensor, patches: int) -> Tensor:
    """Position embeddings `[1, 1 + n * n, width]` for `patches` x `patches`: bicubic, without aligned
    corners, the class token's kept, as LAVIS and transformers enlarge them."""
    old = round((positions.shape[1] - 1) ** 0.5)
    if old == patches:
        return positions
    first, grid = positions[:, :1], positions[:, 1:].float()
    grid = grid.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(patches, patches), mode="bicubic", align_corners=False)
    grid = grid.permute(0, 2, 3, 1).flatten(1, 2)
    return torch.cat([first, grid.to(first.dtype)], 1)
