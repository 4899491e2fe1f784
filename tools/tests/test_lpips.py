"""`lpips` against the authors' package."""

import numpy as np
import pytest
import torch

import eyes_makers
from eyes_bundle import difference, manifest, planned, run
from storyeval_export.models.lpips import FILES, build, heads_file

lpips = pytest.importorskip("lpips")


def reference(network: str, trunk) -> torch.nn.Module:
    """`lpips.LPIPS` with its own heads on the given trunk."""
    model = lpips.LPIPS(pretrained=True, pnet_rand=True, net=network, verbose=False).eval()
    for part in model.net.children():
        for place, layer in part.named_children():
            layer.load_state_dict(trunk.features[int(place)].state_dict())
    return model


def pixels(seed: int, *size: int) -> torch.Tensor:
    """`[N, 3, H, W]` in `[-1, 1]`."""
    return torch.rand(*size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("network", ["alex", "vgg", "squeeze"])
def test_distances_are_the_packages(tmp_path, network):
    trunk = eyes_makers.torchvision_trunk(tmp_path / FILES[network], network)
    _, args = planned("lpips", "--checkpoint", tmp_path, "--network", network)
    net = build(network, tmp_path / FILES[network], heads_file(args))
    first, second = pixels(1, 2, 3, 70, 91), pixels(2, 2, 3, 70, 91)
    with torch.no_grad():
        wanted = reference(network, trunk)(first, second).flatten()
        assert difference(net(first, second).numpy(), wanted) < 1e-6
    assert wanted.min() > 0.01
    assert args.id == f"lpips-{network}"


def test_black_areas_are_no_division_by_zero(export, tmp_path):
    trunk = eyes_makers.torchvision_trunk(tmp_path / FILES["alex"], "alex")
    # A trunk that answers black, and nothing else, with nothing at all: then only `+ 1e-10` keeps it defined.
    with torch.no_grad():
        black = (torch.tensor([-1.0, -1, -1]) - torch.tensor([-0.030, -0.088, -0.188])) / torch.tensor([0.458, 0.448, 0.450])
        first = trunk.features[0]
        first.bias.copy_(-(first.weight.sum((2, 3)) @ black) - 0.5)
        for layer in trunk.features[1:]:
            if isinstance(layer, torch.nn.Conv2d):
                layer.bias.fill_(-0.01)
    torch.save(trunk.state_dict(), tmp_path / FILES["alex"])
    code, _, err = export("lpips", "--checkpoint", tmp_path, "--out", tmp_path / "b", "--precision", "fp16")
    assert code == 0, err
    black, noise = -np.ones((2, 3, 96, 80), np.float32), pixels(3, 2, 3, 96, 80).numpy()
    model = reference("alex", trunk)
    for first, second in [(black, black), (black, noise), (noise, noise[::-1].copy())]:
        with torch.no_grad():
            wanted = model(torch.from_numpy(first), torch.from_numpy(second)).flatten().numpy()
        (found,) = run(tmp_path / "b", "lpips", image0=first, image1=second)
        assert found.shape == (2,)
        assert np.isfinite(found).all()
        assert np.abs(found - wanted).max() < 1e-5
    with torch.no_grad():
        columns = build("alex", tmp_path / FILES["alex"], heads_file(planned("lpips", "--checkpoint", tmp_path)[1]))
        assert columns.columns(torch.from_numpy(black))[0][:, :, 2:-2, 2:-2].abs().max() == 0
    text = manifest(tmp_path / "b")
    assert text["lpips"] == {"network": "alex", "version": "0.1"}
    assert text["input"] == {"scale": "symmetric"}


def test_heads_are_checked(export, tmp_path):
    eyes_makers.torchvision_trunk(tmp_path / FILES["squeeze"], "squeeze")
    _, args = planned("lpips", "--checkpoint", tmp_path, "--network", "squeeze")
    good = torch.load(heads_file(args), map_location="cpu", weights_only=True)
    name = "lin2.model.1.weight"
    for wrong, words in [
        ({k: v for k, v in good.items() if k != name}, f"no {name}"),
        (good | {name: -good[name]}, "negative"),
        (good | {name: good[name][:, :-1]}, "heads.2: (1, 255, 1, 1) instead of (1, 256, 1, 1)"),
    ]:
        torch.save(wrong, tmp_path / "heads.pth")
        code, _, err = export("lpips", "--checkpoint", tmp_path, "--network", "squeeze", "--heads", tmp_path / "heads.pth",
                              "--out", tmp_path / "b")
        assert code == 97, err
        assert words in err


def test_another_trunk_is_refused(export, tmp_path):
    eyes_makers.torchvision_trunk(tmp_path / FILES["alex"], "squeeze")
    code, _, err = export("lpips", "--checkpoint", tmp_path, "--out", tmp_path / "b")
    assert code == 97
    assert "does not fit the model" in err
