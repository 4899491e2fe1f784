"""From a network with weights by rule to a template."""

import json
import platform
import shutil
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from .. import onnx_file
from ..bundle import _versions, write as write_bundle
from ..command import parse
from ..error import BUG, ExportError
from ..graph import Graph, outputs_of
from ..models import MODELS
from ..model import Plan
from ..progress import Progress
from ..settings import Settings
from ..toml_text import toml
from . import rule
from .find import rules
from .table import Slot, Template

SHOWN = 64
"""Numbers of an output that are stored."""
MADE = ("format", "id", "export", "parity", "files")
"""Sections of `bundle.toml` that `storyeval model import` writes itself."""


def write(template: Template, id: str, out: Path, golden: Path, keep: Path | None, progress: Progress) -> Path:
    """Makes the folder `out` anew and gives it.

    Raises:
        ExportError: where an initialiser is made of the weights in a way that no rule says.
    """
    with tempfile.TemporaryDirectory() as scratch:
        work = keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        states = {name: _state(slot) for name, slot in template.slots.items()}
        template.prepare(work, states)
        args = parse([*template.arguments(work), "--out", str(work / "bundle")])
        plan = MODELS[args.model].plan(args)
        _checked_layouts(template, states)
        write_bundle(plan, work / "bundle", id, Settings(), progress, check_memory=False)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        (out / "template.toml").write_text(toml(_described(template, id, plan, work / "bundle", states, out)), "utf-8")
        _golden(template, id, plan, golden)
    return out


def _state(slot: Slot) -> dict[str, np.ndarray]:
    return {key: rule.weights(key, shape) for key, shape in slot.shapes().items()}


def _checked_layouts(template: Template, states: dict[str, dict[str, np.ndarray]]) -> None:
    """The exporter's own renaming, where it has one, has to give what the table says."""
    for name, slot in template.slots.items():
        for layout, back in slot.renamed.items():
            published = next(it for it in slot.layouts if it.name == layout).published(states[name])
            found = back({key: torch.from_numpy(value) for key, value in published.items()})
            wrong = [key for key, value in states[name].items() if key not in found
                     or not np.array_equal(found[key].numpy(), value)]
            if wrong or set(found) != set(states[name]):
                raise ExportError(f"layout {layout} does not say what the exporter does: {wrong[:5]}", code=BUG)


def _described(template: Template, id: str, plan: Plan, bundle: Path, states: dict[str, dict[str, np.ndarray]],
               out: Path) -> dict[str, Any]:
    """Writes the graphs without their weights and gives `template.toml`."""
    graphs: dict[str, Any] = {}
    used: dict[str, set[str]] = {name: set() for name in template.slots}
    for graph in plan.graphs:
        slot = template.graphs[graph.name]
        model = onnx.load(bundle / f"{graph.name}.onnx", load_external_data=False)
        found = rules(model.graph, bundle, states[slot], template.epsilon, template.shipped)
        used[slot] |= found.keys()
        for tensor in model.graph.initializer:
            if tensor.name in found.names():
                tensor.ClearField("raw_data")
            elif tensor.external_data:
                # A constant beside the graph: its bytes come with the template.
                tensor.raw_data = onnx.numpy_helper.to_array(tensor, str(bundle)).tobytes()
        (out / f"{graph.name}.onnx").write_bytes(model.SerializeToString())
        first = {"checkpoint": slot} | ({"epsilon": template.epsilon} if found.folded_weights else {})
        graphs[graph.name] = first | found.table()
    manifest = tomllib.loads((bundle / "bundle.toml").read_text("utf-8"))
    for name, archive in template.packed.items():
        _pack(bundle / name, out.parent / archive)
    return {
        "id": id,
        "network": template.network,
        "versions": _versions(),
        "checkpoint": {name: _slot(slot, used[name]) for name, slot in template.slots.items()},
        "graph": graphs,
        "packed": template.packed or None,
        "bundle": {key: value for key, value in manifest.items() if key not in MADE},
    }


def _pack(file: Path, archive: Path) -> None:
    """The same file gives the same archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def _slot(slot: Slot, used: set[str]) -> dict[str, Any]:
    shapes = slot.shapes()
    lost = [key for key in shapes if key not in used and key not in slot.ignored]
    if lost:
        raise ExportError(f"no graph has the weights {lost[:5]}", "say under `ignored` why they are left out", BUG)
    return {
        "usual": list(slot.usual),
        "keys": {key: list(shape) for key, shape in shapes.items() if key in used},
        "ignored": slot.ignored,
        "layouts": {layout.name: layout.table() for layout in slot.layouts},
    }


def _golden(template: Template, id: str, plan: Plan, path: Path) -> None:
    """What PyTorch gives for the weights and inputs by rule."""
    graphs = {}
    for graph in plan.graphs:
        module = graph.build().float()
        inputs = template.inputs(graph)
        outputs = outputs_of(module, tuple(torch.from_numpy(array) for array in inputs.values()))
        graphs[graph.name] = {
            "inputs": {name: list(array.shape) for name, array in inputs.items()},
            "outputs": {name: _output(found) for name, found in zip(graph.outputs, outputs, strict=True)},
        }
        del module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "command": f"python -m storyeval_export template {id}", "python": platform.python_version(),
        "versions": _versions(), "graphs": graphs}, indent=1) + "\n", "utf-8")


def _output(found: torch.Tensor) -> dict[str, Any]:
    """The first numbers, and how large the largest of all is."""
    flat = found.reshape(-1)
    return {"shape": list(found.shape), "largest": float(flat.abs().max()), "first": [float(it) for it in flat[:SHOWN]]}
