"""`char-ldm`: the first stage of StoryGPT-V, one state dict for five networks."""

import argparse
from pathlib import Path
from typing import Callable

import torch

from ..checkpoint import load_state
from ..diffusion import fuse, portraits, text_encoder, unet, vae
from ..diffusion.configuration import Configuration
from ..error import DATA, ExportError
from ..keys import part
from ..model import Plan, source_path

PREFIXES = ("text_encoder.", "image_encoder.", "vae.", "unet.", "postfuse_module.")
LICENCE = "StoryGPT-V's repository states none; Stable Diffusion 1.5: CreativeML Open RAIL-M"
SOURCE = {"upstream": "github.com/xiaoqian-shen/StoryGPT-V", "commit": "3969f68"}
FIRST_STAGE = "first-stage/pytorch_model.bin"
NAMES = {"stable-diffusion": "stable-diffusion-v1-5", "clip": "clip-vit-large-patch14", "portraits": "chars"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The parts of the checkpoint, and how the bundle draws."""
    parser.add_argument("--first-stage", metavar="FILE", help=f"in --checkpoint: {FIRST_STAGE}")
    parser.add_argument("--stable-diffusion", metavar="DIR",
                        help="configurations, scheduler and tokenizer; in --checkpoint: stable-diffusion-v1-5/")
    parser.add_argument("--clip", metavar="DIR", help="config.json; in --checkpoint: clip-vit-large-patch14/")
    parser.add_argument("--portraits", metavar="DIR", help="a picture a character; in --checkpoint: chars/")
    parser.add_argument("--no-portraits", action="store_true", help="the model draws without any, as PororoSV's does")
    drawing(parser, guidance=5.0)
    parser.add_argument("--merge-step", type=int, default=15,
                        help="last denoising call that sees the plain text (default: %(default)s)")
    parser.add_argument("--merge-step-referential", type=int, default=0,
                        help="the same for captions with references (default: %(default)s)")


def drawing(parser: argparse.ArgumentParser, guidance: float) -> None:
    """Flags of every diffusion model."""
    parser.add_argument("--steps", type=int, default=30, help="denoising steps (default: %(default)s)")
    parser.add_argument("--guidance", type=float, default=guidance,
                        help="weight of classifier-free guidance (default: %(default)s)")
    parser.add_argument("--fuse-attention", action="store_true",
                        help="write the UNet's attention as one operator of ONNX Runtime, which is faster on CUDA")


def plan(args: argparse.Namespace) -> Plan:
    """The bundle of the first stage alone."""
    found = plan_diffusion(args)
    found.manifest = {"kind": "char-ldm", "licence": LICENCE, "source": SOURCE} | found.manifest
    return found


def plan_diffusion(args: argparse.Namespace) -> Plan:
    """The five graphs, the sections `[image]`, `[diffusion]`, `[scheduler]`, `[text]` and `[portraits]`, the text
    tokeniser (`text_tokenizer.json`) and the portraits; without portraits three graphs and no section of them.
    `storygpt-v` adds its language model to it.

    Reads `args.checkpoint` or `args.first_stage`, `stable_diffusion`, `clip`, `portraits`, and `steps`, `guidance`,
    `merge_step`, `merge_step_referential`, `fuse_attention`, `no_portraits` (the flags of [`arguments`]).
    """
    first = source_path(args, "first-stage", FIRST_STAGE)
    if first.is_dir():
        first = first / "pytorch_model.bin"
    folder = source_path(args, "stable-diffusion", NAMES["stable-diffusion"])
    configuration = Configuration.read(folder)
    text, tokenizer = text_encoder.section(configuration, folder / "tokenizer", "text_tokenizer.json")

    def state(prefix: str) -> Callable[[], dict[str, torch.Tensor]]:
        return lambda: first_stage(first, prefix)

    source = str(first)
    configs = tuple(Configuration.inputs(folder))
    found = Plan(
        {FIRST_STAGE: first, **Configuration.inputs(folder)},
        [text_encoder.graph(configuration, state("text_encoder."), source, (FIRST_STAGE, configs[2])),
         unet.graph(configuration, state("unet."), source, (FIRST_STAGE, *configs[:4]), args.fuse_attention),
         vae.graph(configuration, state("vae."), source, (FIRST_STAGE, *configs[:2]))],
        configuration.sections(steps=args.steps, guidance=args.guidance, merge=args.merge_step,
                               merge_referential=args.merge_step_referential) | {"text": text}, tokenizer)
    if args.no_portraits:
        return found
    clip = source_path(args, "clip", NAMES["clip"])
    chars = source_path(args, "portraits", NAMES["portraits"])
    found.manifest["portraits"], writers = portraits.section(chars, portraits.vision_config(clip).image_size)
    found.files |= writers
    found.inputs |= {f"{NAMES['clip']}/config.json": clip / "config.json", NAMES["portraits"]: chars}
    found.graphs[1:1] = [
        portraits.graph(clip, state("image_encoder."), source, (FIRST_STAGE, f"{NAMES['clip']}/config.json")),
        fuse.graph(configuration.width, state("postfuse_module."), source, (FIRST_STAGE, configs[2]))]
    return found


def first_stage(path: Path, prefix: str) -> dict[str, torch.Tensor]:
    """The weights of one of the five networks, without the prefix."""
    state = load_state(path)
    foreign = [key for key in state if not key.startswith(PREFIXES)]
    found = part(state, prefix)
    if foreign or not found:
        wrong = f"key {foreign[0]!r} ({len(foreign)} such)" if foreign else f"no key that begins with {prefix!r}"
        raise ExportError(f"{path} is not the first stage of StoryGPT-V: it has {wrong}",
                          f"its keys begin with {', '.join(PREFIXES)}; is this another model's checkpoint?", DATA)
    return found
