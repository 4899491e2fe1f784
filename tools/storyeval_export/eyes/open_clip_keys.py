"""open_clip's key names and sizes of a CLIP with vision transformer, as transformers' `CLIPModel` has them."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_LAYER = (
    (r"ln_1\.", "layer_norm1."),
    (r"ln_2\.", "layer_norm2."),
    (r"mlp\.c_fc\.", "mlp.fc1."),
    (r"mlp\.c_proj\.", "mlp.fc2."),
    (r"attn\.out_proj\.", "self_attn.out_proj."),
)
_NAMES = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "logit_scale": "logit_scale",
}
# Stored as the matrix that states are multiplied with, `[width, dim]`; a Linear has the transpose.
_TRANSPOSED = {
    "visual.proj": "visual_projection.weight",
    "text_projection": "text_projection.weight",
}
_BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)")


def is_open_clip(state: Mapping[str, Tensor]) -> bool:
    """Whether a state dict has open_clip's names of a vision transformer."""
    return "visual.conv1.weight" in state and "token_embedding.weight" in state


def sizes(state: Mapping[str, Tensor]) -> dict[str, int]:
    """What the shapes of a checkpoint say: widths, layers, patch, image side, context, vocabulary, dim."""
    blocks = [match for key in state if (match := _BLOCK.fullmatch(key))]
    patches = state["visual.positional_embedding"].shape[0] - 1
    patch = state["visual.conv1.weight"].shape[-1]
    return {
        "dim": state["visual.proj"].shape[1],
        "vision_width": state["visual.conv1.weight"].shape[0],
        "vision_layers": 1 + max(int(it[2]) for it in blocks if it[1]),
        "vision_mlp": state["visual.transformer.resblocks.0.mlp.c_fc.weight"].shape[0],
        "patch": patch,
        "image": patch * round(patches**0.5),
        "text_width": state["token_embedding.weight"].shape[1],
        "text_layers": 1 + max(int(it[2]) for it in blocks if not it[1]),
        "text_mlp": state["transformer.resblocks.0.mlp.c_fc.weight"].shape[0],
        "vocabulary": state["token_embedding.weight"].shape[0],
        "context": state["positional_embedding"].shape[0],
    }


def to_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under transformers' names: the joint projection of queries, keys and values is cut
    into three, the two output projections are transposed. Unknown keys keep their names, so that a strict
    load names them."""
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if key in _NAMES:
            renamed[_NAMES[key]] = value
        elif key in _TRANSPOSED:
            renamed[_TRANSPOSED[key]] = value.T.contiguous()
        elif match := _BLOCK.fullmatch(key):
            tower = "vision_model" if match[1] else "text_model"
            prefix, rest = f"{tower}.encoder.layers.{match[2]}.", match[3]
            if joint := re.fullmatch(r"attn\.in_proj_(weight|bias)", rest):
                for part, third in zip("qkv", torch.chunk(value, 3), strict=True):
                    renamed[f"{prefix}self_attn.{part}_proj.{joint[1]}"] = third.contiguous()
                continue
            for pattern, name in _LAYER:
                rest = re.sub(f"^{pattern}", name, rest)
            renamed[prefix + rest] = value
        else:
            renamed[key] = value
    return renamed
