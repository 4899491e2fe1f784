"""Whole-process time of captions: storyeval against pycocoevalcap, Java included.

    python tools/bench/captions.py BINARY [REPEATS]

Draws 11,545 hypotheses with 5 references each from the words of the golden COCO captions, writes them as COCO
JSON, and times `storyeval metric bleu` and `metric cider` (without intervals, which pycocoevalcap does not
have) against one Python process that tokenises once and computes both. Prints medians and the ratio,
and checks that the values agree.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PEER = """
import json, sys, io, contextlib
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
refs, hyps = {}, {}
for a in json.load(open(sys.argv[1]))["annotations"]: refs.setdefault(a["image_id"], []).append({"caption": a["caption"]})
for a in json.load(open(sys.argv[2])): hyps[a["image_id"]] = [{"caption": a["caption"]}]
refs = {k: refs[k] for k in hyps}
tokeniser = PTBTokenizer()
refs, hyps = tokeniser.tokenize(refs), tokeniser.tokenize(hyps)
bleu, _ = Bleu(4).compute_score(refs, hyps, verbose=0)
cider, _ = Cider().compute_score(refs, hyps)
print(json.dumps([*bleu, float(cider)]))
"""


def corpus(folder):
    rng = random.Random(0)
    with open(os.path.join(ROOT, "reference-data/golden/captions/fakecap.tsv"), encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t")[1:] for line in file]
    words = [word for row in rows for text in row for word in text.split(" ")]
    vary = lambda text: " ".join(rng.choice(words) if rng.random() < 0.25 else word for word in text.split(" "))
    annotations, results = [], []
    for image in range(11545):
        row = rng.choice(rows)
        results.append({"image_id": image, "caption": vary(row[0])})
        annotations += [{"image_id": image, "id": len(annotations) + k, "caption": vary(rng.choice(row[1:]))} for k in range(5)]
    paths = [os.path.join(folder, name) for name in ("refs.json", "hyps.json")]
    for path, content in zip(paths, ({"annotations": annotations}, results)):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file)
    return paths


def timed(command):
    start = time.perf_counter()
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return time.perf_counter() - start, json.loads(out)


binary, repeats = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
with tempfile.TemporaryDirectory() as folder:
    refs, hyps = corpus(folder)
    arguments = ["--refs", refs, "--hyps", hyps, "--resamples", "0", "--format", "json"]
    times = {"bleu": [], "cider": [], "pycocoevalcap": []}
    for _ in range(repeats):
        for metric in ("bleu", "cider"):
            seconds, answer = timed([binary, "metric", metric, *arguments])
            times[metric].append(seconds)
            if metric == "bleu":
                found = [answer[f"bleu{n}"] for n in range(1, 5)]
            else:
                found.append(answer["value"])
        seconds, expected = timed([sys.executable, "-c", PEER, refs, hyps])
        times["pycocoevalcap"].append(seconds)
    assert all(abs(f - e) <= 1e-9 * abs(e) for f, e in zip(found, expected)), (found, expected)
    median = {name: statistics.median(values) for name, values in times.items()}
    print({name: round(value, 3) for name, value in median.items()})
    ours = median["bleu"] + median["cider"]
    print(f"pycocoevalcap {median['pycocoevalcap']:.2f} s, storyeval bleu + cider {ours:.3f} s: {median['pycocoevalcap'] / ours:.1f} times")
