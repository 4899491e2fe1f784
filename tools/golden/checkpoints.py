"""Small checkpoints in every format that `storyeval model import` reads, and what is in them.

    python tools/golden/checkpoints.py

Writes `reference-data/golden/checkpoints/`. The same tensors every time; archives hold no dates.
"""

import json
import pickle
import platform
import shutil
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

OUT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "checkpoints"


def tensors() -> OrderedDict:
    """Types, views, shared storages, a scalar and nothing."""
    torch.manual_seed(5)
    base = torch.randn(4, 6)
    return OrderedDict([
        ("plain.weight", torch.randn(3, 4)),
        ("turned.weight", base.t()),
        ("part.weight", base[1:3, 2:5]),
        ("shared.weight", base),
        ("kernel.weight", torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last)),
        ("half", torch.randn(5).half()),
        ("brain", torch.randn(5).bfloat16()),
        ("double", torch.randn(5).double()),
        ("counter", torch.tensor(7)),
        ("scalar", torch.tensor(0.5)),
        ("nothing", torch.zeros(0, 3)),
    ])


def network() -> nn.Module:
    """A module with modules, a buffer that is kept and one that is not."""
    torch.manual_seed(6)
    net = nn.Sequential(OrderedDict([("first", nn.Conv2d(1, 2, 3)), ("norm", nn.BatchNorm2d(2)),
                                     ("inner", nn.Sequential(nn.Linear(2, 3), nn.ReLU()))]))
    net.register_buffer("passing", torch.ones(2), persistent=False)
    return net.eval()


class Scripted(nn.Module):
    """The same, without the buffer, for TorchScript."""

    def __init__(self) -> None:
        super().__init__()
        net = network()
        self.first, self.norm, self.inner = net.first, net.norm, net.inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(self.norm(self.first(x)).mean((2, 3)))


def described(state: dict) -> dict:
    """Shapes, types and numbers by name."""
    return {name: {"shape": list(value.shape), "number": "integers" if not value.is_floating_point()
                   else str(value.dtype).removeprefix("torch."),
                   "values": [] if not value.is_floating_point() else [float(it) for it in value.float().reshape(-1)]}
            for name, value in state.items()}


def big_endian(path: Path, out: Path) -> None:
    """The archive as a machine with the other byte order would have written it: float32 only."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if "/data/" in info.filename:
                data = np.frombuffer(data, "<f4").astype(">f4").tobytes()
            elif info.filename.endswith("/byteorder"):
                data = b"big"
            new.writestr(zipfile.ZipInfo(info.filename), data)


def without_places(path: Path) -> None:
    """Takes out of a TorchScript archive what names folders of this machine."""
    with zipfile.ZipFile(path) as old:
        kept = [(info.filename, old.read(info)) for info in old.infolist() if not info.filename.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w") as new:
        for name, data in kept:
            new.writestr(zipfile.ZipInfo(name), data)


def nested(state: dict) -> dict:
    """Names with dots as dicts in dicts, as programs on JAX keep them."""
    found: dict = {}
    for name, value in state.items():
        *parts, last = name.split(".")
        inner = found
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    state = tensors()
    expected: dict[str, dict] = {}

    def keep(name: str, found: dict) -> Path:
        expected[name] = described(found)
        return OUT / name

    torch.save(state, keep("zip.pt", state))
    torch.save(state, keep("legacy.pt", state), _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()},
                "optimizer": {"state": {0: torch.ones(4)}}, "best": np.float64(0.5)}, keep("nested.pt", state))
    parameters = {name: nn.Parameter(value) for name, value in state.items() if value.is_floating_point()}
    torch.save({"optimizer": [torch.arange(3), torch.ones(2)], "model": parameters}, keep("parameters.pt", parameters),
               _use_new_zipfile_serialization=False)
    net = network()
    # Legacy files quote the source of every class, and the file that it is in.
    torch.serialization.get_source_lines_and_file = lambda *_: (["pass"], 0, "module.py")
    torch.save(net, keep("module.pt", net.state_dict()))
    torch.save(net, keep("module-legacy.pt", net.state_dict()), _use_new_zipfile_serialization=False)
    script = Scripted()
    torch.jit.trace(script, torch.zeros(1, 1, 8, 8)).save(str(keep("traced.pt", script.state_dict())))
    torch.jit.script(script.half()).save(str(keep("scripted-half.pt", script.state_dict())))
    for name in ("traced.pt", "scripted-half.pt"):
        without_places(OUT / name)
    save_file({name: value.contiguous().clone() for name, value in state.items()}, str(keep("plain.safetensors", state)))
    single = {name: value for name, value in state.items() if value.dtype == torch.float32}
    torch.save(single, OUT / "little.pt")
    big_endian(OUT / "little.pt", keep("big.pt", single))
    (OUT / "little.pt").unlink()
    arrays = {name: value.numpy() for name, value in state.items() if value.dtype != torch.bfloat16}
    there = {name: state[name] for name in arrays}
    np.savez(keep("stored.npz", there), **arrays)
    np.savez_compressed(keep("packed.npz", there), **arrays)
    np.savez(keep("big.npz", single), **{name: value.numpy().astype(">f4") for name, value in single.items()})
    with keep("jax.ckpt", there).open("wb") as file:
        pickle.dump({"params": nested(arrays)}, file, protocol=4)
    for file in OUT.iterdir():
        file.chmod(0o644)
    (OUT / "expected.json").write_text(json.dumps({
        "command": "python tools/golden/checkpoints.py", "python": platform.python_version(), "torch": torch.__version__,
        "numpy": np.__version__, "files": expected}) + "\n", "utf-8")


if __name__ == "__main__":
    main()
