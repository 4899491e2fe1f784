"""The files of a run folder, as they are read."""

from __future__ import annotations

import hashlib
import json
import string
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
FORMATS = {MANIFEST: 1, "scores.json": 2, "observations.parquet": 2}
"""Versions of the files that this package reads."""
PLAIN = frozenset(string.ascii_letters + string.digits + "_-.")
LONGEST = 180


class RunError(Exception):
    """A folder is not a run, or lacks what was asked for. The message says what to do."""


def _check_format(path: Path, found: Any) -> None:
    expected = FORMATS[path.name]
    if found != expected:
        raise RunError(f"{path} has format {found}, and this package reads {expected}: install the package and the program of one version")


def json_file(path: Path) -> dict[str, Any]:
    """A JSON object with a version that is known."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"failed to read {path}: {error}") from error
    _check_format(path, data.get("format"))
    return data


def lines(path: Path) -> list[dict[str, Any]]:
    """JSON lines. What a killed run left of a last line is no line."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RunError(f"failed to read {path}: {error}") from error
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def parquet(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file, with pyarrow or polars, whichever is installed."""
    try:
        import pyarrow.parquet
    except ModuleNotFoundError:
        import polars

        metadata, rows = polars.read_parquet_metadata(path), polars.read_parquet(path).to_dicts()
        found = metadata.get("storyeval.format", 0)
    else:
        table = pyarrow.parquet.read_table(path)
        found, rows = table.schema.metadata.get(b"storyeval.format", b"0"), table.to_pylist()
    _check_format(path, int(found))
    return rows


def one_folder(story: str) -> str:
    """Name of a story's folder: bytes that file systems may not like become `%` and two digits, long names are cut."""
    name = "".join(
        chr(byte) if chr(byte) in PLAIN and (byte != ord(".") or at) else f"%{byte:02X}" for at, byte in enumerate(story.encode())
    )
    name = name or "%"
    return name if len(name) <= LONGEST else f"{name[:100]}~{hashlib.sha256(story.encode()).hexdigest()[:32]}"
