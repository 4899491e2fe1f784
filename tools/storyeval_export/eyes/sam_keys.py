"""segment-anything's key names and sizes, as transformers' `SamModel` has them."""

import re
from collections.abc import Mapping

from torch import Tensor

MATRIX = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
IGNORED = ((r"pixel_(mean|std)", "constants of the preprocessing, which the bundle's [input] holds"),)
_RULES = (
    (r"^image_encoder\.blocks\.(\d+)\.norm([12])\.", r"vision_encoder.layers.\1.layer_norm\2."),
    (r"^image_encoder\.blocks\.", "vision_encoder.layers."),
    (r"^image_encoder\.patch_embed\.proj\.", "vision_encoder.patch_embed.projection."),
    (r"^image_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
    (r"^image_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
    (r"^image_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
    (r"^image_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
    (r"^image_encoder\.", "vision_encoder."),
    (r"^prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
    (r"^prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"^mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"^mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"^mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
    (r"^mask_decoder\.transformer\.norm_final_attn\.", "mask_decoder.transformer.layer_norm_final_attn."),
    (r"^(mask_decoder\.transformer\.layers\.\d+)\.norm(\d)\.", r"\1.layer_norm\2."),
)
_HEAD = re.compile(
    r"(mask_decoder\.(?:iou_prediction_head|output_hypernetworks_mlps\.\d+)\.)layers\.(\d+)\.(weight|bias)"
)


def is_original(state: Mapping[str, Tensor]) -> bool:
    """Whether a state dict has segment-anything's names."""
    return "image_encoder.pos_embed" in state and MATRIX in state


def sizes(state: Mapping[str, Tensor]) -> dict[str, int]:
    """What the shapes of a checkpoint say: widths, layers, heads, windows, sides."""
    first = re.compile(r"image_encoder\.blocks\.(\d+)\.attn\.rel_pos_h")
    layers = {int(match[1]): key for key in state if (match := first.fullmatch(key))}
    reach = {index: (state[key].shape[0] + 1) // 2 for index, key in layers.items()}
    cells = state["image_encoder.pos_embed"].shape[1]
    width = state["image_encoder.pos_embed"].shape[3]
    patch = state["image_encoder.patch_embed.proj.weight"].shape[-1]
    windows = [side for side in reach.values() if side != cells]
    twoway = "mask_decoder.transformer.layers.{}.mlp.lin1.weight"
    return {
        "width": width,
        "layers": len(layers),
        "heads": width // state["image_encoder.blocks.0.attn.rel_pos_h"].shape[1],
        "mlp": state["image_encoder.blocks.0.mlp.lin1.weight"].shape[0],
        "patch": patch,
        "image": patch * cells,
        "window": windows[0] if windows else 0,
        "global": sorted(index for index, side in reach.items() if side == cells),
        "channels": state["image_encoder.neck.0.weight"].shape[0],
        "positions": state[MATRIX].shape[1],
        "mask_channels": state["prompt_encoder.mask_downscaling.3.weight"].shape[0],
        "decoder_mlp": state[twoway.format(0)].shape[0],
        "decoder_layers": sum(twoway.format(n) in state for n in range(64)),
        "iou_hidden": state["mask_decoder.iou_prediction_head.layers.0.weight"].shape[0],
    }


def to_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under transformers' names. Layers of a head are first, middle ones and last there;
    the matrix of the positions is under two names. Unknown keys keep their names."""
    last: dict[str, int] = {}
    for key in state:
        if match := _HEAD.fullmatch(key):
            last[match[1]] = max(last.get(match[1], 0), int(match[2]))
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if any(re.fullmatch(pattern, key) for pattern, _ in IGNORED):
            continue
        if key == MATRIX:
            for place in ("prompt_encoder.shared_embedding", "shared_image_embedding"):
                renamed[f"{place}.positional_embedding"] = value
            continue
        if match := _HEAD.fullmatch(key):
            number = int(match[2])
            ends = {0: "proj_in", last[match[1]]: "proj_out"}
            key = f"{match[1]}{ends.get(number, f'layers.{number - 1}')}.{match[3]}"
        for pattern, name in _RULES:
            key, changed = re.subn(pattern, name, key)
            if changed:
                break
        renamed[key] = value
    return renamed
