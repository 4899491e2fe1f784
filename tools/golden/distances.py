"""Golden values of distances, scores of labels and random draws, from the tools that papers use.

    OMP_NUM_THREADS=1 python tools/golden/distances.py reference-data/golden/numbers

pytorch-fid, clean-fid, torch-fidelity, torchmetrics, prdc, scikit-learn, numpy. Inputs come from
tools/golden/generated_features.py.
"""

import importlib.metadata
import json
import os
import sys
import warnings

import numpy
import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from generated_features import fill, generated  # noqa: E402

import cleanfid.fid  # noqa: E402
import prdc  # noqa: E402
import pytorch_fid.fid_score  # noqa: E402
import sklearn.metrics  # noqa: E402
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric  # noqa: E402
from torch_fidelity.metric_isc import isc_features_to_metric  # noqa: E402
from torch_fidelity.metric_kid import kernel_poly, kid_features_to_metric, mmd2  # noqa: E402
from torch_fidelity.metric_prc import prc_features_to_metric  # noqa: E402
from torchmetrics.image.inception import InceptionScore  # noqa: E402

warnings.filterwarnings("ignore")
OUT = sys.argv[1]
VERSIONS = {name: importlib.metadata.version(name) for name in
            ["numpy", "scipy", "torch", "torchmetrics", "torch_fidelity", "pytorch-fid", "clean-fid", "prdc", "scikit-learn"]}


def write(name, tolerance, cases, **more):
    with open(os.path.join(OUT, name), "w") as file:
        origin = {"command": "OMP_NUM_THREADS=1 python tools/golden/distances.py reference-data/golden/numbers",
                  "versions": VERSIONS, "tolerance": tolerance}
        json.dump({"origin": origin, **more, "cases": cases}, file, indent=0)
        file.write("\n")


def case(rows, dim, seed, **more):
    return {"rows": rows, "dim": dim, "seed": seed, **more}


def bits(values):
    return [int(v) for v in numpy.asarray(values, dtype="float32").view("uint32")]


# --- numpy.random.RandomState -------------------------------------------------------------------------
def random_state():
    cases = []
    for seed, sizes in [(2020, [(10, 4), (1000, 1000), (3000, 1000), (2500, 1000)]), (0, [(7, 7), (1, 1), (2, 1)]),
                        (4294967295, [(65537, 50), (64, 64), (65, 65)])]:
        state = numpy.random.RandomState(seed)
        draws = []
        for n, size in sizes:
            drawn = state.choice(n, size, replace=False)
            draws.append({"n": n, "size": size, "first": drawn[:20].tolist(), "sum": int(drawn.sum()),
                          "weighted": int((drawn * numpy.arange(size)).sum())})
        words = state.randint(0, 2**32, size=700, dtype="uint32").tolist()
        cases.append({"seed": seed, "draws": draws, "words": words[:3] + words[620:640]})
        cases[-1]["words"] = words[:30]
    write("random_state.json", "exact", cases)


# --- numpy.mean of float32 -----------------------------------------------------------------------------
def mean_f32():
    cases = []
    for rows, dim, seed in [(300, 24, 1), (1000, 1, 2), (5000, 3, 3), (7, 40, 4), (129, 9, 5)]:
        x = fill(rows, dim, seed)
        cases.append({**case(rows, dim, seed), "c_order": bits(x.mean(axis=0)),
                      "fortran_order": bits(numpy.asfortranarray(x).mean(axis=0))})
    write("mean_f32.json", "exact (bits of float32)", cases)


# --- Frechet ---------------------------------------------------------------------------------------------
def frechet():
    cases = []
    for first, second in [
        (case(300, 64, 1), case(300, 64, 2)),
        (case(2000, 128, 3), case(1500, 128, 4)),
        (case(700, 64, 5, scale=16.0), case(900, 64, 6, scale=16.0)),
        (case(65, 64, 7), case(66, 64, 8)),
        (case(100, 512, 9), case(100, 512, 10)),
        (case(50, 128, 11), case(600, 128, 12)),
        (case(600, 128, 13), case(50, 128, 14)),
        (case(128, 128, 15), case(129, 128, 16)),
        (case(40, 1, 17), case(50, 1, 18)),
        (case(2, 3, 19), case(2, 3, 20)),
    ]:
        a, b = generated(first), generated(second)
        statistics = [(x.astype("float64").mean(0), numpy.cov(x, rowvar=False)) for x in (a, b)]
        (m1, s1), (m2, s2) = statistics
        entry = {"first": first, "second": second}
        if first["dim"] > 1:  # the tools fail on one dimension under scipy 1.17
            entry["pytorch_fid"] = float(pytorch_fid.fid_score.calculate_frechet_distance(m1, s1, m2, s2))
            entry["clean_fid"] = float(cleanfid.fid.frechet_distance(a.mean(0), s1, b.mean(0), s2))
            one, two = (fid_features_to_statistics(torch.from_numpy(x)) for x in (a, b))
            entry["torch_fidelity"] = fid_statistics_to_metric(one, two, False)["frechet_inception_distance"]
        x, y = (z.astype("float64") - z.astype("float64").mean(0) for z in (a, b))
        root = numpy.linalg.svd(x @ y.T, compute_uv=False).sum() / numpy.sqrt((len(a) - 1) * (len(b) - 1))
        entry["nuclear"] = float((m1 - m2) @ (m1 - m2) + (x**2).sum() / (len(a) - 1) + (y**2).sum() / (len(b) - 1) - 2 * root)
        cases.append(entry)
    write("frechet.json", "pytorch_fid: relative 1e-9 where rows > dim on both sides, else 5e-6; nuclear: 1e-9; "
          "clean_fid and torch_fidelity (means in float32, squares summed in float32): 5e-6", cases)


# --- KID -------------------------------------------------------------------------------------------------
def kid():
    cases = []
    for first, second, subsets, size in [
        (case(300, 64, 1), case(280, 64, 2), 20, 100),
        (case(700, 32, 3), case(700, 32, 7), 10, 600),
        (case(2000, 16, 5, scale=2.0), case(3000, 16, 6, scale=2.0), 3, 50),
    ]:
        a, b = (generated(c).astype("float64") for c in (first, second))
        options = dict(kid_subsets=subsets, kid_subset_size=size, rng_seed=2020, verbose=False, kid_kernel="poly",
                       kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.0)
        fidelity = kid_features_to_metric(torch.from_numpy(a), torch.from_numpy(b), **options)
        numpy.random.seed(7)
        clean = cleanfid.fid.kernel_distance(a, b, num_subsets=subsets, max_subset_size=size)
        numpy.random.seed(7)
        whole = cleanfid.fid.kernel_distance(a, b, num_subsets=subsets)
        n = min(len(a), len(b))
        kernels = [kernel_poly(x, y, kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.0)
                   for x, y in [(a[:n], a[:n]), (a[:n], b[:n]), (b[:n], b[:n])]]
        cases.append({"first": first, "second": second, "subsets": subsets, "subset_size": size,
                      "mean": fidelity["kernel_inception_distance_mean"], "std": fidelity["kernel_inception_distance_std"],
                      "clean_fid_seed_7": clean, "clean_fid_seed_7_default_size": whole, "equal_n_all": float(mmd2(*kernels))})
    write("kid.json", "1e-9 relative (references run on float64 features)", cases)


# --- precision, recall, density, coverage -------------------------------------------------------------------
def neighbours():
    cases = []
    for generated_set, real in [
        (case(300, 64, 1), case(280, 64, 2)),
        (case(150, 8, 4), case(400, 8, 8)),
        (case(120, 24, 6, repeat=20), case(130, 24, 6, repeat=11)),
        (case(7, 5, 3), case(8, 5, 7)),
    ]:
        fake, true = generated(generated_set), generated(real)
        fidelity = prc_features_to_metric(torch.from_numpy(fake.astype("float64")), torch.from_numpy(true.astype("float64")),
                                          prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False)
        entry = {"generated": generated_set, "real": real, "precision": fidelity["precision"],
                 "recall": fidelity["recall"], "f_score": fidelity["f_score"]}
        for k in (3, 5):
            entry[f"prdc_{k}"] = {name: float(value) for name, value in prdc.compute_prdc(true, fake, k).items()}
        cases.append(entry)
    write("prdc.json", "1e-9, but precision and recall of torch-fidelity, which averages in float32: 1e-6", cases)


# --- Inception Score ---------------------------------------------------------------------------------------
def inception_score():
    cases = []
    real_randperm = torch.randperm
    for logits, splits in [(case(200, 10, 1, scale=4.0), 10), (case(57, 16, 2, scale=8.0), 10), (case(101, 33, 3, scale=2.0), 7)]:
        x = torch.from_numpy(generated(logits).astype("float64"))
        fidelity = isc_features_to_metric(x, splits=splits, shuffle=True, rng_seed=2020)
        metric = InceptionScore(feature=torch.nn.Flatten(), splits=splits)
        metric.features = [x]
        metric._update_count = 1
        torch.randperm = lambda n: torch.arange(n)
        mean, std = metric.compute()
        torch.randperm = real_randperm
        cases.append({"logits": logits, "splits": splits,
                      "torch_fidelity": {"mean": fidelity["inception_score_mean"], "std": fidelity["inception_score_std"]},
                      "torchmetrics": {"mean": float(mean), "std": float(std)}})
    write("inception_score.json", "1e-9 relative; torchmetrics on float64 logits with its permutation replaced by the identity", cases)


# --- labels --------------------------------------------------------------------------------------------------
def labels():
    cases = []
    random = numpy.random.default_rng(7)
    shapes = [(40, 7, 0.4, 0.2), (3, 7, 0.3, 0.4), (25, 1, 0.5, 0.3), (200, 23, 0.08, 0.05), (6, 9, 0.0, 0.2), (5, 4, 0.3, 0.0), (4, 3, 0.0, 0.0)]
    for rows, classes, share, noise in shapes:
        y = (random.random((rows, classes)) < share).astype(int)
        p = numpy.where(random.random((rows, classes)) < noise, 1 - y, y)
        if classes > 1:
            y[:, classes // 2] = 0
            if noise > 0.1:
                p[:, classes // 2] = 0
        binary = ((y, p), {}) if classes > 1 else ((y.ravel(), p.ravel()), {"labels": [1]})
        entry = {"y": ["".join(map(str, row)) for row in y], "p": ["".join(map(str, row)) for row in p],
                 "exact_match": float(sklearn.metrics.accuracy_score(y, p)),
                 "label_accuracy": float((y == p).mean()),
                 "confusion": sklearn.metrics.multilabel_confusion_matrix(*binary[0], **binary[1]).reshape(-1, 4).tolist(),
                 "class_accuracy": (y == p).mean(axis=0).tolist()}
        averages = {}
        for zero in ("0", "1", "nan"):
            for average in ("micro", "macro", "weighted", "samples") if classes > 1 else ("micro", "macro", "weighted"):
                # One column is multilabel to this project; scikit-learn would take it for binary.
                values = sklearn.metrics.precision_recall_fscore_support(
                    *binary[0], average=average, zero_division=float(zero), **binary[1])[:3]
                averages[f"{average}_{zero}"] = [None if numpy.isnan(v) else float(v) for v in values]
            if classes > 1:
                values = sklearn.metrics.precision_recall_fscore_support(y, p, average=None, zero_division=float(zero))
                averages[f"class_{zero}"] = [[None if numpy.isnan(v) else float(v) for v in row] for row in values]
        entry["averages"] = averages
        if classes > 1:
            columns = numpy.unique(y)
            entry["make_a_story"] = {"columns": columns.tolist(), "weighted_f1": float(
                sklearn.metrics.f1_score(y, p, average="weighted", labels=columns, zero_division=0))}
        cases.append(entry)
    write("labels.json", "exact", cases, layout="y, p: a string of 0 and 1 a row; confusion: tn fp fn tp a class; "
          "averages: precision, recall, F1 under `average_zerodivision`; null is nan")


# --- similarities ----------------------------------------------------------------------------------------------
def similarity():
    images, texts = fill(70, 48, 1) - numpy.float32(1.25), fill(70, 48, 2) - numpy.float32(1.75)
    references = [fill(70, 48, seed) - numpy.float32(1.5) for seed in (3, 4)]
    unit = lambda x: x.astype("float64") / numpy.linalg.norm(x.astype("float64"), axis=1, keepdims=True)
    pairs = (unit(images) * unit(texts)).sum(1)
    # The formulas of clipscore.py (jmhessel/clipscore) in double.
    per = 2.5 * numpy.clip(pairs, 0, None)
    best = numpy.max([(unit(texts) * unit(r)).sum(1) for r in references], axis=0)
    both = 2 * per * numpy.maximum(best, 0) / (per + numpy.maximum(best, 0))
    both = numpy.where(per + numpy.maximum(best, 0) > 0, both, 0.0)
    normed = [torch.from_numpy(x.astype("float64")) for x in (images, texts)]
    normed = [x / x.norm(p=2, dim=-1, keepdim=True) for x in normed]
    torchmetrics_value = torch.max((100 * (normed[0] * normed[1]).sum(axis=-1)).mean(0), torch.zeros(1, dtype=torch.float64))
    cases = [{"rows": 70, "dim": 48, "image_offset": -1.25, "text_offset": -1.75, "reference_offset": -1.5,
              "cosines": pairs.tolist(), "mean": float(pairs.mean()), "clipscore": float(per.mean()),
              "refclipscore": float(both.mean()), "torchmetrics": float(torchmetrics_value),
              "batch_means_64": float(numpy.mean([pairs[i:i + 64].mean() for i in range(0, 70, 64)]))}]
    write("similarity.json", "1e-13", cases)


os.makedirs(OUT, exist_ok=True)
random_state()
mean_f32()
frechet()
kid()
neighbours()
inception_score()
labels()
similarity()
