"""SHA-256 of files and of settings."""

import hashlib
import json
from pathlib import Path
from typing import Any

BLOCK = 1 << 22


def file_hash(path: Path, seen=None) -> str:
    """SHA-256 of a file as 64 hex digits; `seen(bytes)` is called after every block."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            if seen is not None:
                seen(len(block))
    return digest.hexdigest()


def files_of(path: Path) -> list[Path]:
    """The file itself, or every file below a folder, sorted by path. Hidden files and folders (download
    caches and version control) are left out."""
    if path.is_file():
        return [path]
    found = [p for p in path.rglob("*") if p.is_file()]
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts))


def value_hash(value: Any) -> str:
    """SHA-256 of plain data, written as JSON with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
