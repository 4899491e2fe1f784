"""Reading weights without running anything that a checkpoint says.

`torch.load` is only ever called with `weights_only=True`. Globals that trainers leave in checkpoints
(callbacks of Lightning, an `argparse.Namespace`, numpy scalars) are given to its unpickler as empty classes:
they are read, and their code is never imported.
"""

import pickle
import re
import zipfile
from pathlib import Path
from typing import Mapping

import torch

from .error import DATA, SETUP, ExportError
from .json_file import AGAIN, read_json

NESTS = ("state_dict", "model_state_dict", "model", "module", "net")
INERT = re.compile(r"^(pytorch_lightning|lightning|lightning_fabric|omegaconf|numpy|argparse|pathlib|types|typing|"
                   r"accelerate|transformers|diffusers)\.")
SINGLE = ("model.safetensors", "diffusion_pytorch_model.safetensors", "pytorch_model.safetensors",
          "pytorch_model.bin", "diffusion_pytorch_model.bin")
INDEX = ("model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json",
         "pytorch_model.bin.index.json", "diffusion_pytorch_model.bin.index.json")


def load_state(path: Path, nests: tuple[str, ...] = NESTS) -> dict[str, torch.Tensor]:
    """Tensors by key, in the types of the file. Zip checkpoints and safetensors are mapped into memory,
    not read.

    `path` is a `.safetensors` file, a file of `torch.save` (zip or legacy), or a folder in the layout of
    Hugging Face (one file or an index with shards). Where the top level has one of the keys `nests` with a
    mapping in it, that mapping is taken. Entries that are no tensors are left out.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path, nests)
    _look(path)
    state = _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    return _tensors(path, _nested(state, nests))


def weights_of(folder: Path) -> Path:
    """The file of weights in a folder, or its index."""
    for name in SINGLE + INDEX:
        if (folder / name).is_file():
            return folder / name
    raise ExportError(f"{folder} holds no weights: none of {', '.join(SINGLE + INDEX)}",
                      "download the whole folder that the model card names", SETUP)


def _look(path: Path) -> None:
    """Refuses what is plainly no checkpoint, by its first bytes."""
    if not path.is_file():
        raise ExportError(f"{path} is absent", "give the file, or the folder that holds it", SETUP)
    with open(path, "rb") as file:
        head = file.read(512)
    if not head:
        raise ExportError(f"{path} is empty", AGAIN, DATA)
    if head.startswith(b"version https://git-lfs"):
        raise ExportError(f"{path} is a pointer of Git LFS, not the weights",
                          "run `git lfs pull` in that folder, or download the file itself", DATA)
    if head.lstrip()[:1] == b"<":
        raise ExportError(f"{path} is a web page, not a checkpoint", AGAIN, DATA)
    if path.suffix != ".safetensors" and head[:2] not in (b"PK",) and all(32 <= b < 127 or b in b"\r\n\t" for b in head):
        raise ExportError(f"{path} is a text, not a checkpoint", AGAIN, DATA)


def _safetensors(path: Path) -> Mapping:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(str(path), device="cpu")
    except (SafetensorError, OSError, ValueError) as source:
        raise ExportError(f"{path} cannot be read as safetensors: {source}", AGAIN, DATA) from source


def _pickled(path: Path) -> Mapping:
    mapped = zipfile.is_zipfile(path)
    if not mapped and path.open("rb").read(2) == b"PK":
        raise ExportError(f"{path} is cut short: its zip archive has no end", AGAIN, DATA)
    try:
        with torch.serialization.safe_globals(_inert(path)):
            return torch.load(path, map_location="cpu", mmap=mapped or None, weights_only=True)
    except pickle.UnpicklingError as source:
        raise _refused(path, source) from source
    except Exception as source:  # whatever a damaged archive makes the reader say
        first = str(source).strip().splitlines() or [type(source).__name__]
        raise ExportError(f"{path} is damaged, or no checkpoint of PyTorch: {first[0]}", AGAIN, DATA) from source


def _refused(path: Path, source: Exception) -> ExportError:
    said = str(source)
    found = re.search(r"(?:unsupported GLOBAL|Unsupported global: GLOBAL) ([\w.]+)", said)
    if found:
        return ExportError(
            f"{path} asks to run or build {found.group(1).rstrip('.')}, which no weights need; nothing of it was run",
            "take the file from its publisher again; weights alone can be had as .safetensors", DATA)
    reason = said.rpartition("WeightsUnpickler error:")[2].strip() or type(source).__name__
    return ExportError(f"{path} is damaged, or no checkpoint of PyTorch: {reason.splitlines()[0]}", AGAIN, DATA)


def _inert(path: Path) -> list:
    """Empty classes for the globals of known trainers that a checkpoint names."""
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # legacy files cannot be listed; they are refused when they need more
        return []
    return [(_empty_class(name), name) for name in names if INERT.match(name)]


def _empty_class(name: str) -> type:
    def anything(self, *arguments, **named):
        return None

    def make(cls, *arguments, **named):
        return object.__new__(cls)

    members = {"__init__": anything, "__new__": make, "__setstate__": anything, "__hash__": object.__hash__}
    return type(name.rpartition(".")[2], (), members)


def _nested(state: object, nests: tuple[str, ...]) -> object:
    for _ in range(3):  # a container in a container; no file nests deeper
        inner = [state[key] for key in nests if isinstance(state, Mapping) and isinstance(state.get(key), Mapping)]
        if not inner:
            break
        state = inner[0]
    return state


def _tensors(path: Path, state: object) -> dict[str, torch.Tensor]:
    if not isinstance(state, Mapping):
        raise ExportError(f"{path} holds a {type(state).__name__}, not a mapping of names to tensors",
                          "give the state dict of the model", DATA)
    found = {key: value for key, value in state.items() if isinstance(key, str) and isinstance(value, torch.Tensor)}
    if not found:
        raise ExportError(f"{path} holds no tensors", "give the state dict of the model", DATA)
    return {key: value.detach() for key, value in found.items()}


def _folder(folder: Path, nests: tuple[str, ...]) -> dict[str, torch.Tensor]:
    weights = weights_of(folder)
    if not weights.name.endswith(".index.json"):
        return load_state(weights, nests)
    table = read_json(weights).get("weight_map")
    if not isinstance(table, dict) or not all(isinstance(name, str) for name in table.values()):
        raise ExportError(f"{weights} has no table weight_map", AGAIN, DATA)
    state: dict[str, torch.Tensor] = {}
    for shard in sorted(set(table.values())):
        if Path(shard).name != shard or shard in (".", ".."):
            raise ExportError(f"{weights} names {shard!r}, which is no file of its folder", AGAIN, DATA)
        state.update(load_state(folder / shard, nests))
    absent = sorted(set(table) - set(state))
    if absent:
        raise ExportError(f"{weights} promises {absent[0]}, which is in none of its shards ({len(absent)} such keys)",
                          AGAIN, DATA)
    return state
