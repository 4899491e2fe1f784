"""PSNR and SSIM of pairs of small images by scikit-image and torchmetrics.

    pip install numpy==2.4.6 scikit-image==0.26.0 torch==2.15.0 torchmetrics==1.9.0
    python tools/golden/pixel_similarity.py > reference-data/golden/metrics/pixel_similarity.json

torchmetrics runs in float64, so that its definition is compared and not its rounding; `float32` holds what it gives
without that, which is what its users see.
"""

import json
import sys

import numpy as np
import skimage
import torch
import torchmetrics
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import peak_signal_noise_ratio as torch_psnr
from torchmetrics.functional.image import structural_similarity_index_measure as torch_ssim

RANDOM = np.random.default_rng(20261130)


def smooth(height, width):
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (3 + c) + y / (5 - c)) for c in range(3)]
    return np.stack(waves, axis=-1) * 100 + 128


def image(array):
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def cases():
    for height, width in [(11, 11), (13, 24), (32, 17), (24, 24)]:
        base = smooth(height, width)
        yield "noise", image(base), image(base + RANDOM.normal(0, 20, base.shape))
        yield "shifted", image(base), image(np.roll(base, 2, axis=1))
    flat = np.full((12, 12, 3), 77, np.uint8)
    yield "flat against another flat", flat, np.full((12, 12, 3), 80, np.uint8)
    yield "flat against noise", flat, RANDOM.integers(0, 256, (12, 12, 3), np.uint8)
    yield "noise against noise", *RANDOM.integers(0, 256, (2, 16, 16, 3), np.uint8)
    yield "black and white", np.zeros((11, 12, 3), np.uint8), np.full((11, 12, 3), 255, np.uint8)


def tensor(pixels, dtype):
    return torch.from_numpy(pixels.astype(np.float64) / 255).permute(2, 0, 1)[None].to(dtype)


def main():
    out, pairs = [], []
    for name, a, b in cases():
        ssim = {
            dtype: torch_ssim(tensor(a, kind), tensor(b, kind), data_range=1.0).item()
            for dtype, kind in [("float64", torch.float64), ("float32", torch.float32)]
        }
        pairs.append((a, b))
        out.append({
            "name": name,
            "size": [a.shape[1], a.shape[0]],
            "first": a.ravel().tolist(),
            "second": b.ravel().tolist(),
            "psnr": peak_signal_noise_ratio(b, a, data_range=255),
            "ssim": structural_similarity(b, a, channel_axis=-1, data_range=255),
            "ssim_gaussian": structural_similarity(
                b, a, channel_axis=-1, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
            ),
            "torchmetrics_ssim": ssim["float64"],
            "torchmetrics_ssim_float32": ssim["float32"],
        })
    # One number over images of several sizes, as torchmetrics' class pools squared errors.
    pooled = torchmetrics.image.PeakSignalNoiseRatio(data_range=255.0).double()
    for a, b in pairs:
        pooled.update(torch.from_numpy(a).double(), torch.from_numpy(b).double())
    json.dump(
        {
            "command": "python tools/golden/pixel_similarity.py",
            "versions": {
                "scikit-image": skimage.__version__,
                "torchmetrics": torchmetrics.__version__,
                "torch": torch.__version__.split("+")[0],
                "numpy": np.__version__,
            },
            "tolerance": 1e-12,
            "torchmetrics_psnr_of_all": pooled.compute().item(),
            "cases": out,
        },
        sys.stdout,
        separators=(",", ":"),
    )


if __name__ == "__main__":
    main()
