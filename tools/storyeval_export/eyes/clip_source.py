"""The two layouts in which CLIP models are published, brought to one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import CLIPConfig, CLIPTextConfig, CLIPVisionConfig

from ..checkpoint import load_state, read_json
from ..error import DATA, USAGE, ExportError
from . import open_clip_keys
from .files import usable

MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]
"""OpenAI's constants, which its successors share."""
HEAD = 64
"""Width of an attention head in every published CLIP with a vision transformer."""
FILES = ("open_clip_pytorch_model.bin", "open_clip_model.safetensors")
RESIZERS = {1: "pillow-lanczos", 2: "pillow-bilinear", 3: "pillow-bicubic",
            "bilinear": "pillow-bilinear", "bicubic": "pillow-bicubic"}  # fmt: skip
PREPROCESSING = "only the preprocessing of CLIP is known: resizing, a centre crop, a mean and a deviation"


@dataclass(frozen=True)
class ClipSource:
    """Where the weights are and what network they are of."""

    layout: str
    weights: Path
    vision: CLIPVisionConfig
    text: CLIPTextConfig
    dim: int
    #: `[input]` of the bundle.
    pixels: dict[str, Any]

    def state(self) -> dict[str, Tensor]:
        """The weights under transformers' names."""
        state = load_state(self.weights)
        return open_clip_keys.to_transformers(state) if self.layout == "open_clip" else state


def clip_source(path: Path, activation: str | None) -> ClipSource:
    """Looks at a checkpoint: a folder of the Hugging Face hub with `config.json` of a `CLIPModel`, or one
    of open_clip, file or folder. `activation` is needed for the latter without `open_clip_config.json`.

    Raises:
        ExportError: for another kind of model, and where something is missing.
    """
    if path.is_dir() and not any((path / name).is_file() for name in FILES):
        return _transformers(path, activation)
    found = [path / name for name in FILES if (path / name).is_file()] if path.is_dir() else [path]
    return _open_clip(found[0], activation)


def _transformers(folder: Path, activation: str | None) -> ClipSource:
    raw = read_json(folder / "config.json")
    if raw.get("model_type") != "clip":
        raise ExportError(
            f"{folder / 'config.json'} is of a {raw.get('model_type')!r}, not of a CLIP",
            "give the folder of openai/clip-vit-large-patch14, for example",
            DATA,
        )
    config = usable(folder / "config.json", lambda: CLIPConfig.from_dict(raw))
    for part in (config.vision_config, config.text_config):
        if activation not in (None, part.hidden_act):
            raise ExportError(
                f"{folder / 'config.json'} says {part.hidden_act}, not {activation}", "leave --activation out", USAGE
            )
    return ClipSource(
        "transformers", folder, config.vision_config, config.text_config, config.projection_dim, _pixels(folder)
    )


def _pixels(folder: Path) -> dict[str, Any]:
    """`[input]` from `preprocessor_config.json`; CLIP's own where there is none."""
    file = folder / "preprocessor_config.json"
    raw = read_json(file) if file.is_file() else {}
    resizer = RESIZERS.get(raw.get("resample", 3))
    if resizer is None or not raw.get("do_center_crop", True) or not raw.get("do_normalize", True):
        raise ExportError(f"{file} prepares images in another way", PREPROCESSING, DATA)
    return usable(file, lambda: _input(raw.get("image_mean", MEAN), raw.get("image_std", STD), resizer))


def _input(mean: list[float], std: list[float], resizer: str) -> dict[str, Any]:
    scale = {"mean": [float(it) for it in mean], "std": [float(it) for it in std]}
    return {"scale": scale, "resizer": resizer, "geometry": "center-crop"}


def _open_clip(weights: Path, activation: str | None) -> ClipSource:
    state = load_state(weights)
    if not open_clip_keys.is_open_clip(state):
        raise ExportError(
            f"{weights} has not the key names of an open_clip with vision transformer",
            "give open_clip_pytorch_model.bin of laion/CLIP-ViT-B-32-laion2B-s34B-b79K, for example, or a folder with "
            "config.json",
            DATA,
        )
    try:
        size = open_clip_keys.sizes(state)
    except (KeyError, IndexError, ValueError) as source:
        raise ExportError(f"{weights} is no whole CLIP: {source}", "download the file again", DATA) from source
    file = weights.parent / "open_clip_config.json"
    raw = read_json(file) if file.is_file() else {}
    return usable(file if raw else weights, lambda: _sized(weights, file, raw, size, activation))


def _sized(
    weights: Path, file: Path, raw: dict[str, Any], size: dict[str, int], activation: str | None
) -> ClipSource:
    """From the shapes of the weights, and what only the configuration says."""
    act = _activation(file, raw, activation)
    vision = CLIPVisionConfig(
        hidden_size=size["vision_width"],
        intermediate_size=size["vision_mlp"],
        num_hidden_layers=size["vision_layers"],
        num_attention_heads=_heads(raw, "vision_cfg", size["vision_width"]),
        image_size=size["image"],
        patch_size=size["patch"],
        hidden_act=act,
        projection_dim=size["dim"],
    )
    text = CLIPTextConfig(
        hidden_size=size["text_width"],
        intermediate_size=size["text_mlp"],
        num_hidden_layers=size["text_layers"],
        num_attention_heads=_heads(raw, "text_cfg", size["text_width"]),
        vocab_size=size["vocabulary"],
        max_position_embeddings=size["context"],
        hidden_act=act,
        projection_dim=size["dim"],
        bos_token_id=size["vocabulary"] - 2,
        eos_token_id=size["vocabulary"] - 1,
        pad_token_id=0,
    )
    prepare = raw.get("preprocess_cfg", {})
    resizer = RESIZERS.get(prepare.get("interpolation", "bicubic"))
    if resizer is None or prepare.get("resize_mode", "shortest") != "shortest":
        raise ExportError(f"{file} prepares images in another way: {json.dumps(prepare)}", PREPROCESSING, DATA)
    pixels = _input(prepare.get("mean", MEAN), prepare.get("std", STD), resizer)
    return ClipSource("open_clip", weights, vision, text, size["dim"], pixels)


def _activation(file: Path, raw: dict[str, Any], given: str | None) -> str:
    """The activation cannot be seen in weights: `open_clip_config.json` or the user says it."""
    written = {True: "quick_gelu", False: "gelu"}
    if "model_cfg" in raw:
        found = written[bool(raw["model_cfg"].get("quick_gelu", False))]
        if given not in (None, found):
            raise ExportError(f"{file} says {found}, not {given}", "leave --activation out", USAGE)
        return found
    if given is None:
        raise ExportError(
            "weights of open_clip do not say which activation they were trained with",
            "add --activation gelu (LAION's ViT-B-32) or --activation quick_gelu (OpenAI's; names with -quickgelu)",
            USAGE,
        )
    return given


def _heads(raw: dict[str, Any], part: str, width: int) -> int:
    config = raw.get("model_cfg", {}).get(part, {})
    if part == "text_cfg":
        return int(config.get("heads", max(1, width // HEAD)))
    return width // int(config.get("head_width", HEAD))
