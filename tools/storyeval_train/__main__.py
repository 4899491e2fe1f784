"""`python -m storyeval_train --data DIR --work DIR --out DIR [--stage NAME] [--smoke]`.

Runs all stages in order and skips the finished ones; a stopped run goes on from its checkpoints.
"""

import argparse
import time
from pathlib import Path

import torch

from . import (evaluate, evaluate_metrics, export, export_metrics, train_captioner, train_clip,
               train_features, train_ldm, train_llm, train_locator, train_lpips, train_vae, train_vision)
from .config import Config
from .data import World
from .run import Run

STAGES = {**train_vision.STAGES, **train_vae.STAGES, **train_ldm.STAGES, **train_llm.STAGES,
          **train_clip.STAGES, **train_lpips.STAGES, **train_captioner.STAGES,
          **train_features.STAGES, **train_locator.STAGES, **evaluate.STAGES, **export.STAGES, **export_metrics.STAGES,
          **evaluate.FINAL_STAGES, **evaluate_metrics.STAGES, **train_locator.FINAL_STAGES}


def main():
    parser = argparse.ArgumentParser(prog="storyeval_train", description=__doc__)
    parser.add_argument("--data", required=True, type=Path, help="MiniSV folder")
    parser.add_argument("--work", required=True, type=Path, help="checkpoints, caches and the log")
    parser.add_argument("--out", required=True, type=Path, help="receives bundles/ and golden/")
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this stage (repeatable)")
    parser.add_argument("--smoke", action="store_true", help="a few steps per stage")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run = Run(arguments.work, Config.smoke() if arguments.smoke else Config())
    run.out = arguments.out
    world = World(arguments.data, run.work)
    for name in arguments.stage or STAGES:
        marker = run.work / f"{name}.done"
        if marker.exists() and not arguments.stage:
            continue
        start = time.time()
        run.log(name, event="start")
        STAGES[name](run, world)
        marker.touch()
        run.log(name, event="end", minutes=(time.time() - start) / 60)


if __name__ == "__main__":
    main()
