"""The files of a BLIP-2 captioner: a base of the Hugging Face hub, and LAVIS' fine-tuned weights over it."""

import argparse
from pathlib import Path

from torch import Tensor
from transformers import Blip2Config

from ..checkpoint import load_state, read_json
from ..error import DATA, SETUP, USAGE, ExportError
from . import lavis_keys
from .blip2 import check_opt
from .files import usable

FINE_TUNED = "captioner.pth"
BASES = ("blip2-opt-2.7b-coco", "blip2-opt-2.7b", "blip2-opt-6.7b-coco", "blip2-opt-6.7b")
PARTS = ("vision_model", "query_tokens", "qformer", "language_projection", "language_model")
"""The parts of the network, as transformers calls them."""


class Blip2Source:
    """The files, and the network they are of."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.base = base_folder(args)
        self.tuned = tuned_file(args)
        raw = read_json(self.base / "config.json")
        text = raw.get("text_config")
        if raw.get("model_type") != "blip-2" or not isinstance(text, dict) or text.get("model_type") != "opt":
            raise ExportError(f"{self.base / 'config.json'} is not of a BLIP-2 with OPT",
                              "give the folder of Salesforce/blip2-opt-2.7b-coco, for example", DATA)
        self.config = usable(self.base / "config.json", lambda: Blip2Config.from_dict(raw))
        check_opt(self.config.text_config)
        vision = self.config.vision_config
        self.patch = vision.patch_size
        own = self.tuned_positions()
        self.side = args.image_size or (vision.image_size if own is None else lavis_keys.image_side(own, self.patch))
        if self.side < self.patch or self.side % self.patch:
            raise ExportError(f"images of {self.side} pixels cannot be cut into patches of {self.patch}",
                              f"--image-size has to be a multiple of {self.patch}", USAGE)
        vision.image_size = self.side

    def tuned_positions(self) -> Tensor | None:
        """Position embeddings of the fine-tuned file, where it has the image network."""
        return self.fine().get(lavis_keys.POSITIONS)

    def fine(self) -> dict[str, Tensor]:
        """The fine-tuned weights under transformers' names; nothing without the file."""
        if self.tuned is None:
            return {}
        state = load_state(self.tuned)
        if not lavis_keys.is_lavis(state):
            raise ExportError(f"{self.tuned} has not the key names of LAVIS' BLIP-2 with OPT",
                              "give the file that LAVIS wrote in training, captioner.pth", DATA)
        return lavis_keys.to_transformers(state)

    def state(self) -> dict[str, Tensor]:
        """The base with the fine-tuned weights over it."""
        state = load_state(self.base) | self.fine()
        if "language_model.lm_head.weight" not in state and self.config.text_config.tie_word_embeddings:
            # Left out where it is the same tensor.
            embedding = state.get("language_model.model.decoder.embed_tokens.weight")
            if embedding is not None:
                state["language_model.lm_head.weight"] = embedding
        if (positions := state.get(lavis_keys.POSITIONS)) is not None:
            state[lavis_keys.POSITIONS] = lavis_keys.resized_positions(positions, self.side // self.patch)
        return state

    def note(self) -> str:
        """Which parts come from where, for `[source]`: LAVIS leaves out what was frozen."""
        if self.tuned is None:
            return "BLIP-2 with OPT"
        tuned = {key.partition(".")[0] for key in self.fine()}
        base = [name for name in PARTS if name not in tuned]
        return (f"BLIP-2 with OPT; {', '.join(name for name in PARTS if name in tuned)} of {FINE_TUNED}, "
                f"{', '.join(base) or 'nothing'} of the base")

    def label(self) -> str:
        """The files, for messages."""
        return f"{self.base}" if self.tuned is None else f"{self.base} with {self.tuned}"


def base_folder(args: argparse.Namespace) -> Path:
    """`--base`, the folder `--checkpoint` itself, or one of the usual names in it.

    Raises:
        ExportError: where there is none.
    """
    given = [args.base] if args.base else []
    if not given and args.checkpoint:
        given = [args.checkpoint, *(Path(args.checkpoint) / name for name in BASES)]
    for folder in map(Path, given):
        if (folder / "config.json").is_file():
            return folder
    raise ExportError(
        f"no folder with config.json: {', '.join(map(str, given)) or 'neither --base nor --checkpoint is given'}",
        f"give --base DIR, the folder of Salesforce/{BASES[0]}", SETUP if given else USAGE)


def tuned_file(args: argparse.Namespace) -> Path | None:
    """`--fine-tuned`, or `captioner.pth` in the folder `--checkpoint`, or nothing.

    Raises:
        ExportError: where the given file is absent.
    """
    if args.fine_tuned:
        if not Path(args.fine_tuned).is_file():
            raise ExportError(f"{args.fine_tuned} is absent", "check the path given as --fine-tuned", SETUP)
        return Path(args.fine_tuned)
    usual = Path(args.checkpoint) / FINE_TUNED if args.checkpoint else None
    return usual if usual is not None and usual.is_file() else None
