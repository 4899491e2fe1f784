"""`blip2-captioner`: BLIP-2 with OPT, as LAVIS and the Hugging Face hub publish it, or fine-tuned on a data set.

The base is a folder of the hub (`Salesforce/blip2-opt-2.7b-coco`). What was fine-tuned is a file of LAVIS
(`captioner.pth`), which holds what was trained and leaves out what was frozen: it is laid over the base.
"""

import argparse
from functools import partial

import numpy as np
from torch import nn

from ..error import DATA, ExportError
from ..eyes.blip2 import Embed, OptWithCache, Prefix
from ..eyes.blip2_source import BASES, FINE_TUNED, Blip2Source
from ..eyes.clip_source import MEAN, STD
from ..eyes.files import name_bundle, usable
from ..graph import Graph, Input
from ..keys import count, empty_parameters, load_into, part
from ..model import Plan
from ..tokens import gpt2

LINE = "\u010a"
"""The token of a line feed in GPT-2's vocabulary; LAVIS ends captions with it."""
IGNORED = (
    (r"language_model\..*", "the other graphs"),
    (r".*\.position_ids", "a list of numbers, no weights"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `blip2-captioner`."""
    parser.add_argument("--base", metavar="DIR", help=f"folder of the hub, {BASES[0]} for example")
    parser.add_argument("--fine-tuned", metavar="FILE",
                        help=f"LAVIS' checkpoint, {FINE_TUNED}; without it the base alone")
    parser.add_argument("--dataset", help="data set that it was fine-tuned on (flintstones, pororo), for the bundle's id")
    parser.add_argument("--image-size", type=int, metavar="PIXELS",
                        help="side of the images, to which positions are enlarged (default: the checkpoint's own)")
    parser.add_argument("--prompt", default="a photo of", help="text after the image (default: %(default)r)")
    parser.add_argument("--beams", type=int, default=5, help="of the search (default: %(default)s)")
    parser.add_argument("--max-new-tokens", type=int, default=30, help="(default: %(default)s)")


def plan(args: argparse.Namespace) -> Plan:
    """Three graphs and OPT's tokeniser."""
    source = Blip2Source(args)
    config, text = source.config, source.config.text_config
    tokens = gpt2(source.base)
    end = tokens.document["model"]["vocab"].get(LINE)
    if end is None or not args.beams < text.vocab_size:
        raise ExportError(f"{source.base / 'vocab.json'} has no token for a line feed, which ends captions"
                          if end is None else f"--beams {args.beams} is not below the vocabulary's size",
                          "give the vocabulary of OPT" if end is None else "take fewer beams", DATA)
    name_bundle(args, f"{args.dataset}-captioner" if args.dataset else args.model)
    inputs = {source.base.name: source.base}
    if source.tuned is not None:
        inputs[FINE_TUNED] = source.tuned
    made = usable(source.base / "config.json", lambda: graphs(source))
    heads = text.num_attention_heads
    return Plan(
        inputs,
        made,
        {
            "kind": "captioner",
            "licence": "BSD-3-Clause (BLIP-2); OPT: OPT-175B licence, research only",
            "source": {"upstream": "github.com/salesforce/LAVIS", "note": source.note()},
            "image": {"width": source.side, "height": source.side},
            "input": {"scale": {"mean": MEAN, "std": STD}, "resizer": "pillow-bicubic", "geometry": "squash"},
            "captioner": {
                "tokenizer": "tokenizer.json", "prompt": args.prompt, "num_beams": args.beams,
                "max_new_tokens": args.max_new_tokens, "min_length": 1, "length_penalty": 1.0,
                "bos_id": tokens.bos_id, "eos_id": end, "pad_id": tokens.pad_id,
                "layers": text.num_hidden_layers, "heads": heads, "head_dim": text.hidden_size // heads,
                "hidden_size": text.hidden_size, "vocab_size": text.vocab_size,
            },
        },
        {"tokenizer.json": tokens.write},
    )


def graphs(source: Blip2Source) -> list[Graph]:
    """Vision to prefix, tokens to embeddings, and the decoder with its cache."""
    config, text = source.config, source.config.text_config
    side, width = source.side, text.hidden_size
    cache = ("batch", text.num_attention_heads, "past", width // text.num_attention_heads)
    past = Input.normal(text.num_hidden_layers, *cache)
    settings = {"config": config.to_diff_dict(), "side": side}
    return [
        Graph("captioner_vision", partial(build_prefix, source), {"pixel_values": Input.normal("batch", 3, side, side)},
              ("prefix_embeds",), count(lambda: Prefix(config)), settings=settings),
        Graph("captioner_embed", partial(build_embed, source),
              {"input_ids": Input.integers(0, text.vocab_size, "batch", "tokens")}, ("inputs_embeds",),
              count(lambda: Embed(text)), settings=settings),
        Graph("captioner_decoder", partial(build_decoder, source),
              {"inputs_embeds": Input.normal("batch", "tokens", width),
               "attention_mask": Input(("batch", "length"), _mask), "past_keys": past, "past_values": past},
              ("logits", "keys", "values"), count(lambda: OptWithCache(text)), settings=settings,
              traced={"batch": 2, "tokens": 3, "past": 5, "length": 8},
              # A prompt, one more token, and several at once.
              cases=({"batch": 1, "tokens": 6, "past": 0, "length": 6},
                     {"batch": 5, "tokens": 1, "past": 4, "length": 5},
                     {"batch": 3, "tokens": 4, "past": 7, "length": 11})),
    ]


def build_prefix(source: Blip2Source) -> nn.Module:
    """Image network, Q-Former and projection with their weights."""
    with empty_parameters():
        net = Prefix(source.config)
    load_into(net, source.state(), source=source.label(), ignore=IGNORED)
    if source.tuned is not None:
        # LAVIS' last norm has PyTorch's epsilon; its transformer, and all of transformers' copy, have 1e-6.
        net.vision_model.post_layernorm.eps = 1e-5
    # The network asks its first layer for the type of the weights, so it cannot be widened layer by layer.
    return net.float()


def build_embed(source: Blip2Source) -> nn.Module:
    """The table of token embeddings."""
    with empty_parameters():
        net = Embed(source.config.text_config)
    return load_into(net, part(source.state(), "language_model.model.decoder.embed_tokens."),
                     source=source.label(), rename=lambda key: f"embed_tokens.{key}")


def build_decoder(source: Blip2Source) -> nn.Module:
    """OPT with its weights."""
    with empty_parameters():
        net = OptWithCache(source.config.text_config)
    return load_into(net, part(source.state(), "language_model."), source=source.label())


def _mask(generator: np.random.Generator, sizes: tuple[int, ...]) -> np.ndarray:
    """int64 ones, with padding before the text in the last row of several."""
    mask = np.ones(sizes, np.int64)
    if sizes[0] > 2:
        mask[-1, : sizes[1] // 3] = 0
    return mask
