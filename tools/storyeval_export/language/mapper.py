"""From the hidden states of the `[IMG]` tokens to a context of the diffusion model: graph `ldm_mapper`.

`TextFcLayer` in the mode `gill_mapper` (`gill/layers.py`): the sum of states and input embeddings, a projection, an
encoder and decoder whose queries are learned, a projection.
"""

import warnings

import torch
from torch import nn

from ..error import DATA, ExportError
from ..graph import Graph, Input
from ..keys import empty_parameters, load_into, part
from .second_stage import MAPPER, SecondStage

HEADS = 4
"""`nhead` upstream; the one number that the weights do not tell."""


class Mapper(nn.Module):
    """`hidden` and `img_embeds`, `[B, R, H]` each, to `[B, L, D]`."""

    def __init__(self, taken: int, width: int, given: int, layers: tuple[int, int], inner: int, queries: int):
        super().__init__()
        self.fc = nn.Linear(taken, width)
        self.tfm = nn.Transformer(width, HEADS, *layers, inner, dropout=0.0, batch_first=True, norm_first=True)
        self.model = nn.Linear(width, given)
        self.query_embs = nn.Parameter(torch.zeros(1, queries, width))

    def forward(self, hidden: torch.Tensor, img_embeds: torch.Tensor) -> torch.Tensor:
        states = self.fc(hidden + img_embeds)
        queries = self.query_embs.expand(states.shape[0], -1, -1)
        return self.model(self.tfm(states, queries))


def build(stage: SecondStage, width: int) -> nn.Module:
    """The mapper with its weights; its sizes are those of the weights."""
    # The fused kernel of torch's encoder has no ONNX.
    torch.backends.mha.set_fastpath_enabled(False)
    state = part(stage.state(), MAPPER)
    try:
        inner = state["tfm.encoder.layers.0.linear1.weight"].shape[0]
        (narrow, taken), (given, _) = state["fc.weight"].shape, state["model.weight"].shape
        queries = state["query_embs"].shape[1]
    except (KeyError, ValueError, IndexError) as error:
        raise ExportError(f"{stage.weights} has no mapper of GILL's kind ({error})",
                          "is this the checkpoint of StoryGPT-V's second stage?", DATA) from error
    layers = tuple(len({key.split(".")[3] for key in state if key.startswith(f"tfm.{half}.layers.")})
                   for half in ("encoder", "decoder"))
    if (taken, queries, given) != (width, *stage.context):
        raise ExportError(f"{stage.weights}: the mapper takes {taken} and gives {(queries, given)}, but the language model "
                          f"has {width} and model_args.json says {stage.context}",
                          "does this second stage belong to this language model?", DATA)
    if narrow % HEADS:
        raise ExportError(f"{stage.weights}: the mapper's width {narrow} is no multiple of {HEADS}", "take another checkpoint", DATA)
    with empty_parameters(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that norm_first has no fused kernel, which is what is wanted
        module = Mapper(taken, narrow, given, layers, inner, queries)
    return load_into(module, state, source=f"{stage.weights} (mapper)")


def graph(stage: SecondStage, width: int) -> Graph:
    """`ldm_mapper`."""
    states = Input.normal("batch", stage.images, width)
    return Graph("ldm_mapper", lambda: build(stage, width), {"hidden": states, "img_embeds": states}, ("context",),
                 reads=("second-stage",), settings={"heads": HEADS})
