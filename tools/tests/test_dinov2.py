"""`dinov2` against transformers' Dinov2Model, at the size that its position embeddings are for."""

import math
import re

import torch
from transformers import Dinov2Config, Dinov2Model

from storyeval_export.eyes import dinov2
from storyeval_export.eyes.dinov2 import Dinov2
from storyeval_export.templates import rule

NAMES = (
    (r"^cls_token$", "embeddings.cls_token"),
    (r"^pos_embed$", "embeddings.position_embeddings"),
    (r"^patch_embed\.proj\.", "embeddings.patch_embeddings.projection."),
    (r"^norm\.", "layernorm."),
    (r"^blocks\.(\d+)\.", r"encoder.layer.\1."),
    (r"\.attn\.proj\.", ".attention.o_proj."),
    (r"\.ls(\d)\.gamma$", r".layer_scale\1.lambda1"),
)


def published() -> dict[str, torch.Tensor]:
    shapes = {key: tuple(value.shape) for key, value in Dinov2("s").state_dict().items()}
    return {key: torch.from_numpy(rule.weights(key, shape)) for key, shape in shapes.items()}


def as_transformers(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    found = {}
    for key, value in state.items():
        for pattern, name in NAMES:
            key = re.sub(pattern, name, key)
        if ".attn.qkv." in key:
            for part, third in zip("qkv", value.chunk(3), strict=True):
                found[key.replace(".attn.qkv.", f".attention.{part}_proj.")] = third
        else:
            found[key] = value
    return found


def test_the_class_token_is_that_of_transformers(monkeypatch):
    state = published()
    ours = Dinov2("s").eval()
    ours.load_state_dict(state)
    theirs = Dinov2Model(Dinov2Config(hidden_size=384, num_attention_heads=6, image_size=518, patch_size=14)).eval()
    report = theirs.load_state_dict(as_transformers(state), strict=False)
    assert not report.unexpected_keys and report.missing_keys == ["embeddings.mask_token"]
    monkeypatch.setattr(ours, "positions", lambda: ours.pos_embed)
    torch.manual_seed(2)
    pixels = torch.randn(1, 3, 518, 518)
    with torch.no_grad():
        found, wanted = ours(pixels), theirs(pixels).pooler_output
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-5


def test_positions_are_interpolated_as_the_authors_do():
    net = Dinov2("s").requires_grad_(False)
    net.load_state_dict(published())
    found = net.positions()
    side = dinov2.SIDE // dinov2.PATCH
    assert found.shape == (1, 1 + side * side, 384)
    assert torch.equal(found[:, 0], net.pos_embed[:, 0])
    # Along a row of a grid that is the same in every row: cubic weights with a = -0.75 at (i + 0.5) / factor - 0.5.
    line = torch.from_numpy(rule.pixels("line", (37,)))
    net.pos_embed.data[:, 1:] = line.repeat(37).reshape(1, -1, 1)
    row = net.positions()[0, 1 : 1 + side, 0]
    for place in range(side):
        at = (place + 0.5) * 37 / (side + 0.1) - 0.5
        first = math.floor(at)
        taps = range(first - 1, first + 3)
        wanted = sum(cubic(at - tap) * float(line[min(max(tap, 0), 36)]) for tap in taps)
        assert abs(float(row[place]) - wanted) < 1e-5, place


def cubic(distance: float, a: float = -0.75) -> float:
    """Keys' kernel."""
    x = abs(distance)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4)
