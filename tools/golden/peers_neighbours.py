"""Precision, recall, density and coverage as torch-fidelity and prdc give them on sets made to show where they differ, beside the values by definition.

    PYTHONPATH=FOLDER_OF_TORCH_FIDELITY_0.4.0 python tools/golden/peers_neighbours.py OLD_METRIC_PRC.PY reference-data/golden/numbers/peers_neighbours.json

OLD_METRIC_PRC.PY is torch_fidelity/metric_prc.py of commit 5b1e99c, before release 0.4.0. `exact` is by definition, in integers: all features are multiples
of one power of two. k is 3 for precision and recall (surface included), `prdc` has k = 5 for all four (surface excluded).
"""

import contextlib
import importlib.metadata
import importlib.util
import io
import json
import sys

import numpy
import prdc
import torch
from generated_features import generated
from torch_fidelity import metric_prc

OPTIONS = dict(prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False)


def made(case):
    features = generated(case)
    if "times" in case:  # each row so often
        features = numpy.repeat(features, case["times"], axis=0)
    return features


def squares(a, b):
    whole = [numpy.array([[int(v) for v in row] for row in x.astype("float64") * 2.0**60], dtype="object") for x in (a, b)]
    assert all((w.astype("float64") / 2.0**60 == x).all() for w, x in zip(whole, (a, b)))
    return ((whole[0][:, None, :] - whole[1][None, :, :]) ** 2).sum(-1)


def exact(fake, real):
    ff, rr, fr = squares(fake, fake), squares(real, real), squares(fake, real)
    radius = lambda own, k: numpy.array([sorted(row)[k] for row in own], dtype="object")
    f3, r3, f5, r5 = radius(ff, 3), radius(rr, 3), radius(ff, 5), radius(rr, 5)
    share = lambda flags: float(numpy.mean(numpy.asarray(flags, dtype="bool")))
    return {"precision": share((fr <= r3[None, :]).any(1)), "recall": share((fr <= f3[:, None]).any(0)),
            "density": float((fr < r5[None, :]).sum()) / 5 / len(fake), "coverage": share((fr < r5[None, :]).any(0)),
            "open_precision": share((fr < r5[None, :]).any(1)), "open_recall": share((fr < f5[:, None]).any(0))}


def main(old_path, path):
    spec = importlib.util.spec_from_file_location("old_metric_prc", old_path)
    old = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(old)
    cases = []
    for name, fake, real in (
        ("few kinds of frames are generated", dict(rows=20, dim=8, seed=8, times=6), dict(rows=120, dim=8, seed=8)),
        ("plain", dict(rows=150, dim=8, seed=4), dict(rows=200, dim=8, seed=8)),
        ("the same, 4,096 from zero", dict(rows=150, dim=8, seed=4, offset=4096.0), dict(rows=200, dim=8, seed=8, offset=4096.0)),
        ("the same, 32,768 from zero", dict(rows=150, dim=8, seed=4, offset=32768.0), dict(rows=200, dim=8, seed=8, offset=32768.0)),
        ("every frame six times, in both", dict(rows=30, dim=24, seed=6, times=6), dict(rows=30, dim=24, seed=6, times=6)),
        ("the same, with all digits of float32", dict(rows=30, dim=24, seed=6, times=6, tenth=True), dict(rows=30, dim=24, seed=6, times=6, tenth=True)),
        ("every real frame six times, others generated once", dict(rows=60, dim=64, seed=6, tenth=True), dict(rows=10, dim=64, seed=6, times=6, tenth=True)),
        ("whole numbers", dict(rows=200, dim=3, seed=1, round=True), dict(rows=220, dim=3, seed=2, round=True)),
        ("whole numbers, 4,096 from zero", dict(rows=200, dim=3, seed=1, round=True, offset=4096.0), dict(rows=220, dim=3, seed=2, round=True, offset=4096.0)),
        ("whole numbers times 0.1", dict(rows=200, dim=3, seed=1, round=True, tenth=True), dict(rows=220, dim=3, seed=2, round=True, tenth=True)),
        ("whole numbers over 3 in float64", dict(rows=200, dim=3, seed=1, round=True, third=True), dict(rows=220, dim=3, seed=2, round=True, third=True)),
        ("the same, 100 from zero", dict(rows=200, dim=3, seed=1, round=True, third=True, offset=100.0), dict(rows=220, dim=3, seed=2, round=True, third=True, offset=100.0)),
    ):
        x, y = ingredients(fake), ingredients(real)
        one, two = torch.from_numpy(x), torch.from_numpy(y)
        new_values = metric_prc.prc_features_to_metric(one, two, **OPTIONS)
        old_values = old.prc_features_to_metric(one, two, **OPTIONS)
        with contextlib.redirect_stdout(io.StringIO()):
            theirs = prdc.compute_prdc(real_features=y, fake_features=x, nearest_k=5)
        pick = lambda values: {key: values[key] for key in ("precision", "recall")}
        cases.append({"name": name, "generated": fake, "real": real, "exact": exact(x, y), "torch_fidelity_0_4_0": pick(new_values),
                      "torch_fidelity_5b1e99c": pick(old_values), "prdc": {key: float(value) for key, value in theirs.items()}})
        print(json.dumps(cases[-1]), flush=True)
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "torch", "torch-fidelity", "prdc", "scikit-learn")}
    origin = {"command": __doc__.split("\n\n")[1].strip(), "versions": versions,
              "tolerance": "exact: equal but for the last bit of a share; the tools' values are theirs"}
    with open(path, "w") as file:
        json.dump({"origin": origin, "cases": cases}, file, indent=0)
        file.write("\n")


def ingredients(case):
    plain = {key: value for key, value in case.items() if key not in ("round", "tenth", "third")}
    offset = plain.pop("offset", 0.0)
    features = made(plain)
    if case.get("round"):
        features = numpy.floor(features)
    if case.get("tenth"):
        features = features * numpy.float32(0.1)
    if case.get("third"):
        features = features.astype("float64") * (1 / 3)
    return features + features.dtype.type(offset)


main(*sys.argv[1:])
