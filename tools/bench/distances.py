"""Whole-process times of FID, KID and PRDC from two .npy files: the Python tools against storyeval.

    python tools/bench/distances.py STORYEVAL_PROGRAM [ROWS] [DIM]     (default 5000 2048)

Each run is a process of its own that reads the files, fits and prints. The order alternates, so that
other work on the machine meets both. `sqrtm` is pytorch-fid's arithmetic, `eigvals` torch-fidelity's;
`kid-python` is torch-fidelity itself (100 subsets of 1,000), `prdc-python` the prdc package (k = 5).
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
FID = """
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
KID = """
import sys
import numpy, torch
from torch_fidelity.metric_kid import kid_features_to_metric
a, b = (torch.from_numpy(numpy.load(p)) for p in sys.argv[1:])
print(kid_features_to_metric(a, b, kid_subsets=100, kid_subset_size=1000, rng_seed=2020, verbose=False, kid_kernel="poly",
    kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.0)["kernel_inception_distance_mean"])
"""
PRDC = """
import contextlib, io, sys
import numpy, prdc
a, b = (numpy.load(p) for p in sys.argv[1:])
with contextlib.redirect_stdout(io.StringIO()):
    found = prdc.compute_prdc(b, a, 5)
print(found["density"])
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
    python = lambda code, *more: [sys.executable, "-c", code, *more, *paths]
    ours = lambda metric, *more: [program, "metric", metric, "--features", *paths, "--format", "json", *more]
    for commands in (
        {"fid": ours("fid"), "sqrtm": python(FID, "sqrtm"), "eigvals": python(FID, "eigvals")},
        {"kid": ours("kid"), "kid-python": python(KID)},
        {"prdc": ours("prdc", "--resamples", "0"), "prdc-python": python(PRDC)},
    ):
        times, values = {name: [] for name in commands}, {}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                seconds, output = timed(command)
                times[name].append(seconds)
                if command[0] == program:
                    answer = json.loads(output)
                    values[name] = answer["density"] if name == "prdc" else answer["value"]
                else:
                    values[name] = float(output)
        own = min(next(iter(times.values())))
        for name, seconds in times.items():
            print(f"{name:12} {min(seconds):7.2f} s  ratio {min(seconds) / own:6.1f}  value {values[name]:.10f}", flush=True)
