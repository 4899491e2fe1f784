"""What the language model sees of a frame: graph `llm_vision`.

CLIP's pooled output and a projection to `visual_tokens` embeddings (`gill/models.py`, `get_visual_embs`).
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ..checkpoint import load_state, read_json
from ..error import DATA, ExportError
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into, part
from .second_stage import EYES, SecondStage

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
PREFIX = "vision_model."
COMPUTED = ((r"embeddings\.position_ids", "computed"),)


@dataclass(frozen=True)
class Clip:
    """A folder of CLIP: its configuration of the image tower, and how its processor normalises."""

    folder: Path
    config: object
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @staticmethod
    def read(folder: Path) -> "Clip":
        """Reads `config.json`, of a whole CLIP or of its image tower, and `preprocessor_config.json` if it is there."""
        from transformers import CLIPVisionConfig

        found = read_json(folder / "config.json")
        found = found.get("vision_config") or found.get("vision_config_dict") or found
        if "patch_size" not in found and "hidden_size" not in found:
            raise ExportError(f"{folder / 'config.json'} is not of a CLIP", "give the folder of clip-vit-large-patch14", DATA)
        config = CLIPVisionConfig.from_dict({**found, "model_type": "clip_vision_model"})
        config._attn_implementation = "eager"
        processor = folder / "preprocessor_config.json"
        usual = read_json(processor) if processor.is_file() else {}
        return Clip(folder, config, tuple(usual.get("image_mean", MEAN)), tuple(usual.get("image_std", STD)))


class Vision(nn.Module):
    """Frames `[B, 3, h, w]` in [0, 1] to visual tokens `[B, m, H]`."""

    def __init__(self, clip: Clip, visual_tokens: int, width: int):
        from transformers import CLIPVisionModel

        super().__init__()
        self.tower = CLIPVisionModel(clip.config)
        self.visual_embeddings = nn.Linear(clip.config.hidden_size, visual_tokens * width)
        self.shape = (visual_tokens, width)
        self.mean = torch.tensor(clip.mean).view(1, 3, 1, 1)
        self.std = torch.tensor(clip.std).view(1, 3, 1, 1)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        normal = (pixel_values - self.mean.to(pixel_values.dtype)) / self.std.to(pixel_values.dtype)
        pooled = self.tower(pixel_values=normal).pooler_output
        return self.visual_embeddings(pooled).reshape(-1, *self.shape)


def build(clip: Clip, stage: SecondStage, width: int) -> nn.Module:
    """The tower from CLIP's folder, the projection from the second stage."""
    state = load_state(clip.folder)
    tower = part(state, PREFIX) or state
    with empty_parameters():
        module = Vision(clip, stage.visual_tokens, width)
    load_into(module.tower, tower, source=str(clip.folder), ignore=COMPUTED)
    load_into(module.visual_embeddings, part(stage.state(), EYES), source=f"{stage.weights} ({EYES})")
    return module.requires_grad_(False).eval()


def graph(clip: Clip, stage: SecondStage, width: int) -> Graph:
    """`llm_vision`."""
    size = clip.config.image_size
    return Graph("llm_vision", lambda: build(clip, stage, width), {"pixel_values": Input.pixels("batch", 3, size, size)},
                 ("visual_tokens",), parameters=count(lambda: Vision(clip, stage.visual_tokens, width)),
                 reads=("second-stage", "clip"), settings={"mean": clip.mean, "std": clip.std, "tokens": stage.visual_tokens})
