"""Golden values for intervals of single scores over stories.

    python tools/golden/intervals.py > reference-data/golden/stats/intervals.json

Shares: the score equation at the effective number of things is solved by root finding; where stories are right or wrong as
a whole, statsmodels' `proportion_confint(method="wilson")` says it. Everything else: Student's t corrected for
skewness, with scipy's `skew` of the jackknife's pseudo-values and Hall's cubic solved by root finding, on the statistic's own scale and
on that of `numpy.log` or `scipy.special.logit`.
"""

import json
import sys

import numpy
import scipy
import statsmodels
from scipy import special, stats
from scipy.optimize import brentq
from statsmodels.stats.proportion import proportion_confint

random = numpy.random.default_rng(23)
PRIOR = 0.2


def without_each(rows, statistic):
    return numpy.array([statistic(numpy.delete(rows, i, axis=0).sum(axis=0)) for i in range(len(rows))])


def pseudo_values(rows, statistic, scale=lambda value: value):
    n = len(rows)
    whole = scale(statistic(rows.sum(axis=0)))
    return whole, n * whole - (n - 1) * scale(without_each(rows, statistic))


def share(rows, statistic):
    n, value = len(rows), statistic(rows.sum(axis=0))
    quantile = stats.t.ppf(0.975, n - 1)
    _, pseudo = pseudo_values(rows, statistic)
    inflation = 1.0
    if pseudo.std() > 1e-9:
        carriers = n / stats.kurtosis(pseudo, fisher=False)
        inflation = pseudo.var(ddof=1) / (value * (1 - value))
        inflation = (carriers * inflation + PRIOR) / (carriers + PRIOR)
    worth = n / inflation

    def equation(truth):
        return (value - truth) ** 2 - quantile ** 2 * truth * (1 - truth) / worth

    # At 0 and 1 the equation has a root that is not an end; those cases are in `whole_stories`.
    assert 0 < value < 1
    return [100 * brentq(equation, *ends, xtol=1e-15, rtol=1e-14) for ends in ((0, value), (value, 1))]


def skewed(rows, statistic, scale=lambda value: value, back=lambda value: value):
    n = len(rows)
    value, pseudo = pseudo_values(rows, statistic, scale)
    error = pseudo.std(ddof=1) / n ** 0.5
    skewness = stats.skew(pseudo, bias=False)

    def cubic(t):
        return t + skewness / n ** 0.5 * (t * t / 3 + 1 / 6) + skewness ** 2 / (27 * n) * t ** 3

    quantile = stats.t.ppf(0.975, n - 1)
    return [float(back(value - error * brentq(lambda t: cubic(t) - q, -1e4, 1e4, xtol=1e-14, rtol=1e-14)))
            for q in (quantile, -quantile)]


def mean(sums):
    return sums[0] / sums[1]


def f1(sums):
    return 2 * sums[0] / (2 * sums[0] + sums[1] + sums[2])


def shares():
    for count, rate, dependence in ((5, 0.6, 2.0), (20, 0.55, 1.0), (25, 0.9, 3.0), (50, 0.97, 2.0), (200, 0.8, 0.5)):
        of_story = random.beta(rate * dependence, (1 - rate) * dependence, size=count)
        frames = random.integers(2, 9, size=count)
        rows = numpy.stack([random.binomial(frames, of_story), frames], axis=1)
        yield {"kind": "accuracy", "rows": rows.tolist(), "interval": share(rows, mean)}
    for count, rate in ((20, 0.8), (60, 0.95)):
        tp = random.binomial(8, rate, size=count)
        rows = numpy.stack([tp, random.binomial(9, 1 - rate, size=count), 8 - tp], axis=1)
        yield {"kind": "f1", "rows": rows.tolist(), "interval": share(rows, f1)}


def whole_stories():
    for count, right in ((10, 7), (25, 25), (25, 0), (40, 39), (200, 170)):
        # Wilson's interval at Student's quantile: statsmodels takes a normal one.
        level = 2 * stats.norm.sf(stats.t.ppf(0.975, count - 1))
        # The spread of stories as the jackknife estimates it has one less than the stories below it.
        rows = numpy.array([[4, 4]] * right + [[0, 4]] * (count - right))
        _, pseudo = pseudo_values(rows, mean)
        inflation = 1.0
        if 0 < right < count:
            carriers = count / stats.kurtosis(pseudo, fisher=False)
            inflation = (carriers * count / (count - 1) + PRIOR) / (carriers + PRIOR)
        worth = count / inflation
        ends = proportion_confint(worth * right / count, worth, alpha=level, method="wilson")
        yield {"kind": "accuracy", "rows": rows.tolist(), "interval": [100 * float(end) for end in ends]}


def positive():
    for count, spread in ((3, 0.4), (20, 0.5), (25, 1.0), (50, 0.2), (200, 1.0)):
        frames = random.integers(1, 7, size=count)
        sums = [random.lognormal(-1, spread, size=n).sum() for n in frames]
        rows = numpy.stack([sums, frames], axis=1)
        own, free = skewed(rows, mean), skewed(rows, mean, numpy.log, numpy.exp)
        yield {
            "rows": rows.tolist(),
            "interval": [max(0.0, min(own[0], free[0])), max(own[1], free[1])],
        }


def between():
    for count, centre in ((20, 0.3), (50, 0.95), (100, -0.2)):
        rows = numpy.stack([4 * numpy.tanh(random.normal(numpy.arctanh(centre), 0.4, size=count)), numpy.full(count, 4)], axis=1)
        own = skewed(rows, mean)
        free = skewed(rows, mean, lambda x: special.logit((x + 1) / 2), lambda x: 2 * special.expit(x) - 1)
        yield {
            "rows": rows.tolist(),
            "interval": [max(-1.0, min(own[0], free[0])), min(1.0, max(own[1], free[1]))],
        }


json.dump({
    "origin": {
        "command": "python tools/golden/intervals.py > reference-data/golden/stats/intervals.json",
        "versions": {"numpy": numpy.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
        "tolerance": "1e-8 relative",
    },
    "shares": list(shares()) + list(whole_stories()),
    "positive": list(positive()),
    "between": list(between()),
}, sys.stdout, indent=0)
print()
