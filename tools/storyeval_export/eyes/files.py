"""Finding the files of an evaluator among those that a user has."""

import argparse
from pathlib import Path
from typing import Callable, TypeVar

from ..error import DATA, SETUP, USAGE, ExportError

Made = TypeVar("Made")


def one_file(args: argparse.Namespace, *usual: str) -> Path:
    """The checkpoint of a network that is published as one file: `--checkpoint FILE`, or the first of
    the names `usual` in the folder `--checkpoint`.

    Raises:
        ExportError: where there is none.
    """
    if args.checkpoint is None:
        raise ExportError(
            "no --checkpoint is given", f"give the file: --checkpoint {usual[0]}", USAGE
        )
    path = Path(args.checkpoint)
    if path.is_dir():
        for name in usual:
            if (path / name).is_file():
                return path / name
        raise ExportError(
            f"{path} holds no {' or '.join(usual)}", f"give the file: --checkpoint {usual[0]}", SETUP
        )
    if not path.exists():
        raise ExportError(f"{path} is absent", "check the path given as --checkpoint", SETUP)
    return path


def name_bundle(args: argparse.Namespace, id: str) -> None:
    """Calls the bundle `id`, as the data sets' cards do, unless `--id` says otherwise."""
    if args.id == args.model:
        args.id = id


def usable(file: Path, make: Callable[[], Made]) -> Made:
    """What `make` makes of the numbers in a configuration.

    Raises:
        ExportError: where they make no network, whatever the library that builds it says then.
    """
    try:
        return make()
    except ExportError:
        raise
    except Exception as source:  # every library has its own words for a wrong number
        first = (str(source).strip().splitlines() or [""])[0]
        raise ExportError(
            f"{file} describes no network: {type(source).__name__}: {first}",
            "take the configuration that belongs to the weights, as it was published",
            DATA,
        ) from source
