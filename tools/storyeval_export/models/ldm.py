"""`ldm`: Stable Diffusion, fine-tuned on a data set, without portraits."""

import argparse
from pathlib import Path
from typing import Callable

import torch

from ..checkpoint import load_state
from ..diffusion import text_encoder, unet, vae
from ..diffusion.configuration import Configuration
from ..error import DATA, ExportError
from ..keys import part
from ..model import Plan, source_path
from .char_ldm import drawing

LICENCE = "CreativeML Open RAIL-M"
SINGLE = ("model.ckpt", "last.ckpt", "model.safetensors", "pytorch_model.bin")
State = Callable[[], dict[str, torch.Tensor]]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The parts of the checkpoint, and how the bundle draws."""
    parser.add_argument("--stable-diffusion", metavar="DIR",
                        help="configurations, scheduler and tokenizer where --checkpoint is a single file (CompVis)")
    parser.add_argument("--ema", action="store_true", help="take the averaged weights of a CompVis checkpoint")
    drawing(parser, guidance=7.5)


def plan(args: argparse.Namespace) -> Plan:
    """A bundle of kind `char-ldm` without portraits. `--checkpoint` is a folder of diffusers (`unet/`, `vae/`,
    `text_encoder/`, `tokenizer/`, `scheduler/`), or a single CompVis checkpoint with `--stable-diffusion`."""
    checkpoint = source_path(args, "checkpoint", ".")
    if checkpoint.is_dir():
        folder, weights = checkpoint, {name: checkpoint / name for name in ("text_encoder", "unet", "vae")}
        states: dict[str, State] = {name: (lambda path=path: load_state(path)) for name, path in weights.items()}
        reads = {name: (name,) for name in weights}
        inputs = {**weights, "scheduler": folder / "scheduler", "tokenizer": folder / "tokenizer"}
        configs = ("unet", "vae", "text_encoder", "scheduler")
    else:
        folder = source_path(args, "stable-diffusion", "stable-diffusion-v1-5")
        single = checkpoint.name
        weights = dict.fromkeys(("text_encoder", "unet", "vae"), checkpoint)
        states = compvis(checkpoint, folder, args.ema)
        reads = dict.fromkeys(weights, (single,))
        configs = tuple(Configuration.inputs(folder))[:4]
        inputs = {single: checkpoint, **Configuration.inputs(folder)}
    configuration = Configuration.read(folder)
    text, tokenizer = text_encoder.section(configuration, folder / "tokenizer", "text_tokenizer.json")

    def common(name: str) -> tuple:
        return configuration, states[name], str(weights[name]), (*reads[name], *configs)

    graphs = [text_encoder.graph(*common("text_encoder")),
              unet.graph(*common("unet"), fused=args.fuse_attention),
              vae.graph(*common("vae"))]
    manifest = configuration.sections(steps=args.steps, guidance=args.guidance, merge=0, merge_referential=0)
    first = {"kind": "char-ldm", "licence": LICENCE,
             "source": {"upstream": "github.com/CompVis/stable-diffusion", "commit": "",
                        "note": "a fine-tuned checkpoint of the user's; no portraits"}}
    return Plan(inputs, graphs, first | manifest | {"text": text}, tokenizer)


def compvis(path: Path, folder: Path, ema: bool) -> dict[str, State]:
    """The three networks of a CompVis checkpoint, under the names of diffusers (by diffusers' own converter)."""
    from diffusers.loaders import single_file_utils as convert

    configuration = Configuration.read(folder)

    def state() -> dict[str, torch.Tensor]:
        found = load_state(path)
        needed = ("model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer.")
        absent = [prefix for prefix in needed if not any(key.startswith(prefix) for key in found)]
        if absent:
            raise ExportError(f"{path} is no checkpoint of CompVis's Stable Diffusion: no key begins with {absent[0]!r}",
                              "give a folder of diffusers, or the checkpoint of a latent diffusion model with CLIP", DATA)
        return found

    def network_u() -> dict[str, torch.Tensor]:
        own = part_of(state(), "model.diffusion_model.")
        return convert.convert_ldm_unet_checkpoint(averaged(state(), own, path) if ema else own, configuration.unet)

    def network_v() -> dict[str, torch.Tensor]:
        return convert.convert_ldm_vae_checkpoint(part_of(state(), "first_stage_model."), configuration.vae)

    def network_t() -> dict[str, torch.Tensor]:
        return part(state(), "cond_stage_model.transformer.")

    return {"unet": network_u, "vae": network_v, "text_encoder": network_t}


def averaged(state: dict[str, torch.Tensor], own: dict[str, torch.Tensor], path: Path) -> dict[str, torch.Tensor]:
    """The averaged weight of each of `own`: `model_ema.` and the name without its first word and its dots."""
    names = {key: "model_ema." + key.removeprefix("model.").replace(".", "") for key in own}
    absent = [name for name in names.values() if name not in state]
    if absent:
        raise ExportError(f"{path} has no averaged weights: {absent[0]} is not in it", "leave --ema away", DATA)
    return {key: state[name] for key, name in names.items()}


def part_of(state: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The keys with a prefix, which they keep."""
    return {key: value for key, value in state.items() if key.startswith(prefix)}
