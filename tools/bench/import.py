"""Times `storyeval score --images` on 11,545 small frames, without any network, as whole processes.

    python tools/bench/import.py target/release/storyeval FOLDER [ROUNDS]

FOLDER receives a MiniSV of 4,000 stories and the frames (1.4 GB) once, and the run of each round. The
frames are flushed to the disk one by one, so a FOLDER in memory shows the program and one on a disk the disk.
Needs Pillow and NumPy.
"""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

STORIES, FRAMES, SIDE = 2309, 5, 64
NETWORKS = "characters,backgrounds,features,clip,lpips,captioner,locator"


def draw(folder):
    """Smooth pictures: noise would make files larger than drawn frames are."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for story in range(STORIES):
        for k in range(FRAMES):
            small = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            picture = Image.fromarray(small).resize((SIDE, SIDE), Image.BILINEAR)
            picture.save(folder / f"img-{story}-{k}.png")


def seconds(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main():
    program, folder = str(Path(sys.argv[1]).absolute()), Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    data, frames, out = folder / "data", folder / "frames", folder / "out"
    folder.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        synth = ["dataset", "synth", "--stories", "4000", "--seed", "3", "--out", str(data)]
        subprocess.run([program, *synth], check=True)
    if not frames.exists():
        draw(frames)
    command = [program, "score", "--images", str(frames), "--layout", "vlc", "-d", "minisv"]
    command += ["--data", str(data), "--story-length", str(FRAMES), "--limit", str(STORIES)]
    inspect, whole = [], []
    for _ in range(rounds):
        shutil.rmtree(out, ignore_errors=True)
        inspect.append(seconds([*command, "--dry-run"]))
        whole.append(seconds([*command, "--skip", NETWORKS, "--out", str(out)]))
    shutil.rmtree(out, ignore_errors=True)
    for what, times in [("dry run", inspect), ("import", whole)]:
        each = " ".join(f"{it:.2f}" for it in times)
        print(f"{what}: median {statistics.median(times):.2f} s of {each}")


main()
