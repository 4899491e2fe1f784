"""Exact Frechet distances of graded, rank-deficient and nearly equal sets, and of statistics, in 60 digits.

    python tools/golden/frechet_exact.py reference-data/golden/numbers/frechet_exact.json

mpmath 1.4 (gmpy2 makes it quicker). A set is made of the features of generated_features.py by steps that are exact in double
precision, so that the test makes the very same numbers: column j times 2^-round(grade j / (dim - 1)) (in the other order
with "reverse"), times the Hadamard matrix with "mix", plus "offset", plus 2^"plus" times the set of seed "of" with
"plus"; times "times"; with "copies" the last columns repeat the first ones.

`value`: |m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2). `scipy`: pytorch-fid's arithmetic on the same numbers, to show what the
common route loses. `influence`: of each row, how far it moves the distance to first order: 2 (m1 - m2)' x + x'x - x'T x over n, less
the mean, T = S1^-1/2 (S1^1/2 S2 S1^1/2)^1/2 S1^-1/2.
"""

import json
import sys
from importlib.metadata import version

import mpmath as mp
import numpy
import scipy.linalg
from generated_features import fill, mixed

mp.mp.dps = 60


def hadamard(dim):
    return numpy.array([[(-1) ** bin(i & j).count("1") for j in range(dim)] for i in range(dim)], dtype="float64")


def made(case):
    rows, dim = case["rows"], case["dim"]
    x = fill(rows, dim, case["seed"]).astype("float64")
    steps = [round(case.get("grade", 0) * j / max(dim - 1, 1)) for j in range(dim)]
    x = x * 2.0 ** -numpy.array(steps[::-1] if case.get("reverse") else steps, dtype="float64")
    if "plus" in case:
        x = x + fill(rows, dim, case["of"]).astype("float64") * 2.0 ** case["plus"]
    if "times" in case:
        x = x * case["times"]
    if case.get("mix"):
        x = x @ hadamard(dim)
    if case.get("copies"):
        x[:, dim - case["copies"]:] = x[:, :case["copies"]]
    return x + case.get("offset", 0.0)


def statistics(x):
    n, d = x.shape
    rows = [[mp.mpf(float(v)) for v in row] for row in x]
    mean = [mp.fsum(row[j] for row in rows) / n for j in range(d)]
    centred = mp.matrix([[row[j] - mean[j] for j in range(d)] for row in rows])
    return mean, centred, centred.T * centred / (n - 1)


def root(s):
    values, vectors = mp.eigsy(s)
    roots = [mp.sqrt(v) if v > 0 else mp.mpf(0) for v in values]
    return vectors * mp.diag(roots) * vectors.T, roots


def trace_of_root(s1, s2):
    r, _ = root(s1)
    return mp.fsum(mp.sqrt(v) for v in mp.eigsy(r * s2 * r, eigvals_only=True) if v > 0)


def distance(m1, s1, m2, s2):
    d = len(m1)
    traces = mp.fsum(s1[i, i] + s2[i, i] for i in range(d))
    return mp.fsum((a - b) ** 2 for a, b in zip(m1, m2)) + traces - 2 * trace_of_root(s1, s2), traces


def scipy_way(m1, s1, m2, s2):
    with numpy.errstate(all="ignore"):
        found = numpy.trace(scipy.linalg.sqrtm(s1 @ s2)).real
        value = float((m1 - m2) @ (m1 - m2) + numpy.trace(s1) + numpy.trace(s2) - 2 * found)
    return value if numpy.isfinite(value) else None


def influence(m1, c1, s1, m2, c2, s2):
    r, roots = root(s1)
    inner, _ = root(r * s2 * r)
    back = r ** -1
    onto = back * inner * back  # T of the first set; of the second it is the inverse
    both = []
    for centred, carry, sign in ((c1, onto, 1), (c2, onto ** -1, -1)):
        n, d = centred.rows, centred.cols
        moved = []
        for i in range(n):
            x = centred[i, :].T
            along = mp.fsum((a - b) * v for a, b, v in zip(m1, m2, x))
            moved.append(2 * sign * along + (x.T * x)[0] - (x.T * carry * x)[0])
        centre = mp.fsum(moved) / n
        both.append([float((v - centre) / n) for v in moved])
    return both


def sigma(case):
    """M D^2 M' with integers M and powers of two D: exact in double precision."""
    d = case["dim"]
    m = [[mixed_int(case["seed"], i * d + j) % 5 - 2 + (4 * d if i == j else 0) for j in range(d)] for i in range(d)]
    steps = [round(case["grade"] * j / max(d - 1, 1)) for j in range(d)]
    if case.get("reverse"):
        steps = steps[::-1]
    exact = [[sum(m[i][k] * m[j][k] * 4 ** (case["grade"] - steps[k]) for k in range(d)) for j in range(d)] for i in range(d)]
    scale = mp.mpf(4) ** -case["grade"]
    high = mp.matrix(d, d)
    for i in range(d):
        for j in range(d):
            assert float(exact[i][j]) == exact[i][j], case
            high[i, j] = exact[i][j] * scale
    return high, numpy.array([[float(v) for v in row] for row in exact]) * 4.0 ** -case["grade"]


def mixed_int(seed, index):
    return int(mixed(numpy.array([(seed << 40) + index], dtype="uint64"))[0])


def set_of(rows, dim, seed, **more):
    return {"rows": rows, "dim": dim, "seed": seed, **more}


def set_cases():
    for dim, grades, mix in ((2, (0, 8, 14, 18, 22, 26, 28), True), (3, (14, 26), False), (4, (20, 26), True), (8, (13, 26), True),
                             (16, (26,), True), (5, (40,), False), (32, (24,), True)):
        for grade in grades:
            n = 30 + 2 * dim
            g = {"grade": grade, "mix": mix}
            yield "graded alike", set_of(n, dim, 1, **g), set_of(n + 9, dim, 2, **g)
            if dim < 16:
                yield "graded oppositely", set_of(n, dim, 5, **g), set_of(n + 9, dim, 6, reverse=True, **g)
    for grade in (10, 14, 18, 22, 26):
        yield "graded alike, small distance", set_of(60, 2, 3, grade=grade), {**set_of(60, 2, 3, grade=grade), "times": 1.0625}
        yield "graded alike, small distance", set_of(60, 2, 3, grade=grade, mix=True), {**set_of(60, 2, 3, grade=grade, mix=True), "times": 1.0625}
    yield "graded alike", set_of(140, 64, 1, grade=20, mix=True), set_of(150, 64, 2, grade=20, mix=True)
    for dim, plus in ((2, -20), (2, -28), (8, -24)):
        near = set_of(60, dim, 3, grade=4)
        yield "nearly equal", near, {**near, "plus": plus, "of": 9}
    yield "far from zero", set_of(60, 4, 1, grade=6, offset=4096.0), set_of(70, 4, 1, grade=6, offset=4096.0)
    for dim in (2, 6):
        same = set_of(40, dim, 7, grade=10)
        yield "equal", same, same
    yield "dependent features", set_of(50, 8, 1, copies=3), set_of(55, 8, 2, copies=3)
    yield "dependent features in one", set_of(50, 8, 1, grade=20, copies=3), set_of(55, 8, 2, grade=20)
    yield "fewer rows than features", set_of(6, 16, 1, grade=20, mix=True), set_of(9, 16, 2, grade=20, mix=True)
    yield "fewer rows in one", set_of(6, 8, 1, grade=20), set_of(60, 8, 2, grade=20)
    yield "as many rows as features", set_of(8, 8, 1, mix=True), set_of(9, 8, 2, mix=True)


def statistics_cases():
    for dim, grade in ((2, 0), (2, 12), (2, 20), (3, 18), (8, 16), (16, 14), (32, 12), (64, 10)):
        yield "graded alike", {"dim": dim, "grade": grade, "seed": 1}, {"dim": dim, "grade": grade, "seed": 2}
    for dim, grade in ((2, 10), (2, 14), (8, 12)):
        yield "graded oppositely", {"dim": dim, "grade": grade, "seed": 3}, {"dim": dim, "grade": grade, "seed": 4, "reverse": True}


def main(path):
    cases = []
    for name, first, second in set_cases():
        x, y = made(first), made(second)
        (m1, c1, s1), (m2, c2, s2) = statistics(x), statistics(y)
        value, traces = distance(m1, s1, m2, s2)
        if first == second:
            value = mp.mpf(0)
        means = [z.mean(0) for z in (x, y)]
        common = scipy_way(means[0], numpy.cov(x, rowvar=False), means[1], numpy.cov(y, rowvar=False))
        case = {"name": name, "first": first, "second": second, "value": mp.nstr(value, 25), "traces": float(traces), "scipy": common}
        if first["dim"] in (2, 4) and name.startswith("graded") and first.get("grade") in (0, 14, 20, 26):
            case["influence"] = influence(m1, c1, s1, m2, c2, s2)
        cases.append(case)
        print(name, first["dim"], first.get("grade"), mp.nstr(value, 12), common, flush=True)
    given = []
    for name, first, second in statistics_cases():
        (high1, s1), (high2, s2) = sigma(first), sigma(second)
        means = [numpy.arange(first["dim"]) * 2.0 ** -k for k in (3, 4)]
        mean = [[mp.mpf(float(v)) for v in m] for m in means]
        value, _ = distance(mean[0], high1, mean[1], high2)
        given.append({"name": name, "first": first, "second": second, "value": mp.nstr(value, 25), "scipy": scipy_way(means[0], s1, means[1], s2)})
        print("statistics", name, first["dim"], first["grade"], mp.nstr(value, 12), flush=True)
    origin = {"command": "python tools/golden/frechet_exact.py reference-data/golden/numbers/frechet_exact.json",
              "versions": {"mpmath": version("mpmath"), "numpy": numpy.__version__, "scipy": scipy.__version__},
              "tolerance": "relative 1e-9 of the value; equal sets: 1e-25 of the traces"}
    with open(path, "w") as file:
        json.dump({"origin": origin, "cases": cases, "statistics": given}, file, indent=0)
        file.write("\n")


main(sys.argv[1])
