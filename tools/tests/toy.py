"""A plan of two small graphs, for tests of what all models share."""

import os
import signal
import sys
from pathlib import Path

import torch
from torch import nn

from storyeval_export.graph import Graph, Input
from storyeval_export.model import Plan


class Toy(nn.Module):
    """Embedding, LayerNorm, attention over a mask, two linear layers; ids and mask `[B, S]` to `[B, S, 16]`."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.words, self.norm = nn.Embedding(20, 16), nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.wide, self.narrow = nn.Linear(16, 64), nn.Linear(64, 16)

    def forward(self, input_ids, mask):
        hidden = self.norm(self.words(input_ids))
        hidden = hidden + self.attention(hidden, hidden, hidden, key_padding_mask=mask == 0, need_weights=False)[0]
        return self.narrow(nn.functional.gelu(self.wide(hidden)))


def toy(dtype=torch.float32):
    return Toy().to(dtype).requires_grad_(False).eval()


def graph(name="toy", build=toy, **more):
    ids = {"input_ids": Input.integers(0, 20, "batch", "tokens"), "mask": Input.integers(1, 2, "batch", "tokens")}
    return Graph(name, build, ids, ("hidden",), parameters=5000, **more)


def plan(inputs, graphs, **more):
    return Plan(inputs, graphs, {"kind": "char-ldm", "licence": "MIT", "source": {"upstream": "tests"},
                                 "image": {"width": 4, "height": 4}}, **more)


def main(out, source):
    """Exports two graphs; the process kills itself while it makes the second, when `DIE` is set."""
    from storyeval_export.bundle import write
    from storyeval_export.settings import Settings
    from storyeval_export.progress import Progress

    def second():
        if os.environ.get("DIE"):
            os.kill(os.getpid(), signal.SIGKILL)
        return toy()

    graphs = [graph("first"), graph("second", second, reads=("other",))]
    print(write(plan({"weights": source}, graphs), out, "toy", Settings(), Progress()))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
