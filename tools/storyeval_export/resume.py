"""The folder an export works in, and what of it is finished."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from .error import OUTPUT, ExportError
from .hashing import file_hash

WORK = ".work"


class Partial:
    """`<out>.partial`: finished files lie in it; `.work` inside holds the record and the graph being made.

    A graph counts as finished when its key (a hash of inputs and settings) and the hashes of its files are
    still the recorded ones.
    """

    def __init__(self, out: Path):
        self.out = out
        self.folder = out.with_name(out.name + ".partial")
        self.work = self.folder / WORK
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        if out.exists():
            raise ExportError(f"{out} exists already", f"choose another --out, or remove it: rm -r {out}", OUTPUT)
        try:
            self.work.mkdir(parents=True, exist_ok=True)
        except OSError as source:
            raise ExportError(f"{self.folder} cannot be made: {source}", "choose another --out", OUTPUT) from source
        self.record = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads((self.work / "state.json").read_text())
            return found if isinstance(found.get("graphs"), dict) else {"graphs": {}}
        except (OSError, ValueError, AttributeError):
            return {"graphs": {}}

    def finished(self, graph: str, key: str) -> dict[str, Any] | None:
        """The record of a graph that need not be made again: its files with hashes, and its differences."""
        found = self.record["graphs"].get(graph)
        if not isinstance(found, dict) or found.get("key") != key or not self.tensors_file(graph).is_file():
            return None
        files = found.get("files", {})
        same = files and all((self.folder / name).is_file() and file_hash(self.folder / name) == digest
                             for name, digest in files.items())
        return found if same else None

    def fresh(self, graph: str) -> Path:
        """An empty folder to make a graph in. What was made of it before is removed."""
        for name in self.record["graphs"].pop(graph, {}).get("files", {}):
            (self.folder / name).unlink(missing_ok=True)
        folder = self.work / graph
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def tensors_file(self, graph: str) -> Path:
        """Where the tensors of a graph wait for `parity.npz`."""
        return self.work / f"{graph}.npz"

    def finish(self, graph: str, key: str, files: list[Path], tensors: dict[str, np.ndarray],
               differences: dict[str, float]) -> None:
        """Moves the files of a graph to their place and records them."""
        hashes = {file.name: file_hash(file) for file in files}
        np.savez(self.tensors_file(graph), **tensors)
        for file in files:
            file.replace(self.folder / file.name)
        shutil.rmtree(self.work / graph, ignore_errors=True)
        self.record["graphs"][graph] = {"key": key, "files": hashes, "differences": differences}
        waiting = self.work / "state.json.new"
        waiting.write_text(json.dumps(self.record, indent=1))
        waiting.replace(self.work / "state.json")

    def tensors(self, graphs: list[str]) -> dict[str, np.ndarray]:
        """The tensors of all graphs."""
        found: dict[str, np.ndarray] = {}
        for graph in graphs:
            with np.load(self.tensors_file(graph)) as entries:
                found.update({name: entries[name] for name in entries.files})
        return found

    def clear(self, keep: set[str]) -> None:
        """Removes files that an earlier attempt left and that do not belong to the bundle."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            inside = path.relative_to(self.folder)
            if inside.parts[0] == WORK:
                continue
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif inside.as_posix() not in keep:
                path.unlink()

    def become(self) -> Path:
        """The last step: the folder takes its final name."""
        shutil.rmtree(self.work)
        self.folder.rename(self.out)
        return self.out
