"""What is compared: storyeval with the real networks beside the tools with the same networks."""

import contextlib
import hashlib
import shutil
from pathlib import Path

import numpy as np
import torch

from . import photos, references
from .program import Program
from .results import Results

PUBLISHED_LPIPS = {"ex_p0": 0.722, "ex_p1": 0.138}
"""Distances to ex_ref of the published weights in the authors' own script, to three digits: richzhang/PerceptualSimilarity issue 120."""
PUBLISHED_KID = (0.0312, 0.0025)
"""Mean and deviation in the docstring of torchmetrics 1.9.0, `KernelInceptionDistance`."""
FID = {"pytorch-fid": "pytorch-fid", "clean-fid": "clean-fid", "torch-fidelity": "torch-fidelity", "tf-legacy": "torch-fidelity",
       "torchmetrics": "torchmetrics"}
"""Presets of storyeval, and the tool that each is compared with: tf-legacy prepares images as torch-fidelity does."""
DRAWS = {"subsets": 50, "subset_size": 16, "seed": 2020}


def lpips(results: Results, program: Program, bundles: dict[str, Path], weights: dict[str, Path], pictures: Path,
          example: Path, known: dict[str, Path]) -> None:
    """The authors' example and pairs of photos."""
    digest, pairs = photos.write_pairs(known, pictures / "pairs")
    results.input("photo pairs", digest)
    first, second = pictures / "pairs/first", pictures / "pairs/second"
    small = [pictures / "pairs-vgg" / side.name for side in (first, second)]
    for pair in pairs:
        for side, folder in zip((first, second), small):
            folder.mkdir(parents=True, exist_ok=True)
            if pair.vgg:
                (folder / f"{pair.name}.png").write_bytes((side / f"{pair.name}.png").read_bytes())
    for network in ("alex", "vgg"):
        name = f"lpips-{network}"
        model = references.lpips_network(network, weights[name])
        for other, published in PUBLISHED_LPIPS.items():
            files = [example / "ex_ref.png", example / f"{other}.png"]
            ours = program.metric("lpips", *files, "--bundle", bundles[name])["value"]
            if network == "alex":
                results.row(f"LPIPS alex, ex_ref and {other}, as published", ours, published, 5e-4)
            results.equal(f"LPIPS {network}, ex_ref and {other}, package lpips", ours,
                          references.lpips_distance(model, *files), 1e-6)
        folders = (first, second) if network == "alex" else small
        ours = _items(program.metric("lpips", *folders, "--bundle", bundles[name]))
        for pair in pairs:
            if network == "alex" or pair.vgg:
                files = [folder / f"{pair.name}.png" for folder in (first, second)]
                results.equal(f"LPIPS {network}, {pair.name}", ours[pair.name], references.lpips_distance(model, *files), 1e-6)
        if network == "alex":
            _resized(results, program, bundles[name], model, (first, second))


def imports(results: Results, program: Program, bundles: dict[str, Path], files: dict[str, Path], folder: Path,
            example: Path) -> None:
    """Bundles that the program makes of the same files without Python: the exporter's content, and the published distance."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, file in files.items():
        made = program.model("import", name, "--from", file, "--out", folder / name)
        exported = program.model("verify", bundles[name], "--hashes-only")
        results.row(f"model import {name}, content of the exporter's bundle",
                    float(made["content"] == exported["content"]), 1.0, 0.0)
    for other, published in PUBLISHED_LPIPS.items():
        ours = program.metric("lpips", example / "ex_ref.png", example / f"{other}.png", "--bundle", folder / "lpips-alex")["value"]
        results.row(f"LPIPS alex of model import, ex_ref and {other}, as published", ours, published, 5e-4)


def _resized(results: Results, program: Program, bundle: Path, model: torch.nn.Module, folders: tuple[Path, Path]) -> None:
    for resizer in ("pillow-bilinear", "torch-bilinear-antialias"):
        ours = _items(program.metric("lpips", *folders, "--bundle", bundle, "--resize", "256", "--resizer", resizer))
        theirs = {name: references.lpips_distance(model, *(folder / f"{name}.png" for folder in folders), resizer)
                  for name in ours}
        worst = max(ours, key=lambda name: abs(ours[name] - theirs[name]))
        results.row(f"LPIPS alex, 256 pixels by {resizer}, worst pair", ours[worst], theirs[worst], 1e-6)
        results.stored(f"LPIPS alex, 256 pixels by {resizer}, mean", float(np.mean(list(theirs.values()))), 1e-6)


def _items(answer: dict) -> dict[str, float]:
    return {item["id"]: item["value"] for item in answer["items"]}


def distributions(results: Results, program: Program, bundles: dict[str, Path], pictures: Path, known: dict[str, Path]) -> None:
    """FID under the presets, KID, precision, recall, density and coverage of two sets of photo crops."""
    results.input("photo crops", photos.write_sets(known, pictures / "sets"))
    folders = [pictures / "sets/a", pictures / "sets/b"]
    common = (*folders, "--bundle", bundles["inception-fid"])
    seen = {tool: [references.features(tool, folder) for folder in folders] for tool in references.READERS}
    for preset, tool in FID.items():
        answer = program.metric("fid", *common, "--preset", preset)
        results.equal(f"FID, preset {preset}, features of {tool}", answer["value"], references.exact_fid(*seen[tool]), 1e-6,
                      relative=True)
        results.recorded(f"FID, preset {preset}, distance of {tool}", answer["value"],
                         lambda: references.own_fid(tool, *seen[tool]), 1e-5, relative=True)
    own = seen["pytorch-fid"]
    answer = program.metric("kid", *common, "--all", "--kid-subsets", str(DRAWS["subsets"]), "--kid-subset-size",
                            str(DRAWS["subset_size"]), "--seed", str(DRAWS["seed"]))
    _kid(results, "photo crops", answer, own, DRAWS)
    _prdc(results, program.metric("prdc", *common), own)


def _kid(results: Results, name: str, answer: dict, seen: list[np.ndarray], draws: dict[str, int]) -> None:
    """The estimate over all vectors, and over the subsets that torch-fidelity draws."""
    from torch_fidelity.metric_kid import kid_features_to_metric

    results.equal(f"KID, {name}, all vectors", answer["all_vectors"], references.exact_kid(*seen), 1e-6)
    theirs = kid_features_to_metric(*(torch.from_numpy(array.astype(np.float64)) for array in seen), verbose=False,
                                    kid_subsets=draws["subsets"], kid_subset_size=draws["subset_size"], rng_seed=draws["seed"])
    results.equal(f"KID, {name}, mean over the subsets of torch-fidelity", answer["value"],
                  theirs["kernel_inception_distance_mean"], 1e-6)
    results.equal(f"KID, {name}, deviation of these", answer["std"], theirs["kernel_inception_distance_std"], 1e-6)


def _prdc(results: Results, answer: dict, seen: list[np.ndarray]) -> None:
    from prdc import compute_prdc
    from torch_fidelity.metric_prc import prc_features_to_metric

    generated, real = (array.astype(np.float64) for array in seen)
    closed = prc_features_to_metric(torch.from_numpy(generated), torch.from_numpy(real), prc_neighborhood=3, save_cpu_ram=False,
                                    verbose=False)
    for name in ("precision", "recall"):
        # torch-fidelity averages in single precision.
        results.equal(f"PRDC, {name}, torch-fidelity", answer[name], closed[name], 1e-6)
    with contextlib.redirect_stdout(None):
        others = compute_prdc(real, generated, 5)
    for name in ("density", "coverage"):
        results.equal(f"PRDC, {name}, prdc", answer[name], float(others[name]), 1e-9)


def docstring(results: Results, program: Program, bundles: dict[str, Path], pictures: Path) -> None:
    """The example in the docstring of torchmetrics' KID: 100 and 100 pictures of noise."""
    from torchmetrics.image.kid import KernelInceptionDistance

    torch.manual_seed(42)
    # The order matters: the network takes random numbers before the pictures do.
    metric = KernelInceptionDistance(subset_size=50)
    sides = {"real": torch.randint(0, 200, (100, 3, 299, 299), dtype=torch.uint8),
             "fake": torch.randint(100, 255, (100, 3, 299, 299), dtype=torch.uint8)}
    digest = hashlib.sha256()
    for name, images in sides.items():
        photos.write_noise(images.numpy(), pictures / "noise" / name, digest)
        for batch in images.split(20):
            metric.update(batch, real=name == "real")
    results.input("torchmetrics' example", digest.hexdigest())
    mean, deviation = (float(value) for value in metric.compute())
    folders = [pictures / "noise" / name for name in ("fake", "real")]
    draws = {"subsets": 100, "subset_size": 50, "seed": 2020}
    answer = program.metric("kid", *folders, "--bundle", bundles["inception-fid"], "--preset", "torchmetrics", "--all",
                            "--kid-subset-size", "50")
    results.row("KID, torchmetrics' example, torchmetrics here, as published", mean, PUBLISHED_KID[0], 5e-5)
    results.row("KID, torchmetrics' example, its deviation, as published", deviation, PUBLISHED_KID[1], 5e-5)
    # Other subsets are drawn: the mean of 100 has an error of .0025 / 10, and the deviation about as much.
    results.row("KID, torchmetrics' example, as published but for the draws", answer["value"], PUBLISHED_KID[0], 1e-3)
    results.row("KID, torchmetrics' example, deviation but for the draws", answer["std"], PUBLISHED_KID[1], 1e-3)
    seen = [torch.cat(metric.fake_features).numpy(), torch.cat(metric.real_features).numpy()]
    _kid(results, "torchmetrics' example", answer, seen, draws)
