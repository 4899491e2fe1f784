"""KID over all vectors, without each vector in turn, and the interval of the jackknife, by numpy and scipy.

    python tools/golden/kid_all.py reference-data/golden/numbers/kid_all.json

Every value without a vector is computed from the vectors that are left, as torch-fidelity's `mmd2` with two sizes does.
"""

import json
import sys

import numpy
import scipy.stats
from generated_features import generated


def estimate(x, y):
    d, n, m = x.shape[1], len(x), len(y)
    xx, yy, xy = (((a @ b.T) / d + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    return (xx.sum() - numpy.trace(xx)) / (n * (n - 1)) + (yy.sum() - numpy.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()


def main(path):
    cases = []
    for first, second in (({"rows": 20, "dim": 8, "seed": 1}, {"rows": 25, "dim": 8, "seed": 2}),
                          ({"rows": 60, "dim": 32, "seed": 3}, {"rows": 40, "dim": 32, "seed": 4}),
                          ({"rows": 9, "dim": 64, "seed": 5}, {"rows": 8, "dim": 64, "seed": 6}),
                          ({"rows": 530, "dim": 5, "seed": 7}, {"rows": 30, "dim": 5, "seed": 8})):
        x, y = (generated(case).astype("float64") for case in (first, second))
        value = estimate(x, y)
        without = [[estimate(numpy.delete(x, i, 0), y) for i in range(len(x))], [estimate(x, numpy.delete(y, i, 0)) for i in range(len(y))]]
        variance = sum((len(w) - 1) / len(w) * ((numpy.array(w) - numpy.mean(w)) ** 2).sum() for w in without)
        half = scipy.stats.t.ppf(0.975, min(len(x), len(y)) - 1) * variance**0.5
        cases.append({"first": first, "second": second, "value": value, "interval": [value - half, value + half],
                      "without": dict(zip(("first", "second"), map(sorted, without)))})
    origin = {"command": "python tools/golden/kid_all.py reference-data/golden/numbers/kid_all.json",
              "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__}, "tolerance": "1e-9 of the value"}
    with open(path, "w") as file:
        json.dump({"origin": origin, "cases": cases}, file, indent=0)
        file.write("\n")


main(sys.argv[1])
