"""Whole-process time of captions: storyeval against pycocoevalcap, Java included.

    python tools/bench/captions.py BINARY [REPEATS]

Draws 11,545 hypotheses with 5 references each from the words of the golden COCO captions, writes them as COCO
JSON, and times `storyeval metric cocoeval` (and `bleu` and `cider` on their own; all without intervals, which
pycocoevalcap does not have) against one Python process that tokenises once and computes both. Prints medians
and ratios, and checks that the values agree, and that 1, 2 and 3 threads give the same bits.
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


def timed(command, environment=None):
    time.sleep(0.5)  # the process before may still be giving its memory back
    start = time.perf_counter()
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=environment).stdout
    return time.perf_counter() - start, json.loads(out)


binary, repeats = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
with tempfile.TemporaryDirectory() as folder:
    refs, hyps = corpus(folder)
    arguments = ["--refs", refs, "--hyps", hyps, "--resamples", "0", "--format", "json"]
    times, values = {}, {}
    commands = {name: [binary, "metric", name, *arguments] for name in ("cocoeval", "bleu", "cider")}
    commands["pycocoevalcap"] = [sys.executable, "-c", PEER, refs, hyps]
    for _ in range(repeats):
        for name, command in commands.items():
            seconds, values[name] = timed(command)
            times.setdefault(name, []).append(seconds)
    bleus = lambda answer: [answer[f"bleu{n}"] for n in range(1, 5)]
    both = values["cocoeval"]
    for found in (bleus(both["bleu"]) + [both["cider"]["value"]], bleus(values["bleu"]) + [values["cider"]["value"]]):
        assert all(abs(f - e) <= 1e-9 * abs(e) for f, e in zip(found, values["pycocoevalcap"])), found
    for threads in ("1", "2", "3"):
        environment = {**os.environ, "RAYON_NUM_THREADS": threads}
        assert timed(commands["cocoeval"], environment)[1] == both, f"other bits at {threads} threads"
    median = {name: statistics.median(seconds) for name, seconds in times.items()}
    for name, seconds in median.items():
        print(f"{name:14} {seconds:7.3f} s  ratio {median['pycocoevalcap'] / seconds:6.1f}")
