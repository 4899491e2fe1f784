"""Golden values for percentiles and the bootstrap.

    python tools/golden/stats.py STATS_JSON > reference-data/golden/stats/percentile.json

STATS_JSON is the project's golden study (numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1); its section
`bootstrap_mean` is copied as it is, the section `exact` is computed here with numpy.
"""

import json
import sys

import numpy

with open(sys.argv[1]) as file:
    study = json.load(file)
copied = study["bootstrap_mean"]
random = numpy.random.default_rng(7)
exact = []
for count in (1, 2, 3, 10, 101, 200):
    values = random.normal(size=count).tolist()
    q = [0.0, 2.5, 5.0, 33.3, 50.0, 66.6, 97.5, 100.0]
    exact.append({"values": values, "q": q, "percentiles": numpy.percentile(values, q).tolist()})
json.dump({
    "origin": {
        "command": "python tools/golden/stats.py STATS_JSON > reference-data/golden/stats/percentile.json",
        "versions": {"copied": study["versions"], "exact": {"numpy": numpy.__version__}},
        "tolerance": "exact: 1e-15 (a last bit can be lost in reading JSON); percentile95 of all_means (rounded to 12 digits): 1e-11; se and interval of our own draws: statistical",
    },
    "x": copied["x"],
    "n_resamples": copied["n_resamples"],
    "se": copied["se"],
    "percentile95": copied["percentile95"],
    "all_means": copied["all_means"],
    "exact": exact,
}, sys.stdout, indent=0)
print()
