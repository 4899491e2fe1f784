"""Golden values of BLEU and CIDEr from pycocoevalcap (needs Java for its tokeniser).

    python tools/golden/captions.py STUDY_DIR OUT_DIR     (OUT_DIR: reference-data/golden/captions)

STUDY_DIR is the project's golden study: COCO fakecap, the examples of clipscore and nlg-eval. Writes
`fakecap.tsv` (image id, hypothesis, references) and `scores.json`. The section `released` is the arithmetic
of StoryGPT-V's released script, written anew: BLEU once an image with the sides swapped, the first
caption only, the mean over the returned list; CIDEr over all of them.
"""

import contextlib
import io
import json
import os
import platform
import random
import sys
from importlib.metadata import version

import numpy
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.bleu.bleu_scorer import BleuScorer
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer


def scores(refs, hyps):
    """refs: id to captions, hyps: id to one caption; both tokenised."""
    scorer = BleuScorer(n=4)
    for key in hyps:
        scorer += (hyps[key][0], refs[key])
    bleu, per_image = scorer.compute_score(option="closest")
    cider, ciders = Cider().compute_score(refs, hyps)
    total = lambda key: [int(sum(c[key][k] for c in scorer.ctest)) for k in range(4)]
    return {
        "bleu": [float(b) for b in bleu],
        "testlen": int(scorer._testlen), "reflen": int(scorer._reflen),
        "guess": total("guess"), "correct": total("correct"),
        "cider": float(cider),
        "items": [[*[float(per_image[k][i]) for k in range(4)], float(ciders[i])] for i in range(len(hyps))],
    }


def tokenised(refs, hyps):
    wrap = lambda texts: {k: [{"caption": c} for c in v] for k, v in texts.items()}
    with contextlib.redirect_stderr(io.StringIO()):
        return PTBTokenizer().tokenize(wrap(refs)), PTBTokenizer().tokenize(wrap(hyps))


def released(refs, hyps):
    printed = [[] for _ in range(4)]
    for key in hyps:
        for n in range(1, 5):
            # Reference: the generated caption. Hypothesis: the first ground-truth caption.
            value, _ = Bleu(n).compute_score({0: hyps[key]}, {0: [refs[key][0]]}, verbose=0)
            printed[n - 1].append(value)
    cider, _ = Cider().compute_score(refs, hyps)
    return {
        "bleu": [float(numpy.mean(values)) for values in printed],
        "items": [[float(numpy.mean(values[i])) for values in printed] for i in range(len(hyps))],
        "cider": float(cider),
    }


def small_corpora():
    rng = random.Random(7)
    words = "a man dog cat on the red bus with ball in park and is".split()
    text = lambda low, high: " ".join(rng.choice(words) for _ in range(rng.randint(low, high)))
    for name, items, low, high in [
        ("random", 40, 1, 14), ("short", 30, 0, 3), ("long", 12, 20, 40), ("one reference", 25, 2, 9), ("single item", 1, 5, 9),
        ("two items", 2, 4, 9),
    ]:
        yield name, [(text(low, high), [text(low, high) for _ in range(1 if name == "one reference" else rng.randint(1, 5))]) for _ in range(items)]
    yield "ties", [("a b c d", ["a b c", "a b c d e"]), ("a b c d", ["a b c d e", "a b c"]), ("x", ["x y z", "x"])]
    yield "perfect", [("a man on a bus", ["a man on a bus"]), ("a dog in the park", ["the dog", "a dog in the park"])]
    yield "nothing matches", [("a b c", ["d e f"]), ("g h", ["i j k"])]
    yield "empty hypothesis", [("", ["a man on a bus"]), ("a dog", ["a dog in the park", ""])]
    yield "empty everywhere", [("", [""]), ("", ["", "a"])]
    yield "white space of Unicode", [("2\u00a01/2 cups\u2003of tea", ["2 1/2 cups of tea"]), ("a\u001fb", ["a b", "a\u00a0\u00a0b"])]


study, out = sys.argv[1:]
with open(os.path.join(study, "coco_fakecap/en_captions_val2014.json")) as file:
    annotations = json.load(file)["annotations"]
with open(os.path.join(study, "coco_fakecap/en_captions_val2014_fakecap_results.json")) as file:
    results = json.load(file)
hyps = {r["image_id"]: [r["caption"]] for r in results}
refs = {key: [] for key in hyps}
for annotation in annotations:
    refs[annotation["image_id"]].append(annotation["caption"])
with open(os.path.join(out, "fakecap.tsv"), "w") as file:
    for key in hyps:
        texts = [t.replace("\n", " ") for t in hyps[key] + refs[key]]
        assert not any("\t" in t for t in texts)
        file.write("\t".join([str(key), *texts]) + "\n")

tokens = tokenised(refs, hyps)
fakecap = scores(*tokens)
fakecap["items"] = fakecap["items"][::10]
plain = scores(refs, hyps)
plain["items"] = plain["items"][::50]
as_released = released(refs, hyps)
as_released["items"] = as_released["items"][::20]

examples = {}
with open(os.path.join(study, "clipscore_example/refs.json")) as file:
    clip_refs = json.load(file)
for kind in ["good", "bad"]:
    with open(os.path.join(study, f"clipscore_example/{kind}_captions.json")) as file:
        clip_hyps = {k: [v] for k, v in json.load(file).items()}
    examples[f"clipscore {kind}"] = {
        "tokeniser": "ptb", "captions": [[clip_hyps[k][0], clip_refs[k]] for k in clip_hyps], **scores(*tokenised(clip_refs, clip_hyps))
    }
lines = lambda name: open(os.path.join(study, "nlg_eval_example", name)).read().splitlines()
nlg_refs = {i: list(pair) for i, pair in enumerate(zip(lines("ref1.txt"), lines("ref2.txt")))}
nlg_hyps = {i: [line] for i, line in enumerate(lines("hyp.txt"))}
examples["nlg-eval"] = {"tokeniser": "whitespace", "captions": [[nlg_hyps[i][0], nlg_refs[i]] for i in nlg_hyps], **scores(nlg_refs, nlg_hyps)}
for name, corpus in small_corpora():
    r = {i: refs for i, (_, refs) in enumerate(corpus)}
    h = {i: [hyp] for i, (hyp, _) in enumerate(corpus)}
    examples[name] = {"tokeniser": "whitespace", "captions": [list(item) for item in corpus], **scores(r, h), "released": released(r, h)}

with open(os.path.join(out, "scores.json"), "w") as file:
    json.dump({
        "origin": {
            "command": "python tools/golden/captions.py STUDY_DIR reference-data/golden/captions",
            "versions": {"pycocoevalcap": version("pycocoevalcap"), "numpy": numpy.__version__, "python": platform.python_version()},
            "tolerance": "counts equal; BLEU 1e-12, CIDEr 1e-9 relative",
            "layout": "items: BLEU-1..4 and CIDEr of an image; every 10th (fakecap_ptb), 50th (fakecap_whitespace), 20th (fakecap_released) of fakecap.tsv, all elsewhere",
        },
        "fakecap_ptb": fakecap, "fakecap_whitespace": plain, "fakecap_released": as_released, "examples": examples,
    }, file, indent=0)
    file.write("\n")
print(fakecap["bleu"], fakecap["cider"], fakecap["testlen"], fakecap["reflen"], fakecap["guess"], fakecap["correct"])
print(as_released["bleu"], as_released["cider"])
for name in examples:
    print(name, examples[name]["bleu"], examples[name]["cider"])
