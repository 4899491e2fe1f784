"""Other tools with the published weights put into them.

The tools would download their weights; each is given the same weights here instead, under its own key names, and does the
rest by its own functions.
"""

import contextlib
from pathlib import Path
from typing import Iterator
from unittest import mock

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file


def lpips_network(network: str, trunk: Path) -> torch.nn.Module:
    """The authors' package in double precision, so that differences are storyeval's."""
    import lpips

    model = lpips.LPIPS(net=network, version="0.1", pnet_rand=True, verbose=False)
    state = load_file(str(trunk))
    taken = 0
    for part in model.net.children():
        for place, layer in part.named_children():
            own = {name: state[f"features.{place}.{name}"] for name, _ in layer.named_parameters()}
            layer.load_state_dict(own)
            taken += len(own)
    assert taken == len(state), "the package has another trunk"
    return model.double().eval()


def lpips_distance(model: torch.nn.Module, first: Path, second: Path, resize: str | None = None) -> float:
    """Distance of two files, at their own size or brought to 256 pixels as storyeval's option of that name says."""
    with torch.inference_mode():
        return float(model(_symmetric(first, resize), _symmetric(second, resize)))


def _symmetric(path: Path, resize: str | None) -> torch.Tensor:
    from torchvision.transforms import functional

    image = Image.open(path).convert("RGB")
    if resize == "pillow-bilinear":
        image = image.resize((256, 256), Image.Resampling.BILINEAR)
    pixels = functional.to_tensor(image)
    if resize == "torch-bilinear-antialias":
        pixels = functional.resize(pixels, [256, 256], antialias=True)
    return (pixels.double() * 2 - 1)[None]


@contextlib.contextmanager
def inception_weights(checkpoint: Path) -> Iterator[None]:
    """Inside, pytorch-fid, clean-fid, torch-fidelity and torchmetrics find the published weights instead of downloading."""
    import cleanfid.features
    import cleanfid.inception_torchscript
    import pytorch_fid.inception
    import torch_fidelity.feature_extractor_inceptionv3 as fidelity

    def given(*_args: object, **_named: object) -> dict[str, torch.Tensor]:
        return load_file(str(checkpoint))

    # Pillow 13 has no `mode` any more, which clean-fid gives; the arrays say the same by their type.
    plain = Image.fromarray
    with mock.patch.object(pytorch_fid.inception, "load_state_dict_from_url", given), \
            mock.patch.object(fidelity, "load_state_dict_from_url", given), \
            mock.patch.object(cleanfid.inception_torchscript, "check_download_inception", lambda **_: None), \
            mock.patch.object(cleanfid.inception_torchscript.torch.jit, "load", lambda *_: _Script(pytorch_network())), \
            mock.patch.object(Image, "fromarray", lambda array, mode=None: plain(array)):
        yield


class _Script(torch.nn.Module):
    """What clean-fid takes from TensorFlow's network as TorchScript: `layers`, pixels in -1 to 1 to features."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.layers = _First(network)


class _First(torch.nn.Module):
    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.network(pixels)[0]


def pytorch_network(resize: bool = False) -> torch.nn.Module:
    """pytorch-fid's network; with `resize` it prepares images itself, as its command line does."""
    from pytorch_fid.inception import InceptionV3

    return InceptionV3([3], resize_input=resize, normalize_input=resize).eval()


def features(tool: str, folder: Path) -> np.ndarray:
    """Features of the images of a folder in the order of their names, by the tool's own reader and network."""
    files = sorted(folder.glob("*.png"))
    return READERS[tool](files)


def _pytorch_fid(files: list[Path]) -> np.ndarray:
    from pytorch_fid import fid_score

    with mock.patch.object(fid_score, "tqdm", lambda batches: batches):
        return fid_score.get_activations(files, pytorch_network(resize=True), batch_size=1, num_workers=0)


def _clean_fid(files: list[Path]) -> np.ndarray:
    from cleanfid import features as networks
    from cleanfid import fid

    model = networks.build_feature_extractor("clean", device=torch.device("cpu"), use_dataparallel=False)
    return fid.get_files_features([str(file) for file in files], model, num_workers=0, batch_size=1,
                                  device=torch.device("cpu"), mode="clean", verbose=False)


def _torch_fidelity(files: list[Path]) -> np.ndarray:
    from torch_fidelity.datasets import ImagesPathDataset
    from torch_fidelity.utils import create_feature_extractor, get_featuresdict_from_dataset

    network = create_feature_extractor("inception-v3-compat", ["2048"], cuda=False, verbose=False)
    found = get_featuresdict_from_dataset(ImagesPathDataset([str(file) for file in files]), network, batch_size=1, cuda=False,
                                          save_cpu_ram=True, verbose=False)
    return found["2048"].numpy()


def _torchmetrics(files: list[Path]) -> np.ndarray:
    from torchmetrics.image.fid import FrechetInceptionDistance

    network = FrechetInceptionDistance(2048).inception
    with torch.inference_mode():
        return np.concatenate([network(_bytes(file)).numpy() for file in files])


def _bytes(file: Path) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(file).convert("RGB")).transpose(2, 0, 1).copy())[None]


READERS = {"pytorch-fid": _pytorch_fid, "clean-fid": _clean_fid, "torch-fidelity": _torch_fidelity, "torchmetrics": _torchmetrics}


def exact_fid(first: np.ndarray, second: np.ndarray) -> float:
    """The Fréchet distance of two sets without a root of a matrix: the trace of the root of a product of covariances is the
    nuclear norm of the product of their factors. The tools' own roots are off by up to 1e-6 where images are few."""
    first, second = (array.astype(np.float64) for array in (first, second))
    means = [array.mean(0) for array in (first, second)]
    factors = [(array - mean) / np.sqrt(len(array) - 1) for array, mean in zip((first, second), means)]
    norm = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    return float(((means[0] - means[1]) ** 2).sum() + sum((factor**2).sum() for factor in factors) - 2 * norm)


def own_fid(tool: str, first: np.ndarray, second: np.ndarray) -> float:
    """The tool's own distance of features that it computed: a root of a matrix or eigenvalues, up to a minute each."""
    if tool == "torchmetrics":
        return _torchmetrics_fid(first, second)
    if tool == "torch-fidelity":
        from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

        statistics = [fid_features_to_statistics(torch.from_numpy(array)) for array in (first, second)]
        return float(fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"])
    if tool == "clean-fid":
        from cleanfid.fid import fid_from_feats

        return float(fid_from_feats(first, second))
    from pytorch_fid.fid_score import calculate_frechet_distance

    statistics = [part for array in (first, second) for part in (np.mean(array, axis=0), np.cov(array, rowvar=False))]
    return float(calculate_frechet_distance(*statistics))


def _torchmetrics_fid(first: np.ndarray, second: np.ndarray) -> float:
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Seen(torch.nn.Module):
        """Features in place of images."""

        num_features = 2048

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return rows

    metric = FrechetInceptionDistance(Seen())
    for array, real in ((first, False), (second, True)):
        metric.update(torch.from_numpy(array), real=real)
    return float(metric.compute())


def exact_kid(first: np.ndarray, second: np.ndarray) -> float:
    """The unbiased estimate over all vectors, with the cubic kernel."""
    first, second = (array.astype(np.float64) for array in (first, second))

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    inner = [(own.sum() - np.trace(own)) / (len(own) * (len(own) - 1)) for own in (kernel(first, first), kernel(second, second))]
    return float(sum(inner) - 2 * kernel(first, second).mean())
