"""Name tokens and portraits to fused tokens."""

import torch
from torch import nn

from ..graph import Graph, Input
from ..keys import empty_parameters, load_into


class Perceptron(nn.Module):
    """LayerNorm, Linear, GELU, Linear; with a residual where input and output have one width."""

    def __init__(self, given: int, wanted: int):
        super().__init__()
        self.layernorm = nn.LayerNorm(given)
        self.fc1 = nn.Linear(given, wanted)
        self.fc2 = nn.Linear(wanted, wanted)
        self.residual = given == wanted

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        changed = self.fc2(nn.functional.gelu(self.fc1(self.layernorm(hidden))))
        return hidden + changed if self.residual else changed


class Fuse(nn.Module):
    """Embeddings `[N, D]` of name tokens and of portraits to `[N, D]` (StoryGPT-V `FuseModule.fuse_fn`,
    `models/model.py:126-151`; names of the parameters are those of its checkpoint)."""

    def __init__(self, width: int):
        super().__init__()
        self.mlp1 = Perceptron(2 * width, width)
        self.mlp2 = Perceptron(width, width)
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, text: torch.Tensor, visual: torch.Tensor) -> torch.Tensor:
        joined = self.mlp1(torch.cat([text, visual], dim=-1)) + text
        return self.layer_norm(self.mlp2(joined))


def build(width: int) -> nn.Module:
    """The module without weights."""
    with empty_parameters():
        return Fuse(width)


def graph(width: int, state, source: str, reads: tuple[str, ...]) -> Graph:
    """The graph `fuse`."""
    return Graph(name="fuse", build=lambda: load_into(build(width), state(), source=source), outputs=("fused",),
                 inputs={"text": Input.normal("names", width), "visual": Input.normal("names", width)},
                 parameters=sum(it.numel() for it in build(width).parameters()), reads=reads)
