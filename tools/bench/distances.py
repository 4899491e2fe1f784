"""Whole-process times of FID from two .npy files: the Python tools' arithmetic against storyeval's.

    python tools/bench/distances.py STORYEVAL_PROGRAM [ROWS] [DIM]     (default 5000 2048)

Each run is a process of its own that reads the files, fits and prints. The order alternates, so that
other work on the machine meets both. `sqrtm` is pytorch-fid's arithmetic, `eigvals` torch-fidelity's.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

program = sys.argv[1]
rows, dim = (int(v) for v in (sys.argv[2:4] or (5000, 2048)))
ROUNDS = int(os.environ.get("ROUNDS", "1"))
PYTHON = """
import sys, warnings
import numpy, scipy.linalg
warnings.filterwarnings("ignore")
route, a, b = sys.argv[1:]
(m1, s1), (m2, s2) = ((x.mean(0), numpy.cov(x, rowvar=False)) for x in (numpy.load(p).astype("float64") for p in (a, b)))
if route == "sqrtm":
    root = numpy.trace(scipy.linalg.sqrtm(s1 @ s2)).real
else:
    root = numpy.sqrt(numpy.linalg.eigvals(s1 @ s2).astype("complex128")).real.sum()
print((m1 - m2) @ (m1 - m2) + numpy.trace(s1) + numpy.trace(s2) - 2 * root)
"""


def timed(command):
    begin = time.perf_counter()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - begin, output


with tempfile.TemporaryDirectory() as folder:
    import numpy

    random = numpy.random.default_rng(0)
    mixing = random.normal(size=(dim, dim)) / dim**0.5
    paths = [os.path.join(folder, name) for name in ("a.npy", "b.npy")]
    for path, shift in zip(paths, (0.0, 0.1)):
        numpy.save(path, (random.normal(size=(rows, dim)) @ mixing + shift).astype("float32"))
    commands = {
        "storyeval": [program, "metric", "fid", "--features", *paths, "--format", "json"],
        "sqrtm": [sys.executable, "-c", PYTHON, "sqrtm", *paths],
        "eigvals": [sys.executable, "-c", PYTHON, "eigvals", *paths],
    }
    times, values = {name: [] for name in commands}, {}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            seconds, output = timed(command)
            times[name].append(seconds)
            values[name] = json.loads(output)["value"] if name == "storyeval" else float(output)
    best = min(times["storyeval"])
    for name, seconds in times.items():
        print(f"{name:10} {min(seconds):7.2f} s  ratio {min(seconds) / best:6.1f}  value {values[name]:.10f}")
