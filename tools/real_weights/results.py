"""Comparisons: each is printed, counted and kept."""

import json
import math
from pathlib import Path
from typing import Any, Callable

HEAD = f"{'what':<74} {'ours':>14} {'reference':>14} {'difference':>11} {'tolerance':>10}"


class Results:
    """All comparisons of a run, and the stored values that references are compared with too."""

    def __init__(self, golden: Path, write: bool) -> None:
        self.golden = golden
        self.write = write
        self.rows: list[dict[str, Any]] = []
        self.values: dict[str, float] = {}
        self.tolerances: dict[str, str] = {}
        self.inputs: dict[str, str] = {}
        self.known = {} if write else json.loads(golden.read_text("utf-8"))
        print(HEAD, flush=True)

    def equal(self, name: str, ours: float, reference: float, tolerance: float, *, relative: bool = False) -> None:
        """Compares a value of storyeval with another tool's, and that one with the value stored before."""
        self.row(name, ours, reference, tolerance, relative)
        self.stored(name, reference, tolerance, relative=relative)

    def stored(self, name: str, reference: float, tolerance: float, *, relative: bool = False) -> None:
        """Compares a reference value with the stored one, so that a reference that moves is seen as well."""
        self.values[name] = reference
        self.tolerances[name] = f"{tolerance:.0e}{' relative' if relative else ''}"
        if not self.write:
            self.row(f"{name} [stored]", reference, self.known["values"].get(name, math.nan), tolerance, relative)

    def recorded(self, name: str, ours: float, reference: Callable[[], float], tolerance: float, *, relative: bool = False) -> None:
        """Compares a value of storyeval with one that takes another tool long, so that only `--write-golden` computes it."""
        if self.write:
            self.values[name] = reference()
            self.tolerances[name] = f"{tolerance:.0e}{' relative' if relative else ''}"
            self.row(name, ours, self.values[name], tolerance, relative)
        else:
            self.row(f"{name} [stored]", ours, self.known["values"].get(name, math.nan), tolerance, relative)

    def input(self, name: str, digest: str) -> None:
        """Compares the hash of the pictures with the stored one: other pictures would explain other values."""
        self.inputs[name] = digest
        if not self.write:
            same = self.known["inputs"].get(name) == digest
            self.row(f"pixels of {name} are those of the stored values", float(same), 1.0, 0.0)

    def row(self, name: str, ours: float, reference: float, tolerance: float, relative: bool = False) -> None:
        """Prints and keeps one comparison."""
        difference = abs(ours - reference) / ((abs(reference) or 1.0) if relative else 1.0)
        ok = difference <= tolerance  # never true of nan
        self.rows.append({"name": name, "ours": _plain(ours), "reference": _plain(reference), "difference": _plain(difference),
                          "tolerance": tolerance, "relative": relative, "ok": ok})
        limit = f"{tolerance:.0e}{' rel' if relative else ''}" if tolerance else "equal"
        print(f"{name:<74} {ours:>14.9g} {reference:>14.9g} {difference:>11.1e} {limit:>10} {'ok' if ok else 'NO'}", flush=True)

    @property
    def failed(self) -> int:
        """Comparisons outside their tolerance."""
        return sum(not row["ok"] for row in self.rows)

    @property
    def passed(self) -> int:
        """The others."""
        return len(self.rows) - self.failed


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """A file for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n", "utf-8")
