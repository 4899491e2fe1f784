"""Portraits: their encoder, and their images."""

from pathlib import Path
from typing import Any, Callable

import torch
from torch import nn

from ..json_file import read_json
from ..error import DATA, SETUP, ExportError
from ..graph import Graph, Input
from ..keys import load_into
from .configuration import network

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of CLIP's training images
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
IMAGES = (".jpeg", ".jpg", ".png")


class PortraitEncoder(nn.Module):
    """Portraits `[K, 3, h, w]` in [0, 1] to embeddings `[K, D]`: CLIP's normalisation, vision network and
    projection (StoryGPT-V `models/model.py:44-90`)."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values=(pixel_values - self.mean) / self.deviation).image_embeds


def vision_config(folder: Path):
    """`CLIPVisionConfig` of a CLIP folder, with the width of the common space."""
    from transformers import CLIPVisionConfig

    path = folder / "config.json"
    whole = read_json(path)
    own = whole.get("vision_config", whole)
    if not isinstance(own, dict):
        raise ExportError(f"{path} has no vision_config", "download the configuration again", DATA)
    try:
        return CLIPVisionConfig.from_dict(own | {"projection_dim": whole.get("projection_dim", 512)})
    except Exception as source:
        raise ExportError(f"{path} describes no CLIP: {source}", "download the configuration again", DATA) from source


def build(folder: Path) -> nn.Module:
    """`CLIPVisionModelWithProjection` as `config.json` of `folder` says, without weights."""
    from transformers import CLIPVisionModelWithProjection

    config = vision_config(folder)
    return network(lambda: CLIPVisionModelWithProjection(config), folder / "config.json")


def graph(folder: Path, state, source: str, reads: tuple[str, ...]) -> Graph:
    """The graph `char_image_encoder`; `folder` is read for its configuration only."""
    size = vision_config(folder).image_size

    def loaded() -> nn.Module:
        return PortraitEncoder(load_into(
            build(folder), state(), source=source,
            ignore=((r"vision_model\.embeddings\.position_ids", "counted, not learnt"),))).eval()

    return Graph(name="char_image_encoder", build=loaded, outputs=("embeds",),
                 inputs={"pixel_values": Input.pixels("portraits", 3, size, size)},
                 parameters=sum(it.numel() for it in build(folder).parameters()), reads=reads)


def section(folder: Path, size: int) -> tuple[dict[str, Any], dict[str, Callable[[Path], None]]]:
    """`[portraits]`, and the writers of its images. Every image of `folder` is the portrait of the character
    that its file is called after, in lower case (`mr slate.jpeg`)."""
    images = {path.stem.lower(): path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGES}
    if not images:
        raise ExportError(f"{folder} holds no portraits ({', '.join(IMAGES)})",
                          "take the folder data/chars of the publisher's repository", SETUP)
    files = {name: f"portraits/{name.replace(' ', '-')}.png" for name in images}
    writers = {files[name]: (lambda target, source=path: prepared(source, size).save(target))
               for name, path in images.items()}
    return {"width": size, "height": size, "files": files}, writers


def prepared(path: Path, size: int):
    """A portrait as the published test transform makes it (`models/transforms.py`, `PadToSquare` and `Resize`):
    black on both sides of the shorter axis, half of what is missing each, rounded down; then
    `size` x `size`, bilinear with antialiasing, rounded to 8 bits."""
    import numpy as np
    from PIL import Image
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import pad, resize

    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > 100_000_000:
                raise ValueError("it has more than 100 million pixels")
            image = torch.from_numpy(np.array(opened.convert("RGB"))).permute(2, 0, 1)
    except Exception as source:  # Pillow has no common error
        raise ExportError(f"portrait {path} cannot be read: {source}", "take another copy of the image", DATA) from source
    _, height, width = image.shape
    missing = abs(height - width) // 2
    image = pad(image, [missing, 0] if height > width else [0, missing], fill=0)
    image = resize(image, [size, size], interpolation=InterpolationMode.BILINEAR, antialias=True)
    return Image.fromarray(image.permute(1, 2, 0).contiguous().numpy())
