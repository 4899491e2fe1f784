"""Finding the files of an evaluator among those that a user has."""

import argparse
from pathlib import Path

from ..error import SETUP, USAGE, ExportError


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
