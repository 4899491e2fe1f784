"""Golden values for multi-label classification and the Frechet distance.

    python tools/golden/metrics.py STATS_JSON OUT_DIR      (OUT_DIR: reference-data/golden/metrics)

STATS_JSON is the project's golden study (scikit-learn 1.9.1); its section `multilabel` is copied as it
is. Frechet values come from scipy's sqrtm and from the nuclear norm of the centred product, in numpy.
"""

import base64
import json
import os
import sys

import numpy
import scipy
import scipy.linalg


def sqrtm_route(first, second):
    s1, s2 = numpy.cov(first, rowvar=False), numpy.cov(second, rowvar=False)
    root = scipy.linalg.sqrtm(s1 @ s2)
    shift = first.mean(0) - second.mean(0)
    return float(shift @ shift + numpy.trace(s1) + numpy.trace(s2) - 2 * numpy.trace(root).real)


def nuclear_route(first, second):
    a, b = first - first.mean(0), second - second.mean(0)
    n, m = len(a), len(b)
    root = numpy.linalg.svd(a @ b.T, compute_uv=False).sum() / numpy.sqrt((n - 1) * (m - 1))
    shift = first.mean(0) - second.mean(0)
    return float(shift @ shift + (a**2).sum() / (n - 1) + (b**2).sum() / (m - 1) - 2 * root)


def pack(features):
    return {"rows": features.shape[0], "dim": features.shape[1], "f32": base64.b64encode(features.astype("<f4").tobytes()).decode()}


def draw(random, rows, dim, scale, shift):
    mixing = numpy.random.default_rng(1).normal(size=(dim, dim)) / numpy.sqrt(dim)
    return ((random.normal(size=(rows, dim)) * scale) @ mixing + shift).astype("float32")


random = numpy.random.default_rng(20261123)
full = draw(random, 120, 8, 1.0, 0.0), draw(random, 90, 8, 1.3, 0.4)
dead = full[0].copy(), full[1].copy()
dead[0][:, 2:4] = 0.25
dead[1][:, 2:4] = 0.25
small = draw(random, 12, 24, 1.0, 0.0), draw(random, 15, 24, 1.2, 0.3)
mixed = draw(random, 12, 24, 1.0, 0.0), draw(random, 60, 24, 1.2, 0.3)
square = draw(random, 24, 24, 1.0, 0.0), draw(random, 24, 24, 1.2, 0.3)
cases = []
for name, (first, second), tolerance in [
    ("more rows than dimensions", full, 1e-9),
    ("dead columns", dead, 1e-9),
    ("fewer rows than dimensions", small, 5e-6),
    ("few rows against many", mixed, 5e-6),
    ("as many rows as dimensions", square, 5e-6),
    ("identical, full rank", (full[0], full[0]), 1e-9),
    ("identical, rank deficient", (small[0], small[0]), 5e-6),
]:
    a, b = first.astype("float64"), second.astype("float64")
    cases.append({
        "name": name, "first": pack(first), "second": pack(second),
        "sqrtm": sqrtm_route(a, b), "nuclear": nuclear_route(a, b),
        "scale": float(numpy.cov(a, rowvar=False).trace() + numpy.cov(b, rowvar=False).trace()),
        "sqrtm_tolerance": tolerance,
    })
out = sys.argv[2]
with open(os.path.join(out, "frechet.json"), "w") as file:
    json.dump({
        "origin": {
            "command": "python tools/golden/metrics.py STATS_JSON reference-data/golden/metrics",
            "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__},
            "tolerance": "relative to max(value, scale): 1e-9 against `nuclear`; `sqrtm_tolerance` against `sqrtm`, which takes roots of rounding noise when rows <= dimensions",
        },
        "cases": cases,
    }, file, indent=0)
    file.write("\n")
with open(sys.argv[1]) as file:
    study = json.load(file)
with open(os.path.join(out, "multilabel.json"), "w") as file:
    json.dump({
        "origin": {
            "command": "python tools/golden/metrics.py STATS_JSON reference-data/golden/metrics",
            "versions": study["versions"],
            "tolerance": "1e-12",
            "layout": "y: true labels, p: predicted labels; per_class: precision, recall, F1, support (a row each)",
        },
        "multilabel": study["multilabel"],
    }, file)
    file.write("\n")
