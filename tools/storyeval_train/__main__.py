"""`python -m storyeval_train --data DIR --work DIR --out DIR [--stage NAME] [--smoke]`: the models of MiniSV.

Runs all stages in order and skips the finished ones; a stopped run goes on from its checkpoints.
`python -m storyeval_train classifiers|captioner|clip` trains on a data set of your own (docs/own-classifier.md).
"""

import argparse
import importlib.util
import sys
import time
from pathlib import Path

from .own.command import COMMANDS, NEEDED
from .own.command import main as own


def main():
    if sys.argv[1:2] in [["--help"], ["-h"]]:
        return own(["--help"])
    asked = set(sys.argv[2:]) & {"--help", "-h"}
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent and not asked:
        print(f"error: Python packages are missing: {', '.join(absent)}", file=sys.stderr)
        print("hint: pip install './tools[train]'", file=sys.stderr)
        return 96
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        return own(sys.argv[1:])
    return minisv()


def minisv():
    import torch

    from . import stages
    from .config import Config
    from .data import World
    from .run import Run

    parser = argparse.ArgumentParser(prog="storyeval_train", description=__doc__)
    parser.add_argument("--data", required=True, type=Path, help="MiniSV folder")
    parser.add_argument("--work", required=True, type=Path, help="checkpoints, caches and the log")
    parser.add_argument("--out", required=True, type=Path, help="receives bundles/ and golden/")
    parser.add_argument("--stage", action="append", choices=stages.STAGES, help="only this stage (repeatable)")
    parser.add_argument("--smoke", action="store_true", help="a few steps per stage")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run = Run(arguments.work, Config.smoke() if arguments.smoke else Config())
    run.out = arguments.out
    world = World(arguments.data, run.work)
    for name in arguments.stage or stages.STAGES:
        marker = run.work / f"{name}.done"
        if marker.exists() and not arguments.stage:
            continue
        start = time.time()
        run.log(name, event="start")
        stages.STAGES[name](run, world)
        marker.touch()
        run.log(name, event="end", minutes=(time.time() - start) / 60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
