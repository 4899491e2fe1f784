"""Is the bundle that `storyeval model import` makes the exporter's, byte for byte?

With other weights than those that the template was made from: a constant that is a weight would be seen.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from ..bundle import write as write_bundle
from ..command import parse
from ..error import BUG, ExportError
from ..models import MODELS
from ..progress import Progress
from ..settings import Settings
from . import rule
from .table import State, Template

SALT = "other weights "
APART = ("bundle.toml", "parity.npz")


def check(template: Template, id: str, program: Path, progress: Progress) -> Path:
    """Compares every file, for the exporter's names and for every layout; gives the program.

    Raises:
        ExportError: naming the file that differs.
    """
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        states = {name: {key: rule.weights(key, shape, SALT) for key, shape in slot.shapes().items()}
                  for name, slot in template.slots.items()}
        template.prepare(work, states)
        args = parse([*template.arguments(work), "--out", str(work / "bundle"), "--quiet"])
        write_bundle(MODELS[args.model].plan(args), work / "bundle", id, Settings(), Progress(True), check_memory=False)
        for layout, files in _checkpoints(template, work, states):
            out = work / "imported"
            command = [str(program.resolve()), "model", "import", id, "--out", str(out)]
            for file in files:
                command += ["--from", str(file)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode != 0:
                raise ExportError(f"{layout}: {run.stderr.strip()}", code=BUG)
            same = _same(work / "bundle", out, layout)
            progress.say(f"{id}, {layout}: {same} files are the exporter's, byte for byte")
            shutil.rmtree(out)
            for file in files:
                file.unlink()
    return program


def _checkpoints(template: Template, work: Path, states: dict[str, State]) -> Iterator[tuple[str, list[Path]]]:
    """Layouts with files of `torch.save`, one after the other, since they may be large; several are given in the wrong order."""
    names = {layout.name for slot in template.slots.values() for layout in slot.layouts}
    for layout in ("the exporter's names", *sorted(names)):
        files = []
        for name, slot in template.slots.items():
            fitting = [it for it in slot.layouts if it.name == layout]
            state = fitting[0].published(states[name]) if fitting else states[name]
            path = work / f"{name}-{layout.replace(' ', '-')}.pt"
            torch.save({key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in state.items()}, path)
            files.append(path)
        yield layout, files[::-1]


def _same(wanted: Path, found: Path, layout: str) -> int:
    names = {path.name for path in wanted.iterdir()} - set(APART)
    others = {path.name for path in found.iterdir()} - set(APART)
    differing = sorted(names ^ others) + [
        name for name in sorted(names & others) if (wanted / name).read_bytes() != (found / name).read_bytes()]
    if differing:
        raise ExportError(f"{layout}: {', '.join(differing)} differ from the exporter's", code=BUG)
    return len(names)
