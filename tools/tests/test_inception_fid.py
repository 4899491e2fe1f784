"""`inception-fid` against the pooling of pytorch-fid."""

import pytest
import torch
from torch.nn import functional as F
from torchvision.models.inception import Inception3

import eyes_makers
from eyes_bundle import difference, manifest, run
from storyeval_export.eyes.inception import fid_network

FILE = "pt_inception-2015-12-05-6726825d.pth"


def published(path, counters: bool):
    """Weights under the names of pytorch-fid's file, with or without the counters of the norms."""
    state = eyes_makers.alive(fid_network(1008)).state_dict()
    torch.save({k: v for k, v in state.items() if counters or not k.endswith("num_batches_tracked")}, path)
    return state


def by_patched_pooling(state, pixels: torch.Tensor, monkeypatch) -> torch.Tensor:
    """Features of torchvision's own network while its pools do what TensorFlow's do."""
    net = Inception3(1008, aux_logits=False, init_weights=False).eval()
    net.load_state_dict(state)
    net.fc = torch.nn.Identity()
    average = F.avg_pool2d

    def pool(x, **sizes):
        # The last block is the only one with 2048 channels.
        if x.shape[1] == 2048 and sizes.get("kernel_size") == 3:
            return F.max_pool2d(x, **sizes)
        return average(x, **sizes, count_include_pad=False)

    monkeypatch.setattr(F, "avg_pool2d", pool)
    with torch.no_grad():
        return net(pixels)


def test_features_and_logits(export, tmp_path, monkeypatch):
    state = published(tmp_path / FILE, counters=False)
    pixels = torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(1)) * 2 - 1
    code, _, err = export("inception-fid", "--checkpoint", tmp_path / FILE, "--out", tmp_path / "b",
                          "--precision", "fp16")
    assert code == 0, err
    features, logits = run(tmp_path / "b", "features", pixel_values=pixels.numpy())
    wanted = by_patched_pooling(state, pixels, monkeypatch).numpy()
    # Single precision whatever the command line says.
    assert difference(features, wanted) < 1e-4
    assert difference(logits, wanted @ state["fc.weight"].numpy().T) < 1e-4
    text = manifest(tmp_path / "b")
    assert text["features"] == {"dim": 2048}
    assert text["input"] == {"scale": "symmetric"}
    assert text["parity"]["tolerance"] == 1e-4


def test_pytorch_fid_says_the_same(tmp_path, monkeypatch):
    reference = pytest.importorskip("pytorch_fid.inception")
    from storyeval_export.models.inception_fid import build

    state = published(tmp_path / FILE, counters=True)
    monkeypatch.setattr(reference, "load_state_dict_from_url", lambda *_, **__: state)
    net = reference.InceptionV3([3], resize_input=False, normalize_input=False).eval()
    pixels = torch.rand(2, 3, 299, 299) * 2 - 1
    with torch.no_grad():
        wanted = net(pixels)[0].flatten(1)
        found, _ = build(tmp_path / FILE)(pixels)
    assert torch.equal(found, wanted)


def test_torchvisions_own_inception_is_refused(export, tmp_path):
    eyes_makers.classifier(tmp_path / FILE, 1000)
    code, _, err = export("inception-fid", "--checkpoint", tmp_path, "--out", tmp_path / "b")
    assert code == 97
    assert "1000 classes, but the network of FID has 1008" in err
