"""Templates: weights by rule, layouts, and whether the committed ones are what the command makes."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from storyeval_export.eyes import open_clip_keys
from storyeval_export.progress import Progress
from storyeval_export.templates import clip, rule
from storyeval_export.templates.all import TEMPLATES
from storyeval_export.templates.find import folded
from storyeval_export.templates.layout import Layout
from storyeval_export.templates.write import write

DATA = Path(__file__).resolve().parents[2] / "reference-data"


def test_the_rule_is_splitmix64():
    state, wanted, most = int.from_bytes(hashlib.sha256(b"a").digest()[:8], "little"), [], (1 << 64) - 1
    for _ in range(3):
        state = (state + 0x9E3779B97F4A7C15) & most
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & most
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & most
        wanted.append(((z ^ (z >> 31)) >> 40) / (1 << 24))
    assert rule.units("a", 3).tolist() == wanted


def test_openai_names_are_those_that_the_exporter_reads():
    small = {"text_projection.weight": (4, 6), "visual_projection.weight": (4, 8)}
    for tower, width in (("vision_model", 8), ("text_model", 6)):
        for part in "qkv":
            small[f"{tower}.encoder.layers.3.self_attn.{part}_proj.weight"] = (width, width)
            small[f"{tower}.encoder.layers.3.self_attn.{part}_proj.bias"] = (width,)
        small[f"{tower}.encoder.layers.3.mlp.fc1.weight"] = (2 * width, width)
    state = {key: rule.weights(key, shape) for key, shape in small.items()}
    published = clip.layout().published(state)
    assert published["transformer.resblocks.3.attn.in_proj_weight"].shape == (18, 6)
    assert published["text_projection"].shape == (6, 4)
    back = open_clip_keys.to_transformers({key: torch.from_numpy(value) for key, value in published.items()})
    assert set(back) == set(state)
    assert all(np.array_equal(back[key].numpy(), value) for key, value in state.items())


def test_a_layout_without_entries_changes_nothing():
    state = {"a.b": np.ones((2, 3), np.float32)}
    assert list(Layout("own").published(state)) == ["a.b"]


def test_folding_is_the_batch_norm():
    torch.manual_seed(1)
    conv, norm = torch.nn.Conv2d(3, 4, 2, bias=False), torch.nn.BatchNorm2d(4, eps=0.001)
    for part in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        part.data.uniform_(0.5, 1.5)
    state = {f"x.conv.{key}": value.numpy() for key, value in conv.state_dict().items()}
    state |= {f"x.bn.{key}": value.numpy() for key, value in norm.state_dict().items()}
    weight, bias = folded(state, "x", 0.001)
    pixels = torch.randn(2, 3, 5, 5)
    with torch.no_grad():
        wanted = norm.eval()(conv(pixels))
        found = torch.nn.functional.conv2d(pixels, torch.from_numpy(weight), torch.from_numpy(bias))
    assert torch.allclose(found, wanted, atol=1e-6)


def test_the_committed_template_is_what_the_command_makes(tmp_path):
    id = "lpips-squeeze"
    made = write(TEMPLATES[id], id, tmp_path / id, tmp_path / "golden.json", None, Progress(True))
    committed = DATA / "templates" / id
    assert sorted(it.name for it in made.iterdir()) == sorted(it.name for it in committed.iterdir())
    for file in made.iterdir():
        assert file.read_bytes() == (committed / file.name).read_bytes(), file.name


def test_every_template_is_committed():
    assert {it.name for it in (DATA / "templates").iterdir() if it.is_dir()} == set(TEMPLATES)
    assert {it.stem for it in (DATA / "golden/templates").iterdir()} == set(TEMPLATES)
