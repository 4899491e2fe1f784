"""Golden values for paired tests, Holm's correction, power and Student's distribution.

    python tools/golden/paired.py > reference-data/golden/stats/paired.json

From scipy and statsmodels, on numbers drawn here.
"""

import json
import sys

import numpy
import scipy
import statsmodels
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

random = numpy.random.default_rng(11)


def student():
    for freedom in (1.0, 2.0, 3.5, 7.0, 15.0, 63.0, 499.0, 9215.0):
        for t in (0.3, 1.7, -2.4, 6.0):
            yield {
                "freedom": freedom,
                "quantile": float(stats.t.ppf(0.975, freedom)),
                "t": t,
                "two_sided": float(2 * stats.t.sf(abs(t), freedom)),
            }


def holm():
    for p in ([0.01], [0.04, 0.01, 0.03, 0.02], [0.2, 0.2, 0.001, 0.9, 0.04], random.uniform(size=20).tolist()):
        yield {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}


def detectable():
    for n in (3, 5, 8, 20, 50, 100, 500, 2304):
        # solve_power stops at 1e-6; its power is what is golden.
        near = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8, alternative="two-sided")
        effect = brentq(lambda e: TTestPower().power(e, n, 0.05) - 0.8, 0.99 * near, 1.01 * near, xtol=1e-14)
        yield {"n": n, "effect": float(effect)}


def means():
    for count, shift in ((8, 0.5), (12, 0.4), (14, 0.0), (40, 0.3), (200, 0.1)):
        base = random.normal(size=count).round(3)
        candidate = (base + random.normal(shift, 0.8, size=count)).round(3)
        difference = candidate - base
        exact = count <= 16
        found = stats.permutation_test(
            (candidate, base), lambda a, b, axis: (a - b).mean(axis=axis), permutation_type="samples",
            n_resamples=numpy.inf if exact else 100_000, vectorized=True, random_state=5, batch=5000)
        t = stats.ttest_rel(candidate, base)
        yield {
            "base": base.tolist(),
            "candidate": candidate.tolist(),
            "sign_flip_p": float(found.pvalue),
            "exact": exact,
            "t_p": float(t.pvalue),
            "t_interval": list(map(float, t.confidence_interval(0.95))),
        }


def ratios():
    def f1(rows):
        tp, fp, fn = rows.sum(axis=0)
        return 2 * tp / (2 * tp + fp + fn)

    for count, better in ((8, 0.15), (10, 0.3), (12, 0.0)):
        rows = []
        for share in (0.5, 0.5 + better):
            tp = random.binomial(8, share, size=count)
            rows.append(numpy.stack([tp, random.binomial(6, 1 - share, size=count), 8 - tp], axis=1))
        both = numpy.concatenate(rows)

        def difference(candidate, base):
            return f1(both[candidate]) - f1(both[base])

        found = stats.permutation_test(
            (numpy.arange(count, 2 * count), numpy.arange(count)), difference, permutation_type="samples",
            n_resamples=numpy.inf, vectorized=False)
        yield {
            "base": rows[0].tolist(),
            "candidate": rows[1].tolist(),
            "difference": float(found.statistic),
            "p": float(found.pvalue),
        }


json.dump({
    "origin": {
        "command": "python tools/golden/paired.py > reference-data/golden/stats/paired.json",
        "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
        "tolerance": "exact tests and Student: 1e-9 relative; t test and interval: 1e-8; Holm: 1e-12; power: 1e-6; "
                     "sampled tests: four standard errors",
    },
    "student": list(student()),
    "holm": list(holm()),
    "detectable": list(detectable()),
    "means": list(means()),
    "ratios": list(ratios()),
}, sys.stdout, indent=0)
print()
