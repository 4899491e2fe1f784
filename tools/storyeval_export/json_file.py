"""Configurations in JSON. No PyTorch is needed to read them."""

import json
from pathlib import Path

from .error import DATA, SETUP, ExportError

AGAIN = "download the file again and compare its size with the publisher's"


def read_json(path: Path) -> dict:
    """The object in a JSON file, as configurations are."""
    path = Path(path)
    if not path.is_file():
        raise ExportError(f"{path} is absent", "download the whole folder that the model card names", SETUP)
    try:
        if path.stat().st_size > 64 << 20:
            raise ValueError("it is larger than any configuration")
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as source:
        raise ExportError(f"{path} is not a configuration: {source}", AGAIN, DATA) from source
    if not isinstance(found, dict):
        raise ExportError(f"{path} is not a configuration: it holds no object", AGAIN, DATA)
    return found
