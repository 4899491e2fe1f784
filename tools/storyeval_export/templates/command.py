"""`python -m storyeval_export template ID --out DIR --golden FILE`, or `--check PROGRAM`."""

import argparse
from pathlib import Path

from ..error import ExportError
from ..progress import Progress

NAME = "template"


def main(arguments: list[str]) -> int:
    """Makes a template and what its test compares with, or checks one; gives the exit code."""
    from ..command import failed
    from .all import TEMPLATES
    from .check import check
    from .write import write

    parser = argparse.ArgumentParser(prog="python -m storyeval_export template", description=__doc__)
    parser.add_argument("id", choices=tuple(TEMPLATES), help="which template")
    parser.add_argument("--out", type=Path, help="its folder: reference-data/templates/ID")
    parser.add_argument("--golden", type=Path,
                        help="file for the outputs of the network with weights by rule: reference-data/golden/templates/ID.json")
    parser.add_argument("--keep", type=Path, metavar="DIR",
                        help="keep the checkpoint with weights by rule, and the exporter's bundle of it, in this new folder")
    parser.add_argument("--check", type=Path, metavar="PROGRAM",
                        help="compare what the built `storyeval` imports with the exporter's bundle, and make nothing")
    args = parser.parse_args(arguments)
    if not args.check and not (args.out and args.golden):
        parser.error("give --out and --golden, or --check")
    try:
        if args.check:
            print(check(TEMPLATES[args.id], args.id, args.check, Progress(False)))
            return 0
        print(write(TEMPLATES[args.id], args.id, args.out, args.golden, args.keep, Progress(False)))
        return 0
    except ExportError as error:
        return failed(error)
