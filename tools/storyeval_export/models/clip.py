"""`clip`: embeddings of images and texts in one space, for T-I, I-I and single characters.

Two layouts: a folder of the Hugging Face hub (`openai/clip-vit-large-patch14`), and open_clip's
(`open_clip_pytorch_model.bin`). Embeddings leave the graphs as they are, not normalised; pixels come
standardised, with the mean and the deviation that `[input] scale` of the bundle has.
"""

import argparse
import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn

from ..error import DATA, SETUP, USAGE, ExportError
from ..eyes.clip_source import ClipSource, clip_source
from ..eyes.clip_towers import ImageTower, TextTower
from ..eyes.clip_vocabulary import ClipVocabulary, from_folder, from_merges
from ..eyes.files import name_bundle, usable
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into
from ..model import Plan

MERGES = "bpe_simple_vocab_16e6.txt.gz"
SIZES = {768: "b", 1024: "l", 1280: "h", 1408: "g", 1664: "bigg"}
"""Letters of the published sizes, by the width of the vision transformer."""
NUMBERS = (r"(text|vision)_model\.embeddings\.position_ids", "a list of numbers, no weights")
SCALE = (r"logit_scale", "the temperature of the training loss")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `clip`."""
    parser.add_argument(
        "--activation",
        choices=("gelu", "quick_gelu"),
        help="of the transformers; needed for open_clip's weights without open_clip_config.json",
    )
    parser.add_argument(
        "--vocabulary",
        metavar="PATH",
        help=f"folder with vocab.json and merges.txt, or {MERGES}; without it those beside the weights, or the list "
        "in the installed Python package open_clip",
    )


def plan(args: argparse.Namespace) -> Plan:
    """Two graphs and the tokeniser."""
    if args.checkpoint is None:
        raise ExportError("no --checkpoint is given", "give a folder with config.json, or open_clip's file", USAGE)
    path = Path(args.checkpoint)
    if not path.exists():
        raise ExportError(f"{path} is absent", "check the path given as --checkpoint", SETUP)
    source = clip_source(path, args.activation)
    place = vocabulary_file(args, source)
    vocabulary = from_folder(place) if place.is_dir() else from_merges(place, source.text.vocab_size)
    if len(vocabulary.tokens) != source.text.vocab_size:
        raise ExportError(
            f"{place} has {len(vocabulary.tokens)} tokens, but the model has {source.text.vocab_size}",
            "give the vocabulary that belongs to the weights: --vocabulary PATH",
            DATA,
        )
    name_bundle(args, usual_id(source))
    side, context = source.vision.image_size, source.text.max_position_embeddings
    image = Graph(
        "clip_image",
        partial(build_image, source),
        {"pixel_values": Input.normal("batch", 3, side, side)},
        ("image_embeds",),
        usable(path, lambda: count(lambda: ImageTower(source.vision, source.dim))),
        reads=("weights",),
        settings={"config": source.vision.to_diff_dict(), "dim": source.dim},
    )
    text = Graph(
        "clip_text",
        partial(build_text, source, vocabulary.eos_id),
        {"input_ids": Input(("batch", context), partial(_texts, vocabulary))},
        ("text_embeds",),
        usable(path, lambda: count(lambda: TextTower(source.text, source.dim, vocabulary.eos_id))),
        reads=("weights",),
        settings={"config": source.text.to_diff_dict(), "dim": source.dim, "eos": vocabulary.eos_id},
    )
    inputs = {"weights": source.weights}
    if place != source.weights:
        inputs["vocabulary"] = place
    return Plan(
        inputs,
        [image, text],
        {
            "kind": "clip",
            "licence": "MIT",
            "source": {
                "upstream": {"transformers": "Hugging Face hub", "open_clip": "github.com/mlfoundations/open_clip"}[
                    source.layout
                ],
                "note": f"activation {source.vision.hidden_act}",
            },
            "image": {"width": side, "height": side},
            "input": source.pixels,
            "clip": {
                "dim": source.dim,
                "context_length": context,
                "tokenizer": "tokenizer.json",
                "bos_id": vocabulary.bos_id,
                "eos_id": vocabulary.eos_id,
                # Nothing after the end of text is seen, so this changes no embedding.
                "pad_id": 0,
                "lower_case": True,
            },
        },
        {"tokenizer.json": vocabulary.write},
    )


def usual_id(source: ClipSource) -> str:
    """`clip-vit-b-32`, `clip-vit-l-14`, and so on, as the data sets' cards call them."""
    size = SIZES.get(source.vision.hidden_size, str(source.vision.hidden_size))
    return f"clip-vit-{size}-{source.vision.patch_size}"


def vocabulary_file(args: argparse.Namespace, source: ClipSource) -> Path:
    """`--vocabulary`, the folder of the weights, or the list that open_clip brings.

    Raises:
        ExportError: where none of them is there.
    """
    if args.vocabulary:
        if not Path(args.vocabulary).exists():
            raise ExportError(f"{args.vocabulary} is absent", "check the path given as --vocabulary", SETUP)
        return Path(args.vocabulary)
    if source.layout == "transformers":
        return source.weights
    beside = source.weights.parent
    if (beside / "vocab.json").is_file() and (beside / "merges.txt").is_file():
        return beside
    if (beside / MERGES).is_file():
        return beside / MERGES
    found = importlib.util.find_spec("open_clip")
    file = Path(found.origin).parent / MERGES if found else None
    if file is None or not file.is_file():
        raise ExportError(
            f"the list of merges {MERGES} is needed, and the Python package open_clip is not installed",
            "pip install open_clip_torch==3.3.0, or give the list as --vocabulary FILE",
            SETUP,
        )
    return file


def build_image(source: ClipSource) -> nn.Module:
    """The vision tower with its weights."""
    with empty_parameters():
        net = ImageTower(source.vision, source.dim)
    other = (r"text_(model|projection)\..*", "the other tower")
    return load_into(net, source.state(), source=str(source.weights), ignore=(other, NUMBERS, SCALE))


def build_text(source: ClipSource, eos_id: int) -> nn.Module:
    """The text tower with its weights."""
    with empty_parameters():
        net = TextTower(source.text, source.dim, eos_id)
    other = (r"(vision_model|visual_projection)\..*", "the other tower")
    return load_into(net, source.state(), source=str(source.weights), ignore=(other, NUMBERS, SCALE))


def _texts(vocabulary: ClipVocabulary, generator: np.random.Generator, sizes: tuple[int, ...]) -> np.ndarray:
    """int64 token rows as storyeval makes them: begin, words, end, padding; of different lengths."""
    rows, context = sizes
    ids = generator.integers(0, len(vocabulary.tokens) - 2, sizes)
    ids[:, 0] = vocabulary.bos_id
    for row in range(rows):
        end = context - 1 if row == 0 else int(generator.integers(1, context))
        ids[row, end] = vocabulary.eos_id
        ids[row, end + 1 :] = 0
    return ids.astype(np.int64)
