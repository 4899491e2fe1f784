"""StoryGPT-V's second stage: `model_args.json` and `pretrained_ckpt.pth.tar`.

Upstream saves everything but the frozen networks (`train_llm_v2.py:497-515`); of the embedding table it saves the
rows of the `[IMG]` tokens, and GILL's own releases all rows.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from ..checkpoint import load_state, read_json
from ..error import DATA, ExportError
from ..keys import SHOWN

WEIGHTS = "pretrained_ckpt.pth.tar"
EMBEDDINGS = "model.input_embeddings.weight"
EYES = "model.visual_embeddings."
MAPPER = "model.gen_text_hidden_fcs.0."
IGNORED = (
    (r"model\.logit_scale", "the temperature of a loss"),
    (r"model\.visual_fc\..*", "retrieval of images, which StoryGPT-V does not do"),
    (r"model\.ret_text_hidden_fcs\..*", "retrieval of images"),
    (r"model\.lm\..*", "the frozen language model, which is read from its own folder"),
    (r"model\.visual_model\..*", "the frozen CLIP, which is read from its own folder"),
)


@dataclass(frozen=True)
class SecondStage:
    """What `model_args.json` says."""

    folder: Path
    images: int
    """Number of `[IMG]` tokens."""
    visual_tokens: int
    """Embeddings that a frame becomes."""
    context: tuple[int, int]
    """Positions and width of the context that the mapper writes."""
    llm: str
    """Name or path of the language model that it was trained with."""
    token_ids: list[int] | None
    """Ids of the `[IMG]` tokens where the file has them."""

    @staticmethod
    def read(folder: Path) -> "SecondStage":
        """Reads `model_args.json`, and refuses variants of GILL that StoryGPT-V does not use."""
        path = folder / "model_args.json"
        args = read_json(path)

        def number(key: str) -> int:
            value = args.get(key)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1 << 20:
                raise ExportError(f"{path}: {key} is {value!r}, not a number", "take the file from the checkpoint again", DATA)
            return value

        layers, mode = args.get("text_emb_layers", [-1]), args.get("text_fc_mode", "gill_mapper")
        if layers != [-1] or mode != "gill_mapper":
            raise ExportError(f"{path}: text_emb_layers is {layers} and text_fc_mode {mode!r}; StoryGPT-V has [-1] and "
                              "'gill_mapper'", "this is a checkpoint of another model", DATA)
        ids = args.get("retrieval_token_idx")
        return SecondStage(folder, number("num_tokens"), number("n_visual_tokens"),
                           (number("num_clip_tokens"), number("gen_emb_dim")),
                           str(args.get("llm_model") or args.get("opt_version") or ""),
                           ids if isinstance(ids, list) and len(ids) == args["num_tokens"] else None)

    @property
    def weights(self) -> Path:
        """The file of weights."""
        return self.folder / WEIGHTS

    def state(self) -> dict[str, torch.Tensor]:
        """All tensors, named as in the model. A key that is neither used nor known to be superfluous is an error."""
        state = {key.replace("module.", ""): value for key, value in load_state(self.weights, ("state_dict",)).items()}
        patterns = [re.escape(EMBEDDINGS), re.escape(EYES) + ".*", re.escape(MAPPER) + ".*", *(it for it, _ in IGNORED)]
        unknown = [key for key in state if not any(re.fullmatch(pattern, key) for pattern in patterns)]
        if unknown:
            raise ExportError(f"{self.weights} has {len(unknown)} keys that are not of a second stage: "
                              + ", ".join(unknown[:SHOWN]), "is this the checkpoint of StoryGPT-V's second stage?", DATA)
        return state

    def embeddings(self, width: int) -> torch.Tensor:
        """Input embeddings `[R, width]` of the `[IMG]` tokens: the last rows, whether all rows were saved or these."""
        found = self.state().get(EMBEDDINGS)
        if found is None or found.dim() != 2 or found.shape[1] != width or found.shape[0] < self.images:
            what = "is absent" if found is None else f"has the shape {tuple(found.shape)}"
            raise ExportError(f"{self.weights}: {EMBEDDINGS} {what}; {self.images} rows of {width} are needed",
                              "does this second stage belong to this language model?", DATA)
        rows = found[-self.images:]
        if not bool(torch.isfinite(rows).all()):
            raise ExportError(f"{self.weights}: {EMBEDDINGS} is not finite", "take another checkpoint", DATA)
        return rows
