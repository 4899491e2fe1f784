"""From a plan to a bundle."""

import gc
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import __version__, disk, graph as graphs, half, onnx_file, parity
from .error import USAGE, ExportError
from .graph import Graph
from .hashing import file_hash, files_of, value_hash
from .model import Plan
from .progress import Progress
from .resume import Partial
from .settings import Settings
from .toml_text import toml

PARITY = "parity.npz"
PACKAGES = ("torch", "transformers", "diffusers", "onnx", "onnxscript", "onnxruntime", "numpy")
BYTES = {"fp32": 4, "fp16": 2}


def write(plan: Plan, out: Path, id: str, settings: Settings, progress: Progress, *,
          check_memory: bool = True) -> Path:
    """Makes every graph and file of `plan` and gives the finished folder, `out`.

    The work is done in `<out>.partial`, which becomes `out` at the very end; a run that was interrupted goes
    on with the graphs that are not finished.
    """
    _same_names(plan)
    partial = Partial(out)
    hashes = input_hashes(plan.inputs, progress)
    keys = {graph.name: _key(graph, hashes, settings) for graph in plan.graphs}
    done = {name: found for name, key in keys.items() if (found := partial.finished(name, key))}
    left = [graph for graph in plan.graphs if graph.name not in done]
    _room(partial.folder, left, settings, check_memory)
    for number, graph in enumerate(plan.graphs, 1):
        place = f"graph {number} of {len(plan.graphs)}, {graph.name}"
        if graph.name in done:
            progress.say(f"{place}: finished before")
            continue
        progress.say(f"{place}: start")
        differences, size = make(graph, partial, keys[graph.name], settings.of(graph), progress)
        worst = max(differences.values(), default=0.0)
        progress.say(f"{place}: {disk.size_text(size)}, largest relative difference {worst:.1e}")
    return _close(plan, partial, hashes, id, settings, progress)


def make(graph: Graph, partial: Partial, key: str, settings: Settings,
         progress: Progress) -> tuple[dict[str, float], int]:
    """One graph: built, run in PyTorch, written, checked, run in ONNX Runtime, compared and recorded.
    Gives the differences by output, and the bytes written."""
    path = partial.fresh(graph.name) / f"{graph.name}.onnx"
    torch.backends.mha.set_fastpath_enabled(False)  # its fused operator cannot be exported
    module = graph.build()
    progress.say(f"  {graph.name}: loaded; running it in PyTorch")
    cases = parity.expected(graph, module)
    if graph.prepare is not None:
        graph.prepare(module)
    module = half.halve(module, graph.name) if settings.precision == "fp16" else half.single(module)
    progress.say(f"  {graph.name}: writing {settings.precision}")
    graphs.to_onnx(graph, module, path, settings)
    del module
    gc.collect()
    graphs.checked(graph, path)
    progress.say(f"  {graph.name}: running it in ONNX Runtime")
    differences = parity.measure(graph, path, cases, settings)
    files = onnx_file.files(path)
    size = sum(file.stat().st_size for file in files)
    partial.finish(graph.name, key, files, parity.record(graph, cases), differences)
    return differences, size


def input_hashes(inputs: dict[str, Path], progress: Progress) -> dict[str, str]:
    """SHA-256 of every file that is read, by its name in the checkpoint (`opt-6.7b/config.json`)."""
    files = {}
    for name, path in inputs.items():
        for file in files_of(Path(path)):
            files[name if file == Path(path) else f"{name}/{file.relative_to(path).as_posix()}"] = file
    total = sum(file.stat().st_size for file in files.values())
    progress.say(f"reading {len(files)} files, {disk.size_text(total)}, for their hashes")
    with progress.bytes("hashes", total) as bar:
        return {name: file_hash(file, bar.update) for name, file in sorted(files.items())}


def _same_names(plan: Plan) -> None:
    names = [graph.name for graph in plan.graphs]
    if len(set(names)) != len(names):
        raise ExportError("a plan has two graphs of one name", code=USAGE)


def _key(graph: Graph, hashes: dict[str, str], settings: Settings) -> str:
    mine = graph.reads
    read = {name: digest for name, digest in hashes.items()
            if mine is None or any(name == it or name.startswith(it + "/") for it in mine)}
    own = settings.of(graph)
    return value_hash({"tool": __version__, "versions": _versions(), "inputs": read, "graph": graph.description(),
                       "settings": [own.precision, own.shard_size, own.opset]})


def _room(folder: Path, left: list[Graph], settings: Settings, check_memory: bool) -> None:
    disk.check_disk(folder, sum(graph.parameters * BYTES[settings.of(graph).precision] for graph in left))
    if check_memory:
        for graph in sorted(left, key=lambda it: -it.parameters)[:1]:
            precision = settings.of(graph).precision
            disk.check_memory(graph.name, disk.memory_of(graph.parameters, precision, graph.activations))


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _close(plan: Plan, partial: Partial, hashes: dict[str, str], id: str, settings: Settings,
           progress: Progress) -> Path:
    progress.say("writing tokenisers, portraits and bundle.toml")
    record = partial.record["graphs"]
    files = {name: digest for graph in plan.graphs for name, digest in record[graph.name]["files"].items()}
    partial.clear(set(files))
    for name, writer in plan.files.items():
        path = partial.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        writer(path)
        files[name] = file_hash(path)
    np.savez(partial.folder / PARITY, **partial.tensors([graph.name for graph in plan.graphs]))
    files[PARITY] = file_hash(partial.folder / PARITY)
    (partial.folder / "bundle.toml").write_text(toml(_manifest(plan, id, settings, files, hashes)), "utf-8")
    return partial.become()


def _manifest(plan: Plan, id: str, settings: Settings, files: dict[str, str],
              hashes: dict[str, str]) -> dict[str, Any]:
    own = dict(plan.manifest)
    first = {"format": 1, "kind": own.pop("kind"), "id": id, "licence": own.pop("licence"), "source": own.pop("source")}
    tolerance = max(graph.tolerances[settings.of(graph).precision] for graph in plan.graphs)
    return first | own | {
        "graphs": {graph.name: f"{graph.name}.onnx" for graph in plan.graphs},
        "export": {"tool": f"storyeval_export {__version__}", "precision": settings.precision,
                   "versions": _versions(), "inputs": hashes},
        "parity": {"file": PARITY, "tolerance": tolerance},
        "files": dict(sorted(files.items())),
    }
