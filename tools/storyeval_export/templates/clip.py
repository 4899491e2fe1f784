"""The templates of CLIP."""

import json
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from transformers import CLIPConfig, CLIPTextConfig, CLIPVisionConfig

from ..eyes import open_clip_keys
from ..eyes.clip_towers import ImageTower, TextTower
from ..eyes.clip_vocabulary import from_merges
from ..models.clip import MERGES
from . import rule
from .layout import Layout
from .table import Shapes, Slot, State, Template, save, shapes_of

WORDS = 49406
CONTEXT = 77
RELEASES = {"ViT-B-32": (768, 12, 32, 512, 8), "ViT-L-14": (1024, 24, 14, 768, 12)}
"""Width and layers of the image tower, patch, width of the text tower and of the embeddings, heads of the text tower."""


def config(release: str, activation: str) -> CLIPConfig:
    """The published sizes."""
    width, layers, patch, text, heads = RELEASES[release]
    vision = CLIPVisionConfig(hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, image_size=224,
                              num_attention_heads=width // 64, patch_size=patch, hidden_act=activation, projection_dim=text)
    words = CLIPTextConfig(hidden_size=text, intermediate_size=4 * text, num_hidden_layers=12, num_attention_heads=heads,
                           vocab_size=WORDS + 2, max_position_embeddings=CONTEXT, hidden_act=activation, projection_dim=text,
                           bos_token_id=WORDS, eos_token_id=WORDS + 1, pad_token_id=0)
    return CLIPConfig(text_config=words.to_dict(), vision_config=vision.to_dict(), projection_dim=text)


def shapes(release: str, activation: str) -> Shapes:
    """Both towers under transformers' names."""
    whole = config(release, activation)
    vision = shapes_of(lambda: ImageTower(whole.vision_config, whole.projection_dim))
    text = shapes_of(lambda: TextTower(whole.text_config, whole.projection_dim, WORDS + 1))
    return {key: shape for key, shape in (vision | text).items() if not key.endswith("position_ids")}


def prepare(release: str, activation: str, folder: Path, states: dict[str, State]) -> None:
    """A folder as on the Hugging Face hub: configuration, weights, vocabulary."""
    save(folder, {"model": states["weights"]})
    (folder / "config.json").write_text(json.dumps({"model_type": "clip"} | config(release, activation).to_dict()))
    vocabulary = from_merges(Path(find_spec("open_clip").origin).parent / MERGES, WORDS + 2)
    hub = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    (folder / "vocab.json").write_text(json.dumps({hub.get(word, word): id for word, id in vocabulary.tokens.items()}))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in vocabulary.merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")


def layout() -> Layout:
    """The names of openai/CLIP and open_clip."""
    names = {ours: theirs for theirs, ours in open_clip_keys._NAMES.items() if ours != "logit_scale"}
    order, part = {}, {}
    for theirs, ours in open_clip_keys._TRANSPOSED.items():
        names[ours], order[ours] = theirs, [1, 0]
    layers = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
              "self_attn.out_proj": "attn.out_proj"}
    for ours, theirs in (("vision_model", "visual.transformer"), ("text_model", "transformer")):
        for kind in ("weight", "bias"):
            for mine, other in layers.items():
                names[f"{ours}.encoder.layers.*.{mine}.{kind}"] = f"{theirs}.resblocks.*.{other}.{kind}"
            for place, letter in enumerate("qkv"):
                key = f"{ours}.encoder.layers.*.self_attn.{letter}_proj.{kind}"
                names[key], part[key] = f"{theirs}.resblocks.*.attn.in_proj_{kind}", [place, 3]
    return Layout("openai", names, order, part)


def clip(release: str, activation: str) -> Template:
    """Both towers of a published CLIP."""
    counted = "a list of numbers, no weights"
    ignored = {"logit_scale": "the temperature of the training loss", "*.embeddings.position_ids": counted,
               "input_resolution": "a size", "context_length": "a size", "vocab_size": "a size",
               "attn_mask": "computed, no weights"}
    return Template(
        f"CLIP {release} with {activation}",
        {"weights": Slot(("model.safetensors", "pytorch_model.bin", "open_clip_model.safetensors",
                          "open_clip_pytorch_model.bin", f"{release}.pt"),
                         partial(shapes, release, activation), (layout(),), ignored,
                         {"openai": open_clip_keys.to_transformers})},
        {"clip_image": "weights", "clip_text": "weights"},
        lambda folder: ["clip", "--checkpoint", str(folder)],
        packed={"tokenizer.json": "clip-tokenizer.zip"},
        prepare=partial(prepare, release, activation),
        tokens=lambda name: rule.tokens(name, 2, CONTEXT, WORDS),
    )


CLIPS = {
    "clip-vit-b-32": clip("ViT-B-32", "quick_gelu"),
    "clip-vit-b-32-laion2b": clip("ViT-B-32", "gelu"),
    "clip-vit-l-14": clip("ViT-L-14", "quick_gelu"),
}
