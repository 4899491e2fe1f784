"""Images a second from PNG file to network input: Pillow and numpy against storyeval, on the same cores.

    python tools/bench/pixels.py [IMAGES]        (default 256; needs numpy, Pillow and cargo)

Writes frames of 128 and 512 pixels (smooth colour with grain, as a generator draws them) and times
`Image.open(..).convert("RGB").resize(..)`, division, normalisation and the transposition to [3, h, w]:
in one process, as a script does, and in one process a core. Then runs `cargo bench --bench pixels` on
the same files, which uses all cores. Medians of five passes on Pillow's side.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
from frames import draw
from PIL import Image

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MEAN = numpy.array([0.485, 0.456, 0.406], "float32")
STD = numpy.array([0.229, 0.224, 0.225], "float32")
CASES = {"decode": None, "bilinear-299": (299, Image.BILINEAR), "bicubic-224": (224, Image.BICUBIC)}


def prepare(job):
    path, case = job
    image = Image.open(path).convert("RGB")
    if case is None:
        image.load()
        return 0
    side, kernel = case
    pixels = numpy.asarray(image.resize((side, side), kernel), "float32") / 255
    return numpy.ascontiguousarray(((pixels - MEAN) / STD).transpose(2, 0, 1)).shape[0]


def passes(run, jobs):
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        run(jobs)
        times.append(time.perf_counter() - begin)
    return len(jobs) / statistics.median(times)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    target = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--no-deps"], cwd=ROOT))["target_directory"]
    with tempfile.TemporaryDirectory() as root, multiprocessing.Pool(cores) as pool:
        for side in (128, 512):
            folder = os.path.join(root, str(side))
            draw(folder, count, side)
            paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
            print(f"{count} frames of {side} x {side}, {sum(map(os.path.getsize, paths)) / count / 1024:.0f} KiB each, {cores} cores")
            pillow = {}
            for name, case in CASES.items():
                jobs = [(path, case) for path in paths]
                one = passes(lambda jobs: [prepare(job) for job in jobs], jobs)
                pillow[name] = one, passes(lambda jobs: pool.map(prepare, jobs, chunksize=8), jobs)
            environment = {**os.environ, "STORYEVAL_BENCH_IMAGES": folder}
            subprocess.run(["cargo", "bench", "--bench", "pixels", "--", "--noplot"], cwd=ROOT, env=environment, check=True, capture_output=True)
            for name, (one, many) in pillow.items():
                with open(os.path.join(target, "criterion", "pixels", name, "new", "estimates.json")) as file:
                    ours = count / (json.load(file)["median"]["point_estimate"] / 1e9)
                print(f"  {name:13} images/s: storyeval {ours:7.0f}, Pillow {one:6.0f} in one process ({ours / one:.1f} times), {many:6.0f} in {cores} ({ours / many:.1f} times)")


if __name__ == "__main__":
    main()
