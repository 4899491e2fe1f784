"""`sam`: Segment Anything, boxes to masks.

Two layouts: a folder of the Hugging Face hub (`facebook/sam-vit-huge`), and segment-anything's file
(`sam_vit_h_4b8939.pth`). Two graphs, so that an image is looked at once for any number of boxes.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor, nn
from transformers import SamConfig

from ..checkpoint import load_state, read_json
from ..error import DATA, SETUP, USAGE, ExportError
from ..eyes import sam_keys
from ..eyes.files import name_bundle, usable
from ..eyes.sam import SamImage, SamMask
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into
from ..model import Plan

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
SIZES = {768: "b", 1024: "l", 1280: "h"}
SHARED = "{}.positional_embedding"
PLACES = ("shared_image_embedding", "prompt_encoder.shared_embedding")


def arguments(_parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


class Source:
    """The file or folder, and the network it is of."""

    def __init__(self, args: argparse.Namespace) -> None:
        if args.checkpoint is None:
            raise ExportError("no --checkpoint is given", "give sam_vit_h_4b8939.pth, or a folder with config.json",
                              USAGE)
        self.path = Path(args.checkpoint)
        if not self.path.exists():
            raise ExportError(f"{self.path} is absent", "check the path given as --checkpoint", SETUP)
        self.original = not self.path.is_dir()
        self.config = self._of_file() if self.original else self._of_folder()

    def _of_folder(self) -> SamConfig:
        raw = read_json(self.path / "config.json")
        if raw.get("model_type") != "sam":
            raise ExportError(f"{self.path / 'config.json'} is of a {raw.get('model_type')!r}, not of SAM",
                              "give the folder of facebook/sam-vit-huge, for example", DATA)
        return usable(self.path / "config.json", lambda: SamConfig.from_dict(raw))

    def _of_file(self) -> SamConfig:
        state = load_state(self.path)
        if not sam_keys.is_original(state):
            raise ExportError(f"{self.path} has not the key names of segment-anything",
                              "give sam_vit_b_01ec64.pth, sam_vit_l_0b3195.pth or sam_vit_h_4b8939.pth", DATA)
        try:
            size = sam_keys.sizes(state)
        except (KeyError, IndexError) as source:
            raise ExportError(f"{self.path} is no whole SAM: {source} is missing", "download the file again",
                              DATA) from source
        return SamConfig(
            vision_config={
                "hidden_size": size["width"], "num_hidden_layers": size["layers"], "num_attention_heads": size["heads"],
                "mlp_dim": size["mlp"], "image_size": size["image"], "patch_size": size["patch"],
                "window_size": size["window"], "global_attn_indexes": size["global"],
                "output_channels": size["channels"], "num_pos_feats": size["positions"],
            },
            prompt_encoder_config={
                "hidden_size": size["channels"], "image_size": size["image"], "patch_size": size["patch"],
                "mask_input_channels": size["mask_channels"],
            },
            mask_decoder_config={
                "hidden_size": size["channels"], "mlp_dim": size["decoder_mlp"],
                "num_hidden_layers": size["decoder_layers"], "iou_head_hidden_dim": size["iou_hidden"],
                # segment-anything's transformer of the decoder has PyTorch's epsilon, transformers' 1e-6.
                "layer_norm_eps": 1e-5,
            },
        )

    def state(self) -> dict[str, Tensor]:
        """The weights under transformers' names, the shared matrix under both of its names."""
        state = load_state(self.path)
        if self.original:
            return sam_keys.to_transformers(state)
        names = [SHARED.format(place) for place in PLACES]
        found = [state[name] for name in names if name in state]
        return state | {name: found[0] for name in names if found}


def plan(args: argparse.Namespace) -> Plan:
    """Two graphs."""
    source = Source(args)
    config = source.config
    vision, decoder = config.vision_config, config.mask_decoder_config
    name_bundle(args, f"sam-vit-{SIZES.get(vision.hidden_size, vision.hidden_size)}")
    side, cells = vision.image_size, vision.image_size // vision.patch_size
    settings = {"config": config.to_diff_dict()}
    image = Graph("sam_image", partial(build_image, source), {"pixel_values": Input.normal("batch", 3, side, side)},
                  ("image_embeddings",), usable(source.path, lambda: count(lambda: SamImage(config))), settings=settings, activations=2 << 30)
    mask = Graph("sam_mask", partial(build_mask, source),
                 {"image_embeddings": Input.normal("batch", vision.output_channels, cells, cells),
                  "input_boxes": Input(("batch", "boxes", 4), partial(_boxes, side))},
                 ("masks", "scores"), usable(source.path, lambda: count(lambda: SamMask(config))), settings=settings,
                 # Corners of boxes need more than the eleven bits of half precision.
                 precision="fp32")
    return Plan(
        {"weights": source.path},
        [image, mask],
        {
            "kind": "sam",
            "licence": "Apache-2.0",
            "source": {"upstream": "github.com/facebookresearch/segment-anything"},
            "image": {"width": side, "height": side},
            "input": {"scale": IMAGENET, "resizer": "pillow-bilinear"},
            "sam": {"channels": vision.output_channels, "cells": cells, "masks": decoder.num_multimask_outputs,
                    "mask_side": 4 * cells},
        },
    )


def build_image(source: Source) -> nn.Module:
    """The image network with its weights."""
    with empty_parameters():
        net = SamImage(source.config)
    other = (r"(prompt_encoder|mask_decoder|shared_image_embedding)\..*", "the other graph")
    return load_into(net, source.state(), source=str(source.path), ignore=(other,)).float()


def build_mask(source: Source) -> nn.Module:
    """Prompt encoder and mask decoder with their weights."""
    with empty_parameters():
        net = SamMask(source.config)
    other = (r"vision_encoder\..*", "the other graph")
    return load_into(net, source.state(), source=str(source.path), ignore=(other,)).float()


def _boxes(side: int, generator: np.random.Generator, sizes: tuple[int, ...]) -> np.ndarray:
    """float32 boxes inside the image: left, top, right, bottom."""
    corners = generator.uniform(0, side - 1, (*sizes[:2], 2, 2))
    return np.sort(corners, axis=2).reshape(sizes).astype(np.float32)
